/* own.c - entries whose kind a plugin brings: its rows beside ours, read by the same code.
 *
 * An entry has a name, a kind, the keys that every entry of its map has, and those of its kind. For
 * our own kinds all of them stand in one table; rows marked OPT_OURS make room when a plugin takes
 * the entry, so that both may have a `url` of their own. The plugin's rows become options like ours
 * when they are needed and are never kept: the table in the plugin is the only truth.
 *
 * A kind nobody can be asked about (a command that loads no plugins), or that is there and cannot
 * be used, is taken with all its keys unseen. So a broken plugin costs its channels, not the start.
 */
#include "config/option.h"

#define CFG_BYTES_MAX 65536u

struct qund_own *qund_own_of(const struct option_map *m, const void *item)
{
    return (struct qund_own *)(uintptr_t)((const char *)item + m->own_offset);
}

const char *qund_kind_of(const struct option_map *m, const void *item)
{
    return *(const char *const *)(const void *)((const char *)item + m->kind_offset);
}

static bool listed(const char *const *words, const char *word)
{
    while (*words && strcmp(*words, word) != 0)
        words++;
    return *words != NULL;
}

bool qund_kind_is_ours(const struct option_map *m, const void *item)
{
    return listed(m->ours, qund_kind_of(m, item));
}

static const struct option_map *map_named(const char *name)
{
    size_t i = 0;

    while (strcmp(qund_config_maps[i].name, name) != 0)
        i++;
    return &qund_config_maps[i];
}

bool qund_channel_is_ours(const struct qund_channel_cfg *c)
{
    return qund_kind_is_ours(map_named("channels"), c);
}

bool qund_target_is_ours(const struct qund_target_cfg *t)
{
    return qund_kind_is_ours(map_named("targets"), t);
}

size_t qund_own_options(const struct qund_cfg_table *t, struct option out[QUND_CFG_KEYS_MAX])
{
    static const enum opt_type TYPES[] = {
        [QUND_CFG_BOOL] = OPT_BOOL,     [QUND_CFG_INT] = OPT_INT,
        [QUND_CFG_SIZE] = OPT_SIZE,     [QUND_CFG_DURATION] = OPT_DURATION,
        [QUND_CFG_STRING] = OPT_STRING, [QUND_CFG_PATH] = OPT_PATH,
        [QUND_CFG_URL] = OPT_URL,       [QUND_CFG_SECRET] = OPT_SECRET,
        [QUND_CFG_ENUM] = OPT_ENUM,     [QUND_CFG_LIST] = OPT_LIST,
        [QUND_CFG_JSON] = OPT_JSON,
    };

    for (size_t i = 0; i < t->n_keys; i++) {
        const struct qund_cfg_key *k = &t->keys[i];

        out[i] = (struct option){.name = k->name,
                                 .type = TYPES[k->type],
                                 .offset = k->offset,
                                 .def = k->def,
                                 .min = k->min,
                                 .max = k->min == 0 && k->max == 0 ? INT64_MAX : k->max,
                                 .words = k->words,
                                 .flags = (k->flags & QUND_CFG_RELOAD ? OPT_RELOAD : 0) |
                                          (k->flags & QUND_CFG_REQUIRED ? OPT_REQUIRED : 0),
                                 .help = k->help};
    }
    return t->n_keys;
}

void qund_own_clear(struct qund_own *own)
{
    struct option v[QUND_CFG_KEYS_MAX];
    size_t n = own->table ? qund_own_options(own->table, v) : 0;

    for (size_t i = 0; i < n; i++)
        qund_option_clear(&v[i], own->cfg);
    qund_free(own->cfg);
    *own = (struct qund_own){0};
}

/* The rows of an entry that are ours, whatever its kind. */
static size_t shared_rows(const struct option_map *m, struct option out[OPTIONS_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < m->n; i++)
        if (!(m->v[i].flags & OPT_OURS))
            out[n++] = m->v[i];
    return n;
}

static const size_t FIELD_BYTES[OPT_TYPES] = {
    [OPT_BOOL] = sizeof(bool),     [OPT_INT] = sizeof(int64_t),
    [OPT_SIZE] = sizeof(int64_t),  [OPT_DURATION] = sizeof(int64_t),
    [OPT_STRING] = sizeof(char *), [OPT_PATH] = sizeof(char *),
    [OPT_URL] = sizeof(char *),    [OPT_SECRET] = sizeof(char *),
    [OPT_ENUM] = sizeof(int),      [OPT_LIST] = sizeof(struct qund_strs),
    [OPT_JSON] = sizeof(char *),
};

