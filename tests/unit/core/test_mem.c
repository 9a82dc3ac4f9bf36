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

/* Kilobytes of that line of /proc/self/smaps_rollup. */
static long mapped_kb(const char *line)
{
    FILE *f = fopen("/proc/self/smaps_rollup", "r");
    char text[128];
    long kb = -1;

    assert_non_null(f);
    while (kb < 0 && fgets(text, sizeof(text), f))
        if (strncmp(text, line, strlen(line)) == 0)
            kb = atol(text + strlen(line));
    fclose(f);
    return kb;
}

static void what_was_freed_goes_back_and_the_program_runs_on(void **state)
{
    enum { PIECES = 32 << 10 };
    void **v = qund_alloc(PIECES * sizeof(*v));
    long full, after;

    (void)state;
    for (int i = 0; i < PIECES; i++) {
        v[i] = qund_alloc(1000);
        memset(v[i], 1, 1000);
    }
    for (int i = 0; i < PIECES - 1; i++) /* the last one keeps the heap from shrinking by itself */
        qund_free(v[i]);
    if (!QUND_SANITIZED)
        assert_true(qund_memory_idle() > 25000u << 10);
    full = mapped_kb("Rss:");
    qund_memory_give_back();
    qund_memory_trim(); /* and the libraries' pages, which come back by themselves */
    after = mapped_kb("Rss:");
    if (!QUND_SANITIZED) /* which keep what was freed, to catch its use */
        assert_true(full - after > 25000);
    qund_free(v[PIECES - 1]);
    qund_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alloc_is_zeroed_and_never_null),
        cmocka_unit_test(the_nth_try_fails_and_only_that),
        cmocka_unit_test(arena_pieces_are_aligned_and_apart),
        cmocka_unit_test(arena_serves_again_after_a_reset),
        cmocka_unit_test(what_was_freed_goes_back_and_the_program_runs_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
