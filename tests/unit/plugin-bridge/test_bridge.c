/* test_bridge.c - the bridge plugin beside a host that fails when it is told to: what no real
 * daemon does on demand. The rest is tests/integration/16_bridge.py. */
#include "fake_host.h"
#include "unit.h"

struct at {
    struct fake f;
    const struct qund_plugin *plugin;
    void *ctx, *channel, *target;
    char ch_cfg[256], t_cfg[256];
};

/* Fills a table's struct with its defaults and two texts. */
static void fill(const struct qund_cfg_table *t, void *cfg, const char *const (*texts)[2])
{
    static const int64_t NUMBERS[] = {30000, 15000, 0,
                                      16}; /* heartbeat answer members connections */
    size_t number = 0;

    for (size_t i = 0; i < t->n_keys; i++) {
        char *at = (char *)cfg + t->keys[i].offset;

        if (t->keys[i].type == QUND_CFG_DURATION || t->keys[i].type == QUND_CFG_INT)
            memcpy(at, &NUMBERS[number++], sizeof(int64_t));
        for (size_t k = 0; texts[k][0]; k++)
            if (strcmp(t->keys[i].name, texts[k][0]) == 0)
                *(const char **)(void *)at = texts[k][1];
    }
}

static void connect(struct at *a)
{
    struct qund_header auth = {QUND_STR("Authorization"), QUND_STR("Bearer geheim")};
    struct qund_request r = {.method = QUND_STR("GET"),
                             .headers = &auth,
                             .n_headers = 1,
                             .peer = {(const char *)&a->f, 1}};

    a->plugin->channel_upgrade(a->channel, &r);
}

#define HELLO                                                                            \
    "{\"t\":\"hello\",\"proto\":1,\"account\":{\"id\":\"bot\"},\"caps\":[\"send_text\"," \
    "\"recall\"%s]}"

static struct at *begin(const char *more_caps)
{
    static const char *const CHANNEL[][2] = {{"token", "geheim"}, {NULL, NULL}};
    static const char *const TARGET[][2] = {{"channel", "wx"}, {NULL, NULL}};
    struct at *a = test_calloc(1, sizeof(*a));
    struct qund_fault why;
    char hello[300];

    fake_init(&a->f);
    a->plugin = qund_plugin_entry(1, 0);
    assert_int_equal(a->plugin->start(&a->f.api, &a->ctx, &why), 0);
    fill(a->plugin->channel_keys, a->ch_cfg, CHANNEL);
    fill(a->plugin->target_keys, a->t_cfg, TARGET);
    assert_int_equal(a->plugin->channel_open(a->ctx,
                                             &(struct qund_entry_info){.name = "wx",
                                                                       .realm = "wx",
                                                                       .channel = (void *)&a->f,
                                                                       .cfg = a->ch_cfg},
                                             &a->channel, &why),
                     0);
    assert_int_equal(
        a->plugin->target_open(a->ctx, &(struct qund_entry_info){.name = "ops", .cfg = a->t_cfg},
                               &a->target, &why),
        0);
    connect(a);
    snprintf(hello, sizeof(hello), HELLO, more_caps);
    fake_say(&a->f, hello);
    assert_true(fake_heard(&a->f, "\"welcome\""));
    return a;
}

static void end(struct at *a)
{
    a->plugin->target_close(a->target);
    a->plugin->channel_close(a->channel);
    a->plugin->stop(a->ctx);
    test_free(a);
}

static void event(struct at *a, int seq)
{
    char text[300];

    snprintf(text, sizeof(text),
             "{\"t\":\"event\",\"seq\":%d,\"ts\":%d,\"kind\":\"message\",\"conv\":{\"id\":\"g\"},"
             "\"from\":{\"id\":\"u\"},\"msg\":{\"id\":\"m%d\",\"text\":\"x\"}}",
             seq, 1000 + seq, seq);
    fake_say(&a->f, text);
}

static void an_ack_waits_for_durability(void **state)
{
    struct at *a = begin("");

    (void)state;
    event(a, 1);
    event(a, 2);
    fake_pass(&a->f, 0);
    assert_int_equal(a->f.ingests, 1); /* both in one */
    assert_int_equal(a->f.events, 2);
    event(a, 3); /* while the first two are under way */
    fake_pass(&a->f, 20);
    assert_int_equal(a->f.ingests, 1);
    assert_false(fake_heard(&a->f, "\"ack\""));
    fake_land(&a->f, QUND_OK);
    assert_true(fake_heard(&a->f, "{\"t\":\"ack\",\"seq\":2}"));
    assert_int_equal(a->f.ingests, 2);
    assert_non_null(strstr(a->f.state, "\"seq\":3"));
    fake_land(&a->f, QUND_OK);
    assert_true(fake_heard(&a->f, "{\"t\":\"ack\",\"seq\":3}"));
    end(a);
}

