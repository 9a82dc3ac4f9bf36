/* test_json.c - the strict reader and the writer. */
#include "core/clock.h"
#include "core/json.h"
#include "unit.h"

static int whole(struct qund_str text, struct qund_jr *r, struct qund_arena *a)
{
    int rc;

    qund_jr_init(r, text, a, 32);
    rc = qund_jr_skip(r, NULL);
    return rc < 0 ? rc : qund_jr_end(r);
}

static void what_rfc_8259_allows_is_read(void **state)
{
    static const char *const GOOD[] = {"null",
                                       "true",
                                       " false ",
                                       "0",
                                       "-0",
                                       "-1.5e+10",
                                       "1E5",
                                       "\"\"",
                                       "\"\\u0041\\n\\/\"",
                                       "\"\\ud83d\\ude00\"",
                                       "[]",
                                       "[ ]",
                                       "{}",
                                       "{ }",
                                       "[1,2,[3]]",
                                       "{\"a\":{\"a\":1},\"b\":[]}",
                                       "\t\r\n 1",
                                       "\"群聊 plain\"",
                                       "9999999999999999999999",
                                       "[[],[],{}]",
                                       "{\"\":1,\"a\":2,\"A\":3}"};
    QUND_AUTO(qund_arena_free) struct qund_arena *a = qund_arena_new(4096);
    struct qund_jr r;

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(GOOD); i++)
        if (whole(qund_str(GOOD[i]), &r, a) < 0)
            fail_msg("%s: %s at %zu", GOOD[i], r.why, r.at);
}

static void everything_else_is_refused_with_reason_and_place(void **state)
{
    static const struct {
        const char *text;
        size_t at;
        const char *why;
    } BAD[] = {
        {"", 0, "ends too early"},
        {"  ", 2, "ends too early"},
        {"nul", 0, "null is wanted here"},
        {"tru", 0, "true or false is wanted here"},
        {"01", 1, "something follows the value"},
        {"1.", 0, "a value is wanted here"},
        {"+1", 0, "a value is wanted here"},
        {".5", 0, "a value is wanted here"},
        {"1e", 0, "a value is wanted here"},
        {"NaN", 0, "a value is wanted here"},
        {"'a'", 0, "a value is wanted here"},
        {"[1,]", 3, "a value is wanted here"},
        {"[1 2]", 3, "',' or ']' is wanted here"},
        {"[,1]", 1, "a value is wanted here"},
        {"{\"a\" 1}", 5, "':' is wanted here"},
        {"{\"a\":1,}", 7, "a string is wanted here"},
        {"{a:1}", 1, "a string is wanted here"},
        {"{\"a\":1,\"b\":2,\"a\":3}", 13, "the same key twice in one object"},
        {"{\"a\":1,\"\\u0061\":3}", 7, "the same key twice in one object"},
        {"\"abc", 4, "a string does not end"},
        {"\"abc\\", 5, "a string does not end"},
        {"\"a\nb\"", 2, "control byte in a string"},
        {"\"\\t\nb\"", 3, "control byte in a string"},
        {"\"\\x\"", 1, "unknown escape"},
        {"\"\\u12g4\"", 1, "unknown escape"},
        {"\"\\u0000\"", 1, "NUL in a string"},
        {"\"\\ud800\"", 1, "half of a surrogate pair"},
        {"\"\\ud800\\u0041\"", 1, "half of a surrogate pair"},
        {"\"\\udc00\"", 1, "half of a surrogate pair"},
        {"\"0123456789\xff\"", 1, "invalid UTF-8 in a string"},
        {"\"\\n\xc0\x80\"", 1, "invalid UTF-8 in a string"},
        {"1 1", 2, "something follows the value"},
        {"{\"a\":1", 6, "ends too early"},
        {"[1}", 2, "',' or ']' is wanted here"},
    };
    QUND_AUTO(qund_arena_free) struct qund_arena *a = qund_arena_new(4096);
    struct qund_jr r;

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(BAD); i++) {
        assert_int_equal(whole(qund_str(BAD[i].text), &r, a), QUND_E_INVAL);
        if (strcmp(r.why, BAD[i].why) != 0 || r.at != BAD[i].at)
            fail_msg("%s: %s at %zu", BAD[i].text, r.why, r.at);
    }
    assert_int_equal(whole(QUND_STR("\"a\0b\""), &r, a), QUND_E_INVAL);
}

