/* names.c - names that rules share with others, and what becomes of a misspelt one.
 *
 * A rule speaks of things that are not in its file: roles and types of groups (the organisation's),
 * ladders and stages (the configuration's), intents (other rules'), event types (the channels'). A
 * slip there breaks nothing that a machine would notice; the alert goes to the manager instead of
 * the consultant, the condition never holds, and nobody knows. Two answers to that:
 *
 * - Where the list is closed (roles, types of groups) the name is refused with its place when the
 *   file is read, as the org file and the API refuse it. A set that was good when it was stored
 *   stays good: an update of the program must not take an installation its last good rules.
 * - Where it is open, or belongs to what is loaded at another time, it is a doubt: `qund check`
 *   prints it, the daemon logs it on loading and shows the first in /readyz. A doubt names the
 *   known name that is nearest. A role that nobody holds is told once, however many rules name it,
 *   and only where an org file says who works here. */
#include "crm/crm.h"
#include "crm/org.h"
#include "rule/internal.h"
#include <stdio.h>

/* Those that the shipped rules give, and those that the program itself asks for. */
static const char *const INTENTS[] = {
    "room_no",        "phone",           "complaint", "legal",  "needs_reply",   "opt_out",
    "price_question", "purchase_intent", "safety",    "signup", "signup_cancel", "signup_confirm",
    "spam",           "staff_risk",
};
/* What channels of ours send as `kind`. */
static const char *const KINDS[] = {"text", "image", "voice",    "video", "file",
                                    "link", "card",  "location", "mixed"};

#define NAMES_KNOWN 256u /* names among which the nearest is looked for */

/* --- closed lists, while a file is read ----------------------------------------------------- */
static bool refuse(struct qund_rule_reader *rd, const struct qund_ynode *n, const char *what,
                   const char *near, const char *all)
{
    qund_yaml_bad(rd->errs, rd->doc, n, "%s: no %s is called '%.*s'; %s%s%s", what,
                  strcmp(what, "alert.to") == 0 ? "role" : "type of group",
                  QUND_STR_ARG(qund_utf8_cut(n->text, 60)), near ? "nearest known: '" : all,
                  near ? near : "", near ? "'" : "");
    return false;
}

bool qund_rule_check_role(struct qund_rule_reader *rd, const struct qund_ynode *n, const char *what)
{
    if (!qund_rule_check_name(rd, n, what))
        return false;
    if (rd->stored || qund_org_role_known(n->text))
        return true;
    return refuse(rd, n, what, qund_org_role_near(n->text),
                  "write a role such as consultant, leader, manager or staff:ID");
}

bool qund_rule_check_group_type(struct qund_rule_reader *rd, const struct qund_ynode *n,
                                const char *what)
{
    const char *names[QUND_GROUP_TICKETING + 1];

    if (!qund_rule_check_name(rd, n, what))
        return false;
    if (rd->stored || qund_group_type_parse(n->text) >= 0)
        return true;
    for (size_t i = 0; i < QUND_ARRAY_LEN(names); i++)
        names[i] = qund_group_type_name((enum qund_group_type)i);
    return refuse(rd, n, what, qund_str_nearest(n->text, names, QUND_ARRAY_LEN(names)),
                  "there are home, ecommerce, course, ticketing and other");
}

/* --- open ones, of a whole set -------------------------------------------------------------- */
struct doubts {
    const struct qund_rules *set;
    const struct qund_rules_known *known;
    struct qund_errs *warnings;
    struct qund_arena *arena;
    const char *given[NAMES_KNOWN]; /* intents that some rule gives, and the program's own */
    size_t n_given;
};

static void doubt(struct doubts *d, const struct qund_rule *r, int line, int col, const char *text,
                  struct qund_str name, const char *near)
{
    char where[160];

    snprintf(where, sizeof(where), "%.*s:%d:%d", QUND_STR_ARG(r->file), line, col);
    qund_errs_add(d->warnings, QUND_E_NOTFOUND, where, "rule '%.*s': %s '%.*s'%s%s%s",
                  QUND_STR_ARG(r->id), text, QUND_STR_ARG(name), near ? "; nearest known: '" : "",
                  near ? near : "", near ? "'" : "");
}

