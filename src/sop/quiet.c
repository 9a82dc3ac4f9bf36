/* quiet.c - when a post may go out that is wanted at some instant.
 *
 * Two things move a post, in this order, and only ever to later:
 *
 *   quiet hours   22:00-08:00 on the group's wall. A post that falls into them comes when they end;
 *                 one that would make no sense then ("good night") is marked quiet_drop and is not
 *                 said at all.
 *   days off      for steps with work_days. The post keeps its time of the day and moves to the
 *                 next day that is worked: "Saturday half past twelve" becomes Monday half past
 *                 twelve, not Monday 00:00, because whoever chose lunch time chose it for a reason.
 *                 A make-up Sunday is worked, a holiday on a Tuesday is not.
 *
 * The order matters: Friday 23:00 first becomes Saturday 08:00, which is off, and so Monday 08:00.
 * The other way round Saturday 23:00 would be Monday 23:00, and then Tuesday.
 *
 * A time of the day that was allowed on one day is allowed on another, but for days on which the
 * clocks change: so what a day off moved is held against the quiet hours once more, and a day that
 * has no such time (it was skipped) is passed over. Safety steps are never moved: whoever is told
 * of a recall at night is glad to be woken. */
#include "sop/when.h"
#include "sop/when_parts.h"

/* No calendar has so many days off in a row; one that does is a mistake in a file, and must not
 * carry a post into the next year. */
enum { REACH_DAYS = 60 };

const char *qund_sop_moved_name(enum qund_sop_moved m)
{
    static const char *const NAMES[] = {[QUND_SOP_MOVED_NOT] = "not",
                                        [QUND_SOP_MOVED_QUIET] = "quiet",
                                        [QUND_SOP_MOVED_DAY_OFF] = "day_off",
                                        [QUND_SOP_DROPPED_QUIET] = "dropped"};

    return (size_t)m < QUND_ARRAY_LEN(NAMES) ? NAMES[m] : "?";
}

static int64_t behind_quiet(const struct qund_sop_clock *c, int64_t at)
{
    return qund_hours_until(&c->quiet, c->zone, at);
}

/* The same time of the day on the next working day. false: none in reach, *at stays. */
static bool to_work_day(const struct qund_sop_clock *c, int64_t *at)
{
    struct qund_civil w;
    int64_t day = qund_sop_day(c->zone, *at, &w);

    for (int i = 1; i <= REACH_DAYS; i++) {
        int64_t t = qund_sop_at_clock(c->zone, day + i, &w);

        if (qund_sop_day(c->zone, t, NULL) != day + i)
            continue;
        t = behind_quiet(c, t);
        if (qund_sop_work_day(c, t)) {
            *at = t;
            return true;
        }
    }
    return false;
}

enum qund_sop_moved qund_sop_allowed(const struct qund_sop_clock *c, const struct qund_sop_step *s,
                                     int64_t *at)
{
    enum qund_sop_moved moved = QUND_SOP_MOVED_NOT;
    int64_t t;

    if (s->kind == QUND_SOP_SAFETY)
        return moved;
    t = behind_quiet(c, *at);
    if (t > *at && s->quiet_drop)
        return QUND_SOP_DROPPED_QUIET;
    if (t > *at)
        moved = QUND_SOP_MOVED_QUIET;
    if (s->work_days && !qund_sop_work_day(c, t) && to_work_day(c, &t))
        moved = QUND_SOP_MOVED_DAY_OFF;
    *at = t;
    return moved;
}
