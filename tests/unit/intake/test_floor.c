/* test_floor.c - who holds time back. */
#include "intake/internal.h"
#include "unit.h"

struct fix {
    struct qund_clock *clock;
    struct qund_books books;
};

static int setup(void **state)
{
    struct fix *f = calloc(1, sizeof(*f));

    f->clock = qund_clock_virtual(1000, 0);
    qund_books_init(&f->books, f->clock);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fix *f = *state;

    qund_books_done(&f->books);
    qund_clock_free(f->clock);
    free(f);
    return 0;
}

static int64_t floor_of(struct fix *f, struct qund_entry_id *id)
{
    struct qund_entry_id none;
    int64_t rx;

    assert_int_equal(qund_books_floor(&f->books, &rx, id ? id : &none), 0);
    return rx;
}

static void the_floor_is_unknown_until_the_stream_was_seen(void **state)
{
    struct fix *f = *state;
    struct qund_entry_id id;
    int64_t rx;

    assert_int_equal(qund_books_floor(&f->books, &rx, &id), QUND_E_AGAIN);
    assert_false(qund_books_looked(&f->books, (struct qund_entry_id){5, 1}, 3));
    assert_int_equal(floor_of(f, &id), 1000);
    assert_int_equal(id.ms, 5);
}

static void the_oldest_hold_is_the_floor_whatever_the_order_of_release(void **state)
{
    struct fix *f = *state;
    struct qund_hold a = {0}, b = {0}, c = {0};

    assert_false(qund_books_looked(&f->books, (struct qund_entry_id){0, 0}, 0));
    assert_int_equal(qund_books_hold(&f->books, &a), 1000);
    qund_clock_reach(f->clock, (struct qund_wall){1100});
    assert_int_equal(qund_books_hold(&f->books, &b), 1100);
    qund_clock_reach(f->clock, (struct qund_wall){1200});
    assert_int_equal(qund_books_hold(&f->books, &c), 1200);
    assert_int_equal(qund_books_hold(&f->books, &c), 1200); /* again: the same hold */
    qund_clock_reach(f->clock, (struct qund_wall){1300});
    assert_int_equal(floor_of(f, NULL), 1000);
    qund_books_release(&f->books, &b);
    assert_int_equal(floor_of(f, NULL), 1000);
    qund_books_release(&f->books, &a);
    assert_int_equal(floor_of(f, NULL), 1200);
    qund_books_release(&f->books, &c);
    qund_books_release(&f->books, &c);
    assert_int_equal(floor_of(f, NULL), 1300);
}

static void no_event_is_older_than_a_floor_already_published(void **state)
{
    struct fix *f = *state;
    struct qund_clock *real = qund_clock_real();
    struct qund_hold h = {0};
    int64_t published;

    f->books.clock = real;
    assert_false(qund_books_looked(&f->books, (struct qund_entry_id){0, 0}, 0));
    published = floor_of(f, NULL);
    qund_clock_step(real, -3600000); /* someone sets the clock back */
    assert_true(qund_books_hold(&f->books, &h) >= published);
    qund_books_release(&f->books, &h);
    qund_clock_free(real);
}

static void the_spool_keeps_the_floor_down(void **state)
{
    struct fix *f = *state;

    assert_false(qund_books_looked(&f->books, (struct qund_entry_id){0, 0}, 0));
    f->books.spool_low = 700;
    assert_int_equal(floor_of(f, NULL), 700);
    f->books.spool_low = INT64_MAX;
    assert_int_equal(floor_of(f, NULL), 1000);
}

static void waiting_counts_down_to_nothing_when_the_engine_caught_up(void **state)
{
    struct fix *f = *state;
    struct qund_books *b = &f->books;

    assert_false(qund_books_looked(b, (struct qund_entry_id){10, 0}, 5));
    assert_true(b->largest > 0); /* sizes of an earlier life are not known */
    qund_books_pushed(b, (struct qund_entry_id){20, 0}, 3, 900000);
    assert_int_equal(b->waiting, 8);
    assert_int_equal(b->largest, 900000);
    qund_books_applied(b, (struct qund_entry_id){10, 0}, 5);
    assert_int_equal(b->waiting, 3);
    qund_books_applied(b, (struct qund_entry_id){20, 0}, 2); /* counted one too few */
    assert_int_equal(b->waiting, 0);
    assert_int_equal(b->largest, 0);
    qund_books_applied(b, (struct qund_entry_id){20, 0}, 9);
    assert_int_equal(b->waiting, 0);
}

static void what_the_engine_applied_before_it_was_booked_does_not_wait(void **state)
{
    struct fix *f = *state;
    struct qund_books *b = &f->books;

    assert_false(qund_books_looked(b, (struct qund_entry_id){10, 0}, 0));
    qund_books_applied(b, (struct qund_entry_id){20, 2}, 3);
    qund_books_pushed(b, (struct qund_entry_id){20, 2}, 3, 500);
    assert_int_equal(b->waiting, 0);
    assert_int_equal(b->largest, 0);
    /* Some of them applied before, the others after. */
    qund_books_applied(b, (struct qund_entry_id){30, 0}, 1);
    qund_books_pushed(b, (struct qund_entry_id){30, 2}, 3, 500);
    assert_true(b->waiting >= 2);
    qund_books_applied(b, (struct qund_entry_id){30, 2}, 2);
    assert_int_equal(b->waiting, 0);
    /* A look that was asked for before they were applied, answered after. */
    assert_false(qund_books_looked(b, (struct qund_entry_id){30, 2}, 3));
    assert_int_equal(b->waiting, 0);
    /* What lay in a stream that was emptied says nothing of the next one. */
    assert_true(qund_books_looked(b, (struct qund_entry_id){12, 0}, 1));
    assert_int_equal(b->waiting, 1);
}

static void a_stream_that_ends_before_what_was_pushed_is_cut(void **state)
{
    struct fix *f = *state;

    assert_false(qund_books_looked(&f->books, (struct qund_entry_id){10, 0}, 0));
    qund_books_pushed(&f->books, (struct qund_entry_id){20, 4}, 3, 1);
    assert_false(qund_books_looked(&f->books, (struct qund_entry_id){20, 4}, 3));
    assert_true(qund_books_looked(&f->books, (struct qund_entry_id){12, 0}, 1));
    assert_true(f->books.stream_cut);
    assert_int_equal(f->books.cut_from.ms, 12);
    assert_int_equal(f->books.cut_to.ms, 20);
    assert_int_equal(f->books.last_id.ms, 12); /* else the floor would never be adopted again */
}

int main(void)
{
#define BOOKS(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        BOOKS(the_floor_is_unknown_until_the_stream_was_seen),
        BOOKS(the_oldest_hold_is_the_floor_whatever_the_order_of_release),
        BOOKS(no_event_is_older_than_a_floor_already_published),
        BOOKS(the_spool_keeps_the_floor_down),
        BOOKS(waiting_counts_down_to_nothing_when_the_engine_caught_up),
        BOOKS(what_the_engine_applied_before_it_was_booked_does_not_wait),
        BOOKS(a_stream_that_ends_before_what_was_pushed_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
