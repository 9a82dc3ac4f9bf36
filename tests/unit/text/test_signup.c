/* test_signup.c - sign-ups in plain words, and the calls they answer. */
#include "text/call_words.h"
#include "text/scan.h"
#include "text/signup.h"
#include "text/signup_words.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const int64_t hour = 3600 * 1000;

static struct qund_calls after(enum qund_call kind, int64_t ms)
{
    struct qund_calls c;

    qund_calls_none(&c);
    c.age_ms[kind] = ms;
    return c;
}

/* "signed 2", "cancelled 0", or "" */
static const char *said(const char *text, const struct qund_calls *c)
{
    static char line[64];
    struct qund_signup s;

    if (!qund_signup_find(qund_str(text), c, false, &s))
        return "";
    snprintf(line, sizeof line, "%s %u%s", qund_says_name(s.state), s.party, s.fresh ? " new" : "");
    return line;
}

struct pair {
    const char *text, *want;
};

static void check(const struct pair *v, size_t n, const struct qund_calls *c)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(said(v[i].text, c), v[i].want) != 0)
            fail_msg("\"%s\": want [%s], got [%s]", v[i].text, v[i].want, said(v[i].text, c));
}

static void words_sign_up_while_a_sign_up_runs(void **state)
{
    static const struct pair v[] = {
        {"报名 2 位", "signed 2 new"},
        {"报名", "signed 1 new"},
        {"+1", "signed 1 new"},
        {"我不会接龙,帮我报一个,11-2-0305 两个人", "signed 2 new"},
        {"+1 我家两口子 10栋 1单元 2203", "signed 2 new"},
        {"报名+1,不过我不一定能到,看加班情况", "maybe 1 new"},
        {"报2个", "signed 2 new"},
        {"算我一个!", "signed 1 new"},
        {"我两个", "signed 2 new"},
        {"李桂芳 一人", "signed 1 new"},
        {"lulu一个", "signed 1 new"},
        {"另一个", ""},
        {"能去就去,看加班", "maybe 1 new"},
        {"我那天监考去不了", ""},
        {"怎么报名", ""},
        {"报名费多少", ""},
        {"要提前报名吗", ""},
        {"我是昨天报名的,发票怎么开", ""},
        {"谢谢", ""},
        {"能停车吗 几点结束", ""},
        {"我家老彭说他也想贴 哈哈哈哈 我俩", "signed 2 new"},
        {"那我自己", "signed 1 new"},
        {"那我来 我和我对象俩 男的能进不", "signed 2 new"},
        {"我现在报还中不中 俩人", "signed 2 new"},
        {"帮我也写上呗 我一个人儿", "signed 1 new"},
        {"不一定能来,先占一个可以吗", "maybe 1 new"},
        {"现在还有位子么 两个", "signed 2 new"},
        {"我能补个名不", "signed 1 new"},
        {"还有空位没", ""},
        {"你来你就报名啊", ""},
        {"行 我去翻翻", ""},
        {"我自己装的", ""},
    };
    struct qund_calls c = after(QUND_CALL_SIGNUP, hour);

    (void)state;
    check(v, QUND_ARRAY_LEN(v), &c);
}

