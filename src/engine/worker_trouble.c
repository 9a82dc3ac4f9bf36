/* src/engine/worker_trouble.c - the store cannot be written now.
 *
 * A full disk, a store that somebody else holds: nothing is lost by waiting. Events keep their
 * place (the stream holds them anyway), and the whole batch is tried again with growing waits. Who
 * asked for something is a person in front of a screen: after two seconds he is told. What nobody
 * waits for is kept like an event. */
#include "engine/worker_parts.h"
#include <stdio.h>

#define RETRY_FIRST_MS 20
#define RETRY_MAX_MS 1000
#define REFUSE_AFTER_MS 1800 /* commands of a store that cannot write: told so within 2 s */

void qund_worker_refuse(struct qund_command *c, const char *why)
{
    c->rc = qund_err_set(&c->err, QUND_E_AGAIN, "store", "%s", why);
    qund_command_finish(c);
}

bool qund_worker_refusing(const struct qund_worker *w)
{
    return w->failing_since_ms && qund_mono_now().ms - w->failing_since_ms >= REFUSE_AFTER_MS;
}

void qund_worker_keep_waiting(struct qund_worker *w)
{
    bool enough = qund_worker_refusing(w);
    size_t kept = 0;
    char why[96];

    snprintf(why, sizeof(why), "cannot write now (%s): free disk space or end what holds it",
             qund_rc_name(w->failing_rc));
    for (size_t i = 0; i < w->n; i++) {
        struct qund_item *it = &w->items[i];
        bool command = it->kind == QUND_ITEM_COMMAND && it->cmd;

        /* What nobody waits for (outcomes of pushes, credits, reloads) is not refused: a lost
         * outcome would leave its push `sending` for good. */
        if (command && enough && it->cmd->done)
            qund_worker_refuse(it->cmd, why);
        else if (command || it->kind == QUND_ITEM_EVENT)
            w->items[kept++] = *it;
    }
    w->n = kept;
}

void qund_worker_failed(struct qund_worker *w, int rc, int64_t began)
{
    qund_counter_add(w->failed, 1);
    w->failing_rc = rc;
    if (w->failing_since_ms == 0) {
        w->failing_since_ms = began;
        qund_log(w->deps.log, QUND_ERROR, "engine.cannot_commit", QUND_KV("rc", qund_rc_name(rc)),
                 QUND_KV("items", (int64_t)w->n));
    }
    w->retry_wait_ms = w->retry_wait_ms == 0                 ? RETRY_FIRST_MS
                       : 2 * w->retry_wait_ms < RETRY_MAX_MS ? 2 * w->retry_wait_ms
                                                             : RETRY_MAX_MS;
    if (qund_reserve_failed(&w->reserve, rc))
        w->retry_wait_ms = RETRY_FIRST_MS;
    w->retry_at_ms = qund_mono_now().ms + w->retry_wait_ms;
    qund_worker_keep_waiting(w);
}
