/* src/engine/idle.c - what the writer does when nobody waits for it: search index, retention, a
 * look ahead.
 * Slices of their own, so that an event that comes meanwhile waits for one of them at most. */
#include "engine/measure_parts.h"

#define SLICE_MS 100

static int close_slice(struct qund_engine *e, int rc)
{
    if (rc >= 0) {
        int done = qund_db_commit(e->db);

        if (done == 0)
            return rc;
        rc = done;
    }
    qund_db_rollback(e->db);
    return rc;
}

int qund_engine_index(struct qund_engine *e, int rows, int64_t *left)
{
    int rc;

    *left = 0;
    if (!e->search)
        return 0;
    rc = qund_search_behind(e->search, left);
    if (rc < 0 || *left == 0)
        return rc;
    rc = qund_db_begin_now(e->db);
    return rc < 0 ? rc : close_slice(e, qund_search_fill(e->search, rows, left));
}

int64_t qund_engine_unindexed(struct qund_engine *e)
{
    int64_t n = 0;

    if (e->search && qund_search_behind(e->search, &n) < 0)
        n = 0; /* the store is in trouble; the next batch will say so */
    return n;
}

static bool has_target(void *arg, struct qund_str target)
{
    const struct qund_engine *e = arg;

    return qund_config_target(e->config, target) != NULL;
}

int64_t qund_engine_ahead(struct qund_engine *e)
{
    int64_t due = INT64_MAX;
    int rc = e->outbox ? qund_outbox_leaving(e->db, has_target, e) : 0;

    if (rc == 0)
        rc = qund_timers_next_but(e->timers, QUND_STR(ENGINE_SWEEP), &due);
    return rc > 0 && due < INT64_MAX ? due : INT64_MAX;
}

/* Hours of a month that goes can no longer be counted again from their messages. */
static int freeze_hours(struct qund_db *db, int month, void *arg)
{
    (void)arg;
    return qund_measure_sql_freeze(db,
                                   qund_month_start(month % 100 == 12 ? month + 89 : month + 1));
}

int qund_engine_retain(struct qund_engine *e)
{
    struct qund_retention r = {.retention_ms = e->config->store.retention_ms,
                               .budget_ms = SLICE_MS,
                               .before_drop = freeze_hours};
    int rc = qund_db_begin_now(e->db);

    return rc < 0 ? rc : close_slice(e, qund_retention_step(e->db, &r, e->now));
}
