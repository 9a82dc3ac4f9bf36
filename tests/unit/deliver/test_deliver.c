/* The deliver thread between a small engine played by the test and a real receiver. */
#include "config/config.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/json.h"
#include "deliver/deliver.h"
#include "receiver.h"
#include "unit.h"
#include <jansson.h>
#include <pthread.h>

#define ROWS 256
#define WAIT_MS 30000
#define ON_ITS_WAY_MS 200 /* more than a busy machine lets a push wait */
#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

enum row_state { NONE, QUEUED, SENDING, WAITING, OVER };
struct row {
    enum row_state state;
    char target[16];
    int attempt, outcomes; /* outcomes: of the attempt that is out; must never exceed one */
    int64_t due_ms, retry_ms;
    char event[16], reason[200];
    int status;
};

/* What the engine does with pushes, without a store: one thread, the test's. */
struct desk {
    pthread_mutex_t mtx;
    pthread_cond_t some;
    /* under mtx */
    struct qund_node *head, **tail;
    bool full; /* refuses commands */
    /* test's thread only */
    struct row rows[ROWS];
    struct {
        char name[16];
        int credit;
    } targets[4];
    int most_out, returned;
    int64_t until; /* what items carry */
};

struct fixture {
    char *dir;
    struct receiver r;
    struct desk desk;
    struct qund_config *config;
    struct qund_metrics *metrics;
    struct qund_deliver *d;
};

static int submit(void *arg, struct qund_command *c)
{
    struct desk *k = arg;
    int rc = 0;

    pthread_mutex_lock(&k->mtx);
    if (k->full) {
        rc = QUND_E_FULL;
    } else {
        c->node.next = NULL;
        *k->tail = &c->node;
        k->tail = &c->node.next;
        pthread_cond_signal(&k->some);
    }
    pthread_mutex_unlock(&k->mtx);
    return rc;
}

static void set_full(struct desk *k, bool full)
{
    pthread_mutex_lock(&k->mtx);
    k->full = full;
    pthread_mutex_unlock(&k->mtx);
}

static int *credit_of(struct desk *k, const char *name)
{
    size_t i = 0;

    while (i < QUND_ARRAY_LEN(k->targets) && k->targets[i].name[0] &&
           strcmp(k->targets[i].name, name) != 0)
        i++;
    assert_true(i < QUND_ARRAY_LEN(k->targets));
    snprintf(k->targets[i].name, sizeof(k->targets[i].name), "%s", name);
    return &k->targets[i].credit;
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "";
}

static void apply_outcome(struct desk *k, const json_t *o)
{
    struct row *row = &k->rows[json_integer_value(json_object_get(o, "id"))];
    bool again = json_object_get(o, "retry_ms") != NULL;

    assert_int_equal(row->state, SENDING);
    assert_int_equal(json_integer_value(json_object_get(o, "attempt")), row->attempt);
    assert_string_equal(text_of(o, "target"), row->target);
    snprintf(row->event, sizeof(row->event), "%s", text_of(o, "event"));
    snprintf(row->reason, sizeof(row->reason), "%s", text_of(o, "reason"));
    row->status = (int)json_integer_value(json_object_get(o, "status"));
    row->retry_ms = again ? json_integer_value(json_object_get(o, "retry_ms")) : -1;
    if (strcmp(row->event, "returned") == 0) {
        row->state = QUEUED;
        row->attempt--;
        k->returned++;
    } else {
        row->state = again ? WAITING : OVER;
        row->due_ms = qund_mono_now().ms + row->retry_ms;
    }
}

static void apply(struct desk *k, struct qund_command *c)
{
    json_t *o = json_loadb(c->body, c->body_n, 0, NULL);

    assert_non_null(o);
    if (strcmp(c->name, "delivery.credit") == 0)
        *credit_of(k, text_of(o, "target")) += (int)json_integer_value(json_object_get(o, "n"));
    else
        apply_outcome(k, o);
    json_decref(o);
    qund_command_free(c);
}

