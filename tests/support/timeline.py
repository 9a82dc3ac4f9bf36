"""Plans played by `qund simulate`, for tests: each call once, as text and as rows, several at a time.

A row is an object of the timeline: "plan" first, then "task" and "alert" in order of time, then
"summary". Whatever must hold in every timeline is promised here, in the words of the design.
"""
import concurrent.futures
import datetime
import itertools
import json
import os
import pathlib
import re
import subprocess
import tempfile
import zoneinfo

from harness import PATIENCE, QUND, TOP, check, equal

SIM = TOP / "tests/sim"
CHAT = "tests/data/conversations.jsonl"
LATENESS_S = 30     # time.lateness: judges wait for late events so long
TO_CUSTOMERS = ("group", "group_notice", "one_to_one", "sms", "form")
OPEN = ("planned", "held", "ready", "pushed", "seen")
NIGHT = (22, 8)     # quiet.hours
UPDATE = bool(os.environ.get("QUND_UPDATE"))


def cases():
    return json.loads((SIM / "cases.json").read_text(encoding="utf-8"))


def said(words):
    """As one types it; the files of this folder are written <so>."""
    return [str((SIM / w[1:-1]).relative_to(TOP)) if w.startswith("<") else w for w in words]


def run(words):
    return subprocess.run([QUND, "simulate", *said(words)], capture_output=True, text=True, cwd=TOP, check=False,
                          timeout=120 * PATIENCE, env=dict(os.environ, TMPDIR=os.environ.get("QUND_TMP", "/tmp")))


class Play:
    """One call: what it printed, and its rows."""

    def __init__(self, words):
        with tempfile.TemporaryDirectory(prefix="timeline-", dir=os.environ.get("QUND_TMP")) as folder:
            rows = pathlib.Path(folder) / "rows"
            got = run([*words, "--save", str(rows)])
            equal(got.returncode, 0, " ".join(words) + ": " + got.stderr[-600:])
            self.text = got.stdout
            self.rows = [json.loads(line) for line in rows.read_text(encoding="utf-8").splitlines()]
        self.plan, self.summary = self.rows[0], self.rows[-1]
        self.tasks = [r for r in self.rows if r["kind"] == "task"]
        self.alerts = [r for r in self.rows if r["kind"] == "alert"]
        self.zone = zoneinfo.ZoneInfo(self.plan["zone"])

    def local(self, text):
        return moment(text).astimezone(self.zone)

    def plan_b_of(self, task):
        return [t for t in self.tasks if t.get("plan_b") == task["id"]]

    def told(self, task, to):
        """Alerts about that task's step; several about one step within minutes are one."""
        return [a for a in self.alerts if a.get("to") == to and re.search(f":{task['step']}(:judged)?$", a["rule"])]


def play_all(calls):
    """{name: words} → {name: a function that gives its Play, or raises what went wrong}."""
    pool = concurrent.futures.ThreadPoolExecutor(2)
    made = {name: pool.submit(Play, words) for name, words in calls.items()}
    return {name: future.result for name, future in made.items()}


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def name_of(task):
    return f"{task['step']}{'·B' if task.get('plan_b') else ''} T{task['id']}"


def templates():
    """Of the shipped ones: {id: {step: as the program reads it}}."""
    listed = {p.stem for p in (TOP / "sop-templates").glob("*.yaml")}
    return {t: {s["id"]: s for s in json.loads(subprocess.run([QUND, "sop", "show", t, "--json"], capture_output=True,
                                                              text=True, check=True).stdout)["steps"]} for t in listed}


# --- what is promised ----------------------------------------------------------------------------

def each_task_ends(p):
    for t in p.tasks:
        check(t["state"] not in OPEN or moment(t["due"]) > moment(p.summary["end"]), "nothing is left", name_of(t), t["state"])
        check(t["state"] == "done" or t["state"] in OPEN or t.get("reason"), "an end has its reason", name_of(t), t["state"])
        if t.get("expectation", {}).get("outcome") == "void":
            check(t["expectation"].get("reason"), "a void has its reason", name_of(t))
    equal(p.summary["dead"], 0, "dead letters")


