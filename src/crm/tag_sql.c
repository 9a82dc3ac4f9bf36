/* src/crm/tag_sql.c - tags of people, and taking back what a message said.
 *
 * contact_tag has one row per witness: (contact, tag, origin seq). A tag is held while one row
 * remains, so a revoke deletes its own rows and needs no other knowledge. Somebody who asks the
 * price a thousand times would be a thousand rows; beyond CRM_WITNESSES the oldest but the first
 * goes (platforms let people take a message back for minutes, so the old ones are safe). The first
 * stays for its time.
 *
 * Rules ask for tags on every message, so the tags of a person are read once and kept in their
 * cache entry. */
#include "crm/internal.h"

enum { CRM_WITNESSES = 16 };

int qund_crm_tag_id(struct qund_crm *crm, struct qund_str name, bool attribute, bool make,
                    int64_t *id)
{
    struct qund_stmt *st;
    int rc;

    *id = qund_crm_names_find(&crm->tags, name);
    if (*id)
        return QUND_OK;
    st = qund_sql(crm->db, "SELECT id FROM tag WHERE name = :name");
    qund_assert(st);
    qund_bind_str(st, ":name", name);
    rc = qund_step(st);
    if (rc == 1)
        *id = qund_col_int(st, 0);
    qund_stmt_reset(st);
    if (rc < 0 || (rc == 0 && !make))
        return rc < 0 ? rc : QUND_E_NOTFOUND;
    if (rc == 0) {
        st = qund_sql(crm->db, "INSERT INTO tag(name, kind) VALUES(:name, :kind)");
        qund_assert(st);
        qund_bind_str(st, ":name", name);
        qund_bind_int(st, ":kind", attribute ? 1 : 0);
        rc = qund_run(st);
        if (rc < 0)
            return rc;
        *id = qund_db_last_rowid(crm->db);
    }
    qund_crm_names_add(crm, &crm->tags, name, *id);
    return QUND_OK;
}

/* --- the tags of one person in memory --- */

static struct qund_crm_tag_held *held_find(struct qund_crm_entry *e, int64_t tag)
{
    for (uint32_t i = 0; e->tags && i < e->tags->n; i++)
        if (e->tags->v[i].tag == (uint32_t)tag)
            return &e->tags->v[i];
    return NULL;
}

static struct qund_crm_tag_held *held_add(struct qund_crm_entry *e, int64_t tag)
{
    uint32_t n = e->tags ? e->tags->n : 0;

    if (!e->tags || n == e->tags->cap) {
        uint32_t cap = n ? n * 2 : 2;

        e->tags = qund_realloc(e->tags, sizeof(*e->tags) + cap * sizeof(e->tags->v[0]));
        e->tags->cap = cap;
    }
    e->tags->v[n] = (struct qund_crm_tag_held){.tag = (uint32_t)tag};
    e->tags->n = n + 1;
    return &e->tags->v[n];
}

static void held_drop(struct qund_crm_entry *e, struct qund_crm_tag_held *h)
{
    *h = e->tags->v[--e->tags->n];
}

static int held_read(struct qund_crm *crm, struct qund_crm_entry *e)
{
    struct qund_stmt *st;
    int rc;

    if (e->pub.own[CRM_FLAGS] & CRM_TAGS_KNOWN)
        return QUND_OK;
    st = qund_sql(crm->db, "SELECT tag, count(*), CASE WHEN min(expires) = 0 THEN 0 "
                           "ELSE max(expires) END FROM contact_tag WHERE contact = :id "
                           "GROUP BY tag ORDER BY tag");
    qund_assert(st);
    qund_bind_int(st, ":id", e->pub.id);
    while ((rc = qund_step(st)) == 1) {
        struct qund_crm_tag_held *h = held_add(e, qund_col_int(st, 0));

        h->witnesses = (uint32_t)qund_col_int(st, 1);
        h->expires = qund_col_int(st, 2);
    }
    qund_stmt_reset(st);
    if (rc == 0)
        e->pub.own[CRM_FLAGS] |= CRM_TAGS_KNOWN;
    return rc;
}

