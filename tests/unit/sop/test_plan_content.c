/* test_plan_content.c - what will be said in the next days: words as they would be filled today,
 * and what is missing for them. */
#include "plan_unit.h"

static const char WEEK[] =
    "id: week\ntitle: 一周\nscope: group\nanchor: trigger\ntrigger: date\n"
    "params: [{name: gift, label: 礼品, type: text}]\nsteps:\n"
    "  - {id: S01, at: D1 10:00, role: consultant, channel: group, content: "
    "\"{{group.name}}早安，本周送{{gift}}\", expect: {metric: speakers, gte: 1, window: 2h}}\n"
    "  - {id: S02, at: D2 10:00, role: expert, channel: group, content: "
    "\"还有{{stock.box}}份，问{{star.name}}要，{{stock.box}}份为止\", expect: {metric: speakers, "
    "gte: 1, "
    "window: 2h}}\n"
    "  - {id: S03, at: D3 10:00, role: leader, channel: group, content: "
    "\"答复如下：〔逐条答复〕\", expect: {metric: speakers, gte: 1, window: 2h}}\n"
    "  - {id: S04, at: D4 10:00, ready_by: D2 18:00, role: consultant, channel: group, content: "
    "\"案例（待补）\", expect: {metric: speakers, gte: 1, window: 2h}}\n"
    "  - {id: S05, at: D20 10:00, role: consultant, channel: group, content: \"三周了\", "
    "expect: {metric: speakers, gte: 1, window: 2h}}\n";
#define MAKE                                                                      \
    "{\"template\": \"week\", \"groups\": [1], \"params\": {\"gift\": \"伞\"}, " \
    "\"figures\": {\"stock.box\": 0}}"

static void each_says_whether_its_words_are_there(void **state)
{
    struct bench *b = *state;

    bench_template(b, WEEK);
    bench_do(b, "plan.create", MAKE);
    assert_int_equal(bench_int(b, "DELETE FROM plan_said RETURNING 1"), 1);
    bench_do(b, "plan.content", "{}");
    bench_says(b, "\"content\":\"一期群早安，本周送伞\",\"content_is\":\"ready\",\"missing\":[]");
    /* A name that is not known, once, though it is said twice; a role nobody holds. */
    bench_says(b, "\"content_is\":\"missing\",\"missing\":[\"stock.box\",\"star.name\"]");
    bench_says(b, "\"content_is\":\"by_hand\"");
    bench_says(b, "\"content_is\":\"draft\"");
    bench_says(b, "\"ready_by\":\"2025-09-17T10:00:00.000Z\",\"overdue\":false");
    assert_null(strstr(b->reply.p, "三周了"));
    bench_says(b, "\"more\":false");
    bench_do(b, "plan.content", "{\"days\": 30}");
    bench_says(b, "三周了");
}

static void what_somebody_gave_is_missing_no_longer(void **state)
{
    struct bench *b = *state;

    bench_template(b, WEEK);
    bench_do(b, "plan.create", MAKE);
    bench_do(b, "plan.set", "{\"id\": 1, \"name\": \"stock.box\", \"number\": 12}");
    bench_do(b, "plan.content", "{\"plan\": 1}");
    bench_says(b, "还有12份");
    bench_says(b, "\"missing\":[\"star.name\"]");
    bench_wait(b, 3 * DAY);
    bench_do(b, "plan.content", "{}");
    bench_says(b, "\"overdue\":true"); /* of the draft */
}

static void paused_plans_are_marked_and_ended_ones_left_out(void **state)
{
    struct bench *b = *state;

    bench_template(b, WEEK);
    bench_do(b, "plan.create", MAKE);
    bench_do(b, "plan.pause", "{\"id\": 1}");
    bench_do(b, "plan.content", "{}");
    bench_says(b, "\"paused\":true");
    bench_do(b, "plan.cancel", "{\"id\": 1}");
    bench_do(b, "plan.content", "{}");
    bench_says(b, "{\"tasks\":[],\"more\":false}");
}

static void it_is_asked_for_some_days_of_a_plan_or_a_group(void **state)
{
    struct bench *b = *state;

    bench_template(b, WEEK);
    bench_do(b, "plan.create", MAKE);
    bench_do(b, "plan.content", "{\"group\": 2}");
    bench_says(b, "{\"tasks\":[],\"more\":false}");
    bench_refused(b, "plan.content", "{\"days\": 0}", "days", "from 1 to");
    bench_refused(b, "plan.content", "{\"day\": 3}", "body", "nearest known: 'days'");
    assert_int_equal(bench_int(b, "SELECT count(*) FROM task WHERE state = 0"), 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_says_whether_its_words_are_there),
        TEST(what_somebody_gave_is_missing_no_longer),
        TEST(paused_plans_are_marked_and_ended_ones_left_out),
        TEST(it_is_asked_for_some_days_of_a_plan_or_a_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
