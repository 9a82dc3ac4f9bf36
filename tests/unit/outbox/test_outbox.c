/* The states of a push, credits, and what a rollback or a restart does to them. */
#include "core/file.h"
#include "outbox/outbox.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>

struct fixture {
    char dir[64];
    struct qund_db *db;
    struct qund_timers *timers;
    struct qund_outbox *ob;
};

static int set_up(void **state)
{
    struct fixture *f = qund_alloc(sizeof(*f));
    char path[96];
    struct qund_err err = {0};

    snprintf(f->dir, sizeof(f->dir), "/tmp/qund-outbox-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(path, sizeof(path), "%s/qund.db", f->dir);
    assert_int_equal(qund_db_open(&(struct qund_db_cfg){.path = path, .busy_ms = 100},
                                  QUND_DB_WRITE, NULL, &f->db, &err),
                     0);
    f->timers = qund_timers_new(f->db);
    f->ob = qund_outbox_new(f->db, f->timers);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    qund_outbox_free(f->ob);
    qund_timers_free(f->timers);
    qund_db_close(f->db);
    assert_int_equal(qund_dir_remove(f->dir, NULL), 0);
    qund_free(f);
    return 0;
}

static int64_t add(struct fixture *f, const char *key, bool urgent)
{
    int64_t id = 0;

    assert_int_equal(qund_outbox_add(f->ob,
                                     &(struct qund_out_new){.key = qund_str(key),
                                                            .target = QUND_STR("desk"),
                                                            .body = QUND_STR("{}"),
                                                            .urgent = urgent,
                                                            .deadline = 10000},
                                     1000, &id),
                     0);
    return id;
}

/* When it is tried again; 0: never by itself. */
static int64_t due_of(struct fixture *f, int64_t id)
{
    struct qund_stmt *st = qund_sql(f->db, "SELECT due FROM outbox WHERE id = :id");
    int64_t due;

    qund_bind_int(st, ":id", id);
    assert_int_equal(qund_step(st), 1);
    due = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return due;
}

static int64_t rows_in(struct fixture *f, enum qund_out_state s)
{
    int64_t n[QUND_OUT_STATES];

    assert_int_equal(qund_outbox_count(f->db, n), 0);
    return n[s];
}

static void urgent_rows_leave_first_and_only_with_credit(void **state)
{
    struct fixture *f = *state;
    struct qund_out_items items = {0};
    int64_t plain, urgent;

    assert_int_equal(qund_db_begin(f->db), 0);
    plain = add(f, "a", false);
    urgent = add(f, "b", true);
    assert_int_equal(qund_outbox_take(f->ob, 1000, &items), 0);
    assert_int_equal(items.n, 0);
    qund_outbox_credit(f->ob, QUND_STR("desk"), 1, 9000);
    assert_int_equal(qund_outbox_take(f->ob, 1000, &items), 0);
    assert_int_equal(items.n, 1);
    assert_int_equal(items.v[0].id, urgent);
    assert_int_equal(items.v[0].attempt, 1);
    assert_int_equal(items.v[0].until, 9000);
    qund_outbox_credit(f->ob, QUND_STR("desk"), 5, 9000);
    assert_int_equal(qund_outbox_take(f->ob, 1000, &items), 0);
    assert_int_equal(items.n, 2);
    assert_int_equal(items.v[1].id, plain);
    assert_int_equal(qund_db_commit(f->db), 0);
    qund_out_items_done(&items);
}

static void a_repeated_key_makes_no_second_push(void **state)
{
    struct fixture *f = *state;
    int64_t id;

    assert_int_equal(qund_db_begin(f->db), 0);
    add(f, "alert:1", false);
    assert_int_equal(qund_outbox_add(f->ob,
                                     &(struct qund_out_new){.key = QUND_STR("alert:1"),
                                                            .target = QUND_STR("desk"),
                                                            .body = QUND_STR("{}"),
                                                            .deadline = 1},
                                     1, &id),
                     QUND_E_EXISTS);
    assert_int_equal(qund_db_commit(f->db), 0);
    assert_int_equal(rows_in(f, QUND_OUT_QUEUED), 1);
}

static void a_rollback_takes_back_what_it_granted(void **state)
{
    struct fixture *f = *state;
    struct qund_out_items items = {0};

    assert_int_equal(qund_db_begin(f->db), 0);
    add(f, "a", false);
    add(f, "b", false);
    assert_int_equal(qund_db_commit(f->db), 0);
    qund_outbox_committed(f->ob);
    for (int i = 0; i < 2; i++) { /* the same command, applied again after a rollback */
        qund_outbox_forget(f->ob);
        qund_outbox_credit(f->ob, QUND_STR("desk"), 1, 9000);
    }
    assert_int_equal(qund_db_begin(f->db), 0);
    assert_int_equal(qund_outbox_take(f->ob, 1000, &items), 0);
    assert_int_equal(items.n, 1);
    qund_db_rollback(f->db);
    qund_out_items_done(&items);
}

static void a_rollback_gives_the_credit_back(void **state)
{
    struct fixture *f = *state;
    struct qund_out_items items = {0};

    assert_int_equal(qund_db_begin(f->db), 0);
    add(f, "a", false);
    assert_int_equal(qund_db_commit(f->db), 0);
    qund_outbox_credit(f->ob, QUND_STR("desk"), 1, 9000);
    qund_outbox_committed(f->ob);
    assert_int_equal(qund_db_begin(f->db), 0);
    assert_int_equal(qund_outbox_take(f->ob, 1000, &items), 0);
    assert_int_equal(items.n, 1);
    qund_db_rollback(f->db);
    qund_outbox_forget(f->ob);
    qund_out_items_done(&items);
    assert_int_equal(qund_db_begin(f->db), 0);
    assert_int_equal(qund_outbox_take(f->ob, 1000, &items), 0);
    assert_int_equal(items.n, 1);
    assert_int_equal(qund_db_commit(f->db), 0);
    qund_out_items_done(&items);
}

static void an_answer_to_an_old_attempt_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct qund_out_items items = {0};
    struct qund_out_outcome o = {.event = QUND_OUT_EV_ACCEPTED};
    bool applied;

    assert_int_equal(qund_db_begin(f->db), 0);
    o.id = add(f, "a", false);
    qund_outbox_credit(f->ob, QUND_STR("desk"), 2, 9000);
    assert_int_equal(qund_outbox_take(f->ob, 1000, &items), 0);
    o.attempt = 2;
    assert_int_equal(qund_outbox_outcome(f->ob, &o, 1100, &applied), 0);
    assert_false(applied);
    o.attempt = 1;
    assert_int_equal(qund_outbox_outcome(f->ob, &o, 1100, &applied), 0);
    assert_true(applied);
    assert_int_equal(qund_outbox_outcome(f->ob, &o, 1100, &applied), 0);
    assert_false(applied);
    assert_int_equal(qund_db_commit(f->db), 0);
    assert_int_equal(rows_in(f, QUND_OUT_ACCEPTED), 1);
    qund_out_items_done(&items);
}

