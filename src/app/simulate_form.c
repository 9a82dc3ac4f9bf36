/* src/app/simulate_form.c - the form of a plan, filled in and sent.
 *
 * Whatever is not given is shown by a sample that nobody takes for the real thing, and listed;
 * figures that an operator keeps (stock, capacity, a forecast) are there, so that no step is held
 * for want of them. */
#include "app/simulate_parts.h"
#include "crm/read.h"
#include <jansson.h>

#define PEOPLE 3 /* of a plan for people that somebody starts by hand */
#define SAMPLE_FIGURE 30

/* --- with which words --- */

static struct qund_str given(const struct sim *s, struct qund_str name)
{
    for (size_t i = 0; i < s->o->n_params; i++)
        if (qund_str_eq(s->o->params[i].name, name))
            return s->o->params[i].value;
    return QUND_STR_NONE;
}

static const struct {
    const char *name, *value;
} SAMPLES[] = {
    {"brand", "示例品牌"},         {"place.name", "示例小区"},      {"place.households", "600"},
    {"event.title", "示例活动"},   {"event.place", "示例门店二楼"}, {"event.capacity", "80"},
    {"event.target_orders", "10"}, {"koc.benefit", "示例礼品"},
};

/* A value that nobody takes for a real one. */
static void sample(struct sim *s, const struct qund_sop_param *p, struct qund_buf *out)
{
    struct qund_civil c;

    for (size_t i = 0; i < QUND_ARRAY_LEN(SAMPLES); i++)
        if (qund_str_is(p->name, SAMPLES[i].name)) {
            qund_buf_puts(out, SAMPLES[i].value);
            return;
        }
    /* Late enough that "until" is not over when the last step says it. */
    qund_zone_civil(s->zone, (s->event ? s->event : s->start) + 14 * QUND_DAY_MS, &c);
    if (qund_str_is(p->type, "number"))
        qund_buf_puts(out, "30");
    else if (qund_str_is(p->type, "time"))
        qund_buf_puts(out, "20:00");
    else if (qund_str_is(p->type, "link"))
        qund_buf_printf(out, "https://example.com/%zu", (size_t)(p - s->t->params) + 1);
    else if (qund_str_is(p->type, "date"))
        qund_buf_printf(out, "%04d-%02d-%02d", c.year, c.month, c.day);
    else if (qund_str_is(p->type, "datetime"))
        qund_buf_printf(out, "%04d-%02d-%02d %02d:%02d", c.year, c.month, c.day, c.hour, c.minute);
    else
        qund_buf_printf(out, "示例%.*s", QUND_STR_ARG(p->label.n ? p->label : p->name));
}

static void put_value(struct qund_jw *w, struct qund_str name, struct qund_str value)
{
    QUND_AUTO(qund_free_str) char *key = qund_str_dup(name);

    qund_jw_kstr(w, key, value);
}

static void put_params(struct sim *s, struct qund_jw *w)
{
    struct qund_jw samples = qund_jw(&s->samples);

    qund_jw_key(w, "params");
    qund_jw_obj(w);
    qund_jw_obj(&samples);
    for (size_t i = 0; i < s->o->n_params; i++) /* unknown ones are the command's to refuse */
        put_value(w, s->o->params[i].name, s->o->params[i].value);
    for (size_t i = 0; i < s->t->n_params; i++) {
        const struct qund_sop_param *p = &s->t->params[i];
        QUND_AUTO(qund_buf_done) struct qund_buf value = {0};

        if (given(s, p->name).p || p->preset.p)
            continue;
        sample(s, p, &value);
        put_value(w, p->name, qund_buf_view(&value));
        put_value(&samples, p->name, qund_buf_view(&value));
    }
    qund_jw_end_obj(w);
    qund_jw_end_obj(&samples);
}

/* --- figures that an operator keeps: stock, capacity, a forecast --- */

struct figures {
    struct sim *s;
    struct qund_jw *w;
    struct qund_str seen[64];
    size_t n;
};

static void figure(struct figures *f, struct qund_str name)
{
    for (size_t i = 0; i < f->n; i++)
        if (qund_str_eq(f->seen[i], name))
            return;
    if (f->n == QUND_ARRAY_LEN(f->seen))
        return;
    f->seen[f->n++] = qund_arena_str(f->s->arena, name);
    qund_jw_key(f->w, f->seen[f->n - 1].p);
    qund_jw_int(f->w, SAMPLE_FIGURE);
}

static int figure_of_var(void *arg, struct qund_str name)
{
    struct figures *f = arg;

    if (qund_str_starts(name, "stock.") || qund_str_starts(name, "forecast."))
        figure(f, name);
    return 0;
}

static void figure_of_value(struct figures *f, const struct qund_sop_value *v)
{
    if (v->var.n > 0)
        qund_ignore(figure_of_var(f, v->var));
    if (v->percent && v->of == QUND_SOP_OF_CAPACITY)
        figure(f, QUND_STR("capacity"));
    if (v->percent && v->of == QUND_SOP_OF_STOCK)
        figure(f, QUND_STR("stock"));
}

static void figure_of_cond(struct figures *f, const struct qund_sop_cond *c)
{
    QUND_AUTO(qund_buf_done) struct qund_buf name = {0};

    if (c->flag != QUND_SOP_FLAG_NONE)
        return;
    figure_of_value(f, &c->value);
    if (c->metric != QUND_SOP_STOCK)
        return;
    qund_buf_puts(&name, "stock");
    if (c->of_what.n > 0)
        qund_buf_printf(&name, ".%.*s", QUND_STR_ARG(c->of_what));
    figure(f, qund_buf_view(&name));
}

