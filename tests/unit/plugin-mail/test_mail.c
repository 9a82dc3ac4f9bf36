/* What a mail looks like on the wire, and that no word of a customer becomes a header or an
 * element. */
#include "mail.h"
#include "unit.h"

static void expect_words(const char *z, const char *want)
{
    TEXT_AUTO out = {0};

    mime_words(z, 9, &out);
    assert_string_equal(out.p, want);
}

static void a_header_is_ascii_or_encoded_words_between_characters(void **state)
{
    TEXT_AUTO z = {0}, out = {0};

    (void)state;
    expect_words("disk 91%", "disk 91%");
    expect_words("告警：磁盘 91%", "=?UTF-8?B?5ZGK6K2m77ya56OB55uYIDkxJQ==?=");
    expect_words("a\r\nBcc: x@y", "a  Bcc: x@y");
    expect_words("=?UTF-8?B?eA==?=", "=?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?=");
    for (int i = 0; i < 200; i++)
        text_puts(&z, i % 3 ? "价" : "a");
    mime_words(z.p, 9, &out);
    for (const char *line = out.p; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        assert_true(strcspn(line, "\r\n") <= 76);
}

static struct page page(const char *body)
{
    struct qund_fault why = {0};
    struct page p = {0};

    if (page_make(qund_str(body), "[qund] ", &p, &why) < 0)
        fail_msg("%s: %s", why.where, why.text);
    return p;
}

static void an_alert_is_text_and_html_and_its_words_are_escaped(void **state)
{
    struct page p = page(
        "{\"kind\":\"alert\",\"short\":\"12\",\"title\":\"询价\\nBcc: x\",\"level\":\"urgent\","
        "\"text\":\"<script>alert('1')</script>\\n\\\"&\",\"link\":\"https://q/a?b=1&c=\\\"x\"}");

    (void)state;
    assert_string_equal(p.subject.p, "[qund] 【紧急】询价 #12");
    assert_string_equal(p.text.p, "<script>alert('1')</script>\n\"&\n\nhttps://q/a?b=1&c=\"x\n");
    assert_null(strstr(p.html.p, "<script"));
    assert_non_null(
        strstr(p.html.p, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;<br>\n&quot;&amp;"));
    assert_non_null(strstr(p.html.p, "<a href=\"https://q/a?b=1&amp;c=&quot;x\">"));
    page_done(&p);
}

static void a_long_title_is_cut_and_the_short_id_is_not(void **state)
{
    char body[900] = "{\"kind\":\"alert\",\"short\":\"12\",\"text\":\"x\",\"title\":\"";
    struct page p;

    (void)state;
    for (int i = 0; i < 200; i++)
        strcat(body, "价");
    p = page(strcat(body, "\"}"));
    assert_non_null(strstr(p.subject.p, "价 #12"));
    assert_int_equal(text_cut_chars(p.subject.p, p.subject.n, 119), p.subject.n - 1);
    page_done(&p);
}

static void a_link_that_is_none_is_left_out(void **state)
{
    struct page p = page("{\"kind\":\"alert\",\"text\":\"x\",\"link\":\"javascript:alert(1)\"}");

    (void)state;
    assert_null(strstr(p.html.p, "javascript"));
    assert_null(strstr(p.text.p, "javascript"));
    page_done(&p);
}

static void a_digest_shows_figures_open_questions_and_words(void **state)
{
    struct page p =
        page("{\"kind\":\"digest\",\"title\":\"一群 "
             "2026-11-21\",\"text\":\"t\",\"asked\":5,\"answered\":3,\"joined\":2,"
             "\"left\":1,\"open\":[{\"sender_name\":\"张<b>\",\"text\":\"多少钱\",\"ts\":1}],"
             "\"words\":[[\"阳台\",4],[\"<i>\",2]]}");

    (void)state;
    assert_string_equal(p.subject.p, "[qund] 一群 2026-11-21");
    assert_non_null(strstr(p.html.p, "<td>提问</td><td align=\"right\">5</td>"));
    assert_non_null(strstr(p.html.p, "<b>张&lt;b&gt;</b> 多少钱"));
    assert_non_null(strstr(p.html.p, "阳台 (4) &lt;i&gt; (2)"));
    page_done(&p);
}

static void merged_alerts_are_rows(void **state)
{
    struct page p = page("{\"kind\":\"card\",\"title\":\"2 "
                         "件\",\"text\":\"t\",\"items\":[{\"short\":\"1\",\"title\":\"询价\","
                         "\"text\":\"a\",\"link\":\"https://q/"
                         "1\"},{\"short\":\"2\",\"title\":\"投诉\",\"text\":\"b\"}]}");

    (void)state;
    assert_non_null(strstr(p.html.p, "#1</td><td><b>询价</b><br>a<p><a href=\"https://q/1\">"));
    assert_non_null(strstr(p.html.p, "#2</td><td><b>投诉</b><br>b"));
    page_done(&p);
}

static void what_is_no_mail_is_refused_with_its_reason(void **state)
{
    static const char *const BAD[] = {"[]", "{", "", "{\"kind\":\"recall\"}", "{\"a\":1,\"a\":2}"};

    (void)state;
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct qund_fault why = {0};
        struct page p = {0};

        assert_int_equal(page_make(qund_str(BAD[i]), NULL, &p, &why), QUND_E_INVAL);
        assert_true(why.text[0] != '\0');
        page_done(&p);
    }
}

static void a_letter_has_its_headers_and_lines_of_76(void **state)
{
    static const char *const TO[] = {"a@example.com", "b@example.com"};
    TEXT_AUTO text = {0}, out = {0};
    struct letter l = {.from = "bot@example.com",
                       .from_name = "小区\r\nX: y",
                       .to = TO,
                       .n_to = 2,
                       .subject = "x",
                       .domain = "example.com",
                       .id = 7,
                       .created_ms = 1700000000123,
                       .wall_ms = 1700000000000,
                       .html = QUND_STR("<p>")};

    (void)state;
    for (int i = 0; i < 300; i++)
        text_puts(&text, "价格\n");
    l.text = text_view(&text);
    mime_letter(&l, &out);
    assert_false(out.bad);
    assert_non_null(strstr(out.p, "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"));
    assert_non_null(strstr(out.p, "To: <a@example.com>,\r\n <b@example.com>\r\n"));
    assert_non_null(strstr(out.p, "Message-ID: <qund.7.1700000000123@example.com>\r\n"));
    assert_non_null(strstr(out.p, "Auto-Submitted: auto-generated\r\n"));
    assert_null(strstr(out.p, "\r\nX: y"));
    for (const char *p = out.p; *p; p += strcspn(p, "\r\n") + 2) {
        assert_true(strcspn(p, "\r\n") <= 78);
        assert_memory_equal(p + strcspn(p, "\r\n"), "\r\n", 2);
    }
}

static void expect_from(const char *name, const char *want)
{
    static const char *const TO[] = {"a@example.com"};
    TEXT_AUTO out = {0};
    struct letter l = {.from = "bot@example.com",
                       .from_name = name,
                       .to = TO,
                       .n_to = 1,
                       .subject = "x",
                       .domain = "example.com"};

    mime_letter(&l, &out);
    assert_false(out.bad);
    if (!strstr(out.p, want))
        fail_msg("%s: %s", name, out.p);
}

static void a_senders_name_is_quoted_or_encoded_never_bare(void **state)
{
    (void)state;
    expect_from("Ops, Night", "\r\nFrom: \"Ops, Night\"\r\n <bot@example.com>\r\n");
    expect_from("a\r\nBcc: x", "\r\nFrom: \"a  Bcc: x\"\r\n <bot@example.com>\r\n");
    expect_from("a\\b, \"c\"", "\r\nFrom: \"a\\\\b, \\\"c\\\"\"\r\n <bot@example.com>\r\n");
    expect_from("=?x, y", "\r\nFrom: =?UTF-8?B?PT94LCB5?=\r\n <bot@example.com>\r\n");
    expect_from("Ops, a company whose name is long. Limited. With more than a line has, of course",
                "\r\nFrom: \"Ops, a company whose name is long. Limited. With more than a line\r\n "
                "has, of course\"\r\n <bot@example.com>\r\n");
    expect_from(NULL, "\r\nFrom: <bot@example.com>\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_is_ascii_or_encoded_words_between_characters),
        cmocka_unit_test(an_alert_is_text_and_html_and_its_words_are_escaped),
        cmocka_unit_test(a_long_title_is_cut_and_the_short_id_is_not),
        cmocka_unit_test(a_link_that_is_none_is_left_out),
        cmocka_unit_test(a_digest_shows_figures_open_questions_and_words),
        cmocka_unit_test(merged_alerts_are_rows),
        cmocka_unit_test(what_is_no_mail_is_refused_with_its_reason),
        cmocka_unit_test(a_letter_has_its_headers_and_lines_of_76),
        cmocka_unit_test(a_senders_name_is_quoted_or_encoded_never_bare),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
