/* src/crm/org.c - config/org.yaml: who works here, for which groups, in which roles.
 *
 * A shop with three people keeps its organisation in a file under version control; one with a
 * console edits rows. Both end in the same tables (org_sql.c), and a row says whose it is. This
 * file only reads: shape, limits and references are checked here, all errors at once with their
 * places, so that `qund check` and the daemon refuse the same things, before anything is touched.
 *
 * One check is about law, not shape: `koc_fan` is an invited real customer with evidence. Staff in
 * that role would be staff posing as customers; such a file is refused. */
#include "config/config.h"
#include "core/file.h"
#include "core/zone.h"
#include "crm/crm.h"
#include "crm/org_parts.h"

#define PHONE_DIGITS_MAX 15 /* ITU-T E.164 */

static const char *const ROLES[] = {"star",        "expert", "leader",  "consultant",
                                    "koc_fan",     "store",  "manager", "questioner",
                                    "first_buyer", "guide",  "auditor", "group_owner"};

bool qund_org_role_known(struct qund_str role)
{
    return qund_str_index(role, ROLES, QUND_ARRAY_LEN(ROLES)) >= 0;
}

const char *qund_org_role_near(struct qund_str role)
{
    return qund_str_nearest(role, ROLES, QUND_ARRAY_LEN(ROLES));
}

/* --- small readers --- */

size_t qund_org_list(struct org_reader *r, const struct qund_ynode *n, size_t max, size_t each,
                     void **out)
{
    size_t count = 0;

    *out = NULL;
    if (!n || n->kind == QUND_YAML_NULL)
        return 0;
    if (n->kind != QUND_YAML_LIST) {
        qund_yaml_bad(r->errs, r->doc, n, "a list is expected here");
        return 0;
    }
    for (const struct qund_ynode *c = n->child; c; c = c->next)
        count++;
    if (count > max) {
        qund_yaml_bad(r->errs, r->doc, n, "%zu entries; at most %zu are allowed", count, max);
        return 0;
    }
    *out = qund_arena_zalloc(r->org->arena, (count + 1) * each);
    return count;
}

struct qund_str qund_org_text(struct org_reader *r, const struct qund_ynode *n)
{
    if (!n)
        return QUND_STR_NONE;
    if (n->kind == QUND_YAML_SCALAR && n->text.n >= 1 && n->text.n <= ORG_TEXT_MAX &&
        !memchr(n->text.p, '\n', n->text.n))
        return n->text;
    qund_yaml_bad(r->errs, r->doc, n, "a text of one line and 1 to %d bytes is expected here",
                  ORG_TEXT_MAX);
    return QUND_STR_NONE;
}

struct qund_str qund_org_need(struct org_reader *r, const struct qund_ynode *map, const char *key)
{
    const struct qund_ynode *n = qund_yaml_get(map, key);

    if (!n)
        qund_yaml_bad(r->errs, r->doc, map, "'%s' is missing here", key);
    return qund_org_text(r, n);
}

struct qund_str qund_org_staff_ref(struct org_reader *r, const struct qund_ynode *n)
{
    struct qund_str key = qund_org_text(r, n);

    for (size_t i = 0; key.p && i < r->org->n_staff; i++)
        if (qund_str_eq(r->org->staff[i].key, key))
            return key;
    if (key.p)
        qund_yaml_bad(r->errs, r->doc, n, "'%.*s' is not an id below 'staff'", QUND_STR_ARG(key));
    return QUND_STR_NONE;
}

/* Any map: false with an error otherwise. Its keys are checked against words. */
static bool is_map(struct org_reader *r, const struct qund_ynode *n, const char *const *words,
                   size_t n_words)
{
    if (n->kind != QUND_YAML_MAP) {
        qund_yaml_bad(r->errs, r->doc, n, "a map with '%s' is expected here", words[0]);
        return false;
    }
    qund_ignore(qund_yaml_known(r->errs, r->doc, n, words, n_words)); /* kept in errs */
    return true;
}

bool qund_org_ident(struct org_reader *r, const struct qund_ynode *n, struct org_ident *out)
{
    static const char *const words[] = {"realm", "id", "evidence"};

    if (!is_map(r, n, words, QUND_ARRAY_LEN(words)))
        return false;
    out->realm = qund_org_need(r, n, "realm");
    out->id = qund_org_need(r, n, "id");
    if (out->id.n > 128)
        qund_yaml_bad(r->errs, r->doc, n, "an id has at most 128 bytes");
    return out->realm.p && out->id.p;
}

