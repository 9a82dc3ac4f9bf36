/* src/crm/command_sql.c - what the faces may change, as a table of names.
 *
 * A command's body is a flat JSON object; here it becomes calls of the same functions that events
 * use, inside the engine's transaction, so that a person's click and a message leave the same kind
 * of row. Rosters and leave read their body themselves (command_roster_sql.c). */
#include "core/zone.h"
#include "crm/body.h"
#include "crm/command_parts.h"
#include "crm/import.h"
#include "crm/internal.h"
#include "crm/org_parts.h"

/* --- small steps --- */

int qund_crm_cmd_answer(struct crm_cmd *c, const char *key, int64_t v)
{
    struct qund_jw w = qund_jw(c->reply);

    qund_jw_obj(&w);
    qund_jw_kint(&w, key, v);
    qund_jw_end_obj(&w);
    return QUND_OK;
}

static int missing(struct crm_cmd *c, const char *what, struct qund_str s)
{
    return qund_err_set(c->err, QUND_E_NOTFOUND, what, "there is no '%.*s'",
                        QUND_STR_ARG(qund_utf8_cut(s, 60)));
}

static int contact_arg(struct crm_cmd *c, size_t i, struct qund_crm_contact **out)
{
    int64_t id;
    int rc = qund_crm_body_int(c->v[i], "contact", 0, &id, c->err);

    if (rc == 0)
        rc = qund_crm_contact_by_id(c->crm, id, out);
    return rc == QUND_E_NOTFOUND ? missing(c, "contact", c->v[i]) : rc;
}

/* A staff key; absent gives 0, "-" too (nobody). */
static int staff_arg(struct crm_cmd *c, size_t i, int64_t *id)
{
    int rc;

    *id = 0;
    if (!c->v[i].n || qund_str_is(c->v[i], "-"))
        return QUND_OK;
    rc = qund_crm_ask(c->crm->db, "SELECT id FROM staff WHERE key = :key",
                      CRM_ARGS(CRM_STR(":key", c->v[i])), id);
    return rc == QUND_E_NOTFOUND ? missing(c, "staff", c->v[i]) : rc;
}

static int group_arg(struct crm_cmd *c, size_t i, struct qund_crm_group **out)
{
    int64_t id;
    int rc = qund_crm_body_int(c->v[i], "group", 0, &id, c->err);

    if (rc == 0)
        rc = qund_crm_group_by_id(c->crm, id, out);
    if (rc == QUND_E_NOTFOUND)
        return missing(c, "group", c->v[i]);
    if (rc == 0 && (*out)->managed)
        return qund_err_set(c->err, QUND_E_DENIED, "managed_by_file",
                            "this group is named in org.yaml: change it there");
    return rc;
}

/* What a person names in a command is taken as it is or refused: nothing of it is cut. */
static int name_check(struct crm_cmd *c, const char *key, struct qund_str s)
{
    QUND_AUTO(qund_buf_done) struct qund_buf line = {0};

    qund_buf_line(&line, s);
    if (s.n <= CRM_NAME_MAX && qund_str_eq(qund_buf_view(&line), s))
        return QUND_OK;
    return qund_err_set(c->err, QUND_E_INVAL, key,
                        "a text of one line and at most %d bytes is expected", CRM_NAME_MAX);
}

static int tag_check(struct crm_cmd *c, const char *key, struct qund_str tag)
{
    if (qund_crm_tag_named(tag))
        return QUND_OK;
    return qund_err_set(c->err, QUND_E_INVAL, key,
                        "1 to %d bytes, none of , ; | and no control characters, no blanks at its "
                        "ends",
                        CRM_TAG_MAX);
}

/* --- people --- */

static int contact_update(struct crm_cmd *c)
{
    struct qund_crm_contact *p;
    struct qund_str name = c->v[1];
    struct qund_crm_entry *e;
    int rc = contact_arg(c, 0, &p);

    if (rc == 0)
        rc = name_check(c, "name", name);
    if (rc < 0)
        return rc;
    if (!name.n)
        return qund_err_set(c->err, QUND_E_INVAL, "name", "is missing");
    e = qund_crm_entry_at(&c->crm->contacts, qund_crm_entry_no(c->crm, (void *)p));
    e->name_hash = qund_crm_hash_text(name);
    e->name_ts = c->now > e->name_ts ? c->now : e->name_ts;
    rc = qund_crm_run(
        c->crm->db, "UPDATE contact SET name = :name, name_ts = :ts WHERE id = :id",
        CRM_ARGS(CRM_STR(":name", name), CRM_INT(":ts", e->name_ts), CRM_INT(":id", p->id)));
    return rc < 0 ? rc : qund_crm_cmd_answer(c, "contact", p->id);
}

