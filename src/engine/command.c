/* src/engine/command.c - what the faces and deliver ask for, one row a command.
 *
 * A command's refusal is an answer to whoever asked (INVAL, NOTFOUND, DENIED with a text); only the
 * transaction's own troubles are retried. Commands on people are crm's own table, those on tokens
 * the store's, but for what only the configuration knows. */
#include "engine/sop.h"
#include "store/access.h"
#include <jansson.h>

static int64_t field_int(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

static struct qund_str field_str(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);

    return json_is_string(v) ? qund_str_n(json_string_value(v), json_string_length(v))
                             : QUND_STR_NONE;
}

static int question_done(struct qund_engine *e, struct qund_command *c, const json_t *o)
{
    return qund_question_done(e, field_int(o, "id"), qund_str(c->actor), &c->err);
}

static int delivery_credit(struct qund_engine *e, struct qund_command *c, const json_t *o)
{
    struct qund_str target = field_str(o, "target");

    (void)c;
    if (!e->outbox)
        return 0;
    qund_outbox_credit(e->outbox, target, (int)field_int(o, "n"), e->now + field_int(o, "for_ms"));
    qund_outbox_habits(
        e->outbox, target,
        &(struct qund_out_habits){.ordered = json_is_true(json_object_get(o, "ordered")),
                                  .cards = json_is_true(json_object_get(o, "cards")),
                                  .limited = json_is_true(json_object_get(o, "limited"))});
    return 0;
}

static int delivery_outcome(struct qund_engine *e, struct qund_command *c, const json_t *o)
{
    struct qund_out_outcome out = {.id = field_int(o, "id"),
                                   .attempt = (int)field_int(o, "attempt"),
                                   .status = (int)field_int(o, "status"),
                                   .reason = field_str(o, "reason"),
                                   .their_id = field_str(o, "their_id")};
    struct qund_str event = field_str(o, "event");
    struct qund_jw w;
    bool applied;
    int rc;

    for (int ev = 0; ev < (int)QUND_OUT_EVENTS; ev++)
        if (qund_str_is(event, qund_out_event_name((enum qund_out_event)ev)))
            out.event = (enum qund_out_event)ev;
    if (json_object_get(o, "retry_ms"))
        out.due = e->now + field_int(o, "retry_ms");
    if (!e->outbox)
        return 0;
    rc = qund_outbox_outcome(e->outbox, &out, e->now, &applied);
    if (rc < 0 || !applied)
        return rc == QUND_E_NOTFOUND ? qund_err_set(&c->err, rc, "delivery", "no push with that id")
                                     : rc;
    rc = qund_own_told(e, &out);
    if (rc < 0 || !e->feeding)
        return rc;
    w = qund_engine_feed_open(e, "delivery");
    qund_jw_kint(&w, "id", out.id);
    qund_jw_kstr(&w, "event", event);
    qund_jw_kstr(&w, "target", field_str(o, "target"));
    qund_jw_kint(&w, "status", out.status);
    qund_engine_feed_close(e, &w);
    return 0;
}

static int outbox_move(struct qund_engine *e, struct qund_command *c, const json_t *o,
                       enum qund_out_event event)
{
    struct qund_str reason = field_str(o, "reason");

    if (!e->outbox)
        return qund_err_set(&c->err, QUND_E_INVAL, "outbox", "there is none in this mode");
    return qund_outbox_move(e->outbox, field_int(o, "id"), event, e->now,
                            reason.n ? reason : qund_str(c->actor), &c->err);
}

static int outbox_retry(struct qund_engine *e, struct qund_command *c, const json_t *o)
{
    return outbox_move(e, c, o, QUND_OUT_EV_RESEND);
}

static int outbox_cancel(struct qund_engine *e, struct qund_command *c, const json_t *o)
{
    return outbox_move(e, c, o, QUND_OUT_EV_CANCEL);
}

