/* src/engine/engine.c - made from an open store, and taken down again. What it knows at any moment
 * is rows; everything in memory is a cache of them. */
#include "engine/sop.h"

#define ARENA_BYTES (256u << 10)

static void open_counters(struct qund_engine *e)
{
    struct qund_metrics *m = e->deps.metrics;
    struct counters *c = &e->count;
    char labels[40];

    c->applied = qund_metric_counter(m, "qund_events_applied_total", NULL,
                                     "Events whose effects are committed");
    c->repeated =
        qund_metric_counter(m, "qund_events_repeated_total", NULL, "Events recognised as repeats");
    c->dead = qund_metric_counter(m, "qund_dead_total", NULL,
                                  "Events and timers that could not be applied");
    c->late =
        qund_metric_counter(m, "qund_events_too_old_total", NULL,
                            "Events whose month retention had dropped when they were applied");
    c->untagged = qund_metric_counter(m, "qund_tags_full_total", NULL,
                                      "Tags of rules left out: the person holds as many as may be");
    c->doubted = qund_metric_counter(m, "qund_member_lists_doubted_total", NULL,
                                     "Member lists in which too many were missing");
    c->copies = qund_metric_counter(m, "qund_copies_total", NULL,
                                    "Events of shared groups that another account brought before");
    c->gaps = qund_metric_counter(m, "qund_gaps_total", NULL,
                                  "Spans told in which a channel was not heard");
    c->gaps_open = qund_metric_gauge(m, "qund_gaps_open", NULL, "Those that are not over");
    c->voided = qund_metric_counter(m, "qund_judgements_void_total", NULL,
                                    "Judgements left out because a gap lay in their span");
    c->hits = qund_metric_counter(m, "qund_rule_hits_total", NULL, "Rules that fired");
    c->alerts[0] = qund_metric_counter(m, "qund_alerts_total", "level=\"info\"", "Alerts raised");
    c->alerts[1] = qund_metric_counter(m, "qund_alerts_total", "level=\"warn\"", "Alerts raised");
    c->alerts[2] = qund_metric_counter(m, "qund_alerts_total", "level=\"urgent\"", "Alerts raised");
    for (size_t i = 0; i < QUND_ARRAY_LEN(c->deeds); i++)
        c->deeds[i] =
            qund_metric_counter(m, "qund_alert_deeds_total", qund_deed_label((enum deed_kind)i),
                                "What people did about alerts");
    for (int i = 0; i < SAY_ACTS; i++) {
        snprintf(labels, sizeof(labels), "act=\"%s\"",
                 qund_rule_act_name((enum qund_rule_act)(QUND_ACT_REPLY + i)));
        c->said[i] = qund_metric_counter(m, "qund_auto_said_total", labels,
                                         "What rules said in chats, or took back");
    }
    for (int i = SAY_YES + 1; i < SAY_WHYS; i++) {
        snprintf(labels, sizeof(labels), "why=\"%s\"", qund_say_why_name((enum say_why)i));
        c->unsaid[i] = qund_metric_counter(m, "qund_auto_unsaid_total", labels,
                                           "What rules would have said and did not");
    }
    for (int i = 0; i < QUND_TASK_EVENTS; i++) {
        snprintf(labels, sizeof(labels), "event=\"%s\"",
                 qund_task_event_name((enum qund_task_event)i));
        c->tasks[i] = qund_metric_counter(m, "qund_task_events_total", labels,
                                          "What happened to tasks: pushed, proved, expired, …");
    }
}

static int read_meta(struct qund_engine *e)
{
    QUND_AUTO(qund_buf_done) struct qund_buf id = {0};
    int rc = qund_meta_int(e->db, "engine_time", &e->now);

    if (rc == 0 || rc == QUND_E_NOTFOUND)
        rc = qund_meta_int(e->db, "floor", &e->floor);
    if (rc == 0 || rc == QUND_E_NOTFOUND)
        rc = qund_meta_str(e->db, "applied_id", &id);
    if (rc == QUND_E_NOTFOUND)
        return 0;
    return rc < 0 ? rc : qund_entry_id_parse(qund_buf_view(&id), &e->applied);
}

/* A webhook's receiver knows a repeat by its id; a plugin says so of its own kind. */
static bool may_repeat(void *arg, struct qund_str target, int unknowns)
{
    const struct qund_target_cfg *t = qund_config_target(arg, target);

    if (!t || qund_target_is_ours(t))
        return t != NULL;
    return t->own.repeat == QUND_REPEAT_SAFE ||
           (t->own.repeat == QUND_REPEAT_ONCE && unknowns == 0);
}

static int recover(struct qund_engine *e)
{
    int rc = qund_db_begin(e->db);

    if (rc == 0)
        rc = read_meta(e);
    if (rc == 0 && e->outbox) {
        rc = qund_outbox_recover(e->outbox, e->now, may_repeat, e->config);
        if (rc > 0) {
            qund_log(e->deps.log, QUND_WARN, "outbox.unknown", QUND_KV("n", rc));
            rc = 0;
        }
    }
    if (rc == 0)
        rc = qund_suspects_recover(e);
    if (rc == 0)
        rc = qund_gap_since_last_life(e);
    if (rc == 0 && e->rules)
        rc = qund_rules_store(e->db, e->rules, e->now, NULL);
    if (rc == 0 && e->rules)
        rc = qund_rule_state_bind(e->state, e->rules);
    if (rc == 0)
        rc = qund_db_commit(e->db);
    if (rc < 0)
        qund_db_rollback(e->db);
    if (e->outbox)
        qund_outbox_committed(e->outbox);
    return rc;
}

