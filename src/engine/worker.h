/* src/engine/worker.h - the engine's thread in the daemon: stream, commands and time become items
 * (essay in worker.c). */
#ifndef QUND_ENGINE_WORKER_H
#define QUND_ENGINE_WORKER_H
#include "engine/engine.h"
#include <stdatomic.h>

struct qund_intake;
struct qund_worker;
struct qund_worker_deps {
    struct qund_engine *engine;   /* the worker's thread alone touches it from open to close */
    struct qund_queue_opts queue; /* the claiming connection's */
    struct qund_intake *intake;   /* floor, feedback */
    int wake_fd;                  /* the eventfd intake writes after each push */
    struct qund_clock *clock;
    int64_t max_batch;    /* entries of one transaction; 0: as many as the queue gives */
    int64_t index_behind; /* messages that may wait for the search index while events come; 0:
                             QUND_SEARCH_BEHIND_MAX */
    /* The reserve of the disk: given back when the store cannot grow, taken again after. NULL:
     * none.
     */
    const char *reserve;
    int64_t reserve_bytes;
    /* The store is malformed (db.h): from then on nothing is applied. NULL: nobody says so. */
    const atomic_bool *damaged;
    struct qund_log *log;
    struct qund_metrics *metrics;
    /* Takes pushes after the commit; the array is the worker's again when it returns. NULL when
     * nothing leaves. */
    void (*send)(void *arg, struct qund_out_items *items);
    void *send_arg;
};
/* Takes commands from here on; they wait for the start. */
QUND_CHECK int qund_worker_open(const struct qund_worker_deps *deps, struct qund_worker **out,
                                struct qund_err *err);
/* When everybody it calls is there. */
QUND_CHECK int qund_worker_start(struct qund_worker *w, struct qund_err *err);
/* From the next transaction on no push is handed out: who sends is about to leave. Any thread. */
void qund_worker_hold(struct qund_worker *w);
/* Applies what was submitted, then stops. The engine is the caller's again. */
struct qund_worker *qund_worker_close(struct qund_worker *w); /* returns NULL */
QUND_DEFINE_AUTO(qund_worker_close, struct qund_worker *)

/* Any thread. FULL: too many commands wait; DENIED: it has stopped; the command stays the caller's.
 */
QUND_CHECK int qund_worker_submit(struct qund_worker *w, struct qund_command *c);

/* The worker's own step: virtual time to the next thing that waits. True when it moved.
 * event_at_ms: monotonic, of the latest event (jump.c). */
bool qund_worker_jump(const struct qund_worker_deps *deps, int64_t event_at_ms);

struct qund_worker_state {
    bool claiming;            /* connected, the lease (if any) is ours */
    bool denied;              /* another instance holds the lease */
    uint64_t bodies_missing;  /* entries lost in the queue, see queue.h */
    bool recovered;           /* entries left pending by a predecessor are applied */
    int64_t floor_ms;         /* everything received before is applied; 0: not known yet */
    int trouble;              /* rc of the last transaction that failed, 0 when the last one held */
    int64_t trouble_since_ms; /* monotonic; 0 */
    bool reserve_out;         /* the disk had no room for the reserve, or had to be given it */
};
void qund_worker_state(struct qund_worker *w, struct qund_worker_state *out);
#endif
