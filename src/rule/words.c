/* words.c - words files: one word a line, for lists too long to stand in a rule.
 *
 * `words: competitors.txt` names a file beside the rule file; it may not point anywhere else, since
 * rule files may be written by people who must not read the machine's other files through the
 * daemon. Blank lines and lines that begin with # are skipped. A file that several rules name is
 * read once per set. */
#include "core/file.h"
#include "rule/internal.h"
#include <stdio.h>

#define WORD_MAX_BYTES 200u

static int get_file(void *arg, const char *beside, struct qund_str name, struct qund_buf *bytes,
                    struct qund_buf *path, struct qund_err *err)
{
    const char *slash = strrchr(beside, '/');

    (void)arg;
    if (slash)
        qund_buf_add(path, beside, (size_t)(slash - beside) + 1);
    qund_buf_str(path, name);
    qund_buf_reserve(path, 1);
    path->p[path->n] = 0;
    return qund_file_read(path->p, RULE_WORDS_FILE_MAX, bytes, err);
}

const struct qund_rule_words_from qund_rule_words_files = {get_file, NULL};

static size_t count_lines(struct qund_str bytes)
{
    size_t n = 1, i;

    for (i = 0; i < bytes.n; i++)
        n += bytes.p[i] == '\n';
    return n;
}

/* Adds errors with path:line:1 and returns false when a line is no word. */
static bool split_lines(struct qund_rule_reader *rd, struct qund_rule_words *w)
{
    struct qund_str rest = w->bytes, line;
    uint32_t no = 0;
    bool ok = true;

    while (rest.p) {
        char where[160];

        line = qund_str_trim(qund_str_split(&rest, '\n'));
        no++;
        if (line.n == 0 || line.p[0] == '#')
            continue;
        if (line.n > WORD_MAX_BYTES) {
            snprintf(where, sizeof(where), "%.120s:%u:1", w->path.p, no);
            qund_errs_add(rd->errs, QUND_E_INVAL, where, "a word has at most %u bytes",
                          WORD_MAX_BYTES);
            ok = false;
            continue;
        }
        w->lines[w->words.n] = no;
        w->words.v[w->words.n++] = line;
    }
    return ok;
}

static bool fill(struct qund_rule_reader *rd, const struct qund_ynode *n, struct qund_rule_words *w)
{
    size_t lines = count_lines(w->bytes);

    if (qund_utf8_check(w->bytes) >= 0 || memchr(w->bytes.p, 0, w->bytes.n)) {
        qund_yaml_bad(rd->errs, rd->doc, n, "words file %s is not UTF-8 text", w->path.p);
        return false;
    }
    if (lines > QUND_RULES_MAX_WORDS + 1) {
        qund_yaml_bad(rd->errs, rd->doc, n, "words file %s has %zu lines, at most %u are allowed",
                      w->path.p, lines - 1, QUND_RULES_MAX_WORDS);
        return false;
    }
    w->words.v = qund_arena_zalloc(rd->set->arena, lines * sizeof(*w->words.v));
    w->lines = qund_arena_zalloc(rd->set->arena, lines * sizeof(*w->lines));
    if (!split_lines(rd, w))
        return false;
    if (w->words.n == 0) {
        qund_yaml_bad(rd->errs, rd->doc, n, "words file %s has no words", w->path.p);
        return false;
    }
    qund_sha256_hex(w->bytes.p, w->bytes.n, w->digest);
    return true;
}

static bool stays_inside(struct qund_str name)
{
    struct qund_str rest = name, part;

    if (name.p[0] == '/')
        return false;
    while (rest.p) {
        part = qund_str_split(&rest, '/');
        if (part.n == 0 || qund_str_is(part, ".."))
            return false;
    }
    return true;
}

const struct qund_rule_words *qund_rule_words_read(struct qund_rule_reader *rd,
                                                   const struct qund_ynode *n)
{
    QUND_AUTO(qund_buf_done) struct qund_buf bytes = {0}, path = {0};
    struct qund_rule_words *w;
    struct qund_err err = {0};
    struct qund_str name;

    if (!qund_rule_read_text(rd, n, "words", 200, &name))
        return NULL;
    if (!stays_inside(name) || memchr(name.p, 0, name.n)) {
        qund_yaml_bad(rd->errs, rd->doc, n, "words must be a file beside the rule file");
        return NULL;
    }
    if (rd->words_from->get(rd->words_from->arg, qund_yaml_name(rd->doc), name, &bytes, &path,
                            &err) < 0) {
        qund_yaml_bad(rd->errs, rd->doc, n, "words file '%.*s' %s", QUND_STR_ARG(name), err.text);
        return NULL;
    }
    for (w = rd->set->words; w; w = w->next)
        if (qund_str_eq(w->path, qund_buf_view(&path)))
            return w;
    w = qund_arena_zalloc(rd->set->arena, sizeof(*w));
    w->name = name;
    w->path = qund_str_n(qund_arena_dup(rd->set->arena, path.p, path.n), path.n);
    w->bytes = qund_str_n(qund_arena_dup(rd->set->arena, bytes.p, bytes.n), bytes.n);
    if (!fill(rd, n, w))
        return NULL;
    w->next = rd->set->words;
    rd->set->words = w;
    return w;
}
