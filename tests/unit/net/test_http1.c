/* The head of a request: what is taken, and that everything else is refused with its status. */
#include "net/http1.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int parse(struct qund_str in, struct qund_http1 *h, struct qund_http1_fault *f)
{
    size_t scanned = 0;

    *f = (struct qund_http1_fault){0};
    return qund_http1_parse(in, 16384, &scanned, h, f);
}

static void a_plain_request_is_read(void **state)
{
    static const char text[] = "POST /api/v1/events?x=1 HTTP/1.1\r\nHost: a:1\r\n"
                               "Content-Length: 12\r\nX-Odd:\r\n authorization: no\r\n\r\n";
    static const char good[] =
        "POST /api/v1/events?x=1 HTTP/1.1\r\nHost: a:1\r\n"
        "Content-Length: 12\r\nX-Odd:\r\nAuthorization:  Bearer t \r\n\r\nBODY";
    struct qund_http1 h;
    struct qund_http1_fault f;

    (void)state;
    assert_int_equal(parse(qund_str(text), &h, &f), QUND_E_PROTO); /* the folded line */
    assert_int_equal(parse(qund_str(good), &h, &f), sizeof(good) - 1 - 4);
    assert_int_equal(h.method, QUND_POST);
    assert_true(qund_str_is(h.path, "/api/v1/events"));
    assert_true(qund_str_is(h.query, "x=1"));
    assert_int_equal(h.content_length, 12);
    assert_true(h.keep_alive);
    assert_true(qund_str_is(qund_http1_header(&h, "authorization"), "Bearer t"));
    assert_true(qund_str_is(qund_http1_header(&h, "x-odd"), ""));
    assert_null(qund_http1_header(&h, "cookie").p);
}

static void a_head_may_come_byte_by_byte(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n";
    size_t scanned = 0;
    struct qund_http1 h;
    struct qund_http1_fault f;

    (void)state;
    for (size_t n = 0; n < sizeof(text) - 1; n++)
        assert_int_equal(qund_http1_parse(qund_str_n(text, n), 16384, &scanned, &h, &f), 0);
    assert_int_equal(qund_http1_parse(qund_str(text), 16384, &scanned, &h, &f), sizeof(text) - 1);
    assert_int_equal(h.n_headers, 2);
}

#define H "Host: a\r\n"
static const struct {
    const char *text;
    int status;
} REFUSED[] = {
    {"GET / HTTP/1.1\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H H "\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
    {"GET / HTTP/1.1\nHost: a\n\n", 400},
    {"GET / HTTP/1.1\r\n" H "X: a\nY: b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H "X: a\rY: b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H "X: a\r\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H "X : a\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H " X: a\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H "X a\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H ": a\r\n\r\n", 400},
    {"GET  / HTTP/1.1\r\n" H "\r\n", 400},
    {"GET / HTTP/1.1 \r\n" H "\r\n", 400},
    {"GET /\x01 HTTP/1.1\r\n" H "\r\n", 400},
    {"GET /\xe4 HTTP/1.1\r\n" H "\r\n", 400},
    {"GET http://a/ HTTP/1.1\r\n" H "\r\n", 400},
    {"CONNECT a:1 HTTP/1.1\r\n" H "\r\n", 400},
    {"GET /\r\n\r\n", 400},
    {"\r\nGET / HTTP/1.1\r\n" H "\r\n", 400},
    {"GET / HTTP/2.0\r\n" H "\r\n", 505},
    {"PRI * HTTP/2.0\r\n\r\n", 505},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length: -5\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551621\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 4294967296\r\n\r\n", 413},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n", 411},
    {"DELETE / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n", 411},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: \"chunked\"\r\n\r\n", 501},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H "Upgrade: websocket\r\nTransfer-Encoding: chunked\r\n\r\n", 411},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n", 501},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n", 400},
    {"POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H "Upgrade: websocket, h2c\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Upgrade: websocket\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H "Upgrade: websocket\r\nContent-Length: 3\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H "Expect: 200-maybe\r\n\r\n", 417},
};

