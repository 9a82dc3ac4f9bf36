/* halves.c - half a character out of JavaScript.
 *
 * A string there is made of 16-bit units, so cutting it may split an emoji; JSON.stringify then
 * writes the half as \ud83d, which is no text in any encoding, and a parser is right to refuse it.
 * The sender cannot help it, and the rest of his frame is sound. */
#include "halves.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The code unit of an escape \uXXXX at p; -1: none. */
static int unit_at(const char *p, const char *end)
{
    int v = 0;

    if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        int c = p[i] | 0x20;

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return -1;
        v = v * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return v;
}

static bool is_first_half(int unit)
{
    return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_second_half(int unit)
{
    return unit >= 0xdc00 && unit < 0xe000;
}

char *halves_mended(struct qund_str text)
{
    const char *end = text.p + text.n;
    char *copy = malloc(text.n + 1);
    bool changed = false;

    if (!copy)
        return NULL;
    memcpy(copy, text.p, text.n);
    for (const char *p = text.p; p < end; p++) {
        int unit = unit_at(p, end);

        if (*p != '\\')
            continue;
        if (is_first_half(unit) && is_second_half(unit_at(p + 6, end))) {
            p += 11;
        } else if (is_first_half(unit) || is_second_half(unit)) {
            memcpy(copy + (p - text.p), "\\ufffd", 6);
            changed = true;
            p += 5;
        } else {
            p++; /* whatever is escaped, also a backslash */
        }
    }
    if (changed)
        return copy;
    free(copy);
    return NULL;
}
