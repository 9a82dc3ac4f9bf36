/* src/text/match_compile.c - from patterns to the compiled form (match_blob.h), the slow part.
 * First everything a person can have done wrong is found, all of it, pattern by pattern; only then
 * the libraries are asked for the expensive work. They can still refuse an expression that looked
 * harmless (too large once unrolled); such a one is named, left out, and the rest tried again, so
 * that a second mistake is found in the same go. Nothing is written when there was any error. */
#include "text/match_blob.h"

#include "core/file.h"
#include <stdio.h>
#include <stdlib.h>

#define RETRIES 8 /* refusals by the library that are collected before giving up */

#define BY_WORDS (MATCH_NONE - 1) /* in the place of a root: nothing to try behind the words */

struct key {
    struct qund_str word;
    uint32_t regex; /* slot that it is needed for */
    uint32_t slot;  /* its own */
    bool whole;
};

struct compile {
    const struct qund_fold *f;
    const struct qund_pattern *v;
    size_t n;
    struct qund_errs *errs;
    size_t bad;

    struct qund_buf text; /* of all slots */
    uint32_t *text_at;    /* cap_slots + 1 */
    uint32_t *owner;      /* slot -> the first pattern that has it */
    uint32_t *slot_of;    /* pattern -> slot */
    uint32_t n_slots, cap_slots;

    struct match_tree tree; /* of all expressions that have one */
    uint32_t *root;         /* slot of an expression -> its tree, NONE, or BY_WORDS */
    struct qund_arena *arena;
    struct key *key; /* words that expressions need */
    uint32_t n_keys, cap_keys;

    struct match_head head;
    struct qund_buf sec[SEC_COUNT];
};

static void refuse(struct compile *c, size_t index, const char *why)
{
    char where[48];

    snprintf(where, sizeof(where), "patterns[%zu]", index);
    qund_ignore(qund_errs_add(c->errs, QUND_E_INVAL, where, "%s", why)); /* counted here */
    c->bad++;
}

/* --- sizes */

static void check_sizes(struct compile *c)
{
    size_t literals = 0, regexes = 0, bytes = 0;

    for (size_t i = 0; i < c->n; i++) {
        const char *why = match_shape_problem(&c->v[i]);

        if (why)
            refuse(c, i, why);
        regexes += c->v[i].kind == QUND_PATTERN_REGEX;
        literals += c->v[i].kind != QUND_PATTERN_REGEX;
        bytes += c->v[i].text.n;
    }
    if (literals <= QUND_MATCH_MAX_LITERALS && regexes <= QUND_MATCH_MAX_REGEXES &&
        bytes <= QUND_MATCH_MAX_BYTES)
        return;
    c->bad++;
    qund_ignore(qund_errs_add(c->errs, QUND_E_INVAL, "patterns",
                              "%zu words and %zu expressions of %zu bytes; at most %u, %u and %zu "
                              "can be compiled together",
                              literals, regexes, bytes, QUND_MATCH_MAX_LITERALS,
                              QUND_MATCH_MAX_REGEXES, QUND_MATCH_MAX_BYTES));
}

/* --- slots: what folds alike is looked for once */

struct known {
    uint32_t *slot; /* open addressing, NONE: free */
    size_t mask;
};

static void known_make(struct known *k, size_t n)
{
    size_t size = 64;

    while (size < 2 * n)
        size *= 2;
    k->slot = qund_alloc(size * sizeof(*k->slot));
    memset(k->slot, 0xFF, size * sizeof(*k->slot));
    k->mask = size - 1;
}

static uint32_t *known_find(const struct known *k, struct qund_str text, const char *pool,
                            const uint32_t *at)
{
    size_t h = (size_t)qund_hash64(text.p, text.n) & k->mask;

    while (
        k->slot[h] != MATCH_NONE &&
        !qund_str_eq(text, qund_str_n(pool + at[k->slot[h]], at[k->slot[h] + 1] - at[k->slot[h]])))
        h = (h + 1) & k->mask;
    return &k->slot[h];
}

/* The slot of the text at the end of c->text: a new one, or the one that has it already. */
static uint32_t add_slot(struct compile *c, const struct known *k, size_t owner, size_t before)
{
    struct qund_str text = qund_str_n(c->text.p + before, c->text.n - before);
    uint32_t *found = known_find(k, text, c->text.p, c->text_at);

    if (*found != MATCH_NONE) {
        c->text.n = before;
        return *found;
    }
    if (c->n_slots == c->cap_slots) {
        c->cap_slots = c->cap_slots ? c->cap_slots * 2 : 256;
        c->owner = qund_realloc(c->owner, c->cap_slots * sizeof(*c->owner));
        c->root = qund_realloc(c->root, c->cap_slots * sizeof(*c->root));
        c->text_at = qund_realloc(c->text_at, ((size_t)c->cap_slots + 1) * sizeof(*c->text_at));
    }
    *found = c->n_slots;
    c->owner[c->n_slots] = (uint32_t)owner;
    c->text_at[c->n_slots++] = (uint32_t)before;
    c->text_at[c->n_slots] = (uint32_t)c->text.n;
    return *found;
}

