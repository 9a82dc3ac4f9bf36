/* src/queue/claim.c - the reading end of the queue, owned by the engine thread.
 *
 * After a connection is made, in this order:
 *   lease      on a Redis that is not our child: only its holder may consume the stream
 *   group      made if missing, together with the stream
 *   adopt      entries claimed by other consumer names become ours, then those names go
 *   replay     what was delivered to us before and never acknowledged, in pages from id 0
 *   live       new entries
 * so that all that is pending anywhere comes first and in id order, and new entries after it. Every
 * entry is delivered until it is acknowledged: after a lost connection that includes what the
 * engine has in hand, which it must recognise.
 *
 * Nothing waits. Commands are queued, their kinds remembered in the order in which replies will
 * come, and poll hands each reply to the function of its kind. There is no BLOCK: intake's eventfd
 * says when to ask, and a request made while one is under way is kept, for that one may have been
 * answered before the new entry came.
 *
 * XACK and XTRIM follow a batch without being waited for. XTRIM MINID ~ without LIMIT 0 stops after
 * 100 nodes, and the stream then grows without end under load. What `~` leaves (part of a node) is
 * trimmed exactly once the stream has been quiet for a second: applied events do not linger. */
#include "core/metric.h"
#include "core/thread.h"
#include "queue/claim_parts.h"
#include <stdio.h>

enum {
    REPLY_MS = 1000,
    DOUBLINGS = 3, /* of the time a reply may take: 8 s, less than the lease lasts */
    LEASE_RENEW_MS = 3000,
    DENIED_PAUSE_MS = 1000,
    QUIET_MS = 1000,
    CLOSE_MS = 200
};

int qund_claim_open(const struct qund_queue_opts *o, struct qund_claim **out, struct qund_err *err)
{
    struct qund_claim *c;

    if (!o->addr->unix_path[0] && !o->addr->host[0])
        return qund_err_set(err, QUND_E_INVAL, "queue.url", "no address");
    c = qund_alloc(sizeof(*c));
    c->conn.fd = -1;
    c->addr = *o->addr;
    c->log = o->log;
    c->reply_ms = o->reply_ms > 0 ? o->reply_ms : REPLY_MS;
    c->count = qund_claim_count(QUND_ENTRY_MAX);
    if (o->instance && !o->addr->managed)
        snprintf(c->instance, sizeof(c->instance), "%s", o->instance);
    c->reconnects = qund_metric_counter(o->metrics, "qund_redis_reconnects_total", "end=\"claim\"",
                                        "Connections to Redis made again");
    c->missing = qund_metric_counter(o->metrics, "qund_queue_bodies_missing_total", NULL,
                                     "Pending entries that somebody had trimmed: what they held is "
                                     "unknown");
    qund_keys_init(&c->keys, &c->addr);
    *out = c;
    return QUND_OK;
}

/* ---- replies ---- */

static int go_down(struct qund_claim *c, int rc, const char *why, int pause_ms)
{
    int64_t now = qund_mono_now().ms;

    if (c->phase >= REPLAY)
        c->tries = 0;
    if (qund_log_allow(&c->gate, now, 6))
        qund_log(c->log, QUND_WARN, "queue.claim_lost", QUND_KV("why", why),
                 QUND_KV("owed", (int64_t)c->owed.left), QUND_KV("left_out", c->gate.left_out));
    qund_rconn_close(&c->conn);
    c->phase = DOWN;
    c->next.ms = now + (pause_ms > 0 ? pause_ms : qund_rconn_backoff_ms(&c->addr, c->tries++));
    c->expect_n = c->n_others = 0;
    c->reading = c->drained = false;
    qund_owed_clear(&c->owed);
    return rc;
}

static void greet(struct qund_claim *c)
{
    c->phase = GREETING;
    c->newest = c->after = (struct qund_entry_id){0, 0};
    if (c->instance[0])
        qund_claim_send_lease(c);
    else
        qund_claim_send_group(c);
}

static int on_lease(struct qund_claim *c, redisReply *r)
{
    if (r->type == REDIS_REPLY_INTEGER) {
        c->lease_until.ms = c->lease_sent.ms + LEASE_MS;
        c->denied = false;
        if (c->phase == GREETING)
            qund_claim_send_group(c);
        return QUND_OK;
    }
    c->denied = r->type == REDIS_REPLY_STRING;
    if (qund_log_allow(&c->error_gate, qund_mono_now().ms, 2))
        qund_log(c->log, QUND_ERROR, "queue.lease_denied",
                 QUND_KV("holder_or_error", qund_utf8_cut(qund_reply_str(r), 64)),
                 QUND_KV("key", c->keys.lease),
                 QUND_KV("todo", "stop the other qund or give this one another queue.prefix"));
    return go_down(c, QUND_E_DENIED, "the lease is not ours", DENIED_PAUSE_MS);
}

