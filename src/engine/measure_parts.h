/* src/engine/measure_parts.h - between measure.c (what is counted) and measure_sql.c (its rows). */
#ifndef QUND_ENGINE_MEASURE_PARTS_H
#define QUND_ENGINE_MEASURE_PARTS_H
#include "engine/internal.h"

struct measure_delta {
    int64_t hour, grp; /* grp 0: empty */
    int64_t messages, staff, speakers, joins, leaves;
};
QUND_CHECK int qund_measure_sql_add(struct qund_db *db, const struct measure_delta *d);
/* 1: the first word of this person in this group and hour. */
QUND_CHECK int qund_measure_sql_speaker(struct qund_db *db, int64_t hour, int64_t grp,
                                        int64_t contact);
/* Before counting again. 0: nothing was counted there, or it is frozen. */
QUND_CHECK int qund_measure_sql_clear(struct qund_db *db, int64_t hour, int64_t grp);
/* Hours before this one stay as they are. */
QUND_CHECK int qund_measure_sql_freeze(struct qund_db *db, int64_t before);
#endif
