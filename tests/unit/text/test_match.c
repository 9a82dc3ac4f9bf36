/* tests/unit/text/test_match.c - sets are compiled, kept, read back and searched; every matcher is
 * judged by a plain search for each word. */
#include "text/match.h"

#include "core/file.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define LIT(id_, s)                                              \
    {                                                            \
        id_, QUND_PATTERN_LITERAL, QUND_VIEW_FOLDED, QUND_STR(s) \
    }
#define RE(id_, s)                                             \
    {                                                          \
        id_, QUND_PATTERN_REGEX, QUND_VIEW_FOLDED, QUND_STR(s) \
    }
#define EXACT(id_, s)                                          \
    {                                                          \
        id_, QUND_PATTERN_EXACT, QUND_VIEW_FOLDED, QUND_STR(s) \
    }
#define LIT_SQ(id_, s)                                             \
    {                                                              \
        id_, QUND_PATTERN_LITERAL, QUND_VIEW_SQUEEZED, QUND_STR(s) \
    }

static int setup(void **state)
{
    *state = (void *)(uintptr_t)qund_fold_tables(); /* constant, also for the tests */
    return 0;
}

/* One set with what is needed to search it. */
struct bench {
    const struct qund_fold *f;
    struct qund_match *m;
    struct qund_scratch *s;
    struct qund_folded t;
};

static void open_bench(struct bench *b, const struct qund_fold *f, const struct qund_pattern *v,
                       size_t n)
{
    QUND_AUTO(qund_errs_done) struct qund_errs errs;

    *b = (struct bench){.f = f, .s = qund_scratch_new()};
    qund_errs_init(&errs, 8);
    if (qund_match_build(f, v, n, &b->m, &errs) < 0)
        fail_msg("%s: %s", errs.v[0].where, errs.v[0].text);
}

static void close_bench(struct bench *b)
{
    qund_match_free(b->m);
    qund_scratch_free(b->s);
    qund_folded_done(&b->t);
}

/* The ids found, as "1 5 7". */
static const char *hits(struct bench *b, const char *text, char *out, size_t max)
{
    const uint32_t *ids = NULL;
    size_t at = 0;
    int n;

    assert_int_equal(qund_fold_text(b->f, qund_str(text), &b->t), QUND_OK);
    n = qund_match_scan(b->m, b->s, b->f, &b->t, &ids);
    assert_true(n >= 0);
    out[0] = '\0';
    for (int i = 0; i < n && at < max; i++)
        at += (size_t)snprintf(out + at, max - at, i ? " %u" : "%u", ids[i]);
    return out;
}

#define expect_hits(b, text, want)                                    \
    do {                                                              \
        char out_[256];                                               \
        assert_string_equal(hits(b, text, out_, sizeof(out_)), want); \
    } while (0)

static void each_id_is_reported_once_and_in_order(void **state)
{
    static const struct qund_pattern v[] = {
        LIT(70, "多少钱"),    LIT(5, "价格"),      LIT(5, "报价"),  RE(9, "\\d+\\s*(元|块|万)"),
        EXACT(12, "报名"),    LIT(12, "我要报名"), LIT(70, "价格"), LIT(8, "多少錢"),
        LIT_SQ(30, "加微信"), LIT_SQ(5, "价格"),
    };
    struct bench b;

    open_bench(&b, *state, v, QUND_ARRAY_LEN(v));
    assert_int_equal(qund_match_count(b.m), 6);
    assert_true(qund_match_wants_squeezed(b.m));
    expect_hits(&b, "请问多少钱？价格 价格 报价", "5 8 70");
    expect_hits(&b, "大概３０００ 元吧，5万也行", "9");
    expect_hits(&b, " 报名\n", "12");
    expect_hits(&b, "不报名", "");
    expect_hits(&b, "我要報名", "12");
    expect_hits(&b, "加 微❤信", "30");
    expect_hits(&b, "价 格", "5");
    expect_hits(&b, "", "");
    expect_hits(&b, "…", "");
    close_bench(&b);
}

