/* src/text/match_filter.c - many words by their rarest pair of characters.
 * Beyond some fifty thousand words Hyperscan's tables no longer fit the cache, and compiling them
 * takes seconds. A bit table does better: walk over the text, hash each pair of neighbouring
 * characters, and look closer only where some word is filed under that pair. A word is filed under
 * the pair of its own that the fewest words share, not under its first: lists of addresses all
 * begin with the same letters, and a bucket that holds them all would be compared over and over.
 * Where even the rarest pairs are crowded (telephone numbers have a hundred pairs in all) the
 * filter says so when it is built, and Hyperscan takes over. */
#include "text/match_blob.h"

#define SAMPLE_LOG2 20u /* counters for choosing the pair; collisions only cost quality */
#define CROWDED 256u    /* entries of one bucket that make the filter give up */
#define BITS_PER_BUCKET                                                                           \
    16u                     /* 64 KiB of bits for 32,768 buckets: stays in the second-level cache \
                             */
#define PLACES 64u          /* gathered before they are compared */
#define NO_SECOND 0x110000u /* stands after the only character of a one-character word */

static inline uint64_t pair_hash(uint32_t a, uint32_t b)
{
    return ((uint64_t)a << 21 | b) * 0x9E3779B97F4A7C15u;
}

static inline uint32_t top(uint64_t hash, uint32_t bits)
{
    return (uint32_t)(hash >> (64 - bits));
}

/* Valid UTF-8; the text ends with a NUL, so that the last character needs no check. */
static inline uint32_t next(const unsigned char *p, uint32_t *len)
{
    if (p[0] < 0x80) {
        *len = 1;
        return p[0];
    }
    if (QUND_LIKELY((p[0] & 0xF0) == 0xE0)) {
        *len = 3;
        return (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
    }
    *len = p[0] < 0xE0 ? 2 : 4;
    if (p[0] < 0xE0)
        return (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu);
    return (p[0] & 0x07u) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3Fu);
}

/* The n-th pair of a word: its hash and where it begins. False past the last. */
struct walk {
    const unsigned char *p;
    uint32_t n, at, len, cp;
    bool single;
};

static void walk_start(struct walk *w, const struct match_texts *t, uint32_t slot)
{
    w->p = (const unsigned char *)t->text + t->at[slot];
    w->n = t->at[slot + 1] - t->at[slot];
    w->at = 0;
    w->cp = next(w->p, &w->len);
    w->single = w->len == w->n;
}

static bool walk_next(struct walk *w, uint64_t *hash, uint32_t *off)
{
    uint32_t second = NO_SECOND, len = 0;

    if (w->at + w->len > w->n || (w->at + w->len == w->n && !(w->single && w->at == 0)))
        return false;
    if (!w->single)
        second = next(w->p + w->at + w->len, &len);
    *hash = pair_hash(w->cp, second);
    *off = w->at;
    w->at += w->len;
    w->cp = second;
    w->len = len;
    return true;
}

struct choice {
    uint64_t hash;
    uint32_t off;
};

static struct choice rarest(const struct match_texts *t, uint32_t slot, const uint32_t *sample)
{
    struct choice best = {0, 0}, c;
    uint32_t fewest = UINT32_MAX;
    struct walk w;

    for (walk_start(&w, t, slot); walk_next(&w, &c.hash, &c.off);) {
        if (sample[top(c.hash, SAMPLE_LOG2)] < fewest) {
            fewest = sample[top(c.hash, SAMPLE_LOG2)];
            best = c;
        }
    }
    return best;
}

static uint32_t log2_for(uint32_t n)
{
    uint32_t bits = 10;

    while (bits < 18 && (1u << bits) < n)
        bits++;
    return bits;
}

static struct match_entry make_entry(const struct match_texts *t, uint32_t slot, uint32_t off)
{
    uint32_t len = t->at[slot + 1] - t->at[slot];
    struct match_entry e = {.slot = slot, .off = (uint16_t)off, .len = (uint16_t)len};

    qund_assert(len <= UINT16_MAX);
    memcpy(&e.head, t->text + t->at[slot], len < 8 ? len : 8);
    return e;
}

/* Files every word: bucket[] becomes the start of each bucket in entry[]. False when crowded. */
static bool file_words(const struct match_texts *t, const struct choice *c, uint32_t bits,
                       uint32_t *bucket, struct match_entry *entry)
{
    uint32_t n = t->end - t->first, buckets = 1u << bits;

    for (uint32_t i = 0; i < n; i++)
        if (++bucket[top(c[i].hash, bits) + 1] > CROWDED)
            return false;
    for (uint32_t b = 0; b < buckets; b++)
        bucket[b + 1] += bucket[b];
    for (uint32_t i = n; i-- > 0;) {
        /* Filling from the back through the end marker leaves each marker at its bucket's start. */
        uint32_t b = top(c[i].hash, bits) + 1;

        entry[--bucket[b]] = make_entry(t, t->first + i, c[i].off);
    }
    memmove(bucket, bucket + 1, buckets * sizeof(*bucket));
    bucket[buckets] = n;
    return true;
}

