/* src/app/simulate_chat.c - a recorded chat, said again in the simulated groups.
 *
 * Its first day is laid onto the day of the start, by whole days, so that mornings stay mornings.
 * The recorded groups are taken in order of their appearance, one for each simulated group; what
 * has no counterpart is left out. Lines are only sorted here; each is decoded, with all the checks
 * that a channel's events go through, when its time comes. */
#include "app/simulate_parts.h"
#include "core/file.h"
#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX (1u << 30)

/* What a line says of time and place, without decoding it. */
static int look(struct sim *s, struct qund_str line, struct sim_line *out, struct qund_str *group)
{
    struct qund_jr r;
    struct qund_jr_obj o;
    struct qund_str key, v;
    int rc;

    *group = QUND_STR_NONE;
    out->ts = -1;
    qund_arena_reset(s->scratch);
    qund_jr_init(&r, line, s->scratch, 32);
    rc = qund_jr_obj(&r, &o);
    while (rc == 0 && (rc = qund_jr_obj_next(&r, &o, &key)) == 1) {
        if (qund_str_is(key, "ts") && qund_jr_peek(&r) == QUND_JT_INT)
            rc = qund_jr_int(&r, &out->ts);
        else if (qund_str_is(key, "ts"))
            rc = qund_jr_str(&r, &v) < 0 ? QUND_E_INVAL : qund_iso_parse(v, &out->ts);
        else if (qund_str_is(key, "group"))
            rc = qund_jr_str(&r, group);
        else
            rc = qund_jr_skip(&r, NULL);
    }
    return rc < 0 || out->ts < 0 ? QUND_E_INVAL : 0;
}

struct casting {
    struct qund_str *names; /* of recorded groups, by the simulated one's place */
    size_t n;
};

static struct sim_group *played_by(struct sim *s, struct casting *c, struct qund_str name)
{
    if (s->o->only && !qund_str_is(name, s->o->only))
        return NULL;
    for (size_t i = 0; i < s->n_groups; i++) /* the very same one, if it is there */
        if (s->o->org && qund_str_is(name, s->groups[i].pid))
            return &s->groups[i];
    for (size_t i = 0; i < c->n; i++)
        if (qund_str_eq(name, c->names[i]))
            return &s->groups[i];
    if (s->o->org || c->n == s->n_groups || name.n == 0)
        return NULL;
    c->names[c->n] = qund_arena_str(s->arena, name);
    return &s->groups[c->n++];
}

static int by_ts(const void *a, const void *b)
{
    const struct sim_line *x = a, *y = b;

    if (x->ts != y->ts)
        return x->ts < y->ts ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static int read_lines(struct sim *s)
{
    struct sim_chat *chat = &s->chat;
    struct casting c = {.names = qund_arena_zalloc(s->arena, (s->n_groups + 1) * sizeof(*c.names))};
    struct qund_str rest = qund_str_no_bom(qund_buf_view(&chat->text));
    size_t cap = 0, number = 0;

    while (rest.p) {
        struct qund_str line = qund_str_trim(qund_str_split(&rest, '\n')), group;
        struct sim_line l = {.at = (size_t)(line.p - chat->text.p), .n = line.n};

        number++;
        if (line.n == 0)
            continue;
        if (look(s, line, &l, &group) < 0)
            return qund_errs_add(s->errs, QUND_E_INVAL, s->o->messages,
                                 "line %zu is no event with a time", number);
        l.group = played_by(s, &c, group);
        if (!l.group)
            continue;
        if (chat->n == cap) {
            cap = cap ? 2 * cap : 1024;
            chat->v = qund_realloc(chat->v, cap * sizeof(*chat->v));
        }
        chat->v[chat->n++] = l;
    }
    if (chat->n > 0)
        qsort(chat->v, chat->n, sizeof(*chat->v), by_ts);
    return 0;
}

static int64_t days_of(const struct qund_zone *z, int64_t at)
{
    struct qund_civil c;

    qund_zone_civil(z, at, &c);
    return qund_days_from_civil(c.year, c.month, c.day);
}

int qund_sim_chat(struct sim *s)
{
    struct sim_chat *chat = &s->chat;
    struct qund_err err = {0};
    int rc;

    if (!s->o->messages)
        return 0;
    if (qund_pipe_read(s->o->messages, FILE_MAX, &chat->text, &err) < 0)
        return qund_sim_fail(s, err.rc, &err);
    rc = read_lines(s);
    if (rc < 0)
        return rc;
    if (chat->n == 0)
        return qund_errs_add(s->errs, QUND_E_NOTFOUND, s->o->messages,
                             "holds no message of %s; see --only",
                             s->o->only  ? s->o->only
                             : s->o->org ? "the group"
                                         : "any group");
    chat->shift = (days_of(s->zone, s->start) - days_of(s->zone, chat->v[0].ts)) * QUND_DAY_MS;
    return 0;
}

int64_t qund_sim_chat_next(const struct sim *s)
{
    const struct sim_chat *chat = &s->chat;
    int64_t at = chat->next < chat->n ? chat->v[chat->next].ts + chat->shift : INT64_MAX;

    return at < s->now ? s->now : at;
}

int qund_sim_chat_take(struct sim *s, struct qund_buf *packed, int64_t *at)
{
    const struct sim_line *l = &s->chat.v[s->chat.next];
    struct qund_event_ctx ctx = {.cfg = s->l->config,
                                 .rx = l->ts,
                                 .default_channel = QUND_STR(SIM_CHANNEL),
                                 .short_form = true};
    struct qund_err err = {0};
    struct qund_event ev;
    int rc;

    *at = qund_sim_chat_next(s);
    s->chat.next++;
    qund_arena_reset(s->scratch);
    rc = qund_event_decode(&ctx, qund_str_n(s->chat.text.p + l->at, l->n), s->chat.next, s->scratch,
                           &ev, &err);
    if (rc < 0) {
        char where[160];

        snprintf(where, sizeof(where), "%.80s: %.60s", s->o->messages, err.where);
        return qund_errs_add(s->errs, rc, where, "%s", err.text);
    }
    ev.ts = ev.key_ts = ev.rx = *at;
    ev.channel = QUND_STR(SIM_CHANNEL);
    ev.realm = qund_str(l->group->realm);
    if (ev.group.n > 0)
        ev.group = qund_str(l->group->pid);
    ev.group_name = l->group->name ? qund_str(l->group->name) : ev.group_name;
    qund_event_pack(&ev, packed);
    return 0;
}
