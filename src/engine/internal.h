/* src/engine/internal.h - the engine's parts, for this folder only. Functions return 0 or an rc; a
 * retryable rc rolls the whole batch back, any other makes the item dead. */
#ifndef QUND_ENGINE_INTERNAL_H
#define QUND_ENGINE_INTERNAL_H
#include "alert/alert.h"
#include "config/config.h"
#include "core/file.h"
#include "core/json.h"
#include "core/zone.h"
#include "crm/crm.h"
#include "crm/message.h"
#include "crm/org.h"
#include "crm/roster.h"
#include "engine/engine.h"
#include "event/event.h"
#include "outbox/said.h"
#include "rule/rule.h"
#include "sop/task.h"
#include "store/dead.h"
#include "store/inhand.h"
#include "store/meta.h"
#include "store/month.h"
#include "store/retention.h"
#include "store/search.h"
#include "store/timers.h"
#include "text/extract.h"
#include "text/fold.h"
#include <stdio.h>

struct measure;  /* measure.c: deltas of the open batch */
struct accounts; /* copy.c: our own, in shared groups */
struct talk;     /* talk.c: the newest moment of each group */
struct subject;
struct qund_sop; /* sop.h */

/* Why what a rule would say stays unsaid (say.c). */
enum say_why {
    SAY_YES,
    SAY_OFF,
    SAY_NO_WAY,
    SAY_NOBODY,
    SAY_INTENT,
    SAY_BOT,
    SAY_OPT_OUT,
    SAY_PAUSED,
    SAY_TOO_OLD,
    SAY_QUIET,
    SAY_CAP_GROUP,
    SAY_CAP_PERSON,
    SAY_NOT_STAFF,
    SAY_NOTHING,
    SAY_TOO_LATE,
    SAY_NO_ID
};
#define SAY_WHYS (SAY_NO_ID + 1)
#define SAY_ACTS 3 /* reply, recall, forward: from QUND_ACT_REPLY on */

struct counters {
    struct qund_counter *applied, *repeated, *dead, *hits, *late, *untagged;
    struct qund_counter *alerts[3]; /* info, warn, urgent */
    struct qund_counter *deeds[6];  /* by enum deed_kind */
    struct qund_counter *said[SAY_ACTS], *unsaid[SAY_WHYS], *doubted;
    struct qund_counter *gaps, *voided, *gaps_open, *copies;
    struct qund_counter *tasks[QUND_TASK_EVENTS]; /* by enum qund_task_event */
};
/* What the open transaction adds to them: shown only once it is committed. */
struct tally {
    int64_t applied, repeated, dead, hits, late, untagged, alerts[3], deeds[6];
    int64_t said[SAY_ACTS], unsaid[SAY_WHYS], doubted, gaps, voided, copies;
    int64_t tasks[QUND_TASK_EVENTS];
};

#define ENGINE_ATTEMPTS_MAX 3 /* stops with the same item in hand before it is dead */
#define QUND_POISON_REASON "the program stopped three times while it was in hand"

struct qund_engine {
    struct qund_engine_deps deps;
    struct qund_db *db;
    struct qund_crm *crm;
    struct qund_months *months;
    struct qund_timers *timers;
    struct qund_search *search; /* NULL: messages are not indexed */
    struct qund_outbox *outbox; /* NULL: pushes are not made */
    struct qund_alerts *alerts;
    struct qund_sop *sop;
    struct qund_config *config;      /* our reference */
    struct qund_config *last_config; /* as committed, when the open transaction swapped it */
    struct qund_rules *rules;        /* our reference */
    struct qund_rules *next_rules;   /* swapped in by the open transaction */
    struct qund_rule_state *state;
    struct qund_rule_scratch *scratch;
    struct qund_zone *zone;     /* the installation's */
    struct qund_roster *roster; /* of roster_version; rebuilt when crm's has grown */
    uint64_t roster_version;
    struct measure *measure;
    struct talk *talk;
    struct accounts *accounts;
    struct qund_extract extract;   /* of the message in hand */
    const struct subject *subject; /* whom the rules' callbacks are asked about */
    struct qund_arena *arena;      /* of one item */
    struct qund_folded folded;
    int64_t early;        /* revokes that wait for their message; -1: not known */
    bool feeding;         /* somebody watches: lines are made for this batch */
    struct qund_buf feed; /* lines for the live feed, shown after the commit */
    struct counters count;
    struct tally tally;

