/* test_plan_make.c - a plan is made, looked at, refused. */
#include "plan_unit.h"

#define HEAD                                                                   \
    "id: warm\ntitle: 预热\ngroup_type: home\nscope: group\nanchor: event\n" \
    "trigger: event\n"
static const char WARM[] =
    HEAD "goal: {targets: {signups: 15, leaves: \"<=3\"}}\n"
         "params: [{name: gift, label: 礼品, type: text}, {name: limit, label: 限量, type: number, "
         "default: \"2\"}]\n"
         "steps:\n"
         "  - {id: S01, at: \"T-3d 10:00\", role: consultant, channel: group, content: "
         "\"送{{gift}}，限{{limit}}份\",\n"
         "     expect: {metric: speakers, gte: 2, window: 2h}}\n"
         "  - {id: S02, at: \"T-1d 23:30\", role: star, channel: group, content: \"明天 "
         "{{event.time}} 见\",\n"
         "     expect: {metric: messages, gte: 1, window: 2h}}\n"
         "  - {id: S03, at: \"T+30m\", role: store, channel: staff_task, content: \"签到核对\", "
         "late: 1h,\n"
         "     expect: {metric: task_done, gte: 1, window: 6h}}\n";
#define MAKE                                                                      \
    "{\"template\": \"warm\", \"groups\": [1], \"event\": \"2025-09-22 14:00\", " \
    "\"params\": {\"gift\": \"伞\"}"

static void a_plan_has_all_its_tasks_at_once(void **state)
{
    struct bench *b = *state;

    bench_template(b, WARM);
    bench_do(b, "plan.create", MAKE "}");
    bench_says(b, "\"id\":1");
    bench_says(b, "\"tasks\":3");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE plan = 1 AND state = 0"), 3);
    /* T-3d 10:00 in Shanghai. */
    assert_int_equal(bench_int(b, "SELECT due FROM task WHERE step = 'S01'"),
                     MONDAY + 4 * DAY + 2 * HOUR);
    /* 23:30 lies in the quiet hours: wanted then, due when they are over. */
    assert_int_equal(bench_int(b, "SELECT wanted FROM task WHERE step = 'S02'"),
                     MONDAY + 6 * DAY + 15 * HOUR + 30 * MINUTE);
    assert_int_equal(bench_int(b, "SELECT due FROM task WHERE step = 'S02'"), MONDAY + 7 * DAY);
    /* What is to be done within six hours is not over after one. */
    assert_int_equal(bench_int(b, "SELECT closes - due FROM task WHERE step = 'S03'"), 6 * HOUR);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM timer WHERE kind = 'task.due'"), 3);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_goal WHERE figure IS NULL"), 2);
    bench_text(b, "SELECT wanted FROM plan_goal WHERE name = 'leaves'", "<=3");
    bench_text(b, "SELECT content FROM task WHERE step = 'S01'", "送{{gift}}，限{{limit}}份");
    assert_int_equal(b->fx.n_lines >= 1, 1);
}

static void a_goal_shows_the_number_that_was_typed(void **state)
{
    struct bench *b = *state;

    bench_template(b, "id: aim\ntitle: 标\nscope: group\nanchor: trigger\ntrigger: date\n"
                      "params: [{name: wish, label: 目标, type: number}]\n"
                      "goal: {targets: {orders: \"{{wish}}\"}}\nsteps:\n"
                      "  - {id: S01, at: \"+1h\", role: consultant, channel: group, content: "
                      "\"目标{{wish}}\", expect: {metric: orders, gte: 1, window: 2h}}\n");
    bench_do(b, "plan.create",
             "{\"template\": \"aim\", \"groups\": [1], \"params\": {\"wish\": 12}}");
    bench_text(b, "SELECT wanted FROM plan_goal", ">=12");
}

