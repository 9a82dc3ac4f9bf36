/* ws.c - WebSockets that peers open to us.
 *
 * The upgrade was read and found sound by our own parser; libwebsockets is handed the socket
 * together with a head of our own writing that says the same and nothing more, so that no foreign
 * byte reaches its HTTP parser. From there on framing, masking and the closing handshake are its
 * work; whole messages are checked for UTF-8 here. All of that happens within qund_ws_accept: when
 * the library calls back "established" the call is still on the stack, and server->adopting says
 * whom it is about.
 *
 * Two virtual hosts differ in nothing but the read buffer that each of their sockets keeps: a live
 * feed that is hardly ever written to needs no 64 KiB, a bot that sends every message of a thousand
 * groups does.
 *
 * What waits to be sent is a ring of references to frames. A frame for all readers of a live feed
 * is made once; its header is written by the library into the room before its text, the same each
 * time. A reader who does not keep up fills its ring and is closed; the others do not notice. */
#include "core/thread.h"
#include "net/conn.h"
#include "net/ws_queue.h"
#include <libwebsockets.h>
#include <stdio.h>
#include <unistd.h>

enum {
    PING_MS = 25000,  /* below the 60 s after which proxies cut silent connections */
    CLOSE_MS = 5000,  /* for the closing handshake */
    FEW_BYTES = 1024, /* read buffer of a socket that hears little */
    BULK_BYTES = 64 << 10,
    REASON_MAX = 123,
    WRITES_A_TURN = 32 /* then the others get theirs */
};

struct qund_ws {
    struct qund_server *server;
    struct lws *wsi; /* NULL until established and after closed */
    struct qund_ws *prev, *next;
    const struct qund_ws_ops *ops;
    void *arg;
    struct qund_ws_cfg cfg;
    char protocol[64];
    struct qund_buf in; /* the fragments of a message so far */
    struct qund_ws_queue out;
    int64_t heard_ms, asked_ms; /* loop time: last sign of life, last ping */
    int64_t close_by_ms;        /* 0: not closing */
    bool ping_due, end_noted, paused;
    struct qund_ws *next_end;
    int close_code; /* 0: nobody has said one */
    char reason[REASON_MAX + 1];
};

static void free_ws(struct qund_ws *ws)
{
    qund_ws_queue_done(&ws->out);
    qund_buf_done(&ws->in);
    qund_free(ws);
}

static void established(struct qund_ws *ws, struct lws *wsi)
{
    struct qund_server *s = ws->server;

    ws->wsi = wsi;
    lws_set_opaque_user_data(wsi, ws);
    ws->heard_ms = ws->asked_ms = qund_conn_now(s);
    ws->next = s->sockets;
    if (ws->next)
        ws->next->prev = ws;
    s->sockets = ws;
    qund_counter_set(s->count.ws_open, ++s->n_ws);
}

static void closed(struct qund_ws *ws)
{
    struct qund_server *s = ws->server;

    for (struct qund_ws **at = &s->ending; *at; at = &(*at)->next_end)
        if (*at == ws) {
            *at = ws->next_end;
            break;
        }
    lws_set_opaque_user_data(ws->wsi, NULL);
    ws->wsi = NULL;
    if (ws->prev)
        ws->prev->next = ws->next;
    else
        s->sockets = ws->next;
    if (ws->next)
        ws->next->prev = ws->prev;
    qund_counter_set(s->count.ws_open, --s->n_ws);
    if (ws->ops->closed)
        ws->ops->closed(ws, ws->arg);
    free_ws(ws);
}

/* Told by a return value to close, version 4.1.6 on libuv closes twice in a row, and the second
 * time it no longer waits for the close frame to leave. So the socket is noted here and closed
 * after the library's own stack has unwound (end_noted), by the call that closes once. */
static void note_end(struct qund_ws *ws)
{
    if (ws->end_noted)
        return;
    ws->end_noted = true;
    ws->next_end = ws->server->ending;
    ws->server->ending = ws;
}

static void end_noted(void *arg)
{
    struct qund_server *s = arg;
    struct qund_ws *ws;

    while ((ws = s->ending)) {
        struct qund_str reason = qund_utf8_cut(qund_str(ws->reason), REASON_MAX);
        unsigned char text[REASON_MAX];

        s->ending = ws->next_end;
        ws->next_end = NULL;
        memcpy(text, reason.p, reason.n);
        lws_close_reason(ws->wsi, (enum lws_close_status)ws->close_code, text, reason.n);
        lws_set_timeout(ws->wsi, PENDING_TIMEOUT_CLOSE_ACK, LWS_TO_KILL_SYNC);
    }
}

