#!/usr/bin/env python3
"""Plans played by `qund simulate`: the golden timelines of tests/sim, and what must hold in each of them."""
# limit: 300 s
import difflib

from harness import Cases, check, equal
from timeline import SIM, UPDATE, cases as listed, nobody_did_anything, play_all, run, templates, whatever_holds

FLASH = ["flash_sale_day", "--group", "ecommerce", "--start", "2026-09-01 08:00"]
cases, wanted, shipped = Cases(), listed(), templates()
calls = {name: [name, *words] for name, words in wanted["shipped"].items()} | wanted["more"]
played = play_all(calls | {"again": calls["normal"], "others": [*calls["normal"], "--seed", "7"]})


def compare(name, text):
    path = SIM / "golden" / f"{name}.txt"
    if UPDATE:
        path.write_text(text, encoding="utf-8")
    want = path.read_text(encoding="utf-8") if path.exists() else ""
    diff = list(difflib.unified_diff(want.splitlines(), text.splitlines(), "golden", "now", lineterm="", n=1))
    check(not diff, f"{name} is not as it was", "\n".join(diff[:40]))


@cases("every shipped template is played here")
def _():
    equal(set(wanted["shipped"]), set(shipped), "templates")


for case, words in calls.items():
    @cases(f"{case}: staff post, customers are silent" if case in shipped else case.replace("_", " "))
    def _(name=case, template=words[0]):
        p = played[name]()
        compare(name, p.text)
        if p.plan["scenario"] == "absent-staff":
            nobody_did_anything(p)
        whatever_holds(p, shipped[template])


@cases("the same seed gives the same timeline, another one does not")
def _():
    equal(played["again"]().text, played["normal"]().text, "twice")
    check(played["others"]().text != played["normal"]().text, "other people")


@cases("in the normal scenario most expectations are met")
def _():
    got = played["normal"]().summary["expectations"]
    check(got.get("hit", 0) > got.get("miss", 0), "outcomes", got)


@cases("Spring Festival: work for working days waits until it is over, but not on the Saturday that makes up for it")
def _():
    for name, day in (("spring_festival", ("02-16", "02-24")), ("spring_festival_saturday", ("02-14", "02-14"))):
        p = played[name]()
        review = next(t for t in p.tasks if t["step"] == "S07")
        equal((p.local(review["wanted"]).strftime("%m-%d"), p.local(review["due"]).strftime("%m-%d")), day, name)


@cases("the clocks are changed in the night before the event: walls keep their time, hours are hours")
def _():
    for name, hours in (("berlin_autumn", 25), ("berlin_spring", 23)):
        p = played[name]()
        event, begin = p.local(p.plan["plan"]["event"]), p.local(p.plan["plan"]["start"])
        equal((event.hour, event.utcoffset() == begin.utcoffset()), (10, False), name)
        day = (event.timestamp() - begin.replace(hour=10).timestamp()) / 3600
        equal(day, hours, f"{name}: hours from ten to ten")
        before = next(t for t in p.tasks if t["step"] == "S02")
        equal(p.local(before["wanted"]).hour, 9, f"{name}: an hour before")


@cases("29 February is a day like others")
def _():
    p = played["leap_day"]()
    days = [p.local(t["due"]).strftime("%m-%d") for t in p.tasks]
    check("02-28" in days and "02-29" in days and "03-01" in days, "days", days)
    equal(p.summary["state"], "finished", "the plan")


@cases("a group dissolved halfway: nothing more is sent, each task says why")
def _():
    p = played["dismissed"]()
    over = p.local(p.plan["plan"]["start"]).replace(month=9, day=15, hour=11)
    for t in p.tasks:
        late = p.local(t["due"]) > over
        equal((t["state"], t.get("reason")) if late else t["state"], ("cancelled", "group_closed") if late else "done", t["step"])
    check(any(t["state"] == "cancelled" for t in p.tasks), "it was halfway")


@cases("what is wrong is said, all at once, and nothing is left behind")
def _():
    for more, said in ((["flash_sale_dya", *FLASH[3:]], "nearest known: flash_sale_day"),
                       ([FLASH[0], "--start", "2026-02-30"], "--start"),
                       ([*FLASH, "--group", "hoem"], "no type of group"),
                       ([*FLASH, "--event", "2026-08-01"], "after --start"),
                       ([*FLASH, "--param", "colour=red"], "colour"),
                       ([*FLASH, "--messages", "/nonexistent"], "No such file"),
                       ([*FLASH, "--org", "/nonexistent"], "No such file"),
                       ([*FLASH, "--save", "/nonexistent/file"], "cannot be written")):
        got = run(more)
        equal(got.returncode, 1, f"{more}: {got.stderr}")
        check(said in got.stderr, f"{more} says {said}", got.stderr)
    for more, said in ((FLASH[:1], "--start is missing"), ([*FLASH, "--scenario", "loud"], "--scenario is"),
                       ([*FLASH, "--param", "x"], "name=value"), ([*FLASH, "--days", "0"], "--days wants")):
        got = run(more)
        equal(got.returncode, 2, f"{more}: {got.stderr}")
        check(said in got.stderr, f"{more} says {said}", got.stderr)


cases.done()
