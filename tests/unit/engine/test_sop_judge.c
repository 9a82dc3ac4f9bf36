/* test_sop_judge.c - what was expected: hit, miss with its plan B exactly once and in time, void
 * for its reasons; the same rows after a restart and however the items were cut. */
#include "sop_desk.h"

enum { CONSULTANT = 4, LEADER = 3, GROUP_POST = 0, INNER = 4 };

#define ASK "今晚聊验房：入户门、窗、地漏、空鼓四件事，十五分钟讲完，随时打断提问。"
#define STEP(expect)                                                                                   \
    "  - {id: S01, at: +10m, role: consultant, channel: group, content: '" ASK "', " expect            \
    ", plan_b: {role: leader, content: '大家最想先听哪一件？回复数字就行。'}, tags: " \
    "[参与:验房课]}\n"
#define SPEAKERS STEP("expect: {metric: speakers, gte: 2, window: 1h}")

static const char ORG[] =
    "staff:\n"
    "  - {id: lin, name: 林, ids: [{realm: replay, id: wx-lin}], push: ['lin']}\n"
    "  - {id: zhao, name: 赵, ids: [{realm: replay, id: wx-zhao}], push: ['zhao']}\n"
    "  - {id: wu, name: 吴, ids: [{realm: replay, id: wx-wu}], push: ['wu']}\n"
    "groups:\n"
    "  - realm: replay\n    id: g1\n    manager: zhao\n"
    "    roles: {consultant: [lin], leader: [wu]}\n";

static struct desk *asked(const char *step)
{
    struct desk *d = sop_desk_with(ORG, "", step);

    sop_task(d, "S01", 10 * MIN, 4 * HOUR, CONSULTANT, GROUP_POST, true, ASK);
    sop_go(d);
    desk_wait(d, 11 * MIN);
    return d;
}

static struct desk *posted(const char *step)
{
    struct desk *d = asked(step);

    assert_int_equal(sop_state(d, 1), PUSHED);
    sop_word(d, "x1", "wx-lin", "g1", ASK);
    assert_int_equal(sop_state(d, 1), DONE);
    return d;
}

static void silence_runs_plan_b_once_within_a_minute_of_the_judgement(void **state)
{
    struct desk *d = posted(SPEAKERS);
    int64_t opens = desk_int(d, "SELECT opens FROM expectation");

    (void)state;
    assert_int_equal(desk_int(d, "SELECT closes FROM expectation"), opens + HOUR);
    desk_wait(d, HOUR + 20000);
    assert_int_equal(sop_outcome(d, 1), OPEN); /* the lateness is waited for */
    desk_wait(d, 15000);
    assert_int_equal(sop_outcome(d, 1), MISS);
    assert_int_equal(sop_count(d, "task WHERE plan_b = 1"), 1);
    assert_true(desk_int(d, "SELECT due FROM task WHERE id = 2") <= opens + HOUR + 30000 + 60000);
    assert_int_equal(sop_state(d, 2), PUSHED);
    assert_int_equal(sop_count(d, "outbox WHERE target = 'wu' AND alert = -2"), 1);
    assert_int_equal(sop_count(d, "alert WHERE rule = 'sop:t:S01:judged' AND role = 'manager'"), 1);
    desk_wait(d, HOUR);
    assert_int_equal(sop_count(d, "task"), 2);
    assert_int_equal(sop_count(d, "expectation"), 1); /* nothing is expected of a plan B */
    desk_free(d);
}

static void enough_reactions_are_a_hit_and_mark_those_who_reacted(void **state)
{
    struct desk *d = posted(SPEAKERS);

    (void)state;
    desk_say(d, "a1", "ann", "customer", "地漏怎么测");
    desk_say(d, "a2", "bob", "customer", "空鼓多大要返工");
    desk_wait(d, HOUR + MIN);
    assert_int_equal(sop_outcome(d, 1), HIT);
    assert_int_equal(desk_int(d, "SELECT figure FROM expectation"), 2);
    assert_int_equal(sop_count(d, "task"), 1);
    assert_int_equal(sop_count(d, "contact_tag ct JOIN tag t ON t.id = ct.tag"
                                  " WHERE t.name = '参与:验房课'"),
                     2);
    desk_free(d);
}

