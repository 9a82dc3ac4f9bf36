/* test_link_task.c - the page of a task: its words whole and as text, buttons as long as something
 * can be done, and how it ended. */
#include "unit.h"

#include "http/link_page.h"

static const unsigned char KEY[QUND_LINK_KEY] = "a key of thirty-two bytes, not 3";

static void page(const char *json, bool english, struct qund_buf *out)
{
    static const struct qund_link LINK = {.alert = -12, .staff = 1, .until = 1757894400000};
    struct link_view v = {.link = &LINK,
                          .key = KEY,
                          .english = english,
                          .said = LINK_NOTHING,
                          .zone = "Asia/Shanghai"};
    struct link_people people = {.n = 2};
    char lin[] = "林", zhao[] = "赵<b>";

    people.v[0].id = 1;
    people.v[0].name = lin;
    people.v[1].id = 2;
    people.v[1].name = zhao;
    qund_link_html_task(&v, qund_str(json), &people, out);
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
    assert_null(strstr(out.p, "<script"));
    assert_non_null(strstr(out.p, "海报&lt;1&gt;.png"));
    assert_non_null(strstr(out.p, "T12"));
    assert_non_null(strstr(out.p, "截止 09-15 12:00"));
    assert_non_null(strstr(out.p, "赵&lt;b&gt;"));
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
    assert_non_null(strstr(out.p, "cap:group_day"));
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
        cmocka_unit_test(it_can_be_done_put_off_handed_over_or_said_to_be_impossible),
        cmocka_unit_test(one_that_is_over_says_how_and_takes_no_more),
        cmocka_unit_test(an_invited_customer_is_asked_for_words_of_his_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
