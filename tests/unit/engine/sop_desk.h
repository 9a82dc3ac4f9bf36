/* sop_desk.h - a desk with one running plan whose tasks a test writes itself: what PLAN's commands
 * would make of a template, without their calendar. For tests of tasks. */
#ifndef QUND_TEST_SOP_DESK_H
#define QUND_TEST_SOP_DESK_H
#include "desk.h"

enum { MIN = 60000, HOUR = 3600000 };
/* Stored numbers (sop/task.h). */
enum { PLANNED, HELD, READY, PUSHED, SEEN, DONE, SKIPPED, EXPIRED, CANCELLED, FAILED };
enum { OPEN, HIT, MISS, VOID };

static const char SOP_CONFIG[] =
    "channels:\n"
    "  replay: {kind: replay, trust_roles: true, send_through: voice}\n"
    "targets:\n"
    "  voice: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n"
    "  lin: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n"
    "  wu: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n"
    "  zhao: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n";
static const char SOP_RULES[] =
    "rules:\n  - id: none\n    when: {any: [没有人会说的话]}\n    then: [{intent: nothing}]\n";
static const char SOP_ORG[] =
    "staff:\n"
    "  - {id: lin, name: 林, ids: [{realm: replay, id: wx-lin}], push: ['lin']}\n"
    "  - {id: zhao, name: 赵, ids: [{realm: replay, id: wx-zhao}], push: ['zhao']}\n"
    "  - {id: wu, name: 吴, ids: [{realm: replay, id: wx-wu}], push: ['wu']}\n"
    "groups:\n"
    "  - realm: replay\n    id: g1\n    manager: zhao\n    roles: {consultant: [lin, wu]}\n";

static inline void sop_sql(struct desk *d, const char *fmt, ...) QUND_PRINTF(2, 3);
static inline void sop_sql(struct desk *d, const char *fmt, ...)
{
    QUND_AUTO(qund_buf_done) struct qund_buf sql = {0};
    va_list ap;

    va_start(ap, fmt);
    qund_buf_vprintf(&sql, fmt, ap);
    va_end(ap);
    if (qund_db_exec(d->db, sql.p) < 0)
        fail_msg("%s: %s", sql.p, qund_db_error(d->db));
}

/* steps: the list under `steps:`, each line indented by two; more: further keys of the template. */
static inline struct desk *sop_desk_by(const char *config, const char *org, const char *more,
                                       const char *steps)
{
    struct desk *d = desk_new(config, SOP_RULES);
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct qund_stmt *st;

    desk_org(d, org);
    desk_say(d, "m0", "ann", "customer", "大家早");
    qund_buf_printf(&text,
                    "id: t\ntitle: 试\ngroup_type: any\nscope: group\nanchor: trigger\n"
                    "trigger: manual\n%ssteps:\n%s",
                    more, steps);
    st = qund_sql(d->db, "INSERT INTO sop_template(id, version, digest, title, body, source, at)"
                         " VALUES('t', 1, 'x', '试', :body, 'api', 0)");
    qund_bind_str(st, ":body", qund_buf_view(&text));
    assert_int_equal(qund_run(st), 0);
    sop_sql(d,
            "INSERT INTO plan(id, template, version, name, state, params, start, event, made,"
            " made_by) VALUES(1, 't', 1, '计划', 0, '{}', %lld, 0, 0, 'test');"
            "INSERT INTO plan_target(plan, grp) SELECT 1, id FROM grp WHERE pid = 'g1'",
            (long long)d->rx);
    return d;
}

static inline struct desk *sop_desk_with(const char *org, const char *more, const char *steps)
{
    return sop_desk_by(SOP_CONFIG, org, more, steps);
}

static inline struct desk *sop_desk(const char *steps)
{
    return sop_desk_with(SOP_ORG, "", steps);
}

/* A planned task of that step, due in_ms from now, for window_ms. Roles and channels are numbers of
 * sop/template.h. It counts when the engine is opened again: sop_go. */
static inline void sop_task(struct desk *d, const char *step, int64_t in_ms, int64_t window_ms,
                            int role, int channel, bool marketing, const char *content)
{
    sop_sql(d,
            "INSERT INTO task(plan, step, grp, state, flags, wanted, due, closes, role, channel,"
            " content) SELECT 1, '%s', id, 0, %d, %lld, %lld, %lld, %d, %d, '%s' FROM grp"
            " WHERE pid = 'g1'; INSERT INTO timer(kind, key, due, class) SELECT 'task.due',"
            " CAST(max(id) AS TEXT), %lld, 0 FROM task",
            step, marketing ? 4 : 0, (long long)(d->rx + in_ms), (long long)(d->rx + in_ms),
            (long long)(d->rx + in_ms + window_ms), role, channel, content,
            (long long)(d->rx + in_ms));
}

/* The engine knows of timers it set itself; those of a test it finds when it is opened. */
static inline void sop_go(struct desk *d)
{
    desk_close_store(d);
    desk_open_store(d);
}

static inline int64_t sop_state(struct desk *d, int id)
{
    char sql[80];

    snprintf(sql, sizeof(sql), "SELECT state FROM task WHERE id = %d", id);
    return desk_int(d, sql);
}

static inline int64_t sop_outcome(struct desk *d, int id)
{
    char sql[80];

    snprintf(sql, sizeof(sql), "SELECT outcome FROM expectation WHERE task = %d", id);
    return desk_int(d, sql);
}

static inline void sop_reason(struct desk *d, int id, const char *want)
{
    char sql[80];
    char *got;

    snprintf(sql, sizeof(sql), "SELECT reason FROM task WHERE id = %d", id);
    got = desk_text(d, sql);
    assert_string_equal(got, want);
    qund_free(got);
}

static inline int64_t sop_count(struct desk *d, const char *from)
{
    char sql[300];

    snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", from);
    return desk_int(d, sql);
}

/* A word of somebody known by his platform id, in g1 or (group NULL) to us alone. */
static inline void sop_word(struct desk *d, const char *id, const char *who, const char *group,
                            const char *text)
{
    QUND_AUTO(qund_buf_done) struct qund_buf json = {0};

    qund_buf_printf(&json, "{\"id\":\"%s\",\"ts\":%lld,\"sender\":\"%s\",\"account\":\"bot\",", id,
                    (long long)d->rx + 1, who);
    if (group)
        qund_buf_printf(&json, "\"group\":\"%s\",", group);
    qund_buf_printf(&json, "\"text\":\"%s\"}", text);
    desk_event(d, json.p);
}
#endif