static void take_commands(struct desk *k, int64_t wait_ms)
{
    struct qund_node *all;
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += wait_ms * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    pthread_mutex_lock(&k->mtx);
    if (!k->head)
        pthread_cond_timedwait(&k->some, &k->mtx, &t);
    all = k->head;
    k->head = NULL;
    k->tail = &k->head;
    pthread_mutex_unlock(&k->mtx);
    while (all) {
        struct qund_command *c = QUND_CONTAINER(all, struct qund_command, node);

        all = all->next;
        apply(k, c);
    }
}

/* Spends the credit, lowest id first; as after a commit. */
static void hand_over(struct fixture *f)
{
    struct desk *k = &f->desk;
    struct qund_out_items items = {0};
    int out = 0;

    items.v = qund_alloc(ROWS * sizeof(*items.v));
    for (int i = 1; i < ROWS; i++) {
        struct row *row = &k->rows[i];
        char body[160];

        if (row->state == WAITING && qund_mono_now().ms >= row->due_ms)
            row->state = QUEUED;
        if (row->state == QUEUED && *credit_of(k, row->target) > 0) {
            --*credit_of(k, row->target);
            row->state = SENDING;
            row->attempt++;
            snprintf(body, sizeof(body),
                     "{\"kind\":\"alert\",\"short\":\"%d\",\"alert\":{\"title\":\"\xe8\xaf\xa2\"}}",
                     i);
            items.v[items.n++] = (struct qund_out_item){.id = i,
                                                        .attempt = row->attempt,
                                                        .until = k->until,
                                                        .target = qund_strdup(row->target),
                                                        .body = qund_strdup(body),
                                                        .key = qund_strdup("k")};
        }
        out += row->state == SENDING;
    }
    k->most_out = out > k->most_out ? out : k->most_out;
    qund_deliver_send(f->d, &items);
    qund_out_items_done(&items);
}

static void step(struct fixture *f)
{
    take_commands(&f->desk, 5);
    hand_over(f);
}

static int rows_over(const struct desk *k, const char *event)
{
    int n = 0;

    for (int i = 1; i < ROWS; i++)
        n += k->rows[i].state == OVER && (!event || strcmp(k->rows[i].event, event) == 0);
    return n;
}

static void queue(struct fixture *f, const char *target, int from, int n)
{
    for (int i = from; i < from + n; i++) {
        assert_int_equal(f->desk.rows[i].state, NONE);
        f->desk.rows[i].state = QUEUED;
        snprintf(f->desk.rows[i].target, sizeof(f->desk.rows[i].target), "%s", target);
    }
}

#define UNTIL(f, condition)                                       \
    do {                                                          \
        int64_t deadline_ms_ = qund_mono_now().ms + WAIT_MS;      \
                                                                  \
        while (!(condition) && qund_mono_now().ms < deadline_ms_) \
            step(f);                                              \
        assert_true(condition);                                   \
    } while (0)

/* extra: keys of the one target, "ops". */
static struct qund_config *config_of(struct fixture *f, const char *extra)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct qund_config *c = NULL;
    struct qund_errs errs;

    qund_errs_init(&errs, 4);
    qund_buf_printf(&text,
                    "targets:\n  ops: {url: 'http://127.0.0.1:%d/ops', allow_private: true, %s}\n",
                    f->r.port, extra);
    assert_int_equal(qund_config_parse("t.yaml", NULL, qund_buf_view(&text), &c, &errs), 0);
    qund_errs_done(&errs);
    return c;
}

static void start(struct fixture *f, const char *extra, const char *words, int64_t window_ms,
                  struct qund_clock *clock)
{
    char script[128];
    const char *const options[] = {"--script", script, "--secret", "ops=" SECRET, NULL};

    snprintf(script, sizeof(script), "ops=%s", words);
    receiver_start(&f->r, f->dir, options);
    f->config = config_of(f, extra);
    assert_int_equal(qund_deliver_open(&(struct qund_deliver_deps){.config = f->config,
                                                                   .metrics = f->metrics,
                                                                   .submit = submit,
                                                                   .submit_arg = &f->desk,
                                                                   .clock = clock,
                                                                   .rate_window_ms = window_ms},
                                       &f->d, NULL),
                     0);
}

static void stop(struct fixture *f)
{
    f->d = qund_deliver_close(f->d);
    take_commands(&f->desk, 0);
}

