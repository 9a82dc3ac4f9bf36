/* test_plan_life.c - a plan is paused, resumed, edited, cloned, told something, ended. */
#include "plan_unit.h"

/* Three posts on three days at ten; the event is a week after the Monday on which it is made. */
#define STEP(id, at, text)                                                               \
    "  - {id: " id ", at: \"" at "\", role: consultant, channel: group, kind: service, " \
    "content: \"" text "\", expect: {metric: messages, gte: 0, window: 1h}}\n"
#define HEAD                                                                 \
    "id: week\ntitle: 一周\nscope: group\nanchor: event\ntrigger: event\n" \
    "params: [{name: gift, label: 礼品, type: text, default: \"伞\"}]\n"
static const char WEEK[] = HEAD "steps:\n" STEP("S01", "T-6d 10:00", "一{{gift}}")
    STEP("S02", "T-4d 10:00", "二{{gift}}") STEP("S03", "T-2d 10:00", "三{{gift}}");
#define S01_AT (MONDAY + DAY + 2 * HOUR)
#define S02_AT (MONDAY + 3 * DAY + 2 * HOUR)
#define S03_AT (MONDAY + 5 * DAY + 2 * HOUR)

static void make(struct bench *b)
{
    bench_template(b, WEEK);
    bench_do(b, "plan.create",
             "{\"template\": \"week\", \"groups\": [1], \"event\": \"2025-09-22 14:00\"}");
}

static int64_t state_of(struct bench *b, const char *step)
{
    char sql[120];

    snprintf(sql, sizeof(sql), "SELECT state FROM task WHERE step = '%s' ORDER BY id DESC LIMIT 1",
             step);
    return bench_int(b, sql);
}

static void what_comes_due_while_it_is_paused_is_held_and_sent_to_nobody(void **state)
{
    struct bench *b = *state;

    make(b);
    bench_do(b, "plan.pause", "{\"id\": 1, \"reason\": \"台风\"}");
    bench_text(b, "SELECT reason FROM plan", "台风");
    bench_until(b, S01_AT + MINUTE);
    assert_int_equal(state_of(b, "S01"), QUND_TASK_HELD);
    bench_text(b, "SELECT reason FROM task WHERE step = 'S01'", "paused");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM outbox"), 0);
    bench_refused(b, "plan.pause", "{\"id\": 1}", "plan", "is paused");
}

static void resumed_within_the_window_it_goes_on_and_past_it_it_has_expired(void **state)
{
    struct bench *b = *state;

    make(b);
    bench_do(b, "plan.pause", "{\"id\": 1}");
    bench_until(b, S02_AT + HOUR); /* S01 may be done for four hours, S02 still may */
    bench_do(b, "plan.resume", "{\"id\": 1}");
    bench_wait(b, MINUTE);
    assert_int_equal(state_of(b, "S01"), QUND_TASK_EXPIRED);
    assert_int_equal(state_of(b, "S02"), QUND_TASK_PUSHED);
    assert_int_equal(state_of(b, "S03"), QUND_TASK_PLANNED);
    /* No backlog: one card, of the one that can still be done. */
    assert_int_equal(
        bench_int(b, "SELECT count(*) FROM outbox WHERE key LIKE 'task:%' AND body LIKE '%二伞%'"),
        1);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM outbox WHERE body LIKE '%一伞%'"), 0);
    bench_refused(b, "plan.resume", "{\"id\": 1}", "plan", "is running");
}

static void an_edit_plans_anew_what_has_not_been_pushed(void **state)
{
    struct bench *b = *state;

    make(b);
    bench_until(b, S01_AT + MINUTE);
    assert_int_equal(state_of(b, "S01"), QUND_TASK_PUSHED);
    bench_do(b, "plan.edit", "{\"id\": 1, \"event\": \"2025-09-23 14:00\", \"name\": \"改期\"}");
    bench_says(b, "\"replanned\":2");
    assert_int_equal(state_of(b, "S01"), QUND_TASK_PUSHED); /* it is out: it stays */
    assert_int_equal(bench_int(b, "SELECT due FROM task WHERE step = 'S01'"), S01_AT);
    assert_int_equal(bench_int(b, "SELECT due FROM task WHERE step = 'S02'"), S02_AT + DAY);
    assert_int_equal(bench_int(b, "SELECT due FROM task WHERE step = 'S03'"), S03_AT + DAY);
    bench_text(b, "SELECT name FROM plan", "改期");
    bench_until(b, S02_AT + HOUR);
    assert_int_equal(state_of(b, "S02"), QUND_TASK_PLANNED);
    bench_until(b, S02_AT + DAY + MINUTE);
    assert_int_equal(state_of(b, "S02"), QUND_TASK_PUSHED);
}

