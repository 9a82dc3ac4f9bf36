"""An event that nobody survives is buried at the third stop, seen, retried, dropped; others go on."""
import json
import os
import sys

from harness import Cases, Daemon, QUND_FAULT_BIN, check, equal, scratch, until

if not os.path.exists(QUND_FAULT_BIN):
    print("no program with fault points; build it: scripts/build fault qund")
    sys.exit(77)
case = Cases()


def event(name):
    return {"id": name, "group": "g", "sender": "u", "text": "第" + name}


with scratch() as folder, Daemon(folder / "d", binary=QUND_FAULT_BIN) as d:
    d.start(fault="poison:crash")

    def listed():
        return [json.loads(line) for line in d.run("dead", "list", "--json", check_exit=0)[1].splitlines()]

    def ids():
        return {json.loads(line)["id"] for line in d.run("export", "messages", check_exit=0)[1].splitlines()}

    @case("the third stop in a row buries it, and everything around it is stored")
    def _():
        token = d.token("ingest")
        with d.client("ingest") as api:
            equal(api.events([event("a"), event("poison-1"), event("b")]).status, 202, "status")
        for i in range(3):
            until(lambda: d.proc.poll() is not None, 10, f"stop {i + 1}")
            d.launch("poison:crash")
        d.wait_ready()
        check(token == d.token("ingest"), "the token still holds")
        with d.client("ingest") as api:
            equal(api.events([event("c")]).status, 202, "status")
        until(lambda: ids() == {"a", "b", "c"}, 10, "the others are stored")
        equal(len(listed()), 1, "dead letters")

    @case("it is shown with reason and body, on the command line and by the API")
    def _():
        number = listed()[0]["id"]
        _, out, _ = d.run("dead", "show", str(number), check_exit=0)
        check("three times" in out and "poison-1" in out, "dead show", out)
        with d.client() as c:
            shown = c.get(f"/api/v1/dead/{number}").json()
        equal(shown["event"]["id"], "poison-1", "the event")

    @case("a retry that kills again is buried again; one without the fault is applied, once")
    def _():
        d.stop()
        d.start()
        number = listed()[0]["id"]
        d.run("dead", "retry", str(number), check_exit=0)
        until(lambda: ids() == {"a", "b", "c", "poison-1"}, 10, "it is stored")
        equal(d.run("dead", "retry", str(number))[0], 1, "exit code of a second retry")
        equal(d.run("dead", "drop", "4711")[0], 1, "exit code for one that is not there")
        equal(listed(), [], "dead letters")

    @case("who dies while it commits blames nobody, however often")
    def _():
        d.stop()
        d.start(fault="claimed:crash")
        with d.client("ingest") as api:
            equal(api.events([event("d"), event("e")]).status, 202, "status")
        for i in range(6):
            until(lambda: d.proc.poll() is not None, 10, f"stop {i + 1}")
            d.launch("tx_open:crash" if i < 5 else None)
        d.wait_ready()
        until(lambda: ids() == {"a", "b", "c", "poison-1", "d", "e"}, 10, "they are stored")
        equal(listed(), [], "dead letters")

    equal(d.stop(), 0, "exit code")
    case.done(d)
