/* src/alert/alert.c - an alert's life: raised or folded, pushed, told to the next one, dealt with.
 *
 * One cause (rule, group, person) has one open alert: while it is open, more messages of that cause
 * within the merge window count into it and push nobody again. The first push goes to who holds the
 * role and is on duty; when nobody is, it waits for the next duty hour, unless it is urgent, which
 * finds the holders wherever they are. The ladder climbs from there, each rung at its time since
 * the message, in duty hours (urgent: always): the doer again, the manager, the leader.
 * A rung that is due with the first telling (urgent: at once to the leader) tells nobody twice who
 * is both, or who is told everything because no staff is known. Acknowledging or resolving stops
 * it. Put off (act.c) it sleeps: no rung is climbed, and on waking the rungs that are left are
 * counted from there. Handed over it begins with somebody else.
 *
 * Pushes are outbox rows whose key names alert, rung, person and target: a replay makes no second.
 */
#include "alert/internal.h"
#include <stdio.h>

static const char *const STATES[] = {"open", "acknowledged", "resolved"};

const char *qund_alert_state_name(enum qund_alert_state s)
{
    return (unsigned)s < QUND_ARRAY_LEN(STATES) ? STATES[s] : "?";
}

struct qund_alerts *qund_alerts_new(const struct qund_alerts_deps *deps)
{
    struct qund_alerts *al = qund_alloc(sizeof(*al));

    al->deps = *deps;
    return al;
}

struct qund_alerts *qund_alerts_free(struct qund_alerts *al)
{
    qund_free(al);
    return NULL;
}

void qund_alerts_roster(struct qund_alerts *al, const struct qund_roster *r)
{
    al->roster = r;
}

void qund_alerts_config(struct qund_alerts *al, struct qund_config *config)
{
    al->deps.config = config;
}

static bool urgent(struct qund_str level)
{
    return qund_str_is(level, "urgent");
}

/* The ladder a rule names, else the one of its level; info climbs none. */
static const struct qund_ladder *ladder_of(const struct qund_alerts *al, struct qund_str ladder,
                                           struct qund_str level)
{
    if (ladder.n > 0)
        return qund_config_ladder(al->deps.config, ladder);
    if (qund_str_is(level, "warn"))
        return qund_config_ladder(al->deps.config, QUND_STR("normal"));
    return qund_config_ladder(al->deps.config, level);
}

/* The last rung is the leader's, the one before the manager's, those below the doer's again. */
static struct qund_str rung_role(const struct qund_ladder *l, size_t rung, struct qund_str doer)
{
    if (rung + 1 >= l->n)
        return QUND_STR("leader");
    return rung + 2 == l->n ? QUND_STR("manager") : doer;
}

static int set_timer(struct qund_alerts *al, int64_t id, int64_t due, const char *body)
{
    char buf[24];

    return qund_timers_set(al->deps.timers, &(struct qund_timer){.class = QUND_TIMER_JUDGE,
                                                                 .due = due,
                                                                 .kind = QUND_STR("alert.rung"),
                                                                 .key = qund_timer_key(id, buf),
                                                                 .body = qund_str(body)});
}

int qund_alert_still(struct qund_alerts *al, int64_t id)
{
    static const char *const KINDS[] = {"alert.rung", "alert.wake"};
    char buf[24];

    for (size_t i = 0; i < QUND_ARRAY_LEN(KINDS); i++) {
        int rc = qund_timers_cancel(al->deps.timers, qund_str(KINDS[i]), qund_timer_key(id, buf));

        if (rc < 0 && rc != QUND_E_NOTFOUND)
            return rc;
    }
    return 0;
}

/* When rung `rung` is due, or -1 when there is none. */
static int64_t rung_due(const struct qund_alerts *al, const struct alert_row *a, size_t rung)
{
    const struct qund_ladder *l = ladder_of(al, qund_str(a->ladder), qund_str(a->level));
    int64_t due;

    if (!l || rung >= l->n)
        return -1;
    if (urgent(qund_str(a->level)) || !al->roster)
        return a->since + l->step_ms[rung];
    due = qund_duty_after(al->roster, a->grp, a->since, l->step_ms[rung]);
    return due;
}

