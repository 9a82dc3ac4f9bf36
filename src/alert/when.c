/* src/alert/when.c - "in half an hour", "tomorrow at nine": when somebody wants to be told again.
 *
 * What people type after the short command, and what the buttons send. A length of time counts from
 * now. A time of day is the next one that comes; with the word for tomorrow, or a date, it is that
 * day's, and a day alone is nine in the morning. Full-width forms and Chinese numerals are read as
 * the digits they are. A date without a year is the next one that comes.
 * Days are those of the zone of the alert's group, where the person who answers is looking at the
 * clock. */
#include "alert/internal.h"
#include <stdio.h>

#define MORNING_MIN (9 * 60)
#define NOON_MIN (12 * 60)

struct clock_time {
    int days;        /* from today; 0: not said */
    int64_t y, m, d; /* of a date: m > 0, y 0: not said */
    int64_t min;     /* of the day, -1: not said */
};

/* 0 to 9; 10: ten, which multiplies; -1: no numeral. */
static int numeral(uint32_t cp)
{
    static const char *const DIGITS[] = {"零〇", "一", "二两", "三", "四", "五",
                                         "六",   "七", "八",   "九", "十"};
    char bytes[5] = {0};

    if (cp < 0x80)
        return -1;
    qund_ignore((int)qund_utf8_put(bytes, cp));
    for (int i = 0; i < (int)QUND_ARRAY_LEN(DIGITS); i++)
        if (strstr(DIGITS[i], bytes))
            return i;
    return -1;
}

/* In half width, "二十五" as "25". Never longer than what it is made of. False: too long,
 * or no one number. */
static bool make_plain(struct qund_str words, char *out, size_t size)
{
    size_t at = 0, n = 0;
    int value = -1; /* of the numerals so far, below a hundred */

    if (words.n >= size - 4)
        return false;
    while (at < words.n || value >= 0) {
        size_t next = at;
        uint32_t cp = at < words.n ? qund_utf8_next(words, &next) : 0;
        int v = numeral(cp);

        if (v >= 0 && v < 10 && value > 0 && value % 10 != 0)
            return false; /* "二三十": which? */
        if (v >= 0 && value < 100) {
            value = v < 10 ? (value < 0 ? v : value + v) : (value > 0 ? value * 10 : 10);
            at = next;
            continue;
        }
        if (value >= 0)
            n += (size_t)snprintf(out + n, size - n, "%d", value);
        value = -1;
        if (cp == 0)
            break;
        cp = cp >= 0xff01 && cp <= 0xff5e ? cp - 0xfee0 : cp == 0x3000 ? ' ' : cp;
        n += qund_utf8_put(out + n, cp);
        at = next;
    }
    out[n] = '\0';
    return true;
}

static bool take(struct qund_str *s, const char *word)
{
    if (!qund_str_starts(*s, word))
        return false;
    *s = qund_str_trim(qund_str_n(s->p + strlen(word), s->n - strlen(word)));
    return true;
}

static bool take_any(struct qund_str *s, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (take(s, words[i]))
            return true;
    return false;
}

/* At most four digits: -1 when there is none. */
static int64_t take_number(struct qund_str *s)
{
    int64_t v = -1;
    size_t n = 0;

    while (n < s->n && n < 4 && s->p[n] >= '0' && s->p[n] <= '9')
        v = (v < 0 ? 0 : v) * 10 + (s->p[n++] - '0');
    *s = qund_str_n(s->p + n, s->n - n);
    return v;
}

/* "12", "1.5", "半": in hundredths, -1: there is none. */
static int64_t take_amount(struct qund_str *s)
{
    int64_t whole, part = 0;
    size_t n = 1;

    if (take(s, "半"))
        return 50;
    whole = take_number(s);
    if (whole < 0)
        return -1;
    if (s->n > 1 && s->p[0] == '.' && s->p[1] >= '0' && s->p[1] <= '9') {
        for (; n < s->n && n < 3 && s->p[n] >= '0' && s->p[n] <= '9'; n++)
            part = part * 10 + (s->p[n] - '0');
        *s = qund_str_n(s->p + n, s->n - n);
    }
    return whole * 100 + (n == 2 ? part * 10 : part);
}

