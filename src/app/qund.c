/* src/app/qund.c - a table of contents that can be started and stopped.
 *
 * Start goes from the ground up: the data folder's lock, the store, rules, engine, Redis and what
 * the store remembers against what the stream knows, intake, deliver, and the door last; so whoever
 * is let in finds everything behind it working. Stop goes the other way: the door takes nobody new,
 * what was accepted is made durable and answered, deliver ends what is under way, the engine
 * applies what came of it, then the store is closed and Redis told to leave. Every part is NULL
 * until it is made, so that a start that fails halfway is undone by the same function. */
#include "app/parts.h"
#include "core/file.h"
#include "crm/org.h"
#include "crm/roster.h"
#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define POLL_MS 100
#define DRAIN_MS 5000

/* --- what parts say to each other --- */

static int submit(void *arg, struct qund_command *c)
{
    struct qund *q = arg;

    return qund_worker_submit(q->worker, c);
}

static int job(void *arg, struct qund_command *c)
{
    struct qund *q = arg;

    return qund_maint_job(q->maint, c);
}

/* Who sends has left: no byte of it did, so it waits for the next start. */
static void return_push(struct qund *q, const struct qund_out_item *it)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    struct qund_command *c;
    struct qund_jw w = qund_jw(&body);

    qund_jw_obj(&w);
    qund_jw_kint(&w, "id", it->id);
    qund_jw_kint(&w, "attempt", it->attempt);
    qund_jw_kz(&w, "target", it->target);
    qund_jw_kz(&w, "event", qund_out_event_name(QUND_OUT_EV_RETURNED));
    qund_jw_kz(&w, "reason", "the program stops");
    qund_jw_end_obj(&w);
    c = qund_command_new("delivery.outcome", qund_buf_view(&body), "app");
    if (submit(q, c) < 0)
        qund_command_free(c); /* it stays `sending`, which the next start finds */
}

static void send_pushes(void *arg, struct qund_out_items *items)
{
    struct qund *q = arg;

    pthread_mutex_lock(&q->deliver_mtx);
    if (q->deliver)
        qund_deliver_send(q->deliver, items);
    pthread_mutex_unlock(&q->deliver_mtx);
    for (size_t i = 0; i < items->n; i++)
        return_push(q, &items->v[i]);
}

static void feed(void *arg, struct qund_str json)
{
    struct qund *q = arg;
    struct qund_http *http = atomic_load(&q->feed_to);

    if (http)
        qund_http_feed(http, json);
}

/* Lines that nobody would read are not made: they cost as much as reading the message did. */
static bool watched(void *arg)
{
    struct qund *q = arg;
    struct qund_http *http = atomic_load(&q->feed_to);

    return http && qund_http_watched(http);
}

static struct qund_config *config(void *arg)
{
    struct qund *q = arg;

    return q->config;
}

/* --- parts in order --- */

static int open_engine(struct qund *q, struct qund_err *err)
{
    int rc = qund_engine_open(
        &(struct qund_engine_deps){.db = q->db,
                                   .fold = q->fold,
                                   .config = q->config,
                                   .rules = q->rules,
                                   .words = q->words,
                                   .holidays = q->holidays,
                                   .inhand = q->inhand,
                                   .left = &q->left,
                                   .opened_ms =
                                       q->opts.is_virtual ? 0 : qund_clock_now(q->clock).ms,
                                   .log = q->log,
                                   .metrics = q->metrics,
                                   .outbox = true,
                                   .link_key = q->vault->key,
                                   .feed = feed,
                                   .feed_wanted = watched,
                                   .feed_arg = q},
        &q->engine, err);

    if (rc < 0)
        return rc;
    q->rules = qund_rules_unref(q->rules); /* the engine's from here on */
    rc = qund_open_queue(q, err);
    if (rc < 0)
        return rc;
    q->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (q->wake_fd < 0)
        return qund_err_set(err, QUND_E_IO, "eventfd", "%s", strerror(errno));
    rc = qund_intake_open(&(struct qund_intake_opts){.addr = &q->addr,
                                                     .spool_dir = q->vault->spool,
                                                     .clock = q->clock,
                                                     .engine_fd = q->wake_fd,
                                                     .reply_ms = (int)q->config->queue.reply_ms,
                                                     .spool_max = q->config->queue.spool_max,
                                                     .max_waiting = q->config->queue.max_waiting,
                                                     .gone = q->vault->gone,
                                                     .log = q->log,
                                                     .metrics = q->metrics},
                          &q->intake, err);
    return rc;
}

