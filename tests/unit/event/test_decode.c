/* test_decode.c - the border: what becomes an event, what is refused and how it is named. */
#include "core/zone.h"
#include "event/event.h"
#include "event_config.h"
#include "unit.h"

#define RX INT64_C(1757896365000) /* 2025-09-15T08:32:45+08:00 */

struct decode_test {
    struct event_config c;
    struct qund_event_ctx ctx;
    struct qund_arena *arena;
    struct qund_event e;
    struct qund_err err;
};

static int setup(void **state)
{
    struct decode_test *t = calloc(1, sizeof(*t));

    event_config_init(&t->c);
    t->ctx = event_config_ctx(&t->c, RX);
    t->arena = qund_arena_new(16 << 10);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct decode_test *t = *state;

    qund_arena_free(t->arena);
    free(t);
    return 0;
}
#define DECODE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static int decode(struct decode_test *t, const char *json)
{
    t->err = (struct qund_err){0};
    return qund_event_decode(&t->ctx, qund_str(json), 0, t->arena, &t->e, &t->err);
}

static void refused(struct decode_test *t, const char *json, const char *where, const char *text)
{
    int rc = decode(t, json);

    if (rc != QUND_E_INVAL || strcmp(t->err.where, where) != 0 || !strstr(t->err.text, text))
        fail_msg("%s: rc %d where '%s' text '%s'", json, rc, t->err.where, t->err.text);
}

static void a_full_event_is_read_field_by_field(void **state)
{
    struct decode_test *t = *state;

    assert_int_equal(
        decode(t,
               " {\"channel\":\"group\",\"realm\":\"lie\",\"id\":\"m1\",\"type\":\"message\","
               "\"ts\":\"2025-09-15T08:32:44+08:00\",\"group\":\"g1\",\"group_name\":\"群①\","
               "\"sender\":\"u1\",\"sender_name\":\"小\\u590f\",\"sender_role\":\"staff\","
               "\"to\":\"u2\",\"account\":\"a1\",\"kind\":\"mixed\",\"text\":\"早\\n上好\","
               "\"mentions\":[\"x\",\"y\"],\"reply_to\":\"m0\",\"ref\":null,"
               "\"media\":[ {\"kind\":\"image\", \"size\": 3} ],\"data\":{ \"a\" : \"b \\\" c\" },"
               "\"origin\":\"live\",\"seq\":17,\"intents\":[\"price_question\"]} "),
        0);
    assert_int_equal(t->e.type, QUND_EV_MESSAGE);
    assert_true(t->e.ts == RX - 1000 && t->e.key_ts == RX - 1000 && t->e.rx == RX);
    assert_true(qund_str_is(t->e.realm, "wecom")); /* the channel's, not the event's */
    assert_int_equal(t->e.role, QUND_ROLE_STAFF);
    assert_true(qund_str_is(t->e.sender_name, "小夏"));
    assert_true(qund_str_is(t->e.text, "早\n上好"));
    assert_true(qund_str_is(t->e.mentions, "x\ny"));
    assert_true(qund_str_is(t->e.media, "[{\"kind\":\"image\",\"size\":3}]"));
    assert_true(qund_str_is(t->e.data, "{\"a\":\"b \\\" c\"}"));
    assert_null(t->e.ref.p);
    assert_int_equal(t->e.key, QUND_KEY_TS_ID);
    assert_int_equal(t->e.flags, 0);
}

static void a_name_is_one_line_whatever_was_typed(void **state)
{
    struct decode_test *t = *state;

    assert_int_equal(decode(t, "{\"id\":\"m1\",\"text\":\"a\\nb\",\"group\":\"g1\","
                               "\"group_name\":\"一\\n群\\u2028“甲”\",\"sender\":\"u1\","
                               "\"sender_name\":\"小\\r\\u007f夏\"}"),
                     0);
    assert_true(qund_str_is(t->e.group_name, "一 群 “甲”"));
    assert_true(qund_str_is(t->e.sender_name, "小  夏"));
    assert_true(qund_str_is(t->e.text, "a\nb"));
}

