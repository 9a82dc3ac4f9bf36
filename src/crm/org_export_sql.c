/* src/crm/org_export_sql.c - the rows as an org file that org.c reads back.
 *
 * Blocks of one-line entries: short enough to read, and every text is quoted, so that no name can
 * turn into another type; what people have typed is made one line, as org.c wants it (an older
 * store may hold names with line breaks). What is inactive is left out: applying the file to an
 * empty store gives the organisation as it works now. */
#include "core/json.h"
#include "crm/internal.h"
#include "crm/org_parts.h"

static const char *const DAYS[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static void quoted(struct qund_buf *b, struct qund_str s)
{
    struct qund_jw w = qund_jw(b);

    qund_jw_str(&w, crm_text(s));
}

/* ", key: "text"" or nothing when the text is empty. */
static void pair(struct qund_buf *b, const char *key, struct qund_str s)
{
    if (!s.n)
        return;
    qund_buf_printf(b, ", %s: ", key);
    quoted(b, s);
}

/* The same of what people have typed: one line. Never of an id, which must stay what it is. */
static void typed(struct qund_buf *b, const char *key, struct qund_str s)
{
    QUND_AUTO(qund_buf_done) struct qund_buf line = {0};

    qund_buf_line(&line, s);
    pair(b, key, qund_buf_view(&line));
}

/* Rows of sql (with :id) as a list in brackets; write prints one. Nothing when there are none. */
static int bracketed(struct qund_db *db, struct qund_buf *b, const char *key, const char *sql,
                     int64_t id, void (*write)(struct qund_buf *, struct qund_stmt *))
{
    struct qund_stmt *st = qund_crm_stmt(db, sql, CRM_ARGS(CRM_INT(":id", id)));
    size_t n = 0;
    int rc;

    while ((rc = qund_step(st)) == 1) {
        if (n++)
            qund_buf_puts(b, ", ");
        else
            qund_buf_printf(b, ", %s: [", key);
        write(b, st);
    }
    qund_stmt_reset(st);
    if (n)
        qund_buf_char(b, ']');
    return rc;
}

static void write_ident(struct qund_buf *b, struct qund_stmt *st)
{
    qund_buf_puts(b, "{realm: ");
    quoted(b, qund_col_str(st, 0));
    qund_buf_puts(b, ", id: ");
    quoted(b, qund_col_str(st, 1));
    qund_buf_char(b, '}');
}

static void write_text(struct qund_buf *b, struct qund_stmt *st)
{
    quoted(b, qund_col_str(st, 0));
}

static int put_staff(struct qund_db *db, struct qund_buf *b)
{
    struct qund_stmt *st = qund_crm_stmt(
        db, "SELECT id, key, name, phone FROM staff WHERE active = 1 ORDER BY key", NULL, 0);
    int rc;

    while ((rc = qund_step(st)) == 1) {
        int64_t id = qund_col_int(st, 0);

        qund_buf_puts(b, "  - {id: ");
        quoted(b, qund_col_str(st, 1));
        typed(b, "name", qund_col_str(st, 2));
        if (qund_col_str(st, 3).n > 0)
            pair(b, "phone", qund_col_str(st, 3));
        rc = bracketed(db, b, "ids",
                       "SELECT r.name, a.pid FROM actor a JOIN realm r ON r.id = a.realm "
                       "WHERE a.staff = :id AND a.staff > 0 ORDER BY r.name, a.pid",
                       id, write_ident);
        if (rc == 0)
            rc = bracketed(db, b, "push",
                           "SELECT target FROM staff_push WHERE staff = :id ORDER BY pos", id,
                           write_text);
        if (rc < 0)
            break;
        qund_buf_puts(b, "}\n");
    }
    qund_stmt_reset(st);
    return rc;
}

static int put_bots(struct qund_db *db, struct qund_buf *b)
{
    struct qund_stmt *st =
        qund_crm_stmt(db,
                      "SELECT r.name, a.pid FROM actor a JOIN realm r ON r.id = a.realm "
                      "WHERE a.role = :bot ORDER BY r.name, a.pid",
                      CRM_ARGS(CRM_INT(":bot", QUND_ROLE_BOT)));
    int rc;

    while ((rc = qund_step(st)) == 1) {
        qund_buf_puts(b, "  - ");
        write_ident(b, st);
        qund_buf_char(b, '\n');
    }
    qund_stmt_reset(st);
    return rc;
}

/* Rows: role, staff key, realm, pid, evidence; by role and place. */
static int put_holders(struct qund_db *db, struct qund_buf *b, int64_t grp)
{
    struct qund_stmt *st = qund_crm_stmt(
        db,
        "SELECT h.role, s.key, r.name, i.pid, h.evidence FROM role_holder h "
        "LEFT JOIN staff s ON s.id = h.staff LEFT JOIN identity i ON i.contact = h.contact AND "
        "h.contact > 0 LEFT JOIN realm r ON r.id = i.realm WHERE h.grp = :id AND "
        "(s.active = 1 OR i.pid IS NOT NULL) GROUP BY h.id ORDER BY h.role, h.pos, h.id",
        CRM_ARGS(CRM_INT(":id", grp)));
    QUND_AUTO(qund_buf_done) struct qund_buf last = {0};
    bool any = false;
    int rc;

    while ((rc = qund_step(st)) == 1) {
        struct qund_str role = qund_col_str(st, 0);
        bool same = any && qund_str_eq(role, qund_buf_view(&last));

        if (!same)
            qund_buf_printf(b, "%s%.*s: [", any ? "], " : ", roles: {", QUND_STR_ARG(role));
        else
            qund_buf_puts(b, ", ");
        qund_buf_clear(&last);
        qund_buf_str(&last, role);
        any = true;
        if (!qund_col_null(st, 1)) {
            quoted(b, qund_col_str(st, 1));
            continue;
        }
        qund_buf_puts(b, "{realm: ");
        quoted(b, qund_col_str(st, 2));
        pair(b, "id", qund_col_str(st, 3));
        typed(b, "evidence", qund_col_str(st, 4));
        qund_buf_char(b, '}');
    }
    qund_stmt_reset(st);
    if (any)
        qund_buf_puts(b, "]}");
    return rc;
}

static int put_groups(struct qund_db *db, struct qund_buf *b)
{
    struct qund_stmt *st = qund_crm_stmt(
        db,
        "SELECT g.id, r.name, g.pid, g.name, g.type, g.state, g.internal, g.room_dedupe, "
        "g.zone, g.place, s.key, g.shared FROM grp g JOIN realm r ON r.id = g.realm "
        "LEFT JOIN staff s ON s.id = g.manager AND s.active = 1 ORDER BY g.id",
        NULL, 0);
    int rc;

    while ((rc = qund_step(st)) == 1) {
        int64_t id = qund_col_int(st, 0);

        qund_buf_puts(b, "  - {realm: ");
        quoted(b, qund_col_str(st, 1));
        pair(b, "id", qund_col_str(st, 2));
        typed(b, "name", qund_col_str(st, 3));
        qund_buf_printf(b, ", type: %s, state: %s, internal: %s, room_dedupe: %s, shared: %s",
                        qund_group_type_name((enum qund_group_type)qund_col_int(st, 4)),
                        qund_group_state_name((enum qund_group_state)qund_col_int(st, 5)),
                        qund_col_int(st, 6) ? "true" : "false",
                        qund_col_int(st, 7) ? "true" : "false",
                        qund_col_int(st, 11) ? "true" : "false");
        pair(b, "zone", qund_col_str(st, 8));
        typed(b, "place", qund_col_str(st, 9));
        pair(b, "manager", qund_col_str(st, 10));
        rc = bracketed(db, b, "tags", "SELECT tag FROM grp_tag WHERE grp = :id ORDER BY tag", id,
                       write_text);
        if (rc == 0)
            rc = put_holders(db, b, id);
        if (rc < 0)
            break;
        qund_buf_puts(b, "}\n");
    }
    qund_stmt_reset(st);
    return rc;
}

/* --- rosters --- */

static void hours(struct qund_buf *b, int64_t from, int64_t to)
{
    to = to > ORG_DAY_MINUTES ? to - ORG_DAY_MINUTES : to;
    qund_buf_printf(b, "hours: \"%02d:%02d-%02d:%02d\"", (int)(from / 60), (int)(from % 60),
                    (int)(to / 60), (int)(to % 60));
}

/* Columns: from, to, days as "1,2,3", staff key. */
static void write_week(struct qund_buf *b, struct qund_stmt *st)
{
    struct qund_str days = qund_col_str(st, 2);
    const char *sep = "{days: [";

    while (days.p) {
        int64_t d = 0;

        if (qund_str_int(qund_str_split(&days, ','), &d) == 0 && d >= 1 && d <= 7)
            qund_buf_printf(b, "%s%s", sep, DAYS[d - 1]);
        sep = ", ";
    }
    qund_buf_puts(b, "], ");
    hours(b, qund_col_int(st, 0), qund_col_int(st, 1));
    pair(b, "staff", qund_col_str(st, 3));
    qund_buf_char(b, '}');
}

static void write_exception(struct qund_buf *b, struct qund_stmt *st)
{
    qund_buf_puts(b, "{date: ");
    qund_org_print_date(qund_col_int(st, 2), b);
    qund_buf_puts(b, ", ");
    if (qund_col_int(st, 0) == qund_col_int(st, 1)) {
        qund_buf_puts(b, "closed: true}");
        return;
    }
    hours(b, qund_col_int(st, 0), qund_col_int(st, 1));
    pair(b, "staff", qund_col_str(st, 3));
    qund_buf_char(b, '}');
}

#define WEEK_OF                                                                                \
    "SELECT x.from_min, x.to_min, group_concat(x.day), s.key FROM (SELECT * FROM shift WHERE " \
    "roster = :id AND weekly = 1 ORDER BY day) x LEFT JOIN staff s ON s.id = x.staff "         \
    "WHERE x.staff = 0 OR s.active = 1 GROUP BY x.from_min, x.to_min, x.staff ORDER BY min(x.id)"

static int put_scopes(struct qund_db *db, struct qund_buf *b, int64_t id)
{
    struct qund_stmt *st =
        qund_crm_stmt(db,
                      "SELECT kind, value FROM roster_scope WHERE roster = :id AND grp = 0 "
                      "ORDER BY kind",
                      CRM_ARGS(CRM_INT(":id", id)));
    QUND_AUTO(qund_buf_done) struct qund_buf v = {0};
    int rc;

    while ((rc = qund_step(st)) == 1) {
        QUND_AUTO(qund_buf_done) struct qund_buf kind = {0};

        qund_buf_str(&kind, qund_col_str(st, 0));
        pair(&v, kind.p, qund_col_str(st, 1));
    }
    qund_stmt_reset(st);
    if (rc == 0)
        rc = bracketed(db, &v, "ids",
                       "SELECT r.name, g.pid FROM roster_scope x JOIN grp g ON g.id = x.grp JOIN "
                       "realm r ON r.id = g.realm WHERE x.roster = :id AND x.grp > 0 ORDER BY g.id",
                       id, write_ident);
    if (rc == 0 && v.n)
        qund_buf_printf(b, ", groups: {%s}", v.p + 2);
    return rc;
}

static int put_one_roster(struct qund_db *db, struct qund_buf *b, int64_t id)
{
    int rc =
        bracketed(db, b, "roles", "SELECT role FROM roster_role WHERE roster = :id ORDER BY role",
                  id, write_text);

    if (rc == 0)
        rc = put_scopes(db, b, id);
    if (rc == 0)
        rc = bracketed(db, b, "week", WEEK_OF, id, write_week);
    if (rc == 0)
        rc = bracketed(db, b, "exceptions",
                       "SELECT x.from_min, x.to_min, x.day, s.key FROM shift x LEFT JOIN staff s "
                       "ON s.id = x.staff WHERE x.roster = :id AND weekly = 0 AND "
                       "(x.staff = 0 OR s.active = 1) ORDER BY x.id",
                       id, write_exception);
    return rc;
}

static int put_rosters(struct qund_db *db, struct qund_buf *b)
{
    struct qund_stmt *st =
        qund_crm_stmt(db,
                      "SELECT r.id, r.key, r.holidays, s.key FROM roster r LEFT JOIN staff s ON "
                      "s.id = r.on_call AND s.active = 1 WHERE r.active = 1 AND r.key <> "
                      "'duty_hours' ORDER BY r.id",
                      NULL, 0);
    int rc;

    while ((rc = qund_step(st)) == 1) {
        qund_buf_puts(b, "  - {id: ");
        quoted(b, qund_col_str(st, 1));
        qund_buf_printf(b, ", holidays: %s", qund_col_int(st, 2) ? "closed" : "open");
        pair(b, "on_call", qund_col_str(st, 3));
        rc = put_one_roster(db, b, qund_col_int(st, 0));
        if (rc < 0)
            break;
        qund_buf_puts(b, "}\n");
    }
    qund_stmt_reset(st);
    return rc;
}

static int put_duty_hours(struct qund_db *db, struct qund_buf *b)
{
    int64_t id = 0;
    struct qund_stmt *st;
    int rc = qund_crm_ask(db, "SELECT id FROM roster WHERE key = 'duty_hours' AND active = 1", NULL,
                          0, &id);

    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? QUND_OK : rc;
    st = qund_crm_stmt(db, WEEK_OF, CRM_ARGS(CRM_INT(":id", id)));
    while ((rc = qund_step(st)) == 1) {
        qund_buf_puts(b, "  - ");
        write_week(b, st);
        qund_buf_char(b, '\n');
    }
    qund_stmt_reset(st);
    return rc;
}

static int put_leave(struct qund_db *db, struct qund_buf *b)
{
    struct qund_stmt *st = qund_crm_stmt(
        db,
        "SELECT s.key, l.from_day, l.to_day, t.key FROM leave l JOIN staff s ON s.id = l.staff "
        "LEFT JOIN staff t ON t.id = l.stand_in AND t.active = 1 WHERE s.active = 1 "
        "ORDER BY l.from_day, l.id",
        NULL, 0);
    int rc;

    while ((rc = qund_step(st)) == 1) {
        qund_buf_puts(b, "  - {staff: ");
        quoted(b, qund_col_str(st, 0));
        qund_buf_puts(b, ", from: ");
        qund_org_print_date(qund_col_int(st, 1), b);
        qund_buf_puts(b, ", to: ");
        qund_org_print_date(qund_col_int(st, 2), b);
        pair(b, "stand_in", qund_col_str(st, 3));
        qund_buf_puts(b, "}\n");
    }
    qund_stmt_reset(st);
    return rc;
}

int qund_org_export(struct qund_db *db, struct qund_buf *out)
{
    static const struct {
        const char *key;
        int (*put)(struct qund_db *, struct qund_buf *);
    } parts[] = {{"staff", put_staff},           {"bots", put_bots},       {"groups", put_groups},
                 {"duty_hours", put_duty_hours}, {"rosters", put_rosters}, {"leave", put_leave}};

    for (size_t i = 0; i < QUND_ARRAY_LEN(parts); i++) {
        size_t before, empty;
        int rc;

        empty = out->n;
        qund_buf_printf(out, "%s:\n", parts[i].key);
        before = out->n;
        rc = parts[i].put(db, out);
        if (rc < 0)
            return rc;
        if (out->n == before)
            out->n = empty; /* nothing to say */
    }
    return QUND_OK;
}
