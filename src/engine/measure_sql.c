/* src/engine/measure_sql.c - every statement on the tables `measure` and `speaker`. */
#include "engine/measure_parts.h"

int qund_measure_sql_add(struct qund_db *db, const struct measure_delta *d)
{
    struct qund_stmt *st =
        qund_sql(db, "INSERT INTO measure(hour, grp, messages, staff_messages, speakers, joins,"
                     " leaves) VALUES(:hour, :grp, :messages, :staff, :speakers, :joins, :leaves)"
                     " ON CONFLICT(hour, grp) DO UPDATE SET messages = messages + :messages,"
                     " staff_messages = staff_messages + :staff, speakers = speakers + :speakers,"
                     " joins = joins + :joins, leaves = leaves + :leaves WHERE frozen = 0");

    qund_bind_int(st, ":hour", d->hour);
    qund_bind_int(st, ":grp", d->grp);
    qund_bind_int(st, ":messages", d->messages);
    qund_bind_int(st, ":staff", d->staff);
    qund_bind_int(st, ":speakers", d->speakers);
    qund_bind_int(st, ":joins", d->joins);
    qund_bind_int(st, ":leaves", d->leaves);
    return qund_run(st);
}

int qund_measure_sql_speaker(struct qund_db *db, int64_t hour, int64_t grp, int64_t contact)
{
    struct qund_stmt *st = qund_sql(db, "INSERT OR IGNORE INTO speaker(hour, grp, contact)"
                                        " VALUES(:hour, :grp, :contact)");
    int rc;

    qund_bind_int(st, ":hour", hour);
    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":contact", contact);
    rc = qund_run(st);
    return rc < 0 ? rc : qund_db_changes(db) > 0;
}

int qund_measure_sql_clear(struct qund_db *db, int64_t hour, int64_t grp)
{
    struct qund_stmt *st =
        qund_sql(db, "UPDATE measure SET messages = 0, staff_messages = 0, speakers = 0"
                     " WHERE hour = :hour AND grp = :grp AND frozen = 0");
    int rc;

    qund_bind_int(st, ":hour", hour);
    qund_bind_int(st, ":grp", grp);
    rc = qund_run(st);
    if (rc < 0 || qund_db_changes(db) == 0)
        return rc;
    st = qund_sql(db, "DELETE FROM speaker WHERE hour = :hour AND grp = :grp");
    qund_bind_int(st, ":hour", hour);
    qund_bind_int(st, ":grp", grp);
    rc = qund_run(st);
    return rc < 0 ? rc : 1;
}

int qund_measure_sql_freeze(struct qund_db *db, int64_t before)
{
    struct qund_stmt *st = qund_sql(db, "UPDATE measure SET frozen = 1 WHERE hour < :before"
                                        " AND frozen = 0");

    qund_bind_int(st, ":before", before);
    return qund_run(st);
}