static void without_a_post_nothing_is_expected_and_no_plan_b_runs(void **state)
{
    struct desk *d = asked(SPEAKERS);

    (void)state;
    desk_wait(d, 5 * HOUR);
    assert_int_equal(sop_state(d, 1), EXPIRED);
    assert_int_equal(sop_outcome(d, 1), VOID);
    assert_int_equal(sop_count(d, "expectation WHERE reason = 'not_posted'"), 1);
    assert_int_equal(sop_count(d, "task"), 1);
    assert_true(sop_count(d, "alert WHERE role = 'manager'") >= 1);
    desk_free(d);
}

static void an_upper_limit_is_met_by_silence_and_missed_beyond_it(void **state)
{
    static const char LIMIT[] = STEP("expect: {metric: leaves, lte: 0, window: 1h}");
    struct desk *d = posted(LIMIT);

    (void)state;
    desk_wait(d, HOUR + MIN);
    assert_int_equal(sop_outcome(d, 1), HIT);
    assert_int_equal(sop_count(d, "task"), 1);
    desk_free(d);

    d = posted(LIMIT);
    desk_event(d, "{\"id\":\"l1\",\"type\":\"leave\",\"group\":\"g1\",\"sender\":\"ann\","
                  "\"ts\":1757895900000}");
    desk_wait(d, HOUR + MIN);
    assert_int_equal(sop_outcome(d, 1), MISS);
    assert_int_equal(sop_count(d, "task WHERE plan_b = 1"), 1);
    desk_free(d);
}

static void a_gap_in_the_window_makes_it_void_and_the_manager_is_told(void **state)
{
    struct desk *d = posted(SPEAKERS);
    QUND_AUTO(qund_buf_done) struct qund_buf gap = {0};

    (void)state;
    qund_buf_printf(&gap,
                    "{\"id\":\"g1\",\"type\":\"gap\",\"ts\":%lld,"
                    "\"data\":{\"from\":%lld,\"to\":%lld}}",
                    (long long)d->rx + 1, (long long)(d->rx + 1), (long long)(d->rx + 10 * MIN));
    desk_event(d, gap.p);
    desk_wait(d, HOUR + MIN);
    assert_int_equal(sop_outcome(d, 1), VOID);
    assert_int_equal(sop_count(d, "expectation WHERE reason = 'gap'"), 1);
    assert_int_equal(sop_count(d, "task"), 1);
    assert_int_equal(sop_count(d, "alert WHERE rule = 'sop:t:S01'"), 1);
    desk_free(d);
}

static void a_window_in_which_the_daemon_was_down_is_void(void **state)
{
    struct desk *d = posted(SPEAKERS);

    (void)state;
    desk_wait(d, 10 * MIN);
    d->left.alive_ms = d->rx;
    d->rx += 20 * MIN; /* nobody listened meanwhile */
    sop_go(d);
    desk_wait(d, HOUR);
    assert_int_equal(sop_outcome(d, 1), VOID);
    assert_int_equal(sop_count(d, "task"), 1);
    desk_free(d);
}

/* What one person is to say to us alone we have not heard, either. */
static void away_is_away_for_a_plan_without_a_group_too(void **state)
{
    struct desk *d = posted(SPEAKERS);

    (void)state;
    sop_sql(d, "UPDATE task SET grp = 0, channel = 2,"
               " contact = (SELECT min(id) FROM contact)");
    desk_wait(d, 10 * MIN);
    d->left.alive_ms = d->rx;
    d->rx += 20 * MIN;
    sop_go(d);
    desk_wait(d, HOUR);
    assert_int_equal(sop_outcome(d, 1), VOID);
    assert_int_equal(sop_count(d, "task"), 1);
    desk_free(d);
}

