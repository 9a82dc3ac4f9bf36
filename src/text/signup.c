/* src/text/signup.c - sign-ups in plain words.
 *
 * "+1", "1", "我去" and "不去了" say nothing by themselves; they answer the last call in the group.
 * So staff messages are read for calls (sign up, confirm, order), members' for invitations of their
 * own (有人拼单吗), and the engine keeps when each kind last came. How far back an answer may reach
 * depends on how plainly it speaks: 报名 for days, 我去 for hours. */
#include "text/signup.h"
#include "text/question.h"
#include "text/signup_parts.h"
#include "text/signup_words.h"

enum { HITS_MAX = 24, SHORT_CHARS = 16, PLAIN_MAX_BYTES = 400, ANSWER_BYTES = 200 };
const char *qund_says_name(enum qund_says s)
{
    static const char *const names[] = {"signed", "confirmed", "cancelled", "maybe"};

    return (unsigned)s < QUND_ARRAY_LEN(names) ? names[s] : "?";
}

void qund_calls_none(struct qund_calls *c)
{
    for (size_t i = 0; i < QUND_CALL_KINDS; i++)
        c->age_ms[i] = -1;
}

static bool has(struct qund_str s, const char *const *words)
{
    for (; *words; words++)
        if (qund_str_find(s, 0, qund_str(*words)) >= 0)
            return true;
    return false;
}

/* --- plain words --- */

static uint32_t words_in(struct qund_str s)
{
    struct qund_scan_hit hits[HITS_MAX];
    uint32_t flags = 0;
    size_t n = qund_scan_words(s, &signup_table, hits, HITS_MAX);

    for (size_t i = 0; i < n; i++)
        flags |= hits[i].flags;
    return flags;
}

static bool asks(struct qund_str s)
{
    return (qund_question_traits(s) & QUND_ASKS) != 0;
}

/* "+1" or "1" as a word of its own. */
static bool plus_one(struct qund_str s, size_t *end)
{
    for (size_t at = 0; at + 1 < s.n; at++) {
        struct qund_scan_number num;
        size_t i = at + 1;

        if (s.p[at] == '+' && qund_scan_number(s, &i, &num) && num.value >= 1 && num.value <= 9 &&
            (i == s.n || !qund_scan_latin(s.p[i])) && (at == 0 || !qund_scan_latin(s.p[at - 1]))) {
            *end = i;
            return true;
        }
    }
    return false;
}

static bool leading_one(struct qund_str s)
{
    size_t at = 1;

    if (s.n == 0 || s.p[0] != '1')
        return false;
    return s.n == 1 || strchr(" ,!~.;\n", s.p[1]) != NULL ||
           qund_scan_any(s, &at, (const char *const[]){"。", "、", "️", NULL});
}

/* 报2个, 报三位. */
static bool reports_number(struct qund_str s)
{
    ptrdiff_t at = qund_str_find(s, 0, QUND_STR("报"));

    if (at < 0)
        return false;
    s = qund_str_n(s.p + at + 3, s.n - (size_t)at - 3);
    while (s.n && s.p[0] == ' ')
        s = qund_str_n(s.p + 1, s.n - 1);
    if (qund_str_is(s, "俩") || qund_str_is(s, "两") || qund_str_is(s, "仨"))
        return true;
    return s.n &&
           (qund_scan_digit(s.p[0]) || qund_scan_han_digit(s, 0) > 0 || qund_str_starts(s, "两") ||
            qund_str_starts(s, "俩")) &&
           qund_chain_party(qund_utf8_cut(s, 24)) > 0;
}

/* Some clause of the text, between commas and blanks. */
static bool some_clause(struct qund_str s, bool (*holds)(struct qund_str clause))
{
    while (s.p) {
        struct qund_str rest = qund_str_split(&s, ',');

        while (rest.p)
            if (holds(qund_str_trim(qund_str_split(&rest, ' '))))
                return true;
    }
    return false;
}

/* Signs up in so many words and does not ask: 报2个,6单元? but not 报名要带什么. */
static bool signs(struct qund_str clause)
{
    return (words_in(clause) & VERB || reports_number(clause)) && !asks(clause);
}

/* 我们一家三口想来: a clause of its own that does not ask, and says how many. */
static bool weakly_signs(struct qund_str clause)
{
    return (words_in(clause) & WEAK) && !asks(clause) && qund_chain_persons(clause) > 0;
}

static bool denies(struct qund_str clause)
{
    return (words_in(clause) & (CANCEL | CANT)) &&
           !has(clause, (const char *const[]){"吗", "?", NULL});
}

