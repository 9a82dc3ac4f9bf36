/* test_digest.c - the day of a group: what stands on the page, and that each manager gets it once,
 * whatever stops and starts in between. */
#include "alert/digest.h"
#include "desk.h"
#include <jansson.h>

static const char RULES[] = "rules:\n"
                            "  - id: asks\n"
                            "    when: {any: [吗, 多少钱]}\n"
                            "    then: [{intent: needs_reply}]\n";
static const char CONFIG[] =
    "digest: {at: '19:00'}\n"
    "targets:\n"
    "  zhao: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n"
    "  lin: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n";
static const char ORG[] =
    "staff:\n"
    "  - {id: zhao, name: 赵, push: ['zhao'], ids: [{realm: replay, id: zhao}]}\n"
    "  - {id: lin, name: 林, push: ['lin']}\n"
    "groups:\n"
    "  - {realm: replay, id: g1, name: 一群, manager: zhao}\n"
    "  - {realm: replay, id: g2, name: 二群, manager: lin, zone: Asia/Kolkata}\n"
    "  - {realm: replay, id: g3, name: 三群}\n";

enum { MIN = 60000, HOUR = 60 * MIN };

/* 08:00 in Shanghai, and the sweep has looked once. */
static struct desk *fresh(void)
{
    struct desk *d = desk_new(CONFIG, RULES);

    desk_org(d, ORG);
    desk_wait(d, 2 * MIN);
    return d;
}

/* In steps, as time passes in a daemon. */
static void pass(struct desk *d, int64_t ms)
{
    for (; ms > 0; ms -= 10 * MIN)
        desk_wait(d, ms < 10 * MIN ? ms : 10 * MIN);
}

static void say(struct desk *d, const char *group, const char *id, const char *sender,
                const char *role, const char *text)
{
    QUND_AUTO(qund_buf_done) struct qund_buf json = {0};

    qund_buf_printf(&json,
                    "{\"id\":\"%s\",\"ts\":%lld,\"group\":\"%s\",\"sender\":\"%s\","
                    "\"sender_name\":\"%s\",\"sender_role\":\"%s\",\"text\":\"%s\"}",
                    id, (long long)d->rx + 1, group, sender, sender, role, text);
    desk_event(d, json.p);
}

static void a_day(struct desk *d, const char *group)
{
    static const char *const TEXTS[] = {"封阳台多少钱", "阳台要封吗", "封阳台的颜色好看",
                                        "隔壁也封阳台了"};
    QUND_AUTO(qund_buf_done) struct qund_buf join = {0};
    char id[32], sender[32];

    for (int i = 0; i < 4; i++) {
        snprintf(id, sizeof(id), "%s-m%d", group, i);
        snprintf(sender, sizeof(sender), "客%d", i);
        say(d, group, id, sender, "customer", TEXTS[i]);
    }
    snprintf(id, sizeof(id), "%s-s", group);
    say(d, group, id, "顾问", "staff", "@客1 要的");
    qund_buf_printf(&join,
                    "{\"id\":\"%s-j\",\"ts\":%lld,\"group\":\"%s\",\"type\":\"member.join\","
                    "\"sender\":\"新人\",\"sender_name\":\"小新\",\"sender_role\":\"customer\"}",
                    group, (long long)d->rx + 1, group);
    desk_event(d, join.p);
}

static int64_t digests(struct desk *d, const char *target)
{
    char sql[160];

    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM outbox WHERE key LIKE 'digest:%%' AND target LIKE '%s'", target);
    return desk_int(d, sql);
}

static json_t *body_of(struct desk *d, const char *target)
{
    struct qund_stmt *st = qund_sql(d->db, "SELECT body FROM outbox WHERE key LIKE 'digest:%' AND "
                                           "target = :target ORDER BY id DESC LIMIT 1");
    json_t *o;

    qund_bind_str(st, ":target", qund_str(target));
    assert_int_equal(qund_step(st), 1);
    o = json_loadb(qund_col_str(st, 0).p, qund_col_str(st, 0).n, JSON_REJECT_DUPLICATES, NULL);
    qund_stmt_reset(st);
    assert_true(json_is_object(o));
    return o;
}

