/* good.c - a plugin that uses everything, for tests: each service has a way to be asked for it.
 *
 *   POST /hook/<channel>/say     lines "id text": events, answered when durable; counts in its
 * state GET  /hook/<channel>/state   "rev value" POST /hook/<channel>/ask     GET of its `peer`,
 * answers with what came POST /hook/<channel>/never   is not answered POST /hook/<channel>/abort
 * ends the process POST /hook/<channel>/late  is answered after 31 s WS   /hook/<channel>/ws with
 * the token; each text becomes an event and comes back ws_peer                      is dialled, and
 * dialled again; its texts become events A target answers each push as its `answer` says. */
#include "qund/plugin.h"
#include <stdio.h>
#include <stdlib.h>

struct bot {
    const struct qund_host *host;
    struct qund_gauge *ticks, *jobs, *late;
    struct qund_alarm *alarm;
};
struct channel_cfg {
    const char *token, *peer, *ws_peer, *greeting;
    int64_t again_ms;
};
struct channel {
    struct bot *bot;
    struct qund_channel *channel;
    const struct channel_cfg *cfg;
    struct qund_socket *dialled;
    struct qund_alarm *again, *too_late;
    struct qund_request *late;
    int64_t rev, count;
};
struct target_cfg {
    int answer;
};
struct target {
    struct bot *bot;
    const struct target_cfg *cfg;
};

/* --- the plugin --- */

static void tick(void *arg)
{
    struct bot *b = arg;

    b->host->gauge_add(b->ticks, 1);
}

static void job(void *ctx)
{
    struct bot *b = ctx;

    b->host->gauge_add(b->jobs, 1);
}

static void started(void *arg)
{
    struct bot *b = arg;

    QUND_SAY(b->host, QUND_INFO, "good.started", QUND_KV("size", (int64_t)b->host->size));
}

static int start(const struct qund_host *host, void **ctx, struct qund_fault *why)
{
    struct bot *b = calloc(1, sizeof(*b));

    if (!b) {
        snprintf(why->text, sizeof(why->text), "no memory");
        return QUND_E_NOMEM;
    }
    b->host = host;
    b->ticks = host->gauge(host, QUND_COUNTER, "qund_good_ticks_total", NULL, "Rings.");
    b->jobs = host->gauge(host, QUND_COUNTER, "qund_good_jobs_total", "kind=\"all\"", "Jobs.");
    b->late = host->gauge(host, QUND_COUNTER, "qund_good_late_total", NULL, "Answers after 504.");
    b->alarm = host->alarm_new(host, tick, b);
    host->alarm_start(b->alarm, 20, 20);
    host->later(host, started, b);
    *ctx = b;
    return QUND_OK;
}

static void stop(void *ctx)
{
    free(ctx); /* the alarm is left to the host, on purpose */
}

/* --- events --- */

static void answered(void *arg, int rc)
{
    struct qund_request *r = arg;

    (void)r;
    (void)rc;
}

struct asked {
    struct channel *c;
    struct qund_request *r;
};

static void durable(void *arg, int rc)
{
    struct asked *a = arg;

    a->c->bot->host->http_reply(a->r, rc == 0 ? 200 : 503, "text/plain", QUND_STR("durable\n"),
                                NULL, 0);
    free(a);
}

static int hand_over(struct channel *c, struct qund_str id, struct qund_str text,
                     void (*done)(void *arg, int rc), void *arg, struct qund_fault *why)
{
    struct qund_event_in e = qund_event_in();
    char count[32];
    struct qund_state state = {.key = qund_str("count")};
    int rc;

    e.id = id;
    e.ts_ms = c->bot->host->now_ms(c->bot->host);
    e.group = QUND_STR("g");
    e.sender = QUND_STR("u");
    e.text = text;
    snprintf(count, sizeof(count), "%lld", (long long)c->count + 1);
    state.value = qund_str(count);
    state.rev = c->rev + 1;
    rc = c->bot->host->ingest(c->channel, &e, 1, &state, done, arg, why);
    if (rc == 0) {
        c->rev++;
        c->count++;
    }
    return rc;
}

