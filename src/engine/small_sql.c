/* src/engine/small_sql.c - every statement on the engine's three small tables: `call` (when a group
 * was called to do something), `early_revoke` (revokes that came before their message) and
 * `plugin_state` (a plugin's checkpoint). */
#include "engine/internal.h"

#define CALLS_KEPT 4 /* of one kind and group: as many as can lie within the lateness, and more */

/* --- call --- */

int qund_call_sql_newest(struct qund_db *db, int64_t grp, int64_t until,
                         int64_t call_ts[QUND_CALL_KINDS])
{
    struct qund_stmt *st = qund_sql(db, "SELECT kind, max(ts) FROM call WHERE grp = :grp"
                                        " AND ts <= :until GROUP BY kind");
    int rc;

    memset(call_ts, 0, QUND_CALL_KINDS * sizeof(*call_ts));
    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":until", until);
    while ((rc = qund_step(st)) > 0) {
        int64_t kind = qund_col_int(st, 0);

        if (kind >= 0 && kind < QUND_CALL_KINDS)
            call_ts[kind] = qund_col_int(st, 1);
    }
    qund_stmt_reset(st);
    return rc;
}

int qund_call_sql_keep(struct qund_db *db, int64_t grp, enum qund_call call, int64_t ts)
{
    struct qund_stmt *st =
        qund_sql(db, "INSERT OR IGNORE INTO call(grp, kind, ts) VALUES(:grp, :kind, :ts)");
    int rc;

    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":kind", call);
    qund_bind_int(st, ":ts", ts);
    rc = qund_run(st);
    if (rc < 0)
        return rc;
    st = qund_sql(db, "DELETE FROM call WHERE grp = :grp AND kind = :kind AND ts <= (SELECT ts"
                      " FROM call WHERE grp = :grp AND kind = :kind ORDER BY ts DESC LIMIT 1"
                      " OFFSET :keep)");
    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":kind", call);
    qund_bind_int(st, ":keep", CALLS_KEPT);
    return qund_run(st);
}

/* --- early_revoke --- */

int qund_revoke_sql_wait(struct qund_db *db, int64_t grp, struct qund_str eid, int64_t ts)
{
    struct qund_stmt *st = qund_sql(db, "INSERT OR IGNORE INTO early_revoke(grp, eid, ts)"
                                        " VALUES(:grp, :eid, :ts)");

    qund_bind_int(st, ":grp", grp);
    qund_bind_str(st, ":eid", eid);
    qund_bind_int(st, ":ts", ts);
    return qund_run(st);
}

int qund_revoke_sql_count(struct qund_db *db, int64_t *out)
{
    struct qund_stmt *st = qund_sql(db, "SELECT count(*) FROM early_revoke");
    int rc = qund_step(st);

    if (rc > 0)
        *out = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

int qund_revoke_sql_take(struct qund_db *db, int64_t grp, struct qund_str eid)
{
    struct qund_stmt *st = qund_sql(db, "DELETE FROM early_revoke WHERE grp = :grp AND eid = :eid");
    int rc;

    qund_bind_int(st, ":grp", grp);
    qund_bind_str(st, ":eid", eid);
    rc = qund_run(st);
    return rc < 0 ? rc : qund_db_changes(db) > 0;
}

int qund_revoke_sql_forget(struct qund_db *db, int64_t before)
{
    struct qund_stmt *st = qund_sql(db, "DELETE FROM early_revoke WHERE ts < :before");

    qund_bind_int(st, ":before", before);
    return qund_run(st);
}

/* --- what an alert's ladder is judged by; the rows are alert/'s, only read here --- */

int qund_alert_window_sql(struct qund_db *db, int64_t id, struct alert_window *out)
{
    struct qund_stmt *st = qund_sql(db, "SELECT grp, seq, since, state = 0, level = 'urgent'"
                                        " FROM alert WHERE id = :id");
    int rc;

    qund_bind_int(st, ":id", id);
    rc = qund_step(st);
    if (rc > 0)
        *out = (struct alert_window){.grp = qund_col_int(st, 0),
                                     .seq = qund_col_int(st, 1),
                                     .since = qund_col_int(st, 2),
                                     .open = qund_col_int(st, 3) != 0,
                                     .urgent = qund_col_int(st, 4) != 0};
    qund_stmt_reset(st);
    return rc > 0 ? 0 : rc < 0 ? rc : QUND_E_NOTFOUND;
}

/* --- plugin_state --- */

int qund_state_sql_keep(struct qund_db *db, const struct qund_entry_state *state)
{
    struct qund_stmt *st =
        qund_sql(db, "INSERT INTO plugin_state(key, rev, value) VALUES(:key, :rev, :value)"
                     " ON CONFLICT(key) DO UPDATE SET rev = :rev, value = :value"
                     " WHERE :rev > rev");

    qund_bind_str(st, ":key", state->key);
    qund_bind_int(st, ":rev", state->rev);
    qund_bind_str(st, ":value", state->value);
    return qund_run(st);
}

int qund_engine_states(struct qund_db *db, struct qund_str prefix,
                       int (*each)(void *arg, const struct qund_entry_state *s), void *arg)
{
    struct qund_stmt *st = qund_sql(db, "SELECT key, rev, value FROM plugin_state"
                                        " WHERE substr(key, 1, length(:prefix)) = :prefix");
    int stop = 0, rc = 0;

    qund_bind_str(st, ":prefix", prefix);
    while (!stop && (rc = qund_step(st)) > 0) {
        struct qund_entry_state s = {
            .key = qund_col_str(st, 0), .rev = qund_col_int(st, 1), .value = qund_col_str(st, 2)};

        stop = each(arg, &s);
    }
    qund_stmt_reset(st);
    return stop ? stop : rc;
}
