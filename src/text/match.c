/* src/text/match.c - all patterns of all rules, found in one pass over a text.
 * The set is immutable and shared; what changes while a text is searched lies in the scratch, one a
 * thread, which fits itself to whatever set it is used with, so that a set can be swapped between
 * two texts by swapping a pointer.
 * A text is searched at most three ways per view: words (Hyperscan's literal matcher, or the
 * two-character filter when there are very many), expressions (Hyperscan), and one look-up of the
 * whole text for EXACT. Each finds slots; a slot leads to the ids that share it. "Seen in this
 * text" is a number per slot and id that equals the text's own number, so nothing has to be cleared
 * between texts, and the work for one text depends on its hits, not on the size of the set. */
#include "text/match_blob.h"

#include "core/file.h"
#include <stdlib.h>

struct qund_scratch *qund_scratch_new(void)
{
    return qund_alloc(sizeof(struct qund_scratch));
}

static void forget(struct qund_scratch *s)
{
    match_hs_scratch_free(s->hs);
    match_pcre_free(s->pcre);
    qund_free(s->slot_seen);
    qund_free(s->id_seen);
    qund_free(s->ids);
    *s = (struct qund_scratch){0};
}

struct qund_scratch *qund_scratch_free(struct qund_scratch *s)
{
    if (s) {
        forget(s);
        qund_free(s);
    }
    return NULL;
}

int match_scratch_fit(const struct qund_match *m, struct qund_scratch *s)
{
    if (QUND_LIKELY(s->ids && s->nonce == m->nonce))
        return QUND_OK;
    forget(s);
    s->slot_seen = qund_try_alloc(((size_t)m->head->n_slots + 1) * sizeof(*s->slot_seen));
    s->id_seen = qund_try_alloc(((size_t)m->head->n_ids + 1) * sizeof(*s->id_seen));
    s->ids = qund_try_alloc(((size_t)m->head->n_ids + 1) * sizeof(*s->ids));
    if (!s->slot_seen || !s->id_seen || !s->ids || match_hs_scratch_fit(m, &s->hs) < 0) {
        forget(s);
        return QUND_E_NOMEM;
    }
    s->nonce = m->nonce;
    return QUND_OK;
}

struct search {
    const struct qund_match *m;
    struct qund_scratch *s;
    const uint32_t *slot_at, *slot_id, *ids;
};

static void on_slot(void *ctx, uint32_t slot)
{
    struct search *x = ctx;
    struct qund_scratch *s = x->s;

    if (s->slot_seen[slot] == s->epoch)
        return;
    s->slot_seen[slot] = s->epoch;
    for (uint32_t i = x->slot_at[slot]; i < x->slot_at[slot + 1]; i++) {
        uint32_t pos = x->slot_id[i];

        if (s->id_seen[pos] != s->epoch) {
            s->id_seen[pos] = s->epoch;
            s->ids[s->n_ids++] = x->ids[pos];
        }
    }
}

static void find_exact(struct search *x, unsigned view, struct qund_str text)
{
    const struct match_head *h = x->m->head;
    const uint32_t *table = match_u32(x->m, SEC_EXACT + view);
    size_t mask = h->sec[SEC_EXACT + view].n / sizeof(*table) - 1, at;

    text = qund_str_trim(text);
    if (text.n == 0 || text.n > h->exact_max[view])
        return;
    for (at = (size_t)qund_hash64(text.p, text.n) & mask; table[at] != MATCH_NONE;
         at = (at + 1) & mask)
        if (qund_str_eq(text, match_slot_text(x->m, table[at])))
            on_slot(x, table[at]);
}

static int search_view(struct search *x, unsigned view, struct qund_str text)
{
    const struct qund_match *m = x->m;
    int rc = QUND_OK;

    if (m->head->filter_log2[view] > 0)
        match_filter_scan(m, (enum qund_pattern_view)view, text, on_slot, x);
    if (m->literals[view])
        rc = match_hs_scan(m->literals[view], x->s->hs, text, on_slot, x);
    if (m->regexes[view] && rc == QUND_OK)
        rc = match_hs_scan(m->regexes[view], x->s->hs, text, on_slot, x);
    if (m->head->exact_max[view] > 0)
        find_exact(x, view, text);
    return rc;
}

/* Few ids, nearly always: a call through a pointer per comparison would cost more than the search.
 */
static void sort_ids(uint32_t *v, size_t n)
{
    if (n > 24) {
        qsort(v, n, sizeof(*v), match_by_value);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        uint32_t x = v[i];
        size_t k = i;

        for (; k > 0 && v[k - 1] > x; k--)
            v[k] = v[k - 1];
        v[k] = x;
    }
}

/* After four thousand million texts the numbers begin again. */
static void next_epoch(const struct qund_match *m, struct qund_scratch *s)
{
    if (++s->epoch != 0)
        return;
    memset(s->slot_seen, 0, ((size_t)m->head->n_slots + 1) * sizeof(*s->slot_seen));
    memset(s->id_seen, 0, ((size_t)m->head->n_ids + 1) * sizeof(*s->id_seen));
    s->epoch = 1;
}

bool qund_match_wants_squeezed(const struct qund_match *m)
{
    const uint32_t *bound = m->head->bound;

    return bound[MATCH_GROUP(QUND_VIEW_SQUEEZED, 0)] < bound[MATCH_GROUPS];
}

size_t qund_match_count(const struct qund_match *m)
{
    return m->head->n_ids;
}

int qund_match_scan(const struct qund_match *m, struct qund_scratch *s, const struct qund_fold *f,
                    struct qund_folded *t, const uint32_t **ids)
{
    struct search x = {.m = m, .s = s};
    int rc = match_scratch_fit(m, s);

    if (rc < 0)
        return rc;
    x.slot_at = match_u32(m, SEC_SLOT_AT);
    x.slot_id = match_u32(m, SEC_SLOT_ID);
    x.ids = match_u32(m, SEC_IDS);
    next_epoch(m, s);
    s->n_ids = 0;
    rc = search_view(&x, QUND_VIEW_FOLDED, qund_buf_view(&t->text));
    if (rc == QUND_OK && qund_match_wants_squeezed(m)) {
        qund_fold_squeeze(f, t);
        rc = search_view(&x, QUND_VIEW_SQUEEZED, qund_buf_view(&t->squeezed));
    }
    if (rc < 0)
        return rc;
    sort_ids(s->ids, s->n_ids);
    *ids = s->ids;
    return (int)s->n_ids;
}
