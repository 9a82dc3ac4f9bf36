/* src/sop/draft_quota.c - a plan's posts against all that is planned already.
 *
 * Caps hold again when a task comes due; here they are asked beforehand, while something can still
 * be moved: too many marketing posts in a group on one day or in a month is named with the step and
 * the nearest free day (when.h). Whoever knows better says `force`: then the caps decide when the
 * time has come, and what they hold ends skipped(cap).
 *
 * Groups are gone through one by one; what a member of staff is to post in those before counts
 * against him in the next, because a day of his is one day.
 *
 * A plan that names the people it is for is asked for each of them: what it and other plans write
 * to that person alone within a week. When somebody's run begins by what happens, nobody knows it
 * yet, and the caps decide then. */
#include "sop/internal.h"

#define NAMED_MAX 10u                /* clashes in a refusal */
#define AROUND_MS (32 * QUND_DAY_MS) /* a month's quota counts from its first day to its last */

struct others {
    struct qund_sop_post *v;
    size_t n, cap;
};

static int collect(void *arg, const struct qund_sop_post *p)
{
    struct others *o = arg;

    if (o->n == SOP_TASKS_MAX)
        return QUND_E_FULL;
    if (o->n == o->cap) {
        o->cap = o->cap ? o->cap * 2 : 64;
        o->v = qund_realloc(o->v, o->cap * sizeof(*o->v));
    }
    o->v[o->n++] = *p;
    return 0;
}

/* Who would post it, as far as can be known today. */
static int64_t sender(const struct sop_draft *d, const struct sop_item *it)
{
    struct qund_duty duty;

    qund_duty_holders(d->s->roster, d->places[it->place].id,
                      qund_str(qund_sop_role_name(it->step->say.role)), it->due, &duty);
    return duty.n > 0 ? duty.staff[0] : 0;
}

static void note(struct sop_draft *d, const struct qund_sop_clash *c, size_t item, int64_t contact)
{
    if (d->n_clashes == SOP_CLASHES_MAX)
        return;
    if (!d->clashes) {
        d->clashes = qund_alloc(SOP_CLASHES_MAX * sizeof(*d->clashes));
        d->clash_items = qund_alloc(SOP_CLASHES_MAX * sizeof(*d->clash_items));
        d->clash_contacts = qund_alloc(SOP_CLASHES_MAX * sizeof(*d->clash_contacts));
    }
    d->clashes[d->n_clashes] = *c;
    d->clash_contacts[d->n_clashes] = contact;
    d->clash_items[d->n_clashes++] = item;
}

/* mine: of the groups before; each post that has a sender is added. */
static int clash_at(struct sop_draft *d, const struct qund_sop_caps *caps, size_t place,
                    const struct qund_sop_post *posts, const size_t *items, size_t n,
                    struct others *mine)
{
    struct qund_sop_clash found[32];
    struct others there = {0};
    const size_t max = QUND_ARRAY_LEN(found);
    int rc = qund_plan_task_sql_posts(d->s->deps.db, d->places[place].id, d->edits,
                                      posts[0].at - AROUND_MS, posts[n - 1].at + AROUND_MS, collect,
                                      &there);

    for (size_t i = 0; rc == 0 && i < mine->n; i++)
        rc = collect(&there, &mine->v[i]);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = posts[i].sender ? collect(mine, &posts[i]) : 0;
    if (rc == QUND_E_FULL)
        rc = 0; /* more than can be planned around: what was read decides */
    if (rc == 0)
        rc =
            qund_sop_clashes(caps, &d->places[place].clock, posts, n, there.v, there.n, found, max);
    if (rc > 0)
        d->all_clashes += (size_t)rc;
    for (int i = 0; i < rc && (size_t)i < max; i++)
        note(d, &found[i], items[found[i].post], 0);
    qund_free(there.v);
    return rc < 0 ? rc : 0;
}

static int quota_at(struct sop_draft *d, const struct qund_sop_caps *caps, size_t place,
                    size_t *from, struct others *mine)
{
    size_t n = 0, i = *from, room = d->t->n_steps + 1;
    struct qund_sop_post *posts = qund_alloc(room * sizeof(*posts));
    size_t *items = qund_alloc(room * sizeof(*items));
    int rc = 0;

    for (; i < d->n_items && d->items[i].place == place; i++) {
        const struct sop_item *it = &d->items[i];

        if (it->past || it->step->kind != QUND_SOP_MARKETING ||
            it->moved == QUND_SOP_DROPPED_QUIET || !qund_sop_is_post(it->step->say.channel))
            continue;
        items[n] = i;
        posts[n++] = (struct qund_sop_post){.at = it->due,
                                            .group = d->places[place].id,
                                            .sender = caps->sender_day > 0 ? sender(d, it) : 0,
                                            .marketing = true,
                                            .work_days = it->step->work_days,
                                            .what = it->step->id};
    }
    *from = i;
    if (n > 0)
        rc = clash_at(d, caps, place, posts, items, n, mine);
    qund_free(posts);
    qund_free(items);
    return rc;
}

/* --- people --- */

static bool to_one(const struct sop_item *it)
{
    enum qund_sop_channel c = it->step->say.channel;

    return !it->past && it->step->kind == QUND_SOP_MARKETING &&
           it->moved != QUND_SOP_DROPPED_QUIET &&
           (c == QUND_SOP_CH_ONE_TO_ONE || c == QUND_SOP_CH_SMS);
}

