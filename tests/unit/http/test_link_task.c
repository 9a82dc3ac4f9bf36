/* test_link_task.c - the page of a task: its words whole and as text, buttons as long as something
 * can be done, and how it ended. */
#include "unit.h"

#include "core/file.h"
#include "http/link_page.h"

static const unsigned char KEY[QUND_LINK_KEY] = "a key of thirty-two bytes, not 3";

static void page_typed(const char *json, bool english, const struct link_typed *typed,
                       struct qund_buf *out)
{
    static const struct qund_link LINK = {.alert = -12, .staff = 1, .until = 1757894400000};
    struct link_view v = {.link = &LINK,
                          .key = KEY,
                          .english = english,
                          .said = typed ? typed->said : LINK_NOTHING,
                          .typed = typed,
                          .zone = "Asia/Shanghai"};
    struct link_people people = {.n = 2};
    char lin[] = "林", zhao[] = "赵<b>";

    people.v[0].id = 1;
    people.v[0].reached = people.v[1].reached = true;
    people.v[0].name = lin;
    people.v[1].id = 2;
    people.v[1].name = zhao;
    qund_link_html_task(&v, qund_str(json), &people, out);
}

static void page(const char *json, bool english, struct qund_buf *out)
{
    page_typed(json, english, NULL, out);
}

#define TASK(state, more)                                                                \
    "{\"id\":12,\"title\":\"早安\",\"group_name\":\"一群\",\"role\":\"consultant\"," \
    "\"channel\":\"group\",\"content\":\"<script>早\\n#接龙</script>\",\"closes\":"   \
    "\"2025-09-15T04:00:00.000Z\",\"state\":\"" state "\"" more "}"

static void its_words_are_shown_whole_and_as_text(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};

    (void)state;
    page(TASK("pushed", ",\"media\":[\"海报<1>.png\"]"), false, &out);
    assert_non_null(strstr(out.p, "&lt;script&gt;早\n#接龙&lt;/script&gt;"));
    assert_null(strstr(out.p, "<script>早"));
    assert_non_null(strstr(out.p, "海报&lt;1&gt;.png"));
    assert_non_null(strstr(out.p, "T12"));
    assert_non_null(strstr(out.p, "截止 09-15 12:00"));
    assert_non_null(strstr(out.p, "赵&lt;b&gt;"));
}

/* The digest as a policy writes it: base64 of its 32 bytes. */
static void base64_of_digest(const char *hex, char out[45])
{
    static const char SIGNS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char b[33] = {0};
    size_t n = 0;

    for (size_t i = 0; i < 32; i++) {
        unsigned v;

        assert_int_equal(sscanf(hex + 2 * i, "%2x", &v), 1);
        b[i] = (unsigned char)v;
    }
    for (size_t i = 0; i < 33; i += 3) {
        unsigned v = (unsigned)b[i] << 16 | (unsigned)b[i + 1] << 8 | b[i + 2];

        for (int k = 18; k >= 0; k -= 6)
            out[n++] = SIGNS[v >> k & 63];
    }
    out[43] = '=';
    out[44] = '\0';
}

static void one_script_may_run_and_it_copies_the_words(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0}, want = {0};
    struct qund_str policy = qund_link_task_headers[0].value;
    const char *script;
    char hex[65], hash[45];

    (void)state;
    qund_sha256_hex(qund_link_copy_script, strlen(qund_link_copy_script), hex);
    base64_of_digest(hex, hash);
    qund_buf_printf(&want, "script-src 'sha256-%s';", hash);
    if (qund_str_find(policy, 0, qund_buf_view(&want)) < 0)
        fail_msg("the policy %.*s does not name %s", QUND_STR_ARG(policy), want.p);
    assert_true(qund_str_find(policy, 0, QUND_STR("unsafe")) < 0);
    assert_true(qund_str_find(policy, 0, QUND_STR("default-src 'none'")) == 0);
    page(TASK("pushed", ""), false, &out);
    script = strstr(out.p, "<script>");
    assert_non_null(script);
    assert_null(strstr(script + 1, "<script>"));
    assert_int_equal(strncmp(script + 8, qund_link_copy_script, strlen(qund_link_copy_script)), 0);
    assert_int_equal(strncmp(script + 8 + strlen(qund_link_copy_script), "</script>", 9), 0);
    /* Without scripts the button is not there, and a tap selects the words. */
    assert_non_null(strstr(out.p, "id=\"copy\" hidden"));
    assert_non_null(strstr(out.p, "class=\"copy\" id=\"words\""));
}

