/* src/engine/own.c - what we said ourselves, met again in the stream.
 *
 * A channel shows its own account's messages too. They prove what was sent, whichever comes first:
 * the message finds its push by the id that the peer's answer told, or the answer, arriving later,
 * finds the message. Where no answer came the words decide: our own account said in that chat what
 * an undecided push asked for. A platform that never shows our own messages still names them, when
 * somebody replies to one or takes it back; then the push stands for the message.
 *
 * Nothing here is asked for a message of anybody else. */
#include "engine/sop.h"

#define SKEW_MS QUND_HOUR_MS /* the peer's clock and ours */
#define SAME_TEXT_ROWS                                                         \
    200 /* messages of a chat among which a lost answer's words are looked for \
         */

bool qund_own_is(const struct qund_event *ev)
{
    return ev->account.n > 0 && qund_str_eq(ev->account, ev->sender);
}

static struct qund_str through(const struct qund_engine *e, struct qund_str channel)
{
    const struct qund_channel_cfg *c = qund_config_channel(e->config, channel);

    return c && c->send_through ? qund_str(c->send_through) : QUND_STR_NONE;
}

static int by_id(struct qund_engine *e, const struct subject *s, struct qund_str eid,
                 struct qund_said *out)
{
    return qund_said_by_id(e->db, e->arena, s->row.realm, s->row.grp, eid,
                           through(e, s->ev->channel), out);
}

/* Its push is proved; the task whose words they were is, too. */
static int prove(struct qund_engine *e, const struct qund_said *said, struct qund_str eid)
{
    int rc = qund_said_prove(e->outbox, said, eid, e->now);

    return rc < 0 || !said->task
               ? rc
               : qund_engine_sop_said(e, said->task, QUND_OUT_EV_PROVED, QUND_STR(""));
}

int qund_own_met(struct qund_engine *e, const struct subject *s)
{
    struct qund_said said;
    int rc;

    if (!e->outbox || s->row.grp == 0)
        return 0;
    rc = by_id(e, s, s->ev->id, &said);
    if (rc == QUND_E_NOTFOUND && s->ev->text.n > 0)
        rc = qund_said_by_text(e->db, e->arena, s->row.realm, s->row.grp, s->ev->text, &said);
    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    return prove(e, &said, s->ev->id);
}

/* --- an outcome came: did the message come before it? --- */

struct same_text {
    struct qund_engine *e;
    struct qund_str text, eid;
};

static bool said_by_us(const struct qund_message_row *row)
{
    return row->type == QUND_EV_MESSAGE && row->account.n > 0 &&
           (row->role == QUND_ROLE_BOT || row->role == QUND_ROLE_STAFF);
}

static int look_for_text(const struct qund_message_row *row, void *arg)
{
    struct same_text *w = arg;

    if (!said_by_us(row) || !qund_str_eq(row->text, w->text))
        return 0;
    w->eid = qund_arena_str(w->e->arena, row->eid);
    return 1;
}

/* The answer was lost; the words may be there. An id that a push has already is another's. */
static int find_words(struct qund_engine *e, const struct qund_said *said, struct qund_str *eid)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct same_text w = {.e = e};
    struct qund_month_cursor newest = {0};
    struct qund_said other;
    int rc = qund_said_text(e->db, said->outbox, &text);

    w.text = qund_buf_view(&text);
    if (rc == 0)
        rc = qund_month_last(e->months, said->grp, said->at - SKEW_MS, SAME_TEXT_ROWS, &newest,
                             look_for_text, &w);
    if (rc <= 0)
        return rc < 0 ? rc : QUND_E_NOTFOUND;
    *eid = w.eid;
    rc = qund_said_by_id(e->db, e->arena, said->realm, said->grp, w.eid, QUND_STR_NONE, &other);
    return rc == 0 ? QUND_E_NOTFOUND : rc == QUND_E_NOTFOUND ? 0 : rc;
}

static int find_message(struct qund_engine *e, const struct qund_said *said, struct qund_str *eid,
                        bool *revoked)
{
    struct qund_message_row row;
    int rc;

    *revoked = false;
    if ((said->state == QUND_OUT_UNKNOWN || said->state == QUND_OUT_AWAITING_PERSON) &&
        !said->their_id.p)
        return find_words(e, said, eid);
    if (!said->their_id.p)
        return QUND_E_NOTFOUND;
    *eid = said->their_id;
    rc = qund_month_find(e->months, said->realm, said->grp, said->their_id, e->now + SKEW_MS,
                         QUND_FIND_RECENT, &row);
    if (rc == 0)
        *revoked = row.state == QUND_MESSAGE_REVOKED;
    return rc == 0 && !said_by_us(&row) ? QUND_E_NOTFOUND : rc;
}

int qund_own_told(struct qund_engine *e, const struct qund_out_outcome *o)
{
    struct qund_said said;
    struct qund_str eid;
    bool revoked;
    int rc = qund_said_get(e->db, e->arena, o->id, &said);

    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    if (said.act == QUND_SAID_RECALL)
        return o->event == QUND_OUT_EV_ACCEPTED && said.recalls
                   ? qund_said_recalled(e->db, said.recalls, e->now)
                   : 0;
    if (said.act == QUND_SAID_FORWARD)
        return 0; /* where it went to is the target's own */
    rc = said.task ? qund_engine_sop_said(e, said.task, o->event, o->reason) : 0;
    if (rc == 0)
        rc = find_message(e, &said, &eid, &revoked);
    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    rc = prove(e, &said, eid);
    return rc == 0 && revoked ? qund_said_recalled(e->db, said.outbox, e->now) : rc;
}

/* --- others speak of it --- */

int qund_own_quoted(struct qund_engine *e, const struct subject *s)
{
    struct qund_said said;
    int rc = by_id(e, s, s->ev->reply_to, &said);

    return rc == 0 ? 1 : rc == QUND_E_NOTFOUND ? 0 : rc;
}

int qund_own_revoked(struct qund_engine *e, const struct subject *s)
{
    struct qund_said said;
    int rc = by_id(e, s, s->ev->ref, &said);

    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    return qund_said_recalled(e->db, said.outbox, s->ev->ts);
}
