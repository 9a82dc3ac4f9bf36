/* src/engine/worker_parts.h - the engine's thread, between worker.c and what it does when a
 * transaction fails. */
#ifndef QUND_ENGINE_WORKER_PARTS_H
#define QUND_ENGINE_WORKER_PARTS_H
#include "engine/index_pace.h"
#include "engine/reserve.h"
#include "engine/worker.h"
#include <stdatomic.h>

struct qund_worker {
    struct qund_worker_deps deps;
    struct qund_mbox *commands;
    struct qund_claim *claim;
    pthread_t thread;
    bool started;
    atomic_bool stop, hold;

    /* worker thread only */
    struct qund_item *items;
    size_t n, cap;
    struct qund_batch *batch; /* the one in items */
    struct qund_out_items send;
    int64_t retry_at_ms, retry_wait_ms, failing_since_ms;
    int failing_rc;
    struct qund_reserve reserve;
    struct qund_index_pace index;
    int64_t second_ms, in_second; /* events since the second began */
    bool brisk;                   /* the last whole second had so many */
    bool waiting;                 /* entries have come and are not asked for yet */
    int64_t fetch_at_ms;
    bool jumped; /* virtual time did in this turn: it may go on at once */
    int64_t retain_at_ms;
    int64_t stop_by_ms; /* 0: not told to stop */
    struct qund_histogram *apply;
    struct qund_counter *failed;

    pthread_mutex_t mtx;
    struct qund_worker_state state; /* under mtx */
};

/* --- worker_trouble.c --- */
/* AGAIN, and why. */
void qund_worker_refuse(struct qund_command *c, const char *why);
/* Nothing could be committed for so long that who asks is told so. */
bool qund_worker_refusing(const struct qund_worker *w);
/* What keeps its place until it can be committed stays in items. Time is taken anew then. */
void qund_worker_keep_waiting(struct qund_worker *w);
/* The batch keeps its place. `began`: when this try did; the asker waits since then. */
void qund_worker_failed(struct qund_worker *w, int rc, int64_t began);
#endif
