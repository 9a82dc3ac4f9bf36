/* src/net/dial.h - WebSockets that we open (essay in dial.c). Loop thread; nothing blocks. */
#ifndef QUND_NET_DIAL_H
#define QUND_NET_DIAL_H
#include "core/core.h"

struct qund_loop;
struct qund_dialer; /* one per loop; all dials are made on it */
struct qund_dial;   /* one WebSocket, from the first look-up on */

struct qund_dial_ops {
    void (*opened)(struct qund_dial *d, void *arg);
    /* A whole text message, valid UTF-8, borrowed for the call. */
    void (*text)(struct qund_dial *d, void *arg, struct qund_str message);
    /* The last call, never from within one of ours. code: of the close frame, 1006 when it broke
     * off; before it was opened the HTTP status, 0: none came. */
    void (*closed)(struct qund_dial *d, void *arg, int code, struct qund_str why);
};
struct qund_dial_cfg {
    const char *url; /* wss://host[:port]/path?query; ws:// with allow_private */
    const struct qund_header *headers;
    size_t n_headers;
    struct qund_str protocol; /* offered; NONE: none */
    bool allow_private;
    int64_t timeout_ms;    /* [10000] to the end of the handshake */
    int64_t silence_ms;    /* [60000] without a frame or a pong: the peer is gone */
    size_t message_max;    /* [64 KiB] */
    size_t queue_bytes;    /* [256 KiB] unsent */
    unsigned queue_frames; /* [64] */
};

/* ca_file: roots to trust instead of the system's; NULL: those. */
QUND_CHECK int qund_dialer_new(struct qund_loop *loop, const char *ca_file,
                               struct qund_dialer **out, struct qund_err *err);
/* Drops what is left without `closed`. NULL is fine; returns NULL. */
struct qund_dialer *qund_dialer_free(struct qund_dialer *dl);
QUND_DEFINE_AUTO(qund_dialer_free, struct qund_dialer *)

/* Everything in *cfg is copied. 0: opened or closed will be called. INVAL: the address, a header or
 * the protocol cannot be sent as it is. */
QUND_CHECK int qund_dial(struct qund_dialer *dl, const struct qund_dial_cfg *cfg,
                         const struct qund_dial_ops *ops, void *arg, struct qund_dial **out,
                         struct qund_err *err);
/* FULL: the queue is at its bound, nothing was taken. DENIED: not open. */
QUND_CHECK int qund_dial_send(struct qund_dial *d, struct qund_str text);
/* Reads no further until it is called with false; meanwhile the peer may be silent. */
void qund_dial_pause(struct qund_dial *d, bool on);
/* closed() follows in a later turn; what comes meanwhile is not handed on. code 1000 sends first
 * what waits. */
void qund_dial_close(struct qund_dial *d, int code, const char *reason);
#endif
