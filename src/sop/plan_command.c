/* src/sop/plan_command.c - what people ask for: to make a plan, look at one before it is made, stop
 * it for a while, end it, say something of it. One row a command; editing and cloning are in
 * plan_edit.c, templates in template_command.c. */
#include "sop/plan_parts.h"

/* --- the body of create, preview, edit, clone --- */

enum {
    B_ID,
    B_TEMPLATE,
    B_VERSION,
    B_NAME,
    B_GROUPS,
    B_CONTACTS,
    B_START,
    B_EVENT,
    B_UNTIL,
    B_PARAMS,
    B_DELIVER,
    B_FIGURES,
    B_FORCE,
    B_KEYS
};
static const char *const KEYS[B_KEYS] = {
    [B_ID] = "id",         [B_TEMPLATE] = "template", [B_VERSION] = "version",
    [B_NAME] = "name",     [B_GROUPS] = "groups",     [B_CONTACTS] = "contacts",
    [B_START] = "start",   [B_EVENT] = "event",       [B_UNTIL] = "until",
    [B_PARAMS] = "params", [B_DELIVER] = "deliver",   [B_FIGURES] = "figures",
    [B_FORCE] = "force",
};

int qund_plan_body(struct plan_cmd *c, struct sop_draft_ask *ask, int64_t *id)
{
    struct qund_str raw[B_KEYS];
    int rc = qund_sop_body_read(c->arena, c->ask->body, KEYS, B_KEYS, raw, c->err);

    if (rc < 0)
        return rc;
    *ask = (struct sop_draft_ask){.template = raw[B_TEMPLATE],
                                  .version = raw[B_VERSION],
                                  .name = raw[B_NAME],
                                  .groups = raw[B_GROUPS],
                                  .contacts = raw[B_CONTACTS],
                                  .start = raw[B_START],
                                  .event = raw[B_EVENT],
                                  .until = raw[B_UNTIL],
                                  .params = raw[B_PARAMS],
                                  .deliver = raw[B_DELIVER],
                                  .figures = raw[B_FIGURES],
                                  .force = raw[B_FORCE]};
    *id = 0;
    return qund_sop_body_int(raw[B_ID], "id", id, c->err);
}

int qund_plan_judge(struct sop_draft *d, const struct sop_draft_ask *ask, struct qund_err *err)
{
    int rc = qund_draft_ask(d, ask, err);

    if (rc == 0)
        rc = qund_draft_check(d);
    if (rc == 0)
        rc = qund_draft_quota(d);
    return rc;
}

int qund_plan_refuse(struct plan_cmd *c, struct sop_draft *d)
{
    int rc = qund_draft_quota_rest(d);

    if (rc == 0)
        rc = qund_draft_refuse(d, c->err);
    if (rc < 0 && d->problems.n > 0)
        qund_draft_print(d, false, c->reply);
    return rc;
}

int qund_plan_make(struct plan_cmd *c, struct sop_draft *d)
{
    int rc = qund_plan_refuse(c, d);

    if (rc < 0)
        return rc;
    rc = qund_draft_keep(d, c->fx);
    if (rc == 0)
        qund_draft_print(d, false, c->reply);
    return rc;
}

static int fresh(struct plan_cmd *c, struct sop_draft *d)
{
    struct sop_draft_ask ask;
    int64_t id;
    int rc = qund_plan_body(c, &ask, &id);

    if (rc == 0 && id > 0)
        return qund_err_set(c->err, QUND_E_INVAL, "id", "a new plan gets its number by itself");
    return rc < 0 ? rc : qund_plan_judge(d, &ask, c->err);
}

static int create(struct plan_cmd *c)
{
    QUND_AUTO(qund_draft_done) struct sop_draft d = {0};
    int rc;

    qund_draft_init(&d, c->s, c->arena, c->ask->now, c->ask->by);
    rc = fresh(c, &d);
    return rc < 0 ? rc : qund_plan_make(c, &d);
}

