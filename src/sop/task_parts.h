/* src/sop/task_parts.h - between the files that handle tasks; for this folder only. */
#ifndef QUND_SOP_TASK_PARTS_H
#define QUND_SOP_TASK_PARTS_H
#include "sop/internal.h"
#include "sop/measure.h"
#include "sop/task_work.h"

/* --- task_all.c: a task with all that its handling asks for; in the arena --- */
struct task_all {
    struct qund_task t;
    struct qund_plan plan;
    const struct qund_sop_template *tpl;
    const struct qund_sop_step *step;
    const struct qund_sop_say *say; /* the step's, or its plan B's */
    struct qund_sop_clock clock;
};
QUND_CHECK int qund_task_all(struct qund_sop *s, struct qund_arena *arena, int64_t id,
                             struct task_all *out);
#define SOP_LATE_MS (5 * 60000) /* behind its time by more: the daemon was down */
/* An alert about it; its rule is "sop:<template>:<step>", and ":<to>" when that is not the manager.
 */
void qund_task_alert(struct qund_sop_effects *fx, const struct task_all *a, struct qund_str level,
                     struct qund_str to, struct qund_str title, int64_t now);
/* The manager hears that what was expected did not come; its rule ends in ":judged", so that an
 * alert of the step a moment ago does not fold it away. */
void qund_task_alert_judged(struct qund_sop_effects *fx, const struct task_all *a,
                            struct qund_str title, int64_t now);
/* What nobody did or could judge at `at`, for the manager. Found out late, because nobody was
 * there, all of a plan and group is one alert, "sop:<template>:away", at the present. */
void qund_task_alert_missed(struct qund_sop_effects *fx, const struct task_all *a,
                            struct qund_str level, struct qund_str title, int64_t at);
/* Its variables filled, appended; *missing: how many nobody knows. */
QUND_CHECK int qund_task_fill(struct qund_sop *s, const struct task_all *a, struct qund_str text,
                              int64_t now, struct qund_buf *out, size_t *missing);
/* How its words come into the group, as its plan was made and the configuration allows. */
struct task_voice {
    enum qund_plan_deliver how; /* PERSON: somebody is told, and posts */
    struct qund_str target;
    struct qund_crm_group *group;
};
QUND_CHECK int qund_task_voice(struct qund_sop *s, const struct task_all *a,
                               struct task_voice *out);

/* --- task_move.c --- */
/* qund_task_move of a task in hand, with what its caller has changed in it: one write of the row.
 */
QUND_CHECK int qund_task_move_in_hand(struct qund_sop *s, struct qund_task *t,
                                      const struct qund_task_change *c,
                                      struct qund_sop_effects *fx);
QUND_CHECK int qund_task_timer(struct qund_sop *s, const char *kind, int64_t task, int64_t due);
QUND_CHECK int qund_task_no_timer(struct qund_sop *s, const char *kind, int64_t task);

/* --- task_who.c --- */
/* How a role is filled here and now. */
enum task_filled {
    TASK_FILLED,
    TASK_FILLED_EXPERT, /* by the consultant: the manager is to know */
    TASK_NO_ACTOR,      /* nobody was invited: its plan B runs */
    TASK_NOBODY         /* held */
};
struct task_who {
    enum task_filled how;
    enum qund_sop_role role; /* as filled */
    int64_t staff;           /* who is told */
    int64_t stands_for;      /* > 0: a stand-in for that person */
    bool true_count;         /* first_buyer: staff announce the true number, nothing is disclosed */
};
QUND_CHECK int qund_task_who(struct qund_sop *s, const struct task_all *a, int64_t now,
                             struct task_who *out);
/* Who holds a role there at t, roster first; how many were written (at most QUND_DUTY_MAX). */
void qund_sop_role_holders(const struct qund_sop *s, int64_t grp, struct qund_str role, int64_t t,
                           struct qund_duty *out);

/* --- task_push.c --- */
struct task_telling {
    const char *why;   /* part of the key: "due", "urge", "late" */
    const char *level; /* info | warn | urgent */
    int n;             /* which one of its kind */
    int64_t now;
};
/* Whether its push keeps the hours of rest. */
enum qund_out_rest qund_task_rest(const struct task_all *a, int64_t now);
/* 1: there is somewhere to tell that person. */
QUND_CHECK int qund_task_reaches(struct qund_sop *s, int64_t staff);
/* A card to that person at all of his targets. *told: there was one. */
QUND_CHECK int qund_task_card(struct qund_sop *s, const struct task_all *a, int64_t staff,
                              const struct task_telling *t, bool *told);
/* It is ready, and said as its plan was made: by a card, by our own account, by what somebody
 * confirms. */
QUND_CHECK int qund_task_tell(struct qund_sop *s, struct task_all *a, int64_t now,
                              struct qund_sop_effects *fx);
/* Its card goes to who does it, else to who can be reached. A task that nobody can be told of stays
 * as it is, and the manager hears of it. */
QUND_CHECK int qund_task_tell_person(struct qund_sop *s, struct task_all *a, int64_t now,
                                     struct qund_sop_effects *fx);

/* --- task_say.c --- */
/* Our own account says it, or it is laid before who does the task to be confirmed. */
QUND_CHECK int qund_task_say(struct qund_sop *s, const struct task_all *a,
                             const struct task_voice *v, int64_t now);

/* --- task_cond.c --- */
/* Does it hold at `now`? The window of a metric without `in` begins at `since`. What nobody knows
 * does not hold. */
QUND_CHECK int qund_sop_cond_holds(struct qund_sop *s, const struct task_all *a,
                                   const struct qund_sop_cond *c, int64_t since, int64_t now,
                                   bool *out);
