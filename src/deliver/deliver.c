/* deliver.c - the thread between the outbox and the outside world.
 *
 * Nothing here is remembered: every push in hand is a row in state `sending`, and each ends in one
 * outcome, submitted as a command. If the process dies in between, the rows are found at the next
 * start and are `unknown`, which is the truth.
 *
 * Work is never asked for. Each target has credit standing at the engine, as much as its bucket,
 * breaker and window allow, and the engine spends it in the very transaction that makes a push.
 * What arrives is begun at once or waits here a few seconds at most; then it goes back, with its
 * attempt not counted. Credit has no end of its own: a push that arrives on credit whose time has
 * passed goes back once, and the credit that replaces it is fresh.
 *
 * A turn: take what arrived, submit what is owed, begin, grant, wait for sockets. The mailbox never
 * refuses (what the engine committed must be taken) and stays small all the same, because what
 * arrives was granted. Commands the engine does not take are kept and nothing is granted until it
 * takes them again.
 *
 * Virtual time is held from the hand-over to the moment the outcome is taken: an answer belongs to
 * the instant at which the push was sent. */
#include "deliver/deliver.h"
#include "core/json.h"
#include "deliver/deliver_parts.h"
#include <stdio.h>

#define FLYING_MAX 256       /* requests at once, all targets: they cost a descriptor each */
#define CREDIT_MS 3600000    /* how long credit says it is good */
#define HOLD_MS 10000        /* how long a push may wait here for its turn */
#define AGAIN_MS 20          /* until something that was refused is tried again */
#define IDLE_MS 60000        /* nothing to wait for; the mailbox wakes */
#define STOP_MS 700          /* requests may still end by themselves */
#define STOP_SUBMIT_MS 1000  /* and the engine may still take their outcomes */
#define WINDOW_US 60000000LL /* what rate_per_min speaks of */
#define LINES_PER_MIN 6

struct work_note {
    struct note note;
    struct qund_out_items items;
    struct qund_config *config; /* NULL: the items */
};

/* --- to the engine --- */

static void log_end(struct qund_deliver *d, struct qund_target *t, const struct qund_job *j,
                    const struct qund_outcome *o)
{
    unsigned left_out = t->gate.left_out;

    if (o->event == QUND_OUT_EV_ACCEPTED || o->event == QUND_OUT_EV_RETURNED ||
        !qund_log_allow(&t->gate, qund_mono_now().ms, LINES_PER_MIN))
        return;
    qund_log(d->deps.log, QUND_WARN, "deliver.failed", QUND_KV("target", t->name),
             QUND_KV("push", j->item.id), QUND_KV("attempt", j->item.attempt),
             QUND_KV("event", qund_out_event_name(o->event)), QUND_KV("status", o->status),
             QUND_KV("reason", o->reason), QUND_KV("retry_ms", o->retry_ms),
             QUND_KV("left_out", left_out));
}

void qund_deliver_end(struct qund_deliver *d, struct qund_job *j, const struct qund_outcome *o,
                      struct qund_str their_id)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    struct qund_jw w = qund_jw(&body);

    qund_jw_obj(&w);
    qund_jw_kint(&w, "id", j->item.id);
    qund_jw_kint(&w, "attempt", j->item.attempt);
    qund_jw_kz(&w, "target", j->target->name);
    qund_jw_kz(&w, "event", qund_out_event_name(o->event));
    if (o->retry_ms >= 0)
        qund_jw_kint(&w, "retry_ms", o->retry_ms);
    if (o->status > 0)
        qund_jw_kint(&w, "status", o->status);
    if (o->reason[0])
        qund_jw_kz(&w, "reason", o->reason);
    if (their_id.n > 0)
        qund_jw_kstr(&w, "their_id", their_id);
    qund_jw_end_obj(&w);
    log_end(d, j->target, j, o);
    qund_target_count(j->target, o->event);
    qund_untold_add(&d->untold, "delivery.outcome", qund_buf_view(&body), true);
    qund_job_free(j);
}

static void end_job(struct qund_deliver *d, struct qund_job *j, const struct qund_outcome *o)
{
    qund_deliver_end(d, j, o, QUND_STR_NONE);
}

static void end_unsent(struct qund_deliver *d, struct qund_job *j, enum qund_out_event event,
                       const char *reason)
{
    struct qund_outcome o = {.event = event, .retry_ms = -1};

    snprintf(o.reason, sizeof(o.reason), "%.199s", reason);
    end_job(d, j, &o);
}

