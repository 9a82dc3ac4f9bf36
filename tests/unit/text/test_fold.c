/* tests/unit/text/test_fold.c - the table is judged by the libraries themselves: the same four
 * steps, done the slow way over whole texts, must give the same bytes. */
#include "text/fold.h"

#include <opencc/opencc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <utf8proc.h>

#include <cmocka.h>

/* What all tests share: the tables, and the slow way. */
struct world {
    const struct qund_fold *fold;
    opencc_t cc;
};

static const struct qund_fold *fold_of(void **state)
{
    return ((struct world *)*state)->fold;
}

static int setup(void **state)
{
    struct world *w = qund_alloc(sizeof(*w));

    w->fold = qund_fold_tables();
    w->cc = opencc_open("t2s.json");
    *state = w;
    return w->cc == (opencc_t)-1 ? -1 : 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    opencc_close(w->cc);
    qund_free(w);
    return 0;
}

/* --- the slow way */

static bool dropped(uint32_t cp)
{
    return cp == 0xAD || (cp >= 0x200B && cp <= 0x200F) || cp == 0x2060 || cp == 0xFEFF ||
           (cp >= 0xFE00 && cp <= 0xFE0F) || (cp >= 0xE0100 && cp <= 0xE01EF) ||
           utf8proc_category((utf8proc_int32_t)cp) == UTF8PROC_CATEGORY_ME;
}

static void simplify(opencc_t cc, uint32_t cp, struct qund_buf *out)
{
    char utf8[5] = {0}, *simple;

    qund_utf8_put(utf8, cp);
    for (int pass = 0; pass < 4 && cp >= 0x3400 && cp <= 0x9FFF; pass++) {
        simple = opencc_convert_utf8(cc, utf8, strlen(utf8));
        if (strlen(simple) == 3) /* forms beyond the basic plane are left alone */
            memcpy(utf8, simple, 4);
        opencc_convert_utf8_free(simple);
    }
    qund_buf_add(out, utf8, cp == 0 ? 1 : strlen(utf8));
}

