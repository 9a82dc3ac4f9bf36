/* file.c - files that are read whole and replaced whole.
 *
 * Small files of ours (state, keys, caches, written configuration) change in one step: a reader
 * sees the old bytes or the new ones, and after a power cut one of the two is there. Hence the
 * temporary name beside the target, fsync of the file before the rename and of the folder after
 * it. Large streams (spool, database) have their own modules. */
#include "core/file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static void close_p(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
#define AUTO_CLOSE __attribute__((cleanup(close_p)))

static int fail(struct qund_err *err, const char *path, const char *what)
{
    int e = errno;

    return qund_err_set(err, qund_rc_from_errno(e), path, "%s: %s", what, strerror(e));
}

static int read_all(int fd, const char *path, size_t max_bytes, struct qund_buf *out,
                    struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct stat st;
    ssize_t n;

    if (fd < 0 || fstat(fd, &st) != 0)
        return fail(err, path, "cannot be read");
    if (st.st_size > 0 && (uint64_t)st.st_size <= max_bytes)
        qund_buf_reserve(&b, (size_t)st.st_size + 1);
    for (;;) {
        if (b.n > max_bytes)
            return qund_err_set(err, QUND_E_FULL, path, "larger than the limit of %zu bytes",
                                max_bytes);
        qund_buf_reserve(&b, 4096);
        n = read(fd, b.p + b.n, b.cap - b.n - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(err, path, "cannot be read");
        if (n == 0)
            break;
        b.n += (size_t)n;
    }
    b.p[b.n] = '\0';
    qund_buf_done(out);
    *out = b;
    b = (struct qund_buf){0};
    return QUND_OK;
}

int qund_file_read(const char *path, size_t max_bytes, struct qund_buf *out, struct qund_err *err)
{
    /* Opening a pipe would wait for who writes into it, reading a device for what it says. */
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return qund_err_set(err, QUND_E_INVAL, path,
                            "is no file but a pipe, a socket or a device; a file is wanted here");
    return read_all(fd, path, max_bytes, out, err);
}

int qund_pipe_read(const char *path, size_t max_bytes, struct qund_buf *out, struct qund_err *err)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

    return read_all(fd, path, max_bytes, out, err);
}

bool qund_fd_write(int fd, struct qund_str s)
{
    while (s.n > 0) {
        ssize_t n = write(fd, s.p, s.n);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        s.p += n;
        s.n -= (size_t)n;
    }
    return true;
}

int qund_dir_sync(const char *path, struct qund_err *err)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) != 0)
        return fail(err, path, "the folder cannot be synced");
    return QUND_OK;
}

static int sync_parent(const char *path, struct qund_err *err)
{
    QUND_AUTO(qund_free_str) char *dir = qund_strdup(path);
    char *slash = strrchr(dir, '/');

    if (!slash)
        return qund_dir_sync(".", err);
    slash[slash == dir] = '\0'; /* "/x" lies in "/" */
    return qund_dir_sync(dir, err);
}

int qund_file_replace(const char *path, struct qund_str bytes, unsigned mode, struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf tmp = {0};
    int fd, bad;

    qund_buf_printf(&tmp, "%s.XXXXXX", path);
    fd = mkostemp(tmp.p, O_CLOEXEC);
    if (fd < 0)
        return fail(err, path, "no temporary file can be made beside it");
    bad = fchmod(fd, (mode_t)mode) != 0 || !qund_fd_write(fd, bytes) || fsync(fd) != 0;
    if (close(fd) != 0 || bad || rename(tmp.p, path) != 0) {
        int rc = fail(err, path, "cannot be written");

        unlink(tmp.p);
        return rc;
    }
    return sync_parent(path, err);
}

int qund_dir_make(const char *path, unsigned mode, struct qund_err *err)
{
    QUND_AUTO(qund_free_str) char *p = qund_strdup(path);
    struct stat st;

    for (char *slash = p; slash;) {
        slash = strchr(slash + 1, '/');
        if (slash)
            *slash = '\0';
        if (mkdir(p, (mode_t)mode) != 0 && errno != EEXIST)
            return fail(err, p, "the folder cannot be made");
        if (slash)
            *slash = '/';
    }
    if (stat(path, &st) != 0)
        return fail(err, path, "the folder cannot be made");
    if (!S_ISDIR(st.st_mode))
        return qund_err_set(err, QUND_E_EXISTS, path, "exists and is not a folder; move it away");
    return QUND_OK;
}

