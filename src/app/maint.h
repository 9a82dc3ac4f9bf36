/* src/app/maint.h - the thread that looks after things: checkpoints, background checks, the AOF of
 * durability `os`, and slow jobs (reloading rules, backup). Writes no row. Essay in maint.c. */
#ifndef QUND_APP_MAINT_H
#define QUND_APP_MAINT_H
#include "app/vault.h"
#include "core/command.h"
#include "core/metric.h"

struct qund_clock;
struct qund_fold;
struct qund_maint;
struct qund_redis;
struct qund_maint_deps {
    const struct qund_vault *vault;
    struct qund_config *config;
    const struct qund_fold *fold;
    struct qund_redis *redis; /* NULL: a given one */
    struct qund_clock *clock;
    struct qund_log *log;
    struct qund_metrics *metrics;
    /* To the engine, as in http.h. */
    int (*submit)(void *arg, struct qund_command *c);
    void *submit_arg;
};
QUND_CHECK int qund_maint_open(const struct qund_maint_deps *deps, struct qund_maint **out,
                               struct qund_err *err);
/* A job under way is finished first; one last checkpoint. */
struct qund_maint *qund_maint_close(struct qund_maint *m); /* returns NULL */
QUND_DEFINE_AUTO(qund_maint_close, struct qund_maint *)
/* "rules.reload", "backup" {"dir", absent: <data>/backups}. 0: taken, answered through c->done
 * (rules.reload after the engine has swapped). NOTFOUND: no such job; FULL. Any thread. */
QUND_CHECK int qund_maint_job(struct qund_maint *m, struct qund_command *c);
void qund_maint_config(struct qund_maint *m, struct qund_config *config); /* any thread */

struct qund_maint_state {
    bool damaged; /* a table failed its check */
    char what[352];
    bool rules_broken; /* the last reload was refused; the set before it runs */
    char rules_why[352];
    bool rules_taken;      /* some reload since the start was good: what the start met is over */
    char rules_doubt[320]; /* of that reload: what its rules name and nobody knows, or that there
                            * are none; "" nothing */
    int64_t wal_bytes;
};
void qund_maint_state(struct qund_maint *m, struct qund_maint_state *out); /* any thread */
#endif