static void slow_fold(opencc_t cc, struct qund_str in, struct qund_buf *out)
{
    struct qund_buf seen = {0};
    utf8proc_uint8_t *mapped = NULL;
    utf8proc_ssize_t n;
    char utf8[4];

    for (size_t at = 0; at < in.n;) {
        uint32_t cp = qund_utf8_next(in, &at);

        if (cp >= 0x2776 && cp <= 0x277E)
            cp = '1' + (cp - 0x2776);
        if (cp >= 0x1F170 && cp <= 0x1F189)
            cp = 'a' + (cp - 0x1F170);
        if (!dropped(cp))
            qund_buf_add(&seen, utf8, qund_utf8_put(utf8, cp));
    }
    n = utf8proc_map(
        (const utf8proc_uint8_t *)(seen.p ? seen.p : ""), (utf8proc_ssize_t)seen.n, &mapped,
        UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
    assert_true(n >= 0);
    for (size_t at = 0; at < (size_t)n;)
        simplify(cc, qund_utf8_next(qund_str_n((char *)mapped, (size_t)n), &at), out);
    free(mapped);
    qund_buf_done(&seen);
}

/* --- comparing */

static void check_map(const struct qund_folded *t, struct qund_str original)
{
    assert_int_equal(t->map[t->text.n], original.n);
    for (size_t i = 0; i < t->text.n; i++) {
        assert_true(t->map[i] <= t->map[i + 1]);
        assert_true(t->map[i] < original.n);
        assert_int_not_equal((unsigned char)original.p[t->map[i]] & 0xC0, 0x80); /* a start */
    }
}

static void check_one(struct world *w, struct qund_str original, struct qund_folded *t)
{
    QUND_AUTO(qund_buf_done) struct qund_buf slow = {0}, again = {0};

    assert_int_equal(qund_fold_text(w->fold, original, t), QUND_OK);
    slow_fold(w->cc, original, &slow);
    if (!qund_str_eq(qund_buf_view(&t->text), qund_buf_view(&slow)))
        fail_msg("'%.*s': table '%.*s', libraries '%.*s'", QUND_STR_ARG(original),
                 QUND_STR_ARG(qund_buf_view(&t->text)), QUND_STR_ARG(qund_buf_view(&slow)));
    check_map(t, original);
    assert_int_equal(qund_utf8_check(qund_buf_view(&t->text)), -1);
    qund_fold_str(w->fold, qund_buf_view(&t->text), &again);
    if (!qund_str_eq(qund_buf_view(&t->text), qund_buf_view(&again)))
        fail_msg("folding '%.*s' twice gives another text", QUND_STR_ARG(original));
}

static void expect(const struct qund_fold *f, const char *original, const char *folded,
                   const char *squeezed)
{
    QUND_AUTO(qund_folded_done) struct qund_folded t = {0};

    assert_int_equal(qund_fold_text(f, qund_str(original), &t), QUND_OK);
    qund_fold_squeeze(f, &t);
    assert_string_equal(t.text.p, folded);
    assert_string_equal(t.squeezed.p, squeezed);
}

/* --- tests */

static void disguises_fold_to_the_plain_word(void **state)
{
    const struct qund_fold *f = fold_of(state);

    expect(f, "加微信ＶＸ：１２３", "加微信vx:123", "加微信vx123");
    expect(f, "雲淡風輕，多少錢？", "云淡风轻,多少钱?", "云淡风轻多少钱");
    expect(f, "微\u200b信\u2060号\ufeff", "微信号", "微信号");
    expect(f, "微 信, V❤ 薇❤️", "微 信, v❤ 薇❤", "微信v薇");
    expect(f, "3\ufe0f\u20e3号楼", "3号楼", "3号楼");
    expect(f, "①②❸➃⑩❿⓫",
           "123410"
           "1011",
           "123410"
           "1011");
    expect(f, "Ⅴ信 ⅷ", "v信 viii", "v信viii");
    expect(f, "🆅🅥Ⓥ信", "vvv信", "vvv信");
    expect(f, "㎡ ℃ ﷺ", "m2 °c صلى الله عليه وسلم", "m2cصلىاللهعليهوسلم");
    expect(f, "so\u00adft", "soft", "soft");
    expect(f, "", "", "");
    expect(f, "\u200d\ufe0f", "", "");
}

static void marks_join_their_base(void **state)
{
    const struct qund_fold *f = fold_of(state);

    expect(f, "E\u0301clair", "éclair", "éclair");
    expect(f, "か\u3099 ｶﾞ", "が ガ", "がガ");
    expect(f, "\u1112\u1161\u11ab한", "한한", "한한");
    expect(f, "\u0301a", "\u0301a", "a");
    expect(f, "微\u0336信\u0336", "微\u0336信\u0336", "微信"); /* struck through */
    expect(f, "a\u200b\u0301", "á", "á");
}

static void the_map_leads_back_to_whole_characters(void **state)
{
    const struct qund_fold *f = fold_of(state);
    QUND_AUTO(qund_folded_done) struct qund_folded t = {0};
    struct qund_str in = qund_str("請加Ｖ\u200b信😀㎡E\u0301x");
    struct qund_str cut;
    ptrdiff_t at;

    assert_int_equal(qund_fold_text(f, in, &t), QUND_OK);
    check_map(&t, in);
    at = qund_str_find(qund_buf_view(&t.text), 0, qund_str("v信"));
    cut = qund_folded_origin(&t, in, (size_t)at, (size_t)at + 4);
    assert_true(qund_str_is(cut, "Ｖ\u200b信"));
    at = qund_str_find(qund_buf_view(&t.text), 0, qund_str("m"));
    cut = qund_folded_origin(&t, in, (size_t)at, (size_t)at + 1); /* half of "m2" */
    assert_true(qund_str_is(cut, "㎡"));
    at = qund_str_find(qund_buf_view(&t.text), 0, qund_str("é"));
    cut = qund_folded_origin(&t, in, (size_t)at, (size_t)at + 2);
    assert_true(qund_str_is(cut, "E\u0301"));
    qund_fold_squeeze(f, &t);
    at = qund_str_find(qund_buf_view(&t.squeezed), 0, qund_str("m2"));
    assert_int_equal(t.squeezed_map[at], strstr(in.p, "㎡") - in.p);
    assert_int_equal(t.squeezed_map[t.squeezed.n], in.n);
}

static void each_code_point_folds_as_the_libraries_do(void **state)
{
    struct world *w = *state;
    QUND_AUTO(qund_folded_done) struct qund_folded t = {0};
    char utf8[4];

    for (uint32_t cp = 0; cp < 0x110000; cp += cp < 0x20000 ? 1 : 97) {
        bool drawn = (cp >= 0x24EB && cp <= 0x24FF) || (cp >= 0x277F && cp <= 0x2793) ||
                     (cp >= 0x1F10B && cp <= 0x1F169);

        if (!drawn && (cp < 0xD800 || cp > 0xDFFF)) /* no decomposition: tested by name above */
            check_one(w, qund_str_n(utf8, qund_utf8_put(utf8, cp)), &t);
    }
}

/* Pieces that meet badly: bases, marks of several classes, jamo, joiners, emoji, right-to-left. */
static const char *const PIECES[] = {
    "微",
    "信",
    "錢",
    "a",
    "Ａ",
    "E",
    "ß",
    "İ",
    "Ⅴ",
    " ",
    "\u3000",
    "１",
    "3\ufe0f\u20e3",
    "\u0301",
    "\u0323",
    "\u0308",
    "\u0345",
    "\u3099",
    "\u309a",
    "か",
    "ハ",
    "ｶ",
    "ﾞ",
    "ﾟ",
    "\u1100",
    "\u1161",
    "\u11a8",
    "한",
    "가",
    "👨\u200d👩\u200d👧",
    "❤\ufe0f",
    "🇨🇳",
    "👍🏽",
    "ال",
    "\u0651",
    "\u064e",
    "ﷺ",
    "ﻻ",
    "שׁ",
    "\u05c1",
    "ก",
    "ำ",
    "\u0e49",
    "ক",
    "\u09c7",
    "\u09be",
    "\u200b",
    "\u200d",
    "\u00ad",
    "\u202e",
    "ﬁ",
    "ŉ",
    "㍿",
    "Å",
    "𝐕",
    "𠀀",
    "\U000e0101",
    "豈",
    "\u0f71",
    "\u0f72",
    "①",
    "❶",
    "…",
    "\n",
};

static void random_texts_fold_as_the_libraries_do(void **state)
{
    struct world *w = *state;
    QUND_AUTO(qund_folded_done) struct qund_folded t = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    uint32_t seed = 20240607;

    for (int round = 0; round < 6000; round++) {
        qund_buf_clear(&text);
        for (seed = seed * 1664525u + 1013904223u; (seed >> 16) % 17 != 0;
             seed = seed * 1664525u + 1013904223u)
            qund_buf_puts(&text, PIECES[(seed >> 8) % QUND_ARRAY_LEN(PIECES)]);
        check_one(w, qund_buf_view(&text), &t);
    }
}

static void a_tower_of_marks_is_cut_and_stays_cheap(void **state)
{
    const struct qund_fold *f = fold_of(state);
    QUND_AUTO(qund_folded_done) struct qund_folded t = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};

    qund_buf_puts(&text, "前a");
    for (int i = 0; i < 100000; i++)
        qund_buf_puts(&text, i % 2 ? "\u0323" : "\u0301"); /* the worst order to sort */
    qund_buf_puts(&text, "后");
    assert_int_equal(qund_fold_text(f, qund_buf_view(&text), &t), QUND_OK);
    check_map(&t, qund_buf_view(&text));
    assert_true(t.text.n < 100);
    assert_string_equal(t.text.p + t.text.n - 3, "后");
}