static void odd_heads_are_refused(void **state)
{
    struct qund_http1 h;
    struct qund_http1_fault f;

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(REFUSED); i++) {
        if (parse(qund_str(REFUSED[i].text), &h, &f) != QUND_E_PROTO ||
            f.status != REFUSED[i].status)
            fail_msg("%d instead of %d for:\n%s", f.status, REFUSED[i].status, REFUSED[i].text);
        assert_non_null(f.why);
    }
}

static void a_nul_is_refused_before_the_head_is_whole(void **state)
{
    struct qund_http1 h;
    struct qund_http1_fault f;

    (void)state;
    assert_int_equal(parse(QUND_STR("GET / HTTP/1.1\r\nX: \0"), &h, &f), QUND_E_PROTO);
    assert_int_equal(f.status, 400);
    assert_int_equal(parse(QUND_STR("GET / HTTP/1.1\n"), &h, &f), QUND_E_PROTO);
}

static void bounds_answer_431_and_414(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    size_t scanned = 0;
    struct qund_http1 h;
    struct qund_http1_fault f;

    (void)state;
    qund_buf_puts(&b, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (unsigned i = 0; i < QUND_HTTP_HEADERS_MAX; i++)
        qund_buf_printf(&b, "X-%u: y\r\n", i);
    qund_buf_puts(&b, "\r\n");
    assert_int_equal(parse(qund_buf_view(&b), &h, &f), QUND_E_PROTO);
    assert_int_equal(f.status, 431);

    qund_buf_clear(&b);
    qund_buf_puts(&b, "GET / HTTP/1.1\r\nX: ");
    while (b.n < 16384)
        qund_buf_char(&b, 'a');
    assert_int_equal(qund_http1_parse(qund_buf_view(&b), 16384, &scanned, &h, &f), QUND_E_PROTO);
    assert_int_equal(f.status, 431);

    qund_buf_clear(&b);
    qund_buf_puts(&b, "GET /");
    while (b.n < QUND_HTTP_TARGET_MAX + 10)
        qund_buf_char(&b, 'a');
    qund_buf_puts(&b, " HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(parse(qund_buf_view(&b), &h, &f), QUND_E_PROTO);
    assert_int_equal(f.status, 414);
}

static void keep_alive_follows_version_and_connection(void **state)
{
    struct qund_http1 h;
    struct qund_http1_fault f;

    (void)state;
    assert_true(parse(QUND_STR("GET / HTTP/1.0\r\n\r\n"), &h, &f) > 0);
    assert_false(h.keep_alive);
    assert_true(parse(QUND_STR("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), &h, &f) > 0);
    assert_true(h.keep_alive);
    assert_true(
        parse(QUND_STR("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n"), &h, &f) > 0);
    assert_false(h.keep_alive);
}

static void escapes_are_undone_or_refused(void **state)
{
    char out[32];

    (void)state;
    assert_int_equal(qund_http1_unescape(QUND_STR("a%20b+c%E4%BD%A0"), true, out), 8);
    assert_memory_equal(out, "a b c\xe4\xbd\xa0", 8);
    assert_int_equal(qund_http1_unescape(QUND_STR("a+b"), false, out), 3);
    assert_memory_equal(out, "a+b", 3);
    assert_int_equal(qund_http1_unescape(QUND_STR("%"), false, out), QUND_E_INVAL);
    assert_int_equal(qund_http1_unescape(QUND_STR("%2"), false, out), QUND_E_INVAL);
    assert_int_equal(qund_http1_unescape(QUND_STR("%zz"), false, out), QUND_E_INVAL);
    assert_int_equal(qund_http1_unescape(QUND_STR("%00"), false, out), QUND_E_INVAL);
    assert_int_equal(qund_http1_unescape(QUND_STR("%ff"), false, out), QUND_E_INVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_request_is_read),
        cmocka_unit_test(a_head_may_come_byte_by_byte),
        cmocka_unit_test(odd_heads_are_refused),
        cmocka_unit_test(a_nul_is_refused_before_the_head_is_whole),
        cmocka_unit_test(bounds_answer_431_and_414),
        cmocka_unit_test(keep_alive_follows_version_and_connection),
        cmocka_unit_test(escapes_are_undone_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
