/* digest.c - the day of each group, told to who manages it.
 *
 * There is no timer for a digest to come: one that waits a day would give virtual time a reason to
 * run on for ever. The sweep looks once a minute whether somewhere the chosen minute has come since
 * the last look (`digest.last`, an instant); if so a run begins. A run is a timer that walks over
 * the groups, one page at a time with other work in between, and is gone when it has seen them all.
 * Hours in which the daemon was down pass like any others, only faster: a page of days ago is made
 * and is over its deadline at once, so it is shown and not sent.
 *
 * Exactly once: a push's key names group, day, person and target. A run that is begun anew after a
 * stop finds the pushes of its first half there already. */
#include "alert/digest.h"
#include "crm/people.h"
#include "engine/internal.h"

#define LAST "digest.last"
#define PAUSE_MS 50       /* between two pages */
#define LOOKED_AT_ONCE 50 /* groups nobody manages */
#define DEADLINE_MS QUND_DAY_MS

struct page {
    struct qund_engine *e;
    struct qund_digest d;
    struct qund_buf members; /* of the body, for everybody the same; no braces */
    int64_t staff;
    struct qund_buf person;
    enum qund_out_rest rest;
    const char *kind; /* of the targets that are wanted; NULL: any */
    int sent;
};

/* --- when --- */

struct planning {
    struct qund_engine *e;
    int64_t last, found;
    int rc;
};

/* The newest local instant at or before now; -1: none that is news. */
static int64_t newest(const struct qund_zone *z, int at_min, int64_t now)
{
    struct qund_digest d = {.zone = z, .days = qund_digest_day(z, now), .at_min = at_min};
    int64_t from, until;

    qund_digest_span(&d, &from, &until);
    return until <= now ? until : from;
}

static const struct qund_zone *zone_named(struct qund_engine *e, struct qund_str name,
                                          struct qund_zone **own)
{
    QUND_AUTO(qund_free_str) char *z = qund_str_dup(name);

    return name.n > 0 && qund_zone_load(NULL, z, own, NULL) == 0 ? *own : e->zone;
}

static int look_at_zone(void *arg, struct qund_str name)
{
    struct planning *p = arg;
    QUND_AUTO(qund_zone_free) struct qund_zone *own = NULL;
    const struct qund_zone *z = zone_named(p->e, name, &own);
    int64_t at = newest(z, qund_digest_minute(p->e->config->digest.at), p->e->now);

    if (at > p->last && at > p->e->now - DEADLINE_MS && at < p->found)
        p->found = at;
    return 0;
}

static int begin_run(struct qund_engine *e, int64_t at)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};

    qund_buf_printf(&body, "%lld:0", (long long)at);
    return qund_timers_set(e->timers, &(struct qund_timer){.class = QUND_TIMER_AT,
                                                           .due = e->now,
                                                           .kind = QUND_STR(ENGINE_DIGEST),
                                                           .key = QUND_STR("run"),
                                                           .body = qund_buf_view(&body)});
}

int qund_digest_plan(struct qund_engine *e)
{
    struct planning p = {.e = e, .found = INT64_MAX};
    struct qund_timer running;
    int rc;

    if (!e->config->digest.at || !e->outbox)
        return 0;
    rc = qund_timers_get(e->timers, QUND_STR(ENGINE_DIGEST), QUND_STR("run"), e->arena, &running);
    if (rc != 0)
        return rc < 0 ? rc : 0; /* one at a time */
    rc = qund_meta_int(e->db, LAST, &p.last);
    if (rc == QUND_E_NOTFOUND) { /* from now on: what came since the look before this counts */
        p.last = e->now - ENGINE_SWEEP_MS;
        rc = qund_meta_set_int(e->db, LAST, p.last);
    }
    if (rc == 0)
        rc = qund_digest_sql_zones(e->db, look_at_zone, &p);
    if (rc < 0 || p.found == INT64_MAX)
        return rc;
    rc = qund_meta_set_int(e->db, LAST, p.found);
    return rc < 0 ? rc : begin_run(e, p.found);
}

/* --- to whom --- */

static int wanted(struct qund_str target, void *arg)
{
    struct page *p = arg;
    const struct qund_target_cfg *t = qund_config_target(p->e->config, target);

    /* Mail is made for a page; who has it gets it there and is left alone elsewhere. */
    if (t && strcmp(t->kind, "mail") == 0)
        p->kind = "mail";
    return 0;
}

static int send_to(struct qund_str target, void *arg)
{
    struct page *p = arg;
    const struct qund_target_cfg *t = qund_config_target(p->e->config, target);
    QUND_AUTO(qund_buf_done) struct qund_buf key = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    int64_t id;
    int rc;

    if (!t || (p->kind && strcmp(t->kind, p->kind) != 0))
        return 0;
    qund_buf_printf(&key, "digest:%lld:%lld:%lld:%.*s", (long long)p->d.grp, (long long)p->d.days,
                    (long long)p->staff, QUND_STR_ARG(target));
    qund_buf_printf(&body, "{%.*s,%.*s}", (int)p->members.n, p->members.p, (int)p->person.n,
                    p->person.p);
    rc = qund_outbox_add(p->e->outbox,
                         &(struct qund_out_new){.key = qund_buf_view(&key),
                                                .target = target,
                                                .body = qund_buf_view(&body),
                                                .rest = p->rest,
                                                .clock = p->d.grp,
                                                .person = p->staff,
                                                .deadline = p->e->now + DEADLINE_MS},
                         p->e->now, &id);
    return rc == QUND_E_EXISTS ? 0 : rc;
}

