/* src/queue/push.c - the writing end of the queue, owned by the intake thread.
 *
 * With `appendfsync always` Redis syncs once per turn of its event loop, and a turn reads at most
 * 16 KiB from one client: a pipeline of 4,096 XADDs would cost forty syncs. Inside MULTI/EXEC the
 * commands are only gathered while they arrive and run in one turn, so a pipeline costs one sync
 * whatever its length, and it is taken whole or not at all. A few small entries go without: two
 * commands less.
 *
 * One batch is in flight at a time; what arrives meanwhile makes the next one larger (group
 * commit).
 *
 * A Redis that came back may not be the one that left: with each connection its settings are read,
 * and one that may evict what nobody has read is let go like one that does not answer, so that
 * events stay in the spool until it is mended.
 *
 * When the connection breaks, whether the batch was taken is unknown: the caller sends it
 * again and the engine recognises the repeat. Deadlines are the caller's, who may keep waiting for
 * a batch that is safe in the spool already. */
#include "core/metric.h"
#include "core/thread.h"
#include "queue/internal.h"
#include <stdio.h>

enum {
    GREET_MS = 5000, /* no greeting within it: the connection is dropped (a slow sync is none) */
    MULTI_LEAST = 3  /* entries from which on MULTI pays */
};

enum phase { DOWN, GREETING, UP };

struct qund_push {
    struct qund_rconn conn;
    struct qund_queue_addr addr;
    struct qund_keys keys;
    struct qund_log *log;
    struct qund_log_gate gate;
    struct qund_counter *reconnects;
    enum phase phase;
    unsigned tries;        /* in a row */
    bool was_up;           /* at least once */
    struct qund_mono next; /* DOWN: try then; GREETING: give up then */

    unsigned asked, ask_n; /* replies to what was asked still to come, of so many */
    struct qund_queue_info info;
    enum qund_queue_risk risk;

    size_t in_flight; /* entries sent, their fate unknown */
    size_t replies;   /* still to come for them */
    bool multi;
    int refused;  /* first error among the replies */
    bool unknown; /* a batch was in flight when the line broke */
};

int qund_push_open(const struct qund_queue_opts *o, struct qund_push **out, struct qund_err *err)
{
    struct qund_push *p;

    if (!o->addr->unix_path[0] && !o->addr->host[0])
        return qund_err_set(err, QUND_E_INVAL, "queue.url", "no address");
    p = qund_alloc(sizeof(*p));
    p->conn.fd = -1;
    p->addr = *o->addr;
    p->log = o->log;
    p->reconnects = qund_metric_counter(o->metrics, "qund_redis_reconnects_total", "end=\"push\"",
                                        "Connections to Redis made again");
    qund_keys_init(&p->keys, &p->addr);
    *out = p;
    return QUND_OK;
}

struct qund_push *qund_push_close(struct qund_push *p)
{
    if (p) {
        qund_rconn_close(&p->conn);
        qund_free(p);
    }
    return NULL;
}

static void go_down(struct qund_push *p, const char *why)
{
    int64_t now = qund_mono_now().ms;

    if (p->phase == UP)
        p->tries = 0;
    if (qund_log_allow(&p->gate, now, 6))
        qund_log(p->log, QUND_WARN, "queue.push_lost", QUND_KV("why", why),
                 QUND_KV("in_flight", (int64_t)p->in_flight),
                 QUND_KV("left_out", p->gate.left_out));
    qund_rconn_close(&p->conn);
    p->phase = DOWN;
    p->next.ms = now + qund_rconn_backoff_ms(&p->addr, p->tries++);
    p->unknown = p->in_flight > 0;
    p->in_flight = p->replies = 0;
    p->asked = 0;
    p->risk = QUND_RISK_NONE;
}

void qund_push_drop(struct qund_push *p, const char *why)
{
    if (p->phase != DOWN)
        go_down(p, why);
    p->unknown = false; /* the caller knows */
}

/* What a greeting asks, in this order; later looks ask for the first two. sure: a refusal is one of
 * us; CONFIG may be forbidden. */
