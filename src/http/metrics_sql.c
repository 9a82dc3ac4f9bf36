/* src/http/metrics_sql.c - GET groups/{id}/metrics: what hours or days of a group counted. The rows
 * are the engine's; only read here.
 *
 * Messages, speakers, joins and leaves are counted by the hour as they come. Questions are their
 * own rows, each with its answer and the reply time in duty hours, so they are counted when
 * somebody asks: an answer that came late or was taken back needs no second book. A question
 * belongs to the hour in which it was asked. The ratio is of those whose clock has ended or that
 * were answered: one that was asked a minute ago is nobody's failure. Times are those of the
 * nearest rank, so that each is a reply that was given.
 *
 * Days are sums of hours in the zone asked for, else the group's, else the installation's. */
#include "core/zone.h"
#include "http/internal.h"

enum { COUNTS = 5, SPANS_MAX = 2000 };

struct span {
    int64_t start;
    int64_t v[COUNTS];
};
struct asked {
    int64_t all, answered, overdue;
    int64_t times; /* answered ones with a reply time */
    int64_t median_ms, p90_ms;
};

/* Questions of the hours from..until. */
#define OF_SPAN "FROM question WHERE grp = :grp AND ts >= :from AND ts < :until AND state <> 3 "

static void bind_span(struct qund_stmt *st, int64_t grp, int64_t from, int64_t until)
{
    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":from", from);
    qund_bind_int(st, ":until", until);
}

/* The reply time at this place of all, shortest first. */
static int reply_at(struct qund_db *db, int64_t grp, int64_t from, int64_t until, int64_t place,
                    int64_t *out)
{
    struct qund_stmt *st = qund_sql(db, "SELECT reply_ms " OF_SPAN "AND reply_ms IS NOT NULL "
                                        "ORDER BY reply_ms LIMIT 1 OFFSET :place");
    int rc;

    bind_span(st, grp, from, until);
    qund_bind_int(st, ":place", place);
    rc = qund_step(st);
    if (rc == 1)
        *out = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return rc < 0 ? rc : QUND_OK;
}

static int count_asked(struct qund_db *db, int64_t grp, int64_t from, int64_t until,
                       struct asked *a)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT count(*), count(CASE WHEN state IN (1, 2) THEN 1 END), "
                     "count(CASE WHEN state = 0 AND judged AND NOT voided THEN 1 END), "
                     "count(reply_ms) " OF_SPAN);
    int rc;

    *a = (struct asked){0};
    bind_span(st, grp, from, until);
    rc = qund_step(st);
    if (rc == 1) {
        a->all = qund_col_int(st, 0);
        a->answered = qund_col_int(st, 1);
        a->overdue = qund_col_int(st, 2);
        a->times = qund_col_int(st, 3);
    }
    qund_stmt_reset(st);
    if (rc < 0 || a->times == 0)
        return rc < 0 ? rc : QUND_OK;
    rc = reply_at(db, grp, from, until, (a->times + 1) / 2 - 1, &a->median_ms);
    return rc < 0 ? rc : reply_at(db, grp, from, until, (9 * a->times + 9) / 10 - 1, &a->p90_ms);
}

static void print_asked(struct qund_jw *w, const struct asked *a)
{
    int64_t ended = a->answered + a->overdue;

    qund_jw_kint(w, "questions", a->all);
    qund_jw_kint(w, "answered", a->answered);
    qund_jw_key(w, "answer_ratio");
    if (ended > 0)
        qund_jw_num(w, (double)a->answered / (double)ended);
    else
        qund_jw_null(w);
    qund_jw_key(w, "reply_median_ms");
    if (a->times > 0)
        qund_jw_int(w, a->median_ms);
    else
        qund_jw_null(w);
    qund_jw_key(w, "reply_p90_ms");
    if (a->times > 0)
        qund_jw_int(w, a->p90_ms);
    else
        qund_jw_null(w);
}

static void print_span(struct qund_jw *w, const struct span *s, const struct asked *a)
{
    static const char *const names[COUNTS] = {"messages", "staff_messages", "speakers", "joins",
                                              "leaves"};

    qund_jw_obj(w);
    qund_jw_kts(w, "from", s->start);
    for (int i = 0; i < COUNTS; i++)
        qund_jw_kint(w, names[i], s->v[i]);
    qund_jw_kint(w, "net", s->v[3] - s->v[4]);
    print_asked(w, a);
    qund_jw_end_obj(w);
}

/* A speaker of several hours of a day counts once that day. */
static int day_speakers(struct qund_db *db, int64_t grp, int64_t from, int64_t until, int64_t *out)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT count(DISTINCT contact) FROM speaker WHERE grp = :grp "
                     "AND hour >= :from AND hour < :until");
    int rc;

    bind_span(st, grp, from, until);
    rc = qund_step(st);
    if (rc == 1)
        *out = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return rc < 0 ? rc : QUND_OK;
}

