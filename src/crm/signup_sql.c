/* src/crm/signup_sql.c - sign-ups of an event, row by row, and the chain lists they came from.
 *
 * A chain list is copied and grown by everybody, arrives out of order and is taken back. So what
 * each message did to a row is kept (signup_event), and the row itself is the outcome of the latest
 * of them by (ts, seq): a late list changes only what nobody has changed since, and a revoke
 * deletes its own events and looks again. A row is known by its folded name; how it was written
 * last by somebody is shown. The last lists themselves are kept as the text extractor
 * wrote them, so that the next one, or one that comes late, has something to be compared with. */
#include "crm/internal.h"

enum { CHAIN_LISTS = 16, SIGNUP_ROWS_MAX = 500, CHAIN_BYTES = 128 };

struct row_key {
    int64_t grp;
    struct qund_str chain, name, room;
};

static struct qund_stmt *keyed(struct qund_crm *crm, const char *sql, const struct row_key *k)
{
    struct qund_stmt *st = qund_sql(crm->db, sql);

    qund_assert(st);
    qund_bind_int(st, ":grp", k->grp);
    qund_bind_str(st, ":chain", k->chain);
    qund_bind_str(st, ":name", k->name);
    qund_bind_str(st, ":room", k->room);
    return st;
}

#define SIGNUP_KEY "grp = :grp AND chain = :chain AND name = :name AND room = :room"

/* Brings the row to what its events say. 1: it changed. */
static int settle(struct qund_crm *crm, const struct row_key *k)
{
    static const char drop[] = "DELETE FROM signup WHERE " SIGNUP_KEY
                               " AND ifnull((SELECT gone FROM signup_event WHERE " SIGNUP_KEY
                               " ORDER BY ts DESC, seq DESC, id DESC LIMIT 1), 1)";
    static const char put[] =
        "INSERT INTO signup(grp, chain, name, room, party, state, contact, first_at, at, "
        "origin_seq, shown) SELECT e.grp, e.chain, e.name, e.room, e.party, e.state, "
        "ifnull((SELECT contact FROM signup_event WHERE " SIGNUP_KEY " AND contact > 0 "
        "ORDER BY ts DESC, seq DESC LIMIT 1), 0), "
        "(SELECT min(ts) FROM signup_event WHERE " SIGNUP_KEY "), e.ts, e.seq, "
        "(SELECT shown FROM signup_event WHERE " SIGNUP_KEY " AND shown IS NOT NULL "
        "ORDER BY ts DESC, seq DESC, id DESC LIMIT 1) "
        "FROM (SELECT * FROM signup_event WHERE " SIGNUP_KEY
        " ORDER BY ts DESC, seq DESC, id DESC LIMIT 1) e WHERE e.gone = 0 "
        "ON CONFLICT(grp, chain, name, room) DO UPDATE SET party = excluded.party, "
        "state = excluded.state, contact = excluded.contact, first_at = excluded.first_at, "
        "at = excluded.at, origin_seq = excluded.origin_seq, shown = excluded.shown "
        "WHERE party <> excluded.party OR shown IS NOT excluded.shown OR "
        "state <> excluded.state OR contact <> excluded.contact OR at <> excluded.at OR "
        "origin_seq <> excluded.origin_seq OR first_at <> excluded.first_at";
    int64_t n;
    int rc = qund_run(keyed(crm, drop, k));

    if (rc < 0)
        return rc;
    n = qund_db_changes(crm->db);
    rc = qund_run(keyed(crm, put, k));
    if (rc < 0)
        return rc;
    return n + qund_db_changes(crm->db) > 0;
}

static int put_event(struct qund_crm *crm, const struct row_key *k,
                     const struct qund_crm_signup *row, bool gone, int64_t seq, int64_t ts)
{
    struct qund_stmt *st = keyed(
        crm,
        "INSERT INTO signup_event(grp, chain, name, room, party, state, gone, contact, ts, "
        "seq, shown) VALUES(:grp, :chain, :name, :room, :party, :state, :gone, :contact, :ts, "
        ":seq, :shown)",
        k);
    int rc;

    qund_bind_int(st, ":party", row->party > 0 ? row->party : 1);
    qund_bind_int(st, ":state", row->state);
    qund_bind_int(st, ":gone", gone);
    qund_bind_int(st, ":contact", row->contact ? row->contact->id : 0);
    qund_bind_int(st, ":ts", ts);
    qund_bind_int(st, ":seq", seq);
    qund_bind_str(st, ":shown", gone ? QUND_STR_NONE : qund_crm_cut_name(row->shown));
    rc = qund_run(st);
    return rc < 0 ? rc : settle(crm, k);
}

