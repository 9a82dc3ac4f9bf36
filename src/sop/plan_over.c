/* src/sop/plan_over.c - when a plan is over, and what comes of it.
 *
 * A plan ends by itself when nothing of it is left: each task is in a state that ends it, each
 * expectation is judged. Then its goals are measured once, from its start to that moment, and what
 * waits for its end begins: the plan its template names as `next`, and runs that are triggered by
 * it. A step that waits for something to happen (`on:`) holds no plan open whose last dated task is
 * over; a template that has only such steps runs until `until`. A plan that listens for people runs
 * until then, too, and each person's run ends for itself.
 *
 * A plan of groups is looked at whenever one of its expectations is judged, a plan for persons once
 * an hour: it may have thousands of runs, and each judgement would go through all of them. */
#include "sop/internal.h"
#include "sop/measure.h"

#define ONLY_ON_MS (90 * QUND_DAY_MS) /* a run that only waits is given up */

void qund_plan_feed(struct qund_sop_effects *fx, const struct qund_plan *plan, const char *event)
{
    qund_sop_fx_feed(
        fx, &(struct qund_sop_fx_line){.kind = "plan",
                                       .id = plan->id,
                                       .plan = plan->id,
                                       .event = qund_str(event),
                                       .state = qund_str(qund_plan_state_name(plan->state)),
                                       .reason = plan->reason.n > 0 ? plan->reason : QUND_STR_NONE,
                                       .title = plan->name});
}

static bool dated(const struct qund_sop_template *t)
{
    for (size_t i = 0; i < t->n_steps; i++)
        if (t->steps[i].at.base != QUND_SOP_AT_ON)
            return true;
    return false;
}

/* --- goals --- */

struct sum {
    double v;
    size_t n;
};

static int add_figure(struct qund_sop *s, const struct qund_plan *plan, int64_t grp, int64_t now,
                      enum qund_sop_metric m, struct qund_str of_what, struct sum *sum)
{
    struct qund_sop_span span = {
        .group = grp, .from = plan->start - 1, .until = now, .plan = plan->id};
    double v = 0;
    bool known = false;
    int rc =
        qund_sop_measure(s->deps.db, s->deps.months, s->deps.fold, m, of_what, &span, &v, &known);

    if (rc < 0 || !known)
        return rc;
    sum->v += v;
    sum->n++;
    return 0;
}

/* What its words come to: a number, what was typed for it, or a share of what there is by now. Of
 * several groups it is a share of all they have together. */
static int mark_of(struct qund_sop *s, const struct qund_plan *plan,
                   const struct qund_sop_template *t, const struct qund_sop_target *g,
                   const int64_t *grps, size_t n, int64_t now, struct sum *mark)
{
    QUND_AUTO(qund_buf_done) struct qund_buf typed = {0};
    int rc = 0;

    *mark = (struct sum){g->value.n, 1};
    if (g->value.var.n > 0) {
        rc = qund_plan_param(plan, t, NULL, g->value.var, &typed);
        mark->n = rc == 0 && qund_sop_body_num(qund_buf_view(&typed), "", &mark->v, NULL) == 0;
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    }
    if (!g->value.percent)
        return 0;
    *mark = (struct sum){0};
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct qund_sop_span span = {
            .group = grps[i], .from = plan->start - 1, .until = now, .plan = plan->id};
        double base;
        bool known;

        rc = qund_sop_base(s->deps.db, g->value.of, &span, &base, &known);
        if (rc == 0 && known) {
            mark->v += base * g->value.n / 100;
            mark->n++;
        }
    }
    return rc;
}

/* Over all its groups: what is counted is added up, what is no number of things (minutes, marks) is
 * the middle of them. */
static int measure_goal(struct qund_sop *s, const struct qund_plan *plan,
                        const struct qund_sop_template *t, const struct qund_sop_target *g,
                        const int64_t *grps, size_t n, int64_t now)
{
    QUND_AUTO(qund_buf_done) struct qund_buf wanted = {0};
    enum qund_sop_metric m;
    struct qund_str of_what;
    struct sum sum = {0}, mark;
    bool once;
    int rc = qund_sop_metric_of(g->name, &m, &of_what, NULL);

    if (rc < 0)
        return rc == QUND_E_INVAL ? 0 : rc;
    once = qund_sop_metric_source(m) == QUND_SOP_REPORTED; /* of the plan, not of a group */
    for (size_t i = 0; rc == 0 && i < (once && n > 0 ? 1 : n); i++)
        rc = add_figure(s, plan, grps[i], now, m, of_what, &sum);
    if (rc < 0)
        return rc;
    if (sum.n > 1 && !qund_sop_metric_counts(m))
        sum.v /= (double)sum.n;
    qund_plan_goal_print(plan, t, g, &wanted);
    rc = mark_of(s, plan, t, g, grps, n, now, &mark);
    return rc < 0 ? rc
                  : qund_plan_sql_goal(s->deps.db, plan->id, g->name, qund_buf_view(&wanted),
                                       mark.n > 0 ? &mark.v : NULL, sum.n > 0 ? &sum.v : NULL);
}

