/* src/sop/plan_edit.c - a plan changed while it runs, and a plan made like another.
 *
 * An edit is the plan as it is with what is asked laid over it, judged like a new one, and then
 * compared with the rows. What has been pushed is out of our hands and stays. What has not is
 * planned anew: at its new time, with its new words, or skipped(past) if its new time is over.
 * Steps that are no longer there, and groups that were left out, are cancelled; what is new is
 * added. Runs of persons keep their own D0 and are gone through one by one. */
#include "sop/plan_parts.h"

struct editing {
    struct plan_cmd *c;
    struct sop_draft *d;
    bool new_words;            /* another version: planned tasks, too, say something else */
    struct sop_task_row *rows; /* by group, person, round, step */
    bool *met;
    size_t n_rows;
    int64_t replanned, added, dropped;
};

static int cmp_int(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int by_key(const void *a, const void *b)
{
    const struct sop_task_row *x = a, *y = b;
    int r = cmp_int(x->grp, y->grp);

    if (r == 0)
        r = cmp_int(x->contact, y->contact);
    if (r == 0)
        r = cmp_int(x->round, y->round);
    return r != 0 ? r : strcmp(x->step, y->step);
}

static struct sop_task_row *find(const struct editing *e, const struct sop_task_of *of)
{
    struct sop_task_row key = {.grp = of->grp, .contact = of->contact, .round = of->round};

    if (e->n_rows == 0)
        return NULL;
    snprintf(key.step, sizeof(key.step), "%.*s", QUND_STR_ARG(of->step->id));
    return bsearch(&key, e->rows, e->n_rows, sizeof(key), by_key);
}

static int move(struct editing *e, int64_t task, struct qund_task_change *change)
{
    change->by = e->c->ask->by;
    change->now = e->c->ask->now;
    return qund_task_move(e->c->s, task, change, e->c->fx, e->c->err);
}

static int replan(struct editing *e, const struct sop_task_row *r, const struct sop_task_of *of,
                  const struct sop_item *item)
{
    struct qund_task_new anew;
    struct qund_task_change change = {.event = QUND_TASK_EV_REPLAN,
                                      .reason = QUND_STR("edited"),
                                      .wanted = item->wanted,
                                      .due = item->due,
                                      .closes = item->closes,
                                      .anew = &anew};

    qund_plan_task_new(e->c->arena, of, item, &anew);
    e->replanned++;
    return move(e, r->id, &change);
}

static int lay_over(struct editing *e, const struct sop_task_of *of, const struct sop_item *item)
{
    struct sop_task_row *r = find(e, of);
    bool same;

    if (!r) {
        e->added++;
        return qund_plan_task_add(e->c->s, of, item, e->c->ask->now, e->c->fx);
    }
    e->met[r - e->rows] = true;
    if (r->merged > 0)
        return 0; /* as the one it follows */
    same = r->wanted == item->wanted && r->due == item->due && r->closes == item->closes;
    switch (r->state) {
    case QUND_TASK_PLANNED:
        if (same && !e->new_words)
            return 0;
        break;
    case QUND_TASK_HELD:
    case QUND_TASK_READY:
        break;
    case QUND_TASK_SKIPPED:
        return r->past && !item->past ? replan(e, r, of, item) : 0;
    default:
        return 0;
    }
    if (!item->past)
        return replan(e, r, of, item);
    e->dropped++;
    return move(e, r->id,
                &(struct qund_task_change){.event = QUND_TASK_EV_SKIP, .reason = QUND_STR("past")});
}

static int lay_groups(struct editing *e)
{
    struct sop_draft *d = e->d;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < d->n_items; i++) {
        struct sop_task_of of = {.plan = &d->plan,
                                 .t = d->t,
                                 .step = d->items[i].step,
                                 .grp = d->places[d->items[i].place].id};

        rc = lay_over(e, &of, &d->items[i]);
    }
    return rc;
}

