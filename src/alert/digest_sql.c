/* digest_sql.c - what a digest reads: groups, questions, members. Nothing is written. */
#include "alert/digest.h"

int digest_sql_group(struct qund_db *db, int64_t grp, struct qund_buf *name)
{
    struct qund_stmt *st = qund_sql(db, "SELECT CASE name WHEN '' THEN pid ELSE name END "
                                        "FROM grp WHERE id = :id");
    int rc;

    qund_bind_int(st, ":id", grp);
    rc = qund_step(st);
    if (rc > 0)
        qund_buf_str(name, qund_col_str(st, 0));
    qund_stmt_reset(st);
    return rc > 0 ? 0 : rc < 0 ? rc : QUND_E_NOTFOUND;
}

static int count(struct qund_db *db, const char *sql, int64_t grp, int64_t from, int64_t until,
                 int64_t *const out[], int n)
{
    struct qund_stmt *st = qund_sql(db, sql);
    int rc;

    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":from", from);
    qund_bind_int(st, ":until", until);
    rc = qund_step(st);
    for (int i = 0; rc > 0 && i < n; i++)
        *out[i] = qund_col_int(st, i);
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

int digest_sql_counts(struct qund_db *db, int64_t grp, int64_t from, int64_t until,
                      struct digest_counts *c)
{
    int64_t *const questions[] = {&c->asked, &c->answered, &c->open};
    int64_t *const members[] = {&c->joined, &c->left};
    int rc = count(db,
                   "SELECT count(*), count(CASE WHEN state IN (1, 2) THEN 1 END), "
                   "count(CASE WHEN state = 0 THEN 1 END) FROM question "
                   "WHERE grp = :grp AND ts >= :from AND ts < :until AND state <> 3",
                   grp, from, until, questions, 3);

    if (rc == 0)
        rc = count(db,
                   "SELECT count(CASE WHEN joined >= :from AND joined < :until THEN 1 END), "
                   "count(CASE WHEN left_at >= :from AND left_at < :until THEN 1 END) "
                   "FROM member WHERE grp = :grp",
                   grp, from, until, members, 2);
    return rc;
}

int digest_sql_busy(struct qund_db *db, int64_t grp, int64_t from, int64_t until, int64_t *messages,
                    int64_t *speakers)
{
    int64_t *const sum[] = {messages};
    int64_t *const distinct[] = {speakers};
    int rc = count(db,
                   "SELECT ifnull(sum(messages), 0) FROM measure "
                   "WHERE grp = :grp AND hour >= :from AND hour < :until",
                   grp, from, until, sum, 1);

    if (rc == 0)
        rc = count(db,
                   "SELECT count(DISTINCT contact) FROM speaker "
                   "WHERE grp = :grp AND hour >= :from AND hour < :until",
                   grp, from, until, distinct, 1);
    return rc;
}

int digest_sql_open(struct qund_db *db, int64_t grp, int64_t from, int64_t until, int max,
                    void (*each)(void *arg, int64_t seq, struct qund_str name, int64_t ts),
                    void *arg)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT seq, name, ts FROM question WHERE grp = :grp AND state = 0 "
                     "AND ts >= :from AND ts < :until ORDER BY ts LIMIT :max");
    int rc;

    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":from", from);
    qund_bind_int(st, ":until", until);
    qund_bind_int(st, ":max", max);
    while ((rc = qund_step(st)) > 0)
        each(arg, qund_col_int(st, 0), qund_col_str(st, 1), qund_col_int(st, 2));
    qund_stmt_reset(st);
    return rc;
}

int digest_sql_joined(struct qund_db *db, int64_t grp, int64_t from, int64_t until, int max,
                      void (*each)(void *arg, struct qund_str name), void *arg)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT CASE m.nick WHEN '' THEN c.name ELSE m.nick END FROM member m "
                     "JOIN contact c ON c.id = m.contact WHERE m.grp = :grp "
                     "AND m.joined >= :from AND m.joined < :until ORDER BY m.joined LIMIT :max");
    int rc;

    qund_bind_int(st, ":grp", grp);
    qund_bind_int(st, ":from", from);
    qund_bind_int(st, ":until", until);
    qund_bind_int(st, ":max", max);
    while ((rc = qund_step(st)) > 0)
        each(arg, qund_col_str(st, 0));
    qund_stmt_reset(st);
    return rc;
}

int qund_digest_sql_next(struct qund_db *db, int64_t after, int64_t *grp, struct qund_buf *zone)
{
    struct qund_stmt *st = qund_sql(db, "SELECT id, zone FROM grp WHERE id > :after "
                                        "AND state <> 2 AND internal = 0 ORDER BY id LIMIT 1");
    int rc;

    qund_bind_int(st, ":after", after);
    rc = qund_step(st);
    qund_buf_clear(zone);
    if (rc > 0) {
        *grp = qund_col_int(st, 0);
        qund_buf_str(zone, qund_col_str(st, 1));
    }
    qund_stmt_reset(st);
    return rc;
}

int qund_digest_sql_zones(struct qund_db *db, int (*each)(void *arg, struct qund_str zone),
                          void *arg)
{
    struct qund_stmt *st = qund_sql(db, "SELECT DISTINCT ifnull(zone, '') FROM grp "
                                        "WHERE state <> 2 AND internal = 0");
    int rc;

    while ((rc = qund_step(st)) > 0) {
        rc = each(arg, qund_col_str(st, 0));
        if (rc < 0)
            break;
    }
    qund_stmt_reset(st);
    return rc;
}
