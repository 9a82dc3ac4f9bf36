/* src/text/fold.c - the folded view of a text.
 * People write one word in many ways: traditional and simplified, full and half width, capitals,
 * circled digits, and, if they have something to hide, with invisible characters in between. Rules
 * are matched against one form only; the original is never altered, and a map leads back from each
 * byte of the folded form to the character of the original it came from, so that what is shown to
 * people is always what was written.
 *
 * A library that normalises takes ten times as long as matching a thousand rules, so this is one
 * table look-up and one four-byte store a character (fold_table.c says what is in the table). The
 * map is written by one 16-byte store, whatever the length. Both stores may run past the bytes that
 * count, into room that is always there, and are overwritten by the next.
 *
 * Characters that join with or sort among their neighbours are rare in chats. When one comes, the
 * output is taken back to the base it attaches to, and base and followers go through the library
 * together (fold_segment); the map then leads to the base for all of them. */
#include "text/fold_table.h"

#include <endian.h>

#define SLACK 16u                      /* stores run at most this far past the end */
#define KEEP_ENTRIES ((size_t)1 << 18) /* maps larger than this are not kept for small texts */

typedef uint32_t map4 __attribute__((vector_size(16), aligned(4)));

/* Where the folded text goes. There is always room for twice the input still to come (two bytes of
 * input give at most three of output in the table's short form) and the slack. */
struct sink {
    struct qund_folded *t;
    char *p;
    uint32_t *map;
    size_t n;
};

static void map_reserve(uint32_t **map, size_t *cap, size_t need)
{
    if (*cap < need) {
        *cap = need + need / 4;
        *map = qund_realloc(*map, *cap * sizeof(**map));
    }
}

static void sink_room(struct sink *s, size_t more)
{
    s->t->text.n = s->n;
    qund_buf_reserve(&s->t->text, more + SLACK);
    map_reserve(&s->t->map, &s->t->map_cap, s->n + more + SLACK);
    s->p = s->t->text.p;
    s->map = s->t->map;
}

static void sink_add(struct sink *s, const char *p, size_t n, size_t from, size_t still)
{
    sink_room(s, n + 2 * still);
    memcpy(s->p + s->n, p, n);
    for (size_t k = 0; k < n; k++)
        s->map[s->n + k] = (uint32_t)from;
    s->n += n;
}

/* Valid UTF-8 only; the caller has seen that a character starts at p. Chinese first. */
static inline uint32_t decode(const unsigned char *p, size_t *len)
{
    if (QUND_LIKELY((p[0] & 0xF0) == 0xE0)) {
        *len = 3;
        return (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
    }
    if (p[0] < 0x80) {
        *len = 1;
        return p[0];
    }
    if (p[0] < 0xE0) {
        *len = 2;
        return (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu);
    }
    *len = 4;
    return (p[0] & 0x07u) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3Fu);
}

/* Folds the character at `base` together with all that attaches to it; returns where the next
 * character starts. The sink stands where the base's own output began. */
static size_t add_segment(const struct qund_fold *f, struct qund_str in, size_t base,
                          struct sink *s)
{
    uint32_t cp[FOLD_SEGMENT_MAX], starters = 0, marks = 0;
    char out[FOLD_SEGMENT_BYTES];
    size_t n = 0, at = base, len;

    for (; at < in.n; at += len) {
        uint32_t c = decode((const unsigned char *)in.p + at, &len);
        unsigned kind = FOLD_KIND(fold_cell(f, c));
        bool mark = kind == FOLD_HARD && fold_is_mark(c);

        if (kind == 0)
            continue;
        if (n > 0 && !mark && (kind != FOLD_HARD || starters == FOLD_STARTERS))
            break;
        if (!mark || n == 0)
            starters++;
        marks = mark ? marks + 1 : 0;
        if (marks <= FOLD_MARKS)
            cp[n++] = c;
    }
    sink_add(s, out, fold_segment(f, cp, n, out), base, in.n - at);
    return at;
}

/* The characters that a cell has no room for. `floor`: output before it is final. Returns where the
 * next character starts. */
static size_t add_rare(const struct qund_fold *f, struct qund_str in, size_t at, uint32_t cell,
                       struct sink *s, size_t *floor)
{
    const uint8_t *pooled = f->pool + FOLD_ARG(cell);
    size_t base = at, len;

    if (FOLD_KIND(cell) != FOLD_HARD) {
        decode((const unsigned char *)in.p + at, &len);
        sink_add(s, (const char *)pooled + 1, pooled[0], at, in.n - at - len);
        return at + len;
    }
    /* What the last output came from is the base, and all of its output is taken back. */
    if (s->n > *floor)
        base = s->map[s->n - 1];
    while (s->n > *floor && s->map[s->n - 1] == base)
        s->n--;
    at = add_segment(f, in, base, s);
    *floor = s->n; /* a segment that was cut short is not looked at again */
    return at;
}

