/* tests/support/http_server.c - the API with real parts: net, http, intake, a redis-server of its
 * own and a store. In the engine's place a thread applies the commands of tokens and dead letters
 * and acknowledges nothing else. Usage: http_server FOLDER [os|disk] [rules…]
 * Prints "port N" and "token T" and runs until SIGTERM; SIGUSR1 puts a line into the live feed. */
#include "config/config.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/metric.h"
#include "core/thread.h"
#include "crm/crm.h"
#include "http/http.h"
#include "intake/intake.h"
#include "net/loop.h"
#include "queue/managed.h"
#include "store/access.h"
#include "store/dead.h"
#include "store/month.h"
#include "store/search.h"
#include "text/fold.h"
#include "text/tokens.h"
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

struct app {
    struct qund_log *log;
    struct qund_metrics *metrics;
    struct qund_clock *clock;
    struct qund_config *config;
    struct qund_redis *redis;
    struct qund_intake *intake;
    struct qund_loop *loop;
    struct qund_http *http;
    struct qund_loop_timer *quit;
    struct qund_db *db; /* the engine stand-in's */
    struct qund_crm *crm;
    const struct qund_fold *fold;
    struct qund_search_words words;
    struct qund_mbox *commands;
    pthread_t engine;
    _Atomic bool stopping;
    char *dir, *store, *socket, *spool;
};

static void apply(struct app *app, struct qund_command *c)
{
    int64_t now = qund_clock_now(app->clock).ms;
    struct qund_str body = {c->body, c->body_n};
    int64_t id = 0;

    c->rc = qund_db_begin(app->db);
    if (c->rc == 0 && qund_token_command_known(c->name)) {
        c->rc = qund_token_command(app->db, c->name, body, now, &c->reply, &c->err);
    } else if (c->rc == 0 && strncmp(c->name, "dead.", 5) == 0 &&
               sscanf(c->body, "{\"id\":%ld", &id) == 1) {
        c->rc = qund_dead_settle(app->db, id,
                                 strcmp(c->name, "dead.retry") == 0 ? QUND_DEAD_RETRIED
                                                                    : QUND_DEAD_DROPPED);
        if (c->rc < 0)
            c->rc = qund_err_set(&c->err, c->rc, "id", "it does not wait");
        else
            qund_buf_puts(&c->reply, "{}");
    } else if (c->rc == 0 && qund_crm_command_known(c->name)) {
        c->rc = qund_crm_command(app->crm, c->name, body, now, &c->reply, &c->err);
        if (c->rc == 0)
            c->rc = qund_crm_flush(app->crm);
    } else if (c->rc == 0) {
        qund_buf_str(&c->reply, body); /* shows a test what the engine would be given */
    }
    if (c->rc == 0)
        c->rc = qund_db_commit(app->db);
    if (c->rc < 0) {
        qund_db_rollback(app->db);
        qund_crm_forget(app->crm);
    }
}

static void run_engine(void *arg)
{
    struct app *app = arg;

    for (;;) {
        struct qund_node *next;
        struct qund_node *n = qund_mbox_take_all(app->commands);

        if (!n && atomic_load(&app->stopping))
            return;
        for (; n; n = next) {
            struct qund_command *c = QUND_CONTAINER(n, struct qund_command, node);

            next = n->next;
            apply(app, c);
            c->done(c, c->done_arg);
        }
        qund_mbox_wait(app->commands, -1);
    }
}

static struct qund_config *get_config(void *arg)
{
    struct app *app = arg;

    return app->config;
}

static int submit(void *arg, struct qund_command *c)
{
    struct app *app = arg;

    return qund_mbox_put(app->commands, &c->node);
}

static int job(void *arg, struct qund_command *c)
{
    (void)arg;
    (void)c;
    return QUND_E_NOTFOUND;
}

static bool ready(void *arg, struct qund_jw *w)
{
    (void)arg;
    qund_jw_str(w, QUND_STR("no engine: this is a test"));
    return true;
}

static void on_usr1(void *arg, int signo)
{
    struct app *app = arg;

    (void)signo;
    qund_http_feed(app->http, QUND_STR("{\"kind\":\"message\",\"text\":\"你好\"}"));
}

