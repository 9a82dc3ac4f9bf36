/* test_cards.c - reminders that are gathered: at most one a pace to one person, what a rate holds
 * back in as few pushes as it allows, urgent ones first, and nothing lost on the way. */
#include "deliver/deliver.h"
#include "desk.h"
#include "receiver.h"
#include <jansson.h>
#include <pthread.h>

static const char RULES[] = "rules:\n"
                            "  - id: warn\n    when: {any: [坏了]}\n"
                            "    then: [{alert: {to: consultant, level: warn, text: 坏}}]\n"
                            "  - id: info\n    when: {any: [谢谢]}\n"
                            "    then: [{alert: {to: consultant, level: info, text: 谢}}]\n"
                            "  - id: urgent\n    when: {any: [漏电]}\n"
                            "    then: [{alert: {to: consultant, level: urgent, text: 急}}]\n"
                            "  - id: named\n    when: {any: [找赵]}\n"
                            "    then: [{alert: {to: 'staff:zhao', level: warn, text: 找}}]\n"
                            "  - id: gone\n    when: {any: [找王]}\n"
                            "    then: [{alert: {to: 'staff:wang', level: warn, text: 找}}]\n";
static const char CONFIG[] =
    "targets:\n"
    "  lin: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n"
    "  zhao: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n";
static const char ORG[] = "staff:\n"
                          "  - {id: lin, name: 林, push: ['lin']}\n"
                          "  - {id: zhao, name: 赵, push: ['zhao']}\n"
                          "groups:\n"
                          "  - realm: replay\n    id: g1\n    manager: zhao\n"
                          "    roles: {consultant: [lin]}\n"
                          "  - realm: replay\n    id: g2\n    manager: zhao\n"
                          "    roles: {consultant: [lin]}\n";

enum { MIN = 60000, ALERTS = 1000, URGENT = 50, RATE = 20, WINDOW_MS = 1200 };

/* Seen from the receiver, where a busy machine may bunch what left in time. */
#define SEEN_MS (WINDOW_MS * 3 / 4)

static void credit(struct desk *d, const char *target, int n, const char *habits)
{
    char body[200];

    snprintf(body, sizeof(body), "{\"target\":\"%s\",\"n\":%d,\"for_ms\":86400000,%s}", target, n,
             habits);
    assert_int_equal(desk_command(d, "delivery.credit", body), 0);
}

#define PERSONAL "\"cards\":true,\"limited\":true"

static struct desk *fresh(const char *org)
{
    struct desk *d = desk_new(CONFIG, RULES);

    if (org)
        desk_org(d, org);
    return d;
}

static int64_t rows(struct desk *d, const char *where)
{
    char sql[200];

    snprintf(sql, sizeof(sql), "SELECT count(*) FROM outbox WHERE %s", where);
    return desk_int(d, sql);
}

/* The push last handed over. */
static json_t *last_body(struct desk *d)
{
    json_t *o;

    assert_true(d->sent.n > 0);
    o = json_loads(d->sent.v[d->sent.n - 1].body, JSON_REJECT_DUPLICATES, NULL);
    assert_true(json_is_object(o));
    return o;
}

static const char *str_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "";
}

static void the_first_comes_at_once_and_what_follows_waits_for_the_pace(void **state)
{
    struct desk *d = fresh(ORG);
    json_t *card, *item;

    (void)state;
    credit(d, "lin", 5, PERSONAL);
    desk_say(d, "m1", "ann", "customer", "谢谢");
    assert_int_equal(d->sent.n, 1);
    desk_say(d, "m2", "bob", "customer", "谢谢");
    desk_say(d, "m3", "eve", "customer", "谢谢大家");
    desk_wait(d, 29 * MIN);
    assert_int_equal(d->sent.n, 1);
    desk_wait(d, MIN + 10);
    assert_int_equal(d->sent.n, 2); /* one card for both */
    assert_int_equal(rows(d, "state = 8 AND merged_into = 4"), 2);
    assert_int_equal(rows(d, "id = 4 AND state = 1 AND person = 1 AND key = 'card:2'"), 1);
    card = last_body(d);
    assert_string_equal(str_of(card, "kind"), "card");
    assert_string_equal(str_of(card, "short"), "2 3");
    assert_string_equal(str_of(card, "level"), "info");
    assert_int_equal(json_integer_value(json_object_get(card, "count")), 2);
    assert_string_equal(str_of(json_object_get(card, "person"), "name"), "林");
    assert_non_null(strstr(str_of(card, "text"), "#3 谢｜eve：谢谢大家"));
    item = json_array_get(json_object_get(card, "items"), 1);
    assert_string_equal(str_of(item, "short"), "3");
    assert_string_equal(str_of(item, "text"), "eve：谢谢大家");
    json_decref(card);
    desk_free(d);
}

