/* src/crm/org.h - config/org.yaml: staff, groups, role holders, rosters, leave (essay in org.c).
 * Parsed into an immutable struct on any thread, applied on the engine thread as one command when
 * its digest differs from the stored one, exported from the rows. */
#ifndef QUND_CRM_ORG_H
#define QUND_CRM_ORG_H
#include "core/core.h"
#include "core/yaml.h"
#include "store/db.h"

struct qund_crm;
struct qund_org;
/* All errors at once, each "file:line:col". INVAL when any. text is not kept. */
QUND_CHECK int qund_org_parse(const char *name, struct qund_str text, struct qund_org **out,
                              struct qund_errs *errs);
QUND_CHECK int qund_org_load(const char *path, struct qund_org **out, struct qund_errs *errs);
/* The one that the configuration names, which it must: what stands in the way of the file itself is
 * an error at the line that names it. */
struct qund_config;
QUND_CHECK int qund_org_load_named(const struct qund_config *cfg, struct qund_org **out,
                                   struct qund_errs *errs);
struct qund_org *qund_org_free(struct qund_org *org); /* returns NULL */
QUND_DEFINE_AUTO(qund_org_free, struct qund_org *)

/* Roles that a group, a roster or an alert may name: a closed list. */
bool qund_org_role_known(struct qund_str role);
const char *qund_org_role_near(struct qund_str role); /* the known one it may mean, or NULL */
/* Whether the file names somebody for `to`: a role, or "staff:<key>". A number is not looked up. */
bool qund_org_held(const struct qund_org *org, struct qund_str to);
bool qund_org_staffed(const struct qund_org *org); /* it names anybody at all */

/* Names in `push` that are no target of the configuration: whoever is to be told there is not. One
 * entry for each person, at his list. */
void qund_org_lost_pushes(const struct qund_org *org, const struct qund_config *cfg,
                          struct qund_errs *warnings);
/* One person's places that more than one are told at: no personal link goes there. One entry for
 * each name but the first. */
void qund_org_met_pushes(const struct qund_org *org, const struct qund_config *cfg,
                         struct qund_errs *warnings);

/* Engine thread, in a transaction. Rows it names become source=file; those that were and are no
 * longer named are deactivated (staff and rosters inactive, groups paused, assignments gone) and
 * the API's again. Borrowed groups end here. 1: applied, 0: same digest, nothing done. reply (may
 * be NULL): JSON object with counts. */
QUND_CHECK int qund_org_apply(struct qund_crm *crm, const struct qund_org *org, int64_t now,
                              struct qund_buf *reply, struct qund_err *err);
/* The digest that was applied last; "" before. Any handle. */
QUND_CHECK int qund_org_applied(struct qund_db *db, char out[65]);
/* Everything as YAML that qund_org_parse reads back. Any handle. */
QUND_CHECK int qund_org_export(struct qund_db *db, struct qund_buf *out);
#endif
