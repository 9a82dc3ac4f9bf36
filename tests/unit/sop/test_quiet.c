/* test_quiet.c - when a post may go out: quiet hours, days off, and both at once. */
#include "when_unit.h"

static const struct qund_hours NIGHT = {22 * 60, 8 * 60};

struct place {
    struct qund_zone *z;
    struct qund_holidays *h;
    struct qund_sop_clock c;
};

static int setup(void **state)
{
    struct place *p = qund_alloc(sizeof(*p));

    p->z = zone("Asia/Shanghai");
    p->h = holidays();
    p->c = (struct qund_sop_clock){.zone = p->z, .holidays = p->h, .quiet = NIGHT};
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;

    qund_zone_free(p->z);
    qund_holidays_free(p->h);
    qund_free(p);
    return 0;
}

static void goes(const struct place *p, struct qund_sop_step s, const char *wanted,
                 enum qund_sop_moved how, const char *allowed)
{
    int64_t t = at(wanted);
    enum qund_sop_moved moved = qund_sop_allowed(&p->c, &s, &t);

    if (moved != how)
        fail_msg("%s is moved: %s", wanted, qund_sop_moved_name(moved));
    assert_instant(t, allowed);
}

static void by_day_it_goes_when_it_is_wanted(void **state)
{
    const struct qund_sop_step s = {.kind = QUND_SOP_MARKETING};

    goes(*state, s, "2025-09-15T08:00:00+08:00", QUND_SOP_MOVED_NOT, "2025-09-15T08:00:00+08:00");
    goes(*state, s, "2025-09-15T21:59:59+08:00", QUND_SOP_MOVED_NOT, "2025-09-15T21:59:59+08:00");
    /* A Saturday, and nobody asked for working days. */
    goes(*state, s, "2025-09-20T12:30:00+08:00", QUND_SOP_MOVED_NOT, "2025-09-20T12:30:00+08:00");
}

static void quiet_hours_that_run_over_midnight_end_in_the_morning(void **state)
{
    const struct qund_sop_step s = {.kind = QUND_SOP_SERVICE};

    goes(*state, s, "2025-09-15T22:00:00+08:00", QUND_SOP_MOVED_QUIET, "2025-09-16T08:00:00+08:00");
    goes(*state, s, "2025-09-15T23:59:59+08:00", QUND_SOP_MOVED_QUIET, "2025-09-16T08:00:00+08:00");
    goes(*state, s, "2025-09-16T00:00:00+08:00", QUND_SOP_MOVED_QUIET, "2025-09-16T08:00:00+08:00");
    goes(*state, s, "2025-09-16T07:59:59+08:00", QUND_SOP_MOVED_QUIET, "2025-09-16T08:00:00+08:00");
}

static void what_would_be_late_in_the_morning_is_dropped(void **state)
{
    const struct qund_sop_step s = {.kind = QUND_SOP_MARKETING, .quiet_drop = true};

    goes(*state, s, "2025-09-15T22:30:00+08:00", QUND_SOP_DROPPED_QUIET,
         "2025-09-15T22:30:00+08:00");
    goes(*state, s, "2025-09-15T21:30:00+08:00", QUND_SOP_MOVED_NOT, "2025-09-15T21:30:00+08:00");
}

static void safety_waits_for_nothing(void **state)
{
    const struct qund_sop_step s = {.kind = QUND_SOP_SAFETY, .quiet_drop = true, .work_days = true};

    goes(*state, s, "2025-10-03T03:00:00+08:00", QUND_SOP_MOVED_NOT, "2025-10-03T03:00:00+08:00");
}

static void without_quiet_hours_nothing_is_quiet(void **state)
{
    struct place *p = *state;
    const struct qund_sop_step s = {.kind = QUND_SOP_MARKETING, .quiet_drop = true};

    p->c.quiet = (struct qund_hours){0, 0};
    goes(p, s, "2025-09-15T03:00:00+08:00", QUND_SOP_MOVED_NOT, "2025-09-15T03:00:00+08:00");
    p->c.quiet = NIGHT;
}

