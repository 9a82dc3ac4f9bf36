/* src/sop/draft_words.c - whether all that a plan says and counts is known: its parameters, the
 * figures its conditions compare with, the texts as they will be read. */
#include "sop/internal.h"

/* --- parameters --- */

static bool is_date(struct qund_str s)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(256);
    QUND_AUTO(qund_zone_free) struct qund_zone *utc = NULL;
    QUND_AUTO(qund_buf_done) struct qund_buf json = {0};
    struct qund_jw w = qund_jw(&json);
    int64_t at;

    if (qund_zone_load(NULL, "UTC", &utc, NULL) < 0)
        return false;
    qund_jw_str(&w, s);
    return qund_sop_body_instant(arena, utc, qund_buf_view(&json), "", &at, NULL) == 0;
}

static bool is_time(struct qund_str s)
{
    int64_t h, m;

    return s.n == 5 && s.p[2] == ':' && qund_str_int(qund_str_n(s.p, 2), &h) == 0 &&
           qund_str_int(qund_str_n(s.p + 3, 2), &m) == 0 && h >= 0 && h < 24 && m >= 0 && m < 60;
}

static bool is_number(struct qund_str s)
{
    double v;

    return qund_sop_body_num(s, "", &v, NULL) == 0;
}

static bool is_link(struct qund_str s)
{
    return qund_str_starts(s, "https://") || qund_str_starts(s, "http://");
}

static const struct {
    const char *type, *must;
    bool (*fits)(struct qund_str s);
} TYPES[] = {
    {"number", "a number", is_number},
    {"date", "a date such as 2026-12-01", is_date},
    {"datetime", "a date and time such as 2026-12-01 14:00", is_date},
    {"time", "a time such as 14:00", is_time},
    {"link", "a link that begins with https://", is_link},
};

static bool controls(struct qund_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (((unsigned char)s.p[i] < 0x20 && s.p[i] != '\n' && s.p[i] != '\t') || s.p[i] == 0x7f)
            return true;
    return false;
}

/* A variable in a value would be posted as it stands: values are not filled again. */
static void check_param(struct sop_draft *d, const struct qund_sop_param *p, struct qund_str typed)
{
    char where[96];

    snprintf(where, sizeof(where), "params.%.*s", QUND_STR_ARG(qund_utf8_cut(p->name, 60)));
    if (qund_str_find(typed, 0, QUND_STR("{{")) >= 0)
        qund_errs_add(&d->problems, QUND_E_INVAL, where,
                      "'%.*s' holds a variable: variables stand in the template, here belongs what "
                      "is typed",
                      QUND_STR_ARG(qund_utf8_cut(typed, 60)));
    if (controls(typed))
        qund_errs_add(&d->problems, QUND_E_INVAL, where,
                      "holds a control character; lines end with \\n alone");
    for (size_t i = 0; i < QUND_ARRAY_LEN(TYPES); i++)
        if (qund_str_is(p->type, TYPES[i].type) && !TYPES[i].fits(typed))
            qund_errs_add(&d->problems, QUND_E_INVAL, where, "'%.*s' must be %s",
                          QUND_STR_ARG(qund_utf8_cut(typed, 60)), TYPES[i].must);
}

static int check_params(struct sop_draft *d)
{
    for (size_t i = 0; i < d->t->n_params; i++) {
        const struct qund_sop_param *p = &d->t->params[i];
        struct qund_str typed = QUND_STR_NONE;
        char where[96];
        int rc = qund_sop_json_get(d->arena, d->plan.params, p->name, &typed);

        if (rc < 0 && rc != QUND_E_NOTFOUND)
            return rc;
        snprintf(where, sizeof(where), "params.%.*s", QUND_STR_ARG(qund_utf8_cut(p->name, 60)));
        if (rc == 0 && typed.n > 0)
            check_param(d, p, typed);
        else if (!p->preset.p)
            qund_errs_add(&d->problems, QUND_E_INVAL, where, "is missing%s%.*s",
                          p->label.n > 0 ? ": " : "", QUND_STR_ARG(qund_utf8_cut(p->label, 100)));
    }
    return 0;
}

/* --- texts as they will be read --- */

struct typing {
    const struct sop_draft *d;
    const struct qund_sop_clock *clock;
};

/* What records say stays a gap: only what was typed may offend. */
static int typed_only(void *arg, struct qund_str name, struct qund_buf *out)
{
    const struct typing *t = arg;

    return qund_plan_param(&t->d->plan, t->d->t, t->clock, name, out);
}

/* The template's own words were looked at when it was read; here they meet what was typed. */
static int check_lawful(struct sop_draft *d, const struct qund_sop_say *say,
                        const struct qund_sop_clock *clock, const char *where)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct qund_sop_objection v[QUND_SOP_OBJECTIONS];
    struct typing typing = {d, clock};
    size_t n, gaps = 0;
    int rc = qund_sop_fill(say->content, typed_only, &typing, &text, &gaps);

    if (rc < 0)
        return rc;
    n = qund_sop_objections(d->t, say, qund_buf_view(&text), v);
    for (size_t i = 0; i < n; i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf why = {0};

        qund_sop_objection_print(&v[i], &why);
        qund_errs_add(&d->problems, QUND_E_INVAL, where, "with its parameters filled: %s", why.p);
    }
    return 0;
}

