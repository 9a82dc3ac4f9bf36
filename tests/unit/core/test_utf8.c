/* test_utf8.c - the border between bytes and text. */
#include "core/str.h"
#include "unit.h"

/* An independent judge: decodes by the definition, not by table 3-7. */
static bool valid_by_definition(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        static const uint32_t LEAST[] = {0, 0, 0x80, 0x800, 0x10000};
        unsigned c = p[i], len = c < 0x80       ? 1
                                 : c >> 5 == 6  ? 2
                                 : c >> 4 == 14 ? 3
                                 : c >> 3 == 30 ? 4
                                                : 0;
        uint32_t cp = len == 1 ? c : len ? c & (0xFFu >> (len + 1)) : 0;

        if (len == 0 || n - i < len)
            return false;
        for (unsigned k = 1; k < len; k++) {
            if ((p[i + k] & 0xC0u) != 0x80)
                return false;
            cp = cp << 6 | (p[i + k] & 0x3Fu);
        }
        if (cp < LEAST[len] || cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
            return false;
        i += len;
    }
    return true;
}

static void check_agrees_with_the_definition_on_all_short_strings(void **state)
{
    unsigned char b[5];

    (void)state;
    for (unsigned v = 0; v < 1u << 16; v++) { /* every pair, then two tails of interest */
        static const unsigned char TAILS[][2] = {{'a', 'b'},   {0x80, 'b'},  {0x80, 0x80},
                                                 {0xBF, 0xBF}, {0xBF, 0xC2}, {0xFF, 0x80}};
        b[0] = (unsigned char)(v >> 8);
        b[1] = (unsigned char)v;
        assert_int_equal(qund_utf8_check(qund_str_n((char *)b, 2)) < 0, valid_by_definition(b, 2));
        for (size_t t = 0; t < QUND_ARRAY_LEN(TAILS); t++) {
            memcpy(b + 2, TAILS[t], 2);
            assert_int_equal(qund_utf8_check(qund_str_n((char *)b, 4)) < 0,
                             valid_by_definition(b, 4));
        }
    }
}

/* Long Han runs are told two characters at a time. */
static void check_sees_a_bad_byte_anywhere_in_a_run(void **state)
{
    static const char RUN[] = "群龙无首，天下大治的群";
    unsigned char b[sizeof(RUN)];

    (void)state;
    for (size_t at = 0; at + 1 < sizeof(RUN); at++)
        for (unsigned v = 0; v < 256; v++) {
            memcpy(b, RUN, sizeof(RUN));
            b[at] = (unsigned char)v;
            for (size_t n = sizeof(RUN) - 4; n < sizeof(RUN); n++)
                assert_int_equal(qund_utf8_check(qund_str_n((char *)b, n)) < 0,
                                 valid_by_definition(b, n));
        }
}

static void check_names_the_first_bad_byte(void **state)
{
    (void)state;
    assert_int_equal(qund_utf8_check(QUND_STR("plain ascii of some length")), -1);
    assert_int_equal(qund_utf8_check(QUND_STR("0123456789abcde\xff")), 15);
    assert_int_equal(qund_utf8_check(QUND_STR("群群\xe7\xbe")), 6);
    assert_int_equal(qund_utf8_check(QUND_STR("\xc0\x80")), 0);
    assert_int_equal(qund_utf8_check(QUND_STR("ab\xed\xa0\x80")), 2);
    assert_int_equal(qund_utf8_check(QUND_STR("\xf4\x90\x80\x80")), 0);
    assert_int_equal(qund_utf8_check(QUND_STR("a\0b")), -1);
}

static void next_and_put_are_inverse(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x10FFFF; cp += cp < 0x3000 ? 1 : 257) {
        char c[4];
        size_t at = 0, n;

        if (cp >= 0xD800 && cp <= 0xDFFF)
            continue;
        n = qund_utf8_put(c, cp);
        assert_int_equal(qund_utf8_check(qund_str_n(c, n)), -1);
        assert_int_equal(qund_utf8_next(qund_str_n(c, n), &at), cp);
        assert_int_equal(at, n);
    }
}

static void cut_never_splits_a_character(void **state)
{
    struct qund_str s = QUND_STR("a群😀é"); /* 1 + 3 + 4 + 2 bytes */
    static const size_t WANT[] = {0, 1, 1, 1, 4, 4, 4, 4, 8, 8, 10, 10};

    (void)state;
    for (size_t max = 0; max < QUND_ARRAY_LEN(WANT); max++)
        assert_int_equal(qund_utf8_cut(s, max).n, WANT[max]);
    assert_int_equal(qund_utf8_count(s), 4);
    assert_int_equal(qund_utf8_cut_chars(s, 0).n, 0);
    assert_int_equal(qund_utf8_cut_chars(s, 2).n, 4);
    assert_int_equal(qund_utf8_cut_chars(s, 9).n, 10);
}

static void a_line_is_one_line_in_one_direction(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};

    (void)state;
    qund_buf_line(&b, QUND_STR("小王\n; rm\r\t\x7f|\xc2\x85\xc2\x9b"
                               "2J|\u2028\u2029\u202e\u2066\u2069|\u200d\u200e\u3000é😀\0z"));
    assert_int_equal(b.n, strlen(b.p));
    assert_string_equal(b.p, "小王 ; rm   |  2J|     |\u200d\u200e\u3000é😀 z");
    qund_buf_line(&b, QUND_STR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_agrees_with_the_definition_on_all_short_strings),
        cmocka_unit_test(check_sees_a_bad_byte_anywhere_in_a_run),
        cmocka_unit_test(check_names_the_first_bad_byte),
        cmocka_unit_test(next_and_put_are_inverse),
        cmocka_unit_test(cut_never_splits_a_character),
        cmocka_unit_test(a_line_is_one_line_in_one_direction),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
