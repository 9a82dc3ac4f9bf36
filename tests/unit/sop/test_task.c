/* test_task.c - the table of tasks: what can happen when, what is known after it, and that the page
 * for people says the same. */
#include "unit.h"

#include "core/file.h"
#include "sop/task.h"
#include <stdlib.h>

static int after(enum qund_task_state s, enum qund_task_event e)
{
    return qund_task_next(s, e);
}

static void an_open_task_may_end_in_every_way(void **state)
{
    static const struct {
        enum qund_task_event event;
        enum qund_task_state end;
    } ENDS[] = {
        {QUND_TASK_EV_CLAIM, QUND_TASK_DONE},       {QUND_TASK_EV_PROVE, QUND_TASK_DONE},
        {QUND_TASK_EV_SKIP, QUND_TASK_SKIPPED},     {QUND_TASK_EV_EXPIRE, QUND_TASK_EXPIRED},
        {QUND_TASK_EV_CANCEL, QUND_TASK_CANCELLED}, {QUND_TASK_EV_FAIL, QUND_TASK_FAILED},
    };

    (void)state;
    for (int s = 0; s < (int)QUND_TASK_STATES; s++)
        for (size_t i = 0; i < QUND_ARRAY_LEN(ENDS); i++) {
            int next = after((enum qund_task_state)s, ENDS[i].event);

            if (qund_task_open((enum qund_task_state)s))
                assert_int_equal(next, ENDS[i].end);
            else if (s != QUND_TASK_DONE || ENDS[i].event != QUND_TASK_EV_PROVE)
                assert_int_equal(next, QUND_E_INVAL);
        }
}

static void nothing_begins_again_and_only_the_evidence_of_done_changes(void **state)
{
    (void)state;
    for (int s = QUND_TASK_DONE; s < (int)QUND_TASK_STATES; s++)
        for (int e = 0; e < (int)QUND_TASK_EVENTS; e++) {
            bool evidence = e == QUND_TASK_EV_PROVE || e == QUND_TASK_EV_DISPROVE;
            bool ahead = s == QUND_TASK_SKIPPED && e == QUND_TASK_EV_REPLAN; /* by an edit */
            bool kept = s == QUND_TASK_EXPIRED && e == QUND_TASK_EV_POST_LATE;
            int want = ahead                             ? QUND_TASK_PLANNED
                       : kept                            ? QUND_TASK_EXPIRED
                       : s == QUND_TASK_DONE && evidence ? QUND_TASK_DONE
                                                         : QUND_E_INVAL;

            assert_int_equal(after((enum qund_task_state)s, (enum qund_task_event)e), want);
        }
}

static void a_card_is_pushed_only_when_the_task_is_ready_or_told_again(void **state)
{
    (void)state;
    assert_int_equal(after(QUND_TASK_PLANNED, QUND_TASK_EV_PUSH), QUND_E_INVAL);
    assert_int_equal(after(QUND_TASK_HELD, QUND_TASK_EV_PUSH), QUND_E_INVAL);
    assert_int_equal(after(QUND_TASK_HELD, QUND_TASK_EV_DUE), QUND_E_INVAL);
    assert_int_equal(after(QUND_TASK_PLANNED, QUND_TASK_EV_DUE), QUND_TASK_READY);
    assert_int_equal(after(QUND_TASK_READY, QUND_TASK_EV_PUSH), QUND_TASK_PUSHED);
    assert_int_equal(after(QUND_TASK_PUSHED, QUND_TASK_EV_PUSH), QUND_TASK_PUSHED);
    assert_int_equal(after(QUND_TASK_SEEN, QUND_TASK_EV_PUSH), QUND_TASK_SEEN);
    assert_int_equal(after(QUND_TASK_PUSHED, QUND_TASK_EV_SEE), QUND_TASK_SEEN);
    assert_int_equal(after(QUND_TASK_SEEN, QUND_TASK_EV_SEE), QUND_E_INVAL);
}

