/* src/sop/internal.h - what the files of this folder know of each other. */
#ifndef QUND_SOP_INTERNAL_H
#define QUND_SOP_INTERNAL_H
#include "config/config.h"
#include "core/json.h"
#include "core/zone.h"
#include "crm/crm.h"
#include "crm/people.h"
#include "crm/roster.h"
#include "outbox/outbox.h"
#include "sop/plan.h"
#include "sop/sop.h"
#include "sop/task.h"
#include "sop/template.h"
#include "sop/templates.h"
#include "sop/trigger.h"
#include "sop/when.h"
#include "store/db.h"
#include "store/month.h"
#include "store/timers.h"
#include "text/fold.h"
#include <stdio.h>
#include <stdlib.h>

struct sop_kept;   /* template_keep.c: parsed templates by (id, version) */
struct sop_ears;   /* ears.c: what running plans listen for */
struct sop_posts;  /* task_proof.c */
struct sop_people; /* person.c */

struct qund_sop {
    struct qund_sop_deps deps;
    const struct qund_roster *roster; /* NULL: nobody is known */
    struct sop_kept *kept;
    struct sop_ears *ears;
    struct sop_posts *posts; /* made when first needed, as the next */
    struct sop_people *people;
};

/* --- body.c: a command's JSON object as raw values by name --- */
/* raw[i]: the JSON of names[i], NONE when absent or null. INVAL: malformed, or an unknown key (err
 * names the nearest). */
QUND_CHECK int qund_sop_body_read(struct qund_arena *arena, struct qund_str json,
                                  const char *const *names, size_t n, struct qund_str *raw,
                                  struct qund_err *err);
/* Absent (NONE) leaves *out. INVAL with err->where = where. text: a string, a number or a boolean,
 * as it would be typed. */
QUND_CHECK int qund_sop_body_text(struct qund_arena *arena, struct qund_str raw, const char *where,
                                  struct qund_str *out, struct qund_err *err);
QUND_CHECK int qund_sop_body_int(struct qund_str raw, const char *where, int64_t *out,
                                 struct qund_err *err);
QUND_CHECK int qund_sop_body_bool(struct qund_str raw, const char *where, bool *out,
                                  struct qund_err *err);
QUND_CHECK int qund_sop_body_num(struct qund_str raw, const char *where, double *out,
                                 struct qund_err *err);
/* Members of an object, elements of a list (key NONE); a non-zero return ends it. */
typedef int qund_sop_body_fn(void *arg, struct qund_str key, struct qund_str raw);
QUND_CHECK int qund_sop_body_each(struct qund_arena *arena, struct qund_str raw, const char *where,
                                  qund_sop_body_fn *each, void *arg, struct qund_err *err);
/* A member of that name, null or not. */
bool qund_sop_json_has(struct qund_arena *arena, struct qund_str json, struct qund_str key);
/* One member of an object as text: NOTFOUND. */
QUND_CHECK int qund_sop_json_get(struct qund_arena *arena, struct qund_str json,
                                 struct qund_str key, struct qund_str *out);
/* "2026-12-01 14:00" on the zone's clock, ISO 8601 with an offset, or integer milliseconds. */
QUND_CHECK int qund_sop_body_instant(struct qund_arena *arena, const struct qund_zone *z,
                                     struct qund_str raw, const char *where, int64_t *out,
                                     struct qund_err *err);
/* "2026-12-01 14:00" there. */
void qund_sop_local_print(const struct qund_zone *z, int64_t at, struct qund_buf *out);
/* The installation's zone, or the group's. */
const struct qund_zone *qund_sop_zone(const struct qund_sop *s, int64_t grp);

/* --- person.c: a member of staff as cards name him --- */
struct sop_person {
    int64_t staff;
    struct qund_buf name, phone, ids; /* ids: a JSON object, realm → id */
    struct qund_buf targets;          /* his push targets, best first, each on a line of its own */
};
/* Borrowed until the next call. */
QUND_CHECK int qund_sop_person(struct qund_sop *s, int64_t staff, const struct sop_person **out);
struct sop_people *qund_sop_people_free(struct sop_people *p); /* returns NULL */

