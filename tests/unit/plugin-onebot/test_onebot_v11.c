/* test_onebot_v11.c - frames of OneBot 11, as programs in the field send them. */
#include "onebot_unit.h"

#define GROUP                                                                                 \
    "\"self_id\":7,\"time\":1795285148,\"post_type\":\"message\",\"message_type\":\"group\"," \
    "\"sub_type\":\"normal\",\"group_id\":100200300,\"user_id\":10003000,\"message_id\":3271"
#define GROUP_SAID "message ts=1795285148000 id=7:3271 group=100200300 from=10003000"

static void a_frame_of_a_real_bridge(void **state)
{
    becomes(*state,
            "{\"self_id\":10001000,\"time\":1795285148,\"post_type\":\"message\",\"message_type\":"
            "\"group\",\"sub_type\":\"normal\",\"message_id\":\"BfjvbACYojgAAABnC9tNRmsB4JwB\","
            "\"group_id\":100200300,\"user_id\":10003000,\"anonymous\":null,\"message\":[{\"type\":"
            "\"at\",\"data\":{\"qq\":10001000,\"text\":\"@stub-bot\"}},{\"type\":\"text\",\"data\":"
            "{\"text\":\" hello [x] &\"}}],\"raw_message\":\"[CQ:at,qq=10001000,text=@stub-bot] "
            "hello &#91;x&#93; &amp;\",\"sender\":{\"user_id\":10003000,\"nickname\":\"小李\","
            "\"card\":\"\",\"role\":\"member\",\"level\":1}}",
            "message ts=1795285148000 id=10001000:BfjvbACYojgAAABnC9tNRmsB4JwB group=100200300 "
            "from=10003000 name=小李 account=10001000 text=@stub-bot hello [x] & @10001000");
    assert_true(((struct ob_frame *)*state)->message_text);
    assert_false(((struct ob_frame *)*state)->group_text);
}

static void both_forms_of_a_message_say_the_same(void **state)
{
    becomes(*state,
            "{" GROUP ",\"message\":\"[CQ:reply,id=-5][CQ:at,qq=9,name=老王]多少钱&#91;1&#93;\"}",
            GROUP_SAID " account=7 text=@老王 多少钱[1] reply=7:-5 @9");
    becomes(*state,
            "{" GROUP
            ",\"message\":[{\"type\":\"reply\",\"data\":{\"id\":-5}},{\"type\":\"at\",\"data\":"
            "{\"qq\":\"9\",\"name\":\"老王\"}},{\"type\":\"text\",\"data\":{\"text\":"
            "\"多少钱[1]\"}}]}",
            GROUP_SAID " account=7 text=@老王 多少钱[1] reply=7:-5 @9");
}

/* A bridge that guesses types makes a number of "380"; some leave `message` empty. */
static void numbers_are_words_where_words_are_wanted(void **state)
{
    static const struct {
        const char *said, *text;
    } CASES[] = {
        {"\"message\":[{\"type\":\"text\",\"data\":{\"text\":380}}]", "380"},
        {"\"message\":[{\"type\":\"text\",\"data\":{\"text\":-3.8}}]", "-3.8"},
        {"\"message\":[{\"type\":\"text\",\"data\":{\"text\":18446744073709551615}}]",
         "18446744073709551615"},
        {"\"message\":[{\"type\":\"text\",\"data\":{\"text\":true}}]", "true"},
        {"\"message\":[{\"type\":\"at\",\"data\":{\"qq\":9,\"name\":123}}]", "@123 @9"},
        {"\"message\":380", "380"},
        {"\"message\":380,\"raw_message\":\"x\"", "380"},
        {"\"raw_message\":380", "380"},
        {"\"message\":[],\"raw_message\":\"多少钱\"", "多少钱"},
        {"\"message\":\"\",\"raw_message\":\"多少钱\"", "多少钱"},
        {"\"message\":{},\"raw_message\":\"多少[CQ:at,qq=9]\"", "多少@9 @9"},
        {"\"message\":null,\"raw_message\":\"多少钱\"", "多少钱"},
    };

    for (size_t i = 0; i < OB_LEN(CASES); i++) {
        char frame[400], want[200];

        snprintf(frame, sizeof(frame), "{" GROUP ",%s}", CASES[i].said);
        snprintf(want, sizeof(want), GROUP_SAID " account=7 text=%s", CASES[i].text);
        becomes(*state, frame, want);
    }
    becomes(*state, "{" GROUP ",\"message\":[],\"raw_message\":\"\"}", GROUP_SAID " account=7");
    becomes(*state, "{" GROUP ",\"message\":\"x\",\"group_name\":88,\"sender\":{\"nickname\":666}}",
            "message ts=1795285148000 id=7:3271 group=100200300 gname=88 from=10003000 name=666 "
            "account=7 text=x");
}