static void grant(struct qund_deliver *d, struct qund_target *t)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    struct qund_jw w = qund_jw(&body);
    int n = qund_target_grant(t);

    if (n == 0)
        return;
    t->credit += n;
    qund_jw_obj(&w);
    qund_jw_kz(&w, "target", t->name);
    qund_jw_kint(&w, "n", n);
    qund_jw_kint(&w, "for_ms", CREDIT_MS);
    qund_jw_kbool(&w, "ordered", t->cfg->ordered);
    qund_jw_kbool(&w, "cards", qund_target_takes_cards(t));
    qund_jw_kbool(&w, "limited", t->cfg->rate_per_min > 0);
    qund_jw_end_obj(&w);
    qund_untold_add(&d->untold, "delivery.credit", qund_buf_view(&body), false);
}

/* --- what arrives --- */

static struct qund_target *target_get(struct qund_deliver *d, struct qund_str name)
{
    for (size_t i = 0; i < d->n_targets; i++)
        if (qund_str_is(name, d->targets[i]->name))
            return d->targets[i];
    if (d->n_targets == QUND_TARGETS_MAX)
        return NULL;
    return d->targets[d->n_targets++] = qund_target_new(name, d->deps.metrics);
}

static void configure(struct qund_deliver *d, struct qund_config *config)
{
    int64_t window_us = d->deps.rate_window_ms > 0 ? 1000 * d->deps.rate_window_ms : WINDOW_US;

    qund_config_unref(d->config);
    d->config = config;
    for (size_t i = 0; i < config->n_targets; i++)
        if (!target_get(d, qund_str(config->targets[i].name)))
            qund_log(d->deps.log, QUND_ERROR, "deliver.targets", QUND_KV("max", QUND_TARGETS_MAX),
                     QUND_KV("left_out", config->targets[i].name));
    for (size_t i = 0; i < d->n_targets; i++) {
        struct qund_err err = {0};

        if (qund_target_configure(d->targets[i], config, window_us, &err) < 0)
            qund_log(d->deps.log, QUND_ERROR, "deliver.target",
                     QUND_KV("target", d->targets[i]->name), QUND_KV("error", err.text));
    }
}

static bool stale(const struct qund_deliver *d, const struct qund_out_item *item)
{
    return d->deps.clock && qund_clock_now(d->deps.clock).ms >= item->until;
}

static void take_item(struct qund_deliver *d, const struct qund_out_item *item)
{
    struct qund_job *j = qund_alloc(sizeof(*j));
    struct qund_target *t = target_get(d, qund_str(item->target));

    qund_assert(t); /* the outbox hands over what credit was granted for */
    j->deliver = d;
    j->target = t;
    j->item = *item;
    j->begin_by_ms = qund_mono_now().ms + HOLD_MS;
    if (t->credit > 0)
        t->credit--;
    if (!t->cfg)
        end_unsent(d, j, QUND_OUT_EV_DROP, "no such target is configured");
    else if (d->stopping)
        end_unsent(d, j, QUND_OUT_EV_RETURNED, "the program stops");
    else if (stale(d, item))
        end_unsent(d, j, QUND_OUT_EV_RETURNED, "its credit is out of date");
    else if (QUND_FAULT("outbox_leased") < 0)
        end_unsent(d, j, QUND_OUT_EV_RETURNED, "a fault was asked for");
    else
        qund_jobs_add(&t->waiting, j);
}

static void take_work(struct qund_deliver *d, struct note *n)
{
    struct work_note *note = QUND_CONTAINER(n, struct work_note, note);

    if (note->config)
        configure(d, note->config);
    for (size_t i = 0; i < note->items.n; i++)
        take_item(d, &note->items.v[i]);
    qund_free(note->items.v);
    qund_free(note);
}

static void take_notes(struct qund_deliver *d)
{
    struct qund_node *next;

    for (struct qund_node *n = qund_mbox_take_all(d->mbox); n; n = next) {
        struct note *note = QUND_CONTAINER(n, struct note, node);

        next = n->next;
        note->take(d, note);
    }
}

/* --- sending --- */

static void on_answer(void *arg, const struct qund_client_answer *a)
{
    struct qund_job *j = arg;
    struct qund_target *t = j->target;
    struct qund_deliver *d = j->deliver;
    struct qund_outcome o = qund_outcome_of(a, j->item.attempt);

    j->call = NULL;
    qund_jobs_remove(&t->flying, j);
    qund_histogram_add_us(d->m_seconds, qund_mono_us() - j->begun_us, 1);
    qund_target_judge(t, &o);
    if (o.event == QUND_OUT_EV_ACCEPTED)
        qund_ignore(QUND_FAULT("marked_sent")); /* only its crash and stall mean something here */
    end_job(d, j, &o);
}

