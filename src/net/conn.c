/* conn.c - one HTTP connection: bytes to requests, in turn.
 *
 *   idle -> head -> top -> body -> busy -> write -> idle …          (keep-alive)
 *                    |       |       \-> stream -> write
 *                    \-------\--- refused -> write -> linger -> closed
 *
 * A connection works on one request at a time; what a peer sends ahead waits in its socket, and at
 * most one buffer's worth of it here. The buffer holds head and body of the request in hand, and
 * the request's strings point into it, so nothing is read while a handler has the request:
 * readiness is then simply not asked for. A body that comes in chunks is moved together as it
 * comes, so that head, body and whatever follows lie there as if its length had been said at once.
 *
 * A peer may go while its request is with the intake or a reader. The connection then loses its
 * socket but stays (gone) until the handler answers; the answer goes nowhere.
 *
 * After a refusal the peer is often still sending. Closing at once would make its kernel throw our
 * answer away (a reset), so the writing side is shut and the rest is read and dropped for a moment:
 * linger. */
#include "net/conn.h"
#include "core/clock.h"
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    FIRST_BYTES = 4096,    /* of the input buffer: a head and a small event */
    KEEP_BYTES = 64 << 10, /* a larger buffer is given back after the request */
    LINGER_MS = 2000,
    IDLE_BUFFER_MS = 2000 /* an idle connection keeps its buffer that long */
};

static void process(struct conn *c);

int64_t qund_conn_now(const struct qund_server *s)
{
    return (int64_t)uv_now(qund_loop_uv(s->loop));
}

static void set_deadline(struct conn *c, int64_t after_ms)
{
    c->deadline_ms = qund_conn_now(c->server) + after_ms;
}

static void on_poll(uv_poll_t *p, int status, int events);

void qund_conn_watch(struct conn *c, int events)
{
    if (c->events == events || c->fd < 0)
        return;
    c->events = events;
    if (events == 0)
        uv_poll_stop(&c->poll);
    else
        qund_assert(uv_poll_start(&c->poll, events, on_poll) == 0);
}

static void begin_active(struct conn *c)
{
    c->active = true;
    c->server->busy++;
    c->req.start_us = qund_mono_us();
}

static void end_active(struct conn *c)
{
    if (c->active && c->server)
        c->server->busy--;
    c->active = false;
}

/* Freed when neither libuv nor a handler knows it any more. */
static void release(struct conn *c)
{
    if (!c->handle_closed || c->owed)
        return;
    if (c->prev)
        c->prev->next = c->next;
    else if (c->server)
        c->server->conns = c->next;
    if (c->next)
        c->next->prev = c->prev;
    qund_buf_done(&c->in);
    qund_buf_done(&c->out);
    qund_free(c);
}

static void on_handle_closed(uv_handle_t *h)
{
    struct conn *c = QUND_CONTAINER(h, struct conn, poll);

    c->handle_closed = true;
    release(c);
}

static void give_back_body(struct conn *c)
{
    if (c->server)
        c->server->bodies -= c->body_held;
    c->body_held = 0;
}

int qund_conn_detach(struct conn *c)
{
    struct qund_server *s = c->server;
    int fd = c->fd;

    qund_assert(fd >= 0);
    qund_conn_watch(c, 0);
    c->fd = -1;
    c->state = CONN_GONE;
    s->n_conns--;
    qund_counter_set(s->count.open, s->n_conns);
    if (c->counted_peer)
        qund_peers_drop(&s->peers, &c->peer_key);
    c->counted_peer = false;
    give_back_body(c);
    if (!c->owed)
        end_active(c);
    uv_close((uv_handle_t *)&c->poll, on_handle_closed);
    if (c->owed && c->wants_drained && c->drained) {
        c->wants_drained = false;
        c->drained(c->drained_arg); /* it waits; its next write tells it that the peer is gone */
    }
    return fd;
}

void qund_conn_answered_late(struct conn *c)
{
    c->owed = false;
    end_active(c);
    release(c);
}

void qund_conn_close(struct conn *c)
{
    if (c->fd >= 0)
        close(qund_conn_detach(c));
}

void qund_conn_new(struct qund_server *s, int fd, const struct qund_peer *peer,
                   const struct qund_peer_key *key)
{
    struct conn *c = qund_alloc(sizeof(*c));

    c->server = s;
    c->fd = fd;
    c->req.peer = *peer;
    if (key) {
        c->peer_key = *key;
        c->counted_peer = true;
    }
    if (uv_poll_init(qund_loop_uv(s->loop), &c->poll, fd) != 0) {
        /* Only when the kernel refuses to watch one more descriptor. */
        if (key)
            qund_peers_drop(&s->peers, key);
        qund_counter_add(s->count.accept_failed, 1);
        close(fd);
        qund_free(c);
        return;
    }
    c->next = s->conns;
    if (c->next)
        c->next->prev = c;
    s->conns = c;
    s->n_conns++;
    qund_counter_set(s->count.open, s->n_conns);
    /* The first request has to come soon; later ones may take idle_ms. */
    set_deadline(c, s->cfg.header_ms);
    qund_conn_watch(c, UV_READABLE);
}

