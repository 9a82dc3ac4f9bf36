/* tests/unit/sop/test_proof.c - what of two texts decides that one is the other. The figures on
 * posts as people write them are test_proof_set.c's. */
#include "sop/proof.h"

#include "unit.h"

static const char COUPON[] =
    "今日小福利：200 元抵扣券，回复「预约」领取，每户一张，满 4000 元可用，有效到活动当天。";

static enum qund_proof_like like_of(const char *content, const char *post, int *score)
{
    const struct qund_fold *f = qund_fold_tables();
    QUND_AUTO(qund_folded_done) struct qund_folded folded = {0};
    QUND_AUTO(qund_proof_text_free) struct qund_proof_text *text = NULL;
    int unused;

    assert_int_equal(qund_proof_text_new(f, qund_str(content), &text), 0);
    assert_int_equal(qund_fold_text(f, qund_str(post), &folded), 0);
    return qund_proof_compare(text, &folded, score ? score : &unused);
}

static void assert_like(const char *content, const char *post, enum qund_proof_like want)
{
    int score = 0;
    enum qund_proof_like got = like_of(content, post, &score);

    if (got != want)
        fail_msg("%s (%d), not %s: %s", qund_proof_like_name(got), score,
                 qund_proof_like_name(want), post);
}

static void what_stands_around_the_content_does_not_matter(void **state)
{
    int score = 0;

    (void)state;
    assert_int_equal(like_of(COUPON, COUPON, &score), QUND_PROOF_VERBATIM);
    assert_int_equal(score, 1000);
    assert_like(COUPON,
                "@所有人 各位邻居中午好～\n今日小福利：200元抵扣券，回复“预约”领取，每户一张，"
                "满4000元可用，有效到活动当天！\nhttps://s.example/c?n=300",
                QUND_PROOF_VERBATIM);
    assert_like(COUPON, "各位邻居中午好，https://s.example/c", QUND_PROOF_OTHER);
}

static void a_number_that_differs_makes_it_another_text(void **state)
{
    (void)state;
    assert_like(
        COUPON,
        "今日小福利：100 元抵扣券，回复「预约」领取，每户一张，满 4000 元可用，有效到活动当天。",
        QUND_PROOF_DOUBTFUL);
    assert_like("明天周六10:00在二楼开讲，带上卷尺和户型图",
                "明天周日10:00在二楼开讲，带上卷尺和户型图", QUND_PROOF_DOUBTFUL);
    assert_like("明天上午9点在二楼开讲，带上卷尺和户型图",
                "明天晚上9点在二楼开讲，带上卷尺和户型图", QUND_PROOF_DOUBTFUL);
    assert_like("想要提醒的回复「草莓」，到点前我逐个提醒",
                "想要提醒的回复「樱桃」，到点前我逐个提醒", QUND_PROOF_DOUBTFUL);
}

static void a_number_in_other_letters_is_the_same(void **state)
{
    static const char asked[] = "周六 20:00 秒杀三款好物，满 4,000 元送一箱水，限 20 份";

    (void)state;
    assert_like(asked, "周六20：00秒杀3款好物，满4000元送1箱水，限二十份", QUND_PROOF_VERBATIM);
    assert_like(asked, "星期六晚上8点秒杀③款好物，满4千元送一箱水，限20份", QUND_PROOF_EDITED);
    assert_like("十九点半开始，记得带笔", "19:30开始，记得带笔", QUND_PROOF_VERBATIM);
}

static void sentences_may_change_places_and_the_last_may_go(void **state)
{
    static const char asked[] =
        "周末洗护有空位，周六上午还剩3个。小型犬68，中型犬98。提前一天约时间，疫苗本记得带。";

    (void)state;
    assert_like(
        asked,
        "提前一天约时间，疫苗本记得带。周末洗护有空位，周六上午还剩3个。小型犬68，中型犬98。",
        QUND_PROOF_EDITED);
    assert_like(asked, "周末洗护有空位，周六上午还剩3个。小型犬68，中型犬98。", QUND_PROOF_EDITED);
    assert_like(asked, "疫苗本记得带。", QUND_PROOF_OTHER);
}

static void an_open_variable_may_be_filled_with_anything(void **state)
{
    static const char asked[] =
        "〔member.nick〕，您的订单今天发出，单号〔order.no〕，到了先验货再签收。";

    (void)state;
    assert_like(asked, "王女士，您的订单今天发出，单号SF1382200456，到了先验货再签收。",
                QUND_PROOF_VERBATIM);
    assert_like(asked, "王女士，您的退款今天发出，三天内到账。", QUND_PROOF_OTHER);
}

