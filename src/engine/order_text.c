/* src/engine/order_text.c - "ok 123", "done T12", "snooze 123 30m", and the same in Chinese.
 *
 *   [@somebody] word number… [rest]
 *
 * A word and a number make an order; a word alone ("收到") is what people say all day. A number may
 * have a #, that of a task has a T; they stand together with blanks or commas, as a card names
 * several. Behind them: nothing (ok, no), a note and a figure after "=" (done), a reason (can't), a
 * person (handover), a time (snooze; a second number there, or behind handover, is part of the rest
 * unless it has a # or T). Anything else is
 * no order, and nothing happens: an order that is misread would be worse than one that has to be
 * typed again.
 *
 * Phones type full-width forms; they are read on a half-width, lower-case copy, with a map back, so
 * that a note is kept as it was typed. */
#include "engine/order_text.h"

#define ID_DIGITS 12u

static const struct word {
    const char *said;
    enum qund_order_kind kind;
} WORDS[] = {
    {"ok", QUND_ORDER_OK},         {"ack", QUND_ORDER_OK},      {"收到", QUND_ORDER_OK},
    {"我来", QUND_ORDER_OK},       {"done", QUND_ORDER_DONE},   {"已完成", QUND_ORDER_DONE},
    {"完成", QUND_ORDER_DONE},     {"搞定", QUND_ORDER_DONE},   {"snooze", QUND_ORDER_SNOOZE},
    {"later", QUND_ORDER_SNOOZE},  {"稍后", QUND_ORDER_SNOOZE}, {"no", QUND_ORDER_NO},
    {"无关", QUND_ORDER_NO},       {"不相关", QUND_ORDER_NO},   {"can't", QUND_ORDER_CANT},
    {"can’t", QUND_ORDER_CANT},    {"cannot", QUND_ORDER_CANT}, {"cant", QUND_ORDER_CANT},
    {"handover", QUND_ORDER_HAND}, {"hand", QUND_ORDER_HAND},   {"转交", QUND_ORDER_HAND},
    {"转给", QUND_ORDER_HAND},     {"做不了", QUND_ORDER_CANT}, {"办不了", QUND_ORDER_CANT},
    {"做不到", QUND_ORDER_CANT},
};

struct plain {
    char p[QUND_ORDER_BYTES + 1];
    uint16_t at[QUND_ORDER_BYTES + 1]; /* where each byte stood */
    size_t n;
};

/* WeChat ends a name behind an @ with U+2005; copied words bring blanks of no width. */
static bool is_blank(uint32_t cp)
{
    return cp == 0x3000 || cp == 0xa0 || cp == '\t' || cp == '\n' || cp == '\r' ||
           (cp >= 0x2000 && cp <= 0x200b) || cp == 0x202f || cp == 0x205f || cp == 0xfeff;
}