static void cancelling_and_confirming_are_told_apart(void **state)
{
    static const struct pair v[] = {
        {"1", "confirmed 0"},
        {"1,小朋友两个", "confirmed 0"},
        {"1 我家仨大人", "confirmed 3"},
        {"确认,2大1小", "confirmed 3"},
        {"1502这边我和我先生都去,只算一户哈", "confirmed 2"},
        {"我不去了 孩子发烧", "cancelled 0"},
        {"来!两个人", "confirmed 2"},
        {"我没事,去", "confirmed 0"},
        {"到时候见", "confirmed 0"},
        {"1,改成3个人", "confirmed 3"},
        {"那个坑给别人吧", "cancelled 0"},
        {"货还没到", ""},
        {"加班去不成了 抱歉", "cancelled 0"},
        {"我想取消报名,27号要出差", "cancelled 0"},
        {"去了才报价我就不去了", ""},
        {"现场能刷卡吗 有没有分期", ""},
        {"来来来", "confirmed 0"},
        {"来🎉 5-2-1106 三个人", "confirmed 3"},
        {"吱!我俩", "confirmed 2"},
        {"到了再说", ""},
        {"滚滚组全员到齐", "confirmed 0"},
        {"拉肚子了,我们弃赛", "cancelled 0"},
        {"这期去不了了 能顺延3期吗", "cancelled 0"},
        {"去不了了吗", ""},
        {"我也来 算一个", "signed 1 new"},
        {"到+3", "confirmed 3"},
        {"🙋到 空住个肚来", "confirmed 0"},
        {"我那条划掉", "cancelled 0"},
        {"还是别算我了", "cancelled 0"},
    };
    struct qund_calls c = after(QUND_CALL_CONFIRM, hour);

    (void)state;
    c.age_ms[QUND_CALL_SIGNUP] = 100 * hour;
    check(v, QUND_ARRAY_LEN(v), &c);
}

static void who_comes_answers_a_call(void **state)
{
    static const struct pair opened[] = {
        {"我哋两大一细 嘉嘉嘈咗成个月要去", "signed 3 new"},
        {"俺爷儿俩", "signed 2 new"},
        {"我和老伴儿俩人呗", "signed 2 new"},
        {"涵涵妈 两大一小 娃儿可以耍啥子不", "signed 3 new"},
        {"荔枝吃了四个", ""},
        {"上次买的锅坏了", ""},
        {"好的 我晚上看看", ""},
    };
    static const struct pair asked[] = {
        {"我们姐俩 照旧", "confirmed 2"}, {"两位按原来的,一点五十到门口", "confirmed 2"},
        {"三个变五个", "confirmed 5"},    {"现在加名字还赶得上啵 我陪", "signed 1 new"},
        {"俺那单西瓜送上来", ""},
    };
    struct qund_calls signup = after(QUND_CALL_SIGNUP, hour), both;

    (void)state;
    check(opened, QUND_ARRAY_LEN(opened), &signup);
    both = after(QUND_CALL_CONFIRM, hour);
    both.age_ms[QUND_CALL_SIGNUP] = 48 * hour;
    check(asked, QUND_ARRAY_LEN(asked), &both);
}

static void without_a_call_the_same_words_say_nothing(void **state)
{
    static const char *const words[] = {"+1", "1", "我去", "不去了", "两个人", "确认"};
    struct qund_calls none;

    (void)state;
    qund_calls_none(&none);
    for (size_t i = 0; i < QUND_ARRAY_LEN(words); i++)
        assert_string_equal(said(words[i], &none), "");
    assert_string_equal(said("报名 2位", &none), "signed 2 new");
}

static void a_members_invitation_takes_the_plus_one(void **state)
{
    struct qund_calls c = after(QUND_CALL_SIGNUP, 2 * hour);

    (void)state;
    c.age_ms[QUND_CALL_PEER] = hour;
    assert_string_equal(said("+1", &c), "");
}

static void who_stands_in_the_list_changes_his_row(void **state)
{
    static const struct {
        const char *text;
        unsigned party;
    } v[] = {{"女朋友来不了,改成我一个", 1}, {"我这边减一个,就我自己来", 1}, {"改成3大1小", 4}};
    struct qund_calls c = after(QUND_CALL_SIGNUP, hour);
    struct qund_signup s;

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(v); i++) {
        assert_true(qund_signup_find(qund_str(v[i].text), &c, true, &s));
        assert_true(s.fresh && s.state == QUND_SAYS_SIGNED);
        assert_int_equal(s.party, v[i].party);
    }
    assert_true(qund_signup_find(QUND_STR("那天出差去不了"), &c, true, &s));
    assert_int_equal(s.state, QUND_SAYS_CANCELLED);
    assert_true(qund_signup_find(QUND_STR("把我的名字删掉吧"), &c, true, &s));
    assert_int_equal(s.state, QUND_SAYS_CANCELLED);
}