static int64_t number(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);

    if (!json_is_integer(v))
        fail_msg("no number %s", key);
    return json_integer_value(v);
}

static const char *words(const json_t *o, const char *key)
{
    const char *z = json_string_value(json_object_get(o, key));

    return z ? z : "";
}

static void the_page_says_what_was_asked_answered_and_open_who_came_and_the_words(void **state)
{
    struct desk *d = fresh();
    const json_t *open, *word;
    json_t *o;

    (void)state;
    a_day(d, "g1");
    pass(d, 10 * HOUR + 50 * MIN);
    assert_int_equal(digests(d, "%"), 0); /* not before its time */
    pass(d, 20 * MIN);
    assert_int_equal(digests(d, "%"), 1);
    o = body_of(d, "zhao");
    assert_string_equal(words(o, "kind"), "digest");
    assert_string_equal(words(o, "title"), "一群 2025-09-15");
    assert_string_equal(words(json_object_get(o, "person"), "name"), "赵");
    assert_string_equal(words(json_object_get(json_object_get(o, "person"), "ids"), "replay"),
                        "zhao");
    assert_int_equal(number(o, "asked"), 2);
    assert_int_equal(number(o, "answered"), 1);
    assert_int_equal(number(o, "unanswered"), 1);
    assert_int_equal(number(o, "joined"), 1);
    assert_int_equal(number(o, "messages"), 4);
    assert_int_equal(number(o, "speakers"), 4);
    open = json_array_get(json_object_get(o, "open"), 0);
    assert_string_equal(words(open, "sender_name"), "客0");
    assert_string_equal(words(open, "text"), "封阳台多少钱");
    word = json_array_get(json_object_get(o, "words"), 0);
    assert_string_equal(json_string_value(json_array_get(word, 0)), "封阳台");
    assert_int_equal(json_integer_value(json_array_get(word, 1)), 3);
    assert_non_null(strstr(words(o, "text"),
                           "提问 2，已答 1，未答 1\n· 客0：封阳台多少钱\n入群 1：小新；退群 0\n"));
    json_decref(o);
    desk_free(d);
}

static void each_group_is_told_at_its_own_time_to_its_own_manager(void **state)
{
    struct desk *d = fresh();

    (void)state;
    a_day(d, "g1");
    a_day(d, "g2");
    a_day(d, "g3"); /* nobody manages it */
    pass(d, 11 * HOUR + 5 * MIN);
    assert_int_equal(digests(d, "zhao"), 1);
    assert_int_equal(digests(d, "lin"), 0);
    pass(d, 2 * HOUR + 30 * MIN); /* 19:00 in Kolkata */
    assert_int_equal(digests(d, "lin"), 1);
    assert_int_equal(digests(d, "%"), 2);
    desk_free(d);
}

static void a_day_without_a_word_is_no_page(void **state)
{
    struct desk *d = fresh();

    (void)state;
    pass(d, 30 * HOUR);
    assert_int_equal(digests(d, "%"), 0);
    desk_free(d);
}

static void each_page_comes_once_however_often_the_engine_starts(void **state)
{
    struct desk *d = fresh();

    (void)state;
    a_day(d, "g1");
    pass(d, 10 * HOUR + 55 * MIN);
    for (int i = 0; i < 30; i++) {
        desk_wait(d, 20000); /* over 19:00, in steps shorter than a look */
        desk_close_store(d);
        desk_open_store(d);
    }
    assert_int_equal(digests(d, "%"), 1);
    /* A run that begins anew finds what it made. */
    assert_int_equal(qund_db_exec(d->db, "UPDATE meta SET value = 1 WHERE key = 'digest.last'"), 0);
    pass(d, 20 * MIN);
    assert_int_equal(digests(d, "%"), 1);
    desk_free(d);
}

