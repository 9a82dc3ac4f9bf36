/* src/engine/worker.c - the engine's thread: it waits in one place for entries, commands and time.
 *
 * It never blocks on Redis: the eventfd says that there is something, a request goes out, the reply
 * comes through the same poll as everything else. The next request is sent before a batch is worked
 * on, so that Redis works meanwhile. A batch is acknowledged after its commit; what cannot be
 * committed (disk full, store held by someone) keeps its place and is tried again with growing
 * waits. Commands wait two seconds at most, then they are told so; intake pushes back by itself. A
 * store that was found malformed is written no more: entries stay in the stream for the restored
 * one.
 *
 * Each turn ends with the two items of time: the floor, if everything below it is applied, and a
 * tick. Readings of the clock are items, too; the engine itself has none. */
#include "engine/worker_parts.h"
#include "event/event.h"
#include "intake/intake.h"
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#define TICK_MS 250
#define JUDGE_MS 20      /* a judge is due and waits for the floor: look at that again soon */
#define BRISK_PER_S 2500 /* more events a second: entries are fetched … */
#define FETCH_MS 4       /* … so far apart */
#define RETAIN_MS 3600000
#define RETAIN_MORE_MS 1000   /* between two slices */
#define RETAIN_AGAIN_MS 60000 /* after a failure */
#define COMMANDS_MAX 4096
#define STOP_MS 1000 /* told to stop, what is durable already is applied for so long */

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

static void request(struct qund_worker *w)
{
    size_t n = qund_claim_count(qund_intake_largest(w->deps.intake));

    if (w->deps.max_batch > 0 && n > (size_t)w->deps.max_batch)
        n = (size_t)w->deps.max_batch;
    qund_claim_request(w->claim, n);
}

/* A transaction writes each page it touches once, and most pages belong to many messages: five
 * messages at a time cost twice the processor time of twenty. So when many come, what comes within
 * a few milliseconds is fetched together; when few come, each at once. */
static void fetch(struct qund_worker *w)
{
    int64_t now = qund_mono_now().ms;

    w->waiting = w->brisk && now < w->fetch_at_ms;
    if (w->waiting)
        return;
    w->fetch_at_ms = now + FETCH_MS;
    request(w);
}

