/* test_when.c - offsets to instants, against a table that was made without this program. */
#include "core/file.h"
#include "when_unit.h"

enum { ROWS = 500, COLUMNS = 9 };

/* The row's offset from its parts; its text must say the same. */
static struct qund_sop_offset offset_of(const struct qund_str *col)
{
    struct qund_sop_offset o = {.base = QUND_SOP_AT_START, .clock_min = -1}, read;
    struct qund_err err = {0};
    int64_t days, h, m;

    if (col[2].p[0] != '+')
        o.base = col[2].p[0] == 'T' ? QUND_SOP_AT_EVENT : QUND_SOP_AT_DAY;
    assert_int_equal(qund_str_int(col[3], &days), 0);
    o.days = (int)days;
    if (col[4].n == 5) {
        assert_int_equal(qund_str_int(qund_str_n(col[4].p, 2), &h), 0);
        assert_int_equal(qund_str_int(qund_str_n(col[4].p + 3, 2), &m), 0);
        o.clock_min = (int)(h * 60 + m);
    }
    assert_int_equal(qund_str_int(col[5], &o.ms), 0);
    if (qund_sop_offset_parse(col[2], &read, &err) < 0)
        fail_msg("%s", err.text);
    if (read.base != o.base || read.days != o.days || read.clock_min != o.clock_min ||
        read.ms != o.ms)
        fail_msg("%.*s is read as something else", QUND_STR_ARG(col[2]));
    return o;
}

static int64_t instant(struct qund_str s)
{
    int64_t ms;

    assert_int_equal(qund_iso_parse(s, &ms), 0);
    return ms;
}

static void same(int line, const char *what, int64_t got, struct qund_str want)
{
    char is[25];

    qund_iso_print(got, is);
    if (got != instant(want))
        fail_msg("when-golden.tsv:%d: %s is %s instead of %.*s", line, what, is,
                 QUND_STR_ARG(want));
}

static void check_row(int line, struct qund_str row, const struct qund_holidays *days_off)
{
    struct qund_sop_step step = {.kind = QUND_SOP_SERVICE};
    struct qund_sop_clock c = {.holidays = days_off, .quiet = {22 * 60, 8 * 60}};
    QUND_AUTO(qund_zone_free) struct qund_zone *z = NULL;
    struct qund_str col[COLUMNS];
    struct qund_sop_offset o;
    char name[64];
    int64_t t;

    for (int i = 0; i < COLUMNS; i++) {
        assert_non_null(row.p);
        col[i] = qund_str_split(&row, '\t');
    }
    snprintf(name, sizeof(name), "%.*s", QUND_STR_ARG(col[0]));
    c.zone = z = zone(name);
    c.start = c.event = c.day0 = instant(col[1]);
    o = offset_of(col);
    assert_int_equal(qund_sop_when(&c, &o, &t), 0);
    same(line, "wanted", t, col[6]);
    assert_int_not_equal(qund_sop_allowed(&c, &step, &t), QUND_SOP_DROPPED_QUIET);
    same(line, "behind quiet hours", t, col[7]);
    step.work_days = true;
    t = instant(col[6]);
    assert_int_not_equal(qund_sop_allowed(&c, &step, &t), QUND_SOP_DROPPED_QUIET);
    same(line, "on a working day", t, col[8]);
}

static void five_hundred_instants_are_what_another_program_says(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    QUND_AUTO(qund_holidays_free) struct qund_holidays *days_off = holidays();
    struct qund_str rest;
    int line = 0, rows = 0;

    (void)state;
    assert_int_equal(qund_file_read(QUND_TEST_DATA "/when-golden.tsv", 1 << 20, &text, NULL), 0);
    rest = qund_buf_view(&text);
    while (rest.p && rest.n > 0) {
        struct qund_str row = qund_str_split(&rest, '\n');

        line++;
        if (row.n == 0 || row.p[0] == '#')
            continue;
        check_row(line, row, days_off);
        rows++;
    }
    assert_int_equal(rows, ROWS);
}

static void what_has_no_base_has_no_instant(void **state)
{
    QUND_AUTO(qund_zone_free) struct qund_zone *z = zone("Asia/Shanghai");
    struct qund_sop_clock c = {.zone = z, .start = at("2025-09-15T10:00:00+08:00")};
    struct qund_sop_offset o = {.base = QUND_SOP_AT_ON, .clock_min = -1};
    int64_t t = 7;

    (void)state;
    assert_int_equal(qund_sop_when(&c, &o, &t), QUND_E_NOTFOUND);
    o.base = QUND_SOP_AT_EVENT;
    assert_int_equal(qund_sop_when(&c, &o, &t), QUND_E_NOTFOUND);
    assert_int_equal(t, 7);
    c.event = at("2025-10-01T14:00:00+08:00");
    o.ms = -2 * QUND_HOUR_MS;
    assert_int_equal(qund_sop_when(&c, &o, &t), 0);
    assert_instant(t, "2025-10-01T12:00:00+08:00");
}

