/* src/engine/member.c - somebody came, somebody went: told by a notice, or seen in a member list.
 *
 * The same coming may be told twice, once each way, in either order. It is counted once, at the
 * time that the notice says: what a list showed is remembered until its notice comes, which then
 * takes the list's place (time, count, the event made of it) and fires no rule again. */
#include "engine/look.h"
#include "engine/sop.h"

#define LATER_WORDS 2000 /* messages after a late leave that are looked at */

/* The person a join or leave is about: data.member, else the sender. */
static int member_of(struct qund_engine *e, struct subject *s, struct qund_crm_contact **out)
{
    struct qund_str pid = qund_data_str(e, s->ev->data, "member");
    int rc;

    *out = s->sender;
    if (pid.n == 0 || qund_str_eq(pid, s->ev->sender))
        return 0;
    rc = qund_crm_contact(e->crm, s->ev->realm, pid, QUND_STR_NONE, QUND_ROLE_NONE, s->ev->ts, out);
    s->about = *out;
    s->about_id = pid;
    return rc;
}

/* Has somebody spoken in the group after ts? Only a leave that came late can find so; the search is
 * bounded like that for a revoked message. */
struct later_word {
    int64_t contact;
    int looked;
    bool found;
};

static int look_for_word(const struct qund_message_row *row, void *arg)
{
    struct later_word *w = arg;

    w->found = row->contact == w->contact && row->type == QUND_EV_MESSAGE;
    return w->found || ++w->looked == LATER_WORDS ? QUND_E_FULL : 0;
}

int qund_member_spoke_after(struct qund_engine *e, int64_t grp, const struct qund_crm_contact *c,
                            int64_t ts, bool *out)
{
    struct later_word w = {.contact = c->id};
    int rc = 0;

    if (c->last_seen > ts)
        rc = qund_month_between(e->months, grp, ts + 1, INT64_MAX, look_for_word, &w);
    *out = w.found;
    return rc == QUND_E_FULL ? 0 : rc;
}

/* 1: they were here and are not any more. */
static int leave(struct qund_engine *e, struct subject *s, struct qund_crm_contact *c)
{
    bool back;
    int rc = qund_member_spoke_after(e, s->row.grp, c, s->ev->ts, &back);

    return rc < 0 || back ? rc : qund_crm_member_leave(e->crm, s->group, c, s->ev->ts);
}

static int join(struct qund_engine *e, struct subject *s, struct qund_crm_contact *c)
{
    struct qund_str nick = c == s->sender ? s->ev->sender_name : QUND_STR_NONE;

    return qund_crm_member_join(e->crm, s->group, c, nick, s->ev->ts);
}

static bool counts(struct qund_engine *e, const struct subject *s, const struct qund_crm_contact *c)
{
    return qund_crm_role(e->crm, c, s->group, c == s->sender ? s->ev->role : QUND_ROLE_NONE) ==
           QUND_ROLE_CUSTOMER;
}

/* A list showed it already: that is put where the notice says. 1: so it was. */
static int claim(struct qund_engine *e, struct subject *s, struct qund_crm_contact *c, bool joined)
{
    struct look_change ch = {.grp = s->row.grp, .contact = c->id, .joined = joined};
    enum measure_kind kind = joined ? MEASURE_JOIN : MEASURE_LEAVE;
    int rc = qund_look_sql_claim(e->db, s->ev->ts, &ch);

    if (rc <= 0)
        return rc;
    rc = qund_crm_member_redate(e->crm, s->group, c, joined, ch.ts, s->ev->ts);
    if (rc == 0 && counts(e, s, c)) {
        rc = qund_measure_uncount(e->measure, kind, s->row.grp, ch.ts);
        if (rc == 0)
            rc = qund_measure_count(e->measure, kind, s->row.grp, s->ev->ts, c->id);
    }
    if (rc == 0)
        rc = qund_month_set_state(e->months, ch.month, ch.seq, QUND_MESSAGE_REVOKED);
    return rc < 0 && rc != QUND_E_NOTFOUND ? rc : 1;
}

static int join_or_leave(struct qund_engine *e, struct subject *s, bool joined)
{
    struct qund_crm_contact *c;
    bool changed;
    int rc;

    if (!s->group)
        return 0;
    rc = member_of(e, s, &c);
    if (rc < 0 || !c)
        return rc;
    rc = s->looked ? 0 : claim(e, s, c, joined);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    rc = joined ? join(e, s, c) : leave(e, s, c);
    if (rc < 0 || (s->looked && rc == 0))
        return rc < 0 ? rc : 0;
    changed = rc > 0 && counts(e, s, c);
    rc = counts(e, s, c) ? qund_measure_count(e->measure, joined ? MEASURE_JOIN : MEASURE_LEAVE,
                                              s->row.grp, s->ev->ts, c->id)
                         : 0;
    if (rc == 0 && s->looked)
        rc = qund_look_sql_remember(e->db, &(struct look_change){.grp = s->row.grp,
                                                                 .contact = c->id,
                                                                 .joined = joined,
                                                                 .ts = s->ev->ts,
                                                                 .prev = s->looked,
                                                                 .seq = s->row.seq,
                                                                 .month = s->row.month});
    if (rc == 0 && changed)
        rc = qund_engine_sop_hear(e, s, joined ? QUND_SOP_JOINED : QUND_SOP_GONE, c->id,
                                  QUND_STR_NONE);
    return rc < 0 ? rc : qund_engine_rules_for(e, s);
}

int qund_engine_join(struct qund_engine *e, struct subject *s)
{
    return join_or_leave(e, s, true);
}

int qund_engine_leave(struct qund_engine *e, struct subject *s)
{
    return join_or_leave(e, s, false);
}
