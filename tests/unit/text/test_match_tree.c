/* tests/unit/text/test_match_tree.c - expressions that are found by their words find what PCRE2
 * finds: the shipped ones in the labelled chats, and odd ones in odd texts. */
#include "text/match_tree.h"

#include "core/file.h"
#include "core/yaml.h"
#include "text/match.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define EXPRESSIONS_MAX 1000u
#define EVERY 8u /* of the labelled texts */

struct set {
    struct qund_pattern v[EXPRESSIONS_MAX];
    size_t n;
    struct qund_arena *arena; /* of the texts */
    struct qund_match *m;
    struct qund_scratch *s;
    struct qund_folded t;
    size_t hits;
};

static void add(struct set *set, struct qund_str regex)
{
    assert_true(set->n < EXPRESSIONS_MAX);
    set->v[set->n] = (struct qund_pattern){(uint32_t)set->n, QUND_PATTERN_REGEX, QUND_VIEW_FOLDED,
                                           qund_arena_str(set->arena, regex)};
    set->n++;
}

static struct set *new_set(void)
{
    struct set *set = qund_alloc(sizeof(*set));

    set->arena = qund_arena_new(4096);
    return set;
}

static void build(struct set *set)
{
    QUND_AUTO(qund_errs_done) struct qund_errs errs;

    qund_errs_init(&errs, 8);
    if (qund_match_build(qund_fold_tables(), set->v, set->n, &set->m, &errs) < 0)
        fail_msg("%s: %s", errs.v[0].where, errs.v[0].text);
    set->s = qund_scratch_new();
}

static void free_set(struct set *set)
{
    qund_match_free(set->m);
    qund_scratch_free(set->s);
    qund_folded_done(&set->t);
    qund_arena_free(set->arena);
    qund_free(set);
}

/* Each expression is reported just when PCRE2 finds it too. */
static void compare(struct set *set, struct qund_str text)
{
    const struct qund_fold *f = qund_fold_tables();
    const uint32_t *ids;
    int n;

    assert_int_equal(qund_fold_text(f, text, &set->t), QUND_OK);
    n = qund_match_scan(set->m, set->s, f, &set->t, &ids);
    assert_true(n >= 0);
    for (uint32_t id = 0; id < set->n; id++) {
        bool reported = n > 0 && *ids == id;
        int groups = qund_match_captures(set->m, set->s, id, &set->t, NULL, 0);

        if (groups != QUND_E_FULL && reported != (groups > 0))
            fail_msg("%.*s %s '%.*s'", QUND_STR_ARG(set->v[id].text),
                     reported ? "is reported for" : "is not reported for", QUND_STR_ARG(text));
        ids += reported;
        n -= reported;
        set->hits += reported;
    }
    assert_int_equal(n, 0);
}

/* --- the shipped rules */

static void add_regexes(struct set *set, const struct qund_ynode *node)
{
    const struct qund_ynode *regex =
        node->kind == QUND_YAML_MAP ? qund_yaml_get(node, "regex") : NULL;

    if (regex && regex->kind == QUND_YAML_SCALAR)
        add(set, regex->text);
    for (const struct qund_ynode *c = node->child; c; c = c->next)
        add_regexes(set, c);
}

static void add_shipped(struct set *set)
{
    const char *dir = QUND_SOURCE_DIR "/config/rules";
    char **names = NULL;
    size_t n = 0;

    assert_int_equal(qund_dir_list(dir, ".yaml", &names, &n, NULL), 0);
    for (size_t i = 0; i < n; i++) {
        QUND_AUTO(qund_free_str) char *path = qund_path_join(dir, names[i]);
        QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
        QUND_AUTO(qund_yaml_free) struct qund_yaml *doc = NULL;

        assert_int_equal(qund_file_read(path, 1 << 20, &text, NULL), 0);
        assert_int_equal(qund_yaml_parse(path, qund_buf_view(&text), &doc, NULL), 0);
        add_regexes(set, qund_yaml_root(doc));
        qund_free(names[i]);
    }
    qund_free(names);
}

/* Each "text" of the label files, near enough: escapes stay as they are. */
static void each_text(struct set *set, struct qund_str all)
{
    static const struct qund_str key = QUND_STR("\"text\": \"");
    size_t seen = 0;

    for (ptrdiff_t at; (at = qund_str_find(all, 0, key)) >= 0;) {
        all = qund_str_n(all.p + at + key.n, all.n - (size_t)at - key.n);
        if (seen++ % EVERY == 0) {
            struct qund_str rest = all;

            compare(set, qund_str_split(&rest, '"'));
        }
    }
}