static void groups_are_found_by_tag_type_and_name(void **state)
{
    struct bench *b = *state;

    bench_template(b, WARM);
    bench_do(b, "plan.create",
             "{\"template\": \"warm\", \"groups\": {\"tags\": [\"预热\"]}, \"event\": \"2025-09-22 "
             "14:00\","
             " \"params\": {\"gift\": \"伞\"}}");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_target WHERE plan = 1"), 2);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE plan = 1"), 6);
    bench_do(b, "plan.create",
             "{\"template\": \"warm\", \"groups\": {\"types\": [\"home\"]}, \"event\": "
             "\"2025-10-22 14:00\","
             " \"params\": {\"gift\": \"伞\"}}");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan_target WHERE plan = 2"), 2);
    bench_do(b, "plan.create",
             "{\"template\": \"warm\", \"groups\": [\"二期群\"], \"event\": \"2025-11-22 14:00\","
             " \"params\": {\"gift\": \"伞\"}}");
    assert_int_equal(bench_int(b, "SELECT grp FROM plan_target WHERE plan = 3"), 2);
}

static void steps_of_a_plan_that_starts_late_are_skipped(void **state)
{
    struct bench *b = *state;

    bench_template(b, WARM);
    bench_do(b, "plan.create",
             "{\"template\": \"warm\", \"groups\": [1], \"event\": \"2025-09-17 14:00\","
             " \"params\": {\"gift\": \"伞\"}}");
    bench_says(b, "\"past\":1");
    bench_says(b, "1 of 3 tasks lie in the past");
    assert_int_equal(bench_int(b, "SELECT state FROM task WHERE step = 'S01'"), QUND_TASK_SKIPPED);
    bench_text(b, "SELECT reason FROM task WHERE step = 'S01'", "past");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM timer WHERE kind = 'task.due'"), 2);
}

static void a_preview_shows_it_and_keeps_nothing(void **state)
{
    struct bench *b = *state;

    bench_template(b, WARM);
    bench_do(b, "plan.preview",
             "{\"template\": \"warm\", \"groups\": [1, 2], \"event\": \"2025-09-22 14:00\"}");
    bench_says(b, "\"missing\":[\"gift\"]");
    bench_says(b, "params.gift");
    bench_says(b, "\"moved\":\"quiet\"");
    bench_says(b, "明天 14:00 见");
    bench_says(b, "nobody holds this role: the consultant speaks instead");
    bench_says(b, "\"due\":\"2025-09-19T02:00:00.000Z\"");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan"), 0);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task"), 0);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM timer"), 0);
}

/* --- refusals --- */

static const struct {
    const char *body, *where, *text;
} REFUSED[] = {
    {"{\"template\": \"wram\", \"groups\": [1]}", "template", "nearest known: 'warm'"},
    {"{\"groups\": [1]}", "template", "is missing"},
    {"{\"template\": \"warm\", \"version\": 7}", "version", "has no version 7"},
    {"{\"template\": \"warm\", \"grops\": [1]}", "body", "nearest known: 'groups'"},
    {MAKE ", \"id\": 4}", "id", "by itself"},
    {"{\"template\": \"warm\", \"event\": \"2025-09-22 14:00\", \"params\": {\"gift\": \"伞\"}}",
     "groups", "for which groups"},
    {"{\"template\": \"warm\", \"groups\": [77], \"event\": \"2025-09-22 14:00\", "
     "\"params\": {\"gift\": \"伞\"}}",
     "groups", "no group 77"},
    {"{\"template\": \"warm\", \"groups\": [\"三期\"], \"event\": \"2025-09-22 14:00\", "
     "\"params\": {\"gift\": \"伞\"}}",
     "groups", "no group is called '三期'"},
    {"{\"template\": \"warm\", \"groups\": [3], \"event\": \"2025-09-22 14:00\", "
     "\"params\": {\"gift\": \"伞\"}}",
     "groups", "a group of staff"},
    {"{\"template\": \"warm\", \"groups\": {\"types\": [\"hoem\"]}}", "groups.types", "no type"},
    {"{\"template\": \"warm\", \"groups\": [1], \"event\": \"2025-09-22 14:00\"}", "params.gift",
     "is missing: 礼品"},
    {"{\"template\": \"warm\", \"groups\": [1], \"event\": \"2025-09-22 14:00\", "
     "\"params\": {\"gift\": \"伞\", \"gfit\": \"x\"}}",
     "params", "nearest known: 'gift'"},
    {"{\"template\": \"warm\", \"groups\": [1], \"event\": \"2025-09-22 14:00\", "
     "\"params\": {\"gift\": \"伞\", \"limit\": \"两\"}}",
     "params.limit", "must be a number"},
    {"{\"template\": \"warm\", \"groups\": [1], \"event\": \"2025-09-22 14:00\", "
     "\"params\": {\"gift\": \"{{count.orders}}份\"}}",
     "params.gift", "holds a variable"},
    {"{\"template\": \"warm\", \"groups\": [1], \"event\": \"2025-09-22 14:00\", "
     "\"params\": {\"gift\": \"伞\\u0007\"}}",
     "params.gift", "control character"},
    {"{\"template\": \"warm\", \"groups\": [1], \"event\": \"2025-09-22 14:00\", "
     "\"params\": {\"gift\": \"伞，已下单 86 户\"}}",
     "S01", "counted, never typed"},
    {"{\"template\": \"warm\", \"groups\": [1], \"event\": \"2025-09-22 14:00\", "
     "\"params\": {\"gift\": \"全网最低价的伞\"}}",
     "S01", "'全网最低' may not stand here"},
    {"{\"template\": \"warm\", \"groups\": [1], \"params\": {\"gift\": \"伞\"}}", "event",
     "say when it begins"},
    {"{\"template\": \"warm\", \"groups\": [1], \"event\": \"2025-09-14 14:00\", "
     "\"params\": {\"gift\": \"伞\"}}",
     "event", "lies in the past"},
    {"{\"template\": \"warm\", \"groups\": [1], \"event\": \"2025-09-22 14:00\", "
     "\"start\": \"2025-09-01\", \"params\": {\"gift\": \"伞\"}}",
     "start", "2025-09-01 00:00 lies in the past"},
    {"{\"template\": \"warm\", \"groups\": [1], \"event\": \"2025-02-30 14:00\"}", "event",
     "no date and time"},
    {MAKE ", \"deliver\": \"direct\"}", "deliver", "nobody of ours can post in 一期群"},
    {MAKE ", \"deliver\": \"confirm\"}", "deliver", "name a `confirm_through`"},
    {MAKE ", \"deliver\": \"pigeon\"}", "deliver", "person"},
    {MAKE ", \"contacts\": [1]}", "contacts", "there is no contact 1"},
    {MAKE ", \"figures\": {\"stock\": 3}}", "figures", "asks for no figure 'stock'"},
};

