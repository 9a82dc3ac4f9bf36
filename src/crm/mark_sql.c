/* src/crm/mark_sql.c - what was read out of a message: one row for those that said something. */
#include "crm/message.h"

int qund_mark_put(struct qund_db *db, int64_t seq, const struct qund_mark *m)
{
    struct qund_stmt *st =
        qund_sql(db, "INSERT INTO mark(seq, intents, rooms, phones, signups, rules)"
                     " VALUES(:seq, :intents, :rooms, :phones, :signups, :rules)"
                     " ON CONFLICT(seq) DO UPDATE SET intents = :intents, rooms = :rooms,"
                     " phones = :phones, signups = :signups, rules = :rules");

    qund_bind_int(st, ":seq", seq);
    qund_bind_str(st, ":intents", m->intents);
    qund_bind_str(st, ":rooms", m->rooms);
    qund_bind_str(st, ":phones", m->phones);
    qund_bind_str(st, ":signups", m->signups);
    qund_bind_str(st, ":rules", m->rules);
    return qund_run(st);
}

int qund_mark_get(struct qund_db *db, int64_t seq, struct qund_buf *hold, struct qund_mark *out)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT intents, rooms, phones, signups, rules FROM mark WHERE seq = :seq");
    struct qund_str *const FIELDS[] = {&out->intents, &out->rooms, &out->phones, &out->signups,
                                       &out->rules};
    size_t at[QUND_ARRAY_LEN(FIELDS)] = {0}, n[QUND_ARRAY_LEN(FIELDS)] = {0};
    int rc;

    *out = (struct qund_mark){0};
    qund_buf_clear(hold);
    qund_bind_int(st, ":seq", seq);
    rc = qund_step(st);
    for (size_t i = 0; rc > 0 && i < QUND_ARRAY_LEN(FIELDS); i++) {
        struct qund_str v = qund_col_str(st, (int)i);

        at[i] = hold->n;
        n[i] = v.n;
        qund_buf_str(hold, v);
    }
    qund_stmt_reset(st);
    for (size_t i = 0; i < QUND_ARRAY_LEN(FIELDS); i++)
        if (n[i] > 0)
            *FIELDS[i] = qund_str_n(hold->p + at[i], n[i]);
    return rc > 0 ? 0 : rc < 0 ? rc : QUND_E_NOTFOUND;
}

int qund_mark_drop(struct qund_db *db, int64_t seq)
{
    struct qund_stmt *st = qund_sql(db, "DELETE FROM mark WHERE seq = :seq");

    qund_bind_int(st, ":seq", seq);
    return qund_run(st);
}
