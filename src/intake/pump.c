/* src/intake/pump.c - the thread between the faces and the stream.
 *
 * It waits for requests and for Redis at once, and never for one of them alone. Four situations:
 *
 *     calm      Redis answers: what waits goes out as one pipeline; what comes meanwhile is the
 *               next
 *     late      no answer within reply_ms: the pipeline and all behind it go to the spool and are
 *               answered. The pipeline stays in flight: if its answer comes yet, those records are
 *               simply ticked off; if the line breaks they are sent again and recognised as repeats
 *     away      no connection: what waits goes to the spool after reply_ms
 *     draining  the spool is not empty: everything goes through it, in order, also when Redis is
 *               back. Only while its last records are in flight may requests wait for the end of it
 *
 * A request is answered (done) when all its entries are durable in either place. Entries keep their
 * order in every change between the situations: a list of requests, of which a prefix is answered
 * and a longer prefix is in flight. */
#include "core/file.h"
#include "core/thread.h"
#include "intake/intake_parts.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

enum {
    DRAIN_MS = 5000,        /* nobody waits for these answers */
    PAUSE_MS = 200,         /* after Redis refused records of the spool */
    LOOK_MS = 1000,         /* between looks at a stream that seems full */
    DAMAGE_MS = 2000,       /* between looks for files set aside, or moved away by a person */
    PROBE_MS = 250,         /* between tries of a disk that was full */
    PROBE_BYTES = 64 << 10, /* room for less is none */
    PIPELINE_BYTES = 4 << 20,
    SPOOL_CHUNK = 4 << 20,
    SPOOL_KEPT = 64 << 10 /* of the room to frame in */
};

static struct qund_intake_req *req_of(struct qund_node *n)
{
    return n ? QUND_CONTAINER(n, struct qund_intake_req, node) : NULL;
}

static struct qund_str body_of(const struct qund_intake_req *r, size_t i)
{
    size_t from = i > 0 ? r->ends[i - 1] : 0;

    return qund_str_n(r->bytes.p + from, r->ends[i] - from);
}

static bool spooling(const struct qund_intake *in)
{
    return qund_spool_events(in->spool) > 0;
}

/* ---- answering ---- */

/* The first request leaves the list. Its owner may free it in done. */
static void answer_first(struct qund_intake *in, int rc)
{
    struct qund_intake_req *r = req_of(in->first);

    in->first = r->node.next;
    if (!in->first)
        in->tail = &in->first;
    if (in->next == r) {
        in->next = req_of(in->first);
        in->next_entry = 0;
    }
    pthread_mutex_lock(&in->books.mtx);
    in->books.held_events -= (int64_t)r->n;
    in->books.held_bytes -= (int64_t)r->bytes.n;
    pthread_mutex_unlock(&in->books.mtx);
    qund_books_release(&in->books, &r->hold);
    qund_counter_add(rc == QUND_OK ? in->m.accepted : in->m.refused, (int64_t)r->n);
    r->rc = rc;
    r->done(r, r->arg);
}

/* The n oldest entries in flight are durable. */
static void answered(struct qund_intake *in, size_t n)
{
    qund_assert(n <= in->live);
    in->live -= n;
    while (n > 0) {
        struct qund_intake_req *r = req_of(in->first);
        size_t k = r->n - r->answered;

        k = k < n ? k : n;
        r->answered += k;
        n -= k;
        if (r->answered == r->n)
            answer_first(in, QUND_OK);
    }
    qund_ignore(QUND_FAULT("answered"));
}

/* Nothing is in flight any more: what was and is not answered has to go again. */
static void rewind_live(struct qund_intake *in)
{
    if (in->live > 0)
        in->since = in->sent; /* they have waited since then */
    in->live = 0;
    in->next = req_of(in->first);
    in->next_entry = in->next ? in->next->answered : 0;
}

/* ---- the spool ---- */

