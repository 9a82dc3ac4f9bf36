/* tests/unit/sop/test_sop_measure_cost.c - a question of one metric over a day of a busy group,
 * with many other groups in the store, takes a few milliseconds: the engine waits for it. */
#include "sop_unit.h"
#include <time.h>

enum { MESSAGES = 2000, PEOPLE = 400, OTHERS = 40, FACTS = 800 };
/* 0.1 to 2.6 ms on a quiet machine (docs/sop-metrics.md); what this must catch, a metric that walks
 * the store, takes hundreds. */
#define LIMIT_MS 25.0

static void fill(struct desk *d)
{
    static const char *const texts[] = {"预约", "这个多少钱", "收到谢谢", "我们家的门今天又坏了"};
    struct qund_buf bytes = {0}, json = {0};
    struct qund_item *items = qund_alloc(MESSAGES * sizeof(*items));
    size_t *ends = qund_alloc(MESSAGES * sizeof(*ends));

    for (int i = 0; i < MESSAGES; i++) {
        int64_t ts = START + i * (QUND_DAY_MS / MESSAGES);

        qund_buf_clear(&json);
        qund_buf_printf(&json, "{\"id\":\"m%d\",\"ts\":%lld,\"sender\":\"p%d\",", i, (long long)ts,
                        i * 7 % PEOPLE);
        /* Some are of other groups, whose hours lie between this one's, and some are private. */
        if (i % 20 == 3)
            qund_buf_puts(&json, "\"to\":\"us\",");
        else
            qund_buf_printf(&json, "\"group\":\"g%d\",", i % 40 == 7 ? 2 + i % OTHERS : 1);
        qund_buf_printf(&json, "\"text\":\"%s %d\"}", texts[i % 4], i);
        desk_pack(d, json.p, ts, &bytes);
        ends[i] = bytes.n;
    }
    for (int i = 0; i < MESSAGES; i++) {
        size_t from = i ? ends[i - 1] : 0;

        items[i] = (struct qund_item){.kind = QUND_ITEM_EVENT,
                                      .rx = START + i * (QUND_DAY_MS / MESSAGES),
                                      .id = {(uint64_t)i + 1, 0},
                                      .body = qund_str_n(bytes.p + from, ends[i] - from)};
    }
    assert_int_equal(desk_apply(d, items, MESSAGES), 0);
    qund_free(items);
    qund_free(ends);
    qund_buf_done(&bytes);
    qund_buf_done(&json);
}

static void add_facts(struct desk *d)
{
    static const char *const kinds[] = {"link.click", "form.submit", "checkin",  "redeem",
                                        "order.paid", "live.attend", "homework", "coupon.claim"};

    assert_int_equal(qund_db_begin(d->db), 0);
    for (int i = 0; i < FACTS; i++)
        for (size_t k = 0; k < QUND_ARRAY_LEN(kinds); k++)
            fact(d, i % 3 ? G1 : 0, 1 + i % PEOPLE, START + i * 60000, kinds[k], "x", 1);
    for (int i = 0; i < 200; i++) {
        char text[300];

        snprintf(text, sizeof(text),
                 "INSERT INTO signup_event(grp, chain, name, room, party, state, contact, ts, seq)"
                 " VALUES(1, '', 'n%d', '', 2, %d, 0, %lld, 1)",
                 i % 120, i / 120 * 2, (long long)START + i * 60000);
        run_sql(d, text);
    }
    assert_int_equal(qund_db_commit(d->db), 0);
}

/* Of the thread's own time, and the best of nine: the machine has other work. */
static int64_t busy_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static double cost_ms(struct desk *d, struct qund_months *months, enum qund_sop_metric m,
                      const struct qund_sop_span *s)
{
    double best = 1e9;

    for (int i = 0; i < 9; i++) {
        int64_t began = busy_us(), took;
        double figure;
        bool known;

        assert_int_equal(
            qund_sop_measure(d->db, months, d->fold, m, QUND_STR_NONE, s, &figure, &known), 0);
        took = busy_us() - began;
        best = (double)took / 1000 < best ? (double)took / 1000 : best;
    }
    return best;
}

static void each_metric_of_a_busy_day_takes_a_few_milliseconds(void **state)
{
    static const struct qund_str word = QUND_STR("预约");
    const struct qund_sop_span s = {.group = G1,
                                    .from = START + 1,
                                    .until = START + QUND_DAY_MS,
                                    .plan = 5,
                                    .task = 9,
                                    .words = &word,
                                    .n_words = 1};
    struct desk *d = desk_new(CONFIG, RULES);
    QUND_AUTO(qund_months_free) struct qund_months *months = NULL;

    (void)state;
    fill(d);
    plan_with_task(d);
    add_facts(d);
    months = qund_months_new(d->db);
    for (int m = 0; m < QUND_SOP_METRICS; m++) {
        double ms = cost_ms(d, months, (enum qund_sop_metric)m, &s);

        print_message("%-20s %.2f ms\n", qund_sop_metric_name((enum qund_sop_metric)m), ms);
        if (!QUND_SANITIZED)
            assert_true(ms <= LIMIT_MS);
    }
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_metric_of_a_busy_day_takes_a_few_milliseconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
