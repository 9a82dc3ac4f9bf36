/* test_alert.c - an alert's life, through the engine: folded or new, who is told when, what stops
 * it, and that nobody is told twice. */
#include "desk.h"

static const char RULES[] =
    "rules:\n"
    "  - id: warn\n    when: {any: [坏了]}\n"
    "    then: [{intent: needs_reply}, {alert: {to: consultant, level: warn, text: 坏}}]\n"
    "  - id: info\n    when: {any: [谢谢]}\n"
    "    then: [{alert: {to: consultant, level: info, text: 谢}}]\n"
    "  - id: urgent\n    when: {any: [漏电]}\n"
    "    then: [{alert: {to: consultant, level: urgent, text: 急}}]\n";
static const char CONFIG[] =
    "targets:\n"
    "  lin: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n"
    "  zhao: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n"
    "  boss: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n"
    "alert: {merge: 5m}\n";
/* lin is the consultant, zhao the manager, boss the leader. */
#define STAFF                                            \
    "staff:\n"                                           \
    "  - {id: lin, name: 林, push: ['lin']}\n"          \
    "  - {id: zhao, name: 赵, push: ['zhao']}\n"        \
    "  - {id: boss, name: 总, push: ['boss']}\n"        \
    "groups:\n"                                          \
    "  - realm: replay\n    id: g1\n    manager: zhao\n" \
    "    roles: {consultant: [lin], leader: [boss]}\n"
static const char ALWAYS[] = STAFF;
/* The desk opens at 08:00. */
static const char FROM_NINE[] = STAFF "duty_hours: [{days: mon-sun, hours: \"09:00-18:00\"}]\n";

enum { MIN = 60000 };

static struct desk *fresh(const char *org)
{
    struct desk *d = desk_new(CONFIG, RULES);

    desk_org(d, org);
    return d;
}

static int64_t pushes(struct desk *d, const char *target)
{
    char sql[100];

    snprintf(sql, sizeof(sql), "SELECT count(*) FROM outbox WHERE target = '%s'", target);
    return desk_int(d, sql);
}

static void the_same_cause_folds_within_the_window_and_is_a_new_matter_after_it(void **state)
{
    struct desk *d = fresh(ALWAYS);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "谢谢");
    desk_wait(d, 4 * MIN);
    desk_say(d, "m2", "ann", "customer", "谢谢");
    desk_wait(d, 4 * MIN); /* the window runs from the last one */
    desk_say(d, "m3", "ann", "customer", "谢谢");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM alert"), 1);
    assert_int_equal(desk_int(d, "SELECT n FROM alert"), 3);
    assert_int_equal(pushes(d, "lin"), 1);
    desk_wait(d, 6 * MIN);
    desk_say(d, "m4", "ann", "customer", "谢谢");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM alert WHERE state = 0"), 2);
    assert_int_equal(pushes(d, "lin"), 2);
    desk_say(d, "m5", "ann", "customer", "谢谢");
    assert_int_equal(desk_int(d, "SELECT n FROM alert WHERE id = 2"), 2);
    desk_free(d);
}

static void another_person_group_or_rule_is_another_cause(void **state)
{
    struct desk *d = fresh(ALWAYS);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "谢谢");
    desk_say(d, "m2", "bob", "customer", "谢谢");
    desk_say(d, "m3", "ann", "customer", "坏了");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM alert"), 3);
    desk_free(d);
}

static void the_ladder_goes_from_the_doer_to_the_manager_to_the_leader(void **state)
{
    struct desk *d = fresh(ALWAYS);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "坏了");
    assert_int_equal(pushes(d, "lin"), 1);
    desk_wait(d, 10 * MIN); /* what stops it may be on its way: the lateness is waited for */
    assert_int_equal(pushes(d, "lin"), 1);
    desk_wait(d, MIN);
    assert_int_equal(pushes(d, "lin"), 2);
    assert_int_equal(pushes(d, "zhao"), 0);
    desk_wait(d, 20 * MIN);
    assert_int_equal(pushes(d, "zhao"), 1);
    assert_int_equal(pushes(d, "boss"), 0);
    desk_wait(d, 30 * MIN);
    assert_int_equal(pushes(d, "boss"), 1);
    desk_wait(d, 600 * MIN);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox"), 4);
    desk_free(d);
}

static void an_information_climbs_nothing(void **state)
{
    struct desk *d = fresh(ALWAYS);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "谢谢");
    desk_wait(d, 600 * MIN);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox"), 1);
    desk_free(d);
}

