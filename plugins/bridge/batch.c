/* batch.c - events of one connection to durability, and the ack that follows.
 *
 * At most one batch of a connection is under way; what comes meanwhile gathers and goes next. So
 * batches are as large as durability is slow, they land in order, and `ack n` means what it says:
 * everything up to n is stored. With the last event of a batch rides the place where the bridge
 * stands; after a kill -9 `resume_from` is never ahead of what is stored.
 *
 * When too much gathers the socket is not read until there is room: the bridge waits in its own
 * queue, nothing is thrown away. An event that the daemon refuses is named to the bridge and passed
 * by, else the bridge would send it for ever. The flight then ends with it: what stood before it
 * was checked and is fine, so a bridge that sends nothing but rubbish waits for durability each
 * time instead of having everything checked over and over. */
#include "bridge.h"
#include <stdio.h>
#include <stdlib.h>

#define AGAIN_MS 50

static const struct qund_host *host_of(const struct bridge *b)
{
    return b->channel->plugin->host;
}

void batch_free(struct batch *t)
{
    for (size_t i = 0; i < t->n; i++)
        bridge_frame_free(&t->frames[i]);
    free(t->frames);
    *t = (struct batch){0};
}

static bool full(const struct batch *t)
{
    return t->n >= BATCH_FRAMES_MAX || t->n_events >= BATCH_EVENTS_MAX ||
           t->bytes >= BATCH_BYTES_MAX;
}

static int put(struct batch *t, struct frame *f, size_t bytes)
{
    if (t->n == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 16;
        struct frame *grown = realloc(t->frames, cap * sizeof(*grown));

        if (!grown)
            return QUND_E_NOMEM;
        t->frames = grown;
        t->cap = cap;
    }
    t->frames[t->n++] = *f;
    t->n_events += f->n;
    t->bytes += bytes;
    *f = (struct frame){0};
    return QUND_OK;
}

static void pause(struct bridge *b, bool on)
{
    if (b->paused == on || !b->socket)
        return;
    b->paused = on;
    b->heard_ms = host_of(b)->mono_ms(host_of(b)); /* its silence was ours */
    count(b->channel, N_PAUSES, on);
    host_of(b)->ws_pause(b->socket, on);
}

void bridge_take(struct bridge *b, struct frame *f, size_t bytes)
{
    if (b->gathering.n >= PARKED_FRAMES_MAX) {
        bridge_close(b, CLOSE_MANY, "too many frames ahead of their acks");
        bridge_frame_free(f);
        return;
    }
    if (put(&b->gathering, f, bytes) < 0) {
        bridge_close(b, 1011, "no memory");
        bridge_frame_free(f);
        return;
    }
    if (full(&b->gathering))
        pause(b, true);
    if (!b->landing && b->flying.n == 0) /* with all that this turn of the loop brings */
        host_of(b)->alarm_start(b->channel->soon, 0, 0);
}

/* --- the ack --- */

void bridge_ack(struct bridge *b)
{
    char text[64];

    if (!b->ack_due || !b->socket)
        return;
    snprintf(text, sizeof(text), "{\"t\":\"ack\",\"seq\":%lld}", (long long)b->acked);
    if (host_of(b)->ws_send(b->socket, qund_str(text)) != QUND_E_FULL)
        b->ack_due = false; /* else with a later turn: a newer one says the same and more */
}

/* --- landing --- */

/* What moves from gathering to flying: at most one batch, whole frames. */
static void board(struct bridge *b)
{
    struct batch *from = &b->gathering, *to = &b->flying;
    size_t n = 0, events = 0;

    while (n < from->n && n < BATCH_FRAMES_MAX &&
           (n == 0 || events + from->frames[n].n <= BATCH_EVENTS_MAX))
        events += from->frames[n++].n;
    if (n == from->n) {
        *to = *from;
        *from = (struct batch){0};
        return;
    }
    to->frames = malloc(n * sizeof(*to->frames));
    if (!to->frames)
        return;
    memcpy(to->frames, from->frames, n * sizeof(*to->frames));
    to->n = to->cap = n;
    to->n_events = events;
    from->n -= n;
    from->n_events -= events;
    from->bytes = from->bytes / (from->n + n) * from->n; /* about: only for the bound */
    memmove(from->frames, from->frames + n, from->n * sizeof(*from->frames));
}

/* The frames that landed leave the batch. */
static void disembark(struct batch *t, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        t->n_events -= t->frames[i].n;
        bridge_frame_free(&t->frames[i]);
    }
    t->n -= n;
    memmove(t->frames, t->frames + n, t->n * sizeof(*t->frames));
    if (t->n == 0)
        batch_free(t);
}

