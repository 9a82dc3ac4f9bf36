/* json_keys.c - finding a duplicate key among few, or among half a million.
 *
 * Nearly every object has under a dozen keys: they are kept in a short list, and comparing a tag of
 * length and edge bytes settles almost every pair. Beyond LIST_MAX the keys go into a hash table
 * with a secret of its own, because whoever sends half a million keys may also have chosen them to
 * collide. Only one object is open at each depth, so a set is kept per depth and used again by the
 * next object there: a body of a million small objects needs no more memory than one. A generation
 * number makes emptying the table free. */
#include "core/json_keys.h"
#include "core/file.h"
#include <sodium/crypto_shorthash_siphash24.h>

#define LIST_MAX 16u
#define TABLE_MIN 64u

struct slot {
    const char *p;
    uint32_t n;
    uint32_t generation; /* 0: never used */
};

struct qund_jr_keys {
    size_t n;
    uint32_t tags[LIST_MAX];
    struct qund_str list[LIST_MAX];
    struct slot *table; /* NULL until LIST_MAX is passed for the first time at this depth */
    size_t cap;         /* power of two */
    uint32_t generation;
    unsigned char secret[crypto_shorthash_siphash24_KEYBYTES];
};

struct qund_jr_keys *qund_jr_keys_open(struct qund_jr *r)
{
    struct qund_jr_keys *k;

    if (!r->keys)
        r->keys = qund_arena_zalloc(r->arena, (r->max_depth + 1) * sizeof(struct qund_jr_keys *));
    k = r->keys[r->depth];
    if (!k) {
        k = qund_arena_alloc(r->arena, sizeof(*k));
        k->table = NULL;
        k->generation = 0;
        r->keys[r->depth] = k;
    }
    k->n = 0;
    return k;
}

static struct slot *find(struct qund_jr_keys *k, struct qund_str key)
{
    unsigned char digest[crypto_shorthash_siphash24_BYTES];
    uint64_t h;
    size_t i;

    crypto_shorthash_siphash24(digest, (const unsigned char *)key.p, key.n, k->secret);
    memcpy(&h, digest, sizeof(h));
    for (i = h & (k->cap - 1);; i = (i + 1) & (k->cap - 1)) {
        struct slot *s = &k->table[i];

        if (s->generation != k->generation || (s->n == key.n && memcmp(s->p, key.p, key.n) == 0))
            return s;
    }
}

static bool insert(struct qund_jr_keys *k, struct qund_str key)
{
    struct slot *s = find(k, key);

    if (s->generation == k->generation)
        return false;
    *s = (struct slot){key.p, (uint32_t)key.n, k->generation};
    return true;
}

/* At most half full. */
static void grow(struct qund_arena *a, struct qund_jr_keys *k)
{
    struct slot *old = k->table;
    size_t old_cap = k->cap;

    k->cap = old_cap * 2;
    k->table = qund_arena_zalloc(a, k->cap * sizeof(*k->table));
    for (size_t i = 0; i < old_cap; i++)
        if (old[i].generation == k->generation)
            insert(k, qund_str_n(old[i].p, old[i].n));
}

/* From the list to the table: the (LIST_MAX + 1)th key has come. */
static void begin_table(struct qund_arena *a, struct qund_jr_keys *k)
{
    if (!k->table) {
        k->cap = TABLE_MIN;
        k->table = qund_arena_zalloc(a, k->cap * sizeof(*k->table));
        qund_random(k->secret, sizeof(k->secret));
    }
    k->generation++;
    for (size_t i = 0; i < LIST_MAX; i++)
        insert(k, k->list[i]);
}

static uint32_t tag_of(struct qund_str key)
{
    if (key.n == 0)
        return 0;
    return (uint32_t)key.n << 16 | (uint32_t)(unsigned char)key.p[0] << 8 |
           (uint32_t)(unsigned char)key.p[key.n - 1];
}

bool qund_jr_keys_add(struct qund_arena *a, struct qund_jr_keys *k, struct qund_str key)
{
    if (key.n > UINT32_MAX)
        return false;
    if (k->n < LIST_MAX) {
        uint32_t tag = tag_of(key);

        for (size_t i = 0; i < k->n; i++)
            if (k->tags[i] == tag && qund_str_eq(k->list[i], key))
                return false;
        k->tags[k->n] = tag;
        k->list[k->n++] = key;
        return true;
    }
    if (k->n == LIST_MAX)
        begin_table(a, k);
    if ((k->n + 1) * 2 > k->cap)
        grow(a, k);
    k->n++;
    return insert(k, key);
}
