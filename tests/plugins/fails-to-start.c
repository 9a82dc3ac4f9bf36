/* fails-to-start.c - a plugin that loads well and cannot start. */
#include "least.h"
#include <string.h>

static const struct qund_cfg_table TABLE = {NULL, 0, 0, NULL};

static int fail(const struct qund_host *host, void **ctx, struct qund_fault *why)
{
    (void)host;
    (void)ctx;
    strcpy(why->text, "there is no moon tonight");
    return QUND_E_AGAIN;
}

static int open_channel(void *ctx, const struct qund_entry_info *info, void **channel,
                        struct qund_fault *why)
{
    (void)info;
    (void)why;
    *channel = ctx;
    return QUND_OK;
}

static const struct qund_plugin PLUGIN = {LEAST("fails-to-start"), .start = fail,
                                          .channel_keys = &TABLE, .channel_open = open_channel,
                                          .channel_close = least_stop};

QUND_EXPORT const struct qund_plugin *qund_plugin_entry(uint16_t host_major, uint16_t host_minor)
{
    (void)host_major;
    (void)host_minor;
    return &PLUGIN;
}
