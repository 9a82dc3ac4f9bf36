/* dial.c - WebSockets that we open.
 *
 * A dial is looked up by libuv's threads, because the library's own look-up would hold the loop;
 * the addresses pass the guard one by one, and the library is given one as numbers together with
 * the name for Host, SNI and the certificate. So nothing is reached that was not looked at, and an
 * answer that sends us elsewhere is refused. If an address cannot be connected, the next is tried.
 *
 * Whatever ends a dial, its owner hears of it in a turn of its own: the end is noted, and a timer
 * of no length tells all that are noted. The library may call back from within our own calls, the
 * owner may close from within its callbacks, and none of them needs to know of the other.
 *
 * Keeping alive is as in ws.c: a ping each 25 s of silence, 60 s of it end the socket. */
#include "net/dial.h"
#include "core/thread.h"
#include "net/guard.h"
#include "net/internal.h"
#include <arpa/inet.h>
#include <curl/curl.h>
#include <libwebsockets.h>
#include <netdb.h>
#include <stdio.h>

enum {
    TIMEOUT_MS = 10000,
    CLOSE_MS = 5000,
    PING_MS = 25000,
    SILENCE_MS = 60000,
    TICK_MS = 1000,
    READ_BYTES = 64 << 10,
    WRITES_A_TURN = 32,
    REASON_MAX = 123,
    BROKE_OFF = 1006
};

enum dial_state { LOOKING, CONNECTING, OPEN, CLOSING, ENDED };

struct dial_frame {
    struct dial_frame *next;
    size_t n;
    unsigned char room[LWS_PRE]; /* the library writes the frame header here */
    unsigned char text[];
};

struct qund_dial {
    struct qund_dialer *dl; /* NULL: the dialer is gone, only the look-up still runs */
    struct qund_dial *prev, *next;
    const struct qund_dial_ops *ops;
    void *arg;
    enum dial_state state;
    char *host, *path, *authority, *protocol; /* authority: as in Host */
    char **headers;                           /* name with colon, value, … */
    size_t n_headers;
    int port;
    bool tls, allow_private;
    size_t message_max, queue_bytes;
    unsigned queue_frames;

    uv_getaddrinfo_t look;
    bool looking;
    struct addrinfo *found, *at; /* at: the next to try */
    struct lws *wsi;
    struct qund_buf in;
    struct dial_frame *head, **tail;
    unsigned n;
    size_t queued;
    int64_t deadline_ms, heard_ms, asked_ms; /* loop time */
    bool ping_due, try_next, owner_gone, close_noted;
    int code, status;
    char why[160];
};

struct qund_dialer {
    struct qund_loop *loop;
    struct lws_vhost *vhost;
    struct qund_dial *dials;
    struct qund_loop_timer *turn, *tick;
};

static int64_t now_ms(const struct qund_dialer *dl)
{
    return (int64_t)uv_now(qund_loop_uv(dl->loop));
}

static void next_turn(struct qund_dialer *dl)
{
    qund_loop_timer_start(dl->turn, 0, 0);
}

/* --- an end --- */

static void drop_frames(struct qund_dial *d)
{
    while (d->head) {
        struct dial_frame *f = d->head;

        d->head = f->next;
        qund_free(f);
    }
    d->tail = &d->head;
    d->n = 0;
    d->queued = 0;
}

static void dial_free(struct qund_dial *d)
{
    drop_frames(d);
    for (size_t i = 0; i < 2 * d->n_headers; i++)
        qund_free(d->headers[i]);
    qund_free(d->headers);
    qund_free(d->host);
    qund_free(d->path);
    qund_free(d->authority);
    qund_free(d->protocol);
    qund_buf_done(&d->in);
    uv_freeaddrinfo(d->found);
    qund_free(d);
}

static void unlink_dial(struct qund_dial *d)
{
    if (d->prev)
        d->prev->next = d->next;
    else
        d->dl->dials = d->next;
    if (d->next)
        d->next->prev = d->prev;
}

