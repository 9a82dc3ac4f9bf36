/* src/alert/alert.h - alerts: raised, folded, pushed to who is on duty, escalated until somebody
 * deals with them (essay in alert.c). Engine thread, inside the batch's transaction; the list for
 * the faces takes any handle. */
#ifndef QUND_ALERT_ALERT_H
#define QUND_ALERT_ALERT_H
#include "core/core.h"
#include "store/db.h"

struct qund_config;
struct qund_outbox;
struct qund_timer;
struct qund_timers;
struct qund_roster;

enum qund_alert_state { QUND_ALERT_OPEN, QUND_ALERT_ACKNOWLEDGED, QUND_ALERT_RESOLVED };
const char *qund_alert_state_name(enum qund_alert_state s);

struct qund_alerts;
struct qund_alerts_deps {
    const unsigned char *link_key; /* QUND_LINK_KEY bytes; NULL: pushes carry no link */
    struct qund_db *db;            /* the writing handle */
    struct qund_timers *timers;
    struct qund_outbox *outbox; /* NULL: nothing is pushed */
    struct qund_config *config; /* ladders, merge window, default targets; borrowed */
};
struct qund_alerts *qund_alerts_new(const struct qund_alerts_deps *deps);
struct qund_alerts *qund_alerts_free(struct qund_alerts *al); /* returns NULL */
QUND_DEFINE_AUTO(qund_alerts_free, struct qund_alerts *)
/* The snapshot that says who is on duty; borrowed until the next call. NULL: nobody is known. */
void qund_alerts_roster(struct qund_alerts *al, const struct qund_roster *r);
void qund_alerts_config(struct qund_alerts *al, struct qund_config *config);

struct qund_alert_new {
    struct qund_str rule; /* id */
    int64_t rule_version;
    struct qund_str level;       /* info | warn | urgent */
    struct qund_str to;          /* community role, "manager", "leader", "staff:<id>" */
    struct qund_str ladder;      /* NONE: the default of the level */
    struct qund_str title;       /* rendered text */
    struct qund_str suggest;     /* what could be answered; NONE: nothing is proposed */
    int64_t group, contact, seq; /* 0: none */
    int64_t ts;                  /* event time of the message */
    int64_t since;               /* the ladder's clock starts here; 0: ts */
    struct qund_str quote, context, sender_name, group_name; /* context: JSON array */
    bool quiet; /* stored and shown, nothing is pushed (origin replay) */
};
/* Raises it, or folds it into an open one of the same cause (rule, group, contact) whose last
 * message is at most alert.merge older. Pushes the first rung. *folded: counted into *id. A repeat
 * of the same (cause, seq) changes nothing. */
QUND_CHECK int qund_alert_raise(struct qund_alerts *al, const struct qund_alert_new *n, int64_t now,
                                int64_t *id, bool *folded);
/* Timer "alert.rung" with key = id: the next rung of the ladder, if it is still open. */
QUND_CHECK int qund_alert_rung(struct qund_alerts *al, const struct qund_timer *t, int64_t now);
/* Timer "alert.wake" with key = id: it was put off until now. Whoever put it off is told again, and
 * its ladder begins anew with the rungs that are left. */
QUND_CHECK int qund_alert_wake(struct qund_alerts *al, const struct qund_timer *t, int64_t now);
/* acknowledge | resolve | reopen. Acknowledged: no further rung. INVAL when it is not possible. */
QUND_CHECK int qund_alert_set(struct qund_alerts *al, int64_t id, enum qund_alert_state to,
                              struct qund_str by, struct qund_str note, int64_t now,
                              struct qund_err *err);

/* --- act.c: what a person does about it. INVAL when it is not possible (any more). --- */
struct qund_alert_deed {
    int64_t id;
    struct qund_str by;   /* "token:3", "staff:5" */
    struct qund_str note; /* NONE: the one before stays */
};
/* INVAL, with what is the case: it is dealt with already. NOTFOUND. */
QUND_CHECK int qund_alert_unfinished(const struct qund_alerts *al, int64_t id,
                                     struct qund_err *err);
