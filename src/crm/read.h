/* src/crm/read.h - what the faces read: lists and single things as JSON, from a reader's handle.
 * Keys are the glossary's. Lists run newest or best first with a cursor, so that a page costs the
 * same wherever it lies. */
#ifndef QUND_CRM_READ_H
#define QUND_CRM_READ_H
#include "core/core.h"
#include "core/json.h"
#include "store/db.h"

struct qund_crm_query {
    int64_t limit;          /* 1..500; 0: 50 */
    struct qund_str cursor; /* as returned; NONE or empty: the first page */
    int64_t group;          /* grp.id; 0: all */
    struct qund_str tag;    /* contacts and leads that hold it; NONE: all */
    struct qund_str stage;  /* leads; NONE: all */
    int64_t owner;          /* leads: staff.id; 0: all */
    struct qund_str name;   /* contacts, staff, groups: name contains; NONE: all */
    bool mask;              /* phones 138****0105 */
};
/* what: "contacts", "leads", "groups", "staff", "households", "signups" (group needed), "members"
 * (group needed), "tags", "rosters", "leave". Writes a JSON array of objects with w and the cursor
 * of the next page (empty: the end). NOTFOUND: no such list. */
QUND_CHECK int qund_crm_list(struct qund_db *db, const char *what, const struct qund_crm_query *q,
                             struct qund_jw *w, struct qund_buf *next, struct qund_err *err);
/* One object with all that hangs on it: "contact" (identities, groups, tags, rooms, phones, lead
 * and its history, orders, consent), "group", "staff". NOTFOUND. */
QUND_CHECK int qund_crm_show(struct qund_db *db, const char *what, int64_t id, bool mask,
                             struct qund_jw *w, struct qund_err *err);
/* "13800000105" → "138****0105"; anything shorter than 7 becomes "****". */
void qund_crm_mask_phone(struct qund_str phone, struct qund_buf *out);
#endif
