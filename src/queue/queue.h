/* src/queue/queue.h - the durable FIFO between the faces and the engine: one Redis stream.
 *
 * Two ends, each owned by one thread and each non-blocking: push (intake) and claim (engine). Both
 * keep their connection by themselves: lost, they try again with jitter, at most half a second
 * apart. Essays: push.c (why one transaction a pipeline), claim.c (what is owed at each moment),
 * conn.c. */
#ifndef QUND_QUEUE_QUEUE_H
#define QUND_QUEUE_QUEUE_H
#include "core/core.h"

struct qund_metrics;

#define QUND_BATCH_MAX 4096u         /* entries in one XREADGROUP or one pipeline */
#define QUND_BATCH_BYTES (16u << 20) /* bodies in one claimed batch, at most */
#define QUND_ENTRY_MAX (512u << 10)  /* one body */

/* ---- entries ---- */

struct qund_entry_id {
    uint64_t ms, seq;
};
struct qund_entry {
    struct qund_entry_id id;
    struct qund_str body; /* borrowed from its batch */
};
int qund_entry_id_cmp(struct qund_entry_id a, struct qund_entry_id b);
#define QUND_ENTRY_ID_CHARS 42 /* two 64-bit numbers, a dash, NUL */
void qund_entry_id_print(struct qund_entry_id id, char out[QUND_ENTRY_ID_CHARS]);
QUND_CHECK int qund_entry_id_parse(struct qund_str s, struct qund_entry_id *out);

/* A body is 'E' + a packed event, or 'S' + a plugin's state and, if any, the packed event it rode
 * with. The engine applies the state iff rev > the stored one, also when its event is a repeat. */
struct qund_entry_state {
    struct qund_str key, value; /* key: "plugin/name", at most 255 bytes */
    int64_t rev, rx;
};
struct qund_entry_parts {
    struct qund_str event; /* packed; NONE in an entry of state alone */
    bool has_state;
    struct qund_entry_state state;
};
/* packed may be NONE when state is given; state may be NULL. */
void qund_entry_put(struct qund_buf *out, struct qund_str packed,
                    const struct qund_entry_state *state);
/* Borrows from body. INVAL on damaged bytes, ABI on an unknown kind. */
QUND_CHECK int qund_entry_split(struct qund_str body, struct qund_entry_parts *out);

/* ---- where the stream lives ---- */

struct qund_queue_addr {
    bool managed;         /* our own child: unix_path is filled by qund_redis_start */
    bool to_disk;         /* a power cut is to lose nothing: appendfsync no is a risk, then */
    char unix_path[1024]; /* "" → host and port; may be longer than sun_path */
    char host[256];
    int port, db;
    char user[64], password[256];
    char prefix[64]; /* keys: <prefix>events, <prefix>lease */
};
/* "managed", "redis://[user[:password]@]host[:port][/db]", "unix:/path[?db=N]". prefix NONE:
 * "qund:". err->text never holds the password. */
QUND_CHECK int qund_queue_addr_parse(struct qund_str url, struct qund_str prefix,
                                     struct qund_queue_addr *out, struct qund_err *err);

struct qund_queue_opts {
    const struct qund_queue_addr *addr; /* copied at open */
    const char *instance;               /* stable per data folder; the lease's holder. NULL: none */
    int reply_ms;                       /* claim: no reply → dropped; 0: 1000 */
    struct qund_log *log;
    struct qund_metrics *metrics; /* NULL is fine */
};

/* ---- looking at it, at start (blocking, a few seconds at most; any thread) ---- */

enum qund_fsync { QUND_FSYNC_UNKNOWN, QUND_FSYNC_ALWAYS, QUND_FSYNC_EVERYSEC, QUND_FSYNC_NO };
const char *qund_fsync_name(enum qund_fsync f);

struct qund_queue_info {
    char version[24];
    bool aof;
    enum qund_fsync fsync;
    char policy[32];
    int64_t maxmemory;
    bool exists;                  /* the stream */
    struct qund_entry_id last_id; /* last generated; 0-0 without a stream */
    int64_t length;
    int64_t waiting;       /* not yet acknowledged: pending + not yet delivered */
    char lease_holder[64]; /* "" when free */
    int64_t lease_ms;      /* what is left of it */
};
/* A setting under which entries may vanish, though all else is well. */
enum qund_queue_risk {
    QUND_RISK_NONE,
    QUND_RISK_EVICTS, /* it may drop entries nobody has read: nothing is pushed to it */
    QUND_RISK_NO_AOF, /* its restart loses them */
    QUND_RISK_EVERYSEC,
    QUND_RISK_NO_FSYNC
};
const char *qund_queue_risk_text(enum qund_queue_risk r); /* for people, with what to do; "" */
/* AGAIN: no answer (err says how to reach it); DENIED: password, rights, or the lease is another
 * instance's; INVAL: a setting under which entries could vanish (the error holds the command that
 * mends it); ABI: Redis older than 6.2. Warnings (everysec, no AOF) go to the log. */
QUND_CHECK int qund_queue_inspect(const struct qund_queue_opts *o, struct qund_queue_info *out,
                                  struct qund_err *err);

/* What the store remembers against what the stream knows. */
enum qund_queue_gap {
    QUND_QUEUE_WHOLE,
    QUND_QUEUE_EMPTIED,
    QUND_QUEUE_CUT,
    QUND_QUEUE_STRANGE /* another store has applied of it, this one knows nothing */
};
struct qund_queue_known {
    struct qund_entry_id applied; /* last id whose effects are committed */
    struct qund_entry_id pushed;  /* last id known to have been answered; 0-0: none */
    bool mended;                  /* the queue's file was cut to its valid part just now */
    int64_t now;                  /* utc ms */
};
/* Not WHOLE: *text (may be NULL) says in one sentence what is unknown, with ids and the span of
 * time. The store learns of an answered id with its next transaction: so a queue that ends behind
 * all the store knows may still lack answered entries when its file was cut. */
