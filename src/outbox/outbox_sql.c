/* src/outbox/outbox_sql.c - every statement on the table `outbox`, and the timers of its rows. */
#include "outbox/internal.h"
#include "store/backup.h"
#include <stdio.h>

#define REASON_MAX 300 /* bytes kept of what a peer said */
#define QUIET "quiet hours"

static void items_grow(struct qund_out_items *items)
{
    if (items->n < items->cap)
        return;
    items->cap = items->cap ? 2 * items->cap : 16;
    items->v = qund_realloc(items->v, items->cap * sizeof(*items->v));
}

int qund_out_sql_queued(struct qund_db *db, struct qund_str target, bool gated, int limit,
                        struct qund_out_items *items)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT id, alert, created, attempt, urgent, body, key, person, deadline,"
                     " rest, clock, unknowns"
                     " FROM outbox o WHERE state = 0 AND target = :target AND (NOT :gated OR"
                     " urgent = 1 OR person = 0 OR alert IS NULL OR attempt > 0 OR id <="
                     " (SELECT upto FROM pace p WHERE p.target = o.target AND p.person = o.person))"
                     " ORDER BY urgent DESC, id LIMIT :n");
    int rc;

    qund_bind_str(st, ":target", target);
    qund_bind_int(st, ":gated", gated);
    qund_bind_int(st, ":n", limit);
    while ((rc = qund_step(st)) > 0) {
        items_grow(items);
        items->v[items->n++] = (struct qund_out_item){
            .id = qund_col_int(st, 0),
            .alert = qund_col_int(st, 1),
            .created = qund_col_int(st, 2),
            .attempt = (int)qund_col_int(st, 3),
            .urgent = qund_col_int(st, 4) != 0,
            .target = qund_str_dup(target),
            .body = qund_str_dup(qund_col_str(st, 5)),
            .key = qund_str_dup(qund_col_str(st, 6)),
            .person = qund_col_int(st, 7),
            .deadline = qund_col_int(st, 8),
            .rest = (enum qund_out_rest)qund_col_int(st, 9),
            .clock = qund_col_int(st, 10),
            .unknowns = (int)qund_col_int(st, 11),
        };
    }
    qund_stmt_reset(st);
    return rc;
}

/* Reminders of one target that wait for their person, a row a person. */
#define GATES                                                                                     \
    "SELECT o.person AS person, min(o.pace) AS pace, max(o.id) AS upto, p.at AS at FROM outbox o" \
    " LEFT JOIN pace p ON p.target = o.target AND p.person = o.person"                            \
    " WHERE o.state = 0 AND o.urgent = 0 AND o.person > 0 AND o.alert IS NOT NULL"                \
    " AND o.target = :target AND o.attempt = 0 AND o.id > coalesce(p.upto, 0) GROUP BY o.person"

