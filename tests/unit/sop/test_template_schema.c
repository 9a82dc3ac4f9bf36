/* sop-templates/schema.json says what the parser says: the same keys on each level, the same words
 * in each closed list; and every shipped template holds against it, while broken ones do not.
 * Editors go by the schema, the daemon by the parser: they must not drift apart. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "core/file.h"
#include "sop/template_parts.h"
#include "unit.h"
#include <jansson.h>
#include <pcre2.h>

static json_t *schema;

static int load_schema(void **state)
{
    json_error_t e;

    (void)state;
    schema =
        json_load_file(QUND_SOURCE_DIR "/sop-templates/schema.json", JSON_REJECT_DUPLICATES, &e);
    return schema ? 0 : -1;
}

static int drop_schema(void **state)
{
    (void)state;
    json_decref(schema);
    return 0;
}

static json_t *definition(const char *name)
{
    json_t *d = strcmp(name, "template") == 0
                    ? schema
                    : json_object_get(json_object_get(schema, "$defs"), name);

    if (!d)
        fail_msg("schema.json has no %s", name);
    return d;
}

/* --- keys and words -------------------------------------------------------------------------- */
static void every_level_has_the_parsers_keys(void **state)
{
    const struct qund_sop_level *levels[] = {
        &qund_sop_template_level, &qund_sop_goal_level,   &qund_sop_trigger_level,
        &qund_sop_role_level,     &qund_sop_param_level,  &qund_sop_step_level,
        &qund_sop_expect_level,   &qund_sop_plan_b_level, &qund_sop_alert_level,
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(levels); i++) {
        json_t *d = definition(levels[i]->name), *keys = json_object_get(d, "properties");
        size_t n = 0;

        assert_true(json_is_false(json_object_get(d, "additionalProperties")));
        for (size_t k = 0; k < levels[i]->n; k++) {
            if (!levels[i]->keys[k].read) /* refused with a reason */
                continue;
            n++;
            if (!json_object_get(keys, levels[i]->keys[k].name))
                fail_msg("%s: the schema lacks '%s'", levels[i]->name, levels[i]->keys[k].name);
        }
        if (json_object_size(keys) != n)
            fail_msg("%s: the schema knows %zu keys, the parser %zu", levels[i]->name,
                     json_object_size(keys), n);
    }
}

static void same_words(json_t *list, const char *const *words, size_t n, const char *what)
{
    if (json_array_size(list) != n)
        fail_msg("%s: the schema has %zu words, the parser %zu", what, json_array_size(list), n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(json_string_value(json_array_get(list, i)), words[i]) != 0)
            fail_msg("%s: %s", what, words[i]);
}

static void closed_lists_have_the_parsers_words(void **state)
{
    const char *roles[QUND_SOP_ROLES], *channels[QUND_SOP_CHANNELS], *kinds[3];
    json_t *step = json_object_get(definition("step"), "properties");

    (void)state;
    for (int i = 0; i < QUND_SOP_ROLES; i++)
        roles[i] = qund_sop_role_name((enum qund_sop_role)i);
    for (int i = 0; i < QUND_SOP_CHANNELS; i++)
        channels[i] = qund_sop_channel_name((enum qund_sop_channel)i);
    for (int i = 0; i < 3; i++)
        kinds[i] = qund_sop_kind_name((enum qund_sop_kind)i);
    same_words(json_object_get(definition("role_name"), "enum"), roles, QUND_SOP_ROLES, "roles");
    same_words(json_object_get(json_object_get(step, "channel"), "enum"), channels,
               QUND_SOP_CHANNELS, "channels");
    same_words(json_object_get(json_object_get(step, "kind"), "enum"), kinds, 3, "kinds");
}

/* --- holding a file against it: as much of the standard as the schema uses ---------------------
 */
static const char *fault(json_t *s, const struct qund_ynode *n);

static bool number_of(const struct qund_ynode *n)
{
    char text[64], *end;

    if (n->kind != QUND_YAML_SCALAR || n->quoted || n->text.n == 0 || n->text.n >= sizeof(text))
        return false;
    memcpy(text, n->text.p, n->text.n);
    text[n->text.n] = 0;
    strtod(text, &end);
    return *end == 0;
}

static bool is_type(const char *type, const struct qund_ynode *n)
{
    bool boolean = n->kind == QUND_YAML_SCALAR && !n->quoted &&
                   (qund_str_is(n->text, "true") || qund_str_is(n->text, "false"));

    if (strcmp(type, "object") == 0)
        return n->kind == QUND_YAML_MAP;
    if (strcmp(type, "array") == 0)
        return n->kind == QUND_YAML_LIST;
    if (strcmp(type, "boolean") == 0)
        return boolean;
    if (strcmp(type, "number") == 0)
        return number_of(n);
    return n->kind == QUND_YAML_SCALAR && !boolean && !number_of(n);
}

static const char *fault_of_type(json_t *type, const struct qund_ynode *n)
{
    json_t *one;
    size_t i;

    if (json_is_string(type) && !is_type(json_string_value(type), n))
        return json_string_value(type);
    if (!json_is_array(type))
        return NULL;
    json_array_foreach(type, i, one) if (is_type(json_string_value(one), n)) return NULL;
    return "one of several types";
}

static bool matches(const char *pattern, struct qund_str text)
{
    int code;
    PCRE2_SIZE at;
    pcre2_code *re =
        pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF, &code, &at, NULL);
    pcre2_match_data *m;
    int rc;

    if (!re)
        fail_msg("schema.json: %s is no regular expression (at %zu)", pattern, (size_t)at);
    m = pcre2_match_data_create_from_pattern(re, NULL);
    rc = pcre2_match(re, (PCRE2_SPTR)text.p, text.n, 0, 0, m, NULL);
    pcre2_match_data_free(m);
    pcre2_code_free(re);
    return rc >= 0;
}

