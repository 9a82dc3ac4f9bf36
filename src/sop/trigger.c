/* src/sop/trigger.c - what happens, heard by plans.
 *
 * Three things can come of an event: a person's run begins (the template's trigger), a step that
 * waits for it is due (`on:`), a run ends. They are looked at in that order, so that who joins is
 * greeted by the plan that begins with joining, and who says "no more messages" is heard by all.
 *
 * A template's `on:member_joined` and its trigger `member_joined` are different things: the first
 * makes one task in a plan that runs anyway, the second a run with all its tasks. */
#include "sop/internal.h"
#include "sop/measure.h"

struct hearing {
    struct qund_sop *s;
    const struct qund_sop_event *ev;
    int64_t now;
    struct qund_sop_effects *fx;
};

/* --- runs begin --- */

static bool begins_by(const struct sop_ear *e, const struct qund_sop_event *ev)
{
    switch (e->trigger) {
    case QUND_SOP_MEMBER_JOINED:
        return ev->what == QUND_SOP_JOINED;
    case QUND_SOP_KEYWORD:
        return ev->what == QUND_SOP_SAID && e->what.n > 0 &&
               qund_str_find(ev->text, 0, e->what) >= 0;
    case QUND_SOP_TAG_ADDED:
        return ev->what == QUND_SOP_TAGGED && qund_str_eq(ev->name, e->what);
    case QUND_SOP_ORDER_PAID:
        return ev->what == QUND_SOP_HAPPENED && qund_str_is(ev->name, "order.paid");
    case QUND_SOP_LEAD_STAGE:
        return ev->what == QUND_SOP_STAGED && qund_str_eq(ev->name, e->what);
    case QUND_SOP_MANUAL:
    case QUND_SOP_DATE:
    case QUND_SOP_EVENT:
    case QUND_SOP_DORMANT:
    case QUND_SOP_BIRTHDAY:
    case QUND_SOP_PLAN_FINISHED:
    case QUND_SOP_TRIGGERS:
        return false;
    }
    return false;
}

static int begin(struct qund_sop *s, const struct sop_ear *e, int64_t contact, int64_t grp,
                 int64_t now, struct qund_sop_effects *fx)
{
    const struct qund_sop_template *t;
    struct qund_plan plan;
    int rc = 0;

    if (now < e->from || (e->until > 0 && now > e->until))
        return 0;
    if (grp == 0) { /* an order, a tag: of the person, wherever the plan meets them */
        rc = qund_plan_meets(s, fx->arena, e->plan, contact, &grp);
        if (rc < 1)
            return rc; /* somebody it is not for */
    } else if (e->n_groups > 0 && e->groups[0] == 0) {
        grp = 0;
    }
    rc = qund_plan_get(s, fx->arena, e->plan, &plan);
    t = rc == 0 ? qund_plan_template(s, plan.template, plan.version, &rc) : NULL;
    return t ? qund_run_begin(s, &plan, t, contact, grp, now, fx) : rc;
}

/* --- steps that wait --- */

static const char *event_type(const struct qund_sop_event *ev, char room[96])
{
    switch (ev->what) {
    case QUND_SOP_JOINED:
        return "member.join";
    case QUND_SOP_GONE:
        return "member.leave";
    case QUND_SOP_HAPPENED: /* joins and leaves are told as what they are, once */
        if (qund_str_is(ev->name, "member.join") || qund_str_is(ev->name, "member.leave"))
            return NULL;
        snprintf(room, 96, "%.*s", QUND_STR_ARG(qund_utf8_cut(ev->name, 90)));
        return room;
    case QUND_SOP_SAID:
    case QUND_SOP_TAGGED:
    case QUND_SOP_STAGED:
    case QUND_SOP_OPTED_OUT:
        return NULL;
    }
    return NULL;
}

static int add_on(const struct hearing *h, const struct qund_plan *plan,
                  const struct qund_sop_template *t, int64_t grp, int64_t contact, int64_t round,
                  const char *type)
{
    struct qund_sop_clock c;
    struct sop_item item;
    int rc = qund_plan_clock(h->s, plan, grp, contact, &c);

    for (size_t i = 0; rc == 0 && i < t->n_steps; i++) {
        const struct qund_sop_step *step = &t->steps[i];
        struct sop_task_of of = {
            .plan = plan, .t = t, .step = step, .grp = grp, .contact = contact, .round = round};
        const char *waits = step->at.base == QUND_SOP_AT_ON ? qund_sop_on_event(step->at.on) : NULL;

        if (!waits || strcmp(waits, type) != 0)
            continue;
        rc = qund_sop_item_make(&c, step, h->now, &item);
        if (rc == 0)
            rc = qund_plan_task_add(h->s, &of, &item, h->now, h->fx);
    }
    return rc;
}

