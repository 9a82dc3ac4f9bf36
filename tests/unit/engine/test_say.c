/* What rules say in chats: marked, once, not to everybody, not too often, and taken back. */
#include "desk.h"

#define HEAD                                                                       \
    "channels:\n"                                                                  \
    "  replay: {kind: replay, trust_roles: true, send_through: voice}\n"           \
    "targets:\n"                                                                   \
    "  voice: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n" \
    "  desk: {kind: webhook, url: 'http://127.0.0.1:1/y', allow_private: true}\n"

static const char CONFIG[] = HEAD;
static const char RULES[] =
    "rules:\n"
    "  - {id: angry, priority: 90, when: {any: [投诉]}, then: [{intent: complaint}]}\n"
    "  - {id: stop, when: {any: [退订]}, then: [{intent: opt_out}]}\n"
    "  - id: hours\n"
    "    when: {any: [几点], from: [any]}\n"
    "    then: [{reply: {text: '{{sender.name}}，9:00-18:00'}}]\n"
    "  - {id: quiet-word, when: {any: [私聊]}, then: [{reply: {text: 好, private: true}}]}\n"
    "  - {id: welcome, on: member.join, when: {from: [any]}, then: [{reply: 欢迎}]}\n"
    "  - {id: take-back, when: {any: [撤回], from: [staff]}, then: [{recall: own}]}\n"
    "  - {id: moot, on: revoke, when: {from: [any]}, then: [{recall: own}]}\n"
    "  - {id: pass-on, when: {any: [报修]}, then: [{forward: {to: desk, text: 请看}},"
    " {forward: {to: 'group:back'}}]}\n";

static struct desk *open_desk(const char *config)
{
    struct desk *d = desk_new(config, RULES);

    desk_org(d, "groups:\n"
                "  - {realm: replay, id: back, name: 后台, internal: true}\n"
                "  - {realm: replay, id: g1, name: 一期}\n");
    return d;
}

static int64_t said(struct desk *d)
{
    return desk_int(d, "SELECT count(*) FROM said");
}

static void has_text(struct desk *d, const char *sql, const char *want)
{
    char *got = desk_text(d, sql);

    assert_string_equal(got, want);
    qund_free(got);
}

/* The reason counted and shown, once since the last look. */
static void unsaid(struct desk *d, const char *why)
{
    char look[64], labels[64];

    snprintf(look, sizeof(look), "\"why\":\"%s\"", why);
    snprintf(labels, sizeof(labels), "why=\"%s\"", why);
    qund_buf_char(&d->feed, '\0');
    if (!strstr(d->feed.p, look))
        fail_msg("no %s in %s", look, d->feed.p);
    assert_true(qund_counter_get(
                    qund_metric_counter(d->metrics, "qund_auto_unsaid_total", labels, "")) > 0);
    qund_buf_clear(&d->feed);
}

static void a_reply_is_marked_and_names_what_it_answers(void **state)
{
    struct desk *d = open_desk(CONFIG);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "几点开门");
    has_text(d, "SELECT target FROM outbox", "voice");
    has_text(d, "SELECT json_extract(body, '$.text') FROM outbox", "【自动回复】ann，9:00-18:00");
    has_text(d,
             "SELECT (body ->> 'kind') || (body ->> 'group') || (body ->> 'reply_to') || (body ->> "
             "'auto')"
             " FROM outbox",
             "messageg1m11");
    assert_int_equal(desk_int(d, "SELECT s.grp = m.grp AND s.contact = m.contact FROM said s,"
                                 " message_202509 m WHERE m.seq = s.seq"),
                     1);
    qund_buf_char(&d->feed, '\0');
    assert_non_null(strstr(d->feed.p, "\"kind\":\"auto\""));
    assert_non_null(strstr(d->feed.p, "\"state\":\"queued\""));
    desk_free(d);
}

