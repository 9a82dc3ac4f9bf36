/* src/store/dead.c - what could not be applied.
 *
 * A dead letter is kept whole, so that a retry makes the same item again, and settled once, so that
 * two operators who press the same button cause one retry. Poison may come in any number; the table
 * does not: at its bound the oldest settled letter makes room, then the oldest of all, and meta
 * "dead_lost" counts the latter. */
#include "store/dead.h"
#include "store/internal.h"
#include "store/meta.h"

#define DEAD_COLUMNS "id, kind, key, stage, reason, body, at, state"

static const char *const STATES[] = {"waiting", "retried", "dropped"};

const char *qund_dead_state_name(enum qund_dead_state s)
{
    return (unsigned)s < QUND_ARRAY_LEN(STATES) ? STATES[s] : "?";
}

static int lose_one(struct qund_db *db)
{
    int64_t lost = 0;
    int rc = qund_db_exec(db, "DELETE FROM dead WHERE id = (SELECT min(id) FROM dead "
                              "WHERE state <> 0)");

    if (rc < 0 || qund_db_changes(db) > 0)
        return rc;
    rc = qund_db_exec(db, "DELETE FROM dead WHERE id = (SELECT min(id) FROM dead)");
    if (rc == 0)
        rc = qund_meta_int(db, "dead_lost", &lost);
    if (rc == 0 || rc == QUND_E_NOTFOUND)
        rc = qund_meta_set_int(db, "dead_lost", lost + 1);
    return rc;
}

static int make_room(struct qund_db *db)
{
    int64_t n = 0;
    /* There are never more letters than their numbers span, and that is two looks at the index. */
    int rc = qund_db_ask_int(db, "SELECT ifnull(max(id) - min(id) + 1, 0) FROM dead", &n);

    if (rc > 0 && n >= QUND_DEAD_MAX)
        rc = qund_db_ask_int(db, "SELECT count(*) FROM dead", &n);
    if (rc < 0 || n < QUND_DEAD_MAX)
        return rc < 0 ? rc : QUND_OK;
    return lose_one(db);
}

int qund_dead_add(struct qund_db *db, const struct qund_dead *d, int64_t *id)
{
    struct qund_stmt *st;
    int rc = make_room(db);

    if (rc == 0)
        rc = qund_sql_get(db,
                          "INSERT INTO dead (kind, key, stage, reason, body, at) "
                          "VALUES (:kind, :key, :stage, :reason, :body, :at)",
                          &st);
    if (rc < 0)
        return rc;
    qund_bind_str(st, ":kind", d->kind);
    qund_bind_str(st, ":key", d->key);
    qund_bind_str(st, ":stage", d->stage);
    qund_bind_str(st, ":reason", d->reason);
    qund_bind_blob(st, ":body", d->body.p, d->body.n);
    qund_bind_int(st, ":at", d->at);
    rc = qund_run(st);
    if (rc == 0 && id)
        *id = qund_db_last_rowid(db);
    return rc;
}

static void read_row(struct qund_stmt *st, struct qund_dead *out)
{
    out->id = qund_col_int(st, 0);
    out->kind = qund_col_str(st, 1);
    out->key = qund_col_str(st, 2);
    out->stage = qund_col_str(st, 3);
    out->reason = qund_col_str(st, 4);
    out->body = qund_col_str(st, 5);
    out->at = qund_col_int(st, 6);
    out->state = (enum qund_dead_state)qund_col_int(st, 7);
}

int qund_dead_get(struct qund_db *db, int64_t id, struct qund_arena *arena, struct qund_dead *out)
{
    struct qund_str *const strings[] = {&out->kind, &out->key, &out->stage, &out->reason,
                                        &out->body};
    struct qund_stmt *st;
    int rc = qund_sql_get(db, "SELECT " DEAD_COLUMNS " FROM dead WHERE id = :id", &st);

    if (rc < 0)
        return rc;
    qund_bind_int(st, ":id", id);
    rc = qund_step(st);
    if (rc > 0) {
        read_row(st, out);
        for (size_t i = 0; i < QUND_ARRAY_LEN(strings); i++)
            strings[i]->p = qund_arena_dup(arena, strings[i]->p, strings[i]->n);
    }
    qund_stmt_reset(st);
    return rc > 0 ? QUND_OK : rc == 0 ? QUND_E_NOTFOUND : rc;
}

int qund_dead_list(struct qund_db *db, bool all, int64_t before, int limit,
                   int (*each)(const struct qund_dead *d, void *arg), void *arg)
{
    struct qund_dead d;
    struct qund_stmt *st;
    int stop = 0;
    int rc =
        qund_sql_get(db,
                     all ? "SELECT " DEAD_COLUMNS " FROM dead WHERE id < :before "
                           "ORDER BY id DESC LIMIT :limit"
                         : "SELECT " DEAD_COLUMNS " FROM dead WHERE state = 0 AND id < :before "
                           "ORDER BY id DESC LIMIT :limit",
                     &st);

    if (rc < 0)
        return rc;
    qund_bind_int(st, ":before", before ? before : INT64_MAX);
    qund_bind_int(st, ":limit", limit);
    while (!stop && (rc = qund_step(st)) > 0) {
        read_row(st, &d);
        stop = each(&d, arg);
    }
    qund_stmt_reset(st);
    return stop ? stop : rc;
}

int qund_dead_settle(struct qund_db *db, int64_t id, enum qund_dead_state state)
{
    struct qund_stmt *st;
    int rc = qund_sql_get(db,
                          "UPDATE dead SET state = :state, body = CASE :state WHEN 2 THEN x'' "
                          "ELSE body END WHERE id = :id AND state = 0",
                          &st);

    if (rc < 0)
        return rc;
    qund_bind_int(st, ":id", id);
    qund_bind_int(st, ":state", state);
    rc = qund_run(st);
    return rc == 0 && qund_db_changes(db) == 0 ? QUND_E_NOTFOUND : rc;
}

int qund_dead_find(struct qund_db *db, struct qund_str kind, struct qund_str key,
                   struct qund_str body, int64_t *id)
{
    struct qund_stmt *st;
    int rc = qund_sql_get(db,
                          "SELECT id FROM dead WHERE state = 0 AND kind = :kind "
                          "AND (:key IS NULL OR (key = :key AND body = :body)) LIMIT 1",
                          &st);

    if (rc < 0)
        return rc;
    qund_bind_str(st, ":kind", kind);
    qund_bind_str(st, ":key", key);
    qund_bind_blob(st, ":body", body.p, body.n);
    rc = qund_step(st);
    if (rc > 0)
        *id = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return rc;
}

int qund_dead_count(struct qund_db *db, int64_t *waiting)
{
    int rc = qund_db_ask_int(db, "SELECT count(*) FROM dead WHERE state = 0", waiting);

    return rc < 0 ? rc : QUND_OK;
}