static void depth_is_bounded_where_told(void **state)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *a = qund_arena_new(4096);
    struct qund_jr r;
    char text[64];

    (void)state;
    memset(text, '[', 32);
    memset(text + 32, ']', 32);
    assert_int_equal(whole(qund_str_n(text, 64), &r, a), 0);
    qund_jr_init(&r, qund_str_n(text, 64), a, 31);
    assert_int_equal(qund_jr_skip(&r, NULL), QUND_E_INVAL);
    assert_string_equal(r.why, "nested too deep");
    assert_int_equal(r.at, 31);
}

static void strings_are_borrowed_unless_escaped(void **state)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *a = qund_arena_new(4096);
    static const char TEXT[] =
        "{\"text\":\"多少钱\",\"esc\":\"a\\\"\\u00e9\\ud83d\\ude00z\",\"n\":-12,"
        "\"ok\":true,\"none\":null,\"raw\":{\"x\":[1, 2.5]},\"l\":[1,2]}";
    struct qund_jr r;
    struct qund_jr_obj o;
    struct qund_str key, s;
    int64_t n;
    bool flag, first;

    (void)state;
    qund_jr_init(&r, qund_str(TEXT), a, 32);
    assert_int_equal(qund_jr_peek(&r), QUND_JT_OBJ);
    assert_int_equal(qund_jr_obj(&r, &o), 0);
    assert_int_equal(qund_jr_obj_next(&r, &o, &key), 1);
    assert_true(qund_str_is(key, "text"));
    assert_int_equal(qund_jr_str(&r, &s), 0);
    assert_true(qund_str_is(s, "多少钱"));
    assert_true(s.p > TEXT && s.p < TEXT + sizeof(TEXT));
    assert_int_equal(qund_jr_obj_next(&r, &o, &key), 1);
    assert_int_equal(qund_jr_str(&r, &s), 0);
    assert_true(qund_str_is(s, "a\"é😀z"));
    assert_int_equal(qund_jr_obj_next(&r, &o, &key), 1);
    assert_int_equal(qund_jr_int(&r, &n), 0);
    assert_int_equal(n, -12);
    assert_int_equal(qund_jr_obj_next(&r, &o, &key), 1);
    assert_int_equal(qund_jr_bool(&r, &flag), 0);
    assert_true(flag);
    assert_int_equal(qund_jr_obj_next(&r, &o, &key), 1);
    assert_int_equal(qund_jr_peek(&r), QUND_JT_NULL);
    assert_int_equal(qund_jr_null(&r), 0);
    assert_int_equal(qund_jr_obj_next(&r, &o, &key), 1);
    assert_int_equal(qund_jr_skip(&r, &s), 0);
    assert_true(qund_str_is(s, "{\"x\":[1, 2.5]}"));
    assert_int_equal(qund_jr_obj_next(&r, &o, &key), 1);
    assert_int_equal(qund_jr_arr(&r, &first), 0);
    assert_int_equal(qund_jr_arr_next(&r, &first), 1);
    assert_int_equal(qund_jr_int(&r, &n), 0);
    assert_int_equal(qund_jr_arr_next(&r, &first), 1);
    assert_int_equal(qund_jr_int(&r, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(qund_jr_arr_next(&r, &first), 0);
    assert_int_equal(qund_jr_obj_next(&r, &o, &key), 0);
    assert_int_equal(qund_jr_end(&r), 0);
    assert_int_equal(o.n, 7);
}

static void integers_must_fit_and_errors_stick(void **state)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *a = qund_arena_new(4096);
    struct qund_jr r;
    struct qund_str s;
    int64_t n;

    (void)state;
    qund_jr_init(&r, QUND_STR("-9223372036854775808"), a, 4);
    assert_int_equal(qund_jr_int(&r, &n), 0);
    assert_true(n == INT64_MIN);
    qund_jr_init(&r, QUND_STR("9223372036854775808"), a, 4);
    assert_int_equal(qund_jr_int(&r, &n), QUND_E_INVAL);
    assert_string_equal(r.why, "the integer does not fit 64 bits");
    qund_jr_init(&r, QUND_STR("1.0"), a, 4);
    assert_int_equal(qund_jr_int(&r, &n), QUND_E_INVAL);
    assert_int_equal(qund_jr_str(&r, &s), QUND_E_INVAL);
    assert_int_equal(qund_jr_peek(&r), QUND_E_INVAL);
    assert_int_equal(qund_jr_end(&r), QUND_E_INVAL);
    assert_string_equal(r.why, "an integer is wanted here");
}

