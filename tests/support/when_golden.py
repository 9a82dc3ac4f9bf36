#!/usr/bin/env python3
"""Makes tests/data/when-golden.tsv: 500 offsets of SOP steps and the instants they name.

    tests/support/when_golden.py > tests/data/when-golden.tsv
    tests/support/when_golden.py --check        # exit 1 when the table would come out differently

A second opinion on src/sop and src/core/zone: Python's zoneinfo does the zones, minutes are walked
one by one where the program calculates, the calendar of days off is read by four lines of its own.
So the two share the zone files and nothing else. Zones whose rules are still being argued about
stop in 2025, so that a newer tzdata does not change the past.

Columns: zone, base (T, D and + alike), offset as templates write it, then the same in parts: days,
clock, ms; wanted; allowed behind quiet hours 22:00-08:00; allowed with working days, too.
"""
import datetime as dt
import pathlib
import random
import re
import sys
import zoneinfo

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
TABLE = TOP / "tests/data/when-golden.tsv"
ROWS = 500
UTC = dt.timezone.utc
MIN, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
QUIET = (22 * 60, 8 * 60)
# zone: the years whose changes of the clocks are looked at, the last year of any row
ZONES = {
    "Asia/Shanghai": (1988, 1991, 2028),
    "America/New_York": (2019, 2025, 2025),
    "Europe/London": (2019, 2025, 2025),
    "Australia/Lord_Howe": (2019, 2025, 2025),  # half an hour
    "Pacific/Apia": (2010, 2021, 2025),  # 30 December 2011 did not happen
    "America/Sao_Paulo": (2011, 2019, 2025),  # at midnight: days that begin at 01:00
    "Asia/Kathmandu": (1985, 1986, 2028),  # +5:30 to +5:45, at New Year
    "Africa/Casablanca": (2015, 2025, 2025),  # back for Ramadan
}


def wall(z, u):
    return u.astimezone(z).replace(tzinfo=None)


def instant(z, w):
    """The instant of a wall time: the first of two, the end of the gap when there is none."""
    u = w.replace(tzinfo=z, fold=0).astimezone(UTC)
    if wall(z, u) == w:
        return u
    u = w.replace(tzinfo=UTC) - 30 * HOUR
    while wall(z, u) < w:
        u += MIN
    return u


def changes(z, first, last):
    u, end = dt.datetime(first, 1, 1, tzinfo=UTC) - DAY, dt.datetime(last + 1, 1, 1, tzinfo=UTC)
    found = []
    while u < end:
        if u.astimezone(z).utcoffset() != (u + HOUR).astimezone(z).utcoffset():
            at = u
            while at.astimezone(z).utcoffset() == u.astimezone(z).utcoffset():
                at += MIN
            found.append(at)
        u += HOUR
    return found


def calendar():
    days, kind = {}, None
    for line in (TOP / "config/holidays/cn.yaml").read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0]
        kind = "off" if "off:" in line else "work" if "work:" in line else kind
        for a, b in re.findall(r"(\d{4}-\d\d-\d\d)(?:\.\.(\d{4}-\d\d-\d\d))?", line):
            d, last = dt.date.fromisoformat(a), dt.date.fromisoformat(b or a)
            while d <= last:
                days[d] = kind
                d += DAY
    return days


CALENDAR = calendar()


def worked(day):
    return CALENDAR.get(day, "work" if day.isoweekday() <= 5 else "off") == "work"


def behind_quiet(z, u):
    while True:
        minute = wall(z, u).hour * 60 + wall(z, u).minute
        if QUIET[1] <= minute < QUIET[0]:
            return u
        u += MIN


def on_work_day(z, u):
    w = wall(z, u)
    if worked(w.date()):
        return u
    day = w.date()
    while True:
        day += DAY
        t = instant(z, dt.datetime.combine(day, w.time()))
        if wall(z, t).date() != day:
            continue
        t = behind_quiet(z, t)
        if worked(wall(z, t).date()):
            return t


def duration(ms):
    for unit, size in (("d", 86400000), ("h", 3600000), ("m", 60000)):
        if ms % size == 0:
            return f"{ms // size}{unit}"
    raise ValueError(ms)


class Table:
    def __init__(self):
        self.rows, self.seen = [], set()

    def add(self, zone, base, letter, days=0, clock=None, ms=0):
        """base: an instant; clock: (hour, minute), or None with ms."""
        z = zoneinfo.ZoneInfo(zone)
        if letter == "D" and (clock is None or days < 0) or letter == "+" and (days < 0 or ms < 0):
            letter = "T"
        if clock:
            want = instant(z, dt.datetime.combine(wall(z, base).date() + days * DAY, dt.time(*clock)))
            sign = "" if letter == "D" else "+" if days >= 0 else "-"
            head = {"T": "T" if days == 0 else f"T {sign}{days}d" if days > 0 else f"T{sign}{-days}d",
                    "D": f"D{days}", "+": f"+{days}d"}[letter]
            text, parts = f"{head} {clock[0]:02}:{clock[1]:02}", (days, f"{clock[0]:02}:{clock[1]:02}", 0)
        else:
            want = base + dt.timedelta(milliseconds=ms)
            text = {"T": f"T +{duration(ms)}" if ms >= 0 else f"T-{duration(-ms)}", "+": f"+{duration(ms)}"}[letter]
            parts = (0, "-", ms)
        allowed = behind_quiet(z, want)
        work = on_work_day(z, allowed)
        if max(wall(z, base).year, wall(z, work).year) > ZONES[zone][2]:
            return
        iso = [u.strftime("%Y-%m-%dT%H:%M:%SZ") for u in (base, want, allowed, work)]
        row = (zone, iso[0], text, *map(str, parts), *iso[1:])
        if row not in self.seen:
            self.seen.add(row)
            self.rows.append(row)


