/* yaml_get.c - reading values out of a tree, and saying where they are wrong. */
#include "core/yaml.h"
#include <stdio.h>

const struct qund_ynode *qund_yaml_get(const struct qund_ynode *map, const char *key)
{
    if (!map || map->kind != QUND_YAML_MAP)
        return NULL;
    for (const struct qund_ynode *n = map->child; n; n = n->next)
        if (qund_str_is(n->key, key))
            return n;
    return NULL;
}

static void where_at(const struct qund_yaml *y, int line, int col, char out[160])
{
    struct qund_str name = qund_utf8_cut(qund_str(qund_yaml_name(y)), 120);

    snprintf(out, 160, "%.*s:%d:%d", QUND_STR_ARG(name), line, col);
}

void qund_yaml_where(const struct qund_yaml *y, const struct qund_ynode *n, char out[160])
{
    where_at(y, n ? n->line : 1, n ? n->col : 1, out);
}

int qund_yaml_err(struct qund_errs *es, const struct qund_yaml *y, const struct qund_ynode *n,
                  const char *fmt, ...)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    char where[160];
    va_list ap;

    va_start(ap, fmt);
    qund_buf_vprintf(&text, fmt, ap);
    va_end(ap);
    qund_yaml_where(y, n, where);
    return qund_errs_add(es, QUND_E_INVAL, where, "%s", text.p);
}

int qund_yaml_known(struct qund_errs *es, const struct qund_yaml *y, const struct qund_ynode *map,
                    const char *const *words, size_t n)
{
    int rc = QUND_OK;

    for (const struct qund_ynode *c = map->child; c; c = c->next) {
        const char *near = NULL;
        char where[160];
        bool known = false;

        for (size_t i = 0; i < n && !known; i++)
            known = qund_str_is(c->key, words[i]);
        if (known)
            continue;
        near = qund_str_nearest(c->key, words, n);
        where_at(y, c->key_line, c->key_col, where);
        rc = qund_errs_add(es, QUND_E_INVAL, where, "unknown key '%.*s'%s%s%s",
                           QUND_STR_ARG(qund_utf8_cut(c->key, 100)),
                           near ? "; nearest known: '" : "", near ? near : "", near ? "'" : "");
    }
    return rc;
}

int qund_yaml_int(struct qund_errs *es, const struct qund_yaml *y, const struct qund_ynode *n,
                  int64_t *out)
{
    if (n->kind == QUND_YAML_SCALAR && !n->quoted && qund_str_int(n->text, out) == 0)
        return QUND_OK;
    return qund_yaml_err(es, y, n, "a whole number is wanted here");
}

int qund_yaml_bool(struct qund_errs *es, const struct qund_yaml *y, const struct qund_ynode *n,
                   bool *out)
{
    bool plain = n->kind == QUND_YAML_SCALAR && !n->quoted;

    *out = plain && qund_str_is(n->text, "true");
    if (*out || (plain && qund_str_is(n->text, "false")))
        return QUND_OK;
    return qund_yaml_err(es, y, n, "true or false is wanted here");
}
