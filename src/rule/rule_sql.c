/* rule_sql.c - the rows of src/store/schema/0003-rule.sql: marks and counters. */
#include "rule/internal.h"
#include "store/db.h"

#define HOUR_MS INT64_C(3600000)

int qund_rule_sql_numbers(struct qund_db *db, void *arg,
                          void (*each)(void *arg, struct qund_str id, int64_t no, int64_t version))
{
    struct qund_stmt *st = qund_sql(db, "SELECT id, no, version FROM rule");
    int rc;

    if (!st)
        return QUND_E_IO;
    while ((rc = qund_step(st)) == 1)
        each(arg, qund_col_str(st, 0), qund_col_int(st, 1), qund_col_int(st, 2));
    qund_stmt_reset(st);
    return rc;
}

static void bind_key(struct qund_stmt *st, const struct qund_mark_key *k)
{
    qund_bind_int(st, ":rule", k->rule_no);
    qund_bind_int(st, ":what", k->what);
    qund_bind_int(st, ":per", k->per);
    qund_bind_int(st, ":group", k->group_id);
    qund_bind_int(st, ":contact", k->contact_id);
}

/* --- lists of marks ---
 * A list is packed into one value: per mark three zigzag varints, the distances of ts and seq from
 * the mark before, and what `until - ts` differs from the mark before. Four to six bytes a mark,
 * one row a list: a thousand events of one minute cost a row per speaker, not a row and an index
 * entry each, and one write a batch. */

#define MARK_BYTES_MAX 30u /* three varints of ten bytes */

static char *put_int(char *to, int64_t v)
{
    uint64_t u = (uint64_t)v << 1 ^ (uint64_t)(v >> 63);

    for (; u >= 0x80; u >>= 7)
        *to++ = (char)(u | 0x80);
    *to++ = (char)u;
    return to;
}

/* false at a damaged end. */
static bool get_int(struct qund_str *s, int64_t *v)
{
    uint64_t u = 0;

    for (unsigned shift = 0; shift < 64 && s->n > 0; shift += 7) {
        unsigned char c = (unsigned char)*s->p;

        s->p++;
        s->n--;
        u |= (uint64_t)(c & 0x7f) << shift;
        if (!(c & 0x80)) {
            *v = (int64_t)(u >> 1) ^ -(int64_t)(u & 1);
            return true;
        }
    }
    return false;
}

static int unpack(struct qund_str packed, void *arg,
                  void (*each)(void *arg, const struct qund_mark *m))
{
    struct qund_mark m = {0};
    int64_t ts, seq, life, lives = 0;

    while (packed.n > 0) {
        if (!get_int(&packed, &ts) || !get_int(&packed, &seq) || !get_int(&packed, &life))
            return QUND_E_IO; /* a damaged file */
        m.ts += ts;
        m.seq += seq;
        lives += life;
        m.until = m.ts + lives;
        each(arg, &m);
    }
    return 0;
}

int qund_rule_sql_marks(struct qund_db *db, const struct qund_mark_key *k, int64_t *gone, void *arg,
                        void (*each)(void *arg, const struct qund_mark *m))
{
    struct qund_stmt *st = qund_sql(db, "SELECT marks, gone FROM rule_mark"
                                        " WHERE rule_no = :rule AND what = :what AND per = :per"
                                        " AND group_id = :group AND contact_id = :contact");
    int rc;

    *gone = 0;
    if (!st)
        return QUND_E_IO;
    bind_key(st, k);
    rc = qund_step(st);
    if (rc == 1) {
        *gone = qund_col_int(st, 1);
        rc = unpack(qund_col_str(st, 0), arg, each);
    }
    qund_stmt_reset(st);
    return rc;
}

/* The hour in which no mark of the list is alive any more. */
static int64_t pack(const struct qund_mark *v, size_t n, struct qund_buf *room)
{
    struct qund_mark last = {0};
    int64_t gone = 0;
    char *to;

    qund_buf_clear(room);
    qund_buf_reserve(room, n * MARK_BYTES_MAX);
    to = room->p;
    for (size_t i = 0; i < n; i++) {
        to = put_int(to, v[i].ts - last.ts);
        to = put_int(to, v[i].seq - last.seq);
        to = put_int(to, (v[i].until - v[i].ts) - (last.until - last.ts));
        last = v[i];
        gone = v[i].until > gone ? v[i].until : gone;
    }
    room->n = (size_t)(to - room->p);
    return gone - gone % HOUR_MS + HOUR_MS;
}

