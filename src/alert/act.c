/* src/alert/act.c - what a person does about an alert besides taking it: it is finished, put off,
 * or somebody else's.
 *
 * Whoever asks (a token of the API, a signed link, a word in the chat), the deed is the same and is
 * checked here, against the row: pressed twice or by two people it has one effect, and the second
 * is told what is the case already, before anything is said about a figure, a time or a colleague
 * of his. */
#include "alert/internal.h"
#include "crm/people.h"
#include <stdio.h>

#define SNOOZE_MAX_MS (30 * QUND_DAY_MS)

static int get_open(const struct qund_alerts *al, int64_t id, struct alert_row *a,
                    struct qund_err *err)
{
    int rc = qund_alert_sql_get(al->deps.db, id, a);

    if (rc == QUND_E_NOTFOUND)
        return qund_err_set(err, rc, "alert", "no alert with id %lld", (long long)id);
    if (rc == 0 && a->state == QUND_ALERT_RESOLVED)
        return qund_err_set(err, QUND_E_INVAL, "alert", "alert %lld is resolved already",
                            (long long)id);
    return rc;
}

int qund_alert_unfinished(const struct qund_alerts *al, int64_t id, struct qund_err *err)
{
    struct alert_row a;

    return get_open(al, id, &a, err);
}

int qund_alert_finish(struct qund_alerts *al, const struct qund_alert_deed *d,
                      const struct qund_alert_end *end, int64_t now, struct qund_err *err)
{
    struct qund_alert_end plain = *end;
    char number[QUND_FIGURE_CHARS + 1];
    int rc = qund_alert_unfinished(al, d->id, err);

    if (rc < 0)
        return rc;
    if (end->number.n > 0 && qund_str_figure(end->number, number) < 0)
        return qund_err_set(err, QUND_E_INVAL, "number",
                            "must be a decimal figure of at most %d characters, such as 12 or 3.5",
                            QUND_FIGURE_CHARS);
    rc = qund_alert_set(al, d->id, QUND_ALERT_RESOLVED, d->by, d->note, now, err);
    if (rc < 0)
        return rc;
    if (end->number.n > 0)
        plain.number = qund_str(number);
    return qund_alert_sql_end(al->deps.db, d->id, &plain);
}

/* Who cannot be told would have it without knowing. */
static int can_be_told(const struct qund_alerts *al, int64_t staff, struct qund_err *err)
{
    int rc = al->deps.outbox ? qund_crm_staff_reached(al->deps.db, staff, al->deps.config) : 0;

    if (rc == 0)
        return qund_err_set(err, QUND_E_INVAL, "to",
                            "there is nowhere to tell them: no push target");
    return rc < 0 ? rc : 0;
}

/* What waits to leave would tell them before the time, or the wrong person. */
static int hold_back(struct qund_alerts *al, int64_t id, struct qund_str why, int64_t now)
{
    int rc = qund_alert_still(al, id);

    if (rc == 0 && al->deps.outbox)
        rc = qund_outbox_cancel_alert(al->deps.outbox, id, why, now);
    return rc;
}

int qund_alert_snooze(struct qund_alerts *al, const struct qund_alert_deed *d, int64_t until,
                      int64_t now, struct qund_err *err)
{
    struct alert_row a;
    char key[24];
    int rc = get_open(al, d->id, &a, err);

    if (rc < 0)
        return rc;
    if (until <= now || until - now > SNOOZE_MAX_MS)
        return qund_err_set(err, QUND_E_INVAL, "until",
                            "must lie in the future, by at most 30 days");
    rc = qund_alert_sql_snooze(al->deps.db, d, until, now);
    if (rc == 0)
        rc = hold_back(al, d->id, QUND_STR("put off"), now);
    if (rc < 0)
        return rc;
    return qund_timers_set(al->deps.timers,
                           &(struct qund_timer){.class = QUND_TIMER_AT,
                                                .due = until,
                                                .kind = QUND_STR("alert.wake"),
                                                .key = qund_timer_key(d->id, key)});
}

int qund_alert_hand_over(struct qund_alerts *al, const struct qund_alert_deed *d, int64_t staff,
                         int64_t now, struct qund_err *err)
{
    struct alert_row a;
    char role[32];
    bool pushed;
    int rc = get_open(al, d->id, &a, err);

    if (rc < 0)
        return rc;
    snprintf(role, sizeof(role), "staff:%lld", (long long)staff);
    if (strcmp(a.role, role) == 0)
        return qund_err_set(err, QUND_E_INVAL, "to", "alert %lld is theirs already",
                            (long long)d->id);
    rc = can_be_told(al, staff, err);
    if (rc == 0)
        rc = qund_alert_sql_hand(al->deps.db, d, qund_str(role), now);
    if (rc == 0)
        rc = hold_back(al, d->id, QUND_STR("handed over"), now);
    if (rc == 0)
        rc = qund_alert_sql_get(al->deps.db, d->id, &a);
    if (rc == 0)
        rc = qund_alert_push(al, &a, qund_str(role), (struct alert_telling){.round = a.rounds}, now,
                             &pushed);
    return rc < 0 ? rc : qund_alert_climb(al, &a, now);
}

int qund_alert_may(const struct qund_alerts *al, int64_t id, int64_t staff, int64_t now)
{
    struct alert_row a;
    struct qund_str roles[] = {QUND_STR_NONE, QUND_STR("manager"), QUND_STR("leader")};
    char own[32];
    int rc = qund_alert_sql_get(al->deps.db, id, &a);

    if (rc < 0)
        return rc;
    snprintf(own, sizeof(own), "staff:%lld", (long long)staff);
    if (strcmp(a.role, own) == 0)
        return 1;
    roles[0] = qund_str(a.role);
    for (size_t i = 0; al->roster && i < QUND_ARRAY_LEN(roles); i++) {
        struct qund_duty d;

        qund_duty_holders(al->roster, a.grp, roles[i], now, &d);
        for (size_t k = 0; k < d.n; k++)
            if (d.staff[k] == staff)
                return 1;
    }
    return al->deps.outbox ? qund_outbox_told(al->deps.db, id, staff, 0) : 0;
}