static void what_is_left_out_gets_its_default(void **state)
{
    struct decode_test *t = *state;

    assert_int_equal(decode(t, "{\"text\":\"hi\",\"group\":\"\"}"), 0);
    assert_true(qund_str_is(t->e.channel, "api"));
    assert_true(qund_str_is(t->e.type_name, "message"));
    assert_true(qund_str_is(t->e.kind, "text"));
    assert_null(t->e.group.p);
    assert_true(t->e.ts == RX);
    assert_int_equal(t->e.flags, QUND_EVF_NO_TS | QUND_EVF_MADE_ID);
    assert_int_equal(t->e.key, QUND_KEY_RECENT);
}

static void each_way_of_identity_recognises_what_it_promises(void **state)
{
    struct decode_test *t = *state;
    char first[64];

    assert_int_equal(decode(t, "{\"text\":\"a\",\"id\":\"a\",\"ts\":1757896364000}"), 0);
    assert_int_equal(t->e.key, QUND_KEY_TS_ID);
    assert_int_equal(decode(t, "{\"text\":\"a\",\"id\":\"a\"}"), 0);
    assert_int_equal(t->e.key, QUND_KEY_RECENT);
    assert_int_equal(
        decode(t, "{\"text\":\"a\",\"id\":\"a\",\"ts\":1757896364000,\"channel\":\"loose\"}"), 0);
    assert_int_equal(t->e.key, QUND_KEY_RECENT);
    /* No id: the digest is the same for the same fields, whenever it comes. */
    assert_int_equal(decode(t, "{\"ts\":1757896364000,\"text\":\"x\"}"), 0);
    snprintf(first, sizeof(first), "%.*s", QUND_STR_ARG(t->e.id));
    assert_int_equal(t->e.key, QUND_KEY_TS_ID);
    t->ctx.rx += 5000;
    assert_int_equal(decode(t, "{\"text\":\"x\",\"ts\":\"2025-09-15T00:32:44Z\"}"), 0);
    assert_true(qund_str_is(t->e.id, first));
    assert_int_equal(decode(t, "{\"ts\":1757896364000,\"text\":\"y\"}"), 0);
    assert_false(qund_str_is(t->e.id, first));
    /* Neither: by the request's key and index, else random. */
    t->ctx.idempotency_key = QUND_STR("req-1");
    assert_int_equal(decode(t, "{\"text\":\"x\"}"), 0);
    snprintf(first, sizeof(first), "%.*s", QUND_STR_ARG(t->e.id));
    assert_int_equal(decode(t, "{\"text\":\"x\"}"), 0);
    assert_true(qund_str_is(t->e.id, first));
    assert_int_equal(
        qund_event_decode(&t->ctx, QUND_STR("{\"text\":\"x\"}"), 1, t->arena, &t->e, NULL), 0);
    assert_false(qund_str_is(t->e.id, first));
    t->ctx.idempotency_key = QUND_STR_NONE;
    assert_int_equal(decode(t, "{\"text\":\"x\"}"), 0);
    snprintf(first, sizeof(first), "%.*s", QUND_STR_ARG(t->e.id));
    assert_int_equal(decode(t, "{\"text\":\"x\"}"), 0);
    assert_false(qund_str_is(t->e.id, first));
}

