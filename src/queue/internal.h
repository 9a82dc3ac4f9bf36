/* src/queue/internal.h - what the files of queue/ share: a connection and the readings of replies.
 */
#ifndef QUND_QUEUE_INTERNAL_H
#define QUND_QUEUE_INTERNAL_H
#include "core/clock.h"
#include "queue/queue.h"
#include <hiredis/hiredis.h>

#define QUND_GROUP "engine"
#define QUND_CONSUMER "engine"
#define QUND_FIELD "d" /* the one field of an entry */

/* ---- reply.c ---- */

/* What a reader makes its replies with; lives as long as the reader, replies may live longer. */
struct qund_reader_fn {
    redisReplyObjectFunctions fn;
    struct qund_arena *arena; /* of the reply being read */
};
redisReader *qund_reader_new(struct qund_reader_fn *fn);
/* A whole reply; NULL is fine. freeReplyObject is not for these. */
void qund_reply_free(redisReply *r);
QUND_DEFINE_AUTO(qund_reply_free, redisReply *)

/* ---- conn.c ---- */

struct qund_rconn {
    int fd; /* -1: closed */
    struct qund_reader_fn fn;
    redisReader *in;
    struct qund_buf out; /* formatted commands */
    size_t sent;         /* of out */
    size_t unparsed;     /* bytes read since the last whole reply */
    int greetings;       /* AUTH and SELECT: their replies are looked at here */
    int rc;              /* why it was lost: AGAIN, DENIED, PROTO … */
    char why[160];
};
/* Begins to connect and queues AUTH and SELECT. < 0: refused at once; why says it. */
QUND_CHECK int qund_rconn_open(struct qund_rconn *c, const struct qund_queue_addr *addr);
void qund_rconn_close(struct qund_rconn *c);
static inline bool qund_rconn_want_write(const struct qund_rconn *c)
{
    return c->fd >= 0 && c->sent < c->out.n;
}
/* Writes what can be without waiting. After it, and not after io, may the caller wait for the
 * descriptor: what io has read does not make it readable again. */
QUND_CHECK int qund_rconn_flush(struct qund_rconn *c);
/* Writes and reads what can be without waiting. */
QUND_CHECK int qund_rconn_io(struct qund_rconn *c);
/* 1: *out is the caller's (qund_reply_free); 0: none complete yet; < 0 lost. */
QUND_CHECK int qund_rconn_reply(struct qund_rconn *c, redisReply **out);
/* Waits for one reply. AGAIN when the time is up. */
QUND_CHECK int qund_rconn_wait(struct qund_rconn *c, struct qund_mono until, redisReply **out);
/* One command and its reply, for the blocking callers. Error replies are returned as replies. */
QUND_CHECK int qund_rconn_call(struct qund_rconn *c, struct qund_mono until, size_t argc,
                               const struct qund_str *argv, redisReply **out);
/* Formats one command behind the others. */
void qund_rconn_cmd(struct qund_rconn *c, size_t argc, const struct qund_str *argv);
/* The same piece by piece, for commands with many arguments. */
void qund_rconn_head(struct qund_rconn *c, size_t argc);
void qund_rconn_arg(struct qund_rconn *c, struct qund_str arg);
/* Random wait before the n-th try in a row (n from 0), full jitter: at most 80 ms for a Redis on a
 * socket of this machine, which nobody else's load makes come back later, else at most 500 ms.
 * addr NULL: what is tried is a start, not a connection. */
int qund_rconn_backoff_ms(const struct qund_queue_addr *addr, unsigned tries);

/* ---- look.c ---- */

static inline struct qund_str qund_reply_str(const redisReply *r)
{
    return r && (r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS ||
                 r->type == REDIS_REPLY_ERROR)
               ? qund_str_n(r->str, (size_t)r->len)
               : QUND_STR_NONE;
}
/* OK unless r is an error reply: then what kind of error it is (FULL for OOM, DENIED …). */
int qund_reply_rc(const redisReply *r);
/* The value behind a name in a flat list of names and values; NULL when absent. */
const redisReply *qund_reply_get(const redisReply *map, const char *name);
/* XINFO STREAM, XINFO GROUPS: a missing key leaves zeros. */
void qund_look_stream(const redisReply *r, struct qund_queue_info *out);
void qund_look_groups(const redisReply *r, struct qund_queue_info *out);
/* From INFO, and from CONFIG GET appendfsync; a refusal says nothing. */
void qund_look_settings(const redisReply *r, struct qund_queue_info *out);
void qund_look_fsync(const redisReply *r, struct qund_queue_info *out);
enum qund_queue_risk qund_look_risk(const struct qund_queue_info *i, bool to_disk);

/* "<prefix>events" and "<prefix>lease" */
struct qund_keys {
    char stream[96], lease[96];
};
void qund_keys_init(struct qund_keys *k, const struct qund_queue_addr *addr);

/* ---- batch.c ---- */

/* Entries delivered to us and not acknowledged, in id order. */
struct qund_owed {
    struct qund_entry_id *v;
    bool *done; /* acknowledged out of order */
    size_t head, n, cap;
    size_t left; /* not done */
};
void qund_owed_done(struct qund_owed *o);
void qund_owed_clear(struct qund_owed *o);
void qund_owed_add(struct qund_owed *o, struct qund_entry_id id);
void qund_owed_ack(struct qund_owed *o, struct qund_entry_id id);
/* The smallest id still owed; false when nothing is. */
bool qund_owed_first(const struct qund_owed *o, struct qund_entry_id *out);

/* What one XREADGROUP reply held. Entries without a body (someone trimmed them while they were
 * pending) are left out of the batch and listed in missing, which is the caller's to free. */
struct qund_read {
    struct qund_batch *batch;  /* NULL when it held no entry with a body */
    size_t entries;            /* also those without */
    struct qund_entry_id last; /* of them */
    struct qund_entry *missing;
    size_t n_missing;
};
/* Takes r over. PROTO when it is no such reply. */
QUND_CHECK int qund_read_take(redisReply *r, struct qund_read *out);
#endif
