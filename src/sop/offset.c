/* offset.c - when, before there is a clock.
 *
 * A template says "two weeks before, at ten" and not an instant: it runs in many groups, in other
 * zones, on other dates. There are four bases: T, the event's start; D, a day counted from D0; +,
 * the instant of the trigger; and on:, something that happens. With a clock time an offset counts
 * whole local days and then sets the clock ("T-14d 10:00"), so that daylight saving moves nothing;
 * without one it is exact time from the base's instant ("T-2h"). "T-36h 10:00" would be both and is
 * refused.
 *
 * There is one way to print an offset. The canonical text of a template is made of it, and a plan
 * pins the digest of that text: "T +90m" and "T+1h30m" must not be two templates. */
#include "sop/template.h"

#define DAYS_MAX 400 /* farther away it is a slip of the finger */

static const struct {
    const char *name, *event;
} HAPPENS[] = {
    {"member_joined", "member.join"}, {"member_left", "member.leave"},
    {"contact_added", "contact.add"}, {"order_paid", "order.paid"},
    {"delivered", "order.delivered"}, {"form_submitted", "form.submit"},
    {"code_scanned", "code.scan"},    {"visited", "visit"},
    {"checked_in", "checkin"},        {"redeemed", "redeem"},
};

const char *qund_sop_on_event(struct qund_str on)
{
    for (size_t i = 0; i < QUND_ARRAY_LEN(HAPPENS); i++)
        if (qund_str_is(on, HAPPENS[i].name))
            return HAPPENS[i].event;
    return NULL;
}

static int refuse(struct qund_err *err, struct qund_str s, const char *why)
{
    return qund_err_set(err, QUND_E_INVAL, "", "'%.*s' is no offset: %s",
                        QUND_STR_ARG(qund_utf8_cut(s, 60)), why);
}

static int parse_on(struct qund_str s, struct qund_sop_offset *out, struct qund_err *err)
{
    const char *names[QUND_ARRAY_LEN(HAPPENS)], *near;
    struct qund_str name = qund_str_trim(qund_str_n(s.p + 3, s.n - 3));

    for (size_t i = 0; i < QUND_ARRAY_LEN(HAPPENS); i++) {
        names[i] = HAPPENS[i].name;
        if (!qund_str_is(name, names[i]))
            continue;
        *out = (struct qund_sop_offset){
            .base = QUND_SOP_AT_ON, .clock_min = -1, .on = qund_str(names[i])};
        return QUND_OK;
    }
    near = qund_str_nearest(name, names, QUND_ARRAY_LEN(names));
    return qund_err_set(err, QUND_E_INVAL, "", "nothing is known to happen as '%.*s'%s%s%s",
                        QUND_STR_ARG(qund_utf8_cut(name, 60)), near ? "; nearest known: '" : "",
                        near ? near : "", near ? "'" : "");
}

/* "10:00" at the end, after a blank or alone: taken off *s. 1: there was one; INVAL: no time. */
static int take_clock(struct qund_str *s, int *minute)
{
    struct qund_str c = *s, h;
    int64_t hh, mm;

    for (size_t i = s->n; i > 0; i--)
        if (s->p[i - 1] == ' ') {
            c = qund_str_n(s->p + i, s->n - i);
            break;
        }
    if (c.n == 0 || !memchr(c.p, ':', c.n))
        return 0;
    s->n -= c.n;
    h = qund_str_split(&c, ':');
    if (h.n != 2 || c.n != 2 || h.p[0] == '-' || c.p[0] == '-' || qund_str_int(h, &hh) < 0 ||
        qund_str_int(c, &mm) < 0 || hh > 23 || mm > 59)
        return QUND_E_INVAL;
    *s = qund_str_trim(*s);
    *minute = (int)(hh * 60 + mm);
    return 1;
}

/* "-14d", "+ 2h", "": into whole days when there is a clock time. */
static int parse_shift(struct qund_str whole, struct qund_str s, struct qund_sop_offset *o,
                       struct qund_err *err)
{
    bool minus = s.n > 0 && s.p[0] == '-';
    int64_t ms;

