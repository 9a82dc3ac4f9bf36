/* test_sop_proof.c - what else than words, and what else than in time: pictures, and posts that
 * come when the window of their task is over. */
#include "sop_desk.h"

enum { CONSULTANT = 4, GROUP_POST = 0 };

#define HELLO "早安各位邻居，今天的小知识：地漏要先灌水再验收，五分钟不下降才算合格。"
#define STEPS                                                                           \
    "  - {id: S01, at: +10m, role: consultant, channel: group, content: '" HELLO "'}\n" \
    "  - {id: S02, at: +10m, role: consultant, channel: group, content: 另一张}\n"

static struct desk *with_task(const char *content)
{
    struct desk *d = sop_desk(STEPS);

    sop_task(d, "S01", 10 * MIN, HOUR, CONSULTANT, GROUP_POST, true, content);
    sop_go(d);
    return d;
}

/* media: members of its JSON object; text NULL: the picture alone. */
static void post_picture(struct desk *d, const char *id, const char *media, const char *text)
{
    QUND_AUTO(qund_buf_done) struct qund_buf json = {0};

    qund_buf_printf(&json,
                    "{\"id\":\"%s\",\"ts\":%lld,\"group\":\"g1\",\"sender\":\"wx-lin\","
                    "\"kind\":\"%s\",\"media\":[{\"kind\":\"image\",%s}]%s%s%s}",
                    id, (long long)d->rx + 1, text ? "mixed" : "image", media,
                    text ? ",\"text\":\"" : "", text ? text : "", text ? "\"" : "");
    desk_event(d, json.p);
}

static int64_t evidence(struct desk *d, int id)
{
    char sql[80];

    snprintf(sql, sizeof(sql), "SELECT evidence FROM task WHERE id = %d", id);
    return desk_int(d, sql);
}

static int64_t happened(struct desk *d, const char *event)
{
    char label[48];

    snprintf(label, sizeof(label), "event=\"%s\"", event);
    return qund_counter_get(qund_metric_counter(d->metrics, "qund_task_events_total", label, ""));
}

static void a_post_after_its_window_is_kept_and_the_task_stays_expired(void **state)
{
    struct desk *d = with_task(HELLO);
    char *posted;

    (void)state;
    desk_wait(d, 11 * MIN);
    assert_int_equal(sop_state(d, 1), PUSHED);
    desk_wait(d, 64 * MIN);
    assert_int_equal(sop_state(d, 1), EXPIRED);
    sop_word(d, "x0", "wx-lin", "g1", "三号楼的电梯今天下午检修，请大家走楼梯，谢谢配合。");
    assert_int_equal(desk_int(d, "SELECT seq FROM task"), 0);
    sop_word(d, "x1", "wx-lin", "g1", HELLO);
    assert_int_equal(sop_state(d, 1), EXPIRED);
    sop_reason(d, 1, "posted after its window");
    assert_int_equal(evidence(d, 1), 0);
    assert_true(desk_int(d, "SELECT seq FROM task") > 0);
    posted = desk_text(d, "SELECT posted FROM task");
    assert_string_equal(posted, HELLO);
    qund_free(posted);
    posted = desk_text(d, "SELECT by || ' ' || reason FROM task_log ORDER BY n DESC LIMIT 1");
    assert_string_equal(posted, "staff:1 posted after its window");
    qund_free(posted);
    assert_int_equal(sop_count(d, "expectation WHERE outcome = 0"), 0);
    sop_word(d, "x2", "wx-lin", "g1", HELLO); /* once is enough */
    assert_int_equal(sop_count(d, "task_log WHERE event = 15"), 1);
    assert_int_equal(happened(d, "push"), 1);
    assert_int_equal(happened(d, "expire"), 1);
    assert_int_equal(happened(d, "post_late"), 1);
    assert_int_equal(happened(d, "prove"), 0);
    desk_free(d);
}

