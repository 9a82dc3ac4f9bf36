/* Shared groups: what several of our accounts see counts once. */
#include "desk.h"
#include "story.h"

#define T0 1757894400000LL

static const char CONFIG[] =
    "channels: {replay: {kind: replay, trust_roles: true}}\n"
    "targets: {desk: {url: 'http://127.0.0.1:1/x', allow_private: true}}\n";
static const char RULES[] =
    "rules:\n"
    "  - {id: price, when: {any: [多少钱]}, then: [{intent: needs_reply}, {tag: 询价},"
    " {alert: {to: consultant, level: info, text: x}}]}\n"
    "  - {id: hi, on: member.join, when: {from: [any]}, then: [{lead: {score_add: 1}}]}\n";

static struct desk *open_desk(const char *shared)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_buf org = {0};

    qund_buf_printf(&org, "groups: [{realm: replay, id: g1, shared: %s}]\n", shared);
    desk_org(d, org.p);
    qund_buf_done(&org);
    return d;
}

/* What `account` sees at T0 + ms; more: further keys. */
static void saw(struct desk *d, const char *account, const char *id, int ms, const char *sender,
                const char *text, const char *more)
{
    struct qund_buf json = {0};

    qund_buf_printf(&json,
                    "{\"id\":\"%s\",\"ts\":%lld,\"group\":\"g1\",\"account\":\"%s\","
                    "\"sender\":\"%s\",\"sender_name\":\"%s\",\"text\":\"%s\"%s}",
                    id, T0 + ms, account, sender, sender, text, more);
    desk_event(d, json.p);
    qund_buf_done(&json);
}

static int64_t counted(struct desk *d)
{
    return desk_int(d, "SELECT total(messages) FROM measure");
}

static void a_copy_is_linked_and_asks_for_nothing(void **state)
{
    struct desk *d = open_desk("true");

    (void)state;
    saw(d, "us1", "a1", 0, "ann", "多少钱", "");
    saw(d, "us2", "b1", 900, "ann", "多少钱", "");
    assert_int_equal(counted(d), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM message_202509"), 2);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM question"), 1);
    assert_int_equal(desk_int(d, "SELECT n FROM alert"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM contact_tag"), 1);
    assert_int_equal(desk_int(d, "SELECT count(DISTINCT pair) FROM copy"), 1);
    assert_int_equal(desk_metric(d, "qund_copies_total"), 1);
    desk_free(d);
}

static void other_groups_are_left_alone(void **state)
{
    struct desk *d = open_desk("false");

    (void)state;
    saw(d, "us1", "a1", 0, "ann", "多少钱", "");
    saw(d, "us2", "b1", 900, "ann", "多少钱", "");
    assert_int_equal(counted(d), 2);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM copy"), 0);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM account"), 0);
    desk_free(d);
}

static void what_one_account_sees_twice_was_said_twice(void **state)
{
    struct desk *d = open_desk("true");

    (void)state;
    saw(d, "us1", "a1", 0, "ann", "1", "");
    saw(d, "us1", "a2", 500, "ann", "1", "");
    assert_int_equal(counted(d), 2);
    saw(d, "us2", "b1", 100, "ann", "1", "");
    saw(d, "us2", "b2", 600, "ann", "1", "");
    assert_int_equal(counted(d), 2);
    saw(d, "us2", "b3", 700, "ann", "1", "");
    assert_int_equal(counted(d), 3);
    saw(d, "us2", "b4", 700, "bob", "1", "");
    assert_int_equal(counted(d), 4); /* somebody else's */
    saw(d, "us1", "a5", 6000, "ann", "1", "");
    assert_int_equal(counted(d), 5); /* too far from b3 */
    desk_free(d);
}

static void media_pair_by_their_contents(void **state)
{
    static const char M1[] = ",\"kind\":\"image\",\"media\":[{\"kind\":\"image\",\"sha256\":\"aa\","
                             "\"url\":\"http://x/1\"}]";
    static const char M2[] = ",\"kind\":\"image\",\"media\":[{\"kind\":\"image\",\"sha256\":\"aa\","
                             "\"url\":\"http://y/2\",\"name\":\"z\"}]";
    static const char M3[] =
        ",\"kind\":\"image\",\"media\":[{\"kind\":\"image\",\"sha256\":\"bb\"}]";
    struct desk *d = open_desk("true");

    (void)state;
    saw(d, "us1", "a1", 0, "ann", "", M1);
    saw(d, "us2", "b1", 10, "ann", "", M2);
    saw(d, "us2", "b2", 20, "ann", "", M3);
    assert_int_equal(counted(d), 2);
    desk_free(d);
}

