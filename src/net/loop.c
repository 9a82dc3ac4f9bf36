/* loop.c - the loop thread: one libuv loop that carries our sockets, timers and mailboxes, and
 * libwebsockets as a guest on it.
 *
 * libwebsockets (for WebSockets, both directions) runs on the loop as a "foreign" one. Its own poll
 * loop walks every descriptor at each turn; on libuv a connect costs the same with ten sockets and
 * with ten thousand. In Debian that is a plug-in in a package of its own, so its absence is an
 * error with that package's name and not a silent fall back.
 *
 * Two oddities are dealt with here. The library unloads its plug-in from code inside that plug-in
 * when the last handle closes, so the shared object is pinned first. And the context of a foreign
 * loop is only gone after the loop has run its close callbacks, so freeing runs the loop down.
 *
 * The loop ends by uv_stop from within a callback of its own (a flag alone leaves libuv asleep or
 * spinning); other threads ask for it through the one async handle. */
#include "net/loop.h"
#include "core/thread.h"
#include "net/internal.h"
#include <dlfcn.h>
#include <libwebsockets.h>
#include <stdatomic.h>
#include <string.h>

enum {
    HOOKS_MAX = 8,
    SIGNALS_MAX = 8,
    RUN_DOWN_TURNS = 1000,
    LWS_DESTROY_CALLS = 3,
    /* Upgrades are finished within one call, so few header tables are ever in use at once. */
    LWS_HEADER_POOL = 64,
    LWS_SERVICE_BUF = 64 << 10
};

struct hook {
    void (*cb)(void *arg);
    void *arg;
};

struct sig {
    uv_signal_t uv;
    void (*cb)(void *arg, int signo);
    void *arg;
};

struct qund_loop {
    uv_loop_t uv;
    uv_async_t async;
    uv_check_t check;
    struct lws_context *lws;
    struct qund_log *log;
    struct hook hooks[HOOKS_MAX];
    size_t n_hooks;
    struct sig signals[SIGNALS_MAX];
    size_t n_signals;
    _Atomic bool stopping;
};

struct qund_watch {
    uv_poll_t uv;
    void (*cb)(void *arg);
    void *arg;
};

struct qund_loop_timer {
    uv_timer_t uv;
    void (*cb)(void *arg);
    void *arg;
};

uv_loop_t *qund_loop_uv(struct qund_loop *l)
{
    return &l->uv;
}

struct lws_context *qund_loop_lws(struct qund_loop *l)
{
    return l->lws;
}

static void on_async(uv_async_t *a)
{
    struct qund_loop *l = QUND_CONTAINER(a, struct qund_loop, async);

    if (atomic_load(&l->stopping))
        uv_stop(&l->uv);
}

static void on_check(uv_check_t *c)
{
    struct qund_loop *l = QUND_CONTAINER(c, struct qund_loop, check);

    for (size_t i = 0; i < l->n_hooks; i++)
        l->hooks[i].cb(l->hooks[i].arg);
}

/* The plug-in must stay mapped until the process ends: see the essay. */
static bool pin_plugin(void)
{
    return dlopen("libwebsockets-evlib_uv.so", RTLD_NOW | RTLD_NODELETE) != NULL;
}

static int start_lws(struct qund_loop *l, struct qund_err *err)
{
    void *loops[1] = {&l->uv};
    struct lws_context_creation_info info;

    memset(&info, 0, sizeof(info));
    info.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_UV_NO_SIGSEGV_SIGFPE_SPIN |
                   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.foreign_loops = loops;
    info.pcontext = &l->lws; /* becomes NULL when the context is really gone */
    info.max_http_header_pool = LWS_HEADER_POOL;
    info.pt_serv_buf_size = LWS_SERVICE_BUF;
    /* Its log is one for the whole process and goes by parts of peers' bytes: kept silent, what
     * matters is logged by us. */
    lws_set_log_level(0, NULL);
    if (pin_plugin())
        l->lws = lws_create_context(&info);
    if (!l->lws)
        return qund_err_set(err, QUND_E_ABI, "libwebsockets",
                            "cannot run on libuv: install the package libwebsockets-evlib-uv of "
                            "the same version as libwebsockets (%s)",
                            lws_get_library_version());
    return QUND_OK;
}

int qund_loop_new(struct qund_log *log, struct qund_loop **out, struct qund_err *err)
{
    struct qund_loop *l = qund_alloc(sizeof(*l));
    int rc;

    l->log = log;
    rc = uv_loop_init(&l->uv);
    if (rc != 0) {
        qund_free(l);
        return qund_err_set(err, QUND_E_IO, "loop",
                            "cannot make an event loop: %s; raise the limit of open files "
                            "(ulimit -n)",
                            uv_strerror(rc));
    }
    qund_assert(uv_async_init(&l->uv, &l->async, on_async) == 0);
    qund_assert(uv_check_init(&l->uv, &l->check) == 0);
    qund_assert(uv_check_start(&l->check, on_check) == 0);
    rc = start_lws(l, err);
    if (rc < 0) {
        qund_loop_free(l);
        return rc;
    }
    *out = l;
    return QUND_OK;
}

static void run_down(struct qund_loop *l)
{
    for (unsigned i = 0; i < RUN_DOWN_TURNS && uv_loop_alive(&l->uv); i++)
        uv_run(&l->uv, UV_RUN_NOWAIT);
}

struct qund_loop *qund_loop_free(struct qund_loop *l)
{
    int busy;

