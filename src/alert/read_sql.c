/* src/alert/read_sql.c - alerts as JSON for API, live feed and pushes. */
#include "alert/internal.h"
#include "core/json.h"

#define QUOTE_CHARS 200 /* of a message in a push */

#define COLUMNS                                                                              \
    "id, rule, rule_version, level, state, grp, contact, seq, role, title, quote, context,"  \
    " sender_name, group_name, n, first_ts, last_ts, created, changed, by_whom, note, step," \
    " snoozed, relevant, proof, number"

static void print_row(struct qund_stmt *st, struct qund_jw *w)
{
    struct qund_str context = qund_col_str(st, 11);

    qund_jw_obj(w);
    qund_jw_kint(w, "id", qund_col_int(st, 0));
    qund_jw_kstr(w, "rule", qund_col_str(st, 1));
    qund_jw_kint(w, "rule_version", qund_col_int(st, 2));
    qund_jw_kstr(w, "level", qund_col_str(st, 3));
    qund_jw_kz(w, "state", qund_alert_state_name((enum qund_alert_state)qund_col_int(st, 4)));
    qund_jw_kint(w, "group", qund_col_int(st, 5));
    qund_jw_kstr(w, "group_name", qund_col_str(st, 13));
    qund_jw_kint(w, "contact", qund_col_int(st, 6));
    qund_jw_kstr(w, "sender_name", qund_col_str(st, 12));
    qund_jw_kint(w, "message", qund_col_int(st, 7));
    qund_jw_kstr(w, "to", qund_col_str(st, 8));
    qund_jw_kstr(w, "title", qund_col_str(st, 9));
    qund_jw_kstr(w, "quote", qund_col_str(st, 10));
    qund_jw_key(w, "context");
    qund_jw_raw(w, context.n > 0 ? context : QUND_STR("[]"));
    qund_jw_kint(w, "count", qund_col_int(st, 14));
    qund_jw_kint(w, "rung", qund_col_int(st, 21));
    qund_jw_kts(w, "first_ts", qund_col_int(st, 15));
    qund_jw_kts(w, "last_ts", qund_col_int(st, 16));
    qund_jw_kts(w, "created", qund_col_int(st, 17));
    qund_jw_kts(w, "changed", qund_col_int(st, 18));
    qund_jw_kstr(w, "by", qund_col_str(st, 19));
    qund_jw_kstr(w, "note", qund_col_str(st, 20));
    if (qund_col_int(st, 22) > 0)
        qund_jw_kts(w, "snoozed_until", qund_col_int(st, 22));
    qund_jw_kbool(w, "relevant", qund_col_int(st, 23) != 0);
    if (qund_col_str(st, 24).n > 0)
        qund_jw_kstr(w, "proof", qund_col_str(st, 24));
    if (qund_col_str(st, 25).n > 0) {
        qund_jw_key(w, "number");
        qund_jw_raw(w, qund_col_str(st, 25));
    }
    qund_jw_end_obj(w);
}

int qund_alert_print(struct qund_db *db, int64_t id, struct qund_buf *json)
{
    struct qund_stmt *st = qund_sql(db, "SELECT " COLUMNS " FROM alert WHERE id = :id");
    struct qund_jw w = qund_jw(json);
    int rc;

    qund_bind_int(st, ":id", id);
    rc = qund_step(st);
    if (rc > 0)
        print_row(st, &w);
    qund_stmt_reset(st);
    return rc > 0 ? 0 : rc < 0 ? rc : QUND_E_NOTFOUND;
}

/* 【提醒】询价（3）
 * 一群 张三：多少钱 */
static void put_text(struct qund_stmt *st, struct qund_buf *out)
{
    static const char *const LEVELS[][2] = {{"urgent", "紧急"}, {"warn", "提醒"}, {"info", "消息"}};
    struct qund_str level = qund_col_str(st, 3), group = qund_col_str(st, 13);
    struct qund_str sender = qund_col_str(st, 12), quote = qund_col_str(st, 10);

    for (size_t i = 0; i < QUND_ARRAY_LEN(LEVELS); i++)
        if (qund_str_is(level, LEVELS[i][0]))
            qund_buf_printf(out, "【%s】", LEVELS[i][1]);
    qund_buf_str(out, qund_col_str(st, 9));
    if (qund_col_int(st, 14) > 1)
        qund_buf_printf(out, "（%lld）", (long long)qund_col_int(st, 14));
    if (group.n + sender.n + quote.n > 0)
        qund_buf_char(out, '\n');
    qund_buf_str(out, group);
    if (group.n > 0 && sender.n > 0)
        qund_buf_char(out, ' ');
    qund_buf_str(out, sender);
    if (group.n + sender.n > 0 && quote.n > 0)
        qund_buf_puts(out, "：");
    qund_buf_str(out, qund_utf8_cut_chars(quote, QUOTE_CHARS));
    if (qund_utf8_cut_chars(quote, QUOTE_CHARS).n < quote.n)
        qund_buf_puts(out, "…");
}

int qund_alert_text(struct qund_db *db, int64_t id, struct qund_buf *out)
{
    struct qund_stmt *st = qund_sql(db, "SELECT " COLUMNS " FROM alert WHERE id = :id");
    int rc;

    qund_bind_int(st, ":id", id);
    rc = qund_step(st);
    if (rc > 0)
        put_text(st, out);
    qund_stmt_reset(st);
    return rc > 0 ? 0 : rc < 0 ? rc : QUND_E_NOTFOUND;
}

int qund_alert_list(struct qund_db *db, const struct qund_alert_filter *f, struct qund_buf *json,
                    int64_t *next)
{
    struct qund_stmt *st = qund_sql(
        db, "SELECT " COLUMNS " FROM alert WHERE id < :before AND (:state < 0 OR state = :state)"
            " AND (:level IS NULL OR level = :level) AND (:grp = 0 OR grp = :grp)"
            " ORDER BY id DESC LIMIT :limit");
    int n = 0;
    int rc;

    *next = 0;
    qund_bind_int(st, ":before", f->before_id > 0 ? f->before_id : INT64_MAX);
    qund_bind_int(st, ":state", f->state);
    qund_bind_str(st, ":level", f->level.n > 0 ? f->level : QUND_STR_NONE);
    qund_bind_int(st, ":grp", f->group);
    qund_bind_int(st, ":limit", f->limit);
    while ((rc = qund_step(st)) > 0) {
        struct qund_jw w = qund_jw(json);

        if (n++ > 0)
            qund_buf_char(json, ',');
        print_row(st, &w);
        *next = qund_col_int(st, 0);
    }
    qund_stmt_reset(st);
    if (n < f->limit)
        *next = 0;
    return rc < 0 ? rc : n;
}

int qund_alert_list_told(struct qund_db *db, int64_t staff, int limit, struct qund_buf *json)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT " COLUMNS " FROM alert a WHERE state < 2 AND EXISTS(SELECT 1 FROM"
                     " outbox o WHERE o.alert = a.id AND o.person = :staff)"
                     " ORDER BY id DESC LIMIT :limit");
    int n = 0;
    int rc;

    qund_bind_int(st, ":staff", staff);
    qund_bind_int(st, ":limit", limit);
    while ((rc = qund_step(st)) > 0) {
        struct qund_jw w = qund_jw(json);

        if (n++ > 0)
            qund_buf_char(json, ',');
        print_row(st, &w);
    }
    qund_stmt_reset(st);
    return rc < 0 ? rc : n;
}