static void what_cannot_be_made_is_refused_with_its_reason(void **state)
{
    struct bench *b = *state;

    bench_template(b, WARM);
    for (size_t i = 0; i < QUND_ARRAY_LEN(REFUSED); i++)
        bench_refused(b, "plan.create", REFUSED[i].body, REFUSED[i].where, REFUSED[i].text);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan"), 0);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task"), 0);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM timer"), 0);
}

static void all_that_is_wrong_is_told_at_once(void **state)
{
    struct bench *b = *state;

    bench_template(b, WARM);
    bench_refused(b, "plan.create", "{\"template\": \"warm\", \"params\": {\"limit\": \"x\"}}",
                  "event", "and 3 more");
    bench_says(b, "for which groups");
    bench_says(b, "params.gift");
    bench_says(b, "params.limit");
}

static void a_group_without_active_state_is_named(void **state)
{
    struct bench *b = *state;
    struct qund_err err;
    struct qund_buf reply = {0};

    bench_template(b, WARM);
    bench_org(b, "staff: [{id: lin, name: 林, push: [lin]}]\n"
                 "groups: [{realm: wx, id: g1, type: home, roles: {consultant: [lin]}}]\n");
    /* g2 is the API's now. */
    assert_int_equal(qund_crm_command(b->crm, "group.update",
                                      QUND_STR("{\"group\": 2, \"state\": \"paused\"}"), b->now,
                                      &reply, &err),
                     0);
    qund_buf_done(&reply);
    bench_refused(b, "plan.create",
                  "{\"template\": \"warm\", \"groups\": [2], \"event\": \"2025-09-22 14:00\", "
                  "\"params\": {\"gift\": \"伞\"}}",
                  "groups", "二期群 (2) is paused");
}

