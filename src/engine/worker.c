/* src/engine/worker.c - the engine's thread: it waits in one place for entries, commands and time.
 *
 * It never blocks on Redis: the eventfd says that there is something, a request goes out, the reply
 * comes through the same poll as everything else. The next request is sent before a batch is worked
 * on, so that Redis works meanwhile. A batch is acknowledged after its commit; what cannot be
 * committed (disk full, store held by someone) keeps its place and is tried again with growing
 * waits, while commands get their answer after at most the same time and intake pushes back by
 * itself.
 *
 * Each turn ends with the two items of time: the floor, if everything below it is applied, and a
 * tick. Readings of the clock are items, too; the engine itself has none. */
#include "engine/worker.h"
#include "event/event.h"
#include "intake/intake.h"
#include "store/search.h"
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#define TICK_MS 250
#define JUDGE_MS 20     /* a judge that waits for the floor is due all the time: look again soon */
#define INDEX_ROWS 250  /* one slice of the search index: some milliseconds */
#define INDEX_SHARE 20  /* while events come, one part in so many of the time */
#define QUIET_MS 50     /* no event for so long: all of it */
#define CALM_PER_S 1000 /* more events a second: the index waits … */
#define BUSY_MS 250     /* … until none came for so long */
#define RETAIN_MS 3600000
#define COMMANDS_MAX 4096
#define RETRY_FIRST_MS 20
#define RETRY_MAX_MS 1000
#define REFUSE_AFTER_MS 2000 /* commands of a store that cannot write: told so */

struct qund_worker {
    struct qund_worker_deps deps;
    struct qund_mbox *commands;
    struct qund_claim *claim;
    pthread_t thread;
    bool started;
    atomic_bool stop;

    /* worker thread only */
    struct qund_item *items;
    size_t n, cap;
    struct qund_batch *batch; /* the one in items */
    struct qund_out_items send;
    int64_t retry_at_ms, retry_wait_ms, failing_since_ms;
    int64_t unindexed; /* messages that wait for the search index, about */
    int64_t index_at_ms, event_at_ms;
    int64_t second_ms, in_second; /* events since the second began */
    bool busy;                    /* the last whole second had more than is calm */
    int64_t retain_at_ms;
    struct qund_histogram *apply;
    struct qund_counter *failed;

    pthread_mutex_t mtx;
    struct qund_worker_state state; /* under mtx */
};

static void put_item(struct qund_worker *w, const struct qund_item *it)
{
    if (w->n == w->cap) {
        w->cap = w->cap ? 2 * w->cap : 256;
        w->items = qund_realloc(w->items, w->cap * sizeof(*w->items));
    }
    w->items[w->n++] = *it;
}

/* The receipt that lies in the packed event; an entry nobody can read has none and is buried. */
static int64_t rx_of(struct qund_str body)
{
    struct qund_entry_parts parts;
    int64_t rx;

    if (qund_entry_split(body, &parts) < 0)
        return 0;
    rx = parts.event.p ? qund_event_rx(parts.event) : 0;
    return rx == 0 && parts.has_state ? parts.state.rx : rx;
}

static void take_batch(struct qund_worker *w)
{
    int rc;

    if (w->batch)
        return; /* it waits for its retry */
    rc = qund_claim_poll(w->claim, &w->batch);
    if (rc <= 0)
        return;
    for (size_t i = 0; i < w->batch->n; i++) {
        const struct qund_entry *en = &w->batch->v[i];

        put_item(
            w, &(struct qund_item){
                   .kind = QUND_ITEM_EVENT, .rx = rx_of(en->body), .id = en->id, .body = en->body});
    }
    qund_ignore(QUND_FAULT("claimed"));
    /* Sent ahead: Redis prepares the next reply while this one is applied. */
    if (w->batch->full)
        qund_claim_request(w->claim, qund_claim_count(qund_intake_largest(w->deps.intake)));
}