/* --- template_keep.c --- */
struct sop_kept *qund_sop_kept_new(struct qund_db *db);
struct sop_kept *qund_sop_kept_free(struct sop_kept *k); /* returns NULL */
/* Before a command, timer or event: nobody holds a borrowed template now. */
void qund_sop_kept_rest(struct sop_kept *k);

/* --- template_sql.c --- */
struct sop_version {
    int64_t version;
    bool gone, file;
    char digest[65];
};
/* The latest version of it. NOTFOUND. */
QUND_CHECK int qund_sop_version_sql_last(struct qund_db *db, struct qund_str id,
                                         struct sop_version *out);
QUND_CHECK int qund_sop_version_sql_put(struct qund_db *db, const struct qund_sop_template *t,
                                        int64_t version, bool file, int64_t now);
QUND_CHECK int qund_sop_version_sql_gone(struct qund_db *db, struct qund_str id, bool gone);
/* Ids of those that can be used, in order; file: those of files alone. */
QUND_CHECK int qund_sop_version_sql_each(struct qund_db *db, bool file,
                                         int (*each)(void *arg, struct qund_str id), void *arg);
QUND_CHECK int qund_sop_version_sql_body(struct qund_db *db, struct qund_str id, int64_t version,
                                         struct qund_buf *body);

/* --- plan_sql.c, run_sql.c: rows of plan, plan_target, plan_run, plan_said, plan_goal --- */
QUND_CHECK int qund_plan_sql_insert(struct qund_db *db, const struct qund_plan *p, int64_t *id);
/* Everything but its template, start of life and id. */
QUND_CHECK int qund_plan_sql_put(struct qund_db *db, const struct qund_plan *p);
QUND_CHECK int qund_plan_sql_get(struct qund_db *db, struct qund_arena *arena, int64_t id,
                                 struct qund_plan *out);
/* Ids of plans in that state, oldest first; at most max, those above `after`. Returns how many. */
QUND_CHECK int qund_plan_sql_in_state(struct qund_db *db, enum qund_plan_state state, int64_t after,
                                      int64_t *ids, size_t max);
/* Its groups in the arena, ascending; 0 stands for "of no group". */
QUND_CHECK int qund_plan_sql_targets(struct qund_db *db, struct qund_arena *arena, int64_t plan,
                                     int64_t **grps, size_t *n);
QUND_CHECK int qund_plan_sql_target(struct qund_db *db, int64_t plan, int64_t grp, bool on);
QUND_CHECK int qund_plan_sql_said(struct qund_db *db, int64_t plan, struct qund_str name, double n,
                                  int64_t now, struct qund_str by);
QUND_CHECK int qund_plan_sql_say(struct qund_db *db, int64_t plan, struct qund_str name,
                                 double *out, bool *known);
QUND_CHECK int qund_plan_sql_goal(struct qund_db *db, int64_t plan, struct qund_str name,
                                  struct qund_str wanted, const double *mark, const double *figure);

struct sop_run {
    int64_t plan, contact, grp, round, began;
    enum qund_plan_state state;
};
/* The latest of that person there. NOTFOUND. */
QUND_CHECK int qund_run_sql_last(struct qund_db *db, int64_t plan, int64_t contact, int64_t grp,
                                 struct sop_run *out);
QUND_CHECK int qund_run_sql_insert(struct qund_db *db, const struct sop_run *r,
                                   struct qund_str reason);
QUND_CHECK int qund_run_sql_end(struct qund_db *db, const struct sop_run *r,
                                enum qund_plan_state state, struct qund_str reason);
/* Its state, or NOTFOUND. */
QUND_CHECK int qund_run_sql_state(struct qund_db *db, const struct sop_run *r);
/* Open runs: of a person in any plan (plan 0), or of a plan of anybody (contact 0), in order behind
 * `after`. At most max; returns how many. */
