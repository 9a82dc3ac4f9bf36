/* parse_then.c - what a rule does: a list of maps with one key each. Those that speak in a chat are
 * in parse_say.c. */
#include "rule/internal.h"

static void read_intent(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_rule_action *a = into;

    a->act = QUND_ACT_INTENT;
    if (qund_rule_check_name(rd, n, "intent"))
        a->name = qund_arena_str(rd->set->arena, n->text);
}

static void read_tag_name(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    if (qund_rule_check_tag(rd, n, "tag"))
        ((struct qund_rule_action *)into)->name = qund_arena_str(rd->set->arena, n->text);
}

static void read_tag_for(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_rule_read_duration(rd, n, "tag.for", INT64_C(60000), 3650 * QUND_DAY_MS,
                            &((struct qund_rule_action *)into)->for_ms);
}

static void read_tag(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    static const struct qund_rule_key keys[] = {
        {"name", read_tag_name},
        {"for", read_tag_for},
    };
    struct qund_rule_action *a = into;

    a->act = QUND_ACT_TAG;
    if (n->kind != QUND_YAML_MAP)
        read_tag_name(rd, n, a);
    else if (qund_rule_read_map(rd, n, "tag", keys, QUND_ARRAY_LEN(keys), a) && !a->name.p)
        qund_yaml_bad(rd->errs, rd->doc, n, "tag needs `name`, e.g. {name: 意向:询价, for: 30d}");
}

static void read_untag(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    ((struct qund_rule_action *)into)->act = QUND_ACT_UNTAG;
    read_tag_name(rd, n, into);
}

static void read_score_add(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_rule_read_int(rd, n, "lead.score_add", -1000, 1000,
                       &((struct qund_rule_action *)into)->score_add);
}

static void read_stage(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    if (qund_rule_check_name(rd, n, "lead.stage"))
        ((struct qund_rule_action *)into)->stage = qund_arena_str(rd->set->arena, n->text);
}

static void read_lead(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    static const struct qund_rule_key keys[] = {
        {"score_add", read_score_add},
        {"stage", read_stage},
    };
    struct qund_rule_action *a = into;

    a->act = QUND_ACT_LEAD;
    if (qund_rule_read_map(rd, n, "lead", keys, QUND_ARRAY_LEN(keys), a) && a->score_add == 0 &&
        !a->stage.p)
        qund_yaml_bad(rd->errs, rd->doc, n, "lead needs `score_add` (not 0) or `stage`");
}

static void read_to(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_rule_action *a = into;

    a->line = n->line;
    a->col = n->col;
    if (n->kind == QUND_YAML_SCALAR && qund_str_starts(n->text, "staff:") && n->text.n > 6)
        qund_rule_read_text(rd, n, "alert.to", 128, &a->to);
    else if (qund_rule_check_role(rd, n, "alert.to"))
        a->to = qund_arena_str(rd->set->arena, n->text);
}

static void read_level(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    static const char *const words[] = {"info", "warn", "urgent"};
    int i = qund_rule_read_choice(rd, n, "alert.level", words, QUND_ARRAY_LEN(words));

    if (i >= 0)
        ((struct qund_rule_action *)into)->level = qund_str(words[i]);
}

static void read_ladder(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    if (qund_rule_check_name(rd, n, "alert.ladder"))
        ((struct qund_rule_action *)into)->ladder = qund_arena_str(rd->set->arena, n->text);
}

static void read_alert_text(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_template_read(rd, n, &((struct qund_rule_action *)into)->text);
}

static void read_alert_suggest(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_template_read(rd, n, &((struct qund_rule_action *)into)->suggest);
}

static void read_alert(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    static const struct qund_rule_key keys[] = {
        {"to", read_to},           {"level", read_level},           {"ladder", read_ladder},
        {"text", read_alert_text}, {"suggest", read_alert_suggest},
    };
    struct qund_rule_action *a = into;

    a->act = QUND_ACT_ALERT;
    a->level = QUND_STR("info");
    if (!qund_rule_read_map(rd, n, "alert", keys, QUND_ARRAY_LEN(keys), a))
        return;
    if (!a->to.p)
        qund_yaml_bad(rd->errs, rd->doc, n, "alert needs `to`: a role such as consultant");
    if (a->text.n == 0)
        qund_yaml_bad(rd->errs, rd->doc, n, "alert needs `text`, e.g. \"{{message.text}}\"");
}

/* What the message calls for, as the extractor would have said; "1" and "来" answer it from then
 * on. */
static void read_call(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    static const char *const calls[] = {"signup", "confirm", "order", "close"};
    struct qund_rule_action *a = into;
    int i = qund_rule_read_choice(rd, n, "call", calls, QUND_ARRAY_LEN(calls));

    a->act = QUND_ACT_CALL;
    if (i >= 0)
        a->name = qund_str(calls[i]);
}

static const struct qund_rule_key action_keys[] = {
    {"intent", read_intent},
    {"tag", read_tag},
    {"untag", read_untag},
    {"lead", read_lead},
    {"alert", read_alert},
    {"call", read_call},
    {"reply", qund_rule_read_reply},
    {"recall", qund_rule_read_recall},
    {"forward", qund_rule_read_forward},
};

const char *qund_rule_act_name(enum qund_rule_act a)
{
    static const char *const names[QUND_RULE_ACTS] = {
        "intent", "tag", "untag", "lead", "alert", "call", "reply", "recall", "forward"};

    return (unsigned)a < QUND_RULE_ACTS ? names[a] : "?";
}

bool qund_rule_act_speaks(enum qund_rule_act a)
{
    return a == QUND_ACT_REPLY || a == QUND_ACT_RECALL || a == QUND_ACT_FORWARD;
}

void qund_rule_read_then(struct qund_rule_reader *rd, const struct qund_ynode *n, void *rule)
{
    struct qund_rule *r = rule;
    const struct qund_ynode *e;
    size_t count = 0;

    for (e = n->kind == QUND_YAML_LIST ? n->child : NULL; e; e = e->next)
        count++;
    if (count == 0 || count > RULE_ACTIONS_MAX) {
        qund_yaml_bad(rd->errs, rd->doc, n, "then must be a list of 1 to %u actions",
                      RULE_ACTIONS_MAX);
        return;
    }
    r->actions = qund_arena_zalloc(rd->set->arena, count * sizeof(*r->actions));
    for (e = n->child; e; e = e->next) {
        struct qund_rule_action *a = &r->actions[r->n_actions++];

        if (qund_rule_read_map(rd, e, "an action", action_keys, QUND_ARRAY_LEN(action_keys), a) &&
            (!e->child || e->child->next))
            qund_yaml_bad(rd->errs, rd->doc, e, "an action is a map with exactly one key");
    }
}
