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

struct compile {
    const struct qund_fold *f;
    const struct qund_pattern *v;
    size_t n;
    struct qund_errs *errs;
    size_t bad;

    struct qund_buf text; /* of all slots */
    uint32_t *text_at;    /* n + 1 */
    uint32_t *owner;      /* slot -> the first pattern that has it */
    uint32_t *slot_of;    /* pattern -> slot */
    uint32_t n_slots;
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

/* --- what can be said of one pattern alone */

static const char *shape_problem(const struct qund_pattern *p)
{
    if (p->kind < QUND_PATTERN_LITERAL || p->kind > QUND_PATTERN_EXACT ||
        p->view < QUND_VIEW_FOLDED || p->view > QUND_VIEW_SQUEEZED)
        return "unknown kind or view";
    if (p->text.n == 0)
        return "is empty";
    if (p->text.n > QUND_MATCH_MAX_PATTERN)
        return "is longer than 1,024 bytes: split it";
    if (qund_utf8_check(p->text) >= 0)
        return "is not valid UTF-8";
    if (memchr(p->text.p, '\0', p->text.n))
        return "contains a NUL";
    return NULL;
}

/* Letters and digits of an expression are folded, as the text is, where that is one character for
 * one. Not the end points of a range: [一-龥] must go on meaning all of it. Syntax is ASCII and
 * stays as it is; nothing folds to ASCII syntax here, because only what the squeezed view would
 * keep is taken. Capitals are left to the caseless flag (\S is not \s). */
static void fold_regex(const struct compile *c, struct qund_str regex, struct qund_folded *one,
                       struct qund_buf *out)
{
    size_t from, at = 0;

