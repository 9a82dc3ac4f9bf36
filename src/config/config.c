/* config.c - from a file to a snapshot, or to all its errors.
 *
 * Order: read, check, build; nothing outside is opened or changed here, so a file with one slip
 * costs its author a message and nothing else. Defaults come first, the file is laid over them,
 * then what only makes sense together is checked (check.c). */
#include "config/option.h"
#include "core/file.h"
#include <stdlib.h>
#include <unistd.h>

#define WORDS_MAX 32 /* sections and maps together */
#define NAME_MAX_BYTES 64u

static void clear_all(const struct option *v, size_t n, void *base)
{
    for (size_t i = 0; i < n; i++)
        qund_option_clear(&v[i], base);
}

/* The array of a map, as bytes. */
static char **items(const struct option_map *m, struct qund_config *c)
{
    return (char **)(void *)((char *)c + m->offset);
}

static size_t *n_items(const struct option_map *m, struct qund_config *c)
{
    return (size_t *)(void *)((char *)c + m->n_offset);
}

static int item_cmp(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b); /* the name is the first member */
}

/* The entry of that name, made with defaults when there is none. Invalid after the next call. */
static void *item_named(const struct option_map *m, struct qund_config *c, struct qund_str name)
{
    char **v = items(m, c), *item;
    size_t *n = n_items(m, c);

    for (size_t i = 0; i < *n; i++) {
        item = *v + i * m->item_bytes;
        if (qund_str_is(name, *(char **)(void *)item))
            return item;
    }
    *v = qund_realloc(*v, (*n + 1) * m->item_bytes);
    item = *v + (*n)++ * m->item_bytes;
    memset(item, 0, m->item_bytes);
    *(char **)(void *)item = qund_str_dup(name);
    qund_options_default(m->v, m->n, item);
    return item;
}

static const struct option_map *map_of(const char *name)
{
    for (size_t i = 0; i < qund_config_n_maps; i++)
        if (strcmp(qund_config_maps[i].name, name) == 0)
            return &qund_config_maps[i];
    return NULL;
}

static struct qund_config *defaults(void)
{
    struct qund_config *c = qund_alloc(sizeof(*c));
    struct qund_channel_cfg *replay;

    atomic_store(&c->refs, 1);
    for (size_t i = 0; i < qund_config_n_sections; i++)
        qund_options_default(qund_config_sections[i].v, qund_config_sections[i].n, c);
    item_named(map_of("channels"), c, QUND_STR("api"));
    replay = item_named(map_of("channels"), c, QUND_STR("replay"));
    qund_free(replay->kind);
    replay->kind = qund_strdup("replay");
    replay->trust_roles = true; /* the operator's own file says who was who */
    return c;
}

static void destroy(struct qund_config *c)
{
    for (size_t i = 0; i < qund_config_n_sections; i++)
        clear_all(qund_config_sections[i].v, qund_config_sections[i].n, c);
    for (size_t i = 0; i < qund_config_n_maps; i++) {
        const struct option_map *m = &qund_config_maps[i];

        for (size_t k = 0; k < *n_items(m, c); k++) {
            char *item = *items(m, c) + k * m->item_bytes;

            clear_all(m->v, m->n, item);
            qund_own_clear(qund_own_of(m, item));
            qund_free(*(char **)(void *)item);
        }
        qund_free(*items(m, c));
    }
    qund_places_free(c);
    qund_free(c->path);
    qund_free(c);
}

struct qund_config *qund_config_ref(struct qund_config *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

struct qund_config *qund_config_unref(struct qund_config *c)
{
    if (c && atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) == 1)
        destroy(c);
    return NULL;
}

/* Names appear in addresses, metrics and file names. */
static bool good_name(struct qund_str s)
{
    if (s.n == 0 || s.n > NAME_MAX_BYTES || s.p[0] == '.' || s.p[0] == '-')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_' || c == '.'))
            return false;
    }
    return true;
}

