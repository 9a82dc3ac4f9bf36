/* src/crm/contact_sql.c - people and their identities in their tables, and the role they speak in.
 *
 * The path of a known speaker touches no statement: identity → entry in memory, a newer last_seen
 * is noted for the flush. A rename is written at once; renames are rare, and postponing them would
 * make the undo of an item carry texts. name_ts follows the latest word said under that name, so
 * that a late event with an old name does not bring the old name back. */
#include "crm/internal.h"

/* --- reading --- */

bool qund_crm_tables_there(struct qund_db *db)
{
    return qund_sql(db, "SELECT last_seen FROM contact WHERE id = :id") != NULL;
}

int qund_crm_identity_find(struct qund_crm *crm, int64_t realm, struct qund_str pid,
                           int64_t *contact)
{
    struct qund_stmt *st =
        qund_sql(crm->db, "SELECT contact FROM identity WHERE realm = :realm AND pid = :pid");
    int rc;

    qund_assert(st);
    qund_bind_int(st, ":realm", realm);
    qund_bind_str(st, ":pid", pid);
    rc = qund_step(st);
    if (rc == 1)
        *contact = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return rc == 0 ? QUND_E_NOTFOUND : rc < 0 ? rc : QUND_OK;
}

/* Staff before bot before koc: the numbers of enum qund_role grow in that order. */
static int read_actor(struct qund_crm *crm, struct qund_crm_entry *e)
{
    struct qund_stmt *st = qund_sql(
        crm->db, "SELECT ifnull(min(a.role), 0) FROM identity i JOIN actor a ON a.realm = i.realm "
                 "AND a.pid = i.pid LEFT JOIN staff s ON s.id = a.staff WHERE i.contact = :id AND "
                 "(a.staff = 0 OR s.active = 1)");
    int rc;

    qund_assert(st);
    qund_bind_int(st, ":id", e->pub.id);
    rc = qund_step(st);
    e->pub.own[CRM_ACTOR] = rc == 1 ? (uint8_t)qund_col_int(st, 0) : QUND_ROLE_NONE;
    qund_stmt_reset(st);
    if (rc < 0)
        return rc;
    e->pub.own[CRM_FLAGS] &= (uint8_t)~CRM_ROLE_STALE;
    e->pub.role = e->pub.own[CRM_ACTOR] ? e->pub.own[CRM_ACTOR] : e->pub.own[CRM_HINT];
    return QUND_OK;
}

int qund_crm_contact_load(struct qund_crm *crm, int64_t id, uint32_t *entry)
{
    struct qund_stmt *st;
    struct qund_crm_entry *e;
    int rc;

    *entry = qund_crm_contact_find_id(crm, id);
    if (*entry != QUND_INDEX_NONE)
        return QUND_OK;
    st = qund_sql(crm->db, "SELECT last_seen, name_ts, name, role, opt_out FROM contact "
                           "WHERE id = :id");
    qund_assert(st);
    qund_bind_int(st, ":id", id);
    rc = qund_step(st);
    if (rc == 1) {
        *entry = qund_crm_contact_add(crm, id);
        e = qund_crm_entry_at(&crm->contacts, *entry);
        e->pub.last_seen = qund_col_int(st, 0);
        e->name_ts = qund_col_int(st, 1);
        e->name_hash = qund_crm_hash_text(qund_col_str(st, 2));
        e->pub.own[CRM_HINT] = (uint8_t)qund_col_int(st, 3);
        e->pub.opt_out = qund_col_int(st, 4) != 0;
        e->pub.own[CRM_FLAGS] |= CRM_ROLE_STALE;
    }
    qund_stmt_reset(st);
    return rc == 0 ? QUND_E_NOTFOUND : rc < 0 ? rc : QUND_OK;
}

/* --- writing --- */

int qund_crm_contact_insert(struct qund_crm *crm, struct qund_str name, int64_t ts,
                            struct qund_str source, int64_t *id)
{
    struct qund_stmt *st =
        qund_sql(crm->db, "INSERT INTO contact(name, name_ts, first_seen, last_seen, source) "
                          "VALUES(:name, :name_ts, :ts, :ts, :source)");
    int rc;

