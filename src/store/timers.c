/* src/store/timers.c - all waiting, as rows.
 *
 * The engine asks "when is the next?" before every item, which should not be a query: the answer
 * per class is kept in memory. Any change but a timer earlier than all makes it unknown, as does a
 * rollback, and then one look at the index (class, due, kind, key) finds it again. The answer is
 * exact, never a bound: a virtual clock jumps to it, and where the clock stops must depend on rows
 * alone. The index is also the order in which timers run, so it does not matter who set them first.
 */
#include "store/timers.h"
#include "store/internal.h"
#include <stdio.h>

#define CLASSES 2

struct qund_timers {
    struct qund_db *db;
    uint64_t generation;
    bool known[CLASSES];
    int64_t next[CLASSES]; /* INT64_MAX: none waits */
};

struct qund_timers *qund_timers_new(struct qund_db *db)
{
    struct qund_timers *t = qund_alloc(sizeof(*t));

    t->db = db;
    return t;
}

struct qund_timers *qund_timers_free(struct qund_timers *t)
{
    qund_free(t);
    return NULL;
}

static void forget(struct qund_timers *t)
{
    for (int c = 0; c < CLASSES; c++)
        t->known[c] = false;
    t->generation = qund_db_rollbacks(t->db);
}

/* A timer now stands at (class, due); it may have stood elsewhere, in either class, before. */
static void changed(struct qund_timers *t, enum qund_timer_class class, int64_t due)
{
    bool first =
        t->known[class] && due < t->next[class] && t->generation == qund_db_rollbacks(t->db);

    forget(t);
    t->known[class] = first;
    t->next[class] = due;
}

int qund_timers_set(struct qund_timers *t, const struct qund_timer *timer)
{
    struct qund_stmt *st;
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
    if (rc == 0)
        changed(t, timer->class, timer->due);
    return rc;
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
    forget(t);
    return rc == 0 && qund_db_changes(t->db) == 0 ? QUND_E_NOTFOUND : rc;
}

static int look(struct qund_timers *t, enum qund_timer_class class)
{
    struct qund_stmt *st;
    int rc =
        qund_sql_get(t->db, "SELECT due FROM timer WHERE class = :class ORDER BY due LIMIT 1", &st);

    if (rc < 0)
        return rc;
    qund_bind_int(st, ":class", class);
    rc = qund_step(st);
    if (rc >= 0) {
        t->next[class] = rc > 0 ? qund_col_int(st, 0) : INT64_MAX;
        t->known[class] = true;
    }
    qund_stmt_reset(st);
    return rc < 0 ? rc : QUND_OK;
}

int qund_timers_next(struct qund_timers *t, enum qund_timer_class class, int64_t *due)
{
    int rc = QUND_OK;

    if (t->generation != qund_db_rollbacks(t->db))
        forget(t);
    if (!t->known[class])
        rc = look(t, class);
    if (rc < 0 || t->next[class] == INT64_MAX)
        return rc;
    *due = t->next[class];
    return 1;
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

static void read_row(struct qund_stmt *st, struct qund_arena *arena, struct qund_timer *out)
{
    out->class = (enum qund_timer_class)qund_col_int(st, 0);
    out->due = qund_col_int(st, 1);
    out->kind = qund_arena_str(arena, qund_col_str(st, 2));
    out->key = qund_arena_str(arena, qund_col_str(st, 3));
    out->body = qund_arena_str(arena, qund_col_str(st, 4));
}

int qund_timers_peek(struct qund_timers *t, enum qund_timer_class class, int64_t until,
                     struct qund_arena *arena, struct qund_timer *out)
{
    struct qund_stmt *st;
    int64_t due;
    int rc = qund_timers_next(t, class, &due);

    if (rc <= 0 || due > until)
        return rc < 0 ? rc : 0;
    rc = qund_sql_get(t->db,
                      "SELECT class, due, kind, key, body FROM timer WHERE class = :class "
                      "ORDER BY due, kind, key LIMIT 1",
                      &st);
    if (rc < 0)
        return rc;
    qund_bind_int(st, ":class", class);
    rc = qund_step(st);
    if (rc > 0)
        read_row(st, arena, out);
    qund_stmt_reset(st);
    return rc;
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
    if (rc > 0)
        read_row(st, arena, out);
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
