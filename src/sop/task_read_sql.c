/* src/sop/task_read_sql.c - tasks as JSON: today's list, a plan's, one with its history. */
#include "sop/read_parts.h"

#define LIMIT_MAX 500

/* Numbers of columns, in the order of COLUMNS. */
enum {
    C_ID,
    C_PLAN,
    C_TEMPLATE,
    C_VERSION,
    C_STEP,
    C_PLAN_B,
    C_GROUP,
    C_GROUP_NAME,
    C_CONTACT,
    C_CONTACT_NAME,
    C_ROUND,
    C_MERGED,
    C_STATE,
    C_REASON,
    C_EVIDENCE,
    C_FLAGS,
    C_WANTED,
    C_DUE,
    C_CLOSES,
    C_ROLE,
    C_STAFF,
    C_STAFF_NAME,
    C_CHANNEL,
    C_CONTENT,
    C_MEDIA,
    C_PUSHED,
    C_DONE,
    C_DONE_BY,
    C_SEQ,
    C_POSTED,
    C_SCORE,
    C_NUMBER,
    C_X_OPENS,
    C_X_CLOSES,
    C_X_BASE,
    C_X_WANTED,
    C_X_OUTCOME,
    C_X_REASON,
    C_X_FIGURE,
    C_X_JUDGED,
    C_PARAMS,
    C_EVENT
};
#define COLUMNS                                                                                \
    "SELECT t.id, t.plan, p.template, p.version, t.step, t.plan_b, t.grp, g.name, t.contact,"  \
    " c.name, t.round, t.merged, t.state, t.reason, t.evidence, t.flags, t.wanted, t.due,"     \
    " t.closes, t.role, t.staff, s.name, t.channel, coalesce(l.content, t.content), t.media, " \
    "t.pushed, t.done,"                                                                        \
    " t.done_by, t.seq, t.posted, t.score, t.number, x.opens, x.closes, x.base, x.wanted,"     \
    " x.outcome, x.reason, x.figure, x.judged, p.params, p.event FROM task t"                  \
    " JOIN plan p ON p.id = t.plan LEFT JOIN grp g ON g.id = t.grp"                            \
    " LEFT JOIN contact c ON c.id = t.contact LEFT JOIN staff s ON s.id = t.staff"             \
    " LEFT JOIN task l ON l.id = t.merged LEFT JOIN expectation x ON x.task = t.id "

static void put_int(struct qund_jw *w, const char *key, int64_t v)
{
    if (v != 0)
        qund_jw_kint(w, key, v);
}

static void put_ts(struct qund_jw *w, const char *key, int64_t v)
{
    if (v > 0)
        qund_jw_kts(w, key, v);
}

static void put_str(struct qund_jw *w, const char *key, struct qund_str v)
{
    if (v.n > 0)
        qund_jw_kstr(w, key, v);
}

static void put_num(struct qund_jw *w, const char *key, struct qund_stmt *st, int col)
{
    if (qund_col_null(st, col))
        return;
    qund_jw_key(w, key);
    qund_jw_num(w, qund_col_real(st, col));
}

static const struct {
    unsigned bit;
    const char *name;
} FLAGS[] = {
    {QUND_TASK_LATE, "late"},           {QUND_TASK_STAND_IN, "stand_in"},
    {QUND_TASK_MARKETING, "marketing"}, {QUND_TASK_AMBIGUOUS, "ambiguous"},
    {QUND_TASK_BY_US, "by_us"},         {QUND_TASK_ESCALATED, "escalated"},
    {QUND_TASK_ALERTED, "alerted"},     {QUND_TASK_UNDISCLOSED, "undisclosed"},
    {QUND_TASK_UNREACHED, "unreached"}, {QUND_TASK_TO_CONFIRM, "to_confirm"},
};

