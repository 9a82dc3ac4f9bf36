/* test_queue.c - pushing, claiming and acknowledging through a real redis-server. */
#include "unit_redis.h"
#include <sys/wait.h>

struct ends {
    struct qund_push *push;
    struct qund_claim *claim;
};

static struct ends open_ends(struct unit_redis *u)
{
    struct qund_queue_opts o = {.addr = &u->addr, .log = u->log};
    struct ends e;

    assert_int_equal(qund_push_open(&o, &e.push, NULL), 0);
    assert_int_equal(qund_claim_open(&o, &e.claim, NULL), 0);
    assert_null(unit_claim(e.claim, 50)); /* the group is made, nothing is there */
    return e;
}

static void close_ends(struct ends *e)
{
    e->push = qund_push_close(e->push);
    e->claim = qund_claim_close(e->claim);
}

static void inspect(struct unit_redis *u, struct qund_queue_info *info)
{
    struct qund_queue_opts o = {.addr = &u->addr, .log = u->log};
    struct qund_err err = {0};

    if (qund_queue_inspect(&o, info, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
}

/* Claims until `want` entries came, checks that they count up from `next`, acknowledges. */
static unsigned drain(struct qund_claim *c, unsigned next, unsigned want)
{
    for (unsigned got = 0; got < want;) {
        struct qund_batch *b = unit_claim(c, UNIT_DEADLINE_MS);

        assert_non_null(b);
        for (size_t i = 0; i < b->n; i++)
            assert_int_equal(unit_number(b->v[i].body), next++);
        got += (unsigned)b->n;
        qund_claim_ack(c, b->v, b->n);
        if (b->full)
            qund_claim_request(c, 4096);
        qund_batch_free(b);
    }
    return next;
}

static void what_is_pushed_is_claimed_once_in_order(void **state)
{
    struct unit_redis *u = *state;
    struct ends e = open_ends(u);
    struct qund_queue_info info;
    struct qund_entry_id last;

    assert_int_equal(unit_push(e.push, 0, 1, &last), 0);    /* plain */
    assert_int_equal(unit_push(e.push, 1, 2000, &last), 0); /* MULTI */
    qund_claim_request(e.claim, 500);
    assert_int_equal(drain(e.claim, 0, 2001), 2001);
    assert_null(unit_claim(e.claim, 50));
    inspect(u, &info);
    assert_int_equal(info.waiting, 0);
    assert_int_equal(qund_entry_id_cmp(info.last_id, last), 0);
    close_ends(&e);
}

static void a_batch_outlives_the_next_request_and_the_connection(void **state)
{
    struct unit_redis *u = *state;
    struct ends e = open_ends(u);
    struct qund_batch *a, *b;

    assert_int_equal(unit_push(e.push, 0, 20, NULL), 0);
    qund_claim_request(e.claim, 10);
    a = unit_claim(e.claim, UNIT_DEADLINE_MS);
    assert_non_null(a);
    assert_true(a->full);
    qund_claim_request(e.claim, 10); /* sent ahead, while a is worked on */
    b = unit_claim(e.claim, UNIT_DEADLINE_MS);
    assert_non_null(b);
    close_ends(&e);
    assert_int_equal(unit_number(a->v[0].body), 0);
    assert_int_equal(unit_number(b->v[9].body), 19);
    qund_batch_free(a);
    qund_batch_free(b);
}

static void unacknowledged_entries_come_again_in_pages_before_new_ones(void **state)
{
    struct unit_redis *u = *state;
    struct ends e = open_ends(u);
    struct qund_batch *b;

    assert_int_equal(unit_push(e.push, 0, 300, NULL), 0);
    qund_claim_request(e.claim, 4096);
    b = unit_claim(e.claim, UNIT_DEADLINE_MS);
    assert_non_null(b);
    assert_int_equal(b->n, 300);
    qund_claim_ack(e.claim, b->v, 100); /* then it dies */
    qund_batch_free(b);
    close_ends(&e);

    e = (struct ends){NULL, NULL};
    {
        struct qund_queue_opts o = {.addr = &u->addr, .log = u->log};

        assert_int_equal(qund_push_open(&o, &e.push, NULL), 0);
        assert_int_equal(unit_push(e.push, 300, 5, NULL), 0);
        assert_int_equal(qund_claim_open(&o, &e.claim, NULL), 0);
    }
    qund_claim_request(e.claim, 64);
    b = unit_claim(e.claim, UNIT_DEADLINE_MS);
    assert_non_null(b);
    assert_true(b->replay);
    assert_true(b->full);
    assert_int_equal(b->n, 64);
    assert_int_equal(unit_number(b->v[0].body), 100);
    qund_claim_ack(e.claim, b->v, b->n);
    qund_batch_free(b);
    qund_claim_request(e.claim, 64);
    assert_int_equal(drain(e.claim, 164, 141), 305);
    close_ends(&e);
}

static void a_request_while_one_is_under_way_is_not_forgotten(void **state)
{
    struct unit_redis *u = *state;
    struct ends e = open_ends(u);

    qund_claim_request(e.claim, 100); /* answered with nothing */
    assert_int_equal(unit_push(e.push, 0, 1, NULL), 0);
    qund_claim_request(e.claim, 100);
    assert_int_equal(drain(e.claim, 0, 1), 1);
    close_ends(&e);
}

static void the_stream_is_trimmed_while_it_flows_and_empty_when_quiet(void **state)
{
    struct unit_redis *u = *state;
    struct ends e = open_ends(u);
    struct qund_mono until;
    struct qund_queue_info info;

    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(unit_push(e.push, i * 2000, 2000, NULL), 0);
        qund_claim_request(e.claim, 4096);
        assert_int_equal(drain(e.claim, i * 2000, 2000), (i + 1) * 2000);
    }
    assert_null(unit_claim(e.claim, 20));
    inspect(u, &info);
    assert_true(info.length <= 200); /* 20,000 went through: at most a node or two are left */
    until.ms = qund_mono_now().ms + UNIT_DEADLINE_MS;
    do {
        assert_true(qund_mono_now().ms < until.ms);
        assert_null(unit_claim(e.claim, 20));
        inspect(u, &info);
    } while (info.length > 0); /* applied events do not linger */
    close_ends(&e);
}

/* Redis forgets how many entries were read when it reads a file that it rewrote in between. */
static void nothing_waits_after_a_rewritten_file_was_read_again(void **state)
{
    struct unit_redis *u = *state;
    struct ends e = open_ends(u);
    struct qund_queue_info info;

    for (unsigned i = 0; i < 20; i++) { /* so long a file is rewritten by the stop */
        assert_int_equal(unit_push(e.push, i * 1000, 1000, NULL), 0);
        qund_claim_request(e.claim, 4096);
        drain(e.claim, i * 1000, 1000);
    }
    for (int stops = 0; stops < 2; stops++) {
        close_ends(&e);
        u->r = qund_redis_stop(u->r);
        unit_redis_start(u, true, 0);
        e = open_ends(u);
        inspect(u, &info);
        assert_int_equal(info.waiting, 0);
        assert_int_equal(unit_push(e.push, 0, 300, NULL), 0); /* only behind the rewritten part */
        inspect(u, &info);
        assert_int_equal(info.waiting, 300);
        qund_claim_request(e.claim, 4096);
        drain(e.claim, 0, 300);
    }
    close_ends(&e);
}

static void nothing_owed_is_trimmed_when_a_later_batch_is_acknowledged_first(void **state)
{
    struct unit_redis *u = *state;
    struct ends e = open_ends(u);
    struct qund_queue_info info;
    struct qund_batch *a, *b;

    assert_int_equal(unit_push(e.push, 0, 1000, NULL), 0);
    qund_claim_request(e.claim, 500);
    a = unit_claim(e.claim, UNIT_DEADLINE_MS);
    assert_non_null(a);
    qund_claim_request(e.claim, 500);
    b = unit_claim(e.claim, UNIT_DEADLINE_MS);
    assert_non_null(b);
    qund_claim_ack(e.claim, b->v, b->n);
    assert_null(unit_claim(e.claim, 50));
    inspect(u, &info);
    assert_int_equal(info.length, 1000); /* a's bodies are all there */
    assert_int_equal(info.waiting, 500);
    close_ends(&e);
    qund_batch_free(a);
    qund_batch_free(b);
}

static void an_emptied_or_cut_stream_is_named_with_ids_and_time(void **state)
{
    struct unit_redis *u = *state;
    struct ends e = open_ends(u);
    struct qund_entry_id first, last;
    struct qund_queue_known known = {.now = INT64_C(4102444800000)};
    struct qund_queue_info info;
    char id[QUND_ENTRY_ID_CHARS];
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};

    assert_int_equal(unit_push(e.push, 0, 1, &first), 0);
    assert_int_equal(unit_push(e.push, 1, 9, &last), 0);
    close_ends(&e);
    inspect(u, &info);
    known.applied = first;
    known.pushed = last;
    assert_int_equal(qund_queue_compare(&info, &known, NULL), QUND_QUEUE_WHOLE);
    known.mended = true; /* what was answered since the store's last word may be gone */
    assert_int_equal(qund_queue_compare(&info, &known, NULL), QUND_QUEUE_CUT);
    known.mended = false;

    info.last_id = first; /* as after a cut file */
    assert_int_equal(qund_queue_compare(&info, &known, &text), QUND_QUEUE_CUT);
    qund_entry_id_print(last, id);
    assert_true(qund_str_find(qund_buf_view(&text), 0, qund_str(id)) > 0);
    assert_true(qund_str_find(qund_buf_view(&text), 0, QUND_STR("2100-01-01T00:00:00")) > 0);
    assert_true(qund_str_find(qund_buf_view(&text), 0, QUND_STR("unknown")) > 0);

    u->r = qund_redis_stop(u->r);
    assert_int_equal(qund_dir_remove(u->redis_dir, NULL), 0);
    unit_redis_start(u, true, 0);
    inspect(u, &info);
    assert_int_equal(qund_queue_compare(&info, &known, NULL), QUND_QUEUE_EMPTIED);
}

