/* src/sop/draft.c - a plan before there is one.
 *
 * What is asked for is made in memory first: the groups, the instants of every task, what is wrong
 * with it, what clashes. Then it is shown (preview), refused with all that is wrong, or kept. So
 * the three cannot disagree, and a refused plan has left no row. An edit is a draft as well: the
 * plan as it is, changed by what is asked, and then laid over the rows (plan_edit.c). */
#include "sop/internal.h"

void qund_draft_init(struct sop_draft *d, struct qund_sop *s, struct qund_arena *arena, int64_t now,
                     struct qund_str by)
{
    *d = (struct sop_draft){.s = s, .arena = arena, .now = now};
    d->plan = (struct qund_plan){.state = QUND_PLAN_RUNNING,
                                 .made = now,
                                 .made_by = by,
                                 .params = QUND_STR("{}"),
                                 .reason = QUND_STR("")};
    qund_errs_init(&d->problems, SOP_FINDINGS_MAX);
    qund_errs_init(&d->warnings, SOP_FINDINGS_MAX);
}

void qund_draft_done(struct sop_draft *d)
{
    qund_free(d->places);
    qund_free(d->items);
    qund_free(d->clashes);
    qund_free(d->clash_items);
    qund_free(d->clash_contacts);
    qund_errs_done(&d->problems);
    qund_errs_done(&d->warnings);
}

int qund_draft_of(struct sop_draft *d, int64_t plan, struct qund_err *err)
{
    int64_t *grps;
    size_t n;
    int rc = qund_plan_get(d->s, d->arena, plan, &d->plan);

    if (rc == QUND_E_NOTFOUND)
        return qund_err_set(err, rc, "plan", "there is no plan %lld", (long long)plan);
    if (rc == 0)
        d->t = qund_plan_template(d->s, d->plan.template, d->plan.version, &rc);
    if (rc == 0)
        rc = qund_plan_sql_targets(d->s->deps.db, d->arena, plan, &grps, &n);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = qund_draft_place(d, grps[i]);
    return rc;
}

/* --- groups --- */

static bool there_already(const struct sop_draft *d, int64_t grp)
{
    for (size_t i = 0; i < d->n_places; i++)
        if (d->places[i].id == grp)
            return true;
    return false;
}

static int look_up(struct sop_draft *d, int64_t grp, struct sop_place *out)
{
    struct qund_crm_group *g;
    int rc;

    *out = (struct sop_place){.id = grp};
    if (grp == 0)
        return 0;
    rc = qund_crm_group_by_id(d->s->deps.crm, grp, &g);
    if (rc < 0)
        return rc;
    out->name = qund_arena_str(d->arena, g->name.n > 0 ? g->name : g->pid);
    out->realm = qund_arena_str(d->arena, g->realm_name);
    out->state = g->state;
    out->type = g->type;
    out->internal = g->internal;
    return 0;
}

int qund_draft_place(struct sop_draft *d, int64_t grp)
{
    struct sop_place p;
    int rc;

    if (there_already(d, grp))
        return 0;
    if (d->n_places == SOP_GROUPS_MAX) {
        qund_errs_add(&d->problems, QUND_E_INVAL, "groups", "more than %u groups: make several",
                      SOP_GROUPS_MAX);
        return 0;
    }
    rc = look_up(d, grp, &p);
    if (rc == QUND_E_NOTFOUND) {
        qund_errs_add(&d->problems, rc, "groups", "there is no group %lld", (long long)grp);
        return 0;
    }
    if (rc < 0)
        return rc;
    if ((d->n_places & (d->n_places - 1)) == 0)
        d->places =
            qund_realloc(d->places, (d->n_places ? d->n_places * 2 : 1) * sizeof(*d->places));
    d->places[d->n_places++] = p;
    return 0;
}

void qund_draft_clock(struct sop_draft *d, struct sop_place *p)
{
    const struct qund_plan *plan = &d->plan;

    p->clock = (struct qund_sop_clock){.zone = qund_sop_zone(d->s, p->id),
                                       .holidays = d->s->deps.holidays,
                                       .quiet = d->s->deps.config->quiet.hours,
                                       .start = plan->start,
                                       .event = plan->event,
                                       .day0 = plan->start};
    if (d->t->anchor == QUND_SOP_BY_EVENT && plan->event > 0)
        p->clock.day0 = plan->event;
}

/* --- tasks --- */

static int by_due(const void *a, const void *b)
{
    const struct sop_item *x = a, *y = b;

    if (x->due != y->due)
        return x->due < y->due ? -1 : 1;
    return x->step < y->step ? -1 : x->step > y->step;
}

static int make_at(struct sop_draft *d, size_t place)
{
    size_t from = d->n_items;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < d->t->n_steps; i++) {
        const struct qund_sop_step *step = &d->t->steps[i];

        if (step->at.base == QUND_SOP_AT_ON)
            continue;
        rc = qund_sop_item_make(&d->places[place].clock, step, d->now, &d->items[d->n_items]);
        d->items[d->n_items].place = place;
        if (rc == QUND_E_NOTFOUND)
            rc = 0; /* no event is given: among the problems */
        else if (rc == 0)
            d->n_items++;
    }
    if (d->n_items - from > 1)
        qsort(d->items + from, d->n_items - from, sizeof(*d->items), by_due);
    return rc;
}

int qund_draft_make(struct sop_draft *d)
{
    /* Of a plan for persons one run is shown, as it would be for somebody who begins at its start.
     */
    size_t places = qund_sop_personal(d->t) && d->n_places > 1 ? 1 : d->n_places;
    int rc = 0;

    for (size_t i = 0; i < d->n_places; i++)
        qund_draft_clock(d, &d->places[i]);
    if (places * d->t->n_steps > SOP_TASKS_MAX) {
        qund_errs_add(&d->problems, QUND_E_INVAL, "groups",
                      "%zu steps in %zu groups are more than %u tasks: make several plans",
                      d->t->n_steps, places, SOP_TASKS_MAX);
        return 0;
    }
    qund_free(d->items);
    d->items = qund_alloc((places * d->t->n_steps + 1) * sizeof(*d->items));
    d->n_items = 0;
    for (size_t i = 0; rc == 0 && i < places; i++)
        rc = make_at(d, i);
    return rc;
}

int qund_draft_refuse(const struct sop_draft *d, struct qund_err *err)
{
    size_t more = d->problems.n + d->problems.dropped;

    if (d->problems.n == 0)
        return 0;
    if (more == 1)
        return qund_err_set(err, d->problems.v[0].rc, d->problems.v[0].where, "%s",
                            d->problems.v[0].text);
    return qund_err_set(err, d->problems.v[0].rc, d->problems.v[0].where,
                        "%.250s (and %zu more: `plan.preview` shows all)", d->problems.v[0].text,
                        more - 1);
}
