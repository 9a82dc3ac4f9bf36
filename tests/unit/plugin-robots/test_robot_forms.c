/* What each robot is sent, for each form of message, and that no limit cuts a character or what
 * leads to the whole. */
#include "robots.h"
#include "unit.h"

#define SECRET "SECqund0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab"
#define ALERT                                                                                             \
    "{\"kind\":\"alert\",\"short\":\"12\",\"title\":\"询价\",\"level\":\"urgent\","                     \
    "\"text\":\"一群 张三：多少钱 <@all> [x](http://x)\",\"link\":\"https://q.example/a/1?k=2\"," \
    "\"person\":{\"name\":\"小王\",\"phone\":\"13800000105\",\"ids\":{\"wecom\":\"wang\","              \
    "\"dingtalk\":\"dw\",\"feishu\":\"ou_w\"}}}"

static const struct moment NOW = {.wall_ms = 1700000000000, .id = 7, .nonce = "00ff"};

struct made {
    json_t *body;
    char url[600];
};

static struct made made(make_request *make, const char *realm, const struct robot_cfg *cfg,
                        const char *body)
{
    struct qund_fault why = {0};
    struct request r = {0};
    struct made m = {0};
    struct said s;

    assert_int_equal(said_read(&s, qund_str(body), realm), QUND_OK);
    s.keyword = cfg->keyword;
    if (make(cfg, &s, &NOW, &r, &why) < 0)
        fail_msg("%s: %s", why.where, why.text);
    said_done(&s);
    assert_false(r.body.bad);
    assert_string_equal(r.method.p, "POST");
    m.body = json_loadb(r.body.p, r.body.n, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(m.body);
    snprintf(m.url, sizeof(m.url), "%s", r.url.p);
    request_done(&r);
    return m;
}

static const json_t *at(const json_t *j, const char *path)
{
    char step[64];

    for (const char *p = path; *p; p += *p == '.') {
        size_t n = strcspn(p, ".");

        snprintf(step, sizeof(step), "%.*s", (int)n, p);
        j = json_is_array(j) ? json_array_get(j, strtoul(step, NULL, 10))
                             : json_object_get(j, step);
        p += n;
    }
    if (!j)
        fail_msg("nothing at %s", path);
    return j;
}

static const char *text_at(const json_t *j, const char *path)
{
    const char *z = json_string_value(at(j, path));

    if (!z)
        fail_msg("no text at %s", path);
    return z;
}

static void wecom_text_names_the_person_by_id_else_by_phone(void **state)
{
    const struct robot_cfg cfg = {.url = "https://w/send?key=k", .form = FORM_TEXT};
    struct made m = made(wecom_make, "wecom", &cfg, ALERT);

    (void)state;
    assert_string_equal(m.url, "https://w/send?key=k");
    assert_string_equal(text_at(m.body, "msgtype"), "text");
    assert_string_equal(text_at(m.body, "text.content"),
                        "一群 张三：多少钱 <@all> [x](http://x)\n#12\nhttps://q.example/a/1?k=2");
    assert_string_equal(text_at(m.body, "text.mentioned_list.0"), "wang");
    assert_int_equal(json_array_size(at(m.body, "text.mentioned_mobile_list")), 0);
    json_decref(m.body);
    m = made(wecom_make, "elsewhere", &cfg, ALERT);
    assert_int_equal(json_array_size(at(m.body, "text.mentioned_list")), 0);
    assert_string_equal(text_at(m.body, "text.mentioned_mobile_list.0"), "13800000105");
    json_decref(m.body);
}

static void who_is_named_is_the_entrys_choice(void **state)
{
    const struct robot_cfg none = {.url = "https://w", .mention = MENTION_NONE};
    const struct robot_cfg all = {.url = "https://w", .mention = MENTION_ALL};
    struct made m = made(wecom_make, "wecom", &none, ALERT);

    (void)state;
    assert_int_equal(json_array_size(at(m.body, "text.mentioned_list")), 0);
    assert_int_equal(json_array_size(at(m.body, "text.mentioned_mobile_list")), 0);
    json_decref(m.body);
    m = made(wecom_make, "wecom", &all, ALERT);
    assert_string_equal(text_at(m.body, "text.mentioned_list.0"), "@all");
    assert_int_equal(json_array_size(at(m.body, "text.mentioned_mobile_list")), 0);
    json_decref(m.body);
    m = made(dingtalk_make, "dingtalk", &all, ALERT);
    assert_true(json_is_true(at(m.body, "at.isAtAll")));
    json_decref(m.body);
    m = made(feishu_make, "feishu", &all, ALERT);
    assert_true(strstr(text_at(m.body, "content.text"), "<at user_id=\"all\">") != NULL);
    json_decref(m.body);
}

static void in_markdown_nobody_is_named_by_what_a_customer_wrote(void **state)
{
    const struct robot_cfg cfg = {.url = "https://w", .form = FORM_MARKDOWN};
    struct made m = made(wecom_make, "wecom", &cfg, ALERT);
    const char *z = text_at(m.body, "markdown.content");

    (void)state;
    assert_true(strstr(z, "**<font color=\"warning\">询价</font>**\n<@wang> ") == z);
    assert_null(strstr(z, "<@all>"));
    assert_null(strstr(z, "[x]"));
    assert_true(strstr(z, "＜＠all> ［x］(http://x)") != NULL);
    assert_true(strstr(z, "\n#12\nhttps://q.example/a/1?k=2") != NULL);
    json_decref(m.body);
}

static void a_card_leads_somewhere_or_is_none(void **state)
{
    const struct robot_cfg cfg = {.url = "https://w", .form = FORM_CARD};
    struct made m = made(wecom_make, "wecom", &cfg, ALERT);

    (void)state;
    assert_string_equal(text_at(m.body, "msgtype"), "template_card");
    assert_string_equal(text_at(m.body, "template_card.card_type"), "text_notice");
    assert_string_equal(text_at(m.body, "template_card.main_title.title"), "询价");
    assert_string_equal(text_at(m.body, "template_card.card_action.url"),
                        "https://q.example/a/1?k=2");
    json_decref(m.body);
    m = made(wecom_make, "wecom", &cfg, "{\"kind\":\"alert\",\"text\":\"x\",\"title\":\"t\"}");
    assert_string_equal(text_at(m.body, "msgtype"), "markdown");
    json_decref(m.body);
}

static void merged_alerts_are_rows_and_articles(void **state)
{
    static const char CARD[] =
        "{\"kind\":\"card\",\"title\":\"3 件\",\"count\":3,\"text\":\"3 "
        "件\",\"link\":\"https://q/0\","
        "\"items\":[{\"short\":\"1\",\"title\":\"询价\",\"text\":\"a\",\"link\":\"https://q/1\"},"
        "{\"short\":\"2\",\"title\":\"投诉\",\"text\":\"b\"}]}";
    const struct robot_cfg card = {.url = "https://w", .form = FORM_CARD};
    const struct robot_cfg news = {.url = "https://w", .form = FORM_NEWS};
    struct made m = made(wecom_make, "wecom", &card, CARD);

    (void)state;
    assert_string_equal(text_at(m.body, "template_card.horizontal_content_list.1.keyname"), "#2");
    assert_string_equal(text_at(m.body, "template_card.horizontal_content_list.1.value"), "投诉");
    json_decref(m.body);
    m = made(wecom_make, "wecom", &news, CARD);
    assert_int_equal(json_array_size(at(m.body, "news.articles")), 2);
    assert_string_equal(text_at(m.body, "news.articles.0.url"), "https://q/1");
    assert_string_equal(text_at(m.body, "news.articles.1.url"), "https://q/0");
    json_decref(m.body);
    m = made(dingtalk_make, "dingtalk", &news, CARD);
    assert_string_equal(text_at(m.body, "feedCard.links.1.title"), "投诉");
    json_decref(m.body);
}

static void an_image_is_sent_from_the_folder_for_images_alone(void **state)
{
    char *dir = unit_tmpdir(), path[300];
    const struct robot_cfg cfg = {.url = "https://w", .media_dir = dir},
                           none = {.url = "https://w"};
    static const char IMAGE[] =
        "{\"kind\":\"message\",\"media\":[{\"kind\":\"image\",\"path\":\"%s\"}]}";
    static const struct {
        const char *path;
        bool open;
    } BAD[] = {{"../x.png", true}, {"/etc/passwd", true}, {"none.png", true}, {"x.png", false}};
    char body[300];
    struct made m;
    FILE *f;

    (void)state;
    snprintf(path, sizeof(path), "%s/x.png", dir);
    f = fopen(path, "w");
    fputs("hello", f);
    fclose(f);
    snprintf(body, sizeof(body), IMAGE, "x.png");
    m = made(wecom_make, "wecom", &cfg, body);
    assert_string_equal(text_at(m.body, "image.base64"), "aGVsbG8=");
    assert_string_equal(text_at(m.body, "image.md5"), "5d41402abc4b2a76b9719d911017c592");
    json_decref(m.body);
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct qund_fault why = {0};
        struct request r = {0};
        struct said s;

        snprintf(body, sizeof(body), IMAGE, BAD[i].path);
        assert_int_equal(said_read(&s, qund_str(body), "wecom"), QUND_OK);
        assert_int_equal(wecom_make(BAD[i].open ? &cfg : &none, &s, &NOW, &r, &why), QUND_E_INVAL);
        assert_string_equal(why.where, "media");
        said_done(&s);
        request_done(&r);
    }
    remove(path);
    remove(dir);
    free(dir);
}

