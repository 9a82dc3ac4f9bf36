/* test_plan_run.c - plans for persons: who begins, who is greeted together, who leaves. */
#include "plan_unit.h"

/* Two steps of a newcomer's week: a greeting in the group, a word to the person. */
static const char WELCOME[] =
    "id: welcome\ntitle: 入群\nscope: member\nanchor: join\ntrigger: member_joined\n"
    "stop_all: [opt_out, left_group, converted]\nsteps:\n"
    "  - {id: S01, at: \"+5m\", role: consultant, channel: group, kind: service, late: 2h,\n"
    "     content: \"欢迎{{merged.nicks}}\", expect: {metric: speakers, gte: 30% of new, window: "
    "1d}}\n"
    "  - {id: S02, at: \"D3 12:30\", role: consultant, channel: one_to_one,\n"
    "     content: \"{{member.nick}}您好\", expect: {metric: one_to_one_replies, gte: 1, window: "
    "1d}}\n";
#define COURT(id, trigger)                                                              \
    "id: " id "\ntitle: " id "\nscope: contact\nanchor: trigger\n" trigger "\nsteps:\n" \
    "  - {id: S01, at: \"+1h\", role: consultant, channel: one_to_one,\n"               \
    "     content: \"您好\", expect: {metric: one_to_one_replies, gte: 1, window: 1d}}\n"

static void welcome(struct bench *b)
{
    bench_template(b, WELCOME);
    bench_do(b, "plan.create", "{\"template\": \"welcome\", \"groups\": [1]}");
    bench_wait(b, MINUTE);
}

static void who_joins_has_tasks_of_their_own(void **state)
{
    struct bench *b = *state;

    welcome(b);
    bench_join(b, "ann", "g1");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_run WHERE state = 0"), 1);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE contact > 0 AND grp = 1"), 2);
    assert_int_equal(bench_int(b, "SELECT due FROM task WHERE step = 'S01'"), b->now + 5 * MINUTE);
    assert_int_equal(bench_int(b, "SELECT due FROM task WHERE step = 'S02'"),
                     MONDAY + 3 * DAY + 4 * HOUR + 30 * MINUTE);
    /* Another group is none of the plan's, and a repeat is none. */
    bench_join(b, "bob", "g2");
    bench_join(b, "ann", "g1");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_run"), 1);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task"), 2);
}

/* What that task's page says. */
static void bench_shows(struct bench *b, const char *sql, const char *part)
{
    struct qund_buf json = {0};

    assert_int_equal(qund_sop_task_print(b->db, bench_int(b, sql), NULL, &json), 0);
    bench_is_json(&json);
    if (!strstr(json.p, part))
        fail_msg("'%s' is not in %s", part, json.p);
    qund_buf_done(&json);
}

static void those_who_come_together_are_greeted_by_one_post(void **state)
{
    struct bench *b = *state;

    welcome(b);
    bench_join(b, "ann", "g1");
    bench_wait(b, 2 * MINUTE);
    bench_join(b, "bob", "g1");
    bench_wait(b, 2 * MINUTE);
    bench_join(b, "eve", "g1");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE step = 'S01' AND merged = 1"),
                     2);
    bench_wait(b, 2 * MINUTE);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM outbox WHERE body LIKE '%欢迎%'"), 1);
    bench_text(b, "SELECT content FROM task WHERE id = 1", "欢迎ann、bob、eve");
    bench_shows(b, "SELECT id FROM task WHERE step = 'S01' AND contact = 2", "欢迎ann、bob、eve");
    /* Whoever comes later is greeted by the next one, half an hour after the last. */
    bench_join(b, "dan", "g1");
    assert_int_equal(bench_int(b, "SELECT merged FROM task WHERE step = 'S01' AND contact = 4"), 0);
    assert_int_equal(bench_int(b, "SELECT due FROM task WHERE step = 'S01' AND contact = 4"),
                     bench_int(b, "SELECT due FROM task WHERE id = 1") + 30 * MINUTE);
    bench_wait(b, 10 * MINUTE);
    bench_join(b, "kim", "g1");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE step = 'S01' AND merged > 0"),
                     3);
    bench_wait(b, 30 * MINUTE);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM outbox WHERE body LIKE '%欢迎%'"), 2);
    /* One who is greeted alone, much later. */
    bench_wait(b, 5 * HOUR);
    bench_join(b, "pat", "g1");
    assert_int_equal(bench_int(b, "SELECT due FROM task WHERE step = 'S01' AND contact = 6"),
                     b->now + 5 * MINUTE);
}

