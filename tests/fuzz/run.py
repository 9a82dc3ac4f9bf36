#!/usr/bin/env python3
"""Runs the libFuzzer targets of build/fuzz for a while each and prints one table."""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = TOP / "build/fuzz"
PRINT = threading.Lock()


def targets(only):
    """The programs, by name; fuzz_*.c without one is an error of the build and shown as such."""
    built = {p.name for p in BUILD.rglob("fuzz_*") if p.is_file() and os.access(p, os.X_OK)}
    written = {p.stem for p in (TOP / "tests/fuzz").glob("fuzz_*.c")}
    return sorted(n for n in built | written if not only or only in n)


def find(name):
    return next((p for p in BUILD.rglob(name) if p.is_file() and os.access(p, os.X_OK)), None)


def run(name, seconds):
    """(executions, inputs kept, edges, findings)"""
    program = find(name)
    if not program:
        return 0, 0, 0, ["not built"]
    grown = BUILD / "corpus" / name
    found = BUILD / "findings"
    seeds = TOP / "tests/fuzz/corpus" / name
    for folder in (grown, found):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(found.glob(f"{name}-*"))
    command = [str(program), f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=3072",
               "-print_final_stats=1", f"-artifact_prefix={found}/{name}-", str(grown)]
    log = BUILD / "findings" / f"{name}.log"
    with log.open("wb") as out:
        code = subprocess.run(command + ([str(seeds)] if seeds.is_dir() else []), stdout=out, stderr=out,
                              stdin=subprocess.DEVNULL, check=False).returncode
    text = log.read_text(encoding="utf-8", errors="replace")
    done = re.search(r"number_of_executed_units: (\d+)", text)
    edges = re.findall(r" cov: (\d+)", text)
    findings = [p.name for p in sorted(set(found.glob(f"{name}-*")) - before)]
    if code and not findings:
        findings = [f"exit {code}, see {log.relative_to(TOP)}"]
    return (int(done.group(1)) if done else 0, sum(1 for _ in grown.iterdir()),
            int(edges[-1]) if edges else 0, findings)


def main():
    ap = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    ap.add_argument("--seconds", type=int, default=120, help="each target (default 120)")
    ap.add_argument("--only", help="targets whose name holds this")
    ap.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="targets at a time")
    args = ap.parse_args()
    waiting = targets(args.only)
    if not waiting:
        sys.exit(f"scripts/fuzz: no target's name holds '{args.only}'")
    minutes = -(-len(waiting) // args.jobs) * args.seconds / 60
    print(f"{len(waiting)} targets, {args.seconds} s each, {args.jobs} at a time: about {minutes:.0f} min")
    print(f"{'target':24} {'executions':>12} {'a second':>10} {'edges':>7} {'corpus':>7}  findings")
    total = {"runs": 0, "bad": 0}

    def work():
        while True:
            with PRINT:
                if not waiting:
                    return
                name = waiting.pop(0)
            start = time.monotonic()
            runs, kept, edges, findings = run(name, args.seconds)
            rate = runs / max(time.monotonic() - start, 0.001)
            with PRINT:
                total["runs"] += runs
                total["bad"] += len(findings)
                print(f"{name:24} {runs:12,} {rate:10,.0f} {edges:7,} {kept:7,}  {', '.join(findings) or '0'}",
                      flush=True)

    workers = [threading.Thread(target=work) for _ in range(max(1, args.jobs))]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    print(f"{total['runs']:,} executions, {total['bad']} findings")
    return 1 if total["bad"] else 0


if __name__ == "__main__":
    sys.exit(main())