static void a_repeat_is_answered_once_and_the_past_never(void **state)
{
    struct desk *d = open_desk(CONFIG);
    const char *event = "{\"id\":\"m1\",\"ts\":1757894400000,\"group\":\"g1\",\"sender\":\"ann\","
                        "\"text\":\"几点\"}";

    (void)state;
    desk_event(d, event);
    desk_event(d, event);
    desk_close_store(d);
    desk_open_store(d);
    desk_event(d, event);
    assert_int_equal(said(d), 1);
    desk_event(d, "{\"id\":\"m2\",\"ts\":1757894400000,\"group\":\"g1\",\"sender\":\"bob\","
                  "\"origin\":\"replay\",\"text\":\"几点\"}");
    desk_event(d, "{\"id\":\"m3\",\"ts\":1757800000000,\"group\":\"g1\",\"sender\":\"bob\","
                  "\"text\":\"几点\"}");
    assert_int_equal(said(d), 1);
    desk_free(d);
}

static void who_complains_gets_no_machine(void **state)
{
    struct desk *d = open_desk(CONFIG);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "我要投诉，你们几点开门");
    unsaid(d, "intent");
    desk_say(d, "m2", "ann", "customer", "退订，几点");
    unsaid(d, "intent");
    assert_int_equal(said(d), 0);
    desk_free(d);
}

static void machines_and_our_own_account_are_not_answered(void **state)
{
    struct desk *d = open_desk(CONFIG);

    (void)state;
    desk_say(d, "m1", "robot", "bot", "几点");
    unsaid(d, "bot");
    desk_event(d, "{\"id\":\"m2\",\"ts\":1757894400000,\"group\":\"g1\",\"sender\":\"us\","
                  "\"account\":\"us\",\"sender_role\":\"staff\",\"text\":\"几点\"}");
    unsaid(d, "bot");
    desk_say(d, "m3", "mia", "staff", "几点");
    assert_int_equal(said(d), 1);
    desk_free(d);
}

static void caps_hold_per_group_and_per_person(void **state)
{
    struct desk *d = open_desk(HEAD "auto: {per_group_hour: 3, per_contact_day: 2}\n");
    char id[8], who[8];

    (void)state;
    for (int i = 0; i < 3; i++) {
        snprintf(id, sizeof(id), "m%d", i);
        desk_say(d, id, "ann", "customer", "几点");
    }
    assert_int_equal(said(d), 2);
    unsaid(d, "cap_person");
    for (int i = 3; i < 6; i++) {
        snprintf(id, sizeof(id), "m%d", i);
        snprintf(who, sizeof(who), "c%d", i);
        desk_say(d, id, who, "customer", "几点");
    }
    assert_int_equal(said(d), 3);
    unsaid(d, "cap_group");
    desk_wait(d, 3600000);
    assert_int_equal(said(d), 3); /* what a cap held is skipped, not said an hour late */
    desk_say(d, "m9", "dan", "customer", "几点");
    assert_int_equal(said(d), 4);
    desk_free(d);
}

static void at_night_it_is_silent_or_waits(void **state)
{
    struct desk *d = open_desk(CONFIG);

    (void)state;
    desk_wait(d, 15 * 3600000); /* 23:00 */
    desk_say(d, "m1", "ann", "customer", "几点");
    unsaid(d, "quiet_hours");
    assert_int_equal(said(d), 0);
    desk_free(d);

    d = open_desk(HEAD "auto: {quiet: delay}\n");
    desk_wait(d, 15 * 3600000);
    desk_say(d, "m1", "ann", "customer", "几点");
    assert_int_equal(desk_int(d, "SELECT state FROM outbox"), QUND_OUT_RETRY_AT);
    has_text(d, "SELECT reason FROM outbox", "quiet hours");
    assert_int_equal(desk_int(d, "SELECT due FROM outbox"), 1757894400000 + QUND_DAY_MS); /* 8:00 */
    desk_wait(d, 9 * 3600000);
    assert_int_equal(desk_int(d, "SELECT state FROM outbox"), QUND_OUT_QUEUED);
    desk_wait(d, 6 * 60000); /* nobody took it in time */
    assert_int_equal(desk_int(d, "SELECT state FROM outbox"), QUND_OUT_EXPIRED);
    desk_free(d);
}