#define INNER_STEP                                                                                      \
    "  - {id: S01, at: +10m, role: consultant, channel: staff_task, content: 建单并推送给值班," \
    " expect: {metric: task_done, gte: 1, window: 30m},"                                                \
    " plan_b: {role: leader, content: 无人处理请直接接手, channel: staff_task}}\n"

static void an_inner_task_whose_window_ends_in_our_downtime_is_void(void **state)
{
    struct desk *d = sop_desk_with(ORG, "", INNER_STEP);

    (void)state;
    sop_task(d, "S01", 10 * MIN, 4 * HOUR, CONSULTANT, INNER, false, "建单并推送给值班");
    sop_go(d);
    desk_wait(d, 11 * MIN);
    d->left.alive_ms = d->rx;
    d->rx += 50 * MIN; /* nobody could report it */
    sop_go(d);
    desk_wait(d, MIN);
    assert_int_equal(sop_outcome(d, 1), VOID);
    assert_int_equal(sop_count(d, "task"), 1);
    desk_free(d);
}

static void silence_in_our_downtime_alarms_nobody(void **state)
{
    struct desk *d = sop_desk_with(
        ORG, "",
        "  - {id: S01, at: +10m, role: consultant, channel: group, content: '" ASK "',"
        " alert: {when: 'messages<3 in 30m', to: leader, level: urgent},"
        " expect: {metric: speakers, gte: 1, window: 1h}}\n");

    (void)state;
    sop_task(d, "S01", 10 * MIN, 4 * HOUR, CONSULTANT, GROUP_POST, true, ASK);
    sop_go(d);
    for (int i = 0; i < 5; i++) {
        char id[8];

        desk_wait(d, 2 * MIN);
        snprintf(id, sizeof(id), "a%d", i);
        desk_say(d, id, "ann", "customer", "地漏怎么测");
    }
    desk_wait(d, 2 * MIN);
    d->left.alive_ms = d->rx;
    d->rx += 29 * MIN; /* nobody listened meanwhile */
    sop_go(d);
    desk_wait(d, MIN);
    assert_int_equal(sop_count(d, "alert WHERE role = 'leader'"), 0);
    desk_wait(d, 35 * MIN); /* and then it was silent indeed */
    assert_int_equal(sop_count(d, "alert WHERE role = 'leader'"), 1);
    /* Whoever is told has never seen the template: no condition in its language. */
    assert_int_equal(sop_count(d, "alert WHERE title LIKE '30 分钟内发言数不到 3：S01 %'"), 1);
    desk_free(d);
}

static void an_inner_task_is_expected_from_when_it_was_due(void **state)
{
    struct desk *d = sop_desk_with(ORG, "", INNER_STEP);

    (void)state;
    sop_task(d, "S01", 10 * MIN, 4 * HOUR, CONSULTANT, INNER, false, "建单并推送给值班");
    sop_go(d);
    desk_wait(d, 11 * MIN);
    assert_int_equal(sop_state(d, 1), PUSHED);
    desk_wait(d, 31 * MIN);
    assert_int_equal(sop_outcome(d, 1), MISS);
    assert_int_equal(sop_count(d, "outbox WHERE target = 'wu'"), 1);
    desk_free(d);
}

static void a_plan_b_in_the_night_waits_for_the_morning(void **state)
{
    struct desk *d = sop_desk_with(ORG, "", SPEAKERS);

    (void)state;
    sop_task(d, "S01", 13 * HOUR, 4 * HOUR, CONSULTANT, GROUP_POST, true, ASK); /* 21:00 */
    sop_go(d);
    desk_wait(d, 13 * HOUR + MIN);
    sop_word(d, "x1", "wx-lin", "g1", ASK);
    desk_wait(d, HOUR + MIN);
    assert_int_equal(sop_outcome(d, 1), MISS);
    assert_int_equal(sop_state(d, 2), PLANNED);
    assert_int_equal(desk_int(d, "SELECT due FROM task WHERE id = 2"),
                     1757894400000 + 24LL * HOUR); /* 08:00 */
    desk_free(d);
}

