/* Bucket and breaker under a clock of the test's own. */
#include "deliver/internal.h"
#include "unit.h"

#define MINUTE_US 60000000LL
#define MANY 4096

/* Takes whenever it may, asked each millisecond (or at odd moments), and keeps when. */
static size_t run(struct qund_bucket *b, int64_t from_us, int64_t to_us, int64_t step_us,
                  int64_t *at, size_t n)
{
    for (int64_t now = from_us; now < to_us; now += step_us)
        while (qund_bucket_ready(b, now, 1) > 0 && n < MANY) {
            qund_bucket_take(b, now);
            at[n++] = now;
        }
    return n;
}

static int most_in_a_window(const int64_t *at, size_t n, int64_t window_us)
{
    int most = 0;

    for (size_t i = 0, first = 0; i < n; i++) {
        while (at[i] - at[first] > window_us)
            first++;
        if ((int)(i - first) + 1 > most)
            most = (int)(i - first) + 1;
    }
    return most;
}

static void no_window_holds_more_than_the_limit(void **state)
{
    static const int LIMITS[] = {1, 2, 3, 7, 20, 60, 333};
    static int64_t at[MANY];

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(LIMITS); i++) {
        struct qund_bucket b;
        size_t n;

        qund_bucket_init(&b, LIMITS[i], MINUTE_US, 0);
        n = run(&b, 0, 4 * MINUTE_US, 1000, at, 0);
        /* Idle for three minutes: what was saved up is a burst, not a hole in the limit. */
        n = run(&b, 7 * MINUTE_US, 9 * MINUTE_US, 7001, at, n);
        assert_true(most_in_a_window(at, n, MINUTE_US) <= LIMITS[i]);
        /* And it is used: the pace lies near the limit. */
        assert_true((int)n >= LIMITS[i] * 6 * 7 / 10);
    }
}

static void a_bucket_starts_empty_so_a_restart_gains_nothing(void **state)
{
    static int64_t at[MANY];
    struct qund_bucket b;
    size_t n = 0;
    int64_t now = 0;

    (void)state;
    qund_bucket_init(&b, 20, MINUTE_US, 0);
    assert_int_equal(qund_bucket_ready(&b, 0, 8), 0);
    assert_true(qund_bucket_when_us(&b, 1) > 0);
    /* Stopped and started every five seconds, for ten minutes, sending whenever it may. */
    for (; now < 10 * MINUTE_US; now += 5000000) {
        qund_bucket_init(&b, 20, MINUTE_US, now);
        n = run(&b, now, now + 5000000, 1000, at, n);
    }
    assert_true(n > 0);
    assert_true(most_in_a_window(at, n, MINUTE_US) <= 20);
    /* A full bucket, killed and started again at the worst moment. */
    qund_bucket_init(&b, 20, MINUTE_US, 0);
    n = run(&b, 3 * MINUTE_US, 3 * MINUTE_US + 1000, 1000, at, 0);
    assert_true(n >= 5);
    qund_bucket_init(&b, 20, MINUTE_US, 3 * MINUTE_US + 1000);
    n = run(&b, 3 * MINUTE_US + 1000, 5 * MINUTE_US, 1000, at, n);
    assert_true(most_in_a_window(at, n, MINUTE_US) <= 20);
}

static void a_bucket_says_when_so_many_are_ready(void **state)
{
    struct qund_bucket b;
    int64_t when;

    (void)state;
    qund_bucket_init(&b, 20, MINUTE_US, 0);
    for (int n = 1; n <= 5; n++) {
        when = qund_bucket_when_us(&b, n);
        assert_int_equal(qund_bucket_ready(&b, when, 8), n);
        assert_int_equal(qund_bucket_ready(&b, when - 1, 8), n - 1);
    }
    assert_true(qund_bucket_when_us(&b, 6) == INT64_MAX);
    qund_bucket_init(&b, 0, MINUTE_US, 0);
    assert_int_equal(qund_bucket_ready(&b, 0, 8), 8);
    assert_int_equal(qund_bucket_when_us(&b, 100), 0);
}

static void ten_failures_in_a_row_open_the_breaker(void **state)
{
    struct qund_breaker_box b = {0};

    (void)state;
    for (int i = 0; i < 9; i++)
        assert_false(qund_breaker_failed(&b, 1000 * i));
    assert_false(qund_breaker_worked(&b, 9000));
    for (int i = 0; i < 9; i++)
        assert_false(qund_breaker_failed(&b, 60000 + 20000 * i));
    assert_true(qund_breaker_failed(&b, 400000));
    assert_int_equal(b.state, QUND_BREAKER_OPEN);
}

static void half_of_twenty_within_ten_seconds_open_the_breaker(void **state)
{
    struct qund_breaker_box fast = {0}, slow = {0};
    int opened = -1;

    (void)state;
    for (int i = 0; i < 40 && opened < 0; i++) {
        if (i % 2)
            opened = qund_breaker_failed(&fast, 100 * i) ? i : -1;
        else
            qund_breaker_worked(&fast, 100 * i);
    }
    assert_int_equal(opened, 19);
    for (int i = 0; i < 200; i++) {
        if (i % 2)
            assert_false(qund_breaker_failed(&slow, 1000 * i));
        else
            qund_breaker_worked(&slow, 1000 * i);
    }
}

static void probes_are_one_each_time_and_ever_rarer(void **state)
{
    static const int64_t WAITS_MS[] = {5000, 10000, 20000, 40000, 60000, 60000};
    struct qund_breaker_box b = {0};
    int64_t now = 0;

    (void)state;
    for (int i = 0; i < 10; i++)
        qund_ignore(qund_breaker_failed(&b, now));
    /* What was on its way when it opened says nothing new. */
    assert_false(qund_breaker_failed(&b, now));
    assert_false(qund_breaker_worked(&b, now));
    for (size_t i = 0; i < QUND_ARRAY_LEN(WAITS_MS); i++) {
        qund_breaker_tick(&b, now + WAITS_MS[i] - 1);
        assert_int_equal(b.state, QUND_BREAKER_OPEN);
        now += WAITS_MS[i];
        qund_breaker_tick(&b, now);
        assert_int_equal(b.state, QUND_BREAKER_PROBING);
        assert_true(qund_breaker_failed(&b, now));
    }
    now += 60000;
    qund_breaker_tick(&b, now);
    assert_true(qund_breaker_worked(&b, now));
    assert_int_equal(b.state, QUND_BREAKER_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_window_holds_more_than_the_limit),
        cmocka_unit_test(a_bucket_starts_empty_so_a_restart_gains_nothing),
        cmocka_unit_test(a_bucket_says_when_so_many_are_ready),
        cmocka_unit_test(ten_failures_in_a_row_open_the_breaker),
        cmocka_unit_test(half_of_twenty_within_ten_seconds_open_the_breaker),
        cmocka_unit_test(probes_are_one_each_time_and_ever_rarer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
