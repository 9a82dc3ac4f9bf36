/* bridge.c - one connection of a bridge.
 *
 * It says hello first: which protocol it speaks, whose account it carries and what it can do. The
 * welcome tells where its stream stands. Afterwards events come in (batch.c) and answers to
 * commands (command.c); pings keep both sides sure that there is a program at the other end and not
 * only a socket.
 *
 * A bridge is identified by its account. When the same account connects again the newer one is it:
 * the older is nearly always what a reboot or a lost network left behind. What the older had sent
 * is still taken in; should it come a second time, it is recognised. */
#include "bridge.h"
#include <stdio.h>
#include <stdlib.h>

static const struct qund_host *host_of(const struct bridge *b)
{
    return b->channel->plugin->host;
}

void bridge_say(struct bridge *b, json_t *frame)
{
    char *text = frame ? json_dumps(frame, JSON_COMPACT) : NULL;

    json_decref(frame);
    if (text && b->socket)
        (void)host_of(b)->ws_send(b->socket,
                                  qund_str(text)); /* advice: who reads nothing misses it */
    free(text);
}

void bridge_close(struct bridge *b, int code, const char *why)
{
    if (b->closing || !b->socket)
        return;
    b->closing = true;
    QUND_SAY(host_of(b), QUND_INFO, "bridge.closing", QUND_KV("channel", b->channel->name),
             QUND_KV("bridge", (const char *)b->name), QUND_KV("code", code), QUND_KV("why", why));
    host_of(b)->ws_close(b->socket, code, why);
}

/* --- hello --- */

static unsigned caps_of(const json_t *list)
{
    static const struct {
        const char *name;
        unsigned cap;
    } CAPS[] = {{"send_text", CAP_SEND_TEXT},
                {"send_image", CAP_SEND_MEDIA},
                {"send_media", CAP_SEND_MEDIA},
                {"recall", CAP_RECALL},
                {"members", CAP_MEMBERS},
                {"groups", CAP_GROUPS},
                {"once", CAP_ONCE}};
    unsigned caps = 0;

    for (size_t i = 0; i < json_array_size(list); i++)
        for (size_t k = 0; k < sizeof(CAPS) / sizeof(CAPS[0]); k++) {
            const char *said = json_string_value(json_array_get(list, i));

            if (said && strcmp(said, CAPS[k].name) == 0)
                caps |= CAPS[k].cap;
        }
    return caps;
}

static void copy(char *out, size_t size, struct qund_str s)
{
    snprintf(out, size, "%.*s", (int)(s.n < size ? s.n : size - 1), s.p ? s.p : "");
}

/* A counter that is called otherwise, or that has not come as far as what is stored, began anew:
 * whoever trusted resume_from then would throw events away. */
static void settle_counter(struct bridge *b, json_t *hello)
{
    struct stream *s = b->stream;
    struct qund_str counter = bridge_id(hello, "counter");
    bool renamed = !qund_str_is(counter, s->counter);
    int64_t last = bridge_int(hello, "last", -1);

    if (s->seq > 0 && (renamed || (last >= 0 && last < s->seq))) {
        count(b->channel, N_RESTARTS, 1);
        QUND_SAY(host_of(b), QUND_WARN, "bridge.counter_restarted",
                 QUND_KV("channel", b->channel->name), QUND_KV("account", (const char *)s->account),
                 QUND_KV("stored", s->seq), QUND_KV("last", last));
        s->seq = 0;
    }
    copy(s->counter, sizeof(s->counter), counter);
    b->top_seq = s->seq > 0 ? s->seq : -1;
    b->top_ts = s->ts;
    b->acked = s->seq;
}

static void replace(struct bridge *b)
{
    struct bridge *old = b->stream->bridge;

    b->stream->bridge = b;
    if (!old)
        return;
    count(b->channel, N_REPLACED, 1);
    bridge_close(old, CLOSE_REPLACED, "this account has connected again");
}