static int refused(struct qund_claim *c, const redisReply *r, const char *what)
{
    int rc = qund_reply_rc(r);

    if (qund_log_allow(&c->error_gate, qund_mono_now().ms, 6))
        qund_log(c->log, QUND_ERROR, "queue.claim_refused", QUND_KV("command", what),
                 QUND_KV("answer", qund_utf8_cut(qund_reply_str(r), 160)),
                 QUND_KV("key", c->keys.stream));
    return go_down(c, rc < 0 ? rc : QUND_E_PROTO, what, 0);
}

static int on_group(struct qund_claim *c, redisReply *r)
{
    int rc = qund_reply_rc(r);

    return rc < 0 && rc != QUND_E_EXISTS ? refused(c, r, "XGROUP CREATE") : QUND_OK;
}

static void begin_replay(struct qund_claim *c)
{
    if (c->was_up)
        qund_counter_add(c->reconnects, 1);
    c->was_up = true;
    c->phase = REPLAY;
    qund_claim_send_read(c);
}

static int on_consumers(struct qund_claim *c, redisReply *r)
{
    if (r->type != REDIS_REPLY_ARRAY)
        return refused(c, r, "XINFO CONSUMERS");
    for (size_t i = 0; i < r->elements && c->n_others < OTHERS_MAX; i++) {
        struct qund_str name = qund_reply_str(qund_reply_get(r->element[i], "name"));

        if (name.n > 0 && name.n < sizeof(c->others[0]) && !qund_str_is(name, QUND_CONSUMER)) {
            memcpy(c->others[c->n_others], name.p, name.n);
            c->others[c->n_others++][name.n] = '\0';
        }
    }
    if (c->n_others > 0)
        qund_claim_send_adopt(c, QUND_STR("0-0"));
    else
        begin_replay(c);
    return QUND_OK;
}

static void count_missing(struct qund_claim *c, size_t n)
{
    c->bodies_missing += n;
    qund_counter_add(c->missing, (int64_t)n);
}

static int on_adopt(struct qund_claim *c, redisReply *r)
{
    struct qund_str cursor;

    if (r->type != REDIS_REPLY_ARRAY || r->elements < 2)
        return refused(c, r, "XAUTOCLAIM");
    if (r->elements > 2 && r->element[2]->type == REDIS_REPLY_ARRAY)
        count_missing(c, r->element[2]->elements);
    cursor = qund_reply_str(r->element[0]);
    if (!qund_str_is(cursor, "0-0")) {
        qund_claim_send_adopt(c, cursor);
        return QUND_OK;
    }
    for (size_t i = 0; i < c->n_others; i++) {
        qund_log(c->log, QUND_INFO, "queue.taken_over", QUND_KV("consumer", &c->others[i][0]));
        qund_claim_send_forget(c, c->others[i]);
    }
    begin_replay(c);
    return QUND_OK;
}

/* Bodies trimmed away while pending (by hand, or a policy): nothing can be applied, so they are
 * acknowledged and counted; the error names them. */
static void on_missing(struct qund_claim *c, const struct qund_read *got)
{
    char first[QUND_ENTRY_ID_CHARS], last[QUND_ENTRY_ID_CHARS];

    if (got->n_missing == 0)
        return;
    qund_entry_id_print(got->missing[0].id, first);
    qund_entry_id_print(got->missing[got->n_missing - 1].id, last);
    qund_log(c->log, QUND_ERROR, "queue.bodies_missing", QUND_KV("n", (int64_t)got->n_missing),
             QUND_KV("first", &first[0]), QUND_KV("last", &last[0]));
    count_missing(c, got->n_missing);
    qund_claim_send_xack(c, got->missing, got->n_missing);
}

/* What the next read is, when this one brought nothing. */
static void after_empty(struct qund_claim *c)
{
    bool more = c->again;

    if (c->phase == REPLAY) {
        c->phase = LIVE;
        more = true;
    }
    c->drained = !more;
    if (more)
        qund_claim_send_read(c);
}

