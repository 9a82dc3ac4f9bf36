/* frame_event.c - an event of a bridge to canonical ones.
 *
 * Ids are the platform's, as they came, so two accounts of one platform that sit in one group speak
 * of the same message by the same id. Where the platform gives none, the daemon makes one of all
 * fields: the same event sent twice is recognised, whatever number the bridge gave it. A message is
 * the exception, because the same word may be said twice in the same second: there the number
 * belongs to the id. Nothing is ever recognised as a repeat by its number alone, so a bridge that
 * begins to count anew loses nothing. */
#include "frame.h"
#include <stdio.h>
#include <stdlib.h>

/* One frame while it is read. */
struct reading {
    struct frame *f;
    json_t *conv, *from, *msg;
    struct qund_str account, by;
    struct qund_fault *why;
    struct qund_event_in base; /* what all events of the frame have */
};

static json_t *part(json_t *root, const char *key)
{
    json_t *v = json_object_get(root, key);

    return json_is_object(v) ? v : NULL;
}

static int no_memory(struct reading *r)
{
    return bridge_fault(r->why, QUND_E_NOMEM, "", "no memory");
}

static struct qund_event_in *new_events(struct reading *r, size_t n)
{
    struct qund_event_in *e = bridge_frame_alloc(r->f, n * sizeof(*e));

    for (size_t i = 0; e && i < n; i++)
        e[i] = r->base;
    if (e) {
        r->f->events = e;
        r->f->n = n;
    }
    return e;
}

/* With one member more, when there is a value. */
static json_t *with(json_t *o, const char *key, struct qund_str value)
{
    if (value.n > 0)
        json_object_set_new(o, key, json_stringn(value.p, value.n));
    return o;
}

static struct qund_str dumped(struct frame *f, json_t *data)
{
    char *text = data ? json_dumps(data, JSON_COMPACT) : NULL;

    json_decref(data);
    return bridge_frame_keep(f, text);
}

/* --- messages --- */

static int mentions(struct reading *r, struct qund_event_in *e)
{
    json_t *list = json_object_get(r->msg, "mentions");
    size_t n = json_array_size(list);
    struct qund_str *ids;

    if (n == 0)
        return QUND_OK;
    n = n < MENTIONS_MAX ? n : MENTIONS_MAX;
    ids = bridge_frame_alloc(r->f, n * sizeof(*ids));
    if (!ids)
        return no_memory(r);
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);
        char digits[24];

        if (json_is_integer(v)) {
            snprintf(digits, sizeof(digits), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
            json_array_set_new(list, i, json_string(digits));
            v = json_array_get(list, i);
        }
        if (json_is_string(v))
            ids[e->n_mentions++] = qund_str_n(json_string_value(v), json_string_length(v));
    }
    e->mentions = ids;
    return QUND_OK;
}

static int media(struct reading *r, struct qund_event_in *e)
{
    const json_t *list = json_object_get(r->msg, "media");
    size_t n = json_array_size(list);
    struct qund_media_in *items;

    if (n == 0)
        return QUND_OK;
    n = n < MEDIA_MAX ? n : MEDIA_MAX;
    items = bridge_frame_alloc(r->f, n * sizeof(*items));
    if (!items)
        return no_memory(r);
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(list, i);

        if (json_is_object(item))
            bridge_media(r->f, item, &items[e->n_media++]);
    }
    e->media = items;
    return QUND_OK;
}

/* As said, else by what it is made of. */
static struct qund_str kind_of(const struct reading *r, const struct qund_event_in *e)
{
    struct qund_str said = bridge_text(r->msg, "kind");

    if (said.n > 0)
        return said;
    if (e->n_media == 0)
        return QUND_STR("text");
    return e->text.n > 0 || e->n_media > 1 ? QUND_STR("mixed") : e->media[0].kind;
}

static uint64_t mix(uint64_t h, struct qund_str s)
{
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
    return (h ^ 0xff) * UINT64_C(0x100000001b3);
}

/* For a platform without ids: what was said, where and by whom, and as which one. */
static struct qund_str made_id(struct reading *r, const struct qund_event_in *e)
{
    uint64_t h = mix(UINT64_C(0xcbf29ce484222325), r->account);
    char *made = bridge_frame_alloc(r->f, ID_MAX);

