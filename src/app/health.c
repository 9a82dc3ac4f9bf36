/* src/app/health.c - how fit the daemon is, in words for /readyz, keys for `qund status`, numbers
 * for /metrics. Degraded means: events are taken, something else is not as it should be. Not ready
 * means that an event sent now would be refused, by the API or because the channels' plugins are
 * not open yet. */
#include "app/parts.h"
#include "core/file.h"
#include <malloc.h>

#define HEAP_EVERY 10 /* calls; the allocator walks its free lists to count */

static void redis_away(struct qund *q, struct qund_jw *w, int64_t ms)
{
    struct qund_redis_state r = {0};

    if (q->redis)
        qund_redis_state(q->redis, &r);
    qund_jw_printf(w, "redis does not answer for %lld ms: events go to the spool%s%s%s",
                   (long long)ms, r.why[0] ? " (our own redis-server ended last: " : "", r.why,
                   r.why[0] ? ")" : "");
}

static bool intake_ready(struct qund *q, struct qund_jw *w)
{
    struct qund_intake_state in;

    qund_intake_state(q->intake, &in);
    if (in.risk != QUND_RISK_NONE)
        qund_jw_printf(w, "%s", qund_queue_risk_text(in.risk));
    if (!in.redis_up && in.risk != QUND_RISK_EVICTS)
        redis_away(q, w, in.down_ms);
    if (in.spool_events > 0)
        qund_jw_printf(w, "%lld events in the spool", (long long)in.spool_events);
    if (in.spool_damaged > 0)
        qund_jw_printf(
            w,
            "%d spool files were damaged on the disk and kept aside: answered events in them may "
            "be missing. Send what the source still has of that time again (repeats are "
            "recognised), then move %s/%s away: this ends when none is left there",
            in.spool_damaged, q->vault->spool, in.spool_damaged_name);
    if (in.stream_cut)
        qund_jw_printf(
            w, "the queue lost entries between %llu-%llu and %llu-%llu: what they held is unknown",
            (unsigned long long)in.cut_from.ms, (unsigned long long)in.cut_from.seq,
            (unsigned long long)in.cut_to.ms, (unsigned long long)in.cut_to.seq);
    if (in.full)
        qund_jw_printf(w, "the queue is full: %lld entries wait", (long long)in.waiting);
    if (in.disk_errno)
        qund_jw_printf(
            w,
            "events are refused: neither Redis nor the spool can write them (%s); free disk space "
            "in the data folder, or mend its disk",
            strerror(in.disk_errno));
    return !in.full && !in.disk_errno;
}

static bool worker_ready(struct qund *q, struct qund_jw *w)
{
    struct qund_worker_state st;

    qund_worker_state(q->worker, &st);
    if (st.denied)
        qund_jw_printf(
            w, "another instance holds the queue's lease; stop it or use another queue.prefix");
    if (st.bodies_missing > 0)
        qund_jw_printf(
            w,
            "%llu entries were trimmed from the queue before they were applied; what they held is "
            "unknown: see the log",
            (unsigned long long)st.bodies_missing);
    if (st.reserve_out)
        qund_jw_printf(
            w,
            "the disk of the data folder is (almost) full: %lld MiB are free, and the reserve of "
            "%lld MiB (store.reserve) is given away; free twice that, it is then taken again by "
            "itself",
            (long long)qund_disk_free(q->vault->dir) >> 20,
            (long long)q->config->store.reserve >> 20);
    if (st.trouble < 0)
        qund_jw_printf(
            w,
            "the store cannot be written (%s) for %lld ms: free disk space, or end what holds it",
            qund_rc_name(st.trouble), (long long)(qund_mono_now().ms - st.trouble_since_ms));
    return true;
}

static int64_t gaps_open(struct qund *q)
{
    return qund_counter_get(
        qund_metric_gauge(q->metrics, "qund_gaps_open", NULL, "Those that are not over"));
}

static bool targets_ready(struct qund *q, struct qund_jw *w)
{
    struct qund_target_state v[32];
    size_t n = qund_deliver_state(q->deliver, v, QUND_ARRAY_LEN(v));

    for (size_t i = 0; i < n; i++)
        if (v[i].breaker != QUND_BREAKER_CLOSED)
            qund_jw_printf(w, "target %s does not answer; it is tried again by itself", v[i].name);
    return true;
}

static bool gaps_ready(struct qund *q, struct qund_jw *w)
{
    if (gaps_open(q) > 0)
        qund_jw_printf(w,
                       "%lld channels, accounts or groups are not heard just now: see "
                       "/api/v1/gaps",
                       (long long)gaps_open(q));
    return true;
}

static bool store_ready(struct qund *q, struct qund_jw *w)
{
    struct qund_maint_state m;
    bool gone = atomic_load(q->vault->gone);

    qund_maint_state(q->maint, &m);
    if (gone)
        qund_jw_printf(w,
                       "events are refused: the data folder is no longer at %s (removed or moved); "
                       "stop the daemon, put it back, start again",
                       q->vault->dir);
    if (m.damaged)
        qund_jw_printf(
            w,
            "the store is damaged (%s): nothing is written, events wait in the queue; stop the "
            "daemon and run `qund restore DIR`",
            m.what);
    return !gone;
}

static bool rules_ready(struct qund *q, struct qund_jw *w)
{
    struct qund_maint_state m;
    const char *doubt;

    qund_maint_state(q->maint, &m);
    doubt = m.rules_taken ? m.rules_doubt : q->rules_doubt;
    if (m.rules_broken)
        qund_jw_printf(w, "rules were refused, the set before them runs: %s", m.rules_why);
    else if (q->rules_degraded && !m.rules_taken)
        qund_jw_printf(w, "rules were refused at start, the last good set runs; see `qund check`");
    if (doubt[0])
        qund_jw_printf(w, "%s", doubt);
    return true;
}

