/* src/engine/say_parts.h - between say.c (reply, forward) and unsay.c (recall). */
#ifndef QUND_ENGINE_SAY_PARTS_H
#define QUND_ENGINE_SAY_PARTS_H
#include "engine/internal.h"

/* Where this event's channel lets us speak; NONE: nowhere. */
struct qund_str qund_say_through(struct qund_engine *e, const struct subject *s);
/* Opens the object of a body: kind, short, text, level, rule, account. */
void qund_say_head(struct qund_jw *w, const struct subject *s, const struct qund_rule_effect *x,
                   const char *kind, struct qund_str text);
/* EXISTS: it was said already. */
QUND_CHECK int qund_say_push(struct qund_engine *e, const struct qund_out_new *push,
                             const struct qund_said_new *said);
/* Whether something of ours can be taken back for this event, and what: an enum say_why, or an rc.
 */
QUND_CHECK int qund_unsay_may(struct qund_engine *e, const struct subject *s,
                              struct qund_said *what);
QUND_CHECK int qund_unsay(struct qund_engine *e, const struct subject *s,
                          const struct qund_rule_effect *x);
#endif
