/* yaml_get.c - reading values out of a tree, and saying where they are wrong. */
#include "core/yaml.h"
#include <stdio.h>

enum { KEY_SHOWN = 64, PATH_SHOWN = 100, VALUE_SHOWN = 60, WORDS_SHOWN = 200 };

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

static size_t index_of(const struct qund_ynode *n)
{
    size_t i = 0;

    for (const struct qund_ynode *c = n->up->child; c && c != n; c = c->next)
        i++;
    return i;
}

void qund_yaml_path(const struct qund_ynode *n, struct qund_buf *out)
{
    if (!n || !n->up)
        return;
    qund_yaml_path(n->up, out); /* as deep as the document, which is bounded */
    if (n->key.p)
        qund_buf_printf(out, "%s%.*s", out->n > 0 ? "." : "",
                        QUND_STR_ARG(qund_utf8_cut(n->key, KEY_SHOWN)));
    else
        qund_buf_printf(out, "[%zu]", index_of(n));
}

/* The key nearest above: of an entry of a list, that of the list. */
static struct qund_str key_of(const struct qund_ynode *n)
{
    while (n && !n->key.p)
        n = n->up;
    return n ? n->key : QUND_STR_NONE;
}

/* "gte must be …", "count.gte must be …", "rule needs `gte`". */
static bool names_key(struct qund_str reason, struct qund_str key)
{
    static const char marks[] = {'.', '\'', '`'};
    ptrdiff_t at = qund_str_find(reason, 0, key);

    while (at > 0 && !memchr(marks, reason.p[at - 1], sizeof(marks)))
        at = qund_str_find(reason, (size_t)at + 1, key);
    return at >= 0;
}

static void put_path(struct qund_buf *out, const struct qund_ynode *n, struct qund_str reason)
{
    QUND_AUTO(qund_buf_done) struct qund_buf path = {0};
    struct qund_str key = key_of(n);

    if (!key.p || names_key(reason, key) || (!n->key.p && n->kind == QUND_YAML_MAP))
        return; /* of an entry of a list that is a map, the reason names what is wrong in it */
    qund_yaml_path(n, &path);
    if (path.n > 0 && path.n <= PATH_SHOWN)
        qund_buf_printf(out, "%s: ", path.p);
    else
        qund_buf_printf(out, "%.*s: ", QUND_STR_ARG(qund_utf8_cut(key, KEY_SHOWN)));
}

static bool printable(struct qund_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7F)
            return false;
    return true;
}

/* A long one is a text: there the place says it better; of a template the reason says which part.
 */
static void put_found(struct qund_buf *out, const struct qund_ynode *n, struct qund_str reason)
{
    QUND_AUTO(qund_buf_done) struct qund_buf quoted = {0};

    if (!n || n->kind != QUND_YAML_SCALAR || n->text.n > VALUE_SHOWN || !printable(n->text) ||
        qund_str_find(reason, 0, QUND_STR("{{")) >= 0)
        return;
    qund_buf_printf(&quoted, "'%.*s'", QUND_STR_ARG(n->text));
    if (qund_str_find(reason, 0, qund_buf_view(&quoted)) < 0)
        qund_buf_printf(out, " (found %s)", quoted.p);
}

static int add_err(struct qund_errs *es, const struct qund_yaml *y, const struct qund_ynode *n,
                   bool show, struct qund_str reason)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    char where[160];

    qund_yaml_where(y, n, where);
    put_path(&text, n, reason);
    qund_buf_str(&text, reason);
    if (show)
        put_found(&text, n, reason);
    return qund_errs_add(es, QUND_E_INVAL, where, "%s", text.p);
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

int qund_yaml_bad(struct qund_errs *es, const struct qund_yaml *y, const struct qund_ynode *n,
                  const char *fmt, ...)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    va_list ap;

    va_start(ap, fmt);
    qund_buf_vprintf(&text, fmt, ap);
    va_end(ap);
    return add_err(es, y, n, true, qund_buf_view(&text));
}

int qund_yaml_bad_secret(struct qund_errs *es, const struct qund_yaml *y,
                         const struct qund_ynode *n, const char *fmt, ...)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    va_list ap;

    va_start(ap, fmt);
    qund_buf_vprintf(&text, fmt, ap);
    va_end(ap);
    return add_err(es, y, n, false, qund_buf_view(&text));
}

/* What is allowed instead: the nearest, else all when they fit into a line. */
static void put_known(struct qund_buf *out, struct qund_str key, const char *const *words, size_t n)
{
    const char *near = qund_str_nearest(key, words, n);
    QUND_AUTO(qund_buf_done) struct qund_buf all = {0};

    if (near) {
        qund_buf_printf(out, "; nearest known: '%s'", near);
        return;
    }
    for (size_t i = 0; i < n; i++)
        qund_buf_printf(&all, "%s%s", i ? ", " : "", words[i]);
    if (all.n > 0 && all.n <= WORDS_SHOWN)
        qund_buf_printf(out, "; known here: %s", all.p);
}

int qund_yaml_known(struct qund_errs *es, const struct qund_yaml *y, const struct qund_ynode *map,
                    const char *const *words, size_t n)
{
    int rc = QUND_OK;

    for (const struct qund_ynode *c = map->child; c; c = c->next) {
        QUND_AUTO(qund_buf_done) struct qund_buf instead = {0};
        char where[160];
        bool known = false;

        for (size_t i = 0; i < n && !known; i++)
            known = qund_str_is(c->key, words[i]);
        if (known)
            continue;
        put_known(&instead, c->key, words, n);
        where_at(y, c->key_line, c->key_col, where);
        rc = qund_errs_add(es, QUND_E_INVAL, where, "unknown key '%.*s'%s",
                           QUND_STR_ARG(qund_utf8_cut(c->key, 100)), instead.n ? instead.p : "");
    }
    return rc;
}

int qund_yaml_int(struct qund_errs *es, const struct qund_yaml *y, const struct qund_ynode *n,
                  int64_t *out)
{
    if (n->kind == QUND_YAML_SCALAR && !n->quoted && qund_str_int(n->text, out) == 0)
        return QUND_OK;
    return qund_yaml_bad(es, y, n, "a whole number is wanted here");
}

int qund_yaml_bool(struct qund_errs *es, const struct qund_yaml *y, const struct qund_ynode *n,
                   bool *out)
{
    bool plain = n->kind == QUND_YAML_SCALAR && !n->quoted;

    *out = plain && qund_str_is(n->text, "true");
    if (*out || (plain && qund_str_is(n->text, "false")))
        return QUND_OK;
    return qund_yaml_bad(es, y, n, "true or false is wanted here");
}
