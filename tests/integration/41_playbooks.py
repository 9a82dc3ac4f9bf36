#!/usr/bin/env python3
"""The eight playbooks, from the shipped template to the finished plan, with the sample chat in the group: what the design
promises of each, and that docs/sop-timelines.md shows what the program prints."""
# limit: 300 s
import shlex

from harness import TOP, Cases, check, equal
from timeline import TO_CUSTOMERS, UPDATE, cases as listed, name_of, nobody_did_anything, play_all, templates, whatever_holds

DOC = TOP / "docs/sop-timelines.md"
cases, steps = Cases(), templates()
books = {name: [name, *words] for name, words in listed()["playbooks"].items()}
posted = play_all(books)
absent = play_all({name: [name, *listed()["shipped"][name], "--scenario", "absent-staff"] for name in books})


@cases("there are eight")
def _():
    equal(len(books), 8, "playbooks")


for book in books:
    @cases(f"{book}: staff post, the chat goes on as recorded")
    def _(name=book):
        p = posted[name]()
        equal(p.summary["state"], "finished", "the plan")
        check(p.summary["expectations"].get("miss"), "something is missed", p.summary)
        whatever_holds(p, steps[name])
        for t in p.tasks:       # what went out is known to have gone out, in the stream or by word
            if t["state"] == "done" and t["channel"] in ("group", "group_notice"):
                equal(t["evidence"], "proved", name_of(t))

    @cases(f"{book}: nobody of the staff does anything")
    def _(name=book):
        p = absent[name]()
        check(any(t["channel"] in TO_CUSTOMERS for t in p.tasks), "something was to be posted")
        nobody_did_anything(p)
        whatever_holds(p, steps[name])


@cases("complaints of the recorded chat begin runs by themselves, one a person")
def _():
    people = [t["contact"] for t in posted["complaint_escalation"]().tasks if t["step"] == "S01" and not t.get("plan_b")]
    check(len(people) > 1, "besides the one that is marked by hand", people)
    equal(len(people), len(set(people)), "one a person")


def shown():
    """The page with the blocks below each command written anew."""
    out, text = [], DOC.read_text(encoding="utf-8")
    for part in text.split("```\n$ ")[0:1]:
        out.append(part)
    for part in text.split("```\n$ ")[1:]:
        command, rest = part.split("\n", 1)
        words = shlex.split(command)
        equal(words[:2], ["qund", "simulate"], command)
        equal(words[2:], books[words[2]], "the command is that of tests/sim/cases.json")
        out.append(f"```\n$ {command}\n{posted[words[2]]().text}```\n{rest.split(chr(10) + '```' + chr(10), 1)[1]}")
    return "".join(out)


@cases("docs/sop-timelines.md shows all eight, and what it shows is what the program prints")
def _():
    now = shown()
    if UPDATE:
        DOC.write_text(now, encoding="utf-8")
    for name in books:
        check(f"$ qund simulate {name} " in now, f"{name} is there")
    equal(DOC.read_text(encoding="utf-8") == now, True, "the page is up to date (QUND_UPDATE=1 writes it)")


cases.done()
