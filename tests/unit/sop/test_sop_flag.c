/* tests/unit/sop/test_sop_flag.c - what is simply so, of a person, a group and a plan. */
#include "sop_unit.h"

static bool is(struct desk *d, enum qund_sop_flag f, const struct qund_sop_span *s)
{
    QUND_AUTO(qund_months_free) struct qund_months *months = qund_months_new(d->db);
    bool out = false;
    int rc = qund_sop_flag(d->db, months, d->fold, f, s, &out);

    if (rc != 0)
        fail_msg("%s: %d %s", qund_sop_flag_name(f), rc, qund_db_error(d->db));
    return out;
}

static struct qund_sop_span span_of(struct desk *d, const char *pid)
{
    return (struct qund_sop_span){.group = G1,
                                  .contact = pid ? who(d, pid) : 0,
                                  .from = START + 1000,
                                  .until = START + QUND_HOUR_MS,
                                  .plan = 5};
}

static void the_word_that_began_a_run_does_not_end_it(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_sop_span s;

    (void)state;
    say(d, START + 1000, "ann", "户型");
    say(d, START + 1100, "bob", "hi");
    s = span_of(d, "ann");
    assert_false(is(d, QUND_SOP_SPOKE, &s));
    assert_false(is(d, QUND_SOP_REPLIED, &s));
    say(d, START + 1200, "ann", "谢谢");
    assert_true(is(d, QUND_SOP_SPOKE, &s));
    assert_false(is(d, QUND_SOP_REPLIED, &s));
    event(d, START + 1300, NULL, "ann", "customer", "\"to\":\"staff1\",\"text\":\"好\"");
    assert_true(is(d, QUND_SOP_REPLIED, &s));
    s.contact = who(d, "bob");
    assert_false(is(d, QUND_SOP_REPLIED, &s));
    desk_free(d);
}

static void what_a_person_did_is_known_from_rows(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_sop_span s, other;
    char text[400];

    (void)state;
    say(d, START + 1, "ann", "hi");
    say(d, START + 2, "bob", "hi");
    s = span_of(d, "ann");
    other = span_of(d, "bob");
    assert_false(is(d, QUND_SOP_OPT_OUT, &s));
    say(d, START + 1100, "ann", "退订");
    assert_true(is(d, QUND_SOP_OPT_OUT, &s));
    assert_false(is(d, QUND_SOP_ROOM_KNOWN, &s));
    say(d, START + 1150, "ann", "我家3栋2单元1502");
    assert_true(is(d, QUND_SOP_ROOM_KNOWN, &s));
    assert_false(is(d, QUND_SOP_COMPLAINT_OPEN, &s));
    say(d, START + 1200, "ann", "门坏了");
    assert_true(is(d, QUND_SOP_COMPLAINT_OPEN, &s));
    say(d, START + 1300, "staff1", "@ann 马上看");
    assert_false(is(d, QUND_SOP_COMPLAINT_OPEN, &s));
    assert_false(is(d, QUND_SOP_HOMEWORK_SUBMITTED, &s));
    event(d, START + 1400, "g1", "ann", "customer", "\"kind\":\"image\",\"text\":\"\"");
    assert_true(is(d, QUND_SOP_HOMEWORK_SUBMITTED, &s));
    fact(d, G1, s.contact, START + 900, "form.submit", "", 1);
    assert_false(is(d, QUND_SOP_FORM_SUBMITTED, &s)); /* before the run */
    fact(d, G1, s.contact, START + 1500, "form.submit", "", 1);
    assert_true(is(d, QUND_SOP_FORM_SUBMITTED, &s));
    assert_false(is(d, QUND_SOP_ORDERED, &s));
    fact(d, 0, s.contact, START + 1600, "order.paid", "A1", 1);
    assert_true(is(d, QUND_SOP_ORDERED, &s));
    assert_false(is(d, QUND_SOP_CONVERTED, &other));
    snprintf(text, sizeof(text),
             "INSERT INTO shop_order(realm, number, contact, paid_at) VALUES(1, 'B', %lld, %lld)",
             (long long)other.contact, (long long)START + 1700);
    run_sql(d, text);
    assert_true(is(d, QUND_SOP_ORDERED, &other));
    assert_true(is(d, QUND_SOP_CONVERTED, &other));
    assert_false(is(d, QUND_SOP_LEFT_GROUP, &other));
    event(d, START + 1800, "g1", "bob", "customer", "\"type\":\"member.leave\"");
    assert_true(is(d, QUND_SOP_LEFT_GROUP, &other));
    desk_free(d);
}

static void a_sign_up_is_cancelled_under_the_name_that_a_list_has(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_sop_span s;

    (void)state;
    say(d, START + 1, "ann", "hi");
    s = span_of(d, "ann");
    assert_false(is(d, QUND_SOP_SIGNUP_CANCELLED, &s));
    run_sql(d, "INSERT INTO signup(grp, chain, name, room, party, state, contact, first_at, at,"
               " origin_seq) VALUES(1, '', 'ann', '', 2, 0, 0, 1, 1, 1)");
    assert_false(is(d, QUND_SOP_SIGNUP_CANCELLED, &s));
    run_sql(d, "UPDATE signup SET state = 3");
    assert_true(is(d, QUND_SOP_SIGNUP_CANCELLED, &s));
    desk_free(d);
}

