/* src/alert/digest.h - a day of a group on one page: what was asked, answered and is open, who
 * came, what was talked about (essay in digest.c). Any handle, any thread with its own. */
#ifndef QUND_ALERT_DIGEST_H
#define QUND_ALERT_DIGEST_H
#include "core/json.h"
#include "core/zone.h"
#include "store/month.h"

struct qund_digest {
    int64_t grp;
    int64_t days; /* the local day, since 1970-01-01 */
    int at_min;   /* it ends at this minute of that day and begins a day before; -1: midnights */
    const struct qund_zone *zone;
    int words; /* of them at most */
};
/* "19:00" → 1140; -1: none. */
int qund_digest_minute(const char *z);
/* "2025-09-15" → days since 1970-01-01; INVAL. */
QUND_CHECK int qund_digest_date(struct qund_str s, int64_t *days);
/* The local day that holds t. */
int64_t qund_digest_day(const struct qund_zone *z, int64_t t);
void qund_digest_span(const struct qund_digest *d, int64_t *from, int64_t *until);
/* The members of an open object (docs/deliveries.md, kind digest); `text` gets what a person reads,
 * too (NULL: not). 1: written; 0: nothing happened that day, and it is written all the same.
 * NOTFOUND: no such group. */
QUND_CHECK int qund_digest_write(struct qund_db *db, struct qund_months *m,
                                 const struct qund_digest *d, struct qund_buf *text,
                                 struct qund_jw *w);

/* --- digest_words.c: what was talked about --- */
struct digest_words;
struct digest_words *digest_words_new(void);
struct digest_words *digest_words_free(struct digest_words *ws); /* returns NULL */
void digest_words_add(struct digest_words *ws, struct qund_str text);
struct digest_word {
    char z[64];
    int n; /* messages */
};
/* The most frequent, at most max; returns how many. */
int digest_words_top(struct digest_words *ws, struct digest_word *out, int max);

/* --- digest_sql.c --- */
struct digest_counts {
    int64_t asked, answered, open, joined, left;
};
int digest_sql_group(struct qund_db *db, int64_t grp, struct qund_buf *name);
int digest_sql_counts(struct qund_db *db, int64_t grp, int64_t from, int64_t until,
                      struct digest_counts *c);
/* What the hours counted, for a day that is too long to be read: whole hours alone. */
int digest_sql_busy(struct qund_db *db, int64_t grp, int64_t from, int64_t until, int64_t *messages,
                    int64_t *speakers);
/* Up to max of each: open questions (their message), and who came (their name). */
int digest_sql_open(struct qund_db *db, int64_t grp, int64_t from, int64_t until, int max,
                    void (*each)(void *arg, int64_t seq, struct qund_str name, int64_t ts),
                    void *arg);
int digest_sql_joined(struct qund_db *db, int64_t grp, int64_t from, int64_t until, int max,
                      void (*each)(void *arg, struct qund_str name), void *arg);
/* The first group after that one that is not closed; its zone ("": none of its own). 0: none. */
QUND_CHECK int qund_digest_sql_next(struct qund_db *db, int64_t after, int64_t *grp,
                                    struct qund_buf *zone);
/* The zones that groups name, each once; "" for those that name none. */
QUND_CHECK int qund_digest_sql_zones(struct qund_db *db,
                                     int (*each)(void *arg, struct qund_str zone), void *arg);
#endif
