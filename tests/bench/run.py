#!/usr/bin/env python3
"""Runs the benches and prints one table.

A bench is a program build/bench/…/bench_* or a script tests/bench/bench_*.py. It may say anything;
the table is made of its lines

    ROW id | what | figure | limit | ok

(`ok` is `yes`, `no`, or empty when nothing is promised). A bench without such lines is shown as it
speaks. Scripts find QUND (the program), QUND_BENCH (the folder of the programs), QUND_SOURCE and
QUND_QUICK (1: short rounds) in their environment. Exit 1 when a row says no or a bench fails.
"""
import argparse
import os
import pathlib
import platform
import subprocess
import sys
import time
import unicodedata

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = TOP / "build/bench"
LIMIT_S = 3600


def parts(only):
    programs = [p for p in sorted(BUILD.rglob("bench_*")) if p.is_file() and os.access(p, os.X_OK)
                and not p.suffix and "CMakeFiles" not in p.parts]
    scripts = sorted((TOP / "tests/bench").glob("bench_*.py"))
    return [p for p in programs + scripts if not only or only in p.stem]


def run(path, env):
    command = [sys.executable, str(path)] if path.suffix == ".py" else [str(path)]
    log = BUILD / f"{path.stem}.log"
    start = time.monotonic()
    with log.open("wb") as out:
        try:
            code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                  env=env, timeout=LIMIT_S, cwd=TOP, check=False).returncode
        except subprocess.TimeoutExpired:
            code = f"not done after {LIMIT_S} s"
    text = log.read_text(encoding="utf-8", errors="replace")
    rows = [[c.strip() for c in line[4:].split("|")] for line in text.splitlines() if line.startswith("ROW ")]
    print(f"{path.stem}: {time.monotonic() - start:.0f} s, whole output in {log.relative_to(TOP)}", flush=True)
    if not rows or code:
        print("".join(f"    {line}\n" for line in text.splitlines()), end="")
    return rows, code


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def table(rows):
    head = ["row", "what", "figure", "limit", "ok"]
    rows = [r + [""] * (len(head) - len(r)) for r in rows]
    wide = [max(width(r[i]) for r in [head, *rows]) for i in range(len(head))]
    for r in [head, ["-" * w for w in wide], *rows]:
        print("  ".join(c + " " * (w - width(c)) for c, w in zip(r, wide)).rstrip())


def machine():
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} x {cpu}, Linux {platform.release()}, load {os.getloadavg()[0]:.1f}"


def main():
    ap = argparse.ArgumentParser(prog="scripts/bench", description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("name", nargs="?", help="the same as --only")
    ap.add_argument("--only", help="parts whose name holds this")
    ap.add_argument("--quick", action="store_true", help="short rounds: a look, not a judgement")
    ap.add_argument("--list", action="store_true")
    args = ap.parse_args()
    todo = parts(args.only or args.name)
    if args.list:
        print("\n".join(p.stem for p in todo))
        return 0
    env = dict(os.environ, QUND=str(BUILD / "bin/qund"), QUND_BENCH=str(BUILD / "tests/bench"),
               QUND_SOURCE=str(TOP), QUND_QUICK="1" if args.quick else "",
               PYTHONPATH=str(TOP / "tests/support"), PYTHONDONTWRITEBYTECODE="1")
    print(machine())
    rows, bad = [], []
    for path in todo:
        more, code = run(path, env)
        rows += more
        if code:
            bad.append(f"{path.stem}: {code if isinstance(code, str) else f'exit {code}'}")
    if rows:
        print()
        table(sorted(rows, key=lambda r: [int(w) if w.isdigit() else 0 for w in r[0].split(".")]))
    missed = [r[0] for r in rows if len(r) > 4 and r[4] == "no"]
    for line in bad:
        print(f"FAIL  {line}")
    print(f"{sum(len(r) > 4 and r[4] == 'yes' for r in rows)} limits kept, {len(missed)} missed"
          + (f" ({', '.join(missed)})" if missed else ""))
    return 1 if bad or missed or not todo else 0


if __name__ == "__main__":
    sys.exit(main())