    int64_t now;   /* engine time */
    int64_t reach; /* what it moves to: timers in between run at their own instants */
    int64_t floor;
    struct qund_entry_id applied;
    struct qund_entry_id pushed;     /* last one intake is known to have pushed */
    struct qund_entry_id batch_last; /* highest entry of the open batch */
    int64_t first_seq;               /* of the open batch, for undo */
    bool repeat;                     /* the event just applied was there already */
    bool buried;                     /* the step just run went to the dead */

    /* Items that were in hand at an unclean stop: they run alone (batch.c). */
    char **suspects;
    size_t n_suspects;
    bool dead_commands; /* some wait among the dead (poison.c) */
};

/* --- step.c --- */
struct step {
    const char *kind; /* "event", "timer", "command" */
    struct qund_str key;
    struct qund_str body;
    int (*run)(struct qund_engine *e, void *arg);
    void *arg;
    const struct qund_timer *timer; /* NULL: it is none */
};
/* Where a step began, as far as rows do not say it. */
struct step_mark {
    int64_t seq;
    size_t feed;
    struct tally tally;
    struct qund_rules *next_rules; /* a reference of its own */
};
/* What was held back until the batch is whole goes into rows. */
QUND_CHECK int qund_batch_settle(struct qund_engine *e);
/* Everything before it is in rows, then its savepoint. */
QUND_CHECK int qund_step_save(struct qund_engine *e, struct step_mark *m);
QUND_CHECK int qund_step_keep(struct qund_engine *e, struct step_mark *m);
/* Rows as at its savepoint, and what memory knows of it forgotten. */
QUND_CHECK int qund_step_undo(struct qund_engine *e, struct step_mark *m);
/* A permanent failure buries it and goes on. */
QUND_CHECK int qund_step_guarded(struct qund_engine *e, const struct step *s);
QUND_CHECK int qund_step_bury(struct qund_engine *e, const struct step *s, int rc,
                              const char *reason);

/* --- batch.c --- */
/* One line for the live feed, and a place to print it: obj opened, "kind" written. */
struct qund_jw qund_engine_feed_open(struct qund_engine *e, const char *kind);
void qund_engine_feed_close(struct qund_engine *e, struct qund_jw *w);

/* --- poison.c --- */
/* At start, in a transaction: counts what was in hand, and knows all suspects. */
QUND_CHECK int qund_suspects_recover(struct qund_engine *e);
bool qund_suspect_is(const struct qund_engine *e, struct qund_str key);
void qund_suspect_drop(struct qund_engine *e, struct qund_str key);
/* What a suspect command is, for the start after its third stop. */
QUND_CHECK int qund_suspect_note(struct qund_engine *e, struct qund_str key,
                                 const struct qund_command *c);
/* 1: this very command waits among the dead; it is answered so. 0: it may run. */
QUND_CHECK int qund_poison_refuse(struct qund_engine *e, struct qund_str key,
                                  struct qund_command *c);
/* Runs a dead command; c, who asked for it, gets its answer. */
QUND_CHECK int qund_poison_retry(struct qund_engine *e, const struct qund_dead *d,
                                 struct qund_command *c);

/* --- event.c: one event, with all that is looked up for it --- */
#define SUBJECT_CONTEXTS 12
struct subject {
    const struct qund_event *ev;
    struct qund_message_row row;               /* as stored; row.seq is the message's number */
    struct qund_crm_group *group;              /* NULL: private chat or none */
    struct qund_crm_contact *sender;           /* NULL: none */
    enum qund_role role;                       /* in which the sender speaks; NONE without one */
    struct qund_talk talk;                     /* around it; filled with the extracts */
    struct qund_str context[SUBJECT_CONTEXTS]; /* the same as rules' words */
    size_t n_context;
    bool quiet;                     /* backfill, replay: no alert, no push */
    bool own;                       /* our own account is the sender */
    struct qund_crm_contact *about; /* whom a join or leave is of; NULL: the sender */
    struct qund_str about_id;       /* on the platform */
    int64_t looked; /* ts of the member list before the one that showed it; 0: a notice tells it */
};
/* As the event calls him, else the platform's id: nobody reads of an unnamed customer. */
static inline struct qund_str qund_subject_called(const struct subject *s)
{
    return s->ev->sender_name.n > 0 ? s->ev->sender_name : s->ev->sender;
}
QUND_CHECK int qund_engine_event(struct qund_engine *e, struct qund_str body);
/* Fills s for s->ev: group, sender, role, and the row it would be. */
QUND_CHECK int qund_subject_look_up(struct qund_engine *e, struct subject *s);

