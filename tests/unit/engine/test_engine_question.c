/* test_engine_question.c - "Answered", clause by clause: who is owed an answer, which staff message
 * gave it, how long it took, and what a late, a revoked or a hand-made answer changes. */
#include "desk.h"

static const char RULES[] = "rules:\n"
                            "  - id: asks\n"
                            "    when: {any: [吗, 多少钱, 投诉]}\n"
                            "    then: [{intent: needs_reply}]\n"
                            "  - id: anger\n"
                            "    when: {any: [投诉]}\n"
                            "    then: [{intent: complaint}]\n";
static const char CONFIG[] =
    "targets:\n"
    "  desk: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n";

enum { MIN = 60000 };

static struct desk *fresh(void)
{
    return desk_new(CONFIG, RULES);
}

static void customer(struct desk *d, const char *id, const char *who, const char *text)
{
    desk_say(d, id, who, "customer", text);
}

static void staff(struct desk *d, const char *id, const char *text)
{
    desk_say(d, id, "mia", "staff", text);
}

/* A message of the staff with one more field; ts counts from the desk's time. */
static void staff_with(struct desk *d, const char *id, const char *field, const char *text)
{
    struct qund_buf json = {0};

    qund_buf_printf(&json,
                    "{\"id\":\"%s\",\"ts\":%lld,\"group\":\"g1\",\"sender\":\"mia\",%s,"
                    "\"sender_name\":\"mia\",\"sender_role\":\"staff\",\"text\":\"%s\"}",
                    id, (long long)d->rx + 1, field, text);
    desk_event(d, json.p);
    qund_buf_done(&json);
}

/* One that was said `ago` before now and comes only now. */
static void late(struct desk *d, const char *id, const char *who, const char *role, int64_t ago,
                 const char *text)
{
    struct qund_buf json = {0};

    qund_buf_printf(&json,
                    "{\"id\":\"%s\",\"ts\":%lld,\"group\":\"g1\",\"sender\":\"%s\","
                    "\"sender_name\":\"%s\",\"sender_role\":\"%s\",\"text\":\"%s\"}",
                    id, (long long)(d->rx - ago), who, who, role, text);
    desk_event(d, json.p);
    qund_buf_done(&json);
}

/* The eid of the message that answered it; "" while it is open. */
static void assert_answer(struct desk *d, const char *eid, const char *by)
{
    char sql[300];
    char *got;

    snprintf(sql, sizeof(sql),
             "SELECT coalesce(m.eid, '') FROM question q LEFT JOIN message_202509"
             " m ON m.seq = q.answer_seq WHERE q.eid = '%s'",
             eid);
    got = desk_text(d, sql);
    assert_string_equal(got, by);
    qund_free(got);
}

static void a_mention_a_quote_or_a_name_answers_whoever_it_addresses(void **state)
{
    struct desk *d = fresh();

    (void)state;
    customer(d, "q1", "ann", "在吗");
    customer(d, "q2", "bob", "有吗");
    customer(d, "q3", "cid", "能送吗");
    desk_wait(d, 60 * MIN); /* far behind the ten minutes */
    staff_with(d, "a1", "\"mentions\":[\"bob\"]", "有的");
    staff_with(d, "a2", "\"reply_to\":\"q3\"", "能");
    staff(d, "a3", "@ann 在");
    assert_answer(d, "q1", "a3");
    assert_answer(d, "q2", "a1");
    assert_answer(d, "q3", "a2");
    desk_free(d);
}

static void a_reply_to_another_message_of_the_asker_addresses_the_asker(void **state)
{
    struct desk *d = fresh();

    (void)state;
    customer(d, "q1", "ann", "多少钱");
    customer(d, "m1", "ann", "就是那个灰色的");
    desk_wait(d, 30 * MIN);
    staff_with(d, "a1", "\"reply_to\":\"m1\"", "260");
    assert_answer(d, "q1", "a1");
    desk_free(d);
}

static void a_name_is_not_a_longer_name(void **state)
{
    struct desk *d = fresh();

    (void)state;
    customer(d, "q1", "ann", "在吗");
    customer(d, "q2", "anna", "在吗");
    customer(d, "q3", "王", "在吗");
    customer(d, "q4", "王先生", "在吗");
    desk_wait(d, 20 * MIN);
    staff(d, "a1", "@anna 在的");
    staff(d, "a2", "@王先生您好");
    assert_answer(d, "q1", "");
    assert_answer(d, "q2", "a1");
    assert_answer(d, "q3", "");
    assert_answer(d, "q4", "a2");
    desk_free(d);
}

