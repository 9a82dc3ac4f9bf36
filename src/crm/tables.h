/* src/crm/tables.h - the columns of imported and exported tables, in one place for both ways. */
#ifndef QUND_CRM_TABLES_H
#define QUND_CRM_TABLES_H
#include "crm/import.h"

/* All columns of all tables; a row is an array of texts indexed by these. */
enum qund_column {
    COL_REALM,
    COL_ID,
    COL_NAME,
    COL_PHONE,
    COL_ROOM,
    COL_GROUP,
    COL_TAGS,
    COL_SOURCE,
    COL_OPT_OUT,
    COL_SCORE,
    COL_STAGE,
    COL_POOL,
    COL_OWNER,
    COL_KEY,
    COL_ACTIVE,
    COL_PUSH,
    COL_ORDER,
    COL_AMOUNT_CENT,
    COL_PAID_AT,
    COL_ITEMS,
    COL_FIRST_SEEN,
    COL_LAST_SEEN /* exported; an import takes them and looks away */
};
#define COL_COUNT (COL_LAST_SEEN + 1)
const char *qund_column_name(enum qund_column c);
/* The columns that table t may have; n: how many. */
const enum qund_column *qund_table_columns(enum qund_table t, size_t *n);
#endif
