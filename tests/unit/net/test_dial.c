/* test_dial.c - WebSockets that we open, against our own server on the same loop. */
#include "core/clock.h"
#include "net/dial.h"
#include "net/loop.h"
#include "net/server.h"
#include "unit.h"

enum { DEADLINE_MS = 10000 };

struct bench {
    struct qund_loop *loop;
    struct qund_clock *clock;
    struct qund_server *server;
    struct qund_dialer *dialer;
    struct qund_loop_timer *limit, *nap;
    int port;
    struct qund_ws *ws; /* the server's side of the last one */
    bool server_closed;
    int server_code;
    char server_why[64];
    /* the client's side */
    struct qund_dial *d, *ended;
    int64_t silence_ms;
    int opened, texts, closed, code;
    char why[200];
    struct qund_buf last;
    const char *first; /* sent when it is opened */
    int close_after;   /* so many texts */
};

static void ws_text(struct qund_ws *ws, void *arg, struct qund_str m)
{
    struct bench *b = arg;
    QUND_AUTO(qund_buf_done) struct qund_buf big = {0};

    (void)b;
    if (qund_str_is(m, "leave"))
        qund_ws_close(ws, 4001, "as you wish");
    else if (qund_str_is(m, "big")) {
        for (int i = 0; i < 70000; i++)
            qund_buf_char(&big, 'x');
        qund_ignore(qund_ws_send(ws, qund_buf_view(&big)));
    } else {
        qund_ignore(qund_ws_send(ws, m));
    }
}

static void ws_closed(struct qund_ws *ws, void *arg)
{
    struct bench *b = arg;
    struct qund_str why;

    b->server_code = qund_ws_end(ws, &why);
    snprintf(b->server_why, sizeof(b->server_why), "%.*s", QUND_STR_ARG(why));
    b->server_closed = true;
    b->ws = NULL;
}

static void on_head(void *arg, struct qund_req *r)
{
    static const struct qund_ws_ops ops = {ws_text, ws_closed};
    static const struct qund_header elsewhere = {QUND_STR("Location"), QUND_STR("/ws")};
    struct bench *b = arg;

    if (qund_str_is(r->head.path, "/redirect"))
        qund_req_reply(r, &(struct qund_resp){.status = 302, .extra = &elsewhere, .n_extra = 1});
    else if (qund_str_is(r->head.path, "/silent"))
        return;
    else if (!qund_str_is(qund_http1_header(&r->head, "x-token"), "t"))
        qund_req_reply(r, &(struct qund_resp){.status = 401});
    else
        b->ws = qund_ws_accept(r,
                               &(struct qund_ws_cfg){.protocol = qund_http1_header(
                                                         &r->head, "sec-websocket-protocol")},
                               &ops, b);
}

static void on_request(void *arg, struct qund_req *r)
{
    (void)arg;
    (void)r; /* /silent: never answered in time; the server's end answers for it */
    qund_req_reply(r, &(struct qund_resp){.status = 400});
}

static void too_late(void *arg)
{
    struct bench *b = arg;

    snprintf(b->why, sizeof(b->why), "the test's time is over");
    b->closed = -1;
    qund_loop_stop(b->loop);
}

static void awake(void *arg)
{
    struct bench *b = arg;

    qund_loop_stop(b->loop);
}

static int set_up_with(void **state, int64_t ws_silence_ms)
{
    static const struct qund_server_ops ops = {on_head, on_request, NULL};
    struct bench *b = qund_alloc(sizeof(*b));
    struct qund_err err = {0};

    b->clock = qund_clock_real();
    assert_int_equal(qund_loop_new(NULL, &b->loop, &err), 0);
    assert_int_equal(qund_server_new(b->loop,
                                     &(struct qund_server_cfg){.ws_silence_ms = ws_silence_ms},
                                     &ops, b, b->clock, NULL, &b->server, &err),
                     0);
    assert_int_equal(qund_server_listen_tcp(b->server, "127.0.0.1:0", &b->port, &err), 0);
    assert_int_equal(qund_dialer_new(b->loop, NULL, &b->dialer, &err), 0);
    b->limit = qund_loop_timer_new(b->loop, too_late, b);
    qund_loop_timer_start(b->limit, DEADLINE_MS, 0);
    b->nap = qund_loop_timer_new(b->loop, awake, b);
    *state = b;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, 0);
}

static int set_up_impatient(void **state)
{
    return set_up_with(state, 1000);
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    qund_loop_timer_free(b->limit);
    qund_loop_timer_free(b->nap);
    qund_dialer_free(b->dialer);
    qund_server_drain(b->server);
    qund_server_free(b->server);
    qund_loop_free(b->loop);
    qund_clock_free(b->clock);
    qund_buf_done(&b->last);
    qund_free(b);
    return 0;
}

