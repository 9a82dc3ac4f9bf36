/* Phone numbers in what a role reads that may not see them. */
#include "http/internal.h"
#include "unit.h"

static void becomes(const char *json, const char *want)
{
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};

    assert_int_equal(qund_mask_json(qund_str(json), &out), 0);
    assert_string_equal(out.p, want);
}

static void words_lose_their_numbers_and_nothing_else(void **state)
{
    (void)state;
    becomes("{\"text\":\"我的电话13800000105，急\",\"n\":[1,-2.5e3,true,null,\"\\u4f60\\n\"]}",
            "{\"text\":\"我的电话138****0105，急\",\"n\":[1,-2.5e3,true,null,\"你\\n\"]}");
    becomes("[]", "[]");
    becomes("{\"a\":{},\"b\":[[],{\"c\":\"\"}]}", "{\"a\":{},\"b\":[[],{\"c\":\"\"}]}");
}

static void each_time_a_number_is_said_it_is_masked(void **state)
{
    (void)state;
    becomes("{\"text\":\"13800000105 再说一遍 138-0000-0105，或 13900000106\"}",
            "{\"text\":\"138****0105 再说一遍 138****0105，或 139****0106\"}");
}

static void a_disguise_does_not_help(void **state)
{
    (void)state;
    becomes("{\"title\":\"１３８００００１０５打我\"}", "{\"title\":\"１３８００００１０５打我\"}");
    becomes("{\"title\":\"１３８０００００１０５打我\"}", "{\"title\":\"138****0105打我\"}");
    becomes("{\"note\":\"一三八零零零零零一零五\"}", "{\"note\":\"138****0105\"}");
    becomes("{\"note\":\"+86 138 0000 0105\"}", "{\"note\":\"+86 138****0105\"}");
}

static void what_stands_inside_is_masked_too(void **state)
{
    (void)state;
    becomes("{\"items\":[{\"id\":7,\"quote\":\"13800000105\",\"context\":[{\"text\":"
            "\"13800000105\"}]}]}",
            "{\"items\":[{\"id\":7,\"quote\":\"138****0105\",\"context\":[{\"text\":\"138****"
            "0105\"}]}]}");
    becomes("{\"data\":{\"answers\":{\"tel\":13800000105,\"party\":3},\"order\":13800000105}}",
            "{\"data\":{\"answers\":{\"tel\":\"138****0105\",\"party\":3},\"order\":13800000105}}");
}

static void identifiers_and_other_numbers_stay(void **state)
{
    (void)state;
    becomes("{\"id\":\"13800000105\",\"sender\":\"13800000105\",\"mentions\":[\"13800000105\"]}",
            "{\"id\":\"13800000105\",\"sender\":\"13800000105\",\"mentions\":[\"13800000105\"]}");
    becomes("{\"seq\":13800000105,\"text\":\"订单号13800000105\"}",
            "{\"seq\":13800000105,\"text\":\"订单号13800000105\"}");
    becomes("{\"phones\":[\"138****0105\"],\"ts\":\"2026-11-22T09:30:00.123Z\"}",
            "{\"phones\":[\"138****0105\"],\"ts\":\"2026-11-22T09:30:00.123Z\"}");
}

static void what_is_no_json_is_not_let_through(void **state)
{
    static const char *const BROKEN[] = {"", "{", "{\"text\":\"13800000105\"} x", "13800000105,",
                                         "{\"a\":1,\"a\":2}"};

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(BROKEN); i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf out = {0};

        assert_int_equal(qund_mask_json(qund_str(BROKEN[i]), &out), QUND_E_BUG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_lose_their_numbers_and_nothing_else),
        cmocka_unit_test(each_time_a_number_is_said_it_is_masked),
        cmocka_unit_test(a_disguise_does_not_help),
        cmocka_unit_test(what_stands_inside_is_masked_too),
        cmocka_unit_test(identifiers_and_other_numbers_stay),
        cmocka_unit_test(what_is_no_json_is_not_let_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
