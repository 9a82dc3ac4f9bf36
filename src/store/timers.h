/* src/store/timers.h - all waiting of the daemon: rows (kind, key, due), unique on (kind, key), in
 * two classes. Engine thread only; everything inside the caller's transaction. */
#ifndef QUND_STORE_TIMERS_H
#define QUND_STORE_TIMERS_H
#include "store/db.h"

enum qund_timer_class {
    QUND_TIMER_AT,   /* sends, retries, tasks, plans: runs when due <= engine time */
    QUND_TIMER_JUDGE /* expectations, questions, ladders: runs when due <= the floor */
};
struct qund_timer {
    enum qund_timer_class class;
    int64_t due;                     /* UTC ms; a judge's due already holds its lateness */
    struct qund_str kind, key, body; /* body: the owner's, usually JSON; may be NONE */
};

struct qund_timers; /* one per writing handle; remembers the first of each class */
struct qund_timers *qund_timers_new(struct qund_db *db);
struct qund_timers *qund_timers_free(struct qund_timers *t); /* returns NULL */
QUND_DEFINE_AUTO(qund_timers_free, struct qund_timers *)

/* Makes it, or moves it when (kind, key) waits already (class, due and body are replaced). */
QUND_CHECK int qund_timers_set(struct qund_timers *t, const struct qund_timer *timer);
/* NOTFOUND when nothing waits under that name. */
QUND_CHECK int qund_timers_cancel(struct qund_timers *t, struct qund_str kind, struct qund_str key);
/* The next due of a class: 1 and *due, or 0 when none waits. From memory unless something changed.
 */
QUND_CHECK int qund_timers_next(struct qund_timers *t, enum qund_timer_class class, int64_t *due);
/* The next due of both classes, timers of one kind left aside: 1 and *due, or 0. A query. */
QUND_CHECK int qund_timers_next_but(struct qund_timers *t, struct qund_str kind, int64_t *due);
/* Takes the first timer of the class due at or before `until` out of the table, in the order (due,
 * kind, key): 1 with *out copied into the arena, 0 when none. One at a time, because running one
 * may set another that comes before the rest; a rollback puts it back. */
QUND_CHECK int qund_timers_take(struct qund_timers *t, enum qund_timer_class class, int64_t until,
                                struct qund_arena *arena, struct qund_timer *out);
/* As take, but leaves the row; for the `inhand` mark before the savepoint, and for listing. */
QUND_CHECK int qund_timers_peek(struct qund_timers *t, enum qund_timer_class class, int64_t until,
                                struct qund_arena *arena, struct qund_timer *out);
/* The one under this name: 1 / 0. */
QUND_CHECK int qund_timers_get(struct qund_timers *t, struct qund_str kind, struct qund_str key,
                               struct qund_arena *arena, struct qund_timer *out);
/* The key of a timer that belongs to a row: its id in digits. */
struct qund_str qund_timer_key(int64_t id, char buf[24]);
QUND_CHECK int qund_timers_count(struct qund_timers *t, int64_t *out);
#endif