/* {"k0":0,…} with n keys, then perhaps the first one again. */
static void many_keys(struct qund_buf *b, unsigned n, bool again)
{
    qund_buf_clear(b);
    for (unsigned i = 0; i < n; i++)
        qund_buf_printf(b, "%c\"k%u\":%u", i ? ',' : '{', i, i);
    qund_buf_puts(b, again ? ",\"k0\":0}" : "}");
}

static void half_a_million_keys_are_no_bomb(void **state)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *a = qund_arena_new(4096);
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    int64_t start;
    struct qund_jr r;

    (void)state;
    for (unsigned n = 14; n < 70; n++) { /* around the change from list to table, and its growth */
        many_keys(&b, n, false);
        assert_int_equal(whole(qund_buf_view(&b), &r, a), 0);
        many_keys(&b, n, true);
        assert_int_equal(whole(qund_buf_view(&b), &r, a), QUND_E_INVAL);
    }
    many_keys(&b, 500000, false);
    start = qund_mono_us();
    assert_int_equal(whole(qund_buf_view(&b), &r, a), 0);
    print_message("500,000 keys: %lld us\n", (long long)(qund_mono_us() - start));
    assert_true(qund_mono_us() - start < 60000000); /* quadratic would be ten minutes */
    many_keys(&b, 500000, true);
    assert_int_equal(whole(qund_buf_view(&b), &r, a), QUND_E_INVAL);
}

static void many_small_objects_share_one_key_set(void **state)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *a = qund_arena_new(4096);
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0}, one = {0};
    struct qund_jr r;

    (void)state;
    many_keys(&one, 20, false);
    qund_buf_char(&b, '[');
    for (int i = 0; i < 10000; i++) {
        qund_buf_str(&b, i % 2 ? qund_buf_view(&one) : QUND_STR("{\"a\":1}"));
        qund_buf_char(&b, i < 9999 ? ',' : ']');
    }
    assert_int_equal(whole(qund_buf_view(&b), &r, a), 0);
    assert_true(qund_arena_used(a) < 10000);
}

static void the_writer_makes_what_the_reader_takes(void **state)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *a = qund_arena_new(4096);
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_jw w = qund_jw(&b);
    struct qund_jr r;

    (void)state;
    qund_jw_obj(&w);
    qund_jw_kstr(&w, "s", QUND_STR("a\"\\\n\x01群"));
    qund_jw_kz(&w, "none", NULL);
    qund_jw_kint(&w, "i", -5);
    qund_jw_kbool(&w, "b", true);
    qund_jw_kts(&w, "ts", 0);
    qund_jw_key(&w, "l");
    qund_jw_arr(&w);
    qund_jw_int(&w, 1);
    qund_jw_num(&w, 0.1);
    qund_jw_num(&w, 1.0 / 0.0);
    qund_jw_obj(&w);
    qund_jw_end_obj(&w);
    qund_jw_arr(&w);
    qund_jw_end_arr(&w);
    qund_jw_raw(&w, QUND_STR("{\"x\":1}"));
    qund_jw_end_arr(&w);
    qund_jw_key(&w, "last");
    qund_jw_null(&w);
    qund_jw_end_obj(&w);
    assert_string_equal(b.p, "{\"s\":\"a\\\"\\\\\\n\\u0001群\",\"none\":null,\"i\":-5,\"b\":true,"
                             "\"ts\":\"1970-01-01T00:00:00.000Z\",\"l\":[1,0.1,null,{},[],"
                             "{\"x\":1}],\"last\":null}");
    assert_int_equal(whole(qund_buf_view(&b), &r, a), 0);
}

