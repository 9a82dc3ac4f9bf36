/* src/sop/plan_read_sql.c - plans as JSON: the list, and one with all that hangs on it. */
#include "sop/measure.h"
#include "sop/read_parts.h"

#define LIMIT_MAX 200
#define TASKS_SHOWN 500

#define COLUMNS                                                                                 \
    "SELECT p.id, p.template, p.version, t.title, p.name, p.state, p.reason, p.start, p.event," \
    " p.until, p.direct, p.after, p.made, p.made_by, p.ended, p.params FROM plan p"             \
    " LEFT JOIN sop_template t ON t.id = p.template AND t.version = p.version "

static void put_ts(struct qund_jw *w, const char *key, int64_t v)
{
    if (v > 0)
        qund_jw_kts(w, key, v);
}

static void put_head(struct qund_stmt *st, struct qund_jw *w)
{
    qund_jw_kint(w, "id", qund_col_int(st, 0));
    qund_jw_kstr(w, "template", qund_col_str(st, 1));
    qund_jw_kint(w, "version", qund_col_int(st, 2));
    qund_jw_kstr(w, "title", qund_col_str(st, 3));
    qund_jw_kstr(w, "name", qund_col_str(st, 4));
    qund_jw_kz(w, "state", qund_plan_state_name((enum qund_plan_state)qund_col_int(st, 5)));
    if (qund_col_str(st, 6).n > 0)
        qund_jw_kstr(w, "reason", qund_col_str(st, 6));
    put_ts(w, "start", qund_col_int(st, 7));
    put_ts(w, "event", qund_col_int(st, 8));
    put_ts(w, "until", qund_col_int(st, 9));
    qund_jw_kz(w, "deliver", qund_plan_deliver_name((enum qund_plan_deliver)qund_col_int(st, 10)));
    if (qund_col_int(st, 11) > 0)
        qund_jw_kint(w, "after", qund_col_int(st, 11));
    put_ts(w, "made", qund_col_int(st, 12));
    qund_jw_kstr(w, "made_by", qund_col_str(st, 13));
    put_ts(w, "ended", qund_col_int(st, 14));
}

/* --- what is counted --- */

struct counted {
    const char *key, *sql;
    const char *(*name)(int v);
};

static const char *plan_state(int v)
{
    return qund_plan_state_name((enum qund_plan_state)v);
}

static const char *task_state(int v)
{
    return qund_task_state_name((enum qund_task_state)v);
}

static const char *outcome(int v)
{
    static const char *const names[] = {"open", "hit", "miss", "void"};

    return v >= 0 && v < 4 ? names[v] : "?";
}

static const struct counted COUNTED[] = {
    {"runs", "SELECT state, count(*) FROM plan_run WHERE plan = :plan GROUP BY state", plan_state},
    {"tasks", "SELECT state, count(*) FROM task WHERE plan = :plan GROUP BY state", task_state},
    {"expectations",
     "SELECT x.outcome, count(*) FROM task t JOIN expectation x ON x.task = t.id"
     " WHERE t.plan = :plan GROUP BY x.outcome",
     outcome},
};

static int put_counts(struct qund_db *db, int64_t plan, struct qund_jw *w)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < QUND_ARRAY_LEN(COUNTED); i++) {
        struct qund_stmt *st = qund_sql(db, COUNTED[i].sql);

        if (!st)
            return QUND_E_IO;
        qund_bind_int(st, ":plan", plan);
        qund_jw_key(w, COUNTED[i].key);
        qund_jw_obj(w);
        while ((rc = qund_step(st)) == 1)
            qund_jw_kint(w, COUNTED[i].name((int)qund_col_int(st, 0)), qund_col_int(st, 1));
        qund_stmt_reset(st);
        qund_jw_end_obj(w);
    }
    return rc;
}

static int put_groups(struct qund_db *db, int64_t plan, struct qund_jw *w)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT g.id, g.name FROM plan_target t JOIN grp g ON g.id = t.grp"
                     " WHERE t.plan = :plan ORDER BY g.id");
    int rc;

    if (!st)
        return QUND_E_IO;
    qund_bind_int(st, ":plan", plan);
    qund_jw_key(w, "groups");
    qund_jw_arr(w);
    while ((rc = qund_step(st)) == 1) {
        qund_jw_obj(w);
        qund_jw_kint(w, "id", qund_col_int(st, 0));
        qund_jw_kstr(w, "name", qund_col_str(st, 1));
        qund_jw_end_obj(w);
    }
    qund_stmt_reset(st);
    qund_jw_end_arr(w);
    return rc;
}

static void put_real(struct qund_jw *w, const char *key, struct qund_stmt *st, int col)
{
    if (qund_col_null(st, col))
        return;
    qund_jw_key(w, key);
    qund_jw_num(w, qund_col_real(st, col));
}

