/* src/engine/step.c - one timer, event or command with a savepoint around it.
 *
 * Rows go back by themselves; what memory knows of them does not. So before the savepoint all that
 * was held back is written, and everything that is not a row (lines for the feed, what is counted,
 * a rule set that waits for the commit) is noted where it stood. */
#include "engine/internal.h"

static const char SAVE[] = "item";

/* What was held back until the batch is whole goes into rows. */
int qund_batch_settle(struct qund_engine *e)
{
    int rc = qund_crm_flush(e->crm);

    if (rc == 0)
        rc = qund_measure_flush(e->measure);
    if (rc == 0)
        rc = qund_rule_state_settle(e->state);
    return rc;
}

int qund_step_bury(struct qund_engine *e, const struct step *s, int rc, const char *reason)
{
    e->tally.dead++;
    e->buried = true;
    /* Buried, it is due no longer: else it would be the next one again, for ever. */
    if (s->timer) {
        int gone = qund_timers_cancel(e->timers, s->timer->kind, s->timer->key);

        if (gone < 0 && gone != QUND_E_NOTFOUND)
            return gone;
    }
    qund_log(e->deps.log, QUND_ERROR, "engine.dead", QUND_KV("kind", s->kind),
             QUND_KV("key", s->key), QUND_KV("reason", reason ? reason : qund_rc_name(rc)));
    return qund_dead_add(e->db,
                         &(struct qund_dead){.kind = qund_str(s->kind),
                                             .key = s->key,
                                             .stage = QUND_STR("engine"),
                                             .reason = qund_str(reason ? reason : qund_rc_name(rc)),
                                             .body = s->body,
                                             .at = e->now},
                         NULL);
}

/* Everything before it is in rows, then its savepoint. */
int qund_step_save(struct qund_engine *e, struct step_mark *m)
{
    int rc = qund_batch_settle(e);

    *m = (struct step_mark){.feed = e->feed.n, .tally = e->tally};
    if (rc == 0 && e->outbox)
        rc = qund_outbox_settle(e->outbox);
    if (rc == 0)
        rc = qund_month_next_seq(e->months, &m->seq);
    if (rc == 0)
        rc = qund_db_save(e->db, SAVE);
    if (rc < 0)
        return rc;
    qund_crm_item_begin(e->crm);
    if (e->next_rules)
        m->next_rules = qund_rules_ref(e->next_rules);
    return 0;
}

int qund_step_keep(struct qund_engine *e, struct step_mark *m)
{
    m->next_rules = qund_rules_unref(m->next_rules);
    return qund_db_release(e->db, SAVE);
}

/* Rows as at its savepoint, and what memory knows of it forgotten. */
int qund_step_undo(struct qund_engine *e, struct step_mark *m)
{
    int rc;

    qund_crm_item_undo(e->crm);
    qund_measure_forget(e->measure);
    qund_talk_forget(e->talk);
    qund_accounts_forget(e->accounts);
    e->early = -1;
    qund_rule_state_forget(e->state, m->seq);
    if (e->outbox)
        qund_outbox_step_undo(e->outbox);
    e->feed.n = m->feed;
    e->tally = m->tally;
    qund_rules_unref(e->next_rules);
    e->next_rules = QUND_TAKE(m->next_rules);
    rc = qund_db_rollback_to(e->db, SAVE);
    return rc < 0 ? rc : qund_db_release(e->db, SAVE);
}

/* With a savepoint around it: a permanent failure buries the step and goes on. */
int qund_step_guarded(struct qund_engine *e, const struct step *s)
{
    struct step_mark m;
    int why, rc = qund_step_save(e, &m);

    if (rc < 0)
        return rc;
    why = s->run(e, s->arg);
    if (why == 0)
        return qund_step_keep(e, &m);
    if (qund_rc_retryable(why)) {
        qund_rules_unref(m.next_rules);
        return why;
    }
    if (qund_step_undo(e, &m) < 0)
        return QUND_E_IO;
    return qund_step_bury(e, s, why, NULL);
}
