/* src/crm/people.h - small questions about people that alerts and the engine ask. Any handle. */
#ifndef QUND_CRM_PEOPLE_H
#define QUND_CRM_PEOPLE_H
#include "core/core.h"
#include "event/event.h"
#include "store/db.h"

/* Calls each with the push targets of an active member of staff, in their order; non-zero stops. */
QUND_CHECK int qund_crm_staff_targets(struct qund_db *db, int64_t staff,
                                      int (*each)(struct qund_str target, void *arg), void *arg);
/* 1: that active member of staff has a push target that is configured; 0: there is nowhere to tell
 * them. */
struct qund_config;
QUND_CHECK int qund_crm_staff_reached(struct qund_db *db, int64_t staff,
                                      const struct qund_config *config);
/* 1: what comes to that target for that member of staff is read by nobody else; 0: it is one
 * person's place, and another active member of staff is told there, too. */
struct qund_target_cfg;
QUND_CHECK int qund_crm_reads_alone(struct qund_db *db, int64_t staff,
                                    const struct qund_target_cfg *to);
QUND_CHECK int qund_crm_staff_name(struct qund_db *db, int64_t staff, struct qund_buf *out);
/* Appended; nothing when it is not known. */
QUND_CHECK int qund_crm_staff_phone(struct qund_db *db, int64_t staff, struct qund_buf *out);
/* {"realm": "id", …} of a member of staff, one id a realm, appended. */
QUND_CHECK int qund_crm_staff_ids(struct qund_db *db, int64_t staff, struct qund_buf *json);
/* The active member of staff of that key, else of that number, else the only one of that name.
 * NOTFOUND. */
QUND_CHECK int qund_crm_staff_find(struct qund_db *db, struct qund_str key, int64_t *out);
/* Calls each with the active members of staff, by name; non-zero stops and is returned. */
QUND_CHECK int qund_crm_staff_each(struct qund_db *db,
                                   int (*each)(int64_t id, struct qund_str name, void *arg),
                                   void *arg);
/* 1: an active member of staff has this number; 0: none. */
QUND_CHECK int qund_crm_staff_active(struct qund_db *db, int64_t id);
/* Is any active member of staff known? */
QUND_CHECK int qund_crm_staff_any(struct qund_db *db, bool *out);
/* 1: that customer was invited, with evidence, to speak in the group in that role ("koc_fan",
 * "first_buyer"); contact 0: somebody was. 0: not. */
QUND_CHECK int qund_crm_invited(struct qund_db *db, int64_t grp, struct qund_str role,
                                int64_t contact);
/* The role somebody is known under, found and never made: by platform id, and by the longest name
 * that `text` (behind an @) begins with. NOTFOUND: nobody. Names are not unique: staff wins. */
QUND_CHECK int qund_crm_role_of(struct qund_db *db, int64_t realm, struct qund_str pid,
                                enum qund_role *out);
QUND_CHECK int qund_crm_role_named(struct qund_db *db, int64_t realm, struct qund_str text,
                                   enum qund_role *out);
#endif
