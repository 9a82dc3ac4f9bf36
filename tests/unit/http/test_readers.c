/* test_readers.c - who waits for whom among the reads, and how many may wait. */
#include "../store/store_unit.h"
#include "config/config.h"
#include "http/readers.h"
#include <semaphore.h>
#include <time.h>

#define DEADLINE_S 20
#define WAITING_MAX 512

/* A read that says when it runs and ends when it may. */
struct read {
    struct qund_read_job job;
    sem_t runs, may_end, ended;
    bool held;
};

static void run_read(struct qund_read_job *j, struct qund_reader *rd, const struct qund_err *err)
{
    struct read *r = QUND_CONTAINER(j, struct read, job);

    (void)rd;
    (void)err;
    sem_post(&r->runs);
    while (r->held && sem_wait(&r->may_end) != 0)
        ;
    sem_post(&r->ended);
}

static void make(struct read *r, bool held)
{
    *r = (struct read){.job = {.run = run_read, .deadline_ms = 1000 * DEADLINE_S}, .held = held};
    sem_init(&r->runs, 0, 0);
    sem_init(&r->may_end, 0, 0);
    sem_init(&r->ended, 0, 0);
}

static bool within_deadline(sem_t *s)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += DEADLINE_S;
    return sem_timedwait(s, &t) == 0;
}

static struct qund_readers *two_readers(const struct fresh *f)
{
    struct qund_readers_cfg cfg = {.n = 2, .store_path = f->path, .page_cache_bytes = 1 << 20};
    struct qund_readers *p = NULL;

    assert_int_equal(qund_readers_new(&cfg, &p, NULL), 0);
    return p;
}

static void a_long_read_holds_up_no_other_while_a_reader_is_idle(void **state)
{
    QUND_AUTO(qund_readers_free) struct qund_readers *p = two_readers(*state);
    struct read slow, quick[8];

    make(&slow, true);
    assert_int_equal(qund_readers_submit(p, &slow.job), 0);
    assert_true(within_deadline(&slow.runs));
    /* One after the other, and all at once: by the one that is free. */
    for (size_t i = 0; i < QUND_ARRAY_LEN(quick); i++) {
        make(&quick[i], false);
        assert_int_equal(qund_readers_submit(p, &quick[i].job), 0);
        if (i < 4)
            assert_true(within_deadline(&quick[i].ended));
    }
    for (size_t i = 4; i < QUND_ARRAY_LEN(quick); i++)
        assert_true(within_deadline(&quick[i].ended));
    sem_post(&slow.may_end);
    assert_true(within_deadline(&slow.ended));
}

static void so_many_may_wait_and_each_of_them_runs_at_the_end(void **state)
{
    struct qund_readers *p = two_readers(*state);
    struct read *r = calloc(WAITING_MAX + 3, sizeof(*r));
    size_t n = WAITING_MAX + 2;

    for (size_t i = 0; i < n; i++) {
        make(&r[i], i < 2);
        assert_int_equal(qund_readers_submit(p, &r[i].job), 0);
        if (i < 2)
            assert_true(within_deadline(&r[i].runs));
    }
    make(&r[n], false);
    assert_int_equal(qund_readers_submit(p, &r[n].job), QUND_E_FULL);
    sem_post(&r[0].may_end);
    sem_post(&r[1].may_end);
    qund_readers_free(p);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(sem_trywait(&r[i].ended), 0);
    assert_int_not_equal(sem_trywait(&r[n].ended), 0);
    free(r);
}

static void as_many_run_at_once_as_were_asked_for(void **state)
{
    struct fresh *f = *state;
    struct qund_readers_cfg cfg = {
        .n = QUND_READERS_MAX, .store_path = f->path, .page_cache_bytes = 1 << 20};
    struct qund_readers *p = NULL;
    struct read r[QUND_READERS_MAX];

    assert_int_equal(qund_readers_new(&cfg, &p, NULL), 0);
    for (size_t i = 0; i < QUND_READERS_MAX; i++) {
        make(&r[i], true);
        assert_int_equal(qund_readers_submit(p, &r[i].job), 0);
    }
    for (size_t i = 0; i < QUND_READERS_MAX; i++)
        assert_true(within_deadline(&r[i].runs));
    for (size_t i = 0; i < QUND_READERS_MAX; i++)
        sem_post(&r[i].may_end);
    qund_readers_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH_TEST(a_long_read_holds_up_no_other_while_a_reader_is_idle),
        FRESH_TEST(as_many_run_at_once_as_were_asked_for),
        FRESH_TEST(so_many_may_wait_and_each_of_them_runs_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
