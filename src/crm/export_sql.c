/* src/crm/export_sql.c - tables out, as CSV or JSON lines.
 *
 * One walk over one statement, handed on in pieces, so that a million rows need no memory. The
 * columns are those an import reads, in the same words: an export of one store imports into
 * another. Of several phones or rooms a person has, the first one known is written. */
#include "core/json.h"
#include "core/zone.h"
#include "crm/import.h"
#include "crm/internal.h"
#include "crm/read.h"

enum { PIECE_BYTES = 64 << 10 };

enum cell { CELL_TEXT, CELL_INT, CELL_PHONE, CELL_TIME, CELL_BOOL };
struct column {
    const char *name;
    enum cell cell;
};

#define FIRST_IDENTITY(what, contact)                                                            \
    "(SELECT " what " FROM identity i JOIN realm r ON r.id = i.realm WHERE i.contact = " contact \
    " ORDER BY i.realm, i.pid LIMIT 1)"
#define FIRST_PHONE(contact)                                          \
    "(SELECT p.phone FROM contact_phone p WHERE p.contact = " contact \
    " ORDER BY p.at, p.phone LIMIT 1)"
#define FIRST_ROOM(what, contact)                                                     \
    "(SELECT " what                                                                   \
    " FROM contact_room x LEFT JOIN grp g ON g.id = x.grp WHERE x.contact = " contact \
    " AND x.self = 1 ORDER BY x.at, x.room LIMIT 1)"
#define FIRST_GROUP(contact)                                                              \
    "ifnull(" FIRST_ROOM("g.pid", contact) ", (SELECT g.pid FROM member m JOIN grp g ON " \
                                           "g.id = m.grp WHERE m.contact = " contact      \
                                           " AND m.left_at IS NULL ORDER BY m.grp LIMIT 1))"
#define ALL_TAGS(contact)                                                                         \
    "(SELECT group_concat(name, ';') FROM (SELECT DISTINCT t.name FROM contact_tag x JOIN tag t " \
    "ON t.id = x.tag WHERE x.contact = " contact " AND x.expires = 0 ORDER BY t.name))"

static const struct column CONTACTS[] = {
    {"realm", CELL_TEXT},      {"id", CELL_TEXT},       {"name", CELL_TEXT},
    {"phone", CELL_PHONE},     {"room", CELL_TEXT},     {"group", CELL_TEXT},
    {"tags", CELL_TEXT},       {"source", CELL_TEXT},   {"opt_out", CELL_BOOL},
    {"first_seen", CELL_TIME}, {"last_seen", CELL_TIME}};
static const struct column LEADS[] = {
    {"realm", CELL_TEXT}, {"id", CELL_TEXT},    {"name", CELL_TEXT}, {"phone", CELL_PHONE},
    {"room", CELL_TEXT},  {"group", CELL_TEXT}, {"tags", CELL_TEXT}, {"score", CELL_INT},
    {"stage", CELL_TEXT}, {"pool", CELL_TEXT},  {"owner", CELL_TEXT}};
static const struct column STAFF[] = {{"key", CELL_TEXT},    {"name", CELL_TEXT},
                                      {"active", CELL_BOOL}, {"realm", CELL_TEXT},
                                      {"id", CELL_TEXT},     {"push", CELL_TEXT}};
static const struct column ORDERS[] = {
    {"order", CELL_TEXT},  {"realm", CELL_TEXT},      {"id", CELL_TEXT},      {"name", CELL_TEXT},
    {"phone", CELL_PHONE}, {"amount_cent", CELL_INT}, {"paid_at", CELL_TIME}, {"items", CELL_TEXT}};
static const struct column HOUSEHOLDS[] = {
    {"place", CELL_TEXT}, {"zone", CELL_TEXT},  {"building", CELL_TEXT}, {"unit", CELL_TEXT},
    {"room", CELL_TEXT},  {"people", CELL_INT}, {"names", CELL_TEXT}};