static void linger(struct conn *c)
{
    c->state = CONN_LINGER;
    shutdown(c->fd, SHUT_WR);
    set_deadline(c, LINGER_MS);
    qund_conn_watch(c, UV_READABLE);
}

/* The bytes of the request that was answered make place for what was sent behind it. */
static void consume(struct conn *c)
{
    size_t used = c->head_n + (size_t)c->req.head.content_length;

    used = used < c->in.n ? used : c->in.n;
    if (used < c->in.n)
        memmove(c->in.p, c->in.p + used, c->in.n - used);
    c->in.n -= used;
    if (c->in.n == 0 && c->in.cap > KEEP_BYTES)
        qund_buf_done(&c->in);
    c->scanned = c->head_n = 0;
}

void qund_conn_answered(struct conn *c)
{
    struct qund_server *s = c->server;

    give_back_body(c);
    end_active(c);
    if (c->stream_cut) {
        qund_conn_close(c);
        return;
    }
    if (c->close_after || s->draining) {
        linger(c);
        return;
    }
    consume(c);
    c->state = CONN_IDLE;
    set_deadline(c, s->cfg.idle_ms);
    qund_conn_watch(c, UV_READABLE);
    if (c->in.n > 0 && !c->in_process)
        process(c);
}

/* Reading the body may have moved the buffer: the same bytes, parsed again, give the same head. */
static void rebase(struct conn *c, const char *before)
{
    struct qund_http1_fault fault;
    size_t scanned = 0;

    if (c->in.p != before)
        qund_assert(qund_http1_parse(qund_str_n(c->in.p, c->head_n), c->head_n + 1, &scanned,
                                     &c->req.head, &fault) == (int)c->head_n);
}

/* length: of a whole body, or the least that one in chunks is going to have. */
static void refuse_large(struct conn *c, size_t length)
{
    char why[160];

    qund_counter_add(c->server->count.body_too_large, 1);
    snprintf(why, sizeof(why), "the body has %zu bytes%s, this path takes at most %zu%s%s%s",
             length, c->chunks_to_come ? " or more" : "", c->req.body_max,
             c->req.body_key ? " (" : "", c->req.body_key ? c->req.body_key : "",
             c->req.body_key ? "); send it in parts, or raise that" : "");
    qund_conn_refuse(c, 413, why);
}

/* Room for so many bytes more of a body, out of what all of them may have together. */
static bool hold_body(struct conn *c, size_t more)
{
    struct qund_server *s = c->server;

    if (s->bodies + more > s->cfg.bodies_max) {
        qund_counter_add(s->count.bodies_full, 1);
        qund_conn_refuse(c, 503, "too many large requests at once; try again");
        return false;
    }
    s->bodies += more;
    c->body_held += more;
    return true;
}

