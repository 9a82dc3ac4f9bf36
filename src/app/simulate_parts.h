/* src/app/simulate_parts.h - a simulation as its files know it; for simulate*.c only. */
#ifndef QUND_APP_SIMULATE_PARTS_H
#define QUND_APP_SIMULATE_PARTS_H
#include "app/local.h"
#include "app/simulate.h"
#include "config/config.h"
#include "core/json.h"
#include "core/zone.h"
#include "event/event.h"
#include "sop/plan.h"
#include "sop/task.h"
#include "sop/template.h"
#include "sop/templates.h"

#define SIM_CHANNEL "simulate" /* the channel events come through, and who would send pushes */
#define SIM_REALM "simulate"   /* of made groups */
#define SIM_MINUTE 60000
#define SIM_DONE_MIN 3 /* staff take 3 to 9 minutes for a task */
#define SIM_DONE_SPREAD 7
#define SIM_STEP_MS 170000 /* what is nearer together is one transaction: less than they take */

struct sim_person {
    const char *id, *name;
};
enum sim_invited { SIM_KOC, SIM_FIRST_BUYER }; /* customers who were asked to speak */
#define SIM_INVITED (SIM_FIRST_BUYER + 1)
struct sim_group {
    const char *pid, *name, *realm, *zone; /* zone NULL: the installation's */
    int64_t id;                            /* grp.id */
    struct sim_person *customers;
    size_t n_customers, newcomers;
    const char *invited[SIM_INVITED]; /* their ids; NULL: nobody */
    struct qund_buf chain;            /* rows of the sign-up that runs */
    size_t n_chain;
    bool complained;
};

enum sim_act_kind { SIM_ACT_EVENT, SIM_ACT_COMMAND, SIM_ACT_REACT };
struct sim_act {
    int64_t at;
    uint64_t nth; /* in order of making */
    enum sim_act_kind kind;
    char *bytes; /* EVENT: packed; COMMAND: its body */
    size_t n;
    const char *command; /* static */
    int64_t task;        /* REACT */
    struct sim_group *group;
};
struct sim_line { /* of a recorded chat */
    int64_t ts;
    size_t at, n;
    struct sim_group *group;
};
struct sim_chat {
    struct qund_buf text;
    struct sim_line *v;
    size_t n, next;
    int64_t shift; /* added to each time */
};

struct sim {
    const struct qund_sim_opts *o;
    struct qund_errs *errs;
    struct qund_arena *arena; /* as long as the simulation */
    struct qund_arena *scratch;
    struct qund_zone *zone; /* of the first group */
    struct qund_buf org;    /* text of the org file, given or made */
    const char *org_name;
    char *folder; /* NULL until it is made */
    struct qund_local *l;
    struct qund_sop_templates *templates;
    const struct qund_sop_template *t; /* the one that is played */
    struct sim_group *groups;
    size_t n_groups;
    const char *desk; /* an account of the staff in the groups' world; NULL: none */
    struct sim_chat chat;
    struct sim_act *heap;
    size_t n_acts, cap_acts;
    uint64_t made, events, entries, last_id; /* acts; events applied; stream entries; event ids */
    unsigned char *told;                     /* by task: its card was answered */
    size_t n_told;
    struct qund_buf samples; /* parameters nobody gave: a JSON object */
    struct qund_buf reply;   /* of plan.create */
    int64_t start, event, end, now, plan;
    double seconds;
};

/* err → s->errs; returns rc. */
int qund_sim_fail(struct sim *s, int rc, const struct qund_err *err);
/* A number of 0..n-1 that the seed, a thing and a reason decide. */
uint64_t qund_sim_chance(const struct sim *s, int64_t of, const char *why, uint64_t n);

/* --- simulate_cast.c: who is there --- */
QUND_CHECK int qund_sim_cast(struct sim *s);
/* The configuration gets the channel and the targets that the cast needs. Before it is shared. */
QUND_CHECK int qund_sim_cast_config(struct sim *s);
/* Their numbers in the store, once the org file is applied. */
QUND_CHECK int qund_sim_cast_numbers(struct sim *s);
/* Everybody joins, long enough before the start. */
void qund_sim_cast_joins(struct sim *s);
void qund_sim_cast_sources(struct sim *s);
void qund_sim_newcomer(struct sim *s, struct sim_group *g, int64_t at);

/* --- simulate_ask.c: what is played, and when --- */
QUND_CHECK int qund_sim_templates(struct sim *s);
QUND_CHECK int qund_sim_times(struct sim *s);

/* --- simulate_form.c, simulate_provoke.c --- */
QUND_CHECK int qund_sim_plan(struct sim *s);
/* Numbers of the first n customers of a group, as the store has them; 0: not there. */
QUND_CHECK int qund_sim_contacts(struct sim *s, const struct sim_group *g, int64_t *out, size_t n);
/* What makes a person's run begin, for templates that wait for it. */
QUND_CHECK int qund_sim_provoke(struct sim *s);

/* --- simulate_stage.c: time, events, pushes --- */
struct qund_event qund_sim_event(struct sim *s, const struct sim_group *g, int64_t at,
                                 enum qund_event_type type, const char *sender, const char *name);
void qund_sim_put_event(struct sim *s, const struct qund_event *ev);
void qund_sim_put_command(struct sim *s, int64_t at, const char *name, struct qund_str body);
void qund_sim_put_react(struct sim *s, int64_t at, struct sim_group *g, int64_t task);
QUND_CHECK int qund_sim_play(struct sim *s);

/* --- simulate_staff.c, simulate_crowd.c: what people do --- */
void qund_sim_staff(struct sim *s, struct qund_str card, int64_t now);
QUND_CHECK int qund_sim_crowd(struct sim *s, const struct sim_act *a);
void qund_sim_complain(struct sim *s, struct sim_group *g, int64_t at);
struct sim_group *qund_sim_group(struct sim *s, int64_t id); /* NULL: none of ours */

/* --- simulate_chat.c --- */
QUND_CHECK int qund_sim_chat(struct sim *s);
/* When the next line is said, INT64_MAX: no more. */
int64_t qund_sim_chat_next(const struct sim *s);
/* The next line, packed. */
QUND_CHECK int qund_sim_chat_take(struct sim *s, struct qund_buf *packed, int64_t *at);

/* --- simulate_tell.c --- */
QUND_CHECK int qund_sim_tell(struct sim *s, int (*line)(void *arg, struct qund_str json),
                             void *arg);
#endif
