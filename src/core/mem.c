/* mem.c - the two kinds of heap memory.
 *
 * A size of our own making is small and known; when even that fails the machine is out of memory,
 * and to go on would mean an untested path at every call. So qund_alloc aborts: what was in hand is
 * still in the queue and is replayed. A size that a peer chose was checked against its limit first
 * and may still be too much just now; there qund_try_alloc answers NULL and the caller pushes back.
 * Tests make the n-th such call fail, to walk every one of those paths. */
#include "core/mem.h"
#include <stdlib.h>
#include <string.h>

/* Per thread, because a test that counts down must not hit another thread's call. 0: never. */
static _Thread_local unsigned fail_at;

void *qund_alloc(size_t n)
{
    void *p = calloc(1, n ? n : 1);

    qund_assert(p != NULL);
    return p;
}

void *qund_realloc(void *p, size_t n)
{
    void *q = realloc(p, n ? n : 1);

    qund_assert(q != NULL);
    return q;
}

char *qund_strndup(const char *s, size_t n)
{
    char *p = qund_alloc(n + 1);

    if (n > 0)
        memcpy(p, s, n);
    return p;
}

char *qund_strdup(const char *s)
{
    return qund_strndup(s, strlen(s));
}

void *qund_try_alloc(size_t n)
{
    if (QUND_UNLIKELY(fail_at > 0) && --fail_at == 0)
        return NULL;
    return calloc(1, n ? n : 1);
}

void qund_try_alloc_fail_at(unsigned n)
{
    fail_at = n;
}

void qund_free(void *p)
{
    free(p);
}
