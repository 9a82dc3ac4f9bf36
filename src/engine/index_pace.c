/* src/engine/index_pace.c - when the search index may have some of the engine's time.
 *
 * Indexing a message costs as much as storing it, so the index keeps out of the way of a rush: a
 * calm stream leaves it one part in twenty, a busy one nothing until it pauses, and a quiet moment
 * all of it. Beyond a bound there is no choice: whoever searches would find the last hours missing,
 * so the index then goes faster than what comes. */
#include "engine/index_pace.h"
#include "store/search.h"

#define INDEX_ROWS 500  /* one slice, some milliseconds; while events come … */
#define INDEX_FEW 50    /* … one of a millisecond or two, … */
#define INDEX_SHARE 20  /* … one part in so many of the time */
#define QUIET_MS 50     /* no event for so long: all of it */
#define CALM_PER_S 1000 /* more events a second: the index waits … */
#define BUSY_MS 250     /* … until none came for so long */

void qund_index_pace_init(struct qund_index_pace *p, struct qund_engine *engine, int64_t behind_max,
                          struct qund_metrics *metrics)
{
    *p = (struct qund_index_pace){
        .engine = engine,
        .behind_max = behind_max ? behind_max : QUND_SEARCH_BEHIND_MAX,
        .unindexed = qund_engine_unindexed(engine),
        .event_at_ms = qund_mono_now().ms,
        .forced = qund_metric_counter(metrics, "qund_search_forced_total", NULL,
                                      "Times the search index was filled although events waited")};
}

void qund_index_pace_note(struct qund_index_pace *p, int64_t n)
{
    int64_t now = qund_mono_now().ms;

    p->unindexed += n;
    p->in_second += n;
    p->event_at_ms = now;
    if (now - p->second_ms >= 1000) {
        p->busy = p->in_second > CALM_PER_S * (now - p->second_ms) / 1000;
        p->second_ms = now;
        p->in_second = 0;
    }
    if (p->busy)
        p->index_at_ms = now + BUSY_MS;
}

static void index_some(struct qund_index_pace *p, int rows)
{
    if (qund_engine_index(p->engine, rows, &p->unindexed) < 0)
        p->unindexed = 0; /* the store is in trouble; events will say so */
}

void qund_index_pace_idle(struct qund_index_pace *p)
{
    int64_t start = qund_mono_now().ms, now;
    bool quiet = start - p->event_at_ms >= QUIET_MS;

    if (start < p->index_at_ms)
        return;
    index_some(p, quiet ? INDEX_ROWS : INDEX_FEW);
    now = qund_mono_now().ms;
    if (!quiet)
        p->index_at_ms = now + INDEX_SHARE * (now - start + 1);
}

void qund_index_pace_keep_up(struct qund_index_pace *p, size_t events)
{
    if (p->unindexed <= p->behind_max)
        return;
    qund_counter_add(p->forced, 1);
    index_some(p, INDEX_ROWS + 2 * (int)events);
}

int64_t qund_index_pace_wait_ms(const struct qund_index_pace *p)
{
    return p->unindexed > 0 ? p->index_at_ms - qund_mono_now().ms : INT64_MAX;
}
