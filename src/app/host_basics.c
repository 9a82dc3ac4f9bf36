/* host_basics.c - what a plugin needs to live: time, the log, numbers, alarms, a later turn, jobs.
 */
#include "app/host.h"

#define LINES_PER_MIN 600
#define KV_MAX 16u
#define GAUGES_MAX 256u

struct qund_alarm {
    struct link link;
    struct host *host;
    struct qund_loop_timer *timer;
    void (*ring)(void *arg);
    void *arg;
};
struct later {
    struct link link;
    struct host *host;
    void (*run)(void *arg);
    void *arg;
};
struct job {
    struct host *host;
    const struct qund_plugin_job *what;
    struct qund_loop_timer *timer;
};

int host_fault(struct qund_fault *why, int rc, const char *where, const char *fmt, ...)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    va_list ap;

    if (!why)
        return rc;
    va_start(ap, fmt);
    qund_buf_vprintf(&text, fmt, ap);
    va_end(ap);
    snprintf(why->where, sizeof(why->where), "%.95s", where);
    snprintf(why->text, sizeof(why->text), "%.*s",
             QUND_STR_ARG(qund_utf8_cut(qund_buf_view(&text), sizeof(why->text) - 1)));
    return rc;
}

/* --- time --- */

static int64_t now_ms(const struct qund_host *h)
{
    return qund_clock_now(host_of(h)->all->q->clock).ms;
}

static int64_t wall_ms(const struct qund_host *h)
{
    (void)h;
    return qund_wall_system().ms;
}

static int64_t mono_ms(const struct qund_host *h)
{
    (void)h;
    return qund_mono_now().ms;
}

/* --- log and numbers --- */

static void log_line(const struct qund_host *api, enum qund_level level, const char *event,
                     const struct qund_kv *kv, size_t n)
{
    struct host *h = host_of(api);
    struct qund_kv all[KV_MAX + 3] = {{0}};
    size_t at = 1;

    if (!qund_log_allow(&h->gate, qund_mono_now().ms, LINES_PER_MIN))
        return;
    all[at++] = QUND_KV("plugin", h->plugin->name);
    for (size_t i = 0; i < n && i < KV_MAX; i++)
        all[at++] = kv[i];
    if (h->gate.left_out > 0)
        all[at++] = QUND_KV("left_out", h->gate.left_out);
    qund_log_write(h->all->q->log, level, event, all, at);
}

/* The registry of metrics borrows its words, and outlives the plugin. */
static const char *kept_word(struct qund *q, const char *z)
{
    struct qund_strs *w = &q->plugin_words;

    for (size_t i = 0; i < w->n; i++)
        if (strcmp(w->v[i], z) == 0)
            return w->v[i];
    w->v = qund_realloc(w->v, (w->n + 1) * sizeof(*w->v));
    w->v[w->n] = qund_strdup(z);
    return w->v[w->n++];
}

static struct qund_gauge *gauge(const struct qund_host *api, enum qund_gauge_kind kind,
                                const char *name, const char *labels, const char *help)
{
    struct host *h = host_of(api);
    struct qund *q = h->all->q;

    if (h->n_gauges >= GAUGES_MAX)
        return NULL;
    h->n_gauges++;
    name = kept_word(q, name);
    labels = labels ? kept_word(q, labels) : NULL;
    help = kept_word(q, help);
    return (struct qund_gauge *)(void *)(kind == QUND_GAUGE
                                             ? qund_metric_gauge(q->metrics, name, labels, help)
                                             : qund_metric_counter(q->metrics, name, labels, help));
}

static void gauge_add(struct qund_gauge *g, int64_t n)
{
    if (g)
        qund_counter_add((struct qund_counter *)(void *)g, n);
}

static void gauge_set(struct qund_gauge *g, int64_t v)
{
    if (g)
        qund_counter_set((struct qund_counter *)(void *)g, v);
}

/* --- alarms --- */