void qund_org_texts(struct org_reader *r, const struct qund_ynode *n, struct qund_str **out,
                    size_t *count)
{
    void *v;
    size_t i = 0;

    *count = qund_org_list(r, n, ORG_LIST_MAX, sizeof(**out), &v);
    *out = v;
    for (const struct qund_ynode *c = *count ? n->child : NULL; c; c = c->next)
        (*out)[i++] = qund_org_text(r, c);
}

static void read_bool(struct org_reader *r, const struct qund_ynode *n, int *out)
{
    bool v;

    if (n && qund_yaml_bool(r->errs, r->doc, n, &v) == 0)
        *out = v;
}

struct qund_str qund_org_role(struct org_reader *r, const struct qund_ynode *n,
                              struct qund_str role)
{
    const char *near;

    if (!role.p || qund_org_role_known(role))
        return role;
    near = qund_org_role_near(role);
    qund_yaml_bad(r->errs, r->doc, n, "no role is called '%.*s'%s%s%s", QUND_STR_ARG(role),
                  near ? "; nearest known: '" : "", near ? near : "", near ? "'" : "");
    return QUND_STR_NONE;
}

/* --- staff --- */

/* "+86 138-0000-0105" → "13800000105": what robots compare; a number from elsewhere keeps its +. */
static struct qund_str read_phone(struct org_reader *r, const struct qund_ynode *n)
{
    struct qund_str said = qund_org_text(r, n), all;
    char digits[PHONE_DIGITS_MAX + 2];
    size_t len = 0;
    bool bad = false;

    for (size_t i = 0; i < said.n; i++) {
        char c = said.p[i];

        if (c == ' ' || c == '-')
            continue;
        bad |= (c < '0' || c > '9') && !(c == '+' && len == 0);
        if (bad || len == sizeof(digits) - 1) {
            bad = true;
            break;
        }
        digits[len++] = c;
    }
    all = qund_str_n(digits, len);
    if (qund_str_starts(all, "+86"))
        all = qund_str_n(all.p + 3, all.n - 3);
    if (said.p &&
        (bad || (all.n > 0 && all.p[0] == '+' ? all.n < 7 : all.n != 11 || all.p[0] != '1'))) {
        qund_yaml_err(r->errs, r->doc, n,
                      "a mobile number like 13800000105 is expected here, one from elsewhere with "
                      "its + and country code");
        return QUND_STR_NONE;
    }
    return said.p ? qund_str_n(qund_arena_dup(r->org->arena, all.p, all.n), all.n) : QUND_STR_NONE;
}

static void read_one_staff(struct org_reader *r, const struct qund_ynode *n, struct org_staff *s)
{
    static const char *const words[] = {"id", "name", "phone", "active", "ids", "push"};
    const struct qund_ynode *ids = qund_yaml_get(n, "ids");
    int active = 1;
    void *v;
    size_t i = 0;

    if (!is_map(r, n, words, QUND_ARRAY_LEN(words)))
        return;
    s->key = qund_org_need(r, n, "id");
    s->name = qund_org_text(r, qund_yaml_get(n, "name"));
    s->phone = read_phone(r, qund_yaml_get(n, "phone"));
    read_bool(r, qund_yaml_get(n, "active"), &active);
    s->active = active != 0;
    s->n_ids = qund_org_list(r, ids, ORG_LIST_MAX, sizeof(*s->ids), &v);
    s->ids = v;
    for (const struct qund_ynode *c = s->n_ids ? ids->child : NULL; c; c = c->next)
        qund_org_ident(r, c, &s->ids[i++]);
    s->push_at = qund_yaml_get(n, "push");
    qund_org_texts(r, s->push_at, &s->push, &s->n_push);
}

static void read_staff(struct org_reader *r, const struct qund_ynode *n)
{
    struct qund_org *o = r->org;
    void *v;
    size_t i = 0;

    o->n_staff = qund_org_list(r, n, ORG_STAFF_MAX, sizeof(*o->staff), &v);
    o->staff = v;
    for (const struct qund_ynode *c = o->n_staff ? n->child : NULL; c; c = c->next, i++) {
        read_one_staff(r, c, &o->staff[i]);
        for (size_t k = 0; k < i; k++)
            if (o->staff[i].key.p && qund_str_eq(o->staff[k].key, o->staff[i].key))
                qund_yaml_bad(r->errs, r->doc, c, "the id '%.*s' is used twice",
                              QUND_STR_ARG(o->staff[i].key));
    }
}

static void read_bots(struct org_reader *r, const struct qund_ynode *n)
{
    void *v;
    size_t i = 0;

    r->org->n_bots = qund_org_list(r, n, ORG_LIST_MAX, sizeof(*r->org->bots), &v);
    r->org->bots = v;
    for (const struct qund_ynode *c = r->org->n_bots ? n->child : NULL; c; c = c->next)
        qund_org_ident(r, c, &r->org->bots[i++]);
}

