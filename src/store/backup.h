/* src/store/backup.h - a copy of the running store, and the way back (essay in backup.c). */
#ifndef QUND_STORE_BACKUP_H
#define QUND_STORE_BACKUP_H
#include "store/db.h"

/* done and total in pages; non-zero stops the backup (the half-made file is removed). */
typedef int qund_backup_progress(int64_t done, int64_t total, void *arg);

/* Copies the store as it is at this instant to <dir>/qund-YYYYMMDDTHHMMSSZ.db (Z_02.db, … when
 * there is one of that second), with a .sha256 beside it. db: a MAINT or READ handle without an
 * open transaction. *path_out (owned; may be NULL). */
QUND_CHECK int qund_backup_run(struct qund_db *db, const char *dir, int64_t now,
                               qund_backup_progress *progress, void *arg, char **path_out,
                               struct qund_err *err);

/* Statements of the owners that park what must not leave by itself after a restore ("outbox",
 * "timers"); run in the restored store, :now bound where named. */
struct qund_restore_hook {
    const char *name;
    const char *sql;
};
struct qund_restored {
    char from[256];      /* the backup taken */
    char applied_id[64]; /* last entry applied in it: what came after is unknown */
    int64_t engine_time; /* of the backup */
    int64_t epoch;       /* the new one */
    int64_t parked;      /* rows the hooks changed */
    bool key_missing;    /* <data>/key is never in a backup, and there is none here */
};
/* dir: a backup folder (its newest backup) or one backup file. The daemon must be stopped and the
 * caller must hold the data lock. The former store is kept as qund.db.before-<time>. */
QUND_CHECK int qund_restore_run(const char *dir, const char *data_dir, int64_t now,
                                const struct qund_restore_hook *hooks, size_t n_hooks,
                                struct qund_log *log, struct qund_restored *out,
                                struct qund_err *err);
#endif
