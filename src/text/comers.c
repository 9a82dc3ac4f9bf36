/* src/text/comers.c - who comes, how many, who does not.
 *
 * After a call nobody says 报名. He says who he is and whom he brings: 我哋两大一细, 俺爷儿俩,
 * 刘哥还是 一个. Such a clause is known by what it is made of, not by a phrase: persons, what joins
 * them, a count, a verb of coming, and the small words in between. So a clause is covered with
 * those words, and what stays uncovered may be no longer than a name. A clause with anything else
 * in it (goods, money, last week) tells nothing here.
 *
 * One message often says both: 他爸值班 就我带葱葱, 雨大 我不来了. The last word counts, so each
 * kind of clause is given with its place. None of it means anything without a call; that is
 * signup.c's. */
#include "text/comers.h"
#include "text/chain.h"
#include "text/comers_words.h"
#include "text/question.h"

enum { HITS_MAX = 32, CLAUSES_MAX = 24, NAME_CHARS = 4, LONE_CHARS = 2, WAY_CHARS = 8 };

/* What has been counted so far: 一共三个人 is the whole, 大人俩 娃一个 are parts of it. */
struct tally {
    unsigned whole, adults, children, named;
};

struct clause {
    uint32_t flags;
    unsigned rest, runs; /* characters that no word covers, and in how many places they stand */
    unsigned persons;
    bool counted, firm, bare; /* bare: 一个, which counts anything */
};

static const char *const grown_before[] = {"大人", "大的", "老的", "大", NULL};
static const char *const young_before[] = {"小的", "小孩", "孩子", "孙子",   "孙女", "娃儿",
                                           "娃",   "小",   "宝宝", "小朋友", NULL};

/* 两个, 三位, 两大一小, 俩娃 at `at`. Persons only: 两个小时 and 一个样 are none. */
static bool count_persons(struct qund_str s, size_t *at, struct tally *t, bool *bare)
{
    static const char *const bare_one[] = {"个", NULL};
    static const char *const grown[] = {"个大人", "个老的", "个大的", "位大人",
                                        "大人",   "大",     "老",     NULL};
    static const char *const young[] = {"个小朋友", "个小孩", "个孩子", "个娃",   "个仔",
                                        "个小的",   "娃",     "小孩",   "小朋友", "小",
                                        "细",       "仔",     "崽",     "b",      NULL};
    static const char *const units[] = {"个人", "张嘴", "个", "位", "口", "人", "名", "枚", NULL};
    static const char *const spans[] = {"月",   "小时", "半", "字", "样", "星期", "钟",
                                        "礼拜", "问题", "数", "柜", "菜", "车",   "货",
                                        "班",   "价",   "锅", "店", NULL};
    size_t i = *at, begin;
    unsigned n;
    bool self_counting =
        qund_scan_lit(s, &(size_t){i}, "俩") || qund_scan_lit(s, &(size_t){i}, "仨");

    if (!qund_chain_count(s, &i, &n) || n > 60)
        return false;
    if (*at > 0 &&
        (qund_scan_digit(s.p[*at - 1]) ||
         qund_scan_any_before(
             s, *at, (const char *const[]){"第", "哪", "每", "另", "那", "这", NULL}, &begin)))
        return false;
    if (qund_scan_any(s, &i, grown))
        t->adults += n;
    else if (qund_scan_any(s, &i, young))
        t->children += n;
    else if (qund_scan_any(s, &i, units) ? qund_scan_any(s, &(size_t){i}, spans) : !self_counting)
        return false;
    else if (qund_scan_any_before(s, *at, grown_before, &begin))
        t->adults += n;
    else if (qund_scan_any_before(s, *at, young_before, &begin))
        t->children += n;
    else
        t->whole = n;
    *bare = n == 1 && qund_scan_any_before(s, i, bare_one, &begin);
    *at = i;
    return true;
}

static unsigned sized(uint32_t flags)
{
    return flags & PAIR ? 2 : flags & TRIO ? 3 : flags & ALONE ? 1 : 0;
}

/* 六点五十, 十分钟, 28号: when, which says nothing about who. */
static bool when_at(struct qund_str s, size_t *at)
{
    static const char *const units[] = {"点半", "点钟", "点", "分钟", "分", "号", NULL};
    struct qund_scan_number num;
    size_t i = *at;

    if (!qund_scan_number(s, &i, &num) || !qund_scan_any(s, &i, units))
        return false;
    qund_scan_number(s, &i, &num); /* 五十 of 六点五十 */
    *at = i;
    return true;
}

/* Covers the clause with words and counts, longest first. */
static struct clause cover(struct qund_str s, struct tally *t)
{
    struct qund_scan_hit hits[HITS_MAX];
    size_t n = qund_scan_words(s, &comers_table, hits, HITS_MAX), k = 0;
    struct clause c = {0};
    bool gap = true, self = false;

