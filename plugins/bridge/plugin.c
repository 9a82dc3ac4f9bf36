/* plugin.c - the plain bridge protocol: any program that sits in a chat joins it to the daemon.
 *
 * The program dials /hook/<channel>, shows the token and speaks JSON frames (docs/channels.md). Its
 * events carry numbers that grow by one; each is acknowledged when it is durable, and after a new
 * connection the program sends what was not. So nothing is lost when either side dies, and because
 * the daemon knows events by their own ids, nothing is doubled either.
 *
 * This file: the tables, who may connect, and what a channel knows of its accounts. */
#include "bridge.h"
#include <stdio.h>
#include <stdlib.h>

enum { TICK_MS = 500, DENIED_SAID_MS = 10000 };

/* --- accounts --- */

static uint64_t hash_of(struct qund_str s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
    return h;
}

/* Where a stream's place is kept. Of a long name a part and a hash of the whole: '~' is in no
 * channel's name. */
void channel_place_key(const struct channel *c, const struct stream *s, char key[static KEY_BYTES])
{
    if (strlen(c->name) <= 50)
        snprintf(key, KEY_BYTES, "%s/%s", c->name, s->account);
    else
        snprintf(key, KEY_BYTES, "%.30s~%016llx/%s", c->name,
                 (unsigned long long)hash_of(qund_str(c->name)), s->account);
}

static void recollect(struct channel *c, struct stream *s)
{
    const struct qund_host *h = c->plugin->host;
    struct qund_str value;
    char key[KEY_BYTES];
    json_t *o;

    channel_place_key(c, s, key);
    if (h->state_get(h, qund_str(key), &value, &s->rev) < 0)
        return;
    o = json_loadb(value.p, value.n, 0, NULL);
    s->seq = bridge_int(o, "seq", 0);
    s->ts = bridge_int(o, "ts", 0);
    snprintf(s->counter, sizeof(s->counter), "%.*s", QUND_STR_ARG(bridge_text(o, "counter")));
    json_decref(o);
}

static struct stream *find_stream(const struct channel *c, struct qund_str account)
{
    struct stream *s = c->streams;

    while (s && !qund_str_is(account, s->account))
        s = s->next;
    return s;
}

bool channel_knows(const struct channel *c, struct qund_str account)
{
    return account.n > 0 && find_stream(c, account);
}

struct stream *channel_stream(struct channel *c, struct qund_str account, struct qund_fault *why)
{
    struct stream *s;

    if (account.n == 0 || account.n > ACCOUNT_MAX || memchr(account.p, '\0', account.n)) {
        bridge_fault(why, QUND_E_INVAL, "account.id", "account.id is wanted, 1 to 64 bytes");
        return NULL;
    }
    s = find_stream(c, account);
    if (s)
        return s;
    s = c->n_streams < STREAMS_MAX ? calloc(1, sizeof(*s)) : NULL;
    if (!s) {
        bridge_fault(why, QUND_E_FULL, "account.id", "too many accounts on this channel");
        return NULL;
    }
    snprintf(s->account, sizeof(s->account), "%.*s", QUND_STR_ARG(account));
    recollect(c, s);
    s->next = c->streams;
    c->streams = s;
    c->n_streams++;
    return s;
}

void channel_saw(struct channel *c, struct qund_str conv, struct stream *s)
{
    uint64_t h = hash_of(conv);

    c->seen[h % SEEN_MAX].hash = h;
    c->seen[h % SEEN_MAX].stream = s;
}

struct bridge *channel_bridge(struct channel *c, struct qund_str conv, struct qund_str account)
{
    uint64_t h = hash_of(conv);
    struct stream *s = c->seen[h % SEEN_MAX].hash == h ? c->seen[h % SEEN_MAX].stream : NULL;
    struct bridge *any = NULL;

    for (struct bridge *b = c->bridges; b; b = b->next) {
        if (!b->stream || b->stream->bridge != b || b->closing || !b->socket)
            continue;
        if (account.p ? qund_str_is(account, b->stream->account) : b->stream == s)
            return b;
        any = any ? any : b;
    }
    return account.p ? NULL : any;
}

/* --- who may connect --- */

static bool allowed(const struct channel *c, const struct qund_request *r)
{
    struct qund_str said = qund_request_header(r, "authorization");

    if (!qund_str_starts(said, "Bearer ") && !qund_str_starts(said, "bearer "))
        return false;
    return qund_str_same_secret(qund_str_n(said.p + 7, said.n - 7), qund_str(c->cfg->token));
}

