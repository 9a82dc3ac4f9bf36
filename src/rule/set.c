/* set.c - the compiled set: who goes first, who is asked for which event, one digest for all.
 *
 * A set is made by one thread and then only read, by any number of threads, until the last
 * reference goes. Everything in it lies in one arena, except the array of rules while it grows. */
#include "core/file.h"
#include "rule/internal.h"
#include <stdio.h>
#include <stdlib.h>

struct qund_rules *qund_rules_new(const struct qund_fold *fold)
{
    struct qund_rules *set = qund_alloc(sizeof(*set));

    atomic_init(&set->refs, 1);
    set->self = set;
    set->arena = qund_arena_new((size_t)64 << 10);
    set->fold = fold;
    memset(set->type_index, -1, sizeof(set->type_index));
    return set;
}

struct qund_rules *qund_rules_ref(struct qund_rules *r)
{
    atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
    return r;
}

struct qund_rules *qund_rules_unref(struct qund_rules *r)
{
    if (!r || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) > 1)
        return NULL;
    qund_match_free(r->match);
    qund_lean_unref(r->lean);
    qund_free(r->rules);
    qund_arena_free(r->arena);
    qund_free(r);
    return NULL;
}

void qund_rules_unref_v(void *r)
{
    qund_rules_unref(r);
}

/* --- one rule per id --- */
static int by_id(const void *a, const void *b)
{
    const struct qund_rule *const *x = a, *const *y = b;
    int c = qund_str_cmp((*x)->id, (*y)->id);

    return c ? c : ((*x)->order > (*y)->order) - ((*x)->order < (*y)->order);
}

/* Of rules with one id keeps the last read; the array is in order of id afterwards. */
static void drop_overridden(struct qund_rules *set, struct qund_errs *errs)
{
    size_t kept = 0, i;

    if (set->n == 0)
        return;
    qsort(set->rules, set->n, sizeof(struct qund_rule *), by_id);
    for (i = 0; i < set->n; i++) {
        struct qund_rule *r = set->rules[i], *was = kept ? set->rules[kept - 1] : NULL;

        if (!was || !qund_str_eq(was->id, r->id)) {
            set->rules[kept++] = r;
            continue;
        }
        if (qund_str_eq(was->file, r->file)) {
            char where[160];

            snprintf(where, sizeof(where), "%.*s:%d:%d", QUND_STR_ARG(r->file), r->line, r->col);
            qund_errs_add(errs, QUND_E_INVAL, where,
                          "rule id '%.*s' stands twice in this file, first in line %d",
                          QUND_STR_ARG(r->id), was->line);
        }
        r->overrides = was->source;
        set->rules[kept - 1] = r;
    }
    set->n = kept;
}

static int by_rank(const void *a, const void *b)
{
    const struct qund_rule *const *x = a, *const *y = b;

    if ((*x)->priority != (*y)->priority)
        return (*x)->priority < (*y)->priority ? 1 : -1;
    return ((*x)->order > (*y)->order) - ((*x)->order < (*y)->order);
}

static int index_by_id(const void *a, const void *b, void *set)
{
    struct qund_rule *const *rules = ((struct qund_rules *)set)->rules;

    return qund_str_cmp(rules[*(const uint32_t *)a]->id, rules[*(const uint32_t *)b]->id);
}

static void order(struct qund_rules *set)
{
    size_t i;

    set->by_id = qund_arena_alloc(set->arena, (set->n + 1) * sizeof(*set->by_id));
    if (set->n == 0)
        return;
    qsort(set->rules, set->n, sizeof(struct qund_rule *), by_rank);
    for (i = 0; i < set->n; i++)
        set->by_id[i] = (uint32_t)i;
    qsort_r(set->by_id, set->n, sizeof(*set->by_id), index_by_id, set);
}

/* --- digests --- */
static void add_words_digest(const struct qund_rule_words *w, void *arg)
{
    qund_buf_printf(arg, "\n%.*s %s", QUND_STR_ARG(w->name), w->digest);
}

static void make_digests(struct qund_rules *set)
{
    QUND_AUTO(qund_buf_done) struct qund_buf one = {0}, all = {0};
    size_t i;

    for (i = 0; i < set->n; i++) {
        struct qund_rule *r = set->rules[i];

        qund_buf_clear(&one);
        qund_buf_str(&one, r->text);
        qund_rule_each_words(r, add_words_digest, &one);
        if (r->n_leans > 0)
            qund_buf_printf(&one, "\n%s %s", QUND_LEAN_FILE, set->lean_digest);
        qund_sha256_hex(one.p, one.n, r->digest);
        qund_buf_printf(&all, "%s\n", r->digest);
    }
    qund_sha256_hex(all.p ? all.p : "", all.n, set->digest);
}

