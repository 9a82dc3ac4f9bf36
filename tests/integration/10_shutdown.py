"""A stop in order: what was begun is answered, what was answered is stored."""
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "faults"))

import rows_kill  # noqa: E402,F401
from harness import Cases, Daemon, check, equal, scratch, until  # noqa: E402
from load import LiveFeeds, processes_of  # noqa: E402
from table import ROWS, Context  # noqa: E402

case = Cases()


@case(f"{ROWS['A4'].what}: {ROWS['A4'].limit}")
def _():
    with scratch() as folder:
        print("      " + ROWS["A4"].func(Context(folder, False, 3, "A4")))


@case("SIGINT stops it as well, live feeds are said goodbye, Redis goes with it, the socket file too")
def _():
    with scratch() as folder, Daemon(folder / "d") as d:
        d.start()
        feeds = LiveFeeds(d, 5).start()
        redis = [pid for pid, name in processes_of(d.proc.pid).items() if "redis" in name]
        check(redis, "it has a Redis")
        equal(d.stop(how=signal.SIGINT), 0, "exit code")
        until(lambda: feeds.open == 0, 5, "the feeds are closed")
        feeds.stop()
        check(not pathlib.Path(f"/proc/{redis[0]}").exists(), "Redis has ended")
        d.start()
        equal(d.stop(), 0, "exit code of the next run")
        d.clean()


case.done()