    qund_assert(st);
    qund_bind_str(st, ":name", crm_text(name));
    qund_bind_int(st, ":name_ts", name.n ? ts : 0);
    qund_bind_int(st, ":ts", ts);
    qund_bind_str(st, ":source", crm_text(source));
    rc = qund_run(st);
    *id = qund_db_last_rowid(crm->db);
    return rc;
}

int qund_crm_identity_add(struct qund_crm *crm, int64_t realm, struct qund_str pid, int64_t contact,
                          struct qund_str name)
{
    struct qund_stmt *st = qund_sql(crm->db, "INSERT INTO identity(realm, pid, contact, name) "
                                             "VALUES(:realm, :pid, :contact, :name)");

    qund_assert(st);
    qund_bind_int(st, ":realm", realm);
    qund_bind_str(st, ":pid", pid);
    qund_bind_int(st, ":contact", contact);
    qund_bind_str(st, ":name", crm_text(name));
    return qund_run(st);
}

int qund_crm_contact_write_times(struct qund_crm *crm, const struct qund_crm_entry *e)
{
    struct qund_stmt *st = qund_sql(crm->db, "UPDATE contact SET last_seen = :seen, "
                                             "name_ts = :name_ts WHERE id = :id");

    qund_assert(st);
    qund_bind_int(st, ":seen", e->pub.last_seen);
    qund_bind_int(st, ":name_ts", e->name_ts);
    qund_bind_int(st, ":id", e->pub.id);
    return qund_run(st);
}

static int write_name(struct qund_crm *crm, int64_t id, int64_t realm, struct qund_str pid,
                      struct qund_str name)
{
    struct qund_stmt *st = qund_sql(crm->db, "UPDATE contact SET name = :name WHERE id = :id");
    int rc;

    qund_assert(st);
    qund_bind_int(st, ":id", id);
    qund_bind_str(st, ":name", name);
    rc = qund_run(st);
    if (rc < 0)
        return rc;
    st = qund_sql(crm->db, "UPDATE identity SET name = :name WHERE realm = :realm AND pid = :pid");
    qund_assert(st);
    qund_bind_int(st, ":realm", realm);
    qund_bind_str(st, ":pid", pid);
    qund_bind_str(st, ":name", name);
    return qund_run(st);
}

static int write_hint(struct qund_crm *crm, int64_t id, enum qund_role hint)
{
    struct qund_stmt *st = qund_sql(crm->db, "UPDATE contact SET role = :role WHERE id = :id");

    qund_assert(st);
    qund_bind_int(st, ":id", id);
    qund_bind_int(st, ":role", hint);
    return qund_run(st);
}

/* A first_seen that a late event moves back; the entry need not know it. */
static int write_first(struct qund_crm *crm, int64_t id, int64_t ts)
{
    struct qund_stmt *st = qund_sql(crm->db, "UPDATE contact SET first_seen = :ts "
                                             "WHERE id = :id AND first_seen > :ts");

    qund_assert(st);
    qund_bind_int(st, ":id", id);
    qund_bind_int(st, ":ts", ts);
    return qund_run(st);
}

/* --- the hot path --- */

/* The entry behind an identity: in memory, else from its rows, else a new person. */
static int resolve(struct qund_crm *crm, int64_t realm, struct qund_str pid, struct qund_str name,
                   int64_t ts, uint32_t *entry, bool *created)
{
    int64_t id = 0;
    int rc;

    *entry = qund_crm_contact_find(crm, realm, pid);
    if (*entry != QUND_INDEX_NONE)
        return QUND_OK;
    rc = qund_crm_identity_find(crm, realm, pid, &id);
    if (rc == QUND_E_NOTFOUND) {
        *created = true;
        rc = qund_crm_contact_insert(crm, name, ts,
                                     crm_text(qund_crm_names_text(&crm->realms, realm)), &id);
        if (rc == 0)
            rc = qund_crm_identity_add(crm, realm, pid, id, name);
    }
    if (rc == 0)
        rc = qund_crm_contact_load(crm, id, entry);
    if (rc == 0)
        qund_crm_contact_name(crm, *entry, realm, pid);
    return rc;
}

