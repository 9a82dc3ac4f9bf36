/* too-new.c - a plugin that wants a newer minor version than the host has. */
#include "least.h"

static const struct qund_plugin PLUGIN = {.size = sizeof(struct qund_plugin),
                                          .abi_major = QUND_ABI_MAJOR,
                                          .abi_minor = QUND_ABI_MINOR + 1,
                                          .name = "too-new"};

QUND_EXPORT const struct qund_plugin *qund_plugin_entry(uint16_t host_major, uint16_t host_minor)
{
    (void)host_major;
    (void)host_minor;
    return &PLUGIN;
}
