/* test_given.c - an event handed over by a plugin passes the border of every other event. */
#include "event/event.h"
#include "event_config.h"
#include "qund/event.h"
#include "unit.h"

struct bench {
    struct event_config c;
    struct qund_arena *arena;
    struct qund_event_ctx ctx;
    struct qund_event e;
    struct qund_err err;
};

static int set_up(void **state)
{
    struct bench *b = qund_alloc(sizeof(*b));

    event_config_init(&b->c);
    b->arena = qund_arena_new(4096);
    b->ctx = event_config_ctx(&b->c, 1700000000500);
    b->ctx.default_channel = QUND_STR("group");
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    qund_arena_free(b->arena);
    qund_free(b);
    return 0;
}

static void refused(struct bench *b, const struct qund_event_in *in, const char *where)
{
    b->err = (struct qund_err){0};
    assert_int_equal(qund_event_given(&b->ctx, in, 0, b->arena, &b->e, &b->err), QUND_E_INVAL);
    assert_string_equal(b->err.where, where);
    assert_true(b->err.text[0] != '\0');
}

static void fields_give_the_same_event_as_json(void **state)
{
    static const char JSON[] =
        "{\"id\":\"1:7\",\"type\":\"message\",\"ts\":1700000000000,\"group\":\"g\","
        "\"group_name\":\"群\",\"sender\":\"u\",\"sender_name\":\"小王\",\"sender_role\":\"staff\","
        "\"account\":\"1\",\"kind\":\"image\",\"text\":\"看\",\"mentions\":[\"a\",\"b\"],"
        "\"reply_to\":\"1:6\",\"media\":[{\"kind\":\"image\",\"url\":\"https://x/\",\"size\":9}],"
        "\"data\":{\"k\":[1,2]}}";
    struct bench *b = *state;
    struct qund_str mentions[] = {QUND_STR("a"), QUND_STR_NONE, QUND_STR("b")};
    struct qund_media_in media = {
        .kind = QUND_STR("image"), .url = QUND_STR("https://x/"), .size = 9};
    QUND_AUTO(qund_buf_done) struct qund_buf given = {0}, decoded = {0};
    struct qund_event_in in = qund_event_in();

    in.id = QUND_STR("1:7");
    in.ts_ms = 1700000000000;
    in.group = QUND_STR("g");
    in.group_name = QUND_STR("群");
    in.sender = QUND_STR("u");
    in.sender_name = QUND_STR("小王");
    in.sender_role = QUND_STR("staff");
    in.account = QUND_STR("1");
    in.kind = QUND_STR("image");
    in.text = QUND_STR("看");
    in.mentions = mentions;
    in.n_mentions = 3;
    in.reply_to = QUND_STR("1:6");
    in.media = &media;
    in.n_media = 1;
    in.data = QUND_STR("{ \"k\": [1, 2] }");
    assert_int_equal(qund_event_given(&b->ctx, &in, 0, b->arena, &b->e, &b->err), 0);
    qund_event_pack(&b->e, &given);
    assert_int_equal(qund_event_decode(&b->ctx, qund_str(JSON), 0, b->arena, &b->e, &b->err), 0);
    qund_event_pack(&b->e, &decoded);
    assert_int_equal(given.n, decoded.n);
    assert_memory_equal(given.p, decoded.p, given.n);
}

static void an_empty_event_has_a_receipt_and_a_made_id(void **state)
{
    struct bench *b = *state;
    struct qund_event_in in = qund_event_in();

    in.text = QUND_STR("x");
    assert_int_equal(qund_event_given(&b->ctx, &in, 0, b->arena, &b->e, &b->err), 0);
    assert_true(b->e.ts == b->ctx.rx);
    assert_true(b->e.flags & QUND_EVF_NO_TS);
    assert_true(b->e.flags & QUND_EVF_MADE_ID);
    assert_true(qund_str_is(b->e.realm, "wecom"));
}

static void broken_fields_are_refused_by_name(void **state)
{
    struct bench *b = *state;
    struct qund_str mention = QUND_STR("a\nb");
    struct qund_media_in media = {.kind = QUND_STR("image"), .size = -1};
    struct qund_event_in in = qund_event_in();
    char *longer = qund_alloc(QUND_EVENT_TEXT_MAX + 2);

    in.text = QUND_STR("\xff");
    refused(b, &in, "text");
    memset(longer, 'x', QUND_EVENT_TEXT_MAX + 1);
    in.text = qund_str_n(longer, QUND_EVENT_TEXT_MAX + 1);
    refused(b, &in, "text");
    in = qund_event_in();
    in.id = QUND_STR("a\tb");
    refused(b, &in, "id");
    in = qund_event_in();
    in.ts_ms = -5;
    refused(b, &in, "ts");
    in = qund_event_in();
    in.type = QUND_STR("nonsense");
    refused(b, &in, "type");
    in = qund_event_in();
    in.mentions = &mention;
    in.n_mentions = 1;
    refused(b, &in, "mentions[0]");
    in.n_mentions = 201;
    in = qund_event_in();
    in.media = &media;
    in.n_media = 1;
    refused(b, &in, "media[0].size");
    in = qund_event_in();
    in.data = QUND_STR("{\"a\":{\"b\":tru}}");
    refused(b, &in, "data.a.b");
    in.data = QUND_STR("[1]");
    refused(b, &in, "data");
    in.data = QUND_STR("{} x");
    refused(b, &in, "data");
    qund_free(longer);
}

static void a_role_counts_only_where_it_is_trusted(void **state)
{
    struct bench *b = *state;
    struct qund_event_in in = qund_event_in();

    in.sender = QUND_STR("u");
    in.sender_role = QUND_STR("staff");
    b->ctx.default_channel = QUND_STR("api");
    assert_int_equal(qund_event_given(&b->ctx, &in, 0, b->arena, &b->e, &b->err), 0);
    assert_int_equal(b->e.role, QUND_ROLE_NONE);
    b->ctx.default_channel = QUND_STR("group");
    assert_int_equal(qund_event_given(&b->ctx, &in, 0, b->arena, &b->e, &b->err), 0);
    assert_int_equal(b->e.role, QUND_ROLE_STAFF);
    in.sender_role = QUND_STR("boss");
    refused(b, &in, "sender_role");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fields_give_the_same_event_as_json, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_event_has_a_receipt_and_a_made_id, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(broken_fields_are_refused_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_role_counts_only_where_it_is_trusted, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
