"""Rows about plans: whatever dies, however long nobody was there, wherever the clock goes, somebody is told of a task
once, an expectation is judged once and a plan B is made once."""
import contextlib
import http.client
import signal
import threading

from plans import (OPEN, Staff, alerts_of_plans, check, equal, judge_plans, make_plan, open_house, rested, rows, step,
                   tasks_in, until)
from table import Failed, Receiver, delivered, row
from wallclock import Clock

POINTS = ("task_pushed", "judged", "sending_committed")
HOUR, DAY = 3600, 86400


class Talk:
    """Customers who say something in every other group, again and again until it was taken."""

    def __init__(self, d, groups):
        self.d, self.groups, self.token, self.over = d, groups, d.token("ingest"), threading.Event()
        self.thread = threading.Thread(target=self.talk, daemon=True)

    def talk(self):
        n = 0
        while not self.over.wait(0.1):
            events = [{"id": f"t{n}-{g}", "group": f"g{g}", "sender": f"u{g}", "text": f"第{n}句：好的，收到"}
                      for g in range(2, self.groups + 1, 2)]
            with contextlib.suppress(OSError, http.client.HTTPException), self.d.client("ingest", timeout=3) as api:
                n += api.events(events).status == 202

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(20)


def up_or_dead(d):
    """True when it is ready; False when it died before that."""
    def known():
        try:
            return "up" if d.is_ready() else None
        except Failed:
            return "dead"
    return until(known, 20, "it is ready, or dead again", 0.01) == "up"


def end_plans(d, ids):
    """What has not begun is cancelled; the rest goes on to its end."""
    with d.client() as c:
        for plan in ids:
            got = c.post(f"/api/v1/plans/{plan}/cancel", {"reason": "the test is over"})
            check(got.status in (200, 400), "cancelled, or over already", got)


def all_over(d):
    with d.client() as c:
        tasks = c.get(f"/api/v1/tasks?state={OPEN}&limit=1").json()["items"]
    return not tasks and rows(d, "SELECT count(*) FROM expectation WHERE outcome = 0") == [(0,)]


def finish(d, clock, receiver, seconds=120):
    """Lets all that began come to its end, and stops the daemon in order."""
    with clock.running(d, 300):
        until(lambda: all_over(d), seconds, "every task and every expectation has ended", 0.1)
    # Alarms keep the pace of their person; the cards of tasks do not.
    until(lambda: not rows(d, "SELECT 1 FROM outbox WHERE (alert < 0 OR key LIKE 'card:%') AND state IN (0, 1, 5, 6, 7)"),
          seconds, "every card has ended", 0.1)
    equal(d.stop(), 0, "exit code of an orderly stop")
    d.clean()


@row("A1P", "kill -9 at task_pushed, judged, sending_committed while plans run",
     "each task told once, judged once, one plan B a miss", 2, 40)
