/* What an event leaves behind: once, whatever is repeated, and nothing after it was taken back. */
#include "desk.h"

static const char RULES[] =
    "rules:\n"
    "  - id: price\n"
    "    when: {any: [多少钱]}\n"
    "    then:\n"
    "      - intent: price_question\n"
    "      - intent: needs_reply\n"
    "      - tag: 意向:询价\n"
    "      - lead: {score_add: 10}\n"
    "      - alert: {to: consultant, level: info, text: '{{sender.name}}问价'}\n"
    "  - id: rooms\n"
    "    when: {extract: room}\n"
    "    then: [{intent: room_no}]\n";
static const char CONFIG[] =
    "targets:\n"
    "  desk: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n";

static void one_question_leaves_tag_lead_alert_and_push(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    char *title;

    (void)state;
    desk_say(d, "m1", "ann", "customer", "请问多少钱一平");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM message_202509"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM contact_tag"), 1);
    assert_int_equal(desk_int(d, "SELECT score FROM lead"), 10);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM alert WHERE state = 0"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox WHERE target = 'desk'"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM question WHERE state = 0"), 1);
    title = desk_text(d, "SELECT title FROM alert");
    assert_string_equal(title, "ann问价");
    qund_free(title);
    desk_free(d);
}

static void a_person_full_of_tags_is_still_heard(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf rules = {0};
    struct desk *d;

    (void)state;
    qund_buf_puts(&rules, "rules:\n");
    for (int i = 0; i < 257; i++)
        qund_buf_printf(&rules, "  - {id: r%d, when: {any: [多少钱]}, then: [{tag: 't%d'}]}\n", i,
                        i);
    d = desk_new(CONFIG, rules.p);
    desk_say(d, "m1", "ann", "customer", "多少钱");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM message_202509"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM contact_tag"), 256);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM dead"), 0);
    assert_int_equal(desk_metric(d, "qund_tags_full_total"), 1);
    desk_free(d);
}

static void a_repeat_changes_nothing_also_after_a_restart(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    const char *event = "{\"id\":\"m1\",\"ts\":1757894400000,\"group\":\"g1\",\"sender\":\"ann\","
                        "\"text\":\"多少钱\"}";

    (void)state;
    desk_event(d, event);
    desk_event(d, event);
    desk_close_store(d);
    desk_open_store(d);
    desk_event(d, event);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM message_202509"), 1);
    assert_int_equal(desk_int(d, "SELECT score FROM lead"), 10);
    assert_int_equal(desk_int(d, "SELECT n FROM alert"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox"), 1);
    assert_int_equal(desk_int(d, "SELECT messages FROM measure"), 1);
    desk_free(d);
}

static void a_revoke_takes_back_what_the_message_gave(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "多少钱 我是3栋2单元1502");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM contact_room"), 1);
    assert_int_equal(desk_int(d, "SELECT messages FROM measure"), 1);
    desk_event(d, "{\"id\":\"r1\",\"ts\":1757894401000,\"group\":\"g1\",\"sender\":\"ann\","
                  "\"type\":\"revoke\",\"ref\":\"m1\"}");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM contact_room"), 0);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM contact_tag"), 0);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM mark WHERE rooms IS NOT NULL"), 0);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM question WHERE state = 3"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM alert WHERE state = 2"), 1);
    assert_int_equal(desk_int(d, "SELECT messages + speakers FROM measure"), 0);
    desk_free(d);
}

static void a_revoke_that_overtakes_its_message_waits_for_it(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    desk_event(d, "{\"id\":\"r1\",\"ts\":1757894401000,\"group\":\"g1\",\"sender\":\"ann\","
                  "\"type\":\"revoke\",\"ref\":\"m1\"}");
    desk_say(d, "m1", "ann", "customer", "多少钱");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM contact_tag"), 0);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM early_revoke"), 0);
    desk_free(d);
}

static void an_answer_closes_the_question_and_its_alert(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "多少钱");
    desk_wait(d, 60000);
    desk_say(d, "m2", "mia", "staff", "@ann 一平260");
    assert_int_equal(desk_int(d, "SELECT state FROM question"), 1);
    assert_in_range(desk_int(d, "SELECT reply_ms FROM question"), 60000, 60010);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM alert WHERE state = 2"), 1);
    desk_free(d);
}

