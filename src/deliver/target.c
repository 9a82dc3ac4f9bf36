/* target.c - one receiver: what it may be sent now, and what it still holds.
 *
 * Three things can hold a push back, and each has its own answer. The bucket: it waits here for the
 * few seconds until the next may go. The breaker and a pause the receiver asked for: it goes back
 * to the queue, where urgent ones may pass it and where a stop of the program does not touch it.
 *
 * Credit is a promise about the bucket: what is granted and not yet seen is taken off before more
 * is granted, so every push that arrives on credit finds its place. The bucket is asked again when
 * a push begins; a promise that went stale (a pause, a breaker) costs a way back, never the rate.
 */
#include "core/clock.h"
#include "deliver/internal.h"
#include <stdio.h>

void qund_jobs_init(struct qund_jobs *l)
{
    *l = (struct qund_jobs){.tail = &l->head};
}

void qund_jobs_add(struct qund_jobs *l, struct qund_job *j)
{
    j->next = NULL;
    *l->tail = j;
    l->tail = &j->next;
    l->n++;
}

void qund_jobs_remove(struct qund_jobs *l, struct qund_job *j)
{
    struct qund_job **at = &l->head;

    while (*at != j)
        at = &(*at)->next;
    *at = j->next;
    if (l->tail == &j->next)
        l->tail = at;
    l->n--;
}

struct qund_job *qund_jobs_first(struct qund_jobs *l)
{
    struct qund_job *j = l->head;

    if (j)
        qund_jobs_remove(l, j);
    return j;
}

struct qund_job *qund_job_free(struct qund_job *j)
{
    if (j) {
        qund_free(j->item.target);
        qund_free(j->item.body);
        qund_free(j->item.key);
    }
    qund_free(j);
    return NULL;
}

struct qund_target *qund_target_new(struct qund_str name, struct qund_metrics *metrics)
{
    struct qund_target *t = qund_alloc(sizeof(*t));

    t->name = qund_str_dup(name);
    t->metrics = metrics;
    t->window = 1;
    qund_jobs_init(&t->waiting);
    qund_jobs_init(&t->flying);
    return t;
}

struct qund_target *qund_target_free(struct qund_target *t)
{
    if (!t)
        return NULL;
    qund_assert(t->waiting.n == 0 && t->flying.n == 0);
    qund_body_template_free(t->template);
    qund_config_unref(t->config);
    qund_free(t->name);
    qund_free(t);
    return NULL;
}

static int full_window(const struct qund_target *t)
{
    return t->cfg->ordered ? 1 : QUND_TARGET_WINDOW;
}

static bool same_receiver(const struct qund_target_cfg *a, const struct qund_target_cfg *b)
{
    if (strcmp(a->kind, b->kind) != 0)
        return false;
    return qund_target_is_ours(a) ? strcmp(a->url, b->url) == 0 : qund_own_same(&a->own, &b->own);
}

/* Its plugin cannot be used: what waits for it goes on waiting. */
static bool unserved(const struct qund_target *t)
{
    return !qund_target_is_ours(t->cfg) && !t->cfg->own.table;
}

int qund_target_configure(struct qund_target *t, struct qund_config *config, int64_t window_us,
                          struct qund_err *err)
{
    const struct qund_target_cfg *cfg = qund_config_target(config, qund_str(t->name));
    const struct qund_target_cfg *was = t->cfg;
    struct qund_body_template *template = NULL;
    bool moved = !was || !cfg || !same_receiver(was, cfg);
    bool paced = !was || !cfg || was->rate_per_min != cfg->rate_per_min;
    int rc = 0;

    if (cfg && cfg->template)
        rc = qund_body_template_parse(qund_str(cfg->template), &template, err);
    qund_body_template_free(t->template);
    t->template = template;
    t->cfg = rc == 0 ? cfg : NULL;
    if (moved) {
        t->breaker = (struct qund_breaker_box){0};
        t->paused_until_ms = 0;
    }
    /* What the old bucket let go is not known to the new one, which therefore starts empty. */
    if (t->cfg && paced)
        qund_bucket_init(&t->bucket, cfg->rate_per_min, window_us, qund_mono_us());
    if (t->cfg && (moved || t->window > full_window(t)))
        t->window = full_window(t);
    qund_config_ref(config);
    qund_config_unref(t->config);
    t->config = config;
    return rc;
}

bool qund_target_takes_cards(const struct qund_target *t)
{
    return t->cfg->cards && (!t->template || qund_body_template_is_whole(t->template));
}

static bool held(const struct qund_target *t, int64_t now_ms)
{
    return !t->cfg || unserved(t) || t->breaker.state == QUND_BREAKER_OPEN ||
           now_ms < t->paused_until_ms;
}

static int in_hand(const struct qund_target *t)
{
    return t->credit + t->waiting.n + t->flying.n;
}

/* How many it may hold at once. */
static int most(const struct qund_target *t)
{
    return t->breaker.state == QUND_BREAKER_PROBING ? 1 : t->window;
}

