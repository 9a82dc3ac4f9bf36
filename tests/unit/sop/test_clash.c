/* test_clash.c - the quota planner: which posts of a new plan do not fit, and when they would. */
#include "when_unit.h"
#include <time.h>

enum { G = 7, ANNA = 40, LIN = 3, ROOM = 64 };
static const struct qund_sop_caps CAPS = {.group_day = 2, .group_day_last = 3, .contact_week = 1};

struct place {
    struct qund_zone *z;
    struct qund_holidays *h;
    struct qund_sop_clock c;
    struct qund_sop_clash out[ROOM];
};

static int setup(void **state)
{
    struct place *p = qund_alloc(sizeof(*p));

    p->z = zone("Asia/Shanghai");
    p->h = holidays();
    p->c = (struct qund_sop_clock){.zone = p->z, .holidays = p->h, .quiet = {22 * 60, 8 * 60}};
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

static struct qund_sop_post to_group(const char *when)
{
    return (struct qund_sop_post){.at = at(when), .group = G, .marketing = true};
}

static struct qund_sop_post to_anna(const char *when)
{
    return (struct qund_sop_post){
        .at = at(when), .contact = ANNA, .marketing = true, .one_to_one = true};
}

static int clashes(struct place *p, const struct qund_sop_caps *caps,
                   const struct qund_sop_post *posts, size_t n, const struct qund_sop_post *there,
                   size_t n_there)
{
    return qund_sop_clashes(caps, &p->c, posts, n, there, n_there, p->out, ROOM);
}

static void what_fits_does_not_clash(void **state)
{
    const struct qund_sop_post posts[] = {
        to_group("2025-09-15T10:00:00+08:00"), to_group("2025-09-15T19:30:00+08:00"),
        to_group("2025-09-16T10:00:00+08:00"), to_anna("2025-09-16T10:00:00+08:00")};

    assert_int_equal(clashes(*state, &CAPS, posts, 4, NULL, 0), 0);
    assert_int_equal(clashes(*state, &CAPS, NULL, 0, posts, 4), 0);
}

static void a_third_post_of_a_day_is_named_with_the_next_day(void **state)
{
    struct place *p = *state;
    const struct qund_sop_post posts[] = {to_group("2025-09-15T10:00:00+08:00"),
                                          to_group("2025-09-15T12:30:00+08:00"),
                                          to_group("2025-09-15T19:30:00+08:00")};

    assert_int_equal(clashes(p, &CAPS, posts, 3, NULL, 0), 1);
    assert_int_equal(p->out[0].post, 2);
    assert_int_equal(p->out[0].cap, QUND_SOP_CAP_GROUP_DAY);
    assert_instant(p->out[0].alternative, "2025-09-16T19:30:00+08:00");
}

static void other_plans_come_first(void **state)
{
    struct place *p = *state;
    const struct qund_sop_post there[] = {
        to_group("2025-09-15T20:00:00+08:00"), to_group("2025-09-15T09:00:00+08:00"),
        to_group("2025-09-16T09:00:00+08:00"), to_group("2025-09-16T11:00:00+08:00")};
    const struct qund_sop_post posts[] = {to_group("2025-09-15T08:30:00+08:00")};

    assert_int_equal(clashes(p, &CAPS, posts, 1, there, 4), 1);
    /* The 16th is full, the 14th is as near as no other. */
    assert_instant(p->out[0].alternative, "2025-09-14T08:30:00+08:00");
    p->c.start = at("2025-09-15T00:00:00+08:00");
    assert_int_equal(clashes(p, &CAPS, posts, 1, there, 4), 1);
    assert_instant(p->out[0].alternative, "2025-09-17T08:30:00+08:00");
    p->c.start = 0;
}

static void other_groups_and_service_do_not_count(void **state)
{
    struct qund_sop_post posts[] = {
        to_group("2025-09-15T10:00:00+08:00"), to_group("2025-09-15T11:00:00+08:00"),
        to_group("2025-09-15T12:00:00+08:00"), to_group("2025-09-15T13:00:00+08:00")};

    posts[1].group = G + 1;
    posts[2].marketing = false;
    assert_int_equal(clashes(*state, &CAPS, posts, 4, NULL, 0), 0);
}

static void alternatives_can_all_be_taken(void **state)
{
    struct place *p = *state;
    struct qund_sop_post posts[8];

    for (int i = 0; i < 8; i++) {
        posts[i] = to_group("2025-09-15T10:00:00+08:00");
        posts[i].at += i * QUND_HOUR_MS;
    }
    assert_int_equal(clashes(p, &CAPS, posts, 8, NULL, 0), 6);
    /* Two on the 16th, two on the 14th, two on the 17th. */
    assert_instant(p->out[0].alternative, "2025-09-16T12:00:00+08:00");
    assert_instant(p->out[1].alternative, "2025-09-16T13:00:00+08:00");
    assert_instant(p->out[2].alternative, "2025-09-14T14:00:00+08:00");
    assert_instant(p->out[3].alternative, "2025-09-14T15:00:00+08:00");
    assert_instant(p->out[5].alternative, "2025-09-17T17:00:00+08:00");
    for (int i = 0; i < 6; i++)
        posts[p->out[i].post].at = p->out[i].alternative;
    assert_int_equal(clashes(p, &CAPS, posts, 8, NULL, 0), 0);
}

static void an_alternative_pushes_nothing_away(void **state)
{
    struct place *p = *state;
    const struct qund_sop_post posts[] = {
        to_group("2025-09-15T10:00:00+08:00"), to_group("2025-09-15T11:00:00+08:00"),
        to_group("2025-09-15T12:00:00+08:00"), to_group("2025-09-16T10:00:00+08:00"),
        to_group("2025-09-16T11:00:00+08:00")};

    assert_int_equal(clashes(p, &CAPS, posts, 5, NULL, 0), 1);
    assert_int_equal(p->out[0].post, 2);
    assert_instant(p->out[0].alternative, "2025-09-14T12:00:00+08:00");
}

static void an_alternative_stays_on_its_side_of_the_event(void **state)
{
    struct place *p = *state;
    struct qund_sop_post posts[] = {
        to_group("2025-09-14T10:00:00+08:00"), to_group("2025-09-14T11:00:00+08:00"),
        to_group("2025-09-14T12:00:00+08:00"), to_group("2025-09-14T20:00:00+08:00")};

    p->c.event = at("2025-09-15T14:00:00+08:00");
    /* Three fit on the day before; 20:00 on the 15th is after the event. */
    assert_int_equal(clashes(p, &CAPS, posts, 4, NULL, 0), 1);
    assert_int_equal(p->out[0].post, 3);
    assert_instant(p->out[0].alternative, "2025-09-13T20:00:00+08:00");
    posts[3].at = at("2025-09-14T13:00:00+08:00");
    assert_int_equal(clashes(p, &CAPS, posts, 4, NULL, 0), 1);
    assert_instant(p->out[0].alternative, "2025-09-15T13:00:00+08:00");
    p->c.event = 0;
}

static void a_person_is_written_to_once_in_any_seven_days(void **state)
{
    struct place *p = *state;
    const struct qund_sop_post weekly[] = {to_anna("2025-09-01T10:00:00+08:00"),
                                           to_anna("2025-09-08T10:00:00+08:00"),
                                           to_anna("2025-09-15T10:00:00+08:00")};
    const struct qund_sop_post posts[] = {to_anna("2025-09-12T10:00:00+08:00")};

    assert_int_equal(clashes(p, &CAPS, weekly, 3, NULL, 0), 0);
    /* On the 12th it would be too near to both; there is no day between them, nor within a week. */
    assert_int_equal(clashes(p, &CAPS, posts, 1, weekly, 3), 1);
    assert_int_equal(p->out[0].cap, QUND_SOP_CAP_CONTACT_WEEK);
    assert_int_equal(p->out[0].alternative, 0);
    /* Against a later one alone it goes before it. */
    assert_int_equal(clashes(p, &CAPS, posts, 1, weekly + 2, 1), 1);
    assert_instant(p->out[0].alternative, "2025-09-08T10:00:00+08:00");
}

static void days_off_and_quiet_hours_hold_for_alternatives(void **state)
{
    struct place *p = *state;
    struct qund_sop_post posts[] = {to_group("2025-09-30T10:00:00+08:00"),
                                    to_group("2025-09-30T11:00:00+08:00"),
                                    to_group("2025-09-30T23:00:00+08:00")};

    p->c.start = posts[0].at;
    /* Raw, in quiet hours: the alternative is behind them. */
    posts[2].at = at("2025-09-30T07:00:00+08:00");
    assert_int_equal(clashes(p, &CAPS, posts, 3, NULL, 0), 1);
    assert_instant(p->out[0].alternative, "2025-10-01T08:00:00+08:00");
    /* Nothing is worked from 1 to 8 October, and the 9th is further than a week. */
    posts[2] = to_group("2025-09-30T12:00:00+08:00");
    posts[2].work_days = true;
    assert_int_equal(clashes(p, &CAPS, posts, 3, NULL, 0), 1);
    assert_int_equal(p->out[0].alternative, 0);
    /* Before the holiday: Monday the 29th. */
    p->c.start = at("2025-09-01T00:00:00+08:00");
    assert_int_equal(clashes(p, &CAPS, posts, 3, NULL, 0), 1);
    assert_instant(p->out[0].alternative, "2025-09-29T12:00:00+08:00");
    p->c.start = 0;
}

static void months_and_senders_have_their_own(void **state)
{
    const struct qund_sop_caps caps = {.group_month = 1, .sender_day = 1};
    struct place *p = *state;
    struct qund_sop_post posts[] = {to_group("2025-09-10T10:00:00+08:00"),
                                    to_group("2025-09-28T10:00:00+08:00"),
                                    to_group("2025-10-10T10:00:00+08:00")};

    assert_int_equal(clashes(p, &caps, posts, 3, NULL, 0), 1);
    assert_int_equal(p->out[0].post, 1);
    assert_int_equal(p->out[0].cap, QUND_SOP_CAP_GROUP_MONTH);
    assert_int_equal(p->out[0].alternative, 0); /* October's has been taken */
    posts[2].group = G + 1;
    assert_int_equal(clashes(p, &caps, posts, 3, NULL, 0), 1);
    assert_instant(p->out[0].alternative, "2025-10-01T10:00:00+08:00");
    /* One member of staff in two groups */
    posts[1] = to_group("2025-09-10T15:00:00+08:00");
    posts[1].group = G + 2;
    posts[0].sender = posts[1].sender = LIN;
    assert_int_equal(clashes(p, &caps, posts, 2, NULL, 0), 1);
    assert_int_equal(p->out[0].cap, QUND_SOP_CAP_SENDER_DAY);
    assert_instant(p->out[0].alternative, "2025-09-11T15:00:00+08:00");
}

static void more_clashes_than_room_are_counted(void **state)
{
    struct place *p = *state;
    struct qund_sop_post posts[5];

    for (int i = 0; i < 5; i++)
        posts[i] = to_group("2025-09-15T10:00:00+08:00");
    p->out[1] = (struct qund_sop_clash){.post = 99};
    assert_int_equal(qund_sop_clashes(&CAPS, &p->c, posts, 5, NULL, 0, p->out, 1), 3);
    assert_int_equal(p->out[0].post, 2);
    assert_int_equal(p->out[1].post, 99);
    assert_int_equal(qund_sop_clashes(&CAPS, &p->c, posts, 5, NULL, 0, NULL, 0), 3);
    assert_int_equal(
        qund_sop_clashes(&CAPS, &p->c, posts, QUND_SOP_POSTS_MAX + 1, NULL, 0, NULL, 0),
        QUND_E_FULL);
}

static void memory_that_runs_out_is_told(void **state)
{
    struct place *p = *state;
    const struct qund_sop_post posts[] = {to_group("2025-09-15T10:00:00+08:00")};

    qund_try_alloc_fail_at(1);
    assert_int_equal(clashes(p, &CAPS, posts, 1, NULL, 0), QUND_E_NOMEM);
    qund_try_alloc_fail_at(0);
}

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* 10,000 posts, most of which clash: in one group, over many groups, to many people. */
static void ten_thousand_posts_take_a_tenth_of_a_second(void **state)
{
    enum { N = 10000 };
    static const struct {
        const char *what;
        int groups, people, days;
    } SHAPES[] = {{"one group", 1, 0, 30},
                  {"a hundred groups", 100, 0, 28},
                  {"five thousand people", 0, 5000, 6},
                  {"one day", 1, 0, 1}};
    QUND_AUTO(qund_zone_free) struct qund_zone *ny = zone("America/New_York"); /* the dearer kind */
    struct qund_sop_caps caps = {2, 3, 30, 1, 50};
    struct qund_sop_post *posts = qund_alloc(N * sizeof(*posts));
    struct qund_sop_clash *out = qund_alloc(N * sizeof(*out));
    struct place *p = *state;
    struct qund_sop_clock c = p->c;

    c.zone = ny;
    for (size_t k = 0; k < QUND_ARRAY_LEN(SHAPES); k++) {
        int64_t first = at("2025-10-20T09:00:00-04:00");
        double before, took;
        int found;

        for (int i = 0; i < N; i++)
            posts[i] = (struct qund_sop_post){
                .at = first + (int64_t)i * SHAPES[k].days / N * QUND_DAY_MS + i % 600 * 60000,
                .group = SHAPES[k].groups ? 1 + i % SHAPES[k].groups : 0,
                .contact = SHAPES[k].people ? 1 + i % SHAPES[k].people : 0,
                .sender = 1 + i % 20,
                .one_to_one = SHAPES[k].people > 0,
                .work_days = i % 2,
                .marketing = true};
        before = cpu_ms();
        found = qund_sop_clashes(&caps, &c, posts, N, NULL, 0, out, N);
        took = cpu_ms() - before;
        print_message("%s: %d clashes, %.1f ms\n", SHAPES[k].what, found, took);
        assert_true(found > 0);
        if (!QUND_SANITIZED)
            assert_true(took < 100);
    }
    qund_free(posts);
    qund_free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_does_not_clash),
        cmocka_unit_test(a_third_post_of_a_day_is_named_with_the_next_day),
        cmocka_unit_test(other_plans_come_first),
        cmocka_unit_test(other_groups_and_service_do_not_count),
        cmocka_unit_test(alternatives_can_all_be_taken),
        cmocka_unit_test(an_alternative_pushes_nothing_away),
        cmocka_unit_test(an_alternative_stays_on_its_side_of_the_event),
        cmocka_unit_test(a_person_is_written_to_once_in_any_seven_days),
        cmocka_unit_test(days_off_and_quiet_hours_hold_for_alternatives),
        cmocka_unit_test(months_and_senders_have_their_own),
        cmocka_unit_test(more_clashes_than_room_are_counted),
        cmocka_unit_test(memory_that_runs_out_is_told),
        cmocka_unit_test(ten_thousand_posts_take_a_tenth_of_a_second),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