static int put_whole(struct qund_db *db, const struct qund_mark_key *k, int64_t gone,
                     const struct qund_buf *marks)
{
    struct qund_stmt *st =
        qund_sql(db, "INSERT INTO rule_mark VALUES (:rule, :what, :per, :group, :contact, :gone,"
                     " :marks) ON CONFLICT DO UPDATE SET gone = :gone, marks = :marks");

    if (!st)
        return QUND_E_IO;
    bind_key(st, k);
    qund_bind_int(st, ":gone", gone);
    qund_bind_blob(st, ":marks", marks->p, marks->n);
    return qund_run(st);
}

/* Within the same hour only the marks move: the row's place in the index of `gone` is not looked
 * for, which is half of the work. 0: there is no row, the sweep took it. */
static int put_marks(struct qund_db *db, const struct qund_mark_key *k,
                     const struct qund_buf *marks)
{
    struct qund_stmt *st = qund_sql(db, "UPDATE rule_mark SET marks = :marks"
                                        " WHERE rule_no = :rule AND what = :what AND per = :per"
                                        " AND group_id = :group AND contact_id = :contact");
    int rc;

    if (!st)
        return QUND_E_IO;
    bind_key(st, k);
    qund_bind_blob(st, ":marks", marks->p, marks->n);
    rc = qund_run(st);
    return rc < 0 ? rc : qund_db_changes(db) > 0;
}

int qund_rule_sql_marks_put(struct qund_db *db, const struct qund_mark_key *k,
                            const struct qund_mark *v, size_t n, int64_t *gone,
                            struct qund_buf *room)
{
    int64_t until = pack(v, n, room);
    int rc = until == *gone ? put_marks(db, k, room) : 0;

    if (rc == 0)
        rc = put_whole(db, k, until, room);
    if (rc >= 0)
        *gone = until;
    return rc < 0 ? rc : 0;
}

int qund_rule_sql_sweep(struct qund_db *db, int64_t now, size_t max)
{
    struct qund_stmt *st =
        qund_sql(db, "DELETE FROM rule_mark WHERE (rule_no, what, per, group_id, contact_id)"
                     " IN (SELECT rule_no, what, per, group_id, contact_id FROM rule_mark"
                     " WHERE gone <= :now ORDER BY gone, rule_no, what, per, group_id, contact_id"
                     " LIMIT :max)");
    int rc;

    if (!st)
        return QUND_E_IO;
    qund_bind_int(st, ":now", now);
    qund_bind_int(st, ":max", (int64_t)max);
    rc = qund_run(st);
    return rc < 0 ? rc : (int)qund_db_changes(db);
}

int qund_rule_sql_hits(struct qund_db *db, int64_t rule_no, int64_t day, int64_t n)
{
    struct qund_stmt *st = qund_sql(db, "INSERT INTO rule_day (rule_no, day, hits)"
                                        " VALUES (:rule, :day, :n)"
                                        " ON CONFLICT DO UPDATE SET hits = hits + excluded.hits");

    if (!st)
        return QUND_E_IO;
    qund_bind_int(st, ":rule", rule_no);
    qund_bind_int(st, ":day", day);
    qund_bind_int(st, ":n", n);
    return qund_run(st);
}

int qund_rule_mark_irrelevant(struct qund_db *db, struct qund_str id, int64_t day, int n)
{
    struct qund_stmt *st = qund_sql(db, "INSERT INTO rule_day (rule_no, day, irrelevant)"
                                        " SELECT no, :day, max(:n, 0) FROM rule WHERE id = :id"
                                        " ON CONFLICT DO UPDATE SET"
                                        " irrelevant = max(irrelevant + :n, 0)");
    int rc;

    if (!st)
        return QUND_E_IO;
    qund_bind_int(st, ":day", day);
    qund_bind_int(st, ":n", n);
    qund_bind_str(st, ":id", id);
    rc = qund_run(st);
    if (rc < 0)
        return rc;
    return qund_db_changes(db) ? 0 : QUND_E_NOTFOUND;
}

int qund_rule_stat(struct qund_db *db, struct qund_str id, int64_t from_day, int64_t to_day,
                   struct qund_rule_stat *out)
{
    struct qund_stmt *st = qund_sql(db, "SELECT total(d.hits), total(d.irrelevant) FROM rule_day d"
                                        " JOIN rule r ON r.no = d.rule_no WHERE r.id = :id"
                                        " AND d.day BETWEEN :from AND :to");
    int rc;

    if (!st)
        return QUND_E_IO;
    qund_bind_str(st, ":id", id);
    qund_bind_int(st, ":from", from_day);
    qund_bind_int(st, ":to", to_day);
    rc = qund_step(st);
    if (rc == 1)
        *out = (struct qund_rule_stat){qund_col_int(st, 0), qund_col_int(st, 1)};
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}