int qund_engine_open(const struct qund_engine_deps *deps, struct qund_engine **out,
                     struct qund_err *err)
{
    QUND_AUTO(qund_engine_close) struct qund_engine *e = qund_alloc(sizeof(*e));
    int rc;

    e->deps = *deps;
    e->db = deps->db;
    e->config = qund_config_ref(deps->config);
    e->rules = deps->rules ? qund_rules_ref(deps->rules) : NULL;
    e->arena = qund_arena_new(ARENA_BYTES);
    e->months = qund_months_new(e->db);
    e->timers = qund_timers_new(e->db);
    if (deps->words && e->config->store.search)
        e->search = qund_search_new(e->db, e->months, deps->words);
    e->state = qund_rule_state_new(e->db, false);
    e->scratch = qund_rule_scratch_new();
    e->measure = qund_measure_new(e->db, e->months);
    e->talk = qund_talk_new(e->db, e->months);
    e->accounts = qund_accounts_new();
    e->early = -1;
    if (deps->outbox) {
        e->outbox = qund_outbox_new(e->db, e->timers);
        qund_outbox_quiet(e->outbox, qund_engine_quiet, e);
    }
    e->alerts = qund_alerts_new(&(struct qund_alerts_deps){.db = e->db,
                                                           .timers = e->timers,
                                                           .outbox = e->outbox,
                                                           .config = e->config,
                                                           .link_key = deps->link_key});
    open_counters(e);
    rc = qund_zone_load(NULL, e->config->time.zone, &e->zone, err);
    if (rc == 0)
        rc = qund_crm_open(e->db, &(struct qund_crm_cfg){0}, deps->log, &e->crm, err);
    if (rc < 0)
        return rc;
    qund_crm_stages(e->crm, &e->config->leads.stages);
    e->sop = qund_sop_new(&(struct qund_sop_deps){.db = e->db,
                                                  .timers = e->timers,
                                                  .outbox = e->outbox,
                                                  .crm = e->crm,
                                                  .months = e->months,
                                                  .config = e->config,
                                                  .fold = deps->fold,
                                                  .holidays = deps->holidays,
                                                  .link_key = deps->link_key});
    rc = recover(e);
    if (rc < 0)
        return qund_err_set(err, rc, "store", "cannot take up where it stopped: %s",
                            qund_db_error(e->db));
    *out = QUND_TAKE(e);
    return 0;
}

void qund_engine_alive(struct qund_engine *e, int64_t now)
{
    if (e->deps.inhand && e->deps.opened_ms > 0)
        qund_inhand_alive(e->deps.inhand, now);
}

struct qund_engine *qund_engine_close(struct qund_engine *e)
{
    if (!e)
        return NULL;
    qund_sop_free(e->sop);
    qund_crm_close(e->crm);
    qund_alerts_free(e->alerts);
    qund_outbox_free(e->outbox);
    qund_talk_free(e->talk);
    qund_accounts_free(e->accounts);
    qund_measure_free(e->measure);
    qund_rule_scratch_free(e->scratch);
    qund_rule_state_free(e->state);
    qund_rules_unref(e->next_rules);
    qund_rules_unref(e->rules);
    qund_config_unref(e->last_config);
    qund_config_unref(e->config);
    qund_search_free(e->search);
    qund_timers_free(e->timers);
    qund_months_free(e->months);
    qund_roster_free(e->roster);
    qund_zone_free(e->zone);
    qund_folded_done(&e->folded);
    qund_buf_done(&e->feed);
    qund_arena_free(e->arena);
    for (size_t i = 0; i < e->n_suspects; i++)
        qund_free(e->suspects[i]);
    qund_free(e->suspects);
    qund_free(e);
    return NULL;
}

/* Duty is a snapshot of rows: made when first asked for, and again when an edit has changed them.
 */
int qund_engine_roster(struct qund_engine *e)
{
    uint64_t version = qund_crm_org_version(e->crm);
    struct qund_roster *next;
    struct qund_err err;
    int rc;

    if (e->roster && version == e->roster_version)
        return 0;
    rc = qund_roster_load(e->db, e->zone, NULL, e->deps.holidays, &next, &err);
    if (rc < 0)
        return rc;
    qund_roster_free(e->roster);
    e->roster = next;
    e->roster_version = version;
    qund_alerts_roster(e->alerts, next);
    qund_sop_roster(e->sop, next);
    return 0;
}

struct qund_jw qund_engine_feed_open(struct qund_engine *e, const char *kind)
{
    struct qund_jw w = qund_jw(&e->feed);

    qund_jw_obj(&w);
    qund_jw_kz(&w, "kind", kind);
    qund_jw_kts(&w, "at", e->now);
    return w;
}

void qund_engine_feed_close(struct qund_engine *e, struct qund_jw *w)
{
    qund_jw_end_obj(w);
    qund_buf_char(&e->feed, '\n');
}