int qund_alert_climb(struct qund_alerts *al, const struct alert_row *a, int64_t now)
{
    size_t rung = (size_t)a->step;
    int64_t due = rung_due(al, a, rung);

    if (due < 0)
        return qund_alert_still(al, a->id);
    /* What deals with it in time may arrive a little later: the rung waits as long. A reopened
     * alert may be behind its times. */
    due += al->deps.config->time.lateness_ms;
    return set_timer(al, a->id, due > now ? due : now, "rung");
}

int qund_alert_told(struct qund_alerts *al, const struct alert_row *a, bool pushed, int64_t now)
{
    int64_t next = -1;

    if (!pushed && al->roster && !urgent(qund_str(a->level)))
        next = qund_duty_next(al->roster, a->grp, qund_str(a->role), now);
    return next > now ? set_timer(al, a->id, next, "first") : qund_alert_climb(al, a, now);
}

static int raise_new(struct qund_alerts *al, const struct qund_alert_new *n, struct qund_str cause,
                     int64_t now, int64_t *id)
{
    struct alert_row a;
    bool pushed = false;
    int step;
    int rc = qund_alert_sql_insert(al->deps.db, n, cause, now, &a);

    *id = a.id;
    if (rc < 0 || n->quiet)
        return rc;
    step = a.step;
    /* Rungs that lie before the raising are climbed already. */
    while (rung_due(al, &a, (size_t)a.step) >= 0 && a.since < now &&
           rung_due(al, &a, (size_t)a.step) <= now && !urgent(n->level))
        a.step++;
    if (a.step != step)
        rc = qund_alert_sql_step(al->deps.db, a.id, a.step);
    if (rc == 0)
        rc = qund_alert_push(al, &a, qund_str(a.role), (struct alert_telling){0}, now, &pushed);
    return rc < 0 ? rc : qund_alert_told(al, &a, pushed, now);
}

int qund_alert_raise(struct qund_alerts *al, const struct qund_alert_new *n, int64_t now,
                     int64_t *id, bool *folded)
{
    QUND_AUTO(qund_buf_done) struct qund_buf cause = {0};
    struct alert_row open;
    int rc;

    *folded = false;
    qund_buf_printf(&cause, "%.*s|%lld|%lld", QUND_STR_ARG(n->rule), (long long)n->group,
                    (long long)n->contact);
    rc = qund_alert_sql_open(al->deps.db, qund_buf_view(&cause), &open);
    if (rc < 0 && rc != QUND_E_NOTFOUND)
        return rc;
    if (rc == QUND_E_NOTFOUND)
        return raise_new(al, n, qund_buf_view(&cause), now, id);
    if (n->ts - open.last_ts > al->deps.config->alert.merge_ms) {
        /* A new matter of the same kind: the old one stays open under a name of its own. */
        rc = qund_alert_sql_part(al->deps.db, open.id);
        return rc < 0 ? rc : raise_new(al, n, qund_buf_view(&cause), now, id);
    }
    *folded = true;
    *id = open.id;
    return qund_alert_sql_fold(al->deps.db, open.id, n->seq, n->ts, now);
}

/* A rung that does not lie behind the telling its ladder begins with adds people to it: since when
 * that was. 0: it lies behind. */
static int64_t with_the_first(const struct alert_row *a, const struct qund_ladder *l)
{
    int64_t first = a->rounds > 0 ? a->since : a->created;

    return a->since + l->step_ms[a->step] <= first ? first : 0;
}

int qund_alert_rung(struct qund_alerts *al, const struct qund_timer *t, int64_t now)
{
    const struct qund_ladder *l;
    struct alert_row a;
    bool pushed;
    int64_t id;
    int rc = qund_str_int(t->key, &id);

    if (rc == 0)
        rc = qund_alert_sql_get(al->deps.db, id, &a);
    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    if (a.state != QUND_ALERT_OPEN)
        return 0;
    if (qund_str_is(t->body, "first")) {
        rc = qund_alert_push(al, &a, qund_str(a.role), (struct alert_telling){.round = a.rounds},
                             now, &pushed);
        return rc < 0 ? rc : qund_alert_climb(al, &a, now);
    }
    l = ladder_of(al, qund_str(a.ladder), qund_str(a.level));
    if (!l || (size_t)a.step >= l->n)
        return 0;
    rc = qund_alert_push(
        al, &a, rung_role(l, (size_t)a.step, qund_str(a.role)),
        (struct alert_telling){.rung = a.step + 1, .round = a.rounds, .but = with_the_first(&a, l)},
        now, &pushed);
    if (rc == 0)
        rc = qund_alert_sql_step(al->deps.db, a.id, ++a.step);
    return rc < 0 ? rc : qund_alert_climb(al, &a, now);
}

