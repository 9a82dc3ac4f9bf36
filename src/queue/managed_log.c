/* managed_log.c - what our own redis-server says of itself: bounded, and asked for its last words.
 */
#include "core/file.h"
#include "queue/managed_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOG_MAX = 1 << 20 };

int qund_redis_log_open(const char *dir)
{
    QUND_AUTO(qund_free_str) char *path = qund_path_join(dir, "redis.log");

    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* The child appends to a file it never opens again, so the file is cut in place; one old part is
 * kept. */
void qund_redis_log_bound(const char *dir, struct qund_log *log)
{
    QUND_AUTO(qund_free_str) char *path = qund_path_join(dir, "redis.log");
    QUND_AUTO(qund_free_str) char *old = qund_path_join(dir, "redis.log.1");
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct stat st;

    if (stat(path, &st) < 0 || st.st_size < LOG_MAX)
        return;
    if (st.st_size < 4 * (off_t)LOG_MAX && qund_file_read(path, 8u * LOG_MAX, &b, NULL) == 0)
        qund_ignore(qund_file_replace(old, qund_buf_view(&b), 0600, NULL)); /* only a log */
    if (truncate(path, 0) < 0)
        qund_log(log, QUND_WARN, "redis.log_bound", QUND_KV("why", strerror(errno)));
}

/* The last line of the child's log: its own words about its death. */
void qund_redis_last_words(const char *dir, char out[160])
{
    QUND_AUTO(qund_free_str) char *path = qund_path_join(dir, "redis.log");
    char tail[512];
    struct qund_str rest, line = QUND_STR_NONE;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
    off_t from = size > (off_t)sizeof(tail) ? size - (off_t)sizeof(tail) : 0;
    ssize_t n = fd >= 0 ? pread(fd, tail, sizeof(tail), from) : 0;

    if (fd >= 0)
        close(fd);
    rest = qund_str_n(tail, n > 0 ? (size_t)n : 0);
    while (rest.p && rest.n > 0) {
        struct qund_str l = qund_str_trim(qund_str_split(&rest, '\n'));

        if (l.n > 0)
            line = l;
    }
    snprintf(out, 160, "%.*s", QUND_STR_ARG(line));
}