/* "30分钟", "2小时", "1小时30分", "1小时半", "1.5h", "一个半小时后", "3天", "90 min". */
static bool take_length(struct qund_str *s, int64_t *out)
{
    static const struct {
        const char *word;
        int64_t ms;
    } UNITS[] = {
        {"分钟", 60000},
        {"分", 60000},
        {"小时", QUND_HOUR_MS},
        {"刻钟", 15 * 60000},
        {"钟头", QUND_HOUR_MS},
        {"天", QUND_DAY_MS},
        {"minutes", 60000},
        {"minute", 60000},
        {"mins", 60000},
        {"min", 60000},
        {"m", 60000},
        {"hours", QUND_HOUR_MS},
        {"hour", QUND_HOUR_MS},
        {"h", QUND_HOUR_MS},
        {"days", QUND_DAY_MS},
        {"day", QUND_DAY_MS},
        {"d", QUND_DAY_MS},
        {"周", 7 * QUND_DAY_MS},
        {"星期", 7 * QUND_DAY_MS},
    };
    static const char *const LATER[] = {"后", "之后", "以后"};
    int64_t sum = 0;

    while (s->n > 0 && !(sum > 0 && take_any(s, LATER, QUND_ARRAY_LEN(LATER)) && s->n == 0)) {
        int64_t n = take_amount(s);
        size_t i = 0;

        *s = qund_str_trim(*s);
        if (take(s, "个") && n >= 0 && take(s, "半"))
            n += 50;
        while (i < QUND_ARRAY_LEN(UNITS) && !take(s, UNITS[i].word))
            i++;
        if (n < 0 || i == QUND_ARRAY_LEN(UNITS))
            return false;
        if (take(s, "半"))
            n += 50;
        sum += n * (UNITS[i].ms / 100);
    }
    *out = sum;
    return sum > 0;
}

/* "9:00", "9点", "9点半", "09：30". */
static bool take_clock(struct qund_str *s, int64_t *min)
{
    static const char *const HOUR[] = {":", "：", "点"};
    int64_t hour = take_number(s), minute = 0;

    if (hour < 0 || hour > 23 || !take_any(s, HOUR, QUND_ARRAY_LEN(HOUR)))
        return false;
    if (take(s, "半"))
        minute = 30;
    else if (s->n > 0)
        minute = take_number(s);
    if (minute > 0)
        qund_ignore(take(s, "分")); /* may be said */
    *min = hour * 60 + minute;
    return minute >= 0 && minute < 60 && s->n == 0;
}

/* "2026-11-23", "11-23", "11月23日": s begins behind it; else it is as it was. */
static void take_date(struct qund_str *s, struct clock_time *out)
{
    static const char *const YEAR[] = {"-", "/", "年"}, *const MONTH[] = {"-", "/", "月"};
    struct qund_str rest = *s;
    int64_t n = take_number(&rest), y = 0, d;

    if (n >= 1000) {
        y = n;
        n = take_any(&rest, YEAR, QUND_ARRAY_LEN(YEAR)) ? take_number(&rest) : -1;
    }
    if (n < 1 || n > 12 || !take_any(&rest, MONTH, QUND_ARRAY_LEN(MONTH)))
        return;
    d = take_number(&rest);
    if (d < 1 || d > 31)
        return;
    rest = qund_str_trim(rest);
    qund_ignore(take(&rest, "日") || take(&rest, "号")); /* may be said */
    out->y = y;
    out->m = n;
    out->d = d;
    *s = rest;
}