static void
a_queue_that_another_store_has_applied_is_strange_to_one_that_knows_nothing(void **state)
{
    struct unit_redis *u = *state;
    struct ends e = open_ends(u);
    struct qund_queue_known nothing = {.now = INT64_C(4102444800000)}, some = nothing;
    struct qund_queue_info info;
    struct qund_entry_id last;
    char id[QUND_ENTRY_ID_CHARS];
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};

    inspect(u, &info);
    assert_int_equal(qund_queue_compare(&info, &nothing, NULL),
                     QUND_QUEUE_WHOLE); /* a first start */
    assert_int_equal(unit_push(e.push, 0, 3, &last), 0);
    inspect(u, &info); /* killed before it applied the first: all of them wait */
    assert_int_equal(qund_queue_compare(&info, &nothing, NULL), QUND_QUEUE_WHOLE);
    qund_claim_request(e.claim, 500);
    assert_int_equal(drain(e.claim, 0, 3), 3);
    close_ends(&e);
    inspect(u, &info);
    assert_int_equal(qund_queue_compare(&info, &nothing, &text), QUND_QUEUE_STRANGE);
    qund_entry_id_print(last, id);
    assert_true(qund_str_find(qund_buf_view(&text), 0, qund_str(id)) > 0);
    some.applied = last;
    assert_int_equal(qund_queue_compare(&info, &some, NULL), QUND_QUEUE_WHOLE);
}