static void an_edit_into_the_past_skips_and_back_again_revives(void **state)
{
    struct bench *b = *state;

    make(b);
    b->now = MONDAY + 2 * HOUR + HOUR; /* eleven */
    bench_do(b, "plan.edit", "{\"id\": 1, \"event\": \"2025-09-21 14:00\"}");
    assert_int_equal(state_of(b, "S01"), QUND_TASK_SKIPPED); /* ten today */
    bench_text(b, "SELECT reason FROM task WHERE step = 'S01'", "past");
    assert_int_equal(bench_int(b, "SELECT due FROM task WHERE step = 'S02'"), S02_AT - DAY);
    bench_do(b, "plan.edit", "{\"id\": 1, \"event\": \"2025-09-24 14:00\"}");
    assert_int_equal(state_of(b, "S01"), QUND_TASK_PLANNED);
    assert_int_equal(bench_int(b, "SELECT due FROM task WHERE step = 'S01'"), S01_AT + 2 * DAY);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task"), 3);
}

static void an_edit_takes_groups_in_and_out_and_other_words(void **state)
{
    struct bench *b = *state;

    make(b);
    bench_do(b, "plan.edit", "{\"id\": 1, \"groups\": [2], \"params\": {\"gift\": \"杯\"}}");
    bench_says(b, "\"added\":3");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE grp = 1 AND state = 8"), 3);
    bench_text(b, "SELECT reason FROM task WHERE grp = 1 LIMIT 1", "edited");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE grp = 2 AND state = 0"), 3);
    bench_until(b, S01_AT + MINUTE);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE content = '一杯' AND state = 3"),
                     1);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_target"), 1);
    /* A param that is taken back is the preset again. */
    bench_do(b, "plan.edit", "{\"id\": 1, \"params\": {\"gift\": null}}");
    bench_text(b, "SELECT params FROM plan", "{}");
}

static void an_edit_to_another_version_drops_and_adds_steps(void **state)
{
    struct bench *b = *state;

    make(b);
    bench_template(b, HEAD "steps:\n" STEP("S01", "T-6d 11:00", "新{{gift}}")
                          STEP("S03", "T-2d 10:00", "三{{gift}}") STEP("S04", "T-1d 10:00", "四"));
    /* The plan runs by the version it was made of. */
    bench_do(b, "plan.edit", "{\"id\": 1, \"name\": \"甲\"}");
    assert_int_equal(bench_int(b, "SELECT version FROM plan"), 1);
    assert_int_equal(state_of(b, "S02"), QUND_TASK_PLANNED);
    bench_do(b, "plan.edit", "{\"id\": 1, \"version\": \"latest\"}");
    assert_int_equal(bench_int(b, "SELECT version FROM plan"), 2);
    assert_int_equal(bench_int(b, "SELECT due FROM task WHERE step = 'S01'"), S01_AT + HOUR);
    bench_text(b, "SELECT content FROM task WHERE step = 'S01'", "新{{gift}}");
    assert_int_equal(state_of(b, "S02"), QUND_TASK_CANCELLED);
    assert_int_equal(state_of(b, "S04"), QUND_TASK_PLANNED);
}

