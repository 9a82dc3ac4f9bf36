/* rest.c - nobody is woken by what could have come yesterday.
 *
 * When a push is made its hour is looked at: in the hours of rest it waits from the start
 * (qund_out_new.not_before). But a receiver that was away, a rate, or a retry may bring its turn
 * hours later. So the question is asked again, at the one place from which rows leave: a row that
 * may rest and would leave now goes to `retry_at` until the hours are over, with its tries and its
 * id as they were. What rests does not age (its deadline moves along), but for what is only good
 * at its hour: that runs into its deadline. Where the configuration drops what comes at night, it
 * ends there.
 *
 * A page of rows may rest as a whole; then the next one is looked at, as something urgent or asked
 * for may stand behind it. A night's backlog is laid to rest in turns of a bounded size. */
#include "outbox/internal.h"

#define RESTED_MAX 2000 /* in one transaction */

static int lay(struct qund_outbox *ob, const struct qund_out_item *it,
               const struct qund_out_quiet *quiet, int64_t now)
{
    if (quiet->drop)
        return qund_outbox_move(ob, it->id, QUND_OUT_EV_EXPIRE, now, QUND_STR("quiet hours"), NULL);
    return qund_out_sql_rest(ob->db, ob->timers, it->id, quiet->until,
                             it->rest == QUND_REST_TIMELY ? 0 : quiet->until - now, now);
}

/* Those of `rows` that may leave stay there, in their order. */
static int sift(struct qund_outbox *ob, struct qund_out_items *rows, int64_t now, size_t *rested)
{
    size_t kept = 0;
    int rc = 0;

    for (size_t i = 0; i < rows->n; i++) {
        struct qund_out_quiet quiet = {.until = now};
        struct qund_out_item it = rows->v[i];

        if (rc == 0 && it.rest != QUND_REST_NEVER && ob->quiet)
            rc = ob->quiet(ob->quiet_arg, it.rest, it.clock, now, &quiet);
        if (rc == 0 && quiet.until > now) {
            rc = lay(ob, &it, &quiet, now);
            (*rested)++;
        }
        /* Kept ones to the front, the others behind them, where they are freed. */
        if (quiet.until <= now) {
            rows->v[i] = rows->v[kept];
            rows->v[kept++] = it;
        }
    }
    qund_out_items_cut(rows, kept);
    return rc;
}

int qund_out_fetch(struct qund_outbox *ob, struct qund_out_target *t, int limit, int64_t now,
                   struct qund_out_items *rows, bool *more)
{
    size_t rested = 0;
    int rc;

    do {
        rc = qund_out_sql_queued(ob->db, qund_str(t->name), t->habits.cards, limit, rows);
        *more = rows->n == (size_t)limit;
        if (rc == 0)
            rc = sift(ob, rows, now, &rested);
    } while (rc == 0 && *more && rows->n == 0 && rested < RESTED_MAX);
    if (rc < 0 || !*more || rested == 0)
        return rc;
    /* There may be credit left for what stands behind them: the next turn is the very next. */
    return qund_timers_set(ob->timers, &(struct qund_timer){.class = QUND_TIMER_AT,
                                                            .due = now + 1,
                                                            .kind = QUND_STR("outbox.pace"),
                                                            .key = qund_str(t->name)});
}
