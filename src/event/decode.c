/* src/event/decode.c - one JSON object to one checked event.
 *
 * This is the border: behind it every string is valid UTF-8 and within its limit, every number in
 * its range, ids hold no control bytes, and the key by which a repeat is recognised is set. So
 * nothing here repairs: what is wrong is refused with the path and the reason, and the sender
 * corrects it (names alone are made one line, settle.c). Keys that are not ours are checked as JSON
 * and skipped (strange.c).
 *
 * The fields are a table of name, kind, limit and place. Senders write them in about the same order
 * each time, so the search for a name begins behind the last one found and nearly always hits at
 * once; strings without escapes are views into the request. That keeps an event of 420 bytes near
 * one microsecond.
 *
 * What the fields mean together, and whether the sender may say so, is settle.c's. */
#include "core/zone.h"
#include "event/internal.h"
#include <stdio.h>

enum kind { ID, NAME, TEXT, TYPE, TS, ROLE, ORIGIN, MENTIONS, MEDIA, DATA, IGNORED };

struct field {
    const char *name;
    size_t len;
    enum kind kind;
    size_t max;    /* bytes */
    size_t offset; /* of a struct qund_str in struct qund_event */
};

#define STR_FIELD(json, kind, max, member)                                     \
    {                                                                          \
        json, sizeof(json) - 1, kind, max, offsetof(struct qund_event, member) \
    }
static const struct field FIELDS[] = {
    STR_FIELD("id", ID, QUND_EVENT_ID_MAX, id),
    STR_FIELD("channel", ID, QUND_EVENT_ID_MAX, channel),
    STR_FIELD("realm", IGNORED, 0, realm),
    STR_FIELD("type", TYPE, EVENT_TYPE_MAX, type_name),
    STR_FIELD("ts", TS, 0, ts),
    STR_FIELD("group", ID, QUND_EVENT_ID_MAX, group),
    STR_FIELD("group_name", NAME, EVENT_NAME_MAX, group_name),
    STR_FIELD("sender", ID, QUND_EVENT_ID_MAX, sender),
    STR_FIELD("sender_name", NAME, EVENT_NAME_MAX, sender_name),
    STR_FIELD("sender_role", ROLE, 0, sender),
    STR_FIELD("to", ID, QUND_EVENT_ID_MAX, to),
    STR_FIELD("account", ID, QUND_EVENT_ID_MAX, account),
    STR_FIELD("kind", ID, EVENT_TYPE_MAX, kind),
    STR_FIELD("text", TEXT, QUND_EVENT_TEXT_MAX, text),
    STR_FIELD("mentions", MENTIONS, 0, mentions),
    STR_FIELD("reply_to", ID, QUND_EVENT_ID_MAX, reply_to),
    STR_FIELD("ref", ID, QUND_EVENT_ID_MAX, ref),
    STR_FIELD("media", MEDIA, EVENT_MEDIA_MAX, media),
    STR_FIELD("data", DATA, QUND_EVENT_TEXT_MAX, data),
    STR_FIELD("origin", ORIGIN, 0, id),
};

int event_reader_err(const struct qund_jr *r, const char *from, struct qund_err *err)
{
    char where[sizeof(err->where)];
    size_t begin = (size_t)(from - r->start);

    event_path(qund_str_n(from, (size_t)(r->end - from)), r->at > begin ? r->at - begin : 0, where,
               sizeof(where));
    return qund_err_set(err, QUND_E_INVAL, where, "%s (byte %zu)", r->why, r->at);
}

static bool has_control(struct qund_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return true;
    return false;
}

static int check_str(struct event_decoding *d, const char *where, size_t max, bool id,
                     struct qund_str *out)
{
    if (out->n > max)
        return qund_err_set(d->err, QUND_E_INVAL, where, "%zu bytes long, at most %zu are allowed",
                            out->n, max);
    if (id && has_control(*out))
        return qund_err_set(d->err, QUND_E_INVAL, where, "control bytes are not allowed in an id");
    if (out->n == 0)
        *out = QUND_STR_NONE; /* an empty id or name is none */
    return QUND_OK;
}

/* Reading errors carry no text yet: event_decode_at adds the path. */
static int take_str(struct event_decoding *d, const char *where, size_t max, bool id,
                    struct qund_str *out)
{
    int rc = qund_jr_str(d->r, out);

    return rc < 0 ? rc : check_str(d, where, max, id, out);
}

int event_claim_ts(struct event_decoding *d, int64_t ts)
{
    if (ts < 0 || ts > EVENT_TS_MAX)
        return qund_err_set(d->err, QUND_E_INVAL, "ts", "outside the years 1970 to 9999%s",
                            ts > 0 ? "; it looks like micro- or nanoseconds, milliseconds are "
                                     "wanted"
                                   : "");
    d->sent.ts = ts;
    d->sent.has_ts = true;
    return QUND_OK;
}