static int load_map(const struct node_ctx *ctx, const struct option_map *m, struct qund_config *c,
                    const struct qund_ynode *node)
{
    int rc = QUND_OK;

    if (node->kind == QUND_YAML_NULL)
        return QUND_OK;
    if (node->kind != QUND_YAML_MAP)
        return qund_yaml_bad(ctx->es, ctx->y, node, "a map of names is wanted here");
    for (const struct qund_ynode *n = node->child; n; n = n->next) {
        if (!good_name(n->key)) {
            struct qund_ynode at = {.line = n->key_line, .col = n->key_col};

            rc = qund_yaml_bad(ctx->es, ctx->y, &at,
                               "%s: '%.*s' is no name: 1 to 64 letters, digits, '-', '_' or '.'",
                               m->name, QUND_STR_ARG(qund_utf8_cut(n->key, 100)));
        } else if (*n_items(m, c) >= MAP_ENTRIES_MAX) {
            return qund_yaml_bad(ctx->es, ctx->y, n, "at most %d %s", MAP_ENTRIES_MAX, m->name);
        } else if (qund_entry_node(ctx, m, c, item_named(m, c, n->key), n) < 0) {
            rc = QUND_E_INVAL;
        }
    }
    return rc;
}

/* Every heading must be a section or a map; each is then read by its table. */
static int load_root(const struct node_ctx *ctx, struct qund_config *c,
                     const struct qund_ynode *root)
{
    const char *words[WORDS_MAX];
    size_t n = 0;
    int rc = QUND_OK;

    if (root->kind == QUND_YAML_NULL)
        return QUND_OK;
    if (root->kind != QUND_YAML_MAP)
        return qund_yaml_bad(ctx->es, ctx->y, root, "a map of sections is wanted here");
    qund_assert(qund_config_n_sections + qund_config_n_maps <= QUND_ARRAY_LEN(words));
    for (size_t i = 0; i < qund_config_n_sections; i++) {
        const struct section *s = &qund_config_sections[i];
        const struct qund_ynode *node = qund_yaml_get(root, s->name);

        words[n++] = s->name;
        if (node && qund_option_nodes(ctx, s->v, s->n, c, node) < 0)
            rc = QUND_E_INVAL;
    }
    for (size_t i = 0; i < qund_config_n_maps; i++) {
        const struct qund_ynode *node = qund_yaml_get(root, qund_config_maps[i].name);

        words[n++] = qund_config_maps[i].name;
        if (node && load_map(ctx, &qund_config_maps[i], c, node) < 0)
            rc = QUND_E_INVAL;
    }
    if (qund_yaml_known(ctx->es, ctx->y, root, words, n) < 0)
        rc = QUND_E_INVAL;
    return rc;
}

/* A list of folders that was not given is the shipped one; nobody must ship templates. */
static void shipped(struct qund_strs *dirs, const char *name, bool must)
{
    QUND_AUTO(qund_free_str) char *share = dirs->n == 0 ? qund_share_dir() : NULL;

    QUND_AUTO(qund_free_str) char *dir = share ? qund_path_join(share, name) : NULL;

    if (!dir || (!must && access(dir, F_OK) != 0))
        return;
    dirs->v = qund_alloc(sizeof(char *));
    dirs->v[0] = QUND_TAKE(dir);
    dirs->n = 1;
}

static void sort_map(const struct option_map *m, struct qund_config *c)
{
    if (*n_items(m, c) > 1)
        qsort(*items(m, c), *n_items(m, c), m->item_bytes, item_cmp);
}

/* What follows from other values. */
static void complete(struct qund_config *c)
{
    for (size_t i = 0; i < c->n_channels; i++)
        if (!c->channels[i].realm)
            c->channels[i].realm = qund_strdup(c->channels[i].name);
    shipped(&c->rules.dirs, "rules", true);
    shipped(&c->sop.dirs, "sop-templates", false);
    for (size_t i = 0; i < qund_config_n_maps; i++)
        sort_map(&qund_config_maps[i], c);
}

int qund_config_parse_kinds(const char *name, const char *dir, struct qund_str text,
                            const struct qund_config_kinds *kinds, struct qund_config **out,
                            struct qund_errs *errs)
{
    QUND_AUTO(qund_config_unref) struct qund_config *c = defaults();
    QUND_AUTO(qund_yaml_free) struct qund_yaml *y = NULL;
    struct node_ctx ctx = {.dir = dir, .es = errs, .kinds = kinds};
    struct qund_err err;
    int rc = qund_yaml_parse(name, text, &y, &err);

    if (rc < 0)
        return qund_errs_add(errs, rc, err.where, "%s", err.text);
    ctx.y = y;
    rc = load_root(&ctx, c, qund_yaml_root(y));
    if (rc == 0)
        qund_places_note(c, y); /* as long as each list is what the file says */
    complete(c);
    if (qund_config_check(c, y, errs) < 0)
        rc = QUND_E_INVAL;
    if (rc == 0)
        *out = QUND_TAKE(c);
    return rc;
}

