#!/usr/bin/env python3
"""Runs the integration tests: files NN_name.py beside this one, each a process of its own.

    tests/integration/run.py [--bin build/ci/bin] [--only NAME] [--full] [--list] [--dir FOLDER] [--jobs N]

A test finds in its environment
    QUND          the program under test
    QUND_TMP      a fresh folder, also its current one; removed afterwards, kept when it failed
    QUND_SOURCE   the checkout
    QUND_ROUNDS   how many rounds a fault test plays (3; with --full 100)
    QUND_FAULT_BIN  the program with fault points, when it was built (build/fault/bin/qund)
    QUND_PATIENCE how many times longer everything may take (--patience); QUND_TICKS: what the host had
                  taken from the processors when the tests began (support/patience.py)
    PYTHONPATH    tests/support
and passes when it exits 0 within its limit (120 s, or `# limit: N s` in its first lines; with --full
`# limit-full: N s`) and leaves no process behind. Exit 77 skips it, with the last line as reason. A
last line `N passed, N failed` counts as so many cases, anything else as one. Of the files that passed,
the cases which the documentation names must have come through over a socket (support/promises.py). Most of their time is
waiting: --jobs runs so many at once; those that say `# alone` in their first lines come after them.
"""
import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
sys.path.insert(0, str(TOP / "tests/support"))

import promises  # noqa: E402
from patience import Patience, remark, ticks  # noqa: E402

TAIL = 40
PRINT = threading.Lock()


def limit_of(path, full):
    head = path.read_text(encoding="utf-8")[:2000]
    for key in (["limit-full"] if full else []) + ["limit"]:
        m = re.search(rf"^# {key}: (\d+) ?s", head, re.M)
        if m:
            return int(m.group(1))
    return 1200 if full else 120


def alone(path):
    return "\n# alone" in path.read_text(encoding="utf-8")[:2000]


def of_session(sid):
    """Processes of that session that are not zombies: (pid, command)."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text()
            name, rest = stat[stat.index("(") + 1:stat.rindex(")")], stat[stat.rindex(")") + 2:].split()
        except (OSError, ValueError):
            continue
        if int(rest[3]) == sid and rest[0] not in "ZX":
            found.append((int(entry.name), name))
    return found


def clear_session(sid):
    left = of_session(sid)
    for pid, _ in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return left


def judge(proc, timed_out, left, said, limit):
    """(word, reason, passed, failed)"""
    lines = [s for s in said.splitlines() if s.strip()]
    last = lines[-1] if lines else ""
    counts = re.fullmatch(r"(\d+) passed, (\d+) failed", last.strip())
    passed, failed = (int(counts.group(1)), int(counts.group(2))) if counts else (0, 0)
    if timed_out:
        return "FAIL", f"not done after {limit:.0f} s", passed, failed + 1
    if proc.returncode == 77:
        return "skip", last, 0, 0
    if proc.returncode != 0:
        why = f"signal {-proc.returncode}" if proc.returncode < 0 else f"exit {proc.returncode}"
        return "FAIL", why, passed, max(failed, 1)
    if left:
        return "FAIL", "left running: " + ", ".join(f"{n} ({p})" for p, n in left), passed, failed + 1
    if failed:
        return "FAIL", "counted failures", passed, failed
    return "ok", "", passed or 1, 0


def ended(proc, waiting):
    while waiting():
        try:
            proc.wait(1)
            return True
        except subprocess.TimeoutExpired:
            pass
    return False


def run_one(path, args, env):
    seconds, patience = limit_of(path, args.full), Patience(args.patience, ticks(), args.began)
    folder = tempfile.mkdtemp(prefix=f"qund-{path.stem[:20]}-")
    said = pathlib.Path(folder + ".out")
    start = time.monotonic()
    with said.open("wb") as out:
        proc = subprocess.Popen([sys.executable, str(path)], cwd=folder, env=dict(env, QUND_TMP=folder),
                                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                start_new_session=True)
        try:
            timed_out = not ended(proc, lambda: time.monotonic() - start < seconds * patience)
        except KeyboardInterrupt:
            clear_session(proc.pid)
            raise
        left = clear_session(proc.pid)
        proc.wait()
    text = said.read_text(encoding="utf-8", errors="replace")
    word, reason, passed, failed = judge(proc, timed_out, left, text, seconds * patience)
    lines = [f"{word:5} {path.stem:32} {time.monotonic() - start:7.1f} s  {reason}"]
    if word == "FAIL":
        lines += ["    | " + line for line in text.splitlines()[-TAIL:]]
        lines.append(f"    folder and whole output: {folder} {said}")
    else:   # FIGURE: what a row of the table of faults is judged by
        lines += ["      " + line[7:] for line in text.splitlines() if line.startswith("FIGURE ")]
        shutil.rmtree(folder, ignore_errors=True)
        said.unlink()
    with PRINT:
        print("\n".join(lines), flush=True)
    return passed, failed, {path.stem: text} if word == "ok" else {}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--bin", default=str(TOP / "build/ci/bin"))
    ap.add_argument("--only")
    ap.add_argument("--full", action="store_true")
    ap.add_argument("--patience", type=float, default=1)
    ap.add_argument("--jobs", type=int, default=1)
    ap.add_argument("--list", action="store_true")
    ap.add_argument("--dir", type=pathlib.Path, default=HERE, help="where the tests lie")
    ap.add_argument("--tally", help="append `passed failed` to this file instead of a closing line")
    args = ap.parse_args()
    args.began = ticks()
    tests = sorted(p for p in args.dir.glob("[0-9][0-9]_*.py") if not args.only or args.only in p.stem)
    if args.list:
        print("\n".join(p.stem for p in tests))
        return 0
    qund = pathlib.Path(args.bin).resolve() / "qund"
    if tests and not qund.exists():
        sys.exit(f"run.py: no program at {qund}; build it first (scripts/build ci)")
    # Compiling the shipped rules takes seconds; all daemons of all tests share the compiled form.
    env = dict(os.environ, QUND_RULES_CACHE=str(TOP / "build/rules.cache"), QUND=str(qund), QUND_SOURCE=str(TOP), QUND_ROUNDS="100" if args.full else "3",
               QUND_FAULT_BIN=str(TOP / "build/fault/bin/qund"), QUND_PATIENCE=f"{args.patience:g}",
               QUND_TICKS="{}:{}".format(*args.began),
               PYTHONPATH=str(TOP / "tests/support"), PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1",
               PYTHONIOENCODING="utf-8")
    for name in ("QUND_DATA", "QUND_CONFIG"):
        env.pop(name, None)
    last = [p for p in tests if args.jobs > 1 and alone(p)]
    with ThreadPoolExecutor(args.jobs) as pool:
        counts = list(pool.map(lambda p: run_one(p, args, env), [p for p in tests if p not in last]))
    counts += [run_one(p, args, env) for p in last]
    passed, failed = sum(p for p, _, _ in counts), sum(f for _, f, _ in counts)
    broken = promises.unproved({k: v for *_, said in counts for k, v in said.items()}) if args.dir == HERE else []
    if broken:
        print("\n".join(["promises of the documentation that were not kept:"] + ["  " + line for line in broken]))
        failed += len(broken)
    if remark(args.began):
        print(remark(args.began))
    if args.tally:
        with open(args.tally, "a", encoding="utf-8") as f:
            f.write(f"{passed} {failed}\n")
    else:
        print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