static void another_plan_that_courts_a_person_is_known(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_sop_span s;
    char text[700];

    (void)state;
    say(d, START + 1, "ann", "hi");
    s = span_of(d, "ann");
    plan_with_task(d);
    snprintf(text, sizeof(text),
             "INSERT INTO plan_run(plan, contact, grp, began, state) VALUES(5, %lld, 1, 0, 0),"
             " (6, %lld, 1, 0, 0); UPDATE task SET contact = %lld, channel = 2, flags = 4",
             (long long)s.contact, (long long)s.contact, (long long)s.contact);
    run_sql(d, text);
    assert_false(is(d, QUND_SOP_ONE_TO_ONE_RUNNING, &s)); /* its own */
    s.plan = 6;
    assert_true(is(d, QUND_SOP_ONE_TO_ONE_RUNNING, &s));
    run_sql(d, "UPDATE task SET channel = 0"); /* speaks to the group, courts nobody */
    assert_false(is(d, QUND_SOP_ONE_TO_ONE_RUNNING, &s));
    run_sql(d, "UPDATE task SET channel = 2; UPDATE plan_run SET state = 2 WHERE plan = 5");
    assert_false(is(d, QUND_SOP_ONE_TO_ONE_RUNNING, &s));
    desk_free(d);
}

static void a_groups_flags_are_known_from_rows(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_sop_span s;

    (void)state;
    say(d, START + 1, "ann", "hi");
    s = span_of(d, NULL);
    assert_false(is(d, QUND_SOP_GROUP_PAUSED, &s));
    run_sql(d, "UPDATE grp SET state = 1");
    assert_true(is(d, QUND_SOP_GROUP_PAUSED, &s));
    assert_true(is(d, QUND_SOP_KOC_NOT_INVITED, &s));
    run_sql(d, "INSERT INTO role_holder(grp, role, actor_kind, contact) VALUES(1, 'koc_fan',"
               " 'invited_customer', 1)");
    assert_false(is(d, QUND_SOP_KOC_NOT_INVITED, &s));
    assert_false(is(d, QUND_SOP_STAFF_RISK, &s));
    assert_false(is(d, QUND_SOP_MENTION_ALL_USED, &s));
    say(d, START + 1100, "staff1", "@所有人 今天有课");
    say(d, START + 1200, "staff1", "跟着做保证赚");
    assert_true(is(d, QUND_SOP_STAFF_RISK, &s));
    assert_true(is(d, QUND_SOP_MENTION_ALL_USED, &s));
    s.from = START + 1200;
    assert_false(is(d, QUND_SOP_STAFF_RISK, &s));
    assert_false(is(d, QUND_SOP_MENTION_ALL_USED, &s));
    plan_with_task(d);
    assert_false(is(d, QUND_SOP_DISCLOSURE_MISSING, &s));
    run_sql(d, "UPDATE task SET flags = 128");
    assert_true(is(d, QUND_SOP_DISCLOSURE_MISSING, &s));
    desk_free(d);
}

static void a_flag_said_by_hand_holds_for_its_plan(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_sop_span s;
    char text[200];

    (void)state;
    say(d, START + 1, "ann", "hi");
    s = span_of(d, "ann");
    for (int f = QUND_SOP_FLAG_NONE + 1; f < QUND_SOP_FLAGS; f++) {
        run_sql(d, "DELETE FROM plan_said");
        snprintf(text, sizeof(text), "INSERT INTO plan_said VALUES(5, 'flag:%s', 1, 0, 'test')",
                 qund_sop_flag_name((enum qund_sop_flag)f));
        run_sql(d, text);
        assert_true(is(d, (enum qund_sop_flag)f, &s));
    }
    s.plan = 6;
    assert_false(is(d, QUND_SOP_SAFETY_ISSUE, &s));
    s.plan = 5;
    run_sql(d, "UPDATE plan_said SET n = 0");
    assert_false(is(d, QUND_SOP_RESTRICTED_WORD, &s));
    desk_free(d);
}

static void a_persons_flag_without_a_person_does_not_hold(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_sop_span s;

    (void)state;
    say(d, START + 1100, "ann", "hi");
    s = span_of(d, NULL);
    assert_false(is(d, QUND_SOP_SPOKE, &s));
    assert_false(is(d, QUND_SOP_OPT_OUT, &s));
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_word_that_began_a_run_does_not_end_it),
        cmocka_unit_test(what_a_person_did_is_known_from_rows),
        cmocka_unit_test(a_sign_up_is_cancelled_under_the_name_that_a_list_has),
        cmocka_unit_test(another_plan_that_courts_a_person_is_known),
        cmocka_unit_test(a_groups_flags_are_known_from_rows),
        cmocka_unit_test(a_flag_said_by_hand_holds_for_its_plan),
        cmocka_unit_test(a_persons_flag_without_a_person_does_not_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
