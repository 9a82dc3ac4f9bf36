/* src/crm/room_sql.c - rooms, households and phone numbers.
 *
 * In a group of home owners the unit that counts is the household: husband, wife and mother-in-law
 * write, one flat is renovated. Who names their own room joins its household within the group's
 * place (several groups of one compound share it), else within the group.
 *
 * Rooms are said in degrees of fullness. A zone is part of the identity where both sides name one;
 * so "6-1-801" is the household of "二期/6-1-801" while that is the only one, and with a second
 * zone it is nobody's in particular and stays by itself. An unknown unit ("3-?-1502") is held to be
 * a known one only when the same person says both. What was learnt later completes the household's
 * key. */
#include "crm/internal.h"
#include <stdio.h>

enum { CRM_WITNESSES = 16, CRM_ROOMS_MAX = 64, CRM_PHONES_MAX = 32, CRM_ROOM_BYTES = 128 };

struct room_parts {
    struct qund_str zone, building, unit, room;
};

/* "[zone/]building-unit-room". A text of another shape is a room by itself. */
static struct room_parts split(struct qund_str s)
{
    struct room_parts p = {QUND_STR(""), QUND_STR(""), QUND_STR(""), s};
    ptrdiff_t slash = qund_str_find(s, 0, QUND_STR("/")), first, second;

    if (slash >= 0) {
        p.zone = qund_str_n(s.p, (size_t)slash);
        s = qund_str_n(s.p + slash + 1, s.n - (size_t)slash - 1);
        p.room = s;
    }
    first = qund_str_find(s, 0, QUND_STR("-"));
    second = first < 0 ? -1 : qund_str_find(s, (size_t)first + 1, QUND_STR("-"));
    if (second < 0)
        return p;
    p.building = qund_str_n(s.p, (size_t)first);
    p.unit = qund_str_n(s.p + first + 1, (size_t)(second - first - 1));
    p.room = qund_str_n(s.p + second + 1, s.n - (size_t)second - 1);
    return p;
}

static bool lives_in(struct qund_crm *crm, int64_t household, int64_t contact)
{
    struct qund_stmt *st = qund_sql(crm->db, "SELECT 1 FROM contact_room WHERE "
                                             "household = :household AND household > 0 AND "
                                             "contact = :contact LIMIT 1");
    bool yes;

    qund_assert(st);
    qund_bind_int(st, ":household", household);
    qund_bind_int(st, ":contact", contact);
    yes = qund_step(st) == 1;
    qund_stmt_reset(st);
    return yes;
}

struct choice {
    int64_t exact, own, only; /* household ids, 0: none */
    size_t fitting;
};

/* How one stored household fits what was said. */
static void weigh(struct qund_crm *crm, struct choice *ch, int64_t contact,
                  const struct room_parts *p, int64_t id, struct qund_str zone,
                  struct qund_str unit)
{
    bool same_zone = qund_str_eq(zone, p->zone), same_unit = qund_str_eq(unit, p->unit);
    bool zone_fits = same_zone || !zone.n || !p->zone.n;
    bool unit_open = qund_str_is(unit, "?") || qund_str_is(p->unit, "?");

    if (!zone_fits || (!same_unit && !unit_open))
        return;
    if (same_zone && same_unit && !ch->exact)
        ch->exact = id;
    if (!ch->own && lives_in(crm, id, contact))
        ch->own = id;
    if (same_unit) {
        ch->only = id;
        ch->fitting++;
    }
}

static int choose(struct qund_crm *crm, struct qund_str scope, int64_t contact,
                  const struct room_parts *p, int64_t *household)
{
    struct qund_stmt *st =
        qund_sql(crm->db, "SELECT id, zone, unit FROM household WHERE scope = :scope AND "
                          "building = :building AND room = :room ORDER BY id");
    struct choice ch = {0};
    int rc;

    qund_assert(st);
    qund_bind_str(st, ":scope", scope);
    qund_bind_str(st, ":building", p->building);
    qund_bind_str(st, ":room", p->room);
    while ((rc = qund_step(st)) == 1)
        weigh(crm, &ch, contact, p, qund_col_int(st, 0), qund_col_str(st, 1), qund_col_str(st, 2));
    qund_stmt_reset(st);
    *household = ch.exact ? ch.exact : ch.own ? ch.own : ch.fitting == 1 ? ch.only : 0;
    return rc;
}

static int complete(struct qund_crm *crm, int64_t household, const struct room_parts *p)
{
    struct qund_stmt *st = qund_sql(
        crm->db, "UPDATE household SET zone = CASE WHEN zone = '' THEN :zone ELSE zone END, "
                 "unit = CASE WHEN unit = '?' THEN :unit ELSE unit END WHERE id = :id AND "
                 "((zone = '' AND :zone <> '') OR (unit = '?' AND :unit <> '?'))");

    qund_assert(st);
    qund_bind_int(st, ":id", household);
    qund_bind_str(st, ":zone", p->zone);
    qund_bind_str(st, ":unit", p->unit);
    return qund_run(st);
}

static int household_of(struct qund_crm *crm, const struct qund_crm_group *g, int64_t contact,
                        struct qund_str room, int64_t ts, int64_t *household)
{
    QUND_AUTO(qund_buf_done) struct qund_buf scope = {0};
    struct room_parts p = split(room);
    struct qund_stmt *st;
    int rc;

