/* server.c - the HTTP server: listeners, who is let in, and the clock of all connections.
 *
 * libwebsockets is not the HTTP parser here, though it could be. Version 4.1.6, which a stable
 * distribution ships and does not mend, answers 200 to requests with two lengths, with negative and
 * overflowing lengths, with bare LF and NUL, and lets `Upgrade: h2c` into a use after free; it
 * offers no place at which the bytes of the second request of a connection could be seen first. So
 * connections are accepted and read here (http1.c, conn.c), strictly, and only an upgrade that was
 * found sound is handed to libwebsockets, which then does what it does well: WebSockets (ws.c).
 * docs/decisions/0010-http-before-lws.md has the whole reasoning.
 *
 * One timer walks all connections twice a second and ends those whose time is over. That is a loop
 * over some thousand structs, less work than one timer per connection that is moved with each
 * request.
 *
 * When no descriptor is left, a listener that is still readable would spin: it is paused until the
 * next tick. The store and Redis have theirs already; the data folder is locked before we listen.
 */
#include "core/file.h"
#include "core/thread.h"
#include "net/conn.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    TICK_MS = 500,
    ACCEPT_BATCH = 64, /* a turn; the rest stays in the kernel's queue for the next one */
    BACKLOG = 1024
};

static const struct qund_server_cfg DEFAULTS = {.header_max = 16u << 10,
                                                .body_max = 1u << 20,
                                                .bodies_max = 64u << 20,
                                                .stream_max = 1u << 20,
                                                .conns_max = 4096,
                                                .conns_per_peer = 256,
                                                .ws_max = 12000,
                                                .header_ms = 5000,
                                                .body_ms = 30000,
                                                .idle_ms = 60000,
                                                .write_ms = 30000,
                                                .ws_silence_ms = 60000};

static struct qund_server_cfg with_defaults(const struct qund_server_cfg *given)
{
    struct qund_server_cfg c = given ? *given : DEFAULTS;

#define TAKE_DEFAULT(field) c.field = c.field ? c.field : DEFAULTS.field
    TAKE_DEFAULT(header_max);
    TAKE_DEFAULT(body_max);
    TAKE_DEFAULT(bodies_max);
    TAKE_DEFAULT(stream_max);
    TAKE_DEFAULT(conns_max);
    TAKE_DEFAULT(conns_per_peer);
    TAKE_DEFAULT(ws_max);
    TAKE_DEFAULT(header_ms);
    TAKE_DEFAULT(body_ms);
    TAKE_DEFAULT(idle_ms);
    TAKE_DEFAULT(write_ms);
    TAKE_DEFAULT(ws_silence_ms);
#undef TAKE_DEFAULT
    return c;
}

static void make_counters(struct server_counters *n, struct qund_metrics *m)
{
    static const char refused[] = "qund_http_refused_total";
    static const char refused_help[] = "Connections and requests refused, by bound";

    n->accepted =
        qund_metric_counter(m, "qund_http_connections_total", NULL, "Connections taken in");
    n->open = qund_metric_gauge(m, "qund_http_connections", NULL, "Connections now open");
    n->ws_open = qund_metric_gauge(m, "qund_ws_connections", NULL, "WebSockets now open");
    n->refused_total = qund_metric_counter(m, refused, "why=\"connections\"", refused_help);
    n->refused_peer = qund_metric_counter(m, refused, "why=\"peer\"", refused_help);
    n->refused_uid = qund_metric_counter(m, refused, "why=\"uid\"", refused_help);
    n->bad_head = qund_metric_counter(m, refused, "why=\"head\"", refused_help);
    n->timeouts = qund_metric_counter(m, refused, "why=\"time\"", refused_help);
    n->body_too_large = qund_metric_counter(m, refused, "why=\"body\"", refused_help);
    n->bodies_full = qund_metric_counter(m, refused, "why=\"bodies\"", refused_help);
    n->ws_refused = qund_metric_counter(m, refused, "why=\"websockets\"", refused_help);
    n->ws_slow = qund_metric_counter(m, refused, "why=\"slow_reader\"", refused_help);
    n->accept_failed = qund_metric_counter(m, "qund_http_accept_failed_total", NULL,
                                           "Connections lost for want of descriptors or memory");
}