static void dingtalk_is_signed_and_names_whom_it_mentions(void **state)
{
    const struct robot_cfg cfg = {
        .url = "https://d/robot/send?access_token=t", .secret = SECRET, .keyword = "告警"};
    struct made m = made(dingtalk_make, "dingtalk", &cfg, ALERT);

    (void)state;
    assert_string_equal(m.url, "https://d/robot/send?access_token=t&timestamp=1700000000000&sign="
                               "EuJYFTiiZH4AvP83sv57mI3mcKFjzx4iIRh%2Bzzuc4SA%3D");
    assert_string_equal(text_at(m.body, "text.content"),
                        "一群 张三：多少钱 <@all> "
                        "[x](http://x)\n#12\nhttps://q.example/a/1?k=2\n告警\n@13800000105");
    assert_string_equal(text_at(m.body, "at.atMobiles.0"), "13800000105");
    json_decref(m.body);
}

static void dingtalk_has_markdown_and_cards(void **state)
{
    const struct robot_cfg markdown = {.url = "https://d", .form = FORM_MARKDOWN};
    const struct robot_cfg card = {.url = "https://d", .form = FORM_CARD};
    struct made m = made(dingtalk_make, "dingtalk", &markdown, ALERT);

    (void)state;
    assert_string_equal(m.url, "https://d");
    assert_string_equal(text_at(m.body, "markdown.title"), "询价");
    assert_null(strstr(text_at(m.body, "markdown.text"), "[x]"));
    json_decref(m.body);
    m = made(dingtalk_make, "dingtalk", &card, ALERT);
    assert_string_equal(text_at(m.body, "actionCard.singleURL"), "https://q.example/a/1?k=2");
    json_decref(m.body);
}