static void ids_come_as_numbers_strings_and_floats(void **state)
{
    struct ob_frame *f = *state;

    becomes(f,
            "{\"post_type\":\"message\",\"self_id\":\"9007199254740993\",\"group_id\":"
            "9223372036854775807,\"user_id\":-12,\"message_id\":17.0,\"message\":\"x\"}",
            "message id=9007199254740993:17 group=9223372036854775807 from=-12 "
            "account=9007199254740993 text=x");
    assert_false(f->group_text || f->user_text || f->message_text);
    becomes(f,
            "{\"post_type\":\"message\",\"self_id\":7,\"group_id\":\"g@chatroom\",\"user_id\":"
            "\"wxid\",\"message_id\":\"m\",\"message\":\"x\"}",
            "message id=7:m group=g@chatroom from=wxid account=7 text=x");
    assert_true(f->group_text && f->user_text && f->message_text);
}

static void ids_of_64_bits_without_a_sign_keep_their_digits(void **state)
{
    struct ob_frame *f = *state;

    becomes(f,
            "{\"post_type\":\"message\",\"self_id\":18446744073709551615,\"group_id\":"
            "9223372036854775808, \"user_id\" : 10000000000000000001\n,\"message_id\":"
            "9223372036854775807,\"message\":[{\"type\":\"at\",\"data\":{\"qq\":"
            "18446744073709551614}},{\"type\":\"text\",\"data\":{\"text\":"
            "\"\\\"9223372036854775808,\\\\\"}}]}",
            "message id=18446744073709551615:9223372036854775807 group=9223372036854775808 "
            "from=10000000000000000001 account=18446744073709551615 "
            "text=@18446744073709551614 \"9223372036854775808,\\ @18446744073709551614");
    assert_false(f->group_text || f->user_text || f->message_text);
    becomes(f,
            "{\"post_type\":\"message\",\"self_id\":7,\"group_id\":9223372036854775808,"
            "\"user_id\":8,\"message_id\":1,\"message\":\"a\\ud83d\"}",
            "message id=7:1 group=9223372036854775808 from=8 account=7 text=a\xef\xbf\xbd");
}

static void numbers_beyond_64_bits_are_refused_by_name(void **state)
{
    static const char *const NUMBERS[] = {"18446744073709551616", "-9223372036854775809",
                                          "99999999999999999999", "1e999"};

    for (size_t i = 0; i < OB_LEN(NUMBERS); i++) {
        char text[200];

        snprintf(text, sizeof(text),
                 "{\"post_type\":\"message\",\"self_id\":7,\"user_id\":%s,\"message\":\"x\"}",
                 NUMBERS[i]);
        is_refused(*state, qund_str(text),
                   "a number beyond 64 bits (as a string it could be read)");
    }
}

static void times_are_seconds_or_milliseconds_or_nothing(void **state)
{
    becomes(*state, "{\"post_type\":\"notice\",\"notice_type\":\"friend_add\",\"time\":1700000000}",
            "contact.add ts=1700000000000 account=7");
    becomes(*state,
            "{\"post_type\":\"notice\",\"notice_type\":\"friend_add\",\"time\":1700000000123}",
            "contact.add ts=1700000000123 account=7");
    becomes(*state, "{\"post_type\":\"notice\",\"notice_type\":\"friend_add\",\"time\":0}",
            "contact.add account=7");
    becomes(*state,
            "{\"post_type\":\"notice\",\"notice_type\":\"friend_add\",\"time\":99999999999999999}",
            "contact.add account=7");
}

