/* test_comers.c - who comes, how many, who does not. */
#include "text/comers.h"
#include "text/comers_words.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct qund_comers read(const char *text)
{
    struct qund_comers r;

    qund_comers_read(qund_str(text), &r);
    return r;
}

static void a_party_is_what_its_clause_is_made_of(void **state)
{
    static const struct {
        const char *text;
        unsigned party;
    } v[] = {
        {"我哋两大一细", 3}, {"俺爷儿俩", 2},   {"大人两个,孙子一个", 3},
        {"三个变五个", 5},   {"一家五口", 5},   {"老头子不去 就我一人", 1},
        {"我和我妹", 2},     {"囡囡外婆陪", 2}, {"爸爸妈妈带她,一共三个人", 3},
        {"六个变七个", 7},   {"我自己", 1},     {"小朋友两个", 0},
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(v); i++)
        if (read(v[i].text).party != v[i].party || read(v[i].text).other)
            fail_msg("\"%s\": %u persons", v[i].text, read(v[i].text).party);
}

static void what_is_said_last_stands_last(void **state)
{
    struct qund_comers r = read("他爸值班 就我带葱葱");

    (void)state;
    assert_true(r.joined > r.stays);
    r = read("下雨了 我不来了哈 你们好好玩");
    assert_true(r.stays > r.heads && r.stays > r.joined && r.stays > r.comes);
    r = read("老头子不去 就我一人");
    assert_true(r.heads > r.stays && r.stays > 0);
}

static void what_is_no_person_is_not_counted(void **state)
{
    static const char *const v[] = {"荔枝吃了四个", "两个小时才到", "才学了仨月",    "第二个",
                                    "每位多少钱",   "一口价",       "我报的是六人班"};

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(v); i++)
        if (read(v[i]).heads || read(v[i]).party)
            fail_msg("\"%s\" counts persons", v[i]);
}

static void doubt_way_and_late_places_are_told_apart(void **state)
{
    struct qund_comers way = read("已经在路上"), late = read("现在加名字还赶得上啵"),
                       doubt = read("去不去要等周三才晓得"), firm = read("照旧");

    (void)state;
    assert_true(way.way && !way.late && !way.doubts);
    assert_true(late.late && !late.way);
    assert_true(doubt.doubts && !doubt.heads);
    assert_true(firm.firm && firm.comes);
}

static void when_somebody_comes_hides_nobody(void **state)
{
    (void)state;
    assert_true(read("我俩口子六点五十到").heads && read("我俩口子六点五十到").party == 2);
    assert_true(read("讲座我要听,一位").plain && !read("老李一个").plain);
    assert_int_equal(read("忙不过来").stays, 0);
}

static void a_text_of_many_clauses_is_read_to_a_bound(void **state)
{
    char text[400];

    (void)state;
    for (size_t i = 0; i + 1 < sizeof text; i++)
        text[i] = i % 2 ? ',' : '1';
    text[sizeof text - 1] = 0;
    assert_true(read(text).clauses <= 24);
    assert_int_equal(read("").clauses, 0);
}

static void the_word_table_fits_its_index(void **state)
{
    (void)state;
    assert_true(qund_scan_table_ok(&comers_table));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_party_is_what_its_clause_is_made_of),
        cmocka_unit_test(what_is_said_last_stands_last),
        cmocka_unit_test(what_is_no_person_is_not_counted),
        cmocka_unit_test(doubt_way_and_late_places_are_told_apart),
        cmocka_unit_test(when_somebody_comes_hides_nobody),
        cmocka_unit_test(a_text_of_many_clauses_is_read_to_a_bound),
        cmocka_unit_test(the_word_table_fits_its_index),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
