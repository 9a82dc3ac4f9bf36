/* src/sop/plan_parts.h - between the files that run commands on plans; for this folder only. */
#ifndef QUND_SOP_PLAN_PARTS_H
#define QUND_SOP_PLAN_PARTS_H
#include "sop/internal.h"

struct plan_cmd { /* a command in hand */
    struct qund_sop *s;
    const struct qund_plan_ask *ask;
    struct qund_sop_effects *fx;
    struct qund_buf *reply;
    struct qund_err *err;
    struct qund_arena *arena;
};
/* --- plan_command.c --- */
/* What is asked of a plan; *id: 0, none. */
QUND_CHECK int qund_plan_body(struct plan_cmd *c, struct sop_draft_ask *ask, int64_t *id);
/* Reads, makes and checks; what is wrong is among the draft's problems. */
QUND_CHECK int qund_plan_judge(struct sop_draft *d, const struct sop_draft_ask *ask,
                               struct qund_err *err);
/* 0, or the refusal with all that is wrong in the reply. */
QUND_CHECK int qund_plan_refuse(struct plan_cmd *c, struct sop_draft *d);
/* Kept, or refused; the reply says what it is either way. */
QUND_CHECK int qund_plan_make(struct plan_cmd *c, struct sop_draft *d);
QUND_CHECK int qund_plan_named(struct plan_cmd *c, int64_t id, struct qund_plan *out);
/* INVAL when it is in none of these states (bits). what: "paused" */
QUND_CHECK int qund_plan_only(struct plan_cmd *c, const struct qund_plan *p, unsigned states,
                              const char *what);
QUND_CHECK int qund_plan_answer(struct plan_cmd *c, const struct qund_plan *p, const char *key,
                                int64_t n);
/* --- plan_edit.c --- */
QUND_CHECK int qund_plan_edit(struct plan_cmd *c);
QUND_CHECK int qund_plan_clone(struct plan_cmd *c);
/* --- content.c --- */
QUND_CHECK int qund_plan_content(struct plan_cmd *c);
/* --- template_command.c --- */
QUND_CHECK int qund_templates_swap(struct plan_cmd *c);
QUND_CHECK int qund_templates_refused(struct plan_cmd *c);
QUND_CHECK int qund_template_put(struct plan_cmd *c);
QUND_CHECK int qund_template_drop(struct plan_cmd *c);
#endif
