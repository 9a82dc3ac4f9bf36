/* src/crm/read_sql.c - lists and single things as JSON for the faces.
 *
 * A list is a row of a table: its statement, its columns, the filters it knows. Every statement
 * ends in two numbers that order its rows; they are the cursor, so that the next page begins with
 * an index probe and no row is shown twice while others arrive. What hangs on one person is a
 * number of such lists with the person bound. */
#include "crm/internal.h"
#include "crm/read.h"

enum cell { C_TEXT, C_INT, C_BOOL, C_TIME, C_PHONE, C_LIST, C_TYPE, C_STATE, C_SIGNUP, C_ROLE };
struct column {
    const char *name;
    enum cell cell;
};
enum filter { F_NONE = 0, F_GROUP = 1, F_TAG = 2, F_STAGE = 4, F_OWNER = 8, F_NAME = 16 };
enum { COLUMNS_MAX = 14 };
struct list {
    const char *what;
    unsigned filters;
    struct column columns[COLUMNS_MAX];
    const char *sql;
};

#define BEFORE(a, b) " AND (" a ", " b ") < (:a, :b) ORDER BY " a " DESC, " b " DESC LIMIT :limit"
#define BELOW(a) " AND " a " < :a AND :b >= 0 ORDER BY " a " DESC LIMIT :limit"
#define TAGS_OF(c)                                                                               \
    "(SELECT group_concat(name, char(10)) FROM (SELECT DISTINCT t.name FROM contact_tag x JOIN " \
    "tag t ON t.id = x.tag WHERE x.contact = " c " ORDER BY t.name))"
#define PHONES_OF(c) \
    "(SELECT p.phone FROM contact_phone p WHERE p.contact = " c " ORDER BY p.at LIMIT 1)"
#define IN_GROUP(c)                                                                         \
    "(:group = 0 OR EXISTS (SELECT 1 FROM member m WHERE m.grp = :group AND m.contact = " c \
    " AND m.left_at IS NULL))"
#define WITH_TAG(c)                                                                                \
    "(:tag = '' OR EXISTS (SELECT 1 FROM contact_tag x JOIN tag t ON t.id = x.tag WHERE t.name = " \
    ":tag AND x.contact = " c "))"

