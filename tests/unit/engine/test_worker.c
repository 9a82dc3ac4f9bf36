/* test_worker.c - the engine's thread between a real Redis, intake and a real store: what comes in
 * is applied, acknowledged and gone from the stream; what cannot be committed waits; who asks gets
 * an answer, once, whatever happens. */
#include "app/words.h"
#include "desk.h"
#include "engine/worker.h"
#include "intake/intake.h"
#include "store/maint.h"
#include "unit_redis.h"
#include <sys/eventfd.h>
#include <sys/resource.h>

static const char RULES[] = "rules:\n  - id: asks\n    when: {any: [吗]}\n"
                            "    then: [{intent: needs_reply}]\n";
static const char CONFIG[] = /* its clock is the wall's: a test may run at night */
    "quiet: {hours: '00:00-00:00'}\n"
    "targets:\n"
    "  desk: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n";

struct fix {
    struct unit_redis *u;
    struct desk *d; /* its engine is the worker's while that runs */
    struct qund_search_words *words;
    struct qund_clock *clock;
    struct qund_intake *in;
    struct qund_worker *w;
    struct qund_db *reader;
    int wake_fd;
    char reserve[600];
    _Atomic int durable, answered, sent;
    int next;
    atomic_bool damaged;
};

static void open_intake(struct fix *f)
{
    struct qund_err err = {0};
    char spool[2100];

    snprintf(spool, sizeof(spool), "%s/spool", f->u->dir);
    if (qund_intake_open(&(struct qund_intake_opts){.addr = &f->u->addr,
                                                    .spool_dir = spool,
                                                    .clock = f->clock,
                                                    .engine_fd = f->wake_fd,
                                                    .log = f->u->log},
                         &f->in, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
}

static int setup(void **state)
{
    struct fix *f = calloc(1, sizeof(*f));
    struct qund_err err = {0};
    void *u = NULL;
    char path[512];

    unit_redis_setup(&u);
    f->u = u;
    f->clock = qund_clock_real();
    f->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    f->d = desk_bare(CONFIG);
    f->d->busy_ms = 2000;
    f->words = qund_words_new(f->d->fold);
    f->d->words = f->words;
    f->d->rules = desk_rules(f->d->fold, RULES);
    f->d->rx = qund_clock_now(f->clock).ms;
    desk_open_store(f->d);
    snprintf(path, sizeof(path), "%s/qund.db", f->d->dir);
    snprintf(f->reserve, sizeof(f->reserve), "%s/reserve", f->d->dir);
    assert_int_equal(
        qund_db_open(&(struct qund_db_cfg){.path = path}, QUND_DB_READ, NULL, &f->reader, &err), 0);
    open_intake(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fix *f = *state;
    void *u = f->u;

    f->w = qund_worker_close(f->w);
    f->in = qund_intake_close(f->in);
    qund_db_close(f->reader);
    desk_free(f->d);
    qund_words_free(f->words);
    qund_clock_free(f->clock);
    close(f->wake_fd);
    unit_redis_teardown(&u);
    free(f);
    return 0;
}

static void take_pushes(void *arg, struct qund_out_items *items)
{
    struct fix *f = arg;

    f->sent += (int)items->n;
}

static void start(struct fix *f, int64_t max_batch, int64_t index_behind)
{
    struct qund_worker_deps deps = {.engine = f->d->engine,
                                    .queue = {.addr = &f->u->addr, .log = f->u->log},
                                    .intake = f->in,
                                    .wake_fd = f->wake_fd,
                                    .clock = f->clock,
                                    .max_batch = max_batch,
                                    .index_behind = index_behind,
                                    .reserve = f->reserve,
                                    .reserve_bytes = 1 << 20,
                                    .damaged = &f->damaged,
                                    .log = f->u->log,
                                    .metrics = f->d->metrics,
                                    .send = take_pushes,
                                    .send_arg = f};
    struct qund_err err = {0};

    if (qund_worker_open(&deps, &f->w, &err) < 0 || qund_worker_start(f->w, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
}

/* --- events in --- */

static void is_durable(struct qund_intake_req *r, void *arg)
{
    struct fix *f = arg;

    if (r->rc == 0)
        f->durable += (int)r->n;
    qund_intake_req_free(r);
}

static void say(struct fix *f, int n, const char *text)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(65536);
    struct qund_intake_req *r = qund_intake_req_new();
    int64_t rx = qund_intake_hold(f->in, &r->hold);
    struct qund_err err = {0};

    for (int i = 0; i < n; i++) {
        struct qund_buf json = {0};
        struct qund_event ev;

        qund_buf_printf(&json,
                        "{\"id\":\"m%d\",\"ts\":%lld,\"group\":\"g1\",\"sender\":\"ann\","
                        "\"sender_role\":\"customer\",\"text\":\"%s\"}",
                        f->next++, (long long)rx, text);
        if (qund_event_decode(&(struct qund_event_ctx){.cfg = f->d->config,
                                                       .rx = rx,
                                                       .default_channel = QUND_STR("replay"),
                                                       .short_form = true},
                              qund_buf_view(&json), 0, arena, &ev, &err) < 0)
            fail_msg("%s: %s", err.where, err.text);
        qund_intake_req_add(r, &ev, NULL);
        qund_buf_done(&json);
    }
    r->done = is_durable;
    r->arg = f;
    assert_int_equal(qund_intake_submit(f->in, r), 0);
}

/* --- what is seen from outside --- */

static int64_t read_int(struct fix *f, const char *sql)
{
    struct qund_stmt *st = qund_sql(f->reader, sql);
    int64_t v = -1;

    if (st && qund_step(st) > 0)
        v = qund_col_int(st, 0);
    if (st)
        qund_stmt_reset(st);
    return v;
}

static int64_t messages(struct fix *f)
{
    return read_int(f, "SELECT coalesce(sum(messages), 0) FROM measure");
}

static void wait_until(struct fix *f, int64_t (*look)(struct fix *f), int64_t want, int ms)
{
    int64_t until = qund_mono_now().ms + ms, got = look(f);

    while (got != want && qund_mono_now().ms < until) {
        poll(NULL, 0, 5);
        got = look(f);
    }
    assert_int_equal(got, want);
}

static int64_t stream_length(struct fix *f)
{
    struct qund_queue_opts o = {.addr = &f->u->addr};
    struct qund_queue_info info;
    struct qund_err err;

    return qund_queue_inspect(&o, &info, &err) < 0 ? -1 : info.length + info.waiting;
}

static int64_t durable(struct fix *f)
{
    return f->durable;
}

/* --- commands --- */

struct ask {
    struct fix *f;
    int64_t asked_ms, took_ms;
    _Atomic int times;
    int rc;
};

static void is_answered(struct qund_command *c, void *arg)
{
    struct ask *a = arg;

    a->rc = c->rc;
    a->took_ms = qund_mono_now().ms - a->asked_ms;
    qund_command_free(c);
    a->times++;
    a->f->answered++;
}

static void ask(struct fix *f, struct ask *a, const char *name, const char *body)
{
    struct qund_command *c = qund_command_new(name, qund_str(body), "test");

    *a = (struct ask){.f = f, .asked_ms = qund_mono_now().ms};
    c->done = is_answered;
    c->done_arg = a;
    assert_int_equal(qund_worker_submit(f->w, c), 0);
}

static void wait_answer(struct ask *a, int ms)
{
    int64_t until = qund_mono_now().ms + ms;

    while (a->times == 0 && qund_mono_now().ms < until)
        poll(NULL, 0, 2);
    assert_int_equal(a->times, 1);
}

/* Somebody else in the store: BEGIN IMMEDIATE on a handle of its own. */
static struct qund_db *hold_store(struct fix *f)
{
    struct qund_db *other = NULL;
    struct qund_err err;
    char path[512];

    snprintf(path, sizeof(path), "%s/qund.db", f->d->dir);
    assert_int_equal(qund_db_open(&(struct qund_db_cfg){.path = path, .busy_ms = 5000},
                                  QUND_DB_WRITE, NULL, &other, &err),
                     0);
    assert_int_equal(qund_db_begin(other), 0);
    return other;
}

/* --- tests --- */

static void what_comes_in_is_applied_acknowledged_and_gone_from_the_stream(void **state)
{
    struct fix *f = *state;

    say(f, 300, "hi"); /* before anybody reads */
    wait_until(f, durable, 300, 5000);
    start(f, 100, 0);
    wait_until(f, messages, 300, 10000);
    say(f, 1, "hi");
    wait_until(f, messages, 301, 5000);
    wait_until(f, stream_length, 0, 5000);
    f->w = qund_worker_close(f->w);
    assert_int_equal(desk_metric(f->d, "qund_events_applied_total"), 301);
    assert_int_equal(desk_int(f->d, "SELECT count(*) FROM meta WHERE key = 'applied_id'"), 1);
}

static int64_t alerts(struct fix *f)
{
    return read_int(f, "SELECT count(*) FROM alert");
}

static void time_passes_and_judges_run_without_any_event(void **state)
{
    struct fix *f = *state;

    start(f, 0, 0);
    say(f, 1, "在吗");
    wait_until(f, messages, 1, 5000);
    qund_clock_step(f->clock, 10 * 60000 + 20000); /* overdue, but the lateness is not over */
    poll(NULL, 0, 600);
    assert_int_equal(alerts(f), 0);
    qund_clock_step(f->clock, 11000);
    wait_until(f, alerts, 1, 5000);
}

static void a_store_held_by_another_makes_askers_wait_two_seconds_and_events_longer(void **state)
{
    struct fix *f = *state;
    struct ask first, second, third;
    struct qund_db *other;
    int64_t from;

    start(f, 0, 0);
    say(f, 1, "hi");
    wait_until(f, messages, 1, 5000);
    other = hold_store(f);
    from = qund_mono_now().ms;
    say(f, 3, "hi");
    ask(f, &first, "alert.ack", "{\"id\":1}");
    wait_answer(&first, 10000);
    assert_int_equal(first.rc, QUND_E_AGAIN);
    assert_in_range(first.took_ms, 1500, 3500);
    ask(f, &second, "alert.ack", "{\"id\":1}"); /* it is known by now */
    wait_answer(&second, 10000);
    assert_int_equal(second.rc, QUND_E_AGAIN);
    assert_in_range(second.took_ms, 0, 2500);
    while (qund_mono_now().ms - from < 5000)
        poll(NULL, 0, 20);
    qund_db_close(other);
    wait_until(f, messages, 4, 10000);
    ask(f, &third, "alert.ack", "{\"id\":1}");
    wait_answer(&third, 10000);
    assert_int_equal(third.rc, QUND_E_NOTFOUND);
    wait_until(f, stream_length, 0, 5000);
}

static void a_damaged_store_is_written_no_more_and_entries_wait_for_the_restored_one(void **state)
{
    struct fix *f = *state;
    struct ask a;

    start(f, 0, 0);
    say(f, 3, "hi");
    wait_until(f, messages, 3, 5000);
    atomic_store(&f->damaged, true);
    ask(f, &a, "alert.ack", "{\"id\":1}");
    wait_answer(&a, 1000); /* not the two seconds of a store that is only held */
    assert_int_equal(a.rc, QUND_E_AGAIN);
    assert_true(a.took_ms < 1000);
    say(f, 5, "hi");
    wait_until(f, durable, 8, 5000);
    ask(f, &a, "alert.ack", "{\"id\":1}"); /* a turn has passed */
    wait_answer(&a, 1000);
    assert_int_equal(messages(f), 3);
    f->w = qund_worker_close(f->w);
    assert_int_equal(messages(f), 3);
    atomic_store(&f->damaged, false);
    start(f, 0, 0);
    wait_until(f, messages, 8, 5000);
}

static void stopping_applies_what_was_asked_before(void **state)
{
    enum { N = 200 };
    struct fix *f = *state;
    struct ask *v = calloc(N, sizeof(*v));

    start(f, 0, 0);
    for (int i = 0; i < N; i++)
        ask(f, &v[i], "alert.ack", "{\"id\":1}");
    f->w = qund_worker_close(f->w);
    assert_int_equal(f->answered, N);
    for (int i = 0; i < N; i++)
        assert_int_equal(v[i].rc, QUND_E_NOTFOUND);
    free(v);
}

static void stopping_while_nothing_can_be_written_answers_everybody_and_loses_nothing(void **state)
{
    struct fix *f = *state;
    struct qund_db *other;
    struct ask v[20];

    start(f, 0, 0);
    say(f, 1, "hi");
    wait_until(f, messages, 1, 5000);
    other = hold_store(f);
    say(f, 5, "hi");
    wait_until(f, durable, 6, 5000);
    for (size_t i = 0; i < QUND_ARRAY_LEN(v); i++)
        ask(f, &v[i], "alert.ack", "{\"id\":1}");
    f->w = qund_worker_close(f->w);
    assert_int_equal(f->answered, QUND_ARRAY_LEN(v));
    for (size_t i = 0; i < QUND_ARRAY_LEN(v); i++)
        assert_int_equal(v[i].rc, QUND_E_AGAIN);
    qund_db_close(other);
    assert_int_equal(messages(f), 1);
    start(f, 0, 0); /* what it left pending is taken up again */
    wait_until(f, messages, 6, 5000);
    wait_until(f, stream_length, 0, 5000);
}

/* Files of this process may not grow: what a full disk is to SQLite. */
static void no_file_may_grow(bool on)
{
    struct rlimit l;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
    l.rlim_cur = on ? 4096 : l.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

static int64_t reserve_there(struct fix *f)
{
    return access(f->reserve, F_OK) == 0;
}

static void a_full_disk_gets_the_reserve_back_which_is_taken_again_after_it(void **state)
{
    struct fix *f = *state;
    struct qund_err err;
    struct ask a;

    assert_int_equal(qund_reserve_make(f->reserve, 1 << 20, &err), 0);
    start(f, 0, 0);
    say(f, 1, "hi");
    wait_until(f, messages, 1, 5000);
    no_file_may_grow(true);
    say(f, 2, "hi");
    wait_until(f, reserve_there, 0, 5000);
    ask(f, &a, "alert.ack", "{\"id\":1}");
    wait_answer(&a, 5000);
    assert_int_equal(a.rc, QUND_E_AGAIN);
    no_file_may_grow(false);
    wait_until(f, messages, 3, 5000);
    wait_until(f, reserve_there, 1, 10000);
}

static void a_reserve_that_is_not_there_at_the_start_is_taken_when_there_is_room(void **state)
{
    struct fix *f = *state;
    struct qund_worker_state st;

    start(f, 0, 0);
    wait_until(f, reserve_there, 1, 10000);
    say(f, 1, "hi");
    wait_until(f, messages, 1, 5000);
    qund_worker_state(f->w, &st);
    assert_false(st.reserve_out);
}

static int64_t indexed(struct fix *f)
{
    return read_int(f, "SELECT coalesce(sum(seq), 0) FROM search_cursor");
}

static void the_search_index_is_filled_when_nobody_waits(void **state)
{
    struct fix *f = *state;

    start(f, 0, 0);
    say(f, 1200, "灰色的瓷砖");
    wait_until(f, messages, 1200, 10000);
    wait_until(f, indexed, 1200, 10000);
    f->w = qund_worker_close(f->w);
    assert_int_equal(desk_metric(f->d, "qund_search_forced_total"), 0);
}

static void far_behind_it_is_filled_although_events_wait(void **state)
{
    struct fix *f = *state;

    say(f, 3000, "灰色的瓷砖");
    wait_until(f, durable, 3000, 10000);
    start(f, 100, 500); /* thirty batches wait, five may pass without the index */
    wait_until(f, messages, 3000, 20000);
    f->w = qund_worker_close(f->w);
    assert_true(desk_metric(f->d, "qund_search_forced_total") > 0);
}

static void after_hold_nothing_is_handed_out(void **state)
{
    struct fix *f = *state;
    struct ask a;

    start(f, 0, 0);
    ask(f, &a, "delivery.credit", "{\"target\":\"desk\",\"n\":5,\"for_ms\":60000}");
    wait_answer(&a, 5000);
    say(f, 1, "在吗");
    wait_until(f, messages, 1, 5000);
    qund_worker_hold(f->w);
    qund_clock_step(f->clock, 11 * 60000); /* now it is overdue, and somebody would be told */
    wait_until(f, alerts, 1, 5000);
    f->w = qund_worker_close(f->w);
    assert_int_equal(f->sent, 0);
    assert_int_equal(desk_int(f->d, "SELECT count(*) FROM outbox WHERE state = 0"), 1);
}

#define WORKER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORKER_TEST(what_comes_in_is_applied_acknowledged_and_gone_from_the_stream),
        WORKER_TEST(time_passes_and_judges_run_without_any_event),
        WORKER_TEST(a_store_held_by_another_makes_askers_wait_two_seconds_and_events_longer),
        WORKER_TEST(a_damaged_store_is_written_no_more_and_entries_wait_for_the_restored_one),
        WORKER_TEST(stopping_applies_what_was_asked_before),
        WORKER_TEST(stopping_while_nothing_can_be_written_answers_everybody_and_loses_nothing),
        WORKER_TEST(a_reserve_that_is_not_there_at_the_start_is_taken_when_there_is_room),
        WORKER_TEST(a_full_disk_gets_the_reserve_back_which_is_taken_again_after_it),
        WORKER_TEST(the_search_index_is_filled_when_nobody_waits),
        WORKER_TEST(far_behind_it_is_filled_although_events_wait),
        WORKER_TEST(after_hold_nothing_is_handed_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
