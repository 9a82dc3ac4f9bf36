/* Why a rule fires, and what it would have done over stored history. */
#include "rule_world.h"
#include <jansson.h>

#define T0 (1000 * DAY)

static json_t *explain(struct world *w, const char *rule, const char *text, struct qund_buf *lines)
{
    QUND_AUTO(qund_buf_done) struct qund_buf json = {0};
    json_error_t why;
    json_t *o;

    w->ev.text = qund_str(text);
    assert_int_equal(qund_fold_text(w->fold, w->ev.text, &w->text), 0);
    w->in.text = &w->text;
    lines->n = 0;
    assert_int_equal(
        qund_rules_explain(w->rules, w->scratch, &w->in, w->state, qund_str(rule), &json, lines),
        0);
    qund_buf_char(lines, 0);
    o = json_loadb(json.p, json.n, 0, &why);
    if (!o)
        fail_msg("%s in %.*s", why.text, (int)json.n, json.p);
    return o;
}

static json_t *cond(json_t *o, const char *name)
{
    size_t i;
    json_t *c;

    json_array_foreach(json_object_get(o, "conditions"), i,
                       c) if (strcmp(json_string_value(json_object_get(c, "condition")), name) ==
                              0) return c;
    fail_msg("no condition %s", name);
    return NULL;
}

static bool holds(json_t *o, const char *name)
{
    return json_is_true(json_object_get(cond(o, name), "holds"));
}

static void every_condition_is_shown_with_its_place_in_the_original(void **state)
{
    struct world *w = *state;
    struct qund_buf lines = {0};
    json_t *o, *found;

    world_rules(w, "rules: [{id: r, title: 询价, when: {any: [多少钱, {regex: '(\\d+)元'}],"
                   " none: [不问], hours: '09:00-21:00', tags: {none: [已成交]}},"
                   " then: [{intent: p}]}]");
    w->tags = " 已成交 ";
    o = explain(w, "r", "😀 多少錢 ３０元", &lines);
    assert_true(holds(o, "on"));
    assert_true(holds(o, "any"));
    assert_true(holds(o, "none"));
    assert_true(holds(o, "from"));
    assert_false(holds(o, "hours")); /* it is midnight */
    assert_false(holds(o, "tags"));
    assert_true(json_is_false(json_object_get(o, "fires")));
    found = json_object_get(cond(o, "any"), "found");
    assert_int_equal(json_array_size(found), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(found, 0), "text")),
                        "多少錢");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(found, 0), "from")), 5);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(found, 0), "to")), 14);
    assert_string_equal(json_string_value(json_object_get(json_array_get(found, 1), "text")),
                        "３０元");
    assert_non_null(strstr(lines.p, "✓ 任一词出现"));
    assert_non_null(strstr(lines.p, "「多少钱」 → 原文「多少錢」"));
    assert_non_null(strstr(lines.p, "✗ 客户标签（已成交✓）"));
    assert_non_null(strstr(lines.p, "结论：不触发"));
    json_decref(o);
    qund_buf_done(&lines);
}

static void squeezed_near_and_words_show_what_stands_there(void **state)
{
    struct world *w = *state;
    struct qund_buf lines = {0};
    json_t *o, *found;

    world_rules(w, "rules: [{id: r, when: {any: [{contains: 加微信, squeezed: true},"
                   " {near: {words: [退, 定金], within: 4}}]}, then: [{intent: p}]}]");
    o = explain(w, "r", "定金 能退吗，加 微.信！", &lines);
    found = json_object_get(cond(o, "any"), "found");
    assert_int_equal(json_array_size(found), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(found, 0), "text")),
                        "加 微.信");
    assert_string_equal(json_string_value(json_object_get(json_array_get(found, 1), "text")),
                        "定金 能退");
    json_decref(o);
    qund_buf_done(&lines);
}

