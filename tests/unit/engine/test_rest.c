/* test_rest.c - what its receiver could not take by day does not wake anybody at night. */
#include "desk.h"

static const char RULES[] = "rules:\n"
                            "  - id: info\n    when: {any: [谢谢]}\n"
                            "    then: [{alert: {to: consultant, level: info, text: 谢}}]\n"
                            "  - id: urgent\n    when: {any: [漏电]}\n"
                            "    then: [{alert: {to: consultant, level: urgent, text: 急}}]\n"
                            "  - id: reply\n    when: {any: [几点]}\n"
                            "    then: [{reply: {text: 九点}}]\n";
#define TARGETS                                 \
    "channels: {replay: {send_through: lin}}\n" \
    "auto: {quiet: delay, max_age: 12h}\n"      \
    "alert: {ladders: {urgent: [72h]}}\n"       \
    "targets:\n"                                \
    "  lin: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n"
static const char DELAY[] = TARGETS;
static const char DROP[] = TARGETS "quiet: {mode: drop}\n";
static const char ORG[] = "staff:\n"
                          "  - {id: lin, name: 林, push: ['lin']}\n"
                          "groups:\n"
                          "  - realm: replay\n    id: g1\n    manager: lin\n"
                          "    roles: {consultant: [lin]}\n";

enum { MIN = 60000, HOUR = 60 * MIN };
enum { QUEUED = 0, SENDING = 1, RETRY_AT = 5, EXPIRED = 10 };

/* A desk begins at eight in the morning in Shanghai, where the hours of rest end. */
static struct desk *at_eight(const char *config)
{
    struct desk *d = desk_new(config, RULES);

    desk_org(d, ORG);
    return d;
}

static void credit(struct desk *d, int n, const char *habits)
{
    char body[200];

    snprintf(body, sizeof(body), "{\"target\":\"lin\",\"n\":%d,\"for_ms\":864000000%s}", n, habits);
    assert_int_equal(desk_command(d, "delivery.credit", body), 0);
}

static int64_t rows(struct desk *d, int state)
{
    char sql[80];

    snprintf(sql, sizeof(sql), "SELECT count(*) FROM outbox WHERE state = %d", state);
    return desk_int(d, sql);
}

static void say_some(struct desk *d, int n, const char *text)
{
    for (int i = 0; i < n; i++) {
        char id[24];

        snprintf(id, sizeof(id), "m%lld", (long long)d->next_id);
        desk_say(d, id, id, "customer", text);
    }
}

static void what_waited_for_its_receiver_rests_until_the_morning(void **state)
{
    struct desk *d = at_eight(DELAY);
    int64_t deadline;

    (void)state;
    desk_wait(d, 12 * HOUR);
    say_some(d, 3, "谢谢");
    deadline = desk_int(d, "SELECT min(deadline) FROM outbox");
    desk_wait(d, 3 * HOUR); /* 23:00: the receiver is back */
    credit(d, 9, ",\"cards\":false");
    assert_int_equal(d->sent.n, 0);
    assert_int_equal(rows(d, RETRY_AT), 3);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox WHERE reason = 'quiet hours' AND"
                                 " (due + 28800000) % 86400000 = 28800000"),
                     3);
    assert_in_range(desk_int(d, "SELECT min(deadline) FROM outbox") - deadline, 9 * HOUR - MIN,
                    9 * HOUR); /* it does not age while it rests */
    say_some(d, 1, "插座漏电");
    assert_int_equal(d->sent.n, 1);
    assert_true(d->sent.v[0].urgent);
    desk_wait(d, 9 * HOUR - MIN);
    assert_int_equal(d->sent.n, 1);
    desk_wait(d, MIN);
    assert_int_equal(d->sent.n, 4);
    assert_int_equal(rows(d, RETRY_AT), 0);
    desk_free(d);
}

static void a_retry_that_falls_into_the_night_rests_and_keeps_its_tries(void **state)
{
    struct desk *d = at_eight(DELAY);

    (void)state;
    credit(d, 9, ",\"ordered\":true");
    desk_wait(d, 13 * HOUR + 50 * MIN);
    say_some(d, 1, "谢谢");
    assert_int_equal(d->sent.n, 1);
    assert_int_equal(desk_command(d, "delivery.outcome",
                                  "{\"id\":1,\"attempt\":1,\"target\":\"lin\",\"event\":"
                                  "\"retry\",\"retry_ms\":1200000}"),
                     0);
    desk_wait(d, 30 * MIN);
    assert_int_equal(d->sent.n, 1);
    assert_int_equal(rows(d, RETRY_AT), 1);
    /* What rests holds up nobody, where order is asked for: it is not being tried. */
    say_some(d, 1, "插座漏电");
    assert_int_equal(d->sent.n, 2);
    desk_wait(d, 10 * HOUR);
    assert_int_equal(d->sent.n, 3);
    assert_int_equal(d->sent.v[2].id, 1);
    assert_int_equal(d->sent.v[2].attempt, 2);
    desk_free(d);
}

