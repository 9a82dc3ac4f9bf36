/* tests/unit/sop/test_sop_wanted.c - what a figure is measured against: what a percentage is of,
 * how it is rounded, whether a condition holds, and who those are that reacted. */
#include "sop_unit.h"

#include <math.h>

#define UNKNOWN (-1)
#define assert_figure(a, b) assert_true(fabs((double)(a) - (double)(b)) < 1e-9)

/* --- bases and what is wanted --- */

static void bases_of_orders_reservations_and_capacity(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_sop_span s = {.group = G1, .from = START + 1000, .until = START + 2000, .plan = 5};
    char text[300];
    double base;
    bool known;

    (void)state;
    say(d, START + 1, "ann", "hi");
    say(d, START + 2, "bob", "hi");
    assert_int_equal(qund_sop_base(d->db, QUND_SOP_OF_CAPACITY, &s, &base, &known), 0);
    assert_false(known);
    plan_with_task(d);
    assert_int_equal(qund_sop_base(d->db, QUND_SOP_OF_CAPACITY, &s, &base, &known), 0);
    assert_true(known);
    assert_figure(base, 40);
    run_sql(d, "INSERT INTO plan_said VALUES(5, 'capacity', 50, 0, 'test')");
    assert_int_equal(qund_sop_base(d->db, QUND_SOP_OF_CAPACITY, &s, &base, &known), 0);
    assert_figure(base, 50);
    assert_int_equal(qund_sop_base(d->db, QUND_SOP_OF_ORDERS, &s, &base, &known), 0);
    assert_false(known);
    fact(d, G1, who(d, "ann"), START - 5, "order.paid", "A0", 1); /* before the plan */
    fact(d, G1, who(d, "ann"), START + 5, "order.paid", "A1", 1);
    fact(d, G1, who(d, "bob"), START + 6, "order.paid", "A2", 1);
    fact(d, G1, who(d, "bob"), START + 1500, "order.paid", "A3", 1); /* in the window */
    assert_int_equal(qund_sop_base(d->db, QUND_SOP_OF_ORDERS, &s, &base, &known), 0);
    assert_figure(base, 2);
    snprintf(text, sizeof(text),
             "INSERT INTO tag(id, name) VALUES(77, '预约:阳光玫瑰');"
             "INSERT INTO contact_tag(contact, tag, origin_seq, origin, at) VALUES(%lld, 77, 0, 4,"
             " %lld)",
             (long long)who(d, "ann"), (long long)START + 9);
    assert_int_equal(qund_sop_base(d->db, QUND_SOP_OF_RESERVED, &s, &base, &known), 0);
    assert_false(known);
    run_sql(d, text);
    fact(d, 0, who(d, "bob"), START + 9, "reserve", "", 1);
    assert_int_equal(qund_sop_base(d->db, QUND_SOP_OF_RESERVED, &s, &base, &known), 0);
    assert_figure(base, 2);
    desk_free(d);
}

static double wanted(struct desk *d, const struct qund_sop_span *s, enum qund_sop_op op,
                     struct qund_sop_value v)
{
    double out = 0;
    bool known = false;

    assert_int_equal(qund_sop_wanted(d->db, &v, op, s, &out, &known), 0);
    return known ? out : UNKNOWN;
}

