/* src/cli/sop_view.h - plans and tasks as lines, for simulate, plan and task (sop_view.c). */
#ifndef QUND_CLI_SOP_VIEW_H
#define QUND_CLI_SOP_VIEW_H
#include "cli/cli.h"
#include "core/json.h"
#include "core/zone.h"
#include <jansson.h>
#include <stdio.h>

const char *cli_zh(const char *identifier); /* as operators read it; itself, if there is no word */

/* A state, an outcome, or why a task ended so: "cap:group_day" as "频次上限：每群每天". */
void cli_put_reason(const char *word, struct qund_buf *out);
/* "60% of signups" as "报名的60%". */
void cli_put_value(const char *value, struct qund_buf *out);
void cli_put_goal(const char *wanted, struct qund_buf *out); /* ">=97% of orders" */

/* Objects as the readers of the store print them; NULL: it is none. */
json_t *cli_json(struct qund_str text);
json_t *cli_json_list(struct qund_str objects);          /* `{…},{…}` */
const char *cli_field(const json_t *o, const char *key); /* "": it is not there, or no text */
int64_t cli_field_int(const json_t *o, const char *key);
bool cli_field_time(const json_t *o, const char *key, int64_t *out);

/* "09-02 10:00", with the year when `year`; nothing without a time. */
void cli_put_time(const struct qund_zone *z, const json_t *o, const char *key, bool year,
                  struct qund_buf *out);

/* Findings about a plan, one a line: {where, text}, a clash {step, group_name, at, cap,
 * alternative}, or a text. */
void cli_print_notes(FILE *to, const char *title, const json_t *list, const struct qund_zone *z);

/* Of a plan that was made all the same: on stderr, beside its lines. */
void cli_print_doubts(const json_t *plan, const struct qund_zone *z);

/* What the files say by now, where that is not what the plan was made of; beside a daemon
 * (plan_files.c). */
void cli_plan_files(const struct cli *c, const json_t *plan);

/* A plan, but for its line and its tasks (plan_view.c). */
void cli_plan_print(const json_t *plan, const struct qund_zone *zone);
int64_t cli_plan_count(const json_t *counts); /* {state: n}: all of them */

/* A row of a task: time, step, who, channel, state, expectation, content. */
struct cli_task_look {
    const struct qund_zone *zone;
    bool full;    /* the content in full, below the row */
    bool numbers; /* the task's number before the step */
    bool groups;  /* the group's name before the content */
    bool year;
};
#define CLI_TASK_CELLS 7
void cli_task_head(struct cli_table *t);
void cli_task_row(struct cli_table *t, const json_t *task, const struct cli_task_look *look);
#endif
