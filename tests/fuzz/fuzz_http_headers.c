/* Any bytes as the head of a request, whole and in two pieces: the same verdict, nothing read
 * beyond the input, and what is accepted keeps its promises. */
#include "net/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    QUND_AUTO(qund_free) void *copy = qund_alloc(size + 1); /* exact end for the sanitizer */
    struct qund_str in = {copy, size};
    struct qund_http1 h, again;
    struct qund_http1_fault f = {0};
    size_t scanned = 0;
    int n, m;

    memcpy(copy, data, size);
    n = qund_http1_parse(in, 4096, &scanned, &h, &f);
    qund_assert(n <= (int)size && (n >= 0 || (f.status >= 400 && f.status < 600 && f.why)));
    scanned = 0;
    m = qund_http1_parse(qund_str_n(in.p, size / 2), 4096, &scanned, &again, &f);
    if (m == 0)
        m = qund_http1_parse(in, 4096, &scanned, &again, &f);
    qund_assert((m > 0) == (n > 0) || m == n || size > 4096);
    if (n > 0) {
        char *out = qund_alloc(h.path.n + 1);

        qund_assert(h.content_length >= 0 && h.content_length <= 99999999 && h.path.p[0] == '/');
        for (size_t i = 0; i < h.n_headers; i++)
            qund_assert(!memchr(h.headers[i].value.p, '\n', h.headers[i].value.n));
        qund_ignore(qund_http1_unescape(h.path, false, out));
        qund_free(out);
    }
    return 0;
}