static void media_are_words_for_readers_and_addresses_for_programs(void **state)
{
    becomes(*state,
            "{" GROUP ",\"message\":[{\"type\":\"image\",\"data\":{\"file\":\"a.jpg\",\"url\":"
            "\"http://x/1\",\"file_size\":\"99\"}}]}",
            GROUP_SAID " account=7 kind=image text=[图片] <image a.jpg http://x/1 99>");
    becomes(
        *state,
        "{" GROUP ",\"message\":[{\"type\":\"text\",\"data\":{\"text\":\"看\"}},{\"type\":"
        "\"image\",\"data\":{\"file\":\"base64://AAAA\"}},{\"type\":\"record\",\"data\":null}]}",
        GROUP_SAID " account=7 kind=mixed text=看[图片][语音] <image   0> <voice   0>");
    becomes(*state,
            "{" GROUP ",\"message\":[{\"type\":\"share\",\"data\":{\"title\":\"团购\",\"url\":"
            "\"https://s/1\"}}]}",
            GROUP_SAID " account=7 kind=link text=[链接] 团购 https://s/1");
    becomes(*state,
            "{" GROUP ",\"message\":[{\"type\":\"face\",\"data\":{\"id\":\"1\"}},{\"type\":"
            "\"sparkle\"}]}",
            GROUP_SAID " account=7 text=[表情][sparkle]");
}

static void everybody_is_addressed(void **state)
{
    becomes(*state, "{" GROUP ",\"message\":\"[CQ:at,qq=all]开会\"}",
            GROUP_SAID " account=7 text=@所有人 开会 @all");
}

static void our_nickname_in_plain_text_addresses_us(void **state)
{
    becomes(*state, "{" GROUP ",\"message\":\"@小栖\xe2\x80\x85在吗\"}",
            GROUP_SAID " account=7 text=@小栖\xe2\x80\x85在吗 @7");
    becomes(*state, "{" GROUP ",\"message\":\"@小栖栖 在吗 @小栖\"}",
            GROUP_SAID " account=7 text=@小栖栖 在吗 @小栖 @7");
    becomes(*state, "{" GROUP ",\"message\":\"@小栖栖 在吗\"}",
            GROUP_SAID " account=7 text=@小栖栖 在吗");
}

static void private_messages_have_two_ends(void **state)
{
    becomes(*state,
            "{\"post_type\":\"message\",\"message_type\":\"private\",\"self_id\":7,\"user_id\":8,"
            "\"message_id\":1,\"message\":\"在\",\"sender\":{\"nickname\":\"老王\"}}",
            "message id=7:1 from=8 name=老王 to=7 account=7 text=在");
}

static void our_own_messages_are_known_as_such(void **state)
{
    becomes(*state,
            "{\"post_type\":\"message_sent\",\"message_type\":\"private\",\"self_id\":7,"
            "\"user_id\":7,\"target_id\":8,\"message_id\":2,\"message\":\"好\"}",
            "message id=7:2 from=7 role=bot to=8 account=7 text=好");
    becomes(*state,
            "{\"post_type\":\"message\",\"message_type\":\"group\",\"self_id\":7,\"user_id\":7,"
            "\"group_id\":5,\"message_id\":2,\"message\":\"好\"}",
            "message id=7:2 group=5 from=7 role=bot account=7 text=好");
    assert_true(((struct ob_frame *)*state)->own);
}

static void anonymous_people_are_told_apart(void **state)
{
    becomes(*state,
            "{" GROUP ",\"anonymous\":{\"id\":44,\"name\":\"小透明\",\"flag\":\"f\"},"
            "\"message\":\"x\"}",
            "message ts=1795285148000 id=7:3271 group=100200300 from=anonymous:44 name=小透明 "
            "account=7 text=x");
}

