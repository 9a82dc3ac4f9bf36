/* What was said in a gap is not known: over it nothing is concluded from silence. */
#include "crm/gap.h"
#include "desk.h"

#define T0 1757894400000LL
#define MIN 60000LL
#define OPEN -99

static const char CONFIG[] =
    "time: {zone: UTC}\n"
    "targets: {desk: {url: 'http://127.0.0.1:1/x', allow_private: true}}\n";
static const char RULES[] =
    "rules:\n"
    "  - {id: q, when: {any: [吗]}, then: [{intent: needs_reply}]}\n"
    "  - {id: w, when: {any: [投诉]}, then: [{alert: {to: consultant, level: warn, text: x}}]}\n"
    "  - {id: u, when: {any: [着火]}, then: [{alert: {to: consultant, level: urgent,"
    " ladder: complaint, text: x}}]}\n";

/* A gap of the channel in minutes after T0; to OPEN: it is not over. group "": all of them. */
static void gap(struct desk *d, const char *id, int from, int to, const char *group,
                const char *account)
{
    struct qund_buf json = {0};

    qund_buf_printf(&json, "{\"id\":\"%s\",\"type\":\"gap\",\"ts\":%lld,\"data\":{\"from\":%lld",
                    id, (long long)d->rx, T0 + from * MIN);
    if (to != OPEN)
        qund_buf_printf(&json, ",\"to\":%lld", T0 + to * MIN);
    qund_buf_puts(&json, "}");
    if (*group)
        qund_buf_printf(&json, ",\"group\":\"%s\"", group);
    if (*account)
        qund_buf_printf(&json, ",\"account\":\"%s\"", account);
    qund_buf_puts(&json, "}");
    desk_event(d, json.p);
    qund_buf_done(&json);
}

static int64_t alerts(struct desk *d, const char *rule)
{
    struct qund_buf sql = {0};
    int64_t n;

    qund_buf_printf(&sql, "SELECT count(*) FROM alert WHERE rule = '%s'", rule);
    n = desk_int(d, sql.p);
    qund_buf_done(&sql);
    return n;
}

static void a_question_over_a_gap_is_not_judged_and_the_manager_is_told(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "有人吗");
    desk_say(d, "m2", "bob", "customer", "在吗");
    desk_wait(d, 5 * MIN);
    gap(d, "g", 2, 4, "", "");
    desk_wait(d, 6 * MIN);
    assert_int_equal(alerts(d, "reply-overdue"), 0);
    assert_int_equal(alerts(d, "judgement-void"), 1);
    assert_int_equal(desk_int(d, "SELECT n FROM alert"), 2);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM question WHERE voided AND judged"), 2);
    assert_int_equal(desk_metric(d, "qund_judgements_void_total"), 2);
    desk_say(d, "m3", "mia", "staff", "@ann 在的"); /* it may still be answered */
    assert_int_equal(desk_int(d, "SELECT count(*) FROM question WHERE state = 1"), 1);
    desk_free(d);
}

static void a_gap_elsewhere_or_at_another_time_voids_nothing(void **state)
{
    static const struct {
        int from, to;
        const char *group;
    } V[] = {{-9, -1, ""}, {11, 12, ""}, {2, 4, "g2"}};

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(V); i++) {
        struct desk *d = desk_new(CONFIG, RULES);

        desk_say(d, "m1", "ann", "customer", "有人吗");
        gap(d, "g", V[i].from, V[i].to, V[i].group, "");
        desk_wait(d, 11 * MIN);
        assert_int_equal(alerts(d, "reply-overdue"), 1);
        assert_int_equal(alerts(d, "judgement-void"), 0);
        desk_free(d);
    }
}

static void an_open_gap_holds_until_its_end_is_told(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    gap(d, "g", 1, OPEN, "", "us");
    desk_say(d, "m1", "ann", "customer", "有人吗");
    desk_wait(d, 11 * MIN);
    assert_int_equal(alerts(d, "judgement-void"), 1);
    assert_int_equal(desk_int(d, "SELECT open FROM gap"), 1);
    gap(d, "h", 1, 12, "", "us");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM gap WHERE open = 0"), 1);
    gap(d, "i", 1, OPEN, "", "us"); /* the beginning again, late */
    assert_int_equal(desk_int(d, "SELECT open FROM gap"), 0);
    desk_wait(d, 5 * MIN);
    desk_say(d, "m2", "bob", "customer", "在吗");
    desk_wait(d, 11 * MIN);
    assert_int_equal(alerts(d, "reply-overdue"), 1);
    desk_free(d);
}

static void a_ladder_does_not_climb_over_a_gap_unless_it_is_urgent(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "我要投诉");
    desk_say(d, "m2", "bob", "customer", "着火了");
    gap(d, "g", 2, 4, "", "");
    desk_wait(d, 40 * MIN);
    assert_int_equal(desk_int(d, "SELECT step FROM alert WHERE rule = 'w'"), 0);
    assert_int_equal(desk_int(d, "SELECT state FROM alert WHERE rule = 'w'"), 0);
    assert_int_equal(desk_int(d, "SELECT step FROM alert WHERE rule = 'u'"), 3);
    assert_int_equal(alerts(d, "judgement-void"), 1);
    desk_free(d);
}

