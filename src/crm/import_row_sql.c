/* src/crm/import_row_sql.c - one imported row: judged, matched with a person, written.
 *
 * Who a row speaks of is found by identity, else by phone, else by room and name within the group;
 * a phone that several people share matches nobody, and the row is an error, because a wrong merge
 * cannot be seen later. For the same reason a phone never joins two ids of one realm: families and
 * shops share a number. A row is judged whole before anything of it is written. What the store
 * knows from the person's own words is not overwritten by a file: names fill gaps, facts are added.
 */
#include "core/zone.h"
#include "crm/body.h"
#include "crm/import_parts.h"
#include "text/phone.h"
#include "text/room.h"

enum { ITEMS_MAX = 8192 };

/* --- judging --- */

/* The next of a list separated by line breaks, ';' or '|'. */
static struct qund_str next_item(struct qund_str *rest)
{
    size_t n = 0;
    struct qund_str item;

    while (n < rest->n && !memchr("\n;|", rest->p[n], 3))
        n++;
    item = qund_str_trim(qund_str_n(rest->p, n));
    *rest = n < rest->n ? qund_str_n(rest->p + n + 1, rest->n - n - 1) : QUND_STR_NONE;
    return item;
}

static int judge_phone(struct import_row *r, struct qund_arena *arena, struct qund_err *err)
{
    struct qund_phone found[2];
    size_t n;

    if (!r->v[COL_PHONE].n)
        return QUND_OK;
    n = qund_phone_find(r->v[COL_PHONE], found, 2);
    if (n != 1)
        return qund_err_set(err, QUND_E_INVAL, "phone",
                            "'%.*s' is not one mainland mobile number of 11 digits",
                            QUND_STR_ARG(qund_utf8_cut(r->v[COL_PHONE], 40)));
    r->phone = qund_str(qund_arena_dup(arena, found[0].text, strlen(found[0].text)));
    return QUND_OK;
}

static int judge_room(struct import_row *r, struct qund_arena *arena, struct qund_err *err)
{
    char room[QUND_ROOM_TEXT_MAX];

    if (!qund_str_trim(r->v[COL_ROOM]).n)
        return QUND_OK;
    if (!qund_room_field(r->v[COL_ROOM], room))
        return qund_err_set(err, QUND_E_INVAL, "room",
                            "'%.*s' is no room; write 3-2-1502 (building-unit-room), 3栋2单元1502, "
                            "A座1203 or 别墅12号, or leave it empty",
                            QUND_STR_ARG(qund_utf8_cut(r->v[COL_ROOM], 60)));
    r->room = qund_str(qund_arena_dup(arena, room, strlen(room)));
    return QUND_OK;
}

/* Seconds of today are January to April 1970 in milliseconds, when nobody paid anything here. */
static int judge_time(const struct import_row *r, enum qund_column col, int64_t *out,
                      struct qund_err *err)
{
    struct qund_str s = r->v[col];
    bool number = s.n && qund_str_int(s, out) == 0;

    if (!s.n)
        *out = 0;
    if (number && *out >= INT64_C(1000000000) && *out < INT64_C(10000000000))
        return qund_err_set(err, QUND_E_INVAL, qund_column_name(col),
                            "%lld looks like seconds, milliseconds are wanted: %lld000",
                            (long long)*out, (long long)*out);
    if (!s.n || number || qund_iso_parse(s, out) == 0)
        return QUND_OK;
    return qund_err_set(err, QUND_E_INVAL, qund_column_name(col),
                        "'%.*s' is no time; write 2025-09-15T08:30:00+08:00 or milliseconds since "
                        "1970",
                        QUND_STR_ARG(qund_utf8_cut(s, 40)));
}

static int judge_times(struct import_row *r, struct qund_err *err)
{
    int64_t seen; /* of an export; kept is what happens from now on */
    int rc = judge_time(r, COL_PAID_AT, &r->paid_at, err);

    if (rc == 0)
        rc = judge_time(r, COL_FIRST_SEEN, &seen, err);
    return rc < 0 ? rc : judge_time(r, COL_LAST_SEEN, &seen, err);
}

static int judge_tags(const struct import_row *r, struct qund_err *err)
{
    struct qund_str rest = r->v[COL_TAGS];

    while (rest.p) {
        struct qund_str tag = next_item(&rest);

        if (tag.n && !qund_crm_tag_named(tag))
            return qund_err_set(err, QUND_E_INVAL, "tags",
                                "'%.*s' is no tag: at most %d bytes, no comma; several are "
                                "separated by ;",
                                QUND_STR_ARG(qund_utf8_cut(tag, 60)), CRM_TAG_MAX);
    }
    return QUND_OK;
}