static void take_commands(struct qund_worker *w)
{
    struct qund_node *node = qund_mbox_take_all(w->commands);

    while (node) {
        struct qund_command *c = QUND_CONTAINER(node, struct qund_command, node);

        node = node->next;
        c->node.next = NULL;
        c->rx_ms = qund_clock_now(w->deps.clock).ms;
        put_item(w, &(struct qund_item){.kind = QUND_ITEM_COMMAND, .rx = c->rx_ms, .cmd = c});
    }
}

/* Adopted only when everything older is applied or in this very batch. */
static void take_floor(struct qund_worker *w)
{
    struct qund_entry_id last, have = qund_engine_applied(w->deps.engine);
    int64_t rx;

    if (w->batch && w->batch->n > 0 && qund_entry_id_cmp(w->batch->v[w->batch->n - 1].id, have) > 0)
        have = w->batch->v[w->batch->n - 1].id;
    if (qund_intake_floor(w->deps.intake, &rx, &last) == 0 && qund_entry_id_cmp(last, have) <= 0)
        put_item(w, &(struct qund_item){.kind = QUND_ITEM_FLOOR, .rx = rx});
}

static void note_state(struct qund_worker *w, int rc)
{
    struct qund_claim_state c;

    qund_claim_state(w->claim, &c);
    pthread_mutex_lock(&w->mtx);
    w->state.claiming = c.up;
    w->state.denied = c.denied;
    w->state.recovered = c.recovered;
    w->state.trouble = rc;
    w->state.trouble_since_ms = rc < 0 ? w->failing_since_ms : 0;
    pthread_mutex_unlock(&w->mtx);
}

static void refuse(struct qund_worker *w, struct qund_command *c, int rc)
{
    c->rc = QUND_E_AGAIN;
    qund_err_set(&c->err, QUND_E_AGAIN, "store",
                 "cannot write now (%s): free disk space or end what holds the store",
                 qund_rc_name(rc));
    if (c->done)
        c->done(c, c->done_arg);
    else
        qund_command_free(c);
    (void)w;
}

/* The batch keeps its place. Commands whose askers have waited long enough are refused. */
static void failed(struct qund_worker *w, int rc)
{
    int64_t now = qund_mono_now().ms;
    size_t kept = 0;

    qund_counter_add(w->failed, 1);
    if (w->failing_since_ms == 0) {
        w->failing_since_ms = now;
        qund_log(w->deps.log, QUND_ERROR, "engine.cannot_commit", QUND_KV("rc", qund_rc_name(rc)),
                 QUND_KV("items", (int64_t)w->n));
    }
    w->retry_wait_ms = w->retry_wait_ms == 0                 ? RETRY_FIRST_MS
                       : 2 * w->retry_wait_ms < RETRY_MAX_MS ? 2 * w->retry_wait_ms
                                                             : RETRY_MAX_MS;
    w->retry_at_ms = now + w->retry_wait_ms;
    for (size_t i = 0; i < w->n; i++) {
        struct qund_item *it = &w->items[i];

        if (it->kind == QUND_ITEM_COMMAND && !it->cmd)
            continue;
        if (it->kind == QUND_ITEM_COMMAND && now - w->failing_since_ms >= REFUSE_AFTER_MS)
            refuse(w, it->cmd, rc);
        else if (it->kind == QUND_ITEM_EVENT || it->kind == QUND_ITEM_COMMAND)
            w->items[kept++] = *it;
    }
    w->n = kept;
}

static void measure(struct qund_worker *w)
{
    int64_t now = qund_clock_now(w->deps.clock).ms;

    for (size_t i = 0; i < w->n; i++)
        if (w->items[i].kind == QUND_ITEM_EVENT)
            qund_histogram_add_us(w->apply, (now - w->items[i].rx) * 1000, 1);
}

/* How fast events come decides whether the search index may have a share of the time. */
static void note_pace(struct qund_worker *w, int64_t n)
{
    int64_t now = qund_mono_now().ms;

    w->unindexed += n;
    w->in_second += n;
    w->event_at_ms = now;
    if (now - w->second_ms >= 1000) {
        w->busy = w->in_second > CALM_PER_S * (now - w->second_ms) / 1000;
        w->second_ms = now;
        w->in_second = 0;
    }
    if (w->busy)
        w->index_at_ms = now + BUSY_MS;
}

