/* src/net/dial_parts.h - one dial, for dial.c and dial_make.c. */
#ifndef QUND_NET_DIAL_PARTS_H
#define QUND_NET_DIAL_PARTS_H
#include "net/dial.h"
#include "net/internal.h"

struct addrinfo;
struct dial_frame;
struct dial_look;
struct lws;
struct lws_vhost;

enum dial_state { LOOKING, CONNECTING, OPEN, CLOSING, ENDED };

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

    struct dial_look *look;      /* while it runs */
    struct addrinfo *found, *at; /* at: the next to try */
    struct lws *wsi;
    struct qund_buf in;
    struct dial_frame *head, **tail;
    unsigned n;
    size_t queued;
    int64_t deadline_ms, heard_ms, asked_ms; /* loop time */
    int64_t silence_ms;
    bool ping_due, try_next, close_noted, paused;
    int code, status;
    char why[160];
};

struct qund_dialer {
    struct qund_loop *loop;
    struct lws_vhost *vhost;
    struct qund_dial *dials;
    struct qund_loop_timer *turn, *tick;
};

static inline int64_t qund_dial_now(const struct qund_dialer *dl)
{
    return (int64_t)uv_now(qund_loop_uv(dl->loop));
}
/* What has ended, or may go on, is looked at in a turn of its own. */
static inline void qund_dial_turn(struct qund_dialer *dl)
{
    qund_loop_timer_start(dl->turn, 0, 0);
}
/* dial_wire.c */
enum { QUND_DIAL_CLOSE_MS = 5000 }; /* for the closing handshake */
void qund_dial_drop_frames(struct qund_dial *d);
void qund_dial_received(struct qund_dial *d, const char *bytes, size_t n);
int qund_dial_writeable(struct qund_dial *d); /* -1: the socket is to be closed */
void qund_dial_peer_closes(struct qund_dial *d, const unsigned char *in, size_t n);
/* dial_look.c */
/* found(arg, …) once, in a later turn; status as of getaddrinfo, the list is its. NULL: no thread
 * or descriptor can be had. */
struct dial_look *qund_dial_look(struct qund_loop *l, const char *host,
                                 void (*found)(void *arg, int status, struct addrinfo *list),
                                 void *arg);
struct dial_look *qund_dial_look_drop(struct dial_look *k); /* not told; NULL is fine; NULL */
/* dial_make.c */
/* Reads address, headers and protocol of *cfg into d; INVAL when they cannot be sent as they are.
 */
QUND_CHECK int qund_dial_read(struct qund_dial *d, const struct qund_dial_cfg *cfg,
                              struct qund_err *err);
#endif