bool match_filter_build(const struct match_texts *t, struct qund_buf sec[3], uint32_t *log2_buckets,
                        uint32_t *single)
{
    uint32_t n = t->end - t->first, bits = log2_for(n), n_bits = BITS_PER_BUCKET << bits;
    uint32_t *sample = qund_alloc(sizeof(*sample) << SAMPLE_LOG2);
    struct choice *c = qund_alloc((n + 1) * sizeof(*c));
    uint32_t *bucket = qund_alloc((((size_t)1 << bits) + 1) * sizeof(*bucket));
    struct match_entry *entry = qund_alloc((n + 1) * sizeof(*entry));
    uint8_t *set = qund_alloc(n_bits / 8);
    struct choice seen;
    struct walk w;
    bool ok;

    *single = 0;
    for (uint32_t slot = t->first; slot < t->end; slot++)
        for (walk_start(&w, t, slot); walk_next(&w, &seen.hash, &seen.off);)
            sample[top(seen.hash, SAMPLE_LOG2)]++;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t b;

        c[i] = rarest(t, t->first + i, sample);
        b = top(c[i].hash, bits + 4);
        set[b >> 3] = (uint8_t)(set[b >> 3] | 1u << (b & 7));
        walk_start(&w, t, t->first + i);
        *single |= w.single;
    }
    ok = file_words(t, c, bits, bucket, entry);
    if (ok) {
        qund_buf_add(&sec[0], set, n_bits / 8);
        qund_buf_add(&sec[1], bucket, (((size_t)1 << bits) + 1) * sizeof(*bucket));
        qund_buf_add(&sec[2], entry, n * sizeof(*entry));
        *log2_buckets = bits;
    }
    qund_free(sample);
    qund_free(c);
    qund_free(bucket);
    qund_free(entry);
    qund_free(set);
    return ok;
}

/* A place in the text where some word may lie. */
struct place {
    uint32_t bucket, at;
};

struct filter {
    const struct qund_match *m;
    const uint8_t *set;
    const uint32_t *bucket;
    const struct match_entry *entry;
    uint32_t bits;
    struct qund_str text;
    match_found_fn *found;
    void *ctx;
    struct place place[PLACES];
    uint32_t n;
};

/* Which of eight bytes count in a word of 0 to 8. Bytes, so that their order does not matter. */
static const unsigned char COUNTING[9][8] = {
    {0},
    {255},
    {255, 255},
    {255, 255, 255},
    {255, 255, 255, 255},
    {255, 255, 255, 255, 255},
    {255, 255, 255, 255, 255, 255},
    {255, 255, 255, 255, 255, 255, 255},
    {255, 255, 255, 255, 255, 255, 255, 255},
};

static bool is_there(const struct filter *f, const struct match_entry *e, uint32_t at)
{
    const char *start = f->text.p + (at - e->off);
    uint64_t first, mask;

    if (e->off > at || e->len > f->text.n - (at - e->off))
        return false;
    memcpy(&first, start, sizeof(first)); /* a folded text has slack behind its end */
    memcpy(&mask, COUNTING[e->len < 8 ? e->len : 8], sizeof(mask));
    if ((first & mask) != e->head)
        return false;
    return e->len <= 8 || memcmp(start + 8, match_slot_text(f->m, e->slot).p + 8, e->len - 8u) == 0;
}

/* The tables are larger than the cache: what one place needs is fetched while others are compared.
 */
static void look_closer(struct filter *f)
{
    for (uint32_t i = 0; i < f->n; i++)
        __builtin_prefetch(&f->entry[f->bucket[f->place[i].bucket]]);
    for (uint32_t i = 0; i < f->n; i++) {
        uint32_t b = f->place[i].bucket;

        for (uint32_t k = f->bucket[b]; k < f->bucket[b + 1]; k++)
            if (is_there(f, &f->entry[k], f->place[i].at))
                f->found(f->ctx, f->entry[k].slot);
    }
    f->n = 0;
}

static inline void try_place(struct filter *f, uint64_t hash, uint32_t at)
{
    uint32_t b = top(hash, f->bits + 4);

    if (QUND_LIKELY((f->set[b >> 3] >> (b & 7) & 1) == 0))
        return;
    if (f->n == PLACES)
        look_closer(f);
    f->place[f->n++] = (struct place){b >> 4, at};
    __builtin_prefetch(&f->bucket[b >> 4]);
}

void match_filter_scan(const struct qund_match *m, enum qund_pattern_view view,
                       struct qund_str text, match_found_fn *found, void *ctx)
{
    const unsigned char *p = (const unsigned char *)text.p;
    struct filter f;
    bool single = m->head->filter_single[view] != 0;
    uint32_t at = 0, len = 0, n = (uint32_t)text.n, cp = n > 0 ? next(p, &len) : 0;

    f.m = m;
    f.set = (const uint8_t *)match_u32(m, SEC_BITS + view);
    f.bucket = match_u32(m, SEC_BUCKET + view);
    f.entry = (const void *)match_u32(m, SEC_ENTRY + view);
    f.bits = m->head->filter_log2[view];
    f.text = text;
    f.found = found;
    f.ctx = ctx;
    f.n = 0; /* the places need no clearing */
    while (at + len < n) {
        uint32_t second_len, second = next(p + at + len, &second_len);

        try_place(&f, pair_hash(cp, second), at);
        if (single)
            try_place(&f, pair_hash(cp, NO_SECOND), at);
        at += len;
        cp = second;
        len = second_len;
    }
    if (single && n > 0)
        try_place(&f, pair_hash(cp, NO_SECOND), at);
    look_closer(&f);
}
