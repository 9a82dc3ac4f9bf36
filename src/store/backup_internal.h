/* src/store/backup_internal.h - what backup.c and restore.c share. */
#ifndef QUND_STORE_BACKUP_INTERNAL_H
#define QUND_STORE_BACKUP_INTERNAL_H
#include "core/core.h"

#define QUND_BACKUP_PREFIX "qund-"
#define QUND_BACKUP_SUFFIX ".db"

/* SHA-256 of a file as 64 hex digits. */
QUND_CHECK int qund_backup_digest(const char *path, char out[65], struct qund_err *err);
QUND_CHECK int qund_backup_sync(const char *path, struct qund_err *err);
#endif
