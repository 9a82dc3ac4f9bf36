/* src/engine/look.c - a member list, compared with whom we hold to be members.
 *
 * Notices of joins and leaves get lost: a bridge was away, the platform sends none. So a channel
 * reads the whole list now and then, and what differs has happened since the last one. Each
 * difference becomes an event of its own (`member.join`, `member.leave` with `scene: snapshot`),
 * stored, counted, seen by the rules, at the list's time; member.c lets no notice of the same thing
 * count again. The list itself is not kept: the members are what it says.
 *
 * What a list may not do. The first one of a group only tells who is there: nobody joined. One that
 * is not newer than the last is not looked at. What a notice said at about the list's time or later
 * stands: the list may have been read before. And one in which half of the group is missing is
 * doubted, because reading lists fails more often than groups dissolve: only when the next one says
 * so too is it believed.
 *
 * A list of steady members costs one statement, however long it is. */
#include "engine/look.h"
#include <stdlib.h>

#define NEAR_MS 10000             /* a notice this close before the list is as good as after it */
#define KEEP_MS (7 * QUND_DAY_MS) /* how long a notice may take to tell what a list showed */
#define DOUBT_LEAST 10            /* fewer may leave at once */

struct held {
    int64_t contact, state_ts;
    struct qund_str pid; /* in the arena */
    bool here;           /* in the list, by this id or another of theirs */
};
struct looking {
    struct qund_engine *e;
    struct subject *s; /* of the list's event */
    struct look_list list;
    int64_t ts;
    struct look last;
    bool first;
    struct held *held;
    size_t n, cap;
    size_t gone;
};

static int add_held(int64_t contact, int64_t state_ts, struct qund_str pid, void *arg)
{
    struct looking *l = arg;

    if (l->n == l->cap) {
        struct held *v;

        l->cap = l->cap ? 2 * l->cap : 256;
        v = qund_arena_alloc(l->e->arena, l->cap * sizeof(*v));
        if (l->n > 0)
            memcpy(v, l->held, l->n * sizeof(*v));
        l->held = v;
    }
    l->held[l->n++] = (struct held){.contact = contact,
                                    .state_ts = state_ts,
                                    .pid = qund_arena_str(l->e->arena, pid),
                                    .here = qund_look_has(&l->list, pid)};
    return 0;
}

/* Rows come in order of contacts: one of several ids is enough. */
static void settle_held(struct looking *l)
{
    size_t i = 0;

    while (i < l->n) {
        size_t to = i;
        bool here = false;

        for (; to < l->n && l->held[to].contact == l->held[i].contact; to++)
            here |= l->held[to].here;
        for (size_t k = i; k < to; k++)
            l->held[k].here = here;
        l->gone += !here && l->held[i].state_ts + NEAR_MS <= l->ts;
        i = to;
    }
}

/* The difference as an event, stored under an id that the same list makes again. */
static int happened(struct looking *l, const struct look_person *p, bool joined)
{
    const struct qund_event *ev = l->s->ev;
    QUND_AUTO(qund_buf_done) struct qund_buf data = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf what = {0};
    struct qund_jw w = qund_jw(&data);
    struct qund_event own = {.ts = l->ts,
                             .key_ts = l->ts,
                             .rx = ev->rx,
                             .type = joined ? QUND_EV_MEMBER_JOIN : QUND_EV_MEMBER_LEAVE,
                             .origin = ev->origin,
                             .flags = ev->flags | QUND_EVF_MADE_ID,
                             .channel = ev->channel,
                             .realm = ev->realm,
                             .group = ev->group,
                             .account = ev->account,
                             .sender = p->id,
                             .sender_name = p->name};
    struct subject s = {.ev = &own, .quiet = l->s->quiet, .looked = l->last.ts};
    char hex[65], id[34];
    int rc;

    qund_jw_obj(&w);
    qund_jw_kstr(&w, "member", p->id);
    qund_jw_kz(&w, "scene", "snapshot");
    qund_jw_end_obj(&w);
    own.data = qund_buf_view(&data);
    own.type_name = qund_str(qund_event_type_name(own.type));
    qund_buf_printf(&what, "%.*s\n%.*s\n%lld\n%d", QUND_STR_ARG(ev->group), QUND_STR_ARG(p->id),
                    (long long)l->ts, joined);
    qund_sha256_hex(what.p, what.n, hex);
    snprintf(id, sizeof(id), "~%.32s", hex);
    own.id = qund_str(id);
    rc = qund_subject_look_up(l->e, &s);
    if (rc == 0)
        rc = qund_month_insert(l->e->months, &s.row);
    if (rc < 0)
        return rc == QUND_E_EXISTS ? 0 : rc;
    return joined ? qund_engine_join(l->e, &s) : qund_engine_leave(l->e, &s);
}

/* Of the first list: they are there, and that is all that is known. */
static int is_there(struct looking *l, const struct look_person *p)
{
    struct qund_crm_contact *c;
    int rc =
        qund_crm_contact(l->e->crm, l->s->ev->realm, p->id, p->name, QUND_ROLE_NONE, l->ts, &c);

    if (rc == 0)
        rc = qund_crm_member_seen(l->e->crm, l->s->group, c, p->name, l->ts);
    return rc < 0 ? rc : 0;
}

