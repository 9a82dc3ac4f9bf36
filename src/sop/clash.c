/* clash.c - the quota planner: what of a new plan the caps would hold, and when it could go
 * instead.
 *
 * A cap that is met on the day itself is met too late: the text is written, the poster printed. So
 * when a plan is made its posts are laid out in order of time on top of what other plans hold, and
 * each that finds a cap reached is a clash, with the cap's name and a day on which it would fit.
 *
 * Posts are counted by local day (or month) in one table from (cap, whom, period) to a figure. A
 * look-up is constant, so a plan of 10,000 posts is a few hundred thousand of them; the week of a
 * person, the only span that slides, is 13 of its days.
 *
 * In two passes: first everything that fits where it is wanted, then the alternatives of the rest,
 * which take their places as they are found. So no alternative pushes a post of the plan away, and
 * an operator can take all of them at once. The nearest day wins, the later one of two that are
 * equally near; a post stays on its side of the event (an invitation is none after it), and behind
 * the plan's start. */
#include "sop/when.h"
#include "sop/when_parts.h"

enum { WEEK_DAYS = 7, REACH_DAYS = 7, TABLE_MIN = 256 };

struct count {
    int64_t whom, period;
    enum qund_sop_cap cap; /* NONE: free */
    int n;
};
struct planner {
    const struct qund_sop_caps *caps;
    const struct qund_sop_clock *c;
    int64_t event_day;
    struct count *v;
    size_t mask, n; /* less than half is used */
};

static struct count *slot(struct count *v, size_t mask, enum qund_sop_cap cap, int64_t whom,
                          int64_t period)
{
    uint64_t h = ((uint64_t)whom * 8 + (uint64_t)cap) * UINT64_C(0x9e3779b97f4a7c15);
    size_t i;

    h = (h ^ (uint64_t)period) * UINT64_C(0xff51afd7ed558ccd);
    i = (size_t)(h ^ (h >> 32)) & mask;
    while (v[i].cap != QUND_SOP_CAP_NONE &&
           (v[i].cap != cap || v[i].whom != whom || v[i].period != period))
        i = (i + 1) & mask;
    return &v[i];
}

static int grow(struct planner *p)
{
    size_t cap = p->v ? (p->mask + 1) * 2 : TABLE_MIN;
    struct count *v = qund_try_alloc(cap * sizeof(*v));

    if (!v)
        return QUND_E_NOMEM;
    for (size_t i = 0; p->v && i <= p->mask; i++)
        if (p->v[i].cap != QUND_SOP_CAP_NONE)
            *slot(v, cap - 1, p->v[i].cap, p->v[i].whom, p->v[i].period) = p->v[i];
    qund_free(p->v);
    p->v = v;
    p->mask = cap - 1;
    return QUND_OK;
}

static int had(const struct planner *p, enum qund_sop_cap cap, int64_t whom, int64_t period)
{
    return slot(p->v, p->mask, cap, whom, period)->n;
}

static int count(struct planner *p, enum qund_sop_cap cap, int64_t whom, int64_t period)
{
    struct count *at;
    int rc = (p->n + 1) * 2 > p->mask ? grow(p) : QUND_OK;

    if (rc < 0)
        return rc;
    at = slot(p->v, p->mask, cap, whom, period);
    p->n += at->cap == QUND_SOP_CAP_NONE;
    *at = (struct count){whom, period, cap, at->n + 1};
    return QUND_OK;
}

static int64_t month_of(int64_t day)
{
    int y, m, d;

    qund_civil_from_days(day, &y, &m, &d);
    return (int64_t)y * 12 + m;
}

/* Any 7 days running that hold `day` and are full: those before, and those after, because a post
 * that other plans have in three days must not fall to this one. */
static bool week_full(const struct planner *p, int64_t contact, int64_t day)
{
    int v[2 * WEEK_DAYS - 1], sum = 0;

    for (int i = 0; i < 2 * WEEK_DAYS - 1; i++) {
        v[i] = had(p, QUND_SOP_CAP_CONTACT_WEEK, contact, day - (WEEK_DAYS - 1) + i);
        sum += v[i] - (i >= WEEK_DAYS ? v[i - WEEK_DAYS] : 0);
        if (i >= WEEK_DAYS - 1 && sum >= p->caps->contact_week)
            return true;
    }
    return false;
}

/* The cap that holds this post on that day, the one that holds longest first. */
static enum qund_sop_cap held(const struct planner *p, const struct qund_sop_post *o, int64_t day)
{
    const struct qund_sop_caps *caps = p->caps;
    int group_day = qund_sop_group_day(caps, day, p->event_day);
    bool group = !o->one_to_one && o->group, person = o->one_to_one && o->contact;

