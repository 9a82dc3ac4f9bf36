/* src/event/pack.c - the event as bytes for the stream.
 *
 * What Redis holds and the AOF writes is this, not the JSON: a third of the bytes, and parsed once
 * only.
 *
 *   version  1
 *   type     1 byte; 0 is followed by type_name among the strings
 *   marks    1 byte: role, origin, key
 *   flags    varint
 *   key_ts   varint; then ts and rx as zigzag varints of their distance from it
 *   present  varint, a bit per string in the order of STRINGS
 *   strings  varint length and bytes each
 *
 * What can be left out is: realm when it equals channel, kind when it is `text` of a message. A
 * reader refuses other versions (a store and its stream outlive a program), and checks every
 * length, range and character: the stream belongs to another process, so it is only half-trusted.
 */
#include "event/internal.h"

#define PACK_VERSION 1u
#define HEAD_MAX 64u /* bytes before the strings */

static const struct {
    size_t offset;
    size_t max;
} STRINGS[] = {
    {offsetof(struct qund_event, channel), QUND_EVENT_ID_MAX},
    {offsetof(struct qund_event, realm), QUND_EVENT_ID_MAX},
    {offsetof(struct qund_event, id), QUND_EVENT_ID_MAX},
    {offsetof(struct qund_event, type_name), EVENT_TYPE_MAX},
    {offsetof(struct qund_event, group), QUND_EVENT_ID_MAX},
    {offsetof(struct qund_event, group_name), EVENT_NAME_MAX},
    {offsetof(struct qund_event, sender), QUND_EVENT_ID_MAX},
    {offsetof(struct qund_event, sender_name), EVENT_NAME_MAX},
    {offsetof(struct qund_event, to), QUND_EVENT_ID_MAX},
    {offsetof(struct qund_event, account), QUND_EVENT_ID_MAX},
    {offsetof(struct qund_event, kind), EVENT_TYPE_MAX},
    {offsetof(struct qund_event, text), QUND_EVENT_TEXT_MAX},
    {offsetof(struct qund_event, reply_to), QUND_EVENT_ID_MAX},
    {offsetof(struct qund_event, ref), QUND_EVENT_ID_MAX},
    {offsetof(struct qund_event, mentions), EVENT_MENTIONS_MAX *(QUND_EVENT_ID_MAX + 1)},
    {offsetof(struct qund_event, media), EVENT_MEDIA_MAX},
    {offsetof(struct qund_event, data), QUND_EVENT_TEXT_MAX},
};
_Static_assert(QUND_ARRAY_LEN(STRINGS) <= 32, "the presence mask has 32 bits");

static char *put_varint(char *to, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *to++ = (char)(v | 0x80);
    *to++ = (char)v;
    return to;
}

static uint64_t zigzag(int64_t v)
{
    return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static int64_t unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1 ^ (~(v & 1) + 1));
}

static const struct qund_str *string_of(const struct qund_event *e, size_t i)
{
    return (const struct qund_str *)(const void *)((const char *)e + STRINGS[i].offset);
}

static bool left_out(const struct qund_event *e, const struct qund_str *s)
{
    if (s == &e->realm)
        return qund_str_eq(e->realm, e->channel);
    if (s == &e->type_name)
        return e->type != QUND_EV_OTHER;
    if (s == &e->kind)
        return e->type == QUND_EV_MESSAGE && qund_str_is(e->kind, "text");
    return false;
}

void qund_event_pack(const struct qund_event *e, struct qund_buf *out)
{
    size_t bytes = HEAD_MAX;
    uint32_t present = 0;
    char *to;

    for (size_t i = 0; i < QUND_ARRAY_LEN(STRINGS); i++) {
        const struct qund_str *s = string_of(e, i);

        if (!s->p || left_out(e, s))
            continue;
        present |= UINT32_C(1) << i;
        bytes += s->n + 5;
    }
    qund_buf_reserve(out, bytes);
    to = out->p + out->n;
    *to++ = (char)PACK_VERSION;
    *to++ = (char)e->type;
    *to++ = (char)((unsigned)e->role | (unsigned)e->origin << 3 | (unsigned)e->key << 5);
    to = put_varint(to, e->flags);
    to = put_varint(to, zigzag(e->key_ts));
    to = put_varint(to, zigzag(e->ts - e->key_ts));
    to = put_varint(to, zigzag(e->rx - e->key_ts));
    to = put_varint(to, present);
    for (size_t i = 0; i < QUND_ARRAY_LEN(STRINGS); i++) {
        const struct qund_str *s = string_of(e, i);

        if (!(present >> i & 1))
            continue;
        to = put_varint(to, s->n);
        memcpy(to, s->p, s->n);
        to += s->n;
    }
    *to = '\0'; /* as every buffer has it */
    out->n = (size_t)(to - out->p);
}