static void begin(struct qund_deliver *d, struct qund_target *t)
{
    struct qund_job *j = qund_jobs_first(&t->waiting);
    struct qund_webhook hook = {t->cfg, t->template};
    struct qund_err err = {0};
    int rc;

    qund_bucket_take(&t->bucket, qund_mono_us());
    j->begun_us = qund_mono_us();
    if (!qund_target_is_ours(t->cfg)) {
        qund_handed_begin(d, j);
        return;
    }
    rc = qund_webhook_start(&hook, d->client, &j->item, on_answer, j, &j->call, &err);
    if (rc == 0) {
        qund_jobs_add(&t->flying, j);
        return;
    }
    t->failed++;
    if (qund_rc_retryable(rc)) {
        struct qund_outcome o = {.event = QUND_OUT_EV_RETRY,
                                 .retry_ms = qund_backoff_ms(j->item.attempt)};

        snprintf(o.reason, sizeof(o.reason), "%.190s", err.text);
        end_job(d, j, &o);
    } else {
        end_unsent(d, j, QUND_OUT_EV_DROP, err.text);
    }
}

static void return_overdue(struct qund_deliver *d, struct qund_target *t)
{
    const char *why;

    while (t->waiting.head &&
           (why = d->stopping ? "the program stops" : qund_target_returns(t, t->waiting.head)))
        end_unsent(d, qund_jobs_first(&t->waiting), QUND_OUT_EV_RETURNED, why);
}

/* Mails are counted elsewhere: most of those in hand may be waiting for a silent server. */
static bool has_room(const struct qund_deliver *d)
{
    return qund_client_in_flight(d->client) - qund_client_mails(d->client) < FLYING_MAX;
}

/* Each turn another target is first, so that none can keep the places of all. */
static void pump(struct qund_deliver *d)
{
    for (size_t i = 0; i < d->n_targets; i++) {
        struct qund_target *t = d->targets[(d->turn + i) % d->n_targets];

        qund_breaker_tick(&t->breaker, qund_mono_now().ms);
        while (!d->stopping && has_room(d) && qund_target_may_begin(t))
            begin(d, t);
        qund_handed_expire(d, t);
        return_overdue(d, t);
        if (!d->stopping && !d->untold.head)
            grant(d, t);
    }
    if (!d->stopping && has_room(d))
        qund_errands_begin(d);
    d->turn++;
}

static int wait_ms(const struct qund_deliver *d)
{
    int64_t now_ms = qund_mono_now().ms, wake_ms = now_ms + IDLE_MS;
    bool refused = d->untold.head || !has_room(d);

    for (size_t i = 0; i < d->n_targets; i++) {
        int64_t t_ms = qund_target_wake_ms(d->targets[i]);
        int64_t handed_ms = qund_handed_wake_ms(d->targets[i]);

        wake_ms = t_ms < wake_ms ? t_ms : wake_ms;
        wake_ms = handed_ms < wake_ms ? handed_ms : wake_ms;
    }
    /* What it waits for cannot be done before somebody else makes room. */
    if (refused && wake_ms < now_ms + AGAIN_MS)
        wake_ms = now_ms + AGAIN_MS;
    if (d->untold.head && wake_ms > now_ms + AGAIN_MS)
        wake_ms = now_ms + AGAIN_MS;
    return wake_ms > now_ms ? (int)(wake_ms - now_ms) : 0;
}

static void show(struct qund_deliver *d)
{
    pthread_mutex_lock(&d->mtx);
    if (d->n_shown != d->n_targets)
        d->shown = qund_realloc(d->shown, d->n_targets * sizeof(*d->shown));
    d->n_shown = d->n_targets;
    for (size_t i = 0; i < d->n_targets; i++)
        qund_target_show(d->targets[i], &d->shown[i]);
    pthread_mutex_unlock(&d->mtx);
}

/* --- the thread --- */

static void cut_flying(struct qund_deliver *d)
{
    for (size_t i = 0; i < d->n_targets; i++) {
        struct qund_job *j;

        while ((j = qund_jobs_first(&d->targets[i]->flying))) {
            struct qund_outcome o = {.event = QUND_OUT_EV_UNKNOWN,
                                     .retry_ms = qund_backoff_ms(j->item.attempt),
                                     .reason = "the program stopped before an answer came"};

            if (!j->call || qund_client_cancel(j->call))
                end_job(d, j, &o);
            else
                end_unsent(d, j, QUND_OUT_EV_RETURNED, "the program stops");
        }
    }
}

