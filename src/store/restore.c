/* src/store/restore.c - the way back from a backup.
 *
 * A restored store is the past: what was queued in it may have been sent since, and what came after
 * it is unknown. So nothing in it may act by itself. The owners of outbox and timers give
 * statements that park their rows for review, and the store gets a new epoch, by which Redis and
 * the faces see that the ids of before do not continue.
 *
 * All of that happens in a copy beside the living store: checksum, integrity_check, migration to
 * this program's schema, parking. Only a copy that came through takes the place of the store, by a
 * rename; the former one is kept under another name with its WAL, because a restore may be a
 * mistake too. */
#include "core/file.h"
#include "core/zone.h"
#include "store/backup.h"
#include "store/backup_internal.h"
#include "store/internal.h"
#include "store/meta.h"
#include "store/migrate.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE_BYTES (16 << 20)
#define DIGEST_LINE_MAX 512

struct restore {
    char *from, *copy, *store;
    int64_t now;
    struct qund_log *log;
    struct qund_restored *out;
    struct qund_err *err;
};

/* The newest backup of a folder, or the file itself. */
static int choose(const char *dir, char **out, struct qund_err *err)
{
    QUND_AUTO(qund_free_str) char *newest = NULL;
    struct stat st;
    char **names = NULL;
    size_t n = 0;
    int rc;

    if (stat(dir, &st) < 0)
        return qund_err_set(err, QUND_E_NOTFOUND, dir, "cannot find it: %s", strerror(errno));
    if (!S_ISDIR(st.st_mode)) {
        *out = qund_strdup(dir);
        return QUND_OK;
    }
    rc = qund_dir_list(dir, QUND_BACKUP_SUFFIX, &names, &n, err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        /* Names rise with time, and the list is sorted. */
        if (qund_str_starts(qund_str(names[i]), QUND_BACKUP_PREFIX)) {
            qund_free(newest);
            newest = qund_path_join(dir, names[i]);
        }
        qund_free(names[i]);
    }
    qund_free(names);
    if (rc < 0)
        return rc;
    if (!newest)
        return qund_err_set(err, QUND_E_NOTFOUND, dir, "holds no backup (%s*%s)",
                            QUND_BACKUP_PREFIX, QUND_BACKUP_SUFFIX);
    *out = QUND_TAKE(newest);
    return QUND_OK;
}

