/* src/queue/entry.c - entry ids and entry bodies.
 *
 * An id is Redis' own: milliseconds and a sequence number, ever growing within a stream. A body is
 * one kind byte and what the kind says; numbers are little-endian. A state entry looks so:
 *
 *     'S' rev:i64 rx:i64 key_n:u8 key value_n:u32 value [packed event]
 *
 * The bytes come back from Redis, which another program may have written to: split trusts nothing.
 */
#include "queue/queue.h"
#include <inttypes.h>
#include <stdio.h>

enum { KIND_EVENT = 'E', KIND_STATE = 'S', STATE_HEAD = 1 + 8 + 8 + 1, KEY_MAX = 255 };

int qund_entry_id_cmp(struct qund_entry_id a, struct qund_entry_id b)
{
    if (a.ms != b.ms)
        return a.ms < b.ms ? -1 : 1;
    return a.seq == b.seq ? 0 : a.seq < b.seq ? -1 : 1;
}

/* Called for every acknowledged entry: no printf. */
static char *put_u64(char *p, uint64_t v)
{
    char digits[20];
    size_t n = 0;

    do {
        digits[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    while (n > 0)
        *p++ = digits[--n];
    return p;
}

void qund_entry_id_print(struct qund_entry_id id, char out[QUND_ENTRY_ID_CHARS])
{
    char *p = put_u64(out, id.ms);

    *p++ = '-';
    *put_u64(p, id.seq) = '\0';
}

static bool take_u64(struct qund_str *s, uint64_t *out)
{
    uint64_t v = 0;
    size_t i = 0;

    for (; i < s->n && s->p[i] >= '0' && s->p[i] <= '9'; i++)
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(s->p[i] - '0'), &v))
            return false;
    if (i == 0)
        return false;
    s->p += i;
    s->n -= i;
    *out = v;
    return true;
}

int qund_entry_id_parse(struct qund_str s, struct qund_entry_id *out)
{
    struct qund_entry_id id = {0, 0};

    if (!take_u64(&s, &id.ms))
        return QUND_E_INVAL;
    if (s.n > 0 && s.p[0] == '-') {
        s.p++;
        s.n--;
        if (!take_u64(&s, &id.seq))
            return QUND_E_INVAL;
    }
    if (s.n > 0)
        return QUND_E_INVAL;
    *out = id;
    return QUND_OK;
}

static void put_le(struct qund_buf *b, uint64_t v, size_t bytes)
{
    char raw[8];

    qund_le_put(raw, v, bytes);
    qund_buf_add(b, raw, bytes);
}

void qund_entry_put(struct qund_buf *out, struct qund_str packed,
                    const struct qund_entry_state *state)
{
    qund_assert(packed.n > 0 || state);
    qund_buf_reserve(out, STATE_HEAD + 4 + packed.n + (state ? state->key.n + state->value.n : 0));
    if (!state) {
        qund_buf_char(out, KIND_EVENT);
    } else {
        qund_assert(state->key.n <= KEY_MAX && state->value.n <= UINT32_MAX);
        qund_buf_char(out, KIND_STATE);
        put_le(out, (uint64_t)state->rev, 8);
        put_le(out, (uint64_t)state->rx, 8);
        put_le(out, state->key.n, 1);
        qund_buf_str(out, state->key);
        put_le(out, state->value.n, 4);
        qund_buf_str(out, state->value);
    }
    qund_buf_str(out, packed);
}

static int split_state(struct qund_str b, struct qund_entry_parts *out)
{
    size_t key_n, value_n;

    if (b.n < STATE_HEAD)
        return QUND_E_INVAL;
    out->has_state = true;
    out->state.rev = (int64_t)qund_le_get(b.p + 1, 8);
    out->state.rx = (int64_t)qund_le_get(b.p + 9, 8);
    key_n = (size_t)qund_le_get(b.p + 17, 1);
    b = qund_str_n(b.p + STATE_HEAD, b.n - STATE_HEAD);
    if (key_n == 0 || b.n < key_n + 4)
        return QUND_E_INVAL;
    out->state.key = qund_str_n(b.p, key_n);
    value_n = (size_t)qund_le_get(b.p + key_n, 4);
    b = qund_str_n(b.p + key_n + 4, b.n - key_n - 4);
    if (b.n < value_n)
        return QUND_E_INVAL;
    out->state.value = qund_str_n(b.p, value_n);
    if (b.n > value_n)
        out->event = qund_str_n(b.p + value_n, b.n - value_n);
    return QUND_OK;
}

int qund_entry_split(struct qund_str body, struct qund_entry_parts *out)
{
    *out = (struct qund_entry_parts){.event = QUND_STR_NONE};
    if (body.n < 2)
        return QUND_E_INVAL;
    switch (body.p[0]) {
    case KIND_EVENT:
        out->event = qund_str_n(body.p + 1, body.n - 1);
        return QUND_OK;
    case KIND_STATE:
        return split_state(body, out);
    default:
        return QUND_E_ABI;
    }
}
