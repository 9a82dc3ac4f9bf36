/* What each answer means for a push. */
#include "deliver/internal.h"
#include "unit.h"

static struct qund_outcome of_status(int status, int64_t retry_after_ms, int attempt)
{
    return qund_outcome_of(&(struct qund_client_answer){.end = QUND_CLIENT_ANSWERED,
                                                        .status = status,
                                                        .retry_after_ms = retry_after_ms},
                           attempt);
}

static struct qund_outcome of_end(enum qund_client_end end, int attempt)
{
    return qund_outcome_of(
        &(struct qund_client_answer){.end = end, .retry_after_ms = -1, .why = "because"}, attempt);
}

static void every_status_has_its_class(void **state)
{
    static const struct {
        int status;
        int64_t retry_after_ms;
        enum qund_out_event event;
        enum qund_verdict verdict;
    } CASES[] = {
        {200, -1, QUND_OUT_EV_ACCEPTED, QUND_VERDICT_WORKED},
        {204, -1, QUND_OUT_EV_ACCEPTED, QUND_VERDICT_WORKED},
        {301, -1, QUND_OUT_EV_DROP, QUND_VERDICT_WORKED},
        {400, -1, QUND_OUT_EV_DROP, QUND_VERDICT_WORKED},
        {404, -1, QUND_OUT_EV_DROP, QUND_VERDICT_WORKED},
        {408, -1, QUND_OUT_EV_RETRY, QUND_VERDICT_FAILED},
        {410, -1, QUND_OUT_EV_DROP, QUND_VERDICT_WORKED},
        {429, -1, QUND_OUT_EV_QUOTA, QUND_VERDICT_NONE},
        {429, 7000, QUND_OUT_EV_QUOTA, QUND_VERDICT_NONE},
        {500, -1, QUND_OUT_EV_RETRY, QUND_VERDICT_FAILED},
        {502, 7000, QUND_OUT_EV_RETRY, QUND_VERDICT_FAILED},
        {503, -1, QUND_OUT_EV_RETRY, QUND_VERDICT_FAILED},
        {503, 7000, QUND_OUT_EV_QUOTA, QUND_VERDICT_NONE},
        {599, -1, QUND_OUT_EV_RETRY, QUND_VERDICT_FAILED},
        {777, -1, QUND_OUT_EV_DROP, QUND_VERDICT_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(CASES); i++) {
        struct qund_outcome o = of_status(CASES[i].status, CASES[i].retry_after_ms, 1);

        if (o.event != CASES[i].event || o.verdict != CASES[i].verdict ||
            o.status != CASES[i].status)
            fail_msg("%d: %s", CASES[i].status, qund_out_event_name(o.event));
        /* What did not work says why. */
        assert_int_equal(o.event == QUND_OUT_EV_ACCEPTED, o.reason[0] == '\0');
        assert_int_equal(o.retry_ms >= 0,
                         o.event == QUND_OUT_EV_RETRY || o.event == QUND_OUT_EV_QUOTA);
    }
}

static void a_receiver_that_asks_for_time_gets_it(void **state)
{
    struct qund_outcome asked = of_status(429, 7000, 1);
    struct qund_outcome plain = of_status(429, -1, 1);
    struct qund_outcome day = of_status(503, 86400000, 1);

    (void)state;
    assert_int_equal(asked.retry_ms, 7000);
    assert_int_equal(asked.pause_ms, 7000);
    assert_in_range(plain.retry_ms, 60000, 70000);
    /* A day for this push, an hour for the target: then it is asked again. */
    assert_int_equal(day.retry_ms, 86400000);
    assert_int_equal(day.pause_ms, 3600000);
}

/* The receiver was not asked: no try, and nothing for its breaker. */
static void what_was_not_begun_goes_back_and_blames_nobody(void **state)
{
    struct qund_outcome ours = of_end(QUND_CLIENT_NOT_BEGUN, 3);
    struct qund_outcome told = qund_outcome_told(
        &(struct qund_ended){
            .how = QUND_RETURNED, .retry_after_ms = -1, .detail = QUND_STR("full")},
        QUND_REPEAT_ONCE, &(struct qund_out_item){.attempt = 3});

    (void)state;
    assert_int_equal(ours.event, QUND_OUT_EV_RETURNED);
    assert_int_equal(ours.verdict, QUND_VERDICT_NONE);
    assert_int_equal(told.event, QUND_OUT_EV_RETURNED);
    assert_int_equal(told.verdict, QUND_VERDICT_NONE);
    assert_int_equal(told.retry_ms, -1);
    assert_string_equal(told.reason, "full");
}

static void without_an_answer_it_matters_whether_bytes_left(void **state)
{
    struct qund_outcome not_sent = of_end(QUND_CLIENT_NOT_SENT, 1);
    struct qund_outcome unknown = of_end(QUND_CLIENT_NO_ANSWER, 1);
    struct qund_outcome refused = of_end(QUND_CLIENT_REFUSED, 1);

    (void)state;
    assert_int_equal(not_sent.event, QUND_OUT_EV_RETRY);
    assert_int_equal(not_sent.verdict, QUND_VERDICT_FAILED);
    assert_int_equal(unknown.event, QUND_OUT_EV_UNKNOWN);
    assert_true(unknown.retry_ms > 0);
    assert_int_equal(unknown.verdict, QUND_VERDICT_FAILED);
    assert_int_equal(refused.event, QUND_OUT_EV_DROP);
    assert_int_equal(refused.retry_ms, -1);
    assert_int_equal(refused.verdict, QUND_VERDICT_NONE);
    assert_non_null(strstr(refused.reason, "because"));
}

static void waits_grow_with_full_jitter_and_end(void **state)
{
    static const int64_t CEILINGS_MS[] = {1000, 5000, 30000, 120000, 300000, 600000, 600000};
    int different = 0;

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(CEILINGS_MS); i++) {
        int64_t before = -1, most = 0;

        for (int n = 0; n < 200; n++) {
            int64_t ms = qund_backoff_ms((int)i + 1);

            assert_in_range(ms, 200, CEILINGS_MS[i]);
            different += ms != before;
            before = ms;
            most = ms > most ? ms : most;
        }
        assert_true(most > CEILINGS_MS[i] / 2);
    }
    assert_true(different > 1000);
    assert_int_equal(of_status(500, -1, 39).event, QUND_OUT_EV_RETRY);
    assert_int_equal(of_status(500, -1, 40).event, QUND_OUT_EV_DROP);
    assert_non_null(strstr(of_status(500, -1, 40).reason, "given up after 40 attempts"));
    /* Nobody knows whether it arrived: parked for a person, not called failed. */
    assert_int_equal(of_end(QUND_CLIENT_NO_ANSWER, 40).event, QUND_OUT_EV_UNKNOWN);
    assert_int_equal(of_end(QUND_CLIENT_NO_ANSWER, 40).retry_ms, -1);
}

