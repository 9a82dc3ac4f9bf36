/* src/sop/place_sql.c - groups as a plan is asked for: by name, by tag, by type; and who is in
 * them. Only active groups of customers are found so. */
#include "sop/internal.h"

int qund_place_sql_named(struct qund_db *db, struct qund_str name, int64_t *id)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT id FROM grp WHERE pid = :name OR name = :name ORDER BY id LIMIT 2");
    int n = 0, rc;

    qund_assert(st);
    qund_bind_str(st, ":name", name);
    while ((rc = qund_step(st)) == 1) {
        *id = qund_col_int(st, 0);
        n++;
    }
    qund_stmt_reset(st);
    if (rc < 0)
        return rc;
    return n == 1 ? 0 : n == 0 ? QUND_E_NOTFOUND : QUND_E_EXISTS;
}

static int each_id(struct qund_stmt *st, int (*each)(void *arg, int64_t id), void *arg)
{
    int rc;

    while ((rc = qund_step(st)) == 1) {
        rc = each(arg, qund_col_int(st, 0));
        if (rc != 0)
            break;
    }
    qund_stmt_reset(st);
    return rc;
}

int qund_place_sql_tagged(struct qund_db *db, struct qund_str tag,
                          int (*each)(void *arg, int64_t id), void *arg)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT g.id FROM grp_tag t JOIN grp g ON g.id = t.grp WHERE t.tag = :tag"
                     " AND g.state = 0 AND g.internal = 0 ORDER BY g.id");

    qund_assert(st);
    qund_bind_str(st, ":tag", tag);
    return each_id(st, each, arg);
}

int qund_place_sql_typed(struct qund_db *db, int type, int (*each)(void *arg, int64_t id),
                         void *arg)
{
    struct qund_stmt *st = qund_sql(db, "SELECT id FROM grp WHERE type = :type AND state = 0"
                                        " AND internal = 0 ORDER BY id");

    qund_assert(st);
    qund_bind_int(st, ":type", type);
    return each_id(st, each, arg);
}

int qund_place_sql_holds(struct qund_db *db, int64_t grp, struct qund_str role, bool *out)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT 1 FROM role_holder WHERE grp = :grp AND role = :role LIMIT 1");
    int rc;

    qund_assert(st);
    qund_bind_int(st, ":grp", grp);
    qund_bind_str(st, ":role", role);
    rc = qund_step(st);
    *out = rc == 1;
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

int qund_place_sql_member(struct qund_db *db, int64_t grp, int64_t contact, bool *out)
{
    struct qund_stmt *st = qund_sql(db, "SELECT 1 FROM member WHERE grp = :grp AND"
                                        " contact = :contact AND left_at IS NULL");
    int rc;

    qund_assert(st);
    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":contact", contact);
    rc = qund_step(st);
    *out = rc == 1;
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

int qund_place_sql_members(struct qund_db *db, int64_t grp, int64_t after, int64_t *ids, size_t max)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT contact FROM member WHERE grp = :grp AND contact > :after"
                     " AND left_at IS NULL ORDER BY contact LIMIT :max");

    qund_assert(st);
    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":after", after);
    qund_bind_int(st, ":max", (int64_t)max);
    return qund_take_ids(st, ids, max);
}
