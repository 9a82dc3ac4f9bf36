/* plugins/onebot/base.c - memory and text. A frame makes a dozen small strings; they come from one
 * block that the next frame uses again, so a busy bridge costs no allocation per string. */
#include "base.h"
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_BYTES ((size_t)8192)
#define ID_MAX 120u

struct ob_block {
    struct ob_block *below;
    size_t cap;
    max_align_t room[];
};

static void *must(void *p)
{
    if (!p) {
        fputs("onebot: no memory left\n", stderr);
        abort();
    }
    return p;
}

void *ob_alloc(size_t n)
{
    return must(calloc(1, n > 0 ? n : 1));
}

void *ob_realloc(void *p, size_t n)
{
    return must(realloc(p, n > 0 ? n : 1));
}

char *ob_dup(struct qund_str s)
{
    char *z = ob_alloc(s.n + 1);

    if (s.n > 0)
        memcpy(z, s.p, s.n);
    return z;
}

/* --- a text that grows --- */

static void reserve(struct ob_text *t, size_t more)
{
    size_t want = t->n + more + 1;

    if (want <= t->cap)
        return;
    t->cap = want < 2 * t->cap ? 2 * t->cap : (want < 128 ? 128 : want);
    t->p = ob_realloc(t->p, t->cap);
}

void ob_text_add(struct ob_text *t, struct qund_str s)
{
    if (s.n == 0)
        return;
    reserve(t, s.n);
    memcpy(t->p + t->n, s.p, s.n);
    t->n += s.n;
    t->p[t->n] = '\0';
}

void ob_text_printf(struct ob_text *t, const char *fmt, ...)
{
    va_list ap, again;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n > 0) {
        reserve(t, (size_t)n);
        vsnprintf(t->p + t->n, (size_t)n + 1, fmt, again);
        t->n += (size_t)n;
    }
    va_end(again);
}

void ob_text_done(struct ob_text *t)
{
    free(t->p);
    *t = (struct ob_text){0};
}

/* --- a pool --- */

void *ob_pool_take(struct ob_pool *p, size_t n)
{
    size_t rounded = (n + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
    void *got;

    if (!p->top || p->top->cap - p->used < rounded) {
        size_t cap = rounded > BLOCK_BYTES ? rounded : BLOCK_BYTES;
        struct ob_block *b = must(malloc(sizeof(*b) + cap));

        *b = (struct ob_block){.below = p->top, .cap = cap};
        p->top = b;
        p->used = 0;
    }
    got = (char *)p->top->room + p->used;
    p->used += rounded;
    return got;
}

struct qund_str ob_pool_str(struct ob_pool *p, struct qund_str s)
{
    char *z = ob_pool_take(p, s.n + 1);

    if (s.n > 0)
        memcpy(z, s.p, s.n);
    z[s.n] = '\0';
    return qund_str_n(z, s.n);
}

struct qund_str ob_pool_printf(struct ob_pool *p, const char *fmt, ...)
{
    va_list ap, again;
    char *z = NULL;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n >= 0) {
        z = ob_pool_take(p, (size_t)n + 1);
        vsnprintf(z, (size_t)n + 1, fmt, again);
    }
    va_end(again);
    return qund_str_n(z, n > 0 ? (size_t)n : 0);
}

void ob_pool_clear(struct ob_pool *p)
{
    while (p->top && (p->top->below || p->top->cap > BLOCK_BYTES)) {
        struct ob_block *b = p->top;

        p->top = b->below;
        free(b);
    }
    p->used = 0;
}

void ob_pool_done(struct ob_pool *p)
{
    ob_pool_clear(p);
    free(p->top);
    *p = (struct ob_pool){0};
}

/* --- text --- */

struct qund_str ob_cut(struct qund_str s, size_t max)
{
    if (s.n <= max)
        return s;
    while (max > 0 && ((unsigned char)s.p[max] & 0xc0) == 0x80)
        max--;
    s.n = max;
    return s;
}

struct qund_str ob_cut_chars(struct qund_str s, size_t max)
{
    size_t chars = 0;

    for (size_t i = 0; i < s.n; i++)
        if (((unsigned char)s.p[i] & 0xc0) != 0x80 && chars++ == max)
            return qund_str_n(s.p, i);
    return s;
}

bool ob_number(struct qund_str s, int64_t *out)
{
    bool minus = s.n > 1 && s.p[0] == '-';
    int64_t v = 0;

    if (s.n == 0 || s.n > 20)
        return false;
    for (size_t i = minus; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9' || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_sub_overflow(v, s.p[i] - '0', &v)) /* downwards: it reaches one further */
            return false;
    if (!minus && v == INT64_MIN)
        return false;
    *out = minus ? v : -v;
    return true;
}

bool ob_sound_id(struct qund_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    return s.n > 0 && s.n <= ID_MAX;
}

bool ob_same_word(struct qund_str a, const char *b)
{
    size_t n = strlen(b);

    if (a.n != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((a.p[i] | 0x20) != (b[i] | 0x20))
            return false;
    return true;
}

uint64_t ob_hash(struct qund_str s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
    return h;
}