static void on_listener(uv_poll_t *p, int status, int events);

static void on_tick(void *arg)
{
    struct qund_server *s = arg;
    int64_t now = qund_conn_now(s);
    struct conn *next;

    for (size_t i = 0; i < s->n_listeners; i++) {
        if (s->listeners[i]->paused)
            qund_assert(uv_poll_start(&s->listeners[i]->poll, UV_READABLE, on_listener) == 0);
        s->listeners[i]->paused = false;
    }

    for (struct conn *c = s->conns; c; c = next) {
        next = c->next;
        qund_conn_check_deadline(c, now);
    }
    qund_ws_tick(s);
}

int qund_server_new(struct qund_loop *loop, const struct qund_server_cfg *cfg,
                    const struct qund_server_ops *ops, void *arg, struct qund_clock *clock,
                    struct qund_metrics *metrics, struct qund_server **out, struct qund_err *err)
{
    struct qund_server *s = qund_alloc(sizeof(*s));
    int rc;

    qund_on(QUND_THREAD_LOOP);
    s->loop = loop;
    s->cfg = with_defaults(cfg);
    s->ops = *ops;
    s->arg = arg;
    s->clock = clock;
    make_counters(&s->count, metrics);
    qund_peers_init(&s->peers, s->cfg.conns_max);
    rc = qund_ws_start(s, err);
    if (rc < 0) {
        qund_peers_done(&s->peers);
        qund_free(s);
        return rc;
    }
    s->tick = qund_loop_timer_new(loop, on_tick, s);
    qund_loop_timer_start(s->tick, TICK_MS, TICK_MS);
    *out = s;
    return QUND_OK;
}

static void free_listener(uv_handle_t *h)
{
    qund_free(QUND_CONTAINER(h, struct listener, poll));
}

static void close_listeners(struct qund_server *s)
{
    for (size_t i = 0; i < s->n_listeners; i++) {
        struct listener *l = s->listeners[i];

        uv_poll_stop(&l->poll);
        if (l->unix_socket) {
            unlinkat(l->dir_fd, l->name, 0);
            close(l->dir_fd);
        }
        close(l->fd);
        uv_close((uv_handle_t *)&l->poll, free_listener);
    }
    s->n_listeners = 0;
}

struct qund_server *qund_server_free(struct qund_server *s)
{
    struct conn *next;

    if (!s)
        return NULL;
    close_listeners(s);
    qund_ws_stop(s);
    for (struct conn *c = s->conns; c; c = next) {
        next = c->next;
        qund_conn_close(c);
        /* From here on it belongs to libuv and, if one has it, to the handler that will answer. */
        c->prev = c->next = NULL;
        c->server = NULL;
    }
    qund_loop_timer_free(s->tick);
    qund_peers_done(&s->peers);
    qund_free(s);
    return NULL;
}

void qund_server_drain(struct qund_server *s)
{
    struct conn *next;

    for (size_t i = 0; i < s->n_listeners; i++)
        on_listener(&s->listeners[i]->poll, 0, UV_READABLE); /* who knocked already may come in */
    s->draining = true;
    close_listeners(s);
    for (struct conn *c = s->conns; c; c = next) {
        next = c->next;
        qund_conn_drain(c);
    }
    qund_ws_drain(s);
}

unsigned qund_server_busy(const struct qund_server *s)
{
    return s->busy;
}

unsigned qund_server_conns(const struct qund_server *s)
{
    return s->n_conns;
}

unsigned qund_server_ws_count(const struct qund_server *s)
{
    return s->n_ws;
}

static void turn_away(int fd)
{
    static const char full[] = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"
                               "Content-Length: 0\r\nConnection: close\r\n\r\n";

    /* As far as the empty socket takes it at once, which is always; nobody waits here. */
    if (send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
        shutdown(fd, SHUT_WR);
    close(fd);
}

/* Our own user, or root, who could read the store anyway. */
static bool same_user(int fd)
{
    struct ucred cred;
    socklen_t n = sizeof(cred);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) == 0 &&
           (cred.uid == geteuid() || cred.uid == 0);
}