static void every_step_in_the_past_is_no_plan(void **state)
{
    struct bench *b = *state;

    bench_template(b, "id: day\ntitle: 日\nscope: group\nanchor: trigger\ntrigger: date\nsteps:\n"
                      "  - {id: S01, at: \"D0 07:30\", role: consultant, channel: group, "
                      "content: \"早\", kind: service, expect: {metric: messages, gte: 1, window: "
                      "2h}}\n");
    b->now = MONDAY + 10 * HOUR;
    bench_refused(b, "plan.create", "{\"template\": \"day\", \"groups\": [1]}", "start",
                  "every step lies in the past");
    b->now = 0; /* of a replay that waits for its first event */
    bench_refused(b, "plan.create", "{\"template\": \"day\", \"groups\": [1]}", "start",
                  "time has not begun");
    bench_do(b, "plan.create",
             "{\"template\": \"day\", \"groups\": [1], \"start\": \"2025-09-16\"}");
}

static void a_clash_of_quotas_names_an_alternative_and_force_takes_it(void **state)
{
    struct bench *b = *state;

    /* Two posts of a plan a day are allowed; the second plan brings the third. */
    bench_template(b, "id: two\ntitle: 两条\nscope: group\nanchor: trigger\ntrigger: date\nsteps:\n"
                      "  - {id: S01, at: \"D0 10:00\", role: consultant, channel: group, content: "
                      "\"一\", expect: {metric: messages, gte: 1, window: 2h}}\n"
                      "  - {id: S02, at: \"D0 15:00\", role: consultant, channel: group, content: "
                      "\"二\", expect: {metric: messages, gte: 1, window: 2h}}\n");
    bench_do(b, "plan.create",
             "{\"template\": \"two\", \"groups\": [1], \"start\": \"2025-09-17\"}");
    bench_refused(b, "plan.create",
                  "{\"template\": \"two\", \"groups\": [1], \"start\": \"2025-09-17\"}", "quota",
                  "2 posts are over a cap: S01 in 一期群 at 2025-09-17 10:00 (group_day), free is");
    bench_says(b, "\"alternative\":\"2025-09-");
    bench_says(b, "\"text\":\"S02 in 一期群 at 2025-09-17 15:00 (group_day), free is");
    bench_says(b, "\"group_name\":\"一期群\"");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan"), 1);
    /* Another group has its own quota. */
    bench_do(b, "plan.create",
             "{\"template\": \"two\", \"groups\": [2], \"start\": \"2025-09-17\"}");
    bench_do(
        b, "plan.create",
        "{\"template\": \"two\", \"groups\": [1], \"start\": \"2025-09-17\", \"force\": true}");
    bench_says(b, "\"cap\":\"group_day\"");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM plan"), 3);
}

static void ten_clashes_are_named_and_the_rest_counted(void **state)
{
    static const char WEEK_OF_TWO[] =
        "{\"template\": \"week\", \"groups\": [2], \"start\": \"2025-09-17\"}";
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct bench *b = *state;

    qund_buf_puts(&text, "id: week\ntitle: 一周\nscope: group\nanchor: trigger\ntrigger: date\n"
                         "steps:\n");
    for (int i = 0; i < 14; i++)
        qund_buf_printf(&text,
                        "  - {id: S%02d, at: \"D%d 1%d:00\", role: consultant, channel: group, "
                        "content: \"一\", expect: {metric: messages, gte: 1, window: 2h}}\n",
                        i, i / 2, i % 2 * 5);
    bench_template(b, text.p);
    bench_do(b, "plan.create", WEEK_OF_TWO);
    bench_refused(b, "plan.create", WEEK_OF_TWO, "quota", "14 posts are over a cap: S00 in");
    bench_says(b, "\"text\":\"S01 in");
    bench_says(b, "\"text\":\"S09 in");
    bench_says(b, "\"text\":\"and 4 more; `plan.preview` lists them\"");
    assert_null(strstr(b->reply.p, "\"text\":\"S10 in"));
    /* A look at it lists each once. */
    bench_do(b, "plan.preview", WEEK_OF_TWO);
    assert_null(strstr(b->reply.p, "\"text\":\"S01 in"));
    bench_says(b, "\"step\":\"S13\"");
}

