/* src/store/db.c - opening the store, and its transactions.
 *
 * One file holds everything, so one rule decides its settings: what was committed must survive, and
 * a file that is not what it seems must show at once. Hence WAL with synchronous FULL (NORMAL when
 * durability is `os`), no memory map (a bad block would be a SIGBUS, not an error),
 * cell_size_check, the defensive flag, and secure_delete on the handle that writes, so that what is
 * erased is gone from the pages too. Checkpoints never run in a commit: wal_autocheckpoint is 0 and
 * the maint thread does them, because a checkpoint inside the committing thread is its p99.
 *
 * BEGIN is always IMMEDIATE on the writing handle: a deferred transaction that turns into a writer
 * while another wrote fails at once with BUSY_SNAPSHOT, and no time-out helps against that.
 *
 * The codes of SQLite end here. What matters to callers is only: try the whole batch again (AGAIN,
 * FULL, IO, NOMEM), a uniqueness was violated (EXISTS), or a bug. FULL, IOERR and NOMEM may roll
 * back by themselves; callers therefore always call qund_db_rollback, which is right in both cases.
 */
#include "core/clock.h"
#include "core/file.h"
#include "store/internal.h"
#include "store/maint.h"
#include "store/migrate.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define PROGRESS_OPS 2000 /* virtual machine steps between two looks at the deadline: < 0.1 ms */

static const struct {
    int sqlite;
    int rc;
} CODES[] = {
    {SQLITE_OK, QUND_OK},
    {SQLITE_ROW, QUND_OK},
    {SQLITE_DONE, QUND_OK},
    {SQLITE_BUSY, QUND_E_AGAIN},
    {SQLITE_LOCKED, QUND_E_AGAIN},
    {SQLITE_INTERRUPT, QUND_E_AGAIN},
    {SQLITE_FULL, QUND_E_FULL},
    {SQLITE_NOMEM, QUND_E_NOMEM},
    {SQLITE_CONSTRAINT, QUND_E_EXISTS},
    {SQLITE_IOERR, QUND_E_IO},
    {SQLITE_CANTOPEN, QUND_E_IO},
    {SQLITE_READONLY, QUND_E_IO},
    {SQLITE_PROTOCOL, QUND_E_IO},
    {SQLITE_CORRUPT, QUND_E_IO},
    {SQLITE_NOTADB, QUND_E_IO},
    {SQLITE_TOOBIG, QUND_E_INVAL},
    {SQLITE_PERM, QUND_E_DENIED},
    {SQLITE_AUTH, QUND_E_DENIED},
};

void qund_db_set_damaged(struct qund_db *db)
{
    db->damaged = true;
    if (db->shared)
        atomic_store(db->shared, true);
}

int qund_db_rc(struct qund_db *db, int sqlite_rc)
{
    int primary = sqlite_rc & 0xff;

    if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB) {
        if (!db->damaged)
            qund_log(db->log, QUND_ERROR, "store.damaged", QUND_KV("code", (int64_t)sqlite_rc),
                     QUND_KV("do", "stop the daemon and run: qund restore DIR"));
        qund_db_set_damaged(db);
    }
    for (size_t i = 0; i < QUND_ARRAY_LEN(CODES); i++)
        if (CODES[i].sqlite == primary)
            return CODES[i].rc;
    return QUND_E_BUG;
}

void qund_db_library(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_initialize();
}

void qund_db_version(struct qund_buf *out)
{
    qund_buf_printf(out, "SQLite %s", sqlite3_libversion());
}

static int past_deadline(void *arg)
{
    const struct qund_db *db = arg;

    return qund_mono_now().ms >= db->deadline_mono_ms;
}

/* The file is made by us, so that it and what SQLite puts beside it are readable by us alone. */
static int make_file(const char *path, struct qund_err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return qund_err_set(err, QUND_E_IO, path, "cannot make the store: %s", strerror(errno));
    close(fd);
    return QUND_OK;
}

/* SQLite's own handler sleeps longer each time, up to 100 ms, and so long past the moment in which
 * the store is free again; whoever holds it here does so for some milliseconds. */
static int wait_a_little(void *arg, int tries)
{
    struct qund_db *db = arg;
    int64_t now = qund_mono_now().ms;

    if (tries == 0)
        db->busy_until_ms = now + db->busy_ms;
    if (now >= db->busy_until_ms)
        return 0;
    sqlite3_sleep(1);
    return 1;
}

static void wait_for_others(struct qund_db *db, bool wait)
{
    sqlite3_busy_handler(db->h, wait && db->busy_ms > 0 ? wait_a_little : NULL, db);
}