static void more_than_five_are_counted(void **state)
{
    static const char *const names[] = {"a1", "a2", "a3", "a4", "a5", "a6", "a7"};
    struct bench *b = *state;

    welcome(b);
    for (size_t i = 0; i < QUND_ARRAY_LEN(names); i++)
        bench_join(b, names[i], "g1");
    bench_wait(b, 6 * MINUTE);
    bench_text(b, "SELECT content FROM task WHERE id = 1", "欢迎a1、a2、a3、a4、a5等7位");
}

static void whose_post_speaks_for_others_may_leave(void **state)
{
    struct bench *b = *state;

    welcome(b);
    bench_join(b, "ann", "g1");
    bench_join(b, "bob", "g1");
    bench_join(b, "eve", "g1");
    bench_leave(b, "ann", "g1");
    /* The post is bob's now; ann's task is the one that is cancelled. */
    assert_int_equal(bench_int(b, "SELECT contact FROM task WHERE id = 1"), bench_id(b, "bob"));
    assert_int_equal(bench_int(b, "SELECT state FROM task WHERE step = 'S01' AND contact = 1"),
                     QUND_TASK_CANCELLED);
    bench_text(b, "SELECT reason FROM task WHERE step = 'S01' AND contact = 1", "left_group");
    bench_wait(b, 6 * MINUTE);
    bench_text(b, "SELECT content FROM task WHERE id = 1", "欢迎bob、eve");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM outbox WHERE body LIKE '%欢迎%'"), 1);
}

static void who_leaves_or_opts_out_hears_no_more(void **state)
{
    struct bench *b = *state;

    welcome(b);
    bench_join(b, "ann", "g1");
    bench_join(b, "bob", "g1");
    bench_wait(b, 10 * MINUTE);
    bench_leave(b, "ann", "g1");
    bench_text(b, "SELECT reason FROM plan_run WHERE contact = 1", "left_group");
    assert_int_equal(
        qund_crm_opt_out(b->crm, bench_person(b, "bob"), true, QUND_STR("退订"), 0, b->now), 1);
    bench_event(b, QUND_SOP_OPTED_OUT, "bob", NULL, NULL);
    bench_text(b, "SELECT reason FROM plan_run WHERE contact = 2", "opt_out");
    bench_wait(b, 5 * DAY);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM outbox WHERE body LIKE '%您好%'"), 0);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE step = 'S02' AND state = 8"), 2);
    /* Opted out, they begin nothing that courts them. */
    bench_template(b, COURT("again", "trigger: {tag_added: 老客}"));
    bench_do(b, "plan.create", "{\"template\": \"again\"}");
    bench_wait(b, MINUTE);
    bench_tag(b, "bob", "老客");
    bench_text(b, "SELECT reason FROM plan_run WHERE plan = 2", "opt_out");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE plan = 2"), 0);
}