/* "person":{…} */
static int put_person(struct page *p)
{
    QUND_AUTO(qund_buf_done) struct qund_buf name = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf phone = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf ids = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf object = {0};
    struct qund_jw w = qund_jw(&object);
    int rc = qund_crm_staff_name(p->e->db, p->staff, &name);

    if (rc == 0)
        rc = qund_crm_staff_phone(p->e->db, p->staff, &phone);
    if (rc == 0)
        rc = qund_crm_staff_ids(p->e->db, p->staff, &ids);
    if (rc < 0)
        return rc;
    qund_jw_obj(&w);
    qund_jw_kint(&w, "id", p->staff);
    qund_jw_kstr(&w, "name", qund_buf_view(&name));
    if (phone.n > 0)
        qund_jw_kstr(&w, "phone", qund_buf_view(&phone));
    qund_jw_key(&w, "ids");
    qund_jw_raw(&w, qund_buf_view(&ids));
    qund_jw_end_obj(&w);
    qund_buf_clear(&p->person);
    qund_buf_printf(&p->person, "\"person\":%.*s", (int)object.n, object.p);
    return 0;
}

static int tell(struct page *p, const struct qund_duty *duty)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < duty->n; i++) {
        p->staff = duty->staff[i];
        p->kind = NULL;
        rc = put_person(p);
        if (rc == 0)
            rc = qund_crm_staff_targets(p->e->db, p->staff, wanted, p);
        if (rc == 0)
            rc = qund_crm_staff_targets(p->e->db, p->staff, send_to, p);
    }
    return rc;
}

/* 1: it was written and told. */
static int one_group(struct qund_engine *e, int64_t grp, const struct qund_zone *z, int64_t at)
{
    struct page p = {.e = e,
                     .d = {.grp = grp,
                           .days = qund_digest_day(z, at),
                           .at_min = qund_digest_minute(e->config->digest.at),
                           .zone = z,
                           .words = (int)e->config->digest.words}};
    QUND_AUTO(qund_buf_done) struct qund_buf object = {0};
    struct qund_jw w = qund_jw(&object);
    struct qund_duty duty;
    int rc;

    qund_duty_holders(e->roster, grp, QUND_STR("manager"), e->now, &duty);
    if (duty.n == 0 || newest(z, p.d.at_min, at) != at)
        return 0; /* nobody's, or it is not that time there */
    qund_jw_obj(&w);
    rc = qund_digest_write(e->db, e->months, &p.d, NULL, &w);
    qund_jw_end_obj(&w);
    if (rc > 0) {
        /* Who wants it at night gets it at night; what is late does not come then. */
        p.rest = qund_hours_until(&e->config->quiet.hours, z, e->now) > e->now ? QUND_REST_NEVER
                                                                               : QUND_REST_TIMELY;
        qund_buf_add(&p.members, object.p + 1, object.n - 2);
        rc = tell(&p, &duty);
        rc = rc < 0 ? rc : 1;
    }
    qund_buf_done(&p.members);
    qund_buf_done(&p.person);
    return rc;
}

int qund_digest_run(struct qund_engine *e, const struct qund_timer *t)
{
    QUND_AUTO(qund_buf_done) struct qund_buf zone = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    struct qund_str rest = t->body, head = qund_str_split(&rest, ':');
    int64_t at, after, grp = 0;
    int told = 0, looked = 0, rc = qund_str_int(head, &at);

    if (rc == 0)
        rc = qund_str_int(rest, &after);
    if (rc < 0 || !e->config->digest.at)
        return rc; /* switched off in the middle of a run */
    rc = qund_engine_roster(e);
    while (rc == 0 && told == 0 && looked++ < LOOKED_AT_ONCE) {
        QUND_AUTO(qund_zone_free) struct qund_zone *own = NULL;

        rc = qund_digest_sql_next(e->db, after, &grp, &zone);
        if (rc <= 0)
            return rc; /* all are seen */
        after = grp;
        told = one_group(e, grp, zone_named(e, qund_buf_view(&zone), &own), at);
        rc = told < 0 ? told : 0;
    }
    if (rc < 0)
        return rc;
    qund_buf_printf(&body, "%lld:%lld", (long long)at, (long long)after);
    return qund_timers_set(e->timers, &(struct qund_timer){.class = QUND_TIMER_AT,
                                                           .due = e->now + PAUSE_MS,
                                                           .kind = t->kind,
                                                           .key = t->key,
                                                           .body = qund_buf_view(&body)});
}
