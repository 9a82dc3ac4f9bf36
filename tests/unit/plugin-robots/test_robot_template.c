/* Templates: every shipped file, every filter, and that nothing a customer writes leaves its place.
 */
#include "robots.h"
#include "unit.h"
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const TO[] = {"-100123", "+1"};
static const struct robot_cfg CFG = {
    .url = "https://x.example", .token = "to:k en", .secret = "s3cret", .to = {TO, 2}};
static const struct moment NOW = {.wall_ms = 1700000000123, .id = 7, .nonce = "00ff"};

static struct template *parse(const char *text, struct qund_fault *why)
{
    json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    struct template *t;

    if (!j)
        fail_msg("no JSON: %s", text);
    t = template_new(j, why);
    json_decref(j);
    return t;
}

static void render(const struct template *t, const char *body, struct request *out)
{
    struct qund_fault why = {0};
    struct said s;

    assert_int_equal(said_read(&s, qund_str(body), "template"), QUND_OK);
    if (template_make(t, &CFG, &s, &NOW, out, &why) < 0)
        fail_msg("%s: %s", why.where, why.text);
    said_done(&s);
}

static void expect_body(const char *template, const char *body, const char *want)
{
    struct qund_fault why = {0};
    struct template *t = parse(template, &why);
    struct request r = {0};

    if (!t)
        fail_msg("%s: %s", why.where, why.text);
    render(t, body, &r);
    assert_string_equal(r.body.p ? r.body.p : "", want);
    request_done(&r);
    template_free(t);
}

/* Whatever speaks like Slack, Mattermost or Discord: nothing that a customer wrote calls anybody.
 */
static void nobody_is_called_by_what_a_customer_wrote(void **state)
{
    static const char *const CHATS[] = {"slack", "mattermost", "discord", "telegram"};
    static const char BODY[] =
        "{\"kind\":\"alert\",\"short\":\"12\",\"title\":\"@everyone\",\"text\":\"@everyone @here "
        "@channel @all @**all** <!channel> <@U1> [x](http://e.example)\"}";

    (void)state;
    for (size_t i = 0; i < sizeof(CHATS) / sizeof(CHATS[0]); i++) {
        struct qund_fault why = {0};
        struct request r = {0};
        struct template *t;
        char path[600];
        json_t *j;

        snprintf(path, sizeof(path), QUND_SOURCE_DIR "/config/robots/%s.json", CHATS[i]);
        j = shipped_load(path, &why);
        t = template_new(j, &why);
        assert_non_null(t);
        render(t, BODY, &r);
        if (strchr(r.body.p, '@') || (i < 3 && strstr(r.body.p, "<!")))
            fail_msg("%s: %s", CHATS[i], r.body.p);
        if (i > 0 && i < 3)
            assert_null(strstr(r.body.p, "](http"));
        request_done(&r);
        template_free(t);
        json_decref(j);
    }
}

/* A file that says nothing may write to a group. */
static void whose_place_it_is_the_file_says_and_a_chats_number(void **state)
{
    static const struct {
        const char *file, *to;
        bool shared;
    } CASES[] = {
        {"slack", NULL, true},
        {"mattermost", NULL, true},
        {"discord", NULL, true},
        {"ntfy", "ops", true},
        {"telegram", "-100123", true},
        {"telegram", "@ops", true},
        {"telegram", "100123", false},
        {"bark", NULL, false},
        {"gotify", NULL, false},
        {"serverchan", NULL, false},
        {"serverchan3", NULL, false},
        {"pushplus", NULL, false},
        {"wxpusher", "UID_1", false},
        {"sms-form", "13800000000", false},
        {"sms-twilio", "+8613800000000", false},
        {"sms-query", "13800000000", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct qund_fault why = {0};
        const struct robot_cfg cfg = {.to = {&CASES[i].to, CASES[i].to ? 1 : 0}};
        struct template *t;
        char path[600];
        json_t *j;

        snprintf(path, sizeof(path), QUND_SOURCE_DIR "/config/robots/%s.json", CASES[i].file);
        j = shipped_load(path, &why);
        t = template_new(j, &why);
        if (!t || template_shared(t, &cfg) != CASES[i].shared)
            fail_msg("%s %s", CASES[i].file, CASES[i].to ? CASES[i].to : "");
        template_free(t);
        json_decref(j);
    }
}

static void what_is_no_file_is_said_and_nobody_waits_for_it(void **state)
{
    static const char *const CASES[][2] = {
        {"./a-pipe", "is a folder or a pipe"},
        {"/", "is a folder or a pipe"},
        {"./none.json", "there is no file ./none.json"},
        {"nosuch", "there is no file 'nosuch'; there are: "},
    };

    (void)state;
    unlink("./a-pipe");
    assert_int_equal(mkfifo("./a-pipe", 0600), 0);
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct qund_fault why = {0};

        assert_null(shipped_load(CASES[i][0], &why));
        if (!strstr(why.text, CASES[i][1]))
            fail_msg("%s: %s", CASES[i][0], why.text);
    }
    unlink("./a-pipe");
}

