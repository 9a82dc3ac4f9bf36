/* metric.c - numbers that can be read while they change.
 *
 * A handle is registered at start, under the lock; from then on it is an atomic that its owner adds
 * to without asking anybody. Printing walks the registry under the lock and reads each value as it
 * is: a scrape is a set of recent values, not a snapshot. Families are printed together and sorted
 * by name, as the text format wants it (HELP and TYPE once, then every series). */
#include "core/metric.h"
#include <pthread.h>
#include <stdlib.h>

/* Upper bounds in microseconds: 0.5 ms … 60 s. */
static const int64_t BOUNDS_US[] = {500,     1000,     2500,     5000,    10000,   25000,
                                    50000,   100000,   250000,   500000,  1000000, 2500000,
                                    5000000, 10000000, 30000000, 60000000};
#define N_BOUNDS QUND_ARRAY_LEN(BOUNDS_US)

struct qund_histogram {
    _Atomic int64_t in[N_BOUNDS + 1]; /* the last one: above all bounds */
    _Atomic int64_t sum_us;
};

enum kind { COUNTER, GAUGE, HISTOGRAM };
static const char *const KINDS[] = {"counter", "gauge", "histogram"};

struct metric {
    struct metric *next;
    const char *name, *help;
    char *labels; /* "" when none */
    enum kind kind;
    union {
        struct qund_counter counter;
        struct qund_histogram histogram;
    } u;
};

struct qund_metrics {
    pthread_mutex_t mtx;
    struct metric *list; /* under mtx; sorted by name, then in order of registration */
};

/* Where modules without a registry (unit tests) count: written, never read, so it is no state. */
static struct metric nobody;

struct qund_metrics *qund_metrics_new(void)
{
    struct qund_metrics *m = qund_alloc(sizeof(*m));

    pthread_mutex_init(&m->mtx, NULL);
    return m;
}

struct qund_metrics *qund_metrics_free(struct qund_metrics *m)
{
    if (m) {
        while (m->list) {
            struct metric *next = m->list->next;

            qund_free(m->list->labels);
            qund_free(m->list);
            m->list = next;
        }
        pthread_mutex_destroy(&m->mtx);
        qund_free(m);
    }
    return NULL;
}

static struct metric *get(struct qund_metrics *m, enum kind kind, const char *name,
                          const char *labels, const char *help)
{
    struct metric **at, *x = NULL;

    if (!m)
        return &nobody;
    labels = labels ? labels : "";
    pthread_mutex_lock(&m->mtx);
    for (at = &m->list; *at && strcmp((*at)->name, name) <= 0; at = &(*at)->next)
        if (strcmp((*at)->name, name) == 0) {
            qund_assert((*at)->kind == kind);
            if (strcmp((*at)->labels, labels) == 0) {
                x = *at;
                break;
            }
        }
    if (!x) {
        x = qund_alloc(sizeof(*x));
        x->name = name;
        x->help = help;
        x->labels = qund_strdup(labels);
        x->kind = kind;
        x->next = *at;
        *at = x;
    }
    pthread_mutex_unlock(&m->mtx);
    return x;
}

struct qund_counter *qund_metric_counter(struct qund_metrics *m, const char *name,
                                         const char *labels, const char *help)
{
    return &get(m, COUNTER, name, labels, help)->u.counter;
}

struct qund_counter *qund_metric_gauge(struct qund_metrics *m, const char *name, const char *labels,
                                       const char *help)
{
    return &get(m, GAUGE, name, labels, help)->u.counter;
}

struct qund_histogram *qund_metric_seconds(struct qund_metrics *m, const char *name,
                                           const char *help)
{
    return &get(m, HISTOGRAM, name, NULL, help)->u.histogram;
}

void qund_histogram_add_us(struct qund_histogram *h, int64_t us, int64_t times)
{
    size_t i = 0;

    if (us < 0)
        us = 0;
    while (i < N_BOUNDS && us > BOUNDS_US[i])
        i++;
    atomic_fetch_add_explicit(&h->in[i], times, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->sum_us, us * times, memory_order_relaxed);
}

static void print_histogram(struct qund_buf *out, const char *name, struct qund_histogram *h)
{
    int64_t below = 0;

    for (size_t i = 0; i < N_BOUNDS; i++) {
        below += atomic_load_explicit(&h->in[i], memory_order_relaxed);
        qund_buf_printf(out, "%s_bucket{le=\"%g\"} %lld\n", name, (double)BOUNDS_US[i] / 1e6,
                        (long long)below);
    }
    below += atomic_load_explicit(&h->in[N_BOUNDS], memory_order_relaxed);
    qund_buf_printf(out, "%s_bucket{le=\"+Inf\"} %lld\n%s_sum %.6f\n%s_count %lld\n", name,
                    (long long)below, name,
                    (double)atomic_load_explicit(&h->sum_us, memory_order_relaxed) / 1e6, name,
                    (long long)below);
}

void qund_metrics_print(struct qund_metrics *m, struct qund_buf *out)
{
    const char *family = "";

    pthread_mutex_lock(&m->mtx);
    for (struct metric *x = m->list; x; x = x->next) {
        if (strcmp(family, x->name) != 0)
            qund_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", x->name, x->help, x->name,
                            KINDS[x->kind]);
        family = x->name;
        if (x->kind == HISTOGRAM)
            print_histogram(out, x->name, &x->u.histogram);
        else if (x->labels[0])
            qund_buf_printf(out, "%s{%s} %lld\n", x->name, x->labels,
                            (long long)qund_counter_get(&x->u.counter));
        else
            qund_buf_printf(out, "%s %lld\n", x->name, (long long)qund_counter_get(&x->u.counter));
    }
    pthread_mutex_unlock(&m->mtx);
}
