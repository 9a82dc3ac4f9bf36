/* frame.h - one frame of the plain bridge protocol, read and checked (frame.c says how).
 *
 * Everything in a frame is borrowed from it and ends with bridge_frame_free. Knows nothing of
 * sockets or of the host: a fuzz target and a unit test link these files alone. */
#ifndef BRIDGE_FRAME_H
#define BRIDGE_FRAME_H
#include "qund/cfg.h"
#include "qund/event.h"
#include "qund/rc.h"
#include <jansson.h>

enum {
    FRAME_MAX = 8 << 20,     /* bytes */
    FRAME_DEPTH_MAX = 32,    /* objects and arrays in each other */
    FRAME_PARTS_MAX = 20000, /* commas: what makes a parser slow is not bytes but pieces */
    ID_MAX = 128,
    WHO_MAX = 500, /* members of one join or leave */
    MENTIONS_MAX = 200,
    MEDIA_MAX = 32
};

enum frame_type { FRAME_HELLO, FRAME_EVENT, FRAME_RES, FRAME_PING, FRAME_PONG, FRAME_UNKNOWN };

struct frame {
    enum frame_type type;
    json_t *root;       /* NULL: made by us, not by the bridge */
    struct piece *kept; /* what was made for it */
    int64_t seq;        /* of an event; 0: ours, it is not acknowledged */
    int64_t ts;
    struct qund_event_in *events; /* of an event, once it was understood */
    size_t n;
};

/* INVAL: *why says where in the frame and what is wrong; *out is empty then. seq is known also of
 * an event that cannot be understood, so that it can be named in the answer. */
int bridge_frame_read(struct qund_str text, struct frame *out, bool *repaired,
                      struct qund_fault *why);
/* The events of a frame of type EVENT, as the account saw them. INVAL, or NOTFOUND for a kind that
 * this version does not know. */
int bridge_frame_events(struct frame *f, struct qund_str account, struct qund_fault *why);
void bridge_frame_free(struct frame *f);

/* Zeroed memory that lives as long as the frame; NULL without memory. */
void *bridge_frame_alloc(struct frame *f, size_t n);
/* Takes over a string of malloc's. */
struct qund_str bridge_frame_keep(struct frame *f, char *text);

/* Members of an object, NONE or the default when absent, null or of another type. */
struct qund_str bridge_text(const json_t *o, const char *key);
/* An id: a string, or an integer, which becomes one in place. */
struct qund_str bridge_id(json_t *o, const char *key);
int64_t bridge_int(const json_t *o, const char *key, int64_t otherwise);
bool bridge_bool(const json_t *o, const char *key);

/* One item of msg.media; content that came along is measured, named by its digest, and let go. */
void bridge_media(struct frame *f, const json_t *item, struct qund_media_in *out);

int bridge_fault(struct qund_fault *why, int rc, const char *where, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
#endif
