"""Open files: the soft limit is raised to what the configuration needs, and no further than the hard one; too low
a limit costs connections, never the store or Redis, and is said."""
# limit: 90 s
import contextlib
import os
import socket

from harness import QUND, Cases, Daemon, check, equal, scratch, until

case = Cases()


def under(folder, soft, hard):
    """The program as a shell with these limits starts it."""
    path = folder / "qund-limited"
    path.write_text(f'#!/bin/sh\nulimit -Sn {soft} && ulimit -Hn {hard} && exec "{os.path.abspath(QUND)}" "$@"\n')
    path.chmod(0o755)
    return path


@case("a low soft limit is raised to what http.max_connections needs")
def _():
    with scratch() as folder, Daemon(folder / "d", {"http": {"max_connections": 1500}},
                                     binary=under(folder, 256, 4096)) as d:
        d.start()
        status = d.status()["descriptors"]
        check(1500 < status["limit"] == status["wanted"] < 2000, "raised, and no further", status)
        equal(status["connections_max"], 1500, "connections")
        until(lambda: d.metric("qund_descriptors_max") == status["limit"], 5, "the metric says so")
        check(10 < d.metric("qund_descriptors_open") < 192, "idle, it needs fewer than are kept for it",
              d.metric("qund_descriptors_open"))
        check('"degraded":[]' in d.degraded()[1], "nothing is degraded", d.degraded())


@case("a low hard limit takes connections away, is said, and events still go their way")
def _():
    with scratch() as folder, Daemon(folder / "d", {"http": {"max_connections": 1500}},
                                     binary=under(folder, 256, 256)) as d, contextlib.ExitStack() as held:
        d.start()
        d.token("ingest")
        check("event=qund.few_descriptors" in d.log() and "LimitNOFILE" in d.log(), "the log says it", d.log())
        check("only 256 open files are allowed" in d.degraded()[1], "/readyz says it", d.degraded())
        code, out, _ = d.run("doctor")
        check(code == 1 and "open files" in out and "BAD" in out, "doctor says it", out)
        most = d.status()["descriptors"]["connections_max"]
        with d.client("ingest") as c:
            equal(c.get("/readyz").status, 200, "a connection that is there before them")
            for _ in range(300):
                held.enter_context(socket.create_connection(("127.0.0.1", d.port), 5))
            until(lambda: d.descriptors() >= most, 10, "connections fill their part")
            check(d.descriptors() < 256, "and leave the rest", d.descriptors(), most)
            for i in range(20):
                equal(c.events([{"id": f"e{i}", "group": "g", "sender": "u", "text": "多少钱"}]).status, 202, "taken")
            until(lambda: d.applied() > (0, 0), 10, "applied")
            held.close()
            d.drained()
        equal(d.stop(), 0, "an orderly stop")


case.done()
