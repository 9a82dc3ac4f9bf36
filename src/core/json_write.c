/* json_write.c - JSON out.
 *
 * Commas come from one bit a level, so a caller cannot forget one. Text is valid UTF-8 by the time
 * it gets here; should it not be (a log value, a file name), the bad bytes become U+FFFD: a
 * document that no reader accepts is worse than a replaced byte. */
#include "core/json.h"
#include "core/zone.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define ONES UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

struct qund_jw qund_jw(struct qund_buf *b)
{
    return (struct qund_jw){.b = b, .first = 1};
}

/* Before each value: a comma unless it is the first of its level or follows its key. */
static void comma(struct qund_jw *w)
{
    uint64_t bit = UINT64_C(1) << w->depth;

    if (w->first & bit)
        w->first &= ~bit;
    else
        qund_buf_char(w->b, ',');
}

static void open_level(struct qund_jw *w, char c)
{
    comma(w);
    qund_buf_char(w->b, c);
    qund_assert(w->depth < 63);
    w->depth++;
    w->first |= UINT64_C(1) << w->depth;
}

static void close_level(struct qund_jw *w, char c)
{
    qund_assert(w->depth > 0);
    w->first &= ~(UINT64_C(1) << w->depth);
    w->depth--;
    qund_buf_char(w->b, c);
}

void qund_jw_obj(struct qund_jw *w)
{
    open_level(w, '{');
}

void qund_jw_end_obj(struct qund_jw *w)
{
    close_level(w, '}');
}

void qund_jw_arr(struct qund_jw *w)
{
    open_level(w, '[');
}

void qund_jw_end_arr(struct qund_jw *w)
{
    close_level(w, ']');
}

static void escape(struct qund_buf *b, unsigned char c)
{
    static const char SHORT[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: byte, letter */

    for (size_t i = 0; i + 1 < sizeof(SHORT); i += 2)
        if ((unsigned char)SHORT[i] == c) {
            qund_buf_char(b, '\\');
            qund_buf_char(b, SHORT[i + 1]);
            return;
        }
    qund_buf_printf(b, "\\u%04x", (unsigned)c);
}

/* Bytes of s from `at` on that stand for themselves. Eight at a time: the top bit of a byte is set
 * where it is a quote, a backslash, a control byte or DEL. A borrow sets it wrongly only above a
 * right one, and whether any is set is all that is asked for. */
static size_t plain(struct qund_str s, size_t at)
{
    size_t i = at;

    for (; s.n - i >= 8; i += 8) {
        uint64_t w, quote, slash, del;

        memcpy(&w, s.p + i, sizeof(w));
        quote = w ^ (ONES * '"');
        slash = w ^ (ONES * '\\');
        del = w ^ (ONES * 0x7F);
        if ((((quote - ONES) & ~quote) | ((slash - ONES) & ~slash) | ((del - ONES) & ~del) |
             ((w - ONES * 0x20) & ~w)) &
            HIGHS)
            break;
    }
    while (i < s.n && (unsigned char)s.p[i] >= 0x20 && s.p[i] != '"' && s.p[i] != '\\' &&
           s.p[i] != 0x7F)
        i++;
    return i - at;
}

/* s is valid UTF-8. */
static void quoted_part(struct qund_buf *b, struct qund_str s)
{
    for (size_t at = 0; at < s.n; at++) {
        size_t n = plain(s, at);

        qund_buf_add(b, s.p + at, n);
        at += n;
        if (at < s.n)
            escape(b, (unsigned char)s.p[at]);
    }
}

static void quoted(struct qund_buf *b, struct qund_str s)
{
    ptrdiff_t bad;

    qund_buf_reserve(b, s.n + 2);
    qund_buf_char(b, '"');
    while ((bad = qund_utf8_check(s)) >= 0) {
        quoted_part(b, qund_str_n(s.p, (size_t)bad));
        qund_buf_puts(b, "\xef\xbf\xbd");
        s.p += bad + 1;
        s.n -= (size_t)bad + 1;
    }
    if (s.n > 0)
        quoted_part(b, s);
    qund_buf_char(b, '"');
}

void qund_jw_key(struct qund_jw *w, const char *key)
{
    comma(w);
    quoted(w->b, qund_str(key));
    qund_buf_char(w->b, ':');
    w->first |= UINT64_C(1) << w->depth; /* its value needs no comma */
}

void qund_jw_printf(struct qund_jw *w, const char *fmt, ...)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    va_list ap;

    va_start(ap, fmt);
    qund_buf_vprintf(&text, fmt, ap);
    va_end(ap);
    qund_jw_str(w, qund_buf_view(&text));
}

void qund_jw_str(struct qund_jw *w, struct qund_str s)
{
    if (!s.p) {
        qund_jw_null(w);
        return;
    }
    comma(w);
    quoted(w->b, s);
}

void qund_jw_int(struct qund_jw *w, int64_t v)
{
    comma(w);
    qund_buf_int(w->b, v);
}

void qund_jw_num(struct qund_jw *w, double v)
{
    char text[32];

    if (!isfinite(v)) { /* JSON has no word for it */
        qund_jw_null(w);
        return;
    }
    comma(w);
    /* The shortest form that reads back as the same number. */
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, v);
        if (digits == 17 || strtod(text, NULL) == v)
            break;
    }
    qund_buf_puts(w->b, text);
}

void qund_jw_bool(struct qund_jw *w, bool v)
{
    comma(w);
    qund_buf_puts(w->b, v ? "true" : "false");
}

void qund_jw_null(struct qund_jw *w)
{
    comma(w);
    qund_buf_puts(w->b, "null");
}

void qund_jw_raw(struct qund_jw *w, struct qund_str json)
{
    comma(w);
    qund_buf_str(w->b, json);
}

void qund_jw_kstr(struct qund_jw *w, const char *key, struct qund_str s)
{
    qund_jw_key(w, key);
    qund_jw_str(w, s);
}

void qund_jw_kline(struct qund_jw *w, const char *key, struct qund_str s)
{
    QUND_AUTO(qund_buf_done) struct qund_buf line = {0};

    qund_buf_line(&line, s);
    qund_jw_kstr(w, key, s.n > 0 ? qund_buf_view(&line) : s);
}

void qund_jw_kz(struct qund_jw *w, const char *key, const char *z)
{
    qund_jw_kstr(w, key, qund_str(z));
}

void qund_jw_kint(struct qund_jw *w, const char *key, int64_t v)
{
    qund_jw_key(w, key);
    qund_jw_int(w, v);
}

void qund_jw_kbool(struct qund_jw *w, const char *key, bool v)
{
    qund_jw_key(w, key);
    qund_jw_bool(w, v);
}

void qund_jw_kts(struct qund_jw *w, const char *key, int64_t utc_ms)
{
    char ts[25];

    qund_iso_print(utc_ms, ts);
    qund_jw_kz(w, key, ts);
}
