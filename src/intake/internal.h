/* src/intake/internal.h - the spool and the books, between the files of intake/. */
#ifndef QUND_INTAKE_INTERNAL_H
#define QUND_INTAKE_INTERNAL_H
#include "core/clock.h"
#include "intake/intake.h"

/* ---- floor.c: holds, and what the engine told us; one lock ---- */

struct qund_books {
    pthread_mutex_t mtx;
    struct qund_clock *clock; /* constant */
    /* under mtx */
    struct qund_hold *first, *last; /* in the order in which they were stamped */
    int64_t rx;                     /* last stamp or published floor */
    int64_t spool_low;              /* no entry in the spool is older; INT64_MAX: it is empty */
    struct qund_entry_id last_id;   /* everything pushed lies at or below it */
    struct qund_entry_id applied;   /* the engine's last one; may be ahead of last_id */
    bool known;                     /* last_id was read from the stream once */
    int64_t waiting;                /* unconsumed entries in the stream */
    size_t largest;                 /* body among them */
    int64_t held_events, held_bytes;
    int64_t spool_events, spool_bytes;
    bool redis_up, stream_cut;
    bool refused; /* Redis had no memory for the latest batch, and nothing was consumed since */
    int spool_damaged; /* files set aside that nobody has moved away */
    char spool_damaged_name[QUND_SPOOL_NAME];
    int disk_errno; /* the latest events found neither Redis nor room in the spool; 0: taken */
    struct qund_entry_id cut_from, cut_to;
    int64_t down_since; /* mono ms; 0: up */
    enum qund_queue_risk risk;
};
void qund_books_init(struct qund_books *b, struct qund_clock *clock);
void qund_books_done(struct qund_books *b);
int64_t qund_books_hold(struct qund_books *b, struct qund_hold *h);
void qund_books_release(struct qund_books *b, struct qund_hold *h);
/* No event held now or later has a smaller rx. */
int64_t qund_books_low(struct qund_books *b);
int qund_books_floor(struct qund_books *b, int64_t *rx_ms, struct qund_entry_id *last_id);
/* n entries were answered, the last of them with this id. */
void qund_books_pushed(struct qund_books *b, struct qund_entry_id last, size_t n, size_t largest);
void qund_books_applied(struct qund_books *b, struct qund_entry_id last, size_t n);
/* What a fresh look at the stream says. True when it ends before what was pushed. */
bool qund_books_looked(struct qund_books *b, struct qund_entry_id stream_last, int64_t waiting);
void qund_books_refused(struct qund_books *b);
void qund_books_disk(struct qund_books *b, int disk_errno);
void qund_books_damage(struct qund_books *b, int files, const char *first);
void qund_books_redis(struct qund_books *b, bool up, enum qund_queue_risk risk);

/* ---- spool.c: intake thread only ---- */

struct qund_spool;
QUND_CHECK int qund_spool_open(const char *dir, int64_t max_bytes, struct qund_log *log,
                               struct qund_spool **out, struct qund_err *err);
struct qund_spool *qund_spool_close(struct qund_spool *s); /* returns NULL */
QUND_DEFINE_AUTO(qund_spool_close, struct qund_spool *)

#define QUND_SPOOL_HEAD 16u /* bytes of a frame before its body */
/* Appends one framed record: length, checksum, low, body. */
void qund_spool_frame(struct qund_buf *out, int64_t low, struct qund_str body);
/* Takes the first frame off *rest. 1; 0 when rest is empty or a beginning of a frame; INVAL when
 * its checksum or length is wrong. */
QUND_CHECK int qund_spool_unframe(struct qund_str *rest, int64_t *low, struct qund_str *body);

/* n framed records, durable when it returns OK; nothing of them is there otherwise. FULL: no room.
 */
QUND_CHECK int qund_spool_write(struct qund_spool *s, struct qund_str frames, size_t n);
/* spool_damage.c: file `name` of dir is good up to `good` bytes; says what that means, and keeps a
 * copy of what is damaged, not torn. */
void qund_spool_report_cut(const char *dir, struct qund_log *log, const char *name,
                           struct qund_str all, int64_t good, bool last);
#define QUND_SPOOL_DAMAGED ".damaged"
/* How many such copies lie in dir, the oldest one's name; -1: it cannot be looked at now. */
int qund_spool_damaged(const char *dir, char first[QUND_SPOOL_NAME]);
/* Up to max_n records from the oldest on, together at most max_bytes (but at least one); they live
 * in *mem. Returns how many; 0 when it is empty, or cannot be read just now. */
size_t qund_spool_peek(struct qund_spool *s, struct qund_buf *mem, struct qund_str *bodies,
                       size_t max_n, size_t max_bytes);
/* The n oldest records lie in the stream. */
void qund_spool_advance(struct qund_spool *s, size_t n);
/* errno of the latest write; 0 when it went well. */
int qund_spool_trouble(const struct qund_spool *s);
int64_t qund_spool_events(const struct qund_spool *s);
int64_t qund_spool_bytes(const struct qund_spool *s);
int64_t qund_spool_room(const struct qund_spool *s);
/* low of the oldest record; INT64_MAX when empty. */
int64_t qund_spool_low(struct qund_spool *s);
#endif
