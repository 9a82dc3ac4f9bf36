/* yaml.c - YAML as people write it, less what makes it dangerous.
 *
 * libfyaml scans; we build our own small tree from its events, because a tree with the place of
 * every key is what good error messages are made of, and because the limits must hold while
 * reading, not after. Refused: anchors, aliases and merge keys (they make bombs of a few lines),
 * tags (they make types nobody expects), keys that are not plain words, the same key twice, a
 * second document, more than DEPTH_MAX levels or NODES_MAX entries. What remains is what config,
 * rules and the org file need. */
#include "core/yaml.h"
#include "core/file.h"
#include <libfyaml.h>
#include <stdio.h>
#include <stdlib.h>

#define BYTES_MAX ((size_t)4 << 20)
#define DEPTH_MAX 32
#define NODES_MAX 500000u

struct qund_yaml {
    char *name;
    struct qund_arena *arena;
    struct qund_ynode *root;
};

/* An open map or list. */
struct level {
    struct qund_ynode *node;
    struct qund_ynode **tail; /* where the next child is hung */
    bool have_key;
    struct qund_str key; /* read, its value not yet */
    int key_line, key_col;
    size_t n;
};

struct builder {
    struct qund_yaml *y;
    struct qund_err *err;
    struct qund_str text;
    struct level levels[DEPTH_MAX];
    unsigned depth, documents;
    size_t nodes;
};

static int refuse(struct builder *b, int line, int col, const char *why)
{
    char where[160];
    struct qund_str name = qund_utf8_cut(qund_str(b->y->name), 120);

    snprintf(where, sizeof(where), "%.*s:%d:%d", QUND_STR_ARG(name), line, col);
    return qund_err_set(b->err, QUND_E_INVAL, where, "%s", why);
}

/* Where e begins, 1-based. libfyaml points behind an opening quote and behind the '*' of an alias.
 */
static void place(const struct builder *b, struct fy_event *e, int *line, int *col)
{
    const struct fy_mark *m = fy_event_start_mark(e);

    *line = m ? m->line + 1 : 1;
    *col = m ? m->column + 1 : 1;
    if (m && m->column > 0 && m->input_pos > 0 && m->input_pos <= b->text.n &&
        (e->type == FYET_SCALAR || e->type == FYET_ALIAS) &&
        strchr("\"'*", b->text.p[m->input_pos - 1]))
        --*col;
}

static struct qund_ynode *new_node(struct builder *b, struct fy_event *e, enum qund_yaml_kind kind)
{
    struct qund_ynode *n = qund_arena_zalloc(b->y->arena, sizeof(*n));

    n->kind = kind;
    place(b, e, &n->line, &n->col);
    return n;
}

/* Hangs n under the open level, or makes it the root. */
static int attach(struct builder *b, struct qund_ynode *n)
{
    struct level *up = b->depth > 0 ? &b->levels[b->depth - 1] : NULL;

    if (++b->nodes > NODES_MAX)
        return refuse(b, n->line, n->col, "too many entries; split the file");
    if (!up) {
        b->y->root = n;
        return QUND_OK;
    }
    n->up = up->node;
    if (up->node->kind == QUND_YAML_MAP) {
        n->key = up->key;
        n->key_line = up->key_line;
        n->key_col = up->key_col;
        up->have_key = false;
        if (n->kind == QUND_YAML_NULL &&
            n->text.n == 0) { /* "key:" and nothing: no place of its own */
            n->line = n->key_line;
            n->col = n->key_col;
        }
    }
    *up->tail = n;
    up->tail = &n->next;
    up->n++;
    return QUND_OK;
}

static bool awaits_key(const struct builder *b)
{
    const struct level *up = b->depth > 0 ? &b->levels[b->depth - 1] : NULL;

    return up && up->node->kind == QUND_YAML_MAP && !up->have_key;
}

static int open_level(struct builder *b, struct fy_event *e, enum qund_yaml_kind kind)
{
    struct qund_ynode *n = new_node(b, e, kind);
    int rc;

    if (awaits_key(b))
        return refuse(b, n->line, n->col, "a key must be a plain word");
    if (b->depth >= DEPTH_MAX)
        return refuse(b, n->line, n->col, "nested too deep (32 levels at most)");
    rc = attach(b, n);
    if (rc < 0)
        return rc;
    b->levels[b->depth++] = (struct level){.node = n, .tail = &n->child};
    return QUND_OK;
}

static int by_key_then_place(const void *a, const void *b)
{
    const struct qund_ynode *x = *(const struct qund_ynode *const *)a;
    const struct qund_ynode *y = *(const struct qund_ynode *const *)b;
    int d = qund_str_cmp(x->key, y->key);

    if (d != 0)
        return d;
    if (x->key_line != y->key_line)
        return x->key_line < y->key_line ? -1 : 1;
    return (x->key_col > y->key_col) - (x->key_col < y->key_col);
}

