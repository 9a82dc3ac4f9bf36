/* src/net/ws_queue.h - the frames that wait for one reader (ws_queue.c); loop thread only. */
#ifndef QUND_NET_WS_QUEUE_H
#define QUND_NET_WS_QUEUE_H
#include "net/server.h"
#include <libwebsockets.h>

struct qund_ws_frame {
    unsigned refs;
    size_t n;
    unsigned char room[LWS_PRE]; /* the library writes the frame header here */
    unsigned char text[];
};

/* Zeroed is empty and ready. */
struct qund_ws_queue {
    struct qund_ws_frame **ring;
    unsigned head, n, room;
    size_t bytes;
};

/* False: it holds as many as it may; the first frame is always taken. Holds a reference until
 * popped. */
bool qund_ws_queue_push(struct qund_ws_queue *q, struct qund_ws_frame *f, unsigned frames_max,
                        size_t bytes_max);
/* The oldest, whose reference is then the caller's; n > 0. */
struct qund_ws_frame *qund_ws_queue_pop(struct qund_ws_queue *q);
/* Lets go of all; it is empty and ready again. */
void qund_ws_queue_done(struct qund_ws_queue *q);

#endif