static void what_is_urgent_waits_for_no_pace_and_opens_no_gate(void **state)
{
    struct desk *d = fresh(ORG);

    (void)state;
    credit(d, "lin", 5, PERSONAL);
    desk_say(d, "m1", "ann", "customer", "谢谢");
    desk_say(d, "m2", "bob", "customer", "谢谢");
    desk_say(d, "m3", "eve", "customer", "插座漏电");
    assert_int_equal(d->sent.n, 2);
    assert_true(d->sent.v[1].urgent);
    assert_int_equal(rows(d, "state = 0"), 1);
    desk_free(d);
}

static void a_rung_of_a_ladder_takes_along_what_waits(void **state)
{
    struct desk *d = fresh(ORG);
    json_t *card;

    (void)state;
    credit(d, "lin", 5, PERSONAL);
    desk_say(d, "m1", "ann", "customer", "坏了");
    desk_wait(d, 2 * MIN);
    desk_say(d, "m2", "bob", "customer", "谢谢");
    assert_int_equal(d->sent.n, 1);
    desk_wait(d, 9 * MIN); /* the rung at ten minutes and half a minute */
    assert_int_equal(d->sent.n, 2);
    card = last_body(d);
    assert_string_equal(str_of(card, "short"), "2 1");
    assert_string_equal(str_of(card, "level"), "warn");
    json_decref(card);
    desk_free(d);
}

static void what_a_person_asked_for_comes_when_it_was_asked_for(void **state)
{
    struct desk *d = fresh(ORG);

    (void)state;
    credit(d, "lin", 5, PERSONAL);
    desk_say(d, "m1", "ann", "customer", "谢谢");
    desk_wait(d, MIN);
    desk_say(d, "m2", "bob", "customer", "谢谢");
    assert_int_equal(
        desk_command(d, "alert.snooze", "{\"id\":1,\"for\":\"15m\",\"by\":\"staff:1\"}"), 0);
    desk_wait(d, 15 * MIN + 10);
    assert_int_equal(d->sent.n, 2);
    desk_free(d);
}

static void two_persons_have_paces_of_their_own(void **state)
{
    struct desk *d = fresh(ORG);

    (void)state;
    credit(d, "lin", 5, PERSONAL);
    credit(d, "zhao", 5, PERSONAL);
    desk_say(d, "m1", "ann", "customer", "谢谢");
    assert_int_equal(desk_command(d, "alert.handover", "{\"id\":1,\"to\":\"zhao\"}"), 0);
    assert_int_equal(d->sent.n, 2);
    assert_int_equal(rows(d, "state = 1 AND person = 2"), 1);
    desk_free(d);
}

static void a_rule_names_a_person_by_the_key_of_the_org_file(void **state)
{
    struct desk *d = fresh(ORG);

    (void)state;
    credit(d, "lin", 5, PERSONAL);
    credit(d, "zhao", 5, PERSONAL);
    desk_say(d, "m1", "ann", "customer", "我找赵经理");
    assert_int_equal(desk_int(d, "SELECT count(*) FROM alert WHERE role = 'staff:2'"), 1);
    assert_int_equal(rows(d, "person = 2"), 1);
    desk_say(d, "m2", "ann", "customer", "我找王经理"); /* whom the manager stands in for */
    assert_int_equal(rows(d, "person = 2"), 2);
    assert_int_equal(rows(d, "person = 1"), 0);
    desk_free(d);
}

static void what_is_dealt_with_while_it_waits_is_on_no_card(void **state)
{
    struct desk *d = fresh(ORG);
    json_t *alone;

    (void)state;
    credit(d, "lin", 5, PERSONAL);
    desk_say(d, "m1", "ann", "customer", "谢谢");
    desk_say(d, "m2", "bob", "customer", "谢谢");
    desk_say(d, "m3", "eve", "customer", "谢谢");
    assert_int_equal(desk_command(d, "alert.resolve", "{\"id\":2}"), 0);
    desk_wait(d, 31 * MIN);
    assert_int_equal(d->sent.n, 2);
    alone = last_body(d); /* one that is left needs no card */
    assert_string_equal(str_of(alone, "kind"), "alert");
    assert_string_equal(str_of(alone, "short"), "3");
    json_decref(alone);
    desk_free(d);
}