static void feishu_is_signed_in_its_body(void **state)
{
    const struct robot_cfg cfg = {.url = "https://f/hook/x", .secret = "qund-feishu-secret"};
    struct made m = made(feishu_make, "feishu", &cfg, ALERT);

    (void)state;
    assert_string_equal(m.url, "https://f/hook/x");
    assert_string_equal(text_at(m.body, "timestamp"), "1700000000");
    assert_string_equal(text_at(m.body, "sign"), "RSK8qqLUnfXqPvE5eRwU0Xjw+TKeAorLQNnBbZj53as=");
    assert_string_equal(text_at(m.body, "content.text"),
                        "<at user_id=\"ou_w\">小王</at> 一群 张三：多少钱 ＜＠all> "
                        "［x］(http://x)\n#12\nhttps://q.example/a/1?k=2");
    json_decref(m.body);
}

static void feishu_has_posts_and_cards(void **state)
{
    const struct robot_cfg post = {.url = "https://f", .form = FORM_MARKDOWN};
    const struct robot_cfg card = {.url = "https://f", .form = FORM_CARD};
    struct made m = made(feishu_make, "feishu", &post, ALERT);

    (void)state;
    assert_string_equal(text_at(m.body, "msg_type"), "post");
    assert_string_equal(text_at(m.body, "content.post.zh_cn.title"), "询价");
    assert_string_equal(text_at(m.body, "content.post.zh_cn.content.0.0.user_id"), "ou_w");
    assert_string_equal(text_at(m.body, "content.post.zh_cn.content.1.0.href"),
                        "https://q.example/a/1?k=2");
    json_decref(m.body);
    m = made(feishu_make, "feishu", &card, ALERT);
    assert_string_equal(text_at(m.body, "card.header.template"), "red");
    assert_string_equal(text_at(m.body, "card.elements.1.actions.0.url"),
                        "https://q.example/a/1?k=2");
    json_decref(m.body);
}