/* The first stop condition that holds, of its step or its plan; NULL: none. */
QUND_CHECK int qund_task_stop(struct qund_sop *s, const struct task_all *a, int64_t since,
                              int64_t now, const struct qund_sop_cond **out);
QUND_CHECK int qund_task_span(struct qund_sop *s, struct qund_arena *arena,
                              const struct task_all *a, struct qund_sop_span *out);

/* --- task_watch.c --- */
/* 1: something of what is expected of it may not have reached us in (from, until). */
QUND_CHECK int qund_expect_blind(struct qund_sop *s, const struct task_all *a, int64_t from,
                                 int64_t until);
/* The step's alert, once, if its condition holds. */
QUND_CHECK int qund_task_alarm(struct qund_sop *s, struct task_all *a, int64_t since, int64_t now,
                               struct qund_sop_effects *fx);
/* Alert and stop conditions are looked at again; sets the timer. */
QUND_CHECK int qund_task_watch_from(struct qund_sop *s, const struct task_all *a, int64_t now);

/* --- judge.c --- */
/* It is done, or was pushed: what is expected from then on. Nothing, when there is nothing. */
QUND_CHECK int qund_expect_open(struct qund_sop *s, struct task_all *a, int64_t opens, int64_t now,
                                struct qund_sop_effects *fx);
/* It ended without a post. */
QUND_CHECK int qund_expect_none(struct qund_sop *s, struct task_all *a, const char *told,
                                int64_t now, struct qund_sop_effects *fx);
/* judge_sql.c */
struct sop_expectation {
    int64_t task, opens, closes;
    bool has_wanted;
    double wanted;
    int outcome;
};
enum sop_outcome { SOP_OPEN, SOP_HIT, SOP_MISS, SOP_VOID };
QUND_CHECK int qund_expect_sql_put(struct qund_db *db, const struct sop_expectation *x,
                                   const double *base);
QUND_CHECK int qund_expect_sql_get(struct qund_db *db, int64_t task, struct sop_expectation *out);
QUND_CHECK int qund_expect_sql_end(struct qund_db *db, int64_t task, enum sop_outcome outcome,
                                   struct qund_str reason, const double *figure, int64_t now);

/* --- plan_b.c --- */
/* The plan B of that task, once. Nothing, when its step has none. */
QUND_CHECK int qund_plan_b(struct qund_sop *s, const struct task_all *a, int64_t now,
                           struct qund_sop_effects *fx);

/* --- task_sql.c --- */
QUND_CHECK int qund_task_sql_insert(struct qund_db *db, const struct qund_task_new *n, int64_t *id);
/* The row as t has it; t is of qund_task_get. */
QUND_CHECK int qund_task_sql_set(struct qund_db *db, struct qund_task *t);
QUND_CHECK int qund_task_sql_posted(struct qund_db *db, int64_t id, int64_t seq,
                                    struct qund_str posted, int score);
QUND_CHECK int qund_task_sql_number(struct qund_db *db, int64_t id, double number);
QUND_CHECK int qund_task_sql_log(struct qund_db *db, int64_t id, enum qund_task_state state,
                                 const struct qund_task_change *c);
/* How often that happened to it. */
QUND_CHECK int qund_task_sql_times(struct qund_db *db, int64_t id, enum qund_task_event e,
                                   int64_t *out);
/* Those that match, oldest first, at most max; returns how many. */
QUND_CHECK int qund_task_sql_followers(struct qund_db *db, int64_t id, int64_t *ids, size_t max);
QUND_CHECK int qund_task_sql_open_of(struct qund_db *db, int64_t plan, int64_t grp, int64_t contact,
                                     int64_t after, unsigned states, int64_t *ids, size_t max);
QUND_CHECK int qund_task_sql_by_seq(struct qund_db *db, int64_t seq, int64_t *ids, size_t max);
/* What a post of that time in that group may prove. */
QUND_CHECK int qund_task_sql_provable(struct qund_db *db, int64_t grp, int64_t ts, int64_t early_ms,
                                      int64_t *ids, size_t max);
/* Expired ones without a post whose window ended before ts, by late_ms at the most. */
QUND_CHECK int qund_task_sql_expired(struct qund_db *db, int64_t grp, int64_t ts, int64_t late_ms,
                                     int64_t *ids, size_t max);
/* From when on a post of that group may be that of one of them; INT64_MAX: nothing waits. */
QUND_CHECK int qund_task_sql_first(struct qund_db *db, int64_t grp, int64_t now, int64_t late_ms,
                                   int64_t *out);
QUND_CHECK int qund_task_sql_people(struct qund_db *db, int64_t id, int64_t *out, size_t max);
/* Posts that count against a cap, other than `but`. */
struct sop_load_span {
    int64_t day, day_end, month, month_end, week, week_end; /* [from, to) each */
    int64_t grp, contact, staff, but;
};
QUND_CHECK int qund_task_sql_load(struct qund_db *db, const struct sop_load_span *x,
                                  struct qund_sop_load *out);

/* --- task_media.c --- */
#define TASK_MEDIA_MAX 32
struct task_media { /* of a post; NONE: not told. Borrowed from its JSON and the arena */
    struct qund_str sha[TASK_MEDIA_MAX], name[TASK_MEDIA_MAX];
    size_t n;
};
enum task_shown { TASK_SHOWN_NOT, TASK_SHOWN_NAME, TASK_SHOWN_HASH };
void qund_task_media_read(struct qund_str json, struct qund_arena *arena, struct task_media *out);
/* asked: the task's, a JSON array of names and "sha256:…". */
enum task_shown qund_task_media_shows(const struct task_media *m, struct qund_str asked,
                                      struct qund_arena *arena);

/* --- task_proof.c --- */
/* A task of that group has changed: what memory knows of it is void. */
void qund_posts_forget(struct qund_sop *s, int64_t grp);
#endif
