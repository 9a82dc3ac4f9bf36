/* src/cli/doctor.c - looks for what commonly goes wrong, one line each: what, how it is, what to
 * do. */
#include "app/plugins.h"
#include "app/qund.h"
#include "app/ruleset.h"
#include "cli/cli.h"
#include "core/fds.h"
#include "core/file.h"
#include "core/json.h"
#include "core/yaml.h"
#include "core/zone.h"
#include "crm/org.h"
#include "net/server.h"
#include "net/versions.h"
#include "queue/queue.h"
#include "store/db.h"
#include "store/maint.h"
#include "text/fold.h"
#include "text/match.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FREE_LOW (256LL << 20)

struct look {
    struct cli *c;
    struct qund_config *cfg;
    struct qund_plugins *plugins;
    struct qund_buf out; /* with --json */
    struct qund_jw w;
    int bad;
};

static void say(struct look *l, const char *what, bool fine, const char *text)
{
    if (l->c->json) {
        qund_jw_obj(&l->w);
        qund_jw_kz(&l->w, "what", what);
        qund_jw_kbool(&l->w, "ok", fine);
        qund_jw_kz(&l->w, "text", text);
        qund_jw_end_obj(&l->w);
    } else {
        printf("%-14s %s  %s\n", what, fine ? "ok " : "BAD", text);
    }
    l->bad += !fine;
}

static void look_config(struct look *l)
{
    char text[400];

    if (!l->cfg) {
        say(l, "configuration", false, "broken, as said on stderr; nothing else is looked at");
        return;
    }
    snprintf(text, sizeof(text), "%s, %d targets, %d channels",
             l->c->config ? l->c->config : "the built-in default", (int)l->cfg->n_targets,
             (int)l->cfg->n_channels);
    say(l, "configuration", true, text);
    if (l->cfg->n_targets == 0)
        say(l, "targets", true,
            "none: alerts are seen in `qund watch` and the API only; add one under `targets:`");
}

/* "mail 0.1.0, ABI 1.2, loaded: /usr/lib/qund/plugins/mail.so"; what was refused by the probe has
 * no version that could be believed, and its reason says which ABI it wants. */
static void say_plugin(struct look *l, const struct qund_plugin_file *f)
{
    bool fine = f->state == QUND_PLUGIN_LOADED;
    char text[1024];

    if (f->plugin)
        snprintf(text, sizeof(text), "%s %s, ABI %u.%u, %s: %s%s%s", f->name, f->version,
                 f->plugin->abi_major, f->plugin->abi_minor, qund_plugin_state_name(f->state),
                 f->path, fine ? "" : ": ", fine ? "" : f->why);
    else
        snprintf(text, sizeof(text), "%s, %s: %s: %s", f->name, qund_plugin_state_name(f->state),
                 f->path, f->why);
    say(l, "plugin", fine, text);
}

/* Every file there is, also in folders the configuration has named in vain: no entry needs them. */
static void look_plugins(struct look *l)
{
    const struct qund_plugin_file *f;
    size_t i;

    if (l->cfg)
        qund_plugins_dirs(l->plugins, (const char *const *)l->cfg->plugins.dirs.v,
                          l->cfg->plugins.dirs.n);
    qund_plugins_find_all(l->plugins);
    for (i = 0; (f = qund_plugins_at(l->plugins, i)); i++)
        say_plugin(l, f);
    if (i == 0)
        say(l, "plugins", true, "none are installed");
}

static void look_org(struct look *l)
{
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    struct qund_org *org = NULL;
    char text[600];

    if (!l->cfg->org.file) {
        say(l, "org file", true, "none: every alert goes to every target (org.file names staff)");
        return;
    }
    qund_errs_init(&errs, 1);
    if (qund_org_load_named(l->cfg, &org, &errs) < 0) {
        snprintf(text, sizeof(text), "%s: %s (all: qund check)", errs.v[0].where, errs.v[0].text);
        say(l, "org file", false, text);
    } else {
        say(l, "org file", true, l->cfg->org.file);
    }
    qund_org_free(org);
}