static void two_days_later_it_is_another_matter(void **state)
{
    struct desk *d = with_task(HELLO);

    (void)state;
    desk_wait(d, 75 * MIN);
    desk_wait(d, 48 * HOUR);
    sop_word(d, "x1", "wx-lin", "g1", HELLO);
    sop_reason(d, 1, "past its window");
    desk_free(d);
}

static void a_picture_proves_what_has_no_words_to_compare(void **state)
{
    struct desk *d = with_task("👇");

    (void)state;
    sop_sql(d, "UPDATE task SET media = '[\"sha256:abcd\"]'");
    desk_wait(d, 11 * MIN);
    post_picture(d, "p0", "\"sha256\":\"ffff\"", NULL);
    assert_int_equal(sop_state(d, 1), PUSHED);
    post_picture(d, "p1", "\"sha256\":\"abcd\"", NULL);
    assert_int_equal(sop_state(d, 1), DONE);
    assert_int_equal(evidence(d, 1), 2);
    desk_free(d);
}

static void a_picture_that_two_tasks_ask_for_is_a_claim(void **state)
{
    struct desk *d = with_task(HELLO);

    (void)state;
    sop_task(d, "S02", 10 * MIN, HOUR, CONSULTANT, GROUP_POST, true, "另一张");
    sop_sql(d, "UPDATE task SET media = '[\"sha256:abcd\"]'");
    sop_go(d);
    desk_wait(d, 11 * MIN);
    post_picture(d, "p1", "\"sha256\":\"abcd\"", NULL);
    assert_int_equal(sop_count(d, "task WHERE evidence = 2"), 0);
    assert_int_equal(sop_count(d, "task WHERE state = 5 AND evidence = 1 AND flags & 8"), 1);
    desk_free(d);
}

static void a_picture_settles_what_its_words_leave_open(void **state)
{
    struct desk *d = with_task(HELLO);

    (void)state;
    sop_sql(d, "UPDATE task SET media = '[\"sha256:abcd\"]'");
    desk_wait(d, 11 * MIN);
    post_picture(d, "p1", "\"sha256\":\"abcd\"",
                 "早安各位邻居，今天的小知识：地漏要先灌水再验收，十五分钟不下降才算合格。");
    assert_int_equal(sop_state(d, 1), DONE);
    assert_int_equal(evidence(d, 1), 2);
    desk_free(d);
}

static void a_picture_known_by_its_name_alone_is_a_claim(void **state)
{
    struct desk *d = with_task(HELLO);

    (void)state;
    sop_sql(d, "UPDATE task SET media = '[\"poster.png\"]'");
    desk_wait(d, 11 * MIN);
    post_picture(d, "p1", "\"name\":\"poster.png\",\"sha256\":\"abcd\"", NULL);
    assert_int_equal(sop_state(d, 1), DONE);
    assert_int_equal(evidence(d, 1), 1);
    sop_word(d, "x1", "wx-lin", "g1", HELLO);
    assert_int_equal(evidence(d, 1), 2);
    desk_free(d);
}

static void what_was_said_before_it_is_not_said_with_a_picture(void **state)
{
    struct desk *d = with_task(HELLO);

    (void)state;
    desk_wait(d, 11 * MIN);
    sop_word(d, "x1", "ann", "g1", HELLO);
    post_picture(d, "p1", "\"sha256\":\"ffff\"", NULL);
    assert_int_equal(sop_state(d, 1), PUSHED);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_post_after_its_window_is_kept_and_the_task_stays_expired),
        cmocka_unit_test(two_days_later_it_is_another_matter),
        cmocka_unit_test(a_picture_proves_what_has_no_words_to_compare),
        cmocka_unit_test(a_picture_that_two_tasks_ask_for_is_a_claim),
        cmocka_unit_test(a_picture_settles_what_its_words_leave_open),
        cmocka_unit_test(a_picture_known_by_its_name_alone_is_a_claim),
        cmocka_unit_test(what_was_said_before_it_is_not_said_with_a_picture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