static void hints_of_the_system_are_nobodys_word(void **state)
{
    becomes(
        *state,
        "{\"post_type\":\"message\",\"message_type\":\"group\",\"sub_type\":\"notice\","
        "\"self_id\":7,\"group_id\":5,\"user_id\":10000,\"message_id\":2,\"message\":\"拍了拍\"}",
        "onebot.hint id=7:2 group=5 from=10000 account=7 text=拍了拍");
}

#define NOTICE "\"post_type\":\"notice\",\"self_id\":7,\"time\":1700000000,\"group_id\":5,"

static void people_come_and_go(void **state)
{
    becomes(*state,
            "{" NOTICE "\"notice_type\":\"group_increase\",\"sub_type\":\"invite\",\"user_id\":8,"
            "\"operator_id\":9}",
            "member.join ts=1700000000000 group=5 from=8 account=7 "
            "data={\"member\":\"8\",\"by\":\"9\",\"scene\":\"invite\"}");
    becomes(*state, "{" NOTICE "\"notice_type\":\"group_increase\",\"user_id\":8}",
            "member.join ts=1700000000000 group=5 from=8 account=7 data={\"member\":\"8\"}");
    becomes(*state,
            "{" NOTICE "\"notice_type\":\"group_decrease\",\"sub_type\":\"kick\",\"user_id\":8,"
            "\"operator_id\":9}",
            "member.leave ts=1700000000000 group=5 from=8 account=7 "
            "data={\"member\":\"8\",\"by\":\"9\",\"scene\":\"kick\"}");
    becomes(*state,
            "{" NOTICE "\"notice_type\":\"group_decrease\",\"sub_type\":\"disband\",\"user_id\":8,"
            "\"operator_id\":0}",
            "group.dismiss ts=1700000000000 group=5 from=8 account=7 "
            "data={\"member\":\"8\",\"scene\":\"disband\"}");
}

static void messages_are_taken_back(void **state)
{
    becomes(*state,
            "{" NOTICE "\"notice_type\":\"group_recall\",\"user_id\":8,\"operator_id\":9,"
            "\"message_id\":-3}",
            "revoke ts=1700000000000 group=5 from=8 account=7 ref=7:-3 data={\"by\":\"9\"}");
    becomes(*state,
            "{\"post_type\":\"notice\",\"self_id\":7,\"time\":1700000000,\"notice_type\":"
            "\"friend_recall\",\"user_id\":8,\"message_id\":\"abc\"}",
            "revoke ts=1700000000000 from=8 account=7 ref=7:abc");
}

/* Every notice of the text and those seen in the field has a type of its own. */
static void each_notice_has_its_type(void **state)
{
    static const struct {
        const char *name, *sub, *type;
        bool unknown;
    } CASES[] = {
        {"group_upload", "", "onebot.group_upload", false},
        {"group_admin", "set", "onebot.group_admin", false},
        {"group_ban", "ban", "onebot.group_ban", false},
        {"notify", "poke", "onebot.notify.poke", false},
        {"notify", "lucky_king", "onebot.notify.lucky_king", false},
        {"notify", "honor", "onebot.notify.honor", false},
        {"group_card", "", "onebot.group_card", false},
        {"group_msg_emoji_like", "", "onebot.group_msg_emoji_like", false},
        {"essence", "add", "onebot.essence", false},
        {"bot_offline", "", "onebot.bot_offline", false},
        {"offline_file", "", "onebot.offline_file", false},
        {"client_status", "", "onebot.client_status", false},
        {"group_title", "", "onebot.group_title", false},
        {"input_status", "", "onebot.input_status", false},
        {"Brand New!", "sub", "onebot.brand_new_.sub", true},
        {"", "", "onebot.", true},
    };
    struct ob_frame *f = *state;

    for (size_t i = 0; i < OB_LEN(CASES); i++) {
        struct ob_text t = {0};

        ob_text_printf(&t,
                       "{" NOTICE "\"notice_type\":\"%s\",\"sub_type\":\"%s\",\"user_id\":8,"
                       "\"honor_type\":\"talkative\",\"file\":{\"id\":\"x\",\"size\":5}}",
                       CASES[i].name, CASES[i].sub);
        assert_int_equal(ob_frame_read(f, ob_text_view(&t), &(struct ob_view){0}), OB_EVENT);
        assert_true(qund_str_is(f->event.type, CASES[i].type));
        assert_int_equal(f->unknown, CASES[i].unknown);
        assert_non_null(memmem(f->event.data.p, f->event.data.n, "talkative", 9));
        ob_text_done(&t);
    }
}