/* 我两个人, 15-2-201 一个人, 我和媳妇去: nothing but who comes. */
static bool only_persons(struct qund_str s)
{
    static const char *const others[] = {"订", "买", "充", "要", "桌", "间", "点", "预算", "户型",
                                         "住", "岁", "课", "卡", "寸", "楼", "排", NULL};

    size_t chars = qund_utf8_count(s);
    bool some = qund_chain_persons(s) > 0 ||
                (qund_str_starts(s, "我") && qund_chain_party(s) > 0 &&
                 (chars <= 6 || has(s, (const char *const[]){"带", "和", "跟", NULL})));

    return some && chars <= SHORT_CHARS && !has(s, others) && !asks(s);
}

/* 我俩, 那我自己: a clause that says who comes and nothing else, beside what else was told. */
static bool just_us(struct qund_str clause)
{
    static const char *const me[] = {"我", "俺", "咱", "就我", "就俺", NULL};
    static const char *const alone[] = {"我自己", "俺自己", "就我自己", "就我", "就俺", NULL};
    static const char *const trailing[] = {"!",  "~",  "。", "吧", "哈",
                                           "呗", "啊", "儿", "嘛", NULL};
    size_t end = clause.n, at = 0;

    while (qund_scan_any_before(clause, end, trailing, &end))
        ;
    qund_scan_lit(clause, &at, "那");
    clause = qund_str_n(clause.p + at, end > at ? end - at : 0);
    for (size_t i = 0; alone[i]; i++)
        if (qund_str_is(clause, alone[i]))
            return true;
    return qund_utf8_count(clause) <= 6 && qund_scan_any(clause, &(size_t){0}, me) &&
           qund_chain_party(clause) > 0 && only_persons(clause);
}

/* 两个, 一个人, 我和我爸: how many, in a clause of its own. */
static bool counts_persons(struct qund_str clause)
{
    return only_persons(clause) || (qund_utf8_count(clause) <= 3 && qund_chain_party(clause) > 0);
}

/* lulu一个, 甜酒+男票 2个: a short name and how many, where names are asked for. */
static bool name_and_count(struct qund_str s)
{
    static const char *const pieces[] = {"个人", "个", NULL};
    static const char *const counts[] = {"1",  "2",  "3",  "4",  "5",  "6",  "一", "两",
                                         "俩", "二", "三", "四", "五", "六", NULL};
    /* What stands in no nickname that somebody gives to be written down. */
    static const char *const no_name[] = {
        "我", "你", "您", "他", "她", "它", "的", "了", "是", "有", "这", "哪", "谁", "几",
        "多", "不", "没", "要", "买", "订", "想", "就", "还", "又", "再", "都", "在", "给",
        "来", "拿", "点", "发", "问", "吃", "送", "少", "差", "坏", "每", "另", "第", "下",
        "上", "某", "同", "整", "换", "看", "做", "等", "找", "选", "挑", "约", "退", NULL};
    static const char *const trailing[] = {"!", "~", "。", " ", ",", "哈", "哦", "啊", "+", NULL};
    size_t end = s.n;

    while (qund_scan_any_before(s, end, trailing, &end))
        ;
    if (!qund_scan_any_before(s, end, pieces, &end) || !qund_scan_any_before(s, end, counts, &end))
        return false;
    while (qund_scan_any_before(s, end, trailing, &end))
        ;
    s = qund_str_n(s.p, end);
    if (qund_str_starts(s, "那"))
        s = qund_str_n(s.p + 3, s.n - 3);
    return s.n > 1 && qund_utf8_count(s) <= 8 && !has(s, no_name);
}

static bool starts_with_thanks(struct qund_str s)
{
    static const char *const thanks[] = {"谢谢", "多谢", "感谢", "辛苦", NULL};

    return qund_scan_any(s, &(size_t){0}, thanks);
}

