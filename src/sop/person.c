/* src/sop/person.c - what a card says of the one who gets it, remembered while time goes on.
 *
 * When the tasks of a hundred groups come due in one second they are for ten people, and each card
 * asks for the same name, ids and targets. Timers change none of these. An event or a command may,
 * so the engine says after each that what is remembered is old; a rollback is seen by its count. */
#include "sop/internal.h"

#define PEOPLE 64u /* power of two; two of one slot displace each other */

struct sop_people {
    uint64_t rollbacks;
    uint64_t now; /* counts what may have changed them */
    struct {
        uint64_t read;
        struct sop_person p;
    } v[PEOPLE];
};

struct sop_people *qund_sop_people_free(struct sop_people *p)
{
    for (size_t i = 0; p && i < PEOPLE; i++) {
        qund_buf_done(&p->v[i].p.name);
        qund_buf_done(&p->v[i].p.phone);
        qund_buf_done(&p->v[i].p.ids);
        qund_buf_done(&p->v[i].p.targets);
    }
    qund_free(p);
    return NULL;
}

void qund_sop_people_changed(struct qund_sop *s)
{
    if (s->people)
        s->people->now++;
}

static int put_target(struct qund_str target, void *arg)
{
    struct qund_buf *out = arg;

    if (out->n > 0)
        qund_buf_char(out, '\n');
    qund_buf_str(out, target);
    return 0;
}

static int load(struct qund_db *db, int64_t staff, struct sop_person *p)
{
    int rc;

    qund_buf_clear(&p->name);
    qund_buf_clear(&p->phone);
    qund_buf_clear(&p->ids);
    qund_buf_clear(&p->targets);
    rc = qund_crm_staff_name(db, staff, &p->name);
    if (rc == 0)
        rc = qund_crm_staff_phone(db, staff, &p->phone);
    if (rc == 0)
        rc = qund_crm_staff_ids(db, staff, &p->ids);
    if (rc == 0)
        rc = qund_crm_staff_targets(db, staff, put_target, &p->targets);
    p->staff = staff;
    return rc;
}

int qund_sop_person(struct qund_sop *s, int64_t staff, const struct sop_person **out)
{
    struct qund_db *db = s->deps.db;
    struct sop_people *all = s->people;
    size_t slot = (uint64_t)staff & (PEOPLE - 1);
    int rc;

    if (!all) {
        all = s->people = qund_alloc(sizeof(*all));
        all->now = 1; /* 0: never read */
    }
    if (all->rollbacks != qund_db_rollbacks(db)) {
        all->rollbacks = qund_db_rollbacks(db);
        all->now++;
    }
    *out = &all->v[slot].p;
    if (all->v[slot].p.staff == staff && all->v[slot].read == all->now)
        return 0;
    rc = load(db, staff, &all->v[slot].p);
    all->v[slot].read = rc < 0 ? 0 : all->now;
    return rc;
}
