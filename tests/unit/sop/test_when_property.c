/* test_when_property.c - what holds for every step, tried on 20,000 of them.
 *
 * The zones are those whose clocks do odd things. Nothing here calculates: whether an instant may
 * be used is read off the clock on the wall, and that there was no earlier one is seen by walking
 * there minute by minute. */
#include "when_unit.h"

enum { CASES = 20000, WALKED = 8 /* every so many */, MINUTE = 60000 };

static const char *const ZONES[] = {
    "Asia/Shanghai",    "America/New_York",  "Europe/London",    "Australia/Lord_Howe",
    "Pacific/Apia",     "America/Sao_Paulo", "Asia/Kathmandu",   "Africa/Casablanca",
    "America/Asuncion", "Pacific/Auckland",  "America/St_Johns", "Africa/Cairo",
    "Antarctica/Troll", "Pacific/Kwajalein", "Asia/Pyongyang",   "UTC"};

struct dice {
    uint64_t x;
};

static int64_t throw(struct dice * d, int64_t below)
{
    d->x = d->x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)((d->x >> 33) % (uint64_t)below);
}

struct trial {
    const char *zone;
    struct qund_sop_clock c;
    struct qund_sop_step s;
    struct qund_sop_offset o;
    int64_t wanted, got;
    enum qund_sop_moved moved;
};

static void wrong(const struct trial *t, const char *why, int64_t where)
{
    char base[25], wanted[25], got[25], at_[25];

    qund_iso_print(t->c.start, base);
    qund_iso_print(t->wanted, wanted);
    qund_iso_print(t->got, got);
    qund_iso_print(where, at_);
    fail_msg(
        "%s: %s: base %s, days %d, clock %d, ms %lld, quiet %d-%d, work_days %d: wanted %s, got "
        "%s, see %s",
        why, t->zone, base, t->o.days, t->o.clock_min, (long long)t->o.ms, t->c.quiet.from_min,
        t->c.quiet.to_min, t->s.work_days, wanted, got, at_);
}

static int64_t day_of(const struct trial *t, int64_t when)
{
    struct qund_civil c;

    qund_zone_civil(t->c.zone, when, &c);
    return qund_days_from_civil(c.year, c.month, c.day);
}

static int minute_of(const struct trial *t, int64_t when)
{
    struct qund_civil c;

    qund_zone_civil(t->c.zone, when, &c);
    return c.hour * 60 + c.minute;
}

static bool quiet(const struct trial *t, int64_t when)
{
    int m = minute_of(t, when), from = t->c.quiet.from_min, to = t->c.quiet.to_min;

    return from < to ? m >= from && m < to : from > to && (m >= from || m < to);
}

static bool day_off(const struct trial *t, int64_t when)
{
    int64_t day = day_of(t, when);
    enum qund_day kind = qund_holidays_day(t->c.holidays, day);

    return kind == QUND_DAY_OFF || (kind == QUND_DAY_PLAIN && (day % 7 + 10) % 7 >= 5);
}

static void deal(struct dice *d, struct qund_zone *const *zones, const struct qund_holidays *h,
                 struct trial *t)
{
    size_t z = (size_t) throw(d, QUND_ARRAY_LEN(ZONES));
    int64_t base = at("2005-01-01T00:00:00Z") + throw(d, INT64_C(22) * 365 * 1440) * MINUTE;

    *t = (struct trial){.zone = ZONES[z]};
    /* Whole minutes also where a zone is seconds off; half of the days lie in years with a
     * calendar. */
    if (throw(d, 2))
        base = at("2025-01-01T00:00:00Z") + throw(d, 2 * 365 * 1440) * MINUTE;
    t->c = (struct qund_sop_clock){.zone = zones[z],
                                   .holidays = throw(d, 4) ? h : NULL,
                                   .start = base,
                                   .event = base,
                                   .day0 = base};
    t->c.quiet = (struct qund_hours){(int) throw(d, 1440), (int) throw(d, 1440)};
    if (throw(d, 3) == 0)
        t->c.quiet = (struct qund_hours){22 * 60, 8 * 60};
    if (throw(d, 10) == 0)
        t->c.quiet.to_min = t->c.quiet.from_min; /* none */
    t->s = (struct qund_sop_step){.kind = throw(d, 2) ? QUND_SOP_MARKETING : QUND_SOP_SERVICE,
                                  .work_days = throw(d, 2)};
    t->o = (struct qund_sop_offset){.base = QUND_SOP_AT_EVENT, .clock_min = -1};
    if (throw(d, 2)) {
        t->o.days = (int) throw(d, 61) - 30;
        t->o.clock_min = (int) throw(d, 1440);
    } else {
        t->o.ms = (throw(d, 61 * 1440) - 30 * 1440) * MINUTE;
    }
}

