/* hosts.c - plugins started, their entries opened and closed.
 *
 * Started are the plugins that an entry of the configuration names. Their entries are opened a
 * moment later, when everything is applied that was received before this start: then what a plugin
 * keeps is known in its newest form, and a channel takes up its source where it really stands.
 * Channels first, then targets, because a target may send through a channel of its own plugin.
 *
 * What fails costs as little as it can: an entry that does not open is down, a plugin that does not
 * start is refused with all its entries, and the daemon runs and says so. */
#include "app/host.h"

#define TICK_MS 50
#define STOPS_MAX 3
#define STOPS_KEY "plugin_stops"

/* --- three stops --- */

/* "name:2": it was in hand at the last two unclean stops. */
static int64_t stops_before(struct qund *q, const char *name)
{
    QUND_AUTO(qund_buf_done) struct qund_buf row = {0};
    struct qund_str rest, who;
    int64_t n;

    if (qund_meta_str(q->db, STOPS_KEY, &row) < 0)
        return 0;
    rest = qund_buf_view(&row);
    who = qund_str_split(&rest, ':');
    return qund_str_is(who, name) && qund_str_int(rest, &n) == 0 ? n : 0;
}

/* Any start without a plugin in hand at the stop before it begins the count anew. */
static int count_stops(struct qund *q, const char **name, int64_t *n)
{
    QUND_AUTO(qund_buf_done) struct qund_buf row = {0};

    *name = q->left.unclean && q->left.set[QUND_INHAND_LOOP] ? q->left.stage[QUND_INHAND_LOOP] : "";
    *n = **name ? stops_before(q, *name) + 1 : 0;
    qund_buf_printf(&row, "%s:%lld", *name, (long long)*n);
    return qund_meta_set_str(q->db, STOPS_KEY, qund_buf_view(&row));
}

int qund_plugins_suspect(struct qund *q, struct qund_err *err)
{
    const char *name;
    struct qund_plugin_file *f;
    char why[256];
    int64_t n;
    int rc = count_stops(q, &name, &n);

    if (rc < 0)
        return qund_err_set(err, rc, "store", "%s", qund_db_error(q->db));
    for (size_t i = 0; q->opts.plugins && n > 0 && (f = qund_plugins_at(q->opts.plugins, i)); i++) {
        if (strcmp(f->name, name) != 0)
            continue;
        qund_log(q->log, QUND_WARN, "plugin.suspect", QUND_KV("plugin", name),
                 QUND_KV("key", (const char *)q->left.key[QUND_INHAND_LOOP]), QUND_KV("stops", n));
        if (n < STOPS_MAX || f->state != QUND_PLUGIN_LOADED)
            continue;
        snprintf(why, sizeof(why),
                 "the daemon stopped %lld times in a row while it was at work (last: %.100s); it "
                 "is left out until the next start",
                 (long long)n, q->left.key[QUND_INHAND_LOOP]);
        qund_plugin_file_put(f, QUND_PLUGIN_STOPPED, why);
        qund_log(q->log, QUND_ERROR, "plugin.stopped", QUND_KV("plugin", name),
                 QUND_KV("why", (const char *)f->why));
    }
    return QUND_OK;
}

/* --- entries --- */

struct qund_channel *host_entry(struct qund_hosts *hs, bool is_channel, struct qund_str name)
{
    for (struct link *l = hs->entries; l; l = l->next) {
        struct qund_channel *e = QUND_CONTAINER(l, struct qund_channel, link);

        if (e->is_channel == is_channel && qund_str_is(name, e->name))
            return e;
    }
    return NULL;
}

static struct host *host_named(struct qund_hosts *hs, const char *name)
{
    for (struct link *l = hs->hosts; l; l = l->next) {
        struct host *h = QUND_CONTAINER(l, struct host, link);

        if (strcmp(h->plugin->name, name) == 0)
            return h;
    }
    return NULL;
}

static void down(struct qund_channel *e, const struct qund_fault *why)
{
    snprintf(e->why, sizeof(e->why), "%.90s%s%.200s", why->where, why->where[0] ? ": " : "",
             why->text[0] ? why->text : "it gave no reason");
    qund_log(e->host->all->q->log, QUND_ERROR, "plugin.entry_down",
             QUND_KV("plugin", e->host->plugin->name), QUND_KV("entry", e->name),
             QUND_KV("why", (const char *)e->why));
}