static void it_can_be_done_put_off_handed_over_or_said_to_be_impossible(void **state)
{
    static const char *const DEEDS[] = {"ack", "resolve", "snooze", "handover", "fail"};
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};

    (void)state;
    page(TASK("pushed", ""), true, &out);
    for (size_t i = 0; i < QUND_ARRAY_LEN(DEEDS); i++) {
        char want[64];

        snprintf(want, sizeof(want), "name=\"do\" value=\"%s\"", DEEDS[i]);
        if (!strstr(out.p, want))
            fail_msg("no button %s", DEEDS[i]);
    }
    assert_non_null(strstr(out.p, "lang=\"en\""));
}

static void one_that_is_over_says_how_and_takes_no_more(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};

    (void)state;
    page(TASK("done", ",\"evidence\":\"proved\",\"done_by\":\"staff:1\",\"done\":"
                      "\"2025-09-15T02:30:00.000Z\""),
         false, &out);
    assert_null(strstr(out.p, "<form"));
    assert_non_null(strstr(out.p, "已在群里看到"));
    assert_non_null(strstr(out.p, "由 林 · 09-15 10:30"));
    qund_buf_clear(&out);
    page(TASK("skipped", ",\"reason\":\"cap:group_day\""), false, &out);
    assert_null(strstr(out.p, "<form"));
    assert_non_null(strstr(out.p, "频次上限：每群每天"));
    qund_buf_clear(&out);
    page(TASK("skipped", ",\"reason\":\"cap:group_day\""), true, &out);
    assert_non_null(strstr(out.p, "cap:group_day"));
}

static void what_was_typed_stays_in_its_form_when_the_deed_was_refused(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};
    struct link_typed typed = {.said = LINK_NUMBER,
                               .v = {[IN_DO] = QUND_STR("resolve"),
                                     [IN_TO] = QUND_STR("2"),
                                     [IN_NOTE] = QUND_STR("of no field of this form"),
                                     [IN_PROOF] = QUND_STR("\"><b>图'&"),
                                     [IN_NUMBER] = QUND_STR("3,5")}};

    (void)state;
    page_typed(TASK("pushed", ""), true, &typed, &out);
    assert_non_null(strstr(out.p, "The figure was not understood"));
    assert_non_null(strstr(out.p, " value=\"&quot;&gt;&lt;b&gt;图&#39;&amp;\"></label>"));
    assert_non_null(strstr(out.p, " value=\"3,5\"></label>"));
    assert_null(strstr(out.p, "of no field"));
    assert_null(strstr(out.p, " selected"));
    qund_buf_clear(&out);
    typed.v[IN_DO] = QUND_STR("handover");
    page_typed(TASK("pushed", ""), true, &typed, &out);
    assert_null(strstr(out.p, "3,5"));
    assert_non_null(strstr(out.p, "<option value=\"2\" selected>"));
    assert_non_null(strstr(out.p, " value=\"of no field of this form\"></label>"));
}

static void an_invited_customer_is_asked_for_words_of_his_own(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};

    (void)state;
    page("{\"id\":3,\"role\":\"koc_fan\",\"state\":\"seen\",\"content\":\"话题\"}", false, &out);
    assert_non_null(strstr(out.p, "用自己的话说"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_words_are_shown_whole_and_as_text),
        cmocka_unit_test(one_script_may_run_and_it_copies_the_words),
        cmocka_unit_test(it_can_be_done_put_off_handed_over_or_said_to_be_impossible),
        cmocka_unit_test(one_that_is_over_says_how_and_takes_no_more),
        cmocka_unit_test(what_was_typed_stays_in_its_form_when_the_deed_was_refused),
        cmocka_unit_test(an_invited_customer_is_asked_for_words_of_his_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
