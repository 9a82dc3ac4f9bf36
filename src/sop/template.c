/* template.c - from a YAML file to an immutable template.
 *
 * A community SOP is a script: who says what to whom at which time, what reaction is hoped for, and
 * what is done when it does not come. Everything later (plans, tasks, judging) works by what stands
 * here, unattended and towards customers; so reading is strict and total. It happens in passes over
 * one tree that keeps the place of every key: the readers fill the template (template_step.c,
 * template_role.c), then what must hold between its parts is checked (template_check.c,
 * template_vars.c), then what the law and decency ask (lawful.c), then what is merely unwise
 * (lint.c, warnings). Each adds all its errors; they are shown in the order of lines. A template
 * with an error does not exist: there is no half of it to run.
 *
 * What was read is printed again in one canonical form (template_print.c), every default left out
 * and every number written in one way. A plan pins the digest of that text, and the store keeps the
 * text: parsing it gives the same template and the same digest, whatever comments and orders of
 * keys the author's file had. */
#include "core/file.h"
#include "sop/template_parts.h"
#include <stdlib.h>

#define FILE_MAX ((size_t)4 << 20)

/* --- names of the closed lists --------------------------------------------------------------- */
static const char *const SCOPES[] = {"group", "contact", "member"};
static const char *const ANCHORS[] = {"trigger", "event", "join"};
static const char *const KINDS[] = {"marketing", "service", "safety"};
static const char *const TRIGGERS[QUND_SOP_TRIGGERS] = {
    "manual",     "date",    "event",    "member_joined", "keyword",       "tag_added",
    "order_paid", "dormant", "birthday", "lead_stage",    "plan_finished",
};
static const char *const ROLES[QUND_SOP_ROLES] = {
    "star",       "expert",      "koc_fan", "leader",  "consultant",
    "questioner", "first_buyer", "store",   "manager", "system",
};
static const char *const CHANNELS[QUND_SOP_CHANNELS] = {
    "group", "group_notice", "one_to_one", "sms", "staff_task", "form",
};
static const char *const GROUP_TYPES[] = {"any",    "home",      "ecommerce",
                                          "course", "ticketing", "other"};

const char *qund_sop_scope_name(enum qund_sop_scope s)
{
    return (unsigned)s < QUND_ARRAY_LEN(SCOPES) ? SCOPES[s] : "?";
}

const char *qund_sop_anchor_name(enum qund_sop_anchor a)
{
    return (unsigned)a < QUND_ARRAY_LEN(ANCHORS) ? ANCHORS[a] : "?";
}

const char *qund_sop_kind_name(enum qund_sop_kind k)
{
    return (unsigned)k < QUND_ARRAY_LEN(KINDS) ? KINDS[k] : "?";
}

const char *qund_sop_trigger_name(enum qund_sop_trigger t)
{
    return (unsigned)t < QUND_SOP_TRIGGERS ? TRIGGERS[t] : "?";
}

const char *qund_sop_role_name(enum qund_sop_role r)
{
    return (unsigned)r < QUND_SOP_ROLES ? ROLES[r] : "?";
}

int qund_sop_role_parse(struct qund_str s)
{
    return qund_str_index(s, ROLES, QUND_SOP_ROLES);
}

bool qund_sop_role_disclosed(enum qund_sop_role r)
{
    return r == QUND_SOP_KOC_FAN || r == QUND_SOP_QUESTIONER || r == QUND_SOP_FIRST_BUYER;
}

const char *qund_sop_channel_name(enum qund_sop_channel c)
{
    return (unsigned)c < QUND_SOP_CHANNELS ? CHANNELS[c] : "?";
}

/* --- the keys of a file ---------------------------------------------------------------------- */
static const char *scope_at(int i)
{
    return SCOPES[i];
}

static const char *anchor_at(int i)
{
    return ANCHORS[i];
}

static const char *group_type_at(int i)
{
    return GROUP_TYPES[i];
}

static void read_id(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_sop_read_name(rd, n, "id", "", &((struct qund_sop_template *)into)->id);
}

static void read_title(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_sop_read_text(rd, n, "title", 200, &((struct qund_sop_template *)into)->title);
}

static void read_group_type(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    int i = qund_sop_read_choice(rd, n, "group_type", group_type_at, QUND_ARRAY_LEN(GROUP_TYPES));

    if (i >= 0)
        ((struct qund_sop_template *)into)->group_type = qund_str(GROUP_TYPES[i]);
}

static void read_scope(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    int i = qund_sop_read_choice(rd, n, "scope", scope_at, QUND_ARRAY_LEN(SCOPES));

    if (i >= 0)
        ((struct qund_sop_template *)into)->scope = (enum qund_sop_scope)i;
}

