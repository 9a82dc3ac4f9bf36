/* src/store/month.h - the messages: one table per UTC month (essay in month.c).
 *
 * Writing: engine thread, inside its transaction. Reading: any handle, one struct qund_months each.
 */
#ifndef QUND_STORE_MONTH_H
#define QUND_STORE_MONTH_H
#include "store/db.h"

enum qund_message_state { QUND_MESSAGE_KEPT, QUND_MESSAGE_REVOKED, QUND_MESSAGE_ERASED };

/* type, role, origin and flags are event.h's numbers; the store does not look into them. Absent
 * strings are NONE and lie in the file as NULL. */
struct qund_message_row {
    int64_t seq;            /* set by insert: unique over all months, in order of arrival */
    int month;              /* set by insert and read: 202509 */
    int64_t key_ts, ts, rx; /* the month is that of key_ts */
    int64_t realm, channel; /* ids given by crm */
    int64_t grp;            /* the group's id; a private chat: minus the other person's contact id;
                               0: neither */
    int64_t contact;        /* the sender's contact id; 0: none */
    int type, role, origin;
    unsigned flags;
    enum qund_message_state state;
    bool recent; /* QUND_KEY_RECENT: the 7-day table decides whether it is a repeat */
    struct qund_str eid, type_name; /* type_name: only for types without a number */
    struct qund_str kind, text, reply_to, ref, mentions, media, data, account, to;
};

struct qund_months;
struct qund_months *qund_months_new(struct qund_db *db);
struct qund_months *qund_months_free(struct qund_months *m); /* returns NULL */
QUND_DEFINE_AUTO(qund_months_free, struct qund_months *)

int qund_month_of(int64_t ts);       /* 202509 */
int64_t qund_month_start(int month); /* UTC ms of its first instant */
/* Whether a key_ts lies in a month that retention has dropped or may drop at `now`. */
bool qund_month_too_old(int64_t key_ts, int64_t now, int64_t retention_ms);

/* Stores the message; 0, or EXISTS for a repeat (row->seq and row->month then name the first;
 * nothing was written), or the transaction's trouble. */
QUND_CHECK int qund_month_insert(struct qund_months *m, struct qund_message_row *row);
/* The seq the next new message will get. */
QUND_CHECK int qund_month_next_seq(struct qund_months *m, int64_t *out);

/* Reading. Rows' strings are valid until the next call on m. */
QUND_CHECK int qund_month_get(struct qund_months *m, int64_t seq, struct qund_message_row *out);
/* The message a platform id names, for revoke and reply_to: walks the group's own messages newest
 * first from before_ts on. RECENT stops after 2,000 messages or 7 days, ALL reads the group's whole
 * history. NOTFOUND. */
enum qund_month_reach { QUND_FIND_RECENT, QUND_FIND_ALL };
QUND_CHECK int qund_month_find(struct qund_months *m, int64_t realm, int64_t grp,
                               struct qund_str eid, int64_t before_ts, enum qund_month_reach reach,
                               struct qund_message_row *out);

/* Where a page ended; {0} begins at the newest. Printable as three integers for HTTP cursors. */
struct qund_month_cursor {
    int month;
    int64_t ts, seq;
};
/* Called per row; non-zero stops and is returned (give an rc, < 0). The callback may use other
 * statements of the handle, but must not read from the same struct qund_months. */
typedef int qund_month_each(const struct qund_message_row *row, void *arg);

/* The newest `limit` messages of a group (or private chat), newest first, from *cursor on, which is
 * moved behind the last one given. since_ts: none older (0: no bound). */
QUND_CHECK int qund_month_last(struct qund_months *m, int64_t grp, int64_t since_ts, int limit,
                               struct qund_month_cursor *cursor, qund_month_each *each, void *arg);
/* The same from `before` on (month 0: from the newest), with month, seq, ts, contact, type, role,
 * flags, state and text of each row and nothing else: a third of the work. */
QUND_CHECK int qund_month_said(struct qund_months *m, int64_t grp, int64_t since_ts, int limit,
                               const struct qund_month_cursor *before, qund_month_each *each,
                               void *arg);
/* All messages of the group with from_ts <= ts < until_ts, oldest first (grp 0: of all groups, by
 * key_ts). */
QUND_CHECK int qund_month_between(struct qund_months *m, int64_t grp, int64_t from_ts,
                                  int64_t until_ts, qund_month_each *each, void *arg);
/* The messages of one role in a group (or private chat), after < ts <= until, oldest first, as much
 * of them as is counted; nothing taken back or erased. For who counts a window: several times
 * cheaper than whole rows. The callback's rules are those of qund_month_each. */
struct qund_month_filter {
    int64_t grp, after, until;
    int type, role;   /* event.h's numbers */
    unsigned without; /* none of these flags */
};
struct qund_month_line {
    int64_t seq, ts, contact;
    bool media;
    struct qund_str kind, text; /* NONE: plain text; nothing written */
};
typedef int qund_month_each_line(const struct qund_month_line *line, void *arg);
QUND_CHECK int qund_month_lines(struct qund_months *m, const struct qund_month_filter *f,
                                qund_month_each_line *each, void *arg);
/* Whether any message of a private chat is stored at all. */
QUND_CHECK int qund_month_any_private(struct qund_months *m, bool *out);
/* All messages with after < seq, in order of seq over all months, at most limit. Long exports call
 * it page by page, so that no snapshot stays open for long. */
QUND_CHECK int qund_month_stream(struct qund_months *m, int64_t after, int limit,
                                 qund_month_each *each, void *arg);
/* When the newest message was said, 0: there is none. Reads every row. */
QUND_CHECK int qund_month_newest(struct qund_months *m, int64_t *ts);
QUND_CHECK int qund_month_count(struct qund_months *m,
                                int64_t *out); /* exact; reads an index whole */
/* The months that exist, newest first; returns how many were written to out. */
QUND_CHECK int qund_month_list(struct qund_months *m, int *out, size_t max);

/* Changing. NOTFOUND when there is no such row. */
QUND_CHECK int qund_month_set_state(struct qund_months *m, int month, int64_t seq,
                                    enum qund_message_state state);
/* Sets bits of its flags. */
QUND_CHECK int qund_month_flag(struct qund_months *m, int month, int64_t seq, unsigned flags);
/* Empties text, media, data, mentions and names the row erased; its key stays, so that a repeat is
 * still recognised. Tell search first (qund_search_forget). */
QUND_CHECK int qund_month_erase(struct qund_months *m, int month, int64_t seq);
/* The messages somebody sent, and those of the private chat with them, oldest month first: at most
 * `limit` rows are looked at (there is no index of senders) from *cursor on, which moves on: 1
 * while there is more to look at, 0 at the end. each must not change the rows before the call is
 * over. */
QUND_CHECK int qund_month_of_contact(struct qund_months *m, int64_t contact, int limit,
                                     struct qund_month_cursor *cursor, qund_month_each *each,
                                     void *arg);
#endif
