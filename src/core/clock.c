/* clock.c - the only place that reads a clock.
 *
 * Two kinds of time exist. Monotonic time measures waits and is always real. Wall time dates things
 * and decides what is due; it comes from a qund_clock, which is real in the daemon and virtual in
 * the simulator, so that fourteen days of waiting play in seconds through the same engine.
 *
 * The real clock never runs back: NTP or a person may set the system clock back, and receipt times
 * must not decrease. It does not stand either, because waits of hours end by it (a ladder, a
 * retry): it goes on an eighth slower until the system has caught up. The virtual clock moves by
 * itself (speed times real time), jumps ahead when told, and stands while something is being sent:
 * the outside world does not run faster because we do. A jump asked for while it is held is
 * remembered and made at the release. */
#include "core/clock.h"
#include "core/mem.h"
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

struct qund_clock {
    /* constant after creation */
    bool is_virtual;
    double speed;
    /* real */
    _Atomic int64_t step_ms;
    pthread_mutex_t mtx;
    int64_t last_ms, last_us; /* under mtx: what it showed, and when (monotonic) */
    /* virtual, under mtx */
    int64_t base_ms;   /* what it showed at the anchor; 0: not started */
    int64_t anchor_us; /* monotonic */
    int64_t wish_ms;   /* reach asked for while held */
    int held;
};

int64_t qund_mono_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

struct qund_mono qund_mono_now(void)
{
    return (struct qund_mono){qund_mono_us() / 1000};
}

struct qund_wall qund_wall_system(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (struct qund_wall){(int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000};
}

static struct qund_clock *clock_new(void)
{
    struct qund_clock *c = qund_alloc(sizeof(*c));

    pthread_mutex_init(&c->mtx, NULL);
    return c;
}

struct qund_clock *qund_clock_real(void)
{
    return clock_new();
}

struct qund_clock *qund_clock_virtual(int64_t start_ms, double speed)
{
    struct qund_clock *c = clock_new();

    c->is_virtual = true;
    c->speed = speed;
    c->base_ms = start_ms;
    c->anchor_us = qund_mono_us();
    return c;
}

struct qund_clock *qund_clock_free(struct qund_clock *c)
{
    if (c) {
        pthread_mutex_destroy(&c->mtx);
        qund_free(c);
    }
    return NULL;
}

/* Under mtx. Moves base and anchor to the present, so that what changes next changes from here. */
static void settle(struct qund_clock *c)
{
    int64_t now_us = qund_mono_us(), whole_ms;

    if (c->base_ms == 0 || c->held > 0 || !(c->speed > 0)) {
        c->anchor_us = now_us;
        return;
    }
    /* The anchor moves by whole milliseconds only: many short readings must not lose fractions. */
    whole_ms = (int64_t)((double)(now_us - c->anchor_us) / 1000.0 * c->speed);
    c->base_ms += whole_ms;
    c->anchor_us += (int64_t)((double)whole_ms * 1000.0 / c->speed);
}

/* Under mtx. */
static int64_t real_now(struct qund_clock *c)
{
    int64_t now = qund_wall_system().ms + atomic_load(&c->step_ms);
    int64_t us = qund_mono_us(), slowly_ms = (us - c->last_us) / 1000 * 7 / 8;

    if (now >= c->last_ms) {
        c->last_ms = now;
        c->last_us = us;
    } else if (slowly_ms >= 100) { /* in steps, so that many readings lose no fractions */
        c->last_ms += slowly_ms;
        c->last_us = us;
    }
    return c->last_ms;
}

struct qund_wall qund_clock_now(struct qund_clock *c)
{
    struct qund_wall w;

    pthread_mutex_lock(&c->mtx);
    if (c->is_virtual) {
        settle(c);
        w.ms = c->base_ms;
    } else {
        w.ms = real_now(c);
    }
    pthread_mutex_unlock(&c->mtx);
    return w;
}

bool qund_clock_is_virtual(const struct qund_clock *c)
{
    return c->is_virtual;
}

bool qund_clock_jumps(const struct qund_clock *c)
{
    return c->is_virtual && !(c->speed > 0);
}

void qund_clock_reach(struct qund_clock *c, struct qund_wall t)
{
    pthread_mutex_lock(&c->mtx);
    if (!c->is_virtual) {
        if (t.ms > real_now(c)) {
            c->last_ms = t.ms;
            c->last_us = qund_mono_us();
        }
        pthread_mutex_unlock(&c->mtx);
        return;
    }
    settle(c);
    if (c->held > 0) {
        if (t.ms > c->wish_ms)
            c->wish_ms = t.ms;
    } else if (t.ms > c->base_ms) {
        c->base_ms = t.ms;
        c->anchor_us = qund_mono_us();
    }
    pthread_mutex_unlock(&c->mtx);
}

void qund_clock_hold(struct qund_clock *c, int delta)
{
    qund_assert(c->is_virtual);
    pthread_mutex_lock(&c->mtx);
    settle(c);
    c->held += delta;
    qund_assert(c->held >= 0);
    if (c->held == 0) {
        c->anchor_us = qund_mono_us();
        if (c->wish_ms > c->base_ms)
            c->base_ms = c->wish_ms;
        c->wish_ms = 0;
    }
    pthread_mutex_unlock(&c->mtx);
}

void qund_clock_step(struct qund_clock *c, int64_t delta_ms)
{
    atomic_fetch_add(&c->step_ms, delta_ms);
}
