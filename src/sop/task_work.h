/* src/sop/task_work.h - what the engine calls about tasks: their timers, what people do about them,
 * posts that prove them, and the judgement of what was expected (essays in the files named).
 *
 * Engine thread, inside the batch's transaction. */
#ifndef QUND_SOP_TASK_WORK_H
#define QUND_SOP_TASK_WORK_H
#include "outbox/said.h"
#include "sop/sop.h"
#include "sop/task.h"
#include "text/fold.h"

/* --- timers; key: the task's number --- */
#define QUND_TASK_DUE "task.due"           /* AT: its time has come (task_run.c) */
#define QUND_TASK_CLOSE "task.close"       /* AT: its window is over */
#define QUND_TASK_ESCALATE "task.escalate" /* AT: it is late in its window and not done */
#define QUND_TASK_WATCH "task.watch"       /* AT: alert and stop conditions (task_watch.c) */
#define QUND_EXPECT_CLOSE "expect.close"   /* JUDGE: its due holds the lateness (judge.c) */
struct qund_task_at {
    int64_t task;
    int64_t now;   /* engine time: the timer's own instant */
    int64_t reach; /* how far time goes in this step: after a downtime, the present */
};
QUND_CHECK int qund_task_due(struct qund_sop *s, const struct qund_task_at *at,
                             struct qund_sop_effects *fx);
QUND_CHECK int qund_task_close(struct qund_sop *s, const struct qund_task_at *at,
                               struct qund_sop_effects *fx);
QUND_CHECK int qund_task_escalate(struct qund_sop *s, const struct qund_task_at *at,
                                  struct qund_sop_effects *fx);
QUND_CHECK int qund_task_watch(struct qund_sop *s, const struct qund_task_at *at,
                               struct qund_sop_effects *fx);
QUND_CHECK int qund_expect_close(struct qund_sop *s, const struct qund_task_at *at,
                                 struct qund_sop_effects *fx);

/* --- what a person does about a task (task_deed.c) --- */
enum qund_task_deed_kind {
    QUND_TASK_DO_DONE,
    QUND_TASK_DO_FAIL,
    QUND_TASK_DO_POSTPONE,
    QUND_TASK_DO_HAND_OVER,
    QUND_TASK_DO_URGE,
    QUND_TASK_DO_SEEN
};
#define QUND_TASK_DEEDS (QUND_TASK_DO_SEEN + 1)
const char *qund_task_deed_name(enum qund_task_deed_kind k); /* "done", "fail", "postpone", … */
struct qund_task_deed {
    enum qund_task_deed_kind kind;
    int64_t task, now;
    struct qund_str by;     /* "token:3", "staff:5" */
    struct qund_str note;   /* DONE: what shows it; FAIL: why */
    struct qund_str number; /* DONE: a decimal figure; NONE: none */
    int64_t until;          /* POSTPONE */
    int64_t to;             /* HAND_OVER: staff.id */
};
/* INVAL with err->where: "task" (it is over already), "number", "window", "to"; NOTFOUND. */
QUND_CHECK int qund_task_deed(struct qund_sop *s, const struct qund_task_deed *d,
                              struct qund_sop_effects *fx, struct qund_err *err);
/* 1: this member of staff may act on it: does it, was told, holds its role, manages the group or
 * leads it; 0: not. NOTFOUND. *grp (may be NULL): of which group it is. */
QUND_CHECK int qund_task_may(struct qund_sop *s, struct qund_arena *arena, int64_t task,
                             int64_t staff, int64_t now, int64_t *grp);

/* --- proof from the stream (task_proof.c) --- */
struct qund_task_post {
    int64_t group, seq, ts, now;
    int64_t staff; /* who posted; 0: a customer invited to speak */
    int64_t contact;
    struct qund_str text;       /* as said */
    struct qund_folded *folded; /* of text */
    struct qund_str media;      /* the event's JSON array; NONE: none */
};
/* True: something of that group may be proved by a post of that time. Nearly always answered from
 * memory. */
QUND_CHECK int qund_task_awaits(struct qund_sop *s, int64_t group, int64_t ts, bool *out);
QUND_CHECK int qund_task_posted(struct qund_sop *s, const struct qund_task_post *p,
                                struct qund_sop_effects *fx);
/* That message was taken back. */
QUND_CHECK int qund_task_recalled(struct qund_sop *s, int64_t seq, int64_t now,
                                  struct qund_sop_effects *fx);
/* What our own account was to say for a task: taken by the peer, seen, or given up. */
QUND_CHECK int qund_task_said(struct qund_sop *s, int64_t task, enum qund_out_event event,
                              struct qund_str reason, int64_t now, struct qund_sop_effects *fx);
#endif
