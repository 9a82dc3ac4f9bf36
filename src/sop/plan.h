/* src/sop/plan.h - a template applied to groups or people from a date on (essay in plan.c).
 *
 * Engine thread, inside the batch's transaction, but for what is marked "any handle". */
#ifndef QUND_SOP_PLAN_H
#define QUND_SOP_PLAN_H
#include "sop/sop.h"
#include "sop/template.h"
#include "sop/when.h"

enum qund_plan_state { /* stored; of plans and of runs */
                       QUND_PLAN_RUNNING,
                       QUND_PLAN_PAUSED,
                       QUND_PLAN_FINISHED,
                       QUND_PLAN_CANCELLED
};
#define QUND_PLAN_STATES (QUND_PLAN_CANCELLED + 1)
const char *qund_plan_state_name(enum qund_plan_state s);
int qund_plan_state_parse(struct qund_str name); /* the state, or NOTFOUND */

/* Who says what a plan says in groups. */
enum qund_plan_deliver {                      /* stored (plan.direct) */
                         QUND_DELIVER_PERSON, /* staff are reminded, and post */
                         QUND_DELIVER_DIRECT, /* our own account, where a target speaks there */
                         QUND_DELIVER_CONFIRM /* staff, by one tap on what a target laid before
                                                 them */
};
#define QUND_DELIVERS (QUND_DELIVER_CONFIRM + 1)
const char *qund_plan_deliver_name(enum qund_plan_deliver d);
int qund_plan_deliver_parse(struct qund_str name); /* one of them, or NOTFOUND */

struct qund_plan {
    int64_t id, version;
    enum qund_plan_state state;
    enum qund_plan_deliver deliver;
    int64_t start, event; /* the trigger's instant; T, 0: none */
    int64_t until;        /* listens for people until then; 0: for ever */
    int64_t after;        /* plan it follows; 0: none */
    int64_t made, ended;  /* 0: not ended */
    struct qund_str template, name, reason, params, made_by; /* in the arena; params: JSON object */
};
QUND_CHECK int qund_plan_get(struct qund_sop *s, struct qund_arena *arena, int64_t id,
                             struct qund_plan *out); /* NOTFOUND */
/* The very version, parsed once and kept; borrowed until the next call from the engine that is not
 * nested in this one. NULL: no such row, or it cannot be read (any more), *rc says which. */
const struct qund_sop_template *qund_plan_template(struct qund_sop *s, struct qund_str id,
                                                   int64_t version, int *rc);
/* The step as the plan's version has it; where an edit took it out (or its plan B), as the last
 * version before that had it: what was pushed goes on by it. NULL: *rc. */
const struct qund_sop_step *qund_plan_step(struct qund_sop *s, const struct qund_plan *plan,
                                           struct qund_str id, bool plan_b, int *rc);
/* Zone of the group, quiet hours, and where T, D0 and "+" lie for it; for a person's run (contact
 * > 0 in a plan that has runs) these are the run's. */
QUND_CHECK int qund_plan_clock(struct qund_sop *s, const struct qund_plan *plan, int64_t grp,
                               int64_t contact, struct qund_sop_clock *out);
/* What a person said of it (plan.set, plan.flag: "stock:toolkit", "satisfaction",
 * "flag:safety_issue"). */
QUND_CHECK int qund_plan_said(struct qund_sop *s, int64_t plan, struct qund_str name, double *out,
                              bool *known);
/* What was typed when it was made, else the template's preset, else what follows from the event's
 * instant (event.date, event.time, …). NOTFOUND. t: of the plan. */
QUND_CHECK int qund_plan_param(const struct qund_plan *plan, const struct qund_sop_template *t,
                               const struct qund_sop_clock *c, struct qund_str name,
                               struct qund_buf *out);
void qund_sop_caps_of(const struct qund_sop *s, struct qund_sop_caps *out);

/* --- contents (fill.c) --- */
struct qund_fill_ask {
    const struct qund_plan *plan;
    const struct qund_sop_template *t;
    const struct qund_sop_clock *clock; /* NULL: as qund_plan_clock says */
    int64_t grp, contact, task;         /* 0: none. task: for {{merged.nicks}} */
    int64_t now;
};
/* The text with its variables filled; *missing counts what nobody knows: 〔name〕 stands there. */
QUND_CHECK int qund_plan_fill(struct qund_sop *s, const struct qund_fill_ask *ask,
                              struct qund_str text, struct qund_buf *out, size_t *missing);