/* Of the event's data object: a string (NONE) or a whole number (0). */
struct qund_str qund_data_str(struct qund_engine *e, struct qund_str data, const char *want);
int64_t qund_data_int(struct qund_engine *e, struct qund_str data, const char *want);

/* --- member.c, look.c: who is in a group --- */
QUND_CHECK int qund_engine_join(struct qund_engine *e, struct subject *s);
QUND_CHECK int qund_engine_leave(struct qund_engine *e, struct subject *s);
QUND_CHECK int qund_engine_look(struct qund_engine *e, struct subject *s);
QUND_CHECK int qund_member_spoke_after(struct qund_engine *e, int64_t grp,
                                       const struct qund_crm_contact *c, int64_t ts, bool *out);

/* --- input.c --- */
#define INPUT_EXTRACTS (QUND_ROOM_MAX + QUND_PHONE_MAX + 9)
bool qund_subject_staff(const struct subject *s); /* staff or bot */
/* e->folded holds the text. *x: what the extractors found (nothing, without sender or text). */
QUND_CHECK int qund_input_extract(struct qund_engine *e, struct subject *s, struct qund_extract *x);
/* Borrowed from e, s, x and found. */
void qund_input_fill(struct qund_engine *e, struct subject *s, const struct qund_extract *x,
                     struct qund_rule_extract found[INPUT_EXTRACTS], struct qund_rule_input *in);

/* --- message.c --- */
QUND_CHECK int qund_engine_message(struct qund_engine *e, struct subject *s);
/* Rules for an event that is no message. */
QUND_CHECK int qund_engine_rules_for(struct qund_engine *e, struct subject *s);

/* --- revoke.c --- */
QUND_CHECK int qund_engine_revoke(struct qund_engine *e, struct subject *s);
/* A message has come: was it revoked before? */
QUND_CHECK int qund_revoke_meets(struct qund_engine *e, struct subject *s);
QUND_CHECK int qund_revoke_sweep(struct qund_engine *e);

/* --- own.c: what we said ourselves, met again --- */
bool qund_own_is(const struct qund_event *ev);
/* Our own account's message: it proves its push. */
QUND_CHECK int qund_own_met(struct qund_engine *e, const struct subject *s);
/* An outcome was applied: its message may have come before it. */
QUND_CHECK int qund_own_told(struct qund_engine *e, const struct qund_out_outcome *o);
/* 1: what it replies to was said by us, though it never came back. */
QUND_CHECK int qund_own_quoted(struct qund_engine *e, const struct subject *s);
/* What it takes back may be of ours: noted. */
QUND_CHECK int qund_own_revoked(struct qund_engine *e, const struct subject *s);

/* --- talk.c --- */
struct talk *qund_talk_new(struct qund_db *db, struct qund_months *months);
struct talk *qund_talk_free(struct talk *t); /* returns NULL */
void qund_talk_forget(struct talk *t);
/* What stood before this (stored) message in its group or private chat. */
QUND_CHECK int qund_talk_before(struct talk *t, const struct qund_message_row *row,
                                struct qund_talk *talk, struct qund_calls *calls);
QUND_CHECK int qund_talk_after(struct talk *t, const struct qund_message_row *row,
                               enum qund_call call);

/* --- small_sql.c --- */
/* The newest call of each kind up to `until`, 0: none. */
QUND_CHECK int qund_call_sql_newest(struct qund_db *db, int64_t grp, int64_t until,
                                    int64_t call_ts[QUND_CALL_KINDS]);
/* The newest few stay: a late message asks for the one before it. */
QUND_CHECK int qund_call_sql_keep(struct qund_db *db, int64_t grp, enum qund_call call, int64_t ts);
QUND_CHECK int qund_revoke_sql_wait(struct qund_db *db, int64_t grp, struct qund_str eid,
                                    int64_t ts);
QUND_CHECK int qund_revoke_sql_count(struct qund_db *db, int64_t *out);
/* 1: one waited for that message, and does no longer. */
QUND_CHECK int qund_revoke_sql_take(struct qund_db *db, int64_t grp, struct qund_str eid);
QUND_CHECK int qund_revoke_sql_forget(struct qund_db *db, int64_t before);
/* A plugin's checkpoint that rode with the entry: kept iff it is newer, also when the event is a
 * repeat. */
QUND_CHECK int qund_state_sql_keep(struct qund_db *db, const struct qund_entry_state *state);