static void orders_count_while_the_shop_takes_them(void **state)
{
    static const char *const yes[] = {
        "土鸡蛋来一板", "苹果2斤",   "3",          "1×2",      "葡萄一串,能送到南湖里3号楼吗",
        "花生3",        "同上,一斤", "山竹两斤+1", "冬瓜一个", "a一份",
        "那b1"};
    static const char *const no[] = {"昨天的车厘子有两颗烂的", "羊肉卷少给我3两", "谢谢阿芳",
                                     "抢到2串", "还有几个"};
    struct qund_calls c = after(QUND_CALL_ORDER, hour), none;

    (void)state;
    qund_calls_none(&none);
    for (size_t i = 0; i < QUND_ARRAY_LEN(yes); i++) {
        if (!qund_signup_order(qund_str(yes[i]), &c))
            fail_msg("\"%s\" is no order", yes[i]);
        assert_false(qund_signup_order(qund_str(yes[i]), &none));
    }
    for (size_t i = 0; i < QUND_ARRAY_LEN(no); i++)
        if (qund_signup_order(qund_str(no[i]), &c))
            fail_msg("\"%s\" is an order", no[i]);
}

static void calls_are_told_by_kind(void **state)
{
    static const struct {
        const char *text;
        bool staff;
        enum qund_call want;
    } v[] = {
        {"想参加的邻居直接接龙,格式:序号. 房号 称呼 人数", true, QUND_CALL_SIGNUP},
        {"想来的直接在群里说一声", true, QUND_CALL_SIGNUP},
        {"本周四长寿面活动,报名请说姓名和人数", true, QUND_CALL_SIGNUP},
        {"手作夜后天了,报名的宝子们回个来不来~", true, QUND_CALL_CONFIRM},
        {"后天开放日,报名的邻居们确认一下是否参加", true, QUND_CALL_CONFIRM},
        {"验车课堂后天,接龙的各位回个话", true, QUND_CALL_CONFIRM},
        {"听日讲座提一提 15:00开始 嚟到嘅请回覆「1」确认", true, QUND_CALL_CONFIRM},
        {"明天采摘,最后核一下人数,确定来的打个1", true, QUND_CALL_CONFIRM},
        {"接龙的各位,周六就要开课了,来不了的提前说一声", true, QUND_CALL_CONFIRM},
        {"后天下午的沙龙提醒一下,来的朋友请回1", true, QUND_CALL_CONFIRM},
        {"明早八点东门集合发车,都能到吧?能到的扣1", true, QUND_CALL_CONFIRM},
        {"各位报了名的妈妈,明天都来吧?吱个声我好备餐", true, QUND_CALL_CONFIRM},
        {"名单里的家人们,周日活动照常,临时有事的告诉我", true, QUND_CALL_CONFIRM},
        {"明天的试吃,已登记的邻居冒个泡", true, QUND_CALL_CONFIRM},
        {"今晚七点直播课准时开始,报名的家长在的扣个1", true, QUND_CALL_CONFIRM},
        {"后天下田插秧,按人头备饭,来的都应一声", true, QUND_CALL_CONFIRM},
        {"提醒:明日参观,请预约的家庭回复\"1\"", true, QUND_CALL_CONFIRM},
        {"听日行山,报咗名嘅应一声", true, QUND_CALL_CONFIRM},
        {"周六亲子营还来的回一下,我订车", true, QUND_CALL_CONFIRM},
        {"明天上午座谈会,请报名的叔叔阿姨回个话,方便安排座位", true, QUND_CALL_CONFIRM},
        {"再跟大家敲定一下明天的人数,来的回1", true, QUND_CALL_CONFIRM},
        {"爬爬赛明天下午两点,来的宝妈回复「来」,方便准备奖品", true, QUND_CALL_CONFIRM},
        {"明天俩点下午茶,再跟大伙儿确认一下,来的吱一声", true, QUND_CALL_CONFIRM},
        {"明天品鉴会 九点十分东门上车 来嘞回个1", true, QUND_CALL_CONFIRM},
        {"@老于 @刘姨 明天答疑会,请回复是否到", true, QUND_CALL_CONFIRM},
        {"@老于 明天给您回复", true, QUND_CALL_NONE},
        {"明早出发!老师们请回\"到+人数\",集合6:50", true, QUND_CALL_CONFIRM},
        {"耙耙柑10斤装49.9、土鸡蛋30枚36.8。上午十点截", true, QUND_CALL_ORDER},
        {"今天新来的车厘子,要的回复1", true, QUND_CALL_NONE},
        {"明天有免费体验课,去的扣1", true, QUND_CALL_NONE},
        {"周末采摘活动,想来的扣1", true, QUND_CALL_SIGNUP},
        {"免费听课名额10个,想参加的回复1", true, QUND_CALL_SIGNUP},
        {"后天有场品鉴会,感兴趣的吱一声", true, QUND_CALL_SIGNUP},
        {"明天降温,大家记得带伞", true, QUND_CALL_NONE},
        {"明天照常营业,九点开门", true, QUND_CALL_NONE},
        {"收到,我看一下马上回复您", true, QUND_CALL_NONE},
        {"想报名的回复人数", true, QUND_CALL_SIGNUP},
        {"周日教大家包饺子,限20人,来的报名,说下几个人", true, QUND_CALL_SIGNUP},
        {"您已报名成功,限本人使用", true, QUND_CALL_NONE},
        {"未确认到场的邻居麻烦扣1,便于我们备餐", true, QUND_CALL_CONFIRM},
        {"今天的早市:红富士9.9/斤、土鸡蛋15.8/板,10点前截单", true, QUND_CALL_ORDER},
        {"截单啦~本期鸡蛋68板", true, QUND_CALL_CLOSE},
        {"今日午餐:a红烧肉套餐18、b清蒸鱼套餐20,10点半前报份数", true, QUND_CALL_ORDER},
        {"【今晚话题】厨房做高低台到底值不值?", true, QUND_CALL_TOPIC},
        {"有人一起团购空调吗", false, QUND_CALL_PEER},
        /* no phrase of a call, but an event, whoever would like to, and how many */
        {"6月6号去荔枝园采摘,大巴来回,想去嘅报个数畀我:几大几细", true, QUND_CALL_SIGNUP},
        {"3月29日展厅办老业主下厨,免费吃,限25位,群里报人数", true, QUND_CALL_SIGNUP},
        {"周日上午英语剧场,要参加的回复:孩子名+大人几位", true, QUND_CALL_SIGNUP},
        /* said to those who said so before, and also to those who stay away */
        {"听日从化团正门集合!报咗名嘅街坊逐个覆我一声,去定唔去", true, QUND_CALL_CONFIRM},
        {"车座今天定死,还去的请报数", true, QUND_CALL_CONFIRM},
        {"开放日还有三天,要印胸牌了。报过的家长群里回一声:几个人、来不来?", true,
         QUND_CALL_CONFIRM},
        {"冬至锅底试吃倒计时3天,已报名见接龙", true, QUND_CALL_SIGNUP},
        {"早上好", true, QUND_CALL_NONE},
        {"想参加的邻居直接接龙", false, QUND_CALL_NONE},
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(v); i++)
        if (qund_call_find(qund_str(v[i].text), v[i].staff) != v[i].want)
            fail_msg("\"%s\": got %s", v[i].text,
                     qund_call_name(qund_call_find(qund_str(v[i].text), v[i].staff)));
}

static void the_word_table_fits_its_index(void **state)
{
    (void)state;
    assert_true(qund_scan_table_ok(&signup_table));
    assert_true(qund_scan_table_ok(&call_table));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_sign_up_while_a_sign_up_runs),
        cmocka_unit_test(cancelling_and_confirming_are_told_apart),
        cmocka_unit_test(who_comes_answers_a_call),
        cmocka_unit_test(without_a_call_the_same_words_say_nothing),
        cmocka_unit_test(a_members_invitation_takes_the_plus_one),
        cmocka_unit_test(who_stands_in_the_list_changes_his_row),
        cmocka_unit_test(orders_count_while_the_shop_takes_them),
        cmocka_unit_test(calls_are_told_by_kind),
        cmocka_unit_test(the_word_table_fits_its_index),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
