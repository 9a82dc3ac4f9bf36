/* Any bytes as a body in chunks, at once and cut in two: the same verdict, the same body, never
 * more of it than is allowed, nothing read behind its end. */
#include "net/chunk.h"

#define MAX 512u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The body in place of the bytes at `p`; its length in *made. The second piece begins at `cut`. */
static int whole(char *p, size_t n, size_t cut, size_t *used, size_t *made)
{
    struct qund_http1_fault f = {0};
    struct qund_chunk c = {0};
    size_t more_used = 0, more_made = 0;
    int rc = qund_chunk_read(&c, p, cut, MAX, used, made, &f);

    qund_assert(*made <= *used && *used <= cut && (rc != 0 || *used == cut));
    if (rc == 0) {
        rc = qund_chunk_read(&c, p + cut, n - cut, MAX, &more_used, &more_made, &f);
        qund_assert(more_made <= more_used && more_used <= n - cut);
        memmove(p + *made, p + cut, more_made);
        *used += more_used;
        *made += more_made;
    }
    qund_assert(*made == c.total && c.total <= MAX);
    qund_assert(rc == 0 || rc == 1 || rc == QUND_E_FULL ||
                (rc == QUND_E_PROTO && f.status == 400 && f.why));
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    QUND_AUTO(qund_free_str) char *one = qund_alloc(size + 1);
    QUND_AUTO(qund_free_str) char *two = qund_alloc(size + 1);
    size_t used, made, used_too, made_too;
    int rc;

    memcpy(one, data, size);
    memcpy(two, data, size);
    rc = whole(one, size, size, &used, &made);
    qund_assert(whole(two, size, size / 2, &used_too, &made_too) == rc);
    qund_assert(used == used_too && made == made_too && memcmp(one, two, made) == 0);
    return 0;
}