static int contact_opt_out(struct crm_cmd *c)
{
    struct qund_crm_contact *p;
    bool on;
    int rc = contact_arg(c, 0, &p);

    if (rc == 0)
        rc = qund_crm_body_bool(c->v[1], "opt_out", true, &on, c->err);
    if (rc == 0)
        rc = qund_crm_opt_out(c->crm, p, on, c->v[2], 0, c->now);
    return rc < 0 ? rc : qund_crm_cmd_answer(c, "changed", rc);
}

static int tag_add(struct crm_cmd *c)
{
    struct qund_crm_contact *p;
    struct qund_crm_tag tag = {
        .name = c->v[1], .attribute = true, .origin = QUND_TAG_MANUAL, .at = c->now};
    int64_t for_ms = 0;
    int rc = contact_arg(c, 0, &p);

    if (rc == 0 && c->v[2].n && qund_str_duration(c->v[2], &for_ms) < 0)
        rc = qund_err_set(c->err, QUND_E_INVAL, "for", "write 12h or 7d");
    if (rc == 0)
        rc = tag_check(c, "tag", c->v[1]);
    if (rc < 0)
        return rc;
    tag.expires = for_ms ? c->now + for_ms : 0;
    rc = qund_crm_tag_add(c->crm, p, &tag);
    if (rc == QUND_E_INVAL)
        return qund_err_set(c->err, rc, "tag", "at most %d tags a person", CRM_TAGS_MAX);
    return rc < 0 ? rc : qund_crm_cmd_answer(c, "changed", rc);
}

static int tag_remove(struct crm_cmd *c)
{
    struct qund_crm_contact *p;
    int rc = contact_arg(c, 0, &p);

    if (rc == 0)
        rc = qund_crm_tag_remove(c->crm, p, crm_text(c->v[1]));
    return rc < 0 ? rc : qund_crm_cmd_answer(c, "changed", rc);
}

/* changed: its stage is another one now. */
static int answer_lead(struct crm_cmd *c, int64_t contact, bool changed)
{
    struct qund_jw w = qund_jw(c->reply);

    qund_jw_obj(&w);
    qund_jw_kint(&w, "contact", contact);
    qund_jw_kint(&w, "changed", changed);
    qund_jw_end_obj(&w);
    return QUND_OK;
}

static int lead_update(struct crm_cmd *c)
{
    struct qund_crm_contact *p;
    int64_t owner = 0, add = 0;
    int rc = contact_arg(c, 0, &p), moved = 0;

    if (rc == 0)
        rc = staff_arg(c, 3, &owner);
    if (rc == 0 && c->v[1].n)
        rc = qund_crm_stage_check(c->crm, c->v[1], c->err);
    if (rc == 0)
        rc = qund_crm_body_int(c->v[4], "score_add", 0, &add, c->err);
    if (rc < 0)
        return rc;
    rc = qund_crm_lead_make(c->crm, p->id, c->now);
    if (rc == 0 && add)
        rc = qund_crm_lead_score(c->crm, p, add, QUND_STR("manual"), 0, c->now);
    if (rc == 0 && c->v[1].n)
        rc = moved = qund_crm_lead_stage(c->crm, p, c->v[1], 0, c->now);
    if (rc == QUND_E_INVAL)
        return qund_err_set(c->err, rc, "score_add", "a score is at most one million");
    if (rc >= 0)
        rc = qund_crm_run(
            c->crm->db,
            "UPDATE lead SET pool = CASE WHEN :pool = '' THEN pool ELSE :pool END, "
            "owner = CASE WHEN :set THEN :owner ELSE owner END, updated = max(updated, :now) "
            "WHERE contact = :id",
            CRM_ARGS(CRM_STR(":pool", crm_text(qund_crm_cut_name(c->v[2]))),
                     CRM_INT(":set", c->v[3].n > 0), CRM_INT(":owner", owner),
                     CRM_INT(":now", c->now), CRM_INT(":id", p->id)));
    return rc < 0 ? rc : answer_lead(c, p->id, moved > 0);
}

/* --- groups, staff, roles --- */

