/* src/sop/sop.h - the SOP engine's core: plans of templates, their tasks, and what comes of them
 * (essay in sop.c).
 *
 * One object for the one writer: engine thread, inside the batch's transaction. Rows are written
 * here; what belongs to others (alerts, tags, lines of the live feed) is asked for by effects,
 * which the engine applies behind the call. Nothing here reads a clock: `now` is engine time. */
#ifndef QUND_SOP_SOP_H
#define QUND_SOP_SOP_H
#include "core/core.h"

struct qund_config;
struct qund_crm;
struct qund_db;
struct qund_fold;
struct qund_holidays;
struct qund_months;
struct qund_outbox;
struct qund_roster;
struct qund_timers;

struct qund_sop;
struct qund_sop_deps { /* all borrowed, all outlive it */
    struct qund_db *db;
    struct qund_timers *timers;
    struct qund_outbox *outbox; /* NULL: nothing is pushed */
    struct qund_crm *crm;
    struct qund_months *months;
    struct qund_config *config;
    const struct qund_fold *fold;
    const struct qund_holidays *holidays; /* NULL: none known */
    const unsigned char *link_key;        /* QUND_LINK_KEY bytes; NULL: cards carry no link */
};
struct qund_sop *qund_sop_new(const struct qund_sop_deps *deps);
struct qund_sop *qund_sop_free(struct qund_sop *s); /* returns NULL */
QUND_DEFINE_AUTO(qund_sop_free, struct qund_sop *)
/* Who is on duty, and in which zones groups lie: before any call that follows, and again when it
 * has changed. Borrowed until the next call. */
void qund_sop_roster(struct qund_sop *s, const struct qund_roster *r);
void qund_sop_config(struct qund_sop *s, struct qund_config *config);
/* After each event and command: it may have changed who the staff are; timers do not. */
void qund_sop_people_changed(struct qund_sop *s);
/* What a restored store is told, for qund_restore_run: plans wait for a person. */
struct qund_restore_hook;
const struct qund_restore_hook *qund_sop_restored(size_t *n);

/* --- what the engine is to do besides --- */
struct qund_sop_fx_alert {
    struct qund_str level, to, title;   /* to: a role, "manager", "staff:5" */
    struct qund_str rule;               /* "sop:<template>:<step>" */
    int64_t group, contact, plan, task; /* 0: none */
    int64_t ts;                         /* 0: now */
};
struct qund_sop_fx_tag {
    int64_t contact;
    struct qund_str name;
};
struct qund_sop_fx_line { /* of the live feed: kind "plan" or "task" */
    const char *kind;
    int64_t id, plan, group, contact;                  /* id: of the task or plan; 0: none */
    struct qund_str step, state, event, reason, title; /* NONE: left out */
};
struct qund_sop_effects {     /* {.arena = …} is none yet */
    struct qund_arena *arena; /* holds all of it */
    int64_t
        present; /* how far time goes in this step; what runs at its own instant may lie behind */
    struct qund_sop_fx_alert *alerts;
    struct qund_sop_fx_tag *tags;
    struct qund_sop_fx_line *lines;
    size_t n_alerts, n_tags, n_lines;
};
/* Strings are copied into the arena. */
void qund_sop_fx_alert(struct qund_sop_effects *fx, const struct qund_sop_fx_alert *a);
void qund_sop_fx_tag(struct qund_sop_effects *fx, int64_t contact, struct qund_str name);
void qund_sop_fx_feed(struct qund_sop_effects *fx, const struct qund_sop_fx_line *l);
#endif
