/* misnamed.c - a plugin that is called otherwise than its file. */
#include "least.h"

static const struct qund_plugin PLUGIN = {LEAST("other"), .start = least_start};

QUND_EXPORT const struct qund_plugin *qund_plugin_entry(uint16_t host_major, uint16_t host_minor)
{
    (void)host_major;
    (void)host_minor;
    return &PLUGIN;
}
