/* lint.c - what may be written and is a mistake all the same.
 *
 * Most of it is warned of and refuses nothing: a step that expects nothing, more posts a day than
 * the caps let out, a text nobody will read to its end. Two things refuse, because they cannot be
 * sent: a text longer than its channel bears, and one that is not written yet and names no day by
 * which it will be. */
#include "sop/template_parts.h"

#define VARIABLE_CHARS 8u  /* what a variable is taken for when a text is measured, */
#define VARIABLE_BYTES 24u /* in Han characters */
#define GROUP_DAY 2        /* the shipped caps (config: sop.*) */
#define GROUP_DAY_LAST 3   /* in the last two days before an event, and on its day */
#define CONTACT_DAYS 7     /* marketing to one person: once in so many days */
#define NO_DAY INT64_MIN

/* --- length ---------------------------------------------------------------------------------- */
struct size {
    size_t chars, bytes;
};

static int forget_variable(void *arg, struct qund_str name)
{
    struct size *z = arg;

    /* The braces go, and any blanks in them; a value of usual length comes. */
    z->chars += VARIABLE_CHARS - qund_utf8_count(name) - 4;
    z->bytes += VARIABLE_BYTES - name.n - 4;
    return 0;
}

static void measure(struct qund_str text, struct size *z)
{
    z->chars += qund_utf8_count(text);
    z->bytes += text.n;
    qund_ignore(qund_sop_vars(text, forget_variable, z)); /* INVAL was said already */
}

/* The disclosure is part of the post. */
static void check_length(struct qund_sop_reader *rd, const struct qund_ynode *node,
                         const struct qund_sop_step *s, const struct qund_sop_say *say)
{
    const struct qund_sop_limit *limit = qund_sop_limit(say->channel);
    const struct qund_ynode *content = qund_sop_node(node, "content");
    const char *channel = qund_sop_channel_name(say->channel);
    struct size z = {0, 0};

    (void)s;
    if (!say->content.p)
        return;
    measure(say->content, &z);
    if (qund_sop_role_disclosed(say->role) && rd->t->roles[say->role].disclosure.p)
        measure(rd->t->roles[say->role].disclosure, &z);
    if (z.bytes > limit->max_bytes)
        qund_yaml_err(rd->errs, rd->doc, content,
                      "about %zu bytes (variables and disclosure included), and %s bears %zu (%s): "
                      "shorten it, or make two steps of it",
                      z.bytes, channel, limit->max_bytes, limit->source);
    else if (limit->usual_chars > 0 && z.chars > limit->usual_chars)
        qund_yaml_err(rd->warnings, rd->doc, content,
                      "about %zu characters: on %s nobody reads more than %zu", z.chars, channel,
                      limit->usual_chars);
}

/* --- content --------------------------------------------------------------------------------- */
static void check_finished(struct qund_sop_reader *rd, const struct qund_ynode *n,
                           struct qund_sop_step *s)
{
    QUND_AUTO(qund_buf_done) struct qund_buf by = {0};
    struct qund_str mark = qund_sop_wording_find(QUND_SOP_WORDS_UNDONE, s->say.content);
    const struct qund_ynode *content = qund_sop_node(n, "content");

    if (!mark.p)
        return;
    s->unfinished = s->has_ready_by;
    if (!s->has_ready_by) {
        qund_yaml_err(rd->errs, rd->doc, content,
                      "the content is not written yet ('%.*s'): write it, or say `ready_by: T-14d "
                      "18:00`",
                      QUND_STR_ARG(mark));
        return;
    }
    qund_sop_offset_print(&s->ready_by, &by);
    qund_yaml_err(rd->warnings, rd->doc, content,
                  "the content is not written yet ('%.*s'); it must be by %s, and its task is held "
                  "until then",
                  QUND_STR_ARG(mark), by.p);
}

static bool says(struct qund_str text, const char *word)
{
    return text.p && qund_str_find(text, 0, qund_str(word)) >= 0;
}

static void check_words(struct qund_sop_reader *rd, const struct qund_ynode *node,
                        const struct qund_sop_step *s, const struct qund_sop_say *say)
{
    const struct qund_ynode *content = qund_sop_node(node, "content");

    if (say->role == QUND_SOP_KOC_FAN && say->content.p && !says(say->content, "自己的话"))
        qund_yaml_err(rd->warnings, rd->doc, content,
                      "koc_fan speaks in words of his own: give him a topic, no script "
                      "(话题（自己的话说）：…)");
    if (say->channel == QUND_SOP_CH_SMS && s->kind == QUND_SOP_MARKETING && say->content.p &&
        !says(say->content, "退订"))
        qund_yaml_err(rd->warnings, rd->doc, content,
                      "a marketing SMS says how to opt out (回 T 退订)");
}

/* --- feedback -------------------------------------------------------------------------------- */
static void check_expect(struct qund_sop_reader *rd, const struct qund_ynode *n,
                         const struct qund_sop_step *s)
{
    const struct qund_ynode *at = qund_sop_node(qund_yaml_get(n, "expect"), "metric");

    if (!s->expect.given) {
        qund_yaml_err(rd->warnings, rd->doc, n,
                      "the step expects nothing: how will you know that it worked? (`expect`)");
        return;
    }
    if (qund_sop_metric_source(s->expect.metric) == QUND_SOP_REPORTED)
        qund_yaml_err(
            rd->warnings, rd->doc, at,
            "nothing brings %s by itself: somebody has to type it on the task's page, else "
            "it is not judged",
            qund_sop_metric_name(s->expect.metric));
}

