/* src/crm/org_sql.c - org.yaml into the rows.
 *
 * The store is the master: the file is applied as one command when its digest is another, and from
 * then on only the rows count. Rows that the file names carry source=file, so that the API can
 * refuse to edit what the next start would overwrite. What was the file's and is not named any more
 * is switched off and released, never deleted: its history still points to it. */
#include "core/json.h"
#include "crm/internal.h"
#include "crm/org_parts.h"
#include "store/meta.h"

static const char DIGEST_KEY[] = "org.digest";

/* First everything that was the file's is let go; what is named again is taken back below. */
static const char *const RELEASE[] = {
    "UPDATE staff SET active = 0, phone = '', source = 'api' WHERE source = 'file'",
    "UPDATE grp SET state = 1, source = 'api' WHERE source = 'file'",
    "UPDATE roster SET active = 0, source = 'api' WHERE source = 'file'",
    "UPDATE member SET role = 0 WHERE (grp, contact) IN "
    "(SELECT grp, contact FROM role_holder WHERE source = 'file' AND contact > 0)",
    "DELETE FROM actor WHERE source = 'file'",
    "DELETE FROM role_holder WHERE source = 'file'",
    "DELETE FROM leave WHERE source = 'file'",
};

static int staff_id(struct qund_crm *crm, struct qund_str key, int64_t *id)
{
    *id = 0;
    if (!key.p)
        return QUND_OK;
    return qund_crm_ask(crm->db, "SELECT id FROM staff WHERE key = :key",
                        CRM_ARGS(CRM_STR(":key", key)), id);
}

static int put_actor(struct qund_crm *crm, const struct org_ident *who, int role, int64_t staff)
{
    int64_t realm;
    int rc = qund_crm_realm(crm, who->realm, &realm);

    if (rc < 0)
        return rc;
    return qund_crm_run(crm->db,
                        "INSERT INTO actor(realm, pid, role, staff, source) VALUES(:realm, :pid, "
                        ":role, :staff, 'file') ON CONFLICT DO UPDATE SET role = :role, "
                        "staff = :staff, source = 'file'",
                        CRM_ARGS(CRM_INT(":realm", realm), CRM_STR(":pid", who->id),
                                 CRM_INT(":role", role), CRM_INT(":staff", staff)));
}

static int put_staff(struct qund_crm *crm, const struct org_staff *s)
{
    int64_t id = 0;
    int rc = qund_crm_run(
        crm->db,
        "INSERT INTO staff(key, name, phone, active, source) VALUES(:key, :name, :phone, :active, "
        "'file') ON CONFLICT(key) DO UPDATE SET name = :name, phone = :phone, active = :active, "
        "source = 'file'",
        CRM_ARGS(CRM_STR(":key", s->key), CRM_STR(":name", s->name.p ? s->name : s->key),
                 CRM_STR(":phone", s->phone.p ? s->phone : QUND_STR("")),
                 CRM_INT(":active", s->active)));

    if (rc == 0)
        rc = staff_id(crm, s->key, &id);
    if (rc == 0)
        rc = qund_crm_run(crm->db, "DELETE FROM staff_push WHERE staff = :staff",
                          CRM_ARGS(CRM_INT(":staff", id)));
    for (size_t i = 0; rc == 0 && i < s->n_push; i++)
        rc = qund_crm_run(crm->db,
                          "INSERT INTO staff_push(staff, pos, target) VALUES(:staff, :pos, :to)",
                          CRM_ARGS(CRM_INT(":staff", id), CRM_INT(":pos", (int64_t)i),
                                   CRM_STR(":to", s->push[i])));
    for (size_t i = 0; rc == 0 && i < s->n_ids; i++)
        rc = put_actor(crm, &s->ids[i], QUND_ROLE_STAFF, id);
    return rc;
}

static int put_all_staff(struct qund_crm *crm, const struct qund_org *org)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < org->n_staff; i++)
        rc = put_staff(crm, &org->staff[i]);
    for (size_t i = 0; rc == 0 && i < org->n_bots; i++)
        rc = put_actor(crm, &org->bots[i], QUND_ROLE_BOT, 0);
    return rc;
}

/* --- groups --- */

