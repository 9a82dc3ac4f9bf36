/* canon.c - the canonical text of a rule: JSON with sorted keys.
 *
 * The store keeps this text and its digest decides whether a rule has changed. So whatever does not
 * change the meaning (comments, order of keys, quotes, the file it stands in) must not change it.
 * It is itself a rule in the language, so that the last good set can be rebuilt from the store. */
#include "core/json.h"
#include "rule/internal.h"
#include <stdlib.h>

/* Plain true, false and whole numbers keep their type; every other scalar is a string. */
static bool is_bare(const struct qund_ynode *n)
{
    int64_t v;

    if (n->quoted)
        return false;
    if (qund_str_is(n->text, "true") || qund_str_is(n->text, "false"))
        return true;
    return qund_str_int(n->text, &v) == 0 && (n->text.n == 1 || n->text.p[0] != '0') &&
           n->text.p[0] != '+';
}

static int by_key(const void *a, const void *b)
{
    const struct qund_ynode *const *x = a, *const *y = b;

    return qund_str_cmp((*x)->key, (*y)->key);
}

/* Calls itself; core/yaml lets nothing through that is deeper than 32. */
static void print(const struct qund_ynode *n, struct qund_jw *w);

static void print_map(const struct qund_ynode *map, struct qund_jw *w)
{
    const struct qund_ynode **v, *e;
    size_t n = 0, i;

    for (e = map->child; e; e = e->next)
        n++;
    v = qund_alloc((n + 1) * sizeof(struct qund_ynode *));
    for (e = map->child, i = 0; e; e = e->next)
        v[i++] = e;
    qsort(v, n, sizeof(struct qund_ynode *), by_key);
    qund_jw_obj(w);
    for (i = 0; i < n; i++) {
        QUND_AUTO(qund_free_str) char *key = qund_str_dup(v[i]->key);

        qund_jw_key(w, key);
        print(v[i], w);
    }
    qund_jw_end_obj(w);
    qund_free(v);
}

static void print(const struct qund_ynode *n, struct qund_jw *w)
{
    const struct qund_ynode *e;

    switch (n->kind) {
    case QUND_YAML_NULL:
        qund_jw_null(w);
        break;
    case QUND_YAML_SCALAR:
        if (is_bare(n))
            qund_jw_raw(w, n->text);
        else
            qund_jw_str(w, n->text);
        break;
    case QUND_YAML_MAP:
        print_map(n, w);
        break;
    case QUND_YAML_LIST:
        qund_jw_arr(w);
        for (e = n->child; e; e = e->next)
            print(e, w);
        qund_jw_end_arr(w);
        break;
    }
}

void qund_rule_canon(const struct qund_ynode *n, struct qund_buf *out)
{
    struct qund_jw w = qund_jw(out);

    print(n, &w);
}

void qund_rule_each_words(const struct qund_rule *r,
                          void (*each)(const struct qund_rule_words *w, void *arg), void *arg)
{
    const struct qund_rule_terms *lists[] = {&r->all, &r->any, &r->none};
    const struct qund_rule_words *last = NULL;
    size_t i, j;

    for (i = 0; i < QUND_ARRAY_LEN(lists); i++)
        for (j = 0; j < lists[i]->n; j++) {
            const struct qund_rule_words *w = lists[i]->v[j].words;

            if (w && w != last)
                each(w, arg);
            last = w ? w : last;
        }
}