static void an_explanation_leaves_no_trace(void **state)
{
    struct world *w = *state;
    struct qund_buf lines = {0};
    json_t *o;
    int i;

    world_rules(w, "rules: [{id: r, when: {any: [在], count: {gte: 3, within: 10m}},"
                   " cooldown: {for: 5m}, then: [{intent: p}]}]");
    for (i = 0; i < 5; i++) {
        w->in.seq = 100 + i;
        o = explain(w, "r", "在", &lines);
        assert_false(holds(o, "count"));
        assert_int_equal(json_integer_value(json_object_get(cond(o, "count"), "value")), 1);
        json_decref(o);
    }
    world_at(w, T0, "在");
    world_at(w, T0, "在");
    assert_int_equal(world_at(w, T0, "在"), 1);
    o = explain(w, "r", "在", &lines); /* the event that just fired: as it was judged */
    assert_true(holds(o, "count"));
    assert_int_equal(json_integer_value(json_object_get(cond(o, "count"), "value")), 3);
    assert_true(holds(o, "cooldown"));
    w->in.seq++;
    json_decref(o);
    o = explain(w, "r", "在", &lines); /* one more now */
    assert_int_equal(json_integer_value(json_object_get(cond(o, "count"), "value")), 4);
    assert_false(holds(o, "cooldown"));
    assert_non_null(strstr(lines.p, "在冷却期"));
    json_decref(o);
    qund_buf_done(&lines);
}

static void what_earlier_rules_did_is_part_of_it(void **state)
{
    struct world *w = *state;
    struct qund_buf lines = {0};
    json_t *o;

    world_rules(w, "rules:\n"
                   "- {id: a, priority: 90, when: {any: [价]}, then: [{intent: price}]}\n"
                   "- {id: b, when: {intents: price}, then: [{tag: t}]}\n"
                   "- {id: c, priority: 80, when: {any: [广告]}, stop: true, then: [{tag: s}]}\n");
    o = explain(w, "b", "价", &lines);
    assert_true(json_is_true(json_object_get(o, "fires")));
    json_decref(o);
    o = explain(w, "b", "价 广告", &lines);
    assert_true(json_is_false(json_object_get(o, "fires")));
    assert_string_equal(json_string_value(json_object_get(o, "stopped_by")), "c");
    json_decref(o);
    assert_int_equal(
        qund_rules_explain(w->rules, w->scratch, &w->in, w->state, QUND_STR("no"), NULL, NULL),
        QUND_E_NOTFOUND);
    qund_buf_done(&lines);
}

static void a_reader_explains_from_the_rows_of_now(void **state)
{
    struct world *w = *state;
    struct qund_db_cfg cfg = {.page_cache_bytes = 1 << 20, .busy_ms = 1000};
    struct qund_rule_state *engine, *reading;
    struct qund_buf lines = {0};
    struct qund_db *reader = NULL;
    char path[96];
    json_t *o;
    int i;

    world_open_db(w);
    world_rules(w, "rules: [{id: r, when: {any: [在], count: {gte: 3, within: 10m}},"
                   " then: [{intent: p}]}]");
    snprintf(path, sizeof(path), "%s/qund.db", w->dir);
    cfg.path = path;
    assert_int_equal(qund_db_open(&cfg, QUND_DB_READ, NULL, &reader, NULL), 0);
    engine = w->state;
    reading = qund_rule_state_new(reader, true);
    for (i = 1; i <= 3; i++) {
        assert_int_equal(qund_db_begin(w->db), 0);
        world_at(w, T0 + i, "在");
        assert_int_equal(qund_rule_state_settle(engine), 0);
        assert_int_equal(qund_db_commit(w->db), 0);
        qund_rule_state_committed(engine);
        w->state = reading;
        w->in.seq += 100; /* one more event, which nobody has judged yet */
        o = explain(w, "r", "在", &lines);
        w->in.seq -= 100;
        w->state = engine;
        assert_int_equal(json_integer_value(json_object_get(cond(o, "count"), "value")), i + 1);
        assert_int_equal(json_integer_value(json_object_get(o, "version")), 1);
        json_decref(o);
    }
    qund_buf_done(&lines);
    qund_rule_state_free(reading);
    qund_db_close(reader);
}

struct history {
    struct world *w;
    int n;
};