static void look_rules(struct look *l)
{
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    QUND_AUTO(qund_rules_unref) struct qund_rules *rules = NULL;
    char text[600];

    qund_errs_init(&errs, 1);
    if (qund_ruleset_load(l->cfg, NULL, qund_fold_tables(), &rules, &errs) < 0) {
        snprintf(text, sizeof(text), "%s: %s (all: qund check)", errs.v[0].where, errs.v[0].text);
        say(l, "rules", false, text);
        return;
    }
    snprintf(text, sizeof(text), "%zu rules", qund_rules_count(rules));
    say(l, "rules", qund_rules_count(rules) > 0, text);
}

/* As every subcommand opens it: a store of a newer program or of another user is found here. */
static void look_store(struct look *l, const char *path)
{
    QUND_AUTO(qund_db_close) struct qund_db *db = NULL;
    struct qund_err err = {0};
    int rc = qund_store_check(path, &err);

    if (access(path, F_OK) < 0 && errno == ENOENT) {
        say(l, "store", true, "none yet");
        return;
    }
    if (rc == 0)
        rc = qund_db_open(&(struct qund_db_cfg){.path = path, .busy_ms = 2000}, QUND_DB_READ, NULL,
                          &db, &err);
    say(l, "store", rc == 0, rc == 0 ? path : err.text);
}

static void look_data(struct look *l)
{
    QUND_AUTO(qund_free_str) char *store = qund_path_join(l->c->data, "qund.db");
    struct statvfs fs;
    char text[400];

    if (access(l->c->data, F_OK) < 0) {
        say(l, "data folder", true, "does not exist yet; the first start makes it");
        return;
    }
    say(l, "data folder", access(l->c->data, R_OK | W_OK | X_OK) == 0,
        access(l->c->data, R_OK | W_OK | X_OK) == 0 ? l->c->data : "not writable by this user");
    look_store(l, store);
    if (statvfs(l->c->data, &fs) == 0) {
        long long left = (long long)fs.f_bavail * (long long)fs.f_frsize;

        snprintf(text, sizeof(text), "%lld MiB free", left >> 20);
        say(l, "disk", left > FREE_LOW, text);
    }
}

/* Of this shell: what systemd or a container gives the daemon, its own /readyz knows. */
static void look_descriptors(struct look *l)
{
    struct qund_fds fds;
    int64_t wanted = qund_descriptors(l->cfg);
    char text[256];

    qund_fds_look(&fds);
    snprintf(text, sizeof(text), "%lld wanted by http.max_connections, %lld may be had here%s",
             (long long)wanted, (long long)fds.hard,
             fds.hard < wanted ? ": raise the hard limit (LimitNOFILE=, --ulimit nofile=, ulimit "
                                 "-Hn) or lower http.max_connections"
                               : "");
    say(l, "open files", fds.hard >= wanted, text);
}

/* Asked as the daemon asks it at its start, but for the lease: it may be running. */
static void look_given_redis(struct look *l)
{
    struct qund_queue_addr addr;
    struct qund_queue_opts o = {.addr = &addr};
    struct qund_queue_info info;
    struct qund_err err = {0};
    char text[96];
    int rc = qund_queue_addr_parse(qund_str(l->cfg->queue.url), qund_str(l->cfg->queue.prefix),
                                   &addr, &err);

    if (rc == 0 && l->cfg->queue.password)
        snprintf(addr.password, sizeof(addr.password), "%s", l->cfg->queue.password);
    if (rc == 0)
        rc = qund_queue_inspect(&o, &info, &err);
    if (rc == 0)
        snprintf(text, sizeof(text), "Redis %s, a given one, appendfsync %s", info.version,
                 qund_fsync_name(info.fsync));
    say(l, "redis", rc == 0, rc == 0 ? text : err.text);
}