/* --- groups --- */

static void read_holder(struct org_reader *r, const struct qund_ynode *n, struct qund_str role,
                        struct org_holder *h)
{
    h->role = role;
    if (n->kind == QUND_YAML_MAP) {
        qund_org_ident(r, n, &h->customer);
        h->evidence = qund_org_need(r, n, "evidence");
        return;
    }
    h->staff = qund_org_staff_ref(r, n);
    if (qund_str_is(role, "koc_fan"))
        qund_yaml_bad(r->errs, r->doc, n,
                      "koc_fan is an invited real customer: write {realm: …, id: …, evidence: …}; "
                      "staff may not pose as customers");
}

static void read_holders(struct org_reader *r, const struct qund_ynode *roles, struct org_group *g)
{
    size_t n = 0;

    if (!roles)
        return;
    if (roles->kind != QUND_YAML_MAP) {
        qund_yaml_bad(r->errs, r->doc, roles, "a map of role to list is expected here");
        return;
    }
    for (const struct qund_ynode *c = roles->child; c; c = c->next)
        for (const struct qund_ynode *h = c->child; h; h = h->next)
            n++;
    if (n > ORG_LIST_MAX) {
        qund_yaml_bad(r->errs, r->doc, roles, "%zu holders; at most %d", n, ORG_LIST_MAX);
        return;
    }
    g->holders = qund_arena_zalloc(r->org->arena, (n + 1) * sizeof(*g->holders));
    for (const struct qund_ynode *c = roles->child; c; c = c->next) {
        struct qund_str role = qund_org_role(r, c, c->key);

        if (c->kind != QUND_YAML_LIST)
            qund_yaml_bad(r->errs, r->doc, c, "a list of staff ids is expected here");
        for (const struct qund_ynode *h = c->kind == QUND_YAML_LIST ? c->child : NULL; h;
             h = h->next)
            read_holder(r, h, role, &g->holders[g->n_holders++]);
    }
}

static int read_word(struct org_reader *r, const struct qund_ynode *n,
                     int (*parse)(struct qund_str), const char *known)
{
    struct qund_str s = qund_org_text(r, n);
    int v = s.p ? parse(s) : -1;

    if (s.p && v < 0)
        qund_yaml_bad(r->errs, r->doc, n, "'%.*s' is none of: %s", QUND_STR_ARG(s), known);
    return v < 0 ? -1 : v;
}

static void check_zone(struct org_reader *r, const struct qund_ynode *n, struct qund_str name)
{
    QUND_AUTO(qund_zone_free) struct qund_zone *zone = NULL;
    struct qund_err err = {0};

    if (name.p &&
        qund_zone_load(NULL, qund_arena_dup(r->org->arena, name.p, name.n), &zone, &err) < 0)
        qund_yaml_bad(r->errs, r->doc, n, "no such time zone here: %s", err.text);
}

static void read_one_group(struct org_reader *r, const struct qund_ynode *n, struct org_group *g)
{
    static const char *const words[] = {"id",    "realm",       "name",  "type",  "state",
                                        "tags",  "internal",    "zone",  "place", "manager",
                                        "roles", "room_dedupe", "shared"};
    const struct qund_ynode *manager = qund_yaml_get(n, "manager");

    if (!is_map(r, n, words, QUND_ARRAY_LEN(words)))
        return;
    g->id.realm = qund_org_need(r, n, "realm");
    g->id.id = qund_org_need(r, n, "id");
    g->name = qund_org_text(r, qund_yaml_get(n, "name"));
    g->zone = qund_org_text(r, qund_yaml_get(n, "zone"));
    check_zone(r, qund_yaml_get(n, "zone"), g->zone);
    g->place = qund_org_text(r, qund_yaml_get(n, "place"));
    g->manager = manager ? qund_org_staff_ref(r, manager) : QUND_STR_NONE;
    g->type = read_word(r, qund_yaml_get(n, "type"), qund_group_type_parse,
                        "home, ecommerce, course, ticketing, other");
    g->state =
        read_word(r, qund_yaml_get(n, "state"), qund_group_state_parse, "active, paused, closed");
    g->internal = g->room_dedupe = g->shared = -1;
    read_bool(r, qund_yaml_get(n, "internal"), &g->internal);
    read_bool(r, qund_yaml_get(n, "room_dedupe"), &g->room_dedupe);
    read_bool(r, qund_yaml_get(n, "shared"), &g->shared);
    g->has_tags = qund_yaml_get(n, "tags") != NULL;
    qund_org_texts(r, qund_yaml_get(n, "tags"), &g->tags, &g->n_tags);
    read_holders(r, qund_yaml_get(n, "roles"), g);
}