/* Sorted, so that a map of 100,000 keys costs no more than it must. */
static int check_keys(struct builder *b, const struct level *l)
{
    const struct qund_ynode **v, *n, *first = NULL;
    char why[200];
    size_t i = 0;

    if (l->n < 2)
        return QUND_OK;
    v = qund_alloc(l->n * sizeof(*v));
    for (n = l->node->child; n; n = n->next)
        v[i++] = n;
    qsort(v, l->n, sizeof(*v), by_key_then_place);
    for (i = 1; i < l->n; i++)
        if (qund_str_eq(v[i]->key, v[i - 1]->key) &&
            (!first || v[i]->key_line < first->key_line ||
             (v[i]->key_line == first->key_line && v[i]->key_col < first->key_col)))
            first = v[i];
    qund_free(v);
    if (!first)
        return QUND_OK;
    snprintf(why, sizeof(why), "the key '%.*s' stands here a second time",
             QUND_STR_ARG(qund_utf8_cut(first->key, 100)));
    return refuse(b, first->key_line, first->key_col, why);
}

static int close_level(struct builder *b)
{
    struct level *l = &b->levels[--b->depth];

    return l->node->kind == QUND_YAML_MAP ? check_keys(b, l) : QUND_OK;
}

static bool means_null(struct qund_str s)
{
    return s.n == 0 || qund_str_is(s, "~") || qund_str_is(s, "null") || qund_str_is(s, "Null") ||
           qund_str_is(s, "NULL");
}

static int take_key(struct builder *b, const struct qund_ynode *n)
{
    struct level *up = &b->levels[b->depth - 1];

    if (n->kind == QUND_YAML_NULL)
        return refuse(b, n->line, n->col, "a key must be a plain word");
    if (!n->quoted && qund_str_is(n->text, "<<"))
        return refuse(b, n->line, n->col, "merge keys are not read; write the entries out");
    up->have_key = true;
    up->key = n->text;
    up->key_line = n->line;
    up->key_col = n->col;
    return QUND_OK;
}

/* The text of a value in single quotes on one line: what stands between the quotes, a doubled one
 * for each. By hand, for libfyaml 0.7 reads four quotes in a row as three. */
static bool between_quotes(struct builder *b, struct fy_event *e, struct qund_buf *text)
{
    const struct fy_mark *from = fy_event_start_mark(e), *to = fy_event_end_mark(e);
    struct qund_str raw;

    /* Both marks point behind and at the quotes, not before and behind them. */
    if (!from || !to || from->input_pos < 1 || to->input_pos < from->input_pos ||
        to->input_pos >= b->text.n)
        return false;
    raw = qund_str_n(b->text.p + from->input_pos, to->input_pos - from->input_pos);
    if (raw.p[-1] != '\'' || raw.p[raw.n] != '\'' || memchr(raw.p, '\n', raw.n))
        return false;
    for (size_t i = 0; i < raw.n; i++) {
        qund_buf_char(text, raw.p[i]);
        i += raw.p[i] == '\'';
    }
    return true;
}

/* Piece by piece: fy_token_get_text of libfyaml 0.7 never frees what it needs for a value of many
 * pieces (folded lines, doubled quotes), some kilobytes at every reload. */
static bool in_pieces(struct fy_token *t, struct qund_buf *text)
{
    const struct fy_iter_chunk *c = NULL;
    struct fy_token_iter *iter = fy_token_iter_create(t);
    int failed = !iter;

    while (iter && (c = fy_token_iter_chunk_next(iter, c, &failed)))
        qund_buf_str(text, qund_str_n(c->str, c->len));
    fy_token_iter_destroy(iter);
    return !failed;
}

static int scalar(struct builder *b, struct fy_event *e)
{
    struct fy_token *t = e->scalar.value;
    struct qund_ynode *n = new_node(b, e, QUND_YAML_SCALAR);
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    bool single = t && fy_token_scalar_style(t) == FYSS_SINGLE_QUOTED;

    if (t && !(single && between_quotes(b, e, &text)) && !in_pieces(t, &text))
        return refuse(b, n->line, n->col, "this value cannot be read");
    n->text = qund_str_n(qund_arena_dup(b->y->arena, text.p ? text.p : "", text.n), text.n);
    n->quoted = t && fy_token_scalar_style(t) != FYSS_PLAIN;
    if (!n->quoted && means_null(n->text))
        n->kind = QUND_YAML_NULL;
    return awaits_key(b) ? take_key(b, n) : attach(b, n);
}

static bool has_anchor_or_tag(const struct fy_event *e)
{
    switch (e->type) {
    case FYET_SCALAR:
        return e->scalar.anchor || e->scalar.tag;
    case FYET_MAPPING_START:
        return e->mapping_start.anchor || e->mapping_start.tag;
    case FYET_SEQUENCE_START:
        return e->sequence_start.anchor || e->sequence_start.tag;
    default:
        return false;
    }
}

