/* tests/unit/sop/plan_unit.h - plans on a real store: people, groups and staff of a small estate, a
 * clock that a test moves, and the timers that run by it. */
#ifndef QUND_TEST_PLAN_UNIT_H
#define QUND_TEST_PLAN_UNIT_H
#include "unit.h"
/* After cmocka. */
#include "config/config.h"
#include "core/file.h"
#include "core/json.h"
#include "crm/crm.h"
#include "crm/org.h"
#include "crm/roster.h"
#include "outbox/outbox.h"
#include "sop/plan.h"
#include "sop/task.h"
#include "sop/task_work.h"
#include "sop/templates.h"
#include "sop/trigger.h"
#include "store/db.h"
#include "store/month.h"
#include "store/timers.h"
#include "text/fold.h"

#define MONDAY INT64_C(1757894400000) /* 2025-09-15 08:00 in Shanghai */
#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* lin is consultant and expert, zhao the manager, boss the leader; nobody else is anything. g3 is
 * of staff. */
static const char BENCH_ORG[] =
    "staff:\n"
    "  - {id: lin, name: 林, push: [lin]}\n"
    "  - {id: zhao, name: 赵, push: [zhao]}\n"
    "  - {id: boss, name: 总, push: [boss]}\n"
    "groups:\n"
    "  - {realm: wx, id: g1, name: 一期群, type: home, tags: [预热], manager: zhao,\n"
    "     roles: {consultant: [lin], expert: [lin], leader: [boss]}}\n"
    "  - {realm: wx, id: g2, name: 二期群, type: home, tags: [预热], manager: zhao,\n"
    "     roles: {consultant: [lin], leader: [boss]}}\n"
    "  - {realm: own, id: g3, name: 内部群, type: other, internal: true}\n";
static const char BENCH_CONFIG[] =
    "channels:\n"
    "  own: {kind: api, send_through: desk}\n"
    "  wx: {kind: api}\n"
    "targets:\n"
    "  lin: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n"
    "  zhao: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n"
    "  boss: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n"
    "  desk: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n";

struct bench {
    char *dir, *path;
    struct qund_db *db;
    struct qund_crm *crm;
    struct qund_timers *timers;
    struct qund_outbox *outbox;
    struct qund_months *months;
    struct qund_config *config;
    struct qund_holidays *holidays;
    struct qund_zone *zone;
    struct qund_roster *roster;
    struct qund_sop *sop;
    struct qund_arena *arena;
    struct qund_sop_effects fx; /* of the last step */
    struct qund_buf reply;      /* of the last command, NUL-terminated */
    struct qund_err err;
    int64_t now;
};

static inline void bench_die(const struct qund_errs *errs)
{
    fail_msg("%s: %s", errs->v[0].where, errs->v[0].text);
}