static void shipped_expressions_are_found_where_pcre2_finds_them(void **state)
{
    const char *dir = QUND_SOURCE_DIR "/tests/data/labels";
    struct set *set = new_set();
    char **names = NULL;
    size_t n = 0;

    (void)state;
    add_shipped(set);
    assert_true(set->n > 250);
    build(set);
    assert_int_equal(qund_dir_list(dir, ".jsonl", &names, &n, NULL), 0);
    for (size_t i = 0; i < n; i++) {
        QUND_AUTO(qund_free_str) char *path = qund_path_join(dir, names[i]);
        QUND_AUTO(qund_buf_done) struct qund_buf text = {0};

        assert_int_equal(qund_file_read(path, 4 << 20, &text, NULL), 0);
        each_text(set, qund_buf_view(&text));
        qund_free(names[i]);
    }
    qund_free(names);
    assert_true(set->hits > 300);
    free_set(set);
}

/* --- everything that the language has */

static const char *const ODD[] = {
    "没人",
    "没(有)?人",
    "(没|不|还没)(来|到)",
    "(说好|答应).{0,3}(没|不)",
    "(a|b).{2,4}(c|d)",
    "a.*b",
    "a.+b",
    "a.c",
    "(a|bc)+d",
    "(a|bc){2,3}d",
    "(没|不)*来",
    "(中|中文)+文",
    "(ab?)+c",
    "((a|b)(c|d)?){2}e",
    "(甲|乙)(丙|丁)(1|2)(3|4)(5|6)",
    "甲(乙丙?)?丁",
    "a()b",
    "(a|)b",
    "^a",
    "b$",
    "^(甲|乙)$",
    "(^|[,。])来",
    "来($|[,。])",
    "(^|b)(a|c)$",
    "[一二三]个",
    "[^一二三]个",
    "[a-c,]+没",
    "[一-龥]{2}a",
    "\\d{2,3}元",
    "a\\d",
    "\\d\\s*元",
    "a\\S来",
    "a\\Db",
    "\\w+@\\w+\\.c",
    "a\\.b",
    "a[.]b",
    "[a\\]]-",
    "x[\\-~]y",
    "😀.?没",
    "é(中|d)",
    "(?:a|b)(?P<name>c)(?<other>d)",
    "(a(b(c(d)?)?)?)?来",
    "(a|b)c{0}d",
    "a{0,2}来",
    "(没.{0,3}){2}人",
    "(没|.人).{0,2}(来|$)",
    "了[!。]*$|不",
    "今天|明天|周(一|二)|\\d+号",
    "[A-C]x",
    "\\bab",
    "(一|1)(斤|个)(是|要)?(几|多少)",
};

static const char *const PIECES[] = {
    "没", "不", "人", "来", "有", "到",   "还没", "说好", "答应", "a",  "b",  "c",  "d",    "e",
    "ab", "bc", "cd", "中", "文", "中文", "甲",   "乙",   "丙",   "丁", "1",  "2",  "3",    "4",
    "5",  "6",  ",",  "。", "\n", "一",   "二",   "个",   "元",   " ",  "@",  ".",  "]",    "-",
    "~",  "x",  "y",  "😀",  "é",  "了",   "!",    "今天", "周一", "号", "斤", "几", "多少",
};

static void odd_expressions_are_found_where_pcre2_finds_them(void **state)
{
    struct set *set = new_set();
    uint32_t seed = 5;

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(ODD); i++)
        add(set, qund_str(ODD[i]));
    build(set);
    for (int i = 0; i < 6000; i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf text = {0};

        seed = seed * 1664525u + 1013904223u;
        for (uint32_t k = (seed >> 20) % (i % 50 == 0 ? 300 : 12); k > 0; k--) {
            seed = seed * 1664525u + 1013904223u;
            qund_buf_puts(&text, PIECES[(seed >> 8) % QUND_ARRAY_LEN(PIECES)]);
        }
        compare(set, qund_buf_view(&text));
    }
    assert_true(set->hits > 10000);
    free_set(set);
}