static void what_is_off_closed_or_old_stays_unsaid(void **state)
{
    struct desk *d = open_desk(HEAD "auto: {enabled: false}\n");

    (void)state;
    desk_say(d, "m1", "ann", "customer", "几点");
    unsaid(d, "off");
    desk_free(d);

    d = open_desk("channels: {replay: {kind: replay, trust_roles: true}}\n");
    desk_say(d, "m1", "ann", "customer", "几点");
    unsaid(d, "no_way");
    desk_free(d);

    d = open_desk(CONFIG);
    desk_event(d, "{\"id\":\"m1\",\"ts\":1757894000000,\"group\":\"g1\",\"sender\":\"ann\","
                  "\"text\":\"几点\"}");
    unsaid(d, "too_old");
    desk_org(d, "groups: [{realm: replay, id: g1, state: paused}]\n");
    desk_say(d, "m2", "ann", "customer", "几点");
    unsaid(d, "group_paused");
    desk_free(d);
}

static void a_private_word_goes_to_the_person(void **state)
{
    struct desk *d = open_desk(CONFIG);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "私聊我");
    has_text(
        d,
        "SELECT (body ->> 'person_id') || (body ->> 'via_group') || ifnull((body ->> 'group'), '-')"
        " FROM outbox",
        "anng1-");
    assert_int_equal(desk_int(d, "SELECT grp + contact FROM said"), 0);
    desk_free(d);
}

static void who_joins_is_greeted_by_name(void **state)
{
    struct desk *d = open_desk(CONFIG);

    (void)state;
    desk_event(d, "{\"id\":\"j1\",\"ts\":1757894400000,\"group\":\"g1\",\"type\":\"member.join\","
                  "\"data\":{\"member\":\"new\"}}");
    has_text(d, "SELECT body -> 'mentions' FROM outbox", "[\"new\"]");
    desk_event(d, "{\"id\":\"j2\",\"ts\":1757894400001,\"group\":\"g1\",\"type\":\"member.join\","
                  "\"account\":\"us\",\"data\":{\"member\":\"us\"}}");
    assert_int_equal(said(d), 1);
    desk_free(d);
}

static void a_quote_goes_to_the_staff_and_nowhere_else(void **state)
{
    struct desk *d = open_desk(CONFIG);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "我要报修");
    has_text(d, "SELECT (body ->> 'text') FROM outbox WHERE target = 'desk'",
             "【自动转发】请看\n[一期] ann：「我要报修」");
    has_text(d, "SELECT (body ->> 'kind') || (body ->> 'group') FROM outbox WHERE target = 'voice'",
             "forwardback");
    desk_org(d, "groups: [{realm: replay, id: back, internal: false}]\n");
    desk_say(d, "m2", "ann", "customer", "报修");
    unsaid(d, "not_internal");
    assert_int_equal(said(d), 3);
    desk_free(d);
}

static void sent(struct desk *d, int id, const char *event)
{
    char body[120];

    snprintf(body, sizeof(body), "{\"id\":%d,\"attempt\":0,\"event\":\"%s\",\"their_id\":\"w%d\"}",
             id, event, id);
    assert_int_equal(qund_db_exec(d->db, "UPDATE outbox SET state = 1 WHERE state = 0"), 0);
    assert_int_equal(desk_command(d, "delivery.outcome", body), 0);
}

