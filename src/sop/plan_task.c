/* src/sop/plan_task.c - from a step of a template to the row of a task.
 *
 * What is asked of a template's steps (which of them are posts, which wait for something to happen)
 * is answered here once, and so is when a step falls due for a group or for a person's run. A step
 * whose time is over when its plan begins is a row all the same: skipped(past), so that a plan made
 * too late shows what it left out. */
#include "sop/internal.h"

bool qund_sop_is_post(enum qund_sop_channel c)
{
    return c == QUND_SOP_CH_GROUP || c == QUND_SOP_CH_NOTICE;
}

static bool to_one(enum qund_sop_channel c)
{
    return c == QUND_SOP_CH_ONE_TO_ONE || c == QUND_SOP_CH_SMS || c == QUND_SOP_CH_FORM;
}

bool qund_sop_personal(const struct qund_sop_template *t)
{
    return t->scope != QUND_SOP_GROUP;
}

bool qund_sop_listening(const struct qund_sop_template *t)
{
    return t->trigger != QUND_SOP_MANUAL && t->trigger != QUND_SOP_DATE &&
           t->trigger != QUND_SOP_EVENT;
}

static bool from_event(const struct qund_sop_template *t, const struct qund_sop_offset *o)
{
    return o->base == QUND_SOP_AT_EVENT ||
           (o->base == QUND_SOP_AT_DAY && t->anchor == QUND_SOP_BY_EVENT);
}

bool qund_sop_needs_event(const struct qund_sop_template *t)
{
    if (t->trigger == QUND_SOP_EVENT || t->anchor == QUND_SOP_BY_EVENT)
        return true;
    for (size_t i = 0; i < t->n_steps; i++)
        if (from_event(t, &t->steps[i].at) ||
            (t->steps[i].plan_b_timed && from_event(t, &t->steps[i].plan_b_at)))
            return true;
    return false;
}

bool qund_sop_courts(const struct qund_sop_template *t)
{
    if (qund_sop_personal(t))
        for (size_t i = 0; i < t->n_steps; i++)
            if (t->steps[i].kind == QUND_SOP_MARKETING && to_one(t->steps[i].say.channel))
                return true;
    return false;
}

bool qund_sop_posts_in_group(const struct qund_sop_template *t)
{
    for (size_t i = 0; i < t->n_steps; i++)
        if (qund_sop_is_post(t->steps[i].say.channel))
            return true;
    return false;
}

/* --- instants --- */

static int64_t closes_after(const struct qund_sop_step *step)
{
    /* What is to be done within two days is not over after four hours. */
    if (step->expect.given && step->expect.metric == QUND_SOP_TASK_DONE &&
        step->expect.window_ms > step->late_ms)
        return step->expect.window_ms;
    return step->late_ms;
}

int qund_sop_item_make(const struct qund_sop_clock *c, const struct qund_sop_step *step,
                       int64_t now, struct sop_item *out)
{
    int rc = 0;

    *out = (struct sop_item){.step = step, .wanted = now};
    if (step->at.base != QUND_SOP_AT_ON)
        rc = qund_sop_when(c, &step->at, &out->wanted);
    if (rc < 0)
        return rc;
    out->due = out->wanted;
    out->moved = qund_sop_allowed(c, step, &out->due);
    out->closes = out->due + closes_after(step);
    out->past = out->due < now;
    return 0;
}

/* --- rows --- */

static struct qund_str media_of(struct qund_arena *arena, const struct qund_sop_say *say)
{
    QUND_AUTO(qund_buf_done) struct qund_buf list = {0};
    struct qund_jw w = qund_jw(&list);

    if (say->n_media == 0)
        return QUND_STR_NONE;
    qund_jw_arr(&w);
    for (size_t i = 0; i < say->n_media; i++)
        qund_jw_str(&w, say->media[i]);
    qund_jw_end_arr(&w);
    return qund_arena_str(arena, qund_buf_view(&list));
}

void qund_plan_task_new(struct qund_arena *arena, const struct sop_task_of *of,
                        const struct sop_item *item, struct qund_task_new *out)
{
    const struct qund_sop_say *say = &of->step->say;

    *out = (struct qund_task_new){.plan = of->plan->id,
                                  .grp = of->grp,
                                  .contact = of->contact,
                                  .round = of->round,
                                  .step = of->step->id,
                                  .wanted = item->wanted,
                                  .due = item->due,
                                  .closes = item->closes,
                                  .role = (int)say->role,
                                  .channel = (int)say->channel,
                                  .marketing = of->step->kind == QUND_SOP_MARKETING,
                                  .content = say->content,
                                  .media = media_of(arena, say)};
}

int qund_plan_task_add(struct qund_sop *s, const struct sop_task_of *of,
                       const struct sop_item *item, int64_t now, struct qund_sop_effects *fx)
{
    struct qund_sop_clock c;
    struct qund_task_new n;
    int64_t id;
    int rc = 0;

    qund_plan_task_new(fx->arena, of, item, &n);
    if (of->contact > 0 && !item->past && qund_sop_is_post(of->step->say.channel)) {
        rc = qund_plan_clock(s, of->plan, of->grp, of->contact, &c);
        if (rc == 0)
            rc = qund_merge_find(s, &c, of->step, &n);
    }
    if (rc == 0)
        rc = qund_task_add(s, &n, &id);
    if (rc == QUND_E_EXISTS)
        return 0;
    if (rc == 0 && item->past)
        rc = qund_task_move(s, id,
                            &(struct qund_task_change){.event = QUND_TASK_EV_SKIP,
                                                       .by = QUND_STR("engine"),
                                                       .reason = QUND_STR("past"),
                                                       .now = now},
                            fx, NULL);
    return rc;
}
