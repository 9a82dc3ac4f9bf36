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

/* As the rows say: 1 and the first of its class, 0: none. */
static int first_row(struct timers_test *x, enum qund_timer_class class, int64_t *due, char key[8])
{
    struct qund_stmt *st = qund_sql(x->f->db, "SELECT due, key FROM timer WHERE class = :class"
                                              " ORDER BY due, kind, key LIMIT 1");
    int rc;

    qund_bind_int(st, ":class", class);
    rc = qund_step(st);
    *due = rc > 0 ? qund_col_int(st, 0) : 0;
    snprintf(key, 8, "%.*s", QUND_STR_ARG(rc > 0 ? qund_col_str(st, 1) : QUND_STR("")));
    qund_stmt_reset(st);
    return rc;
}

static void as_the_rows_say(struct timers_test *x)
{
    for (int c = 0; c < 2; c++) {
        struct qund_timer got;
        int64_t due;
        char key[8];
        int rc = first_row(x, (enum qund_timer_class)c, &due, key);

        qund_arena_reset(x->arena);
        assert_int_equal(
            qund_timers_peek(x->t, (enum qund_timer_class)c, INT64_MAX, x->arena, &got), rc);
        if (rc == 0)
            continue;
        assert_int_equal(got.due, due);
        assert_true(qund_str_is(got.key, key));
        assert_true(qund_str_is(got.kind, "k") && got.class == (enum qund_timer_class)c);
    }
}

static void what_is_remembered_is_what_the_rows_say(void **state)
{
    struct timers_test *x = *state;
    unsigned dice = 16;
    bool saved = false;

    assert_int_equal(qund_db_begin(x->f->db), 0);
    for (int i = 0; i < 4000; i++) {
        char key[8];

        dice = dice * 1103515245u + 12345u;
        snprintf(key, sizeof(key), "%u", (dice >> 8) % 12);
        switch ((dice >> 16) % 8) {
        case 0:
            qund_ignore(qund_timers_cancel(x->t, QUND_STR("k"), qund_str(key)));
            break;
        case 1:
            if (saved)
                assert_int_equal(qund_db_rollback_to(x->f->db, "item"), 0);
            else
                assert_int_equal(qund_db_save(x->f->db, "item"), 0);
            saved = !saved;
            break;
        default:
            set(x, (enum qund_timer_class)((dice >> 20) % 2), (int64_t)((dice >> 22) % 50), "k",
                key);
        }
        as_the_rows_say(x);
    }
    assert_int_equal(qund_db_commit(x->f->db), 0);
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
        TIMER_TEST(what_is_remembered_is_what_the_rows_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
