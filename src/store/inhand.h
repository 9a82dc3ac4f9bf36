/* src/store/inhand.h - which item each thread has in its hands, in a file that survives the death
 * of the process (essay in inhand.c), and how often an item was in hand when it died. */
#ifndef QUND_STORE_INHAND_H
#define QUND_STORE_INHAND_H
#include "store/db.h"

#define QUND_INHAND_KEY_MAX 191u
#define QUND_INHAND_STAGE_MAX 47u

/* A slot belongs to one thread. */
enum qund_inhand_slot { QUND_INHAND_ENGINE, QUND_INHAND_LOOP, QUND_INHAND_DELIVER };
#define QUND_INHAND_SLOTS 3

/* What the last process left behind. */
struct qund_inhand_left {
    bool unclean;     /* it did not stop by itself */
    int64_t alive_ms; /* wall: when it last said that it runs; 0: not known */
    bool set[QUND_INHAND_SLOTS];
    char key[QUND_INHAND_SLOTS][QUND_INHAND_KEY_MAX + 1];
    char stage[QUND_INHAND_SLOTS][QUND_INHAND_STAGE_MAX + 1];
};

struct qund_inhand;
/* Maps <data>/inhand (made when missing; a damaged one counts as unclean with nothing set), reports
 * what it held and marks it running. */
QUND_CHECK int qund_inhand_open(const char *path, struct qund_inhand **out,
                                struct qund_inhand_left *left, struct qund_err *err);
/* A few dozen nanoseconds: two memcpy between two marks. Longer keys and stages are cut. */
void qund_inhand_set(struct qund_inhand *h, enum qund_inhand_slot slot, struct qund_str key,
                     struct qund_str stage);
void qund_inhand_clear(struct qund_inhand *h, enum qund_inhand_slot slot);
/* The process takes what comes; one store to memory, so as often as one likes. */
void qund_inhand_alive(struct qund_inhand *h, int64_t wall_ms);
/* clean: the process stops in order. NULL is fine; returns NULL. */
struct qund_inhand *qund_inhand_close(struct qund_inhand *h, bool clean);

/* Attempts of items that were in hand at an unclean stop; rows, in the caller's transaction. */
QUND_CHECK int qund_attempt_add(struct qund_db *db, struct qund_str key, int64_t now, int *n);
QUND_CHECK int qund_attempt_get(struct qund_db *db, struct qund_str key, int *n); /* 0 when none */
QUND_CHECK int qund_attempt_clear(struct qund_db *db, struct qund_str key);
/* All keys with an attempt: at start these run alone. */
QUND_CHECK int qund_attempt_list(struct qund_db *db,
                                 int (*each)(struct qund_str key, int n, void *arg), void *arg);
#endif