    for (size_t at = 0, end; at < s.n;) {
        struct tally was = *t;

        while (k < n && hits[k].at < at)
            k++;
        end = at;
        if (count_persons(s, &end, t, &c.bare) && k < n && hits[k].at == at && hits[k].end > end) {
            *t = was; /* 一个不少 is a word, not a count */
            end = at;
        }
        if (end > at) {
            c.counted = gap = true;
            at = end;
        } else if (when_at(s, &end)) {
            gap = true;
            at = end;
        } else if (k < n && hits[k].at == at) {
            c.flags |= hits[k].flags;
            c.firm =
                c.firm || (hits[k].flags & (FIRM | FILL)) == FIRM; /* 改成 alone is no answer */
            c.persons += hits[k].flags & KIN || (hits[k].flags & SELF && !self);
            self = self || hits[k].flags & SELF; /* 我和我妹 are two */
            if (sized(hits[k].flags))
                t->whole = sized(hits[k].flags);
            at = hits[k].end;
            gap = true;
        } else {
            if (qund_scan_digit(s.p[at]) || (s.p[at] & 0x80) || qund_scan_latin(s.p[at])) {
                c.rest += qund_scan_digit(s.p[at]) ? 2 : 1;
                c.runs += gap;
                gap = false;
            }
            while (at < s.n && qund_scan_latin(s.p[at]) && at + 1 < s.n &&
                   qund_scan_latin(s.p[at + 1]))
                at++; /* a Latin name counts once */
            qund_utf8_next(s, &at);
        }
    }
    return c;
}

static bool asks(struct qund_str s)
{
    return (qund_question_traits(s) & QUND_ASKS) != 0;
}

/* 我和老伴儿俩人呗 only sounds like a question: one that counts persons asks with its end. */
static bool asks_at_end(struct qund_str s)
{
    static const char *const ends[] = {"吗", "不", "没", "么", "?", "伐", "啵", "否", "没有", NULL};

    return qund_scan_any_before(s, s.n, ends, &(size_t){0});
}

static void weigh(struct qund_str s, unsigned place, struct tally *t, struct qund_comers *out)
{
    struct tally before = *t;
    struct clause c = cover(s, t);
    bool sure = c.counted || c.flags & (PAIR | TRIO) || (c.flags & ALONE && c.rest <= 1);
    bool joined =
        c.flags & KIN ? c.flags & (SELF | WITH | COME | FIRM) : c.flags & SELF && c.flags & WITH;

    out->rest += c.rest;
    out->doubts = out->doubts || c.flags & DOUBT || (c.flags & IF && c.flags & COME);
    out->late = out->late || c.flags & LATE;
    out->other = out->other || c.flags & OTHER;
    out->verb = out->verb || c.flags & COME;
    out->firm = out->firm || c.flags & FIRM;
    if (c.flags & ABSENT && !asks(s)) {
        out->stays = place;
        if (!c.counted)
            *t = before;
        return;
    }
    if (!sure && !joined && !(c.flags & (FIRM | COME | WAY))) {
        *t = before;
        return; /* most clauses: nobody has to look whether they ask */
    }
    if (c.flags & (OTHER | TRUANT) || (!(c.flags & LATE) && (sure ? asks_at_end(s) : asks(s)))) {
        *t = before;
        return;
    }
    if (sure && c.rest <= (c.bare ? 0u : NAME_CHARS) && c.runs <= 1) {
        out->heads = place;
        out->plain = out->plain || (c.rest == 0 && !c.bare);
        t->named += c.flags & WITH || c.persons > 1 ? c.persons : 0;
    } else if (joined && c.rest <= LONE_CHARS && c.runs <= 1) {
        out->joined = place;
        t->named += c.flags & WITH || c.persons > 1 ? c.persons : 0;
    } else {
        *t = before;
        if (c.firm && c.rest <= NAME_CHARS)
            out->comes = place;
        if (c.flags & COME && c.rest <= (c.flags & SELF ? 1u : 0u))
            out->comes = place;
    }
    if (c.flags & WAY && c.rest <= WAY_CHARS)
        out->way = place;
}

void qund_comers_read(struct qund_str s, struct qund_comers *out)
{
    struct tally t = {0};
    size_t from = 0;

    *out = (struct qund_comers){0};
    for (size_t at = 0, next; at <= s.n && out->clauses < CLAUSES_MAX; at = next) {
        next = at + 1;
        if (at < s.n && !qund_scan_clause_end(s, at, &next)) {
            next = at;
            qund_utf8_next(s, &next);
            continue;
        }
        if (at < s.n && s.p[at] == '?')
            at++; /* the mark belongs to its clause */
        if (at > from)
            weigh(qund_str_n(s.p + from, at - from), ++out->clauses, &t, out);
        from = next;
    }
    out->party = (uint16_t)(t.whole       ? t.whole
                            : t.adults    ? t.adults + t.children
                            : t.named > 1 ? t.named
                                          : 0);
}
