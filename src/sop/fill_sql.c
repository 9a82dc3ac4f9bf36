/* src/sop/fill_sql.c - what a variable says of a person, looked up. */
#include "sop/internal.h"

#define TAIL 4 /* of an order's number: enough to know it again, too little to use it */

int qund_fill_sql_nick(struct qund_db *db, int64_t grp, int64_t contact, struct qund_buf *out)
{
    struct qund_stmt *st = qund_sql(
        db, "SELECT CASE WHEN m.nick <> '' THEN m.nick ELSE c.name END FROM contact c"
            " LEFT JOIN member m ON m.contact = c.id AND m.grp = :grp WHERE c.id = :contact");
    size_t was = out->n;
    int rc;

    qund_assert(st);
    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":contact", contact);
    rc = qund_step(st);
    if (rc == 1)
        qund_buf_str(out, qund_col_str(st, 0));
    qund_stmt_reset(st);
    return rc < 0 ? rc : out->n > was ? 0 : QUND_E_NOTFOUND;
}

int qund_fill_sql_order(struct qund_db *db, int64_t contact, bool tail, struct qund_buf *out)
{
    struct qund_stmt *st = qund_sql(db, "SELECT number, items FROM shop_order WHERE"
                                        " contact = :contact ORDER BY paid_at DESC, id DESC"
                                        " LIMIT 1");
    size_t was = out->n;
    int rc;

    qund_assert(st);
    qund_bind_int(st, ":contact", contact);
    rc = qund_step(st);
    if (rc == 1) {
        struct qund_str s = qund_col_str(st, tail ? 0 : 1);

        /* Numbers of shops are ASCII; any other is given whole rather than cut within a character.
         */
        if (tail && s.n > TAIL && (s.p[s.n - TAIL] & 0xC0) != 0x80)
            s = qund_str_n(s.p + s.n - TAIL, TAIL);
        qund_buf_str(out, s);
    }
    qund_stmt_reset(st);
    return rc < 0 ? rc : out->n > was ? 0 : QUND_E_NOTFOUND;
}