/* The socket is let go of; the library closes it by itself. */
static void let_go(struct qund_dial *d)
{
    struct lws *wsi = QUND_TAKE(d->wsi);

    if (!wsi)
        return;
    lws_set_opaque_user_data(wsi, NULL);
    lws_set_timeout(wsi, PENDING_TIMEOUT_CLOSE_ACK, LWS_TO_KILL_ASYNC);
}

/* The first end counts. */
static void end(struct qund_dial *d, int code, const char *why)
{
    if (d->state == ENDED)
        return;
    if (d->state != CLOSING || d->code == 0) {
        d->code = code;
        if (why != d->why)
            snprintf(d->why, sizeof(d->why), "%s", why ? why : "");
    }
    d->state = ENDED;
    next_turn(d->dl);
}

static void tell_end(struct qund_dial *d)
{
    let_go(d);
    unlink_dial(d);
    d->dl = NULL;
    d->ops->closed(d, d->arg, d->code, qund_str(d->why));
    d->owner_gone = true;
    if (!d->looking) /* else the look-up's own end frees it */
        dial_free(d);
}

/* --- connecting --- */

static bool numeric(const struct addrinfo *a, char out[INET6_ADDRSTRLEN])
{
    const void *from =
        a->ai_family == AF_INET6
            ? (const void *)&((const struct sockaddr_in6 *)(const void *)a->ai_addr)->sin6_addr
            : (const void *)&((const struct sockaddr_in *)(const void *)a->ai_addr)->sin_addr;

    return inet_ntop(a->ai_family, from, out, INET6_ADDRSTRLEN) != NULL;
}

static void connect_to(struct qund_dial *d, const char *address)
{
    struct lws_client_connect_info info;
    struct lws *wsi;

    memset(&info, 0, sizeof(info));
    info.context = qund_loop_lws(d->dl->loop);
    info.vhost = d->dl->vhost;
    info.address = address;
    info.port = d->port;
    info.ssl_connection = d->tls ? LCCSCF_USE_SSL : 0;
    info.path = d->path;
    info.host = d->authority;
    info.protocol = d->protocol;
    info.local_protocol_name = "qund-dial";
    info.alpn = "http/1.1";
    info.ietf_version_or_minus_one = -1;
    info.opaque_user_data = d;
    info.pwsi = &d->wsi;
    d->state = CONNECTING;
    d->try_next = false;
    wsi = lws_client_connect_via_info(&info);
    if (!wsi) {
        d->wsi = NULL;
        d->try_next = true;
        next_turn(d->dl);
    }
}

/* The next address that the guard lets through. */
static void try_addresses(struct qund_dial *d)
{
    char address[INET6_ADDRSTRLEN];
    const char *refused = NULL;

    for (; d->at; d->at = d->at->ai_next) {
        const char *why =
            d->allow_private ? NULL : qund_guard_refuses(d->at->ai_addr, d->at->ai_addrlen);

        if (why) {
            refused = why;
        } else if (numeric(d->at, address)) {
            d->at = d->at->ai_next;
            connect_to(d, address);
            return;
        }
    }
    if (refused && d->why[0] == '\0')
        snprintf(d->why, sizeof(d->why), "the address is not allowed without allow_private: %s",
                 refused);
    end(d, d->status, d->why[0] ? d->why : "no address of it can be connected");
}

static void on_found(uv_getaddrinfo_t *look, int status, struct addrinfo *found)
{
    struct qund_dial *d = QUND_CONTAINER(look, struct qund_dial, look);

    d->looking = false;
    d->found = d->at = found;
    if (d->owner_gone) {
        dial_free(d);
        return;
    }
    if (d->state != LOOKING)
        return; /* closed meanwhile: the end is on its way */
    if (status != 0)
        end(d, 0, uv_strerror(status));
    else
        try_addresses(d);
}

/* --- what the library says --- */

static int add_headers(struct qund_dial *d, struct lws *wsi, unsigned char **p, size_t room)
{
    unsigned char *limit = *p + room;

    for (size_t i = 0; i < d->n_headers; i++) {
        const char *value = d->headers[2 * i + 1];

        if (lws_add_http_header_by_name(wsi, (const unsigned char *)d->headers[2 * i],
                                        (const unsigned char *)value, (int)strlen(value), p, limit))
            return -1;
    }
    return 0;
}