static void an_edit_is_refused_like_a_plan(void **state)
{
    struct bench *b = *state;

    make(b);
    bench_refused(b, "plan.edit", "{\"id\": 9}", "plan", "there is no plan 9");
    bench_refused(b, "plan.edit", "{\"id\": 1, \"template\": \"week\"}", "template", "keeps its");
    bench_refused(b, "plan.edit", "{\"id\": 1, \"contacts\": [1]}", "contacts", "settled");
    bench_refused(b, "plan.edit", "{\"id\": 1, \"event\": \"2025-09-01 10:00\"}", "event",
                  "in the past");
    bench_refused(b, "plan.edit", "{\"id\": 1, \"groups\": [3]}", "groups", "a group of staff");
    bench_refused(b, "plan.edit", "{\"id\": 1, \"params\": {\"gfit\": 1}}", "params", "'gift'");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE state = 0"), 3);
    assert_int_equal(bench_int(b, "SELECT grp FROM plan_target"), 1);
    bench_do(b, "plan.cancel", "{\"id\": 1}");
    bench_refused(b, "plan.edit", "{\"id\": 1}", "plan", "is cancelled");
}

static void a_cancelled_plan_does_nothing_any_more(void **state)
{
    struct bench *b = *state;

    make(b);
    bench_until(b, S01_AT + MINUTE);
    bench_do(b, "plan.cancel", "{\"id\": 1, \"reason\": \"不办了\"}");
    bench_says(b, "\"cancelled\":3");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE state = 8"), 3);
    /* The card that has not left yet does not leave. */
    assert_int_equal(bench_int(b, "SELECT count(*) FROM outbox WHERE state = 0"), 0);
    bench_wait(b, 10 * DAY);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE state <> 8"), 0);
    assert_int_equal(bench_int(b, "SELECT state FROM plan"), QUND_PLAN_CANCELLED);
    bench_refused(b, "plan.resume", "{\"id\": 1}", "plan", "is cancelled");
    bench_refused(b, "plan.cancel", "{\"id\": 1}", "plan", "is cancelled");
}

static void a_plan_that_is_not_there_is_refused_by_its_number(void **state)
{
    static const char *const DEEDS[] = {"plan.pause", "plan.resume", "plan.edit", "plan.cancel",
                                        "plan.clone"};
    struct bench *b = *state;

    for (size_t i = 0; i < QUND_ARRAY_LEN(DEEDS); i++) {
        bench_refused(b, DEEDS[i], "{\"id\": 7}", "plan", "there is no plan 7");
        assert_int_equal(b->err.rc, QUND_E_NOTFOUND);
        bench_refused(b, DEEDS[i], "{}", "plan", "there is no plan 0");
    }
    bench_refused(b, "plan.flag", "{\"id\": 7, \"flag\": \"event_cancelled\"}", "plan",
                  "there is no plan 7");
    bench_refused(b, "plan.set", "{\"id\": 7, \"name\": \"x\", \"number\": 1}", "plan",
                  "there is no plan 7");
}

static void a_clone_needs_its_own_time_and_keeps_the_rest(void **state)
{
    struct bench *b = *state;

    bench_template(b, WEEK);
    bench_do(b, "plan.create",
             "{\"template\": \"week\", \"groups\": [1, 2], \"event\": \"2025-09-22 14:00\", "
             "\"params\": {\"gift\": \"杯\"}}");
    bench_refused(b, "plan.clone", "{\"id\": 1}", "event", "say when it begins");
    bench_refused(b, "plan.clone", "{\"id\": 5}", "plan", "there is no plan 5");
    bench_do(b, "plan.clone", "{\"id\": 1, \"event\": \"2025-10-22 14:00\"}");
    bench_says(b, "\"id\":2");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE plan = 2"), 6);
    bench_text(b, "SELECT params FROM plan WHERE id = 2", "{\"gift\":\"杯\"}");
    bench_do(b, "plan.clone", "{\"id\": 1, \"event\": \"2025-11-22 14:00\", \"groups\": [2]}");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE plan = 3"), 3);
}

