/* host_ws.c - WebSockets for plugins: both sides behind one handle.
 *
 * A channel that is closed leaves its sockets behind: they lose their owner at once, are closed
 * with 1001 and end by themselves, telling nobody. */
#include "app/host.h"

#define BYTES_MAX (16u << 20)
#define FRAMES_MAX 4096u
#define GOING_AWAY 1001

struct qund_socket {
    struct link link;
    struct host *host; /* NULL: its channel is closed */
    struct qund_hosts *all;
    const struct qund_socket_ops *ops;
    void *arg;
    struct qund_ws *ws;     /* theirs */
    struct qund_dial *dial; /* ours */
};

static void tell_text(struct qund_socket *s, struct qund_str message)
{
    struct qund_hosts *hs = s->all;

    if (!s->host || !s->ops->text)
        return;
    host_enter(s->host, "socket");
    s->ops->text(s->arg, s, message);
    host_leave(hs);
}

/* The last of it. */
static void tell_closed(struct qund_socket *s, int code, struct qund_str why)
{
    struct qund_hosts *hs = s->all;

    if (s->host) {
        host_enter(s->host, "socket");
        s->ops->closed(s->arg, s, code, why);
        host_leave(hs);
    }
    if (s->link.prev)
        link_take(&s->link);
    qund_free(s);
}

static void ws_text(struct qund_ws *ws, void *arg, struct qund_str message)
{
    (void)ws;
    tell_text(arg, message);
}

static void ws_closed(struct qund_ws *ws, void *arg)
{
    struct qund_str why;
    int code = qund_ws_end(ws, &why);

    tell_closed(arg, code, why);
}

static void dial_opened(struct qund_dial *d, void *arg)
{
    struct qund_socket *s = arg;
    struct qund_hosts *hs = s->all;

    (void)d;
    if (!s->host || !s->ops->opened)
        return;
    host_enter(s->host, "socket");
    s->ops->opened(s->arg, s);
    host_leave(hs);
}

static void dial_text(struct qund_dial *d, void *arg, struct qund_str message)
{
    (void)d;
    tell_text(arg, message);
}

static void dial_closed(struct qund_dial *d, void *arg, int code, struct qund_str why)
{
    (void)d;
    tell_closed(arg, code, why);
}

static const struct qund_ws_ops WS_OPS = {ws_text, ws_closed};
static const struct qund_dial_ops DIAL_OPS = {dial_opened, dial_text, dial_closed};

static struct qund_socket *socket_new(struct host *h, const struct qund_socket_ops *ops, void *arg)
{
    struct qund_socket *s = qund_alloc(sizeof(*s));

    s->host = h;
    s->all = h->all;
    s->ops = ops;
    s->arg = arg;
    return s;
}

static size_t at_most(size_t v, size_t max)
{
    return v < max ? v : max;
}

static int ws_accept(struct qund_request *pub, const struct qund_socket_cfg *cfg,
                     const struct qund_socket_ops *ops, void *arg, struct qund_socket **out)
{
    static const struct qund_socket_cfg plain = {0};
    struct hooked *k = QUND_CONTAINER(pub, struct hooked, pub);
    struct qund_channel *c = k->channel;
    struct qund_hosts *hs = c->host->all;
    struct qund_socket *s;

    qund_assert(hs->upgrading == k); /* from within channel_upgrade only */
    cfg = cfg ? cfg : &plain;
    s = socket_new(c->host, ops, arg);
    hs->upgrading = NULL;
    s->ws = qund_ws_accept(
        k->req,
        &(struct qund_ws_cfg){.message_max = at_most(cfg->message_max, BYTES_MAX),
                              .queue_bytes = at_most(cfg->queue_bytes, BYTES_MAX),
                              .queue_frames = (unsigned)at_most(cfg->queue_frames, FRAMES_MAX),
                              .bulk = cfg->bulk != 0,
                              .protocol = cfg->protocol},
        &WS_OPS, s);
    link_take(&k->link);
    if (s->ws)
        link_put(&c->sockets, &s->link);
    qund_free(k);
    if (!s->ws) {
        qund_free(s);
        return QUND_E_INVAL;
    }
    *out = s;
    return QUND_OK;
}

static int ws_connect(struct qund_channel *c, const struct qund_connect *to,
                      const struct qund_socket_cfg *cfg, const struct qund_socket_ops *ops,
                      void *arg, struct qund_socket **out, struct qund_fault *why)
{
    static const struct qund_socket_cfg plain = {0};
    struct host *h = c->host;
    QUND_AUTO(qund_free_str) char *url = qund_str_dup(to->url);
    struct qund_socket *s = socket_new(h, ops, arg);
    struct qund_err err = {0};
    int rc;

    cfg = cfg ? cfg : &plain;
    /* Made when somebody dials: it reads the system's roots, which takes its time. */
    rc = h->all->dialer ? QUND_OK
                        : qund_dialer_new(h->all->q->loop, h->all->q->config->net.ca_file,
                                          &h->all->dialer, &err);
    if (rc == 0)
        rc = qund_dial(h->all->dialer,
                       &(struct qund_dial_cfg){
                           .url = url,
                           .headers = to->headers,
                           .n_headers = to->n_headers,
                           .protocol = cfg->protocol,
                           .allow_private = to->allow_private,
                           .timeout_ms = to->timeout_ms,
                           .message_max = at_most(cfg->message_max, BYTES_MAX),
                           .queue_bytes = at_most(cfg->queue_bytes, BYTES_MAX),
                           .queue_frames = (unsigned)at_most(cfg->queue_frames, FRAMES_MAX)},
                       &DIAL_OPS, s, &s->dial, &err);
    if (rc < 0) {
        qund_free(s);
        return host_fault(why, rc, err.where, "%s", err.text);
    }
    link_put(&c->sockets, &s->link);
    *out = s;
    return QUND_OK;
}

static int ws_send(struct qund_socket *s, struct qund_str text)
{
    return s->ws ? qund_ws_send(s->ws, text) : qund_dial_send(s->dial, text);
}

static void ws_pause(struct qund_socket *s, bool on)
{
    if (s->ws)
        qund_ws_pause(s->ws, on);
    else
        qund_dial_pause(s->dial, on);
}

static void ws_close(struct qund_socket *s, int code, const char *reason)
{
    if (s->ws)
        qund_ws_close(s->ws, code, reason);
    else
        qund_dial_close(s->dial, code, reason);
}

void host_sockets_end(struct qund_channel *c)
{
    while (c->sockets) {
        struct qund_socket *s = QUND_CONTAINER(c->sockets, struct qund_socket, link);

        link_take(&s->link);
        s->host = NULL;
        s->link.prev = NULL;
        if (s->dial)
            link_put(&c->host->all->orphans, &s->link); /* the dialer may drop it without a word */
        ws_close(s, GOING_AWAY, "the channel is closing");
    }
}

/* The dialer is gone: nobody will tell of these any more. */
void host_sockets_free(struct qund_hosts *hs)
{
    while (hs->orphans) {
        struct qund_socket *s = QUND_CONTAINER(hs->orphans, struct qund_socket, link);

        link_take(&s->link);
        qund_free(s);
    }
}

void host_sockets(struct qund_host *api)
{
    api->ws_accept = ws_accept;
    api->ws_connect = ws_connect;
    api->ws_send = ws_send;
    api->ws_pause = ws_pause;
    api->ws_close = ws_close;
}
