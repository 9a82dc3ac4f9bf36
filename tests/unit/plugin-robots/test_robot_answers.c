/* What the shipped tables make of the vendors' answers. */
#include "robots.h"
#include "unit.h"

static struct answers *table(const char *name)
{
    char path[300];
    struct qund_fault why = {0};
    json_t *j;
    struct answers *a;

    snprintf(path, sizeof(path), QUND_SOURCE_DIR "/config/robots/%s.json", name);
    j = shipped_load(path, &why);
    if (!j)
        fail_msg("%s", why.text);
    a = answers_new(json_object_get(j, "answer") ? json_object_get(j, "answer") : j, &why);
    if (!a)
        fail_msg("%s: %s: %s", name, why.where, why.text);
    json_decref(j);
    return a;
}

static const struct {
    const char *name;
    int status;
    const char *body;
    enum qund_delivered how;
    int64_t wait_ms;
} ANSWERS[] = {
    {"wecom", 200, "{\"errcode\":0,\"errmsg\":\"ok\"}", QUND_SENT, -1},
    {"wecom", 200, "{\"errcode\":-1,\"errmsg\":\"system busy\"}", QUND_RETRY, -1},
    {"wecom", 200, "{\"errcode\":45009,\"errmsg\":\"api freq out of limit\"}", QUND_LIMITED, 60000},
    {"wecom", 200, "{\"errcode\":45033}", QUND_LIMITED, 5000},
    {"wecom", 200, "{\"errcode\":93000,\"errmsg\":\"invalid webhook url\"}", QUND_DROP, -1},
    {"wecom", 200, "{\"errcode\":123456}", QUND_DROP, -1},
    {"wecom", 200, "<html>", QUND_UNKNOWN, -1},
    {"wecom", 200, "", QUND_UNKNOWN, -1},
    {"wecom", 200, "{\"errcode\":null}", QUND_UNKNOWN, -1},
    {"wecom", 502, "<html>", QUND_RETRY, -1},
    {"wecom", 404, "", QUND_DROP, -1},
    {"wecom", 302, "", QUND_DROP, -1},
    {"dingtalk", 200, "{\"errcode\":0,\"errmsg\":\"ok\"}", QUND_SENT, -1},
    {"dingtalk", 200, "{\"status\":1111,\"wait\":5,\"punish\":\"deny\",\"errcode\":130101}",
     QUND_LIMITED, 600000},
    {"dingtalk", 200, "{\"errcode\":410100}", QUND_LIMITED, 600000},
    {"dingtalk", 200, "{\"errcode\":310000,\"errmsg\":\"sign not match\"}", QUND_DROP, -1},
    {"dingtalk", 200, "{\"errcode\":-1}", QUND_RETRY, -1},
    {"feishu", 200, "{\"code\":0,\"msg\":\"success\",\"data\":{},\"StatusCode\":0}", QUND_SENT, -1},
    {"feishu", 200, "{\"StatusCode\":0,\"StatusMessage\":\"success\"}", QUND_SENT, -1},
    {"feishu", 200, "{\"code\":11232,\"msg\":\"frequency limited\"}", QUND_LIMITED, 10000},
    {"feishu", 200, "{\"code\":19021}", QUND_DROP, -1},
    {"feishu", 400, "{\"code\":9499}", QUND_DROP, -1},
    {"feishu", 200, "{\"code\":2200}", QUND_RETRY, -1},
    {"slack", 200, "ok", QUND_SENT, -1},
    {"slack", 404, "no_service", QUND_DROP, -1},
    {"slack", 500, "rollup_error", QUND_RETRY, -1},
    {"slack", 200, "<html>", QUND_UNKNOWN, -1},
    {"discord", 204, "", QUND_SENT, -1},
    {"discord", 429, "{\"message\":\"slow\",\"retry_after\":1.5,\"global\":false}", QUND_LIMITED,
     1501},
    {"discord", 404, "{\"code\":10015}", QUND_DROP, -1},
    {"telegram", 200, "{\"ok\":true,\"result\":{\"message_id\":5}}", QUND_SENT, -1},
    {"telegram", 429, "{\"ok\":false,\"error_code\":429,\"parameters\":{\"retry_after\":17}}",
     QUND_LIMITED, 17001},
    {"telegram", 403, "{\"ok\":false,\"description\":\"bot was kicked\"}", QUND_DROP, -1},
    {"bark", 200, "{\"code\":200,\"message\":\"success\"}", QUND_SENT, -1},
    {"bark", 400, "{\"code\":400,\"message\":\"failed to get device token\"}", QUND_DROP, -1},
    {"bark", 500, "{\"code\":500}", QUND_RETRY, -1},
    {"serverchan", 200, "{\"code\":0,\"data\":{\"pushid\":\"9\"}}", QUND_SENT, -1},
    {"serverchan", 200, "{\"code\":40001,\"message\":\"bad key\"}", QUND_DROP, -1},
    {"pushplus", 200, "{\"code\":200,\"data\":\"s1\"}", QUND_SENT, -1},
    {"pushplus", 200, "{\"code\":500}", QUND_RETRY, -1},
    {"pushplus", 200, "{\"code\":900}", QUND_LIMITED, 86400000},
    {"sms-twilio", 201, "{\"sid\":\"SM1\",\"error_code\":null}", QUND_SENT, -1},
    {"sms-twilio", 400, "{\"code\":21211,\"message\":\"bad number\"}", QUND_DROP, -1},
    {"sms-query", 200, "0,12345", QUND_SENT, -1},
    {"sms-query", 200, "101,no money", QUND_DROP, -1},
};