static void a_clock_that_runs_ahead_is_clamped_but_keeps_its_key(void **state)
{
    struct decode_test *t = *state;

    t->ctx.rx = RX - 4 * 60000;
    assert_int_equal(decode(t, "{\"text\":\"a\",\"id\":\"a\",\"ts\":1757896365000}"), 0);
    assert_true(t->e.ts == RX && t->e.flags == 0);
    t->ctx.rx = RX - 6 * 60000;
    assert_int_equal(decode(t, "{\"text\":\"a\",\"id\":\"a\",\"ts\":1757896365000}"), 0);
    assert_true(t->e.ts == t->ctx.rx && t->e.key_ts == RX);
    assert_int_equal(t->e.flags, QUND_EVF_CLAMPED);
    assert_int_equal(t->e.key, QUND_KEY_TS_ID);
    /* A year ahead is no time: it must not choose where the message is kept. */
    assert_int_equal(decode(t, "{\"text\":\"a\",\"id\":\"a\",\"ts\":253402300799999}"), 0);
    assert_true(t->e.key_ts == t->ctx.rx && t->e.ts == t->ctx.rx);
    assert_int_equal(t->e.key, QUND_KEY_RECENT);
}

static void old_events_are_backfill_and_too_old_ones_refused(void **state)
{
    struct decode_test *t = *state;

    t->ctx.rx = RX + 2 * 3600000;
    assert_int_equal(decode(t, "{\"text\":\"a\",\"id\":\"a\",\"ts\":1757896365000}"), 0);
    assert_int_equal(t->e.origin, QUND_ORIGIN_BACKFILL);
    assert_int_equal(t->e.flags, QUND_EVF_BACKFILL);
    t->ctx.rx = RX + 401 * EVENT_CONFIG_DAY;
    refused(t, "{\"id\":\"a\",\"text\":\"a\",\"ts\":1757896365000}", "ts", "too_old");
    t->ctx.rx = RX;
    refused(t, "{\"id\":\"a\",\"text\":\"a\",\"ts\":1757896365}", "ts",
            "too_old: 1970-01-21T08:18:16.365Z lies before store.retention; ts looks like seconds, "
            "milliseconds are wanted: 1757896365000");
    refused(t, "{\"id\":\"a\",\"text\":\"a\",\"ts\":1757896365000000}", "ts", "looks like micro");
    refused(t, "{\"id\":\"a\",\"text\":\"a\",\"ts\":1757896365.25}", "ts", "whole milliseconds");
    /* Under a virtual clock the events bring the time. */
    t->ctx.rx = 0;
    t->ctx.origin = QUND_ORIGIN_REPLAY;
    assert_int_equal(decode(t, "{\"text\":\"a\",\"id\":\"a\",\"ts\":1757896365000}"), 0);
    assert_true(t->e.rx == RX);
    assert_int_equal(t->e.origin, QUND_ORIGIN_REPLAY);
    refused(t, "{\"id\":\"a\",\"text\":\"a\"}", "ts", "must be there");
    refused(t, "{\"id\":\"a\",\"text\":\"a\",\"ts\":1757896365}", "ts", "looks like seconds");
}

static void claims_are_checked_against_channel_and_token(void **state)
{
    struct decode_test *t = *state;
    struct qund_str own[] = {QUND_STR("api")};

    assert_int_equal(decode(t, "{\"text\":\"a\",\"sender_role\":\"staff\",\"sender\":\"u\"}"), 0);
    assert_int_equal(t->e.role, QUND_ROLE_NONE); /* api is not trusted with roles */
    assert_int_equal(decode(t, "{\"channel\":\"nowhere\"}"), QUND_E_DENIED);
    assert_string_equal(t->err.where, "channel");
    t->ctx.allowed = own;
    t->ctx.n_allowed = 1;
    assert_int_equal(decode(t, "{\"channel\":\"group\"}"), QUND_E_DENIED);
    assert_int_equal(decode(t, "{\"text\":\"a\",\"channel\":\"api\"}"), 0);
    t->ctx.allowed = NULL;
    assert_int_equal(decode(t, "{\"channel\":\"back\",\"origin\":\"live\"}"), QUND_E_DENIED);
    assert_string_equal(t->err.where, "origin");
    assert_int_equal(decode(t, "{\"text\":\"a\",\"channel\":\"back\"}"), 0);
    assert_int_equal(t->e.origin, QUND_ORIGIN_BACKFILL);
}

