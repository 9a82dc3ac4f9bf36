/* terms.c - the terms of all rules as one set of patterns.
 *
 * Every term of every rule gets a slot: a place that a scan marks. The same word in thirty rules is
 * one pattern with thirty slots, so that the scan's cost follows the words, not the rules. From a
 * marked slot the rule is known, and a rule with terms is looked at only then.
 *
 * Compiling may take seconds for many expressions. It runs in a child process where an executable
 * is given, and its result is kept in <cache>/rules.match, which carries the digest of what it was
 * made from: a stale or damaged file is simply compiled anew. */
#include "core/file.h"
#include "rule/internal.h"
#include <stdio.h>
#include <stdlib.h>

#define LINKS_MAX 2000000u /* pattern → slot: a long words file in many rules */
#define CHILD_MEMORY ((int64_t)1 << 30)

struct link {
    uint32_t pattern, slot;
};
struct origin {
    const struct qund_rule *rule;
    const struct qund_rule_term *term;
    uint32_t word; /* of a words file */
};
struct builder {
    struct qund_rules *set;
    struct qund_errs *errs;
    struct qund_pattern *patterns;
    struct origin *origins; /* the first term that asked for each pattern */
    size_t n, cap;
    struct link *links;
    size_t n_links, cap_links;
    uint32_t *table; /* open addressing: pattern + 1 */
    size_t table_n;
    const struct qund_rule *rule;
    bool full;
};

static uint64_t hash_of(const struct qund_pattern *p)
{
    return qund_hash64(p->text.p, p->text.n) * 31 + (uint64_t)p->kind * 7 + (uint64_t)p->view;
}

static void table_put(struct builder *b, uint32_t pattern)
{
    size_t at = hash_of(&b->patterns[pattern]) & (b->table_n - 1);

    while (b->table[at])
        at = (at + 1) & (b->table_n - 1);
    b->table[at] = pattern + 1;
}

static void table_grow(struct builder *b)
{
    uint32_t i;

    qund_free(b->table);
    b->table_n = b->table_n ? b->table_n * 2 : 1024;
    b->table = qund_alloc(b->table_n * sizeof(*b->table));
    for (i = 0; i < b->n; i++)
        table_put(b, i);
}

static uint32_t pattern_of(struct builder *b, const struct qund_pattern *p, struct origin from)
{
    size_t at;

    if (b->n * 2 >= b->table_n)
        table_grow(b);
    for (at = hash_of(p) & (b->table_n - 1); b->table[at]; at = (at + 1) & (b->table_n - 1)) {
        const struct qund_pattern *q = &b->patterns[b->table[at] - 1];

        if (q->kind == p->kind && q->view == p->view && qund_str_eq(q->text, p->text))
            return q->id;
    }
    if (b->n == b->cap) {
        b->cap = b->cap ? b->cap * 2 : 256;
        b->patterns = qund_realloc(b->patterns, b->cap * sizeof(*b->patterns));
        b->origins = qund_realloc(b->origins, b->cap * sizeof(*b->origins));
    }
    b->patterns[b->n] = *p;
    b->patterns[b->n].id = (uint32_t)b->n;
    b->origins[b->n] = from;
    b->table[at] = (uint32_t)b->n + 1;
    return (uint32_t)b->n++;
}

static void link_slot(struct builder *b, uint32_t slot, enum qund_pattern_kind kind, bool squeezed,
                      struct qund_str text, struct origin from)
{
    struct qund_pattern p = {0, kind, squeezed ? QUND_VIEW_SQUEEZED : QUND_VIEW_FOLDED, text};

    if (b->n_links >= LINKS_MAX) {
        b->full = true;
        return;
    }
    if (b->n_links == b->cap_links) {
        b->cap_links = b->cap_links ? b->cap_links * 2 : 256;
        b->links = qund_realloc(b->links, b->cap_links * sizeof(*b->links));
    }
    b->links[b->n_links++] = (struct link){pattern_of(b, &p, from), slot};
}

/* What contains a word still contains it when blanks and punctuation are gone, so a squeezed word
 * needs the squeezed view alone; an expression may ask for blanks and is looked for in both. */
