/* eval.c - one event against all rules.
 *
 * One scan finds all terms of all rules; from the marked slots come the few rules to look at, to
 * which those without terms are added. When there are none the event has cost one scan and nothing
 * was allocated. The rules run in order of priority, then of files; what one does (intents, tags)
 * the next one sees, and `stop` ends the walk.
 *
 * A rule's count is the number of its own matches, this one included, so a match leaves its mark
 * whether or not the count is reached. A cooldown holds back what reaches people or adds up: alerts
 * and leads. Intents and tags say what the message is, and a second question about the price within
 * ten minutes is still one; they are set each time. Two firings outside the cooldown never lie
 * closer than `for` in event time, in whatever order the events come.
 *
 * Nothing here is applied: effects go out as a list, each under its key (event, rule, action), and
 * the engine writes what follows from them. */
#include "rule/internal.h"
#include <stdlib.h>

struct qund_rule_scratch *qund_rule_scratch_new(void)
{
    struct qund_rule_scratch *sc = qund_alloc(sizeof(*sc));

    sc->match = qund_scratch_new();
    return sc;
}

static void free_arrays(struct qund_rule_scratch *sc)
{
    qund_free(sc->slot_epoch);
    qund_free(sc->slot_pattern);
    qund_free(sc->rule_epoch);
    qund_free(sc->candidates);
}

struct qund_rule_scratch *qund_rule_scratch_free(struct qund_rule_scratch *sc)
{
    if (!sc)
        return NULL;
    free_arrays(sc);
    qund_rules_unref(sc->set);
    qund_scratch_free(sc->match);
    qund_free(sc);
    return NULL;
}

/* The reference keeps the old set's address from being given to another set. */
static void fit(struct qund_rule_scratch *sc, const struct qund_rules *set)
{
    struct qund_rules *was = sc->set;

    if (was == set)
        return;
    free_arrays(sc);
    sc->set = qund_rules_ref(set->self);
    qund_rules_unref(was);
    sc->epoch = sc->leaned = 0;
    sc->slot_epoch = qund_alloc((set->n_slots + 1) * sizeof(uint32_t));
    sc->slot_pattern = qund_alloc((set->n_slots + 1) * sizeof(uint32_t));
    sc->rule_epoch = qund_alloc((set->n + 1) * sizeof(uint32_t));
    sc->candidates = qund_alloc((set->n + 1) * sizeof(uint32_t));
}

static void next_epoch(struct qund_rule_scratch *sc)
{
    sc->n_candidates = 0;
    if (++sc->epoch)
        return;
    /* After four thousand million events old marks would look new. */
    memset(sc->slot_epoch, 0, sc->set->n_slots * sizeof(uint32_t));
    memset(sc->rule_epoch, 0, sc->set->n * sizeof(uint32_t));
    sc->epoch = 1;
    sc->leaned = 0;
}

