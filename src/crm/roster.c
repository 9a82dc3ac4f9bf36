/* src/crm/roster.c - who is on duty, and how duty time runs.
 *
 * A reminder at 21:05 to somebody who goes home at 21:00 is noise, and a reply clock that runs
 * through the night blames people for sleeping. So everything that waits for staff asks here: who
 * serves this role in this group at this instant, and when have N minutes of duty time passed.
 *
 * Of several rosters the one that names the group most closely counts: the group itself, then a
 * tag, then its type, then all. Days are the group's local days; a shift past midnight belongs to
 * the day it began. On a public holiday a roster is closed unless it says otherwise; a make-up
 * working day is a Monday. An exception by date beats both. Whoever is on leave is replaced by
 * their stand-in (and theirs, four steps at most); when a shift is on and nobody of it is here, the
 * on-call person is named, else the group's leader, and the answer says that it is so. */
#include "crm/roster_parts.h"

enum {
    MINUTE_MS = 60000,
    STAND_IN_STEPS = 4,
    LOOK_DAYS = 400,
    NEXT_DAYS = 60,
    SPANS_MAX = 64,
    MONDAY = 1
};

/* --- finding --- */

static const struct roster_group *find_group(const struct qund_roster *r, int64_t id)
{
    size_t lo = 0, hi = r->n_groups;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (r->groups[mid].id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < r->n_groups && r->groups[lo].id == id ? &r->groups[lo] : NULL;
}

const struct qund_zone *qund_roster_zone(const struct qund_roster *r, int64_t group)
{
    const struct roster_group *g = find_group(r, group);

    return g && g->zone ? g->zone : r->zone_default;
}

static bool has_tag(const struct roster_group *g, struct qund_str tag)
{
    struct qund_str rest = g ? g->tags : QUND_STR_NONE;

    while (rest.p)
        if (qund_str_eq(qund_str_split(&rest, '\n'), tag))
            return true;
    return false;
}

/* 0: not for this group; 1 all groups … 4 this very group. */
static int closeness(const struct roster_plan *p, const struct roster_group *g, int64_t group)
{
    int best = p->n_scopes ? 0 : 1;

    for (size_t i = 0; i < p->n_scopes; i++) {
        const struct roster_scope *s = &p->scopes[i];
        int now = 0;

        if (s->kind == 'g' && s->grp == group)
            now = 4;
        else if (s->kind == '#' && has_tag(g, s->value))
            now = 3;
        else if (s->kind == 't' && g && qund_str_is(s->value, qund_group_type_name(g->type)))
            now = 2;
        best = now > best ? now : best;
    }
    return best;
}

static bool serves(const struct roster_plan *p, struct qund_str role)
{
    if (!role.p)
        return p->n_roles == 0;
    for (size_t i = 0; i < p->n_roles; i++)
        if (qund_str_eq(p->roles[i], role))
            return true;
    return false;
}

/* role NONE: the roster of duty hours. */
static const struct roster_plan *pick(const struct qund_roster *r, int64_t group,
                                      struct qund_str role)
{
    const struct roster_group *g = find_group(r, group);
    const struct roster_plan *best = NULL;
    int best_close = 0;

    for (size_t i = 0; i < r->n_plans; i++) {
        int close = serves(&r->plans[i], role) ? closeness(&r->plans[i], g, group) : 0;

        if (close > best_close) {
            best_close = close;
            best = &r->plans[i];
        }
    }
    return best;
}

/* --- days and shifts --- */

/* Days since 1970-01-01 of the local date, and the minute within it. */
static int64_t local_day(const struct qund_zone *z, int64_t t, int64_t *minute)
{
    struct qund_civil c;

    qund_zone_civil(z, t, &c);
    if (minute)
        *minute = c.hour * 60 + c.minute;
    return qund_days_from_civil(c.year, c.month, c.day);
}

/* Which weekday's shifts a date follows; 0: none. 1970-01-01 was a Thursday. */
static int64_t plan_weekday(const struct qund_roster *r, const struct roster_plan *p, int64_t day)
{
    enum qund_day kind = p->holidays ? qund_holidays_day(r->holidays, day) : QUND_DAY_PLAIN;

    if (kind == QUND_DAY_OFF)
        return 0;
    return kind == QUND_DAY_MAKEUP ? MONDAY : (day + 3) % 7 + 1;
}

static bool excepted(const struct roster_plan *p, int64_t day)
{
    for (size_t i = 0; i < p->n_shifts; i++)
        if (!p->shifts[i].weekly && p->shifts[i].day == day)
            return true;
    return false;
}

/* The shifts of one date: call with *at = 0, NULL at the end. */
struct day_shifts {
    const struct roster_plan *plan;
    int64_t day, weekday;
    bool excepted;
    size_t at;
};

static struct day_shifts day_shifts(const struct qund_roster *r, const struct roster_plan *p,
                                    int64_t day)
{
    return (struct day_shifts){p, day, plan_weekday(r, p, day), excepted(p, day), 0};
}

static const struct roster_shift *next_shift(struct day_shifts *d)
{
    while (d->at < d->plan->n_shifts) {
        const struct roster_shift *s = &d->plan->shifts[d->at++];

        if (s->from_min == s->to_min)
            continue; /* closed on that date */
        if (d->excepted ? !s->weekly && s->day == d->day : s->weekly && s->day == d->weekday)
            return s;
    }
    return NULL;
}

/* --- people --- */

static bool is_active(const struct qund_roster *r, int64_t staff)
{
    for (size_t i = 0; i < r->n_active; i++)
        if (r->active[i] == staff)
            return true;
    return false;
}

static const struct roster_leave *leave_of(const struct qund_roster *r, int64_t staff, int64_t day)
{
    for (size_t i = 0; i < r->n_leave; i++)
        if (r->leave[i].staff == staff && day >= r->leave[i].from_day && day <= r->leave[i].to_day)
            return &r->leave[i];
    return NULL;
}

static void add_person(const struct qund_roster *r, struct qund_duty *d, int64_t staff, int64_t day)
{
    int64_t who = staff;

    for (int step = 0; step < STAND_IN_STEPS; step++) {
        const struct roster_leave *l = leave_of(r, who, day);

        if (!l)
            break;
        who = l->stand_in;
    }
    if (!who || !is_active(r, who) || leave_of(r, who, day) || d->n >= QUND_DUTY_MAX)
        return;
    for (size_t i = 0; i < d->n; i++)
        if (d->staff[i] == who)
            return;
    d->stands_for[d->n] = who == staff ? 0 : staff;
    d->staff[d->n++] = who;
}

static void add_holders(const struct qund_roster *r, int64_t group, struct qund_str role,
                        int64_t day, struct qund_duty *d)
{
    const struct roster_group *g = find_group(r, group);

    for (size_t i = 0; i < r->n_holders; i++)
        if (r->holders[i].grp == group && qund_str_eq(r->holders[i].role, role))
            add_person(r, d, r->holders[i].staff, day);
    if (!d->n && g && g->manager &&
        (qund_str_is(role, "manager") || qund_str_is(role, "group_owner")))
        add_person(r, d, g->manager, day);
}

void qund_duty_holders(const struct qund_roster *r, int64_t group, struct qund_str role, int64_t t,
                       struct qund_duty *out)
{
    *out = (struct qund_duty){0};
    add_holders(r, group, role, local_day(qund_roster_zone(r, group), t, NULL), out);
    out->how = out->n ? QUND_DUTY_HOLDER : QUND_DUTY_NOBODY;
}

/* Adds who serves at `minute` of `day`; true when a shift is on, whoever is there. */
static bool add_shift(const struct qund_roster *r, const struct roster_plan *p, int64_t group,
                      struct qund_str role, int64_t day, int64_t minute, struct qund_duty *d)
{
    struct day_shifts it = day_shifts(r, p, day);
    const struct roster_shift *s;
    bool on = false;

    while ((s = next_shift(&it))) {
        if (minute < s->from_min || minute >= s->to_min)
            continue;
        on = true;
        if (s->staff)
            add_person(r, d, s->staff, day);
        else
            add_holders(r, group, role, day, d);
    }
    return on;
}

void qund_duty_at(const struct qund_roster *r, int64_t group, struct qund_str role, int64_t t,
                  struct qund_duty *out)
{
    const struct roster_plan *p = pick(r, group, role);
    int64_t minute, day = local_day(qund_roster_zone(r, group), t, &minute);
    bool on;

    *out = (struct qund_duty){0};
    if (!p) {
        if (qund_duty_open(r, group, t))
            qund_duty_holders(r, group, role, t, out);
        return;
    }
    on = add_shift(r, p, group, role, day, minute, out);
    on = add_shift(r, p, group, role, day - 1, minute + 1440, out) || on;
    out->how = out->n ? QUND_DUTY_SHIFT : QUND_DUTY_NOBODY;
    if (!on || out->n)
        return;
    if (p->on_call)
        add_person(r, out, p->on_call, day);
    if (!out->n)
        add_holders(r, group, QUND_STR("leader"), day, out);
    if (out->n)
        out->how = QUND_DUTY_ON_CALL;
}

/* --- duty time --- */

struct span {
    int64_t from, to;
};

static int64_t instant(const struct qund_zone *z, int64_t day, int64_t minute)
{
    struct qund_civil c;
    const int64_t d = day + minute / 1440;

    /* Noon UTC of the date, so that reading the date back does not depend on the zone. */
    qund_zone_civil(z, d * QUND_DAY_MS + QUND_DAY_MS / 2, &c);
    if (qund_days_from_civil(c.year, c.month, c.day) != d)
        qund_zone_civil(z, d * QUND_DAY_MS + QUND_DAY_MS / 2 - (int64_t)c.offset_s * 1000, &c);
    c.hour = (int)(minute % 1440 / 60);
    c.minute = (int)(minute % 60);
    c.second = c.ms = 0;
    return qund_zone_utc(z, &c);
}

/* The open spans of one date in order of their beginning; overlapping ones may follow each other.
 */
static size_t day_spans(const struct qund_roster *r, const struct roster_plan *p,
                        const struct qund_zone *z, int64_t day, struct span v[SPANS_MAX])
{
    struct day_shifts it = day_shifts(r, p, day);
    const struct roster_shift *s;
    size_t n = 0;

    while ((s = next_shift(&it)) && n < SPANS_MAX) {
        struct span x = {instant(z, day, s->from_min), instant(z, day, s->to_min)};
        size_t i = n++;

        for (; i > 0 && v[i - 1].from > x.from; i--)
            v[i] = v[i - 1];
        v[i] = x;
    }
    return n;
}

bool qund_duty_open(const struct qund_roster *r, int64_t group, int64_t t)
{
    const struct roster_plan *p = pick(r, group, QUND_STR_NONE);
    const struct qund_zone *z = qund_roster_zone(r, group);
    int64_t day = local_day(z, t, NULL);
    struct span v[SPANS_MAX];

    if (!p)
        return true;
    for (int64_t d = day - 1; d <= day; d++) {
        size_t n = day_spans(r, p, z, d, v);

        for (size_t i = 0; i < n; i++)
            if (t >= v[i].from && t < v[i].to)
                return true;
    }
    return false;
}

/* Walks the union of open spans from `from` on. Ends when `want` ms have run (*at: when) or at
 * `to`. Returns how many ms ran. */
static int64_t run_clock(const struct qund_roster *r, int64_t group, int64_t from, int64_t to,
                         int64_t want, int64_t *at)
{
    const struct roster_plan *p = pick(r, group, QUND_STR_NONE);
    const struct qund_zone *z = qund_roster_zone(r, group);
    int64_t ran = 0, cursor = from, day = local_day(z, from, NULL) - 1;
    struct span v[SPANS_MAX];

    for (int64_t d = day; d <= day + LOOK_DAYS && cursor < to; d++) {
        size_t n = day_spans(r, p, z, d, v);

        for (size_t i = 0; i < n; i++) {
            int64_t start = v[i].from > cursor ? v[i].from : cursor;
            int64_t end = v[i].to < to ? v[i].to : to;

            if (end <= start)
                continue;
            if (ran + (end - start) >= want) {
                *at = start + (want - ran);
                return want;
            }
            ran += end - start;
            cursor = end;
        }
        if (n && v[0].from >= to)
            break;
    }
    return ran;
}

int64_t qund_duty_between(const struct qund_roster *r, int64_t group, int64_t from, int64_t to)
{
    int64_t at;

    if (to <= from)
        return 0;
    if (!pick(r, group, QUND_STR_NONE))
        return to - from;
    return run_clock(r, group, from, to, INT64_MAX, &at);
}

int64_t qund_duty_after(const struct qund_roster *r, int64_t group, int64_t t, int64_t duty_ms)
{
    int64_t at = -1;

    if (duty_ms <= 0)
        return t;
    if (!pick(r, group, QUND_STR_NONE))
        return t + duty_ms;
    run_clock(r, group, t, INT64_MAX, duty_ms, &at);
    return at;
}

int64_t qund_duty_next(const struct qund_roster *r, int64_t group, struct qund_str role, int64_t t)
{
    const struct roster_plan *p = pick(r, group, role);
    const struct qund_zone *z = qund_roster_zone(r, group);
    int64_t day = local_day(z, t, NULL);
    struct span v[SPANS_MAX];
    struct qund_duty duty;

    qund_duty_at(r, group, role, t, &duty);
    if (duty.n)
        return t;
    if (!p)
        p = pick(r, group, QUND_STR_NONE);
    for (int64_t d = day; p && d <= day + NEXT_DAYS; d++) {
        size_t n = day_spans(r, p, z, d, v);

        for (size_t i = 0; i < n; i++) {
            if (v[i].from < t)
                continue;
            qund_duty_at(r, group, role, v[i].from, &duty);
            if (duty.n)
                return v[i].from;
        }
    }
    return -1;
}
