/* src/sop/judge.c - what was expected of a task: did it come?
 *
 * The window begins when the post is proved, else when somebody says that it is done; a proof that
 * comes later moves nothing. What a percentage is of is counted at that moment, so the mark does
 * not move while people join. It is judged once, when the window has closed and what was said in it
 * has had the time to arrive, on the timer of the class that waits for the floor:
 *
 *   the plan was cancelled meanwhile          void(plan_cancelled)
 *   the daemon was down in it, or a channel   void(gap): silence says nothing, the manager is told
 *   nobody ever reported the figure           void(no_source), the manager is told
 *   the figure reaches the mark               hit: those who reacted get the step's tags
 *   it does not                               miss: plan B, and the manager is told
 *
 * An upper limit ("at most 15 % cancel") is met by silence and missed when the figure passes it.
 * Of a task without a post nothing can be expected: void(not_posted), no plan B towards customers,
 * for they never saw what it would make up for; the manager is told. What is itself the thing
 * expected (an inner task, to be done within its window) is waited for from the moment it was due,
 * and not doing it is the miss. */
#include "crm/gap.h"
#include "sop/task_parts.h"

/* --- it opens --- */

static bool expects(const struct task_all *a)
{
    return a->step->expect.given && a->t.plan_b == 0 && a->t.merged == 0;
}

static int mark_of(struct qund_sop *s, struct qund_arena *arena, const struct task_all *a,
                   struct sop_expectation *x, double *base, bool *has_base)
{
    const struct qund_sop_expect *e = &a->step->expect;
    struct qund_sop_span span;
    int rc;

    *has_base = false;
    if (e->metric == QUND_SOP_TASK_DONE) {
        x->has_wanted = true;
        x->wanted = 1;
        return 0;
    }
    rc = qund_task_span(s, arena, a, &span);
    span.from = x->opens;
    span.until = x->closes;
    if (rc == 0 && e->value.percent)
        rc = qund_sop_base(s->deps.db, e->value.of, &span, base, has_base);
    if (rc == 0)
        rc = qund_sop_wanted(s->deps.db, &e->value, e->op, &span, &x->wanted, &x->has_wanted);
    return rc;
}

int qund_expect_open(struct qund_sop *s, struct task_all *a, int64_t opens, int64_t now,
                     struct qund_sop_effects *fx)
{
    struct sop_expectation x = {
        .task = a->t.id, .opens = opens, .closes = opens + a->step->expect.window_ms};
    double base = 0;
    bool has_base;
    char key[24];
    int rc;

    if (!expects(a))
        return 0;
    rc = mark_of(s, fx->arena, a, &x, &base, &has_base);
    if (rc == 0)
        rc = qund_expect_sql_put(s->deps.db, &x, has_base ? &base : NULL);
    if (rc < 0)
        return rc == QUND_E_EXISTS ? 0 : rc; /* it was waited for since it was due */
    rc = qund_timers_set(s->deps.timers,
                         &(struct qund_timer){.class = QUND_TIMER_JUDGE,
                                              .due = x.closes + s->deps.config->time.lateness_ms,
                                              .kind = QUND_STR(QUND_EXPECT_CLOSE),
                                              .key = qund_timer_key(a->t.id, key)});
    return rc < 0 ? rc : qund_task_watch_from(s, a, now);
}

static void show(struct qund_sop_effects *fx, const struct task_all *a, const char *outcome,
                 struct qund_str reason)
{
    qund_sop_fx_feed(fx,
                     &(struct qund_sop_fx_line){.kind = "task",
                                                .id = a->t.id,
                                                .plan = a->t.plan,
                                                .group = a->t.grp,
                                                .contact = a->t.contact,
                                                .step = a->t.step,
                                                .event = QUND_STR("judged"),
                                                .state = qund_str(outcome),
                                                .reason = reason.n > 0 ? reason : QUND_STR_NONE});
}

int qund_expect_none(struct qund_sop *s, struct task_all *a, const char *told, int64_t now,
                     struct qund_sop_effects *fx)
{
    struct sop_expectation x = {.task = a->t.id, .opens = now, .closes = now};
    struct qund_str level =
        qund_str_starts(a->t.reason, "cap:") ? QUND_STR("info") : QUND_STR("warn");
    int rc = 0;

    if (told)
        qund_task_alert_missed(fx, a, level, qund_str(told), now);
    if (!expects(a))
        return 0;
    rc = qund_expect_sql_put(s->deps.db, &x, NULL);
    if (rc == QUND_E_EXISTS && a->t.state != QUND_TASK_SKIPPED)
        return 0; /* an inner task: not doing it is what is judged */
    if (rc == 0 || rc == QUND_E_EXISTS)
        rc = qund_expect_sql_end(s->deps.db, a->t.id, SOP_VOID, QUND_STR("not_posted"), NULL, now);
    if (rc == 0)
        show(fx, a, "void", QUND_STR("not_posted"));
    return rc;
}

/* --- it closes --- */

struct judging {
    struct qund_sop *s;
    struct task_all a;
    struct sop_expectation x;
    struct qund_sop_span span;
    struct qund_sop_effects *fx;
    int64_t now;
    double figure;
    bool known;
};

static int end(struct judging *j, enum sop_outcome outcome, const char *reason)
{
    static const char *const NAMES[] = {"open", "hit", "miss", "void"};
    int rc = qund_expect_sql_end(j->s->deps.db, j->a.t.id, outcome, qund_str(reason),
                                 j->known ? &j->figure : NULL, j->now);

    if (rc == 0)
        show(j->fx, &j->a, NAMES[outcome], qund_str(reason));
    return rc;
}