static const struct list LISTS[] = {
    {"contacts",
     F_GROUP | F_TAG | F_NAME,
     {{"id", C_INT},
      {"name", C_TEXT},
      {"role", C_ROLE},
      {"phone", C_PHONE},
      {"tags", C_LIST},
      {"opt_out", C_BOOL},
      {"source", C_TEXT},
      {"first_seen", C_TIME},
      {"last_seen", C_TIME}},
     "SELECT c.id, c.name, c.role, " PHONES_OF("c.id") ", " TAGS_OF(
         "c.id") ", c.opt_out, "
                 "c.source, c.first_seen, c.last_seen, c.id, 0 FROM contact c WHERE " IN_GROUP(
                     "c.id") " AND " WITH_TAG("c.id") " AND (:name = '' OR instr(c.name, :name) > "
                                                      "0)" BELOW("c.id")},
    {"leads",
     F_GROUP | F_TAG | F_STAGE | F_OWNER,
     {{"contact", C_INT},
      {"name", C_TEXT},
      {"score", C_INT},
      {"stage", C_TEXT},
      {"pool", C_TEXT},
      {"owner", C_TEXT},
      {"phone", C_PHONE},
      {"tags", C_LIST},
      {"updated", C_TIME}},
     "SELECT l.contact, c.name, l.score, l.stage, l.pool, s.key, " PHONES_OF("c.id") ", " TAGS_OF(
         "c.id") ", l.updated, l.score, l.contact FROM lead l JOIN contact c ON "
                 "c.id = l.contact LEFT JOIN staff s ON s.id = l.owner WHERE " IN_GROUP(
                     "c.id") " AND " WITH_TAG("c.id") " AND (:stage = '' OR l.stage = :stage) AND "
                                                      "(:owner = 0 OR "
                                                      "l.owner = :owner)" BEFORE("l.score",
                                                                                 "l.contact")},
    {"groups",
     F_NAME,
     {{"id", C_INT},
      {"realm", C_TEXT},
      {"group", C_TEXT},
      {"name", C_TEXT},
      {"type", C_TYPE},
      {"state", C_STATE},
      {"members", C_INT},
      {"tags", C_LIST},
      {"zone", C_TEXT},
      {"place", C_TEXT},
      {"manager", C_TEXT},
      {"internal", C_BOOL},
      {"source", C_TEXT}},
     "SELECT g.id, r.name, g.pid, g.name, g.type, g.state, (SELECT count(*) FROM member m WHERE "
     "m.grp = g.id AND m.left_at IS NULL), (SELECT group_concat(tag, char(10)) FROM grp_tag t "
     "WHERE t.grp = g.id), g.zone, g.place, s.key, g.internal, g.source, g.id, 0 FROM grp g JOIN "
     "realm r ON r.id = g.realm LEFT JOIN staff s ON s.id = g.manager WHERE (:name = '' OR "
     "instr(g.name, :name) > 0)" BELOW("g.id")},
    {"staff",
     F_NAME,
     {{"id", C_INT},
      {"key", C_TEXT},
      {"name", C_TEXT},
      {"active", C_BOOL},
      {"push", C_LIST},
      {"source", C_TEXT}},
     "SELECT s.id, s.key, s.name, s.active, (SELECT group_concat(target, char(10)) FROM (SELECT "
     "target FROM staff_push WHERE staff = s.id ORDER BY pos)), s.source, s.id, 0 FROM staff s "
     "WHERE (:name = '' OR instr(s.name, :name) > 0)" BELOW("s.id")},
    {"households",
     F_GROUP,
     {{"id", C_INT},
      {"zone", C_TEXT},
      {"building", C_TEXT},
      {"unit", C_TEXT},
      {"room", C_TEXT},
      {"people", C_INT},
      {"names", C_LIST}},
     "SELECT h.id, h.zone, h.building, h.unit, h.room, (SELECT count(DISTINCT x.contact) FROM "
     "contact_room x WHERE x.household = h.id AND x.household > 0), (SELECT group_concat(name, "
     "char(10)) FROM (SELECT DISTINCT c.name FROM contact_room x JOIN contact c ON c.id = "
     "x.contact WHERE x.household = h.id AND x.household > 0)), h.id, 0 FROM household h WHERE "
     "(:group = 0 OR h.scope = (SELECT CASE WHEN g.place IS NULL OR g.place = '' THEN 'g:' || g.id "
     "ELSE 'p:' || g.place END FROM grp g WHERE g.id = :group))" BELOW("h.id")},
    {"signups",
     F_GROUP,
     {{"id", C_INT},
      {"chain", C_TEXT},
      {"name", C_TEXT},
      {"room", C_TEXT},
      {"party", C_INT},
      {"state", C_SIGNUP},
      {"contact", C_INT},
      {"first_at", C_TIME},
      {"at", C_TIME},
      {"message", C_INT}},
     "SELECT id, chain, coalesce(shown, name), room, party, state, contact, first_at, at, "
     "origin_seq, id, 0 FROM signup WHERE grp = :group" BELOW("id")},
    {"members",
     F_GROUP,
     {{"contact", C_INT},
      {"name", C_TEXT},
      {"nick", C_TEXT},
      {"joined", C_TIME},
      {"left", C_TIME},
      {"role", C_ROLE}},
     "SELECT m.contact, c.name, m.nick, m.joined, m.left_at, CASE WHEN m.role > 0 THEN m.role ELSE "
     "c.role END, m.contact, 0 FROM member m JOIN contact c ON c.id = m.contact WHERE "
     "m.grp = :group" BELOW("m.contact")},
    {"tags",
     F_NONE,
     {{"id", C_INT}, {"tag", C_TEXT}, {"attribute", C_BOOL}, {"people", C_INT}},
     "SELECT t.id, t.name, t.kind, (SELECT count(DISTINCT contact) FROM contact_tag x WHERE "
     "x.tag = t.id), t.id, 0 FROM tag t WHERE 1" BELOW("t.id")},
    {"rosters",
     F_NONE,
     {{"id", C_TEXT},
      {"active", C_BOOL},
      {"roles", C_LIST},
      {"on_call", C_TEXT},
      {"shifts", C_INT},
      {"source", C_TEXT}},
     "SELECT r.key, r.active, (SELECT group_concat(role, char(10)) FROM roster_role x WHERE "
     "x.roster = r.id), s.key, (SELECT count(*) FROM shift x WHERE x.roster = r.id), r.source, "
     "r.id, 0 FROM roster r LEFT JOIN staff s ON s.id = r.on_call WHERE 1" BELOW("r.id")},
    {"leave",
     F_NONE,
     {{"id", C_INT},
      {"staff", C_TEXT},
      {"from", C_TEXT},
      {"to", C_TEXT},
      {"stand_in", C_TEXT},
      {"source", C_TEXT}},
     "SELECT l.id, s.key, date(l.from_day * 86400, 'unixepoch'), date(l.to_day * 86400, "
     "'unixepoch'), t.key, l.source, l.id, 0 FROM leave l JOIN staff s ON s.id = l.staff LEFT JOIN "
     "staff t ON t.id = l.stand_in WHERE 1" BELOW("l.id")},
};