static void a_retry_waits_for_its_timer(void **state)
{
    struct fixture *f = *state;
    struct qund_out_items items = {0};
    struct qund_arena *arena = qund_arena_new(4096);
    struct qund_timer t;
    struct qund_err err;
    bool applied;
    int64_t id;

    assert_int_equal(qund_db_begin(f->db), 0);
    id = add(f, "a", false);
    qund_outbox_credit(f->ob, QUND_STR("desk"), 2, 9000);
    assert_int_equal(qund_outbox_take(f->ob, 1000, &items), 0);
    assert_int_equal(
        qund_outbox_outcome(
            f->ob,
            &(struct qund_out_outcome){
                .id = id, .attempt = 1, .event = QUND_OUT_EV_RETRY, .due = 5000, .status = 503},
            1100, &applied),
        0);
    assert_true(applied);
    assert_int_equal(rows_in(f, QUND_OUT_RETRY_AT), 1);
    assert_int_equal(qund_timers_take(f->timers, QUND_TIMER_AT, 4999, arena, &t), 0);
    assert_int_equal(qund_timers_take(f->timers, QUND_TIMER_AT, 5000, arena, &t), 1);
    assert_true(qund_str_is(t.kind, "outbox.due"));
    assert_int_equal(qund_outbox_move(f->ob, id, QUND_OUT_EV_DUE, 5000, QUND_STR_NONE, &err), 0);
    qund_out_items_done(&items);
    assert_int_equal(qund_outbox_take(f->ob, 5000, &items), 0);
    assert_int_equal(items.n, 1);
    assert_int_equal(items.v[0].attempt, 2);
    assert_int_equal(qund_db_commit(f->db), 0);
    qund_out_items_done(&items);
    qund_arena_free(arena);
}

