/* src/cli/doctor.c - looks for what commonly goes wrong, one line each: what, how it is, what to
 * do. */
#include "app/ruleset.h"
#include "cli/cli.h"
#include "core/file.h"
#include "core/zone.h"
#include "net/versions.h"
#include "store/maint.h"
#include "text/fold.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FREE_LOW (256LL << 20)

struct look {
    struct cli *c;
    struct qund_config *cfg;
    int bad;
};

static void say(struct look *l, const char *what, bool fine, const char *text)
{
    printf("%-14s %s  %s\n", what, fine ? "ok " : "BAD", text);
    l->bad += !fine;
}

static void look_config(struct look *l)
{
    char text[64];

    snprintf(text, sizeof(text), "%d targets, %d channels", (int)l->cfg->n_targets,
             (int)l->cfg->n_channels);
    say(l, "configuration", true, l->cfg->n_targets ? text : "no targets: alerts reach nobody yet");
}

static void look_rules(struct look *l)
{
    QUND_AUTO(qund_fold_free) struct qund_fold *fold = NULL;
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    QUND_AUTO(qund_rules_unref) struct qund_rules *rules = NULL;
    struct qund_err err = {0};
    char text[600];

    qund_errs_init(&errs, 1);
    if (qund_fold_new(&fold, &err) < 0) {
        say(l, "text tables", false, err.text);
        return;
    }
    if (qund_ruleset_load(l->cfg, NULL, fold, &rules, &errs) < 0) {
        snprintf(text, sizeof(text), "%s: %s (all: qund check)", errs.v[0].where, errs.v[0].text);
        say(l, "rules", false, text);
        return;
    }
    snprintf(text, sizeof(text), "%zu rules", qund_rules_count(rules));
    say(l, "rules", qund_rules_count(rules) > 0, text);
}

static void look_data(struct look *l)
{
    QUND_AUTO(qund_free_str) char *store = qund_path_join(l->c->data, "qund.db");
    struct qund_err err = {0};
    struct statvfs fs;
    char text[400];

    if (access(l->c->data, F_OK) < 0) {
        say(l, "data folder", true, "does not exist yet; the first start makes it");
        return;
    }
    say(l, "data folder", access(l->c->data, R_OK | W_OK | X_OK) == 0,
        access(l->c->data, R_OK | W_OK | X_OK) == 0 ? l->c->data : "not writable by this user");
    if (qund_store_check(store, &err) < 0)
        say(l, "store", false, err.text);
    else
        say(l, "store", true, access(store, F_OK) == 0 ? store : "none yet");
    if (statvfs(l->c->data, &fs) == 0) {
        long long left = (long long)fs.f_bavail * (long long)fs.f_frsize;

        snprintf(text, sizeof(text), "%lld MiB free", left >> 20);
        say(l, "disk", left > FREE_LOW, text);
    }
}

static void look_redis(struct look *l)
{
    FILE *p;
    char text[256] = "";

    if (strcmp(l->cfg->queue.url, "managed") != 0) {
        say(l, "redis", true, "a given one: see `qund status` once the daemon runs");
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

    say(l, "time zone", qund_zone_load(NULL, l->cfg->time.zone, &z, &err) == 0,
        z ? l->cfg->time.zone : err.text);
}

static void look_daemon(struct look *l)
{
    QUND_AUTO(qund_buf_done) struct qund_buf ready = {0};

    if (!cli_daemon(l->c)) {
        say(l, "daemon", true, "not running on this data folder");
        return;
    }
    if (cli_ask(l->c, "GET", "/readyz", QUND_STR_NONE, &ready) == EXIT_FINE)
        say(l, "daemon", true, ready.p ? ready.p : "up");
    else
        l->bad++;
}

int cli_doctor(struct cli *c)
{
    static void (*const LOOKS[])(struct look *) = {look_config, look_rules, look_data,
                                                   look_redis,  look_zone,  look_daemon};
    QUND_AUTO(qund_config_unref) struct qund_config *cfg = cli_config(c);
    struct look l = {.c = c, .cfg = cfg};

    if (!cfg)
        return EXIT_WRONG;
    for (size_t i = 0; i < QUND_ARRAY_LEN(LOOKS); i++)
        LOOKS[i](&l);
    return l.bad ? EXIT_WRONG : EXIT_FINE;
}

int cli_version(struct cli *c)
{
    QUND_AUTO(qund_buf_done) struct qund_buf parts = {0};

    qund_net_versions(&parts);
    printf(c->json ? "{\"qund\":\"%s\",\"parts\":\"%.*s\"}\n" : "qund %s (%.*s)\n", QUND_VERSION,
           QUND_STR_ARG(qund_buf_view(&parts)));
    return EXIT_FINE;
}