static void the_next_staff_message_within_ten_minutes_answers_the_one_asker(void **state)
{
    struct desk *d = fresh();

    (void)state;
    customer(d, "q1", "ann", "瓷砖多少钱");
    customer(d, "q2", "ann", "包安装吗");
    desk_wait(d, 9 * MIN);
    staff(d, "a1", "260一平，包的");
    assert_answer(d, "q1", "a1");
    assert_answer(d, "q2", "a1");
    customer(d, "q3", "ann", "周末送吗");
    desk_wait(d, 11 * MIN);
    staff(d, "a2", "早上好");
    assert_answer(d, "q3", "");
    desk_free(d);
}

static void of_several_askers_it_is_whose_words_the_answer_shares_else_the_latest(void **state)
{
    struct desk *d = fresh();

    (void)state;
    customer(d, "q1", "ann", "灰色瓷砖多少钱");
    customer(d, "q2", "bob", "周末可以送货上门吗");
    staff(d, "a1", "灰色瓷砖260一平");
    assert_answer(d, "q1", "a1");
    assert_answer(d, "q2", "");
    customer(d, "q3", "cid", "你们几点关门吗");
    staff(d, "a2", "好的");
    assert_answer(d, "q3", "a2");
    assert_answer(d, "q2", "");
    desk_free(d);
}

static void what_is_addressed_to_somebody_else_answers_nobody_who_waits(void **state)
{
    struct desk *d = fresh();

    (void)state;
    customer(d, "q1", "ann", "多少钱");
    staff(d, "a1", "@张姐 您的地址发我一下");
    assert_answer(d, "q1", "");
    staff(d, "a2", "260");
    assert_answer(d, "q1", "a2");
    desk_free(d);
}

static void another_member_or_the_asker_closes_nothing(void **state)
{
    struct desk *d = fresh();

    (void)state;
    customer(d, "q1", "ann", "多少钱");
    customer(d, "m1", "bob", "@ann 260，我刚买");
    customer(d, "m2", "ann", "谢谢");
    assert_answer(d, "q1", "");
    desk_free(d);
}

static void done_by_hand_stays_done_whatever_is_said_later(void **state)
{
    struct desk *d = fresh();

    (void)state;
    customer(d, "q1", "ann", "多少钱");
    assert_int_equal(desk_command(d, "question.done", "{\"id\":1}"), 0);
    staff(d, "a1", "260");
    late(d, "a0", "mia", "staff", 1000, "@ann 260");
    assert_int_equal(desk_int(d, "SELECT state FROM question"), 2);
    assert_int_equal(desk_command(d, "question.done", "{\"id\":1}"), QUND_E_INVAL);
    assert_int_equal(desk_command(d, "question.done", "{\"id\":2}"), QUND_E_NOTFOUND);
    desk_wait(d, 60 * MIN);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM alert"), 0);
    desk_free(d);
}

static void a_late_answer_counts_at_its_own_time(void **state)
{
    struct desk *d = fresh();

    (void)state;
    customer(d, "q1", "ann", "多少钱");
    desk_wait(d, 3 * MIN);
    staff(d, "a2", "260");
    assert_answer(d, "q1", "a2");
    late(d, "a1", "mia", "staff", 2 * MIN, "260一平");
    assert_answer(d, "q1", "a1");
    assert_in_range(desk_int(d, "SELECT reply_ms FROM question"), MIN - 10, MIN + 10);
    desk_free(d);
}

static void a_late_answer_by_name_finds_a_question_of_an_hour_ago(void **state)
{
    struct desk *d = fresh();

    (void)state;
    customer(d, "q1", "ann", "多少钱");
    desk_wait(d, 60 * MIN);
    customer(d, "m1", "bob", "早");
    late(d, "a1", "mia", "staff", 5000, "@ann 260"); /* before bob's word */
    assert_answer(d, "q1", "a1");
    desk_free(d);
}

static void a_late_question_looks_forward_for_its_answer(void **state)
{
    struct desk *d = fresh();

    (void)state;
    customer(d, "m0", "bob", "早");
    desk_wait(d, MIN);
    staff(d, "a1", "@ann 260");
    late(d, "q1", "ann", "customer", 30000, "多少钱");
    assert_answer(d, "q1", "a1");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM timer WHERE kind = 'question.overdue'"), 0);
    desk_free(d);
}