static void a_run_of_vowels_that_only_join_keeps_all_of_them(void **state)
{
    const struct qund_fold *f = fold_of(state);
    QUND_AUTO(qund_folded_done) struct qund_folded t = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};

    for (int i = 0; i < 1000; i++)
        qund_buf_puts(&text, "\u1161");
    assert_int_equal(qund_fold_text(f, qund_buf_view(&text), &t), QUND_OK);
    assert_true(qund_str_eq(qund_buf_view(&t.text), qund_buf_view(&text)));
    check_map(&t, qund_buf_view(&text));
}

static void a_text_beyond_the_limit_is_refused_and_reads_as_empty(void **state)
{
    const struct qund_fold *f = fold_of(state);
    QUND_AUTO(qund_folded_done) struct qund_folded t = {0};
    QUND_AUTO(qund_free) void *big = qund_alloc(QUND_FOLD_MAX_BYTES + 1);

    memset(big, 'x', QUND_FOLD_MAX_BYTES + 1);
    assert_int_equal(qund_fold_text(f, qund_str_n(big, QUND_FOLD_MAX_BYTES + 1), &t), QUND_E_FULL);
    assert_int_equal(t.text.n, 0);
    assert_int_equal(qund_fold_text(f, qund_str_n(big, QUND_FOLD_MAX_BYTES), &t), QUND_OK);
    assert_int_equal(t.text.n, QUND_FOLD_MAX_BYTES);
    assert_int_equal(qund_fold_text(f, qund_str("小"), &t), QUND_OK); /* and the memory goes back */
    assert_true(t.map_cap < 1000);
}

