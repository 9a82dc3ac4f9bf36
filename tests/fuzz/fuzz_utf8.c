/* fuzz_utf8.c - the border between bytes and text: what is valid decodes and encodes back. */
#include "core/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qund_str s = qund_str_n((const char *)data, size);
    ptrdiff_t bad = qund_utf8_check(s);
    size_t at = 0, count = 0;

    qund_assert(bad < (ptrdiff_t)size);
    if (bad >= 0)
        s.n = (size_t)bad;
    qund_assert(qund_utf8_check(s) == -1);
    while (at < s.n) {
        char back[4];
        size_t from = at;
        uint32_t cp = qund_utf8_next(s, &at);

        qund_assert(at <= s.n && cp <= 0x10FFFF);
        qund_assert(qund_utf8_put(back, cp) == at - from &&
                    memcmp(back, s.p + from, at - from) == 0);
        count++;
    }
    qund_assert(count == qund_utf8_count(s));
    for (size_t max = 0; max <= s.n && max < 64; max++) {
        struct qund_str cut = qund_utf8_cut(s, max);

        qund_assert(cut.n <= max && max - cut.n < 4 && qund_utf8_check(cut) == -1);
        qund_assert(qund_utf8_check(qund_utf8_cut_chars(s, max)) == -1);
    }
    return 0;
}
