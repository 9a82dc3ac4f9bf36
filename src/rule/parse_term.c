/* parse_term.c - the terms of `any`, `all`, `none`.
 *
 * A plain string is found anywhere in the folded text. Everything else is a map with one of exact,
 * regex, near, words, to which `squeezed: true` adds the view without blanks and punctuation.
 * Expressions come from people who may be careless or worse: here, in the daemon, only their length
 * and their counted repeats are looked at, which costs microseconds; whatever needs the compiler is
 * left to the child process with its limits. */
#include "rule/internal.h"

static void read_plain(struct qund_rule_reader *rd, const struct qund_ynode *n,
                       struct qund_rule_term *t, enum qund_rule_term_kind kind)
{
    t->kind = kind;
    qund_rule_read_text(rd, n, "a term", QUND_MATCH_MAX_PATTERN, &t->text);
}

static void read_contains(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    read_plain(rd, n, into, RULE_TERM_CONTAINS);
}

static void read_exact(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    read_plain(rd, n, into, RULE_TERM_EXACT);
}

static void read_regex(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_rule_term *t = into;
    const char *why = NULL;

    read_plain(rd, n, t, RULE_TERM_REGEX);
    if (t->text.p && !qund_rule_regex_ok(t->text, &why))
        qund_yaml_bad(rd->errs, rd->doc, n, "regex: %s", why);
}

static void read_near_words(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_rule_term *t = into;
    struct qund_rule_strs two;

    if (!qund_rule_read_strs(rd, n, "near.words", qund_rule_check_text, &two))
        return;
    if (two.n != 2) {
        qund_yaml_bad(rd->errs, rd->doc, n, "near.words must be two words, e.g. [退, 定金]");
        return;
    }
    t->text = two.v[0];
    t->other = two.v[1];
}

static void read_near_within(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_rule_read_int(rd, n, "near.within", 0, 1000, &((struct qund_rule_term *)into)->within);
}

static void read_near(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    static const struct qund_rule_key keys[] = {
        {"words", read_near_words},
        {"within", read_near_within},
    };
    struct qund_rule_term *t = into;

    t->kind = RULE_TERM_NEAR;
    t->within = 10;
    if (qund_rule_read_map(rd, n, "near", keys, QUND_ARRAY_LEN(keys), t) && !t->text.p)
        qund_yaml_bad(rd->errs, rd->doc, n, "near needs `words`, e.g. {words: [退, 定金]}");
}

static void read_words(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_rule_term *t = into;

    t->kind = RULE_TERM_WORDS;
    t->words = qund_rule_words_read(rd, n);
    if (t->words)
        t->text = qund_arena_str(rd->set->arena, n->text);
}

static void read_squeezed(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_rule_read_boolean(rd, n, "squeezed", &((struct qund_rule_term *)into)->squeezed);
}

static const struct qund_rule_key term_keys[] = {
    {"contains", read_contains}, {"exact", read_exact}, {"regex", read_regex},
    {"near", read_near},         {"words", read_words}, {"squeezed", read_squeezed},
};
#define N_KINDS (QUND_ARRAY_LEN(term_keys) - 1) /* all but squeezed */

static void read_term(struct qund_rule_reader *rd, const struct qund_ynode *n,
                      struct qund_rule_term *t)
{
    size_t kinds = 0, i;

    t->line = n->line;
    t->col = n->col;
    if (n->kind == QUND_YAML_SCALAR) {
        read_contains(rd, n, t);
        return;
    }
    if (!qund_rule_read_map(rd, n, "a term", term_keys, QUND_ARRAY_LEN(term_keys), t))
        return;
    for (i = 0; i < N_KINDS; i++)
        kinds += qund_yaml_get(n, term_keys[i].name) != NULL;
    if (kinds != 1)
        qund_yaml_bad(rd->errs, rd->doc, n,
                      "a term has exactly one of contains, exact, regex, near, words; this has %zu",
                      kinds);
}

bool qund_rule_read_terms(struct qund_rule_reader *rd, const struct qund_ynode *n, const char *what,
                          struct qund_rule_terms *out)
{
    bool list = n->kind == QUND_YAML_LIST;
    const struct qund_ynode *first = list ? n->child : n, *e;
    size_t count = 0;

    for (e = first; e; e = list ? e->next : NULL)
        count++;
    if (count == 0 || count > RULE_TERMS_MAX) {
        qund_yaml_bad(rd->errs, rd->doc, n,
                      "%s must have 1 to %u terms (longer lists go into a words file)", what,
                      RULE_TERMS_MAX);
        return false;
    }
    out->v = qund_arena_zalloc(rd->set->arena, count * sizeof(*out->v));
    for (e = first; e; e = list ? e->next : NULL)
        read_term(rd, e, &out->v[out->n++]);
    return true;
}