static void a_day_off_moves_to_the_same_time_of_a_working_day(void **state)
{
    const struct qund_sop_step s = {.kind = QUND_SOP_MARKETING, .work_days = true};

    /* Saturday to Monday */
    goes(*state, s, "2025-09-20T12:30:00+08:00", QUND_SOP_MOVED_DAY_OFF,
         "2025-09-22T12:30:00+08:00");
    /* A make-up Sunday is worked, and a Saturday goes no further than to it. */
    goes(*state, s, "2025-09-28T12:30:00+08:00", QUND_SOP_MOVED_NOT, "2025-09-28T12:30:00+08:00");
    goes(*state, s, "2025-09-27T12:30:00+08:00", QUND_SOP_MOVED_DAY_OFF,
         "2025-09-28T12:30:00+08:00");
    /* National Day and Mid-Autumn: eight days */
    goes(*state, s, "2025-10-01T19:30:00+08:00", QUND_SOP_MOVED_DAY_OFF,
         "2025-10-09T19:30:00+08:00");
    /* Spring Festival 2026: 15 to 23 February, a Sunday to a Monday */
    goes(*state, s, "2026-02-15T10:00:00+08:00", QUND_SOP_MOVED_DAY_OFF,
         "2026-02-24T10:00:00+08:00");
}

static void behind_the_quiet_hours_may_lie_a_day_off(void **state)
{
    const struct qund_sop_step s = {.kind = QUND_SOP_MARKETING, .work_days = true};

    /* Friday night, then Saturday 08:00, then Monday 08:00 */
    goes(*state, s, "2025-09-19T23:00:00+08:00", QUND_SOP_MOVED_DAY_OFF,
         "2025-09-22T08:00:00+08:00");
    goes(*state, s, "2025-09-20T23:00:00+08:00", QUND_SOP_MOVED_DAY_OFF,
         "2025-09-22T08:00:00+08:00");
    /* Sunday night ends on a working day. */
    goes(*state, s, "2025-09-21T23:00:00+08:00", QUND_SOP_MOVED_QUIET, "2025-09-22T08:00:00+08:00");
    /* Into the holiday: 30 September, night */
    goes(*state, s, "2025-09-30T22:00:00+08:00", QUND_SOP_MOVED_DAY_OFF,
         "2025-10-09T08:00:00+08:00");
}

static void dropped_goes_before_moved(void **state)
{
    const struct qund_sop_step s = {
        .kind = QUND_SOP_MARKETING, .work_days = true, .quiet_drop = true};

    goes(*state, s, "2025-09-20T23:00:00+08:00", QUND_SOP_DROPPED_QUIET,
         "2025-09-20T23:00:00+08:00");
    goes(*state, s, "2025-09-20T13:00:00+08:00", QUND_SOP_MOVED_DAY_OFF,
         "2025-09-22T13:00:00+08:00");
}

static void a_calendar_without_working_days_holds_nothing_up(void **state)
{
    const struct qund_sop_step s = {.kind = QUND_SOP_MARKETING, .work_days = true};
    struct place *p = *state;
    struct qund_holidays *all_off = NULL;
    struct qund_errs errs;

    qund_errs_init(&errs, 5);
    assert_int_equal(qund_holidays_parse("x",
                                         QUND_STR("years: {2025: {off: [2025-01-01..2025-12-31]}}"),
                                         &all_off, &errs),
                     0);
    qund_errs_done(&errs);
    p->c.holidays = all_off;
    goes(p, s, "2025-03-03T23:00:00+08:00", QUND_SOP_MOVED_QUIET, "2025-03-04T08:00:00+08:00");
    goes(p, s, "2025-03-03T12:00:00+08:00", QUND_SOP_MOVED_NOT, "2025-03-03T12:00:00+08:00");
    /* Its end is within reach: 1 January 2026, a Thursday nobody called off. */
    goes(p, s, "2025-12-10T12:00:00+08:00", QUND_SOP_MOVED_DAY_OFF, "2026-01-01T12:00:00+08:00");
    p->c.holidays = p->h;
    qund_holidays_free(all_off);
}

