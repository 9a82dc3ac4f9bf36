/* test_order.c - what the staff type about alerts: what is an order and what is not, who is obeyed,
 * what he is answered, and that a repeat does nothing again. */
#include "desk.h"
#include "engine/order_text.h"

/* kind, the numbers, then what follows: "done 12 | 好 | =3". "": it is no order. */
static void shown(const char *text, char out[300])
{
    static const char *const KINDS[] = {"ok", "done", "snooze", "no", "cant", "hand"};
    struct qund_order o;
    size_t n;

    out[0] = '\0';
    if (qund_order_read(qund_str(text), &o) < 0)
        return;
    n = (size_t)snprintf(out, 300, "%s", KINDS[o.kind]);
    for (size_t i = 0; i < o.n; i++)
        n += (size_t)snprintf(out + n, 300 - n, " %lld", (long long)o.ids[i]);
    if (o.note.n > 0)
        n += (size_t)snprintf(out + n, 300 - n, " | %.*s", QUND_STR_ARG(o.note));
    if (o.when[0])
        n += (size_t)snprintf(out + n, 300 - n, " @ %s", o.when);
    if (o.number[0])
        snprintf(out + n, 300 - n, " = %s", o.number);
}

static void a_word_and_a_number_are_an_order_and_nothing_else_is(void **state)
{
    static const char *const CASES[][2] = {
        {"ok 123", "ok 123"},
        {"OK #123", "ok 123"},
        {"  ok: 12, 13 #14 ", "ok 12 13 14"},
        {"ok 12 12 13", "ok 12 13"},
        {"收到 123", "ok 123"},
        {"收到123", "ok 123"},
        {"收到：１２、１３。", "ok 12 13"},
        {"ＯＫ　１２", "ok 12"},
        {"@小助手 收到 12", "ok 12"},
        {"@小助手\xe2\x80\x85收到 12", "ok 12"}, /* as WeChat ends a name: U+2005 */
        {"@小助手\xe2\x80\x85 完成\xe2\x80\x8b 12", "done 12"},
        {"\xef\xbb\xbfok\xe2\x80\x85"
         "12",
         "ok 12"},
        {"转交 12 @小吴\xe2\x80\x85", "hand 12 | @小吴"},
        {"done 12", "done 12"},
        {"Done 12 13 Fixed It", "done 12 13 | Fixed It"},
        {"完成 12，已上门修好", "done 12 | 已上门修好"},
        {"完成 12 3栋已修好", "done 12 | 3栋已修好"},
        {"完成 12 =12.5 成交两单", "done 12 | 成交两单 = 12.5"},
        {"done 12 = 3", "done 12 = 3"},
        {"已完成 12", "done 12"},
        {"snooze 12 30m", "snooze 12 @ 30m"},
        {"稍后 12 30分钟", "snooze 12 @ 30分钟"},
        {"稍后12 30 分钟", "snooze 12 @ 30 分钟"},
        {"稍后 12 #13 明天９：３０", "snooze 12 13 @ 明天9:30"},
        {"later 12", "snooze 12"},
        {"无关 12", "no 12"},
        {"no 12", "no 12"},
        {"done T12", "done -12"},
        {"完成 T12，贴好了", "done -12 | 贴好了"},
        {"ok t12 #13, T14", "ok -12 13 -14"},
        {"收到Ｔ１２", "ok -12"},
        {"snooze T12 30m", "snooze -12 @ 30m"},
        {"稍后 T12 #13 30分钟", "snooze -12 13 @ 30分钟"},
        {"Can't T12 the group is gone", "cant -12 | the group is gone"},
        {"can’t #T12", "cant -12"},
        {"做不了T12 群没了 =3", "cant -12 | 群没了 =3"},
        {"转交 T12 小吴", "hand -12 | 小吴"},
        {"转交12 @吴", "hand 12 | @吴"},
        {"转给 T12 #13 7", "hand -12 13 | 7"},
        {"Handover T12 wu", "hand -12 | wu"},
        {"hand 12", "hand 12"},
        {"handy 12", ""},
        {"转交给小吴吧", ""},
        {"ok T", ""},
        {"ok T0", ""},
        {"later tonight", ""},
        {"done today", ""},
        {"ok", ""},
        {"收到", ""},
        {"收到，谢谢", ""},
        {"收到 3 个", ""},
        {"收到3栋的消息", ""},
        {"好的 12", ""},
        {"okay 12", ""},
        {"ok12", ""},
        {"nobody 12", ""},
        {"ok 0", ""},
        {"ok -1", ""},
        {"ok 12.5", ""},
        {"ok 12 thanks", ""},
        {"ok 1234567890123", ""},
        {"我已经完成 12", ""},
        {"#12 ok", ""},
        {"", ""},
        {"@", ""},
        {"@@ ", ""},
        {"ok #", ""},
        {"完成 #", ""},
        {"ok 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21", ""},
    };
    char got[300];

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(CASES); i++) {
        shown(CASES[i][0], got);
        if (strcmp(got, CASES[i][1]) != 0)
            fail_msg("'%s' is '%s', not '%s'", CASES[i][0], got, CASES[i][1]);
    }
}

