/* template_role.c - what stands above the steps: who plays which part, what is typed when a plan is
 * made, what the whole is for, and what sets it off. */
#include "sop/template_parts.h"

#define DISCLOSURE_MAX 300u

/* --- roles ----------------------------------------------------------------------------------- */
static const char *actor_at(int i)
{
    static const char *const WORDS[] = {"staff", "invited_customer"};

    return WORDS[i];
}

static const char *fallback_at(int i)
{
    (void)i;
    return "staff_true_count";
}

static const char *evidence_at(int i)
{
    static const char *const WORDS[] = {"order_or_visit_id", "order_id", "member_questions"};

    return WORDS[i];
}

static void role_actor(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    ((struct qund_sop_role_use *)into)->invited_customer =
        qund_sop_read_choice(rd, n, "actor_kind", actor_at, 2) == 1;
}

static void role_fallback(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    ((struct qund_sop_role_use *)into)->staff_true_count =
        qund_sop_read_choice(rd, n, "fallback", fallback_at, 1) == 0;
}

static void role_evidence(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    int i = qund_sop_read_choice(rd, n, "evidence", evidence_at, 3);

    if (i >= 0)
        ((struct qund_sop_role_use *)into)->evidence = qund_str(evidence_at(i));
}

/* An empty one is lawful.c's to refuse, with the reason. */
static void role_disclosure(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    if (n->kind == QUND_YAML_SCALAR && qund_str_trim(n->text).n > 0)
        qund_sop_read_text(rd, n, "disclosure", DISCLOSURE_MAX,
                           &((struct qund_sop_role_use *)into)->disclosure);
    else if (n->kind != QUND_YAML_SCALAR && n->kind != QUND_YAML_NULL)
        qund_yaml_err(rd->errs, rd->doc, n, "disclosure must be a text");
}

static const struct qund_sop_key role_keys[] = {
    {"actor_kind", role_actor},
    {"fallback", role_fallback},
    {"evidence", role_evidence},
    {"disclosure", role_disclosure},
};
const struct qund_sop_level qund_sop_role_level = {"role", role_keys, QUND_ARRAY_LEN(role_keys)};

void qund_sop_read_roles(struct qund_sop_reader *rd, const struct qund_ynode *n, void *template)
{
    struct qund_sop_template *t = template;
    const char *names[QUND_SOP_ROLES];

    if (n->kind != QUND_YAML_MAP) {
        qund_yaml_err(rd->errs, rd->doc, n, "roles must be a map from a role to who plays it");
        return;
    }
    for (int i = 0; i < QUND_SOP_ROLES; i++)
        names[i] = qund_sop_role_name((enum qund_sop_role)i);
    qund_ignore(qund_yaml_known(rd->errs, rd->doc, n, names, QUND_SOP_ROLES)); /* counted in errs */
    for (const struct qund_ynode *e = n->child; e; e = e->next) {
        int i = qund_sop_role_parse(e->key);

        if (i < 0)
            continue;
        t->roles[i].given = true;
        qund_sop_read_map(rd, e, "a role", &qund_sop_role_level, &t->roles[i]);
    }
}

/* --- params ---------------------------------------------------------------------------------- */
static const char *type_at(int i)
{
    static const char *const WORDS[] = {"text", "number", "date", "time", "datetime", "link"};

    return WORDS[i];
}

static void param_name(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_sop_param *p = into;

    if (n->kind != QUND_YAML_SCALAR || !qund_sop_var_word(n->text))
        qund_yaml_err(rd->errs, rd->doc, n,
                      "a param's name is one word of at most %u bytes, e.g. koc.benefit",
                      QUND_SOP_VAR_MAX);
    else if (qund_sop_var_reserved(n->text))
        qund_yaml_err(rd->errs, rd->doc, n,
                      "{{%.*s}} is computed from records or looked up and may never be typed: take "
                      "the param out",
                      QUND_STR_ARG(n->text));
    else
        p->name = qund_sop_keep(rd, n->text);
}

static void param_label(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_sop_read_text(rd, n, "label", 100, &((struct qund_sop_param *)into)->label);
}