static bool in(const struct qund_rule_strs *v, struct qund_str name)
{
    for (size_t i = 0; i < v->n; i++)
        if (qund_str_eq(v->v[i], name))
            return true;
    return false;
}

static bool asks(const struct qund_rule *r, struct qund_str intent)
{
    const struct qund_rule_names *n = r->asked ? &r->asked->intents : NULL;

    return n && (in(&n->any, intent) || in(&n->all, intent) || in(&n->none, intent));
}

static bool anybody_asks(const struct qund_rules *set, struct qund_str intent)
{
    for (size_t i = 0; i < set->n; i++)
        if (asks(set->rules[i], intent))
            return true;
    return false;
}

static void know(struct doubts *d, struct qund_str name)
{
    if (d->n_given < NAMES_KNOWN && qund_str_index(name, d->given, d->n_given) < 0)
        d->given[d->n_given++] = qund_arena_dup(d->arena, name.p, name.n);
}

/* A rule that is switched off counts: whoever asks for its intent has not misspelt it. */
static void know_intents(struct doubts *d)
{
    for (size_t i = 0; i < QUND_ARRAY_LEN(INTENTS); i++)
        know(d, qund_str(INTENTS[i]));
    for (size_t i = 0; i < d->set->n; i++)
        for (size_t k = 0; k < d->set->rules[i]->n_actions; k++)
            if (d->set->rules[i]->actions[k].act == QUND_ACT_INTENT)
                know(d, d->set->rules[i]->actions[k].name);
}

static void look_asked(struct doubts *d, const struct qund_rule *r, const struct qund_rule_strs *v)
{
    for (size_t i = 0; i < v->n; i++)
        if (d->n_given < NAMES_KNOWN && qund_str_index(v->v[i], d->given, d->n_given) < 0)
            doubt(d, r, r->line, r->col, "asks for the intent, which no rule gives:", v->v[i],
                  qund_str_nearest(v->v[i], d->given, d->n_given));
}

/* One's own intent may be called as one likes; one that nearly is one of the program's, and that
 * nobody asks for, is a slip. */
static void look_given(struct doubts *d, const struct qund_rule *r, struct qund_str intent)
{
    const char *near;

    if (qund_str_index(intent, INTENTS, QUND_ARRAY_LEN(INTENTS)) >= 0 ||
        anybody_asks(d->set, intent))
        return;
    near = qund_str_nearest(intent, INTENTS, QUND_ARRAY_LEN(INTENTS));
    if (near)
        doubt(d, r, r->line, r->col, "gives the intent, for which nobody asks:", intent, near);
}

static void look_ladder(struct doubts *d, const struct qund_rule *r,
                        const struct qund_rule_action *a)
{
    if (a->ladder.p && d->known && d->known->ladder && !d->known->ladder(d->known->arg, a->ladder))
        doubt(d, r, a->line, a->col,
              "its alert climbs no ladder, alert.ladders of the configuration has none called",
              a->ladder, NULL);
}

static void look_stage(struct doubts *d, const struct qund_rule *r, struct qund_str stage)
{
    const struct qund_rules_known *k = d->known;
    const char *near;

    if (!stage.p || !k || qund_str_index(stage, k->stages, k->n_stages) >= 0)
        return;
    near = qund_str_nearest(stage, k->stages, k->n_stages);
    if (near)
        doubt(d, r, r->line, r->col, "sets the stage, which is none of leads.stages:", stage, near);
}

static void look_actions(struct doubts *d, const struct qund_rule *r)
{
    for (size_t i = 0; i < r->n_actions; i++) {
        const struct qund_rule_action *a = &r->actions[i];

        if (a->act == QUND_ACT_INTENT)
            look_given(d, r, a->name);
        look_ladder(d, r, a);
        look_stage(d, r, a->stage);
    }
}