    if (s.n == 0)
        return QUND_OK;
    if (s.p[0] != '-' && s.p[0] != '+')
        return refuse(err, whole, "after T comes -14d, +2h or a time of day");
    s = qund_str_trim(qund_str_n(s.p + 1, s.n - 1));
    if (qund_str_duration(s, &ms) < 0)
        return refuse(err, whole, "how far is written as 14d, 2h, 30m or 1d12h");
    if (ms > DAYS_MAX * QUND_DAY_MS)
        return refuse(err, whole, "it lies more than 400 days away");
    if (o->clock_min >= 0 && ms % QUND_DAY_MS != 0)
        return refuse(err, whole, "with a time of day only whole days can be counted");
    ms = minus ? -ms : ms;
    if (o->clock_min >= 0)
        o->days = (int)(ms / QUND_DAY_MS);
    else
        o->ms = ms;
    return QUND_OK;
}

static int parse_day(struct qund_str whole, struct qund_str s, struct qund_sop_offset *o,
                     struct qund_err *err)
{
    int64_t days;

    if (s.n == 0 || s.p[0] == '-' || qund_str_int(s, &days) < 0)
        return refuse(err, whole, "a day is D and a number, as in D3 20:00");
    if (days > DAYS_MAX)
        return refuse(err, whole, "it lies more than 400 days away");
    if (o->clock_min < 0)
        return refuse(err, whole,
                      "a day needs its time, as in D3 20:00; +10m counts from the start");
    o->days = (int)days;
    return QUND_OK;
}

int qund_sop_offset_parse(struct qund_str text, struct qund_sop_offset *out, struct qund_err *err)
{
    struct qund_sop_offset o = {.clock_min = -1};
    struct qund_str s = qund_str_trim(text), rest;
    int rc;

    if (qund_str_starts(s, "on:"))
        return parse_on(s, out, err);
    if (take_clock(&s, &o.clock_min) < 0)
        return refuse(err, text, "the time of day has four digits, 00:00 to 23:59, as in 09:00");
    if (s.n == 0)
        return refuse(err, text, "it begins with T, D, + or on:");
    rest = qund_str_trim(qund_str_n(s.p + 1, s.n - 1));
    switch (s.p[0]) {
    case 'T':
        o.base = QUND_SOP_AT_EVENT;
        rc = parse_shift(text, rest, &o, err);
        break;
    case '+':
        o.base = QUND_SOP_AT_START;
        rc = parse_shift(text, s, &o, err);
        break;
    case 'D':
        o.base = QUND_SOP_AT_DAY;
        rc = parse_day(text, rest, &o, err);
        break;
    default:
        rc = refuse(err, text, "it begins with T, D, + or on:");
    }
    if (rc == QUND_OK)
        *out = o;
    return rc;
}

void qund_sop_duration_print(int64_t ms, struct qund_buf *out)
{
    static const struct {
        int64_t ms;
        const char *name;
    } UNITS[] = {{QUND_DAY_MS, "d"}, {QUND_HOUR_MS, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};

    if (ms == 0)
        qund_buf_puts(out, "0s");
    for (size_t i = 0; i < QUND_ARRAY_LEN(UNITS); i++) {
        if (ms / UNITS[i].ms > 0) {
            qund_buf_int(out, ms / UNITS[i].ms);
            qund_buf_puts(out, UNITS[i].name);
        }
        ms %= UNITS[i].ms;
    }
}

static void print_shift(int64_t ms, struct qund_buf *out)
{
    qund_buf_char(out, ms < 0 ? '-' : '+');
    qund_sop_duration_print(ms < 0 ? -ms : ms, out);
}

void qund_sop_offset_print(const struct qund_sop_offset *o, struct qund_buf *out)
{
    int64_t ms = o->clock_min >= 0 ? o->days * QUND_DAY_MS : o->ms;

    switch (o->base) {
    case QUND_SOP_AT_EVENT:
        qund_buf_char(out, 'T');
        if (ms != 0)
            print_shift(ms, out);
        break;
    case QUND_SOP_AT_START:
        if (ms == 0)
            qund_buf_puts(out, o->clock_min >= 0 ? "+0d" : "+0m");
        else
            print_shift(ms, out);
        break;
    case QUND_SOP_AT_DAY:
        qund_buf_printf(out, "D%d", o->days);
        break;
    case QUND_SOP_AT_ON:
        qund_buf_puts(out, "on:");
        qund_buf_str(out, o->on);
        return;
    }
    if (o->clock_min >= 0)
        qund_buf_printf(out, " %02d:%02d", o->clock_min / 60, o->clock_min % 60);
}