static int judge_owner(struct qund_crm *crm, struct import_row *r, struct qund_err *err)
{
    int rc;

    if (!r->v[COL_OWNER].n)
        return QUND_OK;
    rc = qund_crm_ask(crm->db, "SELECT id FROM staff WHERE key = :key",
                      CRM_ARGS(CRM_STR(":key", r->v[COL_OWNER])), &r->owner);
    if (rc != QUND_E_NOTFOUND)
        return rc;
    return qund_err_set(err, QUND_E_INVAL, "owner", "no staff has the id '%.*s'",
                        QUND_STR_ARG(qund_utf8_cut(r->v[COL_OWNER], 60)));
}

int qund_import_judge(struct import_chunk *ch, struct import_row *r, struct qund_err *err)
{
    int rc = judge_phone(r, ch->arena, err);

    r->realm = r->v[COL_REALM].n ? r->v[COL_REALM] : ch->realm;
    for (size_t i = 0; rc == 0 && i < COL_COUNT; i++)
        if (i != COL_ITEMS && r->v[i].n > 1024)
            rc = qund_err_set(err, QUND_E_INVAL, qund_column_name((enum qund_column)i),
                              "is longer than 1,024 bytes");
    if (rc == 0 && (r->v[COL_ID].n > CRM_PID_MAX || r->v[COL_GROUP].n > CRM_PID_MAX ||
                    r->v[COL_ORDER].n > CRM_PID_MAX || r->v[COL_KEY].n > CRM_PID_MAX))
        rc = qund_err_set(err, QUND_E_INVAL, "id", "is longer than %d bytes", CRM_PID_MAX);
    if (rc == 0 && r->v[COL_ITEMS].n > ITEMS_MAX)
        rc = qund_err_set(err, QUND_E_INVAL, "items", "is longer than %d bytes", ITEMS_MAX);
    if (rc == 0)
        rc = judge_room(r, ch->arena, err);
    if (rc == 0)
        rc = qund_crm_body_bool(r->v[COL_OPT_OUT], "opt_out", false, &r->opt_out, err);
    if (rc == 0)
        rc = qund_crm_body_bool(r->v[COL_ACTIVE], "active", true, &r->active, err);
    if (rc == 0)
        rc = qund_crm_body_int(r->v[COL_SCORE], "score", 0, &r->score, err);
    if (rc == 0 && (r->score > 1000000 || r->score < -1000000))
        rc = qund_err_set(err, QUND_E_INVAL, "score", "%lld lies outside -1000000 to 1000000",
                          (long long)r->score);
    if (rc == 0 && r->v[COL_STAGE].n)
        rc = qund_crm_stage_check(ch->crm, r->v[COL_STAGE], err);
    if (rc == 0)
        rc = qund_crm_body_int(r->v[COL_AMOUNT_CENT], "amount_cent", 0, &r->amount, err);
    if (rc == 0)
        rc = judge_times(r, err);
    if (rc == 0)
        rc = judge_tags(r, err);
    return rc < 0 ? rc : judge_owner(ch->crm, r, err);
}

/* --- whom it speaks of --- */

/* The only person of a query, NOTFOUND for none, EXISTS for several. */
static int only_one(struct qund_stmt *st, int64_t *id)
{
    int rc = qund_step(st);

    if (rc == 1) {
        *id = qund_col_int(st, 0);
        rc = qund_step(st);
        rc = rc == 1 ? QUND_E_EXISTS : rc;
    } else if (rc == 0) {
        rc = QUND_E_NOTFOUND;
    }
    qund_stmt_reset(st);
    return rc;
}

/* realm 0: any; else the row's id is new in it, and who has one there already is somebody else. */
static int by_phone(struct qund_crm *crm, struct qund_str phone, int64_t realm, int64_t *id)
{
    return only_one(
        qund_crm_stmt(crm->db,
                      "SELECT DISTINCT contact FROM contact_phone p WHERE phone = :phone "
                      "AND NOT EXISTS (SELECT 1 FROM identity i WHERE i.contact = p.contact "
                      "AND i.realm = :realm) LIMIT 2",
                      CRM_ARGS(CRM_STR(":phone", phone), CRM_INT(":realm", realm))),
        id);
}

static int by_room(struct qund_crm *crm, const struct qund_crm_group *g, const struct import_row *r,
                   int64_t *id)
{
    return only_one(
        qund_crm_stmt(crm->db,
                      "SELECT DISTINCT r.contact FROM member m JOIN contact_room r ON "
                      "r.contact = m.contact AND r.room = :room AND r.self = 1 AND r.grp = m.grp "
                      "JOIN contact c ON c.id = m.contact WHERE m.grp = :grp AND c.name = :name "
                      "LIMIT 2",
                      CRM_ARGS(CRM_STR(":room", r->room), CRM_INT(":grp", g->id),
                               CRM_STR(":name", r->v[COL_NAME]))),
        id);
}