/* Where nobody listens the rules of the wire hold all the same. */
static void deliver(struct qund_ws *ws, struct qund_str text)
{
    if (qund_utf8_check(text) >= 0)
        qund_ws_close(ws, LWS_CLOSE_STATUS_INVALID_PAYLOAD, "not valid UTF-8");
    else if (ws->ops->text)
        ws->ops->text(ws, ws->arg, text);
}

static void on_receive(struct qund_ws *ws, const char *bytes, size_t n)
{
    bool last = lws_is_final_fragment(ws->wsi) && lws_remaining_packet_payload(ws->wsi) == 0;

    ws->heard_ms = qund_conn_now(ws->server);
    if (ws->close_by_ms > 0)
        return;
    if (lws_frame_is_binary(ws->wsi)) {
        qund_ws_close(ws, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE, "text frames only");
    } else if (ws->in.n + n > ws->cfg.message_max) {
        qund_ws_close(ws, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, "message too large");
    } else if (last && ws->in.n == 0) {
        deliver(ws, qund_str_n(bytes, n));
    } else {
        qund_buf_add(&ws->in, bytes, n);
        if (!last)
            return;
        deliver(ws, qund_buf_view(&ws->in));
        if (ws->in.cap > FEW_BYTES && !ws->cfg.bulk)
            qund_buf_done(&ws->in);
        qund_buf_clear(&ws->in);
    }
}

static int on_writeable(struct qund_ws *ws)
{
    if (ws->ping_due) {
        /* With something in it: the library does not tell of an empty pong. */
        unsigned char room[LWS_PRE + 4] = {0};

        ws->ping_due = false;
        if (lws_write(ws->wsi, room + LWS_PRE, 4, LWS_WRITE_PING) < 0)
            return -1;
    }
    for (unsigned i = 0; i < WRITES_A_TURN && ws->out.n > 0; i++) {
        struct qund_ws_frame *f;
        int n;

        if (lws_send_pipe_choked(ws->wsi))
            break;
        f = qund_ws_queue_pop(&ws->out);
        n = lws_write(ws->wsi, f->text, f->n, LWS_WRITE_TEXT);
        qund_ws_frame_unref(f);
        if (n < 0)
            return -1;
    }
    /* What the library still holds would let it forget the close frame: first that, then the end.
     */
    if (ws->out.n > 0 || (ws->close_by_ms > 0 && lws_partial_buffered(ws->wsi)))
        lws_callback_on_writable(ws->wsi);
    else if (ws->close_by_ms > 0)
        note_end(ws);
    return 0;
}

static void peer_closes(struct qund_ws *ws, const unsigned char *in, size_t n)
{
    struct qund_str reason = n > 2 ? qund_str_n((const char *)in + 2, n - 2) : QUND_STR_NONE;

    if (ws->close_code != 0)
        return;
    ws->close_code = n >= 2 ? in[0] << 8 | in[1] : LWS_CLOSE_STATUS_NO_STATUS;
    if (qund_utf8_check(reason) < 0)
        snprintf(ws->reason, sizeof(ws->reason), "%.*s", QUND_STR_ARG(reason));
}

