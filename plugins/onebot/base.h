/* plugins/onebot/base.h - memory and text of this plugin: a pool for what lives as long as one
 * frame, a text that grows, cutting at characters. Sizes come from frames whose length was checked;
 * when the machine has no memory left, the process ends. */
#ifndef ONEBOT_BASE_H
#define ONEBOT_BASE_H
#include "qund/str.h"
#include <stdarg.h>

#define OB_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define OB_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

void *ob_alloc(size_t n); /* zeroed */
void *ob_realloc(void *p, size_t n);
char *ob_dup(struct qund_str s);

/* A text that grows; zeroed is empty. */
struct ob_text {
    char *p; /* NUL-terminated when there is one */
    size_t n, cap;
};
void ob_text_add(struct ob_text *t, struct qund_str s);
void ob_text_printf(struct ob_text *t, const char *fmt, ...) OB_PRINTF(2, 3);
void ob_text_done(struct ob_text *t);
static inline struct qund_str ob_text_view(const struct ob_text *t)
{
    return (struct qund_str){t->p ? t->p : "", t->n};
}

/* What is taken from it lives until it is done, all at once; zeroed is empty. */
struct ob_pool {
    struct ob_block *top;
    size_t used;
};
void *ob_pool_take(struct ob_pool *p, size_t n);
struct qund_str ob_pool_str(struct ob_pool *p, struct qund_str s); /* a copy */
struct qund_str ob_pool_printf(struct ob_pool *p, const char *fmt, ...) OB_PRINTF(2, 3);
void ob_pool_clear(struct ob_pool *p); /* keeps one block for the next frame */
void ob_pool_done(struct ob_pool *p);

/* At most max bytes of s, no character cut in two. s is UTF-8. */
struct qund_str ob_cut(struct qund_str s, size_t max);
/* At most max characters of s. */
struct qund_str ob_cut_chars(struct qund_str s, size_t max);
/* The whole of s as a decimal number. */
bool ob_number(struct qund_str s, int64_t *out);
uint64_t ob_hash(struct qund_str s);
/* Fit to be an id: 1 to 120 bytes, none of them a control byte. */
bool ob_sound_id(struct qund_str s);
/* ASCII case ignored. */
bool ob_same_word(struct qund_str a, const char *b);
#endif
