/* parse_say.c - actions that speak in a chat: reply, recall, forward.
 *
 * What a rule may say by itself is narrow. It never answers somebody who complains or speaks of the
 * law: whoever writes such a rule is told when it is loaded, as far as the rule itself says so, and
 * the engine refuses whatever slips through by the intents of the message. It never answers
 * machines. Marks, caps and hours of rest are the configuration's, not the rule's. */
#include "rule/internal.h"

/* Intents that get no automatic word. */
static const char *const SILENT[] = {"complaint",  "legal",   "safety",
                                     "staff_risk", "opt_out", "spam"};

bool qund_rule_intent_silent(struct qund_str intent)
{
    return qund_str_index(intent, SILENT, QUND_ARRAY_LEN(SILENT)) >= 0;
}

static void read_say_text(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_template_read(rd, n, &((struct qund_rule_action *)into)->text);
}

static void read_private(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_rule_read_boolean(rd, n, "reply.private", &((struct qund_rule_action *)into)->person);
}

void qund_rule_read_reply(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    static const struct qund_rule_key keys[] = {
        {"text", read_say_text},
        {"private", read_private},
    };
    struct qund_rule_action *a = into;

    a->act = QUND_ACT_REPLY;
    if (n->kind != QUND_YAML_MAP)
        read_say_text(rd, n, a);
    else if (qund_rule_read_map(rd, n, "reply", keys, QUND_ARRAY_LEN(keys), a) && a->text.n == 0)
        qund_yaml_bad(rd->errs, rd->doc, n, "reply needs `text`, e.g. {text: 每天 9:00-18:00}");
}

void qund_rule_read_recall(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    static const char *const words[] = {"own"};

    ((struct qund_rule_action *)into)->act = QUND_ACT_RECALL;
    qund_rule_read_choice(rd, n, "recall", words, QUND_ARRAY_LEN(words));
}

static void read_forward_to(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_rule_action *a = into;

    if (qund_rule_read_text(rd, n, "forward.to", 128 + sizeof("group:"), &a->to) &&
        qund_str_is(a->to, "group:"))
        qund_yaml_bad(rd->errs, rd->doc, n, "forward.to wants the group's id: group:ID");
}

void qund_rule_read_forward(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    static const struct qund_rule_key keys[] = {
        {"to", read_forward_to},
        {"text", read_say_text},
    };
    struct qund_rule_action *a = into;

    a->act = QUND_ACT_FORWARD;
    if (qund_rule_read_map(rd, n, "forward", keys, QUND_ARRAY_LEN(keys), a) && !a->to.p)
        qund_yaml_bad(rd->errs, rd->doc, n,
                      "forward needs `to`: a target's name, or group:ID of a staff group");
}

/* The intent that this rule itself sets or asks for and that gets no answer; NONE: there is none.
 */
static struct qund_str silent_of(const struct qund_rule *r)
{
    static const struct qund_rule_names none;
    const struct qund_rule_names *intents = r->asked ? &r->asked->intents : &none;
    const struct qund_rule_strs *const asked[] = {&intents->any, &intents->all};

    for (size_t i = 0; i < r->n_actions; i++)
        if (r->actions[i].act == QUND_ACT_INTENT && qund_rule_intent_silent(r->actions[i].name))
            return r->actions[i].name;
    for (size_t k = 0; k < QUND_ARRAY_LEN(asked); k++)
        for (size_t i = 0; i < asked[k]->n; i++)
            if (qund_rule_intent_silent(asked[k]->v[i]))
                return asked[k]->v[i];
    return QUND_STR_NONE;
}

void qund_rule_check_says(struct qund_rule_reader *rd, const struct qund_ynode *n,
                          const struct qund_rule *r)
{
    struct qund_str silent;
    bool replies = false;

    for (size_t i = 0; i < r->n_actions; i++)
        replies |= r->actions[i].act == QUND_ACT_REPLY;
    if (!replies)
        return;
    silent = silent_of(r);
    if (silent.p)
        qund_yaml_bad(rd->errs, rd->doc, n,
                      "rule '%.*s' replies to `%.*s`: that never gets an automatic answer; alert "
                      "somebody",
                      QUND_STR_ARG(r->id), QUND_STR_ARG(silent));
    if (r->from == 1u << QUND_ROLE_BOT)
        qund_yaml_bad(rd->errs, rd->doc, n, "rule '%.*s' would answer machines",
                      QUND_STR_ARG(r->id));
}
