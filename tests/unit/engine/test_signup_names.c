/* test_signup_names.c - rows of a sign-up are matched by their folded names, and shown as written.
 */
#include "desk.h"

static const char RULES[] = "rules:\n"
                            "  - id: list\n    when: {extract: signup}\n"
                            "    then: [{intent: signup}]\n";

static void say_list(struct desk *d, const char *id, const char *sender, const char *list)
{
    desk_say(d, id, sender, "customer", list);
}

/* What the message is exported with. */
static void has(struct desk *d, const char *id, const char *words)
{
    char sql[160];
    char *got;

    snprintf(
        sql, sizeof(sql),
        "SELECT m.signups FROM mark m JOIN message_202509 e ON e.seq = m.seq WHERE e.eid = '%s'",
        id);
    got = desk_text(d, sql);
    if (!strstr(got, words))
        fail_msg("%s: %s not in %s", id, words, got);
    qund_free(got);
}

static struct desk *at_a_list(void)
{
    struct desk *d = desk_new("{}", RULES);

    desk_say(d, "call", "lin", "staff", "周六团购会开始报名啦，直接接龙");
    say_list(d, "l1", "ann", "#接龙\\n1. Lucy 3-1-502\\n2. 張姐 2人");
    return d;
}

static void names_are_shown_as_they_were_written(void **state)
{
    struct desk *d = at_a_list();

    (void)state;
    has(d, "l1", "\"name\":\"Lucy\"");
    has(d, "l1", "\"name\":\"張姐\"");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM signup WHERE shown IN ('Lucy', '張姐')"), 2);
    desk_free(d);
}

static void a_copy_in_other_letters_is_no_other_row(void **state)
{
    struct desk *d = at_a_list();

    (void)state;
    say_list(d, "l2", "bob", "#接龙\\n1. lucy 3-1-502\\n2. 张姐 2人\\n3. Ｂｏｂ 1人");
    has(d, "l2", "\"name\":\"Ｂｏｂ\"");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM signup"), 3);
    desk_free(d);
}

static void a_row_that_goes_keeps_the_name_it_had(void **state)
{
    struct desk *d = at_a_list();

    (void)state;
    say_list(d, "l2", "lucy", "#接龙\\n1. 張姐 2人\\n2. Bob 1人");
    has(d, "l2", "\"name\":\"Lucy\",\"room\":\"3-1-502\",\"party\":1,\"state\":\"cancelled\"");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM signup WHERE state = 3 AND shown = 'Lucy'"),
                     1);
    desk_free(d);
}

static void a_list_that_came_late_changes_no_name(void **state)
{
    struct desk *d = at_a_list();
    struct qund_buf json = {0};

    (void)state;
    desk_wait(d, 10000);
    say_list(d, "l3", "eve", "#接龙\\n1. Lucy 3-1-502\\n2. 張姐 2人\\n3. Bob 1人\\n4. EVE 1人");
    qund_buf_printf(
        &json,
        "{\"id\":\"l2\",\"ts\":%lld,\"group\":\"g1\",\"sender\":\"bob\",\"sender_name\":"
        "\"bob\",\"sender_role\":\"customer\",\"text\":\"#接龙\\n1. Lucy 3-1-502\\n"
        "2. 張姐 2人\\n3. Bob 1人\"}",
        (long long)d->rx - 5000);
    desk_event(d, json.p);
    qund_buf_done(&json);
    has(d, "l2", "\"name\":\"Bob\"");
    has(d, "l3", "\"name\":\"EVE\"");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM signup WHERE shown = 'Bob'"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM signup WHERE shown = 'EVE'"), 1);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_shown_as_they_were_written),
        cmocka_unit_test(a_copy_in_other_letters_is_no_other_row),
        cmocka_unit_test(a_row_that_goes_keeps_the_name_it_had),
        cmocka_unit_test(a_list_that_came_late_changes_no_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
