/* src/text/match_hs.c - Hyperscan (or Vectorscan), wrapped. Nothing outside this file sees its
 * types. Words go through the literal interface, which compiles ten times faster than the same
 * words as expressions. Both kinds are compiled with SINGLEMATCH: without it one expression can
 * report at every byte of a text. Texts are valid UTF-8 by the time they get here, which
 * HS_FLAG_UTF8 relies on. UCP is not set: \d, \w and \s mean ASCII, as they do in PCRE2 without it;
 * full-width digits and blanks have become ASCII by folding, and Unicode classes would blow the
 * automata up. */
#include "text/match_blob.h"

#include <hs/hs.h>
#include <limits.h>
#include <stdio.h>

#define LITERAL_FLAGS HS_FLAG_SINGLEMATCH
#define REGEX_FLAGS (HS_FLAG_SINGLEMATCH | HS_FLAG_UTF8)

/* Incomplete types of our own: the pointers are Hyperscan's. */
static const hs_database_t *db_of(const struct match_hs *db)
{
    return (const hs_database_t *)(const void *)db;
}

static int rc_of(hs_error_t e)
{
    switch (e) {
    case HS_SUCCESS:
        return QUND_OK;
    case HS_NOMEM:
        return QUND_E_NOMEM;
    case HS_INVALID:
    case HS_DB_VERSION_ERROR:
    case HS_DB_PLATFORM_ERROR:
    case HS_DB_MODE_ERROR:
    case HS_BAD_ALIGN:
        return QUND_E_ABI;
    default:
        return QUND_E_BUG;
    }
}

void match_hs_version(struct match_stamp *out)
{
    hs_platform_info_t here;

    memset(&here, 0, sizeof(here));
    qund_assert(hs_populate_platform(&here) == HS_SUCCESS);
    snprintf(out->library, sizeof(out->library), "%s", hs_version());
    out->cpu[0] = here.cpu_features;
    out->cpu[1] = here.tune;
}

/* Folded text has no capitals, so only an expression that has some must be told to ignore case; to
 * the others it would only cost time, about a sixth. An escape such as \S is not a capital; one
 * that gives a code (\x41) may be. */
static unsigned regex_flags(struct qund_str regex)
{
    for (size_t i = 0; i < regex.n; i++) {
        bool escaped = i > 0 && regex.p[i - 1] == '\\';

        if ((regex.p[i] >= 'A' && regex.p[i] <= 'Z' && !escaped) ||
            (escaped && memchr("xopPN", regex.p[i], 5)))
            return REGEX_FLAGS | HS_FLAG_CASELESS;
    }
    return REGEX_FLAGS;
}

/* The parallel arrays that the library wants. */
struct list {
    const char **text;
    size_t *len;
    unsigned *flags, *id;
    unsigned n;
};

static void list_done(struct list *l)
{
    qund_free(l->text);
    qund_free(l->len);
    qund_free(l->flags);
    qund_free(l->id);
}

static void list_make(struct list *l, const struct match_texts *t, const bool *skip)
{
    size_t n = t->end - t->first;

    *l = (struct list){.text = qund_alloc(n * sizeof(*l->text)),
                       .len = qund_alloc(n * sizeof(*l->len)),
                       .flags = qund_alloc(n * sizeof(*l->flags)),
                       .id = qund_alloc(n * sizeof(*l->id))};
    for (uint32_t slot = t->first; slot < t->end; slot++) {
        if (skip && skip[slot - t->first])
            continue;
        l->text[l->n] = t->text + t->at[slot];
        l->len[l->n] = t->at[slot + 1] - t->at[slot];
        l->id[l->n++] = slot;
    }
}

/* Frees db and e. */
static int finish(hs_error_t rc, hs_database_t *db, hs_compile_error_t *e, const struct list *l,
                  struct qund_buf *out, struct match_hs_problem *why)
{
    char *bytes = NULL;
    size_t n = 0;

    why->slot = MATCH_NONE;
    if (rc == HS_SUCCESS)
        rc = hs_serialize_database(db, &bytes, &n);
    else if (e && e->expression >= 0 && (unsigned)e->expression < l->n)
        why->slot = l->id[e->expression];
    snprintf(why->text, sizeof(why->text), "%s", e ? e->message : "out of memory");
    hs_free_compile_error(e);
    if (rc == HS_SUCCESS)
        qund_buf_add(out, bytes, n);
    free(bytes);
    hs_free_database(db);
    return rc == HS_COMPILER_ERROR ? QUND_E_INVAL : rc_of(rc);
}

