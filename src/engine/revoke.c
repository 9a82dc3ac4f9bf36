/* src/engine/revoke.c - a message that is taken back takes back what was learnt from it.
 *
 * The row stays, marked, and so does what people did meanwhile; tags, rooms, phones, sign-ups,
 * score, marks, the question it asked and the alert it raised go, and its hour is counted again. A
 * revoke may overtake its message: then it waits a week in a table of its own, and the message
 * meets it. */
#include "engine/internal.h"

#define WAIT_MS (7 * QUND_DAY_MS)
#define SKEW_MS QUND_HOUR_MS /* clocks of two servers: a revoke may seem older than its message */

static int take_back(struct qund_engine *e, const struct qund_message_row *row)
{
    /* The row's strings end with the next read; only its numbers are needed. */
    struct qund_message_row kept = {.seq = row->seq,
                                    .month = row->month,
                                    .grp = row->grp,
                                    .ts = row->ts,
                                    .role = row->role,
                                    .contact = row->contact};
    int rc;

    if (row->state != QUND_MESSAGE_KEPT)
        return 0;
    rc = qund_month_set_state(e->months, kept.month, kept.seq, QUND_MESSAGE_REVOKED);
    if (rc == 0)
        rc = qund_crm_withdraw(e->crm, kept.seq);
    if (rc >= 0)
        rc = qund_mark_drop(e->db, kept.seq);
    if (rc == 0 && kept.grp > 0)
        rc = qund_question_withdraw(e, &kept);
    if (rc == 0)
        rc = qund_alert_settle_message(e->alerts, kept.seq, QUND_STR("chat"), QUND_STR("revoked"),
                                       e->now);
    if (rc >= 0 && kept.grp > 0)
        rc = qund_measure_recount(e->measure, kept.grp, kept.ts);
    return rc < 0 ? rc : 0;
}

static int wait_for(struct qund_engine *e, const struct subject *s)
{
    struct qund_stmt *st = qund_sql(e->db, "INSERT OR IGNORE INTO early_revoke(grp, eid, ts)"
                                           " VALUES(:grp, :eid, :ts)");
    int rc;

    qund_bind_int(st, ":grp", s->row.grp);
    qund_bind_str(st, ":eid", s->ev->ref);
    qund_bind_int(st, ":ts", s->ev->ts);
    rc = qund_run(st);
    e->early = -1;
    return rc;
}

int qund_engine_revoke(struct qund_engine *e, struct subject *s)
{
    struct qund_message_row row;
    int rc = QUND_E_NOTFOUND;

    if (s->ev->ref.n > 0 && s->row.grp != 0)
        rc = qund_month_find(e->months, s->row.realm, s->row.grp, s->ev->ref, s->ev->ts + SKEW_MS,
                             QUND_FIND_RECENT, &row);
    if (rc == 0)
        rc = take_back(e, &row);
    else if (rc == QUND_E_NOTFOUND)
        rc = s->ev->ref.n > 0 && s->row.grp != 0 ? wait_for(e, s) : 0;
    return rc < 0 ? rc : qund_engine_rules_for(e, s);
}

/* How many revokes wait; asked once, since there are nearly always none. */
static int count_early(struct qund_engine *e)
{
    struct qund_stmt *st = qund_sql(e->db, "SELECT count(*) FROM early_revoke");
    int rc = qund_step(st);

    if (rc > 0)
        e->early = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

int qund_revoke_meets(struct qund_engine *e, struct subject *s)
{
    struct qund_stmt *st;
    int rc = e->early < 0 ? count_early(e) : 0;

    if (rc < 0 || e->early == 0)
        return rc;
    st = qund_sql(e->db, "DELETE FROM early_revoke WHERE grp = :grp AND eid = :eid");
    qund_bind_int(st, ":grp", s->row.grp);
    qund_bind_str(st, ":eid", s->ev->id);
    rc = qund_run(st);
    if (rc < 0 || qund_db_changes(e->db) == 0)
        return rc;
    e->early = -1;
    return take_back(e, &s->row);
}

int qund_revoke_sweep(struct qund_engine *e)
{
    struct qund_stmt *st = qund_sql(e->db, "DELETE FROM early_revoke WHERE ts < :old");

    if (e->early == 0)
        return 0;
    qund_bind_int(st, ":old", e->now - WAIT_MS);
    e->early = -1;
    return qund_run(st);
}
