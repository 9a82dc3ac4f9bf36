/* src/sop/merge_sql.c - who follows whom, in rows of `task`.
 *
 * Whose post speaks for others may leave before it has gone out. Then the two rows exchange their
 * persons: the one that leads keeps its timers, its card, its place in everybody's list, and only
 * whom it is of has changed. */
#include "sop/internal.h"

int qund_merge_sql_leads(struct qund_db *db, const struct sop_run *r, int64_t *ids, size_t max)
{
    struct qund_stmt *st = qund_sql(
        db, "SELECT id FROM task t WHERE plan = :plan AND grp = :grp AND contact = :contact"
            " AND round = :round AND plan_b = 0 AND state < 5 AND EXISTS"
            " (SELECT 1 FROM task WHERE merged = t.id AND state < 5) ORDER BY id LIMIT :max");

    qund_assert(st);
    qund_bind_int(st, ":plan", r->plan);
    qund_bind_int(st, ":grp", r->grp);
    qund_bind_int(st, ":contact", r->contact);
    qund_bind_int(st, ":round", r->round);
    qund_bind_int(st, ":max", (int64_t)max);
    return qund_take_ids(st, ids, max);
}

struct person {
    int64_t task, contact, round;
};

static int find(struct qund_db *db, const char *sql, int64_t id, struct person *out)
{
    struct qund_stmt *st = qund_sql(db, sql);
    int rc;

    qund_assert(st);
    qund_bind_int(st, ":id", id);
    rc = qund_step(st);
    if (rc == 1)
        *out = (struct person){qund_col_int(st, 0), qund_col_int(st, 1), qund_col_int(st, 2)};
    qund_stmt_reset(st);
    return rc == 1 ? 0 : rc < 0 ? rc : QUND_E_NOTFOUND;
}

static int set(struct qund_db *db, int64_t task, int64_t contact, int64_t round)
{
    struct qund_stmt *st =
        qund_sql(db, "UPDATE task SET contact = :contact, round = :round WHERE id = :id");

    qund_assert(st);
    qund_bind_int(st, ":contact", contact);
    qund_bind_int(st, ":round", round);
    qund_bind_int(st, ":id", task);
    return qund_run(st);
}

int qund_merge_sql_next(struct qund_db *db, int64_t leader)
{
    struct person lead, next;
    int rc = find(db, "SELECT id, contact, round FROM task WHERE id = :id", leader, &lead);

    if (rc == 0)
        rc = find(db,
                  "SELECT id, contact, round FROM task WHERE merged = :id AND state < 5"
                  " ORDER BY id LIMIT 1",
                  leader, &next);
    /* Nobody has a negative number: for a moment it keeps the unique key free. */
    if (rc == 0)
        rc = set(db, lead.task, -lead.contact, lead.round);
    if (rc == 0)
        rc = set(db, next.task, lead.contact, lead.round);
    if (rc == 0)
        rc = set(db, lead.task, next.contact, next.round);
    return rc;
}

int qund_merge_sql_nicks(struct qund_db *db, int64_t leader, struct sop_nicks *out)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT CASE WHEN m.nick <> '' THEN m.nick ELSE c.name END FROM task t"
                     " JOIN contact c ON c.id = t.contact"
                     " LEFT JOIN member m ON m.grp = t.grp AND m.contact = t.contact"
                     " WHERE (t.id = :id OR t.merged = :id) AND t.state <= 5 ORDER BY t.id");
    int rc;

    qund_assert(st);
    qund_bind_int(st, ":id", leader);
    *out = (struct sop_nicks){0};
    while ((rc = qund_step(st)) == 1) {
        if (out->n < SOP_NICKS)
            snprintf(out->name[out->n++], sizeof(out->name[0]), "%.*s",
                     QUND_STR_ARG(qund_utf8_cut(qund_col_str(st, 0), sizeof(out->name[0]) - 1)));
        out->all++;
    }
    qund_stmt_reset(st);
    return rc;
}
