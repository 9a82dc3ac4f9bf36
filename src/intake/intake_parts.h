/* src/intake/intake_parts.h - the object of intake.c and pump.c. */
#ifndef QUND_INTAKE_INTAKE_PARTS_H
#define QUND_INTAKE_INTAKE_PARTS_H
#include "core/metric.h"
#include "intake/internal.h"
#include <stdatomic.h>

struct intake_metrics {
    struct qund_counter *accepted, *waiting, *spool_events, *spool_bytes, *spool_damaged, *up,
        *refused;
    struct qund_histogram *push;
};

struct qund_intake {
    /* set before the thread starts, constant after */
    struct qund_intake_opts o;
    struct qund_mbox *mbox;
    pthread_t thread;
    struct qund_books books; /* has its own lock */
    struct intake_metrics m;
    atomic_bool stop;
    /* intake thread only */
    struct qund_push *push;
    struct qund_spool *spool;
    struct qund_node *first, **tail; /* requests not answered */
    struct qund_intake_req *next;    /* first with entries not in flight; NULL: all are */
    size_t next_entry;               /* in it */
    struct qund_mono since;          /* requests wait to be sent since */
    size_t live;                     /* entries in flight that belong to requests */
    size_t draining;                 /* entries in flight that lie in the spool */
    struct qund_mono sent;           /* when what is in flight left */
    int64_t sent_us;
    struct qund_mono pause; /* no draining before */
    struct qund_mono looked;
    int disk_errno; /* as in the books */
    struct qund_mono probed;
    struct qund_mono damage_looked;
    size_t largest;      /* body in flight */
    struct qund_buf mem; /* of peeked records, frames */
    struct qund_str bodies[QUND_BATCH_MAX];
    struct qund_log_gate gate;
};

/* The thread: until stop is set and every request is answered. */
void qund_intake_run(void *in);
/* The books learn what the spool holds. */
void qund_intake_book_spool(struct qund_intake *in);
/* … and which of its files a person has to look at. */
void qund_intake_book_damage(struct qund_intake *in);
#endif