/* --- what follows --- */

static int copy_people(struct qund_sop *s, int64_t plan, struct sop_draft *d)
{
    int n;

    if (!qund_sop_personal(d->t) || qund_sop_listening(d->t))
        return 0;
    d->contacts = qund_arena_alloc(d->arena, SOP_CONTACTS_MAX * sizeof(*d->contacts));
    n = qund_run_sql_people(s->deps.db, plan, true, d->contacts, SOP_CONTACTS_MAX);
    d->n_contacts = n > 0 ? (size_t)n : 0;
    return n < 0 ? n : 0;
}

/* What stands in its way, as a manager reads it; the words of the refusal are for operators. */
static const struct {
    const char *where, *zh;
} IN_THE_WAY[] = {
    {"params", "参数没有填全，或填得不对"},
    {"figures", "缺一个要有人报的数"},
    {"groups", "群不合用"},
    {"contacts", "人不合用"},
    {"template", "模板用不了"},
    {"event", "没有活动时间"},
    {"start", "开始时间不行"},
};

static void put_why(const struct qund_err *err, struct qund_buf *out)
{
    struct qund_str where = qund_str(err->where);

    for (size_t i = 0; i < QUND_ARRAY_LEN(IN_THE_WAY); i++)
        if (qund_str_starts(where, IN_THE_WAY[i].where)) {
            qund_buf_printf(out, "%s（%s）", IN_THE_WAY[i].zh, err->where);
            return;
        }
    qund_buf_printf(out, "不合要求（%s）", err->where);
}

static void tell_unmade(struct sop_draft *d, const struct qund_plan *before, struct qund_str next,
                        const struct qund_err *err, struct qund_sop_effects *fx)
{
    QUND_AUTO(qund_buf_done) struct qund_buf title = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf rule = {0};

    qund_buf_printf(&title, "「%.*s」已结束，后续计划 %.*s 未能建立：", QUND_STR_ARG(before->name),
                    QUND_STR_ARG(next));
    put_why(err, &title);
    qund_buf_printf(&title, "；请运营看 qund plan preview %.*s", QUND_STR_ARG(next));
    qund_buf_printf(&rule, "sop:%.*s:next", QUND_STR_ARG(before->template));
    qund_sop_fx_alert(fx,
                      &(struct qund_sop_fx_alert){.level = QUND_STR("warn"),
                                                  .to = QUND_STR("manager"),
                                                  .title = qund_buf_view(&title),
                                                  .rule = qund_buf_view(&rule),
                                                  .group = d->n_places > 0 ? d->places[0].id : 0,
                                                  .plan = before->id});
}

static int make_next(struct qund_sop *s, const struct qund_plan *before, struct qund_str next,
                     const int64_t *grps, size_t n, int64_t now, struct qund_sop_effects *fx)
{
    QUND_AUTO(qund_draft_done) struct sop_draft d = {0};
    struct qund_err err = {0};
    char by[32];
    int rc = 0;

    snprintf(by, sizeof(by), "plan:%lld", (long long)before->id);
    qund_draft_init(&d, s, fx->arena, now, qund_arena_str(fx->arena, qund_str(by)));
    d.force = true; /* nobody is there to choose: the caps decide when the time has come */
    d.plan.template = next;
    d.plan.params = before->params;
    d.plan.deliver = before->deliver;
    d.plan.after = before->id;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = grps[i] > 0 ? qund_draft_place(&d, grps[i]) : 0;
    if (rc == 0)
        rc = qund_draft_ask(&d, &(struct sop_draft_ask){.name = QUND_STR_NONE}, &err);
    if (rc == 0)
        rc = copy_people(s, before->id, &d);
    if (rc == 0)
        rc = qund_draft_check(&d);
    if (rc == 0)
        rc = qund_draft_quota(&d);
    if (rc == 0)
        rc = qund_draft_refuse(&d, &err);
    if (rc < 0 && err.text[0] && !qund_rc_retryable(rc)) {
        tell_unmade(&d, before, next, &err, fx);
        return 0;
    }
    return rc < 0 ? rc : qund_draft_keep(&d, fx);
}

