/* cond.c - the truth of each condition.
 *
 * One function per condition, in a table; evaluation walks over the bits a rule has set, cheapest
 * first, and explain walks over all of them. Terms are not searched here: the scan has marked their
 * slots, and a condition reads the marks. */
#include "core/zone.h"
#include "rule/internal.h"

static bool in_list(const struct qund_rule_strs *list, struct qund_str s)
{
    size_t i;

    for (i = 0; i < list->n; i++)
        if (qund_str_eq(list->v[i], s))
            return true;
    return false;
}

/* any / all / none over whatever `has` looks into. */
static bool names_hold(const struct qund_rule_run *run, const struct qund_rule_names *names,
                       bool (*has)(const struct qund_rule_run *run, struct qund_str name))
{
    bool any = names->any.n == 0;
    size_t i;

    for (i = 0; !any && i < names->any.n; i++)
        any = has(run, names->any.v[i]);
    if (!any)
        return false;
    for (i = 0; i < names->all.n; i++)
        if (!has(run, names->all.v[i]))
            return false;
    for (i = 0; i < names->none.n; i++)
        if (has(run, names->none.v[i]))
            return false;
    return true;
}

static bool overlay_has(const struct qund_rule_overlay *o, struct qund_str name)
{
    size_t i;

    for (i = 0; i < o->n; i++)
        if (qund_str_eq(o->v[i], name))
            return true;
    return false;
}

static bool array_has(const struct qund_str *v, size_t n, struct qund_str name)
{
    size_t i;

    for (i = 0; i < n; i++)
        if (qund_str_eq(v[i], name))
            return true;
    return false;
}

bool qund_rule_has_tag(const struct qund_rule_run *run, struct qund_str tag)
{
    const struct qund_rule_input *in = run->in;

    if (overlay_has(&run->tags, tag))
        return true;
    if (overlay_has(&run->untags, tag) || !in->has_tag || in->contact_id == 0)
        return false;
    return in->has_tag(in->arg, in->contact_id, tag);
}

static bool has_intent(const struct qund_rule_run *run, struct qund_str name)
{
    return overlay_has(&run->intents, name) ||
           array_has(run->in->intents, run->in->n_intents, name);
}

static bool has_context(const struct qund_rule_run *run, struct qund_str name)
{
    return array_has(run->in->context, run->in->n_context, name);
}

static bool has_group_tag(const struct qund_rule_run *run, struct qund_str name)
{
    return array_has(run->in->group_tags, run->in->n_group_tags, name);
}

static bool has_extract(const struct qund_rule_run *run, struct qund_str name)
{
    size_t i;

    for (i = 0; i < run->in->n_extracts; i++)
        if (qund_str_eq(run->in->extracts[i].name, name))
            return true;
    return false;
}

/* --- the conditions --- */
static bool kind_holds(const struct qund_rule_run *run, const struct qund_rule *r)
{
    return in_list(&r->asked->kinds, run->in->ev->kind);
}

static bool from_holds(const struct qund_rule_run *run, const struct qund_rule *r)
{
    return r->from >> run->in->role & 1;
}

static bool groups_hold(const struct qund_rule_run *run, const struct qund_rule *r)
{
    const struct qund_rule_input *in = run->in;

    return in->group_id != 0 &&
           (r->asked->group_types.n == 0 || in_list(&r->asked->group_types, in->group_type)) &&
           (r->asked->group_ids.n == 0 || in_list(&r->asked->group_ids, in->ev->group)) &&
           names_hold(run, &r->asked->group_tags, has_group_tag);
}

bool qund_rule_term_holds(const struct qund_rule_run *run, const struct qund_rule_term *t)
{
    const struct qund_rule_scratch *sc = run->sc;

    if (sc->slot_epoch[t->slot] != sc->epoch)
        return false;
    return t->kind != RULE_TERM_NEAR ||
           (sc->slot_epoch[t->slot + 1] == sc->epoch && qund_rule_near(run, t, NULL));
}

static bool all_hold(const struct qund_rule_run *run, const struct qund_rule *r)
{
    size_t i;

    for (i = 0; i < r->all.n; i++)
        if (!qund_rule_term_holds(run, &r->all.v[i]))
            return false;
    return true;
}

static bool some_holds(const struct qund_rule_run *run, const struct qund_rule_terms *list)
{
    size_t i;

    for (i = 0; i < list->n; i++)
        if (qund_rule_term_holds(run, &list->v[i]))
            return true;
    return false;
}

static bool any_holds(const struct qund_rule_run *run, const struct qund_rule *r)
{
    return some_holds(run, &r->any);
}

static bool none_holds(const struct qund_rule_run *run, const struct qund_rule *r)
{
    return !some_holds(run, &r->none);
}

static bool extract_holds(const struct qund_rule_run *run, const struct qund_rule *r)
{
    return names_hold(run, &r->asked->extracts, has_extract);
}

static bool intents_hold(const struct qund_rule_run *run, const struct qund_rule *r)
{
    return names_hold(run, &r->asked->intents, has_intent);
}

static bool context_holds(const struct qund_rule_run *run, const struct qund_rule *r)
{
    return names_hold(run, &r->asked->context, has_context);
}

int qund_rule_minute(const struct qund_rule_input *in)
{
    struct qund_civil c;

    if (!in->zone)
        return (int)(in->ev->ts / 60000 % 1440);
    qund_zone_civil(in->zone, in->ev->ts, &c);
    return c.hour * 60 + c.minute;
}

int64_t qund_rule_day(const struct qund_rule_input *in)
{
    struct qund_civil c;

    if (!in->zone)
        return in->ev->ts / QUND_DAY_MS;
    qund_zone_civil(in->zone, in->ev->ts, &c);
    return qund_days_from_civil(c.year, c.month, c.day);
}

static bool hours_hold(const struct qund_rule_run *run, const struct qund_rule *r)
{
    const struct qund_rule_input *in = run->in;
    int minute;

    switch (r->hours) {
    case RULE_HOURS_ALWAYS:
        return true;
    case RULE_HOURS_DUTY:
    case RULE_HOURS_OFF_DUTY:
        return (!in->on_duty || in->on_duty(in->arg, in->group_id, in->ev->ts)) ==
               (r->hours == RULE_HOURS_DUTY);
    case RULE_HOURS_RANGE:
        minute = qund_rule_minute(in);
        if (r->from_minute < r->to_minute)
            return minute >= r->from_minute && minute < r->to_minute;
        return minute >= r->from_minute || minute < r->to_minute; /* over midnight */
    }
    return false;
}

static bool tags_hold(const struct qund_rule_run *run, const struct qund_rule *r)
{
    return names_hold(run, &r->asked->tags, qund_rule_has_tag);
}

static bool (*const table[RULE_CONDS])(const struct qund_rule_run *run,
                                       const struct qund_rule *r) = {
    [RULE_COND_KIND] = kind_holds,       [RULE_COND_FROM] = from_holds,
    [RULE_COND_GROUPS] = groups_hold,    [RULE_COND_ALL] = all_hold,
    [RULE_COND_ANY] = any_holds,         [RULE_COND_NONE] = none_holds,
    [RULE_COND_EXTRACT] = extract_holds, [RULE_COND_INTENTS] = intents_hold,
    [RULE_COND_CONTEXT] = context_holds, [RULE_COND_HOURS] = hours_hold,
    [RULE_COND_TAGS] = tags_hold,        [RULE_COND_LEAN] = qund_rule_leans,
};

bool qund_rule_cond_holds(const struct qund_rule_run *run, const struct qund_rule *r,
                          enum qund_rule_cond c)
{
    return table[c](run, r);
}