static void flags_and_figures_are_those_the_template_knows(void **state)
{
    struct bench *b = *state;

    bench_template(b, "id: q\ntitle: 问\nscope: group\nanchor: trigger\ntrigger: date\n"
                      "stop_all: [event_cancelled]\nsteps:\n"
                      "  - {id: S01, at: \"+1d\", role: consultant, channel: group, kind: service, "
                      "content: \"满意吗\", "
                      "expect: {metric: satisfaction, gte: 4, window: 1d}}\n");
    bench_do(b, "plan.create", "{\"template\": \"q\", \"groups\": [1]}");
    bench_says(b, "satisfaction has no source but a person");
    bench_refused(b, "plan.set", "{\"id\": 1, \"name\": \"satsfaction\", \"number\": 4}", "figures",
                  "it knows: satisfaction");
    bench_refused(b, "plan.set", "{\"id\": 1, \"name\": \"satisfaction\"}", "number", "is missing");
    bench_do(b, "plan.set", "{\"id\": 1, \"name\": \"satisfaction\", \"number\": 4.5}");
    assert_int_equal(bench_int(b, "SELECT n * 10 FROM plan_said WHERE name = 'satisfaction'"), 45);
    bench_refused(b, "plan.flag", "{\"id\": 1, \"flag\": \"opt_out\"}", "flag",
                  "no flag of a plan");
    bench_do(b, "plan.flag", "{\"id\": 1, \"flag\": \"event_cancelled\"}");
    assert_int_equal(bench_int(b, "SELECT n FROM plan_said WHERE name = 'flag:event_cancelled'"),
                     1);
    bench_wait(b, DAY + MINUTE);
    assert_int_equal(state_of(b, "S01"), QUND_TASK_SKIPPED);
    bench_text(b, "SELECT reason FROM task", "stop:event_cancelled");
}

static void a_plan_ends_when_all_of_it_has_and_its_goals_are_measured(void **state)
{
    struct bench *b = *state;

    bench_template(b, "id: aim\ntitle: 目标\nscope: group\nanchor: trigger\ntrigger: date\n"
                      "goal: {targets: {satisfaction: 4, messages: 10, speakers: 50% of "
                      "customers}}\nsteps:\n"
                      "  - {id: S01, at: \"+1h\", role: consultant, channel: group, kind: service, "
                      "content: \"一\", "
                      "expect: {metric: messages, gte: 0, window: 1h}}\n");
    bench_join(b, "ann", "g1");
    bench_join(b, "bob", "g1");
    bench_join(b, "cy", "g2");
    bench_wait(b, MINUTE);
    bench_do(b, "plan.create", "{\"template\": \"aim\", \"groups\": [1, 2]}");
    bench_do(b, "plan.set", "{\"id\": 1, \"name\": \"satisfaction\", \"number\": 4.5}");
    bench_wait(b, HOUR + MINUTE);
    bench_done(b, 1);
    bench_wait(b, 2 * HOUR);
    assert_int_equal(bench_int(b, "SELECT state FROM plan"), QUND_PLAN_RUNNING);
    bench_wait(b, DAY); /* the other group's ends by itself, past its window */
    assert_int_equal(bench_int(b, "SELECT state FROM plan"), QUND_PLAN_FINISHED);
    assert_true(bench_int(b, "SELECT ended FROM plan") > 0);
    assert_int_equal(bench_int(b, "SELECT figure * 10 FROM plan_goal WHERE name = 'satisfaction'"),
                     45);
    assert_int_equal(bench_int(b, "SELECT figure FROM plan_goal WHERE name = 'messages'"), 0);
    /* Half of the three customers of both groups. */
    assert_int_equal(bench_int(b, "SELECT mark * 10 FROM plan_goal WHERE name = 'speakers'"), 15);
    assert_int_equal(bench_int(b, "SELECT figure FROM plan_goal WHERE name = 'speakers'"), 0);
    /* Nothing runs: nothing is looked at once an hour. */
    bench_wait(b, 2 * HOUR);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM timer WHERE kind = 'plan.sweep'"), 0);
}

static const char LAST[] =
    "id: last\ntitle: 尾\nscope: group\nanchor: trigger\ntrigger: date\n"
    "params: [{name: gift, label: 礼品, type: text}]\nsteps:\n"
    "  - {id: S01, at: \"+2h\", role: consultant, channel: group, kind: service, content: "
    "\"谢{{gift}}\", expect: {metric: messages, gte: 0, window: 1h}}\n";

