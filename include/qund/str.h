/* qund/str.h - borrowed text, by value. What crosses the line between daemon and plugin is made of
 * it: bytes and their number, not NUL-terminated, owned by whoever handed it over and valid as long
 * as that one says (nearly always: until the call returns). */
#ifndef QUND_STR_H
#define QUND_STR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* An absent value has p == NULL. */
struct qund_str {
    const char *p;
    size_t n;
};
#define QUND_STR(literal) ((struct qund_str){"" literal, sizeof(literal) - 1})
#define QUND_STR_NONE ((struct qund_str){NULL, 0})
#define QUND_STR_ARG(s) (int)(s).n, ((s).p ? (s).p : "") /* for "%.*s" */

static inline struct qund_str qund_str(const char *z)
{
    return (struct qund_str){z, z ? strlen(z) : 0};
}
static inline struct qund_str qund_str_n(const char *p, size_t n)
{
    return (struct qund_str){p, n};
}
static inline bool qund_str_eq(struct qund_str a, struct qund_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool qund_str_is(struct qund_str a, const char *z)
{
    return qund_str_eq(a, qund_str(z));
}
static inline bool qund_str_starts(struct qund_str s, const char *prefix)
{
    size_t n = strlen(prefix);

    return s.n >= n && memcmp(s.p, prefix, n) == 0;
}
/* A name and its value, as in HTTP. */
struct qund_header {
    struct qund_str name, value;
};
/* For tokens and signatures: takes as long for a wrong first byte as for a wrong last one. */
static inline bool qund_str_same_secret(struct qund_str a, struct qund_str b)
{
    volatile unsigned char differs = 0;

    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        differs = (unsigned char)(differs | ((unsigned char)a.p[i] ^ (unsigned char)b.p[i]));
    return differs == 0;
}
#endif