/* Plain bytes are told eight at a time. */
static void what_must_be_escaped_is_at_every_place(void **state)
{
    static const char PLAIN[] = "0123456789群abcdefg", SPECIAL[] = {'"', '\\', '\n', 0x1f, 0x7f};
    QUND_AUTO(qund_arena_free) struct qund_arena *a = qund_arena_new(256);

    (void)state;
    for (size_t k = 0; k < sizeof(SPECIAL); k++)
        for (size_t at = 0; at <= 10; at++) {
            QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
            struct qund_jw w = qund_jw(&b);
            char text[sizeof(PLAIN)];
            struct qund_str back;
            struct qund_jr r;

            memcpy(text, PLAIN, sizeof(PLAIN));
            text[at < 10 ? at : sizeof(PLAIN) - 2] = SPECIAL[k];
            qund_jw_str(&w, qund_str(text));
            assert_true(b.n > strlen(text) + 2);
            qund_jr_init(&r, qund_buf_view(&b), a, 1);
            assert_int_equal(qund_jr_str(&r, &back), 0);
            assert_true(qund_str_is(back, text));
        }
}

static void bytes_that_are_no_text_are_written_as_replacement(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_jw w = qund_jw(&b);

    (void)state;
    qund_jw_str(&w, QUND_STR("a\xff\xc3z\xe7\xbe"));
    assert_string_equal(b.p, "\"a\uFFFD\uFFFDz\uFFFD\uFFFD\"");
}

static void a_usual_event_is_read_within_a_microsecond_or_so(void **state)
{
    static const char EVENT[] =
        "{\"channel\":\"wecom-main\",\"id\":\"msg-20250915-000001-abcdef0123456789\",\"type\":"
        "\"message\",\"ts\":\"2025-09-15T08:32:44+08:00\",\"group\":\"wrOgQhDgAAcwMTB7YmDkbeBsgT_"
        "AAAA\",\"group_name\":\"阳光花园三期业主群\",\"sender\":\"wmOgQhDgAAuXMTB7YmDkbeBsgT_"
        "KKKK\","
        "\"sender_name\":\"3-2-1201 王女士\",\"kind\":\"text\",\"text\":\"请问这个窗帘多少钱一米？"
        "包安装吗？我家是三居室，大概需要二十米左右\",\"account\":\"staff-007\",\"origin\":"
        "\"live\"}";
    QUND_AUTO(qund_arena_free) struct qund_arena *a = qund_arena_new(4096);
    int64_t start = qund_mono_us();
    struct qund_jr r;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        assert_true(whole(qund_str(EVENT), &r, a) == 0);
        qund_arena_reset(a);
    }
    print_message("%zu bytes: %.0f ns\n", sizeof(EVENT) - 1,
                  (double)(qund_mono_us() - start) / 100.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_rfc_8259_allows_is_read),
        cmocka_unit_test(everything_else_is_refused_with_reason_and_place),
        cmocka_unit_test(depth_is_bounded_where_told),
        cmocka_unit_test(strings_are_borrowed_unless_escaped),
        cmocka_unit_test(integers_must_fit_and_errors_stick),
        cmocka_unit_test(half_a_million_keys_are_no_bomb),
        cmocka_unit_test(many_small_objects_share_one_key_set),
        cmocka_unit_test(the_writer_makes_what_the_reader_takes),
        cmocka_unit_test(what_must_be_escaped_is_at_every_place),
        cmocka_unit_test(bytes_that_are_no_text_are_written_as_replacement),
        cmocka_unit_test(a_usual_event_is_read_within_a_microsecond_or_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