static void deny(struct channel *c, struct qund_request *r)
{
    const struct qund_host *h = c->plugin->host;
    int64_t now_ms = h->mono_ms(h);

    count(c, N_DENIED, 1);
    if (now_ms >= c->denied_said_ms) {
        QUND_SAY(h, QUND_WARN, "bridge.denied", QUND_KV("channel", c->name),
                 QUND_KV("peer", r->peer), QUND_KV("left_out", c->denied_unsaid));
        c->denied_said_ms = now_ms + DENIED_SAID_MS;
        c->denied_unsaid = 0;
    } else {
        c->denied_unsaid++;
    }
    h->http_reply(r, 401, "text/plain",
                  QUND_STR("the channel's token is wanted: Authorization: Bearer …\n"), NULL, 0);
}

static bool known_path(struct qund_str path)
{
    static const char *const PATHS[] = {"", "/", "/ws", "/bridge/v1/ws"};

    for (size_t i = 0; i < sizeof(PATHS) / sizeof(PATHS[0]); i++)
        if (qund_str_is(path, PATHS[i]))
            return true;
    return false;
}

static void channel_upgrade(void *channel, struct qund_request *r)
{
    struct channel *c = channel;
    const struct qund_host *h = c->plugin->host;
    struct qund_socket_cfg cfg = {
        .message_max = FRAME_MAX, .queue_bytes = 1 << 20, .queue_frames = 512, .bulk = 1};
    struct bridge *b;

    if (!known_path(r->path)) {
        h->http_reply(r, 404, NULL, QUND_STR_NONE, NULL, 0);
        return;
    }
    if (!allowed(c, r)) {
        deny(c, r);
        return;
    }
    b = (int64_t)c->n_bridges < c->cfg->connections ? bridge_new(c) : NULL;
    if (!b) {
        h->http_reply(r, 503, "text/plain", QUND_STR("too many connections\n"), NULL, 0);
        return;
    }
    if (h->ws_accept(r, &cfg, &BRIDGE_SOCKET, b, &b->socket) < 0) {
        b->socket = NULL;
        bridge_free(b);
        return;
    }
    h->gauge_set(c->count[N_CONNECTED], (int64_t)++c->n_bridges);
}

static void channel_request(void *channel, struct qund_request *r)
{
    struct channel *c = channel;

    if (!allowed(c, r))
        deny(c, r);
    else
        c->plugin->host->http_reply(r, 426, "text/plain",
                                    QUND_STR("a bridge speaks over a WebSocket here\n"), NULL, 0);
}

/* --- time --- */

static void tick(void *arg)
{
    struct channel *c = arg;
    struct bridge *next;

    for (struct bridge *b = c->bridges; b; b = next) {
        next = b->next;
        bridge_tick(b, c->plugin->host->mono_ms(c->plugin->host));
    }
}

static void soon(void *arg)
{
    struct channel *c = arg;
    struct bridge *next;

    for (struct bridge *b = c->bridges; b; b = next) {
        next = b->next;
        bridge_flush(b);
    }
}

/* --- the entry --- */

static void make_gauges(struct channel *c)
{
    static const struct {
        const char *name, *help;
    } COUNTED[N_COUNTED] = {
        [N_EVENTS] = {"qund_bridge_events_total",
                      "Events that bridges sent and that were stored or known."},
        [N_REPEATS] =
            {"qund_bridge_repeats_total",
             "Events with a number that had come before: sent again, or a counter began anew."},
        [N_REFUSED] = {"qund_bridge_refused_total",
                       "Events that were refused and named to the bridge."},
        [N_BAD_FRAMES] = {"qund_bridge_bad_frames_total", "Frames that could not be read."},
        [N_REPAIRED] = {"qund_bridge_repaired_total", "Frames with half a character in them."},
        [N_GAPS] = {"qund_bridge_gaps_total", "Numbers were missing between two events."},
        [N_RESTARTS] = {"qund_bridge_counter_restarts_total", "A bridge began to count anew."},
        [N_REPLACED] = {"qund_bridge_replaced_total",
                        "Connections closed because their account connected again."},
        [N_DENIED] = {"qund_bridge_denied_total", "Requests without the right token."},
        [N_PAUSES] = {"qund_bridge_pauses_total", "Times a bridge was slowed down."},
        [N_COMMANDS] = {"qund_bridge_commands_total", "Commands sent to bridges."},
        [N_UNANSWERED] = {"qund_bridge_unanswered_total", "Commands that no answer came to."},
        [N_CONNECTED] = {"qund_bridge_connections", "Connections of bridges."},
    };
    const struct qund_host *h = c->plugin->host;
    char labels[100];

    snprintf(labels, sizeof(labels), "channel=\"%.80s\"", c->name);
    for (size_t i = 0; i < N_COUNTED; i++)
        c->count[i] = h->gauge(h, i == N_CONNECTED ? QUND_GAUGE : QUND_COUNTER, COUNTED[i].name,
                               labels, COUNTED[i].help);
    h->gauge_set(c->count[N_CONNECTED], 0);
}