struct unpacking {
    const unsigned char *p, *end;
    bool bad;
};

static uint64_t get_varint(struct unpacking *u)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 64 && u->p < u->end; shift += 7) {
        unsigned char c = *u->p++;

        v |= (uint64_t)(c & 0x7f) << shift;
        if (!(c & 0x80))
            return v;
    }
    u->bad = true;
    return 0;
}

/* Instants of the calendar only, so that no sum of them can overflow. */
static int64_t get_time(struct unpacking *u, int64_t base)
{
    int64_t v = unzigzag(get_varint(u));

    if (v < -EVENT_TS_MAX || v > EVENT_TS_MAX || base + v < 0 || base + v > EVENT_TS_MAX) {
        u->bad = true;
        return 0;
    }
    return base + v;
}

static unsigned get_byte(struct unpacking *u, unsigned max)
{
    unsigned v = u->p < u->end ? *u->p++ : max + 1;

    u->bad |= v > max;
    return v;
}

static void get_head(struct unpacking *u, struct qund_event *e)
{
    unsigned marks;
    uint64_t flags;

    e->type = (enum qund_event_type)get_byte(u, QUND_EVENT_TYPES - 1);
    marks = get_byte(u, 0x3f);
    e->role = (enum qund_role)(marks & 7);
    e->origin = (enum qund_origin)(marks >> 3 & 3);
    e->key = (enum qund_event_key)(marks >> 5 & 1);
    u->bad |= e->role > QUND_ROLE_KOC || e->origin > QUND_ORIGIN_REPLAY;
    flags = get_varint(u);
    u->bad |= flags > UINT32_MAX;
    e->flags = (uint32_t)flags;
    e->key_ts = get_time(u, 0);
    e->ts = get_time(u, e->key_ts);
    e->rx = get_time(u, e->key_ts);
}

static void get_strings(struct unpacking *u, struct qund_event *e)
{
    uint64_t present = get_varint(u);

    u->bad |= present >> QUND_ARRAY_LEN(STRINGS) != 0;
    for (size_t i = 0; !u->bad && i < QUND_ARRAY_LEN(STRINGS); i++) {
        struct qund_str *s = (struct qund_str *)(void *)((char *)e + STRINGS[i].offset);
        uint64_t n;

        if (!(present >> i & 1))
            continue;
        n = get_varint(u);
        if (u->bad || n > STRINGS[i].max || n > (uint64_t)(u->end - u->p)) {
            u->bad = true;
            return;
        }
        *s = qund_str_n((const char *)u->p, (size_t)n);
        u->p += n;
        u->bad |= qund_utf8_check(*s) >= 0;
    }
}

int64_t qund_event_rx(struct qund_str packed)
{
    struct unpacking u = {(const unsigned char *)packed.p,
                          (const unsigned char *)packed.p + packed.n, false};
    struct qund_event e = {0};

    if (packed.n == 0 || *u.p++ != PACK_VERSION)
        return 0;
    get_head(&u, &e);
    return u.bad ? 0 : e.rx;
}

int qund_event_unpack(struct qund_str packed, struct qund_event *out)
{
    struct unpacking u = {(const unsigned char *)packed.p,
                          (const unsigned char *)packed.p + packed.n, false};

    memset(out, 0, sizeof(*out));
    if (packed.n == 0)
        return QUND_E_INVAL;
    if (*u.p++ != PACK_VERSION)
        return QUND_E_ABI;
    get_head(&u, out);
    get_strings(&u, out);
    if (u.bad || u.p != u.end || !out->channel.p || !out->id.p ||
        (out->type == QUND_EV_OTHER) != (out->type_name.p != NULL))
        return QUND_E_INVAL;
    if (!out->realm.p)
        out->realm = out->channel;
    if (out->type != QUND_EV_OTHER)
        out->type_name = qund_str(qund_event_type_name(out->type));
    if (out->type == QUND_EV_MESSAGE && !out->kind.p)
        out->kind = QUND_STR("text");
    return QUND_OK;
}