static void a_card_that_failed_is_tried_again_while_one_of_its_alerts_is_open(void **state)
{
    struct desk *d = fresh(ORG);

    (void)state;
    desk_say(d, "m1", "ann", "customer", "谢谢");
    desk_say(d, "m2", "bob", "customer", "谢谢");
    credit(d, "lin", 1, PERSONAL);
    assert_int_equal(rows(d, "state = 8 AND merged_into = 3"), 2);
    assert_int_equal(desk_command(d, "delivery.outcome",
                                  "{\"id\":3,\"attempt\":1,\"target\":\"lin\",\"event\":"
                                  "\"retry\",\"retry_ms\":60000}"),
                     0);
    assert_int_equal(desk_command(d, "alert.resolve", "{\"id\":1}"), 0);
    assert_int_equal(rows(d, "id = 3 AND state = 5"), 1);
    assert_int_equal(rows(d, "id = 1 AND state = 8 AND reason = 'dealt with'"), 1);
    assert_int_equal(desk_command(d, "alert.snooze", "{\"id\":2,\"for\":\"1h\"}"), 0);
    assert_int_equal(rows(d, "id = 3 AND state = 11 AND reason = 'put off'"), 1);
    desk_wait(d, 61 * MIN); /* it comes by itself */
    credit(d, "lin", 1, PERSONAL);
    assert_int_equal(d->sent.n, 2);
    assert_int_equal(d->sent.v[1].alert, 2);
    desk_free(d);
}

static void a_stop_forgets_no_pace_and_no_gate(void **state)
{
    struct desk *d = fresh(ORG);

    (void)state;
    credit(d, "lin", 5, PERSONAL);
    desk_say(d, "m1", "ann", "customer", "谢谢");
    desk_say(d, "m2", "bob", "customer", "谢谢");
    assert_int_equal(desk_command(d, "delivery.outcome",
                                  "{\"id\":1,\"attempt\":1,\"target\":\"lin\",\"event\":"
                                  "\"accepted\"}"),
                     0);
    desk_close_store(d);
    desk_open_store(d);
    credit(d, "lin", 5, PERSONAL);
    desk_wait(d, 29 * MIN);
    assert_int_equal(d->sent.n, 1);
    desk_wait(d, 2 * MIN);
    assert_int_equal(d->sent.n, 2);
    desk_free(d);
}

static void much_for_one_person_leaves_in_several_cards_at_once(void **state)
{
    struct desk *d = fresh(ORG);

    (void)state;
    for (int i = 0; i < 45; i++) {
        char id[16];

        snprintf(id, sizeof(id), "u%d", i);
        desk_say(d, id, id, "customer", "谢谢");
    }
    credit(d, "lin", 2, PERSONAL);
    assert_int_equal(d->sent.n, 2);
    assert_int_equal(rows(d, "state = 8"), 40);
    credit(d, "lin", 2, PERSONAL);
    assert_int_equal(d->sent.n, 3);
    assert_int_equal(rows(d, "state = 8"), 45);
    assert_int_equal(rows(d, "state = 0"), 0);
    desk_free(d);
}

static void a_card_names_each_alert_once_however_often_it_was_to_be_told(void **state)
{
    struct desk *d = fresh(ORG);
    const char *body;

    (void)state;
    desk_say(d, "m1", "ann", "customer", "坏了");
    desk_say(d, "m2", "bob", "customer", "坏了");
    desk_wait(d, 24 * 60 * MIN); /* every rung of both, and nothing could leave */
    assert_true(rows(d, "target = 'zhao' AND state = 0") > 2);
    credit(d, "zhao", 1, PERSONAL);
    assert_int_equal(d->sent.n, 1);
    body = d->sent.v[0].body;
    assert_non_null(strstr(body, "\"count\":2"));
    assert_non_null(strstr(body, "2 条提醒"));
    assert_ptr_equal(strstr(strstr(body, "#1 ") + 1, "#1 "), NULL);
    desk_free(d);
}

static void a_receiver_that_takes_no_cards_gets_each_by_itself_at_once(void **state)
{
    struct desk *d = fresh(ORG);

    (void)state;
    credit(d, "lin", 5, "\"cards\":false,\"limited\":true");
    desk_say(d, "m1", "ann", "customer", "谢谢");
    desk_say(d, "m2", "bob", "customer", "谢谢");
    assert_int_equal(d->sent.n, 2);
    assert_int_equal(rows(d, "state = 8"), 0);
    desk_free(d);

    d = fresh(ORG); /* also of what waited together */
    desk_say(d, "m1", "ann", "customer", "谢谢");
    desk_say(d, "m2", "bob", "customer", "谢谢");
    credit(d, "lin", 1, "\"cards\":false,\"limited\":true");
    assert_int_equal(d->sent.n, 1);
    credit(d, "lin", 5, "\"cards\":false,\"limited\":false");
    assert_int_equal(d->sent.n, 2);
    assert_int_equal(rows(d, "state = 8"), 0);
    desk_free(d);
}

