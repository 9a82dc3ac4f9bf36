/* src/core/zone.h - time zones read from TZif files (RFC 8536 v1-v3 with the POSIX footer);
 * setenv("TZ") is never used. ISO 8601 in and out. */
#ifndef QUND_CORE_ZONE_H
#define QUND_CORE_ZONE_H
#include "core/err.h"

struct qund_zone; /* immutable once loaded */
/* name: "Asia/Shanghai", "UTC"; looked up below dir (NULL: /usr/share/zoneinfo). "../" is refused.
 * "UTC" and "Asia/Shanghai" also work without any file (built in). */
QUND_CHECK int qund_zone_load(const char *dir, const char *name, struct qund_zone **out,
                              struct qund_err *err);
QUND_CHECK int qund_zone_parse(const void *bytes, size_t n, struct qund_zone **out,
                               struct qund_err *err);
struct qund_zone *qund_zone_free(struct qund_zone *z); /* returns NULL */
QUND_DEFINE_AUTO(qund_zone_free, struct qund_zone *)
const char *qund_zone_name(const struct qund_zone *z);

struct qund_civil {
    int year, month, day; /* 2025, 1-12, 1-31 */
    int hour, minute, second, ms;
    int weekday;  /* 1 Monday … 7 Sunday */
    int offset_s; /* east of UTC */
};
void qund_zone_civil(const struct qund_zone *z, int64_t utc_ms, struct qund_civil *out);
/* A wall time in a gap maps to the instant after it, in a fold to the first. */
int64_t qund_zone_utc(const struct qund_zone *z, const struct qund_civil *c);
/* Start of the local day / hour that holds utc_ms; `add` whole days later or earlier. */
int64_t qund_zone_day_start(const struct qund_zone *z, int64_t utc_ms, int add);
int64_t qund_zone_hour_start(const struct qund_zone *z, int64_t utc_ms);
/* Days since 1970-01-01 of a civil date, and back (proleptic Gregorian). */
int64_t qund_days_from_civil(int y, int m, int d);
void qund_civil_from_days(int64_t days, int *y, int *m, int *d);

/* ISO 8601: "2025-09-15T08:32:44+08:00", "…Z", fraction up to ns, "+0800"; an offset is required.
 * INVAL on anything else, on impossible dates and outside 1970..9999. */
QUND_CHECK int qund_iso_parse(struct qund_str s, int64_t *out_ms);
/* "2025-09-15T00:32:44.000Z"; out needs 25 bytes. */
void qund_iso_print(int64_t utc_ms, char out[25]);
/* With the zone's offset, without ms: "2025-09-15T08:32:44+08:00" (26 bytes). */
void qund_iso_print_zone(const struct qund_zone *z, int64_t utc_ms, char out[26]);
#endif
