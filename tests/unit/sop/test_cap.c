/* test_cap.c - caps: what each counts, over which span, and which one is named. */
#include "when_unit.h"

static const struct qund_sop_caps CAPS = {
    .group_day = 2, .group_day_last = 3, .group_month = 4, .contact_week = 1, .sender_day = 5};
#define NOON "2025-09-15T12:00:00+08:00"

struct place {
    struct qund_zone *z;
    struct qund_sop_clock c;
};

static int setup(void **state)
{
    struct place *p = qund_alloc(sizeof(*p));

    p->z = zone("Asia/Shanghai");
    p->c = (struct qund_sop_clock){.zone = p->z};
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;

    qund_zone_free(p->z);
    qund_free(p);
    return 0;
}

static enum qund_sop_cap capped(const struct place *p, enum qund_sop_kind kind,
                                enum qund_sop_channel ch, const char *when,
                                struct qund_sop_load had)
{
    struct qund_sop_step s = {.kind = kind, .say = {.channel = ch}};

    return qund_sop_capped(&CAPS, &p->c, &s, at(when), &had);
}

static void a_group_bears_two_posts_a_day(void **state)
{
    assert_int_equal(capped(*state, QUND_SOP_MARKETING, QUND_SOP_CH_GROUP, NOON,
                            (struct qund_sop_load){.group_day = 1}),
                     QUND_SOP_CAP_NONE);
    assert_int_equal(capped(*state, QUND_SOP_MARKETING, QUND_SOP_CH_GROUP, NOON,
                            (struct qund_sop_load){.group_day = 2}),
                     QUND_SOP_CAP_GROUP_DAY);
    assert_int_equal(capped(*state, QUND_SOP_MARKETING, QUND_SOP_CH_NOTICE, NOON,
                            (struct qund_sop_load){.group_day = 2}),
                     QUND_SOP_CAP_GROUP_DAY);
}

static void three_before_an_event_and_on_its_day(void **state)
{
    static const struct {
        const char *when;
        bool third;
    } DAYS[] = {
        {"2025-09-12T23:59:59+08:00", false}, {"2025-09-13T00:00:00+08:00", true},
        {"2025-09-14T23:59:59+08:00", true},  {"2025-09-15T09:00:00+08:00", true},
        {"2025-09-15T23:59:59+08:00", true},  {"2025-09-16T00:00:00+08:00", false},
    };
    struct place *p = *state;

    p->c.event = at("2025-09-15T14:00:00+08:00");
    for (size_t i = 0; i < QUND_ARRAY_LEN(DAYS); i++) {
        enum qund_sop_cap two = capped(p, QUND_SOP_MARKETING, QUND_SOP_CH_GROUP, DAYS[i].when,
                                       (struct qund_sop_load){.group_day = 2});
        enum qund_sop_cap three = capped(p, QUND_SOP_MARKETING, QUND_SOP_CH_GROUP, DAYS[i].when,
                                         (struct qund_sop_load){.group_day = 3});

        if (two != (DAYS[i].third ? QUND_SOP_CAP_NONE : QUND_SOP_CAP_GROUP_DAY) ||
            three != QUND_SOP_CAP_GROUP_DAY)
            fail_msg("%s", DAYS[i].when);
    }
    p->c.event = 0;
}

static void only_marketing_is_capped(void **state)
{
    const struct qund_sop_load all = {9, 9, 9, 9};

    assert_int_equal(capped(*state, QUND_SOP_SERVICE, QUND_SOP_CH_GROUP, NOON, all),
                     QUND_SOP_CAP_NONE);
    assert_int_equal(capped(*state, QUND_SOP_SAFETY, QUND_SOP_CH_ONE_TO_ONE, NOON, all),
                     QUND_SOP_CAP_NONE);
    assert_int_equal(capped(*state, QUND_SOP_MARKETING, QUND_SOP_CH_STAFF_TASK, NOON, all),
                     QUND_SOP_CAP_NONE);
}

static void a_channel_asks_the_caps_of_whom_it_reaches(void **state)
{
    const struct qund_sop_load group = {.group_day = 9, .group_month = 9},
                               person = {.contact_week = 1};

    assert_int_equal(capped(*state, QUND_SOP_MARKETING, QUND_SOP_CH_ONE_TO_ONE, NOON, group),
                     QUND_SOP_CAP_NONE);
    assert_int_equal(capped(*state, QUND_SOP_MARKETING, QUND_SOP_CH_SMS, NOON, person),
                     QUND_SOP_CAP_CONTACT_WEEK);
    assert_int_equal(capped(*state, QUND_SOP_MARKETING, QUND_SOP_CH_GROUP, NOON, person),
                     QUND_SOP_CAP_NONE);
    assert_int_equal(capped(*state, QUND_SOP_MARKETING, QUND_SOP_CH_FORM, NOON, person),
                     QUND_SOP_CAP_CONTACT_WEEK);
}

