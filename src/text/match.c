/* src/text/match.c - all patterns of all rules, found in one pass over a text.
 * The set is immutable and shared; what changes while a text is searched lies in the scratch, one a
 * thread, which fits itself to whatever set it is used with, so that a set can be swapped between
 * two texts by swapping a pointer.
 * A text is searched at most four ways per view: words (Hyperscan's literal matcher, or the
 * two-character filter when there are very many), expressions that one of the words found cannot do
 * without (match_tree.c), the few other expressions (Hyperscan), and one look-up of the whole text
 * for EXACT. Each finds slots; a slot leads to the ids that share it. "Seen in this text" is a
 * number per slot and id that equals the text's own number, so nothing has to be cleared between
 * texts, and the work for one text depends on its hits, not on the size of the set. */
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
    qund_free(s->woken_seen);
    qund_free(s->woken);
    match_places_free(s->places);
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
    size_t regexes = (size_t)match_regexes(m->head) + 1;

    if (QUND_LIKELY(s->ids && s->nonce == m->nonce))
        return QUND_OK;
    forget(s);
    s->slot_seen = qund_try_alloc(((size_t)m->head->n_slots + 1) * sizeof(*s->slot_seen));
    s->id_seen = qund_try_alloc(((size_t)m->head->n_ids + 1) * sizeof(*s->id_seen));
    s->ids = qund_try_alloc(((size_t)m->head->n_ids + 1) * sizeof(*s->ids));
    s->woken_seen = qund_try_alloc(regexes * sizeof(*s->woken_seen));
    s->woken = qund_try_alloc(regexes * sizeof(*s->woken));
    if (!s->slot_seen || !s->id_seen || !s->ids || !s->woken_seen || !s->woken ||
        match_hs_scratch_fit(m, &s->hs) < 0) {
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

static void on_slot(void *ctx, uint32_t slot);

/* A word has been found that this expression needs. */
static void wake(struct search *x, uint32_t slot)
{
    struct qund_scratch *s = x->s;
    uint32_t no = match_regex_no(x->m->head, slot);

    if (s->woken_seen[no] == s->epoch)
        return;
    s->woken_seen[no] = s->epoch;
    s->woken[s->n_woken++] = slot;
}

static void on_entry(struct search *x, uint32_t entry)
{
    struct qund_scratch *s = x->s;

    if (entry & MATCH_WAKES) {
        wake(x, entry & ~MATCH_WAKES);
    } else if (entry & MATCH_IS) {
        on_slot(x, entry & ~MATCH_IS);
    } else if (s->id_seen[entry] != s->epoch) {
        s->id_seen[entry] = s->epoch;
        s->ids[s->n_ids++] = x->ids[entry];
    }
}

static void on_slot(void *ctx, uint32_t slot)
{
    struct search *x = ctx;
    struct qund_scratch *s = x->s;

    if (s->slot_seen[slot] == s->epoch)
        return;
    s->slot_seen[slot] = s->epoch;
    for (uint32_t i = x->slot_at[slot]; i < x->slot_at[slot + 1]; i++)
        on_entry(x, x->slot_id[i]);
}

/* Tries the expressions that were woken, but for those that some word alone has made certain. */
static void try_woken(struct search *x, struct qund_str text)
{
    const struct match_node *tree = (const void *)match_u32(x->m, SEC_TREE);
    const uint32_t *root = match_u32(x->m, SEC_ROOT);
    const char *pool = match_slot_pool(x->m);
    struct qund_scratch *s = x->s;

    if (s->n_woken == 0)
        return;
    s->places = s->places ? s->places : match_places_new();
    match_places_text(s->places, text);
    for (size_t i = 0; i < s->n_woken; i++) {
        uint32_t slot = s->woken[i];

        if (s->slot_seen[slot] != s->epoch &&
            match_places_hit(s->places, &tree[root[match_regex_no(x->m->head, slot)]], pool))
            on_slot(x, slot);
    }
    s->n_woken = 0;
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
    try_woken(x, text);
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
    memset(s->woken_seen, 0, ((size_t)match_regexes(m->head) + 1) * sizeof(*s->woken_seen));
    s->epoch = 1;
}

bool qund_match_wants_squeezed(const struct qund_match *m)
{
    const uint32_t *bound = m->head->bound;

    return bound[QUND_VIEW_SQUEEZED * MATCH_KINDS] < bound[MATCH_GROUPS];
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
    s->n_ids = s->n_woken = 0;
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