static void what_stop_all_names_ends_the_run(void **state)
{
    struct bench *b = *state;

    bench_template(
        b, "id: s\ntitle: 停\nscope: member\nanchor: join\ntrigger: member_joined\n"
           "stop_all: [ordered]\nsteps:\n"
           "  - {id: S01, at: \"D1 10:00\", role: consultant, channel: one_to_one, content: "
           "\"您好\", expect: {metric: orders, gte: 1, window: 1d}}\n");
    bench_do(b, "plan.create", "{\"template\": \"s\", \"groups\": [1]}");
    bench_wait(b, MINUTE);
    bench_join(b, "ann", "g1");
    bench_event(b, QUND_SOP_SAID, "ann", "g1", "大家好");
    assert_int_equal(bench_int(b, "SELECT state FROM plan_run"), QUND_PLAN_RUNNING);
    b->now += MINUTE;
    assert_int_equal(qund_crm_order_add(b->crm, QUND_STR("wx"),
                                        &(struct qund_crm_order){.order = QUND_STR("o1"),
                                                                 .contact = bench_person(b, "ann"),
                                                                 .paid_at = b->now}),
                     1);
    bench_event(b, QUND_SOP_HAPPENED, "ann", "g1", "order.paid");
    assert_int_equal(bench_int(b, "SELECT state FROM plan_run"), QUND_PLAN_CANCELLED);
    bench_text(b, "SELECT reason FROM plan_run", "ordered");
    bench_text(b, "SELECT reason FROM task", "ordered");
}

static void nobody_is_courted_by_two_plans_at_once(void **state)
{
    struct bench *b = *state;

    bench_template(b, COURT("first", "trigger: {tag_added: 甲}"));
    bench_template(b, COURT("second", "trigger: {tag_added: 乙}"));
    bench_do(b, "plan.create", "{\"template\": \"first\"}");
    bench_do(b, "plan.create", "{\"template\": \"second\"}");
    bench_wait(b, MINUTE);
    bench_tag(b, "ann", "甲");
    bench_tag(b, "ann", "乙");
    bench_tag(b, "bob", "乙");
    assert_int_equal(bench_int(b, "SELECT state FROM plan_run WHERE plan = 2 AND contact = 1"),
                     QUND_PLAN_CANCELLED);
    bench_text(b, "SELECT reason FROM plan_run WHERE plan = 2 AND contact = 1",
               "one_to_one_running");
    assert_int_equal(bench_int(b, "SELECT state FROM plan_run WHERE plan = 2 AND contact = 2"),
                     QUND_PLAN_RUNNING);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task"), 2);
}

/* --- what begins a run --- */

static const struct {
    const char *trigger;
    enum qund_sop_what what;
    const char *name, *other;
} BEGINS[] = {
    {"trigger: {keyword: 量房}", QUND_SOP_SAID, "我想量房，多少钱", "想量一下"},
    {"trigger: {tag_added: 意向}", QUND_SOP_TAGGED, "意向", "意向:高"},
    {"trigger: {lead_stage: won}", QUND_SOP_STAGED, "won", "new"},
    {"trigger: order_paid", QUND_SOP_HAPPENED, "order.paid", "order.delivered"},
};

static void each_trigger_begins_a_run_and_nothing_else_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(BEGINS); i++) {
        struct bench *b = bench_new(BENCH_CONFIG);
        char yaml[1200];

        snprintf(yaml, sizeof(yaml), COURT("t", "%s"), BEGINS[i].trigger);
        bench_template(b, yaml);
        bench_do(b, "plan.create", "{\"template\": \"t\", \"groups\": [1]}");
        bench_wait(b, MINUTE);
        assert_true(qund_sop_listens(b->sop));
        if (BEGINS[i].other)
            bench_event(b, BEGINS[i].what, "ann", "g1", BEGINS[i].other);
        bench_event(b, BEGINS[i].what, "ann", "g2", BEGINS[i].name);
        assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_run"), 0);
        bench_event(b, BEGINS[i].what, "ann", "g1", BEGINS[i].name);
        assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_run WHERE state = 0"), 1);
        assert_int_equal(bench_int(b, "SELECT count(*) FROM task"), 1);
        bench_event(b, BEGINS[i].what, "ann", "g1", BEGINS[i].name);
        assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_run"), 1);
        /* Paused it begins nothing; cancelled it listens no longer. */
        bench_do(b, "plan.pause", "{\"id\": 1}");
        bench_event(b, BEGINS[i].what, "bob", "g1", BEGINS[i].name);
        assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_run"), 1);
        bench_do(b, "plan.cancel", "{\"id\": 1}");
        assert_int_equal(bench_int(b, "SELECT state FROM plan_run"), QUND_PLAN_CANCELLED);
        assert_false(qund_sop_listens(b->sop));
        bench_free(b);
    }
}

