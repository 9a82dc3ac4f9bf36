/* template_step.c - a step: who says what where and when, what is expected of it, what else. */
#include "sop/template_parts.h"

#define WINDOW_MAX (90 * QUND_DAY_MS)
#define LATE_DEFAULT (4 * QUND_HOUR_MS)
#define TAG_MAX 96u

#define READER(name, into_type, expr)                                                    \
    static void name(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into) \
    {                                                                                    \
        struct into_type *o = into;                                                      \
                                                                                         \
        expr;                                                                            \
    }

/* --- names of the closed lists, by number ---------------------------------------------------- */
static const char *role_at(int i)
{
    return qund_sop_role_name((enum qund_sop_role)i);
}

static const char *channel_at(int i)
{
    return qund_sop_channel_name((enum qund_sop_channel)i);
}

static const char *kind_at(int i)
{
    return qund_sop_kind_name((enum qund_sop_kind)i);
}

static const char *quiet_at(int i)
{
    static const char *const WORDS[] = {"delay", "drop"};

    return WORDS[i];
}

static const char *level_at(int i)
{
    static const char *const WORDS[] = {"info", "warn", "urgent"};

    return WORDS[i];
}

/* Who is told: any role, and those who are no role of a template. */
static const char *told_at(int i)
{
    static const char *const MORE[] = {"on_duty", "group_owner", "auditor"};

    return i < QUND_SOP_ROLES ? role_at(i) : MORE[i - QUND_SOP_ROLES];
}

/* --- what is said ---------------------------------------------------------------------------- */
static void read_role(struct qund_sop_reader *rd, const struct qund_ynode *n,
                      struct qund_sop_say *say)
{
    int i = qund_sop_read_choice(rd, n, "role", role_at, QUND_SOP_ROLES);

    if (i >= 0)
        say->role = (enum qund_sop_role)i;
}

static void read_channel(struct qund_sop_reader *rd, const struct qund_ynode *n,
                         struct qund_sop_say *say)
{
    int i = qund_sop_read_choice(rd, n, "channel", channel_at, QUND_SOP_CHANNELS);

    if (i >= 0)
        say->channel = (enum qund_sop_channel)i;
}

static void read_content(struct qund_sop_reader *rd, const struct qund_ynode *n,
                         struct qund_sop_say *say)
{
    qund_sop_read_text(rd, n, "content", QUND_SOP_CONTENT_MAX, &say->content);
}

static void read_media(struct qund_sop_reader *rd, const struct qund_ynode *n,
                       struct qund_sop_say *say)
{
    qund_sop_read_texts(rd, n, "a name of a file", 255, &say->media, &say->n_media);
}

READER(step_role, qund_sop_step, read_role(rd, n, &o->say))
READER(step_channel, qund_sop_step, read_channel(rd, n, &o->say))
READER(step_content, qund_sop_step, read_content(rd, n, &o->say))
READER(step_media, qund_sop_step, read_media(rd, n, &o->say))
READER(plan_b_role, qund_sop_step, read_role(rd, n, &o->plan_b))
READER(plan_b_channel, qund_sop_step, read_channel(rd, n, &o->plan_b))
READER(plan_b_content, qund_sop_step, read_content(rd, n, &o->plan_b))
READER(plan_b_media, qund_sop_step, read_media(rd, n, &o->plan_b))
READER(plan_b_at, qund_sop_step,
       o->plan_b_timed = qund_sop_read_offset(rd, n, "plan_b.at", &o->plan_b_at))

static const struct qund_sop_key plan_b_keys[] = {
    {"role", plan_b_role},   {"channel", plan_b_channel}, {"content", plan_b_content},
    {"media", plan_b_media}, {"at", plan_b_at},           {"disclosure", NULL},
    {"no_disclosure", NULL},
};
const struct qund_sop_level qund_sop_plan_b_level = {"plan_b", plan_b_keys,
                                                     QUND_ARRAY_LEN(plan_b_keys)};

static void need(struct qund_sop_reader *rd, const struct qund_ynode *n, const char *what,
                 const char *key, const char *example)
{
    if (n->kind == QUND_YAML_MAP && !qund_yaml_get(n, key))
        qund_yaml_err(rd->errs, rd->doc, n, "%s has no `%s`, e.g. %s", what, key, example);
}

static void read_plan_b(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_sop_step *s = into;

    s->has_plan_b = true;
    qund_sop_read_map(rd, n, "plan_b", &qund_sop_plan_b_level, s);
    need(rd, n, "plan_b", "role", "leader");
    need(rd, n, "plan_b", "content", "换成一张图再发一次");
}

