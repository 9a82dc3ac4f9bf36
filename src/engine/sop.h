/* src/engine/sop.h - between the engine and the plans it runs (essay in sop.c); for this folder
 * only. */
#ifndef QUND_ENGINE_SOP_H
#define QUND_ENGINE_SOP_H
#include "engine/internal.h"
#include "sop/plan.h"
#include "sop/sop.h"
#include "sop/task_work.h"
#include "sop/trigger.h"

/* --- sop.c: what the stream tells plans --- */
/* A stored message, its text folded in e->folded. */
QUND_CHECK int qund_engine_sop_message(struct qund_engine *e, const struct subject *s,
                                       const struct verdict *v);
/* Any other event, after what it did to people. */
QUND_CHECK int qund_engine_sop_event(struct qund_engine *e, const struct subject *s);
QUND_CHECK int qund_engine_sop_recalled(struct qund_engine *e, int64_t seq);
/* What plans listen for, whoever says it. */
QUND_CHECK int qund_engine_sop_tell(struct qund_engine *e, const struct qund_sop_event *ev);
/* Somebody came, went, was tagged …: told once, when it changed something. name: of a tag. */
QUND_CHECK int qund_engine_sop_hear(struct qund_engine *e, const struct subject *s,
                                    enum qund_sop_what what, int64_t contact, struct qund_str name);
/* A push that was to say a task's words. */
QUND_CHECK int qund_engine_sop_said(struct qund_engine *e, int64_t task, enum qund_out_event event,
                                    struct qund_str reason);
QUND_CHECK int qund_engine_sop_timer(struct qund_engine *e, const struct qund_timer *t);

/* --- sop_effects.c --- */
/* Roster and effects for one call into sop/: begin, call, apply. */
QUND_CHECK int qund_engine_sop_begin(struct qund_engine *e, struct qund_sop_effects *fx);
QUND_CHECK int qund_engine_sop_apply(struct qund_engine *e, const struct qund_sop_effects *fx);

/* --- sop_command.c: plan.* and task.* --- */
bool qund_engine_sop_knows(const char *command);
QUND_CHECK int qund_engine_sop_command(struct qund_engine *e, struct qund_command *c);
/* A command about a person that was done: plans hear of it as of the same by a rule. */
QUND_CHECK int qund_engine_sop_told(struct qund_engine *e, const struct qund_command *c);
/* A deed of somebody of the staff, by a word or a page. NOTFOUND: there is none, or it is not his.
 */
QUND_CHECK int qund_engine_task_deed(struct qund_engine *e, const struct qund_task_deed *d,
                                     struct qund_err *err);
#endif