/* A photograph or an export is told from a backup that was damaged: there is nothing to mend. */
static int check_kind(const struct restore *r)
{
    static const char MAGIC[16] = "SQLite format 3";
    char head[sizeof(MAGIC)];
    int fd = open(r->from, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? pread(fd, head, sizeof(head), 0) : -1;
    int why = errno;

    if (fd >= 0)
        close(fd);
    if (got < 0)
        return qund_err_set(r->err, QUND_E_IO, r->from, "cannot read the backup: %s",
                            strerror(why));
    if ((size_t)got < sizeof(head) || memcmp(head, MAGIC, sizeof(head)) != 0)
        return qund_err_set(r->err, QUND_E_INVAL, r->from,
                            "is no backup: give a file that `qund backup` wrote (%s*%s), or its "
                            "folder",
                            QUND_BACKUP_PREFIX, QUND_BACKUP_SUFFIX);
    return QUND_OK;
}

static int check_digest(const struct restore *r)
{
    QUND_AUTO(qund_buf_done) struct qund_buf name = {0}, line = {0};
    char hex[65];
    int rc;

    qund_buf_printf(&name, "%s.sha256", r->from);
    if (access(name.p, F_OK) < 0 && errno == ENOENT)
        return qund_err_set(r->err, QUND_E_NOTFOUND, r->from,
                            "is no backup, or its checksum is not beside it: `qund backup` wrote "
                            "%s, too; copy both",
                            strrchr(name.p, '/') ? strrchr(name.p, '/') + 1 : name.p);
    rc = qund_file_read(name.p, DIGEST_LINE_MAX, &line, r->err);
    if (rc == 0)
        rc = qund_backup_digest(r->from, hex, r->err);
    if (rc == 0 && (line.n < 64 || memcmp(line.p, hex, 64) != 0))
        rc = qund_err_set(r->err, QUND_E_INVAL, r->from,
                          "is damaged: its checksum is not the one in %s; choose another backup",
                          name.p);
    return rc;
}

static int copy_file(const struct restore *r)
{
    int in = open(r->from, O_RDONLY | O_CLOEXEC);
    int out = open(r->copy, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    char chunk[64 << 10];
    ssize_t got = -1;
    int rc = QUND_OK;

    while (in >= 0 && out >= 0 && (got = read(in, chunk, sizeof(chunk))) > 0)
        for (ssize_t put = 0, n; put < got; put += n) {
            n = write(out, chunk + put, (size_t)(got - put));
            if (n < 0) {
                got = -1;
                break;
            }
        }
    if (got < 0)
        rc = qund_err_set(r->err, errno == ENOSPC ? QUND_E_FULL : QUND_E_IO, r->copy,
                          "cannot copy the backup: %s", strerror(errno));
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return rc;
}

static int check_integrity(struct qund_db *db, const struct restore *r)
{
    struct qund_stmt *st;
    int rc = qund_sql_get(db, "PRAGMA integrity_check(1)", &st);

    if (rc == 0)
        rc = qund_step(st);
    if (rc > 0)
        rc = qund_str_is(qund_col_str(st, 0), "ok") ? QUND_OK : QUND_E_INVAL;
    if (rc < 0)
        rc = qund_err_set(r->err, QUND_E_INVAL, r->from,
                          "is damaged inside (%s); choose another backup", qund_db_error(db));
    if (st)
        qund_stmt_reset(st);
    return rc;
}

/* Binds :now where the statement names it. */
static int run_hook(struct qund_db *db, const struct qund_restore_hook *hook, int64_t now,
                    int64_t *changed)
{
    struct qund_stmt *st;
    int rc = qund_sql_get(db, hook->sql, &st);

    if (rc < 0)
        return rc;
    if (sqlite3_bind_parameter_index(qund_stmt_raw(st), ":now") > 0)
        qund_bind_int(st, ":now", now);
    rc = qund_run(st);
    *changed += qund_db_changes(db);
    return rc;
}

/* Epoch, parking, and what the report says, in one transaction. */
static int settle(struct qund_db *db, const struct restore *r,
                  const struct qund_restore_hook *hooks, size_t n_hooks)
{
    QUND_AUTO(qund_buf_done) struct qund_buf applied = {0};
    const char *step = "epoch";
    int rc = qund_db_begin(db);

    if (rc == 0)
        rc = qund_meta_int(db, "epoch", &r->out->epoch);
    if (rc == QUND_E_NOTFOUND) /* the first one was never named */
        rc = QUND_OK;
    r->out->epoch++;
    if (rc == 0)
        rc = qund_meta_set_int(db, "epoch", r->out->epoch);
    if (rc == 0)
        rc = qund_meta_set_int(db, "restored_at", r->now);
    for (size_t i = 0; rc == 0 && i < n_hooks; i++) {
        step = hooks[i].name;
        rc = run_hook(db, &hooks[i], r->now, &r->out->parked);
    }
    if (rc == 0)
        rc = qund_db_commit(db);
    if (rc < 0) {
        rc = qund_err_set(r->err, rc, r->copy, "cannot prepare the restored store (%s): %s", step,
                          qund_db_error(db));
        qund_db_rollback(db);
        return rc;
    }
    /* Absent in a store that never applied anything. */
    if (qund_meta_str(db, "applied_id", &applied) == 0)
        snprintf(r->out->applied_id, sizeof(r->out->applied_id), "%.63s", applied.p);
    if (qund_meta_int(db, "engine_time", &r->out->engine_time) < 0)
        r->out->engine_time = 0;
    return QUND_OK;
}

static int prepare(const struct restore *r, const struct qund_restore_hook *hooks, size_t n_hooks)
{
    QUND_AUTO(qund_db_close) struct qund_db *db = NULL;
    struct qund_db_cfg cfg = {
        .path = r->copy, .page_cache_bytes = CACHE_BYTES, .full_sync = true, .busy_ms = 2000};
    int rc = check_kind(r);

    if (rc == 0)
        rc = check_digest(r);
    if (rc == 0)
        rc = copy_file(r);
    if (rc == 0)
        rc = qund_db_open(&cfg, QUND_DB_WRITE, r->log, &db, r->err);
    if (rc == 0)
        rc = check_integrity(db, r);
    if (rc == 0)
        rc = settle(db, r, hooks, n_hooks);
    /* Closing the last handle writes the WAL back and removes it. */
    return rc;
}

/* qund.db, -wal and -shm step aside together: apart they are worth nothing. */
static int keep_former(const struct restore *r)
{
    static const char *const SUFFIXES[] = {"-shm", "-wal", ""};
    char iso[25];

    /* To the millisecond: restored twice in one second, the first former store stays, too. */
    qund_iso_print(r->now, iso);
    iso[23] = '\0';
    for (size_t i = 0; i < QUND_ARRAY_LEN(SUFFIXES); i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf from = {0}, to = {0};

        qund_buf_printf(&from, "%s%s", r->store, SUFFIXES[i]);
        qund_buf_printf(&to, "%s.before-%sZ%s", r->store, iso, SUFFIXES[i]);
        if (rename(from.p, to.p) < 0 && errno != ENOENT)
            return qund_err_set(r->err, QUND_E_IO, from.p, "cannot put it aside: %s",
                                strerror(errno));
    }
    return QUND_OK;
}

static void remove_copy(const char *copy)
{
    static const char *const SUFFIXES[] = {"", "-wal", "-shm"};

    for (size_t i = 0; i < QUND_ARRAY_LEN(SUFFIXES); i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf name = {0};

        qund_buf_printf(&name, "%s%s", copy, SUFFIXES[i]);
        unlink(name.p);
    }
}

int qund_restore_run(const char *dir, const char *data_dir, int64_t now,
                     const struct qund_restore_hook *hooks, size_t n_hooks, struct qund_log *log,
                     struct qund_restored *out, struct qund_err *err)
{
    QUND_AUTO(qund_free_str) char *from = NULL;
    QUND_AUTO(qund_free_str) char *store = qund_path_join(data_dir, "qund.db");
    QUND_AUTO(qund_free_str) char *copy = qund_path_join(data_dir, "qund.db.restore");
    QUND_AUTO(qund_free_str) char *key = qund_path_join(data_dir, "key");
    struct restore r = {NULL, copy, store, now, log, out, err};
    int rc = choose(dir, &from, err);

    *out = (struct qund_restored){0};
    if (rc < 0)
        return rc;
    r.from = from;
    snprintf(out->from, sizeof(out->from), "%s", from);
    out->key_missing = access(key, F_OK) < 0;
    remove_copy(copy); /* of a restore that was cut short */
    rc = prepare(&r, hooks, n_hooks);
    if (rc == 0)
        rc = qund_backup_sync(copy, err);
    if (rc == 0)
        rc = keep_former(&r);
    if (rc == 0 && rename(copy, store) < 0)
        rc = qund_err_set(err, QUND_E_IO, store, "cannot put the restored store in its place: %s",
                          strerror(errno));
    if (rc == 0)
        rc = qund_dir_sync(data_dir, err);
    if (rc < 0)
        remove_copy(copy);
    return rc;
}
