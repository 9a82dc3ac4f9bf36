/* src/sop/task_run.c - a task's time has come: may it be done, by whom, with which words? And: its
 * window is over.
 *
 * The questions are asked in this order, and the first answer that is not "go on" names the state
 * and the reason:
 *
 *   its plan is over, or paused             cancelled, held(paused)
 *   its group was dissolved                 cancelled(group_closed)
 *   its window is over already              expired (the daemon was down: nobody is told to say now
 *                                           what should have been said yesterday)
 *   nobody was invited to its role          skipped(no_actor), its plan B at once
 *   a stop condition holds                  skipped(stop:…)
 *   a cap is reached                        skipped(cap:…)
 *   nobody holds its role                   held(nobody), the manager is told
 *   its words lack what records must say    held(content), the manager is told
 *
 * What is held for want of a person or of content is looked at again every ten minutes while its
 * window lasts. Then its words are filled, for good: what was pushed is what is compared with the
 * post. The disclosure of the three roles that could mislead is put behind them here, where no
 * template and no edit can leave it out.
 *
 * Only then somebody is told (task_push.c). Row, card and log are one transaction. */
#include "sop/task_parts.h"
#include <stdio.h>

#define AGAIN_MS (10 * 60000)
#define LAST_CALL_MS (30 * 60000) /* before the end of a window that is longer than an hour */

struct due {
    struct qund_sop *s;
    struct task_all *a;
    const struct qund_task_at *at;
    struct qund_sop_effects *fx;
    struct task_who who;
};

static int move(struct due *d, enum qund_task_event event, const char *reason)
{
    return qund_task_move_in_hand(d->s, &d->a->t,
                                  &(struct qund_task_change){.event = event,
                                                             .by = QUND_STR("engine"),
                                                             .reason = qund_str(reason),
                                                             .now = d->at->now},
                                  d->fx);
}

/* --- what holds it --- */

/* The first time somebody is told why; later only the clock runs on. */
static int hold(struct due *d, const char *reason, const char *told)
{
    struct task_all *a = d->a;
    int rc = 0;

    if (a->t.state != QUND_TASK_HELD) {
        rc = move(d, QUND_TASK_EV_HOLD, reason);
        if (rc == 0 && told)
            qund_task_alert(d->fx, a, QUND_STR("warn"), QUND_STR("manager"), qund_str(told),
                            d->at->now);
    }
    if (rc == 0)
        rc = qund_task_timer(d->s, QUND_TASK_CLOSE, a->t.id, a->t.closes);
    if (rc == 0 && told && d->at->now + AGAIN_MS < a->t.closes)
        rc = qund_task_timer(d->s, QUND_TASK_DUE, a->t.id, d->at->now + AGAIN_MS);
    return rc < 0 ? rc : 1;
}

/* It was dissolved; what cannot be asked is found out by what follows. */
static bool group_closed(const struct due *d)
{
    struct qund_crm_group *g;

    return d->a->t.grp > 0 && qund_crm_group_by_id(d->s->deps.crm, d->a->t.grp, &g) == 0 &&
           g->state == QUND_GROUP_CLOSED;
}

/* 1: it ended or is held; 0: go on. */
static int plan_holds(struct due *d)
{
    struct task_all *a = d->a;
    int rc = 1;

    if (a->plan.state == QUND_PLAN_CANCELLED)
        rc = move(d, QUND_TASK_EV_CANCEL, "plan_cancelled");
    else if (group_closed(d))
        rc = move(d, QUND_TASK_EV_CANCEL, "group_closed");
    else if (a->plan.state == QUND_PLAN_PAUSED)
        return hold(d, "paused", NULL);
    else if (d->at->reach >= a->t.closes)
        rc = move(d, QUND_TASK_EV_EXPIRE, "past its window");
    else
        return 0;
    return rc < 0 ? rc : 1;
}

static int role_holds(struct due *d)
{
    int rc = qund_task_who(d->s, d->a, d->at->now, &d->who);

    if (rc < 0)
        return rc;
    if (d->who.how == TASK_NO_ACTOR) {
        rc = move(d, QUND_TASK_EV_SKIP, "no_actor");
        return rc < 0 ? rc : 1;
    }
    return 0;
}

