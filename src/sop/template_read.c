/* template_read.c - values out of a template's YAML, each refused with its place and what would do.
 *
 * Every level of the language is a table of keys (struct qund_sop_level). A key that no table knows
 * is an error naming the nearest one, since `exepct:` would otherwise be a step that expects
 * nothing. No reader stops at the first error: it adds its own and lets the others speak. */
#include "sop/template_parts.h"

struct qund_str qund_sop_keep(struct qund_sop_reader *rd, struct qund_str s)
{
    return qund_arena_str(rd->t->arena, s);
}

size_t qund_sop_errors(const struct qund_sop_reader *rd)
{
    return rd->errs->n + rd->errs->dropped;
}

const struct qund_ynode *qund_sop_node(const struct qund_ynode *map, const char *key)
{
    const struct qund_ynode *n = qund_yaml_get(map, key);

    return n ? n : map;
}

bool qund_sop_read_map(struct qund_sop_reader *rd, const struct qund_ynode *map, const char *what,
                       const struct qund_sop_level *level, void *into)
{
    const char *names[32];
    size_t before = qund_sop_errors(rd);

    qund_assert(level->n <= QUND_ARRAY_LEN(names));
    if (map->kind != QUND_YAML_MAP) {
        qund_yaml_bad(rd->errs, rd->doc, map, "%s must be a map of keys and values", what);
        return false;
    }
    for (size_t i = 0; i < level->n; i++)
        names[i] = level->keys[i].name;
    qund_ignore(qund_yaml_known(rd->errs, rd->doc, map, names, level->n)); /* counted in errs */
    for (const struct qund_ynode *e = map->child; e; e = e->next)
        for (size_t i = 0; i < level->n; i++)
            if (level->keys[i].read && qund_str_is(e->key, level->keys[i].name))
                level->keys[i].read(rd, e, into);
    return qund_sop_errors(rd) == before;
}

