/* src/text/signup.c - sign-ups in plain words.
 *
 * "+1", "1", "我去" and "不去了" say nothing by themselves; they answer the last call in the group.
 * So staff messages are read for calls (sign up, confirm, order), members' for invitations of their
 * own (有人拼单吗), and the engine keeps when each kind last came. How far back an answer may reach
 * depends on how plainly it speaks: 报名 for days, 我去 for hours. */
#include "text/signup.h"
#include "text/question.h"
#include "text/signup_words.h"

#define HOURS(n) ((int64_t)(n)*3600 * 1000)

enum { HITS_MAX = 24, SHORT_CHARS = 16, PLAIN_MAX_BYTES = 400 };

const char *qund_call_name(enum qund_call c)
{
    static const char *const names[QUND_CALL_KINDS] = {"none",  "signup", "confirm", "order",
                                                       "close", "topic",  "peer",    "opened"};

    return (unsigned)c < QUND_CALL_KINDS ? names[c] : "?";
}

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

/* --- calls --- */

/* 9.9/斤, 19.9元/份: how many prices stand in the text. */
static unsigned prices_in(struct qund_str s)
{
    static const char *const per[] = {"/斤", "/份", "/盒", "/串",  "/板",  "/把",  "/只",
                                      "/袋", "/箱", "/瓶", "/个",  "/条",  "/件",  "/包",
                                      "/罐", "元",  "块",  "一份", "一斤", "一盒", NULL};
    unsigned n = 0;

    for (size_t at = 1; at < s.n; at++)
        if (qund_scan_digit(s.p[at - 1]) && qund_scan_any(s, &(size_t){at}, per))
            n++;
    return n;
}

/* 红烧肉套餐18、清蒸鱼套餐20: prices without a unit, as a kitchen writes its menu. */
static unsigned bare_prices_in(struct qund_str s)
{
    static const char *const kitchens[] = {"套餐", "午餐", "晚餐", "早餐",   "点餐",
                                           "订餐", "份数", "菜单", "报数量", NULL};
    static const char *const ends[] = {"、", ",", ";", "。", "\n", " ", "/", NULL};
    unsigned n = 0;

    for (size_t at = 2; at + 1 < s.n && has(s, kitchens); at++) {
        size_t i = at + 1;

        while (i < s.n && (qund_scan_digit(s.p[i]) || s.p[i] == '.'))
            i++;
        if (qund_scan_digit(s.p[at]) && qund_scan_digit(s.p[at + 1]) &&
            (unsigned char)s.p[at - 1] >= 0x80 && (i == s.n || qund_scan_any(s, &i, ends)))
            n++;
    }
    return n;
}

static enum qund_call staff_call(struct qund_str s)
{
    static const char *const confirms[] = {"确认", "回1", "扣1", "到场", NULL};
    static const char *const asks_back[] = {"扣1",  "扣个1", "回1",  "回复",
                                            "回个", "接龙",  "回\"", NULL};
    static const char *const events[] = {"报名",   "想来的", "想去的", "想参加", "感兴趣",
                                         "参加的", "名额",   "席位",   "预约",   NULL};
    static const char *const invites[] = {
        "群里",     "接龙",     "回复",   "扣",     "直接报",   "房号",  "开放报名", "开始报名",
        "欢迎报名", "可以报名", "报名啦", "位",     "先到先得", "报名:", "吱一声",   "说一声",
        "滴滴",     "占座",     "想来的", "想参加", "抓紧",     "欢迎",  "即可",     NULL};
    /* 来的报名, 说下楼号; but not 您已报名成功. */
    static const char *const opens[] = {"来的", "要来", "名额", "限", "说下",
                                        "写上", "留下", "带上", NULL};
    static const char *const done[] = {"已报名", "报名成功", "报名费",   "报名截止",
                                       "报名表", "报名已满", "报名协议", "报名时",
                                       "您报名", "报名结束", "报名的",   NULL};
    static const char *const closes[] = {"截单啦", "截单了", "截单~",  "已截单",     "停止接单",
                                         "截团啦", "截团了", "已截团", "今日已结束", NULL};
    static const char *const shops[] = {"截单", "开团", "团购", "接单", "自提", "下单", "预订",
                                        "排单", "拼团", "秒杀", "早市", "晚市", "今日", "要的",
                                        "配送", "特价", "到货", "新品", "今天", NULL};
    static const char *const topics[] = {"话题", "大家觉得", "来聊聊", "你们怎么看", NULL};

