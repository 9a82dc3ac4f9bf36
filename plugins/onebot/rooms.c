/* plugins/onebot/rooms.c - what an account is asked about its groups: which there are, who is in
 * them. What was said while we were away is past.c's.
 *
 * Member lists are read when the account connects and every hour, because notices of joins and
 * leaves get lost and some bridges send none. Histories are read after a gap, before these. One
 * question is under way at a time, a fifth of a second apart: bridges answer these from their
 * platform, which minds. A bridge that does not know an action is not asked again until it connects
 * anew. The list of groups, on which all else rests, is asked for again when it fails, after a
 * growing pause; the lists of members come again with the next round. */
#include "members.h"
#include "onebot.h"
#include <stdlib.h>

#define ASK_MS 20000
#define LATER_MS 5000 /* the daemon had no room */
#define WORKS_MAX (2 * OB_GROUPS_MAX + 16)
#define TRIES 6u   /* of the list of groups; again after 1, 2, 4, 8 and 16 seconds */
#define SHORT_OF 2 /* a list of less than half of what the group says it has is not believed */

enum work_kind { WHO, GROUPS, MEMBERS };
struct ob_work {
    struct ob_work *next;
    enum work_kind kind;
    char *group;
    unsigned tries;
};

/* A question under way; the account may be gone when it is answered. */
struct asked {
    struct ob_channel *c;
    char *account;
    struct ob_work *w;
};

/* --- the queue --- */

static void work_free(struct ob_work *w)
{
    free(w->group);
    free(w);
}

static struct ob_work *work_new(enum work_kind kind, struct qund_str group)
{
    struct ob_work *w = ob_alloc(sizeof(*w));

    w->kind = kind;
    w->group = group.p ? ob_dup(group) : NULL;
    return w;
}

static void put_last(struct ob_account *a, struct ob_work *w)
{
    if (a->n_works >= WORKS_MAX) {
        work_free(w); /* the next round has it again */
        return;
    }
    *a->works_end = w;
    a->works_end = &w->next;
    a->n_works++;
}

static void put_first(struct ob_account *a, struct ob_work *w)
{
    w->next = a->works;
    if (!a->works)
        a->works_end = &w->next;
    a->works = w;
    a->n_works++;
}

static struct ob_work *take_first(struct ob_account *a)
{
    struct ob_work *w = a->works;

    a->works = w->next;
    if (!a->works)
        a->works_end = &a->works;
    w->next = NULL;
    a->n_works--;
    return w;
}

static void drop_works(struct ob_account *a)
{
    while (a->works)
        work_free(take_first(a));
}

static void drop_groups(struct ob_account *a)
{
    for (size_t i = 0; i < a->n_groups; i++) {
        free(a->groups[i].id);
        free(a->groups[i].name);
    }
    free(a->groups);
    a->groups = NULL;
    a->n_groups = 0;
}

void ob_rooms_free(struct ob_account *a)
{
    drop_works(a);
    drop_groups(a);
    ob_past_free(a);
}

/* --- what to ask --- */

static const struct ob_group *group_of(const struct ob_account *a, struct qund_str id)
{
    for (size_t i = 0; i < a->n_groups; i++)
        if (qund_str_is(id, a->groups[i].id))
            return &a->groups[i];
    return NULL;
}

bool ob_rooms_has(const struct ob_account *a, struct qund_str group)
{
    return group_of(a, group) != NULL;
}

void ob_rooms_begin(struct ob_account *a)
{
    drop_works(a);
    a->listed = a->no_history = a->no_members = false;
    a->work_ms = 0;
    put_last(a, work_new(WHO, QUND_STR_NONE));
    put_last(a, work_new(GROUPS, QUND_STR_NONE));
}

void ob_rooms_joined(struct ob_account *a, struct qund_str group)
{
    if (group.n > 0 && a->c->cfg->members_ms > 0 && !a->no_members)
        put_last(a, work_new(MEMBERS, group));
}

/* --- answers --- */

static void on_who(struct ob_account *a, const struct ob_result *r)
{
    struct qund_str name = ob_get_text(r->data, "user_displayname");

    if (name.n == 0)
        name = ob_get_text(r->data, "nickname");
    if (name.n == 0)
        name = ob_get_text(r->data, "user_name");
    if (name.n > 0)
        ob_set(&a->nickname, ob_cut(name, OB_NAME_MAX));
}

static void on_groups(struct ob_account *a, const struct ob_result *r)
{
    size_t n = json_array_size(r->data);
    struct ob_pool pool = {0};

    drop_groups(a);
    a->groups = ob_alloc((n < OB_GROUPS_MAX ? n : OB_GROUPS_MAX) * sizeof(*a->groups));
    for (size_t i = 0; i < n && a->n_groups < OB_GROUPS_MAX; i++) {
        const json_t *g = json_array_get(r->data, i);
        struct qund_str id = ob_get_id(g, "group_id", &pool, NULL);

        if (!ob_sound_id(id) || group_of(a, id))
            continue;
        a->groups[a->n_groups++] =
            (struct ob_group){ob_dup(id), ob_dup(ob_cut(ob_get_text(g, "group_name"), OB_NAME_MAX)),
                              ob_get_int(g, "member_count", 0)};
        if (a->c->cfg->members_ms > 0 && !a->no_members)
            put_last(a, work_new(MEMBERS, id));
    }
    ob_pool_done(&pool);
    a->listed = true;
    ob_past_listed(a);
}

static struct qund_event_in snapshot(const struct ob_account *a, const struct ob_work *w,
                                     struct qund_str data, int64_t now_ms)
{
    const struct ob_group *g = group_of(a, qund_str(w->group));
    struct qund_event_in e = qund_event_in();