/* --- effect.c --- */
struct verdict {
    struct qund_str intents[24];
    size_t n_intents;
    bool silent; /* a rule behind a `stop` calls it what gets no automatic answer */
};
bool qund_verdict_has(const struct verdict *v, const char *intent);
void qund_verdict_add(struct verdict *v, struct qund_str intent);
QUND_CHECK int qund_engine_effects(struct qund_engine *e, struct subject *s,
                                   const struct qund_rule_hits *hits, struct verdict *v);
QUND_CHECK int qund_engine_alert(struct qund_engine *e, const struct subject *s,
                                 const struct qund_alert_new *n);
/* A line of the live feed; deed: what somebody did about it, NULL: it was raised or counted on. */
QUND_CHECK int qund_engine_show_alert(struct qund_engine *e, int64_t id, const char *deed);

/* --- deed.c: what a person does about an alert, whichever way he says it --- */
enum deed_kind {
    DEED_ACK,
    DEED_RESOLVE,
    DEED_REOPEN,
    DEED_SNOOZE,
    DEED_HAND_OVER,
    DEED_IRRELEVANT
};
#define DEEDS (DEED_IRRELEVANT + 1)
struct deed {
    enum deed_kind kind;
    struct qund_alert_deed d;
    struct qund_alert_end end; /* RESOLVE */
    struct qund_str when;      /* SNOOZE: words; NONE: until */
    int64_t until;
    struct qund_str to; /* HAND_OVER: key or number of a member of staff */
};
/* DENIED: `by` names somebody who is no longer of the staff. */
QUND_CHECK int qund_deed_do(struct qund_engine *e, const struct deed *d, struct qund_err *err);
/* DENIED: `by` is a member of staff, and no longer one. */
QUND_CHECK int qund_deed_still_staff(struct qund_engine *e, struct qund_str by,
                                     struct qund_err *err);
bool qund_deed_known(const char *command);
const char *qund_deed_label(enum deed_kind k); /* of its counter */
/* Answered with the alert as it is then. */
QUND_CHECK int qund_deed_command(struct qund_engine *e, struct qund_command *c);

/* --- gap.c: what cannot be judged --- */
QUND_CHECK int qund_engine_gap(struct qund_engine *e, struct subject *s);
/* 1: something may be missing in that span of the group; the manager is told. 0: judge. */
QUND_CHECK int qund_gap_voids(struct qund_engine *e, int64_t grp, int64_t seq, int64_t from,
                              int64_t until);
QUND_CHECK int qund_gap_voids_rung(struct qund_engine *e, const struct qund_timer *t);
QUND_CHECK int qund_gap_show(struct qund_engine *e);
/* At the start: that nobody was here, when it was long enough to matter. */
QUND_CHECK int qund_gap_since_last_life(struct qund_engine *e);
struct alert_window {
    int64_t grp, seq, since;
    bool open, urgent;
};
QUND_CHECK int qund_alert_window_sql(struct qund_db *db, int64_t id, struct alert_window *out);

/* --- copy.c: several accounts of ours in one group --- */
struct accounts *qund_accounts_new(void);
struct accounts *qund_accounts_free(struct accounts *a); /* returns NULL */
void qund_accounts_forget(struct accounts *a);
/* In a shared group: remembers whose account saw it; 1: the sender is one of ours, too. */
QUND_CHECK int qund_copy_ours(struct qund_engine *e, const struct subject *s);
/* *copy: what is just stored is there already, seen by another account; all is done. */
QUND_CHECK int qund_copy_link(struct qund_engine *e, struct subject *s, bool *copy);
/* The other copies of a message. */
QUND_CHECK int qund_copy_each(struct qund_engine *e, int64_t seq,
                              int (*each)(struct qund_engine *e, int64_t seq));
QUND_CHECK int qund_copy_sweep(struct qund_engine *e);

/* --- say.c: what rules say in chats --- */
const char *qund_say_why_name(enum say_why why);
/* reply, recall or forward: said, or left unsaid for a reason that is counted and shown. */
QUND_CHECK int qund_engine_say(struct qund_engine *e, const struct subject *s,
                               const struct qund_rule_effect *x, const struct verdict *v);
/* An enum say_why, or an rc; *not_before: when it may leave. */
QUND_CHECK int qund_say_may(struct qund_engine *e, const struct subject *s,
                            const struct qund_rule_effect *x, const struct qund_str *intents,
                            size_t n, int64_t *not_before);
/* qund_rule_input.unsaid; arg is the engine. */
const char *qund_say_unsaid(void *arg, const struct qund_rule_effect *x,
                            const struct qund_str *intents, size_t n);

