/* test_timers.c - order, classes and the remembered next due. */
#include "store/timers.h"
#include "store_unit.h"

struct timers_test {
    struct fresh *f;
    struct qund_timers *t;
    struct qund_arena *arena;
};

static int setup(void **state)
{
    struct timers_test *x = calloc(1, sizeof(*x));

    x->f = fresh_new();
    x->t = qund_timers_new(x->f->db);
    x->arena = qund_arena_new(1024);
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    struct timers_test *x = *state;

    qund_arena_free(x->arena);
    qund_timers_free(x->t);
    fresh_free(x->f);
    free(x);
    return 0;
}
#define TIMER_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void set(struct timers_test *x, enum qund_timer_class class, int64_t due, const char *kind,
                const char *key)
{
    struct qund_timer timer = {.class = class,
                               .due = due,
                               .kind = qund_str(kind),
                               .key = qund_str(key),
                               .body = QUND_STR("{\"a\":1}")};

    assert_int_equal(qund_timers_set(x->t, &timer), 0);
}

static void timers_run_by_due_kind_key_whoever_set_them_first(void **state)
{
    static const char *const ORDER[] = {"b/1", "a/1", "a/2", "b/0"};
    struct timers_test *x = *state;
    struct qund_timer got;
    char name[16];

    set(x, QUND_TIMER_AT, 20, "b", "0");
    set(x, QUND_TIMER_AT, 20, "a", "2");
    set(x, QUND_TIMER_AT, 10, "b", "1");
    set(x, QUND_TIMER_AT, 20, "a", "1");
    set(x, QUND_TIMER_AT, 21, "a", "late");
    set(x, QUND_TIMER_JUDGE, 5, "a", "other class");
    for (size_t i = 0; i < QUND_ARRAY_LEN(ORDER); i++) {
        assert_int_equal(qund_timers_take(x->t, QUND_TIMER_AT, 20, x->arena, &got), 1);
        snprintf(name, sizeof(name), "%.*s/%.*s", QUND_STR_ARG(got.kind), QUND_STR_ARG(got.key));
        assert_string_equal(name, ORDER[i]);
        assert_true(qund_str_is(got.body, "{\"a\":1}"));
    }
    assert_int_equal(qund_timers_take(x->t, QUND_TIMER_AT, 20, x->arena, &got), 0);
}

static void a_name_waits_once_and_can_be_moved_and_cancelled(void **state)
{
    struct timers_test *x = *state;
    struct qund_timer got;
    int64_t n = 0;

    set(x, QUND_TIMER_AT, 10, "k", "1");
    set(x, QUND_TIMER_JUDGE, 30, "k", "1");
    assert_int_equal(qund_timers_count(x->t, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(qund_timers_get(x->t, QUND_STR("k"), QUND_STR("1"), x->arena, &got), 1);
    assert_int_equal(got.due, 30);
    assert_int_equal(got.class, QUND_TIMER_JUDGE);
    assert_int_equal(qund_timers_cancel(x->t, QUND_STR("k"), QUND_STR("1")), 0);
    assert_int_equal(qund_timers_cancel(x->t, QUND_STR("k"), QUND_STR("1")), QUND_E_NOTFOUND);
    assert_int_equal(qund_timers_get(x->t, QUND_STR("k"), QUND_STR("1"), x->arena, &got), 0);
}

static int64_t next_due(struct timers_test *x, enum qund_timer_class class)
{
    int64_t due = -1;
    int rc = qund_timers_next(x->t, class, &due);

    assert_true(rc == 0 || rc == 1);
    return rc ? due : -1;
}

static void the_next_due_is_exact_after_every_change(void **state)
{
    struct timers_test *x = *state;
    struct qund_timer got;

    assert_int_equal(next_due(x, QUND_TIMER_AT), -1);
    set(x, QUND_TIMER_AT, 50, "k", "1");
    assert_int_equal(next_due(x, QUND_TIMER_AT), 50);
    set(x, QUND_TIMER_AT, 40, "k", "2");
    assert_int_equal(next_due(x, QUND_TIMER_AT), 40);
    set(x, QUND_TIMER_AT, 70, "k", "2"); /* moved back */
    assert_int_equal(next_due(x, QUND_TIMER_AT), 50);
    set(x, QUND_TIMER_JUDGE, 10, "k", "1"); /* to the other class */
    assert_int_equal(next_due(x, QUND_TIMER_AT), 70);
    assert_int_equal(next_due(x, QUND_TIMER_JUDGE), 10);
    assert_int_equal(qund_timers_cancel(x->t, QUND_STR("k"), QUND_STR("1")), 0);
    assert_int_equal(next_due(x, QUND_TIMER_JUDGE), -1);
    assert_int_equal(qund_timers_take(x->t, QUND_TIMER_AT, 70, x->arena, &got), 1);
    assert_int_equal(next_due(x, QUND_TIMER_AT), -1);
}

static void a_rollback_puts_a_taken_timer_back(void **state)
{
    struct timers_test *x = *state;
    struct qund_timer got;

    set(x, QUND_TIMER_AT, 50, "k", "1");
    assert_int_equal(qund_db_begin(x->f->db), 0);
    assert_int_equal(qund_db_save(x->f->db, "item"), 0);
    assert_int_equal(qund_timers_take(x->t, QUND_TIMER_AT, 60, x->arena, &got), 1);
    set(x, QUND_TIMER_AT, 5, "k", "new");
    assert_int_equal(next_due(x, QUND_TIMER_AT), 5);
    assert_int_equal(qund_db_rollback_to(x->f->db, "item"), 0);
    assert_int_equal(next_due(x, QUND_TIMER_AT), 50);
    assert_int_equal(qund_db_commit(x->f->db), 0);
    assert_int_equal(qund_timers_peek(x->t, QUND_TIMER_AT, 49, x->arena, &got), 0);
    assert_int_equal(qund_timers_peek(x->t, QUND_TIMER_AT, 50, x->arena, &got), 1);
    assert_int_equal(next_due(x, QUND_TIMER_AT), 50);
}

static void the_next_of_both_classes_leaves_one_kind_aside(void **state)
{
    struct timers_test *x = *state;
    int64_t due = -1;

    set(x, QUND_TIMER_AT, 5, "sweep", "a");
    assert_int_equal(qund_timers_next_but(x->t, QUND_STR("sweep"), &due), 0);
    set(x, QUND_TIMER_JUDGE, 40, "judge", "1");
    assert_int_equal(qund_timers_next_but(x->t, QUND_STR("sweep"), &due), 1);
    assert_int_equal(due, 40);
    set(x, QUND_TIMER_AT, 30, "send", "1");
    assert_int_equal(qund_timers_next_but(x->t, QUND_STR("sweep"), &due), 1);
    assert_int_equal(due, 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TIMER_TEST(the_next_of_both_classes_leaves_one_kind_aside),
        TIMER_TEST(timers_run_by_due_kind_key_whoever_set_them_first),
        TIMER_TEST(a_name_waits_once_and_can_be_moved_and_cancelled),
        TIMER_TEST(the_next_due_is_exact_after_every_change),
        TIMER_TEST(a_rollback_puts_a_taken_timer_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
