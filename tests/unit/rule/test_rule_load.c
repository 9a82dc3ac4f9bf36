/* Files → a set: every error with its place, limits, overriding, templates, bombs. */
#include "core/clock.h"
#include "rule_world.h"
#include "text/match.h"
#include <sys/stat.h>

/* Errors of one file, in order; one that ends in … is compared up to there (the rest is a
 * library's and changes with its version). */
static const struct {
    const char *file, *errors[12];
} broken[] = {
    {"01-syntax", {"5:1: …"}},
    {"02-unknown-key",
     {"3:5: unknown key 'cooldwon'; nearest known: 'cooldown'",
      "6:7: unknown key 'form'; nearest known: 'from'"}},
    {"03-no-id-no-then",
     {"2:5: the rule has no `id`", "2:5: the rule has no `then`: say what it does",
      "4:5: rules[1]: a rule must be a map of keys and values (found 'just a text')"}},
    {"04-wrong-types",
     {"3:15: priority must be a whole number from 0 to 1000 (found 'high')",
      "4:14: enabled must be true or false (found 'yes')",
      "6:12: rules[0].when.any: a term has exactly one of contains, exact, regex, near, words; "
      "this has 2",
      "7:20: count.gte must be a whole number from 1 to 1000 (found '0')",
      "7:31: count.within must be a duration such as 30s, 10m, 2h or 7d (found 'soon')",
      "8:14: hours must be duty, off_duty, always or a range such as \"09:00-21:00\" (found "
      "'9-21')",
      "9:24: from must be one of: customer, koc, staff, bot, any (found 'boss')",
      "10:15: cooldown needs `for`, e.g. {for: 10m, per: sender}",
      "12:15: lead needs `score_add` (not 0) or `stage`",
      "13:17: intent must be a name of lower-case letters, digits and _ . - (at most 64 bytes) "
      "(found 'Price Question')"}},
    {"05-twice", {"4:5: rule id 'price' stands twice in this file, first in line 2"}},
    {"06-template",
     {"5:39: unknown variable {{sender.nmae}}; nearest known: {{sender.name}}",
      "6:5: rule 'match' uses {{match.1}} but has no regex; only {{match.0}} is known",
      "12:39: {{ without }}"}},
    {"07-regex",
     {"4:18: term of rule 'price-regex': is not a regular expression: …",
      "7:19: term of rule 'back': …"}},
    {"08-reply",
     {"2:5: rule 'angry' replies to `complaint`: that never gets an automatic answer; alert "
      "somebody",
      "7:5: rule 'law' replies to `complaint`: that never gets an automatic answer; alert somebody",
      "12:20: reply needs `text`, e.g. {text: 每天 9:00-18:00}",
      "12:47: recall must be one of: own (found 'all')",
      "12:63: forward needs `to`: a target's name, or group:ID of a staff group",
      "12:91: forward.to wants the group's id: group:ID (found 'group:')",
      "13:5: rule 'bots' would answer machines",
      "15:40: alert.level must be one of: info, warn, urgent (found 'critical')"}},
    {"09-words",
     {"3:26: words must be a file beside the rule file (found '../../secret.txt')",
      "3:53: words must be a file beside the rule file (found '/etc/passwd')",
      "3:75: words file 'missing.txt' cannot be read: No such file or directory"}},
    {"10-not-rules", {"1:1: unknown key 'rule'; nearest known: 'rules'"}},
    {"11-names",
     {"4:16: extract must be one of: room, phone, chain, signup, signup_cancel, signup_confirm, "
      "order, question, grievance, aside, call (found 'rooom')",
      "5:14: unknown key 'some'; known here: any, all, none",
      "6:7: unknown key 'near'; known here: all, any, none, from, groups, hours, tags, count, "
      "kind, extract, intents, context, lean",
      "8:14: tag must be a tag: 1 to 96 bytes, none of , ; | and no control characters, no blanks "
      "at its ends (found 'a,b')",
      "9:14: tag needs `name`, e.g. {name: 意向:询价, for: 30d}",
      "10:16: alert needs `to`: a role such as consultant",
      "10:16: alert needs `text`, e.g. \"{{message.text}}\"",
      "11:9: an action is a map with exactly one key",
      "12:15: call must be one of: signup, confirm, order, close (found 'meeting')"}},
    {"12-list-root", {"1:1: a rule file is a map with the key `rules`"}},
    {"13-people",
     {"4:23: groups.type: no type of group is called 'homme'; nearest known: 'home'",
      "4:30: groups.type: no type of group is called 'zoo'; there are home, ecommerce, course, "
      "ticketing and other",
      "6:21: alert.to: no role is called 'consultnt'; nearest known: 'consultant'",
      "7:21: alert.to: no role is called 'boss'; write a role such as consultant, leader, manager "
      "or staff:ID"}},
};

