/* src/outbox/internal.h - the SQL behind outbox.c; for this folder only. */
#ifndef QUND_OUTBOX_INTERNAL_H
#define QUND_OUTBOX_INTERNAL_H
#include "outbox/outbox.h"

struct qund_out_row {
    int64_t id;
    enum qund_out_state state;
    int attempt, status;
    char target[128];
};
struct qund_out_change {
    int64_t id;
    enum qund_out_state state;
    int attempt;
    int64_t due; /* > 0: a timer "outbox.due" */
    int64_t now;
    int status;
    struct qund_str reason, their_id; /* their_id NONE: as it was */
};
QUND_CHECK int qund_out_sql_insert(struct qund_db *db, struct qund_timers *timers,
                                   const struct qund_out_new *n, int64_t now, int64_t *out_id);
/* Appends up to `limit` queued rows of target, urgent first, then by id. */
QUND_CHECK int qund_out_sql_queued(struct qund_db *db, struct qund_str target, int limit,
                                   struct qund_out_items *items);
/* 1 when a push of target waits to be tried again (retry_at, quota_hit, unknown with a time). */
QUND_CHECK int qund_out_sql_tried_again(struct qund_db *db, struct qund_str target);
QUND_CHECK int qund_out_sql_sending(struct qund_db *db, int64_t id, int attempt, int64_t now);
QUND_CHECK int qund_out_sql_get(struct qund_db *db, int64_t id, struct qund_out_row *out);
/* 1 and the row of lowest id in that state, 0 none. */
QUND_CHECK int qund_out_sql_first(struct qund_db *db, enum qund_out_state s,
                                  struct qund_out_row *out);
/* 1 and a row of that alert that waits (queued, retry_at, quota_hit), 0 none. */
QUND_CHECK int qund_out_sql_waiting_of(struct qund_db *db, int64_t alert, struct qund_out_row *out);
/* Writes the change; its timers follow the state. */
QUND_CHECK int qund_out_sql_set(struct qund_db *db, struct qund_timers *timers,
                                const struct qund_out_change *c);
QUND_CHECK int qund_out_sql_deadline(struct qund_db *db, int64_t id, int64_t deadline);
/* A row that still waits gets its deadline timer. */
QUND_CHECK int qund_out_sql_watch(struct qund_db *db, struct qund_timers *timers, int64_t id);
struct qund_db *qund_outbox_db(struct qund_outbox *ob);
#endif