/* Times and name of an event; each only moves forward. */
static int see(struct qund_crm *crm, uint32_t entry, int64_t realm, struct qund_str pid,
               struct qund_str name, int64_t ts)
{
    struct qund_crm_entry *e = qund_crm_entry_at(&crm->contacts, entry);
    uint32_t hash;
    int rc = QUND_OK;

    if (ts > e->pub.last_seen) {
        e->pub.last_seen = ts;
        qund_crm_contact_dirty(crm, entry);
    } else if (ts < e->pub.last_seen) {
        rc = write_first(crm, e->pub.id, ts);
    }
    if (rc < 0 || !name.n || ts < e->name_ts)
        return rc;
    if (ts > e->name_ts) {
        e->name_ts = ts;
        qund_crm_contact_dirty(crm, entry);
    }
    hash = qund_crm_hash_text(name);
    if (hash == e->name_hash)
        return QUND_OK;
    e->name_hash = hash;
    return write_name(crm, e->pub.id, realm, pid, name);
}

int qund_crm_contact(struct qund_crm *crm, struct qund_str realm, struct qund_str pid,
                     struct qund_str name, enum qund_role hint, int64_t ts,
                     struct qund_crm_contact **out)
{
    struct qund_crm_entry *e;
    bool created = false;
    int64_t realm_id;
    uint32_t entry;
    int rc;

    if (!pid.n || pid.n > CRM_PID_MAX)
        return QUND_E_INVAL;
    name = qund_crm_cut_name(name);
    rc = qund_crm_realm(crm, realm, &realm_id);
    if (rc == 0)
        rc = resolve(crm, realm_id, pid, name, ts, &entry, &created);
    if (rc < 0)
        return rc;
    qund_crm_contact_touch(crm, entry);
    e = qund_crm_entry_at(&crm->contacts, entry);
    e->pub.created = created;
    rc = see(crm, entry, realm_id, pid, name, ts);
    if (rc == 0 && hint != QUND_ROLE_NONE && hint != e->pub.own[CRM_HINT] &&
        ts >= e->pub.last_seen) {
        e->pub.own[CRM_HINT] = (uint8_t)hint;
        e->pub.own[CRM_FLAGS] |= CRM_ROLE_STALE;
        rc = write_hint(crm, e->pub.id, hint);
    }
    if (rc == 0 && (e->pub.own[CRM_FLAGS] & CRM_ROLE_STALE))
        rc = read_actor(crm, e);
    *out = &e->pub;
    return rc;
}

int qund_crm_contact_by_id(struct qund_crm *crm, int64_t id, struct qund_crm_contact **out)
{
    struct qund_crm_entry *e;
    uint32_t entry;
    int rc = qund_crm_contact_load(crm, id, &entry);

    if (rc < 0)
        return rc;
    qund_crm_contact_touch(crm, entry);
    e = qund_crm_entry_at(&crm->contacts, entry);
    e->pub.created = false;
    if (e->pub.own[CRM_FLAGS] & CRM_ROLE_STALE)
        rc = read_actor(crm, e);
    *out = &e->pub;
    return rc;
}

int64_t qund_crm_staff_of(struct qund_crm *crm, const struct qund_crm_contact *c)
{
    struct qund_stmt *st = qund_sql(
        crm->db, "SELECT s.id FROM identity i JOIN actor a ON a.realm = i.realm AND a.pid = i.pid "
                 "JOIN staff s ON s.id = a.staff WHERE i.contact = :id AND s.active = 1 "
                 "ORDER BY s.id LIMIT 1");
    int64_t id = 0;

    qund_assert(st);
    qund_bind_int(st, ":id", c->id);
    if (qund_step(st) == 1)
        id = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return id;
}
