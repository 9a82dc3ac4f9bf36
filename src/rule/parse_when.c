/* parse_when.c - the conditions of a rule.
 *
 * Each key present sets its bit in rule->conds, so that evaluation walks only over what a rule asks
 * for. Sets of names share one grammar: a name or a list of names means `any` of them; a map has
 * any, all, none. */
#include "rule/internal.h"

/* A set of names being read, with what its names must look like. */
struct names_reader {
    struct qund_rule_names *names;
    bool (*check)(struct qund_rule_reader *rd, const struct qund_ynode *n, const char *what);
};

static void names_any(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    struct names_reader *r = into;

    qund_rule_read_strs(rd, n, "any", r->check, &r->names->any);
}

static void names_all(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    struct names_reader *r = into;

    qund_rule_read_strs(rd, n, "all", r->check, &r->names->all);
}

static void names_none(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    struct names_reader *r = into;

    qund_rule_read_strs(rd, n, "none", r->check, &r->names->none);
}

static void read_names(struct qund_rule_reader *rd, const struct qund_ynode *n, const char *what,
                       bool (*check)(struct qund_rule_reader *rd, const struct qund_ynode *n,
                                     const char *what),
                       struct qund_rule_names *out)
{
    static const struct qund_rule_key keys[] = {
        {"any", names_any},
        {"all", names_all},
        {"none", names_none},
    };
    struct names_reader r = {out, check};

    if (n->kind != QUND_YAML_MAP)
        qund_rule_read_strs(rd, n, what, check, &out->any);
    else if (qund_rule_read_map(rd, n, what, keys, QUND_ARRAY_LEN(keys), &r) &&
             out->any.n + out->all.n + out->none.n == 0)
        qund_yaml_bad(rd->errs, rd->doc, n, "%s needs one of any, all, none", what);
}

/* What text/extract.h finds; a name that no extractor gives would never hold. */
static const char *const extracts[] = {
    "room",  "phone",    "chain",     "signup", "signup_cancel", "signup_confirm",
    "order", "question", "grievance", "aside",  "call",
};

bool qund_rule_known_extract(struct qund_str name)
{
    return qund_str_index(name, extracts, QUND_ARRAY_LEN(extracts)) >= 0;
}

/* What the engine says about the talk around a message. */
static const char *const contexts[] = {
    "reply_to_staff", "reply_to_member", "mention_staff", "mention_member",
    "after_staff",    "after_member",    "call_signup",   "call_confirm",
    "call_order",     "call_fresh",      "signed_up",     "is_asked",
};

static bool check_context(struct qund_rule_reader *rd, const struct qund_ynode *n, const char *what)
{
    return qund_rule_read_choice(rd, n, what, contexts, QUND_ARRAY_LEN(contexts)) >= 0;
}

static bool check_extract(struct qund_rule_reader *rd, const struct qund_ynode *n, const char *what)
{
    return qund_rule_read_choice(rd, n, what, extracts, QUND_ARRAY_LEN(extracts)) >= 0;
}

/* --- terms --- */
static void read_all(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_rule *r = into;

    qund_rule_read_terms(rd, n, "all", &r->all);
    r->conds |= 1u << RULE_COND_ALL;
}

static void read_any(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_rule *r = into;

    qund_rule_read_terms(rd, n, "any", &r->any);
    r->conds |= 1u << RULE_COND_ANY;
}

static void read_none(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_rule *r = into;

    qund_rule_read_terms(rd, n, "none", &r->none);
    r->conds |= 1u << RULE_COND_NONE;
}

/* --- who, where, when --- */
static void read_from(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    static const struct {
        const char *word;
        uint32_t bits;
    } roles[] = {
        {"customer", 1u << QUND_ROLE_CUSTOMER},
        {"koc", 1u << QUND_ROLE_KOC},
        {"staff", 1u << QUND_ROLE_STAFF},
        {"bot", 1u << QUND_ROLE_BOT},
        {"any", UINT32_MAX},
    };
    const char *words[QUND_ARRAY_LEN(roles)];
    bool list = n->kind == QUND_YAML_LIST;
    struct qund_rule *r = into;
    const struct qund_ynode *e;
    size_t i;

    for (i = 0; i < QUND_ARRAY_LEN(roles); i++)
        words[i] = roles[i].word;
    for (e = list ? n->child : n; e; e = list ? e->next : NULL) {
        int at = qund_rule_read_choice(rd, e, "from", words, QUND_ARRAY_LEN(words));

        if (at >= 0)
            r->from |= roles[at].bits;
    }
    if (list && !n->child)
        qund_yaml_bad(rd->errs, rd->doc, n, "from must name at least one role");
    r->from_given = true;
}

static struct qund_rule_asked *asked_of(struct qund_rule_reader *rd, struct qund_rule *r)
{
    if (!r->asked)
        r->asked = qund_arena_zalloc(rd->set->arena, sizeof(*r->asked));
    return r->asked;
}

static void read_group_type(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_rule_read_strs(rd, n, "groups.type", qund_rule_check_group_type,
                        &asked_of(rd, into)->group_types);
}