/* --- what is expected ------------------------------------------------------------------------ */
static void expect_metric(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_sop_expect *e = into;
    struct qund_err err = {0};

    if (n->kind != QUND_YAML_SCALAR)
        qund_yaml_err(rd->errs, rd->doc, n, "metric must be a name such as speakers");
    else if (qund_sop_metric_of(qund_sop_keep(rd, n->text), &e->metric, &e->of_what, &err) < 0)
        qund_yaml_err(rd->errs, rd->doc, n, "%s", err.text);
}

READER(expect_gte, qund_sop_expect,
       (o->op = QUND_SOP_GTE, qund_sop_read_value(rd, n, "gte", &o->value)))
READER(expect_lte, qund_sop_expect,
       (o->op = QUND_SOP_LTE, qund_sop_read_value(rd, n, "lte", &o->value)))
READER(expect_window, qund_sop_expect,
       qund_sop_read_duration(rd, n, "window", 60000, WINDOW_MAX, &o->window_ms))
READER(expect_words, qund_sop_expect,
       qund_sop_read_texts(rd, n, "a word", QUND_SOP_VAR_MAX, &o->words, &o->n_words))

static const struct qund_sop_key expect_keys[] = {
    {"metric", expect_metric}, {"gte", expect_gte},     {"lte", expect_lte},
    {"window", expect_window}, {"words", expect_words},
};
const struct qund_sop_level qund_sop_expect_level = {"expect", expect_keys,
                                                     QUND_ARRAY_LEN(expect_keys)};

static void read_expect(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_sop_expect *e = &((struct qund_sop_step *)into)->expect;

    e->given = true;
    if (!qund_sop_read_map(rd, n, "expect", &qund_sop_expect_level, e))
        return;
    need(rd, n, "expect", "metric", "speakers");
    need(rd, n, "expect", "window", "2h");
    if (!qund_yaml_get(n, "gte") == !qund_yaml_get(n, "lte"))
        qund_yaml_err(rd->errs, rd->doc, n, "expect has one of `gte` and `lte`, e.g. gte: 8%%");
    else if (e->value.percent && !qund_sop_metric_counts(e->metric))
        qund_yaml_err(rd->errs, rd->doc, n,
                      "%s counts neither people nor things: write a number, no percentage",
                      qund_sop_metric_name(e->metric));
    if (e->metric == QUND_SOP_KEYWORD_HITS && !e->of_what.p && e->n_words == 0)
        qund_yaml_err(rd->errs, rd->doc, n,
                      "keyword_hits has no words to look for: words: [收到], or keyword_hits.收到");
}

/* --- who is told ----------------------------------------------------------------------------- */
static void alert_when(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_sop_alert *a = into;

    if (n->kind == QUND_YAML_SCALAR && qund_str_is(n->text, "always"))
        a->always = true;
    else
        qund_sop_read_cond(rd, n, "alert.when", &a->when);
}

static void alert_to(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    int i = qund_sop_read_choice(rd, n, "alert.to", told_at, QUND_SOP_ROLES + 3);

    if (i >= 0)
        ((struct qund_sop_alert *)into)->to = qund_str(told_at(i));
}

static void alert_level(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    int i = qund_sop_read_choice(rd, n, "alert.level", level_at, 3);

    if (i >= 0)
        ((struct qund_sop_alert *)into)->level = qund_str(level_at(i));
}

static const struct qund_sop_key alert_keys[] = {
    {"when", alert_when},
    {"to", alert_to},
    {"level", alert_level},
};
const struct qund_sop_level qund_sop_alert_level = {"alert", alert_keys,
                                                    QUND_ARRAY_LEN(alert_keys)};

static void read_alert(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_sop_alert *a = &((struct qund_sop_step *)into)->alert;

    a->given = true;
    a->level = QUND_STR("warn");
    qund_sop_read_map(rd, n, "alert", &qund_sop_alert_level, a);
    need(rd, n, "alert", "when", "complaints>=1");
    need(rd, n, "alert", "to", "leader");
}

