/* zone_internal.h - a zone's inside, between its reader (tzif.c) and its arithmetic (zone.c). */
#ifndef QUND_CORE_ZONE_INTERNAL_H
#define QUND_CORE_ZONE_INTERNAL_H
#include "core/zone.h"

/* "M3.2.0/2", "J60", "59": the day and second of a year at which a rule takes effect. */
struct zone_rule {
    char kind; /* M, J, or 0 for a zero-based day */
    int month, week, day;
    int at_s; /* local seconds of that day; may be negative or beyond it */
};

/* The POSIX footer: what holds after the last transition. */
struct zone_footer {
    bool present, has_dst;
    int std_s, dst_s; /* east of UTC */
    struct zone_rule to_dst, to_std;
};

struct qund_zone {
    char name[64];
    size_t n;        /* transitions */
    int64_t *at;     /* UTC seconds, rising */
    int32_t *offset; /* from at[i] on */
    int32_t first;   /* before at[0] */
    struct zone_footer footer;
};

/* Reads the whole string; INVAL otherwise. */
QUND_CHECK int qund_zone_footer(struct qund_str s, struct zone_footer *out);
#endif
