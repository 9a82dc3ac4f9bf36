/* buf.c - owned bytes that grow.
 *
 * Capacity doubles, so n appends cost O(n); a NUL always stands behind the last byte, so that what
 * was built can be handed to a C interface without a copy. The buffer itself has no bound: whoever
 * appends what a peer sent checks the peer's limit first. */
#include "core/str.h"
#include <stdio.h>

void qund_buf_done(struct qund_buf *b)
{
    qund_free(b->p);
    *b = (struct qund_buf){0};
}

void qund_buf_reserve(struct qund_buf *b, size_t more)
{
    size_t need, cap = b->cap ? b->cap : 64;

    qund_assert(!__builtin_add_overflow(b->n, more, &need) && need < SIZE_MAX / 4);
    need++; /* the NUL */
    if (need <= b->cap)
        return;
    while (cap < need)
        cap *= 2;
    b->p = qund_realloc(b->p, cap);
    b->cap = cap;
}

void qund_buf_add(struct qund_buf *b, const void *p, size_t n)
{
    qund_buf_reserve(b, n);
    if (n > 0)
        memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = '\0';
}

void qund_buf_str(struct qund_buf *b, struct qund_str s)
{
    qund_buf_add(b, s.p, s.n);
}

void qund_buf_puts(struct qund_buf *b, const char *z)
{
    qund_buf_add(b, z, strlen(z));
}

void qund_buf_char(struct qund_buf *b, char c)
{
    if (QUND_UNLIKELY(b->cap - b->n < 2))
        qund_buf_reserve(b, 1);
    b->p[b->n++] = c;
    b->p[b->n] = '\0';
}

void qund_buf_vprintf(struct qund_buf *b, const char *fmt, va_list ap)
{
    va_list again;
    int n;

    qund_buf_reserve(b, 128);
    va_copy(again, ap);
    n = vsnprintf(b->p + b->n, b->cap - b->n, fmt, ap);
    qund_assert(n >= 0);
    if ((size_t)n >= b->cap - b->n) {
        qund_buf_reserve(b, (size_t)n);
        n = vsnprintf(b->p + b->n, b->cap - b->n, fmt, again);
        qund_assert(n >= 0);
    }
    va_end(again);
    b->n += (size_t)n;
}

void qund_buf_printf(struct qund_buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    qund_buf_vprintf(b, fmt, ap);
    va_end(ap);
}

void qund_buf_int(struct qund_buf *b, int64_t v)
{
    char digits[20];
    size_t at = sizeof(digits);
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

    do {
        digits[--at] = (char)('0' + u % 10);
        u /= 10;
    } while (u > 0);
    if (v < 0)
        digits[--at] = '-';
    qund_buf_add(b, digits + at, sizeof(digits) - at);
}

char *qund_buf_take(struct qund_buf *b)
{
    char *p = b->p;

    if (!p || b->n == 0) {
        qund_buf_reserve(b, 0);
        p = b->p;
        p[0] = '\0';
    }
    *b = (struct qund_buf){0};
    return p;
}
