/* src/crm/member_sql.c - who is in which group, and the role in which they speak there.
 *
 * Joins and leaves may come late or twice, and many memberships began before we listened; the rows
 * must come out the same in any order. So each column is a maximum: `joined` of the joins, left_at
 * of the leaves, and somebody is here when a join or a word is later than the last leave. A row
 * keeps the time of what decided its state, so that an older leave is known to be over; words do
 * not move it (a row written for every message would cost too much), therefore whoever hands in a
 * leave that came late looks for a later word first. A word is as good as a join whose time is
 * unknown (joined 0). The nick is written when it changes, under the time of the change. */
#include "crm/internal.h"

struct member_row {
    bool exists, here;
    int64_t state_ts, nick_ts;
    uint32_t nick_hash;
    uint8_t role;
};

static int read_row(struct qund_crm *crm, int64_t grp, int64_t contact, struct member_row *row)
{
    struct qund_stmt *st =
        qund_sql(crm->db, "SELECT left_at IS NULL, state_ts, nick, nick_ts, role "
                          "FROM member WHERE grp = :grp AND contact = :contact");
    int rc;

    *row = (struct member_row){0};
    qund_assert(st);
    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":contact", contact);
    rc = qund_step(st);
    if (rc == 1) {
        row->exists = true;
        row->here = qund_col_int(st, 0) != 0;
        row->state_ts = qund_col_int(st, 1);
        row->nick_hash = qund_crm_hash_text(qund_col_str(st, 2));
        row->nick_ts = qund_col_int(st, 3);
        row->role = (uint8_t)qund_col_int(st, 4);
    }
    qund_stmt_reset(st);
    return rc < 0 ? rc : QUND_OK;
}

static void remember(struct qund_crm *crm, int64_t grp, int64_t contact, uint32_t nick_hash,
                     uint8_t role, bool here)
{
    *qund_crm_member_slot(crm, grp, contact) = (struct qund_crm_member){.grp = grp,
                                                                        .contact = contact,
                                                                        .nick_hash = nick_hash,
                                                                        .item = crm->item,
                                                                        .role = role,
                                                                        .here = here};
}

/* The statements that change a membership; unused names are bound where they occur. */
static const char INSERT_HERE[] =
    "INSERT INTO member(grp, contact, joined, state_ts, nick, nick_ts) "
    "VALUES(:grp, :contact, :joined, :ts, :nick, :nick_ts)";
static const char SET_HERE[] =
    "UPDATE member SET joined = max(joined, :joined), left_at = NULL, state_ts = :ts "
    "WHERE grp = :grp AND contact = :contact";
static const char SET_JOINED[] =
    "UPDATE member SET joined = max(joined, :ts) WHERE grp = :grp AND contact = :contact";
static const char SET_LEFT[] =
    "INSERT INTO member(grp, contact, left_at, state_ts) VALUES(:grp, :contact, :ts, :ts) "
    "ON CONFLICT DO UPDATE SET left_at = :ts, state_ts = :ts";
static const char SET_NICK[] =
    "UPDATE member SET nick = :nick, nick_ts = :ts WHERE grp = :grp AND contact = :contact";

static struct qund_stmt *stmt(struct qund_crm *crm, const char *sql, int64_t grp, int64_t contact,
                              int64_t ts)
{
    struct qund_stmt *st = qund_sql(crm->db, sql);

    qund_assert(st);
    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":contact", contact);
    qund_bind_int(st, ":ts", ts);
    return st;
}

static int set_nick(struct qund_crm *crm, int64_t grp, int64_t contact, struct qund_str nick,
                    int64_t ts)
{
    struct qund_stmt *st = stmt(crm, SET_NICK, grp, contact, ts);

    qund_bind_str(st, ":nick", nick);
    return qund_run(st);
}