static const struct {
    const struct column *columns;
    size_t n;
    const char *sql;
} EXPORTS
    [] =
        {
            [QUND_TABLE_CONTACTS] =
                {
                    CONTACTS, QUND_ARRAY_LEN(CONTACTS),
                    "SELECT " FIRST_IDENTITY("r.name", "c.id") ", " FIRST_IDENTITY("i.pid", "c.id") ", c.name, " FIRST_PHONE(
                        "c.id") ", " FIRST_ROOM("x.room",
                                                "c.id") ", " FIRST_GROUP("c.id") ", " ALL_TAGS("c."
                                                                                               "id") ", c.source, c.opt_out, c.first_seen, "
                                                                                                     "c.last_seen FROM contact c ORDER BY c.id"},
            [QUND_TABLE_LEADS] =
                {
                    LEADS, QUND_ARRAY_LEN(LEADS),
                    "SELECT " FIRST_IDENTITY("r.name", "c.id") ", " FIRST_IDENTITY("i.pid", "c.id") ", c.name, " FIRST_PHONE("c.id") ", " FIRST_ROOM(
                        "x.room",
                        "c.id") ", " FIRST_GROUP("c.id") ", " ALL_TAGS("c.id") ", l.score, "
                                                                               "l.stage, l.pool, "
                                                                               "s.key FROM lead l "
                                                                               "JOIN contact c ON "
                                                                               "c.id = l.contact "
                                                                               "LEFT JOIN staff s "
                                                                               "ON s.id = l.owner "
                                                                               "ORDER BY l.score "
                                                                               "DESC, l.contact "
                                                                               "DESC"},
            [QUND_TABLE_STAFF] =
                {STAFF, QUND_ARRAY_LEN(STAFF),
                 "SELECT s.key, s.name, s.active, (SELECT r.name FROM actor a JOIN realm r ON r.id "
                 "= "
                 "a.realm WHERE a.staff = s.id AND a.staff > 0 ORDER BY a.realm, a.pid LIMIT 1), "
                 "(SELECT a.pid FROM actor a WHERE a.staff = s.id AND a.staff > 0 ORDER BY "
                 "a.realm, a.pid "
                 "LIMIT 1), (SELECT group_concat(target, ';') FROM (SELECT target FROM staff_push "
                 "WHERE "
                 "staff = s.id ORDER BY pos)) FROM staff s ORDER BY s.key"},
            [QUND_TABLE_ORDERS] =
                {ORDERS, QUND_ARRAY_LEN(ORDERS),
                 "SELECT o.number, w.name, (SELECT i.pid FROM identity i WHERE i.contact = "
                 "o.contact AND "
                 "i.realm = o.realm ORDER BY i.pid LIMIT 1), c.name, o.phone, o.amount_cent, "
                 "o.paid_at, "
                 "o.items FROM shop_order o JOIN realm w ON w.id = o.realm LEFT JOIN contact c ON "
                 "c.id = o.contact ORDER BY o.id"},
            [QUND_TABLE_HOUSEHOLDS] =
                {HOUSEHOLDS, QUND_ARRAY_LEN(HOUSEHOLDS),
                 "SELECT CASE WHEN h.scope LIKE 'p:%' THEN substr(h.scope, 3) ELSE (SELECT g.name "
                 "FROM grp "
                 "g WHERE g.id = CAST(substr(h.scope, 3) AS INTEGER)) END, h.zone, h.building, "
                 "h.unit, "
                 "h.room, (SELECT count(DISTINCT x.contact) FROM contact_room x WHERE x.household "
                 "= h.id "
                 "AND x.household > 0), (SELECT group_concat(name, ';') FROM (SELECT DISTINCT "
                 "c.name FROM "
                 "contact_room x JOIN contact c ON c.id = x.contact WHERE x.household = h.id AND "
                 "x.household > 0 ORDER BY x.at)) FROM household h ORDER BY h.scope, h.id"},
};