static void a_revoke_of_either_takes_both_back(void **state)
{
    static const char REVOKE[] = "{\"id\":\"%s\",\"type\":\"revoke\",\"ts\":%lld,\"group\":\"g1\","
                                 "\"account\":\"%s\",\"sender\":\"ann\",\"ref\":\"%s\"}";
    char json[200];

    (void)state;
    for (int second = 0; second < 2; second++) {
        struct desk *d = open_desk("true");

        saw(d, "us1", "a1", 0, "ann", "多少钱", "");
        saw(d, "us2", "b1", 900, "ann", "多少钱", "");
        for (int i = 0; i < 2; i++) {
            bool b = (i + second) % 2;

            snprintf(json, sizeof(json), REVOKE, b ? "rb" : "ra", T0 + 2000, b ? "us2" : "us1",
                     b ? "b1" : "a1");
            desk_event(d, json);
            assert_int_equal(counted(d), 0);
            assert_int_equal(desk_int(d, "SELECT state FROM question"), 3);
            assert_int_equal(desk_int(d, "SELECT count(*) FROM contact_tag"), 0);
        }
        assert_int_equal(desk_int(d, "SELECT count(*) FROM message_202509 WHERE state = 1"), 2);
        desk_free(d);
    }
}

static void a_reply_to_either_answers(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct desk *d = open_desk("true");

        saw(d, "us1", "a1", 0, "ann", "多少钱", "");
        saw(d, "us2", "b1", 900, "ann", "多少钱", "");
        saw(d, i ? "us1" : "us2", "s1", 60000, "mia", "260",
            i ? ",\"sender_role\":\"staff\",\"reply_to\":\"a1\""
              : ",\"sender_role\":\"staff\",\"reply_to\":\"b1\"");
        assert_int_equal(desk_int(d, "SELECT state FROM question"), 1);
        desk_free(d);
    }
}

static void joins_and_leaves_pair_by_member(void **state)
{
    static const char NOTICE[] = "{\"id\":\"%s\",\"type\":\"member.%s\",\"ts\":%lld,"
                                 "\"group\":\"g1\",\"account\":\"%s\",\"sender\":\"boss\","
                                 "\"data\":{\"member\":\"new\"}}";
    static const struct {
        const char *id, *type, *account;
        int ms;
    } V[] = {{"a1", "join", "us1", 0},      {"b1", "join", "us2", 4000},
             {"a2", "leave", "us1", 10000}, {"b2", "leave", "us2", 11000},
             {"a3", "join", "us1", 20000},  {"b3", "join", "us2", 20000}};
    struct desk *d = open_desk("true");
    char json[200];

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(V); i++) {
        snprintf(json, sizeof(json), NOTICE, V[i].id, V[i].type, T0 + V[i].ms, V[i].account);
        desk_event(d, json);
    }
    assert_int_equal(desk_int(d, "SELECT total(joins) FROM measure"), 2);
    assert_int_equal(desk_int(d, "SELECT total(leaves) FROM measure"), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM member WHERE left_at IS NULL"), 1);
    desk_free(d);
}

static void what_one_of_our_accounts_says_is_no_customers_word(void **state)
{
    struct desk *d = open_desk("true");

    (void)state;
    saw(d, "us1", "a1", 0, "ann", "早", "");
    saw(d, "us2", "b2", 5000, "us1", "多少钱", ""); /* before us1 itself has shown it */
    saw(d, "us1", "a2", 5100, "us1", "多少钱", "");
    assert_int_equal(counted(d), 1);
    assert_int_equal(desk_int(d, "SELECT count(*) FROM question"), 0);
    desk_free(d);
}

/* Of one sender, a hundred times the same; step_ms apart, each as every account sees it. */
static void a_hundred(struct desk *d, const char *const *accounts, size_t n_accounts, int step_ms)
{
    char id[16];

    for (int i = 0; i < 100; i++)
        for (size_t k = 0; k < n_accounts; k++) {
            snprintf(id, sizeof(id), "%s-%d", accounts[k], i);
            saw(d, accounts[k], id, i * step_ms + (int)k * step_ms / 2, "ann", "1", "");
        }
}

static void who_repeats_himself_without_end_is_still_counted_right(void **state)
{
    static const char *const US[] = {"us1", "us2", "us3"};

    (void)state;
    for (int step_ms = 0; step_ms <= 1500; step_ms += 1500) {
        struct desk *alone = open_desk("true"), *later = open_desk("true"),
                    *mixed = open_desk("true");

        a_hundred(alone, US, 1, step_ms); /* never two of one account */
        assert_int_equal(counted(alone), 100);
        assert_int_equal(desk_metric(alone, "qund_copies_total"), 0);
        a_hundred(mixed, US, 3, step_ms);
        assert_int_equal(counted(mixed), 100);
        assert_int_equal(desk_int(mixed, "SELECT count(DISTINCT pair) FROM copy"), 100);
        a_hundred(later, US, 1, step_ms);
        a_hundred(later, US + 1, 1, step_ms);
        assert_int_equal(counted(later), 100);
        assert_int_equal(desk_int(later, "SELECT count(*) FROM (SELECT 1 FROM copy GROUP BY pair"
                                         " HAVING count(*) <> 2)"),
                         0);
        desk_free(alone);
        desk_free(later);
        desk_free(mixed);
    }
}

