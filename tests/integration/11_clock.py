"""Time that jumps: a virtual daemon over zones with gap and fold, 29 February and week 53; the wall clock by row I1."""
import datetime
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "faults"))

import rows_edge  # noqa: E402,F401
from harness import Cases, Daemon, equal, scratch  # noqa: E402
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
        d.drained()
        lines = [json.loads(line) for line in d.run("export", "messages", check_exit=0)[1].splitlines()]
        got = [datetime.datetime.fromisoformat(line["ts"].replace("Z", "+00:00")) for line in lines]
        equal(got, [datetime.datetime.fromisoformat(at.replace("Z", "+00:00")) for at in MOMENTS], "times")
        with d.client() as c:
            days = c.get("/api/v1/groups/1/metrics?by=day&zone=Europe/Berlin&from=2024-02-28T00:00:00Z&to=2024-11-01T00:00:00Z").json()
        equal(sum(day["messages"] for day in days["items"]), 6, "messages on days with gap, fold and 29 February")
        equal(d.stop(), 0, "exit code")
        d.clean()


case.done()
