/* fuzz_packed.c - any bytes as a packed event: refused, or an event that packs to what it means. */
#include "event/event.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    QUND_AUTO(qund_buf_done) struct qund_buf a = {0}, b = {0}, json = {0};
    struct qund_event e, again;

    if (qund_event_unpack(qund_str_n((const char *)data, size), &e) < 0)
        return 0;
    qund_event_pack(&e, &a);
    if (qund_event_unpack(qund_buf_view(&a), &again) < 0)
        abort();
    qund_event_pack(&again, &b);
    if (!qund_str_eq(qund_buf_view(&a), qund_buf_view(&b)))
        abort();
    qund_event_print(&e, false, &json);
    return 0;
}