    if (!l)
        return NULL;
    qund_assert(l->n_hooks == 0); /* the owner of a hook is still there */
    for (size_t i = 0; i < l->n_signals; i++)
        uv_close((uv_handle_t *)&l->signals[i].uv, NULL);
    uv_close((uv_handle_t *)&l->async, NULL);
    uv_close((uv_handle_t *)&l->check, NULL);
    /* Begun, the loop lets go of the sockets; asked again, it frees what is left. */
    for (unsigned i = 0; i < LWS_DESTROY_CALLS && l->lws; i++) {
        lws_context_destroy(l->lws);
        run_down(l);
    }
    run_down(l);
    busy = uv_loop_close(&l->uv);
    qund_assert(busy == 0); /* a watch or timer was not freed by its owner */
    qund_free(l);
    return NULL;
}

void qund_loop_run(struct qund_loop *l)
{
    qund_on(QUND_THREAD_LOOP);
    if (!atomic_load(&l->stopping))
        uv_run(&l->uv, UV_RUN_DEFAULT);
    atomic_store(&l->stopping, false);
}

void qund_loop_stop(struct qund_loop *l)
{
    atomic_store(&l->stopping, true);
    qund_loop_wake(l);
}

void qund_loop_wake(struct qund_loop *l)
{
    qund_ignore(uv_async_send(&l->async)); /* fails only on a closed handle */
}

static void on_readable(uv_poll_t *p, int status, int events)
{
    struct qund_watch *w = QUND_CONTAINER(p, struct qund_watch, uv);

    (void)events;
    if (status == 0)
        w->cb(w->arg);
}

int qund_loop_watch_fd(struct qund_loop *l, int fd, void (*cb)(void *arg), void *arg,
                       struct qund_watch **out, struct qund_err *err)
{
    struct qund_watch *w = qund_alloc(sizeof(*w));
    int n;

    qund_on(QUND_THREAD_LOOP);
    w->cb = cb;
    w->arg = arg;
    n = uv_poll_init(&l->uv, &w->uv, fd);
    if (n != 0) {
        qund_free(w);
        return qund_err_set(err, QUND_E_IO, "loop", "cannot watch descriptor %d: %s", fd,
                            uv_strerror(n));
    }
    qund_assert(uv_poll_start(&w->uv, UV_READABLE, on_readable) == 0);
    *out = w;
    return QUND_OK;
}

static void free_watch(uv_handle_t *h)
{
    qund_free(QUND_CONTAINER(h, struct qund_watch, uv));
}

struct qund_watch *qund_watch_free(struct qund_watch *w)
{
    if (w)
        uv_close((uv_handle_t *)&w->uv, free_watch);
    return NULL;
}

static void on_timer(uv_timer_t *t)
{
    struct qund_loop_timer *timer = QUND_CONTAINER(t, struct qund_loop_timer, uv);

    timer->cb(timer->arg);
}

struct qund_loop_timer *qund_loop_timer_new(struct qund_loop *l, void (*cb)(void *arg), void *arg)
{
    struct qund_loop_timer *t = qund_alloc(sizeof(*t));

    qund_on(QUND_THREAD_LOOP);
    t->cb = cb;
    t->arg = arg;
    qund_assert(uv_timer_init(&l->uv, &t->uv) == 0);
    return t;
}

void qund_loop_timer_start(struct qund_loop_timer *t, int64_t after_ms, int64_t every_ms)
{
    /* libuv counts from the time its turn began; a long turn would make the timer early. */
    uv_update_time(t->uv.loop);
    qund_assert(uv_timer_start(&t->uv, on_timer, after_ms > 0 ? (uint64_t)after_ms : 0,
                               every_ms > 0 ? (uint64_t)every_ms : 0) == 0);
}

void qund_loop_timer_stop(struct qund_loop_timer *t)
{
    qund_assert(uv_timer_stop(&t->uv) == 0);
}

static void free_timer(uv_handle_t *h)
{
    qund_free(QUND_CONTAINER(h, struct qund_loop_timer, uv));
}

struct qund_loop_timer *qund_loop_timer_free(struct qund_loop_timer *t)
{
    if (t)
        uv_close((uv_handle_t *)&t->uv, free_timer);
    return NULL;
}

int qund_loop_after_io(struct qund_loop *l, void (*cb)(void *arg), void *arg)
{
    qund_on(QUND_THREAD_LOOP);
    if (l->n_hooks == HOOKS_MAX)
        return QUND_E_FULL;
    l->hooks[l->n_hooks++] = (struct hook){cb, arg};
    return QUND_OK;
}

void qund_loop_after_io_end(struct qund_loop *l, void (*cb)(void *arg), void *arg)
{
    for (size_t i = 0; i < l->n_hooks; i++)
        if (l->hooks[i].cb == cb && l->hooks[i].arg == arg) {
            l->hooks[i] = l->hooks[--l->n_hooks];
            return;
        }
}

static void on_signal(uv_signal_t *u, int signo)
{
    struct sig *s = QUND_CONTAINER(u, struct sig, uv);

    s->cb(s->arg, signo);
}

int qund_loop_signal(struct qund_loop *l, int signo, void (*cb)(void *arg, int signo), void *arg,
                     struct qund_err *err)
{
    struct sig *s;
    int n;

    qund_on(QUND_THREAD_LOOP);
    if (l->n_signals == SIGNALS_MAX)
        return qund_err_set(err, QUND_E_FULL, "loop", "more than %d signals", (int)SIGNALS_MAX);
    s = &l->signals[l->n_signals];
    s->cb = cb;
    s->arg = arg;
    qund_assert(uv_signal_init(&l->uv, &s->uv) == 0);
    l->n_signals++;
    n = uv_signal_start(&s->uv, on_signal, signo);
    if (n != 0)
        return qund_err_set(err, QUND_E_IO, "loop", "cannot watch signal %d: %s", signo,
                            uv_strerror(n));
    return QUND_OK;
}
