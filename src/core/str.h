/* src/core/str.h - borrowed strings, owned buffers, UTF-8. */
#ifndef QUND_CORE_STR_H
#define QUND_CORE_STR_H
#include "core/base.h"
#include "core/mem.h"
#include "qund/str.h" /* the borrowed string itself */
#include <stdarg.h>
#include <string.h>

/* A copy in the arena, NUL-terminated; NONE stays NONE. */
static inline struct qund_str qund_arena_str(struct qund_arena *a, struct qund_str s)
{
    return s.p ? (struct qund_str){qund_arena_dup(a, s.p, s.n), s.n} : s;
}
/* Its place among the words, as an enum's table of names wants to know; or NOTFOUND. */
int qund_str_index(struct qund_str s, const char *const *words, size_t n);
int qund_str_cmp(struct qund_str a, struct qund_str b); /* memcmp order, then length */
struct qund_str qund_str_no_bom(struct qund_str s);     /* spreadsheets and editors write one */
struct qund_str qund_str_trim(struct qund_str s);       /* ASCII blanks at both ends */
/* Byte offset of the first `needle` at or after `from`, or -1. */
ptrdiff_t qund_str_find(struct qund_str s, size_t from, struct qund_str needle);
/* Splits at the first `sep`: returns the part before it and leaves the rest in *s (NONE at the
 * end). Call until s->p == NULL. */
struct qund_str qund_str_split(struct qund_str *s, char sep);
/* Decimal, whole string, no blanks. INVAL on anything else or overflow. */
QUND_CHECK int qund_str_int(struct qund_str s, int64_t *out);
/* "250ms", "10s", "5m", "2h", "7d", or combinations "1h30m" → milliseconds. INVAL otherwise. */
QUND_CHECK int qund_str_duration(struct qund_str s, int64_t *out_ms);
/* "64KiB", "16MB", "1GiB", plain bytes. K/M/G are powers of 1024 with or without the i. */
QUND_CHECK int qund_str_size(struct qund_str s, int64_t *out_bytes);
/* A figure as people type it (12.5, １２.５, 1,200, 12.5万) as a plain decimal. INVAL. */
#define QUND_FIGURE_CHARS 18
QUND_CHECK int qund_str_figure(struct qund_str typed, char out[QUND_FIGURE_CHARS + 1]);
/* Owned NUL-terminated copy. */
char *qund_str_dup(struct qund_str s);
/* The word of `words` nearest to s by edit distance, NULL when none is within 3 (and below half
 * the length): "unknown key 'lissten'; nearest known: 'listen'". */
const char *qund_str_nearest(struct qund_str s, const char *const *words, size_t n);

/* Owned, growing bytes. {0} is a valid empty buffer; p is NUL-terminated whenever n > 0. */
struct qund_buf {
    char *p;
    size_t n, cap;
};
void qund_buf_done(struct qund_buf *b);
static inline void
qund_buf_done_p(struct qund_buf *b) /* QUND_AUTO(qund_buf_done) struct qund_buf b = {0}; */
{
    qund_buf_done(b);
}
void qund_buf_reserve(struct qund_buf *b, size_t more);
void qund_buf_add(struct qund_buf *b, const void *p, size_t n);
void qund_buf_str(struct qund_buf *b, struct qund_str s);
void qund_buf_puts(struct qund_buf *b, const char *z);
void qund_buf_char(struct qund_buf *b, char c);
void qund_buf_printf(struct qund_buf *b, const char *fmt, ...) QUND_PRINTF(2, 3);
void qund_buf_vprintf(struct qund_buf *b, const char *fmt, va_list ap) QUND_PRINTF(2, 0);
void qund_buf_int(struct qund_buf *b, int64_t v);
static inline void qund_buf_clear(struct qund_buf *b)
{
    b->n = 0;
}
static inline struct qund_str qund_buf_view(const struct qund_buf *b)
{
    return (struct qund_str){b->p ? b->p : "", b->n};
}
char *
qund_buf_take(struct qund_buf *b); /* NUL-terminated, the caller's; the buffer is empty after */

/* Numbers in files and streams: n bytes, the lowest first. */
static inline void qund_le_put(char *p, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (char)(unsigned char)(v >> (8 * i));
}
static inline uint64_t qund_le_get(const char *p, size_t n)
{
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)(unsigned char)p[i] << (8 * i);
    return v;
}

/* --- UTF-8. Bytes become text once, in event/; behind that line everyone relies on validity. ---
 */
/* Offset of the first invalid byte (overlong, surrogate, > U+10FFFF, truncated), or -1. */
ptrdiff_t qund_utf8_check(struct qund_str s);
/* Decodes one code point of valid text at s.p[*at], advances *at. */
uint32_t qund_utf8_next(struct qund_str s, size_t *at);
/* Writes 1-4 bytes, returns how many. */
size_t qund_utf8_put(char out[4], uint32_t cp);
size_t qund_utf8_count(struct qund_str s); /* code points */
/* The longest prefix of at most max_bytes that does not split a character. */
struct qund_str qund_utf8_cut(struct qund_str s, size_t max_bytes);
/* The prefix of at most max_chars code points. */
struct qund_str qund_utf8_cut_chars(struct qund_str s, size_t max_chars);
/* Appends valid text as one line for people: what ends a line, moves a cursor or turns the
 * direction of writing (controls, U+2028, U+2029, bidi embeddings, overrides and isolates) becomes
 * a blank. For what strangers wrote, so that they write no line of ours. */
void qund_buf_line(struct qund_buf *out, struct qund_str s);
#endif
