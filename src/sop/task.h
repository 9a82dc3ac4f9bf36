/* src/sop/task.h - one thing that one person is to do at one time: its states, and how it gets from
 * one to the next (the table is in task.c, the one function that moves a task in task_move.c).
 *
 * Engine thread, inside the batch's transaction, but for the pure functions at the top. */
#ifndef QUND_SOP_TASK_H
#define QUND_SOP_TASK_H
#include "core/core.h"
#include "store/db.h"

struct qund_sop;
struct qund_sop_effects;

enum qund_task_state { /* stored */
                       QUND_TASK_PLANNED,
                       QUND_TASK_HELD,
                       QUND_TASK_READY,
                       QUND_TASK_PUSHED,
                       QUND_TASK_SEEN,
                       QUND_TASK_DONE,
                       QUND_TASK_SKIPPED,
                       QUND_TASK_EXPIRED,
                       QUND_TASK_CANCELLED,
                       QUND_TASK_FAILED
};
#define QUND_TASK_STATES (QUND_TASK_FAILED + 1)
const char *qund_task_state_name(enum qund_task_state s);
int qund_task_state_parse(struct qund_str name); /* the state, or NOTFOUND */
bool qund_task_open(enum qund_task_state s);     /* something may still be done about it */

enum qund_task_event {                    /* stored, in task_log */
                       QUND_TASK_EV_DUE,  /* its time has come, nothing holds it */
                       QUND_TASK_EV_HOLD, /* no content, plan paused, nobody holds the role: reason
                                           */
                       QUND_TASK_EV_RELEASE,   /* what held it is gone */
                       QUND_TASK_EV_PUSH,      /* its card's outbox row is written */
                       QUND_TASK_EV_SEE,       /* its page was opened, "ok" was said */
                       QUND_TASK_EV_CLAIM,     /* a person says it is done */
                       QUND_TASK_EV_PROVE,     /* the post was seen in the stream */
                       QUND_TASK_EV_DISPROVE,  /* the proving post was recalled: evidence goes down
                                                */
                       QUND_TASK_EV_POSTPONE,  /* later, by a person, within its window */
                       QUND_TASK_EV_HAND_OVER, /* somebody else does it */
                       QUND_TASK_EV_SKIP, /* cap, quiet hours, stop condition, unfilled role: reason
                                           */
                       QUND_TASK_EV_EXPIRE,   /* its window is over */
                       QUND_TASK_EV_CANCEL,   /* its plan was */
                       QUND_TASK_EV_FAIL,     /* somebody said that it cannot be done: reason */
                       QUND_TASK_EV_REPLAN,   /* an edit of the plan: planned anew */
                       QUND_TASK_EV_POST_LATE /* its post was seen after its window: kept, and
                                                 nothing else changes */
};
#define QUND_TASK_EVENTS (QUND_TASK_EV_POST_LATE + 1)
const char *qund_task_event_name(enum qund_task_event e);
/* The state after `e` in `s`, or INVAL when that cannot happen. */
QUND_CHECK int qund_task_next(enum qund_task_state s, enum qund_task_event e);

enum qund_task_evidence { QUND_TASK_NO_EVIDENCE, QUND_TASK_CLAIMED, QUND_TASK_PROVED }; /* stored */
const char *qund_task_evidence_name(enum qund_task_evidence e);
/* What is known of a task after `e`: a claim never weakens a proof, a recalled proof leaves the
 * claim. */
enum qund_task_evidence qund_task_evidence_after(enum qund_task_evidence before,
                                                 enum qund_task_event e);
/* The table as Markdown, for docs/sop-tasks.md (a test compares them). */
void qund_task_table_doc(struct qund_buf *out);

