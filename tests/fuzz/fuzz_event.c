/* fuzz_event.c - any bytes as one event; what is accepted keeps its meaning through packing,
 * printing and decoding again. The first byte chooses short form and virtual clock. */
#include "event/event.h"
#include "event_config.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_again(const struct qund_event_ctx *ctx, const struct qund_event *e,
                       struct qund_arena *arena)
{
    QUND_AUTO(qund_buf_done) struct qund_buf a = {0}, b = {0}, json = {0};
    struct qund_event unpacked, printed;
    struct qund_err err = {0};

    qund_event_pack(e, &a);
    if (a.n > QUND_EVENT_PACKED_MAX || qund_event_unpack(qund_buf_view(&a), &unpacked) < 0)
        abort();
    qund_event_pack(&unpacked, &b);
    if (!qund_str_eq(qund_buf_view(&a), qund_buf_view(&b)))
        abort();
    qund_event_print(&unpacked, true, &json);
    qund_buf_puts(&json, ",\"seq\":1}"); /* as an export has it */
    if (qund_event_decode(ctx, qund_buf_view(&json), 0, arena, &printed, &err) < 0)
        abort();
    if (!qund_str_eq(printed.text, e->text) || !qund_str_eq(printed.id, e->id) ||
        !qund_str_eq(printed.data, e->data) || printed.type != e->type)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(16 << 10);
    struct event_config c;
    struct qund_event_ctx ctx;
    struct qund_event e;
    struct qund_err err = {0};

    if (size == 0)
        return 0;
    event_config_init(&c);
    ctx = event_config_ctx(&c, 1757896365000);
    ctx.short_form = data[0] & 1;
    if (qund_event_decode(&ctx, qund_str_n((const char *)data + 1, size - 1), 0, arena, &e, &err) ==
        0)
        same_again(&ctx, &e, arena);
    else if (!err.text[0] || qund_utf8_check(qund_str(err.where)) >= 0)
        abort();
    return 0;
}