static bool says(const char *line, const char *expected)
{
    const char *dots = strstr(expected, "…");

    return dots && dots[3] == 0 ? strncmp(line, expected, (size_t)(dots - expected)) == 0
                                : strcmp(line, expected) == 0;
}

static void each_broken_file_says_all_that_is_wrong_and_where(void **state)
{
    struct world *w = *state;
    struct qund_rules_opts opts = world_opts(w);
    size_t i, j;

    for (i = 0; i < QUND_ARRAY_LEN(broken); i++) {
        struct qund_rules *out = NULL;
        struct qund_errs errs;
        char path[512], line[800];
        struct qund_rules_source src = {path, QUND_STR_NONE};

        snprintf(path, sizeof(path), "%s/broken-rules/%s.yaml", QUND_TEST_DATA, broken[i].file);
        qund_errs_init(&errs, 20);
        assert_int_equal(qund_rules_parse(&src, 1, &opts, &out, &errs), QUND_E_INVAL);
        assert_null(out);
        for (j = 0; j < errs.n; j++) {
            const char *place = strstr(errs.v[j].where, ".yaml:");

            assert_non_null(place);
            snprintf(line, sizeof(line), "%s: %s", place + 6, errs.v[j].text);
            if (j >= QUND_ARRAY_LEN(broken[i].errors) || !broken[i].errors[j] ||
                !says(line, broken[i].errors[j]))
                fail_msg("%s: not expected: %s", broken[i].file, line);
        }
        if (j < QUND_ARRAY_LEN(broken[i].errors) && broken[i].errors[j])
            fail_msg("%s: not said: %s", broken[i].file, broken[i].errors[j]);
        qund_errs_done(&errs);
    }
}

static void put(struct world *w, const char *name, const char *text)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/%s", w->dir, name);
    *strrchr(path, '/') = 0;
    assert_int_equal(qund_dir_make(path, 0700, NULL), 0);
    snprintf(path, sizeof(path), "%s/%s", w->dir, name);
    assert_int_equal(qund_file_replace(path, qund_str(text), 0600, NULL), 0);
}

static void the_later_of_two_rules_with_one_id_wins_and_is_shown(void **state)
{
    struct world *w = *state;
    struct qund_rules_opts opts = world_opts(w);
    struct qund_rule_info info;
    struct qund_errs errs;
    char a[96], b[96];
    const char *dirs[] = {a, b};

    snprintf(a, sizeof(a), "%s/a", w->dir);
    snprintf(b, sizeof(b), "%s/b", w->dir);
    put(w, "a/10.yaml", "rules: [{id: x, then: [{intent: shipped}]}, {id: y, then: [{tag: t}]}]");
    put(w, "a/notes.txt", "not yaml");
    put(w, "b/05.yaml", "\nrules:\n  - id: x\n    priority: 60\n    then: [{intent: mine}]\n");
    put(w, "b/06.yaml", "# only a comment\n");
    qund_errs_init(&errs, 5);
    assert_int_equal(qund_rules_load(dirs, 2, &opts, &w->rules, &errs), 0);
    qund_errs_done(&errs);
    assert_int_equal(qund_rules_count(w->rules), 2);
    assert_int_equal(qund_rules_find(w->rules, QUND_STR("x")), 0);
    assert_int_equal(qund_rules_find(w->rules, QUND_STR("z")), QUND_E_NOTFOUND);
    qund_rules_info(w->rules, 0, &info);
    assert_non_null(strstr(info.source.p, "/b/05.yaml:3"));
    assert_non_null(strstr(info.overrides.p, "/a/10.yaml:1"));
    assert_true(qund_str_is(info.text, "{\"id\":\"x\",\"priority\":60,\"then\":[{\"intent\":"
                                       "\"mine\"}]}"));
    qund_rules_info(w->rules, 1, &info);
    assert_null(info.overrides.p);
}