static int lay_run(struct editing *e, const struct sop_run *r)
{
    struct sop_task_of of = {
        .plan = &e->d->plan, .t = e->d->t, .grp = r->grp, .contact = r->contact, .round = r->round};
    struct qund_sop_clock c;
    struct sop_item item;
    int rc = qund_plan_clock(e->c->s, &e->d->plan, r->grp, r->contact, &c);

    for (size_t i = 0; rc == 0 && i < e->d->t->n_steps; i++) {
        of.step = &e->d->t->steps[i];
        if (of.step->at.base == QUND_SOP_AT_ON)
            continue;
        rc = qund_sop_item_make(&c, of.step, e->c->ask->now, &item);
        if (rc == 0)
            rc = lay_over(e, &of, &item);
    }
    return rc;
}

static int lay_runs(struct editing *e)
{
    struct sop_run open[64], last = {0};
    int n, rc = 0;

    do {
        n = qund_run_sql_open(e->c->s->deps.db, e->d->plan.id, 0, &last, open,
                              QUND_ARRAY_LEN(open));
        for (int i = 0; rc == 0 && i < n; i++) {
            last = open[i];
            rc = lay_run(e, &open[i]);
        }
    } while (rc == 0 && n == (int)QUND_ARRAY_LEN(open));
    return rc < 0 ? rc : n < 0 ? n : 0;
}

/* --- what is no longer asked for --- */

static bool placed(const struct sop_draft *d, int64_t grp)
{
    for (size_t i = 0; i < d->n_places; i++)
        if (d->places[i].id == grp)
            return true;
    return false;
}

/* A step that waits for something has rows for what has happened: they go with their step alone. */
static bool waits(const struct sop_draft *d, const struct sop_task_row *r)
{
    const struct qund_sop_step *s = qund_sop_step_find(d->t, qund_str(r->step));

    return s && s->at.base == QUND_SOP_AT_ON && placed(d, r->grp);
}

static int drop_rest(struct editing *e)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < e->n_rows; i++) {
        const struct sop_task_row *r = &e->rows[i];

        if (e->met[i] || r->state >= QUND_TASK_PUSHED || r->merged > 0 || waits(e->d, r))
            continue;
        e->dropped++;
        rc = move(
            e, r->id,
            &(struct qund_task_change){.event = QUND_TASK_EV_CANCEL, .reason = QUND_STR("edited")});
    }
    return rc;
}

static int put_targets(struct editing *e)
{
    struct qund_db *db = e->c->s->deps.db;
    struct sop_draft *d = e->d;
    int64_t *grps;
    size_t n;
    int rc = qund_plan_sql_targets(db, e->c->arena, d->plan.id, &grps, &n);

    for (size_t i = 0; rc == 0 && i < n; i++)
        if (!placed(d, grps[i]))
            rc = qund_plan_sql_target(db, d->plan.id, grps[i], false);
    for (size_t i = 0; rc == 0 && i < d->n_places; i++)
        rc = qund_plan_sql_target(db, d->plan.id, d->places[i].id, true);
    return rc;
}

static int apply(struct editing *e)
{
    struct qund_sop *s = e->c->s;
    struct sop_draft *d = e->d;
    int rc = qund_plan_sql_put(s->deps.db, &d->plan);

    if (rc == 0)
        rc = put_targets(e);
    if (rc == 0)
        rc = qund_draft_keep_figures(d);
    if (rc == 0)
        rc = qund_plan_task_sql_list(s->deps.db, d->plan.id, &e->rows, &e->n_rows);
    if (rc < 0)
        return rc;
    e->met = qund_alloc(e->n_rows + 1);
    if (e->n_rows > 1)
        qsort(e->rows, e->n_rows, sizeof(*e->rows), by_key);
    rc = qund_sop_personal(d->t) ? lay_runs(e) : lay_groups(e);
    if (rc == 0)
        rc = drop_rest(e);
    if (rc < 0)
        return rc;
    qund_sop_ears_void(s->ears);
    qund_plan_feed(e->c->fx, &d->plan, "edited");
    return 0;
}

static int answer(struct editing *e)
{
    struct qund_jw w = qund_jw(e->c->reply);

    qund_jw_obj(&w);
    qund_jw_kint(&w, "id", e->d->plan.id);
    qund_jw_kint(&w, "version", e->d->plan.version);
    qund_jw_kint(&w, "replanned", e->replanned);
    qund_jw_kint(&w, "added", e->added);
    qund_jw_kint(&w, "dropped", e->dropped);
    qund_jw_key(&w, "draft");
    qund_draft_print(e->d, false, e->c->reply);
    qund_jw_end_obj(&w);
    return 0;
}

