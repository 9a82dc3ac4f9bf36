/* bench_queue.c - pushing and claiming beside a bare hiredis program in the same run.
 *
 *     bench_queue [SECONDS_A_MEASUREMENT] [ROUNDS]
 *
 * Alternates bare and ours, prints the medians and the ratio (1 is the bare program's speed).
 * Bodies are 130 bytes, as packed events are. */
#include "core/clock.h"
#include "core/file.h"
#include "queue/managed.h"
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BODY = 130, ROUNDS_MAX = 15, CLAIMED = 100000 };

struct bench {
    struct qund_redis *redis;
    struct qund_queue_addr addr;
    redisContext *bare;
    struct qund_push *push;
    struct qund_claim *claim;
    struct qund_str bodies[QUND_BATCH_MAX];
    char body[BODY];
    int64_t us; /* a measurement */
};

static void flush(struct bench *b)
{
    freeReplyObject(redisCommand(b->bare, "XTRIM qund:events MAXLEN 0"));
}

static void bare_pipeline(struct bench *b, size_t depth)
{
    static const char *ARGV[] = {"XADD", "qund:events", "*", "d", NULL};
    size_t lens[] = {4, 11, 1, 1, BODY};
    const char *argv[5];

    memcpy(argv, ARGV, sizeof(argv));
    argv[4] = b->body;
    for (size_t i = 0; i < depth; i++)
        redisAppendCommandArgv(b->bare, 5, argv, lens);
    for (size_t i = 0; i < depth; i++) {
        void *r = NULL;

        if (redisGetReply(b->bare, &r) != REDIS_OK)
            exit(1);
        freeReplyObject(r);
    }
}

static void wait_for(int fd, bool want_write, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = (short)(POLLIN | (want_write ? POLLOUT : 0))};

    poll(&p, 1, timeout_ms < 0 ? 1000 : timeout_ms);
}

static void our_pipeline(struct bench *b, size_t depth)
{
    struct qund_push_news news;
    size_t answered = 0;

    while (!qund_push_ready(b->push)) {
        qund_push_poll(b->push, &news);
        if (!qund_push_ready(b->push))
            wait_for(qund_push_fd(b->push), qund_push_want_write(b->push),
                     qund_push_timeout_ms(b->push));
    }
    if (qund_push_send(b->push, b->bodies, depth) < 0)
        exit(1);
    while (answered < depth) {
        wait_for(qund_push_fd(b->push), qund_push_want_write(b->push), -1);
        qund_push_poll(b->push, &news);
        answered += news.answered;
        if (news.refused < 0 || news.lost)
            exit(1);
    }
}

static double push_rate(struct bench *b, size_t depth, void (*pipeline)(struct bench *, size_t))
{
    int64_t start = qund_mono_us(), now = start;
    double n = 0, us = 0;

    while (now - start < b->us) {
        int64_t t = qund_mono_us();

        pipeline(b, depth);
        now = qund_mono_us();
        us += (double)(now - t);
        n += (double)depth;
        if ((size_t)n % 65536 < depth)
            flush(b);
    }
    flush(b);
    return n * 1e6 / us;
}

static void fill(struct bench *b)
{
    for (size_t i = 0; i < CLAIMED; i += 1000)
        bare_pipeline(b, 1000);
}

static double bare_claim(struct bench *b, size_t count)
{
    int64_t start;
    size_t n = 0;

    fill(b);
    start = qund_mono_us();
    while (n < CLAIMED) {
        redisReply *r = redisCommand(
            b->bare, "XREADGROUP GROUP engine engine COUNT %d STREAMS qund:events >", (int)count);
        const redisReply *v = r->element[0]->element[1];
        const char **argv = calloc(3 + v->elements, sizeof(*argv));
        void *done = NULL;

        argv[0] = "XACK";
        argv[1] = "qund:events";
        argv[2] = "engine";
        for (size_t i = 0; i < v->elements; i++)
            argv[3 + i] = v->element[i]->element[0]->str;
        redisAppendCommandArgv(b->bare, (int)(3 + v->elements), argv, NULL);
        redisAppendCommand(b->bare, "XTRIM qund:events MINID ~ %s LIMIT 0", argv[2 + v->elements]);
        for (int i = 0; i < 2; i++) {
            if (redisGetReply(b->bare, &done) != REDIS_OK)
                exit(1);
            freeReplyObject(done);
        }
        n += v->elements;
        free(argv);
        freeReplyObject(r);
    }
    return (double)n * 1e6 / (double)(qund_mono_us() - start);
}

