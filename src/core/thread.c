/* thread.c - threads that know their name.
 *
 * Each module belongs to one thread (docs/threads.md). The mark set here lets a function check that
 * it runs where it must; tests and tools carry no mark and may call anything. Signals are blocked
 * in every thread started here, so that they arrive at main's loop alone. */
#include "core/thread.h"
#include <errno.h>
#include <signal.h>

static _Thread_local enum qund_thread current = QUND_THREAD_NONE;

static const char *const NAMES[] = {"none",    "loop",  "intake", "engine",
                                    "deliver", "maint", "reader", "mail"};

const char *qund_thread_name(enum qund_thread t)
{
    return (size_t)t < QUND_ARRAY_LEN(NAMES) ? NAMES[t] : "?";
}

void qund_thread_is(enum qund_thread t)
{
    current = t;
}

bool qund_thread_ok(enum qund_thread t)
{
    return current == QUND_THREAD_NONE || current == t;
}

struct start {
    enum qund_thread kind;
    void (*run)(void *arg);
    void *arg;
};

static void *entry(void *p)
{
    struct start s = *(struct start *)p;
    char name[16] = "qund-"; /* 15 characters is what the kernel keeps */

    qund_free(p);
    strncat(name, qund_thread_name(s.kind), sizeof(name) - strlen(name) - 1);
    qund_ignore(pthread_setname_np(pthread_self(), name)); /* for ps and gdb only */
    qund_thread_is(s.kind);
    s.run(s.arg);
    return NULL;
}

int qund_thread_start(pthread_t *out, enum qund_thread kind, void (*run)(void *arg), void *arg,
                      struct qund_err *err)
{
    struct start *s = qund_alloc(sizeof(*s));
    sigset_t all, before;
    int e;

    *s = (struct start){kind, run, arg};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* inherited by the new thread from its start */
    e = pthread_create(out, NULL, entry, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (e != 0) {
        qund_free(s);
        return qund_err_set(err, QUND_E_NOMEM, qund_thread_name(kind),
                            "the thread cannot be started (%s); raise the limit of tasks",
                            strerror(e));
    }
    return QUND_OK;
}
