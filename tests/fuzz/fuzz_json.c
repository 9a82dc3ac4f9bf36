/* fuzz_json.c - the pull reader against jansson.
 *
 * What we take, jansson must take as well (with duplicates refused). The other way round we may be
 * stricter (depth). A writer's copy of every string must read back equal. */
#include "core/json.h"
#include <jansson.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(struct qund_jr *r)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_str s;

    if (qund_jr_peek(r) == QUND_JT_STR && qund_jr_str(r, &s) == 0) {
        struct qund_jw w = qund_jw(&b);
        struct qund_jr again;
        struct qund_str back;

        qund_jw_str(&w, s);
        qund_jr_init(&again, qund_buf_view(&b), r->arena, 1);
        qund_assert(qund_jr_str(&again, &back) == 0 && qund_str_eq(s, back));
    } else {
        qund_ignore(qund_jr_skip(r, NULL)); /* its error sticks */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qund_str text = qund_str_n((const char *)data, size);
    QUND_AUTO(qund_arena_free) struct qund_arena *a = qund_arena_new(4096);
    struct qund_jr r;
    struct qund_str raw;
    json_t *doc;

    qund_jr_init(&r, text, a, 32);
    walk(&r);
    if (qund_jr_end(&r) < 0) {
        qund_assert(r.why && r.at <= size);
        return 0;
    }
    qund_jr_init(&r, text, a, 32);
    qund_assert(qund_jr_skip(&r, &raw) == 0 && raw.n <= size);
    doc = json_loadb(text.p, text.n,
                     QUND_JSON_LOAD_FLAGS | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
    /* A real beyond double's range is jansson's own refusal: numbers are left as text by us. */
    qund_assert(doc || memchr(text.p, 'e', text.n) || memchr(text.p, 'E', text.n) || size > 300);
    json_decref(doc);
    return 0;
}