static void read_anchor(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    int i = qund_sop_read_choice(rd, n, "anchor", anchor_at, QUND_ARRAY_LEN(ANCHORS));

    rd->anchor_given = true;
    if (i >= 0)
        ((struct qund_sop_template *)into)->anchor = (enum qund_sop_anchor)i;
}

static void read_next(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_sop_read_name(rd, n, "next", "", &((struct qund_sop_template *)into)->next);
}

static void read_stop_all(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_sop_template *t = into;

    qund_sop_read_conds(rd, n, "stop_all", &t->stop_all, &t->n_stop_all);
}

static const struct qund_sop_key template_keys[] = {
    {"id", read_id},
    {"title", read_title},
    {"group_type", read_group_type},
    {"scope", read_scope},
    {"anchor", read_anchor},
    {"trigger", qund_sop_read_trigger},
    {"next", read_next},
    {"goal", qund_sop_read_goal},
    {"roles", qund_sop_read_roles},
    {"params", qund_sop_read_params},
    {"stop_all", read_stop_all},
    {"steps", qund_sop_read_steps},
};
const struct qund_sop_level qund_sop_template_level = {"template", template_keys,
                                                       QUND_ARRAY_LEN(template_keys)};

/* --- reading --------------------------------------------------------------------------------- */
static void need(struct qund_sop_reader *rd, const struct qund_ynode *root, const char *key,
                 const char *example)
{
    if (!qund_yaml_get(root, key))
        qund_yaml_err(rd->errs, rd->doc, root, "the template has no `%s`, e.g. %s", key, example);
}

static void read_root(struct qund_sop_reader *rd, const struct qund_ynode *root)
{
    struct qund_sop_template *t = rd->t;

    t->group_type = QUND_STR("any");
    t->params = qund_arena_zalloc(t->arena, (QUND_SOP_PARAMS_MAX + 1) * sizeof(*t->params));
    qund_sop_read_map(rd, root, "a template", &qund_sop_template_level, t);
    need(rd, root, "id", "autumn_open_day");
    need(rd, root, "title", "秋季开放日");
    need(rd, root, "steps", "a list of steps");
    if (!rd->anchor_given && t->trigger == QUND_SOP_EVENT)
        t->anchor = QUND_SOP_BY_EVENT;
    if (!rd->anchor_given && t->scope == QUND_SOP_MEMBER)
        t->anchor = QUND_SOP_BY_JOIN;
    qund_sop_check(rd, root);
    qund_sop_check_vars(rd, root);
    qund_sop_check_lawful(rd, root);
    qund_sop_lint(rd, root);
}

int qund_sop_template_parse(const char *name, struct qund_str text, struct qund_sop_template **out,
                            struct qund_errs *errs, struct qund_errs *warnings)
{
    QUND_AUTO(qund_yaml_free) struct qund_yaml *doc = NULL;
    QUND_AUTO(qund_sop_template_free) struct qund_sop_template *t = NULL;
    QUND_AUTO(qund_errs_done) struct qund_errs unheard = {0};
    struct qund_sop_reader rd = {.errs = errs, .warnings = warnings ? warnings : &unheard};
    struct qund_err err = {0};
    size_t before = errs->n + errs->dropped;

    qund_errs_init(&unheard, 1);
    if (qund_yaml_parse(name, text, &doc, &err) < 0)
        return qund_errs_add(errs, QUND_E_INVAL, err.where, "%s", err.text);
    t = qund_alloc(sizeof(*t));
    t->arena = qund_arena_new(16384);
    t->source = qund_arena_str(t->arena, qund_str(name));
    rd.doc = doc;
    rd.t = t;
    if (!qund_yaml_root(doc) || qund_yaml_root(doc)->kind != QUND_YAML_MAP)
        return qund_yaml_err(errs, doc, qund_yaml_root(doc),
                             "a template is a map with the keys id, title and steps");
    read_root(&rd, qund_yaml_root(doc));
    if (errs->n + errs->dropped != before)
        return QUND_E_INVAL;
    qund_sop_template_print(t);
    *out = QUND_TAKE(t);
    return QUND_OK;
}

int qund_sop_template_load(const char *path, struct qund_sop_template **out, struct qund_errs *errs,
                           struct qund_errs *warnings)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct qund_err err = {0};

    if (qund_file_read(path, FILE_MAX, &text, &err) < 0)
        return qund_errs_add(errs, err.rc, err.where, "%s", err.text);
    return qund_sop_template_parse(path, qund_buf_view(&text), out, errs, warnings);
}

struct qund_sop_template *qund_sop_template_free(struct qund_sop_template *t)
{
    if (t)
        qund_arena_free(t->arena);
    qund_free(t);
    return NULL;
}

const struct qund_sop_step *qund_sop_step_find(const struct qund_sop_template *t,
                                               struct qund_str id)
{
    for (size_t i = 0; i < t->n_steps; i++)
        if (qund_str_eq(t->steps[i].id, id))
            return &t->steps[i];
    return NULL;
}