static int on_read(struct qund_claim *c, redisReply *r, struct qund_batch **out)
{
    struct qund_read got;
    int rc = qund_reply_rc(r);

    c->reading = false;
    if (rc < 0) { /* NOGROUP: someone emptied Redis; the greeting makes the group again */
        rc = refused(c, r, "XREADGROUP");
        qund_reply_free(r);
        return rc;
    }
    rc = qund_read_take(r, &got);
    if (rc < 0)
        return go_down(c, rc, "an XREADGROUP reply of unknown shape", 0);
    on_missing(c, &got);
    qund_free(got.missing);
    if (got.entries > 0 && qund_entry_id_cmp(got.last, c->newest) > 0)
        c->newest = got.last;
    c->after = got.last;
    if (!got.batch) {
        if (got.entries > 0)
            qund_claim_send_read(c);
        else
            after_empty(c);
        return QUND_OK;
    }
    for (size_t i = 0; i < got.batch->n; i++)
        qund_owed_add(&c->owed, got.batch->v[i].id);
    got.batch->replay = c->phase == REPLAY;
    got.batch->full = got.batch->replay || got.entries >= c->asked || c->again;
    c->drained = !got.batch->full;
    *out = got.batch;
    return 1;
}

static int on_quiet(struct qund_claim *c, redisReply *r)
{
    if (qund_reply_rc(r) < 0 && qund_log_allow(&c->error_gate, qund_mono_now().ms, 6))
        qund_log(c->log, QUND_WARN, "queue.ack_refused",
                 QUND_KV("answer", qund_utf8_cut(qund_reply_str(r), 160)));
    return QUND_OK;
}

static int on_reply(struct qund_claim *c, redisReply *r, struct qund_batch **out)
{
    static int (*const ON[])(struct qund_claim *, redisReply *) = {[X_LEASE] = on_lease,
                                                                   [X_GROUP] = on_group,
                                                                   [X_CONSUMERS] = on_consumers,
                                                                   [X_ADOPT] = on_adopt,
                                                                   [X_QUIET] = on_quiet};
    enum expect what;
    int rc;

    if (c->expect_n == 0) {
        qund_reply_free(r);
        return go_down(c, QUND_E_PROTO, "a reply to nothing", 0);
    }
    what = (enum expect)c->expect[c->expect_at];
    c->expect_at = (c->expect_at + 1) % EXPECT_MAX;
    c->expect_n--;
    if (what == X_READ && qund_mono_now().ms - c->heard.ms < c->reply_ms)
        c->overdue = 0;
    c->heard = qund_mono_now();
    if (what == X_READ)
        return on_read(c, r, out);
    rc = ON[what](c, r);
    qund_reply_free(r);
    return rc;
}

/* ---- the engine's calls ---- */

size_t qund_claim_count(size_t largest_body)
{
    size_t n = largest_body > 0 ? QUND_BATCH_BYTES / largest_body : QUND_BATCH_MAX;

    return n > QUND_BATCH_MAX ? QUND_BATCH_MAX : n > 0 ? n : 1;
}

static bool lease_over(const struct qund_claim *c)
{
    return c->instance[0] && qund_mono_now().ms >= c->lease_until.ms;
}

void qund_claim_request(struct qund_claim *c, size_t count)
{
    qund_on(QUND_THREAD_ENGINE);
    c->count = count > QUND_BATCH_MAX ? QUND_BATCH_MAX : count > 0 ? count : 1;
    if (c->phase < REPLAY || c->reading || c->expect_n + 8 > EXPECT_MAX || lease_over(c)) {
        c->again = true;
        return;
    }
    qund_claim_send_read(c);
    qund_ignore(qund_rconn_flush(&c->conn)); /* sent ahead now; a broken line shows in poll */
}

/* A Redis whose disk takes a second for each sync answers late, and each command that is given up
 * and said again costs it another sync: who asked with the same patience would never hear. */
static int64_t reply_by(const struct qund_claim *c)
{
    return c->heard.ms + ((int64_t)c->reply_ms << c->overdue);
}

static int overdue(struct qund_claim *c)
{
    c->overdue += c->overdue < DOUBLINGS;
    return go_down(c, QUND_E_AGAIN, "no reply in time", qund_rconn_backoff_ms(NULL, c->tries++));
}

/* What is due by time alone. */
static int on_time(struct qund_claim *c)
{
    int64_t now = qund_mono_now().ms;

    if (c->expect_n > 0 && now >= reply_by(c))
        return overdue(c);
    if (c->phase >= REPLAY && c->expect_n == 0 && c->instance[0] &&
        now - c->lease_sent.ms >= LEASE_RENEW_MS)
        qund_claim_send_lease(c);
    if (c->phase == LIVE && c->again && !c->reading && !lease_over(c))
        qund_claim_send_read(c);
    if (c->phase == LIVE && c->untidy && c->drained && c->owed.left == 0 && c->expect_n == 0 &&
        now - c->acked_at.ms >= QUIET_MS) {
        c->untidy = false;
        qund_claim_send_trim(c, true);
    }
    return QUND_OK;
}