def around_changes(t, zone, room):
    """Steps that fall before, into and behind each gap and fold, counted from days before and after."""
    z, end = zoneinfo.ZoneInfo(zone), len(t.rows) + room
    at = changes(z, *ZONES[zone][:2])
    at.sort(key=lambda u: abs(wall(z, u) - wall(z, u - MIN)) < 2 * HOUR)  # a whole day comes first
    for turn, u in enumerate(at * 6):
        before, after = wall(z, u - MIN) + MIN, wall(z, u)
        low, high, k = min(before, after), max(before, after), 1 + turn % 9
        times = (low + (high - low) // 2, low, high - MIN, high, low - 20 * MIN, high + 10 * MIN)
        spans = (2 * 3600000, -90 * 60000, k * 86400000, -(24 * k + 1) * 3600000)
        for w in times if turn == 0 else (times[turn % 6], times[(turn + 1) % 6], times[(turn + 3) % 6]):
            w = w.replace(second=0)
            day = w.date() + (-k if turn % 2 else k) * DAY
            base = instant(z, dt.datetime.combine(day, dt.time(14, 30)))
            t.add(zone, base, "TD+"[turn % 3], (w.date() - wall(z, base).date()).days, (w.hour, w.minute))
        for ms in spans[turn % 2 :: 2]:
            t.add(zone, u - dt.timedelta(milliseconds=ms) + 30 * MIN * (turn % 3 - 1), "T+"[turn % 2], ms=ms)
        if len(t.rows) >= end:
            break
    del t.rows[end:]


def odd_days(t, zone, keep):
    """29 February, week 53, the turn of the year, make-up days and holidays; every keep-th of them."""
    z, last, all_of = zoneinfo.ZoneInfo(zone), ZONES[zone][2], []

    def step(y, m, d, letter, days=0, clock=None, ms=0, at=(14, 0)):
        if y < last:
            all_of.append((instant(z, dt.datetime(y, m, d, *at)), letter, days, clock, ms))

    for leap in (2012, 2020, 2024):
        step(leap, 3, 1, "T", -1, (12, 30))
        step(leap, 2, 29, "D", 366, (10, 0))
        step(leap, 2, 28, "+", 1, (0, 30), at=(22, 30))
        step(leap - 1, 2, 28, "D", 1, (19, 30))
        step(leap, 3, 1, "T", ms=-2 * 3600000, at=(1, 15))
    for year in (2015, 2020, 2026):
        assert dt.date(year, 12, 31).isocalendar()[1] == 53
        step(year, 12, 27, "D", 1, (8, 0))
        step(year + 1, 1, 4, "T", -1, (21, 59))
        step(year, 12, 31, "+", ms=30 * 60000, at=(23, 45))
        step(year + 1, 1, 1, "T", -1, (23, 59), at=(0, 5))
        step(year, 12, 1, "D", 45, (12, 30))
    for y, m, d, days in ((2025, 1, 24, 4), (2025, 1, 24, 2), (2025, 9, 26, 2), (2025, 9, 30, 3),
                          (2025, 4, 24, 3), (2025, 10, 12, -1), (2026, 2, 13, 1), (2026, 2, 13, 5)):
        step(y, m, d, "T", days, (12, 30))
        step(y, m, d, "T", days, (23, 15))
    step(2028 - 1, 2, 28, "D", 366, (12, 30))  # 29 February 2028
    for base, letter, days, clock, ms in all_of[list(ZONES).index(zone) % keep :: keep]:
        t.add(zone, base, letter, days, clock, ms)


def anywhere(t, rows):
    """The rest: offsets as playbooks have them, anywhere."""
    r, names = random.Random(20250915), list(ZONES)
    while len(t.rows) < rows:
        zone = names[len(t.rows) % len(names)]
        at = dt.datetime(2015, 1, 1, tzinfo=UTC) + r.randrange(0, 10 * 365 * 24 * 12) * 5 * MIN
        if r.randrange(3):
            t.add(zone, at, r.choice("TD+"), r.randrange(-28, 61), (r.randrange(24), r.choice((0, 15, 30, 59))))
        else:
            t.add(zone, at, r.choice("T+"), ms=r.randrange(-72, 200) * r.choice((600000, 3600000)))


def main():
    t = Table()
    for zone in ZONES:
        odd_days(t, zone, 1 if zone == "Asia/Shanghai" else 2)
    for zone in ZONES:
        around_changes(t, zone, 33)
    anywhere(t, ROWS)
    t.rows.sort()
    text = "# made by tests/support/when_golden.py\n"
    text += "# zone\tbase\toffset\tdays\tclock\tms\twanted\tquiet\twork\n"
    text += "".join("\t".join(row) + "\n" for row in t.rows)
    if "--check" in sys.argv[1:]:
        sys.exit(0 if text == TABLE.read_text(encoding="utf-8") else f"{TABLE}: would come out differently")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
