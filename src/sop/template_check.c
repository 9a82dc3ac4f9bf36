/* template_check.c - what must hold between the parts of a template.
 *
 * T needs an event, a day off a person needs a person, a plan B needs something that can be missed.
 * Each of these would otherwise show itself weeks later, as a task that never comes due or a
 * condition that is never true. */
#include "sop/template_parts.h"
#include <stdlib.h>

void qund_sop_each_say(struct qund_sop_reader *rd, const struct qund_ynode *step_node,
                       const struct qund_sop_step *s,
                       void (*each)(struct qund_sop_reader *rd, const struct qund_ynode *node,
                                    const struct qund_sop_step *s, const struct qund_sop_say *say))
{
    each(rd, step_node, s, &s->say);
    if (s->has_plan_b)
        each(rd, qund_yaml_get(step_node, "plan_b"), s, &s->plan_b);
}

/* --- times ----------------------------------------------------------------------------------- */
static void check_base(struct qund_sop_reader *rd, const struct qund_ynode *n,
                       const struct qund_sop_offset *o)
{
    if (o->base == QUND_SOP_AT_EVENT && rd->t->anchor != QUND_SOP_BY_EVENT)
        qund_yaml_err(
            rd->errs, rd->doc, n,
            "T is the start of an event, and this template has none: write `anchor: event`, "
            "or count from D0 or the start (D3 20:00, +2h)");
}

static void check_timed(struct qund_sop_reader *rd, const struct qund_ynode *n, const char *what,
                        const struct qund_sop_offset *o)
{
    if (o->base == QUND_SOP_AT_ON)
        qund_yaml_err(rd->errs, rd->doc, n, "%s is a time; nothing but a step's `at` is on:…",
                      what);
    check_base(rd, n, o);
}

/* Whether a comes before b; false, too, where only a calendar could tell. */
static bool before(const struct qund_sop_offset *a, const struct qund_sop_offset *b)
{
    if (a->base != b->base || (a->clock_min < 0) != (b->clock_min < 0))
        return false;
    if (a->clock_min < 0)
        return a->ms < b->ms;
    return a->days != b->days ? a->days < b->days : a->clock_min < b->clock_min;
}

/* --- conditions ------------------------------------------------------------------------------ */
/* s NULL: of the whole plan. */
static void check_cond(struct qund_sop_reader *rd, const struct qund_ynode *n,
                       const struct qund_sop_cond *c, const struct qund_sop_step *s)
{
    if (c->has_at)
        check_base(rd, n, &c->at);
    if (qund_sop_flag_personal(c->flag) && rd->t->scope == QUND_SOP_GROUP)
        qund_yaml_err(rd->errs, rd->doc, n,
                      "%s is of one person, and a plan for a group has none: take it out, or make "
                      "the scope member or contact",
                      qund_sop_flag_name(c->flag));
    if (c->flag == QUND_SOP_FLAG_NONE && c->metric == QUND_SOP_KEYWORD_HITS && !c->of_what.p &&
        (!s || s->expect.n_words == 0))
        qund_yaml_err(rd->errs, rd->doc, n,
                      "keyword_hits of which word? Write keyword_hits.收到>=1, or `words` in the "
                      "step's expect");
}

/* v and the entries of n run side by side; an entry that could not be read has no condition. */
static void check_conds(struct qund_sop_reader *rd, const struct qund_ynode *n,
                        const struct qund_sop_cond *v, size_t n_v, const struct qund_sop_step *s)
{
    const struct qund_ynode *e = n ? n->child : NULL;

    for (size_t i = 0; i < n_v && e; i++) {
        while (e && (e->line != v[i].line || e->col != v[i].col))
            e = e->next;
        if (e)
            check_cond(rd, e, &v[i], s);
    }
}

/* --- steps ----------------------------------------------------------------------------------- */
static void check_plan_b(struct qund_sop_reader *rd, const struct qund_ynode *n,
                         const struct qund_sop_step *s)
{
    const struct qund_ynode *at = qund_sop_node(n, "at");

    if (!s->expect.given)
        qund_yaml_err(rd->errs, rd->doc, n,
                      "this plan B can never run: its step expects nothing (`expect`)");
    if (!s->plan_b_timed)
        return;
    check_timed(rd, at, "plan_b.at", &s->plan_b_at);
    if (before(&s->plan_b_at, &s->at))
        qund_yaml_err(rd->errs, rd->doc, at, "plan_b.at lies before the step itself");
}

