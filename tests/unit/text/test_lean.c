/* Leanings: what a table adds up to, which tables are refused, and that all of it is exact. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include "core/file.h"
#include "text/fold.h"
#include "text/lean.h"
#include <math.h>
#include <stdio.h>

static const char SMALL[] = "# made by hand\n"
                            "lean 1\n"
                            "intent complaint -2.00\n"
                            "intent price_question -1.5\n"
                            "length 0\tcomplaint=-0.30 price_question=0.2\n"
                            "#\n"
                            "半天\tcomplaint=1.20\n"
                            "不\tcomplaint=0.7 price_question=-0.05\n"
                            "^多少\tprice_question=3\n"
                            "钱$\tprice_question=0.75\n"
                            "00\tprice_question=0.40\n"
                            "a␣b\tcomplaint=0.11\n"
                            "😡\tcomplaint=2.5\n";

static struct qund_lean *table(const char *text)
{
    struct qund_lean *l = NULL;
    struct qund_errs errs;

    qund_errs_init(&errs, 4);
    if (qund_lean_parse("t.txt", qund_str(text), &l, &errs) < 0)
        fail_msg("%s: %s", errs.v[0].where, errs.v[0].text);
    qund_errs_done(&errs);
    return l;
}

static int32_t sum(const struct qund_lean *l, const char *text, const char *intent)
{
    struct qund_buf folded = {0};
    struct qund_leanings out;

    qund_fold_str(qund_fold_tables(), qund_str(text), &folded);
    qund_lean_score(l, qund_buf_view(&folded), 0, &out);
    qund_buf_done(&folded);
    return out.sum[qund_lean_find(l, qund_str(intent))];
}

static void weights_add_up_each_gram_once(void **state)
{
    struct qund_lean *l = table(SMALL);

    (void)state;
    assert_int_equal(sum(l, "等了半天也没人", "complaint"), -200 + 120);
    assert_int_equal(sum(l, "半天半天半天", "complaint"), -200 + 120);
    assert_int_equal(sum(l, "不", "complaint"), -200 + 70 - 30); /* short, too */
    assert_int_equal(sum(l, "不", "price_question"), -150 - 5 + 20);
    assert_int_equal(sum(l, "多少钱", "price_question"), -150 + 300 + 75 + 20);
    assert_int_equal(sum(l, "要多少钱呢", "price_question"), -150 + 20);
    assert_int_equal(sum(l, "", "complaint"), -200 - 30);
    qund_lean_unref(l);
}

static void grams_of_a_class_of_length_count_as_its_scale_says(void **state)
{
    struct qund_lean *l = table("lean 1\nintent complaint -2.00\nscale 0 1.41\nscale 6 0.5\n"
                                "length 0\tcomplaint=-0.30\n半天\tcomplaint=1.20\n"
                                "没人\tcomplaint=-0.55\n");
    struct qund_lean_part v[3];

    (void)state;
    assert_int_equal(sum(l, "半天", "complaint"),
                     -200 - 30 + 169); /* what it says of itself is as it is */
    assert_int_equal(sum(l, "半天没人", "complaint"), -200 - 30 + 91);
    assert_int_equal(sum(l, "我等了他们半天", "complaint"), -200 + 120); /* class 1 has no scale */
    assert_int_equal(
        sum(l, "我在这里一直坐着等了整整一个上午那个修车的师傅他半天都不过来看一下也没说一声",
            "complaint"),
        -200 + 60);
    assert_int_equal(qund_lean_parts(l, QUND_STR("半天"), 0, 0, v, 3), 3);
    assert_string_equal(v[1].gram, "半天");
    assert_int_equal(v[1].weight, 169); /* explained as it counted */
    qund_lean_unref(l);
}

static void words_of_the_talk_count_like_grams(void **state)
{
    struct qund_lean *l = table("lean 1\nintent complaint -2.00\nscale 0 0.5\n"
                                "context after_staff\tcomplaint=0.60\n"
                                "context call_order\tcomplaint=-1.5\n来\tcomplaint=1\n");
    const struct qund_str all[] = {QUND_STR("call_order"), QUND_STR("unknown"),
                                   QUND_STR("after_staff")};
    struct qund_leanings out;
    struct qund_lean_part v[4];

    (void)state;
    assert_int_equal(qund_lean_context(l, all, 0), 0);
    assert_int_equal(qund_lean_context(l, all + 1, 1), 0);
    qund_lean_score(l, QUND_STR("来"), qund_lean_context(l, all, 3), &out);
    assert_int_equal(out.sum[0], -200 + (100 + 60 - 150) / 2);
    qund_lean_score(l, QUND_STR("来"), qund_lean_context(l, all + 2, 1), &out);
    assert_int_equal(out.sum[0], -200 + (100 + 60) / 2);
    assert_int_equal(qund_lean_parts(l, QUND_STR("来"), qund_lean_context(l, all, 3), 0, v, 4), 4);
    assert_string_equal(v[1].gram, "context call_order");
    assert_int_equal(v[1].weight, -75);
    qund_lean_unref(l);
}

