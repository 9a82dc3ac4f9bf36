/* bucket.c - how often a target is called: the generic cell rate algorithm.
 *
 * A robot that allows 20 messages a minute locks out who sends the 21st, and its minute begins when
 * it likes. So the promise is about every window, not about calendar minutes: with a burst of B and
 * one per period after it, at most B + floor(window / period) begin within any window, and the
 * period is chosen so that this is the limit. A quarter of the limit is burst: enough for the
 * reminders of one moment, and the pace after it stays near the limit.
 *
 * What counts is when the receiver counts, and the way there is not equally long each time: the
 * window is taken one sixtieth longer than it is.
 *
 * The bucket starts empty. A process that was killed a moment ago may have spent it; with `due` a
 * full slack ahead the new one continues as the old one would have at its worst. */
#include "deliver/internal.h"

void qund_bucket_init(struct qund_bucket *b, int64_t limit, int64_t window_us, int64_t now_us)
{
    int64_t burst = limit / 4 > 0 ? limit / 4 : 1;

    *b = (struct qund_bucket){0};
    if (limit <= 0)
        return;
    /* floor(window / period) <= limit - burst, as period > window / (limit - burst + 1). */
    b->period_us = (window_us + window_us / 60) / (limit - burst + 1);
    b->slack_us = (burst - 1) * b->period_us;
    b->due_us = now_us + b->slack_us + b->period_us;
}

int qund_bucket_ready(const struct qund_bucket *b, int64_t now_us, int max)
{
    int64_t ahead = now_us - (b->due_us - b->slack_us);
    int64_t burst, n;

    if (b->period_us == 0)
        return max;
    if (ahead < 0)
        return 0;
    burst = b->slack_us / b->period_us + 1;
    n = ahead / b->period_us + 1;
    n = n < burst ? n : burst;
    return n < max ? (int)n : max;
}

void qund_bucket_take(struct qund_bucket *b, int64_t now_us)
{
    if (b->period_us > 0)
        b->due_us = (b->due_us > now_us ? b->due_us : now_us) + b->period_us;
}

int64_t qund_bucket_when_us(const struct qund_bucket *b, int n)
{
    if (b->period_us == 0)
        return 0;
    if ((n - 1) * b->period_us > b->slack_us)
        return INT64_MAX;
    return b->due_us - b->slack_us + (n - 1) * b->period_us;
}
