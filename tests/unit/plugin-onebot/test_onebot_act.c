/* test_onebot_act.c - pushes become actions, answers become ends. */
#include "act.h"
#include "unit.h"

static const struct ob_style ELEVEN = {.version = 11, .account = "7"};
static const struct ob_style STRINGS = {
    .version = 11, .group_text = true, .user_text = true, .message_text = true, .account = "7"};
static const struct ob_style TWELVE = {.version = 12, .account = "wxid", .platform = "wechat"};

static void acts(const struct ob_style *s, const char *to, const char *body, const char *want)
{
    struct ob_push_rules rules = {.to = to, .realm = "qq", .max_chars = 20};
    static const char *const FILES[16] = {"f-1", "f-2"};
    struct ob_push p;
    struct ob_pool pool = {0};
    const char *why = ob_push_read(&p, qund_str(body), &rules);
    json_t *a;

    if (why)
        fail_msg("%s: %s", why, body);
    a = ob_act_push(s, &p, FILES);
    assert_string_equal(ob_json_print(a, &pool).p, want);
    json_decref(a);
    ob_pool_done(&pool);
    ob_push_done(&p);
}

static void cannot(const char *to, const char *body, const char *why)
{
    struct ob_push_rules rules = {.to = to, .max_chars = 20};
    struct ob_push p;
    const char *said = ob_push_read(&p, qund_str(body), &rules);

    assert_non_null(said);
    assert_non_null(strstr(said, why));
    ob_push_done(&p);
}

static void a_message_goes_where_it_says(void **state)
{
    (void)state;
    acts(&ELEVEN, "private:1",
         "{\"kind\":\"message\",\"group\":\"100\",\"text\":\"好的\",\"mentions\":[\"8\",\"all\"],"
         "\"reply_to\":\"7:-33\"}",
         "{\"action\":\"send_group_msg\",\"params\":{\"group_id\":100,\"message\":["
         "{\"type\":\"reply\",\"data\":{\"id\":\"-33\"}},{\"type\":\"at\",\"data\":{\"qq\":\"8\"}},"
         "{\"type\":\"at\",\"data\":{\"qq\":\"all\"}},{\"type\":\"text\",\"data\":{\"text\":\" "
         "好的\"}}]}}");
    acts(&ELEVEN, NULL, "{\"kind\":\"message\",\"person_id\":\"8\",\"text\":\"好\"}",
         "{\"action\":\"send_private_msg\",\"params\":{\"user_id\":8,\"message\":["
         "{\"type\":\"text\",\"data\":{\"text\":\"好\"}}]}}");
}

static void ids_go_back_as_they_came(void **state)
{
    (void)state;
    acts(&STRINGS, NULL, "{\"kind\":\"message\",\"group\":\"100\",\"text\":\"x\"}",
         "{\"action\":\"send_group_msg\",\"params\":{\"group_id\":\"100\",\"message\":["
         "{\"type\":\"text\",\"data\":{\"text\":\"x\"}}]}}");
    acts(&ELEVEN, NULL, "{\"kind\":\"message\",\"group\":\"wr_1@chatroom\",\"text\":\"x\"}",
         "{\"action\":\"send_group_msg\",\"params\":{\"group_id\":\"wr_1@chatroom\",\"message\":["
         "{\"type\":\"text\",\"data\":{\"text\":\"x\"}}]}}");
    acts(&ELEVEN, NULL, "{\"kind\":\"recall\",\"group\":\"1\",\"message\":\"7:-33\"}",
         "{\"action\":\"delete_msg\",\"params\":{\"message_id\":-33}}");
    acts(&STRINGS, NULL, "{\"kind\":\"recall\",\"group\":\"1\",\"message\":\"7:33\"}",
         "{\"action\":\"delete_msg\",\"params\":{\"message_id\":\"33\"}}");
}

static void text_of_users_cannot_become_a_code(void **state)
{
    (void)state;
    acts(&ELEVEN, NULL, "{\"kind\":\"message\",\"group\":\"1\",\"text\":\"[CQ:at,qq=all]&#91;\"}",
         "{\"action\":\"send_group_msg\",\"params\":{\"group_id\":1,\"message\":["
         "{\"type\":\"text\",\"data\":{\"text\":\"[CQ:at,qq=all]&#91;\"}}]}}");
}

static void everything_else_is_sent_by_its_text(void **state)
{
    (void)state;
    acts(&ELEVEN, "group:5",
         "{\"kind\":\"alert\",\"text\":\"小王问价\",\"link\":\"https://q/"
         "1\",\"person\":{\"id\":\"s1\","
         "\"ids\":{\"qq\":\"99\",\"wecom\":\"x\"}}}",
         "{\"action\":\"send_group_msg\",\"params\":{\"group_id\":5,\"message\":["
         "{\"type\":\"at\",\"data\":{\"qq\":\"99\"}},{\"type\":\"text\",\"data\":{\"text\":\" "
         "小王问价\\nhttps://q/1\"}}]}}");
    acts(&ELEVEN, NULL,
         "{\"kind\":\"card\",\"text\":\"三件事\",\"person\":{\"ids\":{\"qq\":\"99\"}}}",
         "{\"action\":\"send_private_msg\",\"params\":{\"user_id\":99,\"message\":["
         "{\"type\":\"text\",\"data\":{\"text\":\"三件事\"}}]}}");
}

