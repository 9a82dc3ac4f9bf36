/* quiet.c - the hours of rest, when the outbox asks for them.
 *
 * What is made in them is dealt with where it is made (alert/push.c, say.c); this is for what was
 * made by day and would leave by night. Both ask the same clock, that of the group it is about. */
#include "engine/internal.h"

int qund_engine_quiet(void *arg, enum qund_out_rest rest, int64_t clock, int64_t now,
                      struct qund_out_quiet *out)
{
    struct qund_engine *e = arg;
    int rc = qund_engine_roster(e);

    if (rc < 0)
        return rc;
    out->until = qund_hours_until(&e->config->quiet.hours, qund_roster_zone(e->roster, clock), now);
    out->drop = (rest == QUND_REST_REMINDER && e->config->quiet.mode == QUND_QUIET_DROP) ||
                (rest == QUND_REST_REPLY && e->config->autos.quiet == QUND_QUIET_DROP);
    return 0;
}