static void on_key(void *ctx, struct qund_str word, bool whole)
{
    struct compile *c = ctx;

    if (c->n_keys == c->cap_keys) {
        c->cap_keys = c->cap_keys ? c->cap_keys * 2 : 256;
        c->key = qund_realloc(c->key, c->cap_keys * sizeof(*c->key));
    }
    /* The word may lie in c->text, which moves. */
    c->key[c->n_keys++] = (struct key){
        .word = qund_arena_str(c->arena, word), .regex = c->n_slots - 1, .whole = whole};
}

/* How the expression of the newest slot is to be found. */
static void make_tree(struct compile *c)
{
    uint32_t slot = c->n_slots - 1, root = c->tree.n;
    enum match_keys keys = MATCH_KEYS_NONE;
    bool anchored;

    if (match_tree_read(&c->tree, c->text.p, c->text_at[slot], c->text_at[slot + 1], &anchored))
        keys = match_keys_find(&c->tree, root, c->text.p, c->arena, on_key, c);
    if (keys != MATCH_KEYS_SOME)
        c->tree.n = root;
    c->root[slot] = keys == MATCH_KEYS_SOME    ? root
                    : keys == MATCH_KEYS_WHOLE ? BY_WORDS
                                               : MATCH_NONE;
}

/* The words of the view that expressions need, from the first key of that view on. */
static void add_keys(struct compile *c, const struct known *k, uint32_t first)
{
    for (uint32_t i = first; i < c->n_keys; i++) {
        size_t before = c->text.n;

        qund_buf_str(&c->text, c->key[i].word);
        c->key[i].slot = add_slot(c, k, c->owner[c->key[i].regex], before);
    }
}

static void make_slot(struct compile *c, const struct known *k, size_t index, struct qund_folded *t)
{
    size_t before = c->text.n;
    uint32_t slots = c->n_slots;
    char why[320];
    const char *problem = match_prepare(c->f, &c->v[index], t, &c->text, why, sizeof(why));

    if (problem) {
        refuse(c, index, problem);
        c->text.n = before;
        return;
    }
    c->slot_of[index] = add_slot(c, k, index, before);
    if (c->v[index].kind == QUND_PATTERN_REGEX && c->n_slots > slots)
        make_tree(c);
}

static void make_group(struct compile *c, unsigned group, size_t more, struct known *k,
                       struct qund_folded *t)
{
    size_t n = more;

    c->head.bound[group] = c->n_slots;
    for (size_t i = 0; i < c->n; i++)
        n += MATCH_GROUP(c->v[i].view, c->v[i].kind) == group;
    known_make(k, n);
    for (size_t i = 0; i < c->n && n > 0; i++)
        if (MATCH_GROUP(c->v[i].view, c->v[i].kind) == group)
            make_slot(c, k, i, t);
}

static void make_slots(struct compile *c)
{
    QUND_AUTO(qund_folded_done) struct qund_folded t = {0};
    struct known k;

    c->slot_of = qund_alloc((c->n + 1) * sizeof(*c->slot_of));
    for (unsigned view = 0; view < MATCH_VIEWS; view++) {
        uint32_t first = c->n_keys;

        make_group(c, MATCH_GROUP(view, QUND_PATTERN_REGEX), 0, &k, &t);
        qund_free(k.slot);
        make_group(c, MATCH_GROUP(view, QUND_PATTERN_EXACT), 0, &k, &t);
        qund_free(k.slot);
        make_group(c, MATCH_GROUP(view, QUND_PATTERN_LITERAL), c->n_keys - first, &k, &t);
        c->head.keys_from[view] = c->n_slots;
        add_keys(c, &k, first);
        qund_free(k.slot);
    }
    c->head.bound[MATCH_GROUPS] = c->n_slots;
}

/* --- sections */

static uint32_t make_ids(struct compile *c, uint32_t *ids)
{
    uint32_t n = 0;

    for (size_t i = 0; i < c->n; i++)
        ids[i] = c->v[i].id;
    qsort(ids, c->n, sizeof(*ids), match_by_value);
    for (size_t i = 0; i < c->n; i++)
        if (i == 0 || ids[i] != ids[i - 1])
            ids[n++] = ids[i];
    qund_buf_add(&c->sec[SEC_IDS], ids, n * sizeof(*ids));
    return n;
}