static int configure(struct qund_db *db, const struct qund_db_cfg *cfg)
{
    char sql[512];
    int on = 1, off = 0, ignored;

    sqlite3_extended_result_codes(db->h, 1);
    db->busy_ms = cfg->busy_ms;
    wait_for_others(db, true);
    sqlite3_db_config(db->h, SQLITE_DBCONFIG_DEFENSIVE, on, &ignored);
    sqlite3_db_config(db->h, SQLITE_DBCONFIG_DQS_DDL, off, &ignored);
    sqlite3_db_config(db->h, SQLITE_DBCONFIG_DQS_DML, off, &ignored);
    sqlite3_limit(db->h, SQLITE_LIMIT_ATTACHED, 0);
    snprintf(sql, sizeof(sql),
             "PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=ON; PRAGMA cell_size_check=ON;"
             "PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-%lld;"
             "PRAGMA secure_delete=%s; PRAGMA synchronous=%s; PRAGMA query_only=%s;",
             (long long)(cfg->page_cache_bytes / 1024), db->mode == QUND_DB_WRITE ? "ON" : "OFF",
             cfg->full_sync ? "FULL" : "NORMAL", db->mode == QUND_DB_READ ? "ON" : "OFF");
    return qund_db_exec(db, sql);
}

static int use_wal(struct qund_db *db)
{
    /* No journal_size_limit: it is the committing thread that would cut the file, and for some ten
     * megabytes that takes it 40-80 ms. maint.c hands the blocks back when nobody writes. */
    return qund_db_exec(db, "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;");
}

/* SQLite says FULL of a page it cannot append; of the shared memory beside the WAL it only says
 * that something could not be written. */
static bool no_room(struct qund_db *db, int primary)
{
    int e = sqlite3_system_errno(db->h);

    return primary == SQLITE_FULL || (primary != SQLITE_CORRUPT && primary != SQLITE_NOTADB &&
                                      (e == ENOSPC || e == EDQUOT || qund_disk_full(db->path)));
}

int qund_db_unusable(struct qund_db *db, const char *what, struct qund_err *err)
{
    int code = sqlite3_extended_errcode(db->h), rc = qund_db_rc(db, code);
    int64_t left = qund_disk_free(db->path);

    if (no_room(db, code & 0xff))
        return qund_err_set(err, QUND_E_FULL, db->path,
                            "the disk is full (%lld KiB are left): the store cannot be %s; nothing "
                            "of it is damaged or lost. Free some megabytes there and start again",
                            left < 0 ? 0LL : (long long)left / 1024, what);
    if (code == SQLITE_IOERR_READ || code == SQLITE_IOERR_SHORT_READ || db->damaged)
        return qund_err_set(err, rc, db->path,
                            "the store cannot be %s: %s; if the file is damaged, stop the daemon "
                            "and run `qund restore DIR`",
                            what, qund_db_error(db));
    if (rc == QUND_E_AGAIN)
        return qund_err_set(err, rc, db->path,
                            "the store cannot be %s: %s; another program holds it: end that one "
                            "and try again",
                            what, qund_db_error(db));
    return qund_err_set(err, rc, db->path,
                        "the store cannot be %s: %s (errno %d); look at its disk and at the "
                        "system's log (dmesg): the file is not known to be damaged",
                        what, qund_db_error(db), sqlite3_system_errno(db->h));
}

static int open_handle(struct qund_db *db, const struct qund_db_cfg *cfg, struct qund_err *err)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    int src;

    /* Readers get a handle that cannot write at all; maint may checkpoint, which is writing. */
    flags |= db->mode == QUND_DB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    src = sqlite3_open_v2(cfg->path, &db->h, flags, NULL);
    /* SQLite says no more than "unable to open". */
    if (src != SQLITE_OK && access(cfg->path, R_OK) < 0 && errno == EACCES)
        return qund_err_set(err, QUND_E_DENIED, cfg->path,
                            "this user may not open the store; run as the one who owns it");
    if (src != SQLITE_OK && db->h && no_room(db, src & 0xff))
        return qund_db_unusable(db, "opened", err);
    if (src != SQLITE_OK)
        return qund_err_set(
            err, qund_db_rc(db, src), cfg->path, "cannot open the store: %s%s", qund_db_error(db),
            db->mode == QUND_DB_WRITE ? "" : "; start `qund serve` once to make it");
    if (configure(db, cfg) < 0 || (db->mode != QUND_DB_READ && use_wal(db) < 0))
        return qund_db_unusable(db, "read", err);
    return QUND_OK;
}

int qund_db_open(const struct qund_db_cfg *cfg, enum qund_db_mode mode, struct qund_log *log,
                 struct qund_db **out, struct qund_err *err)
{
    QUND_AUTO(qund_db_close) struct qund_db *db = qund_alloc(sizeof(*db));
    int rc = QUND_OK;

