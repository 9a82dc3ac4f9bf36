/* test_own.c - entries of a kind that a plugin brings: its own keys, read and refused like ours. */
#include "config/config.h"
#include "unit.h"

struct bot {
    bool on;
    int64_t n, bytes, wait_ms, limit_ms;
    const char *name, *url, *token, *rules, *channel;
    int mode;
    struct qund_cfg_list accounts;
};
#define AT(m) offsetof(struct bot, m)
static const char *const MODES[] = {"calm", "loud", NULL};
static const struct qund_cfg_key KEYS[] = {
    {"on", QUND_CFG_BOOL, AT(on), "true", 0, 0, NULL, 0, "Whether."},
    {"n", QUND_CFG_INT, AT(n), "3", 1, 9, NULL, QUND_CFG_RELOAD, "How many."},
    {"bytes", QUND_CFG_SIZE, AT(bytes), "1KiB", 0, 0, NULL, 0, "How much."},
    {"wait", QUND_CFG_DURATION, AT(wait_ms), "2s", 0, 0, NULL, 0, "How long."},
    {"limit", QUND_CFG_DURATION, AT(limit_ms), NULL, 0, 0, NULL, 0, "How long at most."},
    {"name", QUND_CFG_STRING, AT(name), NULL, 0, 0, NULL, 0, "Called so."},
    {"url", QUND_CFG_URL, AT(url), NULL, 0, 0, NULL, QUND_CFG_REQUIRED, "Where it is."},
    {"token", QUND_CFG_SECRET, AT(token), NULL, 0, 0, NULL, 0, "What lets us in."},
    {"mode", QUND_CFG_ENUM, AT(mode), "calm", 0, 0, MODES, 0, "How."},
    {"accounts", QUND_CFG_LIST, AT(accounts), NULL, 0, 0, NULL, 0, "Which."},
    {"rules", QUND_CFG_JSON, AT(rules), NULL, 0, 0, NULL, 0, "Anything."},
    {"channel", QUND_CFG_STRING, AT(channel), NULL, 0, 0, NULL, QUND_CFG_CHANNEL, "By which."},
};

static int check_bot(const void *cfg, struct qund_fault *why)
{
    const struct bot *b = cfg;

    if (b->mode == 1 && b->n > 5) {
        snprintf(why->where, sizeof(why->where), "n");
        snprintf(why->text, sizeof(why->text), "loud wants no more than 5");
        return QUND_E_INVAL;
    }
    return 0;
}
static const struct qund_cfg_table TABLE = {KEYS, QUND_ARRAY_LEN(KEYS), sizeof(struct bot),
                                            check_bot};

static int64_t rate_of_bot(const void *cfg)
{
    return 10 * ((const struct bot *)cfg)->n;
}

static bool bot_is_shared(const void *cfg)
{
    return ((const struct bot *)cfg)->mode == 1;
}

static bool bot_speaks(const void *cfg)
{
    return ((const struct bot *)cfg)->on;
}

static int find(void *arg, const struct qund_config *c, const char *map, const char *kind,
                struct qund_own *own, struct qund_err *err)
{
    (void)arg;
    assert_non_null(c->http.listen); /* the sections are there */
    if (strcmp(kind, "broken") == 0)
        return 0;
    if (strcmp(kind, "bot") != 0)
        return qund_err_set(err, QUND_E_NOTFOUND, map, "no plugin '%s'", kind);
    own->table = &TABLE;
    own->rate = rate_of_bot;
    own->shared = bot_is_shared;
    own->speaks = bot_speaks;
    return 0;
}
static const struct qund_config_kinds KINDS = {.find = find};

static struct qund_config *parse(const char *text)
{
    QUND_AUTO(qund_errs_done) struct qund_errs es;
    struct qund_config *c = NULL;

    qund_errs_init(&es, 8);
    if (qund_config_parse_kinds("t.yaml", NULL, qund_str(text), &KINDS, &c, &es) < 0)
        fail_msg("%s: %s", es.v[0].where, es.v[0].text);
    return c;
}

static void refused(const char *text, const char *where, const char *reason)
{
    QUND_AUTO(qund_errs_done) struct qund_errs es;
    struct qund_config *c = NULL;

    qund_errs_init(&es, 8);
    assert_int_equal(qund_config_parse_kinds("t.yaml", NULL, qund_str(text), &KINDS, &c, &es),
                     QUND_E_INVAL);
    if (strcmp(es.v[0].where, where) != 0 || !strstr(es.v[0].text, reason))
        fail_msg("%s: %s", es.v[0].where, es.v[0].text);
}