static void put_flags(struct qund_jw *w, int64_t flags)
{
    qund_jw_key(w, "flags");
    qund_jw_arr(w);
    for (size_t i = 0; i < QUND_ARRAY_LEN(FLAGS); i++)
        if ((unsigned)flags & FLAGS[i].bit)
            qund_jw_str(w, qund_str(FLAGS[i].name));
    qund_jw_end_arr(w);
}

static const char *const OUTCOMES[] = {"open", "hit", "miss", "void"};

/* What was expected of a plan B is nothing: it is the end of the line. Of a post that another one
 * speaks for, it is that one's. */
static void put_expectation(struct qund_jw *w, struct qund_stmt *st,
                            const struct qund_sop_step *step)
{
    QUND_AUTO(qund_buf_done) struct qund_buf value = {0};
    int64_t outcome = qund_col_int(st, C_X_OUTCOME);
    bool row = !qund_col_null(st, C_X_CLOSES);

    if (!row && (!step || !step->expect.given || qund_col_int(st, C_PLAN_B) > 0 ||
                 qund_col_int(st, C_MERGED) > 0))
        return;
    qund_jw_key(w, "expectation");
    qund_jw_obj(w);
    if (step && step->expect.given) {
        qund_sop_value_print(&step->expect.value, &value);
        qund_jw_kz(w, "metric", qund_sop_metric_name(step->expect.metric));
        put_str(w, "of", step->expect.of_what);
        qund_jw_kz(w, "op", qund_sop_op_sign(step->expect.op));
        qund_jw_kstr(w, "value", qund_buf_view(&value));
        qund_jw_kint(w, "window_ms", step->expect.window_ms);
    }
    if (row) {
        put_ts(w, "opens", qund_col_int(st, C_X_OPENS));
        put_ts(w, "closes", qund_col_int(st, C_X_CLOSES));
        put_num(w, "base", st, C_X_BASE);
        put_num(w, "wanted", st, C_X_WANTED);
        qund_jw_kz(w, "outcome", outcome >= 0 && outcome < 4 ? OUTCOMES[outcome] : "?");
        put_str(w, "reason", qund_col_str(st, C_X_REASON));
        put_num(w, "figure", st, C_X_FIGURE);
        put_ts(w, "judged", qund_col_int(st, C_X_JUDGED));
    }
    qund_jw_end_obj(w);
}

static void put_who(struct qund_jw *w, struct qund_stmt *st)
{
    put_int(w, "plan_b", qund_col_int(st, C_PLAN_B));
    put_int(w, "group", qund_col_int(st, C_GROUP));
    put_str(w, "group_name", qund_col_str(st, C_GROUP_NAME));
    put_int(w, "contact", qund_col_int(st, C_CONTACT));
    put_str(w, "contact_name", qund_col_str(st, C_CONTACT_NAME));
    put_int(w, "round", qund_col_int(st, C_ROUND));
    put_int(w, "merged", qund_col_int(st, C_MERGED));
}

/* What somebody was told is what the row says; before that, what is known of it today. */
static void put_content(const struct qund_sop_view *v, const struct qund_sop_template *t,
                        struct qund_stmt *st, struct qund_jw *w)
{
    QUND_AUTO(qund_buf_done) struct qund_buf known = {0};
    struct qund_str text = qund_col_str(st, C_CONTENT);
    struct qund_plan plan = {.params = qund_col_str(st, C_PARAMS),
                             .event = qund_col_int(st, C_EVENT)};
    struct qund_sop_known k = {
        .plan = &plan, .t = t, .zone = v->zone, .group_name = qund_col_str(st, C_GROUP_NAME)};
    bool told = qund_col_int(st, C_PUSHED) > 0;

    if (!told && qund_sop_view_words(&k, text, &known) == 0)
        text = qund_buf_view(&known);
    qund_jw_kstr(w, "content", text);
}

