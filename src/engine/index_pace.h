/* src/engine/index_pace.h - when the search index may have some of the engine's time (essay in
 * index_pace.c). The engine's thread only. */
#ifndef QUND_ENGINE_INDEX_PACE_H
#define QUND_ENGINE_INDEX_PACE_H
#include "engine/engine.h"

struct qund_index_pace {
    struct qund_engine *engine;
    int64_t behind_max;
    int64_t unindexed; /* messages that wait for the index, about */
    int64_t index_at_ms, event_at_ms;
    int64_t second_ms, in_second; /* events since the second began */
    bool busy;                    /* the last whole second had more than is calm */
    struct qund_counter *forced;
};
/* behind_max: messages that may wait while events come; 0: QUND_SEARCH_BEHIND_MAX. */
void qund_index_pace_init(struct qund_index_pace *p, struct qund_engine *engine, int64_t behind_max,
                          struct qund_metrics *metrics);
/* A transaction with n events is committed. */
void qund_index_pace_note(struct qund_index_pace *p, int64_t n);
/* Nobody waits: a slice, if it is time for one. */
void qund_index_pace_idle(struct qund_index_pace *p);
/* After a transaction with so many events: there may be no quiet moment. */
void qund_index_pace_keep_up(struct qund_index_pace *p, size_t events);
/* Until the next slice; INT64_MAX: none waits. */
int64_t qund_index_pace_wait_ms(const struct qund_index_pace *p);
#endif