static void look_redis(struct look *l)
{
    FILE *p;
    char text[256] = "";

    if (strcmp(l->cfg->queue.url, "managed") != 0) {
        look_given_redis(l);
        return;
    }
    p = popen("redis-server --version 2>/dev/null", "r");
    if (p && !fgets(text, sizeof(text), p))
        text[0] = '\0';
    if (p)
        pclose(p);
    text[strcspn(text, "\n")] = '\0';
    say(l, "redis", text[0] != '\0',
        text[0] ? text : "no redis-server: apt-get install redis-server");
}

static void look_zone(struct look *l)
{
    QUND_AUTO(qund_zone_free) struct qund_zone *z = NULL;
    struct qund_err err = {0};

    bool fine = qund_zone_load(NULL, l->cfg->time.zone, &z, &err) == 0;

    say(l, "time zone", fine, fine ? l->cfg->time.zone : err.text);
}

/* Only when no daemon of ours runs: then the port should be free. */
static void look_port(struct look *l)
{
    struct qund_err err = {0};
    bool fine = qund_server_try(l->cfg->http.listen, &err) == 0;

    say(l, "port", fine, fine ? l->cfg->http.listen : err.text);
}

static void look_daemon(struct look *l)
{
    QUND_AUTO(qund_buf_done) struct qund_buf ready = {0};

    if (!cli_daemon(l->c)) {
        look_port(l);
        say(l, "daemon", true, "not running on this data folder; `qund serve` starts it");
        return;
    }
    if (cli_ask(l->c, "GET", "/readyz", QUND_STR_NONE, &ready) != EXIT_FINE) {
        say(l, "daemon", false, "takes no events now; see `qund status`");
        return;
    }
    ready.n = qund_str_trim(qund_buf_view(&ready)).n;
    ready.p[ready.n] = '\0';
    say(l, "daemon", strstr(ready.p, "\"degraded\":[]") != NULL, ready.p);
}

int cli_doctor(struct cli *c)
{
    static void (*const LOOKS[])(struct look *) = {look_config, look_plugins, look_org,
                                                   look_rules,  look_data,    look_descriptors,
                                                   look_redis,  look_zone,    look_daemon};
    QUND_AUTO(qund_plugins_free) struct qund_plugins *plugins = qund_plugins_usual(NULL);
    QUND_AUTO(qund_config_unref) struct qund_config *cfg = cli_config_kinds(c, plugins);
    struct look l = {.c = c, .cfg = cfg, .plugins = plugins};

    l.w = qund_jw(&l.out);
    qund_jw_arr(&l.w);
    /* Without a configuration: the first two, since a `kind` may be what is wrong with it. */
    for (size_t i = 0; i < (cfg ? QUND_ARRAY_LEN(LOOKS) : 2); i++)
        LOOKS[i](&l);
    qund_jw_end_arr(&l.w);
    if (c->json)
        cli_print_json(qund_buf_view(&l.out));
    qund_buf_done(&l.out);
    return l.bad ? EXIT_WRONG : EXIT_FINE;
}

int cli_version(struct cli *c)
{
    static void (*const PARTS[])(struct qund_buf *) = {qund_db_version, qund_match_version,
                                                       qund_queue_version, qund_yaml_version,
                                                       qund_net_versions};
    QUND_AUTO(qund_buf_done) struct qund_buf parts = {0};

    qund_buf_printf(&parts, "Jansson %s", jansson_version_str());
    for (size_t i = 0; i < QUND_ARRAY_LEN(PARTS); i++) {
        qund_buf_puts(&parts, ", ");
        PARTS[i](&parts);
    }
    printf(c->json ? "{\"qund\":\"%s\",\"parts\":\"%.*s\"}\n" : "qund %s (%.*s)\n", QUND_VERSION,
           QUND_STR_ARG(qund_buf_view(&parts)));
    return EXIT_FINE;
}
