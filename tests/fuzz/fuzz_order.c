/* tests/fuzz/fuzz_order.c - what the staff type about alerts: whatever it is, what is read of it
 * lies within it and means something. */
#include "engine/order_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qund_str text = {(const char *)data, size};
    struct qund_order o;

    if (qund_utf8_check(text) >= 0 || qund_order_read(text, &o) < 0)
        return 0;
    qund_assert(o.n > 0 && o.n <= QUND_ORDER_IDS);
    for (size_t i = 0; i < o.n; i++) {
        qund_assert(o.ids[i] != 0); /* below: the number of a task */
        for (size_t k = 0; k < i; k++)
            qund_assert(o.ids[k] != o.ids[i]);
    }
    if (o.note.p) {
        qund_assert(o.note.p >= text.p && o.note.p + o.note.n <= text.p + text.n);
        qund_assert(qund_utf8_check(o.note) < 0);
    }
    qund_assert(strlen(o.when) <= size && strlen(o.number) <= size);
    qund_assert(qund_utf8_check(qund_str(o.when)) < 0);
    qund_assert(qund_utf8_check(qund_str(o.number)) < 0);
    return 0;
}