static bool signs_up(struct qund_str s, const struct qund_calls *c, bool signed_up, uint32_t flags)
{
    /* A request for a place signs up, though it asks; so does a number beside 还有位吗. */
    static const char *const places[] = {"留个位", "留位",   "占个",   "占座",   "留个座", "帮我报",
                                         "给我报", "帮我家", "补个名", "插一个", "凑个数", NULL};
    static const char *const seats[] = {"有位", "空位", "位子", "座位",
                                        "位置", "名额", "加人", NULL};
    size_t chars = qund_utf8_count(s), end;
    bool members_own = qund_call_later(c, QUND_CALL_PEER, QUND_CALL_SIGNUP);
    bool shop = qund_call_later(c, QUND_CALL_ORDER, QUND_CALL_SIGNUP);

    if (flags & VERB || reports_number(s)) {
        if (asks(s) && !some_clause(s, signs) && !some_clause(s, only_persons) && !has(s, places))
            return false;
        if (starts_with_thanks(s) && qund_chain_persons(s) == 0)
            return false; /* 谢谢李姐帮我报 */
        if (qund_call_within(c, QUND_CALL_SIGNUP,
                             HOURS(24 * (qund_chain_persons(s) > 0 ? 30 : 14))))
            return !shop || qund_str_starts(s, "报名") ||
                   (qund_chain_persons(s) > 0 &&
                    has(s, (const char *const[]){"报名", "报个名", NULL}));
        return c->age_ms[QUND_CALL_SIGNUP] < 0 && !shop && qund_str_starts(s, "报名") &&
               chars <= SHORT_CHARS;
    }
    if (members_own || shop || signed_up)
        return false;
    if (flags & HOPE) /* 看那天下不下雨,能去就去: only seems to ask */
        return chars <= 2 * SHORT_CHARS && qund_call_within(c, QUND_CALL_SIGNUP, HOURS(24));
    if (asks(s)) /* 还有位吗 我们一家三口想来; 那我来 我和我对象俩 能进不 */
        return ((flags & WEAK && (some_clause(s, weakly_signs) || some_clause(s, just_us))) ||
                (has(s, seats) && some_clause(s, counts_persons))) &&
               qund_call_within(c, QUND_CALL_SIGNUP, HOURS(24 * 7));
    if (leading_one(s))
        return qund_call_within(c, QUND_CALL_SIGNUP, HOURS(3)) && chars <= 8;
    if (plus_one(s, &end))
        return qund_call_within(c, QUND_CALL_SIGNUP, chars <= 4 ? HOURS(3) : HOURS(24 * 3));
    if (flags & WEAK)
        return chars <= SHORT_CHARS && qund_call_within(c, QUND_CALL_SIGNUP, HOURS(6));
    return qund_call_within(c, QUND_CALL_SIGNUP, HOURS(6)) &&
           (only_persons(s) || name_and_count(s) ||
            (chars <= 2 * SHORT_CHARS && some_clause(s, just_us)));
}

/* 改成我一个, 减一个人, 就我自己来: of somebody who stands in the list. His row changes. */
static bool changes(struct qund_str s, bool signed_up)
{
    static const char *const words[] = {
        "改成", "改为", "变成",   "减一个", "少一个", "改一", "多一个", "多加", "再加", "就我",
        "改两", "改三", "少两个", "少俩",   "减两",   "改四", "改2",    "改3",  NULL};

    return signed_up && has(s, words) && qund_utf8_count(s) <= 2 * SHORT_CHARS && !asks(s) &&
           (qund_chain_party(s) > 0 || qund_chain_persons(s) > 0 ||
            has(s, (const char *const[]){"就我", NULL}));
}

/* 我自己去, 准时到的, 来!: a clause that ends with coming and denies nothing. */
static bool coming_clause(struct qund_str s)
{
    static const char *const particles[] = {"的", "滴", "哒", "啊", "呀", "哈", "哦", "噢", "呢",
                                            "嘞", "啦", "咯", "撒", "噻", "喽", "嘎", "喔", NULL};
    static const char *const verbs[] = {"参加", "出席", "过来", "过去", "来",
                                        "去",   "到",   "嚟",   NULL};
    static const char *const before[] = {
        "准时", "准点", "一定", "肯定", "保证", "会",   "能",   "都", "也",   "准", "必",
        "要",   "人",   "个",   "俩",   "仨",   "口",   "位",   "名", "自己", "我", "俺",
        "咱",   "们",   "家",   "照常", "按时", "一起", "一块", "全", "可以", "还", "如期",
        "齐",   "的",   "哋",   "实",   "梗系", "大",   "小",   "妈", "爸",   "娃", NULL};
    static const char *const nots[] = {"不", "没", "唔", "冇", "别", "未", "莫", "吗", NULL};
    static const char *const meets[] = {"明天见", "后天见", "明早见",   "到时见",
                                        "现场见", "周六见", "到时候见", "周日见",
                                        "周末见", "早上见", "下午见",   NULL};
    size_t end = s.n;

    while (qund_scan_any_before(s, end, particles, &end))
        ;
    if (qund_scan_any_before(s, end, meets, &(size_t){0}) || qund_str_is(s, "在") ||
        qund_str_is(s, "在的") || qund_str_is(s, "在呢"))
        return true;
    if (has(s, nots) || !qund_scan_any_before(s, end, verbs, &end))
        return false;
    return end == 0 || qund_scan_any_before(s, end, before, &end);
}