int qund_out_sql_gates(struct qund_db *db, struct qund_str target, int64_t now, int64_t *next)
{
    struct qund_stmt *st =
        qund_sql(db, "INSERT INTO pace(target, person, at, upto) SELECT :target, person, :now,"
                     " upto FROM (" GATES ") WHERE at IS NULL OR at + pace <= :now"
                     " ON CONFLICT(target, person) DO UPDATE SET at = :now, upto = excluded.upto");
    int rc;

    *next = INT64_MAX;
    qund_bind_str(st, ":target", target);
    qund_bind_int(st, ":now", now);
    rc = qund_run(st);
    if (rc < 0)
        return rc;
    st = qund_sql(db, "SELECT min(at + pace) FROM (" GATES ")");
    qund_bind_str(st, ":target", target);
    rc = qund_step(st);
    if (rc > 0 && !qund_col_null(st, 0))
        *next = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

int qund_out_sql_tried_again(struct qund_db *db, struct qund_str target)
{
    struct qund_stmt *st = qund_sql(db, "SELECT 1 FROM outbox WHERE target = :target"
                                        " AND ((state = 5 AND attempt > 0 AND due IS NOT rested)"
                                        " OR state = 6"
                                        " OR (state = 7 AND due IS NOT NULL)) LIMIT 1");

    qund_bind_str(st, ":target", target);
    return qund_any(st);
}

static int watch(struct qund_timers *timers, const char *kind, int64_t id, int64_t due)
{
    char buf[24];

    return qund_timers_set(timers, &(struct qund_timer){.class = QUND_TIMER_AT,
                                                        .due = due,
                                                        .kind = qund_str(kind),
                                                        .key = qund_timer_key(id, buf)});
}

int qund_out_sql_insert(struct qund_db *db, struct qund_timers *timers,
                        const struct qund_out_new *n, int64_t now, int64_t *out_id)
{
    struct qund_stmt *st =
        qund_sql(db, "INSERT OR IGNORE INTO outbox(key, target, state, urgent, body, alert,"
                     " person, pace, created, deadline, changed, due, reason, rest, clock)"
                     " VALUES(:key, :target, :state, :urgent, :body, :alert, :person, :pace, :now,"
                     " :deadline, :now, :due, :reason, :rest, :clock)");
    bool later = n->not_before > now;
    int rc;

    qund_bind_str(st, ":key", n->key);
    qund_bind_str(st, ":target", n->target);
    qund_bind_int(st, ":state", later ? QUND_OUT_RETRY_AT : QUND_OUT_QUEUED);
    qund_bind_int_or_null(st, ":due", later ? n->not_before : 0);
    qund_bind_str(st, ":reason", later ? QUND_STR(QUIET) : QUND_STR_NONE);
    qund_bind_int(st, ":urgent", n->urgent);
    qund_bind_str(st, ":body", n->body);
    if (n->alert)
        qund_bind_int(st, ":alert", n->alert);
    else
        qund_bind_null(st, ":alert");
    qund_bind_int(st, ":person", n->person);
    qund_bind_int(st, ":pace", n->pace_ms);
    qund_bind_int(st, ":now", now);
    qund_bind_int(st, ":deadline", n->deadline);
    qund_bind_int(st, ":rest", n->urgent ? QUND_REST_NEVER : n->rest);
    qund_bind_int(st, ":clock", n->clock);
    rc = qund_run(st);
    if (rc < 0)
        return rc;
    if (qund_db_changes(db) == 0)
        return QUND_E_EXISTS;
    *out_id = qund_db_last_rowid(db);
    return later ? watch(timers, "outbox.due", *out_id, n->not_before) : 0;
}

/* Both timers of a row; it may have neither. */
static int unwatch(struct qund_timers *timers, int64_t id)
{
    static const char *const KINDS[] = {"outbox.due", "outbox.deadline"};
    char buf[24];

    for (size_t i = 0; i < QUND_ARRAY_LEN(KINDS); i++) {
        int rc = qund_timers_cancel(timers, qund_str(KINDS[i]), qund_timer_key(id, buf));

        if (rc < 0 && rc != QUND_E_NOTFOUND)
            return rc;
    }
    return 0;
}

int qund_out_sql_sending(struct qund_db *db, int64_t id, int attempt, int64_t now)
{
    struct qund_stmt *st = qund_sql(
        db, "UPDATE outbox SET state = 1, attempt = :attempt, changed = :now WHERE id = :id");

    qund_bind_int(st, ":attempt", attempt);
    qund_bind_int(st, ":now", now);
    qund_bind_int(st, ":id", id);
    return qund_run(st);
}

int qund_out_sql_merge(struct qund_db *db, struct qund_timers *timers, int64_t id, int64_t into,
                       int64_t now)
{
    struct qund_stmt *st = qund_sql(db, "UPDATE outbox SET state = :merged, merged_into = :into,"
                                        " changed = :now WHERE id = :id AND state = :queued");
    int next = qund_out_next(QUND_OUT_QUEUED, QUND_OUT_EV_MERGE);
    int rc;

    qund_bind_int(st, ":merged", next);
    qund_bind_int(st, ":into", into);
    qund_bind_int(st, ":now", now);
    qund_bind_int(st, ":id", id);
    qund_bind_int(st, ":queued", QUND_OUT_QUEUED);
    rc = qund_run(st);
    return rc < 0 ? rc : unwatch(timers, id);
}

int qund_out_sql_rest(struct qund_db *db, struct qund_timers *timers, int64_t id, int64_t until,
                      int64_t longer, int64_t now)
{
    struct qund_stmt *st =
        qund_sql(db, "UPDATE outbox SET state = :state, due = :until, rested = :until, deadline ="
                     " deadline + :longer, changed = :now, reason = :reason WHERE id = :id");
    int rc;

    qund_bind_int(st, ":state", qund_out_next(QUND_OUT_QUEUED, QUND_OUT_EV_REST));
    qund_bind_int(st, ":until", until);
    qund_bind_int(st, ":longer", longer);
    qund_bind_int(st, ":now", now);
    qund_bind_str(st, ":reason", QUND_STR(QUIET));
    qund_bind_int(st, ":id", id);
    rc = qund_run(st);
    if (rc == 0)
        rc = watch(timers, "outbox.due", id, until);
    return rc < 0 ? rc : qund_out_sql_watch(db, timers, id);
}

static void row_read(struct qund_stmt *st, struct qund_out_row *out)
{
    struct qund_str target = qund_col_str(st, 4);

    *out = (struct qund_out_row){
        .id = qund_col_int(st, 0),
        .state = (enum qund_out_state)qund_col_int(st, 1),
        .attempt = (int)qund_col_int(st, 2),
        .status = (int)qund_col_int(st, 3),
        .unknowns = (int)qund_col_int(st, 5),
    };
    snprintf(out->target, sizeof(out->target), "%.*s", QUND_STR_ARG(target));
}

int qund_out_sql_get(struct qund_db *db, int64_t id, struct qund_out_row *out)
{
    struct qund_stmt *st = qund_sql(
        db, "SELECT id, state, attempt, status, target, unknowns FROM outbox WHERE id = :id");
    int rc;

    qund_bind_int(st, ":id", id);
    rc = qund_step(st);
    if (rc > 0)
        row_read(st, out);
    qund_stmt_reset(st);
    return rc > 0 ? 0 : rc < 0 ? rc : QUND_E_NOTFOUND;
}

int qund_out_sql_first(struct qund_db *db, enum qund_out_state s, struct qund_out_row *out)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT id, state, attempt, status, target, unknowns FROM outbox"
                     " WHERE state = :state ORDER BY id LIMIT 1");
    int rc;

    qund_bind_int(st, ":state", s);
    rc = qund_step(st);
    if (rc > 0)
        row_read(st, out);
    qund_stmt_reset(st);
    return rc;
}

