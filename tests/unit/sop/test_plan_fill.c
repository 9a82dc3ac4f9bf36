/* test_plan_fill.c - the words of a task: typed, looked up, of records, or a visible gap. */
#include "plan_unit.h"
#include "sop/measure.h"

static const char SAY[] =
    "id: say\ntitle: 说\nscope: member\nanchor: trigger\ntrigger: manual\n"
    "params: [{name: gift, label: 礼品, type: text, default: 伞}]\nsteps:\n"
    "  - {id: S01, at: \"+1h\", role: consultant, channel: one_to_one, kind: service, content: "
    "\"{{gift}} {{stock.item}}\", expect: {metric: one_to_one_replies, gte: 0, window: 1h}}\n";
static const char EVENT[] =
    "id: ev\ntitle: 会\nscope: group\nanchor: event\ntrigger: event\nsteps:\n"
    "  - {id: S01, at: \"T-1d 10:00\", role: consultant, channel: group, kind: service, content: "
    "\"{{event.date}}\", expect: {metric: messages, gte: 0, window: 1h}}\n";

/* What the text says in that plan to that person (0: nobody) just now. */
static void says(struct bench *b, int64_t plan, int64_t contact, const char *text,
                 const char *expected, size_t gaps)
{
    struct qund_plan p;
    struct qund_buf out = {0};
    size_t missing = 0;
    int rc;

    bench_step(b);
    assert_int_equal(qund_plan_get(b->sop, b->arena, plan, &p), 0);
    assert_int_equal(qund_plan_fill(b->sop,
                                    &(struct qund_fill_ask){
                                        .plan = &p,
                                        .t = qund_plan_template(b->sop, p.template, p.version, &rc),
                                        .grp = 1,
                                        .contact = contact,
                                        .now = b->now},
                                    qund_str(text), &out, &missing),
                     0);
    qund_buf_puts(&out, "");
    assert_string_equal(out.p, expected);
    assert_int_equal(missing, gaps);
    qund_buf_done(&out);
}

static void make(struct bench *b)
{
    bench_join(b, "ann", "g1");
    bench_template(b, SAY);
    bench_template(b, EVENT);
    bench_do(b, "plan.create",
             "{\"template\": \"say\", \"groups\": [1], \"figures\": {\"stock.item\": 12}}");
    bench_do(b, "plan.create",
             "{\"template\": \"ev\", \"groups\": [1], \"event\": \"2025-09-28 14:30\"}");
}

static void what_is_typed_looked_up_and_recorded_is_filled(void **state)
{
    struct bench *b = *state;

    make(b);
    says(b, 1, 1, "{{member.nick}}：{{gift}}，还有{{stock.item}}份", "ann：伞，还有12份", 0);
    says(b, 1, 0, "{{group.name}} {{date}} 第{{day}}天", "一期群 9月15日 第1天", 0);
    says(b, 1, 0, "请{{expert.name}}回答，{{leader.name}}在", "请林回答，总在", 0);
    says(b, 2, 0, "{{event.date}} {{event.time}}", "9月28日（周日） 14:30", 0);
    b->now += 2 * DAY;
    says(b, 1, 0, "{{date}} 第{{day}}天", "9月17日 第3天", 0);
}

static void what_nobody_knows_is_a_gap_that_is_counted(void **state)
{
    struct bench *b = *state;

    make(b);
    says(b, 1, 0, "{{member.nick}} {{store.name}} {{forecast.low}}",
         "〔member.nick〕 〔store.name〕 〔forecast.low〕", 3);
    says(b, 1, 1, "{{order.items}}", "〔order.items〕", 1);
}

static void orders_are_read_from_the_record(void **state)
{
    static const struct {
        const char *items, *said;
    } SAID[] = {
        {"苹果两箱", "苹果两箱"},
        {"[\"苹果\", \"梨\"]", "苹果、梨"},
        {"[{\"name\": \"苹果\", \"n\": 2}, {\"sku\": 7}, {\"name\": \"梨\"}]", "苹果、梨"},
    };
    struct bench *b = *state;

    make(b);
    for (size_t i = 0; i < QUND_ARRAY_LEN(SAID); i++) {
        b->now += MINUTE;
        assert_true(qund_crm_order_add(b->crm, QUND_STR("wx"),
                                       &(struct qund_crm_order){.order = QUND_STR("202509150042"),
                                                                .contact = bench_person(b, "ann"),
                                                                .items = qund_str(SAID[i].items),
                                                                .amount_cent = 100,
                                                                .paid_at = b->now}) >= 0);
        assert_int_equal(qund_crm_flush(b->crm), 0);
        says(b, 1, 1, "{{order.items}}", SAID[i].said, 0);
    }
    says(b, 1, 1, "尾号{{order.tail}}", "尾号0042", 0);
}

static void what_is_counted_comes_from_rows_alone(void **state)
{
    struct bench *b = *state;

    make(b);
    assert_int_equal(qund_sop_fact_put(b->db, &(struct qund_sop_fact){.group = 1,
                                                                      .contact = 1,
                                                                      .ts = b->now + MINUTE,
                                                                      .seq = 7,
                                                                      .n = 1,
                                                                      .kind = QUND_STR("checkin")}),
                     0);
    b->now += 2 * MINUTE;
    says(b, 1, 0, "到场{{count.checkins}}人", "到场1人", 0);
    /* From the event on, once it has come. */
    b->now = MONDAY + 14 * DAY;
    says(b, 2, 0, "到场{{count.checkins}}人", "到场0人", 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_typed_looked_up_and_recorded_is_filled),
        TEST(what_nobody_knows_is_a_gap_that_is_counted),
        TEST(orders_are_read_from_the_record),
        TEST(what_is_counted_comes_from_rows_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
