/* src/core/clock.h - wall and monotonic time, two types; the virtual clock behind the same calls.
 * Every reading in the program goes through here; I/O time limits, buckets and breakers use mono,
 * which is always real. */
#ifndef QUND_CORE_CLOCK_H
#define QUND_CORE_CLOCK_H
#include "core/base.h"

struct qund_wall {
    int64_t ms; /* UTC milliseconds since 1970-01-01 */
};
struct qund_mono {
    int64_t ms;
};
struct qund_mono qund_mono_now(void);
int64_t qund_mono_us(void);
/* What the system's wall clock shows, steps included: log lines and signed requests only. */
struct qund_wall qund_wall_system(void);

struct qund_clock; /* thread-safe */
struct qund_clock *qund_clock_real(void);
/* Virtual: stands at `start_ms` (0: not started) and runs `speed` times as fast as real time
 * (0: does not run by itself). It jumps by qund_clock_reach and never goes back. */
struct qund_clock *qund_clock_virtual(int64_t start_ms, double speed);
struct qund_clock *qund_clock_free(struct qund_clock *c); /* returns NULL */
QUND_DEFINE_AUTO(qund_clock_free, struct qund_clock *)
/* Never decreases, also when the system clock is set back (it then goes on, an eighth slower). */
struct qund_wall qund_clock_now(struct qund_clock *c);
bool qund_clock_is_virtual(const struct qund_clock *c);
/* Virtual, and it does not run by itself: it is now what somebody reached. */
bool qund_clock_jumps(const struct qund_clock *c);
/* Now becomes at least t. Virtual: while the clock is held, once it is released. Real: at start,
 * for what was written by a clock that was ahead. */
void qund_clock_reach(struct qund_clock *c, struct qund_wall t);
/* Virtual only: while held (> 0) the clock stands still; for items that are being sent. */
void qund_clock_hold(struct qund_clock *c, int delta);
/* Tests: adds to what the real clock reads (clock steps). */
void qund_clock_step(struct qund_clock *c, int64_t delta_ms);
#endif