static int preview(struct plan_cmd *c)
{
    QUND_AUTO(qund_draft_done) struct sop_draft d = {0};
    int rc;

    qund_draft_init(&d, c->s, c->arena, c->ask->now, c->ask->by);
    rc = fresh(c, &d);
    if (rc == 0)
        qund_draft_print(&d, true, c->reply);
    return rc;
}

/* --- one that is there --- */

int qund_plan_named(struct plan_cmd *c, int64_t id, struct qund_plan *out)
{
    int rc = id > 0 ? qund_plan_get(c->s, c->arena, id, out) : QUND_E_NOTFOUND;

    if (rc == QUND_E_NOTFOUND)
        return qund_err_set(c->err, rc, "plan", "there is no plan %lld", (long long)id);
    return rc;
}

int qund_plan_only(struct plan_cmd *c, const struct qund_plan *p, unsigned states, const char *what)
{
    if (states & (1u << p->state))
        return 0;
    return qund_err_set(c->err, QUND_E_INVAL, "plan", "plan %lld is %s: it cannot be %s",
                        (long long)p->id, qund_plan_state_name(p->state), what);
}

int qund_plan_answer(struct plan_cmd *c, const struct qund_plan *p, const char *key, int64_t n)
{
    struct qund_jw w = qund_jw(c->reply);

    qund_jw_obj(&w);
    qund_jw_kint(&w, "id", p->id);
    qund_jw_kz(&w, "state", qund_plan_state_name(p->state));
    if (key)
        qund_jw_kint(&w, key, n);
    qund_jw_end_obj(&w);
    return 0;
}

enum { S_ID, S_REASON, S_KEYS };

static int simple(struct plan_cmd *c, struct qund_plan *p, struct qund_str *note)
{
    static const char *const keys[S_KEYS] = {"id", "reason"};
    struct qund_str raw[S_KEYS];
    int64_t id = 0;
    int rc = qund_sop_body_read(c->arena, c->ask->body, keys, S_KEYS, raw, c->err);

    *note = QUND_STR("");
    if (rc == 0)
        rc = qund_sop_body_int(raw[S_ID], "id", &id, c->err);
    if (rc == 0)
        rc = qund_sop_body_text(c->arena, raw[S_REASON], "reason", note, c->err);
    return rc < 0 ? rc : qund_plan_named(c, id, p);
}

static int put_state(struct plan_cmd *c, struct qund_plan *p, enum qund_plan_state state,
                     struct qund_str note, const char *event)
{
    int rc;

    p->state = state;
    p->reason = note;
    rc = qund_plan_sql_put(c->s->deps.db, p);
    if (rc < 0)
        return rc;
    qund_sop_ears_void(c->s->ears);
    qund_plan_feed(c->fx, p, event);
    return 0;
}

/* Nothing is touched: what comes due while it stands is held(paused) when its time comes. */
static int pause(struct plan_cmd *c)
{
    struct qund_plan p;
    struct qund_str note;
    int rc = simple(c, &p, &note);

    if (rc == 0)
        rc = qund_plan_only(c, &p, 1u << QUND_PLAN_RUNNING, "paused");
    if (rc == 0)
        rc = put_state(c, &p, QUND_PLAN_PAUSED, note, "paused");
    return rc < 0 ? rc : qund_plan_answer(c, &p, NULL, 0);
}

/* What was held meanwhile goes on where its window is still open, and ends where it is not: nobody
 * is sent what should have been said last week. */
static int release(struct plan_cmd *c, int64_t plan, int64_t *released, int64_t *expired)
{
    QUND_AUTO(qund_free) void *hold = NULL;
    struct sop_task_row *rows;
    size_t n;
    int rc = qund_plan_task_sql_list(c->s->deps.db, plan, &rows, &n);

    hold = rows;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct qund_task_change change = {.by = c->ask->by, .now = c->ask->now};
        bool over = rows[i].closes <= c->ask->now;

        if (rows[i].state != QUND_TASK_HELD || !rows[i].paused || rows[i].merged > 0)
            continue;
        change.event = over ? QUND_TASK_EV_EXPIRE : QUND_TASK_EV_RELEASE;
        change.reason = over ? QUND_STR("paused past its window") : QUND_STR("resumed");
        change.due = over ? 0 : c->ask->now;
        rc = qund_task_move(c->s, rows[i].id, &change, c->fx, c->err);
        *(over ? expired : released) += rc == 0;
    }
    return rc;
}

