/* src/sop/counts.h - how much there is, for metrics. Any handle. */
#ifndef QUND_SOP_COUNTS_H
#define QUND_SOP_COUNTS_H
#include "sop/plan.h"
#include "sop/task.h"

#define QUND_EXPECT_OUTCOMES 4
const char *qund_expect_outcome_name(int outcome); /* "open", "hit", "miss", "void" */
struct qund_sop_counts {
    int64_t tasks[QUND_TASK_STATES]; /* only those that are open are counted */
    int64_t plans[QUND_PLAN_STATES];
    int64_t outcomes[QUND_EXPECT_OUTCOMES];
};
QUND_CHECK int qund_sop_count(struct qund_db *db, struct qund_sop_counts *out);
#endif
