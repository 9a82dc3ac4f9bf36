/* src/outbox/said_sql.c - every statement on the table `said`, and those on `outbox` that ask for a
 * message by what the platform knows of it.
 *
 * A push that goes into a chat is more than a push: it can be counted against a cap, taken back,
 * answered, and it can come back. "Accepted" is the peer's word; the message in the stream, under
 * the id that the peer gave it, is the proof. Which of the two comes first is chance, so both look
 * for the other: the message for the push by its id, the outcome for the message. Where the answer
 * was lost there is no id; then the same words from our own account in the same chat are the proof,
 * of the oldest push that still asks for one.
 *
 * A row of `said` is written with its push and lives as long. What a plan's task had us say was
 * made by no event: there `seq` is minus the task's number. */
#include "outbox/internal.h"
#include "outbox/said.h"

#define COLUMNS                                                                             \
    "o.id, s.grp, s.at, s.seq, s.recalls, s.recalled, s.act, o.state, s.realm, o.their_id " \
    "FROM outbox o "
#define WITH COLUMNS "JOIN said s ON s.outbox = o.id "

int qund_said_add(struct qund_db *db, const struct qund_said_new *n)
{
    struct qund_stmt *st =
        qund_sql(db, "INSERT INTO said(outbox, act, realm, grp, contact, at, seq, rule, recalls)"
                     " VALUES(:outbox, :act, :realm, :grp, :contact, :at, :seq, :rule, :recalls)");

    qund_bind_int(st, ":outbox", n->outbox);
    qund_bind_int(st, ":act", n->act);
    qund_bind_int(st, ":realm", n->realm);
    qund_bind_int(st, ":grp", n->grp);
    qund_bind_int(st, ":contact", n->contact);
    qund_bind_int(st, ":at", n->at);
    qund_bind_int(st, ":seq", n->act == QUND_SAID_TASK ? -n->task : n->seq);
    qund_bind_str(st, ":rule", n->rule.p ? n->rule : QUND_STR(""));
    qund_bind_int_or_null(st, ":recalls", n->recalls);
    return qund_run(st);
}

static int read_one(struct qund_stmt *st, struct qund_arena *arena, struct qund_said *out)
{
    int rc = qund_step(st);

    if (rc > 0) {
        *out = (struct qund_said){.outbox = qund_col_int(st, 0),
                                  .grp = qund_col_int(st, 1),
                                  .at = qund_col_int(st, 2),
                                  .seq = qund_col_int(st, 3),
                                  .recalls = qund_col_int(st, 4),
                                  .recalled = qund_col_int(st, 5),
                                  .act = (enum qund_said_act)qund_col_int(st, 6),
                                  .state = (enum qund_out_state)qund_col_int(st, 7),
                                  .realm = qund_col_int(st, 8)};
        if (out->act == QUND_SAID_TASK) {
            out->task = -out->seq;
            out->seq = 0;
        }
        if (!qund_col_null(st, 9))
            out->their_id = qund_arena_str(arena, qund_col_str(st, 9));
    }
    qund_stmt_reset(st);
    return rc > 0 ? 0 : rc < 0 ? rc : QUND_E_NOTFOUND;
}

int qund_said_get(struct qund_db *db, struct qund_arena *arena, int64_t outbox,
                  struct qund_said *out)
{
    struct qund_stmt *st = qund_sql(db, "SELECT " WITH "WHERE o.id = :id");

    qund_bind_int(st, ":id", outbox);
    return read_one(st, arena, out);
}

int qund_said_by_id(struct qund_db *db, struct qund_arena *arena, int64_t realm, int64_t grp,
                    struct qund_str eid, struct qund_str through, struct qund_said *out)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT " COLUMNS "LEFT JOIN said s ON s.outbox = o.id "
                     "WHERE o.their_id = :eid AND ((s.act <> 3 AND s.realm = :realm"
                     " AND s.grp = :grp) OR (coalesce(s.act, 3) = 3 AND o.target = :through))"
                     " ORDER BY o.id DESC LIMIT 1");

    qund_bind_str(st, ":eid", eid);
    qund_bind_int(st, ":realm", realm);
    qund_bind_int(st, ":grp", grp);
    qund_bind_str(st, ":through", through);
    return read_one(st, arena, out);
}