static bool first_time(void *arg, struct qund_str target, int unknowns)
{
    (void)arg;
    (void)target;
    return unknowns == 0;
}

static void an_ordered_target_waits_for_what_is_tried_again(void **state)
{
    struct fixture *f = *state;
    struct qund_out_items items = {0};
    int64_t first;
    bool applied;

    assert_int_equal(qund_db_begin(f->db), 0);
    first = add(f, "a", false);
    (void)add(f, "b", false);
    qund_outbox_credit(f->ob, QUND_STR("desk"), 1, 9000);
    qund_outbox_habits(f->ob, QUND_STR("desk"), &(struct qund_out_habits){.ordered = true});
    assert_int_equal(qund_outbox_take(f->ob, 1000, &items), 0);
    assert_int_equal(items.n, 1);
    assert_int_equal(qund_outbox_outcome(
                         f->ob,
                         &(struct qund_out_outcome){
                             .id = first, .attempt = 1, .event = QUND_OUT_EV_UNKNOWN, .due = 3000},
                         1500, &applied),
                     0);
    qund_outbox_credit(f->ob, QUND_STR("desk"), 1, 9000);
    assert_int_equal(qund_outbox_take(f->ob, 2000, &items), 0);
    assert_int_equal(items.n, 1); /* the second is held back */
    assert_int_equal(qund_outbox_move(f->ob, first, QUND_OUT_EV_DUE, 3000, QUND_STR("due"), NULL),
                     0);
    assert_int_equal(qund_outbox_take(f->ob, 3000, &items), 0);
    assert_int_equal(items.n, 2);
    assert_int_equal(items.v[1].id, first);
    assert_int_equal(qund_db_commit(f->db), 0);
    qund_out_items_done(&items);
}

static void what_was_being_sent_at_a_stop_is_unknown(void **state)
{
    struct fixture *f = *state;
    struct qund_out_items items = {0};

    assert_int_equal(qund_db_begin(f->db), 0);
    add(f, "a", false);
    qund_outbox_credit(f->ob, QUND_STR("desk"), 1, 9000);
    assert_int_equal(qund_outbox_take(f->ob, 1000, &items), 0);
    assert_int_equal(qund_outbox_recover(f->ob, 2000, first_time, NULL), 1);
    assert_int_equal(qund_db_commit(f->db), 0);
    assert_int_equal(rows_in(f, QUND_OUT_UNKNOWN), 1);
    qund_out_items_done(&items);
}

/* The row is sending; it ends as said and is due again at once. */
static void ends(struct fixture *f, int64_t id, int attempt, enum qund_out_event event,
                 struct qund_out_items *items)
{
    bool applied;