    e.type = QUND_STR("group.members");
    e.ts_ms = now_ms;
    e.group = qund_str(w->group);
    e.group_name = g ? qund_str(g->name) : QUND_STR_NONE;
    e.account = qund_str(a->id);
    e.data = data;
    return e;
}

/* False: the daemon had no room. */
static bool on_members(struct ob_account *a, struct ob_work *w, const struct ob_result *r)
{
    struct ob_channel *c = a->c;
    int64_t now = c->host->now_ms(c->host);
    const struct ob_group *g = group_of(a, qund_str(w->group));
    struct qund_event_in *events;
    struct ob_members m;
    bool room = true;

    if (g && g->members > 0 && (int64_t)json_array_size(r->data) * SHORT_OF < g->members)
        return true; /* a bridge that has not loaded them yet; the next round sees */
    if (ob_members_read(&m, r->data, now)) {
        events = ob_alloc(m.n * sizeof(*events));
        for (size_t i = 0; i < m.n; i++)
            events[i] = snapshot(a, w, m.part[i], now);
        room = c->host->ingest(c->channel, events, m.n, NULL, NULL, NULL, NULL) != QUND_E_FULL;
        if (room)
            c->host->gauge_add(c->numbers.snapshots, 1);
        free(events);
    }
    ob_members_done(&m);
    return room;
}

/* False: once more, after LATER_MS or what it sets. */
static bool on_failure(struct ob_account *a, struct ob_work *w, bool unknown, int64_t *pause_ms)
{
    a->no_members |= unknown && w->kind == MEMBERS;
    if (w->kind != GROUPS)
        return true;
    *pause_ms = INT64_C(1000) << w->tries;
    if (!unknown && ++w->tries < TRIES)
        return false;
    ob_past_listed(a); /* those of the list before, if there was one */
    return true;
}

static bool take_answer(struct ob_account *a, struct ob_work *w, const struct ob_result *r,
                        int64_t *pause_ms)
{
    *pause_ms = LATER_MS;
    if (r->end != OB_ANSWERED || !r->ok)
        return on_failure(a, w, r->end == OB_ANSWERED && ob_end_unsupported(r->retcode), pause_ms);
    switch (w->kind) {
    case WHO:
        on_who(a, r);
        return true;
    case GROUPS:
        on_groups(a, r);
        return true;
    case MEMBERS:
        return on_members(a, w, r);
    }
    return true;
}

static bool waits(const struct ob_account *a, enum work_kind kind)
{
    const struct ob_work *w = a->works;

    while (w && w->kind != kind)
        w = w->next;
    return w != NULL;
}

static void on_answer(void *arg, const struct ob_result *r)
{
    struct asked *q = arg;
    struct ob_account *a = ob_account_find(q->c, qund_str(q->account));
    int64_t pause_ms;

    if (a) {
        int64_t now = ob_mono(a->c);

        a->working = false;
        a->work_ms = now + OB_STEP_MS;
        /* A list of groups may be asked for anew already, by the connection that came after. */
        if (!take_answer(a, q->w, r, &pause_ms) && !(q->w->kind == GROUPS && waits(a, GROUPS))) {
            put_first(a, q->w);
            q->w = NULL;
            a->work_ms = now + pause_ms;
        }
    }
    if (q->w)
        work_free(q->w);
    free(q->account);
    free(q);
}

/* --- asking --- */

static json_t *question(const struct ob_account *a, const struct ob_work *w)
{
    struct ob_style s;

    ob_account_style(a, ob_account_version(a), &s);
    switch (w->kind) {
    case WHO:
        return ob_act_plain(&s, ob_act_who_am_i(&s));
    case GROUPS:
        return ob_act_plain(&s, "get_group_list");
    case MEMBERS:
        return ob_act_group(&s, "get_group_member_list", qund_str(w->group));
    }
    return NULL;
}

static bool wanted(const struct ob_account *a, const struct ob_work *w)
{
    return w->kind != MEMBERS || (!a->no_members && a->c->cfg->members_ms > 0);
}

static void step(struct ob_account *a)
{
    struct ob_work *w = take_first(a);
    const char *why;
    struct asked *q;

    if (!wanted(a, w)) {
        work_free(w);
        return;
    }
    q = ob_alloc(sizeof(*q));
    *q = (struct asked){a->c, ob_dup(qund_str(a->id)), w};
    a->working = true;
    if (ob_call(a, question(a, w), ASK_MS, on_answer, q, &why) == QUND_OK)
        return;
    a->working = false;
    a->work_ms = ob_mono(a->c) + LATER_MS;
    put_first(a, w);
    free(q->account);
    free(q);
}

void ob_rooms_tick(struct ob_channel *c)
{
    int64_t now = ob_mono(c);
    const char *why;

    for (struct ob_account *a = c->accounts; a; a = a->next) {
        if (a->look_ms == 0 || c->cfg->members_ms == 0)
            a->look_ms = now + c->cfg->members_ms;
        if (c->cfg->members_ms > 0 && now >= a->look_ms && a->n_works == 0) {
            a->look_ms = now + c->cfg->members_ms;
            put_last(a, work_new(GROUPS, QUND_STR_NONE));
        }
        ob_past_tick(a);
        if (a->working || now < a->work_ms || !ob_account_acts(a, &why))
            continue;
        if (a->works && a->works->kind != MEMBERS)
            step(a);
        else if (!ob_past_step(a, now) && a->works)
            step(a);
    }
}
