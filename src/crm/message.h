/* src/crm/message.h - a stored message with the names behind its numbers and what was read out of
 * it: for export, lists, search results, the context of alerts. Any handle. */
#ifndef QUND_CRM_MESSAGE_H
#define QUND_CRM_MESSAGE_H
#include "core/core.h"
#include "store/db.h"
#include "store/month.h"

/* --- marks: what was read out of a message (one row for those that said something) --- */
struct qund_mark {
    struct qund_str intents, rooms, phones, signups, rules; /* JSON arrays, or NONE */
};
/* Engine thread. */
QUND_CHECK int qund_mark_put(struct qund_db *db, int64_t seq, const struct qund_mark *m);
QUND_CHECK int qund_mark_drop(struct qund_db *db, int64_t seq);
/* hold owns the strings of *out. NOTFOUND. */
QUND_CHECK int qund_mark_get(struct qund_db *db, int64_t seq, struct qund_buf *hold,
                             struct qund_mark *out);

/* --- printing --- */
struct qund_message_view; /* one per handle; remembers names it has looked up, at most some thousand
                           */
struct qund_message_view *qund_message_view_new(struct qund_db *db);
struct qund_message_view *qund_message_view_free(struct qund_message_view *v); /* returns NULL */
QUND_DEFINE_AUTO(qund_message_view_free, struct qund_message_view *)
struct qund_event;
/* The event as it came. Borrowed from row and v until their next use. */
QUND_CHECK int qund_message_event(struct qund_message_view *v, const struct qund_message_row *row,
                                  struct qund_event *out);
/* The canonical event's keys, plus seq, state when it is not kept, copy when it is another
 * account's copy of one that is there, and intents, rooms, phones, signups, rules (always arrays).
 * With mask, phones are printed 138****0105 in `phones`; in the words they are masked by who
 * answers (http/mask.c). */
QUND_CHECK int qund_message_print(struct qund_message_view *v, const struct qund_message_row *row,
                                  bool mask, struct qund_buf *out);
#endif
