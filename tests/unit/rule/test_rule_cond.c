/* Each condition of the rule language, one test each. */
#include "core/thread.h"
#include "rule_world.h"

#define RULE(when) "rules: [{id: r, when: {" when "}, then: [{intent: hit}]}]"

static void a_plain_term_is_found_in_the_folded_text(void **state)
{
    struct world *w = *state;

    world_rules(w, RULE("any: [多少钱, 'ABC 1']"));
    assert_int_equal(world_eval(w, "这个多少錢呀"), 1); /* traditional form */
    assert_string_equal(world_did(w), "intent:hit");
    assert_int_equal(world_eval(w, "要ａｂｃ　１号"), 1); /* full width, other case */
    assert_int_equal(world_eval(w, "多少斤"), 0);
    assert_int_equal(w->hits.n_effects, 0);
    assert_null(w->hits.fired);
}

static void an_event_without_a_hit_asks_for_no_memory(void **state)
{
    struct world *w = *state;
    size_t used;

    world_rules(w, "rules: [{id: r, when: {any: [多少钱]}, then: [{intent: hit}]},"
                   " {id: s, when: {intents: x}, then: [{intent: y}]}]");
    used = qund_arena_used(w->arena);
    assert_int_equal(world_eval(w, "今天天气真好"), 0);
    assert_int_equal(qund_arena_used(w->arena), used);
}

struct worker {
    struct world *w;
    int fired;
};

static void evaluate_many(void *arg)
{
    struct worker *job = arg;
    struct world *w = job->w;
    QUND_AUTO(qund_rule_scratch_free) struct qund_rule_scratch *sc = qund_rule_scratch_new();
    QUND_AUTO(qund_rule_state_free) struct qund_rule_state *st = qund_rule_state_new(NULL, false);
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(4096);
    struct qund_folded text = {0};
    struct qund_event ev = w->ev;
    struct qund_rule_input in = w->in;
    struct qund_rule_hits hits;
    int i;

    ev.text = QUND_STR("多少钱 30元");
    in.ev = &ev;
    in.arena = arena;
    in.text = &text;
    for (i = 0; i < 200; i++) {
        in.seq = i;
        if (qund_fold_text(w->fold, ev.text, &text) == 0)
            job->fired += qund_rules_eval(w->rules, sc, &in, st, &hits);
        qund_arena_reset(arena);
    }
    qund_folded_done(&text);
}

static void one_set_serves_several_threads(void **state)
{
    struct world *w = *state;
    struct worker jobs[3] = {{w, 0}, {w, 0}, {w, 0}};
    pthread_t threads[3];
    int i;

    world_rules(w, RULE("any: [多少钱, {regex: '(\\d+)元'}], count: {gte: 2, within: 1h}"));
    for (i = 0; i < 3; i++)
        assert_int_equal(
            qund_thread_start(&threads[i], QUND_THREAD_READER, evaluate_many, &jobs[i], NULL), 0);
    for (i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(jobs[i].fired, 199);
    }
}

static void exact_wants_the_whole_text(void **state)
{
    struct world *w = *state;

    world_rules(w, RULE("any: [{exact: 退订}]"));
    assert_int_equal(world_eval(w, " 退订 "), 1);
    assert_int_equal(world_eval(w, "我要退订"), 0);
}

static void regex_runs_on_the_folded_text(void **state)
{
    struct world *w = *state;

    world_rules(w, RULE("any: [{regex: '\\d+\\s*(元|块|w|万)'}]"));
    assert_int_equal(world_eval(w, "要３００块吗"), 1);
    assert_int_equal(world_eval(w, "12W"), 1);
    assert_int_equal(world_eval(w, "三百"), 0);
}

static void near_counts_code_points_in_any_order(void **state)
{
    struct world *w = *state;

    world_rules(w, RULE("any: [{near: {words: [退, 定金], within: 3}}]"));
    assert_int_equal(world_eval(w, "我想退一下定金"), 1);
    assert_int_equal(world_eval(w, "定金能退吗"), 1);
    assert_int_equal(world_eval(w, "退一二三定金"), 1);
    assert_int_equal(world_eval(w, "退一二三四定金"), 0);
    assert_int_equal(world_eval(w, "定金一二三四五退一二三四定金退"), 1); /* the last pair */
    assert_int_equal(world_eval(w, "定金"), 0);
}

