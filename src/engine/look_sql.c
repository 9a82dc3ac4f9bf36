/* src/engine/look_sql.c - every statement on the tables `look`, `look_part` and `look_change`, and
 * what a member list asks of the members. */
#include "engine/look.h"

#define SKEW_MS 120000 /* a notice may be dated this much after the list that shows it already */

int qund_look_sql_get(struct qund_db *db, int64_t grp, struct look *out)
{
    struct qund_stmt *st = qund_sql(db, "SELECT ts, members, doubt FROM look WHERE grp = :grp");
    int rc;

    *out = (struct look){0};
    qund_bind_int(st, ":grp", grp);
    rc = qund_step(st);
    if (rc > 0)
        *out = (struct look){qund_col_int(st, 0), qund_col_int(st, 1), qund_col_int(st, 2)};
    qund_stmt_reset(st);
    return rc > 0 ? 0 : rc < 0 ? rc : QUND_E_NOTFOUND;
}

int qund_look_sql_put(struct qund_db *db, int64_t grp, const struct look *look)
{
    struct qund_stmt *st =
        qund_sql(db, "INSERT INTO look(grp, ts, members, doubt) VALUES(:grp, :ts, :members, :doubt)"
                     " ON CONFLICT(grp) DO UPDATE SET ts = :ts, members = :members,"
                     " doubt = :doubt");

    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":ts", look->ts);
    qund_bind_int(st, ":members", look->members);
    qund_bind_int(st, ":doubt", look->doubt);
    return qund_run(st);
}

/* --- parts --- */

int qund_look_sql_part(struct qund_db *db, int64_t grp, const struct look_list *l, int64_t ts,
                       struct qund_str body, int64_t *have, int64_t *first)
{
    struct qund_stmt *st =
        qund_sql(db, "DELETE FROM look_part WHERE grp = :grp AND stamp <> :stamp AND ts <= :ts");
    int rc;

    qund_bind_int(st, ":grp", grp);
    qund_bind_str(st, ":stamp", l->stamp);
    qund_bind_int(st, ":ts", ts);
    rc = qund_run(st);
    if (rc < 0)
        return rc;
    st = qund_sql(db, "INSERT OR IGNORE INTO look_part(grp, stamp, part, ts, body)"
                      " SELECT :grp, :stamp, :part, :ts, :body WHERE NOT EXISTS (SELECT 1 FROM"
                      " look_part WHERE grp = :grp AND stamp <> :stamp)");
    qund_bind_int(st, ":grp", grp);
    qund_bind_str(st, ":stamp", l->stamp);
    qund_bind_int(st, ":part", l->part);
    qund_bind_int(st, ":ts", ts);
    qund_bind_str(st, ":body", body);
    rc = qund_run(st);
    if (rc < 0)
        return rc;
    st = qund_sql(db, "SELECT count(*), min(ts) FROM look_part WHERE grp = :grp AND stamp = :stamp"
                      " AND part <= :parts");
    qund_bind_int(st, ":grp", grp);
    qund_bind_str(st, ":stamp", l->stamp);
    qund_bind_int(st, ":parts", l->parts);
    rc = qund_step(st);
    *have = rc > 0 ? qund_col_int(st, 0) : 0;
    *first = rc > 0 ? qund_col_int(st, 1) : ts;
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

int qund_look_sql_parts(struct qund_db *db, int64_t grp,
                        int (*each)(struct qund_str body, void *arg), void *arg)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT body FROM look_part WHERE grp = :grp ORDER BY part");
    int stop = 0, rc = 0;

    qund_bind_int(st, ":grp", grp);
    while (stop == 0 && (rc = qund_step(st)) > 0)
        stop = each(qund_col_str(st, 0), arg);
    qund_stmt_reset(st);
    return stop ? stop : rc;
}

int qund_look_sql_parts_drop(struct qund_db *db, int64_t grp)
{
    struct qund_stmt *st = qund_sql(db, "DELETE FROM look_part WHERE grp = :grp");

    qund_bind_int(st, ":grp", grp);
    return qund_run(st);
}

/* --- members --- */

int qund_look_sql_members(struct qund_db *db, int64_t grp, int64_t realm,
                          int (*each)(int64_t contact, int64_t state_ts, struct qund_str pid,
                                      void *arg),
                          void *arg)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT m.contact, m.state_ts, i.pid FROM member m JOIN identity i"
                     " ON i.contact = m.contact AND i.realm = :realm"
                     " WHERE m.grp = :grp AND m.left_at IS NULL ORDER BY m.contact, i.pid");
    int stop = 0, rc = 0;

    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":realm", realm);
    while (stop == 0 && (rc = qund_step(st)) > 0)
        stop = each(qund_col_int(st, 0), qund_col_int(st, 1), qund_col_str(st, 2), arg);
    qund_stmt_reset(st);
    return stop ? stop : rc;
}

int qund_look_sql_left(struct qund_db *db, int64_t grp, int64_t realm, struct qund_str pid,
                       int64_t *state_ts)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT m.state_ts FROM identity i JOIN member m ON m.grp = :grp"
                     " AND m.contact = i.contact AND m.left_at IS NOT NULL"
                     " WHERE i.realm = :realm AND i.pid = :pid");
    int rc;

    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":realm", realm);
    qund_bind_str(st, ":pid", pid);
    rc = qund_step(st);
    if (rc > 0)
        *state_ts = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return rc;
}

/* --- what a list showed --- */

int qund_look_sql_remember(struct qund_db *db, const struct look_change *c)
{
    struct qund_stmt *st =
        qund_sql(db, "INSERT OR IGNORE INTO look_change(grp, contact, joined, ts, prev, seq, month)"
                     " VALUES(:grp, :contact, :joined, :ts, :prev, :seq, :month)");

    qund_bind_int(st, ":grp", c->grp);
    qund_bind_int(st, ":contact", c->contact);
    qund_bind_int(st, ":joined", c->joined);
    qund_bind_int(st, ":ts", c->ts);
    qund_bind_int(st, ":prev", c->prev);
    qund_bind_int(st, ":seq", c->seq);
    qund_bind_int(st, ":month", c->month);
    return qund_run(st);
}

int qund_look_sql_claim(struct qund_db *db, int64_t notice_ts, struct look_change *c)
{
    struct qund_stmt *st =
        qund_sql(db, "DELETE FROM look_change WHERE grp = :grp AND contact = :contact"
                     " AND joined = :joined AND ts = (SELECT min(ts) FROM look_change"
                     " WHERE grp = :grp AND contact = :contact AND joined = :joined"
                     " AND prev < :notice AND ts >= :notice - :skew)"
                     " RETURNING ts, prev, seq, month");
    int rc;

    qund_bind_int(st, ":grp", c->grp);
    qund_bind_int(st, ":contact", c->contact);
    qund_bind_int(st, ":joined", c->joined);
    qund_bind_int(st, ":notice", notice_ts);
    qund_bind_int(st, ":skew", SKEW_MS);
    rc = qund_step(st);
    if (rc > 0) {
        c->ts = qund_col_int(st, 0);
        c->prev = qund_col_int(st, 1);
        c->seq = qund_col_int(st, 2);
        c->month = (int)qund_col_int(st, 3);
    }
    qund_stmt_reset(st);
    return rc;
}

int qund_look_sql_forget(struct qund_db *db, int64_t grp, int64_t before)
{
    struct qund_stmt *st =
        qund_sql(db, "DELETE FROM look_change WHERE grp = :grp AND ts < :before");

    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":before", before);
    return qund_run(st);
}
