/* src/store/meta.c - single values of the store. */
#include "store/meta.h"
#include "store/internal.h"

static int with_key(struct qund_db *db, const char *sql, const char *key, struct qund_stmt **st)
{
    int rc = qund_sql_get(db, sql, st);

    if (rc == 0)
        qund_bind_str(*st, ":key", qund_str(key));
    return rc;
}

/* 0 with the statement standing on the value. */
static int find(struct qund_db *db, const char *key, struct qund_stmt **st)
{
    int rc = with_key(db, "SELECT value FROM meta WHERE key = :key", key, st);

    if (rc == 0)
        rc = qund_step(*st);
    else
        return rc;
    return rc > 0 ? QUND_OK : rc == 0 ? QUND_E_NOTFOUND : rc;
}

int qund_meta_int(struct qund_db *db, const char *key, int64_t *out)
{
    struct qund_stmt *st;
    int rc = find(db, key, &st);

    if (rc == 0) {
        *out = qund_col_int(st, 0);
        qund_stmt_reset(st);
    }
    return rc;
}

int qund_meta_str(struct qund_db *db, const char *key, struct qund_buf *out)
{
    struct qund_stmt *st;
    int rc = find(db, key, &st);

    if (rc == 0) {
        qund_buf_str(out, qund_col_str(st, 0));
        qund_stmt_reset(st);
    }
    return rc;
}

static const char SET[] = "INSERT INTO meta (key, value) VALUES (:key, :value) "
                          "ON CONFLICT (key) DO UPDATE SET value = excluded.value";

int qund_meta_set_int(struct qund_db *db, const char *key, int64_t v)
{
    struct qund_stmt *st;
    int rc = with_key(db, SET, key, &st);

    if (rc < 0)
        return rc;
    qund_bind_int(st, ":value", v);
    return qund_run(st);
}

int qund_meta_set_str(struct qund_db *db, const char *key, struct qund_str v)
{
    struct qund_stmt *st;
    int rc = with_key(db, SET, key, &st);

    if (rc < 0)
        return rc;
    qund_bind_str(st, ":value", v);
    return qund_run(st);
}
