/* test_measure.c - counters of a group and an hour: people, not messages; in whatever order. */
#include "desk.h"

static const char RULES[] = "rules:\n  - id: x\n    when: {any: [never]}\n    then: [{tag: t}]\n";
static const char CONFIG[] = "time: {zone: Asia/Kolkata}\n"; /* +05:30: days cut hours in two */

enum { HOUR = 3600000 };
#define START 1757894400000 /* 2025-09-15T00:00:00Z */

static void event(struct desk *d, const char *id, int64_t ts, const char *group, const char *sender,
                  const char *role, const char *more)
{
    struct qund_buf json = {0};

    qund_buf_printf(&json,
                    "{\"id\":\"%s\",\"ts\":%lld,\"group\":\"%s\",\"sender\":\"%s\","
                    "\"sender_role\":\"%s\",%s}",
                    id, (long long)ts, group, sender, role, more);
    if (d->rx < ts)
        d->rx = ts;
    desk_event(d, json.p);
    qund_buf_done(&json);
}

static void say(struct desk *d, const char *id, int64_t ts, const char *sender, const char *role)
{
    event(d, id, ts, "g1", sender, role, "\"text\":\"hi\"");
}

static void assert_hour(struct desk *d, int64_t hour, int64_t messages, int64_t staff,
                        int64_t speakers)
{
    char sql[200];

    snprintf(sql, sizeof(sql),
             "SELECT messages * 10000 + staff_messages * 100 + speakers FROM measure WHERE hour ="
             " %lld AND grp = 1",
             (long long)hour);
    assert_int_equal(desk_int(d, sql), messages * 10000 + staff * 100 + speakers);
}

static void an_hour_counts_people_once_and_staff_apart(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    say(d, "m1", START, "ann", "customer");
    say(d, "m2", START + 1, "ann", "customer");
    say(d, "m3", START + 2, "bob", "customer");
    say(d, "m4", START + 3, "mia", "staff");
    say(d, "m5", START + 4, "kit", "koc");
    say(d, "m6", START + 5, "robo", "bot");
    say(d, "m7", START + HOUR, "ann", "customer");
    assert_hour(d, START, 3, 1, 2);
    assert_hour(d, START + HOUR, 1, 0, 1);
    /* Of two groups, each its own. */
    event(d, "m8", START + HOUR + 1, "g2", "ann", "customer", "\"text\":\"hi\"");
    assert_hour(d, START + HOUR, 1, 0, 1);
    assert_int_equal(desk_int(d, "SELECT sum(speakers) FROM measure WHERE grp = 2"), 1);
    desk_free(d);
}

static void a_late_message_counts_in_its_own_hour(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    say(d, "m1", START + HOUR, "ann", "customer");
    say(d, "m2", START + HOUR - 1, "ann", "customer");
    say(d, "m3", START + HOUR - 2, "ann", "customer");
    assert_hour(d, START, 2, 0, 1);
    assert_hour(d, START + HOUR, 1, 0, 1);
    desk_free(d);
}

static void a_revoked_message_takes_its_speaker_along_only_when_it_was_the_only_one(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    say(d, "m1", START, "ann", "customer");
    say(d, "m2", START + 1, "ann", "customer");
    say(d, "m3", START + 2, "bob", "customer");
    event(d, "r1", START + 3, "g1", "ann", "customer", "\"type\":\"revoke\",\"ref\":\"m1\"");
    assert_hour(d, START, 2, 0, 2);
    event(d, "r2", START + 4, "g1", "ann", "customer", "\"type\":\"revoke\",\"ref\":\"m2\"");
    assert_hour(d, START, 1, 0, 1);
    event(d, "r3", START + 5, "g1", "ann", "customer", "\"type\":\"revoke\",\"ref\":\"m2\"");
    assert_hour(d, START, 1, 0, 1); /* once */
    assert_int_equal(desk_int(d, "SELECT count(*) FROM speaker"), 1);
    say(d, "m4", START + 6, "ann", "customer");
    assert_hour(d, START, 2, 0, 2);
    desk_free(d);
}

static void joins_and_leaves_count_customers_only(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    event(d, "j1", START, "g1", "mia", "staff",
          "\"type\":\"member.join\",\"data\":{\"member\":\"ann\"}");
    event(d, "j2", START + 1, "g1", "mia", "staff", "\"type\":\"member.join\"");
    event(d, "l1", START + 2, "g1", "ann", "customer", "\"type\":\"member.leave\"");
    assert_int_equal(desk_int(d, "SELECT joins * 100 + leaves FROM measure"), 101);
    desk_free(d);
}

