/* src/sop/draft_print.c - a draft as JSON: what would happen, when, and what is wrong with it. */
#include "sop/internal.h"

#define SHOWN_MAX 2000u

static void put_when(struct qund_jw *w, const char *key, int64_t at)
{
    if (at > 0)
        qund_jw_kts(w, key, at);
}

struct missing {
    struct sop_draft *d;
    const struct sop_place *place;
    struct qund_jw *w;
};

/* Named only as far as nothing is known of it today; records fill themselves later. */
static int put_gap(void *arg, struct qund_str name)
{
    struct missing *m = arg;
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};

    if (qund_sop_var_kind(m->d->t, name) != QUND_SOP_VAR_PARAM)
        return 0;
    if (qund_plan_param(&m->d->plan, m->d->t, &m->place->clock, name, &text) == QUND_E_NOTFOUND)
        qund_jw_str(m->w, name);
    return 0;
}

static void put_text(struct sop_draft *d, const struct sop_item *it, struct qund_jw *w)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    const struct sop_place *p = &d->places[it->place];
    struct missing m = {.d = d, .place = p, .w = w};
    size_t missing = 0;
    int rc = qund_plan_fill(
        d->s,
        &(struct qund_fill_ask){
            .plan = &d->plan, .t = d->t, .clock = &p->clock, .grp = p->id, .now = d->now},
        it->step->say.content, &text, &missing);

    qund_jw_kstr(w, "content", rc == 0 ? qund_buf_view(&text) : it->step->say.content);
    if (missing == 0)
        return;
    qund_jw_key(w, "missing");
    qund_jw_arr(w);
    qund_ignore(qund_sop_vars(it->step->say.content, put_gap, &m)); /* it was parsed before */
    qund_jw_end_arr(w);
}

static void put_item(struct sop_draft *d, const struct sop_item *it, struct qund_jw *w)
{
    const struct qund_sop_step *s = it->step;
    const struct sop_place *p = &d->places[it->place];

    qund_jw_obj(w);
    qund_jw_kint(w, "group", p->id);
    qund_jw_kstr(w, "group_name", p->name);
    qund_jw_kstr(w, "step", s->id);
    if (s->title.n > 0)
        qund_jw_kstr(w, "title", s->title);
    qund_jw_kz(w, "role", qund_sop_role_name(s->say.role));
    qund_jw_kz(w, "channel", qund_sop_channel_name(s->say.channel));
    qund_jw_kz(w, "kind", qund_sop_kind_name(s->kind));
    put_when(w, "wanted", it->wanted);
    put_when(w, "due", it->due);
    put_when(w, "closes", it->closes);
    if (it->moved != QUND_SOP_MOVED_NOT)
        qund_jw_kz(w, "moved", qund_sop_moved_name(it->moved));
    if (it->past)
        qund_jw_kbool(w, "past", true);
    put_text(d, it, w);
    qund_jw_end_obj(w);
}

static void put_waiting(struct sop_draft *d, struct qund_jw *w)
{
    qund_jw_key(w, "waiting");
    qund_jw_arr(w);
    for (size_t i = 0; i < d->t->n_steps; i++) {
        const struct qund_sop_step *s = &d->t->steps[i];

        if (s->at.base != QUND_SOP_AT_ON)
            continue;
        qund_jw_obj(w);
        qund_jw_kstr(w, "step", s->id);
        qund_jw_kstr(w, "on", s->at.on);
        qund_jw_end_obj(w);
    }
    qund_jw_end_arr(w);
}

static void put_clashes(struct sop_draft *d, struct qund_jw *w)
{
    qund_jw_key(w, "clashes");
    qund_jw_arr(w);
    for (size_t i = 0; i < d->n_clashes; i++) {
        const struct sop_item *it = &d->items[d->clash_items[i]];
        qund_jw_obj(w);
        qund_jw_kint(w, "group", d->places[it->place].id);
        qund_jw_kstr(w, "group_name", d->places[it->place].name);
        if (d->clash_contacts[i] > 0)
            qund_jw_kint(w, "contact", d->clash_contacts[i]);
        qund_jw_kstr(w, "step", it->step->id);
        put_when(w, "at", it->due);
        qund_jw_kz(w, "cap", qund_sop_cap_name(d->clashes[i].cap));
        put_when(w, "alternative", d->clashes[i].alternative);
        qund_jw_end_obj(w);
    }
    qund_jw_end_arr(w);
    if (d->all_clashes > d->n_clashes)
        qund_jw_kint(w, "more_clashes", (int64_t)(d->all_clashes - d->n_clashes));
}