static int skip_for(struct due *d, const char *kind, struct qund_str what)
{
    enum { ROOM = 160 };
    char *reason = qund_arena_alloc(d->fx->arena, ROOM);
    int rc;

    snprintf(reason, ROOM, "%s:%.*s", kind, QUND_STR_ARG(qund_utf8_cut(what, 120)));
    rc = move(d, QUND_TASK_EV_SKIP, reason);
    return rc < 0 ? rc : 1;
}

static bool of_all(const struct task_all *a, const struct qund_sop_cond *c)
{
    return c >= a->tpl->stop_all && c < a->tpl->stop_all + a->tpl->n_stop_all;
}

static int stop_holds(struct due *d)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    const struct qund_sop_cond *stop;
    const struct task_all *a = d->a;
    int rc = qund_task_stop(d->s, a, a->clock.start, d->at->now, &stop);

    if (rc < 0 || !stop)
        return rc;
    qund_sop_cond_print(stop, &text);
    rc = skip_for(d, "stop", qund_buf_view(&text));
    /* What stops the whole of a person's run ends it. */
    if (rc > 0 && a->t.contact > 0 && of_all(a, stop)) {
        int ended = qund_plan_run_end(d->s, a->t.plan, a->t.contact, a->t.grp, qund_buf_view(&text),
                                      d->at->now, d->fx);

        rc = ended < 0 && ended != QUND_E_NOTFOUND ? ended : rc;
    }
    return rc;
}

/* What was said in the spans that count against it. */
static int load_of(struct due *d, struct qund_sop_load *out)
{
    const struct task_all *a = d->a;
    const struct qund_task *t = &a->t;
    struct sop_load_span x = {
        .grp = t->grp, .contact = t->contact, .staff = d->who.staff, .but = t->id};

    qund_sop_cap_span(&a->clock, QUND_SOP_CAP_GROUP_DAY, d->at->now, &x.day, &x.day_end);
    qund_sop_cap_span(&a->clock, QUND_SOP_CAP_GROUP_MONTH, d->at->now, &x.month, &x.month_end);
    qund_sop_cap_span(&a->clock, QUND_SOP_CAP_CONTACT_WEEK, d->at->now, &x.week, &x.week_end);
    return qund_task_sql_load(d->s->deps.db, &x, out);
}

static int cap_holds(struct due *d)
{
    struct qund_sop_step step = *d->a->step;
    struct qund_sop_load had;
    struct qund_sop_caps caps;
    enum qund_sop_cap cap;
    int rc;

    if (!(d->a->t.flags & QUND_TASK_MARKETING))
        return 0;
    rc = load_of(d, &had);
    if (rc < 0)
        return rc;
    qund_sop_caps_of(d->s, &caps);
    step.say = *d->a->say;
    cap = qund_sop_capped(&caps, &d->a->clock, &step, d->at->now, &had);
    return cap == QUND_SOP_CAP_NONE ? 0 : skip_for(d, "cap", qund_str(qund_sop_cap_name(cap)));
}

static int person_holds(struct due *d)
{
    if (d->who.how == TASK_NOBODY)
        return hold(d, "nobody", "没有人担任这个角色");
    return 0;
}

/* --- its words --- */

/* What stands behind every post of a role that could mislead. */
static struct qund_str disclosure(const struct due *d)
{
    enum qund_sop_role role = d->a->say->role;

    return qund_sop_role_disclosed(role) && !d->who.true_count ? d->a->tpl->roles[role].disclosure
                                                               : QUND_STR_NONE;
}

static int words_hold(struct due *d, struct qund_buf *words)
{
    size_t missing = 0, undisclosed = 0;
    int rc = qund_task_fill(d->s, d->a, d->a->t.content, d->at->now, words, &missing);

    if (rc == 0 && disclosure(d).n > 0)
        rc = qund_task_fill(d->s, d->a, disclosure(d), d->at->now, words, &undisclosed);
    if (rc < 0)
        return rc;
    missing += undisclosed;
    if (missing > 0 || d->a->step->unfinished)
        return hold(d, "content", "内容还没备齐，暂不推送");
    return 0;
}

/* --- it is due --- */

