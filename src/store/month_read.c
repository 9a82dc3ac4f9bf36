/* src/store/month_read.c - reading and changing stored messages.
 *
 * Readers take the months one after the other, newest first, and page by a cursor that names the
 * month too: a message whose time lay ahead of ours is shown by the time we gave it but lies in the
 * month it claimed, and a page that continued by time alone would skip rows around it. Export needs
 * the order of arrival, so it merges the months by seq. A reader outside a transaction gets one for
 * the length of the call: what it gives out is of one instant, and retention cannot take a month
 * away under it. */
#include "store/month_internal.h"

#define FIND_ROWS 2000
#define FIND_MS (7 * QUND_DAY_MS)

int month_enter(struct qund_months *m, bool *opened)
{
    int rc = QUND_OK;

    *opened = m->db->mode != QUND_DB_WRITE && !qund_db_in_tx(m->db);
    if (*opened)
        rc = qund_db_begin_read(m->db);
    if (rc == 0)
        rc = month_refresh(m);
    if (rc < 0)
        month_leave(m, *opened, rc);
    return rc;
}

int month_leave(struct qund_months *m, bool opened, int rc)
{
    /* Nothing was written, so there is nothing to roll back, and no cache to drop. */
    if (opened && qund_db_in_tx(m->db) && qund_db_commit(m->db) < 0)
        qund_db_rollback(m->db);
    return rc;
}

static int word_col(struct qund_months *m, sqlite3_stmt *st, int col, struct qund_stmt *as,
                    struct qund_str *out)
{
    if (sqlite3_column_type(st, col) == SQLITE_INTEGER)
        return qund_wordlist_text(m->words, sqlite3_column_int64(st, col), out);
    *out = qund_col_str(as, col);
    return QUND_OK;
}

/* In the order of MONTH_COLUMNS. */
int month_row(struct qund_months *m, int month, struct qund_stmt *st, struct qund_message_row *out)
{
    struct qund_str *const texts[] = {&out->eid,      &out->type_name, &out->to,
                                      &out->reply_to, &out->ref,       &out->mentions,
                                      &out->text,     &out->media,     &out->data};
    int64_t marks;
    int rc, col = 0;

    *out = (struct qund_message_row){.month = month};
    out->seq = qund_col_int(st, col++);
    out->key_ts = qund_col_int(st, col++);
    out->ts = qund_col_null(st, col) ? out->key_ts : qund_col_int(st, col);
    col++;
    out->rx = out->key_ts + qund_col_int(st, col++);
    out->realm = qund_col_int(st, col++);
    out->channel = qund_col_int(st, col++);
    out->grp = qund_col_int(st, col++);
    out->contact = qund_col_int(st, col++);
    out->type = (int)qund_col_int(st, col++);
    marks = qund_col_int(st, col++);
    out->role = (int)(marks & 15);
    out->origin = (int)(marks >> 4 & 15);
    out->flags = (unsigned)(marks >> 8);
    out->state = (enum qund_message_state)qund_col_int(st, col++);
    rc = word_col(m, qund_stmt_raw(st), col++, st, &out->account);
    if (rc == 0)
        rc = word_col(m, qund_stmt_raw(st), col++, st, &out->kind);
    for (size_t i = 0; i < QUND_ARRAY_LEN(texts); i++)
        *texts[i] = qund_col_str(st, col++);
    return rc;
}

static void keep(struct qund_months *m, struct qund_str *s)
{
    if (s->p)
        s->p = qund_arena_dup(m->arena, s->p, s->n);
}

/* One row by seq, its strings copied into m. */
static int get_in(struct qund_months *m, struct month_table *t, int64_t seq,
                  struct qund_message_row *out)
{
    struct qund_stmt *st;
    int rc = month_stmt(m, t, MONTH_GET, &st);

    if (rc < 0)
        return rc;
    qund_bind_int(st, ":seq", seq);
    rc = qund_step(st);
    if (rc > 0) {
        int row_rc = month_row(m, t->month, st, out);
        struct qund_str *const strings[] = {
            &out->eid,  &out->type_name, &out->to,   &out->reply_to, &out->ref,    &out->mentions,
            &out->text, &out->media,     &out->data, &out->kind,     &out->account};

        qund_arena_reset(m->arena);
        for (size_t i = 0; i < QUND_ARRAY_LEN(strings); i++)
            keep(m, strings[i]);
        rc = row_rc < 0 ? row_rc : 1;
    }
    qund_stmt_reset(st);
    return rc;
}

