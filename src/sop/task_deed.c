/* src/sop/task_deed.c - what a person does about a task, whichever way he says it: the API, the
 * signed page, a word in the chat. And what is done for him when he does nothing.
 *
 * Who may is settled before (qund_task_may); what is possible is the table's to say. Done twice, or
 * by two people at once, is done once: the second hears what is the case. Who finishes it for
 * another is a stand-in, and the row says so.
 *
 * Later must lie within the task's window: a post at ten at night is not the post that was planned
 * for noon. Half an hour before the window ends (of a short one: at its half) a task that nobody
 * has done is told to whoever could stand in, and to the manager, once. */
#include "sop/task_parts.h"
#include <stdio.h>
#include <stdlib.h>

static const char *const DEEDS[QUND_TASK_DEEDS] = {
    [QUND_TASK_DO_DONE] = "done",         [QUND_TASK_DO_FAIL] = "fail",
    [QUND_TASK_DO_POSTPONE] = "postpone", [QUND_TASK_DO_HAND_OVER] = "handover",
    [QUND_TASK_DO_URGE] = "urge",         [QUND_TASK_DO_SEEN] = "seen",
};

const char *qund_task_deed_name(enum qund_task_deed_kind k)
{
    return (unsigned)k < QUND_TASK_DEEDS ? DEEDS[k] : "?";
}

struct doing {
    struct qund_sop *s;
    const struct qund_task_deed *d;
    struct qund_sop_effects *fx;
    struct qund_err *err;
    struct task_all a;
};

static int move(struct doing *x, enum qund_task_event event, struct qund_str reason, int64_t due)
{
    return qund_task_move(
        x->s, x->d->task,
        &(struct qund_task_change){
            .event = event, .by = x->d->by, .reason = reason, .now = x->d->now, .due = due},
        x->fx, x->err);
}

/* staff.id of who acts, 0: it is not a person of the staff by name. */
static int64_t staff_of(struct qund_str by)
{
    int64_t id;

    return qund_str_starts(by, "staff:") && qund_str_int(qund_str_n(by.p + 6, by.n - 6), &id) == 0
               ? id
               : 0;
}

static int stood_in(struct doing *x)
{
    int64_t who = staff_of(x->d->by);

    if (who == 0 || x->a.t.staff == 0 || who == x->a.t.staff)
        return 0;
    x->a.t.flags |= QUND_TASK_STAND_IN;
    return qund_task_sql_set(x->s->deps.db, &x->a.t);
}

static int done(struct doing *x)
{
    char number[QUND_FIGURE_CHARS + 1] = "0";
    int rc = x->d->number.n > 0 ? qund_str_figure(x->d->number, number) : 0;

    if (rc < 0)
        return qund_err_set(x->err, rc, "number",
                            "must be a decimal figure of at most %d characters, such as 12 or 3.5",
                            QUND_FIGURE_CHARS);
    if (qund_task_open(x->a.t.state))
        rc = stood_in(x);
    if (rc == 0)
        rc = move(x, QUND_TASK_EV_CLAIM, x->d->note, 0);
    if (rc == 0 && x->d->number.n > 0)
        rc = qund_task_sql_number(x->s->deps.db, x->d->task, strtod(number, NULL));
    return rc;
}

static int fail(struct doing *x)
{
    return move(x, QUND_TASK_EV_FAIL, x->d->note.n > 0 ? x->d->note : QUND_STR("no reason given"),
                0);
}

/* Never to before its time; what was put off may come back as far as that. */
static int postpone(struct doing *x)
{
    int64_t times;
    int rc;

    if (!qund_task_open(x->a.t.state))
        return move(x, QUND_TASK_EV_POSTPONE, QUND_STR_NONE,
                    0); /* refused, with what is the case */
    rc = qund_task_sql_times(x->s->deps.db, x->a.t.id, QUND_TASK_EV_POSTPONE, &times);
    if (rc < 0)
        return rc;
    if (x->d->until <= x->d->now || x->d->until >= x->a.t.closes)
        return qund_err_set(x->err, QUND_E_INVAL, "window",
                            "must lie in the future and before the task's window ends");
    if (x->d->until < (times > 0 ? x->a.t.wanted : x->a.t.due))
        return qund_err_set(x->err, QUND_E_INVAL, "window",
                            "lies before the time that task T%lld is planned for",
                            (long long)x->d->task);
    return move(x, QUND_TASK_EV_POSTPONE, x->d->note, x->d->until);
}

/* A card that is not the first of its task. */
static int tell_again(struct qund_sop *s, struct task_all *a, int64_t staff, const char *why,
                      const char *level, int64_t now, bool *told)
{
    int64_t times;
    int rc = qund_task_sql_times(s->deps.db, a->t.id, QUND_TASK_EV_PUSH, &times);

    return rc < 0 ? rc
                  : qund_task_card(s, a, staff,
                                   &(struct task_telling){
                                       .why = why, .level = level, .n = (int)times, .now = now},
                                   told);
}