static struct qund_crm_entry *entry_of(struct qund_crm *crm, struct qund_crm_contact *c)
{
    uint32_t i = qund_crm_contact_find_id(crm, c->id);

    qund_assert(i != QUND_INDEX_NONE);
    qund_crm_contact_touch(crm, i);
    return qund_crm_entry_at(&crm->contacts, i);
}

static void held_forget(struct qund_crm_entry *e)
{
    qund_free(e->tags);
    e->tags = NULL;
    e->pub.own[CRM_FLAGS] &= (uint8_t)~CRM_TAGS_KNOWN;
}

/* --- adding, removing, asking --- */

bool qund_crm_tag_named(struct qund_str name)
{
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char)name.p[i] < 0x20 || name.p[i] == 0x7f || strchr(",;|", name.p[i]))
            return false;
    return name.n > 0 && name.n <= CRM_TAG_MAX && qund_str_trim(name).n == name.n;
}

static int drop_second_witness(struct qund_crm *crm, int64_t contact, int64_t tag)
{
    struct qund_stmt *st = qund_sql(
        crm->db, "DELETE FROM contact_tag WHERE contact = :contact AND tag = :tag AND origin_seq = "
                 "(SELECT origin_seq FROM contact_tag WHERE contact = :contact AND tag = :tag "
                 "ORDER BY origin_seq LIMIT 1 OFFSET 1)");

    qund_assert(st);
    qund_bind_int(st, ":contact", contact);
    qund_bind_int(st, ":tag", tag);
    return qund_run(st);
}

/* Two rules may give one tag for one message: then the longer life counts. 1: a new witness. */
static int put_witness(struct qund_crm *crm, int64_t contact, int64_t tag,
                       const struct qund_crm_tag *t)
{
    struct qund_stmt *st = qund_sql(
        crm->db, "INSERT INTO contact_tag(contact, tag, origin_seq, origin, at, expires) "
                 "VALUES(:contact, :tag, :seq, :origin, :at, :expires) ON CONFLICT DO NOTHING");
    int rc;

    qund_assert(st);
    qund_bind_int(st, ":contact", contact);
    qund_bind_int(st, ":tag", tag);
    qund_bind_int(st, ":seq", t->seq);
    qund_bind_int(st, ":origin", t->origin);
    qund_bind_int(st, ":at", t->at);
    qund_bind_int(st, ":expires", t->expires);
    rc = qund_run(st);
    if (rc < 0 || qund_db_changes(crm->db) == 1)
        return rc < 0 ? rc : 1;
    st = qund_sql(crm->db, "UPDATE contact_tag SET expires = CASE WHEN :expires = 0 OR expires = 0 "
                           "THEN 0 ELSE max(expires, :expires) END "
                           "WHERE contact = :contact AND tag = :tag AND origin_seq = :seq");
    qund_assert(st);
    qund_bind_int(st, ":contact", contact);
    qund_bind_int(st, ":tag", tag);
    qund_bind_int(st, ":seq", t->seq);
    qund_bind_int(st, ":expires", t->expires);
    return qund_run(st);
}

int qund_crm_tag_add(struct qund_crm *crm, struct qund_crm_contact *c, const struct qund_crm_tag *t)
{
    struct qund_crm_entry *e = entry_of(crm, c);
    struct qund_crm_tag_held *h;
    int64_t tag;
    bool was_held;
    int rc;

    if (!t->name.n || t->name.n > CRM_TAG_MAX)
        return QUND_E_INVAL;
    rc = held_read(crm, e);
    if (rc == 0)
        rc = qund_crm_tag_id(crm, t->name, t->attribute, true, &tag);
    if (rc < 0)
        return rc;
    h = held_find(e, tag);
    if (!h && e->tags && e->tags->n >= CRM_TAGS_MAX)
        return QUND_E_INVAL;
    was_held = h && (h->expires == 0 || h->expires > t->at);
    rc = put_witness(crm, c->id, tag, t);
    if (rc < 0)
        return rc;
    if (rc == 1 && h && h->witnesses >= CRM_WITNESSES)
        rc = drop_second_witness(crm, c->id, tag);
    if (h && rc >= 0) {
        held_forget(e); /* the expiry of several witnesses is the store's to say */
    } else if (rc >= 0) {
        h = held_add(e, tag);
        h->witnesses = 1;
        h->expires = t->expires;
    }
    return rc < 0 ? rc : was_held ? 0 : 1;
}