static void stock_and_seats_must_be_known(void **state)
{
    struct bench *b = *state;

    bench_template(
        b, "id: sale\ntitle: 秒杀\nscope: group\nanchor: event\ntrigger: event\nsteps:\n"
           "  - {id: S01, at: \"T+0m\", role: consultant, channel: group, content: "
           "\"还有{{stock.item}}份\", expect: {metric: orders, gte: 40% of stock, window: "
           "15m}, stop: [\"stock.item==0\"]}\n"
           "  - {id: S02, at: \"T+1h\", role: consultant, channel: staff_task, content: "
           "\"数人\", expect: {metric: checkins, gte: \"{{forecast.low}}\", window: 1h}}\n");
    bench_refused(b, "plan.create",
                  "{\"template\": \"sale\", \"groups\": [1], \"event\": \"2025-09-22 14:00\"}",
                  "figures", "nobody said how many");
    bench_do(b, "plan.create",
             "{\"template\": \"sale\", \"groups\": [1], \"event\": \"2025-09-22 14:00\", "
             "\"figures\": {\"stock.item\": 30}}");
    bench_says(b, "forecast.low has no source but a person");
    assert_int_equal(bench_int(b, "SELECT n FROM plan_said WHERE plan = 1 AND name = 'stock:item'"),
                     30);
}

static void a_number_that_is_compared_with_must_be_one(void **state)
{
    struct bench *b = *state;
    static const char T[] =
        "id: n\ntitle: 数\nscope: group\nanchor: trigger\ntrigger: date\n"
        "params: [{name: wish, label: 目标, type: number}]\nsteps:\n"
        "  - {id: S01, at: \"+1h\", role: consultant, channel: group, content: \"目标{{wish}}\", "
        "expect: {metric: speakers, gte: \"{{wish}}\", window: 2h}}\n";

    bench_template(b, T);
    bench_refused(b, "plan.create",
                  "{\"template\": \"n\", \"groups\": [1], \"params\": {\"wish\": \"很多\"}}",
                  "params.wish", "'很多' must be a number");
    bench_do(b, "plan.create",
             "{\"template\": \"n\", \"groups\": [1], \"params\": {\"wish\": 12}}");
}

static void what_is_counted_in_groups_needs_one(void **state)
{
    struct bench *b = *state;

    bench_person(b, "ann");
    bench_template(
        b, "id: one\ntitle: 回访\nscope: contact\nanchor: trigger\ntrigger: manual\nsteps:\n"
           "  - {id: S01, at: \"+1h\", role: consultant, channel: one_to_one, content: "
           "\"您好\", expect: {metric: speakers, gte: 8% of customers, window: 2h}}\n");
    bench_refused(b, "plan.create", "{\"template\": \"one\"}", "contacts", "for whom");
    bench_refused(b, "plan.create", "{\"template\": \"one\", \"contacts\": [1]}", "S01",
                  "speakers is counted in a group");
    bench_says(b, "a percentage of customers is of a group");
}

static void a_text_too_long_for_its_channel_is_found_once_it_is_filled(void **state)
{
    struct bench *b = *state;
    struct qund_buf body = {0};

    bench_template(b, WARM);
    qund_buf_puts(&body,
                  "{\"template\": \"warm\", \"groups\": [1], \"event\": \"2025-09-22 14:00\", "
                  "\"params\": {\"gift\": \"");
    for (int i = 0; i < 3000; i++)
        qund_buf_puts(&body, "长");
    qund_buf_puts(&body, "\"}}");
    bench_refused(b, "plan.create", body.p, "S01", "shorten it or a parameter");
    qund_buf_done(&body);
}

static void a_calendar_that_ends_before_the_plan_is_told(void **state)
{
    struct bench *b = *state;
    struct qund_errs errs;

    qund_errs_init(&errs, 4);
    if (qund_holidays_parse("cn.yaml", QUND_STR("years: {2025: {off: [2025-10-01..2025-10-08]}}\n"),
                            &b->holidays, &errs) < 0)
        bench_die(&errs);
    qund_errs_done(&errs);
    qund_sop_free(b->sop);
    b->sop = qund_sop_new(&(struct qund_sop_deps){.db = b->db,
                                                  .timers = b->timers,
                                                  .outbox = b->outbox,
                                                  .crm = b->crm,
                                                  .months = b->months,
                                                  .config = b->config,
                                                  .fold = qund_fold_tables(),
                                                  .holidays = b->holidays});
    bench_roster(b);
    bench_template(b, WARM);
    bench_do(b, "plan.preview",
             "{\"template\": \"warm\", \"groups\": [1], \"event\": \"2026-02-01 14:00\", "
             "\"params\": {\"gift\": \"伞\"}}");
    bench_says(b, "the calendar of holidays ends in 2025");
}

