/* src/deliver/deliver_parts.h - the object of deliver.c, handed.c and errand.c; deliver thread only
 * unless said. */
#ifndef QUND_DELIVER_DELIVER_PARTS_H
#define QUND_DELIVER_DELIVER_PARTS_H
#include "core/clock.h"
#include "deliver/internal.h"
#include <stdatomic.h>

#define QUND_TARGETS_MAX 256 /* as many as the outbox gives credit to */

/* What other threads bring; take frees it. */
struct note {
    struct qund_node node;
    void (*take)(struct qund_deliver *d, struct note *n);
};

struct qund_deliver {
    /* set before the thread starts, constant after */
    struct qund_deliver_deps deps;
    struct qund_mbox *mbox;
    pthread_t thread;
    struct qund_histogram *m_seconds;
    struct qund_counter *m_strays;
    _Atomic bool stop;
    pthread_mutex_t mtx;
    /* under mtx */
    struct qund_target_state *shown;
    size_t n_shown;
    /* deliver thread only */
    struct qund_client *client;
    struct qund_config *config;
    struct qund_target *targets[QUND_TARGETS_MAX];
    size_t n_targets, turn; /* the target that begins first this time */
    struct qund_untold untold;
    uint64_t last_token;
    struct qund_node *errands, **errands_tail; /* not begun: as many requests are out as may be */
    struct qund_errand *out;                   /* under way */
    size_t n_out;                              /* of them, mails left aside */
    bool stopping;
};

/* The one way out of a job. */
void qund_deliver_end(struct qund_deliver *d, struct qund_job *j, const struct qund_outcome *o,
                      struct qund_str their_id);
/* handed.c */
void qund_handed_begin(struct qund_deliver *d, struct qund_job *j);
/* Those whose time is over are unknown. */
void qund_handed_expire(struct qund_deliver *d, struct qund_target *t);
int64_t qund_handed_wake_ms(const struct qund_target *t); /* INT64_MAX: none is out */
/* errand.c */
void qund_errands_begin(struct qund_deliver *d);
/* All end here: the program stops. */
void qund_errands_end(struct qund_deliver *d);
#endif