/* An entry with what the file needs and nothing else. */
static struct robot_cfg entry_of(const json_t *j)
{
    struct robot_cfg cfg = {.url = CFG.url};
    json_int_t n = json_integer_value(json_object_get(j, "to"));
    const json_t *need;
    size_t i;

    json_array_foreach(json_object_get(j, "needs"), i, need)
    {
        if (strcmp(json_string_value(need), "token") == 0)
            cfg.token = CFG.token;
        else if (strcmp(json_string_value(need), "secret") == 0)
            cfg.secret = CFG.secret;
        else if (strcmp(json_string_value(need), "to") == 0)
            cfg.to = (struct qund_cfg_list){TO, n > 0 ? (size_t)n : 2};
    }
    return cfg;
}

static void every_shipped_file_is_read_and_makes_a_request(void **state)
{
    DIR *dir = opendir(QUND_SOURCE_DIR "/config/robots");
    const struct dirent *e;
    int templates = 0;

    (void)state;
    assert_non_null(dir);
    while ((e = readdir(dir))) {
        struct qund_fault why = {0};
        char path[600];
        json_t *j;

        if (!strstr(e->d_name, ".json"))
            continue;
        snprintf(path, sizeof(path), QUND_SOURCE_DIR "/config/robots/%s", e->d_name);
        j = shipped_load(path, &why);
        if (!j)
            fail_msg("%s", why.text);
        assert_non_null(json_object_get(j, "help"));
        if (json_object_get(j, "answer")) {
            struct template *t = template_new(j, &why);
            struct answers *a = answers_new(json_object_get(j, "answer"), &why);
            const struct robot_cfg cfg = entry_of(j);
            struct request r = {0};

            if (!t || !a || template_check(t, &cfg, &why) < 0)
                fail_msg("%s: %s: %s", e->d_name, why.where, why.text);
            assert_true(template_rate(t) > 0);
            render(t, "{\"kind\":\"alert\",\"text\":\"多少钱\",\"title\":\"询价\"}", &r);
            assert_true(strncmp(r.url.p, "https://x.example", 17) == 0);
            request_done(&r);
            answers_free(a);
            template_free(t);
            templates++;
        }
        json_decref(j);
    }
    closedir(dir);
    assert_true(templates >= 13);
}