static int try_connect(struct qund_claim *c)
{
    if (qund_mono_now().ms < c->next.ms)
        return QUND_OK;
    if (qund_rconn_open(&c->conn, &c->addr) < 0) {
        qund_ignore(go_down(c, QUND_E_AGAIN, c->conn.why, 0)); /* it was not up: no news */
        return QUND_OK;
    }
    greet(c);
    return QUND_OK;
}

int qund_claim_poll(struct qund_claim *c, struct qund_batch **out)
{
    int rc = QUND_OK, io = QUND_OK;
    size_t seen;

    qund_on(QUND_THREAD_ENGINE);
    *out = NULL;
    if (c->phase == DOWN)
        rc = try_connect(c);
    seen = c->conn.unparsed;
    while (rc == QUND_OK && c->phase != DOWN) {
        redisReply *r = NULL;
        int got = qund_rconn_reply(&c->conn, &r);

        if (got > 0) {
            rc = on_reply(c, r, out);
            continue;
        }
        if (got < 0 || io < 0)
            return go_down(c, got < 0 ? got : io, c->conn.why, 0);
        io = qund_rconn_io(&c->conn);
        if (io == 0 && c->conn.unparsed == seen)
            break;
        seen = c->conn.unparsed;
        c->heard = qund_mono_now(); /* half a reply is a sign of life */
    }
    if (rc == QUND_OK && c->phase != DOWN) {
        rc = on_time(c);
        if (rc == QUND_OK)
            qund_ignore(qund_rconn_flush(&c->conn)); /* broken: the next poll says so */
    }
    if (rc == 1 && QUND_FAULT("claimed") != 0) {
        *out = qund_batch_free(*out);
        return go_down(c, QUND_E_IO, "fault point", 0);
    }
    return rc;
}

void qund_claim_ack(struct qund_claim *c, const struct qund_entry *v, size_t n)
{
    qund_on(QUND_THREAD_ENGINE);
    for (size_t i = 0; i < n; i++)
        qund_owed_ack(&c->owed, v[i].id);
    if (c->phase < REPLAY || n == 0)
        return; /* delivered again after the reconnect, acknowledged then */
    if (c->expect_n + 8 > EXPECT_MAX) {
        qund_ignore(go_down(c, QUND_E_AGAIN, "acknowledgements pile up", 0));
        return;
    }
    qund_claim_send_xack(c, v, n);
    qund_claim_send_trim(c, false);
    c->untidy = true;
    c->acked_at = qund_mono_now();
    qund_ignore(qund_rconn_flush(&c->conn)); /* a broken line shows in poll */
    qund_ignore(QUND_FAULT("acked"));        /* only its crash and stall mean something here */
}

int qund_claim_fd(const struct qund_claim *c)
{
    return c->conn.fd;
}

bool qund_claim_want_write(const struct qund_claim *c)
{
    return qund_rconn_want_write(&c->conn);
}

int qund_claim_timeout_ms(const struct qund_claim *c)
{
    int64_t now = qund_mono_now().ms, at = INT64_MAX;

    if (c->phase == DOWN)
        at = c->next.ms;
    else if (c->expect_n > 0)
        at = reply_by(c);
    else if (c->untidy && c->drained && c->owed.left == 0)
        at = c->acked_at.ms + QUIET_MS;
    if (c->phase >= REPLAY && c->instance[0] && c->lease_sent.ms + LEASE_RENEW_MS < at)
        at = c->lease_sent.ms + LEASE_RENEW_MS;
    if (at == INT64_MAX)
        return -1;
    return at > now ? (int)(at - now) : 0;
}

void qund_claim_state(const struct qund_claim *c, struct qund_claim_state *out)
{
    *out = (struct qund_claim_state){
        .up = c->phase >= REPLAY,
        .recovered = c->phase == LIVE,
        .denied = c->denied,
        .drained = c->phase == LIVE && c->drained && c->owed.left == 0,
        .owed = c->owed.left,
        .bodies_missing = c->bodies_missing,
    };
}

struct qund_claim *qund_claim_close(struct qund_claim *c)
{
    struct qund_mono until = {qund_mono_now().ms + CLOSE_MS};

    if (!c)
        return NULL;
    if (c->phase >= REPLAY && c->instance[0])
        qund_claim_send_release(c);
    while (c->phase >= REPLAY && c->expect_n > 0) {
        redisReply *r = NULL;

        if (qund_rconn_wait(&c->conn, until, &r) < 0)
            break;
        qund_reply_free(r);
        c->expect_n--;
    }
    qund_rconn_close(&c->conn);
    qund_owed_done(&c->owed);
    qund_free(c);
    return NULL;
}