/* --- the step -------------------------------------------------------------------------------- */
static void read_id(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    bool ok = n->kind == QUND_YAML_SCALAR && n->text.n > 0 && n->text.n <= 16;

    for (size_t i = 0; ok && i < n->text.n; i++) {
        char c = n->text.p[i];

        ok = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
             (i > 0 && ((c >= '0' && c <= '9') || c == '_' || c == '-'));
    }
    if (ok)
        ((struct qund_sop_step *)into)->id = qund_sop_keep(rd, n->text);
    else
        qund_yaml_err(rd->errs, rd->doc, n,
                      "a step's id is a short name such as S01 (letters, digits, _ and -, at most "
                      "16 bytes)");
}

static void read_kind(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    int i = qund_sop_read_choice(rd, n, "kind", kind_at, QUND_SOP_SAFETY + 1);

    if (i >= 0)
        ((struct qund_sop_step *)into)->kind = (enum qund_sop_kind)i;
}

static void read_quiet(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    ((struct qund_sop_step *)into)->quiet_drop =
        qund_sop_read_choice(rd, n, "quiet", quiet_at, 2) == 1;
}

READER(read_title, qund_sop_step, qund_sop_read_text(rd, n, "title", 200, &o->title))
READER(read_at, qund_sop_step, qund_sop_read_offset(rd, n, "at", &o->at))
READER(read_tags, qund_sop_step, qund_sop_read_texts(rd, n, "a tag", TAG_MAX, &o->tags, &o->n_tags))
READER(read_stop, qund_sop_step, qund_sop_read_conds(rd, n, "stop", &o->stop, &o->n_stop))
READER(read_late, qund_sop_step,
       qund_sop_read_duration(rd, n, "late", 60000, 30 * QUND_DAY_MS, &o->late_ms))
READER(read_work_days, qund_sop_step, qund_sop_read_bool(rd, n, "work_days", &o->work_days))
READER(read_ready_by, qund_sop_step,
       o->has_ready_by = qund_sop_read_offset(rd, n, "ready_by", &o->ready_by))

static const struct qund_sop_key step_keys[] = {
    {"id", read_id},
    {"title", read_title},
    {"at", read_at},
    {"kind", read_kind},
    {"role", step_role},
    {"channel", step_channel},
    {"content", step_content},
    {"media", step_media},
    {"expect", read_expect},
    {"plan_b", read_plan_b},
    {"tags", read_tags},
    {"alert", read_alert},
    {"stop", read_stop},
    {"late", read_late},
    {"quiet", read_quiet},
    {"work_days", read_work_days},
    {"ready_by", read_ready_by},
    {"disclosure", NULL},
    {"no_disclosure", NULL},
};
const struct qund_sop_level qund_sop_step_level = {"step", step_keys, QUND_ARRAY_LEN(step_keys)};

static void read_step(struct qund_sop_reader *rd, const struct qund_ynode *n,
                      struct qund_sop_step *s)
{
    s->line = n->line;
    s->col = n->col;
    s->at = (struct qund_sop_offset){.base = QUND_SOP_AT_START, .clock_min = -1};
    s->late_ms = LATE_DEFAULT;
    s->say.role = QUND_SOP_CONSULTANT;
    s->plan_b.role = QUND_SOP_CONSULTANT;
    qund_sop_read_map(rd, n, "a step", &qund_sop_step_level, s);
    need(rd, n, "the step", "id", "S01");
    need(rd, n, "the step", "at", "T-14d 10:00");
    need(rd, n, "the step", "role", "consultant");
    need(rd, n, "the step", "channel", "group");
    need(rd, n, "the step", "content", "明天见，路线在群公告里。");
    if (!qund_yaml_get(n, "kind") && s->say.channel == QUND_SOP_CH_STAFF_TASK)
        s->kind = QUND_SOP_SERVICE;
    if (s->has_plan_b && !qund_yaml_get(qund_yaml_get(n, "plan_b"), "channel"))
        s->plan_b.channel = s->say.channel;
}

void qund_sop_read_steps(struct qund_sop_reader *rd, const struct qund_ynode *n, void *template)
{
    struct qund_sop_template *t = template;
    size_t count = 0;

    for (const struct qund_ynode *e = n->kind == QUND_YAML_LIST ? n->child : NULL; e; e = e->next)
        count++;
    if (count == 0 || count > QUND_SOP_STEPS_MAX) {
        qund_yaml_err(rd->errs, rd->doc, n, "steps must be a list of 1 to %u steps; this has %zu",
                      QUND_SOP_STEPS_MAX, count);
        return;
    }
    t->steps = qund_arena_zalloc(t->arena, count * sizeof(*t->steps));
    for (const struct qund_ynode *e = n->child; e; e = e->next)
        read_step(rd, e, &t->steps[t->n_steps++]);
}
