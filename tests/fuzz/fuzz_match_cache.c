/* tests/fuzz/fuzz_match_cache.c - bytes read back as a compiled set. The first byte chooses: 0, the
 * rest is the file; else the rest patches a good file in places (two bytes offset, one byte to
 * xor), and as long as that changes anything the file must be refused. */
#include "text/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct qund_pattern PATTERNS[] = {
    {1, QUND_PATTERN_LITERAL, QUND_VIEW_FOLDED, QUND_STR("多少钱")},
    {2, QUND_PATTERN_REGEX, QUND_VIEW_FOLDED, QUND_STR("\\d+元")},
    {3, QUND_PATTERN_EXACT, QUND_VIEW_SQUEEZED, QUND_STR("报名")},
};

struct fixture {
    const struct qund_fold *fold;
    struct qund_buf good;
    struct qund_scratch *scratch;
    struct qund_folded text;
};

static bool prepare(struct fixture *x)
{
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};

    if (x->fold)
        return true;
    qund_errs_init(&errs, 4);
    x->scratch = qund_scratch_new();
    x->fold = qund_fold_tables();
    return qund_match_compile(x->fold, PATTERNS, QUND_ARRAY_LEN(PATTERNS), &x->good, &errs) ==
           QUND_OK;
}

static void load(struct fixture *x, struct qund_str bytes, bool must_refuse)
{
    QUND_AUTO(qund_match_free) struct qund_match *m = NULL;
    const uint32_t *ids;

    if (qund_match_load(bytes, NULL, &m, NULL) < 0)
        return;
    qund_assert(!must_refuse);
    qund_ignore(qund_fold_text(x->fold, QUND_STR("报名 多少钱 5元"), &x->text));
    qund_ignore(qund_match_scan(m, x->scratch, x->fold, &x->text, &ids)); /* must only not crash */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fixture x;
    QUND_AUTO(qund_buf_done) struct qund_buf patched = {0};

    if (!prepare(&x) || size == 0)
        return 0;
    if (data[0] == 0) {
        load(&x, qund_str_n((const char *)data + 1, size - 1), false);
        return 0;
    }
    qund_buf_str(&patched, qund_buf_view(&x.good));
    for (size_t i = 1; i + 2 < size; i += 3) {
        size_t at = ((size_t)data[i] << 8 | data[i + 1]) % patched.n;

        patched.p[at] = (char)(patched.p[at] ^ data[i + 2]);
    }
    load(&x, qund_buf_view(&patched), memcmp(patched.p, x.good.p, patched.n) != 0);
    return 0;
}
