/* plugins/onebot/rooms.c - what an account is asked about its groups: which there are, who is in
 * them, what was said while we were away.
 *
 * Member lists are read when the account connects and every hour, because notices of joins and
 * leaves get lost and some bridges send none. Histories are read after a gap, before the lists. One
 * question is under way at a time, a fifth of a second apart: bridges answer these from their
 * platform, which minds. A bridge that does not know an action is not asked again until it connects
 * anew. */
#include "members.h"
#include "onebot.h"
#include <stdlib.h>

#define STEP_MS 200
#define ASK_MS 20000
#define LATER_MS 5000 /* the daemon had no room */
#define WORKS_MAX (2 * OB_GROUPS_MAX + 16)
#define PAGES_MAX 20u
#define EDGE_MS 2000 /* bridges count in seconds, and their clock is not ours */
#define SHORT_OF 2   /* a list of less than half of what the group says it has is not believed */

enum work_kind { WHO, GROUPS, MEMBERS, HISTORY };
struct ob_work {
    struct ob_work *next;
    enum work_kind kind;
    char *group;
    int64_t from_ms, to_ms;
    char *before; /* the oldest message seen; NULL: the newest page */
    unsigned pages;
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
    free(w->before);
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

static void ask_histories(struct ob_account *a)
{
    if (!a->listed || a->fill_from_ms == 0)
        return;
    for (size_t i = a->n_groups; i > 0 && a->c->cfg->history > 0 && !a->no_history; i--) {
        struct ob_work *w = work_new(HISTORY, qund_str(a->groups[i - 1].id));

        w->from_ms = a->fill_from_ms;
        w->to_ms = a->fill_to_ms;
        put_first(a, w);
    }
    a->fill_from_ms = 0;
}

void ob_rooms_fill(struct ob_account *a, int64_t from_ms, int64_t to_ms)
{
    if (a->fill_from_ms == 0 || from_ms < a->fill_from_ms)
        a->fill_from_ms = from_ms;
    a->fill_to_ms = to_ms;
    ask_histories(a);
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
    ask_histories(a);
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

static const json_t *messages_of(const json_t *data)
{
    const json_t *list = json_object_get(data, "messages");

    return json_is_array(list) ? list : data;
}

/* The oldest message's place in the group, as the next page wants it. */
static struct qund_str place_of(const json_t *message, struct ob_pool *pool)
{
    struct qund_str seq = ob_get_id(message, "message_seq", pool, NULL);

    return seq.n > 0 ? seq : ob_get_id(message, "message_id", pool, NULL);
}

struct page {
    const json_t *oldest;
    int64_t oldest_ms;
    bool room;
};

static struct page take_page(struct ob_account *a, const struct ob_work *w, const json_t *list)
{
    struct ob_channel *c = a->c;
    struct ob_view view = {qund_str(a->id), qund_str(a->nickname)};
    struct page p = {.oldest_ms = INT64_MAX, .room = true};
    struct ob_frame *f = ob_alloc(sizeof(*f)); /* the channel's holds the list */

    for (size_t i = 0; p.room && i < json_array_size(list); i++) {
        const json_t *o = json_array_get(list, i);
        int64_t ts;

        if (ob_frame_past(f, o, &view, qund_str(w->group)) != OB_EVENT)
            continue;
        ts = f->event.ts_ms;
        if (ts != QUND_NO_TS && ts < p.oldest_ms) {
            p.oldest_ms = ts;
            p.oldest = o;
        }
        if (ts == QUND_NO_TS || ts < w->from_ms - EDGE_MS || ts > w->to_ms + EDGE_MS)
            continue;
        switch (c->host->ingest(c->channel, &f->event, 1, NULL, NULL, NULL, NULL)) {
        case QUND_OK:
            c->host->gauge_add(c->numbers.filled, 1);
            break;
        case QUND_E_FULL:
            p.room = false;
            break;
        default:
            ob_refuse(c, OB_NO_EVENT, "a message of a history", QUND_STR_NONE);
        }
    }
    ob_frame_done(f);
    free(f);
    return p;
}

static bool on_history(struct ob_account *a, struct ob_work *w, const struct ob_result *r)
{
    struct page p = take_page(a, w, messages_of(r->data));
    struct ob_pool pool = {0};
    struct qund_str place = p.oldest ? place_of(p.oldest, &pool) : QUND_STR_NONE;
    bool more = p.room && place.n > 0 && p.oldest_ms >= w->from_ms - EDGE_MS &&
                w->pages + 1 < PAGES_MAX && !(w->before && qund_str_is(place, w->before));

    if (more) {
        struct ob_work *next = work_new(HISTORY, qund_str(w->group));

        next->from_ms = w->from_ms;
        next->to_ms = w->to_ms;
        next->pages = w->pages + 1;
        next->before = ob_dup(place);
        put_first(a, next);
    }
    ob_pool_done(&pool);
    return p.room;
}

static bool take_answer(struct ob_account *a, struct ob_work *w, const struct ob_result *r)
{
    bool unknown = r->end == OB_ANSWERED && !r->ok && ob_end_unsupported(r->retcode);

    a->no_history |= unknown && w->kind == HISTORY;
    a->no_members |= unknown && w->kind == MEMBERS;
    if (r->end != OB_ANSWERED || !r->ok)
        return true;
    switch (w->kind) {
    case WHO:
        on_who(a, r);
        return true;
    case GROUPS:
        on_groups(a, r);
        return true;
    case MEMBERS:
        return on_members(a, w, r);
    case HISTORY:
        return on_history(a, w, r);
    }
    return true;
}

static void on_answer(void *arg, const struct ob_result *r)
{
    struct asked *q = arg;
    struct ob_account *a = ob_account_find(q->c, qund_str(q->account));
    bool again;

    if (a) {
        int64_t now = ob_mono(a->c);

        a->working = false;
        a->work_ms = now + STEP_MS;
        again = !take_answer(a, q->w, r);
        if (again) {
            put_first(a, q->w);
            q->w = NULL;
            a->work_ms = now + LATER_MS;
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
    case HISTORY:
        return ob_act_history(&s, qund_str(w->group), a->c->cfg->history, qund_str(w->before));
    }
    return NULL;
}

static bool wanted(const struct ob_account *a, const struct ob_work *w)
{
    if (w->kind == MEMBERS)
        return !a->no_members && a->c->cfg->members_ms > 0;
    return w->kind != HISTORY || (!a->no_history && ob_account_version(a) == 11);
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
        if (a->works && !a->working && now >= a->work_ms && ob_account_acts(a, &why))
            step(a);
    }
}