static int clash_with(struct sop_draft *d, const struct qund_sop_caps *caps, int64_t contact,
                      struct qund_sop_post *posts, const size_t *items, size_t n)
{
    const struct qund_sop_clock *clock = &d->places[0].clock;
    struct qund_sop_clash found[8];
    struct others there = {0};
    const size_t max = QUND_ARRAY_LEN(found);
    int rc = qund_plan_task_sql_to(d->s->deps.db, contact, d->edits, posts[0].at - AROUND_MS,
                                   posts[n - 1].at + AROUND_MS, collect, &there);

    for (size_t i = 0; i < n; i++)
        posts[i].contact = contact;
    if (rc == 0 || rc == QUND_E_FULL)
        rc = qund_sop_clashes(caps, clock, posts, n, there.v, there.n, found, max);
    if (rc > 0)
        d->all_clashes += (size_t)rc;
    for (int i = 0; i < rc && (size_t)i < max; i++)
        note(d, &found[i], items[found[i].post], contact);
    qund_free(there.v);
    return rc < 0 ? rc : 0;
}

static int quota_of_people(struct sop_draft *d, const struct qund_sop_caps *caps)
{
    size_t n = 0, room = d->t->n_steps + 1;
    struct qund_sop_post *posts = qund_alloc(room * sizeof(*posts));
    size_t *items = qund_alloc(room * sizeof(*items));
    int rc = 0;

    /* The first place stands for all: what is written to a person has the plan's own hours. */
    for (size_t i = 0; i < d->n_items && d->items[i].place == 0; i++) {
        const struct sop_item *it = &d->items[i];

        if (!to_one(it))
            continue;
        items[n] = i;
        posts[n++] = (struct qund_sop_post){.at = it->due,
                                            .marketing = true,
                                            .one_to_one = true,
                                            .work_days = it->step->work_days,
                                            .what = it->step->id};
    }
    for (size_t i = 0; rc == 0 && n > 0 && i < d->n_contacts; i++)
        rc = clash_with(d, caps, d->contacts[i], posts, items, n);
    qund_free(posts);
    qund_free(items);
    return rc;
}

/* --- as problems, or as a warning --- */

static int put_whom(const struct sop_draft *d, const struct sop_item *it, int64_t contact,
                    struct qund_buf *out)
{
    if (contact > 0) {
        int rc = qund_fill_sql_nick(d->s->deps.db, d->places[it->place].id, contact, out);

        if (rc == QUND_E_NOTFOUND)
            qund_buf_printf(out, "contact %lld", (long long)contact);
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    }
    qund_buf_str(out, qund_utf8_cut(d->places[it->place].name, 40));
    return 0;
}

/* "S02 in 一群 at 2025-09-17 10:00 (group_day), free is …" */
static int put_clash(const struct sop_draft *d, size_t i, struct qund_buf *out)
{
    const struct sop_item *it = &d->items[d->clash_items[i]];
    const struct qund_zone *zone = d->places[it->place].clock.zone;
    int rc;

    qund_buf_printf(out, "%.*s %s ", QUND_STR_ARG(it->step->id),
                    d->clash_contacts[i] > 0 ? "to" : "in");
    rc = put_whom(d, it, d->clash_contacts[i], out);
    if (rc < 0)
        return rc;
    qund_buf_puts(out, " at ");
    qund_sop_local_print(zone, it->due, out);
    qund_buf_printf(out, " (%s)", qund_sop_cap_name(d->clashes[i].cap));
    if (d->clashes[i].alternative > 0) {
        qund_buf_puts(out, ", free is ");
        qund_sop_local_print(zone, d->clashes[i].alternative, out);
    }
    return 0;
}

static int tell_first(struct sop_draft *d)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct qund_errs *to = d->force ? &d->warnings : &d->problems;
    int rc;

    qund_buf_printf(&text, "%zu post%s over a cap: ", d->all_clashes,
                    d->all_clashes == 1 ? " is" : "s are");
    rc = put_clash(d, 0, &text);
    if (rc < 0)
        return rc;
    qund_buf_printf(&text, "; move the start, take fewer %s, or say force",
                    d->clash_contacts[0] > 0 ? "people" : "groups");
    qund_errs_add(to, QUND_E_INVAL, "quota", "%s", text.p);
    return 0;
}

int qund_draft_quota_rest(struct sop_draft *d)
{
    size_t named = d->n_clashes < NAMED_MAX ? d->n_clashes : NAMED_MAX;
    int rc = 0;

    if (d->force)
        return 0;
    for (size_t i = 1; rc == 0 && i < named; i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf text = {0};

        rc = put_clash(d, i, &text);
        if (rc == 0)
            qund_errs_add(&d->problems, QUND_E_INVAL, "quota", "%s", text.p);
    }
    if (rc == 0 && d->all_clashes > named)
        qund_errs_add(&d->problems, QUND_E_INVAL, "quota",
                      "and %zu more; `plan.preview` lists them", d->all_clashes - named);
    return rc;
}

int qund_draft_quota(struct sop_draft *d)
{
    struct qund_sop_caps caps;
    struct others mine = {0};
    size_t from = 0;
    int rc = 0;

    qund_sop_caps_of(d->s, &caps);
    if (qund_sop_personal(d->t)) {
        if (d->n_contacts > 0 && caps.contact_week > 0 && !qund_sop_listening(d->t))
            rc = quota_of_people(d, &caps);
    } else {
        while (rc == 0 && from < d->n_items)
            rc = quota_at(d, &caps, d->items[from].place, &from, &mine);
        qund_free(mine.v);
    }
    return rc < 0 || d->n_clashes == 0 ? rc : tell_first(d);
}
