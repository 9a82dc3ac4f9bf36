/* Conditions, values, and the closed lists of metrics and flags. */
#include "sop/task.h"
#include "sop/template.h"
#include "unit.h"

/* Each as people write it, and as it is printed. */
static const char *const good[][2] = {
    {"opt_out", "opt_out"},
    {"  group_paused ", "group_paused"},
    {"joins >= 60", "joins>=60"},
    {"joins<10 in 72h", "joins<10 in 3d"},
    {"leaves>=5% in 1d", "leaves>=5% in 1d"},
    {"keyword_hits<40% of customers at T-1d 10:00", "keyword_hits<40% at T-1d 10:00"},
    {"signups<15% of capacity at T-11d", "signups<15% of capacity at T-11d"},
    {"unanswered>0 at D6 18:00", "unanswered>0 at D6 18:00"},
    {"stock.toolkit==0", "stock.toolkit==0"},
    {"stock==0", "stock==0"},
    {"keyword_hits.约>=1", "keyword_hits.约>=1"},
    {"checkins>{{ forecast.high }}", "checkins>{{forecast.high}}"},
    {"satisfaction<=2.50", "satisfaction<=2.5"},
    {"complaints>=0.125%", "complaints>=0.125%"},
    {"orders>=130% of stock in 1h in", NULL},
    {"refund_open at +1d 10:00", "refund_open at +1d 10:00"},
    {"redeems>=007", "redeems>=7"},
};

static void every_condition_is_printed_in_one_way(void **state)
{
    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(good); i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf out = {0}, again = {0};
        struct qund_sop_cond c;
        struct qund_err err = {0};
        int rc = qund_sop_cond_parse(qund_str(good[i][0]), &c, &err);

        if (!good[i][1]) {
            assert_int_equal(rc, QUND_E_INVAL);
            continue;
        }
        if (rc < 0)
            fail_msg("%s: %s", good[i][0], err.text);
        qund_sop_cond_print(&c, &out);
        assert_string_equal(out.p, good[i][1]);
        assert_int_equal(qund_sop_cond_parse(qund_buf_view(&out), &c, NULL), 0);
        qund_sop_cond_print(&c, &again);
        assert_string_equal(again.p, good[i][1]);
    }
}

/* As a template has it, and as staff read it. */
static const struct {
    const char *text, *typed, *said;
} TO_STAFF[] = {
    {"speakers>=15%", NULL, "发言人数达到 15%"},
    {"messages<3 in 30m", NULL, "30 分钟内发言数不到 3"},
    {"signups<15% of capacity at T-11d", NULL, "报名不到容量的 15%"},
    {"stock.toolkit==0", NULL, "库存（toolkit）等于 0"},
    {"unanswered>0 in 26h", NULL, "1 天 2 小时内没人回的问题超过 0"},
    {"reply_minutes<=2.5", NULL, "回复用时（分钟）不超过 2.5"},
    {"checkins>{{forecast.high}}", "80", "到场超过 80"},
    {"checkins>{{forecast.high}}", NULL, "到场超过 {{forecast.high}}"},
    {"task_done<1 at T-30m", NULL, "还没做完"},
    {"task_done>=1", NULL, "已做完"},
    {"safety_issue", NULL, "有安全问题"},
};

static void staff_read_a_condition_in_their_language(void **state)
{
    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(TO_STAFF); i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf out = {0};
        const char *typed = TO_STAFF[i].typed;
        struct qund_sop_cond c;

        assert_int_equal(qund_sop_cond_parse(qund_str(TO_STAFF[i].text), &c, NULL), 0);
        qund_sop_cond_say(&c, typed ? qund_str(typed) : QUND_STR_NONE, &out);
        assert_string_equal(out.p, TO_STAFF[i].said);
    }
}

