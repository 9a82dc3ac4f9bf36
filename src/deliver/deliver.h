/* src/deliver/deliver.h - pushes → the outside world (essay in deliver.c). One thread, one curl
 * multi handle; rates, breakers and back-off per target.
 *
 * It never looks into the store: it grants credit to the engine (command "delivery.credit" {target,
 * n, for_ms, ordered}), is handed rows that are `sending`, and answers each with exactly one
 * command "delivery.outcome" {id, attempt, target, event: accepted | retry | quota | unknown |
 * returned | drop, retry_ms, status, reason}. */
#ifndef QUND_DELIVER_DELIVER_H
#define QUND_DELIVER_DELIVER_H
#include "core/command.h"
#include "core/metric.h"
#include "outbox/outbox.h"

struct qund_config;
struct qund_deliver;
struct qund_deliver_deps {
    struct qund_config *config; /* targets; a reference is taken */
    struct qund_log *log;
    struct qund_metrics *metrics;
    /* To the engine; any thread. FULL: tried again later. The command is taken on 0. */
    int (*submit)(void *arg, struct qund_command *c);
    void *submit_arg;
    /* Virtual time stands still while something is being sent; may be NULL. */
    struct qund_clock *clock;
    /* The window in which rate_per_min holds; 0: a minute. Tests shorten it. */
    int64_t rate_window_ms;
};
/* What the option tables cannot see: addresses, templates and secrets of all targets. INVAL with
 * every error in *errs ("targets.ops.template"). For `check`, and before a snapshot is used. */
QUND_CHECK int qund_deliver_check(const struct qund_config *config, struct qund_errs *errs);
/* One template alone: unknown fields, and whether what begins like JSON makes JSON. */
QUND_CHECK int qund_webhook_template_check(struct qund_str text, struct qund_err *err);

QUND_CHECK int qund_deliver_open(const struct qund_deliver_deps *deps, struct qund_deliver **out,
                                 struct qund_err *err);
/* Ends what is under way within a second: finished, unknown, or returned. Their outcomes are
 * submitted before it returns. */
struct qund_deliver *qund_deliver_close(struct qund_deliver *d); /* returns NULL */
QUND_DEFINE_AUTO(qund_deliver_close, struct qund_deliver *)

/* After the commit that made them `sending`; any thread. The strings are taken out of *items. */
void qund_deliver_send(struct qund_deliver *d, struct qund_out_items *items);
/* Targets of a reloaded configuration; what is under way ends under the old one. Any thread. */
void qund_deliver_config(struct qund_deliver *d, struct qund_config *config);

enum qund_breaker { QUND_BREAKER_CLOSED, QUND_BREAKER_OPEN, QUND_BREAKER_PROBING };
struct qund_target_state {
    char name[64];
    enum qund_breaker breaker;
    int64_t in_flight, credit, sent, failed;
    int64_t open_until_ms; /* monotonic */
};
/* For /readyz and the API; returns how many were written. Any thread. */
size_t qund_deliver_state(struct qund_deliver *d, struct qund_target_state *v, size_t max);
#endif
