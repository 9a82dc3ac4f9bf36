/* What rules are told of the talk around a message: who spoke last, what the group was called to,
 * whether the sender stands in the list. */
#include "desk.h"

static const char RULES[] =
    "rules:\n"
    "- {id: a, when: {context: after_staff}, then: [{intent: after_staff}]}\n"
    "- {id: b, when: {context: after_member}, then: [{intent: after_member}]}\n"
    "- {id: c, when: {context: call_signup}, then: [{intent: call_signup}]}\n"
    "- {id: d, when: {context: call_confirm}, then: [{intent: call_confirm}]}\n"
    "- {id: e, when: {context: call_order}, then: [{intent: call_order}]}\n"
    "- {id: f, when: {context: call_fresh}, then: [{intent: call_fresh}]}\n"
    "- {id: g, when: {context: signed_up}, then: [{intent: signed_up}]}\n"
    "- {id: h, when: {context: is_asked}, then: [{intent: is_asked}]}\n"
    "- {id: k, when: {from: [staff], any: [吱应], extract: {none: [call]}}, then: [{call: "
    "confirm}]}\n"
    "- {id: l, when: {from: [staff], any: [闭团]}, then: [{call: close}]}\n";

#define MINUTE 60000LL
#define HOUR (60 * MINUTE)

/* Exactly these words held when the message came. */
static void around(struct desk *d, const char *id, const char *words)
{
    char sql[200];
    char *got;

    snprintf(sql, sizeof(sql),
             "SELECT ifnull((SELECT group_concat(value, ' ') FROM json_each(m.intents)), '') FROM"
             " message_202509 e LEFT JOIN mark m ON e.seq = m.seq WHERE e.eid = '%s'",
             id);
    got = desk_text(d, sql);
    if (strcmp(got, words) != 0)
        fail_msg("%s: \"%s\", not \"%s\"", id, got, words);
    qund_free(got);
}

static void who_spoke_last_is_told_for_ten_minutes(void **state)
{
    struct desk *d = desk_new("{}", RULES);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "早");
    around(d, "m1", "");
    desk_say(d, "m2", "bob", "customer", "早");
    around(d, "m2", "after_member");
    desk_say(d, "m3", "lin", "staff", "大家早");
    desk_say(d, "m4", "bob", "customer", "今天好热");
    around(d, "m4", "after_staff");
    desk_say(d, "m5", "bob", "customer", "真的"); /* his own words are not somebody's */
    around(d, "m5", "after_staff");
    desk_wait(d, 11 * MINUTE);
    desk_say(d, "m6", "ann", "customer", "是啊");
    around(d, "m6", "");
    desk_free(d);
}

static void the_last_call_is_told_as_long_as_people_answer_it(void **state)
{
    struct desk *d = desk_new("{}", RULES);

    (void)state;
    desk_say(d, "c1", "lin", "staff", "周六下午讲座，想来的接龙报名，写人数");
    desk_say(d, "m1", "ann", "customer", "好");
    around(d, "m1", "after_staff call_signup call_fresh");
    desk_wait(d, 3 * HOUR);
    desk_say(d, "m2", "ann", "customer", "好");
    around(d, "m2", "call_signup");
    desk_say(d, "c2", "lin", "staff", "报了名的各位，明天来不来，确认一下回个1");
    desk_say(d, "m3", "ann", "customer", "好");
    around(d, "m3", "after_staff call_confirm call_fresh");
    desk_say(d, "c3", "lin", "staff",
             "今日团购：草莓19.9元/盒，车厘子39.9元/斤，要的下单，八点截单");
    desk_say(d, "m4", "ann", "customer", "好");
    around(d, "m4", "after_staff call_order call_fresh");
    desk_say(d, "c4", "lin", "staff", "截单啦");
    desk_say(d, "m5", "ann", "customer", "好");
    around(d, "m5", "after_staff call_confirm call_fresh");
    desk_wait(d, 49 * HOUR);
    desk_say(d, "m6", "ann", "customer", "好");
    around(d, "m6", "");
    desk_free(d);
}

static void who_stands_in_the_list_is_asked_when_all_are(void **state)
{
    struct desk *d = desk_new("{}", RULES);

    (void)state;
    desk_say(d, "c1", "lin", "staff", "周六下午讲座，想来的接龙报名，写人数");
    desk_say(d, "m1", "ann", "customer", "报名2位");
    around(d, "m1", "after_staff call_signup call_fresh");
    desk_say(d, "m2", "ann", "customer", "谢谢");
    around(d, "m2", "after_staff call_signup call_fresh signed_up");
    desk_say(d, "c2", "lin", "staff", "报了名的各位，明天来不来，确认一下回个1");
    desk_say(d, "m3", "ann", "customer", "好");
    around(d, "m3", "after_staff call_confirm call_fresh signed_up is_asked");
    desk_say(d, "m4", "bob", "customer", "好");
    around(d, "m4", "after_member call_confirm call_fresh");
    desk_free(d);
}

static void a_rule_may_say_what_the_group_is_called_to(void **state)
{
    struct desk *d = desk_new("{}", RULES);

    (void)state;
    desk_say(d, "c1", "lin", "staff", "明儿九点，都再吱应");
    desk_say(d, "m1", "ann", "customer", "好");
    around(d, "m1", "after_staff call_confirm call_fresh");
    /* What the extractor knows for a call is offered to rules, so that they need not call twice. */
    desk_say(d, "c2", "lin", "staff", "周六下午讲座，想来的接龙报名，写人数，吱应");
    desk_say(d, "m2", "ann", "customer", "好");
    around(d, "m2", "after_staff call_signup call_fresh");
    desk_say(d, "c3", "lin", "staff",
             "今日团购：草莓19.9元/盒，车厘子39.9元/斤，要的下单，八点截单");
    desk_say(d, "c4", "lin", "staff", "闭团");
    desk_say(d, "m3", "ann", "customer", "好");
    around(d, "m3", "after_staff call_signup call_fresh");
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_spoke_last_is_told_for_ten_minutes),
        cmocka_unit_test(the_last_call_is_told_as_long_as_people_answer_it),
        cmocka_unit_test(who_stands_in_the_list_is_asked_when_all_are),
        cmocka_unit_test(a_rule_may_say_what_the_group_is_called_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
