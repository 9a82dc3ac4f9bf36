/* src/sop/task_watch.c - between a card and the judgement: alert and stop conditions are looked at
 * every ten minutes while a task is open or something is expected of it, and at the instants that
 * conditions name.
 *
 * A step's alert is raised once. A stop condition that comes true while somebody still has the card
 * takes it back: what it asked for is no longer wanted. What is expected of a task that is done is
 * judged when its window closes, whatever happens before. */
#include "sop/task_parts.h"

#define EVERY_MS (10 * 60000)

static bool stops(const struct task_all *a)
{
    return a->step->n_stop + a->tpl->n_stop_all > 0;
}

static bool alarms(const struct task_all *a)
{
    return a->step->alert.given && !a->step->alert.always && a->t.plan_b == 0 &&
           !(a->t.flags & QUND_TASK_ALERTED);
}

/* When something is to be asked next; INT64_MAX: nothing is. What was to be looked at again and
 * again while nobody was there is looked at once, at the present. */
static int64_t next_look(const struct task_all *a, const struct qund_task_at *when)
{
    const struct qund_sop_cond *c = &a->step->alert.when;
    int64_t now = when->now, at;
    int64_t again = now + EVERY_MS > when->reach ? now + EVERY_MS : when->reach;
    int64_t next = stops(a) && qund_task_open(a->t.state) ? again : INT64_MAX;

    if (!alarms(a))
        return next;
    if (!c->has_at)
        return again;
    if (qund_sop_when(&a->clock, &c->at, &at) == 0 && at > now && at < next)
        next = at;
    return next;
}

static int look_again(struct qund_sop *s, const struct task_all *a, const struct qund_task_at *when)
{
    int64_t next = next_look(a, when);

    return next == INT64_MAX ? 0 : qund_task_timer(s, QUND_TASK_WATCH, a->t.id, next);
}

/* "Fewer than ten" holds of a time in which nobody listened. */
static int unheard(struct qund_sop *s, const struct task_all *a, int64_t since, int64_t now)
{
    const struct qund_sop_cond *c = &a->step->alert.when;

    if (c->flag != QUND_SOP_FLAG_NONE || c->metric == QUND_SOP_TASK_DONE ||
        (c->op != QUND_SOP_LT && c->op != QUND_SOP_LTE))
        return 0;
    return qund_expect_blind(s, a, c->in_ms ? now - c->in_ms : since, now);
}

int qund_task_watch_from(struct qund_sop *s, const struct task_all *a, int64_t now)
{
    return look_again(s, a, &(struct qund_task_at){.now = now, .reach = now});
}

/* What its value stands for is said as it was typed when the plan was made. */
static void say_when(const struct task_all *a, struct qund_buf *out)
{
    QUND_AUTO(qund_buf_done) struct qund_buf typed = {0};
    const struct qund_sop_cond *c = &a->step->alert.when;
    bool known =
        c->value.var.p && qund_plan_param(&a->plan, a->tpl, &a->clock, c->value.var, &typed) == 0;

    qund_sop_cond_say(c, known ? qund_buf_view(&typed) : QUND_STR_NONE, out);
}

int qund_task_alarm(struct qund_sop *s, struct task_all *a, int64_t since, int64_t now,
                    struct qund_sop_effects *fx)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    const struct qund_sop_alert *x = &a->step->alert;
    bool holds;
    int64_t at;
    int rc;

    if (!alarms(a) ||
        (x->when.has_at && (qund_sop_when(&a->clock, &x->when.at, &at) < 0 || at > now)))
        return 0;
    rc = qund_sop_cond_holds(s, a, &x->when, since, now, &holds);
    if (rc == 0 && holds)
        rc = unheard(s, a, since, now);
    if (rc != 0 || !holds)
        return rc < 0 ? rc : 0;
    say_when(a, &text);
    qund_task_alert(fx, a, x->level, x->to, qund_buf_view(&text), now);
    a->t.flags |= QUND_TASK_ALERTED;
    return qund_task_sql_set(s->deps.db, &a->t);
}

static int stop_open(struct qund_sop *s, struct task_all *a, int64_t now,
                     struct qund_sop_effects *fx)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    const struct qund_sop_cond *stop;
    int rc = qund_task_stop(s, a, a->t.due, now, &stop);

    if (rc < 0 || !stop)
        return rc;
    qund_buf_puts(&text, "stop:");
    qund_sop_cond_print(stop, &text);
    rc = qund_task_move(s, a->t.id,
                        &(struct qund_task_change){.event = QUND_TASK_EV_SKIP,
                                                   .by = QUND_STR("engine"),
                                                   .reason = qund_buf_view(&text),
                                                   .now = now},
                        fx, NULL);
    return rc < 0 ? rc : qund_task_get(s->deps.db, fx->arena, a->t.id, &a->t);
}

int qund_task_watch(struct qund_sop *s, const struct qund_task_at *at, struct qund_sop_effects *fx)
{
    struct sop_expectation x = {.outcome = SOP_VOID};
    struct task_all a;
    int rc = qund_task_all(s, fx->arena, at->task, &a);

    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    rc = qund_expect_sql_get(s->deps.db, at->task, &x);
    if (rc < 0 && rc != QUND_E_NOTFOUND)
        return rc;
    rc = 0;
    if (a.plan.state == QUND_PLAN_CANCELLED ||
        (!qund_task_open(a.t.state) && x.outcome != SOP_OPEN))
        return 0;
    if (a.plan.state == QUND_PLAN_RUNNING) {
        rc = qund_task_alarm(s, &a, x.outcome == SOP_OPEN ? x.opens : a.t.due, at->now, fx);
        if (rc == 0 && qund_task_open(a.t.state))
            rc = stop_open(s, &a, at->now, fx);
    }
    return rc < 0 ? rc : look_again(s, &a, at);
}