int qund_month_get(struct qund_months *m, int64_t seq, struct qund_message_row *out)
{
    bool opened;
    int rc = month_enter(m, &opened);

    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < m->n; i++)
        rc = get_in(m, &m->tables[i], seq, out);
    return month_leave(m, opened, rc > 0 ? QUND_OK : rc == 0 ? QUND_E_NOTFOUND : rc);
}

struct wanted {
    int64_t realm, grp, before_ts;
    struct qund_str eid;
    int64_t since_ts, rows_left; /* rows_left < 0: no bound */
};

/* 1 found, 0 not in this month, NOTFOUND when the bounds were reached. */
static int find_in(struct qund_months *m, struct month_table *t, struct wanted *w, int64_t *seq)
{
    struct qund_stmt *st;
    int found = 0;
    int rc = month_stmt(m, t, MONTH_FIND, &st);

    if (rc < 0)
        return rc;
    qund_bind_int(st, ":grp", w->grp);
    qund_bind_int(st, ":before", w->before_ts);
    while (!found && (rc = qund_step(st)) > 0) {
        if (qund_col_int(st, 1) < w->since_ts || w->rows_left-- == 0) {
            rc = QUND_E_NOTFOUND;
            break;
        }
        found = qund_col_int(st, 2) == w->realm && qund_str_eq(qund_col_str(st, 3), w->eid);
    }
    if (found)
        *seq = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return found ? 1 : rc;
}

int qund_month_find(struct qund_months *m, int64_t realm, int64_t grp, struct qund_str eid,
                    int64_t before_ts, enum qund_month_reach reach, struct qund_message_row *out)
{
    struct wanted w = {.realm = realm,
                       .grp = grp,
                       .before_ts = before_ts,
                       .eid = eid,
                       .since_ts = reach == QUND_FIND_RECENT ? before_ts - FIND_MS : INT64_MIN,
                       .rows_left = reach == QUND_FIND_RECENT ? FIND_ROWS : -1};
    int64_t seq = 0;
    bool opened;
    int rc = month_enter(m, &opened);

    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < m->n; i++) {
        rc = find_in(m, &m->tables[i], &w, &seq);
        if (rc > 0)
            rc = get_in(m, &m->tables[i], seq, out);
    }
    return month_leave(m, opened, rc > 0 ? QUND_OK : rc == 0 ? QUND_E_NOTFOUND : rc);
}

/* Of MONTH_SAID: asked for each message and each alert, and of seven columns. */
static void said_row(int month, struct qund_stmt *st, struct qund_message_row *out)
{
    int64_t marks = qund_col_int(st, 4);

    *out = (struct qund_message_row){.month = month,
                                     .seq = qund_col_int(st, 0),
                                     .ts = qund_col_int(st, 1),
                                     .contact = qund_col_int(st, 2),
                                     .type = (int)qund_col_int(st, 3),
                                     .role = (int)(marks & 15),
                                     .flags = (unsigned)(marks >> 8),
                                     .state = (enum qund_message_state)qund_col_int(st, 5),
                                     .text = qund_col_str(st, 6)};
}

/* Gives each row of a month's bound statement to the caller; *n counts them, *last keeps the last.
 */
static int give_rows(struct qund_months *m, struct month_table *t, enum month_sql which,
                     qund_month_each *each, void *arg, int *n, struct qund_month_cursor *last)
{
    struct qund_stmt *st = t->st[which];
    struct qund_message_row row;
    int rc, stop = 0;

    while (!stop && (rc = qund_step(st)) > 0) {
        if (which == MONTH_SAID)
            said_row(t->month, st, &row);
        else if ((rc = month_row(m, t->month, st, &row)) < 0)
            break;
        (*n)++;
        if (last)
            *last = (struct qund_month_cursor){t->month, row.ts, row.seq};
        stop = each(&row, arg);
    }
    qund_stmt_reset(st);
    return stop ? stop : rc;
}

/* The newest of a group from *cursor on, by MONTH_LAST or MONTH_SAID. */
static int walk_back(struct qund_months *m, enum month_sql which, int64_t grp, int64_t since_ts,
                     int limit, struct qund_month_cursor *cursor, qund_month_each *each, void *arg)
{
    struct qund_month_cursor at = *cursor;
    struct qund_stmt *st;
    bool opened;
    int n = 0;
    int rc = month_enter(m, &opened);

    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && n < limit && i < m->n; i++) {
        struct month_table *t = &m->tables[i];
        bool inside = at.month == t->month;

        if (at.month && t->month > at.month)
            continue;
        if (since_ts && t->month < qund_month_of(since_ts))
            break;
        rc = month_stmt(m, t, which, &st);
        if (rc < 0)
            break;
        qund_bind_int(st, ":grp", grp);
        qund_bind_int(st, ":since", since_ts ? since_ts : INT64_MIN);
        qund_bind_int(st, ":ts", inside ? at.ts : INT64_MAX);
        qund_bind_int(st, ":seq", inside ? at.seq : INT64_MAX);
        qund_bind_int(st, ":limit", limit - n);
        rc = give_rows(m, t, which, each, arg, &n, cursor);
    }
    return month_leave(m, opened, rc);
}

