/* fuzz_template.c - any text as a template, filled with texts that look like templates. */
#include "rule/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void render(const struct qund_template *t, struct qund_rules *set, struct qund_str text)
{
    struct qund_event ev = {.ts = 1,
                            .text = text,
                            .id = QUND_STR("1"),
                            .sender = QUND_STR("u"),
                            .sender_name = QUND_STR("{{message.text}}"),
                            .group_name = QUND_STR("群{{")};
    struct qund_rule_extract room = {QUND_STR("room"), text};
    struct qund_rule_input in = {
        .ev = &ev, .arena = set->arena, .extracts = &room, .n_extracts = 1};
    struct qund_rule_run run = {.set = set, .in = &in};
    struct qund_rule rule = {.id = QUND_STR("r")}; /* without terms: {{match.N}} is empty */
    struct qund_str out = qund_template_render(t, &run, &rule, set->arena);

    qund_assert(out.n <= QUND_RULE_TEXT_MAX);
    qund_assert(qund_utf8_check(out) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qund_str text = qund_str_n((const char *)data, size);
    struct qund_ynode node = {.kind = QUND_YAML_SCALAR, .line = 1, .col = 1, .text = text};
    struct qund_yaml *doc = NULL;
    struct qund_template t = {0};
    struct qund_errs errs;
    struct qund_rule_reader rd = {0};

    if (size > 4096 || qund_utf8_check(text) >= 0 ||
        qund_yaml_parse("f", QUND_STR("x"), &doc, NULL) < 0)
        return 0;
    qund_errs_init(&errs, 10);
    rd.set = qund_rules_new(NULL);
    rd.doc = doc;
    rd.errs = &errs;
    if (qund_template_read(&rd, &node, &t)) {
        qund_assert(errs.n == 0);
        render(&t, rd.set, text);
    } else {
        qund_assert(errs.n > 0);
    }
    qund_rules_unref(rd.set);
    qund_errs_done(&errs);
    qund_yaml_free(doc);
    return 0;
}
