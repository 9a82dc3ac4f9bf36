/* test_mem.c - heap and arena. */
#include "core/mem.h"
#include "unit.h"

static void alloc_is_zeroed_and_never_null(void **state)
{
    char *p = qund_alloc(100);

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(p[i], 0);
    qund_free(p);
    p = qund_alloc(0);
    assert_non_null(p);
    qund_free(p);
}

static void the_nth_try_fails_and_only_that(void **state)
{
    void *p;

    (void)state;
    qund_try_alloc_fail_at(2);
    p = qund_try_alloc(8);
    assert_non_null(p);
    qund_free(p);
    assert_null(qund_try_alloc(8));
    p = qund_try_alloc(8);
    assert_non_null(p);
    qund_free(p);
}

static void arena_pieces_are_aligned_and_apart(void **state)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *a = qund_arena_new(256);
    char *pieces[200];

    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        pieces[i] = qund_arena_alloc(a, i + 1);
        assert_int_equal((uintptr_t)pieces[i] % 16, 0);
        memset(pieces[i], (int)i, i + 1);
    }
    for (unsigned i = 0; i < 200; i++)
        for (unsigned k = 0; k <= i; k++)
            assert_int_equal((unsigned char)pieces[i][k], i);
    assert_true(qund_arena_used(a) >= 200 * 201 / 2);
}

static void arena_serves_again_after_a_reset(void **state)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *a = qund_arena_new(1024);

    (void)state;
    for (int round = 0; round < 50; round++) {
        char *big = qund_arena_alloc(a, round % 7 == 0 ? 3u << 20 : 5000);
        char *z = qund_arena_zalloc(a, 600);
        char *d = qund_arena_dup(a, "abc", 3);

        big[0] = 1;
        assert_int_equal(z[599], 0);
        assert_string_equal(d, "abc");
        memset(z, 0xff, 600);
        qund_arena_reset(a);
        assert_int_equal(qund_arena_used(a), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alloc_is_zeroed_and_never_null),
        cmocka_unit_test(the_nth_try_fails_and_only_that),
        cmocka_unit_test(arena_pieces_are_aligned_and_apart),
        cmocka_unit_test(arena_serves_again_after_a_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
