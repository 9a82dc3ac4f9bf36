/* template.c - texts with {{variables}}.
 *
 * A template is parsed once, when its rule is loaded: an unknown variable refuses the rule, so that
 * nobody finds out from a push that reads "{{sender.nmae}}". Rendering copies pieces; it has no
 * conditions, loops or filters, never reads what it has written (a message that contains {{…}}
 * stays text), and its result is bounded: one variable to 500 characters, the whole to
 * QUND_RULE_TEXT_MAX bytes, cut between characters with an ellipsis. */
#include "rule/internal.h"
#include <stdio.h>

#define VALUE_MAX_CHARS 500u

/* What a variable may look at. */
struct scope {
    const struct qund_template_part *part;
    const struct qund_rule_run *run;
    const struct qund_rule *rule;
    struct qund_arena *arena;
};

/* A name is one line, whatever its owner put into it. */
static struct qund_str one_line(const struct scope *s, struct qund_str name)
{
    QUND_AUTO(qund_buf_done) struct qund_buf line = {0};

    qund_buf_line(&line, name);
    return qund_arena_str(s->arena, qund_buf_view(&line));
}

static struct qund_str sender_name(const struct scope *s)
{
    const struct qund_rule_input *in = s->run->in;

    if (in->sender_name.n)
        return one_line(s, in->sender_name);
    return one_line(s, in->ev->sender_name.n ? in->ev->sender_name : in->ev->sender);
}

static struct qund_str sender_id(const struct scope *s)
{
    return s->run->in->ev->sender;
}

static struct qund_str sender_role(const struct scope *s)
{
    return qund_str(qund_role_name(s->run->in->role));
}

static struct qund_str message_text(const struct scope *s)
{
    return s->run->in->ev->text;
}

static struct qund_str message_id(const struct scope *s)
{
    return s->run->in->ev->id;
}

static struct qund_str message_kind(const struct scope *s)
{
    return s->run->in->ev->kind;
}

static struct qund_str message_time(const struct scope *s)
{
    int minute = qund_rule_minute(s->run->in);
    char out[24];
    int n = snprintf(out, sizeof(out), "%02d:%02d", minute / 60, minute % 60);

    return qund_str_n(qund_arena_dup(s->arena, out, (size_t)n), (size_t)n);
}

static struct qund_str group_name(const struct scope *s)
{
    const struct qund_rule_input *in = s->run->in;

    if (in->group_name.n)
        return one_line(s, in->group_name);
    return one_line(s, in->ev->group_name.n ? in->ev->group_name : in->ev->group);
}

static struct qund_str group_id(const struct scope *s)
{
    return s->run->in->ev->group;
}

static struct qund_str rule_id(const struct scope *s)
{
    return s->rule->id;
}

static struct qund_str rule_title(const struct scope *s)
{
    return s->rule->title.n ? s->rule->title : s->rule->id;
}

static struct qund_str count_value(const struct scope *s)
{
    char out[24];
    int n = snprintf(out, sizeof(out), "%lld", (long long)(s->run->count ? s->run->count : 1));

    return qund_str_n(qund_arena_dup(s->arena, out, (size_t)n), (size_t)n);
}

static struct qund_str match_value(const struct scope *s)
{
    return qund_rule_match_text(s->run, s->rule, (unsigned)s->part->index);
}

static struct qund_str extract_value(const struct scope *s)
{
    size_t i;

    for (i = 0; i < s->run->in->n_extracts; i++)
        if (qund_str_eq(s->run->in->extracts[i].name, s->part->name))
            return s->run->in->extracts[i].value;
    return QUND_STR_NONE;
}

/* A name that ends in '.' takes what follows it: match.0 … match.9, extract.NAME. */
static const struct {
    const char *name;
    struct qund_str (*value)(const struct scope *s);
} variables[] = {
    {"sender.name", sender_name},   {"sender.id", sender_id},    {"sender.role", sender_role},
    {"message.text", message_text}, {"message.id", message_id},  {"message.kind", message_kind},
    {"message.time", message_time}, {"group.name", group_name},  {"group.id", group_id},
    {"rule.id", rule_id},           {"rule.title", rule_title},  {"count", count_value},
    {"match.", match_value},        {"extract.", extract_value},
};

static bool bad_variable(struct qund_rule_reader *rd, const struct qund_ynode *n,
                         struct qund_str name)
{
    const char *names[QUND_ARRAY_LEN(variables)], *near;
    size_t i;