int qund_config_parse(const char *name, const char *dir, struct qund_str text,
                      struct qund_config **out, struct qund_errs *errs)
{
    return qund_config_parse_kinds(name, dir, text, NULL, out, errs);
}

static int load_file(const char *path, const struct qund_config_kinds *kinds,
                     struct qund_config **out, struct qund_errs *errs)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    QUND_AUTO(qund_free_str) char *dir = qund_strdup(path);
    char *slash = strrchr(dir, '/');
    struct qund_err err;
    int rc = qund_file_read(path, (size_t)4 << 20, &text, &err);

    if (rc < 0)
        return qund_errs_add(errs, rc, err.where, "%s", err.text);
    if (slash)
        slash[slash == dir] = '\0'; /* "/x.yaml" lies in "/" */
    rc = qund_config_parse_kinds(path, slash ? dir : NULL, qund_buf_view(&text), kinds, out, errs);
    if (rc == 0)
        (*out)->path = qund_strdup(path);
    return rc;
}

const char *qund_config_section_near(struct qund_str name)
{
    const char *known[WORDS_MAX];
    size_t n = 0;

    qund_assert(qund_config_n_sections + qund_config_n_maps <= QUND_ARRAY_LEN(known));
    for (size_t i = 0; i < qund_config_n_sections; i++)
        known[n++] = qund_config_sections[i].name;
    for (size_t i = 0; i < qund_config_n_maps; i++)
        known[n++] = qund_config_maps[i].name;
    return qund_str_nearest(name, known, n);
}

int qund_config_load_kinds(const char *path, const struct qund_config_kinds *kinds,
                           struct qund_config **out, struct qund_errs *errs)
{
    return path ? load_file(path, kinds, out, errs)
                : qund_config_parse_kinds("default", NULL, QUND_STR(""), kinds, out, errs);
}

int qund_config_load(const char *path, struct qund_config **out, struct qund_errs *errs)
{
    return qund_config_load_kinds(path, NULL, out, errs);
}

int qund_config_set(struct qund_config *c, const char *key, struct qund_str value,
                    struct qund_errs *errs)
{
    struct qund_str option = qund_str(key), section = qund_str_split(&option, '.');
    char why[160];

    for (size_t i = 0; i < qund_config_n_sections; i++) {
        const struct section *s = &qund_config_sections[i];

        for (size_t k = 0; qund_str_is(section, s->name) && k < s->n; k++) {
            if (!qund_str_is(option, s->v[k].name))
                continue;
            if (!qund_option_set(&s->v[k], c, value, why))
                return qund_errs_add(errs, QUND_E_INVAL, key, "%s", why);
            return qund_config_check(c, NULL, errs);
        }
    }
    return qund_errs_add(errs, QUND_E_INVAL, key, "unknown key; write it as section.key");
}

void qund_config_add_channel(struct qund_config *c, struct qund_str name, struct qund_str realm)
{
    struct qund_channel_cfg *channel = item_named(map_of("channels"), c, name);

    qund_free(channel->realm);
    channel->realm = qund_str_dup(realm);
    channel->trust_roles = true;
    sort_map(map_of("channels"), c);
}

void qund_config_add_target(struct qund_config *c, struct qund_str name)
{
    struct qund_target_cfg *target = item_named(map_of("targets"), c, name);

    if (!target->url)
        target->url = qund_strdup("https://simulate.invalid/");
    sort_map(map_of("targets"), c);
}

const struct qund_channel_cfg *qund_config_channel(const struct qund_config *c,
                                                   struct qund_str name)
{
    for (size_t i = 0; i < c->n_channels; i++)
        if (qund_str_is(name, c->channels[i].name))
            return &c->channels[i];
    return NULL;
}

const struct qund_target_cfg *qund_config_target(const struct qund_config *c, struct qund_str name)
{
    for (size_t i = 0; i < c->n_targets; i++)
        if (qund_str_is(name, c->targets[i].name))
            return &c->targets[i];
    return NULL;
}

const struct qund_ladder *qund_config_ladder(const struct qund_config *c, struct qund_str level)
{
    for (size_t i = 0; i < c->alert.ladders.n; i++)
        if (qund_str_is(level, c->alert.ladders.v[i].level))
            return &c->alert.ladders.v[i];
    return NULL;
}