static int set_up(void **state)
{
    struct fixture *f = qund_alloc(sizeof(*f));

    f->dir = unit_tmpdir();
    f->metrics = qund_metrics_new();
    pthread_mutex_init(&f->desk.mtx, NULL);
    pthread_cond_init(&f->desk.some, NULL);
    f->desk.tail = &f->desk.head;
    f->desk.until = INT64_MAX;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    stop(f);
    receiver_stop(&f->r);
    qund_config_unref(f->config);
    qund_metrics_free(f->metrics);
    pthread_cond_destroy(&f->desk.some);
    pthread_mutex_destroy(&f->desk.mtx);
    assert_int_equal(qund_dir_remove(f->dir, NULL), 0);
    free(f->dir);
    qund_free(f);
    return 0;
}

static bool metric_is(struct fixture *f, const char *line)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};

    qund_metrics_print(f->metrics, &text);
    return qund_str_find(qund_buf_view(&text), 0, qund_str(line)) >= 0;
}

static void a_push_arrives_signed_with_its_id_and_template(void **state)
{
    struct fixture *f = *state;

    start(f, "rate: 0, secret: " SECRET ", template: '{\"msg\": \"{{alert.title}} {{short}}\"}'",
          "200", 0, NULL);
    queue(f, "ops", 1, 1);
    UNTIL(f, rows_over(&f->desk, "accepted") == 1);
    assert_int_equal(f->desk.rows[1].status, 200);
    assert_int_equal(f->desk.rows[1].attempt, 1);
    assert_int_equal(receiver_count(&f->r, "\"id\": \"qund_1\""), 1);
    assert_int_equal(receiver_count(&f->r, "\"signature\": \"ok\""), 1);
    assert_int_equal(receiver_count(&f->r, "{\\\"msg\\\": \\\"\xe8\xaf\xa2 1\\\"}"), 1);
    assert_int_equal(receiver_count(&f->r, "\"content_type\": \"application/json\""), 1);
    stop(f);
    assert_true(metric_is(f, "qund_outbox_sent_total{target=\"ops\",result=\"accepted\"} 1\n"));
}

static void each_answer_gives_its_outcome(void **state)
{
    static const struct {
        const char *event;
        int status;
        bool again;
    } WANT[] = {
        {"accepted", 200, false}, {"retry", 500, true},     {"quota", 429, true},
        {"drop", 410, false},     {"drop", 404, false},     {"unknown", 0, true},
        {"unknown", 0, true},     {"accepted", 200, false},
    };
    struct fixture *f = *state;

    /* One after the other, so that row n gets answer n; what comes again comes after the test. */
    start(f, "rate: 0, timeout: 500ms, ordered: true", "200,500,429:1,410,404,drop,stall,endless",
          0, NULL);
    for (int i = 0; i < (int)QUND_ARRAY_LEN(WANT); i++) {
        struct row *row = &f->desk.rows[i + 1];

        queue(f, "ops", i + 1, 1);
        UNTIL(f, row->state == OVER || row->state == WAITING);
        row->state = OVER;
        if (strcmp(row->event, WANT[i].event) != 0 || row->status != WANT[i].status ||
            (row->retry_ms >= 0) != WANT[i].again)
            fail_msg("answer %d: %s %d %lld", i, row->event, row->status, (long long)row->retry_ms);
        assert_int_equal(row->attempt, 1);
    }
    /* The receiver's own time, and all of the target waited for it. */
    assert_int_equal(f->desk.rows[3].retry_ms, 1000);
}

static void a_retry_carries_the_same_id_and_a_body_that_does_not_change(void **state)
{
    struct fixture *f = *state;

    start(f, "rate: 0, secret: " SECRET, "500,drop,200", 0, NULL);
    queue(f, "ops", 1, 1);
    UNTIL(f, rows_over(&f->desk, "accepted") == 1);
    assert_int_equal(f->desk.rows[1].attempt, 3);
    assert_int_equal(receiver_count(&f->r, "\"id\": \"qund_1\""), 3);
    assert_int_equal(receiver_count(&f->r, "\"signature\": \"ok\""), 3);
    assert_int_equal(receiver_count(&f->r, "\"nth\": 3"), 1);
    assert_int_equal(receiver_count(&f->r, "\\\"short\\\":\\\"1\\\""), 3);
}

