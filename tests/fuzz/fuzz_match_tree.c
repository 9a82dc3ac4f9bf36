/* tests/fuzz/fuzz_match_tree.c - an expression in the first line, a text behind it: the set reports
 * the expression just when PCRE2 finds it too. Whatever is read into a tree has a second opinion.
 */
#include "text/match.h"
#include <stdio.h>
#include <stdlib.h>

#define EXPRESSION_MAX 96u /* longer ones say nothing new, at the price of seconds */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fixture {
    const struct qund_fold *fold;
    struct qund_scratch *scratch;
    struct qund_folded text;
};

static bool reported(struct fixture *x, struct qund_match *m)
{
    const uint32_t *ids;

    return qund_match_scan(m, x->scratch, x->fold, &x->text, &ids) > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fixture x; /* the tables cost more than a run */
    struct qund_str text = qund_str_n((const char *)data, size), expression;
    struct qund_pattern pattern = {7, QUND_PATTERN_REGEX, QUND_VIEW_FOLDED, QUND_STR_NONE};
    QUND_AUTO(qund_match_free) struct qund_match *m = NULL;
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    int groups;
    bool hit;

    if (!x.fold) {
        x.fold = qund_fold_tables();
        x.scratch = qund_scratch_new();
    }
    expression = qund_str_split(&text, '\n');
    if (!text.p || expression.n == 0 || expression.n > EXPRESSION_MAX ||
        qund_utf8_check(text) >= 0 || qund_utf8_check(expression) >= 0)
        return 0;
    pattern.text = expression;
    qund_errs_init(&errs, 4);
    if (qund_match_build(x.fold, &pattern, 1, &m, &errs) < 0 ||
        qund_fold_text(x.fold, text, &x.text) < 0)
        return 0;
    hit = reported(&x, m);
    groups = qund_match_captures(m, x.scratch, 7, &x.text, NULL, 0);
    if (groups != QUND_E_FULL && hit != (groups > 0)) {
        fprintf(stderr, "'%.*s' %s '%.*s'\n", QUND_STR_ARG(expression),
                hit ? "is reported for" : "is not reported for", QUND_STR_ARG(text));
        abort();
    }
    return 0;
}
