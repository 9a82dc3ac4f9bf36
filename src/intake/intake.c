/* src/intake/intake.c - what the faces and the engine see of intake: hand in, floor, state, life.
 *
 * A request is taken or refused at once, by the books alone: how much is held, how much waits in
 * the stream and in the spool. What is taken is the thread's (pump.c), which answers it when it is
 * durable. The books have a lock of their own, so that nobody here ever waits for Redis or a disk.
 */
#include "core/thread.h"
#include "intake/intake_parts.h"
#include <stdio.h>

enum {
    REPLY_MS = 100,
    SPOOL_MAX = 256 << 20,
    WAITING_MAX = 1000000,
    EVENTS_MAX = 65536,
    BYTES_MAX = 64 << 20
};

int qund_intake_submit(struct qund_intake *in, struct qund_intake_req *r)
{
    struct qund_books *b = &in->books;
    int64_t n = (int64_t)r->n, bytes = (int64_t)r->bytes.n;
    int rc = QUND_OK;

    qund_assert(r->n > 0 && r->done);
    r->answered = 0;
    r->rc = QUND_OK;
    qund_books_hold(b, &r->hold);
    pthread_mutex_lock(&b->mtx);
    if ((in->o.gone && atomic_load(in->o.gone)) ||
        (b->held_events > 0 && b->held_events + n > in->o.max_events) ||
        (b->held_bytes > 0 && b->held_bytes + bytes > in->o.max_bytes) ||
        b->waiting >= in->o.max_waiting ||
        (b->spool_events > 0 && b->spool_bytes + b->held_bytes + bytes > in->o.spool_max))
        rc = QUND_E_FULL;
    if (rc == QUND_OK) {
        b->held_events += n;
        b->held_bytes += bytes;
    }
    pthread_mutex_unlock(&b->mtx);
    if (rc < 0) {
        qund_counter_add(in->m.refused, n);
        return rc;
    }
    qund_mbox_put_always(in->mbox, &r->node); /* bounded by the books */
    return QUND_OK;
}

int64_t qund_intake_hold(struct qund_intake *in, struct qund_hold *h)
{
    return qund_books_hold(&in->books, h);
}

void qund_intake_release(struct qund_intake *in, struct qund_hold *h)
{
    qund_books_release(&in->books, h);
}

int qund_intake_floor(struct qund_intake *in, int64_t *rx_ms, struct qund_entry_id *last_id)
{
    return qund_books_floor(&in->books, rx_ms, last_id);
}

void qund_intake_applied(struct qund_intake *in, struct qund_entry_id last, size_t n)
{
    qund_books_applied(&in->books, last, n);
}

size_t qund_intake_largest(struct qund_intake *in)
{
    size_t n;

    pthread_mutex_lock(&in->books.mtx);
    n = in->books.largest;
    pthread_mutex_unlock(&in->books.mtx);
    return n;
}

void qund_intake_state(struct qund_intake *in, struct qund_intake_state *out)
{
    struct qund_books *b = &in->books;

    pthread_mutex_lock(&b->mtx);
    *out = (struct qund_intake_state){
        .redis_up = b->redis_up,
        .full = b->refused || b->held_events >= in->o.max_events ||
                b->held_bytes >= in->o.max_bytes || b->waiting >= in->o.max_waiting ||
                b->spool_bytes >= in->o.spool_max,
        .waiting = b->waiting,
        .held_events = b->held_events,
        .held_bytes = b->held_bytes,
        .spool_events = b->spool_events,
        .spool_bytes = b->spool_bytes,
        .last_pushed = b->last_id,
        .stream_cut = b->stream_cut,
        .cut_from = b->cut_from,
        .cut_to = b->cut_to,
        .down_ms = b->down_since > 0 ? qund_mono_now().ms - b->down_since : 0,
        .disk_errno = b->disk_errno,
        .spool_damaged = b->spool_damaged,
        .risk = b->risk,
    };
    snprintf(out->spool_damaged_name, sizeof(out->spool_damaged_name), "%s", b->spool_damaged_name);
    pthread_mutex_unlock(&b->mtx);
}

/* ---- life ---- */

static void set_defaults(struct qund_intake_opts *o)
{
    o->reply_ms = o->reply_ms > 0 ? o->reply_ms : REPLY_MS;
    o->spool_max = o->spool_max > 0 ? o->spool_max : SPOOL_MAX;
    o->max_waiting = o->max_waiting > 0 ? o->max_waiting : WAITING_MAX;
    o->max_events = o->max_events > 0 ? o->max_events : EVENTS_MAX;
    o->max_bytes = o->max_bytes > 0 ? o->max_bytes : BYTES_MAX;
}

static void make_metrics(struct intake_metrics *m, struct qund_metrics *r)
{
    m->accepted = qund_metric_counter(r, "qund_events_accepted_total", NULL,
                                      "Entries that became durable and were answered");
    m->refused =
        qund_metric_counter(r, "qund_events_refused_total", "why=\"bound\"",
                            "Requests with an event that failed a check; events pushed back");
    m->waiting = qund_metric_gauge(r, "qund_queue_waiting", NULL,
                                   "Entries in the stream that are not applied");
    m->spool_events = qund_metric_gauge(r, "qund_spool_events", NULL, "Entries in the spool");
    m->spool_bytes = qund_metric_gauge(r, "qund_spool_bytes", NULL, "Bytes in the spool");
    m->spool_damaged =
        qund_metric_gauge(r, "qund_spool_damaged_files", NULL,
                          "Spool files that could not be read and wait for a person");
    m->up = qund_metric_gauge(r, "qund_redis_up", NULL, "1 when Redis answers");
    m->push = qund_metric_seconds(r, "qund_push_seconds", "From sending an entry to its answer");
}

static void release(struct qund_intake *in)
{
    qund_push_close(in->push);
    qund_spool_close(in->spool);
    qund_mbox_free(in->mbox);
    qund_books_done(&in->books);
    qund_buf_done(&in->mem);
    qund_free(in);
}

int qund_intake_open(const struct qund_intake_opts *o, struct qund_intake **out,
                     struct qund_err *err)
{
    struct qund_intake *in = qund_alloc(sizeof(*in));
    struct qund_queue_opts q = {.addr = o->addr, .log = o->log, .metrics = o->metrics};
    int rc;

    in->o = *o;
    set_defaults(&in->o);
    in->tail = &in->first;
    in->mbox = qund_mbox_new(SIZE_MAX);
    qund_books_init(&in->books, o->clock);
    make_metrics(&in->m, o->metrics);
    rc = qund_spool_open(o->spool_dir, in->o.spool_max, o->log, &in->spool, err);
    if (rc == 0) {
        qund_intake_book_spool(in);
        qund_intake_book_damage(in);
        rc = qund_push_open(&q, &in->push, err);
    }
    if (rc == 0)
        rc = qund_thread_start(&in->thread, QUND_THREAD_INTAKE, qund_intake_run, in, err);
    if (rc < 0) {
        release(in);
        return rc;
    }
    *out = in;
    return QUND_OK;
}

struct qund_intake *qund_intake_close(struct qund_intake *in)
{
    if (!in)
        return NULL;
    atomic_store(&in->stop, true);
    qund_mbox_wake(in->mbox);
    pthread_join(in->thread, NULL);
    release(in);
    return NULL;
}
