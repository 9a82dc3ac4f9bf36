/* outcome.c - what an answer, or none, means for a push. One table; the first row that fits.
 *
 * Four ends: taken; not now (try again, later and later); the receiver's own limit (wait as it
 * asks, the whole target waits); never (a person must look). What waited for its turn on our side
 * and was not begun goes back to the queue and says nothing of the receiver. And one end is none of
 * these: bytes left and nothing came back. The generic webhook carries an id that stays the same,
 * so the receiver can tell a repeat; that is why `unknown` is tried again here, and only here.
 *
 * Waits have full jitter: after an outage everything failed in the same second, and equal waits
 * would meet again. The first four tries come within minutes, the rest at most ten minutes apart,
 * forty in all; usually the row's deadline comes first. */
#include "core/file.h"
#include "deliver/internal.h"
#include <stdio.h>

#define ATTEMPTS_MAX 40
#define LEAST_WAIT_MS 200
#define QUOTA_MS 60000
#define QUOTA_JITTER_MS 10000
#define PAUSE_MAX_MS QUND_HOUR_MS

static const int64_t CEILINGS_MS[] = {1000, 5000, 30000, 120000, 300000, 600000};

enum asked { ANY, WITH_RETRY_AFTER };
static const struct {
    int from, to;
    enum asked asked;
    enum qund_out_event event;
    enum qund_verdict verdict;
    const char *reason;
} ANSWERS[] = {
    {200, 299, ANY, QUND_OUT_EV_ACCEPTED, QUND_VERDICT_WORKED, ""},
    {300, 399, ANY, QUND_OUT_EV_DROP, QUND_VERDICT_WORKED,
     "the receiver sent us elsewhere; put the final address into the configuration"},
    {408, 408, ANY, QUND_OUT_EV_RETRY, QUND_VERDICT_FAILED, "the receiver waited too long for us"},
    {410, 410, ANY, QUND_OUT_EV_DROP, QUND_VERDICT_WORKED,
     "the receiver is gone for good; remove the target"},
    {425, 425, ANY, QUND_OUT_EV_RETRY, QUND_VERDICT_WORKED, "too early, says the receiver"},
    {429, 429, ANY, QUND_OUT_EV_QUOTA, QUND_VERDICT_NONE, "the receiver's limit is reached"},
    {503, 503, WITH_RETRY_AFTER, QUND_OUT_EV_QUOTA, QUND_VERDICT_NONE,
     "the receiver asks us to come later"},
    {400, 499, ANY, QUND_OUT_EV_DROP, QUND_VERDICT_WORKED, "the receiver refused it"},
    {500, 599, ANY, QUND_OUT_EV_RETRY, QUND_VERDICT_FAILED, "the receiver has a fault"},
    {0, 999, ANY, QUND_OUT_EV_DROP, QUND_VERDICT_FAILED, "no such status is known"},
};

static int64_t below(int64_t n)
{
    uint64_t r;

    qund_random(&r, sizeof(r));
    return (int64_t)(r % (uint64_t)n);
}

int64_t qund_backoff_ms(int attempt)
{
    size_t i = attempt < 1 ? 0 : (size_t)attempt - 1;
    int64_t ms;

    if (i >= QUND_ARRAY_LEN(CEILINGS_MS))
        i = QUND_ARRAY_LEN(CEILINGS_MS) - 1;
    ms = below(CEILINGS_MS[i]);
    return ms > LEAST_WAIT_MS ? ms : LEAST_WAIT_MS;
}

static void wait_quota(struct qund_outcome *o, int64_t retry_after_ms)
{
    int64_t ms = retry_after_ms > 0 ? retry_after_ms : QUOTA_MS + below(QUOTA_JITTER_MS);

    o->retry_ms = ms;
    o->pause_ms = ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS;
}

static void wait_retry(struct qund_outcome *o, int attempt)
{
    char last[sizeof(o->reason)];

    if (attempt < ATTEMPTS_MAX) {
        o->retry_ms = qund_backoff_ms(attempt);
        return;
    }
    /* Unknown without a time to try again is parked: a person decides. */
    if (o->event == QUND_OUT_EV_RETRY)
        o->event = QUND_OUT_EV_DROP;
    snprintf(last, sizeof(last), "%s", o->reason);
    snprintf(o->reason, sizeof(o->reason), "given up after %d attempts: %.150s", attempt, last);
}

