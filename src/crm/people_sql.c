/* src/crm/people_sql.c - staff's push targets and ids, and the role behind an id or an @name.
 *
 * In a chat an @ is followed by a display name and no end mark, and names hold spaces. So the text
 * behind it is looked up as a name, one character less each time, longest first. */
#include "config/config.h"
#include "crm/people.h"

#define NAME_CHARS 24 /* of a display name that are tried; WeChat allows 16 Han or 32 letters */

int qund_crm_staff_targets(struct qund_db *db, int64_t staff,
                           int (*each)(struct qund_str target, void *arg), void *arg)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT p.target FROM staff_push p JOIN staff s ON s.id = p.staff"
                     " WHERE p.staff = :staff AND s.active = 1 ORDER BY p.pos");
    int rc;

    qund_bind_int(st, ":staff", staff);
    while ((rc = qund_step(st)) > 0) {
        rc = each(qund_col_str(st, 0), arg);
        if (rc != 0)
            break;
    }
    qund_stmt_reset(st);
    return rc;
}

struct sought {
    const struct qund_config *config;
};

static int is_target(struct qund_str target, void *arg)
{
    const struct sought *s = arg;

    return qund_config_target(s->config, target) ? 1 : 0;
}

int qund_crm_staff_reached(struct qund_db *db, int64_t staff, const struct qund_config *config)
{
    struct sought s = {config};

    return qund_crm_staff_targets(db, staff, is_target, &s);
}

int qund_crm_reads_alone(struct qund_db *db, int64_t staff, const struct qund_target_cfg *to)
{
    struct qund_stmt *st;
    int rc;

    if (!to->single)
        return to->shared != QUND_SHARED_TRUE;
    st = qund_sql(db, "SELECT 1 FROM staff_push p JOIN staff s ON s.id = p.staff"
                      " WHERE p.target = :to AND p.staff <> :staff AND s.active = 1 LIMIT 1");
    qund_bind_str(st, ":to", qund_str(to->name));
    qund_bind_int(st, ":staff", staff);
    rc = qund_any(st);
    return rc < 0 ? rc : rc == 0;
}

/* The one value that `sql` reads of a member of staff; nothing is added when there is none. */
static int staff_text(struct qund_db *db, const char *sql, int64_t staff, struct qund_buf *out)
{
    struct qund_stmt *st = qund_sql(db, sql);
    int rc;

    qund_bind_int(st, ":staff", staff);
    rc = qund_step(st);
    if (rc > 0)
        qund_buf_str(out, qund_col_str(st, 0));
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

int qund_crm_staff_name(struct qund_db *db, int64_t staff, struct qund_buf *out)
{
    return staff_text(db, "SELECT name FROM staff WHERE id = :staff", staff, out);
}

int qund_crm_staff_phone(struct qund_db *db, int64_t staff, struct qund_buf *out)
{
    return staff_text(db, "SELECT phone FROM staff WHERE id = :staff", staff, out);
}

int qund_crm_staff_ids(struct qund_db *db, int64_t staff, struct qund_buf *json)
{
    return staff_text(db,
                      "SELECT json_group_object(name, pid) FROM (SELECT r.name AS name,"
                      " min(a.pid) AS pid FROM actor a JOIN realm r ON r.id = a.realm"
                      " WHERE a.staff = :staff GROUP BY r.name ORDER BY r.name)",
                      staff, json);
}

int qund_crm_staff_find(struct qund_db *db, struct qund_str key, int64_t *out)
{
    /* Rank 0: by key, 1: by number, 2: by name, which must be one person's alone. */
    struct qund_stmt *st = qund_sql(
        db, "SELECT id, CASE WHEN key = :key THEN 0 WHEN id = :id THEN 1 ELSE 2 END AS rank"
            " FROM staff WHERE active = 1 AND (key = :key OR id = :id OR (name = :key AND"
            " name <> '')) ORDER BY rank LIMIT 2");
    int64_t id = 0, rank = 0;
    int rc, more = 0;

    if (qund_str_int(key, &id) < 0)
        id = 0;
    qund_bind_int(st, ":id", id);
    qund_bind_str(st, ":key", key);
    rc = qund_step(st);
    if (rc > 0) {
        *out = qund_col_int(st, 0);
        rank = qund_col_int(st, 1);
    }
    if (rc > 0 && rank == 2)
        more = qund_step(st); /* two are called so: it is nobody's */
    qund_stmt_reset(st);
    if (rc < 0 || more < 0)
        return rc < 0 ? rc : more;
    return rc > 0 && more == 0 ? 0 : QUND_E_NOTFOUND;
}

int qund_crm_staff_each(struct qund_db *db,
                        int (*each)(int64_t id, struct qund_str name, void *arg), void *arg)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT id, name FROM staff WHERE active = 1 ORDER BY name, id");
    int rc;

    while ((rc = qund_step(st)) > 0) {
        rc = each(qund_col_int(st, 0), qund_col_str(st, 1), arg);
        if (rc != 0)
            break;
    }
    qund_stmt_reset(st);
    return rc;
}