static void an_order_of_somebody_who_is_in_none_of_its_groups_begins_nothing(void **state)
{
    struct bench *b = *state;

    bench_template(b, COURT("paid", "trigger: order_paid"));
    bench_do(b, "plan.create", "{\"template\": \"paid\", \"groups\": [1, 2]}");
    bench_wait(b, MINUTE);
    bench_person(b, "ann");
    bench_event(b, QUND_SOP_HAPPENED, "ann", NULL, "order.paid");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_run"), 0);
    bench_join(b, "ann", "g2");
    bench_event(b, QUND_SOP_HAPPENED, "ann", NULL, "order.paid");
    assert_int_equal(bench_int(b, "SELECT grp FROM plan_run"), 2);
    /* In another group of the same plan it is courting all the same. */
    bench_join(b, "ann", "g1");
    bench_event(b, QUND_SOP_HAPPENED, "ann", "g1", "order.paid");
    bench_text(b, "SELECT reason FROM plan_run WHERE grp = 1", "one_to_one_running");
}

static void after_until_nobody_begins_and_the_plan_ends_with_its_last_run(void **state)
{
    struct bench *b = *state;

    bench_template(b, WELCOME);
    bench_do(b, "plan.create",
             "{\"template\": \"welcome\", \"groups\": [1], \"until\": \"2025-09-16\"}");
    bench_wait(b, MINUTE);
    bench_join(b, "ann", "g1");
    bench_wait(b, DAY);
    bench_join(b, "bob", "g1");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_run"), 1);
    assert_int_equal(bench_int(b, "SELECT state FROM plan"), QUND_PLAN_RUNNING);
    bench_wait(b, 6 * DAY);
    assert_int_equal(bench_int(b, "SELECT state FROM plan_run"), QUND_PLAN_FINISHED);
    assert_int_equal(bench_int(b, "SELECT state FROM plan"), QUND_PLAN_FINISHED);
}

static void the_silent_are_found_once_an_hour(void **state)
{
    struct bench *b = *state;

    bench_join(b, "ann", "g1");
    bench_join(b, "bob", "g1");
    bench_join(b, "eve", "g1");
    b->now += 20 * DAY;
    bench_person(b, "bob"); /* is heard of again */
    assert_int_equal(qund_crm_order_add(b->crm, QUND_STR("wx"),
                                        &(struct qund_crm_order){.order = QUND_STR("o1"),
                                                                 .contact = bench_person(b, "eve"),
                                                                 .paid_at = b->now - DAY}),
                     1);
    bench_template(b, COURT("wake", "trigger: {dormant: 14d}"));
    bench_do(b, "plan.create", "{\"template\": \"wake\", \"groups\": [1]}");
    bench_wait(b, 2 * HOUR);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_run"), 1);
    assert_int_equal(bench_int(b, "SELECT contact FROM plan_run"),
                     bench_int(b, "SELECT id FROM contact WHERE name = 'ann'"));
    /* Not again while it lasts, nor for the same silence. */
    bench_wait(b, 5 * DAY);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_run WHERE contact = 1"), 1);
}

static void birthdays_come_once_a_year_and_on_the_28th_where_there_is_no_29th(void **state)
{
    struct bench *b = *state;

    bench_join(b, "ann", "g1");
    bench_join(b, "bob", "g1");
    bench_tag(b, "ann", "生日:1990-09-16");
    bench_tag(b, "bob", "生日:02-29");
    bench_template(b, COURT("cake", "trigger: birthday"));
    bench_do(b, "plan.create", "{\"template\": \"cake\", \"groups\": [1]}");
    bench_wait(b, 10 * HOUR);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_run"), 0);
    bench_wait(b, DAY);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_run WHERE contact = 1"), 1);
    bench_wait(b, 166 * DAY); /* over the end of February of a year without a 29th */
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_run WHERE contact = 2"), 1);
    assert_int_equal(bench_int(b, "SELECT began / 86400000 FROM plan_run WHERE contact = 2"),
                     qund_days_from_civil(2026, 2, 27)); /* midnight in Shanghai, in UTC */
    bench_wait(b, 202 * DAY);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_run WHERE contact = 1"), 2);
    assert_int_equal(bench_int(b, "SELECT max(round) FROM task WHERE contact = 1"), 1);
}

