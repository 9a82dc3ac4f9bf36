/* questions_sql.c - GET questions: who is owed an answer, who got one. The rows are the engine's;
 * only read here. */
#include "http/internal.h"

static const char *const STATES[] = {"open", "answered", "done", "withdrawn"};

static void print_question(struct qund_stmt *st, struct qund_jw *w)
{
    int64_t state = qund_col_int(st, 4);

    qund_jw_obj(w);
    qund_jw_kint(w, "id", qund_col_int(st, 0));
    qund_jw_kint(w, "group", qund_col_int(st, 1));
    qund_jw_kint(w, "contact", qund_col_int(st, 2));
    qund_jw_kts(w, "ts", qund_col_int(st, 3));
    qund_jw_kz(w, "state", state >= 0 && state < 4 ? STATES[state] : "?");
    qund_jw_kbool(w, "urgent", qund_col_int(st, 5) != 0);
    qund_jw_kbool(w, "overdue",
                  qund_col_int(st, 6) != 0 && state == 0 && qund_col_int(st, 10) == 0);
    if (qund_col_int(st, 10) != 0)
        qund_jw_kz(w, "void", "gap");
    qund_jw_kstr(w, "sender_name", qund_col_str(st, 7));
    if (!qund_col_null(st, 8))
        qund_jw_kts(w, "answered_at", qund_col_int(st, 8));
    if (!qund_col_null(st, 9))
        qund_jw_kint(w, "reply_ms", qund_col_int(st, 9));
    qund_jw_end_obj(w);
}

int qund_api_questions(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    struct qund_jw w = qund_jw(&a->body);
    struct qund_stmt *st =
        qund_sql(rd->db, "SELECT seq, grp, contact, ts, state, urgent, judged, name, answer_ts, "
                         "reply_ms, voided FROM question WHERE seq < :before "
                         "AND (:state < 0 OR state = :state) AND (:grp = 0 OR grp = :grp) "
                         "ORDER BY seq DESC LIMIT :limit");
    int64_t before, last = 0;
    int rc = qund_page_id(c, &before, a), n = 0;

    if (rc < 0)
        return rc;
    qund_bind_int(st, ":before", before > 0 ? before : INT64_MAX);
    qund_bind_int(st, ":state", qund_call_num(c, "state", 0));
    qund_bind_int(st, ":grp", qund_call_num(c, "group", 0));
    qund_bind_int(st, ":limit", c->limit);
    qund_page_begin(&w);
    while ((rc = qund_step(st)) == 1) {
        print_question(st, &w);
        last = qund_col_int(st, 0);
        n++;
    }
    qund_stmt_reset(st);
    qund_page_end_id(&w, n == c->limit ? last : 0);
    return rc;
}