/* What became of one whose outcome is unknown, as a person found out. */
static int outbox_resolve(struct qund_engine *e, struct qund_command *c, const json_t *o)
{
    struct qund_str choice = field_str(o, "choice");

    if (qund_str_is(choice, "delivered"))
        return outbox_move(e, c, o, QUND_OUT_EV_PROVED);
    if (qund_str_is(choice, "resend"))
        return outbox_move(e, c, o, QUND_OUT_EV_RESEND);
    return qund_err_set(&c->err, QUND_E_INVAL, "choice", "must be delivered or resend");
}

static int rules_swap(struct qund_engine *e, struct qund_command *c, const json_t *o)
{
    struct qund_rules_change change;
    struct qund_rules *next = c->attach;
    struct qund_jw w = qund_jw(&c->reply);
    int rc;

    (void)o;
    rc = qund_rules_store(e->db, next, e->now, &change);
    if (rc == 0)
        rc = qund_rule_state_bind(e->state, next);
    if (rc < 0)
        return rc;
    qund_rules_unref(e->next_rules);
    e->next_rules = qund_rules_ref(next);
    qund_jw_obj(&w);
    qund_jw_kint(&w, "added", (int64_t)change.added);
    qund_jw_kint(&w, "changed", (int64_t)change.changed);
    qund_jw_kint(&w, "removed", (int64_t)change.removed);
    qund_jw_kint(&w, "same", (int64_t)change.same);
    qund_jw_end_obj(&w);
    return 0;
}

static int config_swap(struct qund_engine *e, struct qund_command *c, const json_t *o)
{
    (void)o;
    if (e->last_config)
        qund_config_unref(e->config);
    else
        e->last_config = e->config; /* until the commit; a rollback puts it back */
    e->config = qund_config_ref(c->attach);
    qund_alerts_config(e->alerts, e->config);
    qund_sop_config(e->sop, e->config);
    qund_crm_stages(e->crm, &e->config->leads.stages);
    return 0;
}

static int org_apply(struct qund_engine *e, struct qund_command *c, const json_t *o)
{
    int rc = qund_org_apply(e->crm, c->attach, e->now, &c->reply, &c->err);

    (void)o;
    return rc < 0 ? rc : 0;
}

static int dead_again(struct qund_engine *e, const struct qund_dead *d, struct qund_command *c)
{
    struct qund_str rest = d->key, kind;

    if (qund_str_is(d->kind, "event"))
        return qund_engine_event(e, d->body);
    if (qund_str_is(d->kind, "command"))
        return qund_poison_retry(e, d, c);
    if (!qund_str_is(d->kind, "timer"))
        return qund_err_set(
            &c->err, QUND_E_INVAL, "dead",
            "a %.*s cannot be tried again from here; drop it and repeat what made it",
            QUND_STR_ARG(d->kind));
    (void)qund_str_split(&rest, ':');
    kind = qund_str_split(&rest, '/');
    return qund_timers_set(
        e->timers,
        &(struct qund_timer){
            .class = QUND_TIMER_AT, .due = e->now, .kind = kind, .key = rest, .body = d->body});
}

static int dead_retry(struct qund_engine *e, struct qund_command *c, const json_t *o)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(4096);
    struct qund_dead d;
    int64_t id = field_int(o, "id");
    int rc = qund_dead_get(e->db, id, arena, &d);

    if (rc == 0)
        rc = qund_dead_settle(e->db, id, QUND_DEAD_RETRIED);
    if (rc < 0)
        return rc == QUND_E_NOTFOUND
                   ? qund_err_set(&c->err, rc, "dead", "no waiting dead letter with id %lld",
                                  (long long)id)
                   : rc;
    return dead_again(e, &d, c);
}

static int dead_drop(struct qund_engine *e, struct qund_command *c, const json_t *o)
{
    int64_t id = field_int(o, "id");
    int rc = qund_dead_settle(e->db, id, QUND_DEAD_DROPPED);

    return rc == QUND_E_NOTFOUND
               ? qund_err_set(&c->err, rc, "dead", "no waiting dead letter with id %lld",
                              (long long)id)
               : rc;
}

