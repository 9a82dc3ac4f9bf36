/* src/text/match_keys.c - the words that an expression cannot do without.
 * `(说好|答应).{0,16}(没|还)` hits no text without 说好 or 答应, nor one without 没 or 还: two sets
 * of words, of each of which one must stand there. One set is enough to be woken by, and the best
 * is the one whose shortest word is longest, for it stands in the fewest texts. Small sets that
 * follow each other are multiplied out (没|不 and 人 are 没人, 不人) as long as the words stay few.
 * The idea is that of RE2's FilteredRE2, with one set in the place of a tree of conditions. */
#include "text/match_tree.h"

#define PRODUCT_MAX 32u /* words made by multiplying */
#define SET_MAX 64u     /* words of one set */
#define CLASS_MAX 12u   /* characters of a class that are taken as words */

struct words {
    struct qund_str *v;
    size_t n; /* 0: not known */
};

/* What is known of a part of an expression. */
struct part {
    struct words all;  /* all texts it can be, the empty one among them */
    bool alone;        /* and it is these wherever they stand */
    struct words need; /* it is no text without one of these in it; none of them is empty */
};

struct finder {
    const char *pool;
    struct qund_arena *arena;
};

static struct words some_words(struct finder *f, size_t n)
{
    return (struct words){qund_arena_alloc(f->arena, (n + 1) * sizeof(struct qund_str)), n};
}

static struct words one_word(struct finder *f, struct qund_str word)
{
    struct words w = some_words(f, 1);

    w.v[0] = word;
    return w;
}

static void add_word(struct words *to, struct qund_str word)
{
    for (size_t i = 0; i < to->n; i++)
        if (qund_str_eq(to->v[i], word))
            return;
    to->v[to->n++] = word;
}

/* Every word of a before every word of b. */
static struct words multiply(struct finder *f, struct words a, struct words b)
{
    struct words w = some_words(f, a.n * b.n);

    w.n = 0;
    for (size_t i = 0; i < a.n; i++)
        for (size_t k = 0; k < b.n; k++) {
            struct qund_str x = a.v[i], y = b.v[k];
            char *both = qund_arena_alloc(f->arena, x.n + y.n + 1);

            memcpy(both, x.p, x.n);
            memcpy(both + x.n, y.p, y.n);
            add_word(&w, qund_str_n(both, x.n + y.n));
        }
    return w;
}

/* What stands in every tenth message; looked for by the bytes of a word of one character. */
static const char COMMON[] = "我了的一不个天好到上人来有你要在";

/* How rarely a word stands in a text: a Han counts as two letters. */
static size_t word_rarity(struct qund_str word)
{
    size_t chars = qund_utf8_count(word), wide = (word.n - chars) / 2;

    if (chars == 1 && wide > 0)
        return memmem(COMMON, sizeof(COMMON) - 1, word.p, word.n) ? 1 : 2;
    return chars + wide;
}

/* How rarely one of them does: by the most frequent one, of equal ones the smaller set. 0: no good.
 */
static size_t rarity(struct words w)
{
    size_t least = SIZE_MAX;

    for (size_t i = 0; i < w.n; i++) {
        size_t one = word_rarity(w.v[i]);

        least = one < least ? one : least;
    }
    return w.n == 0 || least == 0 ? 0 : least * (SET_MAX + 1) + SET_MAX - w.n;
}

static struct words rarer(struct words a, struct words b)
{
    return rarity(b) > rarity(a) ? b : a;
}

/* The best set of a part; n = 0: it has none. */
static struct words needed(struct part p)
{
    struct words w = rarer(p.need, p.all);

    return rarity(w) > 0 ? w : (struct words){NULL, 0};
}

static struct part know(struct finder *f, const struct match_node *node);

static struct part know_class(struct finder *f, const struct match_node *node)
{
    struct part p = {.alone = true};
    uint64_t n = 0;

    for (const struct match_node *range = match_child(node, NULL); range;
         range = match_child(node, range))
        n += (uint64_t)range->b - range->a + 1;
    if (n == 0 || n > CLASS_MAX)
        return p;
    p.all = some_words(f, n);
    p.all.n = 0;
    for (const struct match_node *range = match_child(node, NULL); range;
         range = match_child(node, range))
        for (uint32_t cp = range->a; cp <= range->b; cp++) {
            char utf8[4];
            size_t len = qund_utf8_put(utf8, cp);

            add_word(&p.all, qund_str_n(qund_arena_dup(f->arena, utf8, len), len));
        }
    return p;
}

static struct part know_sequence(struct finder *f, const struct match_node *node)
{
    struct words now = one_word(f, QUND_STR("")), best = {NULL, 0};
    bool whole = true, alone = true;