uint64_t qund_rule_type_bit(const struct qund_rules *set, const struct qund_event *ev)
{
    size_t i;

    if (ev->type != QUND_EV_OTHER)
        return set->type_index[ev->type] < 0 ? 0 : UINT64_C(1) << set->type_index[ev->type];
    for (i = 0; i < set->n_types; i++)
        if (qund_str_eq(set->types[i], ev->type_name))
            return UINT64_C(1) << i;
    return 0;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* Nearly always a handful: no call of qsort for those. */
static void sort_ranks(uint32_t *v, size_t n)
{
    size_t i, j;

    if (n > 16) {
        qsort(v, n, sizeof(*v), by_number);
        return;
    }
    for (i = 1; i < n; i++) {
        uint32_t x = v[i];

        for (j = i; j > 0 && v[j - 1] > x; j--)
            v[j] = v[j - 1];
        v[j] = x;
    }
}

static void mark_pattern(const struct qund_rules *set, struct qund_rule_scratch *sc,
                         uint32_t pattern, uint64_t type)
{
    uint32_t i;

    for (i = set->slots_from[pattern]; i < set->slots_from[pattern + 1]; i++) {
        uint32_t slot = set->slots[i], rule = set->slot_rule[slot];

        if (sc->slot_epoch[slot] != sc->epoch) {
            sc->slot_epoch[slot] = sc->epoch;
            sc->slot_pattern[slot] = pattern;
        }
        if (rule == UINT32_MAX || sc->rule_epoch[rule] == sc->epoch ||
            !(set->rules[rule]->types & type))
            continue;
        sc->rule_epoch[rule] = sc->epoch;
        sc->candidates[sc->n_candidates++] = rule;
    }
}

int qund_rule_begin(struct qund_rule_run *run, struct qund_rule_walk *walk)
{
    const struct qund_rules *set = run->set;
    struct qund_rule_scratch *sc = run->sc;
    uint64_t type = qund_rule_type_bit(set, run->in->ev);
    const struct qund_rule_ranks *always;
    const uint32_t *ids;
    int n = 0, i;

    if (!type)
        return 0;
    fit(sc, set);
    next_epoch(sc);
    if (set->match && (set->term_types & type) && run->in->text && run->in->ev->text.n > 0)
        n = qund_match_scan(set->match, sc->match, set->fold, run->in->text, &ids);
    if (n < 0)
        return n;
    for (i = 0; i < n; i++)
        mark_pattern(set, sc, ids[i], type);
    sort_ranks(sc->candidates, sc->n_candidates);
    always = &set->always[__builtin_ctzll(type)];
    *walk = (struct qund_rule_walk){sc->candidates, always->v, sc->n_candidates, always->n};
    return 1;
}

bool qund_rule_next(struct qund_rule_walk *w, uint32_t *rank)
{
    if (w->n_woken == 0 && w->n_always == 0)
        return false;
    if (w->n_always == 0 || (w->n_woken > 0 && *w->woken < *w->always)) {
        *rank = *w->woken++;
        w->n_woken--;
    } else {
        *rank = *w->always++;
        w->n_always--;
    }
    return true;
}

/* --- one rule --- */
static bool conditions_hold(const struct qund_rule_run *run, const struct qund_rule *r)
{
    uint32_t left = r->conds;

    for (; left; left &= left - 1)
        if (!qund_rule_cond_holds(run, r, (enum qund_rule_cond)__builtin_ctz(left)))
            return false;
    return true;
}

static int check_count(struct qund_rule_run *run, struct qund_rule_state *state, uint32_t rank,
                       struct qund_rule_verdict *v)
{
    const struct qund_rule *r = run->set->rules[rank];
    const struct qund_rule_input *in = run->in;
    struct qund_mark_key key;
    int64_t before;
    int rc;

    run->count = 0;
    v->counted = true;
    if (r->count_gte == 0)
        return 0;
    key = qund_mark_key(state, rank, RULE_MARK_MATCH, r->count_per, in);
    rc = qund_marks_count(state, &key, in->ev->ts - r->count_within, in->ev->ts, in->now, in->seq,
                          &before);
    if (rc == 0 && !run->dry)
        rc = qund_marks_add(state, &key, (struct qund_mark){in->ev->ts, in->seq, r->count_within},
                            in->now);
    if (rc < 0)
        return rc;
    run->count = before + 1;
    v->counted = run->count >= r->count_gte;
    return 0;
}

static int check_cooldown(struct qund_rule_run *run, struct qund_rule_state *state, uint32_t rank,
                          struct qund_rule_verdict *v)
{
    const struct qund_rule *r = run->set->rules[rank];
    const struct qund_rule_input *in = run->in;
    struct qund_mark_key key;
    int64_t fired;
    int rc;

    if (r->cooldown_for == 0 || !v->counted)
        return 0;
    key = qund_mark_key(state, rank, RULE_MARK_FIRE, r->cooldown_per, in);
    rc = qund_marks_count(state, &key, in->ev->ts - r->cooldown_for,
                          in->ev->ts + r->cooldown_for - 1, in->now, in->seq, &fired);
    if (rc < 0)
        return rc;
    v->cooled = fired > 0;
    if (v->cooled || run->dry)
        return 0;
    return qund_marks_add(state, &key, (struct qund_mark){in->ev->ts, in->seq, r->cooldown_for},
                          in->now);
}

int qund_rule_try(struct qund_rule_run *run, struct qund_rule_state *state, uint32_t rank,
                  struct qund_rule_verdict *v)
{
    int rc;

    *v = (struct qund_rule_verdict){0};
    v->holds = conditions_hold(run, run->set->rules[rank]);
    if (!v->holds)
        return 0;
    rc = check_count(run, state, rank, v);
    return rc < 0 ? rc : check_cooldown(run, state, rank, v);
}

/* --- effects --- */
static void overlay_add(struct qund_rule_run *run, struct qund_rule_overlay *o, struct qund_str s)
{
    if (o->n == o->cap) {
        size_t cap = o->cap ? o->cap * 2 : 8;
        struct qund_str *v = qund_arena_alloc(run->in->arena, cap * sizeof(*v));

        if (o->n)
            memcpy(v, o->v, o->n * sizeof(*v));
        o->v = v;
        o->cap = cap;
    }
    o->v[o->n++] = s;
}

static void overlay_remove(struct qund_rule_overlay *o, struct qund_str s)
{
    size_t i, kept = 0;

    for (i = 0; i < o->n; i++)
        if (!qund_str_eq(o->v[i], s))
            o->v[kept++] = o->v[i];
    o->n = kept;
}

void qund_rule_overlay(struct qund_rule_run *run, const struct qund_rule_action *a)
{
    switch (a->act) {
    case QUND_ACT_INTENT:
        overlay_add(run, &run->intents, a->name);
        break;
    case QUND_ACT_TAG:
        overlay_remove(&run->untags, a->name);
        overlay_add(run, &run->tags, a->name);
        break;
    case QUND_ACT_UNTAG:
        overlay_remove(&run->tags, a->name);
        overlay_add(run, &run->untags, a->name);
        break;
    case QUND_ACT_LEAD:
    case QUND_ACT_ALERT:
    case QUND_ACT_CALL:
    case QUND_ACT_REPLY:
    case QUND_ACT_RECALL:
    case QUND_ACT_FORWARD:
        break;
    }
}

struct output {
    struct qund_rule_fired *fired;
    struct qund_rule_effect *effects;
    size_t n_fired, cap_fired, n_effects, cap_effects;
};

static void *room_for(struct qund_arena *arena, void *v, size_t n, size_t *cap, size_t size)
{
    void *more;

    if (n < *cap)
        return v;
    *cap = *cap ? *cap * 2 : 4;
    more = qund_arena_alloc(arena, *cap * size);
    if (n)
        memcpy(more, v, n * size);
    return more;
}

struct qund_rule_effect qund_rule_effect_of(struct qund_rule_run *run,
                                            const struct qund_rule_fired *fired, uint32_t action)
{
    const struct qund_rule *r = run->set->rules[fired->rule];
    const struct qund_rule_action *a = &r->actions[action];

    return (struct qund_rule_effect){
        .act = a->act,
        .rule = fired->rule,
        .action = action,
        .rule_id = r->id,
        .rule_version = fired->version,
        .name = a->name,
        .for_ms = a->for_ms,
        .score_add = a->score_add,
        .stage = a->stage,
        .to = a->to,
        .level = a->level,
        .ladder = a->ladder,
        .text =
            a->text.n > 0 ? qund_template_render(&a->text, run, r, run->in->arena) : QUND_STR_NONE,
        .suggest = a->suggest.n > 0 ? qund_template_render(&a->suggest, run, r, run->in->arena)
                                    : QUND_STR_NONE,
        .person = a->person,
    };
}

static void emit(struct qund_rule_run *run, struct output *o, const struct qund_rule_fired *fired,
                 uint32_t action)
{
    const struct qund_rule *r = run->set->rules[fired->rule];
    const struct qund_rule_action *a = &r->actions[action];
    bool outward =
        a->act == QUND_ACT_LEAD || a->act == QUND_ACT_ALERT || qund_rule_act_speaks(a->act);

    qund_rule_overlay(run, a);
    if (fired->cooled && outward)
        return;
    o->effects =
        room_for(run->in->arena, o->effects, o->n_effects, &o->cap_effects, sizeof(*o->effects));
    o->effects[o->n_effects++] = qund_rule_effect_of(run, fired, action);
}

static void fire(struct qund_rule_run *run, struct qund_rule_state *state, uint32_t rank,
                 bool cooled, struct output *o)
{
    const struct qund_rule *r = run->set->rules[rank];
    struct qund_rule_fired fired = {rank, r->id, qund_rule_state_version(state, rank), cooled};
    uint32_t i;

    o->fired = room_for(run->in->arena, o->fired, o->n_fired, &o->cap_fired, sizeof(*o->fired));
    o->fired[o->n_fired++] = fired;
    for (i = 0; i < r->n_actions; i++)
        emit(run, o, &fired, i);
    qund_rule_state_hit(state, rank, run->in);
}

static bool sets_silent(const struct qund_rule *r)
{
    for (size_t i = 0; i < r->n_actions; i++)
        if (r->actions[i].act == QUND_ACT_INTENT && qund_rule_intent_silent(r->actions[i].name))
            return true;
    return false;
}

/* A `stop` must not hide a complaint from a reply: what would have called it one is asked still,
 * without a trace. */
static int look_on(struct qund_rule_run *run, struct qund_rule_state *state,
                   struct qund_rule_walk *walk, bool *silent)
{
    struct qund_rule_verdict v;
    uint32_t rank;

    run->dry = true;
    while (!*silent && qund_rule_next(walk, &rank)) {
        int rc = sets_silent(run->set->rules[rank]) ? qund_rule_try(run, state, rank, &v) : 1;

        if (rc < 0)
            return rc;
        *silent = rc == 0 && v.counted;
    }
    return 0;
}

static bool replies(const struct output *o)
{
    for (size_t i = 0; i < o->n_effects; i++)
        if (o->effects[i].act == QUND_ACT_REPLY)
            return true;
    return false;
}

int qund_rules_eval(const struct qund_rules *r, struct qund_rule_scratch *sc,
                    const struct qund_rule_input *in, struct qund_rule_state *state,
                    struct qund_rule_hits *out)
{
    struct qund_rule_run run = {.set = r, .sc = sc, .in = in};
    struct qund_rule_verdict v;
    struct qund_rule_walk walk;
    struct output o = {0};
    bool stopped = false;
    uint32_t rank;
    int rc;

    *out = (struct qund_rule_hits){0};
    rc = qund_rule_begin(&run, &walk);
    if (rc <= 0)
        return rc;
    rc = qund_rule_state_meet(state, r);
    if (rc < 0)
        return rc;
    while (!stopped && qund_rule_next(&walk, &rank)) {
        rc = qund_rule_try(&run, state, rank, &v);
        if (rc < 0)
            return rc;
        if (!v.counted)
            continue;
        fire(&run, state, rank, v.cooled, &o);
        stopped = r->rules[rank]->stop;
    }
    *out = (struct qund_rule_hits){o.fired, o.n_fired, o.effects, o.n_effects, stopped, false};
    if (stopped && replies(&o)) {
        rc = look_on(&run, state, &walk, &out->silent);
        if (rc < 0)
            return rc;
    }
    return (int)o.n_fired;
}
