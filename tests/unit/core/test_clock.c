/* test_clock.c - real and virtual time. */
#include "core/clock.h"
#include "unit.h"

static void the_real_clock_never_goes_back(void **state)
{
    QUND_AUTO(qund_clock_free) struct qund_clock *c = qund_clock_real();
    int64_t before = qund_clock_now(c).ms, began = qund_mono_now().ms, after;

    (void)state;
    assert_false(qund_clock_is_virtual(c));
    assert_true(llabs(before - qund_wall_system().ms) < 5000);
    qund_clock_step(c, -3600000);
    after = qund_clock_now(c).ms;
    assert_true(after >= before && after < before + 5000);
    while (qund_mono_now().ms < began + 400)
        ;
    assert_true(qund_clock_now(c).ms >= before + 200); /* waits go on */
    qund_clock_step(c, 2 * 3600000);
    assert_true(qund_clock_now(c).ms >= before + 3600000);
}

static void a_virtual_clock_without_speed_moves_only_when_told(void **state)
{
    QUND_AUTO(qund_clock_free) struct qund_clock *c = qund_clock_virtual(0, 0);

    (void)state;
    assert_int_equal(qund_clock_now(c).ms, 0);
    qund_clock_reach(c, (struct qund_wall){1000000});
    assert_int_equal(qund_clock_now(c).ms, 1000000);
    qund_clock_reach(c, (struct qund_wall){999});
    assert_int_equal(qund_clock_now(c).ms, 1000000);
}

static void a_held_clock_stands_and_jumps_at_release(void **state)
{
    QUND_AUTO(qund_clock_free) struct qund_clock *c = qund_clock_virtual(5000, 0);

    (void)state;
    qund_clock_hold(c, 1);
    qund_clock_hold(c, 1);
    qund_clock_reach(c, (struct qund_wall){9000});
    assert_int_equal(qund_clock_now(c).ms, 5000);
    qund_clock_hold(c, -1);
    assert_int_equal(qund_clock_now(c).ms, 5000);
    qund_clock_hold(c, -1);
    assert_int_equal(qund_clock_now(c).ms, 9000);
}

static void a_fast_virtual_clock_keeps_its_speed(void **state)
{
    QUND_AUTO(qund_clock_free) struct qund_clock *c = qund_clock_virtual(1000, 1000.0);
    int64_t start_us = qund_mono_us(), now_us, shown, last = 0;

    (void)state;
    do { /* read it all the time: no fraction may get lost */
        shown = qund_clock_now(c).ms;
        assert_true(shown >= last);
        last = shown;
        now_us = qund_mono_us();
    } while (now_us - start_us < 20000);
    shown -= 1000;
    assert_true(shown >= (now_us - start_us) * 9 / 10 - 50000);
    assert_true(shown <= (now_us - start_us) * 11 / 10 + 50000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_real_clock_never_goes_back),
        cmocka_unit_test(a_virtual_clock_without_speed_moves_only_when_told),
        cmocka_unit_test(a_held_clock_stands_and_jumps_at_release),
        cmocka_unit_test(a_fast_virtual_clock_keeps_its_speed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
