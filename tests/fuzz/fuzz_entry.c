/* fuzz_entry.c - entry bodies and ids from the stream: what splits, puts back to the same bytes. */
#include "queue/queue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qund_str body = qund_str_n((const char *)data, size);
    QUND_AUTO(qund_buf_done) struct qund_buf again = {0};
    struct qund_entry_parts parts;
    struct qund_entry_id id, back;
    char z[QUND_ENTRY_ID_CHARS];

    if (qund_entry_split(body, &parts) == QUND_OK) {
        qund_entry_put(&again, parts.event, parts.has_state ? &parts.state : NULL);
        qund_assert(qund_str_eq(qund_buf_view(&again), body));
    }
    if (qund_entry_id_parse(body, &id) == QUND_OK) {
        qund_entry_id_print(id, z);
        qund_assert(qund_entry_id_parse(qund_str(z), &back) == QUND_OK);
        qund_assert(qund_entry_id_cmp(id, back) == 0);
    }
    return 0;
}
