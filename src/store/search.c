/* src/store/search.c - full-text search, two-character words included.
 *
 * Chinese has no blanks, and what people look for has two characters: a trigram index finds none of
 * those. So the words of a text are overlapping pairs of code points (made by text/, handed in),
 * and a query is the AND of its pairs. The index holds no texts and no positions (content='',
 * detail=none, columnsize=0): a hit therefore only says that all pairs occur somewhere, and each is
 * checked against the message itself, which has to be read anyway to be shown.
 *
 * Indexing costs as much as storing, so it does not happen with the message. Each month has a
 * cursor: up to it messages are indexed, behind it they are not yet. The engine fills in idle
 * slices, within its transactions, so index and cursor always agree. A query reads the index up to
 * the cursor and the rows behind it one by one; with a backlog it is slower, never wrong. When the
 * deadline comes first, it says so (`partial`) and where to go on.
 *
 * Erasing needs the words that were put in: a contentless index deletes by them, so the caller asks
 * before the text is gone. The deleted words then still stand in old pages of the index as what
 * they are, deletions; compacting merges everything into one new segment and secure_delete blanks
 * the old. */
#include "store/search.h"
#include "core/clock.h"
#include "store/month_internal.h"
#include <stdio.h>

#define SQL_MAX 512
#define MERGE_PAGES 200

struct qund_search {
    struct qund_db *db;
    struct qund_months *months;
    struct qund_search_words words;
    struct qund_buf tokens;
    int compacting; /* the month whose merge has begun */
    bool retired;   /* tables of other versions of the words have been looked for */
};

struct qund_search *qund_search_new(struct qund_db *db, struct qund_months *months,
                                    const struct qund_search_words *words)
{
    struct qund_search *s = qund_alloc(sizeof(*s));

    s->db = db;
    s->months = months;
    s->words = *words;
    return s;
}

struct qund_search *qund_search_free(struct qund_search *s)
{
    if (s)
        qund_buf_done(&s->tokens);
    qund_free(s);
    return NULL;
}

/* A statement on a month's index: '@' is the month, '#' the version of the words. */
static int index_stmt(struct qund_search *s, const char *sql, int month, struct qund_stmt **out)
{
    char text[SQL_MAX], with_version[SQL_MAX];
    size_t n = 0;

    for (; *sql && n + 12 < sizeof(with_version); sql++)
        if (*sql == '#')
            n += (size_t)snprintf(with_version + n, sizeof(with_version) - n, "%d",
                                  s->words.version);
        else
            with_version[n++] = *sql;
    with_version[n] = '\0';
    month_expand(with_version, month, text, sizeof(text));
    return qund_sql_get(s->db, text, out);
}

static int index_run(struct qund_search *s, const char *sql, int month)
{
    struct qund_stmt *st;
    int rc = index_stmt(s, sql, month, &st);

    return rc < 0 ? rc : qund_run(st);
}

/* 1 and *seq, 0 when the month is not indexed yet (then it has no index table either). */
static int cursor_get(struct qund_search *s, int month, int64_t *seq)
{
    struct qund_stmt *st;
    int rc = qund_sql_get(
        s->db, "SELECT seq FROM search_cursor WHERE month = :month AND version = :version", &st);

    *seq = 0;
    if (rc < 0)
        return rc;
    qund_bind_int(st, ":month", month);
    qund_bind_int(st, ":version", s->words.version);
    rc = qund_step(st);
    if (rc > 0)
        *seq = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return rc;
}

static int cursor_set(struct qund_search *s, int month, int64_t seq)
{
    struct qund_stmt *st;
    int rc =
        qund_sql_get(s->db,
                     "INSERT INTO search_cursor (month, version, seq) VALUES (:month, :version, "
                     ":seq) ON CONFLICT (month, version) DO UPDATE SET seq = excluded.seq",
                     &st);

    if (rc < 0)
        return rc;
    qund_bind_int(st, ":month", month);
    qund_bind_int(st, ":version", s->words.version);
    qund_bind_int(st, ":seq", seq);
    return qund_run(st);
}

