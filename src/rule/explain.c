/* explain.c - why a rule fires for an event, or why it does not.
 *
 * Nothing is cut short here: every condition is asked, whatever the others said, and a term that is
 * there is shown where it stands in the original message. The rules that go before run too, without
 * leaving a trace, so that intents and tags set by them, and a `stop`, are as they are in earnest.
 * The event's own marks in windows and cooldowns are left out of the counts, so that a stored event
 * is explained as it was judged when it came. */
#include "core/json.h"
#include "rule/internal.h"

static const struct {
    const char *name, *zh;
} cond_names[RULE_CONDS] = {
    [RULE_COND_KIND] = {"kind", "消息种类"},       [RULE_COND_FROM] = {"from", "发送者角色"},
    [RULE_COND_GROUPS] = {"groups", "群范围"},     [RULE_COND_ALL] = {"all", "全部词都出现"},
    [RULE_COND_ANY] = {"any", "任一词出现"},       [RULE_COND_NONE] = {"none", "排除词不出现"},
    [RULE_COND_EXTRACT] = {"extract", "提取结果"}, [RULE_COND_INTENTS] = {"intents", "已有意图"},
    [RULE_COND_CONTEXT] = {"context", "上下文"},   [RULE_COND_HOURS] = {"hours", "时段"},
    [RULE_COND_TAGS] = {"tags", "客户标签"},       [RULE_COND_LEAN] = {"lean", "倾向"},
};

struct report {
    const struct qund_rule_run *run;
    const struct qund_rule *rule;
    struct qund_jw w;
    struct qund_buf *json, *lines;
};

static struct qund_str term_name(const struct qund_rule_run *run, const struct qund_rule_term *t)
{
    if (t->kind == RULE_TERM_WORDS) /* which of the words it was */
        return run->set->patterns[run->sc->slot_pattern[t->slot]];
    return t->text;
}

static void found_term(struct report *rp, const struct qund_rule_term *t)
{
    struct qund_rule_place at;
    struct qund_str name = term_name(rp->run, t);
    bool placed = qund_rule_term_place(rp->run, t, &at);

    qund_jw_obj(&rp->w);
    qund_jw_kstr(&rp->w, "term", name);
    if (t->kind == RULE_TERM_NEAR)
        qund_jw_kstr(&rp->w, "and", t->other);
    if (t->kind == RULE_TERM_WORDS)
        qund_jw_kstr(&rp->w, "words", t->text);
    if (placed) {
        qund_jw_kstr(&rp->w, "text", at.text);
        qund_jw_kint(&rp->w, "from", (int64_t)at.from);
        qund_jw_kint(&rp->w, "to", (int64_t)at.to);
    }
    qund_jw_end_obj(&rp->w);
    qund_buf_printf(rp->lines, "      「%.*s」", QUND_STR_ARG(name));
    if (t->kind == RULE_TERM_NEAR)
        qund_buf_printf(rp->lines, "与「%.*s」", QUND_STR_ARG(t->other));
    if (placed)
        qund_buf_printf(rp->lines, " → 原文「%.*s」，字节 %zu–%zu", QUND_STR_ARG(at.text), at.from,
                        at.to);
    qund_buf_char(rp->lines, '\n');
}

static void found_terms(struct report *rp, const struct qund_rule_terms *list)
{
    size_t i;

    for (i = 0; i < list->n; i++)
        if (qund_rule_term_holds(rp->run, &list->v[i]))
            found_term(rp, &list->v[i]);
}

