"""The wall clock of a daemon under test, in the hand of the test.

tests/faults/preload.c stands between the program and its libc and adds what a file says, so that a day passes, or is
taken back, while the daemon runs. Only the daemon's clock moves: Redis', the receiver's and ours stay.

    clock = Clock(folder)
    daemon.start(**clock.env)
    clock.forward(3600)
    with clock.running(daemon, 120):    # two minutes a second, while the daemon lives
        …
"""
import contextlib
import os
import pathlib
import struct
import subprocess
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
TICK_S = 0.02


def preload(folder):
    """The environment for the shim that slows fsync and moves the clock; it is built once a folder."""
    out = pathlib.Path(folder) / "preload.so"
    if not out.exists():
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", out, HERE.parent / "faults/preload.c", "-ldl"], check=True)
    # AddressSanitizer wants to come first in the list; the shim needs nothing of it.
    asan = os.environ.get("ASAN_OPTIONS", "")
    return {"LD_PRELOAD": str(out), "ASAN_OPTIONS": f"{asan}:verify_asan_link_order=0".lstrip(":")}


class Clock:
    def __init__(self, folder, program="qund"):
        self.file, self.offset, self.lock = pathlib.Path(folder) / "clock", 0.0, threading.Lock()
        self.file.write_bytes(struct.pack("=q", 0))
        self.env = {**preload(folder), "QUND_CLOCK_PROGRAM": program, "QUND_CLOCK_FILE": str(self.file)}

    def set(self, offset_s):
        """So far ahead of the system's clock."""
        with self.lock:
            self.offset = offset_s
            with self.file.open("r+b") as f:    # in place: the daemon has it mapped
                f.write(struct.pack("=q", int(offset_s * 1e9)))

    def forward(self, seconds):
        self.set(self.offset + seconds)

    def now(self):
        """Seconds since 1970, as the daemon reads them."""
        return time.time() + self.offset

    def at(self, zone_hours, hour, minute=0):
        """Moves on to the next time that a clock in that zone shows so."""
        day, now = 86400, self.now() + zone_hours * 3600
        wait = hour * 3600 + minute * 60 - now % day
        self.forward(wait if wait > 0 else wait + day)

    @contextlib.contextmanager
    def running(self, daemon, rate):
        """Runs `rate` times as fast until the end of the block; it stands while the daemon is dead, so that no time
        passes in which nobody listens."""
        over = threading.Event()

        def run():
            last = time.monotonic()
            while not over.wait(TICK_S):
                now = time.monotonic()
                if daemon.proc.poll() is None:
                    self.forward((now - last) * (rate - 1))
                last = now
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            over.set()
            thread.join()
