/* test_roster.c - duty: who, when next, and how much of it lies between two instants. */
#include "crm/org.h"
#include "crm/roster.h"
#include "crm_unit.h"

enum { MIN = 60000, HOUR = 3600000 };

static const char ORG[] =
    "staff: [{id: lin}, {id: chen}, {id: zhao}, {id: night}]\n"
    "groups:\n"
    "  - {realm: wx, id: g1, type: home, tags: [精装], roles: {consultant: [lin, chen], leader: "
    "[zhao]}}\n"
    "  - {realm: wx, id: g2, type: course, roles: {consultant: [chen], leader: [zhao]}}\n"
    "  - {realm: wx, id: g3, zone: UTC, roles: {leader: [zhao]}}\n"
    "duty_hours: [{days: mon-sun, hours: \"09:00-21:00\"}]\n"
    "rosters:\n"
    "  - id: home\n"
    "    roles: [consultant]\n"
    "    groups: {type: home}\n"
    "    week:\n"
    "      - {days: mon-fri, hours: \"09:00-18:00\", staff: [lin]}\n"
    "      - {days: mon-fri, hours: \"12:00-21:00\", staff: [chen]}\n"
    "      - {days: fri, hours: \"22:00-06:00\", staff: [night]}\n"
    "    exceptions:\n"
    "      - {date: 2025-09-20, hours: \"10:00-12:00\", staff: [lin]}\n"
    "leave:\n"
    "  - {staff: lin, from: 2025-09-17, to: 2025-09-18, stand_in: chen}\n"
    "  - {staff: chen, from: 2025-09-18, to: 2025-09-18}\n";

struct duty_place {
    struct place *p;
    struct qund_zone *zone;
    struct qund_holidays *holidays;
    struct qund_roster *r;
    int64_t g1, g2, g3;
};

static int setup(void **state)
{
    struct duty_place *d = qund_alloc(sizeof(*d));
    QUND_AUTO(qund_org_free) struct qund_org *org = NULL;
    struct qund_errs errs;

    d->p = place_new(NULL);
    qund_errs_init(&errs, 5);
    if (qund_org_parse("org.yaml", qund_str(ORG), &org, &errs) < 0)
        fail_msg("%s: %s", errs.v[0].where, errs.v[0].text);
    assert_int_equal(qund_org_apply(d->p->crm, org, 1, NULL, NULL), 1);
    assert_int_equal(qund_zone_load(NULL, "Asia/Shanghai", &d->zone, NULL), 0);
    if (qund_holidays_load(QUND_SOURCE_DIR "/config/holidays/cn.yaml", &d->holidays, &errs) < 0)
        fail_msg("%s: %s", errs.v[0].where, errs.v[0].text);
    qund_errs_done(&errs);
    assert_int_equal(qund_roster_load(d->p->db, d->zone, NULL, d->holidays, &d->r, NULL), 0);
    d->g1 = group(d->p, "g1")->id;
    d->g2 = group(d->p, "g2")->id;
    d->g3 = group(d->p, "g3")->id;
    *state = d;
    return 0;
}

static int teardown(void **state)
{
    struct duty_place *d = *state;

    qund_roster_free(d->r);
    qund_holidays_free(d->holidays);
    qund_zone_free(d->zone);
    place_free(d->p);
    qund_free(d);
    return 0;
}

static int64_t at(const char *local) /* "2025-09-15T10:00" in Shanghai */
{
    char iso[40];
    int64_t ms;

    snprintf(iso, sizeof(iso), "%s:00+08:00", local);
    assert_int_equal(qund_iso_parse(qund_str(iso), &ms), 0);
    return ms;
}

/* "lin,chen" or "" at that time. */
static void on_duty(struct duty_place *d, int64_t g, const char *local, enum qund_duty_how how,
                    const char *expected)
{
    QUND_AUTO(qund_buf_done) struct qund_buf got = {0};
    struct qund_duty duty;

    qund_duty_at(d->r, g, QUND_STR("consultant"), at(local), &duty);
    for (size_t i = 0; i < duty.n; i++) {
        struct qund_stmt *st = qund_sql(d->p->db, "SELECT key FROM staff WHERE id = :id");

        qund_bind_int(st, ":id", duty.staff[i]);
        assert_int_equal(qund_step(st), 1);
        qund_buf_printf(&got, "%s%.*s", i ? "," : "", QUND_STR_ARG(qund_col_str(st, 0)));
        qund_stmt_reset(st);
    }
    qund_buf_char(&got, '\0');
    assert_string_equal(got.p, expected);
    assert_int_equal(duty.how, how);
}

static void shifts_overlap_and_end(void **state)
{
    struct duty_place *d = *state;

    on_duty(d, d->g1, "2025-09-15T08:59", QUND_DUTY_NOBODY, "");
    on_duty(d, d->g1, "2025-09-15T09:00", QUND_DUTY_SHIFT, "lin");
    on_duty(d, d->g1, "2025-09-15T13:00", QUND_DUTY_SHIFT, "lin,chen");
    on_duty(d, d->g1, "2025-09-15T18:00", QUND_DUTY_SHIFT, "chen");
    on_duty(d, d->g1, "2025-09-15T21:00", QUND_DUTY_NOBODY, "");
}

