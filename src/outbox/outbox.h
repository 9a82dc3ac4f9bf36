/* src/outbox/outbox.h - the rows that wait to leave, and their states.
 *
 * Rows are written on the engine thread inside the batch's transaction. Credits say how many sends
 * a target would take now; deliver grants them, they live in memory only and are granted anew after
 * a restart. A row turned into `sending` is handed to deliver after the commit; its outcome comes
 * back as a command. Essay in outbox.c. */
#ifndef QUND_OUTBOX_OUTBOX_H
#define QUND_OUTBOX_OUTBOX_H
#include "core/core.h"
#include "store/db.h"
#include "store/timers.h"

enum qund_out_state {
    QUND_OUT_QUEUED,
    QUND_OUT_SENDING,
    QUND_OUT_ACCEPTED,
    QUND_OUT_AWAITING_PERSON,
    QUND_OUT_DELIVERED,
    QUND_OUT_RETRY_AT,
    QUND_OUT_QUOTA_HIT,
    QUND_OUT_UNKNOWN,
    QUND_OUT_MERGED,
    QUND_OUT_FAILED,
    QUND_OUT_EXPIRED,
    QUND_OUT_CANCELLED,
    QUND_OUT_HELD
};
#define QUND_OUT_STATES (QUND_OUT_HELD + 1)
const char *qund_out_state_name(enum qund_out_state s);
int qund_out_state_parse(struct qund_str name); /* the state, or NOTFOUND */

/* What can happen to a row. The table (state x event -> state) is in transition.c. */
enum qund_out_event {
    QUND_OUT_EV_SEND,     /* credit spent, handed to deliver */
    QUND_OUT_EV_ACCEPTED, /* the peer answered: taken */
    QUND_OUT_EV_PERSON,   /* a person must confirm */
    QUND_OUT_EV_PROVED,   /* seen in the stream, or said by a person */
    QUND_OUT_EV_RETRY,    /* failed, may be tried again at due */
    QUND_OUT_EV_QUOTA,    /* the peer's limit: not counted as a try */
    QUND_OUT_EV_UNKNOWN,  /* bytes may have left, no answer */
    QUND_OUT_EV_RETURNED, /* no byte left us: back to queued, attempt not counted */
    QUND_OUT_EV_DUE,      /* its retry time has come */
    QUND_OUT_EV_DROP,     /* refused for good */
    QUND_OUT_EV_EXPIRE,   /* its deadline has passed */
    QUND_OUT_EV_CANCEL,
    QUND_OUT_EV_RESEND, /* a person sends it again */
    QUND_OUT_EV_HOLD,   /* restored from a backup: a person decides */
    QUND_OUT_EV_MERGE,  /* it leaves as a part of a card */
    QUND_OUT_EV_REST    /* it would leave in the hours of rest: not before their end */
};
#define QUND_OUT_EVENTS (QUND_OUT_EV_REST + 1)
const char *qund_out_event_name(enum qund_out_event e);
/* The state after `e` in `s`, or INVAL when that cannot happen. */
QUND_CHECK int qund_out_next(enum qund_out_state s, enum qund_out_event e);
bool qund_out_final(enum qund_out_state s);
/* The table as Markdown, for docs/deliveries.md (a test compares them). */
void qund_out_table_doc(struct qund_buf *out);

struct qund_outbox;
/* db: the writing handle; both outlive the outbox. */
struct qund_outbox *qund_outbox_new(struct qund_db *db, struct qund_timers *timers);
struct qund_outbox *qund_outbox_free(struct qund_outbox *ob); /* returns NULL */
QUND_DEFINE_AUTO(qund_outbox_free, struct qund_outbox *)

/* What it does when it would leave in the hours of rest; stored. */
enum qund_out_rest {
    QUND_REST_NEVER,    /* urgent, or asked for: leaves at any hour */
    QUND_REST_REMINDER, /* waits (quiet.mode), and does not age meanwhile */
    QUND_REST_REPLY,    /* likewise, by auto.quiet */
    QUND_REST_TIMELY    /* waits and ages: its hour is the point of it */
};
/* Until when the hours of rest go on there; not later than now: none hold. drop: what would leave
 * in them does not leave at all. */
struct qund_out_quiet {
    int64_t until;
    bool drop;
};
typedef int qund_out_quiet_fn(void *arg, enum qund_out_rest rest, int64_t clock, int64_t now,
                              struct qund_out_quiet *out);
/* Asked for each push that would leave and may rest. Unset, nothing rests. */
void qund_outbox_quiet(struct qund_outbox *ob, qund_out_quiet_fn *ask, void *arg);

struct qund_out_new {
    struct qund_str key, target, body;
    bool urgent;
    enum qund_out_rest rest;
    int64_t clock;  /* the group whose clock says when it is quiet; 0: the installation's */
    int64_t alert;  /* what it reminds of; < 0: minus the number of a task; 0: it is no reminder */
    int64_t person; /* staff.id whom it is for; 0: nobody in particular */
    int64_t not_before; /* later than now: it waits until then, in retry_at */
    int64_t pace_ms;    /* of a reminder that is not urgent: since the last one to that person */
    int64_t deadline;
};
/* EXISTS when the key is there already (a replay): nothing changed. */
QUND_CHECK int qund_outbox_add(struct qund_outbox *ob, const struct qund_out_new *n, int64_t now,
                               int64_t *out_id);

