/* src/store/month.c - the messages: tables per UTC month, and the insert.
 *
 * The key. A repeat is recognised by (key_ts, realm, eid), in that order: inserts then land at the
 * right edge of the unique index, and the cost of a message does not depend on how many are stored
 * (with the platform's random id first, each insert dirties a page of its own and the rate falls to
 * a quarter at two million rows). A message lies in the month of its key_ts, so that a repeat meets
 * its first in the same table. Where the time cannot be trusted, the id alone decides, for 7 days,
 * in recent_id: bounded, so its random inserts stay cheap.
 *
 * The month. Retention is one rename and some slices instead of millions of deletes among living
 * rows, and the random inserts of the second index (grp, ts) stay within one month's pages.
 *
 * The row. Absent is NULL, enums are numbers, role, origin and flags share one column (`marks`), ts
 * is stored only where it differs from key_ts (the index is on ifnull(ts, key_ts)), rx as its
 * distance from key_ts, repeated short strings by their number (word.c). seq is one counter over
 * all months: the order of arrival, and a message's name elsewhere in the store.
 *
 * Looking a message up by the platform's id (revoke, reply_to) has no index of its own: it would be
 * random in the id and grow for ever, which is what the key avoids. The group is known and what is
 * revoked or answered is recent, so the group's messages are walked newest first over (grp, ts): a
 * handful of rows as a rule, at most 2,000 or 7 days where the caller says so. How far is decided
 * by rows alone, not by a cache, so a replay finds the same.
 *
 * grp is the group's id, or minus the other person's contact id for a private chat, so that one
 * index serves both. */
#include "core/zone.h"
#include "store/meta.h"
#include "store/month_internal.h"
#include <stdio.h>

#define RECENT_MS (7 * QUND_DAY_MS)
#define RECENT_SWEEP 256 /* rows looked at by one clean-up … */
#define RECENT_EVERY 64  /* … of which there is one per so many inserts: it outruns them */

static const char CREATE[] =
    "CREATE TABLE message_@ (seq INTEGER PRIMARY KEY, key_ts INTEGER NOT NULL, ts INTEGER, "
    "rx INTEGER NOT NULL, realm INTEGER NOT NULL, channel INTEGER NOT NULL, grp INTEGER NOT NULL, "
    "contact INTEGER, type INTEGER NOT NULL, marks INTEGER NOT NULL, "
    "state INTEGER NOT NULL DEFAULT 0, account, kind, eid TEXT NOT NULL, type_name TEXT, to_id "
    "TEXT, "
    "reply_to TEXT, ref TEXT, mentions TEXT, text TEXT, media TEXT, data TEXT, "
    "UNIQUE (key_ts, realm, eid));"
    "CREATE INDEX message_@_grp ON message_@ (grp, ifnull(ts, key_ts));";

