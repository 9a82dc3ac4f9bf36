/* tests/support/desk.h - an engine on a fresh store, fed by hand: events as JSON lines, ticks,
 * commands. What a test reads back it reads with SQL, from the same handle. */
#ifndef QUND_TEST_DESK_H
#define QUND_TEST_DESK_H
#include "unit.h"

#include "config/config.h"
#include "core/file.h"
#include "crm/org.h"
#include "engine/engine.h"
#include "event/event.h"
#include "rule/rule.h"
#include "store/db.h"
#include "store/inhand.h"
#include "text/fold.h"

struct desk {
    char *dir;
    const struct qund_fold *fold;
    struct qund_config *config;
    struct qund_rules *rules;
    struct qund_db *db;
    struct qund_engine *engine;
    uint64_t next_id;
    int64_t rx;
    struct qund_out_items sent;
    struct qund_metrics *metrics;
    struct qund_buf feed;         /* the lines shown to who watches */
    struct qund_inhand_left left; /* what the last life left; alive_ms 0: nothing */
    int busy_ms;                  /* how long somebody else in the store is waited for; 0: 20 */
    const struct qund_search_words *words; /* NULL: messages are not indexed */
};

static inline void desk_show(void *arg, struct qund_str json)
{
    struct desk *d = arg;

    qund_buf_str(&d->feed, json);
    qund_buf_char(&d->feed, '\n');
}

