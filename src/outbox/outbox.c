/* src/outbox/outbox.c - credits, and how a row leaves and comes back.
 *
 * A push is created in the same transaction as what caused it. If its target has credit at that
 * moment the row is written `sending` in that transaction too, so that it leaves after one commit.
 * Deliver never asks for work: it grants credit when bucket and breaker allow, and what has no
 * credit waits in the table, urgent first.
 *
 * Credits are not rows: after a restart deliver grants anew and starts with an empty bucket. Within
 * a transaction spent credits are remembered, so that a rollback gives them back.
 *
 * `maybe` says whether a target may have queued rows. It is a hint that saves a query per target
 * and batch; a rollback or a start makes it true again, and the query decides. */
#include "outbox/outbox.h"
#include "outbox/internal.h"

struct qund_outbox *qund_outbox_new(struct qund_db *db, struct qund_timers *timers)
{
    struct qund_outbox *ob = qund_alloc(sizeof(*ob));

    ob->db = db;
    ob->timers = timers;
    return ob;
}

void qund_outbox_quiet(struct qund_outbox *ob, qund_out_quiet_fn *ask, void *arg)
{
    ob->quiet = ask;
    ob->quiet_arg = arg;
}

struct qund_db *qund_outbox_db(struct qund_outbox *ob)
{
    return ob->db;
}

struct qund_outbox *qund_outbox_free(struct qund_outbox *ob)
{
    if (!ob)
        return NULL;
    for (size_t i = 0; i < ob->n; i++)
        qund_free(ob->v[i].name);
    qund_free(ob->fresh);
    qund_free(ob);
    return NULL;
}

static struct qund_out_target *target_get(struct qund_outbox *ob, struct qund_str name)
{
    for (size_t i = 0; i < ob->n; i++)
        if (qund_str_is(name, ob->v[i].name))
            return &ob->v[i];
    if (ob->n == QUND_OUT_TARGETS_MAX)
        return NULL;
    ob->v[ob->n] = (struct qund_out_target){.name = qund_str_dup(name), .maybe = true};
    return &ob->v[ob->n++];
}

static void fresh_add(struct qund_outbox *ob, int64_t id, int64_t deadline)
{
    if (ob->n_fresh == 0 || deadline < ob->fresh_due)
        ob->fresh_due = deadline;
    if (ob->n_fresh == ob->cap_fresh) {
        ob->cap_fresh = ob->cap_fresh ? 2 * ob->cap_fresh : 64;
        ob->fresh = qund_realloc(ob->fresh, ob->cap_fresh * sizeof(*ob->fresh));
    }
    ob->fresh[ob->n_fresh++] = id;
}

int qund_outbox_add(struct qund_outbox *ob, const struct qund_out_new *n, int64_t now,
                    int64_t *out_id)
{
    struct qund_out_target *t;
    int rc = qund_out_sql_insert(ob->db, ob->timers, n, now, out_id);

    if (rc < 0)
        return rc;
    t = target_get(ob, n->target);
    if (t)
        t->maybe = true;
    fresh_add(ob, *out_id, n->deadline);
    return 0;
}

void qund_outbox_credit(struct qund_outbox *ob, struct qund_str target, int n, int64_t until)
{
    struct qund_out_target *t = target_get(ob, target);

    if (!t || n <= 0)
        return;
    t->credit += n;
    t->granted += n;
    t->until = until;
}

void qund_outbox_habits(struct qund_outbox *ob, struct qund_str target,
                        const struct qund_out_habits *habits)
{
    struct qund_out_target *t = target_get(ob, target);

    if (t)
        t->habits = *habits;
}

void qund_outbox_paced(struct qund_outbox *ob, struct qund_str target)
{
    struct qund_out_target *t = target_get(ob, target);

    if (t)
        t->maybe = true;
}

void qund_out_items_cut(struct qund_out_items *items, size_t n)
{
    while (items->n > n) {
        struct qund_out_item *it = &items->v[--items->n];

        qund_free(it->target);
        qund_free(it->body);
        qund_free(it->key);
    }
}

void qund_out_items_done(struct qund_out_items *items)
{
    qund_out_items_cut(items, 0);
    qund_free(items->v);
    *items = (struct qund_out_items){0};
}

