/* fuzz_yaml.c - a tree or an error with a place; nothing else. */
#include "core/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 forgets a small array on some of its own error paths. What it gives to us is
 * still watched: our copies do not come from its code. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml\n";
}

static size_t walk(const struct qund_ynode *n, unsigned depth)
{
    size_t bytes = n->text.n + n->key.n;

    qund_assert(depth <= 33 && n->line >= 1 && n->col >= 1);
    for (const struct qund_ynode *c = n->child; c; c = c->next)
        bytes += walk(c, depth + 1);
    return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qund_yaml *y = NULL;
    struct qund_err err = {0};

    if (size > 65536)
        return 0;
    if (qund_yaml_parse("f", qund_str_n((const char *)data, size), &y, &err) < 0) {
        qund_assert(!y && strncmp(err.where, "f:", 2) == 0 && err.text[0]);
        return 0;
    }
    walk(qund_yaml_root(y), 0);
    qund_yaml_free(y);
    return 0;
}