    for (const struct match_node *c = match_child(node, NULL); c; c = match_child(node, c)) {
        struct part p = know(f, c);

        alone = alone && p.alone;
        if (p.all.n > 0 && p.all.n * now.n <= PRODUCT_MAX) {
            now = multiply(f, now, p.all);
            continue;
        }
        whole = false;
        best = rarer(rarer(best, now), p.need);
        now = p.all.n > 0 ? p.all : one_word(f, QUND_STR(""));
    }
    if (whole)
        return (struct part){.all = now, .alone = alone};
    return (struct part){.need = rarer(best, now)};
}

static struct part know_choice(struct finder *f, const struct match_node *node)
{
    struct part p = {.all = some_words(f, SET_MAX), .alone = true, .need = some_words(f, SET_MAX)};
    bool whole = true, needs = true;

    p.all.n = p.need.n = 0;
    for (const struct match_node *c = match_child(node, NULL); c; c = match_child(node, c)) {
        struct part one = know(f, c);
        struct words need = needed(one);

        whole = whole && one.all.n > 0 && p.all.n + one.all.n <= SET_MAX;
        needs = needs && need.n > 0 && p.need.n + need.n <= SET_MAX;
        p.alone = p.alone && one.alone;
        for (size_t i = 0; i < one.all.n && whole; i++)
            add_word(&p.all, one.all.v[i]);
        for (size_t i = 0; i < need.n && needs; i++)
            add_word(&p.need, need.v[i]);
    }
    if (!whole)
        p.all.n = 0;
    if (!needs || whole)
        p.need.n = 0;
    return p;
}

static struct part know_repeat(struct finder *f, const struct match_node *node)
{
    struct part p = know(f, node + 1);

    if (node->a == 1 && node->b == 1)
        return p;
    if (node->a == 0 && node->b == 1 && p.all.n > 0 && p.all.n < SET_MAX) {
        struct words w = some_words(f, p.all.n + 1);

        w.n = 0;
        add_word(&w, QUND_STR(""));
        for (size_t i = 0; i < p.all.n; i++)
            add_word(&w, p.all.v[i]);
        return (struct part){.all = w, .alone = p.alone};
    }
    if (node->a == 0)
        return (struct part){.alone = false};
    return (struct part){.need = needed(p)};
}

static struct part know(struct finder *f, const struct match_node *node)
{
    switch ((enum match_op)node->op) {
    case MATCH_TEXT:
        return (struct part){.all = one_word(f, qund_str_n(f->pool + node->a, node->b)),
                             .alone = true};
    case MATCH_ONE_OF:
        return know_class(f, node);
    case MATCH_SEQ:
        return know_sequence(f, node);
    case MATCH_ALT:
        return know_choice(f, node);
    case MATCH_REPEAT:
        return know_repeat(f, node);
    case MATCH_START:
    case MATCH_END:
        return (struct part){.all = one_word(f, QUND_STR("")), .alone = false};
    case MATCH_ANY:
    case MATCH_NONE_OF:
    case MATCH_RANGE:
        break;
    }
    return (struct part){.alone = false};
}

/* False when the part can hit without any word that is known. */
static bool tell(struct part p, match_key_fn *each, void *ctx, bool *whole)
{
    struct words w = needed(p);

    *whole = p.alone && rarity(p.all) > 0;
    w = *whole ? p.all : w;
    for (size_t i = 0; i < w.n; i++)
        each(ctx, w.v[i], *whole);
    return w.n > 0;
}

/* Takes a child out of the tree. */
static void remove_child(struct match_tree *t, uint32_t root, uint32_t child)
{
    uint32_t n = 1u + t->v[child].below;

    memmove(&t->v[child], &t->v[child + n], (t->n - child - n) * sizeof(*t->v));
    t->v[root].below = (uint16_t)(t->v[root].below - n);
    t->n -= n;
}

enum match_keys match_keys_find(struct match_tree *t, uint32_t root, const char *pool,
                                struct qund_arena *arena, match_key_fn *each, void *ctx)
{
    struct finder f = {pool, arena};
    const struct match_node *top = &t->v[root];
    bool whole;

    if (top->op != MATCH_ALT) {
        if (!tell(know(&f, top), each, ctx, &whole))
            return MATCH_KEYS_NONE;
        return whole ? MATCH_KEYS_WHOLE : MATCH_KEYS_SOME;
    }
    for (const struct match_node *c = match_child(top, NULL); c; c = match_child(top, c))
        if (needed(know(&f, c)).n == 0)
            return MATCH_KEYS_NONE;
    /* Alternatives that are mere words are done with once their words are told. */
    for (uint32_t at = root + 1; at <= root + t->v[root].below;) {
        qund_ignore(tell(know(&f, &t->v[at]), each, ctx, &whole)); /* seen above: it has some */
        if (whole)
            remove_child(t, root, at);
        else
            at += 1u + t->v[at].below;
    }
    return t->v[root].below == 0 ? MATCH_KEYS_WHOLE : MATCH_KEYS_SOME;
}
