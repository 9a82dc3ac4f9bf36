#!/usr/bin/env python3
"""The table of faults: what the daemon survives, each with its figure beside its limit.

    tests/faults/run.py [--short | --full] [--only ROW[,ROW…]] [--rounds N] [--seed N] [--tally FILE]

--short (default) plays few rounds and takes some minutes; --full plays them all. The programs are
QUND (build/ci/bin/qund) and, for the rows that stop it at a named point, QUND_FAULT_BIN
(build/fault/bin/qund). What a row was about stands in docs/faults.md. A seed repeats the same dice.
"""
import argparse
import os
import pathlib
import shutil
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "support"))

from harness import FOUND, PATIENCE, Failed  # noqa: E402
from patience import remark, ticks  # noqa: E402
from table import ROWS, Context, Skipped  # noqa: E402
import rows_edge  # noqa: E402,F401  the rows register themselves
import rows_kill  # noqa: E402,F401
import rows_out  # noqa: E402,F401
import rows_queue  # noqa: E402,F401
import rows_sop  # noqa: E402,F401
import rows_store  # noqa: E402,F401


TOGETHER = 3  # patient rows


def sound(log):
    """No sanitizer found anything in what was stopped by force; those stopped in order say it by their code."""
    text = log.read_text(encoding="utf-8", errors="replace")
    found = FOUND.search(text)
    if found:
        raise Failed(f"sanitizer report in {log}:\n{text[found.start():][:3000]}")


def play(r, args, base):
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{r.name}-".replace(" ", "-"), dir=base))
    rounds = args.rounds or (r.full if args.full else r.short)
    ctx = Context(folder, args.full, rounds, f"{args.seed}/{r.name}")
    start = time.monotonic()
    PATIENCE.anew()
    try:
        word, figure = "ok", r.func(ctx)
        for log in folder.rglob("daemon.log"):
            sound(log)
    except Skipped as e:
        word, figure = "skip", str(e)
    except Exception as e:  # the next row is played all the same
        word, figure = "FAIL", str(e)
        if not isinstance(e, Failed):
            figure += "\n" + traceback.format_exc()
    if word == "FAIL":
        figure += f"\n(folder: {folder})"
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return word, figure, time.monotonic() - start


def table(done):
    print("\n%-6s %-52s %-58s %-44s %s" % ("row", "fault", "figure", "limit", ""))
    for r, word, figure, seconds in done:
        print("%-6s %-52s %-58s %-44s %s" % (r.name, r.what, figure.splitlines()[0] if figure else "", r.limit, word))
    print()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--short", action="store_true", help="few rounds (the default)")
    ap.add_argument("--full", action="store_true", help="all rounds")
    ap.add_argument("--only", help="these rows alone, separated by commas")
    ap.add_argument("--rounds", type=int, help="so many instead")
    ap.add_argument("--seed", default=str(time.time_ns()), help="of the dice; printed")
    ap.add_argument("--list", action="store_true")
    ap.add_argument("--tally", help="append `passed failed` to this file")
    args = ap.parse_args()
    began = ticks()
    names = args.only.split(",") if args.only else list(ROWS)
    unknown = [n for n in names if n not in ROWS]
    if unknown:
        ap.error(f"no row {', '.join(unknown)}; there are {', '.join(ROWS)}")
    if args.list:
        print("\n".join(f"{r.name:6} {r.what}" for r in ROWS.values()))
        return 0
    os.environ.setdefault("QUND_RULES_CACHE",
                          str(pathlib.Path(__file__).resolve().parents[2] / "build/rules.cache"))
    base = tempfile.mkdtemp(prefix="qund-faults-", dir=os.environ.get("QUND_TMP"))
    print(f"seed {args.seed}", flush=True)

    def told(r):
        word, figure, seconds = play(r, args, base)
        print(f"{word:5} {r.name:5} {seconds:6.1f} s  {figure}", flush=True)
        return r, word, figure, seconds

    rows = [ROWS[n] for n in names]
    with ThreadPoolExecutor(TOGETHER) as pool:
        done = list(pool.map(told, (r for r in rows if r.patient)))
    done += [told(r) for r in rows if not r.patient]
    done.sort(key=lambda d: d[0].name)
    table(done)
    if remark(began):
        print(remark(began))
    failed = sum(word == "FAIL" for _, word, _, _ in done)
    passed = sum(word == "ok" for _, word, _, _ in done)
    if not failed:
        shutil.rmtree(base, ignore_errors=True)
    if args.tally:
        with open(args.tally, "a", encoding="utf-8") as f:
            f.write(f"{passed} {failed}\n")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