    if (has(s, closes) || (s.n < 24 && qund_str_starts(s, "截单")))
        return QUND_CALL_CLOSE;
    if (has(s, (const char *const[]){"确认", NULL}) && has(s, asks_back) && has(s, confirms))
        return QUND_CALL_CONFIRM;
    if (has(s, (const char *const[]){"排单", NULL}) || (prices_in(s) >= 2 && has(s, shops)) ||
        bare_prices_in(s) >= 2)
        return QUND_CALL_ORDER;
    if (has(s, (const char *const[]){"#接龙", "接龙", NULL}) ||
        (has(s, events) && has(s, invites)) ||
        (has(s, (const char *const[]){"报名", NULL}) && has(s, opens) && !has(s, done)))
        return QUND_CALL_SIGNUP;
    return has(s, topics) ? QUND_CALL_TOPIC : QUND_CALL_NONE;
}

enum qund_call qund_call_find(struct qund_str s, bool from_staff)
{
    static const char *const peers[] = {"有人一起", "人一起", "拼单", "拼个",
                                        "一起团",   "组队",   "组团", "谁要一起",
                                        "谁一起",   "一起吗", "拼车", NULL};

    static const char *const stems[] = {"一起", "拼", "组", NULL}; /* quicker than all of them */

    if (from_staff)
        return staff_call(s);
    return has(s, stems) && has(s, peers) ? QUND_CALL_PEER : QUND_CALL_NONE;
}

static bool within(const struct qund_calls *c, enum qund_call kind, int64_t ms)
{
    return c->age_ms[kind] >= 0 && c->age_ms[kind] <= ms;
}

/* The call of this kind came after the other (or the other never came). */
static bool later(const struct qund_calls *c, enum qund_call kind, enum qund_call other)
{
    return c->age_ms[kind] >= 0 && (c->age_ms[other] < 0 || c->age_ms[kind] < c->age_ms[other]);
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
    return s.n &&
           (qund_scan_digit(s.p[0]) || qund_scan_han_digit(s, 0) > 0 || qund_str_starts(s, "两") ||
            qund_str_starts(s, "俩")) &&
           qund_chain_party(qund_utf8_cut(s, 24)) > 0;
}

/* The text, or some clause of it, signs up in so many words and does not ask: 报2个,6单元? but not
 * 报名要带什么. */
static bool signing_clause(struct qund_str s)
{
    if (!asks(s))
        return true;
    while (s.p) {
        struct qund_str rest = qund_str_split(&s, ',');

        while (rest.p) {
            struct qund_str clause = qund_str_trim(qund_str_split(&rest, ' '));

            if ((words_in(clause) & VERB || reports_number(clause)) && !asks(clause))
                return true;
        }
    }
    return false;
}

/* 我两个人, 15-2-201 一个人, 我和媳妇去: nothing but who comes. */
static bool only_persons(struct qund_str s)
{
    static const char *const others[] = {"订", "买", "充", "要", "桌", "间", "点", "预算", "户型",
                                         "住", "岁", "课", "卡", "寸", "楼", "排", NULL};

    size_t chars = qund_utf8_count(s);
    bool some = qund_chain_persons(s) > 0 ||
                (chars <= 6 && qund_str_starts(s, "我") && qund_chain_party(s) > 0);

    return some && chars <= SHORT_CHARS && !has(s, others) && !asks(s);
}