static inline void bench_roster(struct bench *b)
{
    struct qund_roster *next = NULL;
    struct qund_err err = {0};

    if (qund_roster_load(b->db, b->zone, NULL, b->holidays, &next, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    qund_sop_roster(b->sop, next);
    qund_roster_free(b->roster);
    b->roster = next;
}

static inline void bench_org(struct bench *b, const char *yaml)
{
    struct qund_org *org = NULL;
    struct qund_errs errs;
    struct qund_err err = {0};

    qund_errs_init(&errs, 8);
    if (qund_org_parse("org.yaml", qund_str(yaml), &org, &errs) < 0)
        bench_die(&errs);
    qund_errs_done(&errs);
    if (qund_org_apply(b->crm, org, b->now, NULL, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    qund_org_free(org);
    bench_roster(b);
}

static inline struct bench *bench_new(const char *config)
{
    struct bench *b = qund_alloc(sizeof(*b));
    struct qund_errs errs;
    struct qund_err err = {0};

    b->dir = unit_tmpdir();
    b->path = qund_path_join(b->dir, "qund.db");
    b->now = MONDAY;
    qund_errs_init(&errs, 8);
    if (qund_config_parse("test.yaml", NULL, qund_str(config), &b->config, &errs) < 0)
        bench_die(&errs);
    qund_errs_done(&errs);
    if (qund_db_open(&(struct qund_db_cfg){.path = b->path, .busy_ms = 100}, QUND_DB_WRITE, NULL,
                     &b->db, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    assert_int_equal(qund_crm_open(b->db, &(struct qund_crm_cfg){0}, NULL, &b->crm, &err), 0);
    assert_int_equal(qund_zone_load(NULL, "Asia/Shanghai", &b->zone, &err), 0);
    b->timers = qund_timers_new(b->db);
    b->outbox = qund_outbox_new(b->db, b->timers);
    b->months = qund_months_new(b->db);
    b->arena = qund_arena_new(65536);
    b->sop = qund_sop_new(&(struct qund_sop_deps){.db = b->db,
                                                  .timers = b->timers,
                                                  .outbox = b->outbox,
                                                  .crm = b->crm,
                                                  .months = b->months,
                                                  .config = b->config,
                                                  .fold = qund_fold_tables()});
    assert_int_equal(qund_db_begin(b->db), 0);
    bench_org(b, BENCH_ORG);
    return b;
}

static inline void bench_free(struct bench *b)
{
    qund_sop_free(b->sop);
    qund_months_free(b->months);
    qund_outbox_free(b->outbox);
    qund_timers_free(b->timers);
    qund_crm_close(b->crm);
    qund_db_rollback(b->db);
    qund_db_close(b->db);
    qund_roster_free(b->roster);
    qund_zone_free(b->zone);
    qund_holidays_free(b->holidays);
    qund_config_unref(b->config);
    qund_arena_free(b->arena);
    qund_buf_done(&b->reply);
    assert_int_equal(qund_dir_remove(b->dir, NULL), 0);
    qund_free(b->path);
    free(b->dir);
    qund_free(b);
}

static inline int bench_setup(void **state)
{
    *state = bench_new(BENCH_CONFIG);
    return 0;
}

static inline int bench_teardown(void **state)
{
    bench_free(*state);
    return 0;
}

/* Before a step: what the last one asked for is done with. */
static inline void bench_step(struct bench *b)
{
    assert_int_equal(qund_crm_flush(b->crm), 0);
    qund_arena_reset(b->arena);
    b->fx = (struct qund_sop_effects){.arena = b->arena};
}

/* --- commands --- */

static inline void bench_is_json(const struct qund_buf *text)
{
    struct qund_arena *arena = qund_arena_new(4096);
    struct qund_jr r;

    qund_jr_init(&r, qund_buf_view(text), arena, 32);
    if (qund_jr_skip(&r, NULL) < 0 || qund_jr_end(&r) < 0)
        fail_msg("%s at byte %zu of %.*s", r.why, r.at, (int)text->n, text->p);
    qund_arena_free(arena);
}

static inline int bench_try(struct bench *b, const char *name, const char *body)
{
    struct qund_plan_ask ask = {
        .name = name, .body = qund_str(body), .by = QUND_STR("token:1"), .now = b->now};
    int rc;

    bench_step(b);
    qund_buf_clear(&b->reply);
    b->err = (struct qund_err){0};
    rc = qund_plan_command(b->sop, &ask, &b->fx, &b->reply, &b->err);
    if (b->reply.n > 0)
        bench_is_json(&b->reply);
    qund_buf_puts(&b->reply, "");
    return rc;
}

static inline void bench_do(struct bench *b, const char *name, const char *body)
{
    if (bench_try(b, name, body) < 0)
        fail_msg("%s %s: %s: %s", name, body, b->err.where, b->err.text);
}

static inline void bench_refused(struct bench *b, const char *name, const char *body,
                                 const char *where, const char *text)
{
    if (bench_try(b, name, body) >= 0)
        fail_msg("%s %s was not refused: %s", name, body, b->reply.p);
    if (strcmp(b->err.where, where) != 0 || !strstr(b->err.text, text))
        fail_msg("%s %s: '%s: %s' and not '%s: …%s…'", name, body, b->err.where, b->err.text, where,
                 text);
}

static inline void bench_says(struct bench *b, const char *part)
{
    if (!b->reply.p || !strstr(b->reply.p, part))
        fail_msg("'%s' is not in %s", part, b->reply.p ? b->reply.p : "");
}

static inline int bench_put(struct bench *b, const char *yaml)
{
    struct qund_buf body = {0};
    struct qund_jw w = qund_jw(&body);
    int rc;

    qund_jw_obj(&w);
    qund_jw_kstr(&w, "text", qund_str(yaml));
    qund_jw_end_obj(&w);
    rc = bench_try(b, "template.put", body.p);
    qund_buf_done(&body);
    return rc;
}

static inline void bench_template(struct bench *b, const char *yaml)
{
    if (bench_put(b, yaml) < 0)
        fail_msg("%s: %s\n%s", b->err.where, b->err.text, b->reply.p);
}

/* --- rows --- */

static inline int64_t bench_int(struct bench *b, const char *sql)
{
    struct qund_stmt *st;
    int64_t v;
    int rc;

    assert_int_equal(qund_crm_flush(b->crm), 0);
    st = qund_sql(b->db, sql);
    if (!st)
        fail_msg("%s: %s", sql, qund_db_error(b->db));
    rc = qund_step(st);
    v = rc == 1 ? qund_col_int(st, 0) : -1;
    qund_stmt_reset(st);
    return v;
}

static inline void bench_text(struct bench *b, const char *sql, const char *expected)
{
    struct qund_stmt *st = qund_sql(b->db, sql);
    struct qund_buf got = {0};

    if (!st)
        fail_msg("%s: %s", sql, qund_db_error(b->db));
    if (qund_step(st) == 1)
        qund_buf_str(&got, qund_col_str(st, 0));
    qund_stmt_reset(st);
    qund_buf_puts(&got, "");
    assert_string_equal(got.p, expected);
    qund_buf_done(&got);
}

/* --- people --- */

static inline struct qund_crm_group *bench_group(struct bench *b, const char *pid)
{
    struct qund_crm_group *g = NULL;

    assert_int_equal(
        qund_crm_group(b->crm, QUND_STR("wx"), qund_str(pid), QUND_STR_NONE, b->now, &g), 0);
    return g;
}

static inline struct qund_crm_contact *bench_person(struct bench *b, const char *pid)
{
    struct qund_crm_contact *c = NULL;

    assert_int_equal(qund_crm_contact(b->crm, QUND_STR("wx"), qund_str(pid), qund_str(pid),
                                      QUND_ROLE_NONE, b->now, &c),
                     0);
    return c;
}

static inline int64_t bench_id(struct bench *b, const char *pid)
{
    return bench_person(b, pid)->id;
}

/* What happens to somebody in g1 (group NULL: nowhere), told to the plans. */
static inline void bench_event(struct bench *b, enum qund_sop_what what, const char *pid,
                               const char *group, const char *name)
{
    struct qund_sop_event ev = {.what = what,
                                .group = group ? bench_group(b, group)->id : 0,
                                .contact = bench_id(b, pid),
                                .ts = b->now,
                                .name = qund_str(what == QUND_SOP_SAID ? NULL : name),
                                .text = qund_str(what == QUND_SOP_SAID ? name : NULL)};

    bench_step(b);
    assert_int_equal(qund_sop_hear(b->sop, &ev, b->now, &b->fx), 0);
}

static inline void bench_join(struct bench *b, const char *pid, const char *group)
{
    assert_true(qund_crm_member_join(b->crm, bench_group(b, group), bench_person(b, pid),
                                     qund_str(pid), b->now) >= 0);
    bench_event(b, QUND_SOP_JOINED, pid, group, NULL);
}

static inline void bench_leave(struct bench *b, const char *pid, const char *group)
{
    assert_true(
        qund_crm_member_leave(b->crm, bench_group(b, group), bench_person(b, pid), b->now) >= 0);
    bench_event(b, QUND_SOP_GONE, pid, group, NULL);
}

static inline void bench_tag(struct bench *b, const char *pid, const char *tag)
{
    assert_true(qund_crm_tag_add(b->crm, bench_person(b, pid),
                                 &(struct qund_crm_tag){.name = qund_str(tag), .at = b->now}) >= 0);
    bench_event(b, QUND_SOP_TAGGED, pid, NULL, tag);
}

/* --- time --- */

static inline int bench_timer(struct bench *b, const struct qund_timer *t)
{
    struct qund_task_at at = {.now = b->now, .reach = b->now};

    if (qund_str_is(t->kind, QUND_PLAN_SWEEP))
        return qund_plan_sweep(b->sop, b->now, &b->fx);
    if (qund_str_int(t->key, &at.task) < 0)
        return 0; /* of the outbox */
    if (qund_str_is(t->kind, QUND_PLAN_BEGIN))
        return qund_plan_begin(b->sop, at.task, t->body, b->now, &b->fx);
    if (qund_str_is(t->kind, QUND_TASK_DUE))
        return qund_task_due(b->sop, &at, &b->fx);
    if (qund_str_is(t->kind, QUND_TASK_CLOSE))
        return qund_task_close(b->sop, &at, &b->fx);
    if (qund_str_is(t->kind, QUND_EXPECT_CLOSE))
        return qund_expect_close(b->sop, &at, &b->fx);
    return 0;
}

/* Everything that is due until then, in order; judges as if nothing came late. */
static inline void bench_until(struct bench *b, int64_t until)
{
    struct qund_arena *arena = qund_arena_new(4096);
    struct qund_timer t;
    int64_t at, judge;

    for (int i = 0; i < 100000; i++) {
        enum qund_timer_class class = QUND_TIMER_AT;
        int rc = qund_timers_next(b->timers, QUND_TIMER_AT, &at);
        int rc_judge = qund_timers_next(b->timers, QUND_TIMER_JUDGE, &judge);

        assert_true(rc >= 0 && rc_judge >= 0);
        if (rc == 0 || (rc_judge == 1 && judge < at)) {
            class = QUND_TIMER_JUDGE;
            rc = rc_judge;
            at = judge;
        }
        if (rc == 0 || at > until)
            break;
        qund_arena_reset(arena);
        assert_int_equal(qund_timers_take(b->timers, class, until, arena, &t), 1);
        if (at > b->now)
            b->now = at;
        bench_step(b);
        assert_int_equal(bench_timer(b, &t), 0);
    }
    b->now = until;
    qund_arena_free(arena);
}

static inline void bench_wait(struct bench *b, int64_t ms)
{
    bench_until(b, b->now + ms);
}

/* A person says that the task is done. */
static inline void bench_done(struct bench *b, int64_t task)
{
    struct qund_err err = {0};

    bench_step(b);
    if (qund_task_move(b->sop, task,
                       &(struct qund_task_change){
                           .event = QUND_TASK_EV_CLAIM, .by = QUND_STR("staff:1"), .now = b->now},
                       &b->fx, &err) < 0)
        fail_msg("task %lld: %s: %s", (long long)task, err.where, err.text);
}
#endif