static void capitals_width_and_script_do_not_matter_in_expressions(void **state)
{
    static const struct qund_pattern v[] = {
        RE(1, "VX[:：]?\\s*([A-Z0-9_]{5,20})"),
        RE(2, "多少錢|價格"),
        RE(3, "^[一-龥]{2}$"),
        RE(4, "\\Sx９"),
        RE(5, "\\x51q"),
    };
    struct bench b;

    open_bench(&b, *state, v, QUND_ARRAY_LEN(v));
    expect_hits(&b, "加ＶＸ：abc12345", "1");
    expect_hits(&b, "什么价格", "2");
    expect_hits(&b, "龍门", "3");
    expect_hits(&b, "ax9", "4");
    expect_hits(&b, " x9", "");
    expect_hits(&b, "QQ", "5");
    close_bench(&b);
}

static void captures_point_into_the_original(void **state)
{
    static const struct qund_pattern v[] = {
        RE(1, "(?P<building>\\d+)栋(?P<unit>\\d)?单元(?<room>\\d{3,4})"),
        {2, QUND_PATTERN_REGEX, QUND_VIEW_SQUEEZED, QUND_STR("加(v|微)信?(\\w+)")},
        RE(3, "(a+)+$"),
        LIT(4, "单元"),
    };
    const char *text = "我在１２棟单元1502，加 薇❤V信abc123";
    struct qund_capture c[4];
    const uint32_t *ids;
    char many[400];
    struct bench b;

    open_bench(&b, *state, v, QUND_ARRAY_LEN(v));
    assert_int_equal(qund_fold_text(b.f, qund_str("加Ｖ信 ｘy_1"), &b.t), QUND_OK);
    assert_int_equal(qund_match_captures(b.m, b.s, 2, &b.t, c, 4),
                     QUND_E_NOTFOUND); /* no scan yet */
    expect_hits(&b, text, "1 4");
    assert_int_equal(qund_match_captures(b.m, b.s, 1, &b.t, c, 4), 4);
    assert_true(qund_str_is(c[1].text, "12"));
    assert_int_equal(c[1].to - c[1].from, strlen("１２"));
    assert_memory_equal(text + c[1].from, "１２", strlen("１２"));
    assert_false(c[2].set);
    assert_true(c[3].set && qund_str_is(c[3].text, "1502"));
    assert_int_equal(qund_match_group(b.m, b.s, 1, "room"), 3);
    assert_int_equal(qund_match_group(b.m, b.s, 1, "floor"), QUND_E_NOTFOUND);
    assert_int_equal(qund_match_group(b.m, b.s, 4, "room"),
                     QUND_E_NOTFOUND); /* not an expression */
    assert_int_equal(qund_match_captures(b.m, b.s, 99, &b.t, c, 4), QUND_E_NOTFOUND);

    assert_int_equal(qund_fold_text(b.f, qund_str("加Ｖ信 ｘy1"), &b.t), QUND_OK);
    assert_int_equal(qund_match_scan(b.m, b.s, b.f, &b.t, &ids), 1);
    assert_int_equal(qund_match_captures(b.m, b.s, 2, &b.t, c, 4), 3);
    assert_true(qund_str_is(c[2].text, "xy1"));
    assert_int_equal(c[2].from, strlen("加Ｖ信 "));
    assert_int_equal(c[2].to, strlen("加Ｖ信 ｘy1"));

    memset(many, 'a', sizeof(many));
    memcpy(many + sizeof(many) - 2, "!", 2);
    assert_int_equal(qund_fold_text(b.f, qund_str(many), &b.t), QUND_OK);
    assert_true(qund_match_captures(b.m, b.s, 3, &b.t, c, 4) < 0); /* exponential, but bounded */
    close_bench(&b);
}