static struct qund_outcome told_after(enum qund_delivered how, enum qund_repeat repeat, int attempt,
                                      int unknowns, int64_t after_ms)
{
    return qund_outcome_told(
        &(struct qund_ended){.how = how, .retry_after_ms = after_ms, .detail = QUND_STR("because")},
        repeat, &(struct qund_out_item){.attempt = attempt, .unknowns = unknowns});
}

static struct qund_outcome told(enum qund_delivered how, enum qund_repeat repeat, int attempt,
                                int64_t after_ms)
{
    return told_after(how, repeat, attempt, attempt - 1, after_ms);
}

static void what_a_plugin_says_has_its_class(void **state)
{
    struct qund_outcome limited = told(QUND_LIMITED, QUND_REPEAT_NEVER, 1, 7000);

    (void)state;
    assert_int_equal(told(QUND_SENT, QUND_REPEAT_NEVER, 1, -1).event, QUND_OUT_EV_ACCEPTED);
    assert_int_equal(told(QUND_AWAITING_PERSON, QUND_REPEAT_NEVER, 1, -1).event,
                     QUND_OUT_EV_PERSON);
    assert_int_equal(told(QUND_DROP, QUND_REPEAT_SAFE, 1, -1).event, QUND_OUT_EV_DROP);
    assert_int_equal(told(QUND_RETRY, QUND_REPEAT_NEVER, 1, 1234).retry_ms, 1234);
    assert_in_range(told(QUND_RETRY, QUND_REPEAT_NEVER, 1, -1).retry_ms, 200, 1000);
    assert_int_equal(told(QUND_RETRY, QUND_REPEAT_NEVER, 40, 5).event, QUND_OUT_EV_DROP);
    assert_int_equal(limited.event, QUND_OUT_EV_QUOTA);
    assert_int_equal(limited.retry_ms, 7000);
    assert_int_equal(limited.pause_ms, 7000);
    assert_string_equal(limited.reason, "because");
}

static void what_unknown_allows_is_the_kinds(void **state)
{
    (void)state;
    assert_int_equal(told(QUND_UNKNOWN, QUND_REPEAT_NEVER, 1, -1).retry_ms, -1);
    assert_true(told(QUND_UNKNOWN, QUND_REPEAT_ONCE, 1, -1).retry_ms > 0);
    assert_int_equal(told(QUND_UNKNOWN, QUND_REPEAT_ONCE, 2, -1).retry_ms, -1);
    assert_true(told(QUND_UNKNOWN, QUND_REPEAT_SAFE, 9, -1).retry_ms > 0);
    /* "Busy" twice is not "sent, perhaps": the one repeat is still there, and then it is not. */
    assert_true(told_after(QUND_UNKNOWN, QUND_REPEAT_ONCE, 3, 0, -1).retry_ms > 0);
    assert_int_equal(told_after(QUND_UNKNOWN, QUND_REPEAT_ONCE, 4, 1, -1).retry_ms, -1);
    assert_int_equal(told((enum qund_delivered)77, QUND_REPEAT_NEVER, 1, -1).event,
                     QUND_OUT_EV_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_class),
        cmocka_unit_test(a_receiver_that_asks_for_time_gets_it),
        cmocka_unit_test(what_was_not_begun_goes_back_and_blames_nobody),
        cmocka_unit_test(without_an_answer_it_matters_whether_bytes_left),
        cmocka_unit_test(waits_grow_with_full_jitter_and_end),
        cmocka_unit_test(what_a_plugin_says_has_its_class),
        cmocka_unit_test(what_unknown_allows_is_the_kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
