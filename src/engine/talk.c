/* src/engine/talk.c - the talk around a message: who spoke right before, what the group was called
 * to do. "1" or "还有吗" mean nothing without it.
 *
 * The truth is in rows: the group's messages by time, and one row per kind of call. A small cache
 * of groups saves reading them for every message. It holds the latest messages of a group, so that
 * one that comes a little late (two connections, one chat) finds its place there; one that is later
 * still reads the rows. It is dropped on every rollback. */
#include "engine/internal.h"

#define SLOTS 2048u /* a power of two; one group each, newest wins */
#define LOOK_BACK 12
#define RING 24 /* of a group's latest messages: one that is late by half of them needs no rows */

struct spoke {
    int64_t ts, seq, contact;
    int role;
};
struct slot {
    int64_t grp;
    uint64_t generation;  /* another than the table's: empty */
    struct spoke v[RING]; /* ascending by (ts, seq), without a gap */
    size_t n;
    bool whole; /* nothing was said before v[0] */
    int64_t call_ts[QUND_CALL_KINDS];
};
struct talk {
    struct qund_db *db;
    struct qund_months *months;
    uint64_t generation;
    struct slot v[SLOTS];
};

struct talk *qund_talk_new(struct qund_db *db, struct qund_months *months)
{
    struct talk *t = qund_alloc(sizeof(*t));

    t->db = db;
    t->months = months;
    t->generation = 1;
    return t;
}

struct talk *qund_talk_free(struct talk *t)
{
    qund_free(t);
    return NULL;
}

void qund_talk_forget(struct talk *t)
{
    t->generation++;
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

/* How many of the slot's messages came before (ts, seq). */
static size_t before(const struct slot *s, int64_t ts, int64_t seq)
{
    size_t n = s->n;

    while (n > 0 && (s->v[n - 1].ts > ts || (s->v[n - 1].ts == ts && s->v[n - 1].seq >= seq)))
        n--;
    return n;
}

static void note(struct slot *s, struct spoke w)
{
    size_t at = before(s, w.ts, w.seq);

    if (w.contact == 0)
        return; /* said by nobody we know */
    if (s->n == RING) {
        s->whole = false;
        if (at == 0)
            return; /* older than all that is kept */
        memmove(&s->v[0], &s->v[1], (RING - 1) * sizeof(s->v[0]));
        s->n--;
        at--;
    }
    memmove(&s->v[at + 1], &s->v[at], (s->n - at) * sizeof(s->v[0]));
    s->v[at] = w;
    s->n++;
}

struct look {
    struct slot *slot;
    int64_t not_seq;
    int rows;
};

static int look_row(const struct qund_message_row *row, void *arg)
{
    struct look *l = arg;

    l->rows++;
    if (row->type == QUND_EV_MESSAGE && row->seq != l->not_seq)
        note(l->slot, (struct spoke){row->ts, row->seq, row->contact, row->role});
    return 0;
}

/* The latest messages before `at` (month 0: of all) but for the one in hand. */
static int read_slot(struct talk *t, int64_t grp, struct qund_month_cursor at, int64_t not_seq,
                     struct slot *s)
{
    struct look l = {.slot = s, .not_seq = not_seq};
    int rc;

    *s = (struct slot){.grp = grp};
    rc = qund_month_last(t->months, grp, 0, LOOK_BACK + 1, &at, look_row, &l);
    if (rc < 0)
        return rc;
    s->whole = l.rows <= LOOK_BACK;
    s->generation = t->generation;
    return read_calls(t, grp, s->call_ts);
}

static enum qund_who who(int role)
{
    return role == QUND_ROLE_NONE                             ? QUND_WHO_NONE
           : role == QUND_ROLE_STAFF || role == QUND_ROLE_BOT ? QUND_WHO_STAFF
                                                              : QUND_WHO_MEMBER;
}

static struct slot *slot_of(struct talk *t, int64_t grp)
{
    return &t->v[(uint64_t)grp * 0x9E3779B97F4A7C15u >> 53];
}

static bool holds(const struct talk *t, const struct slot *s, int64_t grp)
{
    return s->grp == grp && s->generation == t->generation;
}

int qund_talk_before(struct talk *t, const struct qund_message_row *row, struct qund_talk *talk,
                     struct qund_calls *calls)
{
    struct slot *s = slot_of(t, row->grp);
    const struct spoke *w = NULL;
    struct slot late;
    size_t n;
    int rc = 0;

    if (!holds(t, s, row->grp))
        rc = read_slot(t, row->grp, (struct qund_month_cursor){0}, row->seq, s);
    n = before(s, row->ts, row->seq);
    if (rc == 0 && n < LOOK_BACK && !s->whole) {
        rc = read_slot(t, row->grp, (struct qund_month_cursor){row->month, row->ts, row->seq},
                       row->seq, s = &late);
        n = s->n;
    }
    if (rc < 0)
        return rc;
    for (size_t i = n; i > 0 && n - i < LOOK_BACK && !w; i--)
        if (s->v[i - 1].contact != row->contact)
            w = &s->v[i - 1];
    talk->last_who = w ? who(w->role) : QUND_WHO_NONE;
    talk->last_age_ms = w ? row->ts - w->ts : -1;
    for (size_t k = 0; k < QUND_CALL_KINDS; k++)
        calls->age_ms[k] = s->call_ts[k] && s->call_ts[k] <= row->ts ? row->ts - s->call_ts[k] : -1;
    return 0;
}

int qund_talk_after(struct talk *t, const struct qund_message_row *row, enum qund_call call)
{
    struct slot *s = slot_of(t, row->grp);
    struct qund_stmt *st;

    if (holds(t, s, row->grp))
        note(s, (struct spoke){row->ts, row->seq, row->contact, row->role});
    if (call == QUND_CALL_NONE)
        return 0;
    if (holds(t, s, row->grp) && row->ts > s->call_ts[call])
        s->call_ts[call] = row->ts;
    st = qund_sql(t->db, "INSERT INTO call(grp, kind, ts) VALUES(:grp, :kind, :ts)"
                         " ON CONFLICT(grp, kind) DO UPDATE SET ts = max(ts, :ts)");
    qund_bind_int(st, ":grp", row->grp);
    qund_bind_int(st, ":kind", call);
    qund_bind_int(st, ":ts", row->ts);
    return qund_run(st);
}