static int open_threads(struct qund *q, struct qund_err *err)
{
    int rc = qund_worker_open(&(struct qund_worker_deps){.engine = q->engine,
                                                         .queue = q->queue,
                                                         .intake = q->intake,
                                                         .wake_fd = q->wake_fd,
                                                         .clock = q->clock,
                                                         .max_batch = q->config->queue.batch,
                                                         .reserve = q->config->store.reserve > 0
                                                                        ? q->vault->reserve
                                                                        : NULL,
                                                         .reserve_bytes = q->config->store.reserve,
                                                         .damaged = q->vault->damaged,
                                                         .log = q->log,
                                                         .metrics = q->metrics,
                                                         .send = send_pushes,
                                                         .send_arg = q},
                              &q->worker, err);

    if (rc == 0)
        rc = qund_deliver_open(&(struct qund_deliver_deps){.config = q->config,
                                                           .log = q->log,
                                                           .metrics = q->metrics,
                                                           .submit = submit,
                                                           .submit_arg = q,
                                                           .clock = q->clock,
                                                           .hand = qund_hosts_hand,
                                                           .hand_arg = q},
                               &q->deliver, err);
    if (rc == 0)
        rc = qund_maint_open(&(struct qund_maint_deps){.vault = q->vault,
                                                       .config = q->config,
                                                       .fold = q->fold,
                                                       .redis = q->redis,
                                                       .clock = q->clock,
                                                       .log = q->log,
                                                       .metrics = q->metrics,
                                                       .submit = submit,
                                                       .submit_arg = q},
                             &q->maint, err);
    /* Last: it calls the others. */
    return rc < 0 ? rc : qund_worker_start(q->worker, err);
}

static void poll_children(void *arg)
{
    struct qund *q = arg;

    if (q->redis)
        qund_redis_poll(q->redis);
    qund_gauges_refresh(q);
}

static int open_door(struct qund *q, struct qund_err *err)
{
    int rc = qund_loop_new(q->log, &q->loop, err);

    q->conns_max = qund_connections_max(q);
    if (rc == 0)
        rc = qund_http_new(&(struct qund_http_deps){.loop = q->loop,
                                                    .log = q->log,
                                                    .metrics = q->metrics,
                                                    .clock = q->clock,
                                                    .intake = q->intake,
                                                    .conns_max = q->conns_max,
                                                    .words = q->words,
                                                    .store_path = q->vault->store,
                                                    .link_key = q->vault->key,
                                                    .store_damaged = q->vault->damaged,
                                                    .arg = q,
                                                    .config = config,
                                                    .submit = submit,
                                                    .job = job,
                                                    .ready = qund_ready,
                                                    .status = qund_status,
                                                    .hook = qund_hosts_hook,
                                                    .upgrade = qund_hosts_upgrade},
                           &q->http, err);
    if (rc < 0)
        return rc;
    atomic_store(&q->feed_to, q->http);
    rc = qund_hosts_open(q, err);
    if (rc < 0)
        return rc;
    q->poll = qund_loop_timer_new(q->loop, poll_children, q);
    qund_loop_timer_start(q->poll, POLL_MS, POLL_MS);
    rc = qund_server_listen_unix(qund_http_server(q->http), q->vault->sock, QUND_UNIX_OWN, err);
    if (rc == 0 && strncmp(q->config->http.listen, "unix:", 5) == 0)
        rc = qund_server_listen_unix(qund_http_server(q->http), q->config->http.listen + 5,
                                     QUND_UNIX_ANY, err);
    else if (rc == 0)
        rc = qund_server_listen_tcp(qund_http_server(q->http), q->config->http.listen, &q->port,
                                    err);
    return rc;
}

static void on_stop(void *arg, int signo)
{
    struct qund *q = arg;

    qund_log(q->log, QUND_INFO, "qund.stopping", QUND_KV("signal", signo));
    qund_stop(q);
}

static void on_reload(void *arg, int signo)
{
    (void)signo;
    qund_reload(arg);
}

static int open_signals(struct qund *q, struct qund_err *err)
{
    int rc = 0;

    if (!q->opts.signals)
        return 0;
    rc = qund_loop_signal(q->loop, SIGTERM, on_stop, q, err);
    if (rc == 0)
        rc = qund_loop_signal(q->loop, SIGINT, on_stop, q, err);
    return rc < 0 ? rc : qund_loop_signal(q->loop, SIGHUP, on_reload, q, err);
}

