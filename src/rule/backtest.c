/* backtest.c - what a rule would have done over stored history.
 *
 * Stored events are played in their order against the whole set, with windows and cooldowns of its
 * own, so that `stop`, intents of other rules and counts are as they would have been. Nothing is
 * written and no effect leaves: only matches and firings of the one rule are counted, by day. */
#include "rule/internal.h"

static struct qund_backtest_day *day_of(struct qund_backtest *out, int64_t day)
{
    size_t at = out->n_days, i;

    while (at > 0 && out->days[at - 1].day > day)
        at--;
    if (at > 0 && out->days[at - 1].day == day)
        return &out->days[at - 1];
    if (out->n_days == QUND_BACKTEST_DAYS)
        return NULL; /* the totals still hold */
    for (i = out->n_days; i > at; i--)
        out->days[i] = out->days[i - 1];
    out->n_days++;
    out->days[at] = (struct qund_backtest_day){.day = day};
    return &out->days[at];
}

static bool kept_silent(const struct qund_rule_hits *hits)
{
    for (size_t i = 0; i < hits->n_effects; i++)
        if (hits->effects[i].act == QUND_ACT_INTENT &&
            qund_rule_intent_silent(hits->effects[i].name))
            return true;
    return hits->silent;
}

static void note_says(struct qund_backtest *out, const struct qund_rule_hits *hits, uint32_t rule)
{
    for (size_t i = 0; i < hits->n_effects; i++) {
        const struct qund_rule_effect *x = &hits->effects[i];

        if (x->rule != rule || !qund_rule_act_speaks(x->act))
            continue;
        out->says[x->act]++;
        out->silent += x->act == QUND_ACT_REPLY && kept_silent(hits);
    }
}

static void note(struct qund_backtest *out, const struct qund_rule_input *in,
                 const struct qund_rule_hits *hits, uint32_t rule)
{
    struct qund_backtest_day *day = day_of(out, qund_rule_day(in));
    size_t i;

    out->events++;
    if (day)
        day->events++;
    note_says(out, hits, rule);
    for (i = 0; i < hits->n_fired; i++) {
        const struct qund_rule_fired *f = &hits->fired[i];

        if (f->rule != rule)
            continue;
        out->matches++;
        out->fires += !f->cooled;
        if (day) {
            day->matches++;
            day->fires += !f->cooled;
        }
        if (out->n_samples < QUND_BACKTEST_SAMPLES)
            out->samples[out->n_samples++] = (struct qund_backtest_sample){in->seq, in->ev->ts};
    }
}

int qund_rules_backtest(const struct qund_rules *r, struct qund_str rule_id,
                        int (*next)(void *arg, struct qund_rule_input *in), void *arg,
                        struct qund_backtest *out, struct qund_err *err)
{
    QUND_AUTO(qund_rule_scratch_free) struct qund_rule_scratch *sc = NULL;
    QUND_AUTO(qund_rule_state_free) struct qund_rule_state *state = NULL;
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = NULL;
    int at = qund_rules_find(r, rule_id), rc;

    memset(out, 0, sizeof(*out));
    if (at < 0)
        return qund_err_set(err, QUND_E_NOTFOUND, "rule", "there is no rule '%.*s'",
                            QUND_STR_ARG(rule_id));
    if (!r->rules[at]->enabled)
        return qund_err_set(err, QUND_E_INVAL, "rule", "'%.*s' is disabled in this set",
                            QUND_STR_ARG(rule_id));
    sc = qund_rule_scratch_new();
    state = qund_rule_state_new(NULL, false);
    arena = qund_arena_new((size_t)16 << 10);
    rc = qund_rule_state_bind(state, r);
    while (rc >= 0) {
        struct qund_rule_input in = {0};
        struct qund_rule_hits hits;

        rc = next(arg, &in);
        if (rc <= 0)
            break;
        if (!in.arena)
            in.arena = arena;
        rc = qund_rules_eval(r, sc, &in, state, &hits);
        if (rc >= 0)
            note(out, &in, &hits, (uint32_t)at);
        qund_rule_state_committed(state);
        qund_arena_reset(arena);
    }
    return rc < 0 ? qund_err_set(err, rc, "backtest", "stopped: %s", qund_rc_name(rc)) : 0;
}