static int word_arg(struct crm_cmd *c, size_t i, const char *key, int (*parse)(struct qund_str),
                    int64_t *out)
{
    int v = c->v[i].n ? parse(c->v[i]) : -1;

    *out = v;
    if (!c->v[i].n || v >= 0)
        return QUND_OK;
    return qund_err_set(c->err, QUND_E_INVAL, key, "'%.*s' is not known",
                        QUND_STR_ARG(qund_utf8_cut(c->v[i], 60)));
}

static int group_tags_check(struct crm_cmd *c, struct qund_str tags)
{
    int rc = QUND_OK;

    if (!tags.n)
        tags = QUND_STR_NONE; /* an empty list: none any more */
    while (rc == 0 && tags.p)
        rc = tag_check(c, "tags", qund_str_split(&tags, '\n'));
    return rc;
}

static int zone_check(struct crm_cmd *c, struct qund_str zone)
{
    QUND_AUTO(qund_zone_free) struct qund_zone *found = NULL;
    struct qund_err why = {0};

    if (!zone.n ||
        qund_zone_load(NULL, qund_arena_dup(c->arena, zone.p, zone.n), &found, &why) == 0)
        return QUND_OK;
    return qund_err_set(c->err, QUND_E_INVAL, "zone", "no such time zone here: %s", why.text);
}

static int put_group_tags(struct crm_cmd *c, int64_t id, struct qund_str tags)
{
    int rc = qund_crm_run(c->crm->db, "DELETE FROM grp_tag WHERE grp = :id",
                          CRM_ARGS(CRM_INT(":id", id)));

    while (rc == 0 && tags.n) {
        struct qund_str tag = qund_str_split(&tags, '\n');

        rc = qund_crm_run(c->crm->db,
                          "INSERT INTO grp_tag(grp, tag) VALUES(:id, :tag) "
                          "ON CONFLICT DO NOTHING",
                          CRM_ARGS(CRM_INT(":id", id), CRM_STR(":tag", tag)));
    }
    return rc;
}

enum {
    G_GROUP,
    G_NAME,
    G_TYPE,
    G_STATE,
    G_TAGS,
    G_ZONE,
    G_PLACE,
    G_MANAGER,
    G_INTERNAL,
    G_DEDUPE,
    G_SHARED
};

static int group_update(struct crm_cmd *c)
{
    struct qund_crm_group *g;
    int64_t type = -1, state = -1, manager = 0, id;
    bool internal = false, dedupe = true, shared = false;
    int rc = group_arg(c, G_GROUP, &g);

    if (rc == 0)
        rc = name_check(c, "name", c->v[G_NAME]);
    if (rc == 0)
        rc = name_check(c, "place", c->v[G_PLACE]);
    if (rc == 0)
        rc = group_tags_check(c, c->v[G_TAGS]);
    if (rc == 0)
        rc = zone_check(c, c->v[G_ZONE]);
    if (rc == 0)
        rc = word_arg(c, G_TYPE, "type", qund_group_type_parse, &type);
    if (rc == 0)
        rc = word_arg(c, G_STATE, "state", qund_group_state_parse, &state);
    if (rc == 0)
        rc = staff_arg(c, G_MANAGER, &manager);
    if (rc == 0)
        rc = qund_crm_body_bool(c->v[G_INTERNAL], "internal", g->internal, &internal, c->err);
    if (rc == 0)
        rc = qund_crm_body_bool(c->v[G_DEDUPE], "room_dedupe", g->room_dedupe, &dedupe, c->err);
    if (rc == 0)
        rc = qund_crm_body_bool(c->v[G_SHARED], "shared", g->shared, &shared, c->err);
    if (rc < 0)
        return rc;
    id = g->id;
    rc = qund_crm_run(
        c->crm->db,
        "UPDATE grp SET name = ifnull(:name, name), zone = ifnull(:zone, zone), "
        "place = ifnull(:place, place), type = CASE WHEN :type < 0 THEN type ELSE :type END, "
        "state = CASE WHEN :state < 0 THEN state ELSE :state END, internal = :internal, "
        "room_dedupe = :dedupe, shared = :shared, "
        "manager = CASE WHEN :set THEN :manager ELSE manager END "
        "WHERE id = :id",
        CRM_ARGS(CRM_STR(":name", c->v[G_NAME]), CRM_STR(":zone", c->v[G_ZONE]),
                 CRM_STR(":place", c->v[G_PLACE]), CRM_INT(":type", type), CRM_INT(":state", state),
                 CRM_INT(":internal", internal), CRM_INT(":dedupe", dedupe),
                 CRM_INT(":shared", shared), CRM_INT(":set", c->v[G_MANAGER].n > 0),
                 CRM_INT(":manager", manager), CRM_INT(":id", id)));
    if (rc == 0 && c->v[G_TAGS].p)
        rc = put_group_tags(c, id, c->v[G_TAGS]);
    if (rc < 0)
        return rc;
    qund_crm_group_drop(c->crm, id);
    qund_crm_org_changed(c->crm);
    return qund_crm_cmd_answer(c, "group", id);
}