/* '@' is the month. The insert's parameters are in the order of enum insert_param. */
static const char *const SQL[MONTH_SQL_COUNT] = {
    [MONTH_INSERT] =
        "INSERT OR IGNORE INTO message_@ (" MONTH_COLUMNS ") VALUES "
        "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22)",
    [MONTH_FIRST] = "SELECT seq FROM message_@ WHERE key_ts = :key_ts AND realm = :realm "
                    "AND eid = :eid",
    [MONTH_GET] = "SELECT " MONTH_COLUMNS " FROM message_@ WHERE seq = :seq",
    [MONTH_FIND] = "SELECT seq, ifnull(ts, key_ts), realm, eid FROM message_@ WHERE grp = :grp "
                   "AND ifnull(ts, key_ts) <= :before ORDER BY ifnull(ts, key_ts) DESC, seq DESC",
    [MONTH_LAST] = "SELECT " MONTH_COLUMNS " FROM message_@ WHERE grp = :grp "
                   "AND ifnull(ts, key_ts) >= :since AND ifnull(ts, key_ts) <= :ts "
                   "AND (ifnull(ts, key_ts) < :ts OR seq < :seq) "
                   "ORDER BY ifnull(ts, key_ts) DESC, seq DESC LIMIT :limit",
    [MONTH_SAID] = "SELECT seq, ifnull(ts, key_ts), contact, type, marks, state, text "
                   "FROM message_@ WHERE grp = :grp "
                   "AND ifnull(ts, key_ts) >= :since AND ifnull(ts, key_ts) <= :ts "
                   "AND (ifnull(ts, key_ts) < :ts OR seq < :seq) "
                   "ORDER BY ifnull(ts, key_ts) DESC, seq DESC LIMIT :limit",
    [MONTH_BETWEEN] = "SELECT " MONTH_COLUMNS " FROM message_@ WHERE grp = :grp "
                      "AND ifnull(ts, key_ts) >= :from AND ifnull(ts, key_ts) < :until "
                      "ORDER BY ifnull(ts, key_ts), seq",
    [MONTH_BETWEEN_ALL] = "SELECT " MONTH_COLUMNS " FROM message_@ WHERE key_ts >= :from "
                          "AND key_ts < :until ORDER BY key_ts, realm, eid",
    [MONTH_LINES] = "SELECT seq, ifnull(ts, key_ts), contact, media IS NOT NULL, kind, text "
                    "FROM message_@ WHERE grp = :grp AND ifnull(ts, key_ts) > :after "
                    "AND ifnull(ts, key_ts) <= :until AND type = :type AND (marks & 15) = :role "
                    "AND state = 0 AND (marks >> 8 & :without) = 0 "
                    "ORDER BY ifnull(ts, key_ts), seq",
    [MONTH_ANY_PRIVATE] = "SELECT 1 FROM message_@ WHERE grp < 0 LIMIT 1",
    [MONTH_STREAM] = "SELECT " MONTH_COLUMNS " FROM message_@ WHERE seq > :after ORDER BY seq "
                     "LIMIT :limit",
    [MONTH_BACK] = "SELECT " MONTH_COLUMNS " FROM message_@ WHERE seq < :before AND seq > :after "
                   "ORDER BY seq DESC",
    [MONTH_MAX_SEQ] = "SELECT (SELECT max(seq) FROM message_@), (SELECT min(seq) FROM message_@)",
    [MONTH_NEWEST] = "SELECT ifnull(max(ifnull(ts, key_ts)), 0) FROM message_@",
    [MONTH_COUNT] = "SELECT count(*) FROM message_@",
    [MONTH_SET_STATE] = "UPDATE message_@ SET state = :state WHERE seq = :seq",
    [MONTH_FLAG] = "UPDATE message_@ SET marks = marks | (:state << 8) WHERE seq = :seq",
    [MONTH_ERASE] = "UPDATE message_@ SET state = :state, text = NULL, media = NULL, data = NULL, "
                    "mentions = NULL, to_id = NULL, contact = NULL WHERE seq = :seq",
};

struct qund_months *qund_months_new(struct qund_db *db)
{
    struct qund_months *m = qund_alloc(sizeof(*m));

    m->db = db;
    m->words = qund_wordlist_new(db);
    m->arena = qund_arena_new(4096);
    return m;
}

struct qund_months *qund_months_free(struct qund_months *m)
{
    if (!m)
        return NULL;
    qund_wordlist_free(m->words);
    qund_arena_free(m->arena);
    qund_free(m->tables);
    qund_free(m);
    return NULL;
}

int qund_month_of(int64_t ts)
{
    int y, m, d;

    qund_civil_from_days((ts >= 0 ? ts : ts - (QUND_DAY_MS - 1)) / QUND_DAY_MS, &y, &m, &d);
    return y * 100 + m;
}

int64_t qund_month_start(int month)
{
    return qund_days_from_civil(month / 100, month % 100, 1) * QUND_DAY_MS;
}

bool qund_month_too_old(int64_t key_ts, int64_t now, int64_t retention_ms)
{
    return qund_month_of(key_ts) < qund_month_of(now - retention_ms);
}

void month_expand(const char *sql, int month, char *out, size_t size)
{
    size_t n = 0;

    for (; *sql && n + 12 < size; sql++)
        if (*sql == '@')
            n += (size_t)snprintf(out + n, size - n, "%06d", month);
        else
            out[n++] = *sql;
    qund_assert(!*sql);
    out[n] = '\0';
}

struct month_table *month_find(struct qund_months *m, int month)
{
    for (size_t i = 0; i < m->n && m->tables[i].month >= month; i++)
        if (m->tables[i].month == month)
            return &m->tables[i];
    return NULL;
}

/* Keeps the order, newest first. */
static struct month_table *add_table(struct qund_months *m, int month)
{
    size_t at = 0;

    if (m->n == m->cap) {
        m->cap = m->cap ? 2 * m->cap : 16;
        m->tables = qund_realloc(m->tables, m->cap * sizeof(*m->tables));
    }
    while (at < m->n && m->tables[at].month > month)
        at++;
    memmove(&m->tables[at + 1], &m->tables[at], (m->n - at) * sizeof(*m->tables));
    m->n++;
    m->tables[at] = (struct month_table){.month = month};
    return &m->tables[at];
}

static int load(struct qund_months *m)
{
    struct qund_stmt *st;
    int64_t month;
    int rc = qund_sql_get(m->db,
                          "SELECT substr(name, 9) FROM sqlite_schema WHERE type = 'table' AND name "
                          "GLOB 'message_[0-9][0-9][0-9][0-9][0-9][0-9]'",
                          &st);

    if (rc < 0)
        return rc;
    m->n = 0;
    while ((rc = qund_step(st)) > 0)
        if (qund_str_int(qund_col_str(st, 0), &month) == 0)
            add_table(m, (int)month);
    qund_stmt_reset(st);
    return rc;
}

