/* What may be written and is warned of, what the law refuses, and how long a text may be. */
#include "core/file.h"
#include "sop/template_parts.h"
#include "template_unit.h"

#define EXPECT "expect: {metric: speakers, gte: 3, window: 2h}"

/* One step and what is said about it; NULL: nothing at all. Keys before `steps` in head. */
struct remark {
    const char *head, *steps, *error, *warning;
};
#define GOAL "goal: {main_conversion: 无, targets: {orders: 3}}\n"
#define STEP(keys) "  - {id: S01, at: D0 10:00, role: star, channel: group, " keys "}\n"

static const struct remark remarks[] = {
    {GOAL, STEP("content: 好, " EXPECT), NULL, NULL},
    {"", STEP("content: 好, " EXPECT), NULL,
     "1:1: the template has no goal: what is it for? (goal: {main_conversion: …})\n"
     "1:1: the template has no result to measure (goal: {targets: {orders: 10}})\n"},
    {GOAL, STEP("content: 好"), NULL,
     "5:5: the step expects nothing: how will you know that it worked? (`expect`)\n"},
    {GOAL, STEP("content: 好, expect: {metric: satisfaction, gte: 4, window: 1d}"), NULL,
     "5:86: nothing brings satisfaction by itself: somebody has to type it on the task's page, "
     "else "
     "it is not judged\n"},
    {GOAL, STEP("content: 好, alert: {when: joins<10 in 3d, to: leader}, " EXPECT), NULL,
     "5:83: joins is below that from the start: say when to look, as in joins<10 at D3 10:00\n"},
    {GOAL, STEP("content: 待补, ready_by: D0 08:00, " EXPECT), NULL,
     "5:66: the content is not written yet ('待补'); it must be by D0 08:00, and its task is held "
     "until then\n"},
    {GOAL "params: [{name: a, default: b}]\n", STEP("content: 好, " EXPECT), NULL,
     "4:17: nothing uses the param 'a'\n"},
    {GOAL "roles: {koc_fan: {actor_kind: invited_customer, evidence: order_or_visit_id, "
          "disclosure: 邀请}}\n",
     "  - {id: S01, at: D0 10:00, role: koc_fan, channel: group, content: 我买了很好用, " EXPECT
     "}\n",
     NULL,
     "6:69: koc_fan speaks in words of his own: give him a topic, no script "
     "(话题（自己的话说）：…)\n"},
    {GOAL, "  - {id: S01, at: D0 10:00, role: leader, channel: sms, content: 来看看, " EXPECT "}\n",
     NULL, "5:66: a marketing SMS says how to opt out (回 T 退订)\n"},
    {GOAL,
     STEP(
         "content: 好, " EXPECT) "  - {id: S02, at: D0 12:00, role: star, channel: group, content: "
                                 "好, " EXPECT "}\n  - {id: S03, at: +20h, role: star, channel: "
                                 "group_notice, content: 好, " EXPECT "}\n",
     NULL, NULL},
    {GOAL,
     STEP(
         "content: 好, " EXPECT) "  - {id: S02, at: D0 12:00, role: star, channel: group, content: "
                                 "好, " EXPECT
                                 "}\n  - {id: S03, at: D0 20:00, role: star, channel: "
                                 "group_notice, content: 好, " EXPECT "}\n",
     NULL,
     "7:19: the third marketing post of its group on one day: the usual cap of 2 a day holds it "
     "back "
     "(move it, or kind: service if it is one)\n"},
    {GOAL "scope: contact\n",
     "  - {id: S01, at: +1d 10:00, role: star, channel: one_to_one, content: 好, " EXPECT "}\n"
     "  - {id: S02, at: +7d 10:00, role: star, channel: one_to_one, content: 好, " EXPECT "}\n"
     "  - {id: S03, at: +8d 10:00, role: star, channel: one_to_one, content: 好, kind: "
     "service, " EXPECT
     "}\n  - {id: S04, at: +14d 10:00, role: star, channel: one_to_one, content: 好, " EXPECT "}\n",
     NULL,
     "7:19: S01 wrote to the same person less than 7 days before: the usual cap of one a week "
     "holds "
     "this one back\n"},
    {GOAL, STEP("content: 百分百放心, " EXPECT),
     "5:66: '百分百' may not stand here: an absolute claim or a promise of effect (Advertising "
     "Law, "
     "article 9); say what can be shown\n",
     NULL},
    {GOAL, STEP("content: 我们不承诺百分百放心，也没有最低价, " EXPECT), NULL, NULL},
};

