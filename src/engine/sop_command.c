/* src/engine/sop_command.c - what the faces ask of plans and tasks: plan.*, template.*, task.*.
 *
 * Plans' commands are read where plans are kept. A deed on a task is read here, because a time in
 * words and the name of a member of staff are the house's, not the plan's. It is answered with the
 * task as it is then. */
#include "crm/people.h"
#include "engine/sop.h"
#include <jansson.h>

static int deed_named(const char *command)
{
    struct qund_str s = qund_str(command);

    if (!qund_str_starts(s, "task."))
        return QUND_E_NOTFOUND;
    for (int k = 0; k < (int)QUND_TASK_DEEDS; k++)
        if (qund_str_is(qund_str_n(s.p + 5, s.n - 5),
                        qund_task_deed_name((enum qund_task_deed_kind)k)))
            return k;
    return QUND_E_NOTFOUND;
}

bool qund_engine_sop_knows(const char *command)
{
    return deed_named(command) >= 0 || qund_plan_command_known(command);
}

/* --- a deed --- */

int qund_engine_task_deed(struct qund_engine *e, const struct qund_task_deed *d,
                          struct qund_err *err)
{
    struct qund_sop_effects fx;
    int rc = qund_deed_still_staff(e, d->by, err);

    if (rc == 0)
        rc = qund_engine_sop_begin(e, &fx);
    if (rc == 0)
        rc = qund_task_deed(e->sop, d, &fx, err);
    return rc < 0 ? rc : qund_engine_sop_apply(e, &fx);
}

static struct qund_str field(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);

    return json_is_string(v) ? qund_str_n(json_string_value(v), json_string_length(v))
                             : QUND_STR_NONE;
}

/* id or task: 12, "12", "T12" */
static int64_t task_number(const json_t *o)
{
    const char *key = json_object_get(o, "task") ? "task" : "id";
    struct qund_str s = field(o, key);
    int64_t id = json_integer_value(json_object_get(o, key));

    if (s.n > 0 && (s.p[0] == 'T' || s.p[0] == 't'))
        s = qund_str_n(s.p + 1, s.n - 1);
    if (s.n > 0 && qund_str_int(s, &id) < 0)
        id = 0;
    return id;
}

static int read_until(struct qund_engine *e, const json_t *o, struct qund_task_deed *d,
                      struct qund_err *err)
{
    struct qund_str words = field(o, "for");
    struct qund_task t;
    int rc;

    d->until = json_integer_value(json_object_get(o, "until"));
    if (d->kind != QUND_TASK_DO_POSTPONE || words.n == 0)
        return 0;
    rc = qund_task_get(e->db, e->arena, d->task, &t);
    if (rc == 0)
        rc = qund_engine_roster(e);
    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc; /* the deed says it better */
    rc = qund_alert_words(qund_roster_zone(e->roster, t.grp), words, e->now, &d->until);
    return rc < 0
               ? qund_err_set(err, QUND_E_INVAL, "for",
                              "must be a time such as 30m, 18:00, tomorrow 9:00, 2026-11-23 18:00")
               : 0;
}

static int read_to(struct qund_engine *e, const json_t *o, struct qund_task_deed *d,
                   struct qund_err *err)
{
    struct qund_str to = field(o, "to");
    int rc;

    if (d->kind != QUND_TASK_DO_HAND_OVER)
        return 0;
    rc = to.n > 0 ? qund_crm_staff_find(e->db, to, &d->to) : QUND_E_NOTFOUND;
    if (rc == QUND_E_NOTFOUND)
        return qund_err_set(err, QUND_E_INVAL, "to", "no active member of staff is called so");
    return rc;
}

/* A figure, as text or as a number of JSON. */
static struct qund_str number_of(struct qund_engine *e, const json_t *o)
{
    const json_t *v = json_object_get(o, "number");
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};

    if (!json_is_number(v))
        return field(o, "number");
    qund_buf_printf(&text, "%.15g", json_number_value(v));
    return qund_arena_str(e->arena, qund_buf_view(&text));
}

/* Whoever writes it says proof, reason or note: it is one line of the task's log. */
static struct qund_str note_of(const json_t *o)
{
    static const char *const KEYS[] = {"proof", "reason", "note"};
    struct qund_str s = QUND_STR_NONE;

