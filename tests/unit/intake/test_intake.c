/* test_intake.c - group commit, spool, order and back-pressure with a real redis-server. */
#include "intake/intake.h"
#include "queue/internal.h"
#include "unit_redis.h"
#include <sys/eventfd.h>

struct fix {
    struct unit_redis *u;
    char spool_dir[2100];
    struct qund_clock *clock;
    struct qund_intake *in;
    struct qund_mbox *home; /* answered requests */
    int engine_fd;
    struct qund_intake_opts o;
};

static void open_intake(struct fix *f)
{
    struct qund_err err = {0};

    if (qund_intake_open(&f->o, &f->in, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
}

static int setup(void **state)
{
    struct fix *f = calloc(1, sizeof(*f));
    void *u = NULL;

    unit_redis_setup(&u);
    f->u = u;
    snprintf(f->spool_dir, sizeof(f->spool_dir), "%s/spool", f->u->dir);
    f->clock = qund_clock_real();
    f->home = qund_mbox_new(SIZE_MAX);
    f->engine_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    f->u->addr.to_disk = true;
    f->o = (struct qund_intake_opts){.addr = &f->u->addr,
                                     .spool_dir = f->spool_dir,
                                     .clock = f->clock,
                                     .engine_fd = f->engine_fd,
                                     .log = f->u->log};
    open_intake(f);
    *state = f;
    return 0;
}

static unsigned take_answers(struct fix *f, unsigned *n)
{
    struct qund_node *node = qund_mbox_take_all(f->home);
    unsigned ok = 0;

    while (node) {
        struct qund_intake_req *r = QUND_CONTAINER(node, struct qund_intake_req, node);

        node = node->next;
        ok += r->rc == QUND_OK;
        ++*n;
        qund_intake_req_free(r);
    }
    return ok;
}

static int teardown(void **state)
{
    struct fix *f = *state;
    void *u = f->u;
    unsigned n = 0;

    f->in = qund_intake_close(f->in);
    take_answers(f, &n);
    qund_mbox_free(f->home);
    qund_clock_free(f->clock);
    close(f->engine_fd);
    unit_redis_teardown(&u);
    free(f);
    return 0;
}

static void go_home(struct qund_intake_req *r, void *arg)
{
    qund_mbox_put_always(arg, &r->node);
}

/* A request with n state entries whose rev counts from `first`. */
static int submit(struct fix *f, unsigned first, unsigned n)
{
    struct qund_intake_req *r = qund_intake_req_new();
    int rc;

    for (unsigned i = 0; i < n; i++) {
        struct qund_entry_state s = {
            .key = QUND_STR("test/n"), .value = QUND_STR("v"), .rev = first + i};

        qund_intake_req_add(r, NULL, &s);
    }
    r->done = go_home;
    r->arg = f->home;
    rc = qund_intake_submit(f->in, r);
    if (rc < 0) {
        qund_intake_release(f->in, &r->hold);
        qund_intake_req_free(r);
    }
    return rc;
}

/* Waits for `want` answered requests; returns how many of them are OK. */
static unsigned answers(struct fix *f, unsigned want, int ms)
{
    struct qund_mono until = {qund_mono_now().ms + ms};
    unsigned ok = 0, n = 0;

    while (n < want) {
        int64_t left = until.ms - qund_mono_now().ms;

        if (left <= 0)
            fail_msg("%u answers are missing", want - n);
        qund_mbox_wait(f->home, (int)left);
        ok += take_answers(f, &n);
    }
    return ok;
}

static struct qund_claim *open_claim(struct fix *f)
{
    struct qund_queue_opts o = {.addr = &f->u->addr, .log = f->u->log};
    struct qund_claim *c;

    assert_int_equal(qund_claim_open(&o, &c, NULL), 0);
    return c;
}

/* Consumes until the entry `last` came. Each comes in order; repeats are counted, a gap fails. */
static unsigned consume(struct fix *f, struct qund_claim *c, unsigned first, unsigned last)
{
    struct qund_mono until = {qund_mono_now().ms + 2 * UNIT_DEADLINE_MS};
    unsigned next = first, repeats = 0;

    while (next <= last) {
        struct qund_batch *b;

        if (qund_mono_now().ms > until.ms)
            fail_msg("entry %u never came", next);
        qund_claim_request(c, 4096);
        b = unit_claim(c, 50);
        if (!b)
            continue;
        for (size_t i = 0; i < b->n; i++) {
            struct qund_entry_parts p;

            assert_int_equal(qund_entry_split(b->v[i].body, &p), 0);
            if (p.state.rev < next) {
                repeats++;
            } else {
                assert_int_equal(p.state.rev, next);
                next++;
            }
        }
        qund_claim_ack(c, b->v, b->n);
        qund_intake_applied(f->in, b->v[b->n - 1].id, b->n);
        qund_batch_free(b);
    }
    return repeats;
}

static void wait_state(struct fix *f, bool (*good)(const struct qund_intake_state *))
{
    struct qund_mono until = {qund_mono_now().ms + UNIT_DEADLINE_MS};
    struct qund_intake_state s;

    for (;;) {
        qund_intake_state(f->in, &s);
        if (good(&s))
            return;
        assert_true(qund_mono_now().ms < until.ms);
        if (f->u->r)
            qund_redis_poll(f->u->r);
        unit_poll(-1, false, 5);
    }
}

static bool is_up(const struct qund_intake_state *s)
{
    return s->redis_up;
}

static bool is_down(const struct qund_intake_state *s)
{
    return !s->redis_up;
}

static bool spool_empty(const struct qund_intake_state *s)
{
    return s->redis_up && s->spool_events == 0;
}

static bool was_cut(const struct qund_intake_state *s)
{
    return s->stream_cut;
}

static void requests_are_answered_after_they_are_in_the_stream(void **state)
{
    struct fix *f = *state;
    struct qund_claim *c = open_claim(f);
    uint64_t signals;

    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(submit(f, i * 100, 100), 0);
    assert_int_equal(submit(f, 5000, 9000), 0); /* larger than a pipeline */
    assert_int_equal(answers(f, 51, UNIT_DEADLINE_MS), 51);
    assert_true(read(f->engine_fd, &signals, sizeof(signals)) == sizeof(signals));
    assert_int_equal(consume(f, c, 0, 13999), 0);
    qund_claim_close(c);
}

/* An answer that was read together with the sending must not wait for the next wake-up. */
static void a_calm_redis_answers_each_request_at_once(void **state)
{
    struct fix *f = *state;
    struct qund_intake_state s;
    unsigned slow = 0;

    f->in = qund_intake_close(f->in);
    f->u->r = qund_redis_stop(f->u->r);
    unit_redis_start(f->u, false, 0);
    open_intake(f);
    wait_state(f, is_up);
    for (unsigned i = 0; i < 300; i++) {
        struct qund_mono t = qund_mono_now();

        assert_int_equal(submit(f, i, 1), 0);
        assert_int_equal(answers(f, 1, UNIT_DEADLINE_MS), 1);
        slow += qund_mono_now().ms - t.ms > 50;
        qund_intake_state(f->in, &s);
        slow += s.spool_events > 0;
    }
    assert_true(slow < 30); /* a busy machine may hold up a few */
}

static void a_stopped_redis_makes_nobody_wait_and_nothing_is_lost_or_reordered(void **state)
{
    struct fix *f = *state;
    struct qund_claim *c = open_claim(f);
    struct qund_intake_state s;
    unsigned n = 0;
    int64_t worst = 0;

    wait_state(f, is_up);
    assert_int_equal(submit(f, n++, 1), 0);
    assert_int_equal(answers(f, 1, UNIT_DEADLINE_MS), 1);
    kill(unit_redis_pid(f->u), SIGSTOP);
    for (int i = 0; i < 40; i++) {
        struct qund_mono t = qund_mono_now();

        assert_int_equal(submit(f, n++, 1), 0);
        assert_int_equal(answers(f, 1, UNIT_DEADLINE_MS), 1);
        if (qund_mono_now().ms - t.ms > worst)
            worst = qund_mono_now().ms - t.ms;
    }
    assert_in_range(worst, 90, 300); /* the first one waited for Redis */
    qund_intake_state(f->in, &s);
    assert_int_equal(s.spool_events, 40);
    kill(unit_redis_pid(f->u), SIGCONT);
    wait_state(f, spool_empty);
    assert_int_equal(submit(f, n++, 1), 0);
    assert_int_equal(answers(f, 1, UNIT_DEADLINE_MS), 1);
    assert_in_range(consume(f, c, 0, n - 1), 0, 1); /* only what was in flight may be repeated */
    qund_claim_close(c);
}

static void a_killed_redis_under_load_loses_nothing(void **state)
{
    struct fix *f = *state;
    struct qund_claim *c = open_claim(f);
    unsigned n = 0;

    wait_state(f, is_up);
    for (int kills = 0; kills < 3; kills++) {
        for (int i = 0; i < 20; i++, n += 50) {
            assert_int_equal(submit(f, n, 50), 0);
            if (i == 10)
                kill(unit_redis_pid(f->u), SIGKILL);
            if (i % 5 == 4)
                assert_int_equal(answers(f, 5, UNIT_DEADLINE_MS), 5);
        }
        wait_state(f, spool_empty);
    }
    consume(f, c, 0, n - 1);
    qund_claim_close(c);
}

static void the_spool_survives_the_daemon(void **state)
{
    struct fix *f = *state;
    struct qund_claim *c;

    f->in = qund_intake_close(f->in);
    f->u->r = qund_redis_stop(f->u->r); /* Redis is away from the beginning */
    open_intake(f);
    assert_int_equal(submit(f, 0, 500), 0);
    assert_int_equal(answers(f, 1, UNIT_DEADLINE_MS), 1);
    assert_int_equal(submit(f, 500, 500), 0);
    f->in = qund_intake_close(f->in); /* answers it on its way out */
    assert_int_equal(answers(f, 1, 10), 1);
    unit_redis_start(f->u, true, 0);
    open_intake(f);
    wait_state(f, spool_empty);
    c = open_claim(f);
    assert_int_equal(consume(f, c, 0, 999), 0);
    qund_claim_close(c);
}

static void what_was_submitted_just_before_the_end_is_answered(void **state)
{
    struct fix *f = *state;

    for (unsigned i = 0; i < 40; i++) {
        wait_state(f, is_up);
        assert_int_equal(submit(f, i, 1), 0);
        f->in = qund_intake_close(f->in);
        assert_int_equal(answers(f, 1, 10), 1);
        open_intake(f);
    }
}

static void the_floor_stands_while_an_event_is_held_or_spooled(void **state)
{
    struct fix *f = *state;
    struct qund_hold h = {0};
    struct qund_entry_id id;
    int64_t rx, held, before;

    wait_state(f, is_up);
    held = qund_intake_hold(f->in, &h);
    unit_poll(-1, false, 20);
    assert_int_equal(qund_intake_floor(f->in, &rx, &id), 0);
    assert_int_equal(rx, held);
    qund_intake_release(f->in, &h);
    assert_int_equal(qund_intake_floor(f->in, &rx, &id), 0);
    assert_true(rx > held);

    kill(unit_redis_pid(f->u), SIGSTOP);
    before = rx;
    assert_int_equal(submit(f, 0, 1), 0);
    assert_int_equal(answers(f, 1, UNIT_DEADLINE_MS), 1);
    unit_poll(-1, false, 20);
    assert_int_equal(qund_intake_floor(f->in, &rx, &id), 0);
    assert_in_range(rx, before, before + 50); /* it was answered, but lies in the spool */
    kill(unit_redis_pid(f->u), SIGCONT);
    wait_state(f, spool_empty);
    assert_int_equal(qund_intake_floor(f->in, &rx, &id), 0);
    assert_true(rx > before + 50);
    assert_true(id.ms > 0);
}

static void too_many_unconsumed_entries_push_back_until_the_engine_applied_some(void **state)
{
    struct fix *f = *state;
    struct qund_claim *c = open_claim(f);

    f->in = qund_intake_close(f->in);
    f->o.max_waiting = 1000;
    open_intake(f);
    wait_state(f, is_up);
    assert_int_equal(submit(f, 0, 1000), 0);
    assert_int_equal(answers(f, 1, UNIT_DEADLINE_MS), 1);
    assert_int_equal(submit(f, 1000, 1), QUND_E_FULL);
    consume(f, c, 0, 999);
    assert_int_equal(submit(f, 1000, 1), 0);
    assert_int_equal(answers(f, 1, UNIT_DEADLINE_MS), 1);
    qund_claim_close(c);
}

static void requests_beyond_the_bounds_are_refused_at_once(void **state)
{
    struct fix *f = *state;
    unsigned taken = 0, refused = 0;

    f->in = qund_intake_close(f->in);
    f->o.max_events = 100;
    f->o.reply_ms = 5000;
    open_intake(f);
    wait_state(f, is_up);
    kill(unit_redis_pid(f->u), SIGSTOP);
    for (unsigned i = 0; i < 30; i++) {
        if (submit(f, i * 10, 10) == 0)
            taken++;
        else
            refused++;
    }
    assert_int_equal(taken, 10);
    assert_int_equal(refused, 20);
    kill(unit_redis_pid(f->u), SIGCONT);
    assert_int_equal(answers(f, 10, UNIT_DEADLINE_MS), 10);
}

static void a_full_spool_refuses_and_what_was_answered_is_kept(void **state)
{
    struct fix *f = *state;
    struct qund_claim *c;
    unsigned ok = 0;

    f->in = qund_intake_close(f->in);
    f->u->r = qund_redis_stop(f->u->r);
    f->o.spool_max = 20000;
    f->o.reply_ms = 20;
    open_intake(f);
    while (ok < 1000 && submit(f, ok, 10) == 0 && answers(f, 1, UNIT_DEADLINE_MS) == 1)
        ok += 10;
    assert_in_range(ok, 100, 900);
    unit_redis_start(f->u, true, 0);
    wait_state(f, spool_empty);
    c = open_claim(f);
    consume(f, c, 0, ok - 1);
    assert_int_equal(submit(f, ok, 1), 0); /* room again */
    assert_int_equal(answers(f, 1, UNIT_DEADLINE_MS), 1);
    qund_claim_close(c);
}

static void a_full_redis_is_answered_as_full_and_heals(void **state)
{
    struct fix *f = *state;
    struct qund_claim *c;
    unsigned n = 0;

    f->in = qund_intake_close(f->in);
    f->u->r = qund_redis_stop(f->u->r);
    unit_redis_start(f->u, false, 3 << 20);
    f->o.reply_ms = 2000;
    open_intake(f);
    wait_state(f, is_up);
    while (n < 400000) {
        assert_int_equal(submit(f, n, 1000), 0);
        if (answers(f, 1, UNIT_DEADLINE_MS) == 0)
            break;
        n += 1000;
    }
    assert_in_range(n, 1000, 399000);
    c = open_claim(f);
    consume(f, c, 0, n - 1);
    assert_int_equal(submit(f, n, 1), 0);
    assert_int_equal(answers(f, 1, UNIT_DEADLINE_MS), 1);
    qund_claim_close(c);
}

static void a_stream_that_lost_its_end_is_noticed_at_the_reconnect(void **state)
{
    struct fix *f = *state;
    QUND_AUTO(qund_free_str) char *aof = qund_path_join(f->u->redis_dir, "appendonlydir");

    wait_state(f, is_up);
    assert_int_equal(submit(f, 0, 10), 0);
    assert_int_equal(answers(f, 1, UNIT_DEADLINE_MS), 1);
    f->u->r = qund_redis_stop(f->u->r);
    assert_int_equal(qund_dir_remove(aof, NULL), 0);
    wait_state(f, is_down);
    unit_redis_start(f->u, true, 0);
    wait_state(f, was_cut);
}

static bool evicts(const struct qund_intake_state *s)
{
    return s->risk == QUND_RISK_EVICTS && !s->redis_up;
}

static bool is_slow_to_write(const struct qund_intake_state *s)
{
    return s->risk == QUND_RISK_EVERYSEC && s->redis_up;
}

static bool leaves_it_to_the_system(const struct qund_intake_state *s)
{
    return s->risk == QUND_RISK_NO_FSYNC && s->redis_up;
}

static bool is_sound(const struct qund_intake_state *s)
{
    return s->risk == QUND_RISK_NONE && s->redis_up && s->spool_events == 0;
}

/* Somebody changes a setting, and all connections are made anew. */
static void change(struct fix *f, const char *setting, const char *value)
{
    struct qund_rconn conn = {.fd = -1};
    const struct qund_str config[] = {QUND_STR("CONFIG"), QUND_STR("SET"), qund_str(setting),
                                      qund_str(value)};
    const struct qund_str anew[] = {QUND_STR("CLIENT"), QUND_STR("KILL"),   QUND_STR("TYPE"),
                                    QUND_STR("normal"), QUND_STR("SKIPME"), QUND_STR("yes")};
    struct qund_mono until = {qund_mono_now().ms + UNIT_DEADLINE_MS};
    redisReply *r = NULL;

    assert_int_equal(qund_rconn_open(&conn, f->o.addr), 0);
    assert_int_equal(qund_rconn_call(&conn, until, QUND_ARRAY_LEN(config), config, &r), 0);
    assert_true(qund_str_is(qund_reply_str(r), "OK"));
    qund_reply_free(r);
    assert_int_equal(qund_rconn_call(&conn, until, QUND_ARRAY_LEN(anew), anew, &r), 0);
    qund_reply_free(r);
    qund_rconn_close(&conn);
}

static void a_redis_that_may_drop_events_gets_none_until_it_is_mended(void **state)
{
    struct fix *f = *state;
    struct qund_intake_state s;

    change(f, "appendfsync", "always");
    wait_state(f, is_sound);
    change(f, "maxmemory-policy", "allkeys-lru");
    wait_state(f, evicts);
    assert_non_null(strstr(qund_queue_risk_text(QUND_RISK_EVICTS), "maxmemory-policy noeviction"));
    assert_int_equal(submit(f, 0, 10), 0);
    assert_int_equal(answers(f, 1, UNIT_DEADLINE_MS), 1); /* it is in the spool */
    qund_intake_state(f->in, &s);
    assert_int_equal(s.spool_events, 10);
    change(f, "maxmemory-policy", "noeviction");
    wait_state(f, is_sound);
    change(f, "appendfsync", "everysec");
    wait_state(f, is_slow_to_write);
    change(f, "appendfsync", "no");
    wait_state(f, leaves_it_to_the_system);
    change(f, "appendfsync", "always");
    wait_state(f, is_sound);
}

int main(void)
{
#define WITH_INTAKE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_INTAKE(requests_are_answered_after_they_are_in_the_stream),
        WITH_INTAKE(a_calm_redis_answers_each_request_at_once),
        WITH_INTAKE(a_stopped_redis_makes_nobody_wait_and_nothing_is_lost_or_reordered),
        WITH_INTAKE(a_killed_redis_under_load_loses_nothing),
        WITH_INTAKE(the_spool_survives_the_daemon),
        WITH_INTAKE(what_was_submitted_just_before_the_end_is_answered),
        WITH_INTAKE(the_floor_stands_while_an_event_is_held_or_spooled),
        WITH_INTAKE(too_many_unconsumed_entries_push_back_until_the_engine_applied_some),
        WITH_INTAKE(requests_beyond_the_bounds_are_refused_at_once),
        WITH_INTAKE(a_full_spool_refuses_and_what_was_answered_is_kept),
        WITH_INTAKE(a_full_redis_is_answered_as_full_and_heals),
        WITH_INTAKE(a_stream_that_lost_its_end_is_noticed_at_the_reconnect),
        WITH_INTAKE(a_redis_that_may_drop_events_gets_none_until_it_is_mended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