/* What hangs on one thing, in the order it is shown; the first row is the thing itself. */
static const struct list CONTACT_PARTS[] = {
    {NULL,
     F_NONE,
     {{"id", C_INT},
      {"name", C_TEXT},
      {"role", C_ROLE},
      {"opt_out", C_BOOL},
      {"source", C_TEXT},
      {"first_seen", C_TIME},
      {"last_seen", C_TIME},
      {"score", C_INT},
      {"stage", C_TEXT},
      {"pool", C_TEXT},
      {"owner", C_TEXT}},
     "SELECT c.id, c.name, c.role, c.opt_out, c.source, c.first_seen, c.last_seen, l.score, "
     "l.stage, l.pool, s.key FROM contact c LEFT JOIN lead l ON l.contact = c.id LEFT JOIN staff s "
     "ON s.id = l.owner WHERE c.id = :id"},
    {"identities",
     F_NONE,
     {{"realm", C_TEXT}, {"id", C_TEXT}, {"name", C_TEXT}},
     "SELECT r.name, i.pid, i.name FROM identity i JOIN realm r ON r.id = i.realm WHERE "
     "i.contact = :id ORDER BY i.realm, i.pid"},
    {"groups",
     F_NONE,
     {{"group", C_INT}, {"name", C_TEXT}, {"nick", C_TEXT}, {"joined", C_TIME}, {"left", C_TIME}},
     "SELECT g.id, g.name, m.nick, m.joined, m.left_at FROM member m JOIN grp g ON g.id = m.grp "
     "WHERE m.contact = :id ORDER BY g.id"},
    {"tags",
     F_NONE,
     {{"tag", C_TEXT}, {"attribute", C_BOOL}, {"since", C_TIME}, {"expires", C_TIME}},
     "SELECT t.name, t.kind, min(x.at), CASE WHEN min(x.expires) = 0 THEN 0 ELSE max(x.expires) "
     "END FROM contact_tag x JOIN tag t ON t.id = x.tag WHERE x.contact = :id GROUP BY t.id "
     "ORDER BY t.name"},
    {"rooms",
     F_NONE,
     {{"room", C_TEXT}, {"self", C_BOOL}, {"household", C_INT}, {"since", C_TIME}},
     "SELECT room, self, max(household), min(at) FROM contact_room WHERE contact = :id "
     "GROUP BY room, self ORDER BY min(at)"},
    {"phones",
     F_NONE,
     {{"phone", C_PHONE}, {"since", C_TIME}},
     "SELECT phone, min(at) FROM contact_phone WHERE contact = :id GROUP BY phone ORDER BY "
     "min(at)"},
    {"lead_events",
     F_NONE,
     {{"at", C_TIME}, {"score_add", C_INT}, {"reason", C_TEXT}, {"message", C_INT}},
     "SELECT at, delta, reason, seq FROM lead_event WHERE contact = :id ORDER BY at DESC, id DESC "
     "LIMIT 200"},
    {"orders",
     F_NONE,
     {{"order", C_TEXT}, {"amount_cent", C_INT}, {"paid_at", C_TIME}, {"items", C_TEXT}},
     "SELECT number, amount_cent, paid_at, items FROM shop_order WHERE contact = :id AND "
     "contact > 0 ORDER BY paid_at DESC LIMIT 200"},
    {"consent",
     F_NONE,
     {{"kind", C_TEXT}, {"granted", C_BOOL}, {"at", C_TIME}, {"proof", C_TEXT}, {"message", C_INT}},
     "SELECT kind, granted, at, proof, seq FROM consent WHERE contact = :id ORDER BY id"},
};
static const struct list GROUP_PARTS[] = {
    {NULL,
     F_NONE,
     {{"id", C_INT},
      {"realm", C_TEXT},
      {"group", C_TEXT},
      {"name", C_TEXT},
      {"type", C_TYPE},
      {"state", C_STATE},
      {"internal", C_BOOL},
      {"room_dedupe", C_BOOL},
      {"shared", C_BOOL},
      {"zone", C_TEXT},
      {"place", C_TEXT},
      {"manager", C_TEXT},
      {"tags", C_LIST},
      {"source", C_TEXT}},
     "SELECT g.id, r.name, g.pid, g.name, g.type, g.state, g.internal, g.room_dedupe, g.shared, "
     "g.zone, g.place, s.key, (SELECT group_concat(tag, char(10)) FROM grp_tag t WHERE t.grp = "
     "g.id), "
     "g.source FROM grp g JOIN realm r ON r.id = g.realm LEFT JOIN staff s ON s.id = g.manager "
     "WHERE g.id = :id"},
    {"roles",
     F_NONE,
     {{"role", C_TEXT},
      {"actor_kind", C_TEXT},
      {"staff", C_TEXT},
      {"contact", C_INT},
      {"evidence", C_TEXT},
      {"source", C_TEXT}},
     "SELECT h.role, h.actor_kind, s.key, h.contact, h.evidence, h.source FROM role_holder h LEFT "
     "JOIN staff s ON s.id = h.staff WHERE h.grp = :id ORDER BY h.role, h.pos"},
};
static const struct list STAFF_PARTS[] = {
    {NULL,
     F_NONE,
     {{"id", C_INT},
      {"key", C_TEXT},
      {"name", C_TEXT},
      {"active", C_BOOL},
      {"push", C_LIST},
      {"source", C_TEXT}},
     "SELECT s.id, s.key, s.name, s.active, (SELECT group_concat(target, char(10)) FROM (SELECT "
     "target FROM staff_push WHERE staff = s.id ORDER BY pos)), s.source FROM staff s WHERE "
     "s.id = :id"},
    {"identities",
     F_NONE,
     {{"realm", C_TEXT}, {"id", C_TEXT}},
     "SELECT r.name, a.pid FROM actor a JOIN realm r ON r.id = a.realm WHERE a.staff = :id AND "
     "a.staff > 0 ORDER BY a.realm, a.pid"},
    {"roles",
     F_NONE,
     {{"group", C_INT}, {"role", C_TEXT}},
     "SELECT grp, role FROM role_holder WHERE staff = :id ORDER BY grp, role"},
};