/* --- whatever the order, wherever the cut --- */

enum { SAID = 120, SEEN = 2 * SAID };

struct seen {
    char json[220];
    int64_t rx;
};

/* People repeat themselves within seconds; each account dates and delivers a little differently. */
static void make(struct seen v[SEEN])
{
    static const char *const WORDS[] = {"1", "在", "1", "多少钱"};
    uint64_t seed = 7;
    int64_t at = 1000;

    for (int i = 0; i < SAID; i++) {
        const char *who = story_chance(&seed) % 3 ? "ann" : "bob";
        const char *word = WORDS[story_chance(&seed) % QUND_ARRAY_LEN(WORDS)];

        at += (int64_t)(story_chance(&seed) % 3000);
        for (int k = 0; k < 2; k++)
            snprintf(v[2 * i + k].json, sizeof(v[0].json),
                     "{\"id\":\"%c%d\",\"ts\":%lld,\"group\":\"g1\",\"account\":\"us%d\","
                     "\"sender\":\"%s\",\"text\":\"%s\"}",
                     'a' + k, i, T0 + at + (int64_t)(story_chance(&seed) % 1200), k, who, word);
    }
}

static void shuffle(struct seen v[SEEN], uint64_t seed)
{
    for (size_t i = SEEN - 1; i > 0; i--) {
        size_t k = story_chance(&seed) % (i + 1);
        struct seen s = v[i];

        v[i] = v[k];
        v[k] = s;
    }
}

/* In batches of 1 to cut_max. */
static struct desk *play(const struct seen v[SEEN], uint64_t seed, size_t cut_max)
{
    struct desk *d = open_desk("true");
    size_t at = 0;

    d->rx = T0 + 3600000 - 1000; /* all of it is here when the first is applied */
    while (at < SEEN) {
        struct qund_item items[32];
        struct qund_buf body[32] = {0};
        size_t n = 1 + story_chance(&seed) % cut_max;

        n = n > SEEN - at ? SEEN - at : n;
        for (size_t i = 0; i < n; i++, at++) {
            desk_pack(d, v[at].json, d->rx, &body[i]);
            items[i] = (struct qund_item){.kind = QUND_ITEM_EVENT,
                                          .rx = d->rx,
                                          .id = {at + 1, 0},
                                          .body = qund_buf_view(&body[i])};
        }
        assert_int_equal(desk_apply(d, items, n), 0);
        for (size_t i = 0; i < n; i++)
            qund_buf_done(&body[i]);
    }
    return d;
}

static void any_order_counts_the_same_and_any_cut_leaves_the_same_rows(void **state)
{
    struct seen *v = qund_alloc(SEEN * sizeof(*v));
    int64_t want = 0;

    (void)state;
    make(v);
    for (uint64_t run = 0; run < 12; run++) {
        struct desk *one, *many;
        char *a, *b;

        if (run > 0)
            shuffle(v, run);
        one = play(v, run + 1, 1);
        many = play(v, run + 1, 32);
        a = story_dump(one);
        b = story_dump(many);
        story_same("cut", a, b);
        if (run == 0)
            want = counted(one);
        assert_int_equal(counted(one), want);
        assert_int_equal(desk_int(one, "SELECT count(DISTINCT pair) FROM copy"), want);
        assert_int_equal(desk_int(one, "SELECT count(*) FROM (SELECT 1 FROM copy GROUP BY pair"
                                       " HAVING count(*) > 2 OR count(DISTINCT account) <"
                                       " count(*))"),
                         0);
        qund_free(a);
        qund_free(b);
        desk_free(one);
        desk_free(many);
    }
    assert_in_range(want, SAID, SAID + SAID / 4);
    qund_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_is_linked_and_asks_for_nothing),
        cmocka_unit_test(other_groups_are_left_alone),
        cmocka_unit_test(what_one_account_sees_twice_was_said_twice),
        cmocka_unit_test(media_pair_by_their_contents),
        cmocka_unit_test(a_revoke_of_either_takes_both_back),
        cmocka_unit_test(a_reply_to_either_answers),
        cmocka_unit_test(joins_and_leaves_pair_by_member),
        cmocka_unit_test(what_one_of_our_accounts_says_is_no_customers_word),
        cmocka_unit_test(who_repeats_himself_without_end_is_still_counted_right),
        cmocka_unit_test(any_order_counts_the_same_and_any_cut_leaves_the_same_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
