/* plugins/onebot/frame.h - one frame of a bridge, read: an event in the daemon's form, a sign of
 * life, or the answer to an action. No I/O, no state between frames. */
#ifndef ONEBOT_FRAME_H
#define ONEBOT_FRAME_H
#include "json.h"
#include "qund/event.h"

#define OB_MENTIONS_MAX 200u /* the event border's */
#define OB_MEDIA_MAX 32u
#define OB_TEXT_MAX 49152u /* with data below the border's 64 KiB; longer text is cut */
#define OB_NAME_MAX 255u

enum ob_kind { OB_BAD, OB_EVENT, OB_META, OB_ANSWER };
enum ob_life {
    OB_LIFE_OTHER,
    OB_LIFE_CONNECT, /* the first frame of a connection; may come twice (connect, enable) */
    OB_LIFE_BEAT,
    OB_LIFE_STATUS
};

/* What is known about the peer when a frame is read. */
struct ob_view {
    struct qund_str account;  /* of the header; for frames that do not name theirs */
    struct qund_str nickname; /* of our account: "@nickname" in plain text addresses us */
};

struct ob_frame {
    enum ob_kind kind;
    int version;                       /* 11, 12; 0: an answer does not show it */
    const char *why;                   /* OB_BAD; static */
    struct qund_str account, platform; /* platform: OneBot 12 only */

    /* OB_EVENT. Borrows from the frame. */
    struct qund_event_in event;
    bool own;                                 /* our account's own message */
    bool unknown;                             /* stored raw under a dotted name */
    bool group_text, user_text, message_text; /* the ids were written as strings */
    struct qund_str message_id;               /* without the account before it */
    struct qund_str mentions[OB_MENTIONS_MAX];
    struct qund_media_in media[OB_MEDIA_MAX];

    /* OB_META */
    enum ob_life life;
    int64_t interval_ms;  /* OB_LIFE_BEAT; 0: not said */
    int online;           /* 1, 0; -1: not said */
    struct qund_str impl; /* OneBot 12's meta.connect: the bridge's name */

    /* OB_ANSWER */
    struct qund_str echo; /* NONE: it belongs to nobody */
    bool ok;
    int64_t retcode;
    struct qund_str message; /* the bridge's words, for people */
    const json_t *data;      /* may be NULL */

    /* its own */
    json_t *doc, *made;
    struct ob_pool pool;
    struct ob_text text;
};

/* f zeroed or used before; ob_frame_done ends it. Answers f->kind. */
enum ob_kind ob_frame_read(struct ob_frame *f, struct qund_str text, const struct ob_view *view);
/* One message of a history, which may lack what a frame would say about itself: an event of the
 * past. `o` must outlive f's next use. */
enum ob_kind ob_frame_past(struct ob_frame *f, const json_t *o, const struct ob_view *view,
                           struct qund_str group);
void ob_frame_done(struct ob_frame *f);

/* --- for the files that read the two versions --- */
void ob_v11_event(struct ob_frame *f, const json_t *o, const struct ob_view *view);
void ob_v12_event(struct ob_frame *f, const json_t *o, const struct ob_view *view);
void ob_frame_bad(struct ob_frame *f, const char *why);
/* "account:id"; NONE for what is no id. Message ids count per account, and some restart at 1 with
 * the bridge: the daemon takes the time to it. */
struct qund_str ob_frame_own_id(struct ob_frame *f, struct qund_str id);
/* "onebot." and what is left of the parts when only lower case, digits, '_' and '-' may stay. */
struct qund_str ob_frame_dotted(struct ob_frame *f, struct qund_str a, struct qund_str b);
/* The members of o that say something, as data; what is too long is left out, and said so. */
struct qund_str ob_frame_raw(struct ob_frame *f, const json_t *o);
/* {"member": …, "by": …, "scene": …} of what is there. */
struct qund_str ob_frame_data(struct ob_frame *f, const char *const *keys,
                              const struct qund_str *values, size_t n);
/* A message's text, kind, mentions, media and reply, from its segments, into f->event. */
void ob_frame_say(struct ob_frame *f, const json_t *segments, const struct ob_view *view);
/* NUL becomes a blank: a text may hold anything else. */
struct qund_str ob_frame_clean(struct ob_frame *f, struct qund_str s, size_t max);
#endif
