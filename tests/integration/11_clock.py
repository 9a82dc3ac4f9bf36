"""Time that jumps: a virtual daemon over zones with gap and fold, 29 February and week 53; the wall clock by row I1."""
# limit: 240 s
import datetime
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "faults"))

import rows_edge  # noqa: E402,F401
from harness import Cases, Daemon, Receiver, check, equal, scratch, until  # noqa: E402
from table import ROWS, Context  # noqa: E402

case = Cases()
MOMENTS = ("2024-02-29T23:59:59Z", "2024-03-01T00:00:00Z", "2024-03-31T00:59:59Z", "2024-03-31T01:00:00Z",
           "2024-10-27T00:30:00Z", "2024-10-27T01:30:00Z", "2024-12-31T23:59:59Z", "2025-01-01T00:00:00Z",
           "2026-12-31T12:00:00Z", "2027-01-03T23:59:59Z")


@case(f"{ROWS['I1'].what}: {ROWS['I1'].limit}")
def _():
    with scratch() as folder:
        print("      " + ROWS["I1"].func(Context(folder, False, 1, "I1")))


@case("under the virtual clock each moment is kept, counted in its hour, and days of a zone add up")
def _():
    with scratch() as folder, Daemon(folder / "d", {"store": {"retention": "3650d"}, "time": {"zone": "Europe/Berlin"}},
                                     args=["--virtual", "max"]) as d:
        d.start()
        with d.client("ingest") as api:
            for i, at in enumerate(MOMENTS):
                equal(api.events([{"id": f"t{i}", "ts": at, "group": "g", "sender": f"u{i}", "text": "你好"}]).status, 202, at)
        d.drained(150)
        lines = [json.loads(line) for line in d.run("export", "messages", check_exit=0)[1].splitlines()]
        got = [datetime.datetime.fromisoformat(line["ts"].replace("Z", "+00:00")) for line in lines]
        equal(got, [datetime.datetime.fromisoformat(at.replace("Z", "+00:00")) for at in MOMENTS], "times")
        with d.client() as c:
            days = c.get("/api/v1/groups/1/metrics?by=day&zone=Europe/Berlin&from=2024-02-28T00:00:00Z&to=2024-11-01T00:00:00Z").json()
        equal(sum(day["messages"] for day in days["items"]), 6, "messages on days with gap, fold and 29 February")
        equal(d.stop(), 0, "exit code")
        d.clean()


@case("with nothing to come virtual time jumps from rung to rung, and stands while a push is on its way")
def _():
    rules = {"rules": [{"id": "ask", "when": {"any": ["多少钱"]},
                        "then": [{"alert": {"to": "consultant", "level": "warn", "text": "{{message.text}}"}}]}]}
    with scratch() as folder, Receiver(folder, script="stall:2500,200") as receiver, \
            Daemon(folder / "d", {"targets": receiver.target}, rules, args=["--virtual", "max"]) as d:
        d.start()
        with d.client("ingest") as api:
            equal(api.events([{"id": "m", "ts": "2025-09-15T02:00:00Z", "group": "g", "sender": "u",
                               "text": "多少钱一平？"}]).status, 202, "status")
        came = time.monotonic()
        with d.client() as c:
            pushes = lambda: c.get("/api/v1/outbox").json()["items"]
            until(lambda: pushes() and pushes()[0]["state"] == "sending", 10, "the first push is on its way")
            until(lambda: time.monotonic() > came + 1.2, 5, "longer than the quiet that it takes to jump")
            now = d.status()["now"]
            check(pushes()[0]["state"] != "sending" or now == "2025-09-15T02:00:00.000Z", "time stands meanwhile", now)
            until(lambda: len(pushes()) == 4 and all(p["state"] == "accepted" for p in pushes()), 20, "three rungs")
            equal(sorted(p["created"][11:19] for p in pushes()), ["02:00:00", "02:10:30", "02:30:30", "03:00:30"],
                  "each rung at its time, lateness included")
        until(lambda: d.drained() is None, 5, "quiet")
        equal(d.status()["now"], "2025-09-15T03:00:30.000Z", "and then nothing waits: tidying up moves no clock")
        equal(d.stop(), 0, "exit code")
        d.clean()


case.done()