static bool read_time(struct qund_str s, struct clock_time *out)
{
    static const struct {
        const char *word;
        int days;
    } DAYS[] = {{"tomorrow", 1}, {"明天", 1}, {"明早", 1}, {"后天", 2}};
    static const char *const EARLY[] = {"早上", "上午"}, *const LATE[] = {"下午", "晚上"};
    bool early, late;

    *out = (struct clock_time){.min = -1};
    for (size_t i = 0; i < QUND_ARRAY_LEN(DAYS) && out->days == 0; i++)
        if (take(&s, DAYS[i].word))
            out->days = DAYS[i].days;
    if (out->days == 0)
        take_date(&s, out);
    early = take_any(&s, EARLY, QUND_ARRAY_LEN(EARLY));
    late = !early && take_any(&s, LATE, QUND_ARRAY_LEN(LATE));
    if (s.n == 0)
        return (out->days > 0 || out->m > 0) && !late;
    if (!take_clock(&s, &out->min))
        return false;
    if (late && out->min < NOON_MIN)
        out->min += NOON_MIN;
    return !late || out->min >= NOON_MIN + 60; /* "晚上12点": of which day? */
}

static int64_t at_clock(const struct qund_zone *z, struct qund_civil c, const struct clock_time *t)
{
    int64_t min = t->min < 0 ? MORNING_MIN : t->min;

    c.hour = (int)(min / 60);
    c.minute = (int)(min % 60);
    c.second = c.ms = 0;
    return qund_zone_utc(z, &c);
}

static int64_t some_days_on(const struct qund_zone *z, int64_t now, const struct clock_time *t,
                            int days)
{
    struct qund_civil c;

    qund_zone_civil(z, qund_zone_day_start(z, now, days) + QUND_HOUR_MS, &c);
    return at_clock(z, c, t);
}

/* False: the year has no such day. */
static bool on_date(const struct qund_zone *z, int y, const struct clock_time *t, int64_t *out)
{
    struct qund_civil c = {.year = y, .month = (int)t->m, .day = (int)t->d};
    int there_y, there_m, there_d;

    qund_civil_from_days(qund_days_from_civil(y, c.month, c.day), &there_y, &there_m, &there_d);
    *out = at_clock(z, c, t);
    return there_m == c.month && there_d == c.day;
}

static int date_instant(const struct qund_zone *z, int64_t now, const struct clock_time *t,
                        int64_t *out)
{
    struct qund_civil today;

    if (t->y > 0)
        return on_date(z, (int)t->y, t, out) ? 0 : QUND_E_INVAL;
    qund_zone_civil(z, now, &today);
    if (on_date(z, today.year, t, out) && *out > now)
        return 0;
    return on_date(z, today.year + 1, t, out) ? 0 : QUND_E_INVAL;
}

int qund_alert_words(const struct qund_zone *z, struct qund_str words, int64_t now, int64_t *out)
{
    struct qund_str length = qund_str_trim(words);
    struct clock_time t;
    char plain[100];
    int64_t ms;

    if (length.n == 0 || !make_plain(length, plain, sizeof(plain)))
        return QUND_E_INVAL;
    words = length = qund_str_trim(qund_str(plain));
    if (take_length(&length, &ms)) {
        *out = now + ms;
        return 0;
    }
    if (!z || !read_time(words, &t))
        return QUND_E_INVAL;
    if (t.m > 0)
        return date_instant(z, now, &t, out);
    *out = some_days_on(z, now, &t, t.days);
    if (t.days == 0 && *out <= now)
        *out = some_days_on(z, now, &t, 1);
    return 0;
}

int qund_alert_when(const struct qund_alerts *al, int64_t id, struct qund_str words, int64_t now,
                    int64_t *out)
{
    const struct qund_zone *z = NULL;
    struct alert_row a;
    int rc = al->roster ? qund_alert_sql_get(al->deps.db, id, &a) : 0;

    if (rc < 0 && rc != QUND_E_NOTFOUND)
        return rc;
    if (al->roster && rc == 0)
        z = qund_roster_zone(al->roster, a.grp);
    /* A length of time means the same everywhere. */
    return qund_alert_words(z, words, now, out) == 0 ? 0 : rc < 0 ? rc : QUND_E_INVAL;
}
