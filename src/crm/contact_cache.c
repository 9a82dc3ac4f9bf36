/* src/crm/contact_cache.c - people in memory.
 *
 * A message needs its sender's number, role and tags, and leaves behind a new last_seen. With tens
 * of thousands of messages a second neither may cost a statement each, so contacts live here:
 * entries of 56 bytes in slabs that never move, found by number and by each of their identities
 * (packed in one pool, closed up when half of it is dead), and a list of those whose row is behind.
 * The list is written once per batch; so one upsert per person and batch, however much they said.
 *
 * Nothing decided here may show in the rows. Eviction (a clock hand with a second chance) takes
 * only entries that this batch has not touched: their rows are complete, and a borrowed pointer
 * stays good until the flush. A batch that touches more people than the bound simply exceeds it for
 * its duration.
 *
 * An item that fails alone is undone by ROLLBACK TO, while the batch's earlier items stand, and so
 * do their pending writes. So the first touch of an entry in an item saves its state; undo puts it
 * back, or drops the entry when the item had brought it in. */
#include "crm/internal.h"

enum { POOL_UNIT = 4, POOL_MIN = 16384 };

struct qund_crm_entry *qund_crm_entry_at(struct qund_crm_contacts *cc, uint32_t i)
{
    return &cc->slab[i / CRM_SLAB][i % CRM_SLAB];
}

uint32_t qund_crm_entry_no(struct qund_crm *crm, const struct qund_crm_entry *e)
{
    uint32_t at = 0, i;

    while ((i = qund_index_next(&crm->contacts.by_id, qund_index_hash_id(e->pub.id), &at)) !=
           QUND_INDEX_NONE)
        if (qund_crm_entry_at(&crm->contacts, i) == e)
            return i;
    qund_assert(!"a contact pointer outlived its batch");
    return QUND_INDEX_NONE;
}

/* --- identities in their pool --- */

static struct qund_crm_ident *ident_at(const struct qund_crm_contacts *cc, uint32_t i)
{
    return (struct qund_crm_ident *)(void *)(cc->pool + (size_t)i * POOL_UNIT);
}

static uint32_t ident_units(size_t pid_bytes)
{
    return (uint32_t)((offsetof(struct qund_crm_ident, pid) + pid_bytes + POOL_UNIT - 1) /
                      POOL_UNIT);
}

static uint32_t ident_hash(const struct qund_crm_ident *id)
{
    return qund_index_hash_name(id->realm, qund_str_n(id->pid, id->n));
}

static uint32_t ident_find(const struct qund_crm_contacts *cc, int64_t realm, struct qund_str pid)
{
    uint32_t hash = qund_index_hash_name(realm, pid), at = 0, i;

    while ((i = qund_index_next(&cc->by_name, hash, &at)) != QUND_INDEX_NONE) {
        const struct qund_crm_ident *id = ident_at(cc, i);

        if (id->realm == realm && id->n == pid.n && memcmp(id->pid, pid.p, pid.n) == 0)
            return i;
    }
    return QUND_INDEX_NONE;
}

static void idents_drop(struct qund_crm_contacts *cc, struct qund_crm_entry *e)
{
    for (uint32_t i = e->ident; i != QUND_INDEX_NONE; i = ident_at(cc, i)->next) {
        qund_index_drop(&cc->by_name, ident_hash(ident_at(cc, i)), i);
        cc->pool_dead += ident_units(ident_at(cc, i)->n);
    }
    e->ident = QUND_INDEX_NONE;
}

/* Room for `units` more; the living move together first when half of the pool is dead. */
static void pool_reserve(struct qund_crm_contacts *cc, uint32_t units)
{
    struct qund_crm_contacts old = *cc;

    if (cc->pool_used + units <= cc->pool_cap)
        return;
    if (cc->pool_dead < cc->pool_used / 2 || cc->pool_cap == 0) {
        cc->pool_cap = cc->pool_cap ? cc->pool_cap + cc->pool_cap / 4 : POOL_MIN;
        cc->pool = qund_realloc(cc->pool, (size_t)cc->pool_cap * POOL_UNIT);
        return;
    }
    cc->pool = qund_alloc((size_t)cc->pool_cap * POOL_UNIT);
    cc->pool_used = cc->pool_dead = 0;
    qund_index_done(&cc->by_name);
    for (uint32_t n = 0; n < cc->used; n++) {
        struct qund_crm_entry *e = qund_crm_entry_at(cc, n);
        uint32_t *link = &e->ident, i = e->ident;

        while ((e->pub.own[CRM_FLAGS] & CRM_LIVE) && i != QUND_INDEX_NONE) {
            const struct qund_crm_ident *id = ident_at(&old, i);

            *link = cc->pool_used;
            memcpy(ident_at(cc, *link), id, (size_t)ident_units(id->n) * POOL_UNIT);
            qund_index_put(&cc->by_name, ident_hash(id), *link);
            cc->pool_used += ident_units(id->n);
            i = id->next;
            link = &ident_at(cc, *link)->next;
        }
    }
    qund_free(old.pool);
}

