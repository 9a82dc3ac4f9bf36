"""A stop in order: what was begun is answered, what was answered is stored."""
# alone: it measures how long things take
import os
import pathlib
import signal
import socket
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


def request(d, n):
    body = f'{{"id":"late-{n}","group":"g","sender":"u","text":"早"}}'.encode()
    return (f"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {d.token('ingest')}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


@case("a request that lies in the socket when the stop comes is answered, on a kept connection and on a new one")
def _():
    with scratch() as folder, Daemon(folder / "d") as d:
        d.start()
        first = request(d, 0)
        kept = socket.create_connection(("127.0.0.1", d.port), timeout=10)
        kept.sendall(first)
        check(kept.recv(65536).startswith(b"HTTP/1.1 202"), "the first one is answered")
        os.kill(d.proc.pid, signal.SIGSTOP)
        kept.sendall(first.replace(b"late-0", b"late-1"))
        fresh = socket.create_connection(("127.0.0.1", d.port), timeout=10)
        fresh.sendall(first.replace(b"late-0", b"late-2"))
        d.proc.send_signal(signal.SIGTERM)
        os.kill(d.proc.pid, signal.SIGCONT)
        for c in (kept, fresh):
            check(c.recv(65536).startswith(b"HTTP/1.1 202"), "answered before it goes")
            c.close()
        equal(d.proc.wait(10), 0, "exit code")
        d.proc = None
        d.start()
        d.drained()
        equal(d.metric("qund_events_applied_total") or 0, 0, "nothing was left for the next run")
        equal(d.stop(), 0, "exit code of the next run")


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
