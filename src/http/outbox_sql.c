/* outbox_sql.c - GET outbox: what waits to leave and what became of it. The rows are outbox/'s;
 * only read here, by state and number, which their index holds. */
#include "http/internal.h"
#include "outbox/outbox.h"

#define COLUMNS                                                                                   \
    "SELECT id, target, state, urgent, attempt, alert, created, due, deadline, changed, status, " \
    "reason, evidence, key, their_id, person, merged_into FROM outbox "

static void print_item(struct qund_stmt *st, struct qund_jw *w)
{
    qund_jw_obj(w);
    qund_jw_kint(w, "id", qund_col_int(st, 0));
    qund_jw_kstr(w, "key", qund_col_str(st, 13));
    qund_jw_kstr(w, "target", qund_col_str(st, 1));
    qund_jw_kz(w, "state", qund_out_state_name((enum qund_out_state)qund_col_int(st, 2)));
    qund_jw_kbool(w, "urgent", qund_col_int(st, 3) != 0);
    qund_jw_kint(w, "attempt", qund_col_int(st, 4));
    if (qund_col_int(st, 5) < 0)
        qund_jw_kint(w, "task", -qund_col_int(st, 5));
    else if (!qund_col_null(st, 5))
        qund_jw_kint(w, "alert", qund_col_int(st, 5));
    qund_jw_kts(w, "created", qund_col_int(st, 6));
    if (!qund_col_null(st, 7))
        qund_jw_kts(w, "due", qund_col_int(st, 7));
    qund_jw_kts(w, "deadline", qund_col_int(st, 8));
    qund_jw_kts(w, "changed", qund_col_int(st, 9));
    if (!qund_col_null(st, 10))
        qund_jw_kint(w, "status", qund_col_int(st, 10));
    qund_jw_kstr(w, "reason", qund_col_str(st, 11));
    if (!qund_col_null(st, 12))
        qund_jw_kstr(w, "evidence", qund_col_str(st, 12));
    if (!qund_col_null(st, 14))
        qund_jw_kstr(w, "their_id", qund_col_str(st, 14));
    if (qund_col_int(st, 15) > 0)
        qund_jw_kint(w, "person", qund_col_int(st, 15));
    if (!qund_col_null(st, 16))
        qund_jw_kint(w, "merged_into", qund_col_int(st, 16));
    qund_jw_end_obj(w);
}

int qund_api_outbox(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    struct qund_jw w = qund_jw(&a->body);
    struct qund_str name = qund_call_str(c, "state");
    int state = name.p ? qund_out_state_parse(name) : -1;
    int64_t before, last = 0;
    struct qund_stmt *st;
    int rc = qund_page_id(c, &before, a), n = 0;

    if (rc < 0)
        return rc;
    if (name.p && state < 0)
        return qund_err_set(&a->err, QUND_E_INVAL, "state", "is no state of a delivery");
    st = qund_sql(rd->db, name.p ? COLUMNS "WHERE state = :state AND id < :before "
                                           "ORDER BY id DESC LIMIT :limit"
                                 : COLUMNS "WHERE id < :before ORDER BY id DESC LIMIT :limit");
    if (name.p)
        qund_bind_int(st, ":state", state);
    qund_bind_int(st, ":before", before > 0 ? before : INT64_MAX);
    qund_bind_int(st, ":limit", c->limit);
    qund_page_begin(&w);
    while ((rc = qund_step(st)) == 1) {
        print_item(st, &w);
        last = qund_col_int(st, 0);
        n++;
    }
    qund_stmt_reset(st);
    qund_page_end_id(&w, n == c->limit ? last : 0);
    return rc;
}