/* The next life after `minutes` of nobody. */
static void come_back_after(struct desk *d, double minutes)
{
    desk_close_store(d);
    d->left.alive_ms = d->rx;
    d->rx += (int64_t)(minutes * (double)MIN);
    desk_open_store(d);
}

static void what_could_not_be_filled_stands_beside_the_gap(void **state)
{
    static const struct {
        const char *unfilled;
        int64_t want;
    } TOLD[] = {{"2", 2}, {"1", 2}, {"-4", 2}, {"\"9\"", 2}, {"3", 3}};
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    gap(d, "g", 1, 2, "", "us");
    assert_int_equal(desk_int(d, "SELECT unfilled FROM gap"), 0);
    for (size_t i = 0; i < QUND_ARRAY_LEN(TOLD); i++) {
        struct qund_buf json = {0};

        qund_buf_printf(&json,
                        "{\"id\":\"u%zu\",\"type\":\"gap\",\"ts\":%lld,\"account\":\"us\","
                        "\"data\":{\"from\":%lld,\"to\":%lld,\"unfilled\":%s}}",
                        i, (long long)d->rx, T0 + MIN, T0 + 2 * MIN, TOLD[i].unfilled);
        desk_event(d, json.p);
        qund_buf_done(&json);
        assert_int_equal(desk_int(d, "SELECT unfilled FROM gap"), TOLD[i].want);
    }
    gap(d, "h", 1, 2, "", "us"); /* told again, as by a plugin that repeats itself */
    assert_int_equal(desk_int(d, "SELECT count(*) FROM gap WHERE unfilled = 3"), 1);
    desk_free(d);
}

static void our_own_absence_is_a_gap_of_all_groups(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "有人吗");
    desk_say(d, "m2", "bob", "customer", "我要投诉");
    come_back_after(d, 30);
    desk_wait(d, 2 * MIN);
    assert_int_equal(alerts(d, "reply-overdue"), 0);
    assert_int_equal(alerts(d, "judgement-void"), 1);
    assert_int_equal(desk_int(d, "SELECT step FROM alert WHERE rule = 'w'"), 0);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM gap WHERE channel = 0 AND open = 0"), 1);
    assert_int_equal(desk_metric(d, "qund_gaps_total"), 1);
    desk_say(d, "m3", "eve", "customer", "在吗"); /* asked when we were there again */
    desk_wait(d, 11 * MIN);
    assert_int_equal(alerts(d, "reply-overdue"), 1);
    desk_free(d);
}

static void a_restart_within_the_lateness_is_no_absence(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "有人吗");
    come_back_after(d, 0.4);
    desk_wait(d, 11 * MIN);
    assert_int_equal(alerts(d, "reply-overdue"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM gap"), 0);
    desk_free(d);
}

static void a_gap_that_ends_before_it_begins_is_buried(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    /* With a `seq` it is one that was exported: such are not asked whether they are complete. */
    desk_event(d, "{\"id\":\"g\",\"type\":\"gap\",\"ts\":1757894700000,\"seq\":7,"
                  "\"data\":{\"from\":1757894400000,\"to\":1757894300000}}");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM gap"), 0);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM dead"), 1);
    desk_free(d);
}

static void one_deaf_account_of_several_hides_nothing(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "早");
    gap(d, "g", 2, 4, "", "us");
    assert_int_equal(qund_crm_gap_overlaps(d->db, 1, T0, T0 + 10 * MIN), 1);
    assert_int_equal(qund_db_exec(d->db, "UPDATE grp SET shared = 1"), 0);
    assert_int_equal(qund_crm_gap_overlaps(d->db, 1, T0, T0 + 10 * MIN), 0);
    gap(d, "h", 2, 4, "", "");
    assert_int_equal(qund_crm_gap_overlaps(d->db, 1, T0, T0 + 10 * MIN), 1);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_over_a_gap_is_not_judged_and_the_manager_is_told),
        cmocka_unit_test(a_gap_elsewhere_or_at_another_time_voids_nothing),
        cmocka_unit_test(an_open_gap_holds_until_its_end_is_told),
        cmocka_unit_test(a_ladder_does_not_climb_over_a_gap_unless_it_is_urgent),
        cmocka_unit_test(what_could_not_be_filled_stands_beside_the_gap),
        cmocka_unit_test(our_own_absence_is_a_gap_of_all_groups),
        cmocka_unit_test(a_restart_within_the_lateness_is_no_absence),
        cmocka_unit_test(a_gap_that_ends_before_it_begins_is_buried),
        cmocka_unit_test(one_deaf_account_of_several_hides_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