static int channel_open(void *ctx, const struct qund_entry_info *info, void **channel,
                        struct qund_fault *why)
{
    struct plugin *p = ctx;
    struct channel *c = calloc(1, sizeof(*c));

    if (c)
        c->realm = strdup(info->realm);
    if (!c || !c->realm) {
        free(c);
        return bridge_fault(why, QUND_E_NOMEM, "", "no memory");
    }
    c->plugin = p;
    c->name = info->name;
    c->host_channel = info->channel;
    c->cfg = info->cfg;
    make_gauges(c);
    c->soon = p->host->alarm_new(p->host, soon, c);
    c->tick = p->host->alarm_new(p->host, tick, c);
    p->host->alarm_start(c->tick, TICK_MS, TICK_MS);
    c->next = p->channels;
    c->prev = &p->channels;
    if (c->next)
        c->next->prev = &c->next;
    p->channels = c;
    *channel = c;
    return QUND_OK;
}

static void channel_close(void *channel)
{
    struct channel *c = channel;
    struct stream *next;

    while (c->bridges)
        bridge_free(c->bridges);
    for (struct stream *s = c->streams; s; s = next) {
        next = s->next;
        free(s);
    }
    c->plugin->host->gauge_set(c->count[N_CONNECTED], 0);
    c->plugin->host->alarm_free(c->soon);
    c->plugin->host->alarm_free(c->tick);
    *c->prev = c->next;
    if (c->next)
        c->next->prev = c->prev;
    free(c->realm);
    free(c);
}

static void channel_reload(void *channel, const void *cfg)
{
    struct channel *c = channel;
    const char *before = c->cfg->token;

    c->cfg = cfg;
    if (strcmp(before, c->cfg->token) == 0)
        return;
    for (struct bridge *b = c->bridges; b; b = b->next)
        bridge_close(b, CLOSE_TOKEN, "the token has changed");
}

static int start(const struct qund_host *host, void **ctx, struct qund_fault *why)
{
    struct plugin *p = *ctx = calloc(1, sizeof(*p));

    if (!p)
        return bridge_fault(why, QUND_E_NOMEM, "", "no memory");
    p->host = host;
    /* An answer to a command of an earlier life must not fit one of this. */
    p->last_id = (uint64_t)host->wall_ms(host) << 12;
    return QUND_OK;
}

#define C(m) offsetof(struct channel_cfg, m)
static const struct qund_cfg_key CHANNEL_KEYS[] = {
    {"token", QUND_CFG_SECRET, C(token), NULL, 0, 0, NULL, QUND_CFG_REQUIRED | QUND_CFG_RELOAD,
     "Whoever shows it as Authorization: Bearer … may speak for this channel."},
    {"heartbeat", QUND_CFG_DURATION, C(heartbeat_ms), "30s", 1000, 600000, NULL, QUND_CFG_RELOAD,
     "How often both sides are asked whether they are there; three times silent ends a "
     "connection."},
    {"answer", QUND_CFG_DURATION, C(answer_ms), "15s", 1000, 60000, NULL, QUND_CFG_RELOAD,
     "A command without an answer by then may or may not have been done."},
    {"members", QUND_CFG_DURATION, C(members_ms), "6h", 0, 604800000, NULL, QUND_CFG_RELOAD,
     "How often the members of all groups are read; 0s: never."},
    {"connections", QUND_CFG_INT, C(connections), "16", 1, 1000, NULL, QUND_CFG_RELOAD,
     "More at a time are answered 503."},
};
static const struct qund_cfg_table CHANNEL_TABLE = {
    CHANNEL_KEYS, sizeof(CHANNEL_KEYS) / sizeof(CHANNEL_KEYS[0]), sizeof(struct channel_cfg), NULL};

static const struct qund_plugin PLUGIN = {
    .size = sizeof(struct qund_plugin),
    .abi_major = QUND_ABI_MAJOR,
    .abi_minor = 0,
    .name = "bridge",
    .version = "1.0.0",
    .license = "Apache-2.0",
    .start = start,
    .stop = free,
    .channel_keys = &CHANNEL_TABLE,
    .channel_open = channel_open,
    .channel_close = channel_close,
    .channel_reload = channel_reload,
    .channel_request = channel_request,
    .channel_upgrade = channel_upgrade,
    .target_keys = &BRIDGE_TARGET_KEYS,
    .target_open = bridge_target_open,
    .target_close = free,
    .deliver = bridge_deliver,
    .repeat = QUND_REPEAT_NEVER, /* members of a group would see it twice */
    .target_shared = bridge_target_shared,
    .target_single = bridge_target_single,
};

const struct qund_plugin *qund_plugin_entry(uint16_t host_major, uint16_t host_minor)
{
    (void)host_major;
    (void)host_minor;
    return &PLUGIN;
}