static void with_nobody_on_duty_it_waits_for_the_next_duty_hour(void **state)
{
    struct desk *d = fresh(FROM_NINE);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "坏了");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox"), 0);
    desk_wait(d, 59 * MIN); /* 08:59 */
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox"), 0);
    desk_wait(d, 2 * MIN); /* 09:01 */
    assert_int_equal(pushes(d, "lin"), 1);
    desk_wait(d, 8 * MIN); /* 09:09: nine minutes of duty */
    assert_int_equal(pushes(d, "lin"), 1);
    desk_wait(d, 2 * MIN);
    assert_int_equal(pushes(d, "lin"), 2);
    desk_free(d);
}

static void what_is_urgent_is_told_at_once_and_climbs_by_the_clock(void **state)
{
    struct desk *d = fresh(FROM_NINE);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "插座漏电");
    assert_int_equal(pushes(d, "lin"), 1);
    assert_int_equal(desk_int(d, "SELECT urgent FROM outbox"), 1);
    desk_wait(d, 31 * MIN); /* 08:31, before any duty hour */
    assert_int_equal(pushes(d, "boss"), 1);
    desk_free(d);
}

/* The leader's rung is due at once: it adds people, and says nothing to one twice. */
static void what_is_urgent_is_told_once_where_no_staff_is_known(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "插座漏电");
    desk_wait(d, 31 * MIN);
    assert_int_equal(pushes(d, "boss"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox"), 3); /* each target */
    desk_free(d);
}

static void who_is_doer_and_leader_is_told_of_what_is_urgent_once(void **state)
{
    struct desk *d = fresh("staff:\n"
                           "  - {id: zhao, name: 赵, push: ['zhao']}\n"
                           "groups:\n"
                           "  - {realm: replay, id: g1, manager: zhao}\n");

    (void)state;
    desk_say(d, "m1", "ann", "customer", "插座漏电");
    desk_wait(d, MIN);
    assert_int_equal(pushes(d, "zhao"), 1);
    /* Handed over it begins anew: the new one is told, and nobody twice. */
    assert_int_equal(desk_command(d, "alert.handover", "{\"id\":1,\"to\":\"zhao\"}"), 0);
    desk_wait(d, 31 * MIN);
    assert_int_equal(pushes(d, "zhao"), 2);
    desk_free(d);
}

static void a_later_rung_tells_the_same_person_again(void **state)
{
    struct desk *d =
        desk_new("targets:\n"
                 "  boss: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n"
                 "alert: {ladders: {urgent: [0s, 5m]}}\n",
                 RULES);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "插座漏电");
    desk_wait(d, MIN);
    assert_int_equal(pushes(d, "boss"), 1);
    desk_wait(d, 6 * MIN);
    assert_int_equal(pushes(d, "boss"), 2);
    desk_free(d);
}

static void whoever_takes_it_stops_the_ladder(void **state)
{
    struct desk *d = fresh(ALWAYS);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "坏了");
    assert_int_equal(desk_command(d, "alert.ack", "{\"id\":1,\"by\":\"lin\"}"), 0);
    assert_int_equal(desk_command(d, "alert.ack", "{\"id\":1}"), QUND_E_INVAL);
    desk_wait(d, 120 * MIN);
    assert_int_equal(pushes(d, "zhao") + pushes(d, "boss"), 0);
    /* Its push still waits: taken is not dealt with. */
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox WHERE state = 0"), 1);
    assert_int_equal(desk_command(d, "alert.resolve", "{\"id\":1,\"note\":\"换了\"}"), 0);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox WHERE state = 0"), 0);
    assert_int_equal(desk_command(d, "alert.ack", "{\"id\":1}"), QUND_E_INVAL);
    desk_free(d);
}

static void an_answer_in_the_chat_resolves_it_and_its_waiting_pushes_go(void **state)
{
    struct desk *d = fresh(ALWAYS);
    char *note;

    (void)state;
    desk_say(d, "m1", "ann", "customer", "水管坏了");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox WHERE state = 0"), 1);
    desk_say(d, "m2", "lin", "staff", "@ann 师傅马上到");
    assert_int_equal(desk_int(d, "SELECT state FROM alert"), 2);
    note = desk_text(d, "SELECT note FROM alert");
    assert_string_equal(note, "answered");
    qund_free(note);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox WHERE state = 0"), 0);
    desk_wait(d, 120 * MIN);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox"), 1);
    desk_free(d);
}