static void every_bad_pattern_is_named(void **state)
{
    static const struct {
        struct qund_pattern p;
        const char *why; /* NULL: fine */
    } CASES[] = {
        {LIT(1, "好"), NULL},
        {RE(2, "a*"), "matches the empty text"},
        {RE(3, "(未闭合"), "not a regular expression"},
        {RE(4, "(?<=价)格"), "one pass"},
        {RE(5, "(a)\\1"), "one pass"},
        {LIT(6, ""), "is empty"},
        {LIT(7, "\u200b"), "invisible"},
        {LIT_SQ(8, "❤！"), "no letter or digit"},
        {LIT(9, "\xff\xfe"), "UTF-8"},
        {RE(10, "a{1,40000}"), ""},
        {RE(11, "ok\\d+"), NULL},
        {{12, (enum qund_pattern_kind)7, QUND_VIEW_FOLDED, QUND_STR("x")}, "unknown kind"},
    };
    struct qund_pattern v[QUND_ARRAY_LEN(CASES) + 1];
    QUND_AUTO(qund_errs_done) struct qund_errs errs, shape;
    struct qund_match *m = NULL;
    char long_text[QUND_MATCH_MAX_PATTERN + 1], where[32];
    size_t n = QUND_ARRAY_LEN(CASES), bad = 0, good = 0;

    qund_errs_init(&errs, 64);
    qund_errs_init(&shape, 64);
    for (size_t i = 0; i < n; i++)
        v[i] = CASES[i].p;
    memset(long_text, 'x', sizeof(long_text));
    v[n] = (struct qund_pattern){13, QUND_PATTERN_LITERAL, QUND_VIEW_FOLDED,
                                 qund_str_n(long_text, sizeof(long_text))};
    /* What is wrong in shape is found first, all of it, then the rest. */
    assert_int_equal(qund_match_build(*state, v, n + 1, &m, &shape), QUND_E_INVAL);
    assert_int_equal(shape.n, 4);
    assert_string_equal(shape.v[3].where, "patterns[12]");
    for (size_t i = 0; i < n; i++) {
        if (i == 5 || i == 8 || i == 11)
            v[i] = CASES[0].p;
        else if (CASES[i].why)
            bad++;
    }
    assert_int_equal(qund_match_build(*state, v, n, &m, &errs), QUND_E_INVAL);
    assert_null(m);
    assert_int_equal(errs.n, bad);
    for (size_t i = 0; i < n; i++) {
        if (i == 5 || i == 8 || i == 11 || !CASES[i].why)
            continue;
        snprintf(where, sizeof(where), "patterns[%zu]", i);
        for (size_t k = 0; k < errs.n; k++)
            good += strcmp(errs.v[k].where, where) == 0 && strstr(errs.v[k].text, CASES[i].why);
    }
    assert_int_equal(good, bad);
}

static void too_many_patterns_are_refused_with_the_limits(void **state)
{
    size_t n = QUND_MATCH_MAX_REGEXES + 1;
    struct qund_pattern *v = qund_alloc(n * sizeof(*v));
    QUND_AUTO(qund_errs_done) struct qund_errs errs;
    struct qund_match *m = NULL;

    qund_errs_init(&errs, 4);
    for (size_t i = 0; i < n; i++)
        v[i] = (struct qund_pattern)RE(1, "a+");
    assert_int_equal(qund_match_build(*state, v, n, &m, &errs), QUND_E_INVAL);
    assert_non_null(strstr(errs.v[0].text, "10000"));
    qund_free(v);
}

static void an_empty_set_finds_nothing(void **state)
{
    struct bench b;

    open_bench(&b, *state, NULL, 0);
    expect_hits(&b, "什么都没有", "");
    assert_false(qund_match_wants_squeezed(b.m));
    close_bench(&b);
}

/* --- many words: made of few characters, so that texts hit often */

static const char *const SYLLABLES[] = {"加", "微", "信", "号", "价", "格", "a", "b", "7",  "é",
                                        "😀",  "团", "购", "报", "名", "群", "x", "0", "楼", "盘"};

struct words {
    struct qund_buf pool;
    struct qund_pattern *v;
    size_t *at;
    size_t n;
};