static void say(struct channel *c, struct qund_request *r)
{
    const char *blank = r->body.n > 0 ? memchr(r->body.p, ' ', r->body.n) : NULL;
    size_t id = blank ? (size_t)(blank - r->body.p) : r->body.n;
    struct asked *a = calloc(1, sizeof(*a));
    struct qund_fault why = {0};
    char text[400];

    *a = (struct asked){c, r};
    if (hand_over(c, qund_str_n(r->body.p, id),
                  blank ? qund_str_n(blank + 1, r->body.n - id - 1) : QUND_STR_NONE, durable, a,
                  &why) == 0)
        return;
    snprintf(text, sizeof(text), "%s: %s\n", why.where, why.text);
    c->bot->host->http_reply(r, 400, "text/plain", qund_str(text), NULL, 0);
    free(a);
}

static void show_state(struct channel *c, struct qund_request *r)
{
    struct qund_header odd = {QUND_STR("X-Odd"), QUND_STR("a\r\nb")};
    struct qund_str value = QUND_STR_NONE;
    char text[100];
    int64_t rev = 0;

    if (c->bot->host->state_get(c->bot->host, QUND_STR("count"), &value, &rev) < 0)
        value = QUND_STR("none");
    snprintf(text, sizeof(text), "%lld %.*s", (long long)rev, QUND_STR_ARG(value));
    c->bot->host->http_reply(r, 200, "text/plain", qund_str(text), &odd, 1);
}

static void told(void *arg, const struct qund_told_http *t)
{
    struct asked *a = arg;
    char text[600];

    snprintf(text, sizeof(text), "%d %d %.*s %.*s", (int)t->end, t->status, QUND_STR_ARG(t->body),
             QUND_STR_ARG(t->why));
    a->c->bot->host->http_reply(a->r, 200, "text/plain", qund_str(text), NULL, 0);
    free(a);
}

static void ask(struct channel *c, struct qund_request *r)
{
    struct qund_header header = {QUND_STR("X-Asked"), QUND_STR("yes")};
    struct qund_ask_http what = {.method = QUND_STR("PUT"),
                                 .url = qund_str(c->cfg->peer),
                                 .headers = &header,
                                 .n_headers = 1,
                                 .body = r->body,
                                 .timeout_ms = 5000,
                                 .allow_private = !qund_str_is(r->query, "public")};
    struct asked *a = calloc(1, sizeof(*a));
    struct qund_fault why = {0};

    *a = (struct asked){c, r};
    if (c->bot->host->http(c->bot->host, &what, told, a, NULL, &why) == 0)
        return;
    c->bot->host->http_reply(r, 400, "text/plain", qund_str(why.text), NULL, 0);
    free(a);
}

static void told_mail(void *arg, const struct qund_told_smtp *t)
{
    struct asked *a = arg;
    char text[600];

    snprintf(text, sizeof(text), "%d %d %zu %.*s", (int)t->end, t->status, t->refused,
             QUND_STR_ARG(t->why));
    a->c->bot->host->http_reply(a->r, 200, "text/plain", qund_str(text), NULL, 0);
    free(a);
}

/* The query is the port, the body the recipient. */
static void mail(struct channel *c, struct qund_request *r)
{
    struct qund_ask_smtp what = {.host = QUND_STR("127.0.0.1"),
                                 .port = (uint16_t)strtoul(r->query.p, NULL, 10),
                                 .tls = QUND_SMTP_PLAIN,
                                 .helo = QUND_STR("good.test"),
                                 .from = QUND_STR("good@example.com"),
                                 .to = &r->body,
                                 .n_to = 1,
                                 .message = QUND_STR("Subject: good\r\n\r\nx\r\n"),
                                 .timeout_ms = 5000,
                                 .allow_private = true};
    struct asked *a = calloc(1, sizeof(*a));
    struct qund_fault why = {0};
    char text[400];

    *a = (struct asked){c, r};
    if (QUND_HAS(c->bot->host, smtp) &&
        c->bot->host->smtp(c->bot->host, &what, told_mail, a, NULL, &why) == 0)
        return;
    snprintf(text, sizeof(text), "%s: %s", why.where, why.text);
    c->bot->host->http_reply(r, 400, "text/plain", qund_str(text), NULL, 0);
    free(a);
}

/* After the host has answered in its place. */
static void answer_late(void *arg)
{
    struct channel *c = arg;

    c->bot->host->http_reply(c->late, 200, "text/plain", QUND_STR("late\n"), NULL, 0);
    c->bot->host->gauge_add(c->bot->late, 1);
    c->late = NULL;
}

static void late(struct channel *c, struct qund_request *r)
{
    c->late = r;
    c->too_late = c->bot->host->alarm_new(c->bot->host, answer_late, c);
    c->bot->host->alarm_start(c->too_late, 31000, 0);
}