int qund_alert_wake(struct qund_alerts *al, const struct qund_timer *t, int64_t now)
{
    struct alert_row a;
    struct qund_str who;
    bool pushed;
    int64_t id;
    int rc = qund_str_int(t->key, &id);

    if (rc == 0)
        rc = qund_alert_sql_get(al->deps.db, id, &a);
    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    if (a.state == QUND_ALERT_RESOLVED || a.snoozed == 0)
        return 0;
    a.since = a.state == QUND_ALERT_OPEN ? now : a.since;
    rc = qund_alert_sql_wake(al->deps.db, id, a.since, now);
    if (rc < 0)
        return rc;
    a.snoozed = 0;
    a.rounds++;
    who = qund_str_starts(qund_str(a.by), "staff:") ? qund_str(a.by) : qund_str(a.role);
    rc = qund_alert_push(al, &a, who, (struct alert_telling){.round = a.rounds}, now, &pushed);
    if (rc < 0 || a.state != QUND_ALERT_OPEN)
        return rc;
    return qund_alert_told(al, &a, pushed, now);
}

int qund_alert_set(struct qund_alerts *al, int64_t id, enum qund_alert_state to, struct qund_str by,
                   struct qund_str note, int64_t now, struct qund_err *err)
{
    struct alert_row a;
    int rc = qund_alert_sql_get(al->deps.db, id, &a);

    if (rc == QUND_E_NOTFOUND)
        return qund_err_set(err, rc, "alert", "no alert with id %lld", (long long)id);
    if (rc < 0)
        return rc;
    if (a.state == to || (a.state == QUND_ALERT_RESOLVED && to == QUND_ALERT_ACKNOWLEDGED))
        return qund_err_set(err, QUND_E_INVAL, "alert", "alert %lld is %s already", (long long)id,
                            qund_alert_state_name(a.state));
    rc = qund_alert_sql_set(al->deps.db, id, to, by, note, now);
    if (rc == 0)
        rc = qund_alert_still(al, id);
    if (rc == QUND_E_EXISTS)
        return qund_err_set(err, QUND_E_EXISTS, "alert",
                            "the same cause has a newer open alert; deal with that one");
    if (rc < 0)
        return rc;
    a.state = to;
    if (to == QUND_ALERT_OPEN)
        return qund_alert_climb(al, &a, now);
    /* Dealt with: what still waits would only ask for it again. */
    if (to == QUND_ALERT_RESOLVED && al->deps.outbox)
        rc = qund_outbox_cancel_alert(al->deps.outbox, id, QUND_STR("dealt with"), now);
    return rc;
}

int qund_alert_unsettle_message(struct qund_alerts *al, int64_t seq, struct qund_str note,
                                int64_t now)
{
    int64_t ids[16];
    int n = qund_alert_sql_settled_of(al->deps.db, seq, note, ids, QUND_ARRAY_LEN(ids));

    for (int i = 0; i < n; i++) {
        struct qund_err err;
        int rc = qund_alert_set(al, ids[i], QUND_ALERT_OPEN, QUND_STR("chat"),
                                QUND_STR("the answer was taken back"), now, &err);

        if (rc < 0 && rc != QUND_E_EXISTS)
            return rc;
    }
    return n < 0 ? n : 0;
}

int qund_alert_settle_message(struct qund_alerts *al, int64_t seq, struct qund_str by,
                              struct qund_str note, int64_t now)
{
    int64_t ids[16];
    int n = qund_alert_sql_open_of(al->deps.db, seq, ids, QUND_ARRAY_LEN(ids));

    for (int i = 0; i < n; i++) {
        int rc = qund_alert_sql_set(al->deps.db, ids[i], QUND_ALERT_RESOLVED, by, note, now);

        if (rc == 0)
            rc = qund_alert_still(al, ids[i]);
        if (rc == 0 && al->deps.outbox)
            rc = qund_outbox_cancel_alert(al->deps.outbox, ids[i], QUND_STR("dealt with"), now);
        if (rc < 0)
            return rc;
    }
    return n;
}