static int hear_on(const struct hearing *h, const struct sop_ear *e, const char *type)
{
    const struct qund_sop_template *t;
    struct qund_plan plan;
    struct sop_run run = {0};
    int64_t grp = h->ev->group;
    bool person = h->ev->what == QUND_SOP_JOINED || h->ev->what == QUND_SOP_GONE;
    int rc = 0;

    if (h->now < e->from || (e->until > 0 && h->now > e->until))
        return 0;
    if (e->personal) {
        if (h->ev->contact == 0)
            return 0;
        if (grp == 0 || (e->n_groups > 0 && e->groups[0] == 0))
            rc = qund_plan_meets(h->s, h->fx->arena, e->plan, h->ev->contact, &grp);
        if (rc >= 0)
            rc = qund_run_sql_last(h->s->deps.db, e->plan, h->ev->contact, grp, &run);
        if (rc < 0 || run.state != QUND_PLAN_RUNNING)
            return rc == QUND_E_NOTFOUND ? 0 : rc;
    } else if (grp == 0) {
        return 0;
    } else if (person) { /* staff are not greeted */
        bool customer = false, opt_out;

        rc = qund_run_role(h->s, h->ev->contact, grp, &customer, &opt_out);
        if (rc < 0 || !customer)
            return rc == QUND_E_NOTFOUND ? 0 : rc;
    }
    rc = qund_plan_get(h->s, h->fx->arena, e->plan, &plan);
    t = rc == 0 ? qund_plan_template(h->s, plan.template, plan.version, &rc) : NULL;
    if (!t)
        return rc;
    /* In a group's plan a greeting is of each who comes; a delivery happens to the group once. */
    return add_on(h, &plan, t, grp, e->personal || person ? h->ev->contact : 0, run.round, type);
}

/* --- runs end --- */

static bool stops_by_flag(const struct qund_sop_template *t, enum qund_sop_flag f)
{
    for (size_t i = 0; i < t->n_stop_all; i++)
        if (t->stop_all[i].flag == f)
            return true;
    return false;
}

/* A personal flag among stop_all that is up by now; NONE: none. Those with figures are asked when a
 * task comes due. */
static int flag_up(const struct hearing *h, const struct sop_run *r,
                   const struct qund_sop_template *t, enum qund_sop_flag *out)
{
    struct qund_sop_span span = {
        .group = r->grp, .contact = r->contact, .from = r->began, .until = h->now, .plan = r->plan};
    bool up = false;
    int rc = 0;

    *out = QUND_SOP_FLAG_NONE;
    for (size_t i = 0; rc == 0 && i < t->n_stop_all; i++) {
        enum qund_sop_flag f = t->stop_all[i].flag;

        if (f == QUND_SOP_FLAG_NONE || !qund_sop_flag_personal(f) ||
            f == QUND_SOP_ONE_TO_ONE_RUNNING)
            continue;
        rc = qund_sop_flag(h->s->deps.db, h->s->deps.months, h->s->deps.fold, f, &span, &up);
        if (rc == 0 && up) {
            *out = f;
            return 0;
        }
    }
    return rc;
}

/* Why this run ends by it; NULL: it goes on. */
static int why_ends(const struct hearing *h, const struct sop_run *r,
                    const struct qund_sop_template *t, const char **why)
{
    const struct qund_sop_event *ev = h->ev;
    enum qund_sop_flag f = QUND_SOP_FLAG_NONE;
    int rc = 0;

    *why = NULL;
    if (ev->what == QUND_SOP_OPTED_OUT) {
        if (qund_sop_courts(t) || stops_by_flag(t, QUND_SOP_OPT_OUT))
            *why = qund_sop_flag_name(QUND_SOP_OPT_OUT);
    } else if (ev->what == QUND_SOP_GONE) {
        if (r->grp == ev->group &&
            (t->scope == QUND_SOP_MEMBER || stops_by_flag(t, QUND_SOP_LEFT_GROUP)))
            *why = qund_sop_flag_name(QUND_SOP_LEFT_GROUP);
    } else if (ev->what != QUND_SOP_JOINED) {
        rc = flag_up(h, r, t, &f);
        if (rc == 0 && f != QUND_SOP_FLAG_NONE)
            *why = qund_sop_flag_name(f);
    }
    return rc;
}

