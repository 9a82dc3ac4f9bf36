/* src/event/internal.h - what the files of event/ share. */
#ifndef QUND_EVENT_INTERNAL_H
#define QUND_EVENT_INTERNAL_H
#include "core/json.h"
#include "event/event.h"

#define EVENT_NAME_MAX 256u
#define EVENT_TYPE_MAX 64u
#define EVENT_MENTIONS_MAX 200u
#define EVENT_MEDIA_ITEMS_MAX 32u
#define EVENT_MEDIA_MAX (32u << 10)
#define EVENT_DEPTH_MAX 32u
#define EVENT_TS_MAX INT64_C(253402300799999) /* the last instant of the year 9999 */

/* The event that begins at the reader's place; the reader may stand within a larger document. */
QUND_CHECK int event_decode_at(const struct qund_event_ctx *ctx, struct qund_jr *r, size_t index,
                               struct qund_event *out, struct qund_err *err);
/* What the reader stumbled over, as a path within the value that begins at `from`. Returns INVAL.
 */
int event_reader_err(const struct qund_jr *r, const char *from, struct qund_err *err);
/* "data.items[3]": the place of byte `at` in the JSON text. */
void event_path(struct qund_str json, size_t at, char *out, size_t size);

/* Sets key, key_ts, ts, flags and id from what was sent (identity.c). */
struct event_sent {
    bool has_ts;
    int64_t ts;
    bool ts_stable;
    size_t index;
};
QUND_CHECK int event_identify(const struct qund_event_ctx *ctx, const struct event_sent *sent,
                              struct qund_arena *arena, struct qund_event *e, struct qund_err *err);

/* One event while it is decoded. */
struct event_decoding {
    const struct qund_event_ctx *ctx;
    struct qund_jr *r;
    struct qund_event *e;
    struct qund_err *err;
    struct event_sent sent;
    enum qund_role role; /* as claimed */
    int origin;          /* as claimed; < 0: not said */
    unsigned strangers;  /* keys that are not ours */
    bool exported;       /* it has keys that an export adds */
};
/* One field by its name in JSON, as its sender claims it: checked by the row that the decoder uses.
 * media and data are JSON text. */
QUND_CHECK int event_claim(struct event_decoding *d, const char *name, struct qund_str s);
QUND_CHECK int event_claim_ts(struct event_decoding *d, int64_t ts);
QUND_CHECK int event_claim_mentions(struct event_decoding *d, const struct qund_str *ids, size_t n);
/* A key that is none of `names` (strange.c): INVAL when it was meant to be one. */
QUND_CHECK int event_strange_key(struct event_decoding *d, struct qund_str key,
                                 const char *const *names, size_t n);
/* INVAL: a message of which nothing would be known. An exported one may have lost its words. */
QUND_CHECK int event_says_something(const struct event_decoding *d);
/* INVAL: an event of a known type without what it is about, or with an impossible amount. */
QUND_CHECK int event_complete(const struct event_decoding *d);
/* Type, kind, channel, realm, role and origin, from what was read (settle.c). */
QUND_CHECK int event_settle(struct event_decoding *d);
#endif