/* config, rules: YAML texts. */
static inline void desk_open_store(struct desk *d)
{
    struct qund_err err = {0};
    char path[512];

    snprintf(path, sizeof(path), "%s/qund.db", d->dir);
    if (qund_db_open(&(struct qund_db_cfg){.path = path, .busy_ms = d->busy_ms ? d->busy_ms : 20},
                     QUND_DB_WRITE, NULL, &d->db, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    if (qund_engine_open(&(struct qund_engine_deps){.db = d->db,
                                                    .fold = d->fold,
                                                    .config = d->config,
                                                    .rules = d->rules,
                                                    .words = d->words,
                                                    .metrics = d->metrics,
                                                    .left = &d->left,
                                                    .opened_ms = d->rx,
                                                    .feed = desk_show,
                                                    .feed_arg = d,
                                                    .outbox = true},
                         &d->engine, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
}

static inline void desk_close_store(struct desk *d)
{
    d->engine = qund_engine_close(d->engine);
    d->db = qund_db_close(d->db);
}

static inline struct qund_config *desk_config(const char *text)
{
    struct qund_config *config = NULL;
    struct qund_errs errs;

    qund_errs_init(&errs, 8);
    if (qund_config_parse("test.yaml", NULL, qund_str(text), &config, &errs) < 0)
        fail_msg("%s: %s", errs.v[0].where, errs.v[0].text);
    qund_errs_done(&errs);
    return config;
}

static inline struct qund_rules *desk_rules(const struct qund_fold *fold, const char *text)
{
    struct qund_rules_source src = {.name = "rules.yaml", .text = qund_str(text)};
    struct qund_rules *rules = NULL;
    struct qund_errs errs;

    qund_errs_init(&errs, 8);
    if (qund_rules_parse(&src, 1, &(struct qund_rules_opts){.fold = fold}, &rules, &errs) < 0)
        fail_msg("%s: %s", errs.v[0].where, errs.v[0].text);
    qund_errs_done(&errs);
    return rules;
}

/* A desk on an empty store whose engine is not open yet: rules may be set first. */
static inline struct desk *desk_bare(const char *config)
{
    struct desk *d = qund_alloc(sizeof(*d));

    d->dir = unit_tmpdir();
    d->next_id = 1;
    d->rx = 1757894400000; /* 2025-09-15T00:00:00Z */
    d->fold = qund_fold_tables();
    d->config = desk_config(config);
    d->metrics = qund_metrics_new();
    return d;
}

static inline struct desk *desk_new(const char *config, const char *rules)
{
    struct desk *d = desk_bare(config);

    d->rules = desk_rules(d->fold, rules);
    desk_open_store(d);
    return d;
}

static inline void desk_free(struct desk *d)
{
    desk_close_store(d);
    qund_out_items_done(&d->sent);
    qund_rules_unref(d->rules);
    qund_config_unref(d->config);
    qund_metrics_free(d->metrics);
    qund_buf_done(&d->feed);
    qund_ignore(qund_dir_remove(d->dir, NULL)); /* a left-over folder in /tmp fails no test */
    free(d->dir);
    qund_free(d);
}

/* One event as it would lie in the stream; *body is the caller's. Its rx is its ts unless late_ms.
 */
static inline void desk_pack(struct desk *d, const char *json, int64_t rx, struct qund_buf *body)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(65536);
    struct qund_err err = {0};
    struct qund_event ev;
    struct qund_buf packed = {0};

    if (qund_event_decode(&(struct qund_event_ctx){.cfg = d->config,
                                                   .rx = rx,
                                                   .default_channel = QUND_STR("replay"),
                                                   .short_form = true},
                          qund_str(json), 0, arena, &ev, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    qund_event_pack(&ev, &packed);
    qund_entry_put(body, qund_buf_view(&packed), NULL);
    qund_buf_done(&packed);
}

static inline int desk_apply(struct desk *d, struct qund_item *items, size_t n)
{
    return qund_engine_apply(d->engine, items, n, &d->sent);
}

/* One event in a batch of its own; rx moves on by 1 ms. */
static inline int desk_event_rc(struct desk *d, const char *json)
{
    struct qund_buf body = {0};
    struct qund_item it = {.kind = QUND_ITEM_EVENT, .rx = ++d->rx, .id = {d->next_id++, 0}};
    int rc;

    desk_pack(d, json, d->rx, &body);
    it.body = qund_buf_view(&body);
    rc = desk_apply(d, &it, 1);
    qund_buf_done(&body);
    return rc;
}

static inline void desk_event(struct desk *d, const char *json)
{
    assert_int_equal(desk_event_rc(d, json), 0);
}

/* A text of sender in group "g1" at rx. */
static inline void desk_say(struct desk *d, const char *id, const char *sender, const char *role,
                            const char *text)
{
    struct qund_buf json = {0};

    qund_buf_printf(&json,
                    "{\"id\":\"%s\",\"ts\":%lld,\"group\":\"g1\",\"sender\":\"%s\","
                    "\"sender_name\":\"%s\",\"sender_role\":\"%s\",\"text\":\"%s\"}",
                    id, (long long)d->rx + 1, sender, sender, role, text);
    desk_event(d, json.p);
    qund_buf_done(&json);
}

/* Time passes, everything before it has arrived. */
static inline void desk_wait(struct desk *d, int64_t ms)
{
    d->rx += ms;
    assert_int_equal(desk_apply(d,
                                (struct qund_item[]){{.kind = QUND_ITEM_TICK, .rx = d->rx},
                                                     {.kind = QUND_ITEM_FLOOR, .rx = d->rx}},
                                2),
                     0);
}

static inline void desk_answered(struct qund_command *c, void *arg)
{
    int *rc = arg;

    *rc = c->rc;
    qund_command_free(c);
}

/* The command's answer; its reply is dropped. */
static inline int desk_command(struct desk *d, const char *name, const char *body)
{
    struct qund_command *c = qund_command_new(name, qund_str(body), "test");
    struct qund_item it = {.kind = QUND_ITEM_COMMAND, .rx = ++d->rx, .cmd = c};
    int rc = QUND_E_BUG;

    c->done = desk_answered;
    c->done_arg = &rc;
    assert_int_equal(desk_apply(d, &it, 1), 0);
    return rc;
}

static inline void desk_drop_org(void *org)
{
    qund_org_free(org);
}

/* The organisation, as config/org.yaml would say it. Its realm is "replay". */
static inline void desk_org(struct desk *d, const char *yaml)
{
    struct qund_command *c = qund_command_new("org.apply", QUND_STR("{}"), "test");
    struct qund_item it = {.kind = QUND_ITEM_COMMAND, .rx = ++d->rx, .cmd = c};
    struct qund_org *org = NULL;
    struct qund_errs errs;
    int rc = QUND_E_BUG;

    qund_errs_init(&errs, 8);
    if (qund_org_parse("org.yaml", qund_str(yaml), &org, &errs) < 0)
        fail_msg("%s: %s", errs.v[0].where, errs.v[0].text);
    qund_errs_done(&errs);
    c->attach = org;
    c->attach_free = desk_drop_org;
    c->done = desk_answered;
    c->done_arg = &rc;
    assert_int_equal(desk_apply(d, &it, 1), 0);
    assert_int_equal(rc, 0);
}

/* A command for a batch of the caller's; *rc gets its answer. */
static inline struct qund_item desk_command_item(struct desk *d, const char *name, const char *body,
                                                 int *rc)
{
    struct qund_command *c = qund_command_new(name, qund_str(body), "test");

    *rc = QUND_E_BUG;
    c->done = desk_answered;
    c->done_arg = rc;
    return (struct qund_item){.kind = QUND_ITEM_COMMAND, .rx = ++d->rx, .cmd = c};
}

/* From now on the store may grow by `pages` only: the next batch that needs more finds it full.
 * < 0: as it likes. */
static inline void desk_room(struct desk *d, int64_t pages)
{
    char sql[80];
    struct qund_stmt *st = qund_sql(d->db, "PRAGMA page_count");
    int64_t have = qund_step(st) > 0 ? qund_col_int(st, 0) : 0;

    qund_stmt_reset(st);
    snprintf(sql, sizeof(sql), "PRAGMA max_page_count=%lld",
             (long long)(pages < 0 ? 1 << 30 : have + pages));
    assert_int_equal(qund_db_exec(d->db, sql), 0);
}

/* The value of a metric as /metrics shows it. */
static inline int64_t desk_metric(struct desk *d, const char *name)
{
    return qund_counter_get(qund_metric_counter(d->metrics, name, NULL, ""));
}

static inline int64_t desk_int(struct desk *d, const char *sql)
{
    struct qund_stmt *st = qund_sql(d->db, sql);
    int64_t v;

    if (!st)
        fail_msg("%s: %s", sql, qund_db_error(d->db));
    assert_int_equal(qund_step(st), 1);
    v = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return v;
}

/* The first column of the first row, owned; "" when there is none. */
static inline char *desk_text(struct desk *d, const char *sql)
{
    struct qund_stmt *st = qund_sql(d->db, sql);
    char *v;

    if (!st)
        fail_msg("%s: %s", sql, qund_db_error(d->db));
    v = qund_step(st) > 0 ? qund_str_dup(qund_col_str(st, 0)) : qund_strdup("");
    qund_stmt_reset(st);
    return v;
}
#endif
