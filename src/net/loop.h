/* src/net/loop.h - the loop thread: libuv with libwebsockets on it (essay in loop.c). */
#ifndef QUND_NET_LOOP_H
#define QUND_NET_LOOP_H
#include "core/core.h"

struct qund_loop;
struct qund_watch;
struct qund_loop_timer;

/* ABI when libwebsockets cannot run on libuv (its plug-in package is missing). The log is borrowed
 * for the loop's life. */
QUND_CHECK int qund_loop_new(struct qund_log *log, struct qund_loop **out, struct qund_err *err);
/* Whatever was made on the loop must have been freed; what libuv still has to close is run down
 * here. NULL is fine; always returns NULL. */
struct qund_loop *qund_loop_free(struct qund_loop *l);
QUND_DEFINE_AUTO(qund_loop_free, struct qund_loop *)

/* Runs until qund_loop_stop; may be run again after it. */
void qund_loop_run(struct qund_loop *l);
/* Any thread. A stop before the run makes the next run return at once. */
void qund_loop_stop(struct qund_loop *l);
/* Any thread: the loop makes one more turn. */
void qund_loop_wake(struct qund_loop *l);

/* All below: loop thread only. cb runs whenever fd is readable (an mbox's eventfd); the fd stays
 * the caller's and must outlive the watch. */
QUND_CHECK int qund_loop_watch_fd(struct qund_loop *l, int fd, void (*cb)(void *arg), void *arg,
                                  struct qund_watch **out, struct qund_err *err);
struct qund_watch *qund_watch_free(struct qund_watch *w); /* NULL is fine; returns NULL */

/* A timer that is not started; real (monotonic) time. every_ms 0: once. */
struct qund_loop_timer *qund_loop_timer_new(struct qund_loop *l, void (*cb)(void *arg), void *arg);
void qund_loop_timer_start(struct qund_loop_timer *t, int64_t after_ms, int64_t every_ms);
void qund_loop_timer_stop(struct qund_loop_timer *t); /* not running: nothing */
struct qund_loop_timer *
qund_loop_timer_free(struct qund_loop_timer *t); /* NULL is fine; returns NULL */

/* cb runs in each turn after all sockets that were ready have been read: the place where what one
 * turn gathered is handed on as one piece. At most 8 hooks; FULL beyond. */
QUND_CHECK int qund_loop_after_io(struct qund_loop *l, void (*cb)(void *arg), void *arg);
/* No longer: not from within a hook. */
void qund_loop_after_io_end(struct qund_loop *l, void (*cb)(void *arg), void *arg);

/* cb runs on the loop thread, not in the signal handler. Several loops of one process may watch the
 * same signal: each is told. At most 8 per loop. */
QUND_CHECK int qund_loop_signal(struct qund_loop *l, int signo, void (*cb)(void *arg, int signo),
                                void *arg, struct qund_err *err);
#endif
