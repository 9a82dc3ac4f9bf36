/* src/sop/draft_keep.c - a draft that nothing is wrong with becomes rows. */
#include "sop/internal.h"

static int keep_goals(struct sop_draft *d)
{
    QUND_AUTO(qund_buf_done) struct qund_buf wanted = {0};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < d->t->n_targets; i++) {
        const struct qund_sop_target *g = &d->t->targets[i];

        qund_buf_clear(&wanted);
        qund_plan_goal_print(&d->plan, d->t, g, &wanted);
        rc = qund_plan_sql_goal(d->s->deps.db, d->plan.id, g->name, qund_buf_view(&wanted), NULL,
                                NULL);
    }
    return rc;
}

int qund_draft_keep_figures(struct sop_draft *d)
{
    int rc = keep_goals(d);

    for (size_t i = 0; rc == 0 && i < d->n_said; i++)
        rc = qund_plan_sql_said(d->s->deps.db, d->plan.id, d->said[i].name, d->said[i].n, d->now,
                                d->plan.made_by);
    return rc;
}

static int keep_tasks(struct sop_draft *d, struct qund_sop_effects *fx)
{
    int rc = 0;

    if (qund_sop_personal(d->t))
        return 0; /* with each run */
    for (size_t i = 0; rc == 0 && i < d->n_items; i++) {
        const struct sop_item *it = &d->items[i];
        struct sop_task_of of = {
            .plan = &d->plan, .t = d->t, .step = it->step, .grp = d->places[it->place].id};

        rc = qund_plan_task_add(d->s, &of, it, d->now, fx);
    }
    return rc;
}

int qund_draft_keep(struct sop_draft *d, struct qund_sop_effects *fx)
{
    struct qund_sop *s = d->s;
    int rc = qund_plan_sql_insert(s->deps.db, &d->plan, &d->plan.id);

    for (size_t i = 0; rc == 0 && i < d->n_places; i++)
        rc = qund_plan_sql_target(s->deps.db, d->plan.id, d->places[i].id, true);
    if (rc == 0)
        rc = qund_draft_keep_figures(d);
    if (rc == 0)
        rc = keep_tasks(d, fx);
    if (rc == 0)
        rc = qund_plan_begin_timer(s, &d->plan, d->contacts, d->n_contacts);
    if (rc == 0)
        rc = qund_plan_sweep_timer(s, d->now);
    if (rc < 0)
        return rc;
    qund_sop_ears_void(s->ears);
    qund_plan_feed(fx, &d->plan, "made");
    return 0;
}