static int on_event(struct builder *b, struct fy_event *e)
{
    int line, col;

    place(b, e, &line, &col);
    if (e->type == FYET_ALIAS || has_anchor_or_tag(e))
        return refuse(b, line, col,
                      "anchors (&), aliases (*) and tags (!) are not read; "
                      "put the text in quotes or write it out");
    switch (e->type) {
    case FYET_DOCUMENT_START:
        return b->documents++ > 0 ? refuse(b, line, col, "one document a file; remove the '---'")
                                  : QUND_OK;
    case FYET_MAPPING_START:
        return open_level(b, e, QUND_YAML_MAP);
    case FYET_SEQUENCE_START:
        return open_level(b, e, QUND_YAML_LIST);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        return close_level(b);
    case FYET_SCALAR:
        return scalar(b, e);
    default:
        return QUND_OK;
    }
}

/* What libfyaml collected: the first error, else that there was one. */
static int scanner_error(struct builder *b, struct fy_diag *diag)
{
    void *prev = NULL;
    struct fy_diag_error *e;

    while ((e = fy_diag_errors_iterate(diag, &prev)))
        if (e->type == FYET_ERROR)
            return refuse(b, e->line > 0 ? e->line : 1, e->column > 0 ? e->column : 1, e->msg);
    return refuse(b, 1, 1, "not YAML");
}

static int run(struct builder *b)
{
    struct fy_diag_cfg diag_cfg;
    struct fy_diag *diag;
    struct fy_parser *fyp;
    struct fy_parse_cfg cfg = {.flags = FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE |
                                        FYPCF_SLOPPY_FLOW_INDENTATION};
    struct fy_event *e;
    int rc = QUND_OK;

    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.fp = NULL;
    diag_cfg.colorize = false;
    diag = fy_diag_create(&diag_cfg);
    qund_assert(diag != NULL);
    fy_diag_set_collect_errors(diag, true);
    cfg.diag = diag;
    fyp = fy_parser_create(&cfg);
    qund_assert(fyp != NULL);
    if (fy_parser_set_string(fyp, b->text.p, b->text.n) != 0)
        rc = refuse(b, 1, 1, "not YAML");
    while (rc == 0 && (e = fy_parser_parse(fyp))) {
        rc = on_event(b, e);
        fy_parser_event_free(fyp, e);
    }
    if (rc == 0 && fy_diag_got_error(diag))
        rc = scanner_error(b, diag);
    fy_parser_destroy(fyp);
    fy_diag_destroy(diag);
    return rc;
}

/* Not left to the scanner: what it reports of bytes that are no text is of little help. */
static int check_bytes(struct builder *b)
{
    struct qund_str text = b->text;
    ptrdiff_t bad = qund_utf8_check(text);
    const char *nul = text.n ? memchr(text.p, 0, text.n) : NULL;
    int line = 1, col = 1;

    if (nul && (bad < 0 || nul - text.p < bad))
        bad = nul - text.p;
    if (bad < 0)
        return QUND_OK;
    for (ptrdiff_t i = 0; i < bad; i++) {
        bool newline = text.p[i] == '\n';

        line += newline;
        col = newline ? 1 : col + (((unsigned char)text.p[i] & 0xC0u) != 0x80);
    }
    return refuse(b, line, col, "not UTF-8 text; save the file as UTF-8");
}

int qund_yaml_parse(const char *name, struct qund_str text, struct qund_yaml **out,
                    struct qund_err *err)
{
    QUND_AUTO(qund_yaml_free) struct qund_yaml *y = qund_alloc(sizeof(*y));
    struct builder *b;
    int rc;

    y->name = qund_strdup(name);
    y->arena = qund_arena_new(16384);
    if (text.n > BYTES_MAX)
        return qund_err_set(err, QUND_E_FULL, name, "larger than 4 MiB; split the file");
    if (!text.p)
        text = QUND_STR("");
    b = qund_alloc(sizeof(*b));
    b->y = y;
    b->err = err;
    b->text = text;
    rc = check_bytes(b);
    if (rc == 0)
        rc = run(b);
    qund_free(b);
    if (rc < 0)
        return rc;
    if (!y->root) { /* an empty file */
        y->root = qund_arena_zalloc(y->arena, sizeof(*y->root));
        y->root->line = y->root->col = 1;
    }
    *out = QUND_TAKE(y);
    return QUND_OK;
}

int qund_yaml_load(const char *path, struct qund_yaml **out, struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    int rc = qund_file_read(path, BYTES_MAX, &text, err);

    return rc < 0 ? rc : qund_yaml_parse(path, qund_buf_view(&text), out, err);
}

struct qund_yaml *qund_yaml_free(struct qund_yaml *y)
{
    if (y) {
        qund_arena_free(y->arena);
        qund_free(y->name);
        qund_free(y);
    }
    return NULL;
}

const struct qund_ynode *qund_yaml_root(const struct qund_yaml *y)
{
    return y->root;
}

const char *qund_yaml_name(const struct qund_yaml *y)
{
    return y->name;
}

void qund_yaml_version(struct qund_buf *out)
{
    qund_buf_printf(out, "libfyaml %s", fy_library_version());
}