static void what_could_not_be_stored_is_handed_over_again(void **state)
{
    struct at *a = begin("");

    (void)state;
    event(a, 1);
    a->f.ingest_rc = QUND_E_FULL;
    fake_pass(&a->f, 0);
    assert_int_equal(a->f.events, 0);
    a->f.ingest_rc = 0;
    fake_pass(&a->f, 60);
    assert_int_equal(a->f.events, 1);
    fake_land(&a->f, QUND_E_IO);
    assert_false(fake_heard(&a->f, "\"ack\""));
    fake_pass(&a->f, 60);
    assert_int_equal(a->f.events, 2);
    fake_land(&a->f, QUND_OK);
    assert_true(fake_heard(&a->f, "{\"t\":\"ack\",\"seq\":1}"));
    end(a);
}

static void a_refused_event_is_named_and_those_around_it_stored(void **state)
{
    struct at *a = begin("");

    (void)state;
    for (int i = 1; i <= 5; i++)
        event(a, i);
    a->f.ingest_rc = QUND_E_INVAL;
    a->f.refuse_index = 2;
    fake_pass(&a->f, 0); /* three are handed over, then two without the third */
    assert_true(fake_heard(&a->f, "\"t\":\"refused\",\"seq\":3"));
    assert_int_equal(a->f.events, 2);
    a->f.ingest_rc = 0;
    fake_land(&a->f, QUND_OK);
    assert_true(fake_heard(&a->f, "{\"t\":\"ack\",\"seq\":3}"));
    assert_int_equal(a->f.events, 4);
    fake_land(&a->f, QUND_OK);
    assert_true(fake_heard(&a->f, "{\"t\":\"ack\",\"seq\":5}"));
    assert_int_equal(fake_count(&a->f, "qund_bridge_refused_total"), 1);
    end(a);
}

static void too_many_events_pause_the_socket_and_none_is_lost(void **state)
{
    struct at *a = begin("");

    (void)state;
    event(a, 1);
    fake_pass(&a->f, 0);
    for (int i = 2; i <= 700; i++)
        event(a, i);
    assert_true(a->f.paused);
    fake_land(&a->f, QUND_OK); /* 512 of them go */
    assert_false(a->f.paused);
    fake_land(&a->f, QUND_OK);
    fake_land(&a->f, QUND_OK);
    assert_int_equal(a->f.events, 700);
    assert_true(fake_heard(&a->f, "{\"t\":\"ack\",\"seq\":700}"));
    end(a);
}

/* What libwebsockets never does, asked to stop: the last guard over the memory of a connection. */
static void a_socket_that_does_not_pause_is_closed_in_the_end(void **state)
{
    struct at *a = begin("");

    (void)state;
    event(a, 1);
    fake_pass(&a->f, 0);
    for (int i = 2; i <= 8193; i++)
        event(a, i);
    assert_true(a->f.paused);
    assert_int_equal(a->f.closed_with, 0);
    event(a, 8194);
    assert_int_equal(a->f.closed_with, 4429);
    end(a);
}

static void what_came_before_the_connection_broke_is_stored(void **state)
{
    struct at *a = begin("");

    (void)state;
    event(a, 1);
    fake_pass(&a->f, 0);
    event(a, 2);
    a->f.ops->closed(a->f.socket_arg, (void *)&a->f, 1006, QUND_STR_NONE);
    fake_land(&a->f, QUND_OK);
    fake_land(&a->f, QUND_OK); /* the last of it; the connection is freed, as asan sees */
    assert_int_equal(a->f.events, 2);
    assert_int_equal(fake_count(&a->f, "qund_bridge_connections"), 0);
    end(a);
}

static void a_channel_closes_with_events_under_way(void **state)
{
    struct at *a = begin("");

    (void)state;
    event(a, 1);
    fake_pass(&a->f, 0);
    event(a, 2);
    end(a); /* nothing is told any more */
}

static void an_ack_that_finds_no_room_is_said_later(void **state)
{
    struct at *a = begin("");

    (void)state;
    event(a, 1);
    fake_pass(&a->f, 0);
    a->f.send_rc = QUND_E_FULL;
    fake_land(&a->f, QUND_OK);
    a->f.send_rc = 0;
    fake_pass(&a->f, 600);
    assert_true(fake_heard(&a->f, "{\"t\":\"ack\",\"seq\":1}"));
    end(a);
}

/* --- deliveries --- */