QUND_CHECK int qund_run_sql_open(struct qund_db *db, int64_t plan, int64_t contact,
                                 const struct sop_run *after, struct sop_run *out, size_t max);
/* 1: something of it is not finished. */
QUND_CHECK int qund_run_sql_left(struct qund_db *db, const struct sop_run *r);
/* True: somebody's run is open. */
QUND_CHECK int qund_run_sql_any(struct qund_db *db, bool *out);

/* --- template_command.c --- */
struct sop_refused {             /* of the folders' files, when they were read last */
    struct qund_str where, text; /* the first error; in the arena, where with a NUL behind it */
    int64_t more;                /* errors besides */
};
/* NOTFOUND: they are in force. */
QUND_CHECK int qund_templates_refusal(struct qund_db *db, struct qund_arena *arena,
                                      struct sop_refused *out);

/* --- draft: what a plan would be (draft.c, draft_ask.c, draft_check.c, draft_quota.c, …) --- */
#define SOP_GROUPS_MAX 2000u
#define SOP_CONTACTS_MAX 5000u
#define SOP_TASKS_MAX 50000u
#define SOP_FINDINGS_MAX 100u
#define SOP_CLASHES_MAX 200u

struct sop_place { /* a group of the draft */
    int64_t id;
    struct qund_str name, realm; /* in the arena */
    enum qund_group_state state;
    enum qund_group_type type;
    bool internal;
    struct qund_sop_clock clock;
};
struct sop_item { /* a task it would have */
    const struct qund_sop_step *step;
    size_t place;
    int64_t wanted, due, closes;
    enum qund_sop_moved moved;
    bool past;
};
struct sop_said_new {
    struct qund_str name;
    double n;
};
struct sop_draft {
    struct qund_sop *s;
    struct qund_arena *arena;
    int64_t now;
    bool force;
    int64_t edits;                /* the plan whose tasks it replaces; 0: a new one */
    int64_t was_start, was_event; /* of that plan */
    struct qund_plan plan;
    const struct qund_sop_template *t;
    struct sop_place *places;
    int64_t *contacts;
    struct sop_said_new *said;
    struct sop_item *items; /* by place, in order of steps */
    struct qund_sop_clash *clashes;
    size_t *clash_items;     /* the item of each */
    int64_t *clash_contacts; /* whom it is written to; 0: a group */
    size_t n_places, n_contacts, n_said, n_items, n_clashes, all_clashes;
    struct qund_errs problems; /* it is refused because of these */
    struct qund_errs warnings;
};
struct sop_draft_ask { /* a command's raw values; NONE: as it is */
    struct qund_str template, version, name, groups, contacts, start, event, until, params, deliver,
        figures, force;
};
void qund_draft_init(struct sop_draft *d, struct qund_sop *s, struct qund_arena *arena, int64_t now,
                     struct qund_str by);
void qund_draft_done(struct sop_draft *d);
static inline void qund_draft_done_p(struct sop_draft *d)
{
    qund_draft_done(d);
}
/* What is typed. INVAL, NOTFOUND: nothing can be made of it at all; else what is wrong is among the
 * problems. */
QUND_CHECK int qund_draft_ask(struct sop_draft *d, const struct sop_draft_ask *ask,
                              struct qund_err *err);
/* An existing plan as a draft, before what is asked changes it. */
QUND_CHECK int qund_draft_of(struct sop_draft *d, int64_t plan, struct qund_err *err);
QUND_CHECK int qund_draft_place(struct sop_draft *d, int64_t grp);
/* Tasks, checks, clashes. */
QUND_CHECK int qund_draft_make(struct sop_draft *d);
QUND_CHECK int qund_draft_check(struct sop_draft *d);
QUND_CHECK int qund_draft_check_words(struct sop_draft *d);
QUND_CHECK int qund_draft_check_figures(struct sop_draft *d);
QUND_CHECK int qund_draft_quota(struct sop_draft *d);
/* The first clash is among the problems; a refusal names the next ones, too, and counts the rest.
 */