/* Half width, lower case, any blank a blank. Never longer than what it is made of. */
static void make_plain(struct qund_str text, struct plain *out)
{
    size_t at = 0;

    out->n = 0;
    while (at < text.n) {
        size_t from = at, n;
        uint32_t cp = qund_utf8_next(text, &at);
        char bytes[4];

        if (cp >= 0xff01 && cp <= 0xff5e)
            cp -= 0xfee0;
        if (is_blank(cp))
            cp = ' ';
        if (cp >= 'A' && cp <= 'Z')
            cp += 'a' - 'A';
        n = qund_utf8_put(bytes, cp);
        for (size_t i = 0; i < n; i++) {
            out->at[out->n] = (uint16_t)from;
            out->p[out->n++] = bytes[i];
        }
    }
    out->at[out->n] = (uint16_t)text.n;
    out->p[out->n] = '\0';
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Between numbers, and between the word and the first. */
static size_t skip_marks(const struct plain *t, size_t i)
{
    static const char *const MARKS[] = {" ", ",", ":", ";", "、", "。"};

    for (size_t k = 0; k < QUND_ARRAY_LEN(MARKS);) {
        size_t n = strlen(MARKS[k]);

        if (strncmp(t->p + i, MARKS[k], n) == 0) {
            i += n;
            k = 0;
        } else {
            k++;
        }
    }
    return i;
}

static size_t skip_blanks(const struct plain *t, size_t i)
{
    while (t->p[i] == ' ')
        i++;
    return i;
}

/* "@qund ok 12": a robot's chat puts the robot's name before what is said to it. */
static size_t skip_mention(const struct plain *t, size_t i)
{
    i = skip_blanks(t, i);
    while (t->p[i] == '@') {
        while (t->p[i] && t->p[i] != ' ')
            i++;
        i = skip_blanks(t, i);
    }
    return i;
}

static const struct word *find_word(const struct plain *t, size_t *i)
{
    for (size_t k = 0; k < QUND_ARRAY_LEN(WORDS); k++) {
        size_t n = strlen(WORDS[k].said);

        if (strncmp(t->p + *i, WORDS[k].said, n) == 0) {
            *i += n;
            return &WORDS[k];
        }
    }
    return NULL;
}

/* "#12", "t12", "#t12": said to be a number of ours. */
static bool marked_at(const struct plain *t, size_t i)
{
    return t->p[i] == '#' || (t->p[i] == 't' && digit(t->p[i + 1]));
}

/* A number that ends where a word would: behind it nothing, a mark, or # for the next. 0: none. */
static int64_t read_id(const struct plain *t, size_t *i)
{
    size_t from = *i + (t->p[*i] == '#'), end;
    bool task = t->p[from] == 't';
    int64_t id = 0;

    from += task;
    end = from;
    while (digit(t->p[end]))
        end++;
    if (end == from || end - from > ID_DIGITS ||
        (t->p[end] && t->p[end] != '#' && skip_marks(t, end) == end))
        return 0;
    qund_assert(qund_str_int(qund_str_n(t->p + from, end - from), &id) == 0);
    *i = end;
    return task ? -id : id;
}

static void add_id(struct qund_order *o, int64_t id)
{
    for (size_t k = 0; k < o->n; k++)
        if (o->ids[k] == id)
            return;
    o->ids[o->n++] = id;
}

/* False: none, a nought, or more than a card names. */
static bool read_ids(const struct plain *t, size_t *i, struct qund_order *o)
{
    for (;;) {
        size_t next = skip_marks(t, *i);
        bool marked = marked_at(t, next);
        int64_t id;

        if (!marked && !digit(t->p[next]))
            break;
        if (o->n > 0 && !marked && (o->kind == QUND_ORDER_SNOOZE || o->kind == QUND_ORDER_HAND))
            break; /* a time; somebody's number */
        id = read_id(t, &next);
        if (id == 0 || o->n == QUND_ORDER_IDS)
            return id == 0 && o->n > 0 && !marked; /* "done 12 3栋已修好": the note begins */
        add_id(o, id);
        *i = next;
    }
    return o->n > 0;
}

/* "=12.5 note": the figure first. */
static void read_rest(const struct plain *t, size_t i, struct qund_str text, struct qund_order *o)
{
    size_t end = t->n;

    i = skip_marks(t, i);
    if (o->kind == QUND_ORDER_SNOOZE) {
        memcpy(o->when, t->p + i, t->n - i + 1);
        return;
    }
    if (t->p[i] == '=' && o->kind == QUND_ORDER_DONE) {
        size_t n = 0;

        i = skip_blanks(t, i + 1);
        while (t->p[i] && t->p[i] != ' ')
            o->number[n++] = t->p[i++];
        o->number[n] = '\0';
        i = skip_blanks(t, i);
    }
    while (end > i && t->p[end - 1] == ' ')
        end--;
    if (i < end)
        o->note = qund_str_n(text.p + t->at[i], (size_t)(t->at[end] - t->at[i]));
}

int qund_order_read(struct qund_str text, struct qund_order *out)
{
    const struct word *w;
    struct plain t;
    size_t i;

    memset(out, 0, sizeof(*out));
    if (text.n > QUND_ORDER_BYTES)
        return QUND_E_NOTFOUND;
    make_plain(text, &t);
    i = skip_mention(&t, 0);
    w = find_word(&t, &i);
    if (!w)
        return QUND_E_NOTFOUND;
    out->kind = w->kind;
    out->english = (unsigned char)w->said[0] < 0x80;
    if (out->english && skip_marks(&t, i) == i && t.p[i] != '#')
        return QUND_E_NOTFOUND; /* "ok1", "nobody" */
    if (!read_ids(&t, &i, out))
        return QUND_E_NOTFOUND;
    if (out->kind == QUND_ORDER_DONE || out->kind == QUND_ORDER_SNOOZE ||
        out->kind == QUND_ORDER_CANT || out->kind == QUND_ORDER_HAND) {
        read_rest(&t, i, text, out);
        return 0;
    }
    return t.p[skip_marks(&t, i)] ? QUND_E_NOTFOUND : 0;
}