static void long_texts_are_cut_and_keep_their_link(void **state)
{
    (void)state;
    acts(&ELEVEN, "private:5",
         "{\"kind\":\"digest\",\"text\":\"一二三四五六七八九十一二三四五六七八九十又\",\"link\":"
         "\"https://q/1\"}",
         "{\"action\":\"send_private_msg\",\"params\":{\"user_id\":5,\"message\":[{\"type\":"
         "\"text\","
         "\"data\":{\"text\":\"一二三四五六七八九十一二三四五六七八九十…\\nhttps://q/1\"}}]}}");
}

static void a_card_that_is_cut_names_each_of_its_alerts(void **state)
{
    struct ob_push_rules rules = {.to = "group:5", .max_chars = 60};
    struct ob_push p;

    (void)state;
    assert_null(ob_push_read(&p,
                             QUND_STR("{\"kind\":\"card\",\"text\":\"3 条提醒\\n#7 "
                                      "询价｜多少钱多少钱多少钱多少钱多少钱多少钱\\n"
                                      "#8 询价｜多少钱多少钱多少钱多少钱多少钱多少钱\\n#9 "
                                      "投诉｜慢\\n回复：收到 7\",\"items\":["
                                      "{\"short\":\"7\",\"title\":\"询价\",\"text\":"
                                      "\"多少钱多少钱多少钱多少钱多少钱多少钱\"},"
                                      "{\"short\":\"8\",\"title\":\"询价\",\"text\":"
                                      "\"多少钱多少钱多少钱多少钱多少钱多少钱\"},"
                                      "{\"short\":\"9\",\"title\":\"投诉\",\"text\":\"慢\"}]}"),
                             &rules));
    assert_string_equal(
        p.text.p, "3 条提醒\n#7 询价｜多少钱多少钱多少钱多少…\n#8 询价｜多少钱多少钱多少钱多少…\n"
                  "#9 投诉｜慢\n回复：收到 7");
    ob_push_done(&p);
}

static void media_are_fetched_by_the_bridge(void **state)
{
    (void)state;
    acts(&ELEVEN, NULL,
         "{\"kind\":\"message\",\"group\":\"1\",\"text\":\"\",\"media\":[{\"kind\":\"image\","
         "\"url\":"
         "\"https://x/1.png\"},{\"kind\":\"file\",\"path\":\"/srv/a.pdf\",\"name\":\"a.pdf\"},"
         "{\"kind\":\"voice\",\"url\":\"https://x/v\"}]}",
         "{\"action\":\"send_group_msg\",\"params\":{\"group_id\":1,\"message\":["
         "{\"type\":\"image\",\"data\":{\"file\":\"https://x/1.png\"}},"
         "{\"type\":\"file\",\"data\":{\"file\":\"file:///srv/a.pdf\",\"name\":\"a.pdf\"}},"
         "{\"type\":\"record\",\"data\":{\"file\":\"https://x/v\"}}]}}");
}

static void replies_of_another_account_are_sent_without_the_quote(void **state)
{
    (void)state;
    acts(&ELEVEN, NULL,
         "{\"kind\":\"message\",\"group\":\"1\",\"text\":\"x\",\"reply_to\":\"8:5\"}",
         "{\"action\":\"send_group_msg\",\"params\":{\"group_id\":1,\"message\":["
         "{\"type\":\"text\",\"data\":{\"text\":\"x\"}}]}}");
}

static void version_twelve_has_other_names(void **state)
{
    (void)state;
    acts(&TWELVE, NULL,
         "{\"kind\":\"message\",\"group\":\"2190@chatroom\",\"text\":\"好\",\"mentions\":[\"wxid_"
         "a\","
         "\"all\"],\"reply_to\":\"wxid:9\",\"media\":[{\"kind\":\"image\",\"url\":\"https://x/"
         "1\"}]}",
         "{\"action\":\"send_message\",\"params\":{\"group_id\":\"2190@chatroom\",\"detail_type\":"
         "\"group\",\"message\":[{\"type\":\"reply\",\"data\":{\"message_id\":\"9\"}},"
         "{\"type\":\"mention\",\"data\":{\"user_id\":\"wxid_a\"}},{\"type\":\"mention_all\","
         "\"data\":"
         "{}},{\"type\":\"text\",\"data\":{\"text\":\" 好\"}},{\"type\":\"image\",\"data\":"
         "{\"file_id\":\"f-1\"}}]},\"self\":{\"platform\":\"wechat\",\"user_id\":\"wxid\"}}");
    acts(&TWELVE, NULL, "{\"kind\":\"message\",\"group\":\"G/C\",\"text\":\"x\"}",
         "{\"action\":\"send_message\",\"params\":{\"guild_id\":\"G\",\"channel_id\":\"C\","
         "\"detail_type\":\"channel\",\"message\":[{\"type\":\"text\",\"data\":{\"text\":\"x\"}}]},"
         "\"self\":{\"platform\":\"wechat\",\"user_id\":\"wxid\"}}");
    acts(&TWELVE, NULL, "{\"kind\":\"recall\",\"message\":\"wxid:9\"}",
         "{\"action\":\"delete_message\",\"params\":{\"message_id\":\"9\"},"
         "\"self\":{\"platform\":\"wechat\",\"user_id\":\"wxid\"}}");
}