QUND_CHECK int qund_draft_quota_rest(struct sop_draft *d);
void qund_draft_clock(struct sop_draft *d, struct sop_place *p);
/* The instants of one step there. 0; NOTFOUND: it waits for something to happen. */
QUND_CHECK int qund_sop_item_make(const struct qund_sop_clock *c, const struct qund_sop_step *step,
                                  int64_t now, struct sop_item *out);
/* The first problem as a refusal, with what else is wrong counted; 0: none. */
QUND_CHECK int qund_draft_refuse(const struct sop_draft *d, struct qund_err *err);
void qund_draft_print(struct sop_draft *d, bool tasks, struct qund_buf *out);
/* Goals as they are wanted, and the figures that were given. */
QUND_CHECK int qund_draft_keep_figures(struct sop_draft *d);
/* Rows: the plan, whom it is for, tasks, goals, timers. */
QUND_CHECK int qund_draft_keep(struct sop_draft *d, struct qund_sop_effects *fx);

/* --- plan.c --- */
/* The target by which posts leave so in the groups of that realm; NONE: there is none. */
struct qund_str qund_sop_voice(const struct qund_config *c, struct qund_str realm,
                               enum qund_plan_deliver how);

/* --- place_sql.c --- */
/* The group of that platform id or name. EXISTS: several. */
QUND_CHECK int qund_place_sql_named(struct qund_db *db, struct qund_str name, int64_t *id);
/* Active ones; non-zero stops and is returned. */
QUND_CHECK int qund_place_sql_tagged(struct qund_db *db, struct qund_str tag,
                                     int (*each)(void *arg, int64_t id), void *arg);
QUND_CHECK int qund_place_sql_typed(struct qund_db *db, int type,
                                    int (*each)(void *arg, int64_t id), void *arg);
/* Somebody is named for that role there: staff, or an invited customer. */
QUND_CHECK int qund_place_sql_holds(struct qund_db *db, int64_t grp, struct qund_str role,
                                    bool *out);
QUND_CHECK int qund_place_sql_member(struct qund_db *db, int64_t grp, int64_t contact, bool *out);
/* Those who are in the group, above `after`; at most max, returns how many. */
QUND_CHECK int qund_place_sql_members(struct qund_db *db, int64_t grp, int64_t after, int64_t *ids,
                                      size_t max);

/* --- figures.c: numbers a person says of a plan --- */
/* "stock.toolkit" → "stock:toolkit"; INVAL with those the template knows. */
QUND_CHECK int qund_sop_figure_name(struct qund_arena *arena, const struct qund_sop_template *t,
                                    struct qund_str said, struct qund_str *out,
                                    struct qund_err *err);
/* As the row is called; "stock" is "stock:". */
struct qund_str qund_sop_figure_key(struct qund_arena *arena, struct qund_str name);
/* All that the template asks for: "stock.toolkit", "capacity", "satisfaction", "forecast.low". */
void qund_sop_figures_each(struct qund_arena *arena, const struct qund_sop_template *t,
                           void (*each)(void *arg, const char *name), void *arg);

/* --- what follows from a template --- */
bool qund_sop_personal(const struct qund_sop_template *t);  /* has runs */
bool qund_sop_listening(const struct qund_sop_template *t); /* begins by what happens */
bool qund_sop_needs_event(const struct qund_sop_template *t);
/* Counted among the one-to-one SOPs of which a person has one at a time. */
bool qund_sop_courts(const struct qund_sop_template *t);
bool qund_sop_posts_in_group(const struct qund_sop_template *t);
bool qund_sop_is_post(enum qund_sop_channel c); /* read by a group */

/* --- plan_task.c --- */
struct sop_task_of {
    const struct qund_plan *plan;
    const struct qund_sop_template *t;
    const struct qund_sop_step *step;
    int64_t grp, contact, round;
};
void qund_plan_task_new(struct qund_arena *arena, const struct sop_task_of *of,
                        const struct sop_item *item, struct qund_task_new *out);