static int take_ts(struct event_decoding *d)
{
    struct qund_str s;
    int64_t ts;
    int type = qund_jr_peek(d->r), rc;

    if (type == QUND_JT_STR) {
        rc = qund_jr_str(d->r, &s);
        if (rc == 0 && qund_iso_parse(s, &ts) < 0)
            return qund_err_set(d->err, QUND_E_INVAL, "ts",
                                "neither milliseconds nor ISO 8601 with an offset, such as "
                                "2025-09-15T08:32:44+08:00");
    } else if (type == QUND_JT_NUM) {
        return qund_err_set(d->err, QUND_E_INVAL, "ts",
                            "whole milliseconds since 1970 are wanted, or ISO 8601; a time in "
                            "seconds with a fraction is to be taken times 1000 and rounded");
    } else {
        rc = qund_jr_int(d->r, &ts);
    }
    return rc < 0 ? rc : event_claim_ts(d, ts);
}

static int claim_role(struct event_decoding *d, struct qund_str s)
{
    int role = s.n == 0 ? QUND_ROLE_NONE : qund_role_parse(s);

    if (role < 0)
        return qund_err_set(d->err, QUND_E_INVAL, "sender_role",
                            "must be one of customer, staff, bot, koc");
    d->role = (enum qund_role)role;
    return QUND_OK;
}

static int claim_origin(struct event_decoding *d, struct qund_str s)
{
    d->origin = qund_origin_parse(s);
    if (d->origin < 0)
        return qund_err_set(d->err, QUND_E_INVAL, "origin",
                            "must be one of live, backfill, replay");
    return QUND_OK;
}

static int too_many_mentions(struct event_decoding *d)
{
    return qund_err_set(d->err, QUND_E_INVAL, "mentions", "more than %u entries",
                        EVENT_MENTIONS_MAX);
}

/* Ids joined by '\n', which no id holds. */
int event_claim_mentions(struct event_decoding *d, const struct qund_str *ids, size_t n)
{
    char where[32], *to;
    size_t bytes = 0;

    if (n > EVENT_MENTIONS_MAX)
        return too_many_mentions(d);
    for (size_t i = 0; i < n; i++) {
        struct qund_str id = ids[i];
        int rc;

        snprintf(where, sizeof(where), "mentions[%zu]", i);
        rc = check_str(d, where, QUND_EVENT_ID_MAX, true, &id);
        if (rc < 0)
            return rc;
        bytes += id.n > 0 ? id.n + 1 : 0;
    }
    if (bytes == 0)
        return QUND_OK;
    to = qund_arena_alloc(d->r->arena, bytes);
    d->e->mentions = qund_str_n(to, bytes - 1);
    for (size_t i = 0; i < n; i++) {
        if (ids[i].n == 0)
            continue;
        memcpy(to, ids[i].p, ids[i].n);
        to += ids[i].n;
        *to++ = '\n';
    }
    return QUND_OK;
}

static int take_mentions(struct event_decoding *d)
{
    struct qund_str ids[EVENT_MENTIONS_MAX];
    size_t n = 0;
    bool first;
    int rc = qund_jr_arr(d->r, &first);

    while (rc == 0 && (rc = qund_jr_arr_next(d->r, &first)) > 0) {
        if (n == EVENT_MENTIONS_MAX)
            return too_many_mentions(d);
        rc = qund_jr_str(d->r, &ids[n++]);
    }
    return rc < 0 ? rc : event_claim_mentions(d, ids, n);
}

/* Without the blanks between its tokens; the text is valid JSON. */
static struct qund_str compact(struct qund_arena *arena, struct qund_str json)
{
    char *out = qund_arena_alloc(arena, json.n + 1), *to = out;
    bool in_string = false;

    for (size_t i = 0; i < json.n; i++) {
        char c = json.p[i];

        if (!in_string && (c == ' ' || c == '\n' || c == '\t' || c == '\r'))
            continue;
        if (c == '"')
            in_string = !in_string;
        *to++ = c;
        if (in_string && c == '\\')
            *to++ = json.p[++i];
    }
    *to = '\0';
    return qund_str_n(out, (size_t)(to - out));
}

/* Whitespace and escapes may make it longer than what is kept, but not by any factor: a bomb of
 * keys is refused before all of them are compared. */
#define DATA_RAW_MAX (8u * QUND_EVENT_TEXT_MAX)

