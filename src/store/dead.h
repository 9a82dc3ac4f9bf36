/* src/store/dead.h - what could not be applied: events, timers, commands and deliveries, with their
 * body and the reason, until a person retries or drops them. */
#ifndef QUND_STORE_DEAD_H
#define QUND_STORE_DEAD_H
#include "store/db.h"

/* At most this many; beyond it the oldest settled one, else the oldest, makes room (counted in meta
 * "dead_lost"): poison must not be able to fill the disk. */
#define QUND_DEAD_MAX 100000

enum qund_dead_state { QUND_DEAD_WAITING, QUND_DEAD_RETRIED, QUND_DEAD_DROPPED };
const char *qund_dead_state_name(enum qund_dead_state s); /* "waiting", "retried", "dropped" */

struct qund_dead {
    int64_t id;
    struct qund_str kind;   /* "event", "timer", "command", "delivery" */
    struct qund_str key;    /* the item's key: stream id, timer kind and key, … */
    struct qund_str stage;  /* "engine", or the plugin that had it in hand */
    struct qund_str reason; /* for a person */
    struct qund_str body;   /* bytes that make the item again: packed event, JSON */
    int64_t at;             /* engine time */
    enum qund_dead_state state;
};
/* In the caller's transaction. *id may be NULL. */
QUND_CHECK int qund_dead_add(struct qund_db *db, const struct qund_dead *d, int64_t *id);
/* NOTFOUND; strings are copied into the arena. */
QUND_CHECK int qund_dead_get(struct qund_db *db, int64_t id, struct qund_arena *arena,
                             struct qund_dead *out);
/* Newest first, below `before` (0: from the newest), only WAITING unless `all`; each gets strings
 * valid for the call; non-zero from it stops and is returned. */
QUND_CHECK int qund_dead_list(struct qund_db *db, bool all, int64_t before, int limit,
                              int (*each)(const struct qund_dead *d, void *arg), void *arg);
/* WAITING → RETRIED or DROPPED (the body is emptied when dropped). NOTFOUND when it does not wait:
 * a retry works once. */
QUND_CHECK int qund_dead_settle(struct qund_db *db, int64_t id, enum qund_dead_state state);
/* One that waits and is the same: 1 and *id, 0 when there is none. key NONE: any of the kind. */
QUND_CHECK int qund_dead_find(struct qund_db *db, struct qund_str kind, struct qund_str key,
                              struct qund_str body, int64_t *id);
QUND_CHECK int qund_dead_count(struct qund_db *db, int64_t *waiting);
#endif
