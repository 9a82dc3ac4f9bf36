/* src/store/maint.h - looking after the file: checkpoints, checks, the reserve (essay in maint.c).
 * Maint thread, with a MAINT handle; writes no row. */
#ifndef QUND_STORE_MAINT_H
#define QUND_STORE_MAINT_H
#include "store/db.h"

/* Before the store is opened: a local file system, our header, a WAL that can belong to it. Missing
 * files are fine. IO / INVAL with what to do. */
QUND_CHECK int qund_store_check(const char *path, struct qund_err *err);

/* After an unclean stop (inhand.h) the WAL must still lie beside the store: SQLite removes it only
 * when the last handle closes in order. true: somebody removed it, and the commits in it with it;
 * what was applied since the last checkpoint has to be looked for in the stream. Ask before
 * opening. */
bool qund_store_wal_lost(const char *path, bool unclean);

#define QUND_STORE_PAGE 4096 /* bytes of a frame: SQLite's own choice, no store has another */

struct qund_checkpoint {
    int64_t wal_frames, done_frames; /* after the call */
    bool emptied;                    /* the WAL begins anew */
};
/* PASSIVE; then, when at most a few frames remain, TRUNCATE if `truncate` asks for it, RESTART if
 * the WAL is longer than limit_bytes. AGAIN when a reader or writer is in the way: try at the next
 * tick. Ask for TRUNCATE when nobody writes: handing blocks back may hold up the disk. */
QUND_CHECK int qund_maint_checkpoint(struct qund_db *db, int64_t limit_bytes, bool truncate,
                                     struct qund_checkpoint *out);

/* Its file no longer lies under its name: removed, moved or replaced. */
bool qund_maint_moved(struct qund_db *db);

/* quick_check of one table a call: state {0} begins. 1: go on, 0: all tables were fine, IO: damage,
 * err names the table and the restore command. Others: it could not be looked at now. */
struct qund_quick_check {
    char last[128];
    int64_t tables;
};
QUND_CHECK int qund_maint_quick_check(struct qund_db *db, struct qund_quick_check *state,
                                      struct qund_err *err);

/* The reserve: a file of `bytes` on the same disk, given back when the disk is full so that the
 * last transactions and a clean stop find room. make is a no-op when it is there. */
QUND_CHECK int qund_reserve_make(const char *path, int64_t bytes, struct qund_err *err);
bool qund_reserve_give(const char *path); /* true when there was one */
/* Whether it could be made again and as much would still be free. */
bool qund_reserve_fits(const char *path, int64_t bytes);
#endif
