/* src/crm/roster_parts.h - a roster snapshot from inside. For roster*.c only. */
#ifndef QUND_CRM_ROSTER_PARTS_H
#define QUND_CRM_ROSTER_PARTS_H
#include "crm/crm.h"
#include "crm/roster.h"

struct roster_group {
    int64_t id, manager;
    int type;
    const struct qund_zone *zone;
    struct qund_str tags; /* joined by '\n' */
};
struct roster_scope {
    char kind; /* g group, t type, # tag */
    int64_t grp;
    struct qund_str value;
};
struct roster_shift {
    bool weekly;
    int64_t day, from_min, to_min, staff;
};
struct roster_plan {
    int64_t id, on_call;
    bool holidays;
    struct qund_str *roles;
    struct roster_scope *scopes;
    struct roster_shift *shifts;
    size_t n_roles, n_scopes, n_shifts;
};
struct roster_holder {
    int64_t grp, staff;
    struct qund_str role;
};
struct roster_leave {
    int64_t staff, from_day, to_day, stand_in;
};
struct qund_roster {
    struct qund_arena *arena;
    const struct qund_holidays *holidays;
    const struct qund_zone *zone_default;
    struct qund_zone **zones;      /* owned */
    struct roster_group *groups;   /* by id */
    struct roster_plan *plans;     /* by id */
    struct roster_holder *holders; /* by grp, role as stored, pos */
    struct roster_leave *leave;
    int64_t *active; /* staff ids, ascending */
    size_t n_zones, n_groups, n_plans, n_holders, n_leave, n_active;
};
#endif