static void trouble(struct channel *c, struct qund_request *r)
{
    if (QUND_HAS(c->bot->host, channel_trouble))
        c->bot->host->channel_trouble(c->channel, r->body);
    c->bot->host->http_reply(r, 204, NULL, QUND_STR_NONE, NULL, 0);
}

static void channel_request(void *channel, struct qund_request *r)
{
    static const struct {
        const char *path;
        void (*run)(struct channel *c, struct qund_request *r);
    } PATHS[] = {{"/say", say},   {"/state", show_state}, {"/ask", ask},
                 {"/mail", mail}, {"/late", late},        {"/trouble", trouble}};
    struct channel *c = channel;

    if (!qund_str_same_secret(qund_request_header(r, "x-token"), qund_str(c->cfg->token))) {
        c->bot->host->http_reply(r, 401, NULL, QUND_STR_NONE, NULL, 0);
        return;
    }
    for (size_t i = 0; i < sizeof(PATHS) / sizeof(PATHS[0]); i++)
        if (qund_str_is(r->path, PATHS[i].path)) {
            PATHS[i].run(c, r);
            return;
        }
    if (qund_str_is(r->path, "/abort"))
        abort();
    if (qund_str_is(r->path, "/never"))
        QUND_SAY(c->bot->host, QUND_INFO, "good.unanswered");
    else
        c->bot->host->http_reply(r, 404, NULL, QUND_STR_NONE, NULL, 0);
}

/* --- sockets --- */

static void text(void *arg, struct qund_socket *s, struct qund_str message)
{
    struct channel *c = arg;

    if (qund_str_is(message, "bye")) {
        c->bot->host->ws_close(s, 4000, "bye yourself");
        return;
    }
    if (hand_over(c, message, message, answered, NULL, NULL) == 0)
        (void)c->bot->host->ws_send(s, message);
}

static void closed(void *arg, struct qund_socket *s, int code, struct qund_str why)
{
    struct channel *c = arg;

    (void)why;
    QUND_SAY(c->bot->host, QUND_INFO, "good.closed", QUND_KV("code", code));
    if (s == c->dialled) {
        c->dialled = NULL;
        c->bot->host->alarm_start(c->again, c->cfg->again_ms, 0);
    }
}

static void opened(void *arg, struct qund_socket *s)
{
    struct channel *c = arg;

    (void)c->bot->host->ws_send(s, qund_str(c->cfg->greeting));
}

static const struct qund_socket_ops SOCKET = {opened, text, closed};

static void channel_upgrade(void *channel, struct qund_request *r)
{
    struct channel *c = channel;
    struct qund_socket_cfg cfg = {.message_max = 1000};
    struct qund_socket *s;

    if (!qund_str_same_secret(qund_request_header(r, "x-token"), qund_str(c->cfg->token))) {
        c->bot->host->http_reply(r, 401, NULL, QUND_STR_NONE, NULL, 0);
        return;
    }
    if (qund_str_is(r->path, "/silence"))
        return;
    if (qund_str_starts(qund_request_header(r, "sec-websocket-protocol"), "12."))
        cfg.protocol = qund_request_header(r, "sec-websocket-protocol");
    (void)c->bot->host->ws_accept(r, &cfg, &SOCKET, c, &s);
}

static void dial(void *arg)
{
    struct channel *c = arg;
    struct qund_header token = {QUND_STR("X-Token"), qund_str(c->cfg->token)};
    struct qund_fault why = {0};

    if (c->bot->host->ws_connect(c->channel,
                                 &(struct qund_connect){.url = qund_str(c->cfg->ws_peer),
                                                        .headers = &token,
                                                        .n_headers = 1,
                                                        .allow_private = true},
                                 NULL, &SOCKET, c, &c->dialled, &why) < 0)
        QUND_SAY(c->bot->host, QUND_ERROR, "good.cannot_dial",
                 QUND_KV("why", (const char *)why.text));
}

/* --- entries --- */

static int channel_open(void *ctx, const struct qund_entry_info *info, void **channel,
                        struct qund_fault *why)
{
    struct channel *c = calloc(1, sizeof(*c));
    struct qund_str value;

