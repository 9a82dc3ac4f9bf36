/* src/app/local.c - the same engine the daemon runs, driven from one thread. */
#include "app/local.h"
#include "app/ruleset.h"
#include "app/words.h"
#include "config/config.h"
#include "core/file.h"
#include "crm/org.h"
#include "crm/roster.h"
#include "store/db.h"
#include "store/meta.h"
#include "store/month.h"
#include "text/fold.h"
#include <unistd.h>

#define FILL_ROWS 2000

int qund_holidays_shipped(struct qund_log *log, struct qund_holidays **out)
{
    QUND_AUTO(qund_free_str) char *share = qund_share_dir();
    QUND_AUTO(qund_free_str) char *path = NULL;
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    int rc;

    *out = NULL;
    qund_errs_init(&errs, 1);
    if (!share)
        return 0;
    path = qund_path_join(share, "holidays/cn.yaml");
    if (access(path, R_OK) < 0)
        return 0;
    rc = qund_holidays_load(path, out, &errs);
    if (rc < 0 && errs.n > 0)
        qund_log(log, QUND_WARN, "holidays.refused", QUND_KV("where", errs.v[0].where),
                 QUND_KV("why", errs.v[0].text));
    return 0; /* days are plain without them */
}

static int check_new(const struct qund_local_opts *o, struct qund_err *err)
{
    QUND_AUTO(qund_free_str) char *store = qund_path_join(o->data, "qund.db");
    bool there = access(store, F_OK) == 0;

    if (there && o->is_virtual)
        return qund_err_set(err, QUND_E_EXISTS, o->data,
                            "holds a store already; virtual time needs a folder of its own");
    if (!there && o->must_exist)
        return qund_err_set(err, QUND_E_NOTFOUND, o->data,
                            "no installation here; give its data folder with --data");
    return 0;
}

int qund_local_open(const struct qund_local_opts *o, struct qund_local **out, struct qund_err *err)
{
    QUND_AUTO(qund_local_close) struct qund_local *l = qund_alloc(sizeof(*l));
    struct qund_engine_deps deps;
    bool degraded, left_wal;
    int rc = check_new(o, err);

    l->log = o->log;
    l->own_log = o->own_log;
    l->config = qund_config_ref(o->config);
    l->metrics = qund_metrics_new();
    l->next_entry = 1;
    if (rc == 0)
        rc = qund_vault_open(o->data, &l->vault, err);
    if (rc == 0)
        rc = qund_vault_key(l->vault, err);
    l->fold = qund_fold_tables();
    left_wal = rc == 0 && qund_vault_wal_there(l->vault);
    if (rc == 0)
        rc = qund_vault_store(l->vault, l->config, l->log, &l->db, err);
    if (rc == 0 && left_wal)
        qund_db_keep_wal(l->db);
    if (rc == 0 && o->is_virtual && (rc = qund_meta_set_int(l->db, "virtual", 1)) < 0)
        rc = qund_err_set(err, rc, "store", "%s", qund_db_error(l->db));
    if (rc == 0 && o->rules)
        rc = qund_ruleset_start(l->config, l->vault, l->fold, l->db, l->log, &l->rules, &degraded,
                                err);
    if (rc == 0)
        rc = qund_holidays_shipped(l->log, &l->holidays);
    if (rc < 0)
        return rc;
    l->words = qund_words_new(l->fold);
    deps = (struct qund_engine_deps){.db = l->db,
                                     .tidy_ms = o->tidy_ms,
                                     .fold = l->fold,
                                     .config = l->config,
                                     .rules = l->rules,
                                     .words = l->words,
                                     .holidays = l->holidays,
                                     .log = l->log,
                                     .metrics = l->metrics,
                                     .outbox = o->outbox,
                                     .link_key = l->vault->key,
                                     .feed = o->feed,
                                     .feed_arg = o->feed_arg};
    rc = qund_engine_open(&deps, &l->engine, err);
    if (rc < 0)
        return rc;
    l->next_entry = qund_engine_applied(l->engine).ms + 1;
    *out = QUND_TAKE(l);
    return 0;
}

