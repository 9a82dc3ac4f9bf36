/* src/crm/group_sql.c - realms, channels and groups in their tables.
 *
 * Groups are keyed by (realm, platform id): two channels that see the same world give the same
 * realm and so the same group. A group is made at first sight, with what the event says; type,
 * tags, zone and manager come from org.yaml or the API. The name follows the latest event that
 * carries one. */
#include "crm/internal.h"

static int name_id(struct qund_crm *crm, struct qund_crm_names *t, const char *find,
                   const char *insert, struct qund_str name, int64_t *id)
{
    struct qund_stmt *st;
    int rc;

    *id = qund_crm_names_find(t, name);
    if (*id)
        return QUND_OK;
    st = qund_sql(crm->db, find);
    qund_assert(st);
    qund_bind_str(st, ":name", crm_text(name));
    rc = qund_step(st);
    if (rc == 1)
        *id = qund_col_int(st, 0);
    qund_stmt_reset(st);
    if (rc < 0)
        return rc;
    if (rc == 0) {
        st = qund_sql(crm->db, insert);
        qund_assert(st);
        qund_bind_str(st, ":name", crm_text(name));
        rc = qund_run(st);
        if (rc < 0)
            return rc;
        if (qund_db_changes(crm->db) == 0)
            return QUND_E_INVAL; /* configuration makes these; thousands are somebody's mistake */
        *id = qund_db_last_rowid(crm->db);
    }
    qund_crm_names_add(crm, t, name, *id);
    return QUND_OK;
}

int qund_crm_realm(struct qund_crm *crm, struct qund_str name, int64_t *id)
{
    return name_id(crm, &crm->realms, "SELECT id FROM realm WHERE name = :name",
                   "INSERT INTO realm(name) SELECT :name WHERE (SELECT count(*) FROM realm) < 1000",
                   name, id);
}

int qund_crm_channel(struct qund_crm *crm, struct qund_str name, int64_t *id)
{
    return name_id(
        crm, &crm->channels, "SELECT id FROM channel WHERE name = :name",
        "INSERT INTO channel(name) SELECT :name WHERE (SELECT count(*) FROM channel) < 1000", name,
        id);
}

#define GROUP_COLUMNS                                                                           \
    "id, realm, pid, name, type, state, internal, room_dedupe, zone, place, manager, name_ts, " \
    "(SELECT group_concat(tag, char(10)) FROM (SELECT tag FROM grp_tag WHERE grp = grp.id "     \
    "ORDER BY tag)), source = 'file', shared, (SELECT name FROM realm WHERE realm.id = "        \
    "grp.realm) "

/* st stands on a row of GROUP_COLUMNS. into NULL: a new cache entry. */
static struct qund_crm_grp *take_row(struct qund_crm *crm, struct qund_stmt *st,
                                     struct qund_crm_grp *into)
{
    struct qund_crm_group row = {.id = qund_col_int(st, 0),
                                 .realm = qund_col_int(st, 1),
                                 .pid = qund_col_str(st, 2),
                                 .name = qund_col_str(st, 3),
                                 .type = (enum qund_group_type)qund_col_int(st, 4),
                                 .state = (enum qund_group_state)qund_col_int(st, 5),
                                 .internal = qund_col_int(st, 6) != 0,
                                 .room_dedupe = qund_col_int(st, 7) != 0,
                                 .zone = qund_col_str(st, 8),
                                 .place = qund_col_str(st, 9),
                                 .manager = qund_col_int(st, 10),
                                 .managed = qund_col_int(st, 13) != 0,
                                 .shared = qund_col_int(st, 14) != 0};

    /* Whoever asks by number (a timer, at start) may be the first to need the realm's name. */
    if (!qund_crm_names_text(&crm->realms, row.realm).p)
        qund_crm_names_add(crm, &crm->realms, qund_col_str(st, 15), row.realm);
    if (!into)
        return qund_crm_group_add(crm, &row, qund_col_int(st, 11), qund_col_str(st, 12));
    qund_crm_group_fill(crm, into, &row, qund_col_int(st, 11), qund_col_str(st, 12));
    return into;
}

static int load(struct qund_crm *crm, struct qund_stmt *st, struct qund_crm_grp *into,
                struct qund_crm_grp **out)
{
    int rc = qund_step(st);

    if (rc == 1)
        *out = take_row(crm, st, into);
    qund_stmt_reset(st);
    return rc == 0 ? QUND_E_NOTFOUND : rc < 0 ? rc : QUND_OK;
}

static int load_id(struct qund_crm *crm, int64_t id, struct qund_crm_grp *into,
                   struct qund_crm_grp **out)
{
    struct qund_stmt *st = qund_sql(crm->db, "SELECT " GROUP_COLUMNS "FROM grp WHERE id = :id");

    qund_assert(st);
    qund_bind_int(st, ":id", id);
    return load(crm, st, into, out);
}

