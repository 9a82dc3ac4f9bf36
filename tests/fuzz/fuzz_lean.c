/* tests/fuzz/fuzz_lean.c - a table of leanings: what is read is printed and read as the same, and
 * leans within its bounds whatever it is asked about. */
#include "text/lean.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct qund_lean *read(struct qund_str text)
{
    struct qund_lean *l = NULL;
    struct qund_errs errs;

    qund_errs_init(&errs, 4);
    if (qund_lean_parse("fuzz", text, &l, &errs) < 0)
        qund_assert(errs.n > 0 && !l);
    qund_errs_done(&errs);
    return l;
}

static void ask(const struct qund_lean *l, struct qund_str text)
{
    struct qund_lean_part parts[5];
    struct qund_leanings sums;

    qund_lean_score(l, text, 0xffff, &sums);
    for (size_t i = 0; i < qund_lean_intents(l); i++) {
        int percent = qund_lean_percent(sums.sum[i]);

        qund_assert(percent >= 0 && percent <= 99);
        qund_assert(qund_lean_parts(l, text, 0xffff, i, parts, 5) <= 5);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qund_str text = {(const char *)data, size};
    struct qund_lean *l = read(text), *again;
    struct qund_buf once = {0}, twice = {0};

    if (!l)
        return 0;
    qund_lean_print(l, &once);
    again = read(qund_buf_view(&once));
    qund_assert(again);
    qund_lean_print(again, &twice);
    qund_assert(qund_str_eq(qund_buf_view(&once), qund_buf_view(&twice)));
    ask(l, text); /* valid UTF-8, or it had been refused */
    qund_lean_unref(l);
    qund_lean_unref(again);
    qund_buf_done(&once);
    qund_buf_done(&twice);
    return 0;
}