int qund_month_last(struct qund_months *m, int64_t grp, int64_t since_ts, int limit,
                    struct qund_month_cursor *cursor, qund_month_each *each, void *arg)
{
    return walk_back(m, MONTH_LAST, grp, since_ts, limit, cursor, each, arg);
}

int qund_month_said(struct qund_months *m, int64_t grp, int64_t since_ts, int limit,
                    const struct qund_month_cursor *before, qund_month_each *each, void *arg)
{
    struct qund_month_cursor at = *before;

    return walk_back(m, MONTH_SAID, grp, since_ts, limit, &at, each, arg);
}

int qund_month_between(struct qund_months *m, int64_t grp, int64_t from_ts, int64_t until_ts,
                       qund_month_each *each, void *arg)
{
    enum month_sql which = grp ? MONTH_BETWEEN : MONTH_BETWEEN_ALL;
    struct qund_stmt *st;
    bool opened;
    int n = 0;
    int rc = month_enter(m, &opened);

    if (rc < 0)
        return rc;
    for (size_t i = m->n; rc == 0 && i > 0; i--) {
        struct month_table *t = &m->tables[i - 1];

        /* ts is never later than key_ts, so earlier months hold nothing of it. */
        if (t->month < qund_month_of(from_ts))
            continue;
        if (!grp && qund_month_start(t->month) >= until_ts)
            break;
        rc = month_stmt(m, t, which, &st);
        if (rc < 0)
            break;
        if (grp)
            qund_bind_int(st, ":grp", grp);
        qund_bind_int(st, ":from", from_ts);
        qund_bind_int(st, ":until", until_ts);
        rc = give_rows(m, t, which, each, arg, &n, NULL);
    }
    return month_leave(m, opened, rc);
}

/* Opens every month's part of the stream and stands on its first row; seqs[i] 0: it has none. */
static int stream_open(struct qund_months *m, int64_t after, int limit, int64_t *seqs)
{
    struct qund_stmt *st;
    int rc = QUND_OK;

    for (size_t i = 0; rc >= 0 && i < m->n; i++) {
        rc = month_stmt(m, &m->tables[i], MONTH_STREAM, &st);
        if (rc < 0)
            break;
        qund_bind_int(st, ":after", after);
        qund_bind_int(st, ":limit", limit);
        rc = qund_step(st);
        seqs[i] = rc > 0 ? qund_col_int(st, 0) : 0;
    }
    return rc < 0 ? rc : QUND_OK;
}

/* Gives the row with the least seq and moves its month on: 1 given, 0 none left. */
static int stream_next(struct qund_months *m, int64_t *seqs, qund_month_each *each, void *arg)
{
    struct qund_message_row row;
    struct qund_stmt *st;
    size_t best = m->n;
    int rc;

    for (size_t i = 0; i < m->n; i++)
        if (seqs[i] && (best == m->n || seqs[i] < seqs[best]))
            best = i;
    if (best == m->n)
        return 0;
    st = m->tables[best].st[MONTH_STREAM];
    rc = month_row(m, m->tables[best].month, st, &row);
    if (rc == 0)
        rc = each(&row, arg);
    if (rc != 0)
        return rc < 0 ? rc : QUND_E_BUG;
    rc = qund_step(st);
    seqs[best] = rc > 0 ? qund_col_int(st, 0) : 0;
    return rc < 0 ? rc : 1;
}

int qund_month_stream(struct qund_months *m, int64_t after, int limit, qund_month_each *each,
                      void *arg)
{
    QUND_AUTO(qund_free) void *held = NULL;
    int64_t *seqs;
    bool opened;
    int rc = month_enter(m, &opened);

    if (rc < 0)
        return rc;
    held = qund_alloc((m->n + 1) * sizeof(*seqs));
    seqs = held;
    rc = stream_open(m, after, limit, seqs);
    for (int n = 0; rc == 0 && n < limit; n++) {
        rc = stream_next(m, seqs, each, arg);
        if (rc <= 0)
            break;
        rc = QUND_OK;
    }
    for (size_t i = 0; i < m->n; i++)
        if (m->tables[i].st[MONTH_STREAM])
            qund_stmt_reset(m->tables[i].st[MONTH_STREAM]);
    return month_leave(m, opened, rc);
}