/* What the condition was compared with, in a few words. */
static void why(const struct qund_rule_run *run, enum qund_rule_cond c, struct qund_buf *out)
{
    const struct qund_rule_input *in = run->in;
    size_t i;

    switch (c) {
    case RULE_COND_KIND:
        qund_buf_str(out, in->ev->kind);
        break;
    case RULE_COND_FROM:
        qund_buf_puts(out, in->role ? qund_role_name(in->role) : "-");
        break;
    case RULE_COND_GROUPS:
        qund_buf_printf(out, "%.*s %.*s", QUND_STR_ARG(in->ev->group),
                        QUND_STR_ARG(in->group_type));
        break;
    case RULE_COND_EXTRACT:
        for (i = 0; i < in->n_extracts; i++)
            qund_buf_printf(out, "%s%.*s=%.*s", i ? ", " : "", QUND_STR_ARG(in->extracts[i].name),
                            QUND_STR_ARG(in->extracts[i].value));
        break;
    case RULE_COND_INTENTS:
        for (i = 0; i < in->n_intents; i++)
            qund_buf_printf(out, "%s%.*s", i ? ", " : "", QUND_STR_ARG(in->intents[i]));
        for (i = 0; i < run->intents.n; i++)
            qund_buf_printf(out, "%s%.*s", in->n_intents + i ? ", " : "",
                            QUND_STR_ARG(run->intents.v[i]));
        break;
    case RULE_COND_CONTEXT:
        for (i = 0; i < in->n_context; i++)
            qund_buf_printf(out, "%s%.*s", i ? ", " : "", QUND_STR_ARG(in->context[i]));
        break;
    case RULE_COND_HOURS:
        qund_buf_printf(out, "%02d:%02d", qund_rule_minute(in) / 60, qund_rule_minute(in) % 60);
        break;
    case RULE_COND_ALL:
    case RULE_COND_ANY:
    case RULE_COND_NONE:
    case RULE_COND_TAGS:
    case RULE_COND_LEAN:
        break;
    }
}

/* The tags that were asked for and that the sender has. */
static void why_tags(const struct qund_rule_run *run, const struct qund_rule *r,
                     struct qund_buf *out)
{
    const struct qund_rule_strs *lists[] = {&r->asked->tags.any, &r->asked->tags.all,
                                            &r->asked->tags.none};
    size_t i, j;

    for (i = 0; i < QUND_ARRAY_LEN(lists); i++)
        for (j = 0; j < lists[i]->n; j++)
            qund_buf_printf(out, "%s%.*s%s", out->n ? ", " : "", QUND_STR_ARG(lists[i]->v[j]),
                            qund_rule_has_tag(run, lists[i]->v[j]) ? "✓" : "✗");
}

static bool condition(struct report *rp, enum qund_rule_cond c)
{
    const struct qund_rule_terms *terms[] = {&rp->rule->all, &rp->rule->any, &rp->rule->none};
    QUND_AUTO(qund_buf_done) struct qund_buf because = {0};
    bool holds = qund_rule_cond_holds(rp->run, rp->rule, c);

    if (c == RULE_COND_TAGS)
        why_tags(rp->run, rp->rule, &because);
    else if (c == RULE_COND_LEAN)
        qund_rule_lean_why(rp->run, rp->rule, &because);
    else
        why(rp->run, c, &because);
    qund_jw_obj(&rp->w);
    qund_jw_kz(&rp->w, "condition", cond_names[c].name);
    qund_jw_kbool(&rp->w, "holds", holds);
    qund_jw_kstr(&rp->w, "why", qund_buf_view(&because));
    qund_buf_printf(rp->lines, "  %s %s", holds ? "✓" : "✗", cond_names[c].zh);
    if (because.n)
        qund_buf_printf(rp->lines, "（%.*s）", QUND_STR_ARG(qund_buf_view(&because)));
    qund_buf_char(rp->lines, '\n');
    if (c >= RULE_COND_ALL && c <= RULE_COND_NONE) {
        qund_jw_key(&rp->w, "found");
        qund_jw_arr(&rp->w);
        found_terms(rp, terms[c - RULE_COND_ALL]);
        qund_jw_end_arr(&rp->w);
    }
    qund_jw_end_obj(&rp->w);
    return holds;
}

