/* Rules that ask how a text leans: the condition, whose table counts, what is said about it. */
#include "rule_world.h"
#include "text/lean.h"

static const char TABLE[] = "lean 1\n"
                            "intent complaint -2.00\n"
                            "intent price_question -1.00\n"
                            "半天\tcomplaint=1.20\n"
                            "没人\tcomplaint=2.40\n"
                            "多少\tprice_question=2.00\n";

static void put(struct world *w, const char *name, const char *text)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/%s", w->dir, name);
    *strrchr(path, '/') = 0;
    assert_int_equal(qund_dir_make(path, 0700, NULL), 0);
    snprintf(path, sizeof(path), "%s/%s", w->dir, name);
    assert_int_equal(qund_file_replace(path, qund_str(text), 0600, NULL), 0);
}

static int load(struct world *w, const char *const *dirs, size_t n, struct qund_lean *given,
                struct qund_rules **out, struct qund_errs *errs)
{
    struct qund_rules_opts opts = world_opts(w);

    opts.lean = given;
    qund_errs_init(errs, 5);
    return qund_rules_load(dirs, n, &opts, out, errs);
}

/* The rules that lie in the folder with a table beside them, in force. */
static void use_table(struct world *w, const char *table)
{
    const char *dirs[] = {w->dir};
    struct qund_errs errs;

    put(w, QUND_LEAN_FILE, table);
    if (load(w, dirs, 1, NULL, &w->rules, &errs) < 0)
        fail_msg("%s: %s", errs.v[0].where, errs.v[0].text);
    qund_errs_done(&errs);
    w->state = qund_rule_state_new(w->db, false);
    if (w->db)
        world_store(w);
    else
        assert_int_equal(qund_rule_state_bind(w->state, w->rules), 0);
}

static void use(struct world *w, const char *yaml)
{
    put(w, "a.yaml", yaml);
    use_table(w, TABLE);
}

static void a_leaning_alone_fires_at_its_threshold(void **state)
{
    struct world *w = *state;

    use(w, "rules: [{id: r, when: {lean: {complaint: {gte: 50}}}, then: [{intent: complaint}]}]");
    assert_int_equal(world_eval(w, "等了半天"), 0);       /* -0.80: 31 % */
    assert_int_equal(world_eval(w, "没人"), 1);           /* 0.40: 59 % */
    assert_int_equal(world_eval(w, "等了半天也没人"), 1); /* 1.60: 83 % */
    assert_string_equal(world_did(w), "intent:complaint");
    assert_int_equal(world_eval(w, "多少钱"), 0);
    assert_int_equal(world_eval(w, NULL), 0); /* no text leans nowhere */
    w->in.role = QUND_ROLE_STAFF;
    assert_int_equal(world_eval(w, "没人"), 0);
}

static void floors_and_ceilings_join_the_other_conditions(void **state)
{
    struct world *w = *state;

    use(w, "rules:\n"
           "- {id: r, when: {any: [等], lean: {complaint: {gte: 20, lt: 60},"
           " price_question: {lt: 50}}}, then: [{intent: a}]}\n");
    assert_int_equal(world_eval(w, "等了半天"), 1);
    assert_int_equal(world_eval(w, "等"), 0);               /* 11 % */
    assert_int_equal(world_eval(w, "等了半天也没人"), 0);   /* 83 % */
    assert_int_equal(world_eval(w, "等了半天是多少钱"), 0); /* 73 % of the other */
    assert_int_equal(world_eval(w, "半天没来"), 0);         /* the word is missing */
}

static void the_talk_around_a_text_leans_too_and_is_explained(void **state)
{
    struct world *w = *state;
    struct qund_str asked[] = {QUND_STR("after_staff"), QUND_STR("call_confirm")};
    struct qund_buf lines = {0};

    put(w, "a.yaml", "rules: [{id: r, when: {lean: {complaint: {gte: 50}}}, then: [{intent: x}]}]");
    use_table(w, "lean 1\nintent complaint -2.00 C\nscale 0 1.50\n"
                 "context call_confirm\tC=1.20\n来\tC=0.40\n");
    assert_int_equal(world_eval(w, "来"), 0); /* -1.40 */
    w->in.context = asked;
    w->in.n_context = 2;
    assert_int_equal(world_eval(w, "来"), 1); /* 0.40 */
    assert_int_equal(
        qund_rules_explain(w->rules, w->scratch, &w->in, w->state, QUND_STR("r"), NULL, &lines), 0);
    qund_buf_char(&lines, 0);
    assert_non_null(strstr(lines.p, "倾向（complaint 59 >= 50: bias -2.00, "
                                    "context call_confirm +1.80, 来 +0.60）"));
    w->in.n_context = 1;
    assert_int_equal(world_eval(w, "来"), 0);
    qund_buf_done(&lines);
}

