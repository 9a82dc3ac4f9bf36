/* test_err.c - result codes and errors for people. */
#include "core/err.h"
#include "unit.h"
#include <errno.h>

static void names_cover_every_code(void **state)
{
    (void)state;
    assert_string_equal(qund_rc_name(QUND_OK), "OK");
    assert_string_equal(qund_rc_name(QUND_E_FULL), "FULL");
    assert_string_equal(qund_rc_name(QUND_E_BUG), "BUG");
    assert_string_equal(qund_rc_name(-12), "?");
    assert_string_equal(qund_rc_name(1), "?");
    assert_true(qund_rc_retryable(QUND_E_IO));
    assert_false(qund_rc_retryable(QUND_E_INVAL));
    assert_int_equal(qund_rc_from_errno(ENOENT), QUND_E_NOTFOUND);
    assert_int_equal(qund_rc_from_errno(ENOSPC), QUND_E_IO);
}

static void a_long_error_is_cut_at_a_character(void **state)
{
    struct qund_err e;
    char han[601];

    (void)state;
    for (size_t i = 0; i < 600; i += 3)
        memcpy(han + i, "群", 3);
    han[600] = '\0';
    assert_int_equal(qund_err_set(&e, QUND_E_INVAL, han, "x%s", han), QUND_E_INVAL);
    assert_int_equal(strlen(e.where), 159);
    assert_int_equal(qund_utf8_check(qund_str(e.where)), -1);
    assert_int_equal(strlen(e.text), 349);
    assert_int_equal(qund_utf8_check(qund_str(e.text)), -1);
}

static void an_error_may_be_told_on_with_more_detail(void **state)
{
    struct qund_err e;

    (void)state;
    qund_err_set(&e, QUND_E_IO, "a", "disk full");
    qund_err_set(&e, e.rc, e.where, "backup: %s", e.text);
    assert_string_equal(e.where, "a");
    assert_string_equal(e.text, "backup: disk full");
    assert_int_equal(qund_err_set(NULL, QUND_E_IO, "a", "nobody listens"), QUND_E_IO);
}

static void a_list_keeps_the_first_and_counts_the_rest(void **state)
{
    QUND_AUTO(qund_errs_done) struct qund_errs es;

    (void)state;
    qund_errs_init(&es, 3);
    for (int i = 0; i < 10; i++)
        assert_int_equal(qund_errs_add(&es, QUND_E_INVAL, "f", "no %d", i), QUND_E_INVAL);
    assert_int_equal(es.n, 3);
    assert_int_equal(es.dropped, 7);
    assert_string_equal(es.v[2].text, "no 2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_cover_every_code),
        cmocka_unit_test(a_long_error_is_cut_at_a_character),
        cmocka_unit_test(an_error_may_be_told_on_with_more_detail),
        cmocka_unit_test(a_list_keeps_the_first_and_counts_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