static void fact(struct report *rp, const char *name, const char *zh, bool holds, int64_t value)
{
    qund_jw_obj(&rp->w);
    qund_jw_kz(&rp->w, "condition", name);
    qund_jw_kbool(&rp->w, "holds", holds);
    if (value >= 0)
        qund_jw_kint(&rp->w, "value", value);
    qund_jw_end_obj(&rp->w);
    qund_buf_printf(rp->lines, "  %s %s", holds ? "✓" : "✗", zh);
    if (value >= 0)
        qund_buf_printf(rp->lines, "（%lld）", (long long)value);
    qund_buf_char(rp->lines, '\n');
}

/* Runs what goes before without a trace. *stopped_by: the rule that ended the event, or NULL; then
 * the rest is run all the same when `past` it. */
static int run_before(struct qund_rule_run *run, struct qund_rule_state *state, uint32_t target,
                      bool past, const struct qund_rule **stopped_by)
{
    struct qund_rule_verdict v;
    struct qund_rule_walk walk;
    uint32_t rank, i;
    int rc = qund_rule_begin(run, &walk);

    *stopped_by = NULL;
    while (rc > 0 && qund_rule_next(&walk, &rank) && rank < target) {
        const struct qund_rule *r = run->set->rules[rank];

        rc = qund_rule_try(run, state, rank, &v);
        if (rc < 0)
            return rc;
        rc = 1;
        for (i = 0; v.counted && i < r->n_actions; i++)
            qund_rule_overlay(run, &r->actions[i]);
        if (v.counted && r->stop) {
            *stopped_by = r;
            if (!past)
                break;
        }
    }
    return rc;
}

static void head(struct report *rp, struct qund_rule_state *state, uint32_t rank)
{
    const struct qund_rule *r = rp->rule;

    qund_jw_obj(&rp->w);
    qund_jw_kstr(&rp->w, "rule", r->id);
    qund_jw_kstr(&rp->w, "title", r->title);
    qund_jw_kint(&rp->w, "version", qund_rule_state_version(state, rank));
    qund_jw_kstr(&rp->w, "source", r->source);
    qund_jw_key(&rp->w, "conditions");
    qund_jw_arr(&rp->w);
    qund_buf_printf(rp->lines, "规则 %.*s %.*s\n", QUND_STR_ARG(r->id), QUND_STR_ARG(r->title));
}

static void tail(struct report *rp, const struct qund_rule_verdict *v,
                 const struct qund_rule *stopped_by)
{
    bool fires = v->counted && !stopped_by;

    qund_jw_end_arr(&rp->w);
    if (stopped_by)
        qund_jw_kstr(&rp->w, "stopped_by", stopped_by->id);
    qund_jw_kbool(&rp->w, "fires", fires);
    qund_jw_kbool(&rp->w, "cooled", fires && v->cooled);
    if (stopped_by)
        qund_buf_printf(rp->lines, "  ✗ 之前的规则 %.*s 已终止（stop）\n",
                        QUND_STR_ARG(stopped_by->id));
    qund_buf_printf(rp->lines, "结论：%s\n",
                    !fires ? "不触发"
                    : v->cooled ? "触发，但在冷却期：只设意图与标签，不提醒、不加分"
                                : "触发");
}

static void say(struct report *rp, const struct qund_rule_effect *x, const char *unsaid)
{
    qund_jw_obj(&rp->w);
    qund_jw_kz(&rp->w, "act", qund_rule_act_name(x->act));
    if (x->act == QUND_ACT_REPLY)
        qund_jw_kbool(&rp->w, "private", x->person);
    if (x->to.p)
        qund_jw_kstr(&rp->w, "to", x->to);
    if (x->text.p)
        qund_jw_kstr(&rp->w, "text", x->text);
    qund_jw_kbool(&rp->w, "leaves", !unsaid);
    if (unsaid)
        qund_jw_kz(&rp->w, "why", unsaid);
    qund_jw_end_obj(&rp->w);
    qund_buf_printf(rp->lines, "  %s %s%s", unsaid ? "✗" : "✓", qund_rule_act_name(x->act),
                    x->person ? "（私聊）" : "");
    if (x->to.p)
        qund_buf_printf(rp->lines, " → %.*s", QUND_STR_ARG(x->to));
    if (x->text.p)
        qund_buf_printf(rp->lines, "「%.*s」", QUND_STR_ARG(x->text));
    if (unsaid)
        qund_buf_printf(rp->lines, "：不发（%s）", unsaid);
    qund_buf_char(rp->lines, '\n');
}