/* Written with its move. */
static void keep_words(struct due *d, const struct qund_buf *words)
{
    struct task_all *a = d->a;
    struct qund_task *t = &a->t;

    t->content = qund_arena_str(d->fx->arena, qund_buf_view(words));
    t->role = d->who.role;
    t->staff = d->who.staff;
    if (d->at->reach - t->due > SOP_LATE_MS)
        t->flags |= QUND_TASK_LATE;
    if (d->who.stands_for > 0)
        t->flags |= QUND_TASK_STAND_IN;
}

static int64_t last_call(const struct qund_task *t, int64_t now)
{
    int64_t left = t->closes - now;

    return left > 2 * LAST_CALL_MS ? t->closes - LAST_CALL_MS : now + left / 2;
}

/* Its windows begin to run. */
static int set_out(struct due *d)
{
    struct task_all *a = d->a;
    int64_t now = d->at->now;
    int rc = qund_task_timer(d->s, QUND_TASK_CLOSE, a->t.id, a->t.closes);

    if (rc == 0)
        rc = qund_task_timer(d->s, QUND_TASK_ESCALATE, a->t.id, last_call(&a->t, d->at->reach));
    if (rc == 0)
        rc = qund_task_watch_from(d->s, a, now);
    /* A task that is itself what is expected (task_done) is waited for from now on. */
    if (rc == 0 && a->step->expect.given && a->step->expect.metric == QUND_SOP_TASK_DONE)
        rc = qund_expect_open(d->s, a, now, now, d->fx);
    if (rc == 0 && a->step->alert.given && a->step->alert.always && a->t.plan_b == 0)
        qund_task_alert(d->fx, a, a->step->alert.level, a->step->alert.to, QUND_STR("请留意"), now);
    if (rc == 0 && d->who.how == TASK_FILLED_EXPERT)
        qund_task_alert(d->fx, a, QUND_STR("info"), QUND_STR("manager"),
                        QUND_STR("没有专家，由顾问代发"), now);
    return rc;
}

static int release(struct due *d)
{
    int rc = move(d, QUND_TASK_EV_RELEASE, "");

    return rc < 0 ? rc : qund_task_no_timer(d->s, QUND_TASK_DUE, d->a->t.id);
}

static int go(struct due *d)
{
    QUND_AUTO(qund_buf_done) struct qund_buf words = {0};
    int rc = words_hold(d, &words);

    if (rc != 0)
        return rc < 0 ? rc : 0;
    if (d->a->t.state == QUND_TASK_HELD)
        rc = release(d);
    if (rc == 0) {
        keep_words(d, &words);
        rc = move(d, QUND_TASK_EV_DUE, "");
    }
    if (rc == 0)
        rc = set_out(d);
    return rc < 0 ? rc : qund_task_tell(d->s, d->a, d->at->now, d->fx);
}

static bool waits(const struct qund_task *t)
{
    return t->merged == 0 && (t->state == QUND_TASK_PLANNED ||
                              (t->state == QUND_TASK_HELD && !qund_str_is(t->reason, "paused")));
}

int qund_task_due(struct qund_sop *s, const struct qund_task_at *at, struct qund_sop_effects *fx)
{
    static int (*const HOLDS[])(struct due *) = {plan_holds, role_holds, stop_holds, cap_holds,
                                                 person_holds};
    struct task_all a;
    struct due d = {.s = s, .a = &a, .at = at, .fx = fx};
    int rc = qund_task_all(s, fx->arena, at->task, &a);

    if (rc == 0 && !waits(&a.t))
        return 0; /* it moved on since its timer was set */
    for (size_t i = 0; rc == 0 && i < QUND_ARRAY_LEN(HOLDS); i++)
        rc = HOLDS[i](&d);
    if (rc != 0)
        return rc < 0 && rc != QUND_E_NOTFOUND ? rc : 0;
    return go(&d);
}

int qund_task_close(struct qund_sop *s, const struct qund_task_at *at, struct qund_sop_effects *fx)
{
    int rc = qund_task_move(s, at->task,
                            &(struct qund_task_change){.event = QUND_TASK_EV_EXPIRE,
                                                       .by = QUND_STR("engine"),
                                                       .reason = QUND_STR("past its window"),
                                                       .now = at->now},
                            fx, NULL);

    /* It ended before, or went. */
    return rc == QUND_E_INVAL || rc == QUND_E_NOTFOUND ? 0 : rc;
}
