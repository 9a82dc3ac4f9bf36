/* test_onebot_v12.c - frames of OneBot 12. */
#include "onebot_unit.h"

#define SELF "\"self\":{\"platform\":\"wechat\",\"user_id\":\"wxid_bot\"},\"time\":1763700000.125,"
#define HEAD "{\"id\":\"0d1c\",\"sub_type\":\"\"," SELF

static void a_message_of_the_standard(void **state)
{
    becomes(*state,
            HEAD "\"type\":\"message\",\"detail_type\":\"group\",\"message_id\":\"7731\","
                 "\"group_id\":\"2190@chatroom\",\"user_id\":\"wxid_a\",\"message\":[{\"type\":"
                 "\"mention\",\"data\":{\"user_id\":\"wxid_bot\"}},{\"type\":\"text\",\"data\":"
                 "{\"text\":\" 报名\"}}],\"alt_message\":\"@qund 报名\"}",
            "message ts=1763700000125 id=wxid_bot:7731 group=2190@chatroom from=wxid_a "
            "account=wxid_bot text=@wxid_bot 报名 @wxid_bot");
    assert_true(qund_str_is(((struct ob_frame *)*state)->platform, "wechat"));
    assert_true(((struct ob_frame *)*state)->group_text);
}

static void media_have_ids(void **state)
{
    becomes(*state,
            HEAD "\"type\":\"message\",\"detail_type\":\"private\",\"message_id\":\"1\","
                 "\"user_id\":\"wxid_a\",\"message\":[{\"type\":\"image\",\"data\":{\"file_id\":"
                 "\"f-9\"}}]}",
            "message ts=1763700000125 id=wxid_bot:1 from=wxid_a to=wxid_bot account=wxid_bot "
            "kind=image text=[图片] data={\"files\":[\"f-9\"]} <image   0>");
}

static void what_only_the_bridge_can_say_is_said_in_its_words(void **state)
{
    becomes(*state,
            HEAD "\"type\":\"message\",\"detail_type\":\"group\",\"message_id\":\"1\",\"group_id\":"
                 "\"g\",\"user_id\":\"u\",\"message\":[],\"alt_message\":\"[转账]\"}",
            "message ts=1763700000125 id=wxid_bot:1 group=g from=u account=wxid_bot text=[转账]");
}

static void a_channel_of_a_guild_is_a_group(void **state)
{
    becomes(*state,
            HEAD "\"type\":\"message\",\"detail_type\":\"channel\",\"message_id\":\"1\","
                 "\"guild_id\":\"G\",\"channel_id\":\"C\",\"user_id\":\"u\",\"message\":[{\"type\":"
                 "\"mention_all\",\"data\":{}}]}",
            "message ts=1763700000125 id=wxid_bot:1 group=G/C from=u account=wxid_bot "
            "text=@所有人 @all");
}

static void notices_of_the_standard(void **state)
{
#define NOTICE(detail, rest) \
    HEAD "\"type\":\"notice\",\"detail_type\":\"" detail "\",\"user_id\":\"u\"," rest "}"
    becomes(*state, NOTICE("group_member_increase", "\"group_id\":\"g\",\"operator_id\":\"\""),
            "member.join ts=1763700000125 group=g from=u account=wxid_bot data={\"member\":\"u\"}");
    becomes(*state, NOTICE("group_member_decrease", "\"group_id\":\"g\",\"operator_id\":\"o\""),
            "member.leave ts=1763700000125 group=g from=u account=wxid_bot "
            "data={\"member\":\"u\",\"by\":\"o\"}");
    becomes(*state, NOTICE("group_message_delete", "\"group_id\":\"g\",\"message_id\":\"5\""),
            "revoke ts=1763700000125 group=g from=u account=wxid_bot ref=wxid_bot:5");
    becomes(*state, NOTICE("private_message_delete", "\"message_id\":\"5\""),
            "revoke ts=1763700000125 from=u account=wxid_bot ref=wxid_bot:5");
    becomes(*state, NOTICE("friend_increase", "\"x\":1"),
            "contact.add ts=1763700000125 from=u account=wxid_bot");
    becomes(*state, NOTICE("friend_decrease", "\"x\":1"),
            "contact.remove ts=1763700000125 from=u account=wxid_bot");
    becomes(*state, NOTICE("channel_member_increase", "\"guild_id\":\"G\",\"channel_id\":\"C\""),
            "member.join ts=1763700000125 group=G/C from=u account=wxid_bot "
            "data={\"member\":\"u\"}");
}

