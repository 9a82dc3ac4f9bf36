/* src/store/db.h - SQLite behind a thin line: handles, statements, transactions. sqlite3.h is
 * included in store/ only; other folders keep their SQL in a *_sql.c and use this.
 *
 * One writing handle (engine thread), N read-only handles (readers), one for maint. Each handle is
 * bound to the thread that uses it. */
#ifndef QUND_STORE_DB_H
#define QUND_STORE_DB_H
#include "core/core.h"
#include <stdatomic.h>

struct qund_db;
struct qund_stmt;

enum qund_db_mode { QUND_DB_WRITE, QUND_DB_READ, QUND_DB_MAINT };
struct qund_db_cfg {
    const char *path; /* <data>/qund.db */
    int64_t page_cache_bytes;
    bool full_sync; /* synchronous FULL (durability disk) or NORMAL (os) */
    int busy_ms;    /* 2000; maint 0 */
    /* Set, and never cleared, when SQLite finds the file malformed through this handle: the handles
     * of one store share it, for what one has seen all must know. Outlives the handle; NULL: none.
     */
    atomic_bool *damaged;
};
/* Once, in main, before any handle and any thread: SQLite then counts no memory (a lock an
 * allocation). Leaving it out costs a few per cent and nothing else. */
void qund_db_library(void);
void qund_db_version(struct qund_buf *out); /* "SQLite 3.40.1" */
/* WRITE creates the file and brings the schema forward (migrate.h); READ and MAINT need it to exist
 * with this program's schema. ABI: the store is newer than the program. err says what to do. */
QUND_CHECK int qund_db_open(const struct qund_db_cfg *cfg, enum qund_db_mode mode,
                            struct qund_log *log, struct qund_db **out, struct qund_err *err);
/* A last close then leaves the WAL where it lies. For who opens a store that another left behind
 * uncleanly: its WAL is how the next start tells a crash from a log somebody removed. */
void qund_db_keep_wal(struct qund_db *db);
struct qund_db *qund_db_close(struct qund_db *db); /* finalises its statements; returns NULL */
QUND_DEFINE_AUTO(qund_db_close, struct qund_db *)
/* The last error of this handle, for logs and err texts. */
const char *qund_db_error(const struct qund_db *db);
/* SQLite has found the file malformed through this handle: stop writing, tell the operator. */
bool qund_db_damaged(const struct qund_db *db);

/* Statements without results; several separated by ';' are fine. */
QUND_CHECK int qund_db_exec(struct qund_db *db, const char *sql);
/* BEGIN IMMEDIATE / COMMIT / ROLLBACK. SQLite's BUSY, FULL, IOERR, NOMEM come back as AGAIN, FULL,
 * IO, NOMEM: the whole transaction is then to be rolled back and tried again. */
QUND_CHECK int qund_db_begin(struct qund_db *db);
/* The same, AGAIN at once when somebody holds the store: for work that nobody waits for. */
QUND_CHECK int qund_db_begin_now(struct qund_db *db);
QUND_CHECK int qund_db_begin_read(struct qund_db *db);
QUND_CHECK int qund_db_commit(struct qund_db *db);
void qund_db_rollback(struct qund_db *db); /* also when none is open */
bool qund_db_in_tx(const struct qund_db *db);
/* Savepoints nest inside the batch's transaction; name is static. */
QUND_CHECK int qund_db_save(struct qund_db *db, const char *name);
QUND_CHECK int qund_db_release(struct qund_db *db, const char *name);
QUND_CHECK int qund_db_rollback_to(struct qund_db *db, const char *name);
/* Counts rollbacks, partial ones too: whoever caches rows compares it and drops what it holds. */
uint64_t qund_db_rollbacks(const struct qund_db *db);
/* Readers: statements on this handle end with AGAIN once mono_ms is passed (0: none). */
void qund_db_deadline(struct qund_db *db, int64_t mono_ms);

/* Prepared once per handle and kept: the same sql pointer or text gives the same statement. The
 * handle owns it. A statement is reset by the next qund_sql of it or by qund_stmt_reset. NULL with
 * the reason in qund_db_error when it does not compile (an assertion in the writer's code). */
struct qund_stmt *qund_sql(struct qund_db *db, const char *sql);
/* By name (":group"). Strings are borrowed until the next reset. NONE binds NULL. An unknown name
 * is a bug of ours and aborts. Looking up by a string literal is cached by its pointer: cheap. */
void qund_bind_int(struct qund_stmt *st, const char *name, int64_t v);
void qund_bind_str(struct qund_stmt *st, const char *name, struct qund_str v);
void qund_bind_blob(struct qund_stmt *st, const char *name, const void *p, size_t n);
void qund_bind_int_or_null(struct qund_stmt *st, const char *name, int64_t v); /* 0: NULL */
void qund_bind_null(struct qund_stmt *st, const char *name);
void qund_bind_real(struct qund_stmt *st, const char *name, double v);
/* 1 a row, 0 done, < 0 an rc (EXISTS for a constraint). */
QUND_CHECK int qund_step(struct qund_stmt *st);
/* Step to the end and reset: 0 or an rc. */
QUND_CHECK int qund_run(struct qund_stmt *st);
/* One step and a reset: whether there is a row; 1, 0 or an rc. */
QUND_CHECK int qund_any(struct qund_stmt *st);
/* The first columns of at most max rows, and a reset: how many, or an rc. For whoever changes the
 * table while walking it. */
QUND_CHECK int qund_take_ids(struct qund_stmt *st, int64_t *ids, size_t max);
void qund_stmt_reset(struct qund_stmt *st);
int64_t qund_col_int(struct qund_stmt *st, int col); /* 0-based; NULL reads as 0 */
struct qund_str qund_col_str(struct qund_stmt *st,
                             int col); /* valid until the next step; NULL reads as NONE */
bool qund_col_null(struct qund_stmt *st, int col);
double qund_col_real(struct qund_stmt *st, int col); /* NULL reads as 0 */
int64_t qund_db_changes(const struct qund_db *db);   /* rows of the last statement */
int64_t qund_db_last_rowid(const struct qund_db *db);
/* How many rows a table holds; 0 when there is none of that name. Walks all of it: for sums that a
 * person waits for. */
int64_t qund_db_rows(struct qund_db *db, const char *table);
#endif
