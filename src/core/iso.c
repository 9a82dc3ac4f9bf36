/* iso.c - ISO 8601, as it crosses our borders.
 *
 * In: a date, a time, and an offset, all of them; a time without an offset has no meaning in a log
 * that is read elsewhere, so it is refused, not guessed. Out: always UTC with Z, or a zone's local
 * time with its offset. The calendar is proleptic Gregorian; days are counted by Hinnant's
 * algorithm, which needs no tables and no loops. */
#include "core/zone.h"

#define MAX_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

int64_t qund_days_from_civil(int y, int m, int d)
{
    int64_t year = m <= 2 ? (int64_t)y - 1 : y;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t yoe = year - era * 400;                                /* 0..399 */
    int64_t doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1; /* from 1 March */
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

    return era * 146097 + doe - 719468;
}

void qund_civil_from_days(int64_t days, int *y, int *m, int *d)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153; /* 0 March … 11 February */

    *d = (int)(doy - (153 * mp + 2) / 5 + 1);
    *m = (int)(mp < 10 ? mp + 3 : mp - 9);
    *y = (int)(yoe + era * 400 + (*m <= 2));
}

/* Exactly n digits at *at; -1 when there are fewer. */
static int fixed(struct qund_str s, size_t *at, unsigned n)
{
    int v = 0;

    if (s.n - *at < n)
        return -1;
    for (unsigned i = 0; i < n; i++) {
        char c = s.p[*at + i];

        if (c < '0' || c > '9')
            return -1;
        v = v * 10 + (c - '0');
    }
    *at += n;
    return v;
}

static bool literal(struct qund_str s, size_t *at, char c)
{
    if (*at >= s.n || s.p[*at] != c)
        return false;
    ++*at;
    return true;
}

/* ".1" … ".123456789" → milliseconds, cut; none → 0. */
static int fraction_ms(struct qund_str s, size_t *at)
{
    int ms = 0, scale = 100;
    unsigned n = 0;

    if (!literal(s, at, '.'))
        return 0;
    while (*at < s.n && s.p[*at] >= '0' && s.p[*at] <= '9') {
        ms += scale * (s.p[*at] - '0');
        scale /= 10;
        ++*at;
        n++;
    }
    return n >= 1 && n <= 9 ? ms : -1;
}

/* "Z", "+08:00", "+0800" → seconds east; the rest of s. */
static int offset_s(struct qund_str s, size_t *at, int *out)
{
    bool east;
    int h, m;

    if (literal(s, at, 'Z')) {
        *out = 0;
        return QUND_OK;
    }
    east = literal(s, at, '+');
    if (!east && !literal(s, at, '-'))
        return QUND_E_INVAL;
    h = fixed(s, at, 2);
    literal(s, at, ':');
    m = fixed(s, at, 2);
    if (h < 0 || h > 23 || m < 0 || m > 59)
        return QUND_E_INVAL;
    *out = (h * 3600 + m * 60) * (east ? 1 : -1);
    return QUND_OK;
}

static int days_in_month(int y, int m)
{
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return DAYS[m - 1] + (m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0));
}

int qund_iso_parse(struct qund_str s, int64_t *out_ms)
{
    size_t at = 0;
    int y, mo, d, h, mi, sec, ms, off;
    int64_t t;

    y = fixed(s, &at, 4);
    if (y < 0 || !literal(s, &at, '-') || (mo = fixed(s, &at, 2)) < 1 || mo > 12 ||
        !literal(s, &at, '-') || (d = fixed(s, &at, 2)) < 1 || d > days_in_month(y, mo))
        return QUND_E_INVAL;
    if (!literal(s, &at, 'T') || (h = fixed(s, &at, 2)) < 0 || h > 23 || !literal(s, &at, ':') ||
        (mi = fixed(s, &at, 2)) < 0 || mi > 59 || !literal(s, &at, ':') ||
        (sec = fixed(s, &at, 2)) < 0 || sec > 59)
        return QUND_E_INVAL;
    ms = fraction_ms(s, &at);
    if (ms < 0 || offset_s(s, &at, &off) < 0 || at != s.n)
        return QUND_E_INVAL;
    t = qund_days_from_civil(y, mo, d) * QUND_DAY_MS +
        ((int64_t)(h * 60 + mi) * 60 + sec - off) * 1000 + ms;
    if (t < 0 || t > MAX_MS)
        return QUND_E_INVAL;
    *out_ms = t;
    return QUND_OK;
}

/* Two digits, or n of them, without snprintf: a line of log or JSON prints several times. */
static char *put(char *p, int v, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        p[i] = (char)('0' + v % 10);
        v /= 10;
    }
    return p + digits;
}

/* "2025-09-15T00:32:44" of ms since the epoch, taken as if it were UTC. */
static char *put_date_time(char *p, int64_t ms)
{
    int64_t days = ms / QUND_DAY_MS;
    int of_day = (int)(ms % QUND_DAY_MS / 1000), y, m, d;

    qund_civil_from_days(days, &y, &m, &d);
    p = put(p, y, 4);
    *p++ = '-';
    p = put(p, m, 2);
    *p++ = '-';
    p = put(p, d, 2);
    *p++ = 'T';
    p = put(p, of_day / 3600, 2);
    *p++ = ':';
    p = put(p, of_day / 60 % 60, 2);
    *p++ = ':';
    return put(p, of_day % 60, 2);
}

static int64_t printable(int64_t ms)
{
    return ms < 0 ? 0 : ms > MAX_MS ? MAX_MS : ms;
}

void qund_iso_print(int64_t utc_ms, char out[25])
{
    char *p;

    utc_ms = printable(utc_ms);
    p = put_date_time(out, utc_ms);
    *p++ = '.';
    p = put(p, (int)(utc_ms % 1000), 3);
    *p++ = 'Z';
    *p = '\0';
}

void qund_iso_print_zone(const struct qund_zone *z, int64_t utc_ms, char out[26])
{
    struct qund_civil c;
    int off;
    char *p;

    utc_ms = printable(utc_ms);
    qund_zone_civil(z, utc_ms, &c);
    p = put_date_time(out, printable(utc_ms + (int64_t)c.offset_s * 1000));
    off = c.offset_s / 60;
    *p++ = off < 0 ? '-' : '+';
    off = off < 0 ? -off : off;
    p = put(p, off / 60, 2);
    *p++ = ':';
    p = put(p, off % 60, 2);
    *p = '\0';
}
