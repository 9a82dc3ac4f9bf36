/* Frames wait in the order they came, whatever the ring's size and wherever its head stands. */
#include "net/ws_queue.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct qund_ws_frame *numbered(unsigned i)
{
    char text[16];

    return qund_ws_frame_new(qund_str_n(text, (size_t)snprintf(text, sizeof(text), "%07u", i)));
}

static bool push(struct qund_ws_queue *q, unsigned i, unsigned frames_max, size_t bytes_max)
{
    struct qund_ws_frame *f = numbered(i);
    bool taken = qund_ws_queue_push(q, f, frames_max, bytes_max);

    qund_ws_frame_unref(f);
    return taken;
}

static unsigned pop(struct qund_ws_queue *q)
{
    struct qund_ws_frame *f = qund_ws_queue_pop(q);
    unsigned i = (unsigned)strtoul((const char *)f->text, NULL, 10);

    assert_int_equal(f->refs, 1);
    qund_ws_frame_unref(f);
    return i;
}

static void frames_leave_in_the_order_they_came_while_the_ring_grows(void **state)
{
    struct qund_ws_queue q = {0};
    unsigned in = 0, out = 0;

    (void)state;
    /* Three come and two leave: the head is somewhere else at each growth. */
    while (in < 3000) {
        for (int i = 0; i < 3; i++)
            assert_true(push(&q, in++, 4096, 1 << 20));
        for (int i = 0; i < 2; i++)
            assert_int_equal(pop(&q), out++);
    }
    assert_int_equal(q.n, in - out);
    while (q.n > 0)
        assert_int_equal(pop(&q), out++);
    assert_int_equal(out, in);
    assert_int_equal(q.bytes, 0);
    qund_ws_queue_done(&q);
}

static void a_reader_who_keeps_up_has_a_small_ring(void **state)
{
    struct qund_ws_queue q = {0};

    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        assert_true(push(&q, i, 4096, 1 << 20));
        assert_int_equal(pop(&q), i);
    }
    assert_true(q.room <= 16);
    qund_ws_queue_done(&q);
}

static void a_full_queue_takes_no_more_frames_and_no_more_bytes(void **state)
{
    struct qund_ws_queue q = {0};

    (void)state;
    for (unsigned i = 0; i < 20; i++)
        assert_true(push(&q, i, 20, 1 << 20));
    assert_true(!push(&q, 20, 20, 1 << 20));
    assert_int_equal(q.room, 20);
    qund_ws_queue_done(&q);
    assert_true(push(&q, 0, 20, 3)); /* the first one always, however long */
    assert_true(!push(&q, 1, 20, 13));
    assert_true(push(&q, 1, 20, 14));
    qund_ws_queue_done(&q);
    assert_int_equal(q.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_leave_in_the_order_they_came_while_the_ring_grows),
        cmocka_unit_test(a_reader_who_keeps_up_has_a_small_ring),
        cmocka_unit_test(a_full_queue_takes_no_more_frames_and_no_more_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