static void on_hello(struct bridge *b, struct frame *f)
{
    json_t *account = json_object_get(f->root, "account");
    struct qund_str id = bridge_id(account, "id");
    struct qund_fault why = {0};

    if (bridge_int(f->root, "proto", 0) != BRIDGE_PROTO) {
        bridge_close(b, CLOSE_PROTO, "this daemon speaks proto 1");
        return;
    }
    b->stream = channel_stream(b->channel, id, &why);
    if (!b->stream) {
        bridge_close(b, CLOSE_BAD, why.text);
        return;
    }
    copy(b->name, sizeof(b->name), bridge_text(f->root, "bridge"));
    b->caps = caps_of(json_object_get(f->root, "caps"));
    settle_counter(b, f->root);
    replace(b);
    snprintf(b->session, sizeof(b->session), "%llx-%llx",
             (unsigned long long)host_of(b)->wall_ms(host_of(b)),
             (unsigned long long)++b->channel->plugin->last_id);
    bridge_say(b,
               json_pack("{s:s,s:i,s:s,s:I,s:I}", "t", "welcome", "proto", BRIDGE_PROTO, "session",
                         b->session, "heartbeat_ms", (json_int_t)b->channel->cfg->heartbeat_ms,
                         "resume_from", (json_int_t)b->stream->seq));
    QUND_SAY(host_of(b), QUND_INFO, "bridge.hello", QUND_KV("channel", b->channel->name),
             QUND_KV("bridge", (const char *)b->name),
             QUND_KV("account", (const char *)b->stream->account),
             QUND_KV("resume_from", b->stream->seq));
    bridge_members_begin(b);
}

/* --- events --- */

/* Numbers that are missing between two events of one stream: something was not seen. */
static void note_gap(struct bridge *b, const struct frame *next)
{
    struct frame f = {0};
    struct qund_event_in *e = bridge_frame_alloc(&f, sizeof(*e));
    char *data;

    if (b->top_seq < 0 || next->seq <= b->top_seq + 1 || b->top_ts <= 0 || !e ||
        next->ts < b->top_ts) {
        bridge_frame_free(&f);
        return;
    }
    data = malloc(80);
    if (data)
        snprintf(data, 80, "{\"from\":%lld,\"to\":%lld}", (long long)b->top_ts,
                 (long long)next->ts);
    *e = qund_event_in();
    e->type = QUND_STR("gap");
    e->ts_ms = next->ts;
    e->account = qund_str(b->stream->account);
    e->data = bridge_frame_keep(&f, data);
    f.events = e;
    f.n = 1;
    count(b->channel, N_GAPS, 1);
    QUND_SAY(host_of(b), QUND_WARN, "bridge.gap", QUND_KV("channel", b->channel->name),
             QUND_KV("account", (const char *)b->stream->account),
             QUND_KV("missing", next->seq - b->top_seq - 1));
    bridge_take(b, &f, 0);
}

static void refuse_event(struct bridge *b, struct frame *f, const struct qund_fault *why)
{
    count(b->channel, N_REFUSED, 1);
    bridge_say(b, json_pack("{s:s,s:I,s:s,s:s}", "t", "refused", "seq", (json_int_t)f->seq, "where",
                            why->where, "text", why->text));
}

static void on_event(struct bridge *b, struct frame *f, size_t bytes)
{
    struct qund_fault why = {0};
    int rc = bridge_frame_events(f, qund_str(b->stream->account), &why);

    if (rc < 0) {
        refuse_event(b, f, &why);
        f->n = 0; /* nothing to store, but its number is dealt with */
    }
    if (f->seq <= 0)
        return;
    if (b->top_seq >= 0 && f->seq <= b->top_seq) {
        count(b->channel, N_REPEATS, 1);
    } else {
        note_gap(b, f);
        b->top_seq = f->seq;
        b->top_ts = f->ts > 0 ? f->ts : b->top_ts;
    }
    if (f->n > 0)
        channel_saw(b->channel, f->events->group.n > 0 ? f->events->group : f->events->sender,
                    b->stream);
    bridge_take(b, f, bytes);
}

/* --- what comes in --- */

static void on_bad(struct bridge *b, const struct qund_fault *why)
{
    count(b->channel, N_BAD_FRAMES, 1);
    bridge_say(b, json_pack("{s:s,s:s,s:s}", "t", "error", "where", why->where, "text", why->text));
    if (++b->bad >= BAD_FRAMES_MAX || !b->stream)
        bridge_close(b, CLOSE_BAD, b->stream ? "too many broken frames" : "hello comes first");
}