/* Times of calls in the receiver's log, in ms. */
static size_t call_times(const struct receiver *r, double *at, size_t max)
{
    QUND_AUTO(qund_buf_done) struct qund_buf log = {0};
    struct qund_str rest;
    size_t n = 0;

    receiver_log(r, &log);
    rest = qund_buf_view(&log);
    while (rest.p && n < max) {
        struct qund_str line = qund_str_split(&rest, '\n');

        if (qund_str_starts(line, "{\"at\": "))
            at[n++] = 1000 * strtod(line.p + 7, NULL);
    }
    return n;
}

/* Hands over nothing more until all that is out has its outcome. */
static void let_land(struct fixture *f)
{
    int64_t until = qund_mono_now().ms + WAIT_MS;
    int out;

    do {
        take_commands(&f->desk, 5);
        out = 0;
        for (int i = 1; i < ROWS; i++)
            out += f->desk.rows[i].state == SENDING;
    } while (out > 0 && qund_mono_now().ms < until);
    assert_int_equal(out, 0);
}

static void the_limit_holds_in_any_window_with_many_waiting_and_over_restarts(void **state)
{
    struct fixture *f = *state;
    static double at[ROWS];
    size_t n;
    int most = 0;

    /* 40 in any second; 200 wait. Stopped and opened again in the middle, with nothing out: a push
       that a stop cuts off leaves twice. */
    start(f, "rate: 40", "200", 1000, NULL);
    queue(f, "ops", 1, 200);
    UNTIL(f, rows_over(&f->desk, "accepted") >= 60);
    let_land(f);
    stop(f);
    memset(f->desk.targets, 0, sizeof(f->desk.targets));
    assert_int_equal(qund_deliver_open(&(struct qund_deliver_deps){.config = f->config,
                                                                   .metrics = f->metrics,
                                                                   .submit = submit,
                                                                   .submit_arg = &f->desk,
                                                                   .rate_window_ms = 1000},
                                       &f->d, NULL),
                     0);
    UNTIL(f, rows_over(&f->desk, "accepted") == 200);
    n = call_times(&f->r, at, ROWS);
    assert_int_equal(n, 200);
    /* The receiver writes down when it has read a push: those of a second may come to it within
     * less. */
    for (size_t i = 0, first = 0; i < n; i++) {
        while (at[i] - at[first] > 1000 - ON_ITS_WAY_MS)
            first++;
        most = (int)(i - first) + 1 > most ? (int)(i - first) + 1 : most;
    }
    print_message("200 pushes in %.1f s, at most %d in any %d ms of the receiver's (limit 40)\n",
                  (at[n - 1] - at[0]) / 1000, most, 1000 - ON_ITS_WAY_MS);
    assert_true(most <= 40);
    assert_true(at[n - 1] - at[0] < 20000);
    assert_true(f->desk.most_out <= 8);
    for (int i = 1; i <= 200; i++)
        assert_int_equal(f->desk.rows[i].attempt, 1);
}

static void the_breaker_opens_early_and_probes_one_by_one(void **state)
{
    struct fixture *f = *state;
    struct qund_target_state seen;
    int64_t until_ms;
    int calls;

    start(f, "rate: 0", "500*18,200", 0, NULL);
    queue(f, "ops", 1, 100);
    UNTIL(f, qund_deliver_state(f->d, &seen, 1) == 1 && seen.breaker == QUND_BREAKER_OPEN);
    /* Well into the time it is open: what was on its way is back, nothing else leaves. */
    until_ms = qund_mono_now().ms + 3000;
    while (qund_mono_now().ms < until_ms)
        step(f);
    calls = receiver_count(&f->r, "\"answer\"");
    print_message("open after %d failures\n", calls);
    assert_in_range(calls, 10, 18);
    /* The next failure is a probe: one, and then twice the time; the script has some left. */
    UNTIL(f, receiver_count(&f->r, "\"answer\"") > calls);
    until_ms = qund_mono_now().ms + 1000;
    while (qund_mono_now().ms < until_ms && calls < 18)
        step(f);
    if (calls < 18)
        assert_int_equal(receiver_count(&f->r, "\"answer\""), calls + 1);
    assert_true(f->desk.returned < 100);
}