static void each_base_is_its_own(void **state)
{
    QUND_AUTO(qund_zone_free) struct qund_zone *z = zone("Asia/Shanghai");
    struct qund_sop_clock c = {.zone = z,
                               .start = at("2025-09-15T23:50:00+08:00"),
                               .event = at("2025-10-01T14:00:00+08:00"),
                               .day0 = at("2025-09-20T00:00:00+08:00")};
    struct qund_sop_offset o = {.base = QUND_SOP_AT_START, .days = 1, .clock_min = 10 * 60};
    int64_t t;

    (void)state;
    assert_int_equal(qund_sop_when(&c, &o, &t), 0);
    assert_instant(t, "2025-09-16T10:00:00+08:00");
    o.base = QUND_SOP_AT_DAY;
    assert_int_equal(qund_sop_when(&c, &o, &t), 0);
    assert_instant(t, "2025-09-21T10:00:00+08:00");
    o.base = QUND_SOP_AT_EVENT;
    assert_int_equal(qund_sop_when(&c, &o, &t), 0);
    assert_instant(t, "2025-10-02T10:00:00+08:00");
}

static void days_are_those_of_the_group_not_of_utc(void **state)
{
    QUND_AUTO(qund_zone_free) struct qund_zone *ny = zone("America/New_York");
    struct qund_sop_clock c = {.zone = ny,
                               .event = at("2025-09-15T01:00:00Z")}; /* still the 14th */
    struct qund_sop_offset o = {.base = QUND_SOP_AT_EVENT, .clock_min = 8 * 60};
    int64_t t;

    (void)state;
    assert_int_equal(qund_sop_when(&c, &o, &t), 0);
    assert_instant(t, "2025-09-14T08:00:00-04:00");
}

static void working_days_follow_the_calendar_not_the_week(void **state)
{
    static const struct {
        const char *day;
        bool worked, plainly;
    } DAYS[] = {
        {"2025-09-26T12:00:00+08:00", true, true},   /* Friday */
        {"2025-09-27T12:00:00+08:00", false, false}, /* Saturday */
        {"2025-09-28T00:00:00+08:00", true, false},  /* make-up Sunday, its first instant */
        {"2025-09-28T23:59:59+08:00", true, false},  /* and its last */
        {"2025-10-01T12:00:00+08:00", false, true},  /* National Day, a Wednesday */
        {"2025-10-08T12:00:00+08:00", false, true},  {"2025-10-09T12:00:00+08:00", true, true},
        {"2025-10-11T12:00:00+08:00", true, false}, /* make-up Saturday */
    };
    QUND_AUTO(qund_zone_free) struct qund_zone *z = zone("Asia/Shanghai");
    QUND_AUTO(qund_holidays_free) struct qund_holidays *h = holidays();
    struct qund_sop_clock with = {.zone = z, .holidays = h}, without = {.zone = z};

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(DAYS); i++) {
        if (qund_sop_work_day(&with, at(DAYS[i].day)) != DAYS[i].worked ||
            qund_sop_work_day(&without, at(DAYS[i].day)) != DAYS[i].plainly)
            fail_msg("%s", DAYS[i].day);
    }
}

static void a_year_the_calendar_does_not_know_is_told(void **state)
{
    QUND_AUTO(qund_zone_free) struct qund_zone *z = zone("Asia/Shanghai");
    QUND_AUTO(qund_holidays_free) struct qund_holidays *h = NULL;
    struct qund_sop_clock c = {.zone = z};
    struct qund_errs errs;

    (void)state;
    qund_errs_init(&errs, 5);
    assert_int_equal(
        qund_holidays_parse("x", QUND_STR("years: {2026: {off: [2026-01-01]}}"), &h, &errs), 0);
    qund_errs_done(&errs);
    assert_false(
        qund_sop_beyond_calendar(&c, at("2027-01-01T00:00:00+08:00"))); /* none: no warning */
    c.holidays = h;
    assert_false(qund_sop_beyond_calendar(&c, at("2026-12-31T23:59:59+08:00")));
    assert_true(qund_sop_beyond_calendar(&c, at("2027-01-01T00:00:00+08:00"))); /* 2026 in UTC */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_hundred_instants_are_what_another_program_says),
        cmocka_unit_test(what_has_no_base_has_no_instant),
        cmocka_unit_test(each_base_is_its_own),
        cmocka_unit_test(days_are_those_of_the_group_not_of_utc),
        cmocka_unit_test(working_days_follow_the_calendar_not_the_week),
        cmocka_unit_test(a_year_the_calendar_does_not_know_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
