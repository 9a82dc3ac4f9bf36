/* src/sop/when_parts.h - what the files of the calendar share: local days as plain numbers. */
#ifndef QUND_SOP_WHEN_PARTS_H
#define QUND_SOP_WHEN_PARTS_H
#include "sop/when.h"

#define QUND_SOP_NO_DAY INT64_MIN

/* The local day of an instant, in days since 1970-01-01; w (may be NULL): what the clock shows. */
int64_t qund_sop_day(const struct qund_zone *z, int64_t at, struct qund_civil *w);
/* That day's instant at which the clock shows w's time of the day. */
int64_t qund_sop_at_clock(const struct qund_zone *z, int64_t day, const struct qund_civil *w);
/* The daily cap of a group on `day` of a plan whose event is on event_day (NO_DAY: none). */
int qund_sop_group_day(const struct qund_sop_caps *caps, int64_t day, int64_t event_day);
#endif
