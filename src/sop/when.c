/* when.c - from what a template says to an instant.
 *
 * A template knows no dates. It says "three days before the event, at half past twelve", and means
 * a place on the group's wall calendar, not a number of hours. So there are two kinds of offsets,
 * and they are never mixed:
 *
 *   with a clock time    whole local days from the base's local day, then that time on the wall.
 *                        12:30 stays 12:30 although the clocks change in between; 29 February, the
 *                        53rd week and the turn of the year are days like any other.
 *   without one          time that passes. "Two hours before" is 120 minutes on every day, also
 *                        across a change of the clocks; "+3d" is 72 hours.
 *
 * A wall time that a day does not have (clocks put forward, a day skipped at the date line) is the
 * instant after the gap: said late rather than never. One that it has twice is the first: said
 * once. Both are decided in core/zone.c, for the whole daemon.
 *
 * What the base is, the clock says: T the event's start, D the day the plan counts from, + the
 * trigger. An offset that waits for something to happen has no instant until it does. */
#include "sop/when.h"
#include "sop/when_parts.h"

int64_t qund_sop_day(const struct qund_zone *z, int64_t at, struct qund_civil *w)
{
    struct qund_civil own;

    if (!w)
        w = &own;
    qund_zone_civil(z, at, w);
    return qund_days_from_civil(w->year, w->month, w->day);
}

int64_t qund_sop_at_clock(const struct qund_zone *z, int64_t day, const struct qund_civil *w)
{
    struct qund_civil on = {.hour = w->hour, .minute = w->minute, .second = w->second, .ms = w->ms};

    qund_civil_from_days(day, &on.year, &on.month, &on.day);
    return qund_zone_utc(z, &on);
}

int qund_sop_when(const struct qund_sop_clock *c, const struct qund_sop_offset *o, int64_t *out)
{
    int64_t base = 0;

    switch (o->base) {
    case QUND_SOP_AT_EVENT:
        base = c->event;
        break;
    case QUND_SOP_AT_DAY:
        base = c->day0;
        break;
    case QUND_SOP_AT_START:
        base = c->start;
        break;
    case QUND_SOP_AT_ON:
        return QUND_E_NOTFOUND;
    }
    if (o->base == QUND_SOP_AT_EVENT && c->event == 0)
        return QUND_E_NOTFOUND;
    if (o->clock_min < 0) {
        *out = base + o->ms;
    } else {
        struct qund_civil w = {.hour = o->clock_min / 60, .minute = o->clock_min % 60};

        *out = qund_sop_at_clock(c->zone, qund_sop_day(c->zone, base, NULL) + o->days, &w);
    }
    return QUND_OK;
}

bool qund_sop_work_day(const struct qund_sop_clock *c, int64_t at)
{
    struct qund_civil w;
    int64_t day = qund_sop_day(c->zone, at, &w);

    switch (qund_holidays_day(c->holidays, day)) {
    case QUND_DAY_OFF:
        return false;
    case QUND_DAY_MAKEUP:
        return true;
    case QUND_DAY_PLAIN:
        break;
    }
    return w.weekday <= 5;
}

bool qund_sop_beyond_calendar(const struct qund_sop_clock *c, int64_t at)
{
    int last = qund_holidays_last_year(c->holidays);
    struct qund_civil w;

    qund_zone_civil(c->zone, at, &w);
    return last > 0 && w.year > last;
}
