/* src/store/backup.c - a copy of the running store.
 *
 * SQLite's online backup copies pages and begins again whenever another connection has written
 * meanwhile; beside a daemon that commits many times a second it would never end. So the handle
 * opens a transaction and reads once, which pins the snapshot of this instant, and the copy is made
 * from that same handle: the writer goes on in the WAL and does not disturb it. The price is a WAL
 * that cannot be checkpointed past the snapshot until the copy is done.
 *
 * The file appears under its name only when it is whole: written as .part, fsynced, renamed, the
 * folder fsynced, and a checksum put beside it, which restore compares before it believes the file.
 * Who made the .part has the name, so two backups of one second get two files, and none replaces
 * another.
 * The key that seals secrets (<data>/key) is never copied: whoever holds the backup should not hold
 * the secrets. */
#include "store/backup.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/zone.h"
#include "store/backup_internal.h"
#include "store/internal.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SLICE_PAGES 32 /* 128 KiB between two looks at the caller */
#define BREATH_MAX_MS 50
#define NAMES_MAX 99 /* of one second */

static int digest_fd(int fd, char out[65])
{
    static const char HEX[] = "0123456789abcdef";
    unsigned char bytes[EVP_MAX_MD_SIZE], chunk[64 << 10];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned n = 0;
    ssize_t got = 0;
    bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;

    while (ok && (got = read(fd, chunk, sizeof(chunk))) > 0)
        ok = EVP_DigestUpdate(md, chunk, (size_t)got) == 1;
    ok = ok && got == 0 && EVP_DigestFinal_ex(md, bytes, &n) == 1;
    EVP_MD_CTX_free(md);
    for (unsigned i = 0; ok && i < 32; i++) {
        out[2 * i] = HEX[bytes[i] >> 4];
        out[2 * i + 1] = HEX[bytes[i] & 15];
    }
    out[64] = '\0';
    return ok ? QUND_OK : QUND_E_IO;
}

int qund_backup_digest(const char *path, char out[65], struct qund_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

    if (fd < 0)
        return qund_err_set(err, QUND_E_IO, path, "cannot read it: %s", strerror(errno));
    rc = digest_fd(fd, out);
    close(fd);
    return rc < 0 ? qund_err_set(err, rc, path, "cannot read it to the end: %s", strerror(errno))
                  : rc;
}

int qund_backup_sync(const char *path, struct qund_err *err)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    int rc = fd >= 0 ? fsync(fd) : -1;

    if (rc < 0)
        rc = qund_err_set(err, QUND_E_IO, path, "cannot make it durable: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return rc;
}

static int failed(struct qund_err *err, const char *path, int src)
{
    return qund_err_set(err, src == SQLITE_FULL ? QUND_E_FULL : QUND_E_IO, path,
                        "cannot write the backup: %s", sqlite3_errstr(src));
}

/* As long as the slice took: half of the disk and of a processor is the writer's. */
static void breathe(int64_t since_us)
{
    int64_t us = qund_mono_us() - since_us;
    struct timespec t = {.tv_nsec = (us < BREATH_MAX_MS * 1000 ? us : BREATH_MAX_MS * 1000) * 1000};

    clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

/* All pages, slice by slice, from the snapshot that db holds. */
static int copy_pages(struct qund_db *db, sqlite3 *to, int fd, const char *path,
                      qund_backup_progress *progress, void *arg, struct qund_err *err)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", db->h, "main");
    int src = SQLITE_OK, rc = b ? QUND_OK : failed(err, path, sqlite3_errcode(to));

    while (rc == 0 && src != SQLITE_DONE) {
        int64_t since_us = qund_mono_us();

        src = sqlite3_backup_step(b, SLICE_PAGES);
        if (QUND_FAULT("backup_step") != 0)
            src = SQLITE_IOERR;
        if (src != SQLITE_OK && src != SQLITE_DONE)
            rc = failed(err, path, src);
        else if (progress && progress(sqlite3_backup_pagecount(b) - sqlite3_backup_remaining(b),
                                      sqlite3_backup_pagecount(b), arg) != 0)
            rc = qund_err_set(err, QUND_E_AGAIN, path, "the backup was stopped; nothing was kept");
        else {
            /* Advice: who syncs last syncs everything, and pages that pile up here would be
             * waited for by the writer's next commit. */
            sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
            breathe(since_us);
        }
    }
    if (b)
        sqlite3_backup_finish(b);
    return rc;
}