static void a_capital_stands_for_an_intent_where_one_was_declared(void **state)
{
    struct qund_lean *l = table(
        "lean 1\nintent complaint -2.00 C\nintent spam -3\n"
        "length 0\tC=-0.30\ncontext x\tspam=0.20\n半天\tC=1.20 spam=0.4\n没人\tcomplaint=0.55\n");
    struct qund_buf once = {0};

    (void)state;
    assert_int_equal(sum(l, "半天没人", "complaint"), -200 - 30 + 120 + 55);
    assert_int_equal(sum(l, "半天没人", "spam"), -300 + 40);
    qund_lean_print(l, &once);
    assert_string_equal(
        once.p, "lean 1\nintent complaint -2.00 C\nintent spam -3.00\n"
                "length 0\tC=-0.30\ncontext x\tspam=0.20\n半天\tC=1.20 spam=0.40\n没人\tC=0.55\n");
    qund_buf_done(&once);
    qund_lean_unref(l);
}

static void digits_blanks_and_emoji_are_what_they_stand_for(void **state)
{
    struct qund_lean *l = table(SMALL);

    (void)state;
    assert_int_equal(sum(l, "就是１９８这样子的", "price_question"), -150 + 40);
    assert_int_equal(sum(l, "真的是a \n  b这样", "complaint"), -200 + 11);
    assert_int_equal(sum(l, "这是怎么一回事😡", "complaint"), -200 + 250);
    assert_int_equal(sum(l, "^多少是多少啊哈", "price_question"), -150); /* no end of the text */
    qund_lean_unref(l);
}

static void spellings_of_one_thing_are_one(void **state)
{
    struct qund_lean *l = table("lean 1\nintent complaint 0\n啥价\tcomplaint=1\n没人\tcomplaint=2\n"
                                "恁咋\tcomplaint=4\na␣b\tcomplaint=0.5\n多少?\tcomplaint=8\n");

    (void)state;
    assert_int_equal(sum(l, "这是什么价", "complaint"), 100);
    assert_int_equal(sum(l, "么子价", "complaint"), 100);
    assert_int_equal(sum(l, "冇人", "complaint"), 200);
    assert_int_equal(sum(l, "没有人", "complaint"), 200);
    assert_int_equal(sum(l, "莫得人", "complaint"), 200);
    assert_int_equal(sum(l, "你们怎么了", "complaint"), 400);
    assert_int_equal(sum(l, "你哋如何", "complaint"), 400);
    assert_int_equal(sum(l, "a，。 ！b", "complaint"), 50); /* however it is parted */
    assert_int_equal(sum(l, "多少？", "complaint"), 800);   /* a question stays one */
    assert_int_equal(sum(l, "多少！", "complaint"), 0);
    qund_lean_unref(l);
}

static void only_the_beginning_of_a_long_text_counts(void **state)
{
    struct qund_lean *l = table(SMALL);
    struct qund_buf text = {0};

    (void)state;
    for (int i = 0; i < 199; i++)
        qund_buf_puts(&text, "好");
    qund_buf_puts(&text, "半天钱");
    assert_int_equal(sum(l, text.p, "complaint"), -200);
    assert_int_equal(sum(l, text.p, "price_question"), -150);
    qund_buf_done(&text);
    qund_lean_unref(l);
}

static void per_cent_is_the_logistic_cut_down(void **state)
{
    (void)state;
    for (int32_t s = -1200; s <= 1200; s++) {
        double p = 100.0 / (1.0 + exp(-s / 100.0));
        int want = (int)floor(p + 1e-9);

        assert_int_equal(qund_lean_percent(s), want > 99 ? 99 : want);
    }
    assert_int_equal(qund_lean_percent(INT32_MIN), 0);
    assert_int_equal(qund_lean_percent(INT32_MAX), 99);
}