static const char CONFIG[] =
    "channels:\n"
    "  replay: {kind: replay, trust_roles: true, send_through: voice}\n"
    "targets:\n"
    "  voice: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n"
    "  lin: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n";
static const char RULES[] = "rules:\n"
                            "  - id: info\n    when: {any: [谢谢]}\n"
                            "    then: [{alert: {to: consultant, level: info, text: 谢}}]\n";
static const char ORG[] =
    "staff:\n"
    "  - {id: lin, name: 林, ids: [{realm: replay, id: wx-lin}], push: ['lin']}\n"
    "  - {id: zhao, name: 赵, ids: [{realm: replay, id: wx-zhao}], push: ['lin']}\n"
    "  - {id: wu, name: 吴, ids: [{realm: replay, id: wx-wu}], push: ['lin']}\n"
    "  - {id: mute, name: 哑}\n"
    "groups:\n"
    "  - realm: replay\n    id: g1\n    manager: zhao\n    roles: {consultant: [lin]}\n"
    "  - {realm: replay, id: back, name: 后台, internal: true}\n";

enum { MIN = 60000 };

static struct desk *fresh(const char *config)
{
    struct desk *d = desk_new(config, RULES);

    desk_org(d, ORG);
    desk_say(d, "m1", "ann", "customer", "谢谢");
    desk_say(d, "m2", "bob", "customer", "谢谢");
    return d;
}

/* more: further members of the event, such as "\"group\":\"g1\",". */
static void tell(struct desk *d, const char *id, const char *who, const char *more,
                 const char *text)
{
    QUND_AUTO(qund_buf_done) struct qund_buf json = {0};

    qund_buf_printf(&json,
                    "{\"id\":\"%s\",\"ts\":%lld,\"sender\":\"%s\",\"account\":\"bot\",%s"
                    "\"text\":\"%s\"}",
                    id, (long long)d->rx + 1, who, more, text);
    desk_event(d, json.p);
}

static int64_t state_of(struct desk *d, int id)
{
    char sql[80];

    snprintf(sql, sizeof(sql), "SELECT state FROM alert WHERE id = %d", id);
    return desk_int(d, sql);
}

static void answered(struct desk *d, const char *want)
{
    char *got = desk_text(d, "SELECT json_extract(body, '$.text') FROM outbox WHERE target = "
                             "'voice' ORDER BY id DESC LIMIT 1");

    if (strcmp(got, want) != 0)
        fail_msg("answered '%s', not '%s'", got, want);
    qund_free(got);
}

static int64_t answers(struct desk *d)
{
    return desk_int(d, "SELECT count(*) FROM outbox WHERE target = 'voice'");
}

