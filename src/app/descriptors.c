/* src/app/descriptors.c - the files and sockets the daemon may have open.
 *
 * Connections are what a peer can grow, so they are what gives way: when fewer descriptors are
 * allowed than http.max_connections could use, that many fewer are taken, and the store, Redis and
 * the pushes keep theirs. Said in the log, in /readyz and by `qund doctor`, with what raises it. */
#include "app/parts.h"

#define OWN 192 /* the store, Redis, the spool, plugins, pushes, mail, a backup */
#define OF_A_READER                                                                              \
    6                 /* the store, its log and its memory, a mailbox, a second store for a look \
                       */
#define LOOK_EVERY 50 /* calls */
#define NEARLY(n) ((n) - (n) / 10)

static int64_t own(const struct qund_config *c)
{
    return OWN + OF_A_READER * c->store.readers;
}

int64_t qund_descriptors(const struct qund_config *c)
{
    return own(c) + c->http.max_connections;
}

unsigned qund_connections_max(struct qund *q)
{
    int64_t n = q->config->http.max_connections, left;

    qund_fds_look(&q->fds);
    left = q->fds.limit - own(q->config);
    if (left >= n)
        return (unsigned)n;
    left = left < q->fds.limit / 4 ? q->fds.limit / 4 : left;
    qund_log(q->log, QUND_WARN, "qund.few_descriptors", QUND_KV("limit", q->fds.limit),
             QUND_KV("hard", q->fds.hard), QUND_KV("wanted", qund_descriptors(q->config)),
             QUND_KV("connections", left),
             QUND_KV("do", "raise the hard limit (LimitNOFILE= of the unit, --ulimit nofile= of a "
                           "container, ulimit -Hn) or lower http.max_connections"));
    return (unsigned)left;
}

void qund_descriptors_ready(struct qund *q, struct qund_jw *w)
{
    int64_t wanted = qund_descriptors(q->config);

    if (q->fds.limit < wanted)
        qund_jw_printf(w,
                       "only %lld open files are allowed, http.max_connections: %lld needs %lld: "
                       "%u connections are taken at most; raise the hard limit (LimitNOFILE=, "
                       "--ulimit nofile=) or lower http.max_connections",
                       (long long)q->fds.limit, (long long)q->config->http.max_connections,
                       (long long)wanted, q->conns_max);
    if (q->fds.open > NEARLY(q->fds.limit))
        qund_jw_printf(w, "%lld of %lld open files are in use: new connections will be refused",
                       (long long)q->fds.open, (long long)q->fds.limit);
}

void qund_descriptors_status(const struct qund *q, struct qund_jw *w)
{
    qund_jw_key(w, "descriptors");
    qund_jw_obj(w);
    qund_jw_kint(w, "open", q->fds.open);
    qund_jw_kint(w, "limit", q->fds.limit);
    qund_jw_kint(w, "wanted", qund_descriptors(q->config));
    qund_jw_kint(w, "connections_max", q->conns_max);
    qund_jw_end_obj(w);
}

void qund_descriptors_gauges(struct qund *q)
{
    if (q->gauges % LOOK_EVERY != 1)
        return;
    qund_fds_look(&q->fds);
    qund_counter_set(qund_metric_gauge(q->metrics, "qund_descriptors_open", NULL,
                                       "Files and sockets that are open"),
                     q->fds.open);
    qund_counter_set(
        qund_metric_gauge(q->metrics, "qund_descriptors_max", NULL, "As many may be open at once"),
        q->fds.limit);
}