static void a_push_that_was_tried_keeps_its_id_and_joins_no_card(void **state)
{
    struct desk *d = fresh(ORG);

    (void)state;
    credit(d, "lin", 1, PERSONAL);
    desk_say(d, "m1", "ann", "customer", "漏电");
    desk_say(d, "m2", "bob", "customer", "漏电");
    assert_int_equal(desk_command(d, "delivery.outcome",
                                  "{\"id\":1,\"attempt\":1,\"target\":\"lin\",\"event\":"
                                  "\"unknown\",\"retry_ms\":1000}"),
                     0);
    desk_wait(d, 2000);
    desk_say(d, "m3", "eve", "customer", "漏电");
    credit(d, "lin", 2, PERSONAL);
    assert_int_equal(d->sent.n, 3);
    assert_int_equal(d->sent.v[1].id, 1);
    assert_int_equal(d->sent.v[1].attempt, 2);
    assert_int_equal(rows(d, "state = 8 AND merged_into = 4"), 2);
    desk_free(d);
}

static void an_undone_transaction_leaves_no_card_and_no_merged_row(void **state)
{
    struct desk *d = fresh(ORG);
    struct qund_item it[2];
    int rc;

    (void)state;
    for (int i = 0; i < 200; i++) {
        char id[16];

        snprintf(id, sizeof(id), "u%d", i);
        desk_say(d, id, id, "customer", "谢谢");
    }
    it[0] = desk_command_item(d, "delivery.credit",
                              "{\"target\":\"lin\",\"n\":8,\"for_ms\":9000," PERSONAL "}", &rc);
    desk_room(d, 0);
    assert_true(desk_apply(d, it, 1) < 0);
    assert_int_equal(d->sent.n, 0);
    assert_int_equal(rows(d, "state = 0"), 200);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM pace"), 0);
    desk_room(d, -1);
    assert_int_equal(desk_apply(d, it, 1), 0);
    assert_int_equal(d->sent.n, 8);
    assert_int_equal(rows(d, "state = 8"), 160);
    desk_free(d);
}

/* --- a thousand at once, through the deliver thread to a receiver --- */

struct home {
    pthread_mutex_t mtx;
    struct qund_node *head, **tail; /* under mtx */
};

static int submit(void *arg, struct qund_command *c)
{
    struct home *h = arg;

    pthread_mutex_lock(&h->mtx);
    c->node.next = NULL;
    *h->tail = &c->node;
    h->tail = &c->node.next;
    pthread_mutex_unlock(&h->mtx);
    return 0;
}

static int apply_commands(struct desk *d, struct home *h)
{
    struct qund_node *all, *next;
    int n = 0;

    pthread_mutex_lock(&h->mtx);
    all = h->head;
    h->head = NULL;
    h->tail = &h->head;
    pthread_mutex_unlock(&h->mtx);
    for (; all; all = next, n++) {
        struct qund_item it = {.kind = QUND_ITEM_COMMAND, .rx = ++d->rx};

        next = all->next;
        it.cmd = QUND_CONTAINER(all, struct qund_command, node);
        assert_int_equal(desk_apply(d, &it, 1), 0);
    }
    return n;
}

static void thousand_say(struct desk *d)
{
    for (int i = 0; i < ALERTS; i++) {
        char id[16];

        snprintf(id, sizeof(id), "u%d", i);
        desk_say(d, id, id, "customer", i >= ALERTS - URGENT ? "漏电" : "谢谢");
    }
}

struct told {
    double at;
    int first, count;
    bool urgent;
};

/* Each alert stands in exactly one call. Returns how many calls there were. */
static size_t read_calls(const struct receiver *r, struct told *v, size_t max)
{
    QUND_AUTO(qund_buf_done) struct qund_buf log = {0};
    bool seen[ALERTS + 1] = {false};
    struct qund_str left;
    size_t n = 0;

    receiver_log(r, &log);
    for (left = qund_buf_view(&log); left.n > 0;) {
        struct qund_str line = qund_str_split(&left, '\n');
        json_t *call = json_loadb(line.p, line.n, 0, NULL), *body;
        struct qund_str ids;

        if (line.n == 0)
            continue;
        assert_true(n < max);
        body = json_loads(str_of(call, "body"), 0, NULL);
        v[n] = (struct told){.at = json_number_value(json_object_get(call, "at")),
                             .urgent = strcmp(str_of(body, "level"), "urgent") == 0};
        for (ids = qund_str(str_of(body, "short")); ids.n > 0;) {
            int64_t id;

            assert_int_equal(qund_str_int(qund_str_split(&ids, ' '), &id), 0);
            assert_true(id >= 1 && id <= ALERTS && !seen[id]);
            seen[id] = true;
            v[n].count++;
        }
        json_decref(body);
        json_decref(call);
        n++;
    }
    for (int i = 1; i <= ALERTS; i++)
        assert_true(seen[i]);
    return n;
}