static void opened(struct qund_dial *d)
{
    if (d->state != CONNECTING)
        return;
    d->state = OPEN;
    d->heard_ms = d->asked_ms = now_ms(d->dl);
    d->deadline_ms = 0;
    if (d->ops->opened)
        d->ops->opened(d, d->arg);
}

static void connect_failed(struct qund_dial *d, struct lws *wsi, const char *why, size_t n)
{
    d->status = (int)lws_http_client_http_response(wsi);
    if (d->status < 100 || d->status > 599)
        d->status = 0;
    if (d->status > 0)
        snprintf(d->why, sizeof(d->why), "the peer answered %d", d->status);
    else
        snprintf(d->why, sizeof(d->why), "%.*s", why ? (int)n : 10, why ? why : "not opened");
    d->wsi = NULL;
    if (d->state != CONNECTING)
        return;
    if (d->status > 0) {
        end(d, d->status, d->why);
    } else {
        d->try_next = true;
        next_turn(d->dl);
    }
}

static void deliver(struct qund_dial *d, struct qund_str text)
{
    if (qund_utf8_check(text) >= 0)
        qund_dial_close(d, LWS_CLOSE_STATUS_INVALID_PAYLOAD, "not valid UTF-8");
    else
        d->ops->text(d, d->arg, text);
}

static void on_receive(struct qund_dial *d, const char *bytes, size_t n)
{
    bool last = lws_is_final_fragment(d->wsi) && lws_remaining_packet_payload(d->wsi) == 0;

    d->heard_ms = now_ms(d->dl);
    if (d->state != OPEN)
        return;
    if (lws_frame_is_binary(d->wsi)) {
        qund_dial_close(d, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE, "text frames only");
    } else if (d->in.n + n > d->message_max) {
        qund_dial_close(d, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, "message too large");
    } else if (last && d->in.n == 0) {
        deliver(d, qund_str_n(bytes, n));
    } else {
        qund_buf_add(&d->in, bytes, n);
        if (!last)
            return;
        deliver(d, qund_buf_view(&d->in));
        qund_buf_clear(&d->in);
    }
}

static int on_writeable(struct qund_dial *d)
{
    if (d->ping_due) {
        unsigned char room[LWS_PRE + 4] = {0}; /* of an empty pong the library does not tell */

        d->ping_due = false;
        if (lws_write(d->wsi, room + LWS_PRE, 4, LWS_WRITE_PING) < 0)
            return -1;
    }
    for (unsigned i = 0; i < WRITES_A_TURN && d->head && !lws_send_pipe_choked(d->wsi); i++) {
        struct dial_frame *f = d->head;
        int n;

        d->head = f->next;
        if (!d->head)
            d->tail = &d->head;
        d->n--;
        d->queued -= f->n;
        n = lws_write(d->wsi, f->text, f->n, LWS_WRITE_TEXT);
        qund_free(f);
        if (n < 0)
            return -1;
    }
    if (d->head || (d->state == CLOSING && lws_partial_buffered(d->wsi)))
        lws_callback_on_writable(d->wsi);
    else if (d->state == CLOSING && !d->close_noted)
        next_turn(d->dl); /* as in ws.c: closed after the library's own stack has unwound */
    return 0;
}