static void add_term(struct builder *b, struct qund_rule_term *t)
{
    struct origin from = {b->rule, t, 0};
    size_t i;

    t->slot = (uint32_t)b->set->n_slots;
    b->set->n_slots += t->kind == RULE_TERM_NEAR ? 2 : 1;
    switch (t->kind) {
    case RULE_TERM_CONTAINS:
        link_slot(b, t->slot, QUND_PATTERN_LITERAL, t->squeezed, t->text, from);
        break;
    case RULE_TERM_EXACT:
    case RULE_TERM_REGEX:
        for (i = 0; i <= (size_t)t->squeezed; i++)
            link_slot(b, t->slot,
                      t->kind == RULE_TERM_EXACT ? QUND_PATTERN_EXACT : QUND_PATTERN_REGEX, i == 1,
                      t->text, from);
        break;
    case RULE_TERM_NEAR:
        link_slot(b, t->slot, QUND_PATTERN_LITERAL, t->squeezed, t->text, from);
        link_slot(b, t->slot + 1, QUND_PATTERN_LITERAL, t->squeezed, t->other, from);
        break;
    case RULE_TERM_WORDS:
        for (i = 0; i < t->words->words.n; i++) {
            from.word = (uint32_t)i;
            link_slot(b, t->slot, QUND_PATTERN_LITERAL, t->squeezed, t->words->words.v[i], from);
        }
        break;
    }
}

static void collect(struct builder *b)
{
    struct qund_rules *set = b->set;
    size_t i, j, k;

    for (i = 0; i < set->n; i++) {
        struct qund_rule_terms *lists[] = {&set->rules[i]->all, &set->rules[i]->any,
                                           &set->rules[i]->none};

        b->rule = set->rules[i];
        for (k = 0; b->rule->enabled && k < QUND_ARRAY_LEN(lists); k++)
            for (j = 0; j < lists[k]->n; j++)
                add_term(b, &lists[k]->v[j]);
    }
}

/* slot → rule, pattern → slots, pattern → text, all in the set's arena. */
static void index_slots(struct builder *b)
{
    struct qund_rules *set = b->set;
    size_t i, j;

    set->slot_rule = qund_arena_alloc(set->arena, (set->n_slots + 1) * sizeof(*set->slot_rule));
    memset(set->slot_rule, 0xff, set->n_slots * sizeof(*set->slot_rule));
    for (i = 0; i < set->n; i++) {
        struct qund_rule_terms *lists[] = {&set->rules[i]->all, &set->rules[i]->any};
        size_t k;

        for (k = 0; set->rules[i]->enabled && k < QUND_ARRAY_LEN(lists); k++)
            for (j = 0; j < lists[k]->n; j++) {
                const struct qund_rule_term *t = &lists[k]->v[j];

                set->slot_rule[t->slot] = (uint32_t)i;
                if (t->kind == RULE_TERM_NEAR)
                    set->slot_rule[t->slot + 1] = (uint32_t)i;
            }
    }
    set->n_patterns = b->n;
    set->patterns = qund_arena_alloc(set->arena, (b->n + 1) * sizeof(*set->patterns));
    set->pattern_squeezed = qund_arena_zalloc(set->arena, b->n + 1);
    set->slots_from = qund_arena_zalloc(set->arena, (b->n + 2) * sizeof(*set->slots_from));
    set->slots = qund_arena_alloc(set->arena, (b->n_links + 1) * sizeof(*set->slots));
    for (i = 0; i < b->n; i++) {
        set->patterns[i] = b->patterns[i].text; /* lies in the arena already */
        set->pattern_squeezed[i] = b->patterns[i].view == QUND_VIEW_SQUEEZED;
    }
    for (i = 0; i < b->n_links; i++)
        set->slots_from[b->links[i].pattern + 2]++;
    for (i = 2; i < b->n + 2; i++)
        set->slots_from[i] += set->slots_from[i - 1];
    for (i = 0; i < b->n_links;
         i++) /* moves each start to its end, which is the next one's start */
        set->slots[set->slots_from[b->links[i].pattern + 1]++] = b->links[i].slot;
}

