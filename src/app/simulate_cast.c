/* src/app/simulate_cast.c - who is there: groups, a member of staff for each role, customers.
 *
 * The cast is always an org file. When none is given one is written, so that a made group comes
 * into the store by the same way as a real one; either is read here for what the play needs to know
 * (who posts where, which targets staff are told through) and applied by the engine. Everybody of
 * the staff is told through a target that stands for their phone. */
#include "app/simulate_parts.h"
#include "core/file.h"
#include "core/yaml.h"
#include "crm/crm.h"
#include "crm/read.h"
#include <jansson.h>
#include <stdio.h>
#include <strings.h>

#define CUSTOMERS 40 /* of a made group */
#define GROUPS_MAX 1000u
#define CUSTOMERS_MAX 5000u
#define ORG_MAX (16u << 20)
#define LIST_PAGE 500

static const struct {
    const char *role, *name;
} STAFF[] = {
    {"star", "小星"},       {"expert", "周工"},    {"leader", "赵店长"},  {"consultant", "小夏"},
    {"questioner", "阿问"}, {"store", "店员小林"}, {"manager", "王经理"},
};

static const struct {
    const char *type, *name;
} TYPES[] = {
    {"home", "示例小区业主群"},  {"ecommerce", "示例福利群"}, {"course", "示例训练营"},
    {"ticketing", "示例文旅群"}, {"other", "示例群"},
};

static const char *const SURNAMES[] = {"王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周",
                                       "徐", "孙", "马", "朱", "胡", "郭", "何", "高", "林", "罗"};
static const char *const GIVEN[] = {"姐", "先生", "阿姨", "小妹", "哥", "老师", "妈妈", "爸"};

static const char *const INVITED[SIM_INVITED] = {
    [SIM_KOC] = "koc_fan", [SIM_FIRST_BUYER] = "first_buyer"};

static const char *text_of(struct sim *s, const char *fmt, ...) QUND_PRINTF(2, 3);
static const char *text_of(struct sim *s, const char *fmt, ...)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    va_list ap;

    va_start(ap, fmt);
    qund_buf_vprintf(&b, fmt, ap);
    va_end(ap);
    return qund_arena_str(s->arena, qund_buf_view(&b)).p;
}

static void make_customers(struct sim *s, struct sim_group *g, size_t number, size_t n)
{
    g->customers = qund_arena_zalloc(s->arena, (n + 1) * sizeof(*g->customers));
    g->n_customers = n;
    for (size_t i = 0; i < n; i++)
        g->customers[i] = (struct sim_person){
            text_of(s, "c%zu-%03zu", number, i + 1),
            text_of(s, "%s%s", SURNAMES[i % QUND_ARRAY_LEN(SURNAMES)],
                    GIVEN[i / QUND_ARRAY_LEN(SURNAMES) % QUND_ARRAY_LEN(GIVEN)])};
}

/* --- made --- */

static void write_staff(struct sim *s)
{
    qund_buf_puts(&s->org, "staff:\n");
    for (size_t i = 0; i < QUND_ARRAY_LEN(STAFF); i++)
        qund_buf_printf(&s->org,
                        "  - {id: %s, name: %s, ids: [{realm: " SIM_REALM ", id: s-%s}], push: "
                        "[" SIM_CHANNEL "]}\n",
                        STAFF[i].role, STAFF[i].name, STAFF[i].role);
    qund_buf_puts(&s->org, "groups:\n");
}