static int end_runs(const struct hearing *h)
{
    struct sop_run open[16], last = {0};
    const char *why;
    int n, rc = 0;

    do {
        n = qund_run_sql_open(h->s->deps.db, 0, h->ev->contact, &last, open, QUND_ARRAY_LEN(open));
        for (int i = 0; rc == 0 && i < n; i++) {
            const struct qund_sop_template *t;
            struct qund_plan plan;

            last = open[i];
            rc = qund_plan_get(h->s, h->fx->arena, open[i].plan, &plan);
            t = rc == 0 ? qund_plan_template(h->s, plan.template, plan.version, &rc) : NULL;
            if (t)
                rc = why_ends(h, &open[i], t, &why);
            if (rc == 0 && t && why)
                rc =
                    qund_run_end(h->s, &open[i], QUND_PLAN_CANCELLED, qund_str(why), h->now, h->fx);
        }
    } while (rc == 0 && n == (int)QUND_ARRAY_LEN(open));
    return rc < 0 ? rc : n < 0 ? n : 0;
}

/* --- the entrance --- */

static int hear_all(const struct hearing *h, const struct sop_ear *v, size_t n)
{
    const struct qund_sop_event *ev = h->ev;
    char room[96];
    const char *type = event_type(ev, room);
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (ev->group > 0 && !qund_sop_ear_hears(&v[i], ev->group))
            continue;
        if (v[i].begins && ev->contact > 0 && begins_by(&v[i], ev))
            rc = begin(h->s, &v[i], ev->contact, ev->group, h->now, h->fx);
        if (rc == 0 && v[i].hears_on && type)
            rc = hear_on(h, &v[i], type);
    }
    return rc;
}

/* What is heard may begin and end plans, and so change what is listened for: the list is copied. */
static struct sop_ear *copy(struct qund_arena *arena, const struct sop_ear *v, size_t n)
{
    struct sop_ear *out = qund_arena_alloc(arena, (n + 1) * sizeof(*out));

    for (size_t i = 0; i < n; i++) {
        out[i] = v[i];
        out[i].what = qund_arena_str(arena, v[i].what);
        out[i].template = qund_arena_str(arena, v[i].template);
        out[i].groups =
            (int64_t *)(void *)qund_arena_dup(arena, v[i].groups, v[i].n_groups * sizeof(int64_t));
    }
    return out;
}

static bool concerns(const struct sop_ear *e, const struct qund_sop_event *ev)
{
    char room[96];

    return (e->begins && begins_by(e, ev)) || (e->hears_on && event_type(ev, room));
}

int qund_sop_hear(struct qund_sop *s, const struct qund_sop_event *ev, int64_t now,
                  struct qund_sop_effects *fx)
{
    struct hearing h = {.s = s, .ev = ev, .now = now, .fx = fx};
    const struct sop_ear *v;
    size_t n;
    bool runs, any = false;
    int rc;

    qund_sop_kept_rest(s->kept);
    rc = qund_sop_ears_all(s, &v, &n, &runs);
    for (size_t i = 0; rc == 0 && !any && i < n; i++)
        any = concerns(&v[i], ev);
    if (rc == 0 && any)
        rc = hear_all(&h, copy(fx->arena, v, n), n);
    if (rc == 0 && runs && ev->contact > 0)
        rc = end_runs(&h);
    return rc;
}

int qund_sop_plan_ended(struct qund_sop *s, struct qund_str template, int64_t grp, int64_t contact,
                        int64_t now, struct qund_sop_effects *fx)
{
    const struct sop_ear *all;
    struct sop_ear *v;
    int64_t ids[64], after = 0;
    size_t n;
    bool runs;
    int got, rc = qund_sop_ears_all(s, &all, &n, &runs);

    if (rc < 0 || n == 0)
        return rc;
    v = copy(fx->arena, all, n);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (!v[i].begins || v[i].trigger != QUND_SOP_PLAN_FINISHED ||
            !qund_str_eq(v[i].what, template) || (grp > 0 && !qund_sop_ear_hears(&v[i], grp)))
            continue;
        if (contact > 0) {
            rc = begin(s, &v[i], contact, grp, now, fx);
            continue;
        }
        after = 0; /* a group's plan has ended: for all who are in it */
        do {
            got = qund_place_sql_members(s->deps.db, grp, after, ids, QUND_ARRAY_LEN(ids));
            for (int k = 0; rc == 0 && k < got; k++) {
                after = ids[k];
                rc = begin(s, &v[i], ids[k], grp, now, fx);
            }
        } while (rc == 0 && got == (int)QUND_ARRAY_LEN(ids));
        rc = rc == 0 && got < 0 ? got : rc;
    }
    return rc;
}