static int group_id(struct qund_crm *crm, const struct org_ident *g, int64_t now, int64_t *id)
{
    int64_t realm;
    int rc = qund_crm_realm(crm, g->realm, &realm);

    if (rc == 0)
        rc = qund_crm_run(
            crm->db,
            "INSERT INTO grp(realm, pid, created) VALUES(:realm, :pid, :now) "
            "ON CONFLICT DO NOTHING",
            CRM_ARGS(CRM_INT(":realm", realm), CRM_STR(":pid", g->id), CRM_INT(":now", now)));
    if (rc == 0)
        rc = qund_crm_ask(crm->db, "SELECT id FROM grp WHERE realm = :realm AND pid = :pid",
                          CRM_ARGS(CRM_INT(":realm", realm), CRM_STR(":pid", g->id)), id);
    return rc;
}

/* An invited customer whom no event has shown yet is made, so that their first word counts as koc.
 */
static int customer_id(struct qund_crm *crm, const struct org_ident *who, int64_t now, int64_t *id)
{
    int64_t realm;
    int rc = qund_crm_realm(crm, who->realm, &realm);

    if (rc == 0)
        rc = qund_crm_identity_find(crm, realm, who->id, id);
    if (rc != QUND_E_NOTFOUND)
        return rc;
    rc = qund_crm_contact_insert(crm, QUND_STR_NONE, now, QUND_STR("org"), id);
    return rc < 0 ? rc : qund_crm_identity_add(crm, realm, who->id, *id, QUND_STR_NONE);
}

static int mark_koc(struct qund_crm *crm, int64_t grp, int64_t contact, int64_t now)
{
    return qund_crm_run(crm->db,
                        "INSERT INTO member(grp, contact, state_ts, left_at, role) VALUES(:grp, "
                        ":contact, 0, :now, :koc) ON CONFLICT DO UPDATE SET role = :koc",
                        CRM_ARGS(CRM_INT(":grp", grp), CRM_INT(":contact", contact),
                                 CRM_INT(":now", now), CRM_INT(":koc", QUND_ROLE_KOC)));
}

static int put_holder(struct qund_crm *crm, int64_t grp, const struct org_holder *h, size_t pos,
                      int64_t now)
{
    int64_t staff = 0, contact = 0;
    int rc = staff_id(crm, h->staff, &staff);

    if (rc == 0 && !h->staff.p)
        rc = customer_id(crm, &h->customer, now, &contact);
    if (rc == 0 && contact)
        rc = mark_koc(crm, grp, contact, now);
    if (rc < 0)
        return rc;
    return qund_crm_run(
        crm->db,
        "INSERT INTO role_holder(grp, role, actor_kind, staff, contact, evidence, pos, source) "
        "VALUES(:grp, :role, :kind, :staff, :contact, :evidence, :pos, 'file')",
        CRM_ARGS(CRM_INT(":grp", grp), CRM_STR(":role", h->role),
                 CRM_STR(":kind", staff ? QUND_STR("staff") : QUND_STR("invited_customer")),
                 CRM_INT(":staff", staff), CRM_INT(":contact", contact),
                 CRM_STR(":evidence", crm_text(h->evidence)), CRM_INT(":pos", (int64_t)pos)));
}

