/* test_metric.c - the text format of Prometheus. */
#include "core/metric.h"
#include "unit.h"

static void families_are_sorted_and_described_once(void **state)
{
    QUND_AUTO(qund_metrics_free) struct qund_metrics *m = qund_metrics_new();
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_counter *sent =
        qund_metric_gauge(m, "qund_outbox_items", "state=\"sent\"", "Items.");

    (void)state;
    qund_counter_add(qund_metric_counter(m, "qund_z_total", NULL, "Last."), 2);
    qund_counter_set(qund_metric_gauge(m, "qund_outbox_items", "state=\"dead\"", "Items."), 7);
    qund_counter_set(sent, 3);
    assert_ptr_equal(qund_metric_gauge(m, "qund_outbox_items", "state=\"sent\"", "Items."), sent);
    qund_metrics_print(m, &b);
    assert_string_equal(b.p, "# HELP qund_outbox_items Items.\n# TYPE qund_outbox_items gauge\n"
                             "qund_outbox_items{state=\"sent\"} 3\n"
                             "qund_outbox_items{state=\"dead\"} 7\n"
                             "# HELP qund_z_total Last.\n# TYPE qund_z_total counter\n"
                             "qund_z_total 2\n");
}

static void a_histogram_counts_up_to_each_bound(void **state)
{
    QUND_AUTO(qund_metrics_free) struct qund_metrics *m = qund_metrics_new();
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_histogram *h = qund_metric_seconds(m, "qund_apply_seconds", "Receipt to commit.");

    (void)state;
    qund_histogram_add_us(h, 500, 1);
    qund_histogram_add_us(h, 501, 2);
    qund_histogram_add_us(h, 90000000, 1);
    qund_metrics_print(m, &b);
    assert_non_null(strstr(b.p, "# TYPE qund_apply_seconds histogram\n"));
    assert_non_null(strstr(b.p, "qund_apply_seconds_bucket{le=\"0.0005\"} 1\n"));
    assert_non_null(strstr(b.p, "qund_apply_seconds_bucket{le=\"0.001\"} 3\n"));
    assert_non_null(strstr(b.p, "qund_apply_seconds_bucket{le=\"60\"} 3\n"));
    assert_non_null(strstr(b.p, "qund_apply_seconds_bucket{le=\"+Inf\"} 4\n"));
    assert_non_null(strstr(b.p, "qund_apply_seconds_sum 90.001502\n"));
    assert_non_null(strstr(b.p, "qund_apply_seconds_count 4\n"));
}

static void without_a_registry_counting_goes_nowhere(void **state)
{
    (void)state;
    qund_counter_add(qund_metric_counter(NULL, "x", NULL, "x"), 1);
    qund_histogram_add_us(qund_metric_seconds(NULL, "y", "y"), 1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_are_sorted_and_described_once),
        cmocka_unit_test(a_histogram_counts_up_to_each_bound),
        cmocka_unit_test(without_a_registry_counting_goes_nowhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