int qund_outbox_take(struct qund_outbox *ob, int64_t now, struct qund_out_items *items)
{
    for (size_t i = 0; i < ob->n; i++) {
        struct qund_out_target *t = &ob->v[i];
        int rc;

        if (!t->maybe || t->credit <= 0)
            continue;
        rc = qund_out_take_target(ob, t, now, items);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int qund_outbox_outcome(struct qund_outbox *ob, const struct qund_out_outcome *o, int64_t now,
                        bool *applied)
{
    struct qund_out_row row;
    int rc = qund_out_sql_get(ob->db, o->id, &row);
    int next;

    *applied = false;
    if (rc < 0)
        return rc;
    next = qund_out_next(row.state, o->event);
    /* An answer to an attempt the row no longer waits for: it moved on, nothing to change. */
    if (row.state != QUND_OUT_SENDING || row.attempt != o->attempt || next < 0)
        return 0;
    rc = qund_out_sql_set(
        ob->db, ob->timers,
        &(struct qund_out_change){.id = o->id,
                                  .state = (enum qund_out_state)next,
                                  .attempt = row.attempt - (o->event == QUND_OUT_EV_RETURNED),
                                  .due = o->due,
                                  .now = now,
                                  .status = o->status,
                                  .reason = o->reason,
                                  .their_id = o->their_id});
    if (rc < 0)
        return rc;
    if (next == QUND_OUT_QUEUED) {
        struct qund_out_target *t = target_get(ob, qund_str(row.target));

        if (t)
            t->maybe = true;
    }
    *applied = true;
    return 0;
}

int qund_outbox_move(struct qund_outbox *ob, int64_t id, enum qund_out_event event, int64_t now,
                     struct qund_str reason, struct qund_err *err)
{
    struct qund_out_row row;
    int next;
    int rc = qund_out_sql_get(ob->db, id, &row);

    if (rc < 0)
        return qund_err_set(err, rc, "outbox", "no push with id %lld", (long long)id);
    next = qund_out_next(row.state, event);
    if (next < 0)
        return qund_err_set(err, QUND_E_INVAL, "outbox",
                            "push %lld is %s: '%s' is not possible there", (long long)id,
                            qund_out_state_name(row.state), qund_out_event_name(event));
    rc = qund_out_sql_set(ob->db, ob->timers,
                          &(struct qund_out_change){.id = id,
                                                    .state = (enum qund_out_state)next,
                                                    .attempt = row.attempt,
                                                    .now = now,
                                                    .status = row.status,
                                                    .reason = reason});
    if (rc == 0 && next == QUND_OUT_QUEUED) {
        struct qund_out_target *t = target_get(ob, qund_str(row.target));

        if (t)
            t->maybe = true;
        /* Sent again after its deadline: a person wants it, so it gets a day. */
        if (event == QUND_OUT_EV_RESEND)
            rc = qund_out_sql_wanted(ob->db, id, now + QUND_DAY_MS);
        fresh_add(ob, id, now + QUND_DAY_MS);
    }
    return rc;
}

int qund_outbox_cancel_alert(struct qund_outbox *ob, int64_t alert, struct qund_str why,
                             int64_t now)
{
    struct qund_out_row row;
    int rc = qund_out_sql_mark_merged(ob->db, alert, why);

    while (rc == 0 && (rc = qund_out_sql_waiting_of(ob->db, alert, &row)) > 0) {
        rc = qund_out_sql_set(ob->db, ob->timers,
                              &(struct qund_out_change){.id = row.id,
                                                        .state = QUND_OUT_CANCELLED,
                                                        .attempt = row.attempt,
                                                        .now = now,
                                                        .status = row.status,
                                                        .reason = why});
        if (rc < 0)
            return rc;
    }
    return rc;
}

int qund_outbox_recover(struct qund_outbox *ob, int64_t now,
                        bool (*retry)(void *arg, struct qund_str target, int unknowns), void *arg)
{
    struct qund_out_row row;
    int n = 0;
    int rc;

    while ((rc = qund_out_sql_first(ob->db, QUND_OUT_SENDING, &row)) > 0) {
        rc = qund_out_sql_set(
            ob->db, ob->timers,
            &(struct qund_out_change){
                .id = row.id,
                .state = QUND_OUT_UNKNOWN,
                .attempt = row.attempt,
                .due = retry(arg, qund_str(row.target), row.unknowns) ? now : 0,
                .now = now,
                .status = row.status,
                .reason = QUND_STR("the program stopped before the answer was known")});
        if (rc < 0)
            return rc;
        n++;
    }
    return rc < 0 ? rc : n;
}

int64_t qund_outbox_fresh_due(const struct qund_outbox *ob)
{
    return ob->n_fresh > 0 ? ob->fresh_due : INT64_MAX;
}

int qund_outbox_settle(struct qund_outbox *ob)
{
    for (size_t i = 0; i < ob->n_fresh; i++) {
        int rc = qund_out_sql_watch(ob->db, ob->timers, ob->fresh[i]);

        if (rc < 0)
            return rc;
    }
    ob->n_fresh = 0;
    return 0;
}

void qund_outbox_forget(struct qund_outbox *ob)
{
    for (size_t i = 0; i < ob->n; i++) {
        ob->v[i].credit += ob->v[i].spent - ob->v[i].granted;
        ob->v[i].spent = ob->v[i].granted = 0;
        ob->v[i].maybe = true;
    }
    ob->n_fresh = 0;
}

void qund_outbox_step_undo(struct qund_outbox *ob)
{
    for (size_t i = 0; i < ob->n; i++)
        ob->v[i].maybe = true;
    ob->n_fresh = 0;
}

void qund_outbox_committed(struct qund_outbox *ob)
{
    for (size_t i = 0; i < ob->n; i++)
        ob->v[i].spent = ob->v[i].granted = 0;
}
