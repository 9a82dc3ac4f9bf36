/* src/engine/talk.c - the talk around a message: who spoke right before, what the group was called
 * to do. "1" or "还有吗" mean nothing without it.
 *
 * The truth is in rows: the group's messages by time, and one row per kind of call. A small cache
 * of groups saves reading them for every message; it knows only the newest moment of a group, so a
 * late message reads the rows. It is dropped on every rollback. */
#include "engine/internal.h"

#define SLOTS 4096u /* a power of two; one group each, newest wins */
#define LOOK_BACK 12

struct spoke {
    int64_t ts, contact;
    int role;
};
struct slot {
    int64_t grp;               /* 0: empty */
    struct spoke last, before; /* before: the latest of somebody else than last */
    int64_t call_ts[QUND_CALL_KINDS];
};
struct talk {
    struct qund_db *db;
    struct qund_months *months;
    struct slot v[SLOTS];
};

struct talk *qund_talk_new(struct qund_db *db, struct qund_months *months)
{
    struct talk *t = qund_alloc(sizeof(*t));

    t->db = db;
    t->months = months;
    return t;
}

struct talk *qund_talk_free(struct talk *t)
{
    qund_free(t);
    return NULL;
}

void qund_talk_forget(struct talk *t)
{
    memset(t->v, 0, sizeof(t->v));
}

static int read_calls(struct talk *t, int64_t grp, int64_t call_ts[QUND_CALL_KINDS])
{
    struct qund_stmt *st = qund_sql(t->db, "SELECT kind, ts FROM call WHERE grp = :grp");
    int rc;

    memset(call_ts, 0, QUND_CALL_KINDS * sizeof(*call_ts));
    qund_bind_int(st, ":grp", grp);
    while ((rc = qund_step(st)) > 0) {
        int64_t kind = qund_col_int(st, 0);

        if (kind >= 0 && kind < QUND_CALL_KINDS)
            call_ts[kind] = qund_col_int(st, 1);
    }
    qund_stmt_reset(st);
    return rc;
}

static void note(struct slot *s, const struct spoke *w)
{
    if (w->ts < s->last.ts)
        return;
    if (s->last.contact != w->contact)
        s->before = s->last;
    s->last = *w;
}

struct look {
    struct slot *slot;
    int64_t not_seq;
};

/* Newest first: the first is last, the first of somebody else is before. */
static int look_row(const struct qund_message_row *row, void *arg)
{
    struct look *l = arg;
    struct slot *s = l->slot;
    struct spoke w = {row->ts, row->contact, row->role};

    if (row->type != QUND_EV_MESSAGE || row->seq == l->not_seq)
        return 0;
    if (s->last.contact == 0)
        s->last = w;
    else if (s->before.contact == 0 && w.contact != s->last.contact)
        s->before = w;
    return 0;
}

static int read_slot(struct talk *t, const struct qund_message_row *row, struct slot *s)
{
    struct qund_month_cursor at = {.month = row->month, .ts = row->ts, .seq = row->seq};
    struct look l = {.slot = s, .not_seq = row->seq};
    int rc;

    *s = (struct slot){.grp = row->grp};
    rc = qund_month_last(t->months, row->grp, 0, LOOK_BACK, &at, look_row, &l);
    return rc < 0 ? rc : read_calls(t, row->grp, s->call_ts);
}

static enum qund_who who(int role)
{
    return role == QUND_ROLE_NONE                             ? QUND_WHO_NONE
           : role == QUND_ROLE_STAFF || role == QUND_ROLE_BOT ? QUND_WHO_STAFF
                                                              : QUND_WHO_MEMBER;
}

int qund_talk_before(struct talk *t, const struct qund_message_row *row, struct qund_talk *talk,
                     struct qund_calls *calls)
{
    struct slot *s = &t->v[(uint64_t)row->grp * 0x9E3779B97F4A7C15u >> 52];
    struct slot late;
    const struct spoke *w;
    int rc = 0;

    if (s->grp != row->grp)
        rc = read_slot(t, row, s);
    else if (row->ts < s->last.ts)
        rc = read_slot(t, row, s = &late);
    if (rc < 0)
        return rc;
    w = s->last.contact == row->contact ? &s->before : &s->last;
    talk->last_who = w->contact ? who(w->role) : QUND_WHO_NONE;
    talk->last_age_ms = w->contact ? row->ts - w->ts : -1;
    for (size_t k = 0; k < QUND_CALL_KINDS; k++)
        calls->age_ms[k] = s->call_ts[k] && s->call_ts[k] <= row->ts ? row->ts - s->call_ts[k] : -1;
    return 0;
}

int qund_talk_after(struct talk *t, const struct qund_message_row *row, enum qund_call call)
{
    struct slot *s = &t->v[(uint64_t)row->grp * 0x9E3779B97F4A7C15u >> 52];
    struct qund_stmt *st;

    if (s->grp == row->grp)
        note(s, &(struct spoke){row->ts, row->contact, row->role});
    if (call == QUND_CALL_NONE)
        return 0;
    if (s->grp == row->grp && row->ts > s->call_ts[call])
        s->call_ts[call] = row->ts;
    st = qund_sql(t->db, "INSERT INTO call(grp, kind, ts) VALUES(:grp, :kind, :ts)"
                         " ON CONFLICT(grp, kind) DO UPDATE SET ts = max(ts, :ts)");
    qund_bind_int(st, ":grp", row->grp);
    qund_bind_int(st, ":kind", call);
    qund_bind_int(st, ":ts", row->ts);
    return qund_run(st);
}
