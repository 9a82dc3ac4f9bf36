/* src/crm/command_parts.h - one command while it runs, between command_*_sql.c. */
#ifndef QUND_CRM_COMMAND_PARTS_H
#define QUND_CRM_COMMAND_PARTS_H
#include "crm/body.h"
#include "crm/internal.h"

struct crm_cmd {
    struct qund_crm *crm;
    struct qund_str body, v[CRM_FIELDS_MAX]; /* values in the order of the command's names */
    int64_t now;
    struct qund_arena *arena;
    struct qund_buf *reply;
    struct qund_err *err;
};
/* The reply {"key":v}. Returns OK. */
int qund_crm_cmd_answer(struct crm_cmd *c, const char *key, int64_t v);

/* --- command_roster_sql.c --- */
int qund_crm_cmd_roster_put(struct crm_cmd *c);
int qund_crm_cmd_roster_remove(struct crm_cmd *c);
int qund_crm_cmd_leave_add(struct crm_cmd *c);
int qund_crm_cmd_leave_remove(struct crm_cmd *c);
#endif
