/* node.c - one value from the file: its shape, where a secret lies, what a path is relative to.
 *
 * Whatever shape a value has in YAML, it becomes the text that value.c reads; so a number is
 * checked by one function whether it stood in the file, in the table of defaults or on the command
 * line. */
#include "config/option.h"
#include "core/file.h"
#include "core/json.h"
#include <stdlib.h>

#define SECRET_MAX 8192u

static bool secret(const struct option *o)
{
    return o->type == OPT_SECRET || o->type == OPT_URL; /* an address may hold a key */
}

static int wrong_shape(const struct node_ctx *ctx, const struct qund_ynode *n, const char *wanted)
{
    static const char *const FOUND[] = {[QUND_YAML_NULL] = ", not nothing",
                                        [QUND_YAML_SCALAR] = "",
                                        [QUND_YAML_MAP] = ", not a map",
                                        [QUND_YAML_LIST] = ", not a list"};

    return qund_yaml_bad(ctx->es, ctx->y, n, "%s is wanted here%s", wanted, FOUND[n->kind]);
}

/* Relative to the file's folder, so that a configuration can be moved as a whole. Owned. */
static char *resolved(const struct node_ctx *ctx, struct qund_str path)
{
    QUND_AUTO(qund_free_str) char *p = qund_str_dup(path);

    return ctx->dir && path.n > 0 && path.p[0] != '/' ? qund_path_join(ctx->dir, p) : QUND_TAKE(p);
}

static int set_text(const struct node_ctx *ctx, const struct option *o, void *base,
                    const struct qund_ynode *n, struct qund_str text)
{
    char why[160];

    if (qund_option_set(o, base, text, why))
        return QUND_OK;
    if (secret(o))
        return qund_yaml_bad_secret(ctx->es, ctx->y, n, "%s", why);
    return qund_yaml_bad(ctx->es, ctx->y, n, "%s", why);
}

static int from_file(const struct node_ctx *ctx, const struct option *o, void *base,
                     const struct qund_ynode *n)
{
    QUND_AUTO(qund_free_str) char *path = resolved(ctx, n->text);
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct qund_err err;
    struct qund_str text_in;

    if (qund_file_read(path, SECRET_MAX, &text, &err) < 0)
        return qund_yaml_bad(ctx->es, ctx->y, n, "%s: %s", path, err.text);
    text_in = qund_str_trim(qund_buf_view(&text));
    if (text_in.n == 0 || memchr(text_in.p, 0, text_in.n) || qund_utf8_check(text_in) >= 0)
        return qund_yaml_bad(ctx->es, ctx->y, n, "%s: empty, or not text", path);
    return set_text(ctx, o, base, n, text_in);
}

static int from_env(const struct node_ctx *ctx, const struct option *o, void *base,
                    const struct qund_ynode *n)
{
    QUND_AUTO(qund_free_str) char *name = qund_str_dup(n->text);
    const char *value = getenv(name);

    if (!value || !*value)
        return qund_yaml_bad(ctx->es, ctx->y, n, "the variable '%s' is not set", name);
    return set_text(ctx, o, base, n, qund_str(value));
}

/* {file: path} or {env: NAME}. */
static int secret_map(const struct node_ctx *ctx, const struct option *o, void *base,
                      const struct qund_ynode *n)
{
    const struct qund_ynode *from = n->child;

    if (!from || from->next || from->kind != QUND_YAML_SCALAR ||
        !(qund_str_is(from->key, "file") || qund_str_is(from->key, "env")))
        return wrong_shape(ctx, n, "text, {file: PATH} or {env: NAME}");
    return qund_str_is(from->key, "file") ? from_file(ctx, o, base, from)
                                          : from_env(ctx, o, base, from);
}

static int path_list(const struct node_ctx *ctx, const struct option *o, void *base,
                     const struct qund_ynode *n)
{
    struct qund_strs *l = (struct qund_strs *)(void *)((char *)base + o->offset);
    int rc = QUND_OK;

    if (n->kind != QUND_YAML_LIST)
        return wrong_shape(ctx, n, o->type == OPT_PATHS ? "a list of paths" : "a list of texts");
    qund_option_clear(o, base);
    for (const struct qund_ynode *c = n->child; c; c = c->next) {
        if (c->kind != QUND_YAML_SCALAR || c->text.n == 0) {
            rc = wrong_shape(ctx, c, o->type == OPT_PATHS ? "a path" : "a text");
            continue;
        }
        l->v = qund_realloc(l->v, (l->n + 1) * sizeof(*l->v));
        l->v[l->n++] = o->type == OPT_PATHS ? resolved(ctx, c->text) : qund_str_dup(c->text);
    }
    return rc;
}