static void the_heaviest_grams_come_first(void **state)
{
    struct qund_lean *l = table(SMALL);
    struct qund_lean_part v[3];

    (void)state;
    assert_int_equal(qund_lean_parts(l, QUND_STR("半天不来😡"), 0, 0, v, 3), 3);
    assert_string_equal(v[0].gram, "😡");
    assert_int_equal(v[0].weight, 250);
    assert_string_equal(v[1].gram, ""); /* the bias */
    assert_string_equal(v[2].gram, "半天");
    assert_int_equal(qund_lean_parts(l, QUND_STR("a b"), 0, 0, v, 3), 3);
    assert_string_equal(v[1].gram, "length 0");
    assert_string_equal(v[2].gram, "a␣b");
    qund_lean_unref(l);
}

static void what_is_printed_reads_as_the_same_table(void **state)
{
    struct qund_lean *l = table(SMALL), *again;
    struct qund_buf once = {0}, twice = {0};

    (void)state;
    qund_lean_print(l, &once);
    assert_true(qund_str_find(qund_buf_view(&once), 0, QUND_STR("a␣b\tcomplaint=0.11\n")) > 0);
    again = table(once.p);
    qund_lean_print(again, &twice);
    assert_string_equal(once.p, twice.p);
    assert_int_equal(qund_lean_grams(again), 7);
    assert_int_equal(sum(again, "多少钱", "price_question"), -150 + 300 + 75 + 20);
    qund_buf_done(&once);
    qund_buf_done(&twice);
    qund_lean_unref(l);
    qund_lean_unref(again);
}

#define NO_INTENT                                                                   \
    "expected `intent NAME BIAS`, such as `intent complaint -2.31`, and perhaps a " \
    "capital that stands for it"

#define NO_SCALE                                                                                  \
    "expected `scale CLASS FACTOR` with a class of length from 0 to 6 and a factor up to 10.23, " \
    "such as `scale 0 1.41`"

static const struct {
    const char *text, *errors[4];
} broken[] = {
    {"", {"t.txt:1: the table declares no intent"}},
    {"半天\tcomplaint=1\n", {"t.txt:1: the first line that is no comment must be `lean 1`"}},
    {"lean 2\nintent a 0\n",
     {"t.txt:1: version '2' of the table is not known; this program reads version 1"}},
    {"lean 1\nintent Complaint 0\nintent b\nintent c 1.234\n",
     {"t.txt:2: " NO_INTENT, "t.txt:3: " NO_INTENT, "t.txt:4: " NO_INTENT}},
    {"lean 1\nintent a 0\nintent a 1\n", {"t.txt:3: intent 'a' stands twice"}},
    {"lean 1\nintent a 0 A\nintent b 1 A\nintent c 1 cc\n",
     {"t.txt:3: intent 'A' stands twice", "t.txt:4: " NO_INTENT}},
    {"lean 1\nintent a 0\ncontext x\ta=1\ncontext x\ta=1\ncontext Y\ta=1\n",
     {"t.txt:4: 'x' is no name of a context, stands twice, or is one more than 16",
      "t.txt:5: 'Y' is no name of a context, stands twice, or is one more than 16"}},
    {"lean 1\nintent a 0\nscale 7 1\nscale 0 0\nscale 1\nscale 2 -1\n",
     {"t.txt:3: " NO_SCALE, "t.txt:4: " NO_SCALE, "t.txt:5: " NO_SCALE, "t.txt:6: " NO_SCALE}},
    {"lean 1\nintent a 0\nxy\tb=1\nzz\ta=10.24\nx\ta=1 a=2\n",
     {"t.txt:3: no intent 'b' was declared above; write `intent b BIAS` first",
      "t.txt:4: 'a=10.24' is not INTENT=WEIGHT with a weight from -10.23 to 10.23, two decimals",
      "t.txt:5: intent 'a' stands twice"}},
    {"lean 1\nintent a 0\nabcd\ta=1\n7\ta=1\nx^\ta=1\nxy\ta=1\nxy\ta=2\n",
     {"t.txt:3: 'abcd' is no gram: one to three characters; ^ and $ the ends, ␣ a blank, 0 any "
      "digit",
      "t.txt:4: '7' is no gram: one to three characters; ^ and $ the ends, ␣ a blank, 0 any digit",
      "t.txt:5: 'x^' is no gram: one to three characters; ^ and $ the ends, ␣ a blank, 0 any digit",
      "t.txt:7: 'xy' stands twice"}},
    {"lean 1\nintent a 0\nlength 7\ta=1\nsome words\n",
     {"t.txt:3: a class of length is a number from 0 to 6",
      "t.txt:4: expected `intent NAME BIAS`, or a gram, a tab and INTENT=WEIGHT …"}},
    {"lean 1\nintent a 0\n\xff\ta=1\n", {"t.txt:1: the table is not UTF-8 text"}},
};