static void write_group(struct sim *s, size_t i, size_t type)
{
    char number[24] = "";

    if (i > 0)
        snprintf(number, sizeof(number), "%zu", i + 1);
    qund_buf_printf(&s->org, "  - realm: " SIM_REALM "\n    id: g%zu\n    name: %s%s\n", i + 1,
                    TYPES[type].name, number);
    qund_buf_printf(&s->org, "    type: %s\n    manager: manager\n", TYPES[type].type);
    if (s->o->zone)
        qund_buf_printf(&s->org, "    zone: %s\n", s->o->zone);
    qund_buf_puts(&s->org, "    roles:\n");
    for (size_t k = 0; k < QUND_ARRAY_LEN(STAFF); k++)
        qund_buf_printf(&s->org, "      %s: [%s]\n", STAFF[k].role, STAFF[k].role);
    if (s->o->scenario != QUND_SIM_NORMAL)
        return; /* nobody was invited: what is for them is skipped, and its plan B runs */
    for (size_t k = 0; k < SIM_INVITED; k++)
        qund_buf_printf(&s->org,
                        "      %s:\n        - {realm: " SIM_REALM
                        ", id: c%zu-%03zu, evidence: 模拟凭证}\n",
                        INVITED[k], i + 1, k + 1);
}

static int make_org(struct sim *s)
{
    size_t n = s->o->groups ? s->o->groups : 1, type = 0;
    struct qund_str said = qund_str(s->o->group ? s->o->group : "home");

    while (type < QUND_ARRAY_LEN(TYPES) && !(said.n == strlen(TYPES[type].type) &&
                                             strncasecmp(said.p, TYPES[type].type, said.n) == 0))
        type++;
    if (type == QUND_ARRAY_LEN(TYPES))
        return qund_errs_add(s->errs, QUND_E_INVAL, "--group",
                             "'%s' is no type of group: home, ecommerce, course, ticketing, other; "
                             "a group by its name wants --org FILE",
                             s->o->group);
    s->org_name = "simulate";
    write_staff(s);
    for (size_t i = 0; i < n; i++)
        write_group(s, i, type);
    return 0;
}

/* --- read --- */

static struct qund_str said(const struct qund_ynode *map, const char *key)
{
    const struct qund_ynode *n = qund_yaml_get(map, key);

    return n && n->kind == QUND_YAML_SCALAR ? n->text : QUND_STR_NONE;
}

static const char *kept(struct sim *s, struct qund_str text)
{
    return qund_arena_str(s->arena, text).p;
}

static bool wanted(const struct sim *s, const struct qund_ynode *n)
{
    struct qund_str asked = qund_str(s->o->group ? s->o->group : ""), type = said(n, "type");

    if (!s->o->org || asked.n == 0)
        return true;
    return qund_str_eq(said(n, "id"), asked) || qund_str_eq(said(n, "name"), asked) ||
           (type.n == asked.n && strncasecmp(type.p, asked.p, asked.n) == 0);
}

static void read_invited(struct sim *s, const struct qund_ynode *n, struct sim_group *g)
{
    const struct qund_ynode *roles = qund_yaml_get(n, "roles");

    for (size_t k = 0; roles && k < SIM_INVITED; k++) {
        const struct qund_ynode *holders = qund_yaml_get(roles, INVITED[k]);

        if (holders && holders->child && holders->child->kind == QUND_YAML_MAP)
            g->invited[k] = kept(s, said(holders->child, "id"));
    }
}

static int read_groups(struct sim *s, const struct qund_ynode *list)
{
    size_t max = s->o->groups ? s->o->groups : s->o->org ? 1 : GROUPS_MAX;
    size_t customers = s->o->customers ? s->o->customers : CUSTOMERS;

    s->groups = qund_arena_zalloc(s->arena, (max + 1) * sizeof(*s->groups));
    for (const struct qund_ynode *n = list ? list->child : NULL; n && s->n_groups < max;
         n = n->next) {
        struct sim_group *g = &s->groups[s->n_groups];

        if (n->kind != QUND_YAML_MAP || !wanted(s, n))
            continue;
        s->n_groups++;
        g->pid = kept(s, said(n, "id"));
        g->realm = kept(s, said(n, "realm"));
        g->name = kept(s, said(n, "name"));
        g->zone = kept(s, said(n, "zone"));
        read_invited(s, n, g);
        if (!g->pid || !g->realm)
            return 0; /* applying the file says what is wrong */
        make_customers(s, g, s->n_groups, customers);
    }
    if (s->n_groups > 0)
        return 0;
    return qund_errs_add(s->errs, QUND_E_NOTFOUND, "--group",
                         "%s has no group of that id, name or type: '%s'", s->org_name,
                         s->o->group ? s->o->group : "");
}