/* Frames whole requests from the first on, up to a chunk; *n entries in *count requests. */
static void frame_some(struct qund_intake *in, int64_t low, size_t *n, size_t *count)
{
    int64_t room = qund_spool_room(in->spool);

    qund_buf_clear(&in->mem);
    *n = *count = 0;
    for (struct qund_intake_req *r = req_of(in->first); r; r = req_of(r->node.next)) {
        size_t left = r->n - r->answered;
        int64_t size = (int64_t)(in->mem.n + r->bytes.n + left * QUND_SPOOL_HEAD);

        if (size > room || (*count > 0 && size > SPOOL_CHUNK))
            return;
        for (size_t i = r->answered; i < r->n; i++)
            qund_spool_frame(&in->mem, low, body_of(r, i));
        *n += left;
        ++*count;
    }
}

void qund_intake_book_spool(struct qund_intake *in)
{
    int64_t low = qund_spool_low(in->spool);

    pthread_mutex_lock(&in->books.mtx);
    in->books.spool_low = low;
    in->books.spool_events = qund_spool_events(in->spool);
    in->books.spool_bytes = qund_spool_bytes(in->spool);
    pthread_mutex_unlock(&in->books.mtx);
}

void qund_intake_book_damage(struct qund_intake *in)
{
    char first[QUND_SPOOL_NAME];
    int n = qund_spool_damaged(in->o.spool_dir, first);

    in->damage_looked = qund_mono_now();
    if (n < 0)
        return;
    qund_books_damage(&in->books, n, first);
    qund_counter_set(in->m.spool_damaged, n);
}

/* Told in /readyz: the latest events could (0) or could not be kept anywhere. */
static void note_disk(struct qund_intake *in, int why)
{
    if (in->disk_errno != why)
        qund_books_disk(&in->books, why);
    in->disk_errno = why;
}

/* All requests go to the spool, or are refused. A pipeline in flight becomes the first records of
 * the spool in flight, if all of it could be written. */
static void to_spool(struct qund_intake *in)
{
    size_t in_flight = in->live, written = 0;
    int64_t low = qund_books_low(&in->books);
    bool was_empty = !spooling(in), whole = true;

    in->live = 0;
    if (was_empty && qund_log_allow(&in->gate, qund_mono_now().ms, 6))
        qund_log(in->o.log, QUND_WARN, "intake.spooling", QUND_KV("in_flight", (int64_t)in_flight),
                 QUND_KV("left_out", in->gate.left_out));
    while (in->first) {
        size_t n, count;
        int rc;

        frame_some(in, low, &n, &count);
        rc = count > 0 ? qund_spool_write(in->spool, qund_buf_view(&in->mem), n) : QUND_E_FULL;
        written += rc == QUND_OK ? n : 0;
        whole = whole && (rc == QUND_OK || written >= in_flight);
        qund_intake_book_spool(in);
        if (count > 0)
            note_disk(in, rc == QUND_OK ? 0 : qund_spool_trouble(in->spool));
        for (count = count > 0 ? count : 1; count > 0; count--)
            answer_first(in, rc);
    }
    if (in->mem.cap > SPOOL_KEPT)
        qund_buf_done(&in->mem); /* a burst's megabytes are not kept for the next one */
    if (in_flight > 0 && was_empty && whole)
        in->draining = in_flight;
    else if (in_flight > 0)
        qund_push_drop(in->push, "its entries could not be spooled");
}

/* ---- Redis ---- */

static void signal_engine(struct qund_intake *in)
{
    uint64_t one = 1;

    if (in->o.engine_fd >= 0)
        while (write(in->o.engine_fd, &one, sizeof(one)) < 0 && errno == EINTR)
            ; /* full (EAGAIN): it is readable, which is all it says */
}

static void send_bodies(struct qund_intake *in, size_t n)
{
    in->largest = 0;
    for (size_t i = 0; i < n; i++)
        if (in->bodies[i].n > in->largest)
            in->largest = in->bodies[i].n;
    in->sent = qund_mono_now();
    in->sent_us = qund_mono_us();
    qund_assert(qund_push_send(in->push, in->bodies, n) == QUND_OK);
}

static void send_live(struct qund_intake *in)
{
    size_t n = 0, bytes = 0;

    while (in->next && n < QUND_BATCH_MAX && bytes < PIPELINE_BYTES) {
        in->bodies[n] = body_of(in->next, in->next_entry);
        bytes += in->bodies[n++].n;
        if (++in->next_entry == in->next->n) {
            in->next = req_of(in->next->node.next);
            in->next_entry = 0;
        }
    }
    in->live = n;
    send_bodies(in, n);
    in->since = in->sent; /* what is left waits for this one */
}