/* --- commands (plan_command.c): plan.create, .preview, .content, .pause, .resume, .edit, .cancel,
 * .clone, .flag, .set, sop.templates, sop.refused, template.put, template.drop --- */
bool qund_plan_command_known(const char *name);
struct qund_plan_ask {
    const char *name;     /* of the command */
    struct qund_str body; /* JSON object */
    struct qund_str by;   /* "token:3", "cli" */
    const void *attach;   /* sop.templates: const struct qund_sop_templates * */
    int64_t now;
};
/* reply: a JSON object. INVAL, NOTFOUND, DENIED, EXISTS with err filled. */
QUND_CHECK int qund_plan_command(struct qund_sop *s, const struct qund_plan_ask *ask,
                                 struct qund_sop_effects *fx, struct qund_buf *reply,
                                 struct qund_err *err);

/* --- timers --- */
#define QUND_PLAN_BEGIN "plan.begin" /* key: the plan's number */
#define QUND_PLAN_SWEEP "plan.sweep"
/* Runs of those it is for begin. body: the timer's. A plan that has ended since is left. */
QUND_CHECK int qund_plan_begin(struct qund_sop *s, int64_t plan, struct qund_str body, int64_t now,
                               struct qund_sop_effects *fx);
/* Once an hour while plans run: who is dormant or has a birthday, runs and plans that are over.
 * Sets its own timer again. */
QUND_CHECK int qund_plan_sweep(struct qund_sop *s, int64_t now, struct qund_sop_effects *fx);
/* Ends the plan if nothing of it is left to be done; one for persons is the hourly round's. */
QUND_CHECK int qund_plan_settle(struct qund_sop *s, int64_t plan, int64_t now,
                                struct qund_sop_effects *fx);
/* enum qund_plan_state of that run, or NOTFOUND. */
QUND_CHECK int qund_plan_run_state(struct qund_sop *s, int64_t plan, int64_t contact, int64_t grp,
                                   int64_t round);
/* A person's run ends: its open tasks are cancelled for that reason. */
QUND_CHECK int qund_plan_run_end(struct qund_sop *s, int64_t plan, int64_t contact, int64_t grp,
                                 struct qund_str reason, int64_t now, struct qund_sop_effects *fx);

/* --- reading, any handle (plan_read_sql.c, task_read_sql.c) --- */
/* One plan with goals, groups, counts and tasks as a JSON object. NOTFOUND. */
QUND_CHECK int qund_sop_plan_print(struct qund_db *db, int64_t id, struct qund_buf *json);
struct qund_plan_filter {
    int state;                /* enum qund_plan_state; -1: any */
    struct qund_str template; /* NONE: any */
    int64_t group;            /* 0: any */
    int64_t before_id;        /* newest first, ids below this; 0: from the newest */
    int limit;
};
/* Appends `{…},{…}` and returns how many; *next is the cursor (0: no more). */
QUND_CHECK int qund_sop_plan_list(struct qund_db *db, const struct qund_plan_filter *f,
                                  struct qund_buf *json, int64_t *next);
struct qund_task_filter {
    int64_t from, until;         /* due in [from, until); 0, 0: any */
    int64_t plan, group, staff;  /* 0: any */
    unsigned states;             /* bits 1 << enum qund_task_state; 0: any */
    int64_t after_due, after_id; /* oldest first, behind this one; 0, 0: from the first */
    int limit;
    const struct qund_zone *zone; /* for days in texts; NULL: {{event.date}} stays */
};
QUND_CHECK int qund_sop_task_list(struct qund_db *db, const struct qund_task_filter *f,
                                  struct qund_buf *json, int64_t *next_due, int64_t *next_id);
/* One task with its expectation and its log; zone as in the filter. NOTFOUND. */
QUND_CHECK int qund_sop_task_print(struct qund_db *db, int64_t id, const struct qund_zone *zone,
                                   struct qund_buf *json);
/* The latest version of each template: `{…},{…}`. */
QUND_CHECK int qund_sop_template_list(struct qund_db *db, struct qund_buf *json);
/* One with its canonical body; version 0: the latest. NOTFOUND. */
QUND_CHECK int qund_sop_template_show(struct qund_db *db, struct qund_str id, int64_t version,
                                      struct qund_buf *json);
#endif
