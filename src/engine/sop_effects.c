/* src/engine/sop_effects.c - what plans ask of the rest of the house: alerts, tags, lines of the
 * live feed.
 *
 * sop/ writes its own rows and says what is to be done besides; it is done here, behind the call,
 * in the same transaction. A tag may be what another plan listens for: that one hears of it, and
 * what it asks for is applied likewise, so far and no further. */
#include "engine/sop.h"

enum { DEPTH_MAX = 4 };

/* Whom templates name by his part in a matter, as the roles that people hold. */
static struct qund_str role_named(struct qund_str to)
{
    if (qund_str_is(to, "on_duty"))
        return QUND_STR("consultant");
    if (qund_str_is(to, "group_owner") || to.n == 0)
        return QUND_STR("manager");
    return to;
}

static int apply_alert(struct qund_engine *e, const struct qund_sop_fx_alert *a)
{
    struct qund_event ev = {.ts = a->ts ? a->ts : e->now};
    struct subject s = {.ev = &ev, .row = {.contact = a->contact}};
    int rc = a->group > 0 ? qund_crm_group_by_id(e->crm, a->group, &s.group) : 0;

    if (rc == QUND_E_NOTFOUND)
        s.group = NULL;
    else if (rc < 0)
        return rc;
    return qund_engine_alert(
        e, &s,
        &(struct qund_alert_new){.rule = a->rule,
                                 .level = a->level.n > 0 ? a->level : QUND_STR("info"),
                                 .to = role_named(a->to),
                                 .title = a->title});
}

static int apply_depth(struct qund_engine *e, const struct qund_sop_effects *fx, int depth);

static int apply_tag(struct qund_engine *e, const struct qund_sop_fx_tag *t, int depth)
{
    struct qund_sop_effects more = {.arena = e->arena, .present = e->now};
    struct qund_crm_contact *c;
    int rc = qund_crm_contact_by_id(e->crm, t->contact, &c);

    if (rc == 0)
        rc = qund_crm_tag_add(
            e->crm, c,
            &(struct qund_crm_tag){.name = t->name, .origin = QUND_TAG_SOP, .at = e->now});
    if (rc <= 0) /* gone, or as many tags as may be: the rest stays */
        return rc == QUND_E_NOTFOUND || rc == QUND_E_INVAL ? 0 : rc;
    if (depth >= DEPTH_MAX || !qund_sop_listens(e->sop))
        return 0;
    rc = qund_sop_hear(
        e->sop,
        &(struct qund_sop_event){
            .what = QUND_SOP_TAGGED, .contact = t->contact, .ts = e->now, .name = t->name},
        e->now, &more);
    return rc < 0 ? rc : apply_depth(e, &more, depth + 1);
}

static void put(struct qund_jw *w, const char *key, struct qund_str s)
{
    if (s.p)
        qund_jw_kstr(w, key, s);
}

/* Counted whether or not anybody watches the feed; a judgement is no event of the table. */
static void count_line(struct qund_engine *e, const struct qund_sop_fx_line *l)
{
    if (strcmp(l->kind, "task") != 0)
        return;
    for (int i = 0; i < QUND_TASK_EVENTS; i++)
        if (qund_str_is(l->event, qund_task_event_name((enum qund_task_event)i)))
            e->tally.tasks[i]++;
}

static void apply_line(struct qund_engine *e, const struct qund_sop_fx_line *l)
{
    struct qund_jw w;

    count_line(e, l);
    if (!e->feeding)
        return;
    w = qund_engine_feed_open(e, l->kind);
    qund_jw_kint(&w, "id", l->id);
    if (l->plan)
        qund_jw_kint(&w, "plan", l->plan);
    if (l->group)
        qund_jw_kint(&w, "group", l->group);
    if (l->contact)
        qund_jw_kint(&w, "contact", l->contact);
    put(&w, "step", l->step);
    put(&w, "event", l->event);
    put(&w, "state", l->state);
    put(&w, "reason", l->reason);
    put(&w, "title", l->title);
    qund_engine_feed_close(e, &w);
}

static int apply_depth(struct qund_engine *e, const struct qund_sop_effects *fx, int depth)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < fx->n_alerts; i++)
        rc = apply_alert(e, &fx->alerts[i]);
    for (size_t i = 0; rc == 0 && i < fx->n_tags; i++)
        rc = apply_tag(e, &fx->tags[i], depth);
    for (size_t i = 0; rc == 0 && i < fx->n_lines; i++)
        apply_line(e, &fx->lines[i]);
    return rc;
}

int qund_engine_sop_begin(struct qund_engine *e, struct qund_sop_effects *fx)
{
    *fx = (struct qund_sop_effects){.arena = e->arena,
                                    .present = e->reach > e->now ? e->reach : e->now};
    return qund_engine_roster(e);
}

int qund_engine_sop_apply(struct qund_engine *e, const struct qund_sop_effects *fx)
{
    return apply_depth(e, fx, 0);
}