static const struct {
    const char *words[3];
    bool key; /* the stream follows */
    bool sure;
    void (*read)(const redisReply *r, struct qund_queue_info *out);
} QUESTIONS[] = {
    {{"XINFO", "STREAM"}, true, true, qund_look_stream},
    {{"XINFO", "GROUPS"}, true, true, qund_look_groups},
    {{"INFO"}, false, true, qund_look_settings},
    {{"CONFIG", "GET", "appendfsync"}, false, false, qund_look_fsync},
};
#define QUESTIONS_STREAM 2u

static void ask(struct qund_push *p, unsigned n)
{
    p->info = (struct qund_queue_info){0};
    for (unsigned i = 0; i < n; i++) {
        struct qund_str argv[4];
        size_t argc = 0;

        while (argc < QUND_ARRAY_LEN(QUESTIONS[i].words) && QUESTIONS[i].words[argc]) {
            argv[argc] = qund_str(QUESTIONS[i].words[argc]);
            argc++;
        }
        if (QUESTIONS[i].key)
            argv[argc++] = qund_str(p->keys.stream);
        qund_rconn_cmd(&p->conn, argc, argv);
    }
    p->asked = p->ask_n = n;
}

void qund_push_ask(struct qund_push *p)
{
    if (qund_push_ready(p))
        ask(p, QUESTIONS_STREAM);
}

static void try_connect(struct qund_push *p)
{
    struct qund_mono now = qund_mono_now();

    if (now.ms < p->next.ms)
        return;
    if (qund_rconn_open(&p->conn, &p->addr) < 0) {
        go_down(p, p->conn.why);
        return;
    }
    p->phase = GREETING;
    p->next.ms = now.ms + GREET_MS;
    ask(p, QUND_ARRAY_LEN(QUESTIONS));
}

/* The settings of this connection's Redis. False: it is let go. */
static bool settings_good(struct qund_push *p)
{
    enum qund_queue_risk risk = qund_look_risk(&p->info, p->addr.to_disk);

    if (risk == QUND_RISK_EVICTS) {
        char why[120];

        snprintf(why, sizeof(why), "maxmemory-policy is %s: it may drop events nobody has read",
                 p->info.policy);
        go_down(p, why);
    } else if (risk != QUND_RISK_NONE && p->was_up &&
               qund_log_allow(&p->gate, qund_mono_now().ms, 6)) {
        qund_log(p->log, QUND_WARN, "queue.risk", QUND_KV("why", qund_queue_risk_text(risk)));
    }
    p->risk = risk; /* the start said it in the log already, when it looked */
    return risk != QUND_RISK_EVICTS;
}

/* An answer to a question. Redis that is loading, or refuses us, is as good as away. */
static bool on_asked(struct qund_push *p, const redisReply *r, struct qund_push_news *news)
{
    unsigned at = p->ask_n - p->asked;
    int rc = qund_reply_rc(r);

    if (rc < 0 && rc != QUND_E_NOTFOUND && QUESTIONS[at].sure) {
        char why[120];

        snprintf(why, sizeof(why), "%.*s", QUND_STR_ARG(qund_reply_str(r)));
        go_down(p, why);
        return false;
    }
    QUESTIONS[at].read(r, &p->info);
    if (--p->asked > 0)
        return true;
    if (p->phase == GREETING && !settings_good(p))
        return false;
    if (p->phase == GREETING && p->was_up)
        qund_counter_add(p->reconnects, 1);
    p->phase = UP;
    p->was_up = true;
    p->tries = 0;
    news->greeted = true;
    news->stream_last = p->info.last_id;
    news->waiting = p->info.waiting;
    return true;
}

/* One XADD's answer: counts as long as nothing before it was refused. */
static void on_added(struct qund_push *p, const redisReply *r, struct qund_push_news *news)
{
    struct qund_entry_id id;
    int rc = qund_reply_rc(r);

    if (rc == 0 && qund_entry_id_parse(qund_reply_str(r), &id) < 0)
        rc = QUND_E_PROTO;
    if (rc < 0 && p->refused == 0)
        p->refused = rc;
    if (p->refused < 0)
        return;
    p->in_flight--;
    news->answered++;
    news->last = id;
}