    assert_int_equal(
        qund_outbox_outcome(
            f->ob,
            &(struct qund_out_outcome){.id = id, .attempt = attempt, .event = event, .due = 2000},
            1500, &applied),
        0);
    assert_true(applied);
    assert_int_equal(qund_outbox_move(f->ob, id, QUND_OUT_EV_DUE, 2000, QUND_STR_NONE, NULL), 0);
    qund_out_items_done(items);
    assert_int_equal(qund_outbox_take(f->ob, 2000, items), 0);
    assert_int_equal(items->n, 1);
    assert_int_equal(items->v[0].attempt, attempt + 1);
}

static void tries_that_ended_unknown_have_a_count_of_their_own(void **state)
{
    struct fixture *f = *state;
    struct qund_out_items items = {0};
    int64_t id;

    assert_int_equal(qund_db_begin(f->db), 0);
    id = add(f, "a", false);
    qund_outbox_credit(f->ob, QUND_STR("desk"), 9, 9000);
    assert_int_equal(qund_outbox_take(f->ob, 1000, &items), 0);
    ends(f, id, 1, QUND_OUT_EV_RETRY, &items);
    assert_int_equal(items.v[0].unknowns, 0);
    ends(f, id, 2, QUND_OUT_EV_UNKNOWN, &items);
    assert_int_equal(items.v[0].unknowns, 1);
    /* So at a stop: what was unknown once is left to a person, what only failed is not. */
    assert_int_equal(qund_outbox_recover(f->ob, 3000, first_time, NULL), 1);
    assert_int_equal(due_of(f, id), 0);
    qund_out_items_done(&items);
    id = add(f, "b", false);
    assert_int_equal(qund_outbox_take(f->ob, 3000, &items), 0);
    ends(f, id, 1, QUND_OUT_EV_RETRY, &items);
    assert_int_equal(qund_outbox_recover(f->ob, 4000, first_time, NULL), 1);
    assert_int_equal(due_of(f, id), 4000);
    assert_int_equal(qund_db_commit(f->db), 0);
    qund_out_items_done(&items);
}

static void final_states_are_left_only_by_a_person(void **state)
{
    (void)state;
    for (int s = 0; s < (int)QUND_OUT_STATES; s++)
        for (int e = 0; e < (int)QUND_OUT_EVENTS; e++) {
            int next = qund_out_next((enum qund_out_state)s, (enum qund_out_event)e);

            if (next < 0 || !qund_out_final((enum qund_out_state)s))
                continue;
            assert_true(e == QUND_OUT_EV_RESEND || e == QUND_OUT_EV_PERSON ||
                        e == QUND_OUT_EV_PROVED);
        }
}

/* QUND_UPDATE=1 writes it anew: the page is words, then the table. */
static void the_documentation_shows_the_table(void **state)
{
    static const char PAGE[] = QUND_SOURCE_DIR "/docs/deliveries.md";
    QUND_AUTO(qund_buf_done) struct qund_buf want = {0}, got = {0};
    const char *table;

    (void)state;
    qund_out_table_doc(&want);
    assert_int_equal(qund_file_read(PAGE, 1 << 20, &got, NULL), 0);
    table = strstr(got.p, "| state |");
    if (getenv("QUND_UPDATE")) {
        got.n = table ? (size_t)(table - got.p) : got.n;
        qund_buf_add(&got, want.p, want.n);
        assert_int_equal(qund_file_replace(PAGE, qund_buf_view(&got), 0644, NULL), 0);
        table = strstr(got.p, "| state |");
    }
    assert_non_null(table);
    assert_string_equal(table, want.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(urgent_rows_leave_first_and_only_with_credit, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_repeated_key_makes_no_second_push, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_rollback_gives_the_credit_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_rollback_takes_back_what_it_granted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_answer_to_an_old_attempt_changes_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_retry_waits_for_its_timer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_ordered_target_waits_for_what_is_tried_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_being_sent_at_a_stop_is_unknown, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(tries_that_ended_unknown_have_a_count_of_their_own, set_up,
                                        tear_down),
        cmocka_unit_test(final_states_are_left_only_by_a_person),
        cmocka_unit_test(the_documentation_shows_the_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
