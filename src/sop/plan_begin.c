/* src/sop/plan_begin.c - the moment at which a plan for persons begins, and the hourly round.
 *
 * A plan that names persons, or is for all who are in its groups, begins for each of them when its
 * start has come; a template that waits for something begins by that (trigger.c). Thousands of runs
 * with ten tasks each are not made in one step: the timer that begins them goes on where it
 * stopped, some hundred at a time, and carries those who are left in its body. */
#include "sop/internal.h"

#define AT_ONCE 200 /* runs begun in one step */
#define PAUSED_MS QUND_HOUR_MS

static int set_timer(struct qund_sop *s, int64_t plan, int64_t due, struct qund_str body)
{
    char key[24];

    return qund_timers_set(s->deps.timers, &(struct qund_timer){.class = QUND_TIMER_AT,
                                                                .due = due,
                                                                .kind = QUND_STR(QUND_PLAN_BEGIN),
                                                                .key = qund_timer_key(plan, key),
                                                                .body = body});
}

static void put_people(struct qund_buf *body, const int64_t *contacts, size_t n)
{
    struct qund_jw w = qund_jw(body);

    qund_jw_arr(&w);
    for (size_t i = 0; i < n; i++)
        qund_jw_int(&w, contacts[i]);
    qund_jw_end_arr(&w);
}

int qund_plan_begin_timer(struct qund_sop *s, const struct qund_plan *plan, const int64_t *contacts,
                          size_t n)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};

    if (n > 0)
        put_people(&body, contacts, n);
    return set_timer(s, plan->id, plan->start, n > 0 ? qund_buf_view(&body) : QUND_STR_NONE);
}

int qund_plan_meets(struct qund_sop *s, struct qund_arena *arena, int64_t plan, int64_t contact,
                    int64_t *grp)
{
    int64_t *grps;
    size_t n;
    bool in;
    int rc = qund_plan_sql_targets(s->deps.db, arena, plan, &grps, &n);

    *grp = rc == 0 && n > 0 ? grps[0] : 0;
    if (rc < 0 || *grp == 0)
        return rc < 0 ? rc : 1;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = qund_place_sql_member(s->deps.db, grps[i], contact, &in);
        if (rc == 0 && in) {
            *grp = grps[i];
            return 1;
        }
    }
    return rc;
}

struct beginning {
    struct qund_sop *s;
    const struct qund_plan *plan;
    const struct qund_sop_template *t;
    int64_t now;
    struct qund_sop_effects *fx;
    int64_t left[SOP_CONTACTS_MAX];
    size_t done, n_left;
};

static int begin_one(struct beginning *b, int64_t contact, int64_t grp)
{
    b->done++;
    return qund_run_begin(b->s, b->plan, b->t, contact, grp, b->now, b->fx);
}

static int named(void *arg, struct qund_str key, struct qund_str raw)
{
    struct beginning *b = arg;
    int64_t contact = 0, grp;
    int rc = qund_str_int(raw, &contact);

    (void)key;
    if (rc < 0)
        return rc;
    if (b->done >= AT_ONCE) {
        if (b->n_left < SOP_CONTACTS_MAX)
            b->left[b->n_left++] = contact;
        return 0;
    }
    rc = qund_plan_meets(b->s, b->fx->arena, b->plan->id, contact, &grp);
    return rc < 0 ? rc : begin_one(b, contact, grp);
}

static int begin_named(struct beginning *b, struct qund_str body)
{
    QUND_AUTO(qund_buf_done) struct qund_buf rest = {0};
    int rc = qund_sop_body_each(b->fx->arena, body, "", named, b, NULL);

    if (rc < 0 || b->n_left == 0)
        return rc;
    put_people(&rest, b->left, b->n_left);
    return set_timer(b->s, b->plan->id, b->now, qund_buf_view(&rest));
}

/* body: "<group>:<contact>", where it stopped. */
static int begin_members(struct beginning *b, struct qund_str body)
{
    struct qund_str rest = body;
    int64_t at = 0, after = 0, *grps, ids[AT_ONCE];
    char next[64];
    size_t n;
    int got, rc;

    if (body.n > 0 &&
        (qund_str_int(qund_str_split(&rest, ':'), &at) < 0 || qund_str_int(rest, &after) < 0))
        return QUND_E_INVAL;
    rc = qund_plan_sql_targets(b->s->deps.db, b->fx->arena, b->plan->id, &grps, &n);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (grps[i] < at || grps[i] == 0)
            continue;
        if (grps[i] > at)
            after = 0;
        got = qund_place_sql_members(b->s->deps.db, grps[i], after, ids, AT_ONCE - b->done);
        for (int k = 0; rc == 0 && k < got; k++)
            rc = begin_one(b, ids[k], grps[i]);
        if (got < 0)
            return got;
        if (rc == 0 && b->done >= AT_ONCE) {
            snprintf(next, sizeof(next), "%lld:%lld", (long long)grps[i], (long long)ids[got - 1]);
            return set_timer(b->s, b->plan->id, b->now, qund_str(next));
        }
    }
    return rc;
}

int qund_plan_begin(struct qund_sop *s, int64_t id, struct qund_str body, int64_t now,
                    struct qund_sop_effects *fx)
{
    QUND_AUTO(qund_free) void *hold = qund_alloc(sizeof(struct beginning));
    struct beginning *b = hold;
    struct qund_plan plan;
    int rc;

