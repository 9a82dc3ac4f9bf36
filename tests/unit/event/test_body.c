/* test_body.c - request bodies: one, many, one a line. */
#include "event/event.h"
#include "event_config.h"
#include "unit.h"

#define RX INT64_C(1757896365000)

struct got {
    char ids[8][16];
    int n, stop_at;
};

static int take(const struct qund_event *e, void *arg)
{
    struct got *g = arg;

    snprintf(g->ids[g->n++], sizeof(g->ids[0]), "%.*s", QUND_STR_ARG(e->id));
    return g->stop_at == g->n ? QUND_E_FULL : 0;
}

static int decode(enum qund_body_form form, const char *body, struct got *g, size_t *count,
                  struct qund_err *err)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(16 << 10);
    struct event_config c;
    struct qund_event_ctx ctx;
    int stop_at = g->stop_at;

    event_config_init(&c);
    ctx = event_config_ctx(&c, RX);
    *g = (struct got){.stop_at = stop_at};
    return qund_event_decode_body(&ctx, form, qund_str(body), arena, take, g, count, err);
}

static void one_object_an_array_and_lines_are_the_same_events(void **state)
{
    struct got g = {0};
    size_t n;

    (void)state;
    assert_int_equal(decode(QUND_BODY_JSON, " {\"id\":\"a\",\"text\":\"t\"} ", &g, &n, NULL), 0);
    assert_int_equal(n, 1);
    assert_int_equal(decode(QUND_BODY_JSON,
                            "[{\"id\":\"a\",\"text\":\"t\"}, {\"id\":\"b\",\"text\":\"t\"}\n]", &g,
                            &n, NULL),
                     0);
    assert_int_equal(n, 2);
    assert_string_equal(g.ids[1], "b");
    assert_int_equal(decode(QUND_BODY_NDJSON,
                            "{\"id\":\"a\",\"text\":\"t\"}\r\n\n{\"id\":\"b\",\"text\":\"t\"}\n{"
                            "\"id\":\"c\",\"text\":\"t\"}",
                            &g, &n, NULL),
                     0);
    assert_int_equal(n, 3);
    assert_string_equal(g.ids[2], "c");
    assert_int_equal(decode(QUND_BODY_JSON, "[]", &g, &n, NULL), 0);
    assert_int_equal(n, 0);
}

static void a_mark_of_byte_order_at_the_very_start_is_no_error(void **state)
{
    static const struct {
        enum qund_body_form form;
        const char *body;
        int rc;
    } ROWS[] = {
        {QUND_BODY_JSON, "\xef\xbb\xbf[{\"id\":\"a\",\"text\":\"t\"}]", 0},
        {QUND_BODY_NDJSON, "\xef\xbb\xbf{\"id\":\"a\",\"text\":\"t\"}\n", 0},
        {QUND_BODY_NDJSON, "\n\xef\xbb\xbf{\"id\":\"a\",\"text\":\"t\"}\n", QUND_E_INVAL},
        {QUND_BODY_JSON, "\xef\xbb\xbf", QUND_E_INVAL},
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(ROWS); i++) {
        struct got g = {0};
        size_t n;

        assert_int_equal(decode(ROWS[i].form, ROWS[i].body, &g, &n, NULL), ROWS[i].rc);
        assert_int_equal(n, ROWS[i].rc == 0);
    }
}

static void an_error_names_the_index_and_the_path(void **state)
{
    static const struct {
        enum qund_body_form form;
        const char *body, *where;
        size_t count;
    } ROWS[] = {
        {QUND_BODY_JSON, "{\"ts\":\"x\"}", "events[0].ts", 0},
        {QUND_BODY_JSON, "[{\"id\":\"a\",\"text\":\"t\"},{\"data\":{\"k\":[1,}}]",
         "events[1].data.k[1]", 1},
        {QUND_BODY_JSON, "[{\"id\":\"a\",\"text\":\"t\"},7]", "events[1]", 1},
        {QUND_BODY_JSON, "[{\"id\":\"a\",\"text\":\"t\"} {\"id\":\"b\",\"text\":\"t\"}]",
         "events[1]", 1},
        {QUND_BODY_JSON, "[{\"id\":\"a\",\"text\":\"t\"}", "events[1]", 1},
        {QUND_BODY_JSON, "[{\"id\":\"a\",\"text\":\"t\"}] x", "events", 1},
        {QUND_BODY_JSON, "{\"id\":\"a\",\"text\":\"t\"}{", "events", 1},
        {QUND_BODY_NDJSON, "{\"id\":\"a\",\"text\":\"t\"}\n{\"id\":\"b\",\"text\":\"t\"}x\n",
         "events[1]", 1},
        {QUND_BODY_NDJSON, "{\"id\":\"a\",\"text\":\"t\"}\n\n{\"id\":7}\n", "events[1].id", 1},
        {QUND_BODY_JSON, "[{\"channel\":\"secret\"}]", "events[0].channel", 0},
        {QUND_BODY_JSON, "  \n", "events", 0},
        {QUND_BODY_NDJSON, "", "events", 0},
    };
    struct qund_err err;
    struct got g = {0};
    size_t n;

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(ROWS); i++) {
        assert_true(decode(ROWS[i].form, ROWS[i].body, &g, &n, &err) < 0);
        if (strcmp(err.where, ROWS[i].where) != 0 || n != ROWS[i].count || !err.text[0])
            fail_msg("row %zu: count %zu where '%s' text '%s'", i, n, err.where, err.text);
    }
}

static void the_receiver_may_stop(void **state)
{
    struct got g = {.stop_at = 2};
    size_t n;

    (void)state;
    assert_int_equal(decode(QUND_BODY_NDJSON,
                            "{\"id\":\"a\",\"text\":\"t\"}\n{\"id\":\"b\",\"text\":\"t\"}\n{\"id\":"
                            "\"c\",\"text\":\"t\"}\n",
                            &g, &n, NULL),
                     QUND_E_FULL);
    assert_int_equal(n, 1);
    assert_int_equal(g.n, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_object_an_array_and_lines_are_the_same_events),
        cmocka_unit_test(a_mark_of_byte_order_at_the_very_start_is_no_error),
        cmocka_unit_test(an_error_names_the_index_and_the_path),
        cmocka_unit_test(the_receiver_may_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