static void a_page_that_was_missed_for_days_is_not_sent(void **state)
{
    struct desk *d = fresh();

    (void)state;
    a_day(d, "g1");
    pass(d, 8 * HOUR);
    desk_close_store(d);
    d->rx += (int64_t)3 * 24 * HOUR; /* down from 16:00 for three days and more */
    desk_open_store(d);
    pass(d, 30 * MIN);
    say(d, "g1", "late", "客9", "customer", "有人吗");
    pass(d, 20 * MIN);
    /* The first day's page is three days old: shown, and not sent. */
    assert_int_equal(digests(d, "%"), 1);
    assert_int_equal(desk_int(d, "SELECT state FROM outbox WHERE key LIKE 'digest:%'"),
                     QUND_OUT_EXPIRED);
    pass(d, 3 * HOUR);
    assert_int_equal(digests(d, "%"), 2);
    assert_int_equal(
        desk_int(d, "SELECT state FROM outbox WHERE key LIKE 'digest:%' ORDER BY id DESC"),
        QUND_OUT_QUEUED);
    desk_free(d);
}

static void the_time_may_change_while_it_runs(void **state)
{
    struct desk *d = fresh();
    struct qund_config *off =
        desk_config("digest: {words: 3}\n"
                    "targets: {zhao: {kind: webhook, url: 'http://127.0.0.1:1/x', "
                    "allow_private: true}}\n");

    (void)state;
    a_day(d, "g1");
    qund_config_unref(d->config);
    d->config = off;
    desk_close_store(d);
    desk_open_store(d);
    pass(d, 12 * HOUR);
    assert_int_equal(digests(d, "%"), 0);
    desk_free(d);
}

static void a_long_day_is_counted_whole(void **state)
{
    struct desk *d = fresh();
    QUND_AUTO(qund_buf_done) struct qund_buf page = {0};
    struct qund_months *m = qund_months_new(d->db);
    struct qund_jw w = qund_jw(&page);
    struct qund_zone *z = NULL;
    struct qund_digest day = {.grp = 1, .at_min = -1};
    char id[32], sender[32];

    (void)state;
    for (int i = 0; i < 2500; i++) {
        snprintf(id, sizeof(id), "m%d", i);
        snprintf(sender, sizeof(sender), "客%d", i % 40);
        say(d, "g1", id, sender, "customer", "早");
    }
    assert_int_equal(qund_zone_load(NULL, "Asia/Shanghai", &z, NULL), 0);
    day.zone = z;
    day.days = qund_digest_day(z, d->rx);
    qund_jw_obj(&w);
    assert_int_equal(qund_digest_write(d->db, m, &day, NULL, &w), 1);
    qund_jw_end_obj(&w);
    assert_non_null(strstr(page.p, "\"messages\":2500,\"speakers\":40"));
    qund_zone_free(z);
    qund_months_free(m);
    desk_free(d);
}

static void a_span_is_a_day_also_where_the_clock_is_put_forward(void **state)
{
    struct qund_zone *z = NULL;
    struct qund_digest d = {.at_min = 1140};
    int64_t from, until;

    (void)state;
    assert_int_equal(qund_zone_load(NULL, "Europe/Berlin", &z, NULL), 0);
    d.zone = z;
    assert_int_equal(qund_digest_date(QUND_STR("2025-03-30"), &d.days), 0);
    qund_digest_span(&d, &from, &until);
    assert_int_equal(until - from, 23 * HOUR);
    d.at_min = -1;
    qund_digest_span(&d, &from, &until);
    assert_int_equal(until - from, 23 * HOUR);
    qund_zone_free(z);
    assert_int_equal(qund_digest_date(QUND_STR("2025-02-30"), &d.days), QUND_E_INVAL);
    assert_int_equal(qund_digest_date(QUND_STR("2025-2-3"), &d.days), QUND_E_INVAL);
    assert_int_equal(qund_digest_minute("24:00"), -1);
    assert_int_equal(qund_digest_minute("9:00"), -1);
    assert_int_equal(qund_digest_minute("09:05"), 545);
}