char *qund_dir_temp(const char *name, struct qund_err *err)
{
    const char *below = getenv("TMPDIR");
    QUND_AUTO(qund_buf_done) struct qund_buf path = {0};

    if (!below || !*below)
        below = "/tmp";
    qund_buf_printf(&path, "%s/%s-XXXXXX", below, name);
    if (mkdtemp(path.p))
        return qund_strdup(path.p);
    fail(err, below, "no temporary folder can be made there (TMPDIR says where)");
    return NULL;
}

#define FULL_BYTES (256 << 10)

static bool look_at_disk(const char *path, struct statvfs *v)
{
    QUND_AUTO(qund_free_str) char *dir = NULL;
    char *slash;

    if (statvfs(path, v) == 0)
        return true;
    dir = qund_strdup(path);
    slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir] = '\0';
    return statvfs(slash ? dir : ".", v) == 0;
}

int64_t qund_disk_free(const char *path)
{
    struct statvfs v;

    return look_at_disk(path, &v) ? (int64_t)v.f_bavail * (int64_t)v.f_frsize : -1;
}

bool qund_disk_full(const char *path)
{
    struct statvfs v;

    return look_at_disk(path, &v) && ((int64_t)v.f_bavail * (int64_t)v.f_frsize < FULL_BYTES ||
                                      (v.f_files > 0 && v.f_favail == 0));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path) != 0 && errno != ENOENT ? -1 : 0;
}

int qund_dir_remove(const char *path, struct qund_err *err)
{
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        return fail(err, path, "cannot be removed");
    return QUND_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int qund_dir_list(const char *path, const char *suffix, char ***names, size_t *n,
                  struct qund_err *err)
{
    DIR *d = opendir(path);
    struct dirent *e;
    char **v = NULL;
    size_t count = 0, suffix_n = strlen(suffix);

    if (!d)
        return fail(err, path, "the folder cannot be listed");
    while ((e = readdir(d))) {
        size_t len = strlen(e->d_name);

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || len < suffix_n ||
            strcmp(e->d_name + len - suffix_n, suffix) != 0)
            continue;
        v = qund_realloc(v, (count + 1) * sizeof(*v));
        v[count++] = qund_strdup(e->d_name);
    }
    closedir(d);
    if (count > 1)
        qsort(v, count, sizeof(*v), by_name);
    *names = v;
    *n = count;
    return QUND_OK;
}

long qund_lock_holder(const char *path)
{
    struct flock would = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char pid[24] = {0};
    long holder = 0;

    if (fd < 0)
        return 0;
    if (fcntl(fd, F_OFD_GETLK, &would) == 0 && would.l_type != F_UNLCK)
        holder = pread(fd, pid, sizeof(pid) - 1, 0) > 0 ? strtol(pid, NULL, 10) : -1;
    close(fd);
    return holder;
}

int qund_lock_take(const char *path, int *out_fd, long *holder_pid, struct qund_err *err)
{
    struct flock want = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    char pid[24] = {0};
    int n;

    *holder_pid = 0;
    if (fd < 0)
        return fail(err, path, "the lock file cannot be opened");
    /* OFD: it dies with the descriptor, also on kill -9, and two daemons of one process exclude
     * each other too. */
    if (fcntl(fd, F_OFD_SETLK, &want) != 0) {
        int rc = errno == EAGAIN || errno == EACCES ? QUND_E_EXISTS : 0;

        if (rc == 0)
            rc = fail(err, path, "cannot be locked");
        else if (pread(fd, pid, sizeof(pid) - 1, 0) > 0)
            *holder_pid = strtol(pid, NULL, 10);
        close(fd);
        if (rc == QUND_E_EXISTS)
            qund_err_set(err, rc, path, "in use by another qund (pid %ld); stop it first",
                         *holder_pid);
        return rc;
    }
    n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
    /* Written over and then cut: on a full disk a block that is let go may not come back. */
    if (pwrite(fd, pid, (size_t)n, 0) != n || ftruncate(fd, n) != 0) {
        int rc = fail(err, path, "the lock file cannot be written");

        close(fd);
        return rc;
    }
    *out_fd = fd;
    return QUND_OK;
}
