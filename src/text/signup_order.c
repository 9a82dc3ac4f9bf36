/* src/text/signup_order.c - orders in the group: what is said while today's goods are on offer.
 *
 * Members answer a list of goods as briefly as they can: a number, a name with a number, a measure.
 * None of that means anything without the list, and soon after a sign-up it means something else,
 * so an order is one only while the last call was for orders. */
#include "text/scan.h"
#include "text/signup.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)

enum { ORDER_MAX_BYTES = 400 };

static bool has(struct qund_str s, const char *const *words)
{
    for (; *words; words++)
        if (qund_str_find(s, 0, qund_str(*words)) >= 0)
            return true;
    return false;
}

/* The list is a day old at most, and no sign-up was called for since. */
static bool open_for_orders(const struct qund_calls *c)
{
    int64_t order = c->age_ms[QUND_CALL_ORDER], signup = c->age_ms[QUND_CALL_SIGNUP];

    return order >= 0 && order <= DAY_MS && (signup < 0 || order < signup);
}

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
    static const char *const past[] = {
        "了",   "过",   "昨天", "上次", "少",   "坏",   "烂",   "退",   "差",   "几",   "多少",
        "吗",   "一起", "抢",   "都",   "没",   "不",   "比",   "才",   "报名", "买的", "上回",
        "好大", "跟我", "哪个", "订的", "送来", "收到", "有一", "多重", NULL};
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

    if (!open_for_orders(c) || s.n > ORDER_MAX_BYTES)
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