static void a_full_redis_refuses_and_takes_again_after_consumption(void **state)
{
    struct unit_redis *u = *state;
    struct ends e;
    unsigned pushed = 0;
    int rc;

    u->r = qund_redis_stop(u->r);
    unit_redis_start(u, false, 3 << 20);
    e = open_ends(u);
    while ((rc = unit_push(e.push, pushed, 2000, NULL)) == 0 && pushed < 400000)
        pushed += 2000;
    assert_int_equal(rc, QUND_E_FULL);
    qund_claim_request(e.claim, 4096);
    assert_int_equal(drain(e.claim, 0, pushed), pushed); /* nothing of the refused pipeline */
    assert_null(unit_claim(e.claim, 20));
    assert_int_equal(unit_push(e.push, pushed, 10, NULL), 0);
    close_ends(&e);
}

static void a_kill_of_redis_loses_nothing_answered(void **state)
{
    struct unit_redis *u = *state;
    struct ends e = open_ends(u);
    struct qund_mono until = {qund_mono_now().ms + UNIT_DEADLINE_MS};
    struct qund_redis_state s;

    assert_int_equal(unit_push(e.push, 0, 700, NULL), 0);
    kill(unit_redis_pid(u), SIGKILL);
    do { /* supervision brings it back */
        assert_true(qund_mono_now().ms < until.ms);
        qund_redis_poll(u->r);
        qund_redis_state(u->r, &s);
        unit_poll(-1, false, 5);
    } while (s.restarts == 0);
    qund_claim_request(e.claim, 4096);
    assert_int_equal(drain(e.claim, 0, 700), 700);
    while (unit_push(e.push, 700, 3, NULL) == QUND_E_AGAIN)
        ; /* over the line that broke: whether it was taken is unknown, so again */
    qund_claim_request(e.claim, 4096);
    assert_int_equal(drain(e.claim, 700, 3), 703);
    close_ends(&e);
}

