/* breaker.c - leaving a receiver alone that is not well.
 *
 * It opens when ten calls in a row fail, or when half of the last twenty did and all twenty lie
 * within ten seconds. Open, nothing leaves for five seconds; then one probe. If that fails the wait
 * doubles, up to a minute; if it works the breaker closes and its caller begins small again.
 *
 * Several calls may be on their way when it opens. Their results arrive afterwards and say nothing
 * new: only PROBING listens, to the probe. */
#include "deliver/internal.h"

#define IN_A_ROW 10
#define WITHIN_MS 10000
#define OPEN_MS 5000
#define OPEN_MAX_MS 60000

static void note(struct qund_breaker_box *b, int64_t now_ms, bool failed)
{
    b->last[b->at].at_ms = now_ms;
    b->last[b->at].failed = failed;
    b->at = (b->at + 1) % QUND_BREAKER_LAST;
    if (b->n < QUND_BREAKER_LAST)
        b->n++;
}

static bool half_failed(const struct qund_breaker_box *b, int64_t now_ms)
{
    int failed = 0;

    if (b->n < QUND_BREAKER_LAST || now_ms - b->last[b->at].at_ms > WITHIN_MS)
        return false; /* `at` is the oldest once the ring is full */
    for (size_t i = 0; i < QUND_BREAKER_LAST; i++)
        failed += b->last[i].failed;
    return 2 * failed >= QUND_BREAKER_LAST;
}

static void open_for(struct qund_breaker_box *b, int64_t now_ms, int64_t ms)
{
    b->state = QUND_BREAKER_OPEN;
    b->open_ms = ms < OPEN_MAX_MS ? ms : OPEN_MAX_MS;
    b->until_ms = now_ms + b->open_ms;
    b->n = 0;
    b->at = 0;
    b->in_a_row = 0;
}

bool qund_breaker_failed(struct qund_breaker_box *b, int64_t now_ms)
{
    if (b->state == QUND_BREAKER_OPEN)
        return false;
    if (b->state == QUND_BREAKER_PROBING) {
        open_for(b, now_ms, 2 * b->open_ms);
        return true;
    }
    note(b, now_ms, true);
    if (++b->in_a_row < IN_A_ROW && !half_failed(b, now_ms))
        return false;
    open_for(b, now_ms, OPEN_MS);
    return true;
}

bool qund_breaker_worked(struct qund_breaker_box *b, int64_t now_ms)
{
    if (b->state == QUND_BREAKER_OPEN)
        return false;
    if (b->state == QUND_BREAKER_PROBING) {
        *b = (struct qund_breaker_box){.state = QUND_BREAKER_CLOSED};
        return true;
    }
    note(b, now_ms, false);
    b->in_a_row = 0;
    return false;
}

void qund_breaker_tick(struct qund_breaker_box *b, int64_t now_ms)
{
    if (b->state == QUND_BREAKER_OPEN && now_ms >= b->until_ms)
        b->state = QUND_BREAKER_PROBING;
}
