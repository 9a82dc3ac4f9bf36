/* load.c - rule files → a set.
 *
 * Files are the master. All of them are read before anything is judged, so that one run shows every
 * error of every file; a set with an error is thrown away and the running one stays. Of two rules
 * with one id in different files the later wins, which is how an operator changes a shipped rule
 * without editing it; two in one file are a slip of the hand and refused. */
#include "core/file.h"
#include "rule/internal.h"
#include <sys/stat.h>

static void add_rule(struct qund_rules *set, struct qund_rule_reader *rd,
                     const struct qund_ynode *node)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    const char *file = qund_yaml_name(rd->doc);
    struct qund_rule *r = qund_rule_read(rd, node);

    if (!r)
        return;
    if (set->n == set->cap) {
        set->cap = set->cap ? set->cap * 2 : 64;
        set->rules = qund_realloc(set->rules, set->cap * sizeof(struct qund_rule *));
    }
    qund_rule_canon(node, &text);
    r->text = qund_str_n(qund_arena_dup(set->arena, text.p, text.n), text.n);
    if (set->n > 0 && qund_str_is(set->rules[set->n - 1]->file, file))
        r->file = set->rules[set->n - 1]->file; /* one copy per file, not per rule */
    else
        r->file = qund_str(qund_arena_dup(set->arena, file, strlen(file)));
    qund_buf_clear(&text);
    qund_buf_printf(&text, "%s:%d", file, r->line);
    r->source = qund_str_n(qund_arena_dup(set->arena, text.p, text.n), text.n);
    r->order = (uint32_t)set->n;
    set->rules[set->n++] = r;
}

void qund_rules_add(struct qund_rules *set, const char *name, struct qund_str text,
                    const struct qund_rule_words_from *from, struct qund_errs *errs)
{
    static const char *const keys[] = {"rules"};
    QUND_AUTO(qund_yaml_free) struct qund_yaml *doc = NULL;
    struct qund_rule_reader rd = {
        .set = set, .errs = errs, .words_from = from, .stored = from != &qund_rule_words_files};
    const struct qund_ynode *root, *list, *e;
    struct qund_err err = {0};

    if (qund_yaml_parse(name, text, &doc, &err) < 0) {
        qund_errs_add(errs, err.rc, err.where, "%s", err.text);
        return;
    }
    qund_rules_look_beside(set, name, from);
    rd.doc = doc;
    root = qund_yaml_root(doc);
    if (!root || root->kind == QUND_YAML_NULL)
        return; /* an empty file, or only comments */
    if (root->kind != QUND_YAML_MAP) {
        qund_yaml_bad(errs, doc, root, "a rule file is a map with the key `rules`");
        return;
    }
    qund_ignore(qund_yaml_known(errs, doc, root, keys, QUND_ARRAY_LEN(keys))); /* in errs */
    list = qund_yaml_get(root, "rules");
    if (!list || list->kind == QUND_YAML_NULL)
        return;
    if (list->kind != QUND_YAML_LIST) {
        qund_yaml_bad(errs, doc, list, "rules must be a list");
        return;
    }
    for (e = list->child; e; e = e->next) {
        if (set->n == QUND_RULES_MAX) {
            qund_yaml_bad(errs, doc, e, "more than %u rules in one set", QUND_RULES_MAX);
            return;
        }
        add_rule(set, &rd, e);
    }
}

static void add_file(struct qund_rules *set, const char *path, struct qund_errs *errs)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct qund_err err = {0};

    if (qund_file_read(path, RULE_FILE_MAX, &text, &err) < 0)
        qund_errs_add(errs, err.rc, err.where, "%s", err.text);
    else
        qund_rules_add(set, path, qund_buf_view(&text), &qund_rule_words_files, errs);
}

