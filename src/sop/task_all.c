/* src/sop/task_all.c - a task together with its plan, template, step and calendar: what nearly
 * every file here needs before it can decide anything. */
#include "sop/task_parts.h"
#include <stdio.h>
#include <string.h>

int qund_task_all(struct qund_sop *s, struct qund_arena *arena, int64_t id, struct task_all *out)
{
    int rc = qund_task_get(s->deps.db, arena, id, &out->t);

    if (rc == 0)
        rc = qund_plan_get(s, arena, out->t.plan, &out->plan);
    if (rc < 0)
        return rc;
    out->tpl = qund_plan_template(s, out->plan.template, out->plan.version, &rc);
    if (!out->tpl)
        return rc < 0 ? rc : QUND_E_BUG;
    out->step = qund_plan_step(s, &out->plan, out->t.step, out->t.plan_b > 0, &rc);
    if (!out->step)
        return rc;
    out->say = out->t.plan_b > 0 ? &out->step->plan_b : &out->step->say;
    return qund_plan_clock(s, &out->plan, out->t.grp, out->t.contact, &out->clock);
}

/* One matter of one step for one recipient is one alert: what the auditor must hear is not counted
 * into what the manager was told a minute before, nor what came of a post into what was said of it.
 */
static struct qund_str rule_for(struct qund_arena *arena, const struct task_all *a,
                                struct qund_str to, const char *matter)
{
    bool manager = to.n == 0 || qund_str_is(to, "manager");
    size_t room = a->plan.template.n + a->t.step.n + to.n + strlen(matter) + 8;
    char *p = qund_arena_alloc(arena, room);
    int n = snprintf(p, room, "sop:%.*s:%.*s%s%s%.*s", QUND_STR_ARG(a->plan.template),
                     QUND_STR_ARG(a->t.step), matter, manager ? "" : ":", manager ? 0 : (int)to.n,
                     to.p);

    return qund_str_n(p, (size_t)n);
}

static bool caught_up(const struct qund_sop_effects *fx, int64_t at)
{
    return fx->present - at > SOP_LATE_MS;
}

static void alert(struct qund_sop_effects *fx, const struct task_all *a, struct qund_str level,
                  struct qund_str to, struct qund_str title, const char *matter, int64_t now)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct qund_str what = a->step->title.n > 0 ? a->step->title : a->plan.name;

    qund_buf_printf(&text, "%.*s：%.*s %.*s（T%lld）", QUND_STR_ARG(title), QUND_STR_ARG(a->t.step),
                    QUND_STR_ARG(what), (long long)a->t.id);
    qund_sop_fx_alert(fx,
                      &(struct qund_sop_fx_alert){.level = level,
                                                  .to = to,
                                                  .title = qund_buf_view(&text),
                                                  .rule = rule_for(fx->arena, a, to, matter),
                                                  .group = a->t.grp,
                                                  .contact = a->t.contact,
                                                  .plan = a->t.plan,
                                                  .task = a->t.id,
                                                  .ts = caught_up(fx, now) ? fx->present : now});
}

void qund_task_alert(struct qund_sop_effects *fx, const struct task_all *a, struct qund_str level,
                     struct qund_str to, struct qund_str title, int64_t now)
{
    alert(fx, a, level, to, title, "", now);
}

void qund_task_alert_judged(struct qund_sop_effects *fx, const struct task_all *a,
                            struct qund_str title, int64_t now)
{
    alert(fx, a, QUND_STR("warn"), QUND_STR("manager"), title, ":judged", now);
}

void qund_task_alert_missed(struct qund_sop_effects *fx, const struct task_all *a,
                            struct qund_str level, struct qund_str title, int64_t at)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf rule = {0};

    if (!caught_up(fx, at)) {
        qund_task_alert(fx, a, level, QUND_STR("manager"), title, at);
        return;
    }
    qund_buf_printf(&text, "停机期间有任务错过或没有判：%.*s", QUND_STR_ARG(a->plan.name));
    qund_buf_printf(&rule, "sop:%.*s:away", QUND_STR_ARG(a->plan.template));
    qund_sop_fx_alert(fx, &(struct qund_sop_fx_alert){.level = QUND_STR("warn"),
                                                      .to = QUND_STR("manager"),
                                                      .title = qund_buf_view(&text),
                                                      .rule = qund_buf_view(&rule),
                                                      .group = a->t.grp,
                                                      .plan = a->t.plan,
                                                      .ts = fx->present});
}

int qund_task_fill(struct qund_sop *s, const struct task_all *a, struct qund_str text, int64_t now,
                   struct qund_buf *out, size_t *missing)
{
    return qund_plan_fill(s,
                          &(struct qund_fill_ask){.plan = &a->plan,
                                                  .t = a->tpl,
                                                  .grp = a->t.grp,
                                                  .contact = a->t.contact,
                                                  .task = a->t.id,
                                                  .now = now},
                          text, out, missing);
}

int qund_task_voice(struct qund_sop *s, const struct task_all *a, struct task_voice *out)
{
    bool post = a->t.channel == QUND_SOP_CH_GROUP || a->t.channel == QUND_SOP_CH_NOTICE;
    int rc;

    *out = (struct task_voice){.how = QUND_DELIVER_PERSON};
    /* What somebody invited says in his own words nobody can say for him; a gap wants a hand. */
    if (a->plan.deliver == QUND_DELIVER_PERSON || !post || a->t.grp <= 0 || !s->deps.outbox ||
        qund_sop_role_disclosed((enum qund_sop_role)a->t.role) || qund_sop_has_gap(a->t.content))
        return 0;
    rc = qund_crm_group_by_id(s->deps.crm, a->t.grp, &out->group);
    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    out->target = qund_sop_voice(s->deps.config, out->group->realm_name, a->plan.deliver);
    if (out->target.n > 0)
        out->how = a->plan.deliver;
    return 0;
}