/* As everywhere else: lists of tags are written with commas. */
static void check_tags(struct qund_sop_reader *rd, const struct qund_ynode *tags,
                       const struct qund_sop_step *s)
{
    for (size_t i = 0; i < s->n_tags; i++)
        if (memchr(s->tags[i].p, ',', s->tags[i].n) || memchr(s->tags[i].p, '\n', s->tags[i].n) ||
            qund_str_trim(s->tags[i]).n != s->tags[i].n)
            qund_yaml_err(rd->errs, rd->doc, tags,
                          "'%.*s' is no tag: no comma, no line break, no blanks at its ends",
                          QUND_STR_ARG(s->tags[i]));
}

static void check_step(struct qund_sop_reader *rd, const struct qund_ynode *n,
                       const struct qund_sop_step *s)
{
    const struct qund_ynode *alert = qund_yaml_get(n, "alert");

    check_base(rd, qund_sop_node(n, "at"), &s->at);
    check_tags(rd, qund_yaml_get(n, "tags"), s);
    if (s->has_plan_b)
        check_plan_b(rd, qund_yaml_get(n, "plan_b"), s);
    if (s->has_ready_by) {
        check_timed(rd, qund_sop_node(n, "ready_by"), "ready_by", &s->ready_by);
        if (before(&s->at, &s->ready_by))
            qund_yaml_err(rd->errs, rd->doc, qund_sop_node(n, "ready_by"),
                          "ready_by lies after the step itself: its content would come too late");
    }
    if (s->alert.given && !s->alert.always && s->alert.when.line > 0)
        check_cond(rd, qund_sop_node(alert, "when"), &s->alert.when, s);
    check_conds(rd, qund_yaml_get(n, "stop"), s->stop, s->n_stop, s);
}

static int by_id(const void *a, const void *b)
{
    const struct qund_sop_step *x = *(const struct qund_sop_step *const *)a;
    const struct qund_sop_step *y = *(const struct qund_sop_step *const *)b;
    int d = qund_str_cmp(x->id, y->id);

    return d ? d : (x > y) - (x < y);
}

static void check_ids(struct qund_sop_reader *rd, const struct qund_ynode *first)
{
    const struct qund_sop_template *t = rd->t;
    const struct qund_sop_step *sorted[QUND_SOP_STEPS_MAX];

    for (size_t i = 0; i < t->n_steps; i++)
        sorted[i] = &t->steps[i];
    qsort(sorted, t->n_steps, sizeof(sorted[0]), by_id);
    for (size_t i = 1; i < t->n_steps; i++) {
        const struct qund_ynode *e = first;

        if (!sorted[i]->id.p || !qund_str_eq(sorted[i]->id, sorted[i - 1]->id))
            continue;
        for (ptrdiff_t k = sorted[i] - t->steps; k > 0; k--)
            e = e->next;
        qund_yaml_err(rd->errs, rd->doc, qund_sop_node(e, "id"),
                      "step id '%.*s' stands twice, first in line %d", QUND_STR_ARG(sorted[i]->id),
                      sorted[i - 1]->line);
    }
}

/* --- the whole ------------------------------------------------------------------------------- */
/* What sets it off, and whom that is about. */
static void check_trigger(struct qund_sop_reader *rd, const struct qund_ynode *root)
{
    static const struct {
        bool for_group, with_event;
    } CAN[QUND_SOP_TRIGGERS] = {
        [QUND_SOP_MANUAL] = {true, true},
        [QUND_SOP_DATE] = {true, true},
        [QUND_SOP_EVENT] = {true, true},
        [QUND_SOP_PLAN_FINISHED] = {true, false},
    };
    const struct qund_sop_template *t = rd->t;
    const char *name = qund_sop_trigger_name(t->trigger);

    if (t->scope == QUND_SOP_GROUP && !CAN[t->trigger].for_group)
        qund_yaml_err(rd->errs, rd->doc, qund_sop_node(root, "trigger"),
                      "%s happens to one person: the scope is then member or contact", name);
    if (t->trigger == QUND_SOP_MEMBER_JOINED && t->scope == QUND_SOP_CONTACT)
        qund_yaml_err(rd->errs, rd->doc, qund_sop_node(root, "scope"),
                      "who joins a group is its member: the scope is then member");
    if (t->anchor == QUND_SOP_BY_EVENT && !CAN[t->trigger].with_event)
        qund_yaml_err(rd->errs, rd->doc, qund_sop_node(root, "anchor"),
                      "with the trigger %s nobody says when the event is: anchor: event goes with "
                      "the triggers event, date and manual",
                      name);
    if (t->anchor == QUND_SOP_BY_JOIN && t->scope != QUND_SOP_MEMBER)
        qund_yaml_err(rd->errs, rd->doc, qund_sop_node(root, "anchor"),
                      "anchor: join counts from the day a member joined: the scope is then member");
}

