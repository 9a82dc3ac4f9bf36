/* test_deed.c - what people do about alerts: later, handed over, not relevant, done with a figure;
 * what the ladder makes of it, and that a deed done twice has one effect. */
#include "desk.h"

static const char RULES[] = "rules:\n"
                            "  - id: warn\n    when: {any: [坏了]}\n"
                            "    then: [{alert: {to: consultant, level: warn, text: 坏}}]\n"
                            "  - id: info\n    when: {any: [谢谢]}\n"
                            "    then: [{alert: {to: consultant, level: info, text: 谢}}]\n";
static const char CONFIG[] =
    "targets:\n"
    "  lin: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n"
    "  zhao: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n"
    "  boss: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n";
static const char ORG[] =
    "staff:\n"
    "  - {id: lin, name: 林, ids: [{realm: replay, id: wx-lin}], push: ['lin']}\n"
    "  - {id: zhao, name: 赵, push: ['zhao']}\n"
    "  - {id: boss, name: 总, push: ['boss']}\n"
    "  - {id: mute, name: 哑}\n"                  /* has no push target */
    "  - {id: gone, name: 走, push: ['pager']}\n" /* which the configuration has no more */
    "groups:\n"
    "  - realm: replay\n    id: g1\n    manager: zhao\n"
    "    roles: {consultant: [lin], leader: [boss]}\n";

enum { MIN = 60000 };

static struct desk *fresh(void)
{
    struct desk *d = desk_new(CONFIG, RULES);

    desk_org(d, ORG);
    return d;
}

static int64_t pushes(struct desk *d, const char *target, const char *also)
{
    char sql[160];

    snprintf(sql, sizeof(sql), "SELECT count(*) FROM outbox WHERE target = '%s' %s", target, also);
    return desk_int(d, sql);
}

static void put_off_it_sleeps_and_then_tells_again_with_the_rungs_that_are_left(void **state)
{
    struct desk *d = fresh();

    (void)state;
    desk_say(d, "m1", "ann", "customer", "坏了");
    desk_wait(d, 11 * MIN); /* the first rung: the doer again */
    assert_int_equal(pushes(d, "lin", ""), 2);
    assert_int_equal(desk_command(d, "alert.snooze", "{\"id\":1,\"for\":\"1h\"}"), 0);
    assert_int_equal(pushes(d, "lin", "AND state = 11 AND reason = 'put off'"), 2);
    desk_wait(d, 59 * MIN);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox"), 2);
    assert_int_equal(pushes(d, "zhao", ""), 0);
    desk_wait(d, MIN + 1);
    assert_int_equal(pushes(d, "lin", ""), 3);
    assert_int_equal(desk_int(d, "SELECT snoozed FROM alert"), 0);
    desk_wait(d, 29 * MIN); /* the manager's rung is at 30 min, from the waking on */
    assert_int_equal(pushes(d, "zhao", ""), 0);
    desk_wait(d, 2 * MIN);
    assert_int_equal(pushes(d, "zhao", ""), 1);
    desk_free(d);
}

static void whoever_put_it_off_is_told_again(void **state)
{
    struct desk *d = fresh();

    (void)state;
    desk_say(d, "m1", "ann", "customer", "谢谢");
    assert_int_equal(
        desk_command(d, "alert.snooze", "{\"id\":1,\"for\":\"30m\",\"by\":\"staff:2\"}"), 0);
    desk_wait(d, 31 * MIN);
    assert_int_equal(pushes(d, "lin", ""), 1);
    assert_int_equal(pushes(d, "zhao", ""), 1);
    desk_free(d);
}

