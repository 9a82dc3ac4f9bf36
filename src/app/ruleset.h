/* src/app/ruleset.h - where the rules come from: the shipped folder, the configuration's folders,
 * or the last good set in the store. */
#ifndef QUND_APP_RULESET_H
#define QUND_APP_RULESET_H
#include "rule/rule.h"

struct qund_config;
struct qund_vault;

/* From the folders the configuration names. Errors: all of them in *errs. */
QUND_CHECK int qund_ruleset_load(const struct qund_config *cfg, const struct qund_vault *v,
                                 const struct qund_fold *fold, struct qund_rules **out,
                                 struct qund_errs *errs);
/* At start: as above, and when a file is broken the last good set of the store, *degraded saying
 * so. Neither: INVAL with the first error. */
QUND_CHECK int qund_ruleset_start(const struct qund_config *cfg, const struct qund_vault *v,
                                  const struct qund_fold *fold, struct qund_db *db,
                                  struct qund_log *log, struct qund_rules **out, bool *degraded,
                                  struct qund_err *err);
/* What the configuration knows of the names that rules use; borrowed from cfg. */
struct qund_rules_known qund_ruleset_known(struct qund_config *cfg);
/* Names that nobody answers to go into the log (rules.doubt), the first into `why`; "" when all is
 * well. So does a set of which no rule is enabled (rules.none). Who holds a role is not asked here:
 * that changes while the rules run (`qund check`). */
void qund_ruleset_doubts(struct qund_config *cfg, const struct qund_rules *rules,
                         struct qund_log *log, char why[320]);
/* "file:line:col: reason", one a line, for people. */
void qund_errs_print(const struct qund_errs *errs, struct qund_buf *out);
#endif
