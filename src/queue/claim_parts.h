/* src/queue/claim_parts.h - the reading end's state, between claim.c (what replies and time mean)
 * and claim_send.c (what is said). */
#ifndef QUND_QUEUE_CLAIM_PARTS_H
#define QUND_QUEUE_CLAIM_PARTS_H
#include "queue/internal.h"

enum { LEASE_MS = 10000, OTHERS_MAX = 16, EXPECT_MAX = 256 };

enum phase { DOWN, GREETING, REPLAY, LIVE };
enum expect { X_LEASE, X_GROUP, X_CONSUMERS, X_ADOPT, X_READ, X_QUIET };

struct qund_claim {
    struct qund_rconn conn;
    struct qund_queue_addr addr;
    struct qund_keys keys;
    char instance[64]; /* "" → no lease */
    int reply_ms;
    struct qund_log *log;
    struct qund_log_gate gate, error_gate;
    struct qund_counter *reconnects, *missing;
    enum phase phase;
    unsigned tries;
    unsigned overdue; /* replies in a row that did not come in time: the next has twice as long */
    bool was_up, denied, drained;
    struct qund_mono next; /* DOWN: try then */

    unsigned char expect[EXPECT_MAX]; /* ring of enum expect */
    size_t expect_at, expect_n;
    struct qund_mono heard; /* last reply, or the first command after silence */

    struct qund_mono lease_sent, lease_until;
    char others[OTHERS_MAX][64]; /* consumers that are not us */
    size_t n_others;

    size_t count, asked; /* wanted by the engine; asked for in the read under way */
    bool reading, again;
    struct qund_entry_id after;  /* replay: end of the last page */
    struct qund_entry_id newest; /* greatest id delivered over this connection */
    struct qund_owed owed;
    bool untidy; /* something was acknowledged since the last exact trim */
    struct qund_mono acked_at;
    uint64_t bodies_missing;
};

/* claim_send.c: queued, not flushed. There must be room for the replies in expect. */
void qund_claim_send_lease(struct qund_claim *c);   /* asks for it, or holds it longer */
void qund_claim_send_release(struct qund_claim *c); /* a successor need not wait for its end */
void qund_claim_send_group(struct qund_claim *c);   /* makes it, then asks who consumes */
void qund_claim_send_adopt(struct qund_claim *c, struct qund_str cursor);
void qund_claim_send_forget(struct qund_claim *c, const char *consumer);
void qund_claim_send_read(struct qund_claim *c);
void qund_claim_send_xack(struct qund_claim *c, const struct qund_entry *v, size_t n);
/* Everything below the smallest entry still owed; while the pending list is not read to its end, we
 * do not know which that is, and nothing is trimmed. */
void qund_claim_send_trim(struct qund_claim *c, bool exact);
#endif