static int check_text(struct sop_draft *d, const struct qund_sop_step *step,
                      const struct qund_sop_say *say, const char *which)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    const struct qund_sop_limit *limit = qund_sop_limit(say->channel);
    struct qund_sop_clock clock;
    struct sop_place *p = &d->places[0];
    size_t missing = 0, chars;
    char where[64];
    int rc;

    qund_draft_clock(d, p);
    clock = p->clock;
    rc = qund_plan_fill(
        d->s,
        &(struct qund_fill_ask){
            .plan = &d->plan, .t = d->t, .clock = &clock, .grp = p->id, .now = d->now},
        say->content, &text, &missing);
    if (rc < 0 || !limit)
        return rc;
    snprintf(where, sizeof(where), "%.*s%s", QUND_STR_ARG(step->id), which);
    rc = check_lawful(d, say, &clock, where);
    if (rc < 0)
        return rc;
    chars = qund_utf8_count(qund_buf_view(&text));
    if (limit->max_bytes > 0 && text.n > limit->max_bytes)
        qund_errs_add(
            &d->problems, QUND_E_INVAL, where,
            "with its variables filled the text has %zu bytes, %s takes %zu (%s): shorten "
            "it or a parameter",
            text.n, qund_sop_channel_name(say->channel), limit->max_bytes, limit->source);
    else if (limit->usual_chars > 0 && chars > limit->usual_chars)
        qund_errs_add(&d->warnings, QUND_E_INVAL, where,
                      "with its variables filled the text has %zu characters; few read more than "
                      "%zu",
                      chars, limit->usual_chars);
    return 0;
}

int qund_draft_check_words(struct sop_draft *d)
{
    int rc = check_params(d);

    if (d->n_places == 0 || d->problems.n > 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < d->t->n_steps; i++) {
        const struct qund_sop_step *step = &d->t->steps[i];

        rc = check_text(d, step, &step->say, "");
        if (rc == 0 && step->has_plan_b)
            rc = check_text(d, step, &step->plan_b, ".plan_b");
        if (rc == 0 && step->unfinished)
            qund_errs_add(&d->warnings, QUND_E_INVAL, step->id.p,
                          "its content is a draft: the task is held until it is written");
    }
    return rc;
}

/* --- figures --- */

struct figures {
    struct sop_draft *d;
    int rc;
};

/* All stock together is the sum of what is said of each, and seats may be a parameter. */
static bool given(const struct sop_draft *d, struct qund_str key)
{
    struct qund_str seats = QUND_STR_NONE;

    for (size_t i = 0; i < d->n_said; i++)
        if (qund_str_eq(d->said[i].name, key) ||
            (qund_str_is(key, "stock:") && qund_str_starts(d->said[i].name, "stock:")))
            return true;
    return qund_str_is(key, "capacity") &&
           qund_sop_json_get(d->arena, d->plan.params, QUND_STR("event.capacity"), &seats) == 0;
}

/* Stock and seats are known to somebody when the plan is made, and conditions hang on them; the
 * rest may be said until it is judged. */
static void check_figure(void *arg, const char *name)
{
    struct figures *f = arg;
    struct sop_draft *d = f->d;
    struct qund_str key = qund_sop_figure_key(d->arena, qund_str(name));
    bool known = given(d, key);
    double v;

    if (!known && f->rc == 0 && d->edits)
        f->rc = qund_plan_said(d->s, d->edits, key, &v, &known);
    if (known || f->rc < 0)
        return;
    if (strncmp(name, "stock", 5) == 0 || strcmp(name, "capacity") == 0)
        qund_errs_add(&d->problems, QUND_E_INVAL, "figures",
                      "nobody said how many: give figures: {\"%s\": 30}", name);
    else
        qund_errs_add(&d->warnings, QUND_E_INVAL, "figures",
                      "%s has no source but a person: report it with `plan.set`, or what is "
                      "expected of it cannot be judged",
                      name);
}

/* Chat is where there is a group. What is said to us alone has none, and some of what a chat tells
 * comes by events, too. */
static bool of_group(enum qund_sop_metric m)
{
    return qund_sop_metric_source(m) == QUND_SOP_FROM_CHAT && m != QUND_SOP_TASK_DONE &&
           m != QUND_SOP_ONE_TO_ONE_REPLIES && m != QUND_SOP_COUPON_CLAIMS &&
           m != QUND_SOP_HOMEWORK && m != QUND_SOP_PHOTO_POSTS;
}

static void check_source(struct sop_draft *d, enum qund_sop_metric m, struct qund_str where)
{
    if (d->n_places > 0 && d->places[0].id == 0 && of_group(m))
        qund_errs_add(&d->problems, QUND_E_INVAL, where.p,
                      "%s is counted in a group, and this plan names none: name the groups",
                      qund_sop_metric_name(m));
}

static void check_base(struct sop_draft *d, const struct qund_sop_value *v, struct qund_str where)
{
    if (v->percent && d->n_places > 0 && d->places[0].id == 0 &&
        (v->of == QUND_SOP_OF_CUSTOMERS || v->of == QUND_SOP_OF_NEW))
        qund_errs_add(
            &d->problems, QUND_E_INVAL, where.p,
            "a percentage of %s is of a group, and this plan names none: name the groups, "
            "or expect a number",
            qund_sop_count_of_name(v->of));
}

int qund_draft_check_figures(struct sop_draft *d)
{
    struct figures f = {.d = d};

    qund_sop_figures_each(d->arena, d->t, check_figure, &f);
    for (size_t i = 0; f.rc == 0 && i < d->t->n_steps; i++) {
        const struct qund_sop_step *s = &d->t->steps[i];

        if (!s->expect.given)
            continue;
        check_source(d, s->expect.metric, s->id);
        check_base(d, &s->expect.value, s->id);
    }
    return f.rc;
}
