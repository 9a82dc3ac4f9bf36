/* test_handed.c - pushes that a plugin sends: each ends once, whatever the plugin does. */
#include "config/config.h"
#include "core/clock.h"
#include "core/json.h"
#include "deliver/deliver.h"
#include "unit.h"
#include <jansson.h>
#include <pthread.h>

#define WAIT_MS 20000

/* One engine and one loop, played by the test's thread. */
struct desk {
    struct qund_mbox *commands, *handed;
    bool refusing; /* set before deliver starts: the plugins stop */
    struct qund_config *config;
    struct qund_metrics *metrics;
    struct qund_deliver *d;
    int credit, others; /* of ops; of other targets */
    char event[16], reason[200], their_id[40];
    int64_t id, attempt, retry_ms;
    int outcomes;
};

static const struct qund_cfg_table TABLE = {NULL, 0, 0, NULL};

static int find(void *arg, const struct qund_config *c, const char *map, const char *kind,
                struct qund_own *own, struct qund_err *err)
{
    (void)arg;
    (void)c;
    (void)map;
    (void)err;
    if (strcmp(kind, "bot") == 0)
        *own = (struct qund_own){.table = &TABLE, .repeat = QUND_REPEAT_ONCE};
    return 0;
}

static int submit(void *arg, struct qund_command *c)
{
    struct desk *k = arg;

    return qund_mbox_put(k->commands, &c->node);
}

static bool hand(void *arg, struct qund_handed *h)
{
    struct desk *k = arg;

    if (k->refusing)
        return false;
    qund_mbox_put_always(k->handed, &h->node);
    return true;
}

static void keep(char *to, size_t size, const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    snprintf(to, size, "%s", s ? s : "");
}

static void take_commands(struct desk *k)
{
    struct qund_node *next;

    for (struct qund_node *n = qund_mbox_take_all(k->commands); n; n = next) {
        struct qund_command *c = QUND_CONTAINER(n, struct qund_command, node);
        json_t *o = json_loadb(c->body, c->body_n, 0, NULL);

        next = n->next;
        if (strcmp(c->name, "delivery.credit") == 0) {
            *(strcmp(json_string_value(json_object_get(o, "target")), "ops") == 0 ? &k->credit
                                                                                  : &k->others) +=
                (int)json_integer_value(json_object_get(o, "n"));
        } else {
            k->outcomes++;
            keep(k->event, sizeof(k->event), o, "event");
            keep(k->reason, sizeof(k->reason), o, "reason");
            keep(k->their_id, sizeof(k->their_id), o, "their_id");
            k->id = json_integer_value(json_object_get(o, "id"));
            k->attempt = json_integer_value(json_object_get(o, "attempt"));
            k->retry_ms = json_object_get(o, "retry_ms")
                              ? json_integer_value(json_object_get(o, "retry_ms"))
                              : -1;
        }
        json_decref(o);
        qund_command_free(c);
    }
}

#define UNTIL(k, condition)                                       \
    do {                                                          \
        int64_t deadline_ms_ = qund_mono_now().ms + WAIT_MS;      \
                                                                  \
        while (!(condition) && qund_mono_now().ms < deadline_ms_) \
            if (qund_mbox_wait((k)->commands, 20))                \
                take_commands(k);                                 \
        assert_true(condition);                                   \
    } while (0)

static void start(struct desk *k, const char *text)
{
    static const struct qund_config_kinds KINDS = {.find = find};
    struct qund_errs errs;

    qund_errs_init(&errs, 2);
    assert_int_equal(
        qund_config_parse_kinds("t.yaml", NULL, qund_str(text), &KINDS, &k->config, &errs), 0);
    qund_errs_done(&errs);
    assert_int_equal(qund_deliver_open(&(struct qund_deliver_deps){.config = k->config,
                                                                   .metrics = k->metrics,
                                                                   .submit = submit,
                                                                   .submit_arg = k,
                                                                   .hand = hand,
                                                                   .hand_arg = k},
                                       &k->d, NULL),
                     0);
}

static void send(struct desk *k, int64_t id, int attempt)
{
    struct qund_out_items items = {.v = qund_alloc(sizeof(struct qund_out_item)), .n = 1, .cap = 1};

    UNTIL(k, k->credit > 0);
    k->credit--;
    items.v[0] = (struct qund_out_item){.id = id,
                                        .attempt = attempt,
                                        .unknowns = attempt - 1,
                                        .until = INT64_MAX,
                                        .target = qund_strdup("ops"),
                                        .body = qund_strdup("{}"),
                                        .key = qund_strdup("alert:1")};
    qund_deliver_send(k->d, &items);
}

