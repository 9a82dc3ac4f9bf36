/* qund/log.h - typed pairs for lines of the log: QUND_KV("group", id), QUND_KV("wait_ms", n).
 * Never chat text, names, tokens or addresses with a key in them: ids, lengths, numbers, reasons.
 */
#ifndef QUND_LOG_H
#define QUND_LOG_H
#include "qund/str.h"

/* error: a person must act. warn: handled, but not normal. info: life cycle, a few lines an hour.
 * debug: the rest. */
enum qund_level { QUND_DEBUG, QUND_INFO, QUND_WARN, QUND_ERROR };

struct qund_kv {
    const char *key;
    char kind; /* i s d b */
    int64_t i;
    double d;
    struct qund_str s;
};
static inline struct qund_kv qund_kv_i(const char *k, int64_t v)
{
    return (struct qund_kv){.key = k, .kind = 'i', .i = v};
}
static inline struct qund_kv qund_kv_d(const char *k, double v)
{
    return (struct qund_kv){.key = k, .kind = 'd', .d = v};
}
static inline struct qund_kv qund_kv_z(const char *k, const char *v)
{
    return (struct qund_kv){.key = k, .kind = 's', .s = qund_str(v)};
}
static inline struct qund_kv qund_kv_s(const char *k, struct qund_str v)
{
    return (struct qund_kv){.key = k, .kind = 's', .s = v};
}
/* clang-format off */
#define QUND_KV(k, v)                                                                     \
    _Generic((v), char *: qund_kv_z, const char *: qund_kv_z, struct qund_str: qund_kv_s, \
             double: qund_kv_d, default: qund_kv_i)(k, v)
/* clang-format on */
#endif
