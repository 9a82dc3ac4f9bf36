/* src/core/metric.h - counters, gauges and histograms behind /metrics (Prometheus text 0.0.4).
 * A registry per daemon, no globals; handles are registered at start and updated lock-free. */
#ifndef QUND_CORE_METRIC_H
#define QUND_CORE_METRIC_H
#include "core/str.h"
#include <stdatomic.h>

struct qund_metrics;
struct qund_metrics *qund_metrics_new(void);
struct qund_metrics *qund_metrics_free(struct qund_metrics *m); /* returns NULL */
QUND_DEFINE_AUTO(qund_metrics_free, struct qund_metrics *)

struct qund_counter {
    _Atomic int64_t v;
};
/* name, help: static. labels: `state="queued"` or NULL. The same name and labels give the same
 * handle. Never NULL; a NULL registry gives a handle nobody reads. */
struct qund_counter *qund_metric_counter(struct qund_metrics *m, const char *name,
                                         const char *labels, const char *help);
struct qund_counter *qund_metric_gauge(struct qund_metrics *m, const char *name, const char *labels,
                                       const char *help);
static inline void qund_counter_add(struct qund_counter *c, int64_t n)
{
    atomic_fetch_add_explicit(&c->v, n, memory_order_relaxed);
}
static inline void qund_counter_set(struct qund_counter *c, int64_t v)
{
    atomic_store_explicit(&c->v, v, memory_order_relaxed);
}
static inline int64_t qund_counter_get(struct qund_counter *c)
{
    return atomic_load_explicit(&c->v, memory_order_relaxed);
}
/* Seconds, fixed buckets 0.5 ms … 60 s. */
struct qund_histogram;
struct qund_histogram *qund_metric_seconds(struct qund_metrics *m, const char *name,
                                           const char *help);
void qund_histogram_add_us(struct qund_histogram *h, int64_t us, int64_t times);
void qund_metrics_print(struct qund_metrics *m, struct qund_buf *out);
#endif
