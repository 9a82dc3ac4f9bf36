/* test_chain.c - chain sign-ups: what a list says that the one before it did not. */
#include "text/chain.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define HEAD "#接龙\n9.27云栖专场团购会\n"

static struct qund_chain lists[2];

/* "+王先生/3-2-1502/2 -小林/5-1-903/1" for the step from one list to the next. */
static const char *step(const char *prev, const char *next, const char *sender)
{
    static const char marks[] = {'+', '~', '-'};
    static char line[1024];
    struct qund_chain_diff d[16];
    size_t n, at = 0;
    bool had = prev && qund_chain_parse(qund_str(prev), true, &lists[0]);

    assert_true(qund_chain_parse(qund_str(next), true, &lists[1]));
    n = qund_chain_compare(had ? &lists[0] : NULL, &lists[1], qund_str(sender), d, 16);
    line[0] = '\0';
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(line + at, sizeof line - at, "%s%c%.*s/%s/%u%s", i ? " " : "",
                               marks[d[i].change], QUND_STR_ARG(d[i].row->name), d[i].row->room,
                               d[i].row->party, d[i].own ? "*" : "");
    return line;
}

static void only_the_new_row_of_a_copied_list_counts(void **state)
{
    const char *first = HEAD "1. 3-2-1502 王先生 2人";
    const char *second = HEAD "1. 3-2-1502 王先生 2人\n2. 5-1-903 小林 1人";
    const char *third = HEAD "1. 3-2-1502 王先生 2人\n2. 5-1-903 小林 1人\n"
                             "3. 12-1-603 陈太 3人(带两个小朋友)";

    (void)state;
    assert_string_equal(step(HEAD "1. ", first, "3-2-1502 王先生"), "+王先生/3-2-1502/2*");
    assert_string_equal(step(first, second, "5-1-903小林"), "+小林/5-1-903/1*");
    assert_string_equal(step(second, third, "陈太(12栋)"), "+陈太/12-1-603/3*");
}

static void rows_for_others_are_told_from_the_senders_own(void **state)
{
    (void)state;
    assert_string_equal(
        step(HEAD "1. 王先生",
             HEAD "1. 王先生\n2. 11-2-0305 老徐 2人\n3. kevin 1人\n4. 3#1503 豆豆妈 2大1小",
             "豆豆妈"),
        "+老徐/11-2-305/2 +kevin//1 +豆豆妈/3-?-1503/3*");
}

static void a_changed_row_and_a_removed_row_are_reported_as_such(void **state)
{
    (void)state;
    assert_string_equal(
        step(HEAD "1. 王先生 2人\n2. 小林 1人", HEAD "1. 王先生 3人\n2. 小林 1人", "王先生"),
        "~王先生//3*");
    assert_string_equal(step(HEAD "1. 王先生\n2. 小林\n3. 阿敏", HEAD "1. 小林\n2. 阿敏", "王先生"),
                        "-王先生//1*");
}

static void two_who_copied_the_same_list_do_not_cancel_each_other(void **state)
{
    (void)state;
    assert_string_equal(step(HEAD "1. 王先生\n2. 小林", HEAD "1. 王先生\n2. 阿敏", "阿敏"),
                        "+阿敏//1*");
}

static void numbers_glued_to_names_and_other_separators_are_rows(void **state)
{
    (void)state;
    assert_string_equal(step(NULL, "接龙 周末观影\n1、张三\n2、李四+2\n3.3-2-501小王2人", "x"),
                        "+张三//1 +李四//2 +小王/3-2-501/2");
    assert_string_equal(step(NULL, "接龙\n1张三\n2李四", "x"), "+张三//1 +李四//1");
}

static void numbered_questions_are_no_list(void **state)
{
    const char *text = "我有两个问题\n1. 多少钱\n2. 几天装好";

    (void)state;
    assert_false(qund_chain_parse(qund_str(text), false, &lists[0]));
    assert_false(qund_chain_parse(QUND_STR(HEAD "1. "), true, &lists[0]));
    assert_false(qund_chain_parse(QUND_STR("帮我接龙一下"), true, &lists[0]));
}

static void party_sizes_are_read_as_people_say_them(void **state)
{
    static const struct {
        const char *text;
        unsigned party;
    } v[] = {{"报名 2 位", 2},
             {"3大1小", 4},
             {"2大人1小孩", 3},
             {"一家三口", 3},
             {"两大一小", 3},
             {"我家两口子", 2},
             {"1 我家仨大人", 3},
             {"我和老公", 2},
             {"带老公一起共2人", 2},
             {"+1", 1},
             {"报2个", 2},
             {"三位", 3},
             {"1502", 0},
             {"第3个", 0},
             {"预算3-5千", 0},
             {"", 0}};

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(v); i++)
        if (qund_chain_party(qund_str(v[i].text)) != v[i].party)
            fail_msg("\"%s\": got %u", v[i].text, qund_chain_party(qund_str(v[i].text)));
}

static void rows_beyond_the_bound_are_left_out(void **state)
{
    struct qund_buf b = {0};

    (void)state;
    qund_buf_puts(&b, "接龙\n");
    for (int i = 1; i <= 400; i++)
        qund_buf_printf(&b, "%d. 成员%d号\n", i, i);
    assert_true(qund_chain_parse(qund_buf_view(&b), true, &lists[0]));
    assert_int_equal(lists[0].n, QUND_CHAIN_ROWS_MAX);
    qund_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_new_row_of_a_copied_list_counts),
        cmocka_unit_test(rows_for_others_are_told_from_the_senders_own),
        cmocka_unit_test(a_changed_row_and_a_removed_row_are_reported_as_such),
        cmocka_unit_test(two_who_copied_the_same_list_do_not_cancel_each_other),
        cmocka_unit_test(numbers_glued_to_names_and_other_separators_are_rows),
        cmocka_unit_test(numbered_questions_are_no_list),
        cmocka_unit_test(party_sizes_are_read_as_people_say_them),
        cmocka_unit_test(rows_beyond_the_bound_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