def a1p(ctx):
    """Two minutes a second; every two minutes each group has a task, which expects a message within the next one."""
    groups, deaths = 8, [point for _ in range(ctx.rounds) for point in POINTS]
    steps = [step(n, f"+{2 * n}m", "30m", "1m") for n in range(1, 6)]
    clock = Clock(ctx.folder)
    with Receiver(ctx.folder) as receiver, \
            open_house(ctx, receiver, groups, {"brisk": steps}, binary=ctx.fault_program()) as d:
        clock.at(0, 9)
        d.start(**clock.env)
        plans = {make_plan(d, "brisk", groups, clock.now() + 600 * i): clock.now() + 600 * i
                 for i in range(1 + len(deaths) // 2 * 2)}
        with Talk(d, groups), Staff(d, receiver) as staff:
            d.stop()
            for point in deaths:
                d.launch(f"{point}:crash:{ctx.dice.randint(1, 5)}", **clock.env)
                up_or_dead(d)
                with clock.running(d, 120):
                    until(lambda: d.proc.poll() is not None, 60, f"{point} is passed", 0.005)
                equal(d.proc.returncode, -signal.SIGKILL, f"death at {point}")
            d.start(**clock.env)
            end_plans(d, [plan for plan, start in plans.items() if start > clock.now()])
            finish(d, clock, receiver)
        check(not staff.wrong, "done twice is done once", staff.wrong[:5])
        s = judge_plans(d, receiver)
        check(s.hit and s.miss, "some reactions came and some did not", s)
        silent = s.miss + s.void + rows(d, "SELECT count(*) FROM task WHERE flags & 64 OR state = 7")[0][0]
        equal(alerts_of_plans(d), silent, "alarms: one a miss")
        return (f"{ctx.rounds} x {len(POINTS)} deaths: {s.told} tasks told once ({s.repeats} repeats by id), {s.judged} judged "
                f"once ({s.hit} hit, {s.miss} missed), {s.plans_b} plans B")


@row("I1P", "plans while the wall clock goes +1 h, -1 h, +1 d, -1 d, and kill -9 between",
     "nothing twice, each task in a named state", 1, 5, patient=True)
def i1p(ctx):
    """A task every half hour for a day and a half. Every other jump meets a living daemon, the rest a dead one."""
    groups, jumps = 4, [h * HOUR for h in (1, 0, -1, 0, 24, 0, -24, 0)] * ctx.rounds
    steps = [step(n, f"+{30 * n}m", "45m", "10m") for n in range(1, 80)]
    clock = Clock(ctx.folder)
    with Receiver(ctx.folder) as receiver, open_house(ctx, receiver, groups, {"steady": steps}) as d:
        clock.at(0, 9)
        d.start(**clock.env)
        base, furthest = clock.offset, 0.0
        plans = [make_plan(d, "steady", groups, clock.now() + DAY * i) for i in range(1 + ctx.rounds)]
        with Talk(d, groups), Staff(d, receiver) as staff:
            for i, jump in enumerate(jumps):
                if i % 2:
                    d.kill9()
                clock.set(base + jump + i * 1800)
                if i % 2:
                    d.start(**clock.env)
                furthest = max(furthest, clock.now() - 1)
                until(lambda: rested(d, furthest) and not rows(d, "SELECT 1 FROM task WHERE state IN (2, 3, 4)"), 120,  # noqa: B023
                      f"jump {i} is digested and what was told is done", 0.05)
            end_plans(d, plans)
            clock.forward(max(0.0, furthest - clock.now()))     # a clock that was set back goes slowly until then
            finish(d, clock, receiver)
        check(not staff.wrong, "done twice is done once", staff.wrong[:5])
        s = judge_plans(d, receiver)
        named = ", ".join(f"{n} {name}" for name, n in sorted(s.states.items()))
        return (f"{len(jumps)} jumps: {s.told} of {s.tasks} tasks told, each once; {named}; {s.judged} judged once, "
                f"{s.plans_b} plans B")


# --- three days ---------------------------------------------------------------------------------

# From 07:00 of the first day; nobody is there from 12:01 of that day to 12:10, or to 22:30, of the fourth.
GROUPS, PUSHES = 20, 5      # two cards of twenty tasks, one of twenty alarms, and two to spare
DAYS = {    # step: at, late, what becomes of it when somebody is there at noon, at night
    "S001": ("D0 08:30", "2h", "done", "done"),
    "S002": ("D0 12:00", "4h", "expired", "expired"),   # told before, its window ended meanwhile
    "S003": ("D0 19:30", "4h", "expired", "expired"),
    "S004": ("D1 12:00", "4h", "expired", "expired"),
    "S005": ("D2 12:00", "4h", "expired", "expired"),
    "S006": ("D3 08:10", "3h", "expired", "expired"),
    "S007": ("D3 11:00", "4h", "late", "expired"),
    "S008": ("D3 12:00", "4h", "late", "expired"),
    "S009": ("D3 19:00", "4h", "planned", "late"),      # its card rests in the quiet hours, until its window ends
}
NOON, NIGHT = 0, 1
RETURNS = (("kill9", NOON), ("stop", NIGHT), ("stop", NOON), ("kill9", NIGHT))
MISSED = {NOON: 6, NIGHT: 8}    # what expired, and the one that could not be judged
AWAY_S = {NOON: 3 * DAY + 540, NIGHT: 3 * DAY + 540 + 10 * HOUR + 1200}


def become(d):
    """step → what its tasks are, with how many of them."""
    out = {}
    for name, state, flags, n in rows(d, "SELECT step, state, flags & 1, count(*) FROM task WHERE plan_b = 0"
                                         " GROUP BY 1, 2, 3"):
        word = {0: "planned", 3: "late" if flags else "pushed", 5: "done", 7: "expired"}.get(state, str(state))
        out.setdefault(name, {})[word] = n
    return out


def still(receiver, seconds):
    """Waits until nothing has arrived for so long."""
    last = [len(receiver.calls()), 0]

    def quiet():
        n = len(receiver.calls())
        last[1] = 0 if n != last[0] else last[1] + 1
        last[0] = n
        return last[1] >= seconds / 0.1
    until(quiet, 60, "nothing arrives any more", 0.1)


def first_day(d, clock, receiver):
    """Until noon all is well."""
    clock.at(0, 7)
    d.start(**clock.env)
    make_plan(d, "days", GROUPS, clock.now() + 60)
    with Staff(d, receiver):
        clock.at(0, 8, 31)
        until(lambda: become(d)["S001"] == {"done": GROUPS}, 60, "the first step is done")
    clock.at(0, 12, 1)
    until(lambda: become(d)["S002"] == {"pushed": GROUPS}, 60, "the second is told")
    delivered(d, receiver)


def come_back(d, clock, receiver, hour):
    """What arrives when the daemon is there again, and after one more kill -9 (nothing)."""
    before = len(receiver.calls())
    d.start(**clock.env)
    want = {name: {of[2 + hour]: GROUPS} for name, of in DAYS.items()}
    until(lambda: rested(d, clock.now() - 5) and become(d) == want, 120, "each task is what it must be")
    if hour == NOON:
        until(lambda: len(told(receiver, before)) == 2 * GROUPS, 60, "what is in time is told")
        until(lambda: "停机期间" in "".join(call["body"] for call in receiver.calls()[before:]), 60, "the manager is told")
    still(receiver, 1)
    first = receiver.calls()[before:]
    d.kill9()
    d.start(**clock.env)
    until(lambda: rested(d, clock.now() - 5), 60, "nothing is left to do")
    still(receiver, 1)
    equal(receiver.calls()[before + len(first):], [], "told again by another start")
    return first


def told(receiver, since):
    return {task for call in receiver.calls()[since:] for task in tasks_in(call["body"])}


def judge_days(d, hour):
    equal(rows(d, "SELECT e.outcome, e.reason, count(*) FROM expectation e JOIN task t ON t.id = e.task"
                  " WHERE t.step = 'S001' GROUP BY 1, 2"), [(3, "gap", GROUPS)], "what was expected meanwhile")
    equal(rows(d, "SELECT count(*) FROM task WHERE plan_b > 0"), [(0,)], "plans B for silence nobody heard")
    equal(rows(d, "SELECT rule, count(*), sum(n) FROM alert GROUP BY 1"),
          [("sop:days:away", GROUPS, MISSED[hour] * GROUPS)], "alarms of what was missed: one a group")


@row("I3", "three days down with plans running, back at noon or at night, then a kill -9",
     f"each task in a named state; <= {PUSHES} pushes, none at night", 2, 8, patient=True)
def i3(ctx):
    steps = [step(int(name[1:]), of[0], of[1], "6h" if name == "S001" else "2h") for name, of in DAYS.items()]
    most = 0
    for how, hour in (RETURNS * ctx.rounds)[:ctx.rounds]:
        folder = ctx.place()
        clock = Clock(folder)
        with Receiver(folder) as receiver, \
                open_house(ctx, receiver, GROUPS, {"days": steps}, folder=folder,
                           config={"quiet": {"hours": "22:00-08:00"}}) as d:
            first_day(d, clock, receiver)
            getattr(d, how)()
            clock.forward(AWAY_S[hour])
            first = come_back(d, clock, receiver, hour)
            judge_days(d, hour)
            check(len(first) <= (PUSHES if hour == NOON else 0), f"{len(first)} pushes within seconds of the start")
            most = max(most, len(first))
            equal(d.stop(), 0, "exit code of an orderly stop")
            d.clean()
    return (f"{ctx.rounds} returns: {2 * GROUPS} tasks in time are told late, {most} pushes in all (limit {PUSHES}), none at"
            " night, none by another start")
