/* src/alert/internal.h - the rows behind alert.c; for this folder only. */
#ifndef QUND_ALERT_INTERNAL_H
#define QUND_ALERT_INTERNAL_H
#include "alert/alert.h"
#include "config/config.h"
#include "crm/roster.h"
#include "outbox/link.h"
#include "outbox/outbox.h"
#include "store/timers.h"

struct qund_alerts {
    struct qund_alerts_deps deps;
    const struct qund_roster *roster; /* NULL: nobody is known */
};
struct alert_row {
    int64_t id, grp, contact, seq, last_ts, since, created;
    int64_t snoozed; /* until when, 0: awake */
    enum qund_alert_state state;
    int step;
    int rounds; /* pushes that no rung made: it woke, or was handed over */
    char level[16], ladder[32], role[64], by[64];
};

/* --- alert.c --- */
/* The next rung as a timer; none is left: no timer. */
QUND_CHECK int qund_alert_climb(struct qund_alerts *al, const struct alert_row *a, int64_t now);
/* Neither climbs nor wakes any more. */
QUND_CHECK int qund_alert_still(struct qund_alerts *al, int64_t id);
/* Nobody was reached: told at the next duty hour. Else the ladder goes on. */
QUND_CHECK int qund_alert_told(struct qund_alerts *al, const struct alert_row *a, bool pushed,
                               int64_t now);

/* --- push.c --- */
/* Which telling this is. */
struct alert_telling {
    int rung;    /* 0: the first one */
    int round;   /* the alert's: with rung 0 and > 0 a person asked for it */
    int64_t but; /* not to who was told since then; 0: to all */
};
/* Makes the pushes of one telling for who holds the role. *pushed: somebody was told. */
QUND_CHECK int qund_alert_push(struct qund_alerts *al, const struct alert_row *a,
                               struct qund_str role, struct alert_telling t, int64_t now,
                               bool *pushed);

/* --- read_sql.c --- */
/* Both sides of a push: the alert as JSON, and what a person reads of it at `now`: level, title,
 * who said what where. */
QUND_CHECK int qund_alert_show(struct qund_db *db, int64_t id, int64_t now, struct qund_buf *json,
                               struct qund_buf *text);

/* --- alert_sql.c --- */
/* *out: as qund_alert_sql_get would read it. */
QUND_CHECK int qund_alert_sql_insert(struct qund_db *db, const struct qund_alert_new *n,
                                     struct qund_str cause, int64_t now, struct alert_row *out);
QUND_CHECK int qund_alert_sql_get(struct qund_db *db, int64_t id, struct alert_row *out);
/* The open or acknowledged one of that cause. NOTFOUND. */
QUND_CHECK int qund_alert_sql_open(struct qund_db *db, struct qund_str cause,
                                   struct alert_row *out);
QUND_CHECK int qund_alert_sql_fold(struct qund_db *db, int64_t id, int64_t seq, int64_t ts,
                                   int64_t now);
/* Its cause is no longer looked up: the next of its kind is an alert of its own. */
QUND_CHECK int qund_alert_sql_part(struct qund_db *db, int64_t id);
QUND_CHECK int qund_alert_sql_step(struct qund_db *db, int64_t id, int step);
QUND_CHECK int qund_alert_sql_set(struct qund_db *db, int64_t id, enum qund_alert_state to,
                                  struct qund_str by, struct qund_str note, int64_t now);
/* Of one that is resolved: how it ended. */
QUND_CHECK int qund_alert_sql_end(struct qund_db *db, int64_t id, const struct qund_alert_end *end);
QUND_CHECK int qund_alert_sql_snooze(struct qund_db *db, const struct qund_alert_deed *d,
                                     int64_t until, int64_t now);
/* Awake, with one more round; `since`: its ladder begins there. */
QUND_CHECK int qund_alert_sql_wake(struct qund_db *db, int64_t id, int64_t since, int64_t now);
/* Open, awake, of this role, on the ladder's first rung. */
QUND_CHECK int qund_alert_sql_hand(struct qund_db *db, const struct qund_alert_deed *d,
                                   struct qund_str role, int64_t now);
QUND_CHECK int qund_alert_sql_open_of(struct qund_db *db, int64_t seq, int64_t *ids, size_t max);
/* Resolved with that note, newest first. */
QUND_CHECK int qund_alert_sql_settled_of(struct qund_db *db, int64_t seq, struct qund_str note,
                                         int64_t *ids, size_t max);
#endif