static void of_several_the_one_that_holds_longest_is_named(void **state)
{
    assert_int_equal(capped(*state, QUND_SOP_MARKETING, QUND_SOP_CH_GROUP, NOON,
                            (struct qund_sop_load){2, 4, 0, 5}),
                     QUND_SOP_CAP_GROUP_MONTH);
    assert_int_equal(capped(*state, QUND_SOP_MARKETING, QUND_SOP_CH_GROUP, NOON,
                            (struct qund_sop_load){2, 3, 0, 5}),
                     QUND_SOP_CAP_GROUP_DAY);
    assert_int_equal(capped(*state, QUND_SOP_MARKETING, QUND_SOP_CH_GROUP, NOON,
                            (struct qund_sop_load){1, 3, 0, 5}),
                     QUND_SOP_CAP_SENDER_DAY);
    assert_string_equal(qund_sop_cap_name(QUND_SOP_CAP_SENDER_DAY), "sender_day");
}

static void the_presets_are_those_of_the_playbooks(void **state)
{
    struct qund_config *config = NULL;
    struct qund_sop_caps caps;
    struct qund_errs errs;

    (void)state;
    qund_errs_init(&errs, 5);
    assert_int_equal(qund_config_load(NULL, &config, &errs), 0);
    qund_sop_caps_from(config, &caps);
    qund_config_unref(config);
    qund_errs_done(&errs);
    assert_int_equal(caps.group_day, 2);
    assert_int_equal(caps.group_day_last, 3);
    assert_int_equal(caps.group_month, 0);
    assert_int_equal(caps.contact_week, 1);
    assert_int_equal(caps.sender_day, 0);
}

static void nothing_holds_without_caps(void **state)
{
    const struct qund_sop_caps none = {0};
    const struct qund_sop_load all = {99, 99, 99, 99};
    const struct place *p = *state;
    struct qund_sop_step s = {.kind = QUND_SOP_MARKETING};

    for (int ch = QUND_SOP_CH_GROUP; ch <= QUND_SOP_CH_FORM; ch++) {
        s.say.channel = (enum qund_sop_channel)ch;
        assert_int_equal(qund_sop_capped(&none, &p->c, &s, at(NOON), &all), QUND_SOP_CAP_NONE);
    }
}

static void spans(const struct place *p, enum qund_sop_cap cap, const char *when, const char *from,
                  const char *to)
{
    int64_t a, b;

    qund_sop_cap_span(&p->c, cap, at(when), &a, &b);
    assert_instant(a, from);
    assert_instant(b, to);
}

static void spans_are_local_days_weeks_and_months(void **state)
{
    QUND_AUTO(qund_zone_free) struct qund_zone *ny = zone("America/New_York");
    const struct place away = {.c = {.zone = ny}};

    spans(*state, QUND_SOP_CAP_GROUP_DAY, NOON, "2025-09-15T00:00:00+08:00",
          "2025-09-16T00:00:00+08:00");
    spans(*state, QUND_SOP_CAP_SENDER_DAY, "2025-09-15T00:00:00+08:00", "2025-09-15T00:00:00+08:00",
          "2025-09-16T00:00:00+08:00");
    /* So that "each Monday" fits: the Monday before is not in it. */
    spans(*state, QUND_SOP_CAP_CONTACT_WEEK, NOON, "2025-09-09T00:00:00+08:00",
          "2025-09-16T00:00:00+08:00");
    spans(*state, QUND_SOP_CAP_GROUP_MONTH, "2025-12-31T23:59:59+08:00",
          "2025-12-01T00:00:00+08:00", "2026-01-01T00:00:00+08:00");
    spans(*state, QUND_SOP_CAP_GROUP_MONTH, "2024-02-29T12:00:00+08:00",
          "2024-02-01T00:00:00+08:00", "2024-03-01T00:00:00+08:00");
    spans(*state, QUND_SOP_CAP_NONE, NOON, NOON, NOON);
    /* The day on which the clocks are put back has 25 hours; the week and month, one more. */
    spans(&away, QUND_SOP_CAP_GROUP_DAY, "2025-11-02T12:00:00-05:00", "2025-11-02T00:00:00-04:00",
          "2025-11-03T00:00:00-05:00");
    spans(&away, QUND_SOP_CAP_CONTACT_WEEK, "2025-11-05T12:00:00-05:00",
          "2025-10-30T00:00:00-04:00", "2025-11-06T00:00:00-05:00");
    spans(&away, QUND_SOP_CAP_GROUP_MONTH, "2025-11-05T12:00:00-05:00", "2025-11-01T00:00:00-04:00",
          "2025-12-01T00:00:00-05:00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_bears_two_posts_a_day),
        cmocka_unit_test(three_before_an_event_and_on_its_day),
        cmocka_unit_test(only_marketing_is_capped),
        cmocka_unit_test(a_channel_asks_the_caps_of_whom_it_reaches),
        cmocka_unit_test(of_several_the_one_that_holds_longest_is_named),
        cmocka_unit_test(the_presets_are_those_of_the_playbooks),
        cmocka_unit_test(nothing_holds_without_caps),
        cmocka_unit_test(spans_are_local_days_weeks_and_months),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