static void words_are_counted_once_a_message_and_said_at_their_longest(void **state)
{
    struct digest_words *ws = digest_words_new();
    struct digest_word top[8];
    int n;

    (void)state;
    for (int i = 0; i < 5; i++)
        digest_words_add(ws, QUND_STR("智能门锁智能门锁 Kaadas K20"));
    for (int i = 0; i < 3; i++)
        digest_words_add(ws, QUND_STR("水电改造 的 吗 13800000105"));
    digest_words_add(ws, QUND_STR("只有一回"));
    n = digest_words_top(ws, top, 8);
    assert_true(n >= 4);
    assert_string_equal(top[0].z, "kaadas");
    assert_int_equal(top[0].n, 5);
    for (int i = 0; i < n; i++) {
        assert_string_not_equal(top[i].z, "智能");
        assert_null(strstr(top[i].z, "138"));
        assert_null(strstr(top[i].z, "一回"));
    }
    digest_words_free(ws);
}

/* Half of these a sentence has everywhere, and all of them are what a day was about. */
static void words_with_a_common_character_are_words(void **state)
{
    static const char *const GOOD[] = {"地暖",   "地板",   "上门",   "下水道", "家具",   "大门",
                                       "会员",   "智能",   "五金",   "三居室", "样板间", "不锈钢",
                                       "现货",   "售后",   "楼上",   "天花板", "过滤器", "到货",
                                       "多层板", "大理石", "太阳能", "一楼",   "好评",   "说明书"};
    static const char *const NOISE[] = {"多少", "可以", "大家", "今天", "上下", "三十",
                                        "一下", "有点", "做过", "得好", "装不"};
    struct digest_word top[1];

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(GOOD) + QUND_ARRAY_LEN(NOISE); i++) {
        bool good = i < QUND_ARRAY_LEN(GOOD);
        const char *word = good ? GOOD[i] : NOISE[i - QUND_ARRAY_LEN(GOOD)];
        struct digest_words *ws = digest_words_new();
        QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
        int n;

        qund_buf_printf(&text, "你的%s呢", word);
        for (int k = 0; k < 3; k++)
            digest_words_add(ws, qund_buf_view(&text));
        n = digest_words_top(ws, top, 1);
        if (n != (good ? 1 : 0) || (good && strcmp(top[0].z, word) != 0))
            fail_msg("%s: %s", word, n > 0 ? top[0].z : "nothing");
        digest_words_free(ws);
    }
}

/* A store is a minute old before the clock is looked at first. */
static void a_page_wanted_in_the_first_minute_of_a_store_comes(void **state)
{
    struct desk *d = desk_new("digest: {at: '08:01'}\n"
                              "targets:\n"
                              "  zhao: {kind: webhook, url: 'http://127.0.0.1:1/x', "
                              "allow_private: true}\n"
                              "  lin: {kind: webhook, url: 'http://127.0.0.1:1/x', "
                              "allow_private: true}\n",
                              RULES);

    (void)state;
    desk_org(d, ORG);
    say(d, "g1", "m1", "客1", "customer", "封阳台多少钱");
    pass(d, 20 * MIN);
    assert_int_equal(digests(d, "zhao"), 1);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_says_what_was_asked_answered_and_open_who_came_and_the_words),
        cmocka_unit_test(each_group_is_told_at_its_own_time_to_its_own_manager),
        cmocka_unit_test(a_day_without_a_word_is_no_page),
        cmocka_unit_test(each_page_comes_once_however_often_the_engine_starts),
        cmocka_unit_test(a_page_that_was_missed_for_days_is_not_sent),
        cmocka_unit_test(the_time_may_change_while_it_runs),
        cmocka_unit_test(a_long_day_is_counted_whole),
        cmocka_unit_test(a_span_is_a_day_also_where_the_clock_is_put_forward),
        cmocka_unit_test(words_are_counted_once_a_message_and_said_at_their_longest),
        cmocka_unit_test(words_with_a_common_character_are_words),
        cmocka_unit_test(a_page_wanted_in_the_first_minute_of_a_store_comes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