static bool files_ready(struct qund *q, struct qund_jw *w)
{
    if (q->config_why[0])
        qund_jw_printf(w, "the configuration was refused, the one before it runs: %s",
                       q->config_why);
    if (q->org_why[0])
        qund_jw_printf(w, "the org file was refused, %s: %s",
                       q->org_known
                           ? "what it said before stays"
                           : "and none was read before it, so nobody and no group is known",
                       q->org_why);
    if (q->org_lost[0])
        qund_jw_printf(w,
                       "the org file names push targets that do not exist: %s (all: `qund check`)",
                       q->org_lost);
    if (q->org_met[0])
        qund_jw_printf(
            w, "the org file tells two people at one person's place: %s (all: `qund check`)",
            q->org_met);
    if (q->sop_why[0])
        qund_jw_printf(w, "SOP templates were refused, %s: %s",
                       q->sop_known ? "those before them stay in force"
                                    : "and none were read before them, so there are none",
                       q->sop_why);
    return true;
}

/* What the start found missing. */
static bool past_ready(struct qund *q, struct qund_jw *w)
{
    if (q->queue_gap[0])
        qund_jw_printf(w, "%s", q->queue_gap);
    if (q->store_gap[0])
        qund_jw_printf(w, "%s", q->store_gap);
    return true;
}

static bool descriptors_ready(struct qund *q, struct qund_jw *w)
{
    qund_descriptors_ready(q, w);
    return true;
}

static bool repairs_ready(struct qund *q, struct qund_jw *w)
{
    struct qund_redis_state r = {0};

    if (q->redis)
        qund_redis_state(q->redis, &r);
    if (r.repairs > 0)
        qund_jw_printf(
            w, "the queue's file was cut by %lld bytes to its valid part; the refused copy: %s",
            (long long)r.repaired_bytes, r.aside);
    return true;
}

/* In the order of the lines. False: not ready. */
static bool (*const PARTS[])(struct qund *q, struct qund_jw *w) = {
    intake_ready,     worker_ready, gaps_ready, targets_ready,     store_ready,   rules_ready,
    qund_hosts_ready, files_ready,  past_ready, descriptors_ready, repairs_ready,
};

bool qund_ready(void *arg, struct qund_jw *w)
{
    struct qund *q = arg;
    bool ready = true;

    for (size_t i = 0; i < QUND_ARRAY_LEN(PARTS); i++)
        ready = PARTS[i](q, w) && ready;
    return ready;
}

void qund_status(void *arg, struct qund_jw *w)
{
    struct qund *q = arg;
    struct qund_worker_state st;
    struct qund_maint_state m;

    qund_worker_state(q->worker, &st);
    qund_maint_state(q->maint, &m);
    qund_jw_kz(w, "data", q->vault->dir);
    qund_jw_kint(w, "port", q->port);
    qund_jw_kz(w, "zone", q->config->time.zone);
    qund_jw_kbool(w, "virtual", q->opts.is_virtual);
    qund_jw_kz(w, "durability",
               q->config->queue.durability == QUND_DURABILITY_DISK ? "disk" : "os");
    if (q->redis) {
        struct qund_redis_state r;

        qund_redis_state(q->redis, &r);
        qund_jw_kint(w, "redis_pid", r.pid);
        qund_jw_kint(w, "redis_restarts", r.restarts);
    }
    qund_jw_key(w, "sop_dirs");
    qund_jw_arr(w);
    for (size_t i = 0; i < q->config->sop.dirs.n; i++)
        qund_jw_str(w, qund_str(q->config->sop.dirs.v[i]));
    qund_jw_end_arr(w);
    qund_jw_kbool(w, "recovered", st.recovered);
    qund_jw_kint(w, "store_wal_bytes", m.wal_bytes);
    qund_jw_kint(w, "gaps_open", gaps_open(q));
    qund_descriptors_status(q, w);
    qund_hosts_status(q, w);
}

static void log_lines(struct qund *q, const char *labels, enum qund_level level)
{
    qund_counter_set(qund_metric_counter(q->metrics, "qund_log_lines_total", labels,
                                         "Lines of the log that say something is not as it should"),
                     (int64_t)qund_log_count(q->log, level));
}

/* In use, as the allocator counts it: what leaks shows here first, resident memory hides it. */
static void heap_gauge(struct qund *q)
{
    struct mallinfo2 m = mallinfo2();

    qund_counter_set(
        qund_metric_gauge(q->metrics, "qund_heap_bytes", NULL, "Memory that is allocated"),
        (int64_t)(m.uordblks + m.hblkhd));
}

void qund_gauges_refresh(struct qund *q)
{
    struct qund_worker_state st;

    if (q->gauges++ % HEAP_EVERY == 0)
        heap_gauge(q);

    qund_worker_state(q->worker, &st);
    qund_counter_set(qund_metric_gauge(q->metrics, "qund_store_writable", NULL,
                                       "1 while transactions can be committed"),
                     st.trouble == 0 && !atomic_load(q->vault->damaged));
    qund_counter_set(qund_metric_gauge(q->metrics, "qund_store_reserve_held", NULL,
                                       "1 while the disk space kept for a full disk is there"),
                     q->config->store.reserve > 0 && !st.reserve_out);
    qund_descriptors_gauges(q);
    qund_hosts_gauges(q);
    log_lines(q, "level=\"warn\"", QUND_WARN);
    log_lines(q, "level=\"error\"", QUND_ERROR);
}
