/* fuzz_sop_template.c - any bytes as an SOP template: a template or errors with places. One that
 * was read gives a canonical text that is read again to the same digest, and its texts can be
 * filled. */
#include "sop/template.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 forgets a small array on some of its own error paths. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml\n";
}

static int half_known(void *arg, struct qund_str name, struct qund_buf *out)
{
    (void)arg;
    if (name.n % 2)
        return QUND_E_NOTFOUND;
    qund_buf_puts(out, "{{值}}");
    return 0;
}

static void use(const struct qund_sop_template *t)
{
    struct qund_buf out = {0};

    for (size_t i = 0; i < t->n_steps; i++) {
        size_t missing;

        qund_buf_clear(&out);
        qund_assert(qund_sop_fill(t->steps[i].say.content, half_known, NULL, &out, &missing) == 0);
        qund_assert(qund_utf8_check(qund_buf_view(&out)) < 0);
        qund_assert(qund_sop_step_find(t, t->steps[i].id) == &t->steps[i]);
    }
    qund_buf_done(&out);
}

static void again(const struct qund_sop_template *t)
{
    struct qund_sop_template *u = NULL;
    struct qund_errs errs;

    qund_errs_init(&errs, 10);
    qund_assert(qund_sop_template_parse("canonical", t->text, &u, &errs, NULL) == 0);
    qund_assert(qund_str_eq(t->text, u->text));
    qund_sop_template_free(u);
    qund_errs_done(&errs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qund_str text = qund_str_n((const char *)data, size);
    struct qund_sop_template *t = NULL;
    struct qund_errs errs, warnings;

    if (size > 65536)
        return 0;
    qund_errs_init(&errs, 100);
    qund_errs_init(&warnings, 100);
    if (qund_sop_template_parse("f.yaml", text, &t, &errs, &warnings) == 0) {
        qund_assert(errs.n == 0);
        use(t);
        again(t);
    } else {
        qund_assert(errs.n > 0 && !t);
    }
    for (size_t i = 0; i < errs.n; i++)
        qund_assert(errs.v[i].where[0] && errs.v[i].text[0]);
    qund_sop_template_free(t);
    qund_errs_done(&errs);
    qund_errs_done(&warnings);
    return 0;
}
