/* exits-at-load.c - a plugin that ends the process that opens it. */
#include "least.h"
#include <unistd.h>

__attribute__((constructor)) static void leave(void)
{
    _exit(0);
}

static const struct qund_plugin PLUGIN = {LEAST("exits-at-load"), .start = least_start};

QUND_EXPORT const struct qund_plugin *qund_plugin_entry(uint16_t host_major, uint16_t host_minor)
{
    (void)host_major;
    (void)host_minor;
    return &PLUGIN;
}
