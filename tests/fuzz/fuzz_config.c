/* fuzz_config.c - a configuration file: a snapshot that prints and loads again, or errors. */
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* See fuzz_yaml.c. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qund_str text = qund_str_n((const char *)data, size);
    QUND_AUTO(qund_errs_done) struct qund_errs es = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0}, twice = {0};
    struct qund_config *c = NULL, *again = NULL;

    /* The file and the variables of this machine are not the subject. */
    if (size > 65536 || qund_str_find(text, 0, QUND_STR("file")) >= 0)
        return 0;
    qund_errs_init(&es, 20);
    if (qund_config_parse("f", NULL, text, &c, &es) < 0) {
        qund_assert(!c && es.n > 0);
        return 0;
    }
    qund_assert(es.n == 0);
    qund_config_print(c, &out);
    qund_assert(qund_config_parse("g", NULL, qund_buf_view(&out), &again, &es) == 0);
    qund_config_print(again, &twice);
    qund_assert(qund_str_eq(qund_buf_view(&out), qund_buf_view(&twice)));
    qund_config_unref(again);
    qund_config_unref(c);
    return 0;
}