static void a_reason_is_said_and_what_somebody_wrote_is_left(void **state)
{
    static const char *const REASONS[][2] = {
        {"past its window", "过了时间"},
        {"cap:group_day", "频次上限：每群每天"},
        {"stop:speakers>=15%", "停止条件：发言人数达到 15%"},
        {"stop:safety_issue", "停止条件：有安全问题"},
        {"opt_out", "退订"},
        {"客户说：改天再来", "客户说：改天再来"},
        {"stock: none left", "stock: none left"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(REASONS); i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf out = {0};

        qund_sop_reason_say(qund_str(REASONS[i][0]), &out);
        assert_string_equal(out.p ? out.p : "", REASONS[i][1]);
    }
}

static void nothing_that_can_be_asked_is_without_a_word_for_staff(void **state)
{
    (void)state;
    for (int i = 0; i < QUND_SOP_METRICS; i++)
        assert_true((unsigned char)qund_sop_metric_zh((enum qund_sop_metric)i)[0] > 127);
    for (int i = QUND_SOP_FLAG_NONE + 1; i < QUND_SOP_FLAGS; i++)
        assert_true((unsigned char)qund_sop_flag_zh((enum qund_sop_flag)i)[0] > 127);
    for (int i = 0; i < QUND_SOP_BASES; i++)
        assert_true((unsigned char)qund_sop_count_of_zh((enum qund_sop_count_of)i)[0] > 127);
}

static void the_parts_of_a_condition_are_told_apart(void **state)
{
    struct qund_sop_cond c;

    (void)state;
    assert_int_equal(
        qund_sop_cond_parse(QUND_STR("signups<15% of capacity in 2h at T-11d"), &c, NULL), 0);
    assert_int_equal(c.flag, QUND_SOP_FLAG_NONE);
    assert_int_equal(c.metric, QUND_SOP_SIGNUPS);
    assert_int_equal(c.op, QUND_SOP_LT);
    assert_true(c.value.percent);
    assert_int_equal(c.value.of, QUND_SOP_OF_CAPACITY);
    assert_int_equal((int)c.value.n, 15);
    assert_int_equal(c.in_ms, 7200000);
    assert_true(c.has_at);
    assert_int_equal(c.at.ms, -11 * QUND_DAY_MS);
    assert_int_equal(qund_sop_cond_parse(QUND_STR("stock.a.b>{{stock.x}}"), &c, NULL), 0);
    assert_true(qund_str_is(c.of_what, "a.b"));
    assert_true(qund_str_is(c.value.var, "stock.x"));
}

static const char *const bad[][2] = {
    {"opt_ot", "unknown flag 'opt_ot'; nearest known: 'opt_out'"},
    {"always", "unknown flag 'always'"},
    {"join<10", "unknown metric 'join'; nearest known: 'joins'"},
    {"joins", "joins is compared with something: joins>=10"},
    {"leaves>=5%d", "after a percentage comes nothing or its base, as in 30% of signups"},
    {"signups>=30% of capcity",
     "unknown base of a percentage 'capcity'; nearest known: 'capacity'"},
    {"signups>=many", "'many' is no value: write 20, 8%, 30% of signups or {{variable}}"},
    {"signups>=-1", "'-1' is no value: write 20, 8%, 30% of signups or {{variable}}"},
    {"signups>=1.2345", "'1.2345' is no value: write 20, 8%, 30% of signups or {{variable}}"},
    {"signups>={{a}}{{b}}", "a value is a number or one {{variable}}"},
    {"joins<10 in soon", "after `in` comes how far back to look: 1m to 90d, not 'soon'"},
    {"opt_out in 3d", "opt_out is so or not: `in` has no place here"},
    {"joins<10 at on:delivered", "a condition is asked at a time, not on:…"},
    {"reply_minutes>20%",
     "reply_minutes counts neither people nor things: write a number, no percentage"},
    {"signups.x>1", "only stock and keyword_hits are of something: write signups"},
    {"stock.>1", "what stock is of must be one word of at most 48 bytes"},
    {"speakers>=2000%", "a percentage is at most 1000%"},
    {"", "unknown flag ''"},
};

static void everything_else_is_refused_with_a_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(bad); i++) {
        struct qund_sop_cond c;
        struct qund_err err = {0};

        assert_int_equal(qund_sop_cond_parse(qund_str(bad[i][0]), &c, &err), QUND_E_INVAL);
        assert_string_equal(err.text, bad[i][1]);
    }
}

static void the_closed_lists_name_each_entry_once(void **state)
{
    (void)state;
    for (int i = 0; i < QUND_SOP_METRICS; i++)
        assert_int_equal(
            qund_sop_metric_parse(qund_str(qund_sop_metric_name((enum qund_sop_metric)i))), i);
    for (int i = QUND_SOP_FLAG_NONE + 1; i < QUND_SOP_FLAGS; i++)
        assert_int_equal(qund_sop_flag_parse(qund_str(qund_sop_flag_name((enum qund_sop_flag)i))),
                         i);
    assert_int_equal(qund_sop_metric_parse(QUND_STR("opt_out")), QUND_E_NOTFOUND);
    assert_int_equal(qund_sop_flag_parse(QUND_STR("")), QUND_E_NOTFOUND);
    assert_true(qund_sop_flag_personal(QUND_SOP_OPT_OUT));
    assert_false(qund_sop_flag_personal(QUND_SOP_GROUP_PAUSED));
    assert_int_equal(qund_sop_metric_source(QUND_SOP_SATISFACTION), QUND_SOP_REPORTED);
    assert_int_equal(qund_sop_metric_source(QUND_SOP_ORDERS), QUND_SOP_FROM_EVENTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_condition_is_printed_in_one_way),
        cmocka_unit_test(staff_read_a_condition_in_their_language),
        cmocka_unit_test(a_reason_is_said_and_what_somebody_wrote_is_left),
        cmocka_unit_test(nothing_that_can_be_asked_is_without_a_word_for_staff),
        cmocka_unit_test(the_parts_of_a_condition_are_told_apart),
        cmocka_unit_test(everything_else_is_refused_with_a_reason),
        cmocka_unit_test(the_closed_lists_name_each_entry_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
