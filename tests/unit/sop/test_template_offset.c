/* Offsets: what each form means, that there is one way to print it, and what is refused. */
#include "sop/template.h"
#include "unit.h"

#define DAY (24 * 3600000LL)

static const struct {
    const char *text;
    enum qund_sop_base base;
    int days, clock;
    long long ms;
    const char *printed;
} good[] = {
    {"T-14d 10:00", QUND_SOP_AT_EVENT, -14, 600, 0, "T-14d 10:00"},
    {"T 08:00", QUND_SOP_AT_EVENT, 0, 480, 0, "T 08:00"},
    {"T", QUND_SOP_AT_EVENT, 0, -1, 0, "T"},
    {"T +0m", QUND_SOP_AT_EVENT, 0, -1, 0, "T"},
    {"T-2h", QUND_SOP_AT_EVENT, 0, -1, -7200000, "T-2h"},
    {"T +90m", QUND_SOP_AT_EVENT, 0, -1, 5400000, "T+1h30m"},
    {"T +1d 09:00", QUND_SOP_AT_EVENT, 1, 540, 0, "T+1d 09:00"},
    {" T - 24h 09:00 ", QUND_SOP_AT_EVENT, -1, 540, 0, "T-1d 09:00"},
    {"D3 20:00", QUND_SOP_AT_DAY, 3, 1200, 0, "D3 20:00"},
    {"D0 00:00", QUND_SOP_AT_DAY, 0, 0, 0, "D0 00:00"},
    {"+5m", QUND_SOP_AT_START, 0, -1, 300000, "+5m"},
    {"+0m", QUND_SOP_AT_START, 0, -1, 0, "+0m"},
    {"+24h", QUND_SOP_AT_START, 0, -1, DAY, "+1d"},
    {"+0d 10:00", QUND_SOP_AT_START, 0, 600, 0, "+0d 10:00"},
    {"+1d 10:30", QUND_SOP_AT_START, 1, 630, 0, "+1d 10:30"},
};

static void every_form_is_read_and_printed_in_one_way(void **state)
{
    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(good); i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf out = {0};
        struct qund_sop_offset o, again;

        assert_int_equal(qund_sop_offset_parse(qund_str(good[i].text), &o, NULL), 0);
        assert_int_equal(o.base, good[i].base);
        assert_int_equal(o.days, good[i].days);
        assert_int_equal(o.clock_min, good[i].clock);
        assert_int_equal(o.ms, good[i].ms);
        qund_sop_offset_print(&o, &out);
        assert_string_equal(out.p, good[i].printed);
        assert_int_equal(qund_sop_offset_parse(qund_buf_view(&out), &again, NULL), 0);
        assert_int_equal(again.ms, o.ms);
        assert_int_equal(again.days, o.days);
    }
}

static void what_happens_is_a_closed_list_with_event_types(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};
    struct qund_sop_offset o;
    struct qund_err err;

    (void)state;
    assert_int_equal(qund_sop_offset_parse(QUND_STR("on:delivered"), &o, NULL), 0);
    assert_int_equal(o.base, QUND_SOP_AT_ON);
    assert_string_equal(qund_sop_on_event(o.on), "order.delivered");
    qund_sop_offset_print(&o, &out);
    assert_string_equal(out.p, "on:delivered");
    assert_int_equal(qund_sop_offset_parse(QUND_STR("on:member_joind"), &o, &err), QUND_E_INVAL);
    assert_non_null(strstr(err.text, "nearest known: 'member_joined'"));
    assert_null(qund_sop_on_event(QUND_STR("full_moon")));
}

static const char *const bad[] = {
    "",
    "tomorrow",
    "T-14",
    "T10:00x",
    "T-36h 10:00",
    "T-1d 24:00",
    "T-1d 9:00",
    "D3",
    "D-1 10:00",
    "D0+10m",
    "Dx 10:00",
    "+",
    "-5m",
    "T-401d",
    "D401 10:00",
    "on:",
    "T-1d1d",
    "T +5m 1:0",
    "10:00",
    "+1d 10:60",
    "T*2h",
    "D99999999999999999999 10:00",
};

static void everything_else_is_refused_with_a_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(bad); i++) {
        struct qund_sop_offset o;
        struct qund_err err = {0};

        if (qund_sop_offset_parse(qund_str(bad[i]), &o, &err) != QUND_E_INVAL || !err.text[0])
            fail_msg("'%s' was read", bad[i]);
    }
}

static void durations_print_in_the_fewest_units(void **state)
{
    static const struct {
        long long ms;
        const char *text;
    } all[] = {{0, "0s"}, {90000, "1m30s"}, {DAY, "1d"}, {DAY + 1, "1d1ms"}, {5400000, "1h30m"}};

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(all); i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf out = {0};
        int64_t ms;

        qund_sop_duration_print(all[i].ms, &out);
        assert_string_equal(out.p, all[i].text);
        assert_int_equal(qund_str_duration(qund_buf_view(&out), &ms), 0);
        assert_int_equal(ms, all[i].ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_is_read_and_printed_in_one_way),
        cmocka_unit_test(what_happens_is_a_closed_list_with_event_types),
        cmocka_unit_test(everything_else_is_refused_with_a_reason),
        cmocka_unit_test(durations_print_in_the_fewest_units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