static void put_figures(struct sim *s, struct qund_jw *w)
{
    struct figures f = {.s = s, .w = w};

    qund_jw_key(w, "figures");
    qund_jw_obj(w);
    for (size_t i = 0; i < s->t->n_steps; i++) {
        const struct qund_sop_step *step = &s->t->steps[i];

        qund_ignore(qund_sop_vars(step->say.content, figure_of_var, &f)); /* it was parsed */
        if (step->has_plan_b)
            qund_ignore(qund_sop_vars(step->plan_b.content, figure_of_var, &f));
        if (step->expect.given)
            figure_of_value(&f, &step->expect.value);
        if (step->alert.given && !step->alert.always)
            figure_of_cond(&f, &step->alert.when);
        for (size_t k = 0; k < step->n_stop; k++)
            figure_of_cond(&f, &step->stop[k]);
    }
    for (size_t k = 0; k < s->t->n_stop_all; k++)
        figure_of_cond(&f, &s->t->stop_all[k]);
    qund_jw_end_obj(w);
}

/* --- whom a plan for people is for --- */

static int64_t contact_of(const json_t *all, const char *name)
{
    const json_t *row;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)all, i, row)
    {
        const char *said = json_string_value(json_object_get(row, "name"));

        if (said && strcmp(said, name) == 0)
            return json_integer_value(json_object_get(row, "contact"));
    }
    return 0;
}

/* Numbers of the first customers of a group, as the store has them. */
int qund_sim_contacts(struct sim *s, const struct sim_group *g, int64_t *out, size_t n)
{
    QUND_AUTO(qund_buf_done) struct qund_buf page = {0}, next = {0};
    struct qund_jw w = qund_jw(&page);
    struct qund_crm_query q = {.limit = 500, .group = g->id};
    struct qund_err err = {0};
    json_error_t why;
    json_t *all;
    int rc = qund_crm_list(s->l->db, "members", &q, &w, &next, &err);

    if (rc < 0)
        return qund_sim_fail(s, rc, &err);
    all = json_loadb(page.p, page.n, 0, &why);
    for (size_t i = 0; i < n; i++)
        out[i] = i < g->n_customers ? contact_of(all, g->customers[i].name) : 0;
    json_decref(all);
    return 0;
}

static int put_contacts(struct sim *s, struct qund_jw *w)
{
    int64_t ids[PEOPLE];
    int rc = qund_sim_contacts(s, &s->groups[0], ids, PEOPLE);

    qund_jw_key(w, "contacts");
    qund_jw_arr(w);
    for (size_t i = 0; rc == 0 && i < PEOPLE; i++)
        if (ids[i] > 0)
            qund_jw_int(w, ids[i]);
    qund_jw_end_arr(w);
    return rc;
}

/* --- the command --- */

static int store_templates(struct sim *s)
{
    struct qund_err err = {0};
    int rc = qund_local_attached(s->l, "sop.templates", s->templates, NULL, s->now, NULL, &err);

    return rc < 0 ? qund_sim_fail(s, rc, &err) : 0;
}

/* Plans that wait for people would wait for ever. */
static bool listens(enum qund_sop_trigger t)
{
    return t != QUND_SOP_MANUAL && t != QUND_SOP_DATE && t != QUND_SOP_EVENT;
}

static int64_t last_chance(const struct sim *s)
{
    const struct sim_chat *chat = &s->chat;
    int64_t at = s->start + QUND_DAY_MS;
    int64_t said = chat->n > 0 ? chat->v[chat->n - 1].ts + chat->shift : 0;

    return said > at ? said : at;
}

static int ask(struct sim *s, struct qund_buf *body)
{
    struct qund_jw w = qund_jw(body);
    int rc = 0;

    qund_jw_obj(&w);
    qund_jw_kstr(&w, "template", s->t->id);
    qund_jw_key(&w, "groups");
    qund_jw_arr(&w);
    for (size_t i = 0; i < s->n_groups; i++)
        qund_jw_int(&w, s->groups[i].id);
    qund_jw_end_arr(&w);
    if (s->t->scope != QUND_SOP_GROUP && s->t->trigger == QUND_SOP_MANUAL)
        rc = put_contacts(s, &w);
    qund_jw_kint(&w, "start", s->start);
    if (s->event)
        qund_jw_kint(&w, "event", s->event);
    if (listens(s->t->trigger))
        qund_jw_kint(&w, "until", last_chance(s));
    put_params(s, &w);
    put_figures(s, &w);
    qund_jw_kbool(&w, "force", true); /* clashes are shown, not refused */
    qund_jw_end_obj(&w);
    return rc;
}

int qund_sim_plan(struct sim *s)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    struct qund_err err = {0};
    json_error_t why;
    json_t *reply;
    int rc = store_templates(s);

    if (rc == 0)
        rc = ask(s, &body);
    if (rc < 0)
        return rc;
    rc = qund_local_command(s->l, "plan.create", qund_buf_view(&body), s->now, &s->reply, &err);
    if (rc < 0)
        return qund_sim_fail(s, rc, &err);
    reply = json_loadb(s->reply.p, s->reply.n, 0, &why);
    s->plan = json_integer_value(json_object_get(reply, "id"));
    json_decref(reply);
    return 0;
}