static void fold_into(const struct qund_fold *f, struct qund_str in, struct sink *s)
{
    const unsigned char *p = (const unsigned char *)in.p;
    const uint32_t *cells = f->cell;
    size_t at = 0, n = 0, floor = 0, len;

    sink_room(s, 2 * in.n);
    while (at < in.n) {
        uint32_t cp = decode(p + at, &len), from = (uint32_t)at;
        uint32_t cell = QUND_LIKELY(cp < 0x10000) ? cells[cp] : fold_cell(f, cp),
                 bytes = htole32(cell);

        if (QUND_UNLIKELY(FOLD_KIND(cell) > 3)) {
            if (FOLD_KIND(cell) != FOLD_COPY) {
                s->n = n;
                at = add_rare(f, in, at, cell, s, &floor);
                n = s->n;
                continue;
            }
            memcpy(&bytes, p + at, sizeof(bytes)); /* FOLD_COPY is its length, too */
        }
        memcpy(s->p + n, &bytes, sizeof(bytes));
        *(map4 *)(void *)(s->map + n) = (map4){from, from, from, from};
        n += FOLD_KIND(cell);
        at += len;
    }
    s->n = n;
}

int qund_fold_text(const struct qund_fold *f, struct qund_str original, struct qund_folded *out)
{
    bool fits = original.n <= QUND_FOLD_MAX_BYTES;
    struct sink s = {.t = out};

    if (out->map_cap > KEEP_ENTRIES && original.n < KEEP_ENTRIES / 8)
        qund_folded_done(out);
    out->has_squeezed = false;
    out->original_n = original.n;
    fold_into(f, fits ? original : QUND_STR_NONE, &s);
    out->text.n = s.n;
    out->text.p[s.n] = '\0';
    out->map[s.n] = (uint32_t)original.n;
    return fits ? QUND_OK : QUND_E_FULL;
}

bool qund_fold_keeps(const struct qund_fold *f, uint32_t cp)
{
    return cp < FOLD_TABLE_END && (f->keep[cp >> 3] >> (cp & 7) & 1);
}

void qund_fold_squeeze(const struct qund_fold *f, struct qund_folded *t)
{
    struct qund_str in = qund_buf_view(&t->text);
    size_t n = 0, len;

    if (t->has_squeezed)
        return;
    t->squeezed.n = 0;
    qund_buf_reserve(&t->squeezed, in.n + SLACK);
    map_reserve(&t->squeezed_map, &t->squeezed_map_cap, in.n + SLACK);
    for (size_t at = 0; at < in.n; at += len) {
        uint32_t cp = decode((const unsigned char *)in.p + at, &len);

        /* Written in any case, counted only when it is kept: chats mix the two too well for a
         * branch. Text and map have slack to be read from and written to. */
        memcpy(t->squeezed.p + n, in.p + at, 4);
        memcpy(t->squeezed_map + n, t->map + at, 4 * sizeof(*t->map));
        n += qund_fold_keeps(f, cp) ? len : 0;
    }
    t->squeezed.n = n;
    t->squeezed.p[n] = '\0';
    t->squeezed_map[n] = (uint32_t)t->original_n;
    t->has_squeezed = true;
}

void qund_fold_str(const struct qund_fold *f, struct qund_str original, struct qund_buf *out)
{
    QUND_AUTO(qund_folded_done) struct qund_folded t = {0};

    if (qund_fold_text(f, original, &t) == QUND_OK)
        qund_buf_str(out, qund_buf_view(&t.text));
}

void qund_fold_str_squeezed(const struct qund_fold *f, struct qund_str original,
                            struct qund_buf *out)
{
    QUND_AUTO(qund_folded_done) struct qund_folded t = {0};

    if (qund_fold_text(f, original, &t) != QUND_OK)
        return;
    qund_fold_squeeze(f, &t);
    qund_buf_str(out, qund_buf_view(&t.squeezed));
}

struct qund_str qund_folded_origin(const struct qund_folded *t, struct qund_str original,
                                   size_t from, size_t to)
{
    qund_assert(from <= to && to <= t->text.n && original.n == t->original_n);
    if (from == to)
        return qund_str_n(original.p + t->map[from], 0);
    while (to < t->text.n && t->map[to] == t->map[to - 1])
        to++;
    return qund_str_n(original.p + t->map[from], t->map[to] - t->map[from]);
}

void qund_folded_done(struct qund_folded *t)
{
    qund_buf_done(&t->text);
    qund_buf_done(&t->squeezed);
    qund_free(t->map);
    qund_free(t->squeezed_map);
    *t = (struct qund_folded){0};
}
