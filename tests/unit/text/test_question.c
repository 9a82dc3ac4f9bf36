/* test_question.c - questions and requests that wait for staff, and what only looks like one. */
#include "text/question.h"
#include "text/question_words.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct qund_talk quiet = {.last_age_ms = -1};

static void questions_show_in_words_forms_and_particles(void **state)
{
    static const char *const yes[] = {
        "请问全屋定制多少钱一平?",
        "设计费怎么收",
        "这个电视柜多少米的",
        "能停车吗 几点结束",
        "我3-5千预算能做个鞋柜不",
        "到了没",
        "有没有不酸的葡萄",
        "呢个价包唔包拆旧㗎?",
        "茶点有冇",
        "how much is it",
        "行不行",
        "给推荐推荐",
        "么时候能约",
        "素材下不来",
        "秒杀链接先发呗",
        "麻烦补一下小票",
        "20万够不够啊",
        "3号楼什么时候交房??",
        "自提码在哪看",
        "系统显示付款成功但没订单,怎么回事",
        "hi, is there anyone who speaks english?",
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(yes); i++)
        if (!qund_question_find(qund_str(yes[i]), &quiet))
            fail_msg("\"%s\" waits for nobody", yes[i]);
}

static void statements_thanks_and_rhetoric_wait_for_nobody(void **state)
{
    static const char *const no[] = {
        "早",
        "收到",
        "谢谢周工的分享,干货满满",
        "还没,说是月底",
        "我家就是这个!!",
        "666",
        "谁能想到一个月前我还推不动60呢",
        "???",
        "哈哈哈哈",
        "差不多",
        "没什么事",
        "时不时看看",
        "我做了 后悔",
        "还没有",
        "不一定",
        "有人拼单猫粮吗",
        "有人一起团购空调吗",
        "不用回我,我就吐槽下天气真烦",
        "多谢夏天帮我改人数",
        "不报不报,我早装完了",
        "等我问下老公先",
        "",
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(no); i++)
        if (qund_question_find(qund_str(no[i]), &quiet))
            fail_msg("\"%s\" waits for an answer", no[i]);
}

static void the_talk_around_decides_whom_a_question_is_for(void **state)
{
    struct qund_talk talk = {.reply_to = QUND_WHO_MEMBER, .last_age_ms = -1};
    struct qund_str s = QUND_STR("你那个柜子多少钱");

    (void)state;
    assert_true(qund_question_find(s, &quiet));
    assert_false(qund_question_find(s, &talk));
    talk.mentions_staff = true;
    assert_true(qund_question_find(s, &talk));

    talk = (struct qund_talk){.last_who = QUND_WHO_MEMBER, .last_age_ms = 60000};
    assert_false(qund_question_find(QUND_STR("啥毛病"), &talk));
    assert_true(qund_question_find(QUND_STR("啥毛病"), &quiet));
    talk.last_who = QUND_WHO_STAFF;
    assert_true(qund_question_find(QUND_STR("啥毛病"), &talk));

    talk = (struct qund_talk){.other_room = true, .last_age_ms = -1};
    assert_false(qund_question_find(QUND_STR("想问问3.2.1502家用的什么板材"), &talk));
    assert_true(qund_question_find(QUND_STR("有没有做过8-1801这种边户的"), &talk));
}

static void the_word_table_fits_its_index(void **state)
{
    (void)state;
    assert_true(qund_scan_table_ok(&question_table));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_show_in_words_forms_and_particles),
        cmocka_unit_test(statements_thanks_and_rhetoric_wait_for_nobody),
        cmocka_unit_test(the_talk_around_decides_whom_a_question_is_for),
        cmocka_unit_test(the_word_table_fits_its_index),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
