/* test_sop_who.c - which person a task comes to when nobody holds its role, and how several cards
 * of one person become one. */
#include "sop_desk.h"

enum { STAR = 0, EXPERT = 1, LEADER = 3, CONSULTANT = 4, STORE = 7, GROUP_POST = 0, INNER = 4 };

#define STEPS                                                                                    \
    "  - {id: S01, at: +10m, role: star, channel: group, content: '今天大家吃什么？'}\n" \
    "  - {id: S02, at: +10m, role: expert, channel: group, content: '验房只看四处'}\n"     \
    "  - {id: S03, at: +10m, role: leader, channel: group, content: '规则写在这里'}\n"     \
    "  - {id: S04, at: +10m, role: store, channel: staff_task, content: '备好礼品'}\n"

static void a_part_that_nobody_holds_goes_to_whom_the_playbooks_name(void **state)
{
    static const struct {
        const char *step, *content, *target;
        int role, channel, filled;
    } PARTS[] = {
        {"S01", "今天大家吃什么？", "lin", STAR, GROUP_POST, CONSULTANT},
        {"S02", "验房只看四处", "lin", EXPERT, GROUP_POST, CONSULTANT},
        {"S03", "规则写在这里", "zhao", LEADER, GROUP_POST, 8},
        {"S04", "备好礼品", "zhao", STORE, INNER, 8},
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(PARTS); i++) {
        struct desk *d = sop_desk(STEPS);
        char where[96];

        sop_task(d, PARTS[i].step, 10 * MIN, HOUR, PARTS[i].role, PARTS[i].channel, false,
                 PARTS[i].content);
        sop_go(d);
        desk_wait(d, 11 * MIN);
        assert_int_equal(sop_state(d, 1), PUSHED);
        assert_int_equal(desk_int(d, "SELECT role FROM task"), PARTS[i].filled);
        snprintf(where, sizeof(where), "outbox WHERE target = '%s' AND alert = -1",
                 PARTS[i].target);
        assert_int_equal(sop_count(d, where), 1);
        /* That no expert speaks the manager is to know. */
        assert_int_equal(sop_count(d, "alert WHERE role = 'manager' AND level = 'info'"),
                         PARTS[i].role == EXPERT);
        desk_free(d);
    }
}

static void a_card_names_a_person_as_he_is_called_by_then(void **state)
{
    static const char MOVED[] =
        "staff:\n"
        "  - {id: lin, name: 林静, ids: [{realm: replay, id: wx-lin2}], push: ['wu']}\n"
        "groups:\n"
        "  - {realm: replay, id: g1, roles: {consultant: [lin]}}\n";
    struct desk *d = sop_desk(STEPS);

    (void)state;
    sop_task(d, "S01", 10 * MIN, HOUR, STAR, GROUP_POST, false, "今天大家吃什么？");
    sop_task(d, "S02", 20 * MIN, HOUR, STAR, GROUP_POST, false, "验房只看四处");
    sop_go(d);
    desk_wait(d, 11 * MIN);
    assert_int_equal(sop_count(d, "outbox WHERE alert = -1 AND target = 'lin' AND"
                                  " json_extract(body, '$.person.name') = '林' AND"
                                  " json_extract(body, '$.person.ids.replay') = 'wx-lin'"),
                     1);
    desk_org(d, MOVED);
    desk_wait(d, 11 * MIN);
    assert_int_equal(sop_count(d, "outbox WHERE alert = -2 AND target = 'wu' AND"
                                  " json_extract(body, '$.person.name') = '林静'"),
                     1);
    assert_int_equal(sop_count(d, "outbox WHERE alert = -2"), 1);
    desk_free(d);
}

static void cards_of_one_person_that_are_due_at_once_leave_as_one(void **state)
{
    struct desk *d = sop_desk(STEPS);
    char *text;

    (void)state;
    desk_command(d, "delivery.credit",
                 "{\"target\":\"lin\",\"n\":0,\"for_ms\":86400000,\"cards\":true}");
    sop_task(d, "S01", 10 * MIN, HOUR, STAR, GROUP_POST, false, "今天大家吃什么？");
    sop_task(d, "S02", 10 * MIN, HOUR, EXPERT, GROUP_POST, false, "验房只看四处");
    sop_go(d);
    desk_wait(d, 11 * MIN);
    desk_command(d, "delivery.credit",
                 "{\"target\":\"lin\",\"n\":3,\"for_ms\":86400000,\"cards\":true}");
    assert_int_equal(sop_count(d, "outbox WHERE target = 'lin' AND state = 1"), 1);
    text = desk_text(d, "SELECT body FROM outbox WHERE target = 'lin' AND state = 1");
    assert_non_null(strstr(text, "今天大家吃什么？"));
    assert_non_null(strstr(text, "验房只看四处"));
    assert_non_null(strstr(text, "T1"));
    assert_non_null(strstr(text, "T2"));
    qund_free(text);
    assert_int_equal(sop_count(d, "task WHERE state = 3"), 2);
    desk_free(d);
}

static void a_task_is_handed_over_by_a_word_to_who_can_be_told(void **state)
{
    struct desk *d =
        sop_desk_with("staff:\n"
                      "  - {id: lin, name: 林, ids: [{realm: replay, id: wx-lin}], push: ['lin']}\n"
                      "  - {id: wu, name: 吴, push: ['wu']}\n"
                      "  - {id: qian, name: 钱}\n"
                      "groups:\n  - realm: replay\n    id: g1\n    roles: {consultant: [lin]}\n",
                      "", STEPS);
    char *text;

    (void)state;
    sop_task(d, "S01", 10 * MIN, HOUR, STAR, GROUP_POST, false, "今天大家吃什么？");
    sop_sql(d, "UPDATE task SET media = '[\"海报.png\",\"sha256:0123456789abcdef\"]'");
    sop_go(d);
    desk_wait(d, 11 * MIN);
    text = desk_text(d, "SELECT json_extract(body, '$.text') FROM outbox WHERE target = 'lin'");
    assert_non_null(strstr(text, "附：海报.png、sha256:01234567\n"));
    assert_non_null(strstr(text, "转交 T1 姓名"));
    qund_free(text);
    sop_word(d, "o1", "wx-lin", NULL, "转交 T1 钱"); /* has nowhere to be told */
    assert_int_equal(sop_state(d, 1), PUSHED);
    assert_int_equal(desk_int(d, "SELECT staff FROM task"), 1);
    sop_word(d, "o2", "wx-lin", NULL, "转交 T1 吴");
    assert_int_equal(sop_state(d, 1), PUSHED);
    assert_int_equal(desk_int(d, "SELECT staff FROM task"), 2);
    assert_int_equal(sop_count(d, "outbox WHERE target = 'wu' AND alert = -1"), 1);
    text = desk_text(d, "SELECT json_extract(body, '$.text') FROM outbox WHERE target = 'voice'"
                        " ORDER BY id DESC LIMIT 1");
    assert_string_equal(text, "T1 已转交，对方会收到。");
    qund_free(text);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_that_nobody_holds_goes_to_whom_the_playbooks_name),
        cmocka_unit_test(a_task_is_handed_over_by_a_word_to_who_can_be_told),
        cmocka_unit_test(a_card_names_a_person_as_he_is_called_by_then),
        cmocka_unit_test(cards_of_one_person_that_are_due_at_once_leave_as_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
