/* src/engine/copy.h - shared groups: between copy.c and copy_sql.c. */
#ifndef QUND_ENGINE_COPY_H
#define QUND_ENGINE_COPY_H
#include "engine/internal.h"

struct copy_row {
    int64_t seq, grp, hash, ts, pair;
    struct qund_str account; /* in the arena */
};
QUND_CHECK int qund_copy_sql_put(struct qund_db *db, const struct copy_row *c);
QUND_CHECK int qund_copy_sql_pair(struct qund_db *db, int64_t seq, int64_t pair);
/* At most max rows of that key around ts that hang together: none is more than span_ms from its
 * neighbour. In order of (ts, account, seq). Returns how many; max: too many,
 * and v is not to be used. */
QUND_CHECK int qund_copy_sql_around(struct qund_db *db, struct qund_arena *arena,
                                    const struct copy_row *key, int64_t span_ms, struct copy_row *v,
                                    size_t max);
/* The first of the rows within near_ms that leads a pair its account is not in; among the earliest
 * max. 1: there is one. */
QUND_CHECK int qund_copy_sql_open(struct qund_db *db, const struct copy_row *key, int64_t near_ms,
                                  int64_t max, int64_t *pair);
/* The others of its pair: at most max. Returns how many. */
QUND_CHECK int qund_copy_sql_others(struct qund_db *db, int64_t seq, int64_t *v, size_t max);
QUND_CHECK int qund_copy_sql_forget(struct qund_db *db, int64_t before, int64_t max);
/* 1: new. */
QUND_CHECK int qund_copy_sql_account(struct qund_db *db, int64_t realm, struct qund_str pid);
/* Each as realm and id; a non-zero return stops. */
QUND_CHECK int qund_copy_sql_accounts(struct qund_db *db,
                                      int (*each)(int64_t realm, struct qund_str pid, void *arg),
                                      void *arg);
#endif
