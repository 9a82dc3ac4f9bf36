/* test_shipped_rules.c - config/rules loads without an error, and its files give every intent; its
 * table of leanings leans where anybody would. */
#include "core/file.h"
#include "rule/rule.h"
#include "text/fold.h"
#include "text/lean.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void the_shipped_rules_load_and_give_every_intent(void **state)
{
    static const char *const intents[] = {"price_question", "complaint",     "purchase_intent",
                                          "signup",         "signup_cancel", "signup_confirm",
                                          "needs_reply",    "room_no",       "phone",
                                          "spam",           "opt_out",       "staff_risk"};
    const char *dirs[] = {QUND_SOURCE_DIR "/config/rules"};
    const struct qund_fold *fold = qund_fold_tables();
    struct qund_rules_opts opts = {0};
    struct qund_rules *rules = NULL;
    struct qund_errs errs;
    int rc;

    (void)state;
    opts.fold = fold;
    qund_errs_init(&errs, 20);
    rc = qund_rules_load(dirs, 1, &opts, &rules, &errs);
    for (size_t i = 0; i < errs.n; i++)
        print_error("%s: %s\n", errs.v[i].where, errs.v[i].text);
    assert_int_equal(rc, 0);
    for (size_t k = 0; k < QUND_ARRAY_LEN(intents); k++) {
        char action[64];
        bool given = false;

        snprintf(action, sizeof action, "{\"intent\":\"%s\"}", intents[k]);
        for (size_t i = 0; i < qund_rules_count(rules); i++) {
            struct qund_rule_info info;

            qund_rules_info(rules, i, &info);
            given = given || qund_str_find(info.text, 0, qund_str(action)) >= 0;
        }
        if (!given)
            fail_msg("no rule gives %s", intents[k]);
    }
    qund_errs_done(&errs);
    qund_rules_unref(rules);
}

static struct qund_lean *shipped_table(void)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct qund_lean *l = NULL;
    struct qund_errs errs;

    qund_errs_init(&errs, 3);
    assert_int_equal(qund_file_read(QUND_SOURCE_DIR "/config/rules/" QUND_LEAN_FILE,
                                    QUND_LEAN_FILE_MAX, &text, NULL),
                     0);
    if (qund_lean_parse(QUND_LEAN_FILE, qund_buf_view(&text), &l, &errs) < 0)
        fail_msg("%s: %s", errs.v[0].where, errs.v[0].text);
    qund_errs_done(&errs);
    return l;
}

/* Sentences of no labelled chat. Bands, not numbers: the table is trained anew now and then. */
static void the_shipped_table_leans_where_anybody_would(void **state)
{
    static const struct {
        const char *text, *intent;
        int from, to;
    } cases[] = {
        {"订了两个星期还没送来，打电话也没人接", "complaint", 60, 99},
        {"今天的云真好看", "complaint", 0, 5},
        {"这个一共要多少钱", "price_question", 60, 99},
        {"我已经到家了", "price_question", 0, 5},
        {"请问明天几点开门？", "needs_reply", 80, 99},
        {"谢谢楼上的大哥", "needs_reply", 0, 10},
        {"你们的广告不要再发给我了", "opt_out", 60, 99},
        {"招兼职，时间自由，一天两百，加我微信", "spam", 50, 99},
        {"好的收到啦", "spam", 0, 3},
        {"礼拜天上午包饺子，谁家想来报一声，大人孩子各几位", "call_signup", 5, 99},
        {"明天包饺子，面今晚就得和，来的各家都回个话", "call_confirm", 5, 99},
        {"师傅已经在路上了，半小时到您家", "call_signup", 0, 2},
        {"师傅已经在路上了，半小时到您家", "call_confirm", 0, 2},
    };
    struct qund_lean *l = shipped_table();

    (void)state;
    assert_in_range(qund_lean_bytes(l), 1, 700 << 10);
    for (size_t i = 0; i < QUND_ARRAY_LEN(cases); i++) {
        struct qund_buf folded = {0};
        struct qund_leanings out;
        int at = qund_lean_find(l, qund_str(cases[i].intent)), percent;

        assert_true(at >= 0);
        qund_fold_str(qund_fold_tables(), qund_str(cases[i].text), &folded);
        qund_lean_score(l, qund_buf_view(&folded), 0, &out);
        percent = qund_lean_percent(out.sum[at]);
        if (percent < cases[i].from || percent > cases[i].to)
            fail_msg("%s: %s %d, not within %d and %d", cases[i].text, cases[i].intent, percent,
                     cases[i].from, cases[i].to);
        qund_buf_done(&folded);
    }
    qund_lean_unref(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_rules_load_and_give_every_intent),
        cmocka_unit_test(the_shipped_table_leans_where_anybody_would),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
