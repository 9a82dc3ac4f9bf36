/* src/sop/task_move.c - the one way by which a task changes.
 *
 * Whoever moves a task (its timer, a person, the stream, an edit of its plan) says which event has
 * happened; the table says whether it can. Then everything that hangs on the state follows here,
 * and nowhere else: the row and a line of its log, its timers, cards that still wait to leave, the
 * line of the live feed, what memory knows of the group. An end has consequences: a task that is
 * done opens the window of what is expected of it; one that ends without a post leaves a void
 * expectation and tells the manager, unless nobody was invited to its role, for then its plan B is
 * what was planned.
 *
 * Posts for several people (a welcome to all who came within half an hour) are one task that is
 * pushed and done, its leader, and followers that share its way. */
#include "sop/task_parts.h"
#include <stdio.h>

enum { FOLLOWERS_MAX = 500, PAGE = 64 };

int qund_task_timer(struct qund_sop *s, const char *kind, int64_t task, int64_t due)
{
    char key[24];

    return qund_timers_set(s->deps.timers, &(struct qund_timer){.class = QUND_TIMER_AT,
                                                                .due = due,
                                                                .kind = qund_str(kind),
                                                                .key = qund_timer_key(task, key)});
}

int qund_task_no_timer(struct qund_sop *s, const char *kind, int64_t task)
{
    char key[24];
    int rc = qund_timers_cancel(s->deps.timers, qund_str(kind), qund_timer_key(task, key));

    return rc == QUND_E_NOTFOUND ? 0 : rc;
}

int qund_task_add(struct qund_sop *s, const struct qund_task_new *n, int64_t *id)
{
    int rc = qund_task_sql_insert(s->deps.db, n, id);

    if (rc < 0)
        return rc;
    qund_posts_forget(s, n->grp);
    return n->merged > 0 ? 0 : qund_task_timer(s, QUND_TASK_DUE, *id, n->due);
}

/* --- the row --- */

static void take_anew(struct qund_task *t, const struct qund_task_new *n)
{
    t->content = n->content;
    t->media = n->media;
    t->role = n->role;
    t->channel = n->channel;
    t->flags = n->marketing ? QUND_TASK_MARKETING : 0;
}

/* The row after the event; its state is set already. */
static void change_row(struct qund_task *t, const struct qund_task_change *c)
{
    bool ends_or_waits = t->state >= QUND_TASK_SKIPPED || t->state == QUND_TASK_HELD;

    t->evidence = qund_task_evidence_after(t->evidence, c->event);
    t->reason = ends_or_waits || c->event == QUND_TASK_EV_POSTPONE ? c->reason : QUND_STR("");
    if (c->wanted)
        t->wanted = c->wanted;
    if (c->due)
        t->due = c->due;
    if (c->closes)
        t->closes = c->closes;
    if (c->event == QUND_TASK_EV_REPLAN && c->anew)
        take_anew(t, c->anew);
    if (c->event == QUND_TASK_EV_PUSH && t->pushed == 0)
        t->pushed = c->now;
    if (t->state == QUND_TASK_DONE && t->done == 0) {
        t->done = c->ts ? c->ts : c->now;
        t->done_by = c->by;
    }
}

/* --- what hangs on the state --- */

static int timers_follow(struct qund_sop *s, const struct qund_task *t)
{
    static const char *const ALL[] = {QUND_TASK_DUE, QUND_TASK_CLOSE, QUND_TASK_ESCALATE};
    int rc = 0;

    if (t->merged > 0)
        return 0;
    if (t->state == QUND_TASK_PLANNED)
        rc = qund_task_timer(s, QUND_TASK_DUE, t->id, t->due);
    for (size_t i = 0; rc == 0 && i < QUND_ARRAY_LEN(ALL); i++)
        if (!qund_task_open(t->state) || (i > 0 && t->state == QUND_TASK_PLANNED))
            rc = qund_task_no_timer(s, ALL[i], t->id);
    return rc;
}

/* What waits to leave would tell somebody who need not know any more. */
static int cards_follow(struct qund_sop *s, const struct qund_task *t,
                        const struct qund_task_change *c)
{
    bool void_now = !qund_task_open(t->state) || t->state == QUND_TASK_PLANNED ||
                    c->event == QUND_TASK_EV_HAND_OVER;

    if (!void_now || !s->deps.outbox || t->merged > 0 || t->pushed == 0)
        return 0;
    return qund_outbox_cancel_alert(s->deps.outbox, -t->id,
                                    qund_str(qund_task_event_name(c->event)), c->now);
}

static void show(struct qund_sop_effects *fx, const struct qund_task *t,
                 const struct qund_task_change *c)
{
    qund_sop_fx_feed(fx, &(struct qund_sop_fx_line){
                             .kind = "task",
                             .id = t->id,
                             .plan = t->plan,
                             .group = t->grp,
                             .contact = t->contact,
                             .step = t->step,
                             .state = qund_str(qund_task_state_name(t->state)),
                             .event = qund_str(qund_task_event_name(c->event)),
                             .reason = t->reason.n > 0 ? t->reason : QUND_STR_NONE,
                         });
}