static void the_sample_chats_short_form_is_read_when_asked(void **state)
{
    struct decode_test *t = *state;

    refused(t, "{\"type\":\"text\"}", "type", "unknown type");
    t->ctx.short_form = true;
    assert_int_equal(decode(t, "{\"type\":\"image\",\"text\":\"[图片]\"}"), 0);
    assert_int_equal(t->e.type, QUND_EV_MESSAGE);
    assert_true(qund_str_is(t->e.type_name, "message"));
    assert_true(qund_str_is(t->e.kind, "image"));
    assert_int_equal(decode(t, "{\"type\":\"join\",\"sender\":\"wm_\\\"a\"}"), 0);
    assert_int_equal(t->e.type, QUND_EV_MEMBER_JOIN);
    assert_true(qund_str_is(t->e.data, "{\"member\":\"wm_\\\"a\"}"));
    assert_null(t->e.kind.p);
    assert_int_equal(decode(t, "{\"type\":\"leave\",\"sender\":\"b\"}"), 0);
    assert_int_equal(t->e.type, QUND_EV_MEMBER_LEAVE);
    assert_int_equal(decode(t, "{\"type\":\"revoke\",\"ref\":\"m0026\"}"), 0);
    assert_int_equal(t->e.type, QUND_EV_REVOKE);
    assert_true(qund_str_is(t->e.ref, "m0026"));
    assert_int_equal(decode(t, "{\"type\":\"message\",\"text\":\"a\"}"), 0);
}

static void types_of_ones_own_are_kept(void **state)
{
    struct decode_test *t = *state;

    assert_int_equal(decode(t, "{\"type\":\"shop.visit\"}"), 0);
    assert_int_equal(t->e.type, QUND_EV_OTHER);
    assert_true(qund_str_is(t->e.type_name, "shop.visit"));
    refused(t, "{\"type\":\"Shop.Visit\"}", "type", "lower case");
    refused(t, "{\"type\":\"mesage\"}", "type", "unknown type");
}

static void what_is_wrong_is_refused_with_its_path(void **state)
{
    struct decode_test *t = *state;

    refused(t, "", "", "ends too early");
    refused(t, "[]", "", "object is wanted");
    refused(t, "{\"id\":5}", "id", "string is wanted");
    refused(t, "{\"id\":\"a\\u0007\"}", "id", "control bytes");
    refused(t, "{\"text\":\"\\u0000\"}", "text", "NUL");
    refused(t, "{\"text\":\"\xff\"}", "text", "UTF-8");
    refused(t, "{\"text\":\"\\ud800\"}", "text", "surrogate");
    refused(t, "{\"text\":\"a\",\"text\":\"b\"}", "text", "twice");
    refused(t, "{\"data\":{\"x\":[1,2,{\"y\":tru}]}}", "data.x[2].y", "true or false");
    refused(t, "{\"data\":{\"items\":[0,{\"a\":1,\"a\":2}]}}", "data.items[1].a", "twice");
    refused(t, "{\"data\":[]}", "data", "must be an object");
    refused(t, "{\"mentions\":[\"a\",7]}", "mentions[1]", "string is wanted");
    refused(t, "{\"mentions\":[\"a\",\"b\\n\"]}", "mentions[1]", "control bytes");
    refused(t, "{\"media\":[{\"kind\":\"image\"},{\"size\":-1}]}", "media[1].size", "negative");
    refused(t, "{\"media\":[{\"url\":1}]}", "media[0].url", "string is wanted");
    refused(t, "{\"ts\":\"yesterday\"}", "ts", "ISO 8601");
    refused(t, "{\"ts\":\"2025-09-15T08:32:44\"}", "ts", "offset");
    refused(t, "{\"ts\":1.5}", "ts", "whole milliseconds");
    refused(t, "{\"ts\":true}", "ts", "integer");
    refused(t, "{\"ts\":-1}", "ts", "1970");
    refused(t, "{\"ts\":9223372036854775807}", "ts", "9999");
    refused(t, "{\"sender_role\":\"boss\"}", "sender_role", "customer");
    refused(t, "{\"origin\":\"moon\"}", "origin", "backfill");
    refused(t, "{\"text\":\"a\"} x", "", "something follows");
}