static int staff_upsert(struct crm_cmd *c)
{
    struct qund_crm_staff s = {.key = c->v[0], .name = c->v[1], .realm = c->v[3], .pid = c->v[4]};
    struct qund_str push = c->v[5];
    int64_t id = 0, pos = 0;
    int rc = qund_crm_body_bool(c->v[2], "active", true, &s.active, c->err);

    if (rc == 0 && s.pid.n && !s.realm.n)
        rc = qund_err_set(c->err, QUND_E_INVAL, "realm", "is missing beside id");
    if (rc == 0)
        rc = name_check(c, "name", s.name);
    if (rc == 0)
        rc = qund_crm_staff_put(c->crm, &s, &id, c->err);
    if (rc >= 0 && push.p)
        rc = qund_crm_run(c->crm->db, "DELETE FROM staff_push WHERE staff = :id",
                          CRM_ARGS(CRM_INT(":id", id)));
    while (rc >= 0 && push.n) {
        struct qund_str to = qund_str_split(&push, '\n');

        if (to.n)
            rc = qund_crm_run(
                c->crm->db, "INSERT INTO staff_push(staff, pos, target) VALUES(:id, :pos, :to)",
                CRM_ARGS(CRM_INT(":id", id), CRM_INT(":pos", pos++), CRM_STR(":to", to)));
    }
    if (rc < 0)
        return rc;
    qund_crm_org_changed(c->crm);
    return qund_crm_cmd_answer(c, "staff", id);
}

enum { R_GROUP, R_ROLE, R_STAFF, R_CONTACT, R_EVIDENCE, R_REMOVE };

static int judge_role(struct crm_cmd *c, int64_t staff, const struct qund_crm_contact *p)
{
    if (!qund_org_role_known(crm_text(c->v[R_ROLE])))
        return qund_err_set(c->err, QUND_E_INVAL, "role", "is not known");
    if (!staff == !p)
        return qund_err_set(c->err, QUND_E_INVAL, "staff", "name a staff or a contact, not both");
    if (staff && qund_str_is(c->v[R_ROLE], "koc_fan"))
        return qund_err_set(c->err, QUND_E_INVAL, "staff",
                            "koc_fan is an invited real customer; staff may not pose as customers");
    if (p && !c->v[R_EVIDENCE].n)
        return qund_err_set(c->err, QUND_E_INVAL, "evidence",
                            "an invited customer needs an order, a visit or an invitation");
    return QUND_OK;
}

static int mark_member(struct crm_cmd *c, int64_t grp, int64_t contact, bool koc)
{
    return qund_crm_run(c->crm->db,
                        "INSERT INTO member(grp, contact, state_ts, left_at, role) VALUES(:grp, "
                        ":contact, 0, :now, :role) ON CONFLICT DO UPDATE SET role = :role",
                        CRM_ARGS(CRM_INT(":grp", grp), CRM_INT(":contact", contact),
                                 CRM_INT(":now", c->now),
                                 CRM_INT(":role", koc ? QUND_ROLE_KOC : QUND_ROLE_NONE)));
}

