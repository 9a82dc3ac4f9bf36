/* src/queue/managed.h - our own redis-server child, in <data>/redis (essay in managed.c).
 * All calls on the main thread but qund_redis_sync_aof and qund_redis_tidy, which maint makes. The
 * data lock is held by the caller already. */
#ifndef QUND_QUEUE_MANAGED_H
#define QUND_QUEUE_MANAGED_H
#include "queue/queue.h"
#include <sys/types.h>

struct qund_redis;
struct qund_redis_opts {
    const char *dir;     /* "<data>/redis", made when missing */
    const char *program; /* NULL: "redis-server" from PATH */
    bool durable;        /* disk: appendfsync always; else os: no */
    int64_t maxmemory;   /* bytes; 0: 256 MiB */
    int start_ms;        /* until it must answer; 0: 30000 */
    struct qund_log *log;
    struct qund_metrics *metrics; /* NULL is fine */
};

/* Waits for a predecessor to leave (≤ 5 s, then tells it to) and starts; the child reads its file
 * while the caller does something else. */
QUND_CHECK int qund_redis_launch(const struct qund_redis_opts *o, struct qund_redis **out,
                                 struct qund_err *err);
/* Waits until it answers. An append-only file it refuses is set aside, repaired to its valid
 * prefix, and reported. */
QUND_CHECK int qund_redis_ready(struct qund_redis *r, struct qund_err *err);
/* Both in one. */
QUND_CHECK int qund_redis_start(const struct qund_redis_opts *o, struct qund_redis **out,
                                struct qund_err *err);
/* A long file is rewritten first (≤ 1 s), for the next start. SHUTDOWN, then (≤ 5 s) by its pid.
 * NULL is fine; returns NULL. */
struct qund_redis *qund_redis_stop(struct qund_redis *r);
QUND_DEFINE_AUTO(qund_redis_stop, struct qund_redis *)
/* Sets addr->unix_path. */
void qund_redis_addr(const struct qund_redis *r, struct qund_queue_addr *addr);
/* Supervision: never waits (but for a repair). Call about ten times a second. */
void qund_redis_poll(struct qund_redis *r);

struct qund_redis_state {
    pid_t pid;              /* 0: between two lives */
    unsigned restarts;      /* since qund_redis_start */
    unsigned repairs;       /* append-only files mended, in start and later */
    int64_t repaired_bytes; /* cut off by them: unknown what was in it */
    char aside[256];        /* where the copy of the last refused file lies; "" none */
    char why[160];          /* last reason of death, "" none */
};
void qund_redis_state(const struct qund_redis *r, struct qund_redis_state *out);
/* A file of more than a megabyte that hardly grows any more is rewritten, for the next start. Maint
 * thread, once a second. */
void qund_redis_tidy(struct qund_redis *r);
/* Durability `os`: what Redis wrote reaches the disk. Maint thread, once a second. */
QUND_CHECK int qund_redis_sync_aof(struct qund_redis *r, struct qund_err *err);
#endif