static int skip_data(struct event_decoding *d, struct qund_str *raw)
{
    const char *end = d->r->end;
    bool cut = (size_t)(end - d->r->p) > DATA_RAW_MAX;
    int rc;

    if (cut)
        d->r->end = d->r->p + DATA_RAW_MAX;
    rc = qund_jr_skip(d->r, raw);
    if (rc < 0 && cut && d->r->at + 1024 > (size_t)(d->r->end - d->r->start))
        rc = qund_err_set(d->err, QUND_E_INVAL, "data", "more than %u bytes long",
                          (unsigned)DATA_RAW_MAX);
    d->r->end = end;
    return rc;
}

static int take_data(struct event_decoding *d, const struct field *f)
{
    struct qund_str raw;
    int type = qund_jr_peek(d->r);
    int rc = type < 0 ? type : QUND_OK;

    if (rc == 0 && type != QUND_JT_OBJ)
        return qund_err_set(d->err, QUND_E_INVAL, "data", "must be an object");
    if (rc == 0)
        rc = skip_data(d, &raw);
    if (rc < 0)
        return rc;
    d->e->data = compact(d->r->arena, raw);
    if (d->e->data.n > f->max)
        return qund_err_set(d->err, QUND_E_INVAL, "data", "%zu bytes long, at most %zu are allowed",
                            d->e->data.n, f->max);
    return QUND_OK;
}

static int take_media_item(struct event_decoding *d, size_t index)
{
    static const struct {
        const char *name;
        size_t max;
    } STRINGS[] = {
        {"kind", EVENT_TYPE_MAX}, {"sha256", 64}, {"name", EVENT_NAME_MAX}, {"url", 2048}};
    struct qund_jr_obj o;
    struct qund_str key, s;
    char where[48];
    int64_t size = 0;
    int rc = qund_jr_obj(d->r, &o);

    while (rc == 0 && (rc = qund_jr_obj_next(d->r, &o, &key)) > 0) {
        size_t i = 0;

        while (i < QUND_ARRAY_LEN(STRINGS) && !qund_str_is(key, STRINGS[i].name))
            i++;
        snprintf(where, sizeof(where), "media[%zu].%s", index,
                 i < QUND_ARRAY_LEN(STRINGS) ? STRINGS[i].name : "size");
        if (qund_jr_peek(d->r) == QUND_JT_NULL)
            rc = qund_jr_null(d->r);
        else if (i < QUND_ARRAY_LEN(STRINGS))
            rc = take_str(d, where, STRINGS[i].max, false, &s);
        else if (qund_str_is(key, "size"))
            rc = qund_jr_int(d->r, &size);
        else
            rc = qund_jr_skip(d->r, NULL);
        if (rc == 0 && size < 0)
            rc = qund_err_set(d->err, QUND_E_INVAL, where, "must not be negative");
    }
    return rc;
}

static int take_media(struct event_decoding *d, const struct field *f)
{
    const char *from;
    size_t n = 0;
    bool first;
    int rc = qund_jr_peek(d->r);

    from = d->r->p; /* peek left the blanks behind */
    if (rc >= 0)
        rc = qund_jr_arr(d->r, &first);
    while (rc == 0 && (rc = qund_jr_arr_next(d->r, &first)) > 0) {
        if (n == EVENT_MEDIA_ITEMS_MAX)
            return qund_err_set(d->err, QUND_E_INVAL, "media", "more than %u entries",
                                EVENT_MEDIA_ITEMS_MAX);
        rc = take_media_item(d, n++);
    }
    if (rc < 0 || n == 0)
        return rc;
    d->e->media = compact(d->r->arena, qund_str_n(from, (size_t)(d->r->p - from)));
    if (d->e->media.n > f->max)
        return qund_err_set(d->err, QUND_E_INVAL, "media",
                            "%zu bytes long, at most %zu are allowed", d->e->media.n, f->max);
    return QUND_OK;
}

static struct qund_str *slot_of(struct event_decoding *d, const struct field *f)
{
    return (struct qund_str *)(void *)((char *)d->e + f->offset);
}

static int take_claim(struct event_decoding *d,
                      int (*claim)(struct event_decoding *d, struct qund_str s))
{
    struct qund_str s;
    int rc = qund_jr_str(d->r, &s);

    return rc < 0 ? rc : claim(d, s);
}

static int take_field(struct event_decoding *d, const struct field *f)
{
    if (qund_jr_peek(d->r) == QUND_JT_NULL)
        return qund_jr_null(d->r); /* null is absent */
    switch (f->kind) {
    case ID:
    case TYPE:
        return take_str(d, f->name, f->max, true, slot_of(d, f));
    case NAME:
    case TEXT:
        return take_str(d, f->name, f->max, false, slot_of(d, f));
    case TS:
        return take_ts(d);
    case ROLE:
        return take_claim(d, claim_role);
    case ORIGIN:
        return take_claim(d, claim_origin);
    case MENTIONS:
        return take_mentions(d);
    case MEDIA:
        return take_media(d, f);
    case DATA:
        return take_data(d, f);
    case IGNORED:
        break;
    }
    return qund_jr_skip(d->r, NULL);
}