static void send_spooled(struct qund_intake *in)
{
    size_t n = qund_spool_peek(in->spool, &in->mem, in->bodies, QUND_BATCH_MAX, PIPELINE_BYTES);

    if (n > 0)
        send_bodies(in, n);
    else if (spooling(in)) /* it cannot be read now */
        in->pause.ms = qund_mono_now().ms + PAUSE_MS;
    in->draining = n;
    qund_intake_book_spool(in);
}

static void on_answered(struct qund_intake *in, const struct qund_push_news *news)
{
    qund_books_pushed(&in->books, news->last, news->answered, in->largest);
    qund_histogram_add_us(in->m.push, qund_mono_us() - in->sent_us, (int64_t)news->answered);
    note_disk(in, 0);
    signal_engine(in);
    qund_ignore(QUND_FAULT("pushed")); /* only its crash and stall mean something here */
    if (in->draining > 0) {
        qund_spool_advance(in->spool, news->answered);
        in->draining -= news->answered;
        qund_intake_book_spool(in);
    } else {
        answered(in, news->answered);
    }
}

/* Redis took no more of the batch. Full memory is answered as such: the engine will make room. For
 * anything else (loading, a disk error of its own) there is the spool. */
static void on_refused(struct qund_intake *in, int rc)
{
    if (qund_log_allow(&in->gate, qund_mono_now().ms, 6))
        qund_log(in->o.log, QUND_WARN, "intake.refused", QUND_KV("rc", qund_rc_name(rc)),
                 QUND_KV("left_out", in->gate.left_out));
    in->pause.ms = qund_mono_now().ms + PAUSE_MS;
    if (in->draining > 0) {
        in->draining = 0;
        return;
    }
    if (rc != QUND_E_FULL) {
        rewind_live(in);
        to_spool(in);
        return;
    }
    qund_books_refused(&in->books);
    while (in->live > 0) { /* whole requests: a part of one would be a lie */
        size_t k = req_of(in->first)->n - req_of(in->first)->answered;

        in->live -= k < in->live ? k : in->live;
        answer_first(in, QUND_E_FULL);
    }
    rewind_live(in);
}

static void on_greeted(struct qund_intake *in, const struct qund_push_news *news)
{
    struct qund_entry_id before = in->books.last_id;
    char ends[QUND_ENTRY_ID_CHARS], pushed[QUND_ENTRY_ID_CHARS];

    in->looked = qund_mono_now();
    if (qund_books_looked(&in->books, news->stream_last, news->waiting)) {
        qund_entry_id_print(news->stream_last, ends);
        qund_entry_id_print(before, pushed);
        qund_log(in->o.log, QUND_ERROR, "queue.cut", QUND_KV("stream_ends_at", &ends[0]),
                 QUND_KV("answered_up_to", &pushed[0]),
                 QUND_KV("meaning", "Redis lost acknowledged events between these two ids; those "
                                    "not yet applied are unknown"));
    }
    signal_engine(in);
}

static void hear_redis(struct qund_intake *in)
{
    struct qund_push_news news;

    qund_push_poll(in->push, &news);
    if (news.greeted)
        on_greeted(in, &news);
    if (news.answered > 0)
        on_answered(in, &news);
    if (news.refused < 0)
        on_refused(in, news.refused);
    if (news.lost) {
        in->draining = 0;
        rewind_live(in);
    }
}

/* ---- what to do next ---- */

static bool late(struct qund_mono from, int ms)
{
    return qund_mono_now().ms - from.ms >= ms;
}

static void decide_spooling(struct qund_intake *in)
{
    bool ending = in->draining > 0 && (int64_t)in->draining == qund_spool_events(in->spool) &&
                  !late(in->sent, in->o.reply_ms);

    if (in->draining > 0 && late(in->sent, DRAIN_MS)) {
        qund_push_drop(in->push, "no reply in time");
        in->draining = 0;
    }
    if (in->first && !ending)
        to_spool(in);
    if (in->draining == 0 && spooling(in) && qund_push_ready(in->push) && late(in->pause, 0))
        send_spooled(in);
}