static void on_quit(void *arg)
{
    struct app *app = arg;

    if (qund_server_busy(qund_http_server(app->http)) == 0)
        qund_loop_stop(app->loop);
}

static void on_term(void *arg, int signo)
{
    struct app *app = arg;

    (void)signo;
    qund_server_drain(qund_http_server(app->http));
    qund_loop_timer_start(app->quit, 0, 20);
}

static void fold(void *ctx, struct qund_str text, struct qund_buf *out)
{
    qund_fold_str(ctx, text, out);
}

static void tokens(void *ctx, struct qund_str text, struct qund_buf *out)
{
    QUND_AUTO(qund_buf_done) struct qund_buf folded = {0};

    fold(ctx, text, &folded);
    qund_tokens_make(ctx, qund_buf_view(&folded), out);
}

static bool matches(void *ctx, struct qund_str text, struct qund_str needle)
{
    QUND_AUTO(qund_buf_done) struct qund_buf folded = {0};

    fold(ctx, text, &folded);
    return qund_str_find(qund_buf_view(&folded), 0, needle) >= 0;
}

/* Seven messages of group 1, a minute apart. */
static int add_messages(struct app *app)
{
    struct qund_months *m = qund_months_new(app->db);
    int64_t now = qund_clock_now(app->clock).ms;
    int rc = qund_db_begin(app->db);

    for (int i = 0; i < 7 && rc == 0; i++) {
        char id[8], text[64];
        struct qund_message_row row = {.key_ts = now - (7 - i) * 60000,
                                       .ts = now - (7 - i) * 60000,
                                       .rx = now,
                                       .realm = 1,
                                       .channel = 1,
                                       .grp = 1,
                                       .type = 1,
                                       .role = 1,
                                       .kind = QUND_STR("text")};

        snprintf(id, sizeof(id), "m%d", i);
        snprintf(text, sizeof(text), i % 2 ? "第%d句：请问多少钱" : "第%d句：今天天气好", i);
        row.eid = qund_str(id);
        row.text = qund_str(text);
        rc = qund_month_insert(m, &row);
    }
    if (rc == 0)
        rc = qund_db_commit(app->db);
    qund_months_free(m);
    return rc;
}

static int open_store(struct app *app, struct qund_err *err)
{
    struct qund_db_cfg cfg = {.path = app->store, .busy_ms = 2000};
    char token[QUND_TOKEN_CHARS] = "";
    int rc = qund_db_open(&cfg, QUND_DB_WRITE, app->log, &app->db, err);

    if (rc == 0)
        rc = qund_token_first(app->db, qund_clock_now(app->clock).ms, token, err);
    if (rc == 0 || rc == 1) {
        printf("token %s\n", token);
        rc = qund_dead_add(app->db,
                           &(struct qund_dead){.kind = QUND_STR("command"),
                                               .key = QUND_STR("k"),
                                               .stage = QUND_STR("engine"),
                                               .reason = QUND_STR("a test"),
                                               .body = QUND_STR("{}"),
                                               .at = 1},
                           NULL);
    }
    if (rc >= 0)
        rc = qund_crm_open(app->db, NULL, app->log, &app->crm, err);
    return rc < 0 ? rc : add_messages(app);
}

static int open_intake(struct app *app, bool durable, struct qund_err *err)
{
    QUND_AUTO(qund_free_str) char *redis = qund_path_join(app->dir, "redis");
    struct qund_queue_addr addr;
    struct qund_redis_opts ro = {.dir = redis, .durable = durable, .log = app->log};
    struct qund_intake_opts io = {.addr = &addr,
                                  .spool_dir = app->spool,
                                  .clock = app->clock,
                                  .engine_fd = -1,
                                  .log = app->log,
                                  .metrics = app->metrics};
    int rc = qund_queue_addr_parse(QUND_STR("managed"), QUND_STR_NONE, &addr, err);

    if (rc == 0)
        rc = qund_redis_start(&ro, &app->redis, err);
    if (rc < 0)
        return rc;
    qund_redis_addr(app->redis, &addr);
    return qund_intake_open(&io, &app->intake, err);
}

