/* src/engine/question_sql.c - every statement on the table `question`. */
#include "engine/internal.h"

#define COLUMNS                                                                                 \
    "seq, grp, contact, ts, state, urgent, judged, answer_seq, answer_ts, reply_ms, eid, pid, " \
    "name, voided"

int qund_question_sql_put(struct qund_db *db, const struct question *q)
{
    struct qund_stmt *st = qund_sql(
        db, "INSERT INTO question(" COLUMNS ") VALUES(:seq, :grp, :contact, :ts, :state,"
            " :urgent, :judged, :answer_seq, :answer_ts, :reply_ms, :eid, :pid, :name,"
            " :voided)"
            " ON CONFLICT(seq) DO UPDATE SET state = :state, urgent = :urgent,"
            " judged = :judged, voided = :voided, answer_seq = :answer_seq, answer_ts = :answer_ts,"
            " reply_ms = :reply_ms");

    qund_bind_int(st, ":seq", q->seq);
    qund_bind_int(st, ":grp", q->grp);
    qund_bind_int(st, ":contact", q->contact);
    qund_bind_int(st, ":ts", q->ts);
    qund_bind_int(st, ":state", q->state);
    qund_bind_int(st, ":urgent", q->urgent);
    qund_bind_int(st, ":judged", q->judged);
    qund_bind_int(st, ":voided", q->voided);
    qund_bind_int_or_null(st, ":answer_seq", q->answer_seq);
    qund_bind_int_or_null(st, ":answer_ts", q->answer_ts);
    if (q->answer_seq)
        qund_bind_int(st, ":reply_ms", q->reply_ms);
    else
        qund_bind_null(st, ":reply_ms");
    qund_bind_str(st, ":eid", qund_str(q->eid));
    qund_bind_str(st, ":pid", qund_str(q->pid));
    qund_bind_str(st, ":name", qund_str(q->name));
    return qund_run(st);
}

static char *keep(struct qund_arena *arena, struct qund_str s)
{
    return qund_arena_dup(arena, s.p ? s.p : "", s.n);
}

static void read_row(struct qund_stmt *st, struct qund_arena *arena, struct question *q)
{
    *q = (struct question){
        .seq = qund_col_int(st, 0),
        .grp = qund_col_int(st, 1),
        .contact = qund_col_int(st, 2),
        .ts = qund_col_int(st, 3),
        .state = (enum question_state)qund_col_int(st, 4),
        .urgent = qund_col_int(st, 5) != 0,
        .judged = qund_col_int(st, 6) != 0,
        .answer_seq = qund_col_int(st, 7),
        .answer_ts = qund_col_int(st, 8),
        .reply_ms = qund_col_int(st, 9),
        .eid = keep(arena, qund_col_str(st, 10)),
        .pid = keep(arena, qund_col_str(st, 11)),
        .name = keep(arena, qund_col_str(st, 12)),
        .voided = qund_col_int(st, 13) != 0,
    };
}

int qund_question_sql_get(struct qund_db *db, struct qund_arena *arena, int64_t seq,
                          struct question *out)
{
    struct qund_stmt *st = qund_sql(db, "SELECT " COLUMNS " FROM question WHERE seq = :seq");
    int rc;

    qund_bind_int(st, ":seq", seq);
    rc = qund_step(st);
    if (rc > 0)
        read_row(st, arena, out);
    qund_stmt_reset(st);
    return rc > 0 ? 0 : rc < 0 ? rc : QUND_E_NOTFOUND;
}

/* Rows come newest first; given oldest first. */
static int read_list(struct qund_stmt *st, struct qund_arena *arena, struct question *v)
{
    size_t n = 0;
    int rc;

    while ((rc = qund_step(st)) > 0)
        read_row(st, arena, &v[n++]);
    qund_stmt_reset(st);
    for (size_t i = 0; i < n / 2; i++) {
        struct question q = v[i];

        v[i] = v[n - 1 - i];
        v[n - 1 - i] = q;
    }
    return rc < 0 ? rc : (int)n;
}

int qund_question_sql_open(struct qund_db *db, struct qund_arena *arena, int64_t grp, int64_t from,
                           int64_t until, struct question *v, size_t max)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT " COLUMNS " FROM question WHERE grp = :grp AND state = 0"
                     " AND ts > :from AND ts < :until ORDER BY ts DESC, eid DESC LIMIT :max");

    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":from", from);
    qund_bind_int(st, ":until", until);
    qund_bind_int(st, ":max", (int64_t)max);
    return read_list(st, arena, v);
}

/* Open, or answered since the change: those it may touch. */
#define TOUCHED " AND (state = 0 OR (state = 1 AND answer_ts BETWEEN :at AND :until)) "

int qund_question_sql_around(struct qund_db *db, struct qund_arena *arena, int64_t grp,
                             const struct question_span *span, int64_t *until, struct question *v,
                             size_t max)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT " COLUMNS " FROM (SELECT * FROM question WHERE grp = :grp"
                     " AND ts > :at AND ts <= :until" TOUCHED
                     "ORDER BY ts, eid LIMIT :max) ORDER BY ts DESC, eid DESC");
    struct question *after = v + max / 2;
    int n, before;

    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":at", span->at);
    qund_bind_int(st, ":until", *until);
    qund_bind_int(st, ":max", (int64_t)(max - max / 2));
    n = read_list(st, arena, after);
    if (n < 0)
        return n;
    if ((size_t)n == max - max / 2)
        *until = after[n - 1].ts;
    st = qund_sql(db, "SELECT " COLUMNS " FROM question WHERE grp = :grp AND ts > :from"
                      " AND ts <= :at" TOUCHED "ORDER BY ts DESC, eid DESC LIMIT :max");
    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":from", span->from);
    qund_bind_int(st, ":at", span->at);
    qund_bind_int(st, ":until", *until);
    qund_bind_int(st, ":max", (int64_t)(max / 2));
    before = read_list(st, arena, v);
    if (before < 0)
        return before;
    memmove(v + before, after, (size_t)n * sizeof(*v));
    return before + n;
}

void qund_engine_questions(struct qund_engine *e, int64_t *asked, int64_t *answered)
{
    struct qund_stmt *st = qund_sql(e->db, "SELECT count(*), total(state IN (:answered, :done))"
                                           " FROM question WHERE state <> :withdrawn");

    qund_bind_int(st, ":answered", QUESTION_ANSWERED);
    qund_bind_int(st, ":done", QUESTION_DONE);
    qund_bind_int(st, ":withdrawn", QUESTION_WITHDRAWN);
    *asked = *answered = 0;
    if (qund_step(st) > 0) {
        *asked = qund_col_int(st, 0);
        *answered = qund_col_int(st, 1);
    }
    qund_stmt_reset(st);
}
