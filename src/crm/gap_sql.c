/* src/crm/gap_sql.c - every statement on the table `gap`.
 *
 * Over a WebSocket nothing is sent again: what was said while a connection was down is lost, unless
 * the platform keeps a history. The plugin knows when it was deaf and says so. From that on silence
 * of that time proves nothing: whoever wanted to conclude from it that a question was not answered
 * has to leave it open.
 *
 * A gap is told when it begins (without an end) and again when it is over, or once when it is over.
 * One that nobody ends is over after a day: a plugin that died must not stop all judging for ever.
 * Our own absence is one of every channel: what is sent to us again comes too late to judge by, and
 * what is not is lost. In a shared group one deaf account of several hides nothing, the others
 * hear. */
#include "crm/gap.h"

#define OPEN_MS QUND_DAY_MS

/* Open ones of the same place that began earlier are over now, at the latest. */
static int end_earlier(struct qund_db *db, const struct qund_crm_gap *g)
{
    struct qund_stmt *st =
        qund_sql(db, "UPDATE gap SET open = 0, to_ts = min(to_ts, :from) WHERE realm = :realm"
                     " AND channel = :channel AND account = :account AND grp = :grp AND open = 1"
                     " AND from_ts < :from");

    qund_bind_int(st, ":from", g->from);
    qund_bind_int(st, ":realm", g->realm);
    qund_bind_int(st, ":channel", g->channel);
    qund_bind_str(st, ":account", g->account.p ? g->account : QUND_STR(""));
    qund_bind_int(st, ":grp", g->grp);
    return qund_run(st);
}

int qund_crm_gap_put(struct qund_db *db, const struct qund_crm_gap *g)
{
    bool open = g->to == 0;
    struct qund_stmt *st;
    int rc;

    if (g->from <= 0 || (!open && g->to < g->from))
        return QUND_E_INVAL;
    rc = end_earlier(db, g);
    if (rc < 0)
        return rc;
    /* The end may come before the beginning: then it stays. */
    st =
        qund_sql(db, "INSERT INTO gap(realm, channel, account, grp, from_ts, to_ts, open, unfilled,"
                     " seq) VALUES(:realm, :channel, :account, :grp, :from, :to, :open, :unfilled,"
                     " :seq) ON CONFLICT(realm, channel, account, grp, from_ts) DO UPDATE"
                     " SET to_ts = :to, open = :open, unfilled = max(unfilled, :unfilled),"
                     " seq = :seq WHERE open = 1 OR :open = 0");
    qund_bind_int(st, ":realm", g->realm);
    qund_bind_int(st, ":channel", g->channel);
    qund_bind_str(st, ":account", g->account.p ? g->account : QUND_STR(""));
    qund_bind_int(st, ":grp", g->grp);
    qund_bind_int(st, ":from", g->from);
    qund_bind_int(st, ":to", open ? g->from + OPEN_MS : g->to);
    qund_bind_int(st, ":open", open);
    qund_bind_int(st, ":unfilled", g->unfilled > 0 ? g->unfilled : 0);
    qund_bind_int(st, ":seq", g->seq);
    return qund_run(st);
}

int qund_crm_gap_down(struct qund_db *db, int64_t from, int64_t to)
{
    struct qund_stmt *st =
        qund_sql(db, "INSERT OR IGNORE INTO gap(realm, channel, account, grp, from_ts, to_ts, open,"
                     " seq) SELECT id, 0, '', 0, :from, :to, 0, 0 FROM realm");

    qund_bind_int(st, ":from", from);
    qund_bind_int(st, ":to", to);
    return qund_run(st);
}

int qund_crm_gap_overlaps(struct qund_db *db, int64_t grp, int64_t from, int64_t until)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT 1 FROM grp g JOIN gap ON gap.realm = g.realm WHERE g.id = :grp"
                     " AND gap.to_ts > :from AND gap.from_ts < :until"
                     " AND (gap.grp = g.id OR gap.grp = 0)"
                     " AND (g.shared = 0 OR gap.account = '') LIMIT 1");

    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":from", from);
    qund_bind_int(st, ":until", until);
    return qund_any(st);
}

/* A gap of one group hides nothing of what is said to us alone; that we were away does. */
int qund_crm_gap_of_contact(struct qund_db *db, int64_t contact, int64_t from, int64_t until)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT 1 FROM gap WHERE to_ts > :from AND from_ts < :until AND grp = 0 AND"
                     " (channel = 0 OR realm IN (SELECT realm FROM identity WHERE"
                     " contact = :contact)) LIMIT 1");

    qund_bind_int(st, ":contact", contact);
    qund_bind_int(st, ":from", from);
    qund_bind_int(st, ":until", until);
    return qund_any(st);
}

int qund_crm_gap_of_ours(struct qund_db *db, int64_t from, int64_t until)
{
    struct qund_stmt *st = qund_sql(db, "SELECT 1 FROM gap WHERE channel = 0 AND account = ''"
                                        " AND to_ts > :from AND from_ts < :until LIMIT 1");

    qund_bind_int(st, ":from", from);
    qund_bind_int(st, ":until", until);
    return qund_any(st);
}

int qund_crm_gap_open(struct qund_db *db, int64_t now, int64_t *out)
{
    struct qund_stmt *st = qund_sql(db, "SELECT count(*) FROM gap WHERE open = 1 AND to_ts > :now");
    int rc;

    qund_bind_int(st, ":now", now);
    rc = qund_step(st);
    *out = rc > 0 ? qund_col_int(st, 0) : 0;
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

int qund_crm_gap_forget(struct qund_db *db, int64_t before)
{
    struct qund_stmt *st = qund_sql(db, "DELETE FROM gap WHERE to_ts < :before");

    qund_bind_int(st, ":before", before);
    return qund_run(st);
}