static void describe_peer(const struct sockaddr_storage *sa, struct qund_peer *peer)
{
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;

    if (sa->ss_family == AF_INET) {
        memcpy(&in4, sa, sizeof(in4));
        inet_ntop(AF_INET, &in4.sin_addr, peer->addr, sizeof(peer->addr));
        peer->loopback = (ntohl(in4.sin_addr.s_addr) >> 24) == 127;
    } else if (sa->ss_family == AF_INET6) {
        memcpy(&in6, sa, sizeof(in6));
        inet_ntop(AF_INET6, &in6.sin6_addr, peer->addr, sizeof(peer->addr));
        peer->loopback = IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
    }
}

static void admit(struct listener *l, int fd, const struct sockaddr_storage *sa)
{
    struct qund_server *s = l->server;
    struct qund_peer peer = {0};
    struct qund_peer_key key;
    bool counted;

    if (l->unix_socket) {
        snprintf(peer.addr, sizeof(peer.addr), "unix");
        peer.local = l->own;
        peer.loopback = !l->own;
        if (l->own && !same_user(fd)) {
            qund_counter_add(s->count.refused_uid, 1);
            close(fd);
            return;
        }
    } else {
        describe_peer(sa, &peer);
    }
    if (s->n_conns >= s->cfg.conns_max) {
        qund_counter_add(s->count.refused_total, 1);
        turn_away(fd);
        return;
    }
    /* Behind a reverse proxy everybody is loopback: there the proxy counts. */
    counted = !peer.local && !peer.loopback && qund_peer_key_of(sa, &key);
    if (counted && qund_peers_add(&s->peers, &key) > s->cfg.conns_per_peer) {
        qund_peers_drop(&s->peers, &key);
        qund_counter_add(s->count.refused_peer, 1);
        turn_away(fd);
        return;
    }
    qund_counter_add(s->count.accepted, 1);
    qund_conn_new(s, fd, &peer, counted ? &key : NULL);
}

static void pause_listener(struct listener *l)
{
    qund_counter_add(l->server->count.accept_failed, 1);
    l->paused = true;
    uv_poll_stop(&l->poll);
}

static void on_listener(uv_poll_t *p, int status, int events)
{
    struct listener *l = QUND_CONTAINER(p, struct listener, poll);

    (void)events;
    for (int i = 0; status == 0 && i < ACCEPT_BATCH; i++) {
        struct sockaddr_storage sa;
        socklen_t n = sizeof(sa);
        int fd;

        memset(&sa, 0, sizeof(sa));
        fd = accept4(l->fd, (struct sockaddr *)&sa, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            admit(l, fd, &sa);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            pause_listener(l);
            return;
        } else if (errno != ECONNABORTED && errno != EINTR) {
            return;
        }
    }
}

static int add_listener(struct qund_server *s, struct listener *l, const char *name,
                        struct qund_err *err)
{
    int n;

    l->server = s;
    if (s->n_listeners == LISTENERS_MAX || listen(l->fd, BACKLOG) != 0)
        return qund_err_set(err, QUND_E_IO, name, "cannot listen: %s",
                            s->n_listeners == LISTENERS_MAX ? "too many addresses"
                                                            : strerror(errno));
    n = uv_poll_init(qund_loop_uv(s->loop), &l->poll, l->fd);
    if (n != 0)
        return qund_err_set(err, QUND_E_IO, name, "cannot watch the socket: %s", uv_strerror(n));
    qund_assert(uv_poll_start(&l->poll, UV_READABLE, on_listener) == 0);
    s->listeners[s->n_listeners++] = l;
    return QUND_OK;
}

/* "127.0.0.1:8720" or "[::1]:8720" → a socket address. Names are not resolved: what is listened on
 * should not depend on a resolver. */
static int parse_host_port(const char *text, struct sockaddr_storage *sa, socklen_t *len,
                           struct qund_err *err)
{
    const char *colon = strrchr(text, ':');
    struct sockaddr_in in4 = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    char host[64];
    int64_t port = -1;
    size_t n = colon ? (size_t)(colon - text) : 0;