static bool signs_up(struct qund_str s, const struct qund_calls *c, bool signed_up, uint32_t flags)
{
    static const char *const places[] = {"留个位", "留位",   "占个",   "占座", "留个座",
                                         "帮我报", "给我报", "帮我家", NULL};
    size_t chars = qund_utf8_count(s), end;
    bool members_own = later(c, QUND_CALL_PEER, QUND_CALL_SIGNUP);
    bool shop = later(c, QUND_CALL_ORDER, QUND_CALL_SIGNUP);

    if (flags & VERB || reports_number(s)) {
        if (!signing_clause(s) && !has(s, places))
            return false;
        if (within(c, QUND_CALL_SIGNUP, HOURS(24 * 14)))
            return !shop || qund_str_starts(s, "报名");
        return c->age_ms[QUND_CALL_SIGNUP] < 0 && !shop && qund_str_starts(s, "报名") &&
               chars <= SHORT_CHARS;
    }
    if (members_own || shop || signed_up || asks(s))
        return false;
    if (plus_one(s, &end))
        return within(c, QUND_CALL_SIGNUP, chars <= 4 ? HOURS(3) : HOURS(24 * 3));
    if (flags & WEAK)
        return chars <= SHORT_CHARS && within(c, QUND_CALL_SIGNUP, HOURS(6));
    return within(c, QUND_CALL_SIGNUP, HOURS(6)) && only_persons(s);
}

/* 改成我一个, 减一个人, 就我自己来: of somebody who stands in the list. His row changes. */
static bool changes(struct qund_str s, bool signed_up)
{
    static const char *const words[] = {"改成",   "改为", "变成", "减一个", "少一个",
                                        "多一个", "多加", "再加", "就我",   NULL};

    return signed_up && has(s, words) && qund_utf8_count(s) <= 2 * SHORT_CHARS && !asks(s) &&
           (qund_chain_party(s) > 0 || qund_chain_persons(s) > 0 ||
            has(s, (const char *const[]){"就我", NULL}));
}

static bool confirms(struct qund_str s, const struct qund_calls *c, bool signed_up, uint32_t flags)
{
    static const char *const plain[] = {"确认参加", "确认到场", "确定参加",
                                        "确认会",   "确认能",   NULL};

    if (within(c, QUND_CALL_CONFIRM, HOURS(72)))
        return leading_one(s) ||
               ((flags & CONFIRM) && !asks(s) && qund_utf8_count(s) <= 2 * SHORT_CHARS);
    if (c->age_ms[QUND_CALL_SIGNUP] < 0 || asks(s))
        return false;
    return has(s, plain) || (signed_up && (flags & CONFIRM) && qund_utf8_count(s) <= SHORT_CHARS);
}

bool qund_signup_find(struct qund_str s, const struct qund_calls *c, bool signed_up,
                      struct qund_signup *out)
{
    static const char *const about[] = {"报名", "接龙", "活动", "名额", "预约", "位置", NULL};
    uint32_t flags;
    size_t end;
    bool answered;

    *out = (struct qund_signup){0};
    if (s.n == 0 || s.n > PLAIN_MAX_BYTES)
        return false;
    flags = words_in(s);
    answered =
        within(c, QUND_CALL_SIGNUP, HOURS(24 * 30)) || within(c, QUND_CALL_CONFIRM, HOURS(72));
    if (flags == 0 && !answered)
        return false;
    out->party = (uint16_t)qund_chain_party(s);
    if (answered && changes(s, signed_up)) {
        out->state = flags & MAYBE ? QUND_SAYS_MAYBE : QUND_SAYS_SIGNED;
        out->fresh = true;
        if (out->party == 0)
            out->party = 1;
        return true;
    }
    if ((flags & CANCEL) && (answered || has(s, about)) &&
        !has(s, (const char *const[]){"吗", "?", NULL})) {
        out->state = QUND_SAYS_CANCELLED;
        return true;
    }
    if (!(flags & MAYBE) && confirms(s, c, signed_up, flags)) {
        out->state = QUND_SAYS_CONFIRMED;
        return true;
    }
    if (signs_up(s, c, signed_up, flags)) {
        out->state = flags & MAYBE ? QUND_SAYS_MAYBE : QUND_SAYS_SIGNED;
        out->fresh = true;
        if (out->party == 0)
            out->party = 1;
        return true;
    }
    if ((flags & MAYBE) && !asks(s) && !plus_one(s, &end) &&
        later(c, QUND_CALL_SIGNUP, QUND_CALL_PEER) && within(c, QUND_CALL_SIGNUP, HOURS(24)) &&
        qund_utf8_count(s) <= SHORT_CHARS) {
        out->state = QUND_SAYS_MAYBE;
        return true;
    }
    return false;
}