static void a_folder_that_is_not_there_is_named_and_refuses_the_load(void **state)
{
    struct world *w = *state;
    struct qund_rules_opts opts = world_opts(w);
    struct qund_rules *out = NULL;
    struct qund_errs errs;
    char none[96];
    const char *dirs[] = {w->dir, none};

    snprintf(none, sizeof(none), "%s/none", w->dir);
    put(w, "a.yaml", "rules: [{id: x, then: [{intent: a}]}]");
    qund_errs_init(&errs, 5);
    assert_int_not_equal(qund_rules_load(dirs, 2, &opts, &out, &errs), 0);
    assert_null(out);
    assert_int_equal(errs.n, 1);
    assert_string_equal(errs.v[0].where, none);
    qund_errs_done(&errs);
}

static void one_bad_file_refuses_the_whole_load(void **state)
{
    struct world *w = *state;
    struct qund_rules_opts opts = world_opts(w);
    const char *dirs[] = {w->dir};
    struct qund_rules *out = NULL;
    struct qund_errs errs;

    put(w, "a.yaml", "rules: [{id: x, then: [{intent: a}]}]");
    put(w, "b.yaml", "rules: [{id: y}]");
    put(w, "c.yaml", "rules: [{id: Z, then: [{intent: a}]}]");
    qund_errs_init(&errs, 5);
    assert_int_equal(qund_rules_load(dirs, 1, &opts, &out, &errs), QUND_E_INVAL);
    assert_null(out);
    assert_int_equal(errs.n, 2);
    qund_errs_done(&errs);
}

