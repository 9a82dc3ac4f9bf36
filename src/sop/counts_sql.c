/* src/sop/counts_sql.c - rows by their state.
 *
 * Tasks that ended are most of the table and are no news: only open ones are counted, by the index
 * that holds no others. */
#include "sop/counts.h"

static const char *const OUTCOMES[QUND_EXPECT_OUTCOMES] = {"open", "hit", "miss", "void"};

const char *qund_expect_outcome_name(int outcome)
{
    return outcome >= 0 && outcome < QUND_EXPECT_OUTCOMES ? OUTCOMES[outcome] : "?";
}

static int count_by(struct qund_stmt *st, int64_t *out, int64_t n)
{
    int rc;

    if (!st)
        return QUND_E_IO;
    memset(out, 0, (size_t)n * sizeof(*out));
    while ((rc = qund_step(st)) == 1) {
        int64_t state = qund_col_int(st, 0);

        if (state >= 0 && state < n)
            out[state] = qund_col_int(st, 1);
    }
    qund_stmt_reset(st);
    return rc;
}

int qund_sop_count(struct qund_db *db, struct qund_sop_counts *out)
{
    int rc =
        count_by(qund_sql(db, "SELECT state, count(*) FROM task WHERE state < 5 GROUP BY state"),
                 out->tasks, QUND_TASK_STATES);

    if (rc == 0)
        rc = count_by(qund_sql(db, "SELECT state, count(*) FROM plan GROUP BY state"), out->plans,
                      QUND_PLAN_STATES);
    if (rc == 0)
        rc = count_by(qund_sql(db, "SELECT outcome, count(*) FROM expectation GROUP BY outcome"),
                      out->outcomes, QUND_EXPECT_OUTCOMES);
    return rc;
}