static void check_wanted(const struct trial *t)
{
    if (t->o.clock_min < 0) {
        if (t->wanted != t->c.start + t->o.ms)
            wrong(t, "time that passes is not what passes", t->wanted);
        return;
    }
    if (minute_of(t, t->wanted) != t->o.clock_min) {
        /* In a gap: a minute before, the wall shows less than was asked for; then more. */
        int64_t day = day_of(t, t->c.start) + t->o.days, asked = day * 1440 + t->o.clock_min;

        if (day_of(t, t->wanted - MINUTE) * 1440 + minute_of(t, t->wanted - MINUTE) >= asked ||
            day_of(t, t->wanted) * 1440 + minute_of(t, t->wanted) < asked)
            wrong(t, "not the asked time, and no gap", t->wanted);
    } else if (day_of(t, t->wanted) - day_of(t, t->c.start) != t->o.days) {
        wrong(t, "not the asked day", t->wanted);
    }
}

static void check_allowed(const struct trial *t)
{
    if (t->got < t->wanted)
        wrong(t, "earlier than wanted", t->got);
    if (quiet(t, t->got))
        wrong(t, "in quiet hours", t->got);
    if (t->s.work_days && day_off(t, t->got))
        wrong(t, "on a day off", t->got);
    if ((t->got == t->wanted) != (t->moved == QUND_SOP_MOVED_NOT))
        wrong(t, "moved, and does not say so", t->got);
    if (t->moved == QUND_SOP_MOVED_DAY_OFF && !t->s.work_days)
        wrong(t, "moved for a day off that nobody minds", t->got);
}

/* Nothing earlier would have done. A day off keeps the time of the day: what counts as earlier
 * behind it are other days at that time or later, not the small hours. */
static void check_earliest(const struct trial *t)
{
    int64_t first = t->wanted;
    int clock;

    while (first < t->got && quiet(t, first))
        first += MINUTE;
    if (t->moved != QUND_SOP_MOVED_DAY_OFF) {
        if (first != t->got)
            wrong(t, "it could have been earlier", first);
        return;
    }
    if (!day_off(t, first))
        wrong(t, "it was no day off", first);
    clock = minute_of(t, first);
    for (int64_t m = first + MINUTE; m < t->got; m += MINUTE)
        if (!quiet(t, m) && !day_off(t, m) && minute_of(t, m) >= clock)
            wrong(t, "it could have been on an earlier day", m);
}

static void a_step_comes_when_it_may_and_never_later(void **state)
{
    QUND_AUTO(qund_holidays_free) struct qund_holidays *h = holidays();
    struct qund_zone *zones[QUND_ARRAY_LEN(ZONES)];
    struct dice d = {20250915};
    int moved[4] = {0};

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(ZONES); i++)
        zones[i] = zone(ZONES[i]);
    for (int i = 0; i < CASES; i++) {
        struct trial t;

        deal(&d, zones, h, &t);
        assert_int_equal(qund_sop_when(&t.c, &t.o, &t.wanted), 0);
        check_wanted(&t);
        t.got = t.wanted;
        t.moved = qund_sop_allowed(&t.c, &t.s, &t.got);
        moved[t.moved]++;
        check_allowed(&t);
        if (i % WALKED == 0)
            check_earliest(&t);
        /* What may go out is not moved again. */
        t.wanted = t.got;
        if (qund_sop_allowed(&t.c, &t.s, &t.got) != QUND_SOP_MOVED_NOT)
            wrong(&t, "moved twice", t.got);
        /* Dropped or not at all moved by quiet hours. */
        t.s.quiet_drop = true;
        t.got = t.c.start;
        t.moved = qund_sop_allowed(&t.c, &t.s, &t.got);
        if ((t.moved == QUND_SOP_DROPPED_QUIET) != quiet(&t, t.c.start))
            wrong(&t, "dropped at the wrong time", t.c.start);
    }
    for (int k = QUND_SOP_MOVED_NOT; k <= QUND_SOP_MOVED_DAY_OFF; k++)
        assert_true(moved[k] > CASES / 20); /* each was tried */
    for (size_t i = 0; i < QUND_ARRAY_LEN(ZONES); i++)
        qund_zone_free(zones[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_comes_when_it_may_and_never_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
