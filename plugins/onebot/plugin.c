/* plugins/onebot/plugin.c - OneBot 11 and 12 as a plugin: what it is called and what it does. */
#include "onebot.h"
#include <stdlib.h>

static int start(const struct qund_host *host, void **ctx, struct qund_fault *why)
{
    struct ob_bot *b = ob_alloc(sizeof(*b));

    (void)why;
    b->host = host;
    *ctx = b;
    return QUND_OK;
}

static const struct qund_plugin PLUGIN = {
    .size = sizeof(struct qund_plugin),
    .abi_major = QUND_ABI_MAJOR,
    .abi_minor = 0,
    .name = "onebot",
    .version = QUND_VERSION,
    .license = "MIT",
    .start = start,
    .stop = free,
    .channel_keys = &ob_channel_table,
    .channel_open = ob_channel_open,
    .channel_close = ob_channel_close,
    .channel_reload = ob_channel_reload,
    .channel_request = ob_request,
    .channel_upgrade = ob_upgrade,
    .target_keys = &ob_target_table,
    .target_open = ob_target_open,
    .target_close = ob_target_close,
    .deliver = ob_deliver,
    .repeat = QUND_REPEAT_NEVER, /* people would read it twice */
    .target_shared = ob_target_shared,
    .target_single = ob_target_single,
};

const struct qund_plugin *qund_plugin_entry(uint16_t host_major, uint16_t host_minor)
{
    (void)host_major;
    (void)host_minor;
    return &PLUGIN;
}