/* NOTFOUND: nobody yet. */
static int find_person(struct import_chunk *ch, const struct import_row *r,
                       const struct qund_crm_group *g, int64_t *id, struct qund_err *err)
{
    int64_t realm = 0;
    int rc = QUND_E_NOTFOUND;

    if (r->v[COL_ID].n) {
        rc = qund_crm_realm(ch->crm, r->realm, &realm);
        if (rc == 0)
            rc = qund_crm_identity_find(ch->crm, realm, r->v[COL_ID], id);
    }
    if (rc == QUND_E_NOTFOUND && r->phone.n)
        rc = by_phone(ch->crm, r->phone, realm, id);
    if (rc == QUND_E_EXISTS)
        return qund_err_set(err, QUND_E_INVAL, "phone",
                            "belongs to several people; add realm and id to the row");
    if (rc == QUND_E_NOTFOUND && !r->v[COL_ID].n && g && r->room.n && r->v[COL_NAME].n)
        rc = by_room(ch->crm, g, r, id);
    if (rc == QUND_E_EXISTS)
        return qund_err_set(err, QUND_E_INVAL, "room",
                            "several people of this name live there; add realm and id");
    return rc;
}

/* Adds the row's identity to a person found otherwise. */
static int add_identity(struct import_chunk *ch, const struct import_row *r, int64_t id)
{
    int64_t realm, other;
    int rc;

    if (!r->v[COL_ID].n)
        return QUND_OK;
    rc = qund_crm_realm(ch->crm, r->realm, &realm);
    if (rc == 0)
        rc = qund_crm_identity_find(ch->crm, realm, r->v[COL_ID], &other);
    if (rc == QUND_E_NOTFOUND)
        rc = qund_crm_identity_add(ch->crm, realm, r->v[COL_ID], id, r->v[COL_NAME]);
    return rc;
}

/* 1 created, 0 found. */
static int person_of(struct import_chunk *ch, const struct import_row *r,
                     const struct qund_crm_group *g, struct qund_crm_contact **c,
                     struct qund_err *err)
{
    int64_t id = 0;
    int rc = find_person(ch, r, g, &id, err);
    bool created = rc == QUND_E_NOTFOUND;
    struct qund_str source = r->v[COL_SOURCE].n ? r->v[COL_SOURCE] : ch->source;

    if (created)
        rc = qund_crm_contact_insert(ch->crm, qund_crm_cut_name(r->v[COL_NAME]), ch->now,
                                     qund_crm_cut_name(source), &id);
    if (rc == 0)
        rc = add_identity(ch, r, id);
    if (rc == 0 && !created && r->v[COL_NAME].n)
        rc = qund_crm_run(
            ch->crm->db, "UPDATE contact SET name = :name WHERE id = :id AND name = ''",
            CRM_ARGS(CRM_STR(":name", qund_crm_cut_name(r->v[COL_NAME])), CRM_INT(":id", id)));
    if (rc == 0)
        rc = qund_crm_contact_by_id(ch->crm, id, c);
    return rc < 0 ? rc : created;
}

/* --- rows of each table --- */

static int add_tags(struct import_chunk *ch, const struct import_row *r, struct qund_crm_contact *c)
{
    struct qund_str rest = r->v[COL_TAGS];
    int rc = 0;

    while (rc >= 0 && rest.p) {
        struct qund_crm_tag tag = {.name = next_item(&rest), /* judged */
                                   .attribute = true,
                                   .origin = QUND_TAG_FILE,
                                   .at = ch->now};

        if (tag.name.n)
            rc = qund_crm_tag_add(ch->crm, c, &tag);
    }
    return rc < 0 ? rc : QUND_OK;
}

static int contact_row(struct import_chunk *ch, const struct import_row *r,
                       struct qund_crm_contact **c, struct qund_err *err)
{
    struct qund_crm_group *g = NULL;
    int rc = QUND_OK, created;

    if (!r->v[COL_ID].n && !r->phone.n && !(r->room.n && r->v[COL_GROUP].n))
        return qund_err_set(err, QUND_E_INVAL, "row",
                            "needs an id, a phone, or a group with a room, to say who it is");
    if (r->v[COL_GROUP].n)
        rc = qund_crm_group(ch->crm, r->realm, r->v[COL_GROUP], QUND_STR_NONE, ch->now, &g);
    created = rc < 0 ? rc : person_of(ch, r, g, c, err);
    if (created < 0)
        return created;
    rc = add_tags(ch, r, *c);
    if (rc >= 0 && g)
        rc = qund_crm_member_seen(ch->crm, g, *c, r->v[COL_NAME], ch->now);
    if (rc >= 0 && r->phone.n)
        rc = qund_crm_phone_add(ch->crm, *c, r->phone, 0, ch->now);
    if (rc >= 0 && r->room.n)
        rc = qund_crm_room_add(ch->crm, g, *c, r->room, true, 0, ch->now);
    if (rc >= 0 && r->opt_out)
        rc = qund_crm_opt_out(ch->crm, *c, true, ch->source, 0, ch->now);
    return rc < 0 ? rc : created;
}

