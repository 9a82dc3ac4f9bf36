/* src/sop/task_cond.c - does a condition hold, here and now? Stop conditions of a step and its
 * plan, and what its alert waits for.
 *
 * A condition counts over a window: the one it names (`in 1d`), else the one of its step. Before
 * that one has begun, what people do anyway (speak, click) counts from now, that is nothing yet;
 * what adds up over a plan (sign-ups, joins, orders) counts from the plan's beginning, for "enough
 * have signed up" means all of them. What nobody knows does not hold: nothing is stopped, and
 * nobody alarmed, by a figure that is missing. */
#include "sop/task_parts.h"

enum { PEOPLE_MAX = 500 };

/* --- over what --- */

static int fold_words(struct qund_sop *s, struct qund_arena *arena, const struct task_all *a,
                      struct qund_sop_span *out)
{
    const struct qund_sop_expect *x = &a->step->expect;
    struct qund_str *v = qund_arena_alloc(arena, (x->n_words + 1) * sizeof(*v));

    for (size_t i = 0; i < x->n_words; i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf folded = {0};

        qund_fold_str(s->deps.fold, x->words[i], &folded);
        v[i] = qund_arena_str(arena, qund_buf_view(&folded));
    }
    out->words = v;
    out->n_words = x->n_words;
    return 0;
}

/* A post that speaks for several people is about them, and about what they say in the group. */
static bool to_group(const struct task_all *a)
{
    return a->t.channel == QUND_SOP_CH_GROUP || a->t.channel == QUND_SOP_CH_NOTICE;
}

int qund_task_span(struct qund_sop *s, struct qund_arena *arena, const struct task_all *a,
                   struct qund_sop_span *out)
{
    int64_t *people;
    int n;

    *out = (struct qund_sop_span){
        .group = a->t.grp, .contact = a->t.contact, .plan = a->t.plan, .task = a->t.id};
    if (a->t.contact > 0 && to_group(a)) {
        people = qund_arena_alloc(arena, PEOPLE_MAX * sizeof(*people));
        n = qund_task_sql_people(s->deps.db, a->t.id, people, PEOPLE_MAX);
        if (n < 0)
            return n;
        out->contact = 0;
        out->people = people;
        out->n_people = (size_t)n;
    }
    return fold_words(s, arena, a, out);
}

static bool adds_up(enum qund_sop_metric m)
{
    static const bool ADDS[QUND_SOP_METRICS] = {
        [QUND_SOP_FORM_SUBMITS] = true,    [QUND_SOP_SIGNUPS] = true,
        [QUND_SOP_SIGNUP_CONFIRMS] = true, [QUND_SOP_CANCELS] = true,
        [QUND_SOP_CHECKINS] = true,        [QUND_SOP_COUPON_CLAIMS] = true,
        [QUND_SOP_REDEEMS] = true,         [QUND_SOP_ORDERS] = true,
        [QUND_SOP_JOINS] = true,           [QUND_SOP_REFUNDS] = true,
    };

    return ADDS[m];
}

/* --- one condition --- */

static int flag_holds(struct qund_sop *s, const struct task_all *a, const struct qund_sop_cond *c,
                      struct qund_sop_span *span, int64_t now, bool *out)
{
    if (qund_sop_flag_personal(c->flag)) {
        span->contact = a->t.contact;
        span->people = NULL;
        span->n_people = 0;
    }
    span->from = c->in_ms ? now - c->in_ms : a->clock.start;
    span->until = now;
    return qund_sop_flag(s->deps.db, s->deps.months, s->deps.fold, c->flag, span, out);
}

int qund_sop_cond_holds(struct qund_sop *s, const struct task_all *a, const struct qund_sop_cond *c,
                        int64_t since, int64_t now, bool *out)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(4096);
    struct qund_sop_span span;
    double figure, wanted;
    bool known = false;
    int rc = qund_task_span(s, arena, a, &span);

    *out = false;
    if (rc < 0)
        return rc;
    if (c->flag != QUND_SOP_FLAG_NONE)
        return flag_holds(s, a, c, &span, now, out);
    span.from = c->in_ms ? now - c->in_ms : adds_up(c->metric) ? a->clock.start : since;
    span.until = now;
    rc = qund_sop_measure(s->deps.db, s->deps.months, s->deps.fold, c->metric, c->of_what, &span,
                          &figure, &known);
    if (rc == 0 && known)
        rc = qund_sop_wanted(s->deps.db, &c->value, c->op, &span, &wanted, &known);
    if (rc == 0 && known)
        *out = qund_sop_holds(c->op, figure, wanted);
    return rc;
}

static int first_that_holds(struct qund_sop *s, const struct task_all *a,
                            const struct qund_sop_cond *v, size_t n, int64_t since, int64_t now,
                            const struct qund_sop_cond **out)
{
    bool holds = false;
    int rc = 0;

    for (size_t i = 0; rc == 0 && !holds && i < n; i++) {
        int64_t at;

        if (v[i].has_at && (qund_sop_when(&a->clock, &v[i].at, &at) < 0 || at > now))
            continue; /* it is asked later */
        rc = qund_sop_cond_holds(s, a, &v[i], since, now, &holds);
        if (rc == 0 && holds)
            *out = &v[i];
    }
    return rc;
}

int qund_task_stop(struct qund_sop *s, const struct task_all *a, int64_t since, int64_t now,
                   const struct qund_sop_cond **out)
{
    int rc;

    *out = NULL;
    rc = first_that_holds(s, a, a->tpl->stop_all, a->tpl->n_stop_all, since, now, out);
    if (rc == 0 && !*out)
        rc = first_that_holds(s, a, a->step->stop, a->step->n_stop, since, now, out);
    return rc;
}
