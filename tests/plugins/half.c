/* half.c - a plugin that opens channels and cannot close one. */
#include "least.h"

static const struct qund_cfg_table TABLE = {NULL, 0, 0, NULL};

static int channel_open(void *ctx, const struct qund_entry_info *info, void **channel,
                        struct qund_fault *why)
{
    (void)info;
    (void)why;
    *channel = ctx;
    return QUND_OK;
}

static const struct qund_plugin PLUGIN = {LEAST("half"), .start = least_start,
                                          .channel_keys = &TABLE, .channel_open = channel_open};

QUND_EXPORT const struct qund_plugin *qund_plugin_entry(uint16_t host_major, uint16_t host_minor)
{
    (void)host_major;
    (void)host_minor;
    return &PLUGIN;
}
