/* tests/unit/sop/when_unit.h - a calendar to try steps on: zone, days off, quiet hours. */
#ifndef QUND_TEST_WHEN_UNIT_H
#define QUND_TEST_WHEN_UNIT_H
#include "sop/when.h"
#include "unit.h"

static inline int64_t at(const char *iso) /* "2025-09-15T10:00:00+08:00" */
{
    int64_t ms;

    if (qund_iso_parse(qund_str(iso), &ms) < 0)
        fail_msg("no instant: %s", iso);
    return ms;
}

static inline struct qund_zone *zone(const char *name)
{
    struct qund_zone *z = NULL;
    struct qund_err err = {0};

    if (qund_zone_load(NULL, name, &z, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    return z;
}

/* The shipped calendar. */
static inline struct qund_holidays *holidays(void)
{
    struct qund_holidays *h = NULL;
    struct qund_errs errs;

    qund_errs_init(&errs, 5);
    if (qund_holidays_load(QUND_SOURCE_DIR "/config/holidays/cn.yaml", &h, &errs) < 0)
        fail_msg("%s: %s", errs.v[0].where, errs.v[0].text);
    qund_errs_done(&errs);
    return h;
}

/* In a message both are read more easily than numbers. */
#define assert_instant(got, iso_want)                               \
    do {                                                            \
        char got_[25];                                              \
        int64_t is_ = (got), want_ = at(iso_want);                  \
        qund_iso_print(is_, got_);                                  \
        if (is_ != want_)                                           \
            fail_msg("%s: %s instead of %s", #got, got_, iso_want); \
    } while (0)
#endif