static void await_body(struct conn *c)
{
    set_deadline(c, c->server->cfg.body_ms);
    if (c->req.head.expect_continue) {
        qund_buf_puts(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
        qund_conn_flush(c);
    }
}

static void begin_body(struct conn *c)
{
    size_t length = (size_t)c->req.head.content_length;
    size_t whole = c->head_n + length;
    const char *before = c->in.p;

    if (length > c->req.body_max) {
        refuse_large(c, length);
        return;
    }
    if (whole > FIRST_BYTES && !hold_body(c, length))
        return;
    c->state = CONN_BODY;
    if (c->chunks_to_come)
        await_body(c); /* read_chunks makes room, as far as they come */
    if (c->chunks_to_come || c->in.n >= whole)
        return;
    qund_buf_reserve(&c->in, whole - c->in.n);
    rebase(c, before);
    await_body(c);
}

/* The chunks that are at hand join the body. Whole: as if Content-Length had said it. */
static void read_chunks(struct conn *c)
{
    size_t at = c->head_n + c->chunk.total, used, made;
    struct qund_http1_fault fault;
    int rc = qund_chunk_read(&c->chunk, c->in.p + at, c->in.n - at, c->req.body_max, &used, &made,
                             &fault);

    memmove(c->in.p + at + made, c->in.p + at + used, c->in.n - at - used);
    c->in.n -= used - made;
    if (rc == QUND_E_FULL) {
        refuse_large(c, c->chunk.total + c->chunk.left);
    } else if (rc < 0) {
        qund_counter_add(c->server->count.bad_head, 1);
        qund_conn_refuse(c, fault.status, fault.why);
    } else if (rc > 0) {
        c->req.head.content_length = (int64_t)c->chunk.total;
        c->chunks_to_come = false;
    }
}

static void begin_request(struct conn *c)
{
    struct qund_server *s = c->server;

    begin_active(c);
    c->state = CONN_TOP;
    c->req.body = QUND_STR_NONE;
    c->req.body_max = s->cfg.body_max;
    c->req.body_key = NULL;
    c->req.user = NULL;
    c->req.grant = 0;
    c->close_after = !c->req.head.keep_alive;
    c->chunk = (struct qund_chunk){0};
    c->chunks_to_come = c->req.head.chunked;
    c->owed = true;
    s->ops.head(s->arg, &c->req);
    if (c->state == CONN_TOP) {
        c->owed = false;
        begin_body(c);
    }
}

/* There is no request yet: what the parser left behind must not be read as one. */
static void refuse_head(struct conn *c, int status, const char *why)
{
    memset(&c->req.head, 0, sizeof(c->req.head));
    c->req.head.method = QUND_METHOD_OTHER;
    begin_active(c);
    qund_conn_refuse(c, status, why);
}

static void read_head(struct conn *c)
{
    struct qund_http1_fault fault;
    struct qund_server *s = c->server;
    int n;

    n = qund_http1_parse(qund_buf_view(&c->in), s->cfg.header_max, &c->scanned, &c->req.head,
                         &fault);
    if (n == 0) {
        if (c->state == CONN_IDLE)
            set_deadline(c, s->cfg.header_ms);
        c->state = CONN_HEAD;
        return;
    }
    if (n < 0) {
        qund_counter_add(s->count.bad_head, 1);
        refuse_head(c, fault.status, fault.why);
        return;
    }
    c->head_n = (size_t)n;
    begin_request(c);
}

/* As far as the bytes at hand go. Each round either returns or ends one request, so it is bounded
 * by what the buffer holds. */
static void process(struct conn *c)
{
    c->in_process = true;
    for (;;) {
        if ((c->state == CONN_IDLE && c->in.n > 0) || c->state == CONN_HEAD)
            read_head(c);
        if (c->state == CONN_BODY && c->chunks_to_come)
            read_chunks(c);
        if (c->state == CONN_BODY) {
            size_t length = (size_t)c->req.head.content_length;

            if (c->chunks_to_come || c->in.n - c->head_n < length)
                break;
            c->state = CONN_BUSY;
            c->deadline_ms = 0;
            c->req.body = qund_str_n(c->in.p + c->head_n, length);
            c->owed = true;
            c->server->ops.request(c->server->arg, &c->req);
        }
        if (c->state != CONN_IDLE || c->in.n == 0)
            break;
    }
    c->in_process = false;
}

/* False: there is none, and that was answered. */
static bool make_room(struct conn *c)
{
    const char *before = c->in.p;

    if (c->in.cap == 0) {
        qund_buf_reserve(&c->in, FIRST_BYTES - 1); /* the buffer adds its own final NUL */
    } else if (c->in.cap - c->in.n < 2) {
        if (c->state == CONN_BODY && !hold_body(c, c->in.cap))
            return false;
        qund_buf_reserve(&c->in, c->in.cap);
        if (c->state == CONN_BODY)
            rebase(c, before);
    }
    return true;
}

static void read_some(struct conn *c)
{
    ssize_t n;

    if (!make_room(c))
        return;
    n = recv(c->fd, c->in.p + c->in.n, c->in.cap - c->in.n - 1, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        qund_conn_close(c);
        return;
    }
    c->in.n += (size_t)n;
    process(c);
}

/* What lies in the socket's buffer has reached us: it is answered, and not cut off by a close. */
void qund_conn_drain(struct conn *c)
{
    if (c->state == CONN_IDLE)
        read_some(c);
    if (c->state == CONN_IDLE)
        qund_conn_close(c);
}

static void drop_some(struct conn *c)
{
    char waste[16 << 10];
    ssize_t n = recv(c->fd, waste, sizeof(waste), 0);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        qund_conn_close(c);
}

static void on_poll(uv_poll_t *p, int status, int events)
{
    struct conn *c = QUND_CONTAINER(p, struct conn, poll);

    /* A broken socket shows as an error of recv or send, in the state where it matters. */
    if (status < 0)
        events = UV_READABLE | UV_WRITABLE;
    if ((events & UV_WRITABLE) && c->out.n > c->out_at)
        qund_conn_flush(c);
    if (!(events & UV_READABLE) || c->fd < 0)
        return;
    switch (c->state) {
    case CONN_IDLE:
    case CONN_HEAD:
    case CONN_BODY:
        read_some(c);
        break;
    case CONN_LINGER:
        drop_some(c);
        break;
    case CONN_TOP:
    case CONN_BUSY:
    case CONN_STREAM:
    case CONN_WRITE:
        qund_conn_watch(c, c->events & ~UV_READABLE); /* sent ahead: later */
        break;
    case CONN_GONE:
        break;
    }
}

void qund_conn_check_deadline(struct conn *c, int64_t now_ms)
{
    struct qund_server *s = c->server;

    if (c->state == CONN_IDLE && c->in.cap > 0 && c->in.n == 0 &&
        now_ms > c->deadline_ms - s->cfg.idle_ms + IDLE_BUFFER_MS)
        qund_buf_done(&c->in);
    if (c->deadline_ms == 0 || now_ms < c->deadline_ms)
        return;
    if (c->state != CONN_IDLE && c->state != CONN_LINGER)
        qund_counter_add(s->count.timeouts, 1);
    if (c->state == CONN_HEAD)
        refuse_head(c, 408, "the head did not come in time");
    else if (c->state == CONN_BODY)
        qund_conn_refuse(c, 408, "the body did not come in time");
    else
        qund_conn_close(c);
}