/* Renames one index of other words out of the way; retention empties what is called expired_*. */
static int retire_one(struct qund_search *s)
{
    char name[64], sql[192];
    struct qund_stmt *st;
    int rc =
        qund_sql_get(s->db,
                     "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB "
                     "'search_[0-9][0-9][0-9][0-9][0-9][0-9]_v*' AND sql LIKE 'CREATE VIRTUAL%' "
                     "AND name NOT LIKE '%\\_v' || :version ESCAPE '\\' LIMIT 1",
                     &st);

    if (rc < 0)
        return rc;
    qund_bind_int(st, ":version", s->words.version);
    rc = qund_step(st);
    if (rc > 0)
        snprintf(name, sizeof(name), "%.*s", QUND_STR_ARG(qund_col_str(st, 0)));
    qund_stmt_reset(st);
    if (rc <= 0)
        return rc;
    snprintf(sql, sizeof(sql), "ALTER TABLE %s RENAME TO expired_%s", name, name);
    rc = qund_db_exec(s->db, sql);
    return rc < 0 ? rc : 1;
}

static int retire_others(struct qund_search *s)
{
    struct qund_stmt *st;
    int rc;

    do
        rc = retire_one(s);
    while (rc > 0);
    if (rc == 0)
        rc = qund_sql_get(s->db, "DELETE FROM search_cursor WHERE version <> :version", &st);
    if (rc < 0)
        return rc;
    qund_bind_int(st, ":version", s->words.version);
    rc = qund_run(st);
    s->retired = rc == 0;
    return rc;
}

static struct qund_str words_of(struct qund_search *s, struct qund_str text)
{
    qund_buf_clear(&s->tokens);
    if (text.n)
        s->words.tokens(s->words.ctx, text, &s->tokens);
    return qund_buf_view(&s->tokens);
}

static int put(struct qund_search *s, int month, int64_t seq, struct qund_str text)
{
    struct qund_str words = words_of(s, text);
    struct qund_stmt *st;
    int rc;

    if (words.n == 0)
        return QUND_OK; /* forget must come to the same conclusion */
    rc =
        index_stmt(s, "INSERT INTO search_@_v# (rowid, tokens) VALUES (:seq, :tokens)", month, &st);
    if (rc < 0)
        return rc;
    qund_bind_int(st, ":seq", seq);
    qund_bind_str(st, ":tokens", words);
    return qund_run(st);
}

/* Indexes up to *rows messages of one month and takes them off *rows. */
static int fill_month(struct qund_search *s, struct month_table *t, int *rows)
{
    struct qund_message_row row;
    struct qund_stmt *st;
    int64_t at, before;
    int rc = cursor_get(s, t->month, &at);

    if (rc == 0)
        rc = index_run(
            s,
            "CREATE VIRTUAL TABLE IF NOT EXISTS search_@_v# USING fts5(tokens, content='', "
            "detail=none, columnsize=0, tokenize='ascii')",
            t->month);
    before = rc > 0 ? at : -1; /* -1: the cursor row must be made */
    if (rc >= 0)
        rc = month_stmt(s->months, t, MONTH_STREAM, &st);
    if (rc < 0)
        return rc;
    qund_bind_int(st, ":after", at);
    qund_bind_int(st, ":limit", *rows);
    while ((rc = qund_step(st)) > 0) {
        rc = month_row(s->months, t->month, st, &row);
        if (rc == 0)
            rc = put(s, t->month, row.seq, row.text);
        if (rc < 0)
            break;
        at = row.seq;
        (*rows)--;
    }
    qund_stmt_reset(st);
    return rc == 0 && at != before ? cursor_set(s, t->month, at) : rc;
}

int qund_search_fill(struct qund_search *s, int rows, int64_t *left)
{
    int rc = month_refresh(s->months);

    if (rc == 0 && !s->retired)
        rc = retire_others(s);
    /* The newest first: that is what people look for. */
    for (size_t i = 0; rc == 0 && rows > 0 && i < s->months->n; i++)
        rc = fill_month(s, &s->months->tables[i], &rows);
    return rc < 0 ? rc : qund_search_behind(s, left);
}