static void a_day_of_one_sender_is_one_day_in_all_groups(void **state)
{
    struct bench *b = bench_new("sop: {sender_day: 1}\n"
                                "channels: {wx: {kind: api}}\n"
                                "targets: {lin: {kind: webhook, url: 'http://127.0.0.1:1/x', "
                                "allow_private: true}}\n");

    (void)state;
    bench_template(b, "id: hi\ntitle: 早安\nscope: group\nanchor: trigger\ntrigger: date\nsteps:\n"
                      "  - {id: S01, at: \"D1 10:00\", role: consultant, channel: group, "
                      "content: \"早安\", expect: {metric: speakers, gte: 1, window: 2h}}\n");
    bench_do(b, "plan.create", "{\"template\": \"hi\", \"groups\": [1]}");
    bench_refused(b, "plan.create",
                  "{\"template\": \"hi\", \"groups\": [1, 2], \"start\": \"2025-10-20 08:00\"}",
                  "quota", "S01 in 二期群 at 2025-10-21 10:00 (sender_day)");
    bench_free(b);
}

static void what_two_plans_write_to_one_person_in_a_week_is_named(void **state)
{
    struct bench *b = *state;

    bench_person(b, "ann");
    bench_person(b, "bob");
    bench_template(
        b, "id: call\ntitle: 回访\nscope: contact\nanchor: trigger\ntrigger: date\nsteps:\n"
           "  - {id: S01, at: \"D1 10:00\", role: consultant, channel: one_to_one, "
           "content: \"您好\", expect: {metric: one_to_one_replies, gte: 1, window: 2h}}\n");
    bench_do(b, "plan.create", "{\"template\": \"call\", \"contacts\": [1]}");
    bench_wait(b, HOUR);
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE contact = 1"), 1);
    bench_refused(b, "plan.create",
                  "{\"template\": \"call\", \"contacts\": [1, 2], \"start\": \"2025-09-18 08:00\"}",
                  "quota", "1 post is over a cap: S01 to ann at 2025-09-19 10:00 (contact_week)");
    bench_says(b, "\"contact\":1");
    bench_do(b, "plan.preview",
             "{\"template\": \"call\", \"contacts\": [2], \"start\": \"2025-09-18 08:00\"}");
    bench_says(b, "\"clashes\":[]");
    bench_do(b, "plan.create",
             "{\"template\": \"call\", \"contacts\": [1], \"start\": \"2025-09-25 08:00\"}");
}

static void a_channel_that_speaks_lets_posts_leave_by_themselves(void **state)
{
    struct bench *b = bench_new("channels: {wx: {kind: api, send_through: desk}}\n"
                                "targets: {desk: {kind: webhook, url: 'http://127.0.0.1:1/x', "
                                "allow_private: true}}\n");

    (void)state;
    bench_template(b, WARM);
    bench_do(b, "plan.create", MAKE ", \"deliver\": \"direct\"}");
    assert_int_equal(bench_int(b, "SELECT direct FROM plan"), 1);
    bench_free(b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_plan_has_all_its_tasks_at_once),
        TEST(a_goal_shows_the_number_that_was_typed),
        TEST(groups_are_found_by_tag_type_and_name),
        TEST(steps_of_a_plan_that_starts_late_are_skipped),
        TEST(a_preview_shows_it_and_keeps_nothing),
        TEST(what_cannot_be_made_is_refused_with_its_reason),
        TEST(all_that_is_wrong_is_told_at_once),
        TEST(a_group_without_active_state_is_named),
        TEST(every_step_in_the_past_is_no_plan),
        TEST(a_clash_of_quotas_names_an_alternative_and_force_takes_it),
        TEST(ten_clashes_are_named_and_the_rest_counted),
        TEST(stock_and_seats_must_be_known),
        TEST(a_number_that_is_compared_with_must_be_one),
        TEST(what_is_counted_in_groups_needs_one),
        TEST(a_text_too_long_for_its_channel_is_found_once_it_is_filled),
        TEST(a_calendar_that_ends_before_the_plan_is_told),
        TEST(what_two_plans_write_to_one_person_in_a_week_is_named),
        cmocka_unit_test(a_day_of_one_sender_is_one_day_in_all_groups),
        cmocka_unit_test(a_channel_that_speaks_lets_posts_leave_by_themselves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