/* "Fewer than ten" holds from the first minute: without a time it tells somebody at once. */
static void check_alert(struct qund_sop_reader *rd, const struct qund_ynode *n,
                        const struct qund_sop_step *s)
{
    const struct qund_sop_cond *c = &s->alert.when;

    if (s->alert.given && c->line > 0 && c->flag == QUND_SOP_FLAG_NONE && !c->has_at &&
        (c->op == QUND_SOP_LT || c->op == QUND_SOP_LTE) &&
        qund_sop_metric_source(c->metric) != QUND_SOP_REPORTED)
        qund_yaml_err(rd->warnings, rd->doc, qund_sop_node(qund_yaml_get(n, "alert"), "when"),
                      "%s is below that from the start: say when to look, as in joins<10 at D3 "
                      "10:00",
                      qund_sop_metric_name(c->metric));
}

/* --- caps ------------------------------------------------------------------------------------ */
/* Days on one axis: of the event or D0, and of the start where D0 is not its day. */
struct day {
    int axis;
    int64_t n; /* NO_DAY: no calendar day */
};

static struct day day_of(const struct qund_sop_template *t, const struct qund_sop_offset *o)
{
    bool apart = t->anchor == QUND_SOP_BY_EVENT;
    struct day d = {o->base == QUND_SOP_AT_START && apart ? 1 : 0, o->days};

    if (o->base == QUND_SOP_AT_ON)
        d.n = NO_DAY;
    else if (o->clock_min < 0) /* taken for noon */
        d.n = (o->ms + 400 * QUND_DAY_MS + QUND_DAY_MS / 2) / QUND_DAY_MS - 400;
    return d;
}

static bool same_day(struct day a, struct day b)
{
    return a.axis == b.axis && a.n == b.n && a.n != NO_DAY;
}

static bool in_group(const struct qund_sop_step *s)
{
    return s->kind == QUND_SOP_MARKETING &&
           (s->say.channel == QUND_SOP_CH_GROUP || s->say.channel == QUND_SOP_CH_NOTICE);
}

static bool to_person(const struct qund_sop_step *s)
{
    return s->kind == QUND_SOP_MARKETING &&
           (s->say.channel == QUND_SOP_CH_ONE_TO_ONE || s->say.channel == QUND_SOP_CH_SMS);
}

static void check_group_day(struct qund_sop_reader *rd, const struct qund_ynode *n, size_t i)
{
    const struct qund_sop_template *t = rd->t;
    struct day d = day_of(t, &t->steps[i].at);
    bool last = t->anchor == QUND_SOP_BY_EVENT && d.axis == 0 && d.n >= -2 && d.n <= 0;
    int cap = last ? GROUP_DAY_LAST : GROUP_DAY, had = 0;

    if (!in_group(&t->steps[i]))
        return;
    for (size_t k = 0; k < i; k++)
        had += in_group(&t->steps[k]) && same_day(day_of(t, &t->steps[k].at), d);
    if (had == cap)
        qund_yaml_err(rd->warnings, rd->doc, qund_sop_node(n, "at"),
                      "the %s marketing post of its group on one day: the usual cap of %d a day "
                      "holds it back (move it, or kind: service if it is one)",
                      cap == GROUP_DAY ? "third" : "fourth", cap);
}

/* One person's plan: what is sent to him alone. */
static void check_person_week(struct qund_sop_reader *rd, const struct qund_ynode *n, size_t i)
{
    const struct qund_sop_template *t = rd->t;
    struct day d = day_of(t, &t->steps[i].at);

    if (t->scope == QUND_SOP_GROUP || !to_person(&t->steps[i]) || d.n == NO_DAY)
        return;
    for (size_t k = 0; k < t->n_steps; k++) {
        struct day other = day_of(t, &t->steps[k].at);

        if (k == i || !to_person(&t->steps[k]) || other.n == NO_DAY || other.axis != d.axis ||
            other.n > d.n || (other.n == d.n && k > i) || d.n - other.n >= CONTACT_DAYS)
            continue;
        qund_yaml_err(
            rd->warnings, rd->doc, qund_sop_node(n, "at"),
            "%.*s wrote to the same person less than %d days before: the usual cap of one "
            "a week holds this one back",
            QUND_STR_ARG(t->steps[k].id), CONTACT_DAYS);
        return;
    }
}

void qund_sop_lint(struct qund_sop_reader *rd, const struct qund_ynode *root)
{
    struct qund_sop_template *t = rd->t;
    const struct qund_ynode *steps = qund_yaml_get(root, "steps");
    const struct qund_ynode *e = steps ? steps->child : NULL;

    if (!t->goal.p)
        qund_yaml_err(rd->warnings, rd->doc, root,
                      "the template has no goal: what is it for? (goal: {main_conversion: …})");
    if (t->n_targets == 0)
        qund_yaml_err(rd->warnings, rd->doc, qund_sop_node(root, "goal"),
                      "the template has no result to measure (goal: {targets: {orders: 10}})");
    for (size_t i = 0; i < t->n_steps; i++, e = e->next) {
        if (e->kind != QUND_YAML_MAP)
            continue;
        qund_sop_each_say(rd, e, &t->steps[i], check_length);
        qund_sop_each_say(rd, e, &t->steps[i], check_words);
        check_finished(rd, e, &t->steps[i]);
        check_expect(rd, e, &t->steps[i]);
        check_alert(rd, e, &t->steps[i]);
        check_group_day(rd, e, i);
        check_person_week(rd, e, i);
    }
}