    if (!made)
        return QUND_STR_NONE;
    h = mix(mix(mix(mix(h, e->group), e->sender), e->to), e->text);
    snprintf(made, ID_MAX, "~%016llx/%lld", (unsigned long long)h, (long long)r->f->seq);
    return qund_str(made);
}

/* What is there and of another type would be lost without a word. */
static int check_parts(struct reading *r)
{
    static const struct {
        const char *key;
        json_type type;
        const char *where, *wanted;
    } PARTS[] = {{"text", JSON_STRING, "msg.text", "a text is wanted"},
                 {"mentions", JSON_ARRAY, "msg.mentions", "a list of ids is wanted"},
                 {"media", JSON_ARRAY, "msg.media", "a list is wanted"}};

    for (size_t i = 0; i < sizeof(PARTS) / sizeof(PARTS[0]); i++) {
        const json_t *v = json_object_get(r->msg, PARTS[i].key);

        if (v && !json_is_null(v) && json_typeof(v) != PARTS[i].type)
            return bridge_fault(r->why, QUND_E_INVAL, PARTS[i].where, "%s", PARTS[i].wanted);
    }
    return QUND_OK;
}

static int message(struct reading *r)
{
    struct qund_event_in *e;
    int rc;

    if (!r->msg)
        return bridge_fault(r->why, QUND_E_INVAL, "msg", "a message has a msg");
    if (r->base.sender.n == 0)
        return bridge_fault(r->why, QUND_E_INVAL, "from.id", "a message has a sender");
    rc = check_parts(r);
    if (rc < 0)
        return rc;
    e = new_events(r, 1);
    if (!e)
        return no_memory(r);
    e->type = QUND_STR("message");
    e->id = bridge_id(r->msg, "id");
    e->text = bridge_text(r->msg, "text");
    e->reply_to = bridge_id(r->msg, "reply_to");
    if (e->id.n == 0)
        e->id = made_id(r, e);
    rc = mentions(r, e);
    if (rc == 0)
        rc = media(r, e);
    if (rc == 0)
        e->kind = kind_of(r, e);
    return rc;
}

/* --- notices --- */

static int recall(struct reading *r)
{
    struct qund_str ref = bridge_id(r->msg, "id");
    struct qund_event_in *e;

    if (ref.n == 0)
        return bridge_fault(r->why, QUND_E_INVAL, "msg.id", "which message is taken back?");
    e = new_events(r, 1);
    if (!e)
        return no_memory(r);
    e->type = QUND_STR("revoke");
    e->ref = ref;
    e->data = dumped(r->f, with(json_object(), "by", r->by));
    return QUND_OK;
}

static int join_or_leave(struct reading *r, struct qund_str type)
{
    const json_t *who = json_object_get(r->f->root, "who");
    size_t n = json_array_size(who);
    struct qund_event_in *e;

    if (r->base.group.n == 0)
        return bridge_fault(r->why, QUND_E_INVAL, "conv", "a group is wanted");
    if (n == 0 || n > WHO_MAX)
        return bridge_fault(r->why, QUND_E_INVAL, "who", "1 to %d members are wanted", WHO_MAX);
    e = new_events(r, n);
    if (!e)
        return no_memory(r);
    for (size_t i = 0; i < n; i++) {
        json_t *one = json_array_get(who, i);
        struct qund_str id = json_is_object(one) ? bridge_id(one, "id") : QUND_STR_NONE;

        if (id.n == 0)
            return bridge_fault(r->why, QUND_E_INVAL, "who", "entry %zu has no id", i);
        e[i].type = type;
        e[i].sender = id;
        e[i].sender_name = bridge_text(one, "name");
        e[i].sender_role = QUND_STR_NONE;
        e[i].data = dumped(r->f, with(with(json_object(), "member", id), "by", r->by));
    }
    return QUND_OK;
}

static int join(struct reading *r)
{
    return join_or_leave(r, QUND_STR("member.join"));
}

static int leave(struct reading *r)
{
    return join_or_leave(r, QUND_STR("member.leave"));
}

/* One event of a type, with its data. */
static int single(struct reading *r, struct qund_str type, json_t *data)
{
    struct qund_event_in *e = new_events(r, 1);

    if (!e) {
        json_decref(data);
        return no_memory(r);
    }
    e->type = type;
    e->data = dumped(r->f, data);
    return QUND_OK;
}