/* --- printing --- */

void qund_crm_mask_phone(struct qund_str phone, struct qund_buf *out)
{
    if (phone.n < 8) {
        qund_buf_puts(out, "****");
        return;
    }
    qund_buf_add(out, phone.p, 3);
    qund_buf_puts(out, "****");
    qund_buf_add(out, phone.p + phone.n - 4, 4);
}

static void put_list(struct qund_jw *w, const char *key, struct qund_str s)
{
    qund_jw_key(w, key);
    qund_jw_arr(w);
    while (s.n)
        qund_jw_str(w, qund_str_split(&s, '\n'));
    qund_jw_end_arr(w);
}

static void put_phone(struct qund_jw *w, const char *key, struct qund_str s, bool mask)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};

    if (mask && s.n)
        qund_crm_mask_phone(s, &b);
    qund_jw_kstr(w, key, b.n ? qund_buf_view(&b) : s);
}

static void put_cell(struct qund_jw *w, struct qund_stmt *st, int i, const struct column *c,
                     bool mask)
{
    int64_t v = qund_col_int(st, i);

    switch (c->cell) {
    case C_TEXT:
        qund_jw_kstr(w, c->name, qund_col_str(st, i));
        break;
    case C_INT:
        qund_jw_kint(w, c->name, v);
        break;
    case C_BOOL:
        qund_jw_kbool(w, c->name, v != 0);
        break;
    case C_TIME:
        if (v > 0)
            qund_jw_kts(w, c->name, v);
        break;
    case C_PHONE:
        put_phone(w, c->name, qund_col_str(st, i), mask);
        break;
    case C_LIST:
        put_list(w, c->name, qund_col_str(st, i));
        break;
    case C_TYPE:
        qund_jw_kz(w, c->name, qund_group_type_name((enum qund_group_type)v));
        break;
    case C_STATE:
        qund_jw_kz(w, c->name, qund_group_state_name((enum qund_group_state)v));
        break;
    case C_SIGNUP:
        qund_jw_kz(w, c->name, qund_signup_state_name((enum qund_signup_state)v));
        break;
    case C_ROLE:
        qund_jw_kz(w, c->name, v ? qund_role_name((enum qund_role)v) : "customer");
        break;
    }
}