/* A row with what is known of it from the start: skipped(past), or a follower. */
QUND_CHECK int qund_plan_task_add(struct qund_sop *s, const struct sop_task_of *of,
                                  const struct sop_item *item, int64_t now,
                                  struct qund_sop_effects *fx);
/* plan_task_sql.c: rows of `task` as a plan needs them (written by task_sql.c alone) */
struct sop_task_row {
    int64_t id, grp, contact, round, wanted, due, closes, merged;
    int state; /* enum qund_task_state */
    char step[16];
    bool past, paused; /* its reason */
};
/* All of a plan that are no plan Bs, oldest first; *rows is the caller's (qund_free). */
QUND_CHECK int qund_plan_task_sql_list(struct qund_db *db, int64_t plan, struct sop_task_row **rows,
                                       size_t *n);
/* The post of that step there that went out last, or will: the latest that leads. NOTFOUND. */
QUND_CHECK int qund_plan_task_sql_leader(struct qund_db *db, int64_t plan, int64_t grp,
                                         struct qund_str step, struct sop_task_row *out);
/* Tasks that are not over and have not been told to anybody, due in [from, until) or late already,
 * in order of time; posts that another one speaks for are left out. At most max; how many. */
struct sop_coming {
    int64_t from, until, plan, grp; /* plan, grp 0: of any */
};
QUND_CHECK int qund_plan_task_sql_coming(struct qund_db *db, const struct sop_coming *x,
                                         int64_t *ids, size_t max);
/* Marketing posts in that group which other plans hold, due in [from, until). */
QUND_CHECK int qund_plan_task_sql_posts(struct qund_db *db, int64_t grp, int64_t but_plan,
                                        int64_t from, int64_t until,
                                        int (*each)(void *arg, const struct qund_sop_post *p),
                                        void *arg);
/* Marketing messages to that person alone, likewise. */
QUND_CHECK int qund_plan_task_sql_to(struct qund_db *db, int64_t contact, int64_t but_plan,
                                     int64_t from, int64_t until,
                                     int (*each)(void *arg, const struct qund_sop_post *p),
                                     void *arg);

/* --- run.c: one person's way through a plan --- */
/* *customer: somebody plans may speak to there. */
QUND_CHECK int qund_run_role(struct qund_sop *s, int64_t contact, int64_t grp, bool *customer,
                             bool *opt_out);
QUND_CHECK int qund_run_begin(struct qund_sop *s, const struct qund_plan *plan,
                              const struct qund_sop_template *t, int64_t contact, int64_t grp,
                              int64_t now, struct qund_sop_effects *fx);
QUND_CHECK int qund_run_end(struct qund_sop *s, const struct sop_run *r, enum qund_plan_state state,
                            struct qund_str reason, int64_t now, struct qund_sop_effects *fx);

/* --- merge.c: one post for several people --- */
/* Looks for the post that will speak for this one: n->merged and n->due are set, or n->due is put
 * behind the last one. */
QUND_CHECK int qund_merge_find(struct qund_sop *s, const struct qund_sop_clock *c,
                               const struct qund_sop_step *step, struct qund_task_new *n);
/* That person's run ends: posts of theirs that speak for others go on without them. */
QUND_CHECK int qund_merge_leave(struct qund_sop *s, const struct sop_run *r);
/* "甲、乙、丙、丁、戊等7位": whom it speaks for. */
QUND_CHECK int qund_merge_nicks(struct qund_sop *s, int64_t task, struct qund_buf *out);
/* merge_sql.c: open tasks of that person's run that speak for others, too; at most max. */
QUND_CHECK int qund_merge_sql_leads(struct qund_db *db, const struct sop_run *r, int64_t *ids,
                                    size_t max);
