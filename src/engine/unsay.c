/* src/engine/unsay.c - `recall: own`: an automatic message is taken back.
 *
 * Which one follows from the event: the one it replies to; for a revoke, the one that answered what
 * was revoked; else the newest of that chat. What has not left yet is cancelled and nobody ever
 * reads it. What has left is taken back by its id at the platform, within the time that platforms
 * allow; a message whose id nobody told cannot be. Each is taken back once. */
#include "engine/say_parts.h"

#define SKEW_MS QUND_HOUR_MS

static int revoked_seq(struct qund_engine *e, const struct subject *s, int64_t *seq)
{
    struct qund_message_row row;
    int rc = qund_month_find(e->months, s->row.realm, s->row.grp, s->ev->ref, s->ev->ts + SKEW_MS,
                             QUND_FIND_RECENT, &row);

    if (rc == 0)
        *seq = row.seq;
    return rc;
}

static int find(struct qund_engine *e, const struct subject *s, struct qund_said *out)
{
    int64_t seq = 0;
    int rc = 0;

    if (s->row.grp == 0)
        return QUND_E_NOTFOUND;
    if (s->ev->reply_to.n > 0)
        return qund_said_by_id(e->db, e->arena, s->row.realm, s->row.grp, s->ev->reply_to,
                               QUND_STR_NONE, out);
    if (s->ev->type == QUND_EV_REVOKE)
        rc = s->ev->ref.n > 0 ? revoked_seq(e, s, &seq) : QUND_E_NOTFOUND;
    return rc < 0 ? rc : qund_said_newest(e->db, e->arena, s->row.grp, 0, seq, out);
}

static bool waits(enum qund_out_state s)
{
    return s == QUND_OUT_QUEUED || s == QUND_OUT_RETRY_AT || s == QUND_OUT_QUOTA_HIT;
}

int qund_unsay_may(struct qund_engine *e, const struct subject *s, struct qund_said *what)
{
    int rc = find(e, s, what);

    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? SAY_NOTHING : rc;
    if (what->recalled || (what->act != QUND_SAID_GROUP && what->act != QUND_SAID_PERSON))
        return SAY_NOTHING;
    if (waits(what->state))
        return SAY_YES;
    if (!what->their_id.p)
        return SAY_NO_ID;
    if (e->now - what->at > e->config->autos.recall_within_ms)
        return SAY_TOO_LATE;
    return qund_say_through(e, s).n > 0 ? SAY_YES : SAY_NO_WAY;
}

int qund_unsay(struct qund_engine *e, const struct subject *s, const struct qund_rule_effect *x)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf key = {0};
    struct qund_jw w = qund_jw(&body);
    struct qund_said what;
    int rc = qund_unsay_may(e, s, &what);

    if (rc != SAY_YES)
        return rc < 0 ? rc : QUND_E_BUG; /* it was asked a moment ago */
    if (waits(what.state)) {
        rc = qund_outbox_move(e->outbox, what.outbox, QUND_OUT_EV_CANCEL, e->now,
                              QUND_STR("taken back before it left"), NULL);
        return rc < 0 ? rc : qund_said_recalled(e->db, what.outbox, e->now);
    }
    qund_buf_printf(&key, "recall:%lld", (long long)what.outbox);
    qund_say_head(&w, s, x, "recall", QUND_STR("撤回一条自动消息"));
    if (s->group)
        qund_jw_kstr(&w, "group", s->ev->group);
    else
        qund_jw_kstr(&w, "person_id", s->own ? s->ev->to : s->ev->sender);
    qund_jw_kstr(&w, "message", what.their_id);
    qund_jw_end_obj(&w);
    return qund_say_push(
        e,
        &(struct qund_out_new){.key = qund_buf_view(&key),
                               .target = qund_say_through(e, s),
                               .body = qund_buf_view(&body),
                               .urgent = true, /* it is allowed for a short time only */
                               .deadline = what.at + e->config->autos.recall_within_ms},
        &(struct qund_said_new){.act = QUND_SAID_RECALL,
                                .realm = s->row.realm,
                                .grp = s->row.grp,
                                .at = e->now,
                                .seq = s->row.seq,
                                .rule = x->rule_id,
                                .recalls = what.outbox});
}
