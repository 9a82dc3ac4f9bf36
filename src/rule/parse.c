/* parse.c - one rule of a file: a YAML map → struct qund_rule.
 *
 * Every level of the language is a table of keys. A key that no table knows is an error that names
 * the nearest one that it does: a typo such as `cooldwon` must not quietly make a rule louder. No
 * reader stops at the first error; it adds its own, with file, line and column, and lets the others
 * speak, so that one run of `qund check` shows all there is to mend. Strings are copied into the
 * set's arena: the YAML document is gone when the set is used. */
#include "crm/crm.h"
#include "rule/internal.h"
#include <stdio.h>
#include <stdlib.h>

static size_t problems(const struct qund_errs *es)
{
    return es->n + es->dropped;
}

/* In the order in which the keys stand, so that errors come in the order of lines. */
bool qund_rule_read_map(struct qund_rule_reader *rd, const struct qund_ynode *map, const char *what,
                        const struct qund_rule_key *keys, size_t n, void *into)
{
    const char *names[16] = {0};
    size_t before = problems(rd->errs), i;
    const struct qund_ynode *e;

    qund_assert(n <= QUND_ARRAY_LEN(names));
    if (map->kind != QUND_YAML_MAP) {
        qund_yaml_bad(rd->errs, rd->doc, map, "%s must be a map of keys and values", what);
        return false;
    }
    for (i = 0; i < n; i++)
        names[i] = keys[i].name;
    qund_ignore(qund_yaml_known(rd->errs, rd->doc, map, names, n)); /* counted in errs */
    for (e = map->child; e; e = e->next)
        for (i = 0; i < n; i++)
            if (qund_str_is(e->key, keys[i].name))
                keys[i].read(rd, e, into);
    return problems(rd->errs) == before;
}

bool qund_rule_read_text(struct qund_rule_reader *rd, const struct qund_ynode *n, const char *what,
                         size_t max_bytes, struct qund_str *out)
{
    if (n->kind != QUND_YAML_SCALAR || n->text.n == 0) {
        qund_yaml_bad(rd->errs, rd->doc, n, "%s must be a text that is not empty", what);
        return false;
    }
    if (n->text.n > max_bytes) {
        qund_yaml_bad(rd->errs, rd->doc, n, "%s has %zu bytes, at most %zu are allowed", what,
                      n->text.n, max_bytes);
        return false;
    }
    *out = qund_arena_str(rd->set->arena, n->text);
    return true;
}

bool qund_rule_read_int(struct qund_rule_reader *rd, const struct qund_ynode *n, const char *what,
                        int64_t min, int64_t max, int64_t *out)
{
    int64_t v;

    if (n->kind != QUND_YAML_SCALAR || n->quoted || qund_str_int(n->text, &v) < 0 || v < min ||
        v > max) {
        qund_yaml_bad(rd->errs, rd->doc, n, "%s must be a whole number from %lld to %lld", what,
                      (long long)min, (long long)max);
        return false;
    }
    *out = v;
    return true;
}

bool qund_rule_read_duration(struct qund_rule_reader *rd, const struct qund_ynode *n,
                             const char *what, int64_t min_ms, int64_t max_ms, int64_t *out)
{
    int64_t v;

    if (n->kind != QUND_YAML_SCALAR || qund_str_duration(n->text, &v) < 0) {
        qund_yaml_bad(rd->errs, rd->doc, n, "%s must be a duration such as 30s, 10m, 2h or 7d",
                      what);
        return false;
    }
    if (v < min_ms || v > max_ms) {
        qund_yaml_bad(rd->errs, rd->doc, n, "%s must lie between %lld s and %lld days", what,
                      (long long)(min_ms / 1000), (long long)(max_ms / QUND_DAY_MS));
        return false;
    }
    *out = v;
    return true;
}

bool qund_rule_read_boolean(struct qund_rule_reader *rd, const struct qund_ynode *n,
                            const char *what, bool *out)
{
    if (n->kind == QUND_YAML_SCALAR && !n->quoted && qund_str_is(n->text, "true"))
        *out = true;
    else if (n->kind == QUND_YAML_SCALAR && !n->quoted && qund_str_is(n->text, "false"))
        *out = false;
    else
        return qund_yaml_bad(rd->errs, rd->doc, n, "%s must be true or false", what) == 0;
    return true;
}

