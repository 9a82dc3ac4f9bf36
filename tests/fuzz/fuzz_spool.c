/* fuzz_spool.c - frames of the spool: what is taken off frames again to the same bytes, and a run
 * over any bytes ends. */
#include "intake/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qund_str rest = qund_str_n((const char *)data, size), body;
    QUND_AUTO(qund_buf_done) struct qund_buf again = {0};
    int64_t low;

    while (qund_spool_unframe(&rest, &low, &body) == 1)
        qund_spool_frame(&again, low, body);
    qund_assert(again.n + rest.n == size);
    qund_assert(again.n == 0 || memcmp(again.p, data, again.n) == 0);
    return 0;
}