/* As far as one file tells; qund_sop_chain_check looks at several. */
static void check_chain(struct qund_sop_reader *rd, const struct qund_ynode *root)
{
    const struct qund_sop_template *t = rd->t;
    bool after = t->trigger == QUND_SOP_PLAN_FINISHED;

    if (t->next.p && qund_str_eq(t->next, t->id))
        qund_yaml_err(rd->errs, rd->doc, qund_sop_node(root, "next"),
                      "the template would follow itself for ever: name another, or clone the plan");
    else if (after && t->next.p && qund_str_eq(t->next, t->trigger_what))
        qund_yaml_err(rd->errs, rd->doc, qund_sop_node(root, "next"),
                      "'%.*s' sets this template off and would follow it: a circle without an end",
                      QUND_STR_ARG(t->next));
    if (after && qund_str_eq(t->trigger_what, t->id))
        qund_yaml_err(rd->errs, rd->doc, qund_sop_node(root, "trigger"),
                      "the template would set itself off for ever");
}

void qund_sop_check(struct qund_sop_reader *rd, const struct qund_ynode *root)
{
    const struct qund_sop_template *t = rd->t;
    const struct qund_ynode *steps = qund_yaml_get(root, "steps");
    const struct qund_ynode *e = steps ? steps->child : NULL;

    check_trigger(rd, root);
    check_chain(rd, root);
    check_conds(rd, qund_yaml_get(root, "stop_all"), t->stop_all, t->n_stop_all, NULL);
    if (t->n_steps > 0)
        check_ids(rd, e);
    for (size_t i = 0; i < t->n_steps; i++, e = e->next)
        check_step(rd, e, &t->steps[i]);
}

/* --- several templates ----------------------------------------------------------------------- */
static const struct qund_sop_template *find_template(const struct qund_sop_template *const *v,
                                                     size_t n, struct qund_str id)
{
    for (size_t i = 0; i < n; i++)
        if (qund_str_eq(v[i]->id, id))
            return v[i];
    return NULL;
}

static void check_named(const struct qund_sop_template *const *v, size_t n,
                        const struct qund_sop_template *t, const char *key, struct qund_str id,
                        struct qund_errs *errs)
{
    if (id.p && !find_template(v, n, id))
        qund_errs_add(errs, QUND_E_INVAL, t->source.p,
                      "%s names '%.*s', and no such template is here", key, QUND_STR_ARG(id));
}

/* At most n steps along `next` lead back to t, or none does. */
static bool circles(const struct qund_sop_template *const *v, size_t n,
                    const struct qund_sop_template *t)
{
    const struct qund_sop_template *at = t;

    for (size_t i = 0; i < n && at; i++) {
        at = at->next.p ? find_template(v, n, at->next) : NULL;
        if (at == t)
            return true;
    }
    return false;
}

int qund_sop_chain_check(const struct qund_sop_template *const *v, size_t n, struct qund_errs *errs)
{
    size_t before_n = errs->n + errs->dropped;

    for (size_t i = 0; i < n; i++) {
        const struct qund_sop_template *first = find_template(v, n, v[i]->id);

        if (first != v[i])
            qund_errs_add(errs, QUND_E_INVAL, v[i]->source.p,
                          "template id '%.*s' stands twice, first in %s", QUND_STR_ARG(v[i]->id),
                          first->source.p);
        check_named(v, n, v[i], "next", v[i]->next, errs);
        if (v[i]->trigger == QUND_SOP_PLAN_FINISHED)
            check_named(v, n, v[i], "plan_finished", v[i]->trigger_what, errs);
        if (first == v[i] && circles(v, n, v[i]))
            qund_errs_add(errs, QUND_E_INVAL, v[i]->source.p,
                          "`next` leads from '%.*s' back to itself: a circle without an end",
                          QUND_STR_ARG(v[i]->id));
    }
    return errs->n + errs->dropped == before_n ? QUND_OK : QUND_E_INVAL;
}
