/* src/outbox/said.h - pushes that go into chats: what was said where, by which rule, under which id
 * it stands there (essay in said_sql.c). Engine thread, inside the batch's transaction. */
#ifndef QUND_OUTBOX_SAID_H
#define QUND_OUTBOX_SAID_H
#include "outbox/outbox.h"

enum qund_said_act { /* stored */
                     QUND_SAID_GROUP,
                     QUND_SAID_PERSON,
                     QUND_SAID_RECALL,
                     QUND_SAID_FORWARD,
                     QUND_SAID_TASK /* a plan's post: counts for no cap of automatic answers */
};

struct qund_said_new {
    int64_t outbox; /* the push, already added */
    enum qund_said_act act;
    int64_t realm, grp; /* the chat, as messages have it; FORWARD: where it comes from */
    int64_t contact;    /* who is answered; 0: nobody */
    int64_t at, seq;
    struct qund_str rule;
    int64_t recalls; /* RECALL: the push whose message it takes back */
    int64_t task;    /* TASK: whose words they are */
};
QUND_CHECK int qund_said_add(struct qund_db *db, const struct qund_said_new *n);

struct qund_said {
    int64_t outbox, grp, at, seq;
    int64_t recalls, recalled; /* 0: none */
    int64_t task;              /* 0: none */
    enum qund_said_act act;
    enum qund_out_state state;
    int64_t realm;
    struct qund_str their_id; /* NONE: not known; in the arena */
};
/* Each 0, or NOTFOUND. The push itself: */
QUND_CHECK int qund_said_get(struct qund_db *db, struct qund_arena *arena, int64_t outbox,
                             struct qund_said *out);
/* The message that stands in that chat under eid. through: what this target brought elsewhere (an
 * alert, a forwarded quote) is known by the id alone; NONE: it is not looked at. */
QUND_CHECK int qund_said_by_id(struct qund_db *db, struct qund_arena *arena, int64_t realm,
                               int64_t grp, struct qund_str eid, struct qund_str through,
                               struct qund_said *out);
/* The oldest one of that chat with this very text whose outcome is not known. */
QUND_CHECK int qund_said_by_text(struct qund_db *db, struct qund_arena *arena, int64_t realm,
                                 int64_t grp, struct qund_str text, struct qund_said *out);
/* The newest message said in that chat since then that still stands: because of event seq, or (0)
 * of any. */
QUND_CHECK int qund_said_newest(struct qund_db *db, struct qund_arena *arena, int64_t grp,
                                int64_t since, int64_t seq, struct qund_said *out);
/* The text it was sent with. */
QUND_CHECK int qund_said_text(struct qund_db *db, int64_t outbox, struct qund_buf *out);

/* How many messages were said, and not given up, since then: in a chat (grp <> 0) or to a person.
 * acts: bits 1 << enum qund_said_act. */
struct qund_said_span {
    int64_t grp, contact, since;
    unsigned acts;
};
QUND_CHECK int qund_said_count(struct qund_db *db, const struct qund_said_span *s, int64_t *out);

/* Its message was seen in the stream: delivered, proved. The id is kept when none is. 0 also where
 * the push's state has no room for it. */
QUND_CHECK int qund_said_prove(struct qund_outbox *ob, const struct qund_said *s,
                               struct qund_str eid, int64_t now);
/* Its message was taken back. */
QUND_CHECK int qund_said_recalled(struct qund_db *db, int64_t outbox, int64_t ts);
#endif