static void add_dir(struct qund_rules *set, const char *dir, struct qund_errs *errs)
{
    QUND_AUTO(qund_free_str) char *inside = qund_path_join(dir, "");
    struct qund_err err = {0};
    char **names = NULL;
    size_t n = 0, i;
    int rc = qund_dir_list(dir, ".yaml", &names, &n, &err);

    qund_rules_look_beside(set, inside, &qund_rule_words_files);
    if (rc < 0)
        qund_errs_add(errs, err.rc, err.where, "%s", err.text);
    for (i = 0; rc == 0 && i < n; i++) {
        QUND_AUTO(qund_free_str) char *path = qund_path_join(dir, names[i]);

        add_file(set, path, errs);
        qund_free(names[i]);
    }
    qund_free(names);
}

static int worst(const struct qund_errs *errs, size_t from)
{
    size_t i;

    for (i = from; i < errs->n; i++)
        if (errs->v[i].rc != QUND_E_INVAL)
            return errs->v[i].rc;
    return QUND_E_INVAL;
}

/* Ends a load: a set without errors is handed out, any other is freed. What could be read is joined
 * and compiled even beside a file that could not, so that its errors show in the same run. */
static int finish(struct qund_rules *set, const struct qund_rules_opts *opts, size_t had,
                  struct qund_rules **out, struct qund_errs *errs)
{
    int rc = qund_rules_finish(set, opts, errs);

    if (rc == 0 && errs->n + errs->dropped == had) {
        *out = set;
        return 0;
    }
    qund_rules_unref(set);
    return rc < 0 ? rc : worst(errs, had);
}

int qund_rules_load(const char *const *dirs, size_t n, const struct qund_rules_opts *opts,
                    struct qund_rules **out, struct qund_errs *errs)
{
    struct qund_rules *set = qund_rules_new(opts->fold);
    size_t had = errs->n + errs->dropped, i;

    for (i = 0; i < n; i++)
        add_dir(set, dirs[i], errs);
    return finish(set, opts, had, out, errs);
}

int qund_rules_parse(const struct qund_rules_source *v, size_t n,
                     const struct qund_rules_opts *opts, struct qund_rules **out,
                     struct qund_errs *errs)
{
    struct qund_rules *set = qund_rules_new(opts->fold);
    size_t had = errs->n + errs->dropped, i;

    for (i = 0; i < n; i++) {
        if (v[i].text.p)
            qund_rules_add(set, v[i].name, v[i].text, &qund_rule_words_files, errs);
        else
            add_file(set, v[i].name, errs);
    }
    return finish(set, opts, had, out, errs);
}

int qund_rules_load_paths(const char *const *paths, size_t n, const struct qund_rules_opts *opts,
                          struct qund_rules **out, struct qund_errs *errs)
{
    struct qund_rules *set = qund_rules_new(opts->fold);
    size_t had = errs->n + errs->dropped, i;
    struct stat st;

    for (i = 0; i < n; i++) {
        if (stat(paths[i], &st) == 0 && S_ISDIR(st.st_mode))
            add_dir(set, paths[i], errs);
        else
            add_file(set, paths[i], errs);
    }
    return finish(set, opts, had, out, errs);
}

int qund_rules_from_texts(const struct qund_rule_stored *v, size_t n,
                          const struct qund_rule_words_from *from,
                          const struct qund_rules_opts *opts, struct qund_rules **out,
                          struct qund_errs *errs)
{
    struct qund_rules *set = qund_rules_new(opts->fold);
    size_t had = errs->n + errs->dropped, i;

    for (i = 0; i < n; i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
        size_t before = set->n;

        qund_buf_printf(&text, "{\"rules\":[%.*s]}", QUND_STR_ARG(v[i].text));
        qund_rules_add(set, v[i].id, qund_buf_view(&text), from, errs);
        if (set->n == before + 1)
            set->rules[before]->source =
                qund_str_n(qund_arena_dup(set->arena, v[i].source.p, v[i].source.n), v[i].source.n);
    }
    return finish(set, opts, had, out, errs);
}
