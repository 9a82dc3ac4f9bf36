/* src/engine/timer.c - who runs which kind of timer. A new kind is a row here. */
#include "engine/sop.h"

#define SWEEP_ROWS 1000

static int move_push(struct qund_engine *e, const struct qund_timer *t, enum qund_out_event event,
                     const char *reason)
{
    int64_t id;
    int rc = qund_str_int(t->key, &id);

    if (rc == 0 && e->outbox)
        rc = qund_outbox_move(e->outbox, id, event, e->now, qund_str(reason), NULL);
    /* The row moved on, or went, since its timer was set. */
    return rc == QUND_E_INVAL || rc == QUND_E_NOTFOUND ? 0 : rc;
}

static int push_due(struct qund_engine *e, const struct qund_timer *t)
{
    return move_push(e, t, QUND_OUT_EV_DUE, "its retry time has come");
}

static int push_deadline(struct qund_engine *e, const struct qund_timer *t)
{
    return move_push(e, t, QUND_OUT_EV_EXPIRE, "its deadline has passed");
}

static int push_paced(struct qund_engine *e, const struct qund_timer *t)
{
    if (e->outbox)
        qund_outbox_paced(e->outbox, t->key);
    return 0;
}

static int question_overdue(struct qund_engine *e, const struct qund_timer *t)
{
    return qund_question_overdue(e, t);
}

static int alert_rung(struct qund_engine *e, const struct qund_timer *t)
{
    int rc = qund_engine_roster(e);

    if (rc == 0)
        rc = qund_gap_voids_rung(e, t);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    return qund_alert_rung(e->alerts, t, e->now);
}

static int alert_wake(struct qund_engine *e, const struct qund_timer *t)
{
    int rc = qund_engine_roster(e);

    if (rc == 0)
        rc = qund_alert_wake(e->alerts, t, e->now);
    return rc;
}

/* A minute on; an hour on where more than a day is to be caught up, or years would be swept by the
   minute after a long stop. */
static int64_t next_sweep(const struct qund_engine *e, int64_t swept)
{
    int64_t every = e->deps.tidy_ms > 0 ? e->deps.tidy_ms : ENGINE_SWEEP_MS;

    return swept + (e->reach - swept > QUND_DAY_MS ? QUND_HOUR_MS : every);
}

static int sweep(struct qund_engine *e, const struct qund_timer *t)
{
    /* What this batch has added and let pass already must be a row to be swept. */
    int rc = qund_rule_state_settle(e->state);

    if (rc == 0)
        rc = qund_rule_state_sweep(e->state, e->now, SWEEP_ROWS);
    if (rc >= 0)
        rc = qund_revoke_sweep(e);
    if (rc == 0)
        rc = qund_gap_show(e);
    if (rc == 0)
        rc = qund_copy_sweep(e);
    if (rc >= 0)
        rc = qund_digest_plan(e);
    if (rc < 0)
        return rc;
    return qund_timers_set(e->timers, &(struct qund_timer){.class = QUND_TIMER_AT,
                                                           .due = next_sweep(e, t->due),
                                                           .kind = t->kind,
                                                           .key = t->key});
}

static const struct {
    const char *kind;
    int (*run)(struct qund_engine *e, const struct qund_timer *t);
} KINDS[] = {
    {"outbox.due", push_due},
    {"outbox.deadline", push_deadline},
    {"outbox.pace", push_paced},
    {"question.overdue", question_overdue},
    {"alert.rung", alert_rung},
    {"alert.wake", alert_wake},
    {ENGINE_DIGEST, qund_digest_run},
    {ENGINE_SWEEP, sweep},
    {QUND_TASK_DUE, qund_engine_sop_timer},
    {QUND_TASK_CLOSE, qund_engine_sop_timer},
    {QUND_TASK_ESCALATE, qund_engine_sop_timer},
    {QUND_TASK_WATCH, qund_engine_sop_timer},
    {QUND_EXPECT_CLOSE, qund_engine_sop_timer},
    {QUND_PLAN_BEGIN, qund_engine_sop_timer},
    {QUND_PLAN_SWEEP, qund_engine_sop_timer},
};

int qund_engine_timer(struct qund_engine *e, const struct qund_timer *t)
{
    for (size_t i = 0; i < QUND_ARRAY_LEN(KINDS); i++)
        if (qund_str_is(t->kind, KINDS[i].kind))
            return QUND_FAULT(KINDS[i].kind) < 0 ? QUND_E_IO : KINDS[i].run(e, t);
    return QUND_E_NOTFOUND; /* of a newer program: it goes to the dead, where it can be seen */
}