/* EXEC's answer, the last of a MULTI pipeline. */
static void on_exec(struct qund_push *p, const redisReply *r, struct qund_push_news *news)
{
    int rc = qund_reply_rc(r);

    if (r->type == REDIS_REPLY_ARRAY && r->elements == p->in_flight) {
        for (size_t i = 0; i < r->elements; i++)
            on_added(p, r->element[i], news);
    } else if (p->refused == 0) {
        p->refused = rc < 0 ? rc : QUND_E_PROTO; /* EXECABORT follows an error that said why */
    }
}

static bool on_batch(struct qund_push *p, const redisReply *r, struct qund_push_news *news)
{
    int rc = qund_reply_rc(r);

    if (p->replies == 0) {
        go_down(p, "a reply to nothing");
        return false;
    }
    p->replies--;
    if (!p->multi)
        on_added(p, r, news);
    else if (p->replies == 0)
        on_exec(p, r, news);
    else if (rc < 0 && p->refused == 0)
        p->refused = rc;
    if (p->replies == 0 && p->in_flight > 0) {
        news->refused = p->refused;
        p->in_flight = 0;
    }
    return true;
}

static int read_replies(struct qund_push *p, struct qund_push_news *news)
{
    for (;;) {
        QUND_AUTO(qund_reply_free) redisReply *r = NULL;
        int rc = qund_rconn_reply(&p->conn, &r);

        if (rc <= 0)
            return rc;
        if (p->asked > 0 ? !on_asked(p, r, news) : !on_batch(p, r, news))
            return QUND_OK; /* dropped already */
    }
}

void qund_push_poll(struct qund_push *p, struct qund_push_news *news)
{
    int rc, read_rc;

    qund_on(QUND_THREAD_INTAKE);
    *news = (struct qund_push_news){.refused = QUND_OK};
    if (p->phase == DOWN)
        try_connect(p);
    if (p->phase == DOWN)
        return;
    rc = qund_rconn_io(&p->conn);
    read_rc = read_replies(p, news); /* also what came before the line broke */
    if (p->phase != DOWN && (rc < 0 || read_rc < 0))
        go_down(p, p->conn.why);
    else if (p->phase == GREETING && qund_mono_now().ms >= p->next.ms)
        go_down(p, "no greeting in time");
    news->lost = p->unknown;
    p->unknown = false;
}

enum qund_queue_risk qund_push_risk(const struct qund_push *p)
{
    return p->risk;
}

int qund_push_fd(const struct qund_push *p)
{
    return p->conn.fd;
}

bool qund_push_want_write(const struct qund_push *p)
{
    return qund_rconn_want_write(&p->conn);
}

int qund_push_timeout_ms(const struct qund_push *p)
{
    int64_t left = p->next.ms - qund_mono_now().ms;

    if (p->phase == UP)
        return -1;
    return left > 0 ? (int)left : 0;
}

bool qund_push_up(const struct qund_push *p)
{
    return p->phase == UP;
}

bool qund_push_ready(const struct qund_push *p)
{
    return p->phase == UP && p->in_flight == 0 && p->asked == 0;
}

static void put_xadd(struct qund_push *p, struct qund_str body)
{
    qund_rconn_head(&p->conn, 5);
    qund_rconn_arg(&p->conn, QUND_STR("XADD"));
    qund_rconn_arg(&p->conn, qund_str(p->keys.stream));
    qund_rconn_arg(&p->conn, QUND_STR("*"));
    qund_rconn_arg(&p->conn, QUND_STR(QUND_FIELD));
    qund_rconn_arg(&p->conn, body);
}

int qund_push_send(struct qund_push *p, const struct qund_str *bodies, size_t n)
{
    static const struct qund_str MULTI[] = {{"MULTI", 5}}, EXEC[] = {{"EXEC", 4}};

    if (!qund_push_ready(p))
        return QUND_E_AGAIN;
    qund_assert(n > 0 && n <= QUND_BATCH_MAX);
    p->multi = n >= MULTI_LEAST;
    p->refused = QUND_OK;
    if (p->multi)
        qund_rconn_cmd(&p->conn, 1, MULTI);
    for (size_t i = 0; i < n; i++)
        put_xadd(p, bodies[i]);
    if (p->multi)
        qund_rconn_cmd(&p->conn, 1, EXEC);
    p->in_flight = n;
    p->replies = n + (p->multi ? 2 : 0);
    qund_ignore(qund_rconn_flush(&p->conn)); /* broken: the next poll finds it so, and says it */
    return QUND_OK;
}