static double our_claim(struct bench *b, size_t count)
{
    int64_t start;
    size_t n = 0;

    fill(b);
    start = qund_mono_us();
    qund_claim_request(b->claim, count);
    while (n < CLAIMED) {
        struct qund_batch *batch = NULL;
        int rc = qund_claim_poll(b->claim, &batch);

        if (rc < 0)
            exit(1);
        if (rc == 0) {
            wait_for(qund_claim_fd(b->claim), qund_claim_want_write(b->claim),
                     qund_claim_timeout_ms(b->claim));
            continue;
        }
        qund_claim_request(b->claim, count);
        qund_claim_ack(b->claim, batch->v, batch->n);
        n += batch->n;
        qund_batch_free(batch);
    }
    return (double)n * 1e6 / (double)(qund_mono_us() - start);
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void print_row(const char *what, size_t size, double *bare, double *ours, int rounds)
{
    size_t n = (size_t)rounds;

    qsort(bare, n, sizeof(*bare), by_value);
    qsort(ours, n, sizeof(*ours), by_value);
    printf("  %-6s %5zu  bare %9.0f/s  ours %9.0f/s  ratio %.2f\n", what, size, bare[n / 2],
           ours[n / 2], ours[n / 2] / bare[n / 2]);
    fflush(stdout);
}

static void measure(struct bench *b, int rounds)
{
    static const size_t DEPTHS[] = {1, 16, 64, 256, 1024, 4096}, COUNTS[] = {64, 1024, 4096};
    double bare[ROUNDS_MAX], ours[ROUNDS_MAX];

    for (size_t i = 0; i < QUND_ARRAY_LEN(DEPTHS); i++) {
        for (int r = 0; r < rounds; r++) {
            bare[r] = push_rate(b, DEPTHS[i], bare_pipeline);
            ours[r] = push_rate(b, DEPTHS[i], our_pipeline);
        }
        print_row("push", DEPTHS[i], bare, ours, rounds);
    }
    for (size_t i = 0; i < QUND_ARRAY_LEN(COUNTS); i++) {
        for (int r = 0; r < rounds; r++) {
            bare[r] = bare_claim(b, COUNTS[i]);
            ours[r] = our_claim(b, COUNTS[i]);
        }
        print_row("claim", COUNTS[i], bare, ours, rounds);
    }
}

static void with_durability(bool durable, int64_t us, int rounds)
{
    char dir[] = "/tmp/qund-bench-XXXXXX";
    struct bench *b = calloc(1, sizeof(*b));
    struct qund_redis_opts o = {.dir = dir, .durable = durable, .maxmemory = INT64_C(1) << 30};
    struct qund_queue_opts q = {.addr = &b->addr};
    struct qund_batch *none = NULL;
    struct qund_claim_state s = {0};
    struct qund_err err = {0};

    b->us = us;
    memset(b->body, 'E', sizeof(b->body));
    for (size_t i = 0; i < QUND_BATCH_MAX; i++)
        b->bodies[i] = qund_str_n(b->body, sizeof(b->body));
    if (!mkdtemp(dir) || qund_redis_start(&o, &b->redis, &err) < 0 ||
        qund_queue_addr_parse(QUND_STR("managed"), QUND_STR_NONE, &b->addr, &err) < 0)
        exit((fprintf(stderr, "%s: %s\n", err.where, err.text), 1));
    qund_redis_addr(b->redis, &b->addr);
    b->bare = redisConnectUnix(b->addr.unix_path);
    if (qund_push_open(&q, &b->push, &err) < 0 || qund_claim_open(&q, &b->claim, &err) < 0)
        exit(1);
    while (!s.recovered && qund_claim_poll(b->claim, &none) == 0) {
        wait_for(qund_claim_fd(b->claim), qund_claim_want_write(b->claim), 10);
        qund_claim_state(b->claim, &s);
    }
    printf("durability %s\n", durable ? "disk (appendfsync always)" : "os (appendfsync no)");
    measure(b, rounds);
    qund_push_close(b->push);
    qund_claim_close(b->claim);
    redisFree(b->bare);
    qund_redis_stop(b->redis);
    qund_ignore(qund_dir_remove(dir, NULL));
    free(b);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 0.5;
    int rounds = argc > 2 ? atoi(argv[2]) : 3;

    if (seconds <= 0 || seconds > 60 || rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: bench_queue [SECONDS_A_MEASUREMENT] [ROUNDS up to %d]\n",
                ROUNDS_MAX);
        return 2;
    }
    with_durability(false, (int64_t)(seconds * 1e6), rounds);
    with_durability(true, (int64_t)(seconds * 1e6), rounds);
    return 0;
}