static int load_zone(struct sim *s)
{
    const char *name = s->groups[0].zone ? s->groups[0].zone : s->o->config->time.zone;
    struct qund_err err = {0};
    int rc = qund_zone_load(NULL, name, &s->zone, &err);

    return rc < 0 ? qund_sim_fail(s, rc, &err) : 0;
}

int qund_sim_cast(struct sim *s)
{
    QUND_AUTO(qund_yaml_free) struct qund_yaml *y = NULL;
    struct qund_err err = {0};
    int rc = 0;

    if (s->o->groups > GROUPS_MAX || s->o->customers > CUSTOMERS_MAX)
        return qund_errs_add(s->errs, QUND_E_INVAL, "simulate", "at most %u groups of %u customers",
                             GROUPS_MAX, CUSTOMERS_MAX);
    if (s->o->org) {
        s->org_name = s->o->org;
        if (qund_file_read(s->o->org, ORG_MAX, &s->org, &err) < 0)
            return qund_sim_fail(s, err.rc, &err);
    } else {
        rc = make_org(s);
    }
    if (rc < 0)
        return rc;
    if (qund_yaml_parse(s->org_name, qund_buf_view(&s->org), &y, &err) < 0)
        return qund_sim_fail(s, err.rc, &err);
    rc = read_groups(s, qund_yaml_get(qund_yaml_root(y), "groups"));
    return rc < 0 ? rc : load_zone(s);
}

/* --- what the configuration must know of them --- */

static void add_targets(struct sim *s, const struct qund_ynode *push)
{
    for (const struct qund_ynode *p = push ? push->child : NULL; p; p = p->next)
        if (p->text.n > 0)
            qund_config_add_target(s->o->config, p->text);
}

static void find_desk(struct sim *s, const struct qund_ynode *ids)
{
    for (const struct qund_ynode *i = ids ? ids->child : NULL; i && !s->desk; i = i->next)
        if (i->kind == QUND_YAML_MAP && qund_str_is(said(i, "realm"), s->groups[0].realm))
            s->desk = kept(s, said(i, "id"));
}

int qund_sim_cast_config(struct sim *s)
{
    QUND_AUTO(qund_yaml_free) struct qund_yaml *y = NULL;
    const struct qund_ynode *staff;
    struct qund_err err = {0};

    if (qund_yaml_parse(s->org_name, qund_buf_view(&s->org), &y, &err) < 0)
        return qund_sim_fail(s, err.rc, &err);
    qund_config_add_channel(s->o->config, QUND_STR(SIM_CHANNEL), qund_str(s->groups[0].realm));
    staff = qund_yaml_get(qund_yaml_root(y), "staff");
    for (const struct qund_ynode *n = staff ? staff->child : NULL; n; n = n->next) {
        add_targets(s, qund_yaml_get(n, "push"));
        find_desk(s, qund_yaml_get(n, "ids"));
    }
    return 0;
}

/* --- their numbers --- */

static void number(struct sim *s, const json_t *row)
{
    const char *pid = json_string_value(json_object_get(row, "group"));
    const char *realm = json_string_value(json_object_get(row, "realm"));

    for (size_t i = 0; pid && realm && i < s->n_groups; i++)
        if (strcmp(s->groups[i].pid, pid) == 0 && strcmp(s->groups[i].realm, realm) == 0)
            s->groups[i].id = json_integer_value(json_object_get(row, "id"));
}

