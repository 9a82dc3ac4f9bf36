/* src/text/similar.c - Sørensen-Dice over pairs of code points: cheap, symmetric, and indifferent
 * to where in the text two people said the same. Order within a sentence counts only locally, which
 * is what a proof of work ("is this the text that was to be posted?") wants. */
#include "text/similar.h"

#include <stdlib.h>

#define MAX_POINTS 4096

/* Sorted pairs; returns how many. */
static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static size_t pairs_of(struct qund_str s, uint64_t *out)
{
    uint64_t before = 0;
    size_t n = 0, at = 0;

    while (at < s.n && n <= MAX_POINTS) {
        uint64_t cp = qund_utf8_next(s, &at);

        if (n > 0)
            out[n - 1] = before << 21 | cp;
        before = cp;
        n++;
    }
    n = n > 0 ? n - 1 : 0;
    qsort(out, n, sizeof(*out), by_value);
    return n;
}

int qund_text_similar(struct qund_str a, struct qund_str b)
{
    QUND_AUTO(qund_free) void *mem = NULL;
    uint64_t *left, *right;
    size_t n, m, i = 0, k = 0, common = 0;

    if (qund_str_eq(a, b))
        return 1000;
    mem = qund_alloc(2 * (MAX_POINTS + 1) * sizeof(*left));
    left = mem;
    right = left + MAX_POINTS + 1;
    n = pairs_of(a, left);
    m = pairs_of(b, right);
    if (n == 0 || m == 0)
        return 0;
    while (i < n && k < m) {
        if (left[i] == right[k]) {
            common++;
            i++;
            k++;
        } else if (left[i] < right[k]) {
            i++;
        } else {
            k++;
        }
    }
    return (int)(2000 * common / (n + m));
}