static void a_key_that_is_nearly_ours_is_refused_and_a_stranger_is_not(void **state)
{
    struct decode_test *t = *state;

    refused(t, "{\"txet\":\"多少钱\"}", "txet", "nearest known: 'text'");
    refused(t, "{\"text\":\"a\",\"Group\":\"g\"}", "Group", "nearest known: 'group'");
    refused(t, "{\"text\":\"a\",\"sender_id\":\"u\"}", "sender_id", "goes into data");
    refused(t, "{\"text\":\"a\",\"tex\\u001bt\":\"b\"}", "tex?t", "'text'");
    assert_int_equal(decode(t, "{\"text\":\"a\",\"expect\":[{\"txet\":1}],\"wxid\":7}"), 0);
    /* What an export adds is known, and data is its sender's own. */
    assert_int_equal(decode(t, "{\"text\":\"a\",\"seq\":1,\"state\":\"kept\",\"copy\":true,"
                               "\"intents\":[],\"rooms\":[],\"phones\":[],\"signups\":[],"
                               "\"rules\":[],\"data\":{\"txet\":1}}"),
                     0);
}

static void what_says_nothing_is_refused(void **state)
{
    struct decode_test *t = *state;

    refused(t, "{}", "text", "says nothing");
    refused(t, "{\"id\":\"a\",\"group\":\"g\",\"sender\":\"u\",\"text\":\"\"}", "text",
            "send its text");
    refused(t, "{\"type\":\"message\",\"kind\":\"text\",\"media\":[]}", "text", "says nothing");
    assert_int_equal(decode(t, "{\"kind\":\"image\"}"), 0);
    assert_int_equal(decode(t, "{\"media\":[{\"kind\":\"image\"}]}"), 0);
    assert_int_equal(decode(t, "{\"type\":\"visit\"}"), 0);
    assert_int_equal(decode(t, "{\"id\":\"a\",\"seq\":5,\"state\":\"erased\"}"), 0);
}

static void a_type_without_what_it_is_about_is_refused(void **state)
{
    static const char *const FINE[] = {
        "{\"type\":\"member.join\",\"data\":{\"by\":\"b\",\"member\":\"u\"}}",
        "{\"type\":\"member.leave\",\"sender\":\"u\"}",
        "{\"type\":\"member.join\",\"sender\":\"u\",\"data\":{\"member\":null}}",
        "{\"type\":\"revoke\",\"ref\":\"m1\"}",
        "{\"type\":\"order.paid\",\"sender\":\"u\",\"data\":{\"order\":\"A1\"}}",
        "{\"type\":\"order.paid\",\"data\":{\"items\":[{\"amount_cent\":-1}],\"amount_cent\":0,"
        "\"order\":\"A1\"}}",
        "{\"type\":\"gap\"}",
        "{\"type\":\"gap\",\"data\":{\"from\":1757894400000}}",
        "{\"type\":\"gap\",\"data\":{\"to\":1757894400000,\"from\":1757894400000}}",
        "{\"type\":\"group.members\",\"data\":{\"members\":[]}}",
        "{\"type\":\"group.members\",\"data\":{\"members\":[{\"name\":\"N\",\"id\":\"u\"},{\"id\":"
        "\"v\"}]}}",
        "{\"type\":\"revoke\",\"seq\":5,\"state\":\"erased\"}",
    };
    struct decode_test *t = *state;

    refused(t, "{\"type\":\"member.join\",\"group\":\"g\"}", "data.member", "missing");
    refused(t, "{\"type\":\"member.leave\",\"data\":{\"by\":\"b\"}}", "data.member", "missing");
    refused(t, "{\"type\":\"member.join\",\"data\":{\"member\":7}}", "data.member", "a string");
    refused(t, "{\"type\":\"revoke\",\"sender\":\"u\"}", "ref", "missing");
    refused(t, "{\"type\":\"order.paid\",\"data\":{\"order\":\"A\",\"amount_cent\":-3}}",
            "data.amount_cent", "0 or more");
    refused(t, "{\"type\":\"order.paid\",\"data\":{\"order\":\"A\",\"amount_cent\":\"3\"}}",
            "data.amount_cent", "whole number");
    refused(t, "{\"type\":\"order.paid\",\"data\":{\"order\":\"A\",\"amount_cent\":3.5}}",
            "data.amount_cent", "whole number");
    refused(t, "{\"type\":\"order.paid\",\"data\":{\"amount_cent\":3}}", "data.order", "missing");
    refused(t, "{\"type\":\"order.paid\",\"data\":{\"order\":5}}", "data.order", "a string");
    for (size_t i = 0; i < QUND_ARRAY_LEN(FINE); i++)
        assert_int_equal(decode(t, FINE[i]), 0);
}