static void squeezed_sees_through_blanks_and_punctuation(void **state)
{
    struct world *w = *state;

    world_rules(w, RULE("any: [{contains: 加微信, squeezed: true}]"));
    assert_int_equal(world_eval(w, "加 微.信"), 1);
    assert_int_equal(world_eval(w, "加微信"), 1);
    world_rules(w, RULE("any: [加微信]"));
    assert_int_equal(world_eval(w, "加 微.信"), 0);
}

static void words_come_from_a_file_beside_the_rules(void **state)
{
    struct world *w = *state;
    struct qund_rules_opts opts = world_opts(w);
    const char *dirs[] = {w->dir};
    struct qund_errs errs;
    char path[128];

    snprintf(path, sizeof(path), "%s/bad.txt", w->dir);
    assert_int_equal(
        qund_file_replace(path, QUND_STR("# 广告词\n\n刷单\n  兼职日结 \n"), 0600, NULL), 0);
    snprintf(path, sizeof(path), "%s/a.yaml", w->dir);
    assert_int_equal(qund_file_replace(path, QUND_STR(RULE("any: [{words: bad.txt}]")), 0600, NULL),
                     0);
    qund_errs_init(&errs, 5);
    assert_int_equal(qund_rules_load(dirs, 1, &opts, &w->rules, &errs), 0);
    qund_errs_done(&errs);
    assert_int_equal(qund_rules_patterns(w->rules), 2);
    w->state = qund_rule_state_new(NULL, false);
    assert_int_equal(world_eval(w, "招兼职日结"), 1);
    assert_int_equal(world_eval(w, "# 广告词"), 0);
}

static void all_any_and_none_combine(void **state)
{
    struct world *w = *state;

    world_rules(w, RULE("all: [窗帘, 客厅], any: [价, 钱], none: [不问]"));
    assert_int_equal(world_eval(w, "客厅窗帘什么价"), 1);
    assert_int_equal(world_eval(w, "窗帘什么价"), 0);
    assert_int_equal(world_eval(w, "客厅窗帘"), 0);
    assert_int_equal(world_eval(w, "客厅窗帘不问价"), 0);
}

static void a_rule_of_exclusions_alone_is_asked_each_time(void **state)
{
    struct world *w = *state;

    world_rules(w, RULE("none: [你好]"));
    assert_int_equal(world_eval(w, "在吗"), 1);
    assert_int_equal(world_eval(w, "你好在吗"), 0);
    assert_int_equal(world_eval(w, NULL), 1);
}

static void from_is_customers_and_koc_unless_said(void **state)
{
    struct world *w = *state;

    world_rules(w, RULE("any: [价]"));
    w->in.role = QUND_ROLE_KOC;
    assert_int_equal(world_eval(w, "价"), 1);
    w->in.role = QUND_ROLE_STAFF;
    assert_int_equal(world_eval(w, "价"), 0);
    w->in.role = QUND_ROLE_BOT;
    assert_int_equal(world_eval(w, "价"), 0);
    world_rules(w, RULE("any: [价], from: staff"));
    assert_int_equal(world_eval(w, "价"), 0);
    w->in.role = QUND_ROLE_STAFF;
    assert_int_equal(world_eval(w, "价"), 1);
    world_rules(w, RULE("any: [价], from: [any]"));
    assert_int_equal(world_eval(w, "价"), 1);
}

static void groups_narrow_by_type_id_and_tag(void **state)
{
    struct world *w = *state;
    struct qund_str tags[] = {QUND_STR("高端"), QUND_STR("二期")};

    world_rules(w, RULE("any: [价], groups: {type: [home, course]}"));
    assert_int_equal(world_eval(w, "价"), 1);
    w->in.group_type = QUND_STR("ecommerce");
    assert_int_equal(world_eval(w, "价"), 0);
    world_rules(w, RULE("any: [价], groups: {ids: [g1, g2]}"));
    assert_int_equal(world_eval(w, "价"), 1);
    w->ev.group = QUND_STR("g3");
    assert_int_equal(world_eval(w, "价"), 0);
    world_rules(w, RULE("any: [价], groups: {tags: {all: [高端, 二期]}}"));
    assert_int_equal(world_eval(w, "价"), 0);
    w->in.group_tags = tags;
    w->in.n_group_tags = 2;
    assert_int_equal(world_eval(w, "价"), 1);
    w->in.group_id = 0; /* private chat */
    assert_int_equal(world_eval(w, "价"), 0);
}