/* It is dealt with. */
struct qund_alert_end {
    bool irrelevant;        /* it should not have been raised */
    struct qund_str proof;  /* what shows that it was done; NONE: nothing */
    struct qund_str number; /* a decimal figure; NONE: none */
};
QUND_CHECK int qund_alert_finish(struct qund_alerts *al, const struct qund_alert_deed *d,
                                 const struct qund_alert_end *end, int64_t now,
                                 struct qund_err *err);
/* Nobody is told until then; what still waits to leave is cancelled. At most 30 days. */
QUND_CHECK int qund_alert_snooze(struct qund_alerts *al, const struct qund_alert_deed *d,
                                 int64_t until, int64_t now, struct qund_err *err);
/* It is this member of staff's, who is told at once; open again, with a ladder from the start.
 * INVAL at "to": it is theirs already, or there is nowhere to tell them. */
QUND_CHECK int qund_alert_hand_over(struct qund_alerts *al, const struct qund_alert_deed *d,
                                    int64_t staff, int64_t now, struct qund_err *err);
/* "30m", "1h30m", "30分钟", "2小时", "明天", "tomorrow 9:00", "明天 9:30", "18:00" → the instant it
 * means in the zone of the alert's group, seen from now; words may be followed by blanks. INVAL: it
 * means none. */
QUND_CHECK int qund_alert_when(const struct qund_alerts *al, int64_t id, struct qund_str words,
                               int64_t now, int64_t *out);
struct qund_zone;
/* The same on the clock of z; NULL: only lengths of time are understood. Pure. */
QUND_CHECK int qund_alert_words(const struct qund_zone *z, struct qund_str words, int64_t now,
                                int64_t *out);
/* 1: this member of staff may act on it: holds the role it is for, was told, manages the group or
 * leads it; 0: not. NOTFOUND. */
QUND_CHECK int qund_alert_may(const struct qund_alerts *al, int64_t id, int64_t staff, int64_t now);
/* Everything open that message seq raised is resolved with that note ("answered", "revoked");
 * waiting pushes of it are cancelled. Returns how many. */
QUND_CHECK int qund_alert_settle_message(struct qund_alerts *al, int64_t seq, struct qund_str by,
                                         struct qund_str note, int64_t now);

/* What was resolved so with that note is open again; its ladder goes on. One whose cause has a
 * newer open alert stays resolved: that one is heard. */
QUND_CHECK int qund_alert_unsettle_message(struct qund_alerts *al, int64_t seq,
                                           struct qund_str note, int64_t now);

/* What its rule hears of it. NOTFOUND. */
struct qund_alert_mark {
    char rule[128];
    bool relevant;
    int64_t first_ts, group, snoozed; /* snoozed: until when, 0: awake */
    enum qund_alert_state state;
    char by[64]; /* whose deed it was last; "": nobody's yet */
};
QUND_CHECK int qund_alert_marked(struct qund_db *db, int64_t id, struct qund_alert_mark *out);

/* 1: some alert was raised by that message, whatever its state; 0: none. */
QUND_CHECK int qund_alert_of_message(struct qund_db *db, int64_t seq);

/* One alert as a JSON object (for API, feed and pushes), any handle. NOTFOUND. */
QUND_CHECK int qund_alert_print(struct qund_db *db, int64_t id, struct qund_buf *json);
struct qund_alert_filter {
    int state;             /* -1: any */
    struct qund_str level; /* NONE: any */
    int64_t group;         /* 0: any */
    int64_t before_id;     /* newest first, ids below this; 0: from the newest */
    int limit;
};
/* Appends `{…},{…}` and returns how many; *next is the cursor (0: no more). */
QUND_CHECK int qund_alert_list(struct qund_db *db, const struct qund_alert_filter *f,
                               struct qund_buf *json, int64_t *next);
/* What is open and was told to that member of staff, newest first; appended likewise. Returns how
 * many. */
QUND_CHECK int qund_alert_list_told(struct qund_db *db, int64_t staff, int limit,
                                    struct qund_buf *json);
#endif
