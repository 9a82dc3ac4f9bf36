/* src/sop/trigger.h - what happens in groups and to people, as far as plans listen for it: a run
 * begins, a step `on:` it is due, or a run ends (essay in trigger.c). Engine thread. */
#ifndef QUND_SOP_TRIGGER_H
#define QUND_SOP_TRIGGER_H
#include "sop/sop.h"

enum qund_sop_what {
    QUND_SOP_JOINED, /* a member now who was none before */
    QUND_SOP_GONE,   /* left the group */
    QUND_SOP_SAID,   /* a customer's message in a group or private chat: text */
    QUND_SOP_TAGGED, /* name: the tag; held now and not before */
    QUND_SOP_STAGED, /* name: the lead's stage */
    QUND_SOP_OPTED_OUT,
    QUND_SOP_HAPPENED /* any other event: name is its type ("order.paid", "delivered") */
};
struct qund_sop_event {
    enum qund_sop_what what;
    int64_t group, contact; /* 0: none; a private chat has no group here */
    int64_t seq, ts;
    struct qund_str name;
    struct qund_str text; /* SAID: folded */
};
/* False: nothing listens and nobody's run is open, so that the call may be left out. Cheap. */
bool qund_sop_listens(struct qund_sop *s);
/* For live events alone (no backfill, no replay), once each. */
QUND_CHECK int qund_sop_hear(struct qund_sop *s, const struct qund_sop_event *ev, int64_t now,
                             struct qund_sop_effects *fx);
#endif
