/* text.h - bytes that grow, for shipped plugins; compiled into each that uses it.
 *
 * Memory that cannot be had marks a text as broken (bad); whoever finishes with it looks once. */
#ifndef QUND_PLUGINS_TEXT_H
#define QUND_PLUGINS_TEXT_H
#include "qund/str.h"
#include <stdbool.h>
#include <stddef.h>

struct text {
    char *p; /* NUL-terminated once anything was added */
    size_t n, cap;
    bool bad; /* memory ran out, or it would be longer than 4 MiB */
};
void text_done(struct text *t);
void text_add(struct text *t, const char *p, size_t n);
void text_puts(struct text *t, const char *z);
void text_printf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct qund_str text_view(const struct text *t);
#define TEXT_AUTO __attribute__((cleanup(text_done))) struct text
/* The longest beginning of at most `max` bytes (or characters) that does not end within one. */
size_t text_cut(const char *p, size_t n, size_t max);
size_t text_cut_chars(const char *p, size_t n, size_t max);
void text_percent(struct text *out, const char *p, size_t n); /* RFC 3986, all but unreserved */
void text_hex(struct text *out, const unsigned char *p, size_t n);
void text_base64(struct text *out, const unsigned char *p, size_t n);
#define TEXT_AT "＠" /* calls nobody */
/* What people wrote, for a place that reads markup: signs that mean something become their
 * full-width twins, and an @ calls nobody. */
void text_plain(struct text *out, const char *p, size_t n);
#endif
