/* src/engine/measure.c - counters of one group and one hour, kept up as messages come.
 *
 * A batch brings many messages of few hours, so deltas gather in memory and become one upsert per
 * (hour, group) before the commit. Distinct speakers are rows of their own, first by hour, so that
 * they grow at the right edge of their index; a set of those just seen saves asking again. Counts
 * do not depend on order; what is taken back (a revoke) is counted again from the rows. Hours whose
 * messages are past retention are frozen. */
#include "engine/measure_parts.h"

#define SLOTS 4096u /* a power of two; more different hours in one batch are flushed early */
#define SEEN 65536u /* a power of two; speakers remembered, newest wins */

struct seen {
    int64_t hour, grp, contact;
};
struct measure {
    struct qund_db *db;
    struct qund_months *months;
    struct measure_delta v[SLOTS];
    unsigned used;
    struct seen *seen;
    bool remembers; /* some of seen is filled: a megabyte and a half is not cleared for nothing */
};

struct measure *qund_measure_new(struct qund_db *db, struct qund_months *months)
{
    struct measure *m = qund_alloc(sizeof(*m));

    m->db = db;
    m->months = months;
    m->seen = qund_alloc(SEEN * sizeof(*m->seen));
    return m;
}

struct measure *qund_measure_free(struct measure *m)
{
    if (m)
        qund_free(m->seen);
    qund_free(m);
    return NULL;
}

static uint64_t mix(int64_t a, int64_t b, int64_t c)
{
    uint64_t h = (uint64_t)a * 0x9E3779B97F4A7C15u ^ (uint64_t)b * 0xC2B2AE3D27D4EB4Fu ^
                 (uint64_t)c * 0x165667B19E3779F9u;

    return h ^ h >> 29;
}

static int64_t hour_of(int64_t ts)
{
    return ts - ts % QUND_HOUR_MS;
}

int qund_measure_flush(struct measure *m)
{
    if (m->used == 0)
        return 0;
    for (size_t i = 0; i < SLOTS; i++) {
        int rc = m->v[i].grp ? qund_measure_sql_add(m->db, &m->v[i]) : 0;

        if (rc < 0)
            return rc;
    }
    memset(m->v, 0, sizeof(m->v));
    m->used = 0;
    return 0;
}

static void forget_seen(struct measure *m)
{
    if (m->remembers)
        memset(m->seen, 0, SEEN * sizeof(*m->seen));
    m->remembers = false;
}

void qund_measure_forget(struct measure *m)
{
    if (m->used > 0)
        memset(m->v, 0, sizeof(m->v));
    m->used = 0;
    forget_seen(m);
}

static int delta_get(struct measure *m, int64_t hour, int64_t grp, struct measure_delta **out)
{
    if (m->used > SLOTS / 2) {
        int rc = qund_measure_flush(m);

        if (rc < 0)
            return rc;
    }
    for (uint64_t i = mix(hour, grp, 0);; i++) {
        struct measure_delta *d = &m->v[i % SLOTS];

        if (d->grp == 0) {
            *d = (struct measure_delta){.hour = hour, .grp = grp};
            m->used++;
        }
        if (d->grp == grp && d->hour == hour) {
            *out = d;
            return 0;
        }
    }
}

/* 1: the first word of this person in this group and hour. */
static int speaker_add(struct measure *m, int64_t hour, int64_t grp, int64_t contact)
{
    struct seen *s = &m->seen[mix(hour, grp, contact) % SEEN];
    int rc;

    if (s->hour == hour && s->grp == grp && s->contact == contact)
        return 0;
    rc = qund_measure_sql_speaker(m->db, hour, grp, contact);
    if (rc < 0)
        return rc;
    *s = (struct seen){hour, grp, contact};
    m->remembers = true;
    return rc;
}

int qund_measure_count(struct measure *m, enum measure_kind k, int64_t grp, int64_t ts,
                       int64_t contact)
{
    struct measure_delta *d;
    int rc = delta_get(m, hour_of(ts), grp, &d);

    if (rc < 0)
        return rc;
    switch (k) {
    case MEASURE_MESSAGE:
        d->messages++;
        rc = speaker_add(m, d->hour, grp, contact);
        if (rc > 0)
            d->speakers++;
        return rc < 0 ? rc : 0;
    case MEASURE_STAFF:
        d->staff++;
        return 0;
    case MEASURE_JOIN:
        d->joins++;
        return 0;
    case MEASURE_LEAVE:
        d->leaves++;
        return 0;
    }
    return QUND_E_BUG;
}

int qund_measure_uncount(struct measure *m, enum measure_kind k, int64_t grp, int64_t ts)
{
    struct measure_delta *d;
    int rc = delta_get(m, hour_of(ts), grp, &d);

    if (rc < 0)
        return rc;
    d->joins -= k == MEASURE_JOIN;
    d->leaves -= k == MEASURE_LEAVE;
    return 0;
}

struct recount {
    struct measure *m;
    int64_t hour, messages, staff, speakers;
};

static int recount_row(const struct qund_message_row *row, void *arg)
{
    struct recount *r = arg;
    int rc;

    if (row->type != QUND_EV_MESSAGE || row->state != QUND_MESSAGE_KEPT ||
        (row->flags & QUND_EVF_COPY))
        return 0;
    if (row->role == QUND_ROLE_STAFF)
        r->staff++;
    if (row->role != QUND_ROLE_CUSTOMER)
        return 0;
    r->messages++;
    rc = speaker_add(r->m, r->hour, row->grp, row->contact);
    r->speakers += rc > 0;
    return rc < 0 ? rc : 0;
}

/* 1: it counts from nothing again; 0: it is frozen, or nothing was counted there. */
int qund_measure_recount(struct measure *m, int64_t grp, int64_t ts)
{
    struct recount r = {.m = m, .hour = hour_of(ts)};
    struct measure_delta *d;
    int rc = qund_measure_flush(m);

    if (rc == 0)
        rc = qund_measure_sql_clear(m->db, r.hour, grp);
    if (rc <= 0)
        return rc;
    forget_seen(m);
    rc = qund_month_between(m->months, grp, r.hour, r.hour + QUND_HOUR_MS, recount_row, &r);
    if (rc == 0)
        rc = delta_get(m, r.hour, grp, &d);
    if (rc < 0)
        return rc;
    d->messages += r.messages;
    d->staff += r.staff;
    d->speakers += r.speakers;
    return 0;
}