/* The 17 of "patterns[17]", or SIZE_MAX. */
static size_t pattern_index(const char *where)
{
    struct qund_str rest = qund_str(where);
    int64_t at;

    if (!qund_str_starts(rest, "patterns["))
        return SIZE_MAX;
    rest = qund_str_n(rest.p + 9, rest.n - 9);
    return qund_str_int(qund_str_split(&rest, ']'), &at) == 0 && at >= 0 ? (size_t)at : SIZE_MAX;
}

/* "patterns[17]" is nothing a person knows: the file, line and column of the term are. */
static void tell(const struct builder *b, const struct qund_errs *found)
{
    size_t i;

    for (i = 0; i < found->n; i++) {
        const struct qund_err *e = &found->v[i];
        char where[160];
        size_t at = pattern_index(e->where);

        if (at >= b->n) {
            qund_errs_add(b->errs, e->rc, e->where[0] ? e->where : "rules", "%s", e->text);
            continue;
        }
        if (b->origins[at].term->words)
            snprintf(where, sizeof(where), "%.120s:%u:1", b->origins[at].term->words->path.p,
                     b->origins[at].term->words->lines[b->origins[at].word]);
        else
            snprintf(where, sizeof(where), "%.120s:%d:%d", b->origins[at].rule->file.p,
                     b->origins[at].term->line, b->origins[at].term->col);
        qund_errs_add(b->errs, e->rc, where, "term of rule '%.*s': %s",
                      QUND_STR_ARG(b->origins[at].rule->id), e->text);
    }
    b->errs->dropped += found->dropped;
}

static bool from_cache(struct builder *b, const char *path, const char *digest)
{
    QUND_AUTO(qund_buf_done) struct qund_buf blob = {0};

    return qund_file_read(path, QUND_MATCH_MAX_BLOB, &blob, NULL) == 0 &&
           qund_match_load(qund_buf_view(&blob), digest, &b->set->match, NULL) == 0;
}

static int compile(struct builder *b, const struct qund_rules_opts *opts, const char *path,
                   const char *digest)
{
    int64_t memory = opts->child_memory_bytes;
    struct qund_match_child child = {.exe = opts->exe,
                                     .timeout_ms = opts->child_timeout_ms,
                                     .memory_bytes = memory == 0  ? CHILD_MEMORY
                                                     : memory > 0 ? memory
                                                                  : 0};
    QUND_AUTO(qund_buf_done) struct qund_buf blob = {0};
    struct qund_errs found;
    struct qund_err err = {0};
    int rc;

    qund_errs_init(&found, b->errs->max);
    rc = qund_match_compile_child(&child, opts->fold, b->patterns, b->n, &blob, &found);
    if (rc == 0 && (rc = qund_match_load(qund_buf_view(&blob), digest, &b->set->match, &err)) < 0)
        qund_errs_add(&found, rc, err.where, "%s", err.text);
    if (rc < 0)
        tell(b, &found);
    else if (path) /* a cache that cannot be written costs the next start some time, no more */
        qund_ignore(qund_file_replace(path, qund_buf_view(&blob), 0600, NULL));
    qund_errs_done(&found);
    return rc;
}

int qund_rules_compile(struct qund_rules *set, const struct qund_rules_opts *opts,
                       struct qund_errs *errs)
{
    QUND_AUTO(qund_free_str) char *path = NULL;
    struct builder b = {.set = set, .errs = errs};
    char digest[65];
    int rc = 0;

    collect(&b);
    if (b.full)
        rc =
            qund_errs_add(errs, QUND_E_INVAL, "rules",
                          "words files named by many rules make more than %u entries; let one rule "
                          "name the file and others use its intent",
                          LINKS_MAX);
    else if (b.n > 0) {
        index_slots(&b);
        qund_match_digest(opts->fold, b.patterns, b.n, digest);
        if (opts->cache_dir) {
            /* One that cannot be made is one that cannot be written: a slower start. */
            qund_ignore(qund_dir_make(opts->cache_dir, 0700, NULL));
            path = qund_path_join(opts->cache_dir, "rules.match");
        }
        if (!path || !from_cache(&b, path, digest))
            rc = compile(&b, opts, path, digest);
    }
    qund_free(b.patterns);
    qund_free(b.origins);
    qund_free(b.links);
    qund_free(b.table);
    return rc;
}
