/* src/engine/deed.c - what a person does about an alert: taken, dealt with, put off, handed over,
 * not relevant, open again.
 *
 * The API's token, the signed link of a push and a word in the chat end here; they differ in how
 * the person was recognised, which is settled before. Who acts by a link or a word is a member of
 * staff
 * ("staff:5") and must still be one. What a rule hears of its alerts ("not relevant" feeds its
 * tuning) is counted on the day on which the alert was raised. */
#include "crm/people.h"
#include "engine/internal.h"
#include <jansson.h>

static const char *const NAMES[DEEDS] = {
    [DEED_ACK] = "ack",       [DEED_RESOLVE] = "resolve",    [DEED_REOPEN] = "reopen",
    [DEED_SNOOZE] = "snooze", [DEED_HAND_OVER] = "handover", [DEED_IRRELEVANT] = "irrelevant",
};
static const char *const LABELS[DEEDS] = {
    [DEED_ACK] = "deed=\"ack\"",
    [DEED_RESOLVE] = "deed=\"resolve\"",
    [DEED_REOPEN] = "deed=\"reopen\"",
    [DEED_SNOOZE] = "deed=\"snooze\"",
    [DEED_HAND_OVER] = "deed=\"handover\"",
    [DEED_IRRELEVANT] = "deed=\"irrelevant\"",
};

_Static_assert(DEEDS == QUND_ARRAY_LEN(((struct counters *)0)->deeds), "a counter each");

const char *qund_deed_label(enum deed_kind k)
{
    return LABELS[k];
}

int qund_deed_still_staff(struct qund_engine *e, struct qund_str by, struct qund_err *err)
{
    int64_t id;
    int rc;

    if (!qund_str_starts(by, "staff:"))
        return 0;
    rc = qund_str_int(qund_str_n(by.p + 6, by.n - 6), &id);
    if (rc == 0)
        rc = qund_crm_staff_active(e->db, id);
    if (rc == 0)
        rc = qund_err_set(err, QUND_E_DENIED, "by", "is no longer of the staff");
    return rc < 0 ? rc : 0;
}

static int finish(struct qund_engine *e, const struct deed *d, struct qund_err *err)
{
    struct qund_alert_end end = d->end;

    end.irrelevant = d->kind == DEED_IRRELEVANT;
    return qund_alert_finish(e->alerts, &d->d, &end, e->now, err);
}

static int snooze(struct qund_engine *e, const struct deed *d, struct qund_err *err)
{
    int64_t until = d->until;
    int rc = qund_alert_unfinished(e->alerts, d->d.id, err);

    if (rc < 0)
        return rc;
    if (d->when.p)
        rc = qund_alert_when(e->alerts, d->d.id, d->when, e->now, &until);
    if (rc == QUND_E_INVAL)
        return qund_err_set(err, rc, "for",
                            "must be a time such as 30m, 18:00, tomorrow 9:00, 2026-11-23 18:00");
    return rc < 0 ? rc : qund_alert_snooze(e->alerts, &d->d, until, e->now, err);
}

static int hand_over(struct qund_engine *e, const struct deed *d, struct qund_err *err)
{
    int64_t staff = 0;
    int rc = qund_alert_unfinished(e->alerts, d->d.id, err);

    if (rc < 0)
        return rc;
    rc = d->to.n > 0 ? qund_crm_staff_find(e->db, d->to, &staff) : QUND_E_NOTFOUND;
    if (rc == QUND_E_NOTFOUND)
        return qund_err_set(err, QUND_E_INVAL, "to", "no active member of staff is called so");
    return rc < 0 ? rc : qund_alert_hand_over(e->alerts, &d->d, staff, e->now, err);
}

static int run(struct qund_engine *e, const struct deed *d, struct qund_err *err)
{
    switch (d->kind) {
    case DEED_ACK:
        return qund_alert_set(e->alerts, d->d.id, QUND_ALERT_ACKNOWLEDGED, d->d.by, d->d.note,
                              e->now, err);
    case DEED_REOPEN:
        return qund_alert_set(e->alerts, d->d.id, QUND_ALERT_OPEN, d->d.by, d->d.note, e->now, err);
    case DEED_RESOLVE:
    case DEED_IRRELEVANT:
        return finish(e, d, err);
    case DEED_SNOOZE:
        return snooze(e, d, err);
    case DEED_HAND_OVER:
        return hand_over(e, d, err);
    }
    return QUND_E_BUG;
}

/* Also when one that was not relevant is opened again. A built-in reminder has no rule to tune. */
static int tune(struct qund_engine *e, const struct qund_alert_mark *before,
                const struct qund_alert_mark *after)
{
    int rc;

    if (before->relevant == after->relevant)
        return 0;
    rc = qund_rule_mark_irrelevant(e->db, qund_str(before->rule), before->first_ts / QUND_DAY_MS,
                                   after->relevant ? -1 : 1);
    return rc == QUND_E_NOTFOUND ? 0 : rc;
}

int qund_deed_do(struct qund_engine *e, const struct deed *d, struct qund_err *err)
{
    struct qund_alert_mark before, after;
    int rc = qund_engine_roster(e); /* a ladder that goes on asks who is on duty */

    if (rc == 0)
        rc = qund_deed_still_staff(e, d->d.by, err);
    if (rc < 0)
        return rc;
    rc = qund_alert_marked(e->db, d->d.id, &before);
    if (rc == QUND_E_NOTFOUND)
        return qund_err_set(err, rc, "alert", "no alert with id %lld", (long long)d->d.id);
    if (rc == 0)
        rc = run(e, d, err);
    if (rc == 0)
        rc = qund_alert_marked(e->db, d->d.id, &after);
    if (rc == 0)
        rc = tune(e, &before, &after);
    if (rc < 0)
        return rc;
    e->tally.deeds[d->kind]++;
    return qund_engine_show_alert(e, d->d.id, NAMES[d->kind]);
}

/* --- as a command --- */

static int kind_of(const char *command)
{
    struct qund_str s = qund_str(command);

    if (!qund_str_starts(s, "alert."))
        return QUND_E_NOTFOUND;
    return qund_str_index(qund_str_n(s.p + 6, s.n - 6), NAMES, DEEDS);
}

bool qund_deed_known(const char *command)
{
    return kind_of(command) >= 0;
}

static struct qund_str field_str(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);

    return json_is_string(v) ? qund_str_n(json_string_value(v), json_string_length(v))
                             : QUND_STR_NONE;
}

int qund_deed_command(struct qund_engine *e, struct qund_command *c)
{
    json_error_t why;
    json_t *o =
        json_loadb(c->body ? c->body : "{}", c->body ? c->body_n : 2, QUND_JSON_LOAD_FLAGS, &why);
    struct deed d = {.kind = (enum deed_kind)kind_of(c->name)};
    int rc;

    if (!json_is_object(o)) {
        json_decref(o);
        return qund_err_set(&c->err, QUND_E_INVAL, c->name, "the body must be a JSON object");
    }
    d.d.id = json_integer_value(json_object_get(o, "id"));
    d.d.by = field_str(o, "by").n > 0 ? field_str(o, "by") : qund_str(c->actor);
    d.d.note = field_str(o, "note");
    d.end.proof = field_str(o, "proof");
    d.end.number = field_str(o, "number");
    d.when = field_str(o, "for");
    d.until = json_integer_value(json_object_get(o, "until"));
    d.to = field_str(o, "to");
    rc = qund_deed_do(e, &d, &c->err);
    if (rc == 0)
        rc = qund_alert_print(e->db, d.d.id, &c->reply);
    json_decref(o);
    return rc;
}