static const char *fault_of_scalar(json_t *s, const struct qund_ynode *n)
{
    json_t *words = json_object_get(s, "enum"), *one, *w;
    json_t *max = json_object_get(s, "maxLength"), *pattern = json_object_get(s, "pattern");
    json_t *same = json_object_get(s, "const");
    bool found = words == NULL;
    size_t i;

    json_array_foreach(words, i, w) found = found || qund_str_is(n->text, json_string_value(w));
    one = json_object_get(s, "minLength");
    if (!found)
        return "enum";
    if (same && !qund_str_is(n->text, json_string_value(same)))
        return "const";
    if ((one && n->text.n == 0) ||
        (max && (json_int_t)qund_utf8_count(n->text) > json_integer_value(max)))
        return "length";
    return pattern && !matches(json_string_value(pattern), n->text) ? "pattern" : NULL;
}

static const char *fault_of_size(json_t *s, const char *least, const char *most, size_t n)
{
    json_t *min = json_object_get(s, least), *max = json_object_get(s, most);

    return (min && (json_int_t)n < json_integer_value(min)) ||
                   (max && (json_int_t)n > json_integer_value(max))
               ? least
               : NULL;
}

static const char *fault_of_map(json_t *s, const struct qund_ynode *n)
{
    json_t *props = json_object_get(s, "properties"), *req = json_object_get(s, "required"), *r;
    json_t *more = json_object_get(s, "additionalProperties"),
           *names = json_object_get(s, "propertyNames");
    const char *why = NULL;
    size_t i, count = 0;

    json_array_foreach(req, i,
                       r) if (!qund_yaml_get(n, json_string_value(r))) return json_string_value(r);
    for (const struct qund_ynode *e = n->child; e && !why; e = e->next, count++) {
        char key[128];
        struct qund_ynode name = {.kind = QUND_YAML_SCALAR, .quoted = true, .text = e->key};
        json_t *of;

        snprintf(key, sizeof(key), "%.*s", QUND_STR_ARG(e->key));
        of = json_object_get(props, key);
        if (!of && json_is_false(more))
            return "additionalProperties";
        if (names)
            why = fault(names, &name);
        if (!why && (of || json_is_object(more)))
            why = fault(of ? of : more, e);
    }
    return why ? why : fault_of_size(s, "minProperties", "maxProperties", count);
}

static const char *fault_of_list(json_t *s, const struct qund_ynode *n)
{
    json_t *items = json_object_get(s, "items");
    const char *why = NULL;
    size_t count = 0;

    for (const struct qund_ynode *e = n->child; e && !why; e = e->next, count++)
        why = items ? fault(items, e) : NULL;
    return why ? why : fault_of_size(s, "minItems", "maxItems", count);
}

/* NULL: n holds against s. */
static const char *fault(json_t *s, const struct qund_ynode *n)
{
    json_t *to = json_object_get(s, "$ref"), *one = json_object_get(s, "oneOf"), *o;
    const char *why = fault_of_type(json_object_get(s, "type"), n);
    size_t i, fits = 0;

    if (!why && to)
        why = fault(definition(json_string_value(to) + strlen("#/$defs/")), n);
    json_array_foreach(one, i, o) fits += fault(o, n) == NULL;
    if (!why && one && fits != 1)
        why = "oneOf";
    if (why)
        return why;
    if (n->kind == QUND_YAML_SCALAR)
        return fault_of_scalar(s, n);
    if (json_object_get(s, "enum") || json_object_get(s, "const"))
        return "enum";
    return n->kind == QUND_YAML_MAP ? fault_of_map(s, n) : fault_of_list(s, n);
}

static const char *fault_of_file(const char *folder, const char *name)
{
    QUND_AUTO(qund_free_str) char *path = qund_path_join(folder, name);
    QUND_AUTO(qund_yaml_free) struct qund_yaml *doc = NULL;

    assert_int_equal(qund_yaml_load(path, &doc, NULL), 0);
    return fault(schema, qund_yaml_root(doc));
}

static void every_shipped_template_holds_against_the_schema(void **state)
{
    char **names = NULL;
    size_t n = 0;

    (void)state;
    assert_int_equal(qund_dir_list(QUND_SOURCE_DIR "/sop-templates", ".yaml", &names, &n, NULL), 0);
    assert_int_equal(n, 12);
    for (size_t i = 0; i < n; i++) {
        const char *why = fault_of_file(QUND_SOURCE_DIR "/sop-templates", names[i]);

        if (why)
            fail_msg("%s: %s", names[i], why);
        qund_free(names[i]);
    }
    qund_free(names);
}

static void what_a_schema_can_know_it_refuses(void **state)
{
    static const char *const files[] = {"01-keys.yaml",       "02-types.yaml", "03-times.yaml",
                                        "04-conditions.yaml", "06-roles.yaml", "10-steps.yaml"};

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(files); i++)
        if (!fault_of_file(QUND_TEST_DATA "/broken-templates", files[i]))
            fail_msg("%s holds against the schema", files[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_has_the_parsers_keys),
        cmocka_unit_test(closed_lists_have_the_parsers_words),
        cmocka_unit_test(every_shipped_template_holds_against_the_schema),
        cmocka_unit_test(what_a_schema_can_know_it_refuses),
    };

    return cmocka_run_group_tests(tests, load_schema, drop_schema);
}