static int finish(struct qund_sop *s, struct qund_plan *plan, int64_t now,
                  struct qund_sop_effects *fx)
{
    const struct qund_sop_template *t;
    int64_t *grps;
    size_t n;
    int rc;

    t = qund_plan_template(s, plan->template, plan->version, &rc);
    if (!t)
        return rc;
    plan->state = QUND_PLAN_FINISHED;
    plan->ended = now;
    rc = qund_plan_sql_put(s->deps.db, plan);
    if (rc == 0)
        rc = qund_plan_sql_targets(s->deps.db, fx->arena, plan->id, &grps, &n);
    for (size_t i = 0; rc == 0 && i < t->n_targets; i++)
        rc = measure_goal(s, plan, t, &t->targets[i], grps, n, now);
    if (rc < 0)
        return rc;
    qund_sop_ears_void(s->ears);
    qund_plan_feed(fx, plan, "finished");
    for (size_t i = 0; rc == 0 && !qund_sop_personal(t) && i < n; i++)
        rc = qund_sop_plan_ended(s, plan->template, grps[i], 0, now, fx);
    if (rc == 0 && t->next.n > 0)
        rc = make_next(s, plan, t->next, grps, n, now, fx);
    return rc;
}

/* --- is it over? --- */

static int settle_run(struct qund_sop *s, const struct sop_run *r,
                      const struct qund_sop_template *t, int64_t now, struct qund_sop_effects *fx)
{
    int rc;

    if (!dated(t) && now - r->began < ONLY_ON_MS)
        return 0;
    rc = qund_run_sql_left(s->deps.db, r);
    return rc != 0 ? (rc < 0 ? rc : 0)
                   : qund_run_end(s, r, QUND_PLAN_FINISHED, QUND_STR(""), now, fx);
}

/* 1: no run is open (any more). */
static int settle_runs(struct qund_sop *s, int64_t plan, const struct qund_sop_template *t,
                       int64_t now, struct qund_sop_effects *fx)
{
    struct sop_run open[64], last = {0};
    int n, rc = 0;

    do {
        n = qund_run_sql_open(s->deps.db, plan, 0, &last, open, QUND_ARRAY_LEN(open));
        for (int i = 0; rc == 0 && i < n; i++) {
            last = open[i];
            rc = settle_run(s, &open[i], t, now, fx);
        }
    } while (rc == 0 && n == (int)QUND_ARRAY_LEN(open));
    if (rc < 0 || n < 0)
        return rc < 0 ? rc : n;
    n = qund_run_sql_open(s->deps.db, plan, 0, NULL, open, 1);
    return n < 0 ? n : n == 0;
}

static int begun(struct qund_sop *s, int64_t plan, struct qund_arena *arena)
{
    struct qund_timer t;
    char key[24];
    int rc = qund_timers_get(s->deps.timers, QUND_STR(QUND_PLAN_BEGIN), qund_timer_key(plan, key),
                             arena, &t);

    return rc < 0 ? rc : rc == 0;
}

static int over(struct qund_sop *s, const struct qund_plan *plan, const struct qund_sop_template *t,
                int64_t now, struct qund_sop_effects *fx)
{
    bool closed = plan->until > 0 && now > plan->until;
    int rc = begun(s, plan->id, fx->arena);

    if (rc != 1)
        return rc;
    if (qund_sop_personal(t)) {
        rc = settle_runs(s, plan->id, t, now, fx);
        return rc == 1 && qund_sop_listening(t) && !closed ? 0 : rc;
    }
    if (!dated(t) && !closed)
        return 0;
    rc = qund_tasks_left(s->deps.db, plan->id, 0, 0);
    return rc < 0 ? rc : rc == 0;
}

static int settle(struct qund_sop *s, int64_t id, bool runs, int64_t now,
                  struct qund_sop_effects *fx)
{
    const struct qund_sop_template *t;
    struct qund_plan plan;
    int rc = qund_plan_get(s, fx->arena, id, &plan);

    if (rc < 0 || plan.state != QUND_PLAN_RUNNING || now < plan.start)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    t = qund_plan_template(s, plan.template, plan.version, &rc);
    if (!t)
        return rc == QUND_E_INVAL ? 0 : rc;
    if (qund_sop_personal(t) && !runs)
        return 0;
    rc = over(s, &plan, t, now, fx);
    return rc == 1 ? finish(s, &plan, now, fx) : rc;
}

int qund_plan_settle(struct qund_sop *s, int64_t id, int64_t now, struct qund_sop_effects *fx)
{
    return settle(s, id, false, now, fx);
}

int qund_plan_look_over(struct qund_sop *s, int64_t id, int64_t now, struct qund_sop_effects *fx)
{
    return settle(s, id, true, now, fx);
}