static void landed(void *arg, int rc)
{
    struct bridge *b = arg;
    struct stream *s = b->stream;

    b->landing = false;
    if (rc < 0) { /* the same again: what was taken is recognised */
        host_of(b)->alarm_start(b->channel->soon, AGAIN_MS, 0);
        return;
    }
    for (size_t i = 0; i < b->aboard; i++) {
        const struct frame *f = &b->flying.frames[i];

        count(b->channel, N_EVENTS, (int64_t)f->n);
        if (f->seq == 0)
            continue;
        s->seq = b->acked = f->seq;
        s->ts = f->ts > 0 ? f->ts : s->ts;
        b->ack_due = true;
    }
    disembark(&b->flying, b->aboard);
    bridge_ack(b);
    bridge_flush(b);
}

/* Named to the bridge, taken out of the batch: its number counts as dealt with. */
static void refuse(struct bridge *b, struct frame *f, const struct qund_fault *why)
{
    json_t *said = json_object();

    count(b->channel, N_REFUSED, 1);
    if (f->seq > 0) {
        json_object_set_new(said, "t", json_string("refused"));
        json_object_set_new(said, "seq", json_integer(f->seq));
        json_object_set_new(said, "where", json_string(why->where));
        json_object_set_new(said, "text", json_string(why->text));
        bridge_say(b, said);
    } else {
        json_decref(said);
    }
    b->flying.n_events -= f->n;
    f->n = 0;
}

/* The place up to which the flight goes, as it is kept. NULL: it holds no frame of the bridge's. */
static char *place_of(struct bridge *b, struct qund_state *state, char key[static KEY_BYTES])
{
    const struct stream *s = b->stream;
    int64_t seq = 0, ts = s->ts;
    json_t *o;
    char *text;

    for (size_t i = 0; i < b->aboard; i++)
        if (b->flying.frames[i].seq > 0) {
            seq = b->flying.frames[i].seq;
            ts = b->flying.frames[i].ts > 0 ? b->flying.frames[i].ts : ts;
        }
    if (seq == 0)
        return NULL;
    o = json_pack("{s:s,s:I,s:I}", "counter", s->counter, "seq", (json_int_t)seq, "ts",
                  (json_int_t)ts);
    text = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    channel_place_key(b->channel, s, key);
    *state = (struct qund_state){.key = qund_str(key), .value = qund_str(text), .rev = s->rev + 1};
    return text;
}

static size_t gather_events(const struct batch *t, size_t frames, struct qund_event_in *out)
{
    size_t n = 0;

    for (size_t i = 0; i < frames; i++) {
        if (t->frames[i].n > 0)
            memcpy(out + n, t->frames[i].events, t->frames[i].n * sizeof(*out));
        n += t->frames[i].n;
    }
    return n;
}

/* The frame whose event has that index in the batch. */
static size_t frame_of(const struct batch *t, size_t index)
{
    size_t i = 0;

    while (i + 1 < t->n && index >= t->frames[i].n) {
        index -= t->frames[i].n;
        i++;
    }
    return i;
}

/* One try with the frames aboard. INVAL: one was refused and the flight ends with it; try again. */
static int hand_over(struct bridge *b)
{
    struct qund_event_in *events = malloc((b->flying.n_events + 1) * sizeof(*events));
    struct qund_state state;
    struct qund_fault why = {0};
    char key[KEY_BYTES], *place = place_of(b, &state, key);
    size_t n = events ? gather_events(&b->flying, b->aboard, events) : 0;
    int rc = events ? QUND_OK : QUND_E_NOMEM;

    if (rc == 0 && (n > 0 || place))
        rc = host_of(b)->ingest(b->channel->host_channel, events, n, place ? &state : NULL, landed,
                                b, &why);
    b->landing = rc == 0 && (n > 0 || place);
    if (b->landing && place)
        b->stream->rev++;
    if ((rc == QUND_E_INVAL || rc == QUND_E_DENIED) && n > 0) {
        b->aboard = frame_of(&b->flying, why.index) + 1;
        refuse(b, &b->flying.frames[b->aboard - 1], &why);
        rc = QUND_E_INVAL;
    }
    free(place);
    free(events);
    return rc;
}

void bridge_flush(struct bridge *b)
{
    int rc = QUND_OK;

    while (!b->landing && rc == 0 && b->stream && b->flying.n + b->gathering.n > 0) {
        if (b->flying.n == 0)
            board(b);
        if (!full(&b->gathering))
            pause(b, false);
        b->aboard = b->flying.n;
        do
            rc = hand_over(b);
        while (rc == QUND_E_INVAL);
        if (rc == 0 && !b->landing) /* nothing but events of ours that were refused */
            disembark(&b->flying, b->aboard);
    }
    if (rc < 0)
        host_of(b)->alarm_start(b->channel->soon, AGAIN_MS, 0);
    bridge_rest(b);
}