static void a_percentage_is_rounded_towards_effort(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_sop_span s = {.group = G1, .from = START + 1000, .until = START + 2000, .plan = 5};
    char name[8];

    (void)state;
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof(name), "p%d", i);
        say(d, START + i, name, "hi");
    }
    plan_with_task(d);
    assert_figure(wanted(d, &s, QUND_SOP_GTE, (struct qund_sop_value){.n = 8}), 8);
    assert_figure(wanted(d, &s, QUND_SOP_GTE, (struct qund_sop_value){.n = 30, .percent = true}),
                  3);
    assert_figure(wanted(d, &s, QUND_SOP_GTE, (struct qund_sop_value){.n = 31, .percent = true}),
                  4);
    assert_figure(wanted(d, &s, QUND_SOP_LTE, (struct qund_sop_value){.n = 39, .percent = true}),
                  3);
    assert_figure(wanted(d, &s, QUND_SOP_GTE, (struct qund_sop_value){.n = 0, .percent = true}), 1);
    assert_figure(wanted(d, &s, QUND_SOP_LTE, (struct qund_sop_value){.n = 5, .percent = true}), 0);
    assert_figure(
        wanted(d, &s, QUND_SOP_GTE,
               (struct qund_sop_value){.n = 50, .percent = true, .of = QUND_SOP_OF_CAPACITY}),
        20);
    assert_figure(
        wanted(d, &s, QUND_SOP_GTE,
               (struct qund_sop_value){.n = 50, .percent = true, .of = QUND_SOP_OF_STOCK}),
        UNKNOWN);
    assert_figure(
        wanted(d, &s, QUND_SOP_GTE, (struct qund_sop_value){.var = QUND_STR("forecast.low")}),
        UNKNOWN);
    run_sql(d, "INSERT INTO plan_said VALUES(5, 'forecast.low', 21, 0, 'test')");
    assert_figure(
        wanted(d, &s, QUND_SOP_GTE, (struct qund_sop_value){.var = QUND_STR("forecast.low")}), 21);
    assert_figure(
        wanted(d, &s, QUND_SOP_GTE, (struct qund_sop_value){.var = QUND_STR("event.capacity")}),
        40);
    desk_free(d);
}

static void what_holds_is_what_the_sign_says(void **state)
{
    (void)state;
    assert_true(qund_sop_holds(QUND_SOP_GTE, 3, 3) && !qund_sop_holds(QUND_SOP_GTE, 2.9, 3));
    assert_true(qund_sop_holds(QUND_SOP_LTE, 3, 3) && !qund_sop_holds(QUND_SOP_LTE, 3.1, 3));
    assert_true(qund_sop_holds(QUND_SOP_GT, 4, 3) && !qund_sop_holds(QUND_SOP_GT, 3, 3));
    assert_true(qund_sop_holds(QUND_SOP_LT, 2, 3) && !qund_sop_holds(QUND_SOP_LT, 3, 3));
    assert_true(qund_sop_holds(QUND_SOP_EQ, 3, 3) && !qund_sop_holds(QUND_SOP_EQ, 2, 3));
}

/* --- who reacted --- */

struct reacted {
    int64_t v[8];
    size_t n, most;
};

static int note(void *arg, int64_t contact)
{
    struct reacted *r = arg;

    assert_true(r->n < 8);
    r->v[r->n++] = contact;
    return r->n == r->most ? 7 : 0;
}

static void those_who_reacted_are_named_once_each(void **state)
{
    static const struct qund_str word = QUND_STR("预约");
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_sop_span s = {
        .group = G1, .from = START, .until = START + QUND_HOUR_MS, .words = &word, .n_words = 1};
    QUND_AUTO(qund_months_free) struct qund_months *months = NULL;
    struct reacted r = {0};

    (void)state;
    say(d, START + 1, "bob", "预约");
    say(d, START + 2, "ann", "预约");
    say(d, START + 3, "bob", "预约");
    say(d, START + 4, "cid", "不了");
    months = qund_months_new(d->db);
    assert_int_equal(qund_sop_reacted(d->db, months, d->fold, QUND_SOP_KEYWORD_HITS, &s, note, &r),
                     0);
    assert_int_equal(r.n, 2);
    assert_int_equal(r.v[0], who(d, "bob"));
    assert_int_equal(r.v[1], who(d, "ann"));
    r = (struct reacted){.most = 1};
    assert_int_equal(qund_sop_reacted(d->db, months, d->fold, QUND_SOP_KEYWORD_HITS, &s, note, &r),
                     7);
    assert_int_equal(r.n, 1);
    r = (struct reacted){0};
    fact(d, G1, 0, START + 9, "link.click", "", 1);
    fact(d, G1, who(d, "cid"), START + 10, "link.click", "", 1);
    assert_int_equal(qund_sop_reacted(d->db, months, d->fold, QUND_SOP_LINK_CLICKS, &s, note, &r),
                     0);
    assert_int_equal(r.n, 1);
    assert_int_equal(qund_sop_reacted(d->db, months, d->fold, QUND_SOP_UNANSWERED, &s, note, &r),
                     0);
    assert_int_equal(r.n, 1);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bases_of_orders_reservations_and_capacity),
        cmocka_unit_test(a_percentage_is_rounded_towards_effort),
        cmocka_unit_test(what_holds_is_what_the_sign_says),
        cmocka_unit_test(those_who_reacted_are_named_once_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