int month_refresh(struct qund_months *m)
{
    int64_t version = 0;
    uint64_t generation = qund_db_rollbacks(m->db);
    int rc = QUND_OK;

    /* Only the writer makes tables, so on its handle nothing changes but by itself. */
    if (m->db->mode != QUND_DB_WRITE)
        rc = qund_db_ask_int(m->db, "PRAGMA schema_version", &version);
    if (rc < 0 || (m->loaded && m->generation == generation && m->schema_version == version))
        return rc < 0 ? rc : QUND_OK;
    qund_wordlist_forget(m->words);
    m->next_seq = 0;
    m->loaded = false;
    rc = load(m);
    if (rc == 0) {
        m->loaded = true;
        m->generation = generation;
        m->schema_version = version;
    }
    return rc;
}

int month_stmt(struct qund_months *m, struct month_table *t, enum month_sql which,
               struct qund_stmt **out)
{
    char sql[768];
    int rc = QUND_OK;

    if (t->st[which]) {
        sqlite3_reset(qund_stmt_raw(t->st[which]));
    } else {
        month_expand(SQL[which], t->month, sql, sizeof(sql));
        rc = qund_sql_get(m->db, sql, &t->st[which]);
    }
    *out = t->st[which];
    return rc;
}

static int next_seq(struct qund_months *m)
{
    struct qund_stmt *st;
    int64_t greatest = 0;
    /* What retention dropped may have held the greatest: a seq is never given twice. */
    int rc = qund_meta_int(m->db, "seq_floor", &greatest);

    if (rc == QUND_E_NOTFOUND)
        rc = QUND_OK;
    for (size_t i = 0; rc == 0 && i < m->n; i++) {
        rc = month_stmt(m, &m->tables[i], MONTH_MAX_SEQ, &st);
        if (rc == 0)
            rc = qund_step(st);
        if (rc > 0 && qund_col_int(st, 0) > greatest)
            greatest = qund_col_int(st, 0);
        if (rc >= 0)
            qund_stmt_reset(st);
        rc = rc > 0 ? QUND_OK : rc;
    }
    if (rc == 0)
        m->next_seq = greatest + 1;
    return rc;
}

int qund_month_next_seq(struct qund_months *m, int64_t *out)
{
    int rc = month_refresh(m);

    /* A reader's answer is of this instant; the writer counts on. */
    if (rc == 0 && (!m->next_seq || m->db->mode != QUND_DB_WRITE))
        rc = next_seq(m);
    *out = m->next_seq;
    return rc;
}

static int table_for(struct qund_months *m, int month, struct month_table **out)
{
    char sql[1024];
    int rc;

    *out = month_find(m, month);
    if (*out)
        return QUND_OK;
    month_expand(CREATE, month, sql, sizeof(sql));
    rc = qund_db_exec(m->db, sql);
    if (rc == 0)
        *out = add_table(m, month);
    return rc;
}

static void bind_opt(sqlite3_stmt *st, int i, struct qund_str s)
{
    if (s.p)
        sqlite3_bind_text64(st, i, s.p, s.n, SQLITE_STATIC, SQLITE_UTF8);
    else
        sqlite3_bind_null(st, i);
}

static int bind_word(struct qund_months *m, sqlite3_stmt *st, int i, struct qund_str s)
{
    int64_t id = 0;
    int rc = s.n ? qund_wordlist_id(m->words, s, &id) : QUND_OK;

    if (id)
        sqlite3_bind_int64(st, i, id);
    else
        bind_opt(st, i, s);
    return rc;
}

/* By position, in the order of MONTH_COLUMNS; all are bound each time. */
static int bind_row(struct qund_months *m, sqlite3_stmt *st, const struct qund_message_row *r)
{
    const struct qund_str texts[] = {r->eid,      r->type_name, r->to,    r->reply_to, r->ref,
                                     r->mentions, r->text,      r->media, r->data};
    int rc, i = 1;

    sqlite3_bind_int64(st, i++, r->seq);
    sqlite3_bind_int64(st, i++, r->key_ts);
    if (r->ts == r->key_ts)
        sqlite3_bind_null(st, i++);
    else
        sqlite3_bind_int64(st, i++, r->ts);
    sqlite3_bind_int64(st, i++, r->rx - r->key_ts);
    sqlite3_bind_int64(st, i++, r->realm);
    sqlite3_bind_int64(st, i++, r->channel);
    sqlite3_bind_int64(st, i++, r->grp);
    if (r->contact)
        sqlite3_bind_int64(st, i++, r->contact);
    else
        sqlite3_bind_null(st, i++);
    sqlite3_bind_int64(st, i++, r->type);
    sqlite3_bind_int64(st, i++, r->role | r->origin << 4 | (int64_t)r->flags << 8);
    sqlite3_bind_int64(st, i++, r->state);
    rc = bind_word(m, st, i++, r->account);
    if (rc == 0)
        rc = bind_word(m, st, i++, r->kind);
    for (size_t k = 0; k < QUND_ARRAY_LEN(texts); k++)
        bind_opt(st, i++, texts[k]);
    return rc;
}

