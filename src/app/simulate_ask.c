/* src/app/simulate_ask.c - which template is played, and when.
 *
 * Whoever tries a template out has not thought of dates yet: an event that was not dated lies so
 * that the first step comes right behind the start. */
#include "app/simulate_parts.h"
#include "app/sopset.h"
#include <stdio.h>

#define EVENT_HOUR 14
#define WARNINGS_MAX 50

/* --- the template --- */

static bool is_file(const char *name)
{
    size_t n = strlen(name);

    return strchr(name, '/') || (n > 5 && strcmp(name + n - 5, ".yaml") == 0);
}

/* The file's template takes the place of one of that id. */
static int add_file(struct sim *s)
{
    QUND_AUTO(qund_errs_done) struct qund_errs warnings = {0};
    struct qund_sop_templates *set = s->templates;
    struct qund_sop_template *t = NULL;
    size_t i = 0;
    int rc;

    qund_errs_init(&warnings, WARNINGS_MAX);
    rc = qund_sop_template_load(s->o->template, &t, s->errs, &warnings);
    if (rc < 0)
        return rc;
    while (i < set->n && qund_str_cmp(set->v[i]->id, t->id) < 0)
        i++;
    if (i < set->n && qund_str_eq(set->v[i]->id, t->id)) {
        qund_sop_template_free(set->v[i]);
    } else {
        set->v = qund_realloc(set->v, (set->n + 1) * sizeof(t));
        memmove(&set->v[i + 1], &set->v[i], (set->n - i) * sizeof(t));
        set->n++;
    }
    set->v[i] = t;
    s->t = t;
    return 0;
}

static int none_of_that_id(struct sim *s)
{
    const char *names[QUND_SOP_TEMPLATES_MAX];
    const char *near;

    for (size_t i = 0; i < s->templates->n; i++)
        names[i] = qund_arena_dup(s->arena, s->templates->v[i]->id.p, s->templates->v[i]->id.n);
    near = qund_str_nearest(qund_str(s->o->template), names, s->templates->n);
    return qund_errs_add(s->errs, QUND_E_NOTFOUND, "template",
                         "there is no template '%s'%s%s; `qund sop list` shows them",
                         s->o->template, near ? "; nearest known: " : "", near ? near : "");
}

int qund_sim_templates(struct sim *s)
{
    int rc = qund_sopset_load(s->o->config, &s->templates, s->errs, NULL);

    if (rc < 0)
        return rc;
    if (is_file(s->o->template))
        return add_file(s);
    s->t = qund_sop_templates_find(s->templates, qund_str(s->o->template));
    return s->t ? 0 : none_of_that_id(s);
}

/* --- when --- */

/* "2026-09-01", "2026-09-01 08:00" on the group's clock, or ISO 8601. */
static int instant(struct sim *s, const char *text, const char *option, int64_t *out)
{
    struct qund_civil c = {.hour = 8}, back;
    int n = 0;

    if (qund_iso_parse(qund_str(text), out) == 0)
        return 0;
    if (sscanf(text, "%4d-%2d-%2d%n", &c.year, &c.month, &c.day, &n) == 3 && n == 10) {
        text += n;
        n = 0;
        if (*text)
            qund_ignore(sscanf(text, "%*1[ T]%2d:%2d%n", &c.hour, &c.minute, &n)); /* n says it */
        if (n == (int)strlen(text) && c.year >= 1970 && c.month >= 1 && c.day >= 1) {
            *out = qund_zone_utc(s->zone, &c);
            qund_zone_civil(s->zone, *out, &back);
            if (back.month == c.month && back.day == c.day && c.hour < 24 && c.minute < 60)
                return 0;
        }
    }
    return qund_errs_add(s->errs, QUND_E_INVAL, option,
                         "must be like \"2026-09-01 08:00\" or ISO 8601 with an offset");
}

static bool needs_event(const struct qund_sop_template *t)
{
    for (size_t i = 0; i < t->n_steps; i++)
        if (t->steps[i].at.base == QUND_SOP_AT_EVENT)
            return true;
    return t->anchor == QUND_SOP_BY_EVENT;
}

/* How many days before its event the first step lies. */
static int days_before(const struct qund_sop_template *t)
{
    int first = 0;

    for (size_t i = 0; i < t->n_steps; i++) {
        const struct qund_sop_offset *o = &t->steps[i].at;
        int64_t days = o->clock_min >= 0 ? o->days : (o->ms - QUND_DAY_MS + 1) / QUND_DAY_MS;

        if (o->base == QUND_SOP_AT_EVENT && days < first)
            first = (int)days;
    }
    return -first;
}

static void likely_event(struct sim *s)
{
    struct qund_civil c;
    /* A day more: the first step may lie before the start's hour. */
    int64_t day = qund_zone_day_start(s->zone, s->start, days_before(s->t) + 1);

    qund_zone_civil(s->zone, day, &c);
    c.hour = EVENT_HOUR;
    c.minute = c.second = c.ms = 0;
    s->event = qund_zone_utc(s->zone, &c);
}

int qund_sim_times(struct sim *s)
{
    int64_t before = QUND_DAY_MS;
    int rc = instant(s, s->o->start, "--start", &s->start);

    if (rc == 0 && s->o->event)
        rc = instant(s, s->o->event, "--event", &s->event);
    else if (rc == 0 && needs_event(s->t))
        likely_event(s);
    if (rc == 0 && s->event > 0 && s->event <= s->start)
        rc = qund_errs_add(s->errs, QUND_E_INVAL, "--event", "must lie after --start");
    /* Who is to be dormant must have been silent for that long. */
    if (s->t->trigger == QUND_SOP_DORMANT)
        before += s->t->trigger_ms;
    s->now = s->start - before;
    return rc;
}