static void a_night_shift_belongs_to_the_day_it_began(void **state)
{
    struct duty_place *d = *state;

    on_duty(d, d->g1, "2025-09-19T23:00", QUND_DUTY_SHIFT, "night");
    on_duty(d, d->g1, "2025-09-20T05:59", QUND_DUTY_SHIFT, "night");
    on_duty(d, d->g1, "2025-09-20T06:00", QUND_DUTY_NOBODY, "");
    on_duty(d, d->g1, "2025-09-21T05:00", QUND_DUTY_NOBODY, "");
}

static void an_exception_replaces_the_day(void **state)
{
    struct duty_place *d = *state;

    on_duty(d, d->g1, "2025-09-20T11:00", QUND_DUTY_SHIFT, "lin"); /* a Saturday */
    on_duty(d, d->g1, "2025-09-20T13:00", QUND_DUTY_NOBODY, "");
}

static void who_is_on_leave_is_stood_in_for_else_the_leader_is_named(void **state)
{
    struct duty_place *d = *state;
    struct qund_duty duty;

    on_duty(d, d->g1, "2025-09-17T10:00", QUND_DUTY_SHIFT, "chen");
    qund_duty_at(d->r, d->g1, QUND_STR("consultant"), at("2025-09-17T10:00"), &duty);
    assert_true(duty.stands_for[0] != 0);
    on_duty(d, d->g1, "2025-09-18T10:00", QUND_DUTY_ON_CALL, "zhao");
}

static void holidays_close_and_make_up_days_open(void **state)
{
    struct duty_place *d = *state;

    on_duty(d, d->g1, "2025-09-28T10:00", QUND_DUTY_SHIFT, "lin"); /* a Sunday that is worked */
    on_duty(d, d->g1, "2025-10-01T10:00", QUND_DUTY_NOBODY, "");
    on_duty(d, d->g1, "2025-09-27T10:00", QUND_DUTY_NOBODY, "");
    assert_int_equal(qund_holidays_last_year(d->holidays), 2026);
    assert_int_equal(qund_holidays_day(d->holidays, qund_days_from_civil(2026, 2, 16)),
                     QUND_DAY_OFF);
}

static void without_a_roster_the_holders_serve_in_duty_hours(void **state)
{
    struct duty_place *d = *state;

    on_duty(d, d->g2, "2025-09-15T20:00", QUND_DUTY_HOLDER, "chen");
    on_duty(d, d->g2, "2025-09-15T21:00", QUND_DUTY_NOBODY, "");
    assert_true(qund_duty_next(d->r, d->g2, QUND_STR("consultant"), at("2025-09-15T21:30")) ==
                at("2025-09-16T09:00"));
    assert_true(qund_duty_next(d->r, d->g1, QUND_STR("consultant"), at("2025-09-30T21:30")) ==
                at("2025-10-09T09:00")); /* after the holidays, a Thursday */
    assert_true(qund_duty_next(d->r, d->g1, QUND_STR("expert"), at("2025-09-30T21:30")) == -1);
}

static void duty_time_stands_still_at_night(void **state)
{
    struct duty_place *d = *state;

    assert_true(qund_duty_between(d->r, d->g1, at("2025-09-15T20:30"), at("2025-09-16T09:10")) ==
                40 * MIN);
    assert_true(qund_duty_between(d->r, d->g1, at("2025-09-15T22:00"), at("2025-09-16T08:00")) ==
                0);
    assert_true(qund_duty_between(d->r, d->g1, at("2025-09-15T00:00"), at("2025-09-18T00:00")) ==
                36 * HOUR);
    assert_true(qund_duty_after(d->r, d->g1, at("2025-09-15T20:30"), 40 * MIN) ==
                at("2025-09-16T09:10"));
    assert_true(qund_duty_after(d->r, d->g1, at("2025-09-15T20:30"), 30 * MIN) ==
                at("2025-09-15T21:00"));
    assert_true(qund_duty_after(d->r, d->g1, at("2025-09-30T20:50"), 30 * MIN) ==
                at("2025-10-09T09:20"));
}

static void after_and_between_agree_everywhere(void **state)
{
    struct duty_place *d = *state;
    int64_t base = at("2025-09-15T00:00");

    for (int64_t i = 0; i < 400; i++) {
        int64_t t = base + i * 61 * MIN, want = 1 + i * 7 * MIN;
        int64_t end = qund_duty_after(d->r, d->g1, t, want);

        assert_true(end > t);
        assert_true(qund_duty_between(d->r, d->g1, t, end) == want);
        assert_true(qund_duty_between(d->r, d->g1, t, end - 1) == want - 1);
    }
}

static void hours_are_those_of_the_groups_zone(void **state)
{
    struct duty_place *d = *state;

    assert_true(qund_duty_open(d->r, d->g1, at("2025-09-15T09:00")));
    assert_false(qund_duty_open(d->r, d->g3, at("2025-09-15T09:00"))); /* 01:00 in UTC */
    assert_true(qund_duty_open(d->r, d->g3, at("2025-09-15T17:00")));
    assert_true(qund_duty_open(d->r, 999, at("2025-09-15T09:00"))); /* unknown: the default zone */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(shifts_overlap_and_end),
        T(a_night_shift_belongs_to_the_day_it_began),
        T(an_exception_replaces_the_day),
        T(who_is_on_leave_is_stood_in_for_else_the_leader_is_named),
        T(holidays_close_and_make_up_days_open),
        T(without_a_roster_the_holders_serve_in_duty_hours),
        T(duty_time_stands_still_at_night),
        T(after_and_between_agree_everywhere),
        T(hours_are_those_of_the_groups_zone),
    };

    return cmocka_run_group_tests_name("roster", tests, NULL, NULL);
}
