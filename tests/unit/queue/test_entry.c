/* test_entry.c - ids and bodies. */
#include "queue/queue.h"
#include "unit.h"

static void ids_print_and_parse_to_themselves(void **state)
{
    static const struct qund_entry_id IDS[] = {
        {0, 0}, {1, 2}, {1726390364000, 17}, {UINT64_MAX, UINT64_MAX}};
    char z[QUND_ENTRY_ID_CHARS];

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(IDS); i++) {
        struct qund_entry_id got;

        qund_entry_id_print(IDS[i], z);
        assert_int_equal(qund_entry_id_parse(qund_str(z), &got), 0);
        assert_int_equal(qund_entry_id_cmp(got, IDS[i]), 0);
    }
    assert_string_equal(z, "18446744073709551615-18446744073709551615");
}

static void broken_ids_are_refused(void **state)
{
    static const char *const BAD[] = {
        "", "-", "1-", "-1", "1-2-3", "1 -2", "x", "1-2 ", "18446744073709551616-0"};
    struct qund_entry_id id;

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(BAD); i++)
        assert_int_equal(qund_entry_id_parse(qund_str(BAD[i]), &id), QUND_E_INVAL);
    assert_int_equal(qund_entry_id_parse(qund_str("5"), &id), 0);
    assert_int_equal(id.seq, 0);
}

static void ids_are_ordered_by_time_then_number(void **state)
{
    (void)state;
    assert_true(qund_entry_id_cmp((struct qund_entry_id){1, 9}, (struct qund_entry_id){2, 0}) < 0);
    assert_true(qund_entry_id_cmp((struct qund_entry_id){2, 1}, (struct qund_entry_id){2, 0}) > 0);
}

static void an_event_comes_back_without_its_kind(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_entry_parts parts;

    (void)state;
    qund_entry_put(&b, QUND_STR("packed"), NULL);
    assert_int_equal(qund_entry_split(qund_buf_view(&b), &parts), 0);
    assert_true(qund_str_is(parts.event, "packed"));
    assert_false(parts.has_state);
}

static void state_rides_with_or_without_an_event(void **state)
{
    struct qund_entry_state s = {
        .key = QUND_STR("wecom/cursor"), .value = QUND_STR("v\0w"), .rev = 7, .rx = -1};

    (void)state;
    for (int with = 0; with < 2; with++) {
        QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
        struct qund_entry_parts parts;

        qund_entry_put(&b, with ? QUND_STR("packed") : QUND_STR_NONE, &s);
        assert_int_equal(qund_entry_split(qund_buf_view(&b), &parts), 0);
        assert_true(parts.has_state);
        assert_true(qund_str_eq(parts.state.key, s.key));
        assert_true(qund_str_eq(parts.state.value, s.value));
        assert_int_equal(parts.state.rev, 7);
        assert_int_equal(parts.state.rx, -1);
        assert_int_equal(parts.event.n, with ? 6 : 0);
        assert_int_equal(parts.event.p == NULL, !with);
    }
}

static void every_cut_of_a_state_entry_is_refused_or_whole(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_entry_state s = {.key = QUND_STR("k"), .value = QUND_STR("value"), .rev = 1};
    size_t least;

    (void)state;
    qund_entry_put(&b, QUND_STR_NONE, &s);
    least = b.n;
    for (size_t n = 0; n < least; n++) {
        struct qund_entry_parts parts;
        char *cut = malloc(n ? n : 1); /* its own piece: an overrun shows under ASan */

        memcpy(cut, b.p, n);
        assert_int_equal(qund_entry_split(qund_str_n(cut, n), &parts), QUND_E_INVAL);
        free(cut);
    }
}

static void unknown_kinds_are_told_from_damage(void **state)
{
    struct qund_entry_parts parts;

    (void)state;
    assert_int_equal(qund_entry_split(QUND_STR("Zxx"), &parts), QUND_E_ABI);
    assert_int_equal(qund_entry_split(QUND_STR(""), &parts), QUND_E_INVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_print_and_parse_to_themselves),
        cmocka_unit_test(broken_ids_are_refused),
        cmocka_unit_test(ids_are_ordered_by_time_then_number),
        cmocka_unit_test(an_event_comes_back_without_its_kind),
        cmocka_unit_test(state_rides_with_or_without_an_event),
        cmocka_unit_test(every_cut_of_a_state_entry_is_refused_or_whole),
        cmocka_unit_test(unknown_kinds_are_told_from_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
