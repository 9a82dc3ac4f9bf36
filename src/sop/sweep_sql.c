/* src/sop/sweep_sql.c - people for whom a plan begins because time has passed.
 *
 * A birthday is a tag that a form, an import or a person has set: 生日:03-15 or 生日:1990-03-15. */
#include "sop/internal.h"

/* Silent and without an order since then, and not spoken to by this plan in that time. */
#define DORMANT                                                                           \
    " c.id > :after AND c.last_seen < :before AND c.opt_out = 0 AND NOT EXISTS (SELECT 1" \
    " FROM shop_order o WHERE o.contact = c.id AND o.paid_at >= :before) AND NOT EXISTS"  \
    " (SELECT 1 FROM plan_run r WHERE r.plan = :plan AND r.contact = c.id AND"            \
    " (r.state < 2 OR r.began >= :before)) ORDER BY c.id LIMIT :max"

int qund_sweep_sql_dormant(struct qund_db *db, int64_t plan, int64_t grp, int64_t before,
                           int64_t after, int64_t *ids, size_t max)
{
    struct qund_stmt *st =
        grp ? qund_sql(db, "SELECT c.id FROM member m JOIN contact c ON c.id = m.contact"
                           " WHERE m.grp = :grp AND m.left_at IS NULL AND" DORMANT)
            : qund_sql(db, "SELECT c.id FROM contact c WHERE" DORMANT);

    qund_assert(st);
    if (grp)
        qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":plan", plan);
    qund_bind_int(st, ":before", before);
    qund_bind_int(st, ":after", after);
    qund_bind_int(st, ":max", (int64_t)max);
    return qund_take_ids(st, ids, max);
}

int qund_sweep_sql_birthday(struct qund_db *db, int64_t grp, struct qund_str month_day,
                            int64_t after, int64_t *ids, size_t max)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT DISTINCT ct.contact FROM tag t JOIN contact_tag ct ON ct.tag = t.id"
                     " WHERE (t.name = '生日:' || :day OR t.name LIKE '生日:____-' || :day)"
                     " AND ct.contact > :after AND (:grp = 0 OR EXISTS (SELECT 1 FROM member"
                     " WHERE grp = :grp AND contact = ct.contact AND left_at IS NULL))"
                     " ORDER BY ct.contact LIMIT :max");

    qund_assert(st);
    qund_bind_int(st, ":grp", grp);
    qund_bind_str(st, ":day", month_day);
    qund_bind_int(st, ":after", after);
    qund_bind_int(st, ":max", (int64_t)max);
    return qund_take_ids(st, ids, max);
}
