"""How long things may take on the machine as it is just now.

Every limit of a test is multiplied by PATIENCE: by what --patience says (sanitizers), and by what the
host takes from this machine's processors. What it takes comes in lumps, which the slowest of many
answers meets with certainty, so the part that is left counts twice: a virtual machine that gets half
of its time is given four times the limit. One that is left alone, or merely busy, is given none.
"""
import os

MOST = 20   # beyond that a limit is none


def ticks():
    """(what this machine computed, what it wanted to compute and could not), summed over its processors."""
    with open("/proc/stat", encoding="ascii") as f:
        user, nice, system, _idle, _wait, irq, soft, steal = map(int, f.readline().split()[1:9])
    return user + nice + system + irq + soft, steal


def share(since):
    """The part of the wanted time that the host took since then, 0 to 1."""
    ran, stolen = (now - then for now, then in zip(ticks(), since))
    return min(stolen / (ran + stolen), 0.99) if ran + stolen > 50 else 0.0


class Patience:
    """A factor that is read when it is used: 5 * PATIENCE seconds."""

    def __init__(self, times, *since):
        self.times, self.since = times, since

    def __rmul__(self, n):
        return n * self.times * min(MOST, max((1 - share(s)) ** -2 for s in self.since))

    __mul__ = __rmul__

    def anew(self):
        """What follows is also measured by itself."""
        self.since = (self.since[0], ticks())


def told():
    """For a test: by the environment, since the run of tests began and since this program did."""
    since = [ticks()]
    if "QUND_TICKS" in os.environ:
        since.append(tuple(map(int, os.environ["QUND_TICKS"].split(":"))))
    return Patience(float(os.environ.get("QUND_PATIENCE", "1")), *since)


def remark(since):
    """A line for the end of a run when the host took a noticeable part, else nothing."""
    part = share(since)
    return f"the host took {100 * part:.0f} % of the processors meanwhile; limits were stretched (tests/support/patience.py)" if part > 0.1 else ""