static int next_event(void *arg, struct qund_rule_input *in)
{
    struct history *h = arg;
    struct world *w = h->w;

    if (h->n == 40)
        return 0;
    w->ev.ts = T0 + h->n * 3 * HOUR;
    w->ev.text = h->n % 2 ? QUND_STR("多少价") : QUND_STR("你好");
    assert_int_equal(qund_fold_text(w->fold, w->ev.text, &w->text), 0);
    *in = w->in;
    in->text = &w->text;
    in->arena = NULL;
    in->seq = ++h->n;
    in->now = w->ev.ts;
    return 1;
}

static void a_backtest_counts_by_day_and_touches_nothing(void **state)
{
    struct world *w = *state;
    struct qund_backtest *out = qund_alloc(sizeof(*out));
    struct history h = {w, 0};
    struct qund_err err = {0};

    w->rules = world_parse(w, "rules: [{id: r, when: {any: [价]}, cooldown: {for: 12h},"
                              " then: [{intent: p}]}, {id: off, enabled: false,"
                              " then: [{intent: x}]}]");
    assert_int_equal(qund_rules_backtest(w->rules, QUND_STR("r"), next_event, &h, out, &err), 0);
    assert_int_equal(out->events, 40);
    assert_int_equal(out->matches, 20);
    assert_int_equal(out->fires, 10); /* every 6 h one, 12 h apart */
    assert_int_equal(out->n_days, 5);
    assert_int_equal(out->days[0].day, 1000);
    assert_int_equal(out->days[0].events, 8);
    assert_int_equal(out->days[0].matches, 4);
    assert_int_equal(out->days[0].fires, 2);
    assert_int_equal(out->n_samples, 20);
    assert_int_equal(out->samples[0].seq, 2);
    assert_int_equal(qund_rules_backtest(w->rules, QUND_STR("off"), next_event, &h, out, &err),
                     QUND_E_INVAL);
    assert_int_equal(qund_rules_backtest(w->rules, QUND_STR("no"), next_event, &h, out, &err),
                     QUND_E_NOTFOUND);
    qund_free(out);
}

static void a_backtest_counts_what_would_be_said(void **state)
{
    struct world *w = *state;
    struct qund_backtest *out = qund_alloc(sizeof(*out));
    struct history h = {w, 0};
    struct qund_err err = {0};

    w->rules =
        world_parse(w, "rules: [{id: r, priority: 60, when: {any: [价]}, cooldown: {for: 12h},"
                       " then: [{reply: 看群公告}, {forward: {to: desk}}]},"
                       " {id: angry, when: {count: {gte: 20, within: 30d}},"
                       " then: [{intent: complaint}]}]");
    assert_int_equal(qund_rules_backtest(w->rules, QUND_STR("r"), next_event, &h, out, &err), 0);
    assert_int_equal(out->says[QUND_ACT_REPLY], 10);
    assert_int_equal(out->says[QUND_ACT_FORWARD], 10);
    assert_int_equal(out->says[QUND_ACT_RECALL], 0);
    assert_in_range(out->silent, 1, 9);
    qund_free(out);
}

static void a_stop_hides_no_complaint_from_a_reply(void **state)
{
    struct world *w = *state;

    world_rules(w, "rules: [{id: hi, priority: 90, stop: true, when: {any: [几点]},"
                   " then: [{reply: 九点}]},"
                   " {id: many, when: {any: [几点]}, then: [{intent: price_question}]},"
                   " {id: angry, when: {any: [投诉]}, then: [{intent: complaint}]}]");
    assert_int_equal(world_eval(w, "几点"), 1);
    assert_false(w->hits.silent);
    assert_int_equal(world_eval(w, "投诉，几点"), 1);
    assert_true(w->hits.silent);
    assert_string_equal(world_did(w), "reply:九点");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(every_condition_is_shown_with_its_place_in_the_original),
        world_test(squeezed_near_and_words_show_what_stands_there),
        world_test(an_explanation_leaves_no_trace),
        world_test(a_reader_explains_from_the_rows_of_now),
        world_test(what_earlier_rules_did_is_part_of_it),
        world_test(a_backtest_counts_by_day_and_touches_nothing),
        world_test(a_backtest_counts_what_would_be_said),
        world_test(a_stop_hides_no_complaint_from_a_reply),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