static void read_groups(struct org_reader *r, const struct qund_ynode *n)
{
    struct qund_org *o = r->org;
    void *v;
    size_t i = 0;

    o->n_groups = qund_org_list(r, n, ORG_GROUPS_MAX, sizeof(*o->groups), &v);
    o->groups = v;
    for (const struct qund_ynode *c = o->n_groups ? n->child : NULL; c; c = c->next)
        read_one_group(r, c, &o->groups[i++]);
}

/* --- the whole --- */

static void read_all(struct org_reader *r)
{
    static const char *const words[] = {"staff",      "bots",    "groups",
                                        "duty_hours", "rosters", "leave"};
    const struct qund_ynode *root = qund_yaml_root(r->doc);

    if (!root || root->kind == QUND_YAML_NULL)
        return; /* an empty file is an empty organisation */
    if (!is_map(r, root, words, QUND_ARRAY_LEN(words)))
        return;
    read_staff(r, qund_yaml_get(root, "staff"));
    read_bots(r, qund_yaml_get(root, "bots"));
    read_groups(r, qund_yaml_get(root, "groups"));
    qund_org_read_rosters(r, qund_yaml_get(root, "rosters"), qund_yaml_get(root, "duty_hours"));
    qund_org_read_leave(r, qund_yaml_get(root, "leave"));
    qund_org_once(r, root);
}

int qund_org_parse(const char *name, struct qund_str text, struct qund_org **out,
                   struct qund_errs *errs)
{
    QUND_AUTO(qund_org_free) struct qund_org *org = qund_alloc(sizeof(*org));
    struct org_reader r = {org, NULL, errs};
    struct qund_err err = {0};
    size_t before = errs->n + errs->dropped;
    int rc = qund_yaml_parse(name, text, &org->doc, &err);

    if (rc < 0)
        return qund_errs_add(errs, rc, err.where, "%s", err.text);
    org->arena = qund_arena_new(64u << 10);
    qund_sha256_hex(text.p, text.n, org->digest);
    r.doc = org->doc;
    read_all(&r);
    if (errs->n + errs->dropped != before)
        return QUND_E_INVAL;
    *out = QUND_TAKE(org);
    return QUND_OK;
}

int qund_org_load(const char *path, struct qund_org **out, struct qund_errs *errs)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct qund_err err = {0};
    int rc = qund_file_read(path, 4u << 20, &text, &err);

    if (rc < 0)
        return qund_errs_add(errs, rc, err.where, "%s", err.text);
    return qund_org_parse(path, qund_buf_view(&text), out, errs);
}

int qund_org_load_named(const struct qund_config *cfg, struct qund_org **out,
                        struct qund_errs *errs)
{
    size_t had = errs->n;
    int rc = qund_org_load(cfg->org.file, out, errs);

    qund_config_place_errs(cfg, "org.file", errs, had);
    return rc;
}

struct qund_org *qund_org_free(struct qund_org *org)
{
    if (!org)
        return NULL;
    qund_yaml_free(org->doc);
    qund_arena_free(org->arena);
    qund_free(org);
    return NULL;
}

bool qund_org_staffed(const struct qund_org *org)
{
    return org->n_staff > 0;
}

static bool holder_of(const struct qund_org *org, struct qund_str role)
{
    bool stood_in = qund_str_is(role, "manager") || qund_str_is(role, "group_owner");

    for (size_t i = 0; i < org->n_groups; i++) {
        const struct org_group *g = &org->groups[i];

        if (stood_in && g->manager.p)
            return true;
        for (size_t k = 0; k < g->n_holders; k++)
            if (qund_str_eq(g->holders[k].role, role))
                return true;
    }
    for (size_t i = 0; i < org->n_rosters; i++)
        for (size_t k = 0; k < org->rosters[i].n_roles; k++)
            if (qund_str_eq(org->rosters[i].roles[k], role))
                return true;
    return false;
}

bool qund_org_held(const struct qund_org *org, struct qund_str to)
{
    int64_t number;

    if (!qund_str_starts(to, "staff:"))
        return holder_of(org, to);
    to = qund_str_n(to.p + 6, to.n - 6);
    if (qund_str_int(to, &number) == 0)
        return true;
    for (size_t i = 0; i < org->n_staff; i++)
        if (org->staff[i].active && qund_str_eq(org->staff[i].key, to))
            return true;
    return false;
}
