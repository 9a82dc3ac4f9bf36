/* hist.h - how long things took: buckets of 1/16 of a power of two, in µs. */
#ifndef QUND_BENCH_HIST_H
#define QUND_BENCH_HIST_H
#include <stdint.h>
#include <string.h>
#include <time.h>

struct hist {
    uint64_t in[64 * 16];
    uint64_t n;
    double sum;
    int64_t max;
};

static inline int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static inline unsigned hist_slot(uint64_t us)
{
    unsigned log2;

    if (us < 16)
        return (unsigned)us;
    log2 = 63u - (unsigned)__builtin_clzll(us);
    return (log2 - 3) * 16 + (unsigned)(us >> (log2 - 4) & 15);
}

static inline void hist_add(struct hist *h, int64_t us)
{
    uint64_t v = us < 0 ? 0 : (uint64_t)us;

    h->in[hist_slot(v)]++;
    h->n++;
    h->sum += (double)v;
    if ((int64_t)v > h->max)
        h->max = (int64_t)v;
}

/* The upper edge of the bucket that holds the q-th part. */
static inline double hist_at(const struct hist *h, double q)
{
    uint64_t want = (uint64_t)(q * (double)h->n), below = 0;

    for (unsigned i = 0; i < 64 * 16; i++) {
        below += h->in[i];
        if (below > want)
            return i < 16 ? i : (double)((16ull + i % 16 + 1) << (i / 16 - 1));
    }
    return (double)h->max;
}
#endif