static int resume(struct plan_cmd *c)
{
    struct qund_plan p;
    struct qund_str note;
    int64_t released = 0, expired = 0;
    int rc = simple(c, &p, &note);

    if (rc == 0)
        rc = qund_plan_only(c, &p, 1u << QUND_PLAN_PAUSED, "resumed");
    if (rc == 0)
        rc = put_state(c, &p, QUND_PLAN_RUNNING, note, "resumed");
    if (rc == 0)
        rc = release(c, p.id, &released, &expired);
    if (rc == 0)
        rc = qund_plan_sweep_timer(c->s, c->ask->now);
    return rc < 0 ? rc : qund_plan_answer(c, &p, "expired", expired);
}

static int end_runs(struct plan_cmd *c, int64_t plan)
{
    struct sop_run open[64];
    int n, rc = 0;

    do { /* an ended one is not found again */
        n = qund_run_sql_open(c->s->deps.db, plan, 0, NULL, open, QUND_ARRAY_LEN(open));
        for (int i = 0; rc == 0 && i < n; i++)
            rc = qund_run_sql_end(c->s->deps.db, &open[i], QUND_PLAN_CANCELLED,
                                  QUND_STR("plan_cancelled"));
    } while (rc == 0 && n == (int)QUND_ARRAY_LEN(open));
    return rc < 0 ? rc : n < 0 ? n : 0;
}

static int cancel(struct plan_cmd *c)
{
    struct qund_plan p;
    struct qund_str note;
    char key[24];
    int n = 0, rc = simple(c, &p, &note);

    if (rc == 0)
        rc = qund_plan_only(c, &p, 1u << QUND_PLAN_RUNNING | 1u << QUND_PLAN_PAUSED, "cancelled");
    if (rc == 0) {
        p.ended = c->ask->now;
        rc = put_state(c, &p, QUND_PLAN_CANCELLED, note, "cancelled");
    }
    if (rc == 0)
        rc = n =
            qund_tasks_move_all(c->s, p.id, 0, 0,
                                &(struct qund_task_change){.event = QUND_TASK_EV_CANCEL,
                                                           .by = c->ask->by,
                                                           .reason = QUND_STR("plan_cancelled"),
                                                           .now = c->ask->now},
                                c->fx);
    if (rc >= 0)
        rc = end_runs(c, p.id);
    if (rc == 0) {
        rc = qund_timers_cancel(c->s->deps.timers, QUND_STR(QUND_PLAN_BEGIN),
                                qund_timer_key(p.id, key));
        rc = rc == QUND_E_NOTFOUND ? 0 : rc; /* it has begun */
    }
    return rc < 0 ? rc : qund_plan_answer(c, &p, "cancelled", n);
}

/* --- what is said of it --- */

enum { F_ID, F_NAME, F_VALUE, F_KEYS };

static int said_of(struct plan_cmd *c, const char *const keys[F_KEYS], struct qund_plan *p,
                   struct qund_str *name, struct qund_str *value)
{
    struct qund_str raw[F_KEYS];
    int64_t id = 0;
    int rc = qund_sop_body_read(c->arena, c->ask->body, keys, F_KEYS, raw, c->err);

    *name = QUND_STR("");
    if (rc == 0)
        rc = qund_sop_body_int(raw[F_ID], "id", &id, c->err);
    if (rc == 0)
        rc = qund_sop_body_text(c->arena, raw[F_NAME], keys[F_NAME], name, c->err);
    *value = raw[F_VALUE];
    if (rc == 0)
        rc = qund_plan_named(c, id, p);
    if (rc == 0)
        rc =
            qund_plan_only(c, p, 1u << QUND_PLAN_RUNNING | 1u << QUND_PLAN_PAUSED, "told anything");
    return rc;
}

