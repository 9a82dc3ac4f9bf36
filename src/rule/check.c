/* check.c - `qund check`: errors of rule files, and what is lawful but looks like a mistake.
 *
 * A warning never refuses a set. It names what a person reading the rule would stumble over: a rule
 * that cannot be reached, a word that is asked for and forbidden at once, a tag that differs from
 * its sisters by a full-width colon, an alert that waits for nobody, a reply to what sounds like a
 * complaint. */
#include "rule/internal.h"
#include <stdio.h>

struct checker {
    const struct qund_rules *set;
    const struct qund_rules_known *known; /* NULL: nothing is known of the configuration */
    struct qund_errs *warnings;
};

static void warn(struct checker *c, const struct qund_rule *r, const char *text,
                 struct qund_str what)
{
    char where[160];

    snprintf(where, sizeof(where), "%.*s:%d:%d", QUND_STR_ARG(r->file), r->line, r->col);
    qund_errs_add(c->warnings, QUND_E_INVAL, where, "rule '%.*s': %s%s%.*s%s", QUND_STR_ARG(r->id),
                  text, what.n ? " '" : "", QUND_STR_ARG(what), what.n ? "'" : "");
}

/* `from` is a default and narrows nothing that matters here. */
static bool unconditional(const struct qund_rule *r)
{
    return (r->conds & ~(1u << RULE_COND_FROM)) == 0 && !r->from_given && r->count_gte == 0;
}

static bool has_term(const struct qund_rule_terms *list, const struct qund_rule_term *t)
{
    size_t i;

    for (i = 0; i < list->n; i++)
        if (list->v[i].kind == t->kind && list->v[i].squeezed == t->squeezed &&
            qund_str_eq(list->v[i].text, t->text) && qund_str_eq(list->v[i].other, t->other))
            return true;
    return false;
}

/* Whatever makes `later` hold makes `earlier` hold: it asks only for one of more words. */
static bool swallows(const struct qund_rule *earlier, const struct qund_rule *later)
{
    size_t i;

    if ((later->types & ~earlier->types) || earlier->from != later->from || earlier->count_gte != 0)
        return false;
    if (unconditional(earlier))
        return true;
    if ((earlier->conds & ~(1u << RULE_COND_FROM)) != 1u << RULE_COND_ANY || later->any.n == 0)
        return false;
    for (i = 0; i < later->any.n; i++)
        if (!has_term(&earlier->any, &later->any.v[i]))
            return false;
    return true;
}

static void check_reach(struct checker *c, size_t at)
{
    const struct qund_rule *r = c->set->rules[at];
    size_t i;

    for (i = 0; i < at; i++) {
        const struct qund_rule *e = c->set->rules[i];

        if (e->enabled && e->stop && swallows(e, r)) {
            warn(c, r, "is never reached: whatever it fires on is stopped before it by", e->id);
            return;
        }
    }
}

static void check_terms(struct checker *c, const struct qund_rule *r)
{
    const struct qund_rule_terms *lists[] = {&r->all, &r->any};
    size_t i, j, forbidden = 0;

    for (i = 0; i < QUND_ARRAY_LEN(lists); i++)
        for (j = 0; j < lists[i]->n; j++)
            if (has_term(&r->none, &lists[i]->v[j])) {
                warn(c, r, "asks for and forbids the same term", lists[i]->v[j].text);
                forbidden += i == 1;
            }
    if (r->any.n > 0 && forbidden == r->any.n)
        warn(c, r, "can never fire: every term of `any` stands in `none`", QUND_STR_NONE);
}

/* Words that are never said in passing. */
static const char *const ANGRY[] = {"投诉",  "举报", "起诉", "律师", "法院", "消协",
                                    "12315", "工商", "曝光", "骗子", "维权"};

static struct qund_str angry_term(const struct qund_rule *r)
{
    const struct qund_rule_terms *lists[] = {&r->all, &r->any};

    for (size_t i = 0; i < QUND_ARRAY_LEN(lists); i++)
        for (size_t j = 0; j < lists[i]->n; j++)
            for (size_t k = 0; k < QUND_ARRAY_LEN(ANGRY); k++)
                if (qund_str_find(lists[i]->v[j].text, 0, qund_str(ANGRY[k])) >= 0 ||
                    qund_str_find(lists[i]->v[j].other, 0, qund_str(ANGRY[k])) >= 0)
                    return lists[i]->v[j].text;
    return QUND_STR_NONE;
}

static void check_reply(struct checker *c, const struct qund_rule *r)
{
    struct qund_str angry = angry_term(r);

    if (angry.p)
        warn(c, r, "replies to a word of complaint or law; such a message gets no automatic answer",
             angry);
    if (r->cooldown_for == 0)
        warn(c, r, "replies each time; give it a `cooldown`", QUND_STR_NONE);
    if (c->known && !c->known->speaks)
        warn(c, r, "replies, but no channel has `send_through`: nothing is said", QUND_STR_NONE);
}

static void check_forward(struct checker *c, const struct qund_rule *r, struct qund_str to)
{
    bool group = qund_str_starts(to, "group:");

    if (!c->known)
        return;
    if (!group && !c->known->target(c->known->arg, to))
        warn(c, r, "forwards to a target that is not configured:", to);
    if (group && !c->known->speaks)
        warn(c, r, "forwards, but no channel has `send_through`: nothing is said", to);
}

static void check_says(struct checker *c, const struct qund_rule *r)
{
    bool replies = false;

    for (size_t i = 0; i < r->n_actions; i++) {
        replies |= r->actions[i].act == QUND_ACT_REPLY;
        if (r->actions[i].act == QUND_ACT_FORWARD)
            check_forward(c, r, r->actions[i].to);
    }
    if (replies)
        check_reply(c, r);
}

static void check_actions(struct checker *c, const struct qund_rule *r)
{
    size_t i;

    for (i = 0; i < r->n_actions; i++) {
        const struct qund_rule_action *a = &r->actions[i];

        if ((a->act == QUND_ACT_TAG || a->act == QUND_ACT_UNTAG) &&
            (qund_str_find(a->name, 0, QUND_STR("：")) >= 0 ||
             qund_str_find(a->name, 0, QUND_STR(" ")) >= 0))
            warn(c, r, "has an odd tag name (full-width colon or a blank)", a->name);
    }
    if (r->count_gte == 1)
        warn(c, r, "counts to 1, which every match reaches; leave `count` out", QUND_STR_NONE);
}

int qund_rules_check(const char *const *paths, size_t n, const struct qund_rules_opts *opts,
                     struct qund_errs *errs, struct qund_errs *warnings)
{
    QUND_AUTO(qund_rules_unref) struct qund_rules *set = NULL;
    struct checker c = {.warnings = warnings, .known = opts->known};
    int rc = qund_rules_load_paths(paths, n, opts, &set, errs);
    size_t i;

    if (rc < 0)
        return rc;
    c.set = set;
    if (opts->known && qund_rules_idle(set))
        qund_errs_add(warnings, QUND_E_NOTFOUND, paths[0], "%s", QUND_RULES_IDLE);
    for (i = 0; i < set->n; i++) {
        if (!set->rules[i]->enabled)
            continue;
        check_reach(&c, i);
        check_terms(&c, set->rules[i]);
        check_actions(&c, set->rules[i]);
        check_says(&c, set->rules[i]);
    }
    qund_rules_doubts(set, opts->known, warnings);
    return 0;
}