static int add_protocol(struct qund_ws *ws, struct lws *wsi, struct lws_process_html_args *a)
{
    unsigned char *p = (unsigned char *)a->p;
    size_t n = strlen(ws->protocol);

    if (n > 0 && lws_add_http_header_by_name(wsi, (const unsigned char *)"Sec-WebSocket-Protocol:",
                                             (const unsigned char *)ws->protocol, (int)n, &p,
                                             (unsigned char *)a->p + a->max_len))
        return -1;
    a->p = (char *)p;
    return 0;
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons why, void *user, void *in, size_t n)
{
    struct qund_ws *ws = wsi ? lws_get_opaque_user_data(wsi) : NULL;
    struct lws_vhost *vh = wsi ? lws_get_vhost(wsi) : NULL;
    struct qund_server *s = vh ? lws_vhost_user(vh) : NULL;

    (void)user;
    switch ((int)why) { /* of some eighty reasons, those that concern us */
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return s && s->adopting ? 0 : -1;
    case LWS_CALLBACK_ADD_HEADERS:
        return s && s->adopting ? add_protocol(s->adopting, wsi, in) : 0;
    case LWS_CALLBACK_ESTABLISHED:
        if (!s || !s->adopting)
            return -1;
        established(QUND_TAKE(s->adopting), wsi);
        return 0;
    case LWS_CALLBACK_RECEIVE:
        if (ws)
            on_receive(ws, in, n);
        return 0;
    case LWS_CALLBACK_RECEIVE_PONG:
        if (ws)
            ws->heard_ms = qund_conn_now(ws->server);
        return 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        if (ws)
            peer_closes(ws, in, n);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return ws ? on_writeable(ws) : -1;
    case LWS_CALLBACK_CLOSED:
        if (ws)
            closed(ws);
        return 0;
    case LWS_CALLBACK_HTTP: /* never: only upgrades are handed over */
        return -1;
    default:
        return 0;
    }
}

static const struct lws_protocols FEW[] = {
    {.name = "qund", .callback = on_lws, .rx_buffer_size = FEW_BYTES},
    {.name = NULL},
};
static const struct lws_protocols BULK[] = {
    {.name = "qund", .callback = on_lws, .rx_buffer_size = BULK_BYTES},
    {.name = NULL},
};

int qund_ws_start(struct qund_server *s, struct qund_err *err)
{
    static const struct lws_protocols *const kinds[] = {FEW, BULK};

    if (qund_loop_after_io(s->loop, end_noted, s) < 0)
        return qund_err_set(err, QUND_E_FULL, "loop", "no place for one more server on this loop");
    for (size_t i = 0; i < QUND_ARRAY_LEN(kinds); i++) {
        struct lws_context_creation_info info;

        memset(&info, 0, sizeof(info));
        info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
        info.protocols = kinds[i];
        info.vhost_name = i == 0 ? "few" : "bulk";
        info.user = s;
        info.timeout_secs = 5;
        /* It lives as long as the loop's context: lws gives a vhost back only with its last socket.
         */
        s->vhosts[i] = lws_create_vhost(qund_loop_lws(s->loop), &info);
        if (!s->vhosts[i])
            return qund_err_set(err, QUND_E_NOMEM, "libwebsockets", "cannot make a virtual host");
    }
    return QUND_OK;
}

/* While it is slowed down nothing of it is read, not even a pong: that silence is ours. */
static bool is_silent(const struct qund_ws *ws, int64_t now)
{
    return !ws->paused && now - ws->heard_ms > ws->server->cfg.ws_silence_ms;
}

void qund_ws_tick(struct qund_server *s)
{
    int64_t now = qund_conn_now(s);
    struct qund_ws *next;

    for (struct qund_ws *ws = s->sockets; ws; ws = next) {
        next = ws->next;
        if ((ws->close_by_ms > 0 && now > ws->close_by_ms) || is_silent(ws, now)) {
            lws_set_timeout(ws->wsi, PENDING_TIMEOUT_CLOSE_ACK, LWS_TO_KILL_SYNC);
        } else if (now - ws->heard_ms > PING_MS && now - ws->asked_ms > PING_MS) {
            ws->asked_ms = now;
            ws->ping_due = true;
            lws_callback_on_writable(ws->wsi);
        }
    }
}

void qund_ws_drain(struct qund_server *s)
{
    for (struct qund_ws *ws = s->sockets; ws; ws = ws->next)
        qund_ws_close(ws, LWS_CLOSE_STATUS_GOINGAWAY, "the server is stopping");
}

void qund_ws_stop(struct qund_server *s)
{
    qund_loop_after_io_end(s->loop, end_noted, s);
    s->ending = NULL;
    while (s->sockets) {
        struct lws *wsi = s->sockets->wsi;

        closed(s->sockets); /* the library may need the loop to let go of it; we do not wait */
        lws_set_timeout(wsi, PENDING_TIMEOUT_CLOSE_ACK, LWS_TO_KILL_SYNC);
    }
}

