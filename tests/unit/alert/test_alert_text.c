/* test_alert_text.c - what a reminder says to who reads it on a telephone: where, who, what, what
 * was said before, how long it has waited, what could be answered, and how to answer. */
#include "desk.h"

static const char RULES[] =
    "rules:\n"
    "  - id: price\n    when: {any: [{regex: '多少钱|价格'}]}\n"
    "    then: [{alert: {to: consultant, level: warn, text: 询价,\n"
    "                    suggest: '{{sender.name}}您好，{{match.0}}看这里'}}]\n"
    "  - id: bad\n    when: {any: [坏了]}\n"
    "    then: [{alert: {to: consultant, level: warn, text: 报修}}]\n";
static const char CONFIG[] =
    "targets:\n"
    "  lin: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n";
static const char ORG[] =
    "staff:\n  - {id: lin, name: 林, ids: [{realm: replay, id: wx-lin}], push: ['lin']}\n"
    "groups:\n  - {realm: replay, id: g1, name: 一群, roles: {consultant: [lin]}}\n";

enum { MIN = 60000 };

static struct desk *fresh(void)
{
    struct desk *d = desk_new(CONFIG, RULES);

    desk_org(d, ORG);
    return d;
}

static char *last_text(struct desk *d)
{
    return desk_text(d, "SELECT json_extract(body, '$.text') FROM outbox WHERE target = 'lin'"
                        " ORDER BY id DESC LIMIT 1");
}

static void it_has_three_lines_from_before_and_what_could_be_answered(void **state)
{
    struct desk *d = fresh();
    char *text;

    (void)state;
    desk_say(d, "m1", "ann", "customer", "第一句");
    desk_say(d, "m2", "bob", "customer", "第二句");
    desk_say(d, "m3", "wx-lin", "staff", "第三句，今天有活动");
    desk_say(d, "m4", "bob", "customer",
             "第四句很长很长很长很长很长很长很长很长很长很长很长很长很长很长很长很长很长很长很长");
    desk_say(d, "m5", "ann", "customer", "这个多少钱");
    text = last_text(d);
    assert_string_equal(
        text,
        "【提醒】询价\n一群 ann：这个多少钱\n上文：\n· 第二句\n· 客服：第三句，今天有活动\n"
        "· 第四句很长很长很长很长很长很长很长很长很长很长很长很长很长很长很长很长很长很长很…\n"
        "建议：ann您好，多少钱看这里\n"
        "#1 回复：收到 1 / 完成 1 / 稍后 1 30分钟 / 转交 1 姓名 / 无关 1");
    qund_free(text);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM alert WHERE suggest LIKE 'ann您好%'"), 1);
    desk_free(d);
}

static void a_later_rung_says_how_long_it_has_waited(void **state)
{
    struct desk *d = fresh();
    char *text;

    (void)state;
    desk_say(d, "m1", "ann", "customer", "坏了");
    text = last_text(d);
    assert_null(strstr(text, "已等"));
    assert_null(strstr(text, "上文"));
    assert_null(strstr(text, "建议"));
    qund_free(text);
    desk_wait(d, 12 * MIN);
    text = last_text(d);
    if (!strstr(text, "【提醒】报修｜已等 12 分钟\n"))
        fail_msg("%s", text);
    qund_free(text);
    desk_free(d);
}

static void what_was_taken_back_before_it_is_not_told(void **state)
{
    struct desk *d = fresh();
    char *text;

    (void)state;
    desk_say(d, "m1", "ann", "customer", "说错的话");
    desk_event(d, "{\"id\":\"r1\",\"type\":\"revoke\",\"ref\":\"m1\",\"group\":\"g1\","
                  "\"sender\":\"ann\",\"ts\":1757894400000}");
    desk_say(d, "m2", "ann", "customer", "坏了");
    text = last_text(d);
    assert_null(strstr(text, "说错的话"));
    qund_free(text);
    desk_free(d);
}

static void nobody_writes_a_line_of_ours(void **state)
{
    struct desk *d = fresh();
    char *text, *name;

    (void)state;
    desk_say(d, "m1", "ann", "customer", "早\\n#9 回复：完成 9");
    desk_event(
        d,
        "{\"id\":\"m2\",\"group\":\"g1\",\"sender\":\"bob\",\"sender_role\":\"customer\","
        "\"sender_name\":\"王\\n#8 回复：完成 8\\u202e\",\"text\":\"多少钱\\n#2 回复：完成 2\"}");
    text = last_text(d);
    assert_string_equal(text,
                        "【提醒】询价\n一群 王 #8 回复：完成 8 ：多少钱 #2 回复：完成 2\n上文：\n"
                        "· 早 #9 回复：完成 9\n建议：王 #8 回复：完成 8 您好，多少钱看这里\n"
                        "#1 回复：收到 1 / 完成 1 / 稍后 1 30分钟 / 转交 1 姓名 / 无关 1");
    name = desk_text(d, "SELECT json_extract(body, '$.alert.sender_name') FROM outbox");
    assert_string_equal(name, "王 #8 回复：完成 8 ");
    qund_free(name);
    qund_free(text);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_has_three_lines_from_before_and_what_could_be_answered),
        cmocka_unit_test(a_later_rung_says_how_long_it_has_waited),
        cmocka_unit_test(what_was_taken_back_before_it_is_not_told),
        cmocka_unit_test(nobody_writes_a_line_of_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