static void many_hours_in_one_batch_are_all_counted(void **state)
{
    enum { N = 5000 }; /* more than the counters that fit in memory at once */
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_buf bytes = {0};
    struct qund_item *items = qund_alloc(N * sizeof(*items));
    size_t *ends = qund_alloc(N * sizeof(*ends));
    char json[200];

    (void)state;
    d->rx = START + (int64_t)N * HOUR;
    for (int i = 0; i < N; i++) {
        snprintf(json, sizeof(json),
                 "{\"id\":\"m%d\",\"ts\":%lld,\"group\":\"g1\",\"sender\":\"ann\",\"text\":\"hi\"}",
                 i, (long long)(START + (int64_t)i * HOUR));
        desk_pack(d, json, START + (int64_t)i * HOUR, &bytes);
        ends[i] = bytes.n;
    }
    for (int i = 0; i < N; i++) {
        size_t from = i ? ends[i - 1] : 0;

        items[i] = (struct qund_item){.kind = QUND_ITEM_EVENT,
                                      .rx = START + (int64_t)i * HOUR,
                                      .id = {(uint64_t)i + 1, 0},
                                      .body = qund_str_n(bytes.p + from, ends[i] - from)};
    }
    assert_int_equal(desk_apply(d, items, N), 0);
    assert_int_equal(
        desk_int(d, "SELECT count(*) FROM measure WHERE messages = 1 AND speakers = 1"), N);
    qund_free(items);
    qund_free(ends);
    qund_buf_done(&bytes);
    desk_free(d);
}

/* Retention: the month goes a slice at a time, what was counted stays and is frozen. */
static void an_hour_past_retention_keeps_its_counts_and_changes_no_more(void **state)
{
    static const char SHORT[] = "store: {retention: 30d}\n";
    struct desk *d = desk_new(SHORT, RULES);
    struct qund_buf body = {0};
    struct qund_item late;
    int rc, turns = 0;

    (void)state;
    say(d, "m1", START, "ann", "customer");
    say(d, "m2", START + 1, "bob", "customer");
    assert_int_equal(qund_engine_retain(d->engine), 0);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM message_202509"), 2);
    desk_wait(d, 80 * 24 * (int64_t)HOUR); /* into December */
    while ((rc = qund_engine_retain(d->engine)) > 0 && ++turns < 50)
        ;
    assert_int_equal(rc, 0);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM sqlite_schema WHERE name GLOB"
                                 " '*message_202509'"),
                     0);
    assert_hour(d, START, 2, 0, 2);
    assert_int_equal(desk_int(d, "SELECT frozen FROM measure"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM contact"), 2);
    /* One that was still in the queue is too old; its month does not come back. */
    desk_pack(d,
              "{\"id\":\"m3\",\"ts\":1757894400002,\"group\":\"g1\",\"sender\":\"cid\",\"text\":"
              "\"late\"}",
              START, &body);
    late = (struct qund_item){.kind = QUND_ITEM_EVENT,
                              .rx = ++d->rx,
                              .id = {d->next_id++, 0},
                              .body = qund_buf_view(&body)};
    assert_int_equal(desk_apply(d, &late, 1), 0);
    qund_buf_done(&body);
    assert_int_equal(desk_metric(d, "qund_events_too_old_total"), 1);
    assert_hour(d, START, 2, 0, 2);
    assert_int_equal(
        desk_int(d, "SELECT count(*) FROM sqlite_schema WHERE name = 'message_202509'"), 0);
    say(d, "m4", d->rx + 1, "ann", "customer"); /* and life goes on, with a number of its own */
    assert_true(desk_int(d, "SELECT seq FROM message_202512") > 2);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_hour_counts_people_once_and_staff_apart),
        cmocka_unit_test(a_late_message_counts_in_its_own_hour),
        cmocka_unit_test(a_revoked_message_takes_its_speaker_along_only_when_it_was_the_only_one),
        cmocka_unit_test(joins_and_leaves_count_customers_only),
        cmocka_unit_test(many_hours_in_one_batch_are_all_counted),
        cmocka_unit_test(an_hour_past_retention_keeps_its_counts_and_changes_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