static int open_by_plugin(struct qund_channel *e, struct qund_fault *why)
{
    const struct qund_plugin *p = e->host->plugin;

    if (!e->is_channel)
        return p->target_open(e->host->ctx, &e->info, &e->handle, why);
    e->handle = &e->info;
    return p->channel_open ? p->channel_open(e->host->ctx, &e->info, &e->handle, why) : QUND_OK;
}

static void entry_open(struct qund_channel *e)
{
    const struct qund_channel_cfg *ch =
        e->is_channel ? qund_config_channel(e->config, qund_str(e->name)) : NULL;
    struct qund_fault why = {0};
    int rc;

    e->info = (struct qund_entry_info){.name = e->name,
                                       .realm = ch ? ch->realm : NULL,
                                       .channel = e->is_channel ? e : NULL,
                                       .cfg = e->own->cfg,
                                       .host = &e->host->api};
    e->life = ++e->host->all->last_life;
    host_enter(e->host, e->name);
    rc = open_by_plugin(e, &why);
    host_leave(e->host->all);
    e->open = rc == 0;
    why.where[sizeof(why.where) - 1] = why.text[sizeof(why.text) - 1] = '\0';
    if (rc < 0)
        down(e, &why);
}

static void entry_close(struct qund_channel *e)
{
    const struct qund_plugin *p = e->host->plugin;

    if (!e->open)
        return;
    e->open = false;
    host_enter(e->host, e->name);
    if (!e->is_channel)
        p->target_close(e->handle);
    else if (p->channel_close)
        p->channel_close(e->handle);
    host_leave(e->host->all);
    e->life = 0;
    e->trouble[0] = '\0';
    host_requests_end(e);
    host_sockets_end(e);
}

static void entry_free(struct qund_channel *e)
{
    entry_close(e);
    link_take(&e->link);
    qund_config_unref(e->config);
    qund_free(e->name);
    qund_free(e);
}

static struct qund_channel *entry_new(struct host *h, bool is_channel, const char *name,
                                      const struct qund_own *own, struct qund_config *config)
{
    struct qund_channel *e = qund_alloc(sizeof(*e));

    e->host = h;
    e->is_channel = is_channel;
    e->name = qund_strdup(name);
    e->config = qund_config_ref(config);
    e->own = own;
    snprintf(e->why, sizeof(e->why), "not opened yet");
    link_put(&h->all->entries, &e->link);
    return e;
}

/* --- plugins --- */

static void host_free(struct host *h)
{
    if (h->up && h->plugin->stop) {
        host_enter(h, "stop");
        h->plugin->stop(h->ctx);
        host_leave(h->all);
    }
    h->up = false;
    host_asks_end(h);
    host_basics_end(h);
    link_take(&h->link);
    qund_free(h);
}

static void host_start(struct qund_hosts *hs, struct qund_plugin_file *f)
{
    struct host *h = qund_alloc(sizeof(*h));
    struct qund_fault why = {0};
    int rc;

    h->all = hs;
    h->file = f;
    h->plugin = f->plugin;
    h->api = (struct qund_host){.size = sizeof(struct qund_host),
                                .abi_major = QUND_ABI_MAJOR,
                                .abi_minor = QUND_ABI_MINOR,
                                .version = QUND_VERSION};
    host_basics(&h->api);
    host_requests(&h->api);
    host_sockets(&h->api);
    host_asks(&h->api);
    host_mails(&h->api);
    host_ingest(&h->api);
    host_deliveries(&h->api);
    host_troubles(&h->api);
    link_put(&hs->hosts, &h->link);
    host_enter(h, "start");
    rc = h->plugin->start ? h->plugin->start(&h->api, &h->ctx, &why) : QUND_OK;
    host_leave(hs);
    h->up = rc == 0;
    if (h->up) {
        host_jobs_start(h);
        return;
    }
    why.text[sizeof(why.text) - 1] = '\0';
    qund_plugin_file_put(f, QUND_PLUGIN_REFUSED, why.text[0] ? why.text : "its start failed");
    qund_log(hs->q->log, QUND_ERROR, "plugin.refused", QUND_KV("file", f->path),
             QUND_KV("why", (const char *)f->why));
    host_free(h);
}