/* What each slot stands for: the ids of patterns, and the expressions that need the word. */
static void make_entries(struct compile *c, const uint32_t *ids)
{
    size_t n = c->n + c->n_keys;
    uint32_t *at = qund_alloc(((size_t)c->n_slots + 1) * sizeof(*at));
    uint32_t *entry = qund_alloc((n + 1) * sizeof(*entry));

    for (size_t i = 0; i < c->n; i++)
        at[c->slot_of[i]]++;
    for (uint32_t i = 0; i < c->n_keys; i++)
        at[c->key[i].slot]++;
    for (uint32_t s = 0; s < c->n_slots; s++)
        at[s + 1] += at[s]; /* the end of s; counted down to its start below */
    for (uint32_t i = c->n_keys; i-- > 0;)
        entry[--at[c->key[i].slot]] = c->key[i].regex | (c->key[i].whole ? MATCH_IS : MATCH_WAKES);
    for (size_t i = c->n; i-- > 0;) {
        const uint32_t *found =
            bsearch(&c->v[i].id, ids, c->head.n_ids, sizeof(*ids), match_by_value);

        qund_assert(found);
        entry[--at[c->slot_of[i]]] = (uint32_t)(found - ids);
    }
    at[c->n_slots] = (uint32_t)n;
    qund_buf_add(&c->sec[SEC_SLOT_AT], at, ((size_t)c->n_slots + 1) * sizeof(*at));
    qund_buf_add(&c->sec[SEC_SLOT_ID], entry, n * sizeof(*entry));
    qund_free(at);
    qund_free(entry);
}

static void make_tables(struct compile *c)
{
    uint32_t *ids = qund_alloc((c->n + 1) * sizeof(*ids)), zero = 0;

    c->head.n_ids = make_ids(c, ids);
    make_entries(c, ids);
    qund_free(ids);
    qund_buf_add(&c->sec[SEC_TEXT_AT], c->n_slots > 0 ? c->text_at : &zero,
                 ((size_t)c->n_slots + 1) * sizeof(*c->text_at));
    qund_buf_str(&c->sec[SEC_TEXT], qund_buf_view(&c->text));
    for (unsigned view = 0; view < MATCH_VIEWS; view++) {
        const uint32_t *bound = &c->head.bound[MATCH_GROUP(view, QUND_PATTERN_REGEX)];

        if (bound[0] < bound[1])
            qund_buf_add(&c->sec[SEC_ROOT], c->root + bound[0],
                         (bound[1] - bound[0]) * sizeof(*c->root));
    }
    if (c->tree.n > 0)
        qund_buf_add(&c->sec[SEC_TREE], c->tree.v, c->tree.n * sizeof(*c->tree.v));
    c->head.n_nodes = c->tree.n;
}

static struct match_texts group_texts(const struct compile *c, unsigned group)
{
    return (struct match_texts){c->text.p, c->text_at, c->head.bound[group],
                                c->head.bound[group + 1]};
}

static void make_exact(struct compile *c, unsigned view)
{
    struct match_texts t = group_texts(c, MATCH_GROUP(view, QUND_PATTERN_EXACT));
    struct known k;

    if (t.first == t.end)
        return;
    known_make(&k, t.end - t.first);
    for (uint32_t slot = t.first; slot < t.end; slot++) {
        uint32_t n = t.at[slot + 1] - t.at[slot];

        *known_find(&k, qund_str_n(t.text + t.at[slot], n), t.text, t.at) = slot;
        if (n > c->head.exact_max[view])
            c->head.exact_max[view] = n;
    }
    qund_buf_add(&c->sec[SEC_EXACT + view], k.slot, (k.mask + 1) * sizeof(*k.slot));
    qund_free(k.slot);
}

static void blame(struct compile *c, const struct match_hs_problem *why, int rc)
{
    char text[320];

    if (why->slot != MATCH_NONE) {
        snprintf(text, sizeof(text), "cannot be compiled: %s", why->text);
        refuse(c, c->owner[why->slot], text);
        return;
    }
    c->bad++;
    qund_ignore(
        qund_errs_add(c->errs, rc, "patterns", "cannot be compiled together: %s", why->text));
}

static void make_literals(struct compile *c, unsigned view)
{
    struct match_texts t = group_texts(c, MATCH_GROUP(view, QUND_PATTERN_LITERAL)), words = t;
    struct qund_buf filter[3] = {{0}, {0}, {0}};
    struct match_hs_problem why;
    int rc;

    /* What expressions need is mostly short and frequent, which is not what the filter is for. */
    words.end = c->head.keys_from[view];
    if (words.end - words.first > MATCH_FILTER_FROM &&
        match_filter_build(&words, filter, &c->head.filter_log2[view],
                           &c->head.filter_single[view])) {
        c->sec[SEC_BITS + view] = filter[0];
        c->sec[SEC_BUCKET + view] = filter[1];
        c->sec[SEC_ENTRY + view] = filter[2];
        t.first = words.end;
    }
    if (t.first == t.end)
        return;
    rc = match_hs_literals(&t, &c->sec[SEC_LITERALS + view], &why);
    if (rc < 0)
        blame(c, &why, rc);
}

