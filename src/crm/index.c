/* src/crm/index.c - open addressing from a hash to a small number.
 *
 * The caches keep their entries in slabs that never move, and find them through this: two arrays of
 * 32-bit words, linear probing, 13/16 full at most. At 200,000 people that is 2 MiB, where
 * a node per entry would be 8. Removing shifts the followers back, so there are no tombstones and a
 * cache that lives for months stays as quick as a new one. */
#include "crm/index.h"
#include "core/file.h"

enum { INDEX_MIN = 64 };

void qund_index_done(struct qund_index *x)
{
    qund_free(x->value);
    qund_free(x->hash);
    *x = (struct qund_index){0};
}

static void place(struct qund_index *x, uint32_t hash, uint32_t value)
{
    uint32_t i = hash & x->mask;

    while (x->value[i])
        i = (i + 1) & x->mask;
    x->value[i] = value + 1;
    x->hash[i] = hash;
}

static void grow(struct qund_index *x)
{
    struct qund_index old = *x;
    uint32_t cap = old.mask ? (old.mask + 1) * 2 : INDEX_MIN;

    x->value = qund_alloc(cap * sizeof(*x->value));
    x->hash = qund_alloc(cap * sizeof(*x->hash));
    x->mask = cap - 1;
    for (uint32_t i = 0; old.mask && i <= old.mask; i++)
        if (old.value[i])
            place(x, old.hash[i], old.value[i] - 1);
    qund_free(old.value);
    qund_free(old.hash);
}

void qund_index_put(struct qund_index *x, uint32_t hash, uint32_t value)
{
    if (!x->mask || (uint64_t)(x->n + 1) * 16 > (uint64_t)(x->mask + 1) * 13)
        grow(x);
    place(x, hash, value);
    x->n++;
}

/* A follower may move into the hole when its home does not lie behind it. */
static void close_hole(struct qund_index *x, uint32_t hole)
{
    for (uint32_t i = (hole + 1) & x->mask; x->value[i]; i = (i + 1) & x->mask) {
        uint32_t home = x->hash[i] & x->mask;

        if (((i - home) & x->mask) >= ((i - hole) & x->mask)) {
            x->value[hole] = x->value[i];
            x->hash[hole] = x->hash[i];
            hole = i;
        }
    }
    x->value[hole] = 0;
}

void qund_index_drop(struct qund_index *x, uint32_t hash, uint32_t value)
{
    if (!x->mask)
        return;
    for (uint32_t i = hash & x->mask; x->value[i]; i = (i + 1) & x->mask)
        if (x->value[i] == value + 1) {
            close_hole(x, i);
            x->n--;
            return;
        }
}

uint32_t qund_index_next(const struct qund_index *x, uint32_t hash, uint32_t *at)
{
    if (!x->mask)
        return QUND_INDEX_NONE;
    for (;;) {
        uint32_t i = (hash + (*at)++) & x->mask;

        if (!x->value[i])
            return QUND_INDEX_NONE;
        if (x->hash[i] == hash)
            return x->value[i] - 1;
    }
}

size_t qund_index_bytes(const struct qund_index *x)
{
    return x->mask ? ((size_t)x->mask + 1) * (sizeof(*x->value) + sizeof(*x->hash)) : 0;
}

static uint32_t fold(uint64_t h)
{
    return (uint32_t)(h ^ (h >> 32));
}

uint32_t qund_index_hash_name(int64_t realm, struct qund_str pid)
{
    return fold(qund_hash64(pid.p, pid.n) + (uint64_t)realm * 0x9e3779b97f4a7c15u);
}

uint32_t qund_index_hash_id(int64_t id)
{
    return fold((uint64_t)id * 0x9e3779b97f4a7c15u);
}