enum qund_task_flag {                           /* bits of task.flags, stored */
                      QUND_TASK_LATE = 1,       /* its time came while the daemon was down */
                      QUND_TASK_STAND_IN = 2,   /* done by somebody else than the one it was for */
                      QUND_TASK_MARKETING = 4,  /* counts for caps */
                      QUND_TASK_AMBIGUOUS = 8,  /* a post fits it and another: a claim */
                      QUND_TASK_BY_US = 16,     /* our own account says it: nobody is told */
                      QUND_TASK_ESCALATED = 32, /* stand-in and manager were told */
                      QUND_TASK_ALERTED = 64,   /* its step's alert was raised */
                      QUND_TASK_UNDISCLOSED =
                          128, /* the auditor was told of a post without its disclosure */
                      QUND_TASK_UNREACHED = 256, /* nobody could be told: the manager was */
                      QUND_TASK_TO_CONFIRM = 512 /* laid before its person, who only confirms */
};

/* --- rows (task_sql.c) --- */
struct qund_task {
    int64_t id, plan, grp, contact, round;
    int64_t plan_b; /* the task whose expectation was missed; 0: it is no plan B */
    int64_t merged; /* the task whose post speaks for this one; 0: its own */
    enum qund_task_state state;
    enum qund_task_evidence evidence;
    unsigned flags;
    int64_t wanted, due, closes;
    int role, channel; /* enum qund_sop_role, qund_sop_channel */
    int64_t staff;     /* who was told; 0: nobody yet */
    int64_t pushed, done, seq;
    int score;
    struct qund_str step, reason, content, media, done_by; /* in the arena */
    struct {
        enum qund_task_state state;
        int64_t due, staff;
    } stored; /* what its row has in indexes: a write leaves alone those that need not change */
};
QUND_CHECK int qund_task_get(struct qund_db *db, struct qund_arena *arena, int64_t id,
                             struct qund_task *out); /* NOTFOUND */

/* A planned row with its timer "task.due"; a follower (merged > 0) has none. EXISTS: this plan has
 * a task of that step there already; nothing changed. */
struct qund_task_new {
    int64_t plan, plan_b, grp, contact, round, merged;
    struct qund_str step;
    int64_t wanted, due, closes;
    int role, channel;
    bool marketing;
    struct qund_str content, media; /* as the template has them; media: a JSON array, or NONE */
};
QUND_CHECK int qund_task_add(struct qund_sop *s, const struct qund_task_new *n, int64_t *id);

/* --- moving (task_move.c): the only way a task changes --- */
struct qund_task_change {
    enum qund_task_event event;
    struct qund_str by, reason; /* by: "engine", "chat", "token:3", "staff:5" */
    int64_t now;
    int64_t ts;                       /* PROVE: of the post; 0: now */
    int64_t wanted, due, closes;      /* POSTPONE, REPLAN, RELEASE: 0 leaves them */
    const struct qund_task_new *anew; /* REPLAN: content, media, role, channel and marketing as the
                                       * step has them now; NULL: as they were */
};
/* Table, row, log, timers, waiting pushes, a line for the feed; and what follows from an end (an
 * expectation opened, or void, or plan B for a role nobody was invited to). Its followers take the
 * same event. INVAL: the table has no such arrow. */
QUND_CHECK int qund_task_move(struct qund_sop *s, int64_t id, const struct qund_task_change *c,
                              struct qund_sop_effects *fx, struct qund_err *err);
/* All that a plan (grp, contact 0: any) has not finished takes the same event, as far as the table
 * allows. Returns how many. */
QUND_CHECK int qund_tasks_move_all(struct qund_sop *s, int64_t plan, int64_t grp, int64_t contact,
                                   const struct qund_task_change *c, struct qund_sop_effects *fx);
/* 1: the plan (grp, contact 0: any) has a task or an expectation that is not finished. */
QUND_CHECK int qund_tasks_left(struct qund_db *db, int64_t plan, int64_t grp, int64_t contact);

/* "cap:group_day" as "频次上限：每群每天"; what a person wrote as it is (reason_say.c). */
void qund_sop_reason_say(struct qund_str reason, struct qund_buf *out);
#endif