    if (g->place.n)
        qund_buf_printf(&scope, "p:%.*s", QUND_STR_ARG(g->place));
    else
        qund_buf_printf(&scope, "g:%lld", (long long)g->id);
    rc = choose(crm, qund_buf_view(&scope), contact, &p, household);
    if (rc < 0 || *household)
        return rc < 0 ? rc : complete(crm, *household, &p);
    st = qund_sql(crm->db, "INSERT INTO household(scope, zone, building, unit, room, created) "
                           "VALUES(:scope, :zone, :building, :unit, :room, :ts)");
    qund_assert(st);
    qund_bind_str(st, ":scope", qund_buf_view(&scope));
    qund_bind_str(st, ":zone", p.zone);
    qund_bind_str(st, ":building", p.building);
    qund_bind_str(st, ":unit", p.unit);
    qund_bind_str(st, ":room", p.room);
    qund_bind_int(st, ":ts", ts);
    rc = qund_run(st);
    *household = qund_db_last_rowid(crm->db);
    return rc;
}

/* How many witnesses (of this very fact) and how many facts of the kind a person has. */
static int count_facts(struct qund_crm *crm, const char *sql, int64_t contact,
                       struct qund_str value, int64_t *same, int64_t *all)
{
    struct qund_stmt *st = qund_sql(crm->db, sql);
    int rc;

    qund_assert(st);
    qund_bind_int(st, ":contact", contact);
    qund_bind_str(st, ":value", value);
    rc = qund_step(st);
    *same = rc == 1 ? qund_col_int(st, 0) : 0;
    *all = rc == 1 ? qund_col_int(st, 1) : 0;
    qund_stmt_reset(st);
    return rc < 0 ? rc : QUND_OK;
}

int qund_crm_room_add(struct qund_crm *crm, struct qund_crm_group *g, struct qund_crm_contact *c,
                      struct qund_str room, bool self, int64_t seq, int64_t ts)
{
    struct qund_stmt *st;
    int64_t same, all, household = 0;
    int rc;

    if (!room.n || room.n > CRM_ROOM_BYTES)
        return QUND_E_INVAL;
    rc = count_facts(crm,
                     "SELECT ifnull(sum(room = :value), 0), count(DISTINCT room) FROM contact_room "
                     "WHERE contact = :contact",
                     c->id, room, &same, &all);
    if (rc < 0 || same >= CRM_WITNESSES || (!same && all >= CRM_ROOMS_MAX))
        return rc;
    if (self && g && g->room_dedupe)
        rc = household_of(crm, g, c->id, room, ts, &household);
    if (rc < 0)
        return rc;
    st = qund_sql(crm->db, "INSERT INTO contact_room(contact, room, self, grp, origin_seq, "
                           "household, at) VALUES(:contact, :room, :self, :grp, :seq, :household, "
                           ":ts) ON CONFLICT DO NOTHING");
    qund_assert(st);
    qund_bind_int(st, ":contact", c->id);
    qund_bind_str(st, ":room", room);
    qund_bind_int(st, ":self", self);
    qund_bind_int(st, ":grp", g ? g->id : 0);
    qund_bind_int(st, ":seq", seq);
    qund_bind_int(st, ":household", household);
    qund_bind_int(st, ":ts", ts);
    rc = qund_run(st);
    return rc < 0 ? rc : same ? 0 : 1;
}

/* Households in which nobody is left without message seq. Before its rooms are deleted. */
int qund_crm_households_leave(struct qund_crm *crm, int64_t seq)
{
    struct qund_stmt *st = qund_sql(
        crm->db, "DELETE FROM household WHERE id IN (SELECT household FROM contact_room WHERE "
                 "origin_seq = :seq AND origin_seq > 0 AND household > 0) AND NOT EXISTS "
                 "(SELECT 1 FROM contact_room r WHERE r.household = household.id AND "
                 "r.household > 0 AND r.origin_seq <> :seq)");

    qund_assert(st);
    qund_bind_int(st, ":seq", seq);
    return qund_run(st);
}

int qund_crm_phone_add(struct qund_crm *crm, struct qund_crm_contact *c, struct qund_str phone,
                       int64_t seq, int64_t ts)
{
    struct qund_stmt *st;
    int64_t same, all;
    int rc;

    if (phone.n < 5 || phone.n > 20)
        return QUND_E_INVAL;
    rc = count_facts(crm,
                     "SELECT ifnull(sum(phone = :value), 0), count(DISTINCT phone) "
                     "FROM contact_phone WHERE contact = :contact",
                     c->id, phone, &same, &all);
    if (rc < 0 || same >= CRM_WITNESSES || (!same && all >= CRM_PHONES_MAX))
        return rc;
    st = qund_sql(crm->db, "INSERT INTO contact_phone(contact, phone, origin_seq, at) "
                           "VALUES(:contact, :phone, :seq, :ts) ON CONFLICT DO NOTHING");
    qund_assert(st);
    qund_bind_int(st, ":contact", c->id);
    qund_bind_str(st, ":phone", phone);
    qund_bind_int(st, ":seq", seq);
    qund_bind_int(st, ":ts", ts);
    rc = qund_run(st);
    return rc < 0 ? rc : same ? 0 : 1;
}
