/* test_extract.c - the extractors together: what each message of a talk gives. */
#include "text/extract.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define HEAD "#接龙\n9.27云栖专场团购会\n"

static struct qund_arena *arena;
static struct qund_extract out;

static void run(const char *text, const char *sender, const char *prev, enum qund_call call)
{
    struct qund_extract_in in = {
        .text = qund_str(text), .sender_name = qund_str(sender), .prev_list = qund_str(prev)};

    qund_calls_none(&in.calls);
    in.talk.last_age_ms = -1;
    if (call != QUND_CALL_NONE)
        in.calls.age_ms[call] = 1000;
    qund_arena_reset(arena);
    qund_extract_run(&in, arena, &out);
}

static void a_copied_list_gives_only_its_new_rooms(void **state)
{
    (void)state;
    run(HEAD "1. 3-2-1502 王先生 2人\n2. 5-1-903 小林 1人", "5-1-903小林",
        HEAD "1. 3-2-1502 王先生 2人", QUND_CALL_SIGNUP);
    assert_int_equal(out.kinds, QUND_EXTRACT_CHAIN | QUND_EXTRACT_SIGNUP | QUND_EXTRACT_ROOM);
    assert_true(out.is_list);
    assert_int_equal(out.n_rooms, 1);
    assert_string_equal(out.rooms[0].text, "5-1-903");
    assert_int_equal(out.rooms[0].owner, QUND_ROOM_SELF);
    assert_int_equal(out.n_signups, 1);
    assert_string_equal(out.signups[0].room, "5-1-903");
    assert_int_equal(out.signups[0].party, 1);
}

static void a_copied_list_without_change_gives_nothing(void **state)
{
    (void)state;
    run(HEAD "1. 王先生 2人", "小林", HEAD "1. 王先生 2人", QUND_CALL_SIGNUP);
    assert_int_equal(out.kinds, QUND_EXTRACT_CHAIN);
    assert_int_equal(out.n_signups, 0);
}

static void leaving_the_list_is_a_cancellation(void **state)
{
    (void)state;
    run(HEAD "1. 小林", "王先生", HEAD "1. 王先生\n2. 小林", QUND_CALL_SIGNUP);
    assert_int_equal(out.kinds, QUND_EXTRACT_CHAIN | QUND_EXTRACT_CANCEL);
    assert_int_equal(out.signups[0].state, QUND_SAYS_CANCELLED);
    assert_memory_equal(out.signups[0].name.p, "王先生", out.signups[0].name.n);
}

static void a_plain_sign_up_carries_the_room_of_its_message(void **state)
{
    (void)state;
    run("我不会接龙,帮我报一个,11-2-0305 两个人", "老徐", "", QUND_CALL_SIGNUP);
    assert_int_equal(out.kinds, QUND_EXTRACT_ROOM | QUND_EXTRACT_SIGNUP | QUND_EXTRACT_QUESTION);
    assert_string_equal(out.signups[0].room, "11-2-305");
    assert_int_equal(out.signups[0].party, 2);
}

static void a_question_about_a_neighbours_flat_is_not_for_staff(void **state)
{
    (void)state;
    run("3-2-1502对面是谁家呀", "喵", "", QUND_CALL_NONE);
    assert_int_equal(out.kinds, QUND_EXTRACT_ROOM);
    assert_int_equal(out.rooms[0].owner, QUND_ROOM_OTHER);
}

static void staff_messages_give_their_call_only(void **state)
{
    struct qund_extract_in in = {.text = QUND_STR("想参加的邻居直接接龙\n#接龙\n1. "),
                                 .from_staff = true};

    (void)state;
    qund_calls_none(&in.calls);
    qund_extract_run(&in, arena, &out);
    assert_int_equal(out.kinds, 0);
    assert_int_equal(out.call, QUND_CALL_SIGNUP);
    assert_true(out.is_list);
    in.text = QUND_STR("我的电话13800000060,3-2-1502的师傅打我");
    qund_extract_run(&in, arena, &out);
    assert_int_equal(out.n_phones + out.n_rooms, 0);
}

static void names_of_kinds_are_those_of_the_rule_language(void **state)
{
    (void)state;
    assert_int_equal(qund_extract_kind_parse(QUND_STR("signup_cancel")), QUND_EXTRACT_CANCEL);
    assert_int_equal(qund_extract_kind_parse(QUND_STR("question")), QUND_EXTRACT_QUESTION);
    assert_int_equal(qund_extract_kind_parse(QUND_STR("questions")), 0);
}

static int setup(void **state)
{
    (void)state;
    arena = qund_arena_new(1 << 16);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = qund_arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copied_list_gives_only_its_new_rooms),
        cmocka_unit_test(a_copied_list_without_change_gives_nothing),
        cmocka_unit_test(leaving_the_list_is_a_cancellation),
        cmocka_unit_test(a_plain_sign_up_carries_the_room_of_its_message),
        cmocka_unit_test(a_question_about_a_neighbours_flat_is_not_for_staff),
        cmocka_unit_test(staff_messages_give_their_call_only),
        cmocka_unit_test(names_of_kinds_are_those_of_the_rule_language),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
