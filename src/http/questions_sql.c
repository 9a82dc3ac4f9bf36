/* questions_sql.c - GET questions and the measures of a group. The rows are the engine's; only read
 * here. */
#include "core/zone.h"
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
    qund_jw_kbool(w, "overdue", qund_col_int(st, 6) != 0 && state == 0);
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
                         "reply_ms FROM question WHERE seq < :before "
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

/* --- measures: rows of hours, folded into days of the group's zone when asked --- */

enum { MEASURES = 5, SPANS_MAX = 2000 };

struct span {
    int64_t start;
    int64_t v[MEASURES];
};

static void print_span(struct qund_jw *w, const struct span *s)
{
    static const char *const names[MEASURES] = {"messages", "staff_messages", "speakers", "joins",
                                                "leaves"};

    qund_jw_obj(w);
    qund_jw_kts(w, "from", s->start);
    for (int i = 0; i < MEASURES; i++)
        qund_jw_kint(w, names[i], s->v[i]);
    qund_jw_end_obj(w);
}

/* A speaker of several hours of a day counts once that day. */
static int day_speakers(struct qund_db *db, int64_t grp, int64_t from, int64_t until, int64_t *out)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT count(DISTINCT contact) FROM speaker WHERE grp = :grp "
                     "AND hour >= :from AND hour < :until");
    int rc;

    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":from", from);
    qund_bind_int(st, ":until", until);
    rc = qund_step(st);
    if (rc == 1)
        *out = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return rc < 0 ? rc : QUND_OK;
}

static int finish_span(struct qund_reader *rd, const struct qund_call *c, const struct qund_zone *z,
                       bool days, struct span *s, struct qund_jw *w)
{
    int rc = QUND_OK;

    if (s->start < 0)
        return QUND_OK;
    if (days)
        rc = day_speakers(rd->db, c->id, s->start, qund_zone_day_start(z, s->start, 1), &s->v[2]);
    print_span(w, s);
    s->start = -1;
    return rc;
}

static int walk(struct qund_reader *rd, const struct qund_call *c, const struct qund_zone *z,
                int64_t from, int64_t until, struct qund_jw *w)
{
    bool days = qund_call_num(c, "by", 0) == 1;
    struct qund_stmt *st =
        qund_sql(rd->db, "SELECT hour, messages, staff_messages, speakers, joins, leaves "
                         "FROM measure WHERE grp = :grp AND hour >= :from AND hour < :until "
                         "ORDER BY hour");
    struct span s = {.start = -1};
    int rc;

    qund_bind_int(st, ":grp", c->id);
    qund_bind_int(st, ":from", from);
    qund_bind_int(st, ":until", until);
    while ((rc = qund_step(st)) == 1) {
        int64_t hour = qund_col_int(st, 0);
        int64_t start = days ? qund_zone_day_start(z, hour, 0) : hour;

        if (start != s.start) {
            rc = finish_span(rd, c, z, days, &s, w);
            if (rc < 0)
                break;
            s = (struct span){.start = start};
        }
        for (int i = 0; i < MEASURES; i++)
            s.v[i] += qund_col_int(st, i + 1);
    }
    qund_stmt_reset(st);
    return rc < 0 ? rc : finish_span(rd, c, z, days, &s, w);
}

int qund_api_group_metrics(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    QUND_AUTO(qund_zone_free) struct qund_zone *z = NULL;
    struct qund_jw w = qund_jw(&a->body);
    struct qund_str zone = qund_call_str(c, "zone");
    QUND_AUTO(qund_free_str) char *name = qund_str_dup(zone.p ? zone : QUND_STR("Asia/Shanghai"));
    int64_t until = qund_call_num(c, "to", c->now_ms);
    int64_t from = qund_call_num(c, "from", until - 7 * 24 * QUND_HOUR_MS);
    int rc = qund_zone_load(NULL, name, &z, &a->err);

    if (rc < 0)
        return QUND_E_INVAL;
    if (from >= until || (until - from) / QUND_HOUR_MS > SPANS_MAX * 24)
        return qund_err_set(&a->err, QUND_E_INVAL, "from",
                            "must lie before `to`, by at most %d "
                            "days",
                            SPANS_MAX);
    if (qund_call_num(c, "by", 0) == 0 && (until - from) / QUND_HOUR_MS > SPANS_MAX)
        return qund_err_set(&a->err, QUND_E_INVAL, "from", "at most %d hours at once; ask by=day",
                            SPANS_MAX);
    qund_page_begin(&w);
    rc = walk(rd, c, z, from, until, &w);
    qund_page_end(&w, QUND_STR_NONE);
    return rc;
}
