/* test_onebot_members.c - a member list becomes events that fit. */
#include "members.h"
#include "unit.h"

static json_t *list_of(unsigned n, const char *name)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < n; i++) {
        json_t *m = json_object();

        json_object_set_new(m, "user_id", json_integer(1000000000 + (json_int_t)i));
        json_object_set_new(m, "nickname", json_string(name));
        json_array_append_new(list, m);
    }
    return list;
}

static void names_and_roles_of_both_versions(void **state)
{
    const char *why;
    json_t *list = ob_json_read(
        QUND_STR(
            "[{\"user_id\":1,\"nickname\":\"甲\",\"card\":\"业主甲\",\"role\":\"owner\"},"
            "{\"user_id\":2,\"nickname\":\"乙\",\"card\":\"\",\"role\":\"member\"},"
            "{\"user_id\":\"wx\",\"user_name\":\"丙\",\"user_displayname\":\"\"},{\"x\":1},5]"),
        &why);
    struct ob_members m;

    (void)state;
    assert_true(ob_members_read(&m, list, 5));
    assert_int_equal(m.n, 1);
    assert_string_equal(m.part[0].p,
                        "{\"members\":[{\"id\":\"1\",\"name\":\"业主甲\",\"role\":\"owner\"},"
                        "{\"id\":\"2\",\"name\":\"乙\"},{\"id\":\"wx\",\"name\":\"丙\"}],"
                        "\"whole\":true}");
    ob_members_done(&m);
    ob_json_free(list);
}

static void names_are_left_out_before_a_list_is_cut(void **state)
{
    json_t *list = list_of(2000, "一个相当长的群名片一个相当长的群名片");
    struct ob_members m;

    (void)state;
    assert_true(ob_members_read(&m, list, 5));
    assert_int_equal(m.n, 1);
    assert_null(strstr(m.part[0].p, "name"));
    assert_in_range(m.part[0].n, 30000, 64 << 10);
    ob_members_done(&m);
    ob_json_free(list);
}

static void a_long_list_is_cut_into_parts_that_know_of_each_other(void **state)
{
    json_t *list = list_of(5000, "甲");
    struct ob_members m;
    size_t members = 0;

    (void)state;
    assert_true(ob_members_read(&m, list, 1700000000000));
    assert_int_equal(m.n, 2);
    for (size_t i = 0; i < m.n; i++) {
        char want[80];
        const char *why;
        json_t *o = ob_json_read(m.part[i], &why);

        assert_non_null(o);
        assert_in_range(m.part[i].n, 1, 64 << 10);
        snprintf(want, sizeof(want),
                 "\"whole\":true,\"part\":%zu,\"parts\":2,\"stamp\":1700000000000}", i + 1);
        assert_non_null(strstr(m.part[i].p, want));
        members += json_array_size(json_object_get(o, "members"));
        ob_json_free(o);
    }
    assert_int_equal(members, 5000);
    ob_members_done(&m);
    ob_json_free(list);
}

/* A bridge that has nothing to say must not empty a group. */
static void an_empty_list_is_none(void **state)
{
    json_t *list = json_array(), *other = json_string("x");
    struct ob_members m;

    (void)state;
    assert_false(ob_members_read(&m, list, 5));
    ob_members_done(&m);
    assert_false(ob_members_read(&m, other, 5));
    ob_members_done(&m);
    assert_false(ob_members_read(&m, NULL, 5));
    ob_members_done(&m);
    ob_json_free(list);
    ob_json_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_roles_of_both_versions),
        cmocka_unit_test(names_are_left_out_before_a_list_is_cut),
        cmocka_unit_test(a_long_list_is_cut_into_parts_that_know_of_each_other),
        cmocka_unit_test(an_empty_list_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
