/* src/net/feed.h - a reader of the live feed over the daemon's own socket; for the command line.
 * Blocks. Only what our own server sends is understood. */
#ifndef QUND_NET_FEED_H
#define QUND_NET_FEED_H
#include "core/core.h"

struct qund_feed_calls {
    void (*up)(void *arg); /* it is a WebSocket now; NULL is fine */
    int (*each)(struct qund_str text, void *arg);
    bool (*interrupted)(void *arg); /* asked twice a second; NULL: never */
    void *arg;
};
/* Connects to sock, upgrades path to a WebSocket, and calls each with every text until each returns
 * non-zero (0), it is interrupted (0), the server closes it for want of keeping up (FULL: connect
 * again) or because it stops (IO), or something breaks; AGAIN: nobody answers there. */
QUND_CHECK int qund_feed_read(const char *sock, const char *path,
                              const struct qund_feed_calls *calls, struct qund_err *err);
#endif
