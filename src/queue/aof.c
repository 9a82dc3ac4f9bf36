/* src/queue/aof.c - the append-only file of our Redis: mending a broken one, syncing a lazy one.
 *
 * A power cut may leave half a command at the end, a bad disk a hole in the middle. Redis then
 * refuses to start, and a daemon that stays down over the last 40 bytes helps nobody: the file is
 * copied aside, redis-check-aof cuts it to its valid prefix, and the caller says how much went.
 * What cannot be mended (a broken base, a missing part) is set aside whole; the events in it that
 * were not yet applied are lost to us and the error says so. Redis 7 keeps a folder of parts with a
 * manifest; a single file (an upgrade from Redis 6) is mended too.
 *
 * `aof-load-truncated` is off in our configuration so that no cut happens silently. */
#include "core/clock.h"
#include "core/file.h"
#include "queue/managed_internal.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define AOF_DIR "appendonlydir"
#define MANIFEST AOF_DIR "/appendonly.aof.manifest"
#define SINGLE "appendonly.aof"

enum { CHECK_MS = 120000, ASIDE_KEPT = 3, NAME_MAX_BYTES = 1536 };

/* One path of the folder below dir. */
static void path_of(char out[NAME_MAX_BYTES], const char *dir, const char *name)
{
    snprintf(out, NAME_MAX_BYTES, "%s/%s", dir, name);
}

static bool there(const char *dir, const char *name)
{
    char path[NAME_MAX_BYTES];

    path_of(path, dir, name);
    return access(path, F_OK) == 0;
}

