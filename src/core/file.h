/* src/core/file.h - files: read whole, replace whole, lock, find. */
#ifndef QUND_CORE_FILE_H
#define QUND_CORE_FILE_H
#include "core/err.h"

/* Whole file, at most max_bytes (FULL beyond), NUL-terminated into *out. where = path. INVAL: it is
 * a pipe or a device, for which nobody may have to wait. */
QUND_CHECK int qund_file_read(const char *path, size_t max_bytes, struct qund_buf *out,
                              struct qund_err *err);
/* The same of whatever can be read, and waits for it: what a person at a terminal names. */
QUND_CHECK int qund_pipe_read(const char *path, size_t max_bytes, struct qund_buf *out,
                              struct qund_err *err);
/* Writes to a temporary name beside it, fsyncs, renames, fsyncs the folder. */
QUND_CHECK int qund_file_replace(const char *path, struct qund_str bytes, unsigned mode,
                                 struct qund_err *err);
bool qund_fd_write(int fd, struct qund_str bytes); /* all of them; false: errno says why */
/* mkdir -p with mode for what is made. */
QUND_CHECK int qund_dir_make(const char *path, unsigned mode, struct qund_err *err);
QUND_CHECK int qund_dir_sync(const char *path, struct qund_err *err);
/* A new folder "NAME-XXXXXX" of this user's below $TMPDIR, else /tmp. Owned; NULL: *err says why.
 */
char *qund_dir_temp(const char *name, struct qund_err *err);
/* Bytes that may still be written where `path` (a file or folder, itself perhaps not there yet)
 * lies; < 0: not known. */
int64_t qund_disk_free(const char *path);
/* Hardly a page, or not one more name, has room there: what fails, fails of that. */
bool qund_disk_full(const char *path);
/* Removes a tree below path, path included; a missing one is fine. */
QUND_CHECK int qund_dir_remove(const char *path, struct qund_err *err);
/* Names in a folder that end in `suffix`, sorted; v and each name are the caller's. */
QUND_CHECK int qund_dir_list(const char *path, const char *suffix, char ***names, size_t *n,
                             struct qund_err *err);
/* "a/b": owned. */
char *qund_path_join(const char *a, const char *b);
/* Who holds such a lock: 0 nobody, > 0 a pid, < 0 somebody who has not written his yet. */
long qund_lock_holder(const char *path);
/* The single-instance lock: OFD write lock, close-on-exec, the holder's pid written inside. EXISTS
 * when held: *holder_pid says by whom (0 unknown). The fd is the lock; close releases it. */
QUND_CHECK int qund_lock_take(const char *path, int *out_fd, long *holder_pid,
                              struct qund_err *err);
/* Shipped files (rules, sample config, demo): $QUND_SHARE, else <dir of the program>/../share/qund,
 * else the install prefix. Owned; NULL when none exists. */
char *qund_share_dir(void);
uint64_t qund_hash64(const void *p, size_t n); /* FNV-1a, for tables in memory only */
/* SHA-256 as 64 hex digits + NUL. */
void qund_sha256_hex(const void *p, size_t n, char out[65]);
void qund_random(void *p, size_t n); /* getrandom(2) */
#endif
