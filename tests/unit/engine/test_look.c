/* Member lists: what differs happened, once, whatever the notices say before or after. */
#include "desk.h"

#define T0 1757894400000LL
#define MIN 60000LL

static const char CONFIG[] = "time: {zone: UTC}\n";
static const char RULES[] =
    "rules:\n"
    "  - {id: hi, on: member.join, when: {from: [any]}, then: [{tag: 新人}]}\n"
    "  - {id: bye, on: member.leave, when: {from: [any]},"
    " then: [{alert: {to: consultant, level: info, text: '{{sender.id}}'}}]}\n";

/* Nothing is from the future: the clock is beyond minute `min`. */
static void by_then(struct desk *d, int min)
{
    if (d->rx < T0 + min * MIN)
        d->rx = T0 + min * MIN;
}

/* A list of these names ("ann bob"), read `min` minutes after T0. */
static void list(struct desk *d, int min, const char *names)
{
    struct qund_buf json = {0};
    struct qund_str rest = qund_str(names);
    bool first = true;

    by_then(d, min);
    qund_buf_printf(&json,
                    "{\"id\":\"l%d\",\"type\":\"group.members\",\"ts\":%lld,\"group\":\"g1\","
                    "\"data\":{\"whole\":true,\"members\":[",
                    min, T0 + min * MIN);
    while (rest.n > 0) {
        struct qund_str name = qund_str_split(&rest, ' ');

        qund_buf_printf(&json, "%s{\"id\":\"%.*s\",\"name\":\"N%.*s\"}", first ? "" : ",",
                        QUND_STR_ARG(name), QUND_STR_ARG(name));
        first = false;
    }
    qund_buf_puts(&json, "]}}");
    desk_event(d, json.p);
    qund_buf_done(&json);
}

static void notice(struct desk *d, const char *type, int min, const char *who)
{
    struct qund_buf json = {0};

    by_then(d, min);
    qund_buf_printf(&json,
                    "{\"id\":\"%s-%s-%d\",\"type\":\"member.%s\",\"ts\":%lld,\"group\":\"g1\","
                    "\"sender\":\"%s\"}",
                    type, who, min, type, T0 + min * MIN, who);
    desk_event(d, json.p);
    qund_buf_done(&json);
}

static int64_t here(struct desk *d, const char *who)
{
    struct qund_buf sql = {0};
    int64_t n;

    qund_buf_printf(&sql,
                    "SELECT count(*) FROM member m JOIN identity i ON i.contact = m.contact"
                    " WHERE i.pid = '%s' AND m.left_at IS NULL",
                    who);
    n = desk_int(d, sql.p);
    qund_buf_done(&sql);
    return n;
}

static int64_t joins(struct desk *d)
{
    return desk_int(d, "SELECT total(joins) FROM measure");
}

static int64_t leaves(struct desk *d)
{
    return desk_int(d, "SELECT total(leaves) FROM measure");
}

static void the_first_look_counts_nothing(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    desk_say(d, "m1", "old", "customer", "在吗");
    list(d, 5, "ann bob");
    assert_int_equal(here(d, "ann") + here(d, "bob"), 2);
    assert_int_equal(here(d, "old"), 0);
    assert_int_equal(joins(d) + leaves(d), 0);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM contact_tag"), 0);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM message_202509 WHERE data IS NOT NULL"), 0);
    desk_free(d);
}

static void what_differs_has_happened_and_rules_see_it(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    list(d, 5, "ann bob");
    list(d, 10, "ann cid");
    assert_int_equal(here(d, "cid"), 1);
    assert_int_equal(here(d, "bob"), 0);
    assert_int_equal(joins(d), 1);
    assert_int_equal(leaves(d), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM contact_tag"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM alert WHERE title = 'bob'"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM message_202509 WHERE data LIKE"
                                 " '%\"scene\":\"snapshot\"%'"),
                     2);
    list(d, 10, "ann cid"); /* a repeat, and one that came late */
    list(d, 7, "ann bob");
    assert_int_equal(joins(d) + leaves(d), 2);
    desk_free(d);
}

static void the_past_is_counted_and_tells_nobody(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    d->rx += 10 * 3600000;
    list(d, 5, "ann bob");
    list(d, 10, "ann");
    assert_int_equal(leaves(d), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM alert"), 0);
    desk_free(d);
}

/* Each order of list and notice: the same rows. */
static void a_notice_and_a_list_count_once(void **state)
{
    static const struct {
        int notice_min; /* between the lists, and dated a moment after the one that shows it */
        bool notice_first;
    } RUNS[] = {{7, true}, {7, false}, {11, true}, {11, false}};

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(RUNS); i++) {
        struct desk *d = desk_new(CONFIG, RULES);
        int at = RUNS[i].notice_min;

        list(d, 5, "ann bob");
        if (RUNS[i].notice_first) {
            notice(d, "join", at, "cid");
            notice(d, "leave", at, "bob");
        }
        list(d, 10, "ann cid");
        if (!RUNS[i].notice_first) {
            notice(d, "join", at, "cid");
            notice(d, "leave", at, "bob");
        }
        list(d, 15, "ann cid");
        assert_int_equal(joins(d), 1);
        assert_int_equal(leaves(d), 1);
        assert_int_equal(here(d, "cid"), 1);
        assert_int_equal(here(d, "bob"), 0);
        assert_int_equal(desk_int(d, "SELECT joined FROM member m JOIN identity i ON i.contact ="
                                     " m.contact WHERE i.pid = 'cid'"),
                         T0 + at * MIN);
        assert_int_equal(desk_int(d, "SELECT left_at FROM member WHERE left_at IS NOT NULL"),
                         T0 + at * MIN);
        assert_int_equal(desk_int(d, "SELECT count(*) FROM alert"), 1);
        assert_int_equal(desk_int(d, "SELECT n FROM alert"), 1);
        assert_int_equal(desk_int(d, "SELECT count(*) FROM message_202509 WHERE type IN (3, 4)"
                                     " AND state = 0"),
                         2);
        desk_free(d);
    }
}

