/* card.c - a card's lines in a room that is too small for its text.
 *
 * A card stands for pushes that leave in no other form: what is cut off its end has been dropped,
 * and nobody knows. So every item keeps its line. Short lines stay whole, and what they leave over
 * is shared by the long ones. In a room so small that titles go, too, the numbers stay: whoever has
 * a number can ask for the rest or answer it. */
#include "card.h"
#include <stdlib.h>

#define CUT "…"

struct line {
    struct text text;
    size_t number; /* its beginning that is never cut: "\n#12" */
    size_t n;      /* as the room counts */
};

size_t room_length(struct room room, const char *p, size_t n)
{
    size_t chars = 0;

    if (!room.chars)
        return n;
    for (size_t i = 0; i < n; i++)
        chars += ((unsigned char)p[i] & 0xc0) != 0x80;
    return chars;
}

static const char *member(const json_t *o, const char *name)
{
    const char *z = json_string_value(json_object_get(o, name));

    return z ? z : "";
}

static void words(struct text *out, const char *z, struct room room)
{
    if (room.marked)
        text_plain(out, z, strlen(z));
    else
        text_puts(out, z);
}

static void make_line(const json_t *item, struct room room, struct line *l)
{
    text_puts(&l->text, "\n#");
    text_puts(&l->text, member(item, "short"));
    l->number = l->text.n;
    text_puts(&l->text, " ");
    words(&l->text, member(item, "title"), room);
    if (*member(item, "text")) {
        text_puts(&l->text, "｜");
        words(&l->text, member(item, "text"), room);
    }
    l->n = room_length(room, l->text.p ? l->text.p : "", l->text.n);
}

/* The most a line may have, so that all have room: short ones leave theirs to the others. */
static size_t share_of(const struct line *v, size_t n, size_t max)
{
    size_t share = 0, left = max, longer = n, before;

    do {
        before = longer;
        share = longer > 0 ? left / longer : 0;
        left = max;
        longer = 0;
        for (size_t i = 0; i < n; i++) {
            if (v[i].n <= share)
                left -= v[i].n;
            else
                longer++;
        }
    } while (longer > 0 && longer < before);
    return longer > 0 ? left / longer : max;
}

static void put_line(const struct line *l, size_t share, struct room room, struct text *out)
{
    size_t more = room.chars ? 1 : strlen(CUT), keep = l->text.n;

    if (l->n > share) {
        keep = share > more ? share - more : 0;
        keep = room.chars ? text_cut_chars(l->text.p, l->text.n, keep)
                          : text_cut(l->text.p, l->text.n, keep);
    }
    text_add(out, l->text.p, keep > l->number ? keep : l->number);
    if (keep > l->number && keep < l->text.n)
        text_puts(out, CUT);
}

bool card_lines(const json_t *items, size_t first, struct room room, struct text *out)
{
    size_t all = json_array_size(items), n = all > first ? all - first : 0, share;
    struct line *v = n > 0 ? calloc(n, sizeof(*v)) : NULL;

    for (size_t i = 0; v && i < n; i++) {
        make_line(json_array_get(items, first + i), room, &v[i]);
        out->bad |= v[i].text.bad;
    }
    share = v ? share_of(v, n, room.max) : 0;
    for (size_t i = 0; v && i < n; i++) {
        if (!out->bad)
            put_line(&v[i], share, room, out);
        text_done(&v[i].text);
    }
    out->bad |= n > 0 && !v;
    free(v);
    return n > 0;
}
