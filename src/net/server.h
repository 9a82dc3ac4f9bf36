/* src/net/server.h - the HTTP/1.1 and WebSocket server primitives (essays in server.c, conn.c and
 * ws.c). No uv or lws type is seen here. Everything runs on the loop thread; nothing blocks. */
#ifndef QUND_NET_SERVER_H
#define QUND_NET_SERVER_H
#include "net/http1.h"

struct qund_loop;
struct qund_clock;
struct qund_metrics;
struct qund_server;
struct qund_ws;

/* Every bound has an answer and a counter: header 431, body 413, bodies together 503, connections
 * 503 and close, time 408 or close. 0 takes the default in brackets. */
struct qund_server_cfg {
    size_t header_max;       /* [16 KiB] */
    size_t body_max;         /* [1 MiB] unless head() says otherwise for a request */
    size_t bodies_max;       /* [64 MiB] of all requests in hand together */
    size_t stream_max;       /* [1 MiB] unsent bytes of a streamed answer before writes must wait */
    unsigned conns_max;      /* [4096] HTTP connections */
    unsigned conns_per_peer; /* [256] of one address; loopback and unix sockets are exempt */
    unsigned ws_max;         /* [12000] WebSockets */
    int64_t header_ms;       /* [5000] from the first byte of a request to the end of its head */
    int64_t body_ms;         /* [30000] for the body */
    int64_t idle_ms;         /* [60000] between requests */
    int64_t write_ms;        /* [30000] without a byte taken by the peer */
    int64_t ws_silence_ms;   /* [60000] a WebSocket without a frame or a pong: the peer is gone */
};

struct qund_peer {
    char addr[46]; /* "203.0.113.9", "::1"; "unix" */
    bool local;    /* came through our own unix socket: the uid is ours, checked */
    bool loopback;
};

/* One request. Its strings are valid until it is answered; it must be answered exactly once, also
 * when the peer has gone meanwhile (the answer then goes nowhere). */
struct qund_req {
    struct qund_http1 head;
    struct qund_str body; /* empty until request() */
    struct qund_peer peer;
    size_t body_max; /* head() may change it */
    const char
        *body_key;    /* the setting that says so, for who sent more; NULL: it is fixed. Static */
    void *user;       /* the handler's, NULL at head(); freed by the handler on answering */
    uint64_t grant;   /* the handler's too: what the caller was found to be allowed */
    int64_t start_us; /* monotonic */
};

struct qund_server_ops {
    /* The head is sound. May answer at once (401, 404, …), change body_max, or call qund_ws_accept;
     * otherwise the body is read and request() follows. */
    void (*head)(void *arg, struct qund_req *r);
    /* The body is complete. */
    void (*request)(void *arg, struct qund_req *r);
    /* Each answer, for counters and the access log; bytes of the body. NULL is fine. */
    void (*answered)(void *arg, const struct qund_req *r, int status, size_t bytes);
};

QUND_CHECK int qund_server_new(struct qund_loop *loop, const struct qund_server_cfg *cfg,
                               const struct qund_server_ops *ops, void *arg,
                               struct qund_clock *clock, struct qund_metrics *metrics,
                               struct qund_server **out, struct qund_err *err);
/* Closes listeners and connections. Requests in hand must have been answered (qund_server_drain).
 */
struct qund_server *qund_server_free(struct qund_server *s); /* returns NULL */
QUND_DEFINE_AUTO(qund_server_free, struct qund_server *)

/* "127.0.0.1:8720", "[::1]:8720", ":0" is not taken: the host is always named. Port 0: any free
 * one. *port (may be NULL) is the one that was bound. */
QUND_CHECK int qund_server_listen_tcp(struct qund_server *s, const char *host_port, int *port,
                                      struct qund_err *err);
/* Whether that, or unix:PATH (of kind ANY), could be listened on now; nothing stays bound, nothing
 * is made or removed. For saying so before a long start. */
QUND_CHECK int qund_server_try(const char *where, struct qund_err *err);
/* OWN: only our own user and root are served, and they are `local`. ANY: a door like a port, for a
 * proxy; who can reach it is decided by its folder. */