static void committed(struct qund_worker *w)
{
    if (w->failing_since_ms) {
        qund_log(w->deps.log, QUND_INFO, "engine.commits_again",
                 QUND_KV("after_ms", qund_mono_now().ms - w->failing_since_ms));
        w->failing_since_ms = w->retry_wait_ms = 0;
    }
    if (w->batch) {
        measure(w);
        qund_claim_ack(w->claim, w->batch->v, w->batch->n);
        qund_ignore(QUND_FAULT("acked"));
        qund_intake_applied(w->deps.intake, qund_engine_applied(w->deps.engine), w->batch->n);
        note_pace(w, (int64_t)w->batch->n);
        w->batch = qund_batch_free(w->batch);
    }
    w->n = 0;
    if (w->send.n > 0) {
        qund_ignore(QUND_FAULT("sending_committed"));
        if (w->deps.send)
            w->deps.send(w->deps.send_arg, &w->send);
        qund_out_items_done(&w->send);
    }
}

/* One slice of the search index. Indexing a message costs as much as storing it, so it keeps out of
 * the way of a rush; but what is not indexed is scanned by every query, so there is an end to that.
 */
static void index_slice(struct qund_worker *w)
{
    int64_t start = qund_mono_now().ms, now;

    if (start < w->index_at_ms && w->unindexed < QUND_SEARCH_BEHIND_MAX)
        return;
    if (qund_engine_index(w->deps.engine, INDEX_ROWS, &w->unindexed) < 0)
        w->unindexed = 0; /* the store is in trouble; events will say so */
    now = qund_mono_now().ms;
    if (now - w->event_at_ms < QUIET_MS)
        w->index_at_ms = now + INDEX_SHARE * (now - start + 1);
}

/* Nobody waits: the search index, and once an hour what is past retention. */
static void idle(struct qund_worker *w)
{
    int64_t now = qund_mono_now().ms;

    index_slice(w);
    if (now < w->retain_at_ms)
        return;
    w->retain_at_ms = now + (qund_engine_retain(w->deps.engine) > 0 ? 1000 : RETAIN_MS);
}

/* One turn: what has come is applied in one transaction. */
static void turn(struct qund_worker *w)
{
    int64_t now = qund_clock_now(w->deps.clock).ms;
    struct qund_intake_state in;
    bool due;
    int rc;

    take_batch(w);
    if (w->failing_since_ms && qund_mono_now().ms < w->retry_at_ms)
        return;
    take_commands(w);
    due = qund_engine_next_due(w->deps.engine) <= now;
    /* Time alone is worth a transaction only when it makes something happen, or when it shows that
     * the store can be written again. */
    if (w->n == 0 && !due && !w->failing_since_ms) {
        idle(w);
        note_state(w, 0);
        return;
    }
    take_floor(w);
    qund_intake_state(w->deps.intake, &in);
    put_item(w, &(struct qund_item){.kind = QUND_ITEM_TICK, .rx = now, .id = in.last_pushed});
    rc = qund_engine_apply(w->deps.engine, w->items, w->n, w->deps.send ? &w->send : NULL);
    if (rc < 0)
        failed(w, rc);
    else
        committed(w);
    note_state(w, rc);
    if (rc == 0 && w->unindexed >= QUND_SEARCH_BEHIND_MAX)
        index_slice(w);
}

static int wait_ms(struct qund_worker *w)
{
    int64_t now = qund_clock_now(w->deps.clock).ms;
    int64_t due = qund_engine_next_due(w->deps.engine);
    int64_t ms = TICK_MS;
    int claim = qund_claim_timeout_ms(w->claim);

    if (w->failing_since_ms)
        ms = w->retry_at_ms - qund_mono_now().ms;
    else if (due - now < ms)
        ms = due > now ? due - now : JUDGE_MS;
    if (claim >= 0 && claim < ms)
        ms = claim;
    if (w->unindexed > 0 && !w->failing_since_ms) {
        int64_t index = w->index_at_ms - qund_mono_now().ms;

        ms = index < ms ? index : ms;
    }
    return ms < 0 ? 0 : (int)ms;
}