static void a_time_to_sleep_is_read_in_the_zone_of_the_group(void **state)
{
    static const struct {
        const char *words;
        int64_t ms; /* from 08:00 in Shanghai on; 0: none */
    } CASES[] = {
        {"30m", 30 * MIN},
        {"1h30m", 90 * MIN},
        {"30分钟", 30 * MIN},
        {"2 小时", 120 * MIN},
        {"半小时", 30 * MIN},
        {"1小时15分", 75 * MIN},
        {"90 minutes", 90 * MIN},
        {"3天", 3 * 24 * 60 * MIN},
        {"tomorrow", 25 * 60 * MIN},
        {"明天", 25 * 60 * MIN},
        {"明天9点半", (25 * 60 + 30) * MIN},
        {"明天 8:05", (24 * 60 + 5) * MIN},
        {"18:00", 10 * 60 * MIN},
        {"7点", 23 * 60 * MIN}, /* today's is over */
        {" 9:30 ", 90 * MIN},
        {"", 0},
        {"0m", 0},
        {"soon", 0},
        {"30", 0},
        {"25:00", 0},
        {"9:61", 0},
        {"9:30x", 0},
        {"1m2", 0},
        {"31d", 0},
        {"99999d", 0},
        {"tomorrow x", 0},
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(CASES); i++) {
        struct desk *d = fresh();
        char body[200];
        int64_t at;

        desk_say(d, "m1", "ann", "customer", "谢谢");
        d->rx = 1757894400000 + 1000; /* 08:00:01 */
        snprintf(body, sizeof(body), "{\"id\":1,\"for\":\"%s\"}", CASES[i].words);
        if (desk_command(d, "alert.snooze", body) < 0) {
            if (CASES[i].ms)
                fail_msg("'%s' is refused", CASES[i].words);
            desk_free(d);
            continue;
        }
        at = desk_int(d, "SELECT snoozed FROM alert") - 1757894400000;
        if (CASES[i].ms == 0 || at < CASES[i].ms || at > CASES[i].ms + 1100)
            fail_msg("'%s' is %lld min", CASES[i].words, (long long)at / MIN);
        desk_free(d);
    }
}

static void what_is_dealt_with_or_taken_while_asleep_does_not_wake(void **state)
{
    struct desk *d = fresh();

    (void)state;
    desk_say(d, "m1", "ann", "customer", "坏了");
    assert_int_equal(desk_command(d, "alert.snooze", "{\"id\":1,\"for\":\"1h\"}"), 0);
    assert_int_equal(desk_command(d, "alert.resolve", "{\"id\":1}"), 0);
    assert_int_equal(desk_command(d, "alert.snooze", "{\"id\":1,\"for\":\"1h\"}"), QUND_E_INVAL);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM timer WHERE kind GLOB 'alert.*'"), 0);
    desk_wait(d, 120 * MIN);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox"), 1);
    desk_free(d);
}

static void put_off_twice_it_wakes_once_at_the_later_time(void **state)
{
    struct desk *d = fresh();

    (void)state;
    desk_say(d, "m1", "ann", "customer", "谢谢");
    assert_int_equal(desk_command(d, "alert.snooze", "{\"id\":1,\"for\":\"15m\"}"), 0);
    assert_int_equal(desk_command(d, "alert.snooze", "{\"id\":1,\"for\":\"1h\"}"), 0);
    desk_wait(d, 16 * MIN);
    assert_int_equal(pushes(d, "lin", ""), 1);
    desk_close_store(d); /* a stop in between changes nothing */
    desk_open_store(d);
    desk_wait(d, 46 * MIN);
    assert_int_equal(pushes(d, "lin", ""), 2);
    desk_wait(d, 300 * MIN);
    assert_int_equal(pushes(d, "lin", ""), 2);
    desk_free(d);
}

static void handed_over_it_is_the_next_ones_with_a_ladder_from_the_start(void **state)
{
    struct desk *d = fresh();
    char *body;

    (void)state;
    desk_say(d, "m1", "ann", "customer", "坏了");
    assert_int_equal(desk_command(d, "alert.ack", "{\"id\":1}"), 0);
    assert_int_equal(
        desk_command(d, "alert.handover", "{\"id\":1,\"to\":\"boss\",\"note\":\"你来\"}"), 0);
    assert_int_equal(desk_int(d, "SELECT state FROM alert"), 0);
    assert_int_equal(pushes(d, "lin", "AND state = 11 AND reason = 'handed over'"), 1);
    assert_int_equal(pushes(d, "boss", "AND person = 3"), 1);
    body = desk_text(d, "SELECT body FROM outbox WHERE target = 'boss'");
    assert_non_null(strstr(body, "\"note\":\"你来\""));
    qund_free(body);
    /* Twice has one effect, and says so. */
    assert_int_equal(desk_command(d, "alert.handover", "{\"id\":1,\"to\":\"boss\"}"), QUND_E_INVAL);
    assert_int_equal(desk_command(d, "alert.handover", "{\"id\":1,\"to\":\"nobody\"}"),
                     QUND_E_INVAL);
    assert_int_equal(pushes(d, "boss", ""), 1);
    desk_wait(d, 11 * MIN);
    assert_int_equal(pushes(d, "boss", ""), 2); /* the doer again is the new one */
    assert_int_equal(pushes(d, "lin", ""), 1);
    desk_free(d);
}