static void the_plan_that_follows_is_made_with_the_same_words(void **state)
{
    struct bench *b = *state;

    bench_template(b, LAST);
    bench_template(
        b, "id: first\ntitle: 头\nscope: group\nanchor: trigger\ntrigger: date\nnext: last\n"
           "params: [{name: gift, label: 礼品, type: text}, {name: x, label: 另, type: "
           "text}]\nsteps:\n"
           "  - {id: S01, at: \"+1h\", role: consultant, channel: group, kind: service, content: "
           "\"{{gift}}{{x}}\", expect: {metric: messages, gte: 0, window: 1h}}\n");
    bench_do(b, "plan.create",
             "{\"template\": \"first\", \"groups\": [2], \"params\": "
             "{\"gift\": \"杯\", \"x\": \"乙\"}}");
    bench_wait(b, DAY);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan"), 2);
    assert_int_equal(bench_int(b, "SELECT after FROM plan WHERE id = 2"), 1);
    bench_text(b, "SELECT params FROM plan WHERE id = 2", "{\"gift\":\"杯\"}");
    bench_text(b, "SELECT made_by FROM plan WHERE id = 2", "plan:1");
    assert_int_equal(bench_int(b, "SELECT grp FROM task WHERE plan = 2"), 2);
}

static void a_plan_that_cannot_follow_is_told_to_the_manager(void **state)
{
    struct bench *b = *state;
    size_t alerts = 0;

    bench_template(b, WEEK); /* needs an event */
    bench_template(
        b,
        "id: first\ntitle: 头\nscope: group\nanchor: trigger\ntrigger: date\nnext: week\nsteps:\n"
        "  - {id: S01, at: \"+1h\", role: consultant, channel: group, kind: service, content: "
        "\"一\", expect: {metric: messages, gte: 0, window: 1h}}\n");
    bench_do(b, "plan.create", "{\"template\": \"first\", \"groups\": [1]}");
    bench_until(b, b->now + 6 * HOUR);
    /* The sweep that ends it says so. */
    for (int i = 0; i < 10 && bench_int(b, "SELECT state FROM plan") == QUND_PLAN_RUNNING; i++) {
        b->now += HOUR;
        bench_step(b);
        assert_int_equal(qund_plan_sweep(b->sop, b->now, &b->fx), 0);
        alerts = b->fx.n_alerts;
    }
    assert_int_equal(bench_int(b, "SELECT state FROM plan"), QUND_PLAN_FINISHED);
    if (alerts > 0)
        assert_non_null(strstr(b->fx.alerts[0].title.p,
                               "后续计划 week 未能建立：没有活动时间（event）；请运营看"));
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan"), 1);
}

static void the_faces_see_plans_and_todays_tasks(void **state)
{
    struct bench *b = *state;
    struct qund_buf json = {0};
    int64_t next, next_id;

    make(b);
    bench_do(b, "plan.create",
             "{\"template\": \"week\", \"groups\": [2], \"event\": \"2025-09-22 14:00\"}");
    bench_until(b, S01_AT + MINUTE);
    assert_int_equal(qund_sop_plan_list(b->db, &(struct qund_plan_filter){.state = -1, .limit = 1},
                                        &json, &next),
                     1);
    assert_int_equal(next, 2);
    assert_non_null(strstr(json.p, "\"groups\":[{\"id\":2,\"name\":\"二期群\"}]"));
    qund_buf_clear(&json);
    assert_int_equal(qund_sop_plan_list(b->db, &(struct qund_plan_filter){.state = -1, .group = 1},
                                        &json, &next),
                     1);
    qund_buf_clear(&json);
    assert_int_equal(qund_sop_plan_print(b->db, 1, &json), 0);
    assert_non_null(strstr(json.p, "\"tasks\":{\"planned\":2,\"pushed\":1}"));
    assert_non_null(strstr(json.p, "\"task_list\":[{\"id\":1,"));
    assert_int_equal(qund_sop_plan_print(b->db, 7, &json), QUND_E_NOTFOUND);
    /* Today's, of one group; of who was told. */
    qund_buf_clear(&json);
    assert_int_equal(
        qund_sop_task_list(
            b->db,
            &(struct qund_task_filter){.from = MONDAY + DAY, .until = MONDAY + 2 * DAY, .group = 1},
            &json, &next, &next_id),
        1);
    assert_non_null(strstr(json.p, "\"state\":\"pushed\""));
    assert_non_null(strstr(json.p, "\"staff_name\":\"林\""));
    assert_non_null(strstr(json.p, "\"content\":\"一伞\""));
    qund_buf_clear(&json);
    assert_int_equal(
        qund_sop_task_list(b->db,
                           &(struct qund_task_filter){.staff = 1, .states = 1u << QUND_TASK_PUSHED},
                           &json, &next, &next_id),
        2);
    qund_buf_clear(&json);
    assert_int_equal(
        qund_sop_task_list(b->db, &(struct qund_task_filter){.limit = 4}, &json, &next, &next_id),
        4);
    assert_true(next > 0 && next_id > 0);
    assert_int_equal(
        qund_sop_task_list(
            b->db, &(struct qund_task_filter){.after_due = next, .after_id = next_id, .limit = 4},
            &json, &next, &next_id),
        2);
    assert_int_equal(next_id, 0);
    qund_buf_clear(&json);
    assert_int_equal(qund_sop_task_print(b->db, 1, NULL, &json), 0);
    assert_non_null(strstr(json.p, "\"expectation\":{\"metric\":\"messages\""));
    assert_non_null(strstr(json.p, "\"log\":[{"));
    qund_buf_done(&json);
}

