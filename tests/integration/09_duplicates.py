"""The same events again, and in another order: the short form of rows D1, D2."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "faults"))

import rows_store  # noqa: E402,F401
from harness import Cases, scratch  # noqa: E402
from table import ROWS, Context  # noqa: E402

case = Cases()
for name in ("D1", "D2"):
    @case(f"{ROWS[name].what}: {ROWS[name].limit}")
    def _(name=name):
        with scratch() as folder:
            print("      " + ROWS[name].func(Context(folder, False, 1, name)))
case.done()
