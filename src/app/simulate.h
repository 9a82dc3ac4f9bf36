/* src/app/simulate.h - a plan played to its end before anybody sees it (essay in simulate.c). One
 * thread, no network, a store of its own that is gone afterwards. */
#ifndef QUND_APP_SIMULATE_H
#define QUND_APP_SIMULATE_H
#include "core/core.h"

struct qund_config;

enum qund_sim_scenario {
    QUND_SIM_SILENT,    /* staff do their tasks, customers say nothing */
    QUND_SIM_NORMAL,    /* customers react so that most expectations are met */
    QUND_SIM_COMPLAINT, /* silent, but somebody complains after the first post */
    QUND_SIM_ABSENT     /* nobody of the staff does anything */
};
#define QUND_SIM_SCENARIOS (QUND_SIM_ABSENT + 1)
const char *qund_sim_scenario_name(enum qund_sim_scenario s);
int qund_sim_scenario_parse(struct qund_str name); /* the scenario, or NOTFOUND */

struct qund_sim_param {
    struct qund_str name, value;
};
struct qund_sim_opts {
    const char *template; /* a file, or the id of one in sop.dirs */
    const char *group;    /* without org: a type ("home"); with it: id, name or type there */
    size_t groups;        /* made, or of that type; 0: 1 */
    size_t customers;     /* made in each group; 0: 40 */
    const char *zone;     /* of made groups; NULL: the installation's */
    const char *start;    /* "2026-09-01 08:00" on the group's clock, a date, or ISO 8601 */
    const char *event;    /* T; NULL: so that the first step lies behind the start */
    const char *org;      /* an org file; NULL: staff and groups are made */
    const char *messages; /* a recorded chat, its first day laid onto the start's; NULL: none */
    const char *only;     /* of the recorded groups only this one; NULL: in order of appearance */
    enum qund_sim_scenario scenario;
    const struct qund_sim_param *params;
    size_t n_params;
    int days;                   /* 0: until the plan is over */
    uint64_t seed;              /* another seed, other people at other minutes */
    struct qund_config *config; /* not shared yet: it is added to */
    struct qund_log *log;
    void (*progress)(void *arg, int64_t done, int64_t total); /* virtual ms; may be NULL */
    void *progress_arg;
};
/* Plays, then calls line with one JSON object at a time: "plan", then "task" and "alert" in order
 * of time, then "summary"; non-zero stops and is returned. All that is wrong is in *errs. */
QUND_CHECK int qund_simulate(const struct qund_sim_opts *o,
                             int (*line)(void *arg, struct qund_str json), void *arg,
                             struct qund_errs *errs);
#endif
