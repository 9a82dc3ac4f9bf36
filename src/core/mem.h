/* src/core/mem.h - memory of our own making, memory sized from outside, and the arena. */
#ifndef QUND_CORE_MEM_H
#define QUND_CORE_MEM_H
#include "core/base.h"

/* Sizes of our own making: never NULL, aborts when memory is out. calloc-zeroed. */
void *qund_alloc(size_t n);
void *qund_realloc(void *p, size_t n);
char *qund_strdup(const char *s);
char *qund_strndup(const char *s, size_t n);
/* Sizes that come from outside, after their limit was checked: NULL when memory is out. Zeroed. */
QUND_CHECK void *qund_try_alloc(size_t n);
void qund_free(void *p);
QUND_DEFINE_AUTO(qund_free, void *)
/* QUND_AUTO(qund_free) needs a void* slot; char* variables use this one. */
static inline void qund_free_str(char *p)
{
    qund_free(p);
}
QUND_DEFINE_AUTO(qund_free_str, char *)
/* After heavy work that will not come again soon: what was freed goes back to the system, and so do
 * pages of the program and its libraries that can be read again. Any thread; takes a millisecond.
 */
void qund_memory_trim(void);
/* Bytes that were freed and may still be held; giving back the heap's part alone. */
size_t qund_memory_idle(void);
void qund_memory_give_back(void);
/* Tests: the n-th qund_try_alloc from now on this thread fails (0: none). */
void qund_try_alloc_fail_at(unsigned n);

/* Short-lived data of one message or batch: allocated in chunks, released all at once. One thread.
 * Under AddressSanitizer each piece is a malloc of its own, so overruns show. */
struct qund_arena;
struct qund_arena *qund_arena_new(size_t chunk_bytes);
struct qund_arena *qund_arena_free(struct qund_arena *a); /* returns NULL */
QUND_DEFINE_AUTO(qund_arena_free, struct qund_arena *)
/* 16-byte aligned, not zeroed; never NULL. */
void *qund_arena_alloc(struct qund_arena *a, size_t n);
void *qund_arena_zalloc(struct qund_arena *a, size_t n);
char *qund_arena_dup(struct qund_arena *a, const void *p, size_t n); /* adds a NUL */
/* Everything given out so far becomes invalid; the memory is kept for the next message (chunks
 * beyond 1 MiB are returned). */
void qund_arena_reset(struct qund_arena *a);
size_t qund_arena_used(const struct qund_arena *a);
#endif
