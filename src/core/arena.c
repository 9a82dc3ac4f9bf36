/* arena.c - memory that dies together.
 *
 * What one message needs (decoded strings, key tables, lists of hits) is allocated in many small
 * pieces and released at one moment. Handing out from a chunk costs an addition; releasing costs
 * nothing per piece. Chunks double up to CHUNK_MAX, so a large message needs few of them, and a
 * reset keeps at most KEEP_BYTES: one giant message must not hold its memory for ever.
 * Under AddressSanitizer arena_asan.c takes this file's place. */
#include "core/mem.h"
#include <string.h>

#define ALIGN 16u
#define CHUNK_MAX ((size_t)1 << 20)
#define KEEP_BYTES ((size_t)1 << 20)

struct chunk {
    struct chunk *next; /* older one */
    size_t cap;
    _Alignas(ALIGN) char bytes[];
};

struct qund_arena {
    struct chunk *head;  /* the one that is being filled */
    struct chunk *spare; /* kept from before the reset */
    size_t at;           /* in head */
    size_t next_bytes;   /* size of the next chunk */
    size_t used;
};

struct qund_arena *qund_arena_new(size_t chunk_bytes)
{
    struct qund_arena *a = qund_alloc(sizeof(*a));

    a->next_bytes = chunk_bytes < 256 ? 256 : chunk_bytes;
    return a;
}

static void free_chain(struct chunk *c)
{
    while (c) {
        struct chunk *next = c->next;

        qund_free(c);
        c = next;
    }
}

struct qund_arena *qund_arena_free(struct qund_arena *a)
{
    if (a) {
        free_chain(a->head);
        free_chain(a->spare);
        qund_free(a);
    }
    return NULL;
}

/* Makes a chunk with room for n the head: a spare one when it is large enough, else a new one. */
static void add_chunk(struct qund_arena *a, size_t n)
{
    struct chunk *c;

    if (a->spare && a->spare->cap >= n) {
        c = a->spare;
        a->spare = c->next;
    } else {
        size_t cap = a->next_bytes > n ? a->next_bytes : n;

        /* Not qund_alloc: zeroing a megabyte would cost more than the message. */
        c = qund_realloc(NULL, sizeof(*c) + cap);
        c->cap = cap;
        if (a->next_bytes < CHUNK_MAX)
            a->next_bytes *= 2;
    }
    c->next = a->head;
    a->head = c;
    a->at = 0;
}

void *qund_arena_alloc(struct qund_arena *a, size_t n)
{
    char *p;

    qund_assert(n < SIZE_MAX / 2);
    n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (QUND_UNLIKELY(!a->head || a->head->cap - a->at < n))
        add_chunk(a, n);
    p = a->head->bytes + a->at;
    a->at += n;
    a->used += n;
    return p;
}

void qund_arena_reset(struct qund_arena *a)
{
    size_t kept = 0;
    struct chunk *c, *next;

    for (c = a->spare; c; c = c->next)
        kept += c->cap;
    for (c = a->head; c; c = next) {
        next = c->next;
        if (kept + c->cap > KEEP_BYTES && kept > 0) {
            qund_free(c);
            continue;
        }
        kept += c->cap;
        c->next = a->spare;
        a->spare = c;
    }
    if (a->spare && a->spare->cap > KEEP_BYTES) {
        struct chunk *big = a->spare;

        a->spare = big->next;
        qund_free(big);
    }
    a->head = NULL;
    a->at = 0;
    a->used = 0;
}

void *qund_arena_zalloc(struct qund_arena *a, size_t n)
{
    return memset(qund_arena_alloc(a, n), 0, n);
}

char *qund_arena_dup(struct qund_arena *a, const void *p, size_t n)
{
    char *q = qund_arena_alloc(a, n + 1);

    if (n > 0)
        memcpy(q, p, n);
    q[n] = '\0';
    return q;
}

size_t qund_arena_used(const struct qund_arena *a)
{
    return a->used;
}