static struct fake_ended *deliver(struct at *a, uint64_t token, const char *body)
{
    struct qund_delivery d = {.id = 1,
                              .attempt = 1,
                              .key = QUND_STR("key-1"),
                              .body = qund_str(body),
                              .timeout_ms = 20000};
    size_t before = a->f.n_ended;

    a->plugin->deliver(a->target, &d, token);
    return a->f.n_ended > before ? &a->f.ended[before % 32] : NULL;
}

static void answer(struct at *a, size_t nth, const char *rest)
{
    const char *id = NULL;
    char text[400];
    size_t seen = 0;

    for (size_t i = 0; i < a->f.n_sent; i++) {
        const char *at = strstr(a->f.sent[i], "\"t\":\"cmd\",\"id\":\"");

        if (at && seen++ == nth)
            id = at + strlen("\"t\":\"cmd\",\"id\":\"");
    }
    assert_non_null(id);
    snprintf(text, sizeof(text), "{\"t\":\"res\",\"id\":\"%.*s\",%s}", (int)strcspn(id, "\""), id,
             rest);
    fake_say(&a->f, text);
}

static void a_message_and_a_recall_are_commands(void **state)
{
    struct at *a = begin("");

    (void)state;
    assert_null(
        deliver(a, 7,
                "{\"kind\":\"message\",\"group\":\"g1\",\"text\":\"好\",\"mentions\":[\"u1\"],"
                "\"reply_to\":\"m0\",\"auto\":true,\"media\":[{\"kind\":\"image\",\"url\":\"https:/"
                "/x.test/a\"}]}"));
    assert_true(fake_heard(
        &a->f, "\"op\":\"send\",\"args\":{\"conv\":{\"id\":\"g1\",\"type\":\"group\"},"
               "\"key\":\"key-1\",\"text\":\"好\\nhttps://x.test/a\",\"mentions\":[\"u1\"],"
               "\"reply_to\":\"m0\",\"auto\":true}"));
    assert_null(deliver(a, 8, "{\"kind\":\"recall\",\"person_id\":\"u2\",\"message\":\"m9\"}"));
    assert_true(fake_heard(
        &a->f, "\"op\":\"recall\",\"args\":{\"conv\":{\"id\":\"u2\",\"type\":\"direct\"},"
               "\"msg\":\"m9\"}"));
    end(a);
}

static void answers_in_any_order_end_the_right_delivery(void **state)
{
    static const struct {
        const char *rest;
        enum qund_delivered how;
        int64_t retry_ms;
    } ENDS[] = {
        {"\"ok\":true,\"data\":{\"id\":4711}", QUND_SENT, -1},
        {"\"ok\":false,\"err\":{\"code\":\"muted\",\"text\":\"no\"}", QUND_DROP, -1},
        {"\"ok\":false,\"err\":{\"code\":\"busy\",\"retry\":true,\"retry_ms\":900}", QUND_RETRY,
         900},
        {"\"ok\":false,\"err\":{\"code\":\"limited\",\"retry_ms\":5000}", QUND_LIMITED, 5000},
        {"\"ok\":false,\"err\":{\"code\":\"unknown\"}", QUND_UNKNOWN, -1},
        {"\"data\":1", QUND_UNKNOWN, -1},
    };
    struct at *a = begin("");
    size_t n = sizeof(ENDS) / sizeof(ENDS[0]);

    (void)state;
    a->f.n_sent = 0;
    for (size_t i = 0; i < n; i++)
        assert_null(deliver(a, 100 + i, "{\"kind\":\"message\",\"group\":\"g\",\"text\":\"x\"}"));
    for (size_t i = n; i-- > 0;) {
        answer(a, i, ENDS[i].rest);
        assert_int_equal(a->f.ended[n - 1 - i].token, 100 + i);
        assert_int_equal(a->f.ended[n - 1 - i].how, ENDS[i].how);
        assert_int_equal(a->f.ended[n - 1 - i].retry_ms, ENDS[i].retry_ms);
    }
    assert_string_equal(a->f.ended[n - 1].their_id, "4711");
    answer(a, 0, "\"ok\":true"); /* once more: nobody waits for it */
    assert_int_equal(a->f.n_ended, n);
    end(a);
}

static void no_answer_is_unknown_unless_the_bridge_knows_keys(void **state)
{
    struct at *a = begin(""), *b = begin(",\"once\"");

    (void)state;
    deliver(a, 1, "{\"kind\":\"message\",\"group\":\"g\",\"text\":\"x\"}");
    deliver(b, 1, "{\"kind\":\"message\",\"group\":\"g\",\"text\":\"x\"}");
    fake_pass(&a->f, 16000);
    fake_pass(&b->f, 16000);
    assert_int_equal(a->f.ended[0].how, QUND_UNKNOWN);
    assert_int_equal(b->f.ended[0].how, QUND_RETRY);
    assert_int_equal(fake_count(&a->f, "qund_bridge_unanswered_total"), 1);
    end(a);
    end(b);
}

