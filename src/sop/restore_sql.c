/* src/sop/restore_sql.c - plans in a store that was restored from a backup.
 *
 * What was due since the backup may have been said meanwhile. So no plan goes on by itself: each is
 * paused, its tasks are held as they come due, and a person who has looked resumes it. */
#include "sop/internal.h"
#include "store/backup.h"

const struct qund_restore_hook *qund_sop_restored(size_t *n)
{
    _Static_assert(QUND_PLAN_RUNNING == 0 && QUND_PLAN_PAUSED == 1, "stored numbers");
    static const struct qund_restore_hook HOOKS[] = {
        {"plans", "UPDATE plan SET state = 1, reason = 'restored' WHERE state = 0"},
    };

    *n = QUND_ARRAY_LEN(HOOKS);
    return HOOKS;
}
