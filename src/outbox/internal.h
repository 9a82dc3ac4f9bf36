/* src/outbox/internal.h - the parts of the outbox; for this folder only. */
#ifndef QUND_OUTBOX_INTERNAL_H
#define QUND_OUTBOX_INTERNAL_H
#include "outbox/outbox.h"

#define QUND_OUT_TARGETS_MAX 256 /* configured targets; more is a configuration nobody has */

struct qund_out_target {
    char *name;
    int credit;
    int spent, granted; /* in the open transaction */
    int64_t until;
    bool maybe; /* it may have rows that could leave */
    struct qund_out_habits habits;
};
struct qund_outbox {
    struct qund_db *db;
    struct qund_timers *timers;
    struct qund_out_target v[QUND_OUT_TARGETS_MAX];
    size_t n;
    int64_t *fresh; /* rows added in this transaction */
    size_t n_fresh, cap_fresh;
    int64_t fresh_due; /* the earliest deadline among them */
    qund_out_quiet_fn *quiet;
    void *quiet_arg;
};

/* --- take.c --- */
/* One target's rows that may leave now, as far as it has credit. */
QUND_CHECK int qund_out_take_target(struct qund_outbox *ob, struct qund_out_target *t, int64_t now,
                                    struct qund_out_items *items);

/* --- rest.c --- */
/* Appends up to `limit` queued rows that may leave now; those that would leave in the hours of rest
 * wait from here on. *more: others may be behind them. */
QUND_CHECK int qund_out_fetch(struct qund_outbox *ob, struct qund_out_target *t, int limit,
                              int64_t now, struct qund_out_items *rows, bool *more);

/* --- card.c --- */
/* The body of a card that stands for n pushes, in their order. */
void qund_card_body(const struct qund_out_item *const *of, size_t n, struct qund_buf *out);

/* --- outbox_sql.c --- */
struct qund_out_row {
    int64_t id;
    enum qund_out_state state;
    int attempt, status, unknowns;
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
/* Appends up to `limit` queued rows of target, urgent first, then by id. gated: without those whose
 * person may not be told yet. */
QUND_CHECK int qund_out_sql_queued(struct qund_db *db, struct qund_str target, bool gated,
                                   int limit, struct qund_out_items *items);
/* Lets those persons be told whose pace allows it; *next: when the next one's does, INT64_MAX: for
 * nobody else anything waits. */
QUND_CHECK int qund_out_sql_gates(struct qund_db *db, struct qund_str target, int64_t now,
                                  int64_t *next);
/* A queued row is part of a card from now on. */
QUND_CHECK int qund_out_sql_merge(struct qund_db *db, struct qund_timers *timers, int64_t id,
                                  int64_t into, int64_t now);
/* A queued row waits until then, and lives `longer` for it. */
QUND_CHECK int qund_out_sql_rest(struct qund_db *db, struct qund_timers *timers, int64_t id,
                                 int64_t until, int64_t longer, int64_t now);
/* 1 when a push of target waits to be tried again (retry_at, quota_hit, unknown with a time); one
 * that rests does not. */
QUND_CHECK int qund_out_sql_tried_again(struct qund_db *db, struct qund_str target);
QUND_CHECK int qund_out_sql_sending(struct qund_db *db, int64_t id, int attempt, int64_t now);
QUND_CHECK int qund_out_sql_get(struct qund_db *db, int64_t id, struct qund_out_row *out);
/* 1 and the row of lowest id in that state, 0 none. */
QUND_CHECK int qund_out_sql_first(struct qund_db *db, enum qund_out_state s,
                                  struct qund_out_row *out);
/* Its parts in cards are nobody's business any more, for that reason. */
QUND_CHECK int qund_out_sql_mark_merged(struct qund_db *db, int64_t alert, struct qund_str why);
/* 1 and a row of that alert that waits (queued, retry_at, quota_hit), or a card that waits and has
 * no part left but marked ones; 0 none. */
QUND_CHECK int qund_out_sql_waiting_of(struct qund_db *db, int64_t alert, struct qund_out_row *out);
/* Writes the change; its timers follow the state, and what is unknown is counted. */
QUND_CHECK int qund_out_sql_set(struct qund_db *db, struct qund_timers *timers,
                                const struct qund_out_change *c);
/* A person wants it now: it has until then, and does not rest. */
QUND_CHECK int qund_out_sql_wanted(struct qund_db *db, int64_t id, int64_t deadline);
/* A row that still waits gets its deadline timer. */
QUND_CHECK int qund_out_sql_watch(struct qund_db *db, struct qund_timers *timers, int64_t id);
struct qund_db *qund_outbox_db(struct qund_outbox *ob);
#endif
