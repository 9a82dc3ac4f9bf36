/* test_chunk.c - a body in chunks: the one spelling, whole and byte by byte, and all others. */
#include "net/chunk.h"
#include "unit.h"

#define MAX 40

/* In pieces of `step` bytes, as a connection hands them over: what was made stays in front. */
static int read_in(struct qund_str in, size_t step, struct qund_buf *body, size_t *taken,
                   struct qund_http1_fault *f)
{
    QUND_AUTO(qund_buf_done) struct qund_buf room = {0};
    struct qund_chunk c = {0};
    int rc = 0;

    *taken = 0;
    qund_buf_clear(body);
    while (rc == 0 && *taken < in.n) {
        size_t n = in.n - *taken < step ? in.n - *taken : step, used, made;

        qund_buf_clear(&room);
        qund_buf_add(&room, in.p + *taken, n);
        rc = qund_chunk_read(&c, room.p, n, MAX, &used, &made, f);
        assert_true(used <= n && made <= used && (rc != 0 || used == n));
        qund_buf_add(body, room.p, made);
        *taken += used;
    }
    assert_int_equal(body->n, c.total);
    return rc;
}

static const struct {
    const char *in, *body;
    int rc; /* 1: whole; 0: more is needed; FULL, PROTO */
    const char *behind;
} CASES[] = {
    {"0\r\n\r\n", "", 1, ""},
    {"3\r\nabc\r\n0\r\n\r\nGET /", "abc", 1, "GET /"},
    {"3\r\na\r\n\r\n0000000B\r\nhello world\r\n00\r\n\r\n", "a\r\nhello world", 1, ""},
    {"1\r\nx\r\na\r\n0123456789\r\n0\r\n\r\n0\r\n\r\n", "x0123456789", 1, "0\r\n\r\n"},
    {"28\r\n0123456789012345678901234567890123456789\r\n0\r\n\r\n",
     "0123456789012345678901234567890123456789", 1, ""},
    {"3\r\nab", "ab", 0, ""},
    {"3\r\nabc\r\n0\r\n", "abc", 0, ""},
    {"29\r\n", "", QUND_E_FULL, NULL},
    {"20\r\n01234567890123456789012345678901\r\n9\r\n", "01234567890123456789012345678901",
     QUND_E_FULL, NULL},
    {"ffffffff\r\n", "", QUND_E_FULL, NULL},
    {"000000003\r\nabc\r\n0\r\n\r\n", "", QUND_E_PROTO, NULL},
    {"\r\n", "", QUND_E_PROTO, NULL},
    {"3\nabc\r\n0\r\n\r\n", "", QUND_E_PROTO, NULL},
    {"3\r\nabc\n0\r\n\r\n", "abc", QUND_E_PROTO, NULL},
    {"3\r\nabcd\r\n0\r\n\r\n", "abc", QUND_E_PROTO, NULL},
    {"3\rabc\r\n", "", QUND_E_PROTO, NULL},
    {"3\r\nabc\r0\r\n\r\n", "abc", QUND_E_PROTO, NULL},
    {" 3\r\nabc\r\n0\r\n\r\n", "", QUND_E_PROTO, NULL},
    {"3 \r\nabc\r\n0\r\n\r\n", "", QUND_E_PROTO, NULL},
    {"+3\r\nabc\r\n0\r\n\r\n", "", QUND_E_PROTO, NULL},
    {"-3\r\nabc\r\n0\r\n\r\n", "", QUND_E_PROTO, NULL},
    {"0x3\r\nabc\r\n0\r\n\r\n", "", QUND_E_PROTO, NULL},
    {"g\r\n", "", QUND_E_PROTO, NULL},
    {"3;x=1\r\nabc\r\n0\r\n\r\n", "", QUND_E_PROTO, NULL},
    {"0\r\nContent-Length: 3\r\n\r\nabc", "", QUND_E_PROTO, NULL},
    {"0\r\n\n", "", QUND_E_PROTO, NULL},
    {"0\n\n", "", QUND_E_PROTO, NULL},
    {"0\r\n\rx", "", QUND_E_PROTO, NULL},
};

static void one_spelling_is_read_and_all_others_are_refused_however_they_are_cut(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(CASES); i++) {
        struct qund_str in = qund_str(CASES[i].in);

        for (size_t step = 1; step <= in.n; step++) {
            struct qund_http1_fault f = {0};
            size_t taken;
            int rc = read_in(in, step, &body, &taken, &f);

            if (rc != CASES[i].rc || !qund_str_is(qund_buf_view(&body), CASES[i].body))
                fail_msg("%d, '%.*s' for %s by %zu", rc, (int)body.n, body.n ? body.p : "",
                         CASES[i].in, step);
            assert_true(rc != QUND_E_PROTO || (f.status == 400 && f.why));
            if (CASES[i].behind)
                assert_string_equal(in.p + taken, CASES[i].behind);
        }
    }
}

static void nul_bytes_are_body_and_never_framing(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    struct qund_http1_fault f;
    size_t taken;

    (void)state;
    assert_int_equal(read_in(QUND_STR("2\r\n\0\0\r\n0\r\n\r\n"), 3, &body, &taken, &f), 1);
    assert_int_equal(body.n, 2);
    assert_int_equal(read_in(QUND_STR("2\0\r\nab\r\n"), 3, &body, &taken, &f), QUND_E_PROTO);
    assert_int_equal(read_in(QUND_STR("0\r\n\0\r\n"), 3, &body, &taken, &f), QUND_E_PROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_spelling_is_read_and_all_others_are_refused_however_they_are_cut),
        cmocka_unit_test(nul_bytes_are_body_and_never_framing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