/* The + keeps SQLite on the index of the alert: of its pushes there are few, of a state many. */
int qund_out_sql_mark_merged(struct qund_db *db, int64_t alert, struct qund_str why)
{
    struct qund_stmt *st = qund_sql(
        db,
        "UPDATE outbox SET reason = :why WHERE alert = :alert AND +state = 8 AND reason IS NULL");

    qund_bind_str(st, ":why", why);
    qund_bind_int(st, ":alert", alert);
    return qund_run(st);
}

int qund_out_sql_waiting_of(struct qund_db *db, int64_t alert, struct qund_out_row *out)
{
    struct qund_stmt *st = qund_sql(
        db,
        "SELECT id, state, attempt, status, target, unknowns FROM outbox o WHERE (alert = :alert"
        " OR id IN (SELECT merged_into FROM outbox WHERE alert = :alert AND state = 8))"
        " AND +state IN (0, 5, 6) AND NOT EXISTS (SELECT 1 FROM outbox m"
        " WHERE m.merged_into = o.id AND m.reason IS NULL) ORDER BY id LIMIT 1");
    int rc;

    qund_bind_int(st, ":alert", alert);
    rc = qund_step(st);
    if (rc > 0)
        row_read(st, out);
    qund_stmt_reset(st);
    return rc;
}

int qund_out_sql_set(struct qund_db *db, struct qund_timers *timers,
                     const struct qund_out_change *c)
{
    struct qund_stmt *st =
        qund_sql(db, "UPDATE outbox SET state = :state, attempt = :attempt, due = :due,"
                     " changed = :now, status = :status, reason = :reason,"
                     " unknowns = unknowns + (:state = 7),"
                     " their_id = coalesce(:their_id, their_id),"
                     " evidence = CASE WHEN :state = 4 THEN 'claimed' ELSE evidence END"
                     " WHERE id = :id");
    int rc;

    qund_bind_int(st, ":id", c->id);
    qund_bind_int(st, ":state", c->state);
    qund_bind_int(st, ":attempt", c->attempt);
    if (c->due > 0)
        qund_bind_int(st, ":due", c->due);
    else
        qund_bind_null(st, ":due");
    qund_bind_int(st, ":now", c->now);
    if (c->status > 0)
        qund_bind_int(st, ":status", c->status);
    else
        qund_bind_null(st, ":status");
    qund_bind_str(st, ":reason", qund_utf8_cut(c->reason, REASON_MAX));
    qund_bind_str(st, ":their_id", c->their_id);
    rc = qund_run(st);
    if (rc < 0)
        return rc;
    if (c->due > 0)
        rc = watch(timers, "outbox.due", c->id, c->due);
    if (rc == 0 && (qund_out_final(c->state) || c->state == QUND_OUT_HELD))
        rc = unwatch(timers, c->id);
    else if (rc == 0 && (c->state == QUND_OUT_RETRY_AT || c->state == QUND_OUT_QUOTA_HIT))
        rc = qund_out_sql_watch(db, timers, c->id);
    return rc;
}