static void peer_closes(struct qund_dial *d, const unsigned char *in, size_t n)
{
    struct qund_str reason = n > 2 ? qund_str_n((const char *)in + 2, n - 2) : QUND_STR_NONE;

    if (d->state == CLOSING)
        return;
    d->code = n >= 2 ? in[0] << 8 | in[1] : 1005;
    if (qund_utf8_check(reason) >= 0)
        reason = QUND_STR_NONE;
    snprintf(d->why, sizeof(d->why), "%.*s", QUND_STR_ARG(reason));
    d->state = CLOSING;
    d->close_noted = true; /* the library answers it */
    d->deadline_ms = now_ms(d->dl) + CLOSE_MS;
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons why, void *user, void *in, size_t n)
{
    struct qund_dial *d = wsi ? lws_get_opaque_user_data(wsi) : NULL;

    (void)user;
    if (!d) /* ours no longer, or none of our business */
        return why == LWS_CALLBACK_CLIENT_ESTABLISHED || why == LWS_CALLBACK_CLIENT_RECEIVE ? -1
                                                                                            : 0;
    switch ((int)why) { /* of some eighty reasons, those that concern us */
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        return add_headers(d, wsi, in, n);
    case LWS_CALLBACK_CLIENT_HTTP_REDIRECT:
        return -1;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        d->wsi = wsi;
        opened(d);
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        lws_set_opaque_user_data(wsi, NULL);
        connect_failed(d, wsi, in, n);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        on_receive(d, in, n);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
        d->heard_ms = now_ms(d->dl);
        return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return on_writeable(d);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        peer_closes(d, in, n);
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
        lws_set_opaque_user_data(wsi, NULL);
        d->wsi = NULL;
        end(d, BROKE_OFF, "the connection broke off");
        return 0;
    default:
        return 0;
    }
}

/* --- turns --- */

static void close_frame(struct qund_dial *d)
{
    struct qund_str reason = qund_utf8_cut(qund_str(d->why), REASON_MAX);
    unsigned char text[REASON_MAX];

    d->close_noted = true;
    memcpy(text, reason.p, reason.n);
    lws_close_reason(d->wsi, (enum lws_close_status)d->code, text, reason.n);
    lws_set_timeout(d->wsi, PENDING_TIMEOUT_CLOSE_ACK, LWS_TO_KILL_SYNC);
}

static void on_turn(void *arg)
{
    struct qund_dialer *dl = arg;
    struct qund_dial *d = dl->dials;

    while (d) {
        struct qund_dial *next = d->next;

        if (d->state == CONNECTING && d->try_next)
            try_addresses(d);
        else if (d->state == CLOSING && d->wsi && !d->head && !d->close_noted)
            close_frame(d);
        if (d->state == ENDED) {
            tell_end(d);
            next = dl->dials; /* the owner may have closed or opened others */
        }
        d = next;
    }
}

static void on_tick(void *arg)
{
    struct qund_dialer *dl = arg;
    int64_t now = now_ms(dl);

    for (struct qund_dial *d = dl->dials; d; d = d->next) {
        if (d->deadline_ms > 0 && now > d->deadline_ms) {
            let_go(d);
            end(d, d->state == CLOSING ? d->code : d->status,
                d->state == CLOSING ? d->why : "not opened in time");
        } else if (d->state == OPEN && now - d->heard_ms > SILENCE_MS) {
            let_go(d);
            end(d, BROKE_OFF, "the peer is silent");
        } else if (d->state == OPEN && now - d->heard_ms > PING_MS && now - d->asked_ms > PING_MS) {
            d->asked_ms = now;
            d->ping_due = true;
            lws_callback_on_writable(d->wsi);
        }
    }
}

/* --- making one --- */

static char *take_part(CURLU *u, CURLUPart part, unsigned flags)
{
    char *raw = NULL, *mine = NULL;

    if (curl_url_get(u, part, &raw, flags) == CURLUE_OK)
        mine = qund_strdup(raw);
    curl_free(raw);
    return mine;
}

static int read_url(struct qund_dial *d, const char *url, struct qund_err *err)
{
    CURLU *u = curl_url();
    QUND_AUTO(qund_free_str) char *scheme = NULL, *port = NULL, *path = NULL, *query = NULL;
    QUND_AUTO(qund_buf_done) struct qund_buf whole = {0}, authority = {0};
    int64_t n = 0;
    bool ok = u && curl_url_set(u, CURLUPART_URL, url,
                                CURLU_NON_SUPPORT_SCHEME | CURLU_DISALLOW_USER) == CURLUE_OK;

    if (ok) {
        scheme = take_part(u, CURLUPART_SCHEME, 0);
        d->host = take_part(u, CURLUPART_HOST, 0);
        port = take_part(u, CURLUPART_PORT, 0);
        path = take_part(u, CURLUPART_PATH, 0);
        query = take_part(u, CURLUPART_QUERY, 0);
    }
    curl_url_cleanup(u);
    if (!ok || !scheme || !d->host || !path)
        return qund_err_set(err, QUND_E_INVAL, "url", "is no address of a WebSocket without user");
    d->tls = strcmp(scheme, "wss") == 0;
    if (!d->tls && !(d->allow_private && strcmp(scheme, "ws") == 0))
        return qund_err_set(err, QUND_E_INVAL, "url",
                            "wss:// is wanted; ws:// only with allow_private");
    if (port && (qund_str_int(qund_str(port), &n) < 0 || n < 1 || n > 65535))
        return qund_err_set(err, QUND_E_INVAL, "url", "its port is none");
    d->port = port ? (int)n : d->tls ? 443 : 80;
    qund_buf_printf(&whole, "%s%s%s", path, query ? "?" : "", query ? query : "");
    qund_buf_printf(&authority, port ? "%s:%s" : "%s", d->host, port);
    d->path = qund_buf_take(&whole);
    d->authority = qund_buf_take(&authority);
    return QUND_OK;
}

