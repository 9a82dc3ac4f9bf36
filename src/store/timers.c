/* src/store/timers.c - all waiting, as rows.
 *
 * The engine asks "when is the next?" before every item, and in a rush of ten thousand tasks "which
 * is it?" before every one of them, which should not be queries: the first timer of each class is
 * kept in memory. A timer that is set may come before it; one that is cancelled or moved may be it,
 * and then, as after a rollback, one look at the index (class, due, kind, key) finds the next. The
 * answer is exact, never a bound: a virtual clock jumps to it, and where the clock stops must
 * depend on rows alone. The index is also the order in which timers run, so it does not matter who
 * set them first. */
#include "store/timers.h"
#include "store/internal.h"
#include <stdio.h>

#define CLASSES 2

struct first {
    bool known, any;
    struct qund_timer t; /* its texts lie in `text`, one behind the other */
    struct qund_buf text;
};

struct qund_timers {
    struct qund_db *db;
    uint64_t generation;
    struct first first[CLASSES];
};

struct qund_timers *qund_timers_new(struct qund_db *db)
{
    struct qund_timers *t = qund_alloc(sizeof(*t));

    t->db = db;
    return t;
}

struct qund_timers *qund_timers_free(struct qund_timers *t)
{
    for (int c = 0; t && c < CLASSES; c++)
        qund_buf_done(&t->first[c].text);
    qund_free(t);
    return NULL;
}

/* --- the first of each class --- */

/* What was remembered before a rollback is not what the rows say. */
static void catch_up(struct qund_timers *t)
{
    uint64_t generation = qund_db_rollbacks(t->db);

    if (t->generation == generation)
        return;
    t->generation = generation;
    for (int c = 0; c < CLASSES; c++)
        t->first[c].known = false;
}

static struct qund_str next_text(const struct qund_buf *text, size_t *at, struct qund_str like)
{
    struct qund_str s = like.p ? qund_str_n(text->p + *at, like.n) : QUND_STR_NONE;

    *at += like.n;
    return s;
}

static void remember(struct first *f, const struct qund_timer *t)
{
    size_t at = 0;

    qund_buf_clear(&f->text);
    qund_buf_str(&f->text, t->kind);
    qund_buf_str(&f->text, t->key);
    qund_buf_str(&f->text, t->body);
    f->known = f->any = true;
    f->t = *t;
    f->t.kind = next_text(&f->text, &at, t->kind);
    f->t.key = next_text(&f->text, &at, t->key);
    f->t.body = next_text(&f->text, &at, t->body);
}

static bool before(const struct qund_timer *a, const struct qund_timer *b)
{
    int d = qund_str_cmp(a->kind, b->kind);

    if (a->due != b->due)
        return a->due < b->due;
    return d != 0 ? d < 0 : qund_str_cmp(a->key, b->key) < 0;
}

/* The row of that name went or stands elsewhere now. */
static void gone(struct qund_timers *t, struct qund_str kind, struct qund_str key)
{
    catch_up(t);
    for (int c = 0; c < CLASSES; c++) {
        struct first *f = &t->first[c];

        if (f->known && f->any && qund_str_eq(f->t.kind, kind) && qund_str_eq(f->t.key, key))
            f->known = false;
    }
}

/* --- rows --- */

int qund_timers_set(struct qund_timers *t, const struct qund_timer *timer)
{
    struct qund_stmt *st;
    struct first *f;
    int rc = qund_sql_get(t->db,
                          "INSERT INTO timer (kind, key, due, class, body) "
                          "VALUES (:kind, :key, :due, :class, :body) ON CONFLICT (kind, key) "
                          "DO UPDATE SET due = excluded.due, class = excluded.class, "
                          "body = excluded.body",
                          &st);

    if (rc < 0)
        return rc;
    qund_bind_str(st, ":kind", timer->kind);
    qund_bind_str(st, ":key", timer->key);
    qund_bind_int(st, ":due", timer->due);
    qund_bind_int(st, ":class", timer->class);
    qund_bind_str(st, ":body", timer->body);
    rc = qund_run(st);
    if (rc < 0)
        return rc;
    gone(t, timer->kind, timer->key);
    f = &t->first[timer->class];
    if (f->known && (!f->any || before(timer, &f->t)))
        remember(f, timer);
    return 0;
}

int qund_timers_cancel(struct qund_timers *t, struct qund_str kind, struct qund_str key)
{
    struct qund_stmt *st;
    int rc = qund_sql_get(t->db, "DELETE FROM timer WHERE kind = :kind AND key = :key", &st);

    if (rc < 0)
        return rc;
    qund_bind_str(st, ":kind", kind);
    qund_bind_str(st, ":key", key);
    rc = qund_run(st);
    gone(t, kind, key);
    return rc == 0 && qund_db_changes(t->db) == 0 ? QUND_E_NOTFOUND : rc;
}