static void requests_keep_what_an_answer_needs(void **state)
{
    struct ob_frame *f = *state;

    becomes(
        f,
        "{\"post_type\":\"request\",\"request_type\":\"group\",\"sub_type\":\"add\",\"self_id\":"
        "7,\"group_id\":5,\"user_id\":8,\"comment\":\"我是业主\",\"flag\":\"f1\"}",
        "request.group group=5 from=8 account=7 text=我是业主 "
        "data={\"post_type\":\"request\",\"request_type\":\"group\",\"sub_type\":\"add\","
        "\"self_id\":7,\"group_id\":5,\"user_id\":8,\"comment\":\"我是业主\",\"flag\":\"f1\"}");
}

static void signs_of_life_are_no_events(void **state)
{
    struct ob_frame *f = *state;
    const struct ob_view view = {0};

    assert_int_equal(
        ob_frame_read(f,
                      QUND_STR("{\"post_type\":\"meta_event\",\"meta_event_type\":"
                               "\"lifecycle\",\"sub_type\":\"connect\",\"self_id\":7}"),
                      &view),
        OB_META);
    assert_int_equal(f->life, OB_LIFE_CONNECT);
    assert_true(qund_str_is(f->account, "7"));
    assert_int_equal(ob_frame_read(f,
                                   QUND_STR("{\"post_type\":\"meta_event\",\"meta_event_type\":"
                                            "\"heartbeat\",\"interval\":15000,\"self_id\":7,"
                                            "\"status\":{\"online\":false,\"good\":true}}"),
                                   &view),
                     OB_META);
    assert_int_equal(f->life, OB_LIFE_BEAT);
    assert_int_equal(f->interval_ms, 15000);
    assert_int_equal(f->online, 0);
    assert_int_equal(ob_frame_read(f,
                                   QUND_STR("{\"post_type\":\"meta_event\",\"meta_event_type\":"
                                            "\"heartbeat\",\"self_id\":7}"),
                                   &view),
                     OB_META);
    assert_int_equal(f->online, -1);
}

static void answers_of_every_dialect_are_read(void **state)
{
    struct ob_frame *f = *state;
    const struct ob_view view = {0};
    static const struct {
        const char *frame;
        bool ok;
        int retcode;
        const char *echo, *words;
    } CASES[] = {
        {"{\"status\":\"ok\",\"retcode\":0,\"data\":{\"message_id\":3271},\"echo\":\"q-17\"}", true,
         0, "q-17", ""},
        {"{\"status\":\"failed\",\"retcode\":1404,\"data\":null,\"echo\":\"q-18\"}", false, 1404,
         "q-18", ""},
        {"{\"status\":\"failed\",\"retcode\":100,\"data\":null,\"error\":{\"code\":-1,\"message\":"
         "\"bad group_id or user_id\"},\"echo\":\"q-19\"}",
         false, 100, "q-19", "bad group_id or user_id"},
        {"{\"status\":\"failed\",\"retcode\":1403,\"data\":null,\"message\":\"m\",\"wording\":"
         "\"w\","
         "\"echo\":null}",
         false, 1403, "", "w"},
        {"{\"status\":\"failed\",\"echo\":\"e\"}", false, -1, "e", ""},
        {"{\"status\":\"async\",\"retcode\":1,\"echo\":\"e\",\"msg\":\"later\"}", false, 1, "e",
         "later"},
    };

    for (size_t i = 0; i < OB_LEN(CASES); i++) {
        assert_int_equal(ob_frame_read(f, qund_str(CASES[i].frame), &view), OB_ANSWER);
        assert_int_equal(f->ok, CASES[i].ok);
        assert_int_equal(f->retcode, CASES[i].retcode);
        assert_true(qund_str_is(f->echo, CASES[i].echo));
        assert_true(qund_str_is(f->message, CASES[i].words));
    }
}