/* One number of each month, in *out their sum, or the greatest of them. */
static int number_of_all(struct qund_months *m, enum month_sql which, bool greatest, int64_t *out)
{
    struct qund_stmt *st;
    bool opened;
    int rc = month_enter(m, &opened);

    *out = 0;
    if (rc < 0)
        return rc;
    for (size_t i = 0; rc >= 0 && i < m->n; i++) {
        int64_t n = 0;

        rc = month_stmt(m, &m->tables[i], which, &st);
        if (rc == 0)
            rc = qund_step(st);
        if (rc > 0)
            n = qund_col_int(st, 0);
        if (rc >= 0)
            qund_stmt_reset(st);
        *out = !greatest ? *out + n : n > *out ? n : *out;
    }
    return month_leave(m, opened, rc < 0 ? rc : QUND_OK);
}

int qund_month_newest(struct qund_months *m, int64_t *ts)
{
    return number_of_all(m, MONTH_NEWEST, true, ts);
}

int qund_month_count(struct qund_months *m, int64_t *out)
{
    return number_of_all(m, MONTH_COUNT, false, out);
}

int qund_month_list(struct qund_months *m, int *out, size_t max)
{
    int rc = month_refresh(m);
    size_t n = m->n < max ? m->n : max;

    for (size_t i = 0; rc == 0 && i < n; i++)
        out[i] = m->tables[i].month;
    return rc < 0 ? rc : (int)n;
}

static int change(struct qund_months *m, int month, int64_t seq, enum month_sql which, int64_t to)
{
    struct month_table *t;
    struct qund_stmt *st;
    int rc = month_refresh(m);

    if (rc < 0)
        return rc;
    t = month_find(m, month);
    if (!t)
        return QUND_E_NOTFOUND;
    rc = month_stmt(m, t, which, &st);
    if (rc < 0)
        return rc;
    qund_bind_int(st, ":state", to);
    qund_bind_int(st, ":seq", seq);
    rc = qund_run(st);
    return rc == 0 && qund_db_changes(m->db) == 0 ? QUND_E_NOTFOUND : rc;
}

int qund_month_set_state(struct qund_months *m, int month, int64_t seq,
                         enum qund_message_state state)
{
    return change(m, month, seq, MONTH_SET_STATE, state);
}

int qund_month_flag(struct qund_months *m, int month, int64_t seq, unsigned flags)
{
    return change(m, month, seq, MONTH_FLAG, flags);
}

int qund_month_erase(struct qund_months *m, int month, int64_t seq)
{
    return change(m, month, seq, MONTH_ERASE, QUND_MESSAGE_ERASED);
}

/* Looks at the month's rows behind cursor->seq: *left rows at most. */
static int contact_in(struct qund_months *m, struct month_table *t, int64_t contact, int *left,
                      struct qund_month_cursor *cursor, qund_month_each *each, void *arg)
{
    struct qund_message_row row;
    struct qund_stmt *st;
    int stop = 0;
    int rc = month_stmt(m, t, MONTH_STREAM, &st);

    if (rc < 0)
        return rc;
    qund_bind_int(st, ":after", cursor->month == t->month ? cursor->seq : 0);
    qund_bind_int(st, ":limit", *left);
    while (!stop && (rc = qund_step(st)) > 0) {
        rc = month_row(m, t->month, st, &row);
        if (rc < 0)
            break;
        (*left)--;
        *cursor = (struct qund_month_cursor){t->month, row.ts, row.seq};
        if (row.contact == contact || row.grp == -contact)
            stop = each(&row, arg);
    }
    qund_stmt_reset(st);
    return stop ? stop : rc;
}

int qund_month_of_contact(struct qund_months *m, int64_t contact, int limit,
                          struct qund_month_cursor *cursor, qund_month_each *each, void *arg)
{
    int left = limit;
    bool opened;
    int rc = month_enter(m, &opened);

    if (rc < 0)
        return rc;
    for (size_t i = m->n; rc == 0 && left > 0 && i > 0; i--)
        if (m->tables[i - 1].month >= cursor->month)
            rc = contact_in(m, &m->tables[i - 1], contact, &left, cursor, each, arg);
    return month_leave(m, opened, rc ? rc : left == 0);
}