static void after_the_breaker_everything_arrives_once(void **state)
{
    struct fixture *f = *state;

    start(f, "rate: 0", "500*10,200", 0, NULL);
    queue(f, "ops", 1, 60);
    UNTIL(f, rows_over(&f->desk, "accepted") == 60);
    assert_int_equal(receiver_count(&f->r, "\"effect\": true"), 60);
    for (int i = 1; i <= 60; i++)
        assert_int_equal(f->desk.rows[i].attempt <= 3, 1);
}

static void an_ordered_target_has_one_at_a_time_in_order(void **state)
{
    struct fixture *f = *state;
    QUND_AUTO(qund_buf_done) struct qund_buf log = {0};
    size_t from = 0;

    start(f, "rate: 0, ordered: true", "stall:3", 0, NULL);
    queue(f, "ops", 1, 40);
    UNTIL(f, rows_over(&f->desk, "accepted") == 40);
    assert_int_equal(f->desk.most_out, 1);
    receiver_log(&f->r, &log);
    for (int i = 1; i <= 40; i++) {
        char id[32];
        ptrdiff_t at;

        snprintf(id, sizeof(id), "\"qund_%d\"", i);
        at = qund_str_find(qund_buf_view(&log), from, qund_str(id));
        assert_true(at >= 0);
        from = (size_t)at;
    }
}

static void an_inside_address_is_dropped_with_the_reason(void **state)
{
    struct fixture *f = *state;
    struct qund_config *config = NULL;
    struct qund_errs errs;
    char text[160];

    start(f, "rate: 0", "200", 0, NULL);
    snprintf(text, sizeof(text), "targets:\n  ops: {url: 'https://localhost:%d/ops', rate: 0}\n",
             f->r.port);
    qund_errs_init(&errs, 4);
    assert_int_equal(qund_config_parse("t.yaml", NULL, qund_str(text), &config, &errs), 0);
    qund_errs_done(&errs);
    qund_deliver_config(f->d, config);
    qund_config_unref(config);
    queue(f, "ops", 1, 1);
    UNTIL(f, rows_over(&f->desk, "drop") == 1);
    assert_non_null(strstr(f->desk.rows[1].reason, "loopback"));
    assert_int_equal(receiver_count(&f->r, "answer"), 0);
}

static void a_push_to_a_target_that_is_gone_is_dropped(void **state)
{
    struct fixture *f = *state;
    struct qund_config *config = NULL;
    struct qund_errs errs;
    struct qund_target_state seen;

    start(f, "rate: 0", "200", 0, NULL);
    UNTIL(f, *credit_of(&f->desk, "ops") == 8);
    qund_errs_init(&errs, 4);
    assert_int_equal(
        qund_config_parse("t.yaml", NULL, QUND_STR("live: {max_clients: 1}"), &config, &errs), 0);
    qund_errs_done(&errs);
    qund_deliver_config(f->d, config);
    qund_config_unref(config);
    queue(f, "ops", 1, 1);
    UNTIL(f, rows_over(&f->desk, "drop") == 1);
    assert_string_equal(f->desk.rows[1].reason, "no such target is configured");
    assert_int_equal(qund_deliver_state(f->d, &seen, 1), 1);
    assert_string_equal(seen.name, "ops");
}

static void credit_out_of_date_costs_one_way_back(void **state)
{
    struct fixture *f = *state;
    QUND_AUTO(qund_clock_free) struct qund_clock *clock = qund_clock_virtual(5000, 0);

    start(f, "rate: 0", "200", 0, clock);
    UNTIL(f, *credit_of(&f->desk, "ops") == 8);
    f->desk.until = 4000;
    queue(f, "ops", 1, 1);
    UNTIL(f, f->desk.returned == 1);
    assert_int_equal(receiver_count(&f->r, "answer"), 0);
    f->desk.until = 9000;
    UNTIL(f, rows_over(&f->desk, "accepted") == 1);
    assert_int_equal(f->desk.rows[1].attempt, 1);
    stop(f);
}

