/* src/crm/gap.h - spans in which nobody listened: a connection was lost, a bridge was away, and
 * what was said meanwhile is not known (essay in gap_sql.c). */
#ifndef QUND_CRM_GAP_H
#define QUND_CRM_GAP_H
#include "core/core.h"
#include "store/db.h"

struct qund_crm_gap {
    int64_t realm, channel;  /* ids; channel 0: all of them, we were down */
    struct qund_str account; /* NONE: all of the channel's */
    int64_t grp;             /* 0: all groups */
    int64_t from, to;        /* event time; to 0: it is not over */
    int64_t unfilled;        /* groups whose history could not be read to fill it */
    int64_t seq;
};
/* Engine thread. The same gap told again gets its end, and keeps the most it was told of unfilled;
 * an open one of the same place that began
 * before ends where this one begins. INVAL: it ends before it begins. */
QUND_CHECK int qund_crm_gap_put(struct qund_db *db, const struct qund_crm_gap *gap);
/* Nobody listened on any channel: we were not there. A gap of each realm, without a channel. */
QUND_CHECK int qund_crm_gap_down(struct qund_db *db, int64_t from, int64_t to);
/* 1: something of the group may be missing in (from, until). Any handle. Whoever judges by what was
 * said, or by silence, asks this first: a window with a gap in it ends void(gap). */
QUND_CHECK int qund_crm_gap_overlaps(struct qund_db *db, int64_t grp, int64_t from, int64_t until);
/* The same for what one person says to us alone, in no group. */
QUND_CHECK int qund_crm_gap_of_contact(struct qund_db *db, int64_t contact, int64_t from,
                                       int64_t until);
/* 1: we ourselves were not there for some of (from, until). Any handle. */
QUND_CHECK int qund_crm_gap_of_ours(struct qund_db *db, int64_t from, int64_t until);
/* Those that are not over at `now`. Any handle. */
QUND_CHECK int qund_crm_gap_open(struct qund_db *db, int64_t now, int64_t *out);
/* Those that ended before. Engine thread. */
QUND_CHECK int qund_crm_gap_forget(struct qund_db *db, int64_t before);
#endif