static int apply_contact(struct import_chunk *ch, const struct import_row *r, struct qund_err *err)
{
    struct qund_crm_contact *c;

    return contact_row(ch, r, &c, err);
}

static int apply_lead(struct import_chunk *ch, const struct import_row *r, struct qund_err *err)
{
    struct qund_crm_contact *c;
    int64_t score = 0;
    int rc, created = contact_row(ch, r, &c, err);

    if (created < 0)
        return created;
    rc = qund_crm_lead_make(ch->crm, c->id, ch->now);
    if (rc == 0 && r->v[COL_SCORE].n) {
        rc = qund_crm_ask(ch->crm->db, "SELECT score FROM lead WHERE contact = :id",
                          CRM_ARGS(CRM_INT(":id", c->id)), &score);
        if (rc == 0 && score != r->score)
            rc = qund_crm_lead_score(ch->crm, c, r->score - score, QUND_STR("import"), 0, ch->now);
    }
    if (rc >= 0 && r->v[COL_STAGE].n)
        rc = qund_crm_lead_stage(ch->crm, c, r->v[COL_STAGE], 0, ch->now);
    if (rc >= 0)
        rc = qund_crm_run(ch->crm->db,
                          "UPDATE lead SET pool = CASE WHEN :pool = '' THEN pool ELSE :pool END, "
                          "owner = CASE WHEN :owner = 0 THEN owner ELSE :owner END "
                          "WHERE contact = :id",
                          CRM_ARGS(CRM_STR(":pool", crm_text(qund_crm_cut_name(r->v[COL_POOL]))),
                                   CRM_INT(":owner", r->owner), CRM_INT(":id", c->id)));
    return rc < 0 ? rc : created;
}

static int apply_order(struct import_chunk *ch, const struct import_row *r, struct qund_err *err)
{
    struct qund_crm_order o = {.order = r->v[COL_ORDER],
                               .phone = r->phone,
                               .items = r->v[COL_ITEMS],
                               .amount_cent = r->amount,
                               .paid_at = r->paid_at};
    int rc = QUND_OK;

    if (!o.order.n)
        return qund_err_set(err, QUND_E_INVAL, "order", "is missing");
    if (r->v[COL_ID].n || r->phone.n)
        rc = person_of(ch, r, NULL, &o.contact, err);
    if (rc >= 0 && r->phone.n)
        rc = qund_crm_phone_add(ch->crm, o.contact, r->phone, 0, ch->now);
    return rc < 0 ? rc : qund_crm_order_add(ch->crm, r->realm, &o);
}

static int put_push(struct import_chunk *ch, int64_t id, struct qund_str list)
{
    int64_t pos = 0;
    int rc = qund_crm_run(ch->crm->db, "DELETE FROM staff_push WHERE staff = :id",
                          CRM_ARGS(CRM_INT(":id", id)));

    while (rc == 0 && list.p) {
        struct qund_str to = next_item(&list);

        if (to.n)
            rc = qund_crm_run(
                ch->crm->db, "INSERT INTO staff_push(staff, pos, target) VALUES(:id, :pos, :to)",
                CRM_ARGS(CRM_INT(":id", id), CRM_INT(":pos", pos++), CRM_STR(":to", to)));
    }
    return rc;
}

static int apply_staff(struct import_chunk *ch, const struct import_row *r, struct qund_err *err)
{
    struct qund_crm_staff s = {.key = r->v[COL_KEY],
                               .name = r->v[COL_NAME],
                               .realm = r->realm,
                               .pid = r->v[COL_ID],
                               .active = r->active};
    int64_t id = 0;
    int rc = qund_crm_staff_put(ch->crm, &s, &id, err);

    if (rc >= 0 && r->v[COL_PUSH].n) {
        int pushed = put_push(ch, id, r->v[COL_PUSH]);

        rc = pushed < 0 ? pushed : rc;
    }
    return rc;
}

static int (*const APPLY[])(struct import_chunk *, const struct import_row *, struct qund_err *) = {
    [QUND_TABLE_CONTACTS] = apply_contact,
    [QUND_TABLE_LEADS] = apply_lead,
    [QUND_TABLE_STAFF] = apply_staff,
    [QUND_TABLE_ORDERS] = apply_order,
};

bool qund_import_takes(enum qund_table t)
{
    return (size_t)t < QUND_ARRAY_LEN(APPLY);
}

int qund_import_write(struct import_chunk *ch, const struct import_row *r, struct qund_err *err)
{
    return APPLY[ch->table](ch, r, err);
}