int qund_sim_cast_numbers(struct sim *s)
{
    QUND_AUTO(qund_buf_done) struct qund_buf cursor = {0};
    struct qund_err err = {0};
    int rc = 0;

    do {
        QUND_AUTO(qund_buf_done) struct qund_buf page = {0}, next = {0};
        struct qund_jw w = qund_jw(&page);
        struct qund_crm_query q = {.limit = LIST_PAGE, .cursor = qund_buf_view(&cursor)};
        json_error_t why;
        json_t *all, *row;
        size_t i;

        rc = qund_crm_list(s->l->db, "groups", &q, &w, &next, &err);
        all = rc < 0 ? NULL : json_loadb(page.p, page.n, 0, &why);
        json_array_foreach(all, i, row) number(s, row);
        json_decref(all);
        qund_buf_clear(&cursor);
        qund_buf_str(&cursor, qund_buf_view(&next));
    } while (rc == 0 && cursor.n > 0);
    return rc < 0 ? qund_sim_fail(s, rc, &err) : 0;
}

/* --- they join --- */

void qund_sim_newcomer(struct sim *s, struct sim_group *g, int64_t at)
{
    size_t n = g->newcomers++;
    struct qund_event ev;
    char id[96], name[64];

    snprintf(id, sizeof(id), "new-%.40s-%zu", g->pid, n + 1);
    snprintf(name, sizeof(name), "新来的%s%s", SURNAMES[(n + 7) % QUND_ARRAY_LEN(SURNAMES)],
             GIVEN[(n / QUND_ARRAY_LEN(SURNAMES) + 1) % QUND_ARRAY_LEN(GIVEN)]);
    ev = qund_sim_event(s, g, at, QUND_EV_MEMBER_JOIN, id, name);
    qund_sim_put_event(s, &ev);
}

void qund_sim_cast_joins(struct sim *s)
{
    int64_t at = s->now;

    for (size_t i = 0; i < s->n_groups; i++) {
        const struct sim_group *g = &s->groups[i];

        for (size_t k = 0; k < g->n_customers; k++) {
            struct qund_event ev = qund_sim_event(s, g, at, QUND_EV_MEMBER_JOIN, g->customers[k].id,
                                                  g->customers[k].name);

            qund_sim_put_event(s, &ev);
        }
    }
}

/* What is told by events alone is judged only where such events come at all: shop, forms and door
 * of this house are connected, so one of each came once, before the plan was thought of. */
void qund_sim_cast_sources(struct sim *s)
{
    static const struct {
        enum qund_event_type type;
        const char *name, *what;
    } TOLD[] = {
        {QUND_EV_LINK_CLICK, "link.click", "link"},  {QUND_EV_FORM_SUBMIT, "form.submit", "form"},
        {QUND_EV_CHECKIN, "checkin", "event"},       {QUND_EV_REDEEM, "redeem", "event"},
        {QUND_EV_ORDER_PAID, "order.paid", "order"}, {QUND_EV_OTHER, "live.attend", "event"},
        {QUND_EV_OTHER, "coupon.claim", "coupon"},   {QUND_EV_OTHER, "order.refunded", "order"},
    };

    for (size_t i = 0; i < s->n_groups * QUND_ARRAY_LEN(TOLD); i++) {
        const struct sim_group *g = &s->groups[i / QUND_ARRAY_LEN(TOLD)];
        size_t k = i % QUND_ARRAY_LEN(TOLD);
        const struct sim_person *who = &g->customers[g->n_customers - 1];
        struct qund_event ev =
            qund_sim_event(s, g, s->now + QUND_HOUR_MS, TOLD[k].type, who->id, who->name);
        char data[256];

        snprintf(data, sizeof(data), "{\"%s\":\"before-%zu\",\"person\":\"%.60s\"}", TOLD[k].what,
                 i, who->id);
        ev.type_name = qund_str(TOLD[k].name);
        ev.data = qund_str(data);
        qund_sim_put_event(s, &ev);
    }
}

struct sim_group *qund_sim_group(struct sim *s, int64_t id)
{
    for (size_t i = 0; i < s->n_groups; i++)
        if (s->groups[i].id == id)
            return &s->groups[i];
    return NULL;
}
