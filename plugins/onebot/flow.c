/* plugins/onebot/flow.c - events of WebSockets on their way to durability.
 *
 * Nothing on a WebSocket can be asked for again, so a frame is kept until the daemon has it on
 * disk: handed over, and when that failed or there was no room, handed over again, in order of
 * arrival. What was taken meanwhile is recognised by its id. While frames wait, or too many are
 * under way, the bridges are not read from: they are slowed down, not cut off. */
#include "onebot.h"
#include <stdlib.h>

#define UNDER_WAY_MAX 8192u
#define BYTES_MAX ((size_t)32 << 20)
#define AGAIN_MS 50

struct held {
    struct held *next, **prev; /* in under_way */
    struct ob_flow *f;
    char *account;
    struct qund_str text; /* behind it */
};
struct ob_flow {
    struct ob_channel *c;
    struct held *under_way;
    struct held *waiting, **waiting_end;
    size_t n, bytes; /* of both */
    bool slowed;
    bool stuck; /* handed over without becoming durable, and nothing has become it since */
    struct qund_alarm *again;
};

static void drain(void *arg);

struct ob_flow *ob_flow_new(struct ob_channel *c)
{
    struct ob_flow *f = ob_alloc(sizeof(*f));

    f->c = c;
    f->waiting_end = &f->waiting;
    f->again = c->host->alarm_new(c->host, drain, f);
    return f;
}

static void held_free(struct held *h)
{
    h->f->n--;
    h->f->bytes -= h->text.n;
    free(h->account);
    free(h);
}

void ob_flow_free(struct ob_flow *f)
{
    while (f->under_way) {
        struct held *h = f->under_way;

        f->under_way = h->next;
        held_free(h);
    }
    while (f->waiting) {
        struct held *h = f->waiting;

        f->waiting = h->next;
        held_free(h);
    }
    f->c->host->alarm_free(f->again);
    free(f);
}

/* --- fast and slow --- */

/* That none waits says little: those that came back are handed over again at once, and while they
 * are under way the rest of the store may still be full. */
static void pace(struct ob_flow *f)
{
    size_t part = f->slowed ? 2 : 1; /* reads again when half of it is done */
    bool slow = f->waiting || (f->stuck && f->n > 0) || f->n > UNDER_WAY_MAX / part ||
                f->bytes > BYTES_MAX / part;
    int64_t now = ob_mono(f->c);

    f->c->host->gauge_set(f->c->numbers.held, (int64_t)f->n);
    if (slow == f->slowed)
        return;
    f->slowed = slow;
    if (slow)
        f->c->host->gauge_add(f->c->numbers.slowed, 1);
    for (struct ob_conn *k = f->c->conns; k; k = k->next)
        if (k->s && k->opened_ms > 0) {
            f->c->host->ws_pause(k->s, slow);
            k->heard_ms = now; /* its silence was ours */
        }
}

bool ob_flow_slowed(const struct ob_channel *c)
{
    return c->flow->slowed;
}

/* --- handing over --- */

static void put_under_way(struct ob_flow *f, struct held *h)
{
    h->next = f->under_way;
    h->prev = &f->under_way;
    if (h->next)
        h->next->prev = &h->next;
    f->under_way = h;
}

static void take_from_under_way(struct held *h)
{
    *h->prev = h->next;
    if (h->next)
        h->next->prev = h->prev;
}

static void put_waiting(struct ob_flow *f, struct held *h)
{
    h->next = NULL;
    *f->waiting_end = h;
    f->waiting_end = &h->next;
    f->c->host->alarm_start(f->again, AGAIN_MS, 0);
}

static void durable(void *arg, int rc)
{
    struct held *h = arg;
    struct ob_flow *f = h->f;

    take_from_under_way(h);
    f->stuck = rc != QUND_OK;
    if (rc == QUND_OK)
        held_free(h);
    else
        put_waiting(f, h);
    pace(f);
}

/* c->frame is h's. False: no room now. */
static bool hand_over(struct ob_flow *f, struct held *h, struct ob_account *a)
{
    struct ob_channel *c = f->c;
    struct qund_state state;
    bool stated = !f->waiting && ob_gap_state(a, &c->frame.pool, &state);
    struct qund_fault why = {0};
    int rc =
        c->host->ingest(c->channel, &c->frame.event, 1, stated ? &state : NULL, durable, h, &why);

    if (rc == QUND_OK) {
        put_under_way(f, h);
        if (stated)
            a->saved_ms = state.rev;
        return true;
    }
    if (rc == QUND_E_FULL)
        return false;
    ob_refuse(c, OB_NO_EVENT, why.where, QUND_STR_NONE);
    held_free(h);
    return true;
}

void ob_flow_event(struct ob_channel *c, struct ob_account *a, struct qund_str text)
{
    struct ob_flow *f = c->flow;
    struct held *h = malloc(sizeof(*h) + text.n);

    if (!h)
        abort();
    *h = (struct held){.f = f, .text = {(char *)(h + 1), text.n}};
    memcpy(h + 1, text.p, text.n);
    h->account = ob_dup(qund_str(a->id));
    f->n++;
    f->bytes += text.n;
    if (f->waiting || !hand_over(f, h, a))
        put_waiting(f, h);
    pace(f);
}

/* The first that waits, again. False: no room now. */
static bool drain_one(struct ob_flow *f, struct held *h)
{
    struct ob_channel *c = f->c;
    struct ob_account *a = ob_account_of(c, qund_str(h->account));
    struct ob_view view = {qund_str(h->account), a ? qund_str(a->nickname) : QUND_STR_NONE};

    if (!a || ob_frame_read(&c->frame, h->text, &view) != OB_EVENT) {
        held_free(h); /* the account was taken out of the configuration */
        return true;
    }
    return hand_over(f, h, a);
}

static void drain(void *arg)
{
    struct ob_flow *f = arg;

    while (f->waiting) {
        struct held *h = f->waiting, *rest = h->next;

        f->waiting = rest;
        if (!drain_one(f, h)) {
            h->next = rest;
            f->waiting = h;
            f->c->host->alarm_start(f->again, AGAIN_MS, 0);
            break;
        }
        if (!f->waiting)
            f->waiting_end = &f->waiting;
    }
    pace(f);
}

void ob_flow_tick(struct ob_channel *c)
{
    pace(c->flow);
}

void ob_count_event(struct ob_channel *c, const struct ob_frame *f)
{
    enum ob_sort sort = OB_NOTICES;

    if (f->unknown)
        sort = OB_UNKNOWN;
    else if (!f->event.type.p || qund_str_is(f->event.type, "onebot.hint"))
        sort = OB_MESSAGES;
    else if (qund_str_starts(f->event.type, "request."))
        sort = OB_REQUESTS;
    c->host->gauge_add(c->numbers.events[sort], 1);
}
