/* src/crm/import_parts.h - a chunk of an import and a row of it, between import_sql.c (chunks,
 * jobs) and import_row_sql.c (rows). */
#ifndef QUND_CRM_IMPORT_PARTS_H
#define QUND_CRM_IMPORT_PARTS_H
#include "crm/internal.h"
#include "crm/tables.h"

struct import_chunk {
    struct qund_crm *crm;
    struct qund_arena *arena;
    enum qund_table table;
    int64_t now;
    struct qund_str job, realm, source, rows;
    bool dry_run, done;
    bool again; /* applied before: only lines that were refused are tried */
    int64_t first_line, next_line;
    int64_t n_rows, created, updated, errors;
};
/* A row after judging its form. */
struct import_row {
    struct qund_str v[COL_COUNT];
    struct qund_str realm, phone, room;
    bool opt_out, active;
    int64_t score, amount, paid_at, owner;
};

bool qund_import_takes(enum qund_table t); /* else it is export only */
/* The form of a row; INVAL says what is wrong with it. Writes nothing. */
QUND_CHECK int qund_import_judge(struct import_chunk *ch, struct import_row *r,
                                 struct qund_err *err);
/* A judged row into its table: 1 created, 0 updated; INVAL, DENIED and EXISTS speak of the row,
 * other errors of the store. */
QUND_CHECK int qund_import_write(struct import_chunk *ch, const struct import_row *r,
                                 struct qund_err *err);
#endif
