/* src/alert/read_sql.c - alerts as JSON for API, live feed and pushes. */
#include "alert/internal.h"
#include "core/json.h"

#define QUOTE_CHARS 200 /* of a message in a push, */
#define BEFORE_CHARS 40 /* of each line said before it, */
#define BEFORE_LINES 3
#define SUGGEST_CHARS 200 /* and of what could be answered */

#define COLUMNS                                                                              \
    "id, rule, rule_version, level, state, grp, contact, seq, role, title, quote, context,"  \
    " sender_name, group_name, n, first_ts, last_ts, created, changed, by_whom, note, step," \
    " snoozed, relevant, proof, number, suggest"

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
    qund_jw_kline(w, "group_name", qund_col_str(st, 13));
    qund_jw_kint(w, "contact", qund_col_int(st, 6));
    qund_jw_kline(w, "sender_name", qund_col_str(st, 12));
    qund_jw_kint(w, "message", qund_col_int(st, 7));
    qund_jw_kstr(w, "to", qund_col_str(st, 8));
    qund_jw_kline(w, "title", qund_col_str(st, 9));
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
    if (qund_col_str(st, 26).n > 0)
        qund_jw_kstr(w, "suggest", qund_col_str(st, 26));
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

static void put_cut(struct qund_str s, size_t chars, struct qund_buf *out)
{
    struct qund_str cut = qund_utf8_cut_chars(s, chars);

    qund_buf_line(out, cut);
    if (cut.n < s.n)
        qund_buf_puts(out, "…");
}

/* "已等 12 分钟", "已等 3 小时"; of what came just now nothing. */
static void put_age(int64_t ms, struct qund_buf *out)
{
    int64_t min = ms / 60000;

    if (min >= 120)
        qund_buf_printf(out, "｜已等 %lld 小时", (long long)(min / 60));
    else if (min >= 1)
        qund_buf_printf(out, "｜已等 %lld 分钟", (long long)min);
}

struct before {
    struct qund_str text[BEFORE_LINES];
    bool staff[BEFORE_LINES];
    size_t n;
};

static int read_line(struct qund_jr *r, struct before *b)
{
    struct qund_jr_obj o;
    struct qund_str key, role = QUND_STR_NONE;
    int more, rc = qund_jr_obj(r, &o);

    while (rc == 0 && (more = qund_jr_obj_next(r, &o, &key)) != 0) {
        if (more < 0)
            return more;
        rc = qund_str_is(key, "text")          ? qund_jr_str(r, &b->text[b->n])
             : qund_str_is(key, "sender_role") ? qund_jr_str(r, &role)
                                               : qund_jr_skip(r, NULL);
    }
    b->staff[b->n++] = qund_str_is(role, "staff");
    return rc;
}

/* What was said before it, kept newest first and read oldest first. */
static void put_before(struct qund_str json, struct qund_buf *out)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(4096);
    struct before b = {.n = 0};
    struct qund_jr r;
    bool first;

    qund_jr_init(&r, json, arena, 8);
    if (json.n == 0 || qund_jr_arr(&r, &first) < 0)
        return;
    while (b.n < BEFORE_LINES && qund_jr_arr_next(&r, &first) > 0)
        if (read_line(&r, &b) < 0)
            return;
    if (b.n > 0)
        qund_buf_puts(out, "\n上文：");
    for (size_t i = b.n; i > 0; i--) {
        qund_buf_puts(out, b.staff[i - 1] ? "\n· 客服：" : "\n· ");
        put_cut(b.text[i - 1], BEFORE_CHARS, out);
    }
}

/* 【提醒】询价（3）｜已等 12 分钟
 * 一群 张三：多少钱
 * 上文：
 * · 客服：今天有活动
 * 建议：您好，先看看这份价目表
 * Whatever a stranger or a colleague wrote is one line of it: who copies a suggestion takes it from
 * the alert itself. */
static void put_text(struct qund_stmt *st, int64_t now, struct qund_buf *out)
{
    static const char *const LEVELS[][2] = {{"urgent", "紧急"}, {"warn", "提醒"}, {"info", "消息"}};
    struct qund_str level = qund_col_str(st, 3), group = qund_col_str(st, 13);
    struct qund_str sender = qund_col_str(st, 12), quote = qund_col_str(st, 10);
    struct qund_str suggest = qund_col_str(st, 26);

    for (size_t i = 0; i < QUND_ARRAY_LEN(LEVELS); i++)
        if (qund_str_is(level, LEVELS[i][0]))
            qund_buf_printf(out, "【%s】", LEVELS[i][1]);
    qund_buf_line(out, qund_col_str(st, 9));
    if (qund_col_int(st, 14) > 1)
        qund_buf_printf(out, "（%lld）", (long long)qund_col_int(st, 14));
    put_age(now - qund_col_int(st, 15), out);
    if (group.n + sender.n + quote.n > 0)
        qund_buf_char(out, '\n');
    qund_buf_line(out, group);
    if (group.n > 0 && sender.n > 0)
        qund_buf_char(out, ' ');
    qund_buf_line(out, sender);
    if (group.n + sender.n > 0 && quote.n > 0)
        qund_buf_puts(out, "：");
    put_cut(quote, QUOTE_CHARS, out);
    if (quote.n > 0)
        put_before(qund_col_str(st, 11), out);
    if (suggest.n > 0) {
        qund_buf_puts(out, "\n建议：");
        put_cut(suggest, SUGGEST_CHARS, out);
    }
}

int qund_alert_show(struct qund_db *db, int64_t id, int64_t now, struct qund_buf *json,
                    struct qund_buf *text)
{
    struct qund_stmt *st = qund_sql(db, "SELECT " COLUMNS " FROM alert WHERE id = :id");
    struct qund_jw w = qund_jw(json);
    int rc;

    qund_bind_int(st, ":id", id);
    rc = qund_step(st);
    if (rc > 0) {
        print_row(st, &w);
        put_text(st, now, text);
    }
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