/* They are here at ts. joined 0: the time of joining is unknown. 1: they were not before. */
static int here(struct qund_crm *crm, int64_t grp, int64_t contact, struct qund_str nick,
                int64_t joined, int64_t ts)
{
    struct member_row row;
    struct qund_stmt *st;
    bool came;
    int rc = read_row(crm, grp, contact, &row);

    if (rc < 0)
        return rc;
    came = !row.exists || (!row.here && ts > row.state_ts);
    if (!row.exists) {
        st = stmt(crm, INSERT_HERE, grp, contact, ts);
        qund_bind_int(st, ":joined", joined);
        qund_bind_str(st, ":nick", crm_text(nick));
        qund_bind_int(st, ":nick_ts", nick.n ? ts : 0);
        rc = qund_run(st);
        row.nick_hash = qund_crm_hash_text(crm_text(nick));
    } else if (came || (joined && row.here && ts >= row.state_ts)) {
        st = stmt(crm, SET_HERE, grp, contact, ts);
        qund_bind_int(st, ":joined", joined);
        rc = qund_run(st);
    } else if (joined) { /* late: it decides nothing, but it is when they came */
        rc = qund_run(stmt(crm, SET_JOINED, grp, contact, joined));
    }
    if (rc == 0 && row.exists && nick.n && ts >= row.nick_ts &&
        qund_crm_hash_text(nick) != row.nick_hash) {
        rc = set_nick(crm, grp, contact, nick, ts);
        row.nick_hash = qund_crm_hash_text(nick);
    }
    if (rc < 0)
        return rc;
    remember(crm, grp, contact, row.nick_hash, row.role, row.here || came);
    return came ? 1 : 0;
}

int qund_crm_member_seen(struct qund_crm *crm, struct qund_crm_group *g, struct qund_crm_contact *c,
                         struct qund_str nick, int64_t ts)
{
    const struct qund_crm_member *m = qund_crm_member_slot(crm, g->id, c->id);

    nick = qund_crm_cut_name(nick);
    if (m->grp == g->id && m->contact == c->id && m->here &&
        (!nick.n || qund_crm_hash_text(nick) == m->nick_hash))
        return 0;
    return here(crm, g->id, c->id, nick, 0, ts);
}

int qund_crm_member_join(struct qund_crm *crm, struct qund_crm_group *g, struct qund_crm_contact *c,
                         struct qund_str nick, int64_t ts)
{
    return here(crm, g->id, c->id, qund_crm_cut_name(nick), ts, ts);
}

int qund_crm_member_leave(struct qund_crm *crm, struct qund_crm_group *g,
                          struct qund_crm_contact *c, int64_t ts)
{
    struct member_row row;
    int rc = read_row(crm, g->id, c->id, &row);

    if (rc < 0 || (row.exists && ts < row.state_ts))
        return rc;
    rc = qund_run(stmt(crm, SET_LEFT, g->id, c->id, ts));
    if (rc < 0)
        return rc;
    remember(crm, g->id, c->id, row.nick_hash, row.role, false);
    return row.exists && row.here ? 1 : 0;
}

int qund_crm_member_redate(struct qund_crm *crm, struct qund_crm_group *g,
                           struct qund_crm_contact *c, bool joined, int64_t from, int64_t to)
{
    static const char JOINED[] =
        "UPDATE member SET state_ts = :ts, joined = :ts WHERE grp = :grp AND contact = :contact "
        "AND left_at IS NULL AND state_ts = :from";
    static const char LEFT[] = "UPDATE member SET state_ts = :ts, left_at = :ts "
                               "WHERE grp = :grp AND contact = :contact AND left_at = :from";
    struct qund_stmt *st = stmt(crm, joined ? JOINED : LEFT, g->id, c->id, to);

    qund_bind_int(st, ":from", from);
    return qund_run(st);
}

/* --- roles --- */

static enum qund_role member_role(struct qund_crm *crm, int64_t grp, int64_t contact)
{
    const struct qund_crm_member *m = qund_crm_member_slot(crm, grp, contact);
    struct member_row row;

    if (m->grp == grp && m->contact == contact)
        return (enum qund_role)m->role;
    if (read_row(crm, grp, contact, &row) < 0 || !row.exists)
        return QUND_ROLE_NONE;
    remember(crm, grp, contact, row.nick_hash, row.role, row.here);
    return (enum qund_role)row.role;
}

enum qund_role qund_crm_role(struct qund_crm *crm, const struct qund_crm_contact *c,
                             const struct qund_crm_group *g, enum qund_role hint)
{
    uint32_t i = qund_crm_contact_find_id(crm, c->id);
    const struct qund_crm_entry *e;
    enum qund_role mark;

    qund_assert(i != QUND_INDEX_NONE);
    e = qund_crm_entry_at(&crm->contacts, i);
    if (e->pub.own[CRM_ACTOR])
        return (enum qund_role)e->pub.own[CRM_ACTOR];
    mark = g ? member_role(crm, g->id, c->id) : QUND_ROLE_NONE;
    if (mark != QUND_ROLE_NONE)
        return mark;
    if (hint != QUND_ROLE_NONE)
        return hint;
    return e->pub.own[CRM_HINT] ? (enum qund_role)e->pub.own[CRM_HINT] : QUND_ROLE_CUSTOMER;
}
