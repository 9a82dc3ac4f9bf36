/* src/crm/group_cache.c - groups, memberships and small names in memory.
 *
 * All three are written through: what is cached here is in its row already, so undoing an item
 * means to drop what it touched, and evicting means to forget. Groups are few and wide, one malloc
 * each with their strings behind. Memberships are many and narrow; a direct-mapped table answers
 * "has she spoken here before, under this name" for the busy ones, and a miss costs one look into
 * the store. Names (realms, channels, tags) are interned for the daemon's life. */
#include "crm/internal.h"

/* --- groups --- */

static void group_free(struct qund_crm_grp *g)
{
    if (!g)
        return;
    qund_free(g->pub.tags);
    qund_free(g->strings);
    qund_free(g);
}

struct qund_crm_grp *qund_crm_group_find(struct qund_crm *crm, int64_t realm, struct qund_str pid)
{
    struct qund_crm_groups *t = &crm->groups;
    uint32_t at = 0, i, hash = qund_index_hash_name(realm, pid);

    while ((i = qund_index_next(&t->by_name, hash, &at)) != QUND_INDEX_NONE)
        if (t->v[i]->pub.realm == realm && qund_str_eq(t->v[i]->pub.pid, pid)) {
            t->v[i]->recent = true;
            return t->v[i];
        }
    return NULL;
}

static uint32_t place_of(const struct qund_crm_groups *t, int64_t id)
{
    uint32_t at = 0, i;

    while ((i = qund_index_next(&t->by_id, qund_index_hash_id(id), &at)) != QUND_INDEX_NONE)
        if (t->v[i]->pub.id == id)
            return i;
    return QUND_INDEX_NONE;
}

struct qund_crm_grp *qund_crm_group_find_id(struct qund_crm *crm, int64_t id)
{
    uint32_t i = place_of(&crm->groups, id);

    if (i == QUND_INDEX_NONE)
        return NULL;
    crm->groups.v[i]->recent = true;
    return crm->groups.v[i];
}

/* The last group takes the place of the dropped one. */
static void drop_at(struct qund_crm_groups *t, uint32_t i)
{
    struct qund_crm_grp *g = t->v[i], *last = t->v[t->n - 1];

    qund_index_drop(&t->by_name, g->hash, i);
    qund_index_drop(&t->by_id, qund_index_hash_id(g->pub.id), i);
    if (last != g) {
        qund_index_drop(&t->by_name, last->hash, t->n - 1);
        qund_index_drop(&t->by_id, qund_index_hash_id(last->pub.id), t->n - 1);
        qund_index_put(&t->by_name, last->hash, i);
        qund_index_put(&t->by_id, qund_index_hash_id(last->pub.id), i);
        t->v[i] = last;
    }
    t->n--;
    group_free(g);
}

static void evict(struct qund_crm *crm)
{
    struct qund_crm_groups *t = &crm->groups;

    for (uint64_t step = 0; step < (uint64_t)t->n * 2; step++) {
        uint32_t i = t->hand++ % t->n;

        if (t->v[i]->item >= crm->batch_item)
            continue;
        if (!t->v[i]->recent) {
            drop_at(t, i);
            return;
        }
        t->v[i]->recent = false;
    }
}

static struct qund_str keep(char **at, struct qund_str s)
{
    struct qund_str out = {*at, s.n};

    if (!s.p)
        return QUND_STR_NONE;
    if (s.n)
        memcpy(*at, s.p, s.n);
    *at += s.n;
    return out;
}

/* tags: names joined by '\n', or empty. */
static void keep_tags(struct qund_crm_grp *g, char **at, struct qund_str tags)
{
    size_t n = 0;

    if (!tags.n)
        return;
    for (size_t i = 0; i < tags.n; i++)
        n += tags.p[i] == '\n';
    g->pub.tags = qund_alloc((n + 1) * sizeof(*g->pub.tags));
    while (tags.p)
        g->pub.tags[g->pub.n_tags++] = keep(at, qund_str_split(&tags, '\n'));
}

void qund_crm_group_fill(struct qund_crm *crm, struct qund_crm_grp *g,
                         const struct qund_crm_group *row, int64_t name_ts, struct qund_str tags)
{
    char *block = qund_alloc(row->pid.n + row->name.n + row->zone.n + row->place.n + tags.n + 1);
    char *at = block;
    struct qund_str *old_tags = g->pub.tags;
    char *old = g->strings;

    g->pub = *row;
    g->pub.pid = keep(&at, row->pid);
    g->pub.name = keep(&at, row->name);
    g->pub.zone = keep(&at, row->zone);
    g->pub.place = keep(&at, row->place);
    g->pub.tags = NULL;
    g->pub.n_tags = 0;
    keep_tags(g, &at, tags);
    g->pub.realm_name = qund_crm_names_text(&crm->realms, row->realm);
    g->strings = block;
    g->name_ts = name_ts;
    g->item = crm->item;
    qund_free(old_tags);
    qund_free(old);
}