static void drain(int fd)
{
    uint64_t n;

    while (read(fd, &n, sizeof(n)) < 0 && errno == EINTR)
        ;
}

static void run(void *arg)
{
    struct qund_worker *w = arg;

    while (!atomic_load(&w->stop) || qund_mbox_len(w->commands) > 0) {
        struct pollfd p[3] = {{.fd = w->deps.wake_fd, .events = POLLIN},
                              {.fd = qund_mbox_fd(w->commands), .events = POLLIN},
                              {.fd = qund_claim_fd(w->claim), .events = POLLIN}};

        if (qund_claim_want_write(w->claim))
            p[2].events |= POLLOUT;
        if (w->batch)
            p[2].events &= (short)~POLLIN; /* one batch at a time while it cannot be committed */
        qund_ignore(poll(p, 3, wait_ms(w)));
        if (p[0].revents & POLLIN) {
            drain(w->deps.wake_fd);
            qund_claim_request(w->claim, qund_claim_count(qund_intake_largest(w->deps.intake)));
        }
        turn(w);
        if (atomic_load(&w->stop) && w->failing_since_ms)
            break; /* what cannot be committed stays in the stream */
    }
}

static void stop_commands(struct qund_worker *w)
{
    struct qund_node *node;

    qund_mbox_close(w->commands);
    node = qund_mbox_take_all(w->commands);
    while (node) {
        struct qund_command *c = QUND_CONTAINER(node, struct qund_command, node);

        node = node->next;
        refuse(w, c, QUND_E_AGAIN);
    }
    for (size_t i = 0; i < w->n; i++)
        if (w->items[i].kind == QUND_ITEM_COMMAND && w->items[i].cmd)
            refuse(w, w->items[i].cmd, QUND_E_AGAIN);
    w->n = 0;
}

int qund_worker_open(const struct qund_worker_deps *deps, struct qund_worker **out,
                     struct qund_err *err)
{
    QUND_AUTO(qund_worker_close) struct qund_worker *w = qund_alloc(sizeof(*w));
    int rc;

    w->deps = *deps;
    pthread_mutex_init(&w->mtx, NULL);
    w->commands = qund_mbox_new(COMMANDS_MAX);
    w->apply = qund_metric_seconds(deps->metrics, "qund_apply_seconds",
                                   "From receipt to the commit of all effects");
    w->failed = qund_metric_counter(deps->metrics, "qund_commit_failures_total", NULL,
                                    "Transactions that were rolled back and tried again");
    rc = qund_claim_open(&deps->queue, &w->claim, err);
    if (rc == 0)
        rc = qund_thread_start(&w->thread, QUND_THREAD_ENGINE, run, w, err);
    if (rc < 0)
        return rc;
    w->started = true;
    *out = QUND_TAKE(w);
    return 0;
}

struct qund_worker *qund_worker_close(struct qund_worker *w)
{
    if (!w)
        return NULL;
    atomic_store(&w->stop, true);
    if (w->started) {
        qund_mbox_wake(w->commands);
        pthread_join(w->thread, NULL);
    }
    stop_commands(w);
    qund_claim_close(w->claim);
    qund_batch_free(w->batch);
    qund_out_items_done(&w->send);
    qund_mbox_free(w->commands);
    pthread_mutex_destroy(&w->mtx);
    qund_free(w->items);
    qund_free(w);
    return NULL;
}

int qund_worker_submit(struct qund_worker *w, struct qund_command *c)
{
    return qund_mbox_put(w->commands, &c->node);
}

void qund_worker_state(struct qund_worker *w, struct qund_worker_state *out)
{
    pthread_mutex_lock(&w->mtx);
    *out = w->state;
    pthread_mutex_unlock(&w->mtx);
}
