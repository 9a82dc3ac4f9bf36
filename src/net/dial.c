/* dial.c - WebSockets that we open.
 *
 * A dial is looked up by a thread (dial_look.c), because the library's own look-up would hold the
 * loop; the addresses pass the guard one by one, and the library is given one as numbers together
 * with the name for Host, SNI and the certificate. So nothing is reached that was not looked at,
 * and an answer that sends us elsewhere is refused. If an address cannot be connected, the next is
 * tried.
 *
 * Whatever ends a dial, its owner hears of it in a turn of its own: the end is noted, and a timer
 * of no length tells all that are noted. The library may call back from within our own calls, the
 * owner may close from within its callbacks, and none of them needs to know of the other.
 *
 * Keeping alive is as in ws.c: a ping each 25 s of silence, 60 s of it end the socket. */
#include "core/thread.h"
#include "net/dial_parts.h"
#include "net/guard.h"
#include <arpa/inet.h>
#include <libwebsockets.h>
#include <netdb.h>
#include <stdio.h>

enum {
    TIMEOUT_MS = 10000,
    PING_MS = 25000,
    SILENCE_MS = 60000,
    TICK_MS = 1000,
    READ_BYTES = 64 << 10,
    REASON_MAX = 123,
    BROKE_OFF = 1006
};

/* --- an end --- */

static void dial_free(struct qund_dial *d)
{
    qund_dial_drop_frames(d);
    for (size_t i = 0; i < 2 * d->n_headers; i++)
        qund_free(d->headers[i]);
    qund_free(d->headers);
    qund_free(d->host);
    qund_free(d->path);
    qund_free(d->authority);
    qund_free(d->protocol);
    qund_buf_done(&d->in);
    qund_dial_look_drop(d->look);
    if (d->found)
        freeaddrinfo(d->found);
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
    qund_dial_turn(d->dl);
}

static void tell_end(struct qund_dial *d)
{
    let_go(d);
    unlink_dial(d);
    d->ops->closed(d, d->arg, d->code, qund_str(d->why));
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
        qund_dial_turn(d->dl);
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

static void on_found(void *arg, int status, struct addrinfo *list)
{
    struct qund_dial *d = arg;

    d->look = NULL;
    d->found = d->at = list;
    if (d->state != LOOKING)
        return; /* closed meanwhile: the end is on its way */
    if (status != 0)
        end(d, 0, gai_strerror(status));
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
    d->heard_ms = d->asked_ms = qund_dial_now(d->dl);
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
        qund_dial_turn(d->dl);
    }
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
        qund_dial_received(d, in, n);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
        d->heard_ms = qund_dial_now(d->dl);
        return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return qund_dial_writeable(d);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        qund_dial_peer_closes(d, in, n);
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
    int64_t now = qund_dial_now(dl);

    for (struct qund_dial *d = dl->dials; d; d = d->next) {
        if (d->deadline_ms > 0 && now > d->deadline_ms) {
            let_go(d);
            end(d, d->state == CLOSING ? d->code : d->status,
                d->state == CLOSING ? d->why : "not opened in time");
        } else if (d->state == OPEN && !d->paused && now - d->heard_ms > d->silence_ms) {
            /* While nothing of it is read, not even a pong, the silence is ours. */
            let_go(d);
            end(d, BROKE_OFF, "the peer is silent");
        } else if (d->state == OPEN && now - d->heard_ms > PING_MS && now - d->asked_ms > PING_MS) {
            d->asked_ms = now;
            d->ping_due = true;
            lws_callback_on_writable(d->wsi);
        }
    }
}

/* --- for everyone --- */

/* Without the brackets in which an IPv6 address stands in an address. */
static void look_up(struct qund_dial *d)
{
    QUND_AUTO(qund_free_str) char *name = qund_strdup(d->host);
    size_t n = strlen(name);
    bool brackets = n > 2 && name[0] == '[';

    if (brackets)
        name[n - 1] = '\0';
    d->look = qund_dial_look(d->dl->loop, name + brackets, on_found, d);
    if (!d->look)
        end(d, 0, "no thread can be had to look its name up");
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
    d->silence_ms = cfg->silence_ms > 0 ? cfg->silence_ms : SILENCE_MS;
    d->queue_bytes = cfg->queue_bytes ? cfg->queue_bytes : 256u << 10;
    d->queue_frames = cfg->queue_frames ? cfg->queue_frames : 64;
    d->deadline_ms = qund_dial_now(dl) + (cfg->timeout_ms > 0 ? cfg->timeout_ms : TIMEOUT_MS);
    rc = qund_dial_read(d, cfg, err);
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
    d->deadline_ms = qund_dial_now(d->dl) + QUND_DIAL_CLOSE_MS;
    if (code != LWS_CLOSE_STATUS_NORMAL)
        qund_dial_drop_frames(d);
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
        dial_free(d);
    }
    qund_loop_timer_free(dl->turn);
    qund_loop_timer_free(dl->tick);
    qund_free(dl);
    return NULL;
}
