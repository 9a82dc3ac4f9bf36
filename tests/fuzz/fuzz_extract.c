/* fuzz_extract.c - all extractors on any valid text; a NUL parts the text from the list before it.
 */
#include "text/extract.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qund_str all = qund_str_n((const char *)data, size), text = qund_str_split(&all, '\0');
    struct qund_extract_in in = {
        .text = text, .prev_list = all, .sender_name = qund_utf8_cut(text, 12)};
    struct qund_arena *arena;
    static struct qund_extract out;

    if (qund_utf8_check(text) >= 0 || (all.p && qund_utf8_check(all) >= 0))
        return 0;
    arena = qund_arena_new(1 << 16);
    for (int round = 0; round < 4; round++) {
        in.from_staff = round == 3;
        qund_calls_none(&in.calls);
        if (round == 1)
            in.calls.age_ms[QUND_CALL_SIGNUP] = in.calls.age_ms[QUND_CALL_CONFIRM] = 1000;
        if (round == 2)
            in.calls.age_ms[QUND_CALL_ORDER] = 1000;
        qund_arena_reset(arena);
        qund_extract_run(&in, arena, &out);
        if (out.n_rooms > QUND_ROOM_MAX || out.n_phones > QUND_PHONE_MAX ||
            out.n_signups > QUND_EXTRACT_SIGNUPS_MAX)
            abort();
    }
    qund_arena_free(arena);
    return 0;
}