static void param_type(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    int i = qund_sop_read_choice(rd, n, "type", type_at, 6);

    if (i >= 0)
        ((struct qund_sop_param *)into)->type = qund_str(type_at(i));
}

static void param_default(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_sop_read_text(rd, n, "default", 1000, &((struct qund_sop_param *)into)->preset);
}

static const struct qund_sop_key param_keys[] = {
    {"name", param_name},
    {"label", param_label},
    {"type", param_type},
    {"default", param_default},
};
const struct qund_sop_level qund_sop_param_level = {"param", param_keys,
                                                    QUND_ARRAY_LEN(param_keys)};

/* What is preset must be what a plan would take from whoever types it. */
static void finish_param(struct qund_sop_reader *rd, const struct qund_ynode *n,
                         struct qund_sop_template *t)
{
    struct qund_sop_param *p = &t->params[t->n_params];
    struct qund_sop_value v;

    if (!qund_yaml_get(n, "name"))
        qund_yaml_err(rd->errs, rd->doc, n, "the param has no `name`, e.g. koc.benefit");
    if (!p->name.p)
        return;
    for (size_t i = 0; i < t->n_params; i++)
        if (qund_str_eq(t->params[i].name, p->name)) {
            qund_yaml_err(rd->errs, rd->doc, n, "param '%.*s' stands twice", QUND_STR_ARG(p->name));
            return;
        }
    if (!p->label.p)
        p->label = p->name;
    if (p->preset.p && qund_str_find(p->preset, 0, QUND_STR("{{")) >= 0)
        qund_yaml_err(rd->errs, rd->doc, qund_sop_node(n, "default"),
                      "a default is a value, and this holds a variable: write it in the content, "
                      "where it is filled");
    if (qund_str_is(p->type, "number") && p->preset.p &&
        (qund_sop_value_parse(p->preset, &v, NULL) < 0 || v.percent || v.var.p))
        qund_yaml_err(rd->errs, rd->doc, qund_sop_node(n, "default"), "'%.*s' is not a number",
                      QUND_STR_ARG(qund_utf8_cut(p->preset, 60)));
    t->n_params++;
}

void qund_sop_read_params(struct qund_sop_reader *rd, const struct qund_ynode *n, void *template)
{
    struct qund_sop_template *t = template;
    size_t count = 0;

    for (const struct qund_ynode *e = n->kind == QUND_YAML_LIST ? n->child : NULL; e; e = e->next)
        count++;
    if (n->kind != QUND_YAML_LIST || count > QUND_SOP_PARAMS_MAX) {
        qund_yaml_err(rd->errs, rd->doc, n, "params must be a list of at most %u entries",
                      QUND_SOP_PARAMS_MAX);
        return;
    }
    for (const struct qund_ynode *e = n->child; e; e = e->next) {
        t->params[t->n_params] = (struct qund_sop_param){.type = QUND_STR("text")};
        if (qund_sop_read_map(rd, e, "a param", &qund_sop_param_level, &t->params[t->n_params]) ||
            e->kind == QUND_YAML_MAP)
            finish_param(rd, e, t);
    }
}

/* --- the goal -------------------------------------------------------------------------------- */
static void goal_main(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_sop_read_text(rd, n, "main_conversion", 300, &((struct qund_sop_template *)into)->goal);
}

/* "35%", ">=70% of confirmed", "<=3%": more is better unless it says otherwise. */
static void read_target(struct qund_sop_reader *rd, const struct qund_ynode *n,
                        struct qund_sop_target *to)
{
    struct qund_ynode value = *n;
    struct qund_err err = {0};
    enum qund_sop_metric m;
    struct qund_str what;

    if (qund_sop_metric_of(n->key, &m, &what, &err) < 0) {
        qund_yaml_err(rd->errs, rd->doc, n, "a target is a metric that can be counted: %s",
                      err.text);
        return;
    }
    to->name = qund_sop_keep(rd, n->key);
    to->at_most = n->kind == QUND_YAML_SCALAR && qund_str_starts(n->text, "<=");
    if (n->kind == QUND_YAML_SCALAR && (to->at_most || qund_str_starts(n->text, ">=")))
        value.text = qund_str_n(n->text.p + 2, n->text.n - 2);
    if (qund_sop_read_value(rd, &value, "a target", &to->value) && to->value.percent &&
        !qund_sop_metric_counts(m))
        qund_yaml_err(rd->errs, rd->doc, n,
                      "%s counts neither people nor things: write a number, no percentage",
                      qund_sop_metric_name(m));
}

