/* src/deliver/deliver.h - pushes → the outside world (essay in deliver.c). One thread, one curl
 * multi handle; rates, breakers and back-off per target.
 *
 * It never looks into the store: it grants credit to the engine (command "delivery.credit" {target,
 * n, for_ms, ordered, cards, limited}), is handed rows that are `sending`, and answers each with
 * exactly one command "delivery.outcome" {id, attempt, target, event: accepted | retry | quota |
 * unknown | returned | drop, retry_ms, status, reason}. */
#ifndef QUND_DELIVER_DELIVER_H
#define QUND_DELIVER_DELIVER_H
#include "core/command.h"
#include "core/metric.h"
#include "net/client.h"
#include "outbox/outbox.h"
#include "qund/plugin.h"

struct qund_config;
struct qund_deliver;

/* A push of a target that a plugin serves, on its way to the loop. */
struct qund_handed {
    struct qund_node node;
    uint64_t token;
    char *target;
    struct qund_out_item item; /* its strings owned; until: engine time */
    int64_t timeout_ms;
};
struct qund_handed *qund_handed_free(struct qund_handed *h); /* returns NULL */

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
    /* Takes a push of a plugin's target to the loop; on this thread. It is ended by
     * qund_deliver_ended, or by its time. False: plugins stop, it stays the caller's. NULL: there
     * are none. */
    bool (*hand)(void *arg, struct qund_handed *h);
    void *hand_arg;
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

/* How a push that was handed over ended; a token that is not open changes nothing and is counted.
 * retry_after_ms -1: our own wait. Any thread. */
struct qund_ended {
    uint64_t token;
    enum qund_delivered how;
    int64_t retry_after_ms;
    struct qund_str detail, their_id;
};
void qund_deliver_ended(struct qund_deliver *d, const struct qund_ended *e);

/* What a mail has besides its message (the errand's body); strings owned. */
struct qund_errand_mail {
    char *host, *user, *password, *helo, *from, *to[QUND_MAIL_TO_MAX];
    size_t n_to;
    uint16_t port;
    enum qund_client_tls tls;
};

/* An HTTP request or a mail that somebody on another thread wants made; theirs again when it is
 * done. */
struct qund_errand {
    struct qund_node node;
    struct qund_errand_mail *mail; /* NULL: HTTP */
    char *method, *url, *body;
    size_t body_n;
    struct qund_client_header *headers; /* each string owned */
    size_t n_headers;
    int64_t timeout_ms;
    size_t keep; /* bytes of the answer's body */
    bool allow_private;
    /* Called once, on the deliver thread; takes it. */
    void (*done)(struct qund_errand *e, void *arg);
    void *arg, *owner; /* the asker's */
    /* the answer; its strings are kept in room */
    struct qund_client_answer answer;
    struct qund_header answer_headers[QUND_ANSWER_HEADERS_MAX];
    struct qund_buf room;
    /* deliver's own */
    struct qund_deliver *deliver;
    struct qund_client_call *call;
    struct qund_errand *next_out, **prev_out;
};
struct qund_errand *qund_errand_free(struct qund_errand *e); /* returns NULL */
/* Whether its mail could be asked for: what may stand in an SMTP command. Any thread. */
QUND_CHECK int qund_errand_check_mail(struct qund_errand *e, struct qund_err *err);
/* Any thread. */
void qund_deliver_errand(struct qund_deliver *d, struct qund_errand *e);

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