int qund_crm_staff_active(struct qund_db *db, int64_t id)
{
    struct qund_stmt *st = qund_sql(db, "SELECT 1 FROM staff WHERE id = :id AND active = 1");

    qund_bind_int(st, ":id", id);
    return qund_any(st);
}

int qund_crm_staff_any(struct qund_db *db, bool *out)
{
    struct qund_stmt *st = qund_sql(db, "SELECT 1 FROM staff WHERE active = 1 LIMIT 1");
    int rc = qund_step(st);

    *out = rc > 0;
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

static int role_row(struct qund_stmt *st, enum qund_role *out)
{
    int rc = qund_step(st);

    if (rc > 0)
        *out = qund_col_int(st, 0) ? (enum qund_role)qund_col_int(st, 0) : QUND_ROLE_CUSTOMER;
    qund_stmt_reset(st);
    return rc > 0 ? 0 : rc < 0 ? rc : QUND_E_NOTFOUND;
}

/* how: which index leads to the identities */
#define ROLE(how)                                                                                \
    "SELECT coalesce(a.role, c.role) FROM identity i " how " JOIN contact c ON c.id = i.contact" \
    " LEFT JOIN actor a ON a.realm = i.realm AND a.pid = i.pid WHERE i.realm = :realm"

int qund_crm_role_of(struct qund_db *db, int64_t realm, struct qund_str pid, enum qund_role *out)
{
    struct qund_stmt *st = qund_sql(db, ROLE("") " AND i.pid = :pid");

    qund_bind_int(st, ":realm", realm);
    qund_bind_str(st, ":pid", pid);
    return role_row(st, out);
}

int qund_crm_role_named(struct qund_db *db, int64_t realm, struct qund_str text,
                        enum qund_role *out)
{
    /* Left to itself SQLite takes the first half of the primary key: everybody there is. */
    struct qund_stmt *st = qund_sql(
        db, ROLE("INDEXED BY identity_name") " AND i.name = :name AND i.name <> ''"
                                             " ORDER BY coalesce(a.role, c.role) = 2 DESC LIMIT 1");

    for (size_t chars = NAME_CHARS; chars > 0; chars--) {
        struct qund_str name = qund_utf8_cut_chars(text, chars);
        int rc;

        if (chars < NAME_CHARS && qund_utf8_count(name) < chars)
            continue; /* the text is shorter than that */
        qund_bind_int(st, ":realm", realm);
        qund_bind_str(st, ":name", name);
        rc = role_row(st, out);
        if (rc != QUND_E_NOTFOUND)
            return rc;
    }
    return QUND_E_NOTFOUND;
}

int qund_crm_invited(struct qund_db *db, int64_t grp, struct qund_str role, int64_t contact)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT 1 FROM role_holder WHERE grp = :grp AND role = :role AND"
                     " actor_kind = 'invited_customer' AND (:contact = 0 OR contact = :contact)"
                     " LIMIT 1");

    qund_bind_int(st, ":grp", grp);
    qund_bind_str(st, ":role", role);
    qund_bind_int(st, ":contact", contact);
    return qund_any(st);
}
