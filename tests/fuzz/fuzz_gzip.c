/* fuzz_gzip.c - any bytes as a gzip body: never more than its bounds. */
#include "event/gunzip.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};
    size_t most = (64u << 10) + size * 20;

    if (qund_gunzip(qund_str_n((const char *)data, size), 1 << 20, 20, &out, NULL) == 0 &&
        (out.n > (1u << 20) || out.n > most))
        abort();
    return 0;
}
