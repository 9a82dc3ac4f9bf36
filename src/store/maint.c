/* src/store/maint.c - looking after the file.
 *
 * Checkpoints. The WAL grows with every commit and is copied back by this handle, never by the one
 * that commits. PASSIVE takes no lock a writer waits for, so it runs at every tick; once it has
 * copied everything and no reader holds an old snapshot, the writer starts the WAL anew by itself.
 * Under a steady load it never finds that moment, so a WAL that is long is begun anew by RESTART,
 * which does hold the writer off until the last pages are synced and is therefore asked for only
 * when almost nothing is left to copy. A pass of PASSIVE that had much to sync leaves what was
 * committed meanwhile, so it is made again until little is left. The handle's busy time-out of 0
 * makes RESTART give way at once. TRUNCATE does the same and hands the blocks back; where the disk
 * discards what is freed that takes 100-250 ms for 64-256 MiB and every sync waits behind it, so
 * it is for whoever knows that nobody writes.
 *
 * Checks. quick_check reads every page of a table; one table a call keeps the snapshot short. What
 * a damaged file needs is a person and a backup, so the message names the command.
 *
 * Before opening. SQLite trusts the bytes it finds: a WAL that belongs to another file would be
 * replayed into ours. So the header and the WAL's header are compared first, and file systems on
 * which the shared memory of a WAL does not work are refused. */
#include "store/maint.h"
#include "core/file.h"
#include "store/internal.h"
#include "store/migrate.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define FEW_FRAMES 256 /* at most so many are copied and synced while the writer waits */
#define PASSES 4       /* of PASSIVE over a long WAL: each has less to do than the last */
#define RESTORE_HINT "stop the daemon and run `qund restore DIR`"

static const struct {
    long type;
    const char *name;
} NETWORK_FILE_SYSTEMS[] = {
    {0x6969, "NFS"},     {0x517b, "SMB"},      {0xff534d42, "CIFS"}, {0xfe534d42, "SMB2"},
    {0x5346414f, "AFS"}, {0x73757245, "Coda"}, {0x00c36400, "Ceph"}, {0x0bd00bd0, "Lustre"},
};

static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The first n bytes of a file: 1 read, 0 missing or empty, < 0 unreadable or shorter than n. */
static int head(const char *path, unsigned char *out, size_t n, struct qund_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;

    if (fd < 0)
        return errno == ENOENT
                   ? 0
                   : qund_err_set(err, QUND_E_IO, path, "cannot read it: %s", strerror(errno));
    got = pread(fd, out, n, 0);
    close(fd);
    if (got < 0)
        return qund_err_set(err, QUND_E_IO, path, "cannot read it: %s", strerror(errno));
    if (got > 0 && (size_t)got < n)
        return qund_err_set(err, QUND_E_INVAL, path, "only %zd bytes long, so it is damaged: %s",
                            got, RESTORE_HINT);
    return got > 0;
}

static int check_file_system(const char *path, struct qund_err *err)
{
    QUND_AUTO(qund_free_str) char *dir = qund_strdup(path);
    char *slash = strrchr(dir, '/');
    struct statfs fs;

    if (slash)
        slash[slash == dir] = '\0';
    if (statfs(slash ? dir : ".", &fs) < 0)
        return qund_err_set(err, QUND_E_IO, path, "cannot look at its folder: %s", strerror(errno));
    for (size_t i = 0; i < QUND_ARRAY_LEN(NETWORK_FILE_SYSTEMS); i++)
        if ((uint32_t)fs.f_type == (uint32_t)NETWORK_FILE_SYSTEMS[i].type)
            return qund_err_set(
                err, QUND_E_INVAL, path,
                "lies on a network file system (%s), where SQLite's WAL is not safe: "
                "put the data folder on a local disk (--data DIR)",
                NETWORK_FILE_SYSTEMS[i].name);
    return QUND_OK;
}

/* Most programs leave the application id at 0. So is ours before the first migration is in the
 * file, but then nothing was ever made in it: no schema change counted, no version. */
static bool never_filled(const unsigned char *h)
{
    return be32(h + 40) == 0 && be32(h + 60) == 0;
}

/* 1: there is a store, *page_size is its; 0: none yet. */
static int check_header(const char *path, uint32_t *page_size, struct qund_err *err)
{
    unsigned char h[100];
    int rc = head(path, h, sizeof(h), err);

    if (rc <= 0)
        return rc;
    *page_size = (uint32_t)h[16] << 8 | h[17];
    if (*page_size == 1)
        *page_size = 65536;
    if (memcmp(h, "SQLite format 3", 16) != 0 || (*page_size & (*page_size - 1)) ||
        *page_size < 512)
        return qund_err_set(err, QUND_E_INVAL, path,
                            "is not an SQLite file or its header is damaged: " RESTORE_HINT);
    if (be32(h + 68) != QUND_STORE_APPLICATION_ID && (be32(h + 68) != 0 || !never_filled(h)))
        return qund_err_set(err, QUND_E_INVAL, path,
                            "is the database of another program (application id 0x%08x): choose "
                            "another data folder",
                            be32(h + 68));
    return 1;
}

static int check_wal(const char *path, bool has_store, uint32_t page_size, struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf wal = {0};
    unsigned char h[32];
    int rc;

    qund_buf_printf(&wal, "%s-wal", path);
    rc = head(wal.p, h, sizeof(h), err);
    if (rc <= 0)
        return rc;
    if (!has_store)
        return qund_err_set(
            err, QUND_E_INVAL, wal.p,
            "there is a WAL but no store beside it: put the store back, or move the "
            "WAL away and run `qund restore DIR`");
    if ((be32(h) & ~1u) != 0x377f0682u || be32(h + 4) != 3007000u)
        return qund_err_set(err, QUND_E_INVAL, wal.p,
                            "is not a WAL or is damaged: keep a copy of it, then " RESTORE_HINT);
    /* The store's page size is not known before its first page was written. */
    if (page_size && be32(h + 8) != page_size)
        return qund_err_set(err, QUND_E_INVAL, wal.p,
                            "belongs to another store (page size %u, ours %u): move it away, then "
                            "run `qund restore DIR`",
                            be32(h + 8), page_size);
    return QUND_OK;
}