static void a_second_coming_counts_again(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    list(d, 5, "ann");
    list(d, 10, "ann bob");
    notice(d, "join", 8, "bob");
    list(d, 20, "ann");
    list(d, 30, "ann bob");
    assert_int_equal(joins(d), 2);
    assert_int_equal(leaves(d), 1);
    notice(d, "join", 25, "bob");
    notice(d, "leave", 15, "bob");
    assert_int_equal(joins(d), 2);
    assert_int_equal(leaves(d), 1);
    assert_int_equal(here(d, "bob"), 1);
    desk_free(d);
}

static void an_older_list_undoes_no_later_notice_or_word(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    list(d, 5, "ann bob");
    notice(d, "join", 12, "cid");
    notice(d, "leave", 12, "bob");
    list(d, 10, "ann bob"); /* read before, came after */
    assert_int_equal(here(d, "cid"), 1);
    assert_int_equal(here(d, "bob"), 0);
    by_then(d, 30);
    desk_event(d, "{\"id\":\"m1\",\"ts\":1757896200000,\"group\":\"g1\",\"sender\":\"dan\","
                  "\"text\":\"我在\"}"); /* minute 30 */
    list(d, 20, "ann cid");
    assert_int_equal(here(d, "dan"), 1);
    assert_int_equal(joins(d), 1);
    assert_int_equal(leaves(d), 1);
    desk_free(d);
}

static void half_a_group_gone_is_believed_the_second_time(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    list(d, 5, "a b c d e f g h i j k l m n");
    list(d, 10, "a b");
    assert_int_equal(leaves(d), 0);
    assert_int_equal(desk_metric(d, "qund_member_lists_doubted_total"), 1);
    list(d, 15, "a b c d e f g h i j k l m n o");
    assert_int_equal(joins(d), 1);
    list(d, 20, "");
    list(d, 25, "");
    assert_int_equal(leaves(d), 0); /* an empty list is a failure */
    list(d, 30, "a b");
    assert_int_equal(leaves(d), 13);
    desk_free(d);
}

static void parts_are_one_list_in_whatever_order(void **state)
{
    static const char PART[] = "{\"id\":\"p%d-%d\",\"type\":\"group.members\",\"ts\":%lld,"
                               "\"group\":\"g1\",\"data\":{\"whole\":true,\"part\":%d,\"parts\":2,"
                               "\"stamp\":%s,\"members\":[{\"id\":\"x%d\"}]}}";
    static const struct {
        int list, part;
        const char *stamp;
    } V[] = {{1, 1, "7"}, {1, 2, "7"}, {2, 2, "\"b\""}, {3, 1, "\"c\""}, {3, 2, "\"c\""}};
    struct desk *d = desk_new(CONFIG, RULES);
    char json[300];

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(V); i++) {
        snprintf(json, sizeof(json), PART, V[i].list, V[i].part, T0 + V[i].list * MIN, V[i].part,
                 V[i].stamp, V[i].part + (V[i].list == 3));
        desk_event(d, json);
        if (i == 2) { /* half of the second list says nothing */
            assert_int_equal(here(d, "x1"), 1);
            assert_int_equal(leaves(d), 0);
        }
    }
    assert_int_equal(here(d, "x1"), 0);
    assert_int_equal(here(d, "x2") + here(d, "x3"), 2);
    assert_int_equal(joins(d), 1);
    assert_int_equal(leaves(d), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM look_part"), 0);
    desk_free(d);
}

static void a_broken_list_is_buried_and_changes_nothing(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    list(d, 5, "ann bob");
    by_then(d, 10);
    desk_event(d, "{\"id\":\"b1\",\"type\":\"group.members\",\"ts\":1757894800000,\"seq\":7,"
                  "\"group\":\"g1\",\"data\":{\"whole\":true,\"members\":[{\"name\":\"x\"}]}}");
    desk_event(d, "{\"id\":\"b2\",\"type\":\"group.members\",\"ts\":1757894800000,"
                  "\"group\":\"g1\",\"data\":{\"whole\":true,\"parts\":99,\"members\":[]}}");
    desk_event(d, "{\"id\":\"b3\",\"type\":\"group.members\",\"ts\":1757894800000,"
                  "\"group\":\"g1\",\"data\":{\"members\":[{\"id\":\"cid\"}]}}");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM dead"), 2);
    assert_int_equal(here(d, "ann") + here(d, "bob"), 2);
    assert_int_equal(here(d, "cid"), 0); /* not whole: it says nothing */
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_look_counts_nothing),
        cmocka_unit_test(what_differs_has_happened_and_rules_see_it),
        cmocka_unit_test(the_past_is_counted_and_tells_nobody),
        cmocka_unit_test(a_notice_and_a_list_count_once),
        cmocka_unit_test(a_second_coming_counts_again),
        cmocka_unit_test(an_older_list_undoes_no_later_notice_or_word),
        cmocka_unit_test(half_a_group_gone_is_believed_the_second_time),
        cmocka_unit_test(parts_are_one_list_in_whatever_order),
        cmocka_unit_test(a_broken_list_is_buried_and_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
