/* src/sop/sop.c - who says what, when, what is expected of it, and what is done if it does not
 * come.
 *
 * A template (template.c) applied to groups or people from a date on is a plan (plan.c). A plan is
 * its tasks: one row for each step and each group or person, with the instant at which it is due
 * (when.c), made when the plan is, so that everything that will happen can be looked at before it
 * does. From then on nothing computes a schedule again: all waiting is timers, and a task goes from
 * state to state by one table (task.c) until it ends in one that has a name and a reason.
 *
 * This folder writes its own rows and the pushes of its tasks. Alerts, tags and the live feed lie
 * in higher storeys; what they are to do comes back as effects, in the order in which it was
 * decided, and the engine applies them in the same transaction. */
#include "sop/internal.h"

struct qund_sop *qund_sop_new(const struct qund_sop_deps *deps)
{
    struct qund_sop *s = qund_alloc(sizeof(*s));

    s->deps = *deps;
    s->kept = qund_sop_kept_new(deps->db);
    s->ears = qund_sop_ears_new();
    return s;
}

struct qund_sop *qund_sop_free(struct qund_sop *s)
{
    if (!s)
        return NULL;
    qund_sop_kept_free(s->kept);
    qund_sop_ears_free(s->ears);
    qund_sop_people_free(s->people);
    qund_free(s->posts);
    qund_free(s);
    return NULL;
}

void qund_sop_roster(struct qund_sop *s, const struct qund_roster *r)
{
    s->roster = r;
}

void qund_sop_config(struct qund_sop *s, struct qund_config *config)
{
    s->deps.config = config;
}

void qund_sop_caps_of(const struct qund_sop *s, struct qund_sop_caps *out)
{
    qund_sop_caps_from(s->deps.config, out);
}

/* --- effects --- */

#define FIRST_ROOM 4u

/* Room for one more in an array of the arena; full when n is a power of two. */
static void *room(struct qund_arena *arena, void *v, size_t n, size_t size)
{
    void *more;

    if (n != 0 && (n < FIRST_ROOM || (n & (n - 1)) != 0))
        return v;
    more = qund_arena_zalloc(arena, (n ? n * 2 : FIRST_ROOM) * size);
    if (n)
        memcpy(more, v, n * size);
    return more;
}

void qund_sop_fx_alert(struct qund_sop_effects *fx, const struct qund_sop_fx_alert *a)
{
    struct qund_sop_fx_alert *to;

    fx->alerts = room(fx->arena, fx->alerts, fx->n_alerts, sizeof(*a));
    to = &fx->alerts[fx->n_alerts++];
    *to = *a;
    to->level = qund_arena_str(fx->arena, a->level);
    to->to = qund_arena_str(fx->arena, a->to);
    to->title = qund_arena_str(fx->arena, a->title);
    to->rule = qund_arena_str(fx->arena, a->rule);
}

void qund_sop_fx_tag(struct qund_sop_effects *fx, int64_t contact, struct qund_str name)
{
    fx->tags = room(fx->arena, fx->tags, fx->n_tags, sizeof(*fx->tags));
    fx->tags[fx->n_tags++] =
        (struct qund_sop_fx_tag){.contact = contact, .name = qund_arena_str(fx->arena, name)};
}

void qund_sop_fx_feed(struct qund_sop_effects *fx, const struct qund_sop_fx_line *l)
{
    struct qund_sop_fx_line *to;

    fx->lines = room(fx->arena, fx->lines, fx->n_lines, sizeof(*l));
    to = &fx->lines[fx->n_lines++];
    *to = *l;
    to->step = qund_arena_str(fx->arena, l->step);
    to->state = qund_arena_str(fx->arena, l->state);
    to->event = qund_arena_str(fx->arena, l->event);
    to->reason = qund_arena_str(fx->arena, l->reason);
    to->title = qund_arena_str(fx->arena, l->title);
}
