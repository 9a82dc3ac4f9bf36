/* src/crm/run.c - a statement, its values and its outcome in one line, for the many that are rare.
 */
#include "crm/internal.h"

struct qund_stmt *qund_crm_stmt(struct qund_db *db, const char *sql,
                                const struct qund_crm_arg *args, size_t n)
{
    struct qund_stmt *st = qund_sql(db, sql);

    qund_assert(st);
    for (size_t i = 0; i < n; i++) {
        if (args[i].is_text)
            qund_bind_str(st, args[i].name, args[i].s);
        else
            qund_bind_int(st, args[i].name, args[i].i);
    }
    return st;
}

int qund_crm_run(struct qund_db *db, const char *sql, const struct qund_crm_arg *args, size_t n)
{
    return qund_run(qund_crm_stmt(db, sql, args, n));
}

int qund_crm_ask(struct qund_db *db, const char *sql, const struct qund_crm_arg *args, size_t n,
                 int64_t *out)
{
    struct qund_stmt *st = qund_crm_stmt(db, sql, args, n);
    int rc = qund_step(st);

    if (rc == 1)
        *out = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return rc == 0 ? QUND_E_NOTFOUND : rc < 0 ? rc : QUND_OK;
}
