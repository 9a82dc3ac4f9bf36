/* half.c - a plugin that takes keys of a channel and cannot open one. */
#include "least.h"

static const struct qund_cfg_table TABLE = {NULL, 0, 0, NULL};

static const struct qund_plugin PLUGIN = {LEAST("half"), .start = least_start,
                                          .channel_keys = &TABLE};

QUND_EXPORT const struct qund_plugin *qund_plugin_entry(uint16_t host_major, uint16_t host_minor)
{
    (void)host_major;
    (void)host_minor;
    return &PLUGIN;
}