static int copy_store(struct qund_db *db, int fd, const char *part, qund_backup_progress *progress,
                      void *arg, struct qund_err *err)
{
    sqlite3 *to = NULL;
    int64_t tables;
    int rc, src = sqlite3_open_v2(part, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    /* Made durable once, at the end; hardly cached, so that each slice goes to the file at once. */
    if (src == SQLITE_OK)
        src = sqlite3_exec(to,
                           "PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF; PRAGMA cache_size=32",
                           NULL, NULL, NULL);
    rc = src == SQLITE_OK ? qund_db_begin_read(db) : failed(err, part, src);
    if (rc == 0) {
        /* The one read that pins the snapshot. */
        rc = qund_db_ask_int(db, "SELECT count(*) FROM sqlite_schema", &tables);
        rc = rc < 0
                 ? qund_err_set(err, rc, db->path, "cannot read the store: %s", qund_db_error(db))
                 : copy_pages(db, to, fd, part, progress, arg, err);
        qund_db_rollback(db);
    }
    sqlite3_close(to);
    return rc;
}

/* <digest>  <name>, as sha256sum(1) writes and checks it. */
static int write_digest(const char *path, const char *part, struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf line = {0}, name = {0};
    char hex[65];
    int rc = qund_backup_digest(part, hex, err);

    if (rc < 0)
        return rc;
    qund_buf_printf(&line, "%s  %s\n", hex, strrchr(path, '/') + 1);
    qund_buf_printf(&name, "%s.sha256", path);
    return qund_file_replace(name.p, qund_buf_view(&line), 0600, err);
}

/* The nth of one second: `_` sorts behind the `.` of the first, and restore takes the last. */
static void file_name(int64_t now, int nth, char out[40])
{
    char iso[25], more[8] = "";
    size_t n = 0;

    qund_iso_print(now, iso); /* 2025-09-15T00:32:44.000Z */
    iso[19] = '\0';
    n = (size_t)snprintf(out, 40, "%s", QUND_BACKUP_PREFIX);
    for (const char *p = iso; *p; p++)
        if (*p != '-' && *p != ':')
            out[n++] = *p;
    if (nth > 1)
        snprintf(more, sizeof(more), "_%02d", nth);
    snprintf(out + n, 40 - n, "Z%s%s", more, QUND_BACKUP_SUFFIX);
}

/* A name that no backup has, ours as long as its .part is there. Returns that one's descriptor. */
static int claim(const char *dir, int64_t now, char **path, struct qund_buf *part,
                 struct qund_err *err)
{
    for (int nth = 1; nth <= NAMES_MAX; nth++) {
        char name[40];
        int fd;

        file_name(now, nth, name);
        qund_free(*path);
        *path = qund_path_join(dir, name);
        qund_buf_clear(part);
        qund_buf_printf(part, "%s.part", *path);
        fd = open(part->p, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 && errno != EEXIST)
            return qund_err_set(err, QUND_E_IO, part->p, "cannot make it: %s", strerror(errno));
        if (fd >= 0 && access(*path, F_OK) != 0)
            return fd;
        if (fd >= 0) {
            close(fd);
            unlink(part->p);
        }
    }
    return qund_err_set(err, QUND_E_EXISTS, *path, "too many backups of one second are there");
}

int qund_backup_run(struct qund_db *db, const char *dir, int64_t now,
                    qund_backup_progress *progress, void *arg, char **path_out,
                    struct qund_err *err)
{
    QUND_AUTO(qund_free_str) char *path = NULL;
    QUND_AUTO(qund_buf_done) struct qund_buf part = {0};
    int fd, rc = qund_dir_make(dir, 0700, err);

    if (rc < 0)
        return rc;
    fd = claim(dir, now, &path, &part, err);
    if (fd < 0)
        return fd;
    rc = copy_store(db, fd, part.p, progress, arg, err);
    close(fd);
    if (rc == 0)
        rc = qund_backup_sync(part.p, err);
    if (rc == 0)
        rc = write_digest(path, part.p, err);
    if (rc == 0 && rename(part.p, path) < 0)
        rc = qund_err_set(err, QUND_E_IO, path, "cannot name it: %s", strerror(errno));
    if (rc == 0)
        rc = qund_dir_sync(dir, err);
    if (rc < 0) {
        unlink(part.p);
        return rc;
    }
    if (path_out)
        *path_out = QUND_TAKE(path);
    return QUND_OK;
}