static void a_frame_wrapped_in_a_string_is_unwrapped(void **state)
{
    becomes(*state,
            "\"{\\\"post_type\\\":\\\"message\\\",\\\"self_id\\\":7,\\\"user_id\\\":8,"
            "\\\"message_id\\\":1,\\\"message\\\":\\\"x\\\"}\"",
            "message id=7:1 from=8 to=7 account=7 text=x");
}

static void bad_frames_say_why(void **state)
{
    struct ob_frame *f = *state;
    struct ob_text deep = {0}, wide = {0};

    is_refused(f, QUND_STR(""), "not JSON");
    is_refused(f, QUND_STR("{\"post_type\":\"message\""), "not JSON");
    is_refused(f, QUND_STR("{\"post_type\":\"mess\xff\"}"), "not JSON");
    is_refused(f, QUND_STR("[]"), "not an object");
    is_refused(f, QUND_STR("{}"), "neither an event nor an answer");
    is_refused(f, QUND_STR("{\"a\":1,\"a\":2}"), "a key stands twice");
    is_refused(f, QUND_STR("{\"post_type\":\"message\"}"), "no self_id, and none in the handshake");
    for (int i = 0; i < 100000; i++)
        ob_text_add(&deep, QUND_STR("["));
    is_refused(f, ob_text_view(&deep), "nested too deeply");
    ob_text_add(&wide, QUND_STR("["));
    for (int i = 0; i < 200000; i++)
        ob_text_add(&wide, QUND_STR("0,"));
    is_refused(f, ob_text_view(&wide), "too many values");
    ob_text_done(&deep);
    ob_text_done(&wide);
}

/* Private words of staff are orders: what was said in a group must never pass for one. */
static void a_message_that_cannot_be_placed_is_refused(void **state)
{
    static const char GROUP_LOST[] = "a message of a group whose group_id cannot be read";
    static const char *const GROUPS[] = {"1e30", "1.5", "true", "[]",    "{}",
                                         "null", "0",   "\"\"", "\"0\"", NULL};
    static const char *const SENDERS[] = {"", ",\"user_id\":true", ",\"user_id\":[]",
                                          ",\"user_id\":-0.5", NULL};
    struct ob_frame *f = *state;
    struct ob_text t = {0};

    for (size_t i = 0; GROUPS[i]; i++) {
        t.n = 0;
        ob_text_printf(&t,
                       "{\"self_id\":7,\"post_type\":\"message\",\"message_type\":\"group\","
                       "\"group_id\":%s,\"user_id\":8,\"message\":\"x\"}",
                       GROUPS[i]);
        is_refused(f, ob_text_view(&t), GROUP_LOST);
    }
    for (size_t i = 0; SENDERS[i]; i++) {
        t.n = 0;
        ob_text_printf(&t,
                       "{\"self_id\":7,\"post_type\":\"message\",\"group_id\":5%s,"
                       "\"message\":\"x\"}",
                       SENDERS[i]);
        is_refused(f, ob_text_view(&t), "a message whose user_id is missing or cannot be read");
    }
    is_refused(f,
               QUND_STR("{\"self_id\":7,\"post_type\":\"message\",\"message_type\":\"group\","
                        "\"user_id\":8}"),
               GROUP_LOST);
    is_refused(f,
               QUND_STR("{\"self_id\":7,\"post_type\":\"message\",\"group_id\":1e30,"
                        "\"user_id\":8}"),
               GROUP_LOST);
    becomes(f,
            "{\"self_id\":7,\"post_type\":\"message\",\"message_type\":\"private\",\"group_id\":"
            "null,\"user_id\":8,\"message\":\"ok\"}",
            "message from=8 to=7 account=7 text=ok");
    becomes(f,
            "{\"self_id\":7,\"post_type\":\"message\",\"group_id\":0,\"user_id\":8,\"message\":"
            "\"ok\"}",
            "message from=8 to=7 account=7 text=ok");
    ob_text_done(&t);
}

