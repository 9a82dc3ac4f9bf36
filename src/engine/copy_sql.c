/* src/engine/copy_sql.c - every statement on the tables `copy` and `account`. */
#include "engine/copy.h"

int qund_copy_sql_put(struct qund_db *db, const struct copy_row *c)
{
    struct qund_stmt *st = qund_sql(db, "INSERT INTO copy(seq, grp, hash, ts, account, pair)"
                                        " VALUES(:seq, :grp, :hash, :ts, :account, :seq)");

    qund_bind_int(st, ":seq", c->seq);
    qund_bind_int(st, ":grp", c->grp);
    qund_bind_int(st, ":hash", c->hash);
    qund_bind_int(st, ":ts", c->ts);
    qund_bind_str(st, ":account", c->account);
    return qund_run(st);
}

int qund_copy_sql_pair(struct qund_db *db, int64_t seq, int64_t pair)
{
    struct qund_stmt *st = qund_sql(db, "UPDATE copy SET pair = :pair WHERE seq = :seq");

    qund_bind_int(st, ":pair", pair);
    qund_bind_int(st, ":seq", seq);
    return qund_run(st);
}

/* Walks from ts one way, while the next is near enough to the last. */
static int walk(struct qund_stmt *st, struct qund_arena *arena, const struct copy_row *key,
                int64_t span_ms, struct copy_row *v, size_t max)
{
    int64_t last = key->ts;
    size_t n = 0;
    int rc = 0;

    qund_bind_int(st, ":grp", key->grp);
    qund_bind_int(st, ":hash", key->hash);
    qund_bind_int(st, ":ts", key->ts);
    while (n < max && (rc = qund_step(st)) > 0) {
        int64_t ts = qund_col_int(st, 1), far = ts > last ? ts - last : last - ts;

        if (far > span_ms)
            break;
        v[n++] = (struct copy_row){.seq = qund_col_int(st, 0),
                                   .ts = last = ts,
                                   .account = qund_arena_str(arena, qund_col_str(st, 2)),
                                   .pair = qund_col_int(st, 3)};
    }
    qund_stmt_reset(st);
    return rc < 0 ? rc : (int)n;
}

int qund_copy_sql_around(struct qund_db *db, struct qund_arena *arena, const struct copy_row *key,
                         int64_t span_ms, struct copy_row *v, size_t max)
{
    int after, before = walk(qund_sql(db, "SELECT seq, ts, account, pair FROM copy WHERE grp = :grp"
                                          " AND hash = :hash AND ts < :ts"
                                          " ORDER BY ts DESC, account DESC, seq DESC"),
                             arena, key, span_ms, v, max / 2);

    if (before < 0 || (size_t)before == max / 2)
        return before < 0 ? before : (int)max;
    for (int i = 0; i < before / 2; i++) {
        struct copy_row c = v[i];

        v[i] = v[before - 1 - i];
        v[before - 1 - i] = c;
    }
    after = walk(qund_sql(db, "SELECT seq, ts, account, pair FROM copy WHERE grp = :grp"
                              " AND hash = :hash AND ts >= :ts ORDER BY ts, account, seq"),
                 arena, key, span_ms, v + before, max - (size_t)before);
    return after < 0 ? after : before + after;
}

int qund_copy_sql_open(struct qund_db *db, const struct copy_row *key, int64_t near_ms, int64_t max,
                       int64_t *pair)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT seq FROM (SELECT seq, account, pair FROM copy WHERE grp = :grp"
                     " AND hash = :hash AND ts BETWEEN :from AND :to"
                     " ORDER BY ts, account, seq LIMIT :max) AS c"
                     " WHERE seq = pair AND account <> :account AND NOT EXISTS (SELECT 1 FROM copy"
                     " AS o WHERE o.pair = c.seq AND o.account = :account) LIMIT 1");
    int rc;

    qund_bind_int(st, ":grp", key->grp);
    qund_bind_int(st, ":hash", key->hash);
    qund_bind_int(st, ":from", key->ts - near_ms);
    qund_bind_int(st, ":to", key->ts + near_ms);
    qund_bind_int(st, ":max", max);
    qund_bind_str(st, ":account", key->account);
    rc = qund_step(st);
    if (rc > 0)
        *pair = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return rc;
}

int qund_copy_sql_others(struct qund_db *db, int64_t seq, int64_t *v, size_t max)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT seq FROM copy WHERE pair = (SELECT pair FROM copy WHERE seq = :seq)"
                     " AND seq <> :seq ORDER BY seq LIMIT :max");
    int n = 0, rc;

    qund_bind_int(st, ":seq", seq);
    qund_bind_int(st, ":max", (int64_t)max);
    while ((rc = qund_step(st)) > 0)
        v[n++] = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return rc < 0 ? rc : n;
}

int qund_copy_sql_forget(struct qund_db *db, int64_t before, int64_t max)
{
    struct qund_stmt *st = qund_sql(db, "DELETE FROM copy WHERE seq IN (SELECT seq FROM copy"
                                        " WHERE ts < :before ORDER BY ts LIMIT :max)");

    qund_bind_int(st, ":before", before);
    qund_bind_int(st, ":max", max);
    return qund_run(st);
}

int qund_copy_sql_account(struct qund_db *db, int64_t realm, struct qund_str pid)
{
    struct qund_stmt *st =
        qund_sql(db, "INSERT OR IGNORE INTO account(realm, pid) VALUES(:realm, :pid)");
    int rc;

    qund_bind_int(st, ":realm", realm);
    qund_bind_str(st, ":pid", pid);
    rc = qund_run(st);
    return rc < 0 ? rc : qund_db_changes(db) > 0;
}

int qund_copy_sql_accounts(struct qund_db *db,
                           int (*each)(int64_t realm, struct qund_str pid, void *arg), void *arg)
{
    struct qund_stmt *st = qund_sql(db, "SELECT realm, pid FROM account ORDER BY realm, pid");
    int stop = 0, rc = 0;

    while (stop == 0 && (rc = qund_step(st)) > 0)
        stop = each(qund_col_int(st, 0), qund_col_str(st, 1), arg);
    qund_stmt_reset(st);
    return stop ? 0 : rc;
}