static int apply_row(struct qund_crm *crm, int64_t grp, struct qund_str chain,
                     const struct qund_crm_signup *row, int64_t seq, int64_t ts)
{
    struct row_key k = {grp, chain, crm_text(qund_crm_cut_name(row->name)),
                        crm_text(qund_crm_cut_name(row->room))};
    struct row_key was = {grp, chain, qund_crm_cut_name(row->was_name),
                          crm_text(qund_crm_cut_name(row->was_room))};
    int rc;

    if (was.name.p && !(qund_str_eq(was.name, k.name) && qund_str_eq(was.room, k.room))) {
        rc = put_event(crm, &was, row, true, seq, ts);
        if (rc < 0)
            return rc;
    }
    return put_event(crm, &k, row, false, seq, ts);
}

int qund_crm_signup_apply(struct qund_crm *crm, struct qund_crm_group *g, struct qund_str chain,
                          const struct qund_crm_signup *rows, size_t n, int64_t seq, int64_t ts)
{
    int changed = 0;

    chain = crm_text(chain);
    if (chain.n > CHAIN_BYTES)
        return QUND_E_INVAL;
    for (size_t i = 0; i < n && i < SIGNUP_ROWS_MAX; i++) {
        int rc = apply_row(crm, g->id, chain, &rows[i], seq, ts);

        if (rc < 0)
            return rc;
        changed += rc;
    }
    return changed;
}

int qund_crm_signup_stands(struct qund_crm *crm, const struct qund_crm_group *g,
                           const struct qund_crm_contact *c, struct qund_str name, int64_t since,
                           int64_t ts)
{
    struct qund_stmt *st =
        qund_sql(crm->db, "SELECT 1 FROM signup WHERE grp = :grp AND "
                          "(contact = :contact OR name = :name) AND "
                          "state <> :cancelled AND at BETWEEN :since AND :ts LIMIT 1");

    qund_assert(st);
    qund_bind_int(st, ":grp", g->id);
    qund_bind_int(st, ":contact", c->id);
    qund_bind_str(st, ":name", crm_text(qund_crm_cut_name(name)));
    qund_bind_int(st, ":cancelled", QUND_SIGNUP_CANCELLED);
    qund_bind_int(st, ":since", since);
    qund_bind_int(st, ":ts", ts);
    return qund_any(st);
}

int qund_crm_signup_shown(struct qund_crm *crm, const struct qund_crm_group *g,
                          struct qund_str chain, struct qund_str name, struct qund_str room,
                          struct qund_buf *out)
{
    struct row_key k = {g->id, crm_text(chain), crm_text(qund_crm_cut_name(name)),
                        crm_text(qund_crm_cut_name(room))};
    struct qund_stmt *st =
        keyed(crm, "SELECT shown FROM signup WHERE " SIGNUP_KEY " AND shown IS NOT NULL", &k);
    int rc = qund_step(st);