static void a_plan_b_that_a_cap_holds_back_ends_skipped(void **state)
{
    struct desk *d = sop_desk_with(
        ORG, "",
        SPEAKERS "  - {id: S02, at: +20m, role: consultant, channel: group, content: 第二条}\n");

    (void)state;
    sop_task(d, "S01", 10 * MIN, 4 * HOUR, CONSULTANT, GROUP_POST, true, ASK);
    sop_task(d, "S02", 20 * MIN, 4 * HOUR, CONSULTANT, GROUP_POST, true, "第二条");
    sop_go(d);
    desk_wait(d, 11 * MIN);
    sop_word(d, "x1", "wx-lin", "g1", ASK);
    desk_wait(d, 2 * HOUR);
    assert_int_equal(sop_outcome(d, 1), MISS);
    assert_int_equal(sop_state(d, 3), SKIPPED);
    sop_reason(d, 3, "cap:group_day");
    desk_free(d);
}

static void an_alert_of_a_step_is_raised_once_when_its_condition_holds(void **state)
{
    struct desk *d = sop_desk_with(
        ORG, "",
        "  - {id: S01, at: +10m, role: consultant, channel: group, content: '" ASK "',"
        " alert: {when: 'messages>=2', to: leader, level: urgent},"
        " expect: {metric: speakers, gte: 1, window: 1h}}\n");

    (void)state;
    sop_task(d, "S01", 10 * MIN, 4 * HOUR, CONSULTANT, GROUP_POST, true, ASK);
    sop_go(d);
    desk_wait(d, 11 * MIN);
    sop_word(d, "x1", "wx-lin", "g1", ASK);
    desk_say(d, "a1", "ann", "customer", "漏水了");
    desk_wait(d, 11 * MIN);
    assert_int_equal(sop_count(d, "alert WHERE role = 'leader'"), 0);
    desk_say(d, "a2", "ann", "customer", "真的漏水了");
    desk_wait(d, 11 * MIN);
    assert_int_equal(sop_count(d, "alert WHERE role = 'leader' AND level = 'urgent'"), 1);
    desk_say(d, "a3", "ann", "customer", "还在漏");
    desk_wait(d, 40 * MIN);
    assert_int_equal(desk_int(d, "SELECT sum(n) FROM alert WHERE role = 'leader'"), 1);
    desk_free(d);
}

/* --- restart and cut --- */

/* Everything the plan wrote, in one text. */
static char *rows_of(struct desk *d)
{
    return desk_text(
        d, "SELECT (SELECT group_concat(id || ':' || step || ':' || plan_b || ':' || state || ':'"
           " || reason || ':' || evidence || ':' || due || ':' || done || ':' || done_by, ' ')"
           " FROM task) || ' | ' || (SELECT group_concat(task || ':' || opens || ':' || outcome ||"
           " ':' || reason || ':' || judged, ' ') FROM expectation) || ' | ' || (SELECT"
           " group_concat(task || '.' || n || ':' || event || ':' || at, ' ') FROM task_log)"
           " || ' | ' || (SELECT group_concat(key, ' ') FROM outbox) || ' | ' ||"
           " (SELECT group_concat(rule || ':' || n || ':' || created, ' ') FROM alert)");
}

struct script {
    struct qund_buf bodies[4];
    struct qund_item items[64];
    size_t n;
};