static void virtual_time_stands_still_while_a_push_is_out(void **state)
{
    struct fixture *f = *state;
    QUND_AUTO(qund_clock_free) struct qund_clock *clock = qund_clock_virtual(5000, 0);

    start(f, "rate: 0", "stall:300", 0, clock);
    queue(f, "ops", 1, 1);
    UNTIL(f, f->desk.rows[1].state == SENDING);
    qund_clock_reach(clock, (struct qund_wall){9000});
    assert_int_equal(qund_clock_now(clock).ms, 5000);
    UNTIL(f, rows_over(&f->desk, "accepted") == 1);
    UNTIL(f, qund_clock_now(clock).ms == 9000);
    stop(f);
}

static void a_stop_ends_within_a_second_and_tells_what_is_unknown(void **state)
{
    struct fixture *f = *state;
    int64_t from_ms;

    start(f, "rate: 0", "stall", 0, NULL);
    queue(f, "ops", 1, 30);
    UNTIL(f, receiver_count(&f->r, "answer") == 8);
    hand_over(f);
    from_ms = qund_mono_now().ms;
    stop(f);
    assert_true(qund_mono_now().ms - from_ms < 1500);
    for (int i = 1; i <= 30; i++) {
        struct row *row = &f->desk.rows[i];

        /* Each was sent and is unknown, to be tried again, or waits untouched. */
        if (row->attempt == 1)
            assert_true(row->state == WAITING && strcmp(row->event, "unknown") == 0);
        else
            assert_int_equal(row->state, QUEUED);
    }
}

static void outcomes_wait_for_an_engine_that_takes_nothing(void **state)
{
    struct fixture *f = *state;
    int64_t until_ms = qund_mono_now().ms + WAIT_MS;

    start(f, "rate: 0", "200", 0, NULL);
    UNTIL(f, *credit_of(&f->desk, "ops") == 8);
    set_full(&f->desk, true);
    queue(f, "ops", 1, 20);
    hand_over(f);
    while (receiver_count(&f->r, "answer") < 8 && qund_mono_now().ms < until_ms)
        step(f);
    assert_int_equal(rows_over(&f->desk, NULL), 0);
    /* Nothing more is granted meanwhile. */
    assert_int_equal(*credit_of(&f->desk, "ops"), 0);
    set_full(&f->desk, false);
    UNTIL(f, rows_over(&f->desk, "accepted") == 20);
}

static void a_push_leaves_at_once_when_credit_stands(void **state)
{
    struct fixture *f = *state;
    int64_t us[100];

    start(f, "rate: 0", "200", 0, NULL);
    UNTIL(f, *credit_of(&f->desk, "ops") == 8);
    for (int i = 0; i < 100; i++) {
        int64_t from_us = qund_mono_us();

        queue(f, "ops", i + 1, 1);
        hand_over(f);
        UNTIL(f, f->desk.rows[i + 1].state == OVER);
        us[i] = qund_mono_us() - from_us;
    }
    for (int i = 1; i < 100; i++)
        for (int j = i; j > 0 && us[j] < us[j - 1]; j--) {
            int64_t t = us[j];

            us[j] = us[j - 1];
            us[j - 1] = t;
        }
    print_message("from the hand-over to the outcome: p50 %.1f ms, p99 %.1f ms\n",
                  (double)us[50] / 1000, (double)us[98] / 1000);
    assert_true(us[50] < 100000);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_push_arrives_signed_with_its_id_and_template),
        CASE(each_answer_gives_its_outcome),
        CASE(a_retry_carries_the_same_id_and_a_body_that_does_not_change),
        CASE(the_limit_holds_in_any_window_with_many_waiting_and_over_restarts),
        CASE(the_breaker_opens_early_and_probes_one_by_one),
        CASE(after_the_breaker_everything_arrives_once),
        CASE(an_ordered_target_has_one_at_a_time_in_order),
        CASE(an_inside_address_is_dropped_with_the_reason),
        CASE(a_push_to_a_target_that_is_gone_is_dropped),
        CASE(credit_out_of_date_costs_one_way_back),
        CASE(virtual_time_stands_still_while_a_push_is_out),
        CASE(a_stop_ends_within_a_second_and_tells_what_is_unknown),
        CASE(outcomes_wait_for_an_engine_that_takes_nothing),
        CASE(a_push_leaves_at_once_when_credit_stands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
