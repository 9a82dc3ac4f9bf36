"""Odd HTTP, broken frames and bombs against the real daemon: the short form of rows F3, F4, G1, G2, G4."""
# alone: it measures how long things take
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "faults"))

import rows_edge  # noqa: E402,F401
from harness import Cases, scratch  # noqa: E402
from table import ROWS, Context  # noqa: E402

case = Cases()
for name in ("F3", "F4", "G1", "G2", "G4"):
    @case(f"{ROWS[name].what}: {ROWS[name].limit}")
    def _(name=name):
        with scratch() as folder:
            print("      " + ROWS[name].func(Context(folder, False, 3, name)))
case.done()