static void opened(struct qund_dial *d, void *arg)
{
    struct bench *b = arg;

    b->opened++;
    if (b->first)
        assert_int_equal(qund_dial_send(d, qund_str(b->first)), 0);
}

static void text(struct qund_dial *d, void *arg, struct qund_str m)
{
    struct bench *b = arg;

    b->texts++;
    qund_buf_clear(&b->last);
    qund_buf_str(&b->last, m);
    if (b->texts == b->close_after)
        qund_dial_close(d, 1000, "enough");
}

static void closed(struct qund_dial *d, void *arg, int code, struct qund_str why)
{
    struct bench *b = arg;

    b->ended = d;
    b->closed++;
    b->code = code;
    snprintf(b->why, sizeof(b->why), "%.*s", QUND_STR_ARG(why));
    qund_loop_stop(b->loop);
}
static const struct qund_dial_ops OPS = {opened, text, closed};

static int dial(struct bench *b, const char *path, const char *token, struct qund_dial_cfg cfg)
{
    struct qund_header header = {QUND_STR("X-Token"), qund_str(token)};
    struct qund_err err = {0};
    char url[128];
    int rc;

    snprintf(url, sizeof(url), "ws://127.0.0.1:%d%s", b->port, path);
    if (!cfg.url)
        cfg.url = url;
    cfg.headers = &header;
    cfg.n_headers = token ? 1 : 0;
    rc = qund_dial(b->dialer, &cfg, &OPS, b, &b->d, &err);
    snprintf(b->why, sizeof(b->why), "%.199s", err.text);
    return rc;
}
#define PRIVATE               \
    (struct qund_dial_cfg)    \
    {                         \
        .allow_private = true \
    }

static void texts_go_both_ways_and_the_close_is_clean(void **state)
{
    struct bench *b = *state;

    b->first = "群里有人吗";
    b->close_after = 1;
    assert_int_equal(
        dial(b, "/ws?a=1", "t",
             (struct qund_dial_cfg){.allow_private = true, .protocol = QUND_STR("12.qund")}),
        0);
    assert_int_equal(qund_dial_send(b->d, QUND_STR("too early")), QUND_E_DENIED);
    qund_loop_run(b->loop);
    assert_int_equal(b->opened, 1);
    assert_int_equal(b->texts, 1);
    assert_string_equal(b->last.p, "群里有人吗");
    assert_int_equal(b->closed, 1);
    assert_int_equal(b->code, 1000);
    /* The server's side has heard of it, too. */
    for (int i = 0; i < 500 && !b->server_closed; i++) {
        qund_loop_timer_start(b->nap, 10, 0);
        qund_loop_run(b->loop);
    }
    assert_int_equal(b->server_code, 1000);
    assert_string_equal(b->server_why, "enough");
}

static void the_peers_close_arrives_with_its_code(void **state)
{
    struct bench *b = *state;

    b->first = "leave";
    assert_int_equal(dial(b, "/ws", "t", PRIVATE), 0);
    qund_loop_run(b->loop);
    assert_int_equal(b->closed, 1);
    assert_int_equal(b->code, 4001);
    assert_string_equal(b->why, "as you wish");
}

static void a_refused_token_gives_its_status(void **state)
{
    struct bench *b = *state;

    assert_int_equal(dial(b, "/ws", "wrong", PRIVATE), 0);
    qund_loop_run(b->loop);
    assert_int_equal(b->opened, 0);
    assert_int_equal(b->closed, 1);
    assert_int_equal(b->code, 401);
}

static void nobody_is_followed_elsewhere(void **state)
{
    struct bench *b = *state;

    assert_int_equal(dial(b, "/redirect", "t", PRIVATE), 0);
    qund_loop_run(b->loop);
    assert_int_equal(b->opened, 0);
    assert_int_equal(b->closed, 1);
    assert_int_equal(b->code, 302);
}

static void a_private_address_wants_to_be_allowed(void **state)
{
    struct bench *b = *state;

    assert_int_equal(dial(b, "/ws", "t", (struct qund_dial_cfg){0}), QUND_E_INVAL);
    assert_non_null(strstr(b->why, "allow_private"));
    assert_int_equal(
        dial(b, "", "t", (struct qund_dial_cfg){.url = "wss://127.0.0.1:1/", .timeout_ms = 3000}),
        0);
    qund_loop_run(b->loop);
    assert_int_equal(b->code, 0);
    assert_non_null(strstr(b->why, "loopback"));
}

static void nobody_there_ends_it_without_a_code(void **state)
{
    struct bench *b = *state;

    assert_int_equal(
        dial(b, "", "t", (struct qund_dial_cfg){.url = "ws://127.0.0.1:1/", .allow_private = true}),
        0);
    qund_loop_run(b->loop);
    assert_int_equal(b->opened, 0);
    assert_int_equal(b->closed, 1);
    assert_int_equal(b->code, 0);
    assert_true(b->why[0] != '\0');
}

