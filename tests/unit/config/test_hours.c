/* test_hours.c - hours of the day: over midnight, and on the days when the clocks are changed. */
#include "config/config.h"
#include "core/zone.h"
#include "unit.h"

static int64_t at(const char *iso)
{
    int64_t ms;

    assert_int_equal(qund_iso_parse(qund_str(iso), &ms), 0);
    return ms;
}

static void until(const char *name, int from_min, int to_min, const char *now, const char *end)
{
    const struct qund_hours h = {from_min, to_min};
    QUND_AUTO(qund_zone_free) struct qund_zone *z = NULL;
    int64_t got;
    char out[26];

    assert_int_equal(qund_zone_load(NULL, name, &z, NULL), 0);
    got = qund_hours_until(&h, z, at(now));
    qund_iso_print_zone(z, got, out);
    if (got != at(end))
        fail_msg("%s, %s: %s instead of %s", name, now, out, end);
}

static void hours_by_day_end_on_that_day(void **state)
{
    (void)state;
    until("Asia/Shanghai", 720, 840, "2025-09-15T11:59:59+08:00", "2025-09-15T11:59:59+08:00");
    until("Asia/Shanghai", 720, 840, "2025-09-15T12:00:00+08:00", "2025-09-15T14:00:00+08:00");
    until("Asia/Shanghai", 720, 840, "2025-09-15T14:00:00+08:00", "2025-09-15T14:00:00+08:00");
    until("Asia/Shanghai", 720, 720, "2025-09-15T12:00:00+08:00", "2025-09-15T12:00:00+08:00");
}

static void hours_over_midnight_end_in_the_morning(void **state)
{
    (void)state;
    until("Asia/Shanghai", 1320, 480, "2025-12-31T22:00:00+08:00", "2026-01-01T08:00:00+08:00");
    until("Asia/Shanghai", 1320, 480, "2025-12-31T07:59:59+08:00", "2025-12-31T08:00:00+08:00");
    until("Asia/Shanghai", 1320, 0, "2025-12-31T22:00:00+08:00", "2026-01-01T00:00:00+08:00");
    until("Asia/Shanghai", 1320, 0, "2026-01-01T00:00:00+08:00", "2026-01-01T00:00:00+08:00");
}

static void clocks_put_forward_may_end_them(void **state)
{
    (void)state; /* 2025-03-09, New York: 02:00 becomes 03:00 */
    until("America/New_York", 90, 150, "2025-03-09T01:45:00-05:00", "2025-03-09T03:00:00-04:00");
    until("America/New_York", 1320, 480, "2025-03-08T23:00:00-05:00", "2025-03-09T08:00:00-04:00");
    until("America/New_York", 120, 180, "2025-03-09T01:59:59-05:00", "2025-03-09T01:59:59-05:00");
    /* A day that does not happen is slept through. */
    until("Pacific/Apia", 1320, 480, "2011-12-29T23:00:00-10:00", "2011-12-31T08:00:00+14:00");
}

static void clocks_put_back_into_them_cost_an_hour_not_a_day(void **state)
{
    (void)state; /* 2025-11-02, New York: 02:00 becomes 01:00 */
    until("America/New_York", 1320, 90, "2025-11-02T01:10:00-05:00", "2025-11-02T01:30:00-05:00");
    until("America/New_York", 1320, 90, "2025-11-02T01:29:00-04:00", "2025-11-02T01:30:00-04:00");
    until("America/New_York", 1320, 480, "2025-11-01T23:00:00-04:00", "2025-11-02T08:00:00-05:00");
    until("America/New_York", 60, 120, "2025-11-02T01:59:00-04:00", "2025-11-02T02:00:00-05:00");
    /* Out of them, too: 01:30-03:00 does not hold at the second 01:00. */
    until("America/New_York", 90, 180, "2025-11-02T01:45:00-04:00", "2025-11-02T01:00:00-05:00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hours_by_day_end_on_that_day),
        cmocka_unit_test(hours_over_midnight_end_in_the_morning),
        cmocka_unit_test(clocks_put_forward_may_end_them),
        cmocka_unit_test(clocks_put_back_into_them_cost_an_hour_not_a_day),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