int qund_local_time(struct qund_db *db, int64_t *now, struct qund_err *err)
{
    int64_t made_virtual = 0;
    int rc = qund_meta_int(db, "virtual", &made_virtual);

    *now = made_virtual ? 0 : qund_wall_system().ms;
    if (rc == 0 && made_virtual)
        rc = qund_meta_int(db, "engine_time", now);
    if (rc == 0 || rc == QUND_E_NOTFOUND) /* no event yet: time has not begun */
        return 0;
    return qund_err_set(err, rc, "store", "%s", qund_db_error(db));
}

struct qund_local *qund_local_close(struct qund_local *l)
{
    if (!l)
        return NULL;
    qund_engine_close(l->engine);
    qund_db_close(l->db);
    qund_holidays_free(l->holidays);
    qund_rules_unref(l->rules);
    qund_words_free(l->words);
    qund_config_unref(l->config);
    qund_metrics_free(l->metrics);
    qund_vault_close(l->vault);
    if (l->own_log)
        qund_log_free(l->log);
    qund_free(l);
    return NULL;
}

struct answer {
    int rc;
    struct qund_buf *reply;
    struct qund_err *err;
};

static void answered(struct qund_command *c, void *arg)
{
    struct answer *a = arg;

    a->rc = c->rc;
    if (c->rc < 0 && a->err)
        *a->err = c->err;
    if (a->reply)
        qund_buf_str(a->reply, qund_buf_view(&c->reply));
    qund_command_free(c);
}

static int apply_command(struct qund_local *l, struct qund_command *c, int64_t now,
                         struct qund_buf *reply, struct qund_err *err)
{
    struct answer a = {.rc = QUND_E_BUG, .reply = reply, .err = err};
    struct qund_item it = {.kind = QUND_ITEM_COMMAND, .rx = now, .cmd = c};
    int rc;

    c->done = answered;
    c->done_arg = &a;
    rc = qund_engine_apply(l->engine, &it, 1, NULL);
    if (rc < 0) {
        qund_command_free(it.cmd);
        return qund_err_set(err, rc, "store", "%s", qund_db_error(l->db));
    }
    return a.rc;
}

int qund_local_command(struct qund_local *l, const char *name, struct qund_str body, int64_t now,
                       struct qund_buf *reply, struct qund_err *err)
{
    return apply_command(l, qund_command_new(name, body, "cli"), now, reply, err);
}

int qund_local_attached(struct qund_local *l, const char *name, void *attach,
                        void (*attach_free)(void *), int64_t now, struct qund_buf *reply,
                        struct qund_err *err)
{
    struct qund_command *c = qund_command_new(name, QUND_STR("{}"), "cli");

    c->attach = attach;
    c->attach_free = attach_free;
    return apply_command(l, c, now, reply, err);
}

int qund_local_events(struct qund_local *l, const struct qund_str *packed, const int64_t *rx,
                      size_t n, struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf bodies = {0};
    struct qund_item *items = qund_alloc((n + 1) * sizeof(*items));
    size_t *ends = qund_alloc((n + 1) * sizeof(*ends));
    int rc;

    qund_assert(l->rules);
    for (size_t i = 0; i < n; i++) {
        qund_entry_put(&bodies, packed[i], NULL);
        ends[i] = bodies.n;
    }
    /* The events come in order of their rx, so the floor may go first: a judge due between two of
     * them runs between them. */
    items[0] = (struct qund_item){.kind = QUND_ITEM_FLOOR, .rx = n ? rx[n - 1] : 0};
    for (size_t i = 0; i < n; i++) {
        size_t from = i ? ends[i - 1] : 0;

        items[i + 1] = (struct qund_item){.kind = QUND_ITEM_EVENT,
                                          .rx = rx[i],
                                          .id = {l->next_entry + i, 0},
                                          .body = qund_str_n(bodies.p + from, ends[i] - from)};
    }
    rc = qund_engine_apply(l->engine, items, n + 1, NULL);
    l->next_entry += n;
    qund_free(items);
    qund_free(ends);
    if (rc < 0)
        return qund_err_set(err, rc, "store", "%s", qund_db_error(l->db));
    return 0;
}

