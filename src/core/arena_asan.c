/* arena_asan.c - the arena for sanitizer builds: the same calls, each piece a malloc of its own.
 *
 * Inside a chunk an overrun lands in the neighbour and a use after the reset finds memory that is
 * still ours, so AddressSanitizer would see neither. Chosen in CMake in place of arena.c. */
#include "core/mem.h"
#include <string.h>

struct piece {
    struct piece *next;
    _Alignas(16) char bytes[];
};

struct qund_arena {
    struct piece *pieces;
    size_t used;
};

struct qund_arena *qund_arena_new(size_t chunk_bytes)
{
    (void)chunk_bytes;
    return qund_alloc(sizeof(struct qund_arena));
}

struct qund_arena *qund_arena_free(struct qund_arena *a)
{
    if (a) {
        qund_arena_reset(a);
        qund_free(a);
    }
    return NULL;
}

void *qund_arena_alloc(struct qund_arena *a, size_t n)
{
    struct piece *p = qund_realloc(NULL, sizeof(*p) + n);

    p->next = a->pieces;
    a->pieces = p;
    a->used += (n + 15) & ~(size_t)15;
    return p->bytes;
}

void qund_arena_reset(struct qund_arena *a)
{
    while (a->pieces) {
        struct piece *next = a->pieces->next;

        qund_free(a->pieces);
        a->pieces = next;
    }
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