/* --- templates --- */

static void a_version_is_made_when_the_text_says_something_new(void **state)
{
    struct bench *b = *state;
    struct qund_buf json = {0};

    bench_template(b, WEEK);
    bench_says(b, "\"version\":1");
    bench_template(b, WEEK);
    bench_says(b, "\"version\":1");
    bench_template(b, LAST);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM sop_template"), 2);
    bench_template(b, HEAD "steps:\n" STEP("S01", "T-6d 11:00", "新{{gift}}"));
    bench_says(b, "\"version\":2");
    assert_true(qund_sop_template_list(b->db, &json) == 2);
    assert_non_null(strstr(json.p, "\"id\":\"week\",\"version\":2"));
    qund_buf_clear(&json);
    assert_int_equal(qund_sop_template_show(b->db, QUND_STR("week"), 1, &json), 0);
    assert_non_null(strstr(json.p, "\"T-4d 10:00\""));
    assert_int_equal(qund_sop_template_show(b->db, QUND_STR("none"), 0, &json), QUND_E_NOTFOUND);
    qund_buf_done(&json);
    assert_int_equal(bench_put(b, "id: x\nstepps: []\n"), QUND_E_INVAL);
    bench_says(b, "steps");
}

static void write_file(const char *dir, const char *name, const char *text)
{
    char *path = qund_path_join(dir, name);

    assert_int_equal(qund_file_replace(path, qund_str(text), 0600, NULL), 0);
    qund_free(path);
}

static void swap(struct bench *b, const char *dir)
{
    struct qund_sop_templates *set = NULL;
    struct qund_errs errs;
    struct qund_plan_ask ask = {
        .name = "sop.templates", .body = QUND_STR("{}"), .by = QUND_STR("signal"), .now = b->now};

    qund_errs_init(&errs, 10);
    if (qund_sop_templates_load(&dir, 1, &set, &errs, NULL) < 0)
        bench_die(&errs);
    qund_errs_done(&errs);
    ask.attach = set;
    bench_step(b);
    qund_buf_clear(&b->reply);
    assert_int_equal(qund_plan_command(b->sop, &ask, &b->fx, &b->reply, &b->err), 0);
    qund_buf_puts(&b->reply, "");
    qund_sop_templates_free(set);
}

