/* src/sop/run.c - one person's way through a plan.
 *
 * A plan for contacts or members runs once for each person, from the moment at which it begins for
 * them (their D0). A person has one courting plan at a time: two that speak to them in turn are
 * what makes people leave. A run that may not begin is written down all the same, cancelled with
 * the reason, so that whoever asks why nothing came finds it.
 *
 * A run ends when all that belongs to it has ended, or at once: the person wants no more messages,
 * has left the group, or what `stop_all` names has come. Somebody for whom it ended may begin
 * again, a week after the last beginning at the earliest (the next order, the next birthday); then
 * it is another round of the same plan. */
#include "sop/internal.h"

#define AGAIN_MS (7 * QUND_DAY_MS)
#define OPEN_RUNS 32 /* of one person; more are looked at no further */

int qund_run_role(struct qund_sop *s, int64_t contact, int64_t grp, bool *customer, bool *opt_out)
{
    struct qund_crm_contact *c = NULL;
    struct qund_crm_group *g = NULL;
    enum qund_role role;
    int rc = qund_crm_contact_by_id(s->deps.crm, contact, &c);

    if (rc == 0 && grp > 0)
        rc = qund_crm_group_by_id(s->deps.crm, grp, &g);
    if (rc < 0)
        return rc;
    role = qund_crm_role(s->deps.crm, c, g, QUND_ROLE_NONE);
    *customer = role == QUND_ROLE_CUSTOMER || role == QUND_ROLE_KOC;
    if (g && (g->state != QUND_GROUP_ACTIVE || g->internal))
        *customer = false; /* nothing begins there */
    *opt_out = c->opt_out;
    return 0;
}

/* 1: a courting plan runs for that person, be it this one in another group. */
static int courted(struct qund_sop *s, struct qund_arena *arena, int64_t contact)
{
    const struct qund_sop_template *t;
    struct sop_run open[OPEN_RUNS];
    struct qund_plan plan;
    int n = qund_run_sql_open(s->deps.db, 0, contact, NULL, open, OPEN_RUNS), rc = 0;

    for (int i = 0; rc == 0 && i < n; i++) {
        rc = qund_plan_get(s, arena, open[i].plan, &plan);
        t = rc == 0 ? qund_plan_template(s, plan.template, plan.version, &rc) : NULL;
        if (t && qund_sop_courts(t))
            return 1;
    }
    return n < 0 ? n : rc;
}

static int add_tasks(struct qund_sop *s, const struct qund_plan *plan,
                     const struct qund_sop_template *t, const struct sop_run *r, int64_t now,
                     struct qund_sop_effects *fx)
{
    struct sop_task_of of = {
        .plan = plan, .t = t, .grp = r->grp, .contact = r->contact, .round = r->round};
    struct qund_sop_clock c;
    struct sop_item item;
    int rc = qund_plan_clock(s, plan, r->grp, r->contact, &c);

    for (size_t i = 0; rc == 0 && i < t->n_steps; i++) {
        of.step = &t->steps[i];
        if (of.step->at.base == QUND_SOP_AT_ON)
            continue; /* a row when it happens */
        rc = qund_sop_item_make(&c, of.step, now, &item);
        if (rc == 0)
            rc = qund_plan_task_add(s, &of, &item, now, fx);
    }
    return rc;
}

/* Why it cannot begin, though it was to; NULL: it can. */
static int refused(struct qund_sop *s, const struct qund_sop_template *t, int64_t contact,
                   bool opt_out, struct qund_arena *arena, const char **why)
{
    int rc = 0;

    *why = NULL;
    if (!qund_sop_courts(t))
        return 0;
    if (opt_out)
        *why = "opt_out";
    else if ((rc = courted(s, arena, contact)) == 1)
        *why = "one_to_one_running";
    return rc < 0 ? rc : 0;
}

