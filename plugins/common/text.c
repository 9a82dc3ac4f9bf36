/* text.c - bytes that grow, and the few things a message needs done to its text. */
#include "text.h"
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX (4u << 20)

void text_done(struct text *t)
{
    free(t->p);
    *t = (struct text){0};
}

void text_add(struct text *t, const char *p, size_t n)
{
    if (t->bad || n > TEXT_MAX - t->n) {
        t->bad = true;
        return;
    }
    if (t->n + n + 1 > t->cap) {
        size_t cap = 2 * (t->n + n) + 64;
        char *more = realloc(t->p, cap);

        if (!more) {
            t->bad = true;
            return;
        }
        t->p = more;
        t->cap = cap;
    }
    if (n > 0)
        memcpy(t->p + t->n, p, n);
    t->n += n;
    t->p[t->n] = '\0';
}

void text_puts(struct text *t, const char *z)
{
    text_add(t, z, strlen(z));
}

void text_printf(struct text *t, const char *fmt, ...)
{
    char line[512];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof(line))
        t->bad = true; /* for numbers and short names alone */
    else
        text_add(t, line, (size_t)n);
}

struct qund_str text_view(const struct text *t)
{
    return qund_str_n(t->p ? t->p : "", t->n);
}

static bool inside(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80; /* not the first byte of a character */
}

size_t text_cut(const char *p, size_t n, size_t max)
{
    if (n <= max)
        return n;
    while (max > 0 && inside(p[max]))
        max--;
    return max;
}

size_t text_cut_chars(const char *p, size_t n, size_t max)
{
    size_t i = 0;

    while (i < n && max > 0) {
        i++;
        while (i < n && inside(p[i]))
            i++;
        max--;
    }
    return i;
}

void text_percent(struct text *out, const char *p, size_t n)
{
    static const char DIGITS[] = "0123456789ABCDEF";

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        char code[3] = {'%', DIGITS[c >> 4], DIGITS[c & 15]};
        bool as_it_is = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';

        text_add(out, as_it_is ? p + i : code, as_it_is ? 1 : 3);
    }
}

void text_hex(struct text *out, const unsigned char *p, size_t n)
{
    static const char DIGITS[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++)
        text_add(out, (const char[]){DIGITS[p[i] >> 4], DIGITS[p[i] & 15]}, 2);
}

void text_base64(struct text *out, const unsigned char *p, size_t n)
{
    unsigned char piece[65]; /* of 48 bytes, and the NUL that libcrypto adds */

    for (size_t at = 0; at < n; at += 48) {
        int got = EVP_EncodeBlock(piece, p + at, n - at < 48 ? (int)(n - at) : 48);

        text_add(out, (const char *)piece, (size_t)got);
    }
}

void text_plain(struct text *out, const char *p, size_t n)
{
    static const struct {
        char sign;
        const char *twin;
    } SIGNS[] = {{'<', "＜"}, {'[', "［"}, {']', "］"}, {'*', "＊"},
                 {'`', "｀"}, {'>', "＞"}, {'#', "＃"}, {'@', TEXT_AT}};
    bool first = true;

    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        char next = i + 1 < n ? p[i + 1] : '\0';
        /* A quote begins a line, a heading too, and has a blank behind it: "#12" is none. */
        bool harmless =
            (p[i] == '>' && !first) || (p[i] == '#' && (!first || (next != ' ' && next != '#')));

        while (k < sizeof(SIGNS) / sizeof(SIGNS[0]) && SIGNS[k].sign != p[i])
            k++;
        if (!harmless && k < sizeof(SIGNS) / sizeof(SIGNS[0]))
            text_puts(out, SIGNS[k].twin);
        else
            text_add(out, p + i, 1);
        first = p[i] == '\n' || (first && p[i] == ' ');
    }
}