static void on_ring(void *arg)
{
    struct qund_alarm *a = arg;
    struct qund_hosts *hs = a->host->all;

    host_enter(a->host, "alarm");
    a->ring(a->arg); /* which may free it */
    host_leave(hs);
}

static struct qund_alarm *alarm_new(const struct qund_host *api, void (*ring)(void *arg), void *arg)
{
    struct host *h = host_of(api);
    struct qund_alarm *a = qund_alloc(sizeof(*a));

    a->host = h;
    a->ring = ring;
    a->arg = arg;
    a->timer = qund_loop_timer_new(h->all->q->loop, on_ring, a);
    link_put(&h->alarms, &a->link);
    return a;
}

static void alarm_start(struct qund_alarm *a, int64_t after_ms, int64_t every_ms)
{
    qund_loop_timer_start(a->timer, after_ms, every_ms);
}

static void alarm_stop(struct qund_alarm *a)
{
    qund_loop_timer_stop(a->timer);
}

static void alarm_free(struct qund_alarm *a)
{
    if (!a)
        return;
    link_take(&a->link);
    qund_loop_timer_free(a->timer);
    qund_free(a);
}

/* --- a later turn --- */

static void later(const struct qund_host *api, void (*run)(void *arg), void *arg)
{
    struct host *h = host_of(api);
    struct later *l = qund_alloc(sizeof(*l));
    struct link **at = &h->laters;

    l->host = h;
    l->run = run;
    l->arg = arg;
    while (*at) /* few wait, and they run in their order */
        at = &(*at)->next;
    link_put(at, &l->link);
    qund_loop_timer_start(h->all->soon, 0, 0);
}

/* What is asked for meanwhile waits for the turn after this. */
void host_laters_run(struct qund_hosts *hs)
{
    for (struct link *l = hs->hosts; l; l = l->next) {
        struct host *h = QUND_CONTAINER(l, struct host, link);
        struct link *now = h->laters;

        h->laters = NULL;
        if (now)
            now->prev = &now;
        while (now) {
            struct later *one = QUND_CONTAINER(now, struct later, link);

            link_take(&one->link);
            host_enter(h, "later");
            one->run(one->arg);
            host_leave(hs);
            qund_free(one);
        }
    }
}

/* --- jobs --- */

static void on_job(void *arg)
{
    struct job *j = arg;

    host_enter(j->host, j->what->name);
    j->what->run(j->host->ctx);
    host_leave(j->host->all);
}

void host_jobs_start(struct host *h)
{
    h->jobs = qund_alloc((h->plugin->n_jobs + 1) * sizeof(*h->jobs));
    for (size_t i = 0; i < h->plugin->n_jobs; i++) {
        struct job *j = &h->jobs[i];

        *j = (struct job){h, &h->plugin->jobs[i], NULL};
        j->timer = qund_loop_timer_new(h->all->q->loop, on_job, j);
        qund_loop_timer_start(j->timer, j->what->every_ms, j->what->every_ms);
    }
}

void host_basics_end(struct host *h)
{
    while (h->alarms)
        alarm_free(QUND_CONTAINER(h->alarms, struct qund_alarm, link));
    while (h->laters) {
        struct later *l = QUND_CONTAINER(h->laters, struct later, link);

        link_take(&l->link);
        qund_free(l);
    }
    for (size_t i = 0; h->jobs && i < h->plugin->n_jobs; i++)
        qund_loop_timer_free(h->jobs[i].timer);
    qund_free(h->jobs);
    h->jobs = NULL;
}

void host_basics(struct qund_host *api)
{
    api->now_ms = now_ms;
    api->wall_ms = wall_ms;
    api->mono_ms = mono_ms;
    api->log = log_line;
    api->gauge = gauge;
    api->gauge_add = gauge_add;
    api->gauge_set = gauge_set;
    api->alarm_new = alarm_new;
    api->alarm_start = alarm_start;
    api->alarm_stop = alarm_stop;
    api->alarm_free = alarm_free;
    api->later = later;
}
