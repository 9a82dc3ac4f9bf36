/* crashes-at-load.c - a plugin that crashes while it is opened. */
#include "least.h"
#include <signal.h>

__attribute__((constructor)) static void crash(void)
{
    raise(SIGSEGV);
}

static const struct qund_plugin PLUGIN = {LEAST("crashes-at-load"), .start = least_start};

QUND_EXPORT const struct qund_plugin *qund_plugin_entry(uint16_t host_major, uint16_t host_minor)
{
    (void)host_major;
    (void)host_minor;
    return &PLUGIN;
}