static void files_are_the_master_of_what_they_name(void **state)
{
    struct bench *b = *state;
    char *dir = unit_tmpdir(), *last;

    write_file(dir, "week.yaml", WEEK);
    write_file(dir, "last.yaml", LAST);
    swap(b, dir);
    assert_string_equal(b->reply.p, "{\"added\":2,\"changed\":0,\"removed\":0,\"same\":0}");
    swap(b, dir);
    assert_string_equal(b->reply.p, "{\"added\":0,\"changed\":0,\"removed\":0,\"same\":2}");
    assert_int_equal(bench_put(b, HEAD "steps:\n" STEP("S01", "T-6d 11:00", "新{{gift}}")),
                     QUND_E_DENIED);
    bench_refused(b, "template.drop", "{\"id\": \"last\"}", "managed_by_file", "change it there");
    bench_do(b, "plan.create",
             "{\"template\": \"last\", \"groups\": [1], \"params\": {\"gift\": \"杯\"}}");
    last = qund_path_join(dir, "last.yaml");
    assert_int_equal(remove(last), 0);
    write_file(dir, "week.yaml", HEAD "steps:\n" STEP("S01", "T-6d 11:00", "新{{gift}}"));
    swap(b, dir);
    assert_string_equal(b->reply.p, "{\"added\":0,\"changed\":1,\"removed\":1,\"same\":0}");
    bench_refused(b, "plan.create",
                  "{\"template\": \"last\", \"groups\": [1], \"params\": {\"gift\": \"杯\"}}",
                  "template", "was removed");
    /* What runs by it goes on. */
    bench_wait(b, 2 * HOUR + MINUTE);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE content = '谢杯' AND state = 3"),
                     1);
    write_file(dir, "last.yaml", LAST);
    swap(b, dir);
    assert_string_equal(b->reply.p, "{\"added\":1,\"changed\":0,\"removed\":0,\"same\":1}");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM sop_template WHERE id = 'last'"), 1);
    qund_free(last);
    assert_int_equal(qund_dir_remove(dir, NULL), 0);
    free(dir);
}

static void one_broken_file_takes_the_whole_set_back(void **state)
{
    char *dir = unit_tmpdir();
    const char *const dirs[] = {dir};
    struct qund_sop_templates *set = NULL;
    struct qund_errs errs;

    (void)state;
    write_file(dir, "a.yaml", WEEK);
    write_file(dir, "b.yaml", "id: b\nscoope: group\n");
    write_file(dir, "c.yaml", WEEK);
    qund_errs_init(&errs, 20);
    assert_true(qund_sop_templates_load(dirs, 1, &set, &errs, NULL) < 0);
    assert_null(set);
    assert_true(errs.n >= 2);
    assert_non_null(strstr(errs.v[errs.n - 1].text, "is also in"));
    qund_errs_done(&errs);
    assert_int_equal(qund_dir_remove(dir, NULL), 0);
    free(dir);
}

static void plans_that_follow_in_a_circle_are_refused(void **state)
{
    struct bench *b = *state;
    static const char A[] =
        "id: a\ntitle: 甲\nscope: group\nanchor: trigger\ntrigger: date\nnext: %s\n"
        "steps:\n" STEP("S01", "+1h", "一");
    char text[1000];

    snprintf(text, sizeof(text), A, "nobody");
    assert_int_equal(bench_put(b, text), QUND_E_INVAL);
    assert_string_equal(b->err.where, "next");
    snprintf(text, sizeof(text), A, "a");
    assert_true(bench_put(b, text) < 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_comes_due_while_it_is_paused_is_held_and_sent_to_nobody),
        TEST(resumed_within_the_window_it_goes_on_and_past_it_it_has_expired),
        TEST(an_edit_plans_anew_what_has_not_been_pushed),
        TEST(an_edit_into_the_past_skips_and_back_again_revives),
        TEST(an_edit_takes_groups_in_and_out_and_other_words),
        TEST(an_edit_to_another_version_drops_and_adds_steps),
        TEST(an_edit_is_refused_like_a_plan),
        TEST(a_cancelled_plan_does_nothing_any_more),
        TEST(a_plan_that_is_not_there_is_refused_by_its_number),
        TEST(a_clone_needs_its_own_time_and_keeps_the_rest),
        TEST(flags_and_figures_are_those_the_template_knows),
        TEST(a_plan_ends_when_all_of_it_has_and_its_goals_are_measured),
        TEST(the_plan_that_follows_is_made_with_the_same_words),
        TEST(a_plan_that_cannot_follow_is_told_to_the_manager),
        TEST(the_faces_see_plans_and_todays_tasks),
        TEST(a_version_is_made_when_the_text_says_something_new),
        TEST(files_are_the_master_of_what_they_name),
        cmocka_unit_test(one_broken_file_takes_the_whole_set_back),
        TEST(plans_that_follow_in_a_circle_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
