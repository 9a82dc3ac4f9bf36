/* place.c - where the configuration names a file or a folder.
 *
 * Paths are opened long after the file that names them was read, by parts that know nothing of it:
 * what they say of a path that is not there has no line. Yet the line is what must be mended. So
 * the snapshot keeps the place of each path of its sections, and whoever opened one hands over what
 * was said of it. A default has no place: what is said of that stays as it is. */
#include "config/option.h"
#include <stdio.h>

static void note(struct qund_config *c, const char *section, const char *key, const char *path,
                 const struct qund_yaml *y, const struct qund_ynode *n)
{
    QUND_AUTO(qund_buf_done) struct qund_buf name = {0};
    char at[160];

    qund_yaml_where(y, n, at);
    qund_buf_printf(&name, "%s.%s", section, key);
    c->places = qund_realloc(c->places, (c->n_places + 1) * sizeof(*c->places));
    c->places[c->n_places++] = (struct qund_place){.key = qund_str_dup(qund_buf_view(&name)),
                                                   .path = qund_strdup(path),
                                                   .at = qund_strdup(at)};
}

static void note_option(struct qund_config *c, const struct section *s, const struct option *o,
                        const struct qund_yaml *y, const struct qund_ynode *n)
{
    const void *field = (const char *)c + o->offset;
    const struct qund_strs *list = field;

    if (o->type == OPT_PATH)
        note(c, s->name, o->name, *(char *const *)field, y, n);
    n = o->type == OPT_PATHS ? n->child : NULL;
    for (size_t i = 0; n && i < list->n; i++, n = n->next)
        note(c, s->name, o->name, list->v[i], y, n);
}

void qund_places_note(struct qund_config *c, const struct qund_yaml *y)
{
    for (size_t i = 0; i < qund_config_n_sections; i++) {
        const struct section *s = &qund_config_sections[i];
        const struct qund_ynode *at = qund_yaml_get(qund_yaml_root(y), s->name);

        for (size_t k = 0; at && k < s->n; k++) {
            const struct qund_ynode *n = qund_yaml_get(at, s->v[k].name);

            if (n)
                note_option(c, s, &s->v[k], y, n);
        }
    }
}

void qund_places_free(struct qund_config *c)
{
    for (size_t i = 0; i < c->n_places; i++) {
        qund_free(c->places[i].key);
        qund_free(c->places[i].path);
        qund_free(c->places[i].at);
    }
    qund_free(c->places);
}

/* An error keeps as much of its place as it has room for. */
static bool speaks_of(const struct qund_err *e, const char *path)
{
    return qund_str_eq(qund_str(e->where), qund_utf8_cut(qund_str(path), sizeof(e->where) - 1));
}

void qund_config_place_errs(const struct qund_config *c, const char *key, struct qund_errs *errs,
                            size_t from)
{
    for (size_t i = from; i < errs->n; i++) {
        const struct qund_place *p = c->places, *end = p + c->n_places;
        struct qund_err *e = &errs->v[i];

        while (p < end && !(strcmp(p->key, key) == 0 && speaks_of(e, p->path)))
            p++;
        if (p < end)
            qund_ignore(qund_err_set(e, e->rc, p->at, "%s: %s: %s", key, e->where, e->text));
    }
}
