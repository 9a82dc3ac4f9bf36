/* test_shipped_rules.c - config/rules loads without an error, and its files give every intent. */
#include "rule/rule.h"
#include "text/fold.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_rules_load_and_give_every_intent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