/* The 7-day table: 1 a repeat (row names the first), 0 not. An entry that is due to be cleaned up
 * does not count, so when that happens makes no difference. */
static int recent_find(struct qund_months *m, struct qund_message_row *row)
{
    struct qund_stmt *st;
    int rc = qund_sql_get(m->db,
                          "SELECT month, seq FROM recent_id WHERE realm = :realm AND eid = :eid "
                          "AND rx > :since",
                          &st);

    if (rc < 0)
        return rc;
    qund_bind_int(st, ":realm", row->realm);
    qund_bind_str(st, ":eid", row->eid);
    qund_bind_int(st, ":since", row->rx - RECENT_MS);
    rc = qund_step(st);
    if (rc > 0) {
        row->month = (int)qund_col_int(st, 0);
        row->seq = qund_col_int(st, 1);
    }
    qund_stmt_reset(st);
    return rc;
}

static int recent_add(struct qund_months *m, const struct qund_message_row *row)
{
    struct qund_stmt *st;
    int rc = qund_sql_get(m->db,
                          "INSERT OR REPLACE INTO recent_id (realm, eid, month, seq, rx) "
                          "VALUES (:realm, :eid, :month, :seq, :rx)",
                          &st);

    if (rc < 0)
        return rc;
    qund_bind_int(st, ":realm", row->realm);
    qund_bind_str(st, ":eid", row->eid);
    qund_bind_int(st, ":month", row->month);
    qund_bind_int(st, ":seq", row->seq);
    qund_bind_int(st, ":rx", row->rx);
    rc = qund_run(st);
    if (rc < 0 || qund_db_last_rowid(m->db) % RECENT_EVERY)
        return rc;
    rc = qund_sql_get(m->db,
                      "DELETE FROM recent_id WHERE id IN (SELECT id FROM recent_id ORDER BY id "
                      "LIMIT :n) AND rx <= :until",
                      &st);
    if (rc < 0)
        return rc;
    qund_bind_int(st, ":n", RECENT_SWEEP);
    qund_bind_int(st, ":until", row->rx - RECENT_MS);
    return qund_run(st);
}

/* The insert was ignored: a row with this key is there. */
static int name_first(struct qund_months *m, struct month_table *t, struct qund_message_row *row)
{
    struct qund_stmt *st;
    int rc = month_stmt(m, t, MONTH_FIRST, &st);

    if (rc < 0)
        return rc;
    qund_bind_int(st, ":key_ts", row->key_ts);
    qund_bind_int(st, ":realm", row->realm);
    qund_bind_str(st, ":eid", row->eid);
    rc = qund_step(st);
    if (rc > 0)
        row->seq = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return rc > 0 ? QUND_E_EXISTS : rc == 0 ? QUND_E_BUG : rc;
}

static int insert_into(struct qund_months *m, struct month_table *t, struct qund_message_row *row)
{
    struct qund_stmt *st;
    int rc = month_stmt(m, t, MONTH_INSERT, &st);

    if (rc == 0)
        rc = bind_row(m, qund_stmt_raw(st), row);
    if (rc == 0)
        rc = qund_run(st);
    if (rc == 0 && qund_db_changes(m->db) == 0)
        return name_first(m, t, row);
    return rc;
}

int qund_month_insert(struct qund_months *m, struct qund_message_row *row)
{
    struct month_table *t;
    int rc = month_refresh(m);

    qund_assert(row->eid.p && row->role < 16 && row->origin < 16);
    row->month = qund_month_of(row->key_ts);
    if (rc == 0 && row->recent) {
        rc = recent_find(m, row);
        if (rc > 0)
            return QUND_E_EXISTS;
    }
    if (rc == 0 && !m->next_seq)
        rc = next_seq(m);
    if (rc == 0)
        rc = table_for(m, row->month, &t);
    if (rc < 0)
        return rc;
    row->seq = m->next_seq;
    rc = insert_into(m, t, row);
    if (rc == 0 && row->recent)
        rc = recent_add(m, row);
    if (rc == 0)
        m->next_seq++;
    return rc;
}