/* The plugin of an entry, started when it is not yet; NULL: it cannot be used. */
static struct host *host_for(struct qund_hosts *hs, const char *kind)
{
    struct host *h = host_named(hs, kind);
    struct qund_plugin_file *f;

    if (h || !hs->q->opts.plugins)
        return h;
    f = qund_plugins_find(hs->q->opts.plugins, qund_str(kind), NULL);
    if (f && f->state == QUND_PLUGIN_LOADED)
        host_start(hs, f);
    return host_named(hs, kind);
}

static void add_entries(struct qund_hosts *hs, struct qund_config *c)
{
    struct host *h;

    for (size_t i = 0; i < c->n_channels; i++)
        if (c->channels[i].own.table && (h = host_for(hs, c->channels[i].kind)))
            entry_new(h, true, c->channels[i].name, &c->channels[i].own, c);
    for (size_t i = 0; i < c->n_targets; i++)
        if (c->targets[i].own.table && (h = host_for(hs, c->targets[i].kind)))
            entry_new(h, false, c->targets[i].name, &c->targets[i].own, c);
}

/* --- opening, when the past is applied --- */

static void open_all(struct qund_hosts *hs, bool channels)
{
    for (struct link *l = hs->entries; l; l = l->next) {
        struct qund_channel *e = QUND_CONTAINER(l, struct qund_channel, link);

        if (e->is_channel == channels && !e->open)
            entry_open(e);
    }
}

static void open_when_applied(struct qund_hosts *hs)
{
    struct qund_worker_state st;
    struct qund_err err = {0};

    qund_worker_state(hs->q->worker, &st);
    if (st.floor_ms < hs->since_ms)
        return;
    if (host_state_read(hs, &err) < 0) {
        if (qund_log_allow(&hs->gate, qund_mono_now().ms, 1))
            qund_log(hs->q->log, QUND_ERROR, "plugin.state", QUND_KV("where", err.where),
                     QUND_KV("why", err.text));
        return; /* tried again */
    }
    hs->opened = true;
    open_all(hs, true);
    open_all(hs, false);
    host_deliveries_begin(hs);
}

static void on_tick(void *arg)
{
    struct qund_hosts *hs = arg;

    if (!hs->opened && !atomic_load(&hs->stopping))
        open_when_applied(hs);
    host_requests_tick(hs);
}

static void on_soon(void *arg)
{
    host_laters_run(arg);
}

static void open_mail(void *arg)
{
    struct qund_hosts *hs = arg;
    struct qund_node *next;

    for (struct qund_node *n = qund_mbox_take_all(hs->mbox); n; n = next) {
        struct home *h = QUND_CONTAINER(n, struct home, node);

        next = n->next;
        h->open(hs, h);
    }
}

/* Those the configuration made known before there was a log. */
static void log_file(struct qund *q, const struct qund_plugin_file *f)
{
    if (f->state == QUND_PLUGIN_LOADED)
        qund_log(q->log, QUND_INFO, "plugin.loaded", QUND_KV("file", f->path),
                 QUND_KV("version", (const char *)f->version));
    else
        qund_log(q->log, QUND_ERROR, "plugin.refused", QUND_KV("file", f->path),
                 QUND_KV("why", (const char *)f->why));
}

int qund_hosts_open(struct qund *q, struct qund_err *err)
{
    struct qund_hosts *hs = qund_alloc(sizeof(*hs));
    struct qund_plugin_file *f;
    int rc;

    hs->q = q;
    hs->mbox = qund_mbox_new(0); /* bounded by what was asked for */
    hs->arena = qund_arena_new(4096);
    hs->since_ms = qund_clock_now(q->clock).ms;
    hs->tick = qund_loop_timer_new(q->loop, on_tick, hs);
    hs->soon = qund_loop_timer_new(q->loop, on_soon, hs);
    q->hosts = hs;
    rc = qund_loop_watch_fd(q->loop, qund_mbox_fd(hs->mbox), open_mail, hs, &hs->watch, err);
    if (rc == 0 && qund_loop_after_io(q->loop, host_ingest_flush, hs) < 0)
        rc = qund_err_set(err, QUND_E_FULL, "loop", "no place for plugins on this loop");
    if (rc < 0)
        return rc;
    for (size_t i = 0; q->opts.plugins && (f = qund_plugins_at(q->opts.plugins, i)); i++)
        log_file(q, f);
    add_entries(hs, q->config);
    qund_loop_timer_start(hs->tick, TICK_MS, TICK_MS);
    return QUND_OK;
}

