/* utf8.c - what is text and what is not.
 *
 * Bytes from outside become text once, by qund_utf8_check at the border; behind it every function
 * relies on validity, because a matcher in UTF-8 mode has no defined behaviour on anything else.
 * The check takes Unicode's table 3-7 literally: no overlong forms, no surrogates, nothing above
 * U+10FFFF, nothing cut short. ASCII runs are taken eight bytes at a time. */
#include "core/str.h"
#include <endian.h>

#define HIGH_BITS 0x8080808080808080u

static bool tail(unsigned char c)
{
    return (c & 0xC0u) == 0x80;
}

/* Length of the character at p (at most left bytes), 0 when it is invalid. */
static size_t char_len(const unsigned char *p, size_t left)
{
    unsigned c = p[0];

    if (c < 0x80)
        return 1;
    if (c < 0xC2 || left < 2 || !tail(p[1]))
        return 0;
    if (c < 0xE0)
        return 2;
    if (c < 0xF0) {
        if (left < 3 || !tail(p[2]) || (c == 0xE0 && p[1] < 0xA0) || (c == 0xED && p[1] > 0x9F))
            return 0;
        return 3;
    }
    if (c > 0xF4 || left < 4 || !tail(p[2]) || !tail(p[3]) || (c == 0xF0 && p[1] < 0x90) ||
        (c == 0xF4 && p[1] > 0x8F))
        return 0;
    return 4;
}

/* Two characters of three bytes each at p, which has eight bytes: by one masked comparison, and
 * both lead bytes within E4 to EB (bit 2 or bit 3 of each, not both), which is all Han. */
static bool two_han(const unsigned char *p)
{
    uint64_t w;

    memcpy(&w, p, sizeof(w));
    w = le64toh(w);
    return (w & 0xC0C0F0C0C0F0u) == 0x8080E08080E0u && ((w ^ w >> 1) & 0x4000004u) == 0x4000004u;
}

/* Bytes of the run of three-byte characters at p, which is what Han text with its punctuation is.
 * Each is told by one masked comparison; the two lead bytes with special cases (E0: overlong forms,
 * ED: surrogates) and the last bytes of the text are left to char_len. */
static size_t three_byte_run(const unsigned char *p, size_t left)
{
    size_t n = 0;

    while (left - n >= 4) {
        uint32_t w;

        if (left - n >= 8 && two_han(p + n)) {
            n += 6;
            continue;
        }
        w = (uint32_t)p[n] | (uint32_t)p[n + 1] << 8 | (uint32_t)p[n + 2] << 16;
        if ((w & 0xC0C0F0u) != 0x8080E0u || p[n] == 0xE0 || p[n] == 0xED)
            break;
        n += 3;
    }
    return n;
}

ptrdiff_t qund_utf8_check(struct qund_str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t at = 0;

    while (at < s.n) {
        uint64_t word;
        size_t len;

        if (p[at] < 0x80 && s.n - at >= sizeof(word)) {
            memcpy(&word, p + at, sizeof(word));
            if ((word & HIGH_BITS) == 0) {
                at += sizeof(word);
                continue;
            }
        }
        len = three_byte_run(p + at, s.n - at);
        if (len > 0) {
            at += len;
            continue;
        }
        len = char_len(p + at, s.n - at);
        if (len == 0)
            return (ptrdiff_t)at;
        at += len;
    }
    return -1;
}

uint32_t qund_utf8_next(struct qund_str s, size_t *at)
{
    const unsigned char *p = (const unsigned char *)s.p + *at;
    uint32_t c = p[0];

    if (c < 0x80) {
        *at += 1;
        return c;
    }
    if (c < 0xE0) {
        *at += 2;
        return (c & 0x1Fu) << 6 | (p[1] & 0x3Fu);
    }
    if (c < 0xF0) {
        *at += 3;
        return (c & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
    }
    *at += 4;
    return (c & 0x07u) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3Fu);
}

size_t qund_utf8_put(char out[4], uint32_t cp)
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xC0u | cp >> 6);
        out[1] = (char)(0x80u | (cp & 0x3Fu));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xE0u | cp >> 12);
        out[1] = (char)(0x80u | (cp >> 6 & 0x3Fu));
        out[2] = (char)(0x80u | (cp & 0x3Fu));
        return 3;
    }
    out[0] = (char)(0xF0u | cp >> 18);
    out[1] = (char)(0x80u | (cp >> 12 & 0x3Fu));
    out[2] = (char)(0x80u | (cp >> 6 & 0x3Fu));
    out[3] = (char)(0x80u | (cp & 0x3Fu));
    return 4;
}

size_t qund_utf8_count(struct qund_str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += !tail((unsigned char)s.p[i]);
    return n;
}

struct qund_str qund_utf8_cut(struct qund_str s, size_t max_bytes)
{
    if (s.n <= max_bytes)
        return s;
    /* Three steps back at most on valid text; bounded also on text that is not. */
    for (unsigned back = 0; max_bytes > 0 && back < 3 && tail((unsigned char)s.p[max_bytes]);
         back++)
        max_bytes--;
    s.n = max_bytes;
    return s;
}

struct qund_str qund_utf8_cut_chars(struct qund_str s, size_t max_chars)
{
    size_t seen = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (tail((unsigned char)s.p[i]))
            continue;
        if (seen++ == max_chars) {
            s.n = i;
            break;
        }
    }
    return s;
}

static bool breaks_a_line(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || (cp >= 0x2028 && cp <= 0x202E) ||
           (cp >= 0x2066 && cp <= 0x2069);
}

void qund_buf_line(struct qund_buf *out, struct qund_str s)
{
    for (size_t at = 0; at < s.n;) {
        size_t from = at;

        if (breaks_a_line(qund_utf8_next(s, &at)))
            qund_buf_char(out, ' ');
        else
            qund_buf_add(out, s.p + from, at - from);
    }
}
