/* src/cli/check.c - looks over files before the daemon sees them: all errors of all files at once.
 */
#include "app/plugins.h"
#include "app/ruleset.h"
#include "app/sopset.h"
#include "cli/cli.h"
#include "core/file.h"
#include "core/json.h"
#include "core/yaml.h"
#include "crm/org.h"
#include "deliver/deliver.h"
#include "rule/rule.h"
#include "sop/templates.h"
#include "text/fold.h"
#include "text/lean.h"
#include <stdio.h>
#include <sys/stat.h>

#define ERRORS_MAX 200

/* A YAML file is what its top says: a list of rules, what only an org file has, the steps of an SOP
 * template, a section of the configuration or nearly one; else rules, whose parser says what is
 * wrong. A table of leanings goes by its name. */
enum what { IS_RULES, IS_ORG, IS_CONFIG, IS_LEAN, IS_TEMPLATE };

static enum what kind_of_root(const struct qund_ynode *root)
{
    const struct qund_ynode *rules = qund_yaml_get(root, "rules");

    if (qund_yaml_get(root, "staff") || qund_yaml_get(root, "rosters") ||
        qund_yaml_get(root, "groups"))
        return IS_ORG;
    if (qund_yaml_get(root, "steps"))
        return IS_TEMPLATE;
    if (!root || root->kind != QUND_YAML_MAP || (rules && rules->kind == QUND_YAML_LIST))
        return IS_RULES;
    for (const struct qund_ynode *e = root->child; e; e = e->next)
        if (qund_config_section_near(e->key))
            return IS_CONFIG;
    return IS_RULES;
}

static enum what kind_of(const char *path)
{
    QUND_AUTO(qund_yaml_free) struct qund_yaml *y = NULL;
    const char *slash = strrchr(path, '/');

    if (strcmp(slash ? slash + 1 : path, QUND_LEAN_FILE) == 0)
        return IS_LEAN;
    if (qund_yaml_load(path, &y, NULL) < 0)
        return IS_RULES;
    return kind_of_root(qund_yaml_root(y));
}

static bool held(void *arg, struct qund_str to)
{
    return qund_org_held(arg, to);
}

static struct qund_lean *read_lean(const char *path, struct qund_errs *errs)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct qund_lean *lean = NULL;
    struct qund_err err = {0};

    if (qund_file_read(path, QUND_LEAN_FILE_MAX, &text, &err) < 0)
        qund_errs_add(errs, err.rc, err.where, "%s", err.text);
    else
        qund_ignore(qund_lean_parse(path, qund_buf_view(&text), &lean, errs)); /* errs says it */
    return lean;
}

/* For rules that are looked at away from any table: the daemon would have this one at least. */
static struct qund_lean *shipped_lean(void)
{
    QUND_AUTO(qund_free_str) char *share = qund_share_dir();
    QUND_AUTO(qund_free_str)
    char *path = share ? qund_path_join(share, "rules/" QUND_LEAN_FILE) : NULL;
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};

    qund_errs_init(&errs, 1);
    return path ? read_lean(path, &errs) : NULL;
}

/* cfg, org NULL: the rules are looked at alone. */
static int check_rules(const char *const *paths, size_t n, struct qund_config *cfg,
                       struct qund_org *org, struct qund_errs *errs, struct qund_errs *warnings)
{
    struct qund_rules_known known = {0};
    QUND_AUTO(qund_lean_unref) struct qund_lean *lean = NULL;
    struct qund_rules_opts opts = {.fold = qund_fold_tables(), .known = cfg ? &known : NULL};

    if (n == 0 && cfg)
        qund_errs_add(warnings, QUND_E_NOTFOUND, "rules", "%s", QUND_RULES_IDLE);
    if (n == 0)
        return 0;
    if (cfg)
        known = qund_ruleset_known(cfg);
    if (org && qund_org_staffed(org)) {
        known.held = held;
        known.held_arg = org;
    }
    opts.lean = lean = shipped_lean();
    return qund_rules_check(paths, n, &opts, errs, warnings);
}

static int load_config(struct qund_plugins *plugins, const char *path, struct qund_config **cfg,
                       struct qund_errs *errs)
{
    struct qund_config_kinds kinds = qund_plugin_kinds(plugins);
    int rc = qund_config_load_kinds(path, &kinds, cfg, errs);

    if (rc == 0)
        rc = qund_deliver_check(*cfg, errs);
    return rc < 0 ? rc : qund_plugins_check(plugins, *cfg, errs);
}

struct files {
    char **rules; /* checked together: they make one set */
    size_t n, cap;
    struct qund_errs *errs, *warnings;
    struct qund_plugins *plugins;
};

static void check_file(const struct files *f, const char *path, enum what what)
{
    struct qund_sop_template *template = NULL;
    struct qund_config *cfg = NULL;
    struct qund_org *org = NULL;

    if (what == IS_CONFIG)
        qund_ignore(load_config(f->plugins, path, &cfg, f->errs)); /* errs says it */
    else if (what == IS_LEAN)
        qund_lean_unref(read_lean(path, f->errs));
    else if (what == IS_TEMPLATE)
        qund_ignore(qund_sop_template_load(path, &template, f->errs, f->warnings)); /* likewise */
    else
        qund_ignore(qund_org_load(path, &org, f->errs));
    qund_sop_template_free(template);
    qund_config_unref(cfg);
    qund_org_free(org);
}

/* What the daemon would load: the configuration, and what it names. */
static size_t from_config(struct cli *c, const struct files *f, const char **rules, size_t max,
                          struct qund_config **cfg, struct qund_org **org)
{
    struct qund_sop_templates *templates = NULL;
    size_t n = 0;

