/* fuzz_rules.c - any bytes as a rule file: a set or errors with places; a set prints, explains and
 * evaluates. Expressions are read but not compiled (seconds each; the child's business): they are
 * what makes a set be left out here. */
#include "rule/internal.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 forgets a small array on some of its own error paths. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml\n";
}

static int no_words(void *arg, const char *beside, struct qund_str name, struct qund_buf *bytes,
                    struct qund_buf *path, struct qund_err *err)
{
    (void)arg, (void)beside, (void)err;
    qund_buf_puts(bytes, "刷单\n日结\n"); /* every file holds the same two words */
    qund_buf_str(path, name);
    return 0;
}

static bool cheap(const struct qund_rules *set)
{
    size_t terms = 0, i, j, k;

    for (i = 0; i < set->n; i++) {
        const struct qund_rule_terms *lists[] = {&set->rules[i]->all, &set->rules[i]->any,
                                                 &set->rules[i]->none};

        for (j = 0; j < QUND_ARRAY_LEN(lists); j++)
            for (k = 0; k < lists[j]->n; k++, terms++)
                if (lists[j]->v[k].kind == RULE_TERM_REGEX)
                    return false;
    }
    return terms < 200;
}

static void use(const struct qund_rules *set, const struct qund_fold *fold)
{
    struct qund_event ev = {.ts = 1000000,
                            .type = QUND_EV_MESSAGE,
                            .type_name = QUND_STR("message"),
                            .kind = QUND_STR("text"),
                            .text = QUND_STR("多少钱 退 定金 刷单")};
    struct qund_rule_input in = {
        .ev = &ev, .seq = 1, .group_id = 1, .contact_id = 1, .role = QUND_ROLE_CUSTOMER};
    struct qund_rule_scratch *sc = qund_rule_scratch_new();
    struct qund_rule_state *state = qund_rule_state_new(NULL, false);
    struct qund_folded text = {0};
    struct qund_rule_hits hits;
    struct qund_buf json = {0}, lines = {0};
    size_t i;

    in.arena = qund_arena_new(1024);
    in.text = &text;
    qund_assert(qund_fold_text(fold, ev.text, &text) == 0);
    qund_assert(qund_rule_state_bind(state, set->self) == 0);
    qund_assert(qund_rules_eval(set, sc, &in, state, &hits) >= 0);
    for (i = 0; i < hits.n_effects; i++)
        qund_assert(qund_utf8_check(hits.effects[i].text) < 0);
    for (i = 0; i < set->n; i++)
        qund_ignore(qund_rules_explain(set, sc, &in, state, set->rules[i]->id, &json,
                                       &lines)); /* INVAL:
                                                    disabled */
    qund_buf_done(&json);
    qund_buf_done(&lines);
    qund_folded_done(&text);
    qund_arena_free(in.arena);
    qund_rule_state_free(state);
    qund_rule_scratch_free(sc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct qund_fold *fold = qund_fold_tables();
    const struct qund_rule_words_from from = {no_words, NULL};
    struct qund_rules_opts opts = {0};
    struct qund_rules *set;
    struct qund_errs errs;

    if (size > 16384)
        return 0;
    opts.fold = fold;
    qund_errs_init(&errs, 100);
    set = qund_rules_new(fold);
    qund_rules_add(set, "f.yaml", qund_str_n((const char *)data, size), &from, &errs);
    if (errs.n == 0 && cheap(set) && qund_rules_finish(set, &opts, &errs) == 0)
        use(set, fold);
    for (size_t i = 0; i < errs.n; i++)
        qund_assert(errs.v[i].where[0] && errs.v[i].text[0]);
    qund_rules_unref(set);
    qund_errs_done(&errs);
    return 0;
}