static void a_gap_and_a_member_list_are_read_before_they_are_taken(void **state)
{
    static const struct {
        const char *type, *data, *where, *text;
    } BAD[] = {
        {"gap", "{\"from\":\"2026-01-01T00:00:00Z\"}", "data.from", "milliseconds"},
        {"gap", "{\"from\":\"1757894400000\"}", "data.from", "milliseconds"},
        {"gap", "{\"from\":0}", "data.from", "milliseconds"},
        {"gap", "{\"from\":1,\"to\":1.5}", "data.to", "milliseconds"},
        {"gap", "{\"from\":9,\"to\":8}", "data.to", "before data.from"},
        {"gap", "{\"to\":1757894400000}", "data.from", "missing"},
        {"gap", "{\"from\":1,\"to\":253402300799999}", "data.to", "future"},
        {"group.members", "{}", "data.members", "the list"},
        {"group.members", "{\"members\":5}", "data.members", "the list"},
        {"group.members", "{\"members\":[{\"id\":\"u\"},\"v\"]}", "data.members[1]", "id"},
        {"group.members", "{\"members\":[{\"name\":\"N\"}]}", "data.members[0]", "id"},
    };
    struct decode_test *t = *state;

    for (size_t i = 0; i < QUND_ARRAY_LEN(BAD); i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf b = {0};

        qund_buf_printf(&b, "{\"type\":\"%s\",\"data\":%s}", BAD[i].type, BAD[i].data);
        qund_buf_char(&b, '\0');
        refused(t, b.p, BAD[i].where, BAD[i].text);
    }
}

/* {"kind":"image","<key>":<open><n times piece><close>} */
static char *blown_up(const char *key, const char *open, const char *piece, size_t n,
                      const char *close)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};

    qund_buf_printf(&b, "{\"kind\":\"image\",\"%s\":%s", key, open);
    for (size_t i = 0; i < n; i++)
        qund_buf_puts(&b, piece);
    qund_buf_printf(&b, "%s}", close);
    return qund_buf_take(&b);
}