/* A backtracking matcher would be at it for ever; limits would have it give up. */
static void long_texts_of_one_kind_are_judged(void **state)
{
    struct set *set = new_set();
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    const uint32_t *ids;

    (void)state;
    add(set, QUND_STR("没(没|不).{0,16}没.{0,16}(没|不).{0,16}人"));
    add(set, QUND_STR("等(我|着)*(我|你)+(一|两|半)+(个|来)?天"));
    build(set);
    qund_buf_puts(&text, "等");
    for (int i = 0; i < 20000; i++)
        qund_buf_puts(&text, i < 10000 ? "我" : "没");
    assert_int_equal(qund_fold_text(qund_fold_tables(), qund_buf_view(&text), &set->t), QUND_OK);
    assert_int_equal(qund_match_scan(set->m, set->s, qund_fold_tables(), &set->t, &ids), 0);
    qund_buf_puts(&text, "人等我我你半半天");
    assert_int_equal(qund_fold_text(qund_fold_tables(), qund_buf_view(&text), &set->t), QUND_OK);
    assert_int_equal(qund_match_scan(set->m, set->s, qund_fold_tables(), &set->t, &ids), 2);
    compare(set, QUND_STR("没有人")); /* what a long text has left behind does no harm */
    free_set(set);
}

/* --- the words */

struct told {
    char text[256];
    size_t n;
};

static void tell(void *ctx, struct qund_str word, bool whole)
{
    struct told *t = ctx;

    t->n += (size_t)snprintf(t->text + t->n, sizeof(t->text) - t->n, "%s%s%.*s", t->n ? " " : "",
                             whole ? "=" : "", QUND_STR_ARG(word));
}

static void an_expression_is_known_by_its_rarest_words(void **state)
{
    static const struct {
        const char *regex, *words;
        enum match_keys keys;
    } CASES[] = {
        {"没(有)?人", "=没人 =没有人", MATCH_KEYS_WHOLE},
        {"(没|不)(来|到)", "=没来 =没到 =不来 =不到", MATCH_KEYS_WHOLE},
        {"^没人", "没人", MATCH_KEYS_SOME},
        {"(说好|答应).{0,16}(没|不)", "说好 答应", MATCH_KEYS_SOME},
        {"(没|不).{0,16}(说好|答应)", "说好 答应", MATCH_KEYS_SOME},
        {"我.{0,4}(装|拆)", "装 拆", MATCH_KEYS_SOME}, /* 我 is in every second message */
        {"今天|周(一|二).*来", "=今天 周一 周二", MATCH_KEYS_SOME},
        {"a+(bc|d)", "a", MATCH_KEYS_SOME},
        {"[一二]个", "=一个 =二个", MATCH_KEYS_WHOLE},
        {"\\d+", "0 1 2 3 4 5 6 7 8 9", MATCH_KEYS_SOME},
        {"[a-z]+", "", MATCH_KEYS_NONE},
        {".没?", "", MATCH_KEYS_NONE},
        {"没|.", "", MATCH_KEYS_NONE},
        {"(没)?(来)?", "", MATCH_KEYS_NONE},
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(CASES); i++) {
        const char *regex = CASES[i].regex;
        QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(4096);
        struct match_tree tree = {0};
        struct told told = {"", 0};
        bool anchored;

        assert_true(match_tree_read(&tree, regex, 0, (uint32_t)strlen(regex), &anchored));
        assert_int_equal(anchored, regex[0] == '^');
        assert_int_equal(match_keys_find(&tree, 0, regex, arena, tell, &told), CASES[i].keys);
        assert_string_equal(told.text, CASES[i].words);
        qund_free(tree.v);
    }
}

static void what_is_unusual_is_left_to_hyperscan(void **state)
{
    static const char *const CASES[] = {
        "a*?b",      "a++b",
        "ABC",       "\\bab",
        "\\x41",     "(?i)a",
        "(?=a)b",    "[[:alpha:]]",
        "a{1001}b",  "[A-Z]",
        "a{b",       "((ab){900}){900}",
        "\\p{Han}a", "(((((((((((((((((a)))))))))))))))))",
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(CASES); i++) {
        struct match_tree tree = {0};
        bool anchored;

        if (match_tree_read(&tree, CASES[i], 0, (uint32_t)strlen(CASES[i]), &anchored))
            fail_msg("%s", CASES[i]);
        assert_int_equal(tree.n, 0);
        qund_free(tree.v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_expressions_are_found_where_pcre2_finds_them),
        cmocka_unit_test(odd_expressions_are_found_where_pcre2_finds_them),
        cmocka_unit_test(long_texts_of_one_kind_are_judged),
        cmocka_unit_test(an_expression_is_known_by_its_rarest_words),
        cmocka_unit_test(what_is_unusual_is_left_to_hyperscan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
