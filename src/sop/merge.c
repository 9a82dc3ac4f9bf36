/* src/sop/merge.c - one post for several people.
 *
 * Twenty people who join in half an hour are not greeted twenty times. In a plan that runs for
 * persons, a post in the group is that of the first of them (the leader); whoever begins while it
 * has not gone out follows it, and so the greeting names them all. Whoever begins later waits for
 * the next, which comes half an hour after the last at the earliest. So the first is greeted when
 * the template says, and the group is never spoken to more often than twice an hour by one step.
 *
 * Each person keeps a task of their own: a follower's goes the way of its leader's. When the person
 * whose task leads is gone before it went out, the next one's name takes that place, and what was
 * planned, pushed or held stays as it is for the others. */
#include "sop/internal.h"

#define GATHER_MS (30 * INT64_C(60000))

int qund_merge_find(struct qund_sop *s, const struct qund_sop_clock *c,
                    const struct qund_sop_step *step, struct qund_task_new *n)
{
    struct sop_task_row last;
    int64_t open = n->closes - n->due;
    int rc = qund_plan_task_sql_leader(s->deps.db, n->plan, n->grp, n->step, &last);

    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    if (last.due <= n->due - GATHER_MS || last.due > n->due + GATHER_MS)
        return 0;
    if (last.state == QUND_TASK_PLANNED || last.state == QUND_TASK_HELD) {
        n->merged = last.id;
        n->due = last.due;
        n->closes = last.closes;
        return 0;
    }
    n->due = last.due + GATHER_MS;
    qund_ignore((int)qund_sop_allowed(c, step, &n->due)); /* dropped: it is when it comes due */
    n->closes = n->due + open;
    return 0;
}

int qund_merge_leave(struct qund_sop *s, const struct sop_run *r)
{
    int64_t leads[64];
    int n, rc = 0;

    /* Each one found leads no longer when it is found again. */
    do {
        n = qund_merge_sql_leads(s->deps.db, r, leads, QUND_ARRAY_LEN(leads));
        for (int i = 0; rc == 0 && i < n; i++)
            rc = qund_merge_sql_next(s->deps.db, leads[i]);
    } while (rc == 0 && n == (int)QUND_ARRAY_LEN(leads));
    return n < 0 ? n : rc;
}

int qund_merge_nicks(struct qund_sop *s, int64_t task, struct qund_buf *out)
{
    struct sop_nicks names;
    int rc = qund_merge_sql_nicks(s->deps.db, task, &names);

    for (size_t i = 0; rc == 0 && i < names.n; i++)
        qund_buf_printf(out, "%s%s", i > 0 ? "、" : "",
                        names.name[i][0] ? names.name[i] : "新朋友");
    if (rc == 0 && names.all > names.n)
        qund_buf_printf(out, "等%zu位", names.all);
    return rc;
}