    c->bot = ctx;
    c->channel = info->channel;
    c->cfg = info->cfg;
    if (strcmp(c->cfg->token, "unlucky") == 0) {
        snprintf(why->where, sizeof(why->where), "token");
        snprintf(why->text, sizeof(why->text), "this one brings bad luck");
        free(c);
        return QUND_E_DENIED;
    }
    if (c->bot->host->state_get(c->bot->host, QUND_STR("count"), &value, &c->rev) == 0)
        c->count = strtoll(value.p, NULL, 10);
    c->again = c->bot->host->alarm_new(c->bot->host, dial, c);
    if (c->cfg->ws_peer)
        dial(c);
    *channel = c;
    return QUND_OK;
}

static void channel_close(void *channel)
{
    struct channel *c = channel;

    c->bot->host->alarm_free(c->again);
    c->bot->host->alarm_free(c->too_late);
    free(c); /* sockets and requests are left to the host, on purpose */
}

static void channel_reload(void *channel, const void *cfg)
{
    struct channel *c = channel;

    c->cfg = cfg;
}

static int target_open(void *ctx, const struct qund_entry_info *info, void **target,
                       struct qund_fault *why)
{
    struct target *t = calloc(1, sizeof(*t));

    (void)why;
    *t = (struct target){ctx, info->cfg};
    *target = t;
    return QUND_OK;
}

static const char *const ANSWERS[] = {"sent",    "retry",  "limited", "drop",
                                      "unknown", "person", "nothing", NULL};

static void deliver(void *target, const struct qund_delivery *d, uint64_t token)
{
    struct target *t = target;

    QUND_SAY(t->bot->host, QUND_INFO, "good.deliver", QUND_KV("id", d->id),
             QUND_KV("attempt", d->attempt), QUND_KV("bytes", (int64_t)d->body.n));
    if (t->cfg->answer > QUND_AWAITING_PERSON)
        return;
    t->bot->host->delivered(t->bot->host, token, (enum qund_delivered)t->cfg->answer,
                            QUND_STR("as it was told"), 50, QUND_STR("theirs-1"));
    t->bot->host->delivered(t->bot->host, token, QUND_DROP, QUND_STR("twice"), -1, QUND_STR_NONE);
}

#define CH(m) offsetof(struct channel_cfg, m)
static const struct qund_cfg_key CHANNEL_KEYS[] = {
    {"token", QUND_CFG_SECRET, CH(token), NULL, 0, 0, NULL, QUND_CFG_REQUIRED, "Lets peers in."},
    {"peer", QUND_CFG_URL, CH(peer), "http://127.0.0.1:1/", 0, 0, NULL, 0, "Asked by /ask."},
    {"ws_peer", QUND_CFG_URL, CH(ws_peer), NULL, 0, 0, NULL, 0, "Dialled."},
    {"greeting", QUND_CFG_STRING, CH(greeting), "hello", 0, 0, NULL, QUND_CFG_RELOAD,
     "Sent first."},
    {"again", QUND_CFG_DURATION, CH(again_ms), "100ms", 0, 0, NULL, 0, "Until it dials again."},
};
static const struct qund_cfg_table CHANNEL_TABLE = {CHANNEL_KEYS, 5, sizeof(struct channel_cfg),
                                                    NULL};
static const struct qund_cfg_key TARGET_KEYS[] = {
    {"answer", QUND_CFG_ENUM, offsetof(struct target_cfg, answer), "sent", 0, 0, ANSWERS, 0,
     "What becomes of a push."},
};
static const struct qund_cfg_table TARGET_TABLE = {TARGET_KEYS, 1, sizeof(struct target_cfg), NULL};
static const struct qund_plugin_job JOBS[] = {{"count", "Counts.", 1000, job}};

static const struct qund_plugin PLUGIN = {
    .size = sizeof(struct qund_plugin),
    .abi_major = QUND_ABI_MAJOR,
    .abi_minor = 0,
    .name = "good",
    .version = "1.2.3",
    .license = "MIT",
    .start = start,
    .stop = stop,
    .channel_keys = &CHANNEL_TABLE,
    .channel_open = channel_open,
    .channel_close = channel_close,
    .channel_reload = channel_reload,
    .channel_request = channel_request,
    .channel_upgrade = channel_upgrade,
    .target_keys = &TARGET_TABLE,
    .target_open = target_open,
    .target_close = free,
    .deliver = deliver,
    .repeat = QUND_REPEAT_ONCE,
    .jobs = JOBS,
    .n_jobs = 1,
};

QUND_EXPORT const struct qund_plugin *qund_plugin_entry(uint16_t host_major, uint16_t host_minor)
{
    (void)host_major;
    (void)host_minor;
    return &PLUGIN;
}
