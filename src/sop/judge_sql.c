/* src/sop/judge_sql.c - every statement that writes the table `expectation`. */
#include "sop/task_parts.h"

static void bind_real_or_null(struct qund_stmt *st, const char *name, const double *v)
{
    if (v)
        qund_bind_real(st, name, *v);
    else
        qund_bind_null(st, name);
}

int qund_expect_sql_put(struct qund_db *db, const struct sop_expectation *x, const double *base)
{
    struct qund_stmt *st = qund_sql(
        db, "INSERT INTO expectation(task, opens, closes, base, wanted) VALUES(:task, :opens,"
            " :closes, :base, :wanted) ON CONFLICT DO NOTHING");
    int rc;

    qund_bind_int(st, ":task", x->task);
    qund_bind_int(st, ":opens", x->opens);
    qund_bind_int(st, ":closes", x->closes);
    bind_real_or_null(st, ":base", base);
    bind_real_or_null(st, ":wanted", x->has_wanted ? &x->wanted : NULL);
    rc = qund_run(st);
    if (rc < 0)
        return rc;
    return qund_db_changes(db) == 0 ? QUND_E_EXISTS : 0;
}

int qund_expect_sql_get(struct qund_db *db, int64_t task, struct sop_expectation *out)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT opens, closes, wanted, outcome FROM expectation WHERE task = :task");
    int rc;

    qund_bind_int(st, ":task", task);
    rc = qund_step(st);
    if (rc > 0)
        *out = (struct sop_expectation){.task = task,
                                        .opens = qund_col_int(st, 0),
                                        .closes = qund_col_int(st, 1),
                                        .has_wanted = !qund_col_null(st, 2),
                                        .wanted = qund_col_real(st, 2),
                                        .outcome = (int)qund_col_int(st, 3)};
    qund_stmt_reset(st);
    return rc > 0 ? 0 : rc < 0 ? rc : QUND_E_NOTFOUND;
}

int qund_expect_sql_end(struct qund_db *db, int64_t task, enum sop_outcome outcome,
                        struct qund_str reason, const double *figure, int64_t now)
{
    struct qund_stmt *st =
        qund_sql(db, "UPDATE expectation SET outcome = :outcome, reason = :reason,"
                     " figure = :figure, judged = :now WHERE task = :task AND outcome = 0");

    qund_bind_int(st, ":task", task);
    qund_bind_int(st, ":outcome", outcome);
    qund_bind_str(st, ":reason", reason);
    bind_real_or_null(st, ":figure", figure);
    qund_bind_int(st, ":now", now);
    return qund_run(st);
}