static const char *row_fault(const struct qund_cfg_table *t, const struct option *v, size_t i,
                             const struct option *shared, size_t n_shared)
{
    QUND_AUTO(qund_free) void *probe = NULL;
    struct option alone = v[i];
    char why[160];
    bool fits;

    if (v[i].offset > t->bytes || t->bytes - v[i].offset < FIELD_BYTES[v[i].type])
        return "its value lies outside the struct";
    if (v[i].type == OPT_ENUM && (!v[i].words || !v[i].words[0]))
        return "it has no words";
    for (size_t k = 0; k < n_shared; k++)
        if (strcmp(shared[k].name, v[i].name) == 0)
            return "every entry has a key of that name already";
    for (size_t k = 0; k < i; k++)
        if (strcmp(v[k].name, v[i].name) == 0)
            return "it is there twice";
    if (!v[i].def)
        return NULL;
    alone.offset = 0;
    probe = qund_alloc(sizeof(struct qund_strs));
    fits = qund_option_set(&alone, probe, qund_str(v[i].def), why);
    qund_option_clear(&alone, probe);
    return fits ? NULL : "its default is not a value it takes";
}

int qund_cfg_table_check(const struct qund_cfg_table *t, const char *map, struct qund_err *err)
{
    struct option shared[OPTIONS_MAX], v[QUND_CFG_KEYS_MAX];
    size_t n_shared = shared_rows(map_named(map), shared);

    if (t->n_keys > QUND_CFG_KEYS_MAX || t->bytes > CFG_BYTES_MAX)
        return qund_err_set(err, QUND_E_ABI, map, "its table has %zu keys in %zu bytes", t->n_keys,
                            t->bytes);
    for (size_t i = 0; i < t->n_keys; i++)
        if (!t->keys[i].name || !t->keys[i].help || (unsigned)t->keys[i].type > QUND_CFG_JSON)
            return qund_err_set(err, QUND_E_ABI, map, "key %zu has no name, help or known type", i);
    qund_ignore((int)qund_own_options(t, v)); /* the number is known */
    for (size_t i = 0; i < t->n_keys; i++) {
        const char *fault = row_fault(t, v, i, shared, n_shared);

        if (fault)
            return qund_err_set(err, QUND_E_ABI, map, "key '%.64s': %s", v[i].name, fault);
    }
    return QUND_OK;
}

/* Every key must be one of the two tables'; each is then read into its own struct. */
static int read_both(const struct node_ctx *ctx, const struct option *shared, size_t n_shared,
                     void *item, const struct option *own, size_t n_own, void *own_cfg,
                     const struct qund_ynode *map)
{
    const char *words[OPTIONS_MAX + QUND_CFG_KEYS_MAX];
    int rc = QUND_OK;

    for (size_t i = 0; i < n_shared + n_own; i++) {
        const struct option *o = i < n_shared ? &shared[i] : &own[i - n_shared];
        const struct qund_ynode *node = qund_yaml_get(map, o->name);

        words[i] = o->name;
        if (node && qund_option_node(ctx, o, i < n_shared ? item : own_cfg, node) < 0)
            rc = QUND_E_INVAL;
        if (!node && i >= n_shared && (o->flags & OPT_REQUIRED))
            rc = qund_yaml_bad(ctx->es, ctx->y, map, "'%s' is needed here: %s", o->name, o->help);
    }
    if (qund_yaml_known(ctx->es, ctx->y, map, words, n_shared + n_own) < 0)
        rc = QUND_E_INVAL;
    return rc;
}

static int check_own(const struct node_ctx *ctx, const struct qund_own *own,
                     const struct qund_ynode *map)
{
    struct qund_fault why = {0};
    const struct qund_ynode *at;

    if (!own->table->check || own->table->check(own->cfg, &why) == 0)
        return QUND_OK;
    why.where[sizeof(why.where) - 1] = why.text[sizeof(why.text) - 1] = '\0';
    at = qund_yaml_get(map, why.where);
    return qund_yaml_bad_secret(ctx->es, ctx->y, at ? at : map, "%s%s%s", at ? "" : why.where,
                                at || !why.where[0] ? "" : ": ", why.text);
}

/* The peer's own pace, where the entry names none. */
static void pace(const struct option_map *m, void *item, const struct qund_ynode *map)
{
    const struct qund_own *own = qund_own_of(m, item);

    if (m == map_named("targets") && own->rate && !qund_yaml_get(map, "rate"))
        ((struct qund_target_cfg *)item)->rate_per_min = own->rate(own->cfg);
}

/* A template that makes no place for the link writes to people it does not tell apart: a chat. */
static bool writes_to_a_chat(const struct qund_target_cfg *t)
{
    return t->template && qund_str_find(qund_str(t->template), 0, QUND_STR("{{link")) < 0;
}