static int open_http(struct app *app, struct qund_err *err)
{
    struct qund_http_deps deps = {.log = app->log,
                                  .metrics = app->metrics,
                                  .clock = app->clock,
                                  .intake = app->intake,
                                  .words = &app->words,
                                  .store_path = app->store,
                                  .arg = app,
                                  .config = get_config,
                                  .submit = submit,
                                  .job = job,
                                  .ready = ready};
    int port = 0;
    int rc = qund_loop_new(app->log, &app->loop, err);

    if (rc < 0)
        return rc;
    deps.loop = app->loop;
    app->quit = qund_loop_timer_new(app->loop, on_quit, app);
    rc = qund_http_new(&deps, &app->http, err);
    if (rc == 0)
        rc = qund_server_listen_tcp(qund_http_server(app->http), "127.0.0.1:0", &port, err);
    if (rc == 0)
        rc = qund_server_listen_unix(qund_http_server(app->http), app->socket, QUND_UNIX_OWN, err);
    if (rc == 0)
        rc = qund_loop_signal(app->loop, SIGTERM, on_term, app, err);
    if (rc == 0)
        rc = qund_loop_signal(app->loop, SIGUSR1, on_usr1, app, err);
    if (rc == 0)
        rc = qund_thread_start(&app->engine, QUND_THREAD_ENGINE, run_engine, app, err);
    if (rc == 0) {
        printf("port %d\n", port);
        fflush(stdout);
    }
    return rc;
}

static void close_all(struct app *app)
{
    qund_intake_close(app->intake);
    atomic_store(&app->stopping, true);
    qund_mbox_wake(app->commands);
    pthread_join(app->engine, NULL);
    qund_http_free(app->http);
    qund_loop_timer_free(app->quit);
    qund_loop_free(app->loop);
    qund_mbox_free(app->commands);
    qund_redis_stop(app->redis);
    qund_crm_close(app->crm);
    qund_db_close(app->db);
    qund_config_unref(app->config);
    qund_clock_free(app->clock);
    qund_metrics_free(app->metrics);
    qund_log_free(app->log);
    qund_free(app->store);
    qund_free(app->spool);
    qund_free(app->socket);
}

int main(int argc, char **argv)
{
    struct app app = {0};
    struct qund_err err = {0};
    struct qund_errs errs;
    int rc;

    if (argc < 2)
        return 2;
    qund_thread_is(QUND_THREAD_LOOP);
    qund_errs_init(&errs, 10);
    app.dir = argv[1];
    app.store = qund_path_join(app.dir, "qund.db");
    app.spool = qund_path_join(app.dir, "spool");
    app.socket = qund_path_join(app.dir, "qund.sock");
    app.log = qund_log_new(2, QUND_WARN, QUND_LOG_LOGFMT);
    app.metrics = qund_metrics_new();
    app.clock = qund_clock_real();
    app.commands = qund_mbox_new(256);
    rc =
        qund_config_parse("test", NULL,
                          argc > 3 ? qund_str(argv[3])
                                   : QUND_STR("live: {max_clients: 20000}\nhttp: {max_connections: "
                                              "12000}\n"),
                          &app.config, &errs);
    if (rc < 0)
        err = errs.v[0];
    if (rc == 0) {
        app.fold = qund_fold_tables();
        app.words = (struct qund_search_words){.version = QUND_TOKENS_VERSION,
                                               .tokens = tokens,
                                               .matches = matches,
                                               .fold = fold,
                                               .ctx = (void *)(uintptr_t)app.fold};
        rc = open_store(&app, &err);
    }
    if (rc == 0)
        rc = open_intake(&app, argc > 2 && strcmp(argv[2], "disk") == 0, &err);
    if (rc == 0)
        rc = open_http(&app, &err);
    if (rc < 0) {
        fprintf(stderr, "%s: %s\n", err.where, err.text);
        qund_redis_stop(app.redis);
        return 1;
    }
    qund_loop_run(app.loop);
    close_all(&app);
    qund_errs_done(&errs);
    return 0;
}