static int hand_over(struct doing *x)
{
    bool told = false;
    int rc;

    if (x->d->to == x->a.t.staff)
        return qund_err_set(x->err, QUND_E_INVAL, "to", "task T%lld is theirs already",
                            (long long)x->d->task);
    rc = qund_task_reaches(x->s, x->d->to);
    if (rc == 0)
        return qund_err_set(x->err, QUND_E_INVAL, "to",
                            "there is nowhere to tell them: no push target");
    if (rc > 0)
        rc = move(x, QUND_TASK_EV_HAND_OVER, QUND_STR(""), 0);
    if (rc == 0)
        rc = qund_task_all(x->s, x->fx->arena, x->d->task, &x->a);
    if (rc < 0)
        return rc;
    x->a.t.staff = x->d->to;
    rc = qund_task_sql_set(x->s->deps.db, &x->a.t);
    if (rc == 0)
        rc = tell_again(x->s, &x->a, x->d->to, "due", "info", x->d->now, &told);
    return rc < 0 ? rc : move(x, QUND_TASK_EV_PUSH, QUND_STR("handed over"), 0);
}

/* Once more to the same person, before all others. */
static int urge(struct doing *x)
{
    bool told = false;
    int rc = 0;

    if (x->a.t.staff > 0 && qund_task_next(x->a.t.state, QUND_TASK_EV_PUSH) >= 0)
        rc = tell_again(x->s, &x->a, x->a.t.staff, "urge", "urgent", x->d->now, &told);
    if (rc == 0 && !told && qund_task_next(x->a.t.state, QUND_TASK_EV_PUSH) >= 0)
        return qund_err_set(x->err, QUND_E_INVAL, "task",
                            "task T%lld is nobody's who could be told", (long long)x->d->task);
    return rc < 0 ? rc : move(x, QUND_TASK_EV_PUSH, QUND_STR("urged"), 0);
}

/* Seen once is enough; a page that is opened again says nothing new. */
static int seen(struct doing *x)
{
    return x->a.t.state == QUND_TASK_SEEN ? 0 : move(x, QUND_TASK_EV_SEE, QUND_STR(""), 0);
}

int qund_task_deed(struct qund_sop *s, const struct qund_task_deed *d, struct qund_sop_effects *fx,
                   struct qund_err *err)
{
    static int (*const DO[QUND_TASK_DEEDS])(struct doing *) = {
        [QUND_TASK_DO_DONE] = done,         [QUND_TASK_DO_FAIL] = fail,
        [QUND_TASK_DO_POSTPONE] = postpone, [QUND_TASK_DO_HAND_OVER] = hand_over,
        [QUND_TASK_DO_URGE] = urge,         [QUND_TASK_DO_SEEN] = seen,
    };
    struct doing x = {.s = s, .d = d, .fx = fx, .err = err};
    int rc = qund_task_all(s, fx->arena, d->task, &x.a);

    if (rc == QUND_E_NOTFOUND)
        return qund_err_set(err, rc, "task", "no task T%lld", (long long)d->task);
    return rc < 0 ? rc : DO[d->kind](&x);
}

/* --- who may --- */

static bool holds(const struct qund_sop *s, int64_t grp, const char *role, int64_t staff,
                  int64_t now)
{
    struct qund_duty d;

    if (!s->roster)
        return false;
    qund_duty_holders(s->roster, grp, qund_str(role), now, &d);
    for (size_t i = 0; i < d.n; i++)
        if (d.staff[i] == staff)
            return true;
    return false;
}

int qund_task_may(struct qund_sop *s, struct qund_arena *arena, int64_t task, int64_t staff,
                  int64_t now, int64_t *grp)
{
    struct qund_task t;
    int rc = qund_task_get(s->deps.db, arena, task, &t);

    if (rc < 0)
        return rc;
    if (grp)
        *grp = t.grp;
    if (t.staff == staff || holds(s, t.grp, "manager", staff, now) ||
        holds(s, t.grp, "leader", staff, now) ||
        holds(s, t.grp, qund_sop_role_name((enum qund_sop_role)t.role), staff, now))
        return 1;
    return s->deps.outbox ? qund_outbox_told(s->deps.db, -task, staff, 0) : 0;
}

/* --- nobody did it --- */

static int tell_others(struct qund_sop *s, struct task_all *a, int64_t now)
{
    struct qund_duty d;
    bool told = false;
    int rc = 0;

    qund_sop_role_holders(s, a->t.grp, qund_str(qund_sop_role_name((enum qund_sop_role)a->t.role)),
                          now, &d);
    for (size_t i = 0; rc == 0 && !told && i < d.n; i++)
        if (d.staff[i] != a->t.staff)
            rc = tell_again(s, a, d.staff[i], "late", "warn", now, &told);
    if (rc == 0 && a->t.staff > 0)
        rc = tell_again(s, a, a->t.staff, "late", "warn", now, &told);
    return rc;
}

int qund_task_escalate(struct qund_sop *s, const struct qund_task_at *at,
                       struct qund_sop_effects *fx)
{
    struct task_all a;
    int rc = qund_task_all(s, fx->arena, at->task, &a);

    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    if (a.t.state < QUND_TASK_READY || !qund_task_open(a.t.state) ||
        at->reach >= a.t.closes || /* nobody was there: it is too late to hurry */
        (a.t.flags & (QUND_TASK_ESCALATED | QUND_TASK_BY_US)))
        return 0;
    a.t.flags |= QUND_TASK_ESCALATED;
    rc = qund_task_sql_set(s->deps.db, &a.t);
    if (rc == 0)
        rc = tell_others(s, &a, at->now);
    if (rc == 0)
        qund_task_alert(fx, &a, QUND_STR("warn"), QUND_STR("manager"), QUND_STR("快到截止还没做"),
                        at->now);
    return rc;
}
