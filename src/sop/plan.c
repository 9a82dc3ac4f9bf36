/* src/sop/plan.c - a template applied: whom it is for, from when on, with which words.
 *
 * A plan pins the version of its template and keeps what was typed when it was made. Group plans
 * have their tasks from the first moment on; plans for persons have a run for each (run.c), with
 * tasks of its own. So there are two clocks: the plan's, counted from its start and its event, and
 * that of a run, whose D0 and "+" are where the person came in. Which group it is decides the zone
 * of both.
 *
 * The life of a plan: running, paused and running again, then finished (all of it has ended, by
 * itself) or cancelled (by a person). What ends stays: a plan is also the account of what was done.
 */
#include "sop/internal.h"

static const char *const STATES[QUND_PLAN_STATES] = {
    [QUND_PLAN_RUNNING] = "running",
    [QUND_PLAN_PAUSED] = "paused",
    [QUND_PLAN_FINISHED] = "finished",
    [QUND_PLAN_CANCELLED] = "cancelled",
};

const char *qund_plan_state_name(enum qund_plan_state s)
{
    return (unsigned)s < QUND_PLAN_STATES ? STATES[s] : "?";
}

int qund_plan_state_parse(struct qund_str name)
{
    return qund_str_index(name, STATES, QUND_PLAN_STATES);
}

int qund_plan_get(struct qund_sop *s, struct qund_arena *arena, int64_t id, struct qund_plan *out)
{
    return qund_plan_sql_get(s->deps.db, arena, id, out);
}

int qund_plan_said(struct qund_sop *s, int64_t plan, struct qund_str name, double *out, bool *known)
{
    return qund_plan_sql_say(s->deps.db, plan, name, out, known);
}

/* --- where its days lie --- */

int qund_plan_clock(struct qund_sop *s, const struct qund_plan *plan, int64_t grp, int64_t contact,
                    struct qund_sop_clock *out)
{
    const struct qund_sop_template *t;
    struct sop_run run;
    int rc;

    t = qund_plan_template(s, plan->template, plan->version, &rc);
    if (!t)
        return rc;
    *out = (struct qund_sop_clock){.zone = qund_sop_zone(s, grp),
                                   .holidays = s->deps.holidays,
                                   .quiet = s->deps.config->quiet.hours,
                                   .start = plan->start,
                                   .event = plan->event};
    if (contact > 0 && qund_sop_personal(t)) {
        rc = qund_run_sql_last(s->deps.db, plan->id, contact, grp, &run);
        if (rc == 0)
            out->start = run.began;
        else if (rc != QUND_E_NOTFOUND)
            return rc;
    }
    out->day0 = t->anchor == QUND_SOP_BY_EVENT && plan->event > 0 ? plan->event : out->start;
    return 0;
}

static const char *const DELIVERS[QUND_DELIVERS] = {
    [QUND_DELIVER_PERSON] = "person",
    [QUND_DELIVER_DIRECT] = "direct",
    [QUND_DELIVER_CONFIRM] = "confirm",
};

const char *qund_plan_deliver_name(enum qund_plan_deliver d)
{
    return (unsigned)d < QUND_DELIVERS ? DELIVERS[d] : "?";
}

int qund_plan_deliver_parse(struct qund_str name)
{
    return qund_str_index(name, DELIVERS, QUND_DELIVERS);
}

struct qund_str qund_sop_voice(const struct qund_config *c, struct qund_str realm,
                               enum qund_plan_deliver how)
{
    for (size_t i = 0; how != QUND_DELIVER_PERSON && i < c->n_channels; i++) {
        const struct qund_channel_cfg *ch = &c->channels[i];
        const char *target = how == QUND_DELIVER_DIRECT ? ch->send_through : ch->confirm_through;

        if (target && qund_str_is(realm, ch->realm) && qund_config_target(c, qund_str(target)))
            return qund_str(target);
    }
    return QUND_STR_NONE;
}

/* --- what was typed --- */

static const struct qund_sop_param *declared(const struct qund_sop_template *t,
                                             struct qund_str name)
{
    for (size_t i = 0; i < t->n_params; i++)
        if (qund_str_eq(t->params[i].name, name))
            return &t->params[i];
    return NULL;
}

static const char *const WEEKDAYS[] = {"", "周一", "周二", "周三", "周四", "周五", "周六", "周日"};

static int of_event(const struct qund_plan *plan, const struct qund_sop_clock *c,
                    struct qund_str name, struct qund_buf *out)
{
    bool date = qund_str_is(name, "event.date");
    struct qund_civil at;

    if (plan->event <= 0 || !c || !(date || qund_str_is(name, "event.time")))
        return QUND_E_NOTFOUND;
    qund_zone_civil(c->zone, plan->event, &at);
    if (date)
        qund_buf_printf(out, "%d月%d日（%s）", at.month, at.day, WEEKDAYS[at.weekday]);
    else
        qund_buf_printf(out, "%02d:%02d", at.hour, at.minute);
    return 0;
}

int qund_plan_param(const struct qund_plan *plan, const struct qund_sop_template *t,
                    const struct qund_sop_clock *c, struct qund_str name, struct qund_buf *out)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(1024);
    const struct qund_sop_param *p = t ? declared(t, name) : NULL;
    struct qund_str typed;
    int rc = qund_sop_json_get(arena, plan->params, name, &typed);

    if (rc == QUND_E_NOTFOUND && p && p->preset.p) {
        typed = p->preset;
        rc = 0;
    }
    if (rc == QUND_E_NOTFOUND)
        return of_event(plan, c, name, out);
    if (rc == 0)
        qund_buf_str(out, typed);
    return rc;
}

void qund_plan_goal_print(const struct qund_plan *plan, const struct qund_sop_template *t,
                          const struct qund_sop_target *g, struct qund_buf *out)
{
    qund_buf_puts(out, g->at_most ? "<=" : ">=");
    if (!g->value.var.p || qund_plan_param(plan, t, NULL, g->value.var, out) < 0)
        qund_sop_value_print(&g->value, out);
}
