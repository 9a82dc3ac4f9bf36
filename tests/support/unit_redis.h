/* tests/support/unit_redis.h - a real redis-server in a fresh folder, and both ends of the queue
 * made to wait (with a deadline) for what a test expects. */
#ifndef QUND_TEST_UNIT_REDIS_H
#define QUND_TEST_UNIT_REDIS_H
#include "core/clock.h"
#include "core/file.h"
#include "queue/managed.h"
#include "unit.h"
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define UNIT_DEADLINE_MS 10000

struct unit_redis {
    char *dir;
    char redis_dir[2048];
    struct qund_redis *r;
    struct qund_queue_addr addr;
    struct qund_log *log;
};

static inline void unit_redis_start(struct unit_redis *u, bool durable, int64_t maxmemory)
{
    struct qund_redis_opts o = {
        .dir = u->redis_dir, .durable = durable, .maxmemory = maxmemory, .log = u->log};
    struct qund_err err = {0};
    int rc = qund_redis_start(&o, &u->r, &err);

    if (rc < 0)
        fail_msg("redis: %s: %s", err.where, err.text);
    assert_int_equal(qund_queue_addr_parse(QUND_STR("managed"), QUND_STR_NONE, &u->addr, &err), 0);
    qund_redis_addr(u->r, &u->addr);
}

static inline int unit_redis_setup(void **state)
{
    struct unit_redis *u = calloc(1, sizeof(*u));

    u->dir = unit_tmpdir();
    snprintf(u->redis_dir, sizeof(u->redis_dir), "%s/redis", u->dir);
    if (getenv("UNIT_LOG"))
        u->log = qund_log_new(2, QUND_DEBUG, QUND_LOG_LOGFMT);
    unit_redis_start(u, true, 0);
    *state = u;
    return 0;
}

static inline int unit_redis_teardown(void **state)
{
    struct unit_redis *u = *state;

    u->r = qund_redis_stop(u->r);
    qund_ignore(qund_dir_remove(u->dir, NULL));
    u->log = qund_log_free(u->log);
    free(u->dir);
    free(u);
    return 0;
}

static inline pid_t unit_redis_pid(const struct unit_redis *u)
{
    struct qund_redis_state s;

    qund_redis_state(u->r, &s);
    return s.pid;
}

/* A given Redis: the same socket, but not "managed", so that leases are taken. */
static inline struct qund_queue_addr unit_redis_given(const struct unit_redis *u)
{
    struct qund_queue_addr a = u->addr;

    a.managed = false;
    return a;
}

static inline void unit_poll(int fd, bool want_write, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = (short)(POLLIN | (want_write ? POLLOUT : 0))};

    if (timeout_ms < 0 || timeout_ms > 20)
        timeout_ms = 20;
    poll(&p, 1, timeout_ms);
}

static inline void unit_push_up(struct qund_push *p)
{
    struct qund_mono until = {qund_mono_now().ms + UNIT_DEADLINE_MS};
    struct qund_push_news news;

    while (!qund_push_ready(p)) {
        assert_true(qund_mono_now().ms < until.ms);
        qund_push_poll(p, &news);
        if (!qund_push_ready(p))
            unit_poll(qund_push_fd(p), qund_push_want_write(p), qund_push_timeout_ms(p));
    }
}

/* Pushes n bodies "E<first>", "E<first+1>", … in one pipeline; the rc that came back. */
static inline int unit_push(struct qund_push *p, unsigned first, size_t n,
                            struct qund_entry_id *last)
{
    struct qund_mono until = {qund_mono_now().ms + UNIT_DEADLINE_MS};
    struct qund_str *bodies = calloc(n, sizeof(*bodies));
    char(*text)[24] = calloc(n, sizeof(*text));
    size_t answered = 0;
    int rc = 0;

    for (size_t i = 0; i < n; i++) {
        snprintf(text[i], sizeof(text[i]), "E%u", first + (unsigned)i);
        bodies[i] = qund_str(text[i]);
    }
    unit_push_up(p);
    assert_int_equal(qund_push_send(p, bodies, n), 0);
    while (answered < n && rc == 0) {
        struct qund_push_news news;

        assert_true(qund_mono_now().ms < until.ms);
        qund_push_poll(p, &news);
        answered += news.answered;
        if (news.answered > 0 && last)
            *last = news.last;
        rc = news.lost ? QUND_E_AGAIN : news.refused;
        if (answered < n && rc == 0)
            unit_poll(qund_push_fd(p), qund_push_want_write(p), qund_push_timeout_ms(p));
    }
    free(bodies);
    free(text);
    return rc;
}

/* The next batch, or NULL when none came within ms. */
static inline struct qund_batch *unit_claim(struct qund_claim *c, int ms)
{
    struct qund_mono until = {qund_mono_now().ms + ms};
    struct qund_batch *b = NULL;

    do {
        if (qund_claim_poll(c, &b) == 1)
            return b;
        unit_poll(qund_claim_fd(c), qund_claim_want_write(c), qund_claim_timeout_ms(c));
    } while (qund_mono_now().ms < until.ms);
    return NULL;
}

static inline unsigned unit_number(struct qund_str body)
{
    char z[24];

    assert_true(body.n > 1 && body.n < sizeof(z) && body.p[0] == 'E');
    snprintf(z, sizeof(z), "%.*s", QUND_STR_ARG(body));
    return (unsigned)strtoul(z + 1, NULL, 10);
}
#endif