struct qund_out_item {
    int64_t id, alert, created, until, deadline, person, clock;
    int attempt;
    int unknowns; /* tries before this one that ended unknown */
    bool urgent;
    enum qund_out_rest rest;
    char *target, *body, *key; /* owned */
};
struct qund_out_items {
    struct qund_out_item *v;
    size_t n, cap;
};
void qund_out_items_done(struct qund_out_items *items);
static inline void qund_out_items_done_p(struct qund_out_items *items)
{
    qund_out_items_done(items);
}
void qund_out_items_cut(struct qund_out_items *items, size_t n); /* keeps the first n */

/* Deliver would take n more sends to target, begun by `until` (engine time). */
void qund_outbox_credit(struct qund_outbox *ob, struct qund_str target, int n, int64_t until);
/* How a target is served; known with its credit. */
struct qund_out_habits {
    bool ordered; /* gets nothing while an earlier push of it waits to be tried again */
    bool cards;   /* several reminders may leave as one */
    bool limited; /* it has a rate: what it holds back is gathered into cards, too */
};
void qund_outbox_habits(struct qund_outbox *ob, struct qund_str target,
                        const struct qund_out_habits *habits);
/* Timer "outbox.pace" with key = target: somebody there may be told again. */
void qund_outbox_paced(struct qund_outbox *ob, struct qund_str target);
/* Spends what credits there are: urgent first, then in order, reminders as cards (take.c). Appends
 * to items. */
QUND_CHECK int qund_outbox_take(struct qund_outbox *ob, int64_t now, struct qund_out_items *items);

struct qund_out_outcome {
    int64_t id;
    int attempt;
    enum qund_out_event event;
    int64_t due; /* RETRY, QUOTA; UNKNOWN: 0 parks it for a person */
    int status;
    struct qund_str reason;
    struct qund_str their_id; /* of the message at the peer; NONE: not told */
};
/* NOTFOUND: no such row; AGAIN is never returned for a stale attempt, it is ignored (0, *applied
 * false): the row has moved on. */
QUND_CHECK int qund_outbox_outcome(struct qund_outbox *ob, const struct qund_out_outcome *o,
                                   int64_t now, bool *applied);
/* A person or a timer moves one row. INVAL with the reason when the table forbids it. */
QUND_CHECK int qund_outbox_move(struct qund_outbox *ob, int64_t id, enum qund_out_event event,
                                int64_t now, struct qund_str reason, struct qund_err *err);
/* Pushes of an alert that shall not leave any more, as far as they still wait, and cards that wait
 * and have no other part left. */
QUND_CHECK int qund_outbox_cancel_alert(struct qund_outbox *ob, int64_t alert, struct qund_str why,
                                        int64_t now);
/* At start: whatever was `sending` when the program stopped is `unknown`; `retry` wakes each at
 * once (targets that recognise a repeat by its id, or bear one; unknowns: tries before that ended
 * so). Returns how many. */
QUND_CHECK int qund_outbox_recover(struct qund_outbox *ob, int64_t now,
                                   bool (*retry)(void *arg, struct qund_str target, int unknowns),
                                   void *arg);
/* After a rollback: what memory knew of the rows is void. Credits spent in it come back, those
 * granted in it go: the command that granted them is applied again. */
void qund_outbox_forget(struct qund_outbox *ob);
/* After a rollback to a savepoint that came after qund_outbox_settle. */
void qund_outbox_step_undo(struct qund_outbox *ob);
/* After a commit: credits spent are spent. */
void qund_outbox_committed(struct qund_outbox *ob);
/* Once per batch before the commit: rows added that still wait get their deadline timer (kind
 * "outbox.deadline"); rows that leave at once never need one. Retry times are timers of kind
 * "outbox.due", set by the outcome. The engine runs both through qund_outbox_move. */
QUND_CHECK int qund_outbox_settle(struct qund_outbox *ob);
/* The earliest deadline that has no timer yet (INT64_MAX: none): before time passes it, settle. */
int64_t qund_outbox_fresh_due(const struct qund_outbox *ob);
/* 1: a push is on its way (`sending`), or queued for a target that `goes`, so that deliver will ask
 * for it; what waits for its person's pace is neither. Any handle. */
QUND_CHECK int qund_outbox_leaving(struct qund_db *db,
                                   bool (*goes)(void *arg, struct qund_str target), void *arg);
/* 1: a push of that alert was made for that person since then, whatever became of it; 0: none.
 * person 0: for nobody in particular. Any handle. */
QUND_CHECK int qund_outbox_told(struct qund_db *db, int64_t alert, int64_t person, int64_t since);
/* For metrics: rows per state. Any handle. */
QUND_CHECK int qund_outbox_count(struct qund_db *db, int64_t out[QUND_OUT_STATES]);
/* What a restored store is told, for qund_restore_run: whatever might leave is held for a person,
 * for it may have left since the backup. */
struct qund_restore_hook;
const struct qund_restore_hook *qund_outbox_restored(size_t *n);
#endif
