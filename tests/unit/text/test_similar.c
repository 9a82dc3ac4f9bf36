/* tests/unit/text/test_similar.c */
#include "text/similar.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int sim(const char *a, const char *b)
{
    int one = qund_text_similar(qund_str(a), qund_str(b));

    assert_int_equal(one, qund_text_similar(qund_str(b), qund_str(a)));
    return one;
}

static void equal_texts_are_wholly_alike_and_strangers_are_not(void **state)
{
    (void)state;
    assert_int_equal(sim("本周六开放样板间", "本周六开放样板间"), 1000);
    assert_int_equal(sim("", ""), 1000);
    assert_int_equal(sim("好", "好"), 1000);
    assert_int_equal(sim("好", "坏"), 0);
    assert_int_equal(sim("", "好的呀"), 0);
    assert_int_equal(sim("本周六开放", "明天下雨吗"), 0);
}

static void small_changes_keep_texts_alike(void **state)
{
    int near, far;

    (void)state;
    near = sim("本周六开放样板间参观名额十位", "本周六开放样板间参观,名额10位");
    far = sim("本周六开放样板间参观名额十位", "本周六下雨样板房不开");
    assert_true(near > 700 && near < 1000);
    assert_true(far > 0 && far < 500);
    assert_int_equal(sim("night", "nacht"), 250); /* the textbook's pair */
    assert_int_equal(sim("aaaa", "aa"), 500);     /* each pair counts as often as it stands there */
}

static void long_texts_are_compared_by_their_beginning(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf a = {0}, b = {0};

    (void)state;
    for (int i = 0; i < 20000; i++)
        qund_buf_puts(&a, "头");
    qund_buf_str(&b, qund_buf_view(&a));
    qund_buf_puts(&b, "尾");
    assert_int_equal(qund_text_similar(qund_buf_view(&a), qund_buf_view(&b)), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_texts_are_wholly_alike_and_strangers_are_not),
        cmocka_unit_test(small_changes_keep_texts_alike),
        cmocka_unit_test(long_texts_are_compared_by_their_beginning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