int qund_out_sql_wanted(struct qund_db *db, int64_t id, int64_t deadline)
{
    struct qund_stmt *st =
        qund_sql(db, "UPDATE outbox SET deadline = :deadline, rest = 0 WHERE id = :id");

    qund_bind_int(st, ":deadline", deadline);
    qund_bind_int(st, ":id", id);
    return qund_run(st);
}

/* The state is compared here: a list of three in SQL is made into a table at each call. */
int qund_out_sql_watch(struct qund_db *db, struct qund_timers *timers, int64_t id)
{
    struct qund_stmt *st = qund_sql(db, "SELECT state, deadline FROM outbox WHERE id = :id");
    int64_t state, deadline;
    int rc;

    qund_bind_int(st, ":id", id);
    rc = qund_step(st);
    state = rc > 0 ? qund_col_int(st, 0) : 0;
    deadline = rc > 0 ? qund_col_int(st, 1) : 0;
    qund_stmt_reset(st);
    if (rc <= 0 ||
        (state != QUND_OUT_QUEUED && state != QUND_OUT_RETRY_AT && state != QUND_OUT_QUOTA_HIT))
        return rc < 0 ? rc : 0;
    return watch(timers, "outbox.deadline", id, deadline);
}

int qund_outbox_leaving(struct qund_db *db, bool (*goes)(void *arg, struct qund_str target),
                        void *arg)
{
    struct qund_stmt *st = qund_sql(
        db, "SELECT DISTINCT state, target FROM outbox o WHERE state = :sending OR"
            " (state = :queued AND NOT EXISTS (SELECT 1 FROM pace p WHERE p.target = o.target AND"
            " p.person = o.person AND p.upto < o.id AND o.urgent = 0 AND o.alert IS NOT NULL AND"
            " o.attempt = 0))");
    bool found = false;
    int rc = 0;

    qund_bind_int(st, ":queued", QUND_OUT_QUEUED);
    qund_bind_int(st, ":sending", QUND_OUT_SENDING);
    while (!found && (rc = qund_step(st)) > 0)
        found = qund_col_int(st, 0) == QUND_OUT_SENDING || goes(arg, qund_col_str(st, 1));
    qund_stmt_reset(st);
    return found ? 1 : rc;
}

int qund_outbox_told(struct qund_db *db, int64_t alert, int64_t person, int64_t since)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT 1 FROM outbox WHERE alert = :alert AND person = :person"
                     " AND created >= :since LIMIT 1");

    qund_bind_int(st, ":alert", alert);
    qund_bind_int(st, ":person", person);
    qund_bind_int(st, ":since", since);
    return qund_any(st);
}

int qund_outbox_count(struct qund_db *db, int64_t out[QUND_OUT_STATES])
{
    struct qund_stmt *st = qund_sql(db, "SELECT state, count(*) FROM outbox GROUP BY state");
    int rc;

    memset(out, 0, QUND_OUT_STATES * sizeof(out[0]));
    while ((rc = qund_step(st)) > 0) {
        int64_t s = qund_col_int(st, 0);

        if (s >= 0 && s < (int64_t)QUND_OUT_STATES)
            out[s] = qund_col_int(st, 1);
    }
    qund_stmt_reset(st);
    return rc;
}

const struct qund_restore_hook *qund_outbox_restored(size_t *n)
{
    _Static_assert(QUND_OUT_HELD == 12 && QUND_OUT_QUEUED == 0 && QUND_OUT_SENDING == 1 &&
                       QUND_OUT_RETRY_AT == 5 && QUND_OUT_QUOTA_HIT == 6 && QUND_OUT_UNKNOWN == 7,
                   "the numbers below are stored ones");
    static const struct qund_restore_hook HOOKS[] = {
        {"outbox", "UPDATE outbox SET state = 12, reason = 'restored', changed = :now"
                   " WHERE state IN (0, 1, 5, 6, 7)"},
        {"timers", "DELETE FROM timer WHERE kind IN ('outbox.due', 'outbox.deadline')"},
    };

    *n = QUND_ARRAY_LEN(HOOKS);
    return HOOKS;
}