static void a_broken_table_is_refused_with_every_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(broken); i++) {
        struct qund_lean *l = NULL;
        struct qund_errs errs;

        qund_errs_init(&errs, 8);
        assert_int_equal(qund_lean_parse("t.txt", qund_str(broken[i].text), &l, &errs),
                         QUND_E_INVAL);
        for (size_t k = 0; k < errs.n || (k < 4 && broken[i].errors[k]); k++) {
            char got[520];

            snprintf(got, sizeof(got), "%s: %s", k < errs.n ? errs.v[k].where : "",
                     k < errs.n ? errs.v[k].text : "nothing");
            assert_string_equal(got, k < 4 && broken[i].errors[k] ? broken[i].errors[k] : "");
        }
        assert_null(l);
        qund_errs_done(&errs);
    }
}

/* Grams of two Han characters, each once, with what `weights` says. */
static void add_grams(struct qund_buf *text, int n, const char *weights)
{
    for (int i = 0; i < n; i++) {
        char c[4], d[4];

        qund_buf_add(text, c, qund_utf8_put(c, 0x4E00 + (uint32_t)i % 300));
        qund_buf_add(text, d, qund_utf8_put(d, 0x4E00 + (uint32_t)i / 300));
        qund_buf_printf(text, "\t%s\n", weights);
    }
}

static void a_table_beyond_its_bounds_is_refused(void **state)
{
    struct qund_buf text = {0};
    struct qund_lean *l = NULL;
    struct qund_errs errs;

    (void)state;
    qund_buf_puts(&text, "lean 1\nintent a 0\n");
    add_grams(&text, 45001, "a=0.01");
    qund_errs_init(&errs, 8);
    assert_int_equal(qund_lean_parse("t.txt", qund_buf_view(&text), &l, &errs), QUND_E_INVAL);
    assert_string_equal(errs.v[0].text,
                        "45001 grams with 45001 weights; at most 45000, and 131068 of"
                        " both together, are allowed");
    text.n -= strlen("\ta=0.01\n") + 6;
    assert_int_equal(qund_lean_parse("t.txt", qund_buf_view(&text), &l, &errs), 0);
    assert_int_equal(qund_lean_grams(l), 45000);
    qund_lean_unref(l);
    qund_errs_done(&errs);
    qund_buf_done(&text);
}

static void the_last_gram_of_a_large_table_weighs_what_it_says(void **state)
{
    struct qund_buf text = {0};
    struct qund_leanings v;
    struct qund_lean *l = NULL;
    struct qund_errs errs;

    (void)state;
    qund_buf_puts(&text, "lean 1\nintent a 0\nintent b 0\nintent c 0\n");
    add_grams(&text, 28000, "a=0.01 b=0.02 c=0.03");
    qund_buf_puts(&text, "龘\ta=1.00 b=2.00 c=3.00\n");
    qund_errs_init(&errs, 8);
    assert_int_equal(qund_lean_parse("t.txt", qund_buf_view(&text), &l, &errs), 0);
    qund_lean_score(l, QUND_STR("龘"), 0, &v);
    assert_int_equal(v.sum[0], 100);
    assert_int_equal(v.sum[1], 200);
    assert_int_equal(v.sum[2], 300);
    qund_lean_unref(l);
    qund_errs_done(&errs);
    qund_buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_add_up_each_gram_once),
        cmocka_unit_test(grams_of_a_class_of_length_count_as_its_scale_says),
        cmocka_unit_test(words_of_the_talk_count_like_grams),
        cmocka_unit_test(a_capital_stands_for_an_intent_where_one_was_declared),
        cmocka_unit_test(digits_blanks_and_emoji_are_what_they_stand_for),
        cmocka_unit_test(spellings_of_one_thing_are_one),
        cmocka_unit_test(only_the_beginning_of_a_long_text_counts),
        cmocka_unit_test(per_cent_is_the_logistic_cut_down),
        cmocka_unit_test(the_heaviest_grams_come_first),
        cmocka_unit_test(what_is_printed_reads_as_the_same_table),
        cmocka_unit_test(a_broken_table_is_refused_with_every_line),
        cmocka_unit_test(a_table_beyond_its_bounds_is_refused),
        cmocka_unit_test(the_last_gram_of_a_large_table_weighs_what_it_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