static void each_remark_is_made_where_it_belongs(void **state)
{
    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(remarks); i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf text = {0}, errors = {0}, warnings = {0};
        QUND_AUTO(qund_sop_template_free) struct qund_sop_template *t = NULL;
        const struct remark *r = &remarks[i];

        qund_buf_printf(&text, "id: x\ntitle: 甲\n%ssteps:\n%s", r->head, r->steps);
        qund_ignore(unit_template(text.p, &t, &errors, &warnings)); /* told by what was said */
        assert_string_equal(errors.n ? errors.p : "", r->error ? r->error : "");
        assert_string_equal(warnings.n ? warnings.p : "", r->warning ? r->warning : "");
        assert_int_equal(t != NULL, !r->error);
    }
}

static void a_draft_is_marked_as_not_finished(void **state)
{
    QUND_AUTO(qund_sop_template_free)
    struct qund_sop_template *t =
        unit_good_template("id: x\ntitle: 甲\nsteps:\n" STEP("content: 待补, ready_by: D0 08:00"));

    (void)state;
    assert_true(t->steps[0].unfinished);
}

/* A text of n Han characters on a channel. */
static int of_length(size_t n, const char *channel, struct qund_buf *errors,
                     struct qund_buf *warnings)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    QUND_AUTO(qund_sop_template_free) struct qund_sop_template *t = NULL;

    qund_buf_printf(&text,
                    "id: x\ntitle: 甲\n" GOAL
                    "steps:\n  - {id: S01, at: D0 10:00, kind: service, role: "
                    "leader, channel: %s, " EXPECT ", content: ",
                    channel);
    for (size_t i = 0; i < n; i++)
        qund_buf_puts(&text, "好");
    qund_buf_puts(&text, "}\n");
    return unit_template(text.p, &t, errors, warnings);
}

static void a_text_fits_its_channel_or_is_refused(void **state)
{
    static const struct {
        const char *channel;
        size_t usual, most;
    } all[] = {{"group", 600, 682}, {"group_notice", 600, 682}, {"one_to_one", 300, 682},
               {"sms", 70, 333},    {"staff_task", 682, 682},   {"form", 300, 682}};

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(all); i++) {
        const size_t lengths[] = {all[i].usual, all[i].usual + 1, all[i].most, all[i].most + 1};

        for (size_t k = 0; k < 4; k++) {
            QUND_AUTO(qund_buf_done) struct qund_buf errors = {0}, warnings = {0};
            int rc = of_length(lengths[k], all[i].channel, &errors, &warnings);

            assert_int_equal(rc, lengths[k] > all[i].most ? QUND_E_INVAL : 0);
            assert_int_equal(warnings.n > 0,
                             lengths[k] > all[i].usual && lengths[k] <= all[i].most);
        }
    }
}

static void the_disclosure_counts_as_part_of_the_post(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0}, warnings = {0};
    QUND_AUTO(qund_sop_template_free) struct qund_sop_template *t = NULL;

    (void)state;
    qund_buf_puts(&text, "id: x\ntitle: 甲\n" GOAL
                         "roles: {questioner: {actor_kind: staff, evidence: member_questions, "
                         "disclosure: （主持人代问）}}\nsteps:\n  - {id: S01, at: D0 10:00, role: "
                         "questioner, channel: group, " EXPECT ", content: ");
    for (int i = 0; i < 595; i++)
        qund_buf_puts(&text, "问");
    qund_buf_puts(&text, "}\n");
    assert_int_equal(unit_template(text.p, &t, NULL, &warnings), 0);
    assert_non_null(
        strstr(warnings.p, "about 602 characters: on group nobody reads more than 600"));
}

/* What an employee would be reminded of afterwards is what is refused beforehand. */
static void restricted_words_are_those_of_the_shipped_rules(void **state)
{
    static const enum qund_sop_wording lists[] = {QUND_SOP_WORDS_ABSOLUTE, QUND_SOP_WORDS_PRIVATE};
    QUND_AUTO(qund_buf_done) struct qund_buf rules = {0};

    (void)state;
    assert_int_equal(qund_file_read(QUND_SOURCE_DIR "/config/rules/90-staff-risk.yaml",
                                    (size_t)1 << 20, &rules, NULL),
                     0);
    for (size_t k = 0; k < QUND_ARRAY_LEN(lists); k++) {
        size_t n;
        const char *const *words = qund_sop_wording_words(lists[k], &n);

        assert_true(n > 10);
        for (size_t i = 0; i < n; i++)
            if (!strstr(rules.p, words[i]))
                fail_msg("%s is not in 90-staff-risk.yaml", words[i]);
    }
}

