/* hours.c - hours of the day, such as those of rest, on the clock of a zone. */
#include "config/config.h"
#include "core/zone.h"

int64_t qund_hours_until(const struct qund_hours *h, const struct qund_zone *z, int64_t now)
{
    struct qund_civil c;
    int64_t end;
    int minute;

    if (h->from_min == h->to_min)
        return now;
    qund_zone_civil(z, now, &c);
    minute = c.hour * 60 + c.minute;
    if (h->from_min < h->to_min ? minute < h->from_min || minute >= h->to_min
                                : minute < h->from_min && minute >= h->to_min)
        return now;
    c.hour = h->to_min / 60;
    c.minute = h->to_min % 60;
    c.second = c.ms = 0;
    end = qund_zone_utc(z, &c);
    if (end > now)
        return end;
    qund_zone_civil(z, qund_zone_day_start(z, now, 1), &c); /* tomorrow's */
    c.hour = h->to_min / 60;
    c.minute = h->to_min % 60;
    return qund_zone_utc(z, &c);
}