static bool plain(struct qund_str s, const char *besides)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f || strchr(besides, s.p[i]))
            return false;
    return s.n > 0;
}

/* What the handshake says by itself. */
static bool reserved(struct qund_str name)
{
    static const char *const OURS[] = {"host", "connection", "upgrade"};
    char low[24];

    if (name.n >= sizeof(low))
        return false;
    for (size_t i = 0; i < name.n; i++)
        low[i] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] | 0x20 : name.p[i]);
    return qund_str_index(qund_str_n(low, name.n), OURS, QUND_ARRAY_LEN(OURS)) >= 0 ||
           qund_str_starts(qund_str_n(low, name.n), "sec-websocket-");
}

static int read_headers(struct qund_dial *d, const struct qund_dial_cfg *cfg, struct qund_err *err)
{
    d->headers = qund_alloc((2 * cfg->n_headers + 1) * sizeof(*d->headers));
    for (size_t i = 0; i < cfg->n_headers; i++) {
        const struct qund_header *h = &cfg->headers[i];
        QUND_AUTO(qund_buf_done) struct qund_buf name = {0};

        if (!plain(h->name, " :;") || !plain(h->value, "") || reserved(h->name))
            return qund_err_set(err, QUND_E_INVAL, "headers",
                                "a header is a name and a value without control bytes, and none "
                                "of the handshake's own");
        qund_buf_printf(&name, "%.*s:", QUND_STR_ARG(h->name));
        d->headers[2 * i] = qund_buf_take(&name);
        d->headers[2 * i + 1] = qund_str_dup(h->value);
        d->n_headers++;
    }
    if (cfg->protocol.p && !plain(cfg->protocol, "\"(){}[]<>@:;\\/?="))
        return qund_err_set(err, QUND_E_INVAL, "protocol", "is no list of tokens");
    d->protocol = cfg->protocol.p ? qund_str_dup(cfg->protocol) : NULL;
    return QUND_OK;
}

/* Without the brackets in which an IPv6 address stands in an address. */
static void look_up(struct qund_dial *d)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    QUND_AUTO(qund_free_str) char *name = qund_strdup(d->host);
    size_t n = strlen(name);
    char *bare = name;
    int rc;

    if (n > 2 && name[0] == '[') {
        name[n - 1] = '\0';
        bare++;
    }
    rc = uv_getaddrinfo(qund_loop_uv(d->dl->loop), &d->look, on_found, bare, NULL, &hints);
    if (rc == 0)
        d->looking = true;
    else
        end(d, 0, uv_strerror(rc));
}

int qund_dial(struct qund_dialer *dl, const struct qund_dial_cfg *cfg,
              const struct qund_dial_ops *ops, void *arg, struct qund_dial **out,
              struct qund_err *err)
{
    struct qund_dial *d = qund_alloc(sizeof(*d));
    int rc;