static void make_words(struct words *w, size_t n, unsigned from, unsigned spread)
{
    uint32_t seed = 7;

    *w = (struct words){
        .v = qund_alloc(n * sizeof(*w->v)), .at = qund_alloc((n + 1) * sizeof(*w->at)), .n = n};
    for (size_t i = 0; i < n; i++) {
        char utf8[4];

        for (unsigned k = 0; k < from + i % 4; k++) {
            seed = seed * 1664525u + 1013904223u;
            if ((seed >> 8) % 4 == 0)
                qund_buf_puts(&w->pool, SYLLABLES[(seed >> 16) % QUND_ARRAY_LEN(SYLLABLES)]);
            else
                qund_buf_add(&w->pool, utf8, qund_utf8_put(utf8, 0x4e00 + (seed >> 12) % spread));
        }
        w->at[i + 1] = w->pool.n;
    }
    for (size_t i = 0; i < n; i++)
        w->v[i] = (struct qund_pattern){(uint32_t)i, QUND_PATTERN_LITERAL, QUND_VIEW_FOLDED,
                                        qund_str_n(w->pool.p + w->at[i], w->at[i + 1] - w->at[i])};
}

static void done_words(struct words *w)
{
    qund_buf_done(&w->pool);
    qund_free(w->v);
    qund_free(w->at);
}

static void compare_with_plain_search(const struct qund_fold *f, struct words *w, int texts)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct bench b;
    uint32_t seed = 99;
    size_t total = 0;

    open_bench(&b, f, w->v, w->n);
    for (int i = 0; i < texts; i++) {
        const uint32_t *ids;
        size_t want = 0;
        int n;

        qund_buf_clear(&text);
        for (int k = 0; k < 30; k++) {
            seed = seed * 1664525u + 1013904223u;
            qund_buf_str(&text, w->v[(seed >> 4) % w->n].text);
        }
        assert_int_equal(qund_fold_text(f, qund_buf_view(&text), &b.t), QUND_OK);
        n = qund_match_scan(b.m, b.s, f, &b.t, &ids);
        for (size_t k = 0; k < w->n; k++) {
            QUND_AUTO(qund_buf_done) struct qund_buf word = {0};
            bool in;

            qund_fold_str(f, w->v[k].text, &word);
            in = memmem(b.t.text.p, b.t.text.n, word.p, word.n) != NULL;
            if (in && (want >= (size_t)n || ids[want] != k))
                fail_msg("word %zu '%s' of '%s' is not reported", k, word.p, b.t.text.p);
            want += in;
        }
        assert_int_equal(n, want);
        total += want;
    }
    assert_true(total > (size_t)texts * 20);
    close_bench(&b);
}

static void hyperscan_finds_what_a_plain_search_finds(void **state)
{
    struct words w;

    make_words(&w, 3000, 1, 2000);
    compare_with_plain_search(*state, &w, 12);
    done_words(&w);
}

static void the_filter_finds_what_a_plain_search_finds(void **state)
{
    struct words w;

    make_words(&w, 60000, 1, 9000); /* some of one character */
    compare_with_plain_search(*state, &w, 4);
    done_words(&w);
}

static void crowded_words_go_to_hyperscan_and_are_found(void **state)
{
    struct qund_buf pool = {0};
    size_t n = 51000;
    struct qund_pattern *v = qund_alloc(n * sizeof(*v));
    struct bench b;

    for (size_t i = 0; i < n; i++)
        qund_buf_printf(&pool, "139%08zu", i * 1009);
    for (size_t i = 0; i < n; i++)
        v[i] = (struct qund_pattern){(uint32_t)i, QUND_PATTERN_LITERAL, QUND_VIEW_FOLDED,
                                     qund_str_n(pool.p + i * 11, 11)};
    open_bench(&b, *state, v, n);
    expect_hits(&b, "电话13900001009或13951457991", "1 50999");
    expect_hits(&b, "13900001008", "");
    close_bench(&b);
    qund_buf_done(&pool);
    qund_free(v);
}

static void a_scratch_follows_from_set_to_set(void **state)
{
    static const struct qund_pattern small[] = {LIT(1, "甲"), RE(2, "乙\\d")};
    static const struct qund_pattern other[] = {EXACT(3, "甲"), LIT_SQ(4, "乙1")};
    struct bench b, c;
    struct qund_scratch *own;

    open_bench(&b, *state, small, 2);
    open_bench(&c, *state, other, 2);
    own = c.s;
    c.s = b.s;
    for (int i = 0; i < 20; i++) {
        expect_hits(&b, "甲乙1", "1 2");
        expect_hits(&c, "乙 1", "4");
        expect_hits(&c, "甲", "3");
    }
    c.s = own;
    close_bench(&b);
    close_bench(&c);
}