static void a_day_that_was_skipped_is_passed_over(void **state)
{
    const struct qund_sop_step s = {.kind = QUND_SOP_MARKETING, .work_days = true};
    QUND_AUTO(qund_zone_free) struct qund_zone *apia = zone("Pacific/Apia");
    struct qund_holidays *h = NULL;
    struct qund_errs errs;
    struct place p;

    (void)state;
    qund_errs_init(&errs, 5);
    /* Thursday off; Friday, 30 December did not happen; Saturday worked. */
    assert_int_equal(
        qund_holidays_parse(
            "x", QUND_STR("years: {2011: {off: [2011-12-29], work: [2011-12-30, 2011-12-31]}}"), &h,
            &errs),
        0);
    qund_errs_done(&errs);
    p.c = (struct qund_sop_clock){.zone = apia, .holidays = h, .quiet = NIGHT};
    goes(&p, s, "2011-12-29T12:30:00-10:00", QUND_SOP_MOVED_DAY_OFF, "2011-12-31T12:30:00+14:00");
    qund_holidays_free(h);
}

static void a_gap_on_the_day_it_is_moved_to_may_end_in_quiet_hours(void **state)
{
    const struct qund_sop_step s = {.kind = QUND_SOP_MARKETING, .work_days = true};
    QUND_AUTO(qund_zone_free) struct qund_zone *ny = zone("America/New_York");
    struct qund_holidays *h = NULL;
    struct qund_errs errs;
    struct place p;

    (void)state; /* Sunday, 9 March 2025, worked: 02:00 becomes 03:00, and there it is quiet */
    qund_errs_init(&errs, 5);
    assert_int_equal(
        qund_holidays_parse("x", QUND_STR("years: {2025: {work: [2025-03-09]}}"), &h, &errs), 0);
    qund_errs_done(&errs);
    p.c = (struct qund_sop_clock){.zone = ny, .holidays = h, .quiet = {180, 480}};
    goes(&p, s, "2025-03-08T02:15:00-05:00", QUND_SOP_MOVED_DAY_OFF, "2025-03-09T08:00:00-04:00");
    qund_holidays_free(h);
}

static void clocks_put_back_into_quiet_hours_cost_an_hour_not_a_day(void **state)
{
    const struct qund_sop_step s = {.kind = QUND_SOP_MARKETING};
    QUND_AUTO(qund_zone_free) struct qund_zone *ny = zone("America/New_York");
    struct place p = {.c = {.zone = ny, .quiet = {22 * 60, 90}}};

    (void)state; /* 2025-11-02: 02:00 EDT becomes 01:00 EST, quiet until 01:30 */
    goes(&p, s, "2025-11-02T00:10:00-04:00", QUND_SOP_MOVED_QUIET, "2025-11-02T01:30:00-04:00");
    goes(&p, s, "2025-11-02T01:40:00-04:00", QUND_SOP_MOVED_NOT, "2025-11-02T01:40:00-04:00");
    goes(&p, s, "2025-11-02T01:10:00-05:00", QUND_SOP_MOVED_QUIET, "2025-11-02T01:30:00-05:00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_day_it_goes_when_it_is_wanted),
        cmocka_unit_test(quiet_hours_that_run_over_midnight_end_in_the_morning),
        cmocka_unit_test(what_would_be_late_in_the_morning_is_dropped),
        cmocka_unit_test(safety_waits_for_nothing),
        cmocka_unit_test(without_quiet_hours_nothing_is_quiet),
        cmocka_unit_test(a_day_off_moves_to_the_same_time_of_a_working_day),
        cmocka_unit_test(behind_the_quiet_hours_may_lie_a_day_off),
        cmocka_unit_test(dropped_goes_before_moved),
        cmocka_unit_test(a_calendar_without_working_days_holds_nothing_up),
        cmocka_unit_test(a_day_that_was_skipped_is_passed_over),
        cmocka_unit_test(a_gap_on_the_day_it_is_moved_to_may_end_in_quiet_hours),
        cmocka_unit_test(clocks_put_back_into_quiet_hours_cost_an_hour_not_a_day),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