static void own_words_are_taken_back_once(void **state)
{
    struct desk *d = open_desk(CONFIG);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "几点");
    sent(d, 1, "accepted");
    desk_say(d, "m2", "mia", "staff", "撤回");
    has_text(d, "SELECT (body ->> 'kind') || (body ->> 'message') FROM outbox WHERE id = 2",
             "recallw1");
    desk_say(d, "m3", "mia", "staff", "撤回");
    assert_int_equal(said(d), 2);
    sent(d, 2, "accepted");
    assert_int_equal(desk_int(d, "SELECT recalled > 0 FROM said WHERE outbox = 1"), 1);
    desk_say(d, "m4", "mia", "staff", "撤回");
    unsaid(d, "nothing_said");
    desk_free(d);
}

static void what_has_not_left_is_cancelled(void **state)
{
    struct desk *d = open_desk(CONFIG);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "几点");
    desk_event(d, "{\"id\":\"r1\",\"ts\":1757894400100,\"group\":\"g1\",\"sender\":\"ann\","
                  "\"type\":\"revoke\",\"ref\":\"m1\"}");
    assert_int_equal(desk_int(d, "SELECT state FROM outbox"), QUND_OUT_CANCELLED);
    assert_int_equal(said(d), 1);
    desk_free(d);
}

static void what_is_too_old_or_has_no_name_stays(void **state)
{
    struct desk *d = open_desk(CONFIG);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "几点");
    assert_int_equal(qund_db_exec(d->db, "UPDATE outbox SET state = 7"), 0);
    desk_say(d, "m2", "mia", "staff", "撤回");
    unsaid(d, "no_id");
    assert_int_equal(qund_db_exec(d->db, "UPDATE outbox SET state = 2, their_id = 'w1'"), 0);
    desk_wait(d, 3 * 60000);
    desk_say(d, "m3", "mia", "staff", "撤回");
    unsaid(d, "too_late");
    desk_free(d);
}

static void explain_says_what_would_leave_and_why_not(void **state)
{
    struct desk *d = open_desk(HEAD "auto: {per_contact_day: 1}\n");
    QUND_AUTO(qund_buf_done) struct qund_buf json = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf lines = {0};
    struct qund_err err;

    (void)state;
    desk_say(d, "m1", "ann", "customer", "投诉！几点");
    desk_say(d, "m2", "bob", "customer", "几点");
    desk_say(d, "m3", "bob", "customer", "几点");
    assert_int_equal(
        qund_engine_explain(d->engine, 1, QUND_STR_NONE, QUND_STR("hours"), &json, &lines, &err),
        0);
    qund_buf_char(&json, '\0');
    assert_non_null(strstr(json.p, "\"leaves\":false,\"why\":\"intent\""));
    assert_non_null(strstr(json.p, "\"text\":\"ann，9:00-18:00\""));
    qund_buf_clear(&json);
    assert_int_equal(
        qund_engine_explain(d->engine, 3, QUND_STR_NONE, QUND_STR("hours"), &json, &lines, &err),
        0);
    qund_buf_char(&json, '\0');
    qund_buf_char(&lines, '\0');
    assert_non_null(strstr(json.p, "\"why\":\"cap_person\""));
    assert_non_null(strstr(lines.p, "不发（cap_person）"));
    assert_int_equal(said(d), 1);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_is_marked_and_names_what_it_answers),
        cmocka_unit_test(a_repeat_is_answered_once_and_the_past_never),
        cmocka_unit_test(who_complains_gets_no_machine),
        cmocka_unit_test(machines_and_our_own_account_are_not_answered),
        cmocka_unit_test(caps_hold_per_group_and_per_person),
        cmocka_unit_test(at_night_it_is_silent_or_waits),
        cmocka_unit_test(what_is_off_closed_or_old_stays_unsaid),
        cmocka_unit_test(a_private_word_goes_to_the_person),
        cmocka_unit_test(who_joins_is_greeted_by_name),
        cmocka_unit_test(a_quote_goes_to_the_staff_and_nowhere_else),
        cmocka_unit_test(own_words_are_taken_back_once),
        cmocka_unit_test(what_has_not_left_is_cancelled),
        cmocka_unit_test(what_is_too_old_or_has_no_name_stays),
        cmocka_unit_test(explain_says_what_would_leave_and_why_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