/* --- the kept form */

static void kept_form(const struct qund_fold *f, struct qund_buf *blob, char digest[65])
{
    static const struct qund_pattern v[] = {LIT(1, "多少钱"), RE(2, "\\d元"), EXACT(3, "在"),
                                            LIT_SQ(4, "微信")};
    QUND_AUTO(qund_errs_done) struct qund_errs errs;

    qund_errs_init(&errs, 4);
    assert_int_equal(qund_match_compile(f, v, QUND_ARRAY_LEN(v), blob, &errs), QUND_OK);
    qund_match_digest(f, v, QUND_ARRAY_LEN(v), digest);
}

static void the_kept_form_finds_the_same(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf blob = {0};
    struct bench b = {.f = *state, .s = qund_scratch_new()};
    char digest[65];

    kept_form(*state, &blob, digest);
    assert_int_equal(qund_match_load(qund_buf_view(&blob), digest, &b.m, NULL), QUND_OK);
    qund_buf_done(&blob); /* the set does not need it any more */
    expect_hits(&b, "多少钱，5元？微 信", "1 2 4");
    expect_hits(&b, "在", "3");
    close_bench(&b);
}

static void a_damaged_or_foreign_form_is_refused(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf blob = {0};
    struct qund_match *m = NULL;
    struct qund_err err;
    char digest[65], other[65];

    kept_form(*state, &blob, digest);
    memcpy(other, digest, sizeof(other));
    other[0] = other[0] == '0' ? '1' : '0';
    assert_int_equal(qund_match_load(qund_buf_view(&blob), other, &m, &err), QUND_E_ABI);
    assert_non_null(strstr(err.text, "other patterns"));
    for (size_t i = 0; i < blob.n; i += i < 1200 ? 1 : 61) {
        blob.p[i] = (char)(blob.p[i] ^ 4);
        assert_int_equal(qund_match_load(qund_buf_view(&blob), digest, &m, &err), QUND_E_ABI);
        blob.p[i] = (char)(blob.p[i] ^ 4);
    }
    for (size_t n = 0; n < blob.n; n += n < 1200 ? 1 : 211)
        assert_int_equal(qund_match_load(qund_str_n(blob.p, n), digest, &m, &err), QUND_E_ABI);
    assert_null(m);
    assert_int_equal(qund_match_load(qund_buf_view(&blob), digest, &m, &err), QUND_OK);
    qund_match_free(m);
}

static void the_digest_follows_everything_that_matters(void **state)
{
    struct qund_pattern a[] = {LIT(1, "ab"), LIT(2, "c")}, b[] = {LIT(1, "a"), LIT(2, "bc")};
    char one[65], two[65];

    qund_match_digest(*state, a, 2, one);
    qund_match_digest(*state, b, 2, two);
    assert_string_not_equal(one, two);
    qund_match_digest(*state, a, 1, two);
    assert_string_not_equal(one, two);
    a[1].view = QUND_VIEW_SQUEEZED;
    qund_match_digest(*state, a, 2, two);
    assert_string_not_equal(one, two);
    a[1].view = QUND_VIEW_FOLDED;
    qund_match_digest(*state, a, 2, two);
    assert_string_equal(one, two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_id_is_reported_once_and_in_order),
        cmocka_unit_test(capitals_width_and_script_do_not_matter_in_expressions),
        cmocka_unit_test(captures_point_into_the_original),
        cmocka_unit_test(every_bad_pattern_is_named),
        cmocka_unit_test(too_many_patterns_are_refused_with_the_limits),
        cmocka_unit_test(an_empty_set_finds_nothing),
        cmocka_unit_test(hyperscan_finds_what_a_plain_search_finds),
        cmocka_unit_test(the_filter_finds_what_a_plain_search_finds),
        cmocka_unit_test(crowded_words_go_to_hyperscan_and_are_found),
        cmocka_unit_test(a_scratch_follows_from_set_to_set),
        cmocka_unit_test(the_kept_form_finds_the_same),
        cmocka_unit_test(a_damaged_or_foreign_form_is_refused),
        cmocka_unit_test(the_digest_follows_everything_that_matters),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
