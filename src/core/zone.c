/* zone.c - from an instant to what a clock on the wall shows there, and back.
 *
 * Forward is a function: each instant has one offset. Back is not: in autumn a wall time happens
 * twice (the first is meant), in spring an hour never happens (then the instant at which the clocks
 * jumped is meant, so a day that begins in a gap still has a beginning). Both ends are decided
 * here, because "send at 02:30 every day" must run once on every day of the year. */
#include "core/zone_internal.h"

#define DAY_S INT64_C(86400)

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

static bool leap(int y)
{
    return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

/* Days since the epoch on which rule r falls in year y. */
static int64_t rule_date(const struct zone_rule *r, int y)
{
    int64_t first;
    int skip;

    if (r->kind == 0)
        return qund_days_from_civil(y, 1, 1) + r->day;
    if (r->kind == 'J') /* 29 February is not counted */
        return qund_days_from_civil(y, 1, 1) + r->day - 1 + (leap(y) && r->day >= 60);
    first = qund_days_from_civil(y, r->month, 1);
    skip = (int)((r->day - (first + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday (4) */
    first += skip + 7 * (r->week - 1);
    /* Week 5 is the last one, be it the fourth. */
    while (first >= (r->month == 12 ? qund_days_from_civil(y + 1, 1, 1)
                                    : qund_days_from_civil(y, r->month + 1, 1)))
        first -= 7;
    return first;
}

static int32_t footer_offset(const struct zone_footer *f, int64_t utc_s)
{
    int y, m, d;
    int64_t on, off;

    if (!f->has_dst)
        return f->std_s;
    qund_civil_from_days(floor_div(utc_s + f->std_s, DAY_S), &y, &m, &d);
    on = rule_date(&f->to_dst, y) * DAY_S + f->to_dst.at_s - f->std_s;
    off = rule_date(&f->to_std, y) * DAY_S + f->to_std.at_s - f->dst_s;
    if (on < off)
        return utc_s >= on && utc_s < off ? f->dst_s : f->std_s;
    return utc_s >= off && utc_s < on ? f->std_s : f->dst_s; /* southern summer */
}

static int32_t offset_at(const struct qund_zone *z, int64_t utc_s)
{
    size_t lo = 0, hi = z->n; /* the first transition after utc_s */

    if (z->footer.present && (z->n == 0 || utc_s >= z->at[z->n - 1]))
        return footer_offset(&z->footer, utc_s);
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (z->at[mid] <= utc_s)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo == 0 ? z->first : z->offset[lo - 1];
}

const char *qund_zone_name(const struct qund_zone *z)
{
    return z->name;
}

void qund_zone_civil(const struct qund_zone *z, int64_t utc_ms, struct qund_civil *out)
{
    int64_t utc_s = floor_div(utc_ms, 1000);
    int32_t off = offset_at(z, utc_s);
    int64_t local = utc_s + off;
    int64_t days = floor_div(local, DAY_S);
    int of_day = (int)(local - days * DAY_S);

    qund_civil_from_days(days, &out->year, &out->month, &out->day);
    out->hour = of_day / 3600;
    out->minute = of_day / 60 % 60;
    out->second = of_day % 60;
    out->ms = (int)(utc_ms - utc_s * 1000);
    out->weekday = (int)((days % 7 + 7 + 3) % 7) + 1;
    out->offset_s = off;
}

/* UTC seconds of a local second count (days * 86400 + seconds of the day). */
static int64_t to_utc(const struct qund_zone *z, int64_t local)
{
    /* No offset passes a day, so the offsets a day before and after frame the truth. */
    int32_t before = offset_at(z, local - DAY_S), after = offset_at(z, local + DAY_S);
    int64_t early = local - (before > after ? before : after);
    int64_t late = local - (before > after ? after : before);

    if (early + offset_at(z, early) == local)
        return early;
    if (late + offset_at(z, late) == local)
        return late;
    /* A gap lies between the two: find where the clocks jumped. */
    while (late - early > 1) {
        int64_t mid = early + (late - early) / 2;

        if (mid + offset_at(z, mid) < local)
            early = mid;
        else
            late = mid;
    }
    return late;
}

int64_t qund_zone_utc(const struct qund_zone *z, const struct qund_civil *c)
{
    int64_t local = qund_days_from_civil(c->year, c->month, c->day) * DAY_S + c->hour * 3600 +
                    c->minute * 60 + c->second;

    return to_utc(z, local) * 1000 + c->ms;
}

int64_t qund_zone_day_start(const struct qund_zone *z, int64_t utc_ms, int add)
{
    int64_t utc_s = floor_div(utc_ms, 1000);
    int64_t days = floor_div(utc_s + offset_at(z, utc_s), DAY_S) + add;

    return to_utc(z, days * DAY_S) * 1000;
}

int64_t qund_zone_hour_start(const struct qund_zone *z, int64_t utc_ms)
{
    int64_t utc_s = floor_div(utc_ms, 1000);
    int64_t local = utc_s + offset_at(z, utc_s);

    return (utc_s - (local - floor_div(local, 3600) * 3600)) * 1000;
}
