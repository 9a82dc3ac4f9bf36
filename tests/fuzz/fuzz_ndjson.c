/* fuzz_ndjson.c - any bytes as a body; the first byte chooses its form. */
#include "event/event.h"
#include "event_config.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count_it(const struct qund_event *e, void *arg)
{
    (*(size_t *)arg)++;
    if (!e->id.n || !e->channel.p || !e->realm.p)
        abort();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(16 << 10);
    struct event_config c;
    struct qund_event_ctx ctx;
    struct qund_err err = {0};
    size_t given = 0, count = 0;
    int rc;

    if (size == 0)
        return 0;
    event_config_init(&c);
    ctx = event_config_ctx(&c, 1757896365000);
    rc = qund_event_decode_body(&ctx, data[0] & 1 ? QUND_BODY_NDJSON : QUND_BODY_JSON,
                                qund_str_n((const char *)data + 1, size - 1), arena, count_it,
                                &given, &count, &err);
    /* Something behind the last event of a line is found after it was given. */
    if (given < count || given > count + 1 || (rc < 0) != (err.text[0] != 0))
        abort();
    return 0;
}
