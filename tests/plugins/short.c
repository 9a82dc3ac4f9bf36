/* short.c - a plugin whose struct is smaller than its version says. */
#include "least.h"

static const struct qund_plugin PLUGIN = {.size = sizeof(struct qund_plugin) - 8,
                                          .abi_major = QUND_ABI_MAJOR,
                                          .abi_minor = QUND_ABI_MINOR,
                                          .name = "short"};

QUND_EXPORT const struct qund_plugin *qund_plugin_entry(uint16_t host_major, uint16_t host_minor)
{
    (void)host_major;
    (void)host_minor;
    return &PLUGIN;
}