int qund_store_check(const char *path, struct qund_err *err)
{
    uint32_t page_size = 0;
    int has_store = 0;
    int rc = check_file_system(path, err);

    if (rc == 0)
        rc = has_store = check_header(path, &page_size, err);
    if (rc >= 0)
        rc = check_wal(path, has_store > 0, page_size, err);
    return rc;
}

bool qund_store_wal_lost(const char *path, bool unclean)
{
    QUND_AUTO(qund_buf_done) struct qund_buf wal = {0};
    struct stat st;

    qund_buf_printf(&wal, "%s-wal", path);
    return unclean && stat(path, &st) == 0 && st.st_size > 0 && stat(wal.p, &st) < 0 &&
           errno == ENOENT;
}

static int checkpoint(struct qund_db *db, int how, struct qund_checkpoint *out)
{
    int frames = 0, done = 0;
    int rc = qund_db_rc(db, sqlite3_wal_checkpoint_v2(db->h, NULL, how, &frames, &done));

    out->wal_frames = frames > 0 ? frames : 0;
    out->done_frames = done > 0 ? done : 0;
    return rc;
}

int qund_maint_checkpoint(struct qund_db *db, int64_t limit_bytes, bool truncate,
                          struct qund_checkpoint *out)
{
    int64_t left = 0;
    int rc;

    *out = (struct qund_checkpoint){0};
    for (int pass = 0; pass < PASSES; pass++) {
        rc = checkpoint(db, SQLITE_CHECKPOINT_PASSIVE, out);
        if (rc < 0)
            return rc;
        if (!truncate && out->wal_frames * QUND_STORE_PAGE <= limit_bytes)
            return QUND_OK;
        if (pass > 0 && out->wal_frames - out->done_frames >= left)
            break; /* a reader's snapshot is in the way, or too much is written */
        left = out->wal_frames - out->done_frames;
        if (left <= FEW_FRAMES)
            break;
    }
    if (out->wal_frames - out->done_frames > FEW_FRAMES)
        return QUND_E_AGAIN;
    rc = checkpoint(db, truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_RESTART, out);
    out->emptied = rc == 0;
    return rc;
}

bool qund_maint_moved(struct qund_db *db)
{
    int moved = 0;

    return sqlite3_file_control(db->h, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
           moved;
}

static int next_table(struct qund_db *db, struct qund_quick_check *state)
{
    struct qund_stmt *st;
    int rc = qund_sql_get(db,
                          "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 "
                          "AND name > :last ORDER BY name LIMIT 1",
                          &st);

    if (rc < 0)
        return rc;
    qund_bind_str(st, ":last", qund_str(state->last));
    rc = qund_step(st);
    if (rc > 0)
        snprintf(state->last, sizeof(state->last), "%.*s", QUND_STR_ARG(qund_col_str(st, 0)));
    qund_stmt_reset(st);
    return rc;
}

int qund_maint_quick_check(struct qund_db *db, struct qund_quick_check *state, struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf found = {0};
    sqlite3_stmt *st = NULL;
    char sql[192];
    int rc = next_table(db, state);

    if (rc > 0) {
        /* Not kept: its text differs per table, and tables come and go. */
        snprintf(sql, sizeof(sql), "PRAGMA quick_check('%s')", state->last);
        rc = qund_db_rc(db, sqlite3_prepare_v2(db->h, sql, -1, &st, NULL));
        if (rc == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW)
            qund_buf_puts(&found, (const char *)sqlite3_column_text(st, 0));
        rc = qund_db_rc(db, sqlite3_finalize(st));
        state->tables++;
        if (rc == 0 && strcmp(found.n ? found.p : "", "ok") == 0)
            return 1;
    }
    if (rc == 0 && !found.n)
        return QUND_OK; /* behind the last table */
    if (found.n)
        qund_db_set_damaged(db);
    if (!db->damaged) /* busy, out of memory, a disk that does not answer: not known */
        return rc == QUND_E_IO ? QUND_E_AGAIN : rc;
    return qund_err_set(err, QUND_E_IO, db->path, "table %s is damaged (%s): " RESTORE_HINT,
                        state->last, found.n ? found.p : qund_db_error(db));
}

int qund_reserve_make(const char *path, int64_t bytes, struct qund_err *err)
{
    struct stat st;
    int fd, e;

    if (stat(path, &st) == 0 && (int64_t)st.st_size >= bytes)
        return QUND_OK;
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return qund_err_set(err, QUND_E_IO, path, "cannot make the reserve: %s", strerror(errno));
    e = posix_fallocate(fd, 0, (off_t)bytes);
    close(fd);
    if (e == 0)
        return QUND_OK;
    unlink(path); /* half a reserve would only make the disk fuller */
    return qund_err_set(
        err, e == ENOSPC ? QUND_E_FULL : QUND_E_IO, path,
        "no room for the reserve of %lld bytes: %s; free space or lower store.reserve",
        (long long)bytes, strerror(e));
}

bool qund_reserve_give(const char *path)
{
    return unlink(path) == 0;
}

bool qund_reserve_fits(const char *path, int64_t bytes)
{
    return qund_disk_free(path) > 2 * bytes;
}