/* The numbers behind the cursor: more than the messages when some came late to an older month,
 * which one slice then sets right. */
static int month_behind(struct qund_search *s, struct month_table *t, int64_t *out)
{
    struct qund_stmt *st;
    int64_t at, last;
    int rc = cursor_get(s, t->month, &at);

    if (rc >= 0)
        rc = month_stmt(s->months, t, MONTH_MAX_SEQ, &st);
    if (rc < 0)
        return rc;
    rc = qund_step(st);
    if (rc > 0) {
        last = qund_col_int(st, 0);
        if (last && at < qund_col_int(st, 1))
            at = qund_col_int(st, 1) - 1;
        *out += last > at ? last - at : 0;
    }
    qund_stmt_reset(st);
    return rc < 0 ? rc : QUND_OK;
}

int qund_search_behind(struct qund_search *s, int64_t *out)
{
    int rc = month_refresh(s->months);

    *out = 0;
    for (size_t i = 0; rc == 0 && i < s->months->n; i++)
        rc = month_behind(s, &s->months->tables[i], out);
    return rc;
}

struct run {
    struct qund_search *s;
    struct qund_search_query *q;
    qund_month_each *each;
    void *arg;
    int hits;
};

static bool group_wanted(const struct qund_search_query *q, int64_t grp)
{
    size_t lo = 0, hi = q->n_groups;

    while (q->groups && lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (q->groups[mid] == grp)
            return true;
        if (q->groups[mid] < grp)
            lo = mid + 1;
        else
            hi = mid;
    }
    return !q->groups;
}

/* A row the index or the scan came upon: 1 go on, 0 enough, < 0 an rc. */
static int look_at(struct run *r, struct month_table *t, struct qund_stmt *st)
{
    struct qund_search_query *q = r->q;
    struct qund_message_row row;
    int rc;

    if (q->deadline_mono_ms && qund_mono_now().ms >= q->deadline_mono_ms)
        return QUND_E_AGAIN;
    rc = month_row(r->s->months, t->month, st, &row);
    if (rc < 0)
        return rc;
    q->cursor = (struct qund_month_cursor){t->month, row.ts, row.seq};
    if (row.state != QUND_MESSAGE_KEPT || !row.text.n || !group_wanted(q, row.grp) ||
        !r->s->words.matches(r->s->words.ctx, row.text, q->needle))
        return 1;
    rc = r->each(&row, r->arg);
    if (rc != 0)
        return rc < 0 ? rc : QUND_E_BUG;
    return ++r->hits < q->limit;
}

/* Rows with after < seq < before, newest first, one by one. 1: all were looked at. */
static int scan(struct run *r, struct month_table *t, int64_t before, int64_t after)
{
    struct qund_stmt *st;
    int rc = month_stmt(r->s->months, t, MONTH_BACK, &st);
    int on = 1;

    if (rc < 0)
        return rc;
    qund_bind_int(st, ":before", before);
    qund_bind_int(st, ":after", after);
    while (on > 0 && (rc = qund_step(st)) > 0)
        on = look_at(r, t, st);
    qund_stmt_reset(st);
    return rc < 0 ? rc : on;
}

/* The words, each quoted: for FTS5 that is the AND of them. */
static void match_text(struct qund_str words, struct qund_buf *out)
{
    while (words.p) {
        struct qund_str word = qund_str_split(&words, ' ');

        if (word.n)
            qund_buf_printf(out, "%s\"%.*s\"", out->n ? " " : "", QUND_STR_ARG(word));
    }
}