static void check_calls(const struct told *v, size_t n)
{
    size_t most = 0, last_urgent = 0;

    for (size_t i = 0; i < n; i++) {
        size_t within = 0;

        for (size_t k = i; k < n; k++)
            within += v[k].at < v[i].at + SEEN_MS / 1000.0;
        most = within > most ? within : most;
        last_urgent = v[i].urgent ? i : last_urgent;
        assert_true(v[i].count <= 20);
    }
    if (most > RATE)
        fail_msg("%zu calls in one window", most);
    for (size_t i = 0; i < last_urgent; i++)
        assert_true(v[i].urgent);
    assert_true(n <= ALERTS / 20 + RATE);
}

static void a_thousand_at_once_leave_within_the_rate_urgent_first_and_none_is_lost(void **state)
{
    struct desk *d = desk_bare("queue: {durability: os}\n");
    struct home home = {.mtx = PTHREAD_MUTEX_INITIALIZER, .tail = &home.head};
    struct qund_deliver *deliver = NULL;
    struct told v[ALERTS];
    struct receiver r;
    struct qund_err err = {0};
    char config[200];
    int64_t until = qund_mono_now().ms + 60000;
    size_t n;

    (void)state;
    receiver_start(&r, d->dir, NULL);
    snprintf(config, sizeof(config),
             "targets:\n  robot: {url: 'http://127.0.0.1:%d/robot', allow_private: true, "
             "rate: %d}\n",
             r.port, RATE);
    qund_config_unref(d->config);
    d->config = desk_config(config);
    d->rules = desk_rules(d->fold, RULES);
    desk_open_store(d);
    thousand_say(d);
    assert_int_equal(rows(d, "state = 0"), ALERTS);
    assert_int_equal(qund_deliver_open(&(struct qund_deliver_deps){.config = d->config,
                                                                   .metrics = d->metrics,
                                                                   .submit = submit,
                                                                   .submit_arg = &home,
                                                                   .rate_window_ms = WINDOW_MS},
                                       &deliver, &err),
                     0);
    while (rows(d, "state IN (0, 1)") > 0 && qund_mono_now().ms < until) {
        if (apply_commands(d, &home) == 0)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        qund_deliver_send(deliver, &d->sent);
    }
    assert_int_equal(rows(d, "state NOT IN (2, 8)"), 0);
    assert_int_equal(rows(d, "state = 8 AND merged_into NOT IN (SELECT id FROM outbox)"), 0);
    qund_deliver_close(deliver);
    apply_commands(d, &home);
    receiver_stop(&r);
    n = read_calls(&r, v, QUND_ARRAY_LEN(v));
    check_calls(v, n);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_comes_at_once_and_what_follows_waits_for_the_pace),
        cmocka_unit_test(what_is_urgent_waits_for_no_pace_and_opens_no_gate),
        cmocka_unit_test(a_rung_of_a_ladder_takes_along_what_waits),
        cmocka_unit_test(what_a_person_asked_for_comes_when_it_was_asked_for),
        cmocka_unit_test(two_persons_have_paces_of_their_own),
        cmocka_unit_test(a_rule_names_a_person_by_the_key_of_the_org_file),
        cmocka_unit_test(what_is_dealt_with_while_it_waits_is_on_no_card),
        cmocka_unit_test(a_card_that_failed_is_tried_again_while_one_of_its_alerts_is_open),
        cmocka_unit_test(a_stop_forgets_no_pace_and_no_gate),
        cmocka_unit_test(much_for_one_person_leaves_in_several_cards_at_once),
        cmocka_unit_test(a_card_names_each_alert_once_however_often_it_was_to_be_told),
        cmocka_unit_test(a_receiver_that_takes_no_cards_gets_each_by_itself_at_once),
        cmocka_unit_test(a_push_that_was_tried_keeps_its_id_and_joins_no_card),
        cmocka_unit_test(an_undone_transaction_leaves_no_card_and_no_merged_row),
        cmocka_unit_test(a_thousand_at_once_leave_within_the_rate_urgent_first_and_none_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