static void an_unanswered_question_is_told_after_ten_minutes_once(void **state)
{
    static const char QUIET[] = "rules:\n  - id: q\n    when: {any: [吗]}\n"
                                "    then: [{intent: needs_reply}]\n";
    struct desk *d = desk_new(CONFIG, QUIET);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "有人吗");
    desk_wait(d, 10 * 60000 + 29000);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM alert"), 0); /* lateness is not over */
    desk_wait(d, 2000);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM alert WHERE rule = 'reply-overdue'"), 1);
    desk_wait(d, 60000);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM alert"), 1);
    desk_free(d);
}

static void the_ladder_climbs_until_somebody_takes_it(void **state)
{
    static const char WARN[] = "rules:\n  - id: w\n    when: {any: [投诉]}\n"
                               "    then: [{alert: {to: consultant, level: warn, text: x}}]\n";
    struct desk *d = desk_new(CONFIG, WARN);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "我要投诉");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox"), 1);
    desk_wait(d, 11 * 60000);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox"), 2);
    desk_wait(d, 20 * 60000);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox"), 3);
    assert_int_equal(desk_command(d, "alert.ack", "{\"id\":1}"), 0);
    desk_wait(d, 60 * 60000);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox"), 3);
    assert_int_equal(desk_command(d, "alert.ack", "{\"id\":9}"), QUND_E_NOTFOUND);
    desk_free(d);
}

static void a_bad_entry_goes_to_the_dead_and_the_batch_goes_on(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_buf good = {0};
    struct qund_item items[3];

    (void)state;
    desk_pack(
        d, "{\"id\":\"m1\",\"ts\":1757894400000,\"group\":\"g1\",\"sender\":\"a\",\"text\":\"hi\"}",
        d->rx, &good);
    items[0] = (struct qund_item){.kind = QUND_ITEM_EVENT, .rx = d->rx, .id = {1, 0}};
    items[0].body = QUND_STR("Ebroken");
    items[1] = (struct qund_item){.kind = QUND_ITEM_EVENT, .rx = d->rx, .id = {2, 0}};
    items[1].body = qund_buf_view(&good);
    items[2] = (struct qund_item){.kind = QUND_ITEM_TICK, .rx = d->rx};
    assert_int_equal(desk_apply(d, items, 3), 0);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM dead WHERE kind = 'event'"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM message_202509"), 1);
    qund_buf_done(&good);
    desk_free(d);
}

static void a_refused_command_leaves_the_batch_alone(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    assert_int_equal(desk_command(d, "no.such", "{}"), QUND_E_NOTFOUND);
    assert_int_equal(desk_command(d, "alert.ack", "[]"), QUND_E_INVAL);
    desk_say(d, "m1", "ann", "customer", "hi");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM message_202509"), 1);
    desk_free(d);
}

static void who_leaves_a_sign_up_list_is_named(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    char *name;

    (void)state;
    desk_say(d, "m1", "xiaoman", "customer", "#接龙\\n码头一日游\\n1. 小满 2大1小");
    desk_say(d, "m2", "tao", "customer", "#接龙\\n码头一日游\\n1. 小满 2大1小\\n2. 老陶 2人");
    /* His row is only in the list before, whose text must live as long as what was found. */
    desk_say(d, "m3", "tao", "customer", "#接龙\\n码头一日游\\n1. 小满 2大1小");
    name = desk_text(d, "SELECT name FROM signup WHERE state = 3");
    assert_string_equal(name, "老陶");
    qund_free(name);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM signup"), 2);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_question_leaves_tag_lead_alert_and_push),
        cmocka_unit_test(a_person_full_of_tags_is_still_heard),
        cmocka_unit_test(a_repeat_changes_nothing_also_after_a_restart),
        cmocka_unit_test(a_revoke_takes_back_what_the_message_gave),
        cmocka_unit_test(a_revoke_that_overtakes_its_message_waits_for_it),
        cmocka_unit_test(an_answer_closes_the_question_and_its_alert),
        cmocka_unit_test(an_unanswered_question_is_told_after_ten_minutes_once),
        cmocka_unit_test(the_ladder_climbs_until_somebody_takes_it),
        cmocka_unit_test(a_bad_entry_goes_to_the_dead_and_the_batch_goes_on),
        cmocka_unit_test(a_refused_command_leaves_the_batch_alone),
        cmocka_unit_test(who_leaves_a_sign_up_list_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