    qund_on(QUND_THREAD_LOOP);
    d->dl = dl;
    d->ops = ops;
    d->arg = arg;
    d->tail = &d->head;
    d->allow_private = cfg->allow_private;
    d->message_max = cfg->message_max ? cfg->message_max : 64u << 10;
    d->queue_bytes = cfg->queue_bytes ? cfg->queue_bytes : 256u << 10;
    d->queue_frames = cfg->queue_frames ? cfg->queue_frames : 64;
    d->deadline_ms = now_ms(dl) + (cfg->timeout_ms > 0 ? cfg->timeout_ms : TIMEOUT_MS);
    rc = read_url(d, cfg->url, err);
    if (rc == 0)
        rc = read_headers(d, cfg, err);
    if (rc < 0) {
        dial_free(d);
        return rc;
    }
    d->next = dl->dials;
    if (d->next)
        d->next->prev = d;
    dl->dials = d;
    look_up(d);
    *out = d;
    return QUND_OK;
}

int qund_dial_send(struct qund_dial *d, struct qund_str text)
{
    struct dial_frame *f;

    if (d->state != OPEN)
        return QUND_E_DENIED;
    if (d->n == d->queue_frames || (d->n > 0 && d->queued + text.n > d->queue_bytes))
        return QUND_E_FULL;
    f = qund_alloc(sizeof(*f) + text.n);
    f->n = text.n;
    memcpy(f->text, text.p ? text.p : "", text.n);
    *d->tail = f;
    d->tail = &f->next;
    d->n++;
    d->queued += text.n;
    if (d->n == 1)
        lws_callback_on_writable(d->wsi);
    return QUND_OK;
}

void qund_dial_pause(struct qund_dial *d, bool on)
{
    if (d->state == OPEN)
        qund_ignore(lws_rx_flow_control(d->wsi, !on));
}

void qund_dial_close(struct qund_dial *d, int code, const char *reason)
{
    if (d->state == CLOSING || d->state == ENDED)
        return;
    if (d->state != OPEN) {
        let_go(d);
        end(d, d->status, reason);
        return;
    }
    d->state = CLOSING;
    d->code = code;
    snprintf(d->why, sizeof(d->why), "%s", reason ? reason : "");
    d->deadline_ms = now_ms(d->dl) + CLOSE_MS;
    if (code != LWS_CLOSE_STATUS_NORMAL)
        drop_frames(d);
    qund_ignore(lws_rx_flow_control(d->wsi, 1)); /* the peer's answer to our close must be read */
    lws_callback_on_writable(d->wsi);
}

static const struct lws_protocols PROTOCOLS[] = {
    {.name = "qund-dial", .callback = on_lws, .rx_buffer_size = READ_BYTES},
    {.name = NULL},
};

int qund_dialer_new(struct qund_loop *loop, const char *ca_file, struct qund_dialer **out,
                    struct qund_err *err)
{
    struct qund_dialer *dl = qund_alloc(sizeof(*dl));
    struct lws_context_creation_info info;

    qund_on(QUND_THREAD_LOOP);
    memset(&info, 0, sizeof(info));
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.protocols = PROTOCOLS;
    info.vhost_name = "dial";
    info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.client_ssl_ca_filepath = ca_file;
    dl->loop = loop;
    /* Like the server's it lives as long as the loop's context. */
    dl->vhost = lws_create_vhost(qund_loop_lws(loop), &info);
    if (!dl->vhost) {
        qund_free(dl);
        return qund_err_set(err, QUND_E_NOMEM, "libwebsockets", "cannot make a virtual host");
    }
    dl->turn = qund_loop_timer_new(loop, on_turn, dl);
    dl->tick = qund_loop_timer_new(loop, on_tick, dl);
    qund_loop_timer_start(dl->tick, TICK_MS, TICK_MS);
    *out = dl;
    return QUND_OK;
}

struct qund_dialer *qund_dialer_free(struct qund_dialer *dl)
{
    if (!dl)
        return NULL;
    while (dl->dials) {
        struct qund_dial *d = dl->dials;

        let_go(d);
        unlink_dial(d);
        d->dl = NULL;
        d->owner_gone = true;
        d->state = ENDED;
        if (d->looking)
            qund_ignore(uv_cancel((uv_req_t *)&d->look)); /* on_found frees it in either case */
        else
            dial_free(d);
    }
    qund_loop_timer_free(dl->turn);
    qund_loop_timer_free(dl->tick);
    qund_free(dl);
    return NULL;
}
