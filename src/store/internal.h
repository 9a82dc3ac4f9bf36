/* src/store/internal.h - what the files of store/ share: the SQLite handle itself. */
#ifndef QUND_STORE_INTERNAL_H
#define QUND_STORE_INTERNAL_H
#include "store/db.h"
#include <sqlite3.h>

struct stmt_table; /* stmt.c */

struct qund_db {
    sqlite3 *h;
    enum qund_db_mode mode;
    struct qund_log *log;
    char *path;
    struct stmt_table *stmts;
    uint64_t rollbacks;
    int64_t deadline_mono_ms;
    int busy_ms; /* who holds the store is waited for so long */
    int64_t busy_until_ms;
    bool damaged;        /* SQLite found the file malformed */
    atomic_bool *shared; /* the same, for all handles of this store; NULL */
};

/* SQLite's result code as one of ours; notes damage. 0 for OK, ROW and DONE. */
int qund_db_rc(struct qund_db *db, int sqlite_rc);
void qund_db_set_damaged(struct qund_db *db);
/* `what` failed just now before the store could be used: why, and what to do about it. FULL when
 * its disk is. */
int qund_db_unusable(struct qund_db *db, const char *what, struct qund_err *err);
struct stmt_table *qund_stmts_new(void);
struct stmt_table *qund_stmts_free(struct stmt_table *t); /* finalises all */
/* For hot paths that bind by position; positions then come from the table that made the SQL. */
sqlite3_stmt *qund_stmt_raw(struct qund_stmt *st);
/* qund_sql with the reason as an rc: preparing reads the schema, so it can fail as any read can. */
QUND_CHECK int qund_sql_get(struct qund_db *db, const char *sql, struct qund_stmt **out);
/* A question with one integer as its answer: 1 and *out, 0 when there is none, < 0 an rc. */
QUND_CHECK int qund_db_ask_int(struct qund_db *db, const char *sql, int64_t *out);
#endif