    db->mode = mode;
    db->log = log;
    db->shared = cfg->damaged;
    db->path = qund_strdup(cfg->path);
    db->stmts = qund_stmts_new();
    if (mode == QUND_DB_WRITE)
        rc = qund_store_check(cfg->path, err);
    if (rc == 0 && mode == QUND_DB_WRITE)
        rc = make_file(cfg->path, err);
    if (rc == 0)
        rc = open_handle(db, cfg, err);
    if (rc == 0)
        rc = mode == QUND_DB_WRITE ? qund_migrate(db, 0, log, err) : qund_migrate_check(db, err);
    if (rc < 0)
        return rc;
    *out = QUND_TAKE(db);
    return QUND_OK;
}

void qund_db_keep_wal(struct qund_db *db)
{
    qund_ignore(sqlite3_db_config(db->h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL));
}

struct qund_db *qund_db_close(struct qund_db *db)
{
    if (!db)
        return NULL;
    qund_stmts_free(db->stmts);
    /* Nothing is open any more, so close cannot be refused; a checkpoint it runs may fail, which
     * loses nothing. */
    sqlite3_close(db->h);
    qund_free(db->path);
    qund_free(db);
    return NULL;
}

const char *qund_db_error(const struct qund_db *db)
{
    return db->h ? sqlite3_errmsg(db->h) : "out of memory";
}

bool qund_db_damaged(const struct qund_db *db)
{
    return db->damaged;
}

int qund_db_exec(struct qund_db *db, const char *sql)
{
    return qund_db_rc(db, sqlite3_exec(db->h, sql, NULL, NULL, NULL));
}

static int run_text(struct qund_db *db, const char *sql)
{
    struct qund_stmt *st;
    int rc = qund_sql_get(db, sql, &st);

    return rc < 0 ? rc : qund_run(st);
}

int qund_db_ask_int(struct qund_db *db, const char *sql, int64_t *out)
{
    struct qund_stmt *st;
    int rc = qund_sql_get(db, sql, &st);

    if (rc == 0)
        rc = qund_step(st);
    if (rc > 0)
        *out = qund_col_int(st, 0);
    if (st)
        qund_stmt_reset(st);
    return rc;
}

int qund_db_begin(struct qund_db *db)
{
    return run_text(db, "BEGIN IMMEDIATE");
}

int qund_db_begin_now(struct qund_db *db)
{
    int rc;

    wait_for_others(db, false);
    rc = qund_db_begin(db);
    wait_for_others(db, true);
    return rc;
}

int qund_db_begin_read(struct qund_db *db)
{
    return run_text(db, "BEGIN");
}

int qund_db_commit(struct qund_db *db)
{
    return run_text(db, "COMMIT");
}

void qund_db_rollback(struct qund_db *db)
{
    db->rollbacks++;
    /* SQLite may have rolled back by itself; asking again would be an error. */
    if (qund_db_in_tx(db))
        qund_ignore(run_text(db, "ROLLBACK")); /* fails only when there is nothing left to undo */
}

bool qund_db_in_tx(const struct qund_db *db)
{
    return !sqlite3_get_autocommit(db->h);
}

uint64_t qund_db_rollbacks(const struct qund_db *db)
{
    return db->rollbacks;
}

static int savepoint(struct qund_db *db, const char *verb, const char *name)
{
    char sql[96];
    int n = snprintf(sql, sizeof(sql), "%s %s", verb, name);

    qund_assert(n > 0 && (size_t)n < sizeof(sql));
    return run_text(db, sql);
}

int qund_db_save(struct qund_db *db, const char *name)
{
    return savepoint(db, "SAVEPOINT", name);
}

int qund_db_release(struct qund_db *db, const char *name)
{
    return savepoint(db, "RELEASE", name);
}

int qund_db_rollback_to(struct qund_db *db, const char *name)
{
    db->rollbacks++;
    return savepoint(db, "ROLLBACK TO", name);
}

void qund_db_deadline(struct qund_db *db, int64_t mono_ms)
{
    db->deadline_mono_ms = mono_ms;
    sqlite3_progress_handler(db->h, mono_ms ? PROGRESS_OPS : 0, mono_ms ? past_deadline : NULL, db);
}

int64_t qund_db_changes(const struct qund_db *db)
{
    return sqlite3_changes64(db->h);
}

int64_t qund_db_last_rowid(const struct qund_db *db)
{
    return sqlite3_last_insert_rowid(db->h);
}

int64_t qund_db_rows(struct qund_db *db, const char *table)
{
    QUND_AUTO(qund_buf_done) struct qund_buf sql = {0};
    struct qund_stmt *st;
    int64_t n = 0;

    qund_buf_printf(&sql, "SELECT count(*) FROM \"%s\"", table);
    st = qund_sql(db, sql.p);
    if (!st)
        return 0;
    if (qund_step(st) > 0)
        n = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return n;
}
