/* fuzz_body_template.c - any template over any push. What the check lets pass as JSON must stay
 * JSON whatever the push says. Input: the template, a zero byte, the push. */
#include "core/json.h"
#include "deliver/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_json(struct qund_str s)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(4096);
    struct qund_jr r;
    int rc;

    qund_jr_init(&r, s, arena, 64);
    rc = qund_jr_skip(&r, NULL);
    if (rc == 0)
        rc = qund_jr_end(&r);
    /* A template may repeat a key by way of a field; that is its own affair. */
    qund_assert(rc == 0 || (r.why && strstr(r.why, "key")) || (r.why && strstr(r.why, "deep")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    QUND_AUTO(qund_body_template_free) struct qund_body_template *t = NULL;
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};
    struct qund_str push = qund_str_n((const char *)data, size);
    struct qund_str text = qund_str_split(&push, '\0');

    if (size > 65536 || qund_utf8_check(text) >= 0 || qund_webhook_template_check(text, NULL) < 0 ||
        qund_body_template_parse(text, &t, NULL) < 0)
        return 0;
    if (qund_body_template_render(t, push.p ? push : QUND_STR("{}"), &out) == 0 &&
        qund_body_template_is_json(t))
        must_be_json(qund_buf_view(&out));
    return 0;
}
