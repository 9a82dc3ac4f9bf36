/* src/intake/intake.h - from a checked event to durability: group commit, spool, back-pressure, and
 * the floor of time (essays in intake.c, spool.c, floor.c).
 *
 * One thread. All requests that wait go to Redis in one pipeline; when Redis does not answer within
 * reply_ms they go to the spool on disk and are answered all the same. */
#ifndef QUND_INTAKE_INTAKE_H
#define QUND_INTAKE_INTAKE_H
#include "core/thread.h"
#include "queue/queue.h"
#include <stdatomic.h>

struct qund_clock;
struct qund_event;
struct qund_intake;

/* What keeps the floor down: rx is stamped when it is taken, under the lock by which the floor is
 * read, so that no event can be older than a floor already published. Embedded; zero = not held. */
struct qund_hold {
    struct qund_hold *prev, *next;
    int64_t rx;
    bool held;
};

/* Entries that become durable together or are answered together. Owned by the caller before submit
 * and from done on. */
struct qund_intake_req {
    struct qund_node node;
    struct qund_hold hold; /* taken by qund_intake_hold, or else by submit */
    struct qund_buf bytes; /* bodies (qund_entry_put), one after another */
    size_t *ends;          /* offset behind each body */
    size_t n, cap;
    int rc; /* OK: all durable. Else some may have been taken */
    void (*done)(struct qund_intake_req *r, void *arg); /* on the intake thread: post it home */
    void *arg;
    size_t answered; /* intake's own */
};
struct qund_intake_req *qund_intake_req_new(void);
struct qund_intake_req *qund_intake_req_free(struct qund_intake_req *r); /* returns NULL */
QUND_DEFINE_AUTO(qund_intake_req_free, struct qund_intake_req *)
/* Packs one entry behind the others. e or state may be NULL, not both. */
void qund_intake_req_add(struct qund_intake_req *r, const struct qund_event *e,
                         const struct qund_entry_state *state);

struct qund_intake_opts {
    const struct qund_queue_addr *addr;
    const char *spool_dir;         /* "<data>/spool"; not copied: stays until close */
    struct qund_clock *clock;      /* stamps rx */
    int engine_fd;                 /* eventfd, written after each push; -1: none */
    int reply_ms;                  /* queue.reply_ms; 0: 100 */
    int64_t spool_max;             /* queue.spool_max, bytes; 0: 256 MiB */
    int64_t max_waiting;           /* queue.max_waiting, unconsumed entries; 0: 1,000,000 */
    int64_t max_events, max_bytes; /* submitted and not answered; 0: 65536, 64 MiB */
    atomic_bool *gone; /* set: what is written would be lost, so nothing is taken; NULL: never */
    struct qund_log *log;
    struct qund_metrics *metrics;
};
/* Reads the spool (a torn tail is cut and reported), then starts the thread. */
QUND_CHECK int qund_intake_open(const struct qund_intake_opts *o, struct qund_intake **out,
                                struct qund_err *err);
/* No submit may follow. Everything submitted is answered (pushed or spooled) first. */
struct qund_intake *qund_intake_close(struct qund_intake *in); /* returns NULL */
QUND_DEFINE_AUTO(qund_intake_close, struct qund_intake *)

/* Any thread. 0: done will be called, once. FULL: a bound is reached (503, Retry-After: 1), the
 * request stays the caller's, who releases its hold. */
QUND_CHECK int qund_intake_submit(struct qund_intake *in, struct qund_intake_req *r);

/* Stamps h->rx (never decreasing) and keeps the floor at or below it until released. Any thread. */
int64_t qund_intake_hold(struct qund_intake *in, struct qund_hold *h);
void qund_intake_release(struct qund_intake *in, struct qund_hold *h); /* not held: nothing */
/* Every event with a smaller rx lies in the stream at or below *last_id: when that id is applied,
 * judging up to *rx_ms is safe. AGAIN until Redis was reached once. Any thread. */
QUND_CHECK int qund_intake_floor(struct qund_intake *in, int64_t *rx_ms,
                                 struct qund_entry_id *last_id);

/* The engine's feedback after each commit: n entries, the last of them `last`. Any thread. */
void qund_intake_applied(struct qund_intake *in, struct qund_entry_id last, size_t n);
/* The largest body that may wait in the stream, for qund_claim_count. Any thread. */
size_t qund_intake_largest(struct qund_intake *in);

#define QUND_SPOOL_NAME 64 /* bytes of a spool file's name, its end included */

struct qund_intake_state {
    bool redis_up;
    bool full;                       /* a submit would be refused now */
    int64_t waiting;                 /* unconsumed entries in the stream */
    int64_t held_events, held_bytes; /* submitted, not answered */
    int64_t spool_events, spool_bytes;
    struct qund_entry_id last_pushed;
    bool stream_cut;                       /* at a reconnect the stream ended before last_pushed */
    struct qund_entry_id cut_from, cut_to; /* what lay between is unknown */
    int64_t down_ms;                       /* since Redis last answered; 0 when up */
    enum qund_queue_risk risk;             /* of the Redis that is there */
    int spool_damaged; /* spool files that were kept aside and are still there */
    char spool_damaged_name[QUND_SPOOL_NAME]; /* the oldest of them; "" none */
    int disk_errno; /* events are refused: they can lie neither in Redis nor in the spool; else 0 */
};
/* For /readyz. Any thread. */
void qund_intake_state(struct qund_intake *in, struct qund_intake_state *out);
#endif