static void a_plugins_keys_fill_its_own_struct(void **state)
{
    struct qund_config *c = parse("channels:\n"
                                  "  b:\n"
                                  "    kind: bot\n"
                                  "    realm: r\n"
                                  "    url: https://x.example/k\n"
                                  "    token: '007'\n"
                                  "    wait: 1m\n"
                                  "    mode: loud\n"
                                  "    accounts: [a, 'b,c']\n"
                                  "    rules: {deep: [1, '1', yes, true, null, {x: 1.5}]}\n");
    const struct qund_channel_cfg *ch = qund_config_channel(c, QUND_STR("b"));
    const struct bot *b = ch->own.cfg;

    (void)state;
    assert_string_equal(ch->kind, "bot");
    assert_string_equal(ch->realm, "r");
    assert_false(qund_channel_is_ours(ch));
    assert_true(qund_channel_is_ours(qund_config_channel(c, QUND_STR("replay"))));
    assert_ptr_equal(ch->own.table, &TABLE);
    assert_true(b->on);
    assert_int_equal(b->n, 3);
    assert_int_equal(b->bytes, 1024);
    assert_int_equal(b->wait_ms, 60000);
    assert_int_equal(b->limit_ms, -1);
    assert_null(b->name);
    assert_string_equal(b->url, "https://x.example/k");
    assert_string_equal(b->token, "007");
    assert_int_equal(b->mode, 1);
    assert_int_equal(b->accounts.n, 2);
    assert_string_equal(b->accounts.v[1], "b,c");
    assert_string_equal(b->rules, "{\"deep\":[1,\"1\",\"yes\",true,null,{\"x\":1.5}]}");
    qund_config_unref(c);
}

static void a_target_of_a_plugin_has_none_of_the_webhooks_keys(void **state)
{
    struct qund_config *c = parse("targets: {t: {kind: bot, url: 'x', rate: 5}}\n");
    const struct qund_target_cfg *t = qund_config_target(c, QUND_STR("t"));

    (void)state;
    assert_null(t->url);
    assert_int_equal(t->rate_per_min, 5);
    assert_string_equal(((const struct bot *)t->own.cfg)->url, "x");
    qund_config_unref(c);
    refused("targets: {t: {kind: bot, url: x, template: x}}\n", "t.yaml:1:34",
            "unknown key 'template'");
}

/* The plugin knows, the entry knows better; a webhook's template that has no place for the link
 * writes to a chat. */
static void who_reads_there_is_known_by_the_entry_or_its_kind(void **state)
{
    static const struct {
        const char *name, *entry;
        enum qund_shared shared;
    } CASES[] = {
        {"a", "{kind: bot, url: x}", QUND_SHARED_FALSE},
        {"b", "{kind: bot, url: x, mode: loud}", QUND_SHARED_TRUE},
        {"c", "{kind: bot, url: x, mode: loud, shared: false}", QUND_SHARED_FALSE},
        {"d", "{kind: bot, url: x, shared: true}", QUND_SHARED_TRUE},
        {"e", "{kind: broken, url: x}", QUND_SHARED_FALSE},
        {"f", "{url: 'https://x.example/'}", QUND_SHARED_FALSE},
        {"g", "{url: 'https://x.example/', shared: true}", QUND_SHARED_TRUE},
        {"h", "{url: 'https://x.example/', template: '{\"t\": \"{{text}}\"}'}", QUND_SHARED_TRUE},
        {"i", "{url: 'https://x.example/', template: '{\"t\": \"{{link}}\"}'}", QUND_SHARED_FALSE},
        {"j", "{url: 'https://x.example/', template: '{{text}}', shared: false}",
         QUND_SHARED_FALSE},
    };
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct qund_config *c;

    (void)state;
    qund_buf_puts(&text, "targets:\n");
    for (size_t i = 0; i < QUND_ARRAY_LEN(CASES); i++)
        qund_buf_printf(&text, "  %s: %s\n", CASES[i].name, CASES[i].entry);
    c = parse(text.p);
    for (size_t i = 0; i < QUND_ARRAY_LEN(CASES); i++)
        if (qund_config_target(c, qund_str(CASES[i].name))->shared != CASES[i].shared)
            fail_msg("%s", CASES[i].entry);
    qund_config_unref(c);
    refused("targets: {t: {kind: bot, url: x, shared: maybe}}\n", "t.yaml:1:42", "auto");
}

