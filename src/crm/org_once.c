/* src/crm/org_once.c - what an org file may name once only.
 *
 * An account of the platform that two people were given belonged to whoever stood last, and the
 * other spoke in the groups as a customer whom nobody knew. */
#include "crm/org_parts.h"
#include <stdlib.h>

struct claim {
    struct org_ident id;
    const struct qund_ynode *at;
};

struct claims {
    struct claim *v;
    size_t n;
};

/* By name, and what is named twice as it stands in the file. */
static int by_ident(const void *a, const void *b)
{
    const struct claim *x = a, *y = b;
    int d = qund_str_cmp(x->id.realm, y->id.realm);

    if (d == 0)
        d = qund_str_cmp(x->id.id, y->id.id);
    return d ? d : x->at->line - y->at->line;
}

static void put(struct claims *c, struct org_ident id, const struct qund_ynode *at)
{
    if (id.realm.p && id.id.p) /* else its own error is told */
        c->v[c->n++] = (struct claim){id, at};
}

static void look(struct org_reader *r, struct claims *c, const char *what)
{
    if (c->n > 1)
        qsort(c->v, c->n, sizeof(*c->v), by_ident);
    for (size_t i = 1; i < c->n; i++) {
        const struct claim *was = &c->v[i - 1], *is = &c->v[i];

        if (qund_str_eq(was->id.realm, is->id.realm) && qund_str_eq(was->id.id, is->id.id))
            qund_yaml_bad(r->errs, r->doc, is->at,
                          "'%.*s' of realm '%.*s' stands in line %d already: %s",
                          QUND_STR_ARG(is->id.id), QUND_STR_ARG(is->id.realm), was->at->line, what);
    }
}

static void accounts(struct org_reader *r, const struct qund_ynode *staff,
                     const struct qund_ynode *bots)
{
    const struct qund_org *o = r->org;
    size_t n = o->n_bots;
    struct claims c = {0};

    for (size_t i = 0; i < o->n_staff; i++)
        n += o->staff[i].n_ids;
    c.v = qund_arena_zalloc(o->arena, (n + 1) * sizeof(*c.v));
    for (size_t i = 0; i < o->n_staff; i++, staff = staff->next) {
        const struct qund_ynode *ids = o->staff[i].n_ids ? qund_yaml_get(staff, "ids") : NULL;

        ids = ids ? ids->child : NULL;
        for (size_t k = 0; k < o->staff[i].n_ids; k++, ids = ids->next)
            put(&c, o->staff[i].ids[k], ids);
    }
    for (size_t i = 0; i < o->n_bots; i++, bots = bots->next)
        put(&c, o->bots[i], bots);
    look(r, &c, "an account is one person's, or a bot's");
}

static void groups(struct org_reader *r, const struct qund_ynode *at)
{
    const struct qund_org *o = r->org;
    struct claims c = {.v = qund_arena_zalloc(o->arena, (o->n_groups + 1) * sizeof(*c.v))};

    for (size_t i = 0; i < o->n_groups; i++, at = at->next)
        put(&c, o->groups[i].id, at);
    look(r, &c, "write what is to hold of a group in one place");
}

static const struct qund_ynode *first(const struct qund_ynode *root, const char *key)
{
    const struct qund_ynode *list = qund_yaml_get(root, key);

    return list ? list->child : NULL;
}

void qund_org_once(struct org_reader *r, const struct qund_ynode *root)
{
    accounts(r, first(root, "staff"), first(root, "bots"));
    groups(r, first(root, "groups"));
}