    qund_sop_kept_rest(s->kept);
    rc = qund_plan_get(s, fx->arena, id, &plan);
    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    if (plan.state >= QUND_PLAN_FINISHED)
        return 0;
    if (plan.state == QUND_PLAN_PAUSED)
        return set_timer(s, id, now + PAUSED_MS, body);
    *b = (struct beginning){.s = s, .plan = &plan, .now = now, .fx = fx};
    b->t = qund_plan_template(s, plan.template, plan.version, &rc);
    if (!b->t)
        return rc;
    qund_sop_ears_void(s->ears); /* it listens from now on */
    if (!qund_sop_personal(b->t))
        return 0;
    if (body.n > 0 && body.p[0] == '[')
        return begin_named(b, body);
    return qund_sop_listening(b->t) ? 0 : begin_members(b, body);
}

/* --- once an hour --- */

#define SWEPT_MAX 500 /* runs begun by one round in one group; the rest an hour later */

static int64_t next_hour(int64_t now)
{
    return (now / QUND_HOUR_MS + 1) * QUND_HOUR_MS;
}

int qund_plan_sweep_timer(struct qund_sop *s, int64_t now)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(256);
    struct qund_timer t;
    int rc = qund_timers_get(s->deps.timers, QUND_STR(QUND_PLAN_SWEEP), QUND_STR(""), arena, &t);

    if (rc != 0)
        return rc < 0 ? rc : 0;
    return qund_timers_set(s->deps.timers, &(struct qund_timer){.class = QUND_TIMER_AT,
                                                                .due = next_hour(now),
                                                                .kind = QUND_STR(QUND_PLAN_SWEEP),
                                                                .key = QUND_STR("")});
}

/* Those born on the 29th of February have their day on the 28th where there is no other. */
static size_t birthdays(const struct qund_zone *z, int64_t now, char out[2][8])
{
    struct qund_civil c;
    int y, m, d;

    qund_zone_civil(z, now, &c);
    snprintf(out[0], 8, "%02d-%02d", c.month % 100, c.day % 100);
    if (c.month != 2 || c.day != 28)
        return 1;
    qund_civil_from_days(qund_days_from_civil(c.year, 2, 28) + 1, &y, &m, &d);
    snprintf(out[1], 8, "02-29");
    return m == 3 ? 2 : 1;
}

static int sweep_birthdays(struct beginning *b, int64_t grp)
{
    int64_t ids[SWEPT_MAX];
    char days[2][8];
    size_t n = birthdays(qund_sop_zone(b->s, grp), b->now, days);
    int got, rc = 0;

    for (size_t i = 0; rc == 0 && i < n; i++) {
        got = qund_sweep_sql_birthday(b->s->deps.db, grp, qund_str(days[i]), 0, ids, SWEPT_MAX);
        for (int k = 0; rc == 0 && k < got; k++)
            rc = begin_one(b, ids[k], grp);
        if (got < 0)
            return got;
    }
    return rc;
}

static int sweep_dormant(struct beginning *b, int64_t grp)
{
    int64_t ids[SWEPT_MAX];
    int got = qund_sweep_sql_dormant(b->s->deps.db, b->plan->id, grp, b->now - b->t->trigger_ms, 0,
                                     ids, SWEPT_MAX);
    int rc = got < 0 ? got : 0;

    for (int k = 0; rc == 0 && k < got; k++)
        rc = begin_one(b, ids[k], grp);
    return rc;
}

static int sweep_plan(struct qund_sop *s, struct beginning *b, const struct qund_plan *plan,
                      int64_t now, struct qund_sop_effects *fx)
{
    int64_t *grps;
    size_t n;
    int rc;

    *b = (struct beginning){.s = s, .plan = plan, .now = now, .fx = fx};
    b->t = qund_plan_template(s, plan->template, plan->version, &rc);
    if (!b->t)
        return rc == QUND_E_INVAL ? 0 : rc; /* of an older program: shown by the plan itself */
    if (now < plan->start ||
        (b->t->trigger != QUND_SOP_DORMANT && b->t->trigger != QUND_SOP_BIRTHDAY))
        return 0;
    rc = qund_plan_sql_targets(s->deps.db, fx->arena, plan->id, &grps, &n);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = b->t->trigger == QUND_SOP_DORMANT ? sweep_dormant(b, grps[i])
                                               : sweep_birthdays(b, grps[i]);
    return rc;
}

int qund_plan_sweep(struct qund_sop *s, int64_t now, struct qund_sop_effects *fx)
{
    QUND_AUTO(qund_free) void *hold = qund_alloc(sizeof(struct beginning));
    struct qund_plan plan;
    int64_t ids[64], after = 0;
    bool any = false;
    int n, rc = 0;

    qund_sop_kept_rest(s->kept);
    do {
        n = qund_plan_sql_in_state(s->deps.db, QUND_PLAN_RUNNING, after, ids, QUND_ARRAY_LEN(ids));
        for (int i = 0; rc == 0 && i < n; i++) {
            any = true;
            after = ids[i];
            rc = qund_plan_get(s, fx->arena, ids[i], &plan);
            if (rc == 0)
                rc = sweep_plan(s, hold, &plan, now, fx);
            if (rc == 0)
                rc = qund_plan_look_over(s, ids[i], now, fx);
        }
    } while (rc == 0 && n == (int)QUND_ARRAY_LEN(ids));
    if (rc < 0 || n < 0)
        return rc < 0 ? rc : n;
    n = qund_plan_sql_in_state(s->deps.db, QUND_PLAN_PAUSED, 0, ids, 1);
    if (n < 0 || !(any || n > 0))
        return n < 0 ? n : 0;
    return qund_plan_sweep_timer(s, now);
}
