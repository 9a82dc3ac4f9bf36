/* src/core/err.h - an error a person must act on: what, where, what to do. */
#ifndef QUND_CORE_ERR_H
#define QUND_CORE_ERR_H
#include "core/str.h"

/* where is a place the person knows: "config.yaml:12:3", "rules[3].when", "events[7].ts". */
struct qund_err {
    int rc;
    char where[160];
    char text[352];
};
/* Fills *e (NULL is fine) and returns rc, so that `return qund_err_set(err, QUND_E_INVAL, …)` reads
 * well. Cut at a character boundary. */
int qund_err_set(struct qund_err *e, int rc, const char *where, const char *fmt, ...)
    QUND_PRINTF(4, 5);

/* What an errno means to a caller: NOTFOUND, EXISTS, DENIED, INVAL, NOMEM, AGAIN, else IO. */
int qund_rc_from_errno(int e);

/* All errors at once: a list that keeps the first `max` and counts the rest; those of one file
 * stand together, in the order of its lines. */
struct qund_errs {
    struct qund_err *v;
    size_t n, max, dropped;
};
void qund_errs_init(struct qund_errs *es, size_t max);
void qund_errs_done(struct qund_errs *es);
static inline void qund_errs_done_p(struct qund_errs *es)
{
    qund_errs_done(es);
}
int qund_errs_add(struct qund_errs *es, int rc, const char *where, const char *fmt, ...)
    QUND_PRINTF(4, 5);
#endif
