/* src/intake/floor.c - the books of intake: who holds time back, and what waits in the stream.
 *
 * A judgement ("nobody answered within ten minutes") is only right when no event of those ten
 * minutes is still on its way. So whoever receives bytes takes a hold: the receipt time is stamped
 * and the hold noted under one lock, and the floor is read under the same lock. Stamps never
 * decrease, so the list of holds is sorted by itself and the oldest is its first element.
 *
 * An event leaves its hold when it lies in the stream (then last_id covers it) or in the spool
 * (then spool_low covers it). Each spool record carries the lowest hold at the time of its writing,
 * which no later record can undercut: so the low of the oldest record speaks for the whole spool,
 * also after a restart. */
#include "intake/internal.h"
#include <stdio.h>

/* Before the first event of unknown size was consumed: the text limit of an event. */
enum { LARGEST_UNKNOWN = 64 << 10 };

void qund_books_init(struct qund_books *b, struct qund_clock *clock)
{
    *b = (struct qund_books){.clock = clock, .spool_low = INT64_MAX};
    pthread_mutex_init(&b->mtx, NULL);
    b->down_since = qund_mono_now().ms;
}

void qund_books_done(struct qund_books *b)
{
    qund_assert(!b->first);
    pthread_mutex_destroy(&b->mtx);
}

/* Under mtx. */
static int64_t stamp(struct qund_books *b)
{
    int64_t now = qund_clock_now(b->clock).ms;

    if (now > b->rx)
        b->rx = now;
    return b->rx;
}

int64_t qund_books_hold(struct qund_books *b, struct qund_hold *h)
{
    pthread_mutex_lock(&b->mtx);
    if (!h->held) {
        *h = (struct qund_hold){.prev = b->last, .rx = stamp(b), .held = true};
        if (b->last)
            b->last->next = h;
        else
            b->first = h;
        b->last = h;
    }
    pthread_mutex_unlock(&b->mtx);
    return h->rx;
}

void qund_books_release(struct qund_books *b, struct qund_hold *h)
{
    pthread_mutex_lock(&b->mtx);
    if (h->held) {
        if (h->prev)
            h->prev->next = h->next;
        else
            b->first = h->next;
        if (h->next)
            h->next->prev = h->prev;
        else
            b->last = h->prev;
        h->held = false;
    }
    pthread_mutex_unlock(&b->mtx);
}

int64_t qund_books_low(struct qund_books *b)
{
    int64_t low;

    pthread_mutex_lock(&b->mtx);
    low = b->first ? b->first->rx : stamp(b);
    pthread_mutex_unlock(&b->mtx);
    return low;
}

int qund_books_floor(struct qund_books *b, int64_t *rx_ms, struct qund_entry_id *last_id)
{
    int rc = QUND_E_AGAIN;

    pthread_mutex_lock(&b->mtx);
    if (b->known) {
        *rx_ms = b->first ? b->first->rx : stamp(b);
        if (b->spool_low < *rx_ms)
            *rx_ms = b->spool_low;
        *last_id = b->last_id;
        rc = QUND_OK;
    }
    pthread_mutex_unlock(&b->mtx);
    return rc;
}

/* The engine reads an entry as soon as Redis has it, and may have applied it before the answer of
 * Redis was booked here, or before a look at the stream was. Under b->mtx. */
static void settle(struct qund_books *b)
{
    if (!b->known || qund_entry_id_cmp(b->applied, b->last_id) < 0)
        return;
    b->waiting = 0;
    b->largest = 0;
}

void qund_books_pushed(struct qund_books *b, struct qund_entry_id last, size_t n, size_t largest)
{
    pthread_mutex_lock(&b->mtx);
    b->last_id = last;
    b->refused = false;
    b->waiting += (int64_t)n;
    if (largest > b->largest)
        b->largest = largest;
    settle(b);
    pthread_mutex_unlock(&b->mtx);
}

void qund_books_refused(struct qund_books *b)
{
    pthread_mutex_lock(&b->mtx);
    b->refused = true;
    pthread_mutex_unlock(&b->mtx);
}

void qund_books_disk(struct qund_books *b, int disk_errno)
{
    pthread_mutex_lock(&b->mtx);
    b->disk_errno = disk_errno;
    pthread_mutex_unlock(&b->mtx);
}

void qund_books_damage(struct qund_books *b, int files, const char *first)
{
    pthread_mutex_lock(&b->mtx);
    b->spool_damaged = files;
    snprintf(b->spool_damaged_name, sizeof(b->spool_damaged_name), "%s", first);
    pthread_mutex_unlock(&b->mtx);
}

/* Counting drifts when a pipeline's fate was unknown (its entries are consumed twice), so it stops
 * at nothing, and starts from nothing whenever the engine has caught up. */
void qund_books_applied(struct qund_books *b, struct qund_entry_id last, size_t n)
{
    pthread_mutex_lock(&b->mtx);
    b->refused = false;
    b->waiting -= (int64_t)n < b->waiting ? (int64_t)n : b->waiting;
    b->applied = last;
    settle(b);
    pthread_mutex_unlock(&b->mtx);
}

bool qund_books_looked(struct qund_books *b, struct qund_entry_id stream_last, int64_t waiting)
{
    bool cut;

    pthread_mutex_lock(&b->mtx);
    cut = b->known && qund_entry_id_cmp(stream_last, b->last_id) < 0;
    if (cut) {
        b->stream_cut = true;
        b->cut_from = stream_last;
        b->cut_to = b->last_id;
        b->applied = (struct qund_entry_id){0}; /* of a stream that is no more */
    }
    if (!b->known && waiting > 0)
        b->largest = LARGEST_UNKNOWN;
    b->known = true;
    b->last_id = stream_last;
    b->waiting = waiting;
    settle(b);
    pthread_mutex_unlock(&b->mtx);
    return cut;
}

void qund_books_redis(struct qund_books *b, bool up, enum qund_queue_risk risk)
{
    pthread_mutex_lock(&b->mtx);
    if (b->redis_up != up || (!up && b->down_since == 0))
        b->down_since = up ? 0 : qund_mono_now().ms;
    b->redis_up = up;
    b->risk = risk;
    pthread_mutex_unlock(&b->mtx);
}