static void a_plugin_knows_its_peers_pace_and_the_entry_knows_better(void **state)
{
    struct qund_config *c = parse("targets:\n"
                                  "  a: {kind: bot, url: x, n: 4}\n"
                                  "  b: {kind: bot, url: x, rate: 0}\n"
                                  "  c: {url: 'https://x.example/'}\n");

    (void)state;
    assert_int_equal(qund_config_target(c, QUND_STR("a"))->rate_per_min, 40);
    assert_int_equal(qund_config_target(c, QUND_STR("b"))->rate_per_min, 0);
    assert_int_equal(qund_config_target(c, QUND_STR("c"))->rate_per_min, 20);
    qund_config_unref(c);
}

static void what_is_wrong_is_named_at_its_place(void **state)
{
    (void)state;
    refused("channels:\n  b: {kind: bto, url: x}\n", "t.yaml:2:13", "no plugin 'bto'");
    refused("channels:\n  b: {kind: bot}\n", "t.yaml:2:6", "'url' is needed here: Where it is.");
    refused("channels:\n  b: {kind: bot, url: x, acounts: [1]}\n", "t.yaml:2:26",
            "unknown key 'acounts'; nearest known: 'accounts'");
    refused("channels:\n  b: {kind: bot, url: x, n: 10}\n", "t.yaml:2:29", "out of bounds");
    refused("channels:\n  b: {kind: bot, url: x, accounts: 1}\n", "t.yaml:2:36", "list of texts");
    refused("channels:\n  b: {kind: bot, url: x, n: 6, mode: loud}\n", "t.yaml:2:29",
            "loud wants no more than 5");
}

static void what_speaks_in_chats_must_be_able_to(void **state)
{
    static const char MUTE[] = "channels:\n"
                               "  b: {kind: bot, url: x}\n"
                               "  shop: {send_through: post}\n"
                               "targets:\n"
                               "  post: {kind: bot, url: x, on: false}\n";
    static const char NO_TAP[] = "channels: {shop: {confirm_through: post}}\n"
                                 "targets: {post: {kind: bot, url: x, on: false}}\n";
    struct qund_config *c = parse("channels: {a: {send_through: t}, b: {send_through: u}}\n"
                                  "targets: {t: {kind: bot, url: x}, u: {kind: broken}}\n");

    (void)state;
    qund_config_unref(c);
    refused(
        MUTE, "t.yaml:3:24",
        "channels.shop.send_through: the target 'post' (kind: bot) cannot speak in a chat; name "
        "one that can, such as one of the channel's own kind, or remove the line");
    refused(NO_TAP, "t.yaml:1:36",
            "channels.shop.confirm_through: the target 'post' (kind: bot) cannot lay a post before "
            "whom it is for; name one that can, or remove the line");
}

#define BOT(name, more) "  " name ": {kind: bot, url: x" more "}\n"
static void what_speaks_in_chats_knows_their_groups(void **state)
{
    static const char QQ[] = "targets:\n" BOT("say", ", channel: qq") "channels:\n" BOT("qq", "");
    static const char OTHER[] = "the target 'say' speaks by the channel 'qq', realm 'qq', where "
                                "the ids of realm 'w' are other groups; name one that "
                                "speaks in the groups of 'wx', or give both channels one realm if "
                                "they see the same groups";
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};

    (void)state;
    qund_buf_printf(&text, "%s" BOT("qr", ", realm: qq, send_through: say"), QQ);
    qund_buf_puts(&text, "  api: {realm: qq, send_through: say, confirm_through: say}\n");
    qund_config_unref(parse(text.p)); /* its own, and two more that see the same groups */
    qund_buf_done(&text);
    qund_buf_printf(&text, "%s" BOT("wx", ", realm: w, send_through: say"), QQ);
    refused(text.p, "t.yaml:5:51", OTHER);
    qund_buf_done(&text);
    qund_buf_printf(&text, "%s  wx: {realm: w, confirm_through: say}\n", QQ);
    refused(text.p, "t.yaml:5:35", OTHER);
}