static void one_plan_begins_where_another_has_ended(void **state)
{
    struct bench *b = *state;

    bench_template(b, COURT("one", "trigger: {tag_added: 甲}"));
    bench_template(b, COURT("two", "trigger: {plan_finished: one}"));
    bench_do(b, "plan.create", "{\"template\": \"one\"}");
    bench_do(b, "plan.create", "{\"template\": \"two\"}");
    bench_wait(b, MINUTE);
    bench_tag(b, "ann", "甲");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_run"), 1);
    bench_wait(b, 2 * DAY);
    assert_int_equal(bench_int(b, "SELECT state FROM plan_run WHERE plan = 1"), QUND_PLAN_FINISHED);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_run WHERE plan = 2 AND contact = 1"),
                     1);
}

static void a_step_that_waits_is_made_when_it_happens(void **state)
{
    struct bench *b = *state;

    bench_template(
        b, "id: g\ntitle: 群\nscope: group\nanchor: trigger\ntrigger: date\nsteps:\n"
           "  - {id: S01, at: \"on:member_joined\", role: consultant, channel: group, kind: "
           "service, content: "
           "\"欢迎{{merged.nicks}}\", expect: {metric: messages, gte: 0, window: 1h}}\n"
           "  - {id: S02, at: \"+2d\", role: consultant, channel: group, kind: service, content: "
           "\"周结\", expect: {metric: messages, gte: 0, window: 1h}}\n");
    bench_template(
        b,
        "id: c\ntitle: 人\nscope: contact\nanchor: trigger\ntrigger: order_paid\nsteps:\n"
        "  - {id: S01, at: \"+1h\", role: consultant, channel: one_to_one, kind: service, content: "
        "\"谢谢\", expect: {metric: one_to_one_replies, gte: 0, window: 1h}}\n"
        "  - {id: S02, at: \"on:delivered\", role: consultant, channel: one_to_one, kind: service, "
        "content: "
        "\"到了吗\", expect: {metric: one_to_one_replies, gte: 0, window: 1h}}\n");
    bench_do(b, "plan.create", "{\"template\": \"g\", \"groups\": [1]}");
    bench_do(b, "plan.create", "{\"template\": \"c\"}");
    bench_wait(b, MINUTE);
    bench_join(b, "ann", "g1");
    bench_join(b, "bob", "g1");
    bench_join(b, "lin-is-not-here", "g2");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE plan = 1 AND step = 'S01'"), 2);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE plan = 1 AND merged > 0"), 1);
    bench_event(b, QUND_SOP_HAPPENED, "ann", "g1", "member.join"); /* the same, as its event */
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE plan = 1 AND step = 'S01'"), 2);
    /* Who has no run is not asked about a delivery. */
    bench_event(b, QUND_SOP_HAPPENED, "bob", NULL, "order.delivered");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE plan = 2"), 0);
    bench_event(b, QUND_SOP_HAPPENED, "ann", NULL, "order.paid");
    bench_event(b, QUND_SOP_HAPPENED, "ann", NULL, "order.delivered");
    bench_event(b, QUND_SOP_HAPPENED, "ann", NULL, "order.delivered");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE plan = 2 AND step = 'S02'"), 1);
}