static void decide(struct qund_intake *in)
{
    if (in->live > 0) {
        if (late(in->sent, in->o.reply_ms))
            to_spool(in);
        return;
    }
    if (spooling(in)) {
        decide_spooling(in);
        return;
    }
    if (in->draining > 0) { /* its records could not be read back, so nobody waits for it */
        qund_push_drop(in->push, "the spool was given up");
        in->draining = 0;
    }
    if (in->next && qund_push_ready(in->push))
        send_live(in);
    else if (in->next && late(in->since, in->o.reply_ms))
        to_spool(in);
}

static bool disk_has_room(const struct qund_intake *in)
{
    static const char zeros[PROBE_BYTES];
    QUND_AUTO(qund_free_str) char *path = qund_path_join(in->o.spool_dir, "probe");
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0 && pwrite(fd, zeros, sizeof(zeros), 0) == (ssize_t)sizeof(zeros) &&
                fdatasync(fd) == 0;

    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    return good;
}

/* Senders keep away from a daemon that is not ready, so it must find out by itself that there is
 * room again. */
static void probe_disk(struct qund_intake *in)
{
    if (!late(in->probed, PROBE_MS))
        return;
    in->probed = qund_mono_now();
    if (disk_has_room(in))
        note_disk(in, 0);
}

/* A stream that seems full is looked at again: entries may have gone without the engine's word. */
static void look_again(struct qund_intake *in)
{
    int64_t waiting;

    pthread_mutex_lock(&in->books.mtx);
    waiting = in->books.waiting;
    pthread_mutex_unlock(&in->books.mtx);
    if (in->disk_errno)
        probe_disk(in);
    if (waiting >= in->o.max_waiting && late(in->looked, LOOK_MS)) {
        in->looked = qund_mono_now();
        qund_push_ask(in->push);
    }
    if (late(in->damage_looked, DAMAGE_MS))
        qund_intake_book_damage(in);
    qund_counter_set(in->m.waiting, waiting);
    qund_counter_set(in->m.spool_events, qund_spool_events(in->spool));
    qund_counter_set(in->m.spool_bytes, qund_spool_bytes(in->spool));
}

static void take_mail(struct qund_intake *in)
{
    struct qund_node *n = qund_mbox_take_all(in->mbox);

    if (!n)
        return;
    if (!in->next) {
        in->next = req_of(n);
        in->next_entry = 0;
        in->since = qund_mono_now();
    }
    *in->tail = n;
    while (n->next)
        n = n->next;
    in->tail = &n->next;
}

static void sooner(int *ms, struct qund_mono from, int64_t after)
{
    int64_t left = from.ms + after - qund_mono_now().ms;

    left = left > 0 ? left : 0;
    if (*ms < 0 || left < *ms)
        *ms = (int)left;
}

static int timeout(struct qund_intake *in)
{
    int ms = qund_push_timeout_ms(in->push);

    if (in->live > 0 || (in->draining > 0 && in->first))
        sooner(&ms, in->sent, in->o.reply_ms);
    if (in->draining > 0)
        sooner(&ms, in->sent, DRAIN_MS);
    else if (in->live == 0 && in->next)
        sooner(&ms, in->since, in->o.reply_ms);
    if (in->draining == 0 && spooling(in) && qund_push_ready(in->push))
        sooner(&ms, in->pause, 0);
    if (in->disk_errno)
        sooner(&ms, in->probed, PROBE_MS);
    return ms < 0 || ms > LOOK_MS ? LOOK_MS : ms; /* a look now and then, also for /metrics */
}

void qund_intake_run(void *arg)
{
    struct qund_intake *in = arg;

    while (!atomic_load(&in->stop) || in->first || qund_mbox_len(in->mbox) > 0) {
        struct pollfd p[2] = {{.fd = qund_mbox_fd(in->mbox), .events = POLLIN},
                              {.fd = qund_push_fd(in->push), .events = POLLIN}};

        if (qund_push_want_write(in->push))
            p[1].events |= POLLOUT;
        if (poll(p, 2, timeout(in)) < 0)
            qund_assert(errno == EINTR);
        take_mail(in);
        hear_redis(in);
        qund_books_redis(&in->books, qund_push_up(in->push), qund_push_risk(in->push));
        qund_counter_set(in->m.up, qund_push_up(in->push));
        decide(in);
        look_again(in);
    }
}
