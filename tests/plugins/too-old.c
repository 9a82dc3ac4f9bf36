/* too-old.c - a plugin of a major version that is gone. */
#include "least.h"

static const struct qund_plugin PLUGIN = {
    .size = 8, .abi_major = QUND_ABI_MAJOR - 1, .abi_minor = 7, .name = "too-old"};

QUND_EXPORT const struct qund_plugin *qund_plugin_entry(uint16_t host_major, uint16_t host_minor)
{
    (void)host_major;
    (void)host_minor;
    return &PLUGIN;
}