/* The first instant that is an hour of its own at or after t (some zones are half an hour off). */
static int64_t hour_from(int64_t t)
{
    return (t + QUND_HOUR_MS - 1) / QUND_HOUR_MS * QUND_HOUR_MS;
}

static int finish_span(struct qund_reader *rd, const struct qund_call *c, const struct qund_zone *z,
                       bool days, struct span *s, struct qund_jw *w)
{
    int64_t from = hour_from(s->start), until = s->start + QUND_HOUR_MS;
    struct asked asked;
    int rc = QUND_OK;

    if (s->start < 0)
        return QUND_OK;
    if (days) {
        until = hour_from(qund_zone_day_start(z, s->start, 1));
        rc = day_speakers(rd->db, c->id, from, until, &s->v[2]);
    }
    if (rc == 0)
        rc = count_asked(rd->db, c->id, from, until, &asked);
    if (rc == 0)
        print_span(w, s, &asked);
    s->start = -1;
    return rc;
}

static int walk(struct qund_reader *rd, const struct qund_call *c, const struct qund_zone *z,
                int64_t from, int64_t until, struct qund_jw *w)
{
    bool days = qund_call_num(c, "by", 0) == 1;
    struct qund_stmt *st = qund_sql(
        rd->db, "SELECT h.hour, m.messages, m.staff_messages, m.speakers, m.joins, m.leaves FROM "
                "(SELECT hour FROM measure WHERE grp = :grp AND hour >= :from AND hour < :until "
                "UNION SELECT ts - ts % 3600000 FROM question WHERE grp = :grp AND ts >= :from AND "
                "ts < :until AND state <> 3) h "
                "LEFT JOIN measure m ON m.hour = h.hour AND m.grp = :grp "
                "WHERE h.hour >= :from ORDER BY h.hour");
    struct span s = {.start = -1};
    int rc;

    bind_span(st, c->id, from, until);
    while ((rc = qund_step(st)) == 1) {
        int64_t hour = qund_col_int(st, 0);
        int64_t start = days ? qund_zone_day_start(z, hour, 0) : hour;

        if (start != s.start) {
            rc = finish_span(rd, c, z, days, &s, w);
            if (rc < 0)
                break;
            s = (struct span){.start = start};
        }
        for (int i = 0; i < COUNTS; i++)
            s.v[i] += qund_col_int(st, i + 1);
    }
    qund_stmt_reset(st);
    return rc < 0 ? rc : finish_span(rd, c, z, days, &s, w);
}

/* Whose days: as asked, else the group's own zone, else the installation's. */
int qund_group_zone(struct qund_reader *rd, const struct qund_call *c, struct qund_str asked,
                    struct qund_zone **out, struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf name = {0};
    struct qund_stmt *st = qund_sql(rd->db, "SELECT zone FROM grp WHERE id = :id");
    int rc;

    qund_bind_int(st, ":id", c->id);
    rc = qund_step(st);
    if (asked.n > 0)
        qund_buf_str(&name, asked);
    else if (rc == 1 && qund_col_str(st, 0).n > 0)
        qund_buf_str(&name, qund_col_str(st, 0));
    else
        qund_buf_puts(&name, c->zone);
    qund_stmt_reset(st);
    if (rc < 0)
        return rc;
    return qund_zone_load(NULL, name.p, out, err) < 0 ? QUND_E_INVAL : QUND_OK;
}

int qund_api_group_metrics(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    QUND_AUTO(qund_zone_free) struct qund_zone *z = NULL;
    struct qund_jw w = qund_jw(&a->body);
    int64_t until = qund_call_num(c, "to", c->now_ms);
    int64_t from = qund_call_num(c, "from", until - 7 * 24 * QUND_HOUR_MS);
    int rc = qund_group_zone(rd, c, qund_call_str(c, "zone"), &z, &a->err);

    if (rc < 0)
        return rc;
    if (from >= until || (until - from) / QUND_HOUR_MS > SPANS_MAX * 24)
        return qund_err_set(&a->err, QUND_E_INVAL, "from",
                            "must lie before `to`, by at most %d days", SPANS_MAX);
    if (qund_call_num(c, "by", 0) == 0 && (until - from) / QUND_HOUR_MS > SPANS_MAX)
        return qund_err_set(&a->err, QUND_E_INVAL, "from", "at most %d hours at once; ask by=day",
                            SPANS_MAX);
    qund_page_begin(&w);
    rc = walk(rd, c, z, from, until, &w);
    qund_page_end(&w, QUND_STR_NONE);
    return rc;
}
