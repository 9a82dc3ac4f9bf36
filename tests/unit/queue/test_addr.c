/* test_addr.c - the spellings of a Redis address. */
#include "queue/queue.h"
#include "unit.h"

static int parse(const char *url, struct qund_queue_addr *a, struct qund_err *err)
{
    return qund_queue_addr_parse(qund_str(url), QUND_STR_NONE, a, err);
}

static void managed_has_the_default_prefix(void **state)
{
    struct qund_queue_addr a;

    (void)state;
    assert_int_equal(parse("managed", &a, NULL), 0);
    assert_true(a.managed);
    assert_string_equal(a.prefix, "qund:");
}

static void urls_give_their_parts(void **state)
{
    struct qund_queue_addr a;

    (void)state;
    assert_int_equal(parse("redis://me:p@ss:w@10.0.0.1:7000/3", &a, NULL), 0);
    assert_string_equal(a.user, "me");
    assert_string_equal(a.password, "p@ss:w");
    assert_string_equal(a.host, "10.0.0.1");
    assert_int_equal(a.port, 7000);
    assert_int_equal(a.db, 3);
    assert_int_equal(parse("redis://[::1]", &a, NULL), 0);
    assert_string_equal(a.host, "::1");
    assert_int_equal(a.port, 6379);
    assert_int_equal(parse("unix:/run/redis.sock?db=2", &a, NULL), 0);
    assert_string_equal(a.unix_path, "/run/redis.sock");
    assert_int_equal(a.db, 2);
}

static void errors_say_what_to_write_and_hide_the_password(void **state)
{
    static const char *const BAD[] = {
        "rediss://:hunter2@h",
        "redis://:hunter2@",
        "redis://:hunter2@h:99999",
        "redis://:hunter2@h/x",
        "unix:relative",
        "unix:/x?pw=hunter2",
        "localhost",
        "redis://:hunter2@h:port",
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(BAD); i++) {
        struct qund_queue_addr a;
        struct qund_err err = {0};

        assert_int_equal(parse(BAD[i], &a, &err), QUND_E_INVAL);
        assert_true(strlen(err.text) > 5);
        assert_null(strstr(err.text, "hunter2"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(managed_has_the_default_prefix),
        cmocka_unit_test(urls_give_their_parts),
        cmocka_unit_test(errors_say_what_to_write_and_hide_the_password),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