/* The columns of one row, without braces. Returns how many there are. */
static int put_row(struct qund_jw *w, struct qund_stmt *st, const struct list *l, bool mask)
{
    int n = 0;

    while (n < COLUMNS_MAX && l->columns[n].name) {
        put_cell(w, st, n, &l->columns[n], mask);
        n++;
    }
    return n;
}

/* --- lists --- */

static int read_cursor(struct qund_str cursor, int64_t *a, int64_t *b, struct qund_err *err)
{
    *a = *b = INT64_MAX;
    if (!cursor.n)
        return QUND_OK;
    if (qund_str_int(qund_str_split(&cursor, '.'), a) == 0 && cursor.p &&
        qund_str_int(cursor, b) == 0)
        return QUND_OK;
    return qund_err_set(err, QUND_E_INVAL, "cursor", "give back what the last page returned");
}

static void bind_filters(struct qund_stmt *st, const struct list *l, const struct qund_crm_query *q)
{
    if (l->filters & F_GROUP)
        qund_bind_int(st, ":group", q->group);
    if (l->filters & F_TAG)
        qund_bind_str(st, ":tag", crm_text(q->tag));
    if (l->filters & F_STAGE)
        qund_bind_str(st, ":stage", crm_text(q->stage));
    if (l->filters & F_OWNER)
        qund_bind_int(st, ":owner", q->owner);
    if (l->filters & F_NAME)
        qund_bind_str(st, ":name", crm_text(q->name));
}