int qund_said_by_text(struct qund_db *db, struct qund_arena *arena, int64_t realm, int64_t grp,
                      struct qund_str text, struct qund_said *out)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT " WITH "WHERE s.grp = :grp AND s.realm = :realm AND s.act IN (0, 1, 4)"
                     " AND o.state IN (:unknown, :person) AND o.their_id IS NULL"
                     " AND json_extract(o.body, '$.text') = :text ORDER BY o.id LIMIT 1");

    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":realm", realm);
    qund_bind_int(st, ":unknown", QUND_OUT_UNKNOWN);
    qund_bind_int(st, ":person", QUND_OUT_AWAITING_PERSON);
    qund_bind_str(st, ":text", text);
    return read_one(st, arena, out);
}

int qund_said_newest(struct qund_db *db, struct qund_arena *arena, int64_t grp, int64_t since,
                     int64_t seq, struct qund_said *out)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT " WITH "WHERE s.grp = :grp AND s.at >= :since AND s.act IN (0, 1)"
                     " AND s.recalled IS NULL AND (:seq = 0 OR s.seq = :seq)"
                     " AND o.state NOT IN (:failed, :expired, :cancelled)"
                     " ORDER BY s.at DESC, o.id DESC LIMIT 1");

    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":since", since);
    qund_bind_int(st, ":seq", seq);
    qund_bind_int(st, ":failed", QUND_OUT_FAILED);
    qund_bind_int(st, ":expired", QUND_OUT_EXPIRED);
    qund_bind_int(st, ":cancelled", QUND_OUT_CANCELLED);
    return read_one(st, arena, out);
}

int qund_said_text(struct qund_db *db, int64_t outbox, struct qund_buf *out)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT json_extract(body, '$.text') FROM outbox WHERE id = :id");
    int rc;

    qund_bind_int(st, ":id", outbox);
    rc = qund_step(st);
    if (rc > 0)
        qund_buf_str(out, qund_col_str(st, 0));
    qund_stmt_reset(st);
    return rc > 0 ? 0 : rc < 0 ? rc : QUND_E_NOTFOUND;
}

/* Two statements, so that each has its index. */
int qund_said_count(struct qund_db *db, const struct qund_said_span *s, int64_t *out)
{
    struct qund_stmt *st =
        qund_sql(db, s->grp ? "SELECT count(*) FROM said s JOIN outbox o ON o.id = s.outbox"
                              " WHERE s.grp = :whom AND s.at > :since AND (:acts >> s.act) & 1"
                              " AND o.state NOT IN (:failed, :expired, :cancelled)"
                            : "SELECT count(*) FROM said s JOIN outbox o ON o.id = s.outbox"
                              " WHERE s.contact > 0 AND s.contact = :whom AND s.at > :since"
                              " AND (:acts >> s.act) & 1"
                              " AND o.state NOT IN (:failed, :expired, :cancelled)");
    int rc;

    qund_bind_int(st, ":whom", s->grp ? s->grp : s->contact);
    qund_bind_int(st, ":since", s->since);
    qund_bind_int(st, ":acts", s->acts);
    qund_bind_int(st, ":failed", QUND_OUT_FAILED);
    qund_bind_int(st, ":expired", QUND_OUT_EXPIRED);
    qund_bind_int(st, ":cancelled", QUND_OUT_CANCELLED);
    rc = qund_step(st);
    *out = rc > 0 ? qund_col_int(st, 0) : 0;
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

int qund_said_prove(struct qund_outbox *ob, const struct qund_said *s, struct qund_str eid,
                    int64_t now)
{
    struct qund_db *db = qund_outbox_db(ob);
    struct qund_stmt *st;
    int rc = 0;

    if (qund_out_next(s->state, QUND_OUT_EV_PROVED) >= 0)
        rc = qund_outbox_move(ob, s->outbox, QUND_OUT_EV_PROVED, now,
                              QUND_STR("its message came back"), NULL);
    else if (s->state != QUND_OUT_DELIVERED)
        return 0;
    if (rc < 0)
        return rc;
    st = qund_sql(db, "UPDATE outbox SET evidence = 'proved', their_id = coalesce(their_id, :eid)"
                      " WHERE id = :id");
    qund_bind_str(st, ":eid", eid);
    qund_bind_int(st, ":id", s->outbox);
    return qund_run(st);
}

int qund_said_recalled(struct qund_db *db, int64_t outbox, int64_t ts)
{
    struct qund_stmt *st = qund_sql(db, "UPDATE said SET recalled = coalesce(recalled, :ts)"
                                        " WHERE outbox = :id");

    qund_bind_int(st, ":ts", ts);
    qund_bind_int(st, ":id", outbox);
    return qund_run(st);
}
