/* tzposix.c - the last line of a zone file: "EST5EDT,M3.2.0,M11.1.0".
 *
 * The transitions of a zone file end somewhere; from there on this rule holds for ever. The grammar
 * is POSIX's TZ with RFC 8536's wider hours (-167 … 167) and names in angle brackets. Offsets are
 * written west of UTC, against every other custom, and are turned round here once. */
#include "core/zone_internal.h"

static bool is(struct qund_str s, char c)
{
    return s.n > 0 && s.p[0] == c;
}

static void skip(struct qund_str *s, size_t n)
{
    s->p += n;
    s->n -= n;
}

static int name(struct qund_str *s)
{
    size_t i = 0;

    if (is(*s, '<')) {
        while (i < s->n && s->p[i] != '>')
            i++;
        if (i < 4 || i >= s->n) /* at least three characters within */
            return QUND_E_INVAL;
        skip(s, i + 1);
        return QUND_OK;
    }
    while (i < s->n && ((s->p[i] >= 'A' && s->p[i] <= 'Z') || (s->p[i] >= 'a' && s->p[i] <= 'z')))
        i++;
    if (i < 3)
        return QUND_E_INVAL;
    skip(s, i);
    return QUND_OK;
}

static int number(struct qund_str *s, int least, int most, int *out)
{
    int v = 0;
    size_t i = 0;

    while (i < s->n && i < 4 && s->p[i] >= '0' && s->p[i] <= '9')
        v = v * 10 + (s->p[i++] - '0');
    if (i == 0 || v < least || v > most)
        return QUND_E_INVAL;
    skip(s, i);
    *out = v;
    return QUND_OK;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static int clock_time(struct qund_str *s, int max_hours, int *out)
{
    bool minus = is(*s, '-');
    int part[3] = {0, 0, 0};

    if (minus || is(*s, '+'))
        skip(s, 1);
    for (int i = 0; i < 3; i++) {
        if (i > 0 && !is(*s, ':'))
            break;
        if (i > 0)
            skip(s, 1);
        if (number(s, 0, i == 0 ? max_hours : 59, &part[i]) < 0)
            return QUND_E_INVAL;
    }
    *out = (part[0] * 3600 + part[1] * 60 + part[2]) * (minus ? -1 : 1);
    return QUND_OK;
}

static int rule_day(struct qund_str *s, struct zone_rule *r)
{
    if (is(*s, 'M')) {
        r->kind = 'M';
        skip(s, 1);
        if (number(s, 1, 12, &r->month) < 0 || !is(*s, '.'))
            return QUND_E_INVAL;
        skip(s, 1);
        if (number(s, 1, 5, &r->week) < 0 || !is(*s, '.'))
            return QUND_E_INVAL;
        skip(s, 1);
        return number(s, 0, 6, &r->day);
    }
    if (is(*s, 'J')) {
        r->kind = 'J';
        skip(s, 1);
        return number(s, 1, 365, &r->day);
    }
    r->kind = 0;
    return number(s, 0, 365, &r->day);
}

static int rule(struct qund_str *s, struct zone_rule *r)
{
    if (!is(*s, ','))
        return QUND_E_INVAL;
    skip(s, 1);
    r->at_s = 7200;
    if (rule_day(s, r) < 0)
        return QUND_E_INVAL;
    if (!is(*s, '/'))
        return QUND_OK;
    skip(s, 1);
    return clock_time(s, 167, &r->at_s);
}

int qund_zone_footer(struct qund_str s, struct zone_footer *out)
{
    struct zone_footer f = {.present = true};
    int west;

    if (name(&s) < 0 || clock_time(&s, 24, &west) < 0)
        return QUND_E_INVAL;
    f.std_s = -west;
    if (s.n > 0) {
        f.has_dst = true;
        f.dst_s = f.std_s + 3600;
        if (name(&s) < 0)
            return QUND_E_INVAL;
        if (s.n > 0 && !is(s, ',')) {
            if (clock_time(&s, 24, &west) < 0)
                return QUND_E_INVAL;
            f.dst_s = -west;
        }
        if (rule(&s, &f.to_dst) < 0 || rule(&s, &f.to_std) < 0 || s.n > 0)
            return QUND_E_INVAL;
    }
    *out = f;
    return QUND_OK;
}
