/* test_sop_deliver.c - posts that are laid before a member of staff to be confirmed: what goes out,
 * what its answer is worth, and what happens when the platform will not have it. */
#include "sop_desk.h"

enum { CONSULTANT = 4, GROUP_POST = 0 };

#define HELLO "早安各位邻居，今天的小知识：地漏要先灌水再验收，五分钟不下降才算合格。"
#define STEP                                                                                  \
    "  - {id: S01, title: 早安, at: +10m, role: consultant, channel: group, content: '" HELLO \
    "', expect: {metric: speakers, gte: 2, window: 1h}}\n"

static const char CONFIRMING[] =
    "channels:\n"
    "  replay: {kind: replay, trust_roles: true, confirm_through: phone}\n"
    "targets:\n"
    "  phone: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n"
    "  lin: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n"
    "  wu: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n"
    "  zhao: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n";

/* A task of a plan made `deliver: confirm`, due and handed over. */
static struct desk *laid_before(const char *content)
{
    struct desk *d = sop_desk_by(CONFIRMING, SOP_ORG, "", STEP);

    sop_sql(d, "UPDATE plan SET direct = 2");
    sop_task(d, "S01", 10 * MIN, 4 * HOUR, CONSULTANT, GROUP_POST, true, content);
    sop_go(d);
    desk_command(d, "delivery.credit", "{\"target\":\"phone\",\"n\":3,\"for_ms\":86400000}");
    desk_wait(d, 11 * MIN);
    return d;
}

static void ended(struct desk *d, const char *event)
{
    char body[160];

    snprintf(body, sizeof(body),
             "{\"id\":1,\"attempt\":1,\"event\":\"%s\",\"reason\":\"no such group\"}", event);
    assert_int_equal(desk_command(d, "delivery.outcome", body), 0);
}

static void its_words_go_out_once_in_the_name_of_who_confirms(void **state)
{
    struct desk *d = laid_before(HELLO);
    char *body;

    (void)state;
    assert_int_equal(sop_state(d, 1), PUSHED);
    assert_int_equal(sop_count(d, "outbox"), 1);
    assert_int_equal(sop_count(d, "task WHERE flags & 512 AND staff = 1"), 1);
    body = desk_text(d, "SELECT body FROM outbox WHERE target = 'phone'");
    assert_non_null(strstr(body, HELLO));
    assert_non_null(strstr(body, "\"group\":\"g1\""));
    assert_non_null(strstr(body, "\"confirm\":true"));
    assert_non_null(strstr(body, "\"ids\":{\"replay\":\"wx-lin\"}"));
    assert_non_null(strstr(body, "\"until\":\""));
    qund_free(body);
    desk_free(d);
}

static void only_the_post_of_that_person_is_a_proof(void **state)
{
    struct desk *d = laid_before(HELLO);

    (void)state;
    ended(d, "person");
    assert_int_equal(sop_state(d, 1), PUSHED);
    assert_int_equal(sop_count(d, "outbox WHERE state = 3"), 1); /* awaiting_person */
    assert_int_equal(sop_count(d, "expectation"), 0);
    desk_wait(d, 20 * MIN);
    sop_word(d, "x1", "wx-lin", "g1", HELLO);
    assert_int_equal(sop_state(d, 1), DONE);
    assert_int_equal(desk_int(d, "SELECT evidence FROM task"), 2);
    assert_int_equal(sop_outcome(d, 1), OPEN);
    desk_free(d);
}

static void that_the_platform_took_it_says_nothing(void **state)
{
    struct desk *d = laid_before(HELLO);

    (void)state;
    ended(d, "accepted");
    assert_int_equal(sop_state(d, 1), PUSHED);
    /* Nobody tapped: he and who could stand in are told near the end, then it is over like any. */
    desk_wait(d, 4 * HOUR - 15 * MIN);
    assert_int_equal(sop_count(d, "outbox WHERE target IN ('lin', 'wu')"), 2);
    assert_int_equal(sop_count(d, "alert WHERE role = 'manager'"), 1);
    desk_wait(d, 30 * MIN);
    assert_int_equal(sop_state(d, 1), EXPIRED);
    desk_free(d);
}

static void what_the_platform_refuses_comes_as_a_card(void **state)
{
    struct desk *d = laid_before(HELLO);

    (void)state;
    ended(d, "drop");
    assert_int_equal(sop_state(d, 1), PUSHED);
    assert_int_equal(sop_count(d, "outbox WHERE target = 'lin' AND alert = -1"), 1);
    assert_int_equal(sop_count(d, "task WHERE flags & 512"), 0);
    sop_word(d, "x1", "wx-lin", "g1", HELLO);
    assert_int_equal(desk_int(d, "SELECT evidence FROM task"), 2);
    desk_free(d);
}

static void words_with_a_gap_want_a_hand(void **state)
{
    struct desk *d = laid_before("今天的结果：〔几号楼〕先开工，其余的等通知。");

    (void)state;
    assert_int_equal(sop_count(d, "outbox WHERE target = 'phone'"), 0);
    assert_int_equal(sop_count(d, "outbox WHERE target = 'lin'"), 1);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_words_go_out_once_in_the_name_of_who_confirms),
        cmocka_unit_test(only_the_post_of_that_person_is_a_proof),
        cmocka_unit_test(that_the_platform_took_it_says_nothing),
        cmocka_unit_test(what_the_platform_refuses_comes_as_a_card),
        cmocka_unit_test(words_with_a_gap_want_a_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
