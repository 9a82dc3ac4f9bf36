/* src/engine/revoke.c - a message that is taken back takes back what was learnt from it.
 *
 * The row stays, marked, and so does what people did meanwhile; tags, rooms, phones, sign-ups,
 * score, marks, the question it asked and the alert it raised go, and its hour is counted again. A
 * revoke may overtake its message: then it waits a week in a table of its own, and the message
 * meets it. */
#include "engine/sop.h"

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
    if (rc >= 0)
        rc = qund_engine_sop_recalled(e, kept.seq);
    if (rc >= 0 && kept.grp > 0)
        rc = qund_measure_recount(e->measure, kept.grp, kept.ts);
    return rc < 0 ? rc : 0;
}

static int take_back_copy(struct qund_engine *e, int64_t seq)
{
    struct qund_message_row row;
    int rc = qund_month_get(e->months, seq, &row);

    return rc == 0 ? take_back(e, &row) : rc == QUND_E_NOTFOUND ? 0 : rc;
}

/* In a shared group one copy taken back takes all of them back. */
static int take_all_back(struct qund_engine *e, const struct subject *s,
                         const struct qund_message_row *row)
{
    int64_t seq = row->seq; /* row's strings end with the next read */
    int rc = take_back(e, row);

    return rc == 0 && s->group && s->group->shared ? qund_copy_each(e, seq, take_back_copy) : rc;
}

static int wait_for(struct qund_engine *e, const struct subject *s)
{
    e->early = -1;
    return qund_revoke_sql_wait(e->db, s->row.grp, s->ev->ref, s->ev->ts);
}

int qund_engine_revoke(struct qund_engine *e, struct subject *s)
{
    struct qund_message_row row;
    bool named = s->ev->ref.n > 0 && s->row.grp != 0;
    int rc = named ? qund_own_revoked(e, s) : 0;

    if (rc < 0)
        return rc;
    rc = QUND_E_NOTFOUND;
    if (named)
        rc = qund_month_find(e->months, s->row.realm, s->row.grp, s->ev->ref, s->ev->ts + SKEW_MS,
                             QUND_FIND_RECENT, &row);
    if (rc == 0 && s->group && s->group->shared && row.state == QUND_MESSAGE_REVOKED)
        return 0; /* another account told it before */
    if (rc == 0)
        rc = take_all_back(e, s, &row);
    else if (rc == QUND_E_NOTFOUND)
        rc = named ? wait_for(e, s) : 0;
    return rc < 0 ? rc : qund_engine_rules_for(e, s);
}

int qund_revoke_meets(struct qund_engine *e, struct subject *s)
{
    int rc = 0;

    if (e->early < 0) /* how many wait is asked once, since there are nearly always none */
        rc = qund_revoke_sql_count(e->db, &e->early);
    if (rc < 0 || e->early == 0)
        return rc;
    rc = qund_revoke_sql_take(e->db, s->row.grp, s->ev->id);
    if (rc <= 0)
        return rc;
    e->early = -1;
    return take_all_back(e, s, &s->row);
}

int qund_revoke_sweep(struct qund_engine *e)
{
    if (e->early == 0)
        return 0;
    e->early = -1;
    return qund_revoke_sql_forget(e->db, e->now - WAIT_MS);
}
