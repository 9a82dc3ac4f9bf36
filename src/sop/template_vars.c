/* template_vars.c - every {{variable}} of a template: is it known, and may it stand where it does?
 *
 * A text of a group plan is copied once for everybody, so it cannot name a member; a group post of
 * a plan for persons is merged for all who are due within half an hour, so it names all of them
 * (merged.nicks) or nobody. Records speak for what they are about: order.* for a plan that an order
 * set off, forecast.* and the event's date for one that has an event. */
#include "sop/template_parts.h"

enum place { IN_CONTENT, IN_TAG, IN_DISCLOSURE, IN_VALUE };

struct looking {
    struct qund_sop_reader *rd;
    const struct qund_ynode *node;
    enum place place;
    const struct qund_sop_step *s;
    const struct qund_sop_say *say;
    bool *used; /* by param */
};

static bool group_post(const struct qund_sop_say *say)
{
    return say && (say->channel == QUND_SOP_CH_GROUP || say->channel == QUND_SOP_CH_NOTICE);
}

static bool of_event(struct qund_str name)
{
    return qund_str_is(name, "event.date") || qund_str_is(name, "event.time") ||
           qund_str_starts(name, "forecast.");
}

/* Why this variable has no value here; NULL: it has. */
static const char *misplaced(const struct looking *l, struct qund_str name)
{
    const struct qund_sop_template *t = l->rd->t;
    bool member = qund_str_starts(name, "member."), merged = qund_str_starts(name, "merged.");

    if (of_event(name) && t->anchor != QUND_SOP_BY_EVENT)
        return "it is of an event, and this template has none (anchor: event)";
    if (qund_str_starts(name, "order.") && t->trigger != QUND_SOP_ORDER_PAID)
        return "it is of the order that set the plan off (trigger: order_paid)";
    if (l->place == IN_TAG && (member || merged || qund_str_starts(name, "count.")))
        return "a tag is the same for all who get it";
    if (member && t->scope == QUND_SOP_GROUP)
        return "a plan for a group has no one member; write 〔称呼〕 for what is filled in by hand";
    if (member && group_post(l->say))
        return "a post in the group is one for all who are due; write {{merged.nicks}}";
    if (merged &&
        (!group_post(l->say) || (t->scope == QUND_SOP_GROUP && l->s->at.base != QUND_SOP_AT_ON)))
        return "it names those a group post is merged for: in plans for members and contacts, and "
               "on:member_joined";
    return NULL;
}

static void unknown_variable(const struct looking *l, struct qund_str name)
{
    const char *near = qund_sop_var_nearest(l->rd->t, name);

    if (near)
        qund_yaml_err(l->rd->errs, l->rd->doc, l->node,
                      "unknown variable {{%.*s}}; nearest known: {{%s}}",
                      QUND_STR_ARG(qund_utf8_cut(name, 60)), near);
    else
        qund_yaml_err(
            l->rd->errs, l->rd->doc, l->node,
            "unknown variable {{%.*s}}: declare it under `params`, or write 〔…〕 for what "
            "is filled in by hand",
            QUND_STR_ARG(qund_utf8_cut(name, 60)));
}

/* A well-known param that the file need not declare. */
static bool imply(struct qund_sop_reader *rd, struct qund_str name)
{
    struct qund_sop_template *t = rd->t;
    struct qund_sop_param p;

    if (t->n_params >= QUND_SOP_PARAMS_MAX || !qund_sop_var_implied(name, &p))
        return false;
    p.name = qund_sop_keep(rd, name);
    if (qund_str_is(p.type, "link")) {
        QUND_AUTO(qund_buf_done) struct qund_buf label = {0};

        qund_buf_printf(&label, "%.*s %.*s", QUND_STR_ARG(p.label), (int)(name.n - 5), name.p + 5);
        p.label = qund_sop_keep(rd, qund_buf_view(&label));
    }
    t->params[t->n_params++] = p;
    return true;
}

static ptrdiff_t param_at(const struct qund_sop_template *t, struct qund_str name)
{
    for (size_t i = 0; i < t->n_params; i++)
        if (qund_str_eq(t->params[i].name, name))
            return (ptrdiff_t)i;
    return -1;
}

static void check_kind(const struct looking *l, struct qund_str name, enum qund_sop_var kind)
{
    const struct qund_sop_template *t = l->rd->t;

    if (l->place == IN_DISCLOSURE && kind != QUND_SOP_VAR_PARAM)
        qund_yaml_err(l->rd->errs, l->rd->doc, l->node,
                      "a disclosure says what is known beforehand: {{%.*s}} has no place in it",
                      QUND_STR_ARG(name));
    if (l->place == IN_VALUE &&
        (kind == QUND_SOP_VAR_LOOKED_UP ||
         (kind == QUND_SOP_VAR_PARAM && !qund_str_is(t->params[param_at(t, name)].type, "number"))))
        qund_yaml_err(l->rd->errs, l->rd->doc, l->node, "{{%.*s}} is no number",
                      QUND_STR_ARG(name));
}