/* Other types and kinds are anybody's to invent; only what is nearly one of ours is a slip. */
static void look_types(struct doubts *d, const struct qund_rule *r)
{
    const char *types[QUND_EVENT_TYPES];
    const char *near;
    size_t n = 0;

    for (size_t i = QUND_EV_MESSAGE; i < QUND_EVENT_TYPES; i++)
        types[n++] = qund_event_type_name((enum qund_event_type)i);
    for (size_t i = 0; i < r->on_types.n; i++)
        if (qund_event_type_of(r->on_types.v[i]) == QUND_EV_OTHER &&
            (near = qund_str_nearest(r->on_types.v[i], types, n)))
            doubt(d, r, r->line, r->col, "waits for the event", r->on_types.v[i], near);
    for (size_t i = 0; r->asked && i < r->asked->kinds.n; i++)
        if (qund_str_index(r->asked->kinds.v[i], KINDS, QUND_ARRAY_LEN(KINDS)) < 0 &&
            (near = qund_str_nearest(r->asked->kinds.v[i], KINDS, QUND_ARRAY_LEN(KINDS))))
            doubt(d, r, r->line, r->col, "waits for messages of the kind", r->asked->kinds.v[i],
                  near);
}

/* --- who is told --- */
static const struct qund_rule_action *next_alert(const struct qund_rule *r, size_t *k)
{
    while (*k < r->n_actions)
        if (r->actions[(*k)++].act == QUND_ACT_ALERT)
            return &r->actions[*k - 1];
    return NULL;
}

/* How many enabled rules behind `at` alert the same. */
static size_t others(const struct qund_rules *set, size_t at, struct qund_str to)
{
    size_t n = 0;

    for (size_t i = at + 1; i < set->n; i++) {
        const struct qund_rule_action *a;
        size_t k = 0;

        while (set->rules[i]->enabled && (a = next_alert(set->rules[i], &k)))
            if (qund_str_eq(a->to, to)) {
                n++;
                break;
            }
    }
    return n;
}

static void tell_unheld(struct doubts *d, size_t at, const struct qund_rule_action *a)
{
    const struct qund_rule *r = d->set->rules[at];
    size_t more = others(d->set, at, a->to);
    char where[160], rest[48] = "";

    snprintf(where, sizeof(where), "%.*s:%d:%d", QUND_STR_ARG(r->file), a->line, a->col);
    if (more > 0)
        snprintf(rest, sizeof(rest), " (and %zu more)", more);
    qund_errs_add(d->warnings, QUND_E_NOTFOUND, where,
                  "rule '%.*s'%s alerts '%.*s', which the org file gives to nobody: the manager is "
                  "told, then the leader",
                  QUND_STR_ARG(r->id), rest, QUND_STR_ARG(a->to));
}

static void look_held(struct doubts *d)
{
    struct qund_str seen[32];
    size_t n = 0;

    for (size_t i = 0; i < d->set->n; i++) {
        const struct qund_rule_action *a;
        size_t k = 0, s = 0;

        while (d->set->rules[i]->enabled && (a = next_alert(d->set->rules[i], &k))) {
            for (s = 0; s < n && !qund_str_eq(seen[s], a->to);)
                s++;
            if (s < n || n == QUND_ARRAY_LEN(seen) || d->known->held(d->known->held_arg, a->to))
                continue;
            seen[n++] = a->to;
            tell_unheld(d, i, a);
        }
    }
}

void qund_rules_doubts(const struct qund_rules *r, const struct qund_rules_known *known,
                       struct qund_errs *warnings)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new((size_t)4 << 10);
    struct doubts d = {.set = r, .known = known, .warnings = warnings, .arena = arena};

    know_intents(&d);
    for (size_t i = 0; i < r->n; i++) {
        const struct qund_rule *one = r->rules[i];

        if (!one->enabled)
            continue;
        if (one->asked) {
            look_asked(&d, one, &one->asked->intents.any);
            look_asked(&d, one, &one->asked->intents.all);
            look_asked(&d, one, &one->asked->intents.none);
        }
        look_actions(&d, one);
        look_types(&d, one);
    }
    if (known && known->held)
        look_held(&d);
}