static int put_goals(struct qund_db *db, int64_t plan, struct qund_jw *w)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT name, wanted, figure, mark FROM plan_goal WHERE plan = :plan"
                     " ORDER BY name");
    int rc;

    if (!st)
        return QUND_E_IO;
    qund_bind_int(st, ":plan", plan);
    qund_jw_key(w, "goals");
    qund_jw_arr(w);
    while ((rc = qund_step(st)) == 1) {
        qund_jw_obj(w);
        qund_jw_kstr(w, "name", qund_col_str(st, 0));
        qund_jw_kstr(w, "wanted", qund_col_str(st, 1));
        put_real(w, "figure", st, 2);
        put_real(w, "mark", st, 3);
        if (!qund_col_null(st, 2) && !qund_col_null(st, 3))
            qund_jw_kbool(w, "reached",
                          qund_sop_holds(qund_str_starts(qund_col_str(st, 1), "<=") ? QUND_SOP_LTE
                                                                                    : QUND_SOP_GTE,
                                         qund_col_real(st, 2), qund_col_real(st, 3)));
        qund_jw_end_obj(w);
    }
    qund_stmt_reset(st);
    qund_jw_end_arr(w);
    return rc;
}

static int put_said(struct qund_db *db, int64_t plan, struct qund_jw *w)
{
    struct qund_stmt *st = qund_sql(
        db, "SELECT name, n, at, by FROM plan_said WHERE plan = :plan ORDER BY name LIMIT 200");
    int rc;

    if (!st)
        return QUND_E_IO;
    qund_bind_int(st, ":plan", plan);
    qund_jw_key(w, "said");
    qund_jw_arr(w);
    while ((rc = qund_step(st)) == 1) {
        qund_jw_obj(w);
        qund_jw_kstr(w, "name", qund_col_str(st, 0));
        qund_jw_key(w, "n");
        qund_jw_num(w, qund_col_real(st, 1));
        put_ts(w, "at", qund_col_int(st, 2));
        qund_jw_kstr(w, "by", qund_col_str(st, 3));
        qund_jw_end_obj(w);
    }
    qund_stmt_reset(st);
    qund_jw_end_arr(w);
    return rc;
}

/* --- one --- */

static int put_tasks(struct qund_db *db, int64_t plan, struct qund_jw *w)
{
    QUND_AUTO(qund_sop_view_free) struct qund_sop_view *v = qund_sop_view_new(db);
    QUND_AUTO(qund_buf_done) struct qund_buf list = {0};
    int64_t due, id;
    int rc;

    qund_buf_char(&list, '[');
    rc = qund_sop_tasks_print(v, &(struct qund_task_filter){.plan = plan, .limit = TASKS_SHOWN},
                              &list, &due, &id);
    qund_buf_char(&list, ']');
    if (rc < 0)
        return rc;
    qund_jw_key(w, "task_list");
    qund_jw_raw(w, qund_buf_view(&list));
    qund_jw_kbool(w, "more_tasks", id > 0);
    return 0;
}

int qund_sop_plan_print(struct qund_db *db, int64_t id, struct qund_buf *json)
{
    struct qund_stmt *st = qund_sql(db, COLUMNS "WHERE p.id = :id");
    struct qund_jw w = qund_jw(json);
    int rc;

    if (!st)
        return QUND_E_IO;
    qund_bind_int(st, ":id", id);
    rc = qund_step(st);
    if (rc == 1) {
        qund_jw_obj(&w);
        put_head(st, &w);
        qund_jw_key(&w, "params");
        qund_jw_raw(&w, qund_col_str(st, 15));
    }
    qund_stmt_reset(st);
    if (rc < 1)
        return rc < 0 ? rc : QUND_E_NOTFOUND;
    rc = put_groups(db, id, &w);
    if (rc == 0)
        rc = put_counts(db, id, &w);
    if (rc == 0)
        rc = put_goals(db, id, &w);
    if (rc == 0)
        rc = put_said(db, id, &w);
    if (rc == 0)
        rc = put_tasks(db, id, &w);
    qund_jw_end_obj(&w);
    return rc;
}

/* --- the list --- */

int qund_sop_plan_list(struct qund_db *db, const struct qund_plan_filter *f, struct qund_buf *json,
                       int64_t *next)
{
    struct qund_stmt *st = qund_sql(
        db, COLUMNS "WHERE p.id < :before AND (:state < 0 OR p.state = :state)"
                    " AND (:template IS NULL OR p.template = :template) AND (:grp = 0 OR EXISTS"
                    " (SELECT 1 FROM plan_target WHERE plan = p.id AND grp = :grp))"
                    " ORDER BY p.id DESC LIMIT :max");
    int max = f->limit > 0 && f->limit < LIMIT_MAX ? f->limit : LIMIT_MAX, n = 0, rc;

    *next = 0;
    if (!st)
        return QUND_E_IO;
    qund_bind_int(st, ":before", f->before_id > 0 ? f->before_id : INT64_MAX);
    qund_bind_int(st, ":state", f->state);
    qund_bind_str(st, ":template", f->template);
    qund_bind_int(st, ":grp", f->group);
    qund_bind_int(st, ":max", max + 1);
    while ((rc = qund_step(st)) == 1) {
        struct qund_jw w = qund_jw(json);
        int64_t id = qund_col_int(st, 0);

        if (n == max)
            break; /* there are more: the last one shown is the cursor */
        if (n++ > 0)
            qund_buf_char(json, ',');
        qund_jw_obj(&w);
        put_head(st, &w);
        rc = put_groups(db, id, &w);
        if (rc == 0)
            rc = put_counts(db, id, &w);
        qund_jw_end_obj(&w);
        *next = id;
        if (rc < 0)
            break;
    }
    qund_stmt_reset(st);
    if (rc == 0)
        *next = 0;
    return rc < 0 ? rc : n;
}