int match_hs_literals(const struct match_texts *t, struct qund_buf *out,
                      struct match_hs_problem *why)
{
    hs_database_t *db = NULL;
    hs_compile_error_t *e = NULL;
    struct list l;
    hs_error_t rc;
    int result;

    list_make(&l, t, NULL);
    for (unsigned i = 0; i < l.n; i++)
        l.flags[i] = LITERAL_FLAGS;
    rc = hs_compile_lit_multi(l.text, l.flags, l.id, l.len, l.n, HS_MODE_BLOCK, NULL, &db, &e);
    result = finish(rc, db, e, &l, out, why);
    list_done(&l);
    return result;
}

int match_hs_regexes(const struct match_texts *t, const bool *skip, struct qund_buf *out,
                     struct match_hs_problem *why)
{
    hs_database_t *db = NULL;
    hs_compile_error_t *e = NULL;
    struct list l;
    hs_error_t rc;
    int result = QUND_OK;

    list_make(&l, t, skip);
    for (unsigned i = 0; i < l.n; i++) {
        l.flags[i] = regex_flags(qund_str_n(l.text[i], l.len[i]));
        l.text[i] = qund_strndup(l.text[i], l.len[i]); /* here it wants a NUL behind each */
    }
    if (l.n > 0) {
        rc = hs_compile_multi(l.text, l.flags, l.id, l.n, HS_MODE_BLOCK, NULL, &db, &e);
        result = finish(rc, db, e, &l, out, why);
    }
    for (unsigned i = 0; i < l.n; i++)
        qund_free((void *)(uintptr_t)l.text[i]);
    list_done(&l);
    return result;
}

bool match_hs_check(const char *regex, char *why, size_t why_max)
{
    hs_expr_info_t *info = NULL;
    hs_compile_error_t *e = NULL;
    bool ok =
        hs_expression_info(regex, regex_flags(qund_str(regex)), &info, &e) == HS_SUCCESS && info;

    if (!ok)
        snprintf(why, why_max,
                 "cannot be matched in one pass: %s (lookaround, backreferences and atomic groups "
                 "are not available)",
                 e ? e->message : "out of memory");
    else if (info->min_width == 0)
        snprintf(why, why_max,
                 "matches the empty text, so it would hit always: make it ask for at "
                 "least one character");
    ok = ok && info->min_width > 0;
    free(info);
    hs_free_compile_error(e);
    return ok;
}

int match_hs_load(struct qund_str bytes, struct match_hs **out)
{
    hs_database_t *db = NULL;
    int rc = rc_of(hs_deserialize_database(bytes.p, bytes.n, &db));

    if (rc == QUND_OK)
        *out = (struct match_hs *)(void *)db;
    return rc;
}

struct match_hs *match_hs_free(struct match_hs *db)
{
    hs_free_database((hs_database_t *)(void *)db);
    return NULL;
}

void match_hs_scratch_free(struct match_hs_scratch *s)
{
    hs_free_scratch((hs_scratch_t *)(void *)s);
}

int match_hs_scratch_fit(const struct qund_match *m, struct match_hs_scratch **s)
{
    hs_scratch_t *scratch = NULL;
    hs_error_t rc = HS_SUCCESS;

    match_hs_scratch_free(
        *s); /* it only ever grows, so a small set after a large one starts anew */
    *s = NULL;
    for (unsigned v = 0; v < MATCH_VIEWS && rc == HS_SUCCESS; v++) {
        if (m->literals[v])
            rc = hs_alloc_scratch(db_of(m->literals[v]), &scratch);
        if (m->regexes[v] && rc == HS_SUCCESS)
            rc = hs_alloc_scratch(db_of(m->regexes[v]), &scratch);
    }
    if (rc != HS_SUCCESS) {
        hs_free_scratch(scratch);
        return rc_of(rc);
    }
    *s = (struct match_hs_scratch *)(void *)scratch;
    return QUND_OK;
}

struct report {
    match_found_fn *found;
    void *ctx;
};

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                    void *arg)
{
    const struct report *r = arg;

    (void)from;
    (void)to;
    (void)flags;
    r->found(r->ctx, id);
    return 0;
}

int match_hs_scan(const struct match_hs *db, struct match_hs_scratch *s, struct qund_str text,
                  match_found_fn *found, void *ctx)
{
    struct report r = {found, ctx};

    qund_assert(text.n <= UINT_MAX);
    return rc_of(
        hs_scan(db_of(db), text.p, (unsigned)text.n, 0, (hs_scratch_t *)(void *)s, on_match, &r));
}
