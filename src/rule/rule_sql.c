/* rule_sql.c - the rows of src/store/schema/0003-rule.sql: marks and counters. */
#include "rule/internal.h"
#include "store/db.h"

int qund_rule_sql_numbers(struct qund_db *db, void *arg,
                          void (*each)(void *arg, struct qund_str id, int64_t no, int64_t version))
{
    struct qund_stmt *st = qund_sql(db, "SELECT id, no, version FROM rule");
    int rc;

    if (!st)
        return QUND_E_IO;
    while ((rc = qund_step(st)) == 1)
        each(arg, qund_col_str(st, 0), qund_col_int(st, 1), qund_col_int(st, 2));
    qund_stmt_reset(st);
    return rc;
}

static void bind_key(struct qund_stmt *st, const struct qund_mark_key *k)
{
    qund_bind_int(st, ":rule", k->rule_no);
    qund_bind_int(st, ":what", k->what);
    qund_bind_int(st, ":per", k->per);
    qund_bind_int(st, ":group", k->group_id);
    qund_bind_int(st, ":contact", k->contact_id);
}

int qund_rule_sql_marks(struct qund_db *db, const struct qund_mark_key *k, void *arg,
                        void (*each)(void *arg, const struct qund_mark *m))
{
    struct qund_stmt *st = qund_sql(db, "SELECT ts, seq, until FROM rule_mark"
                                        " WHERE rule_no = :rule AND what = :what AND per = :per"
                                        " AND group_id = :group AND contact_id = :contact"
                                        " ORDER BY ts, seq");
    int rc;

    if (!st)
        return QUND_E_IO;
    bind_key(st, k);
    while ((rc = qund_step(st)) == 1) {
        struct qund_mark m = {qund_col_int(st, 0), qund_col_int(st, 1), qund_col_int(st, 2)};

        each(arg, &m);
    }
    qund_stmt_reset(st);
    return rc;
}

int qund_rule_sql_mark_add(struct qund_db *db, const struct qund_mark_key *k,
                           const struct qund_mark *m)
{
    struct qund_stmt *st =
        qund_sql(db, "INSERT OR REPLACE INTO rule_mark VALUES"
                     " (:rule, :what, :per, :group, :contact, :ts, :seq, :until)");

    if (!st)
        return QUND_E_IO;
    bind_key(st, k);
    qund_bind_int(st, ":ts", m->ts);
    qund_bind_int(st, ":seq", m->seq);
    qund_bind_int(st, ":until", m->until);
    return qund_run(st);
}

int qund_rule_sql_mark_drop(struct qund_db *db, const struct qund_mark_key *k,
                            const struct qund_mark *m)
{
    struct qund_stmt *st = qund_sql(db, "DELETE FROM rule_mark"
                                        " WHERE rule_no = :rule AND what = :what AND per = :per"
                                        " AND group_id = :group AND contact_id = :contact"
                                        " AND ts = :ts AND seq = :seq");

    if (!st)
        return QUND_E_IO;
    bind_key(st, k);
    qund_bind_int(st, ":ts", m->ts);
    qund_bind_int(st, ":seq", m->seq);
    return qund_run(st);
}

int qund_rule_sql_sweep(struct qund_db *db, int64_t now, size_t max)
{
    struct qund_stmt *st = qund_sql(
        db, "DELETE FROM rule_mark WHERE (rule_no, what, per, group_id, contact_id, ts, seq)"
            " IN (SELECT rule_no, what, per, group_id, contact_id, ts, seq FROM rule_mark"
            " WHERE until <= :now ORDER BY until, rule_no, what, per, group_id, contact_id,"
            " ts, seq LIMIT :max)");
    int rc;

    if (!st)
        return QUND_E_IO;
    qund_bind_int(st, ":now", now);
    qund_bind_int(st, ":max", (int64_t)max);
    rc = qund_run(st);
    return rc < 0 ? rc : (int)qund_db_changes(db);
}

int qund_rule_sql_hits(struct qund_db *db, int64_t rule_no, int64_t day, int64_t n)
{
    struct qund_stmt *st = qund_sql(db, "INSERT INTO rule_day (rule_no, day, hits)"
                                        " VALUES (:rule, :day, :n)"
                                        " ON CONFLICT DO UPDATE SET hits = hits + excluded.hits");

    if (!st)
        return QUND_E_IO;
    qund_bind_int(st, ":rule", rule_no);
    qund_bind_int(st, ":day", day);
    qund_bind_int(st, ":n", n);
    return qund_run(st);
}

int qund_rule_mark_irrelevant(struct qund_db *db, struct qund_str id, int64_t day)
{
    struct qund_stmt *st = qund_sql(db, "INSERT INTO rule_day (rule_no, day, irrelevant)"
                                        " SELECT no, :day, 1 FROM rule WHERE id = :id"
                                        " ON CONFLICT DO UPDATE SET irrelevant = irrelevant + 1");
    int rc;

    if (!st)
        return QUND_E_IO;
    qund_bind_int(st, ":day", day);
    qund_bind_str(st, ":id", id);
    rc = qund_run(st);
    if (rc < 0)
        return rc;
    return qund_db_changes(db) ? 0 : QUND_E_NOTFOUND;
}

int qund_rule_stat(struct qund_db *db, struct qund_str id, int64_t from_day, int64_t to_day,
                   struct qund_rule_stat *out)
{
    struct qund_stmt *st = qund_sql(db, "SELECT total(d.hits), total(d.irrelevant) FROM rule_day d"
                                        " JOIN rule r ON r.no = d.rule_no WHERE r.id = :id"
                                        " AND d.day BETWEEN :from AND :to");
    int rc;

    if (!st)
        return QUND_E_IO;
    qund_bind_str(st, ":id", id);
    qund_bind_int(st, ":from", from_day);
    qund_bind_int(st, ":to", to_day);
    rc = qund_step(st);
    if (rc == 1)
        *out = (struct qund_rule_stat){qund_col_int(st, 0), qund_col_int(st, 1)};
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}
