/* src/event/event.h - the canonical event: what a channel hands over, checked once, packed once.
 *
 * JSON comes in by qund_event_decode (the only decoder: API, NDJSON, replay, plugins), is packed
 * for the stream, and is unpacked by the engine. Behind decode everything is valid UTF-8 and within
 * its limits. All strings are borrowed: from the JSON text and the arena after decode, from the
 * packed bytes after unpack. */
#ifndef QUND_EVENT_EVENT_H
#define QUND_EVENT_EVENT_H
#include "core/core.h"

#define QUND_EVENT_ID_MAX 128u          /* bytes */
#define QUND_EVENT_TEXT_MAX (64u << 10) /* text and data together, bytes */
#define QUND_EVENT_PACKED_MAX (256u << 10)

enum qund_role {
    QUND_ROLE_NONE,
    QUND_ROLE_CUSTOMER,
    QUND_ROLE_STAFF,
    QUND_ROLE_BOT,
    QUND_ROLE_KOC
};
const char *qund_role_name(enum qund_role r); /* "", "customer", … */
int qund_role_parse(struct qund_str s);       /* the enum, or NOTFOUND */

enum qund_origin { QUND_ORIGIN_LIVE, QUND_ORIGIN_BACKFILL, QUND_ORIGIN_REPLAY };
const char *qund_origin_name(enum qund_origin o);
int qund_origin_parse(struct qund_str s); /* the enum, or NOTFOUND */

/* Types the program knows; any other dotted name is QUND_EV_OTHER and is stored all the same. */
enum qund_event_type {
    QUND_EV_OTHER,
    QUND_EV_MESSAGE,
    QUND_EV_REVOKE,
    QUND_EV_MEMBER_JOIN,
    QUND_EV_MEMBER_LEAVE,
    QUND_EV_GROUP_UPDATE,
    QUND_EV_GROUP_DISMISS,
    QUND_EV_CONTACT_ADD,
    QUND_EV_CONTACT_UPDATE,
    QUND_EV_CONTACT_REMOVE,
    QUND_EV_FORM_SUBMIT,
    QUND_EV_LINK_CLICK,
    QUND_EV_CODE_SCAN,
    QUND_EV_ORDER_PAID,
    QUND_EV_VISIT,
    QUND_EV_CHECKIN,
    QUND_EV_REDEEM,
    QUND_EV_TASK_DONE,
    QUND_EV_GAP,
    QUND_EV_GROUP_MEMBERS
};
#define QUND_EVENT_TYPES (QUND_EV_GROUP_MEMBERS + 1)
enum qund_event_type qund_event_type_of(struct qund_str name);
const char *qund_event_type_name(enum qund_event_type t); /* "?" for OTHER */

/* How a repeat is recognised (docs/architecture.md). */
enum qund_event_key {
    QUND_KEY_TS_ID, /* (key_ts, realm, id): the month table's own unique index */
    QUND_KEY_RECENT /* (realm, id) in the 7-day table: no ts, or the channel's ts is not stable */
};
enum qund_event_flag {
    QUND_EVF_CLAMPED = 1,  /* ts lay > 5 min ahead: shown as rx */
    QUND_EVF_BACKFILL = 2, /* older than time.backfill_after at receipt, or said so */
    QUND_EVF_NO_TS = 4,
    QUND_EVF_MADE_ID = 8,  /* the id was made by us */
    QUND_EVF_DELIVER = 16, /* origin replay, but --deliver: things may leave the machine */
    QUND_EVF_COPY = 32     /* stored only: another account's copy of a message that is there */
};

struct qund_event {
    int64_t ts;     /* event time, UTC ms, clamped */
    int64_t key_ts; /* as sent; equals rx when absent */
    int64_t rx;     /* receipt, UTC ms of the daemon's clock */
    enum qund_event_type type;
    enum qund_role role; /* NONE: absent or not trusted; the engine looks it up */
    enum qund_origin origin;
    enum qund_event_key key;
    uint32_t flags;
    struct qund_str channel, realm, id;
    struct qund_str type_name;         /* always set */
    struct qund_str group, group_name; /* NONE: private chat */
    struct qund_str sender, sender_name, to, account;
    struct qund_str kind; /* "text" by default for messages */
    struct qund_str text;
    struct qund_str reply_to, ref;
    struct qund_str mentions; /* ids joined by '\n'; ids hold no control bytes */
    struct qund_str media;    /* checked compact JSON array, or NONE */
    struct qund_str data;     /* checked compact JSON object, or NONE */
};

/* What the receiving end knows about the sender of a request. Borrowed for the call. */
struct qund_event_ctx {
    const struct qund_config *cfg;   /* channels: realm, trust_roles, live, ts_stable */
    int64_t rx;                      /* 0: the event's own ts (replay under a virtual clock) */
    int64_t wall;                    /* the system's clock, for an event's age; 0: rx */
    struct qund_str default_channel; /* when the event names none: "api" */
    const struct qund_str *allowed;  /* channels this token may use; NULL: any configured one */
    size_t n_allowed;
    enum qund_origin origin; /* forced to REPLAY or BACKFILL by replay, else LIVE */
    bool deliver;
    struct qund_str token_id;        /* for made ids: hash(token, idempotency key, index) */
    struct qund_str idempotency_key; /* NONE: 128 random bits */
    bool short_form;                 /* the sample chat's types: text, image, join, … */
};

/* One JSON object → *out. INVAL / DENIED with err->where a path within the event ("ts",
 * "data.items[3]"; the caller prefixes the index) and err->text the reason. */
QUND_CHECK int qund_event_decode(const struct qund_event_ctx *ctx, struct qund_str json,
                                 size_t index, struct qund_arena *arena, struct qund_event *out,
                                 struct qund_err *err);

/* The same from a plugin's fields (qund/event.h), by the same limits; strings stay where they are.
 * `in` is as large as in->size says, which the caller has checked to be a version it knows. */
struct qund_event_in;
QUND_CHECK int qund_event_given(const struct qund_event_ctx *ctx, const struct qund_event_in *in,
                                size_t index, struct qund_arena *arena, struct qund_event *out,
                                struct qund_err *err);

/* A body of POST /api/v1/events: one object, an array, or NDJSON. Calls each(event, arg) in order;
 * a non-zero return of each stops. *count = events seen. where = "events[7].ts". */
enum qund_body_form { QUND_BODY_JSON, QUND_BODY_NDJSON };
QUND_CHECK int qund_event_decode_body(const struct qund_event_ctx *ctx, enum qund_body_form form,
                                      struct qund_str body, struct qund_arena *arena,
                                      int (*each)(const struct qund_event *e, void *arg), void *arg,
                                      size_t *count, struct qund_err *err);

/* Versioned binary for the stream. Unpack borrows from `packed`; ABI on an unknown version, INVAL
 * on damaged bytes (never undefined behaviour: the stream is half-trusted). */
void qund_event_pack(const struct qund_event *e, struct qund_buf *out);
/* The receipt alone, without looking at the strings; 0 when the head cannot be read. */
int64_t qund_event_rx(struct qund_str packed);
QUND_CHECK int qund_event_unpack(struct qund_str packed, struct qund_event *out);

/* The canonical JSON of an event (for export, dead letters, explain, the live feed); without the
 * closing brace when `open`, so that a caller may add keys. */
void qund_event_print(const struct qund_event *e, bool open, struct qund_buf *out);
#endif