    for (i = 0; i < QUND_ARRAY_LEN(variables); i++)
        names[i] = variables[i].name;
    near = qund_str_nearest(name, names, QUND_ARRAY_LEN(names));
    if (near)
        qund_yaml_err(rd->errs, rd->doc, n, "unknown variable {{%.*s}}; nearest known: {{%s}}",
                      QUND_STR_ARG(qund_utf8_cut(name, 60)), near);
    else
        qund_yaml_err(rd->errs, rd->doc, n, "unknown variable {{%.*s}}",
                      QUND_STR_ARG(qund_utf8_cut(name, 60)));
    return false;
}

static bool read_variable(struct qund_rule_reader *rd, const struct qund_ynode *n,
                          struct qund_str name, struct qund_template_part *part)
{
    size_t i;

    for (i = 0; i < QUND_ARRAY_LEN(variables); i++) {
        size_t len = strlen(variables[i].name);
        bool prefix = variables[i].name[len - 1] == '.';

        if (!prefix && !qund_str_is(name, variables[i].name))
            continue;
        if (prefix && (!qund_str_starts(name, variables[i].name) || name.n == len))
            continue;
        part->var = (int)i;
        if (variables[i].value == match_value) {
            if (name.n != len + 1 || name.p[len] < '0' || name.p[len] > '9')
                return bad_variable(rd, n, name);
            part->index = name.p[len] - '0';
        } else if (prefix) {
            if (!qund_rule_known_extract(qund_str_n(name.p + len, name.n - len)))
                return bad_variable(rd, n, name);
            part->name = qund_str_n(qund_arena_dup(rd->set->arena, name.p + len, name.n - len),
                                    name.n - len);
        }
        return true;
    }
    return bad_variable(rd, n, name);
}

/* Fills out->v when it is there; counts parts either way. */
static bool split(struct qund_rule_reader *rd, const struct qund_ynode *n, struct qund_str text,
                  struct qund_template *out)
{
    size_t at = 0;

    out->n = 0;
    while (at < text.n) {
        ptrdiff_t open = qund_str_find(text, at, QUND_STR("{{")), close;
        size_t to = open < 0 ? text.n : (size_t)open;

        if (to > at) {
            if (out->v)
                out->v[out->n] = (struct qund_template_part){
                    .var = -1, .text = qund_str_n(text.p + at, to - at)};
            out->n++;
        }
        if (open < 0)
            break;
        close = qund_str_find(text, to, QUND_STR("}}"));
        if (close < 0) {
            qund_yaml_err(rd->errs, rd->doc, n, "{{ without }}");
            return false;
        }
        if (out->v && !read_variable(
                          rd, n, qund_str_trim(qund_str_n(text.p + to + 2, (size_t)close - to - 2)),
                          &out->v[out->n]))
            return false;
        out->n++;
        at = (size_t)close + 2;
    }
    return true;
}

bool qund_template_read(struct qund_rule_reader *rd, const struct qund_ynode *n,
                        struct qund_template *out)
{
    struct qund_str text;

    if (!qund_rule_read_text(rd, n, "text", QUND_RULE_TEXT_MAX, &text))
        return false;
    *out = (struct qund_template){0};
    if (!split(rd, n, text, out))
        return false;
    out->v = qund_arena_zalloc(rd->set->arena, (out->n + 1) * sizeof(*out->v));
    return split(rd, n, text, out);
}

bool qund_template_uses_match(const struct qund_template *t, int *highest)
{
    size_t i;

    for (i = 0; i < t->n; i++)
        if (t->v[i].var >= 0 && variables[t->v[i].var].value == match_value &&
            t->v[i].index > *highest)
            *highest = t->v[i].index;
    return *highest >= 0;
}

struct qund_str qund_template_render(const struct qund_template *t, const struct qund_rule_run *run,
                                     const struct qund_rule *r, struct qund_arena *arena)
{
    static const char more[] = "…";
    char out[QUND_RULE_TEXT_MAX];
    size_t n = 0, i;

    for (i = 0; i < t->n; i++) {
        const struct qund_template_part *p = &t->v[i];
        struct scope scope = {p, run, r, arena};
        struct qund_str s = p->var < 0 ? p->text : variables[p->var].value(&scope), cut;
        bool longer = false;

        if (p->var >= 0) {
            cut = qund_utf8_cut_chars(s, VALUE_MAX_CHARS);
            longer = cut.n < s.n;
            s = cut;
        }
        cut = qund_utf8_cut(s, sizeof(out) - (sizeof(more) - 1) - n);
        if (cut.n)
            memcpy(out + n, cut.p, cut.n);
        n += cut.n;
        if (cut.n < s.n || (longer && n + sizeof(more) - 1 <= sizeof(out))) {
            memcpy(out + n, more, sizeof(more) - 1);
            n += sizeof(more) - 1;
        }
        if (cut.n < s.n || n + sizeof(more) - 1 > sizeof(out))
            break;
    }
    return qund_str_n(qund_arena_dup(arena, out, n), n);
}
