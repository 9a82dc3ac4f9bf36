/* members.c - who is in which group, asked of the bridge after hello and every few hours.
 *
 * Notices of joins and leaves get lost: the phone was off, the platform does not send them. So the
 * whole list of each group is handed over now and then as `group.members`, and the engine makes the
 * joins and leaves of it that nobody reported. Two questions are under way at a time: the lists are
 * dear on most platforms and nobody waits for them. */
#include "bridge.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    ASK_MS = 60000,
    AT_ONCE = 2,
    GROUPS_MAX = 5000,
    PART_BYTES = 60000 /* of 64 KiB that text and data of an event may have */
};

static const struct qund_host *host_of(const struct bridge *b)
{
    return b->channel->plugin->host;
}

void bridge_members_begin(struct bridge *b)
{
    if ((b->caps & CAP_MEMBERS) && (b->caps & CAP_GROUPS))
        b->members_at_ms = host_of(b)->mono_ms(host_of(b));
}

void bridge_members_end(struct bridge *b)
{
    for (size_t i = 0; i < b->n_groups; i++)
        free(b->groups[i]);
    free(b->groups);
    b->groups = NULL;
    b->n_groups = b->next_group = 0;
    b->members_at_ms = 0;
}

static unsigned under_way(const struct bridge *b)
{
    unsigned n = 0;

    for (size_t i = 0; i < PENDING_MAX; i++)
        n += b->pending[i].id != 0 && b->pending[i].what != WAITS_DELIVERY;
    return n;
}

static void ask_next(struct bridge *b)
{
    while (b->next_group < b->n_groups && under_way(b) < AT_ONCE) {
        struct pending what = {.what = WAITS_MEMBERS, .group = strdup(b->groups[b->next_group])};
        json_t *args =
            json_pack("{s:{s:s,s:s}}", "conv", "id", b->groups[b->next_group], "type", "group");

        if (!what.group || bridge_command(b, &what, "members", args, ASK_MS) < 0) {
            free(what.group);
            return; /* with a later tick */
        }
        b->next_group++;
    }
}

void bridge_members_tick(struct bridge *b, int64_t now_ms)
{
    int64_t every = b->channel->cfg->members_ms;

    if (b->members_at_ms == 0 || every <= 0)
        return;
    ask_next(b);
    if (now_ms < b->members_at_ms || b->next_group < b->n_groups || under_way(b) > 0)
        return;
    if (bridge_command(b, &(struct pending){.what = WAITS_GROUPS}, "groups", json_object(),
                       ASK_MS) == 0)
        b->members_at_ms = now_ms + every;
}

/* Answers are a list, or an object that holds it. */
static json_t *list_of(const json_t *data, const char *key)
{
    json_t *list = json_is_object(data) ? json_object_get(data, key) : NULL;

    return json_is_array(data) ? (json_t *)(uintptr_t)data : json_is_array(list) ? list : NULL;
}

void bridge_groups_told(struct bridge *b, const json_t *data)
{
    json_t *list = list_of(data, "groups");
    size_t n = json_array_size(list), limit = n < GROUPS_MAX ? n : GROUPS_MAX;
    int64_t at = b->members_at_ms;

    bridge_members_end(b);
    b->members_at_ms = at;
    b->groups = calloc(limit + 1, sizeof(*b->groups));
    for (size_t i = 0; b->groups && i < limit; i++) {
        json_t *one = json_array_get(list, i);
        struct qund_str id = json_is_object(one) ? bridge_id(one, "id") : QUND_STR_NONE;

        if (id.n == 0 || id.n > ID_MAX)
            continue;
        b->groups[b->n_groups] = strndup(id.p, id.n);
        b->n_groups += b->groups[b->n_groups] != NULL;
    }
    ask_next(b);
}

/* --- a snapshot --- */

/* One member as the event has it; NULL: it has no id. */
static json_t *member_of(json_t *one, bool names)
{
    static const char *const MORE[] = {"name", "role"};
    struct qund_str id = json_is_object(one) ? bridge_id(one, "id") : QUND_STR_NONE;
    json_t *out;

    if (id.n == 0 || id.n > ID_MAX)
        return NULL;
    out = json_object();
    json_object_set_new(out, "id", json_stringn(id.p, id.n));
    for (size_t i = 0; names && i < sizeof(MORE) / sizeof(MORE[0]); i++) {
        struct qund_str s = bridge_text(one, MORE[i]);

        if (s.n > 0)
            json_object_set_new(out, MORE[i], json_stringn(s.p, s.n));
    }
    return out;
}

static size_t bytes_of(const json_t *v)
{
    return json_dumpb(v, NULL, 0, JSON_COMPACT);
}

/* The list cut into pieces that each fit into one event. */
static json_t *cut(json_t *list, bool names)
{
    json_t *pieces = json_array(), *piece = json_array();
    size_t bytes = 0, n = json_array_size(list);

    json_array_append_new(pieces, piece);
    for (size_t i = 0; i < n && i < MEMBERS_MAX; i++) {
        json_t *m = member_of(json_array_get(list, i), names);
        size_t more = m ? bytes_of(m) + 1 : 0;

        if (!m)
            continue;
        if (bytes + more > PART_BYTES) {
            piece = json_array();
            json_array_append_new(pieces, piece);
            bytes = 0;
        }
        json_array_append_new(piece, m);
        bytes += more;
    }
    return pieces;
}

static json_t *data_of(json_t *pieces, size_t i, int64_t now_ms)
{
    size_t n = json_array_size(pieces);
    json_t *data = json_pack("{s:O,s:b}", "members", json_array_get(pieces, i), "whole", 1);

    if (n > 1) {
        json_object_set_new(data, "part", json_integer((json_int_t)i + 1));
        json_object_set_new(data, "parts", json_integer((json_int_t)n));
        json_object_set_new(data, "stamp", json_integer((json_int_t)now_ms));
    }
    return data;
}

static void emit(struct bridge *b, const char *group, json_t *pieces)
{
    int64_t now_ms = host_of(b)->now_ms(host_of(b));
    size_t n = json_array_size(pieces);
    struct frame f = {0};
    struct qund_event_in *e = bridge_frame_alloc(&f, n * sizeof(*e));
    char *name = bridge_frame_alloc(&f, strlen(group) + 1);

    for (size_t i = 0; e && name && i < n; i++) {
        json_t *data = data_of(pieces, i, now_ms);

        memcpy(name, group, strlen(group));
        e[i] = qund_event_in();
        e[i].type = QUND_STR("group.members");
        e[i].ts_ms = now_ms;
        e[i].group = qund_str(name);
        e[i].account = qund_str(b->stream->account);
        e[i].data = bridge_frame_keep(&f, json_dumps(data, JSON_COMPACT));
        json_decref(data);
        f.events = e;
        f.n = i + 1;
    }
    if (f.n > 0)
        bridge_take(b, &f, 0);
    bridge_frame_free(&f);
}

void bridge_members_told(struct bridge *b, const char *group, const json_t *data)
{
    json_t *list = list_of(data, "members"), *pieces = NULL;

    if (json_array_size(list) > 0) { /* an empty group has at least us in it: no answer */
        pieces = cut(list, true);
        if (json_array_size(pieces) > 1) {
            json_decref(pieces);
            pieces = cut(list, false);
        }
        emit(b, group, pieces);
        json_decref(pieces);
    }
    ask_next(b);
}
