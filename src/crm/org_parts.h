/* src/crm/org_parts.h - an org file as parsed: strings borrowed from its document, arrays from its
 * arena. For org*.c only. */
#ifndef QUND_CRM_ORG_PARTS_H
#define QUND_CRM_ORG_PARTS_H
#include "crm/org.h"

enum {
    ORG_STAFF_MAX = 5000,
    ORG_GROUPS_MAX = 20000,
    ORG_LIST_MAX = 1000, /* ids, tags, holders, shifts of one thing */
    ORG_TEXT_MAX = 256,
    ORG_DAY_MINUTES = 1440
};

struct org_ident {
    struct qund_str realm, id;
};
struct org_staff {
    struct qund_str key, name;
    struct qund_str phone; /* digits, perhaps behind a +; NONE: not said */
    bool active;
    struct org_ident *ids;
    struct qund_str *push;
    const struct qund_ynode *push_at; /* its list */
    size_t n_ids, n_push;
};
struct org_holder {
    struct qund_str role;
    struct qund_str staff; /* NONE: an invited customer */
    struct org_ident customer;
    struct qund_str evidence;
};
struct org_group {
    struct org_ident id;
    struct qund_str name, zone, place, manager; /* NONE where not said */
    int type, state;                            /* -1 where not said */
    int internal, room_dedupe, shared;          /* -1 where not said */
    bool has_tags;
    struct qund_str *tags;
    struct org_holder *holders;
    size_t n_tags, n_holders;
};
struct org_shift {
    bool weekly;
    int64_t day; /* 1-7, or days since 1970-01-01 */
    int64_t from_min, to_min;
    struct qund_str staff; /* NONE: only hours, or closed when from = to */
};
struct org_scope {
    const char *kind; /* group, type, tag */
    struct qund_str value;
    struct org_ident group;
};
struct org_roster {
    struct qund_str key, on_call;
    bool holidays; /* closed on public holidays */
    struct qund_str *roles;
    struct org_scope *scopes;
    struct org_shift *shifts;
    size_t n_roles, n_scopes, n_shifts;
};
struct org_leave {
    struct qund_str staff, stand_in;
    int64_t from_day, to_day;
};
struct qund_org {
    char digest[65];
    struct qund_yaml *doc;
    struct qund_arena *arena;
    struct org_staff *staff;
    struct org_ident *bots;
    struct org_group *groups;
    struct org_roster *rosters;
    struct org_leave *leave;
    size_t n_staff, n_bots, n_groups, n_rosters, n_leave;
};

/* One parse. */
struct org_reader {
    struct qund_org *org;
    const struct qund_yaml *doc;
    struct qund_errs *errs;
};
/* A list's length and its array in the arena (zeroed); an error and 0 when n is no list or longer
 * than max. NULL n: 0. */
size_t qund_org_list(struct org_reader *r, const struct qund_ynode *n, size_t max, size_t each,
                     void **out);
/* A scalar text of 1..ORG_TEXT_MAX bytes. NONE and no error when n is NULL. */
struct qund_str qund_org_text(struct org_reader *r, const struct qund_ynode *n);
struct qund_str qund_org_need(struct org_reader *r, const struct qund_ynode *map, const char *key);
/* A key of `staff:`; an error when nobody has it. */
struct qund_str qund_org_staff_ref(struct org_reader *r, const struct qund_ynode *n);
bool qund_org_ident(struct org_reader *r, const struct qund_ynode *n, struct org_ident *out);
struct qund_str qund_org_role(struct org_reader *r, const struct qund_ynode *n,
                              struct qund_str role);
void qund_org_texts(struct org_reader *r, const struct qund_ynode *n, struct qund_str **out,
                    size_t *count);
/* `rosters:`, `duty_hours:` and `leave:` (org_roster.c). */
void qund_org_read_rosters(struct org_reader *r, const struct qund_ynode *rosters,
                           const struct qund_ynode *duty_hours);
void qund_org_read_leave(struct org_reader *r, const struct qund_ynode *n);
/* An account or a group that stands there twice is an error (org_once.c). The lists are read. */
void qund_org_once(struct org_reader *r, const struct qund_ynode *root);
/* Rows of one roster or leave, as the file and the API write them (org_sql.c). */
struct qund_crm;
QUND_CHECK int qund_org_put_roster(struct qund_crm *crm, const struct org_roster *p,
                                   const char *source, int64_t now);
QUND_CHECK int qund_org_put_leave(struct qund_crm *crm, const struct org_leave *l,
                                  const char *source);
/* "09:00-18:00" → minutes; the end may be "24:00" or lie before the start (next morning). */
QUND_CHECK int qund_org_hours(struct qund_str s, int64_t *from_min, int64_t *to_min);
/* "2025-09-28" → days since 1970-01-01. */
QUND_CHECK int qund_org_date(struct qund_str s, int64_t *day);
void qund_org_print_date(int64_t day, struct qund_buf *out);
#endif
