/* src/engine/reserve.c - when the disk is full, the last transactions and a clean stop find the
 * room that was kept for them. It is taken again only when as much would still be free: else it
 * would itself be what fills the disk, and come and go. */
#include "engine/reserve.h"
#include "core/clock.h"
#include "store/maint.h"

#define HEALED_MS 2000 /* after this long without a failure */

bool qund_reserve_failed(struct qund_reserve *r, int rc)
{
    if ((rc != QUND_E_FULL && rc != QUND_E_IO) || !r->path)
        return false;
    r->given = true; /* or it was never there: from now on it is looked for */
    if (!qund_reserve_give(r->path))
        return false;
    qund_log(r->log, QUND_ERROR, "store.reserve_given", QUND_KV("rc", qund_rc_name(rc)),
             QUND_KV("do", "free disk space; the reserve is taken again by itself"));
    return true;
}

void qund_reserve_quiet(struct qund_reserve *r)
{
    struct qund_err err;

    if (!r->given || qund_mono_now().ms - r->healed_ms < HEALED_MS ||
        !qund_reserve_fits(r->path, r->bytes))
        return;
    r->healed_ms = qund_mono_now().ms; /* when it fails: not at once again */
    if (qund_reserve_make(r->path, r->bytes, &err) < 0)
        return;
    r->given = false;
    qund_log(r->log, QUND_INFO, "store.reserve_taken");
}
