/* src/text/question.c - does this message wait for an answer of ours?
 *
 * Chat has few question marks. A question shows in words (多少, 哪), in the form A-not-A (行不行,
 * 包唔包), or in a particle that ends a clause (行不, 到了没), and a request in its verb
 * (发我一下). So the text is cut into clauses, the words found in one pass are laid upon them, and
 * a particle counts only where its clause ends. What only looks like a question (谁知道呢) silences
 * its clause; what is meant for other members (有人拼单吗, an answer to a neighbour's words)
 * silences the whole message.
 *
 * The verdict leans towards asking: a reminder too many costs a glance, a question forgotten costs
 * a customer. Rules add to it (complaints, prices) and operators may narrow it there. */
#include "text/question.h"
#include "text/question_words.h"

enum { HITS_MAX = 48, CHATTER_MS = 3 * 60 * 1000, CHATTER_CHARS = 4 };

struct clause {
    size_t from, end;
    uint32_t flags;
    bool marked; /* a question mark follows */
};

/* Inside a word that says nothing; 不是 in 是不是 begins at the place itself and does not count. */
static bool covered(const struct qund_scan_hit *hits, size_t n, size_t at)
{
    for (size_t i = 0; i < n && hits[i].at < at; i++)
        if (at < hits[i].end && hits[i].flags == 0)
            return true;
    return false;
}

/* 行不行, 有没有, 包唔包: the same character on both sides of a not. */
static bool a_not_a(struct qund_str s, const struct clause *c, const struct qund_scan_hit *hits,
                    size_t n)
{
    static const char *const nots[] = {"不", "没", "唔", NULL};
    static const char *const looks[] = {"看", NULL};
    static const char *const asked[] = {"看看", "看下", "看一", "看到", "看得", NULL};

    /* 看那天下不下雨 weighs what nobody here can tell; 看看有没有 and 看下 do ask. */
    if (qund_scan_any(s, &(size_t){c->from}, looks) && !qund_scan_any(s, &(size_t){c->from}, asked))
        return false;
    for (size_t at = c->from + 3; at + 6 <= c->end; at++) {
        if ((unsigned char)s.p[at] < 0xe4 || !qund_scan_any(s, &(size_t){at}, nots))
            continue;
        if (memcmp(s.p + at - 3, s.p + at + 3, 3) != 0 || memcmp(s.p + at - 3, s.p + at, 3) == 0)
            continue;
        if (at >= c->from + 6 && memcmp(s.p + at - 6, s.p + at, 3) == 0)
            continue; /* 不报不报 says no twice */
        if (!covered(hits, n, at) && !qund_scan_lit(s, &(size_t){at + 6}, "都"))
            return true; /* 买不买都送 leaves it open and asks nothing */
    }
    return false;
}

static uint32_t clause_flags(struct qund_str s, const struct clause *c,
                             const struct qund_scan_hit *hits, size_t n, bool nots)
{
    uint32_t flags = 0;

    for (size_t i = 0; i < n; i++) {
        if (hits[i].at < c->from || hits[i].at >= c->end)
            continue;
        if ((hits[i].flags & REQ) && (flags & THANKS))
            continue;
        if (hits[i].flags & FINAL ? hits[i].end >= c->end
                                  : !(hits[i].flags & ALT) || hits[i].at > c->from)
            flags |= hits[i].flags;
    }
    return nots && a_not_a(s, c, hits, n) ? flags | YN : flags;
}

static uint32_t traits_of(const struct clause *c)
{
    uint32_t traits = 0;
    bool two_chars = c->end - c->from >= 4;

    if (c->flags & RHET)
        return QUND_RHETORICAL;
    if (c->flags & (WH | YN | FINAL | POLITE | ALT) || (c->marked && two_chars))
        traits |= QUND_ASKS;
    if (c->flags & REQ)
        traits |= QUND_REQUESTS;
    if (c->flags & TROUBLE)
        traits |= QUND_TROUBLED;
    return traits;
}

static bool has_not(struct qund_str s)
{
    for (size_t at = 0; at + 3 <= s.n; qund_utf8_next(s, &at)) {
        const unsigned char *b = (const unsigned char *)s.p + at;

        switch ((uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2]) {
        case 0xe4b88d: /* 不 */
        case 0xe6b2a1: /* 没 */
        case 0xe59494: /* 唔 */
            return true;
        default:
            break;
        }
    }
    return false;
}

uint32_t qund_question_traits(struct qund_str s)
{
    struct qund_scan_hit hits[HITS_MAX];
    size_t n = qund_scan_words(s, &question_table, hits, HITS_MAX);
    struct clause c = {0};
    uint32_t traits = 0, all = 0;
    bool nots;

    nots = has_not(s);
    if (n == 0 && !nots)
        return 0;
    for (size_t i = 0; i < n; i++)
        all |= hits[i].flags;
    if (all & (PEER | NEIGH) || (all & (ANYONE | TOGETHER)) == (ANYONE | TOGETHER))
        traits |= QUND_TO_MEMBER;
    if (all & NOANS)
        traits |= QUND_NO_ANSWER;
    for (size_t at = 0; at <= s.n;) {
        size_t next = at + 1;

        if (at < s.n && !qund_scan_clause_end(s, at, &next)) {
            qund_utf8_next(s, &at);
            continue;
        }
        c.end = at;
        /* A mark speaks for the clause right before it, also across an emoji or a blank. */
        c.marked = at < s.n && s.p[at] == '?';
        c.flags = clause_flags(s, &c, hits, n, nots);
        traits |= traits_of(&c);
        at = next;
        c.from = at;
    }
    return traits;
}

/* A few words right after another member spoke, not about us: members talk among themselves. */
static bool chatter(struct qund_str s, const struct qund_talk *talk, uint32_t traits)
{
    static const char *const ours[] = {"你们", "店", "群", "老师", "客服", "管家", "教练",
                                       "价",   "钱", "费", "几点", "吗",   NULL};

    if (talk->last_who != QUND_WHO_MEMBER || talk->last_age_ms < 0 ||
        talk->last_age_ms > CHATTER_MS || (traits & (QUND_REQUESTS | QUND_TROUBLED)))
        return false;
    for (const char *const *w = ours; *w; w++)
        if (qund_str_find(s, 0, qund_str(*w)) >= 0)
            return false;
    return qund_utf8_count(s) <= CHATTER_CHARS;
}

bool qund_question_find(struct qund_str s, const struct qund_talk *talk)
{
    static const char *const about_work[] = {"做过", "案例", "户型", "图纸", "效果图",
                                             "同款", "链接", "你们", "上门", "师傅",
                                             "加钱", "带她", "带他", NULL};
    uint32_t traits = qund_question_traits(s);

    if (!(traits & (QUND_ASKS | QUND_REQUESTS | QUND_TROUBLED)) || (traits & QUND_NO_ANSWER))
        return false;
    if (talk->mentions_staff || talk->reply_to == QUND_WHO_STAFF)
        return true;
    if ((traits & QUND_TO_MEMBER) || talk->mentions_member || talk->reply_to == QUND_WHO_MEMBER)
        return false;
    if (talk->other_room) {
        for (const char *const *w = about_work; *w; w++)
            if (qund_str_find(s, 0, qund_str(*w)) >= 0)
                return true;
        return false;
    }
    return !chatter(s, talk, traits);
}
