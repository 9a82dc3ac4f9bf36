/* test_str.c - borrowed strings and growing buffers. */
#include "core/str.h"
#include "unit.h"

static void compare_goes_by_bytes_then_length(void **state)
{
    (void)state;
    assert_true(qund_str_cmp(QUND_STR("a"), QUND_STR("b")) < 0);
    assert_true(qund_str_cmp(QUND_STR("ab"), QUND_STR("a")) > 0);
    assert_true(qund_str_cmp(QUND_STR("\xff"), QUND_STR("a")) > 0);
    assert_int_equal(qund_str_cmp(QUND_STR_NONE, QUND_STR("")), 0);
}

static void split_ends_with_none(void **state)
{
    struct qund_str s = QUND_STR("a,,b,");
    const char *want[] = {"a", "", "b", ""};
    size_t n = 0;

    (void)state;
    while (s.p) {
        assert_true(n < 4);
        assert_true(qund_str_is(qund_str_split(&s, ','), want[n++]));
    }
    assert_int_equal(n, 4);
}

static void find_starts_where_told(void **state)
{
    struct qund_str s = QUND_STR("abcabc");

    (void)state;
    assert_int_equal(qund_str_find(s, 0, QUND_STR("bc")), 1);
    assert_int_equal(qund_str_find(s, 2, QUND_STR("bc")), 4);
    assert_int_equal(qund_str_find(s, 5, QUND_STR("bc")), -1);
    assert_int_equal(qund_str_find(s, 7, QUND_STR("")), -1);
    assert_true(qund_str_is(qund_str_trim(QUND_STR(" \t x y\r\n")), "x y"));
}

static void int_takes_the_whole_string_or_nothing(void **state)
{
    static const char *const BAD[] = {
        "", "-", "+1", " 1", "1 ", "1x", "9223372036854775808", "-9223372036854775809", "0x10"};
    int64_t v;

    (void)state;
    assert_int_equal(qund_str_int(QUND_STR("-42"), &v), 0);
    assert_int_equal(v, -42);
    assert_int_equal(qund_str_int(QUND_STR("9223372036854775807"), &v), 0);
    assert_true(v == INT64_MAX);
    assert_int_equal(qund_str_int(QUND_STR("-9223372036854775808"), &v), 0);
    assert_true(v == INT64_MIN);
    for (size_t i = 0; i < QUND_ARRAY_LEN(BAD); i++)
        assert_int_equal(qund_str_int(qund_str(BAD[i]), &v), QUND_E_INVAL);
}

static void durations_need_a_unit_and_fall_in_size(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } GOOD[] = {{"250ms", 250},     {"0s", 0},         {"5m", 300000},
                {"1h30m", 5400000}, {"7d", 604800000}, {"1d2h3m4s5ms", 93784005}};
    static const char *const BAD[] = {
        "", "5", "m", "5 m", "30m1h", "1h1h", "1.5h", "-5m", "5w", "9999999999999999d", "5mm"};
    int64_t v;

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(GOOD); i++) {
        assert_int_equal(qund_str_duration(qund_str(GOOD[i].text), &v), 0);
        assert_int_equal(v, GOOD[i].ms);
    }
    for (size_t i = 0; i < QUND_ARRAY_LEN(BAD); i++)
        assert_int_equal(qund_str_duration(qund_str(BAD[i]), &v), QUND_E_INVAL);
}

static void sizes_count_in_powers_of_1024(void **state)
{
    int64_t v;

    (void)state;
    assert_int_equal(qund_str_size(QUND_STR("64KiB"), &v), 0);
    assert_int_equal(v, 65536);
    assert_int_equal(qund_str_size(QUND_STR("16MB"), &v), 0);
    assert_int_equal(v, 16 << 20);
    assert_int_equal(qund_str_size(QUND_STR("1G"), &v), 0);
    assert_int_equal(v, 1 << 30);
    assert_int_equal(qund_str_size(QUND_STR("123"), &v), 0);
    assert_int_equal(v, 123);
    assert_int_equal(qund_str_size(QUND_STR("16Mx"), &v), QUND_E_INVAL);
    assert_int_equal(qund_str_size(QUND_STR("9999999999999G"), &v), QUND_E_INVAL);
}

static void nearest_finds_a_slip_and_not_a_stranger(void **state)
{
    static const char *const WORDS[] = {"listen", "public_url", "max_body"};
    static const char *const KIND[] = {"kind"};

    (void)state;
    assert_string_equal(qund_str_nearest(QUND_STR("lissten"), WORDS, 3), "listen");
    assert_string_equal(qund_str_nearest(QUND_STR("publicurl"), WORDS, 3), "public_url");
    assert_string_equal(qund_str_nearest(QUND_STR("knid"), KIND, 1), "kind");
    assert_null(qund_str_nearest(QUND_STR("completely"), WORDS, 3));
    assert_null(qund_str_nearest(QUND_STR("x"), KIND, 1));
}

static void buffers_grow_and_stay_terminated(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    char *taken;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        qund_buf_char(&b, 'x');
        assert_int_equal(b.p[b.n], '\0');
    }
    qund_buf_clear(&b);
    qund_buf_printf(&b, "%s-%d", "a", 7);
    qund_buf_int(&b, INT64_MIN);
    assert_string_equal(b.p, "a-7-9223372036854775808");
    qund_buf_clear(&b);
    qund_buf_printf(&b, "%0300d", 1);
    assert_int_equal(b.n, 300);
    taken = qund_buf_take(&b);
    assert_int_equal(strlen(taken), 300);
    assert_null(b.p);
    qund_free(taken);
    taken = qund_buf_take(&b);
    assert_string_equal(taken, "");
    qund_free(taken);
}

static void a_word_is_found_at_its_place(void **state)
{
    static const char *const WORDS[] = {"info", "warn", "error"};

    (void)state;
    assert_int_equal(qund_str_index(QUND_STR("error"), WORDS, QUND_ARRAY_LEN(WORDS)), 2);
    assert_int_equal(qund_str_index(QUND_STR("err"), WORDS, QUND_ARRAY_LEN(WORDS)),
                     QUND_E_NOTFOUND);
    assert_int_equal(qund_str_index(QUND_STR_NONE, WORDS, 3), QUND_E_NOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_is_found_at_its_place),
        cmocka_unit_test(compare_goes_by_bytes_then_length),
        cmocka_unit_test(split_ends_with_none),
        cmocka_unit_test(find_starts_where_told),
        cmocka_unit_test(int_takes_the_whole_string_or_nothing),
        cmocka_unit_test(durations_need_a_unit_and_fall_in_size),
        cmocka_unit_test(sizes_count_in_powers_of_1024),
        cmocka_unit_test(nearest_finds_a_slip_and_not_a_stranger),
        cmocka_unit_test(buffers_grow_and_stay_terminated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