static void without_a_place_of_its_own_it_goes_to_the_person_it_is_for(void **state)
{
    struct at *a = begin("");

    (void)state;
    assert_null(deliver(a, 1,
                        "{\"kind\":\"alert\",\"text\":\"x\",\"person\":{\"id\":1,\"ids\":"
                        "{\"qq\":\"7\",\"wx\":\"wx-lin\"}}}"));
    assert_true(fake_heard(&a->f, "\"conv\":{\"id\":\"wx-lin\",\"type\":\"direct\"}"));
    /* What says its own place goes there. */
    assert_null(deliver(a, 2,
                        "{\"kind\":\"forward\",\"group\":\"g1\",\"text\":\"x\",\"person\":"
                        "{\"ids\":{\"wx\":\"wx-lin\"}}}"));
    assert_true(fake_heard(&a->f, "\"conv\":{\"id\":\"g1\",\"type\":\"group\"}"));
    assert_int_equal(
        deliver(a, 3, "{\"kind\":\"alert\",\"text\":\"x\",\"person\":{\"ids\":{\"qq\":\"7\"}}}")
            ->how,
        QUND_DROP);
    assert_non_null(strstr(a->f.ended[a->f.n_ended - 1].detail, "no id in the channel's realm"));
    end(a);
}

static void what_cannot_be_sent_is_said_at_once(void **state)
{
    struct at *a = begin("");

    (void)state;
    assert_int_equal(deliver(a, 1, "{\"kind\":\"alert\",\"text\":\"x\"}")->how,
                     QUND_DROP); /* no `to` */
    assert_non_null(
        strstr(a->f.ended[0].detail, "the target has no `to` (group:ID or private:ID)"));
    assert_int_equal(deliver(a, 2, "{\"kind\":\"message\",\"group\":\"g\"}")->how, QUND_DROP);
    assert_int_equal(deliver(a, 3, "{\"kind\":\"recall\",\"group\":\"g\"}")->how, QUND_DROP);
    assert_int_equal(deliver(a, 4, "[]")->how, QUND_DROP);
    a->f.send_rc = QUND_E_FULL;
    assert_int_equal(deliver(a, 5, "{\"group\":\"g\",\"text\":\"x\"}")->how, QUND_LIMITED);
    a->f.ops->closed(a->f.socket_arg, (void *)&a->f, 1006, QUND_STR_NONE);
    assert_int_equal(deliver(a, 6, "{\"group\":\"g\",\"text\":\"x\"}")->how, QUND_LIMITED);
    end(a);
}

static void a_link_and_media_it_cannot_send_stand_in_the_text(void **state)
{
    struct at *a = begin("");

    (void)state;
    deliver(a, 1,
            "{\"kind\":\"card\",\"group\":\"g\",\"text\":\"x\",\"link\":\"https://q.test/1\","
            "\"media\":[{\"url\":\"https://q.test/a.png\"}]}");
    assert_true(fake_heard(&a->f, "\"text\":\"x\\nhttps://q.test/1\\nhttps://q.test/a.png\""));
    end(a);
}

static void a_thousand_opens_and_closes_leave_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct at *a = begin(",\"groups\",\"members\"");

        event(a, 1);
        deliver(a, 1, "{\"group\":\"g\",\"text\":\"x\"}");
        end(a); /* cmocka and asan count what is left */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ack_waits_for_durability),
        cmocka_unit_test(what_could_not_be_stored_is_handed_over_again),
        cmocka_unit_test(a_refused_event_is_named_and_those_around_it_stored),
        cmocka_unit_test(too_many_events_pause_the_socket_and_none_is_lost),
        cmocka_unit_test(a_socket_that_does_not_pause_is_closed_in_the_end),
        cmocka_unit_test(what_came_before_the_connection_broke_is_stored),
        cmocka_unit_test(a_channel_closes_with_events_under_way),
        cmocka_unit_test(an_ack_that_finds_no_room_is_said_later),
        cmocka_unit_test(a_message_and_a_recall_are_commands),
        cmocka_unit_test(answers_in_any_order_end_the_right_delivery),
        cmocka_unit_test(no_answer_is_unknown_unless_the_bridge_knows_keys),
        cmocka_unit_test(without_a_place_of_its_own_it_goes_to_the_person_it_is_for),
        cmocka_unit_test(what_cannot_be_sent_is_said_at_once),
        cmocka_unit_test(a_link_and_media_it_cannot_send_stand_in_the_text),
        cmocka_unit_test(a_thousand_opens_and_closes_leave_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