int qund_rule_read_choice(struct qund_rule_reader *rd, const struct qund_ynode *n, const char *what,
                          const char *const *words, size_t n_words)
{
    char all[200] = "";
    size_t at = 0;
    int found = n->kind == QUND_YAML_SCALAR ? qund_str_index(n->text, words, n_words) : -1;

    if (found >= 0)
        return found;
    for (size_t i = 0; i < n_words && at < sizeof(all); i++)
        at += (size_t)snprintf(all + at, sizeof(all) - at, "%s%s", i ? ", " : "", words[i]);
    qund_yaml_bad(rd->errs, rd->doc, n, "%s must be one of: %s", what, all);
    return -1;
}

void qund_rule_read_per(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    static const char *const words[] = {"sender", "contact", "group"}; /* enum qund_rule_per */
    int i = qund_rule_read_choice(rd, n, "per", words, QUND_ARRAY_LEN(words));

    if (i >= 0)
        *(enum qund_rule_per *)into = (enum qund_rule_per)i;
}

/* Names that the program compares: lower_snake_case, dots for event types and scopes. */
bool qund_rule_check_name(struct qund_rule_reader *rd, const struct qund_ynode *n, const char *what)
{
    bool ok = n->kind == QUND_YAML_SCALAR && n->text.n > 0 && n->text.n <= RULE_NAME_MAX;
    size_t i;

    for (i = 0; ok && i < n->text.n; i++) {
        char c = n->text.p[i];

        ok = (c >= 'a' && c <= 'z') ||
             (i > 0 && ((c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'));
    }
    if (!ok)
        qund_yaml_bad(
            rd->errs, rd->doc, n,
            "%s must be a name of lower-case letters, digits and _ . - (at most %u bytes)", what,
            RULE_NAME_MAX);
    return ok;
}

bool qund_rule_check_text(struct qund_rule_reader *rd, const struct qund_ynode *n, const char *what)
{
    struct qund_str s;

    return qund_rule_read_text(rd, n, what, 128, &s);
}

bool qund_rule_check_tag(struct qund_rule_reader *rd, const struct qund_ynode *n, const char *what)
{
    bool ok = n->kind == QUND_YAML_SCALAR && qund_crm_tag_named(n->text);

    if (!ok)
        qund_yaml_bad(
            rd->errs, rd->doc, n,
            "%s must be a tag: 1 to %u bytes, none of , ; | and no control characters, no "
            "blanks at its ends",
            what, RULE_TAG_MAX);
    return ok;
}

bool qund_rule_read_strs(struct qund_rule_reader *rd, const struct qund_ynode *n, const char *what,
                         bool (*check)(struct qund_rule_reader *, const struct qund_ynode *,
                                       const char *what),
                         struct qund_rule_strs *out)
{
    const struct qund_ynode *first = n->kind == QUND_YAML_LIST ? n->child : n, *e;
    bool list = n->kind == QUND_YAML_LIST, ok = true;
    size_t count = 0, i = 0;

    for (e = first; e; e = list ? e->next : NULL)
        count++;
    if (count == 0 || count > RULE_NAMES_MAX) {
        qund_yaml_bad(rd->errs, rd->doc, n, "%s must have 1 to %u entries", what, RULE_NAMES_MAX);
        return false;
    }
    out->v = qund_arena_zalloc(rd->set->arena, count * sizeof(*out->v));
    for (e = first; e; e = list ? e->next : NULL) {
        if (check(rd, e, what))
            out->v[i++] = qund_arena_str(rd->set->arena, e->text);
        else
            ok = false;
    }
    out->n = i;
    return ok;
}

/* --- the keys of a rule ---------------------------------------------------------------------- */
static void read_id(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_rule *r = into;

    if (qund_rule_check_name(rd, n, "id"))
        r->id = qund_arena_str(rd->set->arena, n->text);
}

static void read_title(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_rule_read_text(rd, n, "title", 200, &((struct qund_rule *)into)->title);
}

static void read_owner(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_rule_read_text(rd, n, "owner", RULE_NAME_MAX, &((struct qund_rule *)into)->owner);
}

static void read_on(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_rule *r = into;

    qund_rule_read_strs(rd, n, "on", qund_rule_check_name, &r->on_types);
}

static void read_priority(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    int64_t v;

    if (qund_rule_read_int(rd, n, "priority", 0, 1000, &v))
        ((struct qund_rule *)into)->priority = (int)v;
}

static void read_stop(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_rule_read_boolean(rd, n, "stop", &((struct qund_rule *)into)->stop);
}

static void read_enabled(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_rule_read_boolean(rd, n, "enabled", &((struct qund_rule *)into)->enabled);
}

static void read_cooldown_for(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_rule_read_duration(rd, n, "cooldown.for", 1000, 90 * QUND_DAY_MS,
                            &((struct qund_rule *)into)->cooldown_for);
}

static void read_cooldown_per(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_rule_read_per(rd, n, &((struct qund_rule *)into)->cooldown_per);
}

static void read_cooldown(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    static const struct qund_rule_key keys[] = {
        {"for", read_cooldown_for},
        {"per", read_cooldown_per},
    };
    struct qund_rule *r = into;

    if (qund_rule_read_map(rd, n, "cooldown", keys, QUND_ARRAY_LEN(keys), into) &&
        r->cooldown_for == 0)
        qund_yaml_bad(rd->errs, rd->doc, n, "cooldown needs `for`, e.g. {for: 10m, per: sender}");
}

static const struct qund_rule_key rule_keys[] = {
    {"id", read_id},
    {"title", read_title},
    {"owner", read_owner},
    {"on", read_on},
    {"when", qund_rule_read_when},
    {"then", qund_rule_read_then},
    {"cooldown", read_cooldown},
    {"priority", read_priority},
    {"stop", read_stop},
    {"enabled", read_enabled},
};

/* {{match.1}} needs an expression that can catch something, {{match.0}} any term at all. */
static void check_match_vars(struct qund_rule_reader *rd, const struct qund_ynode *node,
                             const struct qund_rule *r)
{
    const struct qund_rule_terms *lists[] = {&r->all, &r->any};
    bool regex = false;
    int highest = -1;
    size_t i, j;

    for (i = 0; i < r->n_actions; i++) {
        qund_template_uses_match(&r->actions[i].text, &highest);
        qund_template_uses_match(&r->actions[i].suggest, &highest);
    }
    for (i = 0; i < QUND_ARRAY_LEN(lists); i++)
        for (j = 0; j < lists[i]->n; j++)
            regex = regex || lists[i]->v[j].kind == RULE_TERM_REGEX;
    if (highest >= 0 && r->all.n + r->any.n == 0)
        qund_yaml_bad(rd->errs, rd->doc, node,
                      "rule '%.*s' uses {{match.%d}} but has no term that could match",
                      QUND_STR_ARG(r->id), highest);
    else if (highest >= 1 && !regex)
        qund_yaml_bad(rd->errs, rd->doc, node,
                      "rule '%.*s' uses {{match.%d}} but has no regex; only {{match.0}} is known",
                      QUND_STR_ARG(r->id), highest);
}

static void defaults(struct qund_rule_reader *rd, struct qund_rule *r)
{
    if (r->on_types.n == 0) {
        r->on_types.v = qund_arena_zalloc(rd->set->arena, sizeof(*r->on_types.v));
        r->on_types.v[0] = QUND_STR("message");
        r->on_types.n = 1;
    }
    if (!r->from_given)
        r->from = 1u << QUND_ROLE_CUSTOMER | 1u << QUND_ROLE_KOC | 1u << QUND_ROLE_NONE;
    r->conds |= 1u << RULE_COND_FROM;
}

struct qund_rule *qund_rule_read(struct qund_rule_reader *rd, const struct qund_ynode *node)
{
    struct qund_rule *r = qund_arena_zalloc(rd->set->arena, sizeof(*r));
    size_t before = problems(rd->errs);

    r->priority = 50;
    r->enabled = true;
    r->line = node->line;
    r->col = node->col;
    if (!qund_rule_read_map(rd, node, "a rule", rule_keys, QUND_ARRAY_LEN(rule_keys), r) &&
        node->kind != QUND_YAML_MAP)
        return NULL;
    if (!qund_yaml_get(node, "id"))
        qund_yaml_bad(rd->errs, rd->doc, node, "the rule has no `id`");
    if (!qund_yaml_get(node, "then"))
        qund_yaml_bad(rd->errs, rd->doc, node, "the rule has no `then`: say what it does");
    if (problems(rd->errs) != before)
        return NULL;
    defaults(rd, r);
    check_match_vars(rd, node, r);
    qund_rule_check_says(rd, node, r);
    return problems(rd->errs) == before ? r : NULL;
}