static int keeps(struct plan_cmd *c, struct qund_str given, const char *key, const char *why)
{
    return given.p ? qund_err_set(c->err, QUND_E_INVAL, key, "%s", why) : 0;
}

int qund_plan_edit(struct plan_cmd *c)
{
    QUND_AUTO(qund_draft_done) struct sop_draft d = {0};
    struct editing e = {.c = c, .d = &d};
    struct sop_draft_ask ask;
    struct qund_plan before = {0};
    int64_t id;
    int rc = qund_plan_body(c, &ask, &id);

    qund_draft_init(&d, c->s, c->arena, c->ask->now, c->ask->by);
    if (rc == 0)
        rc = qund_plan_named(c, id, &before);
    if (rc == 0)
        rc = qund_plan_only(c, &before, 1u << QUND_PLAN_RUNNING | 1u << QUND_PLAN_PAUSED, "edited");
    if (rc == 0)
        rc = keeps(c, ask.template, "template", "a plan keeps its template: make another plan");
    if (rc == 0)
        rc = keeps(c, ask.contacts, "contacts",
                   "whom a plan names is settled when it is made: make another for them");
    if (rc == 0)
        rc = qund_draft_of(&d, id, c->err);
    if (rc < 0)
        return rc;
    d.edits = id;
    d.was_start = before.start;
    d.was_event = before.event;
    rc = qund_plan_judge(&d, &ask, c->err);
    if (rc == 0)
        rc = qund_plan_refuse(c, &d);
    if (rc < 0)
        return rc;
    e.new_words = d.plan.version != before.version;
    rc = apply(&e);
    qund_free(e.rows);
    qund_free(e.met);
    return rc < 0 ? rc : answer(&e);
}

/* --- one like it --- */

static int like(struct plan_cmd *c, struct sop_draft *d, const struct qund_plan *from,
                const struct sop_draft_ask *ask)
{
    int64_t *grps;
    size_t n;
    int rc = qund_plan_sql_targets(c->s->deps.db, c->arena, from->id, &grps, &n);

    d->plan.template = from->template;
    d->plan.version = from->version;
    d->plan.name = from->name;
    d->plan.params = from->params;
    d->plan.deliver = from->deliver;
    for (size_t i = 0; rc == 0 && !ask->groups.p && i < n; i++)
        rc = qund_draft_place(d, grps[i]);
    return rc;
}

/* Whom the other one ran for, unless its template finds them by itself. */
static int same_people(struct plan_cmd *c, struct sop_draft *d, int64_t from)
{
    int n;

    if (!qund_sop_personal(d->t) || qund_sop_listening(d->t) || d->n_contacts > 0)
        return 0;
    d->contacts = qund_arena_alloc(c->arena, SOP_CONTACTS_MAX * sizeof(*d->contacts));
    n = qund_run_sql_people(c->s->deps.db, from, false, d->contacts, SOP_CONTACTS_MAX);
    d->n_contacts = n > 0 ? (size_t)n : 0;
    return n < 0 ? n : 0;
}

int qund_plan_clone(struct plan_cmd *c)
{
    QUND_AUTO(qund_draft_done) struct sop_draft d = {0};
    struct sop_draft_ask ask;
    struct qund_plan from;
    int64_t id;
    int rc = qund_plan_body(c, &ask, &id);

    qund_draft_init(&d, c->s, c->arena, c->ask->now, c->ask->by);
    if (rc == 0)
        rc = keeps(c, ask.template, "template", "a clone has the template of its model");
    if (rc == 0)
        rc = qund_plan_named(c, id, &from);
    if (rc == 0)
        rc = like(c, &d, &from, &ask);
    if (rc == 0)
        rc = qund_draft_ask(&d, &ask, c->err);
    if (rc == 0)
        rc = same_people(c, &d, from.id);
    if (rc == 0)
        rc = qund_draft_check(&d);
    if (rc == 0)
        rc = qund_draft_quota(&d);
    return rc < 0 ? rc : qund_plan_make(c, &d);
}
