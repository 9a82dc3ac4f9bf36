/* gaps_sql.c - GET gaps: when which channel, account or group was not heard, and whether a history
 * that was to fill it could not be read. The rows are crm's; only read here. */
#include "http/internal.h"

static void print_gap(struct qund_stmt *st, struct qund_jw *w)
{
    qund_jw_obj(w);
    qund_jw_kint(w, "id", qund_col_int(st, 0));
    qund_jw_kstr(w, "realm", qund_col_str(st, 1));
    if (qund_col_str(st, 2).n > 0) /* none: we were not there ourselves */
        qund_jw_kstr(w, "channel", qund_col_str(st, 2));
    if (qund_col_str(st, 3).n > 0)
        qund_jw_kstr(w, "account", qund_col_str(st, 3));
    if (qund_col_int(st, 4) > 0)
        qund_jw_kint(w, "group", qund_col_int(st, 4));
    qund_jw_kts(w, "from", qund_col_int(st, 5));
    if (qund_col_int(st, 7) == 0)
        qund_jw_kts(w, "to", qund_col_int(st, 6));
    qund_jw_kbool(w, "open", qund_col_int(st, 7) != 0);
    if (qund_col_int(st, 8) > 0)
        qund_jw_kint(w, "unfilled", qund_col_int(st, 8));
    qund_jw_end_obj(w);
}

int qund_api_gaps(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    struct qund_jw w = qund_jw(&a->body);
    struct qund_stmt *st = qund_sql(
        rd->db, "SELECT g.id, r.name, c.name, g.account, g.grp, g.from_ts, g.to_ts,"
                " g.open AND g.to_ts > :now, g.unfilled FROM gap g JOIN realm r ON r.id = g.realm"
                " LEFT JOIN channel c ON c.id = g.channel WHERE g.id < :before"
                " AND (:grp = 0 OR g.grp = 0 OR g.grp = :grp) ORDER BY g.id DESC LIMIT :limit");
    int64_t before, last = 0;
    int rc = qund_page_id(c, &before, a), n = 0;

    if (rc < 0)
        return rc;
    qund_bind_int(st, ":now", c->now_ms);
    qund_bind_int(st, ":before", before > 0 ? before : INT64_MAX);
    qund_bind_int(st, ":grp", qund_call_num(c, "group", 0));
    qund_bind_int(st, ":limit", c->limit);
    qund_page_begin(&w);
    while ((rc = qund_step(st)) == 1) {
        print_gap(st, &w);
        last = qund_col_int(st, 0);
        n++;
    }
    qund_stmt_reset(st);
    qund_page_end_id(&w, n == c->limit ? last : 0);
    return rc;
}