static void by_status(struct qund_outcome *o, const struct qund_client_answer *a)
{
    size_t i = 0;

    while (a->status < ANSWERS[i].from || a->status > ANSWERS[i].to ||
           (ANSWERS[i].asked == WITH_RETRY_AFTER && a->retry_after_ms < 0))
        i++; /* the last row fits everything */
    o->event = ANSWERS[i].event;
    o->verdict = ANSWERS[i].verdict;
    o->status = a->status;
    snprintf(o->reason, sizeof(o->reason), "%s", ANSWERS[i].reason);
}

struct qund_outcome qund_outcome_of(const struct qund_client_answer *a, int attempt)
{
    static const struct {
        enum qund_out_event event;
        enum qund_verdict verdict;
        const char *what;
    } SILENT[] = {
        [QUND_CLIENT_NOT_SENT] = {QUND_OUT_EV_RETRY, QUND_VERDICT_FAILED, "not reached"},
        [QUND_CLIENT_NO_ANSWER] = {QUND_OUT_EV_UNKNOWN, QUND_VERDICT_FAILED, "sent, no answer"},
        [QUND_CLIENT_REFUSED] = {QUND_OUT_EV_DROP, QUND_VERDICT_NONE,
                                 "the address is not allowed without allow_private"},
        [QUND_CLIENT_UNFIT] = {QUND_OUT_EV_DROP, QUND_VERDICT_WORKED, "no way to speak with it"},
        [QUND_CLIENT_NOT_BEGUN] = {QUND_OUT_EV_RETURNED, QUND_VERDICT_NONE, "not begun"},
    };
    struct qund_outcome o = {.retry_ms = -1};

    if (a->end == QUND_CLIENT_ANSWERED) {
        by_status(&o, a);
    } else {
        o.event = SILENT[a->end].event;
        o.verdict = SILENT[a->end].verdict;
        snprintf(o.reason, sizeof(o.reason), "%s: %.120s", SILENT[a->end].what, a->why);
    }
    if (o.event == QUND_OUT_EV_QUOTA)
        wait_quota(&o, a->retry_after_ms);
    else if (o.event == QUND_OUT_EV_RETRY || o.event == QUND_OUT_EV_UNKNOWN)
        wait_retry(&o, attempt);
    return o;
}

/* A plugin has read the answer itself; what follows from it is decided here all the same. */
struct qund_outcome qund_outcome_told(const struct qund_ended *e, enum qund_repeat repeat,
                                      const struct qund_out_item *item)
{
    static const struct {
        enum qund_out_event event;
        enum qund_verdict verdict;
    } TOLD[] = {
        [QUND_SENT] = {QUND_OUT_EV_ACCEPTED, QUND_VERDICT_WORKED},
        [QUND_RETRY] = {QUND_OUT_EV_RETRY, QUND_VERDICT_FAILED},
        [QUND_LIMITED] = {QUND_OUT_EV_QUOTA, QUND_VERDICT_NONE},
        [QUND_DROP] = {QUND_OUT_EV_DROP, QUND_VERDICT_WORKED},
        [QUND_UNKNOWN] = {QUND_OUT_EV_UNKNOWN, QUND_VERDICT_FAILED},
        [QUND_AWAITING_PERSON] = {QUND_OUT_EV_PERSON, QUND_VERDICT_WORKED},
        [QUND_RETURNED] = {QUND_OUT_EV_RETURNED, QUND_VERDICT_NONE},
    };
    size_t how = (size_t)e->how < QUND_ARRAY_LEN(TOLD) ? (size_t)e->how : QUND_UNKNOWN;
    struct qund_str detail =
        qund_utf8_cut(e->detail, sizeof(((struct qund_outcome *)0)->reason) - 1);
    struct qund_outcome o = {
        .event = TOLD[how].event, .verdict = TOLD[how].verdict, .retry_ms = -1};
    bool again = repeat == QUND_REPEAT_SAFE || (repeat == QUND_REPEAT_ONCE && item->unknowns == 0);

    snprintf(o.reason, sizeof(o.reason), "%.*s", QUND_STR_ARG(detail));
    if (o.event == QUND_OUT_EV_QUOTA)
        wait_quota(&o, e->retry_after_ms);
    else if (o.event == QUND_OUT_EV_RETRY || (o.event == QUND_OUT_EV_UNKNOWN && again))
        wait_retry(&o, item->attempt);
    if (o.event == QUND_OUT_EV_RETRY && e->retry_after_ms > 0)
        o.retry_ms = e->retry_after_ms;
    return o;
}