static void what_can_never_be_sent_says_why(void **state)
{
    (void)state;
    cannot(NULL, "{\"kind\":\"alert\",\"text\":\"x\"}", "nobody to send it to");
    cannot("group:1", "{\"kind\":\"message\",\"text\":\"x\",\"confirm\":true}", "at once");
    cannot(NULL, "{\"kind\":\"alert\",\"text\":\"x\"}", "no `to` (group:ID or private:ID)");
    cannot(NULL, "{\"kind\":\"alert\",\"text\":\"x\",\"person\":{\"ids\":{\"wx\":\"7\"}}}",
           "whom it is for has no id in the channel's realm");
    cannot("group:1", "{\"kind\":\"alert\"}", "no text");
    cannot("group:1", "{\"kind\":\"recall\"}", "no message to take back");
    cannot("group:1", "nonsense", "not JSON");
}

static void addresses_of_a_configuration_are_checked(void **state)
{
    (void)state;
    assert_true(ob_to_is_sound("group:123"));
    assert_true(ob_to_is_sound("private:wxid_a"));
    assert_false(ob_to_is_sound("group:"));
    assert_false(ob_to_is_sound("123"));
    assert_false(ob_to_is_sound(""));
}

static void ends(int version, int64_t retcode, const char *words, int64_t attempt,
                 enum qund_delivered how)
{
    assert_int_equal(ob_end_of(version, retcode, qund_str(words), attempt).how, how);
}

static void codes_of_eleven_mean(void **state)
{
    (void)state;
    ends(11, 0, "", 1, QUND_SENT);
    ends(11, 1, "", 1, QUND_UNKNOWN);
    ends(11, 100, "bad group_id", 1, QUND_DROP);
    ends(11, 102, "", 1, QUND_DROP);
    ends(11, 103, "", 1, QUND_UNKNOWN);
    ends(11, 104, "", 1, QUND_RETRY);
    ends(11, 200, "not in the group", 1, QUND_DROP);
    ends(11, 1200, "NTEvent serviceAndMethod Timeout", 1, QUND_UNKNOWN);
    ends(11, 1200, "发送超时", 1, QUND_UNKNOWN);
    ends(11, 1400, "", 1, QUND_DROP);
    ends(11, 1403, "", 1, QUND_RETRY);
    ends(11, 1404, "", 1, QUND_DROP);
    ends(11, -1, "", 1, QUND_DROP);
}

static void codes_of_twelve_mean(void **state)
{
    (void)state;
    ends(12, 0, "", 1, QUND_SENT);
    ends(12, 10003, "", 1, QUND_DROP);
    ends(12, 10102, "", 1, QUND_RETRY);
    ends(12, 20002, "", 1, QUND_RETRY);
    ends(12, 20002, "", 2, QUND_DROP);
    ends(12, 33001, "", 5, QUND_RETRY);
    ends(12, 34001, "muted", 1, QUND_DROP);
    ends(12, 35001, "no such user", 1, QUND_DROP);
    ends(12, 36000, "", 1, QUND_LIMITED);
}

static void statuses_of_http_mean(void **state)
{
    static const struct {
        int status;
        enum qund_delivered how;
    } CASES[] = {{400, QUND_DROP},    {401, QUND_RETRY},   {403, QUND_RETRY}, {404, QUND_DROP},
                 {429, QUND_LIMITED}, {500, QUND_UNKNOWN}, {503, QUND_RETRY}, {504, QUND_UNKNOWN}};

    (void)state;
    for (size_t i = 0; i < OB_LEN(CASES); i++)
        assert_int_equal(ob_end_of_http(CASES[i].status, -1).how, CASES[i].how);
    assert_int_equal(ob_end_of_http(429, 7000).retry_after_ms, 7000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_goes_where_it_says),
        cmocka_unit_test(ids_go_back_as_they_came),
        cmocka_unit_test(text_of_users_cannot_become_a_code),
        cmocka_unit_test(everything_else_is_sent_by_its_text),
        cmocka_unit_test(long_texts_are_cut_and_keep_their_link),
        cmocka_unit_test(a_card_that_is_cut_names_each_of_its_alerts),
        cmocka_unit_test(media_are_fetched_by_the_bridge),
        cmocka_unit_test(replies_of_another_account_are_sent_without_the_quote),
        cmocka_unit_test(version_twelve_has_other_names),
        cmocka_unit_test(what_can_never_be_sent_says_why),
        cmocka_unit_test(addresses_of_a_configuration_are_checked),
        cmocka_unit_test(codes_of_eleven_mean),
        cmocka_unit_test(codes_of_twelve_mean),
        cmocka_unit_test(statuses_of_http_mean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