    if (load_config(f->plugins, c->config, cfg, f->errs) < 0)
        return 0;
    if ((*cfg)->org.file && qund_org_load_named(*cfg, org, f->errs) == 0) {
        qund_org_lost_pushes(*org, *cfg, f->warnings);
        qund_org_met_pushes(*org, *cfg, f->warnings);
    }
    qund_ignore(qund_sopset_load(*cfg, &templates, f->errs, f->warnings)); /* errs says it */
    qund_sop_templates_free(templates);
    for (size_t i = 0; i < (*cfg)->rules.dirs.n && n < max; i++)
        rules[n++] = (*cfg)->rules.dirs.v[i];
    return n;
}

static void print_json(const struct qund_errs *errs, const struct qund_errs *warnings)
{
    const struct qund_errs *const BOTH[] = {errs, warnings};
    static const char *const NAMES[] = {"errors", "warnings"};
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};
    struct qund_jw w = qund_jw(&out);

    qund_jw_obj(&w);
    for (size_t k = 0; k < 2; k++) {
        qund_jw_key(&w, NAMES[k]);
        qund_jw_arr(&w);
        for (size_t i = 0; i < BOTH[k]->n; i++) {
            qund_jw_obj(&w);
            qund_jw_kz(&w, "where", BOTH[k]->v[i].where);
            qund_jw_kz(&w, "reason", BOTH[k]->v[i].text);
            qund_jw_end_obj(&w);
        }
        qund_jw_end_arr(&w);
    }
    qund_jw_end_obj(&w);
    cli_print_json(qund_buf_view(&out));
}

static void add_file(struct files *f, const char *path)
{
    enum what what = kind_of(path);

    if (what != IS_RULES) {
        check_file(f, path, what);
        return;
    }
    if (f->n == f->cap) {
        f->cap = f->cap ? 2 * f->cap : 64;
        f->rules = qund_realloc(f->rules, f->cap * sizeof(*f->rules));
    }
    f->rules[f->n++] = qund_strdup(path);
}

/* Templates name others (`next`): whether they do so in a circle is seen in their folder. */
static bool add_templates(struct files *f, const char *folder, char **names, size_t n)
{
    struct qund_sop_templates *set = NULL;

    for (size_t i = 0; i < n; i++) {
        QUND_AUTO(qund_free_str) char *file = qund_path_join(folder, names[i]);

        if (kind_of(file) != IS_TEMPLATE)
            return false;
    }
    if (n == 0)
        return false;
    qund_ignore(qund_sop_templates_load(&folder, 1, &set, f->errs, f->warnings)); /* errs says it */
    qund_sop_templates_free(set);
    return true;
}

/* A folder of rules or of templates is loaded as the daemon loads it; beside an org file or a
 * configuration each file is looked at as what it is. */
static void add_path(struct files *f, const char *path)
{
    struct qund_err err = {0};
    struct stat st;
    char **names = NULL;
    size_t n = 0;
    bool whole;

    if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
        add_file(f, path);
        return;
    }
    if (qund_dir_list(path, ".yaml", &names, &n, &err) < 0)
        qund_errs_add(f->errs, err.rc, err.where, "%s", err.text);
    else if (n == 0)
        qund_errs_add(f->errs, QUND_E_NOTFOUND, path, "no file here ends in .yaml");
    whole = add_templates(f, path, names, n);
    for (size_t i = 0; i < n; i++) {
        QUND_AUTO(qund_free_str) char *file = qund_path_join(path, names[i]);

        if (!whole)
            add_file(f, file);
        qund_free(names[i]);
    }
    qund_free(names);
}

int cli_report(const struct cli *c, const struct qund_errs *errs, const struct qund_errs *warnings,
               const char *fine)
{
    if (c->json) {
        print_json(errs, warnings);
        return errs->n ? EXIT_WRONG : EXIT_FINE;
    }
    for (size_t i = 0; i < warnings->n; i++)
        printf("%s: warning: %s\n", warnings->v[i].where, warnings->v[i].text);
    if (errs->n > 0)
        return cli_fail_all(errs);
    printf("%s\n", fine);
    return EXIT_FINE;
}

int cli_check(struct cli *c)
{
    QUND_AUTO(qund_plugins_free) struct qund_plugins *plugins = qund_plugins_usual(NULL);
    QUND_AUTO(qund_config_unref) struct qund_config *cfg = NULL;
    QUND_AUTO(qund_org_free) struct qund_org *org = NULL;
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    QUND_AUTO(qund_errs_done) struct qund_errs warnings = {0};
    const char *named[CLI_ARGS_MAX];
    struct files f = {.errs = &errs, .warnings = &warnings, .plugins = plugins};
    size_t n;

    qund_errs_init(&errs, ERRORS_MAX);
    qund_errs_init(&warnings, ERRORS_MAX);
    for (size_t i = 0; i < c->n_args; i++)
        add_path(&f, c->args[i]);
    n = c->n_args == 0 ? from_config(c, &f, named, QUND_ARRAY_LEN(named), &cfg, &org) : f.n;
    qund_ignore(check_rules(c->n_args == 0 ? named : (const char *const *)f.rules, n, cfg, org,
                            &errs, &warnings)); /* errs says it */
    if (cfg)
        qund_config_place_errs(cfg, "rules.dirs", &errs, 0);
    for (size_t i = 0; i < f.n; i++)
        qund_free(f.rules[i]);
    qund_free(f.rules);
    return cli_report(c, &errs, &warnings,
                      c->n_args ? "no errors" : "no errors in the configuration and what it names");
}