static void named_people_begin_with_the_plan(void **state)
{
    struct bench *b = *state;

    bench_join(b, "ann", "g2");
    bench_person(b, "bob");
    bench_template(b, COURT("call", "trigger: manual"));
    bench_do(b, "plan.create",
             "{\"template\": \"call\", \"contacts\": [1, 2], \"start\": \"2025-09-16 10:00\"}");
    bench_wait(b, HOUR);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_run"), 0);
    bench_until(b, MONDAY + DAY + 2 * HOUR + MINUTE);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_run WHERE grp = 0"), 2);
    assert_int_equal(bench_int(b, "SELECT began FROM plan_run LIMIT 1"), MONDAY + DAY + 2 * HOUR);
    bench_wait(b, 3 * DAY);
    assert_int_equal(bench_int(b, "SELECT state FROM plan"), QUND_PLAN_FINISHED);
    bench_do(b, "plan.clone", "{\"id\": 1}");
    bench_wait(b, 8 * DAY);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_run WHERE plan = 2"), 2);
}

static void hundreds_begin_in_several_steps(void **state)
{
    struct bench *b = *state;
    char pid[16];

    for (int i = 0; i < 450; i++) {
        snprintf(pid, sizeof(pid), "p%03d", i);
        assert_true(qund_crm_member_join(b->crm, bench_group(b, i < 300 ? "g1" : "g2"),
                                         bench_person(b, pid), qund_str(pid), b->now) >= 0);
    }
    bench_template(b,
                   "id: all\ntitle: 全员\nscope: member\nanchor: trigger\ntrigger: manual\nsteps:\n"
                   "  - {id: S01, at: \"+3d\", role: consultant, channel: one_to_one, content: "
                   "\"您好\", expect: {metric: one_to_one_replies, gte: 1, window: 1d}}\n");
    bench_do(b, "plan.create", "{\"template\": \"all\", \"groups\": [1, 2]}");
    bench_step(b);
    assert_int_equal(qund_plan_begin(b->sop, 1, QUND_STR_NONE, b->now, &b->fx), 0);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_run"), 200);
    bench_wait(b, 1);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_run"), 450);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task"), 450);
}

static void an_edited_plan_goes_through_its_open_runs(void **state)
{
    struct bench *b = *state;

    welcome(b);
    bench_join(b, "ann", "g1");
    bench_wait(b, 10 * MINUTE);
    bench_template(b,
                   "id: welcome\ntitle: 入群\nscope: member\nanchor: join\ntrigger: member_joined\n"
                   "stop_all: [opt_out, left_group, converted]\nsteps:\n"
                   "  - {id: S02, at: \"D4 12:30\", role: consultant, channel: one_to_one,\n"
                   "     content: \"{{member.nick}}早\", expect: {metric: one_to_one_replies, gte: "
                   "1, window: 1d}}\n");
    bench_do(b, "plan.edit", "{\"id\": 1, \"version\": \"latest\"}");
    assert_int_equal(bench_int(b, "SELECT due FROM task WHERE step = 'S02'"),
                     MONDAY + 4 * DAY + 4 * HOUR + 30 * MINUTE);
    assert_int_equal(bench_int(b, "SELECT state FROM task WHERE step = 'S01'"), QUND_TASK_PUSHED);
    bench_until(b, MONDAY + 4 * DAY + 5 * HOUR);
    bench_text(b, "SELECT content FROM task WHERE step = 'S02'", "ann早");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_joins_has_tasks_of_their_own),
        TEST(those_who_come_together_are_greeted_by_one_post),
        TEST(more_than_five_are_counted),
        TEST(whose_post_speaks_for_others_may_leave),
        TEST(who_leaves_or_opts_out_hears_no_more),
        TEST(what_stop_all_names_ends_the_run),
        TEST(nobody_is_courted_by_two_plans_at_once),
        cmocka_unit_test(each_trigger_begins_a_run_and_nothing_else_does),
        TEST(an_order_of_somebody_who_is_in_none_of_its_groups_begins_nothing),
        TEST(after_until_nobody_begins_and_the_plan_ends_with_its_last_run),
        TEST(the_silent_are_found_once_an_hour),
        TEST(birthdays_come_once_a_year_and_on_the_28th_where_there_is_no_29th),
        TEST(one_plan_begins_where_another_has_ended),
        TEST(a_step_that_waits_is_made_when_it_happens),
        TEST(named_people_begin_with_the_plan),
        TEST(hundreds_begin_in_several_steps),
        TEST(an_edited_plan_goes_through_its_open_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