    if (group && caps->group_month > 0 &&
        had(p, QUND_SOP_CAP_GROUP_MONTH, o->group, month_of(day)) >= caps->group_month)
        return QUND_SOP_CAP_GROUP_MONTH;
    if (person && caps->contact_week > 0 && week_full(p, o->contact, day))
        return QUND_SOP_CAP_CONTACT_WEEK;
    if (group && group_day > 0 && had(p, QUND_SOP_CAP_GROUP_DAY, o->group, day) >= group_day)
        return QUND_SOP_CAP_GROUP_DAY;
    if (o->sender && caps->sender_day > 0 &&
        had(p, QUND_SOP_CAP_SENDER_DAY, o->sender, day) >= caps->sender_day)
        return QUND_SOP_CAP_SENDER_DAY;
    return QUND_SOP_CAP_NONE;
}

static int take(struct planner *p, const struct qund_sop_post *o, int64_t day)
{
    int rc = QUND_OK;

    if (o->one_to_one && o->contact)
        rc = count(p, QUND_SOP_CAP_CONTACT_WEEK, o->contact, day);
    if (rc == 0 && !o->one_to_one && o->group)
        rc = count(p, QUND_SOP_CAP_GROUP_DAY, o->group, day);
    if (rc == 0 && !o->one_to_one && o->group)
        rc = count(p, QUND_SOP_CAP_GROUP_MONTH, o->group, month_of(day));
    if (rc == 0 && o->sender)
        rc = count(p, QUND_SOP_CAP_SENDER_DAY, o->sender, day);
    return rc;
}

/* Everything that fits where it is wanted. Returns the clashes. */
static int lay_out(struct planner *p, const struct qund_sop_post *posts, size_t n,
                   struct qund_sop_clash *out, size_t max)
{
    size_t found = 0;
    int rc = QUND_OK;

    for (size_t i = 0; rc == 0 && i < n; i++) {
        int64_t day = qund_sop_day(p->c->zone, posts[i].at, NULL);
        enum qund_sop_cap cap;

        if (!posts[i].marketing)
            continue;
        cap = held(p, &posts[i], day);
        if (cap == QUND_SOP_CAP_NONE) {
            rc = take(p, &posts[i], day);
            continue;
        }
        if (found < max)
            out[found] = (struct qund_sop_clash){i, cap, 0};
        found++;
    }
    return rc < 0 ? rc : (int)found;
}

/* The post's time of the day on another day, if everything allows it there; else 0. */
static int64_t fits(const struct planner *p, const struct qund_sop_post *o, int64_t day,
                    const struct qund_civil *w)
{
    const struct qund_sop_clock *c = p->c;
    const struct qund_sop_step s = {.kind = QUND_SOP_MARKETING, .work_days = o->work_days};
    int64_t at;

    if (held(p, o, day) != QUND_SOP_CAP_NONE) /* cheap, and mostly the answer */
        return 0;
    at = qund_sop_at_clock(c->zone, day, w);
    /* What is moved to another day is that day's candidate, and comes up when it is asked. */
    if (qund_sop_allowed(c, &s, &at) != QUND_SOP_MOVED_NOT &&
        qund_sop_day(c->zone, at, NULL) != day)
        return 0;
    if (at < c->start || (c->event && (at < c->event) != (o->at < c->event)))
        return 0;
    return at;
}

/* 0: none; *day is the day it takes a place on. */
static int64_t alternative(const struct planner *p, const struct qund_sop_post *o, int64_t *day)
{
    struct qund_civil w;
    int64_t own = qund_sop_day(p->c->zone, o->at, &w);

    for (int64_t i = 1; i <= REACH_DAYS; i++) {
        for (int64_t side = i; side >= -i; side -= 2 * i) {
            int64_t at = fits(p, o, own + side, &w);

            if (at) {
                *day = own + side;
                return at;
            }
        }
    }
    return 0;
}

int qund_sop_clashes(const struct qund_sop_caps *caps, const struct qund_sop_clock *c,
                     const struct qund_sop_post *posts, size_t n, const struct qund_sop_post *there,
                     size_t n_there, struct qund_sop_clash *out, size_t max)
{
    struct planner p = {.caps = caps, .c = c};
    int found = 0, rc;

    if (n > QUND_SOP_POSTS_MAX || n_there > QUND_SOP_POSTS_MAX)
        return QUND_E_FULL;
    p.event_day = c->event ? qund_sop_day(c->zone, c->event, NULL) : QUND_SOP_NO_DAY;
    rc = grow(&p);
    for (size_t i = 0; rc == 0 && i < n_there; i++)
        if (there[i].marketing)
            rc = take(&p, &there[i], qund_sop_day(c->zone, there[i].at, NULL));
    if (rc == 0)
        found = rc = lay_out(&p, posts, n, out, max);
    for (size_t i = 0; rc >= 0 && i < max && i < (size_t)found; i++) {
        const struct qund_sop_post *o = &posts[out[i].post];
        int64_t day = 0;

        out[i].alternative = alternative(&p, o, &day);
        if (out[i].alternative)
            rc = take(&p, o, day);
    }
    qund_free(p.v);
    return rc < 0 ? rc : found;
}
