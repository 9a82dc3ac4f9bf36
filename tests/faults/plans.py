"""What the rows about plans share: a house with staff, groups and templates, somebody who does what he is told, and
the judge of what became of it."""
import collections
import contextlib
import datetime
import http.client
import json
import sqlite3
import threading

from harness import Failed, check, equal
from table import time, until

# Stored numbers (src/sop/task.h, task_parts.h; src/outbox/outbox.h).
DONE, EV_PUSH, EV_CLAIM, ESCALATED = 5, 3, 5, 64
HIT, MISS, VOID = 1, 2, 3
OPEN = "planned,held,ready,pushed,seen"
STATES = "planned held ready pushed seen done skipped expired cancelled failed".split()


def step(n, at, late, window, **more):
    """A post that expects one message, and has a plan B. Service: no cap holds it."""
    return {"id": f"S{n:03}", "at": at, "kind": "service", "role": "consultant", "channel": "group", "late": late,
            "content": f"第{n}条：大家今天有什么要问的，直接说。", "expect": {"metric": "messages", "gte": 1, "window": window},
            "plan_b": {"role": "leader", "channel": "group", "content": f"第{n}条没有人接：换一个问题再问一次。"}, **more}


def write_house(d, groups, templates):
    """lin posts, zhao manages and leads; both are told where the receiver listens."""
    target = next(iter(d.config["targets"]))
    people = [{"id": name, "name": name, "push": [target]} for name in ("lin", "zhao")]
    places = [{"realm": "api", "id": f"g{i}", "name": f"第{i}群", "manager": "zhao",
               "roles": {"consultant": ["lin"], "leader": ["zhao"]}} for i in range(1, groups + 1)]
    (d.folder / "org.yaml").write_text(json.dumps({"staff": people, "groups": places}), encoding="utf-8")
    (d.folder / "sop").mkdir()
    for name, steps in templates.items():
        text = {"id": name, "title": name, "scope": "group", "anchor": "trigger", "trigger": "manual", "steps": steps}
        (d.folder / "sop" / f"{name}.yaml").write_text(json.dumps(text, ensure_ascii=False), encoding="utf-8")
    return {"org": {"file": "org.yaml"}, "sop": {"dirs": ["sop"]}}


def open_house(ctx, receiver, groups, templates, config=None, **kw):
    """The daemon, not started yet."""
    base = {"time": {"zone": "UTC", "lateness": "2m"}, "targets": receiver.target}
    d = ctx.daemon(config={**base, **(config or {})}, **kw)
    d.config.update(write_house(d, groups, templates))
    d.write_config()
    return d


def make_plan(d, template, groups, start_s):
    at = datetime.datetime.fromtimestamp(start_s, datetime.timezone.utc)
    with d.client() as c:
        got = c.post("/api/v1/plans", {"template": template, "groups": list(range(1, groups + 1)),
                                       "start": at.strftime("%Y-%m-%d %H:%M")})
    check(got.status in (200, 201), "a plan is made", got)
    return got.json()["id"]


def rows(d, sql):
    with contextlib.closing(sqlite3.connect(f"file:{d.data / 'qund.db'}?mode=ro", uri=True, timeout=10)) as db:
        return db.execute(sql).fetchall()


def engine_time(d):
    """Seconds since 1970."""
    return int(rows(d, "SELECT value FROM meta WHERE key = 'engine_time'")[0][0]) / 1000


def rested(d, past=0.0):
    """Nothing that is due waits, and engine time has come so far."""
    now = engine_time(d)
    return now >= past and rows(d, f"SELECT count(*) FROM timer WHERE due <= {int(now * 1000)} AND class = 0"
                                   " AND kind LIKE 'task.%'") == [(0,)]


# --- who does what he is told -------------------------------------------------------------------

class Staff:
    """Reads what arrives and reports each task done, twice; the second time must be refused."""

    def __init__(self, d, receiver):
        self.d, self.receiver, self.at, self.seen, self.refused = d, receiver, 0, set(), 0
        self.over, self.wrong = threading.Event(), []
        self.thread = threading.Thread(target=self.work, daemon=True)

    def arrived(self):
        """Tasks in what came since the last look."""
        if not self.receiver.log.exists():
            return []
        with self.receiver.log.open("rb") as f:
            f.seek(self.at)
            text = f.read()
        whole = text[:text.rfind(b"\n") + 1]
        self.at += len(whole)
        return [int(short[1:]) for line in whole.splitlines() for short in tasks_in(json.loads(line)["body"])]

    def work(self):
        todo = collections.deque()
        while not self.over.wait(0.02):
            todo.extend(t for t in self.arrived() if t not in self.seen)
            while todo and not self.over.is_set():
                if not self.press(todo[0]):
                    break
                self.seen.add(todo.popleft())

    def press(self, task):
        """False: nobody answered, it is tried again."""
        if task in self.seen:
            return True
        try:
            with self.d.client(timeout=3) as c:
                first = c.post(f"/api/v1/tasks/{task}/done", {"note": "发了"}).status
                again = c.post(f"/api/v1/tasks/{task}/done", {"note": "又发了"}).status
        except (OSError, http.client.HTTPException):
            return False
        if first not in (200, 400, 503) or again not in (400, 503):
            self.wrong.append(f"T{task}: {first}, then {again}")
        self.refused += again == 400
        return 503 not in (first, again)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(20)


