/* src/engine/jump.c - virtual time that does not run by itself goes where something waits.
 *
 * `serve --virtual max` stands at the latest event. What follows from silence (an overdue question,
 * the next rung of a ladder, a retry) would never come, so the clock jumps to it; not at once,
 * though: the next event may be on its way, and after a jump it would be a late one. A moment of
 * real quiet stands for "no more for now". While a push is leaving the clock stands: the outside
 * world does not answer faster because nobody speaks here. */
#include "engine/worker.h"
#include "intake/intake.h"

#define QUIET_MS 1000

bool qund_worker_jump(const struct qund_worker_deps *deps, int64_t event_at_ms)
{
    struct qund_intake_state in;
    int64_t to;

    if (!qund_clock_jumps(deps->clock) || qund_mono_now().ms - event_at_ms < QUIET_MS)
        return false;
    qund_intake_state(deps->intake, &in);
    if (in.waiting > 0 || in.held_events > 0 || in.spool_events > 0)
        return false;
    to = qund_engine_ahead(deps->engine);
    if (to == INT64_MAX || to <= qund_clock_now(deps->clock).ms)
        return false;
    qund_clock_reach(deps->clock, (struct qund_wall){to});
    return true;
}