/* "no channel 'apo' is configured; nearest known: 'api'", or all there are. */
static int unknown_channel(const struct qund_config *cfg, struct qund_str name,
                           struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf list = {0};
    const char **known = qund_alloc(cfg->n_channels * sizeof(*known));
    const char *near;

    for (size_t i = 0; i < cfg->n_channels; i++) {
        known[i] = cfg->channels[i].name;
        qund_buf_printf(&list, "%s%s", i ? ", " : "", known[i]);
    }
    near = qund_str_nearest(name, known, cfg->n_channels);
    qund_free(known);
    name = qund_utf8_cut(name, 64);
    return near ? qund_err_set(err, QUND_E_INVAL, "channels",
                               "no channel '%.*s' is configured; nearest known: '%s'",
                               QUND_STR_ARG(name), near)
                : qund_err_set(err, QUND_E_INVAL, "channels",
                               "no channel '%.*s' is configured; there are: %s", QUND_STR_ARG(name),
                               list.p);
}

/* A token for a channel that is misspelt would be refused with every event, one by one. */
static int token_add(struct qund_engine *e, struct qund_command *c, const json_t *o)
{
    const json_t *name;
    size_t i;

    json_array_foreach(json_object_get(o, "channels"), i, name)
    {
        struct qund_str s = qund_str_n(json_string_value(name), json_string_length(name));

        if (json_is_string(name) && !qund_config_channel(e->config, s))
            return unknown_channel(e->config, s, &c->err);
    }
    return qund_token_command(e->db, c->name, qund_str_n(c->body, c->body_n), e->now, &c->reply,
                              &c->err);
}

static const struct {
    const char *name;
    int (*run)(struct qund_engine *e, struct qund_command *c, const json_t *o);
} COMMANDS[] = {
    {"question.done", question_done},
    {"delivery.credit", delivery_credit},
    {"delivery.outcome", delivery_outcome},
    {"outbox.retry", outbox_retry},
    {"outbox.cancel", outbox_cancel},
    {"outbox.resolve", outbox_resolve},
    {"rules.swap", rules_swap},
    {"config.swap", config_swap},
    {"token.add", token_add},
    {"org.apply", org_apply},
    {"dead.retry", dead_retry},
    {"dead.drop", dead_drop},
};

static int run_own(struct qund_engine *e, struct qund_command *c, size_t i)
{
    json_error_t why;
    json_t *o =
        json_loadb(c->body ? c->body : "{}", c->body ? c->body_n : 2, QUND_JSON_LOAD_FLAGS, &why);
    int rc;

    if (!json_is_object(o)) {
        json_decref(o);
        return qund_err_set(&c->err, QUND_E_INVAL, c->name, "the body must be a JSON object");
    }
    rc = COMMANDS[i].run(e, c, o);
    json_decref(o);
    return rc;
}

int qund_engine_command(struct qund_engine *e, struct qund_command *c)
{
    qund_ignore(QUND_FAULT(c->name)); /* only its crash and stall mean something here */
    for (size_t i = 0; i < QUND_ARRAY_LEN(COMMANDS); i++)
        if (strcmp(c->name, COMMANDS[i].name) == 0)
            return run_own(e, c, i);
    if (qund_deed_known(c->name))
        return qund_deed_command(e, c);
    if (qund_engine_sop_knows(c->name))
        return qund_engine_sop_command(e, c);
    if (qund_crm_command_known(c->name)) {
        int rc = qund_crm_command(e->crm, c->name, qund_str_n(c->body, c->body_n), e->now,
                                  &c->reply, &c->err);

        return rc < 0 ? rc : qund_engine_sop_told(e, c);
    }
    if (qund_token_command_known(c->name))
        return qund_token_command(e->db, c->name, qund_str_n(c->body, c->body_n), e->now, &c->reply,
                                  &c->err);
    return qund_err_set(&c->err, QUND_E_NOTFOUND, "command", "no command '%s'", c->name);
}
