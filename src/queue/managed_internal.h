/* src/queue/managed_internal.h - between managed.c (the child's life), aof.c (its
 * file) and managed_log.c (its log). */
#ifndef QUND_QUEUE_MANAGED_INTERNAL_H
#define QUND_QUEUE_MANAGED_INTERNAL_H
#include "queue/managed.h"

struct qund_aof_repair {
    bool was_valid;  /* nothing was done */
    int64_t cut;     /* bytes */
    bool emptied;    /* even the valid prefix could not be had: started anew */
    char aside[256]; /* where the copy lies */
};
/* Looks at the append-only file in dir with redis-check-aof (program beside redis-server); a broken
 * one is copied aside and cut to its valid prefix. Waits for the tool. Redis must not run. */
QUND_CHECK int qund_aof_mend(const char *dir, const char *program, struct qund_aof_repair *out,
                             struct qund_err *err);
/* The length of all its files, in bytes. */
int64_t qund_aof_bytes(const char *dir);
/* fdatasync of the files Redis appends to. */
QUND_CHECK int qund_aof_sync(const char *dir, struct qund_err *err);

/* Runs a program with its output to log_fd and `answer` on its standard input, at most max_ms;
 * *status as of waitpid. Main thread. */
QUND_CHECK int qund_child_run(char *const argv[], const char *dir, int log_fd, const char *answer,
                              int max_ms, int *status, struct qund_err *err);
/* In a child, before exec: dies with its parent, own session, clean signals, fds 0-2 set. */
void qund_child_settle(pid_t parent, int dir_fd, int in_fd, int out_fd);
/* Waits for the end of a child of ours; AGAIN when the time is up. */
QUND_CHECK int qund_child_wait(pid_t pid, int max_ms, int *status);
/* "<dir>/redis.log", opened for appending; -1 on failure. */
int qund_redis_log_open(const char *dir);
/* Cuts it when it is long. */
void qund_redis_log_bound(const char *dir, struct qund_log *log);
/* Its last line: the child's own words about its death. */
void qund_redis_last_words(const char *dir, char out[160]);
#endif