/* The push as the loop gets it. */
static uint64_t taken(struct desk *k)
{
    struct qund_node *n;
    struct qund_handed *h;
    uint64_t token;

    assert_true(qund_mbox_wait(k->handed, WAIT_MS));
    n = qund_mbox_take_all(k->handed);
    assert_non_null(n);
    h = QUND_CONTAINER(n, struct qund_handed, node);
    assert_string_equal(h->target, "ops");
    assert_string_equal(h->item.key, "alert:1");
    token = h->token;
    qund_handed_free(h);
    return token;
}

static int set_up(void **state)
{
    struct desk *k = qund_alloc(sizeof(*k));

    k->commands = qund_mbox_new(256);
    k->handed = qund_mbox_new(0);
    k->metrics = qund_metrics_new();
    *state = k;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *k = *state;

    qund_deliver_close(k->d);
    take_commands(k);
    qund_mbox_free(k->commands);
    qund_mbox_free(k->handed);
    qund_config_unref(k->config);
    qund_metrics_free(k->metrics);
    qund_free(k);
    return 0;
}

static void a_push_ends_once_as_the_plugin_says(void **state)
{
    struct desk *k = *state;
    struct qund_ended e = {.how = QUND_SENT,
                           .retry_after_ms = -1,
                           .detail = QUND_STR("ok"),
                           .their_id = QUND_STR("m-9")};

    start(k, "targets: {ops: {kind: bot, rate: 0}}\n");
    send(k, 7, 1);
    e.token = taken(k);
    qund_deliver_ended(k->d, &e);
    e.how = QUND_DROP;
    qund_deliver_ended(k->d, &e);
    UNTIL(k, k->outcomes == 1);
    assert_string_equal(k->event, "accepted");
    assert_string_equal(k->their_id, "m-9");
    assert_int_equal(k->id, 7);
    send(k, 8, 1); /* the target goes on */
    e.token = taken(k);
    qund_deliver_ended(k->d, &e);
    UNTIL(k, k->outcomes == 2);
    assert_string_equal(k->event, "drop");
}

static void silence_is_unknown_and_the_kind_says_what_then(void **state)
{
    struct desk *k = *state;
    uint64_t late;

    start(k, "targets: {ops: {kind: bot, rate: 0, timeout: 100ms}}\n");
    send(k, 1, 1);
    late = taken(k);
    UNTIL(k, k->outcomes == 1);
    assert_string_equal(k->event, "unknown");
    assert_true(k->retry_ms > 0); /* one more try */
    qund_deliver_ended(k->d, &(struct qund_ended){.token = late, .how = QUND_SENT});
    send(k, 1, 2);
    taken(k);
    UNTIL(k, k->outcomes == 2);
    assert_string_equal(k->event, "unknown");
    assert_int_equal(k->retry_ms, -1); /* a person decides */
}

static void a_stop_leaves_nothing_open(void **state)
{
    struct desk *k = *state;

    start(k, "targets: {ops: {kind: bot, rate: 0}}\n");
    send(k, 1, 1);
    taken(k);
    k->d = qund_deliver_close(k->d);
    take_commands(k);
    assert_int_equal(k->outcomes, 1);
    assert_string_equal(k->event, "unknown");
}

static void plugins_that_stop_give_it_back(void **state)
{
    struct desk *k = *state;

    k->refusing = true;
    start(k, "targets: {ops: {kind: bot, rate: 0}}\n");
    send(k, 1, 1);
    UNTIL(k, k->outcomes == 1);
    assert_string_equal(k->event, "returned");
}

static void a_kind_that_cannot_be_used_gets_no_credit(void **state)
{
    struct desk *k = *state;

    start(k, "targets: {ops: {kind: broken}, more: {kind: bot, rate: 0}}\n");
    UNTIL(k, k->others > 0);
    k->d = qund_deliver_close(k->d);
    take_commands(k);
    assert_int_equal(k->credit, 0);
}

#define HANDED_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HANDED_TEST(a_push_ends_once_as_the_plugin_says),
        HANDED_TEST(silence_is_unknown_and_the_kind_says_what_then),
        HANDED_TEST(a_stop_leaves_nothing_open),
        HANDED_TEST(plugins_that_stop_give_it_back),
        HANDED_TEST(a_kind_that_cannot_be_used_gets_no_credit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