/* What it would say. Whether that leaves depends on the intents of all rules, later ones too. */
static int says(struct qund_rule_run *run, struct qund_rule_state *state, uint32_t rank, bool fires,
                struct report *rp)
{
    struct qund_rule_run whole = {.set = run->set, .sc = run->sc, .in = run->in, .dry = true};
    struct qund_rule_fired fired = {.rule = rank, .id = rp->rule->id};
    const struct qund_rule *stopped_by;
    int rc = 0;

    qund_jw_key(&rp->w, "says");
    qund_jw_arr(&rp->w);
    for (uint32_t i = 0; fires && rc >= 0 && i < rp->rule->n_actions; i++) {
        struct qund_rule_effect x;

        if (!qund_rule_act_speaks(rp->rule->actions[i].act))
            continue;
        x = qund_rule_effect_of(run, &fired, i); /* before the scan below moves its places */
        if (whole.intents.n == 0)
            rc = run_before(&whole, state, UINT32_MAX, true, &stopped_by);
        if (rc >= 0)
            say(rp, &x,
                run->in->unsaid
                    ? run->in->unsaid(run->in->arg, &x, whole.intents.v, whole.intents.n)
                    : NULL);
    }
    qund_jw_end_arr(&rp->w);
    qund_jw_end_obj(&rp->w);
    return rc < 0 ? rc : 0;
}

static int explain(struct qund_rule_run *run, struct qund_rule_state *state, uint32_t rank,
                   struct report *rp)
{
    const struct qund_rule *r = run->set->rules[rank], *stopped_by;
    struct qund_rule_verdict v = {0};
    bool type, holds;
    int rc = run_before(run, state, rank, false, &stopped_by);
    size_t c;

    if (rc < 0)
        return rc;
    head(rp, state, rank);
    holds = type =
        rc > 0 && (r->types >> __builtin_ctzll(qund_rule_type_bit(run->set, run->in->ev)) & 1);
    fact(rp, "on", "事件类型", type, -1);
    for (c = 0; type && c < RULE_CONDS; c++)
        if (r->conds >> c & 1)
            holds = condition(rp, (enum qund_rule_cond)c) && holds;
    if (holds && (rc = qund_rule_try(run, state, rank, &v)) < 0)
        return rc;
    if (holds && r->count_gte)
        fact(rp, "count", "窗口内次数", v.counted, run->count);
    if (v.counted && r->cooldown_for)
        fact(rp, "cooldown", "不在冷却期", !v.cooled, -1);
    tail(rp, &v, stopped_by);
    return says(run, state, rank, v.counted && !v.cooled && !stopped_by, rp);
}

int qund_rules_explain(const struct qund_rules *r, struct qund_rule_scratch *sc,
                       const struct qund_rule_input *in, struct qund_rule_state *state,
                       struct qund_str rule_id, struct qund_buf *json, struct qund_buf *lines)
{
    QUND_AUTO(qund_buf_done) struct qund_buf own_json = {0}, own_lines = {0};
    struct qund_rule_run run = {.set = r, .sc = sc, .in = in, .dry = true};
    struct report rp = {.run = &run, .json = json ? json : &own_json};
    int at = qund_rules_find(r, rule_id), rc;

    if (at < 0)
        return at;
    if (!r->rules[at]->enabled)
        return QUND_E_INVAL;
    rc = qund_rule_state_meet(state, r);
    if (rc < 0)
        return rc;
    rp.rule = r->rules[at];
    rp.lines = lines ? lines : &own_lines;
    rp.w = qund_jw(rp.json);
    return explain(&run, state, (uint32_t)at, &rp);
}