static void put_findings(struct qund_jw *w, const char *key, const struct qund_errs *v)
{
    qund_jw_key(w, key);
    qund_jw_arr(w);
    for (size_t i = 0; i < v->n; i++) {
        qund_jw_obj(w);
        qund_jw_kz(w, "where", v->v[i].where);
        qund_jw_kz(w, "text", v->v[i].text);
        qund_jw_end_obj(w);
    }
    qund_jw_end_arr(w);
}

/* Parameters that must still be typed. */
static void put_missing(struct sop_draft *d, struct qund_jw *w)
{
    qund_jw_key(w, "missing");
    qund_jw_arr(w);
    for (size_t i = 0; i < d->t->n_params; i++) {
        const struct qund_sop_param *p = &d->t->params[i];
        struct qund_str typed = QUND_STR_NONE;

        if (!p->preset.p &&
            (qund_sop_json_get(d->arena, d->plan.params, p->name, &typed) < 0 || typed.n == 0))
            qund_jw_str(w, p->name);
    }
    qund_jw_end_arr(w);
}

static void put_groups(struct sop_draft *d, struct qund_jw *w)
{
    qund_jw_key(w, "groups");
    qund_jw_arr(w);
    for (size_t i = 0; i < d->n_places; i++) {
        if (d->places[i].id == 0)
            continue;
        qund_jw_obj(w);
        qund_jw_kint(w, "id", d->places[i].id);
        qund_jw_kstr(w, "name", d->places[i].name);
        qund_jw_end_obj(w);
    }
    qund_jw_end_arr(w);
}

static void put_tasks(struct sop_draft *d, struct qund_jw *w)
{
    size_t shown = d->n_items < SHOWN_MAX ? d->n_items : SHOWN_MAX;

    qund_jw_key(w, "tasks");
    qund_jw_arr(w);
    for (size_t i = 0; i < shown; i++)
        put_item(d, &d->items[i], w);
    qund_jw_end_arr(w);
    if (d->n_items > shown)
        qund_jw_kint(w, "more_tasks", (int64_t)(d->n_items - shown));
    put_waiting(d, w);
}

void qund_draft_print(struct sop_draft *d, bool tasks, struct qund_buf *out)
{
    struct qund_jw w = qund_jw(out);
    size_t past = 0;

    for (size_t i = 0; i < d->n_items; i++)
        past += d->items[i].past;
    qund_jw_obj(&w);
    if (d->plan.id > 0)
        qund_jw_kint(&w, "id", d->plan.id);
    qund_jw_kstr(&w, "template", d->plan.template);
    qund_jw_kint(&w, "version", d->plan.version);
    qund_jw_kstr(&w, "name", d->plan.name);
    qund_jw_kz(&w, "scope", qund_sop_scope_name(d->t->scope));
    qund_jw_kz(&w, "deliver", qund_plan_deliver_name(d->plan.deliver));
    put_when(&w, "start", d->plan.start);
    put_when(&w, "event", d->plan.event);
    put_when(&w, "until", d->plan.until);
    put_groups(d, &w);
    if (tasks)
        put_tasks(d, &w);
    else
        qund_jw_kint(&w, "tasks", qund_sop_personal(d->t) ? 0 : (int64_t)d->n_items);
    qund_jw_kint(&w, "past", (int64_t)past);
    put_missing(d, &w);
    put_clashes(d, &w);
    put_findings(&w, "problems", &d->problems);
    put_findings(&w, "warnings", &d->warnings);
    qund_jw_end_obj(&w);
}