static void a_kind_that_cannot_be_used_is_taken_unseen(void **state)
{
    struct qund_config *c = parse("channels: {b: {kind: broken, realm: r, whatever: [1]}}\n");
    const struct qund_channel_cfg *ch = qund_config_channel(c, QUND_STR("b"));

    (void)state;
    assert_null(ch->own.table);
    assert_string_equal(ch->realm, "r");
    qund_config_unref(c);
}

static void secrets_stay_unseen_and_changes_are_found(void **state)
{
    struct qund_config *a = parse("channels: {b: {kind: bot, url: 'https://u.example/key',"
                                  " token: geheim, rules: {k: geheim}}}\n");
    struct qund_config *n = parse("channels: {b: {kind: bot, url: 'https://u.example/key',"
                                  " token: geheim, rules: {k: geheim}, n: 4}}\n");
    struct qund_config *t = parse("channels: {b: {kind: bot, url: 'https://u.example/key',"
                                  " token: neu, rules: {k: geheim}}}\n");
    const struct qund_own *x = &qund_config_channel(a, QUND_STR("b"))->own;
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0}, diff = {0};

    (void)state;
    qund_config_print(a, &text);
    assert_null(strstr(text.p, "geheim"));
    assert_null(strstr(text.p, "/key"));
    assert_non_null(strstr(text.p, "token: \"***\""));
    assert_true(qund_own_same(x, x));
    assert_false(qund_own_same(x, &qund_config_channel(n, QUND_STR("b"))->own));
    assert_true(qund_own_reloadable(x, &qund_config_channel(n, QUND_STR("b"))->own));
    assert_false(qund_own_reloadable(x, &qund_config_channel(t, QUND_STR("b"))->own));
    assert_int_equal(qund_config_reload_diff(a, n, &diff), 0);
    assert_int_equal(qund_config_reload_diff(a, t, &diff), 1);
    assert_string_equal(diff.p, "channels.b.token\n");
    qund_config_unref(a);
    qund_config_unref(n);
    qund_config_unref(t);
}

static void a_table_with_a_slip_is_refused(void **state)
{
    static const struct qund_cfg_key OUTSIDE[] = {{"x", QUND_CFG_INT, 4, NULL, 0, 0, NULL, 0, "h"}};
    static const struct qund_cfg_key CLASH[] = {
        {"realm", QUND_CFG_INT, 0, NULL, 0, 0, NULL, 0, "h"}};
    static const struct qund_cfg_key TWICE[] = {{"x", QUND_CFG_INT, 0, NULL, 0, 0, NULL, 0, "h"},
                                                {"x", QUND_CFG_INT, 0, NULL, 0, 0, NULL, 0, "h"}};
    static const struct qund_cfg_key DEFAULT[] = {{"x", QUND_CFG_INT, 0, "no", 0, 0, NULL, 0, "h"}};
    static const struct {
        struct qund_cfg_table t;
        const char *why;
    } BAD[] = {{{OUTSIDE, 1, 8, NULL}, "outside"},
               {{CLASH, 1, 8, NULL}, "already"},
               {{TWICE, 2, 8, NULL}, "twice"},
               {{DEFAULT, 1, 8, NULL}, "default"},
               {{TWICE, 33, 8, NULL}, "33 keys"}};
    struct qund_err err;

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(BAD); i++) {
        assert_int_equal(qund_cfg_table_check(&BAD[i].t, "channels", &err), QUND_E_ABI);
        assert_non_null(strstr(err.text, BAD[i].why));
    }
    assert_int_equal(qund_cfg_table_check(&TABLE, "channels", &err), 0);
    assert_int_equal(qund_cfg_table_check(&TABLE, "targets", &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plugins_keys_fill_its_own_struct),
        cmocka_unit_test(a_target_of_a_plugin_has_none_of_the_webhooks_keys),
        cmocka_unit_test(who_reads_there_is_known_by_the_entry_or_its_kind),
        cmocka_unit_test(a_plugin_knows_its_peers_pace_and_the_entry_knows_better),
        cmocka_unit_test(what_is_wrong_is_named_at_its_place),
        cmocka_unit_test(what_speaks_in_chats_must_be_able_to),
        cmocka_unit_test(what_speaks_in_chats_knows_their_groups),
        cmocka_unit_test(a_kind_that_cannot_be_used_is_taken_unseen),
        cmocka_unit_test(secrets_stay_unseen_and_changes_are_found),
        cmocka_unit_test(a_table_with_a_slip_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