static void goal_targets(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_sop_template *t = into;
    size_t count = 0;

    for (const struct qund_ynode *e = n->kind == QUND_YAML_MAP ? n->child : NULL; e; e = e->next)
        count++;
    if (n->kind != QUND_YAML_MAP || count > QUND_SOP_LIST_MAX) {
        qund_yaml_err(rd->errs, rd->doc, n,
                      "targets must be a map of at most %u metrics, e.g. {orders: 10}",
                      QUND_SOP_LIST_MAX);
        return;
    }
    t->targets = qund_arena_zalloc(t->arena, (count + 1) * sizeof(*t->targets));
    for (const struct qund_ynode *e = n->child; e; e = e->next)
        read_target(rd, e, &t->targets[t->n_targets++]);
}

static const struct qund_sop_key goal_keys[] = {
    {"main_conversion", goal_main},
    {"targets", goal_targets},
};
const struct qund_sop_level qund_sop_goal_level = {"goal", goal_keys, QUND_ARRAY_LEN(goal_keys)};

void qund_sop_read_goal(struct qund_sop_reader *rd, const struct qund_ynode *n, void *template)
{
    qund_sop_read_map(rd, n, "goal", &qund_sop_goal_level, template);
}

/* --- the trigger ----------------------------------------------------------------------------- */
static const char *trigger_at(int i)
{
    return qund_sop_trigger_name((enum qund_sop_trigger)i);
}

static void trigger_text(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_sop_read_text(rd, n, trigger_at((int)((struct qund_sop_template *)into)->trigger),
                       QUND_SOP_NAME_MAX, &((struct qund_sop_template *)into)->trigger_what);
}

static void trigger_dormant(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_sop_read_duration(rd, n, "dormant", QUND_DAY_MS, 3650 * QUND_DAY_MS,
                           &((struct qund_sop_template *)into)->trigger_ms);
}

/* Those that need to know of what; the others are written as a word. */
static const struct qund_sop_key trigger_keys[] = {
    {"keyword", trigger_text},    {"tag_added", trigger_text},     {"dormant", trigger_dormant},
    {"lead_stage", trigger_text}, {"plan_finished", trigger_text},
};
const struct qund_sop_level qund_sop_trigger_level = {"trigger", trigger_keys,
                                                      QUND_ARRAY_LEN(trigger_keys)};

static bool wants_more(enum qund_sop_trigger trigger)
{
    for (size_t i = 0; i < QUND_ARRAY_LEN(trigger_keys); i++)
        if (strcmp(trigger_keys[i].name, qund_sop_trigger_name(trigger)) == 0)
            return true;
    return false;
}

void qund_sop_read_trigger(struct qund_sop_reader *rd, const struct qund_ynode *n, void *template)
{
    struct qund_sop_template *t = template;
    int i;

    if (n->kind != QUND_YAML_MAP) {
        i = qund_sop_read_choice(rd, n, "trigger", trigger_at, QUND_SOP_TRIGGERS);
        if (i >= 0 && wants_more((enum qund_sop_trigger)i))
            qund_yaml_err(rd->errs, rd->doc, n, "%s needs to know of what, e.g. {%s: %s}",
                          trigger_at(i), trigger_at(i), i == QUND_SOP_DORMANT ? "60d" : "预约");
        else if (i >= 0)
            t->trigger = (enum qund_sop_trigger)i;
        return;
    }
    for (i = 0; n->child && i < QUND_SOP_TRIGGERS; i++)
        if (qund_str_is(n->child->key, trigger_at(i)))
            t->trigger = (enum qund_sop_trigger)i;
    if (qund_sop_read_map(rd, n, "trigger", &qund_sop_trigger_level, t) &&
        (!n->child || n->child->next))
        qund_yaml_err(rd->errs, rd->doc, n, "a trigger is a map with exactly one key");
}
