/* tests/support/net_server.c - src/net alone behind a port, for tests that speak raw bytes to it.
 *   /         answers "ok", or the body that was sent        /later   answers from a timer
 *   /stream?n answers n pieces of 64 KiB                     /ws      echoes; "bye" closes, "flood"
 *   /none     404                                                     sends until the queue is full
 * Prints "port N" and runs until SIGTERM, then drains and exits 0. */
#include "core/clock.h"
#include "core/metric.h"
#include "core/thread.h"
#include "net/loop.h"
#include "net/server.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct app {
    struct qund_loop *loop;
    struct qund_server *server;
    struct qund_loop_timer *quit;
    unsigned drain_turns;
};

struct later {
    struct qund_loop_timer *timer;
    struct qund_req *req;
};

struct stream {
    struct qund_req *req;
    int64_t left;
};

static void reply(struct qund_req *r, int status, struct qund_str body)
{
    qund_req_reply(r, &(struct qund_resp){.status = status, .type = "text/plain", .body = body});
}

static void on_later(void *arg)
{
    struct later *l = arg;

    reply(l->req, 200, QUND_STR("late"));
    qund_loop_timer_free(l->timer);
    qund_free(l);
}

static void pump(void *arg)
{
    static const char zeros[64 << 10];
    struct stream *s = arg;
    int rc = 0;

    while (s->left > 0 && rc == 0) {
        rc = qund_req_write(s->req, qund_str_n(zeros, sizeof(zeros)));
        s->left--;
    }
    if (rc == QUND_E_AGAIN)
        return;
    qund_req_end(s->req, true);
    qund_free(s);
}

static void on_text(struct qund_ws *ws, void *arg, struct qund_str text)
{
    (void)arg;
    if (qund_str_is(text, "bye")) {
        qund_ws_close(ws, 1000, "as you wish");
    } else if (qund_str_is(text, "flood")) {
        char big[8192];

        memset(big, 'x', sizeof(big));
        while (qund_ws_send(ws, qund_str_n(big, sizeof(big))) == 0)
            ;
        qund_ws_close(ws, 1013, "too slow");
    } else {
        qund_ignore(qund_ws_send(ws, text));
    }
}

static void on_head(void *arg, struct qund_req *r)
{
    static const struct qund_ws_ops ops = {.text = on_text};

    (void)arg;
    if (qund_str_is(r->head.path, "/ws"))
        qund_ignore(
            qund_ws_accept(r, &(struct qund_ws_cfg){.message_max = 100000}, &ops, NULL) ? 0 : 1);
    else if (qund_str_is(r->head.path, "/none"))
        reply(r, 404, QUND_STR("none"));
}

static void on_request(void *arg, struct qund_req *r)
{
    struct app *app = arg;

    if (qund_str_is(r->head.path, "/later")) {
        struct later *l = qund_alloc(sizeof(*l));

        l->req = r;
        l->timer = qund_loop_timer_new(app->loop, on_later, l);
        qund_loop_timer_start(l->timer, 300, 0);
    } else if (qund_str_is(r->head.path, "/stream")) {
        struct stream *s = qund_alloc(sizeof(*s));

        s->req = r;
        if (qund_str_int(r->head.query, &s->left) < 0)
            s->left = 1;
        qund_req_stream(r, &(struct qund_resp){.status = 200}, pump, s);
        pump(s);
    } else {
        reply(r, 200, r->body.n ? r->body : QUND_STR("ok"));
    }
}

static void on_quit(void *arg)
{
    struct app *app = arg;

    if (qund_server_busy(app->server) == 0 || ++app->drain_turns > 100)
        qund_loop_stop(app->loop);
}

static void on_signal(void *arg, int signo)
{
    struct app *app = arg;

    (void)signo;
    qund_server_drain(app->server);
    qund_loop_timer_start(app->quit, 0, 50);
}

int main(int argc, char **argv)
{
    static const struct qund_server_ops ops = {.head = on_head, .request = on_request};
    struct qund_server_cfg cfg = {.body_max = 1 << 20,
                                  .header_ms = 700,
                                  .body_ms = 700,
                                  .idle_ms = 1500,
                                  .conns_max = argc > 2 ? (unsigned)atoi(argv[2]) : 200};
    struct app app = {0};
    QUND_AUTO(qund_clock_free) struct qund_clock *clock = qund_clock_real();
    struct qund_err err;
    int port, rc;

    qund_thread_is(QUND_THREAD_LOOP);
    rc = qund_loop_new(NULL, &app.loop, &err);
    if (rc == 0)
        rc = qund_server_new(app.loop, &cfg, &ops, &app, clock, NULL, &app.server, &err);
    if (rc == 0)
        rc = qund_server_listen_tcp(app.server, "127.0.0.1:0", &port, &err);
    if (rc == 0 && argc > 1)
        rc = qund_server_listen_unix(app.server, argv[1], QUND_UNIX_OWN, &err);
    if (rc == 0)
        rc = qund_loop_signal(app.loop, SIGTERM, on_signal, &app, &err);
    if (rc < 0) {
        fprintf(stderr, "%s: %s\n", err.where, err.text);
        return 1;
    }
    app.quit = qund_loop_timer_new(app.loop, on_quit, &app);
    printf("port %d\n", port);
    fflush(stdout);
    qund_loop_run(app.loop);
    qund_loop_timer_free(app.quit);
    qund_server_free(app.server);
    qund_loop_free(app.loop);
    return 0;
}