int qund_crm_tag_remove(struct qund_crm *crm, struct qund_crm_contact *c, struct qund_str name)
{
    struct qund_crm_entry *e = entry_of(crm, c);
    struct qund_crm_tag_held *h;
    struct qund_stmt *st;
    int64_t tag;
    int rc = qund_crm_tag_id(crm, name, false, false, &tag);

    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    rc = held_read(crm, e);
    if (rc < 0)
        return rc;
    h = held_find(e, tag);
    if (!h)
        return 0;
    st = qund_sql(crm->db, "DELETE FROM contact_tag WHERE contact = :contact AND tag = :tag");
    qund_assert(st);
    qund_bind_int(st, ":contact", c->id);
    qund_bind_int(st, ":tag", tag);
    rc = qund_run(st);
    if (rc < 0)
        return rc;
    held_drop(e, h);
    return 1;
}

int qund_crm_tag_has(struct qund_crm *crm, struct qund_crm_contact *c, struct qund_str name,
                     int64_t at)
{
    struct qund_crm_entry *e = entry_of(crm, c);
    struct qund_crm_tag_held *h;
    int64_t tag;
    int rc = held_read(crm, e);

    if (rc < 0 || !e->tags || !e->tags->n)
        return rc;
    rc = qund_crm_tag_id(crm, name, false, false, &tag);
    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    h = held_find(e, tag);
    return h && (h->expires == 0 || h->expires > at);
}

/* --- taking back --- */

static int forget_tags_of(struct qund_crm *crm, int64_t seq)
{
    struct qund_stmt *st =
        qund_sql(crm->db, "SELECT DISTINCT contact FROM contact_tag WHERE origin_seq = :seq");
    int rc;

    qund_assert(st);
    qund_bind_int(st, ":seq", seq);
    while ((rc = qund_step(st)) == 1) {
        uint32_t i = qund_crm_contact_find_id(crm, qund_col_int(st, 0));

        if (i == QUND_INDEX_NONE)
            continue;
        qund_crm_contact_touch(crm, i);
        held_forget(qund_crm_entry_at(&crm->contacts, i));
    }
    qund_stmt_reset(st);
    return rc;
}

/* In order: score before its history, households after their rooms. The partial indexes on the
 * origin make each of them one probe. */
static const char *const WITHDRAWALS[] = {
    "DELETE FROM contact_tag WHERE origin_seq = :seq AND origin_seq > 0",
    "DELETE FROM contact_phone WHERE origin_seq = :seq AND origin_seq > 0",
    "DELETE FROM contact_room WHERE origin_seq = :seq AND origin_seq > 0",
    "DELETE FROM lead_event WHERE seq = :seq AND seq > 0",
    "DELETE FROM chain_list WHERE seq = :seq AND seq > 0",
};

int qund_crm_withdraw(struct qund_crm *crm, int64_t seq)
{
    int64_t n = 0;
    int rc;

    if (seq <= 0)
        return 0;
    rc = forget_tags_of(crm, seq);
    if (rc == 0)
        rc = qund_crm_lead_unscore(crm, seq);
    if (rc == 0)
        rc = qund_crm_households_leave(crm, seq);
    for (size_t i = 0; rc == 0 && i < QUND_ARRAY_LEN(WITHDRAWALS); i++) {
        struct qund_stmt *st = qund_sql(crm->db, WITHDRAWALS[i]);

        qund_assert(st);
        qund_bind_int(st, ":seq", seq);
        rc = qund_run(st);
        n += qund_db_changes(crm->db);
    }
    if (rc == 0)
        rc = qund_crm_signup_withdraw(crm, seq);
    if (rc < 0)
        return rc;
    n += rc;
    return n > INT32_MAX ? INT32_MAX : (int)n;
}