static void a_quote_is_not_a_post(void **state)
{
    char post[1024];

    (void)state;
    snprintf(post, sizeof(post), "「小赵：%s」\n- - - - - - - - - -\n可以的，两家各领各的", COUPON);
    assert_like(COUPON, post, QUND_PROOF_OTHER);
    snprintf(post, sizeof(post), "“小赵：早”\n——————\n%s", COUPON);
    assert_like(COUPON, post, QUND_PROOF_VERBATIM);
}

static void a_short_content_must_be_there_whole_and_alone(void **state)
{
    (void)state;
    assert_like("晚安，明天见", "晚安啦，明天见～", QUND_PROOF_EDITED);
    assert_like("晚安，明天见", "晚安", QUND_PROOF_OTHER);
    assert_like("晚安", "晚安", QUND_PROOF_VERBATIM);
    assert_like("晚安", "阿芬晚安，您的退款我明天上午九点再去仓库催一次", QUND_PROOF_DOUBTFUL);
}

static void a_content_without_signs_is_refused(void **state)
{
    struct qund_proof_text *text = NULL;

    (void)state;
    assert_int_equal(qund_proof_text_new(qund_fold_tables(), QUND_STR("🎉🎉～"), &text),
                     QUND_E_INVAL);
    assert_int_equal(qund_proof_text_new(qund_fold_tables(), QUND_STR(""), &text), QUND_E_INVAL);
    assert_int_equal(qund_proof_text_new(qund_fold_tables(), QUND_STR("〔offer〕"), &text),
                     QUND_E_INVAL);
    assert_null(text);
}

/* The engine must not be held up by what a member can paste. */
static void long_texts_that_repeat_themselves_are_compared_in_time(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf a = {0}, b = {0};
    QUND_AUTO(qund_folded_done) struct qund_folded folded = {0};
    QUND_AUTO(qund_proof_text_free) struct qund_proof_text *text = NULL;
    int score = 0;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        qund_buf_puts(&a, "哈哈哈呵");
        qund_buf_puts(&b, "哈哈呵");
    }
    assert_int_equal(qund_proof_text_new(qund_fold_tables(), qund_buf_view(&a), &text), 0);
    assert_int_equal(qund_fold_text(qund_fold_tables(), qund_buf_view(&b), &folded), 0);
    for (int i = 0; i < 20; i++)
        assert_int_not_equal(qund_proof_compare(text, &folded, &score), QUND_PROOF_VERBATIM);
}

/* --- several tasks --- */

static int choose(const char *const *contents, size_t n, const char *post,
                  struct qund_proof_choice *out)
{
    const struct qund_fold *f = qund_fold_tables();
    QUND_AUTO(qund_folded_done) struct qund_folded folded = {0};
    struct qund_proof_text *texts[4] = {0};
    int rc;

    assert_int_equal(qund_fold_text(f, qund_str(post), &folded), 0);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(qund_proof_text_new(f, qund_str(contents[i]), &texts[i]), 0);
    rc = qund_proof_choose(texts, n, &folded, out);
    for (size_t i = 0; i < n; i++)
        qund_proof_text_free(texts[i]);
    return rc;
}

static void of_several_tasks_the_one_that_fits_is_proved(void **state)
{
    static const char *const open[] = {
        "今日小福利：验房工具包 30 份，回复「工具包」登记，活动当天凭手机号后四位领取，每户一份。",
        COUPON, "明天见。路线、停车、入场时间、取消入口都在公告里。"};
    struct qund_proof_choice c = {0};

    (void)state;
    assert_int_equal(choose(open, 3, COUPON, &c), 0);
    assert_int_equal(c.at, 1);
    assert_int_equal(c.like, QUND_PROOF_VERBATIM);
    assert_false(c.ambiguous);
    assert_int_equal(choose(open, 3, "早上好，今天降温", &c), QUND_E_NOTFOUND);
    assert_int_equal(choose(open, 0, COUPON, &c), QUND_E_NOTFOUND);
}

static void of_equal_texts_the_first_is_proved(void **state)
{
    static const char *const open[] = {"早上好，今天多云，出门慢一点",
                                       "早上好，今天多云，出门慢一点。"};
    struct qund_proof_choice c = {0};

    (void)state;
    assert_int_equal(choose(open, 2, "早上好，今天多云，出门慢一点", &c), 0);
    assert_int_equal(c.at, 0);
    assert_false(c.ambiguous);
}

static void a_post_that_fits_two_texts_proves_neither(void **state)
{
    static const char *const open[] = {
        "各位邻居，本周的装修课改到线上，链接稍后发到群里，请留意群公告",
        "各位业主，本周的装修课改到线上，链接稍后发到群里，请留意群公告"};
    struct qund_proof_choice c = {0};

    (void)state;
    assert_int_equal(
        choose(open, 2, "各位，本周的装修课改到线上，链接稍后发到群里，请留意群公告", &c), 0);
    assert_true(c.ambiguous);
}

