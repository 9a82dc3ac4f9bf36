/* test_pack.c - the packed form: what goes in comes out, and nothing else is believed. */
#include "core/file.h"
#include "event/event.h"
#include "unit.h"

/* xorshift: the same events in every run. */
static uint64_t rnd(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static struct qund_str text(struct qund_arena *a, uint64_t *s, size_t max, bool needed)
{
    static const char *const PIECES[] = {"a", "群", "🍊", "é", "0", " ", "\n", "多少钱"};
    char *p = qund_arena_alloc(a, max + 16);
    size_t n = 0, want = rnd(s) % 3 ? rnd(s) % 30 : rnd(s) % (max + 1);

    if (!needed && rnd(s) % 3 == 0)
        return QUND_STR_NONE;
    while (n < want) {
        const char *piece = PIECES[rnd(s) % QUND_ARRAY_LEN(PIECES)];

        if (n + strlen(piece) > max)
            break;
        memcpy(p + n, piece, strlen(piece));
        n += strlen(piece);
    }
    return qund_str_n(p, n);
}

static struct qund_event random_event(struct qund_arena *a, uint64_t *s)
{
    struct qund_event e = {0};

    e.key_ts = (int64_t)(rnd(s) % 253402300799999u);
    e.ts = rnd(s) % 2 ? e.key_ts : (int64_t)(rnd(s) % 253402300799999u);
    e.rx = (int64_t)(rnd(s) % 253402300799999u);
    e.type = (enum qund_event_type)(rnd(s) % QUND_EVENT_TYPES);
    e.role = (enum qund_role)(rnd(s) % 5);
    e.origin = (enum qund_origin)(rnd(s) % 3);
    e.key = (enum qund_event_key)(rnd(s) % 2);
    e.flags = (uint32_t)(rnd(s) % 32);
    e.channel = text(a, s, 128, true);
    e.realm = rnd(s) % 2 ? e.channel : text(a, s, 128, true);
    e.id = text(a, s, 128, true);
    e.type_name =
        e.type == QUND_EV_OTHER ? QUND_STR("shop.visit") : qund_str(qund_event_type_name(e.type));
    e.group = text(a, s, 128, false);
    e.group_name = text(a, s, 256, false);
    e.sender = text(a, s, 128, false);
    e.sender_name = text(a, s, 256, false);
    e.to = text(a, s, 128, false);
    e.account = text(a, s, 128, false);
    e.kind = e.type == QUND_EV_MESSAGE ? QUND_STR("text") : text(a, s, 60, false);
    e.text = text(a, s, 3000, false);
    e.reply_to = text(a, s, 128, false);
    e.ref = text(a, s, 128, false);
    e.mentions = text(a, s, 500, false);
    e.media = text(a, s, 500, false);
    e.data = text(a, s, 500, false);
    return e;
}

static void assert_same(const struct qund_event *a, const struct qund_event *b)
{
    const struct qund_str *x = &a->channel, *y = &b->channel;

    assert_true(a->ts == b->ts && a->key_ts == b->key_ts && a->rx == b->rx);
    assert_true(a->type == b->type && a->role == b->role && a->origin == b->origin);
    assert_true(a->key == b->key && a->flags == b->flags);
    /* The strings stand one after the other, channel first, data last. */
    for (; x <= &a->data; x++, y++) {
        assert_true((x->p == NULL) == (y->p == NULL));
        assert_true(qund_str_eq(*x, *y));
    }
}

static void what_is_packed_comes_out_again(void **state)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *a = qund_arena_new(64 << 10);
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    uint64_t seed = 20250915;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        struct qund_event e = random_event(a, &seed), got;

        qund_buf_clear(&b);
        qund_event_pack(&e, &b);
        assert_int_equal(qund_event_unpack(qund_buf_view(&b), &got), 0);
        assert_same(&e, &got);
        qund_arena_reset(a);
    }
}

static struct qund_event typical(void)
{
    return (struct qund_event){.ts = 1757896364000,
                               .key_ts = 1757896364000,
                               .rx = 1757896364420,
                               .type = QUND_EV_MESSAGE,
                               .channel = QUND_STR("onebot-1"),
                               .realm = QUND_STR("onebot-1"),
                               .id = QUND_STR("-1823749120"),
                               .type_name = QUND_STR("message"),
                               .group = QUND_STR("748201934"),
                               .sender = QUND_STR("2938471023"),
                               .sender_name = QUND_STR("橘子汽水"),
                               .account = QUND_STR("1029384756"),
                               .kind = QUND_STR("text"),
                               .text = QUND_STR("请问这个柜子多少钱一米呀")};
}

static void a_usual_message_takes_about_130_bytes(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_event e = typical();

    (void)state;
    qund_event_pack(&e, &b);
    assert_true(b.n <= 135);
}

static void damage_is_refused_at_every_byte(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_event e = typical(), got;
    char *copy;

    (void)state;
    qund_event_pack(&e, &b);
    for (size_t n = 0; n < b.n; n++) {
        copy = malloc(n ? n : 1); /* exact, so that ASan sees one byte too many */
        memcpy(copy, b.p, n);
        assert_int_equal(qund_event_unpack(qund_str_n(copy, n), &got), QUND_E_INVAL);
        free(copy);
    }
    qund_buf_char(&b, 'x');
    assert_int_equal(qund_event_unpack(qund_buf_view(&b), &got), QUND_E_INVAL);
    b.n--;
    for (size_t i = 0; i < b.n * 8; i++) {
        b.p[i / 8] = (char)(b.p[i / 8] ^ 1 << i % 8);
        if (qund_event_unpack(qund_buf_view(&b), &got) == 0) /* then within all its limits */
            for (const struct qund_str *s = &got.channel; s <= &got.data; s++)
                assert_true(qund_utf8_check(*s) < 0);
        b.p[i / 8] = (char)(b.p[i / 8] ^ 1 << i % 8);
    }
}

static void another_version_is_named_as_such(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_event e = typical(), got;

    (void)state;
    qund_event_pack(&e, &b);
    b.p[0] = 2;
    assert_int_equal(qund_event_unpack(qund_buf_view(&b), &got), QUND_E_ABI);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_comes_out_again),
        cmocka_unit_test(a_usual_message_takes_about_130_bytes),
        cmocka_unit_test(damage_is_refused_at_every_byte),
        cmocka_unit_test(another_version_is_named_as_such),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