static void at(struct desk *d, struct script *s, int64_t ms, const char *json)
{
    struct qund_buf *body = &s->bodies[0];

    while (body->n > 0)
        body++;
    d->rx += ms;
    if (json) {
        desk_pack(d, json, d->rx, body);
        s->items[s->n++] = (struct qund_item){.kind = QUND_ITEM_EVENT,
                                              .rx = d->rx,
                                              .id = {d->next_id++, 0},
                                              .body = qund_buf_view(body)};
    }
    s->items[s->n++] = (struct qund_item){.kind = QUND_ITEM_TICK, .rx = d->rx};
    s->items[s->n++] = (struct qund_item){.kind = QUND_ITEM_FLOOR, .rx = d->rx};
}

/* One day of a plan, in batches of `cut` items; reopen: the engine is closed between them. */
static char *play(size_t cut, bool reopen)
{
    struct desk *d = sop_desk_with(ORG, "", SPEAKERS);
    struct script s = {.n = 0};
    char *rows;

    sop_task(d, "S01", 10 * MIN, 4 * HOUR, CONSULTANT, GROUP_POST, true, ASK);
    sop_go(d);
    at(d, &s, 10 * MIN + 7, NULL);
    at(d, &s, MIN,
       "{\"id\":\"x1\",\"ts\":1757895100000,\"group\":\"g1\",\"sender\":\"wx-lin\",\"text\":\"" ASK
       "\"}");
    at(d, &s, MIN,
       "{\"id\":\"a1\",\"ts\":1757895160000,\"group\":\"g1\",\"sender\":\"ann\",\"text\":"
       "\"地漏\"}");
    for (int i = 0; i < 9; i++)
        at(d, &s, 110000, NULL);
    at(d, &s, HOUR, NULL);
    at(d, &s, HOUR, NULL);
    for (size_t i = 0; i < s.n; i += cut) {
        size_t n = s.n - i < cut ? s.n - i : cut;

        assert_int_equal(desk_apply(d, s.items + i, n), 0);
        if (reopen && i < 8) /* no longer than a restart takes */
            sop_go(d);
    }
    rows = rows_of(d);
    for (size_t i = 0; i < QUND_ARRAY_LEN(s.bodies); i++)
        qund_buf_done(&s.bodies[i]);
    desk_free(d);
    return rows;
}

static void the_rows_depend_neither_on_the_cut_nor_on_a_restart(void **state)
{
    char *whole = play(64, false);

    (void)state;
    assert_non_null(strstr(whole, "sop:t:S01"));
    assert_non_null(strstr(whole, "2:S01:1:3:")); /* the plan B, pushed */
    for (size_t cut = 1; cut < 8; cut++) {
        char *cuts = play(cut, false), *again = play(cut, true);

        assert_string_equal(cuts, whole);
        assert_string_equal(again, whole);
        qund_free(cuts);
        qund_free(again);
    }
    qund_free(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_runs_plan_b_once_within_a_minute_of_the_judgement),
        cmocka_unit_test(enough_reactions_are_a_hit_and_mark_those_who_reacted),
        cmocka_unit_test(without_a_post_nothing_is_expected_and_no_plan_b_runs),
        cmocka_unit_test(an_upper_limit_is_met_by_silence_and_missed_beyond_it),
        cmocka_unit_test(a_gap_in_the_window_makes_it_void_and_the_manager_is_told),
        cmocka_unit_test(a_window_in_which_the_daemon_was_down_is_void),
        cmocka_unit_test(away_is_away_for_a_plan_without_a_group_too),
        cmocka_unit_test(an_inner_task_whose_window_ends_in_our_downtime_is_void),
        cmocka_unit_test(silence_in_our_downtime_alarms_nobody),
        cmocka_unit_test(an_inner_task_is_expected_from_when_it_was_due),
        cmocka_unit_test(a_plan_b_in_the_night_waits_for_the_morning),
        cmocka_unit_test(a_plan_b_that_a_cap_holds_back_ends_skipped),
        cmocka_unit_test(an_alert_of_a_step_is_raised_once_when_its_condition_holds),
        cmocka_unit_test(the_rows_depend_neither_on_the_cut_nor_on_a_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