static void a_word_spaced_out_is_joined_and_phrases_are_not(void **state)
{
    static const struct {
        const char *text, *joined;
    } cases[] = {
        {"多 少 钱", "多少钱"},
        {"橱柜　多  少　錢？", "橱柜 多少钱?"},
        {"VIP密训，加 微 信 jk029 发你", "vip密训,加微信 jk029 发你"},
        {"铰链 又 掉 了 多 少 次", "铰链 又掉了多少次"},
        {"嗯 好", "嗯 好"},                                     /* two say nothing */
        {"价 格 多少", "价 格 多少"},                           /* likewise */
        {"行 我去看看 姐 墙上那个", "行 我去看看 姐 墙上那个"}, /* phrases */
        {"买 1 送 1 的 码 多少", "买 1 送 1 的 码 多少"},
        {"1. 例 2人\n2. 周 1人", "1. 例 2人\n2. 周 1人"},
        {"早\n安\n好", "早\n安\n好"},
        {"是 多 少钱", "是 多 少钱"},
        {" 多 少 钱 ", " 多少钱 "},
    };
    const struct qund_fold *f = fold_of(state);
    QUND_AUTO(qund_folded_done) struct qund_folded t = {0};
    QUND_AUTO(qund_folded_done) struct qund_folded again = {0};

    for (size_t i = 0; i < QUND_ARRAY_LEN(cases); i++) {
        struct qund_str text = qund_str(cases[i].text);
        ptrdiff_t at;

        assert_int_equal(qund_fold_message(f, text, &t), QUND_OK);
        assert_string_equal(t.text.p, cases[i].joined);
        check_map(&t, text);
        at = qund_str_find(qund_buf_view(&t.text), 0, QUND_STR("多少钱"));
        if (at >= 0) { /* what was written, blanks included */
            struct qund_str was = qund_folded_origin(&t, text, (size_t)at, (size_t)at + 9);

            assert_true(was.n > 9 && qund_str_starts(was, "多") && was.p[was.n - 1] != ' ');
        }
        assert_int_equal(qund_fold_message(f, qund_buf_view(&t.text), &again), QUND_OK);
        assert_string_equal(again.text.p, t.text.p);
    }
}

static void memory_is_reused_from_text_to_text(void **state)
{
    const struct qund_fold *f = fold_of(state);
    QUND_AUTO(qund_folded_done) struct qund_folded t = {0};
    const char *before;

    assert_int_equal(qund_fold_text(f, qund_str("一段比较长的文字，后面的都放得下"), &t), QUND_OK);
    qund_fold_squeeze(f, &t);
    before = t.text.p;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(qund_fold_text(f, qund_str("短ＴＥＸＴ㎡"), &t), QUND_OK);
        assert_false(t.has_squeezed);
        qund_fold_squeeze(f, &t);
        assert_string_equal(t.squeezed.p, "短textm2");
    }
    assert_ptr_equal(t.text.p, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disguises_fold_to_the_plain_word),
        cmocka_unit_test(marks_join_their_base),
        cmocka_unit_test(the_map_leads_back_to_whole_characters),
        cmocka_unit_test(each_code_point_folds_as_the_libraries_do),
        cmocka_unit_test(random_texts_fold_as_the_libraries_do),
        cmocka_unit_test(a_tower_of_marks_is_cut_and_stays_cheap),
        cmocka_unit_test(a_run_of_vowels_that_only_join_keeps_all_of_them),
        cmocka_unit_test(a_text_beyond_the_limit_is_refused_and_reads_as_empty),
        cmocka_unit_test(a_word_spaced_out_is_joined_and_phrases_are_not),
        cmocka_unit_test(memory_is_reused_from_text_to_text),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
