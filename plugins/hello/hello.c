/* hello.c - a channel in few lines: curl -H 'X-Token: geheim' -d '你好' …/hook/door/somebody */
#include <qund/plugin.h>

struct door_cfg {
    const char *token, *group;
};

static void durable(void *arg, int rc)
{
    struct qund_request *r = arg;

    r->entry->host->http_reply(r, rc == QUND_OK ? 204 : 503, NULL, QUND_STR_NONE, NULL, 0);
}

static void channel_request(void *channel, struct qund_request *r)
{
    const struct qund_entry_info *door = channel;
    const struct door_cfg *cfg = door->cfg;
    struct qund_event_in e = qund_event_in();
    struct qund_fault why = {0};
    bool friend = qund_str_same_secret(qund_request_header(r, "x-token"), qund_str(cfg->token));

    e.group = qund_str(cfg->group);
    e.sender = r->path.n > 1 ? qund_str_n(r->path.p + 1, r->path.n - 1) : QUND_STR("nobody");
    e.text = r->body;
    if (friend && door->host->ingest(door->channel, &e, 1, NULL, durable, r, &why) == QUND_OK)
        return; /* answered when it is durable */
    door->host->http_reply(r, friend ? 400 : 401, "text/plain", qund_str(why.text), NULL, 0);
}

static const struct qund_cfg_key KEYS[] = {
    {"token", QUND_CFG_SECRET, offsetof(struct door_cfg, token), NULL, 0, 0, NULL,
     QUND_CFG_REQUIRED, "Whoever sends it in X-Token is let in."},
    {"group", QUND_CFG_STRING, offsetof(struct door_cfg, group), "door", 0, 0, NULL, 0,
     "The group in which it is said."}};
static const struct qund_cfg_table TABLE = {KEYS, 2, sizeof(struct door_cfg), NULL};
static const struct qund_plugin HELLO = {.size = sizeof(struct qund_plugin),
                                         .abi_major = QUND_ABI_MAJOR,
                                         .abi_minor = 2, /* the oldest that has all it uses */
                                         .name = "hello",
                                         .version = "1.0.0",
                                         .license = "MIT",
                                         .channel_keys = &TABLE,
                                         .channel_request = channel_request};

const struct qund_plugin *qund_plugin_entry(uint16_t host_major, uint16_t host_minor)
{
    (void)host_major, (void)host_minor;
    return &HELLO;
}