static void the_table_of_the_later_folder_counts(void **state)
{
    struct world *w = *state;
    struct qund_rules *first = NULL, *both = NULL;
    struct qund_errs errs;
    struct qund_rule_info one, two;
    char a[96], b[96];
    const char *dirs[] = {a, b};

    snprintf(a, sizeof(a), "%s/a", w->dir);
    snprintf(b, sizeof(b), "%s/b", w->dir);
    put(w, "a/10.yaml",
        "rules: [{id: x, when: {lean: {complaint: {gte: 50}}}, then: [{intent: c}]},"
        " {id: y, when: {any: [好]}, then: [{intent: d}]}]");
    put(w, "a/" QUND_LEAN_FILE, TABLE);
    put(w, "b/" QUND_LEAN_FILE, "# our own\nlean 1\nintent complaint 0.50\n半天\tcomplaint=-3\n");
    assert_int_equal(load(w, dirs, 1, NULL, &first, &errs), 0);
    qund_errs_done(&errs);
    assert_int_equal(load(w, dirs, 2, NULL, &both, &errs), 0);
    qund_errs_done(&errs);
    assert_int_equal(qund_lean_intents(qund_rules_lean(first)), 2);
    assert_int_equal(qund_lean_intents(qund_rules_lean(both)), 1);
    qund_rules_info(first, 0, &one);
    qund_rules_info(both, 0, &two);
    assert_string_not_equal(one.digest, two.digest); /* a new table is a new version of x */
    qund_rules_info(first, 1, &one);
    qund_rules_info(both, 1, &two);
    assert_string_equal(one.digest, two.digest); /* and of nothing else */
    qund_rules_unref(first);
    qund_rules_unref(both);
}

static void what_is_wrong_with_it_is_said_with_its_place(void **state)
{
    static const struct {
        const char *rule, *error;
    } cases[] = {
        {"{compliant: {gte: 50}}",
         "a.yaml:1:32: no leaning towards 'compliant' is known; nearest known: 'complaint'"},
        {"{complaint: {gte: 100}}",
         "a.yaml:1:46: lean.gte must be a whole number from 1 to 99 (found '100')"},
        {"{complaint: {gt: 50}}", "a.yaml:1:44: unknown key 'gt'; nearest known: 'gte'"},
        {"{complaint: {}}", "a.yaml:1:43: rules[0].when.lean.complaint: lean needs `gte` or `lt`, "
                            "e.g. {complaint: {gte: 50}}"},
        {"complaint", "a.yaml:1:31: lean must be a map of 1 to 16 intents, e.g. {complaint: {gte: "
                      "50}} (found 'complaint')"},
    };
    struct world *w = *state;
    const char *dirs[] = {w->dir};

    put(w, QUND_LEAN_FILE, TABLE);
    for (size_t i = 0; i < QUND_ARRAY_LEN(cases); i++) {
        struct qund_rules *out = NULL;
        struct qund_errs errs;
        char text[256], got[600];

        snprintf(text, sizeof(text), "rules: [{id: r, when: {lean: %s}, then: [{intent: a}]}]",
                 cases[i].rule);
        put(w, "a.yaml", text);
        assert_int_equal(load(w, dirs, 1, NULL, &out, &errs), QUND_E_INVAL);
        snprintf(got, sizeof(got), "%s: %s", strrchr(errs.v[0].where, '/') + 1, errs.v[0].text);
        /* Columns are the library's matter; the line and the words are ours. */
        assert_string_equal(strstr(got, ": "), strstr(cases[i].error, ": "));
        assert_int_equal(strncmp(got, cases[i].error, strlen("a.yaml:1:")), 0);
        qund_errs_done(&errs);
    }
}

