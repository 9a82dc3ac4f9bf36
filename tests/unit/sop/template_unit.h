/* tests/unit/sop/template_unit.h - reading a template from a text, its errors as lines. */
#ifndef QUND_TEST_TEMPLATE_UNIT_H
#define QUND_TEST_TEMPLATE_UNIT_H
#include "sop/template.h"
#include "unit.h"

/* "line:col: reason\n" for each error and each warning; NULL: not wanted. */
static inline int unit_template(const char *text, struct qund_sop_template **t,
                                struct qund_buf *errors, struct qund_buf *warnings)
{
    struct qund_buf *to[2] = {errors, warnings};
    struct qund_errs lists[2];
    int rc;

    qund_errs_init(&lists[0], 50);
    qund_errs_init(&lists[1], 50);
    rc = qund_sop_template_parse("t", qund_str(text), t, &lists[0], &lists[1]);
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; to[k] && i < lists[k].n; i++)
            qund_buf_printf(to[k], "%s: %s\n", lists[k].v[i].where + 2, lists[k].v[i].text);
        if (to[k])
            qund_buf_puts(to[k], "");
        qund_errs_done(&lists[k]);
    }
    return rc;
}

static inline struct qund_sop_template *unit_good_template(const char *text)
{
    QUND_AUTO(qund_buf_done) struct qund_buf errors = {0};
    struct qund_sop_template *t = NULL;

    if (unit_template(text, &t, &errors, NULL) < 0)
        fail_msg("%s", errors.p);
    return t;
}
#endif
