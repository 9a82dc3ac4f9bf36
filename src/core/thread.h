/* src/core/thread.h - threads with names and the mailboxes in which alone they meet. */
#ifndef QUND_CORE_THREAD_H
#define QUND_CORE_THREAD_H
#include "core/err.h"
#include <pthread.h>

enum qund_thread {
    QUND_THREAD_NONE, /* tests, tools: every qund_on passes */
    QUND_THREAD_LOOP,
    QUND_THREAD_INTAKE,
    QUND_THREAD_ENGINE,
    QUND_THREAD_DELIVER,
    QUND_THREAD_MAINT,
    QUND_THREAD_READER,
    QUND_THREAD_MAIL
};
const char *qund_thread_name(enum qund_thread t);
/* Marks the calling thread; qund_on aborts when a bound function runs on another thread. */
void qund_thread_is(enum qund_thread t);
#define qund_on(t) qund_assert(qund_thread_ok(t))
bool qund_thread_ok(enum qund_thread t);
/* Signals are blocked in every thread started here; main handles them. */
QUND_CHECK int qund_thread_start(pthread_t *out, enum qund_thread kind, void (*run)(void *arg),
                                 void *arg, struct qund_err *err);

/* Intrusive node: embed it, get the object back with QUND_CONTAINER. */
struct qund_node {
    struct qund_node *next;
};

/* Many producers, one consumer; bounded; the message carries its ownership. Its descriptor becomes
 * readable when something is put (eventfd), so the consumer can wait in poll or an event loop. */
struct qund_mbox;
struct qund_mbox *qund_mbox_new(size_t cap);
struct qund_mbox *qund_mbox_free(struct qund_mbox *m); /* must be empty; returns NULL */
QUND_DEFINE_AUTO(qund_mbox_free, struct qund_mbox *)
/* FULL when cap messages wait: the node stays the caller's. Never blocks. DENIED once closed. */
QUND_CHECK int qund_mbox_put(struct qund_mbox *m, struct qund_node *node);
/* For answers that must arrive: ignores the bound. */
void qund_mbox_put_always(struct qund_mbox *m, struct qund_node *node);
/* All waiting messages in order of arrival, NULL when none; drains the descriptor first. */
struct qund_node *qund_mbox_take_all(struct qund_mbox *m);
/* Waits until something is there or timeout_ms passed (-1: for ever); true when something is. */
bool qund_mbox_wait(struct qund_mbox *m, int timeout_ms);
/* Makes the descriptor readable without a message (e.g. to stop). */
void qund_mbox_wake(struct qund_mbox *m);
void qund_mbox_close(struct qund_mbox *m);
int qund_mbox_fd(const struct qund_mbox *m);
size_t qund_mbox_len(const struct qund_mbox *m);
#endif