static void codes_decide_and_statuses_where_there_are_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ANSWERS) / sizeof(ANSWERS[0]); i++) {
        struct answers *a = table(ANSWERS[i].name);
        struct qund_told_http t = {.end = QUND_HTTP_ANSWERED,
                                   .status = ANSWERS[i].status,
                                   .whole = true,
                                   .retry_after_ms = -1,
                                   .body = qund_str(ANSWERS[i].body)};
        struct verdict v;

        answers_read(a, &t, &v);
        if (v.how != ANSWERS[i].how || v.wait_ms != ANSWERS[i].wait_ms)
            fail_msg("%s %d %s: %d %lld %s", ANSWERS[i].name, t.status, ANSWERS[i].body, v.how,
                     (long long)v.wait_ms, v.detail);
        assert_true((v.how == QUND_SENT) == !v.detail[0]);
        answers_free(a);
    }
}

static void what_never_came_is_not_sent_or_not_known(void **state)
{
    static const struct {
        enum qund_http_end end;
        enum qund_delivered how;
    } ENDS[] = {{QUND_HTTP_NOT_SENT, QUND_RETRY},
                {QUND_HTTP_NO_ANSWER, QUND_UNKNOWN},
                {QUND_HTTP_REFUSED, QUND_DROP}};
    struct answers *a = table("wecom");
    struct verdict v;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        answers_read(a, &(struct qund_told_http){.end = ENDS[i].end, .why = QUND_STR("x")}, &v);
        assert_int_equal(v.how, ENDS[i].how);
    }
    answers_free(a);
}

/* The code of half an answer may be the beginning of another one. */
static void half_an_answer_is_not_believed(void **state)
{
    struct answers *a = table("wecom"), *slack = table("slack");
    struct qund_told_http t = {.end = QUND_HTTP_ANSWERED,
                               .status = 200,
                               .retry_after_ms = -1,
                               .body = QUND_STR("{\"errcode\":0}")};
    struct verdict v;

    (void)state;
    answers_read(a, &t, &v);
    assert_int_equal(v.how, QUND_UNKNOWN);
    t.body = QUND_STR("ok");
    answers_read(slack, &t, &v);
    assert_int_equal(v.how, QUND_UNKNOWN);
    answers_free(a);
    answers_free(slack);
}

static void the_peers_word_and_its_message_id_are_kept(void **state)
{
    struct answers *a = table("telegram");
    struct qund_told_http t = {.end = QUND_HTTP_ANSWERED,
                               .status = 200,
                               .whole = true,
                               .retry_after_ms = -1,
                               .body = QUND_STR("{\"ok\":true,\"result\":{\"message_id\":5}}")};
    struct verdict v;

    (void)state;
    answers_read(a, &t, &v);
    assert_string_equal(v.their_id, "5");
    t.status = 429;
    t.retry_after_ms = 3000;
    t.body = QUND_STR("slow down");
    answers_read(a, &t, &v);
    assert_int_equal(v.how, QUND_LIMITED);
    assert_int_equal(v.wait_ms, 3000);
    t.status = 400;
    t.body = QUND_STR("{\"ok\":false,\"description\":\"chat not found\"}");
    answers_read(a, &t, &v);
    assert_string_equal(v.detail, "400, code : chat not found");
    answers_free(a);
}

static void a_table_that_is_wrong_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *table, *where;
    } BAD[] = {
        {"[]", "answer"},
        {"{\"ens\":{}}", "answer"},
        {"{\"code\":\"errcode\"}", "code"},
        {"{\"code\":[\"/a\",\"/b\",\"/c\",\"/d\",\"/e\"]}", "code"},
        {"{\"ends\":{\"0\":\"OK\"}}", "ends"},
        {"{\"ends\":{\"0\":\"LIMITED soon\"}}", "ends"},
        {"{\"ends\":{\"0\":\"LIMITED 9999h\"}}", "ends"},
        {"{\"ends\":[]}", "ends"},
        {"{\"status\":{\"200\":1}}", "status"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        json_t *j = json_loads(BAD[i].table, 0, NULL);
        struct qund_fault why = {0};

        assert_non_null(j);
        assert_null(answers_new(j, &why));
        assert_string_equal(why.where, BAD[i].where);
        json_decref(j);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_decide_and_statuses_where_there_are_none),
        cmocka_unit_test(what_never_came_is_not_sent_or_not_known),
        cmocka_unit_test(half_an_answer_is_not_believed),
        cmocka_unit_test(the_peers_word_and_its_message_id_are_kept),
        cmocka_unit_test(a_table_that_is_wrong_is_refused_with_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
