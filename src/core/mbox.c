/* mbox.c - where threads meet.
 *
 * Many put, one takes. The list is intrusive and the taker detaches all of it at once, so the lock
 * is held for a few instructions and never during work. The event descriptor is written only when
 * it is not readable yet: at 10,000 messages a second most find the consumer already called, and a
 * system call each would cost more than the message. `signalled` says so; it changes under the lock
 * together with the descriptor, else a descriptor could stay readable with nobody to drain it and
 * the consumer's poll would spin. */
#include "core/clock.h"
#include "core/thread.h"
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct qund_mbox {
    size_t cap; /* constant */
    int fd;     /* constant */
    pthread_mutex_t mtx;
    /* under mtx */
    struct qund_node *head, **tail;
    _Atomic size_t n; /* read without it by qund_mbox_len */
    bool signalled, closed;
};

struct qund_mbox *qund_mbox_new(size_t cap)
{
    struct qund_mbox *m = qund_alloc(sizeof(*m));

    m->cap = cap;
    m->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    qund_assert(m->fd >= 0);
    m->tail = &m->head;
    pthread_mutex_init(&m->mtx, NULL);
    return m;
}

struct qund_mbox *qund_mbox_free(struct qund_mbox *m)
{
    if (m) {
        qund_assert(m->head == NULL);
        close(m->fd);
        pthread_mutex_destroy(&m->mtx);
        qund_free(m);
    }
    return NULL;
}

/* Under mtx. */
static void signal_once(struct qund_mbox *m)
{
    uint64_t one = 1;
    ssize_t n;

    if (m->signalled)
        return;
    m->signalled = true;
    do
        n = write(m->fd, &one, sizeof(one));
    while (n < 0 && errno == EINTR);
}

/* Under mtx. */
static void append(struct qund_mbox *m, struct qund_node *node)
{
    node->next = NULL;
    *m->tail = node;
    m->tail = &node->next;
    m->n++;
    signal_once(m);
}

int qund_mbox_put(struct qund_mbox *m, struct qund_node *node)
{
    int rc = QUND_OK;

    pthread_mutex_lock(&m->mtx);
    if (m->closed)
        rc = QUND_E_DENIED;
    else if (m->n >= m->cap)
        rc = QUND_E_FULL;
    else
        append(m, node);
    pthread_mutex_unlock(&m->mtx);
    return rc;
}

void qund_mbox_put_always(struct qund_mbox *m, struct qund_node *node)
{
    pthread_mutex_lock(&m->mtx);
    append(m, node);
    pthread_mutex_unlock(&m->mtx);
}

struct qund_node *qund_mbox_take_all(struct qund_mbox *m)
{
    struct qund_node *all;
    uint64_t count;
    ssize_t n;

    pthread_mutex_lock(&m->mtx);
    if (m->signalled) {
        do
            n = read(m->fd, &count, sizeof(count));
        while (n < 0 && errno == EINTR);
        m->signalled = false;
    }
    all = m->head;
    m->head = NULL;
    m->tail = &m->head;
    m->n = 0;
    pthread_mutex_unlock(&m->mtx);
    return all;
}

bool qund_mbox_wait(struct qund_mbox *m, int timeout_ms)
{
    struct pollfd p = {.fd = m->fd, .events = POLLIN};
    int64_t until_ms = qund_mono_now().ms + timeout_ms;

    for (;;) {
        int n = poll(&p, 1, timeout_ms);

        if (n > 0)
            return true;
        if (n == 0)
            return false;
        qund_assert(errno == EINTR || errno == ENOMEM);
        if (timeout_ms >= 0) {
            int64_t left = until_ms - qund_mono_now().ms;

            timeout_ms = left > 0 ? (int)left : 0;
        }
    }
}

void qund_mbox_wake(struct qund_mbox *m)
{
    pthread_mutex_lock(&m->mtx);
    signal_once(m);
    pthread_mutex_unlock(&m->mtx);
}

void qund_mbox_close(struct qund_mbox *m)
{
    pthread_mutex_lock(&m->mtx);
    m->closed = true;
    signal_once(m); /* the consumer shall see that nothing more comes */
    pthread_mutex_unlock(&m->mtx);
}

int qund_mbox_fd(const struct qund_mbox *m)
{
    return m->fd;
}

size_t qund_mbox_len(const struct qund_mbox *m)
{
    return atomic_load_explicit(&m->n, memory_order_relaxed);
}