static int is_gone(struct looking *l, const struct held *h)
{
    struct qund_crm_contact *c;
    bool back = false;
    int rc = qund_crm_contact_by_id(l->e->crm, h->contact, &c);

    if (rc == 0)
        rc = qund_member_spoke_after(l->e, l->s->row.grp, c, l->ts, &back);
    if (rc < 0 || back)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    if (!l->first)
        return happened(l, &(struct look_person){.id = h->pid}, false);
    rc = qund_crm_member_leave(l->e->crm, l->s->group, c, l->ts);
    return rc < 0 ? rc : 0;
}

static int by_pid(const void *a, const void *b)
{
    return qund_str_cmp(((const struct held *)a)->pid, ((const struct held *)b)->pid);
}

static int leavers(struct looking *l)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < l->n; i++) {
        const struct held *h = &l->held[i];

        if (!h->here && h->state_ts + NEAR_MS <= l->ts &&
            (i == 0 || l->held[i - 1].contact != h->contact))
            rc = is_gone(l, h);
    }
    return rc;
}

/* held is in order of ids now. */
static int joiners(struct looking *l)
{
    int rc = 0;

    for (size_t i = 0; rc >= 0 && i < l->list.n; i++) {
        const struct look_person *p = &l->list.v[i];
        const struct held want = {.pid = p->id};
        int64_t left_ts;

        if (l->n > 0 && bsearch(&want, l->held, l->n, sizeof(*l->held), by_pid))
            continue;
        rc = qund_look_sql_left(l->e->db, l->s->row.grp, l->s->row.realm, p->id, &left_ts);
        if (rc < 0 || (rc > 0 && left_ts + NEAR_MS > l->ts))
            continue;
        rc = l->first ? is_there(l, p) : happened(l, p, true);
    }
    return rc < 0 ? rc : 0;
}

/* Half of the group at once: believed when it is said twice. An empty list never is. */
static bool doubtful(const struct looking *l)
{
    if (l->list.n == 0)
        return true;
    return !l->first && l->last.doubt == 0 && l->gone >= DOUBT_LEAST && 2 * l->gone > l->n;
}

static int compare(struct looking *l)
{
    struct qund_engine *e = l->e;
    int64_t grp = l->s->row.grp;
    int rc = qund_look_sql_get(e->db, grp, &l->last);

    l->first = rc == QUND_E_NOTFOUND;
    if (rc < 0 && !l->first)
        return rc;
    if (!l->first && (l->ts <= l->last.ts || l->ts == l->last.doubt))
        return 0;
    qund_look_sort(&l->list);
    rc = qund_look_sql_members(e->db, grp, l->s->row.realm, add_held, l);
    if (rc < 0)
        return rc;
    settle_held(l);
    if (doubtful(l)) {
        e->tally.doubted++;
        l->last.doubt = l->ts;
        return l->first ? 0 : qund_look_sql_put(e->db, grp, &l->last);
    }
    rc = leavers(l);
    if (rc == 0 && l->n > 0)
        qsort(l->held, l->n, sizeof(*l->held), by_pid);
    if (rc == 0)
        rc = joiners(l);
    if (rc == 0)
        rc = qund_look_sql_put(
            e->db, grp, &(struct look){.ts = l->ts, .members = (int64_t)l->list.n, .doubt = 0});
    return rc < 0 ? rc : qund_look_sql_forget(e->db, grp, l->ts - KEEP_MS);
}

static int take_part(struct qund_str body, void *arg)
{
    struct looking *l = arg;

    /* The parts are forgotten before the list is used. */
    return qund_look_read(l->e, qund_arena_str(l->e->arena, body), &l->list);
}

/* 1: the list is whole now. */
static int gather(struct looking *l)
{
    struct qund_engine *e = l->e;
    int64_t have, parts = l->list.parts;
    int rc =
        qund_look_sql_part(e->db, l->s->row.grp, &l->list, l->ts, l->s->ev->data, &have, &l->ts);

    if (rc < 0 || have < parts)
        return rc;
    l->list.n = 0;
    rc = qund_look_sql_parts(e->db, l->s->row.grp, take_part, l);
    if (rc == 0)
        rc = qund_look_sql_parts_drop(e->db, l->s->row.grp);
    return rc < 0 ? rc : 1;
}

int qund_engine_look(struct qund_engine *e, struct subject *s)
{
    struct looking l = {.e = e, .s = s, .ts = s->ev->ts};
    int rc;

    if (!s->group)
        return qund_engine_rules_for(e, s);
    rc = qund_look_read(e, s->ev->data, &l.list);
    if (rc < 0)
        return rc; /* to the dead letters: a plugin is wrong */
    if (l.list.parts > 1)
        rc = gather(&l);
    else
        rc = l.list.whole ? 1 : 0; /* what is not all of them says nothing about the rest */
    if (rc > 0)
        rc = compare(&l);
    return rc < 0 ? rc : qund_engine_rules_for(e, s);
}