/* {normal: [10m, 30m], urgent: [0s]} as the text form of value.c. */
static int ladder_map(const struct node_ctx *ctx, const struct option *o, void *base,
                      const struct qund_ynode *n)
{
    int rc = QUND_OK;

    if (n->kind != QUND_YAML_MAP)
        return wrong_shape(ctx, n, "a map of lists of durations");
    for (const struct qund_ynode *c = n->child; c; c = c->next) {
        QUND_AUTO(qund_buf_done) struct qund_buf text = {0};

        if (c->kind != QUND_YAML_LIST || !c->child) {
            rc = c->kind == QUND_YAML_LIST
                     ? qund_yaml_bad(ctx->es, ctx->y, c,
                                     "is empty; a ladder has 1 to %d rising durations, such as "
                                     "[10m, 30m, 60m]",
                                     QUND_LADDER_STEPS)
                     : wrong_shape(ctx, c, "a list of durations");
            continue;
        }
        qund_buf_str(&text, c->key);
        for (const struct qund_ynode *d = c->child; d; d = d->next) {
            qund_buf_char(&text, d == c->child ? ' ' : ',');
            qund_buf_str(&text, d->text);
        }
        if (set_text(ctx, o, base, c, qund_buf_view(&text)) < 0)
            rc = QUND_E_INVAL;
    }
    return rc;
}

/* What a reader of YAML would call a number or a word of its own. */
static bool plain_json(const struct qund_ynode *n)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(256);
    struct qund_jr r;

    if (n->quoted || n->text.n == 0 || n->text.n > 32)
        return false;
    qund_jr_init(&r, n->text, arena, 1);
    return qund_jr_skip(&r, NULL) == 0 && qund_jr_end(&r) == 0;
}

static void put_json(struct qund_jw *w, const struct qund_ynode *n)
{
    switch (n->kind) {
    case QUND_YAML_NULL:
        qund_jw_null(w);
        break;
    case QUND_YAML_SCALAR:
        if (plain_json(n))
            qund_jw_raw(w, n->text);
        else
            qund_jw_str(w, n->text);
        break;
    case QUND_YAML_MAP:
        qund_jw_obj(w);
        for (const struct qund_ynode *c = n->child; c; c = c->next) {
            QUND_AUTO(qund_free_str) char *key = qund_str_dup(c->key);

            qund_jw_key(w, key);
            put_json(w, c); /* as deep as the document, which is bounded */
        }
        qund_jw_end_obj(w);
        break;
    case QUND_YAML_LIST:
        qund_jw_arr(w);
        for (const struct qund_ynode *c = n->child; c; c = c->next)
            put_json(w, c);
        qund_jw_end_arr(w);
        break;
    }
}

static int any_shape(const struct node_ctx *ctx, const struct option *o, void *base,
                     const struct qund_ynode *n)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct qund_jw w = qund_jw(&text);

    put_json(&w, n);
    return set_text(ctx, o, base, n, qund_buf_view(&text));
}

static bool takes_quotes(enum opt_type t)
{
    return t != OPT_BOOL && t != OPT_INT;
}

int qund_option_node(const struct node_ctx *ctx, const struct option *o, void *base,
                     const struct qund_ynode *n)
{
    if (n->kind == QUND_YAML_NULL)
        return qund_yaml_bad(ctx->es, ctx->y, n, "'%s' has no value; write one or remove the line",
                             o->name);
    if (o->type == OPT_JSON)
        return any_shape(ctx, o, base, n);
    if (o->type == OPT_PATHS || o->type == OPT_LIST)
        return path_list(ctx, o, base, n);
    if (o->type == OPT_LADDERS)
        return ladder_map(ctx, o, base, n);
    if ((o->type == OPT_SECRET || o->type == OPT_URL) && n->kind == QUND_YAML_MAP)
        return secret_map(ctx, o, base, n);
    if (n->kind != QUND_YAML_SCALAR || (n->quoted && !takes_quotes(o->type)))
        return wrong_shape(ctx, n,
                           o->type == OPT_BOOL  ? "true or false, without quotes,"
                           : o->type == OPT_INT ? "a whole number, without quotes,"
                                                : "a single value");
    if (o->type == OPT_PATH) {
        QUND_AUTO(qund_free_str) char *path = resolved(ctx, n->text);

        return set_text(ctx, o, base, n, qund_str(path));
    }
    return set_text(ctx, o, base, n, n->text);
}

int qund_option_nodes(const struct node_ctx *ctx, const struct option *v, size_t n, void *base,
                      const struct qund_ynode *map)
{
    const char *words[OPTIONS_MAX];
    int rc = QUND_OK;

    if (map->kind == QUND_YAML_NULL) /* a heading whose lines are all commented out */
        return QUND_OK;
    if (map->kind != QUND_YAML_MAP)
        return wrong_shape(ctx, map, "a map of keys");
    qund_assert(n <= OPTIONS_MAX);
    for (size_t i = 0; i < n; i++) {
        const struct qund_ynode *node = qund_yaml_get(map, v[i].name);

        words[i] = v[i].name;
        if (node && qund_option_node(ctx, &v[i], base, node) < 0)
            rc = QUND_E_INVAL;
    }
    if (qund_yaml_known(ctx->es, ctx->y, map, words, n) < 0)
        rc = QUND_E_INVAL;
    return rc;
}