static bool whole(const char *z)
{
    json_t *j = json_string(z); /* takes valid UTF-8 alone */

    json_decref(j);
    return j != NULL;
}

/* 1 to 4 bytes before the limit, so that it falls into every place of a character. */
static void no_limit_cuts_a_character_the_id_or_the_link(void **state)
{
    static const char *const SIGNS[] = {"a", "é", "价", "😀"};
    const struct robot_cfg cfg = {.url = "https://w"};

    (void)state;
    for (size_t i = 0; i < 4; i++)
        for (size_t shift = 0; shift < 4; shift++) {
            TEXT_AUTO body = {0};
            const char *z;
            struct made m;

            text_puts(&body,
                      "{\"kind\":\"alert\",\"short\":\"12\",\"link\":\"https://q/1\",\"text\":\"");
            text_add(&body, "xxx", shift);
            for (size_t n = 0; n < 2100; n += strlen(SIGNS[i]))
                text_puts(&body, SIGNS[i]);
            text_puts(&body, "\"}");
            m = made(wecom_make, "wecom", &cfg, body.p);
            z = text_at(m.body, "text.content");
            assert_true(strlen(z) <= 2048 && strlen(z) > 2040);
            assert_true(whole(z));
            assert_string_equal(strstr(z, "…"), "…\n#12\nhttps://q/1");
            json_decref(m.body);
        }
}

/* Twenty alerts, each but one with as long a quote as a card has. */
static void long_card(struct text *body, const char *link)
{
    TEXT_AUTO lines = {0}, items = {0};

    for (int i = 0; i < 20; i++) {
        text_printf(&lines, "\\n#%d 询价｜", 101 + i);
        text_printf(&items, "%s{\"short\":\"%d\",\"title\":\"询价\",\"text\":\"", i ? "," : "",
                    101 + i);
        for (int k = 0; k < (i == 7 ? 3 : 60); k++) {
            text_puts(&lines, "价");
            text_puts(&items, "价");
        }
        text_puts(&items, "\"}");
    }
    text_printf(body, "{\"kind\":\"card\",\"title\":\"20 条提醒\",\"link\":\"%s\",", link);
    text_puts(body, "\"text\":\"20 条提醒");
    text_add(body, lines.p, lines.n);
    text_printf(body, "\\n%s\",\"items\":[", *link ? link : "回复：收到 101");
    text_add(body, items.p, items.n);
    text_puts(body, "]}");
}

static void a_card_that_is_cut_names_each_of_its_alerts(void **state)
{
    static const struct {
        make_request *make;
        enum form form;
        size_t max; /* bytes of what holds the lines; 0: not one text */
        const char *at;
    } V[] = {{wecom_make, FORM_TEXT, 2048, "text.content"},
             {wecom_make, FORM_MARKDOWN, 4096, "markdown.content"},
             {wecom_make, FORM_CARD, 480, "template_card.sub_title_text"},
             {wecom_make, FORM_NEWS, 512, "news.articles.7.description"},
             {dingtalk_make, FORM_NEWS, 500, "feedCard.links.9.title"}};

    (void)state;
    for (size_t i = 0; i < sizeof(V) / sizeof(V[0]); i++)
        for (int linked = V[i].form == FORM_CARD || V[i].form == FORM_NEWS; linked < 2; linked++) {
            const struct robot_cfg cfg = {.url = "https://w", .form = (int)V[i].form};
            TEXT_AUTO body = {0};
            struct made m;
            const char *z;

            long_card(&body, linked ? "https://q/all" : "");
            m = made(V[i].make, "x", &cfg, body.p);
            z = text_at(m.body, V[i].at);
            assert_true(whole(z) && strlen(z) <= V[i].max);
            for (int k = V[i].form != FORM_NEWS    ? 0
                         : V[i].make == wecom_make ? 7
                                                   : 9;
                 k < 20; k++) {
                char number[16];

                snprintf(number, sizeof(number), "#%d ", 101 + k);
                if (!strstr(z, number))
                    fail_msg("form %d: %s is lost in %s", (int)V[i].form, number, z);
            }
            if (V[i].form == FORM_TEXT) {
                assert_true(strlen(z) > 1950);
                assert_non_null(strstr(z, "\n#108 询价｜价价价\n"));
                assert_non_null(strstr(z, linked ? "…\nhttps://q/all" : "…\n回复：收到 101"));
            }
            json_decref(m.body);
        }
}