static void a_post_that_is_one_text_to_the_letter_is_no_edit_of_another(void **state)
{
    static const char *const open[] = {
        "这里聊老房翻新，不发广告、不拉票、有事先问",
        "欢迎！这里聊老房翻新，不发广告、不拉票、有事先问",
        "欢迎小鱼、老周！这里聊老房翻新，不发广告、不拉票、有事先问"};
    struct qund_proof_choice c = {0};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(choose(open, 3, open[i], &c), 0);
        assert_int_equal(c.at, i);
        assert_false(c.ambiguous);
    }
}

static void of_a_text_and_one_that_holds_it_the_whole_is_proved(void **state)
{
    static const char *const open[] = {
        "本周的装修课改到线上，链接稍后发到群里",
        "本周的装修课改到线上，链接稍后发到群里。没有空的邻居看回放，回放留七天。"};
    struct qund_proof_choice c = {0};

    (void)state;
    assert_int_equal(choose(open, 2, open[1], &c), 0);
    assert_int_equal(c.at, 1);
    assert_false(c.ambiguous);
    assert_int_equal(choose(open, 2, open[0], &c), 0);
    assert_int_equal(c.at, 0);
}

/* --- place and picture --- */

static void who_where_and_when_decide_first(void **state)
{
    const int64_t staff[] = {3, 5};
    struct qund_proof_ask ask = {
        .group = 1, .opens = 1000, .closes = 2000, .staff = staff, .n_staff = 2};

    (void)state;
    assert_int_equal(
        qund_proof_place(&ask, &(struct qund_proof_post){.group = 1, .ts = 1000, .staff = 5}),
        QUND_PROOF_HERE);
    assert_int_equal(
        qund_proof_place(&ask, &(struct qund_proof_post){.group = 1, .ts = 2000, .staff = 3}),
        QUND_PROOF_HERE);
    assert_int_equal(
        qund_proof_place(&ask, &(struct qund_proof_post){.group = 1, .ts = 999, .staff = 3}),
        QUND_PROOF_EARLY);
    assert_int_equal(
        qund_proof_place(&ask, &(struct qund_proof_post){.group = 1, .ts = 2001, .staff = 3}),
        QUND_PROOF_LATE);
    assert_int_equal(
        qund_proof_place(&ask, &(struct qund_proof_post){.group = 2, .ts = 1500, .staff = 3}),
        QUND_PROOF_OTHER_GROUP);
    assert_int_equal(
        qund_proof_place(&ask, &(struct qund_proof_post){.group = 1, .ts = 1500, .staff = 4}),
        QUND_PROOF_OTHER_PERSON);
}

static void a_picture_is_known_by_its_sum(void **state)
{
    const struct qund_str media[] = {QUND_STR("aa11"), QUND_STR("bb22")};
    struct qund_proof_ask ask = {.media_sha256 = media, .n_media = 2};

    (void)state;
    assert_true(
        qund_proof_media(&ask, &(struct qund_proof_post){.media_sha256 = QUND_STR("bb22")}));
    assert_false(
        qund_proof_media(&ask, &(struct qund_proof_post){.media_sha256 = QUND_STR("cc33")}));
    assert_false(qund_proof_media(&ask, &(struct qund_proof_post){.media_sha256 = QUND_STR_NONE}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stands_around_the_content_does_not_matter),
        cmocka_unit_test(a_number_that_differs_makes_it_another_text),
        cmocka_unit_test(a_number_in_other_letters_is_the_same),
        cmocka_unit_test(sentences_may_change_places_and_the_last_may_go),
        cmocka_unit_test(an_open_variable_may_be_filled_with_anything),
        cmocka_unit_test(a_quote_is_not_a_post),
        cmocka_unit_test(a_short_content_must_be_there_whole_and_alone),
        cmocka_unit_test(a_content_without_signs_is_refused),
        cmocka_unit_test(long_texts_that_repeat_themselves_are_compared_in_time),
        cmocka_unit_test(of_several_tasks_the_one_that_fits_is_proved),
        cmocka_unit_test(of_equal_texts_the_first_is_proved),
        cmocka_unit_test(a_post_that_fits_two_texts_proves_neither),
        cmocka_unit_test(a_post_that_is_one_text_to_the_letter_is_no_edit_of_another),
        cmocka_unit_test(of_a_text_and_one_that_holds_it_the_whole_is_proved),
        cmocka_unit_test(who_where_and_when_decide_first),
        cmocka_unit_test(a_picture_is_known_by_its_sum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
