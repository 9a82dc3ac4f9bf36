/* src/sop/plan_task_sql.c - the rows of `task` as a plan needs to see them. They are written by
 * task_sql.c; here they are only found. */
#include "sop/internal.h"

#define ROW "id, grp, contact, round, wanted, due, closes, merged, state, step, reason"

static void take(struct qund_stmt *st, struct sop_task_row *out)
{
    *out = (struct sop_task_row){.id = qund_col_int(st, 0),
                                 .grp = qund_col_int(st, 1),
                                 .contact = qund_col_int(st, 2),
                                 .round = qund_col_int(st, 3),
                                 .wanted = qund_col_int(st, 4),
                                 .due = qund_col_int(st, 5),
                                 .closes = qund_col_int(st, 6),
                                 .merged = qund_col_int(st, 7),
                                 .state = (int)qund_col_int(st, 8),
                                 .past = qund_str_is(qund_col_str(st, 10), "past"),
                                 .paused = qund_str_is(qund_col_str(st, 10), "paused")};
    snprintf(out->step, sizeof(out->step), "%.*s", QUND_STR_ARG(qund_col_str(st, 9)));
}

int qund_plan_task_sql_list(struct qund_db *db, int64_t plan, struct sop_task_row **rows, size_t *n)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT " ROW " FROM task WHERE plan = :plan AND plan_b = 0 ORDER BY id");
    size_t cap = 0;
    int rc;

    qund_assert(st);
    *rows = NULL;
    *n = 0;
    qund_bind_int(st, ":plan", plan);
    while ((rc = qund_step(st)) == 1) {
        if (*n == cap) {
            cap = cap ? cap * 2 : 64;
            *rows = qund_realloc(*rows, cap * sizeof(**rows));
        }
        take(st, &(*rows)[(*n)++]);
    }
    qund_stmt_reset(st);
    if (rc < 0) {
        qund_free(*rows);
        *rows = NULL;
    }
    return rc;
}

int qund_plan_task_sql_leader(struct qund_db *db, int64_t plan, int64_t grp, struct qund_str step,
                              struct sop_task_row *out)
{
    /* 0 to 5: it has gone out or still may (task.h). */
    struct qund_stmt *st = qund_sql(
        db, "SELECT " ROW
            " FROM task INDEXED BY task_step WHERE plan = :plan AND grp = :grp AND step = :step"
            " AND contact > 0 AND merged = 0 AND plan_b = 0 AND state <= 5"
            " ORDER BY due DESC, id DESC LIMIT 1");
    int rc;

    qund_assert(st);
    qund_bind_int(st, ":plan", plan);
    qund_bind_int(st, ":grp", grp);
    qund_bind_str(st, ":step", step);
    rc = qund_step(st);
    if (rc == 1)
        take(st, out);
    qund_stmt_reset(st);
    return rc == 1 ? 0 : rc < 0 ? rc : QUND_E_NOTFOUND;
}

int qund_plan_task_sql_coming(struct qund_db *db, const struct sop_coming *x, int64_t *ids,
                              size_t max)
{
    /* 0 planned, 1 held, 2 ready. What is held is due already. */
    struct qund_stmt *st =
        qund_sql(db, "SELECT id FROM task WHERE due < :until AND due >= :from - 40 * 86400000 AND"
                     " state <= 2 AND merged = 0 AND (due >= :from OR state > 0) AND (:plan = 0 OR "
                     "plan = :plan) AND"
                     " (:grp = 0 OR grp = :grp) ORDER BY due, id LIMIT :max");
    size_t n = 0;
    int rc;

    qund_assert(st);
    qund_bind_int(st, ":from", x->from);
    qund_bind_int(st, ":until", x->until);
    qund_bind_int(st, ":plan", x->plan);
    qund_bind_int(st, ":grp", x->grp);
    qund_bind_int(st, ":max", (int64_t)max);
    while ((rc = qund_step(st)) == 1)
        ids[n++] = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return rc < 0 ? rc : (int)n;
}

/* Rows of (due, staff), as posts like `p`. */
static int each_post(struct qund_stmt *st, struct qund_sop_post p,
                     int (*each)(void *arg, const struct qund_sop_post *p), void *arg)
{
    int rc;

    p.marketing = true;
    while ((rc = qund_step(st)) == 1) {
        p.at = qund_col_int(st, 0);
        p.sender = qund_col_int(st, 1);
        rc = each(arg, &p);
        if (rc != 0)
            break;
    }
    qund_stmt_reset(st);
    return rc;
}

int qund_plan_task_sql_posts(struct qund_db *db, int64_t grp, int64_t but_plan, int64_t from,
                             int64_t until, int (*each)(void *arg, const struct qund_sop_post *p),
                             void *arg)
{
    /* flags & 4: marketing; channels 0 and 1 are read by the group. */
    struct qund_stmt *st = qund_sql(
        db, "SELECT due, staff FROM task WHERE grp = :grp AND due >= :from AND due < :until"
            " AND plan <> :but AND state <= 5 AND merged = 0 AND (flags & 4) <> 0"
            " AND channel IN (0, 1)");

    qund_assert(st);
    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":from", from);
    qund_bind_int(st, ":until", until);
    qund_bind_int(st, ":but", but_plan);
    return each_post(st, (struct qund_sop_post){.group = grp}, each, arg);
}

int qund_plan_task_sql_to(struct qund_db *db, int64_t contact, int64_t but_plan, int64_t from,
                          int64_t until, int (*each)(void *arg, const struct qund_sop_post *p),
                          void *arg)
{
    struct qund_stmt *st = qund_sql(
        db, "SELECT due, staff FROM task WHERE contact = :contact AND contact > 0 AND due >= :from"
            " AND due < :until AND plan <> :but AND state <= 5 AND merged = 0"
            " AND (flags & 4) <> 0 AND channel IN (2, 3)");

    qund_assert(st);
    qund_bind_int(st, ":contact", contact);
    qund_bind_int(st, ":from", from);
    qund_bind_int(st, ":until", until);
    qund_bind_int(st, ":but", but_plan);
    return each_post(st, (struct qund_sop_post){.contact = contact, .one_to_one = true}, each, arg);
}
