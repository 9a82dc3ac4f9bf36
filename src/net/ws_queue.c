/* src/net/ws_queue.c - frames on their way to readers.
 *
 * A frame of the live feed goes to many readers: it is made once and counted. Each reader has a
 * ring of those that it has yet to get. Most readers keep up and never have more than a few
 * waiting, so a ring begins small and doubles up to what the reader may keep; one for the most that
 * a reader of the live feed may have would be 32 KB for each of them. */
#include "net/ws_queue.h"
#include "core/mem.h"

enum { ROOM_FIRST = 16 };

struct qund_ws_frame *qund_ws_frame_new(struct qund_str text)
{
    struct qund_ws_frame *f = qund_alloc(sizeof(*f) + text.n);

    f->refs = 1;
    f->n = text.n;
    memcpy(f->text, text.p ? text.p : "", text.n);
    return f;
}

struct qund_ws_frame *qund_ws_frame_unref(struct qund_ws_frame *f)
{
    if (f && --f->refs == 0)
        qund_free(f);
    return NULL;
}

static void grow(struct qund_ws_queue *q, unsigned frames_max)
{
    unsigned room = q->room ? 2 * q->room : ROOM_FIRST;
    struct qund_ws_frame **ring;

    if (room > frames_max)
        room = frames_max;
    ring = qund_alloc(room * sizeof(struct qund_ws_frame *));
    for (unsigned i = 0; i < q->n; i++)
        ring[i] = q->ring[(q->head + i) % q->room];
    qund_free(q->ring);
    q->ring = ring;
    q->head = 0;
    q->room = room;
}

bool qund_ws_queue_push(struct qund_ws_queue *q, struct qund_ws_frame *f, unsigned frames_max,
                        size_t bytes_max)
{
    if (q->n >= frames_max || (q->n > 0 && q->bytes + f->n > bytes_max))
        return false;
    if (q->n == q->room)
        grow(q, frames_max);
    f->refs++;
    q->ring[(q->head + q->n++) % q->room] = f;
    q->bytes += f->n;
    return true;
}

struct qund_ws_frame *qund_ws_queue_pop(struct qund_ws_queue *q)
{
    struct qund_ws_frame *f = q->ring[q->head];

    q->head = (q->head + 1) % q->room;
    q->n--;
    q->bytes -= f->n;
    return f;
}

void qund_ws_queue_done(struct qund_ws_queue *q)
{
    while (q->n > 0)
        qund_ws_frame_unref(qund_ws_queue_pop(q));
    qund_free(q->ring);
    *q = (struct qund_ws_queue){0};
}