    if (!colon || n == 0 || n >= sizeof(host) || qund_str_int(qund_str(colon + 1), &port) < 0 ||
        port < 0 || port > 65535)
        return qund_err_set(err, QUND_E_INVAL, text,
                            "an address to listen on is HOST:PORT, e.g. 127.0.0.1:8720");
    memcpy(host, text, n);
    host[n] = '\0';
    in4.sin_port = in6.sin6_port = htons((uint16_t)port);
    memset(sa, 0, sizeof(*sa));
    if (strcmp(host, "localhost") == 0)
        snprintf(host, sizeof(host), "127.0.0.1");
    if (inet_pton(AF_INET, host, &in4.sin_addr) == 1) {
        memcpy(sa, &in4, *len = sizeof(in4));
        return QUND_OK;
    }
    if (host[0] == '[' && host[n - 1] == ']') {
        host[n - 1] = '\0';
        if (inet_pton(AF_INET6, host + 1, &in6.sin6_addr) == 1) {
            memcpy(sa, &in6, *len = sizeof(in6));
            return QUND_OK;
        }
    }
    return qund_err_set(err, QUND_E_INVAL, text,
                        "the host must be an address: 127.0.0.1, 0.0.0.0 or [::1]");
}

static int port_of(int fd)
{
    struct sockaddr_storage sa;
    struct sockaddr_in in4;
    socklen_t n = sizeof(sa);

    memset(&sa, 0, sizeof(sa));
    if (getsockname(fd, (struct sockaddr *)&sa, &n) != 0)
        return 0;
    memcpy(&in4, &sa, sizeof(in4)); /* the port lies at the same place in both families */
    return ntohs(in4.sin_port);
}

/* A bound socket, or < 0. */
static int bind_tcp(const char *host_port, struct qund_err *err)
{
    struct sockaddr_storage sa;
    socklen_t n = 0;
    int on = 1, fd;
    int rc = parse_host_port(host_port, &sa, &n, err);

    if (rc < 0)
        return rc;
    fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return qund_err_set(err, QUND_E_IO, host_port, "cannot make a socket: %s", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    /* Inherited by what is accepted: an answer is one write and must not wait for an ack. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&sa, n) == 0)
        return fd;
    rc = qund_err_set(err, QUND_E_IO, host_port, "cannot listen here: %s; %s", strerror(errno),
                      errno == EADDRINUSE ? "another program (or another qund) is on this port, "
                                            "http.listen or --listen names another one"
                      : errno == EACCES   ? "ports below 1024 need a privilege, take a higher one"
                                          : "http.listen or --listen names another address");
    close(fd);
    return rc;
}

int qund_server_try(const char *where, struct qund_err *err)
{
    int fd;

    if (strncmp(where, "unix:", 5) == 0)
        return qund_unix_try(where + 5, err);
    fd = bind_tcp(where, err);
    if (fd < 0)
        return fd;
    close(fd);
    return QUND_OK;
}

int qund_server_listen_tcp(struct qund_server *s, const char *host_port, int *port,
                           struct qund_err *err)
{
    int fd = bind_tcp(host_port, err);
    struct listener *l;
    int rc;

    if (fd < 0)
        return fd;
    l = qund_alloc(sizeof(*l));
    l->fd = fd;
    rc = add_listener(s, l, host_port, err);
    if (rc < 0) {
        close(fd);
        qund_free(l);
        return rc;
    }
    if (port)
        *port = port_of(fd);
    return QUND_OK;
}

int qund_server_listen_unix(struct qund_server *s, const char *path, enum qund_unix_kind kind,
                            struct qund_err *err)
{
    struct listener *l = qund_alloc(sizeof(*l));
    int rc;

    l->fd = l->dir_fd = -1;
    l->unix_socket = true;
    l->own = kind == QUND_UNIX_OWN;
    rc = qund_unix_bind(l, path, err);
    if (rc == 0)
        rc = add_listener(s, l, path, err);
    if (rc < 0) {
        if (l->bound)
            unlinkat(l->dir_fd, l->name, 0);
        if (l->fd >= 0)
            close(l->fd);
        if (l->dir_fd >= 0)
            close(l->dir_fd);
        qund_free(l);
    }
    return rc;
}
