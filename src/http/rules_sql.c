/* rules_sql.c - GET rules: what is in force, where it was written, and how often it fired. The rows
 * are rule/'s; only read here. */
#include "http/internal.h"

enum { STAT_DAYS = 7, NOISE_PERCENT = 40 };

/* A new store's first rules are there before its first instant. */
static void put_loaded(struct qund_jw *w, int64_t at)
{
    if (at > 0) {
        qund_jw_kts(w, "loaded_at", at);
        return;
    }
    qund_jw_key(w, "loaded_at");
    qund_jw_null(w);
}

static void print_rule(struct qund_stmt *st, struct qund_jw *w)
{
    int64_t hits = qund_col_int(st, 8), irrelevant = qund_col_int(st, 9);
    int64_t alerts = qund_col_int(st, 12);

    qund_jw_kstr(w, "id", qund_col_str(st, 0));
    qund_jw_kint(w, "version", qund_col_int(st, 1));
    qund_jw_kstr(w, "title", qund_col_str(st, 2));
    qund_jw_kstr(w, "owner", qund_col_str(st, 3));
    qund_jw_kstr(w, "source", qund_col_str(st, 4));
    qund_jw_kbool(w, "active", qund_col_int(st, 5) != 0);
    qund_jw_kint(w, "rank", qund_col_int(st, 6));
    put_loaded(w, qund_col_int(st, 7));
    qund_jw_kint(w, "hits_7d", hits);
    qund_jw_kint(w, "alerts_7d", alerts);
    qund_jw_kint(w, "irrelevant_7d", irrelevant);
    /* What its owner should look at: too many of its reminders are nobody's business. */
    qund_jw_kbool(w, "noisy", irrelevant * 100 > alerts * NOISE_PERCENT);
}

#define COLUMNS                                                                                    \
    "SELECT r.id, r.version, r.title, r.owner, r.source, r.active, r.rank, r.loaded_at, "          \
    "coalesce(sum(d.hits), 0), coalesce(sum(d.irrelevant), 0), r.text, r.no, "                     \
    "(SELECT count(*) FROM alert a WHERE a.rule = r.id AND a.created >= (:since + 1) * 86400000) " \
    "FROM rule r "                                                                                 \
    "LEFT JOIN rule_day d ON d.rule_no = r.no AND d.day > :since "

int qund_api_rules(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    struct qund_jw w = qund_jw(&a->body);
    struct qund_stmt *st =
        qund_sql(rd->db, COLUMNS
                 "WHERE (:all OR r.active = 1) GROUP BY r.no ORDER BY r.active DESC, r.rank");
    int rc;

    qund_bind_int(st, ":since", c->now_ms / QUND_DAY_MS - STAT_DAYS);
    qund_bind_int(st, ":all", qund_call_num(c, "all", 0));
    qund_page_begin(&w);
    while ((rc = qund_step(st)) == 1) {
        qund_jw_obj(&w);
        print_rule(st, &w);
        qund_jw_end_obj(&w);
    }
    qund_stmt_reset(st);
    qund_page_end(&w, QUND_STR_NONE);
    return rc;
}

static int print_versions(struct qund_db *db, int64_t no, struct qund_jw *w)
{
    struct qund_stmt *st = qund_sql(db, "SELECT version, digest, loaded_at, text FROM rule_version "
                                        "WHERE no = :no ORDER BY version DESC LIMIT 50");
    int rc;

    qund_bind_int(st, ":no", no);
    qund_jw_key(w, "versions");
    qund_jw_arr(w);
    while ((rc = qund_step(st)) == 1) {
        qund_jw_obj(w);
        qund_jw_kint(w, "version", qund_col_int(st, 0));
        qund_jw_kstr(w, "digest", qund_col_str(st, 1));
        put_loaded(w, qund_col_int(st, 2));
        qund_jw_key(w, "rule");
        qund_jw_raw(w, qund_col_str(st, 3));
        qund_jw_end_obj(w);
    }
    qund_stmt_reset(st);
    qund_jw_end_arr(w);
    return rc;
}

int qund_api_rule(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    struct qund_jw w = qund_jw(&a->body);
    struct qund_stmt *st = qund_sql(rd->db, COLUMNS "WHERE r.id = :id GROUP BY r.no");
    int64_t no = 0;
    int rc;

    qund_bind_str(st, ":id", c->name);
    qund_bind_int(st, ":since", c->now_ms / QUND_DAY_MS - STAT_DAYS);
    rc = qund_step(st);
    if (rc == 1) {
        no = qund_col_int(st, 11);
        qund_jw_obj(&w);
        print_rule(st, &w);
        qund_jw_key(&w, "rule");
        qund_jw_raw(&w, qund_col_str(st, 10));
    }
    qund_stmt_reset(st);
    if (rc == 0)
        return qund_err_set(&a->err, QUND_E_NOTFOUND, "name", "no rule has this id");
    if (rc == 1)
        rc = print_versions(rd->db, no, &w);
    qund_jw_end_obj(&w);
    return rc;
}
