/* src/sop/plan_b.c - what is done when the reaction did not come, or when nobody was invited to the
 * part.
 *
 * A plan B is a task of its own, with its own role, words and log; the task whose expectation was
 * missed is its key, so that there is one however often the miss is concluded. It is due at once,
 * or at the instant the template names when that still lies ahead, under the same quiet hours and
 * days off as any post; caps are asked when its time has come. Nothing is expected of it. */
#include "sop/task_parts.h"

/* A list of names as a JSON array; NONE: empty. */
static struct qund_str media_json(struct qund_arena *arena, const struct qund_sop_say *say)
{
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};
    struct qund_jw w = qund_jw(&out);

    if (say->n_media == 0)
        return QUND_STR_NONE;
    qund_jw_arr(&w);
    for (size_t i = 0; i < say->n_media; i++)
        qund_jw_str(&w, say->media[i]);
    qund_jw_end_arr(&w);
    return qund_arena_str(arena, qund_buf_view(&out));
}

int qund_plan_b(struct qund_sop *s, const struct task_all *a, int64_t now,
                struct qund_sop_effects *fx)
{
    struct qund_sop_step step = *a->step;
    struct qund_task_new n = {.plan = a->t.plan,
                              .plan_b = a->t.id,
                              .grp = a->t.grp,
                              .contact = a->t.contact,
                              .round = a->t.round,
                              .step = a->t.step,
                              .wanted = now,
                              .role = (int)step.plan_b.role,
                              .channel = (int)step.plan_b.channel,
                              .content = step.plan_b.content};
    enum qund_sop_moved moved;
    int64_t id;
    int rc;

    if (!step.has_plan_b || a->t.plan_b > 0)
        return 0;
    if (step.plan_b_timed &&
        (qund_sop_when(&a->clock, &step.plan_b_at, &n.wanted) < 0 || n.wanted < now))
        n.wanted = now;
    step.say = step.plan_b;
    n.due = n.wanted;
    moved = qund_sop_allowed(&a->clock, &step, &n.due);
    n.closes = n.due + step.late_ms;
    n.marketing = step.kind == QUND_SOP_MARKETING && n.channel != QUND_SOP_CH_STAFF_TASK;
    n.media = media_json(fx->arena, &step.plan_b);
    rc = qund_task_add(s, &n, &id);
    if (rc < 0)
        return rc == QUND_E_EXISTS ? 0 : rc;
    if (moved != QUND_SOP_DROPPED_QUIET)
        return 0;
    return qund_task_move(s, id,
                          &(struct qund_task_change){.event = QUND_TASK_EV_SKIP,
                                                     .by = QUND_STR("engine"),
                                                     .reason = QUND_STR("quiet"),
                                                     .now = now},
                          fx, NULL);
}