static int role_assign(struct crm_cmd *c)
{
    struct qund_crm_group *g;
    struct qund_crm_contact *p = NULL;
    int64_t staff = 0;
    bool remove;
    int rc = group_arg(c, R_GROUP, &g);

    if (rc == 0)
        rc = staff_arg(c, R_STAFF, &staff);
    if (rc == 0 && c->v[R_CONTACT].n)
        rc = contact_arg(c, R_CONTACT, &p);
    if (rc == 0)
        rc = qund_crm_body_bool(c->v[R_REMOVE], "remove", false, &remove, c->err);
    if (rc == 0 && !remove)
        rc = judge_role(c, staff, p);
    if (rc == 0)
        rc = qund_crm_run(c->crm->db,
                          "DELETE FROM role_holder WHERE grp = :grp AND role = :role AND "
                          "staff = :staff AND contact = :contact",
                          CRM_ARGS(CRM_INT(":grp", g->id), CRM_STR(":role", crm_text(c->v[R_ROLE])),
                                   CRM_INT(":staff", staff), CRM_INT(":contact", p ? p->id : 0)));
    if (rc == 0 && !remove)
        rc = qund_crm_run(
            c->crm->db,
            "INSERT INTO role_holder(grp, role, actor_kind, staff, contact, evidence, pos) "
            "SELECT :grp, :role, :kind, :staff, :contact, :evidence, ifnull(max(pos) + 1, 0) "
            "FROM role_holder WHERE grp = :grp AND role = :role",
            CRM_ARGS(CRM_INT(":grp", g->id), CRM_STR(":role", c->v[R_ROLE]),
                     CRM_STR(":kind", staff ? QUND_STR("staff") : QUND_STR("invited_customer")),
                     CRM_INT(":staff", staff), CRM_INT(":contact", p ? p->id : 0),
                     CRM_STR(":evidence", crm_text(qund_crm_cut_name(c->v[R_EVIDENCE])))));
    if (rc == 0 && p)
        rc = mark_member(c, g->id, p->id, !remove);
    if (rc < 0)
        return rc;
    qund_crm_org_changed(c->crm);
    return qund_crm_cmd_answer(c, "group", g->id);
}

/* --- the table --- */

static const struct {
    const char *name;
    const char *keys[12]; /* none: the whole body is read by the command */
    int (*apply)(struct crm_cmd *c);
} COMMANDS[] = {
    {"contact.update", {"contact", "name"}, contact_update},
    {"contact.opt_out", {"contact", "opt_out", "proof"}, contact_opt_out},
    {"tag.add", {"contact", "tag", "for"}, tag_add},
    {"tag.remove", {"contact", "tag"}, tag_remove},
    {"lead.update", {"contact", "stage", "pool", "owner", "score_add"}, lead_update},
    {"group.update",
     {"group", "name", "type", "state", "tags", "zone", "place", "manager", "internal",
      "room_dedupe", "shared"},
     group_update},
    {"staff.upsert", {"key", "name", "active", "realm", "id", "push"}, staff_upsert},
    {"role.assign", {"group", "role", "staff", "contact", "evidence", "remove"}, role_assign},
    {"roster.put", {NULL}, qund_crm_cmd_roster_put},
    {"roster.remove", {"id"}, qund_crm_cmd_roster_remove},
    {"leave.add", {NULL}, qund_crm_cmd_leave_add},
    {"leave.remove", {"leave"}, qund_crm_cmd_leave_remove},
};

static int import_table(const char *name)
{
    struct qund_str s = qund_str(name);

    if (!qund_str_starts(s, "import."))
        return QUND_E_NOTFOUND;
    return qund_table_parse(qund_str_n(s.p + 7, s.n - 7));
}

static size_t find(const char *name)
{
    size_t i = 0;

    while (i < QUND_ARRAY_LEN(COMMANDS) && strcmp(COMMANDS[i].name, name) != 0)
        i++;
    return i;
}

bool qund_crm_command_known(const char *name)
{
    return find(name) < QUND_ARRAY_LEN(COMMANDS) || import_table(name) >= 0;
}

int qund_crm_command(struct qund_crm *crm, const char *name, struct qund_str body, int64_t now,
                     struct qund_buf *reply, struct qund_err *err)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(16u << 10);
    struct crm_cmd c = {
        .crm = crm, .body = body, .now = now, .arena = arena, .reply = reply, .err = err};
    int table = import_table(name);
    size_t i = find(name), n = 0;
    struct qund_jr jr;
    int rc;

    if (table >= 0)
        return qund_crm_import_apply(crm, (enum qund_table)table, body, now, reply, err);
    if (i == QUND_ARRAY_LEN(COMMANDS))
        return qund_err_set(err, QUND_E_NOTFOUND, name, "no such command");
    qund_jr_init(&jr, body, arena, 16);
    while (COMMANDS[i].keys[n])
        n++;
    rc =
        n ? qund_crm_body_read(&jr, arena, COMMANDS[i].keys, n, c.v, err) : qund_jr_skip(&jr, NULL);
    if (rc == 0)
        rc = qund_jr_end(&jr);
    if (rc < 0)
        return jr.why ? qund_err_set(err, QUND_E_INVAL, "body", "%s at byte %zu", jr.why, jr.at)
                      : rc;
    return COMMANDS[i].apply(&c);
}