static void a_repeat_or_a_restart_tells_nobody_again(void **state)
{
    struct desk *d = fresh(ALWAYS);
    const char *again = "{\"id\":\"m1\",\"ts\":1757894400002,\"group\":\"g1\",\"sender\":\"ann\","
                        "\"sender_name\":\"ann\",\"sender_role\":\"customer\",\"text\":\"坏了\"}";

    (void)state;
    desk_say(d, "m1", "ann", "customer", "坏了");
    assert_int_equal(desk_int(d, "SELECT key_ts FROM message_202509"), 1757894400002);
    desk_event(d, again);
    desk_close_store(d);
    desk_open_store(d);
    desk_event(d, again);
    assert_int_equal(desk_int(d, "SELECT n FROM alert"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox"), 1);
    desk_wait(d, 11 * MIN); /* the ladder goes on where it stood */
    assert_int_equal(pushes(d, "lin"), 2);
    desk_free(d);
}

static void where_nobody_holds_the_role_the_manager_stands_in(void **state)
{
    struct desk *d = fresh("staff:\n"
                           "  - {id: zhao, name: 赵, push: ['zhao']}\n"
                           "groups:\n"
                           "  - {realm: replay, id: g1, manager: zhao}\n");

    (void)state;
    desk_say(d, "m1", "ann", "customer", "坏了");
    assert_int_equal(pushes(d, "zhao"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox"), 1);
    desk_free(d);
}

static void a_group_that_appears_later_has_the_installations_hours(void **state)
{
    struct desk *d = fresh("duty_hours: [{days: mon-sun, hours: \"09:00-18:00\"}]\n");

    (void)state;
    /* The roster was read before this group was known. */
    desk_say(d, "m1", "ann", "customer", "坏了");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox"), 3); /* no staff: every target */
    desk_wait(d, 65 * MIN);                                          /* 09:05 */
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox"), 3);
    desk_wait(d, 6 * MIN); /* 09:11 */
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox"), 6);
    desk_free(d);
}

static void at_night_only_what_is_urgent_is_told_and_the_rest_in_the_morning(void **state)
{
    struct desk *d = fresh(ALWAYS);

    (void)state;
    desk_wait(d, 15 * 60 * MIN); /* 23:00 */
    desk_say(d, "m1", "ann", "customer", "坏了");
    desk_say(d, "m2", "bob", "customer", "漏电");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox WHERE state = 0 AND urgent = 1"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox WHERE state = 5 AND alert = 1"), 1);
    desk_wait(d, 8 * 60 * MIN + 59 * MIN); /* 07:59 */
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox WHERE state = 0 AND alert = 1"), 0);
    desk_wait(d, 2 * MIN);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox WHERE state = 5"), 0);
    assert_true(desk_int(d, "SELECT count(*) FROM outbox WHERE state = 0 AND alert = 1") > 0);
    desk_free(d);
}

static void an_old_message_raises_nothing(void **state)
{
    struct desk *d = fresh(ALWAYS);

    (void)state;
    d->rx += 3 * 60 * MIN;
    desk_event(d, "{\"id\":\"m1\",\"ts\":1757894400002,\"group\":\"g1\",\"sender\":\"ann\","
                  "\"sender_role\":\"customer\",\"text\":\"漏电\"}");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM alert"), 0);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM message_202509"), 1);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_cause_folds_within_the_window_and_is_a_new_matter_after_it),
        cmocka_unit_test(another_person_group_or_rule_is_another_cause),
        cmocka_unit_test(the_ladder_goes_from_the_doer_to_the_manager_to_the_leader),
        cmocka_unit_test(an_information_climbs_nothing),
        cmocka_unit_test(with_nobody_on_duty_it_waits_for_the_next_duty_hour),
        cmocka_unit_test(what_is_urgent_is_told_at_once_and_climbs_by_the_clock),
        cmocka_unit_test(what_is_urgent_is_told_once_where_no_staff_is_known),
        cmocka_unit_test(who_is_doer_and_leader_is_told_of_what_is_urgent_once),
        cmocka_unit_test(a_later_rung_tells_the_same_person_again),
        cmocka_unit_test(whoever_takes_it_stops_the_ladder),
        cmocka_unit_test(an_answer_in_the_chat_resolves_it_and_its_waiting_pushes_go),
        cmocka_unit_test(a_repeat_or_a_restart_tells_nobody_again),
        cmocka_unit_test(where_nobody_holds_the_role_the_manager_stands_in),
        cmocka_unit_test(a_group_that_appears_later_has_the_installations_hours),
        cmocka_unit_test(at_night_only_what_is_urgent_is_told_and_the_rest_in_the_morning),
        cmocka_unit_test(an_old_message_raises_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