static void hours_are_duty_or_a_range_over_midnight(void **state)
{
    struct world *w = *state;

    world_rules(w, RULE("any: [价], hours: duty"));
    assert_int_equal(world_eval(w, "价"), 1);
    w->off_duty = true;
    assert_int_equal(world_eval(w, "价"), 0);
    world_rules(w, RULE("any: [价], hours: off_duty"));
    assert_int_equal(world_eval(w, "价"), 1);
    world_rules(w, RULE("any: [价], hours: '09:00-21:00'"));
    assert_int_equal(world_at(w, 1000 * DAY + 9 * HOUR, "价"), 1);
    assert_int_equal(world_at(w, 1000 * DAY + 21 * HOUR, "价"), 0);
    assert_int_equal(world_at(w, 1000 * DAY + 9 * HOUR - 1, "价"), 0);
    world_rules(w, RULE("any: [价], hours: '22:00-06:00'"));
    assert_int_equal(world_at(w, 1000 * DAY + 23 * HOUR, "价"), 1);
    assert_int_equal(world_at(w, 1000 * DAY + 5 * HOUR, "价"), 1);
    assert_int_equal(world_at(w, 1000 * DAY + 12 * HOUR, "价"), 0);
}

static void tags_of_the_sender_narrow(void **state)
{
    struct world *w = *state;

    world_rules(w, RULE("any: [价], tags: {any: [老客户, 会员], none: [已成交]}"));
    assert_int_equal(world_eval(w, "价"), 0);
    w->tags = " 会员 ";
    assert_int_equal(world_eval(w, "价"), 1);
    w->tags = " 会员 已成交 ";
    assert_int_equal(world_eval(w, "价"), 0);
}

static void extracts_intents_context_and_kind_narrow(void **state)
{
    struct world *w = *state;
    struct qund_rule_extract x[] = {{QUND_STR("room"), QUND_STR("3-2-1502")}};
    struct qund_str intent = QUND_STR("needs_reply"), flag = QUND_STR("mention_staff");

    world_rules(w, RULE("extract: room, kind: [text, mixed]"));
    assert_int_equal(world_eval(w, "3-2-1502"), 0);
    w->in.extracts = x;
    w->in.n_extracts = 1;
    assert_int_equal(world_eval(w, "3-2-1502"), 1);
    w->ev.kind = QUND_STR("image");
    assert_int_equal(world_eval(w, "3-2-1502"), 0);
    world_rules(w, RULE("intents: {any: [needs_reply]}, context: {none: [mention_staff]}"));
    assert_int_equal(world_eval(w, "在吗"), 0);
    w->in.intents = &intent;
    w->in.n_intents = 1;
    assert_int_equal(world_eval(w, "在吗"), 1);
    w->in.context = &flag;
    w->in.n_context = 1;
    assert_int_equal(world_eval(w, "在吗"), 0);
}

static void on_names_event_types_known_and_unknown(void **state)
{
    struct world *w = *state;

    world_rules(w, "rules: [{id: j, on: [member.join, shop.opened], then: [{tag: 新人}]},"
                   " {id: m, when: {any: [新]}, then: [{intent: m}]}]");
    assert_int_equal(world_eval(w, "新来的"), 1);
    assert_string_equal(world_did(w), "intent:m");
    w->ev.type = QUND_EV_MEMBER_JOIN;
    w->ev.type_name = QUND_STR("member.join");
    assert_int_equal(world_eval(w, "新 加入了群聊"), 1);
    assert_string_equal(world_did(w), "tag:新人");
    w->ev.type = QUND_EV_OTHER;
    w->ev.type_name = QUND_STR("shop.opened");
    w->in.role = QUND_ROLE_NONE; /* nobody sent it */
    assert_int_equal(world_eval(w, NULL), 1);
    w->ev.type_name = QUND_STR("shop.closed");
    assert_int_equal(world_eval(w, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(a_plain_term_is_found_in_the_folded_text),
        world_test(an_event_without_a_hit_asks_for_no_memory),
        world_test(one_set_serves_several_threads),
        world_test(exact_wants_the_whole_text),
        world_test(regex_runs_on_the_folded_text),
        world_test(near_counts_code_points_in_any_order),
        world_test(squeezed_sees_through_blanks_and_punctuation),
        world_test(words_come_from_a_file_beside_the_rules),
        world_test(all_any_and_none_combine),
        world_test(a_rule_of_exclusions_alone_is_asked_each_time),
        world_test(from_is_customers_and_koc_unless_said),
        world_test(groups_narrow_by_type_id_and_tag),
        world_test(hours_are_duty_or_a_range_over_midnight),
        world_test(tags_of_the_sender_narrow),
        world_test(extracts_intents_context_and_kind_narrow),
        world_test(on_names_event_types_known_and_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