static int insert(struct qund_crm *crm, int64_t realm, struct qund_str pid, struct qund_str name,
                  int64_t ts, int64_t *id)
{
    struct qund_stmt *st = qund_sql(crm->db, "INSERT INTO grp(realm, pid, name, name_ts, created) "
                                             "VALUES(:realm, :pid, :name, :name_ts, :ts)");
    int rc;

    qund_assert(st);
    qund_bind_int(st, ":realm", realm);
    qund_bind_str(st, ":pid", pid);
    qund_bind_str(st, ":name", crm_text(name));
    qund_bind_int(st, ":name_ts", name.p ? ts : 0);
    qund_bind_int(st, ":ts", ts);
    rc = qund_run(st);
    *id = qund_db_last_rowid(crm->db);
    return rc;
}

static int find_or_make(struct qund_crm *crm, int64_t realm, struct qund_str pid,
                        struct qund_str name, int64_t ts, struct qund_crm_grp **out)
{
    struct qund_stmt *st;
    int64_t id;
    int rc;

    *out = qund_crm_group_find(crm, realm, pid);
    if (*out)
        return QUND_OK;
    st = qund_sql(crm->db, "SELECT " GROUP_COLUMNS "FROM grp WHERE realm = :realm AND pid = :pid");
    qund_assert(st);
    qund_bind_int(st, ":realm", realm);
    qund_bind_str(st, ":pid", pid);
    rc = load(crm, st, NULL, out);
    if (rc != QUND_E_NOTFOUND)
        return rc;
    rc = insert(crm, realm, pid, name, ts, &id);
    if (rc < 0)
        return rc;
    return load_id(crm, id, NULL, out);
}

/* Whether the event's name is to be kept. What org.yaml says of a group stands. */
static bool renames(const struct qund_crm_grp *g, struct qund_str name, int64_t ts)
{
    return name.n && ts >= g->name_ts && !(g->pub.managed && g->pub.name.n) &&
           !qund_str_eq(name, g->pub.name);
}

static int rename_group(struct qund_crm *crm, struct qund_crm_grp *g, struct qund_str name,
                        int64_t ts)
{
    struct qund_stmt *st = qund_sql(crm->db, "UPDATE grp SET name = :name, name_ts = :ts "
                                             "WHERE id = :id");
    int rc;

    qund_assert(st);
    qund_bind_int(st, ":id", g->pub.id);
    qund_bind_str(st, ":name", name);
    qund_bind_int(st, ":ts", ts);
    rc = qund_run(st);
    return rc < 0 ? rc : load_id(crm, g->pub.id, g, &g);
}

int qund_crm_group(struct qund_crm *crm, struct qund_str realm, struct qund_str pid,
                   struct qund_str name, int64_t ts, struct qund_crm_group **out)
{
    struct qund_crm_grp *g = NULL;
    int64_t realm_id;
    int rc;

    if (!pid.n || pid.n > CRM_PID_MAX)
        return QUND_E_INVAL;
    rc = qund_crm_realm(crm, realm, &realm_id);
    name = qund_crm_cut_name(name);
    if (rc == 0)
        rc = find_or_make(crm, realm_id, pid, name, ts, &g);
    if (rc == 0 && renames(g, name, ts))
        rc = rename_group(crm, g, name, ts);
    if (rc < 0)
        return rc;
    g->item = crm->item; /* touched in this batch: not evicted before the flush */
    *out = &g->pub;
    return QUND_OK;
}

int qund_crm_group_by_id(struct qund_crm *crm, int64_t id, struct qund_crm_group **out)
{
    struct qund_crm_grp *g = qund_crm_group_find_id(crm, id);
    int rc = g ? QUND_OK : load_id(crm, id, NULL, &g);

    if (rc < 0)
        return rc;
    g->item = crm->item;
    *out = &g->pub;
    return QUND_OK;
}

int qund_crm_group_dismiss(struct qund_crm *crm, struct qund_crm_group *g, int64_t ts)
{
    struct qund_stmt *st = qund_sql(crm->db, "UPDATE grp SET state = :closed WHERE id = :id");
    struct qund_crm_grp *own = qund_crm_group_find_id(crm, g->id);
    int rc;

    qund_assert(st && own);
    qund_bind_int(st, ":id", g->id);
    qund_bind_int(st, ":closed", QUND_GROUP_CLOSED);
    rc = qund_run(st);
    if (rc < 0)
        return rc;
    st = qund_sql(crm->db, "UPDATE member SET left_at = :ts, state_ts = :ts "
                           "WHERE grp = :id AND left_at IS NULL AND state_ts <= :ts");
    qund_assert(st);
    qund_bind_int(st, ":id", g->id);
    qund_bind_int(st, ":ts", ts);
    rc = qund_run(st);
    if (rc < 0)
        return rc;
    qund_crm_org_changed(crm);
    return load_id(crm, g->id, own, &own);
}
