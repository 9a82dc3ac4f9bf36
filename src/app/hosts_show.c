/* hosts_show.c - how plugins are: sentences for /readyz, keys for `qund status`, numbers for
 * /metrics. */
#include "app/host.h"

static void channel_trouble(struct qund_channel *c, struct qund_str why)
{
    if (qund_utf8_check(why) >= 0)
        why = QUND_STR("its plugin names a trouble in bytes that are not UTF-8");
    why = qund_utf8_cut(why, sizeof(c->trouble) - 2);
    snprintf(c->trouble, sizeof(c->trouble), "%.*s", QUND_STR_ARG(why));
}

void host_troubles(struct qund_host *api)
{
    api->channel_trouble = channel_trouble;
}

/* An entry that failed to open is down and said; the others make the daemon ready all the same.
 * Before they were tried, at the start, bridges would be answered 503. */
bool qund_hosts_ready(struct qund *q, struct qund_jw *w)
{
    struct qund_plugin_file *f;
    bool waiting = false;

    for (size_t i = 0; q->opts.plugins && (f = qund_plugins_at(q->opts.plugins, i)); i++)
        if (f->state != QUND_PLUGIN_LOADED)
            qund_jw_printf(w, "plugin %s is not used: %s", f->name, f->why);
    for (struct link *l = q->hosts ? q->hosts->entries : NULL; l; l = l->next) {
        const struct qund_channel *e = QUND_CONTAINER(l, struct qund_channel, link);

        if (!e->open)
            qund_jw_printf(w, "%s %s is down: %s", e->is_channel ? "channel" : "target", e->name,
                           e->why);
        else if (e->trouble[0])
            qund_jw_printf(w, "channel %s: %s", e->name, e->trouble);
        if (e->is_channel && !q->hosts->opened)
            waiting = true;
    }
    return !waiting;
}

void qund_hosts_status(struct qund *q, struct qund_jw *w)
{
    struct qund_plugin_file *f;

    qund_jw_key(w, "plugins");
    qund_jw_obj(w);
    for (size_t i = 0; q->opts.plugins && (f = qund_plugins_at(q->opts.plugins, i)); i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf text = {0};

        qund_buf_printf(&text, "%s %s%s%s", qund_plugin_state_name(f->state), f->version,
                        f->state == QUND_PLUGIN_LOADED ? "" : ": ",
                        f->state == QUND_PLUGIN_LOADED ? "" : f->why);
        qund_jw_kstr(w, f->name, qund_buf_view(&text));
    }
    qund_jw_end_obj(w);
}

void qund_hosts_gauges(struct qund *q)
{
    static const char *const LABELS[QUND_PLUGIN_STATES] = {"state=\"loaded\"", "state=\"refused\"",
                                                           "state=\"stopped\""};
    int64_t n[QUND_PLUGIN_STATES] = {0};
    struct qund_plugin_file *f;

    for (size_t i = 0; q->opts.plugins && (f = qund_plugins_at(q->opts.plugins, i)); i++)
        n[f->state]++;
    for (size_t s = 0; s < QUND_PLUGIN_STATES; s++)
        qund_counter_set(qund_metric_gauge(q->metrics, "qund_plugins", LABELS[s],
                                           "Plugins the configuration names, by what became of "
                                           "them."),
                         n[s]);
}