static int put_group(struct qund_crm *crm, const struct org_group *g, int64_t now)
{
    int64_t id = 0, manager = 0;
    int rc = group_id(crm, &g->id, now, &id);

    if (rc == 0)
        rc = staff_id(crm, g->manager, &manager);
    if (rc == 0)
        rc =
            qund_crm_run(crm->db,
                         "UPDATE grp SET name = ifnull(:name, name), zone = :zone, place = :place, "
                         "type = CASE WHEN :type < 0 THEN type ELSE :type END, "
                         "state = CASE WHEN :state < 0 THEN 0 ELSE :state END, "
                         "internal = CASE WHEN :internal < 0 THEN internal ELSE :internal END, "
                         "room_dedupe = CASE WHEN :dedupe < 0 THEN room_dedupe ELSE :dedupe END, "
                         "shared = CASE WHEN :shared < 0 THEN shared ELSE :shared END, "
                         "manager = :manager, source = 'file' WHERE id = :id",
                         CRM_ARGS(CRM_STR(":name", g->name), CRM_STR(":zone", g->zone),
                                  CRM_STR(":place", g->place), CRM_INT(":type", g->type),
                                  CRM_INT(":state", g->state), CRM_INT(":internal", g->internal),
                                  CRM_INT(":dedupe", g->room_dedupe), CRM_INT(":shared", g->shared),
                                  CRM_INT(":manager", manager), CRM_INT(":id", id)));
    if (rc == 0 && g->has_tags)
        rc = qund_crm_run(crm->db, "DELETE FROM grp_tag WHERE grp = :id",
                          CRM_ARGS(CRM_INT(":id", id)));
    for (size_t i = 0; rc == 0 && i < g->n_tags; i++)
        rc = qund_crm_run(crm->db,
                          "INSERT INTO grp_tag(grp, tag) VALUES(:id, :tag) ON CONFLICT DO NOTHING",
                          CRM_ARGS(CRM_INT(":id", id), CRM_STR(":tag", g->tags[i])));
    for (size_t i = 0; rc == 0 && i < g->n_holders; i++)
        rc = put_holder(crm, id, &g->holders[i], i, now);
    return rc;
}

/* --- rosters --- */

static int put_scope(struct qund_crm *crm, int64_t roster, const struct org_scope *s, int64_t now)
{
    int64_t grp = 0;
    int rc = s->group.id.p ? group_id(crm, &s->group, now, &grp) : QUND_OK;

    if (rc < 0)
        return rc;
    return qund_crm_run(crm->db,
                        "INSERT INTO roster_scope(roster, kind, value, grp) VALUES(:roster, :kind, "
                        ":value, :grp) ON CONFLICT DO NOTHING",
                        CRM_ARGS(CRM_INT(":roster", roster), CRM_STR(":kind", qund_str(s->kind)),
                                 CRM_STR(":value", crm_text(s->value)), CRM_INT(":grp", grp)));
}

static int put_shift(struct qund_crm *crm, int64_t roster, const struct org_shift *s)
{
    int64_t staff;
    int rc = staff_id(crm, s->staff, &staff);

    if (rc < 0)
        return rc;
    return qund_crm_run(crm->db,
                        "INSERT INTO shift(roster, weekly, day, from_min, to_min, staff) "
                        "VALUES(:roster, :weekly, :day, :from, :to, :staff)",
                        CRM_ARGS(CRM_INT(":roster", roster), CRM_INT(":weekly", s->weekly),
                                 CRM_INT(":day", s->day), CRM_INT(":from", s->from_min),
                                 CRM_INT(":to", s->to_min), CRM_INT(":staff", staff)));
}

static int roster_head(struct qund_crm *crm, const struct org_roster *p, const char *source,
                       int64_t *id)
{
    static const char *const empty[] = {"DELETE FROM roster_scope WHERE roster = :roster",
                                        "DELETE FROM roster_role WHERE roster = :roster",
                                        "DELETE FROM shift WHERE roster = :roster"};
    int64_t on_call;
    int rc = staff_id(crm, p->on_call, &on_call);

    if (rc == 0)
        rc = qund_crm_run(
            crm->db,
            "INSERT INTO roster(key, active, holidays, on_call, source) VALUES(:key, 1, :holidays, "
            ":on_call, :source) ON CONFLICT(key) DO UPDATE SET active = 1, holidays = :holidays, "
            "on_call = :on_call, source = :source",
            CRM_ARGS(CRM_STR(":key", p->key), CRM_INT(":holidays", p->holidays),
                     CRM_INT(":on_call", on_call), CRM_STR(":source", qund_str(source))));
    if (rc == 0)
        rc = qund_crm_ask(crm->db, "SELECT id FROM roster WHERE key = :key",
                          CRM_ARGS(CRM_STR(":key", p->key)), id);
    for (size_t i = 0; rc == 0 && i < QUND_ARRAY_LEN(empty); i++)
        rc = qund_crm_run(crm->db, empty[i], CRM_ARGS(CRM_INT(":roster", *id)));
    return rc;
}