static void put_what(const struct qund_sop_view *v, const struct qund_sop_template *t,
                     struct qund_stmt *st, struct qund_jw *w)
{
    put_ts(w, "wanted", qund_col_int(st, C_WANTED));
    put_ts(w, "due", qund_col_int(st, C_DUE));
    put_ts(w, "closes", qund_col_int(st, C_CLOSES));
    qund_jw_kz(w, "role", qund_sop_role_name((enum qund_sop_role)qund_col_int(st, C_ROLE)));
    put_int(w, "staff", qund_col_int(st, C_STAFF));
    put_str(w, "staff_name", qund_col_str(st, C_STAFF_NAME));
    qund_jw_kz(w, "channel",
               qund_sop_channel_name((enum qund_sop_channel)qund_col_int(st, C_CHANNEL)));
    put_content(v, t, st, w);
    if (qund_col_str(st, C_MEDIA).n > 0) {
        qund_jw_key(w, "media");
        qund_jw_raw(w, qund_col_str(st, C_MEDIA));
    }
    put_ts(w, "pushed", qund_col_int(st, C_PUSHED));
    put_ts(w, "done", qund_col_int(st, C_DONE));
    put_str(w, "done_by", qund_col_str(st, C_DONE_BY));
    put_int(w, "seq", qund_col_int(st, C_SEQ));
    put_str(w, "posted", qund_col_str(st, C_POSTED));
    put_int(w, "score", qund_col_int(st, C_SCORE));
    put_num(w, "number", st, C_NUMBER);
}

/* Leaves the object open: its history may follow. */
static void put_task(struct qund_sop_view *v, struct qund_stmt *st, struct qund_jw *w)
{
    const struct qund_sop_template *t =
        qund_sop_view_template(v, qund_col_str(st, C_TEMPLATE), qund_col_int(st, C_VERSION));
    const struct qund_sop_step *step = t ? qund_sop_step_find(t, qund_col_str(st, C_STEP)) : NULL;

    qund_jw_obj(w);
    qund_jw_kint(w, "id", qund_col_int(st, C_ID));
    qund_jw_kint(w, "plan", qund_col_int(st, C_PLAN));
    qund_jw_kstr(w, "template", qund_col_str(st, C_TEMPLATE));
    qund_jw_kstr(w, "step", qund_col_str(st, C_STEP));
    if (step)
        put_str(w, "title", step->title);
    if (step)
        qund_jw_kz(w, "kind", qund_sop_kind_name(step->kind));
    put_who(w, st);
    qund_jw_kz(w, "state", qund_task_state_name((enum qund_task_state)qund_col_int(st, C_STATE)));
    put_str(w, "reason", qund_col_str(st, C_REASON));
    if (qund_col_int(st, C_EVIDENCE) > 0)
        qund_jw_kz(w, "evidence",
                   qund_task_evidence_name((enum qund_task_evidence)qund_col_int(st, C_EVIDENCE)));
    put_flags(w, qund_col_int(st, C_FLAGS));
    put_what(v, t, st, w);
    put_expectation(w, st, step);
}

/* --- lists --- */

/* A statement for each way in, so that each uses its index; the rest of the filter is the same. */
#define REST                                                                              \
    " AND t.due >= :from AND t.due < :until AND (t.due, t.id) > (:after_due, :after_id)"  \
    " AND (:plan = 0 OR t.plan = :plan) AND (:grp = 0 OR t.grp = :grp)"                   \
    " AND (:staff = 0 OR t.staff = :staff) AND (:states = 0 OR (:states >> t.state) & 1)" \
    " ORDER BY t.due, t.id LIMIT :max"

static struct qund_stmt *list_by(struct qund_db *db, const struct qund_task_filter *f)
{
    if (f->plan > 0)
        return qund_sql(db, COLUMNS "WHERE t.plan = :plan" REST);
    if (f->staff > 0)
        return qund_sql(db, COLUMNS "WHERE t.staff = :staff AND t.staff > 0" REST);
    if (f->group > 0)
        return qund_sql(db, COLUMNS "WHERE t.grp = :grp" REST);
    return qund_sql(db, COLUMNS "WHERE 1" REST);
}

