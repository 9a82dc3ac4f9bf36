/* figure.c - a figure as people type it on a phone: 12.5, １２.５, 1,200, 12.5万.
 *
 * What comes out is what JSON and strtod take: sign, digits, a point and digits. Commas must part
 * thousands, since "3,5" means 3.5 to some; 千 and 万 move the point. */
#include "core/str.h"
#include <string.h>

struct figure {
    char whole[QUND_FIGURE_CHARS + 5], part[QUND_FIGURE_CHARS + 1];
    size_t n_whole, n_part;
};

/* The next character in half width, 0 at the end. */
static uint32_t peek(struct qund_str s, size_t at, size_t *next)
{
    uint32_t cp;

    *next = at;
    if (at >= s.n)
        return 0;
    cp = qund_utf8_next(s, next);
    return cp >= 0xff01 && cp <= 0xff5e ? cp - 0xfee0 : cp == 0x3000 ? ' ' : cp;
}

/* Digits up to what is none; commas between thousands where they are allowed. */
static int take_digits(struct qund_str s, size_t *at, bool commas, char *v, size_t *n)
{
    size_t run = 0, next;
    bool parted = false;
    uint32_t cp;

    for (; (cp = peek(s, *at, &next)) != 0; *at = next) {
        if (cp == ',' && commas) {
            if (run == 0 || run > 3 || (parted && run != 3))
                return QUND_E_INVAL;
            parted = true;
            run = 0;
        } else if (cp >= '0' && cp <= '9' && *n < QUND_FIGURE_CHARS) {
            v[(*n)++] = (char)cp;
            run++;
        } else {
            break;
        }
    }
    return *n == 0 || (parted && run != 3) ? QUND_E_INVAL : 0;
}

static void move_point(struct figure *f, size_t places)
{
    for (size_t i = 0; i < places; i++) {
        f->whole[f->n_whole++] = f->n_part > 0 ? f->part[0] : '0';
        if (f->n_part > 0)
            memmove(f->part, f->part + 1, --f->n_part);
    }
    while (places > 0 && f->n_whole > 1 && f->whole[0] == '0')
        memmove(f->whole, f->whole + 1, --f->n_whole);
}

int qund_str_figure(struct qund_str typed, char out[QUND_FIGURE_CHARS + 1])
{
    struct figure f = {0};
    size_t at = 0, next, n = 0;
    uint32_t cp = peek(typed, 0, &next);
    bool minus = cp == '-';

    if (minus)
        at = next;
    if (take_digits(typed, &at, true, f.whole, &f.n_whole) < 0 ||
        (f.n_whole > 1 && f.whole[0] == '0'))
        return QUND_E_INVAL;
    if (peek(typed, at, &next) == '.') {
        at = next;
        if (take_digits(typed, &at, false, f.part, &f.n_part) < 0)
            return QUND_E_INVAL;
    }
    cp = peek(typed, at, &next);
    if (cp == 0x5343 || cp == 0x4e07) { /* 千, 万 */
        move_point(&f, cp == 0x5343 ? 3 : 4);
        at = next;
    }
    if (at != typed.n || minus + f.n_whole + (f.n_part > 0) + f.n_part > QUND_FIGURE_CHARS)
        return QUND_E_INVAL;
    if (minus)
        out[n++] = '-';
    memcpy(out + n, f.whole, f.n_whole);
    n += f.n_whole;
    if (f.n_part > 0) {
        out[n++] = '.';
        memcpy(out + n, f.part, f.n_part);
        n += f.n_part;
    }
    out[n] = '\0';
    return 0;
}