static int look_at(void *arg, struct qund_str name)
{
    const struct looking *l = arg;
    enum qund_sop_var kind = qund_sop_var_kind(l->rd->t, name);
    const char *why;

    if (kind == QUND_SOP_VAR_UNKNOWN) {
        unknown_variable(l, name);
        return 0;
    }
    if (kind == QUND_SOP_VAR_PARAM && param_at(l->rd->t, name) < 0 && !imply(l->rd, name)) {
        qund_yaml_err(l->rd->errs, l->rd->doc, l->node, "more than %u params", QUND_SOP_PARAMS_MAX);
        return 0;
    }
    if (kind == QUND_SOP_VAR_PARAM)
        l->used[param_at(l->rd->t, name)] = true;
    why = misplaced(l, name);
    if (why)
        qund_yaml_err(l->rd->errs, l->rd->doc, l->node, "{{%.*s}}: %s", QUND_STR_ARG(name), why);
    check_kind(l, name, kind);
    return 0;
}

static void look(const struct looking *at, const struct qund_ynode *node, enum place place,
                 struct qund_str text)
{
    struct looking l = *at;

    l.node = node;
    l.place = place;
    if (text.p && qund_sop_vars(text, look_at, &l) < 0)
        qund_yaml_err(l.rd->errs, l.rd->doc, node, "{{ without }}");
}

static void look_at_value(const struct looking *at, const struct qund_ynode *node,
                          const struct qund_sop_value *v)
{
    struct looking l = *at;

    l.node = node;
    l.place = IN_VALUE;
    if (v->var.p)
        qund_ignore(look_at(&l, v->var)); /* 0: errors are added */
}

static void look_at_conds(const struct looking *at, const struct qund_ynode *node,
                          const struct qund_sop_cond *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct qund_ynode place = *node;

        place.line = v[i].line;
        place.col = v[i].col;
        look_at_value(at, &place, &v[i].value);
    }
}

static void look_at_step(struct looking *l, const struct qund_ynode *n,
                         const struct qund_sop_step *s)
{
    const struct qund_ynode *expect = qund_yaml_get(n, "expect");
    const struct qund_ynode *b = qund_yaml_get(n, "plan_b");

    l->s = s;
    l->say = &s->say;
    look(l, qund_sop_node(n, "content"), IN_CONTENT, s->say.content);
    if (s->has_plan_b) {
        l->say = &s->plan_b;
        look(l, qund_sop_node(b, "content"), IN_CONTENT, s->plan_b.content);
    }
    l->say = NULL;
    for (size_t i = 0; i < s->n_tags; i++)
        look(l, qund_sop_node(n, "tags"), IN_TAG, s->tags[i]);
    if (s->expect.given)
        look_at_value(l, qund_sop_node(expect, s->expect.op == QUND_SOP_LTE ? "lte" : "gte"),
                      &s->expect.value);
    if (s->alert.given && s->alert.when.line > 0)
        look_at_conds(l, qund_sop_node(n, "alert"), &s->alert.when, 1);
    look_at_conds(l, qund_sop_node(n, "stop"), s->stop, s->n_stop);
}

static void warn_unused(struct qund_sop_reader *rd, const struct qund_ynode *params,
                        const bool *used)
{
    const struct qund_sop_template *t = rd->t;

    for (const struct qund_ynode *e = params ? params->child : NULL; e; e = e->next) {
        const struct qund_ynode *name = qund_yaml_get(e, "name");
        ptrdiff_t i = name ? param_at(t, name->text) : -1;

        if (i >= 0 && !used[i])
            qund_yaml_err(rd->warnings, rd->doc, name, "nothing uses the param '%.*s'",
                          QUND_STR_ARG(name->text));
    }
}

void qund_sop_check_vars(struct qund_sop_reader *rd, const struct qund_ynode *root)
{
    bool used[QUND_SOP_PARAMS_MAX + 1] = {false};
    struct looking l = {.rd = rd, .used = used};
    const struct qund_sop_template *t = rd->t;
    const struct qund_ynode *roles = qund_yaml_get(root, "roles");
    const struct qund_ynode *steps = qund_yaml_get(root, "steps");
    const struct qund_ynode *goal = qund_yaml_get(root, "goal");
    const struct qund_ynode *e = steps ? steps->child : NULL;

    for (int i = 0; i < QUND_SOP_ROLES; i++) {
        const struct qund_ynode *r =
            qund_yaml_get(roles, qund_sop_role_name((enum qund_sop_role)i));

        look(&l, qund_sop_node(r, "disclosure"), IN_DISCLOSURE, t->roles[i].disclosure);
    }
    for (size_t i = 0; i < t->n_targets; i++)
        look_at_value(&l, qund_sop_node(goal, "targets"), &t->targets[i].value);
    look_at_conds(&l, qund_sop_node(root, "stop_all"), t->stop_all, t->n_stop_all);
    for (size_t i = 0; i < t->n_steps; i++, e = e->next)
        look_at_step(&l, e, &t->steps[i]);
    warn_unused(rd, qund_yaml_get(root, "params"), used);
}
