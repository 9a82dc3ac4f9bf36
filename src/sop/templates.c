/* src/sop/templates.c - a folder of template files → a set.
 *
 * As with rules, files are the master and a set is taken whole: one broken file leaves the running
 * set in force, and shows its errors beside everybody else's. Two files of one folder with the same
 * id are a slip of the hand; in two folders the later stands for the earlier, which is how an
 * operator changes a shipped template without editing it. What only several templates together show
 * (`next` that names nobody, a circle) is judged last, on what is left. */
#include "sop/templates.h"
#include "core/file.h"
#include <stdlib.h>

struct loading {
    struct qund_sop_templates *set;
    size_t from; /* of this folder */
    struct qund_errs *errs, *warnings;
};

static size_t place(const struct qund_sop_templates *set, struct qund_str id)
{
    size_t i = 0;

    while (i < set->n && !qund_str_eq(set->v[i]->id, id))
        i++;
    return i;
}

static void add(struct loading *l, struct qund_sop_template *t)
{
    struct qund_sop_templates *set = l->set;
    size_t at = place(set, t->id);

    if (at < set->n && at >= l->from) {
        qund_errs_add(l->errs, QUND_E_INVAL, t->source.p, "the id '%.*s' is also in %s",
                      QUND_STR_ARG(t->id), set->v[at]->source.p);
        qund_sop_template_free(t);
        return;
    }
    if (at < set->n) {
        qund_sop_template_free(set->v[at]);
        memmove(&set->v[at], &set->v[at + 1],
                (set->n - at - 1) * sizeof(struct qund_sop_template *));
        set->n--;
        l->from--;
    }
    set->v = qund_realloc(set->v, (set->n + 1) * sizeof(struct qund_sop_template *));
    set->v[set->n++] = t;
}

static void add_file(struct loading *l, const char *dir, const char *name)
{
    QUND_AUTO(qund_free_str) char *path = qund_path_join(dir, name);
    struct qund_sop_template *t = NULL;

    if (l->set->n == QUND_SOP_TEMPLATES_MAX)
        qund_errs_add(l->errs, QUND_E_FULL, path, "more than %u templates", QUND_SOP_TEMPLATES_MAX);
    else if (qund_sop_template_load(path, &t, l->errs, l->warnings) == 0)
        add(l, t);
}

static void add_dir(struct loading *l, const char *dir)
{
    struct qund_err err = {0};
    char **names = NULL;
    size_t n = 0;
    int rc = qund_dir_list(dir, ".yaml", &names, &n, &err);

    if (rc < 0)
        qund_errs_add(l->errs, err.rc, err.where, "%s", err.text);
    l->from = l->set->n;
    for (size_t i = 0; i < n; i++) {
        add_file(l, dir, names[i]);
        qund_free(names[i]);
    }
    qund_free(names);
}

static int by_id(const void *a, const void *b)
{
    const struct qund_sop_template *const *x = a, *const *y = b;

    return qund_str_cmp((*x)->id, (*y)->id);
}

int qund_sop_templates_load(const char *const *dirs, size_t n_dirs, struct qund_sop_templates **out,
                            struct qund_errs *errs, struct qund_errs *warnings)
{
    QUND_AUTO(qund_sop_templates_free)
    struct qund_sop_templates *set = qund_alloc(sizeof(*set));
    struct loading l = {.set = set, .errs = errs, .warnings = warnings};
    size_t had = errs->n + errs->dropped;

    for (size_t i = 0; i < n_dirs; i++)
        add_dir(&l, dirs[i]);
    if (set->n > 1)
        qsort(set->v, set->n, sizeof(struct qund_sop_template *), by_id);
    if (errs->n + errs->dropped == had)
        qund_ignore(qund_sop_chain_check((const struct qund_sop_template *const *)set->v, set->n,
                                         errs)); /* in errs */
    if (errs->n + errs->dropped > had)
        return errs->n > 0 ? errs->v[errs->n - 1].rc : QUND_E_INVAL;
    *out = QUND_TAKE(set);
    return 0;
}

struct qund_sop_templates *qund_sop_templates_free(struct qund_sop_templates *t)
{
    if (!t)
        return NULL;
    for (size_t i = 0; i < t->n; i++)
        qund_sop_template_free(t->v[i]);
    qund_free(t->v);
    qund_free(t);
    return NULL;
}

const struct qund_sop_template *qund_sop_templates_find(const struct qund_sop_templates *t,
                                                        struct qund_str id)
{
    size_t at = place(t, id);

    return at < t->n ? t->v[at] : NULL;
}
