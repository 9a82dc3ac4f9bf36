/* src/engine/talk.c - the talk around a message: who spoke right before, what the group was called
 * to do. "1" or "还有吗" mean nothing without it.
 *
 * The truth is in rows: the group's messages by time, and one row per call. A cache of groups saves
 * reading them for every message. It holds the group's latest messages and newest calls, so it can
 * answer for a message that is newer than most of them (two connections, one chat: a few ms late);
 * a later one is answered from the rows. What
 * it says must not depend on what happens to be cached (a rollback drops it), so both ways ask the
 * same: the latest few messages of the last hour, by somebody else. */
#include "engine/internal.h"

#define SLOTS 4096u /* a power of two; one group each, newest wins */
#define LOOK_BACK 12
#define LOOK_BACK_MS 3600000
#define RING 24 /* kept of a group: who comes late by less than half of them needs no rows */

struct spoke {
    int64_t ts, seq, contact;
    int role;
};
struct slot {
    int64_t grp;
    uint64_t round;       /* of the talk's when it was read; older: it is empty */
    struct spoke v[RING]; /* newest first, none missing in between */
    size_t n;
    int64_t call_ts[QUND_CALL_KINDS]; /* the newest; 0: none */
};
struct talk {
    struct qund_db *db;
    struct qund_months *months;
    uint64_t round;
    struct slot v[SLOTS];
};

struct talk *qund_talk_new(struct qund_db *db, struct qund_months *months)
{
    struct talk *t = qund_alloc(sizeof(*t));

    t->db = db;
    t->months = months;
    t->round = 1;
    return t;
}

struct talk *qund_talk_free(struct talk *t)
{
    qund_free(t);
    return NULL;
}

void qund_talk_forget(struct talk *t)
{
    t->round++;
}

static struct slot *slot_of(struct talk *t, int64_t grp)
{
    return &t->v[(uint64_t)grp * 0x9E3779B97F4A7C15u >> 52];
}

static bool cached(const struct talk *t, const struct slot *s, int64_t grp)
{
    return s->round == t->round && s->grp == grp;
}

struct look {
    struct slot *slot;
    int64_t not_seq;
};

static int look_row(const struct qund_message_row *row, void *arg)
{
    struct look *l = arg;
    struct slot *s = l->slot;

    if (row->type != QUND_EV_MESSAGE || row->contact == 0 || row->seq == l->not_seq ||
        (row->flags & QUND_EVF_COPY))
        return 0;
    s->v[s->n++] = (struct spoke){row->ts, row->seq, row->contact, row->role};
    return s->n == LOOK_BACK; /* enough: stop */
}

/* The group as it was before this message, or (newest) as it is now without it. */
static int read_slot(struct talk *t, const struct qund_message_row *row, bool newest,
                     struct slot *s)
{
    struct qund_month_cursor at = {.month = row->month, .ts = row->ts, .seq = row->seq};
    struct look l = {.slot = s, .not_seq = row->seq};
    int rc;

    *s = (struct slot){.grp = row->grp, .round = t->round};
    if (newest)
        at = (struct qund_month_cursor){0};
    rc = qund_month_said(t->months, row->grp, row->ts - LOOK_BACK_MS, INT32_MAX, &at, look_row, &l);
    return rc < 0 ? rc
                  : qund_call_sql_newest(t->db, row->grp, newest ? INT64_MAX : row->ts, s->call_ts);
}

/* Where in the slot the messages before this one begin. */
static size_t place_of(const struct slot *s, const struct qund_message_row *row)
{
    size_t i = 0;

    while (i < s->n && (s->v[i].ts > row->ts || (s->v[i].ts == row->ts && s->v[i].seq > row->seq)))
        i++;
    return i;
}

/* The slot cannot tell what was before this message: the rows have to. */
static bool is_late(const struct slot *s, const struct qund_message_row *row)
{
    size_t at = place_of(s, row);

    if (at > 0 && s->n - at < LOOK_BACK && s->v[s->n - 1].ts >= row->ts - LOOK_BACK_MS)
        return true;
    for (size_t k = 0; k < QUND_CALL_KINDS; k++)
        if (s->call_ts[k] > row->ts)
            return true;
    return false;
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
    struct slot *s = slot_of(t, row->grp);
    struct slot late;
    size_t at;
    int rc = 0;

    if (!cached(t, s, row->grp))
        rc = read_slot(t, row, true, s);
    if (rc == 0 && is_late(s, row))
        rc = read_slot(t, row, false, s = &late);
    if (rc < 0)
        return rc;
    talk->last_who = QUND_WHO_NONE;
    talk->last_age_ms = -1;
    at = place_of(s, row);
    for (size_t i = at; i < s->n && i < at + LOOK_BACK && s->v[i].ts >= row->ts - LOOK_BACK_MS; i++)
        if (s->v[i].contact != row->contact) {
            talk->last_who = who(s->v[i].role);
            talk->last_age_ms = row->ts - s->v[i].ts;
            break;
        }
    for (size_t k = 0; k < QUND_CALL_KINDS; k++)
        calls->age_ms[k] = s->call_ts[k] ? row->ts - s->call_ts[k] : -1;
    if (s->call_ts[QUND_CALL_CLOSE] >= s->call_ts[QUND_CALL_ORDER])
        calls->age_ms[QUND_CALL_ORDER] = -1;
    return 0;
}

static void note(struct slot *s, const struct qund_message_row *row)
{
    size_t i = place_of(s, row);

    if (i == RING)
        return;
    if (s->n < RING)
        s->n++;
    memmove(&s->v[i + 1], &s->v[i], (s->n - 1 - i) * sizeof(s->v[0]));
    s->v[i] = (struct spoke){row->ts, row->seq, row->contact, row->role};
}

int qund_talk_after(struct talk *t, const struct qund_message_row *row, enum qund_call call)
{
    struct slot *s = slot_of(t, row->grp);

    if (row->contact == 0)
        return 0;
    if (cached(t, s, row->grp))
        note(s, row);
    if (call == QUND_CALL_NONE)
        return 0;
    if (cached(t, s, row->grp) && row->ts > s->call_ts[call])
        s->call_ts[call] = row->ts;
    return qund_call_sql_keep(t->db, row->grp, call, row->ts);
}