static void read_row(struct qund_stmt *st, struct qund_timer *out)
{
    out->class = (enum qund_timer_class)qund_col_int(st, 0);
    out->due = qund_col_int(st, 1);
    out->kind = qund_col_str(st, 2);
    out->key = qund_col_str(st, 3);
    out->body = qund_col_str(st, 4);
}

static int look(struct qund_timers *t, enum qund_timer_class class)
{
    struct first *f = &t->first[class];
    struct qund_timer row;
    struct qund_stmt *st;
    int rc = qund_sql_get(t->db,
                          "SELECT class, due, kind, key, body FROM timer WHERE class = :class "
                          "ORDER BY due, kind, key LIMIT 1",
                          &st);

    if (rc < 0)
        return rc;
    qund_bind_int(st, ":class", class);
    rc = qund_step(st);
    if (rc > 0) {
        read_row(st, &row);
        remember(f, &row);
    } else if (rc == 0) {
        f->known = true;
        f->any = false;
    }
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

/* 1: *out is the first of its class, until something changes; 0: none waits. */
static int first_of(struct qund_timers *t, enum qund_timer_class class,
                    const struct qund_timer **out)
{
    struct first *f = &t->first[class];
    int rc = 0;

    catch_up(t);
    if (!f->known)
        rc = look(t, class);
    *out = &f->t;
    return rc < 0 ? rc : f->any;
}

int qund_timers_next(struct qund_timers *t, enum qund_timer_class class, int64_t *due)
{
    const struct qund_timer *first;
    int rc = first_of(t, class, &first);

    if (rc > 0)
        *due = first->due;
    return rc;
}

int qund_timers_next_but(struct qund_timers *t, struct qund_str kind, int64_t *due)
{
    struct qund_stmt *st;
    int rc = qund_sql_get(t->db,
                          "SELECT (SELECT due FROM timer WHERE class = :at AND kind <> :kind"
                          " ORDER BY due LIMIT 1) AS a, (SELECT due FROM timer WHERE class = :judge"
                          " AND kind <> :kind ORDER BY due LIMIT 1) AS j",
                          &st);

    if (rc < 0)
        return rc;
    qund_bind_int(st, ":at", QUND_TIMER_AT);
    qund_bind_int(st, ":judge", QUND_TIMER_JUDGE);
    qund_bind_str(st, ":kind", kind);
    *due = INT64_MAX;
    rc = qund_step(st);
    for (int c = 0; rc > 0 && c < CLASSES; c++)
        if (!qund_col_null(st, c) && qund_col_int(st, c) < *due)
            *due = qund_col_int(st, c);
    qund_stmt_reset(st);
    return rc < 0 ? rc : *due < INT64_MAX;
}

static void copy(const struct qund_timer *t, struct qund_arena *arena, struct qund_timer *out)
{
    *out = *t;
    out->kind = qund_arena_str(arena, t->kind);
    out->key = qund_arena_str(arena, t->key);
    out->body = qund_arena_str(arena, t->body);
}

int qund_timers_peek(struct qund_timers *t, enum qund_timer_class class, int64_t until,
                     struct qund_arena *arena, struct qund_timer *out)
{
    const struct qund_timer *first;
    int rc = first_of(t, class, &first);

    if (rc <= 0 || first->due > until)
        return rc < 0 ? rc : 0;
    copy(first, arena, out);
    return 1;
}

int qund_timers_take(struct qund_timers *t, enum qund_timer_class class, int64_t until,
                     struct qund_arena *arena, struct qund_timer *out)
{
    int rc = qund_timers_peek(t, class, until, arena, out);

    if (rc <= 0)
        return rc;
    rc = qund_timers_cancel(t, out->kind, out->key);
    return rc < 0 ? rc : 1;
}

int qund_timers_get(struct qund_timers *t, struct qund_str kind, struct qund_str key,
                    struct qund_arena *arena, struct qund_timer *out)
{
    struct qund_timer row;
    struct qund_stmt *st;
    int rc = qund_sql_get(t->db,
                          "SELECT class, due, kind, key, body FROM timer "
                          "WHERE kind = :kind AND key = :key",
                          &st);

    if (rc < 0)
        return rc;
    qund_bind_str(st, ":kind", kind);
    qund_bind_str(st, ":key", key);
    rc = qund_step(st);
    if (rc > 0) {
        read_row(st, &row);
        copy(&row, arena, out);
    }
    qund_stmt_reset(st);
    return rc;
}

struct qund_str qund_timer_key(int64_t id, char buf[24])
{
    return qund_str_n(buf, (size_t)snprintf(buf, 24, "%lld", (long long)id));
}

int qund_timers_count(struct qund_timers *t, int64_t *out)
{
    int rc = qund_db_ask_int(t->db, "SELECT count(*) FROM timer", out);

    return rc > 0 ? QUND_OK : rc == 0 ? QUND_E_BUG : rc;
}