/* The first of those that follow it takes its person's place, and the other way round. */
QUND_CHECK int qund_merge_sql_next(struct qund_db *db, int64_t leader);
enum { SOP_NICKS = 5 };
struct sop_nicks {
    char name[SOP_NICKS][64];
    size_t n, all;
};
QUND_CHECK int qund_merge_sql_nicks(struct qund_db *db, int64_t leader, struct sop_nicks *out);

/* --- fill_sql.c; NOTFOUND: nothing is known --- */
QUND_CHECK int qund_fill_sql_nick(struct qund_db *db, int64_t grp, int64_t contact,
                                  struct qund_buf *out);
/* Of the last order: the end of its number, or what was bought. */
QUND_CHECK int qund_fill_sql_order(struct qund_db *db, int64_t contact, bool tail,
                                   struct qund_buf *out);

/* --- plan_over.c --- */
/* ">=15", "<=8% of new": a parameter that is compared with stands there as it was typed. */
void qund_plan_goal_print(const struct qund_plan *plan, const struct qund_sop_template *t,
                          const struct qund_sop_target *g, struct qund_buf *out);
/* qund_plan_settle, and a plan for persons with all its runs. */
QUND_CHECK int qund_plan_look_over(struct qund_sop *s, int64_t plan, int64_t now,
                                   struct qund_sop_effects *fx);
void qund_plan_feed(struct qund_sop_effects *fx, const struct qund_plan *plan, const char *event);
QUND_CHECK int qund_plan_sweep_timer(struct qund_sop *s, int64_t now);
/* plan_begin.c: when it starts, runs of these begin (none: of those its template is for). */
QUND_CHECK int qund_plan_begin_timer(struct qund_sop *s, const struct qund_plan *plan,
                                     const int64_t *contacts, size_t n);
/* The group in which a plan meets that person: the first of its own that they are in. 1; 0: they
 * are in none of them (*grp: its first). A plan of no group (*grp 0) meets everybody. */
QUND_CHECK int qund_plan_meets(struct qund_sop *s, struct qund_arena *arena, int64_t plan,
                               int64_t contact, int64_t *grp);
/* sweep_sql.c: people for whom a plan may begin, above `after`; grp 0: anybody. At most max,
 * returns how many. */
QUND_CHECK int qund_sweep_sql_dormant(struct qund_db *db, int64_t plan, int64_t grp, int64_t before,
                                      int64_t after, int64_t *ids, size_t max);
QUND_CHECK int qund_sweep_sql_birthday(struct qund_db *db, int64_t grp, struct qund_str month_day,
                                       int64_t after, int64_t *ids, size_t max);
/* Whom a plan ran for; finished: those only who went through all of it. */
QUND_CHECK int qund_run_sql_people(struct qund_db *db, int64_t plan, bool finished, int64_t *ids,
                                   size_t max);

/* --- trigger.c --- */
/* A plan of that template, or a person's run of it, has finished there: who waits for it begins. */
QUND_CHECK int qund_sop_plan_ended(struct qund_sop *s, struct qund_str template, int64_t grp,
                                   int64_t contact, int64_t now, struct qund_sop_effects *fx);

/* --- ears.c --- */
struct sop_ears *qund_sop_ears_new(void);
struct sop_ears *qund_sop_ears_free(struct sop_ears *e); /* returns NULL */
/* A plan began or ended to listen, or a run began. */
void qund_sop_ears_void(struct sop_ears *e);
struct sop_ear { /* a running plan that listens */
    int64_t plan, from, until;
    enum qund_sop_trigger trigger;
    struct qund_str what; /* folded, of keyword */
    int64_t *groups;      /* ascending; {0}: people of any group or none */
    size_t n_groups;
    bool begins, hears_on; /* runs begin by its trigger; steps wait for something (on:) */
    bool personal;
    struct qund_str template; /* id */
    int64_t version;
};
QUND_CHECK int qund_sop_ears_all(struct qund_sop *s, const struct sop_ear **v, size_t *n,
                                 bool *runs);
bool qund_sop_ear_hears(const struct sop_ear *e, int64_t grp);
#endif
