/* hello.c - a channel in few lines: curl -H 'X-Token: geheim' -d '你好' …/hook/door/somebody */
#include <qund/plugin.h>
#include <stdlib.h>

struct door_cfg {
    const char *token, *group;
};
struct door {
    const struct qund_host *host;
    struct qund_channel *channel;
    const struct door_cfg *cfg;
};
struct visit { /* what a request needs until its event is durable */
    const struct qund_host *host;
    struct qund_request *request;
};

static int start(const struct qund_host *host, void **ctx, struct qund_fault *why)
{
    (void)why;
    *ctx = (void *)(uintptr_t)host; /* all that this plugin's channels share */
    return QUND_OK;
}
static void stop(void *ctx)
{
    (void)ctx;
}

static int channel_open(void *ctx, const struct qund_entry_info *info, void **channel,
                        struct qund_fault *why)
{
    struct door *d = *channel = calloc(1, sizeof(*d));

    (void)why;
    if (d)
        *d = (struct door){.host = ctx, .channel = info->channel, .cfg = info->cfg};
    return d ? QUND_OK : QUND_E_NOMEM;
}

static void durable(void *arg, int rc)
{
    struct visit *v = arg;

    v->host->http_reply(v->request, rc == QUND_OK ? 204 : 503, NULL, QUND_STR_NONE, NULL, 0);
    free(v);
}

static void channel_request(void *channel, struct qund_request *r)
{
    struct door *d = channel;
    struct qund_event_in e = qund_event_in();
    struct qund_fault why = {0};
    struct visit *v = calloc(1, sizeof(*v));
    bool friend = qund_str_same_secret(qund_request_header(r, "x-token"), qund_str(d->cfg->token));

    e.group = qund_str(d->cfg->group);
    e.sender = r->path.n > 1 ? qund_str_n(r->path.p + 1, r->path.n - 1) : QUND_STR("nobody");
    e.text = r->body;
    if (v)
        *v = (struct visit){d->host, r};
    if (friend && v && d->host->ingest(d->channel, &e, 1, NULL, durable, v, &why) == QUND_OK)
        return; /* answered when it is durable */
    free(v);
    d->host->http_reply(r, friend ? 400 : 401, "text/plain", qund_str(why.text), NULL, 0);
}

static const struct qund_cfg_key KEYS[] = {
    {"token", QUND_CFG_SECRET, offsetof(struct door_cfg, token), NULL, 0, 0, NULL,
     QUND_CFG_REQUIRED, "Whoever sends it in X-Token is let in."},
    {"group", QUND_CFG_STRING, offsetof(struct door_cfg, group), "door", 0, 0, NULL, 0,
     "The group in which it is said."}};
static const struct qund_cfg_table TABLE = {KEYS, 2, sizeof(struct door_cfg), NULL};
static const struct qund_plugin HELLO = {.size = sizeof(struct qund_plugin),
                                         .abi_major = QUND_ABI_MAJOR,
                                         .abi_minor = 0, /* the oldest that has all it uses */
                                         .name = "hello",
                                         .version = "1.0.0",
                                         .license = "MIT",
                                         .start = start,
                                         .stop = stop,
                                         .channel_keys = &TABLE,
                                         .channel_open = channel_open,
                                         .channel_close = free,
                                         .channel_request = channel_request};

const struct qund_plugin *qund_plugin_entry(uint16_t host_major, uint16_t host_minor)
{
    (void)host_major, (void)host_minor;
    return &HELLO;
}