static void make_regexes(struct compile *c, unsigned view)
{
    struct match_texts t = group_texts(c, MATCH_GROUP(view, QUND_PATTERN_REGEX));
    QUND_AUTO(qund_free) void *skip = qund_alloc(t.end - t.first + 1);
    struct match_hs_problem why;
    int rc = t.first < t.end ? QUND_E_INVAL : QUND_OK;

    for (uint32_t slot = t.first; slot < t.end; slot++)
        ((bool *)skip)[slot - t.first] = c->root[slot] != MATCH_NONE;
    for (int i = 0; i < RETRIES && rc < 0; i++) {
        rc = match_hs_regexes(&t, skip, &c->sec[SEC_REGEXES + view], &why);
        if (rc < 0)
            blame(c, &why, rc);
        if (rc < 0 && why.slot == MATCH_NONE)
            return;
        if (rc < 0)
            ((bool *)skip)[why.slot - t.first] = true;
    }
}

/* --- the whole */

static void assemble(struct compile *c, struct qund_buf *blob)
{
    size_t at = sizeof(c->head), start = blob->n;
    char sum[MATCH_SUM + 1];

    for (unsigned i = 0; i < SEC_COUNT; i++) {
        at = (at + MATCH_ALIGN - 1) / MATCH_ALIGN * MATCH_ALIGN;
        c->head.sec[i] = (struct match_span){at, c->sec[i].n};
        at += c->sec[i].n;
    }
    c->head.total = at + MATCH_SUM;
    c->head.n_slots = c->n_slots;
    qund_buf_reserve(blob, c->head.total + 1);
    qund_buf_add(blob, &c->head, sizeof(c->head));
    for (unsigned i = 0; i < SEC_COUNT; i++) {
        static const char zero[MATCH_ALIGN];

        qund_buf_add(blob, zero, c->head.sec[i].at - (blob->n - start));
        qund_buf_str(blob, qund_buf_view(&c->sec[i]));
    }
    qund_sha256_hex(blob->p + start, blob->n - start, sum);
    qund_buf_add(blob, sum, MATCH_SUM);
}

static int compile(struct compile *c, struct qund_buf *blob)
{
    char digest[65];
    size_t bytes = 0;

    check_sizes(c);
    if (c->bad > 0)
        return QUND_E_INVAL;
    make_slots(c);
    if (c->bad > 0)
        return QUND_E_INVAL;
    make_tables(c);
    for (unsigned view = 0; view < MATCH_VIEWS; view++) {
        make_exact(c, view);
        make_literals(c, view);
        make_regexes(c, view);
    }
    for (unsigned i = 0; i < SEC_COUNT; i++)
        bytes += c->sec[i].n;
    if (c->bad > 0)
        return QUND_E_INVAL;
    if (bytes > QUND_MATCH_MAX_BLOB - (1u << 16))
        return qund_errs_add(c->errs, QUND_E_INVAL, "patterns",
                             "compiled they take %zu MiB, more than the 256 allowed: simplify the "
                             "expressions, above all their long bounded repeats",
                             bytes >> 20);
    match_stamp_here(&c->head.stamp);
    qund_match_digest(c->f, c->v, c->n, digest);
    memcpy(c->head.digest, digest, sizeof(c->head.digest));
    assemble(c, blob);
    return QUND_OK;
}

int qund_match_compile(const struct qund_fold *f, const struct qund_pattern *v, size_t n,
                       struct qund_buf *blob, struct qund_errs *errs)
{
    struct compile c = {
        .f = f, .v = v, .n = n, .errs = errs, .arena = qund_arena_new((size_t)64 << 10)};
    int rc = compile(&c, blob);

    qund_buf_done(&c.text);
    qund_free(c.text_at);
    qund_free(c.owner);
    qund_free(c.root);
    qund_free(c.tree.v);
    qund_free(c.key);
    qund_arena_free(c.arena);
    qund_free(c.slot_of);
    for (unsigned i = 0; i < SEC_COUNT; i++)
        qund_buf_done(&c.sec[i]);
    return rc;
}

int qund_match_build(const struct qund_fold *f, const struct qund_pattern *v, size_t n,
                     struct qund_match **out, struct qund_errs *errs)
{
    QUND_AUTO(qund_buf_done) struct qund_buf blob = {0};
    struct qund_err err;
    int rc = qund_match_compile(f, v, n, &blob, errs);

    if (rc < 0)
        return rc;
    rc = qund_match_load(qund_buf_view(&blob), NULL, out, &err);
    if (rc < 0)
        return qund_errs_add(errs, rc, err.where, "%s", err.text);
    return QUND_OK;
}