struct qund_crm_grp *qund_crm_group_add(struct qund_crm *crm, const struct qund_crm_group *row,
                                        int64_t name_ts, struct qund_str tags)
{
    struct qund_crm_groups *t = &crm->groups;
    struct qund_crm_grp *g = qund_alloc(sizeof(*g));

    if (t->n >= t->max)
        evict(crm);
    qund_crm_group_fill(crm, g, row, name_ts, tags);
    g->hash = qund_index_hash_name(row->realm, g->pub.pid);
    g->recent = true;
    if (t->n == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 64;
        t->v = qund_realloc(t->v, t->cap * sizeof(struct qund_crm_grp *));
    }
    t->v[t->n] = g;
    qund_index_put(&t->by_name, g->hash, t->n);
    qund_index_put(&t->by_id, qund_index_hash_id(g->pub.id), t->n);
    t->n++;
    return g;
}

void qund_crm_group_drop(struct qund_crm *crm, int64_t id)
{
    uint32_t i = place_of(&crm->groups, id);

    if (i != QUND_INDEX_NONE)
        drop_at(&crm->groups, i);
}

void qund_crm_groups_clear(struct qund_crm *crm)
{
    struct qund_crm_groups *t = &crm->groups;
    uint32_t max = t->max;

    for (uint32_t i = 0; i < t->n; i++)
        group_free(t->v[i]);
    qund_free(t->v);
    qund_index_done(&t->by_name);
    qund_index_done(&t->by_id);
    *t = (struct qund_crm_groups){.max = max};
}

void qund_crm_groups_undo(struct qund_crm *crm)
{
    for (uint32_t i = crm->groups.n; i-- > 0;)
        if (crm->groups.v[i]->item == crm->item)
            drop_at(&crm->groups, i);
}

/* --- memberships --- */

struct qund_crm_member *qund_crm_member_slot(struct qund_crm *crm, int64_t grp, int64_t contact)
{
    uint32_t h = qund_index_hash_id(contact * 31 + grp);

    return &crm->members[h % CRM_MEMBER_SLOTS];
}

void qund_crm_members_clear(struct qund_crm *crm)
{
    memset(crm->members, 0, CRM_MEMBER_SLOTS * sizeof(*crm->members));
}

void qund_crm_members_undo(struct qund_crm *crm)
{
    for (size_t i = 0; i < CRM_MEMBER_SLOTS; i++)
        if (crm->members[i].item == crm->item)
            crm->members[i] = (struct qund_crm_member){0};
}

/* --- small names --- */

int64_t qund_crm_names_find(const struct qund_crm_names *t, struct qund_str name)
{
    uint32_t at = 0, i, hash = qund_index_hash_name(0, name);

    while ((i = qund_index_next(&t->by_name, hash, &at)) != QUND_INDEX_NONE)
        if (qund_str_eq(qund_str_n(t->v[i].text, t->v[i].n), name))
            return t->v[i].id;
    return 0;
}

struct qund_str qund_crm_names_text(const struct qund_crm_names *t, int64_t id)
{
    for (uint32_t i = 0; i < t->n; i++)
        if (t->v[i].id == id)
            return qund_str_n(t->v[i].text, t->v[i].n);
    return QUND_STR_NONE;
}

void qund_crm_names_add(struct qund_crm *crm, struct qund_crm_names *t, struct qund_str name,
                        int64_t id)
{
    if (t->n >= CRM_SMALL_MAX)
        return; /* still known to the store */
    if (t->n == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 32;
        t->v = qund_realloc(t->v, t->cap * sizeof(*t->v));
    }
    t->v[t->n] = (struct qund_crm_small){id, crm->item, qund_str_dup(name), name.n};
    qund_index_put(&t->by_name, qund_index_hash_name(0, name), t->n++);
}

void qund_crm_names_clear(struct qund_crm_names *t)
{
    for (uint32_t i = 0; i < t->n; i++)
        qund_free(t->v[i].text);
    qund_free(t->v);
    qund_index_done(&t->by_name);
    *t = (struct qund_crm_names){0};
}

/* Those of the failed item are the last ones: names are only ever added. */
void qund_crm_names_undo(struct qund_crm *crm, struct qund_crm_names *t)
{
    while (t->n && t->v[t->n - 1].item == crm->item) {
        struct qund_crm_small *s = &t->v[--t->n];

        qund_index_drop(&t->by_name, qund_index_hash_name(0, qund_str_n(s->text, s->n)), t->n);
        qund_free(s->text);
    }
}
