/* str.c - borrowed strings: comparing, cutting, and the numbers people write in configuration.
 *
 * Durations and sizes are written with their unit, because "timeout: 30" has been read as seconds
 * and as milliseconds by different people for decades. Everything here takes the whole string or
 * refuses it: a value that is read half is worse than one that is refused. */
#include "core/str.h"

#define NEAREST_MAX 3u  /* edits */
#define NEAREST_LEN 64u /* longer words are not typing errors of a key */

int qund_str_cmp(struct qund_str a, struct qund_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int d = n ? memcmp(a.p, b.p, n) : 0;

    return d ? d : (a.n > b.n) - (a.n < b.n);
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct qund_str qund_str_no_bom(struct qund_str s)
{
    return qund_str_starts(s, "\xef\xbb\xbf") ? qund_str_n(s.p + 3, s.n - 3) : s;
}

struct qund_str qund_str_trim(struct qund_str s)
{
    while (s.n > 0 && blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

ptrdiff_t qund_str_find(struct qund_str s, size_t from, struct qund_str needle)
{
    const char *hit;

    if (from > s.n)
        return -1;
    if (needle.n == 0)
        return (ptrdiff_t)from;
    if (from == s.n)
        return -1;
    hit = memmem(s.p + from, s.n - from, needle.p, needle.n);
    return hit ? hit - s.p : -1;
}

struct qund_str qund_str_split(struct qund_str *s, char sep)
{
    const char *hit = s->n ? memchr(s->p, sep, s->n) : NULL;
    struct qund_str part = *s;

    if (!hit) {
        *s = QUND_STR_NONE;
        return part;
    }
    part.n = (size_t)(hit - s->p);
    s->n -= part.n + 1;
    s->p = hit + 1;
    return part;
}

/* Decimal digits from s.p[*at] on; INVAL when there is none or the value passes INT64_MAX. */
static int digits(struct qund_str s, size_t *at, int64_t *out)
{
    size_t i = *at;
    int64_t v = 0;

    while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9') {
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, s.p[i] - '0', &v))
            return QUND_E_INVAL;
        i++;
    }
    if (i == *at)
        return QUND_E_INVAL;
    *at = i;
    *out = v;
    return QUND_OK;
}

int qund_str_int(struct qund_str s, int64_t *out)
{
    bool minus = s.n > 0 && s.p[0] == '-';
    size_t at = minus;
    int64_t v;

    if (qund_str_is(s, "-9223372036854775808")) { /* has no positive twin */
        *out = INT64_MIN;
        return QUND_OK;
    }
    if (digits(s, &at, &v) < 0 || at != s.n)
        return QUND_E_INVAL;
    *out = minus ? -v : v;
    return QUND_OK;
}

int qund_str_index(struct qund_str s, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (qund_str_is(s, words[i]))
            return (int)i;
    return QUND_E_NOTFOUND;
}

struct unit {
    const char *name;
    int64_t factor;
};

/* The longest name first: "ms" before "m". */
static const struct unit DURATIONS[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
static const struct unit SIZES[] = {
    {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1 << 10}, {"MB", 1 << 20},
    {"GB", 1 << 30},  {"K", 1 << 10},   {"M", 1 << 20},   {"G", 1 << 30},  {"B", 1}};

static const struct unit *unit_at(const struct unit *units, size_t n, struct qund_str s)
{
    for (size_t i = 0; i < n; i++)
        if (qund_str_starts(s, units[i].name))
            return &units[i];
    return NULL;
}

int qund_str_duration(struct qund_str s, int64_t *out_ms)
{
    int64_t sum = 0, last = INT64_MAX, v;
    size_t at = 0;

    do {
        const struct unit *u;

        if (digits(s, &at, &v) < 0)
            return QUND_E_INVAL;
        u = unit_at(DURATIONS, QUND_ARRAY_LEN(DURATIONS), qund_str_n(s.p + at, s.n - at));
        /* "30m1h" and "1h1h" are slips, not durations. */
        if (!u || u->factor >= last || __builtin_mul_overflow(v, u->factor, &v) ||
            __builtin_add_overflow(sum, v, &sum))
            return QUND_E_INVAL;
        last = u->factor;
        at += strlen(u->name);
    } while (at < s.n);
    *out_ms = sum;
    return QUND_OK;
}

int qund_str_size(struct qund_str s, int64_t *out_bytes)
{
    const struct unit *u;
    int64_t v;
    size_t at = 0;

    if (digits(s, &at, &v) < 0)
        return QUND_E_INVAL;
    if (at < s.n) {
        u = unit_at(SIZES, QUND_ARRAY_LEN(SIZES), qund_str_n(s.p + at, s.n - at));
        if (!u || at + strlen(u->name) != s.n || __builtin_mul_overflow(v, u->factor, &v))
            return QUND_E_INVAL;
    }
    *out_bytes = v;
    return QUND_OK;
}

char *qund_str_dup(struct qund_str s)
{
    return qund_strndup(s.p, s.n);
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;

    return m < c ? m : c;
}

/* Edits (insert, delete, replace, swap of neighbours) that turn a into b. Three rows suffice. */
static unsigned edits(struct qund_str a, struct qund_str b)
{
    unsigned rows[3][NEAREST_LEN + 1];
    unsigned *before = rows[0], *prev = rows[1], *now = rows[2];

    for (unsigned j = 0; j <= b.n; j++)
        prev[j] = j;
    for (unsigned i = 1; i <= a.n; i++) {
        unsigned *t = before;

        now[0] = i;
        for (unsigned j = 1; j <= b.n; j++) {
            now[j] = min3(prev[j] + 1, now[j - 1] + 1, prev[j - 1] + (a.p[i - 1] != b.p[j - 1]));
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1] &&
                before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        before = prev;
        prev = now;
        now = t;
    }
    return prev[b.n];
}

const char *qund_str_nearest(struct qund_str s, const char *const *words, size_t n)
{
    const char *best = NULL;
    unsigned best_d = NEAREST_MAX + 1;

    if (s.n > NEAREST_LEN)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        struct qund_str w = qund_str(words[i]);
        unsigned d;

        if (w.n > NEAREST_LEN)
            continue;
        d = edits(s, w);
        if (d < best_d && 2u * d < (s.n > w.n ? s.n : w.n)) {
            best = words[i];
            best_d = d;
        }
    }
    return best;
}
