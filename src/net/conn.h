/* src/net/conn.h - what server.c, conn.c, answer.c and ws.c share about a server and its
 * connections. */
#ifndef QUND_NET_CONN_H
#define QUND_NET_CONN_H
#include "core/metric.h"
#include "net/chunk.h"
#include "net/internal.h"
#include "net/peers.h"
#include "net/server.h"

enum conn_state {
    CONN_IDLE,   /* between requests, nothing read */
    CONN_HEAD,   /* part of a head is there */
    CONN_TOP,    /* head() is being asked */
    CONN_BODY,   /* part of the body is there */
    CONN_BUSY,   /* the handler has the request */
    CONN_STREAM, /* the handler writes its answer in pieces */
    CONN_WRITE,  /* the answer is leaving */
    CONN_LINGER, /* answered and shut down: what still comes is thrown away, then it is closed */
    CONN_GONE    /* no socket any more; kept while the handler has the request */
};

struct conn {
    uv_poll_t poll;
    struct qund_server *server; /* NULL once the server is gone */
    struct conn *prev, *next;
    int fd, events;
    enum conn_state state;
    bool in_process; /* process() is on the stack: the end of an answer must not enter it again */
    bool active;     /* counted in server->busy: begun and not yet answered to the last byte */
    bool owed;       /* a handler has req and will answer it */
    bool close_after, stream_chunked, stream_cut, counted_peer, handle_closed;
    int64_t deadline_ms; /* loop time; 0: none */
    struct qund_buf in, out;
    size_t scanned, head_n, out_at, body_held;
    struct qund_chunk chunk;
    bool chunks_to_come; /* the body in hand comes in chunks and is not whole */
    void (*drained)(void *arg);
    void *drained_arg;
    bool wants_drained;
    struct qund_peer_key peer_key;
    struct qund_req req;
};

struct listener {
    struct qund_server *server;
    uv_poll_t poll;
    int fd, dir_fd;
    char name[108]; /* of a unix socket within its folder, to remove it; else "" */
    bool unix_socket, paused;
    bool own;   /* a unix socket for ourselves alone, see unix.c */
    bool bound; /* there is a file to remove */
};

/* Binds l->own's kind of socket at path; fills fd, dir_fd, name. */
QUND_CHECK int qund_unix_bind(struct listener *l, const char *path, struct qund_err *err);
/* Whether that would succeed now, as ANY. */
QUND_CHECK int qund_unix_try(const char *path, struct qund_err *err);

#define LISTENERS_MAX 4u

struct server_counters {
    struct qund_counter *accepted, *refused_total, *refused_peer, *refused_uid, *accept_failed;
    struct qund_counter *bad_head, *timeouts, *body_too_large, *bodies_full, *open, *ws_open,
        *ws_refused, *ws_slow;
};

struct qund_server {
    struct qund_loop *loop;
    struct qund_server_cfg cfg;
    struct qund_server_ops ops;
    void *arg;
    struct qund_clock *clock;
    struct listener *listeners[LISTENERS_MAX];
    size_t n_listeners;
    struct conn *conns;
    struct qund_ws *sockets;
    struct qund_ws *ending;      /* to be closed at the end of this turn */
    struct lws_vhost *vhosts[2]; /* few and many frames */
    struct qund_ws *adopting;    /* the upgrade that lws is being handed in this very call */
    struct qund_peers peers;
    struct qund_loop_timer *tick;
    unsigned n_conns, n_ws, busy, turn;
    size_t bodies;
    bool draining;
    int64_t date_s;
    char date[32];
    struct server_counters count;
};

/* conn.c */
void qund_conn_new(struct qund_server *s, int fd, const struct qund_peer *peer,
                   const struct qund_peer_key *key);
void qund_conn_close(struct conn *c);
void qund_conn_drain(struct conn *c); /* closes it unless a request is there */
void qund_conn_check_deadline(struct conn *c, int64_t now_ms);
/* The answer has left: the next request, or the end. */
void qund_conn_answered(struct conn *c);
/* The handler's answer came after the socket was gone. */
void qund_conn_answered_late(struct conn *c);
void qund_conn_watch(struct conn *c, int events);
/* Takes the socket out of the connection, which is then gone. */
int qund_conn_detach(struct conn *c);
int64_t qund_conn_now(const struct qund_server *s);
/* answer.c */
void qund_conn_flush(struct conn *c);
/* Refuses a request whose head or body never became whole. */
void qund_conn_refuse(struct conn *c, int status, const char *why);
static inline struct conn *qund_conn_of(struct qund_req *r)
{
    return QUND_CONTAINER(r, struct conn, req);
}
/* ws_shake.c */
/* NULL: sound, and there is room; else the reason and its status. */
const char *qund_ws_handshake_fault(const struct qund_server *s, const struct qund_req *r,
                                    int *status);
void qund_ws_refuse(struct qund_req *r, int status, const char *why);
/* ws.c */
QUND_CHECK int qund_ws_start(struct qund_server *s, struct qund_err *err);
void qund_ws_tick(struct qund_server *s);
void qund_ws_drain(struct qund_server *s); /* asks each to go: 1001 */
void qund_ws_stop(struct qund_server *s);  /* none is left after it */
#endif