/* Why the manager hears that a task ended without a post; NULL: it is as somebody wanted it. */
static const char *untold(const struct qund_task *t)
{
    if (t->state == QUND_TASK_EXPIRED)
        return "任务过期未做";
    if (t->state == QUND_TASK_FAILED)
        return "任务做不了";
    return qund_str_starts(t->reason, "cap:") ? "频次上限拦下了一条" : NULL;
}

static int end_follows(struct qund_sop *s, const struct qund_task *t,
                       const struct qund_task_change *c, struct qund_sop_effects *fx)
{
    struct task_all a;
    int rc;

    if (t->merged > 0 || t->state == QUND_TASK_CANCELLED)
        return 0;
    rc = qund_task_all(s, fx->arena, t->id, &a);
    if (rc < 0)
        return rc;
    if (t->state == QUND_TASK_DONE)
        return qund_expect_open(s, &a, t->done, c->now, fx);
    rc = qund_expect_none(s, &a, untold(t), c->now, fx);
    if (rc == 0 && qund_str_is(t->reason, "no_actor"))
        rc = qund_plan_b(s, &a, c->now, fx);
    return rc;
}

static int move_one(struct qund_sop *s, struct qund_task *t, const struct qund_task_change *c,
                    struct qund_sop_effects *fx)
{
    bool was_open = qund_task_open(t->state);
    int next = qund_task_next(t->state, c->event);
    int rc;

    if (next < 0)
        return next;
    t->state = (enum qund_task_state)next;
    change_row(t, c);
    rc = qund_task_sql_set(s->deps.db, t);
    if (rc == 0)
        rc = qund_task_sql_log(s->deps.db, t->id, t->state, c);
    if (rc == 0)
        rc = timers_follow(s, t);
    if (rc == 0)
        rc = cards_follow(s, t, c);
    if (rc < 0)
        return rc;
    qund_posts_forget(s, t->grp);
    show(fx, t, c);
    return was_open && !qund_task_open(t->state) ? end_follows(s, t, c, fx) : 0;
}

static int move_followers(struct qund_sop *s, int64_t id, const struct qund_task_change *c,
                          struct qund_sop_effects *fx)
{
    int64_t *ids = qund_arena_alloc(fx->arena, FOLLOWERS_MAX * sizeof(*ids));
    int n = qund_task_sql_followers(s->deps.db, id, ids, FOLLOWERS_MAX);
    int rc = n < 0 ? n : 0;

    for (int i = 0; rc == 0 && i < n; i++) {
        struct qund_task t;

        rc = qund_task_get(s->deps.db, fx->arena, ids[i], &t);
        if (rc == 0)
            rc = move_one(s, &t, c, fx);
        if (rc == QUND_E_INVAL)
            rc = 0; /* that person's way ended before */
    }
    return rc;
}

int qund_task_move_in_hand(struct qund_sop *s, struct qund_task *t,
                           const struct qund_task_change *c, struct qund_sop_effects *fx)
{
    int rc = move_one(s, t, c, fx);

    /* Only who is told in person is told with others. */
    return rc == 0 && t->contact > 0 && t->merged == 0 ? move_followers(s, t->id, c, fx) : rc;
}

int qund_task_move(struct qund_sop *s, int64_t id, const struct qund_task_change *c,
                   struct qund_sop_effects *fx, struct qund_err *err)
{
    struct qund_task t;
    int rc = qund_task_get(s->deps.db, fx->arena, id, &t);

    if (rc == QUND_E_NOTFOUND)
        return qund_err_set(err, rc, "task", "no task T%lld", (long long)id);
    if (rc == 0)
        rc = qund_task_move_in_hand(s, &t, c, fx);
    if (rc == QUND_E_INVAL)
        return qund_err_set(err, rc, "task",
                            qund_task_open(t.state) ? "task T%lld is %s: nobody was told of it yet"
                                                    : "task T%lld is %s already",
                            (long long)id, qund_task_state_name(t.state));
    return rc;
}

static unsigned states_that_allow(enum qund_task_event e)
{
    unsigned states = 0;

    for (int st = 0; st < (int)QUND_TASK_STATES; st++)
        if (qund_task_open((enum qund_task_state)st) &&
            qund_task_next((enum qund_task_state)st, e) >= 0)
            states |= 1u << st;
    return states;
}

int qund_tasks_move_all(struct qund_sop *s, int64_t plan, int64_t grp, int64_t contact,
                        const struct qund_task_change *c, struct qund_sop_effects *fx)
{
    unsigned states = states_that_allow(c->event);
    int64_t ids[PAGE], after = 0;
    int moved = 0, n, rc = 0;

    do {
        n = qund_task_sql_open_of(s->deps.db, plan, grp, contact, after, states, ids, PAGE);
        for (int i = 0; rc == 0 && i < n; i++) {
            rc = qund_task_move(s, ids[i], c, fx, NULL);
            after = ids[i];
            moved += rc == 0;
            if (rc == QUND_E_INVAL)
                rc = 0; /* moved by what came of one before it */
        }
    } while (rc == 0 && n == PAGE);
    return n < 0 ? n : rc < 0 ? rc : moved;
}