enum qund_unix_kind { QUND_UNIX_OWN, QUND_UNIX_ANY };
/* The folder must exist; a socket left behind is replaced, one that is listened on and anything
 * else at the path is refused (EXISTS). Paths longer than the system's limit work. */
QUND_CHECK int qund_server_listen_unix(struct qund_server *s, const char *path,
                                       enum qund_unix_kind kind, struct qund_err *err);
/* Takes no further connection, closes idle ones, asks WebSockets to go (1001); requests in hand go
 * on and are answered with Connection: close. */
void qund_server_drain(struct qund_server *s);
/* Requests not yet answered or not yet fully written: 0 = drained. */
unsigned qund_server_busy(const struct qund_server *s);
unsigned qund_server_conns(const struct qund_server *s);
unsigned qund_server_ws_count(const struct qund_server *s);

struct qund_resp {
    int status;
    const char *type;                /* Content-Type; NULL: none */
    struct qund_str body;            /* copied */
    const struct qund_header *extra; /* further headers; sound by construction, not checked */
    size_t n_extra;
    bool close; /* Connection: close */
};
/* The request is gone after it. */
void qund_req_reply(struct qund_req *r, const struct qund_resp *resp);
/* A long answer in pieces (chunked): begin, write as often as wanted, end; the request is gone
 * after end. body of resp is the first piece. write returns DENIED when the peer is gone (end all
 * the same) and AGAIN when stream_max bytes wait: the bytes were taken, but the next write should
 * wait for drained(arg). */
void qund_req_stream(struct qund_req *r, const struct qund_resp *resp, void (*drained)(void *arg),
                     void *arg);
QUND_CHECK int qund_req_write(struct qund_req *r, struct qund_str bytes);
/* complete false: the connection is cut, so that the peer sees that something is missing. */
void qund_req_end(struct qund_req *r, bool complete);
const char *qund_http_status_text(int status);

/* --- WebSocket, server side --- */
struct qund_ws_ops {
    /* A whole text message, valid UTF-8, borrowed for the call. NULL: what comes is ignored. */
    void (*text)(struct qund_ws *ws, void *arg, struct qund_str message);
    /* The last call for this ws. */
    void (*closed)(struct qund_ws *ws, void *arg);
};
struct qund_ws_cfg {
    size_t message_max;       /* [64 KiB] a longer message closes with 1009 */
    size_t queue_bytes;       /* [256 KiB] unsent, beyond: qund_ws_send says FULL */
    unsigned queue_frames;    /* [64] likewise */
    bool bulk;                /* many frames come in: a large read buffer */
    struct qund_str protocol; /* echoed as Sec-WebSocket-Protocol; NONE: none */
};
/* From head() only, for a request with head.upgrade: the connection becomes a WebSocket and the
 * request is gone. NULL: the request was answered (broken handshake 400/426, ws_max 503). */
struct qund_ws *qund_ws_accept(struct qund_req *r, const struct qund_ws_cfg *cfg,
                               const struct qund_ws_ops *ops, void *arg);
/* FULL: the queue is at its bound, nothing was taken (a slow reader: close with 1013). DENIED:
 * closing. */
QUND_CHECK int qund_ws_send(struct qund_ws *ws, struct qund_str text);
/* One text for many: made once, queued by reference. */
struct qund_ws_frame;
struct qund_ws_frame *qund_ws_frame_new(struct qund_str text);
struct qund_ws_frame *qund_ws_frame_unref(struct qund_ws_frame *f); /* returns NULL */
QUND_CHECK int qund_ws_send_frame(struct qund_ws *ws, struct qund_ws_frame *f);
/* Reads no further until it is called with false: the peer is slowed down, and may be silent. */
void qund_ws_pause(struct qund_ws *ws, bool on);
/* Within closed() only: how it ended: our code or the peer's, 1006 when it broke off. */
int qund_ws_end(const struct qund_ws *ws, struct qund_str *why);
/* Sends what waits no longer than it takes to write a close frame; closed() follows. reason is cut
 * to 123 bytes. */
void qund_ws_close(struct qund_ws *ws, int code, const char *reason);
#endif