static void each_filter_does_what_it_says(void **state)
{
    static const struct {
        const char *field, *want;
    } FILTERS[] = {
        {"{{text}}", "a&<\"价"},
        {"{{text|url}}", "a%26%3C%22%E4%BB%B7"},
        {"{{text|json}}", "a&<\\\"价"},
        {"{{text|xml}}", "a&amp;&lt;&quot;价"},
        {"{{text|slack}}", "a&amp;&lt;\"价"},
        {"{{text|plain}}", "a&＜\"价"},
        {"{{text|b64}}", "YSY8IuS7tw=="},
        {"{{text|hex}}", "61263c22e4bbb7"},
        {"{{text|cut:5}}", "a&<\""},
        {"{{text|chars:5}}", "a&<\"价"},
        {"{{text|upper}}", "A&<\"价"},
        {"{{title|lower}}", "title"},
        {"{{token|md5}}", "a6da15f39f4c34fe06d9add9bf28ad0d"},
        {"{{ts}} {{ts_ms}} {{iso8601}}", "1700000000 1700000000123 2023-11-14T22:13:20Z"},
        {"{{to}} {{to1}} {{to2}} {{nonce}}", "-100123,+1 -100123 +1 00ff"},
        {"{{secret|sha256}}", "1ec1c26b50d5d3c58d9583181af8076655fe00756bf7285940ba3670f99fcba0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(FILTERS) / sizeof(FILTERS[0]); i++) {
        char template[200];

        snprintf(template, sizeof(template), "{\"url\":\"{{url}}\",\"body\":\"%s\"}",
                 FILTERS[i].field);
        expect_body(template, "{\"text\":\"a&<\\\"价\",\"title\":\"TiTLe\"}", FILTERS[i].want);
    }
}

static void a_signature_of_an_own_making(void **state)
{
    (void)state;
    /* printf 'to:k en1700000000' | openssl dgst -sha256 -hmac s3cret -binary | base64 */
    expect_body("{\"url\":\"{{url}}\",\"let\":{\"said\":\"{{token}}{{ts}}\"},"
                "\"body\":\"{{said|hmac_sha256:secret|b64}}\"}",
                "{\"text\":\"x\"}", "7PKcccfvFWYmH9FW4x25bj24Vs6GpRF9QvkvKNTY4EE=");
}

static void what_a_customer_writes_stays_in_its_place(void **state)
{
    static const char EVIL[] =
        "{\"text\":\"\\\"},{{secret}}\\r\\nX: y&a=b\",\"title\":\"t\\r\\nBcc: z\"}";
    struct qund_fault why = {0};
    struct template *t =
        parse("{\"url\":\"{{url}}/{{text}}\",\"headers\":{\"Title\":\"{{title}}\"},"
              "\"json\":{\"a\":[{\"b\":\"{{text}}\"}]}}",
              &why);
    struct request r = {0};

    (void)state;
    assert_non_null(t);
    render(t, EVIL, &r);
    assert_string_equal(r.body.p, "{\"a\":[{\"b\":\"\\\"},{{secret}}\\r\\nX: y&a=b\"}]}");
    assert_string_equal(r.url.p,
                        "https://x.example/%22%7D%2C%7B%7Bsecret%7D%7D%0D%0AX%3A%20y%26a%3Db");
    assert_string_equal(r.names[1].p, "Title");
    assert_string_equal(r.values[1].p, "tBcc: z");
    request_done(&r);
    template_free(t);
    expect_body("{\"url\":\"{{url}}\",\"form\":{\"m\":\"{{text}}\"}}", EVIL,
                "m=%22%7D%2C%7B%7Bsecret%7D%7D%0D%0AX%3A%20y%26a%3Db");
}

static void an_optional_member_is_left_out_when_it_says_nothing(void **state)
{
    (void)state;
    expect_body("{\"url\":\"{{url}}\",\"json\":{\"t\":\"{{text}}\",\"u\":\"{{link|optional}}\"}}",
                "{\"text\":\"x\"}", "{\"t\":\"x\"}");
    expect_body("{\"url\":\"{{url}}\",\"form\":{\"t\":\"{{text}}\",\"u\":\"{{link|optional}}\"}}",
                "{\"text\":\"x\",\"link\":\"https://y\"}",
                "t=x%0Ahttps%3A%2F%2Fy&u=https%3A%2F%2Fy");
}

static void limits_of_characters_count_characters(void **state)
{
    (void)state;
    expect_body("{\"url\":\"{{url}}\",\"text_chars\":10,\"body\":\"{{text}}\"}",
                "{\"text\":\"一二三四五六七八九十百\",\"short\":\"12\"}", "一二三四五…\n#12");
    expect_body("{\"url\":\"{{url}}\",\"text_chars\":11,\"body\":\"{{text}}\"}",
                "{\"text\":\"一二三四五六七八九十百\"}", "一二三四五六七八九十百");
}

static void a_file_that_is_wrong_is_refused(void **state)
{
    static const char *const BAD[] = {
        "{}",
        "{\"url\":1}",
        "{\"url\":\"{{nothing}}\"}",
        "{\"url\":\"{{url}}\\n\"}",
        "{\"url\":\"{{url}}\",\"headers\":{\"X\":\"a\\r\\nb\"}}",
        "{\"url\":\"{{text|nothing}}\"}",
        "{\"url\":\"{{text|cut:x}}\"}",
        "{\"url\":\"{{text|hmac_sha256:other}}\"}",
        "{\"url\":\"{{text\"}",
        "{\"url\":\"{{url}}\",\"boddy\":\"x\"}",
        "{\"url\":\"{{url}}\",\"body\":\"x\",\"form\":{}}",
        "{\"url\":\"{{url}}\",\"form\":{\"a\":1}}",
        "{\"url\":\"{{url}}\",\"method\":\"TRACE\"}",
        "{\"url\":\"{{url}}\",\"gap_ms\":60000}",
        "{\"url\":\"{{url}}\",\"rate\":-1}",
        "{\"url\":\"{{url}}\",\"json\":{\"a\":\"{{text|b64|hex|nothing}}\"}}",
        "{\"url\":\"{{url}}\",\"json\":{\"a\":\"{{text|hmac_sha1:secret}}\"}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct qund_fault why = {0};
        struct template *t = parse(BAD[i], &why);

        if (t || !why.text[0])
            fail_msg("taken: %s", BAD[i]);
    }
}

static void an_entry_without_what_the_file_needs_is_refused(void **state)
{
    struct qund_fault why = {0};
    struct template *t = parse("{\"url\":\"{{url}}/{{token}}\",\"needs\":[\"token\"]}", &why);
    const struct robot_cfg no_token = {.url = "https://x"}, no_url = {.token = "t"};

    (void)state;
    assert_int_equal(template_check(t, &no_token, &why), QUND_E_INVAL);
    assert_string_equal(why.where, "token");
    assert_int_equal(template_check(t, &no_url, &why), QUND_E_INVAL);
    assert_string_equal(why.where, "url");
    template_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_file_is_said_and_nobody_waits_for_it),
        cmocka_unit_test(every_shipped_file_is_read_and_makes_a_request),
        cmocka_unit_test(nobody_is_called_by_what_a_customer_wrote),
        cmocka_unit_test(whose_place_it_is_the_file_says_and_a_chats_number),
        cmocka_unit_test(each_filter_does_what_it_says),
        cmocka_unit_test(a_signature_of_an_own_making),
        cmocka_unit_test(what_a_customer_writes_stays_in_its_place),
        cmocka_unit_test(an_optional_member_is_left_out_when_it_says_nothing),
        cmocka_unit_test(limits_of_characters_count_characters),
        cmocka_unit_test(a_file_that_is_wrong_is_refused),
        cmocka_unit_test(an_entry_without_what_the_file_needs_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