void qund_crm_contact_name(struct qund_crm *crm, uint32_t entry, int64_t realm, struct qund_str pid)
{
    struct qund_crm_contacts *cc = &crm->contacts;
    struct qund_crm_entry *e = qund_crm_entry_at(cc, entry);
    uint32_t units = ident_units(pid.n), i;
    struct qund_crm_ident *id;

    qund_assert(realm <= UINT16_MAX && pid.n <= CRM_PID_MAX);
    pool_reserve(cc, units);
    i = cc->pool_used;
    cc->pool_used += units;
    id = ident_at(cc, i);
    id->contact = entry;
    id->next = e->ident;
    id->realm = (uint16_t)realm;
    id->n = (uint8_t)pid.n;
    memcpy(id->pid, pid.p, pid.n);
    e->ident = i;
    qund_index_put(&cc->by_name, qund_index_hash_name(realm, pid), i);
}

/* --- finding --- */

uint32_t qund_crm_contact_find(struct qund_crm *crm, int64_t realm, struct qund_str pid)
{
    uint32_t i = ident_find(&crm->contacts, realm, pid);

    if (i == QUND_INDEX_NONE)
        return i;
    i = ident_at(&crm->contacts, i)->contact;
    qund_crm_entry_at(&crm->contacts, i)->pub.own[CRM_FLAGS] |= CRM_RECENT;
    return i;
}

uint32_t qund_crm_contact_find_id(struct qund_crm *crm, int64_t id)
{
    struct qund_crm_contacts *cc = &crm->contacts;
    uint32_t at = 0, i;

    while ((i = qund_index_next(&cc->by_id, qund_index_hash_id(id), &at)) != QUND_INDEX_NONE)
        if (qund_crm_entry_at(cc, i)->pub.id == id) {
            qund_crm_entry_at(cc, i)->pub.own[CRM_FLAGS] |= CRM_RECENT;
            return i;
        }
    return QUND_INDEX_NONE;
}

/* --- entries come and go --- */

static void entry_drop(struct qund_crm_contacts *cc, uint32_t i)
{
    struct qund_crm_entry *e = qund_crm_entry_at(cc, i);

    idents_drop(cc, e);
    qund_index_drop(&cc->by_id, qund_index_hash_id(e->pub.id), i);
    qund_free(e->tags);
    memset(e, 0, sizeof(*e));
    e->ident = QUND_INDEX_NONE;
    if (cc->n_free == cc->free_cap) {
        cc->free_cap = cc->free_cap ? cc->free_cap * 2 : 64;
        cc->free = qund_realloc(cc->free, cc->free_cap * sizeof(*cc->free));
    }
    cc->free[cc->n_free++] = i;
    cc->live--;
}

/* Two turns of the hand at most: the first takes away second chances. False: all are in use. */
static bool evict(struct qund_crm *crm)
{
    struct qund_crm_contacts *cc = &crm->contacts;

    for (uint64_t step = 0; step < (uint64_t)cc->used * 2; step++) {
        uint32_t i = cc->hand;
        struct qund_crm_entry *e = qund_crm_entry_at(cc, i);

        cc->hand = (cc->hand + 1) % cc->used;
        if (!(e->pub.own[CRM_FLAGS] & CRM_LIVE) || e->item >= crm->batch_item)
            continue;
        if (e->pub.own[CRM_FLAGS] & CRM_RECENT) {
            e->pub.own[CRM_FLAGS] &= (uint8_t)~CRM_RECENT;
            continue;
        }
        entry_drop(cc, i);
        return true;
    }
    return false;
}

static uint32_t slot_new(struct qund_crm_contacts *cc)
{
    if (cc->n_free)
        return cc->free[--cc->n_free];
    if (cc->used == cc->n_slabs * CRM_SLAB) {
        cc->slab = qund_realloc(cc->slab, (cc->n_slabs + 1) * sizeof(*cc->slab));
        cc->slab[cc->n_slabs++] = qund_alloc(CRM_SLAB * sizeof(**cc->slab));
    }
    return cc->used++;
}

static struct qund_crm_saved *saved_new(struct qund_crm_contacts *cc)
{
    if (cc->n_saved == cc->saved_cap) {
        cc->saved_cap = cc->saved_cap ? cc->saved_cap * 2 : 16;
        cc->saved = qund_realloc(cc->saved, cc->saved_cap * sizeof(*cc->saved));
    }
    return &cc->saved[cc->n_saved++];
}

