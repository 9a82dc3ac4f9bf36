/* Calls to a real receiver that misbehaves in every way it knows, and to addresses that must not be
 * called at all. */
#include "core/clock.h"
#include "core/file.h"
#include "net/client.h"
#include "receiver.h"
#include "unit.h"
#include <arpa/inet.h>
#include <poll.h>

#define WAIT_MS 20000

struct fixture {
    char *dir;
    struct receiver r;
    struct qund_client *c;
};
/* An answer, copied. */
struct got {
    bool done;
    struct qund_client_answer a;
    char body[8192], why[256];
};

static int set_up(void **state)
{
    static const char *const OPTIONS[] = {"--script", "gone=410", "--script", "limit=429:7", NULL};
    struct fixture *f = qund_alloc(sizeof(*f));

    f->dir = unit_tmpdir();
    receiver_start(&f->r, f->dir, OPTIONS);
    assert_int_equal(qund_client_open(NULL, &f->c, NULL), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    qund_client_close(f->c);
    receiver_stop(&f->r);
    assert_int_equal(qund_dir_remove(f->dir, NULL), 0);
    free(f->dir);
    qund_free(f);
    return 0;
}

static void keep(void *arg, const struct qund_client_answer *a)
{
    struct got *g = arg;

    assert_false(g->done);
    g->done = true;
    g->a = *a;
    assert_true(a->body.n < sizeof(g->body));
    snprintf(g->body, sizeof(g->body), "%.*s", QUND_STR_ARG(a->body));
    snprintf(g->why, sizeof(g->why), "%s", a->why ? a->why : "");
}

static void finish(struct qund_client *c, struct got *g)
{
    int64_t until_ms = qund_mono_now().ms + WAIT_MS;

    while (!g->done && qund_mono_now().ms < until_ms)
        qund_client_poll(c, -1, 100);
    assert_true(g->done);
}

/* NULL when it is refused at once. */
static struct qund_client_call *start(struct fixture *f, const char *url, const char *body,
                                      int64_t timeout_ms, bool allow_private, struct got *g)
{
    struct qund_client_call *c = NULL;
    struct qund_client_request req = {.method = "POST",
                                      .url = url,
                                      .body = qund_str(body),
                                      .timeout_ms = timeout_ms,
                                      .allow_private = allow_private,
                                      .done = keep,
                                      .arg = g};

    memset(g, 0, sizeof(*g));
    return qund_client_start(f->c, &req, &c, NULL) == 0 ? c : NULL;
}

static void call(struct fixture *f, const char *path, int64_t timeout_ms, struct got *g)
{
    char url[256];

    snprintf(url, sizeof(url), "http://127.0.0.1:%d/%s", f->r.port, path);
    assert_non_null(start(f, url, "{\"a\":1}", timeout_ms, true, g));
    finish(f->c, g);
}

static void script(struct fixture *f, const char *name, const char *words)
{
    struct got g;
    char url[128];

    snprintf(url, sizeof(url), "http://127.0.0.1:%d/_script/%s", f->r.port, name);
    assert_non_null(start(f, url, words, 5000, true, &g));
    finish(f->c, &g);
    assert_int_equal(g.a.status, 204);
}

static void an_answer_brings_status_body_and_retry_after(void **state)
{
    struct fixture *f = *state;
    struct got g;

    call(f, "fine", 5000, &g);
    assert_int_equal(g.a.end, QUND_CLIENT_ANSWERED);
    assert_int_equal(g.a.status, 200);
    assert_true(g.a.whole);
    assert_string_equal(g.body, "ok");
    assert_int_equal(g.a.retry_after_ms, -1);
    call(f, "gone", 5000, &g);
    assert_int_equal(g.a.status, 410);
    call(f, "limit", 5000, &g);
    assert_int_equal(g.a.status, 429);
    assert_int_equal(g.a.retry_after_ms, 7000);
    assert_int_equal(receiver_count(&f->r, "\"body\": \"{\\\"a\\\":1}\""), 3);
}

static void no_answer_after_the_request_is_told_apart_from_not_sent(void **state)
{
    static const char *const SILENT[] = {"drop", "reset", "junk", "stall", "headers"};
    struct fixture *f = *state;
    struct got g;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    char url[64];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    for (size_t i = 0; i < QUND_ARRAY_LEN(SILENT); i++) {
        script(f, "odd", SILENT[i]);
        call(f, "odd", 700, &g);
        if (g.a.end != QUND_CLIENT_NO_ANSWER || g.a.status != 0 || !g.why[0])
            fail_msg("%s: %s %d", SILENT[i], qund_client_end_name(g.a.end), g.a.status);
    }
    assert_int_equal(receiver_count(&f->r, "\"name\": \"odd\""), QUND_ARRAY_LEN(SILENT));
    /* A port where nobody listens: bound, so that nobody else takes it meanwhile. */
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/", ntohs(a.sin_port));
    assert_non_null(start(f, url, "", 3000, true, &g));
    finish(f->c, &g);
    assert_int_equal(g.a.end, QUND_CLIENT_NOT_SENT);
    close(fd);
    /* TLS that is none: the connection stands, the request never leaves. */
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/", f->r.port);
    assert_non_null(start(f, url, "", 3000, true, &g));
    finish(f->c, &g);
    assert_int_equal(g.a.end, QUND_CLIENT_NOT_SENT);
}

/* The receiver answers once, keeps the connection, reads the next request, does its effect and
 * closes: libcurl alone would send that one again on a new connection. */
static void a_request_on_a_kept_connection_is_sent_once(void **state)
{
    struct fixture *f = *state;
    struct got g;

    script(f, "once", "200,drop");
    call(f, "once", 3000, &g);
    assert_int_equal(g.a.status, 200);
    call(f, "once", 3000, &g);
    assert_int_equal(g.a.end, QUND_CLIENT_NO_ANSWER);
    assert_int_equal(receiver_count(&f->r, "\"name\": \"once\""), 2);
    /* It was the same connection: the test is about reuse. */
    assert_int_equal(receiver_count(&f->r, "\"connection\": 1}"), 2);
}

static void endless_and_slow_answers_end_with_their_status(void **state)
{
    static const char *const WAYS[] = {"endless", "drip"};
    struct fixture *f = *state;
    struct got g;

    for (size_t i = 0; i < QUND_ARRAY_LEN(WAYS); i++) {
        int64_t from_ms = qund_mono_now().ms;

        script(f, "odd", WAYS[i]);
        call(f, "odd", 20000, &g);
        assert_int_equal(g.a.end, QUND_CLIENT_ANSWERED);
        assert_int_equal(g.a.status, 200);
        assert_false(g.a.whole);
        assert_true(g.a.body.n <= 4096);
        /* The drip is cut for being slow, long before the total time. */
        assert_true(qund_mono_now().ms - from_ms < 12000);
    }
}

static void waiting_for_an_answer_is_not_slow(void **state)
{
    struct fixture *f = *state;
    struct got g;

    script(f, "late", "stall:5600");
    call(f, "late", 15000, &g);
    assert_int_equal(g.a.end, QUND_CLIENT_ANSWERED);
    assert_int_equal(g.a.status, 200);
}

static void redirects_are_not_followed(void **state)
{
    struct fixture *f = *state;
    struct got g;
    char words[64];

    snprintf(words, sizeof(words), "302:http://127.0.0.1:%d/inside", f->r.port);
    script(f, "away", words);
    call(f, "away", 3000, &g);
    assert_int_equal(g.a.status, 302);
    assert_int_equal(receiver_count(&f->r, "inside\", \"id\""), 0);
}

static int listen_on(int family, int port, int *out_port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    socklen_t n = family == AF_INET ? sizeof(v4) : sizeof(v6);
    struct sockaddr *a = family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int one = 1;

    if (fd < 0)
        return -1;
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    if (bind(fd, a, n) != 0 || listen(fd, 16) != 0) {
        close(fd);
        return -1;
    }
    assert_int_equal(getsockname(fd, a, &n), 0);
    *out_port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
    return fd;
}

/* Spellings of inside addresses; the port is one that listens on every address of the machine. */
static void no_spelling_of_an_inside_address_is_connected_to(void **state)
{
    static const char *const HOSTS[] = {
        "127.0.0.1",
        "127.1",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "127.0.0.1.",
        "0",
        "0.0.0.0",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:0:0:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "%6c%6f%63alhost",
        "\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1",
        "169.254.169.254",
        "10.0.0.1",
        "[fe80::1]",
        "[fc00::1]",
    };
    struct fixture *f = *state;
    struct pollfd listeners[2];
    int port, same, refused = 0;

    listeners[0] = (struct pollfd){.fd = listen_on(AF_INET, 0, &port), .events = POLLIN};
    listeners[1] = (struct pollfd){.fd = listen_on(AF_INET6, port, &same), .events = POLLIN};
    assert_true(listeners[0].fd >= 0);
    for (size_t i = 0; i < QUND_ARRAY_LEN(HOSTS); i++) {
        struct got g;
        char url[128];

        snprintf(url, sizeof(url), "https://%s:%d/hook", HOSTS[i], port);
        /* Some spellings are refused before they are looked up; that is as good. */
        if (!start(f, url, "", 2000, false, &g))
            continue;
        finish(f->c, &g);
        /* A name that does not resolve here, or an address family that is off. */
        if (g.a.end != QUND_CLIENT_REFUSED && g.a.end != QUND_CLIENT_NOT_SENT)
            fail_msg("%s: %s", url, qund_client_end_name(g.a.end));
        refused += g.a.end == QUND_CLIENT_REFUSED;
    }
    print_message("%d of %zu spellings met the guard\n", refused, QUND_ARRAY_LEN(HOSTS));
    assert_true(refused >= 12);
    assert_int_equal(poll(listeners, 2, 50), 0);
    close(listeners[0].fd);
    if (listeners[1].fd >= 0)
        close(listeners[1].fd);
}

/* One who may reaches the receiver over TLS; the connection stays open, and one who may not must
 * not ride on it. */
static void a_kept_connection_does_not_carry_those_who_may_not(void **state)
{
    struct fixture *f = *state;
    struct receiver tls;
    char cert[128], command[1024], url[64];
    const char *const options[] = {"--tls", cert, NULL};
    struct got g;

    snprintf(cert, sizeof(cert), "%s/cert.pem", f->dir);
    snprintf(command, sizeof(command),
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "
             "/CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout '%s' -out '%s.crt' "
             "2>/dev/null && cat '%s.crt' >> '%s'",
             cert, cert, cert, cert);
    if (system(command) != 0)
        skip(); /* no openssl program here */
    receiver_start(&tls, f->dir, options);
    qund_client_close(f->c);
    assert_int_equal(qund_client_open(&(struct qund_client_opts){.ca_file = cert}, &f->c, NULL), 0);
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/first", tls.port);
    for (int i = 0; i < 2; i++) {
        assert_non_null(start(f, url, "", 5000, true, &g));
        finish(f->c, &g);
        assert_int_equal(g.a.status, 200);
    }
    assert_int_equal(receiver_count(&tls, "\"connection\": 1}"), 2);
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/second", tls.port);
    assert_non_null(start(f, url, "", 5000, false, &g));
    finish(f->c, &g);
    assert_int_equal(g.a.end, QUND_CLIENT_REFUSED);
    assert_string_equal(g.why, "loopback");
    assert_int_equal(receiver_count(&tls, "second"), 0);
    receiver_stop(&tls);
}

static void addresses_and_headers_that_smuggle_are_refused_at_once(void **state)
{
    static const struct {
        const char *url;
        bool private;
    } BAD[] = {
        {"http://example.com/", false},
        {"ftp://example.com/", true},
        {"file:///etc/passwd", true},
        {"gopher://127.0.0.1:6379/_x", true},
        {"dict://127.0.0.1:11211/", true},
        {"https://user@example.com/", false},
        {"https://user:pw@example.com/", true},
        {"https://exa mple.com/", false},
        {"https://example.com/\r\nX: y", false},
        {"https://example.com\\@127.0.0.1/", false},
        {"example.com/hook", false},
        {"//example.com/", false},
        {"", false},
        {"https://", false},
        {"HTTP://127.0.0.1/", false},
        {"unix:/run/docker.sock", true},
    };
    static const struct qund_client_header HEADERS[] = {
        {"X-A", "b\r\nEvil: 1"}, {"X-A", "b\nEvil: 1"}, {"X-A\r\nEvil", "1"},
        {"X-A:", "1"},           {"X A", "1"},          {"", "1"},
        {"X-A", "\x7f"},
    };
    struct fixture *f = *state;
    struct qund_client_call *call_;
    struct qund_err err;

    for (size_t i = 0; i < QUND_ARRAY_LEN(BAD); i++) {
        if (qund_client_check_url(BAD[i].url, BAD[i].private, &err) != QUND_E_INVAL)
            fail_msg("%s is let through", BAD[i].url);
        assert_true(err.text[0] != '\0');
    }
    assert_int_equal(qund_client_check_url("https://example.com:8443/a?key=1", false, NULL), 0);
    assert_int_equal(qund_client_check_url("http://10.0.0.1/a", true, NULL), 0);
    for (size_t i = 0; i < QUND_ARRAY_LEN(HEADERS); i++)
        assert_int_equal(
            qund_client_start(f->c,
                              &(struct qund_client_request){.method = "POST",
                                                            .url = "https://127.0.0.1:9/",
                                                            .headers = &HEADERS[i],
                                                            .n_headers = 1,
                                                            .timeout_ms = 1000,
                                                            .allow_private = true},
                              &call_, &err),
            QUND_E_INVAL);
    assert_int_equal(qund_client_in_flight(f->c), 0);
}

static void a_cancelled_call_says_whether_bytes_may_have_left(void **state)
{
    struct fixture *f = *state;
    struct qund_client_call *call_;
    struct got g = {0};
    char url[64];
    int64_t until_ms = qund_mono_now().ms + WAIT_MS;

    script(f, "quiet", "stall");
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/quiet", f->r.port);
    for (int round = 0; round < 2; round++) {
        call_ = start(f, url, "", 30000, true, &g);
        assert_non_null(call_);
        while (round == 1 && receiver_count(&f->r, "quiet\", \"path") == 0 &&
               qund_mono_now().ms < until_ms)
            qund_client_poll(f->c, -1, 20);
        assert_int_equal(qund_client_cancel(call_), round == 1);
    }
    assert_false(g.done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_answer_brings_status_body_and_retry_after, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(no_answer_after_the_request_is_told_apart_from_not_sent,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_request_on_a_kept_connection_is_sent_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(endless_and_slow_answers_end_with_their_status, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(waiting_for_an_answer_is_not_slow, set_up, tear_down),
        cmocka_unit_test_setup_teardown(redirects_are_not_followed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_spelling_of_an_inside_address_is_connected_to, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_kept_connection_does_not_carry_those_who_may_not, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(addresses_and_headers_that_smuggle_are_refused_at_once,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cancelled_call_says_whether_bytes_may_have_left, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
