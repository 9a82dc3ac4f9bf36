/* fuzz_onebot11.c - any bytes as a frame of OneBot 11, and as a message of a history. */
#include "fuzz_onebot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ob_frame *f = ob_alloc(sizeof(*f));
    const char *why;
    json_t *o = ob_json_read(qund_str_n((const char *)data, size), &why);

    try_frame(data, size, 11);
    if (o &&
        ob_frame_past(f, o, &(struct ob_view){.account = QUND_STR("7")}, QUND_STR("5")) == OB_EVENT)
        must_pass(f);
    ob_frame_done(f);
    ob_json_free(o);
    free(f);
    return 0;
}
