/* print.c - a snapshot as text: for `qund check`, for the documentation, for the reload.
 *
 * What is printed loads again, but without the secrets: those are ***, and of an address the user
 * part and, for web addresses, all behind the host, because robots carry their key in the path. */
#include "config/option.h"
#include "core/json.h"

static void print_masked_url(const char *url, struct qund_buf *out)
{
    struct qund_str s = qund_str(url), part;
    ptrdiff_t at = qund_str_find(s, 0, QUND_STR("://"));
    bool web = qund_str_starts(s, "http");

    if (at < 0) { /* managed, unix:PATH */
        qund_buf_str(out, s);
        return;
    }
    qund_buf_add(out, s.p, (size_t)at + 3);
    s.p += at + 3;
    s.n -= (size_t)at + 3;
    part = s;
    for (size_t i = 0; i < part.n && (!web || part.p[i] != '/'); i++)
        if (part.p[i] == '@')
            s = qund_str_n(part.p + i + 1, part.n - i - 1);
    if (s.p != part.p)
        qund_buf_puts(out, "***@");
    for (size_t i = 0; web && i < s.n; i++)
        if (strchr("/?#", s.p[i])) {
            s.n = i;
            qund_buf_str(out, s);
            qund_buf_puts(out, "/***");
            return;
        }
    qund_buf_str(out, s);
}

static void print_quoted(struct qund_str s, struct qund_buf *out)
{
    struct qund_jw w = qund_jw(out);

    qund_jw_str(&w, s); /* a JSON string is a YAML string */
}

static void print_list(struct qund_str text, const char *sep, struct qund_buf *out)
{
    qund_buf_char(out, '[');
    while (text.p) {
        struct qund_str one = qund_str_split(&text, ',');

        if (*sep)
            qund_buf_str(out, one);
        else
            print_quoted(one, out);
        qund_buf_puts(out, text.p ? ", " : "");
    }
    qund_buf_char(out, ']');
}

/* "normal 10m,30m; urgent 0s" as a map of lists. */
static void print_ladders(struct qund_str text, struct qund_buf *out)
{
    qund_buf_char(out, '{');
    while (text.p) {
        struct qund_str one = qund_str_trim(qund_str_split(&text, ';'));

        print_quoted(qund_str_split(&one, ' '), out);
        qund_buf_puts(out, ": ");
        print_list(one, ",", out);
        qund_buf_puts(out, text.p ? ", " : "");
    }
    qund_buf_char(out, '}');
}

/* One value of the file's syntax from its text form. */
static void print_value(const struct option *o, struct qund_str text, struct qund_buf *out)
{
    QUND_AUTO(qund_buf_done) struct qund_buf masked = {0};

    switch (o->type) {
    case OPT_SECRET:
    case OPT_JSON: /* nobody knows what lies in it */
        qund_buf_puts(out, "\"***\"");
        break;
    case OPT_URL:
        qund_buf_reserve(&masked, text.n + 8);
        print_masked_url(text.p, &masked);
        print_quoted(qund_buf_view(&masked), out);
        break;
    case OPT_STRING:
    case OPT_PATH:
    case OPT_HOURS:
        print_quoted(text, out);
        break;
    case OPT_PATHS:
    case OPT_LIST:
        print_list(text, "", out);
        break;
    case OPT_LADDERS:
        print_ladders(text, out);
        break;
    case OPT_BOOL:
    case OPT_INT:
    case OPT_SIZE:
    case OPT_DURATION:
    case OPT_ENUM:
        qund_buf_str(out, text);
        break;
    }
}

static void print_options(const struct option *v, size_t n, const void *base, const char *indent,
                          struct qund_buf *out)
{
    for (size_t i = 0; i < n; i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf text = {0};

        qund_option_text(&v[i], base, &text);
        if (text.n == 0) /* not given */
            continue;
        qund_buf_printf(out, "%s%s: ", indent, v[i].name);
        print_value(&v[i], qund_buf_view(&text), out);
        qund_buf_char(out, '\n');
    }
}

static const char *item_at(const struct option_map *m, const struct qund_config *c, size_t i)
{
    const char *const *v = (const char *const *)(const void *)((const char *)c + m->offset);

    return *v + i * m->item_bytes;
}

static size_t n_items(const struct option_map *m, const struct qund_config *c)
{
    return *(const size_t *)(const void *)((const char *)c + m->n_offset);
}

static const char *name_of(const char *item)
{
    return *(const char *const *)(const void *)item; /* the first member */
}