def a_miss_has_its_plan_b_exactly_once_and_in_time(p, steps):
    """Made within a minute of the judgement, which waits for late events and no longer."""
    for t in p.tasks:
        x, b = t.get("expectation", {}), p.plan_b_of(t)
        if x.get("outcome") != "miss":
            check(not b or t.get("reason") == "no_actor", "a plan B has its reason", name_of(t), x, t.get("reason"))
            continue
        template = steps[t["step"]]
        late = (moment(x["judged"]) - moment(x["closes"])).total_seconds()
        check(LATENESS_S <= late <= LATENESS_S + 60, "judged when it closed", name_of(t), late)
        equal(len(b), 1 if "plan_b" in template else 0, f"plan Bs of {name_of(t)}")
        check(p.told(t, "manager") or "plan_b" not in template, "the manager is told", name_of(t))
        for one in b:
            equal(one["role"], template["plan_b"]["role"] if one["role"] != "manager" else one["role"], name_of(one))
            if not template["plan_b"].get("at"):
                late = (moment(one["wanted"]) - moment(x["closes"])).total_seconds()
                check(0 <= late <= LATENESS_S + 60, "plan B comes at once", name_of(one), late)


def silence_fires_only_what_waits_for_somebody(p):
    for t in p.tasks:
        x = t.get("expectation", {})
        if x.get("op") == "<=" and x.get("outcome") in ("hit", "miss"):
            equal(x["outcome"], "hit" if x["figure"] <= x["wanted"] else "miss", name_of(t))
        if not p.plan["recorded"] and x.get("op") == "<=":
            check(x.get("outcome") != "miss", "silence meets it", name_of(t), x)
        if not p.plan["recorded"] and x.get("op") == ">=" and x["metric"] not in ("task_done", "satisfaction"):
            check(x.get("outcome") != "hit", "nobody reacted", name_of(t), x)


def nights_are_quiet(p):
    for t in p.tasks:
        hour = p.local(t["due"]).hour
        check(t["step_kind"] == "safety" or NIGHT[1] <= hour < NIGHT[0], "due in the night", name_of(t), t["due"])
        check(moment(t["due"]) >= moment(t["wanted"]), "moved to later only", name_of(t))


def caps_are_kept(p, day=2, last_days=3, week=1):
    """What was posted as marketing: by group and local day, by person and seven days running."""
    posts = [t for t in p.tasks if t["state"] == "done" and t["step_kind"] == "marketing" and not t.get("merged")]
    event = p.plan["plan"].get("event")
    before = {p.local(event).date() - datetime.timedelta(days=n) for n in range(3)} if event else set()
    groups = sorted((t["group"], p.local(t["due"]).date()) for t in posts if t["channel"] in ("group", "group_notice", "form")
                    and not t.get("contact"))
    for (group, date), same in itertools.groupby(groups):
        check(len(list(same)) <= (last_days if date in before else day), "posts on one day", group, date)
    people = sorted((t["contact"], p.local(t["due"]).date()) for t in posts
                    if t["channel"] in ("one_to_one", "sms") and t.get("contact"))
    for who, same in itertools.groupby(people, key=lambda pair: pair[0]):
        at = [when for _, when in same]
        for n in range(week, len(at)):
            check((at[n] - at[n - week]).days >= 7, "messages in a week", who, at)
    for t in p.tasks:
        if t.get("reason", "").startswith("cap:"):
            equal(t["state"], "skipped", name_of(t))
            check(t["step_kind"] == "marketing", "only marketing is capped", name_of(t))
            check(p.told(t, "manager"), "the manager is told", name_of(t))


def whatever_holds(p, steps):
    each_task_ends(p)
    a_miss_has_its_plan_b_exactly_once_and_in_time(p, steps)
    if p.plan["scenario"] == "silent":
        silence_fires_only_what_waits_for_somebody(p)
    nights_are_quiet(p)
    caps_are_kept(p)


def nobody_did_anything(p):
    """Staff absent: what was to be posted is void, managers are told, customers get no plan B."""
    check(any(t["state"] == "expired" for t in p.tasks), "tasks expire", [t["state"] for t in p.tasks])
    for t in p.tasks:
        x, inside = t.get("expectation", {}), t["channel"] == "staff_task"
        check(t["state"] not in ("done", *OPEN), "nobody did it", name_of(t), t["state"])
        if t["state"] == "expired":
            check(p.told(t, "manager"), "the manager is told", name_of(t))
        if x.get("outcome") and x["metric"] != "task_done":
            equal((x["outcome"], x["reason"]), ("void", "not_posted"), name_of(t))
        if t.get("plan_b"):     # what was to be done inside the house was not: somebody else is asked to
            missed = next(o for o in p.tasks if o["id"] == t["plan_b"])
            check(missed.get("reason") == "no_actor" or (inside and missed["expectation"]["metric"] == "task_done"),
                  "no plan B towards customers", name_of(t), missed["state"])