static void it_is_not_handed_to_who_would_not_hear_of_it(void **state)
{
    static const char *const DEAF[] = {"mute", "gone"};
    struct desk *d = fresh();

    (void)state;
    desk_say(d, "m1", "ann", "customer", "坏了");
    for (size_t i = 0; i < QUND_ARRAY_LEN(DEAF); i++) {
        char body[80];

        snprintf(body, sizeof(body), "{\"id\":1,\"to\":\"%s\",\"note\":\"你来\"}", DEAF[i]);
        assert_int_equal(desk_command(d, "alert.handover", body), QUND_E_INVAL);
    }
    /* It is still whose it was, and what waits for him still leaves. */
    assert_int_equal(desk_int(d, "SELECT count(*) FROM alert WHERE role = 'consultant'"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox WHERE state = 11"), 0);
    assert_int_equal(pushes(d, "lin", ""), 1);
    desk_free(d);
}

static void not_relevant_is_counted_for_the_rule_and_taken_back_with_it(void **state)
{
    struct desk *d = fresh();

    (void)state;
    desk_say(d, "m1", "ann", "customer", "谢谢");
    assert_int_equal(desk_command(d, "alert.irrelevant", "{\"id\":1}"), 0);
    assert_int_equal(desk_command(d, "alert.irrelevant", "{\"id\":1}"), QUND_E_INVAL);
    assert_int_equal(desk_int(d, "SELECT state * 10 + relevant FROM alert"), 20);
    assert_int_equal(desk_int(d, "SELECT sum(irrelevant) FROM rule_day"), 1);
    assert_int_equal(desk_command(d, "alert.reopen", "{\"id\":1}"), 0);
    assert_int_equal(desk_int(d, "SELECT sum(irrelevant) FROM rule_day"), 0);
    assert_int_equal(desk_command(d, "alert.resolve", "{\"id\":1}"), 0);
    assert_int_equal(desk_int(d, "SELECT sum(irrelevant) FROM rule_day"), 0);
    desk_free(d);
}

static void done_keeps_its_proof_and_a_sound_figure(void **state)
{
    struct desk *d = fresh();
    static const char *const BROKEN[] = {"x",
                                         "1.",
                                         ".5",
                                         "1e3",
                                         "--1",
                                         "01",
                                         "",
                                         "1 ",
                                         "12345678901234567890",
                                         "3,5",
                                         "1200,000",
                                         ",200",
                                         "1,200,",
                                         "123456789012345678万",
                                         "万",
                                         "12万5"};
    char body[100], *shown;

    (void)state;
    desk_say(d, "m1", "ann", "customer", "谢谢");
    for (size_t i = 0; i < QUND_ARRAY_LEN(BROKEN); i++) {
        snprintf(body, sizeof(body), "{\"id\":1,\"number\":\"%s\"}", BROKEN[i]);
        if (BROKEN[i][0])
            assert_int_equal(desk_command(d, "alert.resolve", body), QUND_E_INVAL);
    }
    assert_int_equal(desk_int(d, "SELECT state FROM alert"), 0);
    assert_int_equal(
        desk_command(d, "alert.resolve", "{\"id\":1,\"proof\":\"群里已回\",\"number\":\"-0.25\"}"),
        0);
    shown = desk_text(d, "SELECT proof || number FROM alert");
    assert_string_equal(shown, "群里已回-0.25");
    qund_free(shown);
    assert_int_equal(desk_command(d, "alert.reopen", "{\"id\":1}"), 0);
    assert_int_equal(desk_int(d, "SELECT count(proof) + count(number) FROM alert"), 0);
    desk_free(d);
}

static void figures_of_any_length_are_taken(void **state)
{
    static const char *const SOUND[][2] = {
        {"0", "0"},
        {"7", "7"},
        {"-1", "-1"},
        {"10", "10"},
        {"0.5", "0.5"},
        {"-0.25", "-0.25"},
        {"１２.５", "12.5"},
        {"１２．５", "12.5"},
        {"12.5万", "125000"},
        {"1,200", "1200"},
        {"１，２００．５０", "1200.50"},
        {"0.05千", "50"},
        {"3万", "30000"},
        {"1.23456万", "12345.6"},
        {"123456789012345678", "123456789012345678"},
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(SOUND); i++) {
        struct desk *d = fresh();
        char body[100], *kept;

        desk_say(d, "m1", "ann", "customer", "谢谢");
        snprintf(body, sizeof(body), "{\"id\":1,\"number\":\"%s\"}", SOUND[i][0]);
        assert_int_equal(desk_command(d, "alert.resolve", body), 0);
        kept = desk_text(d, "SELECT number FROM alert");
        assert_string_equal(kept, SOUND[i][1]);
        qund_free(kept);
        desk_free(d);
    }
}

static void a_push_says_whom_it_is_for_and_is_readable_as_a_whole(void **state)
{
    struct desk *d = fresh();
    char *body;

    (void)state;
    desk_say(d, "m1", "ann", "customer", "水管坏了");
    body = desk_text(d, "SELECT body FROM outbox");
    assert_non_null(strstr(body, "\"person\":{\"id\":1,\"name\":\"林\",\"ids\":"
                                 "{\"replay\":\"wx-lin\"}}"));
    assert_non_null(strstr(body, "\"level\":\"warn\""));
    assert_non_null(strstr(body, "\"short\":\"1\""));
    assert_non_null(strstr(body, "【提醒】坏"));
    assert_non_null(strstr(body, "ann：水管坏了"));
    assert_non_null(strstr(body, "完成 1"));
    qund_free(body);
    assert_int_equal(desk_int(d, "SELECT person FROM outbox"), 1);
    desk_free(d);
}

static void who_left_the_staff_can_do_nothing_more(void **state)
{
    struct desk *d = fresh();

    (void)state;
    desk_say(d, "m1", "ann", "customer", "谢谢");
    assert_int_equal(desk_command(d, "alert.ack", "{\"id\":1,\"by\":\"staff:9\"}"), QUND_E_DENIED);
    assert_int_equal(desk_command(d, "alert.ack", "{\"id\":7,\"by\":\"staff:1\"}"),
                     QUND_E_NOTFOUND);
    assert_int_equal(desk_command(d, "alert.ack", "{\"id\":1,\"by\":\"staff:1\"}"), 0);
    desk_free(d);
}

static void deeds_are_shown_in_the_feed_and_counted(void **state)
{
    struct desk *d = fresh();

    (void)state;
    desk_say(d, "m1", "ann", "customer", "谢谢");
    qund_buf_clear(&d->feed);
    assert_int_equal(desk_command(d, "alert.snooze", "{\"id\":1,\"for\":\"1h\"}"), 0);
    assert_non_null(strstr(d->feed.p, "\"deed\":\"snooze\""));
    assert_non_null(strstr(d->feed.p, "\"snoozed_until\":"));
    assert_int_equal(qund_counter_get(qund_metric_counter(d->metrics, "qund_alert_deeds_total",
                                                          "deed=\"snooze\"", "")),
                     1);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_off_it_sleeps_and_then_tells_again_with_the_rungs_that_are_left),
        cmocka_unit_test(whoever_put_it_off_is_told_again),
        cmocka_unit_test(a_time_to_sleep_is_read_in_the_zone_of_the_group),
        cmocka_unit_test(what_is_dealt_with_or_taken_while_asleep_does_not_wake),
        cmocka_unit_test(put_off_twice_it_wakes_once_at_the_later_time),
        cmocka_unit_test(handed_over_it_is_the_next_ones_with_a_ladder_from_the_start),
        cmocka_unit_test(it_is_not_handed_to_who_would_not_hear_of_it),
        cmocka_unit_test(not_relevant_is_counted_for_the_rule_and_taken_back_with_it),
        cmocka_unit_test(done_keeps_its_proof_and_a_sound_figure),
        cmocka_unit_test(figures_of_any_length_are_taken),
        cmocka_unit_test(a_push_says_whom_it_is_for_and_is_readable_as_a_whole),
        cmocka_unit_test(who_left_the_staff_can_do_nothing_more),
        cmocka_unit_test(deeds_are_shown_in_the_feed_and_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