static void an_order_is_done_and_answered_where_it_was_given(void **state)
{
    struct desk *d = fresh(CONFIG);
    char *body;

    (void)state;
    tell(d, "o1", "wx-lin", "", "收到 1");
    assert_int_equal(state_of(d, 1), 1);
    answered(d, "#1 已记下，由你处理。");
    body = desk_text(d, "SELECT body FROM outbox WHERE target = 'voice'");
    assert_non_null(strstr(body, "\"kind\":\"message\""));
    assert_non_null(strstr(body, "\"person_id\":\"wx-lin\""));
    assert_non_null(strstr(body, "\"reply_to\":\"o1\""));
    assert_non_null(strstr(body, "\"auto\":true"));
    qund_free(body);
    body = desk_text(d, "SELECT by_whom FROM alert WHERE id = 1");
    assert_string_equal(body, "staff:1");
    qund_free(body);
    tell(d, "o2", "wx-lin", "\"to\":\"bot\",", "Done 1 2 =3.5 Called Back");
    assert_int_equal(state_of(d, 1), 2);
    assert_int_equal(state_of(d, 2), 2);
    answered(d, "#1 is done.\n#2 is done.");
    body = desk_text(d, "SELECT note || number FROM alert WHERE id = 2");
    assert_string_equal(body, "Called Back3.5");
    qund_free(body);
    desk_free(d);
}

static void later_says_when_and_half_an_hour_when_nothing_is_said(void **state)
{
    struct desk *d = fresh(CONFIG);

    (void)state;
    tell(d, "o1", "wx-lin", "", "稍后 1 明天9点");
    answered(d, "#1 稍后再提醒：09-16 09:00");
    tell(d, "o2", "wx-lin", "", "稍后 2");
    answered(d, "#2 稍后再提醒：09-15 08:30");
    tell(d, "o3", "wx-lin", "", "snooze 2 sometime");
    answered(d, "#2 when? For example 30m, 18:00, tomorrow 9:00 (within 30 days).");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM alert WHERE snoozed > 0"), 2);
    desk_free(d);
}

static void a_second_time_and_nonsense_have_a_kind_answer_and_no_effect(void **state)
{
    struct desk *d = fresh(CONFIG);

    (void)state;
    tell(d, "o1", "wx-lin", "", "完成 1");
    tell(d, "o2", "wx-lin", "", "完成 1");
    answered(d, "#1 不用再回复，已经处理过了。");
    tell(d, "o9", "wx-lin", "", "完成 1 =3,5");
    answered(d, "#1 不用再回复，已经处理过了。");
    tell(d, "o10", "wx-lin", "", "转交 1 @王");
    answered(d, "#1 不用再回复，已经处理过了。");
    tell(d, "o6", "wx-zhao", "", "收到 2");
    tell(d, "o7", "wx-lin", "", "收到 2");
    answered(d, "#2 已经有人在处理：赵。"); /* not that it is done: he may think it is */
    tell(d, "o8", "wx-lin", "", "ok 1 2");
    answered(d, "#1 is dealt with already.\n#2 is taken already, by 赵.");
    tell(d, "o3", "wx-lin", "", "完成 2 =3,5");
    answered(d, "#2 数字没有看懂，例如：=12.5");
    assert_int_equal(state_of(d, 2), 1);
    tell(d, "o4", "wx-lin", "", "完成 77");
    answered(d, "#77 没有这条提醒，或不归你处理。");
    tell(d, "o5", "wx-lin", "", "无关 2");
    answered(d, "#2 已标为无关。");
    assert_int_equal(desk_int(d, "SELECT sum(irrelevant) FROM rule_day"), 1);
    desk_free(d);
}

static void only_staff_whom_it_concerns_are_obeyed(void **state)
{
    struct desk *d = fresh(CONFIG);

    (void)state;
    tell(d, "o1", "ann", "", "收到 1"); /* a customer */
    assert_int_equal(answers(d), 0);
    tell(d, "o2", "wx-wu", "", "收到 1"); /* staff, but neither told nor in charge */
    answered(d, "#1 没有这条提醒，或不归你处理。");
    assert_int_equal(state_of(d, 1), 0);
    tell(d, "o3", "wx-zhao", "", "收到 1"); /* manages the group */
    assert_int_equal(state_of(d, 1), 1);
    assert_int_equal(desk_command(d, "alert.handover", "{\"id\":2,\"to\":\"wu\"}"), 0);
    tell(d, "o4", "wx-wu", "", "收到 2");
    assert_int_equal(state_of(d, 2), 1);
    desk_free(d);
}

