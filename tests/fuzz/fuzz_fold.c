/* tests/fuzz/fuzz_fold.c - any valid text folds to valid text, with a map that never runs backwards
 * or out of the original, and folding twice changes nothing, unless marks were dropped from an
 * overloaded base. */
#include "text/fold_table.h"
#include "text/tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const uint32_t *map, size_t n, size_t original_n)
{
    for (size_t i = 0; i < n; i++)
        qund_assert(map[i] <= map[i + 1] && map[i] < original_n);
    qund_assert(map[n] == original_n);
}

static size_t marks_in(struct qund_str s)
{
    size_t n = 0;

    for (size_t at = 0; at < s.n;)
        n += fold_is_mark(qund_utf8_next(s, &at));
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct qund_fold *fold = qund_fold_tables();
    static struct qund_folded t;
    struct qund_str in = qund_str_n((const char *)data, size);
    QUND_AUTO(qund_buf_done) struct qund_buf again = {0}, tokens = {0};
    ptrdiff_t bad = qund_utf8_check(in);

    if (bad >= 0)
        in.n = (size_t)bad;
    qund_assert(qund_fold_message(fold, in, &t) == QUND_OK);
    check(t.map, t.text.n, in.n);
    qund_assert(qund_utf8_check(qund_buf_view(&t.text)) < 0);
    qund_assert(qund_fold_text(fold, in, &t) == QUND_OK);
    qund_fold_squeeze(fold, &t);
    check(t.map, t.text.n, in.n);
    check(t.squeezed_map, t.squeezed.n, in.n);
    qund_assert(qund_utf8_check(qund_buf_view(&t.text)) < 0);
    qund_assert(qund_utf8_check(qund_buf_view(&t.squeezed)) < 0);
    qund_tokens_make(fold, qund_buf_view(&t.text), &tokens);
    qund_fold_str(fold, qund_buf_view(&t.text), &again);
    if (marks_in(qund_buf_view(&t.text)) < FOLD_MARKS / 2)
        qund_assert(qund_str_eq(qund_buf_view(&again), qund_buf_view(&t.text)));
    return 0;
}