/* How many it lacks, the bucket left aside. */
static int lacks(const struct qund_target *t)
{
    return most(t) > in_hand(t) ? most(t) - in_hand(t) : 0;
}

int qund_target_grant(struct qund_target *t)
{
    int promised = t->credit + t->waiting.n;
    int ready;

    qund_breaker_tick(&t->breaker, qund_mono_now().ms);
    if (held(t, qund_mono_now().ms) || lacks(t) == 0)
        return 0;
    ready = qund_bucket_ready(&t->bucket, qund_mono_us(), promised + lacks(t));
    return ready > promised ? ready - promised : 0;
}

bool qund_target_may_begin(struct qund_target *t)
{
    return t->waiting.n > 0 && t->flying.n < most(t) && !held(t, qund_mono_now().ms) &&
           qund_bucket_ready(&t->bucket, qund_mono_us(), 1) > 0;
}

const char *qund_target_returns(const struct qund_target *t, const struct qund_job *j)
{
    int64_t now_ms = qund_mono_now().ms;

    if (t->breaker.state == QUND_BREAKER_OPEN)
        return "the receiver is not well";
    if (now_ms < t->paused_until_ms)
        return "the receiver asked us to wait";
    return now_ms >= j->begin_by_ms ? "its turn did not come in time" : NULL;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When so many may begin, rounded up to a millisecond. */
static int64_t ready_ms(const struct qund_target *t, int n)
{
    int64_t us = qund_bucket_when_us(&t->bucket, n);

    return us == INT64_MAX ? us : us / 1000 + 1;
}

int64_t qund_target_wake_ms(const struct qund_target *t)
{
    int64_t now_ms = qund_mono_now().ms;
    int64_t wake = t->waiting.head ? t->waiting.head->begin_by_ms : INT64_MAX;

    if (!t->cfg || unserved(t))
        return wake;
    if (t->breaker.state == QUND_BREAKER_OPEN)
        return earlier(wake, t->breaker.until_ms);
    if (now_ms < t->paused_until_ms)
        return earlier(wake, t->paused_until_ms);
    if (t->waiting.n > 0 && t->flying.n < most(t))
        wake = earlier(wake, ready_ms(t, 1));
    /* With everything it can save up promised already there is nothing to wake for: the credit
     * comes back as pushes. */
    if (lacks(t) > 0)
        wake = earlier(wake, ready_ms(t, t->credit + t->waiting.n + 1));
    return wake;
}

void qund_target_judge(struct qund_target *t, const struct qund_outcome *o)
{
    int64_t now_ms = qund_mono_now().ms;

    if (o->event == QUND_OUT_EV_ACCEPTED)
        t->sent++;
    else if (o->event != QUND_OUT_EV_QUOTA && o->event != QUND_OUT_EV_RETURNED)
        t->failed++;
    if (o->pause_ms > 0 && now_ms + o->pause_ms > t->paused_until_ms)
        t->paused_until_ms = now_ms + o->pause_ms;
    switch (o->verdict) {
    case QUND_VERDICT_NONE:
        break;
    case QUND_VERDICT_WORKED:
        if (qund_breaker_worked(&t->breaker, now_ms))
            t->window = 1;
        else if (t->cfg && t->breaker.state == QUND_BREAKER_CLOSED && t->window < full_window(t))
            t->window *= 2;
        break;
    case QUND_VERDICT_FAILED:
        if (qund_breaker_failed(&t->breaker, now_ms))
            t->window = 1;
        break;
    }
}

void qund_target_count(struct qund_target *t, enum qund_out_event event)
{
    if (!t->m_results[event]) {
        QUND_AUTO(qund_buf_done) struct qund_buf labels = {0};

        qund_buf_printf(&labels, "target=\"%s\",result=\"%s\"", t->name,
                        qund_out_event_name(event));
        t->m_results[event] =
            qund_metric_counter(t->metrics, "qund_outbox_sent_total", labels.p,
                                "Pushes handed to deliver, by how each try ended.");
    }
    qund_counter_add(t->m_results[event], 1);
}

void qund_target_show(struct qund_target *t, struct qund_target_state *out)
{
    if (!t->m_breaker) {
        QUND_AUTO(qund_buf_done) struct qund_buf labels = {0};

        qund_buf_printf(&labels, "target=\"%s\"", t->name);
        t->m_breaker = qund_metric_gauge(t->metrics, "qund_target_breaker", labels.p,
                                         "0 closed, 1 open, 2 probing.");
        t->m_flying = qund_metric_gauge(t->metrics, "qund_target_in_flight", labels.p,
                                        "Requests on their way.");
    }
    qund_counter_set(t->m_breaker, t->breaker.state);
    qund_counter_set(t->m_flying, t->flying.n);
    *out = (struct qund_target_state){
        .breaker = t->breaker.state,
        .in_flight = t->flying.n,
        .credit = t->credit,
        .sent = t->sent,
        .failed = t->failed,
        .open_until_ms = t->breaker.state == QUND_BREAKER_OPEN ? t->breaker.until_ms : 0};
    snprintf(out->name, sizeof(out->name), "%s", t->name);
}
