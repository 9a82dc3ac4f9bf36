/* src/sop/figures.c - numbers that no message tells and a person says of a plan: how much is in
 * stock, how many seats there are, how satisfied people were, what the forecast was.
 *
 * Only names that the template asks about are taken, so that a slip of the finger is found when it
 * is made and not when an expectation turns out to be void. */
#include "sop/internal.h"

struct names {
    struct qund_arena *arena;
    const char *v[64];
    size_t n;
};

static void add(struct names *l, const char *prefix, struct qund_str name)
{
    QUND_AUTO(qund_buf_done) struct qund_buf all = {0};

    qund_buf_printf(&all, "%s%.*s", prefix, QUND_STR_ARG(name));
    for (size_t i = 0; i < l->n; i++)
        if (qund_str_is(qund_buf_view(&all), l->v[i]))
            return;
    if (l->n < QUND_ARRAY_LEN(l->v))
        l->v[l->n++] = qund_arena_dup(l->arena, all.p, all.n);
}

static void of_value(struct names *l, const struct qund_sop_template *t,
                     const struct qund_sop_value *v)
{
    if (v->var.p && qund_sop_var_kind(t, v->var) == QUND_SOP_VAR_RECORD)
        add(l, "", v->var);
    if (v->percent && v->of == QUND_SOP_OF_STOCK)
        add(l, "", QUND_STR("stock"));
    if (v->percent && v->of == QUND_SOP_OF_CAPACITY)
        add(l, "", QUND_STR("capacity"));
}

static void of_metric(struct names *l, enum qund_sop_metric m, struct qund_str of_what)
{
    if (m == QUND_SOP_STOCK)
        add(l, of_what.n > 0 ? "stock." : "stock", of_what);
    else if (qund_sop_metric_source(m) == QUND_SOP_REPORTED)
        add(l, "", qund_str(qund_sop_metric_name(m)));
}

static void of_cond(struct names *l, const struct qund_sop_template *t,
                    const struct qund_sop_cond *c)
{
    if (c->flag != QUND_SOP_FLAG_NONE)
        return;
    of_metric(l, c->metric, c->of_what);
    of_value(l, t, &c->value);
}

static int of_text(void *arg, struct qund_str name)
{
    if (qund_str_starts(name, "stock.") || qund_str_starts(name, "forecast."))
        add(arg, "", name);
    return 0;
}

static void of_step(struct names *l, const struct qund_sop_template *t,
                    const struct qund_sop_step *s)
{
    if (s->expect.given) {
        of_metric(l, s->expect.metric, s->expect.of_what);
        of_value(l, t, &s->expect.value);
    }
    if (s->alert.given && !s->alert.always)
        of_cond(l, t, &s->alert.when);
    for (size_t i = 0; i < s->n_stop; i++)
        of_cond(l, t, &s->stop[i]);
    qund_ignore(qund_sop_vars(s->say.content, of_text, l)); /* it was parsed before */
    if (s->has_plan_b)
        qund_ignore(qund_sop_vars(s->plan_b.content, of_text, l));
}

static void collect(struct names *l, const struct qund_sop_template *t)
{
    enum qund_sop_metric m;
    struct qund_str of_what;

    for (size_t i = 0; i < t->n_steps; i++)
        of_step(l, t, &t->steps[i]);
    for (size_t i = 0; i < t->n_stop_all; i++)
        of_cond(l, t, &t->stop_all[i]);
    for (size_t i = 0; i < t->n_targets; i++) {
        of_value(l, t, &t->targets[i].value);
        if (qund_sop_metric_of(t->targets[i].name, &m, &of_what, NULL) == 0)
            of_metric(l, m, of_what);
    }
}

void qund_sop_figures_each(struct qund_arena *arena, const struct qund_sop_template *t,
                           void (*each)(void *arg, const char *name), void *arg)
{
    struct names l = {.arena = arena};

    collect(&l, t);
    for (size_t i = 0; i < l.n; i++)
        each(arg, l.v[i]);
}

struct qund_str qund_sop_figure_key(struct qund_arena *arena, struct qund_str name)
{
    QUND_AUTO(qund_buf_done) struct qund_buf key = {0};

    if (qund_str_is(name, "stock"))
        return QUND_STR("stock:");
    if (!qund_str_starts(name, "stock."))
        return name;
    qund_buf_printf(&key, "stock:%.*s", (int)(name.n - 6), name.p + 6);
    return qund_arena_str(arena, qund_buf_view(&key));
}

int qund_sop_figure_name(struct qund_arena *arena, const struct qund_sop_template *t,
                         struct qund_str said, struct qund_str *out, struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf all = {0};
    struct names l = {.arena = arena};

    collect(&l, t);
    for (size_t i = 0; i < l.n; i++) {
        if (qund_str_is(said, l.v[i])) {
            *out = qund_sop_figure_key(arena, qund_arena_str(arena, said));
            return 0;
        }
        qund_buf_printf(&all, "%s%s", i > 0 ? ", " : "", l.v[i]);
    }
    return qund_err_set(err, QUND_E_INVAL, "figures",
                        "the template asks for no figure '%.*s'; %s%s",
                        QUND_STR_ARG(qund_utf8_cut(said, 60)),
                        l.n > 0 ? "it knows: " : "it asks for none", all.p ? all.p : "");
}