/* A body that neither is the event's JSON nor names its person is the same for whomever it is for.
 */
static bool writes_to_one(const struct qund_target_cfg *t)
{
    struct qund_str body = qund_str(t->template ? t->template : "");

    return t->template && qund_str_find(body, 0, QUND_STR("{{person")) < 0 &&
           qund_str_find(body, 0, QUND_STR("{{to}}")) < 0;
}

static void settle_shared(const struct option_map *m, void *item)
{
    struct qund_target_cfg *t = item;
    bool shared;

    if (m != map_named("targets") || t->shared != QUND_SHARED_AUTO)
        return;
    if (qund_kind_is_ours(m, item)) {
        shared = writes_to_a_chat(t);
        t->single = !shared && writes_to_one(t);
    } else {
        shared = t->own.shared && t->own.shared(t->own.cfg);
        t->single = !shared && t->own.single && t->own.single(t->own.cfg);
    }
    t->shared = shared ? QUND_SHARED_TRUE : QUND_SHARED_FALSE;
}

static int read_own(const struct node_ctx *ctx, const struct option_map *m,
                    const struct qund_own *found, void *item, const struct qund_ynode *map)
{
    struct qund_own *own = qund_own_of(m, item);
    const struct qund_cfg_table *table = found->table;
    struct option shared[OPTIONS_MAX], v[QUND_CFG_KEYS_MAX];
    size_t n_shared = shared_rows(m, shared), n = qund_own_options(table, v);
    int rc;

    *own = *found;
    own->cfg = qund_alloc(table->bytes ? table->bytes : 1);
    qund_options_default(v, n, own->cfg);
    rc = read_both(ctx, shared, n_shared, item, v, n, own->cfg, map);
    if (rc == 0)
        rc = check_own(ctx, own, map);
    if (rc == 0)
        pace(m, item, map);
    return rc;
}

/* Only what every entry has is read. */
static int read_unseen(const struct node_ctx *ctx, const struct option_map *m, void *item,
                       const struct qund_ynode *map)
{
    struct option shared[OPTIONS_MAX];
    size_t n = shared_rows(m, shared);
    int rc = QUND_OK;

    for (size_t i = 0; i < n; i++) {
        const struct qund_ynode *node = qund_yaml_get(map, shared[i].name);

        if (node && qund_option_node(ctx, &shared[i], item, node) < 0)
            rc = QUND_E_INVAL;
    }
    return rc;
}

/* Of plugins `why` speaks; perhaps one of our own kinds was meant. */
static int unknown_kind(const struct node_ctx *ctx, const struct option_map *m,
                        const struct qund_ynode *kind, const char *why)
{
    const char *near;
    size_t n = 0;

    while (m->ours[n])
        n++;
    near = qund_str_nearest(kind->text, m->ours, n);
    return qund_yaml_bad(ctx->es, ctx->y, kind, "%s%s%s%s", why,
                         near ? "; nearest of qund's own: '" : "", near ? near : "",
                         near ? "'" : "");
}

static int entry_node(const struct node_ctx *ctx, const struct option_map *m,
                      const struct qund_config *c, void *item, const struct qund_ynode *n)
{
    const struct qund_ynode *kind = n->kind == QUND_YAML_MAP ? qund_yaml_get(n, "kind") : NULL;
    struct qund_own found = {0};
    QUND_AUTO(qund_free_str) char *word = NULL;
    struct qund_err err = {0};

    if (!kind || kind->kind != QUND_YAML_SCALAR)
        return qund_option_nodes(ctx, m->v, m->n, item, n);
    word = qund_str_dup(kind->text);
    if (listed(m->ours, word))
        return qund_option_nodes(ctx, m->v, m->n, item, n);
    if (ctx->kinds && ctx->kinds->find(ctx->kinds->arg, c, m->name, word, &found, &err) < 0)
        return unknown_kind(ctx, m, kind, err.text);
    return found.table ? read_own(ctx, m, &found, item, n) : read_unseen(ctx, m, item, n);
}

int qund_entry_node(const struct node_ctx *ctx, const struct option_map *m, struct qund_config *c,
                    void *item, const struct qund_ynode *n)
{
    int rc = entry_node(ctx, m, c, item, n);

    if (rc == 0)
        settle_shared(m, item);
    return rc;
}

void qund_options_default(const struct option *v, size_t n, void *base)
{
    char why[160];

    for (size_t i = 0; i < n; i++) {
        if (v[i].def)
            qund_assert(qund_option_set(&v[i], base, qund_str(v[i].def), why));
        else if (v[i].type == OPT_DURATION)
            *(int64_t *)(void *)((char *)base + v[i].offset) = -1; /* not given */
    }
}
