/* test_sop_told.c - what people say about people, by a command or by a rule, is heard by plans: a
 * tag, a lead's stage, an opt-out; told once, and only when it changed something. */
#include "sop_desk.h"

#define WHEN(id, trigger)                                                                        \
    "id: " id "\ntitle: " id "\nscope: contact\nanchor: trigger\ntrigger: " trigger "\nsteps:\n" \
    "  - {id: S01, at: +1h, role: consultant, channel: one_to_one, content: '您好',\n"         \
    "     expect: {metric: one_to_one_replies, gte: 1, window: 1d}}\n"

static const char RULES[] =
    "rules:\n"
    "  - {id: angry, when: {any: [投诉]}, then: [{intent: complaint}, {tag: {name: 客诉, for: "
    "7d}}]}\n"
    "  - {id: came, when: {any: [到店了]}, then: [{lead: {stage: visited}}]}\n";

/* Ann is contact 1 (desk.h's first words). */
static struct desk *listening(const char *template)
{
    struct desk *d = desk_new(SOP_CONFIG, RULES);
    struct qund_stmt *st;

    desk_org(d, SOP_ORG);
    desk_say(d, "m0", "ann", "customer", "大家早");
    st = qund_sql(d->db, "INSERT INTO sop_template(id, version, digest, title, body, source, at)"
                         " VALUES('t', 1, 'x', '试', :body, 'api', 0)");
    qund_bind_str(st, ":body", qund_str(template));
    assert_int_equal(qund_run(st), 0);
    assert_int_equal(desk_command(d, "plan.create", "{\"template\": \"t\", \"groups\": [1]}"), 0);
    desk_wait(d, MIN);
    assert_int_equal(sop_count(d, "plan_run"), 0);
    return d;
}

static int64_t ann(struct desk *d)
{
    return desk_int(d, "SELECT contact FROM identity WHERE pid = 'ann'");
}

static int about_ann(struct desk *d, const char *command, const char *more)
{
    char body[200];

    snprintf(body, sizeof(body), "{\"contact\": %lld%s}", (long long)ann(d), more);
    return desk_command(d, command, body);
}

static void a_tag_given_by_hand_begins_a_run_once(void **state)
{
    struct desk *d = listening(WHEN("t", "{tag_added: 客诉}"));

    (void)state;
    assert_int_equal(about_ann(d, "tag.add", ", \"tag\": \"别的\""), 0);
    assert_int_equal(sop_count(d, "plan_run"), 0);
    assert_int_equal(about_ann(d, "tag.add", ", \"tag\": \"客诉\""), 0);
    assert_int_equal(sop_count(d, "plan_run WHERE state = 0"), 1);
    assert_int_equal(desk_int(d, "SELECT contact FROM plan_run"), ann(d));
    assert_int_equal(about_ann(d, "tag.add", ", \"tag\": \"客诉\""), 0); /* no news */
    assert_int_equal(sop_count(d, "plan_run"), 1);
    desk_free(d);
}

static void a_rule_that_tags_a_complaint_begins_a_run_once(void **state)
{
    struct desk *d = listening(WHEN("t", "{tag_added: 客诉}"));

    (void)state;
    desk_say(d, "m1", "ann", "customer", "我要投诉");
    desk_say(d, "m2", "ann", "customer", "还是要投诉");
    desk_say(d, "m3", "bob", "customer", "我没事");
    assert_int_equal(sop_count(d, "plan_run"), 1);
    desk_free(d);
}

static void a_stage_begins_a_run_by_hand_and_by_a_rule(void **state)
{
    struct desk *d = listening(WHEN("t", "{lead_stage: visited}"));

    (void)state;
    assert_int_equal(about_ann(d, "lead.update", ", \"score_add\": 5"), 0);
    assert_int_equal(about_ann(d, "lead.update", ", \"stage\": \"new\""), 0);
    assert_int_equal(sop_count(d, "plan_run"), 0);
    assert_int_equal(about_ann(d, "lead.update", ", \"stage\": \"visited\""), 0);
    assert_int_equal(about_ann(d, "lead.update", ", \"stage\": \"visited\""), 0);
    assert_int_equal(sop_count(d, "plan_run"), 1);
    desk_say(d, "m1", "bob", "customer", "我到店了");
    assert_int_equal(sop_count(d, "lead WHERE stage = 'visited'"), 2);
    assert_int_equal(sop_count(d, "plan_run"), 2);
    desk_free(d);
}

static void an_opt_out_by_hand_ends_what_courts_him(void **state)
{
    struct desk *d = listening(WHEN("t", "{tag_added: 意向}"));

    (void)state;
    assert_int_equal(about_ann(d, "tag.add", ", \"tag\": \"意向\""), 0);
    assert_int_equal(sop_state(d, 1), PLANNED);
    assert_int_equal(about_ann(d, "contact.opt_out", ", \"opt_out\": false"), 0);
    assert_int_equal(sop_state(d, 1), PLANNED); /* a consent ends nothing */
    assert_int_equal(about_ann(d, "contact.opt_out", ""), 0);
    assert_int_equal(sop_state(d, 1), CANCELLED);
    sop_reason(d, 1, "opt_out");
    assert_int_equal(sop_count(d, "plan_run WHERE state = 0"), 0);
    desk_free(d);
}

static void a_command_that_was_refused_is_not_heard(void **state)
{
    struct desk *d = listening(WHEN("t", "{tag_added: 客诉}"));

    (void)state;
    assert_true(desk_command(d, "tag.add", "{\"contact\": 999, \"tag\": \"客诉\"}") < 0);
    assert_true(about_ann(d, "tag.add", ", \"tag\": \"a,b\"") < 0);
    assert_int_equal(sop_count(d, "plan_run"), 0);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tag_given_by_hand_begins_a_run_once),
        cmocka_unit_test(a_rule_that_tags_a_complaint_begins_a_run_once),
        cmocka_unit_test(a_stage_begins_a_run_by_hand_and_by_a_rule),
        cmocka_unit_test(an_opt_out_by_hand_ends_what_courts_him),
        cmocka_unit_test(a_command_that_was_refused_is_not_heard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