/* --- event types --- */
static int type_of(struct qund_rules *set, struct qund_str name)
{
    enum qund_event_type known = qund_event_type_of(name);
    size_t i;

    for (i = 0; i < set->n_types; i++)
        if (qund_str_eq(set->types[i], name))
            return (int)i;
    if (set->n_types == RULE_TYPES_MAX)
        return -1;
    if (known != QUND_EV_OTHER)
        set->type_index[known] = (int8_t)set->n_types;
    set->types[set->n_types] = name;
    return (int)set->n_types++;
}

static void index_types(struct qund_rules *set, struct qund_rule *r, struct qund_errs *errs)
{
    QUND_AUTO(qund_buf_done) struct qund_buf on = {0};
    size_t i;

    for (i = 0; i < r->on_types.n; i++) {
        int t = type_of(set, r->on_types.v[i]);

        qund_buf_printf(&on, "%s%.*s", i ? "," : "", QUND_STR_ARG(r->on_types.v[i]));
        if (t >= 0) {
            r->types |= UINT64_C(1) << t;
            continue;
        }
        qund_errs_add(errs, QUND_E_INVAL, r->source.p,
                      "more than %u different event types in all rules together", RULE_TYPES_MAX);
    }
    r->on = qund_str_n(qund_arena_dup(set->arena, on.p, on.n), on.n);
}

/* Rules without a term that could wake them are looked at for each event of their types. */
static void index_always(struct qund_rules *set)
{
    size_t t, i;

    for (t = 0; t < set->n_types; t++) {
        struct qund_rule_ranks *ranks = &set->always[t];
        uint64_t bit = UINT64_C(1) << t;

        ranks->v = qund_arena_alloc(set->arena, (set->n + 1) * sizeof(*ranks->v));
        for (i = 0; i < set->n; i++) {
            const struct qund_rule *r = set->rules[i];

            if (!r->enabled || !(r->types & bit))
                continue;
            if (r->all.n + r->any.n + r->none.n > 0)
                set->term_types |= bit;
            if (r->all.n + r->any.n == 0)
                ranks->v[ranks->n++] = (uint32_t)i;
        }
    }
}

int qund_rules_finish(struct qund_rules *set, const struct qund_rules_opts *opts,
                      struct qund_errs *errs)
{
    size_t had = errs->n + errs->dropped, i;
    int try_out, rc;

    drop_overridden(set, errs);
    order(set);
    qund_rules_find_lean(set, opts->lean, errs);
    make_digests(set);
    try_out = opts->enable.p ? qund_rules_find(set, opts->enable) : -1;
    if (try_out >= 0)
        set->rules[try_out]->enabled = true;
    for (i = 0; i < set->n; i++)
        index_types(set, set->rules[i], errs);
    index_always(set);
    rc = qund_rules_compile(set, opts, errs); /* even so: its errors belong to the same run */
    return rc == 0 && errs->n + errs->dropped != had ? QUND_E_INVAL : rc;
}

/* --- looking at a set --- */
bool qund_rules_idle(const struct qund_rules *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->rules[i]->enabled)
            return false;
    return true;
}

size_t qund_rules_count(const struct qund_rules *r)
{
    return r->n;
}

size_t qund_rules_patterns(const struct qund_rules *r)
{
    return r->n_patterns;
}

const char *qund_rules_digest(const struct qund_rules *r)
{
    return r->digest;
}

void qund_rules_info(const struct qund_rules *r, size_t index, struct qund_rule_info *out)
{
    const struct qund_rule *rule;

    qund_assert(index < r->n);
    rule = r->rules[index];
    *out = (struct qund_rule_info){
        .id = rule->id,
        .title = rule->title,
        .owner = rule->owner,
        .on = rule->on,
        .source = rule->source,
        .overrides = rule->overrides,
        .text = rule->text,
        .digest = rule->digest,
        .priority = rule->priority,
        .enabled = rule->enabled,
    };
}

int qund_rules_find(const struct qund_rules *r, struct qund_str id)
{
    size_t lo = 0, hi = r->n;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int c = qund_str_cmp(r->rules[r->by_id[mid]]->id, id);

        if (c == 0)
            return (int)r->by_id[mid];
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return QUND_E_NOTFOUND;
}
