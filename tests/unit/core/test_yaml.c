/* test_yaml.c - trees with places, and what is refused. */
#include "core/yaml.h"
#include "unit.h"

static struct qund_yaml *parse(const char *text)
{
    struct qund_yaml *y = NULL;
    struct qund_err err = {0};

    if (qund_yaml_parse("f.yaml", qund_str(text), &y, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    return y;
}

static void a_tree_knows_shapes_and_places(void **state)
{
    struct qund_yaml *y = parse("a: 1\nb:\n  - x\n  - 'null'\n  - null\n  - {k: v, 群: 聊}\n"
                                "c: |\n  two\n  lines\nd:\n");
    const struct qund_ynode *root = qund_yaml_root(y), *b = qund_yaml_get(root, "b"), *n;
    char where[160];

    (void)state;
    assert_string_equal(qund_yaml_name(y), "f.yaml");
    assert_int_equal(root->kind, QUND_YAML_MAP);
    n = qund_yaml_get(root, "a");
    assert_true(qund_str_is(n->text, "1"));
    qund_yaml_where(y, n, where);
    assert_string_equal(where, "f.yaml:1:4");
    assert_int_equal(b->kind, QUND_YAML_LIST);
    assert_int_equal(b->key_line, 2);
    assert_int_equal(b->key_col, 1);
    n = b->child;
    assert_true(qund_str_is(n->text, "x"));
    assert_int_equal(n->col, 5);
    n = n->next;
    assert_true(n->quoted);
    assert_int_equal(n->kind, QUND_YAML_SCALAR);
    n = n->next;
    assert_int_equal(n->kind, QUND_YAML_NULL);
    n = n->next;
    assert_int_equal(n->kind, QUND_YAML_MAP);
    assert_true(qund_str_is(qund_yaml_get(n, "群")->text, "聊"));
    assert_int_equal(qund_yaml_get(n, "群")->col, 15);
    assert_null(n->next);
    assert_true(qund_str_is(qund_yaml_get(root, "c")->text, "two\nlines\n"));
    assert_true(qund_yaml_get(root, "c")->quoted);
    assert_int_equal(qund_yaml_get(root, "d")->kind, QUND_YAML_NULL);
    assert_null(qund_yaml_get(root, "e"));
    assert_null(qund_yaml_get(b, "a"));
    qund_yaml_free(y);
}

/* Values that libfyaml holds in pieces: it must not keep any of them (the leak checker sees it). */
static void a_value_of_many_pieces_is_whole(void **state)
{
    struct qund_yaml *y =
        parse("q: '''a''''b''''c''''d''''e''''f''''g''''h''''i''''j'''\n"
              "f: >\n  一\n  二\n  三\n  四\n  五\n  六\n  七\n  八\n  九\n\n  十\n"
              "d: \"\\u7fa4\\t\\u7fa4\\t\\u7fa4\\t\\u7fa4\\t\\u7fa4\\t\\u7fa4\"\n"
              "p: one\n  two\n  three\n  four\n  five\n  six\n  seven\n");
    const struct qund_ynode *root = qund_yaml_root(y);

    (void)state;
    assert_true(qund_str_is(qund_yaml_get(root, "q")->text, "'a''b''c''d''e''f''g''h''i''j'"));
    assert_true(qund_str_is(qund_yaml_get(root, "f")->text, "一 二 三 四 五 六 七 八 九\n十\n"));
    assert_true(qund_str_is(qund_yaml_get(root, "d")->text, "群\t群\t群\t群\t群\t群"));
    assert_true(qund_str_is(qund_yaml_get(root, "p")->text, "one two three four five six seven"));
    qund_yaml_free(y);
}

static void json_is_yaml(void **state)
{
    struct qund_yaml *y = parse("{\n\t\"a\": [1, \"x\\u00e9\\n\"],\n\"b\": {}\n}\n");

    (void)state;
    assert_true(qund_str_is(qund_yaml_get(qund_yaml_root(y), "a")->child->next->text, "xé\n"));
    assert_int_equal(qund_yaml_get(qund_yaml_root(y), "b")->kind, QUND_YAML_MAP);
    qund_yaml_free(y);
    y = parse("");
    assert_int_equal(qund_yaml_root(y)->kind, QUND_YAML_NULL);
    qund_yaml_free(y);
    y = parse("# only a comment\n");
    assert_int_equal(qund_yaml_root(y)->kind, QUND_YAML_NULL);
    qund_yaml_free(y);
}

static void refusals_name_place_and_reason(void **state)
{
    static const struct {
        const char *text, *where, *why;
    } BAD[] = {
        {"a: &x 1\nb: *x\n", "f.yaml:1:7", "anchors"},
        {"a: 1\nb: *x\n", "f.yaml:2:4", "anchors"},
        {"a: !!str 1\n", "f.yaml:1:10", "tags"},
        {"<<: {a: 1}\n", "f.yaml:1:1", "merge keys"},
        {"a: 1\nb: 2\na: 3\n", "f.yaml:3:1", "'a' stands here a second time"},
        {"{a: {b: 1, \"b\": 2}}\n", "f.yaml:1:12", "'b' stands here a second time"},
        {"? [a, b]\n: 1\n", "f.yaml:1:3", "plain word"},
        {"~: 1\n", "f.yaml:1:1", "plain word"},
        {"a: 1\n---\nb: 2\n", "f.yaml:2:1", "one document"},
        {"a: \"x\n", NULL, "quote"},
        {"a: [1, 2\nb: 3\n", NULL, ""},
        {"a: 1\n  b: 2\n", NULL, ""},
        {"a:\n\t- b\n", NULL, ""},
        {"a: \xff\n", "f.yaml:1:4", "UTF-8"},
        {"群: 1\n群群: \xe7\xbe", "f.yaml:2:5", "UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(BAD); i++) {
        struct qund_yaml *y = NULL;
        struct qund_err err = {0};

        assert_int_equal(qund_yaml_parse("f.yaml", qund_str(BAD[i].text), &y, &err), QUND_E_INVAL);
        assert_null(y);
        if ((BAD[i].where && strcmp(err.where, BAD[i].where) != 0) ||
            !strstr(err.text, BAD[i].why) || strncmp(err.where, "f.yaml:", 7) != 0 || !err.text[0])
            fail_msg("[%zu] %s: %s", i, err.where, err.text);
    }
}

static void depth_size_and_nul_are_bounded(void **state)
{
    struct qund_yaml *y = NULL;
    struct qund_err err;
    char deep[81];
    size_t n = (size_t)5 << 20;
    char *big = malloc(n);

    (void)state;
    assert_non_null(big);
    memset(deep, '[', 40);
    memset(deep + 40, ']', 40);
    assert_int_equal(qund_yaml_parse("f", qund_str_n(deep, 80), &y, &err), QUND_E_INVAL);
    assert_string_equal(err.where, "f:1:33");
    assert_non_null(strstr(err.text, "32 levels"));
    assert_int_equal(qund_yaml_parse("f", qund_str_n(deep + 8, 64), &y, &err), 0);
    qund_yaml_free(y);
    memset(big, ' ', n);
    assert_int_equal(qund_yaml_parse("f", qund_str_n(big, n), &y, &err), QUND_E_FULL);
    free(big);
    assert_int_equal(qund_yaml_parse("f", QUND_STR("a: b\0c"), &y, &err), QUND_E_INVAL);
    assert_int_equal(qund_yaml_load("/nonexistent/x.yaml", &y, &err), QUND_E_NOTFOUND);
}

static void values_are_checked_and_unknown_keys_get_a_hint(void **state)
{
    static const char *const WORDS[] = {"listen", "count", "live"};
    struct qund_yaml *y = parse("lissten: x\ncount: '1'\nlive: yes\nwholly_else: 1\n");
    const struct qund_ynode *root = qund_yaml_root(y);
    QUND_AUTO(qund_errs_done) struct qund_errs es;
    int64_t i;
    bool b;

    (void)state;
    qund_errs_init(&es, 10);
    assert_int_equal(qund_yaml_known(&es, y, root, WORDS, 3), QUND_E_INVAL);
    assert_int_equal(qund_yaml_int(&es, y, qund_yaml_get(root, "count"), &i), QUND_E_INVAL);
    assert_int_equal(qund_yaml_bool(&es, y, qund_yaml_get(root, "live"), &b), QUND_E_INVAL);
    assert_int_equal(es.n, 4);
    assert_string_equal(es.v[0].where, "f.yaml:1:1");
    assert_string_equal(es.v[0].text, "unknown key 'lissten'; nearest known: 'listen'");
    /* In the order of the file, whatever that of the checks. */
    assert_string_equal(es.v[1].where, "f.yaml:2:8");
    assert_string_equal(es.v[1].text, "count: a whole number is wanted here (found '1')");
    assert_string_equal(es.v[2].text, "live: true or false is wanted here (found 'yes')");
    assert_string_equal(es.v[3].where, "f.yaml:4:1");
    assert_string_equal(es.v[3].text, "unknown key 'wholly_else'; known here: listen, count, live");
    qund_yaml_free(y);
    y = parse("[-7, true]");
    assert_int_equal(qund_yaml_int(&es, y, qund_yaml_root(y)->child, &i), 0);
    assert_int_equal(i, -7);
    assert_int_equal(qund_yaml_bool(&es, y, qund_yaml_root(y)->child->next, &b), 0);
    assert_true(b);
    qund_yaml_free(y);
}

static void a_value_that_cannot_be_taken_is_told_with_its_key_and_what_stands_there(void **state)
{
    struct qund_yaml *y = parse("rules:\n- {id: a, from: [boss]}\nkey: s3cret\nlong: \"a\\tb\"\n");
    const struct qund_ynode *root = qund_yaml_root(y);
    const struct qund_ynode *from = qund_yaml_get(root->child->child, "from");
    QUND_AUTO(qund_errs_done) struct qund_errs es;

    (void)state;
    qund_errs_init(&es, 10);
    qund_yaml_bad(&es, y, from->child, "not one of ours");
    qund_yaml_bad(&es, y, from->child, "from must be one of: staff");
    qund_yaml_bad(&es, y, from->child, "rule.from: there is no 'boss'");
    qund_yaml_bad_secret(&es, y, qund_yaml_get(root, "key"), "too short");
    qund_yaml_bad(&es, y, qund_yaml_get(root, "long"), "no tab");
    qund_yaml_bad(&es, y, root->child->child, "the rule has no `then`");
    assert_string_equal(es.v[0].text, "the rule has no `then`"); /* further up */
    assert_string_equal(es.v[1].text, "rules[0].from[0]: not one of ours (found 'boss')");
    assert_string_equal(es.v[2].text, "from must be one of: staff (found 'boss')");
    assert_string_equal(es.v[3].text, "rule.from: there is no 'boss'");
    assert_string_equal(es.v[4].text, "key: too short");
    assert_string_equal(es.v[5].text, "long: no tab");
    qund_yaml_free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_knows_shapes_and_places),
        cmocka_unit_test(a_value_of_many_pieces_is_whole),
        cmocka_unit_test(json_is_yaml),
        cmocka_unit_test(refusals_name_place_and_reason),
        cmocka_unit_test(depth_size_and_nul_are_bounded),
        cmocka_unit_test(values_are_checked_and_unknown_keys_get_a_hint),
        cmocka_unit_test(a_value_that_cannot_be_taken_is_told_with_its_key_and_what_stands_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