static void long_texts_are_cut_at_a_character(void **state)
{
    struct ob_frame *f = *state;
    struct ob_text t = {0};

    ob_text_add(&t, QUND_STR("{" GROUP ",\"message\":\"a"));
    for (int i = 0; i < 40000; i++)
        ob_text_add(&t, QUND_STR("长"));
    ob_text_add(&t, QUND_STR("\"}"));
    assert_int_equal(ob_frame_read(f, ob_text_view(&t), &(struct ob_view){0}), OB_EVENT);
    assert_in_range(f->event.text.n, OB_TEXT_MAX - 3, OB_TEXT_MAX);
    assert_int_equal((f->event.text.n - 1) % 3, 0);
    ob_text_done(&t);
}

static void no_frame_addresses_more_than_the_border_takes(void **state)
{
    struct ob_frame *f = *state;
    struct ob_text t = {0};

    ob_text_add(&t, QUND_STR("{" GROUP ",\"message\":["));
    for (int i = 0; i < 500; i++)
        ob_text_printf(&t,
                       "%s{\"type\":\"at\",\"data\":{\"qq\":%d}},{\"type\":\"image\",\"data\":"
                       "{\"url\":\"http://x/%d\"}}",
                       i ? "," : "", i, i);
    ob_text_add(&t, QUND_STR("]}"));
    assert_int_equal(ob_frame_read(f, ob_text_view(&t), &(struct ob_view){0}), OB_EVENT);
    assert_int_equal(f->event.n_mentions, OB_MENTIONS_MAX);
    assert_int_equal(f->event.n_media, OB_MEDIA_MAX);
    ob_text_done(&t);
}

static void a_history_is_read_as_the_past(void **state)
{
    struct ob_frame *f = *state;
    struct ob_text t = {0};
    const char *why;
    json_t *o = ob_json_read(QUND_STR("{\"time\":1700000000,\"message_id\":5,\"user_id\":8,"
                                      "\"sender\":{\"nickname\":\"老王\"},\"message\":\"早\"}"),
                             &why);

    assert_int_equal(
        ob_frame_past(f, o, &(struct ob_view){.account = QUND_STR("7")}, QUND_STR("5")), OB_EVENT);
    show(f, &t);
    assert_string_equal(t.p, "message ts=1700000000000 id=7:5 group=5 from=8 name=老王 account=7 "
                             "text=早 origin=backfill");
    ob_text_done(&t);
    ob_json_free(o);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, frame_set_up, frame_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_frame_of_a_real_bridge),
        TEST(both_forms_of_a_message_say_the_same),
        TEST(numbers_are_words_where_words_are_wanted),
        TEST(ids_come_as_numbers_strings_and_floats),
        TEST(ids_of_64_bits_without_a_sign_keep_their_digits),
        TEST(numbers_beyond_64_bits_are_refused_by_name),
        TEST(times_are_seconds_or_milliseconds_or_nothing),
        TEST(media_are_words_for_readers_and_addresses_for_programs),
        TEST(everybody_is_addressed),
        TEST(our_nickname_in_plain_text_addresses_us),
        TEST(private_messages_have_two_ends),
        TEST(our_own_messages_are_known_as_such),
        TEST(anonymous_people_are_told_apart),
        TEST(hints_of_the_system_are_nobodys_word),
        TEST(people_come_and_go),
        TEST(messages_are_taken_back),
        TEST(each_notice_has_its_type),
        TEST(requests_keep_what_an_answer_needs),
        TEST(signs_of_life_are_no_events),
        TEST(answers_of_every_dialect_are_read),
        TEST(a_frame_wrapped_in_a_string_is_unwrapped),
        TEST(bad_frames_say_why),
        TEST(a_message_that_cannot_be_placed_is_refused),
        TEST(long_texts_are_cut_at_a_character),
        TEST(no_frame_addresses_more_than_the_border_takes),
        TEST(a_history_is_read_as_the_past),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