static void a_stopped_redis_never_makes_the_claimer_wait(void **state)
{
    struct unit_redis *u = *state;
    struct ends e = open_ends(u);
    struct qund_mono start;
    struct qund_batch *b;
    int rc = 0;

    assert_int_equal(unit_push(e.push, 0, 3, NULL), 0);
    kill(unit_redis_pid(u), SIGSTOP);
    start = qund_mono_now();
    qund_claim_request(e.claim, 100);
    while (rc == 0 && qund_mono_now().ms - start.ms < UNIT_DEADLINE_MS) {
        struct qund_mono t = qund_mono_now();

        rc = qund_claim_poll(e.claim, &b);
        assert_true(qund_mono_now().ms - t.ms < 200);
        unit_poll(-1, false, 5);
    }
    assert_int_equal(rc, QUND_E_AGAIN);
    assert_in_range(qund_mono_now().ms - start.ms, 900, 2500); /* dropped after 1 s */
    kill(unit_redis_pid(u), SIGCONT);
    qund_claim_request(e.claim, 500);
    assert_int_equal(drain(e.claim, 0, 3), 3);
    close_ends(&e);
}

int main(void)
{
#define WITH_REDIS(f) cmocka_unit_test_setup_teardown(f, unit_redis_setup, unit_redis_teardown)
    const struct CMUnitTest tests[] = {
        WITH_REDIS(what_is_pushed_is_claimed_once_in_order),
        WITH_REDIS(a_batch_outlives_the_next_request_and_the_connection),
        WITH_REDIS(unacknowledged_entries_come_again_in_pages_before_new_ones),
        WITH_REDIS(a_request_while_one_is_under_way_is_not_forgotten),
        WITH_REDIS(the_stream_is_trimmed_while_it_flows_and_empty_when_quiet),
        WITH_REDIS(nothing_waits_after_a_rewritten_file_was_read_again),
        WITH_REDIS(nothing_owed_is_trimmed_when_a_later_batch_is_acknowledged_first),
        WITH_REDIS(an_emptied_or_cut_stream_is_named_with_ids_and_time),
        WITH_REDIS(a_queue_that_another_store_has_applied_is_strange_to_one_that_knows_nothing),
        WITH_REDIS(a_full_redis_refuses_and_takes_again_after_consumption),
        WITH_REDIS(a_kill_of_redis_loses_nothing_answered),
        WITH_REDIS(a_stopped_redis_never_makes_the_claimer_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
