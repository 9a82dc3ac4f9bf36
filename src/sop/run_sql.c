/* src/sop/run_sql.c - one row for each person a plan runs for, and each time it does. */
#include "sop/internal.h"

int qund_run_sql_last(struct qund_db *db, int64_t plan, int64_t contact, int64_t grp,
                      struct sop_run *out)
{
    struct qund_stmt *st = qund_sql(
        db, "SELECT round, began, state FROM plan_run WHERE plan = :plan AND contact = :contact"
            " AND grp = :grp ORDER BY round DESC LIMIT 1");
    int rc;

    qund_assert(st);
    qund_bind_int(st, ":plan", plan);
    qund_bind_int(st, ":contact", contact);
    qund_bind_int(st, ":grp", grp);
    rc = qund_step(st);
    if (rc == 1)
        *out = (struct sop_run){.plan = plan,
                                .contact = contact,
                                .grp = grp,
                                .round = qund_col_int(st, 0),
                                .began = qund_col_int(st, 1),
                                .state = (enum qund_plan_state)qund_col_int(st, 2)};
    qund_stmt_reset(st);
    return rc == 1 ? 0 : rc < 0 ? rc : QUND_E_NOTFOUND;
}

int qund_run_sql_insert(struct qund_db *db, const struct sop_run *r, struct qund_str reason)
{
    struct qund_stmt *st =
        qund_sql(db, "INSERT INTO plan_run(plan, contact, grp, round, began, state, reason)"
                     " VALUES(:plan, :contact, :grp, :round, :began, :state, :reason)");

    qund_assert(st);
    qund_bind_int(st, ":plan", r->plan);
    qund_bind_int(st, ":contact", r->contact);
    qund_bind_int(st, ":grp", r->grp);
    qund_bind_int(st, ":round", r->round);
    qund_bind_int(st, ":began", r->began);
    qund_bind_int(st, ":state", r->state);
    qund_bind_str(st, ":reason", reason);
    return qund_run(st);
}

int qund_run_sql_end(struct qund_db *db, const struct sop_run *r, enum qund_plan_state state,
                     struct qund_str reason)
{
    struct qund_stmt *st =
        qund_sql(db, "UPDATE plan_run SET state = :state, reason = :reason WHERE plan = :plan"
                     " AND contact = :contact AND grp = :grp AND round = :round");

    qund_assert(st);
    qund_bind_int(st, ":state", state);
    qund_bind_str(st, ":reason", reason);
    qund_bind_int(st, ":plan", r->plan);
    qund_bind_int(st, ":contact", r->contact);
    qund_bind_int(st, ":grp", r->grp);
    qund_bind_int(st, ":round", r->round);
    return qund_run(st);
}

#define OPEN                                                                            \
    "SELECT plan, contact, grp, round, began, state FROM plan_run WHERE state < 2 AND " \
    "(plan, contact, grp, round) > (:plan_after, :contact_after, :grp_after, :round_after) AND "
#define IN_ORDER " ORDER BY plan, contact, grp, round LIMIT :max"

int qund_run_sql_open(struct qund_db *db, int64_t plan, int64_t contact,
                      const struct sop_run *after, struct sop_run *out, size_t max)
{
    struct qund_stmt *st = plan ? qund_sql(db, OPEN "plan = :of" IN_ORDER)
                                : qund_sql(db, OPEN "contact = :of" IN_ORDER);
    size_t n = 0;
    int rc = 0;

    qund_assert(st);
    qund_bind_int(st, ":of", plan ? plan : contact);
    qund_bind_int(st, ":plan_after", after ? after->plan : 0);
    qund_bind_int(st, ":contact_after", after ? after->contact : 0);
    qund_bind_int(st, ":grp_after", after ? after->grp : 0);
    qund_bind_int(st, ":round_after", after ? after->round : 0);
    qund_bind_int(st, ":max", (int64_t)max);
    while (n < max && (rc = qund_step(st)) == 1)
        out[n++] = (struct sop_run){.plan = qund_col_int(st, 0),
                                    .contact = qund_col_int(st, 1),
                                    .grp = qund_col_int(st, 2),
                                    .round = qund_col_int(st, 3),
                                    .began = qund_col_int(st, 4),
                                    .state = (enum qund_plan_state)qund_col_int(st, 5)};
    qund_stmt_reset(st);
    return rc < 0 ? rc : (int)n;
}

int qund_run_sql_any(struct qund_db *db, bool *out)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT 1 FROM plan_run INDEXED BY plan_run_open WHERE state < 2 LIMIT 1");
    int rc;

    qund_assert(st);
    rc = qund_step(st);
    *out = rc == 1;
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

int qund_run_sql_state(struct qund_db *db, const struct sop_run *r)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT state FROM plan_run WHERE plan = :plan AND contact = :contact"
                     " AND grp = :grp AND round = :round");
    int rc, state = 0;

    qund_assert(st);
    qund_bind_int(st, ":plan", r->plan);
    qund_bind_int(st, ":contact", r->contact);
    qund_bind_int(st, ":grp", r->grp);
    qund_bind_int(st, ":round", r->round);
    rc = qund_step(st);
    if (rc == 1)
        state = (int)qund_col_int(st, 0);
    qund_stmt_reset(st);
    return rc == 1 ? state : rc < 0 ? rc : QUND_E_NOTFOUND;
}

int qund_run_sql_people(struct qund_db *db, int64_t plan, bool finished, int64_t *ids, size_t max)
{
    /* 2: finished (plan.h). */
    struct qund_stmt *st =
        qund_sql(db, "SELECT DISTINCT contact FROM plan_run WHERE plan = :plan AND"
                     " (:finished = 0 OR state = 2) ORDER BY contact LIMIT :max");

    qund_assert(st);
    qund_bind_int(st, ":plan", plan);
    qund_bind_int(st, ":finished", finished);
    qund_bind_int(st, ":max", (int64_t)max);
    return qund_take_ids(st, ids, max);
}

int qund_run_sql_left(struct qund_db *db, const struct sop_run *r)
{
    /* Below 5 a task is open (task.h), and an expectation of outcome 0 is not judged. */
    struct qund_stmt *st =
        qund_sql(db, "SELECT 1 FROM task t WHERE plan = :plan AND grp = :grp AND contact = :contact"
                     " AND round = :round AND (state < 5 OR EXISTS (SELECT 1 FROM expectation x"
                     " WHERE x.task = t.id AND x.outcome = 0)) LIMIT 1");

    qund_assert(st);
    qund_bind_int(st, ":plan", r->plan);
    qund_bind_int(st, ":grp", r->grp);
    qund_bind_int(st, ":contact", r->contact);
    qund_bind_int(st, ":round", r->round);
    return qund_any(st);
}