int qund_sop_tasks_print(struct qund_sop_view *v, const struct qund_task_filter *f,
                         struct qund_buf *json, int64_t *next_due, int64_t *next_id)
{
    struct qund_stmt *st = list_by(v->db, f);
    int max = f->limit > 0 && f->limit < LIMIT_MAX ? f->limit : LIMIT_MAX, n = 0, rc = 0;

    *next_due = *next_id = 0;
    if (!st)
        return QUND_E_IO;
    qund_bind_int(st, ":from", f->from);
    qund_bind_int(st, ":until", f->until > 0 ? f->until : INT64_MAX);
    qund_bind_int(st, ":after_due", f->after_due);
    qund_bind_int(st, ":after_id", f->after_id);
    qund_bind_int(st, ":plan", f->plan);
    qund_bind_int(st, ":grp", f->group);
    qund_bind_int(st, ":staff", f->staff);
    qund_bind_int(st, ":states", f->states);
    qund_bind_int(st, ":max", max + 1);
    while ((rc = qund_step(st)) == 1) {
        struct qund_jw w = qund_jw(json);

        if (n == max)
            break; /* there are more: the last one shown is the cursor */
        if (n++ > 0)
            qund_buf_char(json, ',');
        put_task(v, st, &w);
        qund_jw_end_obj(&w);
        *next_due = qund_col_int(st, C_DUE);
        *next_id = qund_col_int(st, C_ID);
    }
    qund_stmt_reset(st);
    if (rc == 0)
        *next_due = *next_id = 0;
    return rc < 0 ? rc : n;
}

int qund_sop_task_list(struct qund_db *db, const struct qund_task_filter *f, struct qund_buf *json,
                       int64_t *next_due, int64_t *next_id)
{
    QUND_AUTO(qund_sop_view_free) struct qund_sop_view *v = qund_sop_view_new(db);

    v->zone = f->zone;
    return qund_sop_tasks_print(v, f, json, next_due, next_id);
}

/* --- one --- */

static int put_log(struct qund_db *db, int64_t id, struct qund_jw *w)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT at, event, state, by, reason FROM task_log WHERE task = :id"
                     " ORDER BY n LIMIT 500");
    int rc;

    if (!st)
        return QUND_E_IO;
    qund_bind_int(st, ":id", id);
    qund_jw_key(w, "log");
    qund_jw_arr(w);
    while ((rc = qund_step(st)) == 1) {
        qund_jw_obj(w);
        put_ts(w, "at", qund_col_int(st, 0));
        qund_jw_kz(w, "event", qund_task_event_name((enum qund_task_event)qund_col_int(st, 1)));
        qund_jw_kz(w, "state", qund_task_state_name((enum qund_task_state)qund_col_int(st, 2)));
        put_str(w, "by", qund_col_str(st, 3));
        put_str(w, "reason", qund_col_str(st, 4));
        qund_jw_end_obj(w);
    }
    qund_stmt_reset(st);
    qund_jw_end_arr(w);
    return rc;
}

int qund_sop_task_print(struct qund_db *db, int64_t id, const struct qund_zone *zone,
                        struct qund_buf *json)
{
    QUND_AUTO(qund_sop_view_free) struct qund_sop_view *v = qund_sop_view_new(db);
    struct qund_stmt *st = qund_sql(db, COLUMNS "WHERE t.id = :id");
    struct qund_jw w = qund_jw(json);
    int rc;

    v->zone = zone;
    if (!st)
        return QUND_E_IO;
    qund_bind_int(st, ":id", id);
    rc = qund_step(st);
    if (rc == 1)
        put_task(v, st, &w);
    qund_stmt_reset(st);
    if (rc < 1)
        return rc < 0 ? rc : QUND_E_NOTFOUND;
    rc = put_log(db, id, &w);
    qund_jw_end_obj(&w);
    return rc;
}
