/* src/app/reload.c - SIGHUP: configuration, rules, org file and SOP templates are read, checked,
 * and only then put in force; what is refused is logged with its place and the old stays. Keys that
 * cannot change while running are named, not half applied. */
#include "app/parts.h"
#include "app/plugins.h"
#include "app/sopset.h"
#include "crm/org.h"

#define ERRORS_MAX 20

/* All of them into the log, the first into `why`, which /readyz shows until it is mended. */
static void refuse(struct qund *q, const char *event, const struct qund_errs *errs, char why[320])
{
    if (errs->n > 0)
        snprintf(why, 320, "%.140s: %.170s", errs->v[0].where, errs->v[0].text);
    for (size_t i = 0; i < errs->n; i++)
        qund_log(q->log, QUND_ERROR, event, QUND_KV("where", errs->v[i].where),
                 QUND_KV("why", errs->v[i].text));
}

static void drop_config(void *c)
{
    qund_config_unref(c);
}

/* A command that nobody waits for. */
static void send_command(struct qund *q, struct qund_command *c)
{
    if (qund_worker_submit(q->worker, c) < 0) {
        qund_log(q->log, QUND_WARN, "reload.busy", QUND_KV("command", c->name));
        qund_command_free(c);
    }
}

static void send(struct qund *q, const char *name, void *attach, void (*attach_free)(void *))
{
    struct qund_command *c = qund_command_new(name, QUND_STR("{}"), "signal");

    c->attach = attach;
    c->attach_free = attach_free;
    send_command(q, c);
}

static void reload_config(struct qund *q)
{
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf fixed = {0};
    struct qund_config_kinds kinds;
    struct qund_config *next;

    if (!q->opts.config_path)
        return;
    qund_errs_init(&errs, ERRORS_MAX);
    if (q->opts.plugins)
        kinds = qund_plugin_kinds(q->opts.plugins);
    if (qund_config_load_kinds(q->opts.config_path, q->opts.plugins ? &kinds : NULL, &next, &errs) <
        0) {
        refuse(q, "config.refused", &errs, q->config_why);
        return;
    }
    if (qund_deliver_check(next, &errs) < 0) {
        refuse(q, "config.refused", &errs, q->config_why);
        qund_config_unref(next);
        return;
    }
    q->config_why[0] = '\0';
    if (q->opts.listen) /* was good at the start */
        qund_ignore(qund_config_set(next, "http.listen", qund_str(q->opts.listen), &errs));
    if (qund_config_reload_diff(q->config, next, &fixed) > 0)
        qund_log(q->log, QUND_WARN, "config.needs_restart",
                 QUND_KV("keys", qund_str_trim(qund_buf_view(&fixed))));
    qund_config_unref(q->config);
    q->config = next;
    qund_log_level(q->log, next->log.level);
    qund_maint_config(q->maint, next);
    qund_hosts_config(q, next);
    qund_deliver_config(q->deliver, next);
    send(q, "config.swap", qund_config_ref(next), drop_config);
    qund_log(q->log, QUND_INFO, "config.loaded");
}

/* One is shown, check shows them all. */
static void note_pushes(struct qund *q, const char *event, const struct qund_errs *found,
                        char shown[520])
{
    shown[0] = '\0';
    if (found->n == 0)
        return;
    snprintf(shown, 520, "%s: %s", found->v[0].where, found->v[0].text);
    qund_log(q->log, QUND_WARN, event, QUND_KV("where", found->v[0].where),
             QUND_KV("what", found->v[0].text));
}

static void look_at_pushes(struct qund *q, const struct qund_org *org)
{
    QUND_AUTO(qund_errs_done) struct qund_errs lost = {0};
    QUND_AUTO(qund_errs_done) struct qund_errs met = {0};

    qund_errs_init(&lost, 1);
    qund_errs_init(&met, 1);
    qund_org_lost_pushes(org, q->config, &lost);
    qund_org_met_pushes(org, q->config, &met);
    note_pushes(q, "org.lost_pushes", &lost, q->org_lost);
    note_pushes(q, "org.met_pushes", &met, q->org_met);
}

static void drop_org(void *org)
{
    qund_org_free(org);
}

void qund_org_reload(struct qund *q)
{
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    struct qund_org *org;

    q->org_why[0] = '\0';
    if (!q->config->org.file)
        return;
    qund_errs_init(&errs, ERRORS_MAX);
    if (qund_org_load_named(q->config, &org, &errs) < 0) {
        refuse(q, "org.refused", &errs, q->org_why);
        return;
    }
    q->org_known = true;
    look_at_pushes(q, org);
    send(q, "org.apply", org, drop_org);
}

/* Whoever makes a plan meanwhile is told, because it will be of the templates as they were. */
static void tell_refused(struct qund *q, const struct qund_errs *errs)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    struct qund_jw w = qund_jw(&body);

    if (errs->n == 0)
        return;
    qund_jw_obj(&w);
    qund_jw_kz(&w, "where", errs->v[0].where);
    qund_jw_kz(&w, "text", errs->v[0].text);
    qund_jw_kint(&w, "more", (int64_t)(errs->n - 1 + errs->dropped));
    qund_jw_end_obj(&w);
    send_command(q, qund_command_new("sop.refused", qund_buf_view(&body), "signal"));
}

void qund_sop_reload(struct qund *q)
{
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    struct qund_sop_templates *set;

    q->sop_why[0] = '\0';
    qund_errs_init(&errs, ERRORS_MAX);
    if (qund_sopset_load(q->config, &set, &errs, NULL) < 0) {
        refuse(q, "sop.refused", &errs, q->sop_why);
        tell_refused(q, &errs);
        return;
    }
    q->sop_known = true;
    send(q, "sop.templates", set, qund_sopset_drop);
}

void qund_reload(struct qund *q)
{
    struct qund_command *c = qund_command_new("rules.reload", QUND_STR("{}"), "signal");

    reload_config(q);
    qund_org_reload(q);
    qund_sop_reload(q);
    if (qund_maint_job(q->maint, c) < 0)
        qund_command_free(c);
}