uint32_t qund_crm_contact_add(struct qund_crm *crm, int64_t id)
{
    struct qund_crm_contacts *cc = &crm->contacts;
    struct qund_crm_entry *e;
    uint32_t i;

    if (cc->live >= cc->max)
        evict(crm); /* none to evict: the batch itself is larger than the bound */
    i = slot_new(cc);
    e = qund_crm_entry_at(cc, i);
    *e = (struct qund_crm_entry){.pub.id = id,
                                 .pub.own[CRM_FLAGS] = CRM_LIVE | CRM_RECENT,
                                 .item = crm->item,
                                 .ident = QUND_INDEX_NONE};
    qund_index_put(&cc->by_id, qund_index_hash_id(id), i);
    cc->live++;
    *saved_new(cc) = (struct qund_crm_saved){.entry = i, .fresh = true};
    return i;
}

/* --- what is pending, and what an item may have to give back --- */

void qund_crm_contact_touch(struct qund_crm *crm, uint32_t entry)
{
    struct qund_crm_contacts *cc = &crm->contacts;
    struct qund_crm_entry *e = qund_crm_entry_at(cc, entry);

    if (e->item == crm->item)
        return;
    *saved_new(cc) = (struct qund_crm_saved){.entry = entry, .was = *e};
    e->item = crm->item;
}

void qund_crm_contact_dirty(struct qund_crm *crm, uint32_t entry)
{
    struct qund_crm_contacts *cc = &crm->contacts;
    struct qund_crm_entry *e = qund_crm_entry_at(cc, entry);

    if (e->dirty)
        return;
    if (cc->n_pending == cc->pending_cap) {
        cc->pending_cap = cc->pending_cap ? cc->pending_cap * 2 : 256;
        cc->pending = qund_realloc(cc->pending, cc->pending_cap * sizeof(*cc->pending));
    }
    cc->pending[cc->n_pending] = entry;
    e->dirty = ++cc->n_pending;
}

static void undo_one(struct qund_crm_contacts *cc, struct qund_crm_saved *s)
{
    struct qund_crm_entry *e = qund_crm_entry_at(cc, s->entry);

    if (e->dirty && (s->fresh || !s->was.dirty))
        cc->pending[e->dirty - 1] = QUND_INDEX_NONE;
    if (s->fresh) {
        entry_drop(cc, s->entry);
        return;
    }
    /* Identities, tags and roles are written through, so the store has them as they were: they are
     * read again when they are next wanted. */
    idents_drop(cc, e);
    qund_free(e->tags);
    *e = s->was;
    e->ident = QUND_INDEX_NONE;
    e->tags = NULL;
    e->pub.own[CRM_FLAGS] = (uint8_t)((e->pub.own[CRM_FLAGS] & ~CRM_TAGS_KNOWN) | CRM_ROLE_STALE);
}

void qund_crm_contacts_undo(struct qund_crm *crm)
{
    struct qund_crm_contacts *cc = &crm->contacts;

    while (cc->n_saved)
        undo_one(cc, &cc->saved[--cc->n_saved]);
}

void qund_crm_contacts_stale_roles(struct qund_crm *crm)
{
    for (uint32_t i = 0; i < crm->contacts.used; i++)
        qund_crm_entry_at(&crm->contacts, i)->pub.own[CRM_FLAGS] |= CRM_ROLE_STALE;
}

void qund_crm_contacts_clear(struct qund_crm *crm)
{
    struct qund_crm_contacts *cc = &crm->contacts;
    uint32_t max = cc->max;

    for (uint32_t i = 0; i < cc->used; i++)
        qund_free(qund_crm_entry_at(cc, i)->tags);
    for (uint32_t i = 0; i < cc->n_slabs; i++)
        qund_free(cc->slab[i]);
    qund_free(cc->slab);
    qund_free(cc->free);
    qund_free(cc->pool);
    qund_free(cc->pending);
    qund_free(cc->saved);
    qund_index_done(&cc->by_name);
    qund_index_done(&cc->by_id);
    *cc = (struct qund_crm_contacts){.max = max};
}

size_t qund_crm_contacts_bytes(const struct qund_crm *crm)
{
    const struct qund_crm_contacts *cc = &crm->contacts;
    size_t n = (size_t)cc->n_slabs * CRM_SLAB * sizeof(**cc->slab);

    n += (size_t)cc->pool_cap * POOL_UNIT + qund_index_bytes(&cc->by_name);
    n += qund_index_bytes(&cc->by_id) + cc->free_cap * sizeof(*cc->free);
    for (uint32_t i = 0; i < cc->used; i++) {
        const struct qund_crm_entry *e = &cc->slab[i / CRM_SLAB][i % CRM_SLAB];

        if (e->tags)
            n += sizeof(*e->tags) + e->tags->cap * sizeof(e->tags->v[0]) + 16;
    }
    return n;
}
