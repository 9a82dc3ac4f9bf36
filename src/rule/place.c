/* place.c - where a term stands: for `near`, for {{match.N}}, for explain.
 *
 * The scan says only that a pattern is there; where it is, is asked for a few terms of a rule that
 * fires, so it is searched again then, in the one short text. Positions are given in bytes of the
 * original message, by way of the maps that folding made. */
#include "rule/internal.h"

#define NEAR_TRIES 256u /* occurrences of each word that are looked at */

struct view {
    struct qund_str text;
    const uint32_t *map;
};

static struct view view_of(const struct qund_rule_run *run, bool squeezed)
{
    const struct qund_folded *t = run->in->text;

    if (squeezed)
        return (struct view){qund_buf_view(&t->squeezed), t->squeezed_map};
    return (struct view){qund_buf_view(&t->text), t->map};
}

static void place(const struct qund_rule_run *run, const struct view *v, size_t from, size_t to,
                  struct qund_rule_place *out)
{
    struct qund_str text = run->in->ev->text;
    /* The end is where the last character ends, not where the next kept one begins: what was
     * squeezed out after the hit does not belong to it. */
    size_t end = to;

    out->from = v->map[from];
    if (end > from) {
        for (end--; end > from && ((unsigned char)v->text.p[end] & 0xc0) == 0x80;)
            end--;
        out->to = v->map[end];
        if (out->to < text.n)
            qund_utf8_next(text, &out->to);
    } else {
        out->to = out->from;
    }
    if (out->to > text.n)
        out->to = text.n;
    if (out->from > out->to)
        out->from = out->to;
    out->text = qund_str_n(text.p + out->from, out->to - out->from);
}

/* The literal as it stands in the view. */
static void fold_literal(const struct qund_rule_run *run, struct qund_str word, bool squeezed,
                         struct qund_buf *out)
{
    if (squeezed)
        qund_fold_str_squeezed(run->set->fold, word, out);
    else
        qund_fold_str(run->set->fold, word, out);
}

static bool find_literal(const struct qund_rule_run *run, struct qund_str word, bool squeezed,
                         struct qund_rule_place *out)
{
    QUND_AUTO(qund_buf_done) struct qund_buf folded = {0};
    struct view v = view_of(run, squeezed);
    ptrdiff_t at;

    fold_literal(run, word, squeezed, &folded);
    at = qund_str_find(v.text, 0, qund_buf_view(&folded));
    if (at < 0 || folded.n == 0)
        return false;
    place(run, &v, (size_t)at, (size_t)at + folded.n, out);
    return true;
}

/* --- near --- */
/* Code points between two hits of the view, or INT64_MAX when they overlap. */
static int64_t gap(const struct view *v, size_t a, size_t a_n, size_t b, size_t b_n)
{
    size_t from = a < b ? a + a_n : b + b_n, to = a < b ? b : a;

    if (from > to)
        return INT64_MAX;
    return (int64_t)qund_utf8_count(qund_str_n(v->text.p + from, to - from));
}

static size_t occurrences(struct qund_str text, struct qund_str word, size_t *at)
{
    ptrdiff_t p = word.n ? qund_str_find(text, 0, word) : -1;
    size_t n = 0;

    for (; p >= 0 && n < NEAR_TRIES; p = qund_str_find(text, (size_t)p + 1, word))
        at[n++] = (size_t)p;
    return n;
}

bool qund_rule_near(const struct qund_rule_run *run, const struct qund_rule_term *t,
                    struct qund_rule_place *out)
{
    QUND_AUTO(qund_buf_done) struct qund_buf a = {0}, b = {0};
    struct view v = view_of(run, t->squeezed);
    size_t at_a[NEAR_TRIES], at_b[NEAR_TRIES], n_a, n_b, i, j = 0, k;

    fold_literal(run, t->text, t->squeezed, &a);
    fold_literal(run, t->other, t->squeezed, &b);
    n_a = occurrences(v.text, qund_buf_view(&a), at_a);
    n_b = occurrences(v.text, qund_buf_view(&b), at_b);
    for (i = 0; i < n_a; i++) {
        /* Both lists ascend: nothing before the last b that still ends ahead of a can be nearer. */
        while (j + 1 < n_b && at_b[j + 1] + b.n <= at_a[i])
            j++;
        for (k = j; k < n_b; k++) {
            size_t from = at_a[i] < at_b[k] ? at_a[i] : at_b[k];
            size_t end_a = at_a[i] + a.n, end_b = at_b[k] + b.n;

            if (gap(&v, at_a[i], a.n, at_b[k], b.n) <= t->within) {
                if (out)
                    place(run, &v, from, end_a > end_b ? end_a : end_b, out);
                return true;
            }
            if (at_b[k] >= end_a)
                break; /* the next ones stand farther away */
        }
    }
    return false;
}

/* --- any term --- */
static bool capture_place(const struct qund_rule_run *run, const struct qund_rule_term *t,
                          unsigned group, struct qund_rule_place *out)
{
    struct qund_capture caught[RULE_MATCH_VARS];
    int n = qund_match_captures(run->set->match, run->sc->match, run->sc->slot_pattern[t->slot],
                                run->in->text, caught, RULE_MATCH_VARS);

    if (n < 0 || group >= (unsigned)n || group >= RULE_MATCH_VARS || !caught[group].set)
        return false;
    out->from = caught[group].from;
    out->to = caught[group].to;
    out->text = qund_str_n(run->in->ev->text.p + out->from, out->to - out->from);
    return true;
}

bool qund_rule_term_place(const struct qund_rule_run *run, const struct qund_rule_term *t,
                          struct qund_rule_place *out)
{
    const struct qund_rules *set = run->set;

    switch (t->kind) {
    case RULE_TERM_CONTAINS:
        return find_literal(run, t->text, t->squeezed, out);
    case RULE_TERM_WORDS:
        return find_literal(run, set->patterns[run->sc->slot_pattern[t->slot]], t->squeezed, out);
    case RULE_TERM_REGEX:
        return capture_place(run, t, 0, out);
    case RULE_TERM_NEAR:
        return qund_rule_near(run, t, out);
    case RULE_TERM_EXACT:
        *out = (struct qund_rule_place){run->in->ev->text, 0, run->in->ev->text.n};
        return true;
    }
    return false;
}

struct qund_str qund_rule_match_text(const struct qund_rule_run *run, const struct qund_rule *r,
                                     unsigned n)
{
    const struct qund_rule_terms *lists[] = {&r->all, &r->any};
    const struct qund_rule_term *first = NULL;
    struct qund_rule_place at;
    size_t i, j;

    for (i = 0; i < QUND_ARRAY_LEN(lists); i++)
        for (j = 0; j < lists[i]->n; j++) {
            const struct qund_rule_term *t = &lists[i]->v[j];

            if ((first && t->kind != RULE_TERM_REGEX) || !qund_rule_term_holds(run, t))
                continue;
            if (t->kind == RULE_TERM_REGEX)
                return capture_place(run, t, n, &at) ? at.text : QUND_STR_NONE;
            first = t;
        }
    if (n > 0 || !first || !qund_rule_term_place(run, first, &at))
        return QUND_STR_NONE;
    return at.text;
}