/* A flag that no message raises. */
static int flag(struct plan_cmd *c)
{
    static const char *const keys[F_KEYS] = {"id", "flag", "value"};
    QUND_AUTO(qund_buf_done) struct qund_buf key = {0};
    struct qund_plan p;
    struct qund_str name, raw;
    bool on = true;
    int f, rc = said_of(c, keys, &p, &name, &raw);

    if (rc == 0)
        rc = qund_sop_body_bool(raw, "value", &on, c->err);
    if (rc < 0)
        return rc;
    f = qund_sop_flag_parse(name);
    if (f < 0 || qund_sop_flag_personal((enum qund_sop_flag)f))
        return qund_err_set(c->err, QUND_E_INVAL, "flag",
                            "'%.*s' is no flag of a plan; event_cancelled, safety_issue, "
                            "stock_withdrawn, refund_open, solved … are",
                            QUND_STR_ARG(qund_utf8_cut(name, 60)));
    qund_buf_printf(&key, "flag:%.*s", QUND_STR_ARG(name));
    rc = qund_plan_sql_said(c->s->deps.db, p.id, qund_buf_view(&key), on ? 1 : 0, c->ask->now,
                            c->ask->by);
    if (rc < 0)
        return rc;
    qund_plan_feed(c->fx, &p, on ? "flagged" : "unflagged");
    return qund_plan_answer(c, &p, "value", on);
}

/* A number that only a person knows. */
static int set(struct plan_cmd *c)
{
    static const char *const keys[F_KEYS] = {"id", "name", "number"};
    const struct qund_sop_template *t;
    struct qund_plan p;
    struct qund_str name, raw, key;
    double v = 0;
    int rc = said_of(c, keys, &p, &name, &raw);

    if (rc < 0)
        return rc;
    t = qund_plan_template(c->s, p.template, p.version, &rc);
    if (!t)
        return rc;
    rc = qund_sop_figure_name(c->arena, t, name, &key, c->err);
    if (rc == 0 && !raw.p)
        rc = qund_err_set(c->err, QUND_E_INVAL, "number", "is missing");
    if (rc == 0)
        rc = qund_sop_body_num(raw, "number", &v, c->err);
    if (rc == 0)
        rc = qund_plan_sql_said(c->s->deps.db, p.id, key, v, c->ask->now, c->ask->by);
    if (rc < 0)
        return rc;
    qund_plan_feed(c->fx, &p, "figure");
    return qund_plan_answer(c, &p, NULL, 0);
}

/* --- the table --- */

static const struct {
    const char *name;
    int (*run)(struct plan_cmd *c);
} COMMANDS[] = {
    {"plan.create", create},
    {"plan.preview", preview},
    {"plan.content", qund_plan_content},
    {"plan.pause", pause},
    {"plan.resume", resume},
    {"plan.edit", qund_plan_edit},
    {"plan.cancel", cancel},
    {"plan.clone", qund_plan_clone},
    {"plan.flag", flag},
    {"plan.set", set},
    {"sop.templates", qund_templates_swap},
    {"sop.refused", qund_templates_refused},
    {"template.put", qund_template_put},
    {"template.drop", qund_template_drop},
};

bool qund_plan_command_known(const char *name)
{
    for (size_t i = 0; i < QUND_ARRAY_LEN(COMMANDS); i++)
        if (strcmp(name, COMMANDS[i].name) == 0)
            return true;
    return false;
}

int qund_plan_command(struct qund_sop *s, const struct qund_plan_ask *ask,
                      struct qund_sop_effects *fx, struct qund_buf *reply, struct qund_err *err)
{
    struct plan_cmd c = {
        .s = s, .ask = ask, .fx = fx, .reply = reply, .err = err, .arena = fx->arena};

    qund_sop_kept_rest(s->kept);
    for (size_t i = 0; i < QUND_ARRAY_LEN(COMMANDS); i++)
        if (strcmp(ask->name, COMMANDS[i].name) == 0)
            return COMMANDS[i].run(&c);
    return qund_err_set(err, QUND_E_NOTFOUND, "command", "no command '%s'", ask->name);
}
