/* test_rollback.c - what a batch that is undone must not leave behind in memory, and what a refused
 * part of a batch must not take away from the others. */
#include "desk.h"
#include "store/timers.h"

static const char RULES[] = "rules:\n  - id: price\n    when: {any: [多少钱]}\n"
                            "    then: [{intent: price_question}, {tag: 意向:询价},"
                            " {alert: {to: consultant, level: info, text: x}}]\n";
static const char OTHER[] = "rules:\n  - id: hello\n    when: {any: [你好]}\n"
                            "    then: [{tag: 问好}]\n";
static const char CONFIG[] =
    "targets:\n"
    "  desk: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n";
static const char MERGE_NOTHING[] = "alert: {merge: 0s}\n";

static void swap_rules_into(struct qund_item *it, struct qund_rules *rules)
{
    it->cmd->attach = qund_rules_ref(rules);
    it->cmd->attach_free = qund_rules_unref_v;
}

static void drop_config(void *config)
{
    qund_config_unref(config);
}

static void a_timer_that_fails_for_good_is_dead_and_time_goes_on(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_timers *timers = qund_timers_new(d->db);

    (void)state;
    assert_int_equal(qund_db_begin(d->db), 0);
    assert_int_equal(qund_timers_set(timers, &(struct qund_timer){.due = d->rx,
                                                                  .kind = QUND_STR("of.tomorrow"),
                                                                  .key = QUND_STR("1")}),
                     0);
    assert_int_equal(qund_db_commit(d->db), 0);
    qund_timers_free(timers);
    desk_close_store(d);
    desk_open_store(d);
    desk_wait(d, 1000);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM dead WHERE kind = 'timer'"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM timer WHERE kind = 'of.tomorrow'"), 0);
    assert_int_equal(desk_metric(d, "qund_dead_total"), 1);
    desk_free(d);
}

static void a_refused_command_leaves_the_swap_before_it_in_force(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_rules *next = desk_rules(d->fold, OTHER);
    struct qund_item items[2];
    int swapped, refused;

    (void)state;
    items[0] = desk_command_item(d, "rules.swap", "{}", &swapped);
    swap_rules_into(&items[0], next);
    items[1] = desk_command_item(d, "alert.ack", "{\"id\":99}", &refused);
    assert_int_equal(desk_apply(d, items, 2), 0);
    assert_int_equal(swapped, 0);
    assert_int_equal(refused, QUND_E_NOTFOUND);
    assert_ptr_equal(qund_engine_rules(d->engine), next);
    desk_say(d, "m1", "ann", "customer", "你好");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM contact_tag"), 1);
    qund_rules_unref(next);
    desk_free(d);
}

/* Two batches with room for the first half of the second only: rc of the second. */
static int apply_without_room(struct desk *d, struct qund_item *items, size_t n)
{
    int rc;

    desk_room(d, 0);
    rc = desk_apply(d, items, n);
    desk_room(d, -1);
    return rc;
}

/* A message that surely needs new pages. */
static struct qund_item big_event(struct desk *d, const char *id, struct qund_buf *body)
{
    struct qund_buf json = {0};

    qund_buf_printf(&json,
                    "{\"id\":\"%s\",\"ts\":%lld,\"group\":\"g1\",\"sender\":\"ann\","
                    "\"sender_name\":\"ann\",\"text\":\"多少钱",
                    id, (long long)d->rx + 1);
    for (int i = 0; i < 3000; i++)
        qund_buf_puts(&json, "一二三四");
    qund_buf_puts(&json, "\"}");
    desk_pack(d, json.p, ++d->rx, body);
    qund_buf_done(&json);
    return (struct qund_item){
        .kind = QUND_ITEM_EVENT, .rx = d->rx, .id = {d->next_id++, 0}, .body = qund_buf_view(body)};
}

