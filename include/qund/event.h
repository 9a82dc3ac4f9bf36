/* qund/event.h - an event as a plugin hands it over.
 *
 * The fields are those of the canonical event (docs/http-api.md); the daemon checks each by the
 * same limits as an event that comes by HTTP, and refuses what is wrong with the field's name and
 * the reason. Everything is borrowed until ingest returns. QUND_STR_NONE and n = 0: absent. Text is
 * UTF-8; a plugin that knows that its source breaks it repairs it first. */
#ifndef QUND_EVENT_H
#define QUND_EVENT_H
#include "qund/str.h"

#define QUND_NO_TS INT64_MIN

struct qund_media_in {
    struct qund_str kind;   /* image, voice, video, file, … */
    struct qund_str sha256; /* hex, of the content */
    struct qund_str name, url;
    int64_t size; /* bytes; 0: not known */
};

struct qund_event_in {
    uint32_t size; /* sizeof(struct qund_event_in), as the plugin was compiled; the same in all */
    uint32_t unused;
    /* The platform's id, unique in the channel's realm: where the platform numbers per account the
     * account stands before it. A repeat of (ts, id) is recognised and changes nothing. At most 128
     * bytes, no control bytes; so are all ids below. */
    struct qund_str id;
    struct qund_str type;              /* NONE: message */
    int64_t ts_ms;                     /* event time, UTC; QUND_NO_TS: receipt */
    struct qund_str group, group_name; /* NONE: a private chat */
    struct qund_str sender, sender_name;
    struct qund_str sender_role; /* believed only from channels with trust_roles */
    struct qund_str to;          /* the other party of a private chat */
    struct qund_str account;     /* which of our own accounts saw it */
    struct qund_str kind;        /* of a message; NONE: text */
    struct qund_str text;        /* what a reader would read; with data at most 64 KiB */
    struct qund_str reply_to, ref;
    const struct qund_str *mentions; /* ids; at most 200 */
    size_t n_mentions;
    const struct qund_media_in *media; /* at most 32 */
    size_t n_media;
    struct qund_str data;   /* a JSON object, as the type wants it */
    struct qund_str origin; /* live, backfill; NONE: live, by its age backfill */
};
/* Empty, of this version: fill in what is known. */
static inline struct qund_event_in qund_event_in(void)
{
    struct qund_event_in e;

    memset(&e, 0, sizeof(e));
    e.size = sizeof(e);
    e.ts_ms = QUND_NO_TS;
    return e;
}

/* What a channel must not forget: where it stands in its source. It becomes durable together with
 * the events it is handed over with, and never before them. */
struct qund_state {
    struct qund_str key;   /* at most 120 bytes; each plugin has its own keys */
    struct qund_str value; /* UTF-8, at most 64 KiB */
    int64_t rev; /* > 0 and greater than the last one of this key, or it changes nothing */
};
#endif
