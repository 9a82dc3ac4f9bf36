/* src/store/retention.h - dropping whole months, a slice at a time (essay in retention.c). */
#ifndef QUND_STORE_RETENTION_H
#define QUND_STORE_RETENTION_H
#include "store/db.h"

struct qund_retention {
    int64_t retention_ms;
    int budget_ms; /* of one slice; 100 */
    /* Before a month disappears from view: owners copy what they keep. May be NULL. */
    int (*before_drop)(struct qund_db *db, int month, void *arg);
    void *arg;
};
/* One slice inside the caller's transaction: 1 when more is to be done, 0 when nothing is. */
QUND_CHECK int qund_retention_step(struct qund_db *db, const struct qund_retention *r, int64_t now);
#endif