static void print_entry(const struct option_map *m, const char *item, struct qund_buf *out)
{
    const struct qund_own *own = qund_own_of(m, item);
    struct option v[OPTIONS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < m->n; i++)
        if (!(m->v[i].flags & OPT_OURS) || qund_kind_is_ours(m, item))
            v[n++] = m->v[i];
    print_options(v, n, item, "    ", out);
    if (own->table)
        print_options(v, qund_own_options(own->table, v), own->cfg, "    ", out);
}

void qund_config_print(const struct qund_config *c, struct qund_buf *out)
{
    for (size_t i = 0; i < qund_config_n_sections; i++) {
        const struct section *s = &qund_config_sections[i];

        qund_buf_printf(out, "%s:\n", s->name);
        print_options(s->v, s->n, c, "  ", out);
    }
    for (size_t i = 0; i < qund_config_n_maps; i++) {
        const struct option_map *m = &qund_config_maps[i];

        qund_buf_printf(out, "%s:\n", m->name);
        for (size_t k = 0; k < n_items(m, c); k++) {
            qund_buf_puts(out, "  ");
            print_quoted(qund_str(name_of(item_at(m, c, k))), out);
            qund_buf_puts(out, ":\n");
            print_entry(m, item_at(m, c, k), out);
        }
    }
}

static bool same(const struct option *o, const void *a, const void *b)
{
    QUND_AUTO(qund_buf_done) struct qund_buf x = {0}, y = {0};

    qund_option_text(o, a, &x);
    qund_option_text(o, b, &y);
    return qund_str_eq(qund_buf_view(&x), qund_buf_view(&y));
}

/* Names the keys of one struct that differ and are not RELOAD. */
static size_t diff_options(const struct option *v, size_t n, const void *a, const void *b,
                           const char *prefix, const char *item, struct qund_buf *out)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++) {
        if ((v[i].flags & OPT_RELOAD) || same(&v[i], a, b))
            continue;
        qund_buf_printf(out, "%s%s%s.%s\n", prefix, item ? "." : "", item ? item : "", v[i].name);
        found++;
    }
    return found;
}

static bool own_agree(const struct qund_own *a, const struct qund_own *b, unsigned besides)
{
    struct option v[QUND_CFG_KEYS_MAX];
    size_t n = a->table && a->table == b->table ? qund_own_options(a->table, v) : 0;

    for (size_t i = 0; i < n; i++)
        if (!(v[i].flags & besides) && !same(&v[i], a->cfg, b->cfg))
            return false;
    return a->table == b->table;
}

bool qund_own_same(const struct qund_own *a, const struct qund_own *b)
{
    return own_agree(a, b, 0);
}

bool qund_own_reloadable(const struct qund_own *a, const struct qund_own *b)
{
    return own_agree(a, b, OPT_RELOAD);
}

/* A target is opened anew when its keys change; a channel only for those that may. */
static size_t diff_own(const struct option_map *m, const char *a, const char *b,
                       struct qund_buf *out)
{
    const struct qund_own *x = qund_own_of(m, a), *y = qund_own_of(m, b);
    struct option v[QUND_CFG_KEYS_MAX];

    if ((m->flags & OPT_RELOAD) || !x->table || x->table != y->table)
        return 0;
    return diff_options(v, qund_own_options(x->table, v), x->cfg, y->cfg, m->name, name_of(a), out);
}

/* Both arrays are sorted by name: walk them side by side. */
static size_t diff_map(const struct option_map *m, const struct qund_config *a,
                       const struct qund_config *b, struct qund_buf *out)
{
    size_t i = 0, k = 0, found = 0;

    while (i < n_items(m, a) || k < n_items(m, b)) {
        const char *x = i < n_items(m, a) ? item_at(m, a, i) : NULL;
        const char *y = k < n_items(m, b) ? item_at(m, b, k) : NULL;
        int d = !x ? 1 : !y ? -1 : strcmp(name_of(x), name_of(y));

        if (d == 0) {
            found += diff_options(m->v, m->n, x, y, m->name, name_of(x), out);
            found += diff_own(m, x, y, out);
        } else if (!(m->flags & OPT_RELOAD)) {
            qund_buf_printf(out, "%s.%s\n", m->name, name_of(d < 0 ? x : y));
            found++;
        }
        i += d <= 0;
        k += d >= 0;
    }
    return found;
}

size_t qund_config_reload_diff(const struct qund_config *before, const struct qund_config *after,
                               struct qund_buf *out)
{
    size_t found = 0;

    for (size_t i = 0; i < qund_config_n_sections; i++) {
        const struct section *s = &qund_config_sections[i];

        found += diff_options(s->v, s->n, before, after, s->name, NULL, out);
    }
    for (size_t i = 0; i < qund_config_n_maps; i++)
        found += diff_map(&qund_config_maps[i], before, after, out);
    return found;
}
