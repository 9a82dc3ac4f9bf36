/* answer.c - answers: status line, headers, body; whole or in pieces.
 *
 * An answer is put together in the connection's output buffer and sent at once; only what the
 * socket does not take waits for it to become writable. A peer that reads slowly holds at most one
 * answer (or stream_max of a streamed one) and loses its connection when it takes nothing for
 * write_ms.
 *
 * The security headers are the same on every answer: nothing of ours is meant for a cache, a frame
 * or a guess at its type. */
#include "core/clock.h"
#include "core/thread.h"
#include "net/conn.h"
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

enum { KEEP_BYTES = 64 << 10 };

static const char SECURITY[] = "Cache-Control: no-store\r\n"
                               "X-Content-Type-Options: nosniff\r\n"
                               "X-Frame-Options: DENY\r\n"
                               "Referrer-Policy: no-referrer\r\n"
                               "Cross-Origin-Resource-Policy: same-origin\r\n";
/* Pages bring a policy of their own; data needs none. */
static const char NO_CONTENT_POLICY[] =
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";

static const struct {
    int status;
    const char *text;
} STATUS[] = {
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

const char *qund_http_status_text(int status)
{
    for (size_t i = 0; i < QUND_ARRAY_LEN(STATUS); i++)
        if (STATUS[i].status == status)
            return STATUS[i].text;
    return "Unknown";
}

/* Once a second is enough: the header has no finer grain. */
static const char *date_of(struct qund_server *s)
{
    time_t now = (time_t)(qund_clock_now(s->clock).ms / 1000);
    struct tm tm;

    if (now != s->date_s && gmtime_r(&now, &tm)) {
        s->date_s = now;
        strftime(s->date, sizeof(s->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
    }
    return s->date;
}

static bool has_header(const struct qund_resp *resp, const char *name)
{
    for (size_t i = 0; i < resp->n_extra; i++)
        if (qund_str_eq_nocase(resp->extra[i].name, qund_str(name)))
            return true;
    return false;
}

static void put_head(struct conn *c, const struct qund_resp *resp)
{
    struct qund_buf *o = &c->out;

    qund_buf_reserve(o, 640 + resp->body.n);
    qund_buf_puts(o, "HTTP/1.1 ");
    qund_buf_int(o, resp->status);
    qund_buf_char(o, ' ');
    qund_buf_puts(o, qund_http_status_text(resp->status));
    qund_buf_puts(o, "\r\nDate: ");
    qund_buf_puts(o, date_of(c->server));
    qund_buf_puts(o, "\r\n");
    if (!has_header(resp, "cache-control"))
        qund_buf_puts(o, SECURITY);
    else /* shipped files may be cached; the first line is the no-store */
        qund_buf_puts(o, SECURITY + sizeof("Cache-Control: no-store\r\n") - 1);
    if (!has_header(resp, "content-security-policy"))
        qund_buf_puts(o, NO_CONTENT_POLICY);
    if (resp->type) {
        qund_buf_puts(o, "Content-Type: ");
        qund_buf_puts(o, resp->type);
        qund_buf_puts(o, "\r\n");
    }
    for (size_t i = 0; i < resp->n_extra; i++) {
        qund_buf_str(o, resp->extra[i].name);
        qund_buf_puts(o, ": ");
        qund_buf_str(o, resp->extra[i].value);
        qund_buf_puts(o, "\r\n");
    }
    if (c->close_after)
        qund_buf_puts(o, "Connection: close\r\n");
    else if (c->req.head.minor == 0)
        qund_buf_puts(o, "Connection: keep-alive\r\n");
}

/* Whether the connection can go on after this answer: a request that was answered before its body
 * was read can not, unless the body is already here. */
static void decide_close(struct conn *c, const struct qund_resp *resp)
{
    size_t whole = c->head_n + (size_t)c->req.head.content_length;

    if (resp->close || c->server->draining || c->in.n < whole || c->chunks_to_come)
        c->close_after = true;
}

static void after_flush(struct conn *c)
{
    c->out.n = c->out_at = 0;
    if (c->out.cap > KEEP_BYTES)
        qund_buf_done(&c->out);
    if (c->state == CONN_WRITE) {
        qund_conn_answered(c);
    } else {
        qund_conn_watch(c, c->events & ~UV_WRITABLE);
        if (c->state == CONN_STREAM)
            c->deadline_ms = 0; /* it is now the handler's turn */
        if (c->state == CONN_STREAM && c->wants_drained) {
            c->wants_drained = false;
            if (c->drained)
                c->drained(c->drained_arg);
        }
    }
}

void qund_conn_flush(struct conn *c)
{
    while (c->out_at < c->out.n) {
        ssize_t n = send(c->fd, c->out.p + c->out_at, c->out.n - c->out_at, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            if ((c->events & UV_WRITABLE) == 0)
                c->deadline_ms = qund_conn_now(c->server) + c->server->cfg.write_ms;
            qund_conn_watch(c, c->events | UV_WRITABLE);
            return;
        }
        if (n < 0) {
            qund_conn_close(c);
            return;
        }
        c->out_at += (size_t)n;
        if (c->events & UV_WRITABLE)
            c->deadline_ms = qund_conn_now(c->server) + c->server->cfg.write_ms;
    }
    after_flush(c);
}

static void tell(struct conn *c, int status, size_t bytes)
{
    struct qund_server *s = c->server;

    if (s->ops.answered)
        s->ops.answered(s->arg, &c->req, status, bytes);
}

void qund_req_reply(struct qund_req *r, const struct qund_resp *resp)
{
    struct conn *c = qund_conn_of(r);
    bool no_body = r->head.method == QUND_HEAD || resp->status == 204 || resp->status == 304;

    qund_on(QUND_THREAD_LOOP);
    if (c->fd < 0) {
        qund_conn_answered_late(c);
        return;
    }
    c->owed = false;
    decide_close(c, resp);
    tell(c, resp->status, resp->body.n);
    put_head(c, resp);
    if (resp->status != 204 && resp->status != 304) {
        qund_buf_puts(&c->out, "Content-Length: ");
        qund_buf_int(&c->out, (int64_t)resp->body.n);
        qund_buf_puts(&c->out, "\r\n");
    }
    qund_buf_puts(&c->out, "\r\n");
    if (!no_body)
        qund_buf_str(&c->out, resp->body);
    c->state = CONN_WRITE;
    qund_conn_flush(c);
}

void qund_conn_refuse(struct conn *c, int status, const char *why)
{
    static const struct qund_header again[] = {{QUND_STR("Retry-After"), QUND_STR("1")}};
    const char *code = status == 503 ? "busy" : status == 413 ? "too_large" : "bad_request";
    char body[256];
    int n = snprintf(body, sizeof(body), "{\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}\n", code,
                     why);

    qund_req_reply(&c->req, &(struct qund_resp){.status = status,
                                                .type = "application/json",
                                                .body = qund_str_n(body, (size_t)n),
                                                .extra = again,
                                                .n_extra = status == 503 ? 1 : 0,
                                                .close = true});
}

static void put_chunk(struct conn *c, struct qund_str bytes)
{
    if (bytes.n == 0 || c->req.head.method == QUND_HEAD)
        return; /* an empty chunk would be the end */
    if (c->stream_chunked)
        qund_buf_printf(&c->out, "%zx\r\n", bytes.n);
    qund_buf_str(&c->out, bytes);
    if (c->stream_chunked)
        qund_buf_puts(&c->out, "\r\n");
}

void qund_req_stream(struct qund_req *r, const struct qund_resp *resp, void (*drained)(void *arg),
                     void *arg)
{
    struct conn *c = qund_conn_of(r);

    qund_on(QUND_THREAD_LOOP);
    c->drained = drained;
    c->drained_arg = arg;
    c->wants_drained = false;
    if (c->fd < 0)
        return;
    c->stream_chunked = r->head.minor == 1;
    decide_close(c, resp);
    if (!c->stream_chunked)
        c->close_after = true; /* HTTP/1.0: the end of the answer is the end of the connection */
    tell(c, resp->status, resp->body.n);
    put_head(c, resp);
    qund_buf_puts(&c->out, c->stream_chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
    put_chunk(c, resp->body);
    c->state = CONN_STREAM;
    qund_conn_flush(c);
}

int qund_req_write(struct qund_req *r, struct qund_str bytes)
{
    struct conn *c = qund_conn_of(r);

    if (c->fd < 0)
        return QUND_E_DENIED;
    qund_assert(c->state == CONN_STREAM);
    put_chunk(c, bytes);
    if (c->out_at > 0 && c->out_at > c->out.n / 2) {
        memmove(c->out.p, c->out.p + c->out_at, c->out.n - c->out_at);
        c->out.n -= c->out_at;
        c->out_at = 0;
    }
    if ((c->events & UV_WRITABLE) == 0)
        qund_conn_flush(c);
    if (c->fd < 0)
        return QUND_E_DENIED;
    c->wants_drained = c->out.n - c->out_at >= c->server->cfg.stream_max;
    return c->wants_drained ? QUND_E_AGAIN : QUND_OK;
}

void qund_req_end(struct qund_req *r, bool complete)
{
    struct conn *c = qund_conn_of(r);

    if (c->fd < 0) {
        qund_conn_answered_late(c);
        return;
    }
    qund_assert(c->state == CONN_STREAM);
    c->owed = false;
    if (complete && c->stream_chunked)
        qund_buf_puts(&c->out, "0\r\n\r\n");
    if (!complete)
        c->stream_cut = true;
    c->drained = NULL;
    c->state = CONN_WRITE;
    if ((c->events & UV_WRITABLE) == 0)
        qund_conn_flush(c);
}