static int look_up(struct run *r, struct month_table *t, int64_t before, int64_t until)
{
    QUND_AUTO(qund_buf_done) struct qund_buf match = {0};
    struct qund_stmt *st, *get;
    int rc, on = 1;

    match_text(r->q->tokens, &match);
    rc = index_stmt(
        r->s,
        "SELECT rowid FROM search_@_v# WHERE search_@_v# MATCH :match AND rowid < :before "
        "AND rowid <= :until ORDER BY rowid DESC",
        t->month, &st);
    if (rc < 0)
        return rc;
    qund_bind_str(st, ":match", qund_buf_view(&match));
    qund_bind_int(st, ":before", before);
    qund_bind_int(st, ":until", until);
    while (on > 0 && (rc = qund_step(st)) > 0) {
        rc = month_stmt(r->s->months, t, MONTH_GET, &get);
        if (rc < 0)
            break;
        qund_bind_int(get, ":seq", qund_col_int(st, 0));
        rc = qund_step(get);
        if (rc > 0)
            on = look_at(r, t, get);
        qund_stmt_reset(get);
        if (rc < 0)
            break;
    }
    qund_stmt_reset(st);
    return rc < 0 ? rc : on;
}

static int run_month(struct run *r, struct month_table *t)
{
    int64_t before = r->q->cursor.month == t->month ? r->q->cursor.seq : INT64_MAX;
    int64_t indexed = 0;
    int rc = r->q->tokens.n ? cursor_get(r->s, t->month, &indexed) : 0;

    if (rc < 0)
        return rc;
    rc = scan(r, t, before, indexed);
    if (rc > 0 && indexed)
        rc = look_up(r, t, before, indexed);
    return rc;
}

int qund_search_run(struct qund_search *s, struct qund_search_query *q, qund_month_each *each,
                    void *arg)
{
    struct run r = {.s = s, .q = q, .each = each, .arg = arg};
    int64_t former = s->db->deadline_mono_ms;
    int start = q->cursor.month;
    bool opened;
    int on = 1, rc = month_enter(s->months, &opened);

    q->partial = false;
    if (rc < 0)
        return rc;
    if (q->deadline_mono_ms)
        qund_db_deadline(s->db, q->deadline_mono_ms);
    for (size_t i = 0; on > 0 && i < s->months->n; i++)
        if (!start || s->months->tables[i].month <= start)
            on = run_month(&r, &s->months->tables[i]);
    qund_db_deadline(s->db, former);
    q->partial = on == QUND_E_AGAIN && q->deadline_mono_ms;
    if (on > 0)
        q->cursor = (struct qund_month_cursor){0};
    return month_leave(s->months, opened, on < 0 && !q->partial ? on : QUND_OK);
}

int qund_search_forget(struct qund_search *s, int month, int64_t seq, struct qund_str text)
{
    struct qund_str words = words_of(s, text);
    struct qund_stmt *st;
    int64_t indexed;
    int rc = cursor_get(s, month, &indexed);

    if (rc <= 0 || seq > indexed || words.n == 0)
        return rc < 0 ? rc : QUND_OK;
    rc = index_stmt(s,
                    "INSERT INTO search_@_v# (search_@_v#, rowid, tokens) "
                    "VALUES ('delete', :seq, :tokens)",
                    month, &st);
    if (rc < 0)
        return rc;
    qund_bind_int(st, ":seq", seq);
    qund_bind_str(st, ":tokens", words);
    return qund_run(st);
}

int qund_search_compact(struct qund_search *s, int month)
{
    struct qund_stmt *st;
    int64_t indexed, before;
    int rc = cursor_get(s, month, &indexed);

    if (rc <= 0)
        return rc;
    rc = index_stmt(s, "INSERT INTO search_@_v# (search_@_v#, rank) VALUES ('merge', :pages)",
                    month, &st);
    if (rc < 0)
        return rc;
    /* FTS5: a negative number puts all segments into one merge, positive ones carry it on; less
     * than two changed rows mean that there was nothing left to do. */
    qund_bind_int(st, ":pages", s->compacting == month ? MERGE_PAGES : -MERGE_PAGES);
    before = sqlite3_total_changes64(s->db->h);
    rc = qund_run(st);
    if (rc < 0)
        return rc;
    s->compacting = sqlite3_total_changes64(s->db->h) - before < 2 ? 0 : month;
    return s->compacting != 0;
}