static void note_pace(struct qund_worker *w, int64_t n)
{
    int64_t now = qund_mono_now().ms;

    w->in_second += n;
    if (now - w->second_ms < 1000)
        return;
    w->brisk = w->in_second > BRISK_PER_S * (now - w->second_ms) / 1000;
    w->second_ms = now;
    w->in_second = 0;
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
        request(w);
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

/* The floor, when everything older is applied or in this very batch; else 0. */
static int64_t floor_of(struct qund_worker *w)
{
    struct qund_entry_id last, have = qund_engine_applied(w->deps.engine);
    int64_t rx;

    if (w->batch && w->batch->n > 0 && qund_entry_id_cmp(w->batch->v[w->batch->n - 1].id, have) > 0)
        have = w->batch->v[w->batch->n - 1].id;
    if (qund_intake_floor(w->deps.intake, &rx, &last) < 0 || qund_entry_id_cmp(last, have) > 0)
        return 0;
    return rx;
}

/* floor: 0 leaves what was known. */
static void note_state(struct qund_worker *w, int rc, int64_t floor)
{
    struct qund_claim_state c;

    qund_claim_state(w->claim, &c);
    pthread_mutex_lock(&w->mtx);
    w->state.claiming = c.up;
    w->state.denied = c.denied;
    w->state.recovered = c.recovered;
    w->state.bodies_missing = c.bodies_missing;
    w->state.reserve_out = w->reserve.given;
    if (floor > 0)
        w->state.floor_ms = floor;
    w->state.trouble = rc;
    w->state.trouble_since_ms = rc < 0 ? w->failing_since_ms : 0;
    pthread_mutex_unlock(&w->mtx);
}

/* All that wait, or came just now; what else is in hand is let go. */
static void refuse_all(struct qund_worker *w, const char *why)
{
    take_commands(w);
    for (size_t i = 0; i < w->n; i++)
        if (w->items[i].kind == QUND_ITEM_COMMAND && w->items[i].cmd)
            qund_worker_refuse(w->items[i].cmd, why);
    w->n = 0;
}

static bool damaged(const struct qund_worker *w)
{
    return w->deps.damaged && atomic_load(w->deps.damaged);
}

/* Nothing is applied: commands are told so, entries are not taken, those in hand not acknowledged.
 * An outcome is given up, too: the restored store knows nothing of its push. */
static void turn_damaged(struct qund_worker *w)
{
    refuse_all(w, "is damaged: stop the daemon and run `qund restore DIR`");
    w->batch = qund_batch_free(w->batch);
    note_state(w, 0, 0); /* /readyz tells the damage itself */
}

static void measure(struct qund_worker *w)
{
    int64_t now = qund_clock_now(w->deps.clock).ms;

    for (size_t i = 0; i < w->n; i++)
        if (w->items[i].kind == QUND_ITEM_EVENT && w->items[i].rx > 0)
            qund_histogram_add_us(w->apply, (now - w->items[i].rx) * 1000, 1);
}

static void committed(struct qund_worker *w)
{
    if (w->failing_since_ms) {
        qund_log(w->deps.log, QUND_INFO, "engine.commits_again",
                 QUND_KV("after_ms", qund_mono_now().ms - w->failing_since_ms));
        w->failing_since_ms = w->retry_wait_ms = 0;
        w->reserve.healed_ms = qund_mono_now().ms;
    }
    if (w->batch) {
        measure(w);
        qund_claim_ack(w->claim, w->batch->v, w->batch->n);
        qund_ignore(QUND_FAULT("acked"));
        qund_intake_applied(w->deps.intake, qund_engine_applied(w->deps.engine), w->batch->n);
        qund_index_pace_note(&w->index, (int64_t)w->batch->n);
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

/* Nobody waits: the search index, the reserve, and once an hour what is past retention. */
static void idle(struct qund_worker *w)
{
    int64_t now = qund_mono_now().ms;
    int more;

    qund_index_pace_idle(&w->index);
    qund_reserve_quiet(&w->reserve);
    if (now < w->retain_at_ms)
        return;
    more = qund_engine_retain(w->deps.engine);
    w->retain_at_ms = now + (more > 0 ? RETAIN_MORE_MS : more < 0 ? RETAIN_AGAIN_MS : RETAIN_MS);
}

/* The items of time that end a turn. */
static void put_time(struct qund_worker *w, int64_t now, int64_t floor)
{
    struct qund_intake_state in;

    if (floor > 0)
        put_item(w, &(struct qund_item){.kind = QUND_ITEM_FLOOR, .rx = floor});
    qund_intake_state(w->deps.intake, &in);
    put_item(w, &(struct qund_item){.kind = QUND_ITEM_TICK, .rx = now, .id = in.last_pushed});
}

/* One turn: what has come is applied in one transaction. */
static void turn(struct qund_worker *w)
{
    int64_t now = qund_clock_now(w->deps.clock).ms, began = qund_mono_now().ms, floor;
    bool send = w->deps.send && !atomic_load(&w->hold), early, refusing;
    size_t events;
    int rc;

    w->jumped = false;
    qund_engine_alive(w->deps.engine, now);
    if (QUND_UNLIKELY(damaged(w))) {
        turn_damaged(w);
        return;
    }
    take_batch(w);
    early = w->failing_since_ms && began < w->retry_at_ms;
    refusing = qund_worker_refusing(w);
    if (early && !refusing)
        return; /* commands wait for the next try */
    take_commands(w);
    if (refusing) /* before the try, which may itself wait for whoever holds the store */
        qund_worker_keep_waiting(w);
    if (early)
        return;
    floor = floor_of(w);
    /* Time alone is worth a transaction only when it makes something happen, or when it shows that
     * the store can be written again. */
    if (w->n == 0 && qund_engine_next_due(w->deps.engine, floor) > now && !w->failing_since_ms) {
        idle(w);
        note_state(w, 0, floor);
        w->jumped = floor > 0 && qund_mbox_len(w->commands) == 0 &&
                    qund_worker_jump(&w->deps, w->index.event_at_ms);
        if (!w->jumped)
            return;
        now = qund_clock_now(w->deps.clock).ms;
        floor = floor_of(w);
    }
    put_time(w, now, floor);
    events = w->batch ? w->batch->n : 0;
    rc = qund_engine_apply(w->deps.engine, w->items, w->n, send ? &w->send : NULL);
    if (rc < 0) {
        qund_worker_failed(w, rc, began);
    } else {
        committed(w);
        qund_index_pace_keep_up(&w->index, events);
    }
    note_state(w, rc, rc < 0 ? 0 : floor);
}

static int wait_ms(struct qund_worker *w)
{
    int64_t now = qund_clock_now(w->deps.clock).ms;
    int64_t due = qund_engine_next_due(w->deps.engine, INT64_MAX);
    int64_t ms = TICK_MS;
    int claim = qund_claim_timeout_ms(w->claim);

    if (damaged(w))
        return TICK_MS;
    if (w->failing_since_ms)
        ms = w->retry_at_ms - qund_mono_now().ms;
    else if (w->jumped)
        ms = 0;
    else if (due - now < ms)
        ms = due > now ? due - now : JUDGE_MS;
    if (claim >= 0 && claim < ms)
        ms = claim;
    if (w->waiting && w->fetch_at_ms - qund_mono_now().ms < ms)
        ms = w->fetch_at_ms - qund_mono_now().ms;
    if (!w->failing_since_ms && qund_index_pace_wait_ms(&w->index) < ms)
        ms = qund_index_pace_wait_ms(&w->index);
    return ms < 0 ? 0 : (int)ms;
}

static void drain(int fd)
{
    uint64_t n;

    while (read(fd, &n, sizeof(n)) < 0 && errno == EINTR)
        ;
}

/* A moment after the stop nothing durable waits, so that the next start is not busy with it; a
 * long queue waits for that start. */
static bool done(struct qund_worker *w)
{
    struct qund_intake_state in;

    if (!atomic_load(&w->stop) || qund_mbox_len(w->commands) > 0)
        return false;
    if (w->stop_by_ms == 0)
        w->stop_by_ms = qund_mono_now().ms + STOP_MS;
    qund_intake_state(w->deps.intake, &in);
    return damaged(w) || qund_mono_now().ms >= w->stop_by_ms ||
           qund_entry_id_cmp(in.last_pushed, qund_engine_applied(w->deps.engine)) <= 0;
}

static void run(void *arg)
{
    struct qund_worker *w = arg;

    while (!done(w)) {
        struct pollfd p[3] = {{.fd = w->deps.wake_fd, .events = POLLIN},
                              {.fd = qund_mbox_fd(w->commands), .events = POLLIN},
                              {.fd = qund_claim_fd(w->claim), .events = POLLIN}};

        if (qund_claim_want_write(w->claim))
            p[2].events |= POLLOUT;
        if (w->batch)
            p[2].events &= (short)~POLLIN; /* one batch at a time while it cannot be committed */
        if (w->failing_since_ms && !qund_worker_refusing(w))
            p[1].fd = -1; /* commands wait for the next try */
        if (damaged(w)) {
            p[0].fd = p[2].fd = -1; /* entries stay where they are */
            p[1].fd = qund_mbox_fd(w->commands);
        }
        qund_ignore(poll(p, 3, wait_ms(w)));
        if (p[0].revents & POLLIN) {
            drain(w->deps.wake_fd);
            w->waiting = true;
        }
        if (w->waiting)
            fetch(w);
        turn(w);
        if (atomic_load(&w->stop) && w->failing_since_ms)
            break; /* what cannot be committed stays in the stream */
    }
}

static void stop_commands(struct qund_worker *w)
{
    qund_mbox_close(w->commands);
    refuse_all(w, "is closed: the program stops");
}

int qund_worker_open(const struct qund_worker_deps *deps, struct qund_worker **out,
                     struct qund_err *err)
{
    QUND_AUTO(qund_worker_close) struct qund_worker *w = qund_alloc(sizeof(*w));
    int rc;

    w->deps = *deps;
    w->reserve = (struct qund_reserve){.path = deps->reserve,
                                       .bytes = deps->reserve_bytes,
                                       .log = deps->log,
                                       .given = deps->reserve && access(deps->reserve, F_OK) != 0};
    w->state.reserve_out = w->reserve.given;
    pthread_mutex_init(&w->mtx, NULL);
    w->commands = qund_mbox_new(COMMANDS_MAX);
    w->apply = qund_metric_seconds(deps->metrics, "qund_apply_seconds",
                                   "From receipt to the commit of all effects");
    w->failed = qund_metric_counter(deps->metrics, "qund_commit_failures_total", NULL,
                                    "Transactions that were rolled back and tried again");
    qund_index_pace_init(&w->index, deps->engine, deps->index_behind, deps->metrics);
    rc = qund_claim_open(&deps->queue, &w->claim, err);
    if (rc < 0)
        return rc;
    *out = QUND_TAKE(w);
    return 0;
}

int qund_worker_start(struct qund_worker *w, struct qund_err *err)
{
    int rc = qund_thread_start(&w->thread, QUND_THREAD_ENGINE, run, w, err);

    w->started = rc == 0;
    return rc;
}

void qund_worker_hold(struct qund_worker *w)
{
    atomic_store(&w->hold, true);
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
