/* src/app/sopset.h - the SOP templates of the configured folders, on their way to the engine (essay
 * in sopset.c). */
#ifndef QUND_APP_SOPSET_H
#define QUND_APP_SOPSET_H
#include "app/local.h"
#include "sop/templates.h"

struct qund_config;
/* Whole or not at all; all that is wrong in *errs, what is only doubtful in *warnings (may be
 * NULL). */
QUND_CHECK int qund_sopset_load(const struct qund_config *cfg, struct qund_sop_templates **out,
                                struct qund_errs *errs, struct qund_errs *warnings);
/* For commands: attach_free of the command `sop.templates`. */
void qund_sopset_drop(void *templates);
/* Into a store without a daemon. */
QUND_CHECK int qund_local_sop(struct qund_local *l, int64_t now, struct qund_errs *errs,
                              struct qund_err *err);
#endif