static int unjudged(struct judging *j, const char *reason, const char *told)
{
    if (told)
        qund_task_alert_missed(j->fx, &j->a, QUND_STR("info"), qund_str(told),
                               j->x.closes + j->s->deps.config->time.lateness_ms);
    return end(j, SOP_VOID, reason);
}

static int count(struct judging *j)
{
    const struct qund_sop_expect *e = &j->a.step->expect;
    int rc;

    if (e->metric == QUND_SOP_TASK_DONE) {
        j->figure = j->a.t.state == QUND_TASK_DONE && j->a.t.done <= j->x.closes;
        j->known = true;
        return 0;
    }
    rc = qund_task_span(j->s, j->fx->arena, &j->a, &j->span);
    j->span.from = j->x.opens;
    j->span.until = j->x.closes;
    if (rc == 0)
        rc = qund_sop_measure(j->s->deps.db, j->s->deps.months, j->s->deps.fold, e->metric,
                              e->of_what, &j->span, &j->figure, &j->known);
    return rc;
}

/* The step's tags on one who reacted; one that cannot be filled for him is left out. */
static int tag_one(void *arg, int64_t contact)
{
    struct judging *j = arg;

    for (size_t i = 0; i < j->a.step->n_tags; i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf name = {0};
        struct task_all one = j->a;
        size_t missing = 0;
        int rc;

        one.t.contact = contact;
        rc = qund_task_fill(j->s, &one, j->a.step->tags[i], j->now, &name, &missing);
        if (rc < 0)
            return rc;
        if (missing == 0)
            qund_sop_fx_tag(j->fx, contact, qund_buf_view(&name));
    }
    return 0;
}

static int hit(struct judging *j)
{
    const struct qund_sop_expect *e = &j->a.step->expect;
    int rc = end(j, SOP_HIT, "");

    if (rc < 0 || j->a.step->n_tags == 0 || e->metric == QUND_SOP_TASK_DONE ||
        e->op == QUND_SOP_LTE || e->op == QUND_SOP_LT)
        return rc;
    rc = qund_sop_reacted(j->s->deps.db, j->s->deps.months, j->s->deps.fold, e->metric, &j->span,
                          tag_one, j);
    return rc < 0 ? rc : 0;
}

static int miss(struct judging *j)
{
    int rc = end(j, SOP_MISS, "");

    qund_task_alert_judged(j->fx, &j->a, QUND_STR("预期反馈没有达到"), j->now);
    return rc < 0 ? rc : qund_plan_b(j->s, &j->a, j->now, j->fx);
}

int qund_expect_blind(struct qund_sop *s, const struct task_all *a, int64_t from, int64_t until)
{
    /* What staff did is rows of ours; it is unknown only where nobody could report it at last. */
    if (a->step->expect.metric == QUND_SOP_TASK_DONE)
        return qund_crm_gap_of_ours(s->deps.db, until - 1, until + 1);
    return a->t.grp > 0 ? qund_crm_gap_overlaps(s->deps.db, a->t.grp, from, until)
                        : qund_crm_gap_of_contact(s->deps.db, a->t.contact, from, until);
}

/* Its run is over (the person opted out, ordered, left), or its plan is. */
static int over(const struct judging *j)
{
    int rc;

    if (j->a.plan.state == QUND_PLAN_CANCELLED)
        return 1;
    if (j->a.t.contact == 0)
        return 0;
    rc = qund_plan_run_state(j->s, j->a.t.plan, j->a.t.contact, j->a.t.grp, j->a.t.round);
    return rc == QUND_E_NOTFOUND ? 0 : rc < 0 ? rc : rc == QUND_PLAN_CANCELLED;
}

static int judge(struct judging *j)
{
    bool task_done = j->a.step->expect.metric == QUND_SOP_TASK_DONE;
    int rc = over(j);

    if (rc != 0)
        return rc < 0 ? rc : unjudged(j, "plan_cancelled", NULL);
    rc = qund_expect_blind(j->s, &j->a, j->x.opens, j->x.closes);
    if (rc != 0)
        return rc < 0
                   ? rc
                   : unjudged(j, "gap", "这段时间的消息可能没收全，预期反馈未判，请到群里看一下");
    rc = count(j);
    if (rc < 0)
        return rc;
    if (!j->known)
        return unjudged(j, "no_source", "预期反馈没有数据来源，未判");
    if (!j->x.has_wanted)
        return unjudged(j, "no_base", "预期反馈的基数算不出，未判");
    return qund_sop_holds(task_done ? QUND_SOP_GTE : j->a.step->expect.op, j->figure, j->x.wanted)
               ? hit(j)
               : miss(j);
}

int qund_expect_close(struct qund_sop *s, const struct qund_task_at *at,
                      struct qund_sop_effects *fx)
{
    struct judging j = {.s = s, .fx = fx, .now = at->now};
    int rc = qund_expect_sql_get(s->deps.db, at->task, &j.x);

    if (rc == 0 && j.x.outcome != SOP_OPEN)
        return 0;
    if (rc == 0)
        rc = qund_task_all(s, fx->arena, at->task, &j.a);
    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    if (j.a.plan.state == QUND_PLAN_RUNNING)
        rc = qund_task_alarm(s, &j.a, j.x.opens, j.x.closes, fx);
    if (rc == 0)
        rc = judge(&j);
    if (rc == 0)
        rc = QUND_FAULT("judged") < 0 ? QUND_E_IO : 0;
    return rc < 0 ? rc : qund_plan_settle(s, j.a.t.plan, at->now, fx);
}