static void a_body_that_grows_by_its_escapes_stays_within_twenty_kilobytes(void **state)
{
    make_request *const ROBOTS[] = {dingtalk_make, feishu_make};
    const struct robot_cfg cfg = {.url = "https://x", .secret = "s"};
    TEXT_AUTO body = {0};

    (void)state;
    text_puts(&body, "{\"kind\":\"digest\",\"short\":\"12\",\"text\":\"");
    for (int i = 0; i < 30000; i++)
        text_puts(&body, "\\u0001");
    text_puts(&body, "\"}");
    for (size_t i = 0; i < 2; i++) {
        struct qund_fault why = {0};
        struct request r = {0};
        struct said s;

        assert_int_equal(said_read(&s, text_view(&body), "x"), QUND_OK);
        assert_int_equal(ROBOTS[i](&cfg, &s, &NOW, &r, &why), QUND_OK);
        assert_true(r.body.n <= 20000);
        assert_true(strstr(r.body.p, "#12") != NULL);
        said_done(&s);
        request_done(&r);
    }
}

static void a_body_of_another_time_still_says_something(void **state)
{
    const struct robot_cfg cfg = {.url = "https://w"};
    struct made m =
        made(wecom_make, "wecom", &cfg,
             "{\"kind\":\"alert\",\"alert\":{\"title\":\"询价\",\"quote\":\"多少钱\"}}");
    struct said s;

    (void)state;
    assert_string_equal(text_at(m.body, "text.content"), "多少钱");
    json_decref(m.body);
    assert_int_equal(said_read(&s, QUND_STR("[]"), "x"), QUND_E_INVAL);
    assert_int_equal(said_read(&s, QUND_STR("{\"a\":1"), "x"), QUND_E_INVAL);
}

/* All robots, all forms: only the entry calls everybody. */
static void everybody_is_never_called_by_what_a_customer_wrote(void **state)
{
    static const struct {
        make_request *make;
        const char *realm;
    } ROBOTS[] = {{wecom_make, "wecom"}, {dingtalk_make, "dingtalk"}, {feishu_make, "feishu"}};
    static const char BODY[] =
        "{\"kind\":\"alert\",\"title\":\"@all\",\"text\":\"@all @所有人 <@all> <at "
        "user_id=\\\"all\\\">x</at>\",\"link\":\"https://q/1\",\"person\":{\"name\":\"@all\"}}";

    (void)state;
    for (size_t i = 0; i < sizeof(ROBOTS) / sizeof(ROBOTS[0]); i++)
        for (int form = FORM_TEXT; form <= FORM_NEWS; form++) {
            const struct robot_cfg cfg = {
                .url = "https://x", .secret = SECRET, .form = form, .mention = MENTION_PERSON};
            struct made m = made(ROBOTS[i].make, ROBOTS[i].realm, &cfg, BODY);
            char *text = json_dumps(m.body, JSON_COMPACT);

            if (strstr(text, "\"tag\":\"at\"") ||
                (i == 2 && form == FORM_TEXT && strstr(text, "<at")) ||
                strstr(text, "_list\":[\"") || strstr(text, "\"isAtAll\":true") ||
                (i == 0 && form == FORM_MARKDOWN && strstr(text, "<@")))
                fail_msg("%s %d: %s", ROBOTS[i].realm, form, text);
            free(text);
            json_decref(m.body);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_is_never_called_by_what_a_customer_wrote),
        cmocka_unit_test(wecom_text_names_the_person_by_id_else_by_phone),
        cmocka_unit_test(who_is_named_is_the_entrys_choice),
        cmocka_unit_test(in_markdown_nobody_is_named_by_what_a_customer_wrote),
        cmocka_unit_test(a_card_leads_somewhere_or_is_none),
        cmocka_unit_test(merged_alerts_are_rows_and_articles),
        cmocka_unit_test(an_image_is_sent_from_the_folder_for_images_alone),
        cmocka_unit_test(dingtalk_is_signed_and_names_whom_it_mentions),
        cmocka_unit_test(dingtalk_has_markdown_and_cards),
        cmocka_unit_test(feishu_is_signed_in_its_body),
        cmocka_unit_test(feishu_has_posts_and_cards),
        cmocka_unit_test(no_limit_cuts_a_character_the_id_or_the_link),
        cmocka_unit_test(a_card_that_is_cut_names_each_of_its_alerts),
        cmocka_unit_test(a_body_that_grows_by_its_escapes_stays_within_twenty_kilobytes),
        cmocka_unit_test(a_body_of_another_time_still_says_something),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