static void read_group_ids(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_rule_read_strs(rd, n, "groups.ids", qund_rule_check_text, &asked_of(rd, into)->group_ids);
}

static void read_group_tags(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    read_names(rd, n, "groups.tags", qund_rule_check_tag, &asked_of(rd, into)->group_tags);
}

static void read_groups(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    static const struct qund_rule_key keys[] = {
        {"type", read_group_type},
        {"ids", read_group_ids},
        {"tags", read_group_tags},
    };
    struct qund_rule *r = into;

    if (qund_rule_read_map(rd, n, "groups", keys, QUND_ARRAY_LEN(keys), r) && !n->child)
        qund_yaml_bad(rd->errs, rd->doc, n, "groups needs one of type, ids, tags");
    r->conds |= 1u << RULE_COND_GROUPS;
}

/* "HH:MM" → minute of the day, 24:00 allowed; -1 otherwise. */
static int minute_of(struct qund_str s)
{
    int64_t h, m;

    if (s.n != 5 || s.p[2] != ':' || qund_str_int(qund_str_n(s.p, 2), &h) < 0 ||
        qund_str_int(qund_str_n(s.p + 3, 2), &m) < 0 || h < 0 || m < 0 || m > 59 ||
        h * 60 + m > INT64_C(1440))
        return -1;
    return (int)(h * 60 + m);
}

static void read_hours(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    static const char *const words[] = {"always", "duty", "off_duty"}; /* enum qund_rule_hours */
    struct qund_rule *r = into;
    struct qund_str rest = n->text, first;
    size_t i;

    r->conds |= 1u << RULE_COND_HOURS;
    for (i = 0; n->kind == QUND_YAML_SCALAR && i < QUND_ARRAY_LEN(words); i++)
        if (qund_str_is(n->text, words[i])) {
            r->hours = (enum qund_rule_hours)i;
            return;
        }
    r->hours = RULE_HOURS_RANGE;
    if (n->kind == QUND_YAML_SCALAR) {
        first = qund_str_split(&rest, '-');
        r->from_minute = minute_of(first);
        r->to_minute = rest.p ? minute_of(rest) : -1;
        if (r->from_minute >= 0 && r->to_minute >= 0 && r->from_minute != r->to_minute)
            return;
    }
    qund_yaml_bad(rd->errs, rd->doc, n,
                  "hours must be duty, off_duty, always or a range such as \"09:00-21:00\"");
}

static void read_tags(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_rule *r = into;

    read_names(rd, n, "tags", qund_rule_check_tag, &asked_of(rd, r)->tags);
    r->conds |= 1u << RULE_COND_TAGS;
}

static void read_extract(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_rule *r = into;

    read_names(rd, n, "extract", check_extract, &asked_of(rd, r)->extracts);
    r->conds |= 1u << RULE_COND_EXTRACT;
}

static void read_intents(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_rule *r = into;

    read_names(rd, n, "intents", qund_rule_check_name, &asked_of(rd, r)->intents);
    r->conds |= 1u << RULE_COND_INTENTS;
}

static void read_context(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_rule *r = into;

    read_names(rd, n, "context", check_context, &asked_of(rd, r)->context);
    r->conds |= 1u << RULE_COND_CONTEXT;
}

static void read_kind(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_rule *r = into;

    qund_rule_read_strs(rd, n, "kind", qund_rule_check_name, &asked_of(rd, r)->kinds);
    r->conds |= 1u << RULE_COND_KIND;
}

/* --- count --- */
static void count_gte(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_rule_read_int(rd, n, "count.gte", 1, 1000, &((struct qund_rule *)into)->count_gte);
}

static void count_within(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_rule_read_duration(rd, n, "count.within", 1000, 30 * QUND_DAY_MS,
                            &((struct qund_rule *)into)->count_within);
}

static void count_per(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_rule_read_per(rd, n, &((struct qund_rule *)into)->count_per);
}

static void read_count(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    static const struct qund_rule_key keys[] = {
        {"gte", count_gte},
        {"within", count_within},
        {"per", count_per},
    };
    struct qund_rule *r = into;

    if (qund_rule_read_map(rd, n, "count", keys, QUND_ARRAY_LEN(keys), r) &&
        (r->count_gte == 0 || r->count_within == 0))
        qund_yaml_bad(rd->errs, rd->doc, n,
                      "count needs `gte` and `within`, e.g. {gte: 3, within: 10m, per: sender}");
}

static const struct qund_rule_key when_keys[] = {
    {"all", read_all},
    {"any", read_any},
    {"none", read_none},
    {"from", read_from},
    {"groups", read_groups},
    {"hours", read_hours},
    {"tags", read_tags},
    {"count", read_count},
    {"kind", read_kind},
    {"extract", read_extract},
    {"intents", read_intents},
    {"context", read_context},
    {"lean", qund_rule_read_leans},
};

void qund_rule_read_when(struct qund_rule_reader *rd, const struct qund_ynode *n, void *rule)
{
    if (n->kind == QUND_YAML_NULL)
        return; /* `when:` with nothing below it is as good as none */
    qund_rule_read_map(rd, n, "when", when_keys, QUND_ARRAY_LEN(when_keys), rule);
}