int qund_local_run_out(struct qund_local *l, int64_t max_ms, struct qund_err *err)
{
    int64_t end = qund_engine_time(l->engine) + max_ms;
    /* Nothing is on its way any more: the floor first, so that timers of both classes run in order.
     */
    struct qund_item items[] = {{.kind = QUND_ITEM_FLOOR, .rx = end},
                                {.kind = QUND_ITEM_TICK, .rx = end}};
    int rc = qund_engine_apply(l->engine, items, QUND_ARRAY_LEN(items), NULL);

    return rc < 0 ? qund_err_set(err, rc, "store", "%s", qund_db_error(l->db)) : 0;
}

struct find {
    struct qund_str eid;
    int64_t seq;
};

static int find_row(const struct qund_message_row *row, void *arg)
{
    struct find *f = arg;

    if (qund_str_eq(row->eid, f->eid))
        f->seq = row->seq; /* the newest wins: the stream is in order of arrival */
    return 0;
}

int qund_local_find(struct qund_local *l, struct qund_str eid, int64_t *seq, struct qund_err *err)
{
    struct qund_months *m = qund_months_new(l->db);
    struct find f = {.eid = eid};
    int rc = qund_month_stream(m, 0, INT32_MAX, find_row, &f);

    qund_months_free(m);
    *seq = f.seq;
    if (rc < 0)
        return qund_err_set(err, rc, "store", "%s", qund_db_error(l->db));
    return f.seq ? 0
                 : qund_err_set(err, QUND_E_NOTFOUND, "message", "no stored message with id %.*s",
                                QUND_STR_ARG(eid));
}

int qund_local_forget_queue(struct qund_local *l, struct qund_err *err)
{
    static const char *const QUEUE[] = {"applied_id", "pushed_id"};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < QUND_ARRAY_LEN(QUEUE); i++)
        rc = qund_meta_set_str(l->db, QUEUE[i], QUND_STR("0-0"));
    return rc < 0 ? qund_err_set(err, rc, "store", "%s", qund_db_error(l->db)) : 0;
}

int qund_local_index(struct qund_local *l, struct qund_err *err)
{
    int64_t left;
    int rc;

    do
        rc = qund_engine_index(l->engine, FILL_ROWS, &left);
    while (rc == 0 && left > 0);
    return rc < 0 ? qund_err_set(err, rc, "search", "%s", qund_db_error(l->db)) : 0;
}

static void drop_org(void *org)
{
    qund_org_free(org);
}

int qund_local_org_text(struct qund_local *l, const char *name, struct qund_str text, int64_t now,
                        struct qund_errs *errs, struct qund_err *err)
{
    struct qund_org *org = NULL;
    int rc = qund_org_parse(name, text, &org, errs);

    return rc < 0 ? rc : qund_local_attached(l, "org.apply", org, drop_org, now, NULL, err);
}

int qund_local_org(struct qund_local *l, int64_t now, struct qund_err *err)
{
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    struct qund_org *org = NULL;
    int rc;

    if (!l->config->org.file)
        return 0;
    qund_errs_init(&errs, 20);
    rc = qund_org_load_named(l->config, &org, &errs);
    if (rc < 0)
        return qund_err_set(err, rc, errs.n ? errs.v[0].where : l->config->org.file, "%s",
                            errs.n ? errs.v[0].text : qund_rc_name(rc));
    return qund_local_attached(l, "org.apply", org, drop_org, now, NULL, err);
}