int qund_org_put_roster(struct qund_crm *crm, const struct org_roster *p, const char *source,
                        int64_t now)
{
    int64_t id = 0;
    int rc = roster_head(crm, p, source, &id);

    for (size_t i = 0; rc == 0 && i < p->n_scopes; i++)
        rc = put_scope(crm, id, &p->scopes[i], now);
    for (size_t i = 0; rc == 0 && i < p->n_roles; i++)
        rc = qund_crm_run(crm->db,
                          "INSERT INTO roster_role(roster, role) VALUES(:roster, :role) "
                          "ON CONFLICT DO NOTHING",
                          CRM_ARGS(CRM_INT(":roster", id), CRM_STR(":role", p->roles[i])));
    for (size_t i = 0; rc == 0 && i < p->n_shifts; i++)
        rc = put_shift(crm, id, &p->shifts[i]);
    return rc;
}

int qund_org_put_leave(struct qund_crm *crm, const struct org_leave *l, const char *source)
{
    int64_t staff, stand_in;
    int rc = staff_id(crm, l->staff, &staff);

    if (rc == 0)
        rc = staff_id(crm, l->stand_in, &stand_in);
    if (rc < 0)
        return rc;
    return qund_crm_run(crm->db,
                        "INSERT INTO leave(staff, from_day, to_day, stand_in, source) "
                        "VALUES(:staff, :from, :to, :stand_in, :source)",
                        CRM_ARGS(CRM_INT(":staff", staff), CRM_INT(":from", l->from_day),
                                 CRM_INT(":to", l->to_day), CRM_INT(":stand_in", stand_in),
                                 CRM_STR(":source", qund_str(source))));
}

/* --- the whole --- */

int qund_org_applied(struct qund_db *db, char out[65])
{
    QUND_AUTO(qund_buf_done) struct qund_buf digest = {0};
    int rc = qund_meta_str(db, DIGEST_KEY, &digest);

    out[0] = '\0';
    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? QUND_OK : rc;
    if (digest.n == 64)
        memcpy(out, digest.p, 65);
    return QUND_OK;
}

static void answer(const struct qund_org *org, bool applied, struct qund_buf *reply)
{
    struct qund_jw w;

    if (!reply)
        return;
    w = qund_jw(reply);
    qund_jw_obj(&w);
    qund_jw_kbool(&w, "applied", applied);
    qund_jw_kint(&w, "staff", (int64_t)org->n_staff);
    qund_jw_kint(&w, "groups", (int64_t)org->n_groups);
    qund_jw_kint(&w, "rosters", (int64_t)org->n_rosters);
    qund_jw_kint(&w, "leave", (int64_t)org->n_leave);
    qund_jw_end_obj(&w);
}

static int put_all(struct qund_crm *crm, const struct qund_org *org, int64_t now)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < QUND_ARRAY_LEN(RELEASE); i++)
        rc = qund_db_exec(crm->db, RELEASE[i]);
    if (rc == 0)
        rc = put_all_staff(crm, org);
    for (size_t i = 0; rc == 0 && i < org->n_groups; i++)
        rc = put_group(crm, &org->groups[i], now);
    for (size_t i = 0; rc == 0 && i < org->n_rosters; i++)
        rc = qund_org_put_roster(crm, &org->rosters[i], "file", now);
    for (size_t i = 0; rc == 0 && i < org->n_leave; i++)
        rc = qund_org_put_leave(crm, &org->leave[i], "file");
    if (rc == 0)
        rc = qund_meta_set_str(crm->db, DIGEST_KEY, qund_str(org->digest));
    return rc;
}

int qund_org_apply(struct qund_crm *crm, const struct qund_org *org, int64_t now,
                   struct qund_buf *reply, struct qund_err *err)
{
    char applied[65];
    int rc = qund_org_applied(crm->db, applied);

    if (rc == 0 && strcmp(applied, org->digest) == 0) {
        answer(org, false, reply);
        return 0;
    }
    if (rc == 0)
        rc = put_all(crm, org, now);
    if (rc < 0)
        return qund_err_set(err, rc, "org.yaml", "cannot be applied: %s", qund_db_error(crm->db));
    qund_crm_groups_clear(crm);
    qund_crm_org_changed(crm);
    answer(org, true, reply);
    return 1;
}
