"""Rows about plans: whatever dies, somebody is told of a task once, an expectation is judged once and a plan B is made
once."""
import contextlib
import http.client
import signal
import threading

from plans import OPEN, Staff, alerts_of_plans, check, equal, judge_plans, make_plan, open_house, rows, step, until
from table import Failed, Receiver, delivered, row
from wallclock import Clock

POINTS = ("task_pushed", "judged", "sending_committed")


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


def finish(d, clock, receiver, seconds=60):
    """Lets all that began come to its end, and stops the daemon in order."""
    with clock.running(d, 300):
        until(lambda: all_over(d), seconds, "every task and every expectation has ended", 0.1)
    delivered(d, receiver, seconds)
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
