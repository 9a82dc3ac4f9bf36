/* src/app/ruleset.c - loading rules: files are the master, the store remembers the last good set,
 * so that a file broken overnight does not keep the daemon down in the morning. */
#include "app/ruleset.h"
#include "app/vault.h"
#include "config/config.h"
#include "core/file.h"
#include "core/helper.h"
#include "store/db.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ERRORS_MAX 50

static void fill_opts(const struct qund_config *cfg, const struct qund_vault *v,
                      const struct qund_fold *fold, struct qund_rules_opts *o)
{
    /* Many installations of one machine (tests, above all) may share what they compile: the cached
     * form goes by the patterns' digest. */
    const char *shared = getenv("QUND_RULES_CACHE");
    const char *cache = cfg->rules.cache    ? cfg->rules.cache
                        : shared && *shared ? shared
                        : v                 ? v->rules_cache
                                            : NULL;

    *o =
        (struct qund_rules_opts){.fold = fold,
                                 /* Only the program itself knows compile-rules; a test does not. */
                                 .exe = NULL,
                                 .child_timeout_ms = cfg->rules.compile_timeout_ms,
                                 .child_memory_bytes = cfg->rules.compile_memory,
                                 .cache_dir = cache};
}

int qund_ruleset_load(const struct qund_config *cfg, const struct qund_vault *v,
                      const struct qund_fold *fold, struct qund_rules **out, struct qund_errs *errs)
{
    QUND_AUTO(qund_free_str) char *exe = qund_helper_own_exe();
    struct qund_rules_opts opts;
    size_t had = errs->n;
    int rc;

    fill_opts(cfg, v, fold, &opts);
    opts.exe = exe;
    rc = qund_rules_load((const char *const *)cfg->rules.dirs.v, cfg->rules.dirs.n, &opts, out,
                         errs);
    qund_config_place_errs(cfg, "rules.dirs", errs, had);
    return rc;
}

static bool has_target(void *arg, struct qund_str name)
{
    return qund_config_target(arg, name) != NULL;
}

static bool has_ladder(void *arg, struct qund_str name)
{
    return qund_config_ladder(arg, name) != NULL;
}

struct qund_rules_known qund_ruleset_known(struct qund_config *cfg)
{
    struct qund_rules_known known = {.target = has_target,
                                     .ladder = has_ladder,
                                     .arg = cfg,
                                     .stages = (const char *const *)cfg->leads.stages.v,
                                     .n_stages = cfg->leads.stages.n};

    for (size_t i = 0; i < cfg->n_channels; i++)
        known.speaks |= cfg->channels[i].send_through != NULL;
    return known;
}

void qund_ruleset_doubts(struct qund_config *cfg, const struct qund_rules *rules,
                         struct qund_log *log, char why[320])
{
    struct qund_rules_known known = qund_ruleset_known(cfg);
    QUND_AUTO(qund_errs_done) struct qund_errs doubts = {0};

    why[0] = '\0';
    qund_errs_init(&doubts, ERRORS_MAX);
    qund_rules_doubts(rules, &known, &doubts);
    if (qund_rules_idle(rules)) {
        snprintf(why, 320, "%s", QUND_RULES_IDLE);
        qund_log(log, QUND_WARN, "rules.none", QUND_KV("what", why));
    } else if (doubts.n > 0)
        snprintf(why, 320, "rules name what nobody knows: %.110s: %.150s (all: `qund check`)",
                 doubts.v[0].where, doubts.v[0].text);
    for (size_t i = 0; i < doubts.n; i++)
        qund_log(log, QUND_WARN, "rules.doubt", QUND_KV("where", doubts.v[i].where),
                 QUND_KV("what", doubts.v[i].text));
}

void qund_errs_print(const struct qund_errs *errs, struct qund_buf *out)
{
    for (size_t i = 0; i < errs->n; i++)
        qund_buf_printf(out, "%s: %s\n", errs->v[i].where, errs->v[i].text);
    if (errs->dropped > 0)
        qund_buf_printf(out, "… and %zu more\n", errs->dropped);
}

int qund_ruleset_start(const struct qund_config *cfg, const struct qund_vault *v,
                       const struct qund_fold *fold, struct qund_db *db, struct qund_log *log,
                       struct qund_rules **out, bool *degraded, struct qund_err *err)
{
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    QUND_AUTO(qund_errs_done) struct qund_errs old = {0};
    struct qund_rules_opts opts;
    int rc;

    *degraded = false;
    qund_errs_init(&errs, ERRORS_MAX);
    qund_errs_init(&old, 1);
    rc = qund_ruleset_load(cfg, v, fold, out, &errs);
    if (rc == 0)
        return 0;
    for (size_t i = 0; i < errs.n; i++)
        qund_log(log, QUND_ERROR, "rules.refused", QUND_KV("where", errs.v[i].where),
                 QUND_KV("why", errs.v[i].text));
    fill_opts(cfg, v, fold, &opts);
    if (qund_rules_from_store(db, &opts, out, &old) == 0) {
        *degraded = true;
        qund_log(log, QUND_WARN, "rules.last_good",
                 QUND_KV("rules", (int64_t)qund_rules_count(*out)));
        return 0;
    }
    return qund_err_set(err, rc, errs.n ? errs.v[0].where : "rules",
                        "%s (no earlier good rules in the store; mend the file, then see "
                        "`qund check`)",
                        errs.n ? errs.v[0].text : qund_rc_name(rc));
}