static void dispatch(struct bridge *b, struct frame *f, size_t bytes)
{
    if (!b->stream && f->type != FRAME_HELLO) {
        on_bad(b, &(struct qund_fault){.where = "t", .text = "hello comes first"});
        return;
    }
    switch (f->type) {
    case FRAME_HELLO:
        if (!b->stream)
            on_hello(b, f);
        break;
    case FRAME_EVENT:
        on_event(b, f, bytes);
        break;
    case FRAME_RES:
        bridge_answered(b, f);
        break;
    case FRAME_PING:
        bridge_say(b, json_pack("{s:s,s:I}", "t", "pong", "ts", (json_int_t)f->ts));
        break;
    case FRAME_PONG:
        b->answers_pings = true;
        break;
    case FRAME_UNKNOWN: /* of a newer version */
        break;
    }
}

static void on_text(void *arg, struct qund_socket *s, struct qund_str message)
{
    struct bridge *b = arg;
    struct qund_fault why = {0};
    struct frame f;
    bool repaired;
    int rc;

    (void)s;
    if (b->closing)
        return;
    b->heard_ms = host_of(b)->mono_ms(host_of(b));
    rc = bridge_frame_read(message, &f, &repaired, &why);
    count(b->channel, N_REPAIRED, repaired);
    if (rc < 0)
        on_bad(b, &why);
    else
        dispatch(b, &f, message.n);
    bridge_frame_free(&f);
}

/* --- time --- */

void bridge_tick(struct bridge *b, int64_t now_ms)
{
    int64_t beat = b->channel->cfg->heartbeat_ms;

    if (!b->socket)
        return;
    bridge_ack(b);
    if (!b->stream && now_ms - b->opened_ms > HELLO_MS)
        bridge_close(b, CLOSE_SILENT, "no hello");
    if (!b->stream || b->closing)
        return;
    if (b->answers_pings && !b->paused && now_ms - b->heard_ms > 3 * beat)
        bridge_close(b, CLOSE_SILENT, "no answer to pings");
    if (now_ms - b->asked_ms >= beat) {
        b->asked_ms = now_ms;
        bridge_say(b, json_pack("{s:s,s:I}", "t", "ping", "ts",
                                (json_int_t)host_of(b)->wall_ms(host_of(b))));
    }
    bridge_commands_tick(b, now_ms);
    bridge_members_tick(b, now_ms);
}

/* --- beginning and end --- */

struct bridge *bridge_new(struct channel *c)
{
    struct bridge *b = calloc(1, sizeof(*b));

    if (!b)
        return NULL;
    b->channel = c;
    b->top_seq = -1;
    b->opened_ms = b->heard_ms = b->asked_ms = c->plugin->host->mono_ms(c->plugin->host);
    snprintf(b->name, sizeof(b->name), "?");
    b->next = c->bridges;
    b->prev = &c->bridges;
    if (b->next)
        b->next->prev = &b->next;
    c->bridges = b;
    return b;
}

void bridge_free(struct bridge *b)
{
    bridge_commands_end(b);
    bridge_members_end(b);
    batch_free(&b->gathering);
    batch_free(&b->flying);
    if (b->stream && b->stream->bridge == b)
        b->stream->bridge = NULL;
    *b->prev = b->next;
    if (b->next)
        b->next->prev = b->prev;
    free(b);
}

void bridge_rest(struct bridge *b)
{
    if (!b->socket && !b->landing && b->flying.n + b->gathering.n == 0)
        bridge_free(b);
}

static void on_closed(void *arg, struct qund_socket *s, int code, struct qund_str why)
{
    struct bridge *b = arg;
    struct channel *c = b->channel;

    (void)s;
    (void)why;
    b->socket = NULL;
    c->n_bridges--;
    c->plugin->host->gauge_set(c->count[N_CONNECTED], (int64_t)c->n_bridges);
    if (b->stream) {
        QUND_SAY(host_of(b), QUND_INFO, "bridge.closed", QUND_KV("channel", c->name),
                 QUND_KV("bridge", (const char *)b->name), QUND_KV("code", code),
                 QUND_KV("acked", b->acked));
        if (b->stream->bridge == b)
            b->stream->bridge = NULL;
    }
    bridge_commands_end(b);
    bridge_members_end(b);
    bridge_rest(b);
}

const struct qund_socket_ops BRIDGE_SOCKET = {NULL, on_text, on_closed};