/* Searching begins at *hint and wraps; NULL for a key that is not ours. */
static const struct field *find_field(struct qund_str key, size_t *hint)
{
    for (size_t k = 0; k < QUND_ARRAY_LEN(FIELDS); k++) {
        size_t i =
            *hint + k < QUND_ARRAY_LEN(FIELDS) ? *hint + k : *hint + k - QUND_ARRAY_LEN(FIELDS);
        const struct field *f = &FIELDS[i];

        if (f->len == key.n && memcmp(f->name, key.p, key.n) == 0) {
            *hint = i + 1;
            return f;
        }
    }
    return NULL;
}

/* A field that is JSON in itself; the path of what is wrong begins with its name. */
static int claim_json(struct event_decoding *d, const struct field *f, struct qund_str json)
{
    char within[sizeof(d->err->where)];
    int rc;

    qund_jr_init(d->r, json, d->r->arena, EVENT_DEPTH_MAX);
    rc = take_field(d, f);
    if (rc == 0)
        rc = qund_jr_end(d->r);
    if (!d->r->why)
        return rc;
    rc = event_reader_err(d->r, d->r->start, d->err);
    snprintf(within, sizeof(within), "%s", d->err->where);
    snprintf(d->err->where, sizeof(d->err->where), "%s%s%.100s", f->name, *within ? "." : "",
             within);
    return rc;
}

int event_claim(struct event_decoding *d, const char *name, struct qund_str s)
{
    size_t hint = 0;
    const struct field *f = find_field(qund_str(name), &hint);
    int rc;

    qund_assert(f);
    switch (f->kind) {
    case ID:
    case TYPE:
    case NAME:
    case TEXT:
        rc = check_str(d, f->name, f->max, f->kind == ID || f->kind == TYPE, &s);
        *slot_of(d, f) = s;
        return rc;
    case ROLE:
        return claim_role(d, s);
    case ORIGIN:
        return claim_origin(d, s);
    case TS:
    case MENTIONS:
    case MEDIA:
    case DATA:
    case IGNORED:
        break;
    }
    return claim_json(d, f, s);
}

static int take_stranger(struct event_decoding *d, struct qund_str key)
{
    const char *names[QUND_ARRAY_LEN(FIELDS)];
    int rc;

    for (size_t i = 0; i < QUND_ARRAY_LEN(FIELDS); i++)
        names[i] = FIELDS[i].name;
    rc = event_strange_key(d, key, names, QUND_ARRAY_LEN(FIELDS));
    return rc < 0 ? rc : qund_jr_skip(d->r, NULL);
}

static int take_object(struct event_decoding *d)
{
    struct qund_jr_obj o;
    struct qund_str key;
    size_t hint = 0;
    int rc = qund_jr_obj(d->r, &o);

    while (rc == 0 && (rc = qund_jr_obj_next(d->r, &o, &key)) > 0) {
        const struct field *f = find_field(key, &hint);

        rc = f ? take_field(d, f) : take_stranger(d, key);
    }
    return rc;
}

int event_decode_at(const struct qund_event_ctx *ctx, struct qund_jr *r, size_t index,
                    struct qund_event *out, struct qund_err *err)
{
    struct event_decoding d = {
        .ctx = ctx, .r = r, .e = out, .err = err, .origin = -1, .sent = {.index = index}};
    const char *from;
    int rc;

    memset(out, 0, sizeof(*out));
    rc = qund_jr_peek(r);
    from = r->p < r->end ? r->p : r->start;
    if (rc >= 0)
        rc = take_object(&d);
    if (r->why)
        return event_reader_err(r, from, err);
    if (rc == 0)
        rc = event_settle(&d);
    if (rc == 0)
        rc = event_says_something(&d);
    if (rc == 0)
        rc = event_complete(&d);
    return rc < 0 ? rc : event_identify(ctx, &d.sent, r->arena, out, err);
}

int qund_event_decode(const struct qund_event_ctx *ctx, struct qund_str json, size_t index,
                      struct qund_arena *arena, struct qund_event *out, struct qund_err *err)
{
    struct qund_jr r;
    int rc;

    qund_jr_init(&r, json, arena, EVENT_DEPTH_MAX);
    rc = event_decode_at(ctx, &r, index, out, err);
    if (rc == 0 && qund_jr_end(&r) < 0)
        rc = event_reader_err(&r, r.start, err);
    return rc;
}