static void a_message_too_large_ends_it(void **state)
{
    struct bench *b = *state;

    b->first = "big";
    assert_int_equal(dial(b, "/ws", "t", PRIVATE), 0);
    qund_loop_run(b->loop);
    assert_int_equal(b->texts, 0);
    assert_int_equal(b->code, 1009);
}

static void a_close_before_it_is_open_is_an_end_too(void **state)
{
    struct bench *b = *state;

    assert_int_equal(dial(b, "/ws", "t", PRIVATE), 0);
    qund_dial_close(b->d, 1000, "changed my mind");
    assert_int_equal(b->closed, 0); /* never within the call */
    qund_loop_run(b->loop);
    assert_int_equal(b->opened, 0);
    assert_int_equal(b->closed, 1);
    assert_string_equal(b->why, "changed my mind");
}

static void nap(struct bench *b)
{
    qund_loop_timer_start(b->nap, 10, 0);
    qund_loop_run(b->loop);
}

/* Dials, and waits until both sides have it. */
static struct qund_ws *open_one(struct bench *b)
{
    int before = b->opened;

    b->ws = NULL;
    assert_int_equal(
        dial(b, "/ws", "t",
             (struct qund_dial_cfg){.allow_private = true, .silence_ms = b->silence_ms}),
        0);
    while (b->closed == 0 && (b->opened == before || !b->ws))
        nap(b);
    assert_int_equal(b->closed, 0);
    return b->ws;
}

static void who_is_slowed_down_by_us_may_be_silent(void **state)
{
    struct bench *b = *state;
    struct qund_dial *slowed;

    b->silence_ms = 1000;
    open_one(b);
    slowed = b->d;
    qund_dial_pause(slowed, true);
    open_one(b); /* silent as well, and not slowed down */
    while (b->closed == 0)
        nap(b);
    assert_int_equal(b->code, 1006);
    assert_string_equal(b->why, "the peer is silent");
    assert_ptr_equal(b->ended, b->d);
    qund_dial_pause(slowed, false); /* from now on it may not */
    while (b->closed == 1)
        nap(b);
    assert_ptr_equal(b->ended, slowed);
    assert_string_equal(b->why, "the peer is silent");
}

static void who_is_slowed_down_by_the_server_may_be_silent(void **state)
{
    struct bench *b = *state;
    struct qund_dial *slowed, *other;
    struct qund_ws *ws = open_one(b);

    slowed = b->d;
    qund_ws_pause(ws, true);
    open_one(b);
    other = b->d;
    while (b->closed == 0)
        nap(b);
    assert_ptr_equal(b->ended, other);
    qund_ws_pause(ws, false);
    while (b->closed == 1)
        nap(b);
    assert_ptr_equal(b->ended, slowed);
}

static void what_cannot_be_sent_is_refused_at_once(void **state)
{
    static const struct {
        const char *url, *value;
    } BAD[] = {{"http://127.0.0.1/", "v"},
               {"ws://u:p@127.0.0.1/", "v"},
               {"ws://127.0.0.1:99999/", "v"},
               {"nonsense", "v"},
               {"ws://127.0.0.1/", "a\r\nb: c"}};
    struct bench *b = *state;

    for (size_t i = 0; i < QUND_ARRAY_LEN(BAD); i++)
        assert_int_equal(dial(b, "", BAD[i].value,
                              (struct qund_dial_cfg){.url = BAD[i].url, .allow_private = true}),
                         QUND_E_INVAL);
}

static void what_is_left_is_dropped_without_a_call(void **state)
{
    struct bench *b = *state;

    assert_int_equal(dial(b, "/ws", "t", PRIVATE), 0);
    assert_int_equal(dial(b, "/silent", "t", PRIVATE), 0);
}

#define DIAL_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DIAL_TEST(texts_go_both_ways_and_the_close_is_clean),
        DIAL_TEST(the_peers_close_arrives_with_its_code),
        DIAL_TEST(a_refused_token_gives_its_status),
        DIAL_TEST(nobody_is_followed_elsewhere),
        DIAL_TEST(a_private_address_wants_to_be_allowed),
        DIAL_TEST(nobody_there_ends_it_without_a_code),
        DIAL_TEST(a_message_too_large_ends_it),
        DIAL_TEST(a_close_before_it_is_open_is_an_end_too),
        DIAL_TEST(who_is_slowed_down_by_us_may_be_silent),
        cmocka_unit_test_setup_teardown(who_is_slowed_down_by_the_server_may_be_silent,
                                        set_up_impatient, tear_down),
        DIAL_TEST(what_cannot_be_sent_is_refused_at_once),
        DIAL_TEST(what_is_left_is_dropped_without_a_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
