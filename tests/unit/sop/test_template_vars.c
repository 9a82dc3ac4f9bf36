/* Variables: finding them, filling them once, and who may say what. */
#include "sop/template_parts.h"
#include "unit.h"

static int collect(void *arg, struct qund_str name)
{
    qund_buf_str(arg, name);
    qund_buf_char(arg, '|');
    return 0;
}

static int stop_at_second(void *arg, struct qund_str name)
{
    (void)name;
    return ++*(int *)arg == 2 ? 7 : 0;
}

static void variables_are_found_in_order(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};
    int n = 0;

    (void)state;
    assert_int_equal(qund_sop_vars(QUND_STR("{{a}}，{{ b.c }}x{{链接}}"), collect, &out), 0);
    assert_string_equal(out.p, "a|b.c|链接|");
    assert_int_equal(qund_sop_vars(QUND_STR("{{a}}{{b}}{{c}}"), stop_at_second, &n), 7);
    assert_int_equal(n, 2);
    assert_int_equal(qund_sop_vars(QUND_STR("no {{ end"), collect, &out), QUND_E_INVAL);
    assert_int_equal(qund_sop_vars(QUND_STR("}} no {begin}"), collect, &out), 0);
}

static int get(void *arg, struct qund_str name, struct qund_buf *out)
{
    (void)arg;
    if (qund_str_is(name, "nick"))
        qund_buf_puts(out, "阿{{date}}明");
    else if (qund_str_is(name, "empty"))
        return 0;
    else if (qund_str_is(name, "broken"))
        return QUND_E_IO;
    else
        return QUND_E_NOTFOUND;
    return 0;
}

static void filling_is_one_pass_and_leaves_visible_gaps(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};
    size_t missing = 9;

    (void)state;
    assert_int_equal(
        qund_sop_fill(QUND_STR("{{nick}}您好{{empty}}，{{facts}}。"), get, NULL, &out, &missing),
        0);
    assert_true(qund_str_is(qund_buf_view(&out), "阿{{date}}明您好，〔facts〕。"));
    assert_int_equal(missing, 1);
    assert_true(qund_sop_has_gap(qund_buf_view(&out)));
    assert_false(qund_sop_has_gap(QUND_STR("都好")));
    qund_buf_clear(&out);
    assert_int_equal(qund_sop_fill(QUND_STR(""), get, NULL, &out, &missing), 0);
    assert_int_equal(out.n, 0);
    assert_int_equal(missing, 0);
    assert_int_equal(qund_sop_fill(QUND_STR("x{{broken}}y"), get, NULL, &out, &missing), QUND_E_IO);
}

static void each_variable_is_of_one_kind(void **state)
{
    static const struct {
        const char *name;
        enum qund_sop_var kind;
    } all[] = {
        {"koc.benefit", QUND_SOP_VAR_PARAM},       {"brand", QUND_SOP_VAR_PARAM},
        {"link:map", QUND_SOP_VAR_PARAM},          {"link:", QUND_SOP_VAR_UNKNOWN},
        {"member.nick", QUND_SOP_VAR_LOOKED_UP},   {"expert.name", QUND_SOP_VAR_LOOKED_UP},
        {"koc_fan.name", QUND_SOP_VAR_UNKNOWN},    {"count.orders", QUND_SOP_VAR_RECORD},
        {"count.order", QUND_SOP_VAR_UNKNOWN},     {"count.reply_minutes", QUND_SOP_VAR_UNKNOWN},
        {"stock.toolkit", QUND_SOP_VAR_RECORD},    {"stock.", QUND_SOP_VAR_UNKNOWN},
        {"stock.a b", QUND_SOP_VAR_UNKNOWN},       {"forecast.low", QUND_SOP_VAR_RECORD},
        {"forecast.lowest", QUND_SOP_VAR_UNKNOWN}, {"", QUND_SOP_VAR_UNKNOWN},
        {"membr.nick", QUND_SOP_VAR_UNKNOWN},
    };
    struct qund_sop_param p = {.name = QUND_STR("koc.benefit")}, implied;
    struct qund_sop_template t = {.params = &p, .n_params = 1};

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(all); i++)
        if (qund_sop_var_kind(&t, qund_str(all[i].name)) != all[i].kind)
            fail_msg("%s is of another kind", all[i].name);
    assert_string_equal(qund_sop_var_nearest(&t, QUND_STR("membr.nick")), "member.nick");
    assert_string_equal(qund_sop_var_nearest(&t, QUND_STR("koc.benefits")), "koc.benefit");
    assert_string_equal(qund_sop_var_nearest(&t, QUND_STR("count.order")), "count.orders");
    assert_true(qund_sop_var_implied(QUND_STR("link:map"), &implied));
    assert_true(qund_str_is(implied.type, "link"));
    assert_false(qund_sop_var_implied(QUND_STR("member.nick"), &implied));
}

static void what_records_say_is_reserved(void **state)
{
    (void)state;
    assert_true(qund_sop_var_reserved(QUND_STR("count.orders")));
    assert_true(qund_sop_var_reserved(QUND_STR("count.anything")));
    assert_true(qund_sop_var_reserved(QUND_STR("stock.x")));
    assert_true(qund_sop_var_reserved(QUND_STR("leader.name")));
    assert_true(qund_sop_var_reserved(QUND_STR("event.date")));
    assert_true(qund_sop_var_reserved(QUND_STR("date")));
    assert_false(qund_sop_var_reserved(QUND_STR("event.place")));
    assert_false(qund_sop_var_reserved(QUND_STR("dates")));
    assert_false(qund_sop_var_reserved(QUND_STR("faq.1")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_are_found_in_order),
        cmocka_unit_test(filling_is_one_pass_and_leaves_visible_gaps),
        cmocka_unit_test(each_variable_is_of_one_kind),
        cmocka_unit_test(what_records_say_is_reserved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