/* --- quiet.c --- */
/* qund_out_quiet_fn; arg is the engine. */
int qund_engine_quiet(void *arg, enum qund_out_rest rest, int64_t clock, int64_t now,
                      struct qund_out_quiet *out);

/* --- order.c --- */
/* A message that is a word of the staff about alerts is done and answered; any other is left. */
QUND_CHECK int qund_engine_order(struct qund_engine *e, const struct subject *s);

/* --- question.c, question_sql.c --- */
/* A message that is owed an answer, or one of the staff that may answer. */
QUND_CHECK int qund_question_open(struct qund_engine *e, struct subject *s, bool urgent);
QUND_CHECK int qund_question_answer(struct qund_engine *e, struct subject *s);
/* A message was taken back: it asks no longer, and what it answered is open again. */
QUND_CHECK int qund_question_withdraw(struct qund_engine *e, const struct qund_message_row *row);
QUND_CHECK int qund_question_done(struct qund_engine *e, int64_t seq, struct qund_str by,
                                  struct qund_err *err);
QUND_CHECK int qund_question_overdue(struct qund_engine *e, const struct qund_timer *t);

enum question_state { QUESTION_OPEN, QUESTION_ANSWERED, QUESTION_DONE, QUESTION_WITHDRAWN };
struct question {
    int64_t seq, grp, contact, ts;
    enum question_state state;
    bool urgent, judged, voided;
    int64_t answer_seq, answer_ts, reply_ms; /* 0: none */
    int64_t was;            /* what answered it before it is judged anew; 0: nothing did */
    char *eid, *pid, *name; /* of the message and its sender; in the arena */
    bool dirty;
};
QUND_CHECK int qund_question_sql_put(struct qund_db *db, const struct question *q);
QUND_CHECK int qund_question_sql_get(struct qund_db *db, struct qund_arena *arena, int64_t seq,
                                     struct question *out);
/* The latest `max` open questions of the group with from < ts < until, oldest first. Returns how
 * many. */
QUND_CHECK int qund_question_sql_open(struct qund_db *db, struct qund_arena *arena, int64_t grp,
                                      int64_t from, int64_t until, struct question *v, size_t max);
/* Around a change at `at`: those asked since `from` that are open, or were answered in [at,
 * *until]; oldest first. Half of `max` are the latest up to `at`, half the earliest after it; when
 * there are more of these, *until becomes the last one's ts: behind it nothing is looked at.
 * Returns how many. */
struct question_span {
    int64_t from, at;
};
QUND_CHECK int qund_question_sql_around(struct qund_db *db, struct qund_arena *arena, int64_t grp,
                                        const struct question_span *span, int64_t *until,
                                        struct question *v, size_t max);

/* --- measure.c --- */
struct measure *qund_measure_new(struct qund_db *db, struct qund_months *months);
struct measure *qund_measure_free(struct measure *m); /* returns NULL */
enum measure_kind { MEASURE_MESSAGE, MEASURE_STAFF, MEASURE_JOIN, MEASURE_LEAVE };
/* contact: the speaker, for MESSAGE. */
QUND_CHECK int qund_measure_count(struct measure *m, enum measure_kind k, int64_t grp, int64_t ts,
                                  int64_t contact);
/* It was counted there and is to be no longer. JOIN and LEAVE. */
QUND_CHECK int qund_measure_uncount(struct measure *m, enum measure_kind k, int64_t grp,
                                    int64_t ts);
/* A message of that hour was taken back: the hour is counted again from the rows. */
QUND_CHECK int qund_measure_recount(struct measure *m, int64_t grp, int64_t ts);
QUND_CHECK int qund_measure_flush(struct measure *m);
void qund_measure_forget(struct measure *m);

/* --- timer.c, command.c --- */
#define ENGINE_SWEEP_MS INT64_C(60000) /* deps.tidy_ms may say more */
#define ENGINE_SWEEP "sweep"           /* the timer that tidies up, and always waits */
#define ENGINE_DIGEST "digest"
/* digest.c: a run begins when its time has come; one step of a run. */
QUND_CHECK int qund_digest_plan(struct qund_engine *e);
QUND_CHECK int qund_digest_run(struct qund_engine *e, const struct qund_timer *t);
QUND_CHECK int qund_engine_timer(struct qund_engine *e, const struct qund_timer *t);
QUND_CHECK int qund_engine_command(struct qund_engine *e, struct qund_command *c);
QUND_CHECK int qund_engine_roster(struct qund_engine *e);
#endif
