/* src/store/month_line.c - what was said in a group, without what surrounds it.
 *
 * Whoever counts (speakers, key words, photos of a day) looks at each message of a window and wants
 * five of its twenty-two columns; and mostly of one role. The filter is part of the statement, so a
 * busy group's day costs what its messages cost, not what their rows cost. */
#include "store/month_internal.h"

static int give_lines(struct qund_months *m, struct qund_stmt *st, qund_month_each_line *each,
                      void *arg)
{
    struct qund_month_line line;
    int rc, stop = 0;

    while (!stop && (rc = qund_step(st)) > 0) {
        line = (struct qund_month_line){.seq = qund_col_int(st, 0),
                                        .ts = qund_col_int(st, 1),
                                        .contact = qund_col_int(st, 2),
                                        .media = qund_col_int(st, 3) != 0,
                                        .text = qund_col_str(st, 5)};
        if (sqlite3_column_type(qund_stmt_raw(st), 4) != SQLITE_INTEGER)
            line.kind = qund_col_str(st, 4);
        else if ((rc = qund_wordlist_text(m->words, qund_col_int(st, 4), &line.kind)) < 0)
            break;
        stop = each(&line, arg);
    }
    qund_stmt_reset(st);
    return stop ? stop : rc;
}

int qund_month_lines(struct qund_months *m, const struct qund_month_filter *f,
                     qund_month_each_line *each, void *arg)
{
    struct qund_stmt *st;
    bool opened;
    int rc = month_enter(m, &opened);

    if (rc < 0)
        return rc;
    for (size_t i = m->n; rc == 0 && i > 0; i--) {
        struct month_table *t = &m->tables[i - 1];

        /* ts is never later than key_ts, so earlier months hold nothing of it. */
        if (t->month < qund_month_of(f->after))
            continue;
        rc = month_stmt(m, t, MONTH_LINES, &st);
        if (rc < 0)
            break;
        qund_bind_int(st, ":grp", f->grp);
        qund_bind_int(st, ":after", f->after);
        qund_bind_int(st, ":until", f->until);
        qund_bind_int(st, ":type", f->type);
        qund_bind_int(st, ":role", f->role);
        qund_bind_int(st, ":without", f->without);
        rc = give_lines(m, st, each, arg);
    }
    return month_leave(m, opened, rc);
}

int qund_month_any_private(struct qund_months *m, bool *out)
{
    struct qund_stmt *st;
    bool opened;
    int rc = month_enter(m, &opened);

    *out = false;
    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && !*out && i < m->n; i++) {
        rc = month_stmt(m, &m->tables[i], MONTH_ANY_PRIVATE, &st);
        if (rc == 0)
            rc = qund_step(st);
        *out = rc > 0;
        if (rc >= 0)
            qund_stmt_reset(st);
        rc = rc < 0 ? rc : QUND_OK;
    }
    return month_leave(m, opened, rc);
}
