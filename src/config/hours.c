/* hours.c - hours of the day, such as those of rest, on the clock of a zone.
 *
 * They hold while the clock on the wall shows one of them, and end when it first shows none: mostly
 * at their end, but the clocks may be put forward beyond it, or back into them. So the reckoning
 * goes from where the clocks are changed to where they are changed again, which is a single step on
 * all days but two. */
#include "config/config.h"
#include "core/zone.h"

enum { MINUTE_MS = 60000, CHANGES_MAX = 4 }; /* of the clocks within a day: one, to our knowledge */

/* How long the hours hold yet if nobody touches the clocks; 0: they do not. */
static int64_t left_ms(const struct qund_hours *h, const struct qund_zone *z, int64_t now)
{
    int64_t from = (int64_t)h->from_min * MINUTE_MS, to = (int64_t)h->to_min * MINUTE_MS, at;
    struct qund_civil c;

    qund_zone_civil(z, now, &c);
    at = ((INT64_C(60) * c.hour + c.minute) * 60 + c.second) * 1000 + c.ms;
    if (from < to ? at < from || at >= to : at < from && at >= to)
        return 0;
    return at < to ? to - at : to - at + QUND_DAY_MS;
}

static int offset_s(const struct qund_zone *z, int64_t at)
{
    struct qund_civil c;

    qund_zone_civil(z, at, &c);
    return c.offset_s;
}

/* The first instant after `from` at which the clocks are changed, `to` when they are not before. */
static int64_t until_changed(const struct qund_zone *z, int64_t from, int64_t to)
{
    int before = offset_s(z, from);

    if (offset_s(z, to) == before)
        return to;
    while (to - from > 1) {
        int64_t mid = from + (to - from) / 2;

        if (offset_s(z, mid) == before)
            from = mid;
        else
            to = mid;
    }
    return to;
}

int64_t qund_hours_until(const struct qund_hours *h, const struct qund_zone *z, int64_t now)
{
    if (h->from_min == h->to_min)
        return now;
    for (int i = 0; i < CHANGES_MAX; i++) {
        int64_t left = left_ms(h, z, now);

        if (left == 0)
            return now;
        now = until_changed(z, now, now + left);
    }
    return now;
}