static void it_is_handed_over_to_somebody_by_name(void **state)
{
    struct desk *d = fresh(CONFIG);

    (void)state;
    tell(d, "o1", "wx-lin", "", "转交 1");
    answered(d, "#1 转交给谁？请在后面写同事的姓名；他得能收到提醒，也不能已经归他。");
    tell(d, "o2", "wx-lin", "", "转交 1 @王");
    answered(d, "#1 转交给谁？请在后面写同事的姓名；他得能收到提醒，也不能已经归他。");
    tell(d, "o5", "wx-lin", "", "转交 1 @哑"); /* has no push target */
    answered(d, "#1 转交给谁？请在后面写同事的姓名；他得能收到提醒，也不能已经归他。");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM alert WHERE role LIKE 'staff:%'"), 0);
    tell(d, "o3", "wx-lin", "", "转交 1 @赵");
    answered(d, "#1 已转交，对方会收到。");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM alert WHERE id = 1 AND role = 'staff:2'"),
                     1);
    tell(d, "o4", "wx-lin", "", "handover 2 wu");
    answered(d, "#2 is handed over, and they are told.");
    desk_free(d);
}

static void what_is_said_to_customers_or_long_ago_is_no_order(void **state)
{
    struct desk *d = fresh(CONFIG);

    (void)state;
    tell(d, "o1", "wx-lin", "\"group\":\"g1\",", "收到 1");
    tell(d, "o2", "wx-lin", "\"to\":\"ann\",", "完成 1"); /* an archive shows private chats */
    d->rx += 3 * 60 * MIN;
    desk_event(d, "{\"id\":\"o3\",\"ts\":1757894400100,\"sender\":\"wx-lin\",\"text\":\"收到 1\"}");
    assert_int_equal(state_of(d, 1), 0);
    assert_int_equal(answers(d), 0);
    desk_free(d);
}

static void a_group_of_the_staff_hears_too_and_is_answered_there(void **state)
{
    struct desk *d = fresh(CONFIG);
    char *body;

    (void)state;
    tell(d, "o1", "wx-lin", "\"group\":\"back\",", "@小助手 完成 1");
    assert_int_equal(state_of(d, 1), 2);
    body = desk_text(d, "SELECT body FROM outbox WHERE target = 'voice'");
    assert_non_null(strstr(body, "\"group\":\"back\""));
    assert_null(strstr(body, "person_id"));
    qund_free(body);
    desk_free(d);
}

static void a_repeat_or_a_restart_does_nothing_again(void **state)
{
    struct desk *d = fresh(CONFIG);
    const char *again =
        "{\"id\":\"o1\",\"ts\":1757894400500,\"sender\":\"wx-lin\",\"text\":\"收到 1\"}";

    (void)state;
    d->rx = 1757894400600;
    desk_event(d, again);
    desk_close_store(d);
    desk_open_store(d);
    desk_event(d, again);
    assert_int_equal(state_of(d, 1), 1);
    assert_int_equal(answers(d), 1);
    desk_free(d);
}

static void without_a_way_to_speak_it_is_done_in_silence(void **state)
{
    struct desk *d = fresh("targets:\n"
                           "  lin: {kind: webhook, url: 'http://127.0.0.1:1/x', "
                           "allow_private: true}\n");

    (void)state;
    qund_buf_clear(&d->feed);
    tell(d, "o1", "wx-lin", "", "收到 1");
    assert_int_equal(state_of(d, 1), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox WHERE target <> 'lin'"), 0);
    assert_non_null(strstr(d->feed.p, "\"deed\":\"ack\""));
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_and_a_number_are_an_order_and_nothing_else_is),
        cmocka_unit_test(an_order_is_done_and_answered_where_it_was_given),
        cmocka_unit_test(later_says_when_and_half_an_hour_when_nothing_is_said),
        cmocka_unit_test(a_second_time_and_nonsense_have_a_kind_answer_and_no_effect),
        cmocka_unit_test(only_staff_whom_it_concerns_are_obeyed),
        cmocka_unit_test(it_is_handed_over_to_somebody_by_name),
        cmocka_unit_test(what_is_said_to_customers_or_long_ago_is_no_order),
        cmocka_unit_test(a_group_of_the_staff_hears_too_and_is_answered_there),
        cmocka_unit_test(a_repeat_or_a_restart_does_nothing_again),
        cmocka_unit_test(without_a_way_to_speak_it_is_done_in_silence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