/* 我家临时有事不来了, 我哋去唔到: of somebody who stands in the list any denial of coming is one.
 */
static bool stays_away(struct qund_str s)
{
    static const char *const nots[] = {"不来", "不去",   "不参加", "不过来",   "不到场", "唔嚟",
                                       "唔去", "没法来", "没法去", "没法参加", "来不",   "去不",
                                       "赶不", "过不来", "过不去", "参加不",   "嚟唔",   NULL};
    static const char *const other[] = {
        "来不及", "以后不", "再也不", "下次不", "不来电", "不去掉", "从不",     "不到场的",
        "来不来", "去不去", "赶不赶", "是不是", "要不要", "不得不", "过不来电", NULL};

    return has(s, nots) && !has(s, other) && !asks(s) && qund_utf8_count(s) <= 3 * SHORT_CHARS;
}

/* 来🎉 三个人, 到到到, 吱!我俩: the word that was asked for, once or more, and no other grown to it.
 */
static bool answers_here(struct qund_str s)
{
    static const char *const words[] = {"来", "到", "吱", "嚟", NULL};
    size_t from = 0, at;

    while (from < s.n && ((unsigned char)s.p[from] >= 0xef || (unsigned char)s.p[from] == 0xe2))
        qund_utf8_next(s, &from); /* a raised hand first */
    at = from;
    while (qund_scan_any(s, &at, words))
        ;
    if (at == from || at == s.n)
        return at > from;
    return strchr(" ,!~.;+\n", s.p[at]) != NULL || qund_scan_digit(s.p[at]) ||
           qund_scan_lit(s, &at, "。") || (unsigned char)s.p[at] >= 0xf0 ||
           (unsigned char)s.p[at] == 0xe2; /* emoji and signs */
}

static bool says_coming(struct qund_str s)
{
    size_t from = 0;

    if (answers_here(s))
        return true;

    for (size_t at = 0, next; at <= s.n; at = next) {
        next = at + 1;
        if (at < s.n && !qund_scan_clause_end(s, at, &next)) {
            qund_utf8_next(s, &at);
            next = at;
            continue;
        }
        if (at > from && coming_clause(qund_str_n(s.p + from, at - from)))
            return true;
        from = next;
    }
    return false;
}

/* 好, 嗯嗯, 可以: an answer only of him who is asked. */
static bool nods(struct qund_str s)
{
    static const char *const words[] = {"好的", "好嘞", "好哒", "好滴", "好", "嗯嗯", "嗯", "行",
                                        "可以", "到",   "能来", "是的", "中", "要得", "能", NULL};
    static const char *const trailing[] = {"!", "~", "。", " ", ",", NULL};
    size_t end = s.n, at = 0;

    while (qund_scan_any_before(s, end, trailing, &end))
        ;
    s = qund_str_n(s.p, end);
    return qund_scan_any(s, &at, words) && at == s.n;
}

static bool confirms(struct qund_str s, const struct qund_calls *c, bool signed_up, uint32_t flags)
{
    static const char *const plain[] = {"确认参加", "确认到场", "确定参加",
                                        "确认会",   "确认能",   NULL};
    size_t end;

    if (qund_call_within(c, QUND_CALL_CONFIRM, HOURS(72))) {
        if (leading_one(s))
            return true;
        if (asks(s) || qund_utf8_count(s) > 2 * SHORT_CHARS)
            return false;
        if (signed_up && qund_call_within(c, QUND_CALL_CONFIRM, HOURS(12)) && nods(s))
            return true;
        /* 一家三口不变, 我和老伴两个: who stands in the list says with how many. */
        if (signed_up && qund_call_within(c, QUND_CALL_CONFIRM, HOURS(12)) &&
            (only_persons(s) || (plus_one(s, &end) && qund_utf8_count(s) <= 4)))
            return true;
        /* 我也来 算一个: who was in no list yet is new in it. */
        if (!signed_up && (flags & (VERB | CONFIRM)) == VERB)
            return false;
        return (flags & CONFIRM) ||
               ((signed_up || qund_call_within(c, QUND_CALL_CONFIRM, HOURS(3))) && says_coming(s));
    }
    if (c->age_ms[QUND_CALL_SIGNUP] < 0 || asks(s))
        return false;
    return has(s, plain) || (signed_up && (flags & CONFIRM) && qund_utf8_count(s) <= SHORT_CHARS);
}