    while (at < regex.n) {
        struct qund_str ch, folded;
        size_t end = 0;
        uint32_t cp;

        from = at;
        qund_utf8_next(regex, &at);
        ch = qund_str_n(regex.p + from, at - from);
        if (ch.n == 1 || (from > 0 && regex.p[from - 1] == '-') ||
            (at < regex.n && regex.p[at] == '-') || qund_fold_text(c->f, ch, one) != QUND_OK ||
            one->text.n == 0) {
            qund_buf_str(out, ch);
            continue;
        }
        folded = qund_buf_view(&one->text);
        cp = qund_utf8_next(folded, &end);
        qund_buf_str(out, end == folded.n && qund_fold_keeps(c->f, cp) ? folded : ch);
    }
}

/* The text as it is looked for, appended to c->text. NULL, or what is wrong with it. */
static const char *prepare(struct compile *c, const struct qund_pattern *p, struct qund_folded *t,
                           char *why, size_t why_max)
{
    size_t before = c->text.n;
    struct qund_str folded;

    if (p->kind == QUND_PATTERN_REGEX) {
        fold_regex(c, p->text, t, &c->text);
        folded = qund_str_n(c->text.p + before, c->text.n - before);
        if (!match_pcre_check(folded, why, why_max) ||
            !match_hs_check(c->text.p + before, why, why_max))
            return why;
        return NULL;
    }
    if (qund_fold_text(c->f, p->text, t) != QUND_OK)
        return "is too long";
    if (p->view == QUND_VIEW_SQUEEZED)
        qund_fold_squeeze(c->f, t);
    folded = qund_buf_view(p->view == QUND_VIEW_SQUEEZED ? &t->squeezed : &t->text);
    if (p->kind == QUND_PATTERN_EXACT)
        folded = qund_str_trim(folded);
    if (folded.n == 0)
        return p->view == QUND_VIEW_SQUEEZED
                   ? "has no letter or digit, so nothing of it is left in the squeezed view"
                   : "consists of invisible characters only";
    qund_buf_str(&c->text, folded);
    return NULL;
}

static void check_sizes(struct compile *c)
{
    size_t literals = 0, regexes = 0, bytes = 0;

    for (size_t i = 0; i < c->n; i++) {
        const char *why = shape_problem(&c->v[i]);

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

static void add_slot(struct compile *c, const struct known *k, size_t index, size_t before)
{
    struct qund_str text = qund_str_n(c->text.p + before, c->text.n - before);
    uint32_t *found = known_find(k, text, c->text.p, c->text_at);

    if (*found != MATCH_NONE) {
        c->text.n = before;
    } else {
        *found = c->n_slots;
        c->owner[c->n_slots++] = (uint32_t)index;
        c->text_at[c->n_slots] = (uint32_t)c->text.n;
    }
    c->slot_of[index] = *found;
}

static void make_group(struct compile *c, unsigned group, struct qund_folded *t)
{
    struct known k;
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++)
        n += MATCH_GROUP(c->v[i].view, c->v[i].kind) == group;
    known_make(&k, n);
    for (size_t i = 0; i < c->n && n > 0; i++) {
        size_t before = c->text.n;
        char why[320];
        const char *problem;

        if (MATCH_GROUP(c->v[i].view, c->v[i].kind) != group)
            continue;
        problem = prepare(c, &c->v[i], t, why, sizeof(why));
        if (problem) {
            refuse(c, i, problem);
            c->text.n = before;
            continue;
        }
        add_slot(c, &k, i, before);
    }
    qund_free(k.slot);
}

static void make_slots(struct compile *c)
{
    QUND_AUTO(qund_folded_done) struct qund_folded t = {0};

    c->text_at = qund_alloc((c->n + 1) * sizeof(*c->text_at));
    c->owner = qund_alloc((c->n + 1) * sizeof(*c->owner));
    c->slot_of = qund_alloc((c->n + 1) * sizeof(*c->slot_of));
    for (unsigned g = 0; g < MATCH_GROUPS; g++) {
        c->head.bound[g] = c->n_slots;
        make_group(c, g, &t);
    }
    c->head.bound[MATCH_GROUPS] = c->n_slots;
}

/* --- sections */

static void make_ids(struct compile *c)
{
    uint32_t *ids = qund_alloc((c->n + 1) * sizeof(*ids));
    uint32_t *at = qund_alloc(((size_t)c->n_slots + 1) * sizeof(*at));
    uint32_t *slot_id = qund_alloc((c->n + 1) * sizeof(*slot_id));
    uint32_t n_ids = 0;

    for (size_t i = 0; i < c->n; i++)
        ids[i] = c->v[i].id;
    qsort(ids, c->n, sizeof(*ids), match_by_value);
    for (size_t i = 0; i < c->n; i++)
        if (i == 0 || ids[i] != ids[i - 1])
            ids[n_ids++] = ids[i];
    for (size_t i = 0; i < c->n; i++)
        at[c->slot_of[i]]++;
    for (uint32_t s = 0; s < c->n_slots; s++)
        at[s + 1] += at[s]; /* the end of s; counted down to its start below */
    for (size_t i = c->n; i-- > 0;) {
        const uint32_t *found = bsearch(&c->v[i].id, ids, n_ids, sizeof(*ids), match_by_value);

        qund_assert(found);
        slot_id[--at[c->slot_of[i]]] = (uint32_t)(found - ids);
    }
    at[c->n_slots] = (uint32_t)c->n;
    qund_buf_add(&c->sec[SEC_IDS], ids, n_ids * sizeof(*ids));
    qund_buf_add(&c->sec[SEC_SLOT_AT], at, ((size_t)c->n_slots + 1) * sizeof(*at));
    qund_buf_add(&c->sec[SEC_SLOT_ID], slot_id, c->n * sizeof(*slot_id));
    c->head.n_ids = n_ids;
    qund_free(ids);
    qund_free(at);
    qund_free(slot_id);
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
    struct match_texts t = group_texts(c, MATCH_GROUP(view, QUND_PATTERN_LITERAL));
    struct qund_buf filter[3] = {{0}, {0}, {0}};
    struct match_hs_problem why;
    int rc;

    if (t.first == t.end)
        return;
    if (t.end - t.first > MATCH_FILTER_FROM &&
        match_filter_build(&t, filter, &c->head.filter_log2[view], &c->head.filter_single[view])) {
        c->sec[SEC_BITS + view] = filter[0];
        c->sec[SEC_BUCKET + view] = filter[1];
        c->sec[SEC_ENTRY + view] = filter[2];
        return;
    }
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
    make_ids(c);
    qund_buf_add(&c->sec[SEC_TEXT_AT], c->text_at, ((size_t)c->n_slots + 1) * sizeof(*c->text_at));
    qund_buf_str(&c->sec[SEC_TEXT], qund_buf_view(&c->text));
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
    struct compile c = {.f = f, .v = v, .n = n, .errs = errs};
    int rc = compile(&c, blob);

    qund_buf_done(&c.text);
    qund_free(c.text_at);
    qund_free(c.owner);
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