int qund_run_begin(struct qund_sop *s, const struct qund_plan *plan,
                   const struct qund_sop_template *t, int64_t contact, int64_t grp, int64_t now,
                   struct qund_sop_effects *fx)
{
    struct sop_run r = {.plan = plan->id, .contact = contact, .grp = grp, .began = now}, last;
    bool customer, opt_out;
    const char *why;
    int rc = qund_run_role(s, contact, grp, &customer, &opt_out);

    if (rc < 0 || !customer || plan->state != QUND_PLAN_RUNNING ||
        (plan->until > 0 && now > plan->until))
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    rc = qund_run_sql_last(s->deps.db, plan->id, contact, grp, &last);
    if (rc == 0) {
        if (last.state < QUND_PLAN_FINISHED || now - last.began < AGAIN_MS)
            return 0;
        r.round = last.round + 1;
    } else if (rc != QUND_E_NOTFOUND) {
        return rc;
    }
    rc = refused(s, t, contact, opt_out, fx->arena, &why);
    if (rc < 0)
        return rc;
    r.state = why ? QUND_PLAN_CANCELLED : QUND_PLAN_RUNNING;
    rc = qund_run_sql_insert(s->deps.db, &r, qund_str(why ? why : ""));
    if (rc == 0 && !why) {
        qund_sop_ears_void(s->ears);
        rc = add_tasks(s, plan, t, &r, now, fx);
    }
    if (rc == 0)
        qund_sop_fx_feed(fx, &(struct qund_sop_fx_line){.kind = "plan",
                                                        .id = plan->id,
                                                        .plan = plan->id,
                                                        .group = grp,
                                                        .contact = contact,
                                                        .event = why ? QUND_STR("run_refused")
                                                                     : QUND_STR("run_begun"),
                                                        .reason = qund_str(why),
                                                        .title = plan->name});
    return rc;
}

int qund_run_end(struct qund_sop *s, const struct sop_run *r, enum qund_plan_state state,
                 struct qund_str reason, int64_t now, struct qund_sop_effects *fx)
{
    struct qund_plan plan;
    int rc = 0;

    if (state == QUND_PLAN_CANCELLED) {
        rc = qund_merge_leave(s, r);
        if (rc == 0)
            rc = qund_tasks_move_all(s, r->plan, r->grp, r->contact,
                                     &(struct qund_task_change){.event = QUND_TASK_EV_CANCEL,
                                                                .by = QUND_STR("engine"),
                                                                .reason = reason,
                                                                .now = now},
                                     fx);
    }
    if (rc >= 0)
        rc = qund_run_sql_end(s->deps.db, r, state, reason);
    if (rc == 0)
        rc = qund_plan_get(s, fx->arena, r->plan, &plan);
    if (rc < 0)
        return rc;
    qund_sop_ears_void(s->ears);
    qund_sop_fx_feed(fx, &(struct qund_sop_fx_line){.kind = "plan",
                                                    .id = r->plan,
                                                    .plan = r->plan,
                                                    .group = r->grp,
                                                    .contact = r->contact,
                                                    .event = QUND_STR("run_ended"),
                                                    .state = qund_str(qund_plan_state_name(state)),
                                                    .reason = reason,
                                                    .title = plan.name});
    return state == QUND_PLAN_FINISHED
               ? qund_sop_plan_ended(s, plan.template, r->grp, r->contact, now, fx)
               : 0;
}

int qund_plan_run_end(struct qund_sop *s, int64_t plan, int64_t contact, int64_t grp,
                      struct qund_str reason, int64_t now, struct qund_sop_effects *fx)
{
    struct sop_run r;
    int rc = qund_run_sql_last(s->deps.db, plan, contact, grp, &r);

    if (rc == QUND_E_NOTFOUND || (rc == 0 && r.state >= QUND_PLAN_FINISHED))
        return 0;
    return rc < 0 ? rc : qund_run_end(s, &r, QUND_PLAN_CANCELLED, reason, now, fx);
}

int qund_plan_run_state(struct qund_sop *s, int64_t plan, int64_t contact, int64_t grp,
                        int64_t round)
{
    return qund_run_sql_state(
        s->deps.db,
        &(struct sop_run){.plan = plan, .contact = contact, .grp = grp, .round = round});
}