static struct qund_ws *new_ws(struct qund_server *s, const struct qund_ws_cfg *cfg,
                              const struct qund_ws_ops *ops, void *arg)
{
    struct qund_ws *ws = qund_alloc(sizeof(*ws));

    ws->server = s;
    ws->ops = ops;
    ws->arg = arg;
    ws->cfg = *cfg;
    if (ws->cfg.message_max == 0)
        ws->cfg.message_max = 64u << 10;
    if (ws->cfg.queue_bytes == 0)
        ws->cfg.queue_bytes = 256u << 10;
    if (ws->cfg.queue_frames == 0)
        ws->cfg.queue_frames = 64;
    snprintf(ws->protocol, sizeof(ws->protocol), "%.*s", QUND_STR_ARG(cfg->protocol));
    ws->cfg.protocol = QUND_STR_NONE;
    return ws;
}

struct qund_ws *qund_ws_accept(struct qund_req *r, const struct qund_ws_cfg *cfg,
                               const struct qund_ws_ops *ops, void *arg)
{
    struct conn *c = qund_conn_of(r);
    struct qund_server *s = c->server;
    int status;
    const char *fault = qund_ws_handshake_fault(s, r, &status);
    QUND_AUTO(qund_buf_done) struct qund_buf head = {0};
    struct qund_ws *ws;
    int fd;

    qund_on(QUND_THREAD_LOOP);
    qund_assert(c->state == CONN_TOP);
    if (fault) {
        qund_ws_refuse(r, status, fault);
        return NULL;
    }
    qund_buf_printf(&head,
                    "GET / HTTP/1.1\r\nHost: qund\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %.*s\r\n\r\n",
                    QUND_STR_ARG(qund_http1_header(&r->head, "sec-websocket-key")));
    qund_buf_add(&head, c->in.p + c->head_n, c->in.n - c->head_n); /* frames sent ahead */
    ws = new_ws(s, cfg, ops, arg);
    if (s->ops.answered)
        s->ops.answered(s->arg, r, 101, 0);
    c->owed = false;
    fd = qund_conn_detach(c);
    s->adopting = ws;
    qund_ignore(lws_adopt_socket_vhost_readbuf(s->vhosts[cfg->bulk], fd, head.p, head.n) ? 0 : -1);
    if (s->adopting) { /* no memory, or no descriptor within lws: it has closed the socket */
        s->adopting = NULL;
        free_ws(ws);
        qund_counter_add(s->count.ws_refused, 1);
        return NULL;
    }
    return ws;
}

int qund_ws_send_frame(struct qund_ws *ws, struct qund_ws_frame *f)
{
    if (!ws->wsi || ws->close_by_ms > 0)
        return QUND_E_DENIED;
    if (!qund_ws_queue_push(&ws->out, f, ws->cfg.queue_frames, ws->cfg.queue_bytes)) {
        qund_counter_add(ws->server->count.ws_slow, 1);
        return QUND_E_FULL;
    }
    if (ws->out.n == 1)
        lws_callback_on_writable(ws->wsi);
    return QUND_OK;
}

int qund_ws_send(struct qund_ws *ws, struct qund_str text)
{
    struct qund_ws_frame *f = qund_ws_frame_new(text);
    int rc = qund_ws_send_frame(ws, f);

    qund_ws_frame_unref(f);
    return rc;
}

void qund_ws_pause(struct qund_ws *ws, bool on)
{
    if (!ws->wsi || ws->close_by_ms > 0)
        return;
    if (ws->paused && !on)
        ws->heard_ms = qund_conn_now(ws->server); /* from here on it may be silent again */
    ws->paused = on;
    qund_ignore(lws_rx_flow_control(ws->wsi, !on));
}

int qund_ws_end(const struct qund_ws *ws, struct qund_str *why)
{
    *why = qund_str(ws->reason);
    return ws->close_code ? ws->close_code : LWS_CLOSE_STATUS_ABNORMAL_CLOSE;
}

void qund_ws_close(struct qund_ws *ws, int code, const char *reason)
{
    if (!ws->wsi || ws->close_by_ms > 0)
        return;
    ws->close_by_ms = qund_conn_now(ws->server) + CLOSE_MS;
    ws->close_code = code;
    snprintf(ws->reason, sizeof(ws->reason), "%s", reason ? reason : "");
    qund_ignore(lws_rx_flow_control(ws->wsi, 1)); /* the peer's answer to our close must be read */
    if (code != LWS_CLOSE_STATUS_NORMAL)
        qund_ws_queue_done(
            &ws->out); /* the peer is not keeping up, or we are leaving: no long goodbye */
    lws_callback_on_writable(ws->wsi);
}
