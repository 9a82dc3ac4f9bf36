/* What we said ourselves comes back in the stream, or somebody speaks of it. */
#include "desk.h"

static const char CONFIG[] =
    "channels:\n"
    "  replay: {kind: replay, trust_roles: true, send_through: desk}\n"
    "targets:\n"
    "  desk: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n";
static const char RULES[] =
    "rules: [{id: r, when: {context: [reply_to_staff]}, then: [{tag: 跟进}]}]";

#define OWN(id, ts, text)                                                                     \
    "{\"id\":\"" id "\",\"ts\":" ts ",\"group\":\"g1\",\"sender\":\"us\",\"account\":\"us\"," \
    "\"text\":\"" text "\"}"

/* A push into the chat of g1, as `state`; the group and its realm exist after this. */
static void pushed(struct desk *d, int id, int state, const char *text)
{
    struct qund_buf sql = {0};

    if (id == 1)
        desk_say(d, "m1", "ann", "customer", "几点开门");
    qund_buf_printf(&sql,
                    "INSERT INTO outbox(id, key, target, state, urgent, attempt, body, created,"
                    " deadline, changed) VALUES(%d, 'auto:%d', 'desk', %d, 0, 1,"
                    " '{\"kind\":\"message\",\"text\":\"%s\"}', 1757894400000, 1757999999999,"
                    " 1757894400000);"
                    "INSERT INTO said(outbox, act, realm, grp, contact, at, seq, rule)"
                    " SELECT %d, 0, realm, grp, contact, 1757894400000, seq, 'r' FROM"
                    " message_202509 WHERE eid = 'm1'",
                    id, id, state, text, id);
    assert_int_equal(qund_db_exec(d->db, sql.p), 0);
    qund_buf_done(&sql);
}

static void is_delivered(struct desk *d, int id, const char *evidence)
{
    struct qund_buf sql = {0};
    char *got;

    qund_buf_printf(&sql, "SELECT state || ifnull(evidence, '') FROM outbox WHERE id = %d", id);
    got = desk_text(d, sql.p);
    assert_string_equal(got, evidence);
    qund_free(got);
    qund_buf_done(&sql);
}

static void a_message_that_comes_back_proves_its_push(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    pushed(d, 1, QUND_OUT_SENDING, "九点");
    assert_int_equal(desk_command(d, "delivery.outcome",
                                  "{\"id\":1,\"attempt\":1,\"event\":\"accepted\","
                                  "\"their_id\":\"w9\"}"),
                     0);
    is_delivered(d, 1, "2");
    desk_event(d, OWN("w9", "1757894402000", "九点"));
    is_delivered(d, 1, "4proved");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM contact_tag"), 0);
    desk_free(d);
}

static void it_may_come_before_the_answer_that_names_it(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    pushed(d, 1, QUND_OUT_SENDING, "九点");
    desk_event(d, OWN("w9", "1757894402000", "九点"));
    is_delivered(d, 1, "1");
    assert_int_equal(desk_command(d, "delivery.outcome",
                                  "{\"id\":1,\"attempt\":1,\"event\":\"accepted\","
                                  "\"their_id\":\"w9\"}"),
                     0);
    is_delivered(d, 1, "4proved");
    desk_free(d);
}

static void a_lost_answer_is_made_good_by_the_words(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    static const char LOST[] = "{\"id\":%d,\"attempt\":1,\"event\":\"unknown\"}";
    char body[80];

    (void)state;
    for (int id = 1; id <= 3; id++) {
        pushed(d, id, QUND_OUT_SENDING, "九点");
        if (id == 2) /* this one comes before its outcome is known to be lost */
            desk_event(d, OWN("w2", "1757894403000", "九点"));
        snprintf(body, sizeof(body), LOST, id);
        assert_int_equal(desk_command(d, "delivery.outcome", body), 0);
    }
    is_delivered(d, 1, "4proved"); /* w2 found the oldest that asked for one */
    is_delivered(d, 2, "7");
    is_delivered(d, 3, "7");
    desk_event(d, OWN("w3", "1757894404000", "十点"));
    is_delivered(d, 2, "7");
    desk_event(d, OWN("w4", "1757894405000", "九点"));
    is_delivered(d, 2, "4proved");
    is_delivered(d, 3, "7");
    assert_int_equal(desk_int(d, "SELECT count(DISTINCT their_id) FROM outbox"), 2);
    desk_free(d);
}

static void the_words_of_somebody_else_prove_nothing(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    pushed(d, 1, QUND_OUT_UNKNOWN, "九点");
    desk_say(d, "m2", "bob", "customer", "九点");
    desk_say(d, "m3", "mia", "staff", "九点");
    is_delivered(d, 1, "7");
    desk_free(d);
}

static void our_own_account_is_no_customer(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    desk_event(d, OWN("w1", "1757894402000", "早"));
    assert_int_equal(desk_int(d, "SELECT count(*) FROM measure"), 0);
    assert_int_equal(desk_int(d, "SELECT marks & 15 FROM message_202509"), QUND_ROLE_BOT);
    desk_free(d);
}

static void a_reply_to_what_never_came_back_is_one_to_the_staff(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    pushed(d, 1, QUND_OUT_ACCEPTED, "九点");
    assert_int_equal(qund_db_exec(d->db, "UPDATE outbox SET their_id = 'w9'"), 0);
    desk_event(d, "{\"id\":\"m4\",\"ts\":1757894402000,\"group\":\"g1\",\"sender\":\"ann\","
                  "\"reply_to\":\"w8\",\"text\":\"嗯\"}");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM contact_tag"), 0);
    desk_event(d, "{\"id\":\"m5\",\"ts\":1757894402000,\"group\":\"g1\",\"sender\":\"ann\","
                  "\"reply_to\":\"w9\",\"text\":\"嗯\"}");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM contact_tag"), 1);
    desk_free(d);
}

static void a_revoke_of_it_is_noted(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    pushed(d, 1, QUND_OUT_ACCEPTED, "九点");
    assert_int_equal(qund_db_exec(d->db, "UPDATE outbox SET their_id = 'w9'"), 0);
    desk_event(d, "{\"id\":\"r1\",\"ts\":1757894402000,\"group\":\"g1\",\"sender\":\"boss\","
                  "\"type\":\"revoke\",\"ref\":\"w9\"}");
    assert_int_equal(desk_int(d, "SELECT recalled FROM said"), 1757894402000);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_that_comes_back_proves_its_push),
        cmocka_unit_test(it_may_come_before_the_answer_that_names_it),
        cmocka_unit_test(a_lost_answer_is_made_good_by_the_words),
        cmocka_unit_test(the_words_of_somebody_else_prove_nothing),
        cmocka_unit_test(our_own_account_is_no_customer),
        cmocka_unit_test(a_reply_to_what_never_came_back_is_one_to_the_staff),
        cmocka_unit_test(a_revoke_of_it_is_noted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