static void limits_hold_at_their_last_byte(void **state)
{
    static const struct {
        const char *key, *open, *piece, *close;
        size_t max;
        const char *where;
    } ROWS[] = {
        {"id", "\"", "i", "\"", 128, "id"},
        {"group", "\"", "g", "\"", 128, "group"},
        {"sender_name", "\"", "n", "\"", 256, "sender_name"},
        {"text", "\"", "t", "\"", 65536, "text"},
        {"mentions", "[\"a\"", ",\"b\"", "]", 199, "mentions"},
        {"media", "[{}", ",{}", "]", 31, "media"},
        {"data", "{\"a\":\"", "d", "\"}", 65536 - 8, "data"},
        {"data", "{\"a\":", "[", "", 30, "data.a"},
    };
    struct decode_test *t = *state;

    for (size_t i = 0; i + 1 < QUND_ARRAY_LEN(ROWS); i++) {
        QUND_AUTO(qund_free_str)
        char *fits = blown_up(ROWS[i].key, ROWS[i].open, ROWS[i].piece, ROWS[i].max, ROWS[i].close);
        QUND_AUTO(qund_free_str)
        char *over =
            blown_up(ROWS[i].key, ROWS[i].open, ROWS[i].piece, ROWS[i].max + 1, ROWS[i].close);

        if (decode(t, fits) < 0)
            fail_msg("%s: %s", ROWS[i].key, t->err.text);
        assert_int_equal(decode(t, over), QUND_E_INVAL);
        assert_string_equal(t->err.where, ROWS[i].where);
    }
    refused(
        t,
        "{\"text\":\"\",\"data\":{\"a\":"
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}}",
        "data.a[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]"
        "[0][0]",
        "too deep");
}

static void text_and_data_share_one_limit(void **state)
{
    struct decode_test *t = *state;
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};

    qund_buf_puts(&b, "{\"data\":{\"a\":1},\"text\":\"");
    for (size_t i = 0; i < QUND_EVENT_TEXT_MAX - 6; i++)
        qund_buf_char(&b, 'x');
    qund_buf_puts(&b, "\"}");
    refused(t, b.p, "text", "together");
}

static void printing_gives_an_event_that_decodes_to_the_same(void **state)
{
    struct decode_test *t = *state;
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0}, packed = {0}, again = {0}, open = {0};

    assert_int_equal(
        decode(t, "{\"channel\":\"group\",\"id\":\"m1\",\"ts\":1757896364000,\"group\":\"g1\","
                  "\"sender\":\"u1\",\"sender_name\":\"\\\"q\\\"\",\"sender_role\":\"koc\","
                  "\"text\":\"a\\tb🍊\",\"mentions\":[\"x\",\"y\"],\"data\":{\"n\":1.50}}"),
        0);
    qund_event_pack(&t->e, &packed);
    qund_event_print(&t->e, false, &b);
    assert_int_equal(decode(t, b.p), 0);
    qund_event_pack(&t->e, &again);
    assert_int_equal(again.n, packed.n);
    assert_memory_equal(again.p, packed.p, packed.n);
    qund_event_print(&t->e, true, &open);
    qund_buf_puts(&open, ",\"rules\":[]}");
    assert_int_equal(decode(t, open.p), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DECODE_TEST(a_full_event_is_read_field_by_field),
        DECODE_TEST(a_name_is_one_line_whatever_was_typed),
        DECODE_TEST(what_is_left_out_gets_its_default),
        DECODE_TEST(each_way_of_identity_recognises_what_it_promises),
        DECODE_TEST(a_clock_that_runs_ahead_is_clamped_but_keeps_its_key),
        DECODE_TEST(old_events_are_backfill_and_too_old_ones_refused),
        DECODE_TEST(claims_are_checked_against_channel_and_token),
        DECODE_TEST(the_sample_chats_short_form_is_read_when_asked),
        DECODE_TEST(types_of_ones_own_are_kept),
        DECODE_TEST(a_key_that_is_nearly_ours_is_refused_and_a_stranger_is_not),
        DECODE_TEST(what_says_nothing_is_refused),
        DECODE_TEST(a_type_without_what_it_is_about_is_refused),
        DECODE_TEST(a_gap_and_a_member_list_are_read_before_they_are_taken),
        DECODE_TEST(what_is_wrong_is_refused_with_its_path),
        DECODE_TEST(limits_hold_at_their_last_byte),
        DECODE_TEST(text_and_data_share_one_limit),
        DECODE_TEST(printing_gives_an_event_that_decodes_to_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