/* --- orders --- */

static const char *const measures[] = {"斤", "公斤", "板", "串", "盒", "份", "把", "袋", "包",
                                       "箱", "瓶",   "个", "只", "条", "件", "罐", "桶", "杯",
                                       "套", "打",   "kg", "两", "提", "块", NULL};

/* 3, 1×2, 2+1: the whole message. */
static bool numbers_only(struct qund_str s)
{
    bool digit = false;

    if (s.n == 0 || s.n > 6)
        return false;
    for (size_t at = 0; at < s.n;) {
        if (qund_scan_digit(s.p[at]))
            digit = true;
        else if (!strchr("x*+", s.p[at]) && !qund_scan_lit(s, &(size_t){at}, "×"))
            return false;
        qund_utf8_next(s, &at);
    }
    return digit;
}

/* 一板 in 土鸡蛋来一板; not 29.9一串, 另一个, 10个月. */
static bool counted_at(struct qund_str s, size_t at)
{
    static const char *const pointing[] = {"另", "哪", "这", "那", "每", "第",
                                           "上", "下", "某", "前", NULL};
    static const char *const spans[] = {"月", "人", "小时", "星期", "钟", "礼拜", NULL};
    struct qund_scan_number num;
    size_t i = at, begin;

    if (!qund_scan_number(s, &i, &num) && !qund_scan_lit(s, &i, "两") &&
        !qund_scan_lit(s, &i, "半"))
        return false;
    if (at > 0 && (qund_scan_digit(s.p[at - 1]) || strchr(".-:/", s.p[at - 1])))
        return false;
    return !qund_scan_any_before(s, at, pointing, &begin) && qund_scan_any(s, &i, measures) &&
           !qund_scan_any(s, &i, spans);
}

/* B1, 那B1: what the menu calls A, B, C. */
static bool lettered(struct qund_str s, size_t end)
{
    return end > 0 && s.p[end - 1] >= 'a' && s.p[end - 1] <= 'h' &&
           (end == 1 || !qund_scan_latin(s.p[end - 2])) && s.n <= 12;
}

/* 花生3, 苹果2斤, 土鸡蛋来一板. */
static bool order_clause(struct qund_str s)
{
    static const char *const past[] = {"了",   "过",   "昨天", "上次", "少",   "坏",   "烂",
                                       "退",   "差",   "几",   "多少", "吗",   "一起", "抢",
                                       "都",   "没",   "不",   "比",   "才",   "报名", "买的",
                                       "订的", "送来", "收到", "有一", "多重", NULL};
    size_t i = s.n;

    if (s.n == 0 || has(s, past) || qund_utf8_count(s) > 14)
        return false;
    while (i > 0 && (qund_scan_digit(s.p[i - 1]) || s.p[i - 1] == '+'))
        i--;
    if (i < s.n && s.n - i <= 2)
        return (i >= 6 && (s.p[i - 1] & 0x80)) || lettered(s, i);
    for (size_t at = 0; at < s.n; qund_utf8_next(s, &at))
        if (counted_at(s, at))
            return true;
    return false;
}

bool qund_signup_order(struct qund_str s, const struct qund_calls *c)
{
    struct qund_str rest = s;

    if (!within(c, QUND_CALL_ORDER, HOURS(24)) || !later(c, QUND_CALL_ORDER, QUND_CALL_SIGNUP) ||
        s.n > PLAIN_MAX_BYTES)
        return false;
    if (numbers_only(qund_str_trim(s)))
        return true;
    while (rest.p) {
        struct qund_str part = qund_str_split(&rest, ',');

        while (part.p)
            if (order_clause(qund_str_trim(qund_str_split(&part, ' '))))
                return true;
    }
    return false;
}
