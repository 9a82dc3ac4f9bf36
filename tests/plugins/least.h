/* tests/plugins/least.h - as little as makes a plugin; the files beside it differ in one thing. */
#ifndef QUND_TEST_LEAST_H
#define QUND_TEST_LEAST_H
#include "qund/plugin.h"

static inline int least_start(const struct qund_host *host, void **ctx, struct qund_fault *why)
{
    (void)host;
    (void)why;
    *ctx = NULL;
    return QUND_OK;
}
static inline void least_stop(void *ctx)
{
    (void)ctx;
}
static inline void least_job(void *ctx)
{
    (void)ctx;
}
static const struct qund_plugin_job LEAST_JOBS[] = {{"idle", "Does nothing.", 3600000, least_job}};

#define LEAST(its_name)                                                                           \
    .size = sizeof(struct qund_plugin), .abi_major = QUND_ABI_MAJOR, .abi_minor = QUND_ABI_MINOR, \
    .name = its_name, .version = "1", .license = "MIT", .stop = least_stop, .jobs = LEAST_JOBS,   \
    .n_jobs = 1
#endif