static void without_any_table_the_rule_is_refused_unless_one_is_given(void **state)
{
    struct world *w = *state;
    const char *dirs[] = {w->dir};
    struct qund_lean *given = NULL;
    struct qund_rules *out = NULL;
    struct qund_errs errs;

    put(w, "a.yaml", "rules: [{id: r, when: {lean: {complaint: {gte: 50}}}, then: [{intent: a}]}]");
    assert_int_equal(load(w, dirs, 1, NULL, &out, &errs), QUND_E_INVAL);
    assert_non_null(strstr(errs.v[0].text, "there is no leanings.txt beside this file"));
    assert_int_equal(qund_lean_parse("given", qund_str(TABLE), &given, &errs), 0);
    qund_errs_done(&errs);
    assert_int_equal(load(w, dirs, 1, given, &out, &errs), 0);
    qund_errs_done(&errs);
    qund_lean_unref(given);
    qund_rules_unref(out);
    put(w, QUND_LEAN_FILE, "lean 1\nintent complaint 0\nabcd\tcomplaint=1\n");
    assert_int_equal(load(w, dirs, 1, NULL, &out, &errs), QUND_E_INVAL);
    assert_string_equal(strrchr(errs.v[0].where, '/'), "/leanings.txt:3");
    assert_int_equal(errs.n, 1); /* not that there is none, too */
    qund_errs_done(&errs);
}

static void the_stored_set_keeps_its_table(void **state)
{
    struct world *w = *state;
    struct qund_rules_opts opts = world_opts(w);
    struct qund_rules *back = NULL;
    struct qund_errs errs;
    char path[128];

    world_open_db(w);
    use(w, "rules: [{id: r, when: {lean: {complaint: {gte: 50}}}, then: [{intent: complaint}]}]");
    snprintf(path, sizeof(path), "%s/%s", w->dir, QUND_LEAN_FILE);
    assert_int_equal(unlink(path), 0); /* the file is lost */
    qund_errs_init(&errs, 5);
    assert_int_equal(qund_rules_from_store(w->db, &opts, &back, &errs), 0);
    qund_errs_done(&errs);
    assert_string_equal(qund_rules_digest(back), qund_rules_digest(w->rules));
    qund_rules_unref(w->rules);
    w->rules = back;
    assert_int_equal(qund_db_begin(w->db), 0);
    assert_int_equal(world_eval(w, "没人"), 1);
    assert_int_equal(qund_db_commit(w->db), 0);
}

static void explain_names_the_grams_that_spoke(void **state)
{
    struct world *w = *state;
    struct qund_buf lines = {0};

    use(w, "rules: [{id: r, when: {lean: {complaint: {gte: 50}}}, then: [{intent: complaint}]}]");
    assert_int_equal(world_eval(w, "等了半天也没人"), 1);
    assert_int_equal(
        qund_rules_explain(w->rules, w->scratch, &w->in, w->state, QUND_STR("r"), NULL, &lines), 0);
    qund_buf_char(&lines, 0);
    assert_non_null(
        strstr(lines.p, "✓ 倾向（complaint 83 >= 50: 没人 +2.40, bias -2.00, 半天 +1.20）"));
    lines.n = 0;
    assert_int_equal(world_eval(w, "半天"), 0);
    assert_int_equal(
        qund_rules_explain(w->rules, w->scratch, &w->in, w->state, QUND_STR("r"), NULL, &lines), 0);
    qund_buf_char(&lines, 0);
    assert_non_null(strstr(lines.p, "✗ 倾向（complaint 31 < 50: bias -2.00, 半天 +1.20）"));
    qund_buf_done(&lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(a_leaning_alone_fires_at_its_threshold),
        world_test(the_talk_around_a_text_leans_too_and_is_explained),
        world_test(floors_and_ceilings_join_the_other_conditions),
        world_test(the_table_of_the_later_folder_counts),
        world_test(what_is_wrong_with_it_is_said_with_its_place),
        world_test(without_any_table_the_rule_is_refused_unless_one_is_given),
        world_test(the_stored_set_keeps_its_table),
        world_test(explain_names_the_grams_that_spoke),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