static void the_compiled_terms_are_cached_and_a_damaged_cache_is_made_anew(void **state)
{
    struct world *w = *state;
    struct qund_rules_opts opts = world_opts(w);
    const char *text = "rules: [{id: x, when: {any: [价, {regex: 'a+b'}]}, then: [{intent: a}]}]";
    struct qund_rules_source src = {"t.yaml", qund_str(text)};
    QUND_AUTO(qund_buf_done) struct qund_buf blob = {0};
    struct qund_errs errs;
    char path[160];
    int i;

    opts.cache_dir = w->dir;
    snprintf(path, sizeof(path), "%s/rules.match", w->dir);
    qund_errs_init(&errs, 5);
    for (i = 0; i < 3; i++) {
        if (i == 2)
            put(w, "rules.match", "damaged");
        assert_int_equal(qund_rules_parse(&src, 1, &opts, &w->rules, &errs), 0);
        w->state = qund_rule_state_new(NULL, false);
        assert_int_equal(world_eval(w, "价"), 1);
        assert_int_equal(world_eval(w, "aab"), 1);
        w->rules = qund_rules_unref(w->rules);
        w->state = qund_rule_state_free(w->state);
        blob.n = 0;
        assert_int_equal(qund_file_read(path, 1 << 24, &blob, NULL), 0);
        assert_true(blob.n > 100);
    }
    qund_errs_done(&errs);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CHILD_MEMORY (-1) /* shadow memory alone is larger than any sensible limit */
#else
#define CHILD_MEMORY 0
#endif

static void terms_compile_in_a_child_and_errors_keep_their_place(void **state)
{
    struct world *w = *state;
    struct qund_rules_opts opts = world_opts(w);
    struct qund_rules *out = NULL;
    struct qund_errs errs;
    struct qund_rules_source good = {"t.yaml",
                                     QUND_STR("rules: [{id: x, when: {any: [价, {regex: 'a+b'}]},"
                                              " then: [{intent: a}]}]")};
    struct qund_rules_source bad = {"t.yaml",
                                    QUND_STR("rules:\n- id: x\n  when: {any: [价, {regex: 'a('}]}\n"
                                             "  then: [{intent: a}]\n")};

    opts.exe = "/proc/self/exe"; /* main() below knows `compile-rules` */
    opts.child_memory_bytes = CHILD_MEMORY;
    qund_errs_init(&errs, 5);
    assert_int_equal(qund_rules_parse(&good, 1, &opts, &w->rules, &errs), 0);
    w->state = qund_rule_state_new(NULL, false);
    assert_int_equal(world_eval(w, "aab"), 1);
    assert_int_equal(qund_rules_parse(&bad, 1, &opts, &out, &errs), QUND_E_INVAL);
    assert_int_equal(errs.n, 1);
    assert_string_equal(errs.v[0].where, "t.yaml:3:19");
    qund_errs_done(&errs);
}

static void a_compiler_that_does_not_end_is_killed_and_the_load_refused(void **state)
{
    struct world *w = *state;
    struct qund_rules_opts opts = world_opts(w);
    struct qund_rules_source src = {
        "t.yaml", QUND_STR("rules: [{id: x, when: {any: [价]}, then: [{intent: a}]}]")};
    int64_t start = qund_mono_us();
    struct qund_rules *out = NULL;
    struct qund_errs errs;
    char path[160];

    put(w, "hangs", "#!/bin/sh\nexec sleep 60\n");
    snprintf(path, sizeof(path), "%s/hangs", w->dir);
    assert_int_equal(chmod(path, 0700), 0);
    opts.exe = path;
    opts.child_timeout_ms = 200;
    opts.child_memory_bytes = CHILD_MEMORY;
    qund_errs_init(&errs, 5);
    assert_true(qund_rules_parse(&src, 1, &opts, &out, &errs) < 0);
    assert_null(out);
    assert_int_equal(errs.n, 1);
    assert_true(errs.v[0].rc != QUND_E_INVAL); /* not the rules' fault: may be tried again */
    assert_true(qund_mono_us() - start < 20000000);
    qund_errs_done(&errs);
}

static void broken_reloads_between_good_ones_change_nothing(void **state)
{
    struct world *w = *state;
    struct qund_rules_opts opts = world_opts(w);
    struct qund_rules_source bad = {"t.yaml", QUND_STR("rules: [{id: x, then: [{replay: hi}]}]")};
    struct qund_rules *out = NULL;
    struct qund_errs errs;
    char text[256];
    int i;

    for (i = 0; i < 50; i++) {
        snprintf(text, sizeof(text),
                 "rules: [{id: r, when: {any: [价], count: {gte: 50, within: 1h}},"
                 " then: [{intent: v%d}]}]",
                 i);
        world_rules(w, text);
        qund_errs_init(&errs, 2);
        assert_int_equal(qund_rules_parse(&bad, 1, &opts, &out, &errs), QUND_E_INVAL);
        assert_null(out);
        qund_errs_done(&errs);
        assert_int_equal(world_eval(w, "价"), i == 49); /* the window outlives every reload */
    }
    assert_string_equal(world_did(w), "intent:v49");
}

/* --- templates --- */
static void alert_is(struct world *w, const char *template, const char *text, const char *expected)
{
    QUND_AUTO(qund_buf_done) struct qund_buf yaml = {0};

    qund_buf_printf(&yaml,
                    "rules: [{id: r, title: 询价, when: {any: [{regex: '(\\d+)\\s*(元|块)'}, 价]},"
                    " then: [{alert: {to: group_owner, text: '%s'}}]}]%c",
                    template, 0);
    world_rules(w, yaml.p);
    assert_int_equal(world_eval(w, text), 1);
    assert_string_equal(world_did(w), expected);
}

static void templates_take_names_texts_and_captures(void **state)
{
    struct world *w = *state;

    alert_is(w, "{{sender.name}}问价：{{ message.text }}", "多少价", "alert:橘子问价：多少价");
    alert_is(w, "{{group.name}} {{rule.title}} {{rule.id}} {{message.time}}", "价",
             "alert:业主群 询价 r 00:00");
    alert_is(w, "[{{match.0}}|{{match.1}}|{{match.2}}|{{match.3}}]", "要３００ 块的",
             "alert:[３００ 块|３００|块|]");
    alert_is(w, "[{{match.0}}|{{match.1}}]", "什么价", "alert:[价|]");
    w->in.sender_name = QUND_STR("张三");
    alert_is(w, "{{sender.name}} }} {", "价", "alert:张三 }} {");
    w->ev.text = QUND_STR_NONE;
    alert_is(w, "{{message.text}}", "价 {{sender.name}}", "alert:价 {{sender.name}}");
}

static void a_rendered_text_is_bounded_between_characters(void **state)
{
    struct world *w = *state;
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct qund_str out;
    int i;

    for (i = 0; i < 600; i++)
        qund_buf_puts(&text, "价");
    qund_buf_char(&text, 0);
    world_rules(w, "rules: [{id: r, when: {any: [价]}, then: [{alert: {to: group_owner,"
                   " text: '{{message.text}}'}}, {alert: {to: group_owner,"
                   " text: 'a{{message.text}}{{message.text}}b'}}]}]");
    assert_int_equal(world_eval(w, text.p), 1);
    out = w->hits.effects[0].text;
    assert_int_equal(qund_utf8_count(out), 501); /* 500 and the ellipsis */
    out = w->hits.effects[1].text;
    assert_true(out.n <= QUND_RULE_TEXT_MAX && out.n > QUND_RULE_TEXT_MAX - 4);
    assert_int_equal(qund_utf8_check(out), -1);
    assert_memory_equal(out.p + out.n - 3, "…", 3);
}

/* --- bombs --- */
static void bombs_are_refused_at_once(void **state)
{
    static const char *const bombs[] = {
        "{regex: '(a{1000}){1000}'}",
        "{regex: '((((a{50}){50}){50}){50})'}",
        "{regex: '(.{0,3000}b){3}c{2000}'}",
        "{regex: '[ab]{99999}'}",
    };
    struct world *w = *state;
    struct qund_rules_opts opts = world_opts(w);
    size_t i;

    for (i = 0; i <= QUND_ARRAY_LEN(bombs); i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf yaml = {0};
        struct qund_rules_source src = {"bomb.yaml", QUND_STR_NONE};
        struct qund_rules *out = NULL;
        struct qund_errs errs;
        int64_t start = qund_mono_us();

        qund_buf_puts(&yaml, "rules: [{id: r, then: [{intent: a}], when: {any: [");
        if (i < QUND_ARRAY_LEN(bombs))
            qund_buf_puts(&yaml, bombs[i]);
        else /* longer than any pattern may be */
            qund_buf_printf(&yaml, "{regex: '%02000d'}", 1);
        qund_buf_puts(&yaml, "]}}]");
        src.text = qund_buf_view(&yaml);
        qund_errs_init(&errs, 5);
        assert_int_equal(qund_rules_parse(&src, 1, &opts, &out, &errs), QUND_E_INVAL);
        assert_int_equal(errs.n, 1);
        assert_true(qund_mono_us() - start < 50000);
        qund_errs_done(&errs);
    }
}

static void harmless_repeats_are_not_taken_for_bombs(void **state)
{
    struct world *w = *state;

    world_rules(w, "rules: [{id: r, then: [{intent: a}], when: {any: ["
                   "{regex: '(a+)+b'}, {regex: '(\\d{1,3}[,.]?){1,4}元'}, {regex: '[{]x{2}'}]}}]");
    assert_int_equal(world_eval(w, "aaaaaaaaaaaaaaaaaaaaaaaaaaab"), 1);
    assert_int_equal(world_eval(w, "{xx"), 1);
}

static void lists_are_bounded(void **state)
{
    struct world *w = *state;
    struct qund_rules_opts opts = world_opts(w);
    QUND_AUTO(qund_buf_done) struct qund_buf yaml = {0};
    struct qund_rules_source src = {"many.yaml", QUND_STR_NONE};
    struct qund_rules *out = NULL;
    struct qund_errs errs;
    int i;

    qund_buf_puts(&yaml, "rules:\n");
    for (i = 0; i < 10001; i++)
        qund_buf_printf(&yaml, "- {id: r%d, then: [{intent: a}]}\n", i);
    src.text = qund_buf_view(&yaml);
    qund_errs_init(&errs, 5);
    assert_int_equal(qund_rules_parse(&src, 1, &opts, &out, &errs), QUND_E_INVAL);
    assert_string_equal(errs.v[0].where, "many.yaml:10002:3");
    assert_string_equal(errs.v[0].text, "more than 10000 rules in one set");
    qund_errs_done(&errs);
}

/* --- warnings --- */
static bool only_desk(void *arg, struct qund_str name)
{
    (void)arg;
    return qund_str_is(name, "desk");
}

static void check_warns_of_what_looks_like_a_mistake(void **state)
{
    static const char *const expected[] = {
        "rule 'shadowed': is never reached: whatever it fires on is stopped before it by 'first'",
        "rule 'never': asks for and forbids the same term '钱'",
        "rule 'never': can never fire: every term of `any` stands in `none`",
        "rule 'never': has an odd tag name (full-width colon or a blank) '意向：询价'",
        "rule 'never': counts to 1, which every match reaches; leave `count` out",
        "rule 'soothe': replies to a word of complaint or law; such a message gets no automatic "
        "answer '要投诉'",
        "rule 'soothe': replies each time; give it a `cooldown`",
        "rule 'soothe': replies, but no channel has `send_through`: nothing is said",
        "rule 'pass': forwards to a target that is not configured: 'dask'",
        "rule 'pass': forwards, but no channel has `send_through`: nothing is said 'group:g'",
    };
    struct world *w = *state;
    struct qund_rules_known known = {.target = only_desk};
    struct qund_rules_opts opts = world_opts(w);
    const char *paths[] = {w->dir};
    struct qund_errs errs, warnings;
    size_t i;

    put(w, "a.yaml",
        "rules:\n"
        "- {id: first, priority: 90, stop: true, when: {any: [广告, 加微]}, then: [{intent: "
        "spam}]}\n"
        "- {id: shadowed, when: {any: [加微]}, then: [{alert: {to: group_owner, level: urgent,"
        " text: x}}]}\n"
        "- {id: never, when: {any: [钱], none: [钱], count: {gte: 1, within: 1h}},"
        " then: [{tag: 意向：询价}]}\n"
        "- {id: soothe, when: {any: [要投诉]}, then: [{reply: 抱歉}]}\n"
        "- {id: pass, when: {any: [报修]}, then: [{forward: {to: desk}}, {forward: {to: dask}},"
        " {forward: {to: 'group:g'}}]}\n");
    opts.known = &known;
    qund_errs_init(&errs, 5);
    qund_errs_init(&warnings, 20);
    assert_int_equal(qund_rules_check(paths, 1, &opts, &errs, &warnings), 0);
    assert_int_equal(errs.n, 0);
    for (i = 0; i < warnings.n && i < QUND_ARRAY_LEN(expected); i++)
        assert_string_equal(warnings.v[i].text, expected[i]);
    assert_int_equal(warnings.n, QUND_ARRAY_LEN(expected));
    assert_non_null(strstr(warnings.v[0].where, "a.yaml:3:3"));
    qund_errs_done(&errs);
    qund_errs_done(&warnings);
}

static bool only_lin(void *arg, struct qund_str to)
{
    (void)arg;
    return qund_str_is(to, "consultant") || qund_str_is(to, "staff:lin");
}

static bool only_slow(void *arg, struct qund_str name)
{
    (void)arg;
    return qund_str_is(name, "slow");
}

static void names_that_nobody_answers_to_are_doubted_once(void **state)
{
    static const char *const expected[] = {
        "test.yaml:2:3: rule 'asks': asks for the intent, which no rule gives: 'price_qestion'; "
        "nearest known: 'price_question'",
        "test.yaml:2:3: rule 'asks': asks for the intent, which no rule gives: 'weather'",
        "test.yaml:4:3: rule 'gives': gives the intent, for which nobody asks: 'complant'; nearest "
        "known: 'complaint'",
        "test.yaml:6:68: rule 'climbs': its alert climbs no ladder, alert.ladders of the "
        "configuration has none called 'slwo'",
        "test.yaml:6:68: rule 'climbs' (and 1 more) alerts 'expert', which the org file gives to "
        "nobody: the manager is told, then the leader",
        "test.yaml:7:3: rule 'moves': sets the stage, which is none of leads.stages: 'orderd'; "
        "nearest known: 'ordered'",
        "test.yaml:7:3: rule 'moves': waits for the event 'member.jion'; nearest known: "
        "'member.join'",
        "test.yaml:8:42: rule 'lin' alerts 'staff:chen', which the org file gives to nobody: the "
        "manager is told, then the leader",
    };
    static const char *const stages[] = {"new", "ordered"};
    struct world *w = *state;
    struct qund_rules_known known = {
        .ladder = only_slow, .held = only_lin, .stages = stages, .n_stages = 2};
    struct qund_errs doubts;
    size_t i;

    world_rules(
        w,
        "rules:\n"
        "- {id: asks, when: {any: [a], intents: {any: [price_qestion, own], none: [weather]}},\n"
        "   then: [{tag: a}]}\n"
        "- {id: gives, when: {any: [b]}, then: [{intent: complant}, {intent: own}]}\n"
        "- {id: off, enabled: false, when: {any: [b]}, then: [{alert: {to: store, text: x}}]}\n"
        "- {id: climbs, when: {any: [c]}, then: [{alert: {ladder: slwo, to: expert, text: x}}]}\n"
        "- {id: moves, on: [member.jion, my.own], then: [{lead: {stage: orderd}}]}\n"
        "- {id: lin, then: [{alert: {text: x, to: staff:chen}}, {alert: {to: staff:lin, text: "
        "x}},\n"
        "   {alert: {to: expert, ladder: slow, text: x}}, {alert: {to: consultant, text: x}}]}\n");
    qund_errs_init(&doubts, 20);
    qund_rules_doubts(w->rules, &known, &doubts);
    for (i = 0; i < doubts.n && i < QUND_ARRAY_LEN(expected); i++) {
        char line[600];

        snprintf(line, sizeof(line), "%s: %s", doubts.v[i].where, doubts.v[i].text);
        assert_string_equal(line, expected[i]);
    }
    assert_int_equal(doubts.n, QUND_ARRAY_LEN(expected));
    qund_errs_done(&doubts);
}

/* The example of docs/rule-language.md is what people copy, the shipped rules what they read. */
static void the_shipped_rules_and_the_documented_one_load(void **state)
{
    struct world *w = *state;
    struct qund_rules_opts opts = world_opts(w);
    QUND_AUTO(qund_buf_done) struct qund_buf doc = {0};
    const char *paths[] = {QUND_SOURCE_DIR "/config/rules"};
    struct qund_errs errs, warnings;
    ptrdiff_t from, to;
    char *yaml;

    qund_errs_init(&errs, 5);
    qund_errs_init(&warnings, 5);
    if (qund_rules_check(paths, 1, &opts, &errs, &warnings) < 0)
        fail_msg("%s: %s", errs.v[0].where, errs.v[0].text);
    qund_errs_done(&errs);
    qund_errs_done(&warnings);
    assert_int_equal(qund_file_read(QUND_SOURCE_DIR "/docs/rule-language.md", 1 << 20, &doc, NULL),
                     0);
    from = qund_str_find(qund_buf_view(&doc), 0, QUND_STR("```yaml\n"));
    to = qund_str_find(qund_buf_view(&doc), (size_t)from + 8, QUND_STR("```"));
    assert_true(from > 0 && to > from);
    yaml = qund_strndup(doc.p + from + 8, (size_t)(to - from) - 8);
    world_rules(w, yaml);
    qund_free(yaml);
    assert_int_equal(qund_rules_count(w->rules), 1);
    assert_int_equal(world_eval(w, "多少钱"), 0);
    assert_int_equal(world_eval(w, "30 块？"), 1); /* the second within ten minutes */
    assert_string_equal(world_did(w), "intent:price_question tag:意向:询价 lead:10 "
                                      "alert:橘子问价：30 块？");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        world_test(each_broken_file_says_all_that_is_wrong_and_where),
        world_test(the_later_of_two_rules_with_one_id_wins_and_is_shown),
        world_test(a_folder_that_is_not_there_is_named_and_refuses_the_load),
        world_test(one_bad_file_refuses_the_whole_load),
        world_test(the_compiled_terms_are_cached_and_a_damaged_cache_is_made_anew),
        world_test(terms_compile_in_a_child_and_errors_keep_their_place),
        world_test(a_compiler_that_does_not_end_is_killed_and_the_load_refused),
        world_test(broken_reloads_between_good_ones_change_nothing),
        world_test(templates_take_names_texts_and_captures),
        world_test(a_rendered_text_is_bounded_between_characters),
        world_test(bombs_are_refused_at_once),
        world_test(harmless_repeats_are_not_taken_for_bombs),
        world_test(lists_are_bounded),
        world_test(the_shipped_rules_and_the_documented_one_load),
        world_test(check_warns_of_what_looks_like_a_mistake),
        world_test(names_that_nobody_answers_to_are_doubted_once),
    };

    if (argc == 2 && strcmp(argv[1], "compile-rules") == 0)
        return qund_match_compile_main(STDIN_FILENO, STDOUT_FILENO);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