    if (rc >= 0)
        qund_buf_str(out, rc > 0 ? qund_col_str(st, 0) : name);
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

static struct qund_str copy(struct qund_buf *b, struct qund_str s)
{
    qund_buf_clear(b);
    qund_buf_str(b, s);
    return qund_buf_view(b);
}

/* One key at a time: settling changes the table that the list of keys is read from. */
static int next_key(struct qund_crm *crm, int64_t seq, struct row_key *k, struct qund_buf b[3])
{
    struct qund_stmt *st = qund_sql(crm->db, "SELECT grp, chain, name, room FROM signup_event "
                                             "WHERE seq = :seq AND seq > 0 LIMIT 1");
    int rc;

    qund_assert(st);
    qund_bind_int(st, ":seq", seq);
    rc = qund_step(st);
    if (rc == 1)
        *k = (struct row_key){qund_col_int(st, 0), copy(&b[0], qund_col_str(st, 1)),
                              copy(&b[1], qund_col_str(st, 2)), copy(&b[2], qund_col_str(st, 3))};
    qund_stmt_reset(st);
    return rc;
}

int qund_crm_signup_withdraw(struct qund_crm *crm, int64_t seq)
{
    struct qund_buf b[3] = {{0}};
    struct row_key k;
    int rc, n = 0;

    while ((rc = next_key(crm, seq, &k, b)) == 1) {
        struct qund_stmt *st =
            keyed(crm, "DELETE FROM signup_event WHERE " SIGNUP_KEY " AND seq = :seq", &k);

        qund_bind_int(st, ":seq", seq);
        rc = qund_run(st);
        if (rc == 0)
            rc = settle(crm, &k);
        if (rc < 0)
            break;
        n++;
    }
    for (size_t i = 0; i < QUND_ARRAY_LEN(b); i++)
        qund_buf_done(&b[i]);
    return rc < 0 ? rc : n;
}

/* --- chain lists --- */

static struct qund_stmt *chain_stmt(struct qund_crm *crm, const char *sql, int64_t grp,
                                    struct qund_str chain, int64_t ts)
{
    struct qund_stmt *st = qund_sql(crm->db, sql);

    qund_assert(st);
    qund_bind_int(st, ":grp", grp);
    qund_bind_str(st, ":chain", crm_text(chain));
    qund_bind_int(st, ":ts", ts);
    return st;
}

int qund_crm_chain_put(struct qund_crm *crm, struct qund_crm_group *g, struct qund_str chain,
                       struct qund_str list, int64_t seq, int64_t ts)
{
    struct qund_stmt *st;
    int rc;

    if (chain.n > CHAIN_BYTES)
        return QUND_E_INVAL;
    st = chain_stmt(crm,
                    "INSERT OR REPLACE INTO chain_list(grp, chain, ts, seq, list) "
                    "VALUES(:grp, :chain, :ts, :seq, :list)",
                    g->id, chain, ts);
    qund_bind_int(st, ":seq", seq);
    qund_bind_str(st, ":list", crm_text(list));
    rc = qund_run(st);
    if (rc < 0)
        return rc;
    st = qund_sql(crm->db, "DELETE FROM chain_list WHERE grp = :grp AND chain = :chain AND "
                           "(ts, seq) <= (SELECT ts, seq FROM chain_list WHERE grp = :grp AND "
                           "chain = :chain ORDER BY ts DESC, seq DESC LIMIT 1 OFFSET :keep)");
    qund_assert(st);
    qund_bind_int(st, ":grp", g->id);
    qund_bind_str(st, ":chain", crm_text(chain));
    qund_bind_int(st, ":keep", CHAIN_LISTS);
    return qund_run(st);
}

static int take_list(struct qund_stmt *st, struct qund_buf *list, int64_t *seq)
{
    int rc = qund_step(st);

    if (rc == 1) {
        qund_buf_clear(list);
        qund_buf_str(list, qund_col_str(st, 0));
        if (seq)
            *seq = qund_col_int(st, 1);
    }
    qund_stmt_reset(st);
    return rc == 0 ? QUND_E_NOTFOUND : rc < 0 ? rc : QUND_OK;
}

int qund_crm_chain_prev(struct qund_crm *crm, struct qund_crm_group *g, struct qund_str chain,
                        int64_t ts, struct qund_buf *list, int64_t *seq)
{
    return take_list(chain_stmt(crm,
                                "SELECT list, seq FROM chain_list WHERE grp = :grp AND "
                                "chain = :chain AND ts < :ts ORDER BY ts DESC, seq DESC "
                                "LIMIT 1",
                                g->id, chain, ts),
                     list, seq);
}

int qund_crm_chain_next(struct qund_crm *crm, struct qund_crm_group *g, struct qund_str chain,
                        int64_t ts, struct qund_buf *list, int64_t *seq)
{
    return take_list(chain_stmt(crm,
                                "SELECT list, seq FROM chain_list WHERE grp = :grp AND "
                                "chain = :chain AND ts > :ts ORDER BY ts, seq LIMIT 1",
                                g->id, chain, ts),
                     list, seq);
}