/* Somebody wants to be a friend, or to get into a group. */
static int request(struct reading *r)
{
    struct qund_str id = bridge_id(r->msg, "id"), text = bridge_text(r->msg, "text");
    int rc;

    if (r->base.sender.n == 0)
        return bridge_fault(r->why, QUND_E_INVAL, "from.id", "who asks?");
    rc = single(r, r->base.group.n > 0 ? QUND_STR("request.group") : QUND_STR("request.friend"),
                with(json_object(), "flag", id));
    if (rc == 0) {
        r->f->events->id = id;
        r->f->events->text = text;
    }
    return rc;
}

static int rename_group(struct reading *r)
{
    if (r->base.group.n == 0 || r->base.group_name.n == 0)
        return bridge_fault(r->why, QUND_E_INVAL, "conv", "a group and its new name are wanted");
    return single(r, QUND_STR("group.update"), with(json_object(), "name", r->base.group_name));
}

static int dismiss(struct reading *r)
{
    if (r->base.group.n == 0)
        return bridge_fault(r->why, QUND_E_INVAL, "conv", "a group is wanted");
    return single(r, QUND_STR("group.dismiss"), NULL);
}

/* The bridge knows that it has missed something. */
static int gap(struct reading *r)
{
    int64_t from = bridge_int(r->f->root, "from_ts", -1), to = bridge_int(r->f->root, "to_ts", -1);

    if (from < 0 || to < from)
        return bridge_fault(r->why, QUND_E_INVAL, "from_ts",
                            "from_ts and to_ts are wanted, in order");
    return single(r, QUND_STR("gap"),
                  json_pack("{s:I,s:I}", "from", (json_int_t)from, "to", (json_int_t)to));
}

static const struct {
    const char *name;
    int (*read)(struct reading *r);
} KINDS[] = {{"message", message}, {"join", join},       {"leave", leave},
             {"recall", recall},   {"request", request}, {"rename", rename_group},
             {"dismiss", dismiss}, {"gap", gap}};

/* --- what all have --- */

static int read_base(struct reading *r)
{
    struct qund_event_in *e = &r->base;
    struct qund_str conv = bridge_id(r->conv, "id"), type = bridge_text(r->conv, "type");
    const json_t *named = json_object_get(r->f->root, "conv");
    bool self = bridge_bool(r->from, "self");

    *e = qund_event_in();
    e->account = r->account;
    e->ts_ms = r->f->ts;
    if (r->f->ts <= 0)
        return bridge_fault(r->why, QUND_E_INVAL, "ts", "milliseconds since 1970 are wanted");
    /* Else it would pass as a private chat, in which who speaks says enough. */
    if (conv.n == 0 && named && !json_is_null(named) && !qund_str_is(type, "direct"))
        return bridge_fault(r->why, QUND_E_INVAL, "conv.id", "which group or chat?");
    if (type.p && !qund_str_is(type, "group") && !qund_str_is(type, "direct"))
        return bridge_fault(r->why, QUND_E_INVAL, "conv.type", "must be group or direct");
    e->sender = bridge_id(r->from, "id");
    e->sender_name = bridge_text(r->from, "name");
    if (self) {
        e->sender = r->account;
        e->sender_role = QUND_STR("bot");
    }
    if (qund_str_is(type, "direct")) {
        e->to = self ? conv : r->account;
    } else if (conv.n > 0) {
        e->group = conv;
        e->group_name = bridge_text(r->conv, "name");
    }
    return QUND_OK;
}

int bridge_frame_events(struct frame *f, struct qund_str account, struct qund_fault *why)
{
    struct qund_str kind = bridge_text(f->root, "kind");
    struct reading r = {.f = f,
                        .conv = part(f->root, "conv"),
                        .from = part(f->root, "from"),
                        .msg = part(f->root, "msg"),
                        .account = account,
                        .by = bridge_id(f->root, "by"),
                        .why = why};
    int rc;

    if (f->seq <= 0)
        return bridge_fault(why, QUND_E_INVAL, "seq", "a number above 0 is wanted");
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++)
        if (qund_str_is(kind, KINDS[i].name)) {
            rc = read_base(&r);
            return rc < 0 ? rc : KINDS[i].read(&r);
        }
    return bridge_fault(why, QUND_E_NOTFOUND, "kind", "'%.*s' is not known here",
                        (int)(kind.n < 40 ? kind.n : 40), kind.p ? kind.p : "");
}