/* The cell as text; NONE when it is empty. */
static struct qund_str cell_text(struct qund_stmt *st, int i, enum cell cell, bool mask,
                                 struct qund_buf *b)
{
    char iso[25];

    qund_buf_clear(b);
    if (qund_col_null(st, i))
        return QUND_STR_NONE;
    switch (cell) {
    case CELL_TEXT:
        return qund_col_str(st, i);
    case CELL_PHONE:
        if (mask && qund_col_str(st, i).n)
            qund_crm_mask_phone(qund_col_str(st, i), b);
        else
            qund_buf_str(b, qund_col_str(st, i));
        break;
    case CELL_INT:
        qund_buf_int(b, qund_col_int(st, i));
        break;
    case CELL_BOOL:
        qund_buf_puts(b, qund_col_int(st, i) ? "true" : "false");
        break;
    case CELL_TIME:
        if (qund_col_int(st, i) > 0) {
            qund_iso_print(qund_col_int(st, i), iso);
            qund_buf_puts(b, iso);
        }
        break;
    }
    return qund_buf_view(b);
}

static void csv_row(struct qund_stmt *st, const struct column *cols, size_t n, bool mask,
                    struct qund_buf *out, struct qund_buf *b)
{
    for (size_t i = 0; i < n; i++)
        qund_csv_put(out, crm_text(cell_text(st, (int)i, cols[i].cell, mask, b)), i == 0);
    qund_csv_end(out);
}

static void json_row(struct qund_stmt *st, const struct column *cols, size_t n, bool mask,
                     struct qund_buf *out, struct qund_buf *b)
{
    struct qund_jw w = qund_jw(out);

    qund_jw_obj(&w);
    for (size_t i = 0; i < n; i++) {
        struct qund_str s = cell_text(st, (int)i, cols[i].cell, mask, b);

        if (!s.n)
            continue;
        if (cols[i].cell == CELL_INT || cols[i].cell == CELL_BOOL) {
            qund_jw_key(&w, cols[i].name);
            qund_jw_raw(&w, s);
        } else {
            qund_jw_kstr(&w, cols[i].name, s);
        }
    }
    qund_jw_end_obj(&w);
    qund_buf_char(out, '\n');
}

int qund_export(struct qund_db *db, enum qund_table t, const struct qund_export_opt *opt,
                int (*write)(void *arg, struct qund_str piece), void *arg, int64_t *rows,
                struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0}, b = {0};
    const struct column *cols = EXPORTS[t].columns;
    size_t n = EXPORTS[t].n;
    struct qund_stmt *st = qund_crm_stmt(db, EXPORTS[t].sql, NULL, 0);
    int rc;

    *rows = 0;
    if (opt->form == QUND_EXPORT_CSV) {
        qund_buf_puts(&out, "\xef\xbb\xbf"); /* spreadsheets take the file for GBK otherwise */
        for (size_t i = 0; i < n; i++)
            qund_csv_put(&out, qund_str(cols[i].name), i == 0);
        qund_csv_end(&out);
    }
    while ((rc = qund_step(st)) == 1) {
        if (opt->form == QUND_EXPORT_CSV)
            csv_row(st, cols, n, opt->mask, &out, &b);
        else
            json_row(st, cols, n, opt->mask, &out, &b);
        ++*rows;
        if (out.n < PIECE_BYTES)
            continue;
        rc = write(arg, qund_buf_view(&out));
        qund_buf_clear(&out);
        if (rc != 0)
            break;
    }
    qund_stmt_reset(st);
    if (rc < 0)
        return qund_err_set(err, rc, qund_table_name(t), "export stopped after %lld rows: %s",
                            (long long)*rows, qund_db_error(db));
    return rc == 0 && out.n ? write(arg, qund_buf_view(&out)) : rc;
}
