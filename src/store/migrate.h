/* src/store/migrate.h - the schema's versions: one file src/store/schema/NNNN-name.sql each, built
 * into the program in order of their numbers (essay in migrate.c). qund_db_open calls this. */
#ifndef QUND_STORE_MIGRATE_H
#define QUND_STORE_MIGRATE_H
#include "core/core.h"

struct qund_db;

#define QUND_STORE_APPLICATION_ID 0x71756e64 /* "qund", in the header of the file */

/* One past or present version of the schema. */
struct qund_migration {
    int version;      /* the number in the file's name */
    const char *name; /* "0001-store" */
    const char *sql;
};
/* The table made by the build, ascending, *n entries. */
const struct qund_migration *qund_migrations(size_t *n);
int qund_schema_version(void); /* of this program: the greatest number */

/* Brings the store forward, each version in a transaction of its own; versions above `upto` are
 * left out (tests; 0: all). ABI when the store is newer than the program. */
QUND_CHECK int qund_migrate(struct qund_db *db, int upto, struct qund_log *log,
                            struct qund_err *err);
/* For handles that do not write: OK when the store has exactly this program's schema. */
QUND_CHECK int qund_migrate_check(struct qund_db *db, struct qund_err *err);
#endif