int qund_open(const struct qund_opts *o, struct qund **out, struct qund_err *err)
{
    QUND_AUTO(qund_close) struct qund *q = qund_alloc(sizeof(*q));
    int rc;

    q->opts = *o;
    q->log = o->log;
    q->config = qund_config_ref(o->config);
    q->metrics = qund_metrics_new();
    q->wake_fd = -1;
    pthread_mutex_init(&q->deliver_mtx, NULL);
    rc = qund_open_ground(q, err);
    if (rc == 0)
        rc = open_engine(q, err);
    if (rc == 0)
        rc = open_threads(q, err);
    if (rc == 0)
        rc = open_door(q, err);
    if (rc == 0)
        rc = open_signals(q, err);
    if (rc < 0)
        return qund_told_of_disk(q, rc, err);
    q->up = true;
    qund_org_reload(q);
    qund_sop_reload(q);
    qund_log(q->log, QUND_INFO, "qund.up", QUND_KV("version", QUND_VERSION),
             QUND_KV("port", q->port));
    *out = QUND_TAKE(q);
    return 0;
}

static void drained(void *arg)
{
    struct qund *q = arg;

    bool busy = qund_server_busy(qund_http_server(q->http)) > 0 || qund_hosts_busy(q);

    if (!busy || qund_mono_now().ms > q->drain_until)
        qund_loop_stop(q->loop);
}

void qund_serve(struct qund *q)
{
    struct qund_loop_timer *t;

    qund_loop_run(q->loop);
    /* What was accepted is still made durable and answered: the loop turns until it is. */
    qund_hosts_refuse(q);
    qund_server_drain(qund_http_server(q->http));
    q->drain_until = qund_mono_now().ms + DRAIN_MS;
    t = qund_loop_timer_new(q->loop, drained, q);
    qund_loop_timer_start(t, 0, 10);
    qund_loop_run(q->loop);
    qund_loop_timer_free(t);
}

void qund_stop(struct qund *q)
{
    qund_loop_stop(q->loop);
}

/* What is under way ends, and the engine, still running, hears of it. */
static void close_deliver(struct qund *q)
{
    struct qund_deliver *d;

    if (q->worker)
        qund_worker_hold(q->worker);
    pthread_mutex_lock(&q->deliver_mtx);
    d = QUND_TAKE(q->deliver);
    pthread_mutex_unlock(&q->deliver_mtx);
    qund_deliver_close(d);
}

struct qund *qund_close(struct qund *q)
{
    bool whole = q && q->http;

    if (!q)
        return NULL;
    q->poll = qund_loop_timer_free(q->poll);
    qund_hosts_stop(q);
    q->maint = qund_maint_close(q->maint);
    close_deliver(q);
    q->worker = qund_worker_close(q->worker);
    atomic_store(&q->feed_to, NULL);
    q->intake = qund_intake_close(q->intake);
    qund_hosts_free(q);
    q->http = qund_http_free(q->http);
    q->loop = qund_loop_free(q->loop);
    q->engine = qund_engine_close(q->engine);
    qund_rules_unref(q->rules);
    qund_holidays_free(q->holidays);
    qund_words_free(q->words);
    if (q->db && !q->up && q->left.unclean)
        qund_db_keep_wal(q->db); /* the crash is still to be looked at by a start that succeeds */
    if (q->db && atomic_load(q->vault->damaged))
        qund_db_keep_wal(q->db); /* a checkpoint would write into what is damaged */
    if (q->db && !q->up && q->first_token[0])
        qund_ignore(qund_token_first_undo(q->db)); /* else `qund token create` makes one */
    q->db = qund_db_close(q->db);
    q->redis = qund_redis_stop(q->redis);
    q->inhand = qund_inhand_close(q->inhand, q->up || !q->left.unclean);
    if (q->wake_fd >= 0)
        close(q->wake_fd);
    qund_clock_free(q->clock);
    qund_config_unref(q->config);
    if (whole)
        qund_log(q->log, QUND_INFO, "qund.stopped");
    qund_metrics_free(q->metrics);
    for (size_t i = 0; i < q->plugin_words.n; i++)
        qund_free(q->plugin_words.v[i]);
    qund_free(q->plugin_words.v);
    qund_vault_close(q->vault);
    pthread_mutex_destroy(&q->deliver_mtx);
    qund_free(q);
    return NULL;
}

int qund_port(const struct qund *q)
{
    return q->port;
}

const char *qund_first_token(const struct qund *q)
{
    return q->first_token;
}
