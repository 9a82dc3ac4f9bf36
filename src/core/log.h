/* src/core/log.h - structured lines on stderr: a stable dotted event name and typed pairs.
 * Never chat text, names or tokens; ids, lengths, rule ids. Who decides logs; who passes an error
 * up does not. Thread-safe: one write(2) a line. */
#ifndef QUND_CORE_LOG_H
#define QUND_CORE_LOG_H
#include "core/str.h"
#include "qund/log.h" /* levels and pairs */

enum qund_log_form { QUND_LOG_LOGFMT, QUND_LOG_JSON };

struct qund_log;
struct qund_log *qund_log_new(int fd, enum qund_level least, enum qund_log_form form);
struct qund_log *qund_log_free(struct qund_log *l); /* returns NULL */
QUND_DEFINE_AUTO(qund_log_free, struct qund_log *)
void qund_log_level(struct qund_log *l, enum qund_level least);
/* Warn and error lines written so far, for /metrics. */
uint64_t qund_log_count(const struct qund_log *l, enum qund_level level);

/* qund_log(log, QUND_WARN, "queue.lost", QUND_KV("last_id", id), …); a NULL log writes nothing. */
#define qund_log(l, level, event, ...)                                            \
    qund_log_write(l, level, event, (const struct qund_kv[]){{0}, ##__VA_ARGS__}, \
                   sizeof((const struct qund_kv[]){{0}, ##__VA_ARGS__}) / sizeof(struct qund_kv))
/* kv[0] is a filler. */
void qund_log_write(struct qund_log *l, enum qund_level level, const char *event,
                    const struct qund_kv *kv, size_t n);
/* For what a peer can cause: at most `per_min` lines a minute for this gate; a line that is written
 * says with left_out how many were not, since the start. Zero-initialised gate; one thread. */
struct qund_log_gate {
    int64_t window_start_ms;
    unsigned written, left_out;
};
bool qund_log_allow(struct qund_log_gate *g, int64_t mono_ms, unsigned per_min);
#endif
