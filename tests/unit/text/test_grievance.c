/* test_grievance.c - complaints by their shape, whatever the trade; and what only sounds like one.
 */
#include "text/grievance.h"
#include "text/grievance_words.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void ours_beside_what_should_not_be_is_a_grievance(void **state)
{
    static const char *const yes[] = {
        "骑手把汤洒一半,还让我点已送达",
        "护工夜里叫不醒,我爸尿了一床",
        "座位说是中间,到场一看是最边上柱子后头",
        "取个相册取了两个月,每次都说在印",
        "新装的马桶一冲水就往外冒",
        "讲义错字连篇,公式都印反了",
        "店里小姑娘翻着白眼跟我说爱买不买",
        "直播间说买一送一,到货就一件",
        "老年餐咸得齁人,血压高的咋吃",
        "我那套裙子开线了",
        "导游全程念稿,跟背课文一样",
        "昨天换的机油,今天底下一滩油",
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(yes); i++)
        if (qund_grievance_find(qund_str(yes[i])) != QUND_GRIEVANCE_OURS)
            fail_msg("\"%s\" is no grievance", yes[i]);
}

static void half_of_it_and_what_is_said_of_others_is_none(void **state)
{
    static const char *const no[] = {
        "",
        "你们几点关门",                  /* ours alone */
        "坏了",                          /* a bad state alone */
        "我等了两个月",                  /* a span alone */
        "楼上装修的师傅把墙敲坏了",      /* a neighbour's */
        "公司的外卖送来都凉了洒一半",    /* elsewhere */
        "我家墙渗水,你们能做防水吗",     /* asks */
        "上次裂的那块师傅来补好了,谢谢", /* settled */
        "如果送来是坏的怎么办",          /* supposes */
        "说好了,周六见",                 /* a promise that nothing has broken */
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(no); i++)
        if (qund_grievance_find(qund_str(no[i])) == QUND_GRIEVANCE_OURS)
            fail_msg("\"%s\" is a grievance", no[i]);
}

static void open_anger_outweighs_the_question(void **state)
{
    (void)state;
    assert_int_equal(qund_grievance_find(QUND_STR("牛肉切开发黑,谁敢吃,你们要不要看看")),
                     QUND_GRIEVANCE_OURS);
    assert_int_equal(qund_grievance_find(QUND_STR("隔壁店的牛肉发黑,谁敢吃")),
                     QUND_GRIEVANCE_ASIDE);
}

static void what_names_only_others_is_an_aside(void **state)
{
    (void)state;
    assert_int_equal(qund_grievance_find(QUND_STR("单位食堂跟猪食一样")), QUND_GRIEVANCE_ASIDE);
    assert_int_equal(qund_grievance_find(QUND_STR("我手机摔坏了")), QUND_GRIEVANCE_ASIDE);
    assert_int_equal(qund_grievance_find(QUND_STR("跟单位食堂说你们送来的都凉了")),
                     QUND_GRIEVANCE_NONE); /* left to the rules */
}

static void the_words_are_in_order(void **state)
{
    (void)state;
    assert_true(qund_scan_table_ok(&grievance_table));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ours_beside_what_should_not_be_is_a_grievance),
        cmocka_unit_test(half_of_it_and_what_is_said_of_others_is_none),
        cmocka_unit_test(open_anger_outweighs_the_question),
        cmocka_unit_test(what_names_only_others_is_an_aside),
        cmocka_unit_test(the_words_are_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