static void later_and_planned_anew_begin_before_the_card_and_somebody_else_at_it(void **state)
{
    (void)state;
    for (int s = QUND_TASK_PLANNED; s < QUND_TASK_DONE; s++)
        assert_int_equal(after((enum qund_task_state)s, QUND_TASK_EV_POSTPONE), QUND_TASK_PLANNED);
    assert_int_equal(after(QUND_TASK_READY, QUND_TASK_EV_REPLAN), QUND_TASK_PLANNED);
    /* What somebody was told already is not changed behind his back. */
    assert_int_equal(after(QUND_TASK_PUSHED, QUND_TASK_EV_REPLAN), QUND_E_INVAL);
    assert_int_equal(after(QUND_TASK_SEEN, QUND_TASK_EV_HAND_OVER), QUND_TASK_READY);
    assert_int_equal(after(QUND_TASK_PLANNED, QUND_TASK_EV_HAND_OVER), QUND_E_INVAL);
}

static void evidence_goes_up_by_a_proof_and_down_only_by_its_recall(void **state)
{
    (void)state;
    assert_int_equal(qund_task_evidence_after(QUND_TASK_NO_EVIDENCE, QUND_TASK_EV_CLAIM),
                     QUND_TASK_CLAIMED);
    assert_int_equal(qund_task_evidence_after(QUND_TASK_CLAIMED, QUND_TASK_EV_PROVE),
                     QUND_TASK_PROVED);
    assert_int_equal(qund_task_evidence_after(QUND_TASK_PROVED, QUND_TASK_EV_CLAIM),
                     QUND_TASK_PROVED);
    assert_int_equal(qund_task_evidence_after(QUND_TASK_PROVED, QUND_TASK_EV_DISPROVE),
                     QUND_TASK_CLAIMED);
    assert_int_equal(qund_task_evidence_after(QUND_TASK_NO_EVIDENCE, QUND_TASK_EV_EXPIRE),
                     QUND_TASK_NO_EVIDENCE);
}

static void every_state_and_event_has_a_name_that_is_read_back(void **state)
{
    (void)state;
    for (int s = 0; s < (int)QUND_TASK_STATES; s++)
        assert_int_equal(
            qund_task_state_parse(qund_str(qund_task_state_name((enum qund_task_state)s))), s);
    for (int e = 0; e < (int)QUND_TASK_EVENTS; e++)
        assert_string_not_equal(qund_task_event_name((enum qund_task_event)e), "?");
    assert_int_equal(qund_task_state_parse(QUND_STR("gone")), QUND_E_NOTFOUND);
    assert_int_equal(qund_task_next((enum qund_task_state)99, QUND_TASK_EV_DUE), QUND_E_INVAL);
}

/* QUND_UPDATE=1 writes it anew: the page is words, then the table. */
static void the_documentation_shows_the_table(void **state)
{
    static const char PAGE[] = QUND_SOURCE_DIR "/docs/sop-tasks.md";
    QUND_AUTO(qund_buf_done) struct qund_buf want = {0}, got = {0};
    const char *table;

    (void)state;
    qund_task_table_doc(&want);
    assert_int_equal(qund_file_read(PAGE, 1 << 20, &got, NULL), 0);
    table = strstr(got.p, "| state | due");
    if (getenv("QUND_UPDATE")) {
        got.n = table ? (size_t)(table - got.p) : got.n;
        qund_buf_add(&got, want.p, want.n);
        assert_int_equal(qund_file_replace(PAGE, qund_buf_view(&got), 0644, NULL), 0);
        table = strstr(got.p, "| state | due");
    }
    assert_non_null(table);
    assert_string_equal(table, want.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_task_may_end_in_every_way),
        cmocka_unit_test(nothing_begins_again_and_only_the_evidence_of_done_changes),
        cmocka_unit_test(a_card_is_pushed_only_when_the_task_is_ready_or_told_again),
        cmocka_unit_test(later_and_planned_anew_begin_before_the_card_and_somebody_else_at_it),
        cmocka_unit_test(evidence_goes_up_by_a_proof_and_down_only_by_its_recall),
        cmocka_unit_test(every_state_and_event_has_a_name_that_is_read_back),
        cmocka_unit_test(the_documentation_shows_the_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