static void a_full_disk_undoes_the_batch_and_the_same_batch_goes_through_later(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_buf body = {0};
    struct qund_item items[2];
    int64_t was;
    int answered;

    (void)state;
    desk_say(d, "m0", "bob", "customer", "hi");
    was = qund_engine_time(d->engine);
    qund_buf_clear(&d->feed);
    items[0] = desk_command_item(d, "alert.ack", "{\"id\":1}", &answered);
    items[1] = big_event(d, "m1", &body);
    assert_int_equal(apply_without_room(d, items, 2), QUND_E_FULL);
    assert_int_equal(answered, QUND_E_BUG); /* not yet */
    assert_int_equal(qund_engine_time(d->engine), was);
    assert_int_equal(desk_metric(d, "qund_events_applied_total"), 1);
    assert_int_equal(desk_metric(d, "qund_rule_hits_total"), 0);
    assert_int_equal(d->feed.n, 0);
    assert_int_equal(desk_apply(d, items, 2), 0);
    assert_int_equal(answered, QUND_E_NOTFOUND);
    assert_int_equal(desk_metric(d, "qund_events_applied_total"), 2);
    assert_int_equal(desk_metric(d, "qund_rule_hits_total"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM message_202509"), 2);
    assert_int_equal(desk_int(d, "SELECT messages FROM measure"), 2);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM alert"), 1);
    qund_buf_done(&body);
    desk_free(d);
}

static void a_configuration_of_a_batch_that_is_undone_is_not_in_force(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_config *next = desk_config(MERGE_NOTHING);
    struct qund_buf body = {0};
    struct qund_item items[2];
    int swapped;

    (void)state;
    desk_say(d, "m0", "ann", "customer", "多少钱");
    items[0] = desk_command_item(d, "config.swap", "{}", &swapped);
    items[0].cmd->attach = qund_config_ref(next);
    items[0].cmd->attach_free = drop_config;
    items[1] = big_event(d, "m1", &body);
    assert_int_equal(apply_without_room(d, items, 2), QUND_E_FULL);
    qund_command_free(items[0].cmd); /* it is given up; only the event comes again */
    assert_int_equal(desk_apply(d, &items[1], 1), 0);
    /* Under the old one the second message folds into the first one's alert. */
    assert_int_equal(desk_int(d, "SELECT n FROM alert"), 2);
    qund_config_unref(next);
    qund_buf_done(&body);
    desk_free(d);
}

static void a_store_held_by_another_leaves_time_where_it_was(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    QUND_AUTO(qund_db_close) struct qund_db *other = NULL;
    struct qund_err err = {0};
    char path[512];
    int64_t was;

    (void)state;
    desk_say(d, "m0", "ann", "customer", "hi");
    was = qund_engine_time(d->engine);
    snprintf(path, sizeof(path), "%s/qund.db", d->dir);
    assert_int_equal(
        qund_db_open(&(struct qund_db_cfg){.path = path}, QUND_DB_WRITE, NULL, &other, &err), 0);
    assert_int_equal(qund_db_begin(other), 0);
    assert_int_equal(desk_apply(d, &(struct qund_item){.kind = QUND_ITEM_TICK, .rx = was + 5}, 1),
                     QUND_E_AGAIN);
    assert_int_equal(qund_engine_time(d->engine), was);
    qund_db_rollback(other);
    desk_wait(d, 1000);
    assert_int_equal(qund_engine_time(d->engine), d->rx);
    desk_free(d);
}

static void a_buried_event_shows_no_line_and_counts_as_dead_only(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_buf good = {0};
    struct qund_item items[2];

    (void)state;
    items[0] = (struct qund_item){
        .kind = QUND_ITEM_EVENT, .rx = d->rx, .id = {1, 0}, .body = QUND_STR("Ebroken")};
    items[1] = big_event(d, "m1", &good);
    assert_int_equal(desk_apply(d, items, 2), 0);
    assert_int_equal(desk_metric(d, "qund_events_applied_total"), 1);
    assert_int_equal(desk_metric(d, "qund_dead_total"), 1);
    assert_int_equal(desk_metric(d, "qund_rule_hits_total"), 1);
    /* The good one was applied twice (the first try was undone) and is shown once. */
    assert_non_null(strstr(d->feed.p, "\"kind\":\"message\""));
    assert_null(strstr(strstr(d->feed.p, "\"kind\":\"message\"") + 1, "\"kind\":\"message\""));
    qund_buf_done(&good);
    desk_free(d);
}

static void a_reopened_alert_climbs_on_in_duty_hours_after_a_restart_too(void **state)
{
    static const char WARN[] = "rules:\n  - id: w\n    when: {any: [投诉]}\n"
                               "    then: [{alert: {to: consultant, level: warn, text: x}}]\n";
    struct desk *d = desk_new(CONFIG, WARN);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "我要投诉");
    assert_int_equal(desk_command(d, "alert.ack", "{\"id\":1}"), 0);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM timer WHERE kind = 'alert.rung'"), 0);
    desk_close_store(d);
    desk_open_store(d);
    assert_int_equal(desk_command(d, "alert.reopen", "{\"id\":1}"), 0);
    desk_wait(d, 11 * 60000);
    assert_int_equal(desk_int(d, "SELECT step FROM alert"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox"), 2);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_that_fails_for_good_is_dead_and_time_goes_on),
        cmocka_unit_test(a_refused_command_leaves_the_swap_before_it_in_force),
        cmocka_unit_test(a_full_disk_undoes_the_batch_and_the_same_batch_goes_through_later),
        cmocka_unit_test(a_configuration_of_a_batch_that_is_undone_is_not_in_force),
        cmocka_unit_test(a_store_held_by_another_leaves_time_where_it_was),
        cmocka_unit_test(a_buried_event_shows_no_line_and_counts_as_dead_only),
        cmocka_unit_test(a_reopened_alert_climbs_on_in_duty_hours_after_a_restart_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