static const struct list *find_list(const char *what)
{
    for (size_t i = 0; i < QUND_ARRAY_LEN(LISTS); i++)
        if (strcmp(LISTS[i].what, what) == 0)
            return &LISTS[i];
    return NULL;
}

int qund_crm_list(struct qund_db *db, const char *what, const struct qund_crm_query *q,
                  struct qund_jw *w, struct qund_buf *next, struct qund_err *err)
{
    const struct list *l = find_list(what);
    int64_t limit = q->limit > 0 && q->limit <= 500 ? q->limit : 50, n = 0, a, b;
    struct qund_stmt *st;
    int rc;

    if (!l)
        return qund_err_set(err, QUND_E_NOTFOUND, what, "there is no such list");
    rc = read_cursor(q->cursor, &a, &b, err);
    if (rc < 0)
        return rc;
    st = qund_crm_stmt(db, l->sql,
                       CRM_ARGS(CRM_INT(":a", a), CRM_INT(":b", b), CRM_INT(":limit", limit)));
    bind_filters(st, l, q);
    qund_buf_clear(next);
    qund_jw_arr(w);
    while ((rc = qund_step(st)) == 1) {
        int cols;

        qund_jw_obj(w);
        cols = put_row(w, st, l, q->mask);
        qund_jw_end_obj(w);
        if (++n < limit)
            continue;
        qund_buf_printf(next, "%lld.%lld", (long long)qund_col_int(st, cols),
                        (long long)qund_col_int(st, cols + 1));
    }
    qund_jw_end_arr(w);
    qund_stmt_reset(st);
    return rc < 0 ? qund_err_set(err, rc, what, "cannot be read: %s", qund_db_error(db)) : rc;
}

/* --- single things --- */

static int show_part(struct qund_db *db, const struct list *l, int64_t id, bool mask,
                     struct qund_jw *w)
{
    struct qund_stmt *st = qund_crm_stmt(db, l->sql, CRM_ARGS(CRM_INT(":id", id)));
    int rc;

    if (!l->what) {
        rc = qund_step(st);
        if (rc == 1)
            put_row(w, st, l, mask);
        qund_stmt_reset(st);
        return rc == 1 ? QUND_OK : rc == 0 ? QUND_E_NOTFOUND : rc;
    }
    qund_jw_key(w, l->what);
    qund_jw_arr(w);
    while ((rc = qund_step(st)) == 1) {
        qund_jw_obj(w);
        put_row(w, st, l, mask);
        qund_jw_end_obj(w);
    }
    qund_jw_end_arr(w);
    qund_stmt_reset(st);
    return rc;
}

int qund_crm_show(struct qund_db *db, const char *what, int64_t id, bool mask, struct qund_jw *w,
                  struct qund_err *err)
{
    static const struct {
        const char *what;
        const struct list *parts;
        size_t n;
    } things[] = {{"contact", CONTACT_PARTS, QUND_ARRAY_LEN(CONTACT_PARTS)},
                  {"group", GROUP_PARTS, QUND_ARRAY_LEN(GROUP_PARTS)},
                  {"staff", STAFF_PARTS, QUND_ARRAY_LEN(STAFF_PARTS)}};

    for (size_t t = 0; t < QUND_ARRAY_LEN(things); t++) {
        int rc = QUND_OK;

        if (strcmp(things[t].what, what) != 0)
            continue;
        qund_jw_obj(w);
        for (size_t i = 0; rc == 0 && i < things[t].n; i++)
            rc = show_part(db, &things[t].parts[i], id, mask, w);
        qund_jw_end_obj(w);
        if (rc == QUND_E_NOTFOUND)
            return qund_err_set(err, rc, what, "there is none of number %lld", (long long)id);
        return rc < 0 ? qund_err_set(err, rc, what, "cannot be read: %s", qund_db_error(db)) : rc;
    }
    return qund_err_set(err, QUND_E_NOTFOUND, what, "there is no such thing");
}