static void wind_down(struct qund_deliver *d)
{
    int64_t from_ms = qund_mono_now().ms;

    d->stopping = true;
    do {
        take_notes(d);
        qund_untold_submit(&d->untold);
        pump(d);
        if (qund_mono_now().ms - from_ms >= STOP_MS)
            cut_flying(d);
        if (d->untold.head || qund_client_in_flight(d->client) > 0)
            qund_client_poll(d->client, qund_mbox_fd(d->mbox), AGAIN_MS);
    } while ((d->untold.head || qund_client_in_flight(d->client) > 0) &&
             qund_mono_now().ms - from_ms < STOP_SUBMIT_MS);
    cut_flying(d);
    qund_errands_end(d);
}

static void run(void *arg)
{
    struct qund_deliver *d = arg;

    while (!atomic_load(&d->stop)) {
        take_notes(d);
        qund_untold_submit(&d->untold);
        pump(d);
        show(d);
        qund_client_poll(d->client, qund_mbox_fd(d->mbox), wait_ms(d));
    }
    wind_down(d);
    show(d);
}

/* --- for everyone --- */

static struct qund_deliver *deliver_free(struct qund_deliver *d)
{
    qund_untold_done(&d->untold);
    for (size_t i = 0; i < d->n_targets; i++)
        qund_target_free(d->targets[i]);
    qund_config_unref(d->config);
    qund_client_close(d->client);
    qund_mbox_free(d->mbox);
    pthread_mutex_destroy(&d->mtx);
    qund_free(d->shown);
    qund_free(d);
    return NULL;
}

int qund_deliver_open(const struct qund_deliver_deps *deps, struct qund_deliver **out,
                      struct qund_err *err)
{
    struct qund_client *client = NULL;
    struct qund_client_opts opts = {.ca_file = deps->config->net.ca_file};
    struct qund_deliver *d;
    int rc = qund_client_open(&opts, &client, err);

    if (rc < 0)
        return rc;
    d = qund_alloc(sizeof(*d));
    d->deps = *deps;
    d->client = client;
    d->mbox = qund_mbox_new(0); /* bounded by credit: only what must be taken is put */
    qund_untold_init(&d->untold, &d->deps);
    d->errands_tail = &d->errands;
    d->m_strays = qund_metric_counter(deps->metrics, "qund_deliver_strays_total", NULL,
                                      "Outcomes a plugin told of pushes that were over.");
    d->m_seconds = qund_metric_seconds(deps->metrics, "qund_deliver_seconds",
                                       "From the begin of a request to its end.");
    pthread_mutex_init(&d->mtx, NULL);
    configure(d, qund_config_ref(deps->config));
    show(d);
    rc = qund_thread_start(&d->thread, QUND_THREAD_DELIVER, run, d, err);
    if (rc < 0) {
        deliver_free(d);
        return rc;
    }
    *out = d;
    return 0;
}

struct qund_deliver *qund_deliver_close(struct qund_deliver *d)
{
    if (!d)
        return NULL;
    atomic_store(&d->stop, true);
    qund_mbox_wake(d->mbox);
    pthread_join(d->thread, NULL);
    return deliver_free(d);
}

void qund_deliver_send(struct qund_deliver *d, struct qund_out_items *items)
{
    struct work_note *note;

    if (items->n == 0)
        return;
    note = qund_alloc(sizeof(*note));
    note->note.take = take_work;
    note->items = *items;
    *items = (struct qund_out_items){0};
    qund_untold_hold(&d->untold, (int)note->items.n);
    qund_mbox_put_always(d->mbox, &note->note.node);
}

void qund_deliver_config(struct qund_deliver *d, struct qund_config *config)
{
    struct work_note *note = qund_alloc(sizeof(*note));

    note->note.take = take_work;
    note->config = qund_config_ref(config);
    qund_mbox_put_always(d->mbox, &note->note.node);
}

size_t qund_deliver_state(struct qund_deliver *d, struct qund_target_state *v, size_t max)
{
    size_t n;

    pthread_mutex_lock(&d->mtx);
    n = d->n_shown < max ? d->n_shown : max;
    if (n > 0)
        memcpy(v, d->shown, n * sizeof(*v));
    pthread_mutex_unlock(&d->mtx);
    return n;
}