static void an_answer_that_is_taken_back_answers_no_longer(void **state)
{
    struct desk *d = fresh();

    (void)state;
    customer(d, "q1", "ann", "多少钱");
    desk_wait(d, MIN);
    staff(d, "a1", "260");
    desk_event(d, "{\"id\":\"r1\",\"ts\":1757894462000,\"group\":\"g1\",\"sender\":\"mia\","
                  "\"type\":\"revoke\",\"ref\":\"a1\"}");
    assert_answer(d, "q1", "");
    assert_int_equal(desk_int(d, "SELECT state FROM question"), 0);
    staff(d, "a2", "280");
    assert_answer(d, "q1", "a2");
    desk_free(d);
}

static void revoke(struct desk *d, const char *id, const char *ref)
{
    struct qund_buf json = {0};

    qund_buf_printf(&json,
                    "{\"id\":\"%s\",\"ts\":%lld,\"group\":\"g1\",\"sender\":\"mia\","
                    "\"type\":\"revoke\",\"ref\":\"%s\"}",
                    id, (long long)d->rx, ref);
    desk_event(d, json.p);
    qund_buf_done(&json);
}

static void what_was_judged_overdue_is_answered_by_a_late_answer_and_its_alert_ends(void **state)
{
    struct desk *d = fresh();

    (void)state;
    customer(d, "q1", "ann", "多少钱");
    desk_wait(d, 11 * MIN);
    assert_int_equal(desk_int(d, "SELECT judged FROM question"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM alert WHERE state = 0"), 1);
    late(d, "a1", "mia", "staff", 6 * MIN, "260"); /* said in time, heard too late */
    assert_answer(d, "q1", "a1");
    assert_int_equal(desk_int(d, "SELECT judged FROM question"), 1);
    assert_int_equal(desk_int(d, "SELECT (reply_ms + 500) / 60000 FROM question"), 5);
    assert_int_equal(
        desk_int(d, "SELECT count(*) FROM alert WHERE state = 2 AND note = 'answered'"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM timer WHERE kind = 'alert.rung'"), 0);
    desk_free(d);
}

static void an_answer_that_is_taken_back_opens_the_alert_again(void **state)
{
    struct desk *d = fresh();

    (void)state;
    customer(d, "q1", "ann", "多少钱");
    desk_wait(d, 11 * MIN);
    staff_with(d, "a1", "\"reply_to\":\"q1\"", "260");
    assert_int_equal(desk_int(d, "SELECT state FROM alert"), 2);
    revoke(d, "r1", "a1");
    assert_answer(d, "q1", "");
    assert_int_equal(desk_int(d, "SELECT state FROM alert"), 0);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM timer WHERE kind = 'alert.rung'"), 1);
    desk_wait(d, MIN);
    staff_with(d, "a2", "\"reply_to\":\"q1\"", "280");
    assert_answer(d, "q1", "a2");
    assert_int_equal(desk_int(d, "SELECT state FROM alert"), 2);
    desk_free(d);
}

static void the_past_is_answered_behind_hundreds_of_questions_since(void **state)
{
    struct desk *d = fresh();
    char id[24];

    (void)state;
    for (int i = 0; i < 300; i++) {
        snprintf(id, sizeof(id), "q%d", i);
        customer(d, id, "ann", "在吗");
        snprintf(id, sizeof(id), "a%d", i);
        staff(d, id, "在");
        desk_wait(d, MIN / 2);
    }
    late(d, "old-q", "bob", "customer", 24 * 60 * MIN, "多少钱");
    late(d, "old-a", "mia", "staff", (24 * 60 - 2) * MIN, "260");
    assert_answer(d, "old-q", "old-a");
    assert_answer(d, "q0", "a0");
    assert_answer(d, "q299", "a299");
    revoke(d, "r1", "a10"); /* and one in the middle, with hundreds behind it */
    assert_answer(d, "q10", "a11");
    assert_answer(d, "q299", "a299");
    desk_free(d);
}

static void a_question_that_is_taken_back_lets_its_answer_go_to_who_waited(void **state)
{
    struct desk *d = fresh();

    (void)state;
    customer(d, "q1", "ann", "灰的多少钱");
    customer(d, "q2", "bob", "能送吗");
    staff(d, "a1", "好");
    assert_answer(d, "q2", "a1");
    desk_event(d, "{\"id\":\"r1\",\"ts\":1757894401000,\"group\":\"g1\",\"sender\":\"bob\","
                  "\"type\":\"revoke\",\"ref\":\"q2\"}");
    assert_answer(d, "q1", "a1");
    desk_free(d);
}

static void more_than_sixty_that_nobody_answered_hide_no_new_one(void **state)
{
    struct desk *d = fresh();
    char id[16], who[16];

    (void)state;
    for (int i = 0; i < 80; i++) {
        snprintf(id, sizeof(id), "q%d", i);
        snprintf(who, sizeof(who), "u%d", i);
        customer(d, id, who, "在吗");
    }
    desk_wait(d, 60 * MIN);
    customer(d, "last", "ann", "多少钱");
    staff(d, "a1", "260");
    assert_answer(d, "last", "a1");
    desk_free(d);
}

static void questions_of_the_past_are_kept_and_nobody_is_told(void **state)
{
    struct desk *d = fresh();

    (void)state;
    d->rx += 5 * 60 * MIN;
    late(d, "q1", "ann", "customer", 4 * 60 * MIN, "多少钱"); /* backfill */
    late(d, "m1", "bob", "customer", 3 * 60 * MIN, "早");
    late(d, "q2", "cid", "customer", 200 * MIN, "在吗"); /* and judged again */
    desk_wait(d, 60 * MIN);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM question WHERE state = 0"), 2);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM alert"), 0);
    desk_free(d);
}

/* The desk opens at 08:00 in the installation's zone. */
static void the_reply_clock_runs_in_duty_hours_but_for_complaints(void **state)
{
    struct desk *d = fresh();

    (void)state;
    desk_org(d, "duty_hours: [{days: mon-sun, hours: \"09:00-18:00\"}]\n");
    customer(d, "q1", "ann", "多少钱");
    customer(d, "q2", "bob", "我要投诉");
    desk_wait(d, 30 * MIN); /* 08:30: only the complaint is overdue */
    assert_int_equal(desk_int(d, "SELECT judged FROM question WHERE eid = 'q1'"), 0);
    assert_int_equal(desk_int(d, "SELECT judged FROM question WHERE eid = 'q2'"), 1);
    desk_wait(d, 35 * MIN); /* 09:05 */
    assert_int_equal(desk_int(d, "SELECT judged FROM question WHERE eid = 'q1'"), 0);
    staff(d, "a1", "@ann 260");
    staff(d, "a2", "@bob 马上处理");
    assert_in_range(desk_int(d, "SELECT reply_ms FROM question WHERE eid = 'q1'"), 5 * MIN - 10,
                    5 * MIN + 10);
    assert_in_range(desk_int(d, "SELECT reply_ms FROM question WHERE eid = 'q2'"), 65 * MIN - 10,
                    65 * MIN + 10);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mention_a_quote_or_a_name_answers_whoever_it_addresses),
        cmocka_unit_test(a_reply_to_another_message_of_the_asker_addresses_the_asker),
        cmocka_unit_test(a_name_is_not_a_longer_name),
        cmocka_unit_test(the_next_staff_message_within_ten_minutes_answers_the_one_asker),
        cmocka_unit_test(of_several_askers_it_is_whose_words_the_answer_shares_else_the_latest),
        cmocka_unit_test(what_is_addressed_to_somebody_else_answers_nobody_who_waits),
        cmocka_unit_test(another_member_or_the_asker_closes_nothing),
        cmocka_unit_test(done_by_hand_stays_done_whatever_is_said_later),
        cmocka_unit_test(a_late_answer_counts_at_its_own_time),
        cmocka_unit_test(a_late_answer_by_name_finds_a_question_of_an_hour_ago),
        cmocka_unit_test(a_late_question_looks_forward_for_its_answer),
        cmocka_unit_test(an_answer_that_is_taken_back_answers_no_longer),
        cmocka_unit_test(what_was_judged_overdue_is_answered_by_a_late_answer_and_its_alert_ends),
        cmocka_unit_test(an_answer_that_is_taken_back_opens_the_alert_again),
        cmocka_unit_test(the_past_is_answered_behind_hundreds_of_questions_since),
        cmocka_unit_test(a_question_that_is_taken_back_lets_its_answer_go_to_who_waited),
        cmocka_unit_test(more_than_sixty_that_nobody_answered_hide_no_new_one),
        cmocka_unit_test(questions_of_the_past_are_kept_and_nobody_is_told),
        cmocka_unit_test(the_reply_clock_runs_in_duty_hours_but_for_complaints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