def tasks_in(body):
    """T1 T2 … of a push: a card of one task, or one of several."""
    try:
        shorts = json.loads(body).get("short", "")
    except ValueError:
        return []
    return [s for s in str(shorts).split() if s.startswith("T")]


# --- the judge ----------------------------------------------------------------------------------

Sum = collections.namedtuple("Sum", "tasks told states judged hit miss void plans_b repeats")


def told_by_id(calls):
    """task → the ids under which the receiver was told of it; how many calls repeated an id."""
    ids, seen, repeats = collections.defaultdict(set), set(), 0
    for call in calls:
        if call["effect"]:
            repeats += call["id"] in seen
            seen.add(call["id"])
            for short in tasks_in(call["body"]):
                ids[int(short[1:])].add(call["id"])
    return ids, repeats


def judge_plans(d, receiver):
    """Raises unless each task was told once, each expectation judged once and each plan B made once."""
    ids, repeats = told_by_id(receiver.calls())
    wrong = []
    # What ended before its card had left for the first time told nobody.
    taken_back = {-alert for alert, in rows(d, "SELECT alert FROM outbox WHERE state IN (10, 11) AND attempt = 0"
                                               " AND alert < 0")}
    told = rows(d, f"SELECT id, flags & {ESCALATED} <> 0 FROM task WHERE pushed > 0")
    for task, escalated in told:
        least = 0 if task in taken_back else 1
        if not least <= len(ids[task]) <= 1 + escalated:
            wrong.append(f"T{task} was told in {len(ids[task])} pushes")
    known = {task for task, _ in told}
    wrong += [f"T{task} was told, and the store does not know" for task in ids if ids[task] and task not in known]
    wrong += [f"T{task}: {n} events of kind {event}" for task, event, n in rows(
        d, f"SELECT task, event, count(*) FROM task_log WHERE event IN ({EV_PUSH}, {EV_CLAIM}) GROUP BY 1, 2"
           " HAVING count(*) > 1")]
    wrong += [f"T{task}: {n} rows of its card" for task, n in rows(
        d, "SELECT substr(key, 1, instr(key, '.')), count(*) FROM outbox WHERE key LIKE 'task:%:due.%' GROUP BY 1"
           " HAVING count(*) > 1")]
    wrong += [f"T{task} is {STATES[state]} without a reason" for task, state in rows(
        d, "SELECT id, state FROM task WHERE state IN (1, 6, 7, 8, 9) AND reason = ''")]
    judged = rows(d, "SELECT e.task, e.outcome, (SELECT count(*) FROM task b WHERE b.plan_b = e.task)"
                     " FROM expectation e")
    for task, outcome, b in judged:
        if outcome == 0 or b != (outcome == MISS):
            wrong.append(f"expectation of T{task}: outcome {outcome}, {b} plans B")
    if wrong:
        raise Failed(f"{len(wrong)} wrong: " + "; ".join(wrong[:6]))
    outcomes = collections.Counter(outcome for _, outcome, _ in judged)
    states = collections.Counter(STATES[s] for s, in rows(d, "SELECT state FROM task"))
    return Sum(sum(states.values()), len(told), dict(states), len(judged), outcomes[HIT], outcomes[MISS],
               outcomes[VOID], rows(d, "SELECT count(*) FROM task WHERE plan_b > 0")[0][0], repeats)


def alerts_of_plans(d):
    """How often managers were alarmed: what was folded into one alert counts."""
    return rows(d, "SELECT coalesce(sum(n), 0) FROM alert WHERE rule LIKE 'sop:%'")[0][0]


__all__ = ["DONE", "OPEN", "Staff", "alerts_of_plans", "check", "engine_time", "equal", "judge_plans", "make_plan",
           "open_house", "rested", "rows", "step", "tasks_in", "time", "told_by_id", "until"]