enum qund_queue_gap qund_queue_compare(const struct qund_queue_info *info,
                                       const struct qund_queue_known *known, struct qund_buf *text);

/* ---- push: intake thread ---- */

struct qund_push;
/* Touches nothing: the first qund_push_poll connects. */
QUND_CHECK int qund_push_open(const struct qund_queue_opts *o, struct qund_push **out,
                              struct qund_err *err);
struct qund_push *qund_push_close(struct qund_push *p); /* NULL is fine; returns NULL */
QUND_DEFINE_AUTO(qund_push_close, struct qund_push *)

struct qund_push_news {
    size_t answered;           /* entries of the batch durable since the last poll, in order */
    struct qund_entry_id last; /* id of the last of them */
    int refused;               /* the rest of the batch was not taken: FULL (maxmemory), IO … */
    bool greeted;              /* a connection was made: the next three are fresh */
    struct qund_entry_id stream_last; /* the stream's last generated id */
    int64_t waiting;                  /* unacknowledged entries in the stream */
    bool lost;                        /* the connection broke: what was in flight is unknown */
};
/* As the last greeting found it; each connection is asked again, as somebody may have changed it or
 * put another Redis there. EVICTS: it is let go at once, and tried again. */
enum qund_queue_risk qund_push_risk(const struct qund_push *p);
/* Does what I/O can be done without waiting. Call when the descriptor is ready or the time is up.
 */
void qund_push_poll(struct qund_push *p, struct qund_push_news *out);
int qund_push_fd(const struct qund_push *p); /* -1: not connected */
bool qund_push_want_write(const struct qund_push *p);
int qund_push_timeout_ms(const struct qund_push *p); /* until poll wants to be called; -1: never */
bool qund_push_up(const struct qund_push *p);        /* greeted by Redis */
bool qund_push_ready(const struct qund_push *p);     /* up, nothing in flight */
/* One pipeline, written at once. The bodies are copied. AGAIN when not ready. */
QUND_CHECK int qund_push_send(struct qund_push *p, const struct qund_str *bodies, size_t n);
/* Asks for `waiting` and `stream_last` again; they come as `greeted`. Ignored when not ready. */
void qund_push_ask(struct qund_push *p);
/* Drops the connection (no reply for too long); what was in flight is unknown. */
void qund_push_drop(struct qund_push *p, const char *why);

/* ---- claim: engine thread ---- */

/* Entries in id order; the same entry may come again after a reconnect until it is acknowledged
 * (an entry already applied must be recognised). Lives until qund_batch_free, also over reconnects.
 */
struct qund_batch {
    struct qund_entry *v;
    size_t n;
    size_t bytes;
    bool full;   /* as many as were asked for: ask again */
    bool replay; /* from the pending list: delivered before, never acknowledged */
};
struct qund_batch *qund_batch_free(struct qund_batch *b); /* NULL is fine; returns NULL */
QUND_DEFINE_AUTO(qund_batch_free, struct qund_batch *)

struct qund_claim;
/* Touches nothing: the first qund_claim_poll connects. */
QUND_CHECK int qund_claim_open(const struct qund_queue_opts *o, struct qund_claim **out,
                               struct qund_err *err);
/* Gives acknowledgements still unsent up to 200 ms, then leaves. */
struct qund_claim *qund_claim_close(struct qund_claim *c);
QUND_DEFINE_AUTO(qund_claim_close, struct qund_claim *)
int qund_claim_fd(const struct qund_claim *c); /* -1: not connected */
bool qund_claim_want_write(const struct qund_claim *c);
int qund_claim_timeout_ms(
    const struct qund_claim *c); /* until poll wants to be called; -1: never */
/* Entries to ask for so that a batch stays below QUND_BATCH_BYTES; largest: qund_intake_largest. */
size_t qund_claim_count(size_t largest_body);
/* "There may be new entries, at most count of them at a time": called when the eventfd fired or a
 * batch was full; may be called while a batch is worked on (sent ahead). Never waits; calls while
 * one is under way are remembered as one. */
void qund_claim_request(struct qund_claim *c, size_t count);
/* Does the I/O. 1: *out is the caller's; 0: nothing yet; < 0: the connection was lost just now (it
 * comes back by itself, through later polls; pending entries are delivered again). While a batch is
 * out, at most one more is fetched. */
QUND_CHECK int qund_claim_poll(struct qund_claim *c, struct qund_batch **out);
/* After the commit: one XACK for all ids, then the stream is trimmed below the smallest entry that
 * is still owed. Pipelined, not waited for; lost ones are delivered again. */
void qund_claim_ack(struct qund_claim *c, const struct qund_entry *v, size_t n);

struct qund_claim_state {
    bool up;                 /* greeted, and the lease (if any) is ours */
    bool recovered;          /* the pending list of this connection was read to its end */
    bool denied;             /* the lease is another instance's */
    bool drained;            /* the last reply for new entries was empty, nothing is owed */
    size_t owed;             /* delivered, not acknowledged */
    uint64_t bodies_missing; /* pending entries whose body someone had trimmed */
};
void qund_claim_state(const struct qund_claim *c, struct qund_claim_state *out);
/* "hiredis 0.14.1": what it was built with, for the library does not say what it is. */
void qund_queue_version(struct qund_buf *out);
#endif
