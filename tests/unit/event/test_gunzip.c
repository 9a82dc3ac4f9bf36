/* test_gunzip.c - inflating within bounds. */
#include "event/gunzip.h"
#include "unit.h"
#include <zlib.h>

static struct qund_str squeeze(struct qund_buf *out, const void *p, size_t n)
{
    z_stream z = {0};

    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    qund_buf_reserve(out, deflateBound(&z, n));
    z.next_in = (Bytef *)(uintptr_t)p;
    z.avail_in = (uInt)n;
    z.next_out = (Bytef *)out->p + out->n;
    z.avail_out = (uInt)(out->cap - out->n);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out->n += z.total_out;
    deflateEnd(&z);
    return qund_buf_view(out);
}

static void a_body_is_inflated_whole(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf z = {0}, out = {0};
    char body[200000];

    (void)state;
    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = (char)(i * i >> 7);
    squeeze(&z, body, sizeof(body));
    assert_int_equal(qund_gunzip(qund_buf_view(&z), sizeof(body), 100, &out, NULL), 0);
    assert_int_equal(out.n, sizeof(body));
    assert_memory_equal(out.p, body, sizeof(body));
    out.n = 0;
    assert_int_equal(qund_gunzip(qund_buf_view(&z), sizeof(body) - 1, 100, &out, NULL),
                     QUND_E_FULL);
}

static void members_follow_each_other(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf z = {0}, out = {0};

    (void)state;
    squeeze(&z, "{\"a\":1}\n", 8);
    squeeze(&z, "{\"b\":2}\n", 8);
    assert_int_equal(qund_gunzip(qund_buf_view(&z), 100, 100, &out, NULL), 0);
    assert_int_equal(out.n, 16);
    assert_memory_equal(out.p, "{\"a\":1}\n{\"b\":2}\n", 16);
}

static void a_bomb_stops_at_its_ratio(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf z = {0}, out = {0};
    char *zeros = calloc(1, 20 << 20);
    struct qund_err err = {0};

    (void)state;
    squeeze(&z, zeros, 20 << 20);
    free(zeros);
    assert_int_equal(qund_gunzip(qund_buf_view(&z), 64 << 20, 20, &out, &err), QUND_E_FULL);
    assert_true(out.n <= (64u << 10) + z.n * 20 + 1);
    assert_non_null(strstr(err.text, "grows"));
}

static void cut_or_foreign_bytes_are_refused(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf z = {0}, out = {0};

    (void)state;
    squeeze(&z, "hello hello hello", 17);
    for (size_t n = 0; n < z.n; n++) {
        out.n = 0;
        assert_int_equal(qund_gunzip(qund_str_n(z.p, n), 100, 100, &out, NULL), QUND_E_INVAL);
    }
    qund_buf_puts(&z, "tail");
    assert_int_equal(qund_gunzip(qund_buf_view(&z), 100, 100, &out, NULL), QUND_E_INVAL);
    assert_int_equal(qund_gunzip(QUND_STR("plain text"), 100, 100, &out, NULL), QUND_E_INVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_inflated_whole),
        cmocka_unit_test(members_follow_each_other),
        cmocka_unit_test(a_bomb_stops_at_its_ratio),
        cmocka_unit_test(cut_or_foreign_bytes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