static void words_are_found_through_their_disguises_and_not_where_denied(void **state)
{
    static const struct {
        enum qund_sop_wording list;
        const char *text, *found;
    } all[] = {
        {QUND_SOP_WORDS_ABSOLUTE, "本店全網最低", "全网最低"},
        {QUND_SOP_WORDS_ABSOLUTE, "绝对安全", "绝对安全"},
        {QUND_SOP_WORDS_ABSOLUTE, "不敢说绝对安全", NULL},
        {QUND_SOP_WORDS_ABSOLUTE, "不敢说绝对安全，但是行业第一", "行业第一"},
        {QUND_SOP_WORDS_ABSOLUTE, "面包会烤焦", NULL},
        {QUND_SOP_WORDS_PRIVATE, "请勿私下交易", NULL},
        {QUND_SOP_WORDS_PRIVATE, "可以私下交易", "私下交易"},
        {QUND_SOP_WORDS_PURCHASE, "我也买了一套", "我也买了"},
        {QUND_SOP_WORDS_PURCHASE, "我们家装修", NULL},
        {QUND_SOP_WORDS_UNDONE, "ＴＯＤＯ", "todo"},
        {QUND_SOP_WORDS_UNDONE, "", NULL},
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(all); i++) {
        struct qund_str got = qund_sop_wording_find(all[i].list, qund_str(all[i].text));

        if (!qund_str_eq(got, qund_str(all[i].found)))
            fail_msg("%s: found %.*s", all[i].text, QUND_STR_ARG(got));
    }
}

static void a_figure_that_nobody_counted_is_found_and_a_limit_is_not(void **state)
{
    static const struct {
        const char *text;
        bool typed;
    } all[] = {
        {"86人已下单", true},
        {"已有 86 位邻居下单", true},
        {"８６　人　已　下　单", true},
        {"128 人报了名，手慢无", true},
        {"今天卖了30份", true},
        {"已成交 36 单", true},
        {"三十多户已经下定", true},
        {"100多位家长报名了", true},
        {"30份已抢完", true},
        {"满30人成团", false},
        {"前50名下单送保温杯", false},
        {"前 50 名已报名的送保温杯", false},
        {"每天限30份，已下单的明天取", false},
        {"还剩{{stock.box}}份", false},
        {"已有{{count.orders}}人下单", false},
        {"12 月 1 日已报名的邻居请看这里", false},
        {"一位已报名的邻居问：能带孩子吗", false},
        {"3 人拼团立减 10 元", false},
        {"买 2 份送 1 份", false},
        {"每户报名 2 位", false},
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(all); i++)
        if (qund_sop_types_count(qund_str(all[i].text)) != all[i].typed)
            fail_msg("%s", all[i].text);
}

static void an_account_of_somebodys_own_is_found_and_the_firms_is_not(void **state)
{
    static const struct {
        const char *text;
        bool own;
    } all[] = {
        {"加我微信 abc12345", true},      {"想看的加我微信", true},
        {"微信号：Abc_12345", true},      {"加 我 微 信", true},
        {"ＶＸ：xiaoxia88", true},        {"qq 12345678", true},
        {"企业微信 qimu-service", false}, {"加我企业微信", false},
        {"微信扫码进小程序", false},      {"微信支付 100 元起", false},
        {"QQ群 123456789", false},        {"公众号回复“工具包”", false},
        {"{{link:wx_service}}", false},
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(all); i++)
        if (qund_sop_types_account(qund_str(all[i].text)) != all[i].own)
            fail_msg("%s", all[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_remark_is_made_where_it_belongs),
        cmocka_unit_test(a_draft_is_marked_as_not_finished),
        cmocka_unit_test(a_text_fits_its_channel_or_is_refused),
        cmocka_unit_test(the_disclosure_counts_as_part_of_the_post),
        cmocka_unit_test(restricted_words_are_those_of_the_shipped_rules),
        cmocka_unit_test(words_are_found_through_their_disguises_and_not_where_denied),
        cmocka_unit_test(a_figure_that_nobody_counted_is_found_and_a_limit_is_not),
        cmocka_unit_test(an_account_of_somebodys_own_is_found_and_the_firms_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
