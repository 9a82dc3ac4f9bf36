/* dial_look.c - a name's addresses, without waiting for them.
 *
 * The resolver of the C library can be neither polled nor interrupted, and a name server that is
 * silent holds it for half a minute. So each look-up is a thread of its own that nobody waits for:
 * it and the loop share one small object, and whoever leaves last frees it. A dial that is given
 * up, or a daemon that stops, leaves at once. */
#include "net/dial_parts.h"
#include "net/loop.h"
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct dial_look {
    _Atomic int sides; /* that are still there: the loop, the thread */
    char *host;
    int fd;            /* readable once it is over */
    _Atomic bool over; /* status and list are the loop's then */
    int status;
    struct addrinfo *list;
    /* the loop's */
    struct qund_watch *watch;
    void (*found)(void *arg, int status, struct addrinfo *list);
    void *arg;
};

static void leave(struct dial_look *k)
{
    if (atomic_fetch_sub(&k->sides, 1) > 1)
        return;
    if (k->list)
        freeaddrinfo(k->list);
    close(k->fd);
    qund_free(k->host);
    qund_free(k);
}

static void *look(void *arg)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct dial_look *k = arg;
    uint64_t one = 1;

    k->status = getaddrinfo(k->host, NULL, &hints, &k->list);
    atomic_store(&k->over, true);
    qund_ignore(write(k->fd, &one, sizeof(one)) < 0); /* an eventfd takes it */
    leave(k);
    return NULL;
}

static void on_over(void *arg)
{
    struct dial_look *k = arg;
    void (*found)(void *arg, int status, struct addrinfo *list) = k->found;
    struct addrinfo *list;
    void *whose = k->arg;
    int status;

    if (!atomic_load(&k->over))
        return;
    list = QUND_TAKE(k->list);
    status = k->status;
    qund_dial_look_drop(k);
    found(whose, status, list);
}

static bool start_thread(struct dial_look *k)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all, before;
    bool ok;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the main thread's */
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    ok = pthread_create(&thread, &attr, look, k) == 0;
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

struct dial_look *qund_dial_look(struct qund_loop *l, const char *host,
                                 void (*found)(void *arg, int status, struct addrinfo *list),
                                 void *arg)
{
    struct dial_look *k = qund_alloc(sizeof(*k));

    atomic_store(&k->sides, 2);
    k->host = qund_strdup(host);
    k->found = found;
    k->arg = arg;
    k->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (k->fd < 0 || qund_loop_watch_fd(l, k->fd, on_over, k, &k->watch, NULL) < 0 ||
        !start_thread(k)) {
        atomic_store(&k->sides, 1);
        return qund_dial_look_drop(k);
    }
    return k;
}

struct dial_look *qund_dial_look_drop(struct dial_look *k)
{
    if (k) {
        qund_watch_free(k->watch);
        leave(k);
    }
    return NULL;
}