static void extensions_are_stored_under_their_names(void **state)
{
    struct ob_frame *f = *state;

    assert_int_equal(ob_frame_read(f,
                                   QUND_STR(HEAD "\"type\":\"request\",\"detail_type\":"
                                                 "\"wx.friend_request\",\"user_id\":\"u\","
                                                 "\"comment\":\"你好\"}"),
                                   &(struct ob_view){0}),
                     OB_EVENT);
    assert_true(qund_str_is(f->event.type, "onebot.request.wx.friend_request"));
    assert_true(qund_str_is(f->event.text, "你好"));
    assert_int_equal(ob_frame_read(f,
                                   QUND_STR(HEAD "\"type\":\"notice\",\"detail_type\":"
                                                 "\"wx.get_private_poke\",\"user_id\":\"u\"}"),
                                   &(struct ob_view){0}),
                     OB_EVENT);
    assert_true(qund_str_is(f->event.type, "onebot.wx.get_private_poke"));
    assert_true(f->unknown);
}

static void signs_of_life_name_bridge_and_account(void **state)
{
    struct ob_frame *f = *state;

    assert_int_equal(ob_frame_read(f,
                                   QUND_STR("{\"id\":\"1\",\"time\":1.5,\"type\":\"meta\","
                                            "\"detail_type\":\"connect\",\"sub_type\":\"\","
                                            "\"version\":{\"impl\":\"ComWechat\",\"version\":\"1\","
                                            "\"onebot_version\":\"12\"}}"),
                                   &(struct ob_view){0}),
                     OB_META);
    assert_int_equal(f->life, OB_LIFE_CONNECT);
    assert_true(qund_str_is(f->impl, "ComWechat"));
    assert_int_equal(f->account.n, 0);
    assert_int_equal(
        ob_frame_read(f,
                      QUND_STR("{\"id\":\"2\",\"time\":1.5,\"type\":\"meta\",\"detail_type\":"
                               "\"status_update\",\"sub_type\":\"\",\"status\":{\"good\":true,"
                               "\"bots\":[{\"self\":{\"platform\":\"wechat\",\"user_id\":\"wxid\"},"
                               "\"online\":true}]}}"),
                      &(struct ob_view){0}),
        OB_META);
    assert_int_equal(f->life, OB_LIFE_STATUS);
    assert_true(qund_str_is(f->account, "wxid"));
    assert_int_equal(f->online, 1);
}

static void an_event_of_nobody_is_refused(void **state)
{
    is_refused(*state, QUND_STR("{\"type\":\"message\",\"detail_type\":\"group\",\"message\":[]}"),
               "no self, and no account known for the connection");
}

static void a_message_that_cannot_be_placed_is_refused(void **state)
{
    is_refused(*state,
               QUND_STR("{\"type\":\"message\",\"detail_type\":\"group\",\"self\":{\"user_id\":"
                        "\"7\"},\"group_id\":true,\"user_id\":\"8\",\"message\":[]}"),
               "a message of a group whose id cannot be read");
    is_refused(*state,
               QUND_STR("{\"type\":\"message\",\"detail_type\":\"private\",\"self\":{\"user_id\":"
                        "\"7\"},\"message\":[]}"),
               "a message whose user_id is missing or cannot be read");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, frame_set_up, frame_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_of_the_standard),
        TEST(media_have_ids),
        TEST(what_only_the_bridge_can_say_is_said_in_its_words),
        TEST(a_channel_of_a_guild_is_a_group),
        TEST(notices_of_the_standard),
        TEST(extensions_are_stored_under_their_names),
        TEST(signs_of_life_name_bridge_and_account),
        TEST(an_event_of_nobody_is_refused),
        TEST(a_message_that_cannot_be_placed_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
