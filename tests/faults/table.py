"""Rows of the table of faults: each a function that is given a Context and returns its figure, or
raises Failed. run.py prints them beside their limits."""
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import check as judge_module  # noqa: E402
import wallclock  # noqa: E402
from harness import PATIENCE, QUND_FAULT_BIN, Daemon, Failed, Receiver, check, spawn, until  # noqa: E402
from load import Chat, HttpLoad  # noqa: E402

ROWS = {}


class Skipped(Exception):
    """The machine does not allow it; the reason is printed."""


class Row:
    def __init__(self, name, what, limit, short, full, patient, func):
        self.name, self.what, self.limit, self.short, self.full, self.func = name, what, limit, short, full, func
        self.patient = patient


def row(name, what, limit, short=1, full=1, patient=False):
    """short, full: how many rounds it plays in either form. patient: it waits most of its time and
    measures nothing finer than seconds, so that some such may be played at once."""
    def put(func):
        ROWS[name] = Row(name, what, limit, short, full, patient, func)
        return func
    return put


class Context:
    """What a row works with: a folder of its own, its rounds, and dice that can be thrown again."""

    def __init__(self, folder, full, rounds, seed):
        self.folder, self.full, self.rounds = folder, full, rounds
        self.dice = random.Random(seed)
        self.made = 0

    def fault_program(self):
        if not pathlib.Path(QUND_FAULT_BIN).exists():
            raise Skipped(f"no program with fault points at {QUND_FAULT_BIN}; build it: scripts/build fault qund")
        return QUND_FAULT_BIN

    def place(self):
        self.made += 1
        folder = self.folder / str(self.made)
        folder.mkdir()
        return folder

    def daemon(self, folder=None, receiver=None, **kw):
        config = kw.pop("config", {})
        if receiver:
            config = dict(config, targets=receiver.target)
        return Daemon((folder or self.place()) / "d", config, **kw)


def preload(ctx):
    return wallclock.preload(ctx.folder)


def delivered(daemon, receiver, seconds=60):
    """Waits until every push has ended."""
    def ended():
        with daemon.client() as c:
            return all(not c.get(f"/api/v1/outbox?state={s}&limit=1").json()["items"]
                       for s in ("queued", "sending", "retry_at", "unknown", "quota_hit"))
    until(ended, seconds, f"all pushes have ended ({len(receiver.calls())} calls so far)", 0.1)


def verdict(daemon, chat, loads, receiver=None, pushes=True, seconds=60, stop=True):
    """Lets everything end, stops the daemon in order, and judges the store. Raises unless all is well."""
    daemon.drained(seconds)
    if receiver:
        delivered(daemon, receiver, seconds)
    if stop:
        code = daemon.stop()
        check(code == 0, "exit code of an orderly stop", code, daemon.log()[-1500:])
    acked = set().union(*(load.acked for load in loads))
    ids = {i: chat.event(i)["id"] for i in range(chat.n)}
    v = judge_module.judge(daemon.data / "qund.db", ids.values(), [ids[i] for i in acked],
                           receiver.calls() if receiver else None, pushes and receiver is not None)
    daemon.clean()
    if not v.ok:
        raise Failed(f"{v.sum()}: {v.details()}")
    return v


def brief(v):
    n = v.numbers
    return f"lost {len(v.lost)}, doubled {len(v.doubled)} of {n['acknowledged']:,} acknowledged"


__all__ = ["Chat", "Context", "Daemon", "Failed", "HttpLoad", "PATIENCE", "ROWS", "Receiver", "Skipped", "brief",
           "check", "delivered", "preload", "row", "spawn", "time", "until", "verdict"]
