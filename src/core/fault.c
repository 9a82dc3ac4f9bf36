/* fault.c - breaking the daemon on purpose, at a named place, at the n-th pass.
 *
 * What the pipeline promises is shown by killing it between every two stages. Compiled in the fault
 * preset only, where QUND_FAULT("pushed") becomes a call; hence also the one exception to "no state
 * at file scope": the harness speaks through the environment of the process, and so the passes are
 * counted for the process. Several points are separated by commas. */
#include "core/err.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define POINTS_MAX 8

enum action { CRASH, STALL, ERRNO };

struct point {
    char name[40];
    enum action action;
    int64_t value; /* ms or errno */
    int64_t at;    /* the pass that breaks */
    _Atomic int64_t passes;
};

static struct point points[POINTS_MAX];
static size_t n_points;
static pthread_once_t parsed = PTHREAD_ONCE_INIT;

/* name:crash, name:stall=MS or name:errno=N, each with an optional :PASS. */
static int parse_point(struct qund_str spec, struct point *out)
{
    struct qund_str name = qund_str_split(&spec, ':');
    struct qund_str action = qund_str_split(&spec, ':');
    struct qund_str verb = qund_str_split(&action, '=');

    if (name.n == 0 || name.n >= sizeof(out->name))
        return QUND_E_INVAL;
    memcpy(out->name, name.p, name.n);
    out->at = 1;
    if (spec.p && (qund_str_int(spec, &out->at) < 0 || out->at < 1))
        return QUND_E_INVAL;
    if (qund_str_is(verb, "crash") && !action.p) {
        out->action = CRASH;
        return QUND_OK;
    }
    out->action = qund_str_is(verb, "stall") ? STALL : ERRNO;
    if (out->action == ERRNO && !qund_str_is(verb, "errno"))
        return QUND_E_INVAL;
    return action.p ? qund_str_int(action, &out->value) : QUND_E_INVAL;
}

static void parse_env(void)
{
    struct qund_str all = qund_str(getenv("QUND_FAULT"));

    while (all.p && n_points < POINTS_MAX) {
        struct qund_str spec = qund_str_split(&all, ',');

        if (spec.n == 0)
            continue;
        if (parse_point(spec, &points[n_points]) < 0) {
            /* A fault test that breaks nothing would pass: stop loudly instead. */
            fprintf(stderr, "QUND_FAULT: '%.*s' is not name:crash|stall=MS|errno=N[:PASS]\n",
                    QUND_STR_ARG(spec));
            abort();
        }
        n_points++;
    }
}

static void stall(int64_t ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

int qund_fault_hit(const char *name)
{
    pthread_once(&parsed, parse_env);
    for (size_t i = 0; i < n_points; i++) {
        struct point *p = &points[i];

        if (strcmp(p->name, name) != 0 || atomic_fetch_add(&p->passes, 1) + 1 != p->at)
            continue;
        switch (p->action) {
        case CRASH:
            kill(getpid(), SIGKILL);
            pause();
            break;
        case STALL:
            stall(p->value);
            break;
        case ERRNO:
            return -(int)p->value;
        }
    }
    return 0;
}
