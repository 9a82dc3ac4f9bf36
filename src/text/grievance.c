/* src/text/grievance.c - does somebody complain of us?
 *
 * Complaints share few words: each trade has its own things that go wrong. What they share is a
 * shape. Somebody or something of ours is named (师傅, 你们, what was bought, done or brought), and
 * beside it stands what should not be: a bad state (烂, 不响), a neglect (没人接, 让我自己坐车), a
 * promise that came otherwise (说是中间, 一看是最边上), or time that passed over it (两个月了).
 * None of these alone is a complaint: things break in every household, and people wait everywhere.
 * So the words of a message are laid into classes, in one pass, and only certain pairs count.
 *
 * What is said of others, thanks, and questions speak against it; a word of open anger outweighs
 * the question (给吃的啥) but not the neighbour (楼上). The rules of 40-complaint.yaml know
 * phrases; this knows shapes, and finds in trades nobody wrote rules for. */
#include "text/grievance.h"
#include "text/grievance_words.h"

enum { HITS_MAX = 48, TEXT_MAX = 600 };

/* 两个月, 四十分钟, 三次, 半天: how long, how often. */
static bool tells_span(struct qund_str s)
{
    static const char *const counts[] = {"两", "俩", "仨", "半", "几", "好几", NULL};
    static const char *const units[] = {"个月", "个星期", "个礼拜", "个小时", "个钟头", "分钟",
                                        "小时", "天",     "周",     "月",     "年",     "次",
                                        "遍",   "回",     "趟",     "宿",     "下午",   "上午",
                                        "晚上", "个多月", "多月",   NULL};

    for (size_t at = 0; at < s.n; qund_utf8_next(s, &at)) {
        struct qund_scan_number num;
        size_t i = at;

        if (!qund_scan_any(s, &i, counts) && !qund_scan_number(s, &i, &num))
            continue;
        qund_scan_lit(s, &i, "来");
        qund_scan_lit(s, &i, "多");
        if (qund_scan_any(s, &i, units))
            return true;
    }
    return false;
}

/* Of us, by the classes of its words; whom it is said of is decided before. */
static bool complains(struct qund_str s, uint32_t has)
{
    if ((has & RAGE) && (has & (US | DEAL | BAD | LAPSE | TURN)))
        return true;
    if (has & ASKS)
        return false;
    if ((has & PROM) && (has & TURN) && (has & (US | DEAL | BAD | LAPSE)))
        return true;
    if (has & BAD)
        return (has & (US | DEAL | LAPSE | PROM)) != 0;
    if (has & LAPSE)
        return (has & (US | DEAL | PROM)) != 0;
    return (has & TURN) && (has & (US | DEAL)) && tells_span(s);
}

enum qund_grievance qund_grievance_find(struct qund_str s)
{
    struct qund_scan_hit hits[HITS_MAX];
    uint32_t has = 0;
    size_t n;

    if (s.n == 0 || s.n > TEXT_MAX)
        return QUND_GRIEVANCE_NONE;
    n = qund_scan_words(s, &grievance_table, hits, HITS_MAX);
    for (size_t i = 0; i < n; i++)
        has |= hits[i].flags;
    if (has & ELSE)
        return has & (US | PROM) ? QUND_GRIEVANCE_NONE : QUND_GRIEVANCE_ASIDE;
    if (has & GOOD)
        return QUND_GRIEVANCE_NONE;
    return complains(s, has) ? QUND_GRIEVANCE_OURS : QUND_GRIEVANCE_NONE;
}