static int64_t size_of(const char *dir, const char *name)
{
    char path[NAME_MAX_BYTES];
    struct stat st;

    path_of(path, dir, name);
    return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

static void free_names(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        qund_free(names[i]);
    qund_free(names);
}

int64_t qund_aof_bytes(const char *dir)
{
    QUND_AUTO(qund_free_str) char *parts = qund_path_join(dir, AOF_DIR);
    char **names = NULL;
    size_t n = 0;
    int64_t sum = size_of(dir, SINGLE);

    if (there(dir, AOF_DIR) && qund_dir_list(parts, "", &names, &n, NULL) == 0) {
        for (size_t i = 0; i < n; i++)
            sum += size_of(parts, names[i]);
        free_names(names, n);
    }
    return sum;
}

static int copy_file(const char *from, const char *to, struct qund_err *err)
{
    int in = open(from, O_RDONLY | O_CLOEXEC), out = -1, rc = QUND_OK;
    char chunk[64 << 10];
    ssize_t n = 0;

    if (in >= 0)
        out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    while (out >= 0 && (n = read(in, chunk, sizeof(chunk))) > 0)
        if (write(out, chunk, (size_t)n) != n) {
            n = -1;
            break;
        }
    if (in < 0 || out < 0 || n < 0 || fsync(out) < 0)
        rc = qund_err_set(err, QUND_E_IO, to, "copying a broken append-only file aside: %s",
                          strerror(errno));
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return rc;
}

static int copy_parts(const char *dir, const char *aside, struct qund_err *err)
{
    QUND_AUTO(qund_free_str) char *parts = qund_path_join(dir, AOF_DIR);
    char **names = NULL, from[NAME_MAX_BYTES], to[NAME_MAX_BYTES];
    size_t n = 0;
    int rc = QUND_OK;

    if (there(dir, SINGLE)) {
        path_of(from, dir, SINGLE);
        path_of(to, aside, SINGLE);
        rc = copy_file(from, to, err);
    }
    if (rc < 0 || !there(dir, AOF_DIR))
        return rc;
    rc = qund_dir_list(parts, "", &names, &n, err);
    for (size_t i = 0; i < n && rc == 0; i++) {
        path_of(from, parts, names[i]);
        path_of(to, aside, names[i]);
        rc = copy_file(from, to, err);
    }
    free_names(names, n);
    return rc;
}

/* Copies are for a person to look at; only the last few are kept. Names sort by time. */
static void forget_old_copies(const char *dir)
{
    char **names = NULL, path[NAME_MAX_BYTES];
    size_t n = 0;

    if (qund_dir_list(dir, ".aside", &names, &n, NULL) < 0)
        return;
    for (size_t i = 0; i + ASIDE_KEPT < n; i++) {
        path_of(path, dir, names[i]);
        qund_ignore(qund_dir_remove(path, NULL)); /* it only takes room */
    }
    free_names(names, n);
}

static int set_aside(const char *dir, char aside[256], struct qund_err *err)
{
    QUND_AUTO(qund_clock_free) struct qund_clock *clock = qund_clock_real();
    int rc;

    if (snprintf(aside, 256, "%s/%lld.aside", dir, (long long)qund_clock_now(clock).ms) >= 256)
        return qund_err_set(err, QUND_E_INVAL, dir, "the path is too long to set a copy aside");
    rc = qund_dir_make(aside, 0700, err);
    if (rc == 0)
        rc = copy_parts(dir, aside, err);
    forget_old_copies(dir);
    return rc;
}

/* redis-check-aof lies beside redis-server. */
static void tool_path(const char *program, char out[NAME_MAX_BYTES])
{
    const char *slash = strrchr(program, '/');

    snprintf(out, NAME_MAX_BYTES, "%.*sredis-check-aof", slash ? (int)(slash + 1 - program) : 0,
             program);
}

/* *valid: the tool found nothing. The file's name is relative: the tool runs in dir. */
static int check(const char *dir, const char *program, bool fix, bool *valid, struct qund_err *err)
{
    char tool[NAME_MAX_BYTES], file[64], fix_word[] = "--fix";
    char *argv[] = {tool, fix ? fix_word : file, fix ? file : NULL, NULL};
    int log_fd = qund_redis_log_open(dir), status = 0, rc;

    tool_path(program, tool);
    snprintf(file, sizeof(file), "%s", there(dir, MANIFEST) ? MANIFEST : SINGLE);
    rc = qund_child_run(argv, dir, log_fd, "y\ny\n", CHECK_MS, &status, err);
    if (log_fd >= 0)
        close(log_fd);
    if (rc == 0)
        *valid = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (rc == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 127)
        rc = qund_err_set(err, QUND_E_NOTFOUND, tool,
                          "cannot be run: install redis-tools, it mends the append-only file");
    return rc;
}

static int start_anew(const char *dir, struct qund_err *err)
{
    QUND_AUTO(qund_free_str) char *parts = qund_path_join(dir, AOF_DIR);
    QUND_AUTO(qund_free_str) char *single = qund_path_join(dir, SINGLE);
    int rc = qund_dir_remove(parts, err);

    if (rc == 0 && unlink(single) < 0 && errno != ENOENT)
        rc = qund_err_set(err, QUND_E_IO, single, "remove: %s", strerror(errno));
    return rc;
}

int qund_aof_mend(const char *dir, const char *program, struct qund_aof_repair *out,
                  struct qund_err *err)
{
    int64_t before = qund_aof_bytes(dir);
    bool manifest = there(dir, MANIFEST), valid = false;
    int rc = QUND_OK;

    *out = (struct qund_aof_repair){.was_valid = true};
    if (!manifest && !there(dir, SINGLE) && before == 0)
        return QUND_OK;
    if (manifest || there(dir, SINGLE))
        rc = check(dir, program, false, &valid, err);
    if (rc < 0 || valid)
        return rc;
    out->was_valid = false;
    rc = set_aside(dir, out->aside, err);
    if (rc == 0 && (manifest || there(dir, SINGLE)))
        rc = check(dir, program, true, &valid, err);
    if (rc == 0 && valid)
        rc = check(dir, program, false, &valid, err); /* "fixed" is believed when seen */
    if (rc == 0 && !valid) {
        out->emptied = true;
        rc = start_anew(dir, err);
    }
    out->cut = before - qund_aof_bytes(dir);
    return rc;
}

int qund_aof_sync(const char *dir, struct qund_err *err)
{
    QUND_AUTO(qund_free_str) char *parts = qund_path_join(dir, AOF_DIR);
    char **names = NULL, path[NAME_MAX_BYTES];
    size_t n = 0;
    int rc = there(dir, AOF_DIR) ? qund_dir_list(parts, ".incr.aof", &names, &n, err) : QUND_OK;

    for (size_t i = 0; i < n && rc == 0; i++) {
        int fd;

        path_of(path, parts, names[i]);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
            continue; /* a rewrite ended just now: its content is in the synced base */
        if (fd < 0 || fdatasync(fd) < 0)
            rc = qund_err_set(err, QUND_E_IO, path, "sync: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
    }
    free_names(names, n);
    return rc;
}