    for (size_t i = 0; s.n == 0 && i < QUND_ARRAY_LEN(KEYS); i++)
        s = field(o, KEYS[i]);
    return qund_utf8_cut_chars(s.p ? s : QUND_STR(""), 500);
}

static int task_command(struct qund_engine *e, struct qund_command *c, const json_t *o)
{
    struct qund_str by = field(o, "by");
    struct qund_task_deed d = {.kind = (enum qund_task_deed_kind)deed_named(c->name),
                               .task = task_number(o),
                               .now = e->now,
                               .by = by.n > 0 ? by : qund_str(c->actor),
                               .note = note_of(o),
                               .number = number_of(e, o)};
    int rc = read_until(e, o, &d, &c->err);

    if (rc == 0)
        rc = read_to(e, o, &d, &c->err);
    if (rc == 0)
        rc = qund_engine_task_deed(e, &d, &c->err);
    return rc < 0 ? rc : qund_sop_task_print(e->db, d.task, NULL, &c->reply);
}

/* --- what people say about people --- */

/* The same by hand as by a rule. What was so already is no news: the reply says `changed`. */
static const struct {
    const char *command;
    enum qund_sop_what what;
    const char *key; /* of the body: what is said; absent, it is not said (opt_out: it is) */
    bool given;
} TOLD[] = {
    {"tag.add", QUND_SOP_TAGGED, "tag", true},
    {"lead.update", QUND_SOP_STAGED, "stage", true},
    {"contact.opt_out", QUND_SOP_OPTED_OUT, "opt_out", false},
};

static int tell(struct qund_engine *e, const json_t *o, const json_t *reply, size_t i)
{
    const json_t *said = json_object_get(o, TOLD[i].key);
    struct qund_sop_event ev = {.what = TOLD[i].what,
                                .contact = json_integer_value(json_object_get(o, "contact")),
                                .ts = e->now,
                                .name = field(o, TOLD[i].key)};

    if (json_integer_value(json_object_get(reply, "changed")) == 0 || json_is_false(said) ||
        (!said && TOLD[i].given))
        return 0;
    if (ev.contact == 0 && qund_str_int(field(o, "contact"), &ev.contact) < 0)
        return QUND_E_BUG; /* the command found its person by it */
    return qund_engine_sop_tell(e, &ev);
}

int qund_engine_sop_told(struct qund_engine *e, const struct qund_command *c)
{
    json_error_t why;
    json_t *o, *reply;
    size_t i = 0;
    int rc;

    while (i < QUND_ARRAY_LEN(TOLD) && strcmp(c->name, TOLD[i].command) != 0)
        i++;
    if (i == QUND_ARRAY_LEN(TOLD) || !qund_sop_listens(e->sop))
        return 0;
    o = json_loadb(c->body, c->body_n, QUND_JSON_LOAD_FLAGS, &why);
    reply = json_loadb(c->reply.p, c->reply.n, 0, &why);
    rc = tell(e, o, reply, i);
    json_decref(o);
    json_decref(reply);
    return rc;
}

/* --- the entrance --- */

static int plan_command(struct qund_engine *e, struct qund_command *c)
{
    struct qund_plan_ask ask = {.name = c->name,
                                .body =
                                    qund_str_n(c->body ? c->body : "{}", c->body ? c->body_n : 2),
                                .by = qund_str(c->actor),
                                .attach = c->attach,
                                .now = e->now};
    struct qund_sop_effects fx;
    int rc = qund_engine_sop_begin(e, &fx);

    if (rc == 0)
        rc = qund_plan_command(e->sop, &ask, &fx, &c->reply, &c->err);
    return rc < 0 ? rc : qund_engine_sop_apply(e, &fx);
}

int qund_engine_sop_command(struct qund_engine *e, struct qund_command *c)
{
    json_error_t why;
    json_t *o;
    int rc;

    if (deed_named(c->name) < 0)
        return plan_command(e, c);
    o = json_loadb(c->body ? c->body : "{}", c->body ? c->body_n : 2, QUND_JSON_LOAD_FLAGS, &why);
    rc = json_is_object(o)
             ? task_command(e, c, o)
             : qund_err_set(&c->err, QUND_E_INVAL, c->name, "the body must be a JSON object");
    json_decref(o);
    return rc;
}