/* 去不了 tells a neighbour's week unless he had signed up; 取消报名 speaks for itself. */
static bool cancels(struct qund_str s, const struct qund_calls *c, bool signed_up, uint32_t flags)
{
    static const char *const about[] = {"报名", "接龙", "活动", "名额", "预约", "位置", NULL};
    bool confirming = qund_call_within(c, QUND_CALL_CONFIRM, HOURS(72));

    if (has(s, (const char *const[]){"吗", "?", NULL}) && !some_clause(s, denies))
        return false; /* 去不了了 能顺延吗 asks about something else */
    if (!(flags & (CANCEL | CANT)))
        return signed_up && stays_away(s);
    if (has(s, about) || confirming)
        return true;
    return flags & CANCEL ? qund_call_within(c, QUND_CALL_SIGNUP, HOURS(24 * 30)) : signed_up;
}

bool qund_signup_find(struct qund_str s, const struct qund_calls *c, bool signed_up,
                      struct qund_signup *out)
{
    struct qund_comers r;
    uint32_t flags;
    size_t end;
    bool answered;

    *out = (struct qund_signup){0};
    if (s.n == 0 || s.n > PLAIN_MAX_BYTES)
        return false;
    flags = words_in(s);
    answered = qund_call_within(c, QUND_CALL_SIGNUP, HOURS(24 * 30)) ||
               qund_call_within(c, QUND_CALL_CONFIRM, HOURS(72));
    if (flags == 0 && !answered)
        return false;
    qund_comers_read(s.n <= ANSWER_BYTES ? s : QUND_STR_NONE, &r); /* nobody answers at length */
    out->party = r.party ? r.party : (uint16_t)qund_chain_party(s);
    if (qund_call_within(c, QUND_CALL_CONFIRM, HOURS(72)) && leading_one(s)) {
        out->state = QUND_SAYS_CONFIRMED; /* also when it changes the number: 1,改成3个人 */
        return true;
    }
    if (answered && changes(s, signed_up)) {
        out->state = flags & (MAYBE | HOPE) ? QUND_SAYS_MAYBE : QUND_SAYS_SIGNED;
        if (qund_call_within(c, QUND_CALL_CONFIRM, HOURS(72)) && out->state == QUND_SAYS_SIGNED)
            out->state = QUND_SAYS_CONFIRMED; /* asked whether he comes he says with how many */
        out->fresh = out->state != QUND_SAYS_CONFIRMED;
        if (out->party == 0)
            out->party = 1;
        return true;
    }
    if (!(r.stays && r.stays < qund_place_last(r.heads, qund_place_last(r.joined, r.comes)) &&
          signed_up) &&
        cancels(s, c, signed_up, flags)) {
        out->state = QUND_SAYS_CANCELLED;
        return true;
    }
    /* 老公不加班了,正式报两位: a new row, though others confirm at that time. */
    if (!(flags & MAYBE) && !has(s, (const char *const[]){"正式报", "正式给我报", NULL}) &&
        !(r.late && !signed_up && !answers_here(s)) &&
        !(r.other && !qund_place_last(r.heads, qund_place_last(r.joined, r.comes))) &&
        confirms(s, c, signed_up, flags)) {
        out->state = QUND_SAYS_CONFIRMED;
        return true;
    }
    if (!(r.other && !r.heads && !qund_call_within(c, QUND_CALL_SIGNUP, HOURS(12)) &&
          !has(s, (const char *const[]){"报", "接龙", "参加", NULL})) &&
        signs_up(s, c, signed_up, flags)) {
        out->state = flags & (MAYBE | HOPE) ? QUND_SAYS_MAYBE : QUND_SAYS_SIGNED;
        out->fresh = true;
        if (out->party == 0)
            out->party = 1;
        return true;
    }
    if ((flags & MAYBE) && !asks(s) && !plus_one(s, &end) &&
        qund_call_later(c, QUND_CALL_SIGNUP, QUND_CALL_PEER) &&
        qund_call_within(c, QUND_CALL_SIGNUP, HOURS(24)) && qund_utf8_count(s) <= SHORT_CHARS) {
        out->state = QUND_SAYS_MAYBE;
        return true;
    }
    return answered && qund_signup_answer(s, &r, c, signed_up, out);
}