/* --- a reload --- */

static void reload_entry(struct qund_channel *e, struct qund_config *next)
{
    const struct qund_channel_cfg *ch = qund_config_channel(next, qund_str(e->name));
    const struct qund_target_cfg *t = qund_config_target(next, qund_str(e->name));
    const struct qund_own *own = e->is_channel ? (ch ? &ch->own : NULL) : (t ? &t->own : NULL);
    struct qund_config *was = e->config;

    if (own && qund_own_same(own, e->own)) {
        if (e->open && e->trouble[0] && e->host->plugin->channel_reload) {
            host_enter(e->host, e->name);
            e->host->plugin->channel_reload(e->handle, e->own->cfg);
            host_leave(e->host->all);
        }
        return;
    }
    if (!e->is_channel && (!own || own->table != e->own->table)) {
        entry_free(e); /* gone, or another kind: made anew below */
        return;
    }
    if (e->is_channel && (!own || !qund_own_reloadable(own, e->own)))
        return; /* needs a restart, which the reload has said */
    if (!e->open || !e->is_channel || !e->host->plugin->channel_reload)
        entry_close(e);
    e->config = qund_config_ref(next);
    e->own = own;
    if (e->open) {
        host_enter(e->host, e->name);
        e->info.cfg = own->cfg;
        e->host->plugin->channel_reload(e->handle, own->cfg);
        host_leave(e->host->all);
    } else if (e->host->all->opened) {
        entry_open(e);
    }
    qund_config_unref(was);
}

void qund_hosts_config(struct qund *q, struct qund_config *next)
{
    struct qund_hosts *hs = q->hosts;
    struct link *l = hs->entries, *after;
    struct host *h;

    for (; l; l = after) {
        after = l->next;
        reload_entry(QUND_CONTAINER(l, struct qund_channel, link), next);
    }
    for (size_t i = 0; i < next->n_targets; i++) {
        const struct qund_target_cfg *t = &next->targets[i];

        if (!t->own.table || host_entry(hs, false, qund_str(t->name)))
            continue;
        h = host_for(hs, t->kind);
        if (h) {
            struct qund_channel *e = entry_new(h, false, t->name, &t->own, next);

            if (hs->opened)
                entry_open(e);
        }
    }
}

/* --- an end --- */

void qund_hosts_refuse(struct qund *q)
{
    if (!q->hosts)
        return;
    atomic_store(&q->hosts->stopping, true);
    host_requests_hurry(q->hosts);
}

void qund_hosts_stop(struct qund *q)
{
    struct qund_hosts *hs = q->hosts;

    if (!hs)
        return;
    atomic_store(&hs->stopping, true);
    for (int channels = 0; channels < 2; channels++) { /* targets first: they may use channels */
        struct link *l = hs->entries, *next;

        for (; l; l = next) {
            next = l->next;
            if (QUND_CONTAINER(l, struct qund_channel, link)->is_channel == channels)
                entry_free(QUND_CONTAINER(l, struct qund_channel, link));
        }
    }
    host_ingest_flush(hs);
    while (hs->hosts)
        host_free(QUND_CONTAINER(hs->hosts, struct host, link));
}

void qund_hosts_free(struct qund *q)
{
    struct qund_hosts *hs = q->hosts;

    if (!hs)
        return;
    open_mail(hs);
    qund_loop_after_io_end(q->loop, host_ingest_flush, hs);
    qund_dialer_free(hs->dialer);
    host_sockets_free(hs);
    host_deliveries_free(hs);
    host_state_free(hs);
    qund_watch_free(hs->watch);
    qund_loop_timer_free(hs->tick);
    qund_loop_timer_free(hs->soon);
    qund_mbox_free(hs->mbox);
    qund_arena_free(hs->arena);
    qund_free(hs);
    q->hosts = NULL;
}