/* Lines and tabs are part of a text; other control characters are part of nothing people read. */
static bool has_control(struct qund_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

bool qund_sop_read_text(struct qund_sop_reader *rd, const struct qund_ynode *n, const char *what,
                        size_t max, struct qund_str *out)
{
    if (n->kind != QUND_YAML_SCALAR || qund_str_trim(n->text).n == 0) {
        qund_yaml_bad(rd->errs, rd->doc, n, "%s must be a text that is not empty", what);
        return false;
    }
    if (n->text.n > max) {
        qund_yaml_bad(rd->errs, rd->doc, n, "%s has %zu bytes, at most %zu are allowed", what,
                      n->text.n, max);
        return false;
    }
    if (has_control(n->text)) {
        qund_yaml_bad(rd->errs, rd->doc, n,
                      "%s holds a control character; lines end with \\n alone", what);
        return false;
    }
    *out = qund_sop_keep(rd, n->text);
    return true;
}

bool qund_sop_read_name(struct qund_sop_reader *rd, const struct qund_ynode *n, const char *what,
                        const char *more, struct qund_str *out)
{
    bool ok = n->kind == QUND_YAML_SCALAR && n->text.n > 0 && n->text.n <= QUND_SOP_NAME_MAX;

    for (size_t i = 0; ok && i < n->text.n; i++) {
        char c = n->text.p[i];

        ok = (c >= 'a' && c <= 'z') || (c && strchr(more, c)) ||
             (i > 0 && ((c >= '0' && c <= '9') || c == '_'));
    }
    if (!ok)
        qund_yaml_bad(rd->errs, rd->doc, n,
                      "%s must be a name of lower-case letters, digits and _ (at most %u bytes)",
                      what, QUND_SOP_NAME_MAX);
    else
        *out = qund_sop_keep(rd, n->text);
    return ok;
}

bool qund_sop_read_bool(struct qund_sop_reader *rd, const struct qund_ynode *n, const char *what,
                        bool *out)
{
    bool plain = n->kind == QUND_YAML_SCALAR && !n->quoted;

    if (plain && qund_str_is(n->text, "true"))
        *out = true;
    else if (plain && qund_str_is(n->text, "false"))
        *out = false;
    else
        return qund_yaml_bad(rd->errs, rd->doc, n, "%s must be true or false", what) == 0;
    return true;
}

bool qund_sop_read_duration(struct qund_sop_reader *rd, const struct qund_ynode *n,
                            const char *what, int64_t min_ms, int64_t max_ms, int64_t *out)
{
    QUND_AUTO(qund_buf_done) struct qund_buf from = {0}, to = {0};
    int64_t v;

    if (n->kind != QUND_YAML_SCALAR || qund_str_duration(n->text, &v) < 0) {
        qund_yaml_bad(rd->errs, rd->doc, n, "%s must be a duration such as 30m, 2h or 7d", what);
        return false;
    }
    if (v < min_ms || v > max_ms) {
        qund_sop_duration_print(min_ms, &from);
        qund_sop_duration_print(max_ms, &to);
        qund_yaml_bad(rd->errs, rd->doc, n, "%s must lie between %s and %s", what, from.p, to.p);
        return false;
    }
    *out = v;
    return true;
}

static bool scalar(struct qund_sop_reader *rd, const struct qund_ynode *n, const char *what)
{
    if (n->kind == QUND_YAML_SCALAR)
        return true;
    qund_yaml_bad(rd->errs, rd->doc, n, "%s must be a text", what);
    return false;
}

bool qund_sop_read_offset(struct qund_sop_reader *rd, const struct qund_ynode *n, const char *what,
                          struct qund_sop_offset *out)
{
    struct qund_err err = {0};

    if (!scalar(rd, n, what))
        return false;
    if (qund_sop_offset_parse(n->text, out, &err) == 0)
        return true;
    qund_yaml_bad(rd->errs, rd->doc, n, "%s: %s", what, err.text);
    return false;
}

bool qund_sop_read_value(struct qund_sop_reader *rd, const struct qund_ynode *n, const char *what,
                         struct qund_sop_value *out)
{
    struct qund_err err = {0};

    if (!scalar(rd, n, what))
        return false;
    if (qund_sop_value_parse(qund_sop_keep(rd, n->text), out, &err) == 0) {
        if (out->var.p)
            out->var = qund_sop_keep(rd, out->var);
        return true;
    }
    qund_yaml_bad(rd->errs, rd->doc, n, "%s: %s", what, err.text);
    return false;
}

bool qund_sop_read_cond(struct qund_sop_reader *rd, const struct qund_ynode *n, const char *what,
                        struct qund_sop_cond *out)
{
    struct qund_err err = {0};

    if (!scalar(rd, n, what))
        return false;
    if (qund_sop_cond_parse(qund_sop_keep(rd, n->text), out, &err) == 0) {
        out->line = n->line;
        out->col = n->col;
        return true;
    }
    qund_yaml_bad(rd->errs, rd->doc, n, "%s: %s", what, err.text);
    return false;
}

int qund_sop_read_choice(struct qund_sop_reader *rd, const struct qund_ynode *n, const char *what,
                         const char *(*name)(int i), int n_names)
{
    QUND_AUTO(qund_buf_done) struct qund_buf all = {0};
    const char *names[32], *near = NULL;

    qund_assert(n_names <= (int)QUND_ARRAY_LEN(names));
    for (int i = 0; i < n_names; i++) {
        names[i] = name(i);
        if (n->kind == QUND_YAML_SCALAR && qund_str_is(n->text, names[i]))
            return i;
        qund_buf_printf(&all, "%s%s", i ? ", " : "", names[i]);
    }
    if (n->kind == QUND_YAML_SCALAR)
        near = qund_str_nearest(n->text, names, (size_t)n_names);
    if (near)
        qund_yaml_bad(rd->errs, rd->doc, n, "%s '%.*s' is not known; nearest known: '%s'", what,
                      QUND_STR_ARG(qund_utf8_cut(n->text, 60)), near);
    else
        qund_yaml_bad(rd->errs, rd->doc, n, "%s must be one of: %s", what, all.p);
    return -1;
}

/* How many entries; -1 with an error when it is no list, or one too long. */
static ptrdiff_t list_length(struct qund_sop_reader *rd, const struct qund_ynode *n,
                             const char *what)
{
    ptrdiff_t count = 0;

    if (n->kind != QUND_YAML_LIST) {
        qund_yaml_bad(rd->errs, rd->doc, n, "here belongs a list, each entry of it %s", what);
        return -1;
    }
    for (const struct qund_ynode *e = n->child; e; e = e->next)
        count++;
    if (count <= (ptrdiff_t)QUND_SOP_LIST_MAX)
        return count;
    qund_yaml_bad(rd->errs, rd->doc, n, "the list has %td entries, at most %u are allowed", count,
                  QUND_SOP_LIST_MAX);
    return -1;
}

void qund_sop_read_texts(struct qund_sop_reader *rd, const struct qund_ynode *n, const char *what,
                         size_t max, struct qund_str **v, size_t *n_v)
{
    ptrdiff_t count = list_length(rd, n, what);

    *n_v = 0;
    if (count <= 0)
        return;
    *v = qund_arena_zalloc(rd->t->arena, (size_t)count * sizeof(**v));
    for (const struct qund_ynode *e = n->child; e; e = e->next)
        if (qund_sop_read_text(rd, e, what, max, &(*v)[*n_v]))
            ++*n_v;
}

void qund_sop_read_conds(struct qund_sop_reader *rd, const struct qund_ynode *n, const char *what,
                         struct qund_sop_cond **v, size_t *n_v)
{
    ptrdiff_t count = list_length(rd, n, "a condition");

    *n_v = 0;
    if (count <= 0)
        return;
    *v = qund_arena_zalloc(rd->t->arena, (size_t)count * sizeof(**v));
    for (const struct qund_ynode *e = n->child; e; e = e->next)
        if (qund_sop_read_cond(rd, e, what, &(*v)[*n_v]))
            ++*n_v;
}