static void what_a_person_asks_for_at_night_leaves_at_night(void **state)
{
    struct desk *d = at_eight(DELAY);

    (void)state;
    desk_wait(d, 12 * HOUR);
    say_some(d, 60, "谢谢");
    desk_wait(d, 3 * HOUR);
    /* Woken at night, behind a page of rows that rest; and one that rests is sent by hand. */
    assert_int_equal(desk_command(d, "alert.handover", "{\"id\":7,\"to\":\"lin\"}"), 0);
    credit(d, 3, ",\"cards\":false");
    desk_wait(d, 10);
    assert_int_equal(d->sent.n, 1);
    assert_int_equal(d->sent.v[0].alert, 7);
    assert_int_equal(desk_command(d, "outbox.retry", "{\"id\":9}"), 0);
    desk_wait(d, 10);
    assert_int_equal(d->sent.n, 2);
    assert_int_equal(d->sent.v[1].id, 9);
    assert_int_equal(rows(d, QUEUED), 0);
    desk_free(d);
}

static void a_long_backlog_is_laid_to_rest_by_one_credit(void **state)
{
    struct desk *d = at_eight(DELAY);

    (void)state;
    desk_wait(d, 12 * HOUR);
    say_some(d, 2300, "谢谢");
    desk_wait(d, 3 * HOUR);
    credit(d, 1, ",\"cards\":false");
    desk_wait(d, 10); /* more than one turn lays */
    desk_wait(d, 10);
    assert_int_equal(d->sent.n, 0);
    assert_int_equal(rows(d, RETRY_AT), 2300);
    desk_free(d);
}

static void the_morning_s_backlog_is_one_card(void **state)
{
    struct desk *d = at_eight(DELAY);

    (void)state;
    desk_wait(d, 12 * HOUR);
    say_some(d, 5, "谢谢");
    desk_wait(d, 3 * HOUR);
    credit(d, 9, ",\"cards\":true,\"limited\":true");
    assert_int_equal(d->sent.n, 0);
    desk_wait(d, 9 * HOUR);
    assert_int_equal(d->sent.n, 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox WHERE merged_into = 6"), 5);
    assert_int_equal(desk_int(d, "SELECT rest FROM outbox WHERE id = 6"), QUND_REST_REMINDER);
    desk_free(d);
}

static void where_the_night_drops_it_drops_what_comes_late(void **state)
{
    struct desk *d = at_eight(DROP);

    (void)state;
    desk_wait(d, 12 * HOUR);
    say_some(d, 2, "谢谢");
    desk_wait(d, 3 * HOUR);
    credit(d, 9, "");
    assert_int_equal(d->sent.n, 0);
    assert_int_equal(rows(d, EXPIRED), 2);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM outbox WHERE reason = 'quiet hours'"), 2);
    desk_free(d);
}

static void a_reply_rests_by_its_own_option(void **state)
{
    struct desk *d = at_eight(DROP); /* which says so of reminders; auto.quiet delays */

    (void)state;
    desk_wait(d, 12 * HOUR);
    say_some(d, 1, "几点开门");
    assert_int_equal(rows(d, QUEUED), 1);
    desk_wait(d, 3 * HOUR);
    credit(d, 9, "");
    assert_int_equal(d->sent.n, 0);
    assert_int_equal(rows(d, RETRY_AT), 1);
    desk_wait(d, 9 * HOUR);
    assert_int_equal(d->sent.n, 1);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waited_for_its_receiver_rests_until_the_morning),
        cmocka_unit_test(a_retry_that_falls_into_the_night_rests_and_keeps_its_tries),
        cmocka_unit_test(what_a_person_asks_for_at_night_leaves_at_night),
        cmocka_unit_test(a_long_backlog_is_laid_to_rest_by_one_credit),
        cmocka_unit_test(the_morning_s_backlog_is_one_card),
        cmocka_unit_test(where_the_night_drops_it_drops_what_comes_late),
        cmocka_unit_test(a_reply_rests_by_its_own_option),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
